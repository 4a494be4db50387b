//! What photons fall on: every triangle that is drawn, with the colour that it has where they do.

use std::sync::Arc;

use glam::{DAffine3, DMat3, DVec2, DVec3};

use crate::assets::cache::Cache;
use crate::assets::{Library, Map, PartMaterial, Wrap};
use crate::mesh::{Mesh, shapes};
use crate::scene::color::linear_from_srgb;
use crate::scene::{Instance, Scene};
use crate::solid::Surface;

/// Room for triangles that rays can be cast at, bytes.
const ROOM: usize = 64 << 20;

/// Of cut-outs, a ray passes so many at most.
const MOST_HOLES: u32 = 64;

/// Meshes that rays can be cast at, remembered from scene to scene. Nothing that is in it changes what comes out.
pub struct Meshes(Cache<Skin>);

impl Default for Meshes {
    fn default() -> Self {
        Self(Cache::new(ROOM))
    }
}

/// A mesh whose triangles can be met.
struct Skin {
    mesh: Arc<Mesh>,
    surface: Option<Surface>,
}

/// One mesh of one material, in its place.
struct Body {
    skin: Arc<Skin>,
    mesh_from_world: DAffine3,
    /// Takes normals of the mesh to the world.
    normals: DMat3,
    low: DVec3,
    high: DVec3,
    look: Arc<PartMaterial>,
    labelled: bool,
}

pub(super) struct Bodies {
    bodies: Vec<Body>,
    /// The corners of the box around everything.
    bounds: (DVec3, DVec3),
}

/// Where a ray meets a surface.
pub(super) struct Met {
    pub(super) position: DVec3,
    /// Unit normal, against the ray.
    pub(super) normal: DVec3,
    /// Share of light that comes back, per linear RGB channel.
    pub(super) albedo: [f64; 3],
}

impl Bodies {
    pub(super) fn of(scene: &Scene, library: &Library, meshes: &Meshes) -> Self {
        let bodies: Vec<Body> =
            scene.instances.iter().flat_map(|instance| bodies_of(instance, library, meshes)).collect();
        let none = (DVec3::INFINITY, DVec3::NEG_INFINITY);
        let bounds = bodies.iter().fold(none, |(low, high), body| (low.min(body.low), high.max(body.high)));
        Self { bodies, bounds }
    }

    /// How far beside a surface what leaves it starts, metres.
    pub(super) fn gap(&self) -> f64 {
        ((self.bounds.1 - self.bounds.0).max_element() * 1e-7).clamp(1e-7, 1e-3)
    }

    /// Middle and radius of a ball around everything.
    pub(super) fn ball(&self) -> (DVec3, f64) {
        around(self.bounds)
    }

    /// The same around all that has labels, with as much room again; around everything where nothing has.
    pub(super) fn ball_of_things(&self) -> (DVec3, f64) {
        let labelled = || self.bodies.iter().filter(|body| body.labelled);
        if labelled().next().is_none() {
            return self.ball();
        }
        let none = (DVec3::INFINITY, DVec3::NEG_INFINITY);
        let bounds = labelled().fold(none, |(low, high), body| (low.min(body.low), high.max(body.high)));
        let (middle, radius) = around(bounds);
        (middle, (radius * 2.0).min(self.ball().1))
    }

    /// What a ray along a unit vector meets first.
    pub(super) fn meet(&self, mut origin: DVec3, direction: DVec3) -> Option<Met> {
        for _ in 0..MOST_HOLES {
            let (mut nearest, mut found) = (f64::INFINITY, None);
            for body in &self.bodies {
                if body.may_meet(origin, direction, nearest)
                    && let Some((triangle, distance)) = body.meet(origin, direction, nearest)
                {
                    (nearest, found) = (distance, Some((body, triangle)));
                }
            }
            let (body, triangle) = found?;
            let position = origin + direction * nearest;
            let (normal, albedo) = body.at(triangle, position);
            if let Some(albedo) = albedo {
                let normal = if normal.dot(direction) > 0.0 { -normal } else { normal };
                return Some(Met { position, normal, albedo });
            }
            origin = position + direction * self.gap();
        }
        None
    }
}

