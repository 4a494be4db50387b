//! What scenes name: models and textures, read from files or made from numbers, once, and shared.

mod accessor;
mod animation;
pub mod cache;
mod calibration;
mod collection;
pub mod file;
mod font;
mod json;
mod licence;
mod material;
mod meshopt;
pub mod model;
mod morph;
mod nodes;
mod obj;
mod plain;
mod ply;
mod posed;
mod primitive;
mod skin;
pub mod sky;
mod split;
mod stl;
pub mod texture;
mod uv;

pub use calibration::{CalibratedCamera, Calibration};
pub use collection::NotCollected;
pub use file::sha256;
pub use font::{Font, Glyph};
pub use posed::{FileShape, Fit, MOST_MORPH, Pivot, Playing, Taken, Unit, UpAxis};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glam::DVec3;
use serde::{Deserialize, Serialize};

use self::cache::Cache;
use self::sky::Sky;
use crate::confine::{self, Allowed, Folder};
use crate::image::Image;
use crate::make;
use crate::mesh::{Mesh, tangents};
use crate::paint::{self, Baked, Paint};
use crate::scene::{Instance, Material, Shape, SurfaceLabels};
use crate::solid::Solid;

/// All files of a recipe or a scene together take at most so much memory, bytes.
pub const MOST_MEMORY: usize = 12 << 30;
/// Room for models that are made, bytes.
const MADE_MODELS: usize = 128 << 20;
/// Room for textures that are made, bytes.
const MADE_TEXTURES: usize = 192 << 20;
/// Room for their bodies, bytes.
const MADE_SOLIDS: usize = 64 << 20;

/// Everything a recipe (or a scene file) names, by the path as written there.
#[derive(Debug, Default, Clone)]
pub struct Library {
    /// Files of models, as they stand.
    pub models: BTreeMap<String, Arc<Model>>,
    /// Of those that can stand otherwise, what they are made from.
    sources: BTreeMap<String, Arc<model::Source>>,
    /// The files of each collection, by its pattern; sorted.
    pub collections: BTreeMap<String, Arc<Vec<String>>>,
    /// Image files.
    pub textures: BTreeMap<String, Arc<Texture>>,
    /// Panoramas.
    pub skies: BTreeMap<String, Arc<Sky>>,
    /// Font files.
    pub fonts: BTreeMap<String, Arc<Font>>,
    /// Calibration files of cameras.
    pub calibrations: BTreeMap<String, Arc<Calibration>>,
    /// What is made from numbers. Shared by all clones of a library.
    pub made: Arc<MadeThings>,
    /// What may be read beside the folders that paths start from.
    allowed: Allowed,
    /// The last folder that a path started from.
    folder: Option<Arc<Folder>>,
}

/// Things that are made from numbers alone, kept while there is room.
#[derive(Debug)]
pub struct MadeThings {
    /// Geometry alone, by the shape's own words.
    pub models: Cache<Model>,
    /// Models as they are shown, where that is more than their geometry.
    shown: Cache<Model>,
    /// By the hash of the paint's own words.
    pub paints: Cache<Baked>,
    /// The bodies of shapes that have a model, by the shape's own words.
    pub solids: Cache<Solid>,
}

impl Default for MadeThings {
    fn default() -> Self {
        let models = || Cache::new(MADE_MODELS);
        Self { models: models(), shown: models(), paints: Cache::new(MADE_TEXTURES), solids: Cache::new(MADE_SOLIDS) }
    }
}

/// Geometry that is no primitive: a file, flattened to one part per primitive and in its own frame, or what is made from numbers.
#[derive(Debug, Clone)]
pub struct Model {
    /// Never empty.
    pub parts: Vec<Part>,
    /// The nodes called `kp_...`, by the rest of the name: where they stand, metres, in the frame of the file.
    pub keypoints: BTreeMap<String, DVec3>,
    /// Lower corner of the bounding box.
    pub min: DVec3,
    /// Upper corner of the bounding box.
    pub max: DVec3,
    /// What the file is; empty for what is made.
    pub file: AssetFile,
}

/// Triangles of one material.
#[derive(Debug, Clone)]
pub struct Part {
    /// Never empty, and no two parts of a model have the same; see [`model`].
    pub name: String,
    /// Node transforms, morph targets and skins are baked in.
    pub mesh: Arc<Mesh>,
    /// What it shows where its instance has no material.
    pub material: PartMaterial,
    /// Whether it shows its own material whatever its instance wears: so where a recipe gives a material to this very part.
    pub own: bool,
}

