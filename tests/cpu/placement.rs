//! No overlap, spacing and table edges, checked by other means than the placer's own.

use glam::{DQuat, DVec3, DVec4};
use proptest::prelude::*;
use scenewright::mesh::shapes::local_bounds;
use scenewright::recipe::dist::Varied;
use scenewright::recipe::{Drawing, IfFull, Place, Recipe, ScaleRecipe, ShapeRecipe, parse};
use scenewright::scene::obb::{NearBoxes, Obb};
use scenewright::scene::{Instance, SampleError, Scene, sample};

use crate::recipes::{at, c, empty, in_box, int, object, on, uniform};

fn nearest_in(obb: &Obb, point: DVec3) -> DVec3 {
    let local = obb.axes.transpose() * (point - obb.center);
    obb.center + obb.axes * local.clamp(-obb.half, obb.half)
}

/// Distance between two boxes by projecting back and forth (von Neumann's alternating projections): it falls towards
/// the true distance, 0 where they meet. Knows nothing of separating axes.
fn distance(a: &Obb, b: &Obb) -> f64 {
    let mut p = a.center;
    for _ in 0..3000 {
        p = nearest_in(a, nearest_in(b, p));
    }
    p.distance(nearest_in(b, p))
}

fn obb(instance: &Instance, recipe: &Recipe) -> Obb {
    let bounds = local_bounds(&instance.shape, &recipe.assets).unwrap();
    Obb::new(bounds, instance.scale, instance.rotation, instance.position)
}

fn of<'s>(scene: &'s Scene, group: &str) -> Vec<&'s Instance> {
    scene.instances.iter().filter(|i| i.object == group).collect()
}

/// A crowded table: boxes of many sizes on it, the table itself turned and tilted.
fn crowded(spacing: f64) -> Recipe {
    let mut recipe = empty();
    let tilted = Varied::One(scenewright::recipe::dist::RotationRecipe::Euler([c(20.0), c(30.0), c(-10.0)]));
    let place = Place::At { position: crate::recipes::point(1.0, 2.0, 3.0), rotation: tilted };
    recipe.objects.insert("table".into(), object(ShapeRecipe::Box([c(1.0), c(0.1), c(0.6)]), c(1.0), place));
    let sizes = [uniform(0.02, 0.2), uniform(0.02, 0.2), uniform(0.02, 0.2)];
    let mut boxes = object(ShapeRecipe::Box(sizes), c(40.0), on("table", spacing));
    boxes.scale = ScaleRecipe::PerAxis([uniform(0.5, 1.5), c(1.0), uniform(0.5, 1.5)]);
    recipe.objects.insert("boxes".into(), boxes);
    recipe
}

#[test]
fn what_stands_on_a_table_stands_exactly_on_it_and_not_over_its_edge() {
    let recipe = crowded(0.0);
    for index in 0..5 {
        let scene = sample(&recipe, 3, index).unwrap();
        let table = obb(of(&scene, "table")[0], &recipe);
        let boxes = of(&scene, "boxes");
        assert!(boxes.len() > 10);
        for instance in boxes {
            let obb = obb(instance, &recipe);
            let mut lowest = f64::INFINITY;
            for corner in 0..8 {
                let sign = DVec3::new(
                    if corner & 1 == 0 { 1.0 } else { -1.0 },
                    if corner & 2 == 0 { 1.0 } else { -1.0 },
                    if corner & 4 == 0 { 1.0 } else { -1.0 },
                );
                let local = table.axes.transpose() * (obb.center + obb.axes * (sign * obb.half) - table.center);
                assert!(local.x.abs() <= table.half.x + 1e-9 && local.z.abs() <= table.half.z + 1e-9, "{local}");
                lowest = lowest.min(local.y);
            }
            assert!((lowest - table.half.y).abs() < 1e-9, "{} floats or sinks: {lowest}", instance.name());
        }
    }
}

