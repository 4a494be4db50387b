//! Placement without overlap.
//!
//! `At` groups go first and stay where they are, whatever is there. Then every other group: what it needs (a support, an object
//! that it is near to) before it, and by name where that leaves a choice; within a group by number. Each instance has a list of
//! [`ATTEMPTS`] candidate poses, drawn from its own path of names, and takes the first that overlaps nothing placed before it.
//! What is dropped comes last and settles together ([`settle`]).
//!
//! Whether two things are clear of each other is asked of their boxes first; where those do not show a gap, of the bodies themselves
//! ([`crate::solid`]). Touching its own support is allowed, and what lies below the face that it stands on is not in its way.
//!
//! # The one limit of edit stability
//! An instance's candidates depend on nothing but its own recipe, yet which of them is free depends on what was
//! placed before it. A newcomer that is placed earlier and takes a candidate's room makes that instance take its next
//! one (and what stands on it moves along); the room that it leaves may serve a later one. Instances that meet neither
//! the newcomer nor one that moved keep their places. What settles together moves together: of those, any change moves all.

pub mod fall;
mod ground;
mod relation;
mod room;
mod settle;
mod surface;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use glam::{DQuat, DVec3};

use self::ground::Ground;
use self::room::{Rooms, Under};
use super::Settled;
use super::obb::Obb;
use super::random::{self, Key};
use super::sample::SampleError;
use crate::recipe::{ObjectRecipe, Physics, Place};
use crate::solid::{Exact, FLAT, Solid};

pub use self::ground::HOVER;
pub use self::settle::{DEEPEST, SLOWEST};
pub use crate::solid::Stand as Pose;

/// Candidate poses per instance.
pub const ATTEMPTS: u32 = 100;

/// Of so many free candidates, one that is crowded takes the nearest to its like.
const CROWD: f64 = 15.0;

/// Positions are kept within this of the origin, metres.
const FARTHEST: f64 = 1e9;

/// What placing needs to know of an instance.
#[derive(Debug, Clone)]
pub struct Body {
    /// Lower and upper corner of its shape, in its own frame.
    pub bounds: (DVec3, DVec3),
    /// Scale along its own axes; none 0.
    pub scale: DVec3,
    /// Its shape.
    pub solid: Arc<Solid>,
    /// At its scale, made when first asked for.
    exact: OnceLock<Arc<Exact>>,
}

impl Body {
    /// A body of a shape with these bounds, at a scale.
    pub fn new(solid: Arc<Solid>, bounds: (DVec3, DVec3), scale: DVec3) -> Self {
        Self { bounds, scale, solid, exact: OnceLock::new() }
    }

    /// Its body at its scale.
    pub fn exact(&self) -> &Exact {
        self.exact.get_or_init(|| self.solid.at_scale(self.scale))
    }

    /// Half its size along its own axes.
    fn half(&self) -> DVec3 {
        // A negative scale mirrors where the middle is; how far the box reaches from there has no sign.
        self.scale.abs() * ((self.bounds.1 - self.bounds.0) / 2.0)
    }

    /// The middle of its box, in its own frame.
    fn middle(&self) -> DVec3 {
        self.scale * ((self.bounds.0 + self.bounds.1) / 2.0)
    }

    /// Area of the bounding rectangle of its base, m2.
    pub fn footprint(&self) -> f64 {
        let half = self.half();
        4.0 * half.x * half.z
    }

    /// Its longest side.
    fn size(&self) -> f64 {
        2.0 * self.half().max_element()
    }

