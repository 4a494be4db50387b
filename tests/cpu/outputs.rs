//! Every output on disk: of a frame whose values are known on paper, and of frames of the ray caster, through the audit.

mod parts;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use glam::{DQuat, DVec2, DVec3};
use proptest::prelude::*;
use scenewright::annotate::{
    Amodal, Annotation, Box3d, CameraLabel, KeypointLabel, Labels, LeftOut, Panoptic, Pose, ProjectedBox, Reason, Rle,
    Seen, Segment, Subject,
};
use scenewright::assets::{AssetFile, Library};
use scenewright::frame::{Frame, Owner};
use scenewright::image::Image;
use scenewright::scene::camera::look_at;
use scenewright::scene::{
    Below, Category, Keypoint, LabelSettings, NormalFrame, NormalSurface, Output, Projected, Scene, Shape,
};
use scenewright::write::encode::{EncodeError, ids_exr, linear_png, panoptic_png, unit_png, vectors_exr};
use scenewright::write::manifest::{ByReason, CategoryCount};
use scenewright::write::{
    DatasetInfo, DatasetWriter, DepthFormat, FrameSink, MaskFormat, Summary, WriteError, WriteOptions,
};
use serde_json::{Value, json};

use crate::oracle::cast;
use crate::synthetic;

const SIZE: (u32, u32) = (4, 3);

/// A floor (unlabelled), a mug of two parts, mirrored and stretched, and a ball, for which everything is asked.
fn scene() -> Scene {
    let mut scene = synthetic::scene(0, 2, &["main"], SIZE);
    scene.categories = categories();
    scene.labels = labels_asked();
    scene.instances[1].shape = Shape::Box(DVec3::new(0.2, 0.4, 0.4));
    scene.instances[1].scale = DVec3::new(-1.0, 2.0, 0.5);
    scene.instances[1].category = Some(7);
    scene.instances[2].category = Some(300);
    scene
}

fn categories() -> Vec<Category> {
    let mut mug = Category::new(7, "mug", "kitchen");
    mug.keypoints = vec!["rim".into(), "handle".into(), "foot".into()];
    mug.skeleton = vec![[0, 1], [1, 2]];
    let mut sand = Category::new(300, "sand", "");
    sand.stuff = true;
    vec![mug, sand]
}

fn labels_asked() -> LabelSettings {
    LabelSettings { outputs: Output::ALL.into(), min_visible_px: 2, min_visibility: 0.25, below: Below::Mark }
}

fn info() -> DatasetInfo {
    DatasetInfo {
        categories: categories(),
        labels: labels_asked(),
        parts: BTreeMap::from([("mug.glb".to_owned(), vec!["body".to_owned(), "handle".to_owned()])]),
        ..synthetic::info(0, 1, &["main"])
    }
}

/// Row 0: nothing. Row 1: mug's body, mug's handle, ball, floor. Row 2: floor.
fn frame(scene: &Scene) -> Frame {
    let mut frame = synthetic::empty_frame(scene, 0);
    let owner = |instance, id, part| Owner { instance, id, part };
    frame.owners = [owner(0, 0, 1), owner(1, 1, 1), owner(1, 1, 2), owner(2, 2, 1)].into();
    let (width, height) = SIZE;
    let surfaces = vec![0, 0, 0, 0, 2, 3, 4, 1, 1, 1, 1, 1];
    let image = |pixels: Vec<[f32; 3]>| Image::new(width, height, pixels);
    let per_pixel = |of: &dyn Fn(usize, f32) -> [f32; 3]| -> Option<Image<[f32; 3]>> {
        image((0..12_u8).map(|k| if k < 4 { [0.0; 3] } else { of(usize::from(k), f32::from(k)) }).collect())
    };
    let number = |of: &dyn Fn(f32) -> f32| {
        Image::new(width, height, (0..12_u8).map(|k| if k < 4 { 0.0 } else { of(f32::from(k)) }).collect())
    };
    let depth = (0..12_u8).map(|k| if k < 4 { f32::INFINITY } else { 1.0 + f32::from(k) / 8.0 }).collect();
    frame.ids = Image::new(width, height, vec![0, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0, 0]).unwrap();
    frame.surfaces = Image::new(width, height, surfaces).unwrap();
    frame.depth = Image::new(width, height, depth).unwrap();
    frame.range = Image::new(width, height, frame.depth.pixels().iter().map(|depth| depth + 0.125).collect()).unwrap();
    frame.shaded_normals = per_pixel(&|k, _| if k % 2 == 0 { [0.0, 1.0, 0.0] } else { [0.6, 0.0, 0.8] });
    frame.geometric_normals = per_pixel(&|_, _| [0.0, 0.0, 1.0]);
    frame.uv = Image::new(width, height, (0..12_u8).map(|k| [f32::from(k) / 4.0, -f32::from(k)]).collect());
    frame.coordinates = per_pixel(&|_, v| [v / 100.0, -v / 50.0, 0.125]);
    frame.albedo = per_pixel(&|_, v| [v / 11.0, 0.5, 0.0]);
    frame.roughness = number(&|v| v / 11.0);
    frame.metallic = number(&|v| if v < 6.0 { 1.0 } else { 0.0 });
    frame.emission = per_pixel(&|_, v| [v * 1000.0, 0.25, 0.0]);
    frame
}

fn rle(pixels: &[(u32, u32)]) -> Rle {
    let mut mask = Image::filled(SIZE.0, SIZE.1, false);
    pixels.iter().for_each(|&(x, y)| mask.set(x, y, true));
    Rle::from_mask(&mask).unwrap()
}

