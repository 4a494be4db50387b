//! Things that are let fall, and how they come to rest.
//!
//! They begin above what they fall onto, clear of each other and of all else, and are moved by rapier: steps of fixed length, one
//! thread, bodies in order of name and number, `libm`'s functions, so the same bits everywhere. Everything that was placed before
//! stays where it is. Speed is limited and damped, the more so the longer it takes: what counts is where things can rest, not how they
//! got there. What moves has fewer corners than what is drawn, or is in convex pieces, that hold
//! its corners but for 0.2 % of its size.
//!
//! What comes out is measured with the bodies themselves, not with those pieces: nobody may move, no two may be deeper in each other
//! than [`DEEPEST`], and everything touches something. A scene that fails is drawn again, with the reason.

use glam::DVec3;
use rapier3d_f64::dynamics::{RigidBodyBuilder, RigidBodyHandle};
use rapier3d_f64::geometry::ColliderBuilder;
use rapier3d_f64::pipeline::PhysicsWorld;

use super::ground::HOVER;
use super::{Body, Group, Pose, World, within_reach};
use crate::recipe::{Drop, IfLost, Physics, Place};
use crate::scene::obb::{NearBoxes, Obb};
use crate::scene::random;
use crate::scene::sample::SampleError;
use crate::scene::{Settled, random::Key};

/// What settled is nowhere deeper in anything than this share of the longest side of the smaller of the two.
pub const DEEPEST: f64 = 0.01;
/// What settled moves less than this share of its longest side in a second.
pub const SLOWEST: f64 = 0.05;

/// Length of a step, seconds.
const STEP: f64 = 1.0 / 120.0;
/// So many steps in a row everything has to be slow.
const STILL: u32 = 24;
/// After so many steps it is over.
const MOST_STEPS: u32 = 1200;
/// Sizes of the middling body per second squared: the earth's for one of 25 cm.
const GRAVITY: f64 = 40.0;
/// In one step nothing moves farther than this share of the size of the smallest body.
const FASTEST: f64 = 0.2;
/// The engine keeps things so far apart, as a share of their longest side: what it lets them sink is less.
const SKIN: f64 = 0.002;
/// Candidate places per level, above each other, in which bodies begin.
const PER_LEVEL: u64 = 8;
/// So many levels are tried.
const MOST_LEVELS: u64 = 500;
/// More bodies than these do not settle in useful time.
const MOST_BODIES: usize = 2000;

/// One thing that falls.
struct Falling<'g> {
    /// Its group's number among those that fall.
    group: usize,
    number: usize,
    body: &'g Body,
    physics: Physics,
    target: Obb,
    if_lost: IfLost,
    /// Where it begins, and later is; `None` where it is lost.
    pose: Option<Pose>,
}

