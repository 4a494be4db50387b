//! Cube maps of a scene's environment: what is seen behind everything, and what surfaces receive from it.
//!
//! Luminance is linear in the height of the direction (see [`crate::scene::Environment`]), so all three maps are known in
//! closed form: a lobe about `n` averages `a + b d.y` to `a + k b n.y`, with `k` = 1 for a mirror and 2/3 for the cosine
//! lobe of a matte surface.

use bevy::asset::{Assets, Handle, RenderAssetUsages};
use bevy::image::{Image, ImageSampler};
use bevy::render::render_resource::{
    Extent3d, TextureDimension, TextureFormat, TextureUsages, TextureViewDescriptor, TextureViewDimension,
};

use std::sync::LazyLock;

use crate::scene::{Environment, ToneCurve};

/// Texels along an edge of the map that is seen: the arc between two texels is under four degrees, and colour is linear
/// between them.
const BACKGROUND_SIZE: u32 = 32;
/// Texels along an edge of the maps that light surfaces.
const LIGHT_SIZE: u32 = 16;
/// Roughness levels of the specular map: 16, 8, 4, 2, 1 texels.
const LIGHT_LEVELS: u32 = 5;
/// The maps of the current scene. Their handles stay the same from scene to scene: Bevy looks the maps that light a view
/// up before it prepares new images, and would leave the light of a new one out of its first frame.
#[derive(Default)]
pub(super) struct Maps {
    light: Option<(Handle<Image>, Handle<Image>)>,
    backgrounds: Vec<Handle<Image>>,
}

impl Maps {
    /// Diffuse and specular map of `environment`; `None` where it is black.
    pub(super) fn light(
        &mut self,
        images: &mut Assets<Image>,
        environment: &Environment,
    ) -> Option<(Handle<Image>, Handle<Image>)> {
        if environment.is_black() {
            return None;
        }
        // Half floats end at 65504: the maps hold shares of the brightest channel, and the light's intensity is that channel.
        let peak = environment.peak();
        let share =
            Environment { zenith: environment.zenith.map(|c| c / peak), nadir: environment.nadir.map(|c| c / peak) };
        let (diffuse, specular) = (diffuse_map(&share), specular_map(&share));
        match &self.light {
            Some((old_diffuse, old_specular)) => {
                replace(images, old_diffuse, diffuse);
                replace(images, old_specular, specular);
            }
            None => self.light = Some((images.add(diffuse), images.add(specular))),
        }
        self.light.clone()
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

/// Irradiance divided by pi, cd/m2.
fn diffuse_map(environment: &Environment) -> Image {
    cube_map(LIGHT_SIZE, 1, |height, _| environment.luminance(height, Environment::COSINE_LOBE))
}

/// Mirror reflection at level 0, wider lobes after it, cd/m2.
fn specular_map(environment: &Environment) -> Image {
    static LOBES: LazyLock<[f64; LIGHT_LEVELS as usize]> =
        LazyLock::new(|| std::array::from_fn(|level| ggx_lobe(level as f64 / f64::from(LIGHT_LEVELS - 1))));
    cube_map(LIGHT_SIZE, LIGHT_LEVELS, |height, level| environment.luminance(height, LOBES[level as usize]))
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

/// What the camera sees, as final linear values in 0..=1: Bevy applies no tone curve to its skybox, so it is applied here.
pub(super) fn background(environment: &Environment, exposure: f64, curve: ToneCurve) -> Image {
    cube_map(BACKGROUND_SIZE, 1, |height, _| apply(curve, environment.luminance(height, 1.0).map(|l| l * exposure)))
}

/// Linear light after exposure to linear display value.
fn apply(curve: ToneCurve, color: [f64; 3]) -> [f64; 3] {
    match curve {
        ToneCurve::Srgb => color.map(|c| c.clamp(0.0, 1.0)),
        ToneCurve::Neutral => neutral(color),
    }
}

/// Khronos PBR Neutral, from its specification (KhronosGroup/ToneMapping, PBR_Neutral).
fn neutral(color: [f64; 3]) -> [f64; 3] {
    const START: f64 = 0.8 - 0.04;
    const DESATURATION: f64 = 0.15;
    let low = color.iter().copied().fold(f64::INFINITY, f64::min);
    let offset = if low < 0.08 { low - 6.25 * low * low } else { 0.04 };
    let color = color.map(|c| c - offset);
    let peak = color.iter().copied().fold(0.0, f64::max);
    if peak < START {
        return color;
    }
    let d = 1.0 - START;
    let new_peak = 1.0 - d * d / (peak + d - START);
    let g = 1.0 - 1.0 / (DESATURATION * (peak - new_peak) + 1.0);
    color.map(|c| (c * new_peak / peak) * (1.0 - g) + new_peak * g)
}

/// A cube map whose texels depend on the height (y) of their direction and on the mip level.
fn cube_map(size: u32, levels: u32, color: impl Fn(f64, u32) -> [f64; 3]) -> Image {
    let mut data = Vec::new();
    for face in 0..6 {
        for level in 0..levels {
            let size = (size >> level).max(1);
            for row in 0..size {
                for column in 0..size {
                    let s = (f64::from(column) + 0.5) / f64::from(size) * 2.0 - 1.0;
                    let t = (f64::from(row) + 0.5) / f64::from(size) * 2.0 - 1.0;
                    let height = face_height(face, s, t);
                    for channel in color(height, level) {
                        data.extend_from_slice(&half_bits(channel).to_le_bytes());
                    }
                    data.extend_from_slice(&half_bits(1.0).to_le_bytes());
                }
            }
        }
    }
    let mut image = Image::new_uninit(
        Extent3d { width: size, height: size, depth_or_array_layers: 6 },
        TextureDimension::D2,
        TextureFormat::Rgba16Float,
        RenderAssetUsages::RENDER_WORLD,
    );
    image.data = Some(data);
    image.texture_descriptor.mip_level_count = levels;
    // Without COPY_DST: Bevy 0.19 would otherwise write new data of the same size into the old texture, and only into its
    // first mip level, so that a scene would be lit by the environment of the one before it.
    image.texture_descriptor.usage = TextureUsages::TEXTURE_BINDING;
    image.texture_view_descriptor =
        Some(TextureViewDescriptor { dimension: Some(TextureViewDimension::Cube), ..Default::default() });
    image.sampler = ImageSampler::linear();
    image
}

/// The y of the unit direction through a point of a cube face, `s` right and `t` down in -1..=1. Faces in the order
/// +X, -X, +Y, -Y, +Z, -Z; a mirrored x or z, as between left- and right-handed cube maps, does not change y.
fn face_height(face: u32, s: f64, t: f64) -> f64 {
    let y = match face {
        2 => 1.0,
        3 => -1.0,
        _ => -t,
    };
    y / (1.0 + s * s + t * t).sqrt()
}

/// Bits of the nearest half float; values beyond its range become the largest finite one.
fn half_bits(value: f64) -> u16 {
    #[expect(clippy::cast_possible_truncation, reason = "rounded to half precision next")]
    let value = value.clamp(-65504.0, 65504.0) as f32;
    half::f16::from_f32(value).to_bits()
}
