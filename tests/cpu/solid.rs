//! Bodies against closed forms: distances, depths, rays and falls.

use std::sync::Arc;

use glam::{DQuat, DVec3};
use proptest::prelude::*;
use scenewright::assets::Library;
use scenewright::make::Made;
use scenewright::scene::Shape;
use scenewright::solid::{Solid, Stand};

fn solid(shape: &Shape) -> Arc<Solid> {
    Solid::of(shape, &Library::default()).unwrap()
}

fn at(x: f64, y: f64, z: f64) -> Stand {
    Stand { position: DVec3::new(x, y, z), rotation: DQuat::IDENTITY }
}

/// A box of triangles, which nobody knows to be one: an octahedron-like made shape is convex, a ring of triangles is not.
fn made_ball(size: f64) -> Shape {
    Shape::Made(Box::new(Made::Superellipsoid { size: [size; 3], vertical: 1.0, horizontal: 1.0 }))
}

#[test]
fn two_balls_are_as_far_apart_as_their_middles_less_their_radii() {
    let ball = solid(&Shape::Sphere(0.5)).at_scale(DVec3::ONE);
    let big = solid(&Shape::Sphere(0.5)).at_scale(DVec3::splat(2.0));
    let far = ball.distance(&at(0.0, 0.0, 0.0), &big, &at(3.0, 4.0, 0.0));
    assert!((far - 3.5).abs() < 1e-9, "{far}");
    let deep = ball.depth(&at(0.0, 0.0, 0.0), &big, &at(1.2, 0.0, 0.0), 0.1).unwrap();
    assert!((deep - 0.3).abs() < 1e-9, "{deep}");
}

#[test]
fn a_made_ball_is_nearly_one() {
    let made = solid(&made_ball(1.0)).at_scale(DVec3::ONE);
    let ball = solid(&Shape::Sphere(0.5)).at_scale(DVec3::ONE);
    let gap = made.distance(&at(0.0, 0.0, 0.0), &ball, &at(0.0, 2.0, 0.0));
    assert!((gap - 1.0).abs() < 0.01, "{gap}");
    // One within the other overlaps it.
    let small = solid(&Shape::Sphere(0.1)).at_scale(DVec3::ONE);
    assert_eq!(made.distance(&at(0.0, 0.0, 0.0), &small, &at(0.1, 0.0, 0.0)), 0.0);
}

#[test]
fn a_ball_goes_through_the_hole_of_a_ring_and_a_larger_one_does_not() {
    let ring = solid(&Shape::Torus { major_radius: 1.0, minor_radius: 0.3 });
    for scale in [DVec3::ONE, DVec3::new(1.0, 1.0, 0.999)] {
        // The second is a body of triangles.
        let ring = ring.at_scale(scale);
        let gap = |radius: f64| {
            let ball = solid(&Shape::Sphere(radius)).at_scale(DVec3::ONE);
            ring.distance(&at(0.0, 0.0, 0.0), &ball, &at(0.0, 0.0, 0.0))
        };
        assert!((gap(0.5) - 0.2).abs() < 0.005, "{}", gap(0.5));
        assert_eq!(gap(0.75), 0.0);
        let fallen = solid(&Shape::Sphere(0.5)).at_scale(DVec3::ONE);
        assert!(fallen.cast(&at(0.0, 3.0, 0.0), DVec3::NEG_Y, &ring, &at(0.0, 0.0, 0.0), 10.0).is_none());
    }
    // A ball of radius 0.9 comes to lie on the tube: middle to middle of the tube is 1.2, so its height is sqrt(1.44 - 1).
    let large = solid(&Shape::Sphere(0.9)).at_scale(DVec3::ONE);
    let ring = ring.at_scale(DVec3::ONE);
    let fall = large.cast(&at(0.0, 3.0, 0.0), DVec3::NEG_Y, &ring, &at(0.0, 0.0, 0.0), 10.0).unwrap();
    assert!((3.0 - fall - 0.44_f64.sqrt()).abs() < 0.005, "{fall}");
}

#[test]
fn a_cone_on_its_head_is_wide_at_the_top() {
    let cone = solid(&Shape::Cone { radius: 0.5, height: 1.0 }).at_scale(DVec3::new(1.0, -1.0, 1.0));
    let down = |x: f64| cone.ray(&at(0.0, 0.0, 0.0), DVec3::new(x, 2.0, 0.0), DVec3::NEG_Y, 10.0).unwrap();
    assert!((down(0.4).distance - 1.5).abs() < 1e-9);
    assert!(down(0.4).normal.distance(DVec3::Y) < 1e-9);
    let up = cone.ray(&at(0.0, 0.0, 0.0), DVec3::new(0.25, -2.0, 0.0), DVec3::Y, 10.0).unwrap();
    assert!((up.distance - 2.0).abs() < 1e-9, "{}", up.distance);
}

