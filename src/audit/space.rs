//! Where instances are: poses and 3D boxes from the scene, corner by corner through the world, and that boxes hold what is drawn.

use glam::{DMat3, DVec2, DVec3};

use super::bent::Bent;
use super::bounds::LABEL;
use super::columns::split;
use super::findings::Findings;
use super::masks::said;
use super::outline::Outline;
use super::things::{Thing, Things, corners};
use super::view::{View, all_at_most, at_most, axes, center, close, looseness, matrix};
use crate::annotate::{Amodal, Annotation, Labels, Pose, Probe, ProjectedBox, Rle};
use crate::scene::{Camera, Output, Scene};

/// Checks poses and boxes of all annotations, and that boxes contain masks.
pub(super) fn check(
    scene: &Scene,
    camera: &Camera,
    view: &View,
    labels: &Labels,
    things: &Things<'_>,
    found: &mut Findings,
) {
    let asked = [scene.labels.wants(Output::Poses), scene.labels.wants(Output::Boxes3d)];
    for annotation in &labels.annotations {
        let Some(thing) = things.with_id(annotation.instance_id) else { continue };
        if [annotation.pose.is_some(), annotation.box3d.is_some()] != asked {
            let what = "an annotation has a pose or 3D boxes that are not asked for, or lacks those that are";
            found.instance(what, || said(annotation));
        }
        let tolerance = tolerance(thing, camera);
        if let Some(is) = &annotation.pose {
            pose(is, thing, view, tolerance, found);
        }
        let oriented = thing.corners(view);
        let (low, high) = thing.solid.world;
        let aligned = corners(low, high).map(|corner| view.point(corner));
        if let Some(boxes) = &annotation.box3d {
            let sizes = [thing.upper - thing.lower, high - low];
            let kinds = [("oriented", &boxes.oriented, &oriented), ("axis-aligned", &boxes.axis_aligned, &aligned)];
            for ((kind, is, should), size) in kinds.into_iter().zip(sizes) {
                projected(kind, is, should, size, thing, view, tolerance, found);
            }
            world(thing, tolerance, found);
        }
        if annotation.box3d.is_some() || annotation.amodal.is_some() {
            holds("oriented", &oriented, annotation, thing, view, found);
            holds("axis-aligned", &aligned, annotation, thing, view, found);
        }
    }
    for left in &labels.left_out {
        let (Some(thing), Some(amodal)) = (things.with_id(left.instance_id), &left.amodal) else { continue };
        let outline = Outline::new(&thing.corners(view), thing.slack, view);
        whole(&outline, "oriented", amodal, thing, found);
    }
}

/// How far apart two ways to one point may come out, metres.
fn tolerance(thing: &Thing<'_>, camera: &Camera) -> f64 {
    let instance = thing.instance;
    let farthest = instance.position.abs().max_element()
        + camera.position.abs().max_element()
        + thing.lower.abs().max(thing.upper.abs()).length()
        + thing.solid.world.0.abs().max(thing.solid.world.1.abs()).max_element();
    8.0 * (looseness(instance.rotation) + looseness(camera.rotation)) * (1.0 + farthest)
}

fn pose(is: &Pose, thing: &Thing<'_>, view: &View, tolerance: f64, found: &mut Findings) {
    // The object's axes and origin as the camera sees them.
    let axes: DMat3 = view.axes.transpose() * axes(thing.instance.rotation);
    let origin = view.point(thing.instance.position);
    let mut should = [[0.0, 0.0, 0.0, 1.0]; 4];
    for (row, numbers) in should.iter_mut().enumerate().take(3) {
        *numbers = [axes.x_axis[row], axes.y_axis[row], axes.z_axis[row], origin[row]];
    }
    matrix("camera_from_object is not that of scene and camera", &is.camera_from_object, &should, tolerance, found);
    let scale = thing.instance.scale.to_array();
    if is.scale != scale {
        found.instance("the scale of a pose is not the scene's", || {
            format!("{}: {:?} instead of {scale:?}", thing.name(), is.scale)
        });
    }
    let middle = thing.seen_from(view, (thing.lower + thing.upper) / 2.0);
    if !close(is.distance, middle.length(), tolerance) {
        found.instance("distance is not that to the middle of the oriented box", || {
            format!("{}: {} m instead of {} m", thing.name(), is.distance, middle.length())
        });
    }
}

fn projected(
    kind: &str,
    is: &ProjectedBox,
    should: &[DVec3; 8],
    size: DVec3,
    thing: &Thing<'_>,
    view: &View,
    tolerance: f64,
    found: &mut Findings,
) {
    let apart = |a: [f64; 3], b: DVec3| !all_at_most((DVec3::from_array(a) - b).abs(), tolerance);
    let middle = should.iter().sum::<DVec3>() / 8.0;
    if apart(is.center, middle) {
        found.instance("the centre of a 3D box is not that of its corners", || {
            format!("{kind}, {}: {:?} instead of {middle}", thing.name(), is.center)
        });
    }
    if apart(is.size, size) {
        found.instance("the size of a 3D box is not that of its instance", || {
            format!("{kind}, {}: {:?} instead of {size}", thing.name(), is.size)
        });
    }
    for (k, (&corner, &should)) in is.corners.iter().zip(should).enumerate() {
        if apart(corner, should) {
            found.other("a corner of a 3D box is not where scene and camera have it", "corner", || {
                format!("number {k} of the {kind} box of {}: {corner:?} instead of {should}", thing.name())
            });
        }
        let pixel = is.pixels[k];
        if !is_pixel_of(pixel, should, view, tolerance) {
            found.other("a projected corner of a 3D box is not where K has it", "corner", || {
                let should = view.seen_at(should);
                format!("number {k} of the {kind} box of {}: {pixel:?} instead of {should:?}", thing.name())
            });
        }
    }
}

