//! Geometry as plain vertex data. No GPU types.

/// Triangles. All vertex arrays have the same length; indices come in threes, counter-clockwise seen from outside.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mesh {
    /// Metres, in the frame of the asset.
    pub positions: Vec<[f32; 3]>,
    /// Unit normals.
    pub normals: Vec<[f32; 3]>,
    /// Texture coordinates, v down (glTF's convention).
    pub uvs: Vec<[f32; 2]>,
    /// Unit tangents with the bitangent's sign in `w`.
    pub tangents: Vec<[f32; 4]>,
    /// Three per triangle.
    pub indices: Vec<u32>,
}
