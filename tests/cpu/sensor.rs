//! From light to the picture: noise, mosaics, lenses, tone curves, files, and depth as sensors measure it.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glam::{DQuat, DVec2};
use scenewright::annotate::annotate;
use scenewright::frame::{Deep, Frame};
use scenewright::image::Image;
use scenewright::preview::{self, Panel, PreviewItem};
use scenewright::recipe::{Drawing, parse};
use scenewright::scene::camera::LensModel;
use scenewright::scene::{Camera, ImageFormat, Scene, Subsampling, ToneCurve, color, sample, tone};
use scenewright::sensor::noise::{Dice, EXACT};
use scenewright::sensor::{
    ActiveStereo, Bayer, Demosaic, Depth, DepthSensor, Develop, Optics, Sensor, TimeOfFlight, WhiteBalance, blur,
    demosaic, developed, light_through, mosaic,
};
use scenewright::write::{DatasetInfo, DatasetWriter, DepthFormat, FrameSink, WriteOptions, encode};

use crate::synthetic;

const PATTERNS: [Bayer; 4] = [Bayer::Rggb, Bayer::Bggr, Bayer::Grbg, Bayer::Gbrg];
const CURVES: [ToneCurve; 5] =
    [ToneCurve::Srgb, ToneCurve::Neutral, ToneCurve::AgX, ToneCurve::Filmic, ToneCurve::Camera];

/// A camera at the origin that looks along -Z.
fn camera(width: u32, height: u32, focal: f64) -> Camera {
    Camera {
        name: "main".into(),
        fx: focal,
        fy: focal,
        cx: f64::from(width) / 2.0,
        cy: f64::from(height) / 2.0,
        near: 0.01,
        rotation: DQuat::IDENTITY,
        ..Camera::default()
    }
}

fn with(sensor: Sensor) -> Camera {
    Camera { sensor: Some(Box::new(sensor)), ..camera(64, 48, 60.0) }
}

/// The linear light that a camera makes of some light.
fn sensed(camera: &Camera, light: Image<[f32; 3]>, seed: u64) -> Image<[f32; 3]> {
    let how = Develop { camera, tone_curve: ToneCurve::Srgb, depth: Depth::Linear, seed };
    how.sense(light)
}

fn flat(width: u32, height: u32, light: f32) -> Image<[f32; 3]> {
    Image::filled(width, height, [light; 3])
}

/// Mean and variance of numbers.
fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64, f64) {
    let count = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / count;
    let variance = values.map(|v| (v - mean) * (v - mean)).sum::<f64>() / (count - 1.0);
    (mean, variance, count)
}

#[test]
fn normal_numbers_have_the_moments_and_the_tails_of_the_normal_distribution() {
    const N: u64 = 2_000_000;
    let values: Vec<f64> = (0..N).map(|k| Dice::new(7, k).normal()).collect();
    let moment =
        |power: i32| values.iter().map(|v| (0..power).fold(1.0, |product, _| product * v)).sum::<f64>() / N as f64;
    // The standard error of the k-th moment is sqrt((m_2k - m_k^2) / N): 1, 2, 15, 96 for k = 1 to 4.
    for (power, expected, spread) in [(1, 0.0, 1.0_f64), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
        let error = (spread / N as f64).sqrt();
        assert!((moment(power) - expected).abs() < 4.5 * error, "moment {power}: {}", moment(power));
    }
    // Shares beyond 1, 2, 3, 3.6 (which is in the tail behind the last layer) and 4.
    for edge in [1.0, 2.0, 3.0, 3.6, 4.0] {
        let expected = libm::erfc(edge / std::f64::consts::SQRT_2);
        let seen = values.iter().filter(|v| v.abs() > edge).count() as f64 / N as f64;
        let error = (expected * (1.0 - expected) / N as f64).sqrt();
        assert!((seen - expected).abs() < 4.5 * error, "beyond {edge}: {seen}, not {expected}");
    }
}

#[test]
fn electrons_are_poisson_distributed() {
    const N: u64 = 400_000;
    for (round, mean) in [0.05, 0.7, 3.0, 15.9, 16.1, 40.0, 1000.0].into_iter().enumerate() {
        let values: Vec<f64> = (0..N).map(|k| Dice::new(round as u64, k).poisson(mean)).collect();
        assert!(values.iter().all(|v| *v >= 0.0 && *v == v.round()));
        let (seen, variance, count) = moments(values.iter().copied());
        // Var(mean) = m / N; Var(s^2) = (m4 - m2^2) / N with m4 = 3 m^2 + m.
        assert!((seen - mean).abs() < 4.5 * (mean / count).sqrt(), "{mean}: mean {seen}");
        let error = ((2.0 * mean * mean + mean) / count).sqrt();
        assert!((variance - mean).abs() < 4.5 * error + 1e-3 / mean.max(1.0), "{mean}: variance {variance}");
        // The third central moment is the mean too; its standard error is about sqrt(15 m^3 + 25 m^2 + m) / sqrt(N).
        let third = values.iter().map(|v| (v - seen) * (v - seen) * (v - seen)).sum::<f64>() / count;
        let error = ((15.0 * mean * mean * mean + 25.0 * mean * mean + mean) / count).sqrt();
        assert!((third - mean).abs() < 4.5 * error + 0.05, "{mean}: third moment {third}");
    }
}

/// Below [`EXACT`] the law itself, above it the bound that the documentation gives.
#[test]
fn each_number_of_electrons_is_as_likely_as_the_law_says() {
    const N: u64 = 1_000_000;
    for mean in [0.4, 6.0, EXACT, 30.0] {
        let mut counts = [0_u32; 128];
        for k in 0..N {
            counts[(Dice::new(99, k).poisson(mean) as usize).min(127)] += 1;
        }
        let mut probability = libm::exp(-mean);
        for (k, &count) in counts.iter().enumerate().take(100) {
            let error = (probability * (1.0 - probability) / N as f64).sqrt().max(1.0 / N as f64);
            let allowed = 5.0 * error + if mean < EXACT { 0.0 } else { 2e-4 };
            let seen = f64::from(count) / N as f64;
            assert!((seen - probability).abs() < allowed, "{k} of {mean}: {seen}, not {probability}");
            probability *= mean / (k as f64 + 1.0);
        }
    }
}

/// The photon transfer line of EMVA 1288. In linear light `L` (1 = white), with `g` electrons of white: the variance is
/// `L / g + (read^2 + q) / g^2`, where `q` is the step of the converter in electrons, squared, over 12.
#[test]
fn the_noise_has_the_variance_of_the_photon_transfer_line() {
    let sensor = Sensor { iso: 400.0, full_well: 8000.0, read_noise: 3.0, headroom: 1.0, ..Sensor::usual() };
    let range = 8000.0 * 100.0 / 400.0;
    let (gain, step) = (range / 2.0, range / (1.0 - sensor.black_level) / 4095.0);
    let camera = with(sensor);
    let (width, height) = (400, 300);
    let mut points = Vec::new();
    for level in 1..=18_u32 {
        let light = level as f32 * 0.05;
        let seen = sensed(&camera, flat(width, height, light), u64::from(level));
        let (mean, variance, count) = moments(seen.pixels().as_flattened().iter().map(|&v| f64::from(v)));
        let expected = f64::from(light) / gain + (9.0 + step * step / 12.0) / (gain * gain);
        assert!((mean - f64::from(light)).abs() < 4.5 * (expected / count).sqrt(), "{light}: mean {mean}");
        // Nearly normal: the standard error of a variance is v sqrt(2 / N).
        assert!((variance / expected - 1.0).abs() < 4.5 * (2.0 / count).sqrt(), "{light}: {variance}, not {expected}");
        points.push((f64::from(light), variance, count));
    }
    // The line through them, weighted by what is known of each.
    let weight = |&(_, variance, count): &(f64, f64, f64)| count / (2.0 * variance * variance);
    let sum = |of: &dyn Fn(&(f64, f64, f64)) -> f64| points.iter().map(|p| weight(p) * of(p)).sum::<f64>();
    let (w, x, y, xx, xy) = (sum(&|_| 1.0), sum(&|p| p.0), sum(&|p| p.1), sum(&|p| p.0 * p.0), sum(&|p| p.0 * p.1));
    let slope = (w * xy - x * y) / (w * xx - x * x);
    let intercept = (y - slope * x) / w;
    let (slope_error, intercept_error) = ((w / (w * xx - x * x)).sqrt(), (xx / (w * xx - x * x)).sqrt());
    let expected = (9.0 + step * step / 12.0) / (gain * gain);
    assert!((slope - 1.0 / gain).abs() < 4.0 * slope_error, "{slope}, not {}", 1.0 / gain);
    assert!((intercept - expected).abs() < 4.0 * intercept_error, "{intercept}, not {expected}");
}

