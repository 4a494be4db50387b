//! Keypoints, projected anew, and their flags against the depth image.

use std::collections::BTreeMap;

use glam::{DVec2, DVec3};

use super::bounds::LABEL;
use super::findings::Findings;
use super::masks::said;
use super::things::{Thing, Things};
use super::view::{View, all_at_most, looseness};
use crate::annotate::{Annotation, KeypointLabel, Labels, Seen};
use crate::frame::Frame;
use crate::image::Image;
use crate::scene::{Camera, Category, Output, Scene};

/// Checks the keypoints of all annotations.
pub(super) fn check(
    scene: &Scene,
    camera: &Camera,
    view: &View,
    frame: &Frame,
    labels: &Labels,
    things: &Things<'_>,
    found: &mut Findings,
) {
    let asked = scene.labels.wants(Output::Keypoints);
    let categories: BTreeMap<u32, &Category> =
        scene.categories.iter().map(|category| (category.id, category)).collect();
    for category in &scene.categories {
        let lacks = |&end: &u32| end as usize >= category.keypoints.len();
        if category.skeleton.iter().flatten().any(lacks) {
            found.other("a skeleton joins keypoints that its category lacks", "category", || category.name.clone());
        }
    }
    let distances = if view.sideways { &frame.range } else { &frame.depth };
    for annotation in &labels.annotations {
        let Some(thing) = things.with_id(annotation.instance_id) else { continue };
        let category = thing.instance.category.and_then(|id| categories.get(&id));
        let names: &[String] = category.filter(|_| asked).map_or(&[], |category| &category.keypoints);
        if annotation.keypoints.is_some() == names.is_empty() {
            let what = "an annotation has keypoints that are not asked for, or lacks those that are";
            found.instance(what, || said(annotation));
        }
        let Some(points) = &annotation.keypoints else { continue };
        if !points.iter().map(|point| &point.name).eq(names) {
            found.instance("keypoints are not those of the category, in its order", || said(annotation));
            continue;
        }
        for point in points {
            one(point, annotation, thing, camera, view, distances, found);
        }
    }
}

fn one(
    is: &KeypointLabel,
    annotation: &Annotation,
    thing: &Thing<'_>,
    camera: &Camera,
    view: &View,
    distances: &Image<f32>,
    found: &mut Findings,
) {
    let name = || format!("`{}` of {}", is.name, said(annotation));
    let own = thing.instance.keypoints.iter().find(|point| point.name == is.name).map(|point| point.position);
    let Some(own) = own else {
        if is.seen != Seen::Absent || is.x != 0.0 || is.y != 0.0 {
            found.other("a keypoint that the instance lacks is not absent", "keypoint", name);
        }
        return;
    };
    let point = thing.seen_from(view, own * thing.instance.scale);
    let farthest = thing.instance.position.abs().max_element() + camera.position.abs().max_element() + own.length();
    let tolerance = 8.0 * (looseness(thing.instance.rotation) + looseness(camera.rotation)) * (1.0 + farthest);
    if is.seen != Seen::Absent {
        let should = view.seen_at(point).unwrap_or(DVec2::NAN);
        let off = (DVec2::new(is.x, is.y) - should).abs() - moved(point, view, tolerance);
        if !all_at_most(off.extend(0.0), 0.0) {
            found.other("a keypoint is not where scene, pose and K have it", "keypoint", || {
                format!("{}: ({}, {}) instead of ({}, {})", name(), is.x, is.y, should.x, should.y)
            });
        }
    } else if is.x != 0.0 || is.y != 0.0 {
        found.other("an absent keypoint is not at (0, 0)", "keypoint", || format!("{}: ({}, {})", name(), is.x, is.y));
    }
    let flags = flags(point, thing.instance.keypoint_tolerance, tolerance, view, distances);
    if !flags.contains(&is.seen) {
        found.other("the flag of a keypoint is not what the depth image says", "keypoint", || {
            format!("{}: {} instead of {}", name(), is.seen.flag(), flags[0].flag())
        });
    }
}

/// How far an error of `tolerance` moves the projection of a point, pixels, and the rounding of the projection itself.
fn moved(point: DVec3, view: &View, tolerance: f64) -> DVec2 {
    if let Some(bent) = &view.bent {
        let should = bent.pixel(point).unwrap_or(view.principal).abs() + view.principal.abs() + view.focal + 1.0;
        let turned = 2.0 * bent.rates(point).1 * tolerance / point.length();
        return DVec2::splat(turned + 64.0 * LABEL * should.max_element());
    }
    let rounded = LABEL * (view.pixel(point).abs() + view.principal.abs() + 1.0);
    2.0 * view.focal * (tolerance / point.z.abs()) * (1.0 + point.truncate().abs() / point.z.abs()) + 4.0 * rounded
}

/// Every flag that the point may have: where it is at an edge of the image, between pixels, or as deep as what is before it, rounding
/// decides.
fn flags(point: DVec3, allowed: f64, tolerance: f64, view: &View, distances: &Image<f32>) -> Vec<Seen> {
    let nudges = [DVec2::ZERO, DVec2::ONE, DVec2::NEG_ONE, DVec2::new(1.0, -1.0), DVec2::new(-1.0, 1.0)];
    let nudged = nudges.into_iter().flat_map(|nudge| [0.0, tolerance, -tolerance].map(|closer| (nudge, closer)));
    nudged
        .map(|(nudge, closer)| {
            let far = view.distance(point) - closer;
            let Some(pixel) = view.seen_at(point).filter(|_| far > 0.0 && far >= view.near) else {
                return Seen::Absent;
            };
            let pixel = pixel + nudge * moved(point, view, tolerance);
            if view.at(pixel).is_none() {
                return Seen::Absent;
            }
            // The two nearest centres along each axis lie on either side.
            let low = (pixel - 0.5).floor();
            let sides = [DVec2::ZERO, DVec2::X, DVec2::Y, DVec2::ONE];
            let around = sides.into_iter().filter_map(|side| view.at(low + side));
            let free = |[x, y]: [u32; 2]| distances.get(x, y).is_some_and(|&shown| f64::from(shown) >= far - allowed);
            if around.into_iter().any(free) { Seen::Visible } else { Seen::Hidden }
        })
        .collect()
}
