//! What a recipe says of time: clips, motions and rigs.

use super::LensRecipe;
use super::dist::{Angle, RotationDist, Scalar, VectorDist};

/// How something moves; drawn anew for each scene and each instance.
#[derive(Debug, Clone, PartialEq)]
pub enum MotionRecipe {
    /// Evenly and straight on, perhaps turning about itself.
    Move {
        /// Metres per second.
        velocity: VectorDist,
        /// Degrees per second.
        spin: Angle,
        /// Unit vector, of the world.
        axis: [f64; 3],
    },
    /// Evenly round an axis.
    Turn {
        /// Degrees per second.
        rate: Angle,
        /// Unit vector, of the world.
        axis: [f64; 3],
        /// A point of the axis; `None` is its own place.
        center: Option<VectorDist>,
    },
    /// From its place through points.
    Path {
        /// In order.
        points: Vec<VectorDist>,
        /// Seconds; `None` is the clip's.
        duration: Option<Scalar>,
        /// Whether points count from its place, along the world's axes.
        relative: bool,
        /// Whether it goes in straight lines.
        straight: bool,
        /// What it looks at.
        target: Option<VectorDist>,
    },
    /// Of cameras: evenly round what its pose looks at, upright.
    Orbit {
        /// Degrees per second.
        rate: Angle,
        /// In place of what its pose looks at.
        target: Option<VectorDist>,
    },
    /// Of cameras: as if held by hand.
    Handheld {
        /// Root mean square of its sway along each axis, metres.
        amplitude: Scalar,
        /// The same of its turns about each axis, degrees.
        angle: Angle,
        /// Of the slowest sway, Hz.
        frequency: Scalar,
    },
    /// Of objects: under gravity, bouncing off everything.
    Fall {
        /// With which it begins, metres per second.
        velocity: VectorDist,
        /// With which it begins to turn: axis times degrees per second.
        spin: VectorDist,
    },
}

/// One camera of a rig.
#[derive(Debug, Clone, PartialEq)]
pub struct MountRecipe {
    /// The rig: the name that the camera has in the recipe. Whatever is not said here is drawn by it.
    pub rig: String,
    /// Its own name within the rig.
    pub name: String,
    /// Where it is in the rig.
    pub at: MountedAt,
    /// Its lens, where that is its own.
    pub lens: Option<LensRecipe>,
}

/// Where a camera is in its rig. Frames are OpenCV's: x right, y down, z forward; metres.
#[derive(Debug, Clone, PartialEq)]
pub enum MountedAt {
    /// As one of a stereo pair: the left one is the rig's pose.
    Stereo {
        /// Name of the other camera.
        other: String,
        /// Whether this is the right one.
        right: bool,
        /// Distance, metres.
        baseline: Scalar,
    },
    /// Of a dome about the rig's target: number `number` of `count`, spread evenly over the belt between two elevations.
    Dome {
        /// From 0.
        number: u32,
        /// At least 1.
        count: u32,
        /// From the target, metres; `None`: as far as the rig's pose.
        radius: Option<Scalar>,
        /// Lowest and highest elevation, degrees.
        elevations: (f64, f64),
    },
    /// Anywhere.
    Free {
        /// Place.
        position: VectorDist,
        /// Rig from camera.
        rotation: RotationDist,
    },
}
