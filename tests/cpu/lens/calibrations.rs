//! Calibration files: as OpenCV, ROS and Kalibr write them, and broken ones.

use std::path::Path;

use scenewright::assets::{AssetError, CalibratedCamera, Calibration, Library};
use scenewright::scene::LensModel;

fn read(name: &str, text: &str) -> Result<Calibration, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), text).unwrap();
    let loaded = Library::default().load_calibration(folder.path(), name);
    loaded.map(|calibration| (*calibration).clone()).map_err(|error| match error {
        AssetError::Broken { reason, .. } => reason,
        other => other.to_string(),
    })
}

/// The only camera of a file.
#[track_caller]
fn one(text: &str) -> CalibratedCamera {
    read("c.yaml", text).unwrap().camera(None).unwrap()
}

#[track_caller]
fn refused(text: &str) -> String {
    read("c.yaml", text).unwrap_err()
}

const OPENCV: &str = "%YAML:1.0
---
calibration_time: \"Sat 01 Nov 2025 12:00:00 UTC\"
nr_of_frames: 25
image_width: 1280
image_height: 960
# flags: +fix_k3
flags: 0
camera_matrix: !!opencv-matrix
   rows: 3
   cols: 3
   dt: d
   data: [ 1.0402e+03, 0., 6.395e+02, 0., 1.0410e+03, 4.795e+02, 0.,
       0., 1. ]
distortion_coefficients: !!opencv-matrix
   rows: 5
   cols: 1
   dt: d
   data: [ -0.28, 0.07, 0.0012, -0.0008, -0.008 ]
avg_reprojection_error: 1.9e-01
";

#[test]
fn what_opencv_writes_is_read_and_its_pixels_count_from_centres() {
    let camera = one(OPENCV);
    // The middle of 1280 pixels is 639.5 where the centre of the first one is 0, and 640 where its edge is.
    assert_eq!((camera.focal, camera.principal, camera.size), ([1040.2, 1041.0], [640.0, 480.0], Some([1280, 960])));
    let expected = LensModel::BrownConrady { k: [-0.28, 0.07, -0.008, 0.0, 0.0, 0.0], p: [0.0012, -0.0008] };
    assert_eq!(camera.model, expected);
    // The JSON of the same.
    let json = r#"{ "image_width": 1280, "image_height": 960,
        "camera_matrix": { "type_id": "opencv-matrix", "rows": 3, "cols": 3, "dt": "d",
            "data": [ 1040.2, 0.0, 639.5, 0.0, 1041.0, 479.5, 0.0, 0.0, 1.0 ] },
        "distortion_coefficients": { "type_id": "opencv-matrix", "rows": 5, "cols": 1, "dt": "d",
            "data": [ -0.28, 0.07, 0.0012, -0.0008, -0.008 ] } }"#;
    assert_eq!(one(json), camera);
    // Eight numbers are the rational model; twelve and fourteen have what we do not know, which may be 0.
    let longer = |more: &str| OPENCV.replace("-0.008 ]", &format!("-0.008, 0.1, 0.2, 0.3{more} ]"));
    let expected = LensModel::BrownConrady { k: [-0.28, 0.07, -0.008, 0.1, 0.2, 0.3], p: [0.0012, -0.0008] };
    for more in ["", ", 0, 0, 0, 0", ", 0, 0, 0, 0, 0., -0.0"] {
        assert_eq!(one(&longer(more)).model, expected);
    }
    assert!(refused(&longer(", 0, 1e-3, 0, 0")).contains("`s2` is 0.001"));
    assert!(refused(&longer(", 0, 0, 0, 0, 0.01, 0")).contains("tilted"));
    let fisheye =
        OPENCV.replace("-0.008 ]", "]").replace("-0.0008, ]", "-0.0008 ]").replace("flags: 0", "fisheye_model: 1");
    assert_eq!(one(&fisheye).model, LensModel::KannalaBrandt { k: [-0.28, 0.07, 0.0012, -0.0008] });
    let straight = OPENCV.replace("[ -0.28, 0.07, 0.0012, -0.0008, -0.008 ]", "[ 0, 0, 0., 0., 0. ]");
    assert_eq!(one(&straight).model, LensModel::Pinhole);
}

