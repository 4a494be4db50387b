//! Triangles for every primitive shape.
//!
//! Shapes of one kind share one canonical mesh and differ by a scale, so that ten thousand spheres are one mesh on the
//! GPU. Only the proportions of capsule and torus cannot be reached by scaling; those have a mesh per proportion.
//!
//! Circles are regular polygons with [`SEGMENTS`] corners *on* the circle: a label is never larger than the true shape.
//! The polygon covers `n / (2 pi) * sin(2 pi / n)` of its circle, about `1 - (2 pi / n)^2 / 6`: for n = 48 that is
//! 0.29 % less area, and a sagitta (greatest gap at the rim) of `1 - cos(pi / n)` = 0.21 % of the radius.

use glam::{DAffine3, DVec2, DVec3};
use std::f64::consts::{PI, TAU};

use super::Mesh;
use crate::assets::Library;
use crate::scene::Shape;

/// Corners of a circle about the Y axis.
pub const SEGMENTS: u32 = 48;
/// Bands of a sphere from pole to pole.
pub const SPHERE_BANDS: u32 = 24;
/// Corners of a torus's tube.
pub const TUBE_SEGMENTS: u32 = 24;

/// Says exactly which vertex data a shape has: equal keys, equal meshes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MeshKey {
    /// Edge length 1.
    Box,
    /// Radius 1.
    Sphere,
    /// Radius 1, height 1.
    Cylinder,
    /// Radius 1, height 1.
    Cone,
    /// Edge length 1.
    Plane,
    /// Radius 1.
    Capsule {
        /// Bits of the height of the cylindrical part over the radius, an `f64`.
        height: u64,
    },
    /// Major radius 1.
    Torus {
        /// Bits of the minor radius over the major one, an `f64`.
        minor_radius: u64,
    },
}

/// The canonical mesh of `shape`, and the scale that turns it into `shape`. `None` for shapes that have
/// a model.
pub fn key_and_scale(shape: &Shape) -> Option<(MeshKey, DVec3)> {
    Some(match *shape {
        Shape::Box(size) => (MeshKey::Box, size),
        Shape::Sphere(radius) => (MeshKey::Sphere, DVec3::splat(radius)),
        Shape::Cylinder { radius, height } => (MeshKey::Cylinder, DVec3::new(radius, height, radius)),
        Shape::Cone { radius, height } => (MeshKey::Cone, DVec3::new(radius, height, radius)),
        Shape::Plane(size) => (MeshKey::Plane, DVec3::new(size.x, 1.0, size.y)),
        Shape::Capsule { radius, height } => {
            (MeshKey::Capsule { height: (height / radius).to_bits() }, DVec3::splat(radius))
        }
        Shape::Torus { major_radius, minor_radius } => {
            (MeshKey::Torus { minor_radius: (minor_radius / major_radius).to_bits() }, DVec3::splat(major_radius))
        }
        Shape::Gltf(_) | Shape::File(_) | Shape::Made(_) => return None,
    })
}

/// The bounding box of `shape` in its own frame, exact (of the true shape, not of its polygons).
/// `None` where it needs a model that `library` does not have.
pub fn local_bounds(shape: &Shape, library: &Library) -> Option<(DVec3, DVec3)> {
    let half = match *shape {
        Shape::Box(size) => size / 2.0,
        Shape::Sphere(radius) => DVec3::splat(radius),
        Shape::Cylinder { radius, height } | Shape::Cone { radius, height } => DVec3::new(radius, height / 2.0, radius),
        Shape::Capsule { radius, height } => DVec3::new(radius, height / 2.0 + radius, radius),
        Shape::Torus { major_radius, minor_radius } => {
            DVec3::new(major_radius + minor_radius, minor_radius, major_radius + minor_radius)
        }
        Shape::Plane(size) => DVec3::new(size.x / 2.0, 0.0, size.y / 2.0),
        Shape::Gltf(_) | Shape::File(_) | Shape::Made(_) => {
            let model = library.geometry(shape)?;
            return Some((model.min, model.max));
        }
    };
    Some((-half, half))
}

/// How far the true shape reaches along `direction`, in its own frame: the greatest `p . direction` over its points `p` (its
/// support function; the length of `direction` counts). `None` for shapes that have a model.
///
/// Closed forms (Schneider, *Convex Bodies*, 1.7): that of a ball is `r |d|`, of a disc about the Y axis `r |(dx, dz)|`, of a segment
/// between `+-a` it is `|a . d|`, and that of a Minkowski sum is the sum. A cylinder is disc + segment, a capsule segment + ball, a
/// torus circle + ball (and a circle reaches as far as its disc); a cone reaches as far as its tip or its base.
pub fn support(shape: &Shape, direction: DVec3) -> Option<f64> {
    let across = DVec2::new(direction.x, direction.z).length();
    Some(match *shape {
        Shape::Box(size) => (size / 2.0).dot(direction.abs()),
        Shape::Plane(size) => (size / 2.0).dot(DVec2::new(direction.x, direction.z).abs()),
        Shape::Sphere(radius) => radius * direction.length(),
        Shape::Cylinder { radius, height } => radius * across + height / 2.0 * direction.y.abs(),
        Shape::Cone { radius, height } => {
            let tip = height / 2.0 * direction.y;
            tip.max(radius * across - tip)
        }
        Shape::Capsule { radius, height } => height / 2.0 * direction.y.abs() + radius * direction.length(),
        Shape::Torus { major_radius, minor_radius } => major_radius * across + minor_radius * direction.length(),
        Shape::Gltf(_) | Shape::File(_) | Shape::Made(_) => return None,
    })
}

