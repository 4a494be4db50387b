//! Amodal masks: each instance as it would be seen alone, whatever hides it, and what the frame cuts off.

use glam::{DQuat, DVec2, DVec3};
use scenewright::frame::{AmodalMask, Frame};
use scenewright::image::Image;
use scenewright::scene::{Material, Output, Scene, Shape};

use crate::build::{add, add_unlabelled, last, scene, stand_up};
use crate::harness::{Case, ensure, new_renderer, render_one, texture};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("an_amodal_mask_is_what_is_seen_of_the_instance_alone", alone),
        ("a_rectangle_cut_by_the_frame_is_counted_to_its_end_on_the_canvas", canvas),
        ("what_reaches_beyond_the_canvas_ends_there", beyond_the_canvas),
        ("masks_are_the_same_however_little_memory_they_get", little_memory),
        ("a_thousand_instances_keep_their_masks", a_thousand),
        ("a_cut_out_is_cut_out_of_its_amodal_mask", cut_out),
        ("an_instance_through_the_near_plane_ends_at_it", near_plane),
    ]
}

fn with_masks(mut scene: Scene) -> Scene {
    scene.labels.outputs = [Output::Amodal].into();
    scene
}

fn mask(frame: &Frame, id: u32) -> Option<&AmodalMask> {
    frame.amodal.as_ref().expect("amodal masks were asked for").iter().find(|mask| mask.id == id)
}

/// The same scene with one labelled instance and nothing else.
fn only(scene: &Scene, id: u32) -> Scene {
    let mut alone = scene.clone();
    alone.instances.retain(|instance| instance.id == id);
    alone.instances[0].id = 1;
    alone
}

fn pixels(image: &Image<u32>) -> impl Iterator<Item = (u32, u32, u32)> {
    let width = image.width();
    image.pixels().iter().zip(0..).map(move |(&value, position)| (position % width, position / width, value))
}

/// Things of every shape at pseudo-random places, most of them before or behind another, some cut by the frame.
fn heap(count: u32) -> Scene {
    let mut s = scene(96, 64);
    let mut state = 1_u32;
    let mut random = move || {
        // Numerical Recipes' generator: any will do.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 24)
    };
    add_unlabelled(&mut s, Shape::Box(DVec3::new(0.6, 0.5, 0.1)), DVec3::new(0.2, 0.1, -1.6));
    for k in 0..count {
        let shape = match k % 5 {
            0 => Shape::Box(DVec3::new(0.3, 0.2, 0.25)),
            1 => Shape::Sphere(0.14),
            2 => Shape::Torus { major_radius: 0.14, minor_radius: 0.05 },
            3 => Shape::Cone { radius: 0.12, height: 0.3 },
            _ => Shape::Cylinder { radius: 0.1, height: 0.25 },
        };
        let place = DVec3::new(random() * 3.0 - 1.5, random() * 2.0 - 1.0, -1.3 - 1.4 * random());
        add(&mut s, shape, place);
        last(&mut s).rotation =
            DQuat::from_euler(glam::EulerRot::XYZ, random() * 6.0, random() * 6.0, random() * 6.0).normalize();
        if k % 7 == 3 {
            last(&mut s).scale = DVec3::new(-1.3, 0.7, 1.0);
        }
    }
    with_masks(s)
}

/// Rendered without the others, exactly the pixels of the mask show the instance; nothing is left to tolerance. On the canvas the
/// comparison is with an image three times as wide and high, whose arithmetic is another: a pixel in fifty of the outline.
fn alone() -> Result<(), String> {
    let s = heap(40);
    let together = render_one(&s);
    let (w, h) = (s.image.width, s.image.height);
    let (mut hidden, mut cut) = (0, 0);
    for id in 1..=40 {
        let alone = only(&s, id);
        let seen = render_one(&alone);
        let empty = scenewright::frame::BitMask::default();
        let inside = mask(&together, id).map_or(&empty, |mask| &mask.inside);
        for (x, y, shown) in pixels(&seen.ids) {
            let (shown, covered) = (shown == 1, inside.contains(x, y));
            ensure(shown == covered, || format!("id {id} at ({x}, {y}): seen alone {shown}, in its mask {covered}"))?;
            hidden += usize::from(covered && together.ids.get(x, y) != Some(&id));
        }

        let mut wide = alone.clone();
        (wide.image.width, wide.image.height) = (3 * w, 3 * h);
        (wide.cameras[0].cx, wide.cameras[0].cy) =
            (wide.cameras[0].cx + f64::from(w), wide.cameras[0].cy + f64::from(h));
        let on_canvas = render_one(&wide);
        let area = on_canvas.ids.pixels().iter().filter(|&&id| id == 1).count() as u64;
        let found = mask(&together, id);
        let (found_area, bbox) = found.map_or((0, [0; 4]), |mask| (mask.area, mask.bbox));
        ensure(found_area.abs_diff(area) <= 2 + area / 100, || {
            format!("id {id}: {found_area} pixels on the canvas, not {area}")
        })?;
        if area > 3 {
            let columns = pixels(&on_canvas.ids).filter(|&(_, _, id)| id == 1).map(|(x, _, _)| x.cast_signed());
            let (left, right) = columns.fold((i32::MAX, 0), |(l, r), x| (l.min(x), r.max(x + 1)));
            let expected = [left - w.cast_signed(), right - left];
            let off = (bbox[0] - expected[0]).abs().max((bbox[2] - expected[1]).abs());
            ensure(off <= 1, || format!("id {id}: box {bbox:?}, not {expected:?} along x"))?;
        }
        cut += usize::from(found.is_some_and(|mask| mask.area > mask.inside.area()));
    }
    ensure(hidden > 300 && cut > 5, || format!("{hidden} hidden pixels and {cut} cut instances prove nothing"))
}

