//! Scenes to frames, without a window. The only part of the program that knows Bevy.
//!
//! ```text
//! upload    meshes, textures and materials on the GPU, once each
//! spawn     the scene's lights, meshes and cameras as entities
//! app       one Bevy update draws the colour of all cameras
//! ready     is it complete? if not, the same scene again
//! labels    ids and depth of all cameras, by a pass of our own over the same vertex buffers
//! readback  colour, ids and depth of all cameras in one copy
//! ```

mod adapter;
mod app;
mod environment;
mod error;
mod labels;
mod projection;
mod readback;
mod ready;
mod spawn;
mod upload;

pub use adapter::{AdapterChoice, AdapterReport, Diagnosis, diagnose};
pub use error::RenderError;

use bevy::app::App;
use bevy::asset::{Assets, Handle};
use bevy::image::Image as BevyImage;
use bevy::mesh::Mesh as BevyMesh;
use bevy::pbr::StandardMaterial;
use bevy::render::RenderApp;
use bevy::render::mesh::allocator::MeshAllocator;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::{TextureFormat, TextureUsages};
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bevy::render::sync_world::RenderEntity;
use bevy::render::texture::GpuImage;
use bevy::render::view::ExtractedView;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::assets::Library;
use crate::frame::Frame;
use crate::scene::{ImageSettings, Scene};

/// How long a scene may stay incomplete. Shaders compile within updates and count; a software driver takes seconds for
/// the first frame.
const PATIENCE: Duration = Duration::from_secs(60);

/// How the renderer is set up.
#[derive(Debug, Clone, Default)]
pub struct RenderOptions {
    /// Which adapter to take.
    pub adapter: AdapterChoice,
    /// Folder that the asset paths of scenes are relative to.
    pub asset_root: PathBuf,
}

/// Where the time of a renderer went, in total.
#[derive(Debug, Clone, Copy, Default)]
pub struct RenderTimes {
    /// Making entities and uploading assets.
    pub spawn: Duration,
    /// Bevy's updates: extraction, shadow maps, colour.
    pub update: Duration,
    /// Recording the label pass, and waiting until the device is done with everything.
    pub labels_and_wait: Duration,
    /// Scenes rendered.
    pub scenes: u64,
    /// Updates run; more than `scenes` where a frame was not complete at first.
    pub updates: u64,
}

/// Numbers of things that a renderer holds: the same before and after a scene, unless it brought new asset files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holdings {
    /// Entities of the main world.
    pub entities: usize,
    /// Meshes.
    pub meshes: usize,
    /// Materials.
    pub materials: usize,
    /// Textures and render targets.
    pub images: usize,
}

/// Renders scenes. Owns the graphics device; nothing of Bevy leaks out.
pub struct Renderer {
    app: App,
    adapter: AdapterReport,
    failure: app::DeviceFailure,
    uploads: upload::Uploads,
    maps: environment::Maps,
    label_pass: labels::LabelPass,
    targets: Option<Targets>,
    times: RenderTimes,
}

/// The images that are drawn into, kept while size and number of cameras stay the same.
struct Targets {
    color: Vec<Handle<BevyImage>>,
    labels: labels::Targets,
    staging: readback::Staging,
}

impl Renderer {
    /// Opens the adapter. `library` holds assets that are loaded already; others are read when a scene names them.
    pub fn new(options: &RenderOptions, library: Library) -> Result<Self, RenderError> {
        let (resources, adapter) = adapter::open(&options.adapter)?;
        tracing::info!(adapter = adapter.summary(), "rendering");
        let (app, failure) = app::build(resources);
        let device = app.world().resource::<RenderDevice>().wgpu_device();
        let label_pass = labels::LabelPass::new(device, app.world().resource::<RenderQueue>());
        let uploads = upload::Uploads::new(options.asset_root.clone(), library);
        let maps = environment::Maps::default();
        Ok(Self { app, adapter, failure, uploads, maps, label_pass, targets: None, times: RenderTimes::default() })
    }

