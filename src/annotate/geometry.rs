//! What is known of a scene's things before anything is drawn: their boxes, from their shapes alone. Shared by all cameras.

use std::sync::Arc;

use glam::DVec3;

use super::probe::{Probe, Probes};
use crate::assets::Library;
use crate::mesh::shapes::local_bounds;
use crate::scene::Scene;

/// A scene with what is known of its geometry.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The scene.
    pub scene: Scene,
    /// One for each instance, in the scene's order.
    pub solids: Vec<Solid>,
}

/// What is known of one instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Solid {
    /// Lower and upper corner in the instance's own frame, before its scale, metres.
    pub local: (DVec3, DVec3),
    /// Lower and upper corner in the world, metres.
    pub world: (DVec3, DVec3),
    /// Where it has to be seen, if anything is.
    pub probes: Arc<[Probe]>,
}

/// A scene names an asset that was not loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{instance} needs an asset that is not loaded")]
pub struct NotLoaded {
    /// `mugs[2]`.
    pub instance: String,
}

impl Subject {
    /// Looks at every instance of `scene`. `library` holds its assets.
    pub fn new(scene: Scene, library: &Library) -> Result<Self, NotLoaded> {
        let mut probes = Probes::default();
        let solids = scene
            .instances
            .iter()
            .map(|instance| {
                let local =
                    local_bounds(&instance.shape, library).ok_or_else(|| NotLoaded { instance: instance.name() })?;
                Ok(Solid { local, world: local, probes: probes.of(instance, library) })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { scene, solids })
    }
}
