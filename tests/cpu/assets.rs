//! glTF and image files that the tests write themselves, whole and broken.

mod posed;

use std::f64::consts::FRAC_1_SQRT_2;
use std::path::Path;
use std::sync::Arc;

use glam::{DVec3, Vec3};
use proptest::prelude::*;
use scenewright::assets::{AssetError, Library, Model};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::gltf::glb;

/// Red, green, blue, and white of alpha 64, as a 2 x 2 PNG file.
fn png() -> Vec<u8> {
    let pixels = vec![255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 255, 255, 255, 64];
    let mut file = std::io::Cursor::new(Vec::new());
    image::RgbaImage::from_raw(2, 2, pixels).unwrap().write_to(&mut file, image::ImageFormat::Png).unwrap();
    file.into_inner()
}

/// A unit square in the XY plane that faces +Z: positions, UVs, indices, then the PNG file.
fn buffer() -> Vec<u8> {
    let positions = [[0.0f32, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]];
    let uvs = [[0.0f32, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]];
    let mut bytes: Vec<u8> = Vec::new();
    positions.iter().flatten().chain(uvs.iter().flatten()).for_each(|v| bytes.extend(v.to_le_bytes()));
    [0u16, 1, 2, 0, 2, 3].iter().for_each(|i| bytes.extend(i.to_le_bytes()));
    bytes.extend(png());
    bytes
}

/// Two nodes: the square under a mirrored parent, and below it once more.
fn document(bytes: usize) -> Value {
    json!({
        "asset": { "version": "2.0" },
        "scene": 0,
        "scenes": [{ "nodes": [0] }],
        "nodes": [
            { "name": "parent", "scale": [-2, 1, 1], "translation": [10, 0, 0], "children": [1] },
            { "mesh": 0, "translation": [1, 5, 0], "children": [2] },
            { "mesh": 0, "rotation": [0, FRAC_1_SQRT_2, 0, FRAC_1_SQRT_2] },
        ],
        "meshes": [{ "name": "square", "primitives": [{
            "attributes": { "POSITION": 0, "TEXCOORD_0": 1 }, "indices": 2, "material": 0
        }] }],
        "materials": [{
            "name": "paint",
            "pbrMetallicRoughness": {
                "baseColorFactor": [0.5, 0.25, 0.125, 1], "baseColorTexture": { "index": 0 }, "metallicFactor": 0.5
            },
            "emissiveFactor": [1, 0.5, 0],
            "extensions": { "KHR_materials_emissive_strength": { "emissiveStrength": 100 } },
            "alphaMode": "MASK", "alphaCutoff": 0.25, "doubleSided": true,
        }],
        "extensionsUsed": ["KHR_materials_emissive_strength"],
        "textures": [{ "source": 0 }],
        "images": [{ "bufferView": 3, "mimeType": "image/png" }],
        "accessors": [
            { "bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0] },
            { "bufferView": 1, "componentType": 5126, "count": 4, "type": "VEC2" },
            { "bufferView": 2, "componentType": 5123, "count": 6, "type": "SCALAR" },
        ],
        "bufferViews": [
            { "buffer": 0, "byteOffset": 0, "byteLength": 48 },
            { "buffer": 0, "byteOffset": 48, "byteLength": 32 },
            { "buffer": 0, "byteOffset": 80, "byteLength": 12 },
            { "buffer": 0, "byteOffset": 92, "byteLength": bytes - 92 },
        ],
        "buffers": [{ "byteLength": bytes }],
    })
}

fn load(root: &Path, path: &str) -> Result<Arc<Model>, AssetError> {
    Library::default().load_model(root, path)
}

/// Loads a GLB whose JSON is changed before it is written.
fn load_changed(change: impl FnOnce(&mut Value)) -> Result<Arc<Model>, AssetError> {
    let binary = buffer();
    let mut document = document(binary.len());
    change(&mut document);
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("square.glb"), glb(&document, &binary)).unwrap();
    load(dir.path(), "square.glb")
}

fn reason(change: impl FnOnce(&mut Value)) -> String {
    load_changed(change).expect_err("this file should be refused").to_string()
}

