//! Files of models, one feature each, that the tests write themselves; what a ray caster sees of them is worked out on paper.
//!
//! The stage is always the same: the unit square in the XY plane, seen from straight ahead by 8 x 8 pixels, one per eighth of a
//! metre. Pixel (x, y) sees u = (x + 1/2) / 8, v = (y + 1/2) / 8, which is the middle of texel (x, y) of a texture of 8 x 8.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels and bytes, chosen by the tests")]

mod collections;
mod formats;
mod hostile;
mod motion;

use glam::DVec3;
use scenewright::assets::Model;
use scenewright::frame::Frame;
use scenewright::recipe::{Drawing, parse_checked};
use scenewright::scene::sample;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

use crate::gltf::{Builder, SQUARE, U8, U16, png, square};
use crate::oracle;

/// What the camera of the stage sees of an object, and the warnings of `check`.
fn seen(root: &Path, object: &str) -> (Frame, String) {
    let text = format!(
        "(version: 1, name: \"t\", image: (width: 8, height: 8), outputs: All, categories: [(id: 3, name: \"thing\")],
          cameras: {{ \"main\": (lens: Intrinsics(fx: 16, fy: 16, cx: 4, cy: 4), pose: LookAt((0.5, 0.5, 2), (0.5, 0.5, 0))) }},
          objects: {{ \"a\": ({object}, category: \"thing\") }})"
    );
    let checked = match parse_checked(&text, "t.ron", root) {
        Ok(checked) => checked,
        Err(problems) => panic!("{}", problems.render(Drawing::Plain)),
    };
    let warnings: Vec<String> = checked.warnings.iter().map(|problem| problem.message.clone()).collect();
    let scene = sample(&checked.recipe, 0, 0).unwrap();
    scene.validate().unwrap();
    (oracle::cast(&scene, &checked.recipe.assets, 0), warnings.join("\n"))
}

/// What `check` says of an object that is wrong.
fn refused(root: &Path, object: &str) -> String {
    let text = format!(
        "(version: 1, name: \"t\", image: (width: 8, height: 8), objects: {{ \"a\": ({object}) }},
          cameras: {{ \"main\": (lens: Fov(50), pose: LookAt((0, 1, 2), (0, 0, 0))) }})"
    );
    parse_checked(&text, "t.ron", root).expect_err("this should be refused").render(Drawing::Plain)
}

impl Builder {
    fn seen(&self) -> (Frame, String) {
        let dir = TempDir::new().unwrap();
        self.write(dir.path(), "a.glb");
        seen(dir.path(), "shape: File(\"a.glb\")")
    }

    fn load(&self) -> Arc<Model> {
        let dir = TempDir::new().unwrap();
        self.write(dir.path(), "a.glb");
        scenewright::assets::Library::default().load_model(dir.path(), "a.glb").unwrap()
    }
}

fn linear(srgb: f64) -> f64 {
    if srgb <= 0.04045 { srgb / 12.92 } else { libm::pow((srgb + 0.055) / 1.055, 2.4) }
}

/// Whether each pixel shows the texel that `expected` says, of the texture of [`Builder::textured`].
fn shows(frame: &Frame, expected: impl Fn(i32, i32) -> [i32; 2]) {
    for (k, [r, g, _]) in (0..).zip(frame.albedo.as_ref().unwrap().pixels()) {
        let (x, y) = (k % 8, k / 8);
        for (value, texel) in [r, g].into_iter().zip(expected(x, y)) {
            let should = linear(f64::from(texel * 32) / 255.0);
            assert!((f64::from(*value) - should).abs() < 1e-5, "pixel {x} {y}: {value} is not texel {texel}, {should}");
        }
    }
}

#[test]
fn the_stage_is_as_it_is_said_to_be() {
    let (frame, warnings) = Builder::textured().seen();
    assert_eq!(warnings, "");
    shows(&frame, |x, y| [x, y]);
    assert!(frame.ids.pixels().iter().all(|&id| id == 1));
    for (k, uv) in (0..64u8).zip(frame.uv.unwrap().pixels()) {
        assert!(
            (uv[0] - (f32::from(k % 8) + 0.5) / 8.0).abs() < 1e-6
                && (uv[1] - (f32::from(k / 8) + 0.5) / 8.0).abs() < 1e-6
        );
    }
    assert!(frame.depth.pixels().iter().all(|&depth| depth == 2.0));
}

#[test]
fn texture_transforms_move_turn_and_scale() {
    let with = |transform: serde_json::Value| {
        let mut file = Builder::textured();
        file.base_texture()["extensions"] = json!({ "KHR_texture_transform": transform });
        file.document["extensionsRequired"] = json!(["KHR_texture_transform"]);
        file.seen().0
    };
    shows(&with(json!({ "offset": [0.25, 0.5] })), |x, y| [(x + 2) % 8, (y + 4) % 8]);
    // A quarter turn, counter-clockwise as one sees the texture: what was to the right is up, (u, v) -> (v, -u).
    shows(&with(json!({ "rotation": std::f64::consts::FRAC_PI_2 })), |x, y| [y, 7 - x]);
    // Scaled first, then turned, then moved.
    let all = json!({ "scale": [-1, 1], "rotation": std::f64::consts::FRAC_PI_2, "offset": [0.125, 0] });
    shows(&with(all), |x, y| [(y + 1) % 8, x]);
}

#[test]
fn textures_repeat_stop_or_turn_round_at_their_edges() {
    let with = |wrap: [u32; 2]| {
        let mut file = Builder::textured();
        file.base_texture()["extensions"] = json!({ "KHR_texture_transform": { "offset": [0.5, 0.5] } });
        file.document["samplers"] = json!([{ "wrapS": wrap[0], "wrapT": wrap[1] }]);
        file.document["textures"][0]["sampler"] = json!(0);
        file.seen().0
    };
    let (repeat, clamp, mirror) = (10497, 33071, 33648);
    let there_and_back = |i: i32| if i < 8 { i } else { 15 - i };
    shows(&with([repeat, clamp]), |x, y| [(x + 4) % 8, (y + 4).min(7)]);
    shows(&with([clamp, mirror]), |x, y| [(x + 4).min(7), there_and_back(y + 4)]);
    shows(&with([mirror, repeat]), |x, y| [there_and_back(x + 4), (y + 4) % 8]);
}

#[test]
fn each_texture_may_have_a_uv_set_of_its_own() {
    let mut file = Builder::textured();
    // The second set is the first one, mirrored.
    let mirrored = file.floats(&SQUARE.map(|[x, y, _]| [1.0 - x, 1.0 - y]));
    file.attributes()["TEXCOORD_1"] = json!(mirrored);
    file.base_texture()["texCoord"] = json!(1);
    file.material()["emissiveFactor"] = json!([1, 1, 1]);
    file.material()["emissiveTexture"] = json!({ "index": 0 });
    let (frame, _) = file.seen();
    shows(&frame, |x, y| [7 - x, y]);
    // Emission goes by the first set, and so does the label.
    for (k, [r, g, _]) in (0..64i32).zip(frame.emission.as_ref().unwrap().pixels()) {
        let should = [k % 8, k / 8].map(|texel| linear(f64::from(texel * 32) / 255.0));
        assert!((f64::from(*r) - should[0]).abs() < 1e-5 && (f64::from(*g) - should[1]).abs() < 1e-5);
    }
    assert!((frame.uv.as_ref().unwrap().pixels()[0][0] - 0.0625).abs() < 1e-6);

    // `texCoord` inside of a transform wins; two ways fit, a third does not.
    file.base_texture()["texCoord"] = json!(0);
    file.base_texture()["extensions"] = json!({ "KHR_texture_transform": { "texCoord": 1 } });
    shows(&file.seen().0, |x, y| [7 - x, y]);
    file.material()["normalTexture"] =
        json!({ "index": 0, "extensions": { "KHR_texture_transform": { "scale": [2, 2] } } });
    let dir = TempDir::new().unwrap();
    file.write(dir.path(), "a.glb");
    let said = refused(dir.path(), "shape: File(\"a.glb\")");
    assert!(said.contains("placed in 3 different ways"), "{said}");
}

#[test]
fn vertex_colours_multiply_the_base_colour_in_every_format() {
    // Black below, white above: at height h (from 0 to 1) the colour is h.
    let heights = SQUARE.map(|[_, y, _]| y);
    let formats: [&dyn Fn(&mut Builder) -> usize; 4] = [
        &|b| b.floats(&heights.map(|h| [h, h, 0.5])),
        &|b| b.floats(&heights.map(|h| [h, h, 0.5, 1.0])),
        &|b| b.accessor(U8, "VEC4", 4, &heights.map(|h| [h, h, 0.5, 1.0].map(|c| (c * 255.0) as u8)).concat()),
        &|b| {
            let words = heights.map(|h| [h, h, 0.5].map(|c| ((c * 65535.0) as u16).to_le_bytes()).concat());
            // Elements start at multiples of four.
            let padded: Vec<u8> = words.iter().flat_map(|w| [w.as_slice(), &[0, 0]].concat()).collect();
            let index = b.accessor(U16, "VEC3", 4, &padded);
            let view = b.document["bufferViews"].as_array_mut().unwrap().last_mut().unwrap();
            view["byteStride"] = json!(8);
            index
        },
    ];
    for format in formats {
        let mut file = Builder::textured();
        let colors = format(&mut file);
        file.attributes()["COLOR_0"] = json!(colors);
        let (frame, warnings) = file.seen();
        assert_eq!(warnings, "");
        for (k, [r, g, _]) in (0..64).zip(frame.albedo.as_ref().unwrap().pixels()) {
            let (x, y) = (f64::from(k % 8), f64::from(k / 8));
            let height = 1.0 - (y + 0.5) / 8.0;
            assert!((f64::from(*r) - height * linear(x * 32.0 / 255.0)).abs() < 1e-5);
            assert!((f64::from(*g) - height * linear(y * 32.0 / 255.0)).abs() < 1e-5);
        }
    }
}

#[test]
fn the_alpha_of_vertices_cuts_holes_into_colours_and_labels_alike() {
    let mut file = Builder::textured();
    let colors = file.floats(&SQUARE.map(|[x, _, _]| [1.0, 1.0, 1.0, x]));
    file.attributes()["COLOR_0"] = json!(colors);
    file.material()["alphaMode"] = json!("MASK");
    let (frame, _) = file.seen();
    // Alpha is (x + 1/2) / 8, and the cut-off is 1/2.
    for (k, &id) in (0..).zip(frame.ids.pixels()) {
        assert_eq!(id, u32::from(k % 8 >= 4), "pixel {k}");
    }
}

#[test]
fn copies_of_a_mesh_are_seen_and_labelled() {
    let mut file = Builder::textured();
    // The square at half its size, twice: below on the left, above on the right.
    let moves = file.floats(&[[0.0, 0.0, 0.0], [0.5, 0.5, 0.0]]);
    let sizes = file.floats(&[[0.5f32; 3]; 2]);
    file.document["nodes"][0]["extensions"] =
        json!({ "EXT_mesh_gpu_instancing": { "attributes": { "TRANSLATION": moves, "SCALE": sizes, "_ID": 0 } } });
    file.document["extensionsRequired"] = json!(["EXT_mesh_gpu_instancing"]);
    let (frame, warnings) = file.seen();
    assert_eq!(warnings, "");
    for (k, &id) in (0..).zip(frame.ids.pixels()) {
        let (x, y) = (k % 8, k / 8);
        assert_eq!(id, u32::from((x < 4) == (y >= 4)), "pixel {x} {y}");
    }
    assert_eq!(file.load().parts.len(), 1);
}

#[test]
fn material_extensions_give_their_factors() {
    let with = |extensions: serde_json::Value| {
        let mut file = Builder::textured();
        file.material()["extensions"] = extensions;
        file.load().parts[0].material.clone()
    };
    let lacquer = with(json!({
        "KHR_materials_clearcoat": { "clearcoatFactor": 0.75, "clearcoatRoughnessFactor": 0.25 },
        "KHR_materials_anisotropy": { "anisotropyStrength": 0.5, "anisotropyRotation": 1.25 },
        "KHR_materials_transmission": { "transmissionFactor": 0.875 },
        "KHR_materials_diffuse_transmission": { "diffuseTransmissionFactor": 0.125 },
        "KHR_materials_emissive_strength": { "emissiveStrength": 100 },
        "KHR_materials_unlit": {},
    }));
    assert_eq!((lacquer.clearcoat, lacquer.clearcoat_roughness), (0.75, 0.25));
    assert_eq!((lacquer.anisotropy, lacquer.anisotropy_angle), (0.5, 1.25));
    assert_eq!((lacquer.transmission, lacquer.translucency), (0.875, 0.125));
    assert!(lacquer.unlit);
    // Fresnel: glass of 1.5 reflects 4 %, diamond-like 1.8 mirrors (0.8 / 2.8)^2 = 8.163 %, water 1.33 2.006 %.
    let reflects = |part: &scenewright::assets::PartMaterial| 0.16 * part.reflectance * part.reflectance;
    assert!((reflects(&with(json!({}))) - 0.04).abs() < 1e-6);
    assert!((reflects(&with(json!({ "KHR_materials_ior": { "ior": 1.8 } }))) - 0.081_632_65).abs() < 1e-6);
    assert!((reflects(&with(json!({ "KHR_materials_ior": { "ior": 1.33 } }))) - 0.020_059_3).abs() < 1e-6);
    assert!((reflects(&with(json!({ "KHR_materials_specular": { "specularFactor": 0.25 } }))) - 0.01).abs() < 1e-6);
}

#[test]
fn what_is_left_out_is_said_and_what_cannot_be_is_refused() {
    let warned = |change: &dyn Fn(&mut Builder)| {
        let mut file = Builder::textured();
        change(&mut file);
        file.seen().1
    };
    let lights = warned(&|f| {
        f.document["extensionsUsed"] = json!(["KHR_lights_punctual", "KHR_materials_sheen", "ACME_glow"]);
        f.document["extensions"] = json!({ "KHR_lights_punctual": { "lights": [{ "type": "point" }] } });
        f.document["nodes"][0]["extensions"] = json!({ "KHR_lights_punctual": { "light": 0 } });
    });
    for name in ["KHR_lights_punctual", "KHR_materials_sheen", "ACME_glow"] {
        assert!(lights.contains(name), "{lights}");
    }
    let coat = json!({ "clearcoatFactor": 1, "clearcoatTexture": { "index": 0 } });
    let coat = warned(&|f| f.material()["extensions"] = json!({ "KHR_materials_clearcoat": coat }));
    assert!(coat.contains("the textures of KHR_materials_clearcoat"), "{coat}");
    let bare = warned(&|f| {
        let line = json!({ "attributes": { "POSITION": 0 }, "mode": 1 });
        f.document["meshes"][0]["primitives"].as_array_mut().unwrap().push(line);
    });
    assert!(bare.contains("lines"), "{bare}");
    // Attributes of an application's own are nobody else's business.
    assert_eq!(warned(&|f| f.attributes()["_WEAR"] = json!(0)), "");

    let said = |change: &dyn Fn(&mut Builder)| {
        let mut file = Builder::textured();
        change(&mut file);
        let dir = TempDir::new().unwrap();
        file.write(dir.path(), "a.glb");
        refused(dir.path(), "shape: Gltf(\"a.glb\")")
    };
    for name in ["KHR_draco_mesh_compression", "KHR_texture_basisu", "ACME_glow"] {
        let said = said(&|f| f.document["extensionsRequired"] = json!([name]));
        assert!(said.contains(name), "{said}");
    }
    let basis =
        said(&|f| f.document["textures"][0] = json!({ "extensions": { "KHR_texture_basisu": { "source": 0 } } }));
    assert!(basis.contains("KHR_texture_basisu"), "{basis}");
    let morph = said(&|f| f.document["meshes"][0]["primitives"][0]["targets"] = json!([{ "TEXCOORD_0": 1 }]));
    assert!(morph.contains("TEXCOORD_0"), "{morph}");
}

#[test]
fn compressed_views_hold_what_plain_ones_do() {
    let mut file = Builder::textured();
    let plain = file.load();
    let names = ["POSITION", "TEXCOORD_0"];
    let accessors = names.map(|name| file.attributes()[name].as_u64().unwrap() as usize);
    let fallback = 1;
    let mut room = 0;
    let mut squeezed = |file: &mut Builder, view: usize, coded: &[u8], count: usize, stride: usize, mode: &str| {
        let at = file.bytes.len();
        file.bytes.extend(coded);
        file.bytes.resize(file.bytes.len().next_multiple_of(4), 0);
        file.document["bufferViews"][view] = json!({
            "buffer": fallback, "byteOffset": room, "byteLength": count * stride,
            "extensions": { "EXT_meshopt_compression": {
                "buffer": 0, "byteOffset": at, "byteLength": coded.len(), "byteStride": stride, "count": count, "mode": mode,
            } }
        });
        room += count * stride;
    };
    for accessor in accessors {
        let view = file.document["accessors"][accessor]["bufferView"].as_u64().unwrap() as usize;
        let given = &file.document["bufferViews"][view];
        let at = given["byteOffset"].as_u64().unwrap() as usize;
        let length = given["byteLength"].as_u64().unwrap() as usize;
        let coded = literal(&file.bytes[at..at + length], length / 4);
        squeezed(&mut file, view, &coded, 4, length / 4, "ATTRIBUTES");
    }
    // Two triangles, after the specification: three new vertices (0xf0, and nothing special about them in the table), then one new
    // one on the last edge (0x00).
    let indices = file.document["meshes"][0]["primitives"][0]["indices"].as_u64().unwrap() as usize;
    let view = file.document["accessors"][indices]["bufferView"].as_u64().unwrap() as usize;
    squeezed(&mut file, view, &[&[0xe1, 0xf0, 0x00][..], &[0; 16]].concat(), 6, 2, "TRIANGLES");
    file.document["buffers"] = json!([
        { "byteLength": file.bytes.len() },
        { "byteLength": room, "extensions": { "EXT_meshopt_compression": { "fallback": true } } },
    ]);
    file.document["extensionsRequired"] = json!(["EXT_meshopt_compression"]);
    let read = file.load();
    assert_eq!(read.parts[0].mesh.positions, plain.parts[0].mesh.positions);
    assert_eq!(read.parts[0].mesh.uvs, plain.parts[0].mesh.uvs);
    assert_eq!(read.parts[0].mesh.indices, plain.parts[0].mesh.indices);
    shows(&file.seen().0, |x, y| [x, y]);

    // Cut short anywhere, it is refused.
    let whole = file.document["bufferViews"].clone();
    for (k, view) in whole.as_array().unwrap().iter().enumerate() {
        let Some(given) = view.pointer("/extensions/EXT_meshopt_compression/byteLength") else { continue };
        for length in 0..given.as_u64().unwrap() {
            file.document["bufferViews"] = whole.clone();
            file.document["bufferViews"][k]["extensions"]["EXT_meshopt_compression"]["byteLength"] = json!(length);
            let dir = TempDir::new().unwrap();
            file.write(dir.path(), "a.glb");
            assert!(refused(dir.path(), "shape: File(\"a.glb\")").contains("cut short"), "view {k}, {length} bytes");
        }
    }
}

/// An attribute stream of at most 16 elements that says each byte in full.
fn literal(bytes: &[u8], stride: usize) -> Vec<u8> {
    let count = bytes.len() / stride;
    let mut out = vec![0xa0];
    for k in 0..stride {
        out.push(3);
        let mut last = bytes[k]; // the baseline is the first element
        for i in 0..16 {
            let value = if i < count { bytes[i * stride + k] } else { last };
            let delta = value.wrapping_sub(last).cast_signed();
            out.push(((delta << 1) ^ (delta >> 7)).cast_unsigned());
            last = value;
        }
    }
    out.resize(out.len() + 32usize.saturating_sub(stride), 0);
    out.extend(&bytes[..stride]);
    out
}

#[test]
fn units_axes_pivots_and_sizes_are_as_asked() {
    let dir = TempDir::new().unwrap();
    // A box from (1, 2, 3) to (3, 8, 4): 2 wide, 6 high, 1 deep.
    std::fs::write(dir.path().join("a.obj"), {
        let corners = (0..8).map(|k| format!("v {} {} {}\n", 1 + 2 * (k & 1), 2 + 6 * (k >> 1 & 1), 3 + (k >> 2)));
        corners.collect::<String>() + "f 1 3 4 2\nf 5 6 8 7\nf 1 2 6 5\nf 3 7 8 4\nf 1 5 7 3\nf 2 4 8 6\n"
    })
    .unwrap();
    let bounds = |options: &str| {
        let text = format!(
            "(version: 1, name: \"t\", image: (width: 8, height: 8), objects: {{ \"a\": (shape: File(\"a.obj\"{options})) }},
              cameras: {{ \"main\": (lens: Fov(50), pose: LookAt((0, 1, 20), (0, 0, 0))) }})"
        );
        let recipe = parse_checked(&text, "t.ron", dir.path()).map_err(|p| p.render(Drawing::Plain)).unwrap().recipe;
        let scene = sample(&recipe, 0, 0).unwrap();
        let model = recipe.assets.geometry(&scene.instances[0].shape).unwrap();
        // Outside stays outside: twice the signed volume of the whole is positive.
        let volume: f64 = model.parts.iter().flat_map(|p| p.mesh.triangles()).map(|[a, b, c]| a.dot(b.cross(c))).sum();
        assert!(volume > 0.0, "{options}");
        (model.min, model.max)
    };
    let expect = |options: &str, min: [f64; 3], max: [f64; 3]| {
        let (is_min, is_max) = bounds(options);
        let far = (is_min - DVec3::from(min)).abs().max_element().max((is_max - DVec3::from(max)).abs().max_element());
        assert!(far < 1e-6, "{options}: {is_min} {is_max}");
    };
    expect("", [1.0, 2.0, 3.0], [3.0, 8.0, 4.0]);
    expect(", unit: Millimetres", [0.001, 0.002, 0.003], [0.003, 0.008, 0.004]);
    expect(", unit: Inches", [0.0254, 0.0508, 0.0762], [0.0762, 0.2032, 0.1016]);
    // z up: (x, y, z) stands at (x, z, -y).
    expect(", up: Z", [1.0, 3.0, -8.0], [3.0, 4.0, -2.0]);
    // x up: (x, y, z) stands at (-y, x, z).
    expect(", up: X", [-8.0, 1.0, 3.0], [-2.0, 3.0, 4.0]);
    expect(", pivot: Center", [-1.0, -3.0, -0.5], [1.0, 3.0, 0.5]);
    expect(", pivot: Base", [-1.0, 0.0, -0.5], [1.0, 6.0, 0.5]);
    expect(", pivot: Base, up: Z", [-1.0, 0.0, -3.0], [1.0, 1.0, 3.0]);
    expect(", fit: (longest: 0.3), pivot: Base", [-0.05, 0.0, -0.025], [0.05, 0.3, 0.025]);
    expect(", fit: (x: 1), pivot: Center", [-0.5, -1.5, -0.25], [0.5, 1.5, 0.25]);
    expect(", fit: (y: 3)", [0.5, 1.0, 1.5], [1.5, 4.0, 2.0]);
    expect(", fit: (z: 2)", [2.0, 4.0, 6.0], [6.0, 16.0, 8.0]);
    // The diagonal is sqrt(4 + 36 + 1) = 6.403124.
    expect(", fit: (diagonal: 12.8062484749)", [2.0, 4.0, 6.0], [6.0, 16.0, 8.0]);
    // What is flat has no depth to go by.
    std::fs::write(dir.path().join("flat.obj"), "v 0 0 0\nv 1 0 0\nv 1 1 0\nf 1 2 3\n").unwrap();
    let said = refused(dir.path(), "shape: File(\"flat.obj\", fit: (z: 1))");
    assert!(said.contains("no extent"), "{said}");
}

#[test]
fn a_scene_file_keeps_the_file_and_how_it_is_taken() {
    let mut file = square();
    file.document["animations"] = json!([]);
    let dir = TempDir::new().unwrap();
    file.write(dir.path(), "a.glb");
    std::fs::write(dir.path().join("t.png"), png(8, |x, y| [x as u8, y as u8, 0, 255])).unwrap();
    let text = "(version: 1, name: \"t\", image: (width: 8, height: 8),
        objects: { \"a\": (shape: File(\"a.glb\", unit: Feet, up: Z, pivot: Center)) },
        cameras: { \"main\": (lens: Fov(50), pose: LookAt((0, 1, 20), (0, 0, 0))) })";
    let recipe = parse_checked(text, "t.ron", dir.path()).map_err(|p| p.render(Drawing::Plain)).unwrap().recipe;
    let scene = sample(&recipe, 0, 0).unwrap();
    let path = dir.path().join("scene.ron");
    std::fs::write(&path, scene.to_ron().unwrap()).unwrap();
    let plan = scenewright::plan::Plan::load(&path, None, scenewright::plan::Selection::default()).unwrap();
    assert_eq!(plan.scene(0).unwrap(), scene);
    let shape = &scene.instances[0].shape;
    assert_eq!(plan.library().geometry(shape).unwrap().max, recipe.assets.geometry(shape).unwrap().max);
    // By hand, anything can be written there.
    for (from, to) in
        [("time: 0.0", "time: 2.0"), ("fit: None", "fit: Some(Longest(-1.0))"), ("time: 0.0", "time: NaN")]
    {
        let edited = scene.to_ron().unwrap().replace(from, to);
        assert_ne!(edited, scene.to_ron().unwrap());
        std::fs::write(&path, edited).unwrap();
        let error = scenewright::plan::Plan::load(&path, None, scenewright::plan::Selection::default()).unwrap_err();
        assert!(error.to_string().contains("shape"), "{error}");
    }
}
