//! Superellipsoids.

use std::f64::consts::{PI, TAU};

use glam::{DVec2, DVec3};

use crate::mesh::Mesh;

/// Columns about the Y axis, a multiple of 8 so that corners of square outlines are among them.
const COLUMNS: u32 = 64;
/// Bands from pole to pole.
const BANDS: u32 = 32;

/// `size` is that of the bounding box; the exponents are those of [`super::Made::Superellipsoid`].
pub(super) fn mesh(size: DVec3, vertical: f64, horizontal: f64) -> Mesh {
    let half = size / 2.0;
    let mut mesh = Mesh::default();
    for j in 0..=BANDS {
        let polar = PI * f64::from(j) / f64::from(BANDS);
        let pole = j == 0 || j == BANDS;
        for i in 0..=COLUMNS {
            // On a pole every triangle has a vertex of its own, in the middle of its segment.
            let turn = (f64::from(i) + if pole { 0.5 } else { 0.0 }) / f64::from(COLUMNS);
            // The last column is the first one, bit for bit, so that the surface is closed.
            let azimuth = TAU * if i == COLUMNS && !pole { 0.0 } else { turn };
            let point = |vertical: f64, horizontal: f64| {
                let (sin_p, cos_p) = (signed(sine(polar), vertical), signed(cosine(polar), vertical));
                let (sin_a, cos_a) = (signed(sine(azimuth), horizontal), signed(cosine(azimuth), horizontal));
                DVec3::new(sin_p * sin_a, cos_p, sin_p * cos_a)
            };
            let position = if pole { DVec3::Y * cosine(polar) } else { point(vertical, horizontal) } * half;
            let normal = if pole { DVec3::Y * cosine(polar) } else { point(2.0 - vertical, 2.0 - horizontal) } / half;
            mesh.positions.push(position.as_vec3().to_array());
            mesh.normals.push(normal.normalize_or(DVec3::Y).as_vec3().to_array());
            mesh.uvs.push(DVec2::new(turn, polar / PI).as_vec2().to_array());
        }
    }
    let row = COLUMNS + 1;
    for j in 0..BANDS {
        for i in 0..COLUMNS {
            let (top, bottom) = (j * row + i, (j + 1) * row + i);
            if j + 1 < BANDS {
                mesh.indices.extend([top, bottom, bottom + 1]);
            }
            if j > 0 {
                mesh.indices.extend([top, if j + 1 < BANDS { bottom + 1 } else { bottom }, top + 1]);
            }
        }
    }
    mesh
}

/// Exact where it is 0.
fn sine(angle: f64) -> f64 {
    if angle == 0.0 || angle == PI { 0.0 } else { libm::sin(angle) }
}

fn cosine(angle: f64) -> f64 {
    if angle == PI / 2.0 || angle == 1.5 * PI { 0.0 } else { libm::cos(angle) }
}

fn signed(value: f64, power: f64) -> f64 {
    libm::pow(value.abs(), power).copysign(value)
}
