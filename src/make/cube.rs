//! Closed surfaces on the six faces of a cube: rounded boxes, and balls that bulge.

use std::f64::consts::FRAC_PI_4;

use glam::{DVec2, DVec3};

use super::builder::Builder;
use super::field::Field;
use crate::mesh::Mesh;

/// Lines along a quarter of a rounded edge.
const ROUND: u32 = 6;

/// A face of the cube: outward, to the right and up, as who looks at it sees it.
fn faces() -> impl Iterator<Item = [DVec3; 3]> {
    [DVec3::X, DVec3::NEG_X, DVec3::Y, DVec3::NEG_Y, DVec3::Z, DVec3::NEG_Z].into_iter().map(|n| {
        let up = if n.y == 0.0 { DVec3::Y } else { DVec3::new(0.0, 0.0, -n.y) };
        [n, up.cross(n), up]
    })
}

/// `k / n` of the way from -45 to 45 degrees, as a tangent: -1 and 1 at the ends, the same bits on either side of 0.
fn tangent(k: u32, n: u32) -> f64 {
    match (2 * k).cmp(&n) {
        std::cmp::Ordering::Less if k == 0 => -1.0,
        std::cmp::Ordering::Less => -tangent(n - k, n),
        std::cmp::Ordering::Equal => 0.0,
        std::cmp::Ordering::Greater if k == n => 1.0,
        std::cmp::Ordering::Greater => libm::tan(FRAC_PI_4 * (2.0 * f64::from(k) / f64::from(n) - 1.0)),
    }
}

/// A ball of `detail` x `detail` quads on each face of a cube; `surface` says where the point in a direction is, and its normal.
pub(super) fn ball(detail: u32, surface: impl Fn(DVec3) -> (DVec3, DVec3)) -> Mesh {
    let grid: Vec<f64> = (0..=detail).map(|k| tangent(k, detail)).collect();
    let share = |k: usize| k as f64 / f64::from(detail);
    let mut out = Builder::default();
    for [outward, right, up] in faces() {
        let vertices: Vec<Vec<u32>> = (0..grid.len())
            .map(|j| {
                let vertex = |i: usize| {
                    // Each component is written once, so that faces agree on their common edge bit for bit.
                    let direction = (outward + right * grid[i] + up * grid[j]).normalize();
                    let (position, normal) = surface(direction);
                    out.vertex(position, normal, DVec2::new(share(i), 1.0 - share(j)))
                };
                (0..grid.len()).map(vertex).collect()
            })
            .collect();
        quads(&mut out, &vertices);
    }
    out.finish()
}

fn quads(out: &mut Builder, vertices: &[Vec<u32>]) {
    for rows in vertices.windows(2) {
        for i in 0..rows[0].len().saturating_sub(1) {
            out.quad(rows[0][i], rows[0][i + 1], rows[1][i + 1], rows[1][i]);
        }
    }
}

/// A box whose edges and corners are parts of cylinders and balls.
pub(super) fn rounded_box(size: DVec3, radius: f64) -> Mesh {
    let half = size / 2.0;
    // A flat part, however small, keeps the two rounded sides apart.
    let radius = radius.min(half.min_element() * 0.999);
    let inner = half - radius;
    // Along an axis: from -half to half, fine where it bends.
    let grid = |inner: f64, half: f64| -> Vec<f64> {
        let upper = (0..=ROUND).map(|k| if k == ROUND { half } else { inner + radius * tangent(ROUND + k, 2 * ROUND) });
        let upper: Vec<f64> = upper.collect();
        upper.iter().rev().map(|x| -x).chain(upper.iter().copied()).collect()
    };
    let mut out = Builder::default();
    for [outward, right, up] in faces() {
        let along = |axis: DVec3| grid(inner.dot(axis.abs()), half.dot(axis.abs()));
        let (columns, rows) = (along(right), along(up));
        let vertices: Vec<Vec<u32>> = rows
            .iter()
            .map(|&y| {
                let vertex = |&x: &f64| {
                    let outside = outward * half + right * x + up * y;
                    let core = outside.clamp(-inner, inner);
                    let normal = (outside - core).normalize_or(outward);
                    let position = core + radius * normal;
                    let uv = DVec2::new(position.dot(right), -position.dot(up));
                    let extent = DVec2::new(size.dot(right.abs()), size.dot(up.abs()));
                    out.vertex(position, normal, uv / extent + 0.5)
                };
                columns.iter().map(vertex).collect()
            })
            .collect();
        quads(&mut out, &vertices);
    }
    out.finish()
}

/// A surface `radius(direction)` away from the origin.
fn radial(detail: u32, radius: impl Fn(DVec3) -> f64) -> Mesh {
    ball(detail, |direction| {
        let r = radius(direction);
        // The radius grows by `slope` per radian along two directions across; the normal of r(d) d is r d less its gradient.
        let (a, b) = direction.any_orthonormal_pair();
        const STEP: f64 = 1e-4;
        let slope = |way: DVec3| {
            let at = |step: f64| radius((direction + way * step).normalize());
            (at(STEP) - at(-STEP)) / (2.0 * STEP)
        };
        (direction * r, direction * r - a * slope(a) - b * slope(b))
    })
}

/// A ball that noise bulges: cells, fruit, drops. `amplitude` and `feature_size` are metres.
pub(super) fn blob(radius: f64, stretch: DVec3, amplitude: f64, field: &Field, detail: u32) -> Mesh {
    let most = amplitude.min(0.9 * radius);
    let mut mesh = radial(detail, |d| radius + most * field.at(d * radius));
    super::composite::move_mesh(&mut mesh, &glam::DAffine3::from_scale(stretch));
    mesh
}

/// A stone: a ball cut off by planes, with noise on it.
pub(super) fn rock(size: DVec3, roughness: f64, cuts: &[(DVec3, f64)], field: &Field, detail: u32) -> Mesh {
    // Radius 1 before its size. Each cut is a plane at a distance; near their edges the planes are blended, as weather does.
    let radius = |d: DVec3| {
        let planes = cuts.iter().map(|(normal, distance)| (d.dot(*normal).max(0.0) / distance, ()));
        // A smooth maximum of 1 and the planes' inverse distances: a p-norm.
        const POWER: f64 = 14.0;
        let sum: f64 = planes.map(|(inverse, ())| libm::pow(inverse, POWER)).sum::<f64>() + 1.0;
        libm::pow(sum, -1.0 / POWER) * (1.0 + 0.35 * roughness * field.at(d))
    };
    let mut mesh = radial(detail, radius);
    // The size is that of the box around it.
    if let Some((min, max)) = mesh.bounds() {
        let scale = size / (max - min);
        let place = glam::DAffine3::from_translation(-(min + max) / 2.0 * scale) * glam::DAffine3::from_scale(scale);
        super::composite::move_mesh(&mut mesh, &place);
    }
    mesh
}
