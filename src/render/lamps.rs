//! A scene's lights as entities, and how they are in each sub-frame: an area light is a point of its surface, a sun a point of its disc, the
//! environment (where it casts shadows) some directions that light comes from.

use bevy::camera::visibility::RenderLayers;
use bevy::ecs::entity::Entity;
use bevy::light::{CascadeShadowConfigBuilder, DirectionalLight, PointLight, SpotLight};
use bevy::math::Vec3;
use bevy::prelude::{Name, Transform, World};
use glam::{DQuat, DVec3};
use std::f64::consts::TAU;
use std::sync::Arc;

use super::amend::{self, Profile};
use super::app::{POINT_SHADOW_TEXELS, SUN_SHADOW_TEXELS};
use super::eyes::{Eye, Eyes};
use super::spawn::{linear, narrow};
use crate::assets::sky::Directions;
use crate::bounce::Lamp;
use crate::scene::light::within_sun;
use crate::scene::{Emitter, Light, MOST_SUNS, gradient};

/// Normal bias of a lamp's cube map, in texels. Bevy's 0.6 leaves stripes on floors that its light grazes.
const LAMP_NORMAL_BIAS: f32 = 2.0;
/// Beyond this half angle, the shadows of an area light are drawn onto a cube rather than a plane.
const WIDEST_PLANE: f64 = 1.25;
/// The same for a point of such a light.
const WIDEST_POINT: f64 = 1.48;
/// Added to that angle, for corners at its edge.
const ANGLE_MARGIN: f64 = 0.03;

/// Pieces of surfaces that give light back are drawn this much wider than the area that they stand for, so that they overlap: where one is near
/// another surface, it would be a bright spot on it.
const LAMP_OVERLAP: f64 = 1.6;

/// What of a scene decides how its shadows are drawn.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    /// Of the boxes of everything.
    corners: Vec<DVec3>,
    /// What the scene is about: how far a light is from there decides how much its shadows may be off.
    middle: DVec3,
    range: ShadowRange,
    /// Length of the longest image diagonal on a plane at depth 1.
    widest: f32,
}

/// The light of an environment, direction by direction.
#[derive(Debug, Clone)]
pub(super) enum Dome {
    Gradient { zenith: [f64; 3], nadir: [f64; 3] },
    Panorama { directions: Arc<Directions>, luminance: f64, yaw: f64 },
}

impl Dome {
    /// The unit vector towards one of its directions, and the illuminance across it of parallel light, lux per linear RGB channel, whose mean over
    /// directions lights as the whole environment does.
    pub(super) fn light(&self, [u, v]: [f64; 2]) -> (DVec3, [f64; 3]) {
        match self {
            Self::Gradient { zenith, nadir } => {
                let y = 1.0 - 2.0 * v;
                let across = (1.0 - y * y).max(0.0).sqrt();
                let (sin, cos) = libm::sincos(TAU * u);
                let luminance = gradient(*zenith, *nadir, y, 1.0);
                (DVec3::new(across * sin, y, across * cos), luminance.map(|c| c * 2.0 * TAU))
            }
            Self::Panorama { directions, luminance, yaw } => {
                let sample = directions.sample([u, v]);
                (DQuat::from_rotation_y(*yaw) * sample.direction, sample.weight.map(|c| c * luminance))
            }
        }
    }
}

/// How many directions of the environment stand for all of it in each sub-frame.
const DIRECTIONS: usize = 3;

/// Where shadows matter along the optical axes of all cameras, metres.
#[derive(Debug, Clone, Copy)]
struct ShadowRange {
    /// Nothing is nearer.
    near: f32,
    /// Up to here shadows have the full resolution: twice as far as the things that the scene is about.
    sharp: f32,
    /// Nothing is farther.
    far: f32,
    /// Width of a pixel at the things that the scene is about, of the camera that sees them sharpest.
    pixel: f32,
}

/// How many pixels wide a texel of a sun's only cascade may be.
const MOST_TEXEL: f32 = 2.0;

/// Where a light takes its sample in a sub-frame: even numbers in 0..1.
pub(super) type Point = [f64; 3];

impl Stage {
    pub(super) fn new(eyes: &Eyes, corners: Vec<DVec3>, middle: DVec3) -> Self {
        let range = shadow_range(eyes, &corners, middle);
        let widest = eyes.eyes.iter().map(frame_diagonal).fold(0.0, f32::max);
        Self { corners, middle, range, widest }
    }