/// The mug is marked; the ball is not; a second ball, behind the mug, is left out.
fn labels(scene: &Scene) -> Labels {
    let amodal = |pixels: &[(u32, u32)], visibility, hidden_by| Amodal {
        bbox: [-1, 1, 4, 1],
        area: 4,
        area_in_frame: pixels.len() as u64,
        rle: rle(pixels),
        visibility,
        truncation: 0.25,
        hidden_by,
    };
    let corner = |k: u8| [f64::from(k & 1), f64::from(k >> 1 & 1), f64::from(k >> 2)];
    let corners: [[f64; 3]; 8] = std::array::from_fn(|k| corner(u8::try_from(k).unwrap()));
    let mut pixels = corners.map(|[x, y, _]| Some([x * 2.0, y * 2.0]));
    pixels[3] = None;
    let boxed = ProjectedBox { center: [0.5; 3], size: [1.0; 3], corners, pixels };
    let pose = Pose {
        camera_from_object: [[1.0, 0.0, 0.0, 0.5], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.5], [0.0, 0.0, 0.0, 1.0]],
        scale: [-1.0, 2.0, 0.5],
        distance: 1.5,
    };
    let point = |name: &str, x, y, seen| KeypointLabel { name: name.into(), x, y, seen };
    let mug = Annotation {
        instance_id: 1,
        category_id: 7,
        object: "mugs".into(),
        name: "mugs[0]".into(),
        bbox: [0, 1, 2, 1],
        area: 2,
        rle: rle(&[(0, 1), (1, 1)]),
        marked: Some(Reason::MinVisibility),
        amodal: Some(amodal(&[(0, 1), (1, 1), (2, 1)], 2.0 / 3.0, vec![(0, 0), (2, 1)])),
        pose: Some(pose.clone()),
        box3d: Some(Box3d { oriented: boxed.clone(), axis_aligned: boxed.clone() }),
        keypoints: Some(vec![
            point("rim", 0.5, 1.75, Seen::Visible),
            point("handle", 2.25, 1.5, Seen::Hidden),
            point("foot", 0.0, 0.0, Seen::Absent),
        ]),
    };
    let ball = Annotation {
        instance_id: 2,
        category_id: 300,
        object: "balls".into(),
        name: "balls[0]".into(),
        bbox: [2, 1, 1, 1],
        area: 1,
        rle: rle(&[(2, 1)]),
        marked: None,
        amodal: Some(amodal(&[(2, 1)], 1.0, vec![])),
        pose: Some(pose),
        box3d: Some(Box3d { oriented: boxed.clone(), axis_aligned: boxed }),
        keypoints: None,
    };
    let left_out = LeftOut {
        instance_id: 3,
        category_id: 300,
        name: "balls[1]".into(),
        reason: Reason::Hidden,
        area: 0,
        amodal: Some(amodal(&[(1, 1)], 0.0, vec![(1, 1)])),
    };
    let segment = |id, category_id, area, bbox, iscrowd| Segment { id, category_id, area, bbox, iscrowd };
    let mut ids = Image::filled(SIZE.0, SIZE.1, 0);
    [(0, 1, 1), (1, 1, 1), (2, 1, 70_000)].into_iter().for_each(|(x, y, id)| ids.set(x, y, id));
    Labels {
        camera: CameraLabel::new(&scene.cameras[0]),
        annotations: vec![mug, ball],
        left_out: vec![left_out],
        panoptic: Some(Panoptic {
            ids,
            segments: vec![segment(1, 7, 2, [0, 1, 2, 1], true), segment(70_000, 300, 1, [2, 1, 1, 1], false)],
        }),
    }
}

/// Writes the one frame with hands on it: what is on disk is what was in the labels, whether or not that is true.
fn write(
    root: &Path,
    options: WriteOptions,
    change: impl Fn(&mut Scene, &mut Frame, &mut Labels),
) -> Result<(), WriteError> {
    let mut scene = scene();
    let (mut frame, mut labels) = (frame(&scene), labels(&scene));
    change(&mut scene, &mut frame, &mut labels);
    let info = DatasetInfo { labels: scene.labels.clone(), categories: scene.categories.clone(), ..info() };
    let subject = Subject::new(scene, &Library::default()).unwrap();
    let writer = DatasetWriter::create(root, info, options)?;
    writer.commit(writer.write_frame(&subject, &frame, &labels)?)?;
    writer.finish().map(|_| ())
}

fn unchanged(root: &Path, options: WriteOptions) {
    write(root, options, |_, _, _| {}).unwrap();
}

fn json_file(root: &Path, name: &str) -> Value {
    serde_json::from_slice(&fs::read(root.join(name)).unwrap()).unwrap()
}

/// Channels of an EXR file by name, as 32-bit floats.
fn floats(path: &Path) -> BTreeMap<String, Vec<f32>> {
    let image = exr::prelude::read_all_data_from_file(path).unwrap();
    let channel = |channel: &exr::prelude::AnyChannel<exr::prelude::Levels<exr::prelude::FlatSamples>>| {
        let exr::prelude::Levels::Singular(exr::prelude::FlatSamples::F32(values)) = &channel.sample_data else {
            panic!("{}: not one level of f32", path.display())
        };
        (channel.name.to_string(), values.clone())
    };
    assert_eq!(image.layer_data.len(), 1);
    image.layer_data[0].channel_data.list.iter().map(channel).collect()
}

fn vectors(path: &Path) -> Vec<[f32; 3]> {
    let channels = floats(path);
    assert_eq!(channels.keys().collect::<Vec<_>>(), ["B", "G", "R"]);
    (0..channels["R"].len()).map(|k| [channels["R"][k], channels["G"][k], channels["B"][k]]).collect()
}

/// The samples of a PNG, and what kind it is.
fn png_file(path: &Path) -> ((png::ColorType, png::BitDepth), Vec<u16>) {
    let mut reader = png::Decoder::new(std::io::BufReader::new(fs::File::open(path).unwrap())).read_info().unwrap();
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut data).unwrap();
    let kind = reader.output_color_type();
    let samples = match kind.1 {
        png::BitDepth::Sixteen => data.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect(),
        _ => data.into_iter().map(u16::from).collect(),
    };
    (kind, samples)
}

fn gray16(path: &Path) -> Vec<u16> {
    let (kind, samples) = png_file(path);
    assert_eq!(kind, (png::ColorType::Grayscale, png::BitDepth::Sixteen));
    samples
}

