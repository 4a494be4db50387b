//! Fog: the same everywhere, and without end.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::random::{self, Key};
use super::{Environment, Light};
use crate::assets::Library;
use crate::recipe::{FogRecipe, ThicknessRecipe, Varied};

/// Koschmieder: what is black against the horizon is just seen where 2 % of the contrast are left, and `ln 50` is 3.912.
const VISIBILITY: f64 = 3.912;
/// Thicker or thinner fog becomes this, per metre.
const EXTINCTIONS: (f64, f64) = (1e-9, 1e3);

/// Homogeneous fog (Koschmieder 1924). What has the luminance `L` at a distance `d` is seen as
/// `L * exp(-extinction * d) + airlight * (1 - exp(-extinction * d))`; the distance is that along the ray. What is infinitely far away,
/// the environment and backgrounds, is therefore not seen. Lights are not dimmed by it on their way to things.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fog {
    /// Per metre; the visibility is 3.912 over it.
    pub extinction: f64,
    /// Luminance of endless fog, cd/m2 per linear RGB channel.
    pub airlight: [f64; 3],
}

impl Fog {
    /// Share of light that comes through so many metres of it.
    pub fn transmittance(&self, distance: f64) -> f64 {
        libm::exp(-self.extinction * distance)
    }
}

/// Decides the fog of a scene. Its droplets give back in all directions alike what comes to them from all sides: the mean luminance of the
/// environment, and of suns their illuminance over 4 pi. Lamps do not make it shine.
pub(super) fn fog(
    recipe: Option<&Varied<FogRecipe>>,
    lights: &[Light],
    environment: &Environment,
    library: &Library,
    key: &Key,
) -> Option<Fog> {
    let (recipe, key) = random::pick(recipe?, key);
    let extinction = match &recipe.thickness {
        ThicknessRecipe::Visibility(metres) => VISIBILITY / random::scalar(metres, &key.name("visibility")).max(1e-6),
        ThicknessRecipe::Density(density) => random::scalar(density, &key.name("density")),
    };
    let color = random::color(&recipe.color, &key.name("color"));
    let mut light = environment.mean(library);
    for sun in lights {
        if let Light::Sun { color, illuminance, .. } = sun {
            light = std::array::from_fn(|c| light[c] + color[c] * illuminance / (4.0 * PI));
        }
    }
    Some(Fog {
        extinction: extinction.clamp(EXTINCTIONS.0, EXTINCTIONS.1),
        airlight: std::array::from_fn(|c| color[c] * light[c]),
    })
}
