//! Materials and textures of a glTF file.

use std::collections::BTreeMap;
use std::sync::Arc;

use gltf::material::AlphaMode;
use gltf::texture::WrappingMode;

use super::model::{MAX_NAME, Source, label};
use super::{AssetError, AssetFile, Map, PartMaterial, Texture, Wrap, accessor, texture};
use crate::image::Image;
use crate::mesh::Mesh;

/// All textures of one file together may have this many pixels (1 GiB of RGBA).
const MAX_PIXELS: u64 = 1 << 28;

/// The textures of one file, each decoded once.
#[derive(Default)]
pub(super) struct Materials {
    textures: BTreeMap<String, Arc<Texture>>,
    pixels: u64,
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
    /// The material of a primitive whose vertices are `mesh`.
    pub(super) fn get(
        &mut self,
        material: &gltf::Material<'_>,
        mesh: &Mesh,
        source: &mut Source<'_>,
    ) -> Result<PartMaterial, AssetError> {
        let name = material.index().map_or_else(|| "default".to_owned(), |i| label(material.name(), i));
        let given = material.name().unwrap_or_default();
        if given.len() > MAX_NAME {
            return Err(source.broken(format!("a material's name is longer than {MAX_NAME} bytes; shorten it")));
        }
        let alpha = material.alpha_mode();
        let pbr = material.pbr_metallic_roughness();
        let mut texture = |texture: gltf::Texture<'_>, set: u32, adjust: Adjust| -> Result<_, AssetError> {
            check_use(&texture, set, mesh).map_err(|reason| source.broken(format!("material {name}: {reason}")))?;
            self.texture(&texture.source(), adjust, source).map(|texture| Some(Map::new(texture)))
        };
        let strength = material.emissive_strength().unwrap_or(1.0);
        Ok(PartMaterial {
            name: given.to_owned(),
            base_color: pbr.base_color_factor().map(|c| c.clamp(0.0, 1.0)),
            base_color_texture: match pbr.base_color_texture() {
                Some(t) => texture(t.texture(), t.tex_coord(), Adjust::None)?,
                None => None,
            },
            metallic: pbr.metallic_factor().clamp(0.0, 1.0),
            roughness: pbr.roughness_factor().clamp(0.0, 1.0),
            metallic_roughness_texture: match pbr.metallic_roughness_texture() {
                Some(t) => texture(t.texture(), t.tex_coord(), Adjust::None)?,
                None => None,
            },
            normal_texture: match material.normal_texture() {
                Some(t) => texture(t.texture(), t.tex_coord(), Adjust::Normal(t.scale()))?,
                None => None,
            },
            occlusion_texture: match material.occlusion_texture() {
                Some(t) => texture(t.texture(), t.tex_coord(), Adjust::Occlusion(t.strength()))?,
                None => None,
            },
            emission: material.emissive_factor().map(|c| (c * strength).clamp(0.0, 1e9)),
            emission_texture: match material.emissive_texture() {
                Some(t) => texture(t.texture(), t.tex_coord(), Adjust::None)?,
                None => None,
            },
            alpha_mask: (alpha == AlphaMode::Mask).then(|| material.alpha_cutoff().unwrap_or(0.5).clamp(0.0, 1.0)),
            blend: alpha == AlphaMode::Blend,
            double_sided: material.double_sided(),
            unlit: material.unlit(),
            ..PartMaterial::default()
        })
    }

    fn texture(
        &mut self,
        image: &gltf::Image<'_>,
        adjust: Adjust,
        source: &mut Source<'_>,
    ) -> Result<Arc<Texture>, AssetError> {
        let (path, index) = (source.path, image.index());
        let key = match adjust {
            Adjust::Normal(scale) if scale != 1.0 => format!("{path}#image{index}*normal{scale}"),
            Adjust::Occlusion(strength) if strength != 1.0 => format!("{path}#image{index}*occlusion{strength}"),
            _ => format!("{path}#image{index}"),
        };
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
        let file = AssetFile { parts: Vec::new(), ..source.file.clone() };
        let texture = Arc::new(Texture { key: key.clone(), image: pixels, wrap: [Wrap::Repeat; 2], file });
        self.textures.insert(key, texture.clone());
        Ok(texture)
    }
}

/// Whether our textures (first UV set, repeating) show the same as this one would.
fn check_use(texture: &gltf::Texture<'_>, set: u32, mesh: &Mesh) -> Result<(), String> {
    if set != 0 {
        return Err(format!("a texture uses UV set {set}; only the first (0) is supported"));
    }
    let wrap = [texture.sampler().wrap_s(), texture.sampler().wrap_t()];
    // A hair's breadth of leeway: exporters round.
    let leaves = |axis: usize| mesh.uvs.iter().any(|uv| !(-1e-3..=1.001).contains(&uv[axis]));
    for (axis, wrap) in wrap.into_iter().enumerate() {
        if wrap != WrappingMode::Repeat && leaves(axis) {
            return Err(format!(
                "a texture's wrapping is {wrap:?} and its UVs leave 0..=1; only Repeat is supported there"
            ));
        }
    }
    Ok(())
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