#[test]
fn every_output_has_its_file_and_no_other_has_one() {
    let root = tempfile::tempdir().unwrap();
    unchanged(root.path(), WriteOptions::default());
    let files = json_file(root.path(), "cameras.json")["images"][0]["files"].clone();
    let files: BTreeMap<String, String> = serde_json::from_value(files).unwrap();
    let mut expected: Vec<&str> = Output::ALL.iter().map(|output| output.name()).collect();
    expected.retain(|name| !["amodal", "poses", "boxes3d", "keypoints"].contains(name));
    // What a still has not, of a camera that is alone.
    let of_clips: Vec<&str> = Output::ALL.iter().filter(|output| output.is_of_clips()).map(|o| o.name()).collect();
    expected.retain(|name| !of_clips.contains(name) && *name != "disparity");
    expected.sort_unstable();
    assert_eq!(files.keys().collect::<Vec<_>>(), expected);
    for (name, file) in &files {
        assert!(file.starts_with(&format!("{name}/000000_main.")) && root.path().join(file).is_file(), "{file}");
    }
    let manifest = json_file(root.path(), "dataset.json");
    let conventions = manifest["conventions"]["outputs"].as_object().unwrap();
    assert_eq!(conventions.len(), Output::ALL.len());
    assert_eq!(manifest["outputs"].as_array().unwrap().len(), Output::ALL.len());

    // Each alone: its folder and nothing else.
    for output in Output::ALL.into_iter().filter(|o| !of_clips.contains(&o.name()) && *o != Output::Disparity) {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), WriteOptions::default(), |scene, _, _| scene.labels.outputs = [output].into()).unwrap();
        let mut folders: Vec<String> = fs::read_dir(root.path())
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().is_dir())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        folders.sort();
        let mut expected = vec!["annotations".to_owned(), "images".to_owned(), "journal".to_owned()];
        expected.extend(files.contains_key(output.name()).then(|| output.name().to_owned()));
        expected.sort();
        assert_eq!(folders, expected, "{}", output.name());
        let has = |name: &str| root.path().join("annotations").join(name).exists();
        assert_eq!(has("keypoints.json"), output == Output::Keypoints, "{}", output.name());
        assert_eq!(has("panoptic.json"), output == Output::Panoptic, "{}", output.name());
    }
}

#[test]
fn every_key_that_is_written_is_documented() {
    let root = tempfile::tempdir().unwrap();
    unchanged(root.path(), WriteOptions::default());
    for name in
        ["annotations/instances.json", "annotations/keypoints.json", "annotations/panoptic.json", "cameras.json"]
    {
        assert_documented(name, &json_file(root.path(), name));
    }
    // With what only a frame that is not right leaves behind.
    let root = tempfile::tempdir().unwrap();
    let scene = scene();
    let frame = frame(&scene);
    let mut info = info();
    info.assets = vec![AssetFile {
        path: "a.glb".into(),
        sha256: "0".into(),
        parts: vec![("a.bin".into(), "1".into())],
        ..AssetFile::default()
    }];
    let writer = DatasetWriter::create(root.path(), info, WriteOptions::default()).unwrap();
    let subject = Subject::new(scene, &Library::default()).unwrap();
    writer.commit(writer.reject(&subject, &frame, None, &["it is wrong".into()]).unwrap()).unwrap();
    writer.finish().unwrap();
    assert_documented("dataset.json", &json_file(root.path(), "dataset.json"));
}

/// Holds the section of docs/dataset.md on a file to every key in it.
fn assert_documented(file: &str, json: &Value) {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/dataset.md")).unwrap();
    let section = |file: &str| page.split_once(&format!("## `{file}`")).unwrap().1.split("\n## ").next().unwrap();
    let mut own = section(file).to_owned();
    if own.contains("as in `instances.json`") || own.contains("as in `keypoints.json`") {
        own += section("annotations/instances.json");
    }
    let mut found = BTreeSet::new();
    keys(json, &mut found);
    // The names of outputs are all in one table.
    let outputs: Vec<&str> = Output::ALL.iter().map(|output| output.name()).collect();
    let place = |key: &str| if outputs.contains(&key) { &page } else { &own };
    let missing: Vec<_> = found.iter().filter(|key| !place(key).contains(key.as_str())).collect();
    assert!(missing.is_empty(), "docs/dataset.md says nothing of these in {file}: {missing:?}");
}

/// The keys of a JSON value and of all within it.
fn keys(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            found.insert(key.clone());
            keys(value, found);
        }),
        Value::Array(values) => values.iter().for_each(|value| keys(value, found)),
        _ => {}
    }
}

