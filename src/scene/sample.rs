//! From recipe to scene.

use super::Scene;
use crate::recipe::Recipe;

/// Why a scene cannot be sampled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// A group says `if_full: Fail`, and there was no room.
    #[error("scene {index}: only {placed} of {asked} `{object}` found a place in {attempts} attempts each, and the recipe says `if_full: Fail`")]
    Full {
        /// Index of the scene.
        index: u64,
        /// Name of the group.
        object: String,
        /// How many its `count` asked for.
        asked: u32,
        /// How many found a place.
        placed: u32,
        /// Attempts per instance.
        attempts: u32,
    },
}

/// The scene of `recipe` at `index`.
pub fn sample(_recipe: &Recipe, _seed: u64, _index: u64) -> Result<Scene, SampleError> {
    unimplemented!("interface only")
}
