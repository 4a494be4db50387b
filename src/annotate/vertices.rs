//! How far a cloud of points reaches in a direction, without looking at all of them each time.
//!
//! A scene may hold a thousand instances of one model of a hundred thousand vertices. The vertices are taken in small groups with a
//! box around each; a group whose box does not reach farther than the best vertex so far is passed over. Neighbours in a vertex
//! list are nearly always neighbours in space, so few groups are looked into, and the answer is the same.

use glam::{DAffine3, DVec3};

use crate::assets::Model;

/// Vertices of a group.
const GROUP: usize = 64;

/// The vertices of a model.
pub(super) struct Vertices<'a>(Vec<Group<'a>>);

struct Group<'a> {
    points: &'a [[f32; 3]],
    /// Middle and half size of their box.
    center: DVec3,
    half: DVec3,
}

impl Group<'_> {
    fn points(&self) -> impl Iterator<Item = DVec3> + '_ {
        self.points.iter().map(|&[x, y, z]| DVec3::new(f64::from(x), f64::from(y), f64::from(z)))
    }

    /// No point reaches farther than this along `direction`.
    fn most(&self, direction: DVec3) -> f64 {
        self.center.dot(direction) + self.half.dot(direction.abs())
    }

    fn reach(&self, direction: DVec3) -> f64 {
        self.points().map(|p| p.dot(direction)).fold(f64::NEG_INFINITY, f64::max)
    }
}

impl<'a> Vertices<'a> {
    pub(super) fn new(model: &'a Model) -> Self {
        let chunks = model.parts.iter().flat_map(|part| part.mesh.positions.chunks(GROUP));
        let groups = chunks.map(|points| {
            let mut group = Group { points, center: DVec3::ZERO, half: DVec3::ZERO };
            let empty = (DVec3::INFINITY, DVec3::NEG_INFINITY);
            let (min, max) = group.points().fold(empty, |(min, max), p| (min.min(p), max.max(p)));
            (group.center, group.half) = ((min + max) / 2.0, (max - min) / 2.0);
            group
        });
        Self(groups.collect())
    }

    /// The greatest `p . direction` over all vertices; `None` where there are none.
    fn support(&self, direction: DVec3) -> Option<f64> {
        // The group that may reach farthest goes first, so that most others cannot beat it.
        let first = self.0.iter().max_by(|a, b| a.most(direction).total_cmp(&b.most(direction)))?;
        let farther = |best: f64, group: &Group<'_>| {
            if group.most(direction) > best { best.max(group.reach(direction)) } else { best }
        };
        Some(self.0.iter().fold(first.reach(direction), farther))
    }

    /// The tight box of the vertices along the axes of the world; `None` where there are none.
    pub(super) fn world_bounds(&self, world_from_model: &DAffine3) -> Option<(DVec3, DVec3)> {
        let rows = world_from_model.matrix3.transpose();
        let reach = |sign: f64| {
            let along = |row: DVec3| self.support(sign * row);
            Some(DVec3::new(along(rows.x_axis)?, along(rows.y_axis)?, along(rows.z_axis)?))
        };
        let origin = world_from_model.translation;
        Some((origin - reach(-1.0)?, origin + reach(1.0)?))
    }
}