fn check_square(model: &Model) {
    assert_eq!(model.parts.len(), 2);
    let mut expected = vec![
        // x = 10 - 2 * (1 + px), y = 5 + py, z = 0 for the first.
        vec![[8.0, 5.0, 0.0], [6.0, 5.0, 0.0], [6.0, 6.0, 0.0], [8.0, 6.0, 0.0]],
        // A quarter turn about +Y takes +X to -Z, so the second stands at x = 8 and reaches back.
        vec![[8.0, 5.0, 0.0], [8.0, 5.0, -1.0], [8.0, 6.0, -1.0], [8.0, 6.0, 0.0]],
    ];
    let uvs = [[0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]];
    for (part, corners) in model.parts.iter().zip(&mut expected) {
        let mesh = &part.mesh;
        assert_eq!(mesh.indices.len(), 6);
        for (p, uv) in mesh.positions.iter().zip(&mesh.uvs) {
            let corner = uvs.iter().position(|c| c == uv).unwrap();
            assert!((Vec3::from(*p) - Vec3::from(corners[corner])).length() < 1e-6, "{p:?} {uv:?}");
        }
        for (t, [a, b, c]) in mesh.indices.chunks_exact(3).zip(mesh.triangles()) {
            let face = (b - a).cross(c - a).normalize();
            for &i in t {
                assert!(face.dot(Vec3::from(mesh.normals[i as usize]).as_dvec3()) > 0.999);
            }
        }
    }
    // A mirror across x leaves a normal along z, and turns one along +x (the second square's) to -x.
    assert_eq!(model.parts[0].mesh.normals[0], [0.0, 0.0, 1.0]);
    assert!((Vec3::from(model.parts[1].mesh.normals[0]) - Vec3::NEG_X).length() < 1e-6);
    // u runs along -x in the first: its tangent is -x, and the texture is seen mirrored.
    assert_eq!(model.parts[0].mesh.tangents[0], [-1.0, 0.0, 0.0, -1.0]);
    assert!((model.min - DVec3::new(6.0, 5.0, -1.0)).length() < 1e-6);
    assert!((model.max - DVec3::new(8.0, 6.0, 0.0)).length() < 1e-6);

    let material = &model.parts[0].material;
    assert_eq!(material.base_color, [0.5, 0.25, 0.125, 1.0]);
    assert_eq!((material.metallic, material.roughness), (0.5, 1.0));
    assert_eq!(material.emission, [100.0, 50.0, 0.0]);
    assert_eq!(material.alpha_mask, Some(0.25));
    assert!(material.double_sided && !material.unlit);
    let texture = material.base_color_texture.as_ref().unwrap();
    assert_eq!(
        texture.texture.image.pixels(),
        [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [255, 255, 255, 64]]
    );
    assert!(Arc::ptr_eq(&texture.texture, &model.parts[1].material.base_color_texture.as_ref().unwrap().texture));
}

#[test]
fn a_glb_file_loads_with_exact_positions_through_mirrored_nested_nodes() {
    check_square(&load_changed(|_| ()).unwrap());
}

#[test]
fn a_gltf_file_reads_external_and_embedded_buffers_alike() {
    let binary = buffer();
    let dir = TempDir::new().unwrap();
    std::fs::create_dir(dir.path().join("models")).unwrap();
    std::fs::write(dir.path().join("models/the square.bin"), &binary).unwrap();
    std::fs::write(dir.path().join("models/paint.png"), png()).unwrap();
    let mut external = document(binary.len());
    external["buffers"][0]["uri"] = json!("the%20square.bin");
    external["images"][0] = json!({ "uri": "paint.png" });
    std::fs::write(dir.path().join("models/a.gltf"), external.to_string()).unwrap();
    let model = load(dir.path(), "models/a.gltf").unwrap();
    check_square(&model);
    let names: Vec<_> = model.file.parts.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["models/paint.png", "models/the square.bin"]);
    assert_eq!(model.parts[0].material.base_color_texture.as_ref().unwrap().texture.key, "models/a.gltf#image0");

    let mut embedded = document(binary.len());
    let coded = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, &binary);
    embedded["buffers"][0]["uri"] = json!(format!("data:application/octet-stream;base64,{coded}"));
    std::fs::write(dir.path().join("b.gltf"), embedded.to_string()).unwrap();
    let model = load(dir.path(), "b.gltf").unwrap();
    check_square(&model);
    assert!(model.file.parts.is_empty());
}

