//! Time: how things and cameras move, and the scene at one instant.
//!
//! A [`Scene`] is one decided sample, however long it is: `position` and `rotation` of what moves are those at the scene's own
//! [`time`](Scene::time), and [`Scene::at`] gives the scene at another instant. Time 0 is the instant of a still, and of the first frame of
//! a clip; frame `k` is at `k / rate` seconds. Ids, names and order are the same at every instant.
//!
//! A [`Track`] is a function of the scene's time alone, so that an instant does not depend on which one was asked for before it.

use glam::{DMat4, DQuat, DVec3, DVec4};
use serde::{Deserialize, Serialize};

use super::place::within_reach;
use super::{Scene, Shape, camera};

/// The most frames of a clip.
pub const MOST_FRAMES: u32 = 100_000;
/// Frames per second lie within these.
pub const RATES: (f64, f64) = (1e-3, 1e5);
/// No instant is farther from the beginning than this, seconds.
pub const LATEST: f64 = 1e8;
/// The most keys of a track.
pub const MOST_KEYS: usize = 1 << 20;
/// The most waves of a track.
const MOST_WAVES: usize = 1000;
/// Nothing turns faster than this, radians per second, nor swings more often in a second.
const FASTEST: f64 = 1e6;
/// Velocities and places lie within this.
const FARTHEST: f64 = 1e9;

/// How long a scene is watched.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clip {
    /// How many frames there are, at least 1.
    pub frames: u32,
    /// How many frames there are in a second.
    pub rate: f64,
}

impl Clip {
    /// When a frame is, seconds.
    pub fn time(self, frame: u32) -> f64 {
        f64::from(frame) / self.rate
    }

    /// From the first frame to the end of the last one, seconds.
    pub fn duration(self) -> f64 {
        f64::from(self.frames) / self.rate
    }

    /// What is wrong with its numbers, if anything is.
    ///
    /// # Errors
    /// In words.
    pub fn validate(&self) -> Result<(), String> {
        ensure((1..=MOST_FRAMES).contains(&self.frames), || format!("`frames` of `clip` are from 1 to {MOST_FRAMES}"))?;
        ensure((RATES.0..=RATES.1).contains(&self.rate), || {
            format!("`rate` of `clip` is from {} to {} frames per second", RATES.0, RATES.1)
        })
    }
}

/// Where something is: a frame in the world, without scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pose {
    /// Its origin, metres.
    pub position: DVec3,
    /// World from it.
    pub rotation: DQuat,
}

impl Pose {
    /// No move and no turn.
    pub const IDENTITY: Self = Self { position: DVec3::ZERO, rotation: DQuat::IDENTITY };

    /// The pose of what is at `inner` in this frame.
    #[must_use]
    pub fn then(self, inner: Self) -> Self {
        Self {
            position: self.position + self.rotation * inner.position,
            rotation: (self.rotation * inner.rotation).normalize(),
        }
    }

    fn validate(&self) -> Result<(), String> {
        ensure(in_reach(self.position), || format!("the coordinates of `motion` lie within {FARTHEST:e}"))?;
        ensure((self.rotation.length() - 1.0).abs() < 1e-6, || {
            "the rotations of `motion` must be unit quaternions".into()
        })
    }

    fn is_near(&self, other: Self) -> bool {
        let near = 1e-6 * (1.0 + self.position.abs().max_element());
        self.position.distance(other.position) <= near && self.rotation.dot(other.rotation).abs() > 1.0 - 1e-6
    }
}

/// How something moves: its pose as a function of the scene's time, in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Track {
    /// Evenly, in a straight line and round an axis that moves along: at time t the pose is `start`, turned by `rate * t` about the line
    /// through `center` along `axis`, and then moved by `velocity * t`.
    Steady {
        /// Its pose at time 0.
        start: Pose,
        /// Metres per second.
        velocity: DVec3,
        /// Unit vector.
        axis: DVec3,
        /// Radians per second, right-handed about `axis`.
        rate: f64,
        /// A point of the axis at time 0.
        center: DVec3,
    },
    /// Through poses at known times; before the first and after the last it stands still. Rotations go the shorter way round at an even
    /// rate between two keys (slerp).
    Keys {
        /// How places go from one key to the next.
        curve: Curve,
        /// Later ones behind.
        keys: Vec<Key>,
        /// Where it looks with its -Z, +Y up, whatever the rotations of the keys say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<DVec3>,
    },
    /// About a place, as a hand holds a camera: a sum of waves that is 0 at time 0.
    Sway {
        /// Its pose at time 0.
        start: Pose,
        /// In its own frame.
        waves: Vec<Wave>,
    },
}