/// The tight box of the true shape along the axes of the world. `None` for glTF files.
///
/// Exact for every shape and every affine map, mirrored and of unequal scale too: the support function of `A K` at `d` is that of
/// `K` at `A^T d`, and `A^T` takes the k-th axis of the world to the k-th row of `A`.
pub fn world_bounds(shape: &Shape, world_from_shape: &DAffine3) -> Option<(DVec3, DVec3)> {
    let rows = world_from_shape.matrix3.transpose();
    let reach = |sign: f64| {
        let along = |row: DVec3| support(shape, sign * row);
        Some(DVec3::new(along(rows.x_axis)?, along(rows.y_axis)?, along(rows.z_axis)?))
    };
    let origin = world_from_shape.translation;
    Some((origin - reach(-1.0)?, origin + reach(1.0)?))
}

/// The triangles that `key` stands for, without tangents.
pub fn surface(key: &MeshKey) -> Mesh {
    Mesh { tangents: Vec::new(), ..build(key) }
}

/// The triangles that `key` stands for, with tangents: the directions in which u grows, of the true shape. They are those that MikkTSpace
/// finds from the triangles, but need no search.
pub fn build(key: &MeshKey) -> Mesh {
    let mut mesh = Mesh::default();
    match *key {
        MeshKey::Box => {
            for n in [DVec3::X, DVec3::NEG_X, DVec3::Y, DVec3::NEG_Y, DVec3::Z, DVec3::NEG_Z] {
                // Upright textures on the sides; +Y and -Y read from above and below with -Z and +Z up.
                let up = if n.y == 0.0 { DVec3::Y } else { DVec3::new(0.0, 0.0, -n.y) };
                quad(&mut mesh, n / 2.0, up.cross(n), up);
            }
        }
        MeshKey::Plane => quad(&mut mesh, DVec3::ZERO, DVec3::X, DVec3::NEG_Z),
        MeshKey::Sphere => lathe(&mut mesh, &arc(0.0, PI, SPHERE_BANDS, 0.0, 0.0, 1.0)),
        MeshKey::Cylinder => {
            let side = |y: f64| Ring { at: DVec2::new(1.0, y), normal: DVec2::X, v: 0.5 - y };
            lathe(&mut mesh, &[side(0.5), side(-0.5)]);
            disc(&mut mesh, 0.5, true);
            disc(&mut mesh, -0.5, false);
        }
        MeshKey::Cone => {
            // The side falls at 45 degrees, and so does its normal.
            let normal = DVec2::ONE.normalize();
            let tip = Ring { at: DVec2::new(0.0, 0.5), normal, v: 0.0 };
            let base = Ring { at: DVec2::new(1.0, -0.5), normal, v: 1.0 };
            lathe(&mut mesh, &[tip, base]);
            disc(&mut mesh, -0.5, false);
        }
        MeshKey::Capsule { height } => {
            let height = f64::from_bits(height);
            // v runs evenly along the profile: a quarter circle, the side, a quarter circle.
            let length = PI + height;
            let mut profile = arc(0.0, PI / 2.0, SPHERE_BANDS / 2, height / 2.0, 0.0, PI / 2.0 / length);
            profile.extend(arc(PI / 2.0, PI, SPHERE_BANDS / 2, -height / 2.0, (PI / 2.0 + height) / length, 1.0));
            lathe(&mut mesh, &profile);
        }
        MeshKey::Torus { minor_radius } => {
            let minor = f64::from_bits(minor_radius);
            // From the inner equator over the top to the outer equator, and back below.
            let profile: Vec<_> = (0..=TUBE_SEGMENTS)
                .map(|j| {
                    let turn = f64::from(j % TUBE_SEGMENTS) / f64::from(TUBE_SEGMENTS);
                    let (sin, cos) = libm::sincos(PI - TAU * turn);
                    let normal = DVec2::new(cos, sin);
                    Ring { at: DVec2::X + minor * normal, normal, v: f64::from(j) / f64::from(TUBE_SEGMENTS) }
                })
                .collect();
            lathe(&mut mesh, &profile);
        }
    }
    mesh
}

