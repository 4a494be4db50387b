//! Lamps whose light goes up and down with the mains, or with what dims them.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use crate::scene::{Light, Scene};

/// Light that goes up and down as a sine does, about its mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flicker {
    /// Hertz, of the light: twice that of the mains.
    pub frequency: f64,
    /// How far it goes from its mean, as a share of it, 0..=1 (what lighting engineers call percent flicker).
    pub depth: f64,
    /// Where in its period it is at time 0, 0..=1.
    pub phase: f64,
}

impl Flicker {
    /// What the flux is multiplied by at `time`, seconds. Its mean over a period is 1.
    pub fn factor(&self, time: f64) -> f64 {
        let turns = self.frequency * time + self.phase;
        1.0 + self.depth * libm::sin(TAU * (turns - turns.floor()))
    }

    /// The mean of [`factor`](Self::factor) from `time` on over `duration`, seconds: what a sensor gathers.
    pub fn mean(&self, time: f64, duration: f64) -> f64 {
        let turns = self.frequency * duration;
        if turns.abs() < 1e-9 {
            return self.factor(time);
        }
        let cos = |at: f64| {
            let turns = self.frequency * at + self.phase;
            libm::cos(TAU * (turns - turns.floor()))
        };
        1.0 + self.depth * (cos(time) - cos(time + duration)) / (TAU * turns)
    }
}

impl Scene {
    /// The lights as strong as they are at `time`, seconds.
    pub fn lights_at(&self, time: f64) -> Vec<Light> {
        let strength = |light: &Light| match self.flicker.get(light.name()) {
            Some(flicker) => light.dimmed(flicker.factor(time)),
            None => light.clone(),
        };
        self.lights.iter().map(strength).collect()
    }
}
