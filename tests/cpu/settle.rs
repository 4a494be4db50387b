//! What is dropped: at rest, not in each other, not hovering; and the new places, by the scene's own geometry.

use std::path::Path;

use glam::DVec3;
use scenewright::recipe::{Drawing, Recipe, parse};
use scenewright::scene::place::{DEEPEST, HOVER, SLOWEST};
use scenewright::scene::{Instance, Scene, Shape, sample};

pub(crate) fn read(objects: &str) -> Recipe {
    let text = format!(
        "(version: 1, name: \"t\", image: (width: 64, height: 48), objects: {{ {objects} }}, \
         cameras: {{ \"main\": (lens: Fov(50), pose: LookAt(from: (0, 1, 2), target: (0, 0, 0))) }})"
    );
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    parse(&text, "test.ron", folder).unwrap_or_else(|problems| panic!("{}", problems.render(Drawing::Plain)))
}

pub(crate) fn of<'s>(scene: &'s Scene, group: &str) -> Vec<&'s Instance> {
    scene.instances.iter().filter(|instance| instance.object == group).collect()
}

/// Whether a world point is inside of a primitive, by its closed form; how deep at most, along the shortest way that it knows.
fn depth_in(instance: &Instance, world: DVec3) -> f64 {
    assert_eq!(instance.scale, DVec3::ONE);
    let p = instance.rotation.inverse() * (world - instance.position);
    let radial = (p.x * p.x + p.z * p.z).sqrt();
    match instance.shape {
        Shape::Sphere(radius) => radius - p.length(),
        Shape::Box(size) => (size / 2.0 - p.abs()).min_element(),
        Shape::Cylinder { radius, height } => (radius - radial).min(height / 2.0 - p.y.abs()),
        Shape::Capsule { radius, height } => {
            radius - p.distance(DVec3::new(0.0, p.y.clamp(-height / 2.0, height / 2.0), 0.0))
        }
        Shape::Torus { major_radius, minor_radius } => {
            let across = radial - major_radius;
            minor_radius - (across * across + p.y * p.y).sqrt()
        }
        Shape::Cone { radius, height } => {
            // Distance to the slanted side, and to the base.
            let slant = (radius * (height / 2.0 - p.y) - height * radial) / (radius * radius + height * height).sqrt();
            slant.min(height / 2.0 + p.y)
        }
        _ => panic!("not a primitive with an inside"),
    }
}

/// Points of the surface of an instance, in the world: the corners of its triangles, and points between.
fn points(instance: &Instance) -> Vec<DVec3> {
    let (key, size) = scenewright::mesh::shapes::key_and_scale(&instance.shape).unwrap();
    let mesh = scenewright::mesh::shapes::build(&key);
    let place = |p: DVec3| instance.world_from_instance().transform_point3(p * size);
    let mut points: Vec<DVec3> = Vec::new();
    for [a, b, c] in mesh.triangles() {
        points.extend([a, b, c, (a + b) / 2.0, (b + c) / 2.0, (a + c) / 2.0, (a + b + c) / 3.0].map(place));
        if let Shape::Box(_) = instance.shape {
            // Two triangles a side are coarse.
            for i in 1..8 {
                for j in 1..8 - i {
                    let (u, v) = (f64::from(i) / 8.0, f64::from(j) / 8.0);
                    points.push(place(a + (b - a) * u + (c - a) * v));
                }
            }
        }
    }
    points
}

fn size(instance: &Instance) -> f64 {
    let (low, high) =
        scenewright::mesh::shapes::local_bounds(&instance.shape, &scenewright::assets::Library::default()).unwrap();
    (high - low).max_element()
}

/// The greatest depth of any surface point of one in the closed form of the other, as a share of the smaller; of all pairs, whose first
/// is in `group`.
fn deepest(scene: &Scene, group: &[&str]) -> f64 {
    let solid: Vec<&Instance> = scene
        .instances
        .iter()
        .filter(|i| !matches!(i.shape, Shape::Plane(_) | Shape::Gltf(_) | Shape::Made(_)))
        .collect();
    let points: Vec<Vec<DVec3>> = solid.iter().map(|i| points(i)).collect();
    let mut worst = 0.0_f64;
    for (i, a) in solid.iter().enumerate() {
        for (j, b) in solid.iter().enumerate() {
            if i == j || !group.contains(&a.object.as_str()) && !group.contains(&b.object.as_str()) {
                continue;
            }
            if (a.position - b.position).length() > size(a) + size(b) {
                continue;
            }
            let smaller = size(a).min(size(b));
            let depth = points[i].iter().map(|p| depth_in(b, *p)).fold(0.0, f64::max);
            worst = worst.max(depth / smaller);
        }
    }
    worst
}

