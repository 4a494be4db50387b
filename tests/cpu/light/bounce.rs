//! Light that surfaces give back: how much there is of it, and where.

use glam::{DQuat, DVec2, DVec3};
use scenewright::assets::Library;
use scenewright::bounce::{Bounce, LAMPS, Lamp, Meshes};
use scenewright::scene::{Emitter, Instance, Light, Material, Scene, Shape};
use std::f64::consts::{FRAC_PI_2, PI};

use crate::synthetic;

const SUBFRAMES: u32 = 4096;

/// A scene without anything.
fn empty() -> Scene {
    let mut scene = synthetic::scene(3, 0, &["left"], (8, 8));
    scene.instances.clear();
    scene.image.samples = SUBFRAMES;
    scene.image.bounce = true;
    scene
}

fn matte(base_color: [f64; 3]) -> Material {
    Material { base_color, ..Material::default() }
}

fn add(scene: &mut Scene, shape: Shape, position: DVec3, material: Material) {
    let instance = synthetic::scene(0, 0, &[], (1, 1)).instances.remove(0);
    scene.instances.push(Instance { shape, position, material: Some(material), ..instance });
}

fn lamps(scene: &Scene) -> Vec<Option<Lamp>> {
    let bounce = Bounce::new(scene, &Library::default(), &Meshes::default(), None);
    (0..SUBFRAMES).flat_map(|number| bounce.lamps(number, None)).collect()
}

/// The mean over sub-frames of the sum of all lamps.
fn flux(lamps: &[Option<Lamp>]) -> [f64; 3] {
    let sum = |c: usize| lamps.iter().flatten().map(|lamp| lamp.flux[c]).sum::<f64>();
    [0, 1, 2].map(|c| sum(c) / f64::from(SUBFRAMES))
}

fn sun(direction: DVec3, illuminance: f64) -> Light {
    Light::Sun {
        name: "sun".into(),
        direction: direction.normalize(),
        color: [1.0; 3],
        illuminance,
        angular_diameter: 0.0,
        shadows: true,
    }
}

fn close(found: f64, expected: f64, share: f64) {
    assert!((found / expected - 1.0).abs() < share, "{found}, not {expected}");
}

/// Within a closed surface that gives back the share `a` of all light, `a + a^2 + ... = a / (1 - a)` of a lamp's light leaves the surface.
#[test]
fn within_a_ball_all_bounces_together_are_a_geometric_series() {
    let points: [fn() -> Light; 4] = [
        || Light::Point { name: "l".into(), position: DVec3::ZERO, color: [1.0; 3], flux: 900.0, shadows: true },
        || Light::Spot {
            name: "l".into(),
            position: DVec3::ZERO,
            direction: DVec3::X,
            color: [1.0; 3],
            // A quarter of the sphere lies within 60 degrees.
            flux: 3600.0,
            inner_angle: PI / 3.0,
            outer_angle: PI / 3.0,
            shadows: true,
        },
        || area(Emitter::Rectangle { width: 0.4, height: 0.3 }),
        || area(Emitter::Tube { length: 0.4, radius: 0.05 }),
    ];
    for light in points {
        for share in [0.2, 0.5, 0.8] {
            let mut scene = empty();
            scene.lights.push(light());
            let paint = Material { double_sided: true, ..matte([share, share / 2.0, 0.0]) };
            add(&mut scene, Shape::Sphere(1.0), DVec3::ZERO, paint);
            let lamps = lamps(&scene);
            let [red, green, blue] = flux(&lamps);
            close(red, 900.0 * share / (1.0 - share), 0.03);
            close(green, 900.0 * share / 2.0 / (1.0 - share / 2.0), 0.08);
            assert_eq!(blue, 0.0);
            for lamp in lamps.iter().flatten() {
                close(lamp.position.length(), 1.0, 0.02);
                assert!(lamp.normal.dot(-lamp.position) > 0.95, "{lamp:?} shines outwards");
            }
        }
    }
}

fn area(emitter: Emitter) -> Light {
    Light::Area {
        name: "l".into(),
        emitter,
        position: DVec3::ZERO,
        rotation: DQuat::from_rotation_x(0.3),
        color: [1.0; 3],
        flux: 900.0,
        shadows: true,
    }
}

/// What a sun lays on a floor, times the share that comes back; half as much where its light comes from 60 degrees to the side. However large
/// the floor is about the things that matter.
#[test]
fn a_floor_gives_back_what_the_sun_lays_on_it() {
    for (direction, cosine) in [(DVec3::NEG_Y, 1.0), (DVec3::new(3.0_f64.sqrt(), -1.0, 0.0), 0.5)] {
        for labelled in [false, true] {
            let mut scene = empty();
            scene.lights.push(sun(direction, 1000.0));
            add(&mut scene, Shape::Plane(DVec2::new(6.0, 4.0)), DVec3::ZERO, matte([0.4; 3]));
            if labelled {
                // Black, and out of the light's way.
                add(&mut scene, Shape::Box(DVec3::splat(0.2)), DVec3::new(0.0, -1.0, 0.0), matte([0.0; 3]));
                scene.instances[1].category = Some(1);
                scene.instances[1].id = 1;
            }
            let lamps = lamps(&scene);
            close(flux(&lamps)[0], 1000.0 * cosine * 24.0 * 0.4, 0.05);
            for lamp in lamps.iter().flatten() {
                assert!(lamp.position.y.abs() < 1e-6 && lamp.normal.y > 0.999, "{lamp:?}");
                assert!(lamp.position.x.abs() <= 3.0 && lamp.position.z.abs() <= 2.0, "{lamp:?}");
            }
        }
    }
}

