//! A scene as entities. Everything is spawned anew for each scene and nothing survives it: Bevy 0.19 keeps the shadow maps
//! of lights that do not change, whatever else does.

use bevy::asset::Handle;
use bevy::camera::visibility::{NoFrustumCulling, RenderLayers};
use bevy::camera::{Camera as BevyCamera, Camera3d, ClearColorConfig, Exposure, Hdr, Projection, RenderTarget};
use bevy::color::{Color, LinearRgba};
use bevy::core_pipeline::tonemapping::{DebandDither, Tonemapping};
use bevy::ecs::entity::Entity;
use bevy::image::Image as BevyImage;
use bevy::light::cluster::ClusterConfig;
use bevy::light::{EnvironmentMapLight, NotShadowCaster, Skybox};
use bevy::math::{Affine3A, DAffine3, DVec3, Quat};
use bevy::mesh::Mesh3d;
use bevy::pbr::{DistanceFog, FogFalloff, MeshMaterial3d};
use bevy::prelude::{Name, Transform, World};
use bevy::render::view::Msaa;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::RenderError;
use super::bounced::Bounced;
use super::eyes::{Eye, Eyes};
use super::lamps::{self, Dome, Stage};
use super::masks::PlacedBox;
use super::projection::Pinhole;
use super::subframes::Subframes;
use super::surface::Surface;
use super::upload::{UploadedMaterial, Uploads};
use super::{backdrop, environment, lit, suns};
use crate::assets::AssetError;
use crate::frame::Owner;
use crate::scene::exposure::meter_place;
use crate::scene::tone;
use crate::scene::{AntiAliasing, Background, Environment, Light, Material, Scene, SurfaceLabels, ToneCurve};

/// A scene in flight: its entities, and what must be seen of them.
pub(super) struct Shot {
    /// In the order of `eyes`.
    pub(super) cameras: Vec<Entity>,
    /// The views that are drawn for the scene's cameras.
    pub(super) eyes: Eyes,
    /// One for each mesh entity, in the order of the scene's instances; the label pass draws these.
    pub(super) surfaces: Vec<(Entity, Surface)>,
    /// For each of them, its place in space.
    pub(super) boxes: Vec<PlacedBox>,
    /// For each of them, to whom it belongs.
    pub(super) owners: Arc<[Owner]>,
    /// Images that light and background need.
    pub(super) environment: Vec<Handle<BevyImage>>,
    /// For each camera, the mesh behind everything, if there is one.
    pub(super) backdrops: Vec<Option<Entity>>,
    /// How many shadow views there must be for each camera, and for all together (point and spot lights).
    pub(super) cascades_per_camera: usize,
    pub(super) shared_shadow_views: usize,
    /// What decides how lights are drawn.
    pub(super) stage: Stage,
    /// In the order of the scene's.
    pub(super) lights: Vec<Entity>,
    /// What stands for the environment where it casts shadows: its light, and the directions.
    pub(super) dome: Option<(Dome, Vec<Entity>)>,
    /// What stands for the light that surfaces give back, where that lights others.
    pub(super) bounced: Option<Bounced>,
    /// Linear light where nothing is drawn.
    pub(super) clear: [f32; 3],
}

impl Shot {
    /// Takes everything out of the world again, in reverse order.
    pub(super) fn despawn(self, world: &mut World) {
        let meshes = self.surfaces.iter().map(|(entity, _)| *entity);
        let backdrops = self.backdrops.iter().copied().flatten();
        let all: Vec<Entity> = self
            .lights
            .iter()
            .copied()
            .chain(self.dome.into_iter().flat_map(|(_, entities)| entities))
            .chain(self.bounced.into_iter().flat_map(|bounced| bounced.entities))
            .chain(meshes)
            .chain(self.cameras.iter().copied())
            .chain(backdrops)
            .collect();
        let suns = suns::all(world);
        for entity in all.into_iter().rev().filter(|entity| !suns.contains(entity)) {
            world.despawn(entity);
        }
        suns::clear(world);
    }
}

