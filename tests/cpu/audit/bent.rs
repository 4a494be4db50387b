//! The audit through lenses that bend straight lines.

use glam::{DQuat, DVec2, DVec3};
use proptest::prelude::*;
use scenewright::annotate::{Seen, Subject, annotate};
use scenewright::scene::camera::look_at;
use scenewright::scene::{Camera, LensModel, Output, Scene, Shape};

use super::{BALL, Picture, library, refused, scene, thing};
use crate::oracle::cast;

/// The rich scene through another lens.
fn through(model: LensModel, focal: f64) -> Scene {
    let mut scene = scene();
    let (width, height) = (scene.image.width, scene.image.height);
    let camera = &mut scene.cameras[0];
    camera.lens_model = model;
    (camera.fx, camera.fy) = (focal, 0.97 * focal);
    if model == LensModel::Equirectangular {
        [camera.fx, camera.fy, camera.cx, camera.cy] = LensModel::equirectangular(width, height);
        camera.position = DVec3::new(0.3, 0.8, 1.5);
    }
    if scene.cameras[0].sees_sideways(width, height) {
        scene.labels.outputs.remove(&Output::Depth);
    }
    scene.validate().unwrap();
    scene
}

const BARREL: LensModel = LensModel::BrownConrady { k: [-0.3, 0.12, -0.02, 0.0, 0.0, 0.0], p: [0.004, -0.003] };
const PINCUSHION: LensModel = LensModel::BrownConrady { k: [0.2, 0.05, 0.0, 0.1, 0.0, 0.0], p: [0.0, 0.0] };
const FISHEYE: LensModel = LensModel::KannalaBrandt { k: [-0.03, 0.01, -0.002, 0.0] };

fn lenses() -> [(LensModel, f64); 6] {
    [
        (BARREL, 90.0),
        (BARREL, 30.0),
        (PINCUSHION, 100.0),
        (FISHEYE, 60.0),
        (FISHEYE, 22.0),
        (LensModel::Equirectangular, 1.0),
    ]
}

/// What a renderer makes that looks pixels up: of rays that are so many pixels beside their centres.
fn looked_up(scene: &Scene, by: DVec2) -> Picture {
    let library = library(scene);
    let mut beside = scene.clone();
    let camera = &mut beside.cameras[0];
    (camera.cx, camera.cy) = (camera.cx + by.x, camera.cy + by.y);
    let mut frame = cast(&beside, &library, 0);
    // Where the lens sees nothing nothing is shown.
    if by != DVec2::ZERO {
        let (lens, nothing) = (scene.cameras[0].lens(), cast(&empty(scene), &library, 0));
        for (x, y) in (0..scene.image.height).flat_map(|y| (0..scene.image.width).map(move |x| (x, y))) {
            if lens.ray(DVec2::new(f64::from(x) + 0.5, f64::from(y) + 0.5)).is_none() {
                clear(&mut frame, &nothing, x, y);
            }
        }
    }
    let subject = Subject::new(scene.clone(), &library).unwrap();
    let labels = annotate(&subject, &frame).unwrap_or_else(|error| panic!("{error}"));
    Picture { subject, frame, labels }
}

fn empty(scene: &Scene) -> Scene {
    Scene { instances: Vec::new(), ..scene.clone() }
}

fn clear(frame: &mut scenewright::frame::Frame, nothing: &scenewright::frame::Frame, x: u32, y: u32) {
    frame.surfaces.set(x, y, 0);
    frame.ids.set(x, y, 0);
    frame.depth.set(x, y, *nothing.depth.get(x, y).unwrap());
    frame.range.set(x, y, *nothing.range.get(x, y).unwrap());
    for image in [
        &mut frame.geometric_normals,
        &mut frame.shaded_normals,
        &mut frame.coordinates,
        &mut frame.albedo,
        &mut frame.emission,
    ] {
        image.as_mut().unwrap().set(x, y, [0.0; 3]);
    }
    frame.uv.as_mut().unwrap().set(x, y, [0.0; 2]);
    for image in [&mut frame.roughness, &mut frame.metallic] {
        image.as_mut().unwrap().set(x, y, 0.0);
    }
}