/// Mugs, whose handle makes them other to the left than to the right, mirrored in every way, on a tilted table.
fn mirrored_mugs() -> Recipe {
    let text = "(version: 1, name: \"t\", image: (width: 64, height: 48), objects: { \
        \"table\": (shape: Box(1.2, 0.1, 0.8), place: At(position: (1, 2, 3), rotation: Euler(20, 30, -10)), scale: (-1, -2, 1)), \
        \"mugs\": (shape: Gltf(\"assets/mug.glb\"), count: 12, place: On(\"table\", yaw: Uniform(0, 360)), \
                   scale: (Choice([Uniform(-1.5, -0.5), 1]), Choice([-1, -0.5, 2]), Choice([-1, 1]))) }, \
        cameras: { \"main\": (lens: Fov(50), pose: LookAt(from: (0, 1, 2), target: (0, 0, 0))) })";
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    parse(text, "test.ron", folder).unwrap_or_else(|problems| panic!("{}", problems.render(Drawing::Plain)))
}

#[test]
fn a_mirrored_thing_stands_exactly_on_its_support_and_within_it() {
    // By its vertices, carried into the world by the instance's own transform; the placer knows but its box.
    let recipe = mirrored_mugs();
    let model = &recipe.assets.models["assets/mug.glb"];
    assert!((model.min + model.max).x.abs() > 0.01, "the mug is the same on both sides, which proves little");
    let (mut mirrored, mut upside_down) = (0, 0);
    for index in 0..10 {
        let scene = sample(&recipe, 5, index).unwrap();
        let table = obb(of(&scene, "table")[0], &recipe);
        assert!(table.half.distance(DVec3::new(0.6, 0.1, 0.4)) < 1e-12, "{}", table.half);
        let mugs = of(&scene, "mugs");
        assert!(mugs.len() > 3);
        for mug in &mugs {
            let mut lowest = f64::INFINITY;
            let mut corners = (DVec3::INFINITY, DVec3::NEG_INFINITY);
            let own_box = obb(mug, &recipe);
            for part in &model.parts {
                for position in &part.mesh.positions {
                    let world = mug.world_from_instance().transform_point3(DVec3::from(position.map(f64::from)));
                    let on_table = table.axes.transpose() * (world - table.center);
                    assert!(on_table.x.abs() <= table.half.x + 1e-9 && on_table.z.abs() <= table.half.z + 1e-9);
                    lowest = lowest.min(on_table.y);
                    let in_box = own_box.axes.transpose() * (world - own_box.center);
                    corners = (corners.0.min(in_box), corners.1.max(in_box));
                }
            }
            assert!((lowest - table.half.y).abs() < 1e-9, "{} floats or sinks: {lowest}", mug.name());
            assert!(corners.0.distance(-own_box.half) < 1e-9 && corners.1.distance(own_box.half) < 1e-9);
            mirrored += usize::from(mug.scale.to_array().iter().product::<f64>() < 0.0);
            upside_down += usize::from(mug.scale.y < 0.0);
        }
        for (i, a) in mugs.iter().enumerate() {
            for b in &mugs[..i] {
                assert!(!triangles_meet(a, b, model), "{} and {}", a.name(), b.name());
            }
        }
    }
    assert!(mirrored > 10 && upside_down > 10, "{mirrored}, {upside_down}");
}

#[test]
fn nothing_overlaps_and_gaps_are_at_least_the_spacing() {
    for spacing in [0.0, 0.03] {
        let recipe = crowded(spacing);
        for index in 0..3 {
            let scene = sample(&recipe, 4, index).unwrap();
            let boxes: Vec<_> = of(&scene, "boxes").into_iter().map(|i| obb(i, &recipe)).collect();
            for (i, a) in boxes.iter().enumerate() {
                for b in &boxes[..i] {
                    assert!(distance(a, b) >= spacing - 1e-6 && !pierces(a, b), "scene {index}, spacing {spacing}");
                }
            }
        }
    }
}

