//! The same scene gives the same bytes, whatever was rendered before it.

use glam::{DVec2, DVec3};
use scenewright::frame::Frame;
use scenewright::plan::{Plan, Selection};
use scenewright::recipe;
use scenewright::scene::{Light, Scene, Shape};
use std::path::Path;

use crate::build::{add, scene};
use crate::harness::{Case, ensure, gallery, gallery_recipe, new_renderer};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("a_frame_is_the_same_alone_in_a_batch_and_backwards", alone_in_a_batch_and_backwards),
        ("light_is_added_up_in_the_order_of_the_scene", order_of_lights),
        ("the_gallery_is_the_same_backwards", gallery_backwards),
    ]
}

/// Everything varies: counts, shapes, lights, textures, two cameras.
pub(crate) const RECIPE: &str = r##"(
    version: 1, name: "varied", image: (width: 120, height: 90),
    categories: [(id: 1, name: "thing"), (id: 2, name: "ball")],
    materials: {
        "paint": (base_color: Hsv(Uniform(0, 360), 0.7, 0.8), roughness: Uniform(0.1, 0.9), metallic: Choice([0, 1])),
        "glow": (emission: Kelvin(3000), emission_luminance: LogUniform(100, 5000)),
    },
    objects: {
        "table": (shape: Box(2, 0.1, 2), place: At(position: (0, -0.05, 0))),
        "things": (shape: Choice([Box(0.2, 0.2, 0.2), Cone(0.1, 0.3), Torus(Uniform(0.1, 0.2), 0.05)]), category: "thing",
                   count: UniformInt(2, 30), material: "paint", place: On("table", yaw: Uniform(0, 360))),
        "balls": (shape: Sphere(Uniform(0.05, 0.15)), category: "ball", count: UniformInt(0, 5), material: Choice(["paint", "glow"]),
                  place: InBox(min: (-0.8, 0.4, -0.8), max: (0.8, 1, 0.8))),
    },
    lights: {
        "sun": Sun(elevation: Uniform(20, 80), azimuth: Uniform(0, 360), illuminance: LogUniform(1e3, 1e5)),
        "dusk": Sun(elevation: Uniform(2, 30), azimuth: Uniform(0, 360), illuminance: LogUniform(1e3, 1e4), color: Kelvin(2500)),
        "moon": Sun(elevation: 60, azimuth: Uniform(0, 360), illuminance: 3e3, color: Kelvin(9000), shadows: false),
        "lamp": Point(position: OnSphere(center: (0, 1, 0), radius: 2), flux: Uniform(1e3, 1e5)),
        "spot": Spot(position: (1, 3, 1), target: (0, 0, 0), flux: 1e5, angle: 50),
    },
    environment: Gradient(sky: Hex("#8090ff"), ground: Hex("#403020"), strength: Uniform(0.1, 1)),
    cameras: {
        "left": (lens: Fov(50), pose: Orbit(target: (0, 0.2, 0), distance: 3, azimuth: Uniform(0, 360), elevation: 30)),
        "top": (lens: Intrinsics(90, 95, 55, 50), pose: LookAt(from: (0.1, 4, 0), target: (0, 0, 0))),
    },
)"##;

fn alone_in_a_batch_and_backwards() -> Result<(), String> {
    let recipe = recipe::parse(RECIPE, "varied.ron", Path::new("")).map_err(|problems| problems.to_string())?;
    let selection = Selection { seed: Some(3), count: Some(8), ..Selection::default() };
    let plan = Plan::of_recipe(recipe, Path::new("").to_path_buf(), selection).unwrap();
    let scenes: Vec<_> = plan.indices().map(|index| plan.scene(index).unwrap()).collect();
    let mut forwards = new_renderer();
    let batch: Vec<_> = scenes.iter().map(|scene| forwards.render(scene).unwrap()).collect();
    let mut backwards = new_renderer();
    for (index, scene) in scenes.iter().enumerate().rev() {
        same(&backwards.render(scene).unwrap(), &batch[index])
            .map_err(|what| format!("scene {index} backwards: {what}"))?;
    }
    for index in [0, 5] {
        same(&new_renderer().render(&scenes[index]).unwrap(), &batch[index])
            .map_err(|what| format!("scene {index} alone: {what}"))?;
    }
    Ok(())
}

