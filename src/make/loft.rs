//! A region of the plane led through space: extrusions, sweeps, letters.

use std::f64::consts::FRAC_PI_2;

use glam::{DMat2, DVec2, DVec3};

use super::builder::Builder;
use super::curve;
use super::outline::Region;
use crate::mesh::Mesh;

/// Bands of a rounded edge.
const BEVEL: u32 = 4;
/// The most turn between two stations of a twisted extrusion, radians.
const TWIST: f64 = 0.12;

/// Where the region is on its way. A point `p` of the plane is at `origin + map * p`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Station {
    pub(super) origin: DVec3,
    /// Where the two axes of the plane go.
    pub(super) map: [DVec3; 2],
    /// How much smaller the region is all round: a rounded edge.
    pub(super) inset: f64,
    /// Angle of the surface's normal out of the plane, towards `axis`, radians.
    pub(super) tilt: f64,
    /// Unit; the way on.
    pub(super) axis: DVec3,
    /// Takes normals of the outline in the plane to space.
    pub(super) normal: [DVec3; 2],
    /// The same within the plane, and how the map changes per metre of way: walls that widen or turn lean.
    pub(super) lean: (DMat2, DMat2),
    /// Texture coordinate along the way.
    pub(super) v: f64,
    /// Whether the surface ends here, and begins anew with the next station.
    pub(super) ends: bool,
}

/// How the ends of a way are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// By the region itself.
    Capped,
    /// The last station is the first one.
    Joined,
}

/// A point of the region's edge, as one of its two neighbours sees it.
#[derive(Clone, Copy)]
struct Corner {
    at: DVec2,
    normal: DVec2,
    /// How it moves where the region shrinks by 1.
    inwards: DVec2,
}

/// The solid between the stations.
pub(super) fn mesh(region: &Region, stations: &[Station], ends: Ends, curve: bool, smooth: f64) -> Mesh {
    let mut out = Builder::default();
    let inwards = inwards(region);
    let fits = |inset: f64| {
        let area = |t: &[usize; 3], inset: f64| {
            let at = |k: usize| region.points[t[k]] + inset * inwards[t[k]];
            (at(1) - at(0)).perp_dot(at(2) - at(0))
        };
        // Slivers may turn over: that is not seen.
        let sliver = 1e-6 * region.area;
        region.triangles.iter().all(|t| area(t, 0.0) <= sliver || area(t, inset) > 0.0)
    };
    // An edge that is rounded by more than the narrowest part allows is rounded by less.
    let most = stations.iter().map(|station| station.inset).fold(0.0, f64::max);
    let share = (0..8).map(|k| 1.0 / f64::from(1u32 << k)).find(|share| fits(share * most)).unwrap_or(0.0);

    for line in &region.loops {
        let n = line.len();
        let point = |k: usize| region.points[line[k % n]];
        let edge = |k: usize| point(k + 1) - point(k);
        let normal = |k: usize| {
            let along = edge(k);
            DVec2::new(along.y, -along.x).normalize_or_zero()
        };
        let length: f64 = (0..n).map(|k| edge(k).length()).sum();
        let corners: Vec<[DVec2; 2]> = (0..n)
            .map(|k| {
                let before = (k + n - 1) % n;
                let lengths = [edge(before).length(), edge(k).length()];
                curve::corner(normal(before), normal(k), lengths, curve, smooth)
            })
            .collect();
        let mut u = 0.0;
        for k in 0..n {
            let next = (k + 1) % n;
            let corner = |k: usize, side: usize| Corner {
                at: point(k),
                normal: corners[k % n][side],
                inwards: inwards[line[k % n]],
            };
            let (left, right) = (corner(k, 1), corner(next, 0));
            let u_next = u + edge(k).length() / length;
            let column = |out: &mut Builder, corner: Corner, u: f64| -> Vec<u32> {
                let vertex = |station: &Station| {
                    let p = corner.at + share * station.inset * corner.inwards;
                    out.vertex(station.place(p), station.normal(p, corner.normal), DVec2::new(u, station.v))
                };
                stations.iter().map(vertex).collect()
            };
            let (a, b) = (column(&mut out, left, u), column(&mut out, right, u_next));
            for j in 0..stations.len().saturating_sub(1) {
                // Where the way twists, one diagonal of a wall cuts into it and the other bulges: by turns they are right on average.
                match stations[j].ends {
                    true => {}
                    false if j % 2 == 0 => out.quad(a[j], b[j], b[j + 1], a[j + 1]),
                    false => out.quad(b[j], b[j + 1], a[j + 1], a[j]),
                }
            }
            u = u_next;
        }
    }
    if let (Ends::Capped, Some(first), Some(last)) = (ends, stations.first(), stations.last()) {
        cap(&mut out, region, &inwards, share, first, false);
        cap(&mut out, region, &inwards, share, last, true);
    }
    out.finish()
}

