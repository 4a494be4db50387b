// Labels, one sample at each pixel centre.
//
// in:  the vertex buffers of the colour pass, one `Surface` per draw instance, and the surface's textures
// out: `Basic` or `Full`, or for amodal masks bits in `masks`
//
// World and clip positions are computed with the operations of Bevy's mesh shader, in their order, so that both passes
// cover the same pixels (as far as a driver compiles the same operations to the same instructions). All entry points here
// share the vertex stage, and its position is invariant, so that a visible pixel is in its amodal mask.

struct View {
    clip_from_world: mat4x4<f32>,
    view_from_world: mat4x4<f32>,
    // Which part of the canvas (three frames wide and high, the frame in its middle) is drawn: (0, 0) is the frame, (1, 0)
    // what is right of it, (0, 1) what is below it.
    tile: vec2<f32>,
    // The first pixel of that part, in pixels of the frame.
    tile_origin: vec2<i32>,
    // fx, fy, cx, cy in pixels.
    lens: vec4<f32>,
    // The camera's centre in the world.
    eye: vec3<f32>,
}

struct Surface {
    // world_from_local without its constant last row, transposed: three rows of four.
    row_x: vec4<f32>,
    row_y: vec4<f32>,
    row_z: vec4<f32>,
    // The columns of the inverse transpose of its linear part: for normals.
    normal_x: vec3<f32>,
    // 1 + the surface's position in the scene.
    number: u32,
    normal_y: vec3<f32>,
    // Which textures there are: the bits below.
    textures: u32,
    normal_z: vec3<f32>,
    // The mask's first word in `masks`, after the rows and columns below.
    mask_start: u32,
    // From the mesh to the instance's own frame.
    instance_from_local: vec3<f32>,
    // Alpha factor and threshold of a cut-out.
    alpha: f32,
    uv_scale: vec2<f32>,
    alpha_cutoff: f32,
    roughness: f32,
    base_color: vec3<f32>,
    metallic: f32,
    emission: vec3<f32>,
    mask_words_per_column: u32,
    // [x, y, width, height] in pixels of the frame of the part of the mask that is drawn now; width 0 for surfaces without.
    mask: vec4<i32>,
    // The same of the whole mask.
    whole_mask: vec4<i32>,
    // The mesh's bounding box in the instance's own frame.
    lower: vec3<f32>,
    pad_0: u32,
    upper: vec3<f32>,
    pad_1: u32,
    // Three rows, like the first: to the instance's own frame from the world.
    to_instance_x: vec4<f32>,
    to_instance_y: vec4<f32>,
    to_instance_z: vec4<f32>,
}

const HAS_COLOR: u32 = 1u;
const HAS_NORMAL: u32 = 2u;
const HAS_METALLIC_ROUGHNESS: u32 = 4u;
const HAS_EMISSION: u32 = 8u;
// Which of them are looked up by the second UVs.
const COLOR_BY_SECOND: u32 = 16u;
const NORMAL_BY_SECOND: u32 = 32u;
const METALLIC_ROUGHNESS_BY_SECOND: u32 = 64u;
const EMISSION_BY_SECOND: u32 = 128u;

@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var<storage, read> surfaces: array<Surface>;
@group(1) @binding(0) var color_texture: texture_2d<f32>;
@group(1) @binding(1) var normal_texture: texture_2d<f32>;
// Roughness in G, metallic in B.
@group(1) @binding(2) var metallic_roughness_texture: texture_2d<f32>;
@group(1) @binding(3) var emission_texture: texture_2d<f32>;
@group(1) @binding(4) var color_sampler: sampler;
@group(1) @binding(5) var normal_sampler: sampler;
@group(1) @binding(6) var metallic_roughness_sampler: sampler;
@group(1) @binding(7) var emission_sampler: sampler;
// Word 0 counts pixels outside of the rectangle that was reckoned with: it has to stay 0.
@group(2) @binding(0) var<storage, read_write> masks: array<atomic<u32>>;

