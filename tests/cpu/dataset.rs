//! Files on disk.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use glam::{DMat4, DVec3};
use scenewright::annotate::annotate;
use scenewright::assets::AssetFile;
use scenewright::frame::Frame;
use scenewright::image::Image;
use scenewright::scene::{Output, Projected, Scene};
use scenewright::write::encode::{EncodeError, depth_exr, depth_png, ids_exr, ids_png, millimetres, rgb_png};
use scenewright::write::files::{write_whole, write_whole_with};
use scenewright::write::{
    DatasetInfo, DatasetWriter, DepthFormat, FrameRecord, FrameSink, MaskFormat, WriteError, WriteOptions,
};
use serde_json::Value;

use crate::synthetic::{empty_frame, info, paint, rectangle, ring, scene, subject};

pub(crate) const CAMERAS: [&str; 2] = ["left", "main"];

/// Scene `index` as both cameras see it: rings with holes, overlaps, and for every third scene nothing labelled at all.
pub(crate) fn frames(index: u64, size: (u32, u32)) -> (Arc<Scene>, Vec<Frame>) {
    let scene = scene(index, 5, &CAMERAS, size);
    let shift = u32::try_from(index % 7).unwrap();
    let paint_all = |camera: usize| {
        let mut frame = empty_frame(&scene, camera);
        if index % 3 != 2 {
            paint(&mut frame, 1, 2.5, rectangle([3 + shift, 5, 12, 9]));
            paint(&mut frame, 2, 1.75, ring(22, 16 + shift % 3, 9, 4));
            paint(&mut frame, 5, 1.5, rectangle([18, 10, 20, 3]));
        }
        if camera == 1 {
            // Chequers touch at corners only; the sieve is full of holes, at the border of the image too.
            let chequers = |x: u32, y: u32| (x + y).is_multiple_of(2) && x > 34 && y > 25;
            let sieve = |x: u32, y: u32| x > 24 && y > 15 && (x * 2_654_435 + y * 40_503) >> 3 & 3 != 0;
            paint(&mut frame, 4, 0.0625, |x, y| if index.is_multiple_of(2) { chequers(x, y) } else { sieve(x, y) });
        }
        frame
    };
    let frames = (0..CAMERAS.len()).map(paint_all).collect();
    (Arc::new(scene), frames)
}

/// Writes a dataset, committing frames in the given order.
pub(crate) fn write_dataset(
    root: &Path,
    info: DatasetInfo,
    options: WriteOptions,
    order: impl IntoIterator<Item = u64>,
) {
    let writer = DatasetWriter::create(root, info, options).unwrap();
    for index in order {
        let (scene, frames) = frames(index, (48, 32));
        for frame in frames.iter().rev() {
            writer.commit(write(&writer, &scene, frame).unwrap()).unwrap();
        }
    }
    writer.finish().unwrap();
}

/// Annotates a frame and writes it.
pub(crate) fn write(writer: &DatasetWriter, scene: &Scene, frame: &Frame) -> Result<FrameRecord, WriteError> {
    let subject = subject(scene);
    writer.write_frame(&subject, frame, &annotate(&subject, frame).unwrap())
}

/// The frames of these tests are painted, and no camera could have taken them.
pub(crate) fn unaudited() -> WriteOptions {
    WriteOptions { audit: false, ..WriteOptions::default() }
}

/// Every file below `root`, by path.
pub(crate) fn contents(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn threads(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).unwrap()
}

