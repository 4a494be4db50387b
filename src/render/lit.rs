//! Shaders without the light that a scene does not have.
//!
//! A software driver runs what stands in a loop once even where the loop is not entered, with every pixel masked out, and reads numbers at a place that
//! is not known beforehand pixel by pixel. A third of what shading costs was light of lamps in scenes without any. So there are three shaders, and the
//! lights of a scene alone decide which one draws it.
//!
//! What tells Bevy's pipelines apart is the filter of shadow maps that a camera asks for, of which there are three, each with a name in the shader.
//! Here all three filter alike (see [`amend`](super::amend)).

use bevy::light::{CascadeShadowConfig, DirectionalLight, PointLight, ShadowFilteringMethod, SpotLight};
use bevy::prelude::{Or, With, World};

use super::amend::Change;

/// Lamps, with or without suns.
const ANY: &str = "SHADOW_FILTER_METHOD_GAUSSIAN";
/// At most one sun, whose shadows are in one map. No lamps.
const ONE_SUN: &str = "SHADOW_FILTER_METHOD_TEMPORAL";

/// What cameras have to ask for, by the lights that are in the world.
pub(super) fn shader(world: &mut World) -> ShadowFilteringMethod {
    let lamps = world.query_filtered::<(), Or<(With<PointLight>, With<SpotLight>)>>().iter(world).count();
    let cascades: Vec<usize> = world
        .query_filtered::<&CascadeShadowConfig, With<DirectionalLight>>()
        .iter(world)
        .map(|config| config.bounds.len())
        .collect();
    match (lamps, &cascades[..]) {
        (0, [] | [1]) => ShadowFilteringMethod::Temporal,
        (0, _) => ShadowFilteringMethod::Hardware2x2,
        _ => ShadowFilteringMethod::Gaussian,
    }
}

/// Of `bevy_pbr::pbr_functions`.
pub(super) fn lighting_loops() -> Vec<Change> {
    vec![
        Change::once("    // Point lights (direct)\n", format!("#ifdef {ANY}\n    // Point lights (direct)\n")),
        Change::once("    // directional lights (direct)\n", "#endif\n    // directional lights (direct)\n".into()),
        Change::once(
            "    for (var i: u32 = 0u; i < n_directional_lights; i = i + 1u) {\n        // check if",
            format!(
                "#ifdef {ONE_SUN}\n    if (n_directional_lights > 0u) {{\n        let i = 0u;\n#else\n    \
                 for (var i: u32 = 0u; i < n_directional_lights; i = i + 1u) {{\n#endif\n        // check if"
            ),
        ),
        // No scene has it (see `GlobalAmbientLight::NONE`), and it is looked up twice.
        Change::once(
            "        indirect_light += ambient::ambient_light(in.world_position, in.N, in.V, NdotV, diffuse_color, F0, perceptual_roughness, diffuse_occlusion);\n",
            String::new(),
        ),
    ]
}

/// Of `bevy_pbr::shadows`.
pub(super) fn cascades() -> Vec<Change> {
    vec![
        Change::once(
            "    let cascade_index = get_cascade_index(light_id, view_z);\n\n    if (",
            format!(
                "#ifdef {ONE_SUN}\n    if (-view_z >= (*light).cascades[0].far_bound) {{\n        return 1.0;\n    }}\n    \
                 return sample_directional_cascade(light_id, 0u, frag_position, surface_normal, frag_coord_xy);\n#else\n    \
                 let cascade_index = get_cascade_index(light_id, view_z);\n\n    if ("
            ),
        ),
        Change::once(
            "(-view_z - next_near_bound) / (this_far_bound - next_near_bound));\n        }\n    }\n    return shadow;\n",
            "(-view_z - next_near_bound) / (this_far_bound - next_near_bound));\n        }\n    }\n    return shadow;\n#endif\n".into(),
        ),
    ]
}

/// Of `bevy_pbr::pbr_fragment`: no material has a depth map to search.
pub(super) fn no_relief() -> Vec<Change> {
    vec![Change::once(
        "    if ((flags & pbr_types::STANDARD_MATERIAL_FLAGS_DEPTH_MAP_BIT) != 0u) {\n",
        "    if (false) {\n".into(),
    )]
}
