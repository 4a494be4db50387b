//! The sub-frames of one image, drawn and summed.
//!
//! The update that made the scene complete is sub-frame 0. Where the others differ in what cameras see alone, they are drawn from the same
//! preparation: the matrices of a camera are overwritten on the device, and Bevy's passes are recorded again. Nothing is extracted,
//! sorted, batched or uploaded twice.

use bevy::camera::{CameraProjection, Projection};
use bevy::ecs::entity::Entity;
use bevy::math::{Mat4, Quat, Vec3};
use bevy::prelude::{Transform, World};
use bevy::render::RenderApp;
use bevy::render::renderer::{RenderDevice, RenderGraph, RenderQueue};
use bevy::render::sync_world::RenderEntity;
use bevy::render::view::{ViewDepthTexture, ViewTarget, ViewUniformOffset, ViewUniforms};
use std::ops::Range;
use std::sync::atomic::Ordering;

use super::eyes::Eye;
use super::film::{Brought, Rays};
use super::projection::Pinhole;
use super::spawn::Shot;
use super::subframes::Subframes;
use super::{RenderError, Renderer};
use crate::frame::Frame;
use crate::scene::{Camera, Scene};

impl Renderer {
    /// Draws the rest of the sub-frames after the update of the first, and gives each frame its linear light.
    pub(super) fn expose(&mut self, scene: &Scene, shot: &Shot, frames: &mut [Frame]) -> Result<(), RenderError> {
        let subframes = Subframes::of(scene);
        let rows: Vec<Vec<Range<u32>>> = scene.cameras.iter().map(|camera| subframes.rows(camera)).collect();
        self.put_rays(shot);
        self.add_to_films(shot, &subframes, &rows, 0)?;
        for number in 1..subframes.count() {
            if self.stop.load(Ordering::Relaxed) {
                return Err(RenderError::Stopped);
            }
            if subframes.only_views_differ() {
                self.draw_again(shot, &subframes, number)?;
            } else {
                self.draw_anew(scene, shot, &subframes, number)?;
            }
            self.add_to_films(shot, &subframes, &rows, number)?;
        }
        let films = self.targets.as_ref().and_then(|targets| targets.films.as_ref()).ok_or_else(no_film)?;
        let device = self.app.world().resource::<RenderDevice>().wgpu_device();
        let queue = self.app.world().resource::<RenderQueue>();
        for (camera, frame) in frames.iter_mut().enumerate() {
            let counts =
                (0..scene.image.height).map(|row| rows[camera].iter().filter(|own| own.contains(&row)).count());
            let counts: Vec<u32> = counts.map(|count| u32::try_from(count).unwrap_or(u32::MAX)).collect();
            frame.linear = Some(films.read(device, queue, camera, &counts)?);
        }
        self.check_device()
    }

    /// Puts the rays of lenses on the device, once each.
    fn put_rays(&mut self, shot: &Shot) {
        let wanted = |rays: &Rays| shot.eyes.warps.iter().flatten().any(|warp| rays.are_of(warp));
        self.rays.retain(wanted);
        let device = self.app.world().resource::<RenderDevice>().wgpu_device();
        let queue = self.app.world().resource::<RenderQueue>();
        for warp in shot.eyes.warps.iter().flatten() {
            if !self.rays.iter().any(|rays| rays.are_of(warp)) {
                self.rays.push(Rays::new(device, queue, warp.clone()));
            }
        }
    }

    /// Sub-frame `number` from the preparation of the update before.
    fn draw_again(&mut self, shot: &Shot, subframes: &Subframes<'_>, number: u32) -> Result<(), RenderError> {
        let views = render_entities(self.app.world(), shot)?;
        let world = self.app.sub_app_mut(RenderApp).world_mut();
        for (&entity, eye) in views.iter().zip(&shot.eyes.eyes) {
            let view = subframes.view(eye, shot.eyes.warps[eye.camera].is_some(), number);
            prepare_view(world, entity, &view, eye, shot.clear)?;
        }
        world.run_schedule(RenderGraph);
        self.check_device()
    }

    /// Sub-frame `number` by an update of its own: lights and things are elsewhere. (What an animation does to a mesh waits for the next frame.)
    fn draw_anew(
        &mut self,
        scene: &Scene,
        shot: &Shot,
        subframes: &Subframes<'_>,
        number: u32,
    ) -> Result<(), RenderError> {
        let world = self.app.world_mut();
        let moment = subframes.moment(number);
        for (position, (light, &entity)) in moment.lights_at(moment.time).iter().zip(&shot.lights).enumerate() {
            let point = subframes.light(position, number);
            let changes = scene.flicker.contains_key(light.name()) || scene.carried.contains_key(light.name());
            if point.is_some() || changes {
                shot.stage.put(world, entity, light, point, subframes.count());
            }
        }
        if let Some((dome, entities)) = &shot.dome {
            shot.stage.put_dome(world, entities, dome, &subframes.dome(number, entities.len()));
        }
        if let Some(bounced) = &shot.bounced {
            let moved = subframes.time_matters().then_some((&self.uploads, &*moment));
            bounced.put(world, &shot.stage, &shot.dome, number, moved);
        }
        for (entity, surface) in &shot.surfaces {
            let instance = &moment.instances[surface.instance as usize];
            if let (Some(_), Some(mut transform)) = (&instance.motion, world.get_mut::<Transform>(*entity)) {
                transform.translation = instance.position.as_vec3();
                transform.rotation = instance.rotation.as_quat();
            }
        }
        for (&entity, eye) in shot.cameras.iter().zip(&shot.eyes.eyes) {
            let view = subframes.view(eye, shot.eyes.warps[eye.camera].is_some(), number);
            let projection = Projection::custom(Pinhole::new(&view, eye.width, eye.height));
            world.entity_mut(entity).insert((transform(&view), projection));
        }
        self.update_until_complete(scene.index, shot)
    }