#[test]
fn a_dataset_holds_what_the_frames_showed() {
    let root = tempfile::tempdir().unwrap();
    let mut info = info(6, 3, &CAMERAS);
    let part = ("mug.bin".to_string(), "00".repeat(32));
    info.assets.push(AssetFile {
        path: "mug.gltf".into(),
        sha256: "ff".repeat(32),
        parts: vec![part],
        ..AssetFile::default()
    });
    write_dataset(root.path(), info, WriteOptions::default(), 6..9);

    let names: Vec<_> = contents(root.path()).into_keys().collect();
    let mut expected: Vec<String> = [
        "SHA256SUMS",
        "annotations/instances.json",
        "cameras.json",
        "dataset.json",
        "journal/all.ndjson",
        "journal/begun.ron",
    ]
    .map(Into::into)
    .to_vec();
    for stem in ["000006_left", "000006_main", "000007_left", "000007_main", "000008_left", "000008_main"] {
        expected.extend([format!("depth/{stem}.exr"), format!("ids/{stem}.png"), format!("images/{stem}.png")]);
    }
    expected.sort();
    assert_eq!(names, expected, "and no temporary file");

    let coco = json(&root.path().join("annotations/instances.json"));
    let images = coco["images"].as_array().unwrap();
    // index * 2 cameras + camera + 1
    assert_eq!(images.iter().map(|i| i["id"].as_u64().unwrap()).collect::<Vec<_>>(), [13, 14, 15, 16, 17, 18]);
    assert_eq!(images[1]["file_name"], "000006_main.png");
    assert_eq!((&images[1]["scene_index"], &images[1]["camera"]), (&6.into(), &"main".into()));
    let annotations = coco["annotations"].as_array().unwrap();
    // Scene 8 has no labelled thing but the chequers of camera "main": 3 + 4, 3 + 4, 0 + 1.
    assert_eq!(annotations.len(), 15);
    for (annotation, id) in annotations.iter().zip(1..) {
        assert_eq!(annotation["id"], id);
        assert_eq!(annotation["iscrowd"], 0);
    }
    assert_eq!(annotations[0]["object"], "mugs[0]");
    assert_eq!(annotations[0]["bbox"], serde_json::json!([9, 5, 12, 9]), "shifted by 6 % 7");
    let order: Vec<_> = annotations.iter().map(|a| (a["image_id"].as_u64(), a["instance_id"].as_u64())).collect();
    assert!(order.is_sorted());
    assert_eq!(coco["categories"].as_array().unwrap().len(), 3, "the one that is never seen too");
    assert!(coco["info"].is_object() && coco["licenses"].is_array());

    let manifest = json(&root.path().join("dataset.json"));
    assert_eq!(manifest["state"], "complete");
    // printf '(version: 1, name: "synthetic")\n' | sha256sum
    assert_eq!(manifest["recipe"]["sha256"], "98de842f3f5f4eb6c73b9981010adc7113d72b9bd90d82c8cb42764e3cd186a0");
    assert_eq!(manifest["totals"]["scenes"], 3);
    assert_eq!(manifest["totals"]["images_without_annotations"], 1);
    assert_eq!(manifest["totals"]["categories"][2]["annotations"], 0);
    // Mugs: ids 1 and 5 in four images each. Balls: id 2 in four, id 4 in three.
    assert_eq!(manifest["totals"]["categories"][0]["annotations"], 8);
    assert_eq!(manifest["totals"]["categories"][1]["annotations"], 7);
    assert_eq!(manifest["totals"]["categories"][1]["images"], 5);
    assert_eq!(manifest["totals"]["placement"][0], serde_json::json!({"object": "mugs", "asked": 15, "placed": 9}));
    assert_eq!(manifest["assets"][0]["parts"][0]["path"], "mug.bin");
}

#[test]
fn cameras_are_written_in_opencv_convention() {
    let root = tempfile::tempdir().unwrap();
    write_dataset(root.path(), info(0, 1, &CAMERAS), WriteOptions::default(), [0]);
    let entry = &json(&root.path().join("cameras.json"))["images"][0];
    let camera = crate::synthetic::camera("left");
    assert_eq!(entry["K_opencv"], serde_json::json!([[100.0, 0.0, 29.75], [0.0, 110.0, 20.0], [0.0, 0.0, 1.0]]));
    assert_eq!((entry["cx"].as_f64(), entry["cy"].as_f64()), (Some(30.25), Some(20.5)));
    assert_eq!(entry["files"], serde_json::json!({"ids": "ids/000000_left.png", "depth": "depth/000000_left.exr"}));

    let rows: [[f64; 4]; 4] = serde_json::from_value(entry["opencv_camera_from_world"].clone()).unwrap();
    let camera_from_world = DMat4::from_cols_array_2d(&rows).transpose();
    let world = DVec3::new(-0.7, 0.1, 0.3);
    let in_camera = camera_from_world.transform_point3(world);
    // K times the point gives OpenCV's pixel, half a pixel less than ours.
    let Projected { pixel: ours, depth, .. } = camera.project(world).unwrap();
    assert!((in_camera.z - depth).abs() < 1e-12);
    assert!((100.0 * in_camera.x / in_camera.z + 29.75 - (ours.x - 0.5)).abs() < 1e-9);
    assert!((110.0 * in_camera.y / in_camera.z + 20.0 - (ours.y - 0.5)).abs() < 1e-9);
    let rows: [[f64; 4]; 4] = serde_json::from_value(entry["world_from_opencv_camera"].clone()).unwrap();
    let product = DMat4::from_cols_array_2d(&rows).transpose() * camera_from_world;
    assert!(product.abs_diff_eq(DMat4::IDENTITY, 1e-12));
}

