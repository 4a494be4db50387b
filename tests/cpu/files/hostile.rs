//! Files that are broken, cut short, or claim to be huge: each ends in an error, soon, and without taking the memory it claims.

use scenewright::assets::Library;
use serde_json::json;
use tempfile::TempDir;

use crate::gltf::{Builder, F32, SQUARE, square};

fn reason(name: &str, bytes: &[u8]) -> String {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join(name), bytes).unwrap();
    Library::default().load_model(dir.path(), name).expect_err("this file should be refused").to_string()
}

fn expect(name: &str, bytes: &[u8], text: &str) {
    let said = reason(name, bytes);
    assert!(said.contains(text), "`{said}` does not say `{text}`");
}

#[test]
fn claims_of_great_size_are_not_believed() {
    let mut stl = vec![b'x'; 80];
    stl.extend(u32::MAX.to_le_bytes());
    stl.resize(84 + 500, 0);
    expect("a.stl", &stl, "STL");
    let ply = |format: &str, count: &str| {
        format!(
            "ply\nformat {format} 1.0\nelement vertex {count}\nproperty float x\nproperty float y\nproperty float z\nend_header\n"
        )
    };
    for format in ["ascii", "binary_little_endian", "binary_big_endian"] {
        expect("a.ply", ply(format, "1000000000").as_bytes(), "1000000000");
        expect("a.ply", ply(format, "3").as_bytes(), "cut short");
        reason("a.ply", ply(format, "99999999999999999999999").as_bytes());
        // Elements that take no bytes at all.
        let empty = format!("ply\nformat {format} 1.0\nelement vertex 1000000000\nend_header\n");
        expect("a.ply", empty.as_bytes(), "1000000000");
    }
    // A list that says it has four thousand million members.
    let mut list =
        b"ply\nformat binary_little_endian 1.0\nelement face 1\nproperty list uint int vertex_indices\nend_header\n"
            .to_vec();
    list.extend(u32::MAX.to_le_bytes());
    list.extend([0; 64]);
    expect("a.ply", &list, "cut short");

    let mut file = square();
    file.document["buffers"] = json!([{ "byteLength": 10_000_000_000u64 }]);
    expect("a.glb", &file.glb(), "cut short");
    let mut file = square();
    file.document["accessors"][0]["count"] = json!(1_000_000_000);
    expect("a.glb", &file.glb(), "elements");
    let mut file = square();
    file.document["extensionsRequired"] = json!(["EXT_meshopt_compression"]);
    file.document["bufferViews"][0]["extensions"] = json!({ "EXT_meshopt_compression": {
        "buffer": 0, "byteLength": 40, "byteStride": 256, "count": 40_000_000, "mode": "ATTRIBUTES"
    } });
    expect("a.glb", &file.glb(), "EXT_meshopt_compression");
    // Copies are counted before they are made.
    let mut file = Builder::textured();
    file.document["accessors"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "componentType": F32, "count": 2_000_000, "type": "VEC3", "bufferView": 0 }));
    let all = file.document["accessors"].as_array().unwrap().len() - 1;
    file.document["nodes"][0]["extensions"] =
        json!({ "EXT_mesh_gpu_instancing": { "attributes": { "TRANSLATION": all } } });
    expect("a.glb", &file.glb(), "copies");
}

#[test]
fn numbers_that_are_none_are_refused() {
    expect("a.obj", b"v nan 0 0\nv 1 0 0\nv 1 1 0\nf 1 2 3\n", "not numbers");
    expect("a.obj", b"v inf 0 0\nv 1 0 0\nv 1 1 0\nf 1 2 3\n", "not numbers");
    expect("a.obj", b"v x 0 0\nv 1 0 0\nv 1 1 0\nf 1 2 3\n", "OBJ");
    let stl = b"solid a\nfacet normal 0 0 1\nouter loop\nvertex nan 0 0\nvertex 1 0 0\nvertex 1 1 0\nendloop\nendfacet\nendsolid a\n";
    expect("a.stl", stl, "finite");
    let ply = "ply\nformat ascii 1.0\nelement vertex 3\nproperty double x\nproperty double y\nproperty double z\n\
        element face 1\nproperty list uchar int vertex_indices\nend_header\n1e300 0 0\n1 0 0\n1 1 0\n3 0 1 2\n";
    expect("a.ply", ply.as_bytes(), "not numbers");
    let mut file = square();
    let broken = file.floats(&[[f32::NAN, 0.0, 0.0], SQUARE[1], SQUARE[2], SQUARE[3]]);
    file.attributes()["POSITION"] = json!(broken);
    expect("a.glb", &file.glb(), "not finite");
    let mut file = square();
    file.document["nodes"][0]["translation"] = json!([1e30, 0, 0]);
    expect("a.glb", &file.glb(), "beyond");
}

