//! A camera as labels see it: OpenCV's frame (x right, y down, z forward) and continuous pixels.

use glam::{DMat4, DVec2, DVec3};

use crate::scene::Camera;

pub(super) struct View<'a> {
    pub(super) camera: &'a Camera,
    /// OpenCV camera frame from world.
    pub(super) camera_from_world: DMat4,
}

impl<'a> View<'a> {
    pub(super) fn new(camera: &'a Camera) -> Self {
        Self { camera, camera_from_world: camera.opencv_camera_from_world() }
    }

    /// A world point in the OpenCV camera frame, metres.
    pub(super) fn point(&self, world: DVec3) -> DVec3 {
        self.camera_from_world.transform_point3(world)
    }

    /// Where a point of the OpenCV camera frame lands; `None` where it is not in front of the camera centre, or so close to its plane
    /// that no number tells where.
    pub(super) fn pixel(&self, p: DVec3) -> Option<DVec2> {
        let camera = self.camera;
        let pixel = DVec2::new(camera.cx + camera.fx * p.x / p.z, camera.cy + camera.fy * p.y / p.z);
        (p.z > 0.0 && pixel.is_finite()).then_some(pixel)
    }
}

/// Without negative zeros, which look like mistakes in a file.
pub(super) fn numbers(p: DVec3) -> [f64; 3] {
    p.to_array().map(|value| value + 0.0)
}
