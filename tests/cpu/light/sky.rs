//! Where the sun stands, and how bright the sky is, against published figures.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use glam::DVec3;
use scenewright::assets::Library;
use scenewright::assets::sky::direction;
use scenewright::image::Image;
use scenewright::scene::light::solar::Position;
use scenewright::scene::{Environment, Light, PhysicalSky, color};

use super::{close, scene};

fn sky(elevation: f64, turbidity: f64) -> PhysicalSky {
    PhysicalSky { elevation: elevation.to_radians(), azimuth: 0.4, turbidity, ground: [0.2; 3], strength: 1.0 }
}

fn degrees_apart(value: f64, expected: f64) -> f64 {
    ((value - expected + 180.0).rem_euclid(360.0) - 180.0).abs()
}

/// - I. Reda, A. Andreas, "Solar position algorithm for solar radiation applications" (NREL, 2003), its worked example: 17 October 2003,
///   12:30:30, seven hours west of Greenwich, 39.742476 N 105.1786 W: zenith 50.11162, azimuth 194.34024 degrees.
/// - Equinox of 20 March 2025, 9:01 UTC, and solstice of 21 June 2025, 2:42 UTC (US Naval Observatory): the sun stands above the equator, and
///   23.44 degrees north of it, so that it goes through the zenith there.
#[test]
fn the_sun_stands_where_almanacs_say() {
    let example = Position::at(2_452_930.312_847, 39.742_476f64.to_radians(), (-105.1786f64).to_radians());
    assert!((example.elevation.to_degrees() - (90.0 - 50.111_62)).abs() < 0.02, "{example:?}");
    assert!(degrees_apart(example.bearing.to_degrees(), 194.340_24) < 0.02, "{example:?}");
    for (day, hour, declination) in [(79.0, 9.0 + 1.0 / 60.0, 0.0), (172.0, 2.7, 23.44), (355.0, 15.05, -23.44)] {
        // From the poles it stands as high as its declination, refraction (half a degree at the horizon) aside.
        let north = Position::by_clock(day, hour, FRAC_PI_2, Some(0.0)).elevation.to_degrees();
        let south = Position::by_clock(day, hour, -FRAC_PI_2, Some(0.0)).elevation.to_degrees();
        let lift = if declination == 0.0 { 0.5 } else { 0.05 };
        let higher = north.max(south);
        assert!((higher - f64::abs(declination) - lift / 2.0).abs() <= lift / 2.0 + 0.02, "{day}: {higher}");
        assert_eq!(north > south + 1.0, declination > 1.0);
    }
    // True solar time: at noon it stands in the south, 90 degrees less the latitude plus the declination high.
    let noon = Position::by_clock(172.0, 12.0, 48f64.to_radians(), None);
    assert!(degrees_apart(noon.bearing.to_degrees(), 180.0) < 1e-6);
    close(noon.elevation.to_degrees(), 90.0 - 48.0 + 23.44, 1e-3);
    let morning = Position::by_clock(80.0, 6.0, 48f64.to_radians(), None);
    assert!(degrees_apart(morning.bearing.to_degrees(), 90.0) < 1.0 && morning.elevation.abs() < 0.02);
    // The sun is 16.4 minutes early at the beginning of November: the equation of time.
    let early = Position::by_clock(307.0, 12.0 - 16.4 / 60.0, 0.0, Some(0.0));
    let transit = Position::by_clock(307.0, 12.0, 0.0, None);
    assert!((early.elevation - transit.elevation).abs().to_degrees() < 0.1);
}

#[test]
fn a_recipe_may_say_place_and_time() {
    let found = scene("environment: Sky(latitude: 48, day: 172, hour: 12)");
    let Environment::Sky(sky) = found.environment else { panic!("{:?}", found.environment) };
    // South is +Z, which is azimuth 0.
    close(sky.elevation.to_degrees(), 65.44, 1e-3);
    assert!(degrees_apart(sky.azimuth.to_degrees(), 0.0) < 1e-6);
    let afternoon = scene("environment: Sky(latitude: 48, day: 172, hour: 17, yaw: 0)");
    let Environment::Sky(sky) = afternoon.environment else { panic!() };
    let [Light::Sun { name, direction, shadows, angular_diameter, .. }] = &afternoon.lights[..] else { panic!() };
    assert_eq!((name.as_str(), *shadows), ("environment.sun", true));
    close(angular_diameter.to_degrees(), 0.533, 1e-2);
    // In the west, which is -X; its light goes east.
    assert!(direction.x > 0.5 && direction.y < 0.0, "{direction}");
    assert!(direction.distance(-sky.towards_sun()) < 1e-12);
    assert!(scene("environment: Sky(elevation: -5, azimuth: 0)").lights.is_empty());
}

