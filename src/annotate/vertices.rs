//! How far a cloud of points reaches in a direction, without looking at all of them each time.
//!
//! A scene may hold a thousand instances of one model of a hundred thousand vertices. The vertices are taken in small groups with a
//! box around each; a group whose box does not reach farther than the best vertex so far is passed over. Neighbours in a vertex
//! list are nearly always neighbours in space, so few groups are looked into, and the answer is the same.

use std::sync::Arc;

use glam::{DAffine3, DVec3};

use crate::assets::Model;

/// Vertices of a group.
const GROUP: usize = 64;

/// The vertices of a model.
pub(super) struct Vertices {
    model: Arc<Model>,
    groups: Vec<Group>,
}

struct Group {
    /// Part of the model, and the group's number in it.
    part: usize,
    number: usize,
    /// Middle and half size of their box.
    center: DVec3,
    half: DVec3,
}

impl Group {
    fn points<'a>(&self, model: &'a Model) -> impl Iterator<Item = DVec3> + use<'a> {
        let points = &model.parts[self.part].mesh.positions[self.number * GROUP..];
        points.iter().take(GROUP).map(|&[x, y, z]| DVec3::new(f64::from(x), f64::from(y), f64::from(z)))
    }

    /// No point reaches farther than this along `direction`.
    fn most(&self, direction: DVec3) -> f64 {
        self.center.dot(direction) + self.half.dot(direction.abs())
    }

    fn reach(&self, model: &Model, direction: DVec3) -> f64 {
        self.points(model).map(|p| p.dot(direction)).fold(f64::NEG_INFINITY, f64::max)
    }
}

impl Vertices {
    pub(super) fn new(model: Arc<Model>) -> Self {
        let chunks = (0..)
            .zip(&model.parts)
            .flat_map(|(part, p)| (0..p.mesh.positions.len().div_ceil(GROUP)).map(move |number| (part, number)));
        let groups = chunks.map(|(part, number)| {
            let mut group = Group { part, number, center: DVec3::ZERO, half: DVec3::ZERO };
            let empty = (DVec3::INFINITY, DVec3::NEG_INFINITY);
            let (min, max) = group.points(&model).fold(empty, |(min, max), p| (min.min(p), max.max(p)));
            (group.center, group.half) = ((min + max) / 2.0, (max - min) / 2.0);
            group
        });
        let groups = groups.collect();
        Self { model, groups }
    }

    /// The greatest `p . direction` over all vertices; `None` where there are none.
    fn support(&self, direction: DVec3) -> Option<f64> {
        // The group that may reach farthest goes first, so that most others cannot beat it.
        let first = self.groups.iter().max_by(|a, b| a.most(direction).total_cmp(&b.most(direction)))?;
        let farther = |best: f64, group: &Group| {
            if group.most(direction) > best { best.max(group.reach(&self.model, direction)) } else { best }
        };
        Some(self.groups.iter().fold(first.reach(&self.model, direction), farther))
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
