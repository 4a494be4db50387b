//! Boxes in space, and where their corners are in the image.

use glam::{DMat4, DVec3};

use super::pose::{camera_from_object, middle};
use super::view::{View, numbers};
use super::{Box3d, ProjectedBox, Solid};
use crate::scene::Instance;

pub(super) fn box3d(instance: &Instance, solid: &Solid, view: &View<'_>) -> Box3d {
    // A negative scale mirrors the instance's local box; as a box it is one of positive size about the mirrored middle.
    let oriented = ((solid.local.1 - solid.local.0) * instance.scale).abs();
    let aligned = ((solid.world.0 + solid.world.1) / 2.0, solid.world.1 - solid.world.0);
    Box3d {
        oriented: project(middle(instance, solid), oriented, &camera_from_object(instance, view), view),
        axis_aligned: project(aligned.0, aligned.1, &view.camera_from_world, view),
    }
}

/// The box with this middle and these edge lengths along the axes of a frame.
fn project(middle: DVec3, size: DVec3, camera_from_frame: &DMat4, view: &View<'_>) -> ProjectedBox {
    // Corner `k` has the upper coordinate along axis `i` where bit `i` of `k` is set.
    let corners: [DVec3; 8] = std::array::from_fn(|k| {
        let side = |bit: usize| if k >> bit & 1 == 1 { 0.5 } else { -0.5 };
        camera_from_frame.transform_point3(middle + DVec3::new(side(0), side(1), side(2)) * size)
    });
    ProjectedBox {
        center: numbers(camera_from_frame.transform_point3(middle)),
        size: numbers(size),
        corners: corners.map(numbers),
        pixels: corners.map(|corner| view.pixel(corner).map(|pixel| pixel.to_array())),
    }
}
