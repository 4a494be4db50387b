//! Poses and 3D boxes against numbers worked out by hand, and against compositions of their own.

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};
use std::path::Path;

use glam::{DQuat, DVec2, DVec3, DVec4};
use proptest::prelude::*;
use scenewright::annotate::{Annotation, Subject, annotate};
use scenewright::assets::Library;
use scenewright::scene::{Output, Projected, Scene, Shape};

use crate::synthetic::{empty_frame, paint, rectangle, scene};

/// One labelled instance of this shape; the camera at the origin looks down -Z, the centre of its 64 x 48 image is (32, 24).
fn one(shape: Shape, position: DVec3) -> Scene {
    let mut scene = scene(0, 1, &["main"], (64, 48));
    scene.labels.outputs.extend([Output::Poses, Output::Boxes3d]);
    scene.instances[1].shape = shape;
    scene.instances[1].position = position;
    let camera = &mut scene.cameras[0];
    (camera.position, camera.rotation) = (DVec3::ZERO, DQuat::IDENTITY);
    (camera.fx, camera.fy, camera.cx, camera.cy) = (120.0, 60.0, 32.0, 24.0);
    scene
}

fn label_with(scene: &Scene, library: &Library) -> Annotation {
    let mut frame = empty_frame(scene, 0);
    paint(&mut frame, 1, 1.0, rectangle([0, 0, 1, 1]));
    annotate(&Subject::new(scene.clone(), library).unwrap(), &frame).unwrap().annotations.swap_remove(0)
}

fn label(scene: &Scene) -> Annotation {
    label_with(scene, &Library::default())
}

#[track_caller]
fn close<const N: usize>(found: [f64; N], expected: [f64; N], tolerance: f64) {
    let near = found.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= tolerance);
    assert!(near, "{found:?} is not {expected:?} to within {tolerance}");
}

#[test]
fn a_cube_in_front_of_the_camera_has_the_corners_of_two_squares() {
    // Edge 2, middle 5 m ahead: its far face is at 6 m, its near one at 4 m. Corner k has the upper x, y, z (in the object's axes, y up
    // and z towards the camera) where bits 0, 1, 2 are set.
    let label = label(&one(Shape::Box(DVec3::splat(2.0)), DVec3::new(0.0, 0.0, -5.0)));
    let found = label.box3d.unwrap();
    assert_eq!(found.oriented, found.axis_aligned, "it is not turned");
    assert_eq!((found.oriented.center, found.oriented.size), ([0.0, 0.0, 5.0], [2.0; 3]));
    let corners = [
        [-1.0, 1.0, 6.0],
        [1.0, 1.0, 6.0],
        [-1.0, -1.0, 6.0],
        [1.0, -1.0, 6.0],
        [-1.0, 1.0, 4.0],
        [1.0, 1.0, 4.0],
        [-1.0, -1.0, 4.0],
        [1.0, -1.0, 4.0],
    ];
    assert_eq!(found.oriented.corners, corners);
    // 120 / 6 = 20 and 60 / 6 = 10; 120 / 4 = 30 and 60 / 4 = 15.
    let pixels =
        [[12.0, 34.0], [52.0, 34.0], [12.0, 14.0], [52.0, 14.0], [2.0, 39.0], [62.0, 39.0], [2.0, 9.0], [62.0, 9.0]];
    assert_eq!(found.oriented.pixels, pixels.map(Some));
    assert_eq!(label.pose.unwrap().distance, 5.0);
}

#[test]
fn an_eighth_of_a_turn_makes_the_aligned_box_wider_by_the_root_of_two() {
    let mut scene = one(Shape::Box(DVec3::new(2.0, 3.0, 2.0)), DVec3::new(0.0, 0.0, -5.0));
    scene.instances[1].rotation = DQuat::from_rotation_y(std::f64::consts::FRAC_PI_4);
    let found = label(&scene).box3d.unwrap();
    close(found.oriented.size, [2.0, 3.0, 2.0], 1e-12);
    close(found.axis_aligned.size, [2.0 * SQRT_2, 3.0, 2.0 * SQRT_2], 1e-12);
    // The object's +x points away from the camera and to the right, its +z towards it and to the right: corner 5 (upper x, lower y,
    // upper z) is the rightmost.
    close(found.oriented.corners[5], [SQRT_2, 1.5, 5.0], 1e-12);
    close(found.axis_aligned.corners[5], [SQRT_2, 1.5, 5.0 - SQRT_2], 1e-12);
}

