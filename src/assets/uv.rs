//! By which coordinates the textures of a glTF material are looked up: `TEXCOORD_n` and `KHR_texture_transform`, baked into the two
//! sets of a mesh.

use glam::{DAffine2, DVec2};
use serde_json::Value;

use super::json::{extension, index};

/// Offsets, and scales, of textures lie within this.
const MOST: f64 = 1e6;

/// A set of the file, and what is done to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lookup {
    /// `TEXCOORD_n`
    pub(super) set: u32,
    /// The texture's coordinates from those of the set.
    pub(super) transform: DAffine2,
}

impl Lookup {
    const PLAIN: Self = Self { set: 0, transform: DAffine2::IDENTITY };

    /// What a `textureInfo` says.
    fn read(info: &Value) -> Result<Self, String> {
        let plain = match info.get("texCoord") {
            None => Some(0),
            given => index(given),
        };
        let Some(given) = extension(info, "KHR_texture_transform") else {
            return Ok(Self { set: set(plain)?, ..Self::PLAIN });
        };
        let broken = || "its KHR_texture_transform holds something else than numbers of a sensible size".to_owned();
        let number = |value: &Value| value.as_f64().filter(|n| n.abs() <= MOST).ok_or_else(broken);
        let pair = |name: &str, default: DVec2| match given.get(name).map(|v| v.as_array().map(Vec::as_slice)) {
            None => Ok(default),
            Some(Some([u, v])) => Ok(DVec2::new(number(u)?, number(v)?)),
            Some(_) => Err(broken()),
        };
        let (offset, scale) = (pair("offset", DVec2::ZERO)?, pair("scale", DVec2::ONE)?);
        let (sin, cos) = libm::sincos(given.get("rotation").map_or(Ok(0.0), number)?);
        // Translation * rotation * scale, where the rotation is counter-clockwise as one sees the image: v runs down.
        let turned = glam::DMat2::from_cols(DVec2::new(cos, -sin), DVec2::new(sin, cos));
        let transform = DAffine2::from_mat2_translation(turned * glam::DMat2::from_diagonal(scale), offset);
        let set_there = if given.get("texCoord").is_some() { index(given.get("texCoord")) } else { plain };
        Ok(Self { set: set(set_there)?, transform })
    }

    /// Where a texture is looked up.
    #[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is the point")]
    pub(super) fn apply(&self, uv: [f32; 2]) -> [f32; 2] {
        if self.transform == DAffine2::IDENTITY {
            return uv;
        }
        self.transform.transform_point2(DVec2::from_array(uv.map(f64::from))).to_array().map(|c| c as f32)
    }
}

fn set(number: Option<usize>) -> Result<u32, String> {
    number.and_then(|n| u32::try_from(n).ok()).ok_or_else(|| "a `texCoord` is not a whole number".to_owned())
}

/// The lookups of one material: at most two, and which of them each texture has.
#[derive(Debug, Clone)]
pub(super) struct Lookups {
    /// What the first UVs of a mesh are, and the second ones where there are any.
    pub(super) sets: Vec<Lookup>,
    /// By the texture's place in [`SLOTS`].
    slots: [u8; 5],
}

/// Where textures stand in a material.
pub(super) const SLOTS: [&str; 5] = [
    "/pbrMetallicRoughness/baseColorTexture",
    "/pbrMetallicRoughness/metallicRoughnessTexture",
    "/normalTexture",
    "/occlusionTexture",
    "/emissiveTexture",
];

/// The normal map's place in [`SLOTS`].
pub(super) const NORMAL: usize = 2;

impl Default for Lookups {
    fn default() -> Self {
        Self { sets: vec![Lookup::PLAIN], slots: [0; 5] }
    }
}

impl Lookups {
    /// Those of a material.
    pub(super) fn read(material: &Value) -> Result<Self, String> {
        let mut found: Vec<(usize, Lookup)> = Vec::new();
        for (slot, path) in SLOTS.iter().enumerate() {
            if let Some(info) = material.pointer(path) {
                found.push((slot, Lookup::read(info)?));
            }
        }
        let mut sets: Vec<Lookup> = Vec::new();
        for (_, lookup) in &found {
            if !sets.contains(lookup) {
                sets.push(*lookup);
            }
        }
        // What the file calls its first set stays the first, where anything uses it as it is: labels show it.
        if let Some(plain) = sets.iter().position(|lookup| *lookup == Lookup::PLAIN) {
            sets[..=plain].rotate_right(1);
        }
        if sets.len() > 2 {
            return Err(format!(
                "its textures are placed in {} different ways (UV sets and KHR_texture_transform); at most 2 are supported",
                sets.len()
            ));
        }
        let mut slots = [0; 5];
        for (slot, lookup) in &found {
            slots[*slot] = u8::from(sets.first() != Some(lookup));
        }
        if sets.is_empty() {
            sets.push(Lookup::PLAIN);
        }
        Ok(Self { sets, slots })
    }

    /// Which set of the mesh the texture at this place is looked up by.
    pub(super) fn set_of(&self, slot: usize) -> u8 {
        self.slots[slot]
    }

    /// Whether tangents in a file are those of the normal map as it lies: not where it is turned or mirrored, nor on a set that the
    /// file did not mean them for.
    pub(super) fn keeps_tangents(&self) -> bool {
        let lookup = self.sets.get(usize::from(self.slots[NORMAL]));
        lookup.is_none_or(|lookup| {
            let m = lookup.transform.matrix2;
            m.x_axis.y == 0.0 && m.y_axis.x == 0.0 && m.x_axis.x > 0.0 && m.y_axis.y > 0.0
        })
    }
}
