//! What can go wrong between a scene and its frames.

use crate::assets::AssetError;

/// Why there is no frame.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// No adapter, or none of the name asked for. The text says what was seen and what to do.
    #[error("{0}")]
    NoAdapter(String),
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