#[test]
fn every_lens_passes_and_shows_much() {
    for (model, focal) in lenses() {
        let scene = through(model, focal);
        let picture = looked_up(&scene, DVec2::ZERO);
        assert_eq!(picture.audit(), Ok(()), "{model:?} {focal}");
        let seen = picture.labels.annotations.len();
        assert!(seen >= 5, "{model:?} {focal}: {seen} annotations");
        let points = picture.labels.annotations.iter().flat_map(|a| a.keypoints.iter().flatten());
        assert!(points.filter(|point| point.seen == Seen::Visible).count() >= 1, "{model:?} {focal}");
    }
}

#[test]
fn what_is_looked_up_within_half_a_pixel_passes_and_farther_does_not() {
    for (model, focal) in lenses().into_iter().filter(|(model, _)| *model != LensModel::Equirectangular) {
        let scene = through(model, focal);
        for by in [DVec2::new(0.35, -0.35), DVec2::new(-0.49, 0.0), DVec2::new(-0.3, -0.39)] {
            assert_eq!(looked_up(&scene, by).audit(), Ok(()), "{model:?} {focal}, {by}");
        }
        let said = looked_up(&scene, DVec2::new(1.5, 1.0)).audit().unwrap_err();
        assert!(said.contains("do not project back"), "{model:?}: {said}");
    }
}

#[test]
fn a_lens_that_is_not_the_labels_own_is_found() {
    for (model, focal) in lenses() {
        let picture = looked_up(&through(model, focal), DVec2::ZERO);
        let mut other = picture.clone();
        other.labels.camera.lens_model = "pinhole";
        refused("name", "`lens_model` pinhole instead of", &other);
        if !picture.labels.camera.distortion_opencv.is_empty() {
            let mut other = picture.clone();
            other.labels.camera.distortion_opencv[1] += 0.01;
            refused("coefficient", "the distortion is not the scene's", &other);
            refused("coefficient", "does not come back to its pixel", &other);
        }
        // A renderer that knows no lens: the frame is that of a pinhole (or, of a panorama, of one that is turned).
        let mut scene = picture.subject.scene.clone();
        if model == LensModel::Equirectangular {
            scene.cameras[0].rotation *= DQuat::from_rotation_y(0.2);
        } else {
            scene.cameras[0].lens_model = LensModel::Pinhole;
        }
        let mut other = picture.clone();
        other.frame = cast(&scene, &library(&scene), 0);
        assert!(other.audit().is_err(), "{model:?}");
        let mut other = picture.clone();
        if let Some(pixel) = other.labels.annotations[2].box3d.as_mut().unwrap().oriented.pixels[3].as_mut() {
            pixel[0] += 0.01;
        }
        refused("corner", "a projected corner of a 3D box", &other);
    }
}

#[test]
fn an_instance_that_was_not_drawn_is_found_through_any_lens() {
    for (model, focal) in lenses() {
        let scene = through(model, focal);
        let library = library(&scene);
        let position = scene.instances.iter().position(|instance| instance.id == BALL).unwrap();
        let mut forgotten = scene.clone();
        forgotten.instances[position].position = DVec3::new(0.0, 500.0, 5000.0);
        let frame = cast(&forgotten, &library, 0);
        let subject = Subject::new(scene.clone(), &library).unwrap();
        let labels = annotate(&subject, &frame).unwrap();
        let said = Picture { subject, frame, labels }.audit().unwrap_err();
        // Where something is before the ball, its mask gives it away.
        assert!(said.contains("not drawn") || said.contains("amodal mask does not cover"), "{model:?} {focal}: {said}");
    }
}

#[test]
fn what_shows_where_there_is_no_ray_is_found() {
    let scene = through(FISHEYE, 14.0);
    let mut picture = looked_up(&scene, DVec2::ZERO);
    assert_eq!(picture.audit(), Ok(()));
    assert!(scene.cameras[0].lens().ray(DVec2::splat(0.5)).is_none(), "a circle in the image");
    let (x, y) = picture.pixel(BALL);
    let surface = *picture.frame.surfaces.get(x, y).unwrap();
    picture.frame.surfaces.set(0, 0, surface);
    refused("corner", "where the lens sees nothing", &picture);
}