    /// Shadow cascades of a sun: one where its texels are small enough for everything, as on a table; more for a street. Each is drawn anew,
    /// all its triangles with it.
    pub(super) fn cascades(&self) -> usize {
        let texel = self.widest * self.range.far / f32::from(SUN_SHADOW_TEXELS);
        if self.range.far <= self.range.sharp || texel <= MOST_TEXEL * self.range.pixel { 1 } else { 3 }
    }

    /// How many shadow maps a lamp has that all cameras share.
    pub(super) fn shared_views(&self, light: &Light) -> usize {
        match light {
            Light::Sun { .. } => 0,
            Light::Point { .. } => 6,
            Light::Spot { .. } => 1,
            Light::Area { position, .. } => {
                if self.on_a_plane(*position) {
                    1
                } else {
                    6
                }
            }
        }
    }

    /// Whether the shadows of an area light about this place are drawn onto a plane: else onto a cube.
    fn on_a_plane(&self, middle: DVec3) -> bool {
        self.cone(middle).is_some_and(|(_, angle)| angle <= WIDEST_PLANE)
    }

    /// The axis and half angle of the cone around everything, as seen from `eye`; `None` from within it.
    fn cone(&self, eye: DVec3) -> Option<(DVec3, f64)> {
        let (low, high) = self
            .corners
            .iter()
            .fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(low, high), &corner| (low.min(corner), high.max(corner)));
        let axis = ((low + high) / 2.0 - eye).try_normalize()?;
        let angle = |corner: &DVec3| (*corner - eye).try_normalize().map(|towards| axis.angle_between(towards));
        let widest = self.corners.iter().map(angle).try_fold(0.05, |widest: f64, angle| Some(widest.max(angle?)))?;
        Some((axis, widest + ANGLE_MARGIN))
    }

    fn farthest(&self, position: DVec3) -> f64 {
        self.corners.iter().map(|c| c.distance(position)).fold(0.1, f64::max)
    }

    fn away(&self, position: DVec3) -> f64 {
        position.distance(self.middle).max(0.05)
    }

    /// A light as it is in a sub-frame: at a `point` of it, where it has more than one. `count` sub-frames share its surface.
    pub(super) fn put(&self, world: &mut World, entity: Entity, light: &Light, point: Option<Point>, count: u32) {
        let mut entity = world.entity_mut(entity);
        match light {
            Light::Sun { name, direction, color, illuminance, angular_diameter, shadows } => {
                let towards = match point {
                    Some([u, v, _]) if *angular_diameter > 0.0 => within_sun(-*direction, *angular_diameter, [u, v]),
                    _ => -*direction,
                };
                entity.insert((Name::new(name.clone()), self.sun(towards, *color, *illuminance, *shadows, true)));
            }
            Light::Point { name, position, color, flux, shadows } => {
                entity.insert((
                    Name::new(name.clone()),
                    PointLight {
                        color: linear(*color),
                        intensity: narrow(*flux),
                        // Bevy fades light out towards its range; at a tenth of it, by 0.02 %.
                        range: narrow(self.farthest(*position) * 10.0),
                        shadow_maps_enabled: *shadows,
                        shadow_depth_bias: narrow(self.away(*position) / f64::from(POINT_SHADOW_TEXELS)),
                        shadow_normal_bias: LAMP_NORMAL_BIAS,
                        shadow_map_near_z: narrow(self.away(*position) * 1e-3),
                        ..Default::default()
                    },
                    Transform::from_translation(position.as_vec3()),
                ));
            }
            Light::Spot { name, position, direction, color, flux, inner_angle, outer_angle, shadows } => {
                entity.insert((
                    Name::new(name.clone()),
                    SpotLight {
                        color: linear(*color),
                        intensity: narrow(*flux),
                        range: narrow(self.farthest(*position) * 10.0),
                        inner_angle: narrow(*inner_angle),
                        outer_angle: narrow(*outer_angle),
                        shadow_maps_enabled: *shadows,
                        shadow_depth_bias: narrow(self.away(*position) / f64::from(SUN_SHADOW_TEXELS)),
                        shadow_map_near_z: narrow(self.away(*position) * 1e-3),
                        ..Default::default()
                    },
                    looking_along(*direction).with_translation(position.as_vec3()),
                ));
            }
            Light::Area { name, emitter, position, rotation, color, flux, shadows } => {
                let middle = emitter.sample([0.5; 3]);
                let sample = point.map_or(middle.normal.map_or(DVec3::ZERO, |_| middle.position), |point| {
                    emitter.sample(point).position
                });
                let place = *position + *rotation * sample;
                let (profile, along) = match emitter {
                    Emitter::Rectangle { .. } | Emitter::Disc { .. } => {
                        (Profile::Cosine((*rotation * DVec3::NEG_Z).as_vec3()), DVec3::NEG_Z)
                    }
                    Emitter::Sphere { .. } => (Profile::Even, DVec3::X),
                    Emitter::Tube { .. } => (Profile::Sine((*rotation * DVec3::X).as_vec3()), DVec3::Y),
                };
                // Bevy divides by 4 pi.
                let intensity = narrow(emitter.intensity(*flux, along) * 4.0 * std::f64::consts::PI);
                // Highlights are as wide as the share of the surface that the point stands for.
                let radius = narrow((emitter.area() / std::f64::consts::PI / f64::from(count)).sqrt());
                let range = narrow(self.farthest(place) * 10.0);
                let near = narrow(self.away(place) * 1e-3);
                entity.insert(Name::new(name.clone()));
                if self.on_a_plane(*position) {
                    // From the edge of a light things may be wider apart than from its middle.
                    let (axis, angle) = self.cone(place).unwrap_or((DVec3::NEG_Y, WIDEST_POINT));
                    let angle = angle.min(WIDEST_POINT);
                    let [shadow_depth_bias, shadow_normal_bias] = amend::spot_biases(profile, narrow(angle));
                    let light = SpotLight {
                        color: linear(*color),
                        intensity,
                        range,
                        radius,
                        inner_angle: narrow(angle),
                        outer_angle: narrow(angle),
                        shadow_maps_enabled: *shadows,
                        contact_shadows_enabled: true,
                        shadow_depth_bias,
                        shadow_normal_bias,
                        shadow_map_near_z: near,
                        ..Default::default()
                    };
                    entity.insert((light, looking_along(axis).with_translation(place.as_vec3())));
                } else {
                    let [shadow_depth_bias, shadow_normal_bias] = amend::point_biases(profile);
                    let light = PointLight {
                        color: linear(*color),
                        intensity,
                        range,
                        radius,
                        shadow_maps_enabled: *shadows,
                        contact_shadows_enabled: true,
                        shadow_depth_bias,
                        shadow_normal_bias,
                        shadow_map_near_z: near,
                        ..Default::default()
                    };
                    entity.insert((light, Transform::from_translation(place.as_vec3())));
                }
            }
        }
    }

    /// How many directions of the environment there is room for beside a scene's suns.
    pub(super) fn directions(lights: &[Light]) -> usize {
        let suns = lights.iter().filter(|light| matches!(light, Light::Sun { .. })).count();
        DIRECTIONS.min(MOST_SUNS.saturating_sub(suns))
    }

    /// Some directions of the environment as they are in a sub-frame: `u` tells which, of each.
    pub(super) fn put_dome(&self, world: &mut World, entities: &[Entity], dome: &Dome, points: &[[f64; 2]]) {
        for (&entity, &point) in entities.iter().zip(points) {
            let (towards, light) = dome.light(point);
            let brightest = light.iter().copied().fold(0.0, f64::max);
            let color = if brightest > 0.0 { light.map(|c| c / brightest) } else { [0.0; 3] };
            let illuminance = brightest / entities.len() as f64;
            world.entity_mut(entity).insert(self.sun(towards, color, illuminance, true, false));
        }
    }

    /// A piece of a surface that gives light back, or none there.
    pub(super) fn put_lamp(&self, world: &mut World, entity: Entity, lamp: Option<Lamp>) {
        let place = lamp.map_or(self.middle, |lamp| lamp.position);
        let normal = lamp.map_or(DVec3::Y, |lamp| lamp.normal);
        let flux = lamp.map_or([0.0; 3], |lamp| lamp.flux);
        let brightest = flux.iter().copied().fold(0.0, f64::max);
        let angle = narrow(WIDEST_POINT);
        let [shadow_depth_bias, shadow_normal_bias] = amend::spot_biases(Profile::Disc(normal.as_vec3()), angle);
        let light = SpotLight {
            color: if brightest > 0.0 { linear(flux.map(|c| c / brightest)) } else { linear([0.0; 3]) },
            // By Lambert's law, flux / pi along the normal; Bevy divides by 4 pi.
            intensity: narrow(brightest * 4.0),
            range: narrow(self.farthest(place) * 10.0),
            radius: narrow(lamp.map_or(0.0, |lamp| LAMP_OVERLAP * (lamp.area / std::f64::consts::PI).sqrt())),
            inner_angle: angle,
            outer_angle: angle,
            shadow_maps_enabled: true,
            contact_shadows_enabled: true,
            shadow_depth_bias,
            shadow_normal_bias,
            shadow_map_near_z: narrow(self.away(place) * 1e-3),
            ..Default::default()
        };
        world.entity_mut(entity).insert((light, looking_along(normal).with_translation(place.as_vec3())));
    }

    /// Parallel light from a direction.
    pub(super) fn sun(
        &self,
        towards: DVec3,
        color: [f64; 3],
        illuminance: f64,
        shadows: bool,
        highlights: bool,
    ) -> impl bevy::ecs::bundle::Bundle + use<> {
        // Bevy rounds the width of a cascade up to whole metres.
        let (first, last) = match self.cascades() {
            1 => (self.range.far, self.range.far),
            _ => (self.range.sharp, self.range.far.max(self.range.sharp)),
        };
        let texel = (self.widest * first).ceil() / f32::from(SUN_SHADOW_TEXELS);
        let light = DirectionalLight {
            color: linear(color),
            illuminance: narrow(illuminance),
            shadow_maps_enabled: shadows,
            contact_shadows_enabled: !highlights,
            // Bevy's default of 2 cm would lift shadows off small objects. The normal bias does most of the work.
            shadow_depth_bias: 0.5 * texel,
            ..Default::default()
        };
        let cascades = CascadeShadowConfigBuilder {
            num_cascades: self.cascades(),
            minimum_distance: self.range.near,
            maximum_distance: last * 1.001,
            first_cascade_far_bound: first,
            overlap_proportion: 0.1,
        };
        (light, cascades.build(), looking_along(-towards), RenderLayers::default())
    }
}

