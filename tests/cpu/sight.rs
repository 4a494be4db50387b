//! What a camera sees, estimated: against closed forms, and against the ray caster.

use std::path::Path;

use glam::{DQuat, DVec3};
use scenewright::assets::Library;
use scenewright::recipe::parse;
use scenewright::scene::sight::{Seen, Sight};
use scenewright::scene::{Camera, Instance, Scene, Shape, sample};

use crate::{oracle, synthetic};

/// A camera at the origin that looks along -z, 640 x 480, f = 600.
fn scene(things: &[(Shape, DVec3)]) -> Scene {
    let mut scene = synthetic::scene(0, 0, &["main"], (640, 480));
    scene.cameras = vec![Camera {
        name: "main".into(),
        fx: 600.0,
        fy: 600.0,
        cx: 320.0,
        cy: 240.0,
        near: 0.01,
        position: DVec3::ZERO,
        rotation: DQuat::IDENTITY,
        ev100: 10.0,
        ..Camera::default()
    }];
    let template = synthetic::scene(0, 1, &["main"], (640, 480)).instances.remove(1);
    scene.instances = (1..)
        .zip(things)
        .map(|(id, (shape, position))| Instance {
            id,
            number: id - 1,
            shape: shape.clone(),
            position: *position,
            ..template.clone()
        })
        .collect();
    scene
}

fn look(scene: &Scene) -> Vec<Seen> {
    Sight::default().look(scene, &Library::default())
}

#[test]
fn a_ball_has_the_box_and_the_area_of_its_cone() {
    // A ball of radius r straight ahead at d is seen under tan a = r / sqrt(d^2 - r^2).
    for (radius, distance) in [(0.5, 3.0), (0.2, 1.5), (0.05, 2.0), (0.02, 4.0)] {
        let scene = scene(&[(Shape::Sphere(radius), DVec3::new(0.0, 0.0, -distance))]);
        let seen = look(&scene)[0];
        let r: f64 = 600.0 * radius / (distance * distance - radius * radius).sqrt();
        let [left, top, right, bottom] = seen.outline.unwrap();
        for side in [320.0 - left, right - 320.0, 240.0 - top, bottom - 240.0] {
            // 48 corners and 24 bands: corners on the ball, so at most 0.5 % short.
            assert!(side <= r * 1.0001 && side > r * 0.99 - 0.01, "{side} against {r}");
        }
        assert!((seen.bbox[3] - 2.0 * r).abs() <= 2.0 + 0.02 * r, "{:?} against {r}", seen.bbox);
        let area = std::f64::consts::PI * r * r;
        // Cells of 4 x 4 pixels: the area of a disc in cells is off by some of those on its rim.
        let tolerance = 0.02 * area + 4.0 * 4.0 * (2.0 * r / 4.0).sqrt() * 2.0;
        assert!(r < 8.0 || (seen.whole - area).abs() < tolerance, "{} against {area}", seen.whole);
        assert_eq!(seen.visible, seen.whole);
    }
}

#[test]
fn a_wall_hides_half_of_a_wall() {
    let wall = Shape::Box(DVec3::new(1.0, 1.0, 0.01));
    // Behind, at 3 m: 600 / 3 = 200 pixels wide, from 220 to 420. Before, at 1.5 m, from 320 on.
    let scene = scene(&[
        (wall.clone(), DVec3::new(0.0, 0.0, -3.0)),
        (Shape::Box(DVec3::new(0.5, 1.0, 0.01)), DVec3::new(0.25, 0.0, -1.5)),
    ]);
    let seen = look(&scene);
    let (hidden, front) = (seen[0], seen[1]);
    assert!((hidden.visibility() - 0.5).abs() < 0.02, "{}", hidden.visibility());
    assert_eq!(front.visibility(), 1.0);
    assert!((hidden.whole - 200.0 * 200.0).abs() < 0.03 * 40_000.0, "{}", hidden.whole);
    let [x, y, width, height] = hidden.bbox;
    assert!((x - 220.0).abs() <= 1.0 && (y - 140.0).abs() <= 1.0, "{:?}", hidden.bbox);
    // The right side is hidden, so known to a cell; the others exactly.
    assert!((width - 100.0).abs() <= 4.0 && (height - 200.0).abs() <= 2.0, "{:?}", hidden.bbox);
}

