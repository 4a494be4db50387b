//! What lights do by time: those that flicker with the mains, or with what dims them, and those that a camera carries.

use std::f64::consts::TAU;

use glam::DVec3;
use serde::{Deserialize, Serialize};

use crate::scene::motion::Pose;
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

/// A spot that a camera carries, and that shines where it looks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carried {
    /// The camera's name.
    pub camera: String,
    /// Where the light is in the camera's frame (right, up, back), metres.
    pub offset: DVec3,
}

impl Carried {
    /// Where the light is, and the unit vector along which it shines, where the camera is at a pose.
    pub fn beam(&self, camera: Pose) -> (DVec3, DVec3) {
        (camera.position + camera.rotation * self.offset, (camera.rotation * DVec3::NEG_Z).normalize())
    }
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
    /// The lights as they are at `time`, seconds: as strong, and where the cameras that carry them are.
    pub fn lights_at(&self, time: f64) -> Vec<Light> {
        let then = |light: &Light| {
            let factor = self.flicker.get(light.name()).map_or(1.0, |flicker| flicker.factor(time));
            let mut light = light.dimmed(factor);
            if let Light::Spot { name, position, direction, .. } = &mut light
                && let Some(carried) = self.carried.get(name)
                && let Some(camera) = self.cameras.iter().find(|camera| camera.name == carried.camera)
            {
                let now = Pose { position: camera.position, rotation: camera.rotation };
                (*position, *direction) = carried.beam(camera.pose_at(time).unwrap_or(now));
            }
            light
        };
        self.lights.iter().map(then).collect()
    }
}
