//! Meshes, textures and materials on their way to Bevy, each uploaded once for as long as it is used.

use bevy::asset::{Assets, Handle, RenderAssetUsages};
use bevy::color::{Color, ColorToPacked, LinearRgba};
use bevy::ecs::entity::Entity;
use bevy::image::{Image as BevyImage, ImageAddressMode, ImageFilterMode, ImageSampler, ImageSamplerDescriptor};
use bevy::math::{Affine2, Vec2, Vec3};
use bevy::mesh::UvChannel;
use bevy::mesh::{Indices, Mesh as BevyMesh, PrimitiveTopology};
use bevy::pbr::StandardMaterial;
use bevy::prelude::AlphaMode;
use bevy::prelude::World;
use bevy::render::render_resource::{Extent3d, Face, TextureDimension, TextureFormat};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use super::RenderError;
use super::around::Around;
use super::backdrop::Backdrops;
use super::kept::Kept;
use super::surface::{CutOut, Look, Lookup, Textures};
use crate::assets::{AssetError, Library, Map, Model, PartMaterial, Texture, Wrap};
use crate::image::Image;
use crate::mesh::shapes::{self, MeshKey};
use crate::mesh::{Mesh, tangents};
use crate::scene::color::linear_from_srgb;
use crate::scene::{Background, Camera, Environment, Material, Scene, Shape, SurfaceLabels};

/// One mesh with one material: what Bevy draws as one entity.
#[derive(Clone)]
pub(super) struct Piece {
    pub(super) mesh: UploadedMesh,
    pub(super) material: UploadedMaterial,
    /// Scale that takes the mesh to the instance's own frame.
    pub(super) instance_from_local: Vec3,
    /// Whether its material stays, whatever the instance wears: see `Part::own`.
    pub(super) own: bool,
}

/// A mesh on the GPU.
#[derive(Clone)]
pub(super) struct UploadedMesh {
    pub(super) handle: Handle<BevyMesh>,
    /// Bounding box in the mesh's own frame.
    pub(super) min: Vec3,
    pub(super) max: Vec3,
    /// Whether its vertices have second UVs and colours.
    pub(super) rich: bool,
}

/// A material on the GPU, with what the label pass has to know of it.
#[derive(Clone)]
pub(super) struct UploadedMaterial {
    pub(super) handle: Handle<StandardMaterial>,
    pub(super) double_sided: bool,
    /// Whether meshes need tangents under it.
    pub(super) needs_tangents: bool,
    /// A glTF material's name; empty for a recipe's.
    pub(super) name: String,
    pub(super) labels: SurfaceLabels,
    /// What light passes through casts none: Bevy's shadows are whole or not there, and a pane's would be a board's.
    pub(super) casts_shadow: bool,
    /// Whether it shows what is behind it, as light passes through glass.
    pub(super) transmits: bool,
    pub(super) look: Look,
}

/// How a mesh is brought to the GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Form {
    /// Whether its backs are surfaces too.
    backs: bool,
    /// Whether it is turned over along x.
    mirrored: bool,
}

/// What a material asks of the meshes that wear it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Worn {
    /// Their backs are surfaces too.
    backs: bool,
    tangents: bool,
}

/// How a texture's bytes are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Meaning {
    Srgb,
    Linear,
}

/// What is on the GPU already.
pub(super) struct Uploads {
    /// Folder that asset paths are relative to.
    root: PathBuf,
    library: Library,
    /// With tangents where a material that they wear looks for them: these take longer than all the rest.
    shapes: BTreeMap<(MeshKey, Form, bool), UploadedMesh>,
    /// By what a recipe's material that they wear asks of them (`None` where they wear none), and whether they are mirrored.
    models: Kept<(String, Option<Worn>, bool), Vec<Piece>>,
    textures: Kept<(String, Meaning), Handle<BevyImage>>,
    pub(super) backdrops: Backdrops,
    /// What photons fall on, on the CPU.
    pub(super) targets_of_light: crate::bounce::Meshes,
}

/// Room for models and for textures that no scene of late has used, bytes.
const ROOM_FOR_MODELS: usize = 256 << 20;
const ROOM_FOR_TEXTURES: usize = 512 << 20;

impl Uploads {
    pub(super) fn new(root: PathBuf, library: Library) -> Self {
        Self {
            root,
            library,
            shapes: BTreeMap::new(),
            models: Kept::new(ROOM_FOR_MODELS),
            textures: Kept::new(ROOM_FOR_TEXTURES),
            backdrops: Backdrops::default(),
            targets_of_light: crate::bounce::Meshes::default(),
        }
    }

