//! What is seen behind everything where it is no gradient: panoramas on a sphere, pictures on a sheet, infinitely far away.
//!
//! They are meshes without light, one for each camera, in a layer that only this camera sees. Bevy brings them through its own tone
//! curve; what should be shown as it is goes through the inverse of it first. The label pass does not draw them.

use bevy::asset::{Assets, Handle, RenderAssetUsages};
use bevy::camera::visibility::{NoFrustumCulling, RenderLayers};
use bevy::color::{Color, LinearRgba};
use bevy::ecs::entity::Entity;
use bevy::image::{Image as BevyImage, ImageAddressMode, ImageFilterMode, ImageSampler, ImageSamplerDescriptor};
use bevy::light::{NotShadowCaster, NotShadowReceiver};
use bevy::math::{Affine2, Quat, Vec2, Vec3, Vec4};
use bevy::mesh::{Indices, Mesh as BevyMesh, Mesh3d, PrimitiveTopology};
use bevy::pbr::{MeshMaterial3d, StandardMaterial};
use bevy::prelude::{Name, Transform, World};
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use glam::DVec3;
use std::collections::BTreeMap;

use super::around::Around;
use super::environment::half_bits;
use super::eyes::Eye;
use super::panorama;
use super::warp::Warp;
use crate::assets::Texture;
use crate::assets::sky::direction;
use crate::image::Image;
use crate::scene::color::linear_from_srgb;
use crate::scene::tone::undo;
use crate::scene::{Camera, ImageSettings, ToneCurve};

/// Metres; beyond everything that a scene can hold, and near enough for single precision.
const FAR: f64 = 1e10;
/// Columns and rows of the sphere: between them, the image is bent by less than a thousandth of its width.
const COLUMNS: u32 = 192;
const ROWS: u32 = 96;

/// The layer that only the camera at this position of its scene sees, besides the scene's.
pub(super) fn layer(camera: usize) -> usize {
    camera + 1
}

/// Meshes and textures of backdrops, kept from scene to scene.
#[derive(Default)]
pub(super) struct Backdrops {
    sphere: Option<Handle<BevyMesh>>,
    sheet: Option<Handle<BevyMesh>>,
    skies: BTreeMap<String, Handle<BevyImage>>,
    pictures: BTreeMap<(String, String), Handle<BevyImage>>,
}

/// What a picture texture is remembered for: at most so many.
const MOST_PICTURES: usize = 64;
/// The same of panoramas, which are larger.
const MOST_SKIES: usize = 16;

impl Backdrops {
    /// A panorama around the camera. Exposure makes display values (before the tone curve) of luminances.
    pub(super) fn sky(
        &mut self,
        world: &mut World,
        (position, camera): (usize, &Camera),
        seen: &Around,
        exposure: f64,
    ) -> Entity {
        let sphere = self.sphere.get_or_insert_with(|| world.resource_mut::<Assets<BevyMesh>>().add(sphere())).clone();
        if !self.skies.contains_key(&seen.key) && self.skies.len() >= MOST_SKIES {
            self.skies.pop_first();
        }
        let texture = self.skies.entry(seen.key.clone()).or_insert_with(|| {
            let (width, height, levels, data) = panorama::picture(&seen.image());
            let image = texture((width, height, levels), data, ImageAddressMode::Repeat);
            world.resource_mut::<Assets<BevyImage>>().add(image)
        });
        let level = narrow(seen.luminance * exposure);
        let material = unlit(Color::LinearRgba(LinearRgba::rgb(level, level, level)), Some(texture.clone()));
        let transform = Transform {
            translation: camera.position.as_vec3(),
            rotation: Quat::from_rotation_y(narrow(seen.yaw)),
            scale: Vec3::splat(narrow(FAR)),
        };
        spawn(world, position, sphere, material, transform)
    }

    /// A picture that covers the frame.
    pub(super) fn picture(
        &mut self,
        world: &mut World,
        (position, eye): (usize, &Eye),
        frame: &ImageSettings,
        picture: &Texture,
        mirrored: bool,
        through: Option<(&Warp, &Camera)>,
    ) -> Entity {
        let key = (picture.key.clone(), format!("{:?}", frame.tone_curve));
        if !self.pictures.contains_key(&key) && self.pictures.len() >= MOST_PICTURES {
            self.pictures.pop_first();
        }
        let texture = self.pictures.entry(key).or_insert_with(|| {
            let image = display_texture(&picture.image, frame.tone_curve);
            world.resource_mut::<Assets<BevyImage>>().add(image)
        });
        let mut material = unlit(Color::WHITE, Some(texture.clone()));
        // What is seen of it: all of its height or all of its width.
        let (wide, high) = (f64::from(frame.width), f64::from(frame.height));
        let (columns, rows) = (f64::from(picture.image.width()), f64::from(picture.image.height()));
        let scale = (wide / columns).max(high / rows);
        let (u, v) = (wide / columns / scale, high / rows / scale);
        let u = if mirrored { -u } else { u };
        material.uv_transform = Affine2::from_scale_angle_translation(
            Vec2::new(narrow(u), narrow(v)),
            0.0,
            Vec2::new(narrow((1.0 - u) / 2.0), narrow((1.0 - v) / 2.0)),
        );
        match through {
            None => self.sheet(world, position, eye, material),
            Some((warp, camera)) => {
                let mesh = world.resource_mut::<Assets<BevyMesh>>().add(bent_sheet(warp));
                let transform = Transform {
                    translation: camera.position.as_vec3(),
                    rotation: camera.rotation.as_quat(),
                    scale: Vec3::splat(narrow(FAR)),
                };
                spawn(world, position, mesh, material, transform)
            }
        }
    }

