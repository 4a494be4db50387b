//! Is the frame that was just drawn complete? Bevy leaves out what is not ready, without a word: an object whose texture
//! is still on its way, a pass whose shader is. So everything that the scene needs is looked for, after the update.

use bevy::asset::Handle;
use bevy::ecs::entity::Entity;
use bevy::image::Image as BevyImage;
use bevy::light::EnvironmentMapLight;
use bevy::pbr::{
    LightEntity, MeshViewBindGroup, PendingMeshMaterialQueues, PendingShadowQueues, PreparedMaterial,
    RenderMaterialInstances, RenderMeshInstances, RenderViewLightProbes, SpecializedMaterialPipelineCache,
    SpecializedShadowMaterialPipelineCache, ViewLightEntities,
};
use bevy::prelude::World;
use bevy::render::erased_render_asset::ErasedRenderAssets;
use bevy::render::mesh::RenderMesh;
use bevy::render::mesh::allocator::MeshAllocator;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::{CachedPipelineState, CachedRenderPipelineId, PipelineCache};
use bevy::render::sync_world::{MainEntity, RenderEntity};
use bevy::render::texture::GpuImage;
use bevy::render::view::{ExtractedView, ViewDepthTexture, ViewTarget};
use bevy::shader::ShaderCacheError;
use std::collections::BTreeSet;

use super::spawn::Shot;

/// What is still missing, in words; empty where the frame is complete. An error is what waiting will not mend.
pub(super) fn missing(main: &World, render: &World, shot: &Shot) -> Result<BTreeSet<String>, String> {
    let mut missing = BTreeSet::new();
    let cache = render.resource::<PipelineCache>();
    if cache.waiting_pipelines().next().is_some() {
        missing.insert("pipelines that wait for their shaders".to_owned());
    }
    for pipeline in cache.pipelines() {
        match &pipeline.state {
            CachedPipelineState::Err(
                ShaderCacheError::ShaderNotLoaded(_) | ShaderCacheError::ShaderImportNotYetAvailable,
            ) => {
                missing.insert("a shader".to_owned());
            }
            CachedPipelineState::Err(error) => return Err(format!("a shader does not compile: {error}")),
            _ => {}
        }
    }
    let pending = &render.resource::<PendingMeshMaterialQueues>().0;
    let pending_shadows = &render.resource::<PendingShadowQueues>().0;
    if pending.values().chain(pending_shadows.values()).any(|queues| !queues.current_frame.is_empty()) {
        missing.insert("objects that wait for their material".to_owned());
    }
    let images = render.resource::<RenderAssets<GpuImage>>();
    for handle in &shot.environment {
        if !on_gpu(images, handle) {
            missing.insert("the environment".to_owned());
        }
    }
    missing_surfaces(render, shot, &mut missing);
    for &camera in &shot.cameras {
        missing_view(main, render, shot, camera, &mut missing);
    }
    missing_shadows(render, shot, &mut missing);
    Ok(missing)
}

fn on_gpu(images: &RenderAssets<GpuImage>, handle: &Handle<BevyImage>) -> bool {
    images.get(handle.id()).is_some()
}

/// Meshes and materials, whatever the camera.
fn missing_surfaces(render: &World, shot: &Shot, missing: &mut BTreeSet<String>) {
    let instances = render.resource::<RenderMeshInstances>();
    let meshes = render.resource::<RenderAssets<RenderMesh>>();
    let allocator = render.resource::<MeshAllocator>();
    let material_instances = render.resource::<RenderMaterialInstances>();
    let materials = render.resource::<ErasedRenderAssets<PreparedMaterial>>();
    for (entity, surface) in &shot.surfaces {
        let entity = MainEntity::from(*entity);
        if instances.mesh_asset_id(entity) != Some(surface.mesh) {
            missing.insert("an object".to_owned());
        }
        let allocated =
            allocator.mesh_vertex_slice(&surface.mesh).is_some() && allocator.mesh_index_slice(&surface.mesh).is_some();
        if meshes.get(surface.mesh).is_none() || !allocated {
            missing.insert("a mesh".to_owned());
        }
        let material = material_instances.instances.get(&entity);
        if material.and_then(|instance| materials.get(instance.asset_id)).is_none() {
            missing.insert("a material".to_owned());
        }
    }
    for entity in shot.backdrops.iter().flatten().map(|&entity| MainEntity::from(entity)) {
        let mesh = instances.mesh_asset_id(entity).filter(|&mesh| {
            meshes.get(mesh).is_some()
                && allocator.mesh_vertex_slice(&mesh).is_some()
                && allocator.mesh_index_slice(&mesh).is_some()
        });
        let material = material_instances.instances.get(&entity);
        if mesh.is_none() || material.and_then(|instance| materials.get(instance.asset_id)).is_none() {
            missing.insert("the background".to_owned());
        }
    }
}

