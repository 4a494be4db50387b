//! The same scene gives the same bytes, whatever was rendered before it.

use scenewright::frame::Frame;
use scenewright::plan::{Plan, Selection};
use scenewright::recipe;
use std::path::Path;

use crate::harness::{Case, ensure, new_renderer};

pub(crate) fn cases() -> Vec<Case> {
    vec![("a_frame_is_the_same_alone_in_a_batch_and_backwards", alone_in_a_batch_and_backwards)]
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
