//! What OBJ, PLY and STL files have in common: vertices and triangles in one frame.

use std::collections::BTreeMap;

use super::model::{self, MAX_COORDINATE, MAX_TRIANGLES};
use super::{AssetError, AssetFile, Model, Part, PartMaterial, file, licence, primitive};
use crate::confine::Folder;
use crate::mesh::{Mesh, tangents};

/// Triangles as a file lists them. Lists of what it does not have are empty.
#[derive(Debug, Default)]
pub(super) struct Soup {
    pub(super) positions: Vec<[f32; 3]>,
    pub(super) normals: Vec<[f32; 3]>,
    /// v down.
    pub(super) uvs: Vec<[f32; 2]>,
    /// Linear RGBA.
    pub(super) colors: Vec<[f32; 4]>,
    pub(super) indices: Vec<u32>,
}

impl Soup {
    /// Checked and complete: where there are no normals, triangles are flat.
    pub(super) fn mesh(self) -> Result<Mesh, String> {
        let Self { positions, normals, uvs, colors, indices } = self;
        let count = positions.len();
        if indices.is_empty() {
            return Err("there are no triangles in it; a cloud of points has no surface that could be labelled".into());
        }
        if indices.len() / 3 > MAX_TRIANGLES {
            return Err(format!("it has more than {MAX_TRIANGLES} triangles; reduce it (decimate)"));
        }
        if let Some(index) = indices.iter().find(|&&index| index as usize >= count) {
            return Err(format!("index {index} points past the last of {count} vertices"));
        }
        let coordinates = positions.iter().flatten().chain(uvs.iter().flatten());
        if coordinates.into_iter().any(|c| !c.is_finite() || c.abs() > MAX_COORDINATE) {
            return Err(format!("it has coordinates that are not numbers, or are beyond {MAX_COORDINATE}"));
        }
        let whole = |length: usize| length == 0 || length == count;
        if !(whole(normals.len()) && whole(uvs.len()) && whole(colors.len())) {
            return Err(
                "some of its vertices have normals, texture coordinates or colours, and others have none".into()
            );
        }
        let flat = normals.is_empty() || normals.iter().flatten().any(|c| !c.is_finite());
        let uvs = if uvs.is_empty() { vec![[0.0; 2]; count] } else { uvs };
        let white = colors.iter().flatten().all(|&c| c >= 1.0);
        let mut mesh = Mesh {
            positions,
            normals: if flat { Vec::new() } else { normals },
            uvs,
            colors: if white { Vec::new() } else { colors },
            indices,
            ..Mesh::default()
        };
        primitive::keep(&mut mesh, flat);
        if flat {
            mesh.normals = primitive::flat_normals(&mesh);
        }
        for normal in &mut mesh.normals {
            // A zero normal (a triangle without area) has to be some unit vector.
            *normal = glam::Vec3::from(*normal).try_normalize().unwrap_or(glam::Vec3::Y).to_array();
        }
        tangents::add_tangents(&mut mesh);
        Ok(mesh)
    }
}

/// The material of a file that says nothing of one: that of a plain shape, or white under vertex colours.
pub(super) fn untold(colored: bool) -> PartMaterial {
    let grey = if colored { 1.0 } else { 0.6 };
    PartMaterial { base_color: [grey, grey, grey, 1.0], roughness: 0.6, ..PartMaterial::default() }
}

/// Parts as they are read: name, triangles, material.
pub(super) type Pieces = Vec<(String, Mesh, PartMaterial)>;

/// Loads a file whose bytes `read` understands; it may record other files and warnings.
pub(super) fn load(
    root: &Folder,
    path: &str,
    read: impl FnOnce(&[u8], &mut AssetFile) -> Result<Pieces, String>,
) -> Result<Model, AssetError> {
    let bytes = file::read(root, path, file::MAX_BYTES)?;
    let broken = |reason| AssetError::Broken { path: root.join(path), reason };
    let mut asset = AssetFile {
        path: path.to_owned(),
        sha256: file::sha256(&bytes),
        licence: licence::beside(root, path),
        ..AssetFile::default()
    };
    let pieces = read(&bytes, &mut asset).map_err(broken)?;
    let names = model::unique(pieces.iter().map(|(name, ..)| name.clone()).collect());
    let parts = pieces.into_iter().zip(names);
    let parts =
        parts.map(|((_, mesh, material), name)| Part { name, mesh: mesh.into(), material, own: false }).collect();
    asset.parts.sort();
    asset.parts.dedup();
    model::model(parts, BTreeMap::new(), asset).map_err(broken)
}

/// Linear light of an sRGB value (IEC 61966-2-1), as 0..=1.
pub(super) fn linear(srgb: f32) -> f32 {
    let c = f64::from(srgb.clamp(0.0, 1.0));
    let linear = if c <= 0.04045 { c / 12.92 } else { libm::pow((c + 0.055) / 1.055, 2.4) };
    #[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is the point")]
    let linear = linear as f32;
    linear
}
