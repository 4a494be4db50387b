//! OBJ with MTL, PLY and STL; licences; hashes.

use scenewright::assets::{Library, Map};
use tempfile::TempDir;

use super::{linear, seen, shows};
use crate::gltf::{Builder, png};

const OBJ: &str = "# a square\nmtllib square.mtl\no tile\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\n\
    vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nvn 0 0 1\nusemtl paint\nf 1/1/1 2/2/1 3/3/1 4/4/1\n";

const MTL: &str = "newmtl paint\nKd 1 1 1\nNs 250\nd 1\nmap_Kd maps/texels.png\nPm 0.25\nmap_Ks other.png\n";

fn texels() -> Vec<u8> {
    png(8, |x, y| [(x * 32) as u8, (y * 32) as u8, 0, 255])
}

#[test]
fn an_obj_file_is_seen_with_its_material_and_texture() {
    let dir = TempDir::new().unwrap();
    std::fs::create_dir_all(dir.path().join("models/maps")).unwrap();
    std::fs::write(dir.path().join("models/square.obj"), OBJ).unwrap();
    std::fs::write(dir.path().join("models/square.mtl"), MTL).unwrap();
    std::fs::write(dir.path().join("models/maps/texels.png"), texels()).unwrap();
    let (frame, warnings) = seen(dir.path(), "shape: File(\"models/square.obj\")");
    shows(&frame, |x, y| [x, y]);
    assert!(warnings.contains("reflections (map_Ks)"), "{warnings}");
    // 1 - sqrt(250 / 1000)
    assert!((frame.roughness.unwrap().pixels()[0] - 0.5).abs() < 1e-6);
    assert!(frame.metallic.unwrap().pixels().iter().all(|&m| m == 0.25));
    let model = Library::default().load_model(dir.path(), "models/square.obj").unwrap();
    assert_eq!(model.parts[0].name, "tile paint");
    let files: Vec<&str> = model.file.parts.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(files, ["models/maps/texels.png", "models/square.mtl"]);

    std::fs::remove_file(dir.path().join("models/square.mtl")).unwrap();
    let error = Library::default().load_model(dir.path(), "models/square.obj").unwrap_err().to_string();
    assert!(error.contains("square.mtl") && error.contains("not there"), "{error}");
}

#[test]
fn ply_files_in_text_and_both_byte_orders_are_the_same() {
    let corners: [([f32; 3], [u8; 3]); 4] = [
        ([0.0, 0.0, 0.0], [0, 0, 0]),
        ([1.0, 0.0, 0.0], [255, 0, 0]),
        ([1.0, 1.0, 0.0], [255, 0, 0]),
        ([0.0, 1.0, 0.0], [0, 0, 0]),
    ];
    let header = |format: &str| {
        format!(
            "ply\nformat {format} 1.0\ncomment by hand\nelement vertex 4\nproperty float x\nproperty float y\nproperty float z\n\
             property uchar red\nproperty uchar green\nproperty uchar blue\nelement face 1\nproperty list uchar int vertex_indices\n\
             end_header\n"
        )
    };
    let mut text = header("ascii");
    for ([x, y, z], [r, g, b]) in corners {
        text += &format!("{x} {y} {z} {r} {g} {b}\n");
    }
    text += "4 0 1 2 3\n";
    let binary = |format: &str, float: fn(f32) -> [u8; 4], int: fn(i32) -> [u8; 4]| {
        let mut bytes = header(format).into_bytes();
        for (position, color) in corners {
            position.iter().for_each(|&c| bytes.extend(float(c)));
            bytes.extend(color);
        }
        bytes.push(4);
        (0..4).for_each(|i| bytes.extend(int(i)));
        bytes
    };
    let files = [
        text.into_bytes(),
        binary("binary_little_endian", f32::to_le_bytes, i32::to_le_bytes),
        binary("binary_big_endian", f32::to_be_bytes, i32::to_be_bytes),
    ];
    for bytes in files {
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("a.ply"), bytes).unwrap();
        let (frame, warnings) = seen(dir.path(), "shape: File(\"a.ply\")");
        assert_eq!(warnings, "");
        assert!(frame.ids.pixels().iter().all(|&id| id == 1));
        // Linear between the corners in linear light.
        for (k, [r, g, _]) in (0..64u8).zip(frame.albedo.unwrap().pixels()) {
            assert!((r - (f32::from(k % 8) + 0.5) / 8.0).abs() < 1e-6 && *g == 0.0, "pixel {k}: {r}");
        }
    }
}

#[test]
fn stl_files_are_read_binary_and_as_text() {
    let triangles =
        [[[0f32, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]], [[0.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]]];
    let mut text = "solid square\n".to_owned();
    let mut binary = b"solid, though it is none".to_vec();
    binary.resize(80, 0);
    binary.extend(2u32.to_le_bytes());
    for corners in triangles {
        text += "facet normal 0 0 1\nouter loop\n";
        binary.extend([0f32, 0.0, 1.0].map(f32::to_le_bytes).concat());
        for [x, y, z] in corners {
            text += &format!("vertex {x} {y} {z}\n");
            binary.extend([x, y, z].map(f32::to_le_bytes).concat());
        }
        text += "endloop\nendfacet\n";
        binary.extend([0, 0]);
    }
    text += "endsolid square\n";
    for bytes in [text.into_bytes(), binary] {
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("A.STL"), bytes).unwrap();
        let (frame, _) = seen(dir.path(), "shape: File(\"A.STL\")");
        assert!(frame.ids.pixels().iter().all(|&id| id == 1));
        assert!(frame.geometric_normals.unwrap().pixels().iter().all(|n| (n[2] - 1.0).abs() < 1e-6));
    }
}

#[test]
fn licences_are_what_files_and_their_neighbours_say() {
    let dir = TempDir::new().unwrap();
    let licence = |name: &str| Library::default().load_model(dir.path(), name).unwrap().file.licence.clone();
    let mut file = Builder::textured();
    file.write(dir.path(), "a.glb");
    assert_eq!(licence("a.glb"), None);
    file.document["asset"]["copyright"] = serde_json::json!("2026 (c) Jane Doe\nall the rest");
    file.write(dir.path(), "a.glb");
    assert_eq!(licence("a.glb").as_deref(), Some("2026 (c) Jane Doe"));
    file.document["asset"]["extras"] = serde_json::json!({ "license": "CC-BY-4.0" });
    file.write(dir.path(), "a.glb");
    assert_eq!(licence("a.glb").as_deref(), Some("CC-BY-4.0"));
    std::fs::write(dir.path().join("a.glb.license"), "\nCreative Commons Zero\nmore\n").unwrap();
    assert_eq!(licence("a.glb").as_deref(), Some("Creative Commons Zero"));
    let spdx = "SPDX-FileCopyrightText: 2026 Jane Doe\n\nSPDX-License-Identifier: CC0-1.0\n";
    std::fs::write(dir.path().join("a.glb.license"), spdx).unwrap();
    assert_eq!(licence("a.glb").as_deref(), Some("CC0-1.0"));
    std::fs::write(dir.path().join("t.png"), texels()).unwrap();
    std::fs::write(dir.path().join("t.png.license"), spdx).unwrap();
    let texture = Library::default().load_texture(dir.path(), "t.png").unwrap();
    assert_eq!(texture.file.licence.as_deref(), Some("CC0-1.0"));
    assert_eq!(Map::new(texture).uv_set, 0);
    assert!(linear(1.0) > 0.999);
}
