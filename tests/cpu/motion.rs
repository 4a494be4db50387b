//! Clips, tracks, falls and rigs against closed forms.

use glam::{DQuat, DVec2, DVec3};
use scenewright::recipe::{Drawing, Recipe, parse};
use scenewright::scene::motion::{Clip, Curve, Key, Pose, Track};
use scenewright::scene::place::fall::GRAVITY;
use scenewright::scene::{Projected, Scene, sample};
use std::path::Path;

fn read(text: &str) -> Recipe {
    match parse(text, "test.ron", &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/assets")) {
        Ok(recipe) => recipe,
        Err(problems) => panic!("{}", problems.render(Drawing::Plain)),
    }
}

const MAIN: &str = r#""main": (lens: Fov(50), pose: LookAt((0, 1, 3), (0, 0, 0)))"#;

/// A recipe of a clip of 24 frames in a second.
fn recipe(objects: &str, cameras: &str) -> Recipe {
    read(&format!(
        "(version: 1, name: \"t\", image: (width: 64, height: 48), clip: (frames: 24, rate: 24),
          categories: [(id: 1, name: \"thing\")], objects: {{ {objects} }}, cameras: {{ {cameras} }})"
    ))
}

fn scene(objects: &str, cameras: &str) -> Scene {
    let scene = sample(&recipe(objects, cameras), 7, 0).unwrap();
    scene.validate().unwrap();
    scene
}

fn close(a: DVec3, b: DVec3, within: f64) {
    assert!(a.distance(b) <= within, "{a} is {:e} from {b}", a.distance(b));
}

#[test]
fn what_moves_evenly_is_where_its_velocity_takes_it() {
    let scene = scene(
        r#""a": (shape: Sphere(0.1), place: At(position: (1, 2, 3)), motion: Move(velocity: (0.5, -1, 2), spin: 90, axis: (0, 0, 2)))"#,
        MAIN,
    );
    for t in [0.0, 0.25, 1.0, -0.5, 7.0] {
        let at = scene.at(t);
        at.validate().unwrap();
        close(at.instances[0].position, DVec3::new(1.0 + 0.5 * t, 2.0 - t, 3.0 + 2.0 * t), 1e-14);
        let x = at.instances[0].rotation * DVec3::X;
        let angle = std::f64::consts::FRAC_PI_2 * t;
        close(x, DVec3::new(libm::cos(angle), libm::sin(angle), 0.0), 1e-14);
    }
    assert_eq!(scene.at(0.0), scene);
    assert_eq!(scene.at(0.3).at(0.7), scene.at(0.7), "an instant does not depend on the one before it");
    assert_eq!(scene.at(0.3).at(0.0), scene);
    let third = scene.frame(3);
    assert_eq!((third.time, third.frame, scene.frames()), (0.125, 3, 24));
    third.validate().unwrap();
    assert_eq!(third.to_ron().map(|text| ron::from_str::<Scene>(&text).unwrap()).unwrap(), third);
}

#[test]
fn what_turns_about_an_axis_stays_as_far_from_it() {
    let scene = scene(
        r#""a": (shape: Box(1, 1, 1), place: At(position: (3, 1, 0)), motion: Turn(rate: 360, axis: (0, 1, 0), center: (1, 0, 0)))"#,
        MAIN,
    );
    for frame in 0..24 {
        let angle = std::f64::consts::TAU * f64::from(frame) / 24.0;
        let expected = DVec3::new(1.0 + 2.0 * libm::cos(angle), 1.0, -2.0 * libm::sin(angle));
        close(scene.frame(frame).instances[0].position, expected, 1e-13);
    }
}

#[test]
fn a_path_goes_through_its_points_in_time() {
    let scene = scene(
        r#""a": (shape: Sphere(0.1), place: At(position: (0, 0, 0)),
                 motion: Path(points: [(1, 0, 0), (1, 0, 0), (1, 0, 3)], duration: 2, straight: true)),
           "b": (shape: Sphere(0.1), place: At(position: (5, 0, 0)), motion: Path(points: [(0, 1, 0), (0, 2, 0)], relative: true))"#,
        MAIN,
    );
    let place = |t: f64, k: usize| scene.at(t).instances[k].position;
    close(place(0.5, 0), DVec3::X, 1e-14); // a quarter of the way of 4 m
    close(place(1.25, 0), DVec3::new(1.0, 0.0, 1.5), 1e-14);
    close(place(9.0, 0), DVec3::new(1.0, 0.0, 3.0), 0.0);
    close(place(-1.0, 0), DVec3::ZERO, 0.0);
    // A spline through points of a line, evenly spaced, is that line.
    for t in [0.0, 0.3, 0.5, 0.9, 1.0] {
        close(place(t, 1), DVec3::new(5.0, 2.0 * t, 0.0), 1e-14);
    }
}

#[test]
fn a_spline_is_exact_at_its_keys_and_has_no_corner_there() {
    let key = |time: f64, x: f64, y: f64| Key {
        time,
        pose: Pose { position: DVec3::new(x, y, 0.0), rotation: DQuat::from_rotation_y(x) },
    };
    let keys = vec![key(0.0, 0.0, 0.0), key(0.5, 1.0, 2.0), key(2.0, 1.5, -1.0), key(2.25, 0.0, 0.0)];
    let track = Track::Keys { curve: Curve::Smooth, keys: keys.clone(), target: None };
    for key in &keys {
        assert_eq!(track.pose(key.time), key.pose);
    }
    for key in &keys[1..3] {
        let h = 1e-6;
        let slope = |a: f64, b: f64| (track.pose(b).position - track.pose(a).position) / (b - a);
        let (before, behind) = (slope(key.time - h, key.time), slope(key.time, key.time + h));
        close(before, behind, 1e-4);
    }
    let looking = Track::Keys { curve: Curve::Smooth, keys, target: Some(DVec3::new(0.0, 5.0, -4.0)) };
    for k in 0..=20 {
        let pose = looking.pose(0.1125 * f64::from(k));
        close(pose.rotation * DVec3::NEG_Z, (DVec3::new(0.0, 5.0, -4.0) - pose.position).normalize(), 1e-14);
    }
}

#[test]
fn a_camera_that_orbits_keeps_its_target_in_the_middle() {
    let scene = scene(
        "",
        r#""main": (lens: Fov(50), pose: Orbit(target: (1, 0.5, -1), distance: 2, azimuth: 10, elevation: 30), motion: Orbit(rate: -120))"#,
    );
    let azimuth = |scene: &Scene| {
        let way = scene.cameras[0].position - DVec3::new(1.0, 0.5, -1.0);
        libm::atan2(way.x, way.z).to_degrees()
    };
    for frame in 0..24 {
        let at = scene.frame(frame);
        let Projected { pixel, depth, .. } = at.cameras[0].project(DVec3::new(1.0, 0.5, -1.0)).unwrap();
        assert!(pixel.distance(DVec2::new(32.0, 24.0)) < 1e-10 && (depth - 2.0).abs() < 1e-12);
        let expected = 10.0 - 5.0 * f64::from(frame);
        assert!((azimuth(&at) - expected).abs() < 1e-10, "{frame}");
    }
}

#[test]
fn a_hand_sways_as_much_as_it_is_said_to_and_begins_where_it_is() {
    let scene = scene(
        "",
        r#""main": (lens: Fov(50), pose: LookAt((0, 0, 2), (0, 0, 0)), motion: Handheld(amplitude: 0.01, angle: 1, frequency: 0.7))"#,
    );
    close(scene.cameras[0].position, DVec3::new(0.0, 0.0, 2.0), 0.0);
    // About its own mean, the root of the mean square is what was asked for, once the time is long.
    let poses: Vec<_> = (0..20_000).map(|k| scene.at(f64::from(k) * 0.05).cameras[0].clone()).collect();
    let count = poses.len() as f64;
    for axis in DVec3::AXES {
        let along = |p: &scenewright::scene::Camera| p.position.dot(axis);
        let mean = poses.iter().map(along).sum::<f64>() / count;
        let square = poses.iter().map(|p| (along(p) - mean) * (along(p) - mean)).sum::<f64>() / count;
        assert!((square.sqrt() - 0.01).abs() < 5e-4, "{}", square.sqrt());
    }
    let most = poses.iter().map(|p| p.rotation.angle_between(poses[0].rotation)).fold(0.0, f64::max);
    assert!((0.02..0.25).contains(&most), "{most}");
}

/// x + v t + g t^2 / 2 at every key until something is met, and within g h^2 / 8 between two keys.
#[test]
fn what_is_thrown_flies_along_its_parabola() {
    let scene = scene(
        r#""a": (shape: Sphere(0.05), place: At(position: (0, 5, 0)), motion: Fall(velocity: (1.5, 2, -0.5), spin: (0, 180, 0))),
           "b": (shape: Box(0.1, 0.2, 0.3), place: At(position: (4, 5, 0)), motion: Fall())"#,
        MAIN,
    );
    let truth = |t: f64, x: DVec3, v: DVec3| x + v * t - DVec3::Y * (GRAVITY * t * t / 2.0);
    let (v, step) = (DVec3::new(1.5, 2.0, -0.5), 1.0 / 240.0);
    let Some(Track::Keys { keys, .. }) = scene.instances[0].motion.as_deref() else { panic!("no keys") };
    assert_eq!(keys.len(), 241);
    for key in keys {
        close(key.pose.position, truth(key.time, DVec3::new(0.0, 5.0, 0.0), v), 1e-10);
    }
    for k in 0..1000 {
        let t = f64::from(k) / 1000.0;
        close(
            scene.at(t).instances[0].position,
            truth(t, DVec3::new(0.0, 5.0, 0.0), v),
            GRAVITY * step * step / 8.0 + 1e-10,
        );
        close(scene.at(t).instances[1].position, truth(t, DVec3::new(4.0, 5.0, 0.0), DVec3::ZERO), 1e-4);
    }
    let turned = scene.at(0.5).instances[0].rotation * DVec3::X;
    close(turned, DVec3::NEG_Z, 1e-3);
}

#[test]
fn what_falls_comes_to_lie_on_what_is_below_and_is_pushed_by_what_moves() {
    let objects = r#"
        "floor": (shape: Box(20, 0.2, 20), place: At(position: (0, -0.1, 0))),
        "dice": (shape: Box(0.2, 0.2, 0.2), category: "thing", place: At(position: (0, 0.6, 0)), motion: Fall(), physics: (restitution: 0)),
        "ram": (shape: Box(0.5, 1, 1), place: At(position: (-3, 0.5, 0)), motion: Move(velocity: (1.5, 0, 0)))"#;
    let mut recipe = recipe(objects, MAIN);
    recipe.clip = Some(Clip { frames: 96, rate: 24.0 });
    let scene = sample(&recipe, 0, 0).unwrap();
    scene.validate().unwrap();
    assert_eq!(sample(&recipe, 0, 0).unwrap(), scene);
    let place = |t: f64| scene.at(t).instances.iter().find(|i| i.object == "dice").unwrap().position;
    // At rest after a second, within what the engine lets things sink.
    close(place(1.0), DVec3::new(0.0, 0.1, 0.0), 5e-3);
    // The ram's face, at -2.75 + 1.5 t, would meet the die's at -0.1.
    assert!(place(1.7).x.abs() < 5e-3, "{}", place(1.7));
    let face = -2.75 + 1.5 * 3.9;
    assert!(place(3.9).x >= face + 0.09, "{} is not before {face}", place(3.9).x);
}

#[test]
fn without_a_clip_things_move_too() {
    let mut recipe = recipe(
        r#""a": (shape: Sphere(0.1), place: At(position: (0, 1, 0)), motion: Choice([Fall(velocity: (0, 1, 0)), Move(velocity: (1, 0, 0))]), count: 5)"#,
        MAIN,
    );
    recipe.clip = None;
    let scene = sample(&recipe, 3, 1).unwrap();
    scene.validate().unwrap();
    assert!(scene.moves() && scene.frames() == 1);
    assert!(scene.instances.iter().all(|i| i.motion.is_some()));
    assert!(scene.at(0.01).instances.iter().all(|i| i.position != DVec3::new(0.0, 1.0, 0.0)));
}

#[test]
fn the_right_camera_of_a_pair_is_a_baseline_to_the_right_at_every_instant() {
    let scene = scene(
        "",
        r#""eyes": (lens: Fov(60), pose: LookAt((1, 1, 3), (0, 0, 0)), rig: Stereo(baseline: 0.12), motion: Orbit(rate: 77)),
           "plain": (lens: Fov(60), pose: LookAt((1, 1, 3), (0, 0, 0)))"#,
    );
    let names: Vec<&str> = scene.cameras.iter().map(|camera| camera.name.as_str()).collect();
    assert_eq!(names, ["eyes_left", "eyes_right", "plain"]);
    for t in [0.0, 0.1, 0.77, 3.0] {
        let at = scene.at(t);
        at.validate().unwrap();
        let [left, right, _] = &at.cameras[..] else { panic!() };
        close(left.rotation.inverse() * (right.position - left.position), DVec3::X * 0.12, 1e-15);
        assert!(left.rotation.angle_between(right.rotation) < 1e-7);
        assert_eq!((left.fx, left.cx, left.ev100), (right.fx, right.cx, right.ev100));
    }
    close(scene.cameras[0].position, scene.cameras[2].position, 0.0);
    let pair = |k: usize| scene.cameras[k].mount.as_ref().unwrap().pair.clone().unwrap();
    assert_eq!((pair(0).camera.as_str(), pair(0).baseline), ("eyes_right", 0.12));
    assert_eq!((pair(1).camera.as_str(), pair(1).baseline), ("eyes_left", -0.12));
}

#[test]
fn a_dome_looks_at_its_target_from_all_sides() {
    let scene = scene(
        "",
        r#""dome": (lens: Fov(40), pose: LookAt((0, 1, 2), (0, 1, 0)), rig: Dome(count: 40, radius: 3, min_elevation: -30, max_elevation: 60))"#,
    );
    assert_eq!(scene.cameras.len(), 40);
    assert_eq!(scene.cameras[7].name, "dome_07");
    let target = DVec3::Y;
    for camera in &scene.cameras {
        let way = camera.position - target;
        assert!((way.length() - 3.0).abs() < 1e-12);
        let elevation = libm::asin(way.y / 3.0).to_degrees();
        assert!((-30.0..60.0).contains(&elevation), "{elevation}");
        let Projected { pixel, .. } = camera.project(target).unwrap();
        assert!(pixel.distance(DVec2::new(32.0, 24.0)) < 1e-9);
        assert!((camera.rotation * DVec3::X).y.abs() < 1e-12, "upright");
    }
    // Evenly: no two are nearer than half of what 40 points have on so much of a sphere.
    let nearest = |k: usize| {
        let others = scene.cameras.iter().enumerate().filter(|(other, _)| *other != k);
        others.map(|(_, other)| other.position.distance(scene.cameras[k].position)).fold(f64::INFINITY, f64::min)
    };
    let area = 2.0 * std::f64::consts::PI * 9.0 * (libm::sin(60_f64.to_radians()) + 0.5);
    let even = (area / 40.0).sqrt();
    assert!((0..40).all(|k| nearest(k) > even / 2.0));
}

#[test]
fn mounted_cameras_stand_as_opencv_would_have_them() {
    let scene = scene(
        "",
        r#""car": (lens: Fov(60), pose: Matrix(((1, 0, 0, 0), (0, -1, 0, 0), (0, 0, -1, 0), (0, 0, 0, 1))), rig: Mounts(cameras: {
               "front": (position: (0.5, 0, 1)),
               "side": (position: (0, -1, 0), rotation: Yaw(90), lens: Fov(90)),
           }))"#,
    );
    let [front, side] = &scene.cameras[..] else { panic!() };
    // The rig's z, forward, is the world's -Z, and its y, down, the world's -Y.
    close(front.position, DVec3::new(0.5, 0.0, -1.0), 1e-15);
    close(side.position, DVec3::new(0.0, 1.0, 0.0), 1e-15);
    // A quarter turn about OpenCV's y (down) takes forward, z, to the right, x.
    close(side.rotation * DVec3::NEG_Z, DVec3::X, 1e-15);
    assert!((side.fx - 24.0).abs() < 1e-12 && front.fx > 40.0);
}