fn cap(out: &mut Builder, region: &Region, inwards: &[DVec2], share: f64, station: &Station, top: bool) {
    let (low, high) =
        region.points.iter().fold((DVec2::INFINITY, DVec2::NEG_INFINITY), |(low, high), &p| (low.min(p), high.max(p)));
    let normal = if top { station.axis } else { -station.axis };
    let vertices: Vec<u32> = (0..region.points.len())
        .map(|k| {
            let p = region.points[k] + share * station.inset * inwards[k];
            let uv = (p - low) / (high - low);
            // Seen from outside, upright: the lower side is seen mirrored.
            out.vertex(station.place(p), normal, DVec2::new(if top { uv.x } else { 1.0 - uv.x }, 1.0 - uv.y))
        })
        .collect();
    for t in &region.triangles {
        let [a, b, c] = t.map(|k| vertices[k]);
        if top { out.triangle(a, b, c) } else { out.triangle(a, c, b) }
    }
}

/// For each point of the edge, how it moves where the region shrinks by 1: so that both edges there do. Inner points stay.
fn inwards(region: &Region) -> Vec<DVec2> {
    let mut out = vec![DVec2::ZERO; region.points.len()];
    let mut seen = vec![0; region.points.len()];
    for line in &region.loops {
        let n = line.len();
        for k in 0..n {
            let [a, b, c] = [line[(k + n - 1) % n], line[k], line[(k + 1) % n]].map(|k| region.points[k]);
            let normal = |along: DVec2| DVec2::new(along.y, -along.x).normalize_or_zero();
            let (before, after) = (normal(b - a), normal(c - b));
            // Sharp tips would move far.
            out[line[k]] = -(before + after) / (1.0 + before.dot(after)).max(0.25);
            seen[line[k]] += 1;
        }
    }
    // Where lines meet in one point there is no one way inwards.
    for (way, seen) in out.iter_mut().zip(seen) {
        if seen > 1 {
            *way = DVec2::ZERO;
        }
    }
    out
}

impl Station {
    fn place(&self, p: DVec2) -> DVec3 {
        self.origin + self.map[0] * p.x + self.map[1] * p.y
    }

    /// Of the wall, where its outline has the normal `n` at `p`: the inverse transpose of the map's derivative takes it there.
    fn normal(&self, p: DVec2, n: DVec2) -> DVec3 {
        let (sin, cos) = libm::sincos(self.tilt);
        let (inverse, change) = self.lean;
        let flat = inverse * n;
        let lean = -(change * p).dot(flat);
        let wall = self.normal[0] * n.x + self.normal[1] * n.y + self.axis * lean;
        wall.normalize_or_zero() * cos + self.axis * sin
    }
}

/// An extrusion.
pub(super) struct Extrusion {
    pub(super) depth: f64,
    /// Radius of its rounded edges.
    pub(super) bevel: f64,
    /// Radians from one end to the other.
    pub(super) twist: f64,
    /// Size of the upper end over that of the lower one.
    pub(super) taper: f64,
    /// Where the plane's axes and the way on go: right-handed.
    pub(super) axes: [DVec3; 3],
}

impl Extrusion {
    /// From one end to the other, about the origin.
    pub(super) fn stations(&self) -> Vec<Station> {
        let bevel = self.bevel.min(0.49 * self.depth);
        let half = self.depth / 2.0;
        // (along the way, inset, tilt)
        let mut along: Vec<(f64, f64, f64)> = Vec::new();
        let rounded = if bevel > 0.0 { BEVEL } else { 0 };
        let arc = |k: u32| {
            let angle = FRAC_PI_2 * f64::from(k) / f64::from(BEVEL);
            let (sin, cos) = libm::sincos(angle);
            (bevel * (1.0 - sin), bevel * (1.0 - cos), angle)
        };
        for k in 0..rounded {
            let (depth, inset, angle) = arc(rounded - k);
            along.push((depth - half, inset, -angle));
        }
        // An even number, as the walls' diagonals alternate.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a twist is within limits")]
        let turns = match (self.twist.abs() / (2.0 * TWIST)).ceil() as u32 * 2 {
            0 if self.taper == 1.0 => 1,
            turns => turns.max(4),
        };
        let (from, to) = (bevel - half, half - bevel);
        along.extend((0..=turns).map(|k| (from + (to - from) * f64::from(k) / f64::from(turns), 0.0, 0.0)));
        for k in 1..=rounded {
            let (depth, inset, angle) = arc(k);
            along.push((half - depth, inset, angle));
        }
        along.into_iter().map(|(w, inset, tilt)| self.station(w, inset, tilt)).collect()
    }

    fn station(&self, w: f64, inset: f64, tilt: f64) -> Station {
        let [x, y, axis] = self.axes;
        let share = w / self.depth + 0.5;
        let scale = 1.0 + (self.taper - 1.0) * share;
        let turn = DMat2::from_cols_array(&{
            let (sin, cos) = libm::sincos(self.twist * (share - 0.5));
            [cos, sin, -sin, cos]
        });
        let quarter = DMat2::from_cols(DVec2::Y, DVec2::NEG_X);
        // d/dw of scale * turn.
        let change = (turn * (self.taper - 1.0) + quarter * turn * (scale * self.twist)) * (1.0 / self.depth);
        let inverse = turn * (1.0 / scale);
        let to_space = |m: DMat2| [x * m.x_axis.x + y * m.x_axis.y, x * m.y_axis.x + y * m.y_axis.y];
        Station {
            origin: axis * w,
            map: to_space(turn * scale),
            inset,
            tilt,
            axis,
            normal: to_space(inverse),
            lean: (inverse, change),
            v: 1.0 - share,
            ends: false,
        }
    }
}