/// Clear days by the Illuminating Engineering Society (Handbook, 8th edition, chapter 8): 127.5 klx e^(-0.21 m) from the sun, with m the
/// mass of air, and 800 + 15 500 sqrt(sin h) lux from the sky on level ground.
#[test]
fn a_clear_day_is_as_bright_as_measured_ones() {
    for elevation in [15.0f64, 20.0, 30.0, 45.0, 60.0, 75.0, 90.0] {
        let clear = sky(elevation, 2.0);
        let sine = libm::sin(elevation.to_radians());
        let (sun, above) = (color::luminance(clear.sun_illuminance()), color::luminance(clear.level_illuminance()));
        close(sun, 127_500.0 * libm::exp(-0.21 / sine), 0.06);
        close(above, 800.0 + 15_500.0 * sine.sqrt(), 0.08);
    }
    // Haze takes from the sun, and gives to the sky.
    for elevation in [20.0, 50.0, 80.0] {
        let [clear, hazy, thick] = [2.0, 5.0, 9.0].map(|turbidity| {
            let sky = sky(elevation, turbidity);
            [sky.sun_illuminance(), sky.level_illuminance()].map(color::luminance)
        });
        assert!(clear[0] > hazy[0] && hazy[0] > thick[0] && clear[1] < hazy[1] && hazy[1] < thick[1]);
    }
}

/// The CIE's standard clear sky (CIE S 011, type 12): `(1 + 10 (e^(-3 x) - e^(-3 pi / 2)) + 0.45 cos^2 x) (1 - e^(-0.32 / cos z))` at the
/// angle x from the sun and z from the zenith, over the same at the zenith.
#[test]
fn light_is_spread_over_the_sky_as_the_cie_has_it() {
    for elevation in [20.0f64, 40.0, 60.0] {
        let sky = sky(elevation, 2.5);
        let image = sky.panorama(720, 360).unwrap();
        let luminance = |x: u32, y: u32| color::luminance(image.get(x, y).unwrap().map(f64::from));
        let at_zenith = luminance(0, 0);
        for (x, y) in (0..720).step_by(24).flat_map(|x| [40, 80, 120, 160].map(|y| (x, y))) {
            let to = direction((f64::from(x) + 0.5) / 720.0, (f64::from(y) + 0.5) / 360.0);
            let angle = to.angle_between(sky.towards_sun());
            if angle < 0.35 {
                continue; // the standard's glow is blunt, and one air's is as sharp as its haze
            }
            let cie = |angle: f64, height: f64| {
                let glow = 1.0
                    + 10.0 * (libm::exp(-3.0 * angle) - libm::exp(-1.5 * PI))
                    + 0.45 * libm::cos(angle) * libm::cos(angle);
                glow * (1.0 - libm::exp(-0.32 / height))
            };
            let expected = cie(angle, to.y) / cie(FRAC_PI_2 - elevation.to_radians(), 1.0);
            close(luminance(x, y) / at_zenith, expected, 0.35);
        }
    }
}

/// A low sun is red, the sky above it blue.
#[test]
fn light_has_the_colour_that_the_air_leaves_it() {
    let [noon, evening] = [60.0, 4.0].map(|elevation| sky(elevation, 3.0).sun_illuminance());
    assert!(noon[0] / noon[2] < 2.0 && evening[0] / evening[2] > 5.0, "{noon:?} {evening:?}");
    let above = sky(60.0, 2.0).level_illuminance();
    assert!(above[2] > 1.5 * above[0], "{above:?}");
    let mean = |turbidity| {
        let [r, _, b] = sky(40.0, turbidity).level_illuminance();
        b / r
    };
    assert!(mean(2.0) > mean(4.0) && mean(4.0) > mean(8.0));
}

/// Twilight by the Nautical Almanac and the circular: sunset 760 lux (refraction aside), civil 3.4, nautical 0.008, astronomical 0.0007;
/// and it goes down all the way, without a jump.
#[test]
fn the_light_fades_after_sunset_as_measured() {
    let level = |elevation: f64| color::luminance(sky(elevation, 3.0).ground_illuminance());
    for (elevation, lux) in [(0.0, 760.0), (-6.0, 3.4), (-12.0, 0.008), (-18.0, 0.00065)] {
        close(level(elevation), lux, 0.1);
    }
    assert_eq!(level(-30.0), level(-18.0));
    for turbidity in [2.0, 3.0, 6.0, 10.0] {
        let level = |elevation: f64| color::luminance(sky(elevation, turbidity).ground_illuminance());
        let mut last = level(90.0);
        for step in 1..1200 {
            let now = level(90.0 - 0.1 * f64::from(step));
            assert!(now <= last * 1.0001 && now > 0.75 * last, "{turbidity}: {step} {last} {now}");
            last = now;
        }
    }
}

