//! Where photons start.

use std::f64::consts::PI;

use glam::DVec3;

use super::bodies::Bodies;
use super::{Sky, cosine_about};
use crate::scene::random::direction;
use crate::scene::sequence::disc;
use crate::scene::{Light, Scene};

/// A photon as it leaves a light.
pub(super) struct Start {
    pub(super) origin: DVec3,
    pub(super) direction: DVec3,
    /// Lumens per linear RGB channel; the mean over photons is the flux of all lights.
    pub(super) flux: [f64; 3],
    pub(super) spread: Spread,
}

/// How dense photons are where one goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spread {
    /// Of one photon, per steradian.
    Angle(f64),
    /// Of one photon, per square metre across its way.
    Area(f64),
}

impl Spread {
    /// Of one photon, per square metre across its way at this distance.
    pub(super) fn density(self, distance: f64) -> f64 {
        match self {
            Self::Angle(density) => density / (distance * distance).max(1e-12),
            Self::Area(density) => density,
        }
    }
}

/// The lights of a scene, as sources of photons.
pub(super) struct Emission {
    /// Each with the end of its share of all photons, 0..=1; the environment is `None`.
    lights: Vec<(f64, Option<Light>)>,
    /// A ball around what the scene is about: parallel light falls on it as often as on all the rest.
    near: (DVec3, f64),
    /// A ball around everything.
    all: (DVec3, f64),
}

impl Emission {
    pub(super) fn of(scene: &Scene, bodies: &Bodies, sky: Option<Sky<'_>>) -> Self {
        let all = bodies.ball();
        let near = bodies.ball_of_things();
        let across = PI * near.1 * near.1;
        let lights = scene.lights_at(scene.time).into_iter().map(|light| (amount(&light, across), Some(light)));
        let sky = sky.map(|sky| {
            // Of a few directions: shares need not be exact.
            let few = (0..64).map(|k| sky([f64::from(k) / 64.0 + 1.0 / 128.0, (f64::from(k) * 0.618_034).fract()]).1);
            (few.map(|lux| lux.into_iter().fold(0.0, f64::max)).sum::<f64>() / 64.0 * across, None)
        });
        let lights: Vec<_> = lights.chain(sky).filter(|(amount, _)| *amount > 0.0).collect();
        let total: f64 = lights.iter().map(|(amount, _)| amount).sum();
        let mut sum = 0.0;
        let share = |(amount, light)| {
            sum += amount / total;
            (sum, light)
        };
        Self { lights: lights.into_iter().map(share).collect(), near, all }
    }

    /// How far from its middle what the scene is about reaches, metres.
    pub(super) fn reach(&self) -> f64 {
        self.near.1
    }

    /// A photon, for even numbers in 0..1. `None` where no light shines.
    pub(super) fn start(
        &self,
        [which, a, b, c]: [f64; 4],
        [u, v, ..]: [f64; 4],
        sky: Option<Sky<'_>>,
    ) -> Option<Start> {
        let last = self.lights.len().checked_sub(1)?;
        let number = self.lights.partition_point(|(end, _)| *end <= which).min(last);
        let chance = self.lights[number].0 - if number > 0 { self.lights[number - 1].0 } else { 0.0 };
        let mut start = match &self.lights[number].1 {
            None => {
                let (towards, lux) = sky?([a, b]);
                self.parallel(-towards, lux, c, [u, v])
            }
            Some(Light::Sun { direction, color, illuminance, .. }) => {
                self.parallel(*direction, color.map(|c| c * illuminance), c, [u, v])
            }
            Some(Light::Point { position, color, flux, .. }) => {
                let density = 1.0 / (4.0 * PI);
                Start {
                    origin: *position,
                    direction: direction([u, v]),
                    flux: color.map(|c| c * flux),
                    spread: Spread::Angle(density),
                }
            }
            Some(Light::Spot { position, direction, color, flux, inner_angle, outer_angle, .. }) => {
                // Even over the cone; what its soft edge takes away is taken from the photon.
                let (inner, outer) = (libm::cos(*inner_angle), libm::cos(*outer_angle));
                let height = 1.0 - u * (1.0 - outer);
                let (sin, cos) = libm::sincos(2.0 * PI * v);
                let (right, up) = direction.any_orthonormal_pair();
                let way = *direction * height + (right * cos + up * sin) * (1.0 - height * height).max(0.0).sqrt();
                let edge = ((height - outer) / (inner - outer).max(1e-4)).clamp(0.0, 1.0);
                let share = (1.0 - outer) / 2.0;
                Start {
                    origin: *position,
                    direction: way.normalize(),
                    flux: color.map(|c| c * flux * share * edge * edge),
                    spread: Spread::Angle(1.0 / (4.0 * PI * share)),
                }
            }
            Some(Light::Area { emitter, position, rotation, color, flux, .. }) => {
                let sample = emitter.sample([a, b, c]);
                let (way, density) = match sample.normal {
                    Some(normal) => {
                        let way = cosine_about(normal, [u, v]);
                        (way, normal.dot(way) / PI)
                    }
                    None => (direction([u, v]), 1.0 / (4.0 * PI)),
                };
                if density <= 0.0 {
                    return None;
                }
                let amount = emitter.intensity(*flux, way) / density;
                Start {
                    origin: *position + *rotation * sample.position,
                    direction: *rotation * way,
                    flux: color.map(|c| c * amount),
                    spread: Spread::Angle(density),
                }
            }
        };
        start.flux = start.flux.map(|c| c / chance);
        start.spread = match start.spread {
            Spread::Angle(density) => Spread::Angle(density * chance),
            Spread::Area(density) => Spread::Area(density * chance),
        };
        Some(start)
    }

    /// A photon of parallel light: half of them fall on what the scene is about, the others anywhere.
    fn parallel(&self, direction: DVec3, lux: [f64; 3], which: f64, u: [f64; 2]) -> Start {
        let (middle, radius) = if which < 0.5 { self.near } else { self.all };
        let (right, up) = direction.any_orthonormal_pair();
        let [x, y] = disc(u);
        let through = middle + (right * x + up * y) * radius;
        let density = |(middle, radius): (DVec3, f64)| {
            let away = (through - middle).reject_from_normalized(direction).length();
            // Rounding must not take a point out of its own disc.
            if away <= radius * (1.0 + 1e-9) { 0.5 / (PI * radius * radius) } else { 0.0 }
        };
        let density = density(self.near) + density(self.all);
        let (all, far) = self.all;
        let before = (through - all).dot(direction) + far * 1.01;
        Start {
            origin: through - direction * before,
            direction,
            flux: lux.map(|c| c / density),
            spread: Spread::Area(density),
        }
    }
}

/// Lumens of a light that may fall on something, of parallel light those on an area `across` it.
fn amount(light: &Light, across: f64) -> f64 {
    let bright = |color: &[f64; 3]| color.iter().copied().fold(0.0, f64::max);
    match light {
        Light::Sun { color, illuminance, .. } => bright(color) * illuminance * across,
        Light::Point { color, flux, .. } | Light::Area { color, flux, .. } => bright(color) * flux,
        Light::Spot { color, flux, outer_angle, .. } => bright(color) * flux * (1.0 - libm::cos(*outer_angle)) / 2.0,
    }
}