#[test]
fn dark_pixels_keep_their_mean_and_full_ones_are_clipped() {
    let camera = with(Sensor { dark_signal: 20.0, ..Sensor::usual() });
    let dark = sensed(&camera, flat(200, 100, 0.0), 3);
    let (mean, variance, count) = moments(dark.pixels().as_flattened().iter().map(|&v| f64::from(v)));
    let gain = 10_500.0 / 2.0_f64.sqrt();
    assert!(mean.abs() < 4.5 * (variance / count).sqrt(), "{mean}");
    let step = 10_500.0 / (1.0 - 0.03125) / 4095.0;
    let expected = (20.0 + 2.4 * 2.4 + step * step / 12.0) / (gain * gain);
    assert!((variance / expected - 1.0).abs() < 4.5 * (2.0 / count).sqrt(), "{variance}, not {expected}");
    // Half a stop above white the converter ends, whatever comes.
    for light in [2.0, 1e5, f32::INFINITY] {
        let full = sensed(&camera, flat(20, 10, light), 3);
        let most = full.pixels().as_flattened().iter().copied().fold(0.0, f32::max);
        assert!((f64::from(most) - 2.0_f64.sqrt()).abs() < 0.01, "{most}");
    }
    let nothing = sensed(&camera, flat(20, 10, f32::NAN), 3);
    assert_eq!(nothing, sensed(&camera, flat(20, 10, 0.0), 3));
}

#[test]
fn twice_the_light_is_twice_the_value_up_to_the_tone_curve() {
    let optics = Optics { falloff: 1.0, vignetting: 0.3, chromatic_aberration: 0.002, flare: 0.1, flare_radius: 0.2 };
    let sensor = Sensor {
        full_well: 1e7,
        read_noise: 0.0,
        headroom: 3.0,
        bits: 16,
        bayer: Some(Bayer::Grbg),
        white_balance: Some(WhiteBalance::Kelvin(4000.0)),
        saturation: 1.3,
        ..Sensor::usual()
    };
    let mut camera = with(sensor);
    camera.optics = Some(Box::new(optics));
    let light = |factor: f32| {
        let mut image = flat(64, 48, 0.0);
        for (k, pixel) in (0_u16..).zip(image.pixels_mut()) {
            let base = 0.2 + 0.1 * f32::from(k % 64) / 64.0;
            *pixel = [base * factor, 0.8 * base * factor, 0.7 * base * factor];
        }
        image
    };
    let (once, twice) = (sensed(&camera, light(1.0), 1), sensed(&camera, light(2.0), 2));
    for (a, b) in once.pixels().as_flattened().iter().zip(twice.pixels().as_flattened()) {
        // A code is 8 / 65535 / (1 - 1/32), and photons of 1e7 electrons leave 1e-3.
        assert!((2.0 * a - b).abs() < 0.02, "{a} {b}");
    }
    let mean = |image: &Image<[f32; 3]>| image.pixels().iter().map(|p| f64::from(p[1])).sum::<f64>();
    // Of half as many greens as pixels, each of some 3e5 electrons: 6e-5.
    assert!((mean(&twice) / mean(&once) - 2.0).abs() < 3e-4);
}

/// What mosaics are tried on: a plane of light for each colour.
fn ramp(width: u32, height: u32, of: impl Fn(f32, f32) -> [f32; 3]) -> Image<[f32; 3]> {
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| of(x as f32, y as f32));
    Image::new(width, height, pixels.collect()).unwrap()
}

/// Means of neighbours that lie opposite each other are exact for what is linear, and what Malvar's filters add, second differences, is 0
/// there. A constant is one everywhere, at the edges too.
#[test]
fn demosaicing_is_exact_for_constants_and_inside_for_ramps() {
    for bayer in PATTERNS {
        for how in [Demosaic::Bilinear, Demosaic::Malvar] {
            for (width, height) in [(12, 10), (7, 5), (3, 3), (2, 2)] {
                let constant = ramp(width, height, |_, _| [0.25, 0.5, 0.75]);
                let seen = demosaic(&mosaic(&constant, bayer), bayer, how);
                assert_eq!(seen, constant, "{bayer:?} {how:?} {width}x{height}");
            }
            // Numbers that are exact in binary, so that equality is meant. Malvar's correction needs all colours to rise alike.
            let even = ramp(16, 12, |x, y| [0, 1, 2].map(|c| 4.0 * x + 2.0 * y + 64.0 * c as f32));
            let other = ramp(16, 12, |x, y| [8.0 * x - 2.0 * y, 4.0 * x + y * 16.0, 32.0 - 2.0 * x + 8.0 * y]);
            for image in [even, other] {
                let seen = demosaic(&mosaic(&image, bayer), bayer, how);
                for y in 2..10 {
                    for x in 2..14 {
                        assert_eq!(seen.get(x, y), image.get(x, y), "{bayer:?} {how:?} at {x} {y}");
                    }
                }
            }
        }
    }
    // Nothing to interpolate from: no panic, the same size.
    for (width, height) in [(1, 1), (1, 5), (4, 1), (0, 0)] {
        let image = flat(width, height, 0.5);
        let seen = demosaic(&mosaic(&image, Bayer::Rggb), Bayer::Rggb, Demosaic::Malvar);
        assert_eq!((seen.width(), seen.height()), (width, height));
    }
}

#[test]
fn malvar_is_better_than_bilinear_where_colours_have_edges() {
    let scene = ramp(64, 64, |x, y| {
        let edge = if libm::sinf(x * 0.7) * libm::sinf(y * 0.45 + x * 0.1) > 0.0 { 0.8 } else { 0.2 };
        [edge, 0.9 * edge, 0.8 * edge]
    });
    let error = |how| {
        let seen = demosaic(&mosaic(&scene, Bayer::Rggb), Bayer::Rggb, how);
        let pairs = seen.pixels().as_flattened().iter().zip(scene.pixels().as_flattened());
        pairs.map(|(a, b)| f64::from((a - b) * (a - b))).sum::<f64>()
    };
    assert!(error(Demosaic::Malvar) < 0.6 * error(Demosaic::Bilinear));
}

#[test]
fn light_falls_off_with_the_fourth_power_of_the_cosine() {
    let (width, height) = (64, 48);
    let optics = Optics { falloff: 1.0, ..Optics::usual() };
    let mut camera = camera(width, height, 40.0);
    (camera.cx, camera.cy, camera.fy) = (30.0, 26.0, 44.0);
    camera.rotation = DQuat::from_rotation_y(0.7) * DQuat::from_rotation_x(-0.3);
    let seen = light_through(&optics, &camera, flat(width, height, 1.0));
    for (x, y) in [(0, 0), (63, 0), (0, 47), (63, 47), (30, 25), (10, 40)] {
        let (u, v) = ((f64::from(x) + 0.5 - 30.0) / 40.0, (f64::from(y) + 0.5 - 26.0) / 44.0);
        let cos2 = 1.0 / (1.0 + u * u + v * v);
        let [r, g, b] = *seen.get(x, y).unwrap();
        assert!((f64::from(g) - cos2 * cos2).abs() < 1e-6 && r == g && g == b, "{x} {y}: {g}");
    }
    // The barrel takes its share in the farthest corner: here the upper right one, at 34 and 26 pixels.
    let optics = Optics { vignetting: 0.4, ..Optics::usual() };
    let seen = light_through(&optics, &camera, flat(width, height, 1.0));
    let squared = (33.5 * 33.5 + 25.5 * 25.5) / (34.0 * 34.0 + 26.0 * 26.0);
    assert!((f64::from(seen.get(63, 0).unwrap()[1]) - (1.0 - 0.4 * squared)).abs() < 1e-6);
}

