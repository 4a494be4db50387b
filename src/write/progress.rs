//! Frames into lists and totals.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::annotate::Reason;
use crate::scene::{Category, PlacedCount};
use crate::write::clips::{ClipJson, Mot};
use crate::write::coco::{self, AnnotationJson, ImageJson};
use crate::write::error::WriteError;
use crate::write::files::{DiskError, Written};
use crate::write::manifest::{CategoryCount, DatasetInfo, MOST_LISTED, PlacementTotal, Rejected, Summary};
use crate::write::parts::{self, Numberings};
use crate::write::spill::Spill;
use crate::write::wanted::{FrameWanted, Ledger};

/// What is known of a frame whose images are written: a line of the journal. Made by
/// [`DatasetWriter::write_frame`](crate::write::DatasetWriter::write_frame) and
/// [`reject`](crate::write::DatasetWriter::reject).
#[derive(Debug, Serialize, Deserialize)]
pub struct FrameRecord {
    pub(crate) image_id: u64,
    pub(crate) file_name: String,
    /// Every file of it.
    pub(crate) files: Vec<Written>,
    pub(crate) outcome: Outcome,
    /// Of the scene, told by its first camera only.
    pub(crate) placed: Vec<PlacedCount>,
    /// The same.
    #[serde(with = "parts::in_file")]
    pub(crate) parts: Numberings,
    /// Of the first frame.
    pub(crate) is_first_camera: bool,
    pub(crate) clip: ClipJson,
    pub(crate) wanted: FrameWanted,
    /// Time taken to encode images and annotations.
    #[serde(skip)]
    pub encode_time: Duration,
    /// Time taken to write files.
    #[serde(skip)]
    pub write_time: Duration,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Kept(Entries),
    Rejected(Rejected),
}

/// What the JSON files say of a frame.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Entries {
    pub(crate) image: ImageJson,
    pub(crate) camera: String,
    /// Category, why it is marked if it is, and the JSON but for its id.
    pub(crate) annotations: Vec<(u32, Option<Reason>, AnnotationJson)>,
    /// Category and reason.
    pub(crate) left_out: Vec<(u32, Reason)>,
}

/// Records, entered in order of their images.
pub(crate) struct Progress {
    next_annotation: u64,
    pub(crate) lists: Lists,
    scenes: u64,
    images: u64,
    empty_images: u64,
    rejected: u64,
    first_rejected: Vec<Rejected>,
    /// Per category id; names are filled in at the end.
    categories: BTreeMap<u32, CategoryCount>,
    /// Asked and placed, per group.
    placement: BTreeMap<String, (u64, u64)>,
    parts: Numberings,
    ledger: Ledger,
    mot: Mot,
    root: PathBuf,
}

/// The long lists.
pub(crate) struct Lists {
    /// With what is left out: for `instances.json`.
    pub(crate) images: Spill,
    /// For the other files.
    pub(crate) plain_images: Spill,
    pub(crate) annotations: Spill,
    pub(crate) keypoints: Spill,
    pub(crate) panoptic: Spill,
    pub(crate) cameras: Spill,
    pub(crate) videos: Spill,
    pub(crate) tracks: Spill,
    /// By split.
    pub(crate) splits: BTreeMap<String, SplitLists>,
}

/// Those of one split.
pub(crate) struct SplitLists {
    pub(crate) images: Spill,
    pub(crate) plain_images: Spill,
    pub(crate) annotations: Spill,
    pub(crate) keypoints: Spill,
    pub(crate) panoptic: Spill,
    pub(crate) videos: Spill,
}

impl SplitLists {
    fn new(folder: &Path) -> Result<Self, DiskError> {
        Ok(Self {
            images: Spill::new(folder)?,
            plain_images: Spill::new(folder)?,
            annotations: Spill::new(folder)?,
            keypoints: Spill::new(folder)?,
            panoptic: Spill::new(folder)?,
            videos: Spill::new(folder)?,
        })
    }
}

impl Progress {
    /// `folder` is where the lists are kept while they grow.
    pub(crate) fn new(folder: &Path, info: &DatasetInfo) -> Result<Self, DiskError> {
        let ledger = Ledger::new(info);
        let splits = ledger.splits().map(|name| Ok((name.clone(), SplitLists::new(folder)?)));
        let splits = splits.collect::<Result<_, DiskError>>()?;
        let count = |c: &Category| CategoryCount {
            id: c.id,
            name: c.name.clone(),
            annotations: 0,
            images: 0,
            marked: Default::default(),
            left_out: Default::default(),
        };
        Ok(Self {
            next_annotation: 1,
            lists: Lists {
                images: Spill::new(folder)?,
                plain_images: Spill::new(folder)?,
                annotations: Spill::new(folder)?,
                keypoints: Spill::new(folder)?,
                panoptic: Spill::new(folder)?,
                cameras: Spill::new(folder)?,
                videos: Spill::new(folder)?,
                tracks: Spill::new(folder)?,
                splits,
            },
            scenes: 0,
            images: 0,
            empty_images: 0,
            rejected: 0,
            first_rejected: Vec::new(),
            categories: info.categories.iter().map(|category| (category.id, count(category))).collect(),
            placement: BTreeMap::new(),
            parts: Numberings::new(),
            ledger,
            mot: Mot::default(),
            root: folder.to_path_buf(),
        })
    }