    /// The panorama that cameras see, if they see one.
    pub(super) fn panorama(
        &mut self,
        world: &mut World,
        camera: (usize, &Camera),
        environment: &Environment,
        exposure: f64,
    ) -> Result<Option<Entity>, RenderError> {
        let seen = Around::seen(environment, &self.library)?;
        Ok(seen.map(|seen| self.backdrops.sky(world, camera, &seen, exposure)))
    }

    /// Every asset, as far as it is loaded.
    pub(super) fn library(&self) -> &Library {
        &self.library
    }

    /// Loads what is around a scene, unless it is loaded already.
    pub(super) fn load_surroundings(&mut self, scene: &Scene) -> Result<(), RenderError> {
        if let Environment::Image { path, .. } = &scene.environment {
            self.library.load_sky(&self.root, path)?;
        }
        if let Some(Background::Image { path, .. }) = &scene.background {
            self.library.load_texture(&self.root, path)?;
        }
        Ok(())
    }

    /// The pieces of a shape, with the shape's own materials replaced by `material` where there is one. `mirrored` ones are turned
    /// over along x, with their outsides outside.
    pub(super) fn shape(
        &mut self,
        world: &mut World,
        shape: &Shape,
        mirrored: bool,
        material: Option<&UploadedMaterial>,
        default_material: &UploadedMaterial,
    ) -> Result<Vec<Piece>, RenderError> {
        if shape.has_model() {
            let worn =
                material.map(|material| Worn { backs: material.double_sided, tangents: material.needs_tangents });
            let mut pieces = self.model(world, shape, worn, mirrored)?;
            if let Some(material) = material {
                // `Part::replaced_by` is the rule.
                let worn = pieces.iter_mut().filter(|piece| !piece.own);
                worn.for_each(|piece| piece.material = material.clone());
            }
            return Ok(pieces);
        }
        let (key, scale) = shapes::key_and_scale(shape).expect("every shape without a model is a primitive");
        let material = material.unwrap_or(default_material).clone();
        let form = Form { backs: material.double_sided, mirrored };
        let entry = self.shapes.entry((key, form, material.needs_tangents));
        let build = if material.needs_tangents { shapes::build } else { shapes::surface };
        let mesh = entry.or_insert_with(|| upload_mesh(world, &build(&key), form)).clone();
        Ok(vec![Piece { mesh, material, instance_from_local: scale.as_vec3() * turned(mirrored), own: false }])
    }

    fn model(
        &mut self,
        world: &mut World,
        shape: &Shape,
        worn: Option<Worn>,
        mirrored: bool,
    ) -> Result<Vec<Piece>, RenderError> {
        let key = (format!("{shape:?}"), worn, mirrored);
        if let Some(pieces) = self.models.get(&key) {
            return Ok(pieces);
        }
        let mut paths = Vec::new();
        shape.visit(&mut |shape| paths.extend(shape.file().map(str::to_owned)));
        for path in paths {
            self.library.load_model(&self.root, &path)?;
        }
        let model: Arc<Model> = self
            .library
            .model(shape, worn.is_some_and(|worn| worn.tangents))
            .ok_or_else(|| RenderError::NoModel { shape: format!("{shape:?}") })?;
        let mut pieces = Vec::with_capacity(model.parts.len());
        for part in &model.parts {
            let backs = worn.filter(|_| !part.own).map_or(part.material.double_sided, |worn| worn.backs);
            let form = Form { backs, mirrored };
            let mesh = upload_mesh(world, &part.mesh, form);
            let material = self.look(world, &part.material);
            pieces.push(Piece { mesh, material, instance_from_local: turned(mirrored), own: part.own });
        }
        self.models.insert(key, pieces.clone(), model.bytes());
        Ok(pieces)
    }

    /// Ends a scene: drops primitives of random proportions, which few scenes share, and what there is no room for.
    pub(super) fn end_scene(&mut self) {
        self.models.end_scene();
        self.textures.end_scene();
        self.shapes.retain(|(key, _, _), _| !matches!(key, MeshKey::Capsule { .. } | MeshKey::Torus { .. }));
        // What is made from numbers is made anew for most scenes.
    }

    /// A recipe's material.
    pub(super) fn material(&mut self, world: &mut World, material: &Material) -> Result<UploadedMaterial, RenderError> {
        for path in material.pictures() {
            self.library.load_texture(&self.root, path)?;
        }
        let look = self.library.look(material).map_err(|path| AssetError::Missing(self.root.join(path)))?;
        Ok(self.look(world, &look))
    }

