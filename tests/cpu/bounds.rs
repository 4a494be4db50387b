//! Boxes of things in the world, against every vertex, and against numbers worked out by hand.

use std::f64::consts::{FRAC_PI_4, SQRT_2};
use std::path::Path;

use glam::{DAffine3, DQuat, DVec2, DVec3};
use proptest::prelude::*;
use scenewright::annotate::Subject;
use scenewright::assets::Library;
use scenewright::mesh::shapes::{build, key_and_scale, world_bounds};
use scenewright::scene::Shape;

use crate::synthetic::{scene, subject};

fn shapes() -> impl Strategy<Value = Shape> {
    let length = || 0.05..2.0_f64;
    prop_oneof![
        (length(), length(), length()).prop_map(|(x, y, z)| Shape::Box(DVec3::new(x, y, z))),
        length().prop_map(Shape::Sphere),
        (length(), length()).prop_map(|(radius, height)| Shape::Cylinder { radius, height }),
        (length(), length()).prop_map(|(radius, height)| Shape::Cone { radius, height }),
        (length(), length()).prop_map(|(radius, height)| Shape::Capsule { radius, height }),
        (length(), 0.05..0.6_f64)
            .prop_map(|(major_radius, share)| Shape::Torus { major_radius, minor_radius: share * major_radius }),
        (length(), length()).prop_map(|(x, z)| Shape::Plane(DVec2::new(x, z))),
    ]
}

fn vector(reach: std::ops::Range<f64>) -> impl Strategy<Value = DVec3> {
    (reach.clone(), reach.clone(), reach).prop_map(|(x, y, z)| DVec3::new(x, y, z))
}

/// Any position and rotation, and scales of either sign.
fn placements() -> impl Strategy<Value = DAffine3> {
    let turn = (-1.0..1.0, -1.0..1.0, -1.0..1.0, 0.1..1.0);
    (vector(0.1..3.0), vector(-1.0..1.0), turn, vector(-2.0..2.0)).prop_map(|(size, sign, (x, y, z, w), position)| {
        let rotation = DQuat::from_xyzw(x, y, z, w).normalize();
        DAffine3::from_scale_rotation_translation(size * sign.signum(), rotation, position)
    })
}

fn around(points: impl Iterator<Item = DVec3>) -> (DVec3, DVec3) {
    points.fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(min, max), p| (min.min(p), max.max(p)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn the_box_of_a_primitive_holds_its_vertices_and_is_hardly_larger(shape in shapes(), placement in placements()) {
        let (key, scale) = key_and_scale(&shape).unwrap();
        let vertices = build(&key).positions.into_iter().map(|p| scale * DVec3::from_array(p.map(f64::from)));
        let mesh = around(vertices.map(|p| placement.transform_point3(p)));
        let found = world_bounds(&shape, &placement).unwrap();
        let size = found.1 - found.0;
        // Vertices are rounded to f32. Polygons have their corners on the circles: a torus's tube of 24 corners lacks at most
        // 1 - cos(pi / 24) = 0.86 % of its radius, a circle of 48 0.21 %.
        let rounding = 1e-6 * size.max_element();
        prop_assert!((mesh.0 - found.0).min_element() >= -rounding, "{:?} {:?}", mesh, found);
        prop_assert!((found.1 - mesh.1).min_element() >= -rounding, "{:?} {:?}", mesh, found);
        let slack = (mesh.0 - found.0).max(found.1 - mesh.1);
        prop_assert!((slack - 0.01 * size).max_element() <= rounding, "{:?} {:?}", mesh, found);
    }
}

#[test]
fn the_box_of_a_model_is_that_of_all_its_vertices() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut library = Library::default();
    // One model used by many instances, and two models.
    let path = |object: &str| if object == "mugs" { "assets/mug.glb" } else { "assets/plant.glb" };
    for object in ["mugs", "balls"] {
        library.load_model(root, path(object)).unwrap();
    }
    proptest!(|(placements in proptest::collection::vec(placements(), 1..6))| {
        let mut scene = scene(0, u32::try_from(placements.len()).unwrap(), &["main"], (8, 8));
        for (instance, placement) in scene.instances.iter_mut().skip(1).zip(&placements) {
            instance.shape = Shape::Gltf(path(&instance.object).into());
            (instance.scale, instance.rotation, instance.position) = placement.to_scale_rotation_translation();
        }
        let found = Subject::new(scene.clone(), &library).unwrap();
        for (instance, solid) in scene.instances.iter().zip(&found.solids).skip(1) {
            let positions = library.models[path(&instance.object)].parts.iter().flat_map(|part| &part.mesh.positions);
            let all: Vec<_> = positions.map(|p| DVec3::from_array(p.map(f64::from))).collect();
            let (min, max) = around(all.iter().map(|&p| instance.world_from_instance().transform_point3(p)));
            prop_assert!((solid.world.0 - min).abs().max_element() < 1e-12, "{:?} {}", solid.world, min);
            prop_assert!((solid.world.1 - max).abs().max_element() < 1e-12, "{:?} {}", solid.world, max);
            prop_assert_eq!(solid.local, around(all.into_iter()));
        }
    });
}