/// Lets some groups fall together: poses by group and number, and how they came to rest.
///
/// # Errors
/// [`SampleError::Rejected`] where they do not come to rest, end in each other, hover, or are lost where that is not allowed.
pub(super) fn settle(
    world: &World<'_>,
    falling: &[(&str, &Group<'_>)],
) -> Result<(Vec<Vec<Option<Pose>>>, Option<Settled>), SampleError> {
    let mut things = begin(world, falling);
    let mut poses: Vec<Vec<Option<Pose>>> = falling.iter().map(|(_, group)| vec![None; group.bodies.len()]).collect();
    if things.is_empty() {
        return Ok((poses, None));
    }
    let named = |numbers: &[usize]| {
        let mut names: Vec<&str> = numbers.iter().map(|&group| falling[group].0).collect();
        names.dedup();
        names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
    };
    let all: Vec<usize> = (0..falling.len()).collect();
    let fault = |what: String| Err(SampleError::Rejected { reason: what });

    let near = neighbours(world, &things);
    let (steps, speed) = simulate(world, &near, &mut things);
    if speed > SLOWEST {
        return fault(format!("{} did not come to rest", named(&all)));
    }
    let mut lost = 0;
    for thing in &mut things {
        let Some(pose) = thing.pose else {
            lost += 1;
            if thing.if_lost == IfLost::Redraw {
                return fault(format!("some of {} fell beside", named(&[thing.group])));
            }
            continue;
        };
        if thing.if_lost != IfLost::Keep && is_beside(thing, &pose) {
            if thing.if_lost == IfLost::Redraw {
                return fault(format!("some of {} fell beside", named(&[thing.group])));
            }
            lost += 1;
            thing.pose = None;
        }
    }
    let (depth, gap) = residual(world, &near, &things);
    if depth > DEEPEST {
        return fault(format!("{} ended in each other", named(&all)));
    }
    if gap > HOVER * 2.0 {
        return fault(format!("{} hover", named(&all)));
    }
    let mut at_rest = 0;
    for thing in &things {
        if let Some(pose) = thing.pose {
            poses[thing.group][thing.number] = Some(Pose { position: within_reach(pose.position), ..pose });
            at_rest += 1;
        }
    }
    let objects = falling.iter().map(|(name, _)| (*name).to_owned()).collect();
    Ok((poses, Some(Settled { objects, at_rest, lost, steps, speed, depth, gap })))
}

/// Whether what settled is not over what it fell onto, or below it.
fn is_beside(thing: &Falling<'_>, pose: &Pose) -> bool {
    let middle = pose.position + pose.rotation * thing.body.middle();
    let local = thing.target.axes.transpose() * (middle - thing.target.center);
    let beyond = local.x.abs() > thing.target.half.x || local.z.abs() > thing.target.half.z;
    beyond || middle.y < thing.target.center.y - thing.target.world_half().y
}

/// Everything that falls, where it begins.
fn begin<'g>(world: &World<'_>, falling: &[(&str, &'g Group<'_>)]) -> Vec<Falling<'g>> {
    let mut things: Vec<Falling<'g>> = Vec::new();
    let mut boxes = NearBoxes::default();
    for (index, (_, group)) in falling.iter().enumerate() {
        let Place::Dropped(drop) = &group.recipe.place else { continue };
        for (number, body) in group.bodies.iter().enumerate() {
            let key = group.key.item(number as u64).name("place");
            if things.len() >= MOST_BODIES {
                break;
            }
            let Some(&(_, room)) = world.choose(&drop.support, &key) else { continue };
            let target = *world.rooms.get_box(room);
            let Some(pose) = start(world, &boxes, drop, body, &target, &key) else { continue };
            boxes.insert(body.room(&pose));
            let physics = group.recipe.physics;
            let pose = Some(pose);
            things.push(Falling { group: index, number, body, physics, target, if_lost: drop.if_lost, pose });
        }
    }
    things
}

/// A place above the target that is clear of everything: as low as there is one.
fn start(world: &World<'_>, boxes: &NearBoxes, drop: &Drop, body: &Body, target: &Obb, key: &Key) -> Option<Pose> {
    let radius = body.half().length();
    let top = target.center.y + target.world_half().y;
    let margin = 0.02 * radius;
    (0..MOST_LEVELS * PER_LEVEL).find_map(|k| {
        let key = key.attempt(k);
        let rotation = random::rotation(&drop.rotation, &key.name("rotation"));
        let mut stream = key.name("position").stream();
        let mut along = |half: f64| {
            let free = (half * drop.spread).min(half - radius).max(0.0);
            stream.uniform(-free, free)
        };
        let (x, z) = (along(target.half.x), along(target.half.z));
        let level = (k / PER_LEVEL) as f64;
        let over = target.center + target.axes.x_axis * x + target.axes.z_axis * z;
        let height = top + drop.height + radius + level * 0.5 * radius;
        let middle = DVec3::new(over.x, height, over.z);
        let pose = Pose { position: middle - rotation * body.middle(), rotation };
        let room = body.room(&pose);
        (boxes.clear(&room, margin, |_| false) && world.rooms.free(body, &pose, margin, None)).then_some(pose)
    })
}