    /// One colour: linear, as displayed.
    pub(super) fn color(
        &mut self,
        world: &mut World,
        (position, eye): (usize, &Eye),
        curve: ToneCurve,
        color: [f64; 3],
    ) -> Entity {
        let [r, g, b] = undo(curve, color).map(narrow);
        let material = unlit(Color::LinearRgba(LinearRgba::rgb(r, g, b)), None);
        self.sheet(world, position, eye, material)
    }

    /// A rectangle that fills the frame.
    fn sheet(&mut self, world: &mut World, position: usize, eye: &Eye, material: StandardMaterial) -> Entity {
        let camera = &eye.view;
        let sheet = self.sheet.get_or_insert_with(|| world.resource_mut::<Assets<BevyMesh>>().add(sheet())).clone();
        let (wide, high) = (f64::from(eye.width), f64::from(eye.height));
        let middle = DVec3::new((wide / 2.0 - camera.cx) / camera.fx, (camera.cy - high / 2.0) / camera.fy, -1.0);
        let transform = Transform {
            translation: (camera.position + camera.rotation * (middle * FAR)).as_vec3(),
            rotation: camera.rotation.as_quat(),
            scale: (DVec3::new(wide / camera.fx, high / camera.fy, 1.0) * FAR).as_vec3(),
        };
        spawn(world, position, sheet, material, transform)
    }
}

fn spawn(
    world: &mut World,
    camera: usize,
    mesh: Handle<BevyMesh>,
    material: StandardMaterial,
    transform: Transform,
) -> Entity {
    let material = world.resource_mut::<Assets<StandardMaterial>>().add(material);
    let parts = (Name::new("background"), Mesh3d(mesh), MeshMaterial3d(material), transform);
    world.spawn((parts, NoFrustumCulling, NotShadowCaster, NotShadowReceiver, RenderLayers::layer(layer(camera)))).id()
}

fn unlit(base_color: Color, texture: Option<Handle<BevyImage>>) -> StandardMaterial {
    StandardMaterial { base_color, base_color_texture: texture, unlit: true, cull_mode: None, ..Default::default() }
}

/// A unit sphere with the UVs of a panorama, seen from inside. It has the attributes of every mesh.
fn sphere() -> BevyMesh {
    let (mut positions, mut uvs, mut indices) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..=ROWS {
        for column in 0..=COLUMNS {
            let (u, v) = (f64::from(column) / f64::from(COLUMNS), f64::from(row) / f64::from(ROWS));
            positions.push(direction(u, v).as_vec3());
            uvs.push([narrow(u), narrow(v)]);
        }
    }
    for row in 0..ROWS {
        for column in 0..COLUMNS {
            let (a, b) = (row * (COLUMNS + 1) + column, (row + 1) * (COLUMNS + 1) + column);
            indices.extend([a, b, b + 1, a, b + 1, a + 1]);
        }
    }
    mesh(positions, uvs, indices)
}

/// A unit square about the origin that faces +Z, and what is around it: out of focus, a camera sees beyond its frame.
fn sheet() -> BevyMesh {
    let uvs = [[-0.5, 1.5], [1.5, 1.5], [1.5, -0.5], [-0.5, -0.5]];
    let positions = uvs.map(|[u, v]: [f32; 2]| Vec3::new(u - 0.5, 0.5 - v, 0.0));
    mesh(positions.to_vec(), uvs.to_vec(), vec![0, 1, 2, 0, 2, 3])
}