/// Puts `scene` into the world, its cameras drawing into `targets`.
pub(super) fn spawn(
    world: &mut World,
    uploads: &mut Uploads,
    maps: &mut environment::Maps,
    scene: &Scene,
    eyes: Eyes,
    targets: &[Handle<BevyImage>],
) -> Result<Shot, RenderError> {
    let placed = place_meshes(world, uploads, scene)?;
    let corners: Vec<DVec3> = placed.iter().flat_map(|p| p.corners()).collect();

    let middle = meter_place(&scene.instances);
    let stage = Stage::new(&eyes, corners, middle);
    let point = |position| Subframes::of(scene).light(position, 0);
    let mut suns = suns::all(world).into_iter();
    let lights: Vec<Entity> = (0..)
        .zip(&scene.lights_at(scene.time))
        .map(|(position, light)| {
            let sun = if matches!(light, Light::Sun { .. }) { suns.next() } else { None };
            let entity = sun.unwrap_or_else(|| world.spawn_empty().id());
            stage.put(world, entity, light, point(position), scene.image.samples);
            entity
        })
        .collect();
    let boxes = placed.iter().map(PlacedMesh::placed_box).collect();
    // What is seen through glass is what was drawn before it: that has to be light, and not what a tone curve has made of it already
    // (Bevy only guesses its way back).
    let by_light = scene.needs_linear();
    let late = by_light
        || scene.image.tone_curve != ToneCurve::Srgb && placed.iter().any(|mesh| mesh.piece.material.transmits);
    let owners = placed.iter().map(|mesh| mesh.owner).collect();
    let surfaces = (1..).zip(placed).map(|(number, mesh)| mesh.spawn(world, number)).collect();

    uploads.load_surroundings(scene)?;
    let light = maps.light(&mut world.resource_mut(), &scene.environment, uploads.library())?;
    let mut light = light;
    let dome = if scene.image.ambient_occlusion && scene.image.samples > 1 && light.is_some() {
        maps.dome(&scene.environment, uploads.library())?
    } else {
        None
    };
    let dome = dome.map(|dome| {
        let entities: Vec<Entity> = suns.take(Stage::directions(&scene.lights)).collect();
        stage.put_dome(world, &entities, &dome, &Subframes::of(scene).dome(0, entities.len()));
        (dome, entities)
    });
    if let (Some(light), Some((_, entities))) = (&mut light, &dome)
        && !entities.is_empty()
    {
        light.diffuse = maps.black(&mut world.resource_mut());
    }
    let bounced = Bounced::spawn(world, uploads, scene, &stage, &dome);
    let mut environment: Vec<_> =
        light.iter().flat_map(|light| [light.diffuse.clone(), light.specular.clone()]).collect();
    let (mut cameras, mut backdrops) = (Vec::new(), Vec::new());
    let mut clear = [0.0; 3];
    let shader = lit::shader(world);
    for (position, (eye, target)) in eyes.eyes.iter().zip(targets).enumerate() {
        let camera = &eye.view;
        let entity = spawn_camera(world, scene, eye, position, target);
        world.entity_mut(entity).insert(shader);
        if late {
            world.entity_mut(entity).insert(Hdr);
        }
        if let Some(light) = &light {
            world.entity_mut(entity).insert(surroundings(light));
        }
        let exposure = f64::from(Exposure { ev100: narrow(camera.ev100) }.exposure());
        if let Some(fog) = &scene.fog {
            // All that is infinitely far away is behind endless fog.
            let airlight = fog.airlight.map(|c| c * exposure);
            let shown = if late { airlight } else { tone::apply(scene.image.tone_curve, airlight) };
            clear = shown.map(narrow);
            world.entity_mut(entity).insert(DistanceFog {
                color: linear(airlight),
                falloff: FogFalloff::Exponential { density: narrow(fog.extinction) },
                ..Default::default()
            });
            if let Some(mut camera) = world.get_mut::<BevyCamera>(entity) {
                camera.clear_color = ClearColorConfig::Custom(linear(shown));
            }
        }
        let backdrop = match (&scene.background, &scene.environment) {
            _ if scene.fog.is_some() => None,
            (None, Environment::Gradient { zenith, nadir }) => {
                if light.is_some() {
                    let sky =
                        environment::background(*zenith, *nadir, exposure, (!late).then_some(scene.image.tone_curve));
                    let image = maps.background(&mut world.resource_mut(), position, sky);
                    // The map holds display values: undo the exposure that Bevy applies.
                    let brightness = narrow(1.0 / exposure);
                    let sky = Skybox { image: Some(image.clone()), brightness, rotation: Quat::IDENTITY };
                    world.entity_mut(entity).insert(sky);
                    environment.push(image);
                }
                None
            }
            (None, Environment::Image { .. } | Environment::Sky(_)) => {
                uploads.panorama(world, (position, camera), &scene.environment, exposure)?
            }
            (Some(Background::Color(color)), _) => {
                Some(uploads.backdrops.color(world, (position, eye), scene.image.tone_curve, *color))
            }
            (Some(Background::Image { path, mirrored }), _) => {
                let picture = uploads.library().textures.get(path).cloned();
                let picture = picture.ok_or_else(|| AssetError::Missing(path.into()))?;
                let through = eyes.warps[eye.camera].as_ref().map(|warp| (&**warp, &scene.cameras[eye.camera]));
                Some(uploads.backdrops.picture(world, (position, eye), &scene.image, &picture, *mirrored, through))
            }
        };
        cameras.push(entity);
        backdrops.push(backdrop);
    }

    let casting = || scene.lights.iter().filter(|light| lamps::casts_shadows(light));
    let suns = casting().filter(|light| matches!(light, Light::Sun { .. })).count();
    let shared: usize = casting().map(|light| stage.shared_views(light)).sum();
    Ok(Shot {
        cameras,
        eyes,
        surfaces,
        boxes,
        owners,
        environment,
        backdrops,
        cascades_per_camera: (suns + dome.as_ref().map_or(0, |(_, entities)| entities.len())) * stage.cascades(),
        shared_shadow_views: shared + bounced.as_ref().map_or(0, |bounced| bounced.entities.len()),
        stage,
        lights,
        dome,
        bounced,
        clear,
    })
}

