//! How a thing is to stand to others.

use glam::{DQuat, DVec3};

use super::{Body, Pose, World};
use crate::recipe::{Relation, Side, Towards};
use crate::scene::obb::Obb;

impl World<'_> {
    /// Whether a body at `pose` stands to others as it should.
    pub(super) fn relate(&self, relations: &[Relation], body: &Body, pose: &Pose) -> bool {
        relations.iter().all(|relation| match relation {
            Relation::Facing(_) => true,
            Relation::Inside { min, max } => {
                let room = body.room(pose);
                let half = room.world_half();
                let inside = |i: usize| room.center[i] - half[i] >= min[i] && room.center[i] + half[i] <= max[i];
                (0..3).all(inside)
            }
            Relation::Near { object, distance } => {
                let own = body.room(pose);
                self.of(object).iter().any(|&(_, room)| {
                    // Boxes that are farther apart than that have nothing nearer in them.
                    let thing = self.rooms.get(room);
                    !own.clear_of(self.rooms.get_box(room), *distance + 1e-9)
                        && body.exact().distance(pose, thing.body.exact(), &thing.pose) <= *distance
                })
            }
            Relation::Beside { side, object, from } => {
                let own = body.room(pose);
                self.nearest(object, own.center).is_some_and(|other| beside(*side, &own, other, *from))
            }
        })
    }

    fn nearest(&self, object: &str, point: DVec3) -> Option<&Obb> {
        let boxes = self.of(object).iter().map(|&(_, room)| self.rooms.get_box(room));
        boxes.min_by(|a, b| a.center.distance_squared(point).total_cmp(&b.center.distance_squared(point)))
    }

    /// Turns a thing about its own up axis through the middle of its box, so that its +Z looks at what it is to face.
    pub(super) fn facing(&self, relations: &[Relation], body: &Body, pose: Pose) -> Pose {
        relations.iter().fold(pose, |pose, relation| {
            let Relation::Facing(towards) = relation else { return pose };
            let middle = pose.position + pose.rotation * body.middle();
            let target = match towards {
                Towards::Point(point) => Some(DVec3::from_array(*point)),
                Towards::Object(object) => self.nearest(object, middle).map(|obb| obb.center),
            };
            let Some(target) = target else { return pose };
            let way = pose.rotation.inverse() * (target - middle);
            // Straight above or below there is no way to turn.
            if way.x * way.x + way.z * way.z < 1e-18 {
                return pose;
            }
            let rotation = (pose.rotation * DQuat::from_rotation_y(libm::atan2(way.x, way.z))).normalize();
            Pose { position: middle - rotation * body.middle(), rotation }
        })
    }
}

/// Whether a box is wholly on one side of another, as seen from a point.
fn beside(side: Side, own: &Obb, other: &Obb, from: Option<[f64; 3]>) -> bool {
    let way = from.map_or(DVec3::NEG_Z, |eye| other.center - DVec3::from_array(eye));
    // Level: right and left are those of someone who stands upright.
    let ahead = DVec3::new(way.x, 0.0, way.z).try_normalize().unwrap_or(DVec3::NEG_Z);
    let right = ahead.cross(DVec3::Y);
    let direction = match side {
        Side::Left => -right,
        Side::Right => right,
        Side::Front => -ahead,
        Side::Behind => ahead,
    };
    (own.center - other.center).dot(direction) - own.reach(direction) - other.reach(direction) >= -1e-9
}
