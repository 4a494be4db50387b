//! What lenses show, against closed forms: masks, ranges, boxes, estimates.

use std::f64::consts::PI;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use glam::{DQuat, DVec2, DVec3};
use scenewright::annotate::{Subject, annotate};
use scenewright::assets::Library;
use scenewright::plan::{Plan, Selection};
use scenewright::preview::{self, Panel, PreviewItem, instance_color};
use scenewright::scene::camera::look_at;
use scenewright::scene::sight::Sight;
use scenewright::scene::{Camera, LensModel, Output, Scene, Shape};
use scenewright::write::{DatasetInfo, DatasetWriter, FrameSink, WriteOptions};

use crate::oracle::cast;
use crate::synthetic;

/// Shapes before a camera at the origin that looks along -Z.
fn scene(model: LensModel, focal: f64, (width, height): (u32, u32), things: &[(Shape, DVec3)]) -> Scene {
    let mut scene = synthetic::scene(0, 1, &["main"], (width, height));
    let template = scene.instances.remove(1);
    scene.labels.outputs = Output::ALL.into_iter().filter(|output| *output != Output::Depth).collect();
    let [fx, fy, cx, cy] = match model {
        LensModel::Equirectangular => LensModel::equirectangular(width, height),
        _ => [focal, focal, f64::from(width) / 2.0, f64::from(height) / 2.0],
    };
    scene.cameras = vec![Camera { fx, fy, cx, cy, lens_model: model, near: 0.01, ..Camera::default() }];
    scene.instances = (1..)
        .zip(things)
        .map(|(id, (shape, position))| scenewright::scene::Instance {
            id,
            number: id - 1,
            shape: shape.clone(),
            position: *position,
            rotation: DQuat::IDENTITY,
            scale: DVec3::ONE,
            keypoints: Vec::new(),
            ..template.clone()
        })
        .collect();
    scene.validate().unwrap();
    scene
}

/// Of `r = f t`, by its closed form: OpenCV's frame.
fn equidistant(pixel: DVec2, focal: f64, middle: DVec2) -> DVec3 {
    let off = (pixel - middle) / focal;
    let t = off.length();
    let (sin, cos) = libm::sincos(t);
    if t == 0.0 { DVec3::Z } else { (off / t * sin).extend(cos) }
}

/// A ball is seen by the rays within `asin(r / d)` of its middle, wherever it is: straight ahead, sideways, behind.
#[test]
fn a_ball_covers_the_rays_of_its_cone_in_a_fisheye_and_in_a_panorama() {
    let (size, radius) = ((160, 120), 0.5);
    for model in [LensModel::KannalaBrandt { k: [0.0; 4] }, LensModel::Equirectangular] {
        // A circle of 330 degrees within 160 x 120 pixels.
        let focal = 60.0 / (165f64.to_radians());
        for place in [
            DVec3::new(0.0, 0.0, -2.0),
            DVec3::new(2.0, 0.3, 0.0),
            DVec3::new(-1.0, 0.5, 1.7),
            DVec3::new(0.2, -1.8, 0.1),
        ] {
            let scene = scene(model, focal, size, &[(Shape::Sphere(radius), place)]);
            let library = Library::default();
            let frame = cast(&scene, &library, 0);
            let (middle, half) = (DVec3::new(place.x, -place.y, -place.z).normalize(), radius / place.length());
            let (mut wrong, mut seen) = (0, 0);
            for (x, y) in (0..size.1).flat_map(|y| (0..size.0).map(move |x| (x, y))) {
                let pixel = DVec2::new(f64::from(x) + 0.5, f64::from(y) + 0.5);
                let ray = match model {
                    LensModel::Equirectangular => {
                        let (longitude, latitude) = ((pixel.x - 80.0) * PI / 80.0, (pixel.y - 60.0) * PI / 120.0);
                        let level = libm::cos(latitude);
                        DVec3::new(libm::sin(longitude) * level, libm::sin(latitude), libm::cos(longitude) * level)
                    }
                    _ => equidistant(pixel, focal, DVec2::new(80.0, 60.0)),
                };
                let beyond = matches!(model, LensModel::KannalaBrandt { .. })
                    && (pixel - DVec2::new(80.0, 60.0)).length() > PI * focal;
                let angle = libm::acos(ray.dot(middle).clamp(-1.0, 1.0)) / libm::asin(half);
                let is = *frame.ids.get(x, y).unwrap() == 1;
                seen += u32::from(is);
                // Its polygon is up to 0.4 % smaller, and by rounding a hair larger.
                wrong += u32::from(if beyond || angle > 1.0001 { is } else { !is && angle < 0.99 });
                if is && angle < 0.9 {
                    // The nearer root of |t ray - c|^2 = r^2.
                    let along = ray.dot(middle) * place.length();
                    let t = along - (along * along - place.length_squared() + radius * radius).sqrt();
                    let range = f64::from(*frame.range.get(x, y).unwrap());
                    assert!((range - t).abs() < 0.01 * radius, "{range} m instead of {t} m");
                }
            }
            assert!(wrong == 0 && seen > 20, "{model:?} at {place}: {wrong} of {seen} pixels");
        }
    }
}

