//! Scenes to frames, without a window. The only part of the program that knows Bevy.
//!
//! ```text
//! eyes      the pinhole views that are drawn for each camera
//! warp      how the pixels of other lenses are looked up in them
//! upload    meshes, textures and materials on the GPU, once each
//! spawn     the scene's meshes and cameras as entities
//! lamps     its lights
//! suns      the entities of those that are infinitely far away
//! amend     what Bevy's shaders lack
//! lit       and what they do in vain
//! app       one Bevy update draws the colour of all cameras
//! order     what is drawn first where depths tie, and with which material
//! ready     is it complete? if not, the same scene again
//! subframes where images are a mean of many: what differs from one to the next
//! expose    draws them, one after the other
//! film      their sum, in linear light
//! surface   what the label pass is told of each of them
//! labels    what each pixel shows, by a pass of our own over the same vertex buffers
//! masks     where each instance is, seen or not: who shares which part of one buffer
//! readback  everything in one copy, but for masks beyond one buffer
//! capture   the last three, in order; the frames
//! ```

mod adapter;
mod amend;
mod app;
mod around;
mod backdrop;
mod bounced;
mod capture;
mod environment;
mod error;
mod expose;
mod eyes;
mod film;
mod kept;
mod labels;
mod lamps;
mod lit;
mod masks;
mod order;
mod panorama;
mod projection;
mod readback;
mod ready;
mod spawn;
mod subframes;
mod suns;
mod surface;
mod upload;
mod warp;

pub use adapter::{AdapterChoice, AdapterReport, Diagnosis, diagnose};
pub use error::RenderError;

use bevy::app::App;
use bevy::asset::Assets;
use bevy::ecs::entity::{Entity, EntityHashSet};
use bevy::image::Image as BevyImage;
use bevy::mesh::Mesh as BevyMesh;
use bevy::pbr::StandardMaterial;
use bevy::render::RenderApp;
use bevy::render::mesh::allocator::MeshAllocator;
use bevy::render::render_resource::PipelineCache;
use bevy::render::renderer::{RenderDevice, RenderQueue};
use std::ops::AddAssign;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::assets::Library;
use crate::frame::Frame;
use crate::scene::Scene;
use eyes::Eyes;

/// How long a scene may stay incomplete. Shaders compile within updates and count; a software driver takes seconds for
/// the first frame.
const PATIENCE: Duration = Duration::from_secs(60);

/// The same in updates: on a busy machine one may take longer than that.
const LEAST_UPDATES: u32 = 20;

