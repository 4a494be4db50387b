//! The Bevy app: which plugins run, and every switch that makes a frame a function of its scene alone.

use bevy::app::{PluginGroup, PluginsState};
use bevy::camera::{ClearColor, ShadowLodOrigin};
use bevy::light::cluster::GlobalClusterSettings;
use bevy::light::{DirectionalLightShadowMap, GlobalAmbientLight, PointLightShadowMap};
use bevy::pbr::{MeshMaterial3d, PbrPlugin, StandardMaterial};
use bevy::prelude::*;
use bevy::render::batching::gpu_preprocessing::{GpuPreprocessingMode, GpuPreprocessingSupport};
use bevy::render::erased_render_asset::prepare_erased_assets;
use bevy::render::error_handler::{RenderErrorHandler, RenderErrorPolicy};
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::render_asset::prepare_assets;
use bevy::render::settings::{RenderCreation, RenderResources};
use bevy::render::texture::GpuImage;
use bevy::render::{Render, RenderApp, RenderPlugin, RenderStartup, RenderSystems, init_gpu_resource};
use bevy::time::TimeUpdateStrategy;
use bevy::window::{ExitCondition, WindowPlugin};

/// Edge of a sun's shadow map for each cascade, texels. A power of two: see `calculate_cascade` in `bevy_light`.
const SUN_SHADOW_TEXELS: usize = 2048;
/// Edge of each of the six faces around a point light, texels.
const POINT_SHADOW_TEXELS: usize = 1024;

/// The first error that the graphics device reported, if any. Bevy's own handler would only stop rendering.
#[derive(Resource, Default)]
pub(super) struct DeviceFailure(pub(super) Option<String>);

/// Builds the app on an opened device. One `update()` renders the main world as it is then, once.
pub(super) fn build(resources: RenderResources) -> App {
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
    app.insert_resource(RenderErrorHandler(|error, main_world, _| {
        let text = format!("{:?}: {}", error.ty, error.description);
        main_world.get_resource_or_insert_with(DeviceFailure::default).0.get_or_insert(text);
        RenderErrorPolicy::StopRendering
    }));
    app.insert_resource(TimeUpdateStrategy::ManualDuration(std::time::Duration::ZERO));
    app.insert_resource(ClearColor(Color::BLACK));
    // Only the recipe's lights shine.
    app.insert_resource(GlobalAmbientLight::NONE);
    app.insert_resource(DirectionalLightShadowMap { size: SUN_SHADOW_TEXELS });
    app.insert_resource(PointLightShadowMap { size: POINT_SHADOW_TEXELS });
    app.init_resource::<DeviceFailure>();

    let render_app = app.sub_app_mut(RenderApp);
    render_app
        .add_systems(RenderStartup, force_cpu_preprocessing.after(init_gpu_resource::<GpuPreprocessingSupport>))
        // Bevy 0.19 leaves open whether materials are prepared before or after the textures they show. After, please:
        // otherwise an object with a new texture can be absent from its first frame.
        .add_systems(
            Render,
            (|| {})
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
    app
}

/// The other half: without it phases would still hold indirect draws that nobody fills in. Every scene is new, with some
/// hundred instances: GPU preprocessing costs more here than it saves, and orders draws by atomics.
fn force_cpu_preprocessing(mut support: ResMut<GpuPreprocessingSupport>) {
    support.max_supported_mode = GpuPreprocessingMode::None;
}
