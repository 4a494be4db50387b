//! What the numbers in `parts` images mean: the names of parts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::annotate::Subject;
use crate::scene::{Output, Shape};

/// The ways in which the parts of an object group's instances are numbered: each the names from number 1 on.
pub(crate) type Numberings = BTreeMap<String, BTreeSet<Arc<[String]>>>;

/// Numberings in a file.
pub(crate) mod in_file {
    use super::{Arc, BTreeMap, BTreeSet, Deserialize, Deserializer, Numberings, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(numberings: &Numberings, serializer: S) -> Result<S::Ok, S::Error> {
        let plain = |set: &BTreeSet<Arc<[String]>>| set.iter().map(|names| names.to_vec()).collect();
        let plain: BTreeMap<&String, Vec<Vec<String>>> = numberings.iter().map(|(k, set)| (k, plain(set))).collect();
        plain.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Numberings, D::Error> {
        let plain = BTreeMap::<String, Vec<Vec<String>>>::deserialize(deserializer)?;
        Ok(plain.into_iter().map(|(k, list)| (k, list.into_iter().map(Arc::from).collect())).collect())
    }
}

/// So many numberings of one object are listed: a group of choices may have more of them than a file should hold.
const MOST_LISTED: usize = 100;

/// What an annotation says of the parts of its instance.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PartsOf<'a> {
    /// Those of a file, which `dataset.json` lists: its path.
    Asset(&'a str),
    /// Their names.
    Parts(&'a [String]),
}

/// The same for each labelled instance of a scene, by id, where parts are asked for. What is one part has no names.
pub(crate) fn of(subject: &Subject) -> BTreeMap<u32, PartsOf<'_>> {
    let scene = &subject.scene;
    if !scene.labels.wants(Output::Parts) {
        return BTreeMap::new();
    }
    let labelled = scene.instances.iter().zip(&subject.solids).filter(|(instance, _)| instance.id > 0);
    let found = labelled.filter_map(|(instance, solid)| match &instance.shape {
        Shape::Made(_) if solid.parts.len() > 1 => Some((instance.id, PartsOf::Parts(&solid.parts))),
        shape => Some((instance.id, PartsOf::Asset(shape.file()?))),
    });
    found.collect()
}

/// How the parts of a scene's things are numbered that are from no file.
pub(crate) fn numberings(subject: &Subject) -> Numberings {
    let mut numberings = Numberings::new();
    if subject.scene.labels.wants(Output::Parts) {
        for (instance, solid) in subject.scene.instances.iter().zip(&subject.solids) {
            if instance.id > 0 && matches!(instance.shape, Shape::Made(_)) && solid.parts.len() > 1 {
                numberings.entry(instance.object.clone()).or_default().insert(solid.parts.clone());
            }
        }
    }
    numberings
}

/// Adds those of a further scene.
pub(crate) fn join(all: &mut Numberings, more: Numberings) {
    for (object, more) in more {
        let known = all.entry(object).or_default();
        for names in more {
            if known.len() < MOST_LISTED || known.contains(&names) {
                known.insert(names);
            }
        }
    }
}