/// A texture as one property of a material uses it.
#[derive(Debug, Clone)]
pub struct Map {
    /// The pixels.
    pub texture: Arc<Texture>,
    /// Which UVs of the mesh it is looked up by: 0 for `uvs`, 1 for `uvs1`.
    pub uv_set: u8,
}

impl Map {
    /// Looked up by the first UVs.
    pub fn new(texture: Arc<Texture>) -> Self {
        Self { texture, uv_set: 0 }
    }
}

/// What a texture shows outside of 0..=1, along one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Wrap {
    /// Again.
    #[default]
    Repeat,
    /// Again, every other one mirrored.
    Mirror,
    /// Its edge.
    Clamp,
}

/// Everything that light and labels have to know of a surface, whether a file or a recipe says so. Colours linear; textures shared.
#[derive(Debug, Clone)]
pub struct PartMaterial {
    /// Of a material in a file, and may be empty; empty for a recipe's.
    pub name: String,
    /// Linear RGBA, multiplies the texture.
    pub base_color: [f32; 4],
    /// sRGB.
    pub base_color_texture: Option<Map>,
    /// 0..=1.
    pub metallic: f32,
    /// 0..=1.
    pub roughness: f32,
    /// Linear: roughness in G, metallic in B.
    pub metallic_roughness_texture: Option<Map>,
    /// Linear, tangent space.
    pub normal_texture: Option<Map>,
    /// Linear: occlusion in R.
    pub occlusion_texture: Option<Map>,
    /// cd/m2 per linear channel.
    pub emission: [f32; 3],
    /// sRGB, multiplies `emission`.
    pub emission_texture: Option<Map>,
    /// Cut-out threshold, where the file says MASK.
    pub alpha_mask: Option<f32>,
    /// Whether alpha lets through what is behind, where the file says BLEND.
    pub blend: bool,
    /// Whether backs are surfaces.
    pub double_sided: bool,
    /// `KHR_materials_unlit`.
    pub unlit: bool,
    /// Both sets of UVs are multiplied by this before textures are looked up.
    pub uv_scale: [f32; 2],
    /// Share of light that passes through a thin wall, 0..=1.
    pub transmission: f32,
    /// Share of light that passes diffusely through a thin sheet (leaves, paper), 0..=1.
    pub translucency: f32,
    /// Reflectance at normal incidence of what is no metal: 0.5 is 4 % (`F0 = 0.16 r^2`).
    pub reflectance: f32,
    /// Strength of a clear coat, 0..=1.
    pub clearcoat: f32,
    /// Perceptual roughness of the clear coat, 0..=1.
    pub clearcoat_roughness: f32,
    /// How much reflections are drawn out along one direction, 0..=1.
    pub anisotropy: f32,
    /// That direction, radians from the tangent towards the bitangent.
    pub anisotropy_angle: f32,
    /// What labels make of it.
    pub labels: SurfaceLabels,
    /// What paints textures of it that are not there yet: so in [`Library::geometry`] alone.
    pub paint: Option<Arc<Paint>>,
}

impl PartMaterial {
    /// Whether light looks for a tangent on it.
    pub fn needs_tangents(&self) -> bool {
        self.normal_texture.is_some() || self.anisotropy > 0.0
    }
}

impl Default for PartMaterial {
    /// glTF's default material: white and rough, and no metal (which a file has to say).
    fn default() -> Self {
        Self {
            name: String::new(),
            base_color: [1.0; 4],
            base_color_texture: None,
            metallic: 0.0,
            roughness: 1.0,
            metallic_roughness_texture: None,
            normal_texture: None,
            occlusion_texture: None,
            emission: [0.0; 3],
            emission_texture: None,
            alpha_mask: None,
            blend: false,
            double_sided: false,
            unlit: false,
            uv_scale: [1.0; 2],
            transmission: 0.0,
            translucency: 0.0,
            reflectance: 0.5,
            clearcoat: 0.0,
            clearcoat_roughness: 0.0,
            anisotropy: 0.0,
            anisotropy_angle: 0.0,
            labels: SurfaceLabels::Solid,
            paint: None,
        }
    }
}

/// A decoded image file: 8-bit RGBA, top row first, straight alpha. Whether it is sRGB or linear is decided by its use.
#[derive(Debug)]
pub struct Texture {
    /// Unique within a process: two textures with the same key have the same pixels.
    pub key: String,
    /// The pixels.
    pub image: Image<[u8; 4]>,
    /// What it shows outside of 0..=1, along u and v.
    pub wrap: [Wrap; 2],
    /// What the file is; empty for what is made.
    pub file: AssetFile,
}