/// How places go from one key of a track to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Curve {
    /// In straight lines.
    Straight,
    /// Along cubic Hermite curves whose slope at a key is that from its neighbour before to its neighbour behind (at the ends: to the only
    /// neighbour): Catmull and Rom's spline for uneven times.
    Smooth,
}

/// A pose at a time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Seconds.
    pub time: f64,
    /// Where it is then.
    pub pose: Pose,
}

/// A swing there and back: `sin(2 pi frequency t + phase) - sin(phase)` times these.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wave {
    /// Hz.
    pub frequency: f64,
    /// Radians.
    pub phase: f64,
    /// Metres, in its own frame.
    pub offset: DVec3,
    /// Axis times radians, in its own frame.
    pub turn: DVec3,
}

impl Track {
    /// Where it is at a time, seconds. Exact at keys and at the start.
    pub fn pose(&self, time: f64) -> Pose {
        let pose = match self {
            Self::Steady { start, velocity, axis, rate, center } => {
                if time == 0.0 {
                    return *start;
                }
                let moved = *velocity * time;
                if *rate == 0.0 {
                    Pose { position: start.position + moved, ..*start }
                } else {
                    let turn = DQuat::from_axis_angle(*axis, rate * time);
                    let position = *center + moved + turn * (start.position - *center);
                    Pose { position, rotation: (turn * start.rotation).normalize() }
                }
            }
            Self::Keys { curve, keys, target } => {
                let pose = between(*curve, keys, time);
                let rotation = target.map_or(pose.rotation, |target| camera::look_at(pose.position, target, 0.0));
                Pose { rotation, ..pose }
            }
            Self::Sway { start, waves } => {
                if time == 0.0 {
                    return *start;
                }
                let swing = |wave: &Wave| {
                    libm::sin(std::f64::consts::TAU * wave.frequency * time + wave.phase) - libm::sin(wave.phase)
                };
                let (mut offset, mut turn) = (DVec3::ZERO, DVec3::ZERO);
                for wave in waves {
                    offset += wave.offset * swing(wave);
                    turn += wave.turn * swing(wave);
                }
                start.then(Pose { position: offset, rotation: DQuat::from_scaled_axis(turn) })
            }
        };
        Pose { position: within_reach(pose.position), ..pose }
    }

    /// What is wrong with its numbers, if anything is: a scene file may hold any.
    ///
    /// # Errors
    /// In words.
    pub fn validate(&self) -> Result<(), String> {
        match self {
            Self::Steady { start, velocity, axis, rate, center } => {
                start.validate()?;
                ensure(in_reach(*velocity) && in_reach(*center), || {
                    format!("`velocity` and `center` of `motion` lie within {FARTHEST:e}")
                })?;
                ensure((axis.length() - 1.0).abs() < 1e-6, || "`axis` of `motion` must have length 1".into())?;
                ensure(rate.abs() <= FASTEST, || format!("`rate` of `motion` lies within {FASTEST:e}"))
            }
            Self::Keys { keys, target, .. } => {
                ensure((1..=MOST_KEYS).contains(&keys.len()), || format!("`motion` has from 1 to {MOST_KEYS} `keys`"))?;
                let rising = keys.windows(2).all(|pair| pair[0].time < pair[1].time);
                ensure(rising && keys.iter().all(|key| key.time.abs() <= LATEST), || {
                    "the times of the `keys` of `motion` must rise".into()
                })?;
                ensure(target.is_none_or(in_reach), || format!("`target` of `motion` lies within {FARTHEST:e}"))?;
                keys.iter().try_for_each(|key| key.pose.validate())
            }
            Self::Sway { start, waves } => {
                start.validate()?;
                let good = |wave: &Wave| {
                    wave.frequency.abs() <= FASTEST
                        && wave.phase.abs() <= FASTEST
                        && in_reach(wave.offset)
                        && wave.turn.is_finite()
                        && wave.turn.length() <= std::f64::consts::PI
                };
                ensure(waves.len() <= MOST_WAVES && waves.iter().all(good), || {
                    format!("`motion` has at most {MOST_WAVES} `waves`, whose `turn` is at most pi")
                })
            }
        }
    }
}

