//! Streams and distributions: contract, range, moments and shape. Seeds are fixed, so none of this can flicker.

use glam::{DMat3, DVec3};
use proptest::prelude::*;
use scenewright::recipe::dist::{ColorRecipe, Number, RotationRecipe, Scalar, Varied, VectorRecipe};
use scenewright::scene::color;
use scenewright::scene::random::{self, Key, quantile};

const N: u64 = 20_000;

fn draws(number: Number) -> Vec<f64> {
    let dist = Varied::One(number);
    (0..N).map(|i| random::scalar(&dist, &Key::new(1, i).name("x"))).collect()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    values.sum::<f64>() / N as f64
}

/// Largest distance between the empirical and the true distribution function. With n = 20 000 draws a true fit stays
/// below 1.95 / sqrt(n) = 0.0138 but once in a thousand (Kolmogorov's limit law).
fn kolmogorov(mut values: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    (0..values.len()).map(|i| (cdf(values[i]) - (i as f64 + 0.5) / n).abs()).fold(0.0, f64::max)
}

const KOLMOGOROV: f64 = 0.0138;

#[test]
fn a_stream_keeps_its_value_through_updates_of_its_crates() {
    // Golden: our own first answer.
    let key = Key::new(0, 0).name("objects").name("mugs").item(2).name("roughness");
    assert_eq!(key.stream().unit().to_bits(), GOLDEN_UNIT);
}

const GOLDEN_UNIT: u64 = 4_589_612_359_136_075_328;

#[test]
fn names_cannot_be_mistaken_for_paths() {
    let root = Key::new(0, 0);
    let keys = [
        root.name("a.b"),
        root.name("a").name("b"),
        root.name("a[0]"),
        root.name("a").item(0),
        root.name("ab"),
        root.name("a"),
        root.item(0),
        root.item(1),
        Key::new(1, 0).name("a"),
        Key::new(0, 1).name("a"),
    ];
    for (i, a) in keys.iter().enumerate() {
        for b in &keys[..i] {
            assert_ne!(a.stream().unit(), b.stream().unit(), "{a:?} {b:?}");
        }
    }
}

#[test]
fn uniform_is_even() {
    assert!(kolmogorov(draws(Number::Uniform { min: 2.0, max: 6.0 }), |x| (x - 2.0) / 4.0) < KOLMOGOROV);
}

#[test]
fn log_uniform_is_even_in_the_logarithm() {
    let values = draws(Number::LogUniform { min: 1.0, max: 1e4 });
    assert!(kolmogorov(values, |x| libm::log10(x) / 4.0) < KOLMOGOROV);
}

#[test]
fn normal_is_normal() {
    let free = Number::Normal { mean: 3.0, std: 2.0, min: f64::NEG_INFINITY, max: f64::INFINITY };
    assert!(kolmogorov(draws(free), |x| 0.5 * libm::erfc(-(x - 3.0) / 2.0 / 2f64.sqrt())) < KOLMOGOROV);
}

#[test]
fn a_truncated_normal_is_the_normal_between_its_ends() {
    let values = draws(Number::Normal { mean: 0.0, std: 1.0, min: 0.0, max: 1.0 });
    assert!(values.iter().all(|v| (0.0..=1.0).contains(v)));
    let phi = |x: f64| 0.5 * libm::erfc(-x / 2f64.sqrt());
    assert!(kolmogorov(values, |x| (phi(x) - 0.5) / (phi(1.0) - 0.5)) < KOLMOGOROV);
}

#[test]
fn an_interval_that_no_draw_reaches_ends_at_its_nearer_end() {
    // 40 standard deviations: no f64 comes from there. It must still end.
    let far = Varied::One(Number::Normal { mean: 0.0, std: 1.0, min: 40.0, max: 41.0 });
    assert_eq!(random::scalar(&far, &Key::new(0, 0)), 40.0);
}

#[test]
fn whole_numbers_are_equally_likely_ends_included() {
    let values = draws(Number::UniformInt { min: -2, max: 4 });
    for k in -2..=4 {
        let share = values.iter().filter(|&&v| v == f64::from(k)).count() as f64 / N as f64;
        // Standard deviation sqrt(1/7 * 6/7 / 20 000) = 0.0025; four of them.
        assert!((share - 1.0 / 7.0).abs() < 0.01, "{k}: {share}");
    }
    let all = Varied::One(Number::UniformInt { min: i64::MIN, max: i64::MAX });
    assert!(random::scalar(&all, &Key::new(0, 0)).is_finite());
}

