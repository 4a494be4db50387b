//! Places on surfaces, in containers, piles, grids and along paths, and relations: by what a reader of the recipe expects.

use glam::DVec3;
use scenewright::scene::place::HOVER;
use scenewright::scene::{Instance, Scene, sample};

use crate::settle::{of, read};

fn middle_distance(a: &Instance, b: &Instance) -> f64 {
    a.position.distance(b.position)
}

/// Height of the lowest point of a ball, a disc or a box that stands upright.
fn foot(instance: &Instance, height: f64) -> f64 {
    instance.position.y - height / 2.0
}

#[test]
fn round_things_stand_nearer_than_their_boxes_would() {
    // Ten balls of 10 cm in a row of slots that are exactly as wide; their boxes, turned by 45 degrees, would not fit.
    let recipe = read(
        "\"floor\": (shape: Plane(4, 4)), \
         \"balls\": (shape: Sphere(0.05), count: 60, place: InBox((-0.15, 0.05, -0.15), (0.15, 0.05, 0.15), rotation: Any))",
    );
    let mut most = 0;
    for index in 0..10 {
        let scene = sample(&recipe, 0, index).unwrap();
        let balls = of(&scene, "balls");
        for (i, a) in balls.iter().enumerate() {
            for b in &balls[..i] {
                assert!(middle_distance(a, b) >= 0.1, "{}", middle_distance(a, b));
            }
        }
        most = most.max(balls.len());
    }
    assert!(most >= 8, "{most}");
}

#[test]
fn nothing_stands_beside_a_round_table() {
    let recipe = read(
        "\"table\": (shape: Cylinder(0.5, 0.1)), \
         \"pins\": (shape: Cylinder(0.05, 0.2), count: 40, place: On(\"table\"))",
    );
    for index in 0..20 {
        let scene = sample(&recipe, 0, index).unwrap();
        let pins = of(&scene, "pins");
        assert!(pins.len() > 15, "{}", pins.len());
        for pin in pins {
            let far = glam::DVec2::new(pin.position.x, pin.position.z).length();
            assert!(far <= 0.45 + 0.002, "{}", pin.position);
            assert!((foot(pin, 0.2) - 0.05).abs() < 1e-6, "{}", foot(pin, 0.2));
        }
    }
}

#[test]
fn what_lies_on_a_ring_lies_across_it_or_within_it() {
    // A ball of the hole's size and a little more stands on the tube all round; its lowest point is below the top of the ring.
    let recipe = read(
        "\"hill\": (shape: Superellipsoid(6, 2, 6)), \
         \"trees\": (shape: Cone(0.1, 0.5), count: 60, place: Scatter(\"hill\", radius: 0.3, sink: 0.1, slope: 35)), \
         \"rocks\": (shape: Sphere(0.05), count: 60, place: OnSurface(\"hill\", align: Normal))",
    );
    let scene = sample(&recipe, 0, 0).unwrap();
    let (trees, rocks) = (of(&scene, "trees"), of(&scene, "rocks"));
    assert!(trees.len() > 40 && rocks.len() > 40, "{} {}", trees.len(), rocks.len());
    // The hill is an ellipsoid of half axes 3, 1, 3: f(p) is 1 on it.
    let f = |p: DVec3| (p / DVec3::new(3.0, 1.0, 3.0)).length();
    for (i, tree) in trees.iter().enumerate() {
        let base = tree.position - DVec3::Y * 0.25;
        assert!((tree.rotation * DVec3::Y).y > 1.0 - 1e-9);
        // The middle of its base is within the hill by at most what it may sink, and never above it.
        assert!(f(base) <= 1.003 && f(base + DVec3::Y * 0.11) >= 0.99, "{base} {}", f(base));
        for other in &trees[..i] {
            assert!(middle_distance(tree, other) >= 0.3 - 0.11, "{}", middle_distance(tree, other));
        }
    }
    for rock in rocks {
        // Its middle is 5 cm off the surface, along the normal.
        let up = rock.rotation * DVec3::Y;
        let touch = rock.position - up * 0.05;
        assert!((f(touch) - 1.0).abs() < 0.004, "{touch} {}", f(touch));
        let normal = (touch / DVec3::new(9.0, 1.0, 9.0)).normalize();
        assert!(up.dot(normal) > 0.99, "{up} {normal}");
    }
}

