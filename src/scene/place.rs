//! Placement without overlap.
//!
//! Objects are boxes here: the bounding box of the shape, scaled and turned with it. `At` groups go first and stay
//! where they are, whatever is there. Then every other group: supports before what stands on them, and by name where
//! that leaves a choice; within a group by number. Each instance has a list of [`ATTEMPTS`] candidate poses, drawn from
//! its own path of names, and takes the first that overlaps nothing placed before it. Touching its own support is
//! allowed, and what lies below the face that it stands on is not in its way.
//!
//! # The one limit of edit stability
//! An instance's candidates depend on nothing but its own recipe, yet which of them is free depends on what was
//! placed before it. A newcomer that is placed earlier and takes a candidate's room makes that instance take its next
//! one (and what stands on it moves along); the room that it leaves may serve a later one. Instances that meet neither
//! the newcomer nor one that moved keep their places.

use std::collections::{BTreeMap, BTreeSet};

use glam::{DQuat, DVec3};

use super::obb::{NearBoxes, Obb, TOUCH};
use super::random::{self, Key, quantile};
use super::sample::SampleError;
use crate::recipe::{ObjectRecipe, Place};

/// Candidate poses per instance.
pub const ATTEMPTS: u32 = 100;

/// A flat thing lies this share of half its longest side above what it lies on: in one plane, neither would hide the other.
const FLAT_LIFT: f64 = 2e-3;

/// Positions are kept within this of the origin, metres.
const FARTHEST: f64 = 1e9;

/// What placing needs to know of an instance.
#[derive(Debug, Clone, Copy)]
pub struct Body {
    /// Lower and upper corner of its shape, in its own frame.
    pub bounds: (DVec3, DVec3),
    /// Scale along its own axes; none 0.
    pub scale: DVec3,
}

impl Body {
    /// The box that it takes up at `pose`. A flat thing takes up some room below itself, so that no two lie in one plane.
    fn room(&self, pose: &Pose) -> Obb {
        let mut room = Obb::new(self.bounds, self.scale, pose.rotation, pose.position);
        let least = FLAT_LIFT * room.half.max_element();
        if room.half.y < least {
            room.center -= room.axes.y_axis * (least - room.half.y);
            room.half.y = least;
        }
        room
    }
}

/// An instance that can be stood on: its number in its group, the number of its box, and its rotation.
type Standing = (u64, usize, DQuat);

/// Where an instance is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pose {
    /// Origin of its frame in the world.
    pub position: DVec3,
    /// World from its frame.
    pub rotation: DQuat,
}

/// One group: its recipe, its key, and its instances in order of number.
#[derive(Debug)]
pub struct Group<'a> {
    /// Its recipe.
    pub recipe: &'a ObjectRecipe,
    /// `objects.name`
    pub key: Key,
    /// What is to be placed.
    pub bodies: Vec<Body>,
}

/// Poses of all instances by group and number; `None` for those that found no place.
///
/// # Errors
/// Groups that stand on each other in a circle, or on one that does not exist; no checked recipe has them.
pub fn place(groups: &BTreeMap<&str, Group<'_>>) -> Result<BTreeMap<String, Vec<Option<Pose>>>, SampleError> {
    let mut placed: BTreeMap<String, Vec<Option<Pose>>> = BTreeMap::new();
    let mut boxes = NearBoxes::default();
    // For each group its placed instances: what can be stood on.
    let mut supports: BTreeMap<&str, Vec<Standing>> = BTreeMap::new();
    for name in order(groups)? {
        let group = &groups[name];
        let mut poses = Vec::with_capacity(group.bodies.len());
        let mut stood_on = Vec::new();
        for (number, body) in (0u64..).zip(&group.bodies) {
            let key = group.key.item(number).name("place");
            let pose = find(group.recipe, body, &key, &boxes, &supports);
            if let Some(pose) = pose {
                stood_on.push((number, boxes.insert(body.room(&pose)), pose.rotation));
            }
            poses.push(pose);
        }
        supports.insert(name, stood_on);
        placed.insert(name.to_owned(), poses);
    }
    Ok(placed)
}