/// Whether a point of the camera's frame lands there; `None` is where it is not in front of the camera, or beyond its lens.
fn is_pixel_of(pixel: Option<[f64; 2]>, point: DVec3, view: &View, tolerance: f64) -> bool {
    if let Some(bent) = &view.bent {
        return is_bent_pixel_of(pixel.map(DVec2::from_array), point, bent, view, tolerance);
    }
    if point.z.abs() <= tolerance {
        return true; // beside the camera: no number says where
    }
    let Some(pixel) = pixel else { return point.z < 0.0 || !view.pixel(point).is_finite() };
    let should = view.pixel(point);
    // What an error of `tolerance` in the point moves, and the rounding of the projection itself.
    let moved = view.focal * (tolerance / point.z) * (1.0 + point.truncate().abs() / point.z);
    let rounded = LABEL * (should.abs() + view.principal.abs() + 1.0);
    let off = (DVec2::from_array(pixel) - should).abs() - 2.0 * moved - 4.0 * rounded;
    point.z > 0.0 && all_at_most(off.extend(0.0), 0.0)
}

fn is_bent_pixel_of(pixel: Option<DVec2>, point: DVec3, bent: &Bent, view: &View, tolerance: f64) -> bool {
    let should = bent.pixel(point);
    let (Some(pixel), Some(should)) = (pixel, should) else {
        // At the edge of what the lens sees, rounding decides: a hair to the side it is otherwise.
        let near = tolerance + 1e-9 * point.length();
        let around = [DVec3::X, DVec3::Y, DVec3::Z].into_iter().flat_map(|axis| [axis, -axis]);
        let mut seen = around.map(|axis| bent.pixel(point + axis * near).is_some());
        return pixel.is_some() == should.is_some() || seen.any(|seen| seen == pixel.is_some());
    };
    let moved = 2.0 * bent.rates(point).1 * tolerance / point.length();
    let rounded = LABEL * (should.abs() + view.principal.abs() + view.focal + 1.0).max_element();
    let off = (pixel - should).abs();
    // Straight behind is at both edges of a panorama.
    let around = off.with_x((off.x - std::f64::consts::TAU * view.focal.x).abs());
    [off, around].into_iter().any(|off| at_most(off.max_element(), moved + 64.0 * rounded))
}

/// The world-aligned box is within that of the oriented box, and holds the corners of probes.
fn world(thing: &Thing<'_>, tolerance: f64, found: &mut Findings) {
    let (low, high) = thing.solid.world;
    let into_world = |point: DVec3| thing.axes * point + thing.instance.position;
    let outer = corners(thing.lower, thing.upper).map(into_world);
    let (least, most) = outer.into_iter().fold((outer[0], outer[0]), |(l, h), p| (l.min(p), h.max(p)));
    let within = |a: DVec3, b: DVec3| all_at_most(a - b, tolerance);
    let mut right = within(least, low) && within(high, most) && within(low, high);
    for probe in thing.solid.probes.iter().take(8) {
        if let Probe::Patch { triangles, .. } = probe {
            let points = triangles.iter().flatten().map(|&own| into_world(own * thing.instance.scale));
            right &= points.into_iter().all(|p| within(low, p) && within(p, high));
        }
    }
    if !right {
        found.instance("the axis-aligned box of an instance is not around it", || {
            format!("{}: {low} to {high}", thing.name())
        });
    }
}

/// A projected box contains the mask of its instance: the amodal one where there is one, or what is seen.
fn holds(
    kind: &str,
    box3d: &[DVec3; 8],
    annotation: &Annotation,
    thing: &Thing<'_>,
    view: &View,
    found: &mut Findings,
) {
    let outline = Outline::new(box3d, thing.slack, view);
    let rle = match &annotation.amodal {
        Some(amodal) => {
            whole(&outline, kind, amodal, thing, found);
            &amodal.rle
        }
        None => &annotation.rle,
    };
    let mut first = None;
    let count = outside(&outline, rle, &mut first);
    found.pixels("a mask leaves the projected 3D box of its instance", count, || {
        (first.unwrap_or_default(), format!("the {kind} box of {}", thing.name()))
    });
}

/// How many ends of a mask's vertical runs are outside: the pixels between two that are inside are inside.
fn outside(outline: &Outline, rle: &Rle, first: &mut Option<[u32; 2]>) -> u64 {
    let mut count = 0;
    for (x, top, bottom) in rle.runs().flat_map(|run| split(run, rle.height())) {
        for y in [top, bottom - 1] {
            if outline.is_empty() || !at_most(outline.beyond(center([x, y])), 0.0) {
                count += 1;
                first.get_or_insert([x, y]);
            }
        }
    }
    count
}

/// The box of the amodal mask on the canvas is within the outline.
fn whole(outline: &Outline, kind: &str, amodal: &Amodal, thing: &Thing<'_>, found: &mut Findings) {
    let [x, y, width, height] = amodal.bbox.map(f64::from);
    // A pixel is set where its centre is covered.
    let (least, most) = (DVec2::new(x, y) + 0.5, DVec2::new(x + width, y + height) - 0.5);
    let (low, high) = outline.around();
    if outline.is_empty() || !(low.cmple(least).all() && most.cmple(high).all()) {
        found.instance("an amodal box leaves the projected 3D box of its instance", || {
            format!("{}: {:?}, and the {kind} box is from {low} to {high}", thing.name(), amodal.bbox)
        });
    }
}