    /// Adds what was just drawn of each camera to its film.
    fn add_to_films(
        &self,
        shot: &Shot,
        subframes: &Subframes<'_>,
        rows: &[Vec<Range<u32>>],
        number: u32,
    ) -> Result<(), RenderError> {
        let films = self.targets.as_ref().and_then(|targets| targets.films.as_ref()).ok_or_else(no_film)?;
        let entities = render_entities(self.app.world(), shot)?;
        let world = self.app.sub_app(RenderApp).world();
        let device = world.resource::<RenderDevice>().wgpu_device();
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("film") });
        for (camera, (own, warp)) in shot.eyes.of_camera.iter().zip(&shot.eyes.warps).enumerate() {
            let target = |&entity: &Entity| world.get::<ViewTarget>(entity).ok_or_else(gone);
            let targets = entities[own.clone()].iter().map(target).collect::<Result<Vec<_>, _>>()?;
            let drawn: Vec<&wgpu::TextureView> = targets.iter().map(|target| &**target.main_texture_view()).collect();
            let views: Vec<Camera> =
                shot.eyes.eyes[own.clone()].iter().map(|eye| subframes.view(eye, true, number)).collect();
            let rays = warp.as_ref().and_then(|warp| self.rays.iter().find(|rays| rays.are_of(warp)));
            let brought = Brought {
                drawn: &drawn,
                looked_up: rays.map(|rays| (&views[..], rays)),
                sample: subframes.within_pixel(number),
                rows: rows[camera][number as usize].clone(),
                number,
                count: subframes.count(),
            };
            films.add(device, &mut encoder, &self.film_pass, camera, &brought);
        }
        world.resource::<RenderQueue>().submit([encoder.finish()]);
        Ok(())
    }
}

fn no_film() -> RenderError {
    RenderError::Failed("there is no film".into())
}

fn gone() -> RenderError {
    RenderError::Failed("a camera is gone from the render world".into())
}

/// The cameras of a shot, in the render world.
fn render_entities(main: &World, shot: &Shot) -> Result<Vec<Entity>, RenderError> {
    let entity = |&camera: &Entity| main.get::<RenderEntity>(camera).map(RenderEntity::id).ok_or_else(gone);
    shot.cameras.iter().map(entity).collect()
}

/// Tells the device where a camera is now, and clears what it draws into: Bevy would draw on top of what it drew before.
fn prepare_view(world: &World, entity: Entity, camera: &Camera, eye: &Eye, clear: [f32; 3]) -> Result<(), RenderError> {
    let device = world.resource::<RenderDevice>().wgpu_device();
    let queue = world.resource::<RenderQueue>();
    let target = world.get::<ViewTarget>(entity).ok_or_else(gone)?;
    let depth = world.get::<ViewDepthTexture>(entity).ok_or_else(gone)?;
    let offset = world.get::<ViewUniformOffset>(entity).ok_or_else(gone)?.offset;
    let uniforms = world.resource::<ViewUniforms>().uniforms.buffer().ok_or_else(gone)?;
    queue.write_buffer(uniforms, u64::from(offset), &matrices(camera, eye));

    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("clear") });
    let [r, g, b] = clear.map(f64::from);
    let color = wgpu::RenderPassColorAttachment {
        view: target.main_texture_view(),
        depth_slice: None,
        resolve_target: None,
        ops: wgpu::Operations {
            load: wgpu::LoadOp::Clear(wgpu::Color { r, g, b, a: 1.0 }),
            store: wgpu::StoreOp::Store,
        },
    };
    let z_buffer = wgpu::RenderPassDepthStencilAttachment {
        view: depth.view(),
        depth_ops: Some(wgpu::Operations { load: wgpu::LoadOp::Clear(0.0), store: wgpu::StoreOp::Store }),
        stencil_ops: None,
    };
    encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
        label: Some("clear"),
        color_attachments: &[Some(color)],
        depth_stencil_attachment: Some(z_buffer),
        ..Default::default()
    });
    queue.submit([encoder.finish()]);
    Ok(())
}

/// The beginning of Bevy's `ViewUniform`, in its order: seven matrices and the place of the camera. What follows (exposure, viewport, grading)
/// stays as it is.
fn matrices(camera: &Camera, eye: &Eye) -> Vec<u8> {
    let world_from_view = transform(camera).to_matrix();
    let view_from_world = world_from_view.inverse();
    let clip_from_view = Pinhole::new(camera, eye.width, eye.height).get_clip_from_view();
    let view_from_clip = clip_from_view.inverse();
    let clip_from_world = clip_from_view * view_from_world;
    let all: [Mat4; 7] = [
        clip_from_world,
        clip_from_world,
        world_from_view * view_from_clip,
        world_from_view,
        view_from_world,
        clip_from_view,
        view_from_clip,
    ];
    let floats = all.iter().flat_map(Mat4::to_cols_array).chain(camera.position.as_vec3().to_array());
    floats.flat_map(f32::to_ne_bytes).collect()
}

/// Where a camera is, as Bevy has it.
pub(super) fn transform(camera: &Camera) -> Transform {
    let rotation: Quat = camera.rotation.as_quat();
    Transform { translation: camera.position.as_vec3(), rotation, scale: Vec3::ONE }
}