/// Whether an edge of a triangle of one goes through a triangle of the other (Möller and Trumbore, 1997), all against all.
fn triangles_meet(a: &Instance, b: &Instance, model: &scenewright::assets::Model) -> bool {
    let world = |i: &Instance| -> Vec<[DVec3; 3]> {
        let place = i.world_from_instance();
        let parts = model.parts.iter().flat_map(|part| part.mesh.triangles());
        parts.map(|t| t.map(|p| place.transform_point3(p))).collect()
    };
    let (a, b) = (world(a), world(b));
    let bounds = |all: &[[DVec3; 3]]| {
        let corners = || all.iter().flatten();
        (corners().fold(DVec3::INFINITY, |m, p| m.min(*p)), corners().fold(DVec3::NEG_INFINITY, |m, p| m.max(*p)))
    };
    let ((low, high), (from, to)) = (bounds(&a), bounds(&b));
    let (low, high) = (low.max(from), high.min(to));
    let near = |all: Vec<[DVec3; 3]>| -> Vec<[DVec3; 3]> {
        let meets = |t: &[DVec3; 3]| {
            let (min, max) = (t[0].min(t[1]).min(t[2]), t[0].max(t[1]).max(t[2]));
            max.cmpge(low).all() && min.cmple(high).all()
        };
        all.into_iter().filter(meets).collect()
    };
    let (a, b) = (near(a), near(b));
    let crosses = |p: DVec3, q: DVec3, [o, u, v]: [DVec3; 3]| {
        let (d, e, f) = (q - p, u - o, v - o);
        let h = d.cross(f);
        let det = e.dot(h);
        if det.abs() < 1e-15 {
            return false;
        }
        let s = p - o;
        let x = s.dot(h) / det;
        let y = d.dot(s.cross(e)) / det;
        let t = f.dot(s.cross(e)) / det;
        x >= 0.0 && y >= 0.0 && x + y <= 1.0 && (0.0..=1.0).contains(&t)
    };
    let one_way = |a: &[[DVec3; 3]], b: &[[DVec3; 3]]| {
        a.iter().any(|t| b.iter().any(|other| (0..3).any(|k| crosses(t[k], t[(k + 1) % 3], *other))))
    };
    one_way(&a, &b) || one_way(&b, &a)
}

/// Whether any of 7^3 points of a slightly shrunken `a` lies in `b`, or the other way round.
fn pierces(a: &Obb, b: &Obb) -> bool {
    let one_way = |a: &Obb, b: &Obb| {
        (0..343).any(|k| {
            let step = DVec3::new(f64::from(k % 7), f64::from(k / 7 % 7), f64::from(k / 49)) / 3.0 - 1.0;
            let point = a.center + a.axes * (step * a.half * 0.999);
            let local = b.axes.transpose() * (point - b.center);
            local.abs().cmplt(b.half * 0.999).all()
        })
    };
    one_way(a, b) || one_way(b, a)
}

#[test]
fn turned_bodies_in_a_box_do_not_overlap() {
    let mut recipe = empty();
    let shape = ShapeRecipe::Box([uniform(0.05, 0.4), uniform(0.05, 0.4), uniform(0.05, 0.4)]);
    recipe.objects.insert("boxes".into(), object(shape, c(60.0), in_box(0.6, 0.0)));
    let scene = sample(&recipe, 0, 0).unwrap();
    assert!(scene.instances.len() > 20, "{}", scene.instances.len());
    for (i, a) in scene.instances.iter().enumerate() {
        assert!(a.position.abs().max_element() <= 0.6);
        for b in &scene.instances[..i] {
            assert!(distance(&obb(a, &recipe), &obb(b, &recipe)) > 0.0);
        }
    }
}

#[test]
fn a_flat_thing_lies_a_thousandth_of_its_length_above_what_it_lies_on() {
    let mut recipe = empty();
    let table = ShapeRecipe::Box([c(1.0), c(0.1), c(1.0)]);
    recipe.objects.insert("table".into(), object(table, c(1.0), at(0.0, 0.0, 0.0)));
    recipe.objects.insert("sheet".into(), object(ShapeRecipe::Plane([c(0.2), c(0.3)]), c(1.0), on("table", 0.0)));
    let scene = sample(&recipe, 0, 0).unwrap();
    let height = of(&scene, "sheet")[0].position.y;
    assert!((height - 0.0503).abs() < 1e-12, "{height}");
}

