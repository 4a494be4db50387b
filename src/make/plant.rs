//! Plants by a small rule: a stem bears branches, these bear smaller ones, and the last ones bear leaves.
//!
//! Whatever grows from an axis grows round it by the golden angle, as most plants do (Prusinkiewicz and Lindenmayer, *The Algorithmic
//! Beauty of Plants*, 1990, chapter 4). Every axis and leaf has random numbers of its own, keyed by its place in the plant.

use std::collections::BTreeMap;
use std::f64::consts::{PI, TAU};

use glam::{DQuat, DVec2, DVec3};
use serde::{Deserialize, Serialize};

use super::builder::Builder;
use super::limits::MAX_BRANCHES;
use super::outline::{Outline, Region, whole};
use super::sweep::Path;
use super::terms::{Stored, Terms};
use super::{composite, loft};
use crate::assets::{Library, Model, Part};
use crate::mesh::Mesh;
use crate::scene::Material;
use crate::scene::random::{self, Key, Stream};

/// The turn from one leaf to the next, radians: a full turn divided by the golden section.
const GOLDEN: f64 = TAU * 0.381_966_011_250_105_1;
/// Points of an axis.
const JOINTS: u32 = 8;
/// Corners of a stem's outline.
const SIDES: u32 = 8;
/// Bands of a leaf along it, and across each half of it.
const LENGTH: u32 = 8;
const ACROSS: u32 = 3;

/// Triangles of one axis and of one leaf, at most.
const AXIS_TRIANGLES: f64 = (JOINTS * SIDES * 2 + 2 * SIDES) as f64;
const LEAF_TRIANGLES: f64 = (LENGTH * 2 * ACROSS * 2 * 2) as f64;

/// A plant that stands on the origin, in two parts: `stem`, and `leaves` where it has any. Metres, radians, shares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(serialize = "N: Stored", deserialize = "N: Stored"))]
pub struct Plant<N: Terms = f64> {
    /// Length of the stem.
    pub height: N,
    /// Of the stem, at its foot.
    pub stem_radius: N,
    /// How often branches branch; 0 for a stem alone.
    pub levels: u32,
    /// On each axis.
    pub branches: N,
    /// From the axis that bears it.
    pub branch_angle: N,
    /// Over the length of the axis that bears it.
    pub branch_length: N,
    /// Share of an axis from its foot that bears nothing.
    pub bare: N,
    /// On each axis of the last level.
    pub leaves: N,
    /// From foot to tip.
    pub leaf_length: N,
    /// Where it is widest.
    pub leaf_width: N,
    /// From the axis that bears it.
    pub leaf_angle: N,
    /// How much axes and leaves bend down; negative ones rise.
    pub droop: N,
    /// How much all of this varies within the plant: 0 not at all, 1 much.
    pub variation: N,
    /// Of the stem and the branches.
    pub stem_material: N::Look,
    /// Of the leaves.
    pub leaf_material: N::Look,
    /// Of what varies.
    pub seed: N::Seed,
}

/// What a number of a plant can be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    /// Metres, more than 0.
    Length,
    /// So many at most.
    Count(f64),
    /// Radians, from 0 to a little more than a half turn.
    Angle,
    /// From one number to another.
    Within(f64, f64),
}

/// The largest angle, radians.
pub(super) const MOST_ANGLE: f64 = 4.0;

