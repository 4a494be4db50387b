//! What is hidden and by whom, and what the frame cuts off: closed forms, naive twins, and masks that contradict a frame.

use glam::{DVec2, DVec3};
use proptest::prelude::*;
use scenewright::annotate::{AnnotateError, Labels, Reason, annotate};
use scenewright::frame::{AmodalMask, BitMask, Frame};
use scenewright::scene::{Below, Output, Scene};

use crate::synthetic::{Layer, amodal_mask, compose, empty_frame, scene, subject};

fn amodal_scene(labelled: u32, size: (u32, u32)) -> Scene {
    let mut scene = scene(0, labelled, &["main"], size);
    scene.labels.outputs.insert(Output::Amodal);
    scene
}

#[track_caller]
fn labels(scene: &Scene, frame: &Frame) -> Labels {
    annotate(&subject(scene), frame).unwrap()
}

/// A flat rectangle `[x, y, width, height]` in pixels, that faces the camera.
fn card(depth: f64, [x0, y0, width, height]: [i32; 4]) -> Layer<'static> {
    let [x0, y0, width, height] = [x0, y0, width, height].map(f64::from);
    Box::new(move |x, y| ((x0..x0 + width).contains(&x) && (y0..y0 + height).contains(&y)).then_some(depth))
}

/// Where a ray through a pixel first meets a sphere (OpenCV camera frame; focal length `f`, principal point `c`).
fn sphere(f: f64, c: [f64; 2], center: DVec3, radius: f64) -> Layer<'static> {
    Box::new(move |x, y| {
        let ray = DVec3::new((x - c[0]) / f, (y - c[1]) / f, 1.0);
        // |t ray - center|^2 = radius^2
        let (a, b, c) = (ray.dot(ray), ray.dot(center), center.dot(center) - radius * radius);
        (b * b > a * c).then(|| (b - (b * b - a * c).sqrt()) / a)
    })
}

/// Pixels of columns `from..to` whose middles lie within a disc, chord by chord: in a column whose middle is `dx` from the disc's, the
/// rows with `|row + 0.5 - cy| < sqrt(r^2 - dx^2)`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few dozen rows")]
fn disc_pixels(c: [f64; 2], radius: f64, from: i32, to: i32) -> u64 {
    let chord = |column: i32| {
        let dx = f64::from(column) + 0.5 - c[0];
        if dx.abs() >= radius {
            return 0;
        }
        let half = (radius * radius - dx * dx).sqrt();
        ((c[1] + half - 0.5).floor() - (c[1] - half - 0.5).ceil() + 1.0) as u64
    };
    (from..to).map(chord).sum()
}

#[test]
fn of_a_sphere_behind_a_smaller_one_a_ring_is_seen() {
    let scene = amodal_scene(2, (64, 48));
    let (f, c) = (100.0, [32.3, 23.7]);
    let layers = [(1, sphere(f, c, DVec3::new(0.0, 0.0, 5.0), 1.0)), (2, sphere(f, c, DVec3::new(0.0, 0.0, 2.0), 0.3))];
    let found = labels(&scene, &compose(&scene, 0, &layers));

    // The cone that touches a sphere of radius r at distance d opens by asin(r / d): in the image, a circle of f r / sqrt(d^2 - r^2)
    // about the principal point. 100 / sqrt(24) = 20.41 and 30 / sqrt(3.91) = 15.17.
    let radii = [100.0 / 24_f64.sqrt(), 30.0 / 3.91_f64.sqrt()];
    let [far_pixels, near_pixels] = radii.map(|radius| disc_pixels(c, radius, 0, 64));
    let far = found.annotations[0].amodal.as_ref().unwrap();
    assert_eq!((far.area, far.area_in_frame), (far_pixels, far_pixels));
    assert_eq!(found.annotations[0].area, far_pixels - near_pixels);
    assert_eq!(far.hidden_by, [(2, near_pixels)]);
    assert_eq!(far.visibility, (far_pixels - near_pixels) as f64 / far_pixels as f64);
    assert_eq!(far.truncation, 0.0);
    // And close to what circles have: 1 - (15.17 / 20.41)^2. A circle's count is off by a pixel here and there of its rim.
    let share = 1.0 - (radii[1] * radii[1]) / (radii[0] * radii[0]);
    assert!((far.visibility - share).abs() < 0.01, "{} {share}", far.visibility);
    let near = found.annotations[1].amodal.as_ref().unwrap();
    assert_eq!((near.visibility, near.hidden_by.as_slice()), (1.0, [].as_slice()));
    assert_eq!(near.rle, found.annotations[1].rle);
}

