//! The contact sheet.

mod world;

use std::collections::BTreeSet;

use glam::DVec3;
use scenewright::annotate::{Annotation, KeypointLabel, Labels, Seen, Subject, annotate};
use scenewright::frame::Frame;
use scenewright::image::Image;
use scenewright::preview::{self, Panel, PreviewItem, contact_sheet, instance_color};
use scenewright::scene::{NormalFrame, NormalSurface, Output};
use world::{World, world};

use crate::synthetic::{empty_frame, paint, rectangle, ring, scene, subject};

fn frames(count: u64) -> Vec<(Subject, Frame, Labels)> {
    let one = |index: u64| {
        let scene = scene(index, 12, &["main"], (640, 480));
        let mut frame = empty_frame(&scene, 0);
        let shift = u32::try_from(index).unwrap() * 20;
        for y in 240..480_u16 {
            for x in 0..640 {
                frame.depth.set(x, y.into(), 720.0 / (f32::from(y) - 230.0)); // a floor, to a horizon 72 m away
            }
        }
        paint(&mut frame, 1, 2.5, rectangle([60 + shift, 200, 150, 120]));
        paint(&mut frame, 2, 1.8, ring(320, 260 + shift / 2, 90, 50));
        paint(&mut frame, 3, 1.2, rectangle([420, 330, 200, 130]));
        paint(&mut frame, 4, 1.1, rectangle([450, 300, 60, 90]));
        paint(&mut frame, 6, 9.0, rectangle([630, 10, 2, 2])); // tiny, in a corner
        paint(&mut frame, 9, 4.0, rectangle([0, 0, 40, 30]));
        let labels = annotate(&subject(&scene), &frame).unwrap();
        (subject(&scene), frame, labels)
    };
    (0..count).map(one).collect()
}

fn sheet(of: &[(Subject, Frame, Labels)], cell_width: u32) -> Image<[u8; 3]> {
    let items: Vec<_> = of.iter().map(|(subject, frame, labels)| PreviewItem { subject, frame, labels }).collect();
    contact_sheet(&items, cell_width)
}

fn count_color(image: &Image<[u8; 3]>, color: [u8; 3]) -> usize {
    image.pixels().iter().filter(|pixel| **pixel == color).count()
}

#[test]
fn a_sheet_shows_colour_masks_and_depth_side_by_side() {
    let of = frames(2);
    let sheet = sheet(&of, 320);
    assert_eq!(sheet.width(), 3 * (320 + 6) + 6);
    // One pixel well inside each cell of the first row: caption of 16, gap of 6.
    let at = |panel: u32, x: u32, y: u32| *sheet.get(6 + panel * 326 + x, 6 + 16 + y).unwrap();
    assert_eq!(at(0, 10, 60), [90, 120, 160], "the sky as the camera saw it");
    assert_ne!(at(1, 70, 130), at(0, 70, 130), "masks are tinted");
    assert!(at(2, 260, 220)[0] > at(2, 120, 125)[0], "near is brighter than far");
    for annotation in &of[0].2.annotations {
        assert!(count_color(&sheet, instance_color(annotation.instance_id)) > 20, "{} is drawn", annotation.name);
    }
}

#[test]
fn from_five_frames_on_there_are_two_to_a_row() {
    let (four, five) = (sheet(&frames(4), 96), sheet(&frames(5), 96));
    assert_eq!(five.width(), 2 * four.width());
    assert!(five.height() < four.height());
}

#[test]
fn a_one_pixel_object_still_has_a_box_that_can_be_seen() {
    let scene = scene(0, 1, &["main"], (640, 480));
    let mut frame = empty_frame(&scene, 0);
    paint(&mut frame, 1, 1.0, rectangle([639, 479, 1, 1]));
    let labels = annotate(&subject(&scene), &frame).unwrap();
    let with = sheet(&[(subject(&scene), frame.clone(), labels)], 160);
    // The name's background, and the frame of a box of a few pixels.
    assert!(count_color(&with, instance_color(1)) > 100);
}

