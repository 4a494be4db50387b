//! The pinhole camera, and every conversion between our convention and other people's.
//!
//! Ours: continuous pixel coordinates (the centre of the first pixel is (0.5, 0.5)), camera frame x right, y up, looking down -z.
//! OpenCV's: camera frame x right, y down, z forward; a pixel's centre has integer coordinates.

use glam::{DAffine3, DMat4, DQuat, DVec2, DVec3};
use serde::{Deserialize, Serialize};

/// A pinhole camera without distortion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Camera {
    /// Name in the recipe; unique; part of file names.
    pub name: String,
    /// Focal length along x, pixels.
    pub fx: f64,
    /// Focal length along y, pixels.
    pub fy: f64,
    /// Principal point, continuous pixel coordinates (the middle of a 640-pixel row is 320).
    pub cx: f64,
    /// See `cx`.
    pub cy: f64,
    /// Nothing nearer than this along the optical axis is seen, metres.
    pub near: f64,
    /// Camera centre in the world, metres.
    pub position: DVec3,
    /// World from camera (x right, y up, looking down -z).
    pub rotation: DQuat,
    /// Exposure value at ISO 100: a luminance of `1.2 * 2^ev100` cd/m2 becomes linear 1.
    pub ev100: f64,
}

impl Camera {
    /// World from our camera frame (x right, y up, looking down -z).
    pub fn world_from_camera(&self) -> DAffine3 {
        DAffine3::from_rotation_translation(self.rotation, self.position)
    }

    /// World from the OpenCV camera frame (x right, y down, z forward), as a 4x4 matrix.
    pub fn world_from_opencv_camera(&self) -> DMat4 {
        DMat4::from(self.world_from_camera()) * opencv_flip()
    }

    /// OpenCV camera frame from world, as a 4x4 matrix: what OpenCV calls `[R|t]`.
    pub fn opencv_camera_from_world(&self) -> DMat4 {
        opencv_flip() * DMat4::from(self.world_from_camera().inverse())
    }

    /// The principal point as OpenCV and BOP count pixels, where the centre of the first pixel is (0, 0).
    pub fn opencv_principal_point(&self) -> DVec2 {
        DVec2::new(self.cx - 0.5, self.cy - 0.5)
    }

    /// Where a world point lands: continuous pixel coordinates and depth along the optical axis.
    /// `None` where the point is not in front of the camera centre.
    pub fn project(&self, world: DVec3) -> Option<(DVec2, f64)> {
        let p = self.world_from_camera().inverse().transform_point3(world);
        let depth = -p.z;
        (depth > 0.0).then(|| (DVec2::new(self.cx + self.fx * p.x / depth, self.cy - self.fy * p.y / depth), depth))
    }

    /// The world direction through a continuous pixel position, scaled so that one unit of it is one metre of depth.
    pub fn ray_through(&self, pixel: DVec2) -> DVec3 {
        self.rotation * DVec3::new((pixel.x - self.cx) / self.fx, -(pixel.y - self.cy) / self.fy, -1.0)
    }
}

/// Turns our camera frame into OpenCV's and back: y and z change sign.
fn opencv_flip() -> DMat4 {
    DMat4::from_diagonal(glam::DVec4::new(1.0, -1.0, -1.0, 1.0))
}