#[test]
fn of_a_disc_behind_a_slit_the_strip_in_the_slit_is_seen() {
    let scene = amodal_scene(2, (64, 48));
    let (c, radius) = ([32.3, 23.7], 18.0_f64);
    let disc: Layer = Box::new(move |x, y| (DVec2::new(x, y).distance(c.into()) < radius).then_some(4.0));
    // The slit is from column 28 to 36. Its left side is labelled, its right side is not.
    let layers = [(1, disc), (2, card(2.0, [0, 0, 28, 48])), (0, card(2.0, [36, 0, 28, 48]))];
    let found = labels(&scene, &compose(&scene, 0, &layers));

    let [left, strip, right] = [(0, 28), (28, 36), (36, 64)].map(|(from, to)| disc_pixels(c, radius, from, to));
    let seen = found.annotations[0].amodal.as_ref().unwrap();
    assert_eq!((found.annotations[0].area, seen.area), (strip, left + strip + right));
    assert_eq!(seen.hidden_by, [(0, right), (2, left)]);
    assert_eq!(seen.visibility, strip as f64 / (left + strip + right) as f64);
    // The strip of a circle from a to b has area F(b) - F(a) with F(x) = x sqrt(r^2 - x^2) + r^2 asin(x / r).
    let part = |x: f64| x * (radius * radius - x * x).sqrt() + radius * radius * libm::asin(x / radius);
    let share = (part(36.0 - c[0]) - part(28.0 - c[0])) / (std::f64::consts::PI * radius * radius);
    assert!((seen.visibility - share).abs() < 0.01, "{} {share}", seen.visibility);
}