#[test]
fn tilted_shapes_have_the_boxes_worked_out_by_hand() {
    // An eighth of a turn about z takes y to (-1, 1) / sqrt 2.
    let tilt = |scale| DAffine3::from_scale_rotation_translation(scale, DQuat::from_rotation_z(FRAC_PI_4), DVec3::X);
    let check = |shape: Shape, scale: DVec3, half: DVec3| {
        let (min, max) = world_bounds(&shape, &tilt(scale)).unwrap();
        let near = (min - (DVec3::X - half)).length() < 1e-12 && (max - (DVec3::X + half)).length() < 1e-12;
        assert!(near, "{shape:?}: {min} {max}, not {half} about (1, 0, 0)");
    };
    let s = 1.0 / SQRT_2;
    // A flat square of edge 2: its diagonal has 2 sqrt 2, of which half along x.
    check(Shape::Plane(DVec2::splat(2.0)), DVec3::ONE, DVec3::new(s, s, 1.0));
    // A ball stretched to half axes 3, 4, 1: sqrt((9 + 16) / 2) along x and y.
    check(Shape::Sphere(1.0), DVec3::new(3.0, -4.0, 1.0), DVec3::new(5.0 * s, 5.0 * s, 1.0));
    // A segment of half length 2 and a ball of 0.5.
    check(Shape::Capsule { radius: 0.5, height: 4.0 }, DVec3::ONE, DVec3::new(2.0 * s + 0.5, 2.0 * s + 0.5, 0.5));
    // The same, stretched: half length 2 x 4 along y, and a ball that became an ellipsoid of half axes 1.5, 2, 0.5.
    let ball = 2.5 * s;
    check(
        Shape::Capsule { radius: 0.5, height: 4.0 },
        DVec3::new(-3.0, 4.0, 1.0),
        DVec3::new(8.0 * s + ball, 8.0 * s + ball, 0.5),
    );
    // Its outer rim: a circle of 2, of which 2 / sqrt 2 along x and y, and a tube of 0.25.
    check(
        Shape::Torus { major_radius: 2.0, minor_radius: 0.25 },
        DVec3::ONE,
        DVec3::new(2.0 * s + 0.25, 2.0 * s + 0.25, 2.25),
    );
    // A disc of 2 and a segment of half length 3.
    check(Shape::Cylinder { radius: 2.0, height: 6.0 }, DVec3::ONE, DVec3::new(5.0 * s, 5.0 * s, 2.0));

    // A cone is the one shape whose two sides differ: the tip at (0, 3), the base's rim at (+-2, -3), turned. Along x the rim's right
    // end is at (2 + 3) s, and both tip and left end are left of it, the tip at -3 s, the end at (-2 + 3) s.
    let (min, max) = world_bounds(&Shape::Cone { radius: 2.0, height: 6.0 }, &tilt(DVec3::ONE)).unwrap();
    assert!((min - DVec3::new(1.0 - 3.0 * s, -5.0 * s, -2.0)).length() < 1e-12, "{min}");
    assert!((max - DVec3::new(1.0 + 5.0 * s, 3.0 * s, 2.0)).length() < 1e-12, "{max}");
}

#[test]
fn a_model_that_is_not_loaded_is_named() {
    let mut scene = scene(0, 1, &["main"], (8, 8));
    assert_eq!(subject(&scene).solids.len(), 2);
    scene.instances[1].shape = Shape::Gltf("assets/mug.glb".into());
    let error = Subject::new(scene, &Library::default()).unwrap_err();
    assert_eq!(error.to_string(), "mugs[0] needs an asset that is not loaded");
}