#[test]
fn corners_behind_the_camera_have_no_pixels() {
    // From 1 m behind the camera to 3 m ahead of it, and one whose near face is in the camera's own plane.
    for (middle, behind) in [(-1.0, 4..8), (-2.0, 4..8)] {
        let found = label(&one(Shape::Box(DVec3::new(2.0, 2.0, 4.0)), DVec3::new(0.0, 0.0, middle))).box3d.unwrap();
        for (k, pixel) in found.oriented.pixels.iter().enumerate() {
            assert_eq!(pixel.is_none(), behind.contains(&k), "corner {k} at {:?}", found.oriented.corners[k]);
        }
    }
}

#[test]
fn a_turned_thing_under_a_turned_camera_has_the_pose_worked_out_by_hand() {
    let mut scene = one(Shape::Sphere(0.5), DVec3::new(1.0, 2.0, 3.0));
    // A quarter turn about +Y takes x to -z and z to x.
    scene.instances[1].rotation = DQuat::from_xyzw(0.0, FRAC_1_SQRT_2, 0.0, FRAC_1_SQRT_2);
    scene.instances[1].scale = DVec3::new(1.0, -2.0, 3.0);
    // A quarter turn about +Z: the camera's right is the world's +y, its up -x; so OpenCV's x is +y, its y +x, its z -z.
    scene.cameras[0].rotation = DQuat::from_xyzw(0.0, 0.0, FRAC_1_SQRT_2, FRAC_1_SQRT_2);
    scene.cameras[0].position = DVec3::new(0.0, 0.0, 10.0);
    let pose = label(&scene).pose.unwrap();
    // Columns: the object's x is the world's -z: OpenCV's z. Its y is the world's: OpenCV's x. Its z is the world's x: OpenCV's y.
    // It is at (1, 2, -7) from the camera: (2, 1, 7).
    let expected = [[0.0, 1.0, 0.0, 2.0], [0.0, 0.0, 1.0, 1.0], [1.0, 0.0, 0.0, 7.0], [0.0, 0.0, 0.0, 1.0]];
    for (row, expected) in pose.camera_from_object.into_iter().zip(expected) {
        close(row, expected, 1e-12);
    }
    assert_eq!(pose.scale, [1.0, -2.0, 3.0]);
    assert!((pose.distance - 54_f64.sqrt()).abs() < 1e-12, "{}", pose.distance);
}

fn vector(reach: std::ops::Range<f64>) -> impl Strategy<Value = DVec3> {
    (reach.clone(), reach.clone(), reach).prop_map(|(x, y, z)| DVec3::new(x, y, z))
}

fn rotation() -> impl Strategy<Value = DQuat> {
    (-1.0..1.0, -1.0..1.0, -1.0..1.0, 0.1..1.0).prop_map(|(x, y, z, w)| DQuat::from_xyzw(x, y, z, w).normalize())
}

fn scale() -> impl Strategy<Value = DVec3> {
    (vector(0.1..3.0), vector(-1.0..1.0)).prop_map(|(size, sign)| size * sign.signum())
}