/// A mesh that knows where it goes, before it is an entity.
struct PlacedMesh {
    name: String,
    piece: super::upload::Piece,
    transform: Transform,
    owner: Owner,
    see_through: bool,
    instance_from_world: DAffine3,
}

impl PlacedMesh {
    fn placed_box(&self) -> PlacedBox {
        PlacedBox {
            world_from_local: self.transform.compute_affine(),
            min: self.piece.mesh.min.as_dvec3(),
            max: self.piece.mesh.max.as_dvec3(),
        }
    }

    /// The corners of its bounding box, in the world.
    fn corners(&self) -> impl Iterator<Item = DVec3> + use<> {
        let world_from_local: DAffine3 = self.transform.compute_affine().into_daffine();
        let (min, max) = (self.piece.mesh.min, self.piece.mesh.max);
        (0..8).map(move |i| {
            let pick = |bit: u32, low: f32, high: f32| f64::from(if i & bit == 0 { low } else { high });
            world_from_local.transform_point3(DVec3::new(
                pick(1, min.x, max.x),
                pick(2, min.y, max.y),
                pick(4, min.z, max.z),
            ))
        })
    }

    fn spawn(self, world: &mut World, number: u32) -> (Entity, Surface) {
        let material = self.piece.material;
        let corners = [self.piece.mesh.min, self.piece.mesh.max].map(|corner| corner * self.piece.instance_from_local);
        let surface = Surface {
            number,
            instance: self.owner.instance,
            mesh: self.piece.mesh.handle.id(),
            rich: self.piece.mesh.rich,
            world_from_local: self.transform.compute_affine(),
            instance_from_world: narrow_affine(&self.instance_from_world),
            instance_from_local: self.piece.instance_from_local,
            lower: corners[0].min(corners[1]),
            upper: corners[0].max(corners[1]),
            look: material.look,
            see_through: self.see_through,
            casts_shadow: material.casts_shadow,
        };
        let mut entity = world.spawn((
            Name::new(self.name),
            Mesh3d(self.piece.mesh.handle),
            MeshMaterial3d(material.handle),
            self.transform,
            // Scenes are small; a wrong bounding box would be a wrong label.
            NoFrustumCulling,
        ));
        if !surface.casts_shadow {
            entity.insert(NotShadowCaster);
        }
        (entity.id(), surface)
    }
}

fn narrow_affine(affine: &DAffine3) -> Affine3A {
    Affine3A { matrix3: affine.matrix3.as_mat3().into(), translation: affine.translation.as_vec3a() }
}

/// Exact widening, so that light and shadow distances are computed like everything else.
trait IntoDAffine {
    fn into_daffine(self) -> DAffine3;
}