#[test]
fn no_size_and_no_number_of_frames_breaks_a_sheet() {
    assert!(sheet(&[], 320).width() > 0);
    for (width, height) in [(1, 1), (1, 3000), (3000, 1), (37, 11)] {
        let scene = scene(7, 1, &["a camera with a name that is longer than any cell is wide"], (width, height));
        let mut frame = empty_frame(&scene, 0);
        paint(&mut frame, 1, 0.5, rectangle([0, 0, 1, 1]));
        let labels = annotate(&subject(&scene), &frame).unwrap();
        for cell_width in [0, 320] {
            assert!(sheet(&[(subject(&scene), frame.clone(), labels.clone())], cell_width).height() > 0);
        }
    }
}

#[test]
fn neighbouring_ids_have_colours_that_differ() {
    for id in 1..2000_u32 {
        let (a, b) = (instance_color(id), instance_color(id + 1));
        let distance: u32 = (0..3).map(|k| u32::from(a[k].abs_diff(b[k]))).sum();
        assert!(distance > 100, "ids {id} and {}: {a:?} and {b:?}", id + 1);
    }
}

/// Sheets to look at: the test run with this variable set to the name of a PNG writes one with every output.
const WRITE_SAMPLE: &str = "SCENEWRIGHT_WRITE_SAMPLE_SHEET";

fn item(of: &World) -> PreviewItem<'_> {
    PreviewItem { subject: &of.subject, frame: &of.frame, labels: &of.labels }
}

/// The cell of one output on a sheet as wide as the frame, so that pixels of the cell are pixels of the frame.
fn one_cell(of: &World, output: Output) -> (Image<[u8; 3]>, String) {
    let sheet = preview::sheet(&[item(of)], of.frame.rgb.width());
    let cell = sheet.cells.iter().find(|cell| cell.panel == Panel::Output(output)).unwrap();
    let [left, top, width, height] = cell.bbox;
    assert_eq!((width, height), (of.frame.rgb.width(), of.frame.rgb.height()));
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let pixels = pixels.map(|(x, y)| *sheet.image.get(left + x, top + y).unwrap()).collect();
    (Image::new(width, height, pixels).unwrap(), cell.caption.clone())
}

const NORMALS: Output = Output::Normals { frame: NormalFrame::Camera, surface: NormalSurface::Shaded };
const WORLD_NORMALS: Output = Output::Normals { frame: NormalFrame::World, surface: NormalSurface::Shaded };

#[test]
fn a_sheet_has_a_cell_for_each_output_that_is_asked_for_and_no_other() {
    let size = (64, 48);
    let panels = |outputs: &[Output]| -> Vec<Panel> {
        let world = world(0, size, outputs.iter().copied());
        preview::sheet(&[item(&world)], 96).cells.into_iter().map(|cell| cell.panel).collect()
    };
    assert_eq!(panels(&[]), [Panel::Color, Panel::Labels]);
    assert_eq!(panels(&[Output::Depth, Output::Ids]), [Panel::Color, Panel::Labels, Panel::Output(Output::Depth)]);
    let some = [Output::Panoptic, Output::Uv, NORMALS, Output::Range, Output::Semantic];
    let in_order = [Output::Semantic, Output::Range, NORMALS, Output::Uv, Output::Panoptic].map(Panel::Output);
    assert_eq!(panels(&some)[2..], in_order, "whatever the order they are asked for in");
    assert_eq!(panels(&Output::ALL).len(), 2 + 20, "ids are what the cell of labels shows");

    // Two scenes that ask for different things still have the same cells, so that they can be compared.
    let (a, b) = (world(0, size, [Output::Depth]), world(1, size, [Output::Uv]));
    let both = preview::sheet(&[item(&a), item(&b)], 96);
    let of = |number: usize| both.cells.iter().filter(|c| c.item == number).map(|c| c.panel).collect::<Vec<_>>();
    assert_eq!(of(0), of(1));
    assert_eq!(of(0)[2..], [Output::Depth, Output::Uv].map(Panel::Output));
}

