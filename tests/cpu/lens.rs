//! Lenses that bend straight lines: against OpenCV's own numbers, closed forms, and their inverses; from recipes and calibration
//! files; and through every label.

mod calibrations;
mod frames;
mod recipes;

use std::f64::consts::{FRAC_PI_2, PI};

use glam::{DQuat, DVec2, DVec3};
use proptest::prelude::*;
use scenewright::scene::{Aperture, Camera, Lens, LensModel, Shutter};

fn lens(model: LensModel) -> Lens {
    Lens::new(DVec2::new(520.0, 515.0), DVec2::new(320.0, 240.0), model)
}

fn brown_conrady(k: [f64; 6], p: [f64; 2]) -> Lens {
    lens(LensModel::BrownConrady { k, p })
}

fn kannala_brandt(k: [f64; 4]) -> Lens {
    lens(LensModel::KannalaBrandt { k })
}

/// Written by tests/readers/lens_table.py.
#[test]
fn points_land_where_opencv_puts_them_and_come_back() {
    let table: serde_json::Value = serde_json::from_str(include_str!("../golden/lenses.json")).unwrap();
    let numbers = |value: &serde_json::Value| -> Vec<f64> { serde_json::from_value(value.clone()).unwrap() };
    let rows = |value: &serde_json::Value| value.as_array().unwrap().iter().map(numbers).collect::<Vec<_>>();
    let k = rows(&table["K"]);
    let mut compared = 0;
    for entry in table["lenses"].as_array().unwrap() {
        let c = numbers(&entry["coefficients"]);
        let model = match entry["model"].as_str().unwrap() {
            "brown_conrady" => LensModel::BrownConrady { k: [c[0], c[1], c[4], c[5], c[6], c[7]], p: [c[2], c[3]] },
            _ => LensModel::KannalaBrandt { k: [c[0], c[1], c[2], c[3]] },
        };
        assert_eq!(model.opencv_coefficients(), c);
        let lens = Lens::new(DVec2::new(k[0][0], k[1][1]), DVec2::new(k[0][2] + 0.5, k[1][2] + 0.5), model);
        let (points, pixels, rays) = (rows(&entry["points"]), rows(&entry["pixels"]), rows(&entry["rays"]));
        for ((point, pixel), ray) in points.iter().zip(&pixels).zip(&rays) {
            let theirs = DVec2::new(pixel[0] + 0.5, pixel[1] + 0.5);
            let ours = lens.pixel(DVec3::new(point[0], point[1], point[2])).unwrap();
            assert!(ours.distance(theirs) < 1e-9, "{model:?} at {point:?}: {ours} and {theirs}");
            let back = lens.ray(theirs).unwrap();
            let flat = DVec2::new(back.x / back.z, back.y / back.z);
            assert!(flat.distance(DVec2::new(ray[0], ray[1])) < 1e-9, "{model:?} at {pixel:?}: {flat} and {ray:?}");
            compared += 1;
        }
    }
    assert_eq!(compared, 7 * 63);
}

/// `f(r) = r + k1 r^3` turns where `1 + 3 k1 r^2 = 0`.
#[test]
fn a_barrel_ends_where_its_derivative_is_zero() {
    for k1 in [-0.02, -0.28, -1.5] {
        let lens = brown_conrady([k1, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0]);
        let end = 1.0 / (-3.0 * k1).sqrt();
        assert!((lens.reach() - libm::atan(end)).abs() < 1e-12, "{k1}");
        // Two thirds of that radius is the farthest in the picture: f(end) = end (1 - 1/3).
        let farthest = 520.0 * end * 2.0 / 3.0;
        assert!(lens.ray(DVec2::new(320.0 + farthest - 1e-6, 240.0)).is_some());
        assert_eq!(lens.ray(DVec2::new(320.0 + farthest + 1e-6, 240.0)), None);
        assert!(lens.pixel(DVec3::new(end * 0.999, 0.0, 1.0)).is_some());
        // Beyond, the formula leads back into the picture; the lens does not.
        assert_eq!(lens.pixel(DVec3::new(end * 1.001, 0.0, 1.0)), None);
        assert_eq!(lens.pixel(DVec3::new(end * 3f64.sqrt(), 0.0, 1.0)), None);
        assert_eq!(lens.ended_by(), Some("k1"));
    }
    assert_eq!(brown_conrady([0.1, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0]).ended_by(), None);
    // A denominator of 1 - s is 0 at r = 1.
    let pole = brown_conrady([0.0, 0.0, 0.0, -1.0, 0.0, 0.0], [0.0, 0.0]);
    assert!((pole.reach() - libm::atan(1.0)).abs() < 1e-6 && pole.ended_by() == Some("k4"));
    // Tangential alone: 1 - 6 r |p| is 0 at 1 / (6 |p|), against the direction of (p2, p1).
    let tilted = brown_conrady([0.0; 6], [0.03, 0.04]);
    assert!((libm::tan(tilted.reach()) - 1.0 / 0.3).abs() < 1e-9);
    assert_eq!(tilted.ended_by(), Some("p2"));
}