struct Varyings {
    @invariant @builtin(position) clip: vec4<f32>,
    @location(0) in_view: vec3<f32>,
    @location(1) uv: vec2<f32>,
    @location(2) normal: vec3<f32>,
    @location(3) tangent: vec4<f32>,
    @location(4) in_instance: vec3<f32>,
    @location(5) @interpolate(flat) surface: u32,
    @location(6) second_uv: vec2<f32>,
    // Multiplies base colour and alpha.
    @location(7) color: vec4<f32>,
}

@vertex
fn vertex(
    @builtin(instance_index) index: u32,
    @location(0) position: vec3<f32>,
    @location(1) normal: vec3<f32>,
    @location(2) uv: vec2<f32>,
    @location(3) tangent: vec4<f32>,
) -> Varyings {
    return varyings(index, position, normal, uv, tangent, uv, vec4(1.0));
}

@vertex
fn vertex_rich(
    @builtin(instance_index) index: u32,
    @location(0) position: vec3<f32>,
    @location(1) normal: vec3<f32>,
    @location(2) uv: vec2<f32>,
    @location(3) tangent: vec4<f32>,
    @location(4) second_uv: vec2<f32>,
    @location(5) color: vec4<f32>,
) -> Varyings {
    return varyings(index, position, normal, uv, tangent, second_uv, color);
}

fn varyings(
    index: u32,
    position: vec3<f32>,
    normal: vec3<f32>,
    uv: vec2<f32>,
    tangent: vec4<f32>,
    second_uv: vec2<f32>,
    color: vec4<f32>,
) -> Varyings {
    let surface = surfaces[index];
    let world_from_local = transpose(mat4x4<f32>(surface.row_x, surface.row_y, surface.row_z, vec4(0.0, 0.0, 0.0, 1.0)));
    let world = world_from_local * vec4(position, 1.0);
    let clip = view.clip_from_world * vec4(world.xyz, 1.0);
    var out: Varyings;
    // In the frame itself this adds exactly 0.
    out.clip = vec4(clip.x - 2.0 * view.tile.x * clip.w, clip.y + 2.0 * view.tile.y * clip.w, clip.zw);
    out.in_view = (view.view_from_world * vec4(world.xyz, 1.0)).xyz;
    out.uv = uv;
    out.normal = normalize(mat3x3<f32>(surface.normal_x, surface.normal_y, surface.normal_z) * normal);
    let along = mat3x3<f32>(world_from_local[0].xyz, world_from_local[1].xyz, world_from_local[2].xyz) * tangent.xyz;
    out.tangent = vec4(normalize(along), tangent.w);
    out.in_instance = position * surface.instance_from_local;
    out.surface = index;
    out.second_uv = second_uv;
    out.color = color;
    return out;
}

struct Basic {
    @location(0) surface: u32,
    // Depth along the optical axis and distance to the camera centre, metres.
    @location(1) distance: vec2<f32>,
}

struct Full {
    @location(0) surface: u32,
    @location(1) distance: vec2<f32>,
    // World frame.
    @location(2) geometric_normal: vec4<f32>,
    @location(3) shaded_normal: vec4<f32>,
    // In the instance's own frame, before its scale.
    @location(4) coordinates: vec4<f32>,
    @location(5) uv: vec2<f32>,
    @location(6) albedo_roughness: vec4<f32>,
    @location(7) emission_metallic: vec4<f32>,
}

fn exists(in: Varyings) -> bool {
    let surface = surfaces[in.surface];
    let uv = select(in.uv, in.second_uv, (surface.textures & COLOR_BY_SECOND) != 0u);
    let alpha = textureSample(color_texture, color_sampler, uv * surface.uv_scale).a * surface.alpha * in.color.a;
    return alpha >= surface.alpha_cutoff;
}

// Where a texture is looked up, with its derivatives.
struct At {
    uv: vec2<f32>,
    right: vec2<f32>,
    down: vec2<f32>,
}

fn chosen(textures: u32, bit: u32, first: At, second: At) -> At {
    if (textures & bit) != 0u {
        return second;
    }
    return first;
}