#[test]
fn things_on_a_surface_are_even_over_its_area() {
    // Three quarters of the area of two plates are of the larger one; both are one group, chosen evenly, so each has half of them, and
    // within a plate the four quarters have a quarter each.
    let recipe = read(
        "\"plate\": (shape: Plane(2, 1), material: \"\"), \"dots\": (shape: Sphere(0.001), count: 4000, place: OnSurface(\"plate\"))"
            .replace(", material: \"\"", "")
            .as_str(),
    );
    let scene = sample(&recipe, 0, 0).unwrap();
    let dots = of(&scene, "dots");
    assert!(dots.len() > 3900, "{}", dots.len());
    let quarter =
        |x: bool, z: bool| dots.iter().filter(|d| (d.position.x > 0.0) == x && (d.position.z > 0.0) == z).count();
    for (x, z) in [(true, true), (true, false), (false, true), (false, false)] {
        // 1000 of 4000, deviation 27.
        assert!((880..1120).contains(&quarter(x, z)), "{}", quarter(x, z));
    }
}

#[test]
fn piles_are_piles() {
    let recipe = read(
        "\"pallet\": (shape: Box(1.2, 0.1, 0.8)), \
         \"boxes\": (shape: Box(0.3, Uniform(0.1, 0.2), 0.3), count: 12, place: Stack(\"pallet\", piles: 3, offset: Uniform(0, 0.3), yaw: Uniform(-5, 5)))",
    );
    for index in 0..10 {
        let scene = sample(&recipe, 0, index).unwrap();
        let boxes = of(&scene, "boxes");
        assert!(boxes.len() >= 8, "{}", boxes.len());
        let half = |i: &Instance| match i.shape {
            scenewright::scene::Shape::Box(size) => size.y / 2.0,
            _ => unreachable!(),
        };
        for thing in &boxes {
            let bottom = thing.position.y - half(thing);
            if thing.number < 3 {
                assert!((bottom - 0.05).abs() < 1e-9);
            } else {
                let below = boxes.iter().find(|b| b.number + 3 == thing.number).unwrap();
                assert!((bottom - below.position.y - half(below)).abs() < 1e-6, "{}", thing.name());
                let off = thing.position - below.position;
                assert!((off.x * off.x + off.z * off.z).sqrt() < 0.15);
            }
        }
    }
}

#[test]
fn shelves_are_filled_board_after_board() {
    let recipe = read(
        "\"boards\": (shape: Box(1, 0.02, 0.3), count: 2, place: Along([(0, 0, 0), (0, 2, 0)])), \
         \"tins\": (shape: Cylinder(0.03, 0.1), count: 7, place: Grid(\"boards\", columns: 5, rows: 1))",
    );
    let scene = sample(&recipe, 0, 0).unwrap();
    let (boards, tins) = (of(&scene, "boards"), of(&scene, "tins"));
    assert_eq!((boards.len(), tins.len()), (2, 7));
    for tin in tins {
        let board = boards[if tin.number < 5 { 0 } else { 1 }];
        let local = board.rotation.inverse() * (tin.position - board.position);
        let cell = f64::from(tin.number % 5);
        assert!((local - DVec3::new(-0.4 + 0.2 * cell, 0.06, 0.0)).length() < 1e-9, "{local}");
    }
}

#[test]
fn what_is_in_a_crate_is_in_it() {
    let recipe = read(
        "\"crate\": (shape: Gltf(\"assets/crate.glb\"), scale: 2), \
         \"fruit\": (shape: Sphere(0.03), count: 6, place: In(\"crate\"))",
    );
    let model = &recipe.assets.models["assets/crate.glb"];
    eprintln!("crate from {} to {}", model.min, model.max);
    let scene = sample(&recipe, 0, 0).unwrap();
    for fruit in of(&scene, "fruit") {
        let p = fruit.position;
        assert!(p.x.abs() < model.max.x * 2.0 && p.z.abs() < model.max.z * 2.0 && p.y < model.max.y * 2.0, "{p}");
    }
}

