//! Lines in the plane and in space: smooth curves through points, and which way they face.

use std::ops::{Add, Mul, Sub};

use glam::{DVec2, DVec3};

/// Lines that stand for the curve between two points.
pub(super) const STEPS: u32 = 8;

/// What is needed of a point.
pub(super) trait Point:
    Copy + PartialEq + Add<Output = Self> + Sub<Output = Self> + Mul<f64, Output = Self>
{
    fn length(self) -> f64;
}

impl Point for DVec2 {
    fn length(self) -> f64 {
        DVec2::length(self)
    }
}

impl Point for DVec3 {
    fn length(self) -> f64 {
        DVec3::length(self)
    }
}

/// Without points that are where the one before is (in a closed line the last one too, where it is the first).
pub(super) fn distinct<P: Point>(points: &[P], closed: bool) -> Vec<P> {
    let mut out: Vec<P> = Vec::with_capacity(points.len());
    for &point in points {
        if out.last() != Some(&point) {
            out.push(point);
        }
    }
    while closed && out.len() > 1 && out.first() == out.last() {
        out.pop();
    }
    out
}

/// A smooth curve through points: centripetal Catmull-Rom (Yuksel, Schaefer and Keyser, "Parameterization and applications of
/// Catmull-Rom curves", 2011), which neither loops nor overshoots between two points. A point that is listed twice is a corner.
/// `before` and `after` continue an open curve beyond its ends.
pub(super) fn through<P: Point>(points: &[P], closed: bool, before: Option<P>, after: Option<P>) -> Vec<P> {
    let doubled = points.windows(2).any(|pair| pair[0] == pair[1]);
    if closed && !doubled {
        let points = distinct(points, true);
        let n = points.len();
        if n < 3 {
            return points;
        }
        let at = |k: usize| points[k % n];
        return (0..n).flat_map(|k| span([at(k + n - 1), at(k), at(k + 1), at(k + 2)])).collect();
    }
    // From corner to corner.
    let mut line = points.to_vec();
    if closed && let Some(&first) = points.first() {
        line.push(first);
    }
    let mut runs: Vec<Vec<P>> = vec![Vec::new()];
    for &point in &line {
        if runs.last().and_then(|run| run.last()) == Some(&point) {
            runs.push(Vec::new());
        }
        if let Some(run) = runs.last_mut() {
            run.push(point);
        }
    }
    let last_run = runs.len() - 1;
    let mut out: Vec<P> = Vec::new();
    for (r, run) in runs.iter().enumerate() {
        let [.., last] = run.as_slice() else { continue };
        let n = run.len();
        for k in 0..n.saturating_sub(1) {
            // Beyond an end the curve goes on as it came.
            let p0 = if k > 0 { run[k - 1] } else { before.filter(|_| r == 0).unwrap_or(run[0] + (run[0] - run[1])) };
            let p3 = if k + 2 < n {
                run[k + 2]
            } else {
                after.filter(|_| r == last_run).unwrap_or(run[n - 1] + (run[n - 1] - run[n - 2]))
            };
            out.extend(span([p0, run[k], run[k + 1], p3]));
        }
        out.push(*last);
    }
    if closed {
        return distinct(&out, true);
    }
    out
}

/// From the second point to just before the third.
fn span<P: Point>([p0, p1, p2, p3]: [P; 4]) -> impl Iterator<Item = P> {
    // Square roots of the distances; never 0.
    let knot = |a: P, b: P| (b - a).length().sqrt().max(1e-12);
    let (t1, t2) = (knot(p0, p1), knot(p0, p1) + knot(p1, p2));
    let t3 = t2 + knot(p2, p3);
    (0..STEPS).map(move |k| {
        if k == 0 {
            return p1;
        }
        let t = t1 + (t2 - t1) * f64::from(k) / f64::from(STEPS);
        let mix = |a: P, b: P, ta: f64, tb: f64| a * ((tb - t) / (tb - ta)) + b * ((t - ta) / (tb - ta));
        let (a1, a2, a3) = (mix(p0, p1, 0.0, t1), mix(p1, p2, t1, t2), mix(p2, p3, t2, t3));
        let (b1, b2) = (mix(a1, a2, 0.0, t2), mix(a2, a3, t1, t3));
        mix(b1, b2, t1, t2)
    })
}

/// The normals at a corner between two segments, for what is before it and what is behind it: one and the same where they
/// bend by less than `smooth` (radians).
///
/// In a curve the shorter neighbour counts more: then the normal is that of the circle through the three points. Of a polygon with
/// chamfered edges the longer one counts more: then its flat sides stay flat in the light.
pub(super) fn corner(before: DVec2, after: DVec2, lengths: [f64; 2], curve: bool, smooth: f64) -> [DVec2; 2] {
    // A hair of tolerance, so that a polygon of 10 degree steps is smooth at 10 degrees.
    if before.dot(after) < libm::cos(smooth + 1e-9) {
        return [before, after];
    }
    let [a, b] = if curve { [lengths[1], lengths[0]] } else { lengths };
    let normal = (before * a + after * b).normalize_or(after);
    [normal, normal]
}

/// Twice the area of a polygon, positive where it runs counter-clockwise.
pub(super) fn double_area(points: &[DVec2]) -> f64 {
    let next = points.iter().cycle().skip(1);
    points.iter().zip(next).map(|(a, b)| a.perp_dot(*b)).sum()
}
