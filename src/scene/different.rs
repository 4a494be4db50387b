//! How much geometry a scene has, before it is too much.

use std::collections::BTreeSet;

use super::{Material, Shape};
use crate::assets::Library;

/// The most different triangles of one scene: all at once they are some gigabytes. Things of the same shape share theirs.
pub const MOST_DIFFERENT: usize = 32_000_000;

/// The most texels of different painted textures of one scene; each may have four images, of four bytes for each texel.
pub const MOST_PAINTED: u64 = 1 << 28;

/// The triangles of models and the texels of paints, each counted once.
#[derive(Debug)]
pub struct Different {
    seen: BTreeSet<String>,
    triangles: usize,
    most: usize,
    painted: u64,
}

impl Default for Different {
    fn default() -> Self {
        Self::of_at_most(MOST_DIFFERENT)
    }
}

impl Different {
    /// With room for so many triangles.
    pub fn of_at_most(most: usize) -> Self {
        Self { seen: BTreeSet::new(), triangles: 0, most, painted: 0 }
    }

    /// Counts a shape, with what it wears; whether there is still room.
    pub fn add_worn(&mut self, shape: &Shape, material: Option<&Material>, library: &Library) -> bool {
        for paint in material.into_iter().chain(shape.materials()).filter_map(|material| material.paint.as_deref()) {
            if self.seen.insert(format!("{paint:?}")) {
                self.painted += u64::from(paint.resolution) * u64::from(paint.resolution);
            }
        }
        self.add(shape, library) && self.painted <= MOST_PAINTED
    }

    /// Counts a shape; whether there is still room.
    pub fn add(&mut self, shape: &Shape, library: &Library) -> bool {
        if shape.has_model()
            && let Some(model) = library.geometry(shape)
            && self.seen.insert(format!("{shape:?}"))
        {
            self.triangles += model.parts.iter().map(|part| part.mesh.indices.len() / 3).sum::<usize>();
        }
        self.triangles <= self.most
    }
}