#[test]
fn the_order_of_frames_and_the_number_of_threads_do_not_show() {
    let (forwards, backwards) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_dataset(forwards.path(), info(0, 6, &CAMERAS), unaudited(), 0..6);
    write_dataset(backwards.path(), info(0, 6, &CAMERAS), unaudited(), (0..6).rev());
    let expected = contents(forwards.path());
    assert_eq!(contents(backwards.path()), expected);

    for count in [1, 4] {
        let root = tempfile::tempdir().unwrap();
        let writer = DatasetWriter::create(root.path(), info(0, 6, &CAMERAS), unaudited()).unwrap();
        let sink = FrameSink::new(writer, threads(count)).unwrap();
        for index in [3, 1, 5, 0, 4, 2] {
            let (scene, frames) = frames(index, (48, 32));
            frames.into_iter().for_each(|frame| sink.push(Arc::new(subject(&scene)), frame).unwrap());
        }
        let (summary, times) = sink.finish().unwrap();
        assert_eq!((summary.images, times.frames), (12, 12));
        assert!(contents(root.path()) == expected, "{count} threads");
    }
}

#[test]
fn a_frame_that_is_not_right_is_kept_aside_and_the_others_go_on() {
    let mut contents_of = Vec::new();
    for count in [1, 4] {
        let root = tempfile::tempdir().unwrap();
        let writer = DatasetWriter::create(root.path(), info(0, 4, &CAMERAS), unaudited()).unwrap();
        let sink = FrameSink::new(writer, threads(count)).unwrap();
        // The first and the last image among them: neither is waited for.
        for index in [2, 0, 3, 1] {
            let (scene, mut frames) = frames(index, (48, 32));
            if index == 0 || index == 3 {
                let wrong = usize::from(index == 3);
                frames[wrong].ids.set(3, 20, 99); // on the floor, which has a depth
            }
            frames.into_iter().for_each(|frame| sink.push(Arc::new(subject(&scene)), frame).unwrap());
        }
        let (summary, times) = sink.finish().unwrap();
        assert_eq!((summary.images, summary.rejected, summary.scenes, times.frames), (6, 2, 4, 8));
        assert_eq!(summary.first_rejected.len(), 2);

        let manifest = json(&root.path().join("dataset.json"));
        assert_eq!(manifest["state"], "incomplete");
        assert_eq!((&manifest["totals"]["images"], &manifest["totals"]["rejected"]), (&6.into(), &2.into()));
        let rejected: Vec<_> =
            manifest["rejected"].as_array().unwrap().iter().map(|r| r["file_name"].clone()).collect();
        assert_eq!(rejected, ["000000_left.png", "000003_main.png"]);
        assert!(manifest["rejected"][0]["reason"].as_str().unwrap().contains("99"), "{}", manifest["rejected"]);

        // Nothing of them is in the dataset.
        let found = contents(root.path());
        let (kept_aside, dataset): (Vec<_>, Vec<_>) = found.keys().partition(|name| name.starts_with("rejected/"));
        assert!(
            !dataset.iter().any(|name| name.contains("000000_left") || name.contains("000003_main")),
            "{dataset:?}"
        );
        for file in ["annotations/instances.json", "cameras.json"] {
            let images = &json(&root.path().join(file))["images"];
            let names: Vec<_> = images.as_array().unwrap().iter().map(|i| i["file_name"].as_str().unwrap()).collect();
            assert_eq!(
                names,
                [
                    "000000_main.png",
                    "000001_left.png",
                    "000001_main.png",
                    "000002_left.png",
                    "000002_main.png",
                    "000003_left.png"
                ]
            );
        }
        let annotations = &json(&root.path().join("annotations/instances.json"))["annotations"];
        let ids: Vec<_> = annotations.as_array().unwrap().iter().map(|a| a["id"].as_u64().unwrap()).collect();
        assert!(ids.iter().copied().eq(1..=ids.len() as u64), "no gaps: {ids:?}");

        // What is kept aside is enough to see what is wrong, and to make it again.
        let folder = root.path().join("rejected/000003_main");
        let mut names: Vec<_> =
            fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, ["depth.exr", "ids.png", "reason.txt", "rgb.png", "scene.ron"]);
        assert_eq!(kept_aside.len(), 10);
        let reason = fs::read_to_string(folder.join("reason.txt")).unwrap();
        assert!(reason.lines().next().unwrap().contains("99"), "{reason}");
        for part in ["\"synthetic\"", "--seed 0", "--first-index 3", "camera \"main\"", "scene.ron"] {
            assert!(reason.contains(part), "{part}: {reason}");
        }
        let scene: Scene = ron::from_str(&fs::read_to_string(folder.join("scene.ron")).unwrap()).unwrap();
        assert_eq!(scene, *frames(3, (48, 32)).0);
        assert_eq!(read_gray16(&fs::read(folder.join("ids.png")).unwrap())[20 * 48 + 3], 99);
        contents_of.push(found);
    }
    assert!(contents_of[0] == contents_of[1], "the number of threads does not show");
}

