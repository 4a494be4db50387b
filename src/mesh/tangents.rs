//! Tangents as every exporter and baker of normal maps computes them (MikkTSpace).

use std::collections::BTreeMap;

use bevy_mikktspace::{Geometry, Ops, TangentSpace, generate_tangents};
use glam::Vec3;

use super::Mesh;

/// Square root and arc cosine with the same bits on every platform.
struct Portable;

impl Ops for Portable {
    fn sqrt(x: f32) -> f32 {
        libm::sqrtf(x)
    }

    fn acos(x: f32) -> f32 {
        // Through f64, as the C original does. An f32 result of an f64 arc cosine cannot overflow.
        #[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is the point")]
        let angle = libm::acos(f64::from(x)) as f32;
        angle
    }
}

/// One tangent per corner of every triangle: MikkTSpace works on unwelded faces.
struct Corners<'a> {
    mesh: &'a Mesh,
    uvs: &'a [[f32; 2]],
    /// Triangles that have three distinct corners.
    faces: Vec<usize>,
    tangents: Vec<Option<[f32; 4]>>,
}

impl Corners<'_> {
    fn vertex(&self, face: usize, vert: usize) -> usize {
        self.mesh.indices[self.faces[face] * 3 + vert] as usize
    }
}

impl Geometry<Portable> for Corners<'_> {
    fn num_faces(&self) -> usize {
        self.faces.len()
    }

    fn num_vertices_of_face(&self, _face: usize) -> usize {
        3
    }

    fn position(&self, face: usize, vert: usize) -> [f32; 3] {
        self.mesh.positions[self.vertex(face, vert)]
    }

    fn normal(&self, face: usize, vert: usize) -> [f32; 3] {
        self.mesh.normals[self.vertex(face, vert)]
    }

    fn tex_coord(&self, face: usize, vert: usize) -> [f32; 2] {
        self.uvs[self.vertex(face, vert)]
    }

    fn set_tangent(&mut self, tangent_space: Option<TangentSpace>, face: usize, vert: usize) {
        // MikkTSpace calls a triangle orientation preserving when its UVs run the same way round as its corners, with
        // v up. glTF's v runs down, so the sign flips: an upright texture seen from the front has w = +1.
        self.tangents[self.faces[face] * 3 + vert] = tangent_space.map(|space| {
            let [x, y, z, w] = space.tangent_encoded();
            [x, y, z, -w]
        });
    }
}

/// MikkTSpace recurses from triangle to triangle about a point. A fan larger than this gets arbitrary tangents instead
/// of a chance to overflow the stack; no real model comes near.
const MAX_CORNERS_AT_A_POINT: usize = 1024;

fn most_corners_at_a_point(mesh: &Mesh) -> usize {
    let mut corners: BTreeMap<[u32; 3], usize> = BTreeMap::new();
    for &i in &mesh.indices {
        *corners.entry(mesh.positions[i as usize].map(|c| (c + 0.0).to_bits())).or_default() += 1;
    }
    corners.into_values().max().unwrap_or(0)
}

/// MikkTSpace searches the whole mesh for a neighbour of each triangle without area; leaving those out keeps it linear.
fn distinct_faces(mesh: &Mesh) -> Vec<usize> {
    let corners = |f: usize| [0, 1, 2].map(|k| mesh.positions[mesh.indices[f * 3 + k] as usize]);
    let distinct = |[a, b, c]: [[f32; 3]; 3]| a != b && b != c && c != a;
    (0..mesh.indices.len() / 3).filter(|&f| distinct(corners(f))).collect()
}

/// Computes the tangents of `mesh` from its positions, normals and first UVs.
///
/// Vertices whose corners disagree about the tangent are split and unused ones dropped, so the vertex count may change;
/// triangles keep their order. Where UVs give no direction, any unit vector across the normal is taken.
pub fn add_tangents(mesh: &mut Mesh) {
    add_tangents_along(mesh, 0);
}

/// The same along the UVs of a set: 0 for `uvs`, 1 for `uvs1` (those by which its normal map is looked up).
pub fn add_tangents_along(mesh: &mut Mesh, uv_set: u8) {
    let faces = if most_corners_at_a_point(mesh) <= MAX_CORNERS_AT_A_POINT { distinct_faces(mesh) } else { Vec::new() };
    let uvs = if uv_set == 1 && !mesh.uvs1.is_empty() { &mesh.uvs1 } else { &mesh.uvs };
    let mut corners = Corners { mesh, uvs, faces, tangents: vec![None; mesh.indices.len()] };
    // The error type has no values: this cannot fail.
    let _ = generate_tangents(&mut corners);
    let tangents = corners.tangents;

    let mut out = Mesh::default();
    let mut welded: BTreeMap<(u32, [u32; 4]), u32> = BTreeMap::new();
    for (&vertex, tangent) in mesh.indices.iter().zip(tangents) {
        let old = vertex as usize;
        let tangent = across(mesh.normals[old], tangent);
        let index = *welded.entry((vertex, tangent.map(f32::to_bits))).or_insert_with(|| {
            let new = u32::try_from(out.positions.len()).unwrap_or(u32::MAX); // at most one vertex per u32-counted corner
            out.positions.push(mesh.positions[old]);
            out.normals.push(mesh.normals[old]);
            out.uvs.push(mesh.uvs[old]);
            out.uvs1.extend(mesh.uvs1.get(old));
            out.colors.extend(mesh.colors.get(old));
            out.tangents.push(tangent);
            new
        });
        out.indices.push(index);
    }
    *mesh = out;
}

/// `tangent` made unit and orthogonal to `normal`; any such vector where it has no direction of its own.
pub(crate) fn across(normal: [f32; 3], tangent: Option<[f32; 4]>) -> [f32; 4] {
    let n = Vec3::from(normal);
    let [x, y, z, w] = tangent.unwrap_or([0.0, 0.0, 0.0, 1.0]);
    let t = Vec3::new(x, y, z);
    let t = t - n * n.dot(t);
    let t = if t.is_finite() && t.length() > 1e-3 { t.normalize() } else { n.any_orthonormal_vector() };
    [t.x, t.y, t.z, if w < 0.0 { -1.0 } else { 1.0 }]
}