#[test]
fn indices_lead_nowhere() {
    for face in
        ["1 2 9", "0 1 2", "1 2 -9", "99999999999 1 2", "1/5 2/5 3/5", "1//5 2//5 3//5", "18446744073709551615 1 2"]
    {
        reason("a.obj", format!("v 0 0 0\nv 1 0 0\nv 1 1 0\nvt 0 0\nvn 0 0 1\nf {face}\n").as_bytes());
    }
    expect("a.obj", b"v 0 0 0\nv 1 0 0\nv 1 1 0\n", "no triangles");
    expect("a.obj", b"", "no triangles");
    expect("a.obj", b"mtllib ../../gone.mtl\nv 0 0 0\n", "gone.mtl");
    let ply = |list: &str| {
        format!(
            "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n\
             element face 1\nproperty list uchar int vertex_indices\nend_header\n0 0 0\n1 0 0\n1 1 0\n{list}\n"
        )
    };
    expect("a.ply", ply("3 0 1 3").as_bytes(), "past the last");
    expect("a.ply", ply("3 0 1 -1").as_bytes(), "no vertex");
    expect("a.ply", ply("2 0 1").as_bytes(), "no triangles");
    let mut file = square();
    file.document["nodes"] = json!([{ "mesh": 0, "children": [1] }, { "children": [0] }]);
    expect("a.glb", &file.glb(), "two parents or is its own");
}

#[test]
fn deep_and_odd_json_is_refused() {
    expect("a.gltf", ("[".repeat(100_000)).as_bytes(), "not a glTF file");
    expect("a.gltf", (format!("{}{}", "{\"a\":".repeat(100_000), "}".repeat(100_000))).as_bytes(), "not a glTF file");
    for text in
        ["", "null", "[]", "3", "\"glTF\"", "{\"asset\": 3}", "{\"asset\": {\"version\": \"2.0\"}, \"meshes\": 3}"]
    {
        reason("a.gltf", text.as_bytes());
    }
    let odd = [
        json!({ "nodes": [{ "extensions": { "EXT_mesh_gpu_instancing": 3 } }] }),
        json!({ "nodes": [{ "mesh": 0, "extensions": { "EXT_mesh_gpu_instancing": { "attributes": { "TRANSLATION": 99 } } } }] }),
        json!({ "nodes": [{ "mesh": 0, "extensions": { "EXT_mesh_gpu_instancing": { "attributes": { "TRANSLATION": -1 } } } }] }),
        json!({ "nodes": [{ "mesh": 0, "extensions": { "EXT_mesh_gpu_instancing": { "attributes": {} } } }] }),
        json!({ "textures": [{}] }),
        json!({ "textures": 7 }),
        json!({ "materials": [{ "normalTexture": { "index": 0, "texCoord": -1 } }] }),
        json!({ "materials": [{ "normalTexture": { "index": 0, "extensions": { "KHR_texture_transform": { "scale": 3 } } } }] }),
        json!({ "materials": [{ "normalTexture": { "index": 0, "extensions": { "KHR_texture_transform": { "offset": [1e300, 0] } } } }] }),
        json!({ "extensionsRequired": ["EXT_meshopt_compression"], "bufferViews": [{ "buffer": 0, "byteLength": 4, "extensions": { "EXT_meshopt_compression": {} } }] }),
    ];
    for change in odd {
        let mut file = square();
        for (name, value) in change.as_object().unwrap() {
            file.document[name] = value.clone();
        }
        reason("a.glb", &file.glb());
    }
}

