//! Is a frame right? Every label is held against the others and against the scene, before anything of it is written.
//!
//! Nothing here calls what made the labels (run lengths may be read): boxes and poses come along another route, masks are laid over
//! the surface image and not encoded anew, flags are recomputed from depth. What may differ by rounding has a bound, all of which are
//! stated in one place (`bounds`). The cost goes with pixels and with the runs of masks, never with pixels times instances.
//!
//! One file has one idea: `pixels` (image against image, pixel by pixel), `masks` (annotations and rules), `wholes` (amodal masks),
//! `space` (poses and 3D boxes), `points` (keypoints), `segments` (panoptic), `drawn` (nothing is missing), `view` (the camera),
//! `bent` (its lens, where that bends straight lines).

mod bent;
mod bounds;
mod columns;
mod drawn;
mod findings;
mod masks;
mod outline;
mod pixels;
mod points;
mod segments;
mod space;
mod things;
mod view;
mod wholes;

use crate::annotate::{Labels, Subject};
use crate::frame::Frame;
use crate::image::Image;
use crate::scene::{NormalSurface, Output, Scene};
use findings::Findings;
use things::{Extent, Things};
use view::View;

/// What is wrong with a frame: at least one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct AuditError(pub Vec<String>);

/// Checks a frame and everything that is to be written of it.
///
/// # Errors
/// Each kind of failure that is found is one sentence, which tells how often it was found, and where first.
pub fn audit(subject: &Subject, frame: &Frame, labels: &Labels) -> Result<(), AuditError> {
    let mut found = Findings::default();
    let scene = &subject.scene;
    forms(subject, frame, labels, &mut found);
    let Some(camera) = scene.cameras.get(frame.camera) else {
        found.other("the frame is of a camera that the scene lacks", "camera", || format!("number {}", frame.camera));
        return found.into_result();
    };
    if !found.is_empty() {
        // Images of several sizes cannot be walked together.
        return found.into_result();
    }
    missing(scene, frame, &mut found);
    view::check(&labels.camera, camera, &mut found);

    let view = View::new(&labels.camera, camera, scene);
    if let Some(bent) = &view.bent {
        bent.check([view.width, view.height], &mut found);
    }
    let mut things = Things::new(subject, frame, &view, &mut found);
    let panoptic = labels.panoptic.as_ref().map(|p| (p, segments::expected_values(scene, labels, &things)));
    let seen = pixels::Pixels::new(frame, &view, &things, panoptic).check(&mut found);
    gather(&mut things, &seen);

    let columns = columns::Columns::new(&frame.surfaces);
    let wholes = wholes::count(frame, &things, &columns, &mut found);
    // Nothing follows from masks that nobody asked for.
    let wholes = wholes.as_ref().filter(|_| scene.labels.needs_amodal());
    masks::check(scene, labels, &things, &columns, wholes, &mut found);
    wholes::check(scene, labels, &things, wholes, &mut found);
    space::check(scene, camera, &view, labels, &things, &mut found);
    points::check(scene, camera, &view, frame, labels, &things, &mut found);
    segments::check(scene, labels, &things, &mut found);
    drawn::check(&view, frame, &things, &mut found);
    found.into_result()
}

/// Everything has the size that the scene asks for.
fn forms(subject: &Subject, frame: &Frame, labels: &Labels, found: &mut Findings) {
    fn size<T>(what: &'static str, image: Option<&Image<T>>) -> Option<(&'static str, [u32; 2])> {
        image.map(|image| (what, [image.width(), image.height()]))
    }
    let scene = &subject.scene;
    let should = [scene.image.width, scene.image.height];
    let images = [
        size("rgb", Some(&frame.rgb)),
        size("surface", Some(&frame.surfaces)),
        size("id", Some(&frame.ids)),
        size("depth", Some(&frame.depth)),
        size("range", Some(&frame.range)),
        size("geometric normal", frame.geometric_normals.as_ref()),
        size("shaded normal", frame.shaded_normals.as_ref()),
        size("texture coordinate", frame.uv.as_ref()),
        size("object coordinate", frame.coordinates.as_ref()),
        size("albedo", frame.albedo.as_ref()),
        size("roughness", frame.roughness.as_ref()),
        size("metallic", frame.metallic.as_ref()),
        size("emission", frame.emission.as_ref()),
        size("panoptic", labels.panoptic.as_ref().map(|panoptic| &panoptic.ids)),
    ];
    let annotated = labels.annotations.iter().map(|a| (&a.rle, &a.amodal));
    let masks = annotated.flat_map(|(rle, amodal)| [Some(rle), amodal.as_ref().map(|amodal| &amodal.rle)]);
    let left_out = labels.left_out.iter().map(|left| left.amodal.as_ref().map(|amodal| &amodal.rle));
    let masks = masks.chain(left_out).flatten().map(|rle| ("mask", [rle.width(), rle.height()]));
    for (what, size) in images.into_iter().flatten().chain(masks).filter(|&(_, size)| size != should) {
        found.other("an image or mask has another size than the scene asks for", "image", || {
            format!("{what}: {} x {} instead of {} x {} pixels", size[0], size[1], should[0], should[1])
        });
    }
    if subject.solids.len() != scene.instances.len() {
        found.other("the geometry of another number of instances is known than the scene has", "scene", || {
            format!("{} of {}", subject.solids.len(), scene.instances.len())
        });
    }
}

/// Every image that is asked for is there.
fn missing(scene: &Scene, frame: &Frame, found: &mut Findings) {
    for &output in &scene.labels.outputs {
        let there = match output {
            Output::Normals { surface: NormalSurface::Geometric, .. } => frame.geometric_normals.is_some(),
            Output::Normals { surface: NormalSurface::Shaded, .. } => frame.shaded_normals.is_some(),
            Output::Nocs | Output::Flow(_) | Output::Occlusion(_) | Output::SceneFlow(_) => frame.coordinates.is_some(),
            Output::Uv => frame.uv.is_some(),
            Output::Albedo => frame.albedo.is_some(),
            Output::Roughness => frame.roughness.is_some(),
            Output::Metallic => frame.metallic.is_some(),
            Output::Emission => frame.emission.is_some(),
            _ => true,
        };
        if !there {
            found.other("an image is missing", "image", || output.name().to_owned());
        }
    }
    if frame.amodal_strays > 0 {
        found.other(
            "instances cover pixels that were not reckoned with, so that amodal masks lack them",
            "scene",
            || format!("{} pixels", frame.amodal_strays),
        );
    }
    if scene.labels.needs_amodal() && frame.amodal.is_none() {
        found.other("the amodal masks are missing", "list", String::new);
    }
}

/// Adds up what is seen of each instance from its surfaces.
fn gather(things: &mut Things<'_>, seen: &[Extent]) {
    for (owner, extent) in things.owners.iter().zip(seen.iter().skip(1)) {
        if let Some(thing) = owner.and_then(|position| things.all.get_mut(position)) {
            thing.seen.merge(extent);
        }
    }
}