/// Where a track of keys is. Of no keys: at the origin (no valid track has none).
fn between(curve: Curve, keys: &[Key], time: f64) -> Pose {
    let next = keys.partition_point(|key| key.time <= time);
    let (Some(a), Some(b)) = (next.checked_sub(1).and_then(|k| keys.get(k)), keys.get(next)) else {
        let end = if next == 0 { keys.first() } else { keys.last() };
        return end.map_or(Pose::IDENTITY, |key| key.pose);
    };
    if a.time == time {
        return a.pose;
    }
    let step = b.time - a.time;
    let s = (time - a.time) / step;
    let position = match curve {
        Curve::Straight => a.pose.position.lerp(b.pose.position, s),
        Curve::Smooth => {
            let slope = |from: &Key, to: &Key| (to.pose.position - from.pose.position) / (to.time - from.time);
            let before = next.checked_sub(2).and_then(|k| keys.get(k)).unwrap_or(a);
            let behind = keys.get(next + 1).unwrap_or(b);
            let (m, n) = (slope(before, b) * step, slope(a, behind) * step);
            let (s2, s3) = (s * s, s * s * s);
            a.pose.position * (2.0 * s3 - 3.0 * s2 + 1.0)
                + m * (s3 - 2.0 * s2 + s)
                + b.pose.position * (3.0 * s2 - 2.0 * s3)
                + n * (s3 - s2)
        }
    };
    Pose { position, rotation: a.pose.rotation.slerp(b.pose.rotation, s).normalize() }
}

/// How a camera is mounted on a rig. A rig is rigid: only it moves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// Name of the rig.
    pub rig: String,
    /// Rig from camera, both with x right, y up, looking down -z.
    pub pose: Pose,
    /// The other camera of a rectified stereo pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair: Option<Pair>,
}

/// The other camera of a rectified stereo pair: it looks the same way through the same lens, from a place along the image's rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Its name.
    pub camera: String,
    /// How far to the right of this camera it is, metres; negative where it is to the left.
    pub baseline: f64,
}

impl Mount {
    /// Rig from camera where both have OpenCV's axes: x right, y down, z forward.
    pub fn opencv_rig_from_camera(&self) -> DMat4 {
        let flip = DMat4::from_diagonal(DVec4::new(1.0, -1.0, -1.0, 1.0));
        flip * DMat4::from_rotation_translation(self.pose.rotation, self.pose.position) * flip
    }

    /// # Errors
    /// In words.
    pub(super) fn validate(&self) -> Result<(), String> {
        self.pose.validate()?;
        ensure(self.pair.as_ref().is_none_or(|pair| pair.baseline != 0.0 && pair.baseline.abs() <= FARTHEST), || {
            format!("`baseline` is not 0, and lies within {FARTHEST:e}")
        })
    }
}

impl Scene {
    /// The scene at an instant, seconds from its beginning: everything that moves is where it is then. What can be asked of it later
    /// can be asked of it still: `scene.at(a).at(b)` is `scene.at(b)`.
    #[must_use]
    pub fn at(&self, time: f64) -> Self {
        let time = if time.is_finite() { time.clamp(-LATEST, LATEST) } else { 0.0 };
        let mut scene = self.clone();
        if time == self.time {
            return scene;
        }
        scene.time = time;
        for instance in &mut scene.instances {
            if let Some(track) = &instance.motion {
                Pose { position: instance.position, rotation: instance.rotation } = track.pose(time);
            }
            if instance.shape.plays() {
                play(&mut instance.shape, time);
            }
        }
        for camera in &mut scene.cameras {
            if let Some(pose) = camera.pose_at(time) {
                Pose { position: camera.position, rotation: camera.rotation } = pose;
            }
        }
        scene
    }