#[test]
fn a_texture_that_unpacks_to_more_than_it_may_is_refused() {
    // A PNG file of 20 000 x 20 000 zeros is some megabytes; this one says so and holds less, which has to be noticed before.
    let mut bomb = crate::gltf::png(1, |_, _| [0; 4]);
    bomb[16..20].copy_from_slice(&20_000u32.to_be_bytes());
    bomb[20..24].copy_from_slice(&20_000u32.to_be_bytes());
    let mut file = Builder::textured();
    let at = file.bytes.len();
    file.bytes.extend(&bomb);
    file.bytes.resize(file.bytes.len().next_multiple_of(4), 0);
    let view = file.document["bufferViews"].as_array().unwrap().len();
    file.list("bufferViews").push(json!({ "buffer": 0, "byteOffset": at, "byteLength": bomb.len() }));
    file.document["images"][0]["bufferView"] = json!(view);
    expect("a.glb", &file.glb(), "image 0");
}

#[test]
fn a_file_cut_short_anywhere_is_an_error_and_never_more() {
    let obj = "v 0 0 0\nv 1 0 0\nv 1 1 0\nvt 0 0\nvn 0 0 1\nf 1/1/1 2/1/1 3/1/1\n";
    let stl = "solid a\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 1 1 0\nendloop\nendfacet\nendsolid a\n";
    let ply = "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n\
        element face 1\nproperty list uchar int vertex_indices\nend_header\n0 0 0\n1 0 0\n1 1 0\n3 0 1 2\n";
    let mut binary = vec![0; 80];
    binary.extend(1u32.to_le_bytes());
    binary
        .extend([[0f32; 3], [0.0; 3], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]].concat().iter().flat_map(|c| c.to_le_bytes()));
    binary.extend([0, 0]);
    let mut moving = Builder::textured();
    moving.animate("LINEAR", 0, "translation", &[0.0, 1.0], &[[0.0f32; 3], [1.0, 0.0, 0.0]]);
    let dir = TempDir::new().unwrap();
    // What a text may lose at its end without harm: marks that end what is whole, and digits of the last number.
    let files: [(&str, Vec<u8>, usize); 5] = [
        ("a.obj", obj.into(), 5),
        ("a.stl", stl.into(), 30),
        ("b.stl", binary, 0),
        ("a.ply", ply.into(), 2),
        ("a.glb", moving.glb(), 0),
    ];
    for (name, whole, slack) in files {
        let load = |bytes: &[u8]| {
            std::fs::write(dir.path().join(name), bytes).unwrap();
            Library::default().load_model(dir.path(), name)
        };
        load(&whole).unwrap();
        for length in 0..whole.len() {
            let outcome = load(&whole[..length]);
            assert!(
                outcome.is_err() || length + slack >= whole.len(),
                "{name} cut to {length} of {} bytes",
                whole.len()
            );
        }
    }
}

/// Found by changing files at random: the crate that reads MTL files panics where a colour has fewer than three numbers.
#[test]
fn colours_of_fewer_than_three_numbers_are_grey_or_refused() {
    let load = |color: &str| {
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("a.mtl"), format!("newmtl m\nNs 1\n{color}\n")).unwrap();
        std::fs::write(dir.path().join("a.obj"), "mtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 1 1 0\nusemtl m\nf 1 2 3\n")
            .unwrap();
        let model = Library::default().load_model(dir.path(), "a.obj");
        model.map(|model| model.parts[0].material.base_color).map_err(|error| error.to_string())
    };
    // One number is that of all three, as the format has it.
    assert_eq!(load("Kd 0.5").unwrap(), [0.5, 0.5, 0.5, 1.0]);
    assert_eq!(load("Kd 0.5 0.25 0").unwrap(), [0.5, 0.25, 0.0, 1.0]);
    for color in ["Ka", "Kd", "Ks 1 2", "Ke 1 2", "Kd\t1\t0.5"] {
        assert!(load(color).unwrap_err().contains("three numbers, or one (line 3)"), "{color}");
    }
}