#[test]
fn keypoints_and_corners_are_where_the_formula_has_them() {
    let (k, p) = ([-0.21, 0.06, 0.0, 0.0, 0.0, 0.0], [0.002, -0.001]);
    let mut scene = scene(
        LensModel::BrownConrady { k, p },
        300.0,
        (320, 240),
        &[(Shape::Box(DVec3::splat(0.8)), DVec3::new(0.4, -0.1, -2.0))],
    );
    scene.instances[0].rotation = DQuat::from_rotation_y(0.7);
    let library = Library::default();
    let frame = cast(&scene, &library, 0);
    let subject = Subject::new(scene, &library).unwrap();
    let labels = annotate(&subject, &frame).unwrap();
    let solid = labels.annotations[0].box3d.as_ref().unwrap();
    for (corner, pixel) in solid.oriented.corners.iter().zip(solid.oriented.pixels) {
        let (x, y) = (corner[0] / corner[2], corner[1] / corner[2]);
        let s = x * x + y * y;
        let g = 1.0 + k[0] * s + k[1] * s * s;
        let u = 300.0 * (x * g + 2.0 * p[0] * x * y + p[1] * (s + 2.0 * x * x)) + 160.0;
        let v = 300.0 * (y * g + p[0] * (s + 2.0 * y * y) + 2.0 * p[1] * x * y) + 120.0;
        assert!(DVec2::from_array(pixel.unwrap()).distance(DVec2::new(u, v)) < 1e-9);
    }
    assert_eq!(labels.camera.lens_model, "brown_conrady");
    assert_eq!(labels.camera.distortion_opencv, [-0.21, 0.06, 0.002, -0.001, 0.0, 0.0, 0.0, 0.0]);
}

/// Boxes within two pixels, shares within some per cent: as for pinholes.
#[test]
fn estimates_hold_through_every_lens() {
    let things = [
        (Shape::Box(DVec3::new(0.5, 0.4, 0.3)), DVec3::new(0.2, 0.1, -1.5)),
        (Shape::Sphere(0.2), DVec3::new(-0.5, -0.1, -1.2)),
        (Shape::Torus { major_radius: 0.3, minor_radius: 0.1 }, DVec3::new(0.5, -0.3, -2.0)),
        (Shape::Plane(DVec2::splat(6.0)), DVec3::new(0.0, -0.5, -2.0)),
    ];
    for (model, focal) in [
        (LensModel::BrownConrady { k: [-0.25, 0.08, 0.0, 0.0, 0.0, 0.0], p: [0.001, 0.002] }, 150.0),
        (LensModel::KannalaBrandt { k: [-0.02, 0.0, 0.0, 0.0] }, 100.0),
        (LensModel::KannalaBrandt { k: [0.0; 4] }, 40.0),
        (LensModel::Equirectangular, 1.0),
    ] {
        let mut scene = scene(model, focal, (192, 144), &things);
        scene.cameras[0].rotation = look_at(DVec3::ZERO, DVec3::new(0.1, -0.2, -1.0), 0.2);
        let library = Library::default();
        let frame = cast(&scene, &library, 0);
        let seen = Sight::default().look(&scene, &library);
        let subject = Subject::new(scene.clone(), &library).unwrap();
        let labels = annotate(&subject, &frame).unwrap();
        for estimate in seen {
            let truth = labels.annotations.iter().find(|a| a.instance_id == scene.instances[estimate.instance].id);
            let area = truth.map_or(0.0, |truth| truth.area as f64);
            assert!(
                (estimate.visible - area).abs() <= 12.0 + 0.06 * area,
                "{model:?}: {} against {area}",
                estimate.visible
            );
            let Some(truth) = truth else { continue };
            // The floor may be cut by what is nearer than the camera sees, or end at the back of a panorama.
            if estimate.instance < 3 && estimate.outline.is_some() {
                for (is, should) in estimate.bbox.into_iter().zip(truth.bbox.map(f64::from)) {
                    assert!((is - should).abs() <= 3.0, "{model:?}: {:?} against {:?}", estimate.bbox, truth.bbox);
                }
            }
        }
    }
}