/// Names in the order of placement.
fn order<'a>(groups: &BTreeMap<&'a str, Group<'_>>) -> Result<Vec<&'a str>, SampleError> {
    let fixed = |name: &&str| matches!(groups[*name].recipe.place, Place::At { .. });
    let mut order: Vec<&str> = groups.keys().copied().filter(|name| fixed(name)).collect();
    // By support, those that wait for it.
    let mut waiting: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
    let mut ready: BTreeSet<&'a str> = BTreeSet::new();
    for name in groups.keys().copied().filter(|name| !fixed(name)) {
        match &groups[name].recipe.place {
            Place::On { support, .. } if !groups.get(support.as_str()).is_some_and(|_| fixed(&support.as_str())) => {
                waiting.entry(support).or_default().push(name);
            }
            _ => drop(ready.insert(name)),
        }
    }
    while let Some(name) = ready.pop_first() {
        ready.extend(waiting.remove(name).unwrap_or_default());
        order.push(name);
    }
    match waiting.values().flatten().min() {
        Some(name) => {
            Err(SampleError::Unchecked { what: format!("a support for `{name}` that is not itself on top of it") })
        }
        None => Ok(order),
    }
}

/// The first candidate that is free.
fn find(
    recipe: &ObjectRecipe,
    body: &Body,
    key: &Key,
    boxes: &NearBoxes,
    supports: &BTreeMap<&str, Vec<Standing>>,
) -> Option<Pose> {
    match &recipe.place {
        Place::At { position, rotation } => {
            let position = within_reach(random::vector(position, &key.name("position")));
            Some(Pose { position, rotation: random::rotation(rotation, &key.name("rotation")) })
        }
        Place::InBox { min, max, rotation, spacing } => attempts(key).find_map(|key| {
            let position = within_reach(random::in_box(*min, *max, &key.name("position")));
            let pose = Pose { position, rotation: random::rotation(rotation, &key.name("rotation")) };
            boxes.clear(&body.room(&pose), *spacing, |_| false).then_some(pose)
        }),
        Place::On { support, yaw, spacing } => {
            let supports = supports.get(support.as_str()).filter(|list| !list.is_empty())?;
            attempts(key).find_map(|key| {
                // The one that draws highest (rendezvous hashing): one support more or fewer re-deals only what it gains or loses.
                let draw =
                    |&&(instance, _, _): &&Standing| key.name("support").item(instance).stream().uniform(0.0, 1.0);
                let &(_, number, rotation) = supports.iter().max_by(|a, b| draw(a).total_cmp(&draw(b)))?;
                let yaw = random::angle(yaw, &key.name("yaw"));
                let support = boxes.get(number);
                let pose = on_top(support, rotation, body, yaw, &key.name("position"))?;
                boxes.clear(&body.room(&pose), *spacing, |other| is_below_top(other, support)).then_some(pose)
            })
        }
    }
}

/// Whether a box lies wholly below the plane of a support's top face, or is the support: what stands on the face cannot
/// meet it, and keeps no distance from it. (A floor is not in the way of what stands on a thin tray on it.)
fn is_below_top(other: &Obb, support: &Obb) -> bool {
    let up = support.axes.y_axis;
    (other.center - support.center).dot(up) + other.reach(up) <= support.half.y + TOUCH
}

fn attempts(key: &Key) -> impl Iterator<Item = Key> + '_ {
    (0..u64::from(ATTEMPTS)).map(|k| key.attempt(k))
}

/// A pose on the top face of `support`, the whole footprint on it; `None` where the footprint is larger than the face.
fn on_top(support: &Obb, support_rotation: DQuat, body: &Body, yaw: f64, key: &Key) -> Option<Pose> {
    let turn = DQuat::from_rotation_y(yaw);
    let (min, max) = body.bounds;
    // A negative scale mirrors where the middle is; how far the box reaches from there has no sign.
    let (half, center) = (body.scale.abs() * ((max - min) / 2.0), body.scale * ((min + max) / 2.0));
    let (sin, cos) = libm::sincos(yaw);
    // The bounding rectangle of the turned footprint, along the support's edges.
    let reach_x = (cos * half.x).abs() + (sin * half.z).abs();
    let reach_z = (sin * half.x).abs() + (cos * half.z).abs();
    let (free_x, free_z) = (support.half.x - reach_x, support.half.z - reach_z);
    if free_x < 0.0 || free_z < 0.0 {
        return None;
    }
    let lift = half.y.max(FLAT_LIFT * half.max_element());
    let [u, v] = key.units();
    let (x, z) = (quantile::uniform(u, -free_x, free_x), quantile::uniform(v, -free_z, free_z));
    let middle = DVec3::new(x, support.half.y + lift, z);
    let local = middle - turn * center;
    Some(Pose {
        position: within_reach(support.center + support_rotation * local),
        rotation: (support_rotation * turn).normalize(),
    })
}

/// Keeps every coordinate within a million kilometres.
pub(super) fn within_reach(position: DVec3) -> DVec3 {
    position.clamp(DVec3::splat(-FARTHEST), DVec3::splat(FARTHEST))
}