/// `t + k1 t^3` turns where `1 + 3 k1 t^2 = 0`.
#[test]
fn a_fisheye_ends_where_its_derivative_is_zero_or_behind_the_camera() {
    let k1 = -0.1;
    let end = (1.0 / 0.3f64).sqrt();
    let lens = kannala_brandt([k1, 0.0, 0.0, 0.0]);
    assert!((lens.reach() - end).abs() < 1e-12 && end > FRAC_PI_2);
    let plain = kannala_brandt([0.0; 4]);
    assert_eq!(plain.reach(), PI);
    // r = f t: sideways is f pi / 2 away, straight behind is everywhere on a circle, and nowhere.
    let side = plain.pixel(DVec3::new(3.0, 0.0, 0.0)).unwrap();
    assert!(side.distance(DVec2::new(320.0 + 520.0 * FRAC_PI_2, 240.0)) < 1e-9, "{side}");
    assert_eq!(plain.pixel(DVec3::new(0.0, 0.0, -1.0)), None);
    assert_eq!(plain.pixel(DVec3::new(0.0, 0.0, 2.0)), Some(DVec2::new(320.0, 240.0)));
    let back = plain.ray(DVec2::new(320.0, 240.0 + 515.0 * 3.0)).unwrap();
    assert!((back - DVec3::new(0.0, libm::sin(3.0), libm::cos(3.0))).length() < 1e-12, "{back}");
    assert_eq!(plain.ray(DVec2::new(320.0, 240.0 + 515.0 * 3.2)), None);
    // 640 x 480 pixels of it: the corners are 400 of 520 pixels per radian off.
    assert!(!plain.sees_sideways(640, 480) && !plain.ends_within(640, 480));
    let half = Lens::new(DVec2::splat(480.0 / PI), DVec2::new(320.0, 240.0), LensModel::KannalaBrandt { k: [0.0; 4] });
    assert!(half.sees_sideways(640, 480));
}

#[test]
fn an_equirectangular_image_is_longitude_and_latitude() {
    let [fx, fy, cx, cy] = LensModel::equirectangular(720, 360);
    let lens = Lens::new(DVec2::new(fx, fy), DVec2::new(cx, cy), LensModel::Equirectangular);
    let at = |x: f64, y: f64, z: f64| lens.pixel(DVec3::new(x, y, z)).unwrap();
    let near = |a: DVec2, b: [f64; 2]| assert!(a.distance(b.into()) < 1e-9, "{a} is not {b:?}");
    // Two pixels per degree; x right, y down, z forward.
    near(at(0.0, 0.0, 5.0), [360.0, 180.0]);
    near(at(2.0, 0.0, 0.0), [540.0, 180.0]);
    near(at(-2.0, 0.0, 0.0), [180.0, 180.0]);
    near(at(0.0, 1.0, 1.0), [360.0, 270.0]);
    near(at(0.0, -1.0, 0.0), [360.0, 0.0]);
    // Straight behind is the left edge.
    near(at(0.0, 0.0, -1.0), [0.0, 180.0]);
    assert_eq!(lens.pixel(DVec3::ZERO), None);
    assert_eq!(lens.ray(DVec2::new(-0.5, 100.0)), None);
    assert_eq!(lens.ray(DVec2::new(10.0, 360.5)), None);
    assert!(lens.ray(DVec2::new(720.0, 360.0)).is_some() && lens.sees_sideways(720, 360));
}