/// With `SCENEWRIGHT_WRITE_SAMPLE_DATASET=dir`, also the input of `tests/readers/check_dataset.py`, which asks OpenCV.
#[test]
fn datasets_of_lenses_pass_the_audit() {
    let thrown_away = tempfile::tempdir().unwrap();
    let root =
        std::env::var_os("SCENEWRIGHT_WRITE_SAMPLE_DATASET").map_or(thrown_away.path().to_path_buf(), Into::into);
    for name in ["lenses", "around"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/readers/{name}.ron"));
        let plan = Plan::load(&path, None, Selection { count: Some(2), ..Selection::default() }).unwrap();
        let first = plan.scene(0).unwrap();
        let cameras: Vec<&str> = first.cameras.iter().map(|camera| camera.name.as_str()).collect();
        let info = DatasetInfo {
            categories: first.categories.clone(),
            labels: first.labels.clone(),
            ..synthetic::info(0, 2, &cameras)
        };
        let options = WriteOptions { overwrite: true, ..WriteOptions::default() };
        let writer = DatasetWriter::create(&root.join(name), info, options).unwrap();
        let sink = FrameSink::new(writer, NonZeroUsize::MIN).unwrap();
        for index in plan.indices() {
            let subject = Arc::new(Subject::new(plan.scene(index).unwrap(), plan.library()).unwrap());
            for camera in 0..cameras.len() {
                sink.push(subject.clone(), cast(&subject.scene, plan.library(), camera)).unwrap();
            }
        }
        let (summary, _) = sink.finish().unwrap();
        assert_eq!(summary.first_rejected, [], "{name}");
        assert_eq!(summary.images, 2 * cameras.len() as u64);
        let text = std::fs::read_to_string(root.join(name).join("annotations/cameras.json"));
        let text = text.or_else(|_| std::fs::read_to_string(root.join(name).join("cameras.json"))).unwrap();
        assert!(text.contains("\"lens_model\"") && text.contains("\"distortion_opencv\""));
    }
}

/// A quarter along each edge is where the lens has it, not on the line between the corners.
#[test]
fn the_contact_sheet_bends_edges_and_takes_any_lens() {
    for (model, focal) in [
        (LensModel::KannalaBrandt { k: [0.0; 4] }, 95.0),
        (LensModel::Equirectangular, 1.0),
        (LensModel::KannalaBrandt { k: [0.0; 4] }, 40.0),
    ] {
        let place = DVec3::new(0.1, -0.1, -1.5);
        let scene = scene(model, focal, (320, 240), &[(Shape::Box(DVec3::new(2.0, 1.4, 0.8)), place)]);
        let library = Library::default();
        let frame = cast(&scene, &library, 0);
        let subject = Subject::new(scene, &library).unwrap();
        let labels = annotate(&subject, &frame).unwrap();
        let sheet = preview::sheet(&[PreviewItem { subject: &subject, frame: &frame, labels: &labels }], 320);
        assert!(sheet.cells.len() >= 15);
        if focal < 90.0 {
            continue; // edges are too short there to tell a curve from its chord
        }
        let cell = sheet.cells.iter().find(|cell| cell.panel == Panel::Output(Output::Boxes3d)).unwrap();
        let lens = subject.scene.cameras[0].lens();
        let corners = labels.annotations[0].box3d.as_ref().unwrap().oriented.corners.map(DVec3::from_array);
        let colors = [instance_color(1), instance_color(1).map(|c| c.div_ceil(2))];
        let mut farthest = 0.0_f64;
        for (a, b) in (0..8).flat_map(|k| [1, 2, 4].map(|bit| (k, k ^ bit))) {
            let pixel = lens.pixel(corners[a].lerp(corners[b], 0.25)).unwrap();
            let ends = [corners[a], corners[b]].map(|corner| lens.pixel(corner).unwrap());
            farthest = farthest.max(pixel.distance(ends[0].lerp(ends[1], 0.25)));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "looked for within the sheet")]
            let (x, y) = (cell.bbox[0] + pixel.x.max(0.0) as u32, cell.bbox[1] + pixel.y.max(0.0) as u32);
            let inside = (2.0..318.0).contains(&pixel.x) && (2.0..238.0).contains(&pixel.y);
            let near = (x - 2..=x + 2)
                .any(|x| (y - 2..=y + 2).any(|y| sheet.image.get(x, y).is_some_and(|c| colors.contains(c))));
            assert!(near || !inside, "{model:?}: a quarter from corner {a} to {b}, at {pixel}");
        }
        assert!(farthest > 3.0, "edges are bent: {farthest}");
    }
}