#[test]
fn lateral_colour_moves_red_out_and_blue_in_and_leaves_green() {
    let (width, height) = (200, 100);
    // Linear in the place, so that what is between pixels is exact.
    let image = ramp(width, height, |x, y| [0.01 * x + 0.002 * y; 3]);
    let camera = camera(width, height, 100.0);
    let optics = Optics { chromatic_aberration: 0.01, ..Optics::usual() };
    let seen = light_through(&optics, &camera, image.clone());
    for (x, y) in [(20, 30), (150, 70), (99, 50)] {
        let source = |scale: f64| {
            let place = DVec2::new(f64::from(x) + 0.5, f64::from(y) + 0.5) - DVec2::new(100.0, 50.0);
            let place = DVec2::new(100.0, 50.0) + place / scale - 0.5;
            0.01 * place.x + 0.002 * place.y
        };
        let [r, g, b] = seen.get(x, y).unwrap().map(f64::from);
        assert!((r - source(1.01)).abs() < 1e-5 && (b - source(0.99)).abs() < 1e-5, "{x} {y}: {r} {b}");
        assert_eq!(g, f64::from(image.get(x, y).unwrap()[1]));
    }
}

#[test]
fn flare_spreads_light_and_loses_none() {
    let mut image = flat(90, 60, 0.0);
    image.set(70, 20, [900.0, 450.0, 90.0]);
    for (share, radius) in [(0.2, 0.01), (0.3, 0.1), (0.9, 1.0)] {
        let optics = Optics { flare: share, flare_radius: radius, ..Optics::usual() };
        let seen = light_through(&optics, &camera(90, 60, 60.0), image.clone());
        for channel in 0..3 {
            let sum = |image: &Image<[f32; 3]>| image.pixels().iter().map(|p| f64::from(p[channel])).sum::<f64>();
            assert!((sum(&seen) / sum(&image) - 1.0).abs() < 1e-5, "{share} {radius}");
        }
        // What is not spread is where it was.
        let [r, _, _] = *seen.get(70, 20).unwrap();
        assert!(r >= 900.0 * (1.0 - share as f32), "{r}");
        assert!(seen.get(20, 50).unwrap()[0] >= 0.0);
    }
}

#[test]
fn blurs_are_as_wide_as_they_say_and_keep_the_mean_at_any_edge() {
    for sigma in [0.5, 1.0, 3.0, 6.0, 9.0, 14.0] {
        let mut image = flat(161, 131, 0.0);
        image.set(80, 65, [1.0; 3]);
        let seen = blur(&image, sigma);
        let spread: f64 = (0..131_u32)
            .flat_map(|y| (0..161_u32).map(move |x| (x, y)))
            .map(|(x, y)| f64::from(seen.get(x, y).unwrap()[0]) * (f64::from(x) - 80.0) * (f64::from(x) - 80.0))
            .sum();
        assert!((spread.sqrt() - sigma).abs() < 0.5, "{sigma}: {}", spread.sqrt());
        let noise: Vec<[f32; 3]> = (0..33 * 21).map(|k| [Dice::new(1, k).unit() as f32; 3]).collect();
        let image = Image::new(33, 21, noise).unwrap();
        let mean = |image: &Image<[f32; 3]>| image.pixels().iter().map(|p| f64::from(p[0])).sum::<f64>() / 693.0;
        assert!((mean(&blur(&image, sigma)) - mean(&image)).abs() < 1e-5, "{sigma}");
    }
    assert_eq!(blur(&flat(1, 1, 0.5), 40.0).get(0, 0).map(|p| (p[0] * 1e4).round()), Some(5000.0));
}

#[test]
fn sharpening_keeps_means_and_steepens_edges() {
    let camera = with(Sensor {
        full_well: 1e7,
        read_noise: 0.0,
        bits: 16,
        sharpening: 1.5,
        sharpening_radius: 1.2,
        ..Sensor::usual()
    });
    let plain = with(Sensor { sharpening: 0.0, ..*camera.sensor.clone().unwrap() });
    let light = ramp(64, 48, |x, _| if x < 32.0 { [0.15; 3] } else { [0.35; 3] });
    let picture = |camera: &Camera| {
        let how = Develop { camera, tone_curve: ToneCurve::Srgb, depth: Depth::Sixteen, seed: 5 };
        match how.develop(light.clone()).deep {
            Some(Deep::Sixteen(image)) => image,
            other => panic!("{other:?}"),
        }
    };
    let (sharp, soft) = (picture(&camera), picture(&plain));
    let mean = |image: &Image<[u16; 3]>| image.pixels().iter().map(|p| f64::from(p[1])).sum::<f64>() / (64.0 * 48.0);
    assert!((mean(&sharp) - mean(&soft)).abs() < 1.0, "{} {}", mean(&sharp), mean(&soft));
    // An ideal edge of height h overshoots by amount * h (1 - F) at half a pixel from it, F the blur's share beyond.
    let at = |image: &Image<[u16; 3]>, x| f64::from(image.get(x, 24).unwrap()[1]);
    let height = at(&soft, 40) - at(&soft, 20);
    assert!(at(&sharp, 32) - at(&soft, 32) > 0.2 * height && at(&soft, 31) - at(&sharp, 31) > 0.2 * height);
    assert!((at(&sharp, 5) - at(&soft, 5)).abs() < 200.0);
}

#[test]
fn white_balance_makes_its_light_white_and_saturation_is_about_grey() {
    let lamp = color::linear_from_kelvin(3200.0).map(|c| 0.6 * c as f32);
    let light = Image::filled(40, 30, lamp);
    let quiet = Sensor { full_well: 1e7, read_noise: 0.0, bits: 16, ..Sensor::usual() };
    for balance in [WhiteBalance::Kelvin(3200.0), WhiteBalance::GreyWorld] {
        let camera = with(Sensor { white_balance: Some(balance), ..quiet });
        for pixel in sensed(&camera, light.clone(), 1).pixels() {
            assert!(pixel.iter().all(|c| (c - lamp[1]).abs() < 0.005), "{balance:?}: {pixel:?}");
        }
    }
    // For a light that it is not: red by a lamp that is redder than the white.
    let cold = with(Sensor { white_balance: Some(WhiteBalance::Kelvin(6500.0)), ..quiet });
    let [r, g, b] = sensed(&cold, light.clone(), 1).pixels()[0];
    assert!(r > 1.2 * g && g > 1.2 * b);
    let grey = with(Sensor { saturation: 0.0, ..quiet });
    let luminance = 0.2126 * lamp[0] + 0.7152 * lamp[1] + 0.0722 * lamp[2];
    for pixel in sensed(&grey, light, 1).pixels() {
        assert!(pixel.iter().all(|c| (c - luminance).abs() < 0.003), "{pixel:?} {luminance}");
    }
}

