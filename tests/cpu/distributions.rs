//! Every distribution of the recipe language against its law, worked out here by other means than drawing: closed forms, and the density integrated
//! step by step. Seeds are fixed, so none of this can flicker.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    reason = "small counts; timings are printed"
)]

use std::f64::consts::{PI, SQRT_2};
use std::sync::Arc;

use proptest::prelude::*;
use scenewright::recipe::dist::{Curve, Histogram, Number, Scalar, Varied};
use scenewright::recipe::sampling::{Design, Sampling};
use scenewright::scene::random::{self, Draws, Key};

use crate::recipes::{c, uniform};

const N: u64 = 10_000;

/// Kolmogorov's limit law: a true fit of n draws stays below 1.95 / sqrt(n) but once in a thousand.
const KOLMOGOROV: f64 = 1.95 / 100.0;

fn key(design: Design, index: u64) -> Key {
    let sampling = Arc::new(Sampling::new(design, [], []));
    Key::of(Draws { seed: 4, index, sampling, ..Draws::default() }).name("value")
}

fn draws(dist: &Scalar, design: Design) -> Vec<f64> {
    (0..N).map(|index| random::scalar(dist, &key(design, index))).collect()
}

/// The distribution function that a density between two ends has, by the midpoint rule over many cells.
fn integrated(density: impl Fn(f64) -> f64, min: f64, max: f64) -> impl Fn(f64) -> f64 {
    const CELLS: usize = 400_000;
    let width = (max - min) / CELLS as f64;
    let mut sums = vec![0.0];
    for cell in 0..CELLS {
        sums.push(sums[cell] + density(min + (cell as f64 + 0.5) * width));
    }
    move |x: f64| {
        let at = ((x - min) / width).clamp(0.0, CELLS as f64);
        let cell = (at as usize).min(CELLS - 1);
        (sums[cell] + (at - cell as f64) * (sums[cell + 1] - sums[cell])) / sums[CELLS]
    }
}

/// Largest distance between the empirical and the true distribution function.
fn distance(mut values: Vec<f64>, cdf: &impl Fn(f64) -> f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    (0..values.len()).map(|i| (cdf(values[i]) - (i as f64 + 0.5) / n).abs()).fold(0.0, f64::max)
}

/// A continuous law: by dice it fits as draws do, and under the designs far better.
#[track_caller]
fn obeys(number: Number, cdf: impl Fn(f64) -> f64) {
    let dist = Varied::One(number);
    let by_dice = distance(draws(&dist, Design::Random), &cdf);
    assert!(by_dice < KOLMOGOROV, "{dist:?}: {by_dice}");
    for design in [Design::Sobol, Design::Halton, Design::Stratified(N as u32)] {
        let by_design = distance(draws(&dist, design), &cdf);
        // 10 000 = 2^13 + 2^10 + 2^9 + 2^8 + 2^4: five nets, each of which is off by one point at most; and what the sums above leave.
        assert!(by_design < 8.0 / N as f64, "{dist:?} {design:?}: {by_design}");
    }
}

fn phi(x: f64) -> f64 {
    0.5 * libm::erfc(-x / SQRT_2)
}

const INF: f64 = f64::INFINITY;

#[test]
fn uniform_and_log_uniform() {
    obeys(Number::Uniform { min: -2.0, max: 6.0 }, |x| (x + 2.0) / 8.0);
    obeys(Number::LogUniform { min: 1e-3, max: 1e3 }, |x| (libm::log10(x) + 3.0) / 6.0);
}

#[test]
fn normal() {
    obeys(Number::Normal { mean: 3.0, std: 2.0, min: -INF, max: INF }, |x| phi((x - 3.0) / 2.0));
    let bell = |x: f64| libm::exp(-x * x / 2.0);
    obeys(Number::Normal { mean: 0.0, std: 1.0, min: -0.5, max: 2.0 }, integrated(bell, -0.5, 2.0));
    // Far in either tail, where 1 - phi has no digits left: beyond 9, nothing is seen of the law but its exponential fall.
    obeys(Number::Normal { mean: 0.0, std: 1.0, min: 9.0, max: INF }, integrated(|x| bell(x) / bell(9.0), 9.0, 13.0));
    obeys(
        Number::Normal { mean: 0.0, std: 1.0, min: -INF, max: -9.0 },
        integrated(|x| bell(x) / bell(9.0), -13.0, -9.0),
    );
}