#[test]
fn what_is_out_of_focus_is_a_disc_of_the_diameter_that_rays_have() {
    let (focal, aperture) = (1000.0, Aperture { diameter: 0.02, focus_distance: 2.0 });
    for depth in [0.5, 1.3, 2.0, 4.0, 50.0] {
        // A pinhole that stands at either rim of the lens sees the point elsewhere; what both see of the plane of focus is joined.
        let seen = |rim: f64| {
            let through = rim + (0.0 - rim) * aperture.focus_distance / depth;
            focal * through / aperture.focus_distance
        };
        let across = (seen(0.01) - seen(-0.01)).abs();
        assert!((aperture.blur_diameter(focal, depth) - across).abs() < 1e-12, "{depth}");
    }
    assert_eq!(aperture.blur_diameter(focal, 2.0), 0.0);
    // 50 mm at f/2.8 and 2 m, on a sensor of 36 mm and 6000 pixels: 25 mm of the lens; at infinity f A / s of the sensor.
    let portrait = Aperture { diameter: 0.05 / 2.8, focus_distance: 2.0 };
    let pixels = portrait.blur_diameter(50.0 / 36.0 * 6000.0, f64::INFINITY);
    assert!((pixels - 0.05 * (0.05 / 2.8) / 2.0 / 0.036 * 6000.0).abs() < 1e-9);
}

#[test]
fn rows_are_exposed_one_after_the_other_around_the_instant_of_labels() {
    let rolling = Shutter { time: 0.01, readout: 0.02 };
    assert!((rolling.middle(0.5, 480) + 0.01).abs() < 1e-15 && (rolling.middle(479.5, 480) - 0.01).abs() < 1e-15);
    assert_eq!(rolling.middle(240.0, 480), 0.0);
    assert_eq!((rolling.middle(0.5, 1), Shutter::default().middle(3.5, 480)), (0.0, 0.0));
}

/// A number in `[-1, 1]`.
fn share() -> impl Strategy<Value = f64> {
    -1.0..1.0f64
}

fn any_brown_conrady() -> impl Strategy<Value = LensModel> {
    (prop::array::uniform6(share()), prop::array::uniform2(share()), any::<bool>()).prop_map(|(k, p, rational)| {
        // As calibrations have them: each weaker than the one before.
        let scale = [0.5, 0.3, 0.1, 0.5, 0.3, 0.1];
        let k = std::array::from_fn(|n| if n < 3 || rational { k[n] * scale[n] } else { 0.0 });
        LensModel::BrownConrady { k, p: p.map(|p| p * 0.02) }
    })
}

fn any_kannala_brandt() -> impl Strategy<Value = LensModel> {
    prop::array::uniform4(share())
        .prop_map(|k| LensModel::KannalaBrandt { k: [k[0] * 0.1, k[1] * 0.05, k[2] * 0.02, k[3] * 0.005] })
}

