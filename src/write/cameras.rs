//! `cameras.json`: where each image was taken from, in OpenCV's convention and with every convention named.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::annotate::CameraLabel;
use crate::scene::Scene;
use crate::scene::motion::Mount;

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
    /// Number of the frame in its clip, and its instant, seconds; of a still, nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_index: Option<u32>,
    /// See `frame_index`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<f64>,
    /// How it is mounted on a rig.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rig: Option<RigEntry>,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Intrinsics and pose.
    #[serde(flatten)]
    pub parameters: CameraLabel,
}

/// How a camera is mounted on a rig.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RigEntry {
    /// Name of the rig.
    pub name: String,
    /// Takes a point in the camera's OpenCV frame to the rig's: x right, y down, z forward; rows.
    pub rig_from_camera: [[f64; 4]; 4],
    /// The other camera of a rectified pair.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pair: Option<String>,
    /// How far to the right of this camera that is, metres; negative: to the left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
}

impl RigEntry {
    fn new(mount: &Mount) -> Self {
        let rows = mount.opencv_rig_from_camera().transpose().to_cols_array_2d();
        Self {
            name: mount.rig.clone(),
            // Without negative zeros.
            rig_from_camera: rows.map(|row| row.map(|x| x + 0.0)),
            pair: mount.pair.as_ref().map(|pair| pair.camera.clone()),
            baseline: mount.pair.as_ref().map(|pair| pair.baseline),
        }
    }
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
        let mount = scene.cameras.iter().find(|other| other.name == camera).and_then(|camera| camera.mount.as_ref());
        Self {
            frame_index: scene.clip.map(|_| scene.frame),
            time: scene.clip.map(|_| scene.time),
            rig: mount.map(|mount| RigEntry::new(mount)),
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
