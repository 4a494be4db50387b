//! What can go wrong between a scene and its frames.

use crate::assets::AssetError;

/// Why there is no frame.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// No adapter, or none of the name asked for. The text says what was seen and what to do.
    #[error("{0}")]
    NoAdapter(String),
    /// It was asked to stop.
    #[error("stopped")]
    Stopped,
    /// The adapter exists but gave no device.
    #[error("{adapter} cannot be opened: {reason}")]
    Device {
        /// Name of the adapter.
        adapter: String,
        /// What the driver said.
        reason: String,
    },
    /// The images are larger than the adapter can make.
    #[error(
        "{cameras} images of {width}x{height} are too large for {adapter}: {limit}; use a smaller `image` in the recipe"
    )]
    TooLarge {
        /// Columns asked for.
        width: u32,
        /// Rows asked for.
        height: u32,
        /// One for each camera of a scene.
        cameras: usize,
        /// Name of the adapter.
        adapter: String,
        /// What it cannot do, in words.
        limit: String,
    },
    /// The adapter cannot draw so many labels at once.
    #[error(
        "{adapter} cannot draw {planes} images of together {bytes} bytes a pixel at once, which normals, object and texture \
         coordinates and materials need; leave them out of `outputs`"
    )]
    TooManyPlanes {
        /// Name of the adapter.
        adapter: String,
        /// How many.
        planes: u32,
        /// Bytes a pixel.
        bytes: u32,
    },
    /// A shape of a scene cannot be made, or its file is not there.
    #[error("this shape cannot be made: {shape}")]
    NoModel {
        /// The shape, as in a scene file.
        shape: String,
    },
    /// More amodal masks than fit into memory.
    #[error(
        "the amodal masks of scene {index} take {bytes} bytes, and more than {most} are not made: use smaller images, fewer \
         instances, or leave `Amodal` (and `min_visibility`) out"
    )]
    TooManyMasks {
        /// Index of the scene.
        index: u64,
        /// What they would take.
        bytes: u64,
        /// What is allowed.
        most: u64,
    },
    /// An asset of the scene cannot be read.
    #[error(transparent)]
    Asset(#[from] AssetError),
    /// A scene file that does not keep what [`crate::scene`] guarantees.
    #[error("scene {index}: {reason}")]
    InvalidScene {
        /// Index of the scene.
        index: u64,
        /// Which guarantee is broken.
        reason: String,
    },
    /// The device was lost, ran out of memory, or refused a command.
    #[error("the graphics device failed: {0}")]
    Failed(String),
    /// The frame never became complete.
    #[error("scene {index} was not complete after {seconds:.0} s and {updates} updates; still missing: {missing}")]
    Incomplete {
        /// Index of the scene.
        index: u64,
        /// How long it was waited for.
        seconds: f64,
        /// Updates run.
        updates: u32,
        /// What is missing, in words.
        missing: String,
    },
}