#[test]
fn many_cells_wrap_into_lines_and_none_covers_another() {
    let worlds: Vec<_> = (0..2).map(|index| world(index, (640, 480), Output::ALL)).collect();
    let sheet = preview::sheet(&worlds.iter().map(item).collect::<Vec<_>>(), 320);
    assert_eq!((sheet.image.width(), sheet.left_out), (6 * 326 + 6, 0));
    assert_eq!(sheet.cells.len(), 2 * 22);
    let caption = 16;
    for (k, a) in sheet.cells.iter().enumerate() {
        let [x, y, width, height] = a.bbox;
        assert!(y >= caption && x + width < sheet.image.width() && y + height < sheet.image.height(), "{a:?}");
        for b in &sheet.cells[k + 1..] {
            let apart = b.bbox[0] >= x + width || x >= b.bbox[0] + b.bbox[2] || b.bbox[1] - caption >= y + height;
            assert!(apart, "{a:?} and {b:?}");
        }
    }
    let lines: BTreeSet<u32> = sheet.cells[..22].iter().map(|cell| cell.bbox[1]).collect();
    assert_eq!(lines.len(), 4);
    if let Some(path) = std::env::var_os(WRITE_SAMPLE) {
        std::fs::write(path, scenewright::write::encode::rgb_png(&sheet.image).unwrap()).unwrap();
    }
}

#[test]
fn captions_say_what_is_shown_and_in_which_unit() {
    let world = world(0, (320, 240), Output::ALL);
    let captions: Vec<String> = preview::sheet(&[item(&world)], 320).cells.into_iter().map(|c| c.caption).collect();
    let of = |name: &str| captions.iter().find(|caption| caption.starts_with(name)).unwrap().as_str();
    assert_eq!(captions[0], "000000 main");
    assert_eq!(captions[1], "5 instances, 1 left out");
    assert_eq!(of("semantic"), "semantic: 3 categories");
    assert_eq!(of("parts"), "parts 1 to 3");
    assert_eq!(of("depth"), "depth 2.09 m to 18.42 m");
    assert_eq!(of("range"), "range 2.21 m to 20.69 m");
    assert_eq!(of("normals_camera"), "normals_camera: red +x, green -y, blue -z");
    assert_eq!(of("geometric_normals_world"), "geometric_normals_world: red +x, green +y, blue +z");
    assert_eq!(of("nocs"), "nocs 0 to 1: red x, green y, blue z");
    assert_eq!(of("uv"), "uv: red u, green v, checks of 1/8");
    assert_eq!(of("albedo"), "albedo, sRGB");
    assert_eq!(of("roughness"), "roughness 0 to 1");
    assert_eq!(of("metallic"), "metallic 0 to 1");
    assert_eq!(of("emission"), "emission up to 900 cd/m2");
    assert_eq!(of("amodal"), "amodal: 6 whole, % seen, 1 hidden");
    assert_eq!(of("poses"), "poses: 5, x red, y green, z blue");
    assert_eq!(of("boxes3d"), "boxes3d: 5 oriented, thin edges behind");
    assert_eq!(of("keypoints"), "keypoints: 4 seen, 1 hidden (rings), 5 absent");
    assert_eq!(of("panoptic"), "panoptic: 5 segments, 1 marked (striped)");
    // The ends of the colours: of the middle 96 % of what is seen.
    let position = of("position");
    assert!(position.starts_with("position, m: x -") && position.contains(" y 0..0."), "{position}");
}

#[test]
fn normals_are_coloured_by_where_they_point() {
    let mut world = world(0, (320, 240), [NORMALS, WORLD_NORMALS]);
    // Straight at the camera, to its right, and up as it sees it; then the world's axes.
    let camera = world.subject.scene.cameras[0].rotation;
    let normals = world.frame.shaded_normals.as_mut().unwrap();
    for (x, normal) in (100..).zip([camera * DVec3::Z, camera * DVec3::X, camera * DVec3::Y, DVec3::Y]) {
        normals.set(x, 100, normal.as_vec3().to_array());
    }
    normals.set(104, 100, [0.0; 3]);
    let (of_camera, _) = one_cell(&world, NORMALS);
    let at = |x: u32| *of_camera.get(x, 100).unwrap();
    for (x, expected) in (100..).zip([[128, 128, 255], [255, 128, 128], [128, 255, 128_u8]]) {
        let found = at(x);
        assert!((0..3).all(|k| found[k].abs_diff(expected[k]) <= 1), "{found:?}, not {expected:?}");
    }
    assert_eq!(*one_cell(&world, WORLD_NORMALS).0.get(103, 100).unwrap(), [128, 255, 128]);
    assert!(at(104)[0].abs_diff(at(104)[2]) < 8 && at(104)[0] < 60, "nothing is there: {:?}", at(104));
    // The ball in the corner: its middle has the colour of what faces the camera.
    let ball = of_camera.get(34, 198); // a little off it, where no axis is drawn
    assert!(ball.is_some_and(|c| c[2] > 245 && c[0].abs_diff(128) < 24 && c[1].abs_diff(128) < 24), "{ball:?}");
}

