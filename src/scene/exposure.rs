//! Automatic exposure: an incident-light meter held where the objects are.
//!
//! It looks at the scene's lights, never at a rendered image, so that it is known before rendering and does not change
//! with what happens to be in view.

use std::f64::consts::PI;

use glam::DVec3;

use super::{Environment, Instance, Light, color};

/// Calibration constant of an incident-light meter over ISO 100, lux: ISO 2720 (1974) with C = 250, `N^2 / t = E S /
/// C`.
const LUX_AT_EV_0: f64 = 2.5;

/// The meter is never nearer to a lamp than this, metres.
const LEAST_DISTANCE: f64 = 0.1;

/// Darker scenes are exposed like this one, lux.
const LEAST_ILLUMINANCE: f64 = 1e-3;

/// Illuminance at `place`, lux, with a meter that faces every light at once and that nothing shades.
///
/// Suns count fully, lamps by `flux / 4 pi / d^2`, spots only inside their cone, and the environment by `pi` times its
/// mean luminance. The colour of a lamp does not count: a red lamp is not made brighter for being red.
pub fn illuminance(place: DVec3, lights: &[Light], environment: &Environment) -> f64 {
    let lamp = |position: DVec3, flux: f64| {
        let distance = position.distance(place).max(LEAST_DISTANCE);
        flux / (4.0 * PI) / (distance * distance)
    };
    let lamps: f64 = lights
        .iter()
        .map(|light| match *light {
            Light::Sun { illuminance, .. } => illuminance,
            Light::Point { position, flux, .. } => lamp(position, flux),
            Light::Spot { position, direction, flux, outer_angle, .. } => {
                let inside = match (place - position).try_normalize() {
                    Some(towards) => towards.dot(direction) >= libm::cos(outer_angle),
                    None => true,
                };
                if inside { lamp(position, flux) } else { 0.0 }
            }
        })
        .sum();
    let sky = (color::luminance(environment.zenith) + color::luminance(environment.nadir)) / 2.0;
    lamps + PI * sky
}

/// Where the meter is: the mean position of the labelled instances, or of all where none is labelled.
pub fn meter_place(instances: &[Instance]) -> DVec3 {
    let mean = |labelled: bool| {
        let (sum, count) = instances
            .iter()
            .filter(|instance| !labelled || instance.category.is_some())
            .fold((DVec3::ZERO, 0.0), |(sum, count), instance| (sum + instance.position, count + 1.0));
        (count > 0.0).then(|| sum / count)
    };
    mean(true).or_else(|| mean(false)).unwrap_or(DVec3::ZERO)
}

/// Exposure value at ISO 100 for `illuminance` (lux), `compensation` stops brighter than metered.
pub fn ev100(illuminance: f64, compensation: f64) -> f64 {
    libm::log2(illuminance.max(LEAST_ILLUMINANCE) / LUX_AT_EV_0) - compensation
}
