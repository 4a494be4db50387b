//! Where a box in space is in the image: a convex polygon, and whether masks are within it.

use glam::{DVec2, DVec3};

use super::bent::Bent;
use super::bounds::{LOOKED_UP, PIXEL};
use super::view::{View, all_at_most, at_most};

/// The polygon that a box projects to, as far as it is in front of the near plane; where a lens bends lines, the box itself.
pub(super) struct Outline {
    /// Corners of the hull, one after the other around it.
    hull: Vec<DVec2>,
    /// How far a mask may be outside, pixels.
    bound: f64,
    bent: Option<BentBox>,
}

/// A box through a lens that bends lines: a pixel is within where its ray comes near the box.
struct BentBox {
    view: View,
    /// Middle, directions of the edges, and half their lengths.
    middle: DVec3,
    axes: [DVec3; 3],
    half: DVec3,
    slack: f64,
    /// No point of it is farther from the camera.
    farthest: f64,
    /// Around its edges in the image; all of the plane where they do not tell.
    around: (DVec2, DVec2),
}

/// Edges are looked at in so many places.
const PIECES: u32 = 48;

impl BentBox {
    fn new(corners: &[DVec3; 8], slack: f64, bent: &Bent, view: &View) -> Self {
        let middle = corners.iter().sum::<DVec3>() / 8.0;
        let edge = |k: usize| corners[k] - corners[0];
        let (edges_from_0, lengths) = ([edge(1), edge(2), edge(4)], [edge(1), edge(2), edge(4)].map(DVec3::length));
        // A plane is a box without a height: its direction is that across the others.
        let mut axes = edges_from_0.map(|edge| edge.normalize_or_zero());
        for k in 0..3 {
            if axes[k] == DVec3::ZERO {
                let across = axes[(k + 1) % 3].cross(axes[(k + 2) % 3]);
                axes[k] = across.try_normalize().unwrap_or_else(|| axes[(k + 1) % 3].any_orthonormal_vector());
            }
        }
        let farthest = corners.iter().map(|corner| corner.length()).fold(0.0, f64::max);
        let half = DVec3::from_array(lengths) / 2.0;
        let everywhere = (DVec2::NEG_INFINITY, DVec2::INFINITY);
        let mut found = Self { view: view.clone(), middle, axes, half, slack, farthest, around: everywhere };
        let holds_a_pole = bent.poles().iter().any(|&pole| found.meets(pole, found.slack + 0.01 * farthest));
        if !holds_a_pole && !found.holds(DVec3::ZERO) {
            found.around = Self::edges_around(corners, bent, view, slack).unwrap_or(everywhere);
        }
        found
    }

    /// What lies around the edges in the image, if all of them are seen. Where no pole of the lens is within, the outline of a box is made
    /// of its edges.
    fn edges_around(corners: &[DVec3; 8], bent: &Bent, view: &View, slack: f64) -> Option<(DVec2, DVec2)> {
        let (mut low, mut high) = (DVec2::INFINITY, DVec2::NEG_INFINITY);
        let (mut longest, mut moved): (f64, f64) = (0.0, 0.0);
        for (a, b) in edges() {
            let mut before: Option<DVec2> = None;
            for n in 0..=PIECES {
                let point = corners[a].lerp(corners[b], f64::from(n) / f64::from(PIECES));
                if view.distance(point) < view.near {
                    return None;
                }
                let pixel = bent.pixel(point)?;
                longest = longest.max(before.map_or(0.0, |before| before.distance(pixel)));
                moved = moved.max(bent.rates(point).1 * slack / point.length());
                (low, high) = (low.min(pixel), high.max(pixel));
                before = Some(pixel);
            }
        }
        // Over the back of a panorama edges are not joined. Between two places a curve leaves its chord by less than a tenth of it: it
        // turns by less than that in radians.
        let bound = PIXEL + LOOKED_UP + moved + longest / 10.0;
        (longest < f64::from(view.width) / 4.0).then_some((low - bound, high + bound))
    }

    fn holds(&self, point: DVec3) -> bool {
        let own = self.own(point - self.middle);
        all_at_most(own.abs() - self.half, self.slack)
    }

    fn own(&self, v: DVec3) -> DVec3 {
        DVec3::from_array(self.axes.map(|axis| axis.dot(v)))
    }

    /// Whether a ray from the camera comes within `margin` of the box (each side moved outwards by so much).
    fn meets(&self, ray: DVec3, margin: f64) -> bool {
        let (eye, ray) = (self.own(-self.middle), self.own(ray));
        let half = self.half + margin;
        let (mut enter, mut leave) = (0.0_f64, f64::INFINITY);
        for k in 0..3 {
            if ray[k].abs() < 1e-300 {
                if !at_most(eye[k].abs(), half[k]) {
                    return false;
                }
                continue;
            }
            let (a, b) = ((-half[k] - eye[k]) / ray[k], (half[k] - eye[k]) / ray[k]);
            (enter, leave) = (enter.max(a.min(b)), leave.min(a.max(b)));
        }
        at_most(enter, leave)
    }