/// Provenance of an asset.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AssetFile {
    /// As written in the recipe.
    pub path: String,
    /// SHA-256 of the file, lower-case hex. For a glTF file with external buffers or images, those are listed in
    /// `parts`.
    pub sha256: String,
    /// Files that this file refers to, relative to the recipe's folder, with their hashes.
    pub parts: Vec<(String, String)>,
    /// Under which licence it may be used, where it or the `.license` file beside it says so.
    pub licence: Option<String>,
    /// What the file has and a scene does not show, in words for `check`.
    pub warnings: Vec<String>,
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
    /// It is outside of the folders that may be read.
    #[error("{} leads to {}, which is outside of the folders that may be read\n  {}", path.display(), target.display(), confine::advice(target))]
    Outside {
        /// As named.
        path: PathBuf,
        /// Where that is.
        target: PathBuf,
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
    /// An empty one that may read `allowed` too: else files below the folders that paths start from, and their projects; see [`confine`].
    pub fn allowing(allowed: Allowed) -> Self {
        Self { allowed, ..Self::default() }
    }

    /// Where paths lead that start in `root`.
    pub fn folder(&mut self, root: &Path) -> Arc<Folder> {
        match &self.folder {
            Some(folder) if folder.given() == root => folder.clone(),
            _ => self.folder.insert(Arc::new(Folder::new(root, &self.allowed))).clone(),
        }
    }

    /// A shape that is no primitive, as it is shown all textures of its own painted, and with tangents wherever light looks for them:
    /// `bumpy` says that what it wears in place of its own materials does. `None` for primitives, for files that are not loaded, and for what cannot be made.
    pub fn model(&self, shape: &Shape, bumpy: bool) -> Option<Arc<Model>> {
        let geometry = self.geometry(shape)?;
        let painted = |part: &Part| part.material.paint.is_some();
        let bare = |part: &Part| part.mesh.tangents.is_empty();
        if geometry.parts.iter().all(|part| !painted(part) && (!bumpy || part.own || !bare(part))) {
            return Some(geometry);
        }
        let make = || {
            let mut model = Model::clone(&geometry);
            for part in &mut model.parts {
                if let Some(paint) = part.material.paint.take() {
                    self.paint(&mut part.material, &paint)?;
                }
                if bare(part) && (part.material.needs_tangents() || bumpy && !part.own) {
                    let mut mesh = Mesh::clone(&part.mesh);
                    tangents::add_tangents(&mut mesh);
                    part.mesh = Arc::new(mesh);
                }
            }
            let bytes = model.bytes();
            Ok::<_, String>((model, bytes))
        };
        self.made.shown.get_or_make(&format!("{bumpy} {shape:?}"), make).ok()
    }

    /// The triangles of a shape that is no primitive, and what labels have to know of them: as [`Self::model`], but for textures that
    /// its own materials paint, and tangents.
    pub fn geometry(&self, shape: &Shape) -> Option<Arc<Model>> {
        match shape {
            Shape::Gltf(path) => self.models.get(path).cloned(),
            Shape::File(file) => self.file_model(file).ok(),
            Shape::Made(made) => {
                let make = || {
                    let model = make::build(made, self)?;
                    let bytes = model.bytes();
                    Ok::<_, String>((model, bytes))
                };
                self.made.models.get_or_make(&format!("{made:?}"), make).ok()
            }
            _ => None,
        }
    }

    /// A file in the frame and the pose that is asked for.
    ///
    /// # Errors
    /// It is not loaded, or cannot stand so; in words for an artist.
    pub fn file_model(&self, file: &FileShape) -> Result<Arc<Model>, String> {
        let resting = self.models.get(&file.path).ok_or_else(|| format!("`{}` is not loaded", file.path))?;
        if file.taken == Taken::default() {
            return Ok(resting.clone());
        }
        let make = || {
            let posed = match self.sources.get(&file.path) {
                _ if file.taken.is_unposed() => (**resting).clone(),
                Some(source) => model::pose(source, resting, &file.taken)?,
                None => return Err("it has neither animations nor morph targets".to_owned()),
            };
            let model = posed::moved(posed, resting, &file.taken)?;
            let bytes = model.bytes();
            Ok((model, bytes))
        };
        self.made.models.get_or_make(&format!("{file:?}"), make)
    }

    /// The names of the animations and of the morph targets of a loaded file.
    pub fn poses(&self, path: &str) -> (Vec<String>, Vec<String>) {
        self.sources.get(path).map_or_else(Default::default, |source| {
            (source.animations(), source.morphs().into_iter().map(str::to_owned).collect())
        })
    }

    /// How long an animation of a loaded file is, from its first key to its last, seconds; `None` where there is no such animation.
    pub fn animation_length(&self, path: &str, animation: &str) -> Option<f64> {
        self.sources.get(path)?.animation_length(animation)
    }

    /// How much memory a loaded file takes, bytes, about.
    pub fn memory(&self, path: &str) -> usize {
        let source = self.sources.get(path).map_or(0, |source| source.bytes());
        self.models.get(path).map_or(0, |model| model.bytes() + model.texture_bytes())
            + self.textures.get(path).map_or(0, |texture| texture.image.pixels().len() * 4)
            + self.skies.get(path).map_or(0, |sky| sky.image.pixels().len() * 12)
            + source
    }

    /// The files that a pattern names below `root`: a path with `*`, `?`, `[a-z]` and `**` (any folders), or a folder, of which those
    /// that are models count. Found once.
    ///
    /// # Errors
    /// There is none, or there are too many.
    pub fn collect(&mut self, root: &Path, pattern: &str) -> Result<Arc<Vec<String>>, NotCollected> {
        if let Some(files) = self.collections.get(pattern) {
            return Ok(files.clone());
        }
        let files = Arc::new(collection::find(&self.folder(root), pattern)?);
        self.collections.insert(pattern.to_owned(), files.clone());
        Ok(files)
    }

    /// A recipe's material with its textures.
    ///
    /// # Errors
    /// A texture that it names is not in the library: the path.
    pub fn look(&self, material: &Material) -> Result<PartMaterial, String> {
        let mut look = self.unpainted(material)?;
        if let Some(paint) = look.paint.take() {
            self.paint(&mut look, &paint)?;
        }
        Ok(look)
    }

    /// Gives a material what its paint shows.
    fn paint(&self, look: &mut PartMaterial, paint: &Paint) -> Result<(), String> {
        let baked = self.baked(paint)?;
        for (map, texture) in [
            (&mut look.base_color_texture, &baked.color),
            (&mut look.metallic_roughness_texture, &baked.metallic_roughness),
            (&mut look.normal_texture, &baked.normal),
            (&mut look.emission_texture, &baked.emission),
        ] {
            if let Some(texture) = texture {
                *map = Some(Map::new(texture.clone()));
            }
        }
        Ok(())
    }

    /// A recipe's material with the textures that it has from files.
    ///
    /// # Errors
    /// As [`Self::look`].
    pub(crate) fn unpainted(&self, material: &Material) -> Result<PartMaterial, String> {
        let map = |path: &Option<String>| match path {
            None => Ok(None),
            Some(path) => {
                self.textures.get(path).cloned().map(|texture| Some(Map::new(texture))).ok_or_else(|| path.clone())
            }
        };
        let [r, g, b] = material.base_color.map(narrow);
        Ok(PartMaterial {
            name: String::new(),
            base_color: [r, g, b, narrow(material.alpha)],
            base_color_texture: map(&material.base_color_texture)?,
            metallic: narrow(material.metallic),
            roughness: narrow(material.roughness),
            metallic_roughness_texture: None,
            normal_texture: map(&material.normal_texture)?,
            occlusion_texture: None,
            emission: material.emission.map(narrow),
            emission_texture: None,
            alpha_mask: material.alpha_mask.map(narrow),
            blend: material.blend,
            double_sided: material.double_sided,
            unlit: material.unlit,
            uv_scale: material.tiling.as_vec2().to_array(),
            transmission: narrow(material.transmission),
            translucency: narrow(material.translucency),
            reflectance: narrow(material.reflectance),
            clearcoat: narrow(material.clearcoat),
            clearcoat_roughness: narrow(material.clearcoat_roughness),
            anisotropy: narrow(material.anisotropy),
            anisotropy_angle: narrow(material.anisotropy_angle),
            labels: material.labels,
            paint: material.paint.as_deref().cloned().map(Arc::new),
        })
    }

    /// The images of a paint. Equal paints have the same ones, made once for as long as there is room for them.
    ///
    /// # Errors
    /// A picture that it shows is not in the library: the path.
    pub fn baked(&self, paint: &Paint) -> Result<Arc<Baked>, String> {
        let key = format!("paint/{}", sha256(format!("{paint:?}").as_bytes()));
        self.made.paints.get_or_make(&key, || {
            let baked = paint::bake(paint, &key, self)?;
            let bytes = baked.bytes();
            Ok((baked, bytes))
        })
    }

    /// Loads the model at `path` (as written in a recipe whose folder is `root`), unless it is loaded already.
    ///
    /// The end of its name says what it is: `.obj`, `.ply`, `.stl`, and glTF else. What becomes of the latter is written in [`model`].
    ///
    /// # Errors
    /// The file, or one that it refers to, is missing, unreadable, broken, or needs something that is not supported;
    /// the error names it.
    pub fn load_model(&mut self, root: &Path, path: &str) -> Result<Arc<Model>, AssetError> {
        if let Some(model) = self.models.get(path) {
            return Ok(model.clone());
        }
        let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        let root = self.folder(root);
        let model = match ending.as_deref() {
            Some("obj") => obj::load(&root, path)?,
            Some("ply") => ply::load(&root, path)?,
            Some("stl") => stl::load(&root, path)?,
            _ => {
                let model::Loaded { model, source } = model::load(&root, path)?;
                if let Some(source) = source {
                    self.sources.insert(path.to_owned(), Arc::new(source));
                }
                model
            }
        };
        let model = Arc::new(model);
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
        let texture = Arc::new(texture::load(&self.folder(root), path)?);
        self.textures.insert(path.to_owned(), texture.clone());
        Ok(texture)
    }

    /// Loads the font at `path` (as written in a recipe whose folder is `root`), unless it is loaded already. TrueType and OpenType.
    ///
    /// # Errors
    /// The file is missing, unreadable, or no font.
    pub fn load_font(&mut self, root: &Path, path: &str) -> Result<Arc<Font>, AssetError> {
        if let Some(font) = self.fonts.get(path) {
            return Ok(font.clone());
        }
        let font = Arc::new(Font::load(&self.folder(root), path)?);
        self.fonts.insert(path.to_owned(), font.clone());
        Ok(font)
    }

    /// Loads the calibration at `path` (as written in a recipe whose folder is `root`), unless it is loaded already: what OpenCV, ROS or
    /// Kalibr write.
    ///
    /// # Errors
    /// The file is missing, unreadable, no calibration, or of a lens that this program does not know.
    pub fn load_calibration(&mut self, root: &Path, path: &str) -> Result<Arc<Calibration>, AssetError> {
        if let Some(calibration) = self.calibrations.get(path) {
            return Ok(calibration.clone());
        }
        let calibration = Arc::new(Calibration::load(&self.folder(root), path)?);
        self.calibrations.insert(path.to_owned(), calibration.clone());
        Ok(calibration)
    }

    /// The font at `path`, or where there is none the one that is part of the program. `None` where it is not loaded.
    pub fn font(&self, path: Option<&str>) -> Option<Arc<Font>> {
        match path {
            Some(path) => self.fonts.get(path).cloned(),
            None => Some(Font::built_in()),
        }
    }
}

