//! A pinhole with any focal lengths and principal point, as a Bevy projection.

use bevy::camera::{CameraProjection, SubCameraView};
use bevy::math::{Mat4, Vec3A, Vec4};

use crate::scene::Camera;

/// Reverse-z, infinite: clip-space depth is `near / depth`.
#[derive(Debug, Clone)]
pub(super) struct Pinhole {
    fx: f32,
    fy: f32,
    cx: f32,
    cy: f32,
    near: f32,
    width: f32,
    height: f32,
}

impl Pinhole {
    #[expect(clippy::cast_possible_truncation, reason = "the GPU computes in f32")]
    pub(super) fn new(camera: &Camera, width: u32, height: u32) -> Self {
        Self {
            fx: camera.fx as f32,
            fy: camera.fy as f32,
            cx: camera.cx as f32,
            cy: camera.cy as f32,
            near: camera.near as f32,
            width: width as f32,
            height: height as f32,
        }
    }
}

impl CameraProjection for Pinhole {
    /// From `u = cx + fx x / depth`, `v = cy - fy y / depth`, `depth = -z`, and normalised device coordinates
    /// `2 u / width - 1` to the right and `1 - 2 v / height` up.
    fn get_clip_from_view(&self) -> Mat4 {
        Mat4::from_cols(
            Vec4::new(2.0 * self.fx / self.width, 0.0, 0.0, 0.0),
            Vec4::new(0.0, 2.0 * self.fy / self.height, 0.0, 0.0),
            Vec4::new(1.0 - 2.0 * self.cx / self.width, 2.0 * self.cy / self.height - 1.0, 0.0, -1.0),
            Vec4::new(0.0, 0.0, self.near, 0.0),
        )
    }

    fn get_clip_from_view_for_sub(&self, _: &SubCameraView) -> Mat4 {
        self.get_clip_from_view()
    }

    /// Intrinsics are in pixels and the image size is the scene's: nothing follows the target.
    fn update(&mut self, _: f32, _: f32) {}

    /// Bevy culls and clusters up to here; nothing is cut off.
    fn far(&self) -> f32 {
        1.0e9
    }

    /// Bottom right, top right, top left, bottom left; near, then far. `z` is negative in front.
    fn get_frustum_corners(&self, z_near: f32, z_far: f32) -> [Vec3A; 8] {
        let corner = |u: f32, v: f32, z: f32| {
            let depth = z.abs();
            Vec3A::new((u - self.cx) / self.fx * depth, (self.cy - v) / self.fy * depth, z)
        };
        let (w, h) = (self.width, self.height);
        let face = |z: f32| [corner(w, h, z), corner(w, 0.0, z), corner(0.0, 0.0, z), corner(0.0, h, z)];
        let (near, far) = (face(z_near), face(z_far));
        [near[0], near[1], near[2], near[3], far[0], far[1], far[2], far[3]]
    }
}