#[test]
fn the_hash_of_an_asset_is_what_sha256sum_prints() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("abc.png"), png()).unwrap();
    let mut library = Library::default();
    let texture = library.load_texture(dir.path(), "abc.png").unwrap();
    assert_eq!(texture.file.sha256.len(), 64);
    // The library holds it: the file may go.
    std::fs::remove_file(dir.path().join("abc.png")).unwrap();
    assert!(Arc::ptr_eq(&texture, &library.load_texture(dir.path(), "abc.png").unwrap()));
    // FIPS 180-4, example B.1: SHA-256("abc"), of an external buffer.
    std::fs::write(dir.path().join("abc"), b"abc").unwrap();
    let mut document = document(buffer().len());
    document["buffers"].as_array_mut().unwrap().push(json!({ "byteLength": 3, "uri": "abc" }));
    std::fs::write(dir.path().join("a.glb"), glb(&document, &buffer())).unwrap();
    let model = library.load_model(dir.path(), "a.glb").unwrap();
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(model.file.parts, [("abc".to_owned(), abc.to_owned())]);
}

#[test]
fn sparse_accessors_replace_single_elements() {
    // The last position becomes (0, 2, 0): index 3 stands in the index list (byte 90), the value is made for it.
    let mut binary = buffer();
    let at = binary.len();
    [0.0f32, 2.0, 0.0].iter().for_each(|v| binary.extend(v.to_le_bytes()));
    let mut document = document(binary.len());
    document["bufferViews"].as_array_mut().unwrap().push(json!({ "buffer": 0, "byteOffset": at, "byteLength": 12 }));
    document["bufferViews"][3]["byteLength"] = json!(at - 92);
    document["bufferViews"].as_array_mut().unwrap().push(json!({ "buffer": 0, "byteOffset": 90, "byteLength": 2 }));
    document["accessors"][0]["sparse"] = json!({
        "count": 1, "indices": { "bufferView": 5, "componentType": 5123 }, "values": { "bufferView": 4 }
    });
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("a.glb"), glb(&document, &binary)).unwrap();
    assert!((load(dir.path(), "a.glb").unwrap().max.y - 7.0).abs() < 1e-6);
}

#[test]
fn normalised_integers_are_read_as_fractions() {
    // Texture coordinates as u16: 0 and 65535 are 0 and 1.
    let mut binary = buffer();
    let uvs = [0u16, 65535, 65535, 65535, 65535, 0, 0, 0].map(u16::to_le_bytes).concat();
    binary[48..64].copy_from_slice(&uvs);
    let mut document = document(binary.len());
    document["accessors"][1]["componentType"] = json!(5123);
    document["accessors"][1]["normalized"] = json!(true);
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("a.glb"), glb(&document, &binary)).unwrap();
    check_square(&load(dir.path(), "a.glb").unwrap());
}