    /// The adapter in use.
    pub fn adapter(&self) -> &AdapterReport {
        &self.adapter
    }

    /// Where the time went so far.
    pub fn times(&self) -> RenderTimes {
        self.times
    }

    /// What the renderer holds between scenes.
    pub fn holdings(&self) -> Holdings {
        let world = self.app.world();
        Holdings {
            entities: world.entities().count_spawned() as usize,
            meshes: world.resource::<Assets<BevyMesh>>().len(),
            materials: world.resource::<Assets<StandardMaterial>>().len(),
            images: world.resource::<Assets<BevyImage>>().len(),
        }
    }

    /// Renders every camera of `scene`, in its order. Returns when the frames are in memory and proved complete.
    pub fn render(&mut self, scene: &Scene) -> Result<Vec<Frame>, RenderError> {
        self.render_after(scene, 0)
    }

    /// As [`render`](Self::render), after `more` updates of the same entities than are needed. Whatever Bevy prepares late is there
    /// then: tests compare this with what `render` takes for complete.
    #[doc(hidden)]
    pub fn render_after(&mut self, scene: &Scene, more: u32) -> Result<Vec<Frame>, RenderError> {
        scene.validate().map_err(|reason| RenderError::InvalidScene { index: scene.index, reason })?;
        let spawning = clock();
        self.prepare_targets(scene.image, scene.cameras.len())?;
        let targets = self.targets.as_ref().expect("prepared above").color.clone();
        let shot = spawn::spawn(self.app.world_mut(), &mut self.uploads, &mut self.maps, scene, &targets)?;
        self.times.spawn += spawning.elapsed();

        let frames = self.update_until_complete(scene.index, &shot).and_then(|()| {
            (0..more).for_each(|_| self.app.update());
            self.read(&shot)
        });
        shot.despawn(self.app.world_mut());
        self.uploads.forget_rare_shapes();
        self.times.scenes += 1;
        frames
    }