#[test]
fn many_reasons_are_told_line_by_line_and_many_frames_up_to_an_end() {
    let root = tempfile::tempdir().unwrap();
    let writer = DatasetWriter::create(root.path(), info(0, 1001, &["main"]), unaudited()).unwrap();
    for index in 0..1001 {
        let scene = scene(index, 1, &["main"], (2, 2));
        let reasons = ["first:\n  it is wrong".to_owned(), "second".to_owned(), "third".to_owned()];
        let frame = empty_frame(&scene, 0);
        writer.commit(writer.reject(&subject(&scene), &frame, None, &reasons).unwrap()).unwrap();
    }
    let summary = writer.finish().unwrap();
    assert_eq!((summary.rejected, summary.images, summary.first_rejected.len()), (1001, 0, 1000));
    let text = fs::read_to_string(root.path().join("rejected/001000_main/reason.txt")).unwrap();
    assert_eq!(text.lines().take(4).collect::<Vec<_>>(), ["first: it is wrong", "second", "third", ""]);
    let manifest = json(&root.path().join("dataset.json"));
    assert_eq!(manifest["rejected"][0]["reason"], "first: it is wrong (and 2 more things: see its reason.txt)");
    assert_eq!(json(&root.path().join("annotations/instances.json"))["images"], serde_json::json!([]));
}

#[test]
fn a_dataset_with_frames_missing_does_not_become_complete() {
    let root = tempfile::tempdir().unwrap();
    let writer = DatasetWriter::create(root.path(), info(0, 3, &CAMERAS), WriteOptions::default()).unwrap();
    for index in [0, 2] {
        let (scene, frames) = frames(index, (48, 32));
        for frame in &frames {
            writer.commit(write(&writer, &scene, frame).unwrap()).unwrap();
        }
    }
    let message = writer.finish().unwrap_err().to_string();
    assert_eq!(
        message,
        "the dataset is not complete: 2 of its 6 images are missing, the first of them 000001_left.png"
    );
    assert_eq!(json(&root.path().join("dataset.json"))["state"], "rendering");
}

#[test]
fn a_scene_of_another_dataset_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let writer = DatasetWriter::create(root.path(), info(5, 2, &CAMERAS), WriteOptions::default()).unwrap();
    let write = |scene: &Scene, frame: &Frame| write(&writer, scene, frame);
    for index in [4, 7, u64::MAX] {
        let (scene, frames) = frames(index, (48, 32));
        assert!(matches!(write(&scene, &frames[0]), Err(WriteError::WrongScene { .. })), "{index}");
    }
    let other = scene(5, 1, &["main"], (48, 32));
    assert!(matches!(write(&other, &empty_frame(&other, 0)), Err(WriteError::WrongScene { .. })));
    let (scene, frames) = frames(5, (48, 32));
    writer.commit(write(&scene, &frames[0]).unwrap()).unwrap();
    assert!(matches!(writer.commit(write(&scene, &frames[0]).unwrap()), Err(WriteError::Twice(_))));
}