#[test]
fn what_is_behind_or_beside_the_camera_is_not_seen() {
    let ball = Shape::Sphere(0.1);
    let scene = scene(&[
        (ball.clone(), DVec3::new(0.0, 0.0, 2.0)),
        (ball.clone(), DVec3::new(5.0, 0.0, -2.0)),
        (Shape::Plane(glam::DVec2::splat(4.0)), DVec3::new(0.0, 0.5, -1.0)), // from below
        (Shape::Plane(glam::DVec2::splat(4.0)), DVec3::new(0.0, -0.5, 0.0)), // under and behind the camera too
    ]);
    let seen = look(&scene);
    assert!(!seen[0].is_seen() && seen[0].outline.is_none());
    assert!(!seen[1].is_seen() && seen[1].outline.is_some_and(|outline| outline[0] > 640.0));
    assert!(!seen[2].is_seen());
    assert!(seen[3].is_seen() && seen[3].outline.is_none());
    // The floor's horizon is at 2 m: 240 + 600 * 0.5 / 2 = 390.
    assert_eq!(seen[3].bbox, [0.0, 390.0, 640.0, 90.0]);
}

/// Many things that hide each other, in a picture of 320 x 240.
const HEAP: &str = r#"(
    version: 1, name: "heap", image: (width: 320, height: 240),
    categories: [(id: 1, name: "thing")],
    objects: {
        "floor": (shape: Plane(3, 3)),
        "things": (shape: Choice([Sphere(Uniform(0.03, 0.15)), Box(Uniform(0.05, 0.3), 0.2, 0.1), Torus(0.12, 0.04), Cone(0.1, 0.25)]),
                   category: "thing", count: 12, place: InBox((-0.5, 0, -0.5), (0.5, 0.5, 0.5), rotation: Any)),
    },
    cameras: { "main": (lens: Fov(50), pose: Orbit(target: (0, 0.2, 0), distance: Uniform(1, 2), azimuth: Uniform(0, 360),
                                                  elevation: Uniform(5, 50))) },
)"#;

#[test]
fn the_ray_caster_sees_the_same() {
    let recipe = parse(HEAP, "heap.ron", Path::new("")).unwrap();
    let (mut worst_visibility, mut boxes, mut off) = (0.0f64, 0, 0);
    for index in 0..6 {
        let scene = sample(&recipe, 5, index).unwrap();
        let frame = oracle::cast(&scene, &Library::default(), 0);
        for seen in look(&scene) {
            let id = scene.instances[seen.instance].id;
            let whole = frame.amodal.iter().flatten().find(|mask| mask.id == id);
            let (Some(whole), true) = (whole, id > 0) else { continue };
            let inside = whole.inside.area() as f64;
            let pixels: Vec<(u32, u32)> = (0..240)
                .flat_map(|y| (0..320).map(move |x| (x, y)))
                .filter(|&(x, y)| frame.ids.get(x, y) == Some(&id))
                .collect();
            if inside < 100.0 {
                continue;
            }
            let visibility = pixels.len() as f64 / inside;
            worst_visibility = worst_visibility.max((visibility - seen.visibility()).abs());
            // Cells of two pixels.
            assert!((seen.whole - inside).abs() < 0.06 * inside + 60.0, "{} against {inside}", seen.whole);
            if visibility < 0.1 {
                continue;
            }
            let span = |of: fn(&(u32, u32)) -> u32| {
                let (low, high) = (pixels.iter().map(of).min().unwrap(), pixels.iter().map(of).max().unwrap());
                f64::from(high + 1 - low)
            };
            boxes += 1;
            let differs = |a: f64, b: f64| (a - b).abs() > 4.0;
            off += usize::from(differs(span(|p| p.1), seen.bbox[3]) || differs(span(|p| p.0), seen.bbox[2]));
        }
    }
    eprintln!("visibility off by at most {worst_visibility:.3}; {off} of {boxes} boxes by more than 4 pixels");
    assert!(boxes > 40);
    assert!(worst_visibility < 0.08, "{worst_visibility}");
    // Slivers that peep out between cells.
    assert!(off * 20 <= boxes, "{off} of {boxes} boxes");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the time is printed")]
fn a_look_takes_milliseconds() {
    let recipe = parse(HEAP, "heap.ron", Path::new("")).unwrap();
    let scenes: Vec<Scene> = (0..50).map(|index| sample(&recipe, 5, index).unwrap()).collect();
    let sight = Sight::default();
    let start = std::time::Instant::now();
    scenes.iter().for_each(|scene| assert!(!sight.look(scene, &Library::default()).is_empty()));
    let each = start.elapsed().as_secs_f64() * 1e3 / 50.0;
    eprintln!("{each:.2} ms for a scene of 13 things");
    assert!(each < 200.0, "{each} ms");
}