/// The frame of a camera that is no pinhole, at distance 1 along its rays: in our frame of the camera, the UVs those of a sheet.
fn bent_sheet(warp: &Warp) -> BevyMesh {
    const STEP: i64 = 8;
    let (columns, rows) = warp.corner_grid();
    // One step more on every side: what is looked up at the edge is up to a pixel beyond it.
    let places = |count: u32| -> Vec<i64> {
        let last = i64::from(count) - 1;
        std::iter::once(-STEP).chain((0..last).step_by(8)).chain([last, last + STEP]).collect()
    };
    let (across, down) = (places(columns), places(rows));
    let corner = |x: i64, y: i64| {
        let at = |x: i64, columns: u32| usize::try_from(x.clamp(0, i64::from(columns) - 1)).unwrap_or(0);
        Vec4::from_array(warp.corners[at(y, rows) * columns as usize + at(x, columns)])
    };
    // Beyond the edge, straight on.
    let ray = |x: i64, y: i64| {
        let (inside_x, inside_y) = (x.clamp(0, i64::from(columns) - 1), y.clamp(0, i64::from(rows) - 1));
        let edge = corner(inside_x, inside_y);
        let mirrored = corner(2 * inside_x - x, 2 * inside_y - y);
        let on = edge.truncate() * 2.0 - mirrored.truncate();
        (if (x, y) == (inside_x, inside_y) { edge.truncate() } else { on }, edge.w.min(mirrored.w))
    };
    let (mut positions, mut uvs, mut there) = (Vec::new(), Vec::new(), Vec::new());
    #[expect(clippy::cast_precision_loss, reason = "sides of images")]
    let share = |x: i64, columns: u32| x as f32 / (columns - 1) as f32;
    for &y in &down {
        for &x in &across {
            let (direction, has) = ray(x, y);
            positions.push(direction * Vec3::new(1.0, -1.0, -1.0));
            uvs.push([share(x, columns), share(y, rows)]);
            there.push(has > 0.0);
        }
    }
    let mut indices = Vec::new();
    for y in 0..down.len() - 1 {
        for x in 0..across.len() - 1 {
            let index = |x: usize, y: usize| y * across.len() + x;
            let corners = [index(x, y), index(x + 1, y), index(x, y + 1), index(x + 1, y + 1)];
            if corners.iter().all(|&corner| there[corner]) {
                let [a, b, c, d] = corners.map(|corner| u32::try_from(corner).unwrap_or(u32::MAX));
                indices.extend([a, c, d, a, d, b]);
            }
        }
    }
    mesh(positions, uvs, indices)
}

fn mesh(positions: Vec<Vec3>, uvs: Vec<[f32; 2]>, indices: Vec<u32>) -> BevyMesh {
    let normals = vec![[0.0f32, 0.0, 1.0]; positions.len()];
    let tangents = vec![[1.0f32, 0.0, 0.0, 1.0]; positions.len()];
    BevyMesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(BevyMesh::ATTRIBUTE_POSITION, positions)
        .with_inserted_attribute(BevyMesh::ATTRIBUTE_NORMAL, normals)
        .with_inserted_attribute(BevyMesh::ATTRIBUTE_UV_0, uvs)
        .with_inserted_attribute(BevyMesh::ATTRIBUTE_TANGENT, tangents)
        .with_inserted_indices(Indices::U32(indices))
}

/// What becomes the picture's own bytes on display, whatever the tone curve, in ever smaller versions.
fn display_texture(picture: &Image<[u8; 4]>, curve: ToneCurve) -> BevyImage {
    let linear: Vec<f64> = (0..=255u8).map(|byte| linear_from_srgb(f64::from(byte) / 255.0)).collect();
    let mut level =
        picture.map(|p| DVec3::new(linear[usize::from(p[0])], linear[usize::from(p[1])], linear[usize::from(p[2])]));
    let mut data = Vec::new();
    let mut levels = 0;
    loop {
        for pixel in level.pixels() {
            let [r, g, b] = undo(curve, pixel.to_array());
            data.extend([r, g, b, 1.0].into_iter().flat_map(|c| half_bits(c).to_le_bytes()));
        }
        levels += 1;
        if level.width() == 1 && level.height() == 1 {
            break;
        }
        level = halved(&level);
    }
    texture((picture.width(), picture.height(), levels), data, ImageAddressMode::ClampToEdge)
}

fn halved(image: &Image<DVec3>) -> Image<DVec3> {
    let mut half = Image::filled((image.width() / 2).max(1), (image.height() / 2).max(1), DVec3::ZERO);
    for y in 0..half.height() {
        for x in 0..half.width() {
            let at = |dx: u32, dy: u32| {
                let (x, y) = ((2 * x + dx).min(image.width() - 1), (2 * y + dy).min(image.height() - 1));
                image.get(x, y).copied().unwrap_or_default()
            };
            half.set(x, y, (at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)) / 4.0);
        }
    }
    half
}

fn texture((width, height, levels): (u32, u32, u32), data: Vec<u8>, address_mode_u: ImageAddressMode) -> BevyImage {
    let mut image = BevyImage::new_uninit(
        Extent3d { width, height, depth_or_array_layers: 1 },
        TextureDimension::D2,
        TextureFormat::Rgba16Float,
        RenderAssetUsages::RENDER_WORLD,
    );
    image.data = Some(data);
    image.texture_descriptor.mip_level_count = levels;
    image.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor {
        address_mode_u,
        address_mode_v: ImageAddressMode::ClampToEdge,
        mag_filter: ImageFilterMode::Linear,
        min_filter: ImageFilterMode::Linear,
        mipmap_filter: ImageFilterMode::Linear,
        ..Default::default()
    });
    image
}

#[expect(clippy::cast_possible_truncation, reason = "the GPU computes in f32")]
fn narrow(value: f64) -> f32 {
    value as f32
}
