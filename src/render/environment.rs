//! Cube maps of a scene's environment: what is seen behind everything, and what surfaces receive from it.
//!
//! Of a gradient, luminance is linear in the height of the direction (see [`Environment`]), so all three maps are known in
//! closed form: a lobe about `n` averages `a + b d.y` to `a + k b n.y`, with `k` = 1 for a mirror and 2/3 for the cosine
//! lobe of a matte surface.

use bevy::asset::{Assets, Handle, RenderAssetUsages};
use bevy::image::{Image, ImageSampler};
use bevy::render::render_resource::{
    Extent3d, TextureDimension, TextureFormat, TextureUsages, TextureViewDescriptor, TextureViewDimension,
};

use glam::DVec3;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::around::Around;
use super::{RenderError, panorama};
use crate::assets::Library;
use crate::scene::{Environment, ToneCurve, gradient, tone};

/// Texels along an edge of the map that is seen: the arc between two texels is under four degrees, and colour is linear
/// between them.
const BACKGROUND_SIZE: u32 = 32;
/// Texels along an edge of the maps that light surfaces.
const LIGHT_SIZE: u32 = 32;
/// Roughness levels of the specular map, 32 to 1 texels. Panoramas have as many: Bevy looks the number up before it prepares a new image,
/// and would take that of the scene before.
pub(super) const LIGHT_LEVELS: u32 = 6;
/// Panoramas whose maps are kept: some megabytes each.
const MOST_PANORAMAS: usize = 64;

/// The maps of the current scene. Their handles stay the same from scene to scene: Bevy looks the maps that light a view
/// up before it prepares new images, and would leave the light of a new one out of its first frame.
#[derive(Default)]
pub(super) struct Maps {
    light: Option<(Handle<Image>, Handle<Image>)>,
    /// Which panorama `light` is of.
    shown: Option<String>,
    /// Filtered before, by the panorama's key.
    panoramas: BTreeMap<String, (Image, Image)>,
    backgrounds: Vec<Handle<Image>>,
}

/// What lights a view from all sides.
pub(super) struct Light {
    pub(super) diffuse: Handle<Image>,
    pub(super) specular: Handle<Image>,
    /// cd/m2 of a 1 in the maps.
    pub(super) intensity: f64,
    /// How far the maps are turned about +Y, radians.
    pub(super) yaw: f64,
}

impl Maps {
    /// What `environment` lights with; `None` where it is black.
    pub(super) fn light(
        &mut self,
        images: &mut Assets<Image>,
        environment: &Environment,
        library: &Library,
    ) -> Result<Option<Light>, RenderError> {
        if environment.is_black() {
            return Ok(None);
        }
        let (intensity, yaw) = match environment {
            Environment::Gradient { zenith, nadir } => {
                // Half floats end at 65504: the maps hold shares of the brightest channel, and the light's intensity is that channel.
                let peak = zenith.iter().chain(nadir).copied().fold(0.0, f64::max);
                let (zenith, nadir) = (zenith.map(|c| c / peak), nadir.map(|c| c / peak));
                self.shown = None;
                self.show(images, diffuse_map(zenith, nadir), specular_map(zenith, nadir));
                (peak, 0.0)
            }
            Environment::Image { .. } | Environment::Sky(_) => {
                let Some(around) = Around::lights(environment, library)? else { return Ok(None) };
                if self.shown.as_ref() != Some(&around.key) {
                    if !self.panoramas.contains_key(&around.key) && self.panoramas.len() >= MOST_PANORAMAS {
                        self.panoramas.pop_first();
                    }
                    let entry = self.panoramas.entry(around.key.clone());
                    let make = || panorama::light_maps(&around.image(), around.mirror_size);
                    let (matte, shiny) = entry.or_insert_with(make).clone();
                    self.show(images, matte, shiny);
                    self.shown = Some(around.key.clone());
                }
                (around.luminance, around.yaw)
            }
        };
        let light = self.light.clone();
        Ok(light.map(|(diffuse, specular)| Light { diffuse, specular, intensity, yaw }))
    }

    fn show(&mut self, images: &mut Assets<Image>, diffuse: Image, specular: Image) {
        match &self.light {
            Some((old_diffuse, old_specular)) => {
                replace(images, old_diffuse, diffuse);
                replace(images, old_specular, specular);
            }
            None => self.light = Some((images.add(diffuse), images.add(specular))),
        }
    }

    /// What is behind everything for the camera at position `camera` of its scene.
    pub(super) fn background(&mut self, images: &mut Assets<Image>, camera: usize, image: Image) -> Handle<Image> {
        match self.backgrounds.get(camera) {
            Some(old) => replace(images, old, image),
            None => self.backgrounds.push(images.add(image)),
        }
        self.backgrounds[camera].clone()
    }
}

fn replace(images: &mut Assets<Image>, handle: &Handle<Image>, image: Image) {
    images.insert(handle.id(), image).expect("the handle is held, so its place is valid");
}

/// Irradiance divided by pi.
fn diffuse_map(zenith: [f64; 3], nadir: [f64; 3]) -> Image {
    cube_map(LIGHT_SIZE, 1, |height, _| gradient(zenith, nadir, height, Environment::COSINE_LOBE))
}

