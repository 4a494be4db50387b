//! Materials and textures of a glTF file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gltf::material::AlphaMode;
use gltf::texture::WrappingMode;
use serde_json::Value;

use super::json::extension;
use super::model::{MAX_NAME, Source, label};
use super::uv::{Lookups, NORMAL};
use super::{AssetError, AssetFile, Map, PartMaterial, Texture, Wrap, accessor, texture};
use crate::image::Image;

/// All textures of one file together may have this many pixels (1 GiB of RGBA).
pub(super) const MAX_PIXELS: u64 = 1 << 28;

/// `F0 = 0.16 r^2` of a reflectance `r` (Lagarde and de Rousiers, "Moving Frostbite to PBR", 2014).
const MOST_F0: f64 = 0.16;

/// The textures of one file, each decoded once.
#[derive(Default)]
pub(super) struct Materials {
    textures: BTreeMap<String, Arc<Texture>>,
    pixels: u64,
    /// What is left out of the materials, in words.
    pub(super) left_out: BTreeSet<String>,
}

/// What a texture's values are scaled by when decoded, because our materials have no factor for it.
#[derive(Clone, Copy)]
enum Adjust {
    None,
    /// Times x and y of a normal map.
    Normal(f32),
    /// How strongly occlusion darkens.
    Occlusion(f32),
}

impl Materials {
    /// The material of a primitive; `raw` is its JSON and `lookups` how its textures are placed.
    pub(super) fn get(
        &mut self,
        material: &gltf::Material<'_>,
        raw: &Value,
        lookups: &Lookups,
        source: &mut Source,
    ) -> Result<PartMaterial, AssetError> {
        let given = material.name().unwrap_or_default();
        if given.len() > MAX_NAME {
            return Err(source.broken(format!("a material's name is longer than {MAX_NAME} bytes; shorten it")));
        }
        let alpha = material.alpha_mode();
        let pbr = material.pbr_metallic_roughness();
        let mut texture = |texture: gltf::Texture<'_>, slot: usize, adjust: Adjust| -> Result<_, AssetError> {
            let wrap = [texture.sampler().wrap_s(), texture.sampler().wrap_t()].map(|wrap| match wrap {
                WrappingMode::Repeat => Wrap::Repeat,
                WrappingMode::MirroredRepeat => Wrap::Mirror,
                WrappingMode::ClampToEdge => Wrap::Clamp,
            });
            let texture = self.texture(&texture.source(), wrap, adjust, source)?;
            Ok(Some(Map { texture, uv_set: lookups.set_of(slot) }))
        };
        let mut part = PartMaterial {
            name: given.to_owned(),
            base_color: pbr.base_color_factor().map(|c| c.clamp(0.0, 1.0)),
            base_color_texture: match pbr.base_color_texture() {
                Some(t) => texture(t.texture(), 0, Adjust::None)?,
                None => None,
            },
            metallic: pbr.metallic_factor().clamp(0.0, 1.0),
            roughness: pbr.roughness_factor().clamp(0.0, 1.0),
            metallic_roughness_texture: match pbr.metallic_roughness_texture() {
                Some(t) => texture(t.texture(), 1, Adjust::None)?,
                None => None,
            },
            normal_texture: match material.normal_texture() {
                Some(t) => texture(t.texture(), NORMAL, Adjust::Normal(t.scale()))?,
                None => None,
            },
            occlusion_texture: match material.occlusion_texture() {
                Some(t) => texture(t.texture(), 3, Adjust::Occlusion(t.strength()))?,
                None => None,
            },
            emission: material.emissive_factor(),
            emission_texture: match material.emissive_texture() {
                Some(t) => texture(t.texture(), 4, Adjust::None)?,
                None => None,
            },
            alpha_mask: (alpha == AlphaMode::Mask).then(|| material.alpha_cutoff().unwrap_or(0.5).clamp(0.0, 1.0)),
            blend: alpha == AlphaMode::Blend,
            double_sided: material.double_sided(),
            ..PartMaterial::default()
        };
        extend(&mut part, raw, &mut self.left_out);
        Ok(part)
    }

    fn texture(
        &mut self,
        image: &gltf::Image<'_>,
        wrap: [Wrap; 2],
        adjust: Adjust,
        source: &mut Source,
    ) -> Result<Arc<Texture>, AssetError> {
        let (path, index) = (&source.path, image.index());
        let mut key = format!("{path}#image{index}");
        match adjust {
            Adjust::Normal(scale) if scale != 1.0 => key.push_str(&format!("*normal{scale}")),
            Adjust::Occlusion(strength) if strength != 1.0 => key.push_str(&format!("*occlusion{strength}")),
            _ => {}
        }
        if wrap != [Wrap::Repeat; 2] {
            key.push_str(&format!("*{:?}{:?}", wrap[0], wrap[1]));
        }
        if let Some(texture) = self.textures.get(&key) {
            return Ok(texture.clone());
        }
        let within = |reason: String| format!("image {}: {reason}", label(image.name(), index));
        let bytes = match image.source() {
            gltf::image::Source::View { view, .. } => accessor::slice(&view, &source.buffers)
                .ok_or_else(|| source.broken(within("it reaches past the end of its buffer".into())))?
                .to_vec(),
            gltf::image::Source::Uri { uri, .. } => source.external(uri)?,
        };
        let mut pixels = texture::decode(&bytes).map_err(|reason| source.broken(within(reason)))?;
        self.pixels += u64::from(pixels.width()) * u64::from(pixels.height());
        if self.pixels > MAX_PIXELS {
            return Err(source.broken(format!("its textures have more than {MAX_PIXELS} pixels together")));
        }
        apply(adjust, &mut pixels);
        let file = AssetFile { parts: Vec::new(), warnings: Vec::new(), ..source.file.clone() };
        let texture = Arc::new(Texture { key: key.clone(), image: pixels, wrap, file });
        self.textures.insert(key, texture.clone());
        Ok(texture)
    }
}