#[test]
fn normals_and_tangents_of_the_file_are_kept_and_turned_with_it() {
    let mut binary = buffer();
    let at = binary.len().next_multiple_of(4);
    binary.resize(at, 0);
    // Not quite the square's own, to tell them from computed ones: leaning by 30 degrees towards +X.
    let (sin, cos) = (0.5f32, 0.75f32.sqrt());
    [[sin, 0.0, cos]; 4].iter().flatten().for_each(|v| binary.extend(v.to_le_bytes()));
    [[cos, 0.0, -sin, 1.0]; 4].iter().flatten().for_each(|v| binary.extend(v.to_le_bytes()));
    let mut document = document(binary.len());
    document["bufferViews"][3]["byteLength"] = json!(at - 92);
    document["bufferViews"].as_array_mut().unwrap().extend([
        json!({ "buffer": 0, "byteOffset": at, "byteLength": 48 }),
        json!({ "buffer": 0, "byteOffset": at + 48, "byteLength": 64 }),
    ]);
    document["accessors"].as_array_mut().unwrap().extend([
        json!({ "bufferView": 4, "componentType": 5126, "count": 4, "type": "VEC3" }),
        json!({ "bufferView": 5, "componentType": 5126, "count": 4, "type": "VEC4" }),
    ]);
    let attributes = &mut document["meshes"][0]["primitives"][0]["attributes"];
    attributes["NORMAL"] = json!(3);
    attributes["TANGENT"] = json!(4);
    document["nodes"][0]["scale"] = json!([-1, 1, 1]);
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("a.glb"), glb(&document, &binary)).unwrap();
    let model = load(dir.path(), "a.glb").unwrap();
    // Mirrored across x: both lean the other way, and the texture is seen mirrored.
    let mesh = &model.parts[0].mesh;
    assert!((Vec3::from(mesh.normals[0]) - Vec3::new(-sin, 0.0, cos)).length() < 1e-6);
    let [x, y, z, w] = mesh.tangents[0];
    assert!((Vec3::new(x, y, z) - Vec3::new(-cos, 0.0, -sin)).length() < 1e-6);
    assert_eq!(w, -1.0);
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let expect = |text: &str, change: fn(&mut Value)| {
        let reason = reason(change);
        assert!(reason.contains(text), "`{reason}` does not say `{text}`");
    };
    expect("KHR_draco_mesh_compression", |d| d["extensionsRequired"] = json!(["KHR_draco_mesh_compression"]));
    expect("Lines", |d| d["meshes"][0]["primitives"][0]["mode"] = json!(1));
}

#[test]
fn broken_files_say_what_is_wrong() {
    let expect = |text: &str, change: fn(&mut Value)| {
        let reason = reason(change);
        assert!(reason.contains(text), "`{reason}` does not say `{text}`");
    };
    expect("past the end", |d| d["accessors"][0]["count"] = json!(4_000_000));
    expect("elements", |d| d["accessors"][0]["count"] = json!(0));
    expect("elements", |d| d["accessors"][0]["count"] = json!(u64::MAX));
    expect("points past the last", |d| {
        d["accessors"][0]["count"] = json!(2);
        d["accessors"][1]["count"] = json!(2);
    });
    expect("texture coordinates", |d| d["accessors"][1]["count"] = json!(3));
    expect("accessor 9", |d| d["meshes"][0]["primitives"][0]["attributes"]["POSITION"] = json!(9));
    expect("past the end", |d| d["bufferViews"][0]["byteOffset"] = json!(u64::MAX));
    expect("two parents or is its own", |d| d["nodes"][2]["children"] = json!([0]));
    expect("flattens", |d| d["nodes"][0]["scale"] = json!([0, 1, 1]));
    expect("no triangles", |d| d["scenes"][0]["nodes"] = json!([]));
    expect("cannot be decoded", |d| d["bufferViews"][3]["byteLength"] = json!(40));
    expect("neither", |d| d["images"][0] = json!({}));
    expect("there is no file", |d| d["images"][0] = json!({ "uri": "gone.png" }));
    expect("https", |d| d["images"][0] = json!({ "uri": "https://example.org/a.png" }));
    expect("not a file", |d| d["images"][0] = json!({ "uri": "." }));
    expect("base64", |d| d["buffers"][0]["uri"] = json!("data:,text"));
}