    /// At most 0 where the ray of a pixel, or one as near as what it shows may be of, meets the box.
    fn beyond(&self, pixel: DVec2) -> f64 {
        let Some(bent) = &self.view.bent else { return f64::INFINITY };
        let Some(ray) = bent.ray(pixel) else { return f64::INFINITY };
        let turned = (PIXEL + LOOKED_UP) / bent.rates(ray).0;
        if self.meets(ray, self.slack + turned * self.farthest) { 0.0 } else { f64::INFINITY }
    }
}

/// Pairs of corners of a box that an edge joins: their numbers differ in one bit.
fn edges() -> impl Iterator<Item = (usize, usize)> {
    (0..8_usize).flat_map(|k| [1, 2, 4].into_iter().filter(move |bit| k & bit == 0).map(move |bit| (k, k | bit)))
}

impl Outline {
    /// Of a box with these corners in the camera's frame, on whose surface the GPU may be off by `slack`, metres.
    ///
    /// What is nearer than the near plane is cut off before it is projected, and what is cut from a box is the hull of its corners
    /// beyond the plane and of the points where its edges pass through it. The hull of the projections is the projection of the
    /// hull (everything in front).
    pub(super) fn new(corners: &[DVec3; 8], slack: f64, view: &View) -> Self {
        if let Some(bent) = &view.bent {
            let bent = Some(BentBox::new(corners, slack, bent, view));
            return Self { hull: Vec::new(), bound: 0.0, bent };
        }
        // A little before the plane: nobody knows in which direction the GPU rounds.
        let near = 0.99 * view.near;
        let beyond = corners.iter().copied().filter(|corner| corner.z >= near);
        let cut = edges().filter_map(|(a, b)| {
            let (a, b) = (corners[a], corners[b]);
            ((a.z < near) != (b.z < near)).then(|| a.lerp(b, ((near - a.z) / (b.z - a.z)).clamp(0.0, 1.0)).with_z(near))
        });
        let points: Vec<DVec3> = beyond.chain(cut).collect();
        let nearest = points.iter().map(|point| point.z).fold(f64::INFINITY, f64::min);
        let hull = hull(points.iter().map(|&point| view.pixel(point)).filter(|pixel| pixel.is_finite()).collect());
        Self { hull, bound: PIXEL + view.focal.max_element() * slack / nearest, bent: None }
    }

    /// Whether nothing of the box is in front of the near plane.
    pub(super) fn is_empty(&self) -> bool {
        self.hull.is_empty() && self.bent.is_none()
    }

    /// Lower and upper corner of the box around it, in pixels.
    pub(super) fn around(&self) -> (DVec2, DVec2) {
        if let Some(bent) = &self.bent {
            return bent.around;
        }
        let empty = (DVec2::INFINITY, DVec2::NEG_INFINITY);
        let (low, high) = self.hull.iter().fold(empty, |(low, high), &p| (low.min(p), high.max(p)));
        (low - self.bound, high + self.bound)
    }

    /// How far a point is outside, in pixels; at most 0 where it is within the bound.
    pub(super) fn beyond(&self, point: DVec2) -> f64 {
        if let Some(bent) = &self.bent {
            return bent.beyond(point);
        }
        let (low, high) = self.around();
        let beside = (low - point).max(point - high).max_element();
        let edges = self.hull.iter().zip(self.hull.iter().cycle().skip(1));
        let beyond = edges.filter_map(|(&a, &b)| {
            let along = (b - a).try_normalize()?;
            Some(-along.perp_dot(point - a) - self.bound)
        });
        beyond.fold(beside, f64::max)
    }
}

/// The convex hull, counter-clockwise (Andrew's monotone chain, 1979).
fn hull(mut points: Vec<DVec2>) -> Vec<DVec2> {
    points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    points.dedup();
    if points.len() < 3 {
        return points;
    }
    let half = |points: &mut dyn Iterator<Item = DVec2>| {
        let mut chain: Vec<DVec2> = Vec::new();
        for point in points {
            while let [.., a, b] = chain[..] {
                if (b - a).perp_dot(point - b) > 0.0 {
                    break;
                }
                chain.pop();
            }
            chain.push(point);
        }
        chain.pop();
        chain
    };
    let mut hull = half(&mut points.iter().copied());
    hull.extend(half(&mut points.iter().rev().copied()));
    hull
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hull_of_a_square_with_points_inside_is_the_square() {
        let square = [DVec2::ZERO, DVec2::X, DVec2::ONE, DVec2::Y];
        let mut points = square.to_vec();
        points.extend([DVec2::splat(0.5), DVec2::new(0.5, 0.0), DVec2::X]);
        assert_eq!(hull(points), square);
    }
}