/// Mirror reflection at level 0, wider lobes after it.
fn specular_map(zenith: [f64; 3], nadir: [f64; 3]) -> Image {
    static LOBES: LazyLock<[f64; LIGHT_LEVELS as usize]> =
        LazyLock::new(|| std::array::from_fn(|level| ggx_lobe(level as f64 / f64::from(LIGHT_LEVELS - 1))));
    cube_map(LIGHT_SIZE, LIGHT_LEVELS, |height, level| gradient(zenith, nadir, height, LOBES[level as usize]))
}

/// `k` of the reflection lobe at a perceptual roughness, as a split-sum environment map has it (Karis 2013): half
/// vectors at angle `t` from the normal have density `D(t) cos t`, reflect to `2t`, and count by `cos 2t`.
fn ggx_lobe(roughness: f64) -> f64 {
    let alpha2 = (roughness * roughness) * (roughness * roughness);
    if alpha2 < 1e-9 {
        return 1.0;
    }
    // In steps of u = sin^2 t from 0 to 1/2: du = 2 sin t cos t dt and cos 2t = 1 - 2u, so no trigonometry is left.
    const STEPS: u32 = 4096;
    let (mut weighted, mut weight) = (0.0, 0.0);
    for step in 0..STEPS {
        let u = (f64::from(step) + 0.5) / f64::from(STEPS) * 0.5;
        let base = (1.0 - u) * (alpha2 - 1.0) + 1.0;
        let density = (1.0 - 2.0 * u) / (base * base);
        weighted += density * (1.0 - 2.0 * u);
        weight += density;
    }
    weighted / weight
}

/// What the camera sees of a gradient, as final linear values in 0..=1: Bevy applies no tone curve to its skybox, so it is applied
/// here; `None` where the whole picture goes through one later.
pub(super) fn background(zenith: [f64; 3], nadir: [f64; 3], exposure: f64, curve: Option<ToneCurve>) -> Image {
    cube_map(BACKGROUND_SIZE, 1, |height, _| {
        let light = gradient(zenith, nadir, height, 1.0).map(|l| l * exposure);
        curve.map_or(light, |curve| tone::apply(curve, light))
    })
}

/// A cube map whose texels depend on the height (y) of their direction and on the mip level.
fn cube_map(size: u32, levels: u32, color: impl Fn(f64, u32) -> [f64; 3] + Sync) -> Image {
    cube_map_of(size, levels, |direction, level| color(direction.y, level).into())
}

/// A cube map whose texels depend on their direction in the world, and on the mip level.
pub(super) fn cube_map_of(size: u32, levels: u32, color: impl Fn(DVec3, u32) -> DVec3 + Sync) -> Image {
    let rows: Vec<(u32, u32, u32)> = (0..6)
        .flat_map(|face| {
            (0..levels).flat_map(move |level| (0..(size >> level).max(1)).map(move |row| (face, level, row)))
        })
        .collect();
    let row = |&(face, level, row): &(u32, u32, u32)| {
        let size = (size >> level).max(1);
        let place = |k: u32| (f64::from(k) + 0.5) / f64::from(size) * 2.0 - 1.0;
        let texel = |column| {
            let DVec3 { x, y, z } = color(face_direction(face, place(column), place(row)), level);
            [x, y, z, 1.0].map(|channel| half_bits(channel).to_le_bytes())
        };
        (0..size).flat_map(texel).flatten().collect::<Vec<u8>>()
    };
    // In the order of the list, whoever computes them.
    let data: Vec<Vec<u8>> = rows.par_iter().map(row).collect();
    let mut image = Image::new_uninit(
        Extent3d { width: size, height: size, depth_or_array_layers: 6 },
        TextureDimension::D2,
        TextureFormat::Rgba16Float,
        RenderAssetUsages::RENDER_WORLD,
    );
    image.data = Some(data.concat());
    image.texture_descriptor.mip_level_count = levels;
    // Without COPY_DST: Bevy 0.19 would otherwise write new data of the same size into the old texture, and only into its
    // first mip level, so that a scene would be lit by the environment of the one before it.
    image.texture_descriptor.usage = TextureUsages::TEXTURE_BINDING;
    image.texture_view_descriptor =
        Some(TextureViewDescriptor { dimension: Some(TextureViewDimension::Cube), ..Default::default() });
    image.sampler = ImageSampler::linear();
    image
}

/// The unit direction in the world through a point of a cube face, `s` right and `t` down in -1..=1. Faces in the order +X, -X, +Y,
/// -Y, +Z, -Z of a cube map, which are left-handed: Bevy looks them up with z turned round.
fn face_direction(face: u32, s: f64, t: f64) -> DVec3 {
    let looked_up = match face {
        0 => DVec3::new(1.0, -t, -s),
        1 => DVec3::new(-1.0, -t, s),
        2 => DVec3::new(s, 1.0, t),
        3 => DVec3::new(s, -1.0, -t),
        4 => DVec3::new(s, -t, 1.0),
        _ => DVec3::new(-s, -t, -1.0),
    };
    (looked_up * DVec3::new(1.0, 1.0, -1.0)).normalize()
}

/// Bits of the nearest half float; values beyond its range become the largest finite one.
pub(super) fn half_bits(value: f64) -> u16 {
    #[expect(clippy::cast_possible_truncation, reason = "rounded to half precision next")]
    let value = value.clamp(-65504.0, 65504.0) as f32;
    half::f16::from_f32(value).to_bits()
}