#[test]
fn every_image_says_what_the_frame_said() {
    let root = tempfile::tempdir().unwrap();
    unchanged(root.path(), WriteOptions::default());
    let scene = scene();
    let frame = frame(&scene);
    let camera = &scene.cameras[0];
    let at = |name: &str, extension: &str| root.path().join(name).join(format!("000000_main.{extension}"));

    assert_eq!(gray16(&at("ids", "png")), [0, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0, 0]);
    assert_eq!(gray16(&at("semantic", "png")), [0, 0, 0, 0, 7, 7, 300, 0, 0, 0, 0, 0]);
    assert_eq!(gray16(&at("parts", "png")), [0, 0, 0, 0, 1, 2, 1, 0, 0, 0, 0, 0]);
    let depth = floats(&at("depth", "exr"));
    assert_eq!((&depth["Y"][..], &depth["Z"][..]), (frame.depth.pixels(), frame.depth.pixels()));
    let range = floats(&at("range", "exr"));
    assert_eq!((range.len(), &range["Y"][..]), (1, frame.range.pixels()));

    assert_eq!(vectors(&at("normals_world", "exr")), frame.shaded_normals.as_ref().unwrap().pixels());
    assert_eq!(vectors(&at("geometric_normals_world", "exr")), frame.geometric_normals.as_ref().unwrap().pixels());
    // The camera's axes in the world, from its rotation alone: right, down, forward.
    let axes = [DVec3::X, -DVec3::Y, -DVec3::Z].map(|axis| camera.rotation * axis);
    for (name, world) in
        [("normals_camera", &frame.shaded_normals), ("geometric_normals_camera", &frame.geometric_normals)]
    {
        for (found, n) in vectors(&at(name, "exr")).iter().zip(world.as_ref().unwrap().pixels()) {
            let n = DVec3::from_array(n.map(f64::from));
            for (found, axis) in found.iter().zip(axes) {
                assert!((f64::from(*found) - axis.dot(n)).abs() < 1e-7, "{name}: {found} {n} {axis}");
            }
        }
    }

    // Points project to their pixels' centres, at their depth.
    for (k, point) in (0_u32..).zip(vectors(&at("position", "exr"))) {
        if k < 4 {
            assert_eq!(point, [0.0; 3]);
            continue;
        }
        let Projected { pixel, depth, .. } = camera.project(DVec3::from_array(point.map(f64::from))).unwrap();
        let centre = DVec2::new(f64::from(k % 4) + 0.5, f64::from(k / 4) + 0.5);
        assert!(pixel.distance(centre) < 1e-4, "{pixel} {centre}");
        assert!((depth - f64::from(frame.depth.pixels()[k as usize])).abs() < 1e-6);
    }

    // Corner, centre and corner of the box would be: 0.5 -/+ half an edge over the diagonal. Here, each by the definition.
    let extents = [DVec3::splat(0.2), DVec3::new(0.2, 0.4, 0.4), DVec3::splat(0.2)]; // spheres of radius 0.1, and the box
    for (k, found) in vectors(&at("nocs", "exr")).into_iter().enumerate() {
        let surface = frame.surfaces.pixels()[k];
        if frame.ids.pixels()[k] == 0 {
            assert_eq!(found, [0.0; 3], "what has no label is no object");
            continue;
        }
        let owner = frame.owners[surface as usize - 1].instance as usize;
        let s = scene.instances[owner].scale;
        let p = DVec3::from_array(frame.coordinates.as_ref().unwrap().pixels()[k].map(f64::from));
        let expected = p * s / (extents[owner] * s).length() + 0.5;
        assert!(DVec3::from_array(found.map(f64::from)).distance(expected) < 1e-7, "{k}: {found:?} {expected}");
    }
    // And one by hand: the mug's handle, p = (0.05, -0.1, 0.125), s = (-1, 2, 0.5): |(0.2, 0.8, 0.2)| = 0.848528.
    let [x, y, z] = vectors(&at("nocs", "exr"))[5];
    assert!(
        (x - 0.441_074).abs() < 1e-6 && (y - 0.264_298).abs() < 1e-6 && (z - 0.573_657).abs() < 1e-6,
        "{x} {y} {z}"
    );

    let uv: Vec<[f32; 3]> = frame.uv.as_ref().unwrap().pixels().iter().map(|&[u, v]| [u, v, 0.0]).collect();
    assert_eq!(vectors(&at("uv", "exr")), uv);
    assert_eq!(vectors(&at("emission", "exr")), frame.emission.as_ref().unwrap().pixels());

    let (kind, roughness) = png_file(&at("roughness", "png"));
    assert_eq!(kind, (png::ColorType::Grayscale, png::BitDepth::Eight));
    assert_eq!(roughness, [0, 0, 0, 0, 93, 116, 139, 162, 185, 209, 232, 255]);
    assert_eq!(png_file(&at("metallic", "png")).1, [0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0]);
    let (kind, albedo) = png_file(&at("albedo", "png"));
    assert_eq!(kind, (png::ColorType::Rgb, png::BitDepth::Eight));
    // Linear 0.5 is sRGB 0.7354, and 4/11 is 0.6371.
    assert_eq!(
        (&albedo[..3], &albedo[12..15], &albedo[33..]),
        (&[0, 0, 0][..], &[162, 188, 0][..], &[255, 188, 0][..])
    );
    let (kind, panoptic) = png_file(&at("panoptic", "png"));
    assert_eq!(kind, (png::ColorType::Rgb, png::BitDepth::Eight));
    // 70000 = 0x11170
    assert_eq!(&panoptic[12..24], [1, 0, 0, 1, 0, 0, 0x70, 0x11, 1, 0, 0, 0]);
}

#[test]
fn what_is_known_of_an_instance_is_among_its_attributes() {
    let root = tempfile::tempdir().unwrap();
    unchanged(root.path(), WriteOptions::default());
    let coco = json_file(root.path(), "annotations/instances.json");
    let (mug, ball) = (&coco["annotations"][0], &coco["annotations"][1]);
    assert_eq!((&mug["iscrowd"], &ball["iscrowd"]), (&json!(1), &json!(0)));
    assert_eq!(ball["attributes"].get("marked"), None);
    let attributes = &mug["attributes"];
    assert_eq!(attributes["marked"], "min_visibility");
    assert_eq!((attributes["visibility"].as_f64(), attributes["truncation"].as_f64()), (Some(2.0 / 3.0), Some(0.25)));
    assert_eq!((&attributes["amodal_bbox"], &attributes["amodal_area"]), (&json!([-1, 1, 4, 1]), &json!(4)));
    let counts = attributes["amodal_segmentation"]["counts"].as_str().unwrap();
    assert_eq!(Rle::from_compressed(3, 4, counts).unwrap(), rle(&[(0, 1), (1, 1), (2, 1)]));
    assert_eq!(attributes["hidden_by"][1], json!({"instance_id": 2, "pixels": 1}));
    assert_eq!(attributes["distance"], 1.5);
    assert_eq!(attributes["pose"]["scale"], json!([-1.0, 2.0, 0.5]));
    assert_eq!(attributes["pose"]["camera_from_object"][0], json!([1.0, 0.0, 0.0, 0.5]));
    let oriented = &attributes["box3d"]["oriented"];
    assert_eq!((&oriented["corners"][6], &oriented["pixels"][6]), (&json!([0.0, 1.0, 1.0]), &json!([0.0, 2.0])));
    assert_eq!(oriented["pixels"][3], Value::Null);
    assert_eq!((&oriented["center"], &oriented["size"]), (&json!([0.5, 0.5, 0.5]), &json!([1.0, 1.0, 1.0])));
    assert!(attributes["box3d"]["axis_aligned"].is_object());

    let left_out = &coco["images"][0]["left_out"];
    assert_eq!(left_out.as_array().unwrap().len(), 1);
    let left_out = &left_out[0];
    assert_eq!((&left_out["instance_id"], &left_out["category_id"]), (&json!(3), &json!(300)));
    assert_eq!(
        (&left_out["object"], &left_out["reason"], &left_out["area"]),
        (&json!("balls[1]"), &json!("hidden"), &json!(0))
    );
    assert_eq!(left_out["hidden_by"], json!([{"instance_id": 1, "pixels": 1}]));
    assert_eq!(left_out["amodal_area"], 4);

    let totals = &json_file(root.path(), "dataset.json")["totals"]["categories"];
    assert_eq!(totals[0]["marked"], json!({"hidden": 0, "min_visible_px": 0, "min_visibility": 1}));
    assert_eq!(totals[1]["left_out"], json!({"hidden": 1, "min_visible_px": 0, "min_visibility": 0}));
    assert_eq!((&totals[1]["marked"]["min_visibility"], &totals[0]["left_out"]["hidden"]), (&json!(0), &json!(0)));

    // Nothing that was not asked for.
    let root = tempfile::tempdir().unwrap();
    write(root.path(), WriteOptions::default(), |scene, _, labels| {
        scene.labels.outputs.clear();
        labels.left_out.clear();
        for annotation in &mut labels.annotations {
            (annotation.amodal, annotation.pose, annotation.box3d, annotation.marked) = (None, None, None, None);
        }
    })
    .unwrap();
    let coco = json_file(root.path(), "annotations/instances.json");
    assert_eq!(coco["images"][0].get("left_out"), None);
    assert!(coco["annotations"].as_array().unwrap().iter().all(|a| a.get("attributes").is_none()));
}