impl<N: Terms> Plant<N> {
    /// The same plant in other terms: every number and material by its name, with what it can be.
    pub(super) fn each<M: Terms, E>(
        &self,
        mut number: impl FnMut(&'static str, &N, Limit) -> Result<M, E>,
        mut look: impl FnMut(&'static str, &N::Look) -> Result<M::Look, E>,
        seed: M::Seed,
    ) -> Result<Plant<M>, E> {
        Ok(Plant {
            height: number("height", &self.height, Limit::Length)?,
            stem_radius: number("stem_radius", &self.stem_radius, Limit::Length)?,
            levels: self.levels,
            branches: number("branches", &self.branches, Limit::Count(MAX_BRANCHES))?,
            branch_angle: number("branch_angle", &self.branch_angle, Limit::Angle)?,
            branch_length: number("branch_length", &self.branch_length, Limit::Within(0.01, 2.0))?,
            bare: number("bare", &self.bare, Limit::Within(0.0, 0.99))?,
            leaves: number("leaves", &self.leaves, Limit::Count(MAX_BRANCHES))?,
            leaf_length: number("leaf_length", &self.leaf_length, Limit::Length)?,
            leaf_width: number("leaf_width", &self.leaf_width, Limit::Length)?,
            leaf_angle: number("leaf_angle", &self.leaf_angle, Limit::Angle)?,
            droop: number("droop", &self.droop, Limit::Within(-2.0, 2.0))?,
            variation: number("variation", &self.variation, Limit::Within(0.0, 1.0))?,
            stem_material: look("stem_material", &self.stem_material)?,
            leaf_material: look("leaf_material", &self.leaf_material)?,
            seed,
        })
    }

    /// The most triangles that it can have.
    pub(super) fn triangles(&self) -> f64 {
        let branches = self.branches.most();
        let (mut axes, mut last) = (1.0, 1.0);
        for _ in 0..self.levels {
            last *= branches;
            axes += last;
        }
        axes * AXIS_TRIANGLES + last * self.leaves.most() * LEAF_TRIANGLES
    }
}

/// Its parts. The foot is at the origin.
pub(super) fn model(plant: &Plant, library: &Library) -> Result<Model, String> {
    let (stem, leaves) = meshes(plant)?;
    let part = |name: &str, mesh: Mesh, material: &Option<Material>| {
        let look = library.unpainted(material.as_ref().unwrap_or(&Material::default()))?;
        let part = composite::part(name, mesh, look);
        Ok::<_, String>(Part { own: material.is_some(), ..part })
    };
    let mut parts = vec![part("stem", stem, &plant.stem_material)?];
    if let Some(leaves) = leaves {
        parts.push(part("leaves", leaves, &plant.leaf_material)?);
    }
    composite::model(parts, BTreeMap::new())
}

/// What grows.
struct Growth<'a> {
    rule: &'a Plant,
    stems: Vec<Mesh>,
    leaves: Builder,
    any_leaf: bool,
    outline: Region,
}

/// Stems and branches, and leaves if there are any.
fn meshes(rule: &Plant) -> Result<(Mesh, Option<Mesh>), String> {
    let round = [0.0; 2];
    let circle = Outline::Regular { sides: f64::from(SIDES), radius: 1.0, turn: 0.0, at: round };
    let outline = Region::filled(&[circle.points()])?;
    let mut growth = Growth { rule, stems: Vec::new(), leaves: Builder::default(), any_leaf: false, outline };
    let key = Key::new(u64::from(rule.seed), 0).name("plant");
    growth.axis(&key, 0, DVec3::ZERO, DVec3::Y, rule.height, rule.stem_radius)?;
    let stem = composite::joined(growth.stems.iter());
    Ok((stem, growth.any_leaf.then(|| growth.leaves.finish())))
}

impl Growth<'_> {
    /// 1, more or less.
    fn vary(&self, stream: &mut Stream) -> f64 {
        1.0 + self.rule.variation * stream.uniform(-0.5, 0.5)
    }