#[test]
fn no_two_flat_things_lie_in_one_plane_where_they_meet() {
    let mut recipe = empty();
    let table = ShapeRecipe::Box([c(1.0), c(0.1), c(1.0)]);
    recipe.objects.insert("table".into(), object(table, c(1.0), at(0.0, 0.0, 0.0)));
    // Each covers more than a quarter of the table, whatever its size: a second one cannot lie beside it often, a fifth never.
    let sheets = ShapeRecipe::Plane([uniform(0.55, 0.6), uniform(0.55, 0.6)]);
    recipe.objects.insert("sheets".into(), object(sheets, c(5.0), on("table", 0.0)));
    for index in 0..20 {
        let scene = sample(&recipe, 0, index).unwrap();
        // Two of width 0.55 do not fit side by side on 1.0.
        assert_eq!(of(&scene, "sheets").len(), 1);
    }
}

#[test]
fn one_support_more_moves_only_what_chooses_it() {
    let mut recipe = empty();
    let tray = |count| object(ShapeRecipe::Box([c(1.0), c(0.1), c(1.0)]), count, in_box(20.0, 0.5));
    recipe.objects.insert("trays".into(), tray(c(6.0)));
    recipe.objects.insert("cups".into(), object(ShapeRecipe::Cylinder(c(0.02), c(0.1)), c(40.0), on("trays", 0.0)));
    let before = sample(&recipe, 0, 0).unwrap();
    recipe.objects.insert("trays".into(), tray(c(7.0)));
    let after = sample(&recipe, 0, 0).unwrap();
    let stay =
        of(&before, "cups").iter().filter(|cup| of(&after, "cups").iter().any(|c| c.position == cup.position)).count();
    // Each of 40 moves with chance 1/7 (5.7 of them, deviation 2.2); all but a few stay, and some do move.
    assert!((26..40).contains(&stay), "{stay} of 40 stay");
}

#[test]
fn a_floor_is_not_in_the_way_of_what_stands_on_a_thin_tray() {
    let mut recipe = empty();
    let floor = ShapeRecipe::Box([c(9.0), c(0.1), c(9.0)]);
    recipe.objects.insert("floor".into(), object(floor, c(1.0), at(0.0, -0.05, 0.0)));
    // Its top is 2 cm above the floor; the cups keep 30 cm from each other, and not from the floor.
    let tray = ShapeRecipe::Box([c(3.0), c(0.02), c(3.0)]);
    recipe.objects.insert("tray".into(), object(tray, c(1.0), at(0.0, 0.01, 0.0)));
    recipe.objects.insert("cups".into(), object(ShapeRecipe::Cylinder(c(0.04), c(0.1)), c(5.0), on("tray", 0.3)));
    let scene = sample(&recipe, 0, 0).unwrap();
    let cups = of(&scene, "cups");
    assert_eq!(cups.len(), 5);
    for (i, a) in cups.iter().enumerate() {
        for b in &cups[..i] {
            assert!(distance(&obb(a, &recipe), &obb(b, &recipe)) >= 0.3 - 1e-9);
        }
    }
}

#[test]
fn a_full_table_takes_fewer_and_says_so_or_fails() {
    let mut recipe = empty();
    let table = ShapeRecipe::Box([c(1.0), c(0.1), c(1.0)]);
    recipe.objects.insert("table".into(), object(table, c(1.0), at(0.0, 0.0, 0.0)));
    // Each takes at least a quarter of the table: at most four fit.
    let crate_shape = ShapeRecipe::Box([c(0.5), c(0.5), c(0.5)]);
    recipe.objects.insert("crates".into(), object(crate_shape, c(9.0), on("table", 0.0)));
    let scene = sample(&recipe, 0, 0).unwrap();
    let count = scene.placed.iter().find(|p| p.object == "crates").unwrap();
    assert_eq!(count.asked, 9);
    assert!((1..=4).contains(&count.placed));
    assert_eq!(count.placed as usize, of(&scene, "crates").len());
    // Ids have no gap where numbers have.
    assert_eq!(scene.instances.iter().map(|i| i.id).collect::<Vec<_>>(), (1..=count.placed + 1).collect::<Vec<_>>());

    recipe.objects.get_mut("crates").unwrap().if_full = IfFull::Fail;
    let error = sample(&recipe, 0, 0).unwrap_err();
    assert!(
        matches!(&error, SampleError::Full { object, asked: 9, placed, .. } if object == "crates" && *placed == count.placed)
    );
}