#[test]
fn the_standard_normal_quantile_has_all_its_digits() {
    // erfc of libm is good to an ulp; so deep in the tail one part in 1e13 of the share is one in 1e15 of the value.
    for exponent in 1..300 {
        let share = libm::exp10(-f64::from(exponent));
        let back = phi(random::quantile::standard_normal(share));
        assert!((back / share - 1.0).abs() < 1e-11, "{share:e}: {back:e}");
    }
    // Tables: z(0.975), z(0.995), z(0.9995).
    for (share, z) in [(0.975, 1.959_963_984_540_054), (0.995, 2.575_829_303_548_901), (0.9995, 3.290_526_731_491_926)]
    {
        assert!((random::quantile::standard_normal(share) - z).abs() < 1e-12);
    }
    assert_eq!(random::quantile::standard_normal(0.5), 0.0);
}

#[test]
fn beta() {
    let beta = |alpha, beta| Number::Beta { alpha, beta, min: 0.0, max: 1.0 };
    obeys(beta(2.0, 1.0), |x| x * x);
    obeys(beta(1.0, 1.0), |x| x);
    obeys(beta(1.0, 3.0), |x| 1.0 - (1.0 - x) * (1.0 - x) * (1.0 - x));
    // The arc sine law, and a polynomial: 12 x (1 - x)^2 integrated.
    obeys(beta(0.5, 0.5), |x| 2.0 / PI * libm::asin(x.sqrt()));
    obeys(beta(2.0, 3.0), |x| x * x * (6.0 - 8.0 * x + 3.0 * x * x));
    obeys(Number::Beta { alpha: 4.5, beta: 2.5, min: 10.0, max: 30.0 }, {
        integrated(|x| libm::pow((x - 10.0) / 20.0, 3.5) * libm::pow((30.0 - x) / 20.0, 1.5), 10.0, 30.0)
    });
    // Narrow as a needle: a standard deviation of 0.004 about 0.8.
    let density = |x: f64| libm::exp(7999.0 * libm::log(x / 0.8) + 1999.0 * libm::log((1.0 - x) / 0.2));
    obeys(beta(8000.0, 2000.0), integrated(density, 0.77, 0.83));
    // A tiny shape: nearly all of it is nearly 0. P(X < x) = x^0.02 where the other shape is 1.
    obeys(beta(0.02, 1.0), |x| libm::pow(x, 0.02));
}

#[test]
fn triangular() {
    obeys(Number::Triangular { min: 1.0, mode: 2.0, max: 5.0 }, |x| match x < 2.0 {
        true => (x - 1.0) * (x - 1.0) / 4.0,
        false => 1.0 - (5.0 - x) * (5.0 - x) / 12.0,
    });
    obeys(Number::Triangular { min: 0.0, mode: 0.0, max: 1.0 }, |x| 1.0 - (1.0 - x) * (1.0 - x));
    obeys(Number::Triangular { min: 0.0, mode: 1.0, max: 1.0 }, |x| x * x);
}

#[test]
fn log_normal() {
    obeys(Number::LogNormal { median: 3.0, sigma: 0.7, min: 0.0, max: INF }, |x| phi(libm::log(x / 3.0) / 0.7));
    let density = |x: f64| libm::exp(-libm::log(x) * libm::log(x) / (2.0 * 0.25)) / x;
    obeys(Number::LogNormal { median: 1.0, sigma: 0.5, min: 0.5, max: 4.0 }, integrated(density, 0.5, 4.0));
    // The mean of a log-normal is median * exp(sigma^2 / 2), its variance mean^2 (exp(sigma^2) - 1).
    let dist = Varied::One(Number::LogNormal { median: 2.0, sigma: 0.5, min: 0.0, max: INF });
    let mean = draws(&dist, Design::Sobol).iter().sum::<f64>() / N as f64;
    assert!((mean / (2.0 * libm::exp(0.125)) - 1.0).abs() < 1e-3, "{mean}");
}