#[test]
fn choices_are_as_likely_as_their_weights() {
    let number = |v| Varied::One(Number::Const(v));
    let even: Scalar = Varied::Choice(vec![number(0.0), number(1.0), Varied::Choice(vec![number(2.0), number(3.0)])]);
    let weighted: Scalar = Varied::Weighted(vec![(1.0, number(0.0)), (3.0, number(1.0))]);
    let share = |dist: &Scalar, v: f64| mean((0..N).map(|i| f64::from(random::scalar(dist, &Key::new(5, i)) == v)));
    // Four standard deviations are at most 4 * 0.5 / sqrt(20 000) = 0.014.
    for (v, expected) in [(0.0, 1.0 / 3.0), (1.0, 1.0 / 3.0), (2.0, 1.0 / 6.0), (3.0, 1.0 / 6.0)] {
        assert!((share(&even, v) - expected).abs() < 0.014);
    }
    assert!((share(&weighted, 1.0) - 0.75).abs() < 0.014);
}

#[test]
fn editing_one_alternative_moves_neither_the_choice_nor_the_others() {
    let uniform = |min, max| Varied::One(Number::Uniform { min, max });
    let before: Scalar = Varied::Choice(vec![uniform(0.0, 1.0), uniform(10.0, 11.0)]);
    let after: Scalar = Varied::Choice(vec![uniform(0.0, 1.0), Varied::Choice(vec![uniform(20.0, 21.0)])]);
    let mut kept = 0;
    for i in 0..100 {
        let key = Key::new(0, i);
        let (a, b) = (random::scalar(&before, &key), random::scalar(&after, &key));
        assert_eq!(a < 1.0, b < 1.0);
        if a < 1.0 {
            assert_eq!(a, b);
            kept += 1;
        }
    }
    assert!((30..70).contains(&kept));
}

#[test]
fn rotations_are_even_over_so3() {
    // Under Haar measure E[R] = 0, and each entry has variance 1/3: the mean of n has standard deviation
    // sqrt(1 / 3n) = 0.0041. Its second moments E[R_ij^2] = 1/3 have variance 1/5 - 1/9, so 0.0021.
    let any = Varied::One(RotationRecipe::Any);
    let (mut sum, mut squares) = (DMat3::ZERO, DMat3::ZERO);
    for i in 0..N {
        let q = random::rotation(&any, &Key::new(2, i));
        assert!((q.length() - 1.0).abs() < 1e-12);
        let m = DMat3::from_quat(q);
        sum += m;
        squares += DMat3::from_cols(m.x_axis * m.x_axis, m.y_axis * m.y_axis, m.z_axis * m.z_axis);
    }
    for (mean, square) in sum.to_cols_array().into_iter().zip(squares.to_cols_array()) {
        assert!((mean / N as f64).abs() < 0.0165, "{mean}");
        assert!((square / N as f64 - 1.0 / 3.0).abs() < 0.0085, "{square}");
    }
    // The angle of a Haar rotation has density (1 - cos t) / pi: distribution function (t - sin t) / pi.
    let angles = (0..N).map(|i| 2.0 * libm::acos(random::rotation(&any, &Key::new(2, i)).w.abs().min(1.0))).collect();
    assert!(kolmogorov(angles, |t| (t - libm::sin(t)) / std::f64::consts::PI) < KOLMOGOROV);
}

#[test]
fn euler_angles_turn_about_fixed_axes_x_first() {
    let c = |v: f64| Varied::One(Number::Const(v));
    let euler = Varied::One(RotationRecipe::Euler([c(90.0), c(0.0), c(90.0)]));
    let q = random::rotation(&euler, &Key::new(0, 0));
    // +Z: about x by 90 degrees to -Y, then about z by 90 degrees to +X.
    assert!((q * DVec3::Z - DVec3::X).length() < 1e-12);
    // Yaw takes +Z to +X.
    let yaw = random::rotation(&Varied::One(RotationRecipe::Yaw(c(90.0))), &Key::new(0, 0));
    assert!((yaw * DVec3::Z - DVec3::X).length() < 1e-12);
    let about = Varied::One(RotationRecipe::AxisAngle([1.0, 0.0, 0.0], c(180.0)));
    assert!((random::rotation(&about, &Key::new(0, 0)) * DVec3::Y + DVec3::Y).length() < 1e-12);
}

#[test]
fn points_fill_balls_and_spheres_evenly() {
    let ball = Varied::One(VectorRecipe::InSphere { center: [1.0, 2.0, 3.0], radius: 2.0 });
    let sphere = Varied::One(VectorRecipe::OnSphere { center: [1.0, 2.0, 3.0], radius: 2.0 });
    let away = |dist: &_| -> Vec<DVec3> {
        (0..N).map(|i| random::vector(dist, &Key::new(3, i)) - DVec3::new(1.0, 2.0, 3.0)).collect()
    };
    // The share of a ball within r is (r / 2)^3; each coordinate of a sphere is even (Archimedes).
    let points = away(&ball);
    assert!(kolmogorov(points.iter().map(|p| p.length()).collect(), |r| r * r * r / 8.0) < KOLMOGOROV);
    let points = away(&sphere);
    assert!(points.iter().all(|p| (p.length() - 2.0).abs() < 1e-12));
    for axis in [DVec3::X, DVec3::Y, DVec3::Z] {
        assert!(kolmogorov(points.iter().map(|p| p.dot(axis)).collect(), |x| (x + 2.0) / 4.0) < KOLMOGOROV);
    }
}

