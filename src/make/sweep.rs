//! An outline led along a path: cables, handles, rails.

use glam::{DMat2, DQuat, DVec2, DVec3};

use super::curve;
use super::loft::{Ends, Station};

/// A path to be swept along.
pub(super) struct Path<'a> {
    pub(super) points: &'a [DVec3],
    /// Whether it ends where it begins.
    pub(super) closed: bool,
    /// Whether it is a smooth curve.
    pub(super) curved: bool,
    /// Size of the outline at the end over that at the beginning.
    pub(super) taper: f64,
    /// Radians that the outline turns about the path from beginning to end.
    pub(super) twist: f64,
    /// A bend by less than this is round in the light, radians.
    pub(super) smooth: f64,
}

impl Path<'_> {
    /// Frames that turn no more about the path than they must (rotation-minimising, by parallel transport), mitred at corners.
    pub(super) fn stations(&self) -> Result<(Vec<Station>, Ends), String> {
        let points =
            if self.curved { curve::through(self.points, self.closed, None, None) } else { self.points.to_vec() };
        let points = curve::distinct(&points, self.closed);
        let n = points.len();
        if n < if self.closed { 3 } else { 2 } {
            return Err("the path of a `Sweep` has no length".into());
        }
        let spans = if self.closed { n } else { n - 1 };
        let ways: Vec<DVec3> = (0..spans).map(|k| (points[(k + 1) % n] - points[k]).normalize_or(DVec3::Y)).collect();
        let lengths: Vec<f64> = (0..spans).map(|k| points[(k + 1) % n].distance(points[k])).collect();
        let total: f64 = lengths.iter().sum();

        // The plane's x axis on each span: carried along, bend by bend.
        let mut x = side(ways[0]);
        let mut sides = vec![x];
        for pair in ways.windows(2) {
            x = turn(pair[0], pair[1]) * x;
            sides.push(x);
        }
        // Round a closed path it does not come back to itself: what is missing is made up evenly.
        let mut twist = self.twist;
        if self.closed {
            let back = turn(ways[spans - 1], ways[0]) * sides[spans - 1];
            let (first, other) = (sides[0], ways[0].cross(sides[0]));
            let missing = -libm::atan2(back.dot(other), back.dot(first));
            // A whole number of turns, or the ends would not meet.
            let whole = (self.twist / std::f64::consts::TAU).round() * std::f64::consts::TAU;
            twist = missing + whole;
        }

        let mut stations = Vec::with_capacity(2 * n + 2);
        let mut done = 0.0;
        for k in 0..=spans {
            let before = if k > 0 { Some(k - 1) } else { self.closed.then_some(spans - 1) };
            let after = if k < spans { Some(k) } else { self.closed.then_some(0) };
            let (from, to) = (before.map_or(ways[0], |b| ways[b]), after.map_or(ways[spans - 1], |a| ways[a]));
            if from.dot(to) < -0.98 {
                return Err("the path of a `Sweep` turns back".into());
            }
            let share = done / total;
            let scale = if self.closed { 1.0 } else { 1.0 + (self.taper - 1.0) * share };
            let widening = if self.closed { 0.0 } else { (self.taper - 1.0) / total };
            // The plane halfway between the two ways; the outline is drawn out in it, so that walls go on straight.
            let half = (from + to).normalize_or(from);
            let stretch = 1.0 / half.dot(from);
            let bend = (to - from).normalize_or_zero();
            // A side of the span before, or of the first span: then carried halfway.
            let (reference, way) = match (k, before) {
                (0, _) => (turn(ways[0], half) * sides[0], half),
                (_, Some(b)) => (turn(ways[b], half) * sides[b], half),
                _ => (sides[0], half),
            };
            let angle = twist * share;
            let spun = DQuat::from_axis_angle(way, angle) * reference;
            let axes = [spun, way.cross(spun)];
            let drawn = |v: DVec3| (v + bend * (v.dot(bend) * (stretch - 1.0))) * scale;
            let station = |normal_way: DVec3, ends: bool| {
                let turned = turn(way, normal_way);
                Station {
                    origin: points[k % n],
                    map: axes.map(drawn),
                    inset: 0.0,
                    tilt: 0.0,
                    axis: normal_way,
                    normal: axes.map(|axis| turned * axis),
                    lean: (DMat2::IDENTITY, DMat2::from_diagonal(DVec2::splat(widening))),
                    v: share,
                    ends,
                }
            };
            let crease = from.angle_between_by_libm(to) > self.smooth + 1e-9;
            if crease && before.is_some() {
                stations.push(station(from, after.is_some() && k < spans));
            }
            if crease && after.is_some() && k < spans {
                stations.push(station(to, false));
            }
            if !crease {
                stations.push(station(half, false));
            }
            done += lengths.get(k).copied().unwrap_or(0.0);
        }
        // The first of a closed path's stations is that of what begins there.
        if self.closed && stations.first().is_some_and(|first| first.ends) {
            stations.remove(0);
        }
        if let (true, [first, .., last]) = (self.closed, stations.as_mut_slice()) {
            // Bit for bit, so that the surface is closed.
            (last.origin, last.map, last.v) = (first.origin, first.map, 1.0);
        }
        Ok((stations, if self.closed { Ends::Joined } else { Ends::Capped }))
    }
}

/// Some unit vector across `way`: the one nearest to +Y, or to -Z where the way is upright.
fn side(way: DVec3) -> DVec3 {
    let up = if way.y.abs() < 0.99 { DVec3::Y } else { DVec3::NEG_Z };
    let up = (up - way * up.dot(way)).normalize_or(DVec3::X);
    up.cross(way)
}

/// The shortest rotation from one unit vector to another.
fn turn(from: DVec3, to: DVec3) -> DQuat {
    DQuat::from_rotation_arc(from, to)
}

trait Angle {
    fn angle_between_by_libm(self, other: Self) -> f64;
}

impl Angle for DVec3 {
    fn angle_between_by_libm(self, other: Self) -> f64 {
        libm::atan2(self.cross(other).length(), self.dot(other))
    }
}
