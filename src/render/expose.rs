//! The sub-frames of one image, drawn and summed.
//!
//! The update that made the scene complete is sub-frame 0. Where the others differ in what cameras see alone, they are drawn from the same
//! preparation: the matrices of a camera are overwritten on the device, and Bevy's passes are recorded again. Nothing is extracted,
//! sorted, batched or uploaded twice.

use bevy::camera::CameraProjection;
use bevy::ecs::entity::Entity;
use bevy::math::{Mat4, Quat, Vec3};
use bevy::prelude::{Transform, World};
use bevy::render::RenderApp;
use bevy::render::renderer::{RenderDevice, RenderGraph, RenderQueue};
use bevy::render::sync_world::RenderEntity;
use bevy::render::view::{ViewDepthTexture, ViewTarget, ViewUniformOffset, ViewUniforms};

use super::film::{FilmPass, Films};
use super::projection::Pinhole;
use super::spawn::Shot;
use super::subframes::Subframes;
use super::{RenderError, Renderer};
use crate::frame::Frame;
use crate::scene::{Camera, ImageSettings, Scene};

impl Renderer {
    /// Draws the rest of the sub-frames after the update of the first, and gives each frame its linear light.
    pub(super) fn expose(&mut self, scene: &Scene, shot: &Shot, frames: &mut [Frame]) -> Result<(), RenderError> {
        let subframes = Subframes::of(scene);
        let count = subframes.count();
        self.add_to_films(shot, 0, count)?;
        for number in 1..count {
            self.draw_again(scene, shot, &subframes, number)?;
            self.add_to_films(shot, number, count)?;
        }
        let films = self.targets.as_ref().and_then(|targets| targets.films.as_ref());
        let films = films.ok_or_else(|| RenderError::Failed("there is no film".into()))?;
        let device = self.app.world().resource::<RenderDevice>().wgpu_device();
        let queue = self.app.world().resource::<RenderQueue>();
        for (camera, frame) in frames.iter_mut().enumerate() {
            let linear = films.read(device, queue, camera)?;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
            let byte =
                |v: f32| (crate::scene::color::srgb_from_linear(f64::from(v)).clamp(0.0, 1.0) * 255.0).round() as u8;
            frame.rgb = linear.map(|pixel| pixel.map(byte));
            frame.linear = Some(linear);
        }
        self.check_device()
    }

    /// Sub-frame `number` from the preparation of the update before.
    fn draw_again(
        &mut self,
        scene: &Scene,
        shot: &Shot,
        subframes: &Subframes<'_>,
        number: u32,
    ) -> Result<(), RenderError> {
        let views = render_entities(self.app.world(), shot)?;
        let world = self.app.sub_app_mut(RenderApp).world_mut();
        for (&entity, camera) in views.iter().zip(&scene.cameras) {
            prepare_view(world, entity, &subframes.view(camera, number), &scene.image)?;
        }
        world.run_schedule(RenderGraph);
        self.check_device()
    }

    fn add_to_films(&self, shot: &Shot, number: u32, count: u32) -> Result<(), RenderError> {
        let films = self.targets.as_ref().and_then(|targets| targets.films.as_ref());
        let films = films.ok_or_else(|| RenderError::Failed("there is no film".into()))?;
        let views = render_entities(self.app.world(), shot)?;
        let world = self.app.sub_app(RenderApp).world();
        add(world, films, &self.film_pass, &views, (number, count))
    }
}

fn add(world: &World, films: &Films, pass: &FilmPass, views: &[Entity], sample: (u32, u32)) -> Result<(), RenderError> {
    let device = world.resource::<RenderDevice>().wgpu_device();
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("film") });
    for (camera, &view) in views.iter().enumerate() {
        let target = world.get::<ViewTarget>(view).ok_or_else(gone)?;
        films.add(device, &mut encoder, pass, camera, target.main_texture_view(), sample);
    }
    world.resource::<RenderQueue>().submit([encoder.finish()]);
    Ok(())
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
fn prepare_view(world: &World, entity: Entity, camera: &Camera, image: &ImageSettings) -> Result<(), RenderError> {
    let device = world.resource::<RenderDevice>().wgpu_device();
    let queue = world.resource::<RenderQueue>();
    let target = world.get::<ViewTarget>(entity).ok_or_else(gone)?;
    let depth = world.get::<ViewDepthTexture>(entity).ok_or_else(gone)?;
    let offset = world.get::<ViewUniformOffset>(entity).ok_or_else(gone)?.offset;
    let uniforms = world.resource::<ViewUniforms>().uniforms.buffer().ok_or_else(gone)?;
    queue.write_buffer(uniforms, u64::from(offset), &matrices(camera, image));

    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("clear") });
    let color = wgpu::RenderPassColorAttachment {
        view: target.main_texture_view(),
        depth_slice: None,
        resolve_target: None,
        ops: wgpu::Operations { load: wgpu::LoadOp::Clear(wgpu::Color::BLACK), store: wgpu::StoreOp::Store },
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
fn matrices(camera: &Camera, image: &ImageSettings) -> Vec<u8> {
    let world_from_view = transform(camera).to_matrix();
    let view_from_world = world_from_view.inverse();
    let clip_from_view = Pinhole::new(camera, image).get_clip_from_view();
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
