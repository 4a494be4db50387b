//! What is taken: boxes to find what is near, bodies to decide.

use glam::DVec3;

use super::{Body, Pose};
use crate::recipe::Physics;
use crate::scene::obb::{NearBoxes, Obb, TOUCH};

/// Something that has its place.
#[derive(Debug)]
pub(super) struct Thing<'a> {
    pub(super) physics: Physics,
    pub(super) body: &'a Body,
    pub(super) pose: Pose,
}

/// What a candidate stands on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Under {
    /// Its number in [`Rooms`].
    pub(super) room: usize,
    /// Unit normal of the plane that it stands in.
    pub(super) up: DVec3,
    /// Height of that plane along `up`.
    pub(super) height: f64,
}

impl Under {
    /// Whether a box lies wholly below the plane: what stands there cannot meet it, and keeps no distance from it. (A floor is not in
    /// the way of what stands on a thin tray on it.)
    fn is_above(&self, other: &Obb) -> bool {
        other.center.dot(self.up) + other.reach(self.up) <= self.height + TOUCH
    }
}

/// Everything that has its place.
#[derive(Debug, Default)]
pub(super) struct Rooms<'a> {
    boxes: NearBoxes,
    things: Vec<Thing<'a>>,
}

impl<'a> Rooms<'a> {
    pub(super) fn insert(&mut self, physics: Physics, body: &'a Body, pose: Pose) -> usize {
        self.things.push(Thing { physics, body, pose });
        self.boxes.insert(body.room(&pose))
    }

    pub(super) fn get(&self, room: usize) -> &Thing<'a> {
        &self.things[room]
    }

    pub(super) fn get_box(&self, room: usize) -> &Obb {
        self.boxes.get(room)
    }

    pub(super) fn all(&self) -> &[Thing<'a>] {
        &self.things
    }

    /// Whether a body at `pose` keeps `spacing` from everything but what it stands on.
    pub(super) fn free(&self, body: &Body, pose: &Pose, spacing: f64, under: Option<&Under>) -> bool {
        let room = body.room(pose);
        self.boxes.all_near(&room, spacing, |number| {
            let other = self.boxes.get(number);
            under.is_some_and(|under| under.room == number || under.is_above(other))
                || room.clear_of(other, spacing)
                || self.apart(body, pose, number, spacing)
        })
    }

    /// Whether the bodies themselves are apart: those that touch are, where no spacing is asked for.
    fn apart(&self, body: &Body, pose: &Pose, number: usize, spacing: f64) -> bool {
        let thing = &self.things[number];
        body.exact().keeps(pose, thing.body.exact(), &thing.pose, (spacing - TOUCH).max(0.0))
    }
}