    /// Has the device refuse a command, as tests of what follows need it.
    #[doc(hidden)]
    pub fn submit_invalid_command(&self) {
        let device = self.app.world().resource::<RenderDevice>().wgpu_device();
        let _ = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("refused on purpose"),
            size: 4,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::INDEX,
            mapped_at_creation: false,
        });
    }

    fn prepare_targets(&mut self, image: ImageSettings, cameras: usize) -> Result<(), RenderError> {
        let ImageSettings { width, height, .. } = image;
        if self.targets.as_ref().is_some_and(|targets| targets.staging.fits(width, height, cameras)) {
            return Ok(());
        }
        let device = self.app.world().resource::<RenderDevice>().wgpu_device().clone();
        let limits = device.limits();
        let (side, bytes) = (limits.max_texture_dimension_2d, readback::Staging::bytes(width, height, cameras));
        let limit = if width.max(height) > side {
            Some(format!("it makes images up to {side}x{side}"))
        } else if bytes > limits.max_buffer_size {
            Some(format!("they take {bytes} bytes, and one buffer holds {}", limits.max_buffer_size))
        } else {
            None
        };
        if let Some(limit) = limit {
            return Err(RenderError::TooLarge { width, height, cameras, adapter: self.adapter.name.clone(), limit });
        }
        let mut images = self.app.world_mut().resource_mut::<Assets<BevyImage>>();
        let color = (0..cameras)
            .map(|_| {
                let mut target = BevyImage::new_target_texture(width, height, TextureFormat::Rgba8UnormSrgb, None);
                target.texture_descriptor.usage |= TextureUsages::COPY_SRC;
                images.add(target)
            })
            .collect();
        self.targets = Some(Targets {
            color,
            labels: labels::Targets::new(&device, width, height),
            staging: readback::Staging::new(&device, width, height, cameras),
        });
        Ok(())
    }

    /// One update draws one frame of the world as it is. Repeats it until nothing is missing.
    fn update_until_complete(&mut self, index: u64, shot: &spawn::Shot) -> Result<(), RenderError> {
        let start = clock();
        let mut updates = 0;
        loop {
            self.app.update();
            updates += 1;
            self.times.updates += 1;
            self.check_device()?;
            let missing = ready::missing(self.app.world(), self.app.sub_app(RenderApp).world(), shot)
                .map_err(RenderError::Failed)?;
            if missing.is_empty() {
                self.times.update += start.elapsed();
                return Ok(());
            }
            let missing = missing.into_iter().collect::<Vec<_>>().join(", ");
            tracing::debug!(index, updates, missing, "frame not complete, drawing it again");
            if start.elapsed() > PATIENCE {
                let seconds = start.elapsed().as_secs_f64();
                return Err(RenderError::Incomplete { index, seconds, updates, missing });
            }
            // Shaders arrive from other threads.
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn check_device(&self) -> Result<(), RenderError> {
        if let Some(reason) = self.failure.reason() {
            return Err(RenderError::Failed(reason));
        }
        match self.app.should_exit() {
            Some(_) => Err(RenderError::Failed("Bevy stopped rendering; its reason is in the log".into())),
            None => Ok(()),
        }
    }

    /// Draws the labels of all cameras on top of the update that just ran, and takes everything home.
    fn read(&mut self, shot: &spawn::Shot) -> Result<Vec<Frame>, RenderError> {
        let start = clock();
        let targets = self.targets.as_ref().expect("prepared before the update");
        let main = self.app.world();
        let render = self.app.sub_app(RenderApp).world();
        let device = render.resource::<RenderDevice>().wgpu_device();
        let images = render.resource::<RenderAssets<GpuImage>>();
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("labels") });
        let surfaces = label_order(shot);
        for (position, (&camera, color)) in shot.cameras.iter().zip(&targets.color).enumerate() {
            let gone = || RenderError::Failed("a camera is gone from the render world".into());
            let view = main.get::<RenderEntity>(camera).and_then(|entity| render.get::<ExtractedView>(entity.id()));
            let view = view.ok_or_else(gone)?;
            let view_from_world = view.world_from_view.to_matrix().inverse();
            let view = labels::View { clip_from_world: view.clip_from_view * view_from_world, view_from_world };
            let meshes = render.resource::<MeshAllocator>();
            self.label_pass
                .record(device, &mut encoder, &targets.labels, &view, &surfaces, meshes, images)
                .map_err(|missing| RenderError::Failed(format!("the label pass lacks {missing}")))?;
            let color = images.get(color.id()).ok_or_else(gone)?;
            targets.staging.copy(&mut encoder, position, &color.texture, &targets.labels.ids, &targets.labels.depth);
        }
        let submission = render.resource::<RenderQueue>().submit([encoder.finish()]);
        let frames = targets.staging.read(device, submission);
        self.times.labels_and_wait += start.elapsed();
        // Where a command was refused, the buffer still holds the images of the scene before.
        frames.and_then(|frames| self.check_device().map(|()| frames))
    }
}

/// Surfaces with like meshes next to each other, so that they are few draws; otherwise in the scene's order.
fn label_order(shot: &spawn::Shot) -> Vec<labels::Surface> {
    let mut surfaces: Vec<labels::Surface> = shot.surfaces.iter().map(|(_, surface)| surface.clone()).collect();
    // By first appearance, not by handle: handles depend on what was rendered before.
    let mut first_use = BTreeMap::new();
    for (position, surface) in surfaces.iter().enumerate() {
        first_use.entry(surface.mesh).or_insert(position);
    }
    surfaces.sort_by_key(|surface| (surface.cut_out.is_some(), first_use[&surface.mesh]));
    surfaces
}

/// Timings are for people; no image or label depends on them.
#[expect(clippy::disallowed_methods, reason = "timings and patience only")]
fn clock() -> Instant {
    Instant::now()
}
