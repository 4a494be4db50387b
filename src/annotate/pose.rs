//! Where an instance is in the camera.

use glam::{DAffine3, DMat4, DVec3};

use super::labels::rows;
use super::view::{View, numbers};
use super::{Pose, Solid};
use crate::scene::Instance;

/// OpenCV camera frame from the instance's own frame after its scale: rigid.
pub(super) fn camera_from_object(instance: &Instance, view: &View<'_>) -> DMat4 {
    view.camera_from_world * DMat4::from(DAffine3::from_rotation_translation(instance.rotation, instance.position))
}

/// Middle of the instance's oriented box in its own frame after its scale, metres.
pub(super) fn middle(instance: &Instance, solid: &Solid) -> DVec3 {
    (solid.local.0 + solid.local.1) / 2.0 * instance.scale
}

pub(super) fn pose(instance: &Instance, solid: &Solid, view: &View<'_>) -> Pose {
    let camera_from_object = camera_from_object(instance, view);
    let distance = camera_from_object.transform_point3(middle(instance, solid)).length();
    Pose { camera_from_object: rows(&camera_from_object), scale: numbers(instance.scale), distance }
}
