//! From a recipe's motions and rigs to tracks and mounts.

use std::f64::consts::TAU;

use glam::{DQuat, DVec3};

use super::camera;
use super::motion::{Clip, Curve, Key as Instant, Mount, Pair, Pose, Track, Wave};
use super::place::within_reach;
use super::random::{self, Key};
use crate::recipe::{MotionRecipe, MountRecipe, MountedAt, Scalar, Varied};

/// How long a path takes where neither it nor a clip says so, seconds.
const PATH: f64 = 1.0;
/// How long a fall is recorded where there is no clip, seconds: longer than a shutter is open.
const MOMENT: f64 = 0.25;
/// Nothing turns faster, degrees per second.
const MOST_TURNS: f64 = 1e6;
/// Waves of a hand, along and about each axis; each is so much faster than the one before it, and sways as much less.
const WAVES: u32 = 4;
const OCTAVE: f64 = 1.9;

/// How something moves, decided.
pub(super) enum Moves {
    /// So.
    Track(Track),
    /// As the fall makes it.
    Falls {
        /// m/s.
        velocity: DVec3,
        /// Axis times radians per second.
        spin: DVec3,
    },
}

/// The frames that a fall is recorded for, and how many there are in a second.
pub(super) fn watched(clip: Option<Clip>) -> (u32, f64) {
    clip.map_or((1, 1.0 / MOMENT), |clip| (clip.frames, clip.rate))
}

/// A motion that begins at `start`, keyed by `key` itself. `target` is what a camera looks at.
pub(super) fn motion(
    varied: &Varied<MotionRecipe>,
    start: Pose,
    target: Option<DVec3>,
    clip: Option<Clip>,
    key: &Key,
) -> Moves {
    let (recipe, key) = random::pick(varied, key);
    let vector = |dist, name: &str| within_reach(random::vector(dist, &key.name(name)));
    let turns =
        |dist: &Scalar, name: &str| random::scalar(dist, &key.name(name)).clamp(-MOST_TURNS, MOST_TURNS).to_radians();
    Moves::Track(match recipe {
        MotionRecipe::Move { velocity, spin, axis } => Track::Steady {
            start,
            velocity: vector(velocity, "velocity"),
            axis: DVec3::from_array(*axis).normalize_or(DVec3::Y),
            rate: turns(spin, "spin"),
            center: start.position,
        },
        MotionRecipe::Turn { rate, axis, center } => Track::Steady {
            start,
            velocity: DVec3::ZERO,
            axis: DVec3::from_array(*axis).normalize_or(DVec3::Y),
            rate: turns(rate, "rate"),
            center: center.as_ref().map_or(start.position, |center| vector(center, "center")),
        },
        MotionRecipe::Orbit { rate, target: own } => Track::Steady {
            start,
            velocity: DVec3::ZERO,
            axis: DVec3::Y,
            rate: turns(rate, "rate"),
            center: own.as_ref().map(|own| vector(own, "target")).or(target).unwrap_or(start.position),
        },
        MotionRecipe::Path { points, duration, relative, straight, target } => {
            let duration = match duration {
                Some(duration) => random::scalar(duration, &key.name("duration")),
                None => clip.map_or(PATH, Clip::duration),
            };
            let points_key = key.name("points");
            let points = (0..).zip(points).map(|(k, point)| {
                let point = random::vector(point, &points_key.item(k));
                within_reach(if *relative { start.position + point } else { point })
            });
            let target = target.as_ref().map(|target| vector(target, "target"));
            let curve = if *straight { Curve::Straight } else { Curve::Smooth };
            Track::Keys { curve, keys: path(start, points, duration.clamp(1e-6, 1e6)), target }
        }
        MotionRecipe::Handheld { amplitude, angle, frequency } => {
            let number = |dist, name: &str, most: f64| random::scalar(dist, &key.name(name)).clamp(0.0, most);
            let sway = (number(amplitude, "amplitude", 10.0), number(angle, "angle", 30.0).to_radians());
            let frequency = number(frequency, "frequency", 1000.0);
            Track::Sway { start, waves: hand(sway, frequency, &key.name("sway")) }
        }
        MotionRecipe::Fall { velocity, spin } => {
            let spin = vector(spin, "spin").clamp(DVec3::splat(-MOST_TURNS), DVec3::splat(MOST_TURNS));
            let turns = spin.map(f64::to_radians);
            return Moves::Falls { velocity: vector(velocity, "velocity").clamp_length_max(1e5), spin: turns };
        }
    })
}