#[test]
fn tone_curves_rise_from_0_and_can_be_undone() {
    for curve in CURVES {
        let mut before = -1.0;
        for step in 0..400 {
            let light = libm::exp2(f64::from(step) / 25.0 - 12.0);
            let [shown, ..] = tone::apply(curve, [light; 3]);
            assert!((0.0..=1.0).contains(&shown) && shown >= before, "{curve:?} at {light}: {shown} after {before}");
            before = shown;
        }
        for bad in [f64::NAN, -1.0, f64::NEG_INFINITY] {
            assert_eq!(tone::apply(curve, [bad; 3]), tone::apply(curve, [0.0; 3]), "{curve:?}");
        }
        assert!(tone::apply(curve, [f64::INFINITY; 3]).iter().all(|c| *c > 0.95 && *c <= 1.0), "{curve:?}");
        assert!(tone::apply(curve, [0.0; 3]).iter().all(|c| *c < 1e-4), "{curve:?}");
        // There and back within half a code of 8 bits, for colours that a display shows and the curve reaches.
        for k in 0..4000_u64 {
            let mut dice = Dice::new(k, 1);
            let light = [0, 1, 2].map(|_| libm::exp2(8.0 * dice.unit() - 7.0));
            let shown = tone::apply(curve, light);
            let again = tone::apply(curve, tone::undo(curve, shown));
            for c in 0..3 {
                let code = |v: f64| 255.0 * color::srgb_from_linear(v);
                let apart = (code(shown[c]) - code(again[c])).abs();
                // What AgX shows of saturated light lies outside of what it can be undone to: it is clipped on the way.
                let inside = curve != ToneCurve::AgX || shown.iter().all(|v| (0.001..0.999).contains(v));
                assert!(!inside || apart < 0.5, "{curve:?}: {light:?} is shown as {shown:?}, and again as {again:?}");
            }
        }
    }
}

/// Worked out by hand from the published formulas, in a pocket calculator's precision.
#[test]
fn tone_curves_have_their_published_values() {
    let at = |curve, light: f64| tone::apply(curve, [light; 3])[1];
    // Khronos: below 0.8 an offset of 0.04; f(1) = 1 - 0.24^2 / (0.96 + 0.24 - 0.76) = 0.869091.
    assert!((at(ToneCurve::Neutral, 0.5) - 0.46).abs() < 1e-9);
    assert!((at(ToneCurve::Neutral, 1.0) - 0.869_090_9).abs() < 1e-6);
    // Narkowicz with x = 0.6: (0.6 * 1.536) / (0.6 * 2.048 + 0.14).
    assert!((at(ToneCurve::Filmic, 1.0) - 0.9216 / 1.3688).abs() < 1e-9);
    // AgX: middle grey lies at 10 / 16.5 of its range; with x = 0.60606 the polynomial is 0.4968, to the power of 2.2 0.2145.
    let x = 10.0 / 16.5_f64;
    let [x2, x4] = [x * x, x * x * x * x];
    let curve = 15.5 * x4 * x2 - 40.14 * x4 * x + 31.96 * x4 - 6.868 * x2 * x + 0.4298 * x2 + 0.1191 * x - 0.00232;
    assert!((at(ToneCurve::AgX, 0.18) - libm::pow(curve, 2.2)).abs() < 2e-4, "{}", at(ToneCurve::AgX, 0.18));
    assert!((at(ToneCurve::AgX, 0.18) - 0.2145).abs() < 5e-4);
    // Grey stays grey.
    let [r, g, b] = tone::apply(ToneCurve::AgX, [0.18; 3]);
    assert!((r - g).abs() < 1e-3 && (g - b).abs() < 1e-3);
    // The camera's: middle grey stays, white is 0.8.
    assert!((at(ToneCurve::Camera, 0.18) - 0.18).abs() < 1e-9 && (at(ToneCurve::Camera, 1.0) - 0.8).abs() < 1e-9);
}

/// The fast way of [`Develop`] against the formulas.
#[test]
fn pictures_are_the_tone_curve_and_srgb_to_the_nearest_code() {
    for tone_curve in CURVES {
        let pixels: Vec<[f32; 3]> = (0..20_000_u64)
            .map(|k| {
                let mut dice = Dice::new(k, 2);
                [0, 1, 2].map(|_| libm::exp2(16.0 * dice.unit() - 12.0) as f32)
            })
            .collect();
        let light = Image::new(200, 100, pixels.clone()).unwrap();
        let camera = camera(200, 100, 100.0);
        let sixteen = Develop { camera: &camera, tone_curve, depth: Depth::Sixteen, seed: 0 }.develop(light.clone());
        let eight = Develop { camera: &camera, tone_curve, depth: Depth::Eight, seed: 0 }.develop(light);
        assert_eq!((&eight.rgb, &eight.deep), (&sixteen.rgb, &None));
        let Some(Deep::Sixteen(deep)) = sixteen.deep else { panic!("{tone_curve:?}") };
        for ((light, shown), bytes) in pixels.iter().zip(deep.pixels()).zip(eight.rgb.pixels()) {
            let exact = tone::apply(tone_curve, light.map(f64::from)).map(color::srgb_from_linear);
            for c in 0..3 {
                let apart = (f64::from(shown[c]) - 65535.0 * exact[c]).abs();
                assert!(apart < 1.5, "{tone_curve:?} {light:?}: {shown:?}, not {exact:?}");
                let apart = (f64::from(bytes[c]) - 255.0 * exact[c]).abs();
                assert!(apart < 0.506, "{tone_curve:?} {light:?}: {bytes:?}, not {exact:?}");
            }
        }
    }
}

/// A frame of light that has something everywhere.
fn lit(scene: &Scene, camera: usize) -> Frame {
    let mut frame = synthetic::empty_frame(scene, camera);
    let (width, height) = (scene.image.width, scene.image.height);
    let pixels = (0..u64::from(width) * u64::from(height)).map(|k| {
        let mut dice = Dice::new(k, 3);
        [0, 1, 2].map(|_| dice.unit() as f32)
    });
    frame.linear = Image::new(width, height, pixels.collect());
    frame
}

#[test]
fn noise_is_of_seed_scene_and_camera_alone() {
    let scene = |seed, index| {
        let mut scene = synthetic::scene(index, 2, &["left", "right"], (32, 24));
        scene.seed = seed;
        for camera in &mut scene.cameras {
            camera.sensor = Some(Box::new(Sensor { iso: 3200.0, bayer: Some(Bayer::Rggb), ..Sensor::usual() }));
            camera.depth_sensor = Some(Box::new(DepthSensor::ActiveStereo(ActiveStereo::usual())));
        }
        scene
    };
    let take = |seed, index, camera: usize| {
        let scene = scene(seed, index);
        let mut frame = synthetic::empty_frame(&scene, camera);
        frame.linear = Some(flat(32, 24, 0.3));
        developed(&scene, frame)
    };
    let first = take(0, 5, 0);
    assert_eq!(take(0, 5, 0), first);
    assert!(first.linear.is_none());
    // Once more changes nothing.
    assert_eq!(developed(&scene(0, 5), first.clone()), first);
    for other in [take(1, 5, 0), take(0, 6, 0), take(0, 5, 1)] {
        let same = other.rgb.pixels().iter().zip(first.rgb.pixels()).filter(|(a, b)| a == b).count();
        assert!(same < 32 * 24 / 8, "{same}");
    }
    let depth = |frame: &Frame| frame.sensor_depth.clone().unwrap();
    assert_ne!(depth(&take(1, 5, 0)), depth(&first));
    // Threads and their order change nothing.
    let apart = std::thread::scope(|scope| scope.spawn(|| take(0, 5, 0)).join().unwrap());
    assert_eq!(apart, first);
}

/// Neighbours, channels and scenes share nothing: correlations of independent numbers are normal with deviation 1 / sqrt(N).
#[test]
fn the_noise_of_pixels_channels_and_seeds_is_independent() {
    let camera = with(Sensor { iso: 800.0, bits: 16, ..Sensor::usual() });
    let (width, height) = (300, 200);
    let noise = |seed| sensed(&camera, flat(width, height, 0.4), seed).map(|p| p.map(|c| f64::from(c) - 0.4));
    let (a, b) = (noise(1), noise(2));
    let correlation = |pairs: Vec<(f64, f64)>| {
        let dot = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>();
        let r = dot(&|p| p.0 * p.1) / (dot(&|p| p.0 * p.0) * dot(&|p| p.1 * p.1)).sqrt();
        r * (pairs.len() as f64).sqrt()
    };
    let at = |image: &Image<[f64; 3]>, x: u32, y: u32, c: usize| image.get(x, y).unwrap()[c];
    let places = || (0..height - 1).flat_map(|y| (0..width - 1).map(move |x| (x, y)));
    let tests: [Vec<(f64, f64)>; 5] = [
        places().map(|(x, y)| (at(&a, x, y, 1), at(&a, x + 1, y, 1))).collect(),
        places().map(|(x, y)| (at(&a, x, y, 1), at(&a, x, y + 1, 1))).collect(),
        places().map(|(x, y)| (at(&a, x, y, 0), at(&a, x, y, 1))).collect(),
        places().map(|(x, y)| (at(&a, x, y, 2), at(&a, x, y, 1))).collect(),
        places().map(|(x, y)| (at(&a, x, y, 1), at(&b, x, y, 1))).collect(),
    ];
    for (which, pairs) in tests.into_iter().enumerate() {
        let z = correlation(pairs);
        assert!(z.abs() < 4.5, "{which}: {z}");
    }
}

