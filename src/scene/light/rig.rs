//! The lights of a scene: those of the recipe, each of its rigs' lights, the suns of its environment.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use glam::{DMat3, DQuat, DVec3};

use super::{Carried, Emitter, Flicker};
use crate::assets::Library;
use crate::recipe::{AimRecipe, EmitterRecipe, FlickerRecipe, LightRecipe, MOST_ROWS, Recipe, RigRecipe, Scalar};
use crate::scene::appearance::{self, BRIGHTEST, light_amount, size, spot_angles};
use crate::scene::motion::Pose;
use crate::scene::random::{self, Key};
use crate::scene::{Environment, Light, parameters, place};

/// Under this name the suns of the environment are among the lights.
const ENVIRONMENT: &str = "environment";

/// The lights of a scene, in name order, and what they do by time.
#[derive(Debug, Default)]
pub(in crate::scene) struct Lit {
    pub(in crate::scene) lights: Vec<Light>,
    pub(in crate::scene) flicker: BTreeMap<String, Flicker>,
    pub(in crate::scene) carried: BTreeMap<String, Carried>,
}

/// Decides every light of a scene. `key` is the scene's; `camera` says where one stands.
pub(in crate::scene) fn all(
    recipe: &Recipe,
    key: &Key,
    environment: (&Environment, bool),
    camera: impl Fn(&str) -> Option<Pose>,
) -> Lit {
    let lights_key = key.name("lights");
    let Lit { mut lights, mut flicker, mut carried } = Lit::default();
    for (name, light) in &recipe.lights {
        if !parameters::holds(recipe.conditions.lights.get(name), key) {
            continue;
        }
        let key = lights_key.name(name);
        let mut decided = match light {
            LightRecipe::Rig(rig) => match &**rig {
                RigRecipe::Torch { camera: eye, flux, angle, offset, blend, color, shadows } => {
                    let Some(pose) = camera(eye) else { continue };
                    let offset = place::within_reach(random::vector(offset, &key.name("offset")));
                    let torch = Carried { camera: eye.clone(), offset };
                    let (position, direction) = torch.beam(pose);
                    carried.insert(name.clone(), torch);
                    let amount = light_amount(flux, &key.name("flux"));
                    let (color, flux) = appearance::lamp(random::color(color, &key.name("color")), amount);
                    let (inner_angle, outer_angle) = spot_angles(angle, blend, *shadows, &key);
                    let (name, shadows) = (name.clone(), *shadows);
                    let position = place::within_reach(position);
                    vec![Light::Spot { name, position, direction, color, flux, inner_angle, outer_angle, shadows }]
                }
                rig => rig_lights(name, rig, &key),
            },
            one => appearance::light(name, one, &key).into_iter().collect(),
        };
        if let Some(recipe) = recipe.flicker.get(name) {
            let key = key.name("flicker");
            let shared = decide_flicker(recipe, &key);
            flicker.extend(decided.iter().map(|light| (light.name().to_owned(), shared)));
        }
        lights.append(&mut decided);
    }
    lights.extend(suns(environment, &recipe.assets));
    lights.sort_by(|a, b| a.name().cmp(b.name()));
    Lit { lights, flicker, carried }
}

fn decide_flicker(recipe: &FlickerRecipe, key: &Key) -> Flicker {
    let number = |dist: &Scalar, name: &str| random::scalar(dist, &key.name(name));
    let phase = match &recipe.phase {
        Some(phase) => (number(phase, "phase") / 360.0).rem_euclid(1.0),
        None => key.name("phase").unit(),
    };
    Flicker {
        frequency: number(&recipe.frequency, "frequency").clamp(0.0, 1e6),
        depth: number(&recipe.depth, "depth").clamp(0.0, 1.0),
        phase,
    }
}

/// The suns that an environment brings along; the flag says whether they cast shadows.
fn suns((environment, shadows): (&Environment, bool), library: &Library) -> Vec<Light> {
    match environment {
        Environment::Sky(sky) => {
            sky.sun(&format!("{ENVIRONMENT}.sun"), super::sky::SUN_DIAMETER, shadows).into_iter().collect()
        }
        Environment::Image { path, yaw, luminance, without_suns: true } => {
            let Some(sky) = library.skies.get(path) else { return Vec::new() };
            let turn = DQuat::from_rotation_y(*yaw);
            let suns = sky.split().suns.iter().zip(1..).map(|(sun, number)| {
                let lux = sun.illuminance.map(|c| c * luminance);
                let illuminance = lux.into_iter().fold(0.0, f64::max);
                Light::Sun {
                    name: format!("{ENVIRONMENT}.sun{number}"),
                    direction: -(turn * sun.direction).normalize(),
                    color: if illuminance > 0.0 { lux.map(|c| c / illuminance) } else { [1.0; 3] },
                    illuminance: illuminance.min(BRIGHTEST),
                    angular_diameter: sun.angular_diameter,
                    shadows,
                }
            });
            suns.collect()
        }
        _ => Vec::new(),
    }
}

