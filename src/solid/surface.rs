//! Triangles by what is nearest to a point.

use glam::DVec3;
use rapier3d_f64::parry::query::PointQueryWithLocation;
use rapier3d_f64::parry::shape::TriMesh;

use super::theirs;
use crate::mesh::Mesh;

/// Triangles that can be asked which of them a point is on.
pub struct Surface(TriMesh);

impl Surface {
    /// The triangles of a mesh, by number. `None` where it has none.
    pub fn new(mesh: &Mesh) -> Option<Self> {
        let points = mesh.positions.iter().map(|p| theirs(DVec3::from_array(p.map(f64::from)))).collect();
        let indices = mesh.indices.chunks_exact(3).map(|t| [t[0], t[1], t[2]]).collect();
        TriMesh::new(points, indices).ok().map(Self)
    }

    /// The triangle that is nearest to a point, and the shares of its corners in the point of it that is nearest.
    pub fn nearest(&self, point: DVec3) -> Option<(usize, [f64; 3])> {
        let (_, (triangle, place)) = self.0.project_local_point_and_get_location(theirs(point), false);
        Some((triangle as usize, place.barycentric_coordinates()?))
    }
}
