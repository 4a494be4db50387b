//! Triangles by what is nearest to a point, and by what a ray meets.

use glam::DVec3;
use rapier3d_f64::parry::query::{PointQueryWithLocation, Ray, RayCast, RayCullingMode};
use rapier3d_f64::parry::shape::TriMesh;

use super::theirs;
use crate::mesh::Mesh;

/// Triangles that can be asked which of them a point is on, or a ray meets.
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

    /// The triangle that a ray meets first and how far along it, in lengths of `direction`, within `most`. Backs count where `backs` says so.
    pub fn ray(&self, origin: DVec3, direction: DVec3, most: f64, backs: bool) -> Option<(usize, f64)> {
        let ray = Ray::new(theirs(origin), theirs(direction));
        let hit = if backs {
            self.0.cast_local_ray_and_get_normal(&ray, most, false)
        } else {
            self.0.cast_local_ray_with_culling(&ray, most, RayCullingMode::IgnoreBackfaces)
        }?;
        Some((hit.subshape as usize, hit.time_of_impact))
    }
}