#[test]
fn what_the_frame_cuts_off_is_counted_on_the_canvas() {
    let scene = amodal_scene(5, (40, 30));
    let layers = [
        (1, card(1.0, [-10, 5, 20, 20])),   // half of it left of the frame
        (2, card(1.0, [30, 20, 20, 20])),   // a quarter of it within the corner
        (3, card(2.0, [-100, 26, 120, 2])), // begins left of the canvas, which begins at -40
        (4, card(1.0, [50, 0, 10, 10])),    // beside the frame
        (5, card(1.0, [200, 0, 10, 10])),   // beside the canvas
    ];
    let frame = compose(&scene, 0, &layers);
    assert_eq!(frame.amodal.as_ref().unwrap().iter().map(|mask| mask.id).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let found = labels(&scene, &frame);
    let told = |k: usize| {
        let whole = found.annotations[k].amodal.as_ref().unwrap();
        (whole.bbox, whole.area, whole.area_in_frame, whole.truncation, whole.visibility)
    };
    assert_eq!(told(0), ([-10, 5, 20, 20], 400, 200, 0.5, 1.0));
    assert_eq!(told(1), ([30, 20, 20, 20], 400, 100, 0.75, 1.0));
    assert_eq!(told(2), ([-40, 26, 60, 2], 120, 40, 80.0 / 120.0, 1.0));
    // The last two are not of this picture: neither annotated nor left out.
    assert_eq!((found.annotations.len(), found.left_out.len()), (3, 0));
}

/// A behind an unlabelled thing behind C, and D wholly behind C.
fn three_layers(scene: &Scene) -> Frame {
    let layers = [
        (1, card(4.0, [5, 5, 20, 10])),
        (0, card(3.0, [10, 5, 10, 10])),
        (3, card(2.0, [15, 0, 10, 10])),
        (4, card(2.5, [16, 1, 4, 3])),
    ];
    compose(scene, 0, &layers)
}

#[test]
fn who_hides_whom_adds_up() {
    let scene = amodal_scene(4, (40, 30));
    let found = labels(&scene, &three_layers(&scene));
    // A has 20 x 10 pixels. C covers 10 x 5 of them; the unlabelled thing 10 x 10, of which C hides 5 x 5.
    let a = &found.annotations[0];
    let whole = a.amodal.as_ref().unwrap();
    assert_eq!((a.area, whole.area_in_frame), (200 - 50 - 75, 200));
    assert_eq!(whole.hidden_by, [(0, 75), (3, 50)]);
    assert_eq!(whole.visibility, 75.0 / 200.0);
    assert_eq!(found.annotations[1].amodal.as_ref().unwrap().hidden_by, []);
    // D is not seen: it has no annotation, whatever the rules are.
    assert_eq!((found.annotations.len(), found.left_out.len()), (2, 1));
    let d = &found.left_out[0];
    assert_eq!(
        (d.instance_id, d.category_id, d.name.as_str(), d.area, d.reason),
        (4, 2, "balls[1]", 0, Reason::Hidden)
    );
    let whole = d.amodal.as_ref().unwrap();
    assert_eq!((whole.visibility, whole.area_in_frame, whole.hidden_by.as_slice()), (0.0, 12, [(3, 12)].as_slice()));
    assert_eq!(whole.rle.bbox(), [16, 1, 4, 3]);
}

#[test]
fn masks_for_a_rule_alone_are_not_told() {
    let mut scene = amodal_scene(4, (40, 30));
    let frame = three_layers(&scene);
    scene.labels.outputs.remove(&Output::Amodal);
    assert_eq!(labels(&scene, &frame).left_out, [], "nobody asks for masks");
    (scene.labels.min_visibility, scene.labels.below) = (0.375, Below::LeaveOut);
    let found = labels(&scene, &frame);
    assert!(found.annotations.iter().all(|annotation| annotation.amodal.is_none()));
    let left = |found: &Labels| -> Vec<(u32, Reason, u64)> {
        assert!(found.left_out.iter().all(|left| left.amodal.is_none()));
        found.left_out.iter().map(|left| (left.instance_id, left.reason, left.area)).collect()
    };
    assert_eq!(left(&found), [(4, Reason::Hidden, 0)], "75 of 200 are 0.375, which is not below");
    scene.labels.min_visibility = 0.376;
    assert_eq!(left(&labels(&scene, &frame)), [(1, Reason::MinVisibility, 75), (4, Reason::Hidden, 0)]);
}

#[test]
fn masks_that_contradict_a_frame_refuse_it() {
    let scene = amodal_scene(4, (40, 30));
    let good = three_layers(&scene);
    let refused = |change: &dyn Fn(&mut Frame)| {
        let mut frame = good.clone();
        change(&mut frame);
        annotate(&subject(&scene), &frame).unwrap_err()
    };
    assert_eq!(refused(&|frame| frame.amodal = None), AnnotateError::NoAmodal);
    let masks =
        |change: &dyn Fn(&mut Vec<AmodalMask>)| refused(&|frame| change(frame.amodal.as_mut().unwrap())).to_string();
    assert_eq!(masks(&|masks| drop(masks.remove(0))), "mugs[0] is seen in 75 pixels, but has no amodal mask");
    assert_eq!(
        masks(&|masks| masks[0].id = 0),
        "there is an amodal mask of id 0, but the scene has no labelled instance with that id"
    );
    assert_eq!(masks(&|masks| masks.swap(0, 1)), "the amodal mask of mugs[0] comes twice, or after one of a higher id");
    assert_eq!(masks(&|masks| masks[1].id = 1), "the amodal mask of mugs[0] comes twice, or after one of a higher id");
    // Its lowest visible pixel in its last column.
    let without = |masks: &mut Vec<AmodalMask>| {
        let mask = masks[0].inside.clone();
        masks[0].inside = BitMask::empty(5, 5, 20, 10);
        for (x, top, bottom) in mask.runs() {
            (top..bottom).filter(|&y| (x, y) != (24, 14)).for_each(|y| masks[0].inside.insert(x, y));
        }
        masks[0].area -= 1;
    };
    assert_eq!(masks(&without), "mugs[0] is seen at pixel (24, 14), which its amodal mask does not cover");
    // (39, 29) shows nothing.
    let corner = |masks: &mut Vec<AmodalMask>| {
        masks[0] = amodal_mask(&scene, 1, &[(5, 5), (39, 29)]).unwrap();
    };
    assert_eq!(masks(&corner), "the amodal mask of mugs[0] covers pixel (39, 29), but nothing is seen there");
    let broken = |what: &str, change: &dyn Fn(&mut AmodalMask)| {
        let said = masks(&|masks| change(&mut masks[0]));
        assert_eq!(said, format!("the amodal mask of mugs[0] is broken: {what}"));
    };
    broken("it reaches beyond the frame, or beyond its own rectangle", &|mask| mask.inside.x = 21);
    broken("it reaches beyond the frame, or beyond its own rectangle", &|mask| mask.inside.words[0] |= 1 << 10);
    broken("its box is empty or reaches beyond the canvas", &|mask| mask.bbox[2] = 0);
    broken("its box is empty or reaches beyond the canvas", &|mask| mask.bbox = [-41, 5, 66, 10]);
    broken("its box is empty or reaches beyond the canvas", &|mask| mask.bbox = [i32::MAX; 4]);
    broken("its area cannot be that of a mask with its box", &|mask| mask.area = 201);
    broken("its area cannot be that of a mask with its box", &|mask| mask.area = 1);
    broken("its area cannot be that of a mask with its box", &|mask| mask.area = 0);
    broken("its area is larger than its box", &|mask| mask.area = u64::MAX);
    broken("more of it is within the frame than on the canvas", &|mask| mask.area = 199);
    broken("it reaches beyond its box", &|mask| mask.bbox = [6, 5, 20, 10]);
    broken("all of it is within the frame, but its box is another", &|mask| mask.bbox = [5, 5, 21, 10]);
    broken("its box is within the frame, but not all of its pixels are", &|mask| {
        (mask.area, mask.bbox) = (201, [5, 5, 21, 10]);
    });
}

proptest! {
    /// Any frame and any masks that do not contradict it, against one walk over the pixels per pair of instances.
    #[test]
    fn counts_are_those_of_a_naive_walk(
        (width, height) in (1_u32..24, 1_u32..80),
        shown in proptest::collection::vec((0_u32..6, 1_usize..40), 1..60),
        covered in proptest::collection::vec(proptest::bool::ANY, 4 * 24 * 80),
        whole_frame in proptest::bool::ANY,
    ) {
        let scene = amodal_scene(4, (width, height));
        let mut frame = empty_frame(&scene, 0);
        // Runs of surfaces by rows: 0 nothing, 1 the floor, 2 to 5 the labelled ones.
        let mut runs = shown.iter().flat_map(|&(surface, length)| std::iter::repeat_n(surface, length)).cycle();
        for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
            let surface = runs.next().unwrap();
            frame.surfaces.set(x, y, surface);
            frame.ids.set(x, y, surface.saturating_sub(1));
            frame.depth.set(x, y, if surface == 0 { f32::INFINITY } else { 1.0 });
        }
        let pixels = || (0..width).flat_map(|x| (0..height).map(move |y| (x, y)));
        let shows = |x, y| *frame.surfaces.get(x, y).unwrap();
        let is_covered = |id: u32, x: u32, y: u32| {
            let at = ((id - 1) * 24 * 80 + x * 80 + y) as usize;
            shows(x, y) == id + 1 || (shows(x, y) != 0 && covered[at])
        };
        let mask = |id: u32| {
            let list: Vec<_> = pixels().filter(|&(x, y)| is_covered(id, x, y)).collect();
            let signed: Vec<_> = list.iter().map(|&(x, y)| (x.cast_signed(), y.cast_signed())).collect();
            let mut mask = amodal_mask(&scene, id, &signed)?;
            if whole_frame {
                mask.inside = BitMask::empty(0, 0, width, height);
                list.iter().for_each(|&(x, y)| mask.inside.insert(x, y));
            }
            Some(mask)
        };
        frame.amodal = Some((1..=4).filter_map(mask).collect());
        let found = annotate(&subject(&scene), &frame).unwrap();

        for id in 1..=4 {
            let all: Vec<_> = pixels().filter(|&(x, y)| is_covered(id, x, y)).collect();
            let count = |other: u32| all.iter().filter(|&&(x, y)| shows(x, y) == other + 1).count() as u64;
            let hidden_by: Vec<_> = (0..=4).filter(|&o| o != id).map(|o| (o, count(o))).filter(|&(_, n)| n > 0).collect();
            let annotation = found.annotations.iter().find(|annotation| annotation.instance_id == id);
            let left_out = found.left_out.iter().find(|left| left.instance_id == id);
            prop_assert_eq!(annotation.is_some(), count(id) > 0);
            prop_assert_eq!(left_out.is_some(), count(id) == 0 && !all.is_empty());
            let Some(whole) = annotation.map_or_else(|| left_out.map(|left| &left.amodal), |a| Some(&a.amodal)) else { continue };
            let whole = whole.as_ref().unwrap();
            prop_assert_eq!(&whole.hidden_by, &hidden_by);
            prop_assert_eq!(whole.area_in_frame, all.len() as u64);
            prop_assert_eq!(whole.visibility, count(id) as f64 / all.len() as f64);
            let decoded = whole.rle.decode().unwrap();
            prop_assert!(pixels().all(|(x, y)| *decoded.get(x, y).unwrap() == is_covered(id, x, y)));
        }
    }
}
