//! The files of a dataset as a whole, from the journals of its frames: the same bytes, whoever rendered what and when.

use std::ops::Range;
use std::path::Path;

use crate::scene::Output;
use crate::write::begun::Begun;
use crate::write::error::WriteError;
use crate::write::files::{DiskError, Written, remove, remove_unfinished, write_whole, write_whole_with};
use crate::write::journal::{self, Journals};
use crate::write::manifest::{self, DatasetInfo, State, Summary, WriteOptions};
use crate::write::names;
use crate::write::part::Part;
use crate::write::progress::{FrameRecord, Lists, Progress};
use crate::write::spill::{Spill, write_json};
use crate::write::{coco, keypoints, panoptic};

pub(crate) const INSTANCES: &str = "annotations/instances.json";
pub(crate) const KEYPOINTS: &str = "annotations/keypoints.json";
pub(crate) const PANOPTIC: &str = "annotations/panoptic.json";
pub(crate) const TRACKS: &str = "annotations/tracks.json";
pub(crate) const CAMERAS: &str = "cameras.json";
pub(crate) const MANIFEST: &str = "dataset.json";
/// The hash of every file, as `sha256sum` writes it.
pub(crate) const SUMS: &str = "SHA256SUMS";

/// Writes everything that tells of the whole dataset, and marks it as complete, or as incomplete where frames were rejected.
///
/// # Errors
/// Frames are missing: nothing is written then.
pub(crate) fn assemble(root: &Path, begun: &Begun) -> Result<Summary, WriteError> {
    let info = &begun.info;
    let journals = Journals::read(root)?;
    let ids = names::all_ids(info)?;
    check_all_there(info, &journals, ids.clone())?;
    // Frames' files have one name until they are whole, and are written over; these have names of their own each time.
    for folder in ["", "annotations", "images", journal::FOLDER] {
        remove_unfinished(&root.join(folder))?;
    }
    let old: Vec<_> = journals.paths().map(Path::to_path_buf).collect();

    let mut progress = Progress::new(root, info)?;
    let mut sums = Spill::new(root)?;
    let mut lines = Spill::new(root)?;
    for id in ids {
        let record = record(&journals, info, id)?;
        lines.push_line(journal::line(&record)?.trim_end())?;
        record.files.iter().try_for_each(|file| sums.push_line(&sum(file)))?;
        progress.enter(record)?.iter().try_for_each(|file| sums.push_line(&sum(file)))?;
    }
    let summary = progress.summary(&info.categories)?;
    let state = if summary.rejected == 0 { State::Complete } else { State::Incomplete };
    let manifest = manifest::manifest_json(info, begun.options, state, Some(&summary))?;
    let files = write_annotations(root, info, &mut progress.lists)?;
    files.iter().try_for_each(|file| sums.push_line(&sum(file)))?;
    sums.push_line(&sum(&Written::of(MANIFEST, manifest.as_bytes())))?;
    write_whole_with(&root.join(SUMS), |out| sums.copy_to(out))?;
    // One journal in order, in place of those in which the frames were finished.
    let journal = journal::path(root, &Part::All);
    write_whole_with(&journal, |out| lines.copy_to(out))?;
    old.iter().filter(|path| **path != journal).try_for_each(|path| remove(path))?;
    write_whole(&root.join(MANIFEST), manifest.as_bytes())?;
    Ok(summary)
}

/// Totals of the frames of a part, none of which may be missing. Nothing is written.
pub(crate) fn tally(root: &Path, info: &DatasetInfo, scenes: Range<u64>) -> Result<Summary, WriteError> {
    let journals = Journals::read(root)?;
    let ids = names::ids(info, scenes)?;
    check_all_there(info, &journals, ids.clone())?;
    // Its clips are written by those who assemble the dataset.
    let mut progress = Progress::new(root, info)?;
    for id in ids {
        let mut record = record(&journals, info, id)?;
        record.clip.mot = None;
        progress.enter(record)?;
    }
    progress.summary(&info.categories)
}

fn record(journals: &Journals, info: &DatasetInfo, id: u64) -> Result<FrameRecord, WriteError> {
    let missing = || WriteError::Incomplete { missing: 1, total: 1, first: names::picture_of(info, id) };
    journals.get(id)?.ok_or_else(missing)
}