#[test]
fn a_folder_with_anything_else_in_it_is_left_alone() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("thesis.tex"), "do not lose me").unwrap();
    for overwrite in [false, true] {
        let options = WriteOptions { overwrite, ..WriteOptions::default() };
        let refused = DatasetWriter::create(root.path(), info(0, 1, &CAMERAS), options);
        assert!(matches!(refused, Err(WriteError::NotOurs(_))));
        fs::write(root.path().join("dataset.json"), "{\"format\": \"somebody's\"}").unwrap();
    }
    assert_eq!(contents(root.path()).len(), 2);
}

#[test]
fn a_dataset_is_replaced_only_when_asked_and_nothing_but_it() {
    let root = tempfile::tempdir().unwrap();
    write_dataset(root.path(), info(0, 2, &CAMERAS), WriteOptions::default(), 0..2);
    // As if it had had every output there is, and a frame that was rejected.
    for output in Output::ALL {
        fs::create_dir_all(root.path().join(output.name())).unwrap();
        fs::write(root.path().join(output.name()).join("000000_old.exr"), "stale").unwrap();
    }
    fs::create_dir_all(root.path().join("rejected/000000_left")).unwrap();
    fs::write(root.path().join("rejected/000000_left/reason.txt"), "stale").unwrap();
    for file in ["annotations/keypoints.json", "annotations/panoptic.json"] {
        fs::write(root.path().join(file), "stale").unwrap();
    }
    // No output of ours has a folder of this name: what is told per instance has none.
    let not_ours = ["amodal", "poses", "boxes3d", "keypoints", "tracks"];
    fs::write(root.path().join("notes.txt"), "mine").unwrap();
    fs::write(root.path().join("annotations/mine.json"), "mine").unwrap();
    let before = contents(root.path());
    let refused = DatasetWriter::create(root.path(), info(0, 1, &CAMERAS), WriteOptions::default());
    assert!(matches!(refused, Err(WriteError::Other { .. })));
    assert_eq!(contents(root.path()), before);

    let options = WriteOptions { overwrite: true, ..WriteOptions::default() };
    write_dataset(root.path(), info(0, 1, &CAMERAS), options, [0]);
    let after: Vec<_> = contents(root.path()).into_keys().collect();
    let mut expected: Vec<String> =
        ["annotations/instances.json", "annotations/mine.json", "cameras.json", "dataset.json", "notes.txt"]
            .into_iter()
            .chain(["SHA256SUMS", "journal/all.ndjson", "journal/begun.ron"])
            .map(Into::into)
            .collect();
    expected.extend(not_ours.map(|name| format!("{name}/000000_old.exr")));
    for camera in CAMERAS {
        let files = ["depth/000000_CAMERA.exr", "ids/000000_CAMERA.png", "images/000000_CAMERA.png"];
        expected.extend(files.map(|file| file.replace("CAMERA", camera)));
    }
    expected.sort();
    assert_eq!(after, expected);
    for output in Output::ALL.into_iter().filter(|output| !not_ours.contains(&output.name())) {
        let is_there = root.path().join(output.name()).exists();
        assert_eq!(is_there, matches!(output, Output::Ids | Output::Depth), "{}", output.name());
    }
    assert!(!root.path().join("rejected").exists());
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = DatasetWriter::create(&path, info(0, 1, &CAMERAS), WriteOptions::default()).err().unwrap();
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
}

#[test]
fn when_the_disk_fails_the_error_names_the_file_and_no_half_file_remains() {
    let root = tempfile::tempdir().unwrap();
    let writer = DatasetWriter::create(root.path(), info(0, 1, &CAMERAS), WriteOptions::default()).unwrap();
    fs::remove_dir(root.path().join("depth")).unwrap();
    fs::write(root.path().join("depth"), "a file where a folder was").unwrap();
    let (scene, frames) = frames(0, (48, 32));
    let error = write(&writer, &scene, &frames[0]).unwrap_err().to_string();
    let path = root.path().join("depth/000000_left.exr");
    assert!(error.starts_with(&format!("cannot write {}: ", path.display())), "{error}");

    // A write that fails half way leaves the old file and nothing else.
    let path = root.path().join("images/kept.txt");
    write_whole(&path, b"old").unwrap();
    let full = || std::io::Error::from(std::io::ErrorKind::StorageFull);
    let failed = write_whole_with(&path, |out| {
        std::io::Write::write_all(out, &[7; 1 << 20])?;
        Err(full())
    });
    assert!(failed.unwrap_err().to_string().contains("kept.txt"));
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(fs::read_dir(root.path().join("images")).unwrap().count(), 2, "the colour image, and the kept file");
}