impl Library {
    /// Loads the panorama at `path` (as written in a recipe whose folder is `root`), unless it is loaded already.
    ///
    /// # Errors
    /// The file is missing, unreadable, no Radiance HDR or OpenEXR, not twice as wide as high, or larger than [`sky::MAX_SIDE`].
    pub fn load_sky(&mut self, root: &Path, path: &str) -> Result<Arc<Sky>, AssetError> {
        if let Some(sky) = self.skies.get(path) {
            return Ok(sky.clone());
        }
        let sky = Arc::new(sky::load(&self.folder(root), path)?);
        self.skies.insert(path.to_owned(), sky.clone());
        Ok(sky)
    }
}

impl Part {
    /// The material of `instance` where it replaces the part's own. Light, labels, audit and tests all follow this one rule: a part that
    /// the recipe gave a material of its own keeps it, all others wear the instance's, if it has one.
    pub fn replaced_by<'a>(&self, instance: &'a Instance) -> Option<&'a Material> {
        instance.material.as_ref().filter(|_| !self.own)
    }

    /// Whether labels see through it.
    pub fn is_seen_through(&self, instance: &Instance) -> bool {
        if let Some(material) = self.replaced_by(instance) {
            return material.labels == SurfaceLabels::SeeThrough;
        }
        self.material.labels == SurfaceLabels::SeeThrough
            || !self.material.name.is_empty() && instance.see_through.contains(&self.material.name)
    }
}

impl Model {
    /// How much memory its vertices take, about; textures are counted where they are made.
    pub fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.mesh.bytes()).sum()
    }
}

impl Model {
    fn texture_bytes(&self) -> usize {
        let maps = self.parts.iter().flat_map(|part| {
            let own = &part.material;
            let maps = [&own.base_color_texture, &own.metallic_roughness_texture, &own.normal_texture];
            maps.into_iter().chain([&own.occlusion_texture, &own.emission_texture]).flatten()
        });
        let each: BTreeMap<&str, usize> =
            maps.map(|map| (map.texture.key.as_str(), map.texture.image.pixels().len() * 4)).collect();
        each.into_values().sum()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the GPU computes in f32")]
fn narrow(value: f64) -> f32 {
    value as f32
}
