//! Where the instances of a group go. How they get there is in `scene::place`.

use super::dist::{Angle, RotationDist, Scalar, VectorDist};

/// Where the instances of a group go.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// At a position, whatever is already there.
    At {
        /// World position of the instance's origin.
        position: VectorDist,
        /// World rotation.
        rotation: RotationDist,
    },
    /// Anywhere in a world-aligned box, without overlap. The instance's origin lies in the box.
    InBox {
        /// Lower corner.
        min: [f64; 3],
        /// Upper corner.
        max: [f64; 3],
        /// World rotation.
        rotation: RotationDist,
        /// Least gap to what else is there, metres.
        spacing: f64,
    },
    /// Standing on an instance of another group, upright as that is, without overlap and its whole base on it.
    On {
        /// Name of the group that is stood on. Groups never stand on each other in a circle.
        support: String,
        /// Rotation about the support's up axis.
        yaw: Angle,
        /// Least gap to what else is there, metres.
        spacing: f64,
    },
    /// Anywhere on the surface of another group, evenly by area.
    OnSurface(Surface),
    /// Standing within another group: on what is inside of it, walls all round.
    In {
        /// Name of the group.
        support: String,
        /// Rotation about the up axis.
        yaw: Angle,
        /// Least gap to what else is there, metres.
        spacing: f64,
    },
    /// In piles: each on top of the one before.
    Stack {
        /// What the piles stand on.
        support: String,
        /// How many piles.
        piles: u32,
        /// How far from straight above the one before, as a share of half its size.
        offset: Scalar,
        /// Rotation about the up axis, of each.
        yaw: Angle,
        /// Least gap between piles, metres.
        spacing: f64,
    },
    /// In the cells of a grid on the top of another group; support after support.
    Grid {
        /// What they stand on.
        support: String,
        /// Cells along the support's x.
        columns: u32,
        /// Cells along the support's z.
        rows: u32,
        /// How far from the middle of a cell, as a share of half the cell, either way.
        jitter: f64,
        /// Rotation about the up axis.
        yaw: Angle,
        /// Least gap to what else is there, metres.
        spacing: f64,
    },
    /// Along a path of straight lines through points.
    Along {
        /// The points, at least 2.
        path: Vec<[f64; 3]>,
        /// Metres from one to the next along the path; `None` spreads them evenly over the whole of it.
        step: Option<f64>,
        /// Metres to the right of the path, drawn for each.
        offset: Scalar,
        /// Rotation about the up axis, from the path's direction.
        yaw: Angle,
        /// What they stand on, straight below the path; `None`: at the path's own height.
        support: Option<String>,
        /// Least gap to what else is there, metres.
        spacing: f64,
    },
    /// Let fall from above onto or into an instance of another group, and settled.
    Dropped(Drop),
    /// In the way of a camera: between it and an instance of another group.
    Between {
        /// The camera's name.
        camera: String,
        /// What it looks at.
        object: String,
        /// How far along the way from the camera, 0 to 1.
        share: Scalar,
        /// How far from the straight way, metres, in any direction.
        spread: f64,
        /// World rotation.
        rotation: RotationDist,
    },
}

/// `OnSurface`, `Scatter` and `Clusters`.
#[derive(Debug, Clone, PartialEq)]
pub struct Surface {
    /// Name of the group whose surface it is.
    pub support: String,
    /// Whether up is the surface's normal, or the world's.
    pub align: Align,
    /// How deep it may sink so that no part of its base hovers, metres.
    pub sink: f64,
    /// Rotation about up.
    pub yaw: Angle,
    /// The steepest place, degrees from level.
    pub slope: f64,
    /// Least gap to what else is there, metres.
    pub spacing: f64,
    /// Least distance between the middles of two of the group, metres: Poisson-disk sampling by throwing darts.
    pub radius: f64,
    /// In clusters: how many, and their standard deviation in metres.
    pub clusters: Option<(Scalar, f64)>,
}

/// What is up for a thing on a surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// +Y.
    Up,
    /// The surface's normal.
    Normal,
}

/// `Dropped`.
#[derive(Debug, Clone, PartialEq)]
pub struct Drop {
    /// Name of the group that they fall onto or into.
    pub support: String,
    /// How far above its top the lowest begins, metres.
    pub height: f64,
    /// Share of the support's width and depth over which they begin.
    pub spread: f64,
    /// Rotation at the beginning.
    pub rotation: RotationDist,
    /// What becomes of those that end elsewhere.
    pub if_lost: IfLost,
}

/// What becomes of what falls beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfLost {
    /// It is left out.
    LeaveOut,
    /// It stays where it came to rest; only what falls out of the world is left out.
    Keep,
    /// The scene is drawn again.
    Redraw,
}

/// How a thing takes part in settling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Physics {
    /// Coulomb's coefficient.
    pub friction: f64,
    /// How much of its speed it keeps when it bounces, 0..=1.
    pub restitution: f64,
    /// kg/m3.
    pub density: f64,
}

impl Default for Physics {
    fn default() -> Self {
        Self { friction: 0.5, restitution: 0.1, density: 1000.0 }
    }
}

/// What a place has to be like beside another object; places are tried until one is.
#[derive(Debug, Clone, PartialEq)]
pub enum Relation {
    /// Not farther than this from an instance of the group.
    Near {
        /// Name of the group.
        object: String,
        /// Metres between the two surfaces.
        distance: f64,
    },
    /// Its +Z turned towards it, about its own up axis.
    Facing(Towards),
    /// Wholly on one side of the nearest instance of a group, as seen from a point.
    Beside {
        /// Which.
        side: Side,
        /// Name of the group.
        object: String,
        /// Seen from here; `None`: from far along +Z.
        from: Option<[f64; 3]>,
    },
    /// Its whole bounding box in a world-aligned box.
    Inside {
        /// Lower corner.
        min: [f64; 3],
        /// Upper corner.
        max: [f64; 3],
    },
}

/// What is faced.
#[derive(Debug, Clone, PartialEq)]
pub enum Towards {
    /// The nearest instance of this group.
    Object(String),
    /// A point.
    Point([f64; 3]),
}

/// A side, as seen from a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// To the left of it.
    Left,
    /// To the right of it.
    Right,
    /// Between it and the eye.
    Front,
    /// Beyond it.
    Behind,
}

impl Place {
    /// The group that it needs to be there before.
    pub fn support(&self) -> Option<&str> {
        match self {
            Self::On { support, .. }
            | Self::OnSurface(Surface { support, .. })
            | Self::In { support, .. }
            | Self::Stack { support, .. }
            | Self::Grid { support, .. }
            | Self::Dropped(Drop { support, .. })
            | Self::Between { object: support, .. } => Some(support),
            Self::Along { support, .. } => support.as_deref(),
            Self::At { .. } | Self::InBox { .. } => None,
        }
    }
}

impl Relation {
    /// The group that it needs to be there before.
    pub fn object(&self) -> Option<&str> {
        match self {
            Self::Near { object, .. } | Self::Beside { object, .. } | Self::Facing(Towards::Object(object)) => {
                Some(object)
            }
            Self::Facing(Towards::Point(_)) | Self::Inside { .. } => None,
        }
    }
}