#[test]
fn what_is_larger_than_its_support_or_has_none_is_left_out() {
    let mut recipe = empty();
    recipe.objects.insert("table".into(), object(ShapeRecipe::Plane([c(1.0), c(1.0)]), c(1.0), at(0.0, 0.0, 0.0)));
    recipe.objects.insert("big".into(), object(ShapeRecipe::Sphere(c(0.51)), c(1.0), on("table", 0.0)));
    recipe.objects.insert("small".into(), object(ShapeRecipe::Sphere(c(0.49)), c(1.0), on("table", 0.0)));
    let scene = sample(&recipe, 0, 0).unwrap();
    assert!(of(&scene, "big").is_empty());
    assert_eq!(of(&scene, "small")[0].position.y, 0.49);
    recipe.objects.get_mut("table").unwrap().count = c(0.0);
    assert!(sample(&recipe, 0, 0).unwrap().instances.is_empty());
}

#[test]
fn towers_stand_whatever_their_names() {
    // c on b on a, and the names ask for the opposite order.
    let mut recipe = empty();
    let slab = |size: f64| ShapeRecipe::Box([c(size), c(0.1), c(size)]);
    recipe.objects.insert("c".into(), object(slab(1.0), c(1.0), in_box(3.0, 0.0)));
    recipe.objects.insert("b".into(), object(slab(0.5), c(1.0), on("c", 0.0)));
    recipe.objects.insert("a".into(), object(slab(0.2), c(1.0), on("b", 0.0)));
    let scene = sample(&recipe, 9, 9).unwrap();
    assert_eq!(scene.instances.len(), 3);
    let up = scene.instances[2].rotation * DVec3::Y;
    for (upper, lower) in [(0, 1), (1, 2)] {
        let apart = scene.instances[upper].position - scene.instances[lower].position;
        assert!((apart.dot(up) - 0.1).abs() < 1e-9);
    }
}

#[test]
fn supports_in_a_circle_or_missing_are_errors() {
    let mut recipe = empty();
    recipe.objects.insert("a".into(), object(ShapeRecipe::Sphere(c(1.0)), c(1.0), on("b", 0.0)));
    assert!(matches!(sample(&recipe, 0, 0), Err(SampleError::Unchecked { .. })));
    recipe.objects.insert("b".into(), object(ShapeRecipe::Sphere(c(1.0)), c(1.0), on("a", 0.0)));
    assert!(matches!(sample(&recipe, 0, 0), Err(SampleError::Unchecked { .. })));
}

#[test]
fn ten_thousand_things_of_all_sizes_are_placed() {
    // Without the grid this takes minutes; the assertion is about the result, the test suite's time about the rest.
    let mut recipe = empty();
    let place = || in_box(10.0, 0.0);
    recipe.objects.insert("dust".into(), object(ShapeRecipe::Sphere(uniform(0.01, 0.1)), c(10_000.0), place()));
    recipe.objects.insert("rocks".into(), object(ShapeRecipe::Sphere(uniform(0.5, 1.0)), c(50.0), place()));
    let scene = sample(&recipe, 0, 0).unwrap();
    assert!(scene.instances.len() > 9_900, "{}", scene.instances.len());
}

#[test]
fn crossed_rods_are_told_apart_by_their_edges_alone() {
    // One rod along x, one along z above it, each turned by 45 degrees so that an edge faces the other: between them is
    // height and nothing else, and no face looks up. Edges reach 0.5 * sqrt(2) from the middle.
    let eighth = 45f64.to_radians();
    let rod = |half: DVec3, turn: DQuat, height: f64| Obb::new((-half, half), DVec3::ONE, turn, DVec3::Y * height);
    let lower = rod(DVec3::new(2.0, 0.5, 0.5), DQuat::from_rotation_x(eighth), 0.0);
    let upper = |gap: f64| rod(DVec3::new(0.5, 0.5, 2.0), DQuat::from_rotation_z(eighth), 2f64.sqrt() + gap);
    assert!(lower.clear_of(&upper(0.0), 0.0));
    assert!(!lower.clear_of(&upper(-0.01), 0.0));
    assert!(lower.clear_of(&upper(0.05), 0.049) && !lower.clear_of(&upper(0.05), 0.051));
}

