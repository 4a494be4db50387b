//! Whether the images of a frame agree with each other and with the scene, as far as labels are made of them.

use super::AnnotateError;
use crate::frame::Frame;
use crate::image::Image;
use crate::scene::Scene;

/// Every image that is there has the size that the scene asks for.
pub(super) fn sizes(scene: &Scene, frame: &Frame) -> Result<(), AnnotateError> {
    fn size<T>(what: &'static str, image: &Image<T>) -> (&'static str, u32, u32) {
        (what, image.width(), image.height())
    }
    let (width, height) = (scene.image.width, scene.image.height);
    let always = [
        size("rgb", &frame.rgb),
        size("surface", &frame.surfaces),
        size("id", &frame.ids),
        size("depth", &frame.depth),
        size("range", &frame.range),
    ];
    let optional = [
        frame.geometric_normals.as_ref().map(|image| size("geometric normal", image)),
        frame.shaded_normals.as_ref().map(|image| size("shaded normal", image)),
        frame.uv.as_ref().map(|image| size("texture coordinate", image)),
        frame.coordinates.as_ref().map(|image| size("object coordinate", image)),
        frame.albedo.as_ref().map(|image| size("albedo", image)),
        frame.roughness.as_ref().map(|image| size("roughness", image)),
        frame.metallic.as_ref().map(|image| size("metallic", image)),
        frame.emission.as_ref().map(|image| size("emission", image)),
        frame.sensor_depth.as_ref().map(|image| size("sensor depth", image)),
    ];
    let mut sizes = always.into_iter().chain(optional.into_iter().flatten());
    match sizes.find(|&(_, w, h)| (w, h) != (width, height)) {
        Some((what, found_width, found_height)) => {
            Err(AnnotateError::Size { what, found_width, found_height, width, height })
        }
        None => Ok(()),
    }
}

/// Every surface has an owner in the scene, every pixel the id of its surface's owner, and a depth exactly where there is a surface: a
/// range, where the camera sees `sideways`.
pub(super) fn surfaces(scene: &Scene, frame: &Frame, sideways: bool) -> Result<(), AnnotateError> {
    for (surface, owner) in (1..).zip(frame.owners.iter()) {
        let instance = scene.instances.get(owner.instance as usize);
        if instance.is_none_or(|instance| instance.id != owner.id) {
            return Err(AnnotateError::Owner { surface, instance: owner.instance, id: owner.id });
        }
    }
    let ids: Vec<u32> = std::iter::once(0).chain(frame.owners.iter().map(|owner| owner.id)).collect();
    let rows =
        frame.surfaces.rows().zip(frame.ids.rows()).zip(if sideways { frame.range.rows() } else { frame.depth.rows() });
    for (y, ((surfaces, shown), depths)) in (0..).zip(rows) {
        for (x, ((&surface, &id), &depth)) in (0..).zip(surfaces.iter().zip(shown).zip(depths)) {
            let Some(&expected) = ids.get(surface as usize) else {
                return Err(AnnotateError::UnknownSurface { surface, x, y });
            };
            if id != expected {
                return Err(AnnotateError::Id { id, surface, expected, x, y });
            }
            let right = if surface == 0 { depth == f32::INFINITY } else { depth.is_finite() && depth > 0.0 };
            if !right {
                return Err(AnnotateError::Depth { id, x, y, depth });
            }
        }
    }
    Ok(())
}