fn any_lens() -> impl Strategy<Value = LensModel> {
    let share = || -1.0..1.0f64;
    prop_oneof![
        (prop::array::uniform6(share()), prop::array::uniform2(share())).prop_map(|(k, p)| LensModel::BrownConrady {
            k: [k[0] * 0.4, k[1] * 0.2, k[2] * 0.1, k[3] * 0.3, k[4] * 0.1, k[5] * 0.05],
            p: p.map(|p| p * 0.02),
        }),
        prop::array::uniform4(share())
            .prop_map(|k| LensModel::KannalaBrandt { k: [k[0] * 0.1, k[1] * 0.05, k[2] * 0.02, k[3] * 0.005] }),
        Just(LensModel::Equirectangular),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_scenes_pass_through_random_lenses(
        bodies in prop::collection::vec(
            (super::passes::shapes(), super::passes::places(2.0), super::passes::rotations(), super::passes::scales()), 1..6),
        eye in super::passes::places(4.0), focal in 8.0..80.0f64, model in any_lens(), near in 0.01..0.5f64,
    ) {
        let mut scene = scene();
        scene.instances.clear();
        (scene.image.width, scene.image.height) = (40, 33);
        for (shape, position, rotation, scale) in bodies {
            let body = thing(&mut scene, Some(3), shape, position.to_array());
            (body.rotation, body.scale) = (rotation, scale);
        }
        let [fx, fy, cx, cy] = match model {
            LensModel::Equirectangular => LensModel::equirectangular(40, 33),
            _ => [focal, 1.1 * focal, 21.0, 15.5],
        };
        scene.cameras[0] = Camera {
            fx, fy, cx, cy, near,
            lens_model: model,
            position: eye,
            rotation: look_at(eye, DVec3::ZERO, 0.3),
            ..scene.cameras[0].clone()
        };
        if scene.cameras[0].sees_sideways(40, 33) {
            scene.labels.outputs.remove(&Output::Depth);
        }
        scene.validate().unwrap();
        let picture = looked_up(&scene, DVec2::ZERO);
        prop_assert_eq!(picture.audit(), Ok(()));
    }
}

/// A thick ring close before a fisheye whose pixels are seven degrees wide: found by the test above.
#[test]
fn a_ring_before_a_fisheye_of_few_pixels_passes() {
    let mut scene = scene();
    scene.instances.clear();
    (scene.image.width, scene.image.height) = (40, 33);
    let ring = Shape::Torus { major_radius: 1.4997326336876617, minor_radius: 0.9720157156349699 };
    let body = thing(&mut scene, Some(3), ring, [0.0; 3]);
    body.rotation = DQuat::from_xyzw(0.6583138388484692, 0.0, 0.7306160085457846, 0.18117156961625552);
    body.scale = DVec3::new(1.989346994252415, 0.8772547103133005, 1.6926912743695068);
    let eye = DVec3::new(2.0925736527269296, -2.0588239548020244, -3.641873986024099);
    scene.cameras[0] = Camera {
        fx: 8.0,
        fy: 8.8,
        cx: 21.0,
        cy: 15.5,
        near: 0.3780380089800305,
        lens_model: LensModel::KannalaBrandt { k: [0.0; 4] },
        position: eye,
        rotation: look_at(eye, DVec3::ZERO, 0.3),
        ..scene.cameras[0].clone()
    };
    scene.labels.outputs.remove(&Output::Depth);
    assert_eq!(looked_up(&scene, DVec2::ZERO).audit(), Ok(()));
}

/// A floor of two triangles, under the camera and beyond the horizon, seen all around.
#[test]
fn a_floor_all_around_passes() {
    for model in [FISHEYE, LensModel::Equirectangular] {
        let mut scene = through(model, 16.0);
        thing(&mut scene, Some(2), Shape::Plane([2e3, 2e3].into()), [0.0, -0.01, 0.0]);
        let picture = looked_up(&scene, DVec2::ZERO);
        assert_eq!(picture.audit(), Ok(()), "{model:?}");
    }
}

/// The outline of what is straight behind goes round the whole image: rays through its middle lead away from the thing, and meet nothing of it.
#[test]
fn what_is_behind_the_camera_is_not_met_before_it() {
    let mut scene = through(LensModel::Equirectangular, 16.0);
    let camera = &scene.cameras[0];
    let behind = camera.position + camera.rotation * DVec3::new(0.0, 0.0, 6.0);
    let before = camera.position - camera.rotation * DVec3::new(0.0, 0.0, 9.0);
    thing(&mut scene, Some(2), Shape::Box(DVec3::splat(2.0)), behind.to_array());
    thing(&mut scene, Some(2), Shape::Box(DVec3::splat(2.0)), before.to_array());
    assert_eq!(looked_up(&scene, DVec2::ZERO).audit(), Ok(()));
}