#[test]
fn what_ros_and_kalibr_write_is_read() {
    let ros = "image_width: 640\nimage_height: 480\ncamera_name: head\ncamera_matrix:\n  rows: 3\n  cols: 3\n  data: [500, 0, 320.5, 0, 501, 240, 0, 0, 1]\n\
               distortion_model: equidistant\ndistortion_coefficients:\n  rows: 1\n  cols: 4\n  data: [0.01, -0.02, 0.003, -0.004]\n\
               rectification_matrix:\n  rows: 3\n  cols: 3\n  data: [1, 0, 0, 0, 1, 0, 0, 0, 1]\n";
    let camera = one(ros);
    assert_eq!((camera.focal, camera.principal), ([500.0, 501.0], [321.0, 240.5]));
    assert_eq!(camera.model, LensModel::KannalaBrandt { k: [0.01, -0.02, 0.003, -0.004] });

    let kalibr = "cam0:\n  cam_overlaps: [1]\n  camera_model: pinhole\n  distortion_coeffs: [-0.2, 0.1, 0.001, -0.002]\n  distortion_model: radtan\n\
                  \x20 intrinsics: [458.6, 457.3, 367.2, 248.4]\n  resolution: [752, 480]\n  rostopic: /cam0/image_raw\n\
                  cam1:\n  T_cn_cnm1:\n  - [1.0, 0.0, 0.0, -0.11]\n  - [0.0, 1.0, 0.0, 0.0]\n  - [0.0, 0.0, 1.0, 0.0]\n  - [0.0, 0.0, 0.0, 1.0]\n\
                  \x20 camera_model: pinhole\n  distortion_coeffs: [0.1, 0.2, 0.3, 0.4]\n  distortion_model: equidistant\n  intrinsics: [457.6, 456.1, 379.9, 255.2]\n\
                  \x20 resolution: [752, 480]\ncam2:\n  intrinsics: [1, 2, 3, 4]\n  distortion_model: none\n  resolution: [8, 6]\n";
    let rig = read("camchain.yaml", kalibr).unwrap();
    assert_eq!(rig.cameras.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["cam0", "cam1", "cam2"]);
    let cam0 = rig.camera(Some("cam0")).unwrap();
    assert_eq!((cam0.focal, cam0.principal, cam0.size), ([458.6, 457.3], [367.7, 248.9], Some([752, 480])));
    assert_eq!(cam0.model, LensModel::BrownConrady { k: [-0.2, 0.1, 0.0, 0.0, 0.0, 0.0], p: [0.001, -0.002] });
    assert_eq!(rig.camera(Some("cam1")).unwrap().model, LensModel::KannalaBrandt { k: [0.1, 0.2, 0.3, 0.4] });
    assert_eq!(rig.camera(Some("cam2")).unwrap().model, LensModel::Pinhole);
    assert!(rig.camera(None).unwrap_err().contains("one of `cam0`, `cam1`, `cam2`"));
    assert!(rig.camera(Some("cam3")).unwrap_err().contains("no camera `cam3`"));
    assert_eq!(rig.file.sha256.len(), 64);
    let omni = kalibr.replace("camera_model: pinhole", "camera_model: omni");
    let omni = read("c.yaml", &omni).unwrap();
    assert!(omni.camera(Some("cam0")).unwrap_err().contains("`cam0`: its camera model `omni` is not read"));
    assert!(omni.camera(Some("cam2")).is_ok());
    assert!(refused("cam0:\n  camera_model: ds\n  intrinsics: [1, 2, 3, 4, 5, 6]\n").contains("`ds` is not read"));
}

#[test]
fn what_is_no_calibration_is_refused_in_words() {
    assert!(refused("").contains("empty"));
    assert!(refused("just a text").contains("no names and values"));
    assert!(refused("a: 1\nb: [2, 3]\n").contains("neither `camera_matrix`"));
    assert!(refused("<?xml version=\"1.0\"?><opencv_storage/>").contains("XML"));
    assert!(refused("{ \"camera_matrix\": ").contains("JSON"));
    assert!(refused("a: [1, 2\nb: }").contains("YAML"));
    let matrix = |data: &str| format!("camera_matrix: {{ rows: 3, cols: 3, data: [{data}] }}\n");
    assert!(refused(&matrix("1, 0, 2, 0, 1, 2")).contains("3 x 3"));
    assert!(refused(&matrix("1, 0, 2, 0, 1, 2, 0, 0, 2")).contains("3 x 3"));
    assert!(refused(&matrix("1, 0.5, 2, 0, 1, 2, 0, 0, 1")).contains("skew of 0.5"));
    assert!(refused(&matrix("-1, 0, 2, 0, 1, 2, 0, 0, 1")).contains("above 0"));
    assert!(refused(&matrix("1, 0, .nan, 0, 1, 2, 0, 0, 1")).contains("3 x 3"));
    let good = matrix("1, 0, 2, 0, 1, 2, 0, 0, 1");
    assert!(refused(&format!("{good}D: [1, 2, 3]\n")).contains("this has 3"));
    assert!(refused(&format!("{good}D: [1, 2, 3, 4, 5]\ndistortion_model: fisheye\n")).contains("four coefficients"));
    assert!(
        refused(&format!("{good}distortion_model: thin_prism_fisheye\n")).contains("`thin_prism_fisheye` is not read")
    );
    assert!(refused(&format!("{good}image_width: 640.5\nimage_height: 480\n")).contains("whole numbers"));
    assert!(refused(&format!("{good}image_width: 640\n")).contains("whole numbers"));
    assert!(refused(&format!("{good}D: [1e300, 0, 0, 0]\n")).contains("are numbers"));
    // Aliases: a small text that stands for a large one.
    let bomb = "a: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b]\n";
    assert!(refused(bomb).contains("aliases"));
    assert!(refused(&"[".repeat(5000)).len() < 300);
    assert!(refused(&format!("a: {}", "[".repeat(200))).contains("too deeply"));
    assert!(refused(&"- 1\n".repeat(150_000)).contains("too large"));
    assert!(refused(&"#\n".repeat(1 << 20)).contains("larger than"));
    assert!(Library::default().load_calibration(Path::new("/"), "nowhere/here.yaml").is_err());
    // No panic on anything cut off.
    for end in 0..OPENCV.len() {
        let _ = read("c.yaml", &OPENCV[..end]);
    }
}
