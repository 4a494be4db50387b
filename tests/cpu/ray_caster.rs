//! The ray caster itself, against closed forms.

use glam::{DQuat, DVec3};
use scenewright::assets::Library;
use scenewright::image::Image;
use scenewright::scene::{Camera, Instance, Material, Scene, Shape};

use crate::oracle::{cast, compare};
use crate::synthetic;

/// A scene without instances: a camera at the origin that looks down -Z with a focal length of one image width.
fn scene(width: u32, height: u32) -> Scene {
    let mut scene = synthetic::scene(0, 0, &["main"], (width, height));
    scene.instances.clear();
    scene.cameras = vec![Camera {
        fx: width.into(),
        fy: width.into(),
        cx: f64::from(width) / 2.0,
        cy: f64::from(height) / 2.0,
        position: DVec3::ZERO,
        rotation: DQuat::IDENTITY,
        ..synthetic::camera("main")
    }];
    scene
}

fn add(scene: &mut Scene, shape: Shape, position: DVec3) -> &mut Instance {
    let id = 1 + scene.instances.len() as u32;
    scene.instances.push(Instance {
        id,
        object: "thing".into(),
        number: id - 1,
        category: Some(1),
        shape,
        material: Some(Material::default()),
        position,
        rotation: DQuat::IDENTITY,
        scale: DVec3::ONE,
        keypoints: Vec::new(),
        keypoint_tolerance: 0.0,
        see_through: Vec::new(),
    });
    scene.instances.last_mut().unwrap()
}

fn at<T: Copy>(image: &Image<T>, x: u32, y: u32) -> T {
    *image.get(x, y).unwrap()
}

#[test]
fn a_frame_agrees_with_itself() {
    let mut s = scene(64, 48);
    add(&mut s, Shape::Sphere(1.0), DVec3::new(0.0, 0.0, -4.0));
    let frame = cast(&s, &Library::default(), 0);
    assert_eq!(at(&frame.surfaces, 32, 24), 1);
    assert_eq!(compare(&frame, &frame).disagreement(), None);
}