#[test]
fn posts_follow_a_path() {
    let recipe = read(
        "\"posts\": (shape: Box(0.1, 1, 0.2), count: 6, place: Along([(0, 0, 0), (3, 0, 0), (3, 0, 3)], offset: -0.5))",
    );
    let scene = sample(&recipe, 0, 0).unwrap();
    let posts = of(&scene, "posts");
    assert_eq!(posts.len(), 6);
    for (k, post) in posts.iter().enumerate() {
        // Half a metre to the left: towards -Z on the way to +X, towards +X on the way to +Z.
        let s = 0.5 + k as f64;
        let (place, forward) =
            if s < 3.0 { (DVec3::new(s, 0.5, -0.5), DVec3::X) } else { (DVec3::new(3.5, 0.5, s - 3.0), DVec3::Z) };
        assert!(post.position.distance(place) < 1e-9, "{}", post.position);
        assert!((post.rotation * DVec3::Z).distance(forward) < 1e-9);
    }
}

#[test]
fn relations_hold() {
    let recipe = read(
        "\"table\": (shape: Box(1.6, 0.04, 0.9)), \
         \"plate\": (shape: Cylinder(0.12, 0.02), place: On(\"table\")), \
         \"fork\": (shape: Box(0.02, 0.01, 0.18), place: On(\"table\"), relations: [LeftOf(\"plate\"), Near(\"plate\", 0.1)]), \
         \"knife\": (shape: Box(0.02, 0.01, 0.18), place: On(\"table\"), relations: [Behind(\"plate\", from: (5, 0, 0))]), \
         \"eyes\": (shape: Cone(0.03, 0.1), count: 3, place: On(\"table\"), relations: [Facing(\"plate\"), Inside((-0.5, 0, -0.4), (0.5, 0.2, 0.4))])",
    );
    let (mut forks, mut knives) = (0, 0);
    for index in 0..30 {
        let scene = sample(&recipe, 0, index).unwrap();
        let plate = of(&scene, "plate")[0];
        for fork in of(&scene, "fork") {
            assert!(fork.position.x + 0.01 <= plate.position.x - 0.12 + 1e-9);
            let flat = DVec3::new(1.0, 0.0, 1.0);
            let near = (plate.position * flat - (fork.position * flat)).abs();
            let gap = DVec3::new((near.x - 0.01).max(0.0), 0.0, (near.z - 0.09).max(0.0)).length() - 0.12;
            assert!(gap <= 0.1 + 1e-6, "{gap}");
            forks += 1;
        }
        for knife in of(&scene, "knife") {
            assert!(knife.position.x < plate.position.x - 0.12, "{}", knife.position);
            knives += 1;
        }
        for eye in of(&scene, "eyes") {
            let way = plate.position - eye.position;
            let level = DVec3::new(way.x, 0.0, way.z).normalize();
            assert!((eye.rotation * DVec3::Z).dot(level) > 1.0 - 1e-9);
            assert!(eye.position.x.abs() <= 0.47 && eye.position.z.abs() <= 0.37);
        }
    }
    assert!(forks > 10 && knives > 10, "{forks} {knives}");
}

/// Mean distance to the nearest other.
fn nearest(scene: &Scene, group: &str) -> f64 {
    let all = of(scene, group);
    let near = |a: &&Instance| {
        all.iter().filter(|b| b.number != a.number).map(|b| middle_distance(a, b)).fold(f64::INFINITY, f64::min)
    };
    all.iter().map(near).sum::<f64>() / all.len() as f64
}

#[test]
fn crowds_gather_and_keep_away() {
    let text = |crowding: &str| {
        format!(
            "\"floor\": (shape: Plane(4, 4)), \
             \"dots\": (shape: Sphere(0.02), count: 40, crowding: {crowding}, place: On(\"floor\"))"
        )
    };
    let [away, anyhow, crowded] =
        ["-1", "0", "1"].map(|crowding| nearest(&sample(&read(&text(crowding)), 0, 0).unwrap(), "dots"));
    assert!(crowded < 0.6 * anyhow && anyhow < 0.8 * away, "{crowded} {anyhow} {away}");
}

