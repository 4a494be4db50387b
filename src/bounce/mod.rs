//! Light that surfaces give back to others, found on the CPU: photons go from the lights to what they fall on, and from there on, and where one
//! stops a [`Lamp`] stands for the light that leaves its place (A. Keller, "Instant Radiosity", SIGGRAPH 1997).
//!
//! Each sub-frame has [`LAMPS`] of its own, and their mean is what all bounces together give. Surfaces give light back as Lambert's law
//! has it, in the colour that they have at that very point; what they mirror, and what passes through them, lights nothing.

mod bodies;
mod emission;

use std::f64::consts::PI;

use glam::DVec3;

use crate::assets::Library;
use crate::scene::random::direction;
use crate::scene::sequence::Sequence;
use crate::scene::{BOUNCE_LAMPS, Scene};
pub use bodies::Meshes;
use bodies::{Bodies, Met};
use emission::{Emission, Start};

/// Photons of each sub-frame, and so lamps at most.
pub const LAMPS: u32 = 3;
const _: () = assert!(LAMPS as usize == BOUNCE_LAMPS, "scenes leave room for them");

/// A photon that is still on its way after so many surfaces stays on the last of them, with all that would come back after it.
const MOST_SURFACES: u32 = 10;

/// More than this share of light no surface gives back, or it would never end.
const MOST_GIVEN_BACK: f64 = 0.95;

/// A small flat piece of a surface, as a source of light that obeys Lambert's law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lamp {
    /// In the world, metres.
    pub position: DVec3,
    /// Unit normal of the surface, towards the side that it shines to.
    pub normal: DVec3,
    /// Lumens per linear RGB channel that it gives to a half space: the mean over sub-frames of the sum of all lamps is the light that
    /// surfaces give back.
    pub flux: [f64; 3],
    /// The area that it stands for, m2: a share of what is lit that gets smaller with each further photon.
    pub area: f64,
}

/// Environment light as parallel light: for two even numbers in 0..1, the unit vector towards where it comes from, and the illuminance across it in
/// lux per linear RGB channel, whose mean is the light of the whole.
pub type Sky<'a> = &'a dyn Fn([f64; 2]) -> (DVec3, [f64; 3]);

/// The surfaces of a scene at one moment, and its lights.
pub struct Bounce {
    bodies: Bodies,
    emission: Emission,
    seed: u64,
    index: u64,
    /// Photons of all sub-frames together.
    photons: f64,
    /// No lamp is larger, m2.
    largest: f64,
}

impl Bounce {
    /// The scene as it is at `moment`: with its lights as they are then. `sky` is the environment, where it casts shadows.
    pub fn new(scene: &Scene, library: &Library, meshes: &Meshes, sky: Option<Sky<'_>>) -> Self {
        let bodies = Bodies::of(scene, library, meshes);
        let emission = Emission::of(scene, &bodies, sky);
        // No more than half as wide as what the scene is about.
        let largest = PI * (emission.reach() / 4.0) * (emission.reach() / 4.0);
        let photons = f64::from(scene.image.samples) * f64::from(LAMPS);
        Self { bodies, emission, seed: scene.seed, index: scene.index, photons, largest }
    }

    /// The lamps of sub-frame `number`: `None` for a photon that found nothing.
    pub fn lamps(&self, number: u32, sky: Option<Sky<'_>>) -> [Option<Lamp>; BOUNCE_LAMPS] {
        let mut photon = number * LAMPS;
        [(); BOUNCE_LAMPS].map(|()| {
            photon += 1;
            self.follow(photon - 1, sky)
        })
    }

    fn follow(&self, photon: u32, sky: Option<Sky<'_>>) -> Option<Lamp> {
        let sequence = |name: &str| Sequence::of(self.seed, self.index, name).point(photon);
        let Start { mut origin, mut direction, flux, mut spread } =
            self.emission.start(sequence("bounce.light"), sequence("bounce.way"), sky)?;
        let mut flux = flux.map(|c| c / f64::from(LAMPS));
        let mut area = 0.0_f64;
        for surface in 1..=MOST_SURFACES {
            let [stop, u, v, _] = sequence(&format!("bounce.{surface}"));
            let Met { position, normal, albedo } = self.bodies.meet(origin, direction)?;
            let albedo = albedo.map(|c| c.clamp(0.0, MOST_GIVEN_BACK));
            let given_back = albedo.iter().copied().fold(0.0, f64::max);
            if given_back <= 0.0 {
                return None;
            }
            // Roulette: the more comes back, the more photons go on; so all lamps are about as bright.
            let last = surface == MOST_SURFACES;
            let goes_on = !last && stop < given_back;
            flux = std::array::from_fn(|c| {
                let left = if goes_on {
                    given_back
                } else if last {
                    1.0 - albedo[c]
                } else {
                    1.0 - given_back
                };
                flux[c] * albedo[c] / left
            });
            let across = normal.dot(-direction).max(0.05);
            let per_area = self.photons * spread.density(origin.distance(position)) * across;
            // Close to where it comes from, it is no less alone than that.
            area = area.max(if per_area > 0.0 { (1.0 / per_area).min(self.largest) } else { self.largest });
            if !goes_on {
                return Some(Lamp { position, normal, flux, area });
            }
            (origin, direction) = (position + normal * self.bodies.gap(), cosine_about(normal, [u, v]));
            spread = emission::Spread::Angle(normal.dot(direction) / PI);
        }
        None
    }
}

/// A unit vector to the side of `normal`, as dense as the cosine between them: an even point of the sphere on top of the normal.
fn cosine_about(normal: DVec3, u: [f64; 2]) -> DVec3 {
    (normal + direction(u)).try_normalize().unwrap_or(normal)
}
