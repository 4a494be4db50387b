//! Standing on something: straight down until it touches, and only where what it touches carries it.

use glam::{DQuat, DVec3};

use super::room::Under;
use super::{Body, Candidate, Pose, within_reach};
use crate::scene::obb::{Obb, TOUCH};
use crate::scene::random::Key;
use crate::solid::FLAT;

/// What stands is nowhere farther from what carries it than this share of its longest side.
pub const HOVER: f64 = 0.005;

/// Of what is stacked, so many rays along each side find out where it touches.
const FEELERS: u32 = 9;

/// How much of its base has to be carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// Every corner of it.
    Whole,
    /// So much that it does not tip over: its middle is over what carries it.
    Middle,
}

/// An instance that is stood on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) room: usize,
    pub(super) body: &'a Body,
    pub(super) pose: Pose,
    pub(super) obb: Obb,
    /// Unit vector; what stands here has its own +Y along it.
    pub(super) up: DVec3,
}

impl Ground<'_> {
    /// The same, up being the world's.
    pub(super) fn upright(self) -> Self {
        Self { up: DVec3::Y, ..self }
    }

    /// The height of its highest point along `up`.
    fn top(&self) -> f64 {
        self.obb.center.dot(self.up) + self.obb.reach(self.up)
    }

    /// Somewhere over the top face of its box, the whole footprint over it; `None` where the footprint is larger than the face.
    pub(super) fn on_top(&self, body: &Body, yaw: f64, key: &Key) -> Option<Pose> {
        let (x, z) = self.reach(body, yaw);
        let (free_x, free_z) = (self.obb.half.x - x, self.obb.half.z - z);
        if free_x < 0.0 || free_z < 0.0 {
            return None;
        }
        let mut stream = key.stream();
        let (x, z) = (stream.uniform(-free_x, free_x), stream.uniform(-free_z, free_z));
        Some(self.over(body, yaw, x, z))
    }

    /// In a cell of a grid over the top face, in its middle or off it by a share of half the cell.
    pub(super) fn in_cell(
        &self,
        body: &Body,
        yaw: f64,
        grid: [u64; 2],
        cell: [u64; 2],
        jitter: f64,
        key: &Key,
    ) -> Pose {
        let mut stream = key.stream();
        let [x, z] = [0, 1].map(|i| {
            let half = [self.obb.half.x, self.obb.half.z][i] / grid[i] as f64;
            half * (2.0 * cell[i] as f64 + 1.0 - grid[i] as f64 + stream.uniform(-1.0, 1.0) * jitter)
        });
        self.over(body, yaw, x, z)
    }

    /// Straight above the middle, or off it by a share of half the size.
    pub(super) fn above(&self, body: &Body, yaw: f64, far: f64, key: &Key) -> Pose {
        let (sin, cos) = libm::sincos(key.stream().uniform(0.0, std::f64::consts::TAU));
        self.over(body, yaw, self.obb.half.x * far * sin, self.obb.half.z * far * cos)
    }

    /// How far a turned footprint reaches along the edges of the top face: half of its bounding rectangle.
    fn reach(&self, body: &Body, yaw: f64) -> (f64, f64) {
        let half = body.half();
        let (sin, cos) = libm::sincos(yaw);
        ((cos * half.x).abs() + (sin * half.z).abs(), (sin * half.x).abs() + (cos * half.z).abs())
    }

    /// The middle of its box at these coordinates of the top face, its lowest point at the height of that face.
    fn over(&self, body: &Body, yaw: f64, x: f64, z: f64) -> Pose {
        let turn = DQuat::from_rotation_y(yaw);
        let half = body.half();
        let lift = half.y.max(FLAT * half.max_element());
        let middle = DVec3::new(x, self.obb.half.y + lift, z);
        let local = middle - turn * body.middle();
        Pose {
            position: within_reach(self.obb.center + self.pose.rotation * local),
            rotation: (self.pose.rotation * turn).normalize(),
        }
    }

    /// Whether a plane is all there is to its top.
    fn is_flat(&self) -> bool {
        self.body.solid.has_flat_top() && self.up.dot(self.obb.axes.y_axis) > 1.0 - 1e-12
    }

    /// Lets a body down from above the whole of the support until it touches, and there at most `sink` deeper, so that none of its
    /// base hovers. `None` where it meets nothing, or is not carried.
    pub(super) fn stand(&self, body: &Body, pose: Pose, sink: f64, base: Base) -> Option<Candidate> {
        let half = body.half();
        let lift = half.y.max(FLAT * half.max_element());
        let middle = pose.position + pose.rotation * body.middle();
        let raised = self.top() + lift - middle.dot(self.up);
        self.let_down(
            body,
            Pose { position: pose.position + self.up * raised, ..pose },
            2.0 * self.obb.reach(self.up),
            sink,
            base,
        )
    }

    /// The same from where it is, and at most `most` metres down.
    pub(super) fn let_down(&self, body: &Body, pose: Pose, most: f64, sink: f64, base: Base) -> Option<Candidate> {
        let lift = body.half().y.max(FLAT * body.half().max_element());
        let allowed = HOVER * body.size();
        let down = if self.is_flat() {
            // What is no face is not touched, so that only the height counts.
            (pose.position + pose.rotation * body.middle()).dot(self.up) - lift - self.top()
        } else {
            body.exact().cast(&pose, -self.up, self.body.exact(), &self.pose, most + allowed)?
        };
        let mut pose = Pose { position: within_reach(pose.position - self.up * down), ..pose };
        let gap = match base {
            Base::Whole => self.widest_gap(body, &pose, allowed, sink)?,
            Base::Middle => self.carries_middle(body, &pose, allowed).then_some(0.0)?,
        };
        if gap > allowed + sink {
            return None;
        }
        if sink > 0.0 {
            pose.position -= self.up * gap.min(sink);
        }
        let middle = pose.position + pose.rotation * body.middle();
        let height = middle.dot(self.up) - body.half().y;
        Some(Candidate { pose, under: Some(Under { room: self.room, up: self.up, height }) })
    }

    /// How far the point of its base that is farthest from the support is above it.
    fn widest_gap(&self, body: &Body, pose: &Pose, allowed: f64, sink: f64) -> Option<f64> {
        let mut widest = 0.0_f64;
        for point in body.solid.base(body.scale) {
            let point = pose.position + pose.rotation * point;
            if self.is_flat() {
                let local = self.obb.axes.transpose() * (point - self.obb.center);
                let inside = local.x.abs() <= self.obb.half.x + TOUCH && local.z.abs() <= self.obb.half.z + TOUCH;
                inside.then_some(())?;
                continue;
            }
            let start = point + self.up * allowed;
            let hit = self.body.exact().ray(&self.pose, start, -self.up, 3.0 * allowed + sink)?;
            widest = widest.max(hit.distance - allowed);
        }
        Some(widest)
    }

    /// Whether its middle is over what it touches: within the convex hull of the places where both are together.
    fn carries_middle(&self, body: &Body, pose: &Pose, allowed: f64) -> bool {
        let half = body.half();
        let middle = body.middle();
        let mut touching = Vec::new();
        let length = 2.0 * half.y + 2.0 * allowed;
        for i in 0..FEELERS * FEELERS {
            let at = |k: u32| (f64::from(k) + 0.5) * 2.0 / f64::from(FEELERS) - 1.0;
            let (x, z) = (at(i % FEELERS) * half.x, at(i / FEELERS) * half.z);
            let foot = pose.position + pose.rotation * (middle + DVec3::new(x, -half.y, z));
            let start = foot - self.up * allowed;
            let Some(own) = body.exact().ray(pose, start, self.up, length) else { continue };
            let underside = start + self.up * own.distance;
            let Some(met) = self.body.exact().ray(&self.pose, underside + self.up * allowed, -self.up, 2.0 * allowed)
            else {
                continue;
            };
            if met.distance <= 2.0 * allowed {
                touching.push((x, z));
            }
        }
        // The origin is within the hull where no half plane through it is empty of points.
        let around = |k: u32| {
            let (sin, cos) = libm::sincos(std::f64::consts::TAU * f64::from(k) / 16.0);
            touching.iter().any(|(x, z)| x * cos + z * sin > 1e-9)
        };
        touching.len() > 2 && (0..16).all(around)
    }

    /// Whether the support goes all round a body: straight to its four sides from its middle.
    pub(super) fn walls(&self, body: &Body, pose: &Pose) -> bool {
        let middle = pose.position + pose.rotation * body.middle();
        let axes = [self.obb.axes.x_axis, self.obb.axes.z_axis];
        let most = 2.0 * self.obb.half.length();
        axes.into_iter()
            .flat_map(|axis| [axis, -axis])
            .all(|direction| self.body.exact().ray(&self.pose, middle, direction, most).is_some())
    }
}
