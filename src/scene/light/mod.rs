//! What lights are beyond their plain data: surfaces that shine, the disc of the sun, flicker.
//!
//! Shapes of emitters are written in a frame of their own: rectangles and discs lie in its XY plane and shine along -Z, tubes lie along X.

mod emitter;
mod flicker;
mod rig;
mod sky;
pub mod solar;

pub use emitter::{Emitter, EmitterSample, within_sun};
pub use flicker::{Carried, Flicker};
pub(super) use rig::{Lit, aimed, all, emitter};
pub use sky::PhysicalSky;

use super::Light;

impl Light {
    /// Its name: that in the recipe, and behind it for one of several of a rig its place (`office.3`, `studio.key`).
    pub fn name(&self) -> &str {
        match self {
            Self::Sun { name, .. } | Self::Point { name, .. } | Self::Spot { name, .. } | Self::Area { name, .. } => {
                name
            }
        }
    }

    /// The same light, `factor` times as strong.
    #[must_use]
    pub fn dimmed(&self, factor: f64) -> Self {
        let mut light = self.clone();
        match &mut light {
            Self::Sun { illuminance: amount, .. }
            | Self::Point { flux: amount, .. }
            | Self::Spot { flux: amount, .. }
            | Self::Area { flux: amount, .. } => *amount *= factor,
        }
        light
    }
}
