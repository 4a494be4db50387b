//! The Bevy app: which plugins run, and every switch that makes a frame a function of its scene alone.

use bevy::app::{PluginGroup, PluginsState};
use bevy::camera::{ClearColor, ShadowLodOrigin};
use bevy::core_pipeline::core_3d::Transparent3d;
use bevy::light::cluster::GlobalClusterSettings;
use bevy::light::{DirectionalLightShadowMap, GlobalAmbientLight, PointLightShadowMap};
use bevy::pbr::{MeshMaterial3d, PbrPlugin, StandardMaterial, Transmissive3d};
use bevy::prelude::*;
use bevy::render::batching::gpu_preprocessing::{GpuPreprocessingMode, GpuPreprocessingSupport};
use bevy::render::erased_render_asset::prepare_erased_assets;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::render_asset::prepare_assets;
use bevy::render::render_phase::sort_phase_system;
use bevy::render::renderer::RenderDevice;
use bevy::render::settings::{RenderCreation, RenderResources};
use bevy::render::texture::GpuImage;
use bevy::render::{Render, RenderApp, RenderPlugin, RenderStartup, RenderSystems, init_gpu_resource};
use bevy::time::TimeUpdateStrategy;
use bevy::window::{ExitCondition, WindowPlugin};
use std::sync::{Arc, Mutex, PoisonError};

use super::{RenderError, order};

/// Edge of a spot's shadow map, and of a sun's for each cascade, texels. A power of two: see `calculate_cascade` in `bevy_light`.
pub(super) const SUN_SHADOW_TEXELS: u16 = 2048;
/// Edge of each of the six faces around a point light, texels.
pub(super) const POINT_SHADOW_TEXELS: u16 = 1024;

/// The first error that the graphics device reported, if any.
///
/// It is heard from the device itself: Bevy looks for errors at the start of the *next* update, when the frame that suffered
/// from one would long be on its way to the dataset.
#[derive(Clone, Default)]
pub(super) struct DeviceFailure(Arc<Mutex<Option<String>>>);

impl DeviceFailure {
    fn listen(device: &wgpu::Device) -> Self {
        let failure = Self::default();
        let (errors, loss) = (failure.clone(), failure.clone());
        device.on_uncaptured_error(Arc::new(move |error| errors.hear(&error)));
        device.set_device_lost_callback(move |reason, text| loss.note(format!("it was lost ({reason:?}): {text}")));
        failure
    }

    /// What the device says.
    pub(super) fn hear(&self, error: &wgpu::Error) {
        self.note(match error {
            wgpu::Error::OutOfMemory { .. } => "it is out of memory; smaller images or fewer objects need less".into(),
            other => other.to_string(),
        });
    }

    /// Keeps the first: what follows is its consequence.
    fn note(&self, text: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(text);
    }

    /// What went wrong, if anything did.
    pub(super) fn reason(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Builds the app on an opened device. One `update()` renders the main world as it is then, once.
pub(super) fn build(resources: RenderResources) -> Result<(App, DeviceFailure), RenderError> {
    let mut app = App::new();
    app.add_plugins(
        DefaultPlugins
            .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
            .set(RenderPlugin {
                render_creation: RenderCreation::Manual(resources),
                // A pipeline is either there when its frame is drawn, or the frame is not complete.
                synchronous_pipeline_compilation: true,
                ..default()
            })
            // The CPU path for mesh data, one half: see `force_cpu_preprocessing`.
            .set(PbrPlugin {
                use_gpu_instance_buffer_builder: false,
                add_default_deferred_lighting_plugin: false,
                ..default()
            })
            // Otherwise update k would show the world of update k - 1.
            .disable::<PipelinedRenderingPlugin>()
            .disable::<bevy::app::TerminalCtrlCHandlerPlugin>(),
    );
    app.insert_resource(TimeUpdateStrategy::ManualDuration(std::time::Duration::ZERO));
    app.insert_resource(ClearColor(Color::BLACK));
    // Only the recipe's lights shine.
    app.insert_resource(GlobalAmbientLight::NONE);
    app.insert_resource(DirectionalLightShadowMap { size: SUN_SHADOW_TEXELS.into() });
    app.insert_resource(PointLightShadowMap { size: POINT_SHADOW_TEXELS.into() });

    let render_app = app.sub_app_mut(RenderApp);
    render_app.init_resource::<order::SceneOrder>().add_systems(
        Render,
        (
            order::bind_materials,
            order::sort_phases.before(sort_phase_system::<Transmissive3d>).before(sort_phase_system::<Transparent3d>),
        )
            .in_set(RenderSystems::PhaseSort),
    );
    render_app
        .add_systems(RenderStartup, force_cpu_preprocessing.after(init_gpu_resource::<GpuPreprocessingSupport>))
        // Bevy 0.19 leaves open whether materials are prepared before or after the textures they show. After, please:
        // otherwise an object with a new texture can be absent from its first frame.
        .add_systems(
            Render,
            textures_before_materials
                .in_set(RenderSystems::PrepareAssets)
                .after(prepare_assets::<GpuImage>)
                .before(prepare_erased_assets::<MeshMaterial3d<StandardMaterial>>),
        );

    while app.plugins_state() == PluginsState::Adding {
        bevy::tasks::tick_global_task_pools_on_main_thread();
    }
    app.finish();
    app.cleanup();
    // Inserted while finishing. On the GPU the order of lights in a cluster, and so the last bit of their sum, would
    // depend on the scheduling of threads.
    app.world_mut().resource_mut::<GlobalClusterSettings>().gpu_clustering = None;
    // Levels of detail are not used; without an origin for them Bevy warns about every lamp.
    app.world_mut().spawn((ShadowLodOrigin, Transform::IDENTITY));
    // After `finish`, in which Bevy sets its own listeners.
    let failure = DeviceFailure::listen(app.world().resource::<RenderDevice>().wgpu_device());
    // Bevy's shaders arrive from other threads; nothing is drawn with them before.
    let start = super::clock();
    while !super::amend::amend(&mut app).map_err(RenderError::Failed)? {
        if start.elapsed() > super::PATIENCE {
            return Err(RenderError::Failed("Bevy's shaders did not load".into()));
        }
        app.update();
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    super::suns::make(&mut app);
    Ok((app, failure))
}

/// Does nothing but stand between the two, in the order that its registration gives it.
fn textures_before_materials() {}

/// The other half: without it phases would still hold indirect draws that nobody fills in. GPU preprocessing
/// saves nothing where every scene is new (decision 0030), and orders draws by atomics.
fn force_cpu_preprocessing(mut support: ResMut<GpuPreprocessingSupport>) {
    support.max_supported_mode = GpuPreprocessingMode::None;
}
