//! Files that recipes name: glTF models and textures, loaded once and shared.

mod accessor;
pub mod file;
mod material;
pub mod model;
mod morph;
mod nodes;
mod primitive;
mod skin;
pub mod texture;

pub use file::sha256;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glam::DVec3;

use crate::image::Image;
use crate::mesh::Mesh;

/// Everything a recipe (or a scene file) names, by the path as written there.
#[derive(Debug, Default, Clone)]
pub struct Library {
    /// glTF and GLB files.
    pub models: BTreeMap<String, Arc<Model>>,
    /// Image files.
    pub textures: BTreeMap<String, Arc<Texture>>,
}

/// A glTF file, flattened: one part per primitive, in the frame of the file.
#[derive(Debug)]
pub struct Model {
    /// Never empty.
    pub parts: Vec<Part>,
    /// The nodes called `kp_...`, by the rest of the name: where they stand, metres, in the frame of the file.
    pub keypoints: BTreeMap<String, DVec3>,
    /// Lower corner of the bounding box.
    pub min: DVec3,
    /// Upper corner of the bounding box.
    pub max: DVec3,
    /// What the file is.
    pub file: AssetFile,
}

/// Triangles of one material.
#[derive(Debug)]
pub struct Part {
    /// Never empty, and no two parts of a model have the same; see [`model`].
    pub name: String,
    /// Node transforms, morph targets and skins are baked in.
    pub mesh: Arc<Mesh>,
    /// As in the file.
    pub material: PartMaterial,
}

/// The material of a part, as the glTF file has it. Colours linear; textures shared.
#[derive(Debug, Clone)]
pub struct PartMaterial {
    /// May be empty.
    pub name: String,
    /// Linear RGBA, multiplies the texture.
    pub base_color: [f32; 4],
    /// sRGB.
    pub base_color_texture: Option<Arc<Texture>>,
    /// 0..=1.
    pub metallic: f32,
    /// 0..=1.
    pub roughness: f32,
    /// Linear: roughness in G, metallic in B.
    pub metallic_roughness_texture: Option<Arc<Texture>>,
    /// Linear, tangent space.
    pub normal_texture: Option<Arc<Texture>>,
    /// Linear: occlusion in R.
    pub occlusion_texture: Option<Arc<Texture>>,
    /// cd/m2 per linear channel.
    pub emission: [f32; 3],
    /// sRGB, multiplies `emission`.
    pub emission_texture: Option<Arc<Texture>>,
    /// Cut-out threshold, where the file says MASK.
    pub alpha_mask: Option<f32>,
    /// Whether alpha lets through what is behind, where the file says BLEND.
    pub blend: bool,
    /// Whether backs are surfaces.
    pub double_sided: bool,
    /// `KHR_materials_unlit`.
    pub unlit: bool,
}

/// A decoded image file: 8-bit RGBA, top row first, straight alpha. Whether it is sRGB or linear is decided by its use.
#[derive(Debug)]
pub struct Texture {
    /// Unique within a process: two textures with the same key have the same pixels.
    pub key: String,
    /// The pixels.
    pub image: Image<[u8; 4]>,
    /// What the file is.
    pub file: AssetFile,
}

/// Provenance of an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetFile {
    /// As written in the recipe.
    pub path: String,
    /// SHA-256 of the file, lower-case hex. For a glTF file with external buffers or images, those are listed in
    /// `parts`.
    pub sha256: String,
    /// Files that this file refers to, relative to the recipe's folder, with their hashes.
    pub parts: Vec<(String, String)>,
}

/// Why an asset cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AssetError {
    /// No such file.
    #[error("there is no file {0}")]
    Missing(PathBuf),
    /// It is there, but cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what it should be; the text says why, in words for an artist.
    #[error("{path}: {reason}")]
    Broken {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl Library {
    /// Loads the model at `path` (as written in a recipe whose folder is `root`), unless it is loaded already.
    ///
    /// What becomes of the file is written in [`model`].
    ///
    /// # Errors
    /// The file, or one that it refers to, is missing, unreadable, broken, or needs something that is not supported;
    /// the error names it.
    pub fn load_model(&mut self, root: &Path, path: &str) -> Result<Arc<Model>, AssetError> {
        if let Some(model) = self.models.get(path) {
            return Ok(model.clone());
        }
        let model = Arc::new(model::load(root, path)?);
        self.models.insert(path.to_owned(), model.clone());
        Ok(model)
    }

    /// Loads the texture at `path` (as written in a recipe whose folder is `root`), unless it is loaded already.
    /// PNG and JPEG; 16-bit channels are rounded to 8.
    ///
    /// # Errors
    /// The file is missing, unreadable, not an image, or larger than [`texture::MAX_SIDE`].
    pub fn load_texture(&mut self, root: &Path, path: &str) -> Result<Arc<Texture>, AssetError> {
        if let Some(texture) = self.textures.get(path) {
            return Ok(texture.clone());
        }
        let texture = Arc::new(texture::load(root, path)?);
        self.textures.insert(path.to_owned(), texture.clone());
        Ok(texture)
    }
}
