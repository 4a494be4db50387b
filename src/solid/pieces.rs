//! Convex bodies: the hull of points, whether triangles are convex, and parts of those that are not.

use std::collections::BTreeSet;

use glam::DVec3;
use rapier3d_f64::parry::math::Vector;
use rapier3d_f64::parry::query::PointQuery;
use rapier3d_f64::parry::shape::ConvexPolyhedron;
use rapier3d_f64::parry::transformation::try_convex_hull;
use rapier3d_f64::parry::transformation::vhacd::{VHACD, VHACDParameters};
use rapier3d_f64::parry::transformation::voxelization::VoxelSet;

use super::{ours, spiral, theirs};

/// More points than these are thinned out before a hull is made of them...
const MOST_POINTS: usize = 4000;
/// ... to those that reach farthest in so many directions.
const DIRECTIONS: u32 = 1500;
/// Where there are more corners than these, what moves has those that reach farthest in so many directions, and what it takes to hold
/// the others.
const MOVING: (usize, u32) = (200, 160);
/// More triangles than these are parted by their voxels alone.
const MOST_TRIANGLES: usize = 30_000;
/// A piece has no more corners than about this: the engine looks at all of them for every contact.
const PIECE_POINTS: usize = 96;
/// Nor than these, where the corners of what it stands for are to be held as well.
const MOST_PIECE_POINTS: usize = 256;
/// Corners that are farther outside of all pieces than this share of the size are added to one...
const OUTSIDE: f64 = 0.002;
/// ... so many at once, or a quarter of them, ...
const AT_ONCE: usize = 16;
/// ... so many times, ...
const ROUNDS: u32 = 8;
/// ... of about so many corners that are looked at.
const MOST_COVERED: usize = 3000;
/// So many points are few.
const FEW: usize = 64;
/// Triangles that fill so much of their hull are convex: the gaps are the dimples of a coarse mesh.
const CONVEX: f64 = 0.985;

/// The convex hull of some points; `None` where they span no volume.
pub(super) fn hull(points: &[DVec3]) -> Option<ConvexPolyhedron> {
    let low = points.iter().fold(DVec3::INFINITY, |a, &b| a.min(b));
    let high = points.iter().fold(DVec3::NEG_INFINITY, |a, &b| a.max(b));
    let size = (high - low).max_element();
    if !(size > 0.0 && size.is_finite()) || (high - low).min_element() < size * 1e-6 {
        return None;
    }
    // Worked out at size 1 about the origin: rounding allowed for there is not relative.
    let middle = (low + high) / 2.0;
    let kept = farthest(different(points), MOST_POINTS, DIRECTIONS);
    let unit: Vec<Vector> = kept.into_iter().map(|p| theirs((p - middle) / size)).collect();
    let (corners, faces) = try_convex_hull(&unit).ok()?;
    let corners = corners.into_iter().map(|p| theirs(ours(p) * size + middle)).collect();
    ConvexPolyhedron::from_convex_mesh(corners, &faces)
}

/// A convex body with fewer corners, to be moved: none of its own is farther outside of that than [`OUTSIDE`].
pub(super) fn fewer(own: &ConvexPolyhedron, size: f64) -> ConvexPolyhedron {
    let (most, directions) = MOVING;
    if own.points().len() <= most {
        return own.clone();
    }
    let corners: Vec<DVec3> = own.points().iter().map(|&p| ours(p)).collect();
    let rough = hull(&farthest(corners.clone(), most, directions));
    rough.and_then(|rough| covering(vec![rough], &corners, size, usize::MAX).pop()).unwrap_or_else(|| own.clone())
}

/// Points, each once.
fn different(points: &[DVec3]) -> Vec<DVec3> {
    let mut seen = BTreeSet::new();
    points.iter().copied().filter(|p| seen.insert(p.to_array().map(|c| (c + 0.0).to_bits()))).collect()
}

/// Where there are more than `most` points, those that reach farthest in so many directions.
fn farthest(mut points: Vec<DVec3>, most: usize, directions: u32) -> Vec<DVec3> {
    if points.len() <= most {
        return points;
    }
    let mut kept = BTreeSet::new();
    for direction in spiral(directions) {
        let far = (0..points.len()).max_by(|&a, &b| points[a].dot(direction).total_cmp(&points[b].dot(direction)));
        kept.extend(far);
    }
    let mut number = 0;
    points.retain(|_| {
        number += 1;
        kept.contains(&(number - 1))
    });
    points
}

fn volume<'a>(triangles: impl Iterator<Item = [&'a DVec3; 3]>) -> f64 {
    triangles.map(|[a, b, c]| a.dot(b.cross(*c))).sum::<f64>() / 6.0
}

