//! The points of sub-frames: stratified, centred, and the same everywhere.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shares of small numbers")]

use scenewright::scene::sequence::{Sequence, disc};
use std::collections::BTreeSet;

#[test]
fn the_first_sub_frame_is_in_the_middle_of_everything() {
    for name in ["film", "lens", "lights.key"] {
        assert_eq!(Sequence::of(7, 3, name).point(0), [0.5; 4]);
    }
}

/// `2^k` points have one in each of `2^k` strata of each dimension.
#[test]
fn every_dimension_is_stratified_at_every_power_of_two() {
    for seed in 0..20 {
        let points = Sequence::of(seed, 5, "film");
        for k in 0..8_u32 {
            let count = 1_u32 << k;
            for dimension in 0..4 {
                let stratum = |n: u32| (points.point(n)[dimension] * f64::from(count)).floor() as u32;
                let strata: BTreeSet<u32> = (0..count).map(stratum).collect();
                assert_eq!(strata.len(), count as usize, "seed {seed}, {count} points");
            }
        }
    }
}

/// Sixteen points of the first two dimensions have one in each cell of 4x4, 2x8, 8x2, 16x1 and 1x16.
#[test]
fn pairs_of_dimensions_are_nets() {
    for seed in 0..20 {
        let points = Sequence::of(seed, 0, "lens");
        for (across, down) in [(4, 4), (2, 8), (8, 2), (16, 1), (1, 16)] {
            let cell = |n: u32| {
                let [u, v, ..] = points.point(n);
                ((u * f64::from(across)).floor() as u32, (v * f64::from(down)).floor() as u32)
            };
            assert_eq!((0..16).map(cell).collect::<BTreeSet<_>>().len(), 16, "seed {seed}, {across} x {down}");
        }
    }
}

/// Recorded once: integers decide them, so they are the same on every machine.
#[test]
fn points_are_what_they_were() {
    let points = Sequence::of(1, 2, "film");
    let found: Vec<u32> = (1..4).map(|n| (points.point(n)[0] * 4_294_967_296.0) as u32).collect();
    assert_eq!(found, [1_546_962_115, 645_366_480, 3_547_270_110]);
    assert_ne!(Sequence::of(1, 2, "film").point(1), Sequence::of(1, 3, "film").point(1));
    assert_ne!(Sequence::of(1, 2, "film").point(1), Sequence::of(1, 2, "lens").point(1));
}

/// Area to area: a square of side `s` in the middle becomes a disc of radius `s`, so that share of all points is within it; the second
/// moments are those of a disc, 1/4.
#[test]
fn the_disc_is_even() {
    let n = 400;
    let (mut within, mut moment) = (0, [0.0; 2]);
    for i in 0..n {
        for j in 0..n {
            let at = |k: i32| (f64::from(k) + 0.5) / f64::from(n);
            let [x, y] = disc([at(i), at(j)]);
            assert!(x * x + y * y < 1.0 + 1e-12);
            within += u32::from(x * x + y * y < 0.25);
            (moment[0], moment[1]) = (moment[0] + x * x, moment[1] + y * y);
        }
    }
    let count = f64::from(n * n);
    assert!((f64::from(within) / count - 0.25).abs() < 1e-3);
    assert!(moment.iter().all(|m| (m / count - 0.25).abs() < 1e-4));
    assert_eq!(disc([0.5, 0.5]), [0.0, 0.0]);
}