#[test]
fn a_wide_fan_does_not_overflow_the_stack() {
    // 60 000 triangles about one vertex, all with area and UVs.
    let corners = 60_000u32;
    let mut binary: Vec<u8> = Vec::new();
    let ring = |i: u32| f64::from(i) / f64::from(corners) * std::f64::consts::TAU;
    #[expect(clippy::cast_possible_truncation, reason = "test data")]
    let points: Vec<[f32; 2]> = std::iter::once([0.0, 0.0])
        .chain((0..=corners).map(|i| [libm::cos(ring(i)) as f32, libm::sin(ring(i)) as f32]))
        .collect();
    points.iter().for_each(|p| [p[0], p[1], 0.0f32].iter().for_each(|v| binary.extend(v.to_le_bytes())));
    points.iter().flatten().for_each(|v| binary.extend(v.to_le_bytes()));
    let n = points.len();
    let mut document = document(binary.len().max(92));
    document["accessors"][0]["count"] = json!(n);
    document["accessors"][1]["count"] = json!(n);
    document["bufferViews"] = json!([
        { "buffer": 0, "byteOffset": 0, "byteLength": n * 12 },
        { "buffer": 0, "byteOffset": n * 12, "byteLength": n * 8 },
    ]);
    document["meshes"][0]["primitives"] = json!([{ "attributes": { "POSITION": 0, "TEXCOORD_0": 1 }, "mode": 6 }]);
    for unused in ["materials", "textures", "images"] {
        document.as_object_mut().unwrap().remove(unused);
    }
    document["accessors"].as_array_mut().unwrap().truncate(2);
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("fan.glb"), glb(&document, &binary)).unwrap();
    let model = load(dir.path(), "fan.glb").unwrap();
    assert_eq!(model.parts[0].mesh.indices.len(), 3 * 60_000);
    assert!(model.parts[0].mesh.tangents.iter().all(|t| Vec3::new(t[0], t[1], t[2]).length() > 0.99));
}

#[test]
fn a_glb_file_cut_short_anywhere_is_an_error() {
    let whole = glb(&document(buffer().len()), &buffer());
    let dir = TempDir::new().unwrap();
    for length in 0..whole.len() {
        std::fs::write(dir.path().join("a.glb"), &whole[..length]).unwrap();
        assert!(load(dir.path(), "a.glb").is_err(), "cut to {length} of {} bytes", whole.len());
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = load(Path::new("nowhere"), "a.glb").unwrap_err();
    assert!(matches!(&error, AssetError::Missing(path) if path == Path::new("nowhere/a.glb")), "{error}");
}

#[test]
fn a_texture_that_claims_to_be_huge_is_refused() {
    let mut file = png();
    // IHDR's width; its checksum is wrong then, which must not be what saves us, but either refusal will do.
    file[16..20].copy_from_slice(&60_000u32.to_be_bytes());
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("a.png"), file).unwrap();
    assert!(Library::default().load_texture(dir.path(), "a.png").is_err());
    // A whole file of one row, wider than any adapter takes.
    image::RgbaImage::new(16385, 1).save(dir.path().join("b.png")).unwrap();
    let error = Library::default().load_texture(dir.path(), "b.png").unwrap_err().to_string();
    assert!(error.contains("16384"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn flipped_bytes_never_panic(flips in prop::collection::vec((0usize..4096, any::<u8>()), 1..4)) {
        let mut bytes = glb(&document(buffer().len()), &buffer());
        for (at, value) in flips {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("a.glb"), bytes).unwrap();
        let _ = load(dir.path(), "a.glb");
    }

    #[test]
    fn changed_numbers_never_panic(at in 0usize..200, value in prop_oneof![
        Just(0i64), Just(-1), Just(1), Just(2), Just(5), Just(255), Just(65536), Just(i64::MAX), 0i64..100_000
    ]) {
        // Replaces the n-th number of the JSON, so that the result is still JSON.
        let mut left = at;
        let mut document = document(buffer().len());
        replace_number(&mut document, &mut left, value);
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("a.glb"), glb(&document, &buffer())).unwrap();
        let _ = load(dir.path(), "a.glb");
    }
}

fn replace_number(value: &mut Value, left: &mut usize, with: i64) {
    match value {
        Value::Number(_) if *left == 0 => {
            *value = json!(with);
            *left = usize::MAX;
        }
        Value::Number(_) => *left -= 1,
        Value::Array(list) => list.iter_mut().for_each(|v| replace_number(v, left, with)),
        Value::Object(map) => map.values_mut().for_each(|v| replace_number(v, left, with)),
        _ => {}
    }
}
