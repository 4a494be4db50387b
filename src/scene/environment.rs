//! What is infinitely far away: the light from all sides, and what is seen behind everything.

use serde::{Deserialize, Serialize};

use super::{PhysicalSky, color};
use crate::assets::Library;
use crate::assets::sky::Sky;

/// Radiance from infinitely far, seen behind everything (unless there is a [`Background`]) and lighting everything, without shadows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Environment {
    /// Luminance in direction `d` is linear in its height: `(zenith + nadir) / 2 + d.y * (zenith - nadir) / 2`, so that what a matte
    /// surface with normal `n` receives is known in closed form:
    /// `pi * ((zenith + nadir) / 2 + 2/3 * n.y * (zenith - nadir) / 2)` lux.
    Gradient {
        /// Luminance straight up, cd/m2 per linear RGB channel.
        zenith: [f64; 3],
        /// Luminance straight down, cd/m2 per linear RGB channel.
        nadir: [f64; 3],
    },
    /// An equirectangular image. Its middle column is seen at azimuth 180 degrees (-Z) where `yaw` is 0, and what is right of it, to
    /// the right.
    Image {
        /// The file.
        path: String,
        /// How far it is turned about +Y, radians.
        yaw: f64,
        /// Luminance of the file's 1, cd/m2.
        luminance: f64,
        /// Whether it lights without its brightest parts, which are among the scene's suns (see
        /// [`SkySplit`](crate::assets::sky::SkySplit)). It is seen with them all the same.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        without_suns: bool,
    },
    /// A cloudless sky, whose sun is among the scene's lights.
    Sky(PhysicalSky),
}

/// What cameras see behind everything, where it is not the environment. It gives no light.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Background {
    /// One colour: linear RGB as displayed, whatever the exposure.
    Color([f64; 3]),
    /// An image file, as it is, whatever the exposure and the tone curve. It covers the frame and keeps its proportions: what is too
    /// wide or too high is cut off evenly.
    Image {
        /// The file.
        path: String,
        /// Whether left and right are swapped.
        mirrored: bool,
    },
}

impl Environment {
    /// `k` of a cosine lobe, which a matte surface has: the integral of `d.y cos` over the hemisphere is `2 pi / 3`, against `pi` for
    /// a constant.
    pub const COSINE_LOBE: f64 = 2.0 / 3.0;

    /// No light from anywhere.
    pub const BLACK: Self = Self::Gradient { zenith: [0.0; 3], nadir: [0.0; 3] };

    /// Whether it gives no light at all.
    pub fn is_black(&self) -> bool {
        match self {
            Self::Gradient { zenith, nadir } => zenith.iter().chain(nadir).all(|&c| c <= 0.0),
            Self::Image { luminance, .. } => *luminance <= 0.0,
            Self::Sky(sky) => sky.strength <= 0.0,
        }
    }

    /// Illuminance of a level surface that nothing shades, lux, by luminance. An image that is not in `library` gives none.
    pub fn level_illuminance(&self, library: &Library) -> f64 {
        let per_channel = match self {
            Self::Gradient { zenith, nadir } => {
                gradient(*zenith, *nadir, 1.0, Self::COSINE_LOBE).map(|c| c * std::f64::consts::PI)
            }
            Self::Image { path, luminance, without_suns, .. } => {
                let irradiance = |sky: &Sky| match without_suns {
                    true => sky.split().irradiance_from_above,
                    false => sky.irradiance_from_above,
                };
                library.skies.get(path).map_or([0.0; 3], |sky| irradiance(sky).map(|c| c * luminance))
            }
            Self::Sky(sky) => sky.level_illuminance(),
        };
        color::luminance(per_channel)
    }

    /// Its mean luminance over all directions, cd/m2 per linear RGB channel. An image that is not in `library` is black.
    pub fn mean(&self, library: &Library) -> [f64; 3] {
        match self {
            Self::Gradient { zenith, nadir } => gradient(*zenith, *nadir, 0.0, 1.0),
            Self::Image { path, luminance, without_suns, .. } => {
                let mean = |sky: &Sky| if *without_suns { sky.split().mean } else { sky.mean };
                library.skies.get(path).map_or([0.0; 3], |sky| mean(sky).map(|c| c * luminance))
            }
            Self::Sky(sky) => sky.mean(),
        }
    }
}

/// Mean luminance, cd/m2 per linear RGB channel, of a gradient over a lobe about a direction of this height (its y, -1 to 1): `k` is 1
/// for the direction alone, and less for a wider lobe.
pub fn gradient(zenith: [f64; 3], nadir: [f64; 3], height: f64, k: f64) -> [f64; 3] {
    std::array::from_fn(|c| {
        let (mean, half) = ((zenith[c] + nadir[c]) / 2.0, (zenith[c] - nadir[c]) / 2.0);
        mean + k * half * height
    })
}