proptest! {
    #[test]
    fn a_pose_takes_scaled_points_where_the_scene_and_its_camera_take_them(
        (position, turn, scale) in (vector(-2.0..2.0), rotation(), scale()),
        (from, camera_turn) in (vector(-9.0..9.0), rotation()),
        point in vector(-1.0..1.0),
    ) {
        let mut scene = one(Shape::Box(DVec3::new(0.4, 1.0, 2.0)), position);
        (scene.instances[1].rotation, scene.instances[1].scale) = (turn, scale);
        (scene.cameras[0].position, scene.cameras[0].rotation) = (from, camera_turn);
        let found = label(&scene);
        let pose = found.pose.unwrap();
        let rows = pose.camera_from_object.map(DVec4::from_array);
        // Rigid: rows of length 1 at right angles, and not mirrored.
        let r = [rows[0], rows[1], rows[2]].map(DVec4::truncate);
        prop_assert!((r[0].cross(r[1]) - r[2]).length() < 1e-12 && r[0].dot(r[1]).abs() < 1e-12);
        prop_assert!((r[0].length() - 1.0).abs() < 1e-12 && (r[1].length() - 1.0).abs() < 1e-12);
        prop_assert_eq!(rows[3], DVec4::W);
        // Scale, rotate and move by hand; into the camera by its conjugate rotation; y and z change sign.
        let place = |p: DVec3| {
            let ours = camera_turn.conjugate() * (turn * (scale * p) + position - from);
            DVec3::new(ours.x, -ours.y, -ours.z)
        };
        let scaled = (DVec3::from_array(pose.scale) * point).extend(1.0);
        let by_pose = DVec3::new(rows[0].dot(scaled), rows[1].dot(scaled), rows[2].dot(scaled));
        prop_assert!((by_pose - place(point)).length() < 1e-11, "{} {}", by_pose, place(point));
        prop_assert!((pose.distance - place(DVec3::ZERO).length()).abs() < 1e-11);
        // The corners of the oriented box are those of the shape; with a negative scale they change places.
        let boxes = found.box3d.unwrap();
        prop_assert!((DVec3::from_array(boxes.oriented.size) - (DVec3::new(0.4, 1.0, 2.0) * scale).abs()).length() < 1e-12);
        for (k, corner) in boxes.oriented.corners.into_iter().enumerate() {
            let upper = DVec3::from_array(std::array::from_fn(|i| if k >> i & 1 == 1 { 0.5 } else { -0.5 }));
            let expected = place(upper * scale.signum() * DVec3::new(0.4, 1.0, 2.0));
            prop_assert!((DVec3::from_array(corner) - expected).length() < 1e-11);
        }
        let world = |p: DVec3| turn * (scale * p) + position;
        for (corners, pixels) in [&boxes.oriented, &boxes.axis_aligned].map(|b| (b.corners, b.pixels)) {
            for (corner, pixel) in corners.into_iter().zip(pixels) {
                // Back into the world, and through the camera's own projection.
                let ours = DVec3::new(corner[0], -corner[1], -corner[2]);
                let projected = scene.cameras[0].project(camera_turn * ours + from);
                prop_assert_eq!(pixel.is_some(), corner[2] > 0.0);
                if let (Some(pixel), Some(Projected { pixel: other, depth, .. })) = (pixel, projected) {
                    let (pixel, bound) = (DVec2::from_array(pixel), 1e-9 / (depth * depth).min(1.0));
                    prop_assert!((pixel - other).length() <= bound * pixel.length().max(1.0), "{} {}", pixel, other);
                }
            }
        }
        // The aligned box of a box is that of its eight corners.
        let all = (0..8).map(|k| {
            world(DVec3::new(0.4, 1.0, 2.0) * DVec3::from_array(std::array::from_fn(|i| if k >> i & 1 == 1 { 0.5 } else { -0.5 })))
        });
        let (min, max) = all.fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(min, max), p| (min.min(p), max.max(p)));
        prop_assert!((DVec3::from_array(boxes.axis_aligned.size) - (max - min)).length() < 1e-12);
    }
}

#[test]
fn the_box_of_a_mirrored_model_is_about_its_mirrored_vertices() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut library = Library::default();
    let model = library.load_model(root, "assets/mug.glb").unwrap();
    let mut scene = one(Shape::Gltf("assets/mug.glb".into()), DVec3::new(0.1, -0.2, -3.0));
    let scale = DVec3::new(-2.0, 3.0, -0.5);
    scene.instances[1].scale = scale;
    let label = label_with(&scene, &library);
    let found = label.box3d.unwrap();
    let vertices = model.parts.iter().flat_map(|part| &part.mesh.positions);
    let placed = vertices.map(|p| scale * DVec3::from_array(p.map(f64::from)) + DVec3::new(0.1, -0.2, -3.0));
    let (min, max) = placed.fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(min, max), p| (min.min(p), max.max(p)));
    let middle = (min + max) / 2.0;
    assert!((middle - scene.instances[1].position).length() > 0.01, "a model in the middle of its frame proves less");
    for found in [&found.oriented, &found.axis_aligned] {
        close(found.center, [middle.x, -middle.y, -middle.z], 1e-12);
        close(found.size, (max - min).to_array(), 1e-12);
        close(found.corners[0], [min.x, -min.y, -min.z], 1e-12);
        close(found.corners[7], [max.x, -max.y, -max.z], 1e-12);
    }
    assert!((label.pose.unwrap().distance - middle.length()).abs() < 1e-12);
}

#[test]
fn what_is_not_asked_for_is_not_told() {
    let mut scene = one(Shape::Sphere(1.0), DVec3::NEG_Z);
    scene.labels.outputs.remove(&Output::Poses);
    assert!(label(&scene).pose.is_none() && label(&scene).box3d.is_some());
    scene.labels.outputs.remove(&Output::Boxes3d);
    assert!(label(&scene).box3d.is_none());
}