/// The hull of triangles that are a closed convex surface.
pub(super) fn convex(points: &[DVec3], indices: &[[u32; 3]]) -> Option<ConvexPolyhedron> {
    let middle = points.iter().sum::<DVec3>() / points.len().max(1) as f64;
    let local: Vec<DVec3> = points.iter().map(|&p| p - middle).collect();
    // Of a closed surface, areas point everywhere alike.
    let area = |t: &[u32; 3]| {
        let [a, b, c] = t.map(|i| local[i as usize]);
        (b - a).cross(c - a)
    };
    let open: DVec3 = indices.iter().map(area).sum();
    let whole: f64 = indices.iter().map(|t| area(t).length()).sum();
    if open.length() > 1e-3 * whole {
        return None;
    }
    let filled = volume(indices.iter().map(|t| t.map(|i| &local[i as usize])));
    let held = |hull: &ConvexPolyhedron| {
        let (corners, faces) = hull.to_trimesh();
        let corners: Vec<DVec3> = corners.into_iter().map(|p| ours(p) - middle).collect();
        volume(faces.iter().map(|t| t.map(|i| &corners[i as usize])))
    };
    // The hull of some of the points is within that of all: most of what is not convex is found out by a few.
    let points = different(points);
    let rough = || hull(&farthest(points.clone(), FEW, 64));
    if points.len() > FEW && rough().is_some_and(|rough| filled < CONVEX * held(&rough)) {
        return None;
    }
    let hull = hull(&points)?;
    (filled >= CONVEX * held(&hull)).then_some(hull)
}

/// Convex bodies that together fill what triangles enclose: V-HACD (Mamou, 2016) with fixed parameters.
pub(super) fn of(points: &[DVec3], indices: &[[u32; 3]]) -> Vec<ConvexPolyhedron> {
    let low = points.iter().fold(DVec3::INFINITY, |a, &b| a.min(b));
    let high = points.iter().fold(DVec3::NEG_INFINITY, |a, &b| a.max(b));
    let size = (high - low).max_element();
    let one = || hull(points).into_iter().collect::<Vec<_>>();
    if !(size > 0.0 && size.is_finite()) || (high - low).min_element() < size * 1e-4 {
        return one();
    }
    let unit: Vec<Vector> = points.iter().map(|&p| theirs((p - low) / size)).collect();
    let parameters = VHACDParameters {
        resolution: 40,
        concavity: 0.01,
        max_convex_hulls: 16,
        plane_downsampling: 4,
        convex_hull_downsampling: 2,
        ..VHACDParameters::default()
    };
    let exact = indices.len() <= MOST_TRIANGLES;
    let parts = VHACD::decompose(&parameters, &unit, indices, exact);
    // The library's own hulls of them panic where rounding defeats it; ours are none then.
    let clouds: Vec<Vec<Vector>> = if exact {
        parts.compute_primitive_intersections(&unit, indices)
    } else {
        let corners = |part: &VoxelSet| part.voxels().iter().map(|voxel| part.get_voxel_point(voxel)).collect();
        parts.voxel_parts().iter().map(corners).collect()
    };
    let pieces: Vec<ConvexPolyhedron> = clouds
        .into_iter()
        .map(|points| points.into_iter().map(|p| ours(p) * size + low).collect::<Vec<DVec3>>())
        .filter_map(|points| hull(&farthest(different(&points), PIECE_POINTS, MOVING.1)))
        .collect();
    if pieces.is_empty() { one() } else { covering(pieces, points, size, MOST_PIECE_POINTS) }
}

/// Pieces that hold all of the points: those that stick out of all of them by more than [`OUTSIDE`] are added to the ones that they are
/// nearest to, the farthest first, until there are none or a piece has more than `most` corners.
fn covering(mut pieces: Vec<ConvexPolyhedron>, points: &[DVec3], size: f64, most: usize) -> Vec<ConvexPolyhedron> {
    let points = different(points);
    let points: Vec<DVec3> = points.iter().copied().step_by(points.len().div_ceil(MOST_COVERED).max(1)).collect();
    for _ in 0..ROUNDS {
        let mut more: Vec<Vec<(f64, DVec3)>> = vec![Vec::new(); pieces.len()];
        for &point in &points {
            let apart = |piece: &ConvexPolyhedron| piece.distance_to_local_point(theirs(point), true);
            let nearest = (0..).zip(pieces.iter().map(apart)).min_by(|a: &(usize, f64), b| a.1.total_cmp(&b.1));
            if let Some((piece, apart)) = nearest
                && apart > OUTSIDE * size
            {
                more[piece].push((apart, point));
            }
        }
        let mut changed = false;
        for (piece, mut more) in pieces.iter_mut().zip(more) {
            let room = most.saturating_sub(piece.points().len()).min(AT_ONCE.max(more.len() / 4));
            if more.is_empty() || room == 0 {
                continue;
            }
            // A few far ones take in many of the others.
            more.sort_by(|a, b| b.0.total_cmp(&a.0));
            let corners: Vec<DVec3> =
                piece.points().iter().map(|&p| ours(p)).chain(more.into_iter().take(room).map(|(_, p)| p)).collect();
            if let Some(larger) = hull(&corners) {
                *piece = larger;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    pieces
}
