//! Lenses that bend straight lines: labels, masks and colour are those of the rays that the ray caster sends.

use glam::{DQuat, DVec2, DVec3};
use scenewright::assets::Library;
use scenewright::frame::Frame;
use scenewright::image::Image;
use scenewright::scene::camera::look_at;
use scenewright::scene::{Camera, LensModel, Material, Output, Scene, Shape, color};

use crate::build::{add, add_unlabelled, last, scene};
use crate::harness::{Case, ensure, render_one};
use crate::oracle::cast;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("labels_of_a_bent_lens_are_those_of_rays_within_half_a_pixel", labels),
        ("amodal_masks_of_a_bent_lens_are_those_of_rays_within_half_a_pixel", masks),
        ("colour_of_a_bent_lens_is_where_its_labels_are", colour),
        ("a_bent_lens_without_coefficients_is_a_pinhole", straight),
    ]
}

/// Boxes and balls on a floor, all around.
fn world() -> Scene {
    let mut s = scene(160, 120);
    add_unlabelled(&mut s, Shape::Plane(DVec2::splat(12.0)), DVec3::new(0.0, -1.0, 0.0));
    for k in 0..14 {
        let angle = f64::from(k) * 0.45;
        let place = DVec3::new(libm::sin(angle), 0.0, -libm::cos(angle)) * (1.8 + 0.3 * f64::from(k % 3));
        let shape = if k % 2 == 0 { Shape::Box(DVec3::new(0.5, 0.9, 0.4)) } else { Shape::Sphere(0.35) };
        add(&mut s, shape, place + DVec3::new(0.0, 0.2 * f64::from(k % 4) - 0.4, 0.0));
        last(&mut s).rotation = DQuat::from_rotation_y(angle * 1.7);
    }
    s
}

/// Each kind of lens, and a camera that is turned besides.
fn lenses() -> Vec<(&'static str, Scene)> {
    let bent = |name, (fx, fy): (f64, f64), lens_model| {
        let mut s = world();
        let camera: &mut Camera = &mut s.cameras[0];
        (camera.fx, camera.fy, camera.lens_model) = (fx, fy, lens_model);
        (camera.cx, camera.cy) = (78.3, 61.1);
        camera.rotation = look_at(DVec3::ZERO, DVec3::new(0.3, -0.15, -1.0), 0.2);
        (name, s)
    };
    let barrel = LensModel::BrownConrady { k: [-0.28, 0.09, -0.012, 0.0, 0.0, 0.0], p: [0.002, -0.001] };
    let rational = LensModel::BrownConrady { k: [0.9, 0.3, 0.05, 1.2, 0.5, 0.08], p: [-0.001, 0.0015] };
    let fisheye = LensModel::KannalaBrandt { k: [-0.02, 0.006, -0.002, 0.0002] };
    let mut all = vec![
        bent("barrel", (105.0, 103.0), barrel),
        bent("rational", (120.0, 120.0), rational),
        bent("fisheye", (52.0, 52.5), fisheye),
    ];
    let (_, mut around) = bent("around", (1.0, 1.0), LensModel::Equirectangular);
    (around.image.width, around.image.height) = (160, 80);
    let [fx, fy, cx, cy] = LensModel::equirectangular(160, 80);
    let camera = &mut around.cameras[0];
    (camera.fx, camera.fy, camera.cx, camera.cy) = (fx, fy, cx, cy);
    all.push(("around", around));
    all
}

/// The pixel and those around it.
fn near<T: Copy>(image: &Image<T>, x: u32, y: u32) -> Vec<T> {
    let range = |at: u32| at.saturating_sub(1)..=at + 1;
    range(y).flat_map(|y| range(x).filter_map(move |x| image.get(x, y).copied())).collect()
}

/// A ray within half a pixel of the centre is within one of the neighbours' halves: what it shows is shown there, and where all of them show one
/// thing, its distance lies among theirs, but for what a curved surface bulges between them.
fn labels() -> Result<(), String> {
    for (name, mut s) in lenses() {
        s.labels.outputs = [Output::Range].into();
        let frame = render_one(&s);
        let truth = cast(&s, &Library::default(), 0);
        let (mut wrong, mut differ, mut compared) = (0, 0, 0);
        // Slivers near the poles of a panorama are compared by angle elsewhere; leave its first and last rows out.
        let rows = if name == "around" { 4..76 } else { 0..s.image.height };
        for y in rows {
            for x in 0..s.image.width {
                let (found, nearby) = (frame.ids.get(x, y).copied(), near(&truth.ids, x, y));
                wrong += u32::from(!nearby.contains(&found.unwrap()));
                differ += u32::from(found != truth.ids.get(x, y).copied());
                if nearby.iter().any(|id| Some(*id) != found) {
                    continue;
                }
                let ranges: Vec<f64> = near(&truth.range, x, y).iter().map(|&range| f64::from(range)).collect();
                if ranges.iter().any(|range| !range.is_finite()) {
                    continue;
                }
                let (low, high) =
                    (ranges.iter().copied().fold(f64::INFINITY, f64::min), ranges.iter().copied().fold(0.0, f64::max));
                // Edges of boxes: two planes meet between pixels.
                let slack = 0.25 * (high - low) + 2e-3;
                let range = f64::from(*frame.range.get(x, y).unwrap());
                compared += 1;
                ensure((low - slack..=high + slack).contains(&range), || {
                    format!("{name}, ({x}, {y}): {range:.4} m away, not from {low:.4} to {high:.4}")
                })?;
            }
        }
        ensure(wrong == 0, || format!("{name}: {wrong} pixels show what no ray near them meets"))?;
        ensure(compared > 4000, || format!("{name}: {compared} pixels prove nothing"))?;
        let pixels = s.image.width * s.image.height;
        ensure(differ < pixels / 25, || format!("{name}: {differ} of {pixels} pixels differ"))?;
    }
    Ok(())
}

