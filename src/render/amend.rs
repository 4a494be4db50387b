//! Bevy's shaders, amended: lamps that do not shine evenly to all sides, directional light that makes no highlights, a narrower
//! filter of shadow maps, and nothing of what a scene has not (see [`lit`]).
//!
//! Bevy knows no light that obeys Lambert's cosine and casts a shadow, and nothing of it leaves room for one. `lighting` and `shadows` stay as they are
//! for every light that is not marked. What is marked has `contact_shadows_enabled`, which does nothing here (no camera asks for contact shadows);
//! the two numbers of its shadow bias then say which [`Profile`] it has, and its bias is worked out in the shader.
//!
//! The text that is replaced is that of Bevy 0.19.1; where it is not found, nothing starts.

use bevy::app::App;
use bevy::asset::Assets;
use bevy::math::{Vec2, Vec3};
use bevy::shader::{Shader, ShaderImport, Source};
use std::borrow::Cow;

use super::app::{POINT_SHADOW_TEXELS, SUN_SHADOW_TEXELS};
use super::lit;

/// How the intensity of a lamp depends on the direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Profile {
    /// The same to all sides.
    Even,
    /// As the cosine of the angle to this unit vector, world frame; nothing behind.
    Cosine(Vec3),
    /// As the sine of the angle to this unit vector, world frame.
    Sine(Vec3),
    /// As [`Cosine`](Self::Cosine), without highlights, and with distance as a disc of the light's radius has it on its axis.
    Disc(Vec3),
}

/// A marked lamp's two biases, as the shader is to find them.
fn code(profile: Profile) -> [f32; 2] {
    let (kind, axis) = match profile {
        Profile::Even => (0.0, Vec3::Y),
        Profile::Cosine(axis) => (1.0, axis),
        Profile::Sine(axis) => (2.0, axis),
        Profile::Disc(axis) => (3.0, axis),
    };
    // Octahedral: the sphere folded onto a square.
    let flat = axis / (axis.x.abs() + axis.y.abs() + axis.z.abs());
    let sign = |v: f32| if v < 0.0 { -1.0 } else { 1.0 };
    let folded = if flat.z < 0.0 {
        Vec2::new((1.0 - flat.y.abs()) * sign(flat.x), (1.0 - flat.x.abs()) * sign(flat.y))
    } else {
        Vec2::new(flat.x, flat.y)
    };
    [folded.x, folded.y + 4.0 * kind]
}

/// `shadow_depth_bias` and `shadow_normal_bias` of a marked spot whose shadow map reaches `outer_angle` from its axis. Bevy multiplies the
/// second on its way to the shader.
pub(super) fn spot_biases(profile: Profile, outer_angle: f32) -> [f32; 2] {
    let [depth, normal] = code(profile);
    let texel = 2.0 * libm::tanf(outer_angle) / f32::from(SUN_SHADOW_TEXELS);
    [depth, normal / texel / std::f32::consts::SQRT_2]
}

/// The same of a marked point light.
pub(super) fn point_biases(profile: Profile) -> [f32; 2] {
    let [depth, normal] = code(profile);
    let texel = 2.0 / f32::from(POINT_SHADOW_TEXELS);
    [depth, normal / texel / std::f32::consts::SQRT_2]
}

/// What stands in for some text of a shader.
pub(super) struct Change {
    old: &'static str,
    new: String,
    /// How often it is there.
    times: usize,
}

impl Change {
    /// Of what is there once.
    pub(super) fn once(old: &'static str, new: String) -> Self {
        Self { old, new, times: 1 }
    }
}

/// Replaces what is to be replaced in a shader's text.
fn changed(text: &str, changes: &[Change], path: &str) -> Result<String, String> {
    changes.iter().try_fold(text.to_owned(), |text, change| match text.matches(change.old).count() {
        times if times == change.times => Ok(text.replace(change.old, &change.new)),
        times => Err(format!(
            "Bevy's shader {path} is not the one that is amended here: {times} times `{}`, not {}",
            change.old, change.times
        )),
    })
}

