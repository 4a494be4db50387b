//! `cameras.json`: where each image was taken from, in OpenCV's convention and with every convention named.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::annotate::CameraLabel;
use crate::scene::Scene;

/// One entry of `cameras.json`. Lengths are metres, focal lengths and principal points pixels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CameraEntry {
    /// The image's id in `instances.json`.
    pub image_id: u64,
    /// Colour image, relative to `images/`.
    pub file_name: String,
    /// The other images of the frame, by the name of the output, relative to the dataset.
    pub files: BTreeMap<&'static str, String>,
    /// Index of the scene.
    pub scene_index: u64,
    /// Name of the camera in the recipe.
    pub camera: String,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Intrinsics and pose.
    #[serde(flatten)]
    pub parameters: CameraLabel,
}

/// Names under which a frame's images are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameFiles {
    /// Relative to `images/`.
    pub rgb: String,
    /// By the name of the output, relative to the dataset.
    pub others: BTreeMap<&'static str, String>,
}

impl CameraEntry {
    /// The entry of one image.
    pub fn new(image_id: u64, files: FrameFiles, scene: &Scene, camera: &str, parameters: CameraLabel) -> Self {
        Self {
            image_id,
            file_name: files.rgb,
            files: files.others,
            scene_index: scene.index,
            camera: camera.to_owned(),
            width: scene.image.width,
            height: scene.image.height,
            parameters,
        }
    }
}