impl IntoDAffine for Affine3A {
    fn into_daffine(self) -> DAffine3 {
        DAffine3::from_cols(
            self.matrix3.x_axis.as_dvec3(),
            self.matrix3.y_axis.as_dvec3(),
            self.matrix3.z_axis.as_dvec3(),
            self.translation.as_dvec3(),
        )
    }
}

fn place_meshes(world: &mut World, uploads: &mut Uploads, scene: &Scene) -> Result<Vec<PlacedMesh>, RenderError> {
    let default_material = uploads.material(world, &Material::default())?;
    // Instances that look alike share a material: ten thousand of them need not be ten thousand bind groups.
    let mut materials: BTreeMap<String, UploadedMaterial> = BTreeMap::new();
    let mut placed = Vec::with_capacity(scene.instances.len());
    for (position, instance) in (0..).zip(&scene.instances) {
        let material = match &instance.material {
            None => None,
            Some(material) => {
                let key = format!("{material:?}");
                if !materials.contains_key(&key) {
                    materials.insert(key.clone(), uploads.material(world, material)?);
                }
                materials.get(&key)
            }
        };
        // The renderer knows no mirrored things: their meshes are turned over, and their scales are not.
        let mirrored = instance.scale.x * instance.scale.y * instance.scale.z < 0.0;
        let pieces = uploads.shape(world, &instance.shape, mirrored, material, &default_material)?;
        for (part, piece) in (1..).zip(pieces) {
            let transform = Transform {
                translation: instance.position.as_vec3(),
                rotation: instance.rotation.as_quat(),
                scale: instance.scale.as_vec3() * piece.instance_from_local,
            };
            let see_through = piece.material.labels == SurfaceLabels::SeeThrough
                || (piece.own || instance.material.is_none()) && instance.see_through.contains(&piece.material.name);
            let owner = Owner { instance: position, id: instance.id, part };
            let instance_from_world = instance.world_from_instance().inverse();
            placed.push(PlacedMesh {
                name: instance.name(),
                piece,
                transform,
                owner,
                see_through,
                instance_from_world,
            });
        }
    }
    Ok(placed)
}

fn spawn_camera(world: &mut World, scene: &Scene, eye: &Eye, position: usize, target: &Handle<BevyImage>) -> Entity {
    let camera = &eye.view;
    // Each has a target of its own; the order only has to be one.
    let order = isize::try_from(position).unwrap_or(isize::MAX);
    world
        .spawn((
            Name::new(camera.name.clone()),
            Camera3d::default(),
            BevyCamera { order, clear_color: ClearColorConfig::Custom(Color::BLACK), ..Default::default() },
            RenderTarget::Image(target.clone().into()),
            Projection::custom(Pinhole::new(camera, eye.width, eye.height)),
            super::expose::transform(camera),
            Exposure { ev100: narrow(camera.ev100) },
            match scene.image.anti_aliasing {
                AntiAliasing::Msaa4 if scene.image.samples == 1 => Msaa::Sample4,
                _ => Msaa::Off,
            },
            match scene.image.tone_curve {
                ToneCurve::Neutral if !scene.needs_linear() => Tonemapping::KhronosPbrNeutral,
                _ => Tonemapping::None,
            },
            DebandDither::Disabled,
            RenderLayers::from_layers(&[0, backdrop::layer(position)]),
            // One list of lights for the whole image: no state carried from frame to frame.
            ClusterConfig::Single,
        ))
        .id()
}

/// What lights a camera's scene from all sides.
fn surroundings(light: &environment::Light) -> EnvironmentMapLight {
    EnvironmentMapLight {
        diffuse_map: light.diffuse.clone(),
        specular_map: light.specular.clone(),
        intensity: narrow(light.intensity),
        rotation: Quat::from_rotation_y(narrow(light.yaw)),
        affects_lightmapped_mesh_diffuse: true,
    }
}

pub(super) fn linear([r, g, b]: [f64; 3]) -> Color {
    Color::LinearRgba(LinearRgba::rgb(narrow(r), narrow(g), narrow(b)))
}

#[expect(clippy::cast_possible_truncation, reason = "the GPU computes in f32")]
pub(super) fn narrow(value: f64) -> f32 {
    value as f32
}
