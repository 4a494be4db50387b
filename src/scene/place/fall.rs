//! Things that fall while they are watched.
//!
//! Rapier moves them, under the earth's gravity and with real masses, in steps of fixed length that end at each frame; one thread, bodies in
//! order, `libm`'s functions: the same bits everywhere. Everything else is in their way: what moves on a track of its own as a body that
//! nothing stops. What is recorded is the pose at the end of each step.
//!
//! In free flight the engine adds gravity to the velocity first, and the velocity to the place then, `n` times in a time `t = n h`: that
//! is `v t + g t^2 / 2 + g h t / 2`. Here bodies begin with `v - g h / 2`, so that the last term is gone: until something is met, places
//! are those of `x + v t + g t^2 / 2` but for rounding, at the end of each step. Between two steps `h` apart a place is off by at most
//! `g h^2 / 8`, which is 0.02 mm. (The velocity with which something is met is off by `g h / 8`, 5 mm/s.)

use glam::DVec3;
use rapier3d_f64::dynamics::{RigidBodyBuilder, RigidBodyHandle};
use rapier3d_f64::geometry::ColliderBuilder;
use rapier3d_f64::math::Vector;
use rapier3d_f64::pipeline::PhysicsWorld;

use super::{Body, Pose as Stand, within_reach};
use crate::recipe::Physics;
use crate::scene::motion::{Curve, Key, Pose, Track};

/// The acceleration of free fall, m/s2: that of the earth at its surface, by convention.
pub const GRAVITY: f64 = 9.81;
/// No step is longer, seconds.
const STEP: f64 = 1.0 / 240.0;
/// The engine halves gravity's way this often within a step.
const ITERATIONS: usize = 4;
/// More bodies than these do not fall in useful time, nor do they for more steps than these; together no more keys than these are kept.
const MOST_BODIES: usize = 2000;
const MOST_STEPS: u32 = 200_000;
const MOST_KEPT: u64 = 4_000_000;

/// What takes part in a fall.
pub struct Part<'a> {
    /// Its shape.
    pub body: &'a Body,
    /// Friction, restitution, density.
    pub physics: Physics,
    /// Where it is at the beginning.
    pub start: Pose,
    /// What it does.
    pub role: Role<'a>,
}

/// What something does while others fall.
pub enum Role<'a> {
    /// Nothing.
    Stays,
    /// It goes its own way.
    Goes(&'a Track),
    /// It falls.
    Falls {
        /// m/s.
        velocity: DVec3,
        /// Axis times radians per second.
        spin: DVec3,
    },
}