/// How far the nearest surface point of anything else is below or beside `instance`, as a share of its size: what hovers has a gap.
fn gap(scene: &Scene, instance: &Instance) -> f64 {
    let own = points(instance);
    let mut best = f64::INFINITY;
    for other in scene.instances.iter().filter(|o| !std::ptr::eq(*o, instance)) {
        if matches!(other.shape, Shape::Plane(_) | Shape::Gltf(_) | Shape::Made(_)) {
            continue;
        }
        best = best.min(own.iter().map(|p| -depth_in(other, *p)).fold(f64::INFINITY, f64::min));
        best = best.min(points(other).iter().map(|p| -depth_in(instance, *p)).fold(f64::INFINITY, f64::min));
    }
    best / size(instance)
}

const BIN: &str = "\"bottom\": (shape: Box(0.4, 0.02, 0.3), place: At(position: (0, -0.01, 0))), \
    \"left\": (shape: Box(0.02, 0.2, 0.3), place: At(position: (-0.19, 0.1, 0))), \
    \"right\": (shape: Box(0.02, 0.2, 0.3), place: At(position: (0.19, 0.1, 0))), \
    \"near\": (shape: Box(0.36, 0.2, 0.02), place: At(position: (0, 0.1, 0.14))), \
    \"far\": (shape: Box(0.36, 0.2, 0.02), place: At(position: (0, 0.1, -0.14))), ";

fn bin(count: u32) -> Recipe {
    read(&format!(
        "{BIN} \"parts\": (shape: Choice([Box(Uniform(0.02, 0.05), 0.03, 0.04), Sphere(Uniform(0.01, 0.025)), \
         Cylinder(0.012, Uniform(0.02, 0.06)), Capsule(0.01, 0.03), Cone(0.02, 0.04)]), count: {count}, \
         place: Dropped(\"bottom\", spread: 0.8))"
    ))
}

#[test]
fn what_is_dropped_into_a_bin_rests_there_and_nothing_is_in_anything_else() {
    let recipe = bin(25);
    let (mut scenes, mut redrawn, mut placed) = (0, 0, 0);
    let (mut worst_depth, mut worst_gap) = (0.0_f64, 0.0_f64);
    for index in 0..12 {
        let scene = sample(&recipe, 1, index).unwrap();
        scenes += 1;
        redrawn += scene.redrawn.values().sum::<u32>();
        eprintln!("{:?} {:?}", scene.redrawn, scene.settled);
        let [report] = &scene.settled[..] else { panic!("one settling") };
        assert!(report.speed <= SLOWEST && report.depth <= DEEPEST && report.gap <= 2.0 * HOVER, "{report:?}");
        let parts = of(&scene, "parts");
        placed += parts.len();
        assert_eq!(parts.len() + report.lost as usize, 25);
        worst_depth = worst_depth.max(deepest(&scene, &["parts"]));
        for part in &parts {
            worst_gap = worst_gap.max(gap(&scene, part));
            assert!(
                part.position.y > 0.0 && part.position.x.abs() < 0.2 && part.position.z.abs() < 0.15,
                "{}",
                part.name()
            );
        }
    }
    eprintln!("{scenes} scenes, {redrawn} redrawn, {placed} parts, depth {worst_depth:.5}, gap {worst_gap:.5}");
    assert!(placed > 12 * 22, "{placed}");
    // The test's own points lie on the drawn triangles, a little within round bodies.
    assert!(worst_depth <= DEEPEST && worst_gap < 0.02, "{worst_depth} {worst_gap}");
}

#[test]
fn what_settled_is_the_same_again_and_another_for_another_index() {
    let recipe = bin(10);
    let scene = sample(&recipe, 1, 3).unwrap();
    assert_eq!(scene, sample(&recipe, 1, 3).unwrap());
    assert_ne!(scene.instances, sample(&recipe, 1, 4).unwrap().instances);
}

