//! Sampling: what a scene guarantees, edit stability, golden digests.

use std::f64::consts::PI;

use glam::DVec3;
use proptest::prelude::*;
use scenewright::recipe::dist::{ColorRecipe, Varied};
use scenewright::recipe::*;
use scenewright::scene::{Instance, Light, Scene, Shape, camera, exposure, sample};

use crate::recipes::{at, c, camera as camera_recipe, empty, hex, in_box, int, material, normal, object, on, point};
use crate::recipes::{sun, tabletop, uniform};

fn ron(scene: &Scene) -> String {
    ron::ser::to_string_pretty(scene, ron::ser::PrettyConfig::default()).unwrap()
}

/// Length first: it alone says much about where a difference is.
fn digest(scene: &Scene) -> (usize, String) {
    let text = ron(scene);
    (text.len(), blake3::hash(text.as_bytes()).to_hex()[..16].to_owned())
}

#[test]
fn golden_digests_of_scenes() {
    // A change here changes every dataset that anyone has made: it needs an entry under "Output changes".
    let scenes = [(0, 0), (0, 1), (1, 0), (u64::MAX, u64::MAX)]
        .map(|(seed, index)| digest(&sample(&tabletop(), seed, index).unwrap()));
    let expected: [(usize, &str); 4] = GOLDEN;
    for (scene, (bytes, hash)) in scenes.iter().zip(expected) {
        assert_eq!((scene.0, scene.1.as_str()), (bytes, hash), "all: {scenes:?}");
    }
}

const GOLDEN: [(usize, &str); 4] = [
    (12812, "8770f4347b4ea3dd"),
    (10748, "5a8fd5a47cba0731"),
    (10738, "612ba17cca03410d"),
    (12845, "4039d01344004965"),
];

#[test]
fn a_scene_written_as_ron_comes_back_bit_for_bit() {
    for index in 0..20 {
        let scene = sample(&tabletop(), 7, index).unwrap();
        let back: Scene = ron::from_str(&ron(&scene)).unwrap();
        assert_eq!(back, scene);
        assert_eq!(ron(&back), ron(&scene));
    }
}

#[test]
fn seed_zero_is_a_seed_and_every_seed_and_index_is_another_scene() {
    let camera = |seed, index| sample(&tabletop(), seed, index).unwrap().cameras[0].position;
    assert_eq!(camera(0, 0), camera(0, 0));
    assert_ne!(camera(0, 0), camera(1, 0));
    assert_ne!(camera(0, 0), camera(0, 1));
    assert_ne!(camera(0, 1), camera(1, 0));
}

#[test]
fn every_guarantee_of_the_scene_holds() {
    for index in 0..30 {
        let scene = sample(&tabletop(), 11, index).unwrap();
        let names: Vec<_> = scene.instances.iter().map(|i| (i.object.clone(), i.number)).collect();
        assert!(names.is_sorted(), "{names:?}");
        let labelled = scene.instances.iter().filter(|i| i.category.is_some());
        assert!(labelled.map(|i| i.id).eq(1..=u32::try_from(names.len()).unwrap() - 1), "the table has no label");
        for i in &scene.instances {
            assert_eq!(i.id == 0, i.category.is_none());
            assert!((i.rotation.length() - 1.0).abs() < 1e-12 && i.position.is_finite() && i.scale.min_element() > 0.0);
            let m = i.material.as_ref().unwrap();
            assert!((0.0..=1.0).contains(&m.roughness) && m.base_color.iter().all(|v| (0.0..=1.0).contains(v)));
        }
        assert!(scene.lights.iter().all(|l| match l {
            Light::Sun { direction, color, .. } => {
                (direction.length() - 1.0).abs() < 1e-12 && color.contains(&1.0) && direction.y < 0.0
            }
            Light::Spot { direction, inner_angle, outer_angle, color, .. } => {
                (direction.length() - 1.0).abs() < 1e-12 && inner_angle < outer_angle && color.contains(&1.0)
            }
            Light::Point { .. } => false,
        }));
    }
}