fn color_of(recipe: ColorRecipe) -> [f64; 3] {
    random::color(&Varied::One(recipe), &Key::new(0, 0))
}

#[track_caller]
fn near(a: [f64; 3], b: [f64; 3], tolerance: f64) {
    assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance), "{a:?} is not {b:?}");
}

#[test]
fn colours_become_linear() {
    let c = |v: f64| Varied::One(Number::Const(v));
    // 0x80 / 255 = 0.501961; ((0.501961 + 0.055) / 1.055)^2.4 = 0.215861. 0x0a / 255 / 12.92 = 0.003035.
    near(color_of(ColorRecipe::Hex([0xff, 0x80, 0x0a])), [1.0, 0.215_861, 0.003_035], 1e-6);
    near(color_of(ColorRecipe::Rgb([c(1.0), c(0.0), c(7.0)])), [1.0, 0.0, 1.0], 0.0);
    near(color_of(ColorRecipe::Linear([c(0.5), c(-1.0), c(0.25)])), [0.5, 0.0, 0.25], 0.0);
    near(color_of(ColorRecipe::Hsv([c(0.0), c(1.0), c(1.0)])), [1.0, 0.0, 0.0], 0.0);
    near(color_of(ColorRecipe::Hsv([c(-240.0), c(1.0), c(1.0)])), [0.0, 1.0, 0.0], 1e-12);
    // Hue 30 is (1, 1/2, 0); half saturated (1, 3/4, 1/2).
    let orange = [1.0, color::linear_from_srgb(0.75), color::linear_from_srgb(0.5)];
    near(color_of(ColorRecipe::Hsv([c(390.0), c(0.5), c(1.0)])), orange, 1e-12);
}

#[test]
fn a_black_body_has_the_chromaticity_of_the_tables() {
    // CIE 15 / Wyszecki & Stiles: the Planckian locus at 2856 K (illuminant A) is x = 0.4476, y = 0.4074; at 6500 K
    // x = 0.3135, y = 0.3237; at 10 000 K x = 0.2807, y = 0.2884. Compared after conversion to linear Rec. 709.
    for (kelvin, x, y) in [(2856.0, 0.4476, 0.4074), (6500.0, 0.3135, 0.3237), (10_000.0, 0.2807, 0.2884)] {
        let (big_x, big_z): (f64, f64) = (x / y, (1.0 - x - y) / y);
        let rgb = [
            3.2406 * big_x - 1.5372 - 0.4986 * big_z,
            -0.9689 * big_x + 1.8758 + 0.0415 * big_z,
            0.0557 * big_x - 0.2040 + 1.0570 * big_z,
        ];
        let most = rgb.into_iter().fold(0.0, f64::max);
        near(color::linear_from_kelvin(kelvin), rgb.map(|c| c / most), 0.005);
    }
    for kelvin in [0.0, 1000.0, 1500.0, 40_000.0, f64::INFINITY] {
        let rgb = color::linear_from_kelvin(kelvin);
        assert!(rgb.iter().all(|c| (0.0..=1.0).contains(c)) && rgb.contains(&1.0), "{kelvin}: {rgb:?}");
    }
}

proptest! {
    #[test]
    fn uniform_draws_stay_below_their_upper_end(a in any::<f64>(), b in any::<f64>(), seed in any::<u64>()) {
        prop_assume!(a.is_finite() && b.is_finite());
        let (min, max) = (a.min(b), a.max(b));
        let value = quantile::uniform(Key::new(seed, 0).unit(), min, max);
        prop_assert!(value >= min && (value < max || min == max), "{value}");
    }

    #[test]
    fn neighbouring_ends_leave_one_value(min in -1e6..1e6f64, seed in any::<u64>()) {
        // Half of the draws round to the upper end before they are put back.
        prop_assert_eq!(quantile::uniform(Key::new(seed, 0).unit(), min, min.next_up()), min);
    }

    #[test]
    fn whole_draws_stay_inside(n in 1u64.., seed in any::<u64>()) {
        prop_assert!(quantile::below(Key::new(seed, 0).unit(), n) < n);
    }

    #[test]
    fn srgb_comes_back(v in 0.0..1.0f64) {
        prop_assert!((color::srgb_from_linear(color::linear_from_srgb(v)) - v).abs() < 1e-6);
    }
}
