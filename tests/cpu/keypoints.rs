//! Keypoints: which corners of a cube are seen, and every edge of the rule.

use glam::{DQuat, DVec2, DVec3};
use scenewright::annotate::{AnnotateError, KeypointLabel, Seen, annotate};
use scenewright::scene::camera::look_at;
use scenewright::scene::{Keypoint, Output, Scene, Shape};

use crate::synthetic::{Layer, compose, empty_frame, paint, rectangle, scene, subject};

/// One labelled instance at the origin, with these keypoints; the camera at the origin looks down -Z.
fn pointed(points: &[(&str, DVec3)], tolerance: f64) -> Scene {
    let mut scene = scene(0, 1, &["main"], (64, 48));
    scene.labels.outputs.insert(Output::Keypoints);
    scene.categories[0].keypoints = points.iter().map(|(name, _)| (*name).to_owned()).collect();
    scene.instances[1].keypoints =
        points.iter().map(|&(name, position)| Keypoint { name: name.to_owned(), position }).collect();
    scene.instances[1].keypoint_tolerance = tolerance;
    let camera = &mut scene.cameras[0];
    (camera.position, camera.rotation) = (DVec3::ZERO, DQuat::IDENTITY);
    (camera.fx, camera.fy, camera.cx, camera.cy, camera.near) = (100.0, 100.0, 32.0, 24.0, 0.1);
    scene
}

/// The point that projects to a pixel position, at a depth.
fn at(x: f64, y: f64, depth: f64) -> DVec3 {
    DVec3::new((x - 32.0) / 100.0 * depth, -(y - 24.0) / 100.0 * depth, -depth)
}

/// Labels of a frame that shows the instance in one far corner, and whatever `change` makes of it.
fn label(scene: &Scene, change: impl Fn(&mut scenewright::frame::Frame)) -> Vec<KeypointLabel> {
    let mut frame = empty_frame(scene, 0);
    paint(&mut frame, 1, 50.0, rectangle([63, 47, 1, 1]));
    change(&mut frame);
    annotate(&subject(scene), &frame).unwrap().annotations[0].keypoints.clone().unwrap()
}

#[test]
fn of_a_cube_whose_three_faces_are_seen_one_corner_is_hidden() {
    let corner = |k: usize| DVec3::from_array(std::array::from_fn(|i| if k >> i & 1 == 1 { 1.0 } else { -1.0 }));
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    // Half of the corners' size is in the scale, which is no cube's.
    let scale = DVec3::new(0.5, 2.0, -1.0);
    let points: Vec<_> = (0..8).map(|k| (names[k], corner(k) / scale)).collect();
    let mut scene = pointed(&points, 0.02);
    scene.instances[1].shape = Shape::Box(2.0 / scale.abs());
    scene.instances[1].scale = scale;
    let from = DVec3::new(4.0, 3.0, 5.0);
    (scene.cameras[0].fx, scene.cameras[0].fy) = (80.0, 80.0); // all of it is in the image
    (scene.cameras[0].position, scene.cameras[0].rotation) = (from, look_at(from, DVec3::ZERO, 0.0));

    // Where a ray enters the slabs |x|, |y|, |z| <= 1. A ray's unit of length is a metre of depth.
    let camera = scene.cameras[0].clone();
    let cube: Layer = Box::new(move |x, y| {
        let ray = camera.ray_through(DVec2::new(x, y)).unwrap();
        let (a, b) = ((-1.0 - camera.position) / ray, (1.0 - camera.position) / ray);
        let (enter, leave) = (a.min(b).max_element(), a.max(b).min_element());
        (enter <= leave).then_some(enter)
    });
    let frame = compose(&scene, 0, &[(1, cube)]);
    let found = annotate(&subject(&scene), &frame).unwrap().annotations[0].keypoints.clone().unwrap();
    assert_eq!(found.iter().map(|point| point.name.as_str()).collect::<Vec<_>>(), names);
    for (k, point) in found.iter().enumerate() {
        // From (4, 3, 5) the faces +x, +y and +z are seen; only (-1, -1, -1) is on none of them.
        assert_eq!(point.seen, if k == 0 { Seen::Hidden } else { Seen::Visible }, "corner {k}");
        let pixel = scene.cameras[0].project(corner(k)).unwrap().pixel;
        assert!((DVec2::new(point.x, point.y) - pixel).length() < 1e-9, "corner {k}");
    }
}

