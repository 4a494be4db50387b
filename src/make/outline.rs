//! Regions of the plane: outlines with holes, and the triangles that fill them.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use glam::DVec2;
use lyon_tessellation::math::Point;
use lyon_tessellation::path::{EndpointId, IdEvent};
use lyon_tessellation::{FillGeometryBuilder, FillOptions, FillRule, FillTessellator, FillVertex};
use lyon_tessellation::{GeometryBuilder, GeometryBuilderError, VertexId};
use serde::{Deserialize, Serialize};

use super::curve;

/// Corners of a circle.
const ROUND: u32 = 48;
/// Cosine and sine of no angle that anything else has (about 37.9 degrees).
const SLANT: DVec2 = DVec2::new(0.788_954_6, 0.614_451_4);
/// How near to a line a point is on it, over the size of the outline: a few times what single precision can tell.
const TOLERANCE: f32 = 2e-6;
/// Lines that stand for a rounded corner.
const CORNER: u32 = 8;

/// A closed line in the plane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Outline<N = f64> {
    /// Through points.
    Polygon {
        /// At least three.
        points: Vec<[N; 2]>,
        /// Whether it is a smooth curve; a point that is listed twice is a corner.
        curve: bool,
    },
    /// Corners on a circle, or the circle.
    Regular {
        /// How many corners; 0 for the circle.
        sides: N,
        /// Of the circle through the corners.
        radius: N,
        /// Radians, counter-clockwise.
        turn: N,
        /// Its middle.
        at: [N; 2],
    },
    /// Points on two circles by turns.
    Star {
        /// How many tips.
        points: N,
        /// Of the circle through the tips.
        outer: N,
        /// Of the circle through the notches.
        inner: N,
        /// Radians, counter-clockwise.
        turn: N,
        /// Its middle.
        at: [N; 2],
    },
    /// With rounded corners.
    Rectangle {
        /// Across and along.
        size: [N; 2],
        /// Of its corners; 0 for sharp ones.
        radius: N,
        /// Radians, counter-clockwise.
        turn: N,
        /// Its middle.
        at: [N; 2],
    },
}

impl Outline {
    /// Its points, counter-clockwise.
    pub(super) fn points(&self) -> Vec<DVec2> {
        let ring = |n: u32, turn: f64, at: &[f64; 2], radius: &dyn Fn(u32) -> f64| {
            let corner = |k: u32| {
                let (sin, cos) = libm::sincos(turn + TAU * f64::from(k) / f64::from(n));
                DVec2::from(*at) + radius(k) * DVec2::new(cos, sin)
            };
            (0..n).map(corner).collect::<Vec<_>>()
        };
        let mut points = match self {
            Self::Polygon { points, curve } => {
                let points: Vec<DVec2> = points.iter().map(|&p| p.into()).collect();
                if *curve { curve::through(&points, true, None, None) } else { points }
            }
            Self::Regular { sides, radius, turn, at } => {
                let n = if *sides == 0.0 { ROUND } else { whole(*sides) };
                ring(n, *turn, at, &|_| *radius)
            }
            Self::Star { points, outer, inner, turn, at } => {
                ring(2 * whole(*points), *turn, at, &|k| if k % 2 == 0 { *outer } else { *inner })
            }
            Self::Rectangle { size, radius, turn, at } => {
                let half = DVec2::from(*size) / 2.0;
                let radius = radius.min(half.min_element());
                let inner = half - radius;
                let corners = [DVec2::ONE, DVec2::new(-1.0, 1.0), -DVec2::ONE, DVec2::new(1.0, -1.0)];
                let (sin, cos) = libm::sincos(*turn);
                let mut points = Vec::new();
                for (quarter, corner) in (0..).zip(corners) {
                    let steps = if radius > 0.0 { CORNER } else { 0 };
                    for k in 0..=steps {
                        let share = f64::from(k) / f64::from(CORNER);
                        let (s, c) = libm::sincos(TAU * (f64::from(quarter) + share) / 4.0);
                        let p = corner * inner + radius * DVec2::new(c, s);
                        points.push(DVec2::from(*at) + DVec2::new(cos, sin).rotate(p));
                    }
                }
                points
            }
        };
        points = curve::distinct(&points, true);
        if curve::double_area(&points) < 0.0 {
            points.reverse();
        }
        points
    }

    /// Whether it is round or smooth by its nature, so that its corners count as points of a curve.
    pub(super) fn is_curve(&self) -> bool {
        matches!(self, Self::Polygon { curve: true, .. } | Self::Regular { sides: 0.0, .. })
    }
}

/// A number that `limits` holds to be whole and small.
pub(super) fn whole(number: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let whole = number.clamp(0.0, 1e6) as u32;
    whole
}

/// A region, filled with triangles.
pub(super) struct Region {
    pub(super) points: Vec<DVec2>,
    /// Counter-clockwise.
    pub(super) triangles: Vec<[usize; 3]>,
    /// Closed lines of points, the region on their left.
    pub(super) loops: Vec<Vec<usize>>,
    pub(super) area: f64,
}

