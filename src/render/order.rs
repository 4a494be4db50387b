//! In which order things are drawn, and with which material: both are functions of the scene alone, whatever was drawn before.

use bevy::core_pipeline::core_3d::{AlphaMask3d, Opaque3d, Transparent3d};
use bevy::ecs::entity::Entity;
use bevy::pbr::{RenderMaterialBindings, RenderMaterialInstances, RenderMeshInstances, Transmissive3d};
use bevy::prelude::{Res, ResMut, Resource, World};
use bevy::render::render_phase::{RenderBin, ViewBinnedRenderPhases, ViewSortedRenderPhases};
use bevy::render::view::ExtractedView;
use std::collections::{BTreeMap, BTreeSet};

use super::surface::Surface;

/// The positions of the scene's surfaces, by entity.
#[derive(Resource, Default)]
pub(super) struct SceneOrder(pub(super) BTreeMap<Entity, usize>);

/// Bevy's lists of what is to be drawn are in an order that depends on what was drawn before. Where depths tie, it decides what is
/// seen: so they are brought into the scene's order. What blends is then sorted by depth, and those that tie stay in that order.
pub(super) fn sort_phases(
    order: Res<SceneOrder>,
    mut opaque: ResMut<ViewBinnedRenderPhases<Opaque3d>>,
    mut cut_out: ResMut<ViewBinnedRenderPhases<AlphaMask3d>>,
    mut transmissive: ResMut<ViewSortedRenderPhases<Transmissive3d>>,
    mut transparent: ResMut<ViewSortedRenderPhases<Transparent3d>>,
) {
    let position =
        |bin: &RenderBin| bin.entities().keys().filter_map(|entity| order.0.get(&entity.id())).min().copied();
    for phase in opaque.0.values_mut() {
        phase.batchable_meshes.sort_by_cached_key(|_, bin| position(bin));
    }
    for phase in cut_out.0.values_mut() {
        phase.batchable_meshes.sort_by_cached_key(|_, bin| position(bin));
    }
    for phase in transmissive.0.values_mut() {
        phase.items.sort_by_cached_key(|(_, entity), _| order.0.get(&entity.id()).copied());
    }
    for phase in transparent.0.values_mut() {
        phase.items.sort_by_cached_key(|(_, entity), _| order.0.get(&entity.id()).copied());
    }
}

/// Bevy notes the material of a mesh where it extracts the mesh, from what was bound in the update before. A material that is new has no
/// binding then, all new ones seem to be one, and things of one mesh that blend are drawn together with the material of the first. So they are noted
/// again, once all materials are prepared.
pub(super) fn bind_materials(
    meshes: Res<RenderMeshInstances>,
    materials: Res<RenderMaterialInstances>,
    bindings: Res<RenderMaterialBindings>,
) {
    let RenderMeshInstances::CpuBuilding(meshes) = &*meshes else { return };
    for (entity, mesh) in meshes.iter() {
        let material = materials.instances.get(entity).and_then(|material| bindings.get(&material.asset_id));
        if let Some(&binding) = material {
            mesh.set_material_bindings_index(binding);
        }
    }
}

/// In the order in which Bevy drew them for a camera, so that of two surfaces in one plane colour and labels show the same where their
/// depths tie; what Bevy sorts by depth comes last, in the scene's order. Those that labels see through are left out.
pub(super) fn of_labels<'a>(
    render: &World,
    view: &ExtractedView,
    surfaces: &'a [(Entity, Surface)],
) -> Vec<&'a Surface> {
    let view = &view.retained_view_entity;
    let order = &render.resource::<SceneOrder>().0;
    let mut drawn: BTreeMap<usize, usize> = BTreeMap::new();
    let mut note_bins = |bins: &mut dyn Iterator<Item = &RenderBin>| {
        for bin in bins {
            // Of one bin all look alike, so that their order among themselves shows in labels alone: it is the scene's.
            let positions: BTreeSet<usize> =
                bin.entities().keys().filter_map(|entity| order.get(&entity.id()).copied()).collect();
            for position in positions {
                let next = drawn.len();
                drawn.entry(position).or_insert(next);
            }
        }
    };
    if let Some(phase) = render.resource::<ViewBinnedRenderPhases<Opaque3d>>().get(view) {
        note_bins(&mut phase.batchable_meshes.values());
    }
    if let Some(phase) = render.resource::<ViewBinnedRenderPhases<AlphaMask3d>>().get(view) {
        note_bins(&mut phase.batchable_meshes.values());
    }
    let mut visible: Vec<(usize, &Surface)> = surfaces.iter().map(|(_, surface)| surface).enumerate().collect();
    visible.retain(|(_, surface)| !surface.see_through);
    visible.sort_by_key(|(position, _)| drawn.get(position).copied().unwrap_or(usize::MAX));
    visible.into_iter().map(|(_, surface)| surface).collect()
}