#[test]
fn masks_come_in_the_form_that_was_chosen_but_crowds_and_amodal_ones_are_run_lengths() {
    for (masks, plain, marked, amodal) in [
        (MaskFormat::RleCompressed, json!({"size": [3, 4], "counts": "714"}), "string", "string"),
        (MaskFormat::RleUncompressed, json!({"size": [3, 4], "counts": [7, 1, 4]}), "array", "array"),
        (MaskFormat::Polygons, json!([[2, 1, 3, 1, 3, 2, 2, 2]]), "string", "string"),
    ] {
        let root = tempfile::tempdir().unwrap();
        unchanged(root.path(), WriteOptions { masks, ..WriteOptions::default() });
        let annotations = json_file(root.path(), "annotations/instances.json")["annotations"].clone();
        let kind = |value: &Value| {
            if value.is_string() {
                "string"
            } else if value.is_array() {
                "array"
            } else {
                "none"
            }
        };
        assert_eq!(annotations[1]["segmentation"], plain, "{masks:?}");
        assert_eq!(kind(&annotations[0]["segmentation"]["counts"]), marked, "{masks:?}");
        assert_eq!(kind(&annotations[1]["attributes"]["amodal_segmentation"]["counts"]), amodal, "{masks:?}");
    }
}

#[test]
fn keypoints_and_skeletons_are_counted_as_coco_counts() {
    let root = tempfile::tempdir().unwrap();
    unchanged(root.path(), WriteOptions::default());
    let coco = json_file(root.path(), "annotations/keypoints.json");
    let instances = json_file(root.path(), "annotations/instances.json");
    let categories = coco["categories"].as_array().unwrap();
    assert_eq!(categories.len(), 1, "sand has no keypoints");
    assert_eq!(categories[0]["keypoints"], json!(["rim", "handle", "foot"]));
    assert_eq!(categories[0]["skeleton"], json!([[1, 2], [2, 3]]));
    let annotations = coco["annotations"].as_array().unwrap();
    assert_eq!(annotations.len(), 1);
    assert_eq!(annotations[0]["keypoints"], json!([0.0, 1.25, 2, 1.75, 1.0, 1, 0, 0, 0]));
    assert_eq!(annotations[0]["num_keypoints"], 2);
    for key in ["id", "image_id", "category_id", "segmentation", "area", "bbox", "iscrowd"] {
        assert_eq!(annotations[0][key], instances["annotations"][0][key], "{key}");
    }
    assert_eq!(coco["images"].as_array().unwrap().len(), 1);
}

#[test]
fn panoptic_segments_are_listed_with_their_categories() {
    let root = tempfile::tempdir().unwrap();
    unchanged(root.path(), WriteOptions::default());
    let coco = json_file(root.path(), "annotations/panoptic.json");
    assert_eq!((&coco["categories"][0]["isthing"], &coco["categories"][1]["isthing"]), (&json!(1), &json!(0)));
    assert_ne!(coco["categories"][0]["color"], coco["categories"][1]["color"]);
    assert_eq!(coco["images"][0]["id"], coco["annotations"][0]["image_id"]);
    assert_eq!(coco["annotations"][0]["file_name"], "000000_main.png");
    assert_eq!(
        coco["annotations"][0]["segments_info"],
        json!([
            {"id": 1, "category_id": 7, "area": 2, "bbox": [0, 1, 2, 1], "iscrowd": 1},
            {"id": 70_000, "category_id": 300, "area": 1, "bbox": [2, 1, 1, 1], "iscrowd": 0},
        ])
    );
}

#[test]
fn the_manifest_says_what_was_asked_and_what_parts_are_called() {
    let root = tempfile::tempdir().unwrap();
    unchanged(
        root.path(),
        WriteOptions { audit: false, depth: DepthFormat::PngMillimetres, ..WriteOptions::default() },
    );
    let manifest = json_file(root.path(), "dataset.json");
    assert_eq!((&manifest["format_version"], &manifest["state"]), (&json!(2), &json!("complete")));
    assert_eq!(manifest["labels"], json!({"min_visible_px": 2, "min_visibility": 0.25, "below": "mark"}));
    assert_eq!((&manifest["audit"], &manifest["rejected"]), (&json!("off"), &json!([])));
    assert_eq!(manifest["parts"], json!([{"asset": "mug.glb", "names": ["body", "handle"]}]));
    assert!(manifest["conventions"]["outputs"]["depth"].as_str().unwrap().contains("millimetres"));
    assert_eq!(manifest["outputs"][0], "ids");
    assert_eq!(gray16(&root.path().join("depth/000000_main.png"))[..5], [0, 0, 0, 0, 1500]);
}