fn integral(image: &Image<[f32; 3]>, weight: impl Fn(DVec3) -> f64) -> [f64; 3] {
    let (width, height) = (image.width(), image.height());
    let mut sum = [0.0; 3];
    for (y, row) in (0..height).zip(image.rows()) {
        let edge = |y: u32| libm::cos(PI * f64::from(y) / f64::from(height));
        let solid = (edge(y) - edge(y + 1)) * TAU / f64::from(width);
        for (x, pixel) in (0..width).zip(row) {
            let to = direction((f64::from(x) + 0.5) / f64::from(width), (f64::from(y) + 0.5) / f64::from(height));
            for c in [0, 1, 2] {
                sum[c] += f64::from(pixel[c]) * solid * weight(to);
            }
        }
    }
    sum
}

#[test]
fn the_panorama_gives_the_light_that_the_meter_reads() {
    for elevation in [-8.0, 1.0, 10.0, 40.0, 85.0] {
        for turbidity in [2.0, 4.0, 8.0] {
            let sky = sky(elevation, turbidity);
            let image = sky.panorama(256, 128).unwrap();
            assert!(image.pixels().iter().flatten().all(|c| c.is_finite() && *c >= 0.0));
            let above = integral(&image, |to| to.y.max(0.0));
            let expected = sky.level_illuminance();
            let mean = integral(&image, |_| 1.0 / (4.0 * PI));
            for c in [0, 1, 2] {
                close(above[c], expected[c], 0.01);
                close(mean[c], sky.mean()[c], 0.01);
            }
            let environment = Environment::Sky(sky);
            close(environment.level_illuminance(&Library::default()), color::luminance(expected), 1e-12);
            // The lower half gives back a fifth of what comes down on it, sun and all.
            let ground = sky.ground_illuminance();
            let below = image.get(7, 100).unwrap();
            for c in [0, 1, 2] {
                close(f64::from(below[c]), 0.2 * ground[c] / PI, 1e-5);
            }
        }
    }
}

#[test]
fn the_sky_is_brightest_about_the_sun_and_darkest_across_from_it() {
    let sky = sky(35.0, 3.0);
    let image = sky.panorama(360, 180).unwrap();
    let (mut brightest, mut darkest) = ((0.0, DVec3::ZERO), (f64::INFINITY, DVec3::ZERO));
    for (y, row) in (0..90).zip(image.rows()) {
        for (x, pixel) in (0..360).zip(row) {
            let to = direction((f64::from(x) + 0.5) / 360.0, (f64::from(y) + 0.5) / 180.0);
            let luminance = color::luminance(pixel.map(f64::from));
            if luminance > brightest.0 {
                brightest = (luminance, to);
            }
            if luminance < darkest.0 {
                darkest = (luminance, to);
            }
        }
    }
    // The glow leans towards the horizon below the sun, where there is more air to shine.
    let (bright, sun) = (brightest.1, sky.towards_sun());
    assert!(bright.y < sun.y && bright.with_y(0.0).angle_between(sun.with_y(0.0)) < 0.05, "{bright} {sun}");
    let off = darkest.1.angle_between(sky.towards_sun()).to_degrees();
    assert!((60.0..120.0).contains(&off), "{off}: the darkest is at right angles, towards the zenith");
    assert!(darkest.1.y > 0.5);
}

/// Twice as strong is twice as bright, sun and sky, in every place; what has no strength is black.
#[test]
fn strength_multiplies_everything() {
    let one = sky(30.0, 3.0);
    let two = PhysicalSky { strength: 2.0, ..one };
    for c in [0, 1, 2] {
        close(two.level_illuminance()[c], 2.0 * one.level_illuminance()[c], 1e-12);
        close(two.sun_illuminance()[c], 2.0 * one.sun_illuminance()[c], 1e-12);
    }
    let [one, two] = [one, two].map(|sky| sky.panorama(32, 16).unwrap());
    for (one, two) in one.pixels().iter().zip(two.pixels()) {
        close(f64::from(two[1]), 2.0 * f64::from(one[1]), 1e-6);
    }
    let dark = PhysicalSky { strength: 0.0, ..sky(30.0, 3.0) };
    assert!(Environment::Sky(dark).is_black() && dark.sun("sun", 0.01, true).is_none());
    assert!(dark.panorama(8, 4).unwrap().pixels().iter().flatten().all(|&c| c == 0.0));
    assert!(sky(30.0, 3.0).panorama(0, 0).is_none());
}
