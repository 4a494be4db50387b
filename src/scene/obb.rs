//! Oriented boxes, and which of many are near each other.

use std::collections::BTreeMap;

use glam::{DMat3, DQuat, DVec3};

/// Rounding allowed for when two boxes touch, metres.
pub const TOUCH: f64 = 1e-9;

/// A box in any orientation. Half sizes may be 0 (a plane).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Obb {
    /// Middle, in the world.
    pub center: DVec3,
    /// Half edge lengths along its own axes.
    pub half: DVec3,
    /// World from its own axes; columns are unit vectors.
    pub axes: DMat3,
}

impl Obb {
    /// The box of an instance with these local bounds. A negative scale mirrors it about the instance's origin.
    pub fn new((min, max): (DVec3, DVec3), scale: DVec3, rotation: DQuat, position: DVec3) -> Self {
        let axes = DMat3::from_quat(rotation);
        let center = position + axes * (scale * ((min + max) / 2.0));
        Self { center, half: scale.abs() * ((max - min) / 2.0), axes }
    }

    /// Half the size of its world-aligned bounding box.
    pub fn world_half(&self) -> DVec3 {
        self.axes.x_axis.abs() * self.half.x
            + self.axes.y_axis.abs() * self.half.y
            + self.axes.z_axis.abs() * self.half.z
    }

    /// Half its extent along a unit vector.
    pub fn reach(&self, axis: DVec3) -> f64 {
        (axis.dot(self.axes.x_axis) * self.half.x).abs()
            + (axis.dot(self.axes.y_axis) * self.half.y).abs()
            + (axis.dot(self.axes.z_axis) * self.half.z).abs()
    }

    /// Whether a gap of at least `spacing` (metres) between the two can be shown. Boxes that touch are clear with
    /// spacing 0.
    ///
    /// The separating-axis test over the 15 axes of two boxes (Gottschalk, Lin and Manocha, 1996): exact for spacing 0.
    /// With spacing it never says clear wrongly; corners that face each other may need a somewhat larger gap, because the
    /// shortest way between them need not lie along any of the 15.
    pub fn clear_of(&self, other: &Self, spacing: f64) -> bool {
        let between = other.center - self.center;
        let gap = |axis: DVec3| between.dot(axis).abs() - self.reach(axis) - other.reach(axis);
        let columns = |m: &DMat3| [m.x_axis, m.y_axis, m.z_axis];
        let (ours, theirs) = (columns(&self.axes), columns(&other.axes));
        let faces = ours.into_iter().chain(theirs);
        // Parallel edges span no plane; the faces decide for them.
        let edges = ours.into_iter().flat_map(|a| theirs.into_iter().filter_map(move |b| a.cross(b).try_normalize()));
        faces.chain(edges).any(|axis| gap(axis) >= spacing - TOUCH)
    }
}

/// Boxes by size and place: each is stored once, in a grid whose cells are as large as boxes of its size.
#[derive(Debug, Default)]
pub struct NearBoxes {
    boxes: Vec<Obb>,
    /// By the power of two that is at least the box's world extent.
    levels: BTreeMap<i32, Level>,
}

#[derive(Debug, Default)]
struct Level {
    all: Vec<usize>,
    cells: BTreeMap<[i64; 3], Vec<usize>>,
}

impl NearBoxes {
    /// Stores a box and returns its number.
    pub fn insert(&mut self, obb: Obb) -> usize {
        let number = self.boxes.len();
        let extent = 2.0 * obb.world_half().max_element();
        let level = libm::frexp(extent.clamp(1e-6, 1e12)).1; // extent < 2^level
        let entry = self.levels.entry(level).or_default();
        entry.all.push(number);
        entry.cells.entry(cell(obb.center, level)).or_default().push(number);
        self.boxes.push(obb);
        number
    }

    /// The box with this number.
    pub fn get(&self, number: usize) -> &Obb {
        &self.boxes[number]
    }

    /// Whether `obb` is clear of every stored box but those that `ignore` names.
    pub fn clear(&self, obb: &Obb, spacing: f64, ignore: impl Fn(&Obb) -> bool) -> bool {
        self.all_near(obb, spacing, |n| ignore(&self.boxes[n]) || obb.clear_of(&self.boxes[n], spacing))
    }

    /// Whether `ok` holds of every stored box that could come within `spacing` of `obb`; it may be asked of others too.
    pub fn all_near(&self, obb: &Obb, spacing: f64, ok: impl Fn(usize) -> bool) -> bool {
        let ok = |&n: &usize| ok(n);
        self.levels.iter().all(|(&level, stored)| {
            // Centres of boxes of this level that could touch lie within half a cell of the reach.
            let reach = obb.world_half() + spacing + libm::ldexp(0.5, level);
            let (low, high) = (cell(obb.center - reach, level), cell(obb.center + reach, level));
            let many = (0..3).map(|i| (high[i] - low[i]) as f64 + 1.0).product::<f64>() > stored.all.len() as f64;
            if many {
                return stored.all.iter().all(ok);
            }
            let (xs, ys) = (low[0]..=high[0], low[1]..=high[1]);
            xs.flat_map(|x| ys.clone().map(move |y| (x, y)))
                .flat_map(|(x, y)| stored.cells.range([x, y, low[2]]..=[x, y, high[2]]))
                .all(|(_, numbers)| numbers.iter().all(ok))
        })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "saturates, and places are within 1e9 m")]
fn cell(point: DVec3, level: i32) -> [i64; 3] {
    let size = libm::ldexp(1.0, level);
    point.to_array().map(|c| libm::floor(c / size).clamp(-1e17, 1e17) as i64)
}