fn lighting() -> Vec<Change> {
    let change = |old, new: String, times| Change { old, new, times };
    vec![
        change(
            "fn point_light(\n",
            r"// How much of its intensity a lamp gives along -L, see amend.rs.
fn emission_kind(light_id: u32) -> f32 {
    let light = &view_bindings::clustered_lights.data[light_id];
    return select(0.0, round((*light).shadow_normal_bias * 0.25), ((*light).flags & 16u) != 0u);
}

fn emission_profile(light_id: u32, L: vec3<f32>, distance_square: f32) -> f32 {
    let light = &view_bindings::clustered_lights.data[light_id];
    if ((*light).flags & 16u) == 0u {
        return 1.0;
    }
    let kind = emission_kind(light_id);
    let folded = vec2((*light).shadow_depth_bias, (*light).shadow_normal_bias - 4.0 * kind);
    var axis = vec3(folded, 1.0 - abs(folded.x) - abs(folded.y));
    let fold = max(-axis.z, 0.0);
    axis = normalize(vec3(axis.xy + select(vec2(fold), vec2(-fold), axis.xy >= vec2(0.0)), axis.z));
    let along = dot(axis, -L);
    if kind == 1.0 {
        return max(along, 0.0);
    }
    if kind == 2.0 {
        return sqrt(max(1.0 - along * along, 0.0));
    }
    if kind == 3.0 {
        let radius = (*light).position_radius.w;
        return max(along, 0.0) * distance_square / (distance_square + radius * radius);
    }
    return 1.0;
}

fn point_light(
"
            .into(),
            1,
        ),
        change(
            "        rangeAttenuation * texture_sample;\n",
            "        rangeAttenuation * texture_sample * emission_profile(light_id, L, distance_square);\n".into(),
            1,
        ),
        // Lamps without highlights.
        change(
            "color_times_NdotL = (diffuse * derived_input.NdotL + specular_light * specular_derived_input.NdotL * inv_Fc) * inv_Fc + Frc * clearcoat_specular_derived_input.NdotL;",
            "let shine = select(1.0, 0.0, emission_kind(light_id) == 3.0);\n    color_times_NdotL = (diffuse * derived_input.NdotL + shine * specular_light * specular_derived_input.NdotL * inv_Fc) * inv_Fc + shine * Frc * clearcoat_specular_derived_input.NdotL;".into(),
            1,
        ),
        change(
            "color_times_NdotL = diffuse * derived_input.NdotL + specular_light * specular_derived_input.NdotL;",
            "let shine = select(1.0, 0.0, emission_kind(light_id) == 3.0);\n    color_times_NdotL = diffuse * derived_input.NdotL + shine * specular_light * specular_derived_input.NdotL;".into(),
            1,
        ),
        // Directional light without highlights.
        change(
            "    color = (diffuse + specular_light * inv_Fc) * inv_Fc * derived_input.NdotL +\n        Frc * derived_clearcoat_input.NdotL;",
            "    let shine = select(1.0, 0.0, ((*light).flags & 8u) != 0u);\n    color = (diffuse + shine * specular_light * inv_Fc) * inv_Fc * derived_input.NdotL +\n        shine * Frc * derived_clearcoat_input.NdotL;".into(),
            1,
        ),
        change(
            "    color = (diffuse + specular_light) * derived_input.NdotL;",
            "    let shine = select(1.0, 0.0, ((*light).flags & 8u) != 0u);\n    color = (diffuse + shine * specular_light) * derived_input.NdotL;".into(),
            1,
        ),
    ]
}

fn shadows() -> Vec<Change> {
    let change = |old, new: String| Change { old, new, times: 1 };
    let (spot, point) = (f32::from(SUN_SHADOW_TEXELS), f32::from(POINT_SHADOW_TEXELS));
    vec![
        change(
            "fn fetch_point_shadow(\n",
            format!(
                r"// Biases of lamps, see amend.rs: of those that are marked, in texels.
fn lamp_normal_bias(light_id: u32) -> f32 {{
    let light = &view_bindings::clustered_lights.data[light_id];
    if ((*light).flags & 16u) == 0u {{
        return (*light).shadow_normal_bias;
    }}
    let texel = select(2.0 / {point:.1}, 2.0 * (*light).spot_light_tan_angle / {spot:.1}, ((*light).flags & 32u) != 0u);
    return 2.0 * texel * 1.41421356;
}}

fn lamp_depth_bias(light_id: u32, distance: f32) -> f32 {{
    let light = &view_bindings::clustered_lights.data[light_id];
    if ((*light).flags & 16u) == 0u {{
        return (*light).shadow_depth_bias;
    }}
    return distance / {point:.1};
}}

fn fetch_point_shadow(
"
            ),
        ),
        change(
            "(*light).shadow_normal_bias * distance_to_light * surface_normal.xyz;",
            "lamp_normal_bias(light_id) * distance_to_light * surface_normal.xyz;".into(),
        ),
        change(
            "(*light).shadow_depth_bias * normalize(surface_to_light.xyz);",
            "lamp_depth_bias(light_id, distance_to_light) * normalize(surface_to_light.xyz);".into(),
        ),
        change(
            "((*light).shadow_depth_bias * normalize(surface_to_light))",
            "(lamp_depth_bias(light_id, distance_to_light) * normalize(surface_to_light))".into(),
        ),
        change(
            "(surface_normal.xyz * (*light).shadow_normal_bias) * distance_to_light;",
            "(surface_normal.xyz * lamp_normal_bias(light_id)) * distance_to_light;".into(),
        ),
    ]
}

/// Bevy filters five by five texels in nine lookups. Here texels are about as large as pixels (see `Stage::cascades`), and three by three give
/// an edge without stairs: in four lookups, and lookups are what a software driver spends its time on.
fn shadow_filter() -> Vec<Change> {
    vec![
        // Whatever a camera asks for (there is no `NONE`): see `lit`.
        Change::once(
            "#ifdef SHADOW_FILTER_METHOD_GAUSSIAN\n    return sample_shadow_map_castano_thirteen(light_local, depth, array_index);\n#else ifdef",
            "#ifndef SHADOW_FILTER_METHOD_NONE\n    return sample_shadow_map_tent(light_local, depth, array_index);\n#else ifdef".into(),
        ),
        Change::once(
            "fn sample_shadow_map(\n",
            r"// Along each axis four texels around the point, weighted as two boxes of two texels side by side, each moved with the point by s:
// 1 - s, 2 - s, 1 + s, s. A lookup between two texels has both of them in the ratio of its place between them.
fn sample_shadow_map_tent(light_local: vec2<f32>, depth: f32, array_index: i32) -> f32 {
    let size = vec2<f32>(textureDimensions(view_bindings::directional_shadow_textures));
    let nearest = floor(light_local * size + 0.5);
    let s = light_local * size + 0.5 - nearest;
    let low_weight = 3.0 - 2.0 * s;
    let high_weight = 1.0 + 2.0 * s;
    let low = (nearest - 0.5 + (2.0 - s) / low_weight - 1.0) / size;
    let high = (nearest - 0.5 + s / high_weight + 1.0) / size;
    var sum = low_weight.x * low_weight.y * sample_shadow_map_hardware(low, depth, array_index);
    sum += high_weight.x * low_weight.y * sample_shadow_map_hardware(vec2(high.x, low.y), depth, array_index);
    sum += low_weight.x * high_weight.y * sample_shadow_map_hardware(vec2(low.x, high.y), depth, array_index);
    sum += high_weight.x * high_weight.y * sample_shadow_map_hardware(high, depth, array_index);
    return sum / 16.0;
}

fn sample_shadow_map(
"
            .into(),
        ),
    ]
}

/// Amends the shaders once they are there. `false` while they are not.
pub(super) fn amend(app: &mut App) -> Result<bool, String> {
    let mut shaders = app.world_mut().resource_mut::<Assets<Shader>>();
    let named = |shaders: &Assets<Shader>, name: &str| {
        let name = ShaderImport::Custom(name.to_owned());
        shaders.iter().find(|(_, shader)| shader.import_path == name).map(|(id, _)| id)
    };
    let amended = [
        ("bevy_pbr::lighting", lighting()),
        ("bevy_pbr::shadows", shadows().into_iter().chain(lit::cascades()).collect()),
        ("bevy_pbr::shadow_sampling", shadow_filter()),
        ("bevy_pbr::pbr_functions", lit::lighting_loops()),
        ("bevy_pbr::pbr_fragment", lit::no_relief()),
    ];
    let ids = amended.iter().map(|(name, _)| named(&shaders, name)).collect::<Option<Vec<_>>>();
    let Some(ids) = ids else { return Ok(false) };
    for (id, (_, changes)) in ids.into_iter().zip(amended) {
        let Some(mut shader) = shaders.get_mut(id) else { return Ok(false) };
        let text = changed(shader.source.as_str(), &changes, &shader.path)?;
        shader.source = Source::Wgsl(Cow::Owned(text));
    }
    Ok(true)
}
