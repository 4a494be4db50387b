//! Solids of revolution: a profile turned about the Y axis.

use std::f64::consts::{PI, TAU};

use glam::{DVec2, DVec3};

use super::builder::Builder;
use super::curve;
use crate::mesh::Mesh;

/// A point of a profile: distance from the axis and height, with the normals of the surface before and behind it.
#[derive(Clone, Copy)]
pub(super) struct Ring {
    at: DVec2,
    before: DVec2,
    after: DVec2,
}

impl Ring {
    /// With one normal.
    fn smooth(at: DVec2, normal: DVec2) -> Self {
        Self { at, before: normal, after: normal }
    }

    fn turned_over(self) -> Self {
        Self { at: self.at, before: self.after, after: self.before }
    }
}

/// The rings of a profile given by points, in either direction. A profile that is not `closed` is closed along the axis: flat discs join
/// its ends to it.
pub(super) fn rings(points: &[DVec2], closed: bool, curved: bool, smooth: f64) -> Result<Vec<Ring>, String> {
    let mut points: Vec<DVec2> = points.iter().map(|p| DVec2::new(p.x.max(0.0), p.y)).collect();
    if curved {
        // A curve that begins on the axis begins square to it: beyond the axis is its mirror image.
        let mirrored = |end: Option<&DVec2>, next: Option<&DVec2>| {
            end.zip(next).filter(|(end, _)| end.x == 0.0).map(|(_, next)| DVec2::new(-next.x, next.y))
        };
        let before = mirrored(points.first(), points.get(1));
        let after = mirrored(points.last(), points.iter().nth_back(1));
        points = curve::through(&points, closed, before, after);
        points.iter_mut().for_each(|p| p.x = p.x.max(0.0));
    }
    if !closed {
        let (first, last) = (points.first().copied().unwrap_or_default(), points.last().copied().unwrap_or_default());
        if first.x > 0.0 {
            points.insert(0, DVec2::new(0.0, first.y));
        }
        if last.x > 0.0 {
            points.push(DVec2::new(0.0, last.y));
        }
    }
    let mut points = curve::distinct(&points, closed);
    // Twice the area times the distance of its middle from the axis (Pappus): positive where the profile runs down the outside.
    let n = points.len();
    let volume: f64 = (0..n)
        .map(|k| {
            let (a, b) = (points[k], points[(k + 1) % n]);
            (a.y - b.y) * (a.x * a.x + a.x * b.x + b.x * b.x)
        })
        .sum();
    if volume == 0.0 || !volume.is_finite() {
        return Err("the profile of a `Lathe` encloses nothing".into());
    }
    if volume < 0.0 {
        points.reverse();
    }
    let segment = |k: usize| points[(k + 1) % n] - points[k % n];
    let normal = |k: usize| {
        let along = segment(k);
        DVec2::new(-along.y, along.x).normalize_or(DVec2::X)
    };
    let rings = (0..n).map(|k| {
        let (open_start, open_end) = (!closed && k == 0, !closed && k + 1 == n);
        let (previous, next) = ((k + n - 1) % n, k);
        let at = points[k];
        if at.x == 0.0 {
            // On the axis the surface goes on as its mirror image: smooth where that bends little, else the tip of a cone.
            let tip = |normal: DVec2| {
                let mirrored = DVec2::new(-normal.x, normal.y);
                curve::corner(normal, mirrored, [1.0, 1.0], true, smooth)[0]
            };
            return Ring { at, before: tip(normal(previous)), after: tip(normal(next)) };
        }
        if open_start || open_end {
            return Ring::smooth(at, normal(if open_start { next } else { previous }));
        }
        let lengths = [segment(previous).length(), segment(next).length()];
        let [before, after] = curve::corner(normal(previous), normal(next), lengths, curved, smooth);
        Ring { at, before, after }
    });
    let mut rings: Vec<Ring> = rings.collect();
    if closed && let Some(&first) = rings.first() {
        rings.push(first);
    }
    Ok(rings)
}

