//! Projection, poses and conversions of the pinhole camera, against numbers derived on paper.

use glam::{DMat3, DQuat, DVec2, DVec3, DVec4};
use proptest::prelude::*;
use scenewright::scene::camera::{focal_length, from_opencv_rows, look_at, orbit};
use scenewright::scene::{Camera, Projected};

fn camera(position: DVec3, rotation: DQuat) -> Camera {
    Camera {
        name: "c".into(),
        fx: 500.0,
        fy: 450.0,
        cx: 300.0,
        cy: 250.0,
        near: 0.01,
        position,
        rotation,
        ev100: 10.0,
        ..Camera::default()
    }
}

#[track_caller]
fn near(a: DVec3, b: DVec3) {
    assert!((a - b).length() < 1e-9, "{a} is not {b}");
}

#[test]
fn a_point_lands_where_similar_triangles_say() {
    let camera = camera(DVec3::ZERO, DQuat::IDENTITY);
    // 4 m ahead (-z), 1 m right, 2 m up: u = 300 + 500 * 1/4, v = 250 - 450 * 2/4.
    let Projected { pixel, depth, range } = camera.project(DVec3::new(1.0, 2.0, -4.0)).unwrap();
    assert_eq!(range, 21f64.sqrt());
    assert_eq!((pixel, depth), (DVec2::new(425.0, 25.0), 4.0));
    assert_eq!(camera.project(DVec3::new(0.0, 0.0, 1.0)), None);
    assert_eq!(camera.opencv_principal_point(), DVec2::new(299.5, 249.5));
}

#[test]
fn a_camera_looks_along_its_own_negative_z_with_x_right_and_y_up() {
    // From +X towards the origin, +Y up: the camera sees -Z on its right.
    let rotation = look_at(DVec3::X * 3.0, DVec3::ZERO, 0.0);
    near(rotation * DVec3::NEG_Z, DVec3::NEG_X);
    near(rotation * DVec3::Y, DVec3::Y);
    near(rotation * DVec3::X, DVec3::NEG_Z);
    // OpenCV: x right, y down, z forward.
    let m = camera(DVec3::X * 3.0, rotation).world_from_opencv_camera();
    near(m.x_axis.truncate(), DVec3::NEG_Z);
    near(m.y_axis.truncate(), DVec3::NEG_Y);
    near(m.z_axis.truncate(), DVec3::NEG_X);
    near(m.w_axis.truncate(), DVec3::X * 3.0);
}

#[test]
fn straight_down_north_is_up_and_east_is_right() {
    let rotation = look_at(DVec3::Y * 5.0, DVec3::ZERO, 0.0);
    near(rotation * DVec3::NEG_Z, DVec3::NEG_Y);
    near(rotation * DVec3::X, DVec3::X);
    near(rotation * DVec3::Y, DVec3::NEG_Z);
    let up = look_at(DVec3::ZERO, DVec3::Y, 0.0);
    near(up * DVec3::NEG_Z, DVec3::Y);
    near(up * DVec3::X, DVec3::X);
    near(look_at(DVec3::ONE, DVec3::ONE, 0.0) * DVec3::NEG_Z, DVec3::NEG_Z);
}

#[test]
fn positive_roll_turns_the_picture_clockwise() {
    let rotation = look_at(DVec3::Z, DVec3::ZERO, 90f64.to_radians());
    // What was up is now on the right of the image.
    let pixel = camera(DVec3::Z, rotation).project(DVec3::Y * 0.1).unwrap().pixel;
    assert!(pixel.x > 310.0 && (pixel.y - 250.0).abs() < 1e-9, "{pixel}");
}

