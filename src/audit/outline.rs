//! Where a box in space is in the image: a convex polygon, and whether masks are within it.

use glam::{DVec2, DVec3};

use super::bounds::PIXEL;
use super::view::View;

/// The polygon that a box projects to, as far as it is in front of the near plane.
pub(super) struct Outline {
    /// Corners of the hull, one after the other around it.
    hull: Vec<DVec2>,
    /// How far a mask may be outside, pixels.
    bound: f64,
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
        Self { hull, bound: PIXEL + view.focal.max_element() * slack / nearest }
    }

    /// Whether nothing of the box is in front of the near plane.
    pub(super) fn is_empty(&self) -> bool {
        self.hull.is_empty()
    }

    /// Lower and upper corner of the box around it, in pixels.
    pub(super) fn around(&self) -> (DVec2, DVec2) {
        let empty = (DVec2::INFINITY, DVec2::NEG_INFINITY);
        let (low, high) = self.hull.iter().fold(empty, |(low, high), &p| (low.min(p), high.max(p)));
        (low - self.bound, high + self.bound)
    }

    /// How far a point is outside, in pixels; at most 0 where it is within the bound.
    pub(super) fn beyond(&self, point: DVec2) -> f64 {
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