#[test]
fn a_motion_added_to_one_thing_moves_no_other() {
    let camera = r#""main": (lens: Fov(Uniform(40, 60)), pose: Orbit((0, 0, 0), 2, Uniform(0, 360), 30))"#;
    let things = |motion: &str| {
        format!(
            r#""a": (shape: Sphere(Uniform(0.1, 0.2)), place: InBox((-1, 0, -1), (1, 1, 1)){motion}),
               "b": (shape: Sphere(0.1), place: InBox((-1, 0, -1), (1, 1, 1)), count: 4, motion: Move(velocity: OnSphere((0, 0, 0), 2)))"#
        )
    };
    let still = scene(&things(""), camera);
    let moving = scene(&things(", motion: Turn(rate: Uniform(10, 90))"), camera);
    assert_eq!(moving.instances[1..], still.instances[1..]);
    assert_eq!(moving.cameras, still.cameras);
    assert_eq!(moving.instances[0].position, still.instances[0].position);
}

#[test]
fn a_scene_edited_by_hand_is_told_what_is_wrong_with_its_motion() {
    let good = scene(
        r#""a": (shape: Sphere(0.1), motion: Path(points: [(1, 0, 0)])), "b": (shape: Sphere(0.1), motion: Move(velocity: (1, 0, 0)))"#,
        r#""eyes": (lens: Fov(60), pose: LookAt((1, 1, 3), (0, 0, 0)), rig: Stereo(baseline: 0.12), motion: Handheld())"#,
    );
    let text = good.to_ron().unwrap();
    for (from, to, what) in [
        ("frames: 24", "frames: 0", "`frames` of `clip`"),
        ("rate: 24.0", "rate: 1e300", "`rate` of `clip`"),
        ("velocity: (1.0, 0.0, 0.0)", "velocity: (1e30, 0.0, 0.0)", "`velocity` and `center` of `motion`"),
        ("axis: (0.0, 1.0, 0.0)", "axis: (0.0, 2.0, 0.0)", "`axis` of `motion`"),
        ("baseline: 0.12", "baseline: 0.0", "`baseline`"),
        ("camera: \"eyes_right\"", "camera: \"eyes_wrong\"", "there is no camera `eyes_wrong`"),
        (
            "waves: [",
            "waves: [(frequency: 1e90, phase: 0.0, offset: (0.0, 0.0, 0.0), turn: (0.0, 0.0, 0.0)), ",
            "`motion` has at most",
        ),
        ("clip: Some(", "time: 0.5, clip: Some(", "are not where `motion` is"),
        ("clip: Some(", "frame: 24, clip: Some(", "there is no frame 24"),
    ] {
        assert!(text.contains(from), "{from} in {text}");
        let scene: Scene = ron::from_str(&text.replacen(from, to, 1)).unwrap();
        let reason = scene.validate().unwrap_err();
        assert!(reason.contains(what), "{reason}");
    }
}