#[test]
fn exponential() {
    obeys(Number::Exponential { mean: 2.0, min: 0.0, max: INF }, |x| 1.0 - libm::exp(-x / 2.0));
    let whole = 1.0 - libm::exp(-1.5);
    obeys(Number::Exponential { mean: 2.0, min: 1.0, max: 4.0 }, move |x| (1.0 - libm::exp(-(x - 1.0) / 2.0)) / whole);
}

/// The modified Bessel function I_n, by its power series.
fn bessel(n: u32, x: f64) -> f64 {
    let first = (1..=n).fold(1.0, |term, k| term * x / 2.0 / f64::from(k));
    (1..200).scan(first, |term, k| Some(std::mem::replace(term, *term * x * x / 4.0 / f64::from(k * (k + n))))).sum()
}

#[test]
fn von_mises() {
    // The distribution function as a Fourier series (Mardia and Jupp, "Directional Statistics", 3.5.18), for a density that is a quotient of Bessel
    // functions: nothing is integrated.
    for kappa in [0.0, 0.3, 1.0, 4.0, 20.0] {
        let quotients: Vec<f64> = (0..60).map(|j| bessel(j, kappa) / bessel(0, kappa)).collect();
        obeys(Number::VonMises { mean: 30.0, kappa }, move |degrees| {
            let x = (degrees - 30.0).to_radians();
            let waves = (1..60u32).map(|j| quotients[j as usize] * libm::sin(f64::from(j) * x) / f64::from(j));
            (x / 2.0 + waves.sum::<f64>()) / PI + 0.5
        });
    }
    // Concentrated: the normal distribution of variance 1 / kappa, to a share of 1 / kappa.
    let sigma = (1.0f64 / 1e5).sqrt().to_degrees();
    obeys(Number::VonMises { mean: 0.0, kappa: 1e5 }, move |x| phi(x / sigma));
}

#[test]
fn histogram_and_curve() {
    let histogram = Histogram::new(vec![0.0, 1.0, 2.0, 10.0, 11.0], &[3.0, 0.0, 1.0, 0.0]).unwrap();
    obeys(Number::Histogram(Arc::new(histogram)), |x| match x {
        x if x < 1.0 => 0.75 * x,
        x => 0.75 + 0.25 * ((x - 2.0) / 8.0).clamp(0.0, 1.0),
    });
    // A ramp, a plateau, a gap and a fall: areas 1, 2, 1, 0 and 1.
    let points = [(0.0, 0.0), (2.0, 1.0), (4.0, 1.0), (6.0, 0.0), (7.0, 0.0), (7.0 + 1e-9, 2.0), (8.0, 0.0)];
    let height = move |x: f64| {
        let pair = points.windows(2).find(|pair| x < pair[1].0).unwrap();
        pair[0].1 + (x - pair[0].0) / (pair[1].0 - pair[0].0) * (pair[1].1 - pair[0].1)
    };
    obeys(Number::Curve(Arc::new(Curve::new(&points).unwrap())), integrated(height, 0.0, 8.0 - 1e-9));
    // Nothing comes from where the density is 0.
    let dist = Varied::One(Number::Curve(Arc::new(Curve::new(&points).unwrap())));
    assert!(draws(&dist, Design::Random).iter().all(|x| !(6.0..7.0).contains(x)));
}

#[test]
fn what_is_no_histogram_and_no_curve_is_none() {
    for (edges, counts) in [
        (vec![], vec![]),
        (vec![0.0], vec![]),
        (vec![0.0, 1.0], vec![0.0]),
        (vec![0.0, 1.0], vec![1.0, 1.0]),
        (vec![1.0, 0.0], vec![1.0]),
        (vec![0.0, 0.0], vec![1.0]),
        (vec![0.0, f64::NAN], vec![1.0]),
        (vec![0.0, 1.0], vec![f64::NAN]),
        (vec![0.0, 1.0, 2.0], vec![2.0, -1.0]),
    ] {
        assert_eq!(Histogram::new(edges, &counts), None);
    }
    for points in [
        vec![],
        vec![(0.0, 1.0)],
        vec![(0.0, 0.0), (1.0, 0.0)],
        vec![(1.0, 1.0), (0.0, 1.0)],
        vec![(0.0, f64::INFINITY), (1.0, 1.0)],
        vec![(0.0, -1.0), (1.0, 4.0)],
        vec![(0.0, f64::NAN), (1.0, 4.0)],
    ] {
        assert_eq!(Curve::new(&points), None, "{points:?}");
    }
}

