//! Files that changes start from: the gallery, recipes with mistakes, and small files of each kind.

use std::path::{Path, PathBuf};

use exr::prelude::{Blocks, Compression, Encoding, Image, LineOrder, SpecificChannels, Vec2, WritableImage};
use scenewright::recipe::load;
use scenewright::scene::sample;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::gltf::{Builder, square};

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|e| e == ending)).collect();
    found.sort();
    found
}

/// The gallery and its assets, with small files in place of the models and textures, so that reading a recipe takes no time.
pub(super) fn gallery() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &Path| folder.path().join(name.strip_prefix(package()).unwrap());
    std::fs::write(folder.path().join(scenewright::confine::MARK), "").unwrap();
    for name in ["scenes", "assets"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    let assets = package().join("assets");
    for path in files(&package().join("scenes"), "ron").into_iter().chain(files(&assets, "ron")) {
        std::fs::copy(&path, at(&path)).unwrap();
    }
    files(&assets, "png").iter().for_each(|path| std::fs::write(at(path), crate::gltf::png(2, |_, _| [9; 4])).unwrap());
    files(&assets, "glb").iter().for_each(|path| std::fs::write(at(path), square().glb()).unwrap());
    folder
}

/// The recipes of the gallery that can do with a square for every model.
pub(super) fn recipes(gallery: &TempDir) -> Vec<Vec<u8>> {
    let all = files(&gallery.path().join("scenes"), "ron");
    let good: Vec<_> = all.iter().filter(|path| load(path).is_ok()).map(|path| std::fs::read(path).unwrap()).collect();
    assert!(good.len() > 15, "{}", good.len());
    good
}