/// Keys from `start` through points, at a speed that is even where lines are straight.
fn path(start: Pose, points: impl Iterator<Item = DVec3>, duration: f64) -> Vec<Instant> {
    let mut places = vec![start.position];
    for point in points {
        // In no time it can go nowhere.
        if places.last().is_some_and(|last| last.distance(point) > 1e-9 * (1.0 + point.length())) {
            places.push(point);
        }
    }
    let mut way = 0.0;
    let mut ways = vec![0.0];
    for pair in places.windows(2) {
        way += pair[0].distance(pair[1]);
        ways.push(way);
    }
    let key = |(position, at): (DVec3, f64)| {
        let time = if way > 0.0 { duration * at / way } else { 0.0 };
        Instant { time, pose: Pose { position, ..start } }
    };
    let mut keys: Vec<Instant> = places.into_iter().zip(ways).map(key).collect();
    // Points a billionth of the way apart may fall into one instant.
    keys.dedup_by(|later, earlier| later.time <= earlier.time);
    keys
}

/// A hand's sway and turns along three axes, as root mean squares: metres and radians.
fn hand((sway, turn): (f64, f64), frequency: f64, key: &Key) -> Vec<Wave> {
    let mut stream = key.stream();
    // The squares of the waves add up, and half of them is the mean.
    let power: f64 = (0..WAVES).map(|k| libm::pow(OCTAVE, -2.0 * f64::from(k)) / 2.0).sum();
    let scale = 1.0 / power.sqrt();
    let mut waves = Vec::new();
    for k in 0..WAVES {
        let octave = libm::pow(OCTAVE, f64::from(k));
        for axis in DVec3::AXES {
            for (offset, turn) in [(axis * sway, DVec3::ZERO), (DVec3::ZERO, axis * turn)] {
                let frequency = frequency * octave * stream.uniform(0.8, 1.2);
                let phase = stream.uniform(0.0, TAU);
                let share = scale / octave;
                waves.push(Wave { frequency, phase, offset: offset * share, turn: turn * share });
            }
        }
    }
    waves
}

/// Where a camera is on its rig, which is at `rig` and looks at `target`. Keyed by the rig's `key`.
pub(super) fn mount(recipe: &MountRecipe, rig: Pose, target: Option<DVec3>, key: &Key) -> Mount {
    let (mut pair, mut pose) = (None, Pose::IDENTITY);
    match &recipe.at {
        MountedAt::Stereo { other, right, baseline } => {
            let baseline = random::scalar(baseline, &key.name("rig").name("baseline")).clamp(1e-6, 1e9);
            if *right {
                pose.position.x = baseline;
            }
            pair = Some(Pair { camera: other.clone(), baseline: if *right { -baseline } else { baseline } });
        }
        MountedAt::Dome { number, count, radius, elevations } => {
            let target = target.unwrap_or(rig.position);
            let radius = match radius {
                Some(radius) => random::scalar(radius, &key.name("rig").name("radius")),
                None => rig.position.distance(target),
            };
            let low = libm::sin(elevations.0.to_radians());
            let high = libm::sin(elevations.1.to_radians());
            let height = low + (high - low) * (f64::from(*number) + 0.5) / f64::from((*count).max(1));
            // A Fibonacci spiral: equal areas, and no two above each other.
            let azimuth = TAU * f64::from(*number) * (5.0_f64.sqrt() - 1.0) / 2.0;
            let (sin, cos) = libm::sincos(azimuth);
            let round = (1.0 - height * height).max(0.0).sqrt();
            let way = DVec3::new(round * sin, height, round * cos);
            let position = target + way * radius.clamp(1e-6, 1e9);
            let back = rig.rotation.inverse();
            pose.position = back * (position - rig.position);
            pose.rotation = (back * camera::look_at(position, target, 0.0)).normalize();
        }
        MountedAt::Free { position, rotation } => {
            let key = key.name("rig").name("cameras").name(&recipe.name);
            let p = within_reach(random::vector(position, &key.name("position")));
            let q = random::rotation(rotation, &key.name("rotation"));
            // From OpenCV's axes to ours: half a turn about x.
            pose.position = DVec3::new(p.x, -p.y, -p.z);
            pose.rotation = DQuat::from_xyzw(q.x, -q.y, -q.z, q.w);
        }
    }
    pose.position = within_reach(pose.position);
    Mount { rig: recipe.rig.clone(), pose, pair }
}