/// Pearson's statistic of how often each value came, against probabilities; and the number of values that were expected five times or more.
fn pearson(values: &[f64], probability: impl Fn(u32) -> f64, most: u32) -> (f64, f64) {
    let (mut sum, mut cells) = (0.0, 0.0);
    for k in 0..=most {
        let expected = probability(k) * values.len() as f64;
        if expected >= 5.0 {
            let found = values.iter().filter(|&&value| value == f64::from(k)).count() as f64;
            sum += (found - expected) * (found - expected) / expected;
            cells += 1.0;
        }
    }
    (sum, cells)
}

#[test]
fn poisson() {
    for mean in [0.2f64, 3.0, 40.0, 900.0] {
        let probability = |k: u32| libm::exp(f64::from(k) * libm::log(mean) - mean - libm::lgamma(f64::from(k) + 1.0));
        let dist = Varied::One(Number::Poisson { mean, min: 0.0, max: INF });
        let values = draws(&dist, Design::Random);
        let (sum, cells) = pearson(&values, probability, 1200);
        // Chi-square has mean c and variance 2 c: three and a half of its standard deviations.
        assert!(sum < cells + 3.5 * (2.0 * cells).sqrt() + 3.0, "{mean}: {sum} of {cells}");
        // A design is off by a few at most in each.
        let values = draws(&dist, Design::Sobol);
        for k in 0..1200 {
            let found = values.iter().filter(|&&value| value == f64::from(k)).count() as f64;
            assert!((found - probability(k) * N as f64).abs() < 10.0, "{mean} {k}: {found}");
        }
    }
    // Cut off: 0 is left out, and the rest is as likely as it is otherwise.
    let dist = Varied::One(Number::Poisson { mean: 1.0, min: 1.0, max: 2.0 });
    let ones = draws(&dist, Design::Sobol).iter().filter(|&&value| value == 1.0).count();
    assert!(ones.abs_diff(6667) < 5, "{ones}");
    // At the largest mean, and where the ends are far from it.
    for (mean, min, max, expected) in [
        (1e5, 0.0, INF, 1e5),
        (1e5, 0.0, 10.0, 10.0),
        (1.0, 1e6, INF, 1e6),
        (0.0, 0.0, INF, 0.0),
        (1e-9, 0.0, INF, 0.0),
    ] {
        let value = random::quantile::poisson(0.5, mean, min, max);
        assert!((value - expected).abs() <= 1.0, "{mean} {min} {max}: {value}");
    }
}

#[test]
fn whole_numbers_under_every_design() {
    let dist = Varied::One(Number::UniformInt { min: -2, max: 7 });
    for (design, off) in
        [(Design::Random, 120.0), (Design::Sobol, 6.0), (Design::Halton, 6.0), (Design::Stratified(100), 0.5)]
    {
        let values = draws(&dist, design);
        for k in -2..=7 {
            // By dice: 1000 with a standard deviation of 30.
            let found = values.iter().filter(|&&value| value == f64::from(k)).count() as f64;
            assert!((found - 1000.0).abs() < off, "{design:?} {k}: {found}");
        }
    }
}