impl Region {
    /// What is inside of the contours by the non-zero rule.
    pub(super) fn filled(contours: &[Vec<DVec2>]) -> Result<Self, String> {
        let all = || contours.iter().flatten();
        let (min, max) = all().fold((DVec2::INFINITY, DVec2::NEG_INFINITY), |(l, h), &p| (l.min(p), h.max(p)));
        let (middle, size) = ((min + max) / 2.0, (max - min).max_element());
        if !(size.is_finite() && size > 0.0) {
            return Err("an outline encloses nothing".into());
        }
        // The tessellator computes in single precision: it is given the outline in a square of its own, and says which of the points
        // its corners are.
        let endpoints: Vec<DVec2> = all().copied().collect();
        // Turned by an odd angle: points that are on one line with its sweep line, as letters' feet are, make slivers.
        let small = |&p: &DVec2| SLANT.rotate((p - middle) / size).as_vec2().to_array().into();
        let small: Vec<Point> = endpoints.iter().map(small).collect();
        let id = |k: usize| EndpointId(u32::try_from(k).unwrap_or(u32::MAX));
        let mut events: Vec<IdEvent> = Vec::with_capacity(endpoints.len() + 2 * contours.len());
        let mut first = 0;
        for contour in contours.iter().filter(|contour| !contour.is_empty()) {
            let end = first + contour.len() - 1;
            events.push(IdEvent::Begin { at: id(first) });
            events.extend((first..end).map(|k| IdEvent::Line { from: id(k), to: id(k + 1) }));
            events.push(IdEvent::End { last: id(end), first: id(first), close: true });
            first = end + 1;
        }
        let mut filled = Filled {
            endpoints: &endpoints,
            middle,
            size,
            points: Vec::new(),
            by_place: BTreeMap::new(),
            vertices: Vec::new(),
            triangles: Vec::new(),
        };
        let options = FillOptions::tolerance(TOLERANCE).with_fill_rule(FillRule::NonZero);
        let places: (&[Point], &[Point]) = (&small, &[]);
        FillTessellator::new()
            .tessellate_with_ids(events, &places, None, &options, &mut filled)
            .map_err(|_| "an outline cannot be filled with triangles".to_owned())?;
        Self::of(filled.points, filled.triangles)
    }

    fn of(points: Vec<DVec2>, mut triangles: Vec<[usize; 3]>) -> Result<Self, String> {
        let area = |t: &[usize; 3]| (points[t[1]] - points[t[0]]).perp_dot(points[t[2]] - points[t[0]]) / 2.0;
        triangles.retain(|t| t[0] != t[1] && t[1] != t[2] && t[2] != t[0]);
        // All run one way round. Slivers have to run as the others do, though their own area may say otherwise.
        if triangles.iter().map(area).sum::<f64>() < 0.0 {
            triangles.iter_mut().for_each(|t| t.swap(1, 2));
        }
        let total: f64 = triangles.iter().map(area).sum();
        if !(total > 0.0 && total.is_finite()) {
            return Err("an outline encloses nothing".into());
        }
        // The edge of the region is what its triangles do not share.
        let mut edges: BTreeMap<(usize, usize), i32> = BTreeMap::new();
        for t in &triangles {
            for k in 0..3 {
                let (a, b) = (t[k], t[(k + 1) % 3]);
                *edges.entry((a.min(b), a.max(b))).or_default() += if a < b { 1 } else { -1 };
            }
        }
        let mut next: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for ((low, high), count) in edges {
            let (from, to) = if count > 0 { (low, high) } else { (high, low) };
            for _ in 0..count.unsigned_abs() {
                next.entry(from).or_default().push(to);
            }
        }
        let mut loops = Vec::new();
        while let Some((&start, _)) = next.iter().next() {
            let mut line = vec![start];
            let mut at = start;
            // As many edges come to a point as leave it, so that a walk ends where it began.
            while let Some(to) = next.get_mut(&at).and_then(Vec::pop) {
                if next.get(&at).is_some_and(Vec::is_empty) {
                    next.remove(&at);
                }
                at = to;
                if at == start {
                    break;
                }
                line.push(at);
            }
            loops.push(line);
        }
        Ok(Self { points, triangles, loops, area: total })
    }
}

/// What the tessellator makes.
struct Filled<'a> {
    endpoints: &'a [DVec2],
    middle: DVec2,
    size: f64,
    points: Vec<DVec2>,
    by_place: BTreeMap<[u64; 2], usize>,
    vertices: Vec<usize>,
    triangles: Vec<[usize; 3]>,
}

impl GeometryBuilder for Filled<'_> {
    fn add_triangle(&mut self, a: VertexId, b: VertexId, c: VertexId) {
        self.triangles.push([a, b, c].map(|id| self.vertices[id.to_usize()]));
    }
}

impl FillGeometryBuilder for Filled<'_> {
    fn add_fill_vertex(&mut self, vertex: FillVertex<'_>) -> Result<VertexId, GeometryBuilderError> {
        let point = match vertex.as_endpoint_id().and_then(|id| self.endpoints.get(id.0 as usize)) {
            Some(&point) => point,
            // Where lines cross.
            None => {
                let p = vertex.position();
                let slanted = DVec2::new(f64::from(p.x), f64::from(p.y));
                DVec2::new(SLANT.x, -SLANT.y).rotate(slanted) * self.size + self.middle
            }
        };
        let place = (point + 0.0).to_array().map(f64::to_bits);
        let index = *self.by_place.entry(place).or_insert_with(|| {
            self.points.push(point);
            self.points.len() - 1
        });
        self.vertices.push(index);
        let id = u32::try_from(self.vertices.len() - 1).map_err(|_| GeometryBuilderError::TooManyVertices)?;
        Ok(VertexId(id))
    }
}