/// An area light of the recipe, keyed by `key`.
pub(in crate::scene) fn emitter(recipe: &EmitterRecipe, key: &Key) -> Emitter {
    let named = |dist, name: &str| size(dist, &key.name(name));
    match recipe {
        EmitterRecipe::Rectangle { width, height } => {
            Emitter::Rectangle { width: named(width, "width"), height: named(height, "height") }
        }
        EmitterRecipe::Disc { radius } => Emitter::Disc { radius: named(radius, "radius") },
        EmitterRecipe::Sphere { radius } => Emitter::Sphere { radius: named(radius, "radius") },
        EmitterRecipe::Tube { length, radius } => {
            Emitter::Tube { length: named(length, "length"), radius: named(radius, "radius") }
        }
    }
}

/// How an area light at `position` is turned.
pub(in crate::scene) fn aimed(recipe: &AimRecipe, position: DVec3, key: &Key) -> DQuat {
    match recipe {
        AimRecipe::Target(target) => {
            facing(place::within_reach(random::vector(target, &key.name("target"))) - position)
        }
        AimRecipe::Along(direction) => along(random::vector(direction, &key.name("direction"))),
        AimRecipe::None => DQuat::IDENTITY,
    }
}

/// A rotation that turns -Z to `direction`, and keeps +Y as much upwards as can be; straight down without one.
fn facing(direction: DVec3) -> DQuat {
    let back = -direction.try_normalize().unwrap_or(DVec3::NEG_Y);
    let right = DVec3::Y.cross(back);
    let right = if right.length() > 1e-6 { right.normalize() } else { (DVec3::X - back * back.x).normalize() };
    DQuat::from_mat3(&DMat3::from_cols(right, back.cross(right), back)).normalize()
}

/// A rotation that turns X to `direction`.
fn along(direction: DVec3) -> DQuat {
    direction.try_normalize().map_or(DQuat::IDENTITY, |to| DQuat::from_rotation_arc(DVec3::X, to).normalize())
}

fn rig_lights(name: &str, recipe: &RigRecipe, key: &Key) -> Vec<Light> {
    let number = |dist: &Scalar, name: &str| random::scalar(dist, &key.name(name));
    let vector = |dist, name: &str| place::within_reach(random::vector(dist, &key.name(name)));
    match recipe {
        RigRecipe::KeyFillRim {
            target,
            distance,
            flux,
            azimuth,
            spread,
            elevation,
            ratio,
            rim,
            size: side,
            color,
            shadows,
        } => {
            let middle = vector(target, "target");
            let distance = number(distance, "distance").clamp(1e-3, 1e6);
            let flux = light_amount(flux, &key.name("flux"));
            let [azimuth, spread, elevation] = [(azimuth, "azimuth"), (spread, "spread"), (elevation, "elevation")]
                .map(|(dist, name)| random::angle(dist, &key.name(name)));
            let (ratio, rim) = (number(ratio, "ratio").max(1e-6), number(rim, "rim").max(0.0));
            let side = size(side, &key.name("size"));
            let one = |part: &str, azimuth: f64, elevation: f64, flux: f64| {
                let position = middle + super::solar::towards(elevation, azimuth) * distance;
                let color = random::color(color, &key.name(part).name("color"));
                let (color, flux) = appearance::lamp(color, flux.min(BRIGHTEST));
                Light::Area {
                    name: format!("{name}.{part}"),
                    emitter: Emitter::Rectangle { width: side, height: side },
                    position,
                    rotation: facing(middle - position),
                    color,
                    flux,
                    shadows: *shadows,
                }
            };
            vec![
                one("fill", azimuth + spread, elevation / 2.0, flux / ratio),
                one("key", azimuth - spread, elevation, flux),
                one("rim", azimuth + PI - spread / 2.0, elevation, flux * rim),
            ]
        }
        RigRecipe::CeilingPanels {
            center,
            width,
            depth,
            rows,
            columns,
            flux,
            panel_width,
            panel_depth,
            color,
            shadows,
        } => {
            let center = vector(center, "center");
            let [width, depth, panel_width, panel_depth] =
                [(width, "width"), (depth, "depth"), (panel_width, "panel_width"), (panel_depth, "panel_depth")]
                    .map(|(dist, name)| size(dist, &key.name(name)));
            let count = |dist: &Scalar, name: &str| number(dist, name).round().clamp(0.0, f64::from(MOST_ROWS));
            let (rows, columns) = (count(rows, "rows"), count(columns, "columns"));
            let mut lights = Vec::new();
            let mut panel = 0u32;
            while f64::from(panel) < rows * columns {
                let (row, column) = ((f64::from(panel) / columns).floor(), f64::from(panel) % columns);
                let key = key.item(u64::from(panel));
                let at = DVec3::new(((column + 0.5) / columns - 0.5) * width, 0.0, ((row + 0.5) / rows - 0.5) * depth);
                panel += 1;
                let amount = light_amount(flux, &key.name("flux"));
                let (color, flux) = appearance::lamp(random::color(color, &key.name("color")), amount);
                lights.push(Light::Area {
                    name: format!("{name}.{panel}"),
                    emitter: Emitter::Rectangle { width: panel_width, height: panel_depth },
                    position: center + at,
                    rotation: facing(DVec3::NEG_Y),
                    color,
                    flux,
                    shadows: *shadows,
                });
            }
            lights
        }
        // Decided where the cameras are known.
        RigRecipe::Torch { .. } => Vec::new(),
    }
}