fn any_lens() -> impl Strategy<Value = LensModel> {
    prop_oneof![any_brown_conrady(), any_kannala_brandt(), Just(LensModel::Equirectangular), Just(LensModel::Pinhole)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Over the whole domain but the last hundred thousandth of it, where a pixel is so many radians that no inverse is stable.
    #[test]
    fn every_direction_that_a_lens_sees_comes_back_from_its_pixel(
        model in any_lens(), shares in prop::collection::vec((0.0..1.0f64, 0.0..1.0f64), 1..20),
    ) {
        let lens = match model {
            LensModel::Equirectangular => Lens::new(DVec2::splat(100.0), DVec2::new(320.0, 240.0), model),
            _ => lens(model),
        };
        for (away, around) in shares {
            // Up to 80 degrees of what would go to 90, where a pixel of a pinhole is nothing any more.
            let most = if lens.reach() <= FRAC_PI_2 { lens.reach().min(1.4) } else { lens.reach() };
            let (angle, turn) = (away * most * (1.0 - 1e-5), around * 2.0 * PI);
            let direction = DVec3::new(libm::sin(angle) * libm::cos(turn), libm::sin(angle) * libm::sin(turn), libm::cos(angle));
            let pixel = lens.pixel(direction);
            prop_assert!(pixel.is_some(), "{model:?} {angle} {turn}, of {}", lens.reach());
            let back = lens.ray(pixel.unwrap());
            prop_assert!(back.is_some(), "{model:?} {angle} {turn}, of {}", lens.reach());
            let again = lens.pixel(back.unwrap()).unwrap();
            // At the back of an equirectangular image, left and right are the same.
            let off = (again - pixel.unwrap()).abs();
            let off = off.min((off - DVec2::new(200.0 * PI, 0.0)).abs());
            prop_assert!(off.length() < 1e-9, "{model:?} {angle}: {} and {again}", pixel.unwrap());
        }
    }

    /// Seen from its principal point, the picture goes outwards as directions go off the axis: no two of them land on one place.
    #[test]
    fn lenses_fold_nothing(model in prop_oneof![any_brown_conrady(), any_kannala_brandt()], turn in 0.0..6.3f64, other in 0.0..6.3f64) {
        let lens = lens(model);
        let reach = lens.reach().min(if lens.reach() <= FRAC_PI_2 { 1.5 } else { PI });
        let points: Vec<(DVec2, DVec2)> = (1..200)
            .flat_map(|n| [(n, turn), (n, other)])
            .map(|(n, turn)| {
                let angle = reach * f64::from(n) / 200.0 * (1.0 - 1e-9);
                let direction = DVec3::new(libm::sin(angle) * libm::cos(turn), libm::sin(angle) * libm::sin(turn), libm::cos(angle));
                // Where monotony is told: tan of the angle for Brown and Conrady, the angle itself for a fisheye.
                let flat = match model {
                    LensModel::BrownConrady { .. } => direction.truncate() / direction.z,
                    _ => DVec2::new(libm::cos(turn), libm::sin(turn)) * angle,
                };
                (flat, (lens.pixel(direction).unwrap() - DVec2::new(320.0, 240.0)) / DVec2::new(520.0, 515.0))
            })
            .collect();
        for (n, (a, fa)) in points.iter().enumerate() {
            for (b, fb) in &points[..n] {
                // A monotone map: (f(a) - f(b)) . (a - b) > 0.
                let rises = (*fa - *fb).dot(*a - *b);
                prop_assert!(a.distance(*b) < 1e-9 || rises > 0.0, "{model:?} {a} {b} {rises}");
            }
        }
    }

    #[test]
    fn a_camera_projects_its_own_unit_rays_back(model in any_lens(), x in 0.0..640.0f64, y in 0.0..480.0f64, far in 0.1..50.0f64) {
        let [fx, fy, cx, cy] = match model {
            LensModel::Equirectangular => LensModel::equirectangular(640, 480),
            _ => [300.0, 310.0, 315.0, 250.0],
        };
        let camera = Camera {
            fx, fy, cx, cy,
            lens_model: model,
            position: DVec3::new(3.0, -2.0, 1.0),
            rotation: DQuat::from_xyzw(0.1, 0.7, -0.3, 0.2).normalize(),
            ..Camera::default()
        };
        let pixel = DVec2::new(x, y);
        if let Some(ray) = camera.unit_ray(pixel) {
            prop_assert!((ray.length() - 1.0).abs() < 1e-14);
            let found = camera.project(camera.position + ray * far).unwrap();
            prop_assert!(found.pixel.distance(pixel) < 1e-9 && (found.range - far).abs() < 1e-12 * (1.0 + far), "{found:?}");
            if let Some(through) = camera.ray_through(pixel) {
                prop_assert!(found.depth > 0.0 && (through.normalize() - ray).length() < 1e-12);
                let found = camera.project(camera.position + through * far).unwrap();
                prop_assert!((found.depth - far).abs() < 1e-9 * far);
            } else {
                prop_assert!(found.depth <= 0.0);
            }
        } else {
            prop_assert_eq!(camera.ray_through(pixel), None);
        }
    }

    #[test]
    fn no_coefficients_make_a_lens_panic_or_hang(
        k in prop::array::uniform6(prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL),
        p in prop::array::uniform2(-1e6..1e6f64), x in -1e4..1e4f64, y in -1e4..1e4f64,
    ) {
        for model in [LensModel::BrownConrady { k, p }, LensModel::KannalaBrandt { k: [k[0], k[1], k[2], k[3]] }] {
            let lens = lens(model);
            lens.ray(DVec2::new(x, y));
            lens.pixel(DVec3::new(x, y, 1.0));
            lens.ended_by();
            prop_assert!(lens.reach() >= 0.0 && lens.reach() <= PI);
        }
    }
}
