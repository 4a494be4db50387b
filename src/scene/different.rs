//! How much geometry a scene has, before it is too much.

use std::collections::BTreeSet;

use super::Shape;
use crate::assets::Library;

/// The most different triangles of one scene: all at once they are some gigabytes. Things of the same shape share theirs.
pub const MOST_DIFFERENT: usize = 32_000_000;

/// The triangles of models, each counted once.
#[derive(Debug, Default)]
pub struct Different {
    seen: BTreeSet<String>,
    triangles: usize,
}

impl Different {
    /// Counts a shape; whether there is still room.
    pub fn add(&mut self, shape: &Shape, library: &Library) -> bool {
        if shape.has_model()
            && let Some(model) = library.geometry(shape)
            && self.seen.insert(format!("{shape:?}"))
        {
            self.triangles += model.parts.iter().map(|part| part.mesh.indices.len() / 3).sum::<usize>();
        }
        self.triangles <= MOST_DIFFERENT
    }
}