    /// A material with its textures, a recipe's or a file's.
    fn look(&mut self, world: &mut World, material: &PartMaterial) -> UploadedMaterial {
        let mut texture =
            |map: &Option<Map>, meaning| map.as_ref().map(|map| self.texture(world, &map.texture, meaning));
        let color = texture(&material.base_color_texture, Meaning::Srgb);
        let normal = texture(&material.normal_texture, Meaning::Linear);
        let metallic_roughness = texture(&material.metallic_roughness_texture, Meaning::Linear);
        let occlusion = texture(&material.occlusion_texture, Meaning::Linear);
        let emission = texture(&material.emission_texture, Meaning::Srgb);
        let channel = |map: &Option<Map>| match map {
            Some(map) if map.uv_set == 1 => UvChannel::Uv1,
            _ => UvChannel::Uv0,
        };
        let lookup = |map: &Option<Map>, handle: &Option<Handle<BevyImage>>| {
            let (map, handle) = (map.as_ref()?, handle.as_ref()?);
            Some(Lookup { image: handle.id(), wrap: map.texture.wrap, second_uvs: map.uv_set == 1 })
        };
        let textures = Textures {
            color: lookup(&material.base_color_texture, &color),
            normal: lookup(&material.normal_texture, &normal),
            metallic_roughness: lookup(&material.metallic_roughness_texture, &metallic_roughness),
            emission: lookup(&material.emission_texture, &emission),
        };
        let [r, g, b, alpha] = material.base_color;
        let [er, eg, eb] = material.emission;
        let uv_scale = Vec2::from(material.uv_scale);
        let mut standard = StandardMaterial {
            base_color: Color::LinearRgba(LinearRgba::new(r, g, b, alpha)),
            base_color_texture: color,
            base_color_channel: channel(&material.base_color_texture),
            metallic: material.metallic,
            perceptual_roughness: material.roughness,
            metallic_roughness_texture: metallic_roughness,
            metallic_roughness_channel: channel(&material.metallic_roughness_texture),
            normal_map_texture: normal,
            normal_map_channel: channel(&material.normal_texture),
            occlusion_texture: occlusion,
            occlusion_channel: channel(&material.occlusion_texture),
            emissive: LinearRgba::rgb(er, eg, eb),
            emissive_exposure_weight: 1.0,
            emissive_texture: emission,
            emissive_channel: channel(&material.emission_texture),
            unlit: material.unlit,
            uv_transform: Affine2::from_scale(uv_scale),
            specular_transmission: material.transmission,
            diffuse_transmission: material.translucency,
            reflectance: material.reflectance,
            clearcoat: material.clearcoat,
            clearcoat_perceptual_roughness: material.clearcoat_roughness,
            anisotropy_strength: material.anisotropy,
            anisotropy_rotation: material.anisotropy_angle,
            ..surface(material.alpha_mask, material.blend)
        };
        let look = look(&standard, textures, uv_scale);
        if material.anisotropy > 0.0 {
            // Bevy 0.19 squares the roughness of direct light twice there.
            standard.perceptual_roughness = standard.perceptual_roughness.sqrt();
        }
        UploadedMaterial {
            handle: world.resource_mut::<Assets<StandardMaterial>>().add(standard),
            double_sided: material.double_sided,
            needs_tangents: material.needs_tangents(),
            name: material.name.clone(),
            labels: material.labels,
            transmits: material.transmission > 0.0,
            casts_shadow: !material.blend && material.transmission <= 0.0,
            look,
        }
    }

    fn texture(&mut self, world: &mut World, texture: &Texture, meaning: Meaning) -> Handle<BevyImage> {
        let key = (texture.key.clone(), meaning);
        if let Some(handle) = self.textures.get(&key) {
            return handle;
        }
        let image = upload_texture(texture, meaning);
        let bytes = image.data.as_ref().map_or(0, Vec::len);
        let handle = world.resource_mut::<Assets<BevyImage>>().add(image);
        self.textures.insert(key, handle.clone(), bytes);
        handle
    }
}

/// Which surface points exist, and what they do with what is behind them. Backs are never drawn: those that are surfaces have
/// triangles of their own, see `upload_mesh`.
fn surface(cutoff: Option<f32>, blend: bool) -> StandardMaterial {
    let alpha_mode = match cutoff {
        Some(cutoff) => AlphaMode::Mask(cutoff),
        None if blend => AlphaMode::Blend,
        None => AlphaMode::Opaque,
    };
    StandardMaterial { cull_mode: Some(Face::Back), alpha_mode, ..Default::default() }
}

