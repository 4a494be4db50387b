//! The entities of suns: made once, and used in order.
//!
//! Bevy adds up the light of suns in the order of their entities in the render world, and those it hands out as they became free: the last bit of the
//! sum would depend on the scenes before. (That of lamps is added in the order in which the main world has them.)

use bevy::app::App;
use bevy::ecs::entity::Entity;
use bevy::prelude::{Resource, World};
use bevy::render::sync_world::{RenderEntity, SyncToRenderWorld};

use crate::scene::MOST_SUNS;

/// In the order in which their light is added up.
#[derive(Resource)]
struct Suns(Vec<Entity>);

/// Makes them, by an update in which nothing is drawn.
pub(super) fn make(app: &mut App) {
    let entities: Vec<Entity> = (0..MOST_SUNS).map(|_| app.world_mut().spawn(SyncToRenderWorld).id()).collect();
    app.update();
    let world = app.world_mut();
    let mut ordered = entities;
    ordered.sort_by_key(|&entity| world.get::<RenderEntity>(entity).map(RenderEntity::id));
    world.insert_resource(Suns(ordered));
}

/// All of them, empty.
pub(super) fn all(world: &World) -> Vec<Entity> {
    world.resource::<Suns>().0.clone()
}

/// Takes the light from all of them again.
pub(super) fn clear(world: &mut World) {
    for entity in all(world) {
        world.entity_mut(entity).retain::<(SyncToRenderWorld, RenderEntity)>();
    }
}