#[test]
fn a_mixture_is_as_well_spread_as_what_is_mixed() {
    let mixture: Scalar = Varied::Weighted(vec![
        (1.0, uniform(0.0, 1.0)),
        (2.0, Varied::Choice(vec![c(5.0), uniform(10.0, 11.0)])),
        (1.0, c(7.0)),
    ]);
    // The law of a mixture of numbers, some of them single: compared at points between them.
    for (design, off) in
        [(Design::Random, KOLMOGOROV), (Design::Sobol, 8e-4), (Design::Halton, 8e-4), (Design::Stratified(1000), 8e-4)]
    {
        let values = draws(&mixture, design);
        for x in [0.1, 0.5, 0.9, 2.0, 10.25, 10.5, 10.9] {
            let below = values.iter().filter(|&&value| value < x).count() as f64 / N as f64;
            let law = if x > 9.0 { 0.75 + 0.25 * (x - 10.0) } else { 0.25 * x.min(1.0) };
            assert!((below - law).abs() < off, "{design:?} {x}: {below} {law}");
        }
    }
}

/// Numbers in `[0, 1)`, both ends of it among them, in order.
fn shares() -> Vec<f64> {
    let mut shares =
        vec![0.0, f64::MIN_POSITIVE, 1e-300, 1e-17, 1e-9, 1.0 - 1e-9, 1.0 - 1e-15, 1.0 - f64::EPSILON / 2.0];
    shares.extend((1..200).map(|k| f64::from(k) / 200.0));
    shares.sort_by(f64::total_cmp);
    shares
}

fn number() -> impl Strategy<Value = Number> {
    let ends = || (-100.0..100.0f64, 1e-3..200.0f64).prop_map(|(min, width)| (min, min + width));
    let positive = || (1e-3..100.0f64, 1e-3..200.0f64).prop_map(|(min, width)| (min, min + width));
    let log = |from: f64, to: f64| (libm::log(from)..libm::log(to)).prop_map(libm::exp);
    prop_oneof![
        ends().prop_map(|(min, max)| Number::Uniform { min, max }),
        positive().prop_map(|(min, max)| Number::LogUniform { min, max }),
        (ends(), -300.0..300.0f64, log(1e-3, 1e3)).prop_map(|((min, max), mean, std)| Number::Normal {
            mean,
            std,
            min,
            max
        }),
        (ends(), log(0.01, 1e4), log(0.01, 1e4)).prop_map(|((min, max), alpha, beta)| Number::Beta {
            alpha,
            beta,
            min,
            max
        }),
        (ends(), 0.0..=1.0f64).prop_map(|((min, max), at)| Number::Triangular {
            min,
            mode: min + at * (max - min),
            max
        }),
        (positive(), log(1e-6, 1e6), 0.0..10.0f64).prop_map(|((min, max), median, sigma)| Number::LogNormal {
            median,
            sigma,
            min,
            max
        }),
        (positive(), log(1e-6, 1e6)).prop_map(|((min, max), mean)| Number::Exponential { mean, min, max }),
        (0u32..1000, 0u32..1000, log(1e-3, 1e5)).prop_map(|(min, width, mean)| {
            let min = f64::from(min);
            Number::Poisson { mean, min, max: min + f64::from(width) }
        }),
        (-360.0..360.0f64, log(1e-3, 1e6)).prop_map(|(mean, kappa)| Number::VonMises { mean, kappa }),
        (prop::collection::vec(1e-6..10.0f64, 2..20), any::<u64>()).prop_filter_map("not empty", |(steps, seed)| {
            let edges: Vec<f64> = steps.iter().scan(-5.0, |x, step| Some(std::mem::replace(x, *x + step))).collect();
            let counts: Vec<f64> = (1..edges.len()).map(|i| (seed >> (i % 32)) as f64 % 4.0).collect();
            Histogram::new(edges, &counts).map(|histogram| Number::Histogram(Arc::new(histogram)))
        }),
        (prop::collection::vec((1e-6..10.0f64, 0.0..3.0f64), 2..20)).prop_filter_map("not empty", |steps| {
            let points: Vec<(f64, f64)> = steps
                .iter()
                .scan(-5.0, |x, (step, density)| Some((std::mem::replace(x, *x + step), density.floor())))
                .collect();
            Curve::new(&points).map(|curve| Number::Curve(Arc::new(curve)))
        }),
    ]
}