/// A sum of floats depends on the order of its terms, so linear light shows that order in its last bits: it is the same whatever lights there
/// were before. (Bevy adds suns in the order of its entities, which it takes as they became free.)
fn order_of_lights() -> Result<(), String> {
    let lit = |suns: u32, lamps: u32| {
        let mut s = scene(240, 180);
        s.image.samples = 2;
        let share = |k: u32| 0.1 + libm::sin(f64::from(k + 1)).abs();
        let color = |k: u32| [share(k), share(k + 3), share(k + 5)];
        for k in 0..suns {
            s.lights.push(Light::Sun {
                name: format!("sun-{k}"),
                direction: DVec3::new(share(k + 1) - 0.5, -1.0, share(k + 2) - 0.7).normalize(),
                color: color(k),
                illuminance: 9000.0 * share(k + 7),
                angular_diameter: 0.0,
                shadows: k % 3 > 0,
            });
        }
        for k in 0..lamps {
            s.lights.push(Light::Point {
                name: format!("lamp-{k}"),
                position: DVec3::new(2.0 * share(k) - 1.0, 2.0, -2.0 - share(k + 1)),
                color: color(k),
                flux: 20_000.0 * share(k + 4),
                shadows: k % 2 > 0,
            });
        }
        add(&mut s, Shape::Plane(DVec2::splat(8.0)), DVec3::new(0.0, -0.6, -3.0));
        add(&mut s, Shape::Sphere(0.4), DVec3::new(0.0, 0.0, -3.0));
        s
    };
    let scenes =
        [(6, 4), (9, 1), (2, 5), (0, 0), (7, 3), (1, 2), (6, 4), (3, 0), (10, 6), (5, 2)].map(|(s, l)| lit(s, l));
    let mut one = new_renderer();
    let there = scenes.each_ref().map(|scene| one.render(scene).unwrap());
    ensure(there[0] == there[6], || "the first scene and the seventh, which are one, differ".into())?;
    let mut another = new_renderer();
    for (number, scene) in scenes.iter().enumerate().rev() {
        let found = another.render(scene).unwrap();
        ensure(found == there[number], || format!("scene {number} differs"))?;
    }
    Ok(())
}

/// A scene of each recipe, one after the other; and backwards, each drawn once more than the renderer thinks it needs.
fn gallery_backwards() -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut scenes = Vec::new();
    for name in gallery() {
        let selection = Selection { first: Some(1), count: Some(1), ..Selection::default() };
        let plan = Plan::of_recipe(gallery_recipe(&name, 64), root.to_path_buf(), selection).unwrap();
        for index in plan.indices() {
            let mut scene = plan.scene(index).unwrap();
            // Enough for a mean, and for light that comes from more than one place.
            scene.image.samples = scene.image.samples.min(4);
            scenes.push((name.clone(), scene));
        }
    }
    let mut forwards = new_renderer();
    let there: Vec<_> = scenes.iter().map(|(_, scene)| forwards.render(scene).unwrap()).collect();
    let mut backwards = new_renderer();
    let differ = |((name, scene), there): (&(String, Scene), &Vec<Frame>)| {
        same(&backwards.render_after(scene, 1).unwrap(), there).err().map(|what| format!("{name}: {what}"))
    };
    let wrong: Vec<String> = scenes.iter().zip(&there).rev().filter_map(differ).collect();
    ensure(wrong.is_empty(), || wrong.join("\n"))
}

/// Says what differs, and by how much.
fn same(a: &[Frame], b: &[Frame]) -> Result<(), String> {
    for (a, b) in a.iter().zip(b) {
        let rgb = a.rgb.pixels().iter().zip(b.rgb.pixels());
        let by = |(a, b): (&[u8; 3], &[u8; 3])| (0..3).map(|c| a[c].abs_diff(b[c])).max().unwrap_or(0);
        let differ = rgb.clone().filter(|(a, b)| a != b).count();
        ensure(differ == 0, || {
            let worst = rgb.map(by).max().unwrap_or(0);
            format!("camera {}: {differ} pixels differ in colour, by up to {worst}", a.camera)
        })?;
        ensure(a.ids == b.ids && a.depth == b.depth, || format!("camera {}: labels differ", a.camera))?;
    }
    ensure(a.len() == b.len(), || "another number of frames".into())
}