#[cfg(unix)]
#[test]
fn files_can_be_read_by_those_who_may_read_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("plain"), "").unwrap();
    write_whole(&root.path().join("ours"), b"").unwrap();
    let mode = |name: &str| fs::metadata(root.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("ours"), mode("plain"));
}

#[test]
fn names_and_numbers_that_no_file_can_hold_are_refused_first() {
    let root = tempfile::tempdir().unwrap();
    let create = |info| DatasetWriter::create(&root.path().join("new"), info, WriteOptions::default()).map(|_| ());
    for name in ["", "../up", "a/b", ".hidden", "a b", "tab\t", &"x".repeat(65)] {
        assert!(matches!(create(info(0, 1, &[name])), Err(WriteError::CameraName(_))), "{name:?}");
    }
    assert!(matches!(create(info(0, 1, &[])), Err(WriteError::NoCamera)));
    assert!(matches!(create(info(u64::MAX, 1, &CAMERAS)), Err(WriteError::ImageIds { .. })));
    assert!(matches!(create(info(1 << 53, 1, &CAMERAS)), Err(WriteError::ImageIds { .. })));
    assert!(!root.path().join("new").exists());
    create(info(0, 1, &["Käm-1.b_2"])).unwrap();
}

/// 16-bit grey pixels of a PNG.
fn read_gray16(bytes: &[u8]) -> Vec<u16> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    assert_eq!(reader.output_color_type(), (png::ColorType::Grayscale, png::BitDepth::Sixteen));
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut data).unwrap();
    data.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}

#[test]
fn ids_come_back_as_they_were_and_never_wrap() {
    let ids = Image::new(3, 1, vec![0, 1, 65_535]).unwrap();
    assert_eq!(read_gray16(&ids_png(&ids).unwrap()), [0, 1, 65_535]);
    let ids = Image::new(3, 1, vec![0, 65_536, 1]).unwrap();
    assert!(matches!(ids_png(&ids), Err(EncodeError::IdTooLarge { id: 65_536 })));
    let ids = Image::new(2, 2, vec![0, 65_536, u32::MAX, 7]).unwrap();
    let file = exr::prelude::read_all_data_from_file;
    let path = tempfile::NamedTempFile::new().unwrap();
    fs::write(path.path(), ids_exr(&ids).unwrap()).unwrap();
    let image = file(path.path()).unwrap();
    let channel = &image.layer_data[0].channel_data.list[0];
    assert_eq!(channel.name.to_string(), "id");
    let exr::prelude::Levels::Singular(exr::prelude::FlatSamples::U32(found)) = &channel.sample_data else {
        panic!("not one level of u32: {channel:?}")
    };
    assert_eq!(&found[..], ids.pixels());
}

#[test]
fn float_depth_comes_back_bit_for_bit() {
    let depth = Image::new(2, 2, vec![f32::INFINITY, 0.1, f32::MIN_POSITIVE, 12_345.678]).unwrap();
    let path = tempfile::NamedTempFile::new().unwrap();
    fs::write(path.path(), depth_exr(&depth).unwrap()).unwrap();
    let image = exr::prelude::read_all_data_from_file(path.path()).unwrap();
    let channels = &image.layer_data[0].channel_data.list;
    assert_eq!(channels.iter().map(|channel| channel.name.to_string()).collect::<Vec<_>>(), ["Y", "Z"]);
    for channel in channels {
        let exr::prelude::Levels::Singular(exr::prelude::FlatSamples::F32(found)) = &channel.sample_data else {
            panic!("not one level of f32: {channel:?}")
        };
        assert_eq!(&found[..], depth.pixels());
    }
    for wrong in [f32::NAN, -1.0, f32::NEG_INFINITY] {
        let depth = Image::new(1, 1, vec![wrong]).unwrap();
        assert!(depth_exr(&depth).is_err() && depth_png(&depth).is_err(), "{wrong}");
    }
}