#[test]
fn an_orbit_starts_at_z_and_goes_towards_x_and_up() {
    let target = DVec3::new(1.0, 2.0, 3.0);
    let quarter = 90f64.to_radians();
    near(orbit(target, 2.0, 0.0, 0.0, 0.0).0, target + DVec3::Z * 2.0);
    near(orbit(target, 2.0, quarter, 0.0, 0.0).0, target + DVec3::X * 2.0);
    let (above, rotation) = orbit(target, 2.0, 0.0, quarter, 0.0);
    near(above, target + DVec3::Y * 2.0);
    near(rotation * DVec3::Y, DVec3::NEG_Z);
    let (high, _) = orbit(target, 2.0, 0.0, 30f64.to_radians(), 0.0);
    near(high, target + DVec3::new(0.0, 1.0, 3f64.sqrt()));
}

#[test]
fn a_right_angle_across_the_image_has_half_of_it_as_focal_length() {
    assert!((focal_length(90f64.to_radians(), 640) - 320.0).abs() < 1e-9);
}

proptest! {
    #[test]
    fn a_ray_through_a_pixel_comes_back_to_it(
        p in prop::array::uniform3(-10.0..10.0), q in prop::array::uniform4(-1.0..1.0),
        x in 0.0..640.0f64, y in 0.0..480.0f64, depth in 0.1..100.0f64,
    ) {
        let q = DVec4::from_array(q);
        prop_assume!(q.length() > 0.1);
        let camera = camera(DVec3::from_array(p), DQuat::from_vec4(q.normalize()));
        let pixel = DVec2::new(x, y);
        let ray = camera.ray_through(pixel).unwrap();
        let Projected { pixel: back, depth: d, .. } = camera.project(camera.position + ray * depth).unwrap();
        prop_assert!((back - pixel).length() < 1e-9 && (d - depth).abs() < 1e-9, "{back} {d}");
    }

    #[test]
    fn what_is_looked_at_is_at_the_principal_point(
        from in prop::array::uniform3(-10.0..10.0), to in prop::array::uniform3(-10.0..10.0), roll in -4.0..4.0,
    ) {
        let (from, to) = (DVec3::from_array(from), DVec3::from_array(to));
        prop_assume!(from.distance(to) > 1e-3);
        let looking = camera(from, look_at(from, to, roll));
        let Projected { pixel, depth, .. } = looking.project(to).unwrap();
        prop_assert!((pixel - DVec2::new(300.0, 250.0)).length() < 1e-6, "{pixel}");
        prop_assert!((depth - from.distance(to)).abs() < 1e-9);
        // Without roll the horizon is level: the image's right has no height.
        prop_assert!((look_at(from, to, 0.0) * DVec3::X).y.abs() < 1e-9);
    }

    #[test]
    fn orbit_is_look_at_from_a_sphere(
        azimuth in -7.0..7.0, elevation in -1.5..1.5, distance in 0.1..50.0f64, roll in -3.0..3.0,
    ) {
        let target = DVec3::new(0.3, -0.2, 0.1);
        let (position, rotation) = orbit(target, distance, azimuth, elevation, roll);
        prop_assert!((position.distance(target) - distance).abs() < 1e-9);
        let other = look_at(position, target, roll);
        prop_assert!(DMat3::from_quat(rotation).abs_diff_eq(DMat3::from_quat(other), 1e-9));
    }

    #[test]
    fn a_pose_written_as_an_opencv_matrix_comes_back(
        p in prop::array::uniform3(-10.0..10.0), q in prop::array::uniform4(-1.0..1.0),
    ) {
        let q = DVec4::from_array(q);
        prop_assume!(q.length() > 0.1);
        let camera = camera(DVec3::from_array(p), DQuat::from_vec4(q.normalize()));
        let rows = camera.world_from_opencv_camera().transpose().to_cols_array_2d();
        let (position, rotation) = from_opencv_rows(&rows);
        prop_assert!((position - camera.position).length() < 1e-12);
        prop_assert!(rotation.dot(camera.rotation).abs() > 1.0 - 1e-12);
        let identity = camera.opencv_camera_from_world() * camera.world_from_opencv_camera();
        prop_assert!(identity.abs_diff_eq(glam::DMat4::IDENTITY, 1e-9));
    }
}