#[test]
fn a_material_is_drawn_anew_for_each_instance() {
    let scene = sample(&tabletop(), 0, 0).unwrap();
    let rings: Vec<_> = scene.instances.iter().filter(|i| i.object == "rings").collect();
    assert!(rings.len() > 1);
    assert_ne!(rings[0].material.as_ref().unwrap().roughness, rings[1].material.as_ref().unwrap().roughness);
}

#[test]
fn draws_beyond_what_a_field_can_be_are_moved_to_its_end() {
    let mut recipe = empty();
    let glaze = recipe.materials.get_mut("glaze").unwrap();
    glaze.roughness = normal(1e6, 1.0);
    glaze.metallic = normal(-1e6, 1.0);
    glaze.base_color = Varied::One(ColorRecipe::Linear([normal(9.0, 0.1), normal(-9.0, 0.1), c(0.5)]));
    let torus = ShapeRecipe::Torus(normal(-5.0, 0.1), c(3.0));
    recipe.objects.insert("a".into(), object(torus, c(1.0), at(0.0, 0.0, 0.0)));
    recipe.objects.insert("b".into(), object(ShapeRecipe::Sphere(c(1.0)), c(-3.0), at(0.0, 0.0, 0.0)));
    let scene = sample(&recipe, 0, 0).unwrap();
    assert_eq!(scene.instances.len(), 1);
    let m = scene.instances[0].material.as_ref().unwrap();
    assert_eq!((m.roughness, m.metallic, m.base_color), (1.0, 0.0, [1.0, 0.0, 0.5]));
    let Shape::Torus { major_radius, minor_radius } = scene.instances[0].shape else { panic!("not a torus") };
    assert!(0.0 < minor_radius && minor_radius < major_radius);
}

#[test]
fn light_comes_from_where_elevation_and_azimuth_say() {
    let light = |elevation: f64, azimuth: f64| {
        let mut recipe = empty();
        let color = hex([128, 64, 64]);
        let (elevation, azimuth) = (c(elevation), c(azimuth));
        let sun = LightRecipe::Sun { elevation, azimuth, illuminance: c(5e4), color, shadows: true };
        recipe.lights.insert("sun".into(), sun);
        match sample(&recipe, 0, 0).unwrap().lights.remove(0) {
            Light::Sun { direction, color, illuminance, .. } => {
                assert_eq!((color[0], illuminance), (1.0, 5e4));
                direction
            }
            other => panic!("{other:?}"),
        }
    };
    for (elevation, azimuth, towards) in [
        (0.0, 0.0, DVec3::Z),
        (0.0, 90.0, DVec3::X),
        (90.0, 123.0, DVec3::Y),
        (45.0, 180.0, DVec3::new(0.0, 0.5f64.sqrt(), -0.5f64.sqrt())),
    ] {
        assert!((light(elevation, azimuth) + towards).length() < 1e-9);
    }
}

#[test]
fn a_spot_has_half_its_angle_on_either_side_and_a_soft_rim() {
    let mut recipe = empty();
    recipe.lights.insert(
        "spot".into(),
        LightRecipe::Spot {
            position: point(0.0, 2.0, 0.0),
            target: point(0.0, 0.0, 0.0),
            flux: c(1000.0),
            angle: c(60.0),
            blend: c(0.25),
            color: hex([0; 3]),
            shadows: false,
        },
    );
    let Light::Spot { direction, inner_angle, outer_angle, flux, color, .. } = sample(&recipe, 0, 0).unwrap().lights[0]
    else {
        panic!("not a spot")
    };
    assert_eq!(direction, DVec3::NEG_Y);
    assert!((outer_angle - PI / 6.0).abs() < 1e-12 && (inner_angle - PI / 8.0).abs() < 1e-12);
    // A black lamp is off.
    assert_eq!((flux, color), (0.0, [1.0; 3]));
}

