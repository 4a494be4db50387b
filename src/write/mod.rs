//! The dataset on disk.
//!
//! [`FrameSink`] is the way in: frames are annotated, audited, encoded and written by its threads, in any order, and entered into
//! the JSON files in order. A frame that is not right is kept aside, and the others go on. [`DatasetWriter`] is the same without threads. `docs/dataset.md` describes every file.
//!
//! What holds at every moment: each file that bears its final name is complete; `dataset.json` says `complete` only when
//! everything is there and right; the bytes do not depend on the number of threads or on which frame was finished first.

mod assemble;
mod attributes;
mod begun;
pub mod cameras;
mod clips;
pub mod coco;
pub mod encode;
mod error;
mod exr;
pub mod files;
pub mod journal;
mod keypoints;
pub mod manifest;
mod merge;
mod moving;
mod names;
mod outputs;
mod panoptic;
mod part;
mod parts;
mod pool;
mod progress;
mod rejected;
mod spill;
mod verify;
mod wanted;
mod whole;
mod writer;

pub use clips::{Beside, Sequence, Shot};
pub use coco::MaskFormat;
pub use error::WriteError;
pub use files::DiskError;
pub use manifest::{AdapterInfo, DatasetInfo, DepthFormat, Rejected, Summary, WriteOptions};
pub use merge::{Status, merge, status};
pub use part::Part;
pub use pool::{FrameSink, SinkError, StageTimes};
pub use progress::FrameRecord;
pub use verify::{Verified, verify};
pub use wanted::SplitTotal;
pub use writer::DatasetWriter;