/// A cylinder about the Y axis whose rims are rounded: quarter circles of radius `edge`.
pub(super) fn rounded_cylinder(radius: f64, height: f64, edge: f64, bands: u32) -> Vec<Ring> {
    let half = height / 2.0;
    let middle = DVec2::new(radius - edge, half - edge);
    let mut upper = vec![Ring::smooth(DVec2::new(0.0, half), DVec2::Y)];
    for k in 0..=bands {
        let (sin, cos) = libm::sincos(PI / 2.0 * f64::from(k) / f64::from(bands));
        // cos(pi / 2) is not quite 0 in floating point; the side is.
        let normal = DVec2::new(sin, if k == bands { 0.0 } else { cos });
        upper.push(Ring::smooth(middle + edge * normal, normal));
    }
    let below = |ring: &Ring| {
        let under = |v: DVec2| DVec2::new(v.x, -v.y);
        Ring { at: under(ring.at), before: under(ring.before), after: under(ring.after) }.turned_over()
    };
    let lower: Vec<Ring> = upper.iter().rev().map(below).collect();
    upper.into_iter().chain(lower).collect()
}

/// A hollow cylinder about the Y axis.
pub(super) fn tube(outer: f64, inner: f64, height: f64) -> Vec<Ring> {
    let half = height / 2.0;
    let corner = |x: f64, y: f64, before: DVec2, after: DVec2| Ring { at: DVec2::new(x, y), before, after };
    let (out, up, down) = (DVec2::X, DVec2::Y, DVec2::NEG_Y);
    vec![
        corner(inner, half, -out, up),
        corner(outer, half, up, out),
        corner(outer, -half, out, down),
        corner(inner, -half, down, -out),
        corner(inner, half, -out, up),
    ]
}

/// Turns a profile, listed from the top down along the outside, about the Y axis. Azimuth grows from +Z towards +X. u runs round, v along
/// the profile by its length.
pub(super) fn mesh(rings: &[Ring], segments: u32) -> Mesh {
    let mut out = Builder::default();
    let length: f64 = rings.windows(2).map(|pair| pair[0].at.distance(pair[1].at)).sum();
    // The lower row of the span before, where the surface goes on smoothly from it.
    let mut shared: Option<u32> = None;
    let mut v = 0.0;
    for pair in rings.windows(2) {
        let [a, b] = [pair[0], pair[1]];
        let v_next = v + a.at.distance(b.at);
        let poles = (a.at.x == 0.0, b.at.x == 0.0);
        if poles == (true, true) {
            (shared, v) = (None, v_next);
            continue;
        }
        let top = shared.unwrap_or_else(|| row(&mut out, a.at, a.after, v / length, segments));
        let bottom = row(&mut out, b.at, b.before, v_next / length, segments);
        for i in 0..segments {
            match poles {
                (true, _) => out.triangle(top + i, bottom + i, bottom + i + 1),
                (_, true) => out.triangle(top + i, bottom + i, top + i + 1),
                _ => out.quad(top + i, bottom + i, bottom + i + 1, top + i + 1),
            }
        }
        shared = (!poles.1 && b.before == b.after).then_some(bottom);
        v = v_next;
    }
    out.finish()
}

/// The vertices of a ring; the first one's number.
fn row(out: &mut Builder, at: DVec2, normal: DVec2, v: f64, segments: u32) -> u32 {
    let pole = at.x == 0.0;
    let mut first = None;
    for i in 0..segments + u32::from(!pole) {
        // On the axis every triangle has a vertex of its own, in the middle of its segment.
        let turn = (f64::from(i) + if pole { 0.5 } else { 0.0 }) / f64::from(segments);
        // The last column is the first one, bit for bit, so that the surface is closed.
        let (sin, cos) = libm::sincos(if i == segments { 0.0 } else { TAU * turn });
        let about = |p: DVec2| DVec3::new(p.x * sin, p.y, p.x * cos);
        let index = out.vertex(about(at), about(normal), DVec2::new(turn, v));
        first.get_or_insert(index);
    }
    first.unwrap_or(0)
}
