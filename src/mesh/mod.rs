//! Geometry as plain vertex data. No GPU types.

pub mod shapes;
pub mod tangents;

use glam::DVec3;

/// Triangles. All vertex arrays have the same length, but those that may be empty; indices come in threes, counter-clockwise seen from outside.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mesh {
    /// Metres, in the frame of the asset.
    pub positions: Vec<[f32; 3]>,
    /// Unit normals.
    pub normals: Vec<[f32; 3]>,
    /// Texture coordinates, v down (glTF's convention).
    pub uvs: Vec<[f32; 2]>,
    /// A second set of texture coordinates; empty where no texture is looked up by it.
    pub uvs1: Vec<[f32; 2]>,
    /// Linear RGBA that multiplies the base colour; empty where it is white throughout.
    pub colors: Vec<[f32; 4]>,
    /// Unit tangents with the bitangent's sign in `w`; empty where nobody has asked for them yet.
    pub tangents: Vec<[f32; 4]>,
    /// Three per triangle.
    pub indices: Vec<u32>,
}

impl Mesh {
    /// Corners of every triangle, in the frame of the asset.
    pub fn triangles(&self) -> impl Iterator<Item = [DVec3; 3]> + '_ {
        self.indices.chunks_exact(3).map(|t| {
            [t[0], t[1], t[2]].map(|i| {
                let [x, y, z] = self.positions[i as usize];
                DVec3::new(f64::from(x), f64::from(y), f64::from(z))
            })
        })
    }

    /// How much memory it takes, about.
    pub fn bytes(&self) -> usize {
        self.positions.len() * 48 + self.uvs1.len() * 8 + self.colors.len() * 16 + self.indices.len() * 4
    }

    /// Lower and upper corner of the bounding box; `None` for a mesh without vertices.
    pub fn bounds(&self) -> Option<(DVec3, DVec3)> {
        let mut points = self.positions.iter().map(|&[x, y, z]| DVec3::new(f64::from(x), f64::from(y), f64::from(z)));
        let first = points.next()?;
        Some(points.fold((first, first), |(min, max), p| (min.min(p), max.max(p))))
    }
}
