//! What can go wrong with a dataset on disk.

use std::path::PathBuf;

use crate::write::coco::{self, CocoError};
use crate::write::encode::EncodeError;
use crate::write::files::DiskError;

/// Why a dataset cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// From the disk.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The folder holds something else.
    #[error(
        "{} is not empty and is not a dataset of ours (it has no dataset.json that says so): nothing in it was touched; \
         choose a new folder or empty this one",
        .0.display()
    )]
    NotOurs(PathBuf),
    /// There is another dataset already.
    #[error(
        "{} holds another dataset: {reason}. Choose another folder, go on as it was begun, or replace it with `--overwrite`",
        root.display()
    )]
    Other {
        /// The folder.
        root: PathBuf,
        /// In what it differs.
        reason: String,
    },
    /// Another process is at it.
    #[error("another process is rendering {part} in {}", root.display())]
    InUse {
        /// The folder.
        root: PathBuf,
        /// What of it.
        part: String,
    },
    /// There is nothing to be held against anything yet.
    #[error("{} is not finished: render what is missing, or merge its shards", .0.display())]
    Unfinished(PathBuf),
    /// A file of ours cannot be read any more.
    #[error("{} is spoilt: {reason}", path.display())]
    Spoilt {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The name of a camera is part of file names.
    #[error(
        "camera name {0:?} cannot be part of a file name: use 1 to 64 letters, digits, `_`, `-` and `.`, the first of them \
         not a `.`"
    )]
    CameraName(String),
    /// A dataset needs a camera.
    #[error("a dataset needs at least one camera")]
    NoCamera,
    /// Image ids would leave the range that every JSON reader can hold.
    #[error(
        "{count} scenes from index {first_index} with {cameras} cameras need image ids above {}, the largest whole number \
         that every JSON reader can hold",
        coco::MAX_IMAGE_ID
    )]
    ImageIds {
        /// Index of the first scene.
        first_index: u64,
        /// Number of scenes.
        count: u64,
        /// Number of cameras.
        cameras: usize,
    },
    /// The scene of a frame does not belong to this dataset.
    #[error("scene {index} does not belong to this dataset: {reason}")]
    WrongScene {
        /// Its index.
        index: u64,
        /// Why.
        reason: String,
    },
    /// A scene holds what is held out for another split.
    #[error("scene {index} of the split `{split}` may not be written: {reason} (this is a bug)")]
    Leak {
        /// Its index.
        index: u64,
        /// Its split.
        split: String,
        /// What it holds.
        reason: String,
    },
    /// A frame came twice.
    #[error("{0} was entered twice")]
    Twice(String),
    /// Not all frames came.
    #[error("the dataset is not complete: {missing} of its {total} images are missing, the first of them {first}")]
    Incomplete {
        /// How many.
        missing: u64,
        /// Of how many.
        total: u64,
        /// `000007_main.png`.
        first: String,
    },
    /// An image cannot be encoded.
    #[error("the {what} image cannot be encoded: {source}")]
    Encode {
        /// Which: `rgb`, or the name of an output.
        what: &'static str,
        /// Why.
        source: EncodeError,
    },
    /// An annotation cannot be encoded.
    #[error("the annotation of {name} cannot be written: {source}")]
    Coco {
        /// `mugs[2]`, or `the image`.
        name: String,
        /// Why.
        source: CocoError,
    },
    /// From the JSON writer.
    #[error("the JSON writer failed: {0}")]
    Json(#[from] serde_json::Error),
}

impl WriteError {
    /// Whether one frame is the reason: the others can still be written, and nothing of this one is on disk.
    pub fn is_of_the_frame(&self) -> bool {
        matches!(self, Self::Encode { .. } | Self::Coco { .. })
    }
}