#[test]
fn coordinates_are_coloured_by_the_box_and_scale_of_their_instance() {
    let world = world(0, (320, 240), [Output::Nocs, Output::Position]);
    let (nocs, _) = one_cell(&world, Output::Nocs);
    // On the front of the first crate, from the definition: ((p - c) * s) / |e * s| + 0.5.
    let (x, y) = (110, 110);
    assert_eq!(world.frame.ids.get(x, y), Some(&1));
    let p = DVec3::from_array(world.frame.coordinates.as_ref().unwrap().get(x, y).unwrap().map(f64::from));
    let (scale, edge) = (DVec3::new(1.0, 1.4, 1.0), 0.6);
    let expected = (p * scale / (scale * edge).length() + 0.5) * 255.0;
    let found = *nocs.get(x, y).unwrap();
    for k in 0..3 {
        assert!((f64::from(found[k]) - expected[k]).abs() <= 0.51, "{found:?}, not {expected}");
    }
    // Up the front of the crate, green grows; the floor at its foot has none.
    let (position, _) = one_cell(&world, Output::Position);
    assert!(position.get(110, 90).unwrap()[1] > position.get(110, 150).unwrap()[1] + 50);
    assert_eq!(position.get(200, 230).unwrap()[1], 0);
}

#[test]
fn segments_are_coloured_by_category_and_told_apart_within_it() {
    let world = world(0, (320, 240), [Output::Semantic, Output::Parts, Output::Panoptic]);
    let find = |id: u32| {
        let ids = &world.frame.ids;
        let pixels = (0..320 * 240).map(|k| (k % 320, k / 320));
        // Well inside, away from outlines.
        let well = |x: u32, y: u32| (0..5).all(|d| ids.get(x + d, y) == Some(&id) && ids.get(x, y + d) == Some(&id));
        pixels.into_iter().find(|&(x, y)| well(x, y)).unwrap()
    };
    let color = |image: &Image<[u8; 3]>, (x, y): (u32, u32)| *image.get(x, y).unwrap();
    let (semantic, _) = one_cell(&world, Output::Semantic);
    let (panoptic, _) = one_cell(&world, Output::Panoptic);
    assert_eq!(color(&semantic, find(2)), color(&semantic, find(3)), "two balls");
    assert_ne!(color(&semantic, find(1)), color(&semantic, find(2)), "a crate and a ball");
    assert_ne!(color(&panoptic, find(2)), color(&panoptic, find(3)), "two balls");
    assert_eq!(color(&panoptic, find(1)), color(&semantic, find(1)), "the first of its category");
    assert_eq!(color(&semantic, (5, 200)), color(&panoptic, (5, 200)), "void");
    let (parts, _) = one_cell(&world, Output::Parts);
    let top = |(x, y): (u32, u32)| color(&parts, (x, y + 1));
    assert_eq!(top(find(2)), top(find(3)), "the upper halves of two balls are the same part");
    assert_eq!(color(&parts, (5, 200)), color(&semantic, (5, 200)), "the floor is not labelled");
}

#[test]
fn an_amodal_outline_is_dashed_all_around_what_is_hidden() {
    let world = world(0, (320, 240), [Output::Amodal]);
    let (cell, _) = one_cell(&world, Output::Amodal);
    // The second ball: a third of it is behind the crate.
    let amodal = world.labels.annotations.iter().find(|a| a.instance_id == 2).unwrap().amodal.as_ref().unwrap();
    let mask = amodal.rle.decode().unwrap();
    let inside = |x: u32, y: u32| mask.get(x, y) == Some(&true);
    let color = instance_color(2);
    let (mut drawn, mut hidden, mut gaps) = (0, 0, 0);
    for (x, y) in (1..239).flat_map(|y| (1..319).map(move |x| (x, y))) {
        let border =
            inside(x, y) && ![(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)].iter().all(|&(x, y)| inside(x, y));
        if border {
            if cell.get(x, y) == Some(&color) {
                drawn += 1;
                hidden += u32::from(world.frame.ids.get(x, y) == Some(&1));
            } else {
                gaps += 1;
            }
        }
    }
    assert!(drawn > 60 && gaps > 40, "{drawn} pixels drawn, {gaps} not");
    assert!(hidden > 20, "{hidden} of them over the crate that hides it");
    // The fifth is hidden whole, and drawn from what was left out.
    assert!(count_color(&cell, instance_color(5)) > 60);
}

