//! Light that surfaces give back, as lamps in each sub-frame.

use bevy::ecs::entity::Entity;
use bevy::prelude::World;

use super::lamps::{Dome, Stage};
use super::upload::Uploads;
use crate::bounce::{Bounce, LAMPS};
use crate::scene::Scene;

/// The lamps of a shot.
pub(super) struct Bounced {
    pub(super) entities: Vec<Entity>,
    /// Where they are, in sub-frames in which nothing has moved.
    still: Bounce,
}

/// What casts shadows of the environment, and its entities.
type Around = Option<(Dome, Vec<Entity>)>;

impl Bounced {
    /// Those of a scene, as they are in sub-frame 0; `None` where it asks for none.
    pub(super) fn spawn(
        world: &mut World,
        uploads: &Uploads,
        scene: &Scene,
        stage: &Stage,
        dome: &Around,
    ) -> Option<Self> {
        if !scene.image.bounce || scene.image.samples == 1 {
            return None;
        }
        let entities = (0..LAMPS).map(|_| world.spawn_empty().id()).collect();
        let still = found(uploads, scene, dome);
        let bounced = Self { entities, still };
        bounced.put(world, stage, dome, 0, None);
        Some(bounced)
    }

    /// Puts them where they are in sub-frame `number`: `moved` is the scene as it is then, where time matters.
    pub(super) fn put(
        &self,
        world: &mut World,
        stage: &Stage,
        dome: &Around,
        number: u32,
        moved: Option<(&Uploads, &Scene)>,
    ) {
        let now = moved.map(|(uploads, moment)| found(uploads, moment, dome));
        let bounce = now.as_ref().unwrap_or(&self.still);
        let lamps = with_sky(dome, |sky| bounce.lamps(number, sky));
        for (&entity, lamp) in self.entities.iter().zip(lamps) {
            stage.put_lamp(world, entity, lamp);
        }
    }
}

fn found(uploads: &Uploads, scene: &Scene, dome: &Around) -> Bounce {
    with_sky(dome, |sky| Bounce::new(scene, uploads.library(), &uploads.targets_of_light, sky))
}

/// The environment where its light can be in shadow: elsewhere it is everywhere already, behind walls too.
fn with_sky<T>(dome: &Around, then: impl FnOnce(Option<crate::bounce::Sky<'_>>) -> T) -> T {
    match dome {
        Some((dome, entities)) if !entities.is_empty() => then(Some(&|point| dome.light(point))),
        _ => then(None),
    }
}