/// What labels tell of a material: the values that it is drawn with.
fn look(material: &StandardMaterial, textures: Textures, uv_scale: Vec2) -> Look {
    let color = material.base_color.to_linear();
    let cut_out = match material.alpha_mode {
        AlphaMode::Mask(cutoff) => Some(CutOut { alpha: color.alpha, cutoff }),
        _ => None,
    };
    let emission = material.emissive;
    Look {
        textures,
        base_color: Vec3::new(color.red, color.green, color.blue),
        roughness: material.perceptual_roughness,
        metallic: material.metallic,
        emission: Vec3::new(emission.red, emission.green, emission.blue),
        uv_scale,
        cut_out,
    }
}

/// A scale that turns a thing over along x, if so.
fn turned(mirrored: bool) -> Vec3 {
    Vec3::new(if mirrored { -1.0 } else { 1.0 }, 1.0, 1.0)
}

#[expect(clippy::cast_possible_truncation, reason = "the GPU computes in f32")]
fn to_f32(value: f64) -> f32 {
    value as f32
}

/// Every mesh has these attributes and no others, so that all share one vertex layout, and those with second UVs or colours another
/// (`labels` relies on it).
///
/// Where `backs` are surfaces too, they are triangles of their own with normals of their own: Bevy 0.19 does not turn the
/// normal of a back around where a mesh has tangents, and would light it as if it were the front.
fn upload_mesh(world: &mut World, mesh: &Mesh, form: Form) -> UploadedMesh {
    let mut mesh = Cow::Borrowed(mesh);
    if mesh.tangents.is_empty() {
        // All have the same layout; these nobody looks at.
        let tangents = mesh.normals.iter().map(|&normal| tangents::across(normal, None)).collect();
        mesh = Cow::Owned(Mesh { tangents, ..mesh.into_owned() });
    }
    if form.mirrored {
        mesh = Cow::Owned(turned_over(&mesh));
    }
    if form.backs {
        mesh = Cow::Owned(with_backs(&mesh));
    }
    let (mut min, mut max) = (Vec3::INFINITY, Vec3::NEG_INFINITY);
    for &position in &mesh.positions {
        min = min.min(Vec3::from(position));
        max = max.max(Vec3::from(position));
    }
    let rich = !mesh.uvs1.is_empty() || !mesh.colors.is_empty();
    let mut bevy_mesh = BevyMesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(BevyMesh::ATTRIBUTE_POSITION, mesh.positions.clone())
        .with_inserted_attribute(BevyMesh::ATTRIBUTE_NORMAL, mesh.normals.clone())
        .with_inserted_attribute(BevyMesh::ATTRIBUTE_UV_0, mesh.uvs.clone())
        .with_inserted_attribute(BevyMesh::ATTRIBUTE_TANGENT, mesh.tangents.clone())
        .with_inserted_indices(Indices::U32(mesh.indices.clone()));
    if rich {
        let or = |there: bool| if there { 0 } else { mesh.positions.len() };
        let uvs: Vec<_> = mesh.uvs1.iter().chain(mesh.uvs.iter().take(or(!mesh.uvs1.is_empty()))).copied().collect();
        let white = std::iter::repeat_n([1.0; 4], or(!mesh.colors.is_empty()));
        bevy_mesh.insert_attribute(BevyMesh::ATTRIBUTE_UV_1, uvs);
        bevy_mesh
            .insert_attribute(BevyMesh::ATTRIBUTE_COLOR, mesh.colors.iter().copied().chain(white).collect::<Vec<_>>());
    }
    UploadedMesh { handle: world.resource_mut::<Assets<BevyMesh>>().add(bevy_mesh), min, max, rich }
}

/// The mesh as a mirror across x = 0 shows it.
fn turned_over(mesh: &Mesh) -> Mesh {
    let mut turned = mesh.clone();
    turned.positions.iter_mut().chain(&mut turned.normals).for_each(|v| v[0] = -v[0]);
    for tangent in &mut turned.tangents {
        // The bitangent is w * normal x tangent, and a mirror turns cross products around.
        (tangent[0], tangent[3]) = (-tangent[0], -tangent[3]);
    }
    turned.indices.as_chunks_mut::<3>().0.iter_mut().for_each(|triangle| triangle.swap(1, 2));
    turned
}

