//! Ground: heights over a grid.

use glam::{DVec2, DVec3};

use super::builder::Builder;
use super::field::Field;
use crate::mesh::Mesh;

/// A rectangle in the XZ plane that faces up, raised and lowered by noise: `height` from the lowest that it may be to the highest, half of
/// it above 0.
pub(super) fn mesh(size: DVec2, height: f64, field: &Field, resolution: u32) -> Mesh {
    let mut out = Builder::default();
    let row = resolution + 1;
    for j in 0..row {
        for i in 0..row {
            let uv = DVec2::new(f64::from(i), f64::from(j)) / f64::from(resolution);
            let ground = DVec3::new((uv.x - 0.5) * size.x, 0.0, (uv.y - 0.5) * size.y);
            let slope = field.gradient(ground) * height / 2.0;
            let position = ground + DVec3::Y * (field.at(ground) * height / 2.0);
            out.vertex(position, DVec3::new(-slope.x, 1.0, -slope.z), uv);
        }
    }
    for j in 0..resolution {
        for i in 0..resolution {
            let (far, near) = (j * row + i, (j + 1) * row + i);
            out.quad(near, near + 1, far + 1, far);
        }
    }
    out.finish()
}