/// What is placed already and could be met: numbers of rooms.
fn neighbours(world: &World<'_>, things: &[Falling<'_>]) -> Vec<usize> {
    let largest = things.iter().map(|thing| thing.body.size()).fold(0.0, f64::max);
    let mut low = DVec3::INFINITY;
    let mut high = DVec3::NEG_INFINITY;
    for thing in things {
        let half = thing.target.world_half() * 2.0 + DVec3::splat(2.0 * largest);
        low = low.min(thing.target.center - half);
        high = high.max(thing.target.center + half);
    }
    let meets = |&room: &usize| {
        let obb = world.rooms.get_box(room);
        let half = obb.world_half();
        // Above and below everything counts: a floor far down is met at last.
        [0, 2].into_iter().all(|i| obb.center[i] - half[i] <= high[i] && obb.center[i] + half[i] >= low[i])
    };
    (0..world.rooms.all().len()).filter(meets).collect()
}

/// Moves everything until it is at rest: how many steps that took, and the greatest speed at the end in sizes per second.
fn simulate(world: &World<'_>, near: &[usize], things: &mut [Falling<'_>]) -> (u32, f64) {
    let mut physics = PhysicsWorld::default();
    let smallest = things.iter().map(|thing| thing.body.size()).fold(f64::INFINITY, f64::min);
    let mut sizes: Vec<f64> = things.iter().map(|thing| thing.body.size()).collect();
    sizes.sort_by(f64::total_cmp);
    let unit = sizes[sizes.len() / 2];
    // Where things can rest does not depend on how heavy they are. Under the earth's gravity small ones would jump at every step.
    physics.gravity = rapier3d_f64::math::Vector::new(0.0, -GRAVITY * unit, 0.0);
    let parameters = &mut physics.integration_parameters;
    parameters.dt = STEP;
    parameters.length_unit = unit;
    parameters.normalized_allowed_linear_error = 0.0005;
    parameters.normalized_prediction_distance = 0.02;
    parameters.normalized_max_linear_velocity = FASTEST * smallest / STEP / unit;
    parameters.num_solver_iterations = 8;
    // With the contacts of a body's pieces merged, what lies on several pieces rocks without end.
    parameters.contact_clustering = false;

    let mut lowest = f64::INFINITY;
    for &room in near {
        let thing = world.rooms.get(room);
        let (shape, offset) = thing.body.exact().parts();
        let collider = ColliderBuilder::new(shape)
            .position(thing.pose.pose() * offset)
            .friction(thing.physics.friction)
            .restitution(thing.physics.restitution);
        physics.insert_collider(collider, None);
        let obb = world.rooms.get_box(room);
        lowest = lowest.min(obb.center.y - obb.world_half().y);
    }
    let handles: Vec<Option<RigidBodyHandle>> = things
        .iter()
        .map(|thing| {
            let pose = thing.pose.as_ref()?.pose();
            let half = thing.body.half();
            let is_thin = half.min_element() < FASTEST * half.max_element();
            let body = RigidBodyBuilder::dynamic()
                .pose(pose)
                .linear_damping(0.2)
                .angular_damping(1.0)
                .can_sleep(false)
                // What is thin could pass through what is thin within a step. (Sweeping it costs as much as all the rest.)
                .soft_ccd_prediction(if is_thin { FASTEST * smallest } else { 0.0 });
            let (shape, offset) = thing.body.solid.movable(thing.body.scale);
            let collider = ColliderBuilder::new(shape)
                .position(offset)
                .contact_skin(SKIN * thing.body.size())
                .friction(thing.physics.friction)
                .restitution(thing.physics.restitution)
                .mass_properties(thing.body.solid.mass(thing.body.scale, thing.physics.density));
            Some(physics.insert(body, collider).0)
        })
        .collect();

    let mut still = 0;
    let mut steps = 0;
    let mut fastest = f64::INFINITY;
    while steps < MOST_STEPS && still < STILL {
        physics.step();
        steps += 1;
        // From half a second on, everything is braked more and more.
        if steps > 60 && steps % 30 == 0 {
            let brake = f64::from(steps - 60) / 120.0;
            for handle in handles.iter().flatten() {
                if let Some(body) = physics.bodies.get_mut(*handle) {
                    body.set_linear_damping(0.2 + 4.0 * brake);
                    body.set_angular_damping(1.0 + 16.0 * brake);
                }
            }
        }
        fastest = 0.0;
        for (thing, handle) in things.iter_mut().zip(&handles) {
            let Some(body) = handle.and_then(|handle| physics.bodies.get(handle)) else { continue };
            let place = body.translation();
            if thing.pose.is_none() {
                continue;
            }
            if place.y < lowest - 2.0 * thing.body.size() || !place.is_finite() {
                thing.pose = None; // out of the world
                continue;
            }
            let size = thing.body.size();
            let speed = body.linvel().length() + body.angvel().length() * thing.body.half().length();
            fastest = f64::max(fastest, speed / size);
        }
        for (thing, handle) in things.iter().zip(&handles) {
            if let (None, Some(handle)) = (thing.pose, handle) {
                physics.remove_body(*handle);
            }
        }
        still = if fastest <= SLOWEST { still + 1 } else { 0 };
    }
    for (thing, handle) in things.iter_mut().zip(&handles) {
        if let (Some(_), Some(body)) = (thing.pose, handle.and_then(|handle| physics.bodies.get(handle))) {
            thing.pose = Some(Pose::from_pose(body.position()));
        }
    }
    (steps, fastest)
}