#[test]
fn what_no_file_can_say_is_refused_and_nothing_is_written() {
    type Change = fn(&mut Scene, &mut Frame, &mut Labels);
    let cases: [(&str, Change); 14] = [
        ("nocs", |_, frame, _| frame.coordinates = None),
        ("roughness", |_, frame, _| frame.roughness.as_mut().unwrap().set(3, 2, f32::NAN)),
        ("albedo", |_, frame, _| frame.albedo.as_mut().unwrap().set(3, 2, [f32::INFINITY, 0.0, 0.0])),
        ("normals_camera", |_, frame, _| frame.shaded_normals.as_mut().unwrap().set(3, 2, [0.0, f32::NAN, 0.0])),
        ("uv", |_, frame, _| frame.uv.as_mut().unwrap().set(0, 0, [0.0, f32::NEG_INFINITY])),
        ("range", |_, frame, _| frame.range.set(0, 0, -1.0)),
        ("semantic", |_, frame, _| frame.surfaces.set(0, 0, 5)),
        ("nocs", |_, frame, _| frame.coordinates = Image::new(2, 2, vec![[0.0; 3]; 4])),
        ("panoptic", |_, _, labels| labels.panoptic = None),
        ("visibility", |_, _, labels| labels.annotations[0].amodal.as_mut().unwrap().visibility = f64::NAN),
        ("pose", |_, _, labels| labels.annotations[1].pose.as_mut().unwrap().camera_from_object[0][3] = f64::INFINITY),
        ("3D box", |_, _, labels| {
            labels.annotations[1].box3d.as_mut().unwrap().oriented.pixels[0] = Some([f64::NAN, 0.0]);
        }),
        ("keypoint", |_, _, labels| labels.annotations[0].keypoints = None),
        ("amodal", |_, _, labels| labels.annotations[0].amodal = None),
    ];
    for (what, change) in cases {
        let root = tempfile::tempdir().unwrap();
        let error = write(root.path(), WriteOptions::default(), change).unwrap_err();
        assert!(error.is_of_the_frame(), "{what}: {error}");
        assert!(error.to_string().contains(what), "{what}: {error}");
        let images = fs::read_dir(root.path().join("images")).unwrap().count();
        assert_eq!(images, 0, "{what}");
    }
}