#[test]
fn millimetres_round_to_nearest_clamp_and_keep_0_for_nothing() {
    let cases = [
        (f32::INFINITY, 0),
        (0.000_1, 1), // a hit is never 0
        (0.0, 1),
        (1.0, 1000),
        (0.012_6, 13),
        (0.012_4, 12),
        (65.534, 65_534),
        (65.6, 65_535), // clamped
        (1e30, 65_535),
    ];
    for (metres, expected) in cases {
        assert_eq!(millimetres(metres), expected, "{metres} m");
    }
    let depth = Image::new(2, 1, vec![f32::INFINITY, 2.5]).unwrap();
    assert_eq!(read_gray16(&depth_png(&depth).unwrap()), [0, 2500]);
}

#[test]
fn colours_come_back_as_they_were() {
    let rgb = Image::new(2, 1, vec![[0, 127, 255], [1, 2, 3]]).unwrap();
    let bytes = rgb_png(&rgb).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut data).unwrap();
    assert_eq!(data, [0, 127, 255, 1, 2, 3]);
}

#[test]
fn a_scene_with_more_ids_than_16_bits_gets_a_32_bit_file() {
    let root = tempfile::tempdir().unwrap();
    let writer = DatasetWriter::create(root.path(), info(0, 1, &["main"]), WriteOptions::default()).unwrap();
    let scene = scene(0, 65_536, &["main"], (48, 32));
    let mut frame = empty_frame(&scene, 0);
    paint(&mut frame, 65_536, 1.0, rectangle([1, 1, 4, 4]));
    let annotations = annotate(&subject(&scene), &frame).unwrap();
    assert_eq!(annotations.annotations[0].instance_id, 65_536);
    writer.commit(writer.write_frame(&subject(&scene), &frame, &annotations).unwrap()).unwrap();
    writer.finish().unwrap();
    assert!(root.path().join("ids/000000_main.exr").exists() && !root.path().join("ids/000000_main.png").exists());
}

/// Not a test of ours but the input of `tests/readers/check_dataset.py`: with `SCENEWRIGHT_WRITE_SAMPLE_DATASET=dir`, writes one
/// dataset per way of writing below `dir`. Without it, the same into a folder that is thrown away.
#[test]
fn sample_datasets_for_the_outside_readers_can_be_written() {
    let thrown_away = tempfile::tempdir().unwrap();
    let root =
        std::env::var_os("SCENEWRIGHT_WRITE_SAMPLE_DATASET").map_or(thrown_away.path().to_path_buf(), Into::into);
    let variants = [
        ("rle", MaskFormat::RleCompressed, DepthFormat::ExrMetres),
        ("rle-uncompressed", MaskFormat::RleUncompressed, DepthFormat::PngMillimetres),
        ("polygons", MaskFormat::Polygons, DepthFormat::ExrMetres),
    ];
    for (name, masks, depth) in variants {
        write_dataset(
            &root.join(name),
            info(3, 8, &CAMERAS),
            WriteOptions { masks, depth, overwrite: true, audit: false },
            3..11,
        );
    }
    let options = WriteOptions { overwrite: true, ..unaudited() };
    let writer = DatasetWriter::create(&root.join("many-ids"), info(0, 1, &["main"]), options).unwrap();
    // 70 000 instances, of which 200 small ones are seen: ids 350, 700, ... 70 000.
    let scene = scene(0, 70_000, &["main"], (120, 60));
    let mut frame = empty_frame(&scene, 0);
    for k in 0..200 {
        paint(&mut frame, (k + 1) * 350, 1.0, rectangle([k % 20 * 6, k / 20 * 6, 5, 4]));
    }
    writer.commit(write(&writer, &scene, &frame).unwrap()).unwrap();
    assert_eq!(writer.finish().unwrap().annotations, 200);

    let writer = DatasetWriter::create(&root.join("nothing"), info(0, 1, &["main"]), options).unwrap();
    let scene = crate::synthetic::scene(0, 0, &["main"], (8, 6));
    writer.commit(write(&writer, &scene, &empty_frame(&scene, 0)).unwrap()).unwrap();
    assert_eq!(writer.finish().unwrap().images_without_annotations, 1);
}