#[test]
fn a_frame_without_light_stays_as_it_is() {
    let scene = synthetic::scene(0, 2, &["main"], (32, 24));
    let frame = synthetic::empty_frame(&scene, 0);
    assert_eq!(developed(&scene, frame.clone()), frame);
    assert!(!scene.needs_linear());
    let mut other = scene.clone();
    other.cameras[0].sensor = Some(Box::new(Sensor::usual()));
    assert!(other.needs_linear() && !other.image.needs_linear());
    for (format, tone_curve, needs) in [
        (ImageFormat::Png, ToneCurve::Neutral, false),
        (ImageFormat::Jpeg { quality: 90, subsampling: Subsampling::Full }, ToneCurve::Srgb, false),
        (ImageFormat::Png16, ToneCurve::Srgb, true),
        (ImageFormat::Exr, ToneCurve::Srgb, true),
        (ImageFormat::Png, ToneCurve::AgX, true),
        (ImageFormat::Png, ToneCurve::Filmic, true),
        (ImageFormat::Png, ToneCurve::Camera, true),
    ] {
        let mut other = scene.clone();
        (other.image.format, other.image.tone_curve) = (format, tone_curve);
        assert_eq!(other.needs_linear(), needs, "{format:?} {tone_curve:?}");
    }
}

fn psnr(a: &[u8], b: &[u8]) -> f64 {
    let squares: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b)) * f64::from(a.abs_diff(*b))).sum();
    10.0 * libm::log10(255.0 * 255.0 * a.len() as f64 / squares.max(1e-9))
}

#[test]
fn pictures_come_back_from_their_files() {
    let mut scene = synthetic::scene(0, 2, &["main"], (150, 110));
    let smooth = || {
        let mut frame = synthetic::empty_frame(&scene, 0);
        frame.linear = Some(ramp(150, 110, |x, y| [0.005 * x, 0.3 + 0.2 * libm::sinf(0.08 * y), 0.004 * (x + y)]));
        frame
    };
    let linear = smooth();
    for (format, kind) in [
        (ImageFormat::Png, image::ImageFormat::Png),
        (ImageFormat::Png16, image::ImageFormat::Png),
        (ImageFormat::Jpeg { quality: 95, subsampling: Subsampling::Full }, image::ImageFormat::Jpeg),
        (ImageFormat::Jpeg { quality: 60, subsampling: Subsampling::Full }, image::ImageFormat::Jpeg),
        (ImageFormat::Jpeg { quality: 90, subsampling: Subsampling::Quarter }, image::ImageFormat::Jpeg),
    ] {
        scene.image.format = format;
        assert!(encode::picture_file(&linear, format).is_err(), "nobody has developed it");
        let frame = developed(&scene, linear.clone());
        let bytes = encode::picture_file(&frame, format).unwrap();
        let read = image::load_from_memory_with_format(&bytes, kind).unwrap();
        assert_eq!((read.width(), read.height()), (150, 110));
        match (format, &frame.deep) {
            (ImageFormat::Png, None) => assert_eq!(read.to_rgb8().as_raw(), frame.rgb.pixels().as_flattened()),
            (ImageFormat::Png16, Some(Deep::Sixteen(deep))) => {
                assert_eq!(read.to_rgb16().as_raw(), deep.pixels().as_flattened());
                let worst = deep.pixels().as_flattened().iter().zip(frame.rgb.pixels().as_flattened());
                let worst =
                    worst.map(|(&deep, &rgb)| (f64::from(deep) / 257.0 - f64::from(rgb)).abs()).fold(0.0, f64::max);
                assert!(worst <= 0.51, "{worst}");
            }
            (ImageFormat::Jpeg { quality, .. }, None) => {
                let quality_bound = if quality >= 90 { 40.0 } else { 34.0 };
                let seen = psnr(read.to_rgb8().as_raw(), frame.rgb.pixels().as_flattened());
                assert!(seen > quality_bound, "{format:?}: {seen} dB");
            }
            other => panic!("{other:?}"),
        }
    }
    scene.image.format = ImageFormat::Exr;
    let frame = developed(&scene, linear.clone());
    let bytes = encode::picture_file(&frame, ImageFormat::Exr).unwrap();
    let read = image_from_exr(&bytes);
    assert_eq!(
        read,
        linear.linear.as_ref().unwrap().pixels().iter().map(|p| p.map(|c| c.max(0.0))).collect::<Vec<_>>()
    );
    // A better quality is a larger file and a nearer picture.
    let frame = developed(&synthetic::scene(0, 2, &["main"], (150, 110)), lit(&scene, 0));
    let sizes = [10, 50, 90, 100].map(|quality| {
        let bytes = encode::rgb_jpeg(&frame.rgb, quality, Subsampling::Full).unwrap();
        let read = image::load_from_memory(&bytes).unwrap().to_rgb8();
        (bytes.len(), psnr(read.as_raw(), frame.rgb.pixels().as_flattened()))
    });
    assert!(sizes.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1), "{sizes:?}");
}

fn image_from_exr(bytes: &[u8]) -> Vec<[f32; 3]> {
    use exr::prelude::*;
    let image = read()
        .no_deep_data()
        .largest_resolution_level()
        .rgb_channels(
            |size, _| (vec![[0.0_f32; 3]; size.area()], size.width()),
            |(pixels, width), at, (r, g, b): (f32, f32, f32)| pixels[at.y() * *width + at.x()] = [r, g, b],
        )
        .first_valid_layer()
        .all_attributes()
        .from_buffered(std::io::Cursor::new(bytes))
        .unwrap();
    image.layer_data.channel_data.pixels.0
}

/// A wall that faces the camera at 2 m, and in front of its right half another one at 1 m.
fn step() -> (Scene, Frame) {
    let (width, height) = (120, 20);
    let mut scene = synthetic::scene(0, 2, &["main"], (width, height));
    scene.cameras = vec![camera(width, height, 200.0)];
    let mut frame = synthetic::empty_frame(&scene, 0);
    let mut albedo = Image::filled(width, height, [1.0; 3]);
    let mut normals = Image::filled(width, height, [0.0, 0.0, 1.0]);
    for y in 0..height {
        for x in 0..width {
            let depth: f32 = if x < 60 { 2.0 } else { 1.0 };
            let ray = scene.cameras[0].ray_through(DVec2::new(f64::from(x) + 0.5, f64::from(y) + 0.5));
            frame.depth.set(x, y, depth);
            frame.range.set(x, y, depth * ray.unwrap().length() as f32);
            if y == 0 {
                albedo.set(x, y, [0.0; 3]);
            }
            if y == 1 {
                // From the side.
                normals.set(x, y, [0.0, 1.0, 0.0]);
            }
            if y == 2 {
                frame.depth.set(x, y, f32::INFINITY);
                frame.range.set(x, y, f32::INFINITY);
            }
        }
    }
    (frame.albedo, frame.geometric_normals) = (Some(albedo), Some(normals));
    (scene, frame)
}

fn measured(scene: &Scene, frame: &Frame, sensor: DepthSensor) -> Image<f32> {
    let mut scene = scene.clone();
    scene.cameras[0].depth_sensor = Some(Box::new(sensor));
    developed(&scene, frame.clone()).sensor_depth.unwrap()
}

