//! A camera as labels see it: OpenCV's frame (x right, y down, z forward) and continuous pixels.

use glam::{DMat4, DVec2, DVec3};

use crate::scene::{Camera, Lens, Scene};

pub(super) struct View<'a> {
    pub(super) camera: &'a Camera,
    /// OpenCV camera frame from world.
    pub(super) camera_from_world: DMat4,
    lens: Lens,
    /// Whether the image shows anything 90 degrees off the optical axis or more. Then how far things are is told by range.
    pub(super) sideways: bool,
}

impl<'a> View<'a> {
    pub(super) fn new(camera: &'a Camera, scene: &Scene) -> Self {
        let lens = camera.lens();
        let sideways = lens.sees_sideways(scene.image.width, scene.image.height);
        Self { camera, camera_from_world: camera.opencv_camera_from_world(), lens, sideways }
    }

    /// A world point in the OpenCV camera frame, metres.
    pub(super) fn point(&self, world: DVec3) -> DVec3 {
        self.camera_from_world.transform_point3(world)
    }

    /// Where a point of the OpenCV camera frame lands; `None` where the lens does not see it, or where it is so close to the plane of a
    /// pinhole that no number tells where.
    pub(super) fn pixel(&self, p: DVec3) -> Option<DVec2> {
        self.lens.pixel(p)
    }

    /// How far away a point of the OpenCV camera frame is, as the images tell it that flags are made from: depth, or range.
    pub(super) fn distance(&self, p: DVec3) -> f64 {
        if self.sideways { p.length() } else { p.z }
    }
}

/// Without negative zeros, which look like mistakes in a file.
pub(super) fn numbers(p: DVec3) -> [f64; 3] {
    p.to_array().map(|value| value + 0.0)
}