#[test]
fn a_density_counts_by_area() {
    let recipe = read(
        "\"fields\": (shape: Plane(2, 3), count: 2, place: Along([(0, 0, 0), (9, 0, 0)])), \
         \"weeds\": (shape: Sphere(0.01), place: On(\"fields\", density: 5))",
    );
    let scene = sample(&recipe, 0, 0).unwrap();
    assert_eq!(scene.placed.iter().find(|p| p.object == "weeds").unwrap().asked, 60);
}

#[test]
fn clutter_is_one_line() {
    let recipe = read(
        "\"table\": (shape: Box(1, 0.1, 1)) }, \
         distractors: (count: 5, place: On(\"table\")), occluders: (count: 2, camera: \"main\", object: \"table\"), lights: {",
    );
    let scene = sample(&recipe, 0, 0).unwrap();
    assert!(of(&scene, "distractors").len() >= 3);
    let occluders = of(&scene, "occluders");
    assert_eq!(occluders.len(), 2);
    let eye = scene.cameras[0].position;
    for thing in occluders {
        assert!(thing.category.is_none() && thing.id == 0);
        let way = (DVec3::ZERO - eye).normalize();
        let along = (thing.position - eye).dot(way) / eye.length();
        assert!((0.2..0.9).contains(&along), "{along}");
    }
}

/// Thousands of scattered scenes: no two things are in each other, and nothing stands in the air.
#[test]
fn scattered_scenes_neither_overlap_nor_hover() {
    let recipe = read(
        "\"table\": (shape: Box(1, 0.1, 0.7)), \
         \"balls\": (shape: Sphere(Uniform(0.02, 0.06)), count: 8, place: On(\"table\")), \
         \"tins\": (shape: Cylinder(Uniform(0.02, 0.05), 0.1), count: 8, place: On(\"table\", yaw: Uniform(0, 360)))",
    );
    let radius = |i: &Instance| match i.shape {
        scenewright::scene::Shape::Sphere(radius) | scenewright::scene::Shape::Cylinder { radius, .. } => radius,
        _ => unreachable!(),
    };
    let mut pairs = 0;
    for index in 0..2000 {
        let scene = sample(&recipe, 3, index).unwrap();
        let all: Vec<&Instance> = scene.instances.iter().filter(|i| i.object != "table").collect();
        for (i, a) in all.iter().enumerate() {
            let height = if a.object == "balls" { 2.0 * radius(a) } else { 0.1 };
            assert!((foot(a, height) - 0.05).abs() <= HOVER * height);
            for b in &all[..i] {
                let apart = a.position - b.position;
                let flat = (apart.x * apart.x + apart.z * apart.z).sqrt();
                pairs += 1;
                match (a.object == "balls", b.object == "balls") {
                    (true, true) => assert!(apart.length() >= radius(a) + radius(b) - 1e-9),
                    (false, false) => assert!(flat >= radius(a) + radius(b) - 1e-6),
                    (a_ball, _) => {
                        let (ball, tin) = if a_ball { (a, b) } else { (b, a) };
                        let up = ((ball.position.y - tin.position.y).abs() - 0.05).max(0.0);
                        let out = (flat - radius(tin)).max(0.0);
                        assert!((up * up + out * out).sqrt() >= radius(ball) - 1e-6);
                    }
                }
            }
        }
    }
    assert!(pairs > 100_000);
}

#[test]
fn a_step_that_divides_a_path_reaches_its_end() {
    let recipe = read(
        "\"posts\": (shape: Box(0.1, 0.1, 0.1), count: 9, place: Along([(0, 0.13, 0), (0, 1.78, 0)], step: 0.55))",
    );
    let scene = sample(&recipe, 0, 0).unwrap();
    let heights: Vec<f64> = of(&scene, "posts").iter().map(|post| post.position.y).collect();
    // Their lowest points are on the path.
    let expected = [0.18, 0.73, 1.28, 1.83];
    assert!(heights.len() == 4 && heights.iter().zip(expected).all(|(is, y)| (is - y).abs() < 1e-9), "{heights:?}");
}