/// The greatest depth and the greatest gap below something that rests, both as shares of a longest side: how deep the deepest is in
/// another, and how far that which hovers highest is from what is nearest to it.
fn residual(world: &World<'_>, near: &[usize], things: &[Falling<'_>]) -> (f64, f64) {
    let there: Vec<(&Body, Pose)> = things.iter().filter_map(|thing| Some((thing.body, thing.pose?))).collect();
    let mut boxes = NearBoxes::default();
    let mut others: Vec<(&Body, Pose)> = Vec::new();
    for (body, pose) in &there {
        boxes.insert(body.room(pose));
        others.push((body, *pose));
    }
    for &room in near {
        let thing = world.rooms.get(room);
        boxes.insert(thing.body.room(&thing.pose));
        others.push((thing.body, thing.pose));
    }
    let (mut deepest, mut highest) = (0.0_f64, 0.0_f64);
    for (own, (body, pose)) in there.iter().enumerate() {
        let within = 4.0 * HOVER * body.size();
        let nearest = std::cell::Cell::new(f64::INFINITY);
        let depth = std::cell::Cell::new(0.0_f64);
        boxes.all_near(&body.room(pose), within, |number| {
            let (other, place) = &others[number];
            if number == own || body.room(pose).clear_of(&other.room(place), within) {
                return true;
            }
            if let Some(found) = body.exact().depth(pose, other.exact(), place, within) {
                nearest.set(nearest.get().min(-found));
                let smaller = body.size().min(other.size());
                let deep = match found > DEEPEST * smaller {
                    true => body.exact().comes_free(pose, other.exact(), place, DEEPEST * smaller).unwrap_or(found),
                    false => found,
                };
                depth.set(depth.get().max(deep / smaller));
            }
            depth.get() <= DEEPEST
        });
        if depth.get() > DEEPEST {
            return (depth.get(), highest); // enough to know
        }
        deepest = deepest.max(depth.get());
        highest = highest.max(nearest.get().max(0.0) / body.size());
    }
    (deepest, highest)
}
