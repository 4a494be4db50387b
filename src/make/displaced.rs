//! Surfaces that noise moves in and out, finely enough divided for it.

use std::collections::BTreeMap;

use glam::{DVec3, Vec2, Vec3};

use super::field::Field;
use crate::mesh::Mesh;

/// A mesh whose points are moved along its normals by up to `amplitude`, after its edges are divided until none is longer than
/// `longest` or there are `most` triangles.
///
/// Points in one place move as one, along the mean of the normals there, so that what is closed stays so.
pub(super) fn mesh(mesh: &Mesh, amplitude: f64, longest: f64, field: &Field, most: usize) -> Mesh {
    let mut mesh = divided(mesh, longest, most);
    let mut normals: BTreeMap<[u32; 3], DVec3> = BTreeMap::new();
    for (t, [a, b, c]) in mesh.indices.as_chunks::<3>().0.iter().zip(mesh.triangles()) {
        // As large as the triangle: large faces count for more.
        let face = (b - a).cross(c - a);
        for &i in t {
            *normals.entry(place(mesh.positions[i as usize])).or_default() += face;
        }
    }
    for (position, normal) in mesh.positions.iter_mut().zip(&mut mesh.normals) {
        let way = normals.get(&place(*position)).copied().unwrap_or_default().normalize_or_zero();
        let p = DVec3::from(position.map(f64::from));
        let n = DVec3::from(normal.map(f64::from));
        // The normal of p + n f(p) is n less what of f's gradient lies in the surface.
        let slope = field.gradient(p) * amplitude;
        *normal = (n - (slope - n * slope.dot(n))).normalize_or(n).as_vec3().to_array();
        *position = ((p + way * (amplitude * field.at(p))).as_vec3() + 0.0).to_array();
    }
    mesh
}

fn place(position: [f32; 3]) -> [u32; 3] {
    position.map(|c| (c + 0.0).to_bits())
}

/// Divides edges that are longer than `longest` at their middles. Whether an edge is divided depends on its two ends alone, so that the
/// triangles on both sides agree.
fn divided(mesh: &Mesh, longest: f64, most: usize) -> Mesh {
    let mut mesh = Mesh { tangents: Vec::new(), ..mesh.clone() };
    loop {
        let at = |i: u32| Vec3::from(mesh.positions[i as usize]).as_dvec3();
        let long = |a: u32, b: u32| at(a).distance_squared(at(b)) > longest * longest;
        let triangles = mesh.indices.as_chunks::<3>().0;
        // A triangle becomes at most four.
        if 4 * triangles.len() > most || !triangles.iter().any(|&[a, b, c]| long(a, b) || long(b, c) || long(c, a)) {
            return mesh;
        }
        let mut next = Mesh { indices: Vec::with_capacity(4 * mesh.indices.len()), ..mesh.clone() };
        next.indices.clear();
        let mut middles: BTreeMap<(u32, u32), u32> = BTreeMap::new();
        for &[a, b, c] in triangles {
            let split = [(a, b), (b, c), (c, a)].map(|(a, b)| long(a, b));
            let mut middle = |a: u32, b: u32| {
                *middles.entry((a.min(b), a.max(b))).or_insert_with(|| add_middle(&mut next, a.min(b), a.max(b)))
            };
            match split {
                [false, false, false] => next.indices.extend([a, b, c]),
                [true, true, true] => {
                    let (x, y, z) = (middle(a, b), middle(b, c), middle(c, a));
                    next.indices.extend([a, x, z, x, b, y, z, y, c, x, y, z]);
                }
                _ => {
                    // Turned so that the first edge is split, and the last is not.
                    let [a, b, c] = match split {
                        [true, _, false] => [a, b, c],
                        [false, true, _] => [b, c, a],
                        _ => [c, a, b],
                    };
                    let x = middle(a, b);
                    if long(b, c) {
                        let y = middle(b, c);
                        next.indices.extend([x, b, y, a, x, y, a, y, c]);
                    } else {
                        next.indices.extend([a, x, c, x, b, c]);
                    }
                }
            }
        }
        mesh = next;
    }
}

/// A vertex halfway between two.
fn add_middle(mesh: &mut Mesh, a: u32, b: u32) -> u32 {
    let (a, b) = (a as usize, b as usize);
    let index = u32::try_from(mesh.positions.len()).unwrap_or(u32::MAX);
    let half = |list: &[[f32; 3]]| (Vec3::from(list[a]) + Vec3::from(list[b])) / 2.0;
    let (position, normal) = (half(&mesh.positions), half(&mesh.normals));
    mesh.positions.push((position + 0.0).to_array());
    mesh.normals.push(normal.normalize_or(Vec3::Y).to_array());
    let uv = |list: &[[f32; 2]]| ((Vec2::from(list[a]) + Vec2::from(list[b])) / 2.0).to_array();
    mesh.uvs.push(uv(&mesh.uvs));
    if !mesh.uvs1.is_empty() {
        mesh.uvs1.push(uv(&mesh.uvs1));
    }
    if !mesh.colors.is_empty() {
        mesh.colors.push(std::array::from_fn(|c| (mesh.colors[a][c] + mesh.colors[b][c]) / 2.0));
    }
    index
}