/// Recipes with mistakes, and scene files.
pub(super) fn broken() -> Vec<Vec<u8>> {
    files(&package().join("tests/broken"), "ron").iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Scenes of the gallery that are small.
pub(super) fn scenes(gallery: &TempDir) -> Vec<Vec<u8>> {
    let names = ["hello", "primitives", "materials", "lenses", "lighting", "labels", "thrown", "cameras", "studio"];
    let paths = names.map(|name| gallery.path().join(format!("scenes/{name}.ron")));
    let scenes = paths.iter().filter_map(|path| sample(&load(path).ok()?, 0, 0).ok()?.to_ron().ok());
    let scenes: Vec<Vec<u8>> = scenes.map(String::into_bytes).filter(|text| text.len() < 200_000).collect();
    assert!(scenes.len() > 3, "{}", scenes.len());
    scenes
}

/// The JSON of a GLB file, and what is behind it.
pub(super) fn parts(glb: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let length = u32::from_le_bytes(glb.get(12..16)?.try_into().ok()?) as usize;
    Some((glb.get(20..20 + length)?.to_vec(), glb.get(28 + length..).unwrap_or_default().to_vec()))
}

/// The GLB file of these two.
pub(super) fn joined(json: &[u8], binary: &[u8]) -> Vec<u8> {
    let padded = |bytes: &[u8], with: u8| {
        let mut bytes = bytes.to_vec();
        bytes.resize(bytes.len().next_multiple_of(4), with);
        bytes
    };
    let (json, binary) = (padded(json, b' '), padded(binary, 0));
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
    let total = u32::try_from(28 + json.len() + binary.len()).unwrap().to_le_bytes();
    [&b"glTF\x02\0\0\0"[..], &total, &length(&json), b"JSON", &json, &length(&binary), b"BIN\0", &binary].concat()
}

/// Textures, animation, a skeleton, morph targets, copies, sparse accessors, compressed views, and buffers in the text.
pub(super) fn glb() -> Vec<Vec<u8>> {
    let mut all = vec![square().glb(), Builder::textured().glb()];

    let mut moving = Builder::textured();
    moving.animate("LINEAR", 0, "translation", &[0.0, 1.0], &[[0.0f32; 3], [1.0, 0.0, 0.0]]);
    moving.animate("CUBICSPLINE", 0, "scale", &[0.0, 1.0], &[[1.0f32; 3]; 6]);
    let target = moving.floats(&[[0.0f32, 0.0, 1.0]; 4]);
    moving.document["meshes"][0]["primitives"][0]["targets"] = json!([{ "POSITION": target }]);
    moving.document["meshes"][0]["weights"] = json!([0.5]);
    moving.document["meshes"][0]["extras"] = json!({ "targetNames": ["smile"] });
    all.push(moving.glb());

    let mut skinned = square();
    let joints = skinned.joints(&[[0, 1, 0, 0]; 4]);
    let weights = skinned.floats(&[[0.5f32, 0.5, 0.0, 0.0]; 4]);
    skinned.attributes()["JOINTS_0"] = json!(joints);
    skinned.attributes()["WEIGHTS_0"] = json!(weights);
    let nodes = skinned.document["nodes"].as_array_mut().unwrap();
    let first = nodes.len();
    nodes[0]["skin"] = json!(0);
    nodes.push(json!({ "translation": [0, 1, 0], "name": "kp_tip" }));
    nodes.push(json!({ "rotation": [0, 0, 0, 1] }));
    skinned.document["skins"] = json!([{ "joints": [first, first + 1] }]);
    skinned.document["scenes"][0]["nodes"] = json!([0, first, first + 1]);
    all.push(skinned.glb());

    let mut copied = Builder::textured();
    let places = copied.floats(&[[0.0f32; 3], [2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]);
    copied.document["nodes"][0]["extensions"] =
        json!({ "EXT_mesh_gpu_instancing": { "attributes": { "TRANSLATION": places } } });
    copied.document["materials"][0] = json!({
        "name": "m", "alphaMode": "BLEND", "doubleSided": true, "emissiveFactor": [1, 0, 0],
        "pbrMetallicRoughness": { "baseColorTexture": { "index": 0, "extensions": {
            "KHR_texture_transform": { "offset": [0.5, 0], "rotation": 1, "scale": [2, 2] } } } },
        "normalTexture": { "index": 0, "scale": 0.5 }, "occlusionTexture": { "index": 0 },
        "extensions": { "KHR_materials_clearcoat": { "clearcoatFactor": 1 }, "KHR_materials_ior": { "ior": 1.4 },
            "KHR_materials_transmission": { "transmissionFactor": 0.5 }, "KHR_materials_emissive_strength": { "emissiveStrength": 9 } },
    });
    copied.document["extensionsUsed"] = json!(["EXT_mesh_gpu_instancing", "KHR_texture_transform"]);
    all.push(copied.glb());

    let mut sparse = square();
    let (indices, values) = (sparse.indices(&[1, 2]), sparse.floats(&[[5.0f32, 0.0, 0.0], [5.0, 1.0, 0.0]]));
    let view = |of: &Builder, accessor: usize| of.document["accessors"][accessor]["bufferView"].clone();
    let (indices, values) = (view(&sparse, indices), view(&sparse, values));
    let position = sparse.attributes()["POSITION"].as_u64().unwrap() as usize;
    sparse.document["accessors"][position]["sparse"] = json!({
        "count": 2, "indices": { "bufferView": indices, "componentType": 5123 }, "values": { "bufferView": values },
    });
    all.push(sparse.glb());

    let mut squeezed = square();
    let accessor = squeezed.document["meshes"][0]["primitives"][0]["indices"].as_u64().unwrap() as usize;
    let index_view = squeezed.document["accessors"][accessor]["bufferView"].as_u64().unwrap() as usize;
    let coded = [&[0xe1, 0xf0, 0x00][..], &[0; 16]].concat();
    let at = squeezed.bytes.len();
    squeezed.bytes.extend(&coded);
    squeezed.bytes.resize(squeezed.bytes.len().next_multiple_of(4), 0);
    squeezed.document["bufferViews"][index_view] = json!({
        "buffer": 1, "byteOffset": 0, "byteLength": 12,
        "extensions": { "EXT_meshopt_compression": {
            "buffer": 0, "byteOffset": at, "byteLength": coded.len(), "byteStride": 2, "count": 6, "mode": "TRIANGLES" } }
    });
    squeezed.document["buffers"] = json!([
        { "byteLength": squeezed.bytes.len() },
        { "byteLength": 12, "extensions": { "EXT_meshopt_compression": { "fallback": true } } },
    ]);
    squeezed.document["extensionsRequired"] = json!(["EXT_meshopt_compression"]);
    all.push(squeezed.glb());

    let mut within = square();
    let data = {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(&within.bytes)
    };
    within.document["buffers"] =
        json!([{ "byteLength": within.bytes.len(), "uri": format!("data:application/octet-stream;base64,{data}") }]);
    all.push(joined(within.document.to_string().as_bytes(), &[]));
    all.retain(|glb| parts(glb).is_some_and(|(json, _)| serde_json::from_slice::<Value>(&json).is_ok()));
    all
}

pub(super) const MTL: &str = "newmtl m\nKa 1 1 1\nKd 0.5 0.25 0\nKs 0 0 0\nKe 0 0 0\nNs 250\nNi 1.45\nd 0.5\nillum 2\nmap_Kd a.png\nmap_Bump -bm 0.2 a.png\nPr 0.5\nPm 1\nnorm a.png\nnewmtl n\nKd 1 0 0\n";

pub(super) const OBJ: &str = "mtllib a.mtl\no thing\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0 1\nvt 0 0\nvt 1 0\nvt 1 1\nvn 0 0 1\ng a\nusemtl m\ns 1\nf 1/1/1 2/2/1 3/3/1 4/1/1\ng b\nusemtl n\nf -4 -3 -2\nl 1 2\np 1\n";

pub(super) fn obj() -> Vec<Vec<u8>> {
    let colored = "v 0 0 0 1 0 0\nv 1 0 0 0 1 0\nv 1 1 0 0 0 1\nf 1 2 3\n";
    [OBJ, colored, "v 0 0 0\nv 1 0 0\nv 1 1 0\nvn 0 0 1\nf 1//1 2//1 3//1\n"]
        .map(|text| text.as_bytes().to_vec())
        .into()
}

pub(super) fn ply() -> Vec<Vec<u8>> {
    let head = |format: &str| {
        format!(
            "ply\nformat {format} 1.0\ncomment a\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n\
             property uchar red\nproperty uchar green\nproperty uchar blue\nelement face 1\n\
             property list uchar int vertex_indices\nelement other 1\nproperty short a\nend_header\n"
        )
    };
    let text = format!("{}0 0 0 255 0 0\n1 0 0 0 255 0\n1 1 0 0 0 255\n3 0 1 2\n7\n", head("ascii"));
    let binary = |little: bool| {
        let mut bytes = head(if little { "binary_little_endian" } else { "binary_big_endian" }).into_bytes();
        for corner in [[0f32, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]] {
            corner.iter().for_each(|c| bytes.extend(if little { c.to_le_bytes() } else { c.to_be_bytes() }));
            bytes.extend([255, 0, 9]);
        }
        bytes.push(3);
        [0i32, 1, 2].iter().for_each(|k| bytes.extend(if little { k.to_le_bytes() } else { k.to_be_bytes() }));
        bytes.extend([0, 7]);
        bytes
    };
    vec![text.into_bytes(), binary(true), binary(false)]
}

pub(super) fn stl() -> Vec<Vec<u8>> {
    let facet = "facet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 1 1 0\nendloop\nendfacet\n";
    let mut binary = vec![b'x'; 80];
    binary.extend(2u32.to_le_bytes());
    for _ in 0..2 {
        let facet = [[0f32; 3], [0.0; 3], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]].concat();
        binary.extend(facet.iter().flat_map(|c| c.to_le_bytes()));
        binary.extend([0, 0]);
    }
    vec![format!("solid a\n{facet}{facet}endsolid a\n").into_bytes(), binary]
}

pub(super) fn png() -> Vec<Vec<u8>> {
    let mut all = vec![crate::gltf::png(4, |x, y| [x as u8, y as u8, 0, 255])];
    let kinds = [
        (png::ColorType::Rgb, png::BitDepth::Eight, 3),
        (png::ColorType::GrayscaleAlpha, png::BitDepth::Sixteen, 4),
        (png::ColorType::Indexed, png::BitDepth::Eight, 1),
        (png::ColorType::Grayscale, png::BitDepth::Eight, 1),
    ];
    for (color, depth, bytes) in kinds {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, 5, 3);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if color == png::ColorType::Indexed {
            encoder.set_palette(vec![0, 1, 2, 3, 4, 5]);
            encoder.set_trns(vec![255, 0]);
        }
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&vec![1; 15 * bytes]).unwrap();
        writer.finish().unwrap();
        all.push(out);
    }
    all.push(std::fs::read(package().join("assets/checker.png")).unwrap());
    all.push(std::fs::read(package().join("assets/label.png")).unwrap());
    all
}