/// A square of 40 by 40 pixels whose middle is the frame's left edge: 20 columns are within, 20 without, at rows 20 to 60 of 80.
fn canvas() -> Result<(), String> {
    let mut s = with_masks(scene(100, 80));
    let id = add(&mut s, Shape::Plane(DVec2::splat(0.8)), DVec3::new(-1.0, 0.0, -2.0));
    stand_up(&mut s);
    let frame = render_one(&s);
    let mask = mask(&frame, id).ok_or("no mask")?;
    ensure(mask.bbox == [-20, 20, 40, 40] && mask.area == 1600 && mask.inside.area() == 800, || format!("{mask:?}"))
}

/// A wall of 1000 m at 2 m covers the whole canvas and no more.
fn beyond_the_canvas() -> Result<(), String> {
    let mut s = with_masks(scene(70, 50));
    let id = add(&mut s, Shape::Plane(DVec2::splat(1000.0)), DVec3::new(0.0, 0.0, -2.0));
    stand_up(&mut s);
    let frame = render_one(&s);
    let mask = mask(&frame, id).ok_or("no mask")?;
    let whole = mask.bbox == [-70, -50, 210, 150] && mask.area == 210 * 150 && mask.inside.area() == 70 * 50;
    ensure(whole, || format!("{:?}, {}, {}", mask.bbox, mask.area, mask.inside.area()))
}

/// From all at once to a few columns at a time, in hundreds of batches.
fn little_memory() -> Result<(), String> {
    let s = heap(60);
    let mut renderer = new_renderer();
    let at_once = renderer.render(&s).unwrap();
    for words in [4000, 300, 20, 1] {
        renderer.limit_mask_memory(Some(words));
        ensure(renderer.render(&s).unwrap() == at_once, || format!("with {words} words the masks are others"))?;
    }
    Ok(())
}

/// One behind the other, growing with distance, so that each shows a rim or nothing: every mask is a rectangle known on paper.
fn a_thousand() -> Result<(), String> {
    let mut s = with_masks(scene(320, 240));
    // Instance k stands at depth z = 1 + k / 100 with a half size of (2 + k % 50) px, at a centre that wanders over the frame.
    let place = |k: i32| (20 + k * 37 % 280, 20 + k * 53 % 200, 2 + k % 50);
    for k in 0..1000 {
        let (x, y, half) = place(k);
        let depth = 1.0 + f64::from(k) / 100.0;
        // Focal length 320: one pixel is depth / 320 metres wide.
        let metres = |pixels: f64| pixels * depth / 320.0;
        let centre = DVec3::new(metres(f64::from(x) - 160.0), metres(120.0 - f64::from(y)), -depth);
        add(&mut s, Shape::Plane(DVec2::splat(metres(2.0 * f64::from(half)))), centre);
        stand_up(&mut s);
    }
    let frame = render_one(&s);
    for k in 0..1000 {
        let (x, y, half) = place(k);
        let found = mask(&frame, k.cast_unsigned() + 1).ok_or_else(|| format!("no mask of {k}"))?;
        let expected = [x - half, y - half, 2 * half, 2 * half];
        let area = 4 * u64::from((half * half).cast_unsigned());
        ensure(found.bbox == expected && found.area == area, || {
            format!("instance {k}: {:?} with {} pixels, not {expected:?} with {area}", found.bbox, found.area)
        })?;
    }
    Ok(())
}

/// A sheet with round holes, before a wall: the holes are in neither mask.
fn cut_out() -> Result<(), String> {
    let holes = texture("mask-holes", 16, |x, y| {
        let (dx, dy) = (f64::from(x) - 7.5, f64::from(y) - 7.5);
        [200, 90, 60, if dx * dx + dy * dy < 30.0 { 0 } else { 255 }]
    });
    let mut s = with_masks(scene(96, 64));
    let id = add(&mut s, Shape::Plane(DVec2::new(1.2, 0.9)), DVec3::new(0.3, 0.0, -2.0));
    stand_up(&mut s);
    last(&mut s).material =
        Some(Material { base_color_texture: Some(holes), alpha_mask: Some(0.5), ..Material::default() });
    add(&mut s, Shape::Box(DVec3::new(0.5, 0.5, 0.1)), DVec3::new(0.4, 0.0, -1.5));
    let frame = render_one(&s);
    let seen = render_one(&only(&s, id));
    let found = mask(&frame, id).ok_or("no mask")?;
    let mut holes = 0;
    for (x, y, shown) in pixels(&seen.ids) {
        ensure((shown == 1) == found.inside.contains(x, y), || format!("({x}, {y}) differs"))?;
        holes += usize::from(shown == 0 && (40..70).contains(&x) && (20..44).contains(&y));
    }
    ensure(holes > 50, || "there are no holes".into())
}

/// A floor that runs from behind the camera to the horizon: its mask is the visible one, and ends at the canvas.
fn near_plane() -> Result<(), String> {
    let mut s = with_masks(scene(96, 64));
    let id = add(&mut s, Shape::Plane(DVec2::splat(200.0)), DVec3::new(0.0, -1.0, 0.0));
    let frame = render_one(&s);
    let found = mask(&frame, id).ok_or("no mask")?;
    for (x, y, shown) in pixels(&frame.ids) {
        ensure((shown == id) == found.inside.contains(x, y), || format!("({x}, {y}) differs"))?;
    }
    // Horizon at the middle row, 1 m / 100 m x 96 px below it: row 33 at the latest. The canvas ends at row 128.
    let [x, y, w, h] = found.bbox;
    ensure((x, w, y + h) == (-96, 288, 128) && (32..=33).contains(&y), || format!("{:?}", found.bbox))
}