#[test]
fn a_box_that_is_dropped_flat_lies_flat_on_the_table() {
    let recipe = read(
        "\"table\": (shape: Box(1, 0.1, 1)), \
         \"box\": (shape: Box(0.2, 0.1, 0.2), place: Dropped(\"table\", rotation: Yaw(Uniform(0, 360)), spread: 0.5))",
    );
    for index in 0..10 {
        let scene = sample(&recipe, 0, index).unwrap();
        let thing = of(&scene, "box")[0];
        let up = thing.rotation * DVec3::Y;
        assert!(up.y > 0.9999, "{up}");
        assert!((thing.position.y - 0.1).abs() < 0.001, "{}", thing.position.y);
    }
}

#[test]
fn mugs_settle_on_a_table_with_their_real_handles() {
    let recipe = read(
        "\"table\": (shape: Box(1, 0.1, 1)), \
         \"mugs\": (shape: Gltf(\"assets/mug.glb\"), count: 8, place: Dropped(\"table\", spread: 0.5))",
    );
    let mut placed = 0;
    for index in 0..3 {
        let scene = sample(&recipe, 0, index).unwrap();
        eprintln!("{:?} {:?}", scene.settled, scene.redrawn);
        // None of these mugs rocks: they rest well before the last step, not on the brake alone, and at once.
        assert!(scene.redrawn.is_empty() && scene.settled[0].steps < 1000, "{:?} {:?}", scene.settled, scene.redrawn);
        placed += of(&scene, "mugs").len();
        let model = &recipe.assets.models["assets/mug.glb"];
        for mug in of(&scene, "mugs") {
            let height = |p: &[f32; 3]| mug.world_from_instance().transform_point3(DVec3::from(p.map(f64::from))).y;
            let lowest =
                model.parts.iter().flat_map(|part| &part.mesh.positions).map(height).fold(f64::INFINITY, f64::min);
            assert!(lowest > 0.05 - 0.002, "{} sinks: {lowest}", mug.name());
        }
    }
    assert!(placed >= 20, "{placed}");
}

/// Ten thousand settled scenes: `cargo test --release --no-default-features --test cpu -- --ignored ten_thousand_settled`
#[test]
#[ignore = "takes minutes"]
fn ten_thousand_settled_scenes_rest_without_overlap() {
    let recipe = bin(12);
    let (mut redrawn, mut worst_depth, mut worst_gap) = (0, 0.0_f64, 0.0_f64);
    for index in 0..10_000 {
        let scene = sample(&recipe, 7, index).unwrap();
        redrawn += scene.redrawn.values().sum::<u32>();
        worst_depth = worst_depth.max(deepest(&scene, &["parts"]));
        for part in of(&scene, "parts") {
            worst_gap = worst_gap.max(gap(&scene, part));
        }
    }
    eprintln!("{redrawn} redrawn, depth {worst_depth:.5}, gap {worst_gap:.5}");
    assert!(worst_depth <= DEEPEST && worst_gap < 0.02);
}

/// What moves holds the corners of what it stands for: with a hull of 48 of them, two of five scenes of these ended in each other.
#[test]
fn round_things_of_many_corners_settle_at_once() {
    let recipe = read(&format!(
        "{BIN} \"cushions\": (shape: Superellipsoid(0.05, 0.05, 0.05, 0.5, 0.5), scale: (Uniform(0.95, 1.05), Uniform(0.9, 1), 1), count: 8, \
         place: Dropped(\"bottom\", spread: 0.8)), \
         \"pears\": (shape: Lathe([(0, 0.056), (0.015, 0.048), (0.019, 0.032), (0.034, -0.006), (0.024, -0.04), (0, -0.041)], curve: true, segments: 32), \
         scale: 0.6, count: 4, place: Dropped(\"bottom\", spread: 0.8))"
    ));
    let redrawn: u32 = (0..8).map(|index| sample(&recipe, 3, index).unwrap().redrawn.values().sum::<u32>()).sum();
    assert!(redrawn <= 2, "{redrawn} of {} draws", redrawn + 8);
}