/// Middle and radius of a ball around a box; of a millimetre around one that holds nothing.
fn around((low, high): (DVec3, DVec3)) -> (DVec3, f64) {
    if low.cmple(high).all() {
        ((low + high) / 2.0, ((high - low).length() / 2.0).max(1e-3))
    } else {
        (DVec3::ZERO, 1e-3)
    }
}

fn bodies_of(instance: &Instance, library: &Library, meshes: &Meshes) -> Vec<Body> {
    let skin = |key: String, mesh: &dyn Fn() -> Arc<Mesh>| {
        let make = || {
            let mesh = mesh();
            let bytes = mesh.bytes() + mesh.indices.len() * 100;
            let surface = Surface::new(&mesh);
            Ok::<_, std::convert::Infallible>((Skin { mesh, surface }, bytes))
        };
        match meshes.0.get_or_make(&key, make) {
            Ok(skin) => skin,
            Err(never) => match never {},
        }
    };
    let worn = instance.material.as_ref().and_then(|material| library.look(material).ok()).map(Arc::new);
    let mut parts = Vec::new();
    if let Some((key, size)) = shapes::key_and_scale(&instance.shape) {
        let skin = skin(format!("{key:?}"), &|| Arc::new(shapes::build(&key)));
        parts.push((skin, size, worn.unwrap_or_default()));
    } else if let Some(model) = library.model(&instance.shape, false) {
        for (number, part) in model.parts.iter().enumerate() {
            let skin = skin(format!("{:?} {number}", instance.shape), &|| part.mesh.clone());
            let look = match (&worn, part.own) {
                (Some(worn), false) => worn.clone(),
                _ => Arc::new(part.material.clone()),
            };
            parts.push((skin, DVec3::ONE, look));
        }
    }
    let placed = parts.into_iter().filter_map(|(skin, size, look)| {
        // What light passes through is not in its way, as it casts no shadow.
        if look.blend || look.transmission > 0.0 || skin.surface.is_none() {
            return None;
        }
        let world_from_mesh = instance.world_from_instance() * DAffine3::from_scale(size);
        let (low, high) = skin.mesh.bounds()?;
        let corners = (0..8).map(|k| {
            let pick = |bit: u32, low: f64, high: f64| if k & bit == 0 { low } else { high };
            let corner = DVec3::new(pick(1, low.x, high.x), pick(2, low.y, high.y), pick(4, low.z, high.z));
            world_from_mesh.transform_point3(corner)
        });
        let none = (DVec3::INFINITY, DVec3::NEG_INFINITY);
        let (low, high) = corners.fold(none, |(low, high), corner| (low.min(corner), high.max(corner)));
        let mesh_from_world = world_from_mesh.inverse();
        Some(Body {
            skin,
            mesh_from_world,
            normals: mesh_from_world.matrix3.transpose(),
            low,
            high,
            look,
            labelled: instance.category.is_some(),
        })
    });
    placed.collect()
}

impl Body {
    /// Whether a ray comes into its box nearer than `most`.
    fn may_meet(&self, origin: DVec3, direction: DVec3, most: f64) -> bool {
        let (a, b) = ((self.low - origin) / direction, (self.high - origin) / direction);
        // Along an axis in whose plane the ray lies, 0 / 0 says nothing.
        let (near, far) = (0..3).fold((0.0_f64, most), |(near, far), k| {
            if direction[k] == 0.0 {
                let within = (self.low[k]..=self.high[k]).contains(&origin[k]);
                return if within { (near, far) } else { (f64::INFINITY, far) };
            }
            (near.max(a[k].min(b[k])), far.min(a[k].max(b[k])))
        });
        near <= far * (1.0 + 1e-12) + 1e-12
    }

    /// The triangle that a ray meets first, and how far that is.
    fn meet(&self, origin: DVec3, direction: DVec3, most: f64) -> Option<(usize, f64)> {
        let surface = self.skin.surface.as_ref()?;
        // An affine map keeps how far along a ray a point is, if its direction keeps its length.
        let origin = self.mesh_from_world.transform_point3(origin);
        let direction = self.mesh_from_world.transform_vector3(direction);
        surface.ray(origin, direction, most, self.look.double_sided)
    }

