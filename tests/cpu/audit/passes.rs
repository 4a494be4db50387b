//! What is right passes: extremes, every recipe, random scenes.

use std::path::Path;

use glam::{DQuat, DVec3};
use proptest::prelude::*;
use scenewright::assets::Library;
use scenewright::plan::{Plan, Selection};
use scenewright::scene::camera::look_at;
use scenewright::scene::{Below, Camera, Keypoint, LabelSettings, Material, Output, Shape};

use super::{Picture, library, scene, thing};
use crate::synthetic;

/// Lenses from 0.01 to 179 degrees, the smallest image, things at the near plane and far from the origin.
#[test]
fn extremes_pass() {
    let one = |(width, height): (u32, u32), degrees: f64, away: f64, origin: f64, shape: Shape| {
        let mut scene = scene();
        scene.instances.clear();
        (scene.labels.min_visible_px, scene.labels.min_visibility) = (1, 0.0);
        let origin = DVec3::new(origin, -origin, 0.5 * origin);
        thing(&mut scene, Some(3), shape, (origin + DVec3::new(0.0, 0.0, -away)).to_array()).rotation =
            DQuat::from_rotation_x(0.7);
        thing(&mut scene, Some(2), Shape::Plane([2e4, 2e4].into()), (origin - DVec3::Y * away).to_array());
        let f = f64::from(width) / 2.0 / libm::tan(degrees.to_radians() / 2.0);
        let camera = &mut scene.cameras[0];
        (camera.fx, camera.fy) = (f, 0.8 * f);
        (camera.cx, camera.cy) = (f64::from(width) / 2.0, f64::from(height) / 2.0);
        (camera.position, camera.rotation) = (origin, DQuat::IDENTITY);
        (scene.image.width, scene.image.height) = (width, height);
        let picture = Picture::new(scene, &Library::default(), 0);
        assert!(!picture.labels.annotations.is_empty(), "nothing is seen");
        assert_eq!(picture.audit(), Ok(()), "{degrees} degrees, {away} m away, {origin} m from the origin");
    };
    let cube = || Shape::Box(DVec3::ONE);
    one((24, 18), 0.01, 4000.0, 0.0, cube());
    one((24, 18), 179.0, 1.0, 0.0, cube());
    one((24, 18), 60.0, 2.0, 1e6, cube());
    one((24, 18), 60.0, 2.0, -3e3, Shape::Sphere(0.5));
    one((1, 1), 60.0, 2.0, 0.0, cube());
    one((1, 300), 60.0, 2.0, 0.0, cube());
    one((24, 18), 60.0, 0.07, 0.0, Shape::Sphere(0.01));
    one((24, 18), 60.0, 0.5, 0.0, Shape::Torus { major_radius: 1.0, minor_radius: 0.4 });
    one((24, 18), 60.0, 3e8, 0.0, Shape::Sphere(1e8));
}

#[test]
fn scenes_of_every_recipe_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut recipes = 0;
    for entry in root.join("scenes").read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "ron") {
            continue;
        }
        recipes += 1;
        let selection = Selection { count: Some(2), ..Selection::default() };
        let plan = Plan::load(&path, None, selection).unwrap();
        for index in plan.indices() {
            let mut scene = plan.scene(index).unwrap();
            scene.labels.outputs = Output::ALL.into();
            // Fewer pixels, the same picture.
            let smaller = 8;
            scene.image.width /= smaller;
            scene.image.height /= smaller;
            for camera in &mut scene.cameras {
                for length in [&mut camera.fx, &mut camera.fy, &mut camera.cx, &mut camera.cy] {
                    *length /= f64::from(smaller);
                }
            }
            for camera in 0..scene.cameras.len() {
                let picture = Picture::new(scene.clone(), plan.library(), camera);
                assert_eq!(picture.audit(), Ok(()), "{} {index}, camera {camera}", path.display());
            }
        }
    }
    assert!(recipes > 5);
}

pub(super) fn shapes() -> impl Strategy<Value = Shape> {
    let length = || 0.05..1.5_f64;
    prop_oneof![
        (length(), length(), length()).prop_map(|size| Shape::Box(size.into())),
        length().prop_map(Shape::Sphere),
        (length(), length()).prop_map(|(radius, height)| Shape::Cylinder { radius, height }),
        (length(), length()).prop_map(|(radius, height)| Shape::Cone { radius, height }),
        (length(), length()).prop_map(|(radius, height)| Shape::Capsule { radius, height }),
        (length(), 0.1..0.95_f64)
            .prop_map(|(major_radius, share)| Shape::Torus { major_radius, minor_radius: share * major_radius }),
        (length(), length()).prop_map(|size| Shape::Plane(size.into())),
        Just(Shape::Gltf("assets/mug.glb".into())),
        Just(Shape::Gltf("assets/crate.glb".into())),
    ]
}

pub(super) fn places(within: f64) -> impl Strategy<Value = DVec3> {
    [-within..within, -within..within, -within..within].prop_map(DVec3::from)
}

pub(super) fn rotations() -> impl Strategy<Value = DQuat> {
    [-1.0..1.0, -1.0..1.0, -1.0..1.0, 0.1..1.0_f64].prop_map(|q| DQuat::from_array(q).normalize())
}

pub(super) fn scales() -> impl Strategy<Value = DVec3> {
    let axis = || prop_oneof![0.3..2.0_f64, -2.0..-0.3_f64];
    [axis(), axis(), axis()].prop_map(DVec3::from)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_scenes_pass(
        bodies in prop::collection::vec((shapes(), places(2.0), rotations(), scales(), 0..4_u32, any::<bool>()), 1..9),
        eye in places(4.0),
        roll in -3.0..3.0_f64,
        focal in [10.0..200.0_f64, 10.0..200.0_f64],
        principal in [-20.0..60.0_f64, -20.0..60.0_f64],
        near in 0.01..1.0_f64,
        below in prop_oneof![Just(Below::Keep), Just(Below::Mark), Just(Below::LeaveOut)],
        rules in (1..20_u32, 0.0..0.5_f64),
    ) {
        let mut scene = scene();
        scene.instances.clear();
        scene.labels = LabelSettings {
            outputs: Output::ALL.into(),
            min_visible_px: rules.0,
            min_visibility: rules.1,
            below,
        };
        (scene.image.width, scene.image.height) = (40, 33);
        for (shape, position, rotation, scale, category, double_sided) in bodies {
            let category = (category > 0).then_some(category);
            let body = thing(&mut scene, category, shape, position.to_array());
            (body.rotation, body.scale) = (rotation, scale);
            body.material = Some(Material { double_sided, ..Material::default() });
            if category == Some(1) {
                let position = DVec3::new(0.1, 0.2, 0.3);
                body.keypoints = vec![Keypoint { name: "corner".into(), position }];
            }
        }
        // Ids are dense, in order.
        let mut next = 0;
        for instance in &mut scene.instances {
            next += u32::from(instance.category.is_some());
            instance.id = if instance.category.is_some() { next } else { 0 };
        }
        scene.cameras[0] = Camera {
            fx: focal[0],
            fy: focal[1],
            cx: principal[0],
            cy: principal[1],
            near,
            position: eye,
            rotation: look_at(eye, DVec3::ZERO, roll),
            ..synthetic::camera("main")
        };
        let library = library(&scene);
        let picture = Picture::new(scene, &library, 0);
        prop_assert_eq!(picture.audit(), Ok(()));
    }
}