    /// Enters the next frame, and says which files that completes.
    pub(crate) fn enter(&mut self, mut record: FrameRecord) -> Result<Vec<Written>, DiskError> {
        if record.is_first_camera {
            self.scenes += 1;
            parts::join(&mut self.parts, std::mem::take(&mut record.parts));
            for PlacedCount { object, asked, placed } in &record.placed {
                let total = self.placement.entry(object.clone()).or_default();
                *total = (total.0 + u64::from(*asked), total.1 + u64::from(*placed));
            }
        }
        let annotations = match &record.outcome {
            Outcome::Kept(entries) => Some(entries.annotations.len() as u64),
            Outcome::Rejected(_) => None,
        };
        self.ledger.add(&record.wanted, annotations);
        let completed = self.enter_clip(record.clip, record.wanted.split.as_ref())?;
        match record.outcome {
            Outcome::Kept(entries) => self.enter_kept(&entries, record.wanted.split.as_ref())?,
            Outcome::Rejected(rejected) => {
                self.rejected += 1;
                if self.first_rejected.len() < MOST_LISTED {
                    self.first_rejected.push(rejected);
                }
            }
        }
        Ok(completed)
    }

    fn enter_clip(&mut self, clip: ClipJson, split: Option<&String>) -> Result<Vec<Written>, DiskError> {
        if let Some(video) = &clip.video {
            self.lists.videos.push(video)?;
            if let Some(split) = split.and_then(|split| self.lists.splits.get_mut(split)) {
                split.videos.push(video)?;
            }
        }
        if let Some(tracks) = &clip.tracks {
            self.lists.tracks.push(tracks)?;
        }
        clip.mot.map_or(Ok(Vec::new()), |mot| self.mot.take(&self.root, mot))
    }

    fn enter_kept(&mut self, entries: &Entries, split: Option<&String>) -> Result<(), DiskError> {
        let ImageJson { plain, with_left_out, panoptic } = &entries.image;
        let mut split = split.and_then(|split| self.lists.splits.get_mut(split));
        if let Some(split) = &mut split {
            split.images.push(with_left_out.as_ref().unwrap_or(plain))?;
            split.plain_images.push(plain)?;
            panoptic.iter().try_for_each(|panoptic| split.panoptic.push(panoptic))?;
        }
        self.lists.images.push(with_left_out.as_ref().unwrap_or(plain))?;
        self.lists.plain_images.push(plain)?;
        self.lists.cameras.push(&entries.camera)?;
        if let Some(panoptic) = panoptic {
            self.lists.panoptic.push(panoptic)?;
        }
        let mut seen: BTreeMap<u32, u64> = BTreeMap::new();
        for (category, marked, json) in &entries.annotations {
            // The same id in both files, as COCO has it.
            let instance = coco::with_id(self.next_annotation, &json.instance);
            self.lists.annotations.push(&instance)?;
            if let Some(split) = &mut split {
                split.annotations.push(&instance)?;
            }
            if let Some(keypoints) = &json.keypoints {
                let keypoints = coco::with_id(self.next_annotation, keypoints);
                self.lists.keypoints.push(&keypoints)?;
                if let Some(split) = &mut split {
                    split.keypoints.push(&keypoints)?;
                }
            }
            self.next_annotation += 1;
            *seen.entry(*category).or_default() += 1;
            if let (Some(reason), Some(count)) = (marked, self.categories.get_mut(category)) {
                count.marked.count(*reason);
            }
        }
        self.images += 1;
        self.empty_images += u64::from(entries.annotations.is_empty());
        for (category, annotations) in seen {
            if let Some(count) = self.categories.get_mut(&category) {
                count.annotations += annotations;
                count.images += 1;
            }
        }
        for (category, reason) in &entries.left_out {
            if let Some(count) = self.categories.get_mut(category) {
                count.left_out.count(*reason);
            }
        }
        Ok(())
    }

    /// Totals. `categories` gives their order. An error where a split holds what it may not.
    pub(crate) fn summary(&self, categories: &[Category]) -> Result<Summary, WriteError> {
        let placement = |(object, &(asked, placed)): (&String, &(u64, u64))| PlacementTotal {
            object: object.clone(),
            asked,
            placed,
        };
        Ok(Summary {
            scenes: self.scenes,
            images: self.images,
            rejected: self.rejected,
            images_without_annotations: self.empty_images,
            annotations: self.next_annotation - 1,
            categories: categories.iter().filter_map(|category| self.categories.get(&category.id).cloned()).collect(),
            placement: self.placement.iter().map(placement).collect(),
            first_rejected: self.first_rejected.clone(),
            parts: self.parts.clone(),
            coverage: self.ledger.kept(),
            splits: self.ledger.totals()?,
        })
    }
}