/// What one camera needs: its own images and bindings, a pipeline for every surface, and a sun's shadow maps.
fn missing_view(main: &World, render: &World, shot: &Shot, camera: Entity, missing: &mut BTreeSet<String>) {
    let Some(view_entity) = main.get::<RenderEntity>(camera).map(RenderEntity::id) else {
        missing.insert("a camera".to_owned());
        return;
    };
    let Ok(view) = render.get_entity(view_entity) else {
        missing.insert("a camera".to_owned());
        return;
    };
    if !(view.contains::<ViewTarget>() && view.contains::<ViewDepthTexture>() && view.contains::<MeshViewBindGroup>()) {
        missing.insert("the images of a camera".to_owned());
    }
    let lit = view.get::<RenderViewLightProbes<EnvironmentMapLight>>();
    let has_environment = lit.is_some_and(|probes| !probes.binding_index_to_textures.is_empty());
    if has_environment == shot.environment.is_empty() {
        missing.insert("light from the environment".to_owned());
    }
    let cache = render.resource::<PipelineCache>();
    let ready = |id: CachedRenderPipelineId| cache.get_render_pipeline(id).is_some();
    let pipelines = view
        .get::<ExtractedView>()
        .and_then(|view| render.resource::<SpecializedMaterialPipelineCache>().get(&view.retained_view_entity));
    let drawn =
        |entity: &Entity| pipelines.and_then(|map| map.get(&MainEntity::from(*entity))).is_some_and(|&id| ready(id));
    if !shot.surfaces.iter().all(|(entity, _)| drawn(entity)) {
        missing.insert("the pipeline of an object".to_owned());
    }
    let position = shot.cameras.iter().position(|other| *other == camera);
    let backdrop = position.and_then(|position| *shot.backdrops.get(position)?);
    if backdrop.is_some_and(|entity| !drawn(&entity)) {
        missing.insert("the background".to_owned());
    }

    let cascades = view.get::<ViewLightEntities>().map_or(0, |views| views.lights.len());
    if cascades != shot.cascades_per_camera {
        missing.insert("a sun's shadow map".to_owned());
    }
}

/// The views that shadow maps are drawn from: their number, and their pipelines.
fn missing_shadows(render: &World, shot: &Shot, missing: &mut BTreeSet<String>) {
    let cache = render.resource::<PipelineCache>();
    let specialized = render.resource::<SpecializedShadowMaterialPipelineCache>();
    // There is no such query where no light was ever there.
    let mut views = render.try_query::<(&LightEntity, &ExtractedView)>();
    let mut shared = 0;
    for (light, view) in views.iter_mut().flat_map(|views| views.iter(render)) {
        shared += usize::from(!matches!(light, LightEntity::Directional { .. }));
        let pipelines = specialized.get(&view.retained_view_entity);
        let ready = |id: CachedRenderPipelineId| cache.get_render_pipeline(id).is_some();
        let cast = |entity: &Entity| {
            pipelines.and_then(|map| map.get(&MainEntity::from(*entity))).is_some_and(|&(id, _)| ready(id))
        };
        if !shot.surfaces.iter().all(|(entity, surface)| !surface.casts_shadow || cast(entity)) {
            missing.insert("a shadow".to_owned());
        }
    }
    if shared != shot.shared_shadow_views {
        missing.insert("the shadow map of a point or spot light".to_owned());
    }
}