/// The mesh and, after it, the same triangles seen from behind.
fn with_backs(mesh: &Mesh) -> Mesh {
    let mut both = mesh.clone();
    let count = u32::try_from(mesh.positions.len()).expect("indices are 32 bits, so vertices fit");
    both.positions.extend_from_slice(&mesh.positions);
    both.uvs.extend_from_slice(&mesh.uvs);
    both.uvs1.extend_from_slice(&mesh.uvs1);
    both.colors.extend_from_slice(&mesh.colors);
    both.normals.extend(mesh.normals.iter().map(|normal| normal.map(|c| -c)));
    // Of a back the whole normal turns round, bumps included: with it tangent and bitangent, which is w * normal x tangent.
    both.tangents.extend(mesh.tangents.iter().map(|tangent| tangent.map(|c| -c)));
    both.indices
        .extend(mesh.indices.as_chunks::<3>().0.iter().flat_map(|&[a, b, c]| [count + a, count + c, count + b]));
    both
}

/// A mipmapped texture.
fn upload_texture(texture: &Texture, meaning: Meaning) -> BevyImage {
    let image = &texture.image;
    let format = match meaning {
        Meaning::Srgb => TextureFormat::Rgba8UnormSrgb,
        Meaning::Linear => TextureFormat::Rgba8Unorm,
    };
    let mut level = image.clone();
    let mut data: Vec<u8> = level.pixels().as_flattened().to_vec();
    let mut levels = 1;
    while level.width() > 1 || level.height() > 1 {
        level = half_size(&level, meaning);
        data.extend_from_slice(level.pixels().as_flattened());
        levels += 1;
    }
    let mut bevy_image = BevyImage::new_uninit(
        Extent3d { width: image.width(), height: image.height(), depth_or_array_layers: 1 },
        TextureDimension::D2,
        format,
        RenderAssetUsages::RENDER_WORLD,
    );
    bevy_image.data = Some(data);
    bevy_image.texture_descriptor.mip_level_count = levels;
    let [address_mode_u, address_mode_v] = texture.wrap.map(|wrap| match wrap {
        Wrap::Repeat => ImageAddressMode::Repeat,
        Wrap::Mirror => ImageAddressMode::MirrorRepeat,
        Wrap::Clamp => ImageAddressMode::ClampToEdge,
    });
    bevy_image.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor {
        address_mode_u,
        address_mode_v,
        mag_filter: ImageFilterMode::Linear,
        min_filter: ImageFilterMode::Linear,
        mipmap_filter: ImageFilterMode::Linear,
        ..Default::default()
    });
    bevy_image
}

/// Linear light of each sRGB byte.
static LINEAR: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|byte| to_f32(linear_from_srgb(byte as f64 / 255.0))));

/// sRGB byte of linear light in 65535ths.
static SRGB: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let byte = |level: u32| LinearRgba::rgb(level as f32 / 65535.0, 0.0, 0.0);
    (0..=65535).map(|level| bevy::color::Srgba::from(byte(level)).to_u8_array()[0]).collect()
});

/// The next mip level: the mean of two by two pixels, of linear light where the bytes are sRGB.
fn half_size(image: &Image<[u8; 4]>, meaning: Meaning) -> Image<[u8; 4]> {
    let (width, height) = ((image.width() / 2).max(1), (image.height() / 2).max(1));
    let pixels = image.pixels();
    let (columns, rows) = (image.width() as usize, image.height() as usize);
    let mut half = Vec::with_capacity(width as usize * height as usize);
    for y in 0..height as usize {
        let (upper, lower) = (2 * y * columns, (2 * y + 1).min(rows - 1) * columns);
        for x in 0..width as usize {
            let (left, right) = (2 * x, (2 * x + 1).min(columns - 1));
            let four = [pixels[upper + left], pixels[upper + right], pixels[lower + left], pixels[lower + right]];
            half.push(std::array::from_fn(|channel| {
                let bytes = four.map(|pixel| pixel[channel]);
                match meaning {
                    Meaning::Srgb if channel < 3 => {
                        let mean = bytes.map(|b| LINEAR[usize::from(b)]).iter().sum::<f32>() / 4.0;
                        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 65535")]
                        SRGB[(mean * 65535.0 + 0.5) as usize]
                    }
                    _ => u8::try_from((bytes.iter().map(|&b| u32::from(b)).sum::<u32>() + 2) / 4).unwrap_or(u8::MAX),
                }
            }));
        }
    }
    Image::new(width, height, half).expect("as many pixels as it has room for")
}