    /// The box that it takes up at `pose`. A flat thing takes up some room below itself, so that no two lie in one plane.
    fn room(&self, pose: &Pose) -> Obb {
        let mut room = Obb::new(self.bounds, self.scale, pose.rotation, pose.position);
        let least = FLAT * room.half.max_element();
        if room.half.y < least {
            room.center -= room.axes.y_axis * (least - room.half.y);
            room.half.y = least;
        }
        room
    }
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

/// Where everything is.
#[derive(Debug, Default)]
pub struct Placement {
    /// Poses of all instances by group and number; `None` for those that found no place.
    pub poses: BTreeMap<String, Vec<Option<Pose>>>,
    /// How what was dropped came to rest.
    pub settled: Vec<Settled>,
}

/// Groups whose turn it is.
enum Turn<'a> {
    /// One, instance by instance.
    One(&'a str),
    /// What falls onto one support, together.
    Fall(Vec<&'a str>),
}

/// Places everything; `cameras` are the places of the cameras that groups name.
///
/// # Errors
/// Groups that need each other in a circle, or one that does not exist (no checked recipe has them); or
/// [`SampleError::Rejected`], where what was dropped did not come to rest as it should.
pub fn place(groups: &BTreeMap<&str, Group<'_>>, cameras: &BTreeMap<String, DVec3>) -> Result<Placement, SampleError> {
    let recipes = groups.iter().map(|(name, group)| (*name, group.recipe)).collect();
    let mut placement = Placement::default();
    let mut world = World { rooms: Rooms::default(), placed: BTreeMap::new(), surfaces: BTreeMap::new(), cameras };
    for turn in turns(&recipes)? {
        match turn {
            Turn::One(name) => {
                let group = &groups[name];
                let mut poses = Vec::with_capacity(group.bodies.len());
                world.prepare(group);
                for (number, body) in (0u64..).zip(&group.bodies) {
                    let key = group.key.item(number).name("place");
                    let pose = world.find(name, group, body, number, &key);
                    world.keep(name, group.recipe.physics, body, number, pose);
                    poses.push(pose);
                }
                placement.poses.insert(name.to_owned(), poses);
            }
            Turn::Fall(names) => {
                let falling: Vec<(&str, &Group<'_>)> = names.into_iter().map(|name| (name, &groups[name])).collect();
                let (poses, report) = settle::settle(&world, &falling)?;
                for ((name, group), poses) in falling.into_iter().zip(poses) {
                    for ((number, body), pose) in (0u64..).zip(&group.bodies).zip(&poses) {
                        world.keep(name, group.recipe.physics, body, number, *pose);
                    }
                    placement.poses.insert(name.to_owned(), poses);
                }
                placement.settled.extend(report);
            }
        }
    }
    Ok(placement)
}

/// Names in the order of placement, those that fall together one after the other.
///
/// # Errors
/// As [`place`].
pub fn order<'a>(recipes: &BTreeMap<&'a str, &ObjectRecipe>) -> Result<Vec<&'a str>, SampleError> {
    let flat = turns(recipes)?.into_iter().flat_map(|turn| match turn {
        Turn::One(name) => vec![name],
        Turn::Fall(names) => names,
    });
    Ok(flat.collect())
}

/// First those that are put somewhere, then those that look for a place, last those that fall; each when what it needs is there.
fn turns<'a>(recipes: &BTreeMap<&'a str, &ObjectRecipe>) -> Result<Vec<Turn<'a>>, SampleError> {
    let class = |name: &str| match recipes[name].place {
        Place::At { .. } => 0,
        Place::Dropped(_) => 2,
        _ => 1,
    };
    // By name, those that wait for it; and how many each waits for.
    let mut waiting: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
    let mut needs: BTreeMap<&str, usize> = BTreeMap::new();
    let mut ready: BTreeSet<(u8, &'a str)> = BTreeSet::new();
    for (&name, recipe) in recipes {
        let relations = recipe.relations.iter().filter_map(|relation| relation.object());
        let needed: BTreeSet<&str> = recipe.place.support().into_iter().chain(relations).collect();
        for other in &needed {
            waiting.entry(other).or_default().push(name);
        }
        needs.insert(name, needed.len());
        if needed.is_empty() {
            ready.insert((class(name), name));
        }
    }
    let mut turns = Vec::new();
    let mut done = 0;
    while let Some((class_of, name)) = ready.pop_first() {
        let mut together = vec![name];
        if class_of == 2 {
            let target = recipes[name].place.support();
            together.extend(ready.iter().map(|&(_, other)| other).filter(|o| recipes[*o].place.support() == target));
            ready.retain(|(_, other)| !together.contains(other));
        }
        done += together.len();
        for name in &together {
            for other in waiting.remove(name).unwrap_or_default() {
                let left = needs.entry(other).or_default();
                *left -= 1;
                if *left == 0 {
                    ready.insert((class(other), other));
                }
            }
        }
        turns.push(if class_of == 2 { Turn::Fall(together) } else { Turn::One(name) });
    }
    if done == recipes.len() {
        return Ok(turns);
    }
    let stuck = needs.iter().find(|(_, left)| **left > 0).map_or("", |(name, _)| name);
    Err(SampleError::Unchecked { what: format!("something for `{stuck}` to stand on or by that does not wait for it") })
}

/// What is placed so far.
struct World<'a> {
    rooms: Rooms<'a>,
    /// For each group its instances that found a place: number, and number in `rooms`.
    placed: BTreeMap<&'a str, Vec<(u64, usize)>>,
    /// Surfaces of what is stood on, by number in `rooms` and steepest slope (its bits).
    surfaces: BTreeMap<(usize, u64), surface::Faces>,
    cameras: &'a BTreeMap<String, DVec3>,
}

/// A pose to be tried.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    pose: Pose,
    /// What it stands on, and the plane that it stands in.
    under: Option<Under>,
}

impl Candidate {
    fn free(pose: Pose) -> Self {
        Self { pose, under: None }
    }
}