/// Of an even floor under an even sun, lamps and the areas that they stand for: as much light from each square metre as from any other.
#[test]
fn the_areas_of_lamps_add_up_to_what_is_lit() {
    let mut scene = empty();
    scene.lights.push(sun(DVec3::NEG_Y, 1000.0));
    // So black that hardly a photon goes on.
    add(&mut scene, Shape::Plane(DVec2::splat(4.0)), DVec3::ZERO, matte([0.01; 3]));
    let lamps = lamps(&scene);
    let area: f64 = lamps.iter().flatten().map(|lamp| lamp.area).sum();
    close(area, 16.0 * 0.99, 0.03);
    assert_eq!(lamps.len(), (SUBFRAMES * LAMPS) as usize);
}

#[test]
fn light_goes_through_holes_glass_and_the_backs_of_planes() {
    let floor = |above: Option<(Material, DQuat)>| {
        let mut scene = empty();
        scene.lights.push(sun(DVec3::NEG_Y, 1000.0));
        add(&mut scene, Shape::Plane(DVec2::splat(2.0)), DVec3::ZERO, matte([0.5; 3]));
        if let Some((material, rotation)) = above {
            add(&mut scene, Shape::Plane(DVec2::splat(4.0)), DVec3::Y, material);
            scene.instances[1].rotation = rotation;
        }
        let lamps = lamps(&scene);
        let low = |lamp: &&Lamp| lamp.position.y < 0.5;
        let sum: f64 = lamps.iter().flatten().filter(low).map(|lamp| lamp.flux[0]).sum();
        sum / f64::from(SUBFRAMES)
    };
    let upright = DQuat::IDENTITY;
    let turned = DQuat::from_rotation_x(PI);
    let open = floor(None);
    close(open, 2000.0, 0.05);
    let black = matte([0.0; 3]);
    let hole = Material { alpha: 0.3, alpha_mask: Some(0.5), ..black.clone() };
    let glass = Material { transmission: 1.0, ..black.clone() };
    let board = Material { double_sided: true, ..black.clone() };
    assert_eq!(floor(Some((black.clone(), upright))), 0.0);
    assert_eq!(floor(Some((board, turned))), 0.0);
    for (material, rotation) in [(hole, upright), (glass, upright), (black, turned)] {
        close(floor(Some((material, rotation))), open, 0.15);
    }
}

#[test]
fn what_is_mirrored_scaled_or_turned_gives_back_as_much() {
    let lit = |scale: DVec3, rotation: DQuat| {
        let mut scene = empty();
        scene.lights.push(sun(DVec3::NEG_Y, 1000.0));
        add(&mut scene, Shape::Box(DVec3::new(1.0, 2.0, 4.0)), DVec3::ZERO, matte([0.5; 3]));
        (scene.instances[0].scale, scene.instances[0].rotation) = (scale, rotation);
        let lamps = lamps(&scene);
        assert!(lamps.iter().flatten().all(|lamp| lamp.normal.y > 0.99), "not its top");
        flux(&lamps)[0]
    };
    close(lit(DVec3::ONE, DQuat::IDENTITY), 2000.0, 0.05);
    close(lit(DVec3::new(-1.0, 1.0, 1.0), DQuat::IDENTITY), 2000.0, 0.05);
    close(lit(DVec3::new(2.0, 0.5, 1.0), DQuat::IDENTITY), 4000.0, 0.05);
    close(lit(DVec3::ONE, DQuat::from_rotation_x(FRAC_PI_2)), 1000.0, 0.05);
}

#[test]
fn a_scene_without_light_or_things_has_no_lamps() {
    let mut scene = empty();
    assert!(lamps(&scene).iter().all(Option::is_none));
    scene.lights.push(sun(DVec3::NEG_Y, 1000.0));
    assert!(lamps(&scene).iter().all(Option::is_none));
}

#[test]
fn lamps_are_a_function_of_the_scene() {
    let mut scene = empty();
    scene.lights.push(sun(DVec3::NEG_Y, 1000.0));
    add(&mut scene, Shape::Sphere(0.5), DVec3::ZERO, matte([0.5; 3]));
    let first = lamps(&scene);
    assert_eq!(first, lamps(&scene));
    scene.seed += 1;
    assert_ne!(first, lamps(&scene));
}
