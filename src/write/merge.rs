//! One dataset of its shards, and what is missing of one.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::write::assemble;
use crate::write::begun::Begun;
use crate::write::error::WriteError;
use crate::write::files::{DiskError, UNFINISHED, Written, create_folder};
use crate::write::journal::{Journal, Journals};
use crate::write::manifest::{DatasetInfo, Summary};
use crate::write::names;
use crate::write::part::Part;
use crate::write::whole;

/// Makes the dataset in `root` complete: of the shards that were rendered there, and of those in the folders `others`, whose files are
/// copied.
///
/// # Errors
/// Scenes are missing, or a folder holds something else: no annotations are written then.
pub fn merge(root: &Path, others: &[PathBuf]) -> Result<Summary, WriteError> {
    let begun = match Begun::read(root)? {
        Some(begun) => begun,
        None => {
            let first = others.first().ok_or_else(|| WriteError::NotOurs(root.to_path_buf()))?;
            let begun = Begun::read(first)?.ok_or_else(|| WriteError::NotOurs(first.clone()))?;
            create_folder(root)?;
            if fs::read_dir(root).map_err(DiskError::because("read", root))?.next().is_some() {
                return Err(WriteError::NotOurs(root.to_path_buf()));
            }
            begun.write(root)?;
            assemble::write_begun_manifest(root, &begun.info, begun.options)?;
            begun
        }
    };
    for other in others {
        take(root, &begun, other)?;
    }
    // Whoever is still rendering all of it would write the same files.
    let _journal = Journal::open(root, &Part::All)?;
    assemble::assemble(root, &begun)
}

/// Takes over what another folder has: its files, then its journals' lines.
fn take(root: &Path, begun: &Begun, other: &Path) -> Result<(), WriteError> {
    #[derive(Deserialize)]
    struct Files {
        files: Vec<Written>,
    }
    let there = Begun::read(other)?.ok_or_else(|| WriteError::NotOurs(other.to_path_buf()))?;
    let different = there.difference(begun).or_else(|| {
        let (a, b) = (there.info.count, begun.info.count);
        (a != b).then(|| format!("it has {a} scenes, not {b}"))
    });
    if let Some(reason) = different {
        return Err(WriteError::Other { root: other.to_path_buf(), reason });
    }
    let journals = Journals::read(other)?;
    let mine = Journals::read(root)?;
    let mut journal = Journal::open(root, &Part::All)?;
    let whole = whole::whole(other, &journals, names::all_ids(&begun.info)?)?;
    for id in whole.into_iter().filter(|&id| !mine.has(id)) {
        let Some(record) = journals.get::<Files>(id)? else { continue };
        record.files.iter().try_for_each(|file| copy(other, root, &file.path))?;
        if let Some(record) = journals.get(id)? {
            journal.append(&record)?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path, path: &str) -> Result<(), DiskError> {
    let (source, target) = (from.join(path), to.join(path));
    if let Some(folder) = target.parent() {
        create_folder(folder)?;
    }
    let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let neighbour = target.with_file_name(format!("{UNFINISHED}{name}"));
    let copied = fs::copy(&source, &neighbour).and_then(|_| fs::rename(&neighbour, &target));
    copied.map_err(DiskError::because("copy to", &target))
}

/// How far a dataset is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Images that it will have.
    pub images: u64,
    /// Images that a journal tells of. (Whether their files are what they were, [`verify`](crate::write::verify()) tells.)
    pub done: u64,
    /// Lines of journals that are torn or spoilt: their frames will be rendered again.
    pub bad_lines: u64,
    /// Scenes of which an image is missing, as ranges of indices.
    pub missing: Vec<Range<u64>>,
    /// Whether it says of itself that it is complete.
    pub assembled: bool,
}

/// Looks at a folder that is being rendered, or was.
///
/// # Errors
/// It is none of ours, or cannot be read.
pub fn status(root: &Path) -> Result<Status, WriteError> {
    let begun = Begun::read(root)?.ok_or_else(|| WriteError::NotOurs(root.to_path_buf()))?;
    let info: &DatasetInfo = &begun.info;
    let journals = Journals::read(root)?;
    let ids = names::all_ids(info)?;
    let images = ids.end - ids.start;
    let gaps = names::gaps(ids, journals.ids());
    let left: u64 = gaps.iter().map(|gap| gap.end - gap.start).sum();
    let missing = names::scenes_of(info, &gaps);
    let text = fs::read_to_string(root.join(assemble::MANIFEST)).unwrap_or_default();
    let assembled = crate::write::manifest::is_finished(&text);
    Ok(Status { images, done: images - left, bad_lines: journals.bad, missing, assembled })
}