#[test]
fn the_meter_reads_what_a_light_meter_reads() {
    let ev = |change: &dyn Fn(&mut Recipe)| {
        let mut recipe = empty();
        recipe.objects.insert("ball".into(), object(ShapeRecipe::Sphere(c(0.1)), c(1.0), at(0.0, 0.0, 0.0)));
        change(&mut recipe);
        sample(&recipe, 0, 0).unwrap().cameras[0].ev100
    };
    let close = |value: f64, expected: f64| assert!((value - expected).abs() < 1e-9, "{value} is not {expected}");
    let sun = |lux: f64| LightRecipe::Sun {
        elevation: c(30.0),
        azimuth: c(0.0),
        illuminance: c(lux),
        color: hex([255; 3]),
        shadows: true,
    };
    // Under E lux, white has a luminance of E / pi, which is to be 1.2 * 2^ev. From 30 degrees up a dome takes
    // (1 + sin 30) / 2 = 3/4 of the light.
    let noon = 1.2 * PI * 32_768.0 * 4.0 / 3.0;
    close(ev(&|r| drop(r.lights.insert("sun".into(), sun(noon)))), 15.0);
    // Two stops brighter means exposing for two stops less light.
    close(
        ev(&|r| {
            r.lights.insert("sun".into(), sun(noon));
            r.cameras.get_mut("main").unwrap().exposure = ExposureRecipe::Auto { compensation: c(2.0) };
        }),
        13.0,
    );
    // 1000 lumens at 2 m: 1000 / 4 pi / 4 = 19.894 lux.
    let lamp =
        LightRecipe::Point { position: point(0.0, 2.0, 0.0), flux: c(1000.0), color: hex([255; 3]), shadows: true };
    close(ev(&|r| drop(r.lights.insert("lamp".into(), lamp.clone()))), libm::log2(1000.0 / (16.0 * PI) / (1.2 * PI)));
    // Half of a 5000 cd/m2 sky above black ground: pi * (1250 + 2/3 * 1250) on a level surface.
    close(
        ev(&|r| {
            r.environment = EnvironmentRecipe::Gradient { sky: hex([255; 3]), ground: hex([0; 3]), strength: c(0.5) };
        }),
        libm::log2(PI * 1250.0 * 5.0 / 3.0 / (1.2 * PI)),
    );
    // No light at all: 0.001 lux, and finite.
    close(ev(&|_| ()), libm::log2(0.001 / (1.2 * PI)));
    close(ev(&|r| r.cameras.get_mut("main").unwrap().exposure = ExposureRecipe::Ev(c(7.5))), 7.5);
    close(exposure::ev100(1.2 * PI, 0.0), 0.0);
}

#[test]
fn a_field_of_view_becomes_pixels() {
    let mut recipe = empty();
    let lens = |axis| LensRecipe::Fov { angle: c(90.0), axis };
    recipe.cameras.get_mut("main").unwrap().lens = lens(FovAxis::Horizontal);
    let camera = &sample(&recipe, 0, 0).unwrap().cameras[0];
    assert!((camera.fx - 320.0).abs() < 1e-9 && camera.fy == camera.fx);
    assert_eq!((camera.cx, camera.cy), (320.0, 240.0));
    recipe.cameras.get_mut("main").unwrap().lens = lens(FovAxis::Vertical);
    assert!((sample(&recipe, 0, 0).unwrap().cameras[0].fy - camera::focal_length(PI / 2.0, 480)).abs() < 1e-9);
}