/// Lets things fall from time 0 to the end of frame number `frames`, of which there are `rate` in a second. A track for each of `parts` that
/// falls.
///
/// # Errors
/// In a few words, where there is too much of it, or one leaves the world.
pub fn fall(parts: &[Part<'_>], frames: u32, rate: f64) -> Result<Vec<Option<Track>>, String> {
    let falling = parts.iter().filter(|part| matches!(part.role, Role::Falls { .. })).count();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rates lie within limits: saturates")]
    let per_frame = (1.0 / (rate * STEP)).ceil().max(1.0) as u32;
    let steps = frames.saturating_mul(per_frame);
    if falling > MOST_BODIES || steps > MOST_STEPS || falling as u64 * u64::from(steps) > MOST_KEPT {
        return Err(format!("{falling} things would fall for {steps} steps, which is too much"));
    }
    let frame = 1.0 / rate;
    let step = frame / f64::from(per_frame);

    let mut physics = PhysicsWorld::default();
    let gravity = DVec3::new(0.0, -GRAVITY, 0.0);
    physics.gravity = theirs(gravity);
    let mut sizes: Vec<f64> = parts.iter().filter(|part| part.falls()).map(|part| part.body.size()).collect();
    sizes.sort_by(f64::total_cmp);
    let unit = sizes.get(sizes.len() / 2).copied().unwrap_or(1.0);
    let parameters = &mut physics.integration_parameters;
    parameters.dt = step;
    parameters.length_unit = unit;
    parameters.num_solver_iterations = ITERATIONS;
    parameters.normalized_allowed_linear_error = 0.0005;
    parameters.normalized_max_linear_velocity = 1e6 / unit;
    parameters.contact_clustering = false;

    let sub_step = step / ITERATIONS as f64;
    let handles: Vec<Option<RigidBodyHandle>> = parts
        .iter()
        .map(|part| {
            let pose = stand(part.start).pose();
            match part.role {
                Role::Stays => {
                    let (shape, offset) = part.body.exact().parts();
                    physics.insert_collider(part.dressed(ColliderBuilder::new(shape).position(pose * offset)), None);
                    None
                }
                Role::Goes(_) => {
                    let (shape, offset) = part.body.solid.movable(part.body.scale);
                    let body = RigidBodyBuilder::kinematic_position_based().pose(pose);
                    Some(physics.insert(body, part.dressed(ColliderBuilder::new(shape).position(offset))).0)
                }
                Role::Falls { velocity, spin } => {
                    let (shape, offset) = part.body.solid.movable(part.body.scale);
                    let body = RigidBodyBuilder::dynamic()
                        .pose(pose)
                        .linvel(theirs(velocity - gravity * sub_step / 2.0))
                        .angvel(theirs(spin))
                        .ccd_enabled(true);
                    let mass = part.body.solid.mass(part.body.scale, part.physics.density);
                    let collider = part.dressed(ColliderBuilder::new(shape).position(offset)).mass_properties(mass);
                    Some(physics.insert(body, collider).0)
                }
            }
        })
        .collect();

    let mut tracks: Vec<Vec<Key>> = parts
        .iter()
        .map(|part| if part.falls() { vec![Key { time: 0.0, pose: part.start }] } else { Vec::new() })
        .collect();
    for number in 1..=steps {
        // From the frame's own time, so that keys are at frames exactly.
        let time = f64::from(number / per_frame) / rate + f64::from(number % per_frame) * step;
        for (part, handle) in parts.iter().zip(&handles) {
            if let (Role::Goes(track), Some(handle)) = (&part.role, handle)
                && let Some(body) = physics.bodies.get_mut(*handle)
            {
                body.set_next_kinematic_position(stand(track.pose(time)).pose());
            }
        }
        physics.step();
        for ((part, handle), keys) in parts.iter().zip(&handles).zip(&mut tracks) {
            if !part.falls() {
                continue;
            }
            let Some(body) = handle.and_then(|handle| physics.bodies.get(handle)) else { continue };
            let Stand { position, rotation } = Stand::from_pose(body.position());
            if !position.is_finite() || !rotation.is_finite() {
                return Err("what falls leaves the world".to_owned());
            }
            keep(keys, Key { time, pose: Pose { position: within_reach(position), rotation } });
        }
    }
    let track =
        |keys: Vec<Key>| (!keys.is_empty()).then_some(Track::Keys { curve: Curve::Straight, keys, target: None });
    Ok(tracks.into_iter().map(track).collect())
}

/// Adds a key. Of keys at which nothing has moved, the first and the last are kept.
fn keep(keys: &mut Vec<Key>, key: Key) {
    if let [.., before, last] = keys.as_mut_slice()
        && before.pose == key.pose
        && last.pose == key.pose
    {
        *last = key;
        return;
    }
    keys.push(key);
}

impl Part<'_> {
    fn falls(&self) -> bool {
        matches!(self.role, Role::Falls { .. })
    }

    fn dressed(&self, collider: ColliderBuilder) -> ColliderBuilder {
        collider.friction(self.physics.friction).restitution(self.physics.restitution)
    }
}

fn stand(pose: Pose) -> Stand {
    Stand { position: pose.position, rotation: pose.rotation }
}

fn theirs(v: DVec3) -> Vector {
    Vector::new(v.x, v.y, v.z)
}
