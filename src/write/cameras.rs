//! `cameras.json`: where each image was taken from, in OpenCV's convention and with every convention named.

use glam::DMat4;
use serde::Serialize;

use crate::scene::{Camera, Scene};

/// One entry of `cameras.json`. Lengths are metres, focal lengths and principal points pixels.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(non_snake_case, reason = "K is what everybody calls this matrix, and the key in the file")]
pub struct CameraEntry {
    /// The image's id in `instances.json`.
    pub image_id: u64,
    /// Colour image, relative to `images/`.
    pub file_name: String,
    /// Id image, relative to the dataset.
    pub ids_file: String,
    /// Depth image, relative to the dataset.
    pub depth_file: String,
    /// Index of the scene.
    pub scene_index: u64,
    /// Name of the camera in the recipe.
    pub camera: String,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Focal length along x.
    pub fx: f64,
    /// Focal length along y.
    pub fy: f64,
    /// Principal point, continuous: the centre of the first pixel is 0.5.
    pub cx: f64,
    /// See `cx`.
    pub cy: f64,
    /// Camera matrix as OpenCV and BOP use it: the centre of the first pixel is 0, so the principal point is `cx - 0.5`, `cy - 0.5`.
    pub K_opencv: [[f64; 3]; 3],
    /// Rows of a 4x4 matrix: world point from a point in the OpenCV camera frame (x right, y down, z forward).
    pub world_from_opencv_camera: [[f64; 4]; 4],
    /// Its inverse; the first three rows are OpenCV's `[R|t]`.
    pub opencv_camera_from_world: [[f64; 4]; 4],
    /// Nothing nearer than this along the optical axis is seen.
    pub near: f64,
    /// Exposure value at ISO 100.
    pub ev100: f64,
}

/// Names under which a frame's images are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameFiles {
    /// Relative to `images/`.
    pub rgb: String,
    /// Relative to the dataset.
    pub ids: String,
    /// Relative to the dataset.
    pub depth: String,
}

impl CameraEntry {
    /// The entry of one image.
    pub fn new(image_id: u64, files: FrameFiles, scene: &Scene, camera: &Camera) -> Self {
        let principal = camera.opencv_principal_point();
        Self {
            image_id,
            file_name: files.rgb,
            ids_file: files.ids,
            depth_file: files.depth,
            scene_index: scene.index,
            camera: camera.name.clone(),
            width: scene.image.width,
            height: scene.image.height,
            fx: camera.fx,
            fy: camera.fy,
            cx: camera.cx,
            cy: camera.cy,
            K_opencv: [[camera.fx, 0.0, principal.x], [0.0, camera.fy, principal.y], [0.0, 0.0, 1.0]],
            world_from_opencv_camera: rows(&camera.world_from_opencv_camera()),
            opencv_camera_from_world: rows(&camera.opencv_camera_from_world()),
            near: camera.near,
            ev100: camera.ev100,
        }
    }
}

/// Row-major, and without negative zeros, which look like mistakes in a file.
fn rows(matrix: &DMat4) -> [[f64; 4]; 4] {
    matrix.transpose().to_cols_array_2d().map(|row| row.map(|value| value + 0.0))
}