#[test]
fn numbers_too_large_for_16_bits_get_a_32_bit_file_by_the_scene() {
    let root = tempfile::tempdir().unwrap();
    // The large category is not seen in this frame; another of the same scene may show it.
    write(root.path(), WriteOptions::default(), |scene, frame, labels| {
        scene.categories.push(Category::new(65_536, "far", ""));
        let mut owners = frame.owners.to_vec();
        owners.push(Owner { instance: 2, id: 2, part: 70_000 });
        frame.owners = owners.into();
        frame.surfaces.set(2, 1, 5);
        labels.left_out.clear();
    })
    .unwrap();
    let path = |name: &str| root.path().join(name).join("000000_main.exr");
    let read = |name: &str| {
        let image = exr::prelude::read_all_data_from_file(path(name)).unwrap();
        let channel = &image.layer_data[0].channel_data.list[0];
        assert_eq!(channel.name.to_string(), "id");
        match &channel.sample_data {
            exr::prelude::Levels::Singular(exr::prelude::FlatSamples::U32(found)) => found.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(read("semantic")[4..7], [7, 7, 300]);
    assert_eq!(read("parts")[4..7], [1, 2, 70_000]);
    assert!(!path("ids").exists());
}

#[test]
fn linear_values_become_the_nearest_srgb_values() {
    let values: Vec<[f32; 3]> = (0..4096_u16).map(|k| [f32::from(k) / 4095.0, f32::from(k) / 40_950.0, -0.5]).collect();
    let image = Image::new(64, 64, values.clone()).unwrap();
    let path = tempfile::NamedTempFile::new().unwrap();
    fs::write(path.path(), linear_png(&image).unwrap()).unwrap();
    let found = png_file(path.path()).1;
    for (pixel, found) in values.iter().zip(found.chunks_exact(3)) {
        for (&linear, &found) in pixel.iter().zip(found) {
            // The transfer function of IEC 61966-2-1, by the standard library.
            let c = f64::from(linear.max(0.0));
            #[expect(clippy::disallowed_methods, reason = "a second opinion on libm")]
            let srgb = if c <= 0.003_130_8 { 12.92 * c } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 };
            assert!((srgb * 255.0 - f64::from(found)).abs() <= 0.5 + 1e-6, "{linear}: {srgb} {found}");
        }
    }
    let clipped = Image::new(2, 1, vec![[1.5, 1.0, 0.0], [f32::MAX, 0.999_999, 1e-30]]).unwrap();
    fs::write(path.path(), linear_png(&clipped).unwrap()).unwrap();
    assert_eq!(png_file(path.path()).1, [255, 255, 0, 255, 255, 0]);
    assert!(matches!(unit_png(&Image::filled(1, 1, f32::NAN)), Err(EncodeError::NotFinite(_))));
}

#[test]
fn images_that_are_too_short_or_too_long_are_refused() {
    let count = |n: usize| vectors_exr(3, 2, std::iter::repeat_n([1.0; 3], n));
    assert!(count(6).is_ok());
    assert!(matches!(count(5), Err(EncodeError::Missing)) && matches!(count(7), Err(EncodeError::Missing)));
    assert!(panoptic_png(&Image::filled(1, 1, (1 << 24) - 1)).is_ok());
    assert!(matches!(panoptic_png(&Image::filled(1, 1, 1 << 24)), Err(EncodeError::SegmentTooLarge { .. })));
    assert!(matches!(vectors_exr(0, 2, std::iter::empty()), Err(EncodeError::Missing)));
    assert!(ids_exr(&Image::filled(0, 2, 7)).is_err());
}

proptest! {
    /// Rows of runs of any length and of noise, read back by a reader that is not ours.
    #[test]
    fn exr_files_come_back_bit_for_bit(
        width in 1_u32..400, height in 1_u32..6,
        pieces in proptest::collection::vec((1_usize..300, any::<u32>(), any::<bool>()), 1..40),
    ) {
        let count = width as usize * height as usize;
        let values = pieces.iter().cycle().flat_map(|&(length, value, is_noise)| {
            // A run of one value, of which all bytes or only some are alike; or something else at each pixel.
            (0..length).map(move |k| {
                let k = u32::try_from(k).unwrap();
                if is_noise { value.wrapping_mul(2 * k + 1).rotate_left(k) } else { value & 0x00ff_ff00 }
            })
        });
        let ids = Image::new(width, height, values.take(count).collect()).unwrap();
        let path = tempfile::NamedTempFile::new().unwrap();
        fs::write(path.path(), ids_exr(&ids).unwrap()).unwrap();
        let image = exr::prelude::read_all_data_from_file(path.path()).unwrap();
        match &image.layer_data[0].channel_data.list[0].sample_data {
            exr::prelude::Levels::Singular(exr::prelude::FlatSamples::U32(found)) => prop_assert_eq!(&found[..], ids.pixels()),
            other => panic!("{other:?}"),
        }

        let vectors_of = |id: u32| [id, id / 3, !id].map(|bits| f32::from_bits(bits & 0x3fff_ffff)); // all finite
        let expected: Vec<[f32; 3]> = ids.pixels().iter().map(|&id| vectors_of(id)).collect();
        fs::write(path.path(), vectors_exr(width, height, expected.iter().copied()).unwrap()).unwrap();
        prop_assert_eq!(vectors(path.path()), expected);
    }
}

#[test]
fn a_mirrored_camera_frame_would_show() {
    // The one camera frame in which x, y and z of a world normal are all different: right, down, forward.
    let root = tempfile::tempdir().unwrap();
    write(root.path(), WriteOptions::default(), |scene, _, labels| {
        scene.cameras[0].rotation = DQuat::IDENTITY;
        labels.camera = CameraLabel::new(&scene.cameras[0]);
    })
    .unwrap();
    let normals = vectors(&root.path().join("normals_camera/000000_main.exr"));
    assert_eq!((normals[4], normals[5]), ([0.0, -1.0, 0.0], [0.6, 0.0, -0.8]));
    let all = [NormalFrame::Camera, NormalFrame::World]
        .map(|frame| Output::Normals { frame, surface: NormalSurface::Shaded });
    assert_ne!(all[0].name(), all[1].name());
}

/// Scene `index` with everything that labels have to tell apart: things that hide each other and themselves, are cut off by the
/// frame, are hidden altogether, are mirrored and stretched, have parts, are stuff, or are of no category.
fn full_scene(index: u64, below: Below, library: &mut Library) -> Scene {
    let mut scene = synthetic::scene(index, 9, &["left", "main"], (96, 72));
    let turn = f64::from(u32::try_from(index).unwrap()) * 0.7;
    scene.labels = LabelSettings { outputs: Output::ALL.into(), min_visible_px: 12, min_visibility: 0.3, below };
    let mut box_of_keypoints = Category::new(1, "crate", "thing");
    box_of_keypoints.keypoints = ["corner_0", "corner_7", "front", "none"].map(Into::into).to_vec();
    box_of_keypoints.skeleton = vec![[0, 1], [1, 2]];
    let mut sand = Category::new(4, "sand", "");
    sand.stuff = true;
    scene.categories = vec![box_of_keypoints, Category::new(2, "ball", ""), Category::new(3, "mug", ""), sand];
    let mug = "mug.glb";
    library.load_model(&Path::new(env!("CARGO_MANIFEST_DIR")).join("assets"), mug).unwrap();

    let yaw = DQuat::from_rotation_y(turn);
    type Thing = (Option<u32>, Shape, DVec3, DQuat, DVec3);
    let things: [Thing; 10] = [
        (None, Shape::Plane(DVec2::new(4.0, 4.0)), DVec3::ZERO, DQuat::IDENTITY, DVec3::ONE),
        (Some(1), Shape::Box(DVec3::new(0.3, 0.2, 0.25)), DVec3::new(0.0, 0.1, 0.0), yaw, DVec3::ONE),
        (
            Some(1),
            Shape::Box(DVec3::new(0.2, 0.2, 0.2)),
            DVec3::new(-0.45, 0.2, -0.1),
            yaw,
            DVec3::new(-1.0, 2.0, 0.75),
        ),
        (Some(2), Shape::Sphere(0.12), DVec3::new(0.12, 0.12, 0.35), DQuat::IDENTITY, DVec3::ONE),
        (Some(2), Shape::Sphere(0.04), DVec3::new(0.0, 0.1, 0.0), DQuat::IDENTITY, DVec3::ONE), // inside of the first crate
        (Some(2), Shape::Sphere(0.2), DVec3::new(1.0, 0.2, 0.3), DQuat::IDENTITY, DVec3::new(1.0, 0.8, 1.2)), // cut off
        (Some(2), Shape::Sphere(0.09), DVec3::new(0.05, 0.09, -0.35), DQuat::IDENTITY, DVec3::ONE), // behind the crate
        (Some(3), Shape::Gltf(mug.into()), DVec3::new(-0.25, 0.0, 0.45), yaw, DVec3::splat(1.5)),
        (Some(4), Shape::Plane(DVec2::new(0.5, 0.4)), DVec3::new(0.5, 0.002, -0.1), DQuat::IDENTITY, DVec3::ONE),
        (Some(4), Shape::Plane(DVec2::new(0.4, 0.4)), DVec3::new(-0.6, 0.002, 0.5), DQuat::IDENTITY, DVec3::ONE),
    ];
    for (instance, (category, shape, position, rotation, scale)) in scene.instances.iter_mut().zip(things) {
        (instance.category, instance.shape) = (category, shape);
        (instance.position, instance.rotation, instance.scale) = (position, rotation, scale);
        instance.keypoint_tolerance = 0.005;
        if let (Some(1), Shape::Box(edges)) = (category, &instance.shape) {
            let point = |name: &str, at: DVec3| Keypoint { name: name.into(), position: at * *edges / 2.0 };
            instance.keypoints =
                vec![point("corner_0", DVec3::splat(-1.0)), point("corner_7", DVec3::ONE), point("front", DVec3::Z)];
        }
    }
    for (camera, side) in scene.cameras.iter_mut().zip([-0.5, 0.2]) {
        camera.position = DVec3::new(side, 0.7, 1.4);
        camera.rotation = look_at(camera.position, DVec3::new(0.05, 0.08, 0.0), 0.1);
        (camera.fx, camera.fy, camera.cx, camera.cy) = (100.0, 104.0, 47.5, 37.25);
    }
    scene.placed.clear();
    scene
}

/// Writes `count` scenes, as the program would, with all their frames ray-cast.
fn write_full(root: &Path, count: u64, below: Below, options: WriteOptions, threads: usize) -> Summary {
    let mut library = Library::default();
    let first = full_scene(0, below, &mut library);
    let info = DatasetInfo {
        categories: first.categories.clone(),
        labels: first.labels.clone(),
        parts: library
            .models
            .iter()
            .map(|(path, model)| (path.clone(), model.parts.iter().map(|part| part.name.clone()).collect()))
            .collect(),
        ..synthetic::info(0, count, &["left", "main"])
    };
    let writer = DatasetWriter::create(root, info, options).unwrap();
    let sink = FrameSink::new(writer, NonZeroUsize::new(threads).unwrap()).unwrap();
    for index in 0..count {
        let scene = full_scene(index, below, &mut library);
        let subject = Arc::new(Subject::new(scene, &library).unwrap());
        for camera in 0..2 {
            sink.push(subject.clone(), cast(&subject.scene, &library, camera)).unwrap();
        }
    }
    sink.finish().unwrap().0
}

/// With `SCENEWRIGHT_WRITE_SAMPLE_DATASET=dir`, also the input of `tests/readers/check_dataset.py`.
#[test]
fn ray_cast_frames_with_every_output_pass_the_audit_and_are_the_same_with_any_number_of_threads() {
    let thrown_away = tempfile::tempdir().unwrap();
    let root =
        std::env::var_os("SCENEWRIGHT_WRITE_SAMPLE_DATASET").map_or(thrown_away.path().to_path_buf(), Into::into);
    let options = WriteOptions { overwrite: true, ..WriteOptions::default() };
    let variants = [
        ("everything", Below::Mark, options),
        ("everything-marked-polygons", Below::Mark, WriteOptions { masks: MaskFormat::Polygons, ..options }),
        ("everything-left-out", Below::LeaveOut, options),
        (
            "everything-kept",
            Below::Keep,
            WriteOptions { masks: MaskFormat::RleUncompressed, depth: DepthFormat::PngMillimetres, ..options },
        ),
    ];
    for (name, below, options) in variants {
        let summary = write_full(&root.join(name), 2, below, options, 1);
        assert_eq!(summary.first_rejected, [], "{name}");
        assert_eq!((summary.images, summary.rejected), (4, 0), "{name}");
        let counts = |of: fn(&CategoryCount) -> ByReason| -> u64 {
            summary.categories.iter().map(of).map(|r| r.hidden + r.min_visible_px + r.min_visibility).sum()
        };
        let (marked, left_out) = (counts(|c| c.marked), counts(|c| c.left_out));
        // The ball inside of the crate is left out of all four frames in any case.
        assert!(left_out >= 4 && (marked > 0) == (below == Below::Mark), "{name}: {marked} {left_out}");
        assert_eq!(left_out > 4, below == Below::LeaveOut, "{name}: {left_out}");
    }
    let again = tempfile::tempdir().unwrap();
    write_full(again.path(), 2, Below::Mark, WriteOptions::default(), 4);
    assert!(crate::dataset::contents(again.path()) == crate::dataset::contents(&root.join("everything")), "4 threads");
}

#[test]
fn a_frame_that_fails_the_audit_is_kept_aside_unless_the_audit_is_off() {
    for audit in [true, false] {
        let root = tempfile::tempdir().unwrap();
        let mut library = Library::default();
        let scene = full_scene(0, Below::Keep, &mut library);
        let info = DatasetInfo {
            categories: scene.categories.clone(),
            labels: scene.labels.clone(),
            ..synthetic::info(0, 1, &["left", "main"])
        };
        let options = WriteOptions { audit, ..WriteOptions::default() };
        let sink =
            FrameSink::new(DatasetWriter::create(root.path(), info, options).unwrap(), NonZeroUsize::MIN).unwrap();
        let subject = Arc::new(Subject::new(scene, &library).unwrap());
        for camera in 0..2 {
            let mut frame = cast(&subject.scene, &library, camera);
            if camera == 1 {
                // The floor, a little nearer than it is.
                let (x, y) = (10, 60);
                let depth = *frame.depth.get(x, y).unwrap();
                assert_eq!(frame.ids.get(x, y), Some(&0));
                frame.depth.set(x, y, depth * 0.9);
            }
            sink.push(subject.clone(), frame).unwrap();
        }
        let (summary, _) = sink.finish().unwrap();
        assert_eq!(summary.rejected, u64::from(audit));
        let manifest = json_file(root.path(), "dataset.json");
        assert_eq!(manifest["state"], if audit { "incomplete" } else { "complete" });
        assert_eq!(manifest["audit"], if audit { "on" } else { "off" });
        assert_eq!(root.path().join("images/000000_main.png").exists(), !audit);
        // Every image of it can be encoded, and is there to be looked at; 17 outputs have one.
        let kept = fs::read_dir(root.path().join("rejected/000000_main")).map_or(0, Iterator::count);
        assert_eq!(kept, if audit { 17 + 3 } else { 0 });
        if audit {
            let reason = fs::read_to_string(root.path().join("rejected/000000_main/reason.txt")).unwrap();
            assert!(reason.contains("depth") && !reason.contains("Not here"), "{reason}");
        }
    }
}