impl<'a> World<'a> {
    fn keep(&mut self, name: &'a str, physics: Physics, body: &'a Body, number: u64, pose: Option<Pose>) {
        let list = self.placed.entry(name).or_default();
        if let Some(pose) = pose {
            list.push((number, self.rooms.insert(physics, body, pose)));
        }
    }

    /// The instances of a group that are there.
    fn of(&self, group: &str) -> &[(u64, usize)] {
        self.placed.get(group).map_or(&[], Vec::as_slice)
    }

    /// Works out the surfaces that a group is to be placed on.
    fn prepare(&mut self, group: &Group<'_>) {
        let Place::OnSurface(place) = &group.recipe.place else { return };
        for (_, room) in self.of(&place.support).to_vec() {
            let key = (room, place.slope.to_bits());
            if !self.surfaces.contains_key(&key) {
                let thing = self.rooms.get(room);
                self.surfaces.insert(key, surface::Faces::of(thing.body, &thing.pose, place.slope));
            }
        }
    }

    /// The first candidate that is free and stands as it should to others; where it is to be crowded or spread out, of some of them
    /// the one nearest to others of its group or farthest from them.
    fn find(&self, name: &str, group: &Group<'_>, body: &Body, number: u64, key: &Key) -> Option<Pose> {
        let recipe = group.recipe;
        if let Place::At { position, rotation } = &recipe.place
            && recipe.relations.is_empty()
        {
            let position = within_reach(random::vector(position, &key.name("position")));
            return Some(Pose { position, rotation: random::rotation(rotation, &key.name("rotation")) });
        }
        let spacing = spacing(&recipe.place);
        let mates = self.of(name);
        let good = attempts(key).filter_map(|attempt| {
            let candidate = self.candidate(name, group, body, number, key, &attempt)?;
            let pose = candidate.pose;
            let at = matches!(recipe.place, Place::At { .. });
            let free = at || self.rooms.free(body, &pose, spacing, candidate.under.as_ref());
            (free && self.relate(&recipe.relations, body, &pose)).then_some(pose)
        });
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to 16")]
        let wanted = 1 + (CROWD * recipe.crowding.abs()).round() as usize;
        if wanted == 1 || mates.is_empty() {
            return { good }.next();
        }
        let apart = |pose: &Pose| {
            let middle = pose.position + pose.rotation * body.middle();
            let to = |&(_, room): &(u64, usize)| self.rooms.get_box(room).center.distance_squared(middle);
            mates.iter().map(to).fold(f64::INFINITY, f64::min) * recipe.crowding.signum()
        };
        good.take(wanted).min_by(|a, b| apart(a).total_cmp(&apart(b)))
    }

