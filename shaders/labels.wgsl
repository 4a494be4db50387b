// Instance ids and metric depth, one sample at each pixel centre, in one look at the geometry.
//
// in:  the vertex buffers of the colour pass, one `Surface` per draw instance, and where a surface is cut out its texture
// out: location 0, R32Uint:  instance id, 0 for surfaces without a label
//      location 1, R32Float: depth along the optical axis in metres
//
// World and clip positions are computed with the operations of Bevy's mesh shader, in their order, so that both passes
// cover the same pixels.

struct View {
    clip_from_world: mat4x4<f32>,
    // dot(depth_row, vec4(world, 1)) is the depth: minus the third row of view_from_world.
    depth_row: vec4<f32>,
}

struct Surface {
    // world_from_local without its constant last row, transposed: three rows of four.
    row_x: vec4<f32>,
    row_y: vec4<f32>,
    row_z: vec4<f32>,
    uv_scale: vec2<f32>,
    // Alpha factor and threshold of a cut-out.
    alpha: f32,
    alpha_cutoff: f32,
    id: u32,
    pad_0: u32,
    pad_1: u32,
    pad_2: u32,
}

@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var<storage, read> surfaces: array<Surface>;
@group(1) @binding(0) var color_texture: texture_2d<f32>;
@group(1) @binding(1) var color_sampler: sampler;

struct Varyings {
    @builtin(position) clip: vec4<f32>,
    @location(0) depth: f32,
    @location(1) uv: vec2<f32>,
    @location(2) @interpolate(flat) surface: u32,
}

@vertex
fn vertex(
    @builtin(instance_index) index: u32,
    @location(0) position: vec3<f32>,
    @location(1) uv: vec2<f32>,
) -> Varyings {
    let surface = surfaces[index];
    let world_from_local = transpose(mat4x4<f32>(surface.row_x, surface.row_y, surface.row_z, vec4(0.0, 0.0, 0.0, 1.0)));
    let world = world_from_local * vec4(position, 1.0);
    var out: Varyings;
    out.clip = view.clip_from_world * vec4(world.xyz, 1.0);
    out.depth = dot(view.depth_row, vec4(world.xyz, 1.0));
    out.uv = uv * surface.uv_scale;
    out.surface = index;
    return out;
}

struct Labels {
    @location(0) id: u32,
    @location(1) depth: f32,
}

@fragment
fn solid(in: Varyings) -> Labels {
    return Labels(surfaces[in.surface].id, in.depth);
}

@fragment
fn cut_out(in: Varyings) -> Labels {
    let surface = surfaces[in.surface];
    let alpha = textureSample(color_texture, color_sampler, in.uv).a * surface.alpha;
    if alpha < surface.alpha_cutoff {
        discard;
    }
    return Labels(surface.id, in.depth);
}
