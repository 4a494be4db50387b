//! The panoptic segments against the annotations they are made of. (The image itself is looked at with the other images.)

use std::collections::BTreeMap;

use super::findings::Findings;
use super::things::{Extent, Things};
use crate::annotate::Labels;
use crate::scene::{Output, Scene};

/// What a segment should be.
struct Expected {
    category: u32,
    seen: Extent,
    iscrowd: bool,
}

/// The segment that each annotated instance is part of, by instance id: of its category of stuff the lowest annotated id, else its
/// own.
fn members(scene: &Scene, labels: &Labels) -> BTreeMap<u32, u32> {
    let stuff = |id: u32| scene.categories.iter().any(|category| category.id == id && category.stuff);
    let mut lowest: BTreeMap<u32, u32> = BTreeMap::new();
    for annotation in &labels.annotations {
        let first = lowest.entry(annotation.category_id).or_insert(annotation.instance_id);
        *first = annotation.instance_id.min(*first);
    }
    lowest.retain(|&category, _| stuff(category));
    let segment = |category: u32, id: u32| lowest.get(&category).copied().unwrap_or(id);
    labels.annotations.iter().map(|a| (a.instance_id, segment(a.category_id, a.instance_id))).collect()
}

/// The value that the panoptic image should have where each surface is seen, nothing (0) included.
pub(super) fn expected_values(scene: &Scene, labels: &Labels, things: &Things<'_>) -> Vec<u32> {
    let members = members(scene, labels);
    let of = |owner: &Option<usize>| {
        let id = owner.map_or(0, |position| things.all[position].instance.id);
        members.get(&id).copied().unwrap_or(0)
    };
    std::iter::once(0).chain(things.owners.iter().map(of)).collect()
}

/// Checks the list of segments.
pub(super) fn check(scene: &Scene, labels: &Labels, things: &Things<'_>, found: &mut Findings) {
    if labels.panoptic.is_some() != scene.labels.wants(Output::Panoptic) {
        let what = "there are panoptic labels that are not asked for, or those that are asked for are missing";
        found.other(what, "image", String::new);
    }
    let Some(panoptic) = &labels.panoptic else { return };
    let members = members(scene, labels);
    let mut expected: BTreeMap<u32, Expected> = BTreeMap::new();
    for annotation in &labels.annotations {
        let (Some(&segment), Some(thing)) =
            (members.get(&annotation.instance_id), things.with_id(annotation.instance_id))
        else {
            continue;
        };
        let category = thing.instance.category.unwrap_or(0);
        let whole = expected.entry(segment).or_insert(Expected { category, seen: Extent::default(), iscrowd: true });
        whole.seen.merge(&thing.seen);
        // A crowd is one of which every part is marked.
        whole.iscrowd &= annotation.marked.is_some();
    }
    let ids: Vec<u32> = panoptic.segments.iter().map(|segment| segment.id).collect();
    if !ids.iter().eq(expected.keys()) {
        found.other(
            "the panoptic segments are not those of the annotations, in the order of their ids",
            "list",
            || format!("{ids:?} instead of {:?}", expected.keys().collect::<Vec<_>>()),
        );
    }
    for segment in &panoptic.segments {
        if segment.id >= 1 << 24 {
            found.other("the id of a panoptic segment does not fit into its image", "segment", || {
                segment.id.to_string()
            });
        }
        let Some(should) = expected.get(&segment.id) else { continue };
        let right = segment.category_id == should.category
            && segment.area == should.seen.count
            && segment.bbox == should.seen.bbox()
            && segment.iscrowd == should.iscrowd;
        if !right {
            found.other("a panoptic segment is not what is seen of it", "segment", || {
                format!(
                    "{segment:?} instead of category {}, area {}, box {:?}, iscrowd {}",
                    should.category,
                    should.seen.count,
                    should.seen.bbox(),
                    should.iscrowd
                )
            });
        }
    }
}
