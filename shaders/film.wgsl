// The film: the sum of what sub-frames bring, linear light.
//
// in:  what Bevy drew of one camera, linear, in half floats: the image itself, or faces that its pixels are looked up in
// out: `film`, three floats per pixel, row by row; a band of rows at a time, where a binding cannot hold all

struct Face {
    // From the OpenCV camera frame to the face's own: to the right, down, forward.
    right: vec4<f32>,
    down: vec4<f32>,
    forward: vec4<f32>,
    // Focal length and principal point, pixels of this sub-frame.
    lens: vec4<f32>,
}

struct Step {
    width: u32,
    // The first row of the band, and how many it has.
    first_row: u32,
    rows: u32,
    // Whether there is nothing yet to add to.
    first: u32,
    // Where in its area each pixel takes its sample.
    sample: vec2<f32>,
    // Of this sub-frame.
    weight: f32,
    faces: u32,
    // Whether a face's four nearest pixels are mixed, rather than one taken.
    mixed: u32,
    pad_0: u32,
    pad_1: u32,
    pad_2: u32,
    face: array<Face, 6>,
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read_write> film: array<f32>;
@group(0) @binding(2) var drawn_0: texture_2d<f32>;
@group(0) @binding(3) var drawn_1: texture_2d<f32>;
@group(0) @binding(4) var drawn_2: texture_2d<f32>;
@group(0) @binding(5) var drawn_3: texture_2d<f32>;
@group(0) @binding(6) var drawn_4: texture_2d<f32>;
@group(0) @binding(7) var drawn_5: texture_2d<f32>;
// For each corner of a pixel its ray, a unit vector in the OpenCV camera frame, and 1; zeros where there is none.
@group(0) @binding(8) var corners: texture_2d<f32>;

// The largest half float: what is brighter is infinite there, and would stay so in any mean.
const BRIGHTEST: f32 = 65504.0;

fn bring(light: vec3<f32>, id: vec3<u32>) {
    let brought = clamp(light, vec3(0.0), vec3(BRIGHTEST)) * step.weight;
    let at = 3u * (id.y * step.width + id.x);
    if step.first != 0u {
        film[at] = brought.r;
        film[at + 1u] = brought.g;
        film[at + 2u] = brought.b;
    } else {
        film[at] += brought.r;
        film[at + 1u] += brought.g;
        film[at + 2u] += brought.b;
    }
}

@compute @workgroup_size(8, 8)
fn add(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= step.width || id.y >= step.rows {
        return;
    }
    bring(textureLoad(drawn_0, vec2(id.x, id.y + step.first_row), 0).rgb, id);
}

fn load(face: u32, at: vec2<i32>) -> vec3<f32> {
    switch face {
        case 0u: { return textureLoad(drawn_0, clamp(at, vec2(0), vec2<i32>(textureDimensions(drawn_0)) - 1), 0).rgb; }
        case 1u: { return textureLoad(drawn_1, clamp(at, vec2(0), vec2<i32>(textureDimensions(drawn_1)) - 1), 0).rgb; }
        case 2u: { return textureLoad(drawn_2, clamp(at, vec2(0), vec2<i32>(textureDimensions(drawn_2)) - 1), 0).rgb; }
        case 3u: { return textureLoad(drawn_3, clamp(at, vec2(0), vec2<i32>(textureDimensions(drawn_3)) - 1), 0).rgb; }
        case 4u: { return textureLoad(drawn_4, clamp(at, vec2(0), vec2<i32>(textureDimensions(drawn_4)) - 1), 0).rgb; }
        default: { return textureLoad(drawn_5, clamp(at, vec2(0), vec2<i32>(textureDimensions(drawn_5)) - 1), 0).rgb; }
    }
}

// What a face shows at a place, continuous pixels.
fn seen(face: u32, place: vec2<f32>) -> vec3<f32> {
    if step.mixed == 0u {
        return load(face, vec2<i32>(floor(place)));
    }
    let from_center = place - 0.5;
    let low = vec2<i32>(floor(from_center));
    let share = fract(from_center);
    let upper = mix(load(face, low), load(face, low + vec2(1, 0)), share.x);
    let lower = mix(load(face, low + vec2(0, 1)), load(face, low + vec2(1, 1)), share.x);
    return mix(upper, lower, share.y);
}

@compute @workgroup_size(8, 8)
fn add_looked_up(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= step.width || id.y >= step.rows {
        return;
    }
    let pixel = vec2(id.x, id.y + step.first_row);
    let corner_00 = textureLoad(corners, pixel, 0);
    let corner_10 = textureLoad(corners, pixel + vec2(1u, 0u), 0);
    let corner_01 = textureLoad(corners, pixel + vec2(0u, 1u), 0);
    let corner_11 = textureLoad(corners, pixel + vec2(1u, 1u), 0);
    let ray = mix(mix(corner_00, corner_10, step.sample.x), mix(corner_01, corner_11, step.sample.x), step.sample.y);
    var light = vec3(0.0);
    // Where a corner has no ray, the lens ends.
    if min(min(corner_00.w, corner_10.w), min(corner_01.w, corner_11.w)) > 0.0 {
        // The face that the ray is most along has it for certain.
        var best = 0u;
        var along = -2.0;
        for (var k = 0u; k < step.faces; k++) {
            let this_along = dot(step.face[k].forward.xyz, ray.xyz);
            if this_along > along {
                along = this_along;
                best = k;
            }
        }
        let face = step.face[best];
        let flat = vec2(dot(face.right.xyz, ray.xyz), dot(face.down.xyz, ray.xyz)) / along;
        light = seen(best, face.lens.yz + flat * face.lens.x);
    }
    bring(light, id);
}