#[test]
fn a_point_beyond_the_edge_of_the_image_is_absent() {
    let points = [
        ("left", at(-0.01, 10.0, 5.0)),
        ("left in", at(0.01, 10.0, 5.0)),
        ("right", at(64.01, 10.0, 5.0)),
        ("right in", at(63.99, 10.0, 5.0)),
        ("above", at(10.0, -0.01, 5.0)),
        ("below", at(10.0, 48.01, 5.0)),
        ("below in", at(10.0, 47.99, 2.0)),
        ("near", at(10.0, 10.0, 0.0999)),
        ("not near", at(10.0, 10.0, 0.1001)),
        ("behind", at(10.0, 10.0, -5.0)),
        ("in the camera", DVec3::ZERO),
    ];
    let mut scene = pointed(&points, 0.0);
    scene.categories[0].keypoints.push("missing".into());
    let found = label(&scene, |_| {});
    let is_in: Vec<_> =
        found.iter().filter(|point| point.seen == Seen::Visible).map(|point| point.name.as_str()).collect();
    assert_eq!(is_in, ["left in", "right in", "below in", "not near"]);
    for point in found.iter().filter(|point| point.seen != Seen::Visible) {
        assert_eq!((point.seen, point.x, point.y), (Seen::Absent, 0.0, 0.0), "{}", point.name);
    }
    assert_eq!(found.len(), 12);
    assert!((found[3].x - 63.99).abs() < 1e-9 && (found[3].y - 10.0).abs() < 1e-9);
}

#[test]
fn a_point_is_hidden_where_all_four_pixels_around_it_are_nearer_by_more_than_the_tolerance() {
    let seen = |x: f64, tolerance, hole: Option<(u32, u32)>| {
        let found = label(&pointed(&[("point", at(x, 20.4, 5.0))], tolerance), |frame| {
            paint(frame, 1, 4.75, rectangle([5, 15, 10, 10]));
            if let Some((x, y)) = hole {
                paint(frame, 1, 5.0, rectangle([x, y, 1, 1]));
            }
        });
        found[0].seen
    };
    assert_eq!(seen(10.2, 0.2, None), Seen::Hidden, "0.25 m behind what is seen");
    assert_eq!(seen(10.2, 0.3, None), Seen::Visible);
    // Row 20.4 is between the centres of rows 19 and 20 (19.5 and 20.5). Columns likewise: both 10.2 and 10.8 are in column 10.
    for (x, columns) in [(10.2, [9, 10]), (10.8, [10, 11])] {
        for (column, row) in (8..13).flat_map(|column| (18..23).map(move |row| (column, row))) {
            let nearest = columns.contains(&column) && [19, 20].contains(&row);
            let expected = if nearest { Seen::Visible } else { Seen::Hidden };
            assert_eq!(seen(x, 0.01, Some((column, row))), expected, "{x}: ({column}, {row})");
        }
    }
}

#[test]
fn at_the_border_of_the_image_only_pixels_within_it_count() {
    // The only pixel of the image among the four is (0, 0).
    let scene = pointed(&[("point", at(0.3, 0.3, 5.0))], 0.0);
    assert_eq!(label(&scene, |_| {})[0].seen, Seen::Visible, "nothing is there");
    assert_eq!(label(&scene, |frame| paint(frame, 1, 4.0, rectangle([0, 0, 1, 1])))[0].seen, Seen::Hidden);
}

#[test]
fn categories_without_keypoints_have_none_and_unknown_ones_refuse_the_frame() {
    let mut scene = pointed(&[("point", DVec3::NEG_Z)], 0.0);
    let mut frame = empty_frame(&scene, 0);
    paint(&mut frame, 1, 1.0, rectangle([0, 0, 1, 1]));
    scene.labels.outputs.remove(&Output::Keypoints);
    assert_eq!(annotate(&subject(&scene), &frame).unwrap().annotations[0].keypoints, None, "not asked for");
    scene.labels.outputs.insert(Output::Keypoints);
    scene.categories[0].keypoints.clear();
    let expected =
        AnnotateError::UnknownKeypoint { instance: "mugs[0]".into(), keypoint: "point".into(), category: "mug".into() };
    assert_eq!(annotate(&subject(&scene), &frame).unwrap_err(), expected);
    scene.instances[1].keypoints.clear();
    assert_eq!(annotate(&subject(&scene), &frame).unwrap().annotations[0].keypoints, None);
}