fn masks() -> Result<(), String> {
    for (name, mut s) in lenses() {
        s.labels.outputs = [Output::Amodal].into();
        let frame = render_one(&s);
        let truth = cast(&s, &Library::default(), 0);
        ensure(frame.amodal_strays == 0, || format!("{name}: {} strays", frame.amodal_strays))?;
        let (found, expected) = (frame.amodal.unwrap(), truth.amodal.unwrap());
        for mask in &expected {
            let own = found.iter().find(|other| other.id == mask.id);
            let own = own.ok_or_else(|| format!("{name}: no mask of {}", mask.id));
            // What is smaller than a few pixels may fall between them.
            let own = match own {
                Ok(own) => own,
                Err(_) if mask.area < 12 => continue,
                Err(error) => return Err(error),
            };
            let edge = 4.0 * (mask.area as f64).sqrt() + 12.0;
            let off = (own.area as f64 - mask.area as f64).abs();
            ensure(off < 0.25 * edge + 0.02 * mask.area as f64, || {
                format!("{name}: instance {} covers {} pixels, not {}", mask.id, own.area, mask.area)
            })?;
            let moved = own.bbox.iter().zip(mask.bbox).map(|(a, b)| (a - b).abs()).max().unwrap_or(0);
            ensure(moved <= 3 || name == "around", || format!("{name}: box {:?}, not {:?}", own.bbox, mask.bbox))?;
        }
    }
    Ok(())
}

/// Each thing is painted in a colour of its own: colour and ids are of the same rays but for a pixel at edges.
fn colour() -> Result<(), String> {
    for (name, mut s) in lenses() {
        let paint =
            |id: u32| [f64::from(id * 53 % 200 + 40), f64::from(id * 91 % 200 + 40), f64::from(id * 29 % 200 + 40)];
        for instance in &mut s.instances {
            let linear = paint(instance.id).map(|c| color::linear_from_srgb(c / 255.0));
            instance.material = Some(Material { base_color: linear, unlit: true, ..Material::default() });
        }
        s.labels.outputs = [Output::Range].into();
        let frame: Frame = render_one(&s);
        let light = frame.linear.as_ref().expect("bent lenses make linear light");
        let mut compared = 0;
        for y in 1..s.image.height - 1 {
            for x in 1..s.image.width - 1 {
                let id = *frame.ids.get(x, y).unwrap();
                let seen = *frame.surfaces.get(x, y).unwrap();
                if seen == 0 || near(&frame.surfaces, x, y).iter().any(|&other| other != seen) {
                    continue;
                }
                compared += 1;
                let expected = paint(id).map(|c| color::linear_from_srgb(c / 255.0));
                let found = light.get(x, y).unwrap().map(f64::from);
                let off = (0..3).map(|c| (found[c] - expected[c]).abs()).fold(0.0, f64::max);
                ensure(off < 0.01, || format!("{name}, ({x}, {y}), id {id}: {found:?}, not {expected:?}"))?;
            }
        }
        ensure(compared > 3000, || format!("{name}: {compared} pixels prove nothing"))?;
    }
    Ok(())
}

fn straight() -> Result<(), String> {
    let mut pinhole = world();
    pinhole.cameras[0].rotation = look_at(DVec3::ZERO, DVec3::new(0.3, -0.15, -1.0), 0.2);
    pinhole.labels.outputs = [Output::Range].into();
    let mut bent = pinhole.clone();
    bent.cameras[0].lens_model = LensModel::BrownConrady { k: [0.0; 6], p: [0.0; 2] };
    let (a, b) = (render_one(&pinhole), render_one(&bent));
    let off = a.ids.pixels().iter().zip(b.ids.pixels()).filter(|(a, b)| a != b).count();
    ensure(off < a.ids.pixels().len() / 50, || format!("{off} pixels differ"))
}