/// How the renderer is set up.
#[derive(Debug, Clone, Default)]
pub struct RenderOptions {
    /// Which adapter to take.
    pub adapter: AdapterChoice,
    /// Folder that the asset paths of scenes are relative to.
    pub asset_root: PathBuf,
    /// Once this is true, whatever is being drawn is given up: [`RenderError::Stopped`].
    pub stop: Arc<AtomicBool>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Holdings {
    /// Entities of the main world.
    pub entities: usize,
    /// Meshes.
    pub meshes: usize,
    /// Materials.
    pub materials: usize,
    /// Textures and render targets.
    pub images: usize,
    /// Pipelines: one for each way in which something is drawn.
    pub pipelines: usize,
    /// Buffers that meshes are in.
    pub mesh_slabs: usize,
}

impl AddAssign for RenderTimes {
    fn add_assign(&mut self, other: Self) {
        self.spawn += other.spawn;
        self.update += other.update;
        self.labels_and_wait += other.labels_and_wait;
        self.scenes += other.scenes;
        self.updates += other.updates;
    }
}

impl AddAssign for Holdings {
    fn add_assign(&mut self, other: Self) {
        self.entities += other.entities;
        self.meshes += other.meshes;
        self.materials += other.materials;
        self.images += other.images;
        self.pipelines += other.pipelines;
        self.mesh_slabs += other.mesh_slabs;
    }
}

/// Renders scenes. Owns the graphics device; nothing of Bevy leaks out.
pub struct Renderer {
    app: App,
    adapter: AdapterReport,
    failure: app::DeviceFailure,
    stop: Arc<AtomicBool>,
    uploads: upload::Uploads,
    maps: environment::Maps,
    warps: eyes::Warps,
    rays: Vec<film::Rays>,
    label_pass: labels::LabelPass,
    film_pass: film::FilmPass,
    targets: Option<capture::Targets>,
    masks: capture::MaskBuffers,
    /// The buffers that the next scene is copied to.
    slot: usize,
    /// Scenes that were begun and not finished.
    in_flight: usize,
    times: RenderTimes,
}

/// A scene that is being rendered: [`Renderer::finish`] waits for its frames.
#[must_use = "its frames are lost otherwise"]
pub struct InFlight(Home);

enum Home {
    OnTheWay(Box<capture::OnTheWay>),
    /// Of many sub-frames, the last is no more work than the first: nothing is left to wait for.
    There(Vec<Frame>),
}

impl Renderer {
    /// Opens the adapter. `library` holds assets that are loaded already; others are read when a scene names them.
    pub fn new(options: &RenderOptions, library: Library) -> Result<Self, RenderError> {
        let (resources, adapter) = adapter::open(&options.adapter)?;
        tracing::info!(adapter = adapter.summary(), "rendering");
        let (app, failure) = app::build(resources)?;
        let device = app.world().resource::<RenderDevice>().wgpu_device();
        let label_pass = labels::LabelPass::new(device, app.world().resource::<RenderQueue>());
        let film_pass = film::FilmPass::new(app.world().resource::<RenderDevice>().wgpu_device());
        let uploads = upload::Uploads::new(options.asset_root.clone(), library);
        let maps = environment::Maps::default();
        Ok(Self {
            app,
            adapter,
            failure,
            stop: options.stop.clone(),
            uploads,
            maps,
            warps: eyes::Warps::default(),
            rays: Vec::new(),
            label_pass,
            film_pass,
            targets: None,
            masks: capture::MaskBuffers::default(),
            slot: 0,
            in_flight: 0,
            times: RenderTimes::default(),
        })
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
        let (world, render) = (self.app.world(), self.app.sub_app(RenderApp).world());
        Holdings {
            entities: world.entities().count_spawned() as usize,
            meshes: world.resource::<Assets<BevyMesh>>().len(),
            materials: world.resource::<Assets<StandardMaterial>>().len(),
            images: world.resource::<Assets<BevyImage>>().len(),
            pipelines: render.resource::<PipelineCache>().pipelines().count(),
            mesh_slabs: render.resource::<MeshAllocator>().slab_count(),
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
        let begun = self.begin_after(scene, more)?;
        self.finish(begun)
    }

    /// Has `scene` drawn, without waiting for the device: while it draws, the next scene can be begun. One may wait for its turn to be
    /// [finished](Self::finish) while another is begun, no more.
    pub fn begin(&mut self, scene: &Scene) -> Result<InFlight, RenderError> {
        self.begin_after(scene, 0)
    }

    fn begin_after(&mut self, scene: &Scene, more: u32) -> Result<InFlight, RenderError> {
        scene.validate().map_err(|reason| RenderError::InvalidScene { index: scene.index, reason })?;
        if self.in_flight >= readback::IN_FLIGHT {
            return Err(RenderError::Failed(
                "more scenes are in flight than there are buffers for (this is a bug)".into(),
            ));
        }
        // A device that failed before fails again, and Bevy may not survive it.
        let device = self.app.world().resource::<RenderDevice>().wgpu_device();
        let _ = device.poll(wgpu::PollType::Poll);
        self.check_device()?;
        let spawning = clock();
        let eyes = Eyes::of(scene, &mut self.warps);
        let targets = self.targets.take();
        let targets = capture::Targets::fit(targets, self.app.world_mut(), scene, &eyes, &self.adapter.name)?;
        let color = targets.color.clone();
        self.targets = Some(targets);
        let world = self.app.world_mut();
        let there: EntityHashSet = world.query::<Entity>().iter(world).collect();
        let shot = match spawn::spawn(world, &mut self.uploads, &mut self.maps, scene, eyes, &color) {
            Ok(shot) => shot,
            Err(error) => {
                // Half a scene would be in the pictures of the next one.
                let half: Vec<Entity> =
                    world.query::<Entity>().iter(world).filter(|entity| !there.contains(entity)).collect();
                half.into_iter().rev().for_each(|entity| _ = world.despawn(entity));
                suns::clear(world);
                self.uploads.end_scene();
                return Err(error);
            }
        };
        let order = shot.surfaces.iter().enumerate().map(|(position, (entity, _))| (*entity, position)).collect();
        self.app.sub_app_mut(RenderApp).world_mut().insert_resource(order::SceneOrder(order));
        self.times.spawn += spawning.elapsed();

        let home = self.update_until_complete(scene.index, &shot).and_then(|()| {
            (0..more).for_each(|_| self.app.update());
            let on_the_way = self.capture(scene, &shot)?;
            if !scene.needs_linear() {
                return Ok(Home::OnTheWay(Box::new(on_the_way)));
            }
            let mut frames = self.take(on_the_way)?;
            self.expose(scene, &shot, &mut frames)?;
            Ok(Home::There(frames))
        });
        shot.despawn(self.app.world_mut());
        self.uploads.end_scene();
        self.times.scenes += 1;
        let home = home?;
        self.in_flight += 1;
        self.slot = (self.slot + 1) % readback::IN_FLIGHT;
        Ok(InFlight(home))
    }

    /// Waits for the frames of a scene. Scenes are finished in the order in which they were begun.
    pub fn finish(&mut self, begun: InFlight) -> Result<Vec<Frame>, RenderError> {
        self.in_flight = self.in_flight.saturating_sub(1);
        match begun.0 {
            Home::There(frames) => Ok(frames),
            Home::OnTheWay(on_the_way) => self.take(*on_the_way),
        }
    }

    /// Gives amodal masks no more than so many words of memory at a time: tests compare what comes of it.
    #[doc(hidden)]
    pub fn limit_mask_memory(&mut self, words: Option<u32>) {
        self.masks.budget = words;
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

    /// Has the device lost, as a driver that crashes does.
    #[doc(hidden)]
    pub fn lose_device(&self) {
        self.app.world().resource::<RenderDevice>().wgpu_device().destroy();
    }

    /// Has the device say that it is out of memory: a software driver cannot be brought there without the whole machine.
    #[doc(hidden)]
    pub fn exhaust_device(&self) {
        self.failure.hear(&wgpu::Error::OutOfMemory { source: "no room, on purpose".into() });
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
            if self.stop.load(Ordering::Relaxed) {
                return Err(RenderError::Stopped);
            }
            let missing = ready::missing(self.app.world(), self.app.sub_app(RenderApp).world(), shot)
                .map_err(RenderError::Failed)?;
            if missing.is_empty() {
                self.times.update += start.elapsed();
                return Ok(());
            }
            let missing = missing.into_iter().collect::<Vec<_>>().join(", ");
            tracing::debug!(index, updates, missing, "frame not complete, drawing it again");
            if start.elapsed() > PATIENCE && updates >= LEAST_UPDATES {
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

    /// Draws the labels on top of the update that just ran, and has everything copied home.
    fn capture(&mut self, scene: &Scene, shot: &spawn::Shot) -> Result<capture::OnTheWay, RenderError> {
        let start = clock();
        let source = capture::Source {
            main: self.app.world(),
            render: self.app.sub_app(RenderApp).world(),
            pass: &self.label_pass,
            targets: self.targets.as_ref().expect("prepared before the update"),
            scene,
            shot,
            slot: self.slot,
        };
        let captured = capture::capture(&source, &mut self.masks);
        self.times.labels_and_wait += start.elapsed();
        captured
    }

    fn take(&mut self, on_the_way: capture::OnTheWay) -> Result<Vec<Frame>, RenderError> {
        let start = clock();
        let device = self.app.world().resource::<RenderDevice>().wgpu_device();
        // Of a device that is lost, buffers can no longer be asked for anything.
        on_the_way.wait(device);
        self.check_device()?;
        let frames = on_the_way.take(device);
        self.times.labels_and_wait += start.elapsed();
        // Where a command was refused, the buffer still holds the images of a scene before.
        frames.and_then(|frames| self.check_device().map(|()| frames))
    }
}

/// Timings are for people; no image or label depends on them.
#[expect(clippy::disallowed_methods, reason = "timings and patience only")]
fn clock() -> Instant {
    Instant::now()
}
