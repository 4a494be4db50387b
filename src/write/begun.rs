//! What a folder was begun with, and whether a run that wants to go on there makes the same dataset.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::write::error::WriteError;
use crate::write::files::{DiskError, create_folder, write_whole};
use crate::write::journal;
use crate::write::manifest::{DatasetInfo, WriteOptions};

/// In the folder of journals. RON, so that every number comes back to the bit.
const NAME: &str = "begun.ron";
/// A recipe of the largest size, some times over.
const LONGEST: u64 = 256 << 20;

/// Everything that decides a dataset's bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Begun {
    /// Of this program.
    version: String,
    pub(crate) info: DatasetInfo,
    pub(crate) options: WriteOptions,
}

impl Begun {
    pub(crate) fn new(info: &DatasetInfo, options: WriteOptions) -> Self {
        // Whether an older dataset may go is not of the dataset.
        let options = WriteOptions { overwrite: false, ..options };
        Self { version: env!("CARGO_PKG_VERSION").to_owned(), info: info.clone(), options }
    }

    /// What the folder was begun with; `None` where nothing says so.
    pub(crate) fn read(root: &Path) -> Result<Option<Self>, WriteError> {
        let path = root.join(journal::FOLDER).join(NAME);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(DiskError::because("read", &path)(error).into()),
        };
        let mut text = String::new();
        file.take(LONGEST).read_to_string(&mut text).map_err(DiskError::because("read", &path))?;
        ron::from_str(&text).map(Some).map_err(|error| WriteError::Spoilt { path, reason: error.to_string() })
    }

    pub(crate) fn write(&self, root: &Path) -> Result<(), WriteError> {
        let folder = root.join(journal::FOLDER);
        create_folder(&folder)?;
        let path = folder.join(NAME);
        let text = ron::ser::to_string_pretty(self, ron::ser::PrettyConfig::new());
        let text = text.map_err(|error| WriteError::Spoilt { path: path.clone(), reason: error.to_string() })?;
        Ok(write_whole(&path, text.as_bytes())?)
    }

    /// In what way `other` would be another dataset than this one, in words; the number of scenes aside.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        let (a, b) = (&self.info, &other.info);
        let named =
            |what: &str, a: &dyn std::fmt::Display, b: &dyn std::fmt::Display| Some(format!("{what} {a}, not {b}"));
        if self.version != other.version {
            return named("it was begun by version", &self.version, &other.version);
        }
        if a.seed != b.seed {
            return named("its seed is", &a.seed, &b.seed);
        }
        if a.recipe_name != b.recipe_name {
            return named("it is of the recipe", &a.recipe_name, &b.recipe_name);
        }
        if a.recipe_text != b.recipe_text || a.recipe_files != b.recipe_files {
            return Some("the recipe has been changed since".into());
        }
        if a.recipe_set != b.recipe_set {
            let list = |set: &[String]| if set.is_empty() { "nothing".into() } else { set.join(" ") };
            return named("it was begun with --set", &list(&a.recipe_set), &list(&b.recipe_set));
        }
        if a.first_index != b.first_index {
            return named("its first scene is", &a.first_index, &b.first_index);
        }
        if a.assets != b.assets {
            let changed = a.assets.iter().find(|file| !b.assets.contains(file)).or(b.assets.first());
            return Some(format!("{} has been changed since", changed.map_or("a file", |file| &file.path)));
        }
        if a.adapter != b.adapter {
            let text = |adapter: &crate::write::AdapterInfo| format!("{} ({})", adapter.name, adapter.driver);
            return named("it was rendered on", &text(&a.adapter), &text(&b.adapter));
        }
        if self.options != other.options {
            return Some("it was begun with another --masks, --depth or --audit".into());
        }
        let count = |info: &DatasetInfo| DatasetInfo { count: 0, coverage: Default::default(), ..info.clone() };
        (count(a) != count(b)).then(|| "what is written of each frame is not the same".into())
    }
}