    fn candidate(
        &self,
        name: &str,
        group: &Group<'_>,
        body: &Body,
        number: u64,
        key: &Key,
        attempt: &Key,
    ) -> Option<Candidate> {
        let relations = &group.recipe.relations;
        let turned = |pose: Pose| Candidate::free(self.facing(relations, body, pose));
        match &group.recipe.place {
            Place::At { position, rotation } => {
                let position = within_reach(random::vector(position, &attempt.name("position")));
                Some(turned(Pose { position, rotation: random::rotation(rotation, &attempt.name("rotation")) }))
            }
            Place::InBox { min, max, rotation, .. } => {
                let position = within_reach(random::in_box(*min, *max, &attempt.name("position")));
                Some(turned(Pose { position, rotation: random::rotation(rotation, &attempt.name("rotation")) }))
            }
            Place::On { support, yaw, .. } => {
                let ground = self.ground(support, attempt)?;
                let yaw = random::angle(yaw, &attempt.name("yaw"));
                let target = ground.on_top(body, yaw, &attempt.name("position"))?;
                ground.stand(body, self.facing(relations, body, target), 0.0, ground::Base::Whole)
            }
            Place::In { support, yaw, .. } => {
                let ground = self.ground(support, attempt)?;
                let yaw = random::angle(yaw, &attempt.name("yaw"));
                let target = ground.on_top(body, yaw, &attempt.name("position"))?;
                let candidate = ground.stand(body, self.facing(relations, body, target), 0.0, ground::Base::Whole)?;
                ground.walls(body, &candidate.pose).then_some(candidate)
            }
            Place::OnSurface(place) => self.on_surface(name, place, group, body, key, attempt),
            Place::Stack { support, piles, offset, yaw, .. } => {
                let piles = u64::from(*piles).max(1);
                let yaw = random::angle(yaw, &attempt.name("yaw"));
                if number < piles {
                    let ground = self.ground(support, attempt)?;
                    let target = ground.on_top(body, yaw, &attempt.name("position"))?;
                    return ground.stand(body, self.facing(relations, body, target), 0.0, ground::Base::Whole);
                }
                let &(_, below) = self.of(name).iter().find(|(other, _)| *other == number - piles)?;
                let ground = self.ground_at(below);
                let far = random::scalar(offset, &attempt.name("offset")).clamp(0.0, 1.0);
                let target = ground.above(body, yaw, far, &attempt.name("position"));
                ground.stand(body, self.facing(relations, body, target), 0.0, ground::Base::Middle)
            }
            Place::Grid { support, columns, rows, jitter, yaw, .. } => {
                let all = group.bodies.len() as u64;
                let columns = if *columns == 0 { all.max(1) } else { u64::from(*columns) };
                let cells = columns * u64::from(*rows).max(1);
                let index = usize::try_from(number / cells).ok()?;
                let &(_, room) = self.of(support).get(index)?;
                let ground = self.ground_at(room);
                let cell = number % cells;
                let yaw = random::angle(yaw, &attempt.name("yaw"));
                let grid = [columns, u64::from(*rows).max(1)];
                let target = ground.in_cell(
                    body,
                    yaw,
                    grid,
                    [cell % columns, cell / columns],
                    *jitter,
                    &attempt.name("position"),
                );
                ground.stand(body, self.facing(relations, body, target), 0.0, ground::Base::Whole)
            }
            Place::Along { path, step, offset, yaw, support, .. } => {
                let (point, direction) = surface::on_path(path, *step, number, group.bodies.len() as u64)?;
                let right = direction.cross(DVec3::Y).try_normalize().unwrap_or(DVec3::X);
                let middle = point + right * random::scalar(offset, &attempt.name("offset"));
                // +Z along the path, seen from above.
                let turn = libm::atan2(direction.x, direction.z) + random::angle(yaw, &attempt.name("yaw"));
                let rotation = DQuat::from_rotation_y(turn);
                let half = body.half();
                let middle = middle + DVec3::Y * half.y.max(FLAT * half.max_element());
                let pose = Pose { position: within_reach(middle - rotation * body.middle()), rotation };
                let pose = self.facing(relations, body, pose);
                match support {
                    None => Some(Candidate::free(pose)),
                    Some(support) => {
                        // Whichever support is below it, the first that carries it.
                        let grounds = self.of(support).iter().map(|&(_, room)| self.ground_at(room).upright());
                        grounds.into_iter().find_map(|ground| ground.stand(body, pose, 0.0, ground::Base::Whole))
                    }
                }
            }
            Place::Between { camera, object, share, spread, rotation } => {
                let eye = *self.cameras.get(camera)?;
                let &(_, room) = self.choose(object, attempt)?;
                let way = self.rooms.get_box(room).center - eye;
                let share = random::scalar(share, &attempt.name("share"));
                let [height, turn, far] = attempt.name("position").units();
                // The volume within r grows with its cube.
                let off = random::direction([height, turn]) * (*spread * libm::cbrt(far));
                let middle = eye + way * share + off;
                let rotation = random::rotation(rotation, &attempt.name("rotation"));
                let position = within_reach(middle - rotation * body.middle());
                Some(turned(Pose { position, rotation }))
            }
            Place::Dropped(_) => None, // settles with all others of its target
        }
    }

    /// One of a group's instances: the one that draws highest (rendezvous hashing). One more or fewer re-deals only what it gains or
    /// loses.
    fn choose(&self, group: &str, key: &Key) -> Option<&(u64, usize)> {
        let draw = |&&(instance, _): &&(u64, usize)| key.name("support").item(instance).stream().uniform(0.0, 1.0);
        self.of(group).iter().max_by(|a, b| draw(a).total_cmp(&draw(b)))
    }

    fn ground(&self, support: &str, key: &Key) -> Option<Ground<'_>> {
        self.choose(support, key).map(|&(_, room)| self.ground_at(room))
    }

    fn ground_at(&self, room: usize) -> Ground<'_> {
        let thing = self.rooms.get(room);
        Ground {
            room,
            body: thing.body,
            pose: thing.pose,
            obb: *self.rooms.get_box(room),
            up: thing.pose.rotation * DVec3::Y,
        }
    }
}

fn spacing(place: &Place) -> f64 {
    match place {
        Place::InBox { spacing, .. }
        | Place::On { spacing, .. }
        | Place::In { spacing, .. }
        | Place::Stack { spacing, .. }
        | Place::Grid { spacing, .. }
        | Place::Along { spacing, .. } => *spacing,
        Place::OnSurface(surface) => surface.spacing,
        Place::At { .. } | Place::Dropped(_) | Place::Between { .. } => 0.0,
    }
}

fn attempts(key: &Key) -> impl Iterator<Item = Key> + '_ {
    (0..u64::from(ATTEMPTS)).map(|k| key.attempt(k))
}

/// Keeps every coordinate within a million kilometres.
pub(super) fn within_reach(position: DVec3) -> DVec3 {
    position.clamp(DVec3::splat(-FARTHEST), DVec3::splat(FARTHEST))
}
