//! What a dataset will hold, found out by sampling some of its scenes. No GPU.

use glam::DVec3;
use rayon::prelude::*;
use std::collections::BTreeMap;

use crate::mesh::shapes::local_bounds;
use crate::recipe::Recipe;
use crate::scene::split::{Occurred, Used};
use crate::scene::{Acceptance, Instance, Pilot, SampleError, Scene, Shape, Unmet, Value, absent, sample};

/// Totals over the sampled scenes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Survey {
    /// Scenes sampled.
    pub scenes: u64,
    /// Scenes that could not be sampled (`if_full: Fail`).
    pub failed: u64,
    /// Why the first of them could not.
    pub first_failure: Option<SampleError>,
    /// By category name: instances in the scenes, whether seen or not.
    pub categories: BTreeMap<String, Count>,
    /// By object group.
    pub groups: BTreeMap<String, GroupCount>,
    /// By (camera, object group): scenes in which the camera is inside of a solid shape.
    pub cameras_inside: BTreeMap<(String, String), u64>,
    /// By (parameter, name that it can be): scenes in which it is that. The variant of the recipe is one of these parameters.
    pub names: BTreeMap<(String, String), u64>,
    /// By object group that has a condition or stands on one that has: scenes from which it is absent.
    pub absent: BTreeMap<String, u64>,
    /// By reason: draws of scenes that were not taken for it.
    pub redrawn: BTreeMap<String, u64>,
    /// By split: its scenes, and what they use.
    pub splits: BTreeMap<String, Occurred>,
    /// What contracts were estimated by, where there are any.
    pub pilot: Option<Pilot>,
    /// A contract that cannot be met: then no scene was sampled.
    pub unmet: Option<Unmet>,
}

/// Scenes that are sampled before they are looked at.
const AT_ONCE: u64 = 64;
/// The same at first.
const AT_FIRST: u64 = 8;

/// Least, most and total per scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Fewest in one scene.
    pub least: u64,
    /// Most in one scene.
    pub most: u64,
    /// In all scenes.
    pub total: u64,
}

/// Asked and placed, over all scenes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GroupCount {
    /// Asked for.
    pub asked: u64,
    /// Found a place.
    pub placed: u64,
}

/// Samples `count` scenes from index 0.
pub fn survey(recipe: &Recipe, seed: u64, count: u64) -> Result<Survey, SampleError> {
    let mut survey = Survey::default();
    // Here, once, and not by all threads below.
    match &*Acceptance::of(recipe, seed) {
        Ok(acceptance) => survey.pilot = (!recipe.wanted.coverage.is_empty()).then(|| acceptance.pilot.clone()),
        Err(unmet) => {
            survey.unmet = Some(unmet.clone());
            return Ok(survey);
        }
    }
    let mut start = 0;
    while start < count {
        // A recipe of which no scene can be takes hundreds of draws for each: a few of them are enough to say so.
        let end = (start + if start == 0 { AT_FIRST } else { AT_ONCE }).min(count);
        let scenes: Vec<_> = (start..end).into_par_iter().map(|index| sample(recipe, seed, index)).collect();
        start = end;
        for scene in scenes {
            match scene {
                Ok(scene) => survey.add(recipe, &scene),
                Err(
                    error @ (SampleError::Full { .. } | SampleError::NeverRight { .. } | SampleError::TooLarge { .. }),
                ) => {
                    survey.failed += 1;
                    survey.first_failure.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        if survey.scenes == 0 {
            break;
        }
    }
    Ok(survey)
}

impl Survey {
    fn add(&mut self, recipe: &Recipe, scene: &Scene) {
        for category in &scene.categories {
            let here = scene.instances.iter().filter(|instance| instance.category == Some(category.id)).count() as u64;
            let count =
                self.categories.entry(category.name.clone()).or_insert(Count { least: here, most: here, total: 0 });
            *count = Count { least: count.least.min(here), most: count.most.max(here), total: count.total + here };
        }
        for (parameter, value) in &scene.parameters {
            if let Value::Name(name) = value {
                *self.names.entry((parameter.clone(), name.clone())).or_default() += 1;
            }
        }
        for name in absent(recipe, scene) {
            *self.absent.entry(name).or_default() += 1;
        }
        for placed in &scene.placed {
            let group = self.groups.entry(placed.object.clone()).or_default();
            group.asked += u64::from(placed.asked);
            group.placed += u64::from(placed.placed);
        }
        for camera in &scene.cameras {
            let mut inside: Vec<&str> = scene
                .instances
                .iter()
                .filter(|instance| contains(recipe, instance, camera.position))
                .map(|instance| instance.object.as_str())
                .collect();
            inside.dedup();
            for object in inside {
                *self.cameras_inside.entry((camera.name.clone(), object.to_owned())).or_default() += 1;
            }
        }
        for (reason, &times) in &scene.redrawn {
            *self.redrawn.entry(reason.clone()).or_default() += u64::from(times);
        }
        if let Some(splits) = &recipe.wanted.splits {
            let split = splits.of(scene.seed, scene.index).to_owned();
            self.splits.entry(split).or_default().add(&Used::of(scene));
        }
        self.scenes += 1;
    }
}

/// Whether a point is inside of a solid primitive. A glTF file may be a room: being inside of its box means nothing.
fn contains(recipe: &Recipe, instance: &Instance, world: DVec3) -> bool {
    let p = instance.world_from_instance().inverse().transform_point3(world);
    let radial = (p.x * p.x + p.z * p.z).sqrt();
    match instance.shape {
        Shape::Gltf(_) | Shape::File(_) | Shape::Made(_) | Shape::Plane(_) => false,
        Shape::Sphere(radius) => p.length() < radius,
        Shape::Cylinder { radius, height } => radial < radius && p.y.abs() < height / 2.0,
        Shape::Cone { radius, height } => p.y.abs() < height / 2.0 && radial < radius * (0.5 - p.y / height),
        Shape::Capsule { radius, height } => {
            let nearest = DVec3::new(0.0, p.y.clamp(-height / 2.0, height / 2.0), 0.0);
            p.distance(nearest) < radius
        }
        Shape::Torus { major_radius, minor_radius } => {
            let across = radial - major_radius;
            (across * across + p.y * p.y).sqrt() < minor_radius
        }
        Shape::Box(_) => local_bounds(&instance.shape, &recipe.assets)
            .is_some_and(|(min, max)| p.cmpgt(min).all() && p.cmplt(max).all()),
    }
}