fn ends(number: &Number) -> (f64, f64) {
    match *number {
        Number::Uniform { min, max }
        | Number::LogUniform { min, max }
        | Number::Normal { min, max, .. }
        | Number::Beta { min, max, .. }
        | Number::Triangular { min, max, .. }
        | Number::LogNormal { min, max, .. }
        | Number::Exponential { min, max, .. }
        | Number::Poisson { min, max, .. } => (min, max),
        Number::VonMises { mean, .. } => (mean - 180.0 - 1e-9, mean + 180.0 + 1e-9),
        Number::Histogram(ref histogram) => (histogram.edges[0], *histogram.edges.last().unwrap()),
        Number::Curve(ref curve) => (curve.points[0], *curve.points.last().unwrap()),
        _ => panic!("not drawn here"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn quantiles_rise_and_stay_within_their_ends(number in number()) {
        let (min, max) = ends(&number);
        let mut last = min;
        for share in shares() {
            let value = random::quantile_of(&number, share);
            prop_assert!((min..=max).contains(&value), "{share}: {value} of {min}..{max}");
            // Of what is found by iteration, the last digits may waver.
            prop_assert!(value >= last - 1e-11 * (max - min).max(last.abs()), "{share}: {value} after {last}");
            last = value;
        }
    }
}

/// Nanoseconds per draw; run with `--ignored --nocapture`.
#[test]
#[ignore = "prints timings"]
#[expect(clippy::disallowed_methods, reason = "a clock for timings")]
fn how_long_a_draw_takes() {
    let histogram = Histogram::new(vec![0.0, 1.0, 2.0, 3.0], &[3.0, 1.0, 2.0]).unwrap();
    let curve = Curve::new(&[(0.0, 1.0), (1.0, 3.0), (2.0, 0.0)]).unwrap();
    let all = [
        ("Uniform", Number::Uniform { min: 0.0, max: 1.0 }),
        ("LogUniform", Number::LogUniform { min: 1.0, max: 9.0 }),
        ("Normal", Number::Normal { mean: 0.0, std: 1.0, min: -1.0, max: 2.0 }),
        ("UniformInt", Number::UniformInt { min: 0, max: 9 }),
        ("Beta", Number::Beta { alpha: 2.0, beta: 5.0, min: 0.0, max: 1.0 }),
        ("Triangular", Number::Triangular { min: 0.0, mode: 1.0, max: 4.0 }),
        ("LogNormal", Number::LogNormal { median: 1.0, sigma: 0.5, min: 0.0, max: INF }),
        ("Exponential", Number::Exponential { mean: 1.0, min: 0.0, max: INF }),
        ("Poisson(3)", Number::Poisson { mean: 3.0, min: 0.0, max: INF }),
        ("Poisson(100000)", Number::Poisson { mean: 1e5, min: 0.0, max: INF }),
        ("VonMises", Number::VonMises { mean: 0.0, kappa: 4.0 }),
        ("Histogram", Number::Histogram(Arc::new(histogram))),
        ("Curve", Number::Curve(Arc::new(curve))),
    ];
    println!("{:16} {:>8} {:>8} {:>8} {:>8} {:>8}   ns", "", "quantile", "Random", "Sobol", "Halton", "Strat.");
    for (name, number) in all {
        let dist = Varied::One(number.clone());
        let time = |draw: &dyn Fn(u64) -> f64| {
            const DRAWS: u32 = 20_000;
            let start = std::time::Instant::now();
            let sum: f64 = (0..u64::from(DRAWS)).map(draw).sum();
            assert!(sum.is_finite());
            start.elapsed().as_nanos() / u128::from(DRAWS)
        };
        let mut row = vec![time(&|i| random::quantile_of(&number, i as f64 / 20_001.0))];
        for design in [Design::Random, Design::Sobol, Design::Halton, Design::Stratified(1000)] {
            let sampling = Arc::new(Sampling::new(design, [], []));
            row.push(time(&|index| {
                let root = Key::of(Draws { seed: 4, index, sampling: sampling.clone(), ..Draws::default() });
                random::scalar(&dist, &root.name("cameras").name("main").name("pose").name("azimuth"))
            }));
        }
        println!("{name:16} {}", row.iter().map(|ns| format!("{ns:>8}")).collect::<Vec<_>>().join(" "));
    }
}