/// A baseline of 0.1 m and a focal length of 200: disparities are 10 and 20 pixels. So the near wall covers the 10 pixels of the far one
/// to the left of its edge, and the 10 leftmost ones are beside the second image.
#[test]
fn stereo_sees_nothing_where_its_second_camera_does_not() {
    let (scene, frame) = step();
    let sensor =
        ActiveStereo { baseline: 0.1, disparity_noise: 0.0, disparity_step: 0.0, max: 100.0, ..ActiveStereo::usual() };
    let seen = measured(&scene, &frame, DepthSensor::ActiveStereo(sensor));
    for y in 3..20 {
        for x in 0..120 {
            let expected = match x {
                0..10 | 50..60 => f32::INFINITY,
                10..50 => 2.0,
                _ => 1.0,
            };
            let depth = *seen.get(x, y).unwrap();
            assert!(depth == expected || (depth - expected).abs() < 1e-6, "{x} {y}: {depth}, not {expected}");
        }
    }
    // Black, from the side, and nothing.
    assert!(seen.pixels()[..360].iter().all(|depth| *depth == f32::INFINITY));
    // A slanted floor hides nothing of itself.
    let mut floor = frame.clone();
    for (k, (depth, range)) in (0_u16..).zip(floor.depth.pixels_mut().iter_mut().zip(floor.range.pixels_mut())) {
        (*depth, *range) = (1.0 + 0.02 * f32::from(k % 120), 1.0 + 0.02 * f32::from(k % 120));
    }
    let seen = measured(&scene, &floor, DepthSensor::ActiveStereo(sensor));
    for (x, depth) in seen.rows().nth(10).unwrap().iter().enumerate().skip(21) {
        assert!(depth.is_finite(), "{x}");
    }
}

