//! The pinhole camera, and every conversion between our convention and other people's.
//!
//! Ours: continuous pixel coordinates (the centre of the first pixel is (0.5, 0.5)), camera frame x right, y up,
//! looking down -z. OpenCV's: camera frame x right, y down, z forward; a pixel's centre has integer coordinates.

use glam::{DAffine3, DMat3, DMat4, DQuat, DVec2, DVec3};
use serde::{Deserialize, Serialize};

use super::motion::{Mount, Track};

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
    /// How it moves, or the rig that it is mounted on; `position` and `rotation` are where it is at the scene's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motion: Option<Box<Track>>,
    /// How it is mounted on a rig.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount: Option<Box<Mount>>,
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

/// World from camera for a camera at `from` that looks at `target` with +Y up, turned by `roll` (radians) about its
/// optical axis: positive turns the camera counter-clockwise as someone behind it sees it, so the picture clockwise.
///
/// Looking straight up or down, where "up" says nothing, the image's right is +X (north, -Z, is up on a map). A camera
/// inside its target looks along -Z.
pub fn look_at(from: DVec3, target: DVec3, roll: f64) -> DQuat {
    let back = (from - target).try_normalize().unwrap_or(DVec3::Z);
    let right = DVec3::Y.cross(back);
    // Below this (0.2 arc seconds off the vertical) the direction of `right` would be rounding.
    let right = if right.length() > 1e-6 { right.normalize() } else { (DVec3::X - back * back.x).normalize() };
    let up = back.cross(right);
    (DQuat::from_mat3(&DMat3::from_cols(right, up, back)) * DQuat::from_rotation_z(roll)).normalize()
}

/// Position and rotation of a camera on a sphere of radius `distance` about `target`, looking at it with +Y up.
/// Azimuth is the direction from the target about +Y, from +Z towards +X; all angles in radians. No pole is special:
/// straight above, the azimuth still says which way is up in the image.
pub fn orbit(target: DVec3, distance: f64, azimuth: f64, elevation: f64, roll: f64) -> (DVec3, DQuat) {
    let rotation = DQuat::from_rotation_y(azimuth) * DQuat::from_rotation_x(-elevation);
    (target + rotation * DVec3::Z * distance, (rotation * DQuat::from_rotation_z(roll)).normalize())
}

/// Position and rotation (world from our camera frame) from the rows of a rigid world-from-OpenCV-camera matrix.
pub fn from_opencv_rows(rows: &[[f64; 4]; 4]) -> (DVec3, DQuat) {
    let world_from_ours = DMat4::from_cols_array_2d(rows).transpose() * opencv_flip();
    (world_from_ours.w_axis.truncate(), DQuat::from_mat3(&DMat3::from_mat4(world_from_ours)).normalize())
}

/// Focal length in pixels for a full field of view of `angle` radians across `pixels`.
pub fn focal_length(angle: f64, pixels: u32) -> f64 {
    f64::from(pixels) / 2.0 / libm::tan(angle / 2.0)
}

/// Turns our camera frame into OpenCV's and back: y and z change sign.
fn opencv_flip() -> DMat4 {
    DMat4::from_diagonal(glam::DVec4::new(1.0, -1.0, -1.0, 1.0))
}