// A point in the instance's own frame and in the camera's.
struct Point {
    in_instance: vec3<f32>,
    in_view: vec3<f32>,
}

// Through the pixel's centre, in the camera's frame: one unit of it is a metre of depth.
fn ray(in: Varyings) -> vec3<f32> {
    return vec3((in.clip.xy - view.lens.zw) / view.lens.xy * vec2(1.0, -1.0), -1.0);
}

// `v` with length 1, or of length 1 what else there is where single precision has lost it.
fn unit(v: vec3<f32>, otherwise: vec3<f32>) -> vec3<f32> {
    let largest = max(max(abs(v.x), abs(v.y)), abs(v.z));
    if largest > 1e-37 && largest < 1e37 {
        return normalize(v / largest);
    }
    return normalize(otherwise);
}

// How far beside its pixel's ray an interpolated point may be, pixels: rasterisers snap corners to 1/256, at worst 1/16.
const BESIDE: f32 = 0.0625;

// The surface point that a pixel shows.
//
// Rasterisers interpolate with slopes in single precision. On a triangle that is seen from its edge, a hundredth of a pixel wide,
// the outcome may be far outside of it, or no number. Two things are known better: the point is on the pixel's ray, and within the
// thing's box. What is not is moved there.
fn point(in: Varyings) -> Point {
    let surface = surfaces[in.surface];
    let ray = ray(in);
    let aside = abs(in.in_view.xy + ray.xy * in.in_view.z) * view.lens.xy;
    let on_ray = all(aside <= vec2(BESIDE * -in.in_view.z));
    let within = all(in.in_instance >= surface.lower) && all(in.in_instance <= surface.upper);
    if on_ray && within {
        return Point(in.in_instance, in.in_view);
    }
    // Where the ray is within the box.
    let to_instance = transpose(mat3x3<f32>(surface.to_instance_x.xyz, surface.to_instance_y.xyz, surface.to_instance_z.xyz));
    let world_from_view = transpose(mat3x3<f32>(view.view_from_world[0].xyz, view.view_from_world[1].xyz, view.view_from_world[2].xyz));
    let along = to_instance * (world_from_view * ray);
    let start = to_instance * view.eye + vec3(surface.to_instance_x.w, surface.to_instance_y.w, surface.to_instance_z.w);
    let tiny = vec3(1e-30);
    let slope = select(along, tiny, abs(along) < tiny);
    let first = (surface.lower - start) / slope;
    let second = (surface.upper - start) / slope;
    let enters = min(first, second);
    let leaves = max(first, second);
    let nearest = max(max(enters.x, enters.y), enters.z);
    let farthest = min(min(leaves.x, leaves.y), leaves.z);
    // The depth of the interpolated point's foot on the ray. Written so that what is no number ends at an end.
    var depth = dot(in.in_view, ray) / dot(ray, ray);
    if !(depth > nearest) {
        depth = nearest;
    }
    if !(depth < farthest) {
        depth = farthest;
    }
    return Point(clamp(start + along * depth, surface.lower, surface.upper), ray * depth);
}

fn basic_labels(in: Varyings) -> Basic {
    let at = point(in).in_view;
    return Basic(surfaces[in.surface].number, vec2(-at.z, length(at)));
}