/// The same walls through a fisheye lens. From 0.1 m to the right, the edge of the near wall (at x = 0, z = 1) hides those points of the far
/// one (z = 2) whose x is between -0.1 and 0.
#[test]
fn stereo_finds_the_same_shadows_through_a_fisheye_lens() {
    let (width, height) = (160, 120);
    let mut scene = synthetic::scene(0, 2, &["main"], (width, height));
    scene.cameras =
        vec![Camera { lens_model: LensModel::KannalaBrandt { k: [0.0; 4] }, ..camera(width, height, 90.0) }];
    let mut frame = synthetic::empty_frame(&scene, 0);
    let lens = scene.cameras[0].lens();
    let pixels = || (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let far = |x: u32, y: u32| {
        let ray = lens.ray(DVec2::new(f64::from(x) + 0.5, f64::from(y) + 0.5)).unwrap();
        let ray = ray / ray.z;
        (ray, if ray.x < 0.0 { 2.0 } else { 1.0 })
    };
    for (x, y) in pixels() {
        let (ray, depth) = far(x, y);
        frame.depth.set(x, y, depth as f32);
        frame.range.set(x, y, (depth * ray.length()) as f32);
    }
    frame.albedo = Some(Image::filled(width, height, [1.0; 3]));
    let sensor =
        ActiveStereo { baseline: 0.1, disparity_noise: 0.0, disparity_step: 0.0, max: 100.0, ..ActiveStereo::usual() };
    let seen = measured(&scene, &frame, DepthSensor::ActiveStereo(sensor));
    for (x, y) in pixels() {
        let (ray, depth) = far(x, y);
        let there = lens.pixel(ray * depth - glam::DVec3::X * 0.1).filter(|p| p.x >= 0.0);
        let hidden = there.is_none() || (depth == 2.0 && 2.0 * ray.x > -0.1);
        // Up to a pixel more or less at the edge of a shadow, of 2 / 90 m there.
        let unsure = depth == 2.0 && (2.0 * ray.x + 0.1).abs() < 0.06 || there.is_some_and(|p| p.x < 1.0);
        let found = seen.get(x, y).unwrap();
        assert!(unsure || found.is_infinite() == hidden, "{x} {y}: {found}");
        assert!(found.is_infinite() || (f64::from(*found) - depth).abs() < 1e-5, "{x} {y}: {found}");
    }
}

#[test]
fn the_noise_of_stereo_grows_with_the_square_of_the_distance() {
    let (width, height) = (200, 150);
    let mut scene = synthetic::scene(0, 2, &["main"], (width, height));
    scene.cameras = vec![camera(width, height, 400.0)];
    for z in [1.0, 2.0, 4.0] {
        let mut frame = synthetic::empty_frame(&scene, 0);
        (frame.depth, frame.range) = (Image::filled(width, height, z), Image::filled(width, height, z));
        frame.albedo = Some(Image::filled(width, height, [1.0; 3]));
        let sensor = ActiveStereo {
            baseline: 0.1,
            disparity_noise: 0.05,
            disparity_step: 0.0,
            max: 100.0,
            ..ActiveStereo::usual()
        };
        let seen = measured(&scene, &frame, DepthSensor::ActiveStereo(sensor));
        let values: Vec<f64> = seen.pixels().iter().filter(|d| d.is_finite()).map(|&d| f64::from(d)).collect();
        let (mean, variance, count) = moments(values.iter().copied());
        let expected = f64::from(z * z) / (400.0 * 0.1) * 0.05;
        // To first order; the second is (sigma_d / d)^2, at most 2.5e-5 of z and 1e-4 of sigma here.
        assert!((variance.sqrt() / expected - 1.0).abs() < 4.5 / (2.0 * count).sqrt() + 1e-3, "{z}");
        assert!((mean - f64::from(z)).abs() < 4.5 * expected / count.sqrt() + 1e-4, "{z}: {mean}");
        // Steps of disparity are steps of z^2 / (f b) of depth.
        let sensor = ActiveStereo { disparity_noise: 0.0, disparity_step: 0.125, ..sensor };
        let seen = measured(&scene, &frame, DepthSensor::ActiveStereo(sensor));
        for depth in seen.pixels().iter().filter(|d| d.is_finite()) {
            let steps = 40.0 / f64::from(*depth) / 0.125;
            assert!((steps - steps.round()).abs() < 1e-3, "{depth}");
        }
    }
}

#[test]
fn time_of_flight_mixes_edges_and_its_noise_follows_the_light() {
    let (scene, frame) = step();
    let quiet = TimeOfFlight { noise: 0.0, step: 0.0, max: 100.0, ..TimeOfFlight::usual() };
    let seen = measured(&scene, &frame, DepthSensor::TimeOfFlight(quiet));
    let row = seen.rows().nth(10).unwrap();
    // In the walls it is right but for how far away their neighbours are; at the edge it lies between.
    for (x, depth) in row.iter().enumerate() {
        let expected = if x < 60 { 2.0 } else { 1.0 };
        let near_edge = x.abs_diff(60) <= 2 || x == 57;
        assert!(near_edge || (depth - expected).abs() < 2e-3, "{x}: {depth}");
    }
    assert!((1.02..1.98).contains(&row[59]), "{}", row[59]);
    assert!(seen.pixels()[..360].iter().all(|depth| *depth == f32::INFINITY));
    let sharp = TimeOfFlight { blur: 0.0, ..quiet };
    let seen = measured(&scene, &frame, DepthSensor::TimeOfFlight(sharp));
    assert!((seen.rows().nth(10).unwrap()[59] - 2.0).abs() < 1e-6);

    // sigma = noise r^2 / (a cos t), here straight ahead of walls of several greys.
    let (width, height) = (200, 150);
    let mut scene = synthetic::scene(0, 2, &["main"], (width, height));
    scene.cameras = vec![camera(width, height, 4000.0)];
    for (z, albedo) in [(1.0, 1.0), (2.0, 1.0), (1.0, 0.25), (3.0, 0.5)] {
        let mut frame = synthetic::empty_frame(&scene, 0);
        (frame.depth, frame.range) = (Image::filled(width, height, z), Image::filled(width, height, z));
        frame.albedo = Some(Image::filled(width, height, [albedo; 3]));
        let sensor = TimeOfFlight { noise: 0.002, ..sharp };
        let seen = measured(&scene, &frame, DepthSensor::TimeOfFlight(sensor));
        let (_, variance, count) = moments(seen.pixels().iter().map(|&d| f64::from(d)));
        let expected = 0.002 * f64::from(z * z / albedo);
        assert!((variance.sqrt() / expected - 1.0).abs() < 4.5 / (2.0 * count).sqrt() + 1e-3, "{z} {albedo}");
    }
}

/// A white wall that faces the sensor is measured up to `max`, a grey one of 0.25 up to half of that.
#[test]
fn dark_surfaces_are_measured_less_far() {
    let mut scene = synthetic::scene(0, 2, &["main"], (40, 30));
    scene.cameras = vec![camera(40, 30, 4000.0)];
    let share = |z: f32, albedo: f32| {
        let mut frame = synthetic::empty_frame(&scene, 0);
        (frame.depth, frame.range) = (Image::filled(40, 30, z), Image::filled(40, 30, z));
        frame.albedo = Some(Image::filled(40, 30, [albedo; 3]));
        let sensor = TimeOfFlight { max: 4.0, noise: 0.0, ..TimeOfFlight::usual() };
        let seen = measured(&scene, &frame, DepthSensor::TimeOfFlight(sensor));
        seen.pixels().iter().filter(|d| d.is_finite()).count()
    };
    assert_eq!((share(3.5, 1.0), share(4.1, 1.0)), (1200, 0));
    assert_eq!((share(1.7, 0.25), share(2.1, 0.25)), (1200, 0));
    // Between nine tenths and all of it, by chance.
    assert!((300..900).contains(&share(3.8, 1.0)), "{}", share(3.8, 1.0));
    assert_eq!(share(0.1, 1.0), 0, "too near");
}

#[test]
fn the_contact_sheet_shows_what_depth_sensors_measure() {
    let mut scene = synthetic::scene(0, 2, &["left", "main"], (40, 30));
    scene.cameras[1].depth_sensor = Some(Box::new(DepthSensor::ActiveStereo(ActiveStereo::usual())));
    let subject = synthetic::subject(&scene);
    let shots: Vec<_> = (0..2)
        .map(|camera| {
            let frame = developed(&scene, synthetic::empty_frame(&scene, camera));
            let labels = annotate(&subject, &frame).unwrap();
            (frame, labels)
        })
        .collect();
    let items: Vec<_> = shots.iter().map(|(frame, labels)| PreviewItem { subject: &subject, frame, labels }).collect();
    let captions = |items: &[PreviewItem<'_>]| -> Vec<String> {
        let cells = preview::sheet(items, 200).cells.into_iter();
        cells.filter(|cell| cell.panel == Panel::SensorDepth).map(|cell| cell.caption).collect()
    };
    let [left, main] = &captions(&items)[..] else { panic!() };
    assert!(left.starts_with("sensor_depth: not rendered") && main.starts_with("sensor_depth "), "{left} {main}");
    assert!(captions(&items[..1]).is_empty());
}

/// The pictures of all formats and both depth sensors, on disk, with the names that the JSON files say. With
/// `SCENEWRIGHT_WRITE_SAMPLE_DATASET=dir`, also the input of `tests/readers/check_dataset.py`.
#[test]
fn datasets_hold_pictures_in_every_format_and_what_depth_sensors_measure() {
    let thrown_away = tempfile::tempdir().unwrap();
    let root =
        std::env::var_os("SCENEWRIGHT_WRITE_SAMPLE_DATASET").map_or(thrown_away.path().to_path_buf(), PathBuf::from);
    let jpeg = ImageFormat::Jpeg { quality: 90, subsampling: Subsampling::Quarter };
    let stereo = DepthSensor::ActiveStereo(ActiveStereo::usual());
    let flight = DepthSensor::TimeOfFlight(TimeOfFlight::usual());
    for (name, format, sensor, depth) in [
        ("png16", ImageFormat::Png16, stereo, DepthFormat::ExrMetres),
        ("jpeg", jpeg, flight, DepthFormat::PngMillimetres),
        ("exr", ImageFormat::Exr, flight, DepthFormat::ExrMetres),
    ] {
        let cameras = ["left", "main"];
        let info = DatasetInfo { format, depth_sensors: true, ..synthetic::info(0, 2, &cameras) };
        let options = WriteOptions { depth, overwrite: true, audit: false, ..WriteOptions::default() };
        let root = root.join(name);
        let write = |threads| {
            let writer = DatasetWriter::create(&root, info.clone(), options).unwrap();
            let sink = FrameSink::new(writer, NonZeroUsize::new(threads).unwrap()).unwrap();
            for index in 0..2 {
                let mut scene = synthetic::scene(index, 2, &cameras, (40, 30));
                scene.image.format = format;
                if let ImageFormat::Jpeg { quality, .. } = &mut scene.image.format {
                    *quality -= u8::try_from(index).unwrap();
                }
                scene.cameras[1].depth_sensor = Some(Box::new(sensor));
                scene.cameras[0].sensor = Some(Box::new(Sensor { iso: 800.0, ..Sensor::usual() }));
                let subject = Arc::new(synthetic::subject(&scene));
                for camera in 0..2 {
                    sink.push(subject.clone(), lit(&scene, camera)).unwrap();
                }
            }
            assert_eq!(sink.finish().unwrap().0.images, 4);
            let read = |path: &str| std::fs::read(root.join(path)).unwrap();
            let (picture, measured) = (format.extension(), if depth == DepthFormat::ExrMetres { "exr" } else { "png" });
            assert!(!root.join(format!("sensor_depth/000001_left.{measured}")).exists());
            let images = read(&format!("images/000001_left.{picture}"));
            [images, read(&format!("sensor_depth/000001_main.{measured}")), read("dataset.json"), read("cameras.json")]
        };
        let first = write(1);
        assert!(first == write(3), "threads change bytes");
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (manifest, cameras) = (text(&first[2]), text(&first[3]));
        assert!(manifest.contains("a simulation and no label"));
        assert!(cameras.contains("sensor_depth/000001_main.") && !cameras.contains("sensor_depth/000001_left."));
        assert!(cameras.contains(&format!("\"000001_left.{}\"", format.extension())));
    }
    // A scene of another format does not belong.
    let root = tempfile::tempdir().unwrap();
    let options = WriteOptions { audit: false, ..WriteOptions::default() };
    let writer = DatasetWriter::create(root.path(), synthetic::info(0, 1, &["main"]), options).unwrap();
    let mut scene = synthetic::scene(0, 2, &["main"], (40, 30));
    scene.image.format = ImageFormat::Png16;
    let sink = FrameSink::new(writer, NonZeroUsize::MIN).unwrap();
    sink.push(Arc::new(synthetic::subject(&scene)), lit(&scene, 0)).unwrap();
    assert!(sink.finish().is_err());
}

const RECIPE: &str = r#"(
    version: 1, name: "t",
    image: (width: 64, height: 48, tone_curve: AgX, format: Jpeg(quality: UniformInt(40, 90), subsampling: Full)),
    cameras: {
        "main": (
            lens: Fov(Uniform(40, 60)), pose: LookAt((0, 1, Uniform(2, 3)), (0, 0, 0)),
            optics: (falloff: 1, flare: Uniform(0, 0.1)),
            sensor: Sensor(iso: LogUniform(100, 3200), bayer: Gbrg, demosaic: Bilinear,
                           white_balance: Kelvin(Uniform(3000, 6000)), bits: 10),
            depth_sensor: ActiveStereo(baseline: 0.06, max_angle: Uniform(60, 80)),
        ),
        "plain": (lens: Fov(50), pose: LookAt((0, 1, 2), (0, 0, 0))),
    },
)"#;

fn drawn(text: &str, index: u64) -> Scene {
    match parse(text, "t.ron", Path::new("")) {
        Ok(recipe) => sample(&recipe, 3, index).unwrap(),
        Err(problems) => panic!("{}", problems.render(Drawing::Plain)),
    }
}