fn check_all_there(info: &DatasetInfo, journals: &Journals, ids: Range<u64>) -> Result<(), WriteError> {
    let total = ids.end - ids.start;
    let gaps = names::gaps(ids, journals.ids());
    let Some(first) = gaps.first() else { return Ok(()) };
    let missing = gaps.iter().map(|gap| gap.end - gap.start).sum();
    Err(WriteError::Incomplete { missing, total, first: names::picture_of(info, first.start) })
}

/// A line of `SHA256SUMS`.
fn sum(file: &Written) -> String {
    format!("{}  {}", file.sha256, file.path)
}

/// `dataset.json` of a dataset that is being rendered.
pub(crate) fn write_begun_manifest(root: &Path, info: &DatasetInfo, options: WriteOptions) -> Result<(), WriteError> {
    let text = manifest::manifest_json(info, options, State::Rendering, None)?;
    Ok(write_whole(&root.join(MANIFEST), text.as_bytes())?)
}

fn write_annotations(root: &Path, info: &DatasetInfo, lists: &mut Lists) -> Result<Vec<Written>, WriteError> {
    let about = coco::Info {
        description: &info.recipe_name,
        version: env!("CARGO_PKG_VERSION"),
        contributor: env!("CARGO_PKG_NAME"),
        url: "",
    };
    let about = serde_json::to_string(&about)?;
    let head = |categories: String| format!("{{\"info\":{about},\n\"licenses\":[],\n\"categories\":{categories}");
    let categories = &info.categories;
    let head_of_instances = head(coco::categories_json(categories)?);
    let head_of_keypoints = head(keypoints::categories_json(categories)?);
    let head_of_panoptic = head(panoptic::categories_json(categories)?);
    let plain_head = format!("{{\"format_version\":{}", manifest::FORMAT_VERSION);

    let mut files = Vec::new();
    let mut write = |path: String, head: &str, lists: &mut [(&str, &mut Spill)]| {
        files.push(write_json(root, path, head, lists)?);
        Ok::<_, DiskError>(())
    };
    let clip = info.clip.is_some();
    let mut instances = vec![("images", &mut lists.images), ("annotations", &mut lists.annotations)];
    if clip {
        instances.push(("videos", &mut lists.videos));
    }
    write(INSTANCES.into(), &head_of_instances, &mut instances)?;
    if info.labels.wants(Output::Tracks) {
        let mut tracks = [("videos", &mut lists.videos), ("images", &mut lists.tracks)];
        write(TRACKS.into(), &plain_head, &mut tracks)?;
    }
    if info.labels.wants(Output::Keypoints) {
        let mut keypoints = [("images", &mut lists.plain_images), ("annotations", &mut lists.keypoints)];
        write(KEYPOINTS.into(), &head_of_keypoints, &mut keypoints)?;
    }
    if info.labels.wants(Output::Panoptic) {
        let mut panoptic = [("images", &mut lists.plain_images), ("annotations", &mut lists.panoptic)];
        write(PANOPTIC.into(), &head_of_panoptic, &mut panoptic)?;
    }
    for (name, split) in &mut lists.splits {
        let mut instances = vec![("images", &mut split.images), ("annotations", &mut split.annotations)];
        if clip {
            instances.push(("videos", &mut split.videos));
        }
        write(of_split(INSTANCES, name), &head_of_instances, &mut instances)?;
        if info.labels.wants(Output::Keypoints) {
            let mut keypoints = [("images", &mut split.plain_images), ("annotations", &mut split.keypoints)];
            write(of_split(KEYPOINTS, name), &head_of_keypoints, &mut keypoints)?;
        }
        if info.labels.wants(Output::Panoptic) {
            let mut panoptic = [("images", &mut split.plain_images), ("annotations", &mut split.panoptic)];
            write(of_split(PANOPTIC, name), &head_of_panoptic, &mut panoptic)?;
        }
    }
    write(CAMERAS.into(), &plain_head, &mut [("images", &mut lists.cameras)])?;
    Ok(files)
}

/// `annotations/instances_train.json`, as COCO's readers look for it.
fn of_split(file: &str, split: &str) -> String {
    format!("{}_{split}.json", file.strip_suffix(".json").unwrap_or(file))
}