#[test]
fn a_box_is_found_from_the_next_cell() {
    // Edge 0.99 means cells of 1 m. The box's middle is just left of x = 0, its right face at 0.485; the probe starts at
    // 0.44, in the cell to the right. The row far away makes searching cells cheaper than trying all.
    let cube = |half: f64, x: f64| {
        let corner = DVec3::splat(half);
        Obb::new((-corner, corner), DVec3::ONE, DQuat::IDENTITY, DVec3::X * x)
    };
    let mut near = NearBoxes::default();
    near.insert(cube(0.495, -0.01));
    for k in 0..40 {
        near.insert(cube(0.495, 100.0 + 2.0 * f64::from(k)));
    }
    assert!(!near.clear(&cube(0.01, 0.45), 0.0, |_| false));
    assert!(near.clear(&cube(0.01, 0.45), 0.0, |other| std::ptr::eq(other, near.get(0))));
    assert!(near.clear(&cube(0.01, 0.50), 0.0, |_| false) && !near.clear(&cube(0.01, 0.50), 0.01, |_| false));
}

fn any_obb() -> impl Strategy<Value = Obb> {
    let vector = |range: std::ops::Range<f64>| prop::array::uniform3(range).prop_map(DVec3::from_array);
    (vector(-1.0..1.0), vector(0.0..0.8), prop::array::uniform4(-1.0..1.0)).prop_map(|(center, half, q)| {
        let q = DVec4::from_array(q);
        let rotation = if q.length() > 0.1 { DQuat::from_vec4(q.normalize()) } else { DQuat::IDENTITY };
        Obb::new((-half, half), DVec3::ONE, rotation, center)
    })
}

proptest! {
    #[test]
    fn the_separating_axis_test_agrees_with_alternating_projections(a in any_obb(), b in any_obb()) {
        let distance = distance(&a, &b);
        // Projections come down to the distance from above, slowly where faces meet at small angles.
        if distance > 1e-2 {
            prop_assert!(a.clear_of(&b, 0.0), "{distance} apart, yet not clear");
        }
        prop_assert!(!(a.clear_of(&b, 1e-6) && distance < 1e-9), "clear, yet they meet");
        prop_assert!(!a.clear_of(&b, 0.5) || distance >= 0.5 - 1e-9);
        prop_assert_eq!(a.clear_of(&b, 0.1), b.clear_of(&a, 0.1));
    }

    #[test]
    fn the_grid_says_what_testing_all_pairs_says(
        stored in prop::collection::vec((any_obb(), -1..2i32), 0..1000),
        probe in any_obb(), zoom in -4..2i32, spacing in 0.0..0.2,
    ) {
        let resize = |obb: Obb, power: i32| {
            Obb { half: obb.half * libm::ldexp(0.2, power), center: obb.center * 3.0, ..obb }
        };
        let mut near = NearBoxes::default();
        let all: Vec<_> = stored.into_iter().map(|(obb, power)| resize(obb, power)).collect();
        for obb in &all {
            near.insert(*obb);
        }
        let probe = resize(probe, zoom);
        prop_assert_eq!(near.clear(&probe, spacing, |_| false), all.iter().all(|o| probe.clear_of(o, spacing)));
        let but_first = all.iter().skip(1).all(|o| probe.clear_of(o, spacing));
        prop_assert_eq!(near.clear(&probe, spacing, |other| std::ptr::eq(other, near.get(0))), but_first);
    }

    #[test]
    fn counts_add_up(seed in any::<u64>(), most in 0..30i64) {
        let mut recipe = crowded(0.01);
        recipe.objects.get_mut("boxes").unwrap().count = int(0, most);
        let scene = sample(&recipe, seed, 0).unwrap();
        prop_assert_eq!(scene.placed.len(), 2);
        prop_assert_eq!(scene.placed[0].placed as usize, of(&scene, "boxes").len());
        prop_assert!(scene.placed[0].placed <= scene.placed[0].asked && i64::from(scene.placed[0].asked) <= most);
    }
}
