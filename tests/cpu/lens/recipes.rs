//! Lenses in recipes: what they become, and what is said about those that cannot be.

use glam::{DVec2, DVec3};
use scenewright::recipe::{Drawing, parse, parse_checked};
use scenewright::scene::{Camera, LensModel, Scene, sample};

fn here() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken")
}

fn text(camera: &str, more: &str) -> String {
    format!(
        "(version: 1, name: \"lens\", image: (width: 640, height: 480), outputs: [Ids, Range],
          categories: [(id: 1, name: \"ball\")],
          objects: {{ \"ball\": (shape: Sphere(0.1), category: \"ball\", count: 3, place: At(position: (Uniform(-1, 1), 0, Uniform(-1, 1)))) }},
          {more}
          cameras: {{ \"main\": ({camera}) }})"
    )
}

const POSE: &str = "pose: LookAt(from: (0, 1, 3), target: (0, 0, 0))";

#[track_caller]
fn scene_with(camera: &str, index: u64) -> Scene {
    let recipe = parse(&text(&format!("{camera}, {POSE}"), ""), "lens.ron", &here());
    let scene = sample(&recipe.unwrap_or_else(|p| panic!("{}", p.render(Drawing::Plain))), 1, index).unwrap();
    scene.validate().unwrap();
    scene
}

#[track_caller]
fn camera(text: &str) -> Camera {
    scene_with(text, 0).cameras[0].clone()
}

/// What is said: errors or warnings.
fn said(camera: &str, more: &str) -> String {
    let text = text(&format!("{camera}, {POSE}"), more);
    let found = parse_checked(&text, "lens.ron", &here());
    found.map_or_else(|problems| problems, |checked| checked.warnings).render(Drawing::Plain)
}

#[test]
fn focal_lengths_in_millimetres_are_those_of_the_largest_part_of_the_sensor() {
    // 4 to 3 on 36 by 24 mm: 32 by 24 mm of it, 0.05 mm a pixel.
    let c = camera("lens: Focal(35)");
    assert!((c.fx - 700.0).abs() < 1e-9 && c.fy == c.fx && (c.cx, c.cy) == (320.0, 240.0), "{c:?}");
    // On a sensor of 8 by 8 mm the width counts.
    assert!((camera("lens: Focal(length: 4, sensor: (8, 8))").fx - 320.0).abs() < 1e-9);
    // 90 degrees of a fisheye are pi / 4 of its focal lengths on either side.
    let c = camera("lens: Fov(180), distortion: KannalaBrandt()");
    assert!((c.fx - 480.0 / std::f64::consts::PI).abs() < 1e-9);
    assert!(c.sees_sideways(640, 480));
    let edge = c.unit_ray(DVec2::new(320.0, 480.0)).unwrap();
    assert!(edge.dot(c.rotation * DVec3::NEG_Z).abs() < 1e-12, "90 degrees off the axis");
    assert_eq!(camera("lens: Equirectangular").lens_model, LensModel::Equirectangular);
}

#[test]
fn coefficients_have_opencvs_names_and_order() {
    let c = camera("lens: Fov(40), distortion: BrownConrady(0.1, 0.02, 0.003, 0.004, 0.05, 0.06, 0.07, 0.08)");
    let expected = LensModel::BrownConrady { k: [0.1, 0.02, 0.05, 0.06, 0.07, 0.08], p: [0.003, 0.004] };
    assert_eq!(c.lens_model, expected);
    let named = camera(
        "lens: Fov(40), distortion: BrownConrady(k6: 0.08, k5: 0.07, k4: 0.06, k3: 0.05, p2: 0.004, p1: 0.003, k2: 0.02, k1: 0.1)",
    );
    assert_eq!(named, c);
    let c = camera("lens: Fov(40), distortion: KannalaBrandt(k2: 0.2, k4: -0.01)");
    assert_eq!(c.lens_model, LensModel::KannalaBrandt { k: [0.0, 0.2, 0.0, -0.01] });
}

#[test]
fn adding_a_distortion_moves_nothing_else() {
    let plain = scene_with("lens: Fov(Uniform(30, 60))", 7);
    let bent = scene_with(
        "lens: Fov(Uniform(30, 60)), distortion: BrownConrady(Uniform(-0.1, 0)), shutter: (time: Uniform(0, 0.1))",
        7,
    );
    assert_eq!(plain.instances, bent.instances);
    assert_eq!((plain.cameras[0].fx, plain.cameras[0].ev100), (bent.cameras[0].fx, bent.cameras[0].ev100));
    let other = scene_with("lens: Fov(Uniform(30, 60)), distortion: BrownConrady(Uniform(-0.1, 0))", 8);
    assert_ne!(other.cameras[0].lens_model, bent.cameras[0].lens_model);
    // A scene of a pinhole is written as it always was; others read back to the same bits.
    assert!(!plain.to_ron().unwrap().contains("lens_model"));
    let read: Scene = ron::from_str(&bent.to_ron().unwrap()).unwrap();
    assert_eq!(read, bent);
}

#[test]
fn focus_is_a_diameter_and_a_distance() {
    let of = |text: &str| camera(text).aperture.unwrap();
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
    let portrait = of("lens: Focal(85), focus: Focus(f_number: 1.7, distance: 2.5)");
    close(portrait.diameter, 0.05);
    close(portrait.focus_distance, 2.5);
    // 50 pixels to a degree or so: fx of 40 degrees is 659.4 pixels, on 24 mm for 480 rows 0.05 mm each.
    let fx = 240.0 / libm::tan(20f64.to_radians());
    close(of("lens: Fov(40), focus: Focus(2, 1)").diameter, fx * 0.05 / 1000.0 / 2.0);
    close(of("lens: Fov(40), focus: Focus(2, 1, sensor: (6.4, 4.8))").diameter, fx * 0.01 / 1000.0 / 2.0);
    close(of("lens: Fov(40), focus: Focus(2, 1, focal_length: 5)").diameter, 0.0025);
    // On the nearest of three balls, along the axis.
    let scene = scene_with("lens: Fov(40), focus: Focus(f_number: 2, at: \"ball\")", 3);
    let c = &scene.cameras[0];
    let forward = c.rotation * DVec3::NEG_Z;
    let nearest = scene.instances.iter().map(|i| (i.position - c.position).dot(forward)).fold(f64::INFINITY, f64::min);
    close(c.aperture.unwrap().focus_distance, nearest);
    assert_eq!(camera("lens: Fov(40), shutter: (time: 0.01, readout: 0.02)").shutter.readout, 0.02);
}

#[test]
fn a_framed_ball_fills_what_it_is_to_fill_through_any_lens() {
    for lens in [
        "lens: Fov(60), distortion: BrownConrady(-0.15, 0.03)",
        "lens: Fov(150), distortion: KannalaBrandt(-0.02)",
        "lens: Equirectangular",
    ] {
        let text = text(&format!("{lens}, pose: Frame(\"ball\", 0.5, 30, 40, one: true)"), "");
        let scene = sample(&parse(&text, "lens.ron", &here()).unwrap(), 1, 0).unwrap();
        let camera = &scene.cameras[0];
        // The ball around the ball's box, sqrt(3) as large, seen from where it fills half of the height.
        let middle = scene.instances.iter().min_by(|a, b| {
            let off = |i: &scenewright::scene::Instance| {
                camera.project(i.position).unwrap().pixel.distance(DVec2::new(320.0, 240.0))
            };
            off(a).total_cmp(&off(b))
        });
        let far = middle.unwrap().position.distance(camera.position);
        let angle = libm::asin(0.1 * 3f64.sqrt() / far);
        let edge = camera.rotation * DVec3::new(0.0, libm::sin(angle), -libm::cos(angle));
        let rim = camera.project(camera.position + edge).unwrap().pixel;
        assert!((240.0 - rim.y - 120.0).abs() < 1e-6, "{lens}: {rim}");
    }
}

#[test]
fn a_calibration_is_scaled_to_images_of_its_shape() {
    let c = camera("lens: Calibration(\"opencv.yaml\")");
    // Of 1280 x 960 pixels, halved.
    assert!((c.fx - 520.1).abs() < 1e-9 && (c.cx - 320.0).abs() < 1e-9, "{c:?}");
    assert!(matches!(c.lens_model, LensModel::BrownConrady { .. }));
    let found = said("lens: Calibration(\"camchain.yaml\", camera: \"cam0\")", "");
    assert!(found.contains("752 x 480 pixels, which have another shape") && found.contains("height: 480"), "{found}");
    assert!(said("lens: Calibration(\"camchain.yaml\")", "").contains("say which with `camera`"));
    assert!(
        said("lens: Calibration(\"camchain.yaml\", camera: \"cam1\")", "").contains("camera model `eucm` is not read")
    );
    assert!(said("lens: Calibration(\"nowhere.yaml\")", "").contains("there is no file"));
}

#[test]
fn a_lens_that_sees_sideways_has_no_depth_and_one_that_ends_is_told() {
    let depth = |camera: &str| said(camera, "").replace("[Ids, Range]", "");
    assert_eq!(depth("lens: Fov(190), distortion: KannalaBrandt()"), "");
    let text = text(&format!("lens: Fov(190), distortion: KannalaBrandt(), {POSE}"), "").replace("[Ids, Range]", "All");
    let found = parse(&text, "lens.ron", &here()).unwrap_err().render(Drawing::Plain);
    assert!(found.contains("sees 90 degrees off its axis") && found.contains("[Ids, Range]"), "{found}");
    // A little narrower it is a lens like others, corners and all: 640 x 480 has a diagonal of 800.
    let text = text_all("lens: Fov(100), distortion: KannalaBrandt()");
    parse(&text, "lens.ron", &here()).unwrap();
    let found = said("lens: Fov(70), distortion: BrownConrady(k1: Uniform(-0.4, -0.1))", "");
    assert!(found.contains("its `k1` would fold the picture back 42.4 degrees off"), "{found}");
    assert_eq!(said("lens: Fov(70), distortion: BrownConrady(k1: -0.1)", ""), "");
}

fn text_all(camera: &str) -> String {
    text(&format!("{camera}, {POSE}"), "").replace("[Ids, Range]", "All")
}