/// Edits that do not come near what was there.
fn edit(recipe: &mut Recipe, which: u8, name: &str) {
    let far = |count| object(ShapeRecipe::Sphere(uniform(0.1, 0.2)), count, at(500.0, 0.0, 0.0));
    match which {
        0 => drop(recipe.lights.insert(name.into(), sun())),
        1 => drop(recipe.materials.insert(name.into(), material())),
        2 => drop(recipe.cameras.insert(name.into(), camera_recipe())),
        3 => drop(recipe.objects.insert(name.into(), far(int(0, 5)))),
        4 => drop(recipe.lights.remove("spot")),
        5 => {
            // The rings are placed after balls and mugs, and nothing stands on them.
            recipe.objects.get_mut("rings").unwrap().count = c(9.0);
        }
        6 => recipe.environment = EnvironmentRecipe::Color { color: hex([9; 3]), strength: uniform(0.0, 1.0) },
        7 => recipe.materials.get_mut("oak").unwrap().metallic = uniform(0.0, 1.0),
        _ => {
            recipe.objects.insert(name.into(), far(c(1.0)));
            let on_it = object(ShapeRecipe::Sphere(c(0.01)), c(2.0), on(name, 0.0));
            recipe.objects.insert(format!("{name}-top"), on_it);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_edit_moves_nothing_else(
        seed in any::<u64>(), index in any::<u64>(), edits in prop::collection::vec((0u8..9, "[a-z]{1,8}"), 1..4),
    ) {
        let before = tabletop();
        let mut after = before.clone();
        for (which, name) in &edits {
            // `new-` so that no edit replaces what is there.
            edit(&mut after, *which, &format!("{}new-{name}", if seed % 2 == 0 { "" } else { "zz" }));
        }
        let touched = |which: u8| edits.iter().any(|(w, _)| *w == which);
        let (a, b) = (sample(&before, seed, index).unwrap(), sample(&after, seed, index).unwrap());
        for old in &a.instances {
            let mut new = b.instances.iter().find(|i| i.name() == old.name()).cloned();
            if let Some(new) = &mut new {
                new.id = old.id; // ids are dense, so they do move
                let (x, y) = (new.material.as_mut().unwrap(), old.material.as_ref().unwrap());
                if touched(7) && x.name == "oak" {
                    x.metallic = y.metallic;
                }
            }
            prop_assert_eq!(new.as_ref(), Some(old));
        }
        for old in &a.lights {
            let gone = touched(4) && matches!(old, Light::Spot { .. });
            prop_assert_eq!(b.lights.contains(old), !gone);
        }
        for old in &a.cameras {
            let mut new = b.cameras.iter().find(|i| i.name == old.name).cloned().unwrap();
            new.ev100 = old.ev100; // the light meter sees other light
            prop_assert_eq!(&new, old);
        }
        if !touched(6) {
            prop_assert_eq!(a.environment, b.environment);
        }
    }

    #[test]
    fn a_newcomer_moves_only_what_it_meets(seed in any::<u64>()) {
        // Small balls in a large box: a newcomer placed first takes room that most of them never wanted.
        let mut recipe = empty();
        recipe.objects.insert("b".into(), object(ShapeRecipe::Sphere(c(0.05)), c(30.0), in_box(1.0, 0.0)));
        let before = sample(&recipe, seed, 0).unwrap();
        recipe.objects.insert("a".into(), object(ShapeRecipe::Box([c(0.5), c(0.5), c(0.5)]), c(1.0), in_box(1.0, 0.0)));
        let after = sample(&recipe, seed, 0).unwrap();
        let newcomer = after.instances[0].position;
        // Bounding boxes: half diagonals 0.433 and 0.087 (a ball's box is a cube, turned like the ball).
        let meets_newcomer = |p: DVec3| p.distance(newcomer) <= 0.433 + 0.087 + 1e-9;
        let meet = |p: DVec3, q: DVec3| p.distance(q) <= 2.0 * 0.087;
        let pairs: Vec<_> = before.instances.iter().zip(&after.instances[1..]).collect();
        let moved = |(old, new): &(&Instance, &Instance)| old.position != new.position;
        for pair @ (old, new) in &pairs {
            prop_assert_eq!(old.name(), new.name());
            if moved(pair) && !meets_newcomer(old.position) {
                // Then one before it moved: into its old place, or out of its new one.
                let mut earlier = pairs.iter().filter(|other| other.0.number < old.number && moved(other));
                let caused = earlier.any(|(left, came)| meet(came.position, old.position) || meet(left.position, new.position));
                prop_assert!(caused, "{} moved for no reason", old.name());
            }
        }
        // And most have nothing to do with it.
        prop_assert!(pairs.iter().filter(|pair| moved(pair)).count() < 15);
    }

    #[test]
    fn scenes_of_any_seed_and_index_are_finite(seed in any::<u64>(), index in any::<u64>()) {
        let text = ron(&sample(&tabletop(), seed, index).unwrap());
        prop_assert!(!text.contains("inf") && !text.contains("NaN"));
    }
}