/// One ring of a surface of revolution: (distance from the axis, height) of point and normal.
struct Ring {
    at: DVec2,
    normal: DVec2,
    v: f64,
}

/// Part of a unit circle's profile, by the angle from straight up; `lift` raises it.
fn arc(from: f64, to: f64, bands: u32, lift: f64, v_from: f64, v_to: f64) -> Vec<Ring> {
    (0..=bands)
        .map(|j| {
            let t = f64::from(j) / f64::from(bands);
            let angle = from + (to - from) * t;
            let (sin, cos) = libm::sincos(angle);
            // sin(pi) is not quite 0 in floating point; the pole is.
            let normal = if angle == 0.0 || angle == PI { DVec2::new(0.0, cos) } else { DVec2::new(sin, cos) };
            Ring { at: normal + DVec2::new(0.0, lift), normal, v: v_from + (v_to - v_from) * t }
        })
        .collect()
}

/// Turns a profile, listed from the top down along the outside, about the Y axis. Azimuth grows from +Z towards +X.
fn lathe(mesh: &mut Mesh, profile: &[Ring]) {
    let row = SEGMENTS + 1; // the seam has two columns, u = 0 and u = 1
    let first = count(mesh);
    let last = profile.len() - 1;
    for (j, ring) in profile.iter().enumerate() {
        for i in 0..row {
            // On the axis every triangle has a vertex of its own, in the middle of its segment.
            let shift = match j {
                0 if ring.at.x == 0.0 => 0.5,
                _ if j == last && ring.at.x == 0.0 => -0.5,
                _ => 0.0,
            };
            let turn = (f64::from(i) + shift) / f64::from(SEGMENTS);
            // The last column is the first one, bit for bit, so that the surface is closed.
            let (sin, cos) = libm::sincos(TAU * if i == SEGMENTS && shift == 0.0 { 0.0 } else { turn });
            let about = |p: DVec2| DVec3::new(p.x * sin, p.y, p.x * cos);
            let along = DVec3::new(cos, 0.0, -sin);
            vertex(mesh, about(ring.at), about(ring.normal), along, DVec2::new(turn, ring.v));
        }
    }
    for j in 0..last {
        let start = first + row * u32::try_from(j).unwrap_or(0); // a profile has some dozen rings
        for i in 0..SEGMENTS {
            let (top_left, bottom_left) = (start + i, start + row + i);
            let (top_right, bottom_right) = (top_left + 1, bottom_left + 1);
            if profile[j + 1].at.x > 0.0 {
                mesh.indices.extend([top_left, bottom_left, bottom_right]);
            }
            if profile[j].at.x > 0.0 {
                // Under a pole the left top vertex is the triangle's own; elsewhere both are the ring's.
                mesh.indices.extend([top_left, bottom_right, top_right]);
            }
        }
    }
}

/// A unit disc at height `y`, facing up or down.
fn disc(mesh: &mut Mesh, y: f64, up: bool) {
    let normal = if up { DVec3::Y } else { DVec3::NEG_Y };
    let uv = |x: f64, z: f64| DVec2::new(0.5 + 0.5 * x, 0.5 + 0.5 * z * normal.y);
    let centre = vertex(mesh, DVec3::new(0.0, y, 0.0), normal, DVec3::X, uv(0.0, 0.0));
    for i in 0..SEGMENTS {
        let (x, z) = libm::sincos(TAU * f64::from(i) / f64::from(SEGMENTS));
        vertex(mesh, DVec3::new(x, y, z), normal, DVec3::X, uv(x, z));
    }
    for i in 0..SEGMENTS {
        let (a, b) = (centre + 1 + i, centre + 1 + (i + 1) % SEGMENTS);
        mesh.indices.extend(if up { [centre, a, b] } else { [centre, b, a] });
    }
}

/// A unit square about `centre` that faces `right x up`.
fn quad(mesh: &mut Mesh, centre: DVec3, right: DVec3, up: DVec3) {
    let first = count(mesh);
    for (s, t) in [(0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (0.0, 0.0)] {
        vertex(mesh, centre + right * (s - 0.5) + up * (0.5 - t), right.cross(up), right, DVec2::new(s, t));
    }
    mesh.indices.extend([first, first + 1, first + 2, first, first + 2, first + 3]);
}

fn count(mesh: &Mesh) -> u32 {
    u32::try_from(mesh.positions.len()).unwrap_or(u32::MAX) // primitives have a few thousand vertices
}

/// A vertex at which u grows along `tangent`, and v against `normal x tangent`.
fn vertex(mesh: &mut Mesh, position: DVec3, normal: DVec3, tangent: DVec3, uv: DVec2) -> u32 {
    let index = count(mesh);
    mesh.positions.push(position.as_vec3().to_array());
    mesh.normals.push(normal.as_vec3().to_array());
    mesh.uvs.push(uv.as_vec2().to_array());
    mesh.tangents.push(tangent.as_vec3().extend(1.0).to_array());
    index
}
