//! Animations, skins that they move, and morph targets by name.

use scenewright::recipe::{Drawing, parse_checked};
use scenewright::scene::{Shape, sample};
use serde_json::json;
use tempfile::TempDir;

use super::{refused, seen};
use crate::gltf::{Builder, F32, U8, square};

/// Where the square's first corner, (0, 0, 0), and its second, (1, 0, 0), stand.
fn corners(file: &Builder, options: &str) -> [[f64; 3]; 2] {
    let dir = TempDir::new().unwrap();
    file.write(dir.path(), "a.glb");
    let text = format!(
        "(version: 1, name: \"t\", image: (width: 8, height: 8), objects: {{ \"a\": (shape: File(\"a.glb\"{options})) }},
          cameras: {{ \"main\": (lens: Fov(50), pose: LookAt((0, 1, 20), (0, 0, 0))) }})"
    );
    let recipe = parse_checked(&text, "t.ron", dir.path()).map_err(|p| p.render(Drawing::Plain)).unwrap().recipe;
    let scene = sample(&recipe, 0, 0).unwrap();
    let model = recipe.assets.geometry(&scene.instances[0].shape).unwrap();
    let mesh = &model.parts[0].mesh;
    [[0.0, 1.0], [1.0, 1.0]].map(|uv| {
        let k = mesh.uvs.iter().position(|&at| at == uv).unwrap();
        mesh.positions[k].map(f64::from)
    })
}

fn expect(file: &Builder, options: &str, first: [f64; 3], second: [f64; 3]) {
    let is = corners(file, options);
    let far = is.iter().flatten().zip(first.iter().chain(&second)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(far < 1e-6, "{options}: {is:?} instead of {first:?} {second:?}");
}

#[test]
fn an_animation_moves_nodes_as_the_specification_says() {
    let mut file = square();
    let keys = [[0.0f32, 0.0, 0.0], [4.0, 0.0, 0.0], [4.0, 8.0, 0.0]];
    file.animate("LINEAR", 0, "translation", &[1.0, 2.0, 5.0], &keys);
    file.animate("STEP", 0, "translation", &[1.0, 2.0, 5.0], &keys);
    // From 0 to 1 within 2 s, leaving at 1 m/s and arriving at rest; slopes in, values, slopes out.
    let spline = [[0.0f32; 3], [0.0; 3], [1.0, 0.0, 0.0], [0.0; 3], [1.0, 0.0, 0.0], [0.0; 3]];
    file.animate("CUBICSPLINE", 0, "translation", &[0.0, 2.0], &spline);
    let at = |animation: &str, time: f64| format!(", animation: \"{animation}\", time: {time}");
    expect(&file, "", [0.0; 3], [1.0, 0.0, 0.0]);
    // The clip goes from 1 s to 5 s. A quarter of it is 2 s, an eighth 1.5 s, five eighths 3.5 s.
    expect(&file, &at("LINEAR", 0.0), [0.0; 3], [1.0, 0.0, 0.0]);
    expect(&file, &at("LINEAR", 0.125), [2.0, 0.0, 0.0], [3.0, 0.0, 0.0]);
    expect(&file, &at("LINEAR", 0.25), [4.0, 0.0, 0.0], [5.0, 0.0, 0.0]);
    expect(&file, &at("LINEAR", 0.625), [4.0, 4.0, 0.0], [5.0, 4.0, 0.0]);
    expect(&file, &at("LINEAR", 1.0), [4.0, 8.0, 0.0], [5.0, 8.0, 0.0]);
    expect(&file, &at("STEP", 0.24), [0.0; 3], [1.0, 0.0, 0.0]);
    expect(&file, &at("STEP", 0.625), [4.0, 0.0, 0.0], [5.0, 0.0, 0.0]);
    expect(&file, &at("STEP", 1.0), [4.0, 8.0, 0.0], [5.0, 8.0, 0.0]);
    // Hermite at t = 1/2: (t^3 - 2 t^2 + t) * 2 s * 1 m/s + (3 t^2 - 2 t^3) * 1 m = 1/4 + 1/2.
    expect(&file, &at("CUBICSPLINE", 0.5), [0.75, 0.0, 0.0], [1.75, 0.0, 0.0]);
}

#[test]
fn rotations_take_the_shorter_way_at_an_even_pace() {
    let mut file = square();
    // About z from 0 to 120 degrees, the latter as the quaternion's negative: the same turn.
    let (sin, cos) = libm::sincos(60f64.to_radians());
    #[expect(clippy::cast_possible_truncation, reason = "test data")]
    let end = [0.0, 0.0, -sin as f32, -cos as f32];
    file.animate("LINEAR", 0, "rotation", &[0.0, 1.0], &[[0.0, 0.0, 0.0, 1.0], end]);
    for share in [0.25, 0.5, 1.0] {
        let (sin, cos) = libm::sincos((120.0f64 * share).to_radians());
        expect(&file, &format!(", animation: \"LINEAR\", time: {share}"), [0.0; 3], [cos, sin, 0.0]);
    }
    // What disappears, because its scale is 0, is no error.
    file.animate("STEP", 0, "scale", &[0.0, 1.0], &[[2.0f32; 3], [0.0; 3]]);
    expect(&file, ", animation: \"STEP\"", [0.0; 3], [2.0, 0.0, 0.0]);
    expect(&file, ", animation: \"STEP\", time: 1", [0.0; 3], [0.0; 3]);
}

#[test]
fn a_skeleton_follows_its_animation() {
    let mut file = square();
    // The left edge stays with bone 1, the right edge goes with bone 2.
    let joints = file.accessor(U8, "VEC4", 4, &[[0u8, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]].concat());
    file.document["accessors"][joints]["normalized"] = json!(false);
    let weights = file.floats(&[[1.0f32, 0.0, 0.0, 0.0]; 4]);
    file.attributes()["JOINTS_0"] = json!(joints);
    file.attributes()["WEIGHTS_0"] = json!(weights);
    file.document["nodes"] = json!([{ "mesh": 0, "skin": 0, "translation": [9, 9, 9] }, {}, {}]);
    file.document["scenes"][0]["nodes"] = json!([0, 1, 2]);
    file.document["skins"] = json!([{ "joints": [1, 2] }]);
    file.animate("LINEAR", 2, "translation", &[0.0, 1.0], &[[0.0f32; 3], [0.0, 0.0, 2.0]]);
    expect(&file, "", [0.0; 3], [1.0, 0.0, 0.0]);
    expect(&file, ", animation: \"LINEAR\", time: 0.5", [0.0; 3], [1.0, 0.0, 1.0]);
    // Pivot and size go by the file as it stands, so that a pose does not change them.
    expect(&file, ", animation: \"LINEAR\", time: 0.5, fit: (x: 3)", [0.0; 3], [3.0, 0.0, 3.0]);
}

#[test]
fn morph_targets_go_by_name_and_win_over_the_animation() {
    let mut file = square();
    let up = file.floats(&[[0.0f32, 1.0, 0.0]; 4]);
    let out = file.floats(&[[0.0f32, 0.0, 1.0]; 4]);
    file.document["meshes"][0]["primitives"][0]["targets"] = json!([{ "POSITION": up }, { "POSITION": out }]);
    file.document["meshes"][0]["extras"] = json!({ "targetNames": ["up", "out"] });
    file.document["meshes"][0]["weights"] = json!([0.5, 0]);
    let values = [[0.0f32], [0.0], [1.0], [2.0]];
    file.animate("LINEAR", 0, "weights", &[0.0, 1.0], &values);
    expect(&file, "", [0.0, 0.5, 0.0], [1.0, 0.5, 0.0]);
    expect(&file, ", morphs: { \"out\": 0.25 }", [0.0, 0.5, 0.25], [1.0, 0.5, 0.25]);
    expect(&file, ", animation: \"LINEAR\", time: 0.5", [0.0, 0.5, 1.0], [1.0, 0.5, 1.0]);
    expect(&file, ", animation: \"LINEAR\", time: 1, morphs: { \"up\": -1 }", [0.0, -1.0, 2.0], [1.0, -1.0, 2.0]);

    let dir = TempDir::new().unwrap();
    file.write(dir.path(), "a.glb");
    let said = refused(dir.path(), "shape: File(\"a.glb\", morphs: { \"uo\": 1 }, animation: \"LINAER\")");
    assert!(said.contains("no morph target \"uo\"") && said.contains("did you mean \"up\""), "{said}");
    assert!(said.contains("no animation \"LINAER\"") && said.contains("did you mean \"LINEAR\""), "{said}");
}

#[test]
fn a_pose_is_seen_where_it_is() {
    let mut file = Builder::textured();
    file.animate("LINEAR", 0, "translation", &[0.0, 1.0], &[[0.0f32; 3], [1.0, 0.0, 0.0]]);
    let dir = TempDir::new().unwrap();
    file.write(dir.path(), "a.glb");
    let (frame, _) = seen(dir.path(), "shape: File(\"a.glb\", animation: \"LINEAR\", time: 0.5)");
    for (k, &id) in (0..).zip(frame.ids.pixels()) {
        assert_eq!(id, u32::from(k % 8 >= 4), "pixel {k}");
    }
}

#[test]
fn moments_and_weights_are_drawn_for_each_instance_by_their_own_names() {
    let mut file = square();
    let up = file.floats(&[[0.0f32, 1.0, 0.0]; 4]);
    file.document["meshes"][0]["primitives"][0]["targets"] = json!([{ "POSITION": up }]);
    file.document["meshes"][0]["extras"] = json!({ "targetNames": ["up"] });
    file.animate("LINEAR", 0, "translation", &[0.0, 1.0], &[[0.0f32; 3], [1.0, 0.0, 0.0]]);
    let dir = TempDir::new().unwrap();
    file.write(dir.path(), "a.glb");
    let drawn = |options: &str| {
        let text = format!(
            "(version: 1, name: \"t\", image: (width: 8, height: 8),
              objects: {{ \"a\": (shape: File(\"a.glb\", animation: \"LINEAR\", time: Uniform(0, 1){options}), count: 50) }},
              cameras: {{ \"main\": (lens: Fov(50), pose: LookAt((0, 1, 20), (0, 0, 0))) }})"
        );
        let recipe = parse_checked(&text, "t.ron", dir.path()).map_err(|p| p.render(Drawing::Plain)).unwrap().recipe;
        let scene = sample(&recipe, 0, 0).unwrap();
        let shapes = scene.instances.into_iter().map(|instance| match instance.shape {
            Shape::File(file) => *file,
            other => panic!("{other:?}"),
        });
        shapes.collect::<Vec<_>>()
    };
    let (plain, morphed) = (drawn(""), drawn(", morphs: { \"up\": Uniform(-1, 1) }"));
    let times: Vec<f64> = plain.iter().map(|file| file.taken.time).collect();
    assert_eq!(times, morphed.iter().map(|file| file.taken.time).collect::<Vec<_>>());
    let mean = times.iter().sum::<f64>() / 50.0;
    assert!((mean - 0.5).abs() < 0.2 && times.iter().all(|time| (0.0..1.0).contains(time)));
    assert!(
        morphed.iter().any(|file| file.taken.morphs["up"] < -0.5)
            && morphed.iter().any(|file| file.taken.morphs["up"] > 0.5)
    );
}

#[test]
fn channels_of_extensions_are_left_out_and_broken_ones_refused() {
    let mut file = square();
    file.animate("LINEAR", 0, "translation", &[0.0, 1.0], &[[0.0f32; 3], [1.0, 0.0, 0.0]]);
    let pointer = json!({ "sampler": 0, "target": { "path": "pointer", "extensions": {
        "KHR_animation_pointer": { "pointer": "/materials/0/emissiveFactor" }
    } } });
    file.document["animations"][0]["channels"].as_array_mut().unwrap().push(pointer);
    let dir = TempDir::new().unwrap();
    file.write(dir.path(), "a.glb");
    let (_, warnings) = seen(dir.path(), "shape: File(\"a.glb\", animation: \"LINEAR\")");
    assert!(warnings.contains("KHR_animation_pointer"), "{warnings}");

    let said = |change: &dyn Fn(&mut Builder)| {
        let mut file = square();
        file.animate("LINEAR", 0, "translation", &[0.0, 1.0], &[[0.0f32; 3], [1.0, 0.0, 0.0]]);
        change(&mut file);
        let dir = TempDir::new().unwrap();
        file.write(dir.path(), "a.glb");
        refused(dir.path(), "shape: File(\"a.glb\", animation: \"LINEAR\", time: Uniform(0, 1))")
    };
    let falling = said(&|f| {
        let times = f.accessor(F32, "SCALAR", 2, &[1f32, 0.0].map(f32::to_le_bytes).concat());
        f.document["animations"][0]["samplers"][0]["input"] = json!(times);
    });
    assert!(falling.contains("rise"), "{falling}");
    let few = said(&|f| f.document["animations"][0]["samplers"][0]["interpolation"] = json!("CUBICSPLINE"));
    assert!(few.contains("2 values where 6"), "{few}");
    let nowhere = said(&|f| f.document["animations"][0]["samplers"][0]["input"] = json!(99));
    assert!(nowhere.contains("cannot use"), "{nowhere}");
    let far = said(&|f| {
        let away = f.floats(&[[0.0f32; 3], [1e30, 0.0, 0.0]]);
        f.document["animations"][0]["samplers"][0]["output"] = json!(away);
    });
    assert!(far.contains("beyond"), "{far}");
}