fn full_labels(in: Varyings) -> Full {
    let surface = surfaces[in.surface];
    let uv = in.uv * surface.uv_scale;
    // Counter-clockwise triangles are fronts; y runs down the screen.
    let across = cross(dpdy(in.in_view), dpdx(in.in_view));
    // Rotations are their own inverse transposes.
    let world_from_view = transpose(mat3x3<f32>(view.view_from_world[0].xyz, view.view_from_world[1].xyz, view.view_from_world[2].xyz));
    // What is drawn faces the camera. Differences do not know it where the next pixel is beyond the plane's horizon, and are
    // nothing where single precision cannot tell points apart.
    let to_camera = world_from_view * -ray(in);
    let difference = world_from_view * across;
    let geometric = unit(select(difference, -difference, dot(difference, to_camera) < 0.0), unit(in.normal, to_camera));

    // What is not there is not looked up: on a software driver, lookups are most of the cost.
    let first = At(uv, dpdx(uv), dpdy(uv));
    let uv_2 = in.second_uv * surface.uv_scale;
    let second = At(uv_2, dpdx(uv_2), dpdy(uv_2));
    var shaded = in.normal;
    if (surface.textures & HAS_NORMAL) != 0u {
        // As Bevy's apply_normal_mapping: the interpolated vectors stay as long as they are.
        let bitangent = in.tangent.w * cross(in.normal, in.tangent.xyz);
        let at = chosen(surface.textures, NORMAL_BY_SECOND, first, second);
        let map = textureSampleGrad(normal_texture, normal_sampler, at.uv, at.right, at.down).xyz * 2.0 - 1.0;
        shaded = map.x * in.tangent.xyz + map.y * bitangent + map.z * in.normal;
    }
    var albedo = surface.base_color * in.color.rgb;
    if (surface.textures & HAS_COLOR) != 0u {
        let at = chosen(surface.textures, COLOR_BY_SECOND, first, second);
        albedo *= textureSampleGrad(color_texture, color_sampler, at.uv, at.right, at.down).rgb;
    }
    var roughness = surface.roughness;
    var metallic = surface.metallic;
    if (surface.textures & HAS_METALLIC_ROUGHNESS) != 0u {
        let at = chosen(surface.textures, METALLIC_ROUGHNESS_BY_SECOND, first, second);
        let share = textureSampleGrad(metallic_roughness_texture, metallic_roughness_sampler, at.uv, at.right, at.down);
        roughness *= share.g;
        metallic *= share.b;
    }
    var emission = surface.emission;
    if (surface.textures & HAS_EMISSION) != 0u {
        let at = chosen(surface.textures, EMISSION_BY_SECOND, first, second);
        emission *= textureSampleGrad(emission_texture, emission_sampler, at.uv, at.right, at.down).rgb;
    }
    let at = point(in);
    return Full(
        surface.number,
        vec2(-at.in_view.z, length(at.in_view)),
        vec4(geometric, 0.0),
        vec4(unit(shaded, geometric), 0.0),
        vec4(at.in_instance, 0.0),
        select(vec2(0.0), in.uv, abs(in.uv) < vec2(1e30)),
        vec4(albedo, roughness),
        vec4(emission, metallic),
    );
}

@fragment
fn basic(in: Varyings) -> Basic {
    return basic_labels(in);
}

@fragment
fn basic_cut_out(in: Varyings) -> Basic {
    if !exists(in) {
        discard;
    }
    return basic_labels(in);
}

@fragment
fn full(in: Varyings) -> Full {
    return full_labels(in);
}

@fragment
fn full_cut_out(in: Varyings) -> Full {
    // Derivatives are taken before pixels are given up.
    let labels = full_labels(in);
    if !exists(in) {
        discard;
    }
    return labels;
}

// One bit per pixel, column by column: row k of a column is bit k % 32 of its word k / 32.
fn cover(in: Varyings) {
    let surface = surfaces[in.surface];
    let pixel = vec2<i32>(floor(in.clip.xy)) + view.tile_origin;
    let within = pixel - surface.whole_mask.xy;
    if any(within < vec2(0)) || any(within >= surface.whole_mask.zw) {
        atomicAdd(&masks[0], 1u);
        return;
    }
    let at = pixel - surface.mask.xy;
    if any(at < vec2(0)) || any(at >= surface.mask.zw) {
        return;
    }
    let column = u32(at.x);
    let row = u32(at.y);
    atomicOr(&masks[surface.mask_start + column * surface.mask_words_per_column + row / 32u], 1u << (row % 32u));
}

@fragment
fn amodal(in: Varyings) {
    cover(in);
}

@fragment
fn amodal_cut_out(in: Varyings) {
    if !exists(in) {
        discard;
    }
    cover(in);
}
