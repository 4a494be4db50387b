//! What is known of a scene's things before anything is drawn: their boxes, from their shapes alone. Shared by all cameras.

use std::collections::BTreeMap;
use std::sync::Arc;

use glam::DVec3;

use super::probe::{Probe, Probes};
use super::tracks;
use super::vertices::Vertices;
use crate::assets::Library;
use crate::mesh::Mesh;
use crate::mesh::shapes::{local_bounds, world_bounds};
use crate::scene::{Instance, Output, Scene, SurfaceLabels};

/// A scene with what is known of its geometry.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The scene.
    pub scene: Scene,
    /// One for each instance, in the scene's order.
    pub solids: Vec<Solid>,
    /// The points of each instance that are followed through the clip, in its own frame and before its scale; where the scene asks for them.
    pub points: Option<Arc<[Vec<DVec3>]>>,
}

/// What is known of one instance: of its true shape, of which its triangles cover no more, or of all vertices of its glTF file.
#[derive(Debug, Clone, PartialEq)]
pub struct Solid {
    /// Lower and upper corner in the instance's own frame, before its scale, metres. Tight.
    pub local: (DVec3, DVec3),
    /// Lower and upper corner in the world, metres. Tight: not the box of the turned `local` box.
    pub world: (DVec3, DVec3),
    /// Where it has to be seen, if anything is.
    pub probes: Arc<[Probe]>,
    /// For each of its parts, whether labels see through it.
    pub see_through: Vec<bool>,
    /// The names of its parts; none of a primitive, which is one part.
    pub parts: Arc<[String]>,
    /// The triangles of each of its parts, where an animation moves them.
    pub moving: Option<Arc<[Arc<Mesh>]>>,
}

impl Solid {
    /// Normalised object coordinates of points of `instance` (this solid's), as a factor and a sum per component: the object's box, after
    /// its scale, in the middle of a unit cube, its diagonal 1 (Wang et al., "Normalized Object Coordinate Space for Category-Level
    /// 6D Object Pose and Size Estimation", 2019). `None` for a thing without extent.
    pub fn nocs(&self, instance: &Instance) -> Option<(DVec3, DVec3)> {
        let (lower, upper) = self.local;
        let diagonal = ((upper - lower) * instance.scale).length();
        let factor = instance.scale / diagonal;
        (diagonal > 0.0).then(|| (factor, DVec3::splat(0.5) - (lower + upper) / 2.0 * factor))
    }
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
    ///
    /// # Errors
    /// A model that an instance names is not in the library, or has no vertices.
    pub fn new(scene: Scene, library: &Library) -> Result<Self, NotLoaded> {
        let mut probes = Probes::default();
        let mut models: BTreeMap<String, (Vertices, Arc<[String]>)> = BTreeMap::new();
        let solids = scene
            .instances
            .iter()
            .map(|instance| {
                let not_loaded = || NotLoaded { instance: instance.name() };
                let local = local_bounds(&instance.shape, library).ok_or_else(not_loaded)?;
                let world_from_instance = instance.world_from_instance();
                let (world, parts) = match library.geometry(&instance.shape) {
                    Some(model) => {
                        let key = format!("{:?}", instance.shape);
                        let (vertices, parts) = models.entry(key).or_insert_with(|| {
                            let parts = model.parts.iter().map(|part| part.name.clone()).collect();
                            (Vertices::new(model), parts)
                        });
                        (vertices.world_bounds(&world_from_instance), parts.clone())
                    }
                    None => (world_bounds(&instance.shape, &world_from_instance), Arc::default()),
                };
                Ok(Solid {
                    local,
                    world: world.ok_or_else(not_loaded)?,
                    probes: probes.of(instance, library),
                    see_through: see_through(instance, library),
                    moving: moving(instance, library),
                    parts,
                })
            })
            .collect::<Result<_, _>>()?;
        let points = scene.labels.wants(Output::Tracks).then(|| tracks::points(&scene, library));
        Ok(Self { scene, solids, points })
    }
}

/// The triangles of what an animation moves.
fn moving(instance: &Instance, library: &Library) -> Option<Arc<[Arc<Mesh>]>> {
    let model = library.geometry(&instance.shape).filter(|_| instance.shape.plays())?;
    Some(model.parts.iter().map(|part| part.mesh.clone()).collect())
}

/// For each part of an instance, whether labels see through it.
fn see_through(instance: &Instance, library: &Library) -> Vec<bool> {
    match library.geometry(&instance.shape) {
        Some(model) => model.parts.iter().map(|part| part.is_seen_through(instance)).collect(),
        None => vec![instance.material.as_ref().is_some_and(|own| own.labels == SurfaceLabels::SeeThrough)],
    }
}