/// Whether a light has shadow maps.
pub(super) fn casts_shadows(light: &Light) -> bool {
    match light {
        Light::Sun { shadows, .. }
        | Light::Point { shadows, .. }
        | Light::Spot { shadows, .. }
        | Light::Area { shadows, .. } => *shadows,
    }
}

fn shadow_range(eyes: &Eyes, corners: &[DVec3], middle: DVec3) -> ShadowRange {
    let mut range = ShadowRange { near: f32::INFINITY, sharp: 0.0, far: 0.0, pixel: f32::INFINITY };
    for camera in eyes.eyes.iter().map(|eye| &eye.view) {
        let camera_from_world = camera.world_from_camera().inverse();
        let depth = |point: DVec3| narrow(-camera_from_world.transform_point3(point).z);
        for depth in corners.iter().map(|&corner| depth(corner)) {
            range.near = range.near.min(depth);
            range.far = range.far.max(depth);
        }
        range.near = range.near.max(narrow(camera.near));
        range.sharp = range.sharp.max(2.0 * depth(middle));
        range.pixel = range.pixel.min(depth(middle).max(range.near) / narrow(camera.fx.max(camera.fy)));
    }
    // Nothing in front of any camera: any range will do.
    range.far = range.far.max(range.near * 2.0).min(1.0e6);
    range.near = range.near.min(range.far * 0.5);
    range.sharp = range.sharp.clamp(range.near * 2.0, range.far.max(range.near * 2.0));
    range
}

/// Length of the image diagonal on a plane at depth 1, metres.
fn frame_diagonal(eye: &Eye) -> f32 {
    let (w, h) = (f64::from(eye.width) / eye.view.fx, f64::from(eye.height) / eye.view.fy);
    narrow((w * w + h * h).sqrt())
}

/// A transform whose -Z points along `direction`.
fn looking_along(direction: DVec3) -> Transform {
    let up = if direction.y.abs() > 0.99 { Vec3::Z } else { Vec3::Y };
    Transform::default().looking_to(direction.as_vec3(), up)
}