    /// The scene at a frame of its clip. Without a clip, there is frame 0 alone.
    #[must_use]
    pub fn frame(&self, frame: u32) -> Self {
        let time = self.clip.map_or(0.0, |clip| clip.time(frame));
        Self { frame, ..self.at(time) }
    }

    /// How many frames each of its cameras takes.
    pub fn frames(&self) -> u32 {
        self.clip.map_or(1, |clip| clip.frames)
    }

    /// Whether anything in it moves.
    pub fn moves(&self) -> bool {
        self.instances.iter().any(|instance| instance.motion.is_some() || instance.shape.plays())
            || self.cameras.iter().any(|camera| camera.motion.is_some())
    }

    /// # Errors
    /// What of its times and motions is wrong, in words.
    pub(super) fn validate_motion(&self) -> Result<(), String> {
        ensure(self.time.abs() <= LATEST, || format!("`time` lies within {LATEST:e} s"))?;
        self.clip.map_or(Ok(()), |clip| clip.validate())?;
        ensure(self.frame < self.frames(), || format!("there is no frame {}: frames count from 0", self.frame))?;
        const MOVED: &str = "`position` and `rotation` are not where `motion` is at the `time` of the scene";
        for instance in &self.instances {
            let Some(track) = &instance.motion else { continue };
            let own = Pose { position: instance.position, rotation: instance.rotation };
            let check = || {
                track.validate()?;
                ensure(own.is_near(track.pose(self.time)), || MOVED.into())
            };
            check().map_err(|reason| format!("instance `{}`: {reason}", instance.name()))?;
        }
        for camera in &self.cameras {
            let own = Pose { position: camera.position, rotation: camera.rotation };
            let check = || {
                camera.mount.as_ref().map_or(Ok(()), |mount| mount.validate())?;
                camera.motion.as_ref().map_or(Ok(()), |track| track.validate())?;
                ensure(camera.pose_at(self.time).is_none_or(|pose| own.is_near(pose)), || MOVED.into())?;
                let Some(pair) = camera.mount.as_ref().and_then(|mount| mount.pair.as_ref()) else { return Ok(()) };
                ensure(self.cameras.iter().any(|other| other.name == pair.camera), || {
                    format!("there is no camera `{}`, with which it is a pair", pair.camera)
                })
            };
            check().map_err(|reason| format!("camera `{}`: {reason}", camera.name))?;
        }
        Ok(())
    }
}

impl camera::Camera {
    /// Where it is at a time of the scene; `None` where it does not move.
    pub fn pose_at(&self, time: f64) -> Option<Pose> {
        let carrier = self.motion.as_ref()?.pose(time);
        Some(self.mount.as_ref().map_or(carrier, |mount| carrier.then(mount.pose)))
    }
}

impl Shape {
    /// Whether a file whose animation plays is in it.
    pub fn plays(&self) -> bool {
        let mut plays = false;
        self.visit(&mut |shape| {
            plays |= matches!(shape, Self::File(file) if file.taken.playing.is_some());
        });
        plays
    }
}

/// Brings files to the moment of their animations. They play again and again; backwards where their speed is negative.
fn play(shape: &mut Shape, time: f64) {
    match shape {
        Shape::File(file) => {
            if let Some(playing) = file.taken.playing.as_ref().filter(|playing| playing.length > 0.0) {
                let share = (playing.begin + playing.speed * time / playing.length).rem_euclid(1.0);
                // Rounding may bring it to 1, which is the end, and not the beginning.
                file.taken.time = if share < 1.0 { share } else { 0.0 };
            }
        }
        Shape::Made(made) => made.inner_mut().into_iter().for_each(|inner| play(inner, time)),
        _ => {}
    }
}

fn ensure(holds: bool, reason: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(reason()) }
}

fn in_reach(point: DVec3) -> bool {
    point.is_finite() && point.abs().max_element() <= FARTHEST
}

/// For fields of scenes that are 0 where nothing moves.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
pub(super) fn is_zero(time: &f64) -> bool {
    *time == 0.0
}

/// For fields of scenes that are 0 where nothing moves.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
pub(super) fn is_first(frame: &u32) -> bool {
    *frame == 0
}