pub(super) fn jpeg() -> Vec<Vec<u8>> {
    let pixels: Vec<u8> = (0..24 * 17 * 3).map(|k| (k * 7 % 256) as u8).collect();
    let mut all = Vec::new();
    for progressive in [false, true] {
        let mut out = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut out, 60);
        encoder.set_progressive(progressive);
        encoder.encode(&pixels, 24, 17, jpeg_encoder::ColorType::Rgb).unwrap();
        all.push(out);
    }
    all
}

pub(super) fn hdr() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.hdr");
    let image = image::Rgb32FImage::from_fn(16, 8, |x, y| image::Rgb([x as f32, y as f32, 40.0]));
    image.save(&path).unwrap();
    let mut plain = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 2 +X 4\n".to_vec();
    plain.extend([128u8, 64, 32, 130].repeat(8));
    vec![std::fs::read(&path).unwrap(), plain]
}

pub(super) fn exr() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.exr");
    let mut all = Vec::new();
    let compressions = [
        Compression::Uncompressed,
        Compression::RLE,
        Compression::ZIP1,
        Compression::ZIP16,
        Compression::PIZ,
        Compression::PXR24,
        Compression::B44,
        Compression::B44A,
    ];
    for (k, compression) in compressions.into_iter().enumerate() {
        let blocks = if k % 2 == 0 { Blocks::ScanLines } else { Blocks::Tiles(Vec2(7, 5)) };
        let encoding = Encoding { compression, blocks, line_order: LineOrder::Increasing };
        let channels = SpecificChannels::rgb(|at: Vec2<usize>| (at.0 as f32, at.1 as f32, 9.0f32));
        Image::from_encoded_channels((16, 8), encoding, channels).write().to_file(&path).unwrap();
        all.push(std::fs::read(&path).unwrap());
    }
    all
}