#[test]
fn what_is_flat_has_a_thickness() {
    let sheet = solid(&Shape::Plane(glam::DVec2::new(0.2, 0.3))).at_scale(DVec3::ONE);
    let other = solid(&Shape::Plane(glam::DVec2::new(0.2, 0.3))).at_scale(DVec3::ONE);
    // Each takes up 0.6 mm below itself.
    assert_eq!(sheet.distance(&at(0.0, 0.0, 0.0), &other, &at(0.0, 0.0005, 0.0)), 0.0);
    let gap = sheet.distance(&at(0.0, 0.0, 0.0), &other, &at(0.0, 0.001, 0.0));
    assert!((gap - 0.0004).abs() < 1e-12, "{gap}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn boxes_and_balls_are_apart_as_on_paper(x in -2.0..2.0f64, y in -2.0..2.0f64, z in -2.0..2.0f64, r in 0.05..0.5f64) {
        let cuboid = solid(&Shape::Box(DVec3::new(1.0, 0.6, 0.4))).at_scale(DVec3::ONE);
        let ball = solid(&Shape::Sphere(r)).at_scale(DVec3::ONE);
        let p = DVec3::new(x, y, z);
        let half = DVec3::new(0.5, 0.3, 0.2);
        let outside = (p.abs() - half).max(DVec3::ZERO).length();
        let found = ball.distance(&Stand { position: p, rotation: DQuat::IDENTITY }, &cuboid, &at(0.0, 0.0, 0.0));
        prop_assert!((found - (outside - r).max(0.0)).abs() < 1e-7, "{found} {outside} {r}");
    }

    #[test]
    fn a_fall_ends_where_two_bodies_touch(x in -0.9..0.9f64, seed in any::<u64>()) {
        // A box, turned anyhow, falls onto a ball: the gap at the end is nothing, and never less.
        let turn = scenewright::scene::random::any_rotation(scenewright::scene::random::Key::new(seed, 0).units());
        let cuboid = solid(&Shape::Box(DVec3::new(0.4, 0.5, 0.6))).at_scale(DVec3::ONE);
        let ball = solid(&Shape::Sphere(1.0)).at_scale(DVec3::ONE);
        let from = Stand { position: DVec3::new(x, 3.0, 0.0), rotation: turn };
        let fall = cuboid.cast(&from, DVec3::NEG_Y, &ball, &at(0.0, 0.0, 0.0), 10.0);
        if let Some(fall) = fall {
            let end = Stand { position: from.position - DVec3::Y * fall, ..from };
            let gap = cuboid.depth(&end, &ball, &at(0.0, 0.0, 0.0), 1.0).map(|depth| -depth);
            prop_assert!(gap.is_some_and(|gap| gap.abs() < 1e-5), "{gap:?}");
        }
    }
}

#[test]
fn flat_things_in_a_row_leave_the_gaps_between_them_free() {
    // Two tiles of 10 cm, a metre from middle to middle, thinner than what counts as flat.
    let tile = Shape::Box(DVec3::new(0.1, 1e-5, 0.1));
    let row = Shape::Made(Box::new(Made::Array { shape: tile, count: [2.0, 1.0, 1.0], step: [1.0, 0.0, 0.0] }));
    let row = solid(&row).at_scale(DVec3::ONE);
    let ball = solid(&Shape::Sphere(0.05)).at_scale(DVec3::ONE);
    assert!(row.keeps(&at(0.0, 0.0, 0.0), &ball, &at(0.0, 0.0, 0.0), 0.0), "between them");
    assert!(!row.keeps(&at(0.0, 0.0, 0.0), &ball, &at(0.5, 0.0, 0.0), 0.0), "on one");
    // From ball to tile along x it is 0.5 - 0.05 - 0.05.
    assert!(row.keeps(&at(0.0, 0.0, 0.0), &ball, &at(0.0, 0.0, 0.0), 0.39));
    assert!(!row.keeps(&at(0.0, 0.0, 0.0), &ball, &at(0.0, 0.0, 0.0), 0.41));
}

#[test]
fn a_thing_within_a_hollow_one_is_in_it_and_beside_it_is_not() {
    // The wall of a cup: a ball in its hollow meets nothing, one that touches the wall does, and one in the wall of a thick ring is in it.
    let shape = Shape::Made(Box::new(Made::Tube { outer: 0.5, inner: 0.2, height: 1.0 }));
    let tube = solid(&shape).at_scale(DVec3::ONE);
    let ball = |radius| solid(&Shape::Sphere(radius)).at_scale(DVec3::ONE);
    let here = at(0.0, 0.0, 0.0);
    assert!(tube.keeps(&here, &ball(0.15), &here, 0.0));
    assert!(!tube.keeps(&here, &ball(0.25), &here, 0.0));
    assert!(!tube.keeps(&here, &ball(0.1), &at(0.35, 0.0, 0.0), 0.0), "wholly within the wall");
}

#[test]
fn bodies_are_as_deep_in_each_other_as_it_takes_to_part_them() {
    // A cup is no convex body: 2 cm of its wall of 10 cm are in a box beside it.
    let cup = Shape::Made(Box::new(Made::Tube { outer: 0.5, inner: 0.4, height: 1.0 }));
    let cup = solid(&cup).at_scale(DVec3::ONE);
    let wall = solid(&Shape::Box(DVec3::new(0.2, 2.0, 2.0))).at_scale(DVec3::ONE);
    let deep = |most: f64| cup.comes_free(&at(0.0, 0.0, 0.0), &wall, &at(0.58, 0.0, 0.0), most);
    assert_eq!(deep(0.015), None);
    // The drawn circle has 48 corners, one of them on the X axis.
    let found = deep(0.04).unwrap();
    assert!((0.0199..=0.0251).contains(&found), "{found}");
}
