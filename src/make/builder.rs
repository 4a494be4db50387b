//! Vertices and triangles, one after another.

use glam::{DVec2, DVec3};

use crate::mesh::Mesh;

/// A mesh that is being made.
#[derive(Default)]
pub(super) struct Builder {
    mesh: Mesh,
}

impl Builder {
    /// A vertex; `normal` need not be unit.
    pub(super) fn vertex(&mut self, position: DVec3, normal: DVec3, uv: DVec2) -> u32 {
        let index = u32::try_from(self.mesh.positions.len()).unwrap_or(u32::MAX); // at most some millions, see `limits`
        self.mesh.positions.push((position.as_vec3() + 0.0).to_array()); // no -0: corners are compared by their bits
        self.mesh.normals.push(normal.normalize_or(DVec3::Y).as_vec3().to_array());
        self.mesh.uvs.push(uv.as_vec2().to_array());
        index
    }

    /// Counter-clockwise seen from outside.
    pub(super) fn triangle(&mut self, a: u32, b: u32, c: u32) {
        self.mesh.indices.extend([a, b, c]);
    }

    /// Two triangles; corners counter-clockwise seen from outside.
    pub(super) fn quad(&mut self, a: u32, b: u32, c: u32, d: u32) {
        self.mesh.indices.extend([a, b, c, a, c, d]);
    }

    /// Without triangles that have two corners in one place: what they lie between stays closed.
    pub(super) fn finish(mut self) -> Mesh {
        let mesh = &mut self.mesh;
        let at = |i: u32| mesh.positions[i as usize];
        let whole = |t: &&[u32; 3]| at(t[0]) != at(t[1]) && at(t[1]) != at(t[2]) && at(t[2]) != at(t[0]);
        mesh.indices = mesh.indices.as_chunks::<3>().0.iter().filter(whole).flatten().copied().collect();
        self.mesh
    }
}