pub(super) fn fonts() -> Vec<Vec<u8>> {
    vec![std::fs::read(package().join("assets/fonts/DejaVuSans.ttf")).unwrap()]
}

pub(super) fn calibrations() -> Vec<Vec<u8>> {
    let opencv = "%YAML:1.0\n---\nimage_width: 1280\nimage_height: 960\ncamera_matrix: !!opencv-matrix\n   rows: 3\n   cols: 3\n   dt: d\n   \
                  data: [ 1.0402e+03, 0., 6.395e+02, 0., 1.0410e+03, 4.795e+02, 0.,\n       0., 1. ]\ndistortion_coefficients: !!opencv-matrix\n   \
                  rows: 5\n   cols: 1\n   dt: d\n   data: [ -0.28, 0.07, 0.0012, -0.0008, -0.008 ]\n";
    let json = r#"{ "image_width": 1280, "image_height": 960, "camera_matrix": { "data": [ 1040.2, 0.0, 639.5, 0.0, 1041.0, 479.5, 0.0, 0.0, 1.0 ] },
        "distortion_coefficients": { "data": [ -0.28, 0.07, 0.0012, -0.0008, -0.008 ] } }"#;
    let ros = "image_width: 640\nimage_height: 480\ncamera_matrix:\n  rows: 3\n  cols: 3\n  data: [500, 0, 320.5, 0, 501, 240, 0, 0, 1]\n\
               distortion_model: equidistant\ndistortion_coefficients:\n  rows: 1\n  cols: 4\n  data: &a [0.01, -0.02, 0.003, -0.004]\n";
    let kalibr = std::fs::read(package().join("tests/broken/camchain.yaml")).unwrap();
    vec![opencv.into(), json.into(), ros.into(), kalibr]
}
