// The film: the sum of what sub-frames bring, linear light.
//
// in:  what Bevy drew of one camera, linear, in half floats
// out: `film`, three floats per pixel, row by row; a band of rows at a time, where a binding cannot hold all

struct Step {
    width: u32,
    // The first row of the band, and how many it has.
    first_row: u32,
    rows: u32,
    // Whether there is nothing yet to add to.
    first: u32,
    // Of this sub-frame.
    weight: f32,
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read_write> film: array<f32>;
@group(0) @binding(2) var drawn: texture_2d<f32>;

// The largest half float: what is brighter is infinite there, and would stay so in any mean.
const BRIGHTEST: f32 = 65504.0;

@compute @workgroup_size(8, 8)
fn add(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= step.width || id.y >= step.rows {
        return;
    }
    let light = textureLoad(drawn, vec2(id.x, id.y + step.first_row), 0).rgb;
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