    fn axis(&mut self, key: &Key, level: u32, foot: DVec3, way: DVec3, length: f64, radius: f64) -> Result<(), String> {
        let rule = self.rule;
        let mut stream = key.stream();
        let mut points = vec![foot];
        let mut ways = vec![way];
        let (mut at, mut now) = (foot, way);
        for _ in 0..JOINTS {
            let wander = random::direction([stream.unit(), stream.unit()]) * 0.25 * rule.variation;
            // A stem stands by itself; branches hang, or reach for the light.
            let pull = if level == 0 { 0.25 } else { 1.0 };
            let weight = DVec3::NEG_Y * (pull * rule.droop / f64::from(JOINTS));
            now = (now + weight + wander / f64::from(JOINTS).sqrt()).normalize_or(now);
            at += now * (length / f64::from(JOINTS));
            points.push(at);
            ways.push(now);
        }
        let path = Path { points: &points, closed: false, curved: false, taper: 0.45, twist: 0.0, smooth: PI };
        let (mut stations, ends) = path.stations()?;
        for station in &mut stations {
            station.map = station.map.map(|axis| axis * radius);
            station.lean.1 *= radius;
        }
        self.stems.push(loft::mesh(&self.outline, &stations, ends, true, PI));

        let along = |share: f64| {
            let place = share * f64::from(JOINTS);
            let k = (0..JOINTS).rev().find(|&k| f64::from(k) <= place).unwrap_or(0) as usize;
            (points[k].lerp(points[k + 1], place - k as f64), ways[k + 1])
        };
        let spaced = |k: u32, count: u32| rule.bare + (1.0 - rule.bare) * (f64::from(k) + 0.5) / f64::from(count);
        let last = level >= rule.levels;
        let start = stream.uniform(0.0, TAU);
        let count = whole(if last { rule.leaves } else { rule.branches });
        for k in 0..count {
            let key = key.name(if last { "leaf" } else { "branch" }).item(u64::from(k));
            let mut stream = key.stream();
            let share = spaced(k, count);
            let (place, parent) = along(share);
            let turn = start + GOLDEN * f64::from(k) + rule.variation * stream.uniform(-0.3, 0.3);
            let across = DQuat::from_axis_angle(parent, turn) * parent.any_orthonormal_vector();
            let angle = if last { rule.leaf_angle } else { rule.branch_angle } * self.vary(&mut stream);
            let (sin, cos) = libm::sincos(angle);
            let way = (parent * cos + across * sin).normalize_or(parent);
            let size = self.vary(&mut stream);
            if last {
                // The upper ones are younger.
                let young = 1.0 - 0.4 * share;
                self.leaf(place, way, parent, rule.leaf_length * size * young, rule.leaf_width * size * young);
            } else {
                // The lower ones are longer, as on most bushes.
                let length = length * rule.branch_length * size * (1.2 - 0.4 * share);
                self.axis(&key, level + 1, place, way, length, radius * 0.6)?;
            }
        }
        Ok(())
    }

    /// A thin closed lens, pointed, hollow above and bent down.
    fn leaf(&mut self, foot: DVec3, way: DVec3, parent: DVec3, length: f64, width: f64) {
        // Its upper side looks along the axis that bears it.
        let side = way.cross(parent).normalize_or(way.any_orthonormal_vector());
        let up = side.cross(way);
        let bend = 0.6 * self.rule.droop.clamp(-2.0, 2.0) + 0.25;
        let surface = |t: f64, s: f64, upper: f64| {
            let angle = -bend * t;
            // Along a circle: the way turns evenly by `bend`.
            let (sin, cos) = libm::sincos(angle / 2.0);
            let chord = if angle == 0.0 { 1.0 } else { 2.0 * sin / angle };
            let middle = (way * cos + up * sin) * (t * length * chord);
            let half = width / 2.0 * (0.12 * (1.0 - t) + libm::pow(t.clamp(0.0, 1.0), 0.7) * (1.0 - t) * 2.1);
            let fold = 0.35 * s.abs() * half;
            let thick = 0.03 * width * 4.0 * t * (1.0 - t) * (1.0 - s * s);
            middle + side * (s * half) + up * (fold + upper * thick)
        };
        let columns = 2 * ACROSS;
        for upper in [1.0, -1.0] {
            let mut rows: Vec<Vec<u32>> = Vec::new();
            for j in 0..=LENGTH {
                let t = f64::from(j) / f64::from(LENGTH);
                let row = (0..=columns).map(|i| {
                    let s = (f64::from(i) - f64::from(ACROSS)) / f64::from(ACROSS);
                    const STEP: f64 = 1e-4;
                    let (mid, inner) = (t.clamp(0.01, 0.99), s.clamp(-0.99, 0.99));
                    let on = surface(mid + STEP, inner, upper) - surface(mid - STEP, inner, upper);
                    let out = surface(mid, inner + STEP, upper) - surface(mid, inner - STEP, upper);
                    let uv = DVec2::new(f64::from(i) / f64::from(columns), 1.0 - t);
                    self.leaves.vertex(foot + surface(t, s, upper), out.cross(on) * upper, uv)
                });
                rows.push(row.collect());
            }
            for rows in rows.windows(2) {
                for i in 0..columns as usize {
                    let [a, b, c, d] = [rows[0][i], rows[0][i + 1], rows[1][i + 1], rows[1][i]];
                    if upper > 0.0 {
                        self.leaves.quad(a, b, c, d);
                    } else {
                        self.leaves.quad(a, d, c, b);
                    }
                }
            }
        }
        self.any_leaf = true;
    }
}