#[test]
fn what_leaves_the_frame_has_no_outline_there_but_an_arrow() {
    let world = world(0, (320, 240), [Output::Amodal]);
    let (cell, _) = one_cell(&world, Output::Amodal);
    let amodal = world.labels.annotations.iter().find(|a| a.instance_id == 4).unwrap().amodal.as_ref().unwrap();
    assert!(amodal.bbox[0] + amodal.bbox[2] > 320 && amodal.truncation > 0.5, "{amodal:?}");
    let column = |x: u32| (0..240).filter(|&y| cell.get(x, y) == Some(&instance_color(4))).count();
    let name = 10 + 2;
    // The tip, the name and two crossings of the outline; a line along the edge would be 70 pixels long.
    assert!((name..name + 12).contains(&column(319)), "{}", column(319));
    let middle = u32::try_from(amodal.bbox[1] + amodal.bbox[3] / 2).unwrap();
    assert_eq!(cell.get(316, middle), Some(&instance_color(4)), "the arrow");
}

#[test]
fn boxes_in_space_are_drawn_from_corner_to_corner() {
    let world = world(0, (640, 480), [Output::Boxes3d]);
    let (cell, _) = one_cell(&world, Output::Boxes3d);
    let annotation = world.labels.annotations.iter().find(|a| a.instance_id == 1).unwrap();
    let solid = &annotation.box3d.as_ref().unwrap().oriented;
    let (bright, dark) = (instance_color(1), instance_color(1).map(|c| c.div_ceil(2)));
    let near = |[x, y]: [f64; 2], color: [u8; 3]| {
        let (x, y) = (at(x), at(y));
        (x - 2..=x + 2).any(|x| (y - 2..=y + 2).any(|y| cell.get(x, y) == Some(&color)))
    };
    let corners = solid.pixels.map(Option::unwrap);
    let furthest = (0..8).max_by(|&a, &b| solid.corners[a][2].total_cmp(&solid.corners[b][2])).unwrap();
    for (k, corner) in corners.into_iter().enumerate() {
        assert!(near(corner, if k == furthest { dark } else { bright }), "corner {k} at {corner:?}");
        for other in [1, 2, 4].map(|bit| k ^ bit) {
            let behind = k == furthest || other == furthest;
            let quarter = std::array::from_fn(|axis| corner[axis] * 0.75 + corners[other][axis] * 0.25);
            assert!(near(quarter, if behind { dark } else { bright }), "a quarter from corner {k} to {other}");
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the frame")]
fn at(coordinate: f64) -> u32 {
    coordinate.floor() as u32
}

#[test]
fn a_box_around_the_camera_is_cut_where_the_camera_sees_nothing() {
    let mut world = world(0, (320, 240), [Output::Boxes3d]);
    let solid = &mut world.labels.annotations[0].box3d.as_mut().unwrap().oriented;
    // From a metre behind the camera to a metre before it, so that four edges run through the plane of its centre.
    solid.corners = std::array::from_fn(|k| {
        [1, 2, 4].map(|bit| if k & bit == 0 { -1.0 } else { 1.0 } * if bit == 4 { 1.0 } else { 0.3 })
    });
    let (x, y) = (160.0 + 0.3 * 352.0, 120.0 + 0.3 * 352.0);
    world.labels.annotations.truncate(1);
    let (cell, _) = one_cell(&world, Output::Boxes3d);
    let dark = instance_color(1).map(|c| c.div_ceil(2));
    // The edge from the far corner towards the camera goes outwards from the middle of the picture.
    assert!(y < 240.0 && x < 320.0);
    assert_eq!(cell.get(at(x), at(y)), Some(&dark));
    assert_eq!(cell.get(at(x) + 8, at(y) + 8), Some(&dark));
    assert_eq!(count_color(&cell, instance_color(1)).min(1), 1, "its name");
}

#[test]
fn poses_are_axes_at_the_origin() {
    let world = world(0, (640, 480), [Output::Poses]);
    let (cell, _) = one_cell(&world, Output::Poses);
    let (camera, instance) = (&world.subject.scene.cameras[0], &world.subject.scene.instances[1]);
    // Half way along each axis, which are 0.6 of the crate's longest edge long.
    for (axis, color) in [(DVec3::X, [255, 64, 64]), (DVec3::Y, [64, 220, 64]), (DVec3::Z, [80, 140, 255])] {
        let point = instance.position + instance.rotation * axis * (0.3 * 0.6 * 1.4);
        let pixel = camera.project(point).unwrap().pixel;
        let (x, y) = (at(pixel.x), at(pixel.y));
        let found = (x - 2..=x + 2).any(|x| (y - 2..=y + 2).any(|y| cell.get(x, y) == Some(&color)));
        assert!(found, "axis {axis} at {pixel}");
    }
}

#[test]
fn keypoints_are_discs_where_seen_and_rings_where_hidden() {
    let mut world = world(0, (320, 240), [Output::Keypoints]);
    let at = |name: &str, x: f64, y: f64, seen| KeypointLabel { name: name.into(), x, y, seen };
    world.labels.annotations.retain(|annotation| annotation.instance_id == 1);
    world.labels.annotations[0].keypoints = Some(vec![
        at("left foot", 50.5, 60.5, Seen::Visible),
        at("right foot", 150.5, 60.5, Seen::Hidden),
        at("left top", 250.5, 160.5, Seen::Visible),
        at("right top", 0.0, 0.0, Seen::Absent),
        at("back", 50.5, 160.5, Seen::Visible),
    ]);
    let (cell, caption) = one_cell(&world, Output::Keypoints);
    assert_eq!(caption, "keypoints: 3 seen, 1 hidden (rings), 1 absent");
    let pixel = |x: u32, y: u32| *cell.get(x, y).unwrap();
    let disc = pixel(50, 60);
    assert!([pixel(48, 60), pixel(52, 60), pixel(50, 58), pixel(50, 62)].iter().all(|c| *c == disc), "a disc");
    let ring = pixel(147, 60);
    assert!([pixel(153, 60), pixel(150, 57), pixel(150, 63)].iter().all(|c| *c == ring), "a ring");
    assert_ne!(pixel(150, 61), ring, "which is hollow");
    assert_ne!(ring, disc, "each has its own colour");
    // The skeleton of crates joins 0 and 1, and 2 and 0; nothing leads to an absent point.
    let (whole, dim) = (instance_color(1), instance_color(1).map(|c| at_share(c, 0.6)));
    let column = |x: u32, color: [u8; 3]| (0..240).any(|y| pixel(x, y) == color);
    assert!((0..2).any(|d| pixel(150, 110 + d) == whole), "from disc to disc, through the middle of the picture");
    assert!(column(75, dim) && pixel(75, 60) == dim, "darker to a ring");
    assert!((0..240).all(|y| pixel(10, y) != whole && pixel(10, y) != dim));
    assert_ne!(pixel(0, 0), disc);
}

fn at_share(channel: u8, share: f64) -> u8 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..=255")]
    let channel = (f64::from(channel) * share).round() as u8;
    channel
}

#[test]
fn what_was_not_rendered_is_hatched_and_said() {
    let mut world = world(0, (320, 240), Output::ALL);
    let frame = &mut world.frame;
    (frame.shaded_normals, frame.geometric_normals, frame.uv, frame.coordinates) = (None, None, None, None);
    (frame.albedo, frame.roughness, frame.metallic, frame.emission, frame.amodal) = (None, None, None, None, None);
    world.labels.panoptic = None;
    world.labels.left_out.clear();
    for annotation in &mut world.labels.annotations {
        (annotation.amodal, annotation.pose, annotation.box3d, annotation.keypoints) = (None, None, None, None);
    }
    let sheet = preview::sheet(&[item(&world)], 320);
    let missing = sheet.cells.iter().filter(|cell| cell.caption.ends_with(": not rendered")).count();
    // All but colour, labels, semantic, parts, depth, range, position, and keypoints, which an instance need not have.
    assert_eq!(missing, 22 - 8);
    let (cell, caption) = one_cell(&world, Output::Emission);
    assert_eq!(caption, "emission: not rendered");
    let stripes: BTreeSet<[u8; 3]> = (0..40).map(|x| *cell.get(x, 5).unwrap()).collect();
    assert_eq!(stripes.len(), 2);
}

/// Every output of frames of any shape, with planes and labels that are of no use.
#[test]
fn no_size_and_no_nonsense_breaks_any_panel() {
    for (width, height) in [(1, 1), (9, 40), (3000, 1), (37, 11), (5, 5)] {
        let mut world = world(0, (width, height), Output::ALL);
        for cell_width in [0, 320] {
            assert_eq!(preview::sheet(&[item(&world)], cell_width).cells.len(), 22);
        }
        world.frame.owners = [].into();
        world.frame.uv = Some(Image::filled(1, 1, [f32::NAN, f32::INFINITY]));
        world.frame.emission = Some(Image::filled(width, height, [f32::NAN, f32::INFINITY, -1.0]));
        world.frame.coordinates = Some(Image::filled(0, 0, [0.0; 3]));
        world.subject.scene.categories.clear();
        world.subject.solids.clear();
        world.frame.camera = 7;
        let (big, nan) = (1e300, f64::NAN);
        let labels = &mut world.labels;
        labels.camera.fx = big;
        let mut nonsense = world::nonsense_annotation(labels);
        for values in [[big, -big, big], [nan; 3], [0.0; 3], [-1.0, 1.0, 1e-300]] {
            let solid = &mut nonsense.box3d.as_mut().unwrap().oriented;
            solid.corners = [values; 8];
            solid.corners[3] = [big; 3];
            solid.center = values;
            let pose = nonsense.pose.as_mut().unwrap();
            pose.camera_from_object = [[values[0], values[1], values[2], nan]; 4];
            let seen = Seen::Hidden;
            nonsense.keypoints = Some(vec![KeypointLabel { name: "?".into(), x: values[0], y: values[1], seen }; 3]);
            labels.annotations.push(nonsense.clone());
        }
        for cell_width in [0, 320] {
            assert_eq!(preview::sheet(&[item(&world)], cell_width).cells.len(), 22);
        }
    }
}

#[test]
fn a_sheet_that_would_be_too_large_gets_smaller_cells_and_then_fewer_frames() {
    let scene = {
        let mut scene = scene(0, 0, &["main"], (1, 3000));
        scene.labels.outputs = Output::ALL.into();
        scene
    };
    let (subject, mut frame) = (subject(&scene), empty_frame(&scene, 0));
    frame.amodal = Some(Vec::new());
    let labels = annotate(&subject, &frame).unwrap();
    let sheet = preview::sheet(&[PreviewItem { subject: &subject, frame: &frame, labels: &labels }; 40], 2048);
    assert_eq!(sheet.cells[0].bbox[2], 96);
    assert!(sheet.left_out > 0 && sheet.cells.len() == 22 * (40 - sheet.left_out));
    assert!(sheet.image.pixels().len() <= 101_000_000, "and it says so at its foot");
}

#[test]
fn in_a_crowd_names_leave_the_outlines_to_be_seen() {
    let mut scene = scene(0, 200, &["main"], (640, 480));
    scene.labels.outputs = [Output::Boxes3d].into();
    let frame = empty_frame(&scene, 0);
    let mut crowd = world(0, (640, 480), [Output::Boxes3d]);
    let one = crowd.labels.annotations[0].clone();
    crowd.labels.annotations = (1..=200).map(|id| Annotation { instance_id: id, ..one.clone() }).collect();
    let colors: BTreeSet<[u8; 3]> = (1..=200).map(instance_color).collect();
    let labels = &crowd.labels;
    let sheet = preview::sheet(&[PreviewItem { subject: &subject(&scene), frame: &frame, labels }], 640);
    let cell = sheet.cells.iter().find(|cell| cell.panel == Panel::Output(Output::Boxes3d)).unwrap();
    assert!(cell.caption.starts_with("boxes3d: 200 oriented, thin edges behind, 1"), "{}", cell.caption);
    let [left, top, width, height] = cell.bbox;
    let pixels = (top..top + height).flat_map(|y| (left..left + width).map(move |x| (x, y)));
    let covered = pixels.filter(|&(x, y)| colors.contains(sheet.image.get(x, y).unwrap())).count();
    assert!(covered < 640 * 480 / 3, "{covered} pixels under names and lines");
}