/// What extensions say of a material: their factors. Their textures are left out, and said to be.
fn extend(part: &mut PartMaterial, raw: &Value, left_out: &mut BTreeSet<String>) {
    let number = |name: &str, field: &str, default: f64| {
        extension(raw, name).and_then(|e| e.get(field)).and_then(Value::as_f64).unwrap_or(default)
    };
    let share = |name: &str, field: &str| narrow(number(name, field, 0.0).clamp(0.0, 1.0));
    let strength = number("KHR_materials_emissive_strength", "emissiveStrength", 1.0);
    part.emission = part.emission.map(|c| narrow((f64::from(c) * strength).clamp(0.0, 1e9)));
    part.unlit = extension(raw, "KHR_materials_unlit").is_some();
    part.clearcoat = share("KHR_materials_clearcoat", "clearcoatFactor");
    part.clearcoat_roughness = share("KHR_materials_clearcoat", "clearcoatRoughnessFactor");
    part.anisotropy = share("KHR_materials_anisotropy", "anisotropyStrength");
    part.anisotropy_angle = narrow(number("KHR_materials_anisotropy", "anisotropyRotation", 0.0).clamp(-1e3, 1e3));
    part.translucency = share("KHR_materials_diffuse_transmission", "diffuseTransmissionFactor");
    let transmission = share("KHR_materials_transmission", "transmissionFactor");
    if transmission > 0.0 && (part.blend || part.alpha_mask.is_some()) {
        left_out.insert("the transmission of a material whose alpha counts too (KHR_materials_transmission)".into());
    } else {
        part.transmission = transmission;
    }

    // Fresnel's reflectance from straight ahead, in air. An index of 0 stands for "reflects all".
    let ior = number("KHR_materials_ior", "ior", 1.5);
    let mirror = if ior == 0.0 { 1.0 } else { (ior - 1.0) / (ior + 1.0) };
    let f0 = mirror * mirror * number("KHR_materials_specular", "specularFactor", 1.0).clamp(0.0, 1.0);
    part.reflectance = narrow((f0 / MOST_F0).sqrt().clamp(0.0, 1.0));
    if f0 > MOST_F0 {
        left_out.insert("what a material reflects beyond 16 % straight ahead (KHR_materials_ior)".into());
    }
    let tint = extension(raw, "KHR_materials_specular").and_then(|e| e.get("specularColorFactor"));
    if tint.and_then(Value::as_array).is_some_and(|rgb| rgb.iter().any(|c| c.as_f64() != Some(1.0))) {
        left_out.insert("the colour of a material's reflections (KHR_materials_specular)".into());
    }
    if number("KHR_materials_volume", "thicknessFactor", 0.0) > 0.0 {
        left_out.insert("the thickness of a material, which is shown as a thin wall (KHR_materials_volume)".into());
    }
    let read = ["clearcoat", "anisotropy", "transmission", "diffuse_transmission", "specular"];
    for name in read.map(|name| format!("KHR_materials_{name}")) {
        let fields = extension(raw, &name).and_then(Value::as_object).into_iter().flatten();
        if fields.filter(|(_, value)| value.get("index").is_some()).count() > 0 {
            left_out.insert(format!("the textures of {name}, of which the numbers alone are used"));
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the GPU computes in f32")]
fn narrow(value: f64) -> f32 {
    value as f32
}

fn apply(adjust: Adjust, image: &mut Image<[u8; 4]>) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded into 0..=255 first")]
    let byte = |value: f32| (value * 255.0).round().clamp(0.0, 255.0) as u8;
    let unit = |byte: u8| f32::from(byte) / 255.0;
    match adjust {
        Adjust::Normal(scale) if scale != 1.0 => {
            for p in image.pixels_mut() {
                let signed = |b: u8| unit(b) * 2.0 - 1.0;
                let n = glam::Vec3::new(signed(p[0]) * scale, signed(p[1]) * scale, signed(p[2]))
                    .normalize_or(glam::Vec3::Z);
                *p = [byte(n.x * 0.5 + 0.5), byte(n.y * 0.5 + 0.5), byte(n.z * 0.5 + 0.5), p[3]];
            }
        }
        Adjust::Occlusion(strength) if strength != 1.0 => {
            for p in image.pixels_mut() {
                p[0] = byte(1.0 + strength * (unit(p[0]) - 1.0));
            }
        }
        _ => {}
    }
}
