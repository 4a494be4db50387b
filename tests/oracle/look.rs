//! Materials and textures, where a ray meets them.

use glam::{DVec2, DVec3};
use scenewright::assets::{Library, Map, Part, PartMaterial};
use scenewright::scene::{Instance, Material, SurfaceLabels};

/// What a surface is made of, whether a recipe says so or a glTF file.
pub(super) struct Look {
    pub(super) double_sided: bool,
    /// Whether labels do not see it.
    pub(super) see_through: bool,
    tiling: DVec2,
    base_color: DVec3,
    alpha: f64,
    base_color_texture: Option<Map>,
    alpha_mask: Option<f64>,
    roughness: f64,
    metallic: f64,
    metallic_roughness_texture: Option<Map>,
    emission: DVec3,
    emission_texture: Option<Map>,
    normal_texture: Option<Map>,
}

impl Look {
    pub(super) fn of_recipe(material: &Material, library: &Library) -> Self {
        Self::of(&library.look(material).unwrap(), material.labels == SurfaceLabels::SeeThrough)
    }

    /// A part of a model: its own material, or the instance's in its place.
    pub(super) fn of_part(instance: &Instance, part: &Part, library: &Library) -> Self {
        match &instance.material {
            Some(material) if !part.own => Self::of_recipe(material, library),
            _ => {
                let own = &part.material;
                let named = !own.name.is_empty() && instance.see_through.contains(&own.name);
                Self::of(own, named || own.labels == SurfaceLabels::SeeThrough)
            }
        }
    }

    fn of(part: &PartMaterial, see_through: bool) -> Self {
        let [r, g, b, alpha] = part.base_color.map(f64::from);
        Self {
            double_sided: part.double_sided,
            see_through,
            tiling: DVec2::from(part.uv_scale.map(f64::from)),
            base_color: DVec3::new(r, g, b),
            alpha,
            base_color_texture: part.base_color_texture.clone(),
            alpha_mask: part.alpha_mask.map(f64::from),
            roughness: part.roughness.into(),
            metallic: part.metallic.into(),
            metallic_roughness_texture: part.metallic_roughness_texture.clone(),
            emission: DVec3::from(part.emission.map(f64::from)),
            emission_texture: part.emission_texture.clone(),
            normal_texture: part.normal_texture.clone(),
        }
    }

    /// Whether there is a surface at `uv`, and not a hole.
    pub(super) fn exists(&self, uv: DVec2) -> bool {
        self.alpha_mask.is_none_or(|threshold| {
            let texture = self.base_color_texture.as_ref();
            self.alpha * texture.map_or(1.0, |t| self.read(t, uv, |byte| byte)[3]) >= threshold
        })
    }

    /// Linear.
    pub(super) fn albedo(&self, uv: DVec2) -> DVec3 {
        self.base_color * self.color(&self.base_color_texture, uv)
    }

    /// Perceptual.
    pub(super) fn roughness(&self, uv: DVec2) -> f64 {
        self.roughness * self.metallic_roughness(uv).y
    }

    pub(super) fn metallic(&self, uv: DVec2) -> f64 {
        self.metallic * self.metallic_roughness(uv).z
    }

    /// cd/m2.
    pub(super) fn emission(&self, uv: DVec2) -> DVec3 {
        self.emission * self.color(&self.emission_texture, uv)
    }

    /// The normal map's vector, x along the tangent, y along the bitangent; `None` without a normal map. Not quite unit:
    /// neither are the texels, nor what is between them.
    pub(super) fn tangent_space_normal(&self, uv: DVec2) -> Option<DVec3> {
        let texture = self.normal_texture.as_ref()?;
        let [x, y, z, _] = self.read(texture, uv, |byte| byte);
        Some(DVec3::new(x, y, z) * 2.0 - 1.0)
    }

    /// Roughness in y, metallic in z, where glTF keeps them.
    fn metallic_roughness(&self, uv: DVec2) -> DVec3 {
        let Some(texture) = &self.metallic_roughness_texture else { return DVec3::ONE };
        let [r, g, b, _] = self.read(texture, uv, |byte| byte);
        DVec3::new(r, g, b)
    }

    /// Of an sRGB texture, linear; white where there is none.
    fn color(&self, texture: &Option<Map>, uv: DVec2) -> DVec3 {
        let Some(texture) = texture else { return DVec3::ONE };
        let [r, g, b, _] = self.read(texture, uv, linear);
        DVec3::new(r, g, b)
    }

    /// Bilinear, repeated: texel centres are at half integers. Each texel is decoded first; alpha never is.
    fn read(&self, map: &Map, uv: DVec2, decode: impl Fn(f64) -> f64) -> [f64; 4] {
        let image = &map.texture.image;
        let (width, height) = (i64::from(image.width()), i64::from(image.height()));
        let texel = |x: i64, y: i64| {
            let [r, g, b, a] = image
                .get(x.rem_euclid(width) as u32, y.rem_euclid(height) as u32)
                .unwrap()
                .map(|byte| f64::from(byte) / 255.0);
            [decode(r), decode(g), decode(b), a]
        };
        let at = uv * self.tiling * DVec2::new(width as f64, height as f64) - 0.5;
        let (x, y) = (at.x.floor() as i64, at.y.floor() as i64);
        let share = at - at.floor();
        let mix = |a: [f64; 4], b: [f64; 4], t: f64| std::array::from_fn(|c| a[c] * (1.0 - t) + b[c] * t);
        let upper = mix(texel(x, y), texel(x + 1, y), share.x);
        let lower = mix(texel(x, y + 1), texel(x + 1, y + 1), share.x);
        mix(upper, lower, share.y)
    }
}

/// IEC 61966-2-1 undone.
fn linear(srgb: f64) -> f64 {
    if srgb <= 0.04045 { srgb / 12.92 } else { libm::pow((srgb + 0.055) / 1.055, 2.4) }
}
