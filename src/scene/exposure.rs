//! Automatic exposure: an incident-light meter held where the objects are.
//!
//! It looks at the scene's lights, never at a rendered image, so that it is known before rendering and does not change
//! with what happens to be in view.

use std::f64::consts::PI;

use glam::{DQuat, DVec3};

use super::{Emitter, Environment, Instance, Light};
use crate::assets::Library;

/// What an illuminance is divided by to give `2^ev100`, lux. A matte white surface under `E` lux has a luminance of `E / pi`,
/// and linear 1 is `1.2 * 2^ev100` (see [`Camera::ev100`](super::Camera::ev100)): under the metered light, white is just
/// white, and every matte surface shows its own base colour. A meter by ISO 2720 with C = 250 would give two thirds of
/// a stop less.
const LUX_AT_EV_0: f64 = 1.2 * PI;

/// The meter is never nearer to a lamp than this, metres.
const LEAST_DISTANCE: f64 = 0.1;

/// Darker scenes are exposed like this one, lux.
const LEAST_ILLUMINANCE: f64 = 1e-3;

/// Illuminance at `place`, lux, that nothing shades, on a meter with a dome that points up.
///
/// A dome takes light from an angle `t` above by `(1 + cos t) / 2`: all of it from straight overhead, half of it from the
/// horizon. Lamps give `flux / 4 pi / d^2`, spots only inside their cone, area lights what each of a few hundred points of them does. The environment counts as a level surface
/// receives it ([`Environment::level_illuminance`]). The colour of a lamp does not count: a red lamp is not made brighter
/// for being red.
pub fn illuminance(place: DVec3, lights: &[Light], environment: &Environment, library: &Library) -> f64 {
    let dome = |towards_light: DVec3| (1.0 + towards_light.y) / 2.0;
    let lamp = |position: DVec3, flux: f64| {
        let towards = position - place;
        let distance = towards.length().max(LEAST_DISTANCE);
        dome(towards.try_normalize().unwrap_or(DVec3::Y)) * flux / (4.0 * PI) / (distance * distance)
    };
    let lamps: f64 = lights
        .iter()
        .map(|light| match *light {
            Light::Sun { direction, illuminance, .. } => dome(-direction) * illuminance,
            Light::Point { position, flux, .. } => lamp(position, flux),
            Light::Spot { position, direction, flux, outer_angle, .. } => {
                let inside = match (place - position).try_normalize() {
                    Some(towards) => towards.dot(direction) >= libm::cos(outer_angle),
                    None => true,
                };
                if inside { lamp(position, flux) } else { 0.0 }
            }
            Light::Area { emitter, position, rotation, flux, .. } => {
                area(place, emitter, position, rotation)
                    .map(|(towards, per_lumen)| dome(towards) * per_lumen)
                    .sum::<f64>()
                    * flux
            }
        })
        .sum();
    lamps + environment.level_illuminance(library)
}

/// Points of an area light that the meter reads one by one.
const POINTS: u32 = 256;

/// Light of an area light at `place`, per lumen of it, point by point: unit vectors towards the points, and lux on what faces each.
fn area(place: DVec3, emitter: Emitter, position: DVec3, rotation: DQuat) -> impl Iterator<Item = (DVec3, f64)> {
    // Steps of a Kronecker sequence: powers of the root of x^4 = x + 1, which fill a cube evenly.
    const STEPS: [f64; 3] = [0.819_172_513_396_164_5, 0.671_043_606_703_789_3, 0.549_700_477_901_970_3];
    (0..POINTS).map(move |k| {
        let u = STEPS.map(|step| (0.5 + f64::from(k) * step).fract());
        let point = emitter.sample(u).position;
        let towards = position + rotation * point - place;
        let distance = towards.length().max(LEAST_DISTANCE);
        let towards = towards.try_normalize().unwrap_or(DVec3::Y);
        let intensity = emitter.intensity(1.0, rotation.inverse() * -towards);
        (towards, intensity / (distance * distance) / f64::from(POINTS))
    })
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

/// Exposure value at ISO 100 of a camera that is set to `f_number`, an exposure of `time` seconds, and the speed `iso` (ISO 2720).
pub fn ev100_of_camera(f_number: f64, time: f64, iso: f64) -> f64 {
    libm::log2(f_number * f_number / time) - libm::log2(iso / 100.0)
}

/// Exposure value at ISO 100 for `illuminance` (lux), `compensation` stops brighter than metered.
pub fn ev100(illuminance: f64, compensation: f64) -> f64 {
    libm::log2(illuminance.max(LEAST_ILLUMINANCE) / LUX_AT_EV_0) - compensation
}
