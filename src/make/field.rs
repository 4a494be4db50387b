//! Noise in space: the same for the same seed, on every platform.

use glam::DVec3;
use noise::{NoiseFn, Perlin};

/// Gradient noise (Perlin, "Improving noise", 2002) in octaves, each half as large and half as strong as the one before.
pub(super) struct Field {
    layers: Vec<Perlin>,
    feature_size: f64,
}

impl Field {
    /// `feature_size`: from one hill to the next, about, metres.
    pub(super) fn new(seed: u32, feature_size: f64, octaves: u32) -> Self {
        let layers = (0..octaves).map(|k| Perlin::new(seed.wrapping_add(k.wrapping_mul(0x9e37_79b9)))).collect();
        Self { layers, feature_size }
    }

    /// -1..=1.
    pub(super) fn at(&self, p: DVec3) -> f64 {
        let (mut sum, mut weights) = (0.0, 0.0);
        let (mut scale, mut weight) = (1.0 / self.feature_size, 1.0);
        for (layer, shift) in self.layers.iter().zip([0.0, 0.37, 0.71, 0.19, 0.53, 0.83, 0.11, 0.61].iter().cycle()) {
            // Gradient noise is 0 on its grid: layers are shifted, so that the origin is no special place.
            let q = p * scale + DVec3::new(0.31 + shift, 0.57 - shift, 0.13 + shift * shift);
            sum += weight * layer.get(q.to_array()).clamp(-1.0, 1.0);
            weights += weight;
            scale *= 2.0;
            weight *= 0.5;
        }
        if weights > 0.0 { sum / weights } else { 0.0 }
    }

    /// How it grows, per metre: central differences over a small part of the finest features.
    pub(super) fn gradient(&self, p: DVec3) -> DVec3 {
        let finest = self.layers.iter().skip(1).fold(self.feature_size, |size, _| size / 2.0);
        let step = 1e-3 * finest;
        let along = |axis: DVec3| (self.at(p + axis * step) - self.at(p - axis * step)) / (2.0 * step);
        DVec3::new(along(DVec3::X), along(DVec3::Y), along(DVec3::Z))
    }
}