    /// Unit normal of a triangle, and what a point of it gives back; `None` where there is a hole.
    fn at(&self, triangle: usize, position: DVec3) -> (DVec3, Option<[f64; 3]>) {
        let mesh = &self.skin.mesh;
        let corners: [usize; 3] = std::array::from_fn(|k| mesh.indices[3 * triangle + k] as usize);
        let [a, b, c] = corners.map(|i| DVec3::from_array(mesh.positions[i].map(f64::from)));
        let normal = (self.normals * (b - a).cross(c - a)).try_normalize().unwrap_or(DVec3::Y);
        let point = self.mesh_from_world.transform_point3(position);
        let shares = barycentric(point, [a, b, c]);
        (normal, self.albedo(corners, shares))
    }

    fn albedo(&self, corners: [usize; 3], shares: [f64; 3]) -> Option<[f64; 3]> {
        let (mesh, look) = (&self.skin.mesh, &*self.look);
        let texel = |map: &Option<Map>| {
            let map = map.as_ref()?;
            let uvs = if map.uv_set == 1 && !mesh.uvs1.is_empty() { &mesh.uvs1 } else { &mesh.uvs };
            let uv = (0..3).map(|k| DVec2::from(uvs[corners[k]].map(f64::from)) * shares[k]).sum::<DVec2>();
            Some(lookup(map, uv * DVec2::from(look.uv_scale.map(f64::from))))
        };
        let painted = texel(&look.base_color_texture);
        let shade = |channel: usize| match (mesh.colors.is_empty(), channel) {
            (true, _) => 1.0,
            (false, k) => (0..3).map(|i| f64::from(mesh.colors[corners[i]][k]) * shares[i]).sum::<f64>(),
        };
        let alpha = f64::from(look.base_color[3]) * painted.map_or(1.0, |t| f64::from(t[3]) / 255.0) * shade(3);
        if look.alpha_mask.is_some_and(|cutoff| alpha < f64::from(cutoff)) {
            return None;
        }
        if look.unlit {
            return Some([0.0; 3]);
        }
        let metallic = texel(&look.metallic_roughness_texture).map_or(1.0, |t| f64::from(t[2]) / 255.0);
        let matte = (1.0 - f64::from(look.metallic) * metallic) * (1.0 - f64::from(look.translucency));
        Some(std::array::from_fn(|k| {
            let painted = painted.map_or(1.0, |t| linear_from_srgb(f64::from(t[k]) / 255.0));
            f64::from(look.base_color[k]) * painted * shade(k) * matte
        }))
    }
}

/// Shares of the corners in a point of a triangle's plane.
fn barycentric(point: DVec3, [a, b, c]: [DVec3; 3]) -> [f64; 3] {
    let normal = (b - a).cross(c - a);
    let area = normal.length_squared();
    if area <= 0.0 {
        return [1.0, 0.0, 0.0];
    }
    let v = (point - a).cross(c - a).dot(normal) / area;
    let w = (b - a).cross(point - a).dot(normal) / area;
    [1.0 - v - w, v, w]
}

/// The nearest texel of a texture.
fn lookup(map: &Map, uv: DVec2) -> [u8; 4] {
    let image = &map.texture.image;
    let place = |u: f64, wrap: Wrap, count: u32| {
        let u = match wrap {
            Wrap::Repeat => u.rem_euclid(1.0),
            Wrap::Mirror => 1.0 - (u.rem_euclid(2.0) - 1.0).abs(),
            Wrap::Clamp => u.clamp(0.0, 1.0),
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the number of texels")]
        let texel = (u * f64::from(count)) as u32;
        texel.min(count - 1)
    };
    let [wrap_u, wrap_v] = map.texture.wrap;
    image.get(place(uv.x, wrap_u, image.width()), place(uv.y, wrap_v, image.height())).copied().unwrap_or([255; 4])
}