#[test]
fn recipes_say_what_lenses_and_sensors_do_and_scenes_have_it_decided() {
    for index in 0..20 {
        let scene = drawn(RECIPE, index);
        let [main, plain] = &scene.cameras[..] else { panic!() };
        assert_eq!((&plain.optics, &plain.sensor, &plain.depth_sensor), (&None, &None, &None));
        let optics = main.optics.as_deref().unwrap();
        assert!(optics.falloff == 1.0 && (0.0..0.1).contains(&optics.flare) && optics.vignetting == 0.0);
        let sensor = main.sensor.as_deref().unwrap();
        assert!((100.0..3200.0).contains(&sensor.iso));
        assert_eq!((sensor.bits, sensor.bayer, sensor.demosaic), (10, Some(Bayer::Gbrg), Demosaic::Bilinear));
        let Some(WhiteBalance::Kelvin(temperature)) = sensor.white_balance else { panic!() };
        assert!((3000.0..6000.0).contains(&temperature));
        let usual = Sensor::usual();
        assert_eq!((sensor.full_well, sensor.read_noise), (usual.full_well, usual.read_noise));
        let Some(DepthSensor::ActiveStereo(stereo)) = main.depth_sensor.as_deref() else { panic!() };
        assert!(stereo.baseline == 0.06 && (60.0..80.0).contains(&stereo.max_angle.to_degrees()));
        let ImageFormat::Jpeg { quality, subsampling: Subsampling::Full } = scene.image.format else { panic!() };
        assert!((40..=90).contains(&quality));
        scene.validate().unwrap();
        let again: Scene = ron::from_str(&scene.to_ron().unwrap()).unwrap();
        assert_eq!(again, scene);

        // An edit of one number moves no other.
        let other = drawn(
            &RECIPE
                .replace("LogUniform(100, 3200)", "200")
                .replace("Jpeg(quality: UniformInt(40, 90), subsampling: Full)", "Png"),
            index,
        );
        let mut expected = scene.clone();
        expected.image.format = ImageFormat::Png;
        expected.cameras[0].sensor.as_mut().unwrap().iso = 200.0;
        assert_eq!(other, expected);
    }
    // A scene without any of it has no word of it, so that files of before stay as they are.
    let plain = drawn(
        r#"(version: 1, name: "t", image: (width: 64, height: 48), cameras: { "main": (lens: Fov(50), pose: LookAt((0, 1, 2), (0, 0, 0))) })"#,
        0,
    );
    let text = plain.to_ron().unwrap();
    assert!(!["optics", "sensor", "format"].iter().any(|word| text.contains(word)), "{text}");
}

#[test]
fn scene_files_with_bad_numbers_are_refused() {
    let good = drawn(RECIPE, 0);
    let sensor = |edit: &dyn Fn(&mut Sensor)| {
        let mut scene = good.clone();
        edit(scene.cameras[0].sensor.as_mut().unwrap());
        scene
    };
    let mut flare = good.clone();
    flare.cameras[0].optics.as_mut().unwrap().flare = f64::NAN;
    let mut angle = good.clone();
    angle.cameras[0].depth_sensor =
        Some(Box::new(DepthSensor::TimeOfFlight(TimeOfFlight { max_angle: 2.0, ..TimeOfFlight::usual() })));
    let mut quality = good.clone();
    quality.image.format = ImageFormat::Jpeg { quality: 0, subsampling: Subsampling::Full };
    for (scene, word) in [
        (sensor(&|sensor| sensor.iso = 0.0), "iso"),
        (sensor(&|sensor| sensor.full_well = f64::INFINITY), "full_well"),
        (sensor(&|sensor| sensor.bits = 40), "bits"),
        (sensor(&|sensor| sensor.white_balance = Some(WhiteBalance::Kelvin(0.0))), "temperature"),
        (flare, "flare"),
        (angle, "max_angle"),
        (quality, "quality"),
    ] {
        let reason = scene.validate().unwrap_err();
        assert!(reason.contains(word), "{reason}");
    }
}

/// What it costs: `cargo test --release --no-default-features --test cpu -- sensor::what_it_costs --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "timings")]
fn what_it_costs() {
    let (width, height) = (640, 480);
    let light = ramp(width, height, |x, y| [0.001 * x, 0.002 * y, 0.3 + 0.2 * libm::sinf(x * 0.1)]);
    let plain = camera(width, height, 500.0);
    let optics = Some(Box::new(Optics {
        falloff: 1.0,
        vignetting: 0.2,
        chromatic_aberration: 0.001,
        flare: 0.05,
        flare_radius: 0.1,
    }));
    let sensor = Sensor { iso: 400.0, ..Sensor::usual() };
    let bayer = Sensor {
        bayer: Some(Bayer::Rggb),
        white_balance: Some(WhiteBalance::Kelvin(5000.0)),
        saturation: 1.1,
        sharpening: 0.5,
        ..sensor
    };
    let dark = Sensor { iso: 100_000.0, full_well: 10_000.0, ..sensor };
    let boxed = |sensor| Some(Box::new(sensor));
    for (name, camera, tone_curve) in [
        ("tone curve Srgb", plain.clone(), ToneCurve::Srgb),
        ("tone curve Neutral", plain.clone(), ToneCurve::Neutral),
        ("tone curve AgX", plain.clone(), ToneCurve::AgX),
        ("optics", Camera { optics: optics.clone(), ..plain.clone() }, ToneCurve::Srgb),
        ("sensor, three channels", Camera { sensor: boxed(sensor), ..plain.clone() }, ToneCurve::Srgb),
        ("sensor, few photons", Camera { sensor: boxed(dark), ..plain.clone() }, ToneCurve::Srgb),
        ("sensor, Bayer, sharpened", Camera { sensor: boxed(bayer), ..plain.clone() }, ToneCurve::Srgb),
        ("everything", Camera { optics, sensor: boxed(bayer), ..plain.clone() }, ToneCurve::AgX),
    ] {
        let how = Develop { camera: &camera, tone_curve, depth: Depth::Eight, seed: 1 };
        let mut best = f64::INFINITY;
        for _ in 0..7 {
            let light = light.clone();
            let start = std::time::Instant::now();
            std::hint::black_box(how.develop(light));
            best = best.min(start.elapsed().as_secs_f64());
        }
        println!("{name}: {:.1} ms", best * 1e3);
    }
    let (scene, _) = step();
    let mut scene = scene;
    (scene.image.width, scene.image.height) = (width, height);
    scene.cameras = vec![plain];
    let mut frame = synthetic::empty_frame(&scene, 0);
    frame.geometric_normals = Some(Image::filled(width, height, [0.0, 0.0, 1.0]));
    frame.albedo = Some(Image::filled(width, height, [0.5; 3]));
    for sensor in [DepthSensor::ActiveStereo(ActiveStereo::usual()), DepthSensor::TimeOfFlight(TimeOfFlight::usual())] {
        scene.cameras[0].depth_sensor = Some(Box::new(sensor));
        let start = std::time::Instant::now();
        std::hint::black_box(developed(&scene, frame.clone()));
        println!("{sensor:?}: {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    }
    let frame = developed(&scene, lit(&scene, 0));
    for quality in [75, 90, 95] {
        for subsampling in [Subsampling::Full, Subsampling::Quarter] {
            let start = std::time::Instant::now();
            let ours = encode::rgb_jpeg(&frame.rgb, quality, subsampling).unwrap();
            println!(
                "jpeg {quality} {subsampling:?}: {:.1} ms, {} bytes",
                start.elapsed().as_secs_f64() * 1e3,
                ours.len()
            );
        }
        let start = std::time::Instant::now();
        let mut theirs = Vec::new();
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut theirs, quality)
            .encode(frame.rgb.pixels().as_flattened(), width, height, image::ExtendedColorType::Rgb8)
            .unwrap();
        println!("image crate {quality}: {:.1} ms, {} bytes", start.elapsed().as_secs_f64() * 1e3, theirs.len());
    }
}
