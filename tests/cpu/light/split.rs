//! The suns of panoramas, and light drawn from them.
#![allow(clippy::cast_possible_truncation, reason = "panoramas hold f32")]

use std::f64::consts::{PI, TAU};
use std::path::Path;
use std::sync::Arc;

use glam::DVec3;
use scenewright::assets::Library;
use scenewright::assets::sky::{Directions, MOST_SKY_SUNS, Sky, direction};
use scenewright::image::Image;
use scenewright::recipe::parse;
use scenewright::scene::{Environment, Light, color, sample};
use tempfile::TempDir;

use super::close;

fn save(folder: &Path, name: &str, height: u32, radiance: impl Fn(DVec3) -> [f64; 3] + Sync) {
    let at = |k: usize, n: u32| (f64::from(u32::try_from(k).unwrap()) + 0.5) / f64::from(n);
    let pixel = |x: usize, y: usize| {
        let [r, g, b] = radiance(direction(at(x, 2 * height), at(y, height)));
        (r as f32, g as f32, b as f32)
    };
    exr::prelude::write_rgb_file(folder.join(name), 2 * height as usize, height as usize, pixel).unwrap();
}

fn panorama(height: u32, radiance: impl Fn(DVec3) -> [f64; 3] + Sync) -> Arc<Sky> {
    let folder = TempDir::new().unwrap();
    save(folder.path(), "a.exr", height, radiance);
    Library::default().load_sky(folder.path(), "a.exr").unwrap()
}

/// What a surface with this normal receives.
fn irradiance(image: &Image<[f32; 3]>, normal: DVec3) -> [f64; 3] {
    integral(image, |to| to.dot(normal).max(0.0))
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

/// A disc of this width in a direction, in front of a sky that is brighter above.
fn with_disc(towards: DVec3, width: f64, radiance: f64) -> impl Fn(DVec3) -> [f64; 3] + Sync {
    move |to| {
        let around = [0.3, 0.5, 0.9].map(|c| c * (1.2 + to.y));
        if to.angle_between(towards) < width / 2.0 { [radiance, 0.9 * radiance, 0.7 * radiance] } else { around }
    }
}

#[test]
fn a_sun_is_taken_out_and_its_light_is_kept() {
    for (towards, width, radiance) in [
        (DVec3::new(0.5, 0.6, -0.3), 6f64.to_radians(), 300.0),
        (DVec3::new(-0.2, 0.9, 0.4), 3f64.to_radians(), 20_000.0),
        (DVec3::new(0.02, 0.3, 0.95), 20f64.to_radians(), 60.0), // across the seam at the edge
        (DVec3::new(0.01, 1.0, 0.02), 8f64.to_radians(), 200.0), // at the pole
    ] {
        let towards = towards.normalize();
        let sky = panorama(256, with_disc(towards, width, radiance));
        let split = sky.split();
        let [sun] = split.suns[..] else { panic!("{:?}", split.suns) };
        let off = sun.direction.angle_between(towards).to_degrees();
        assert!(off < 0.2, "{off}");
        close(sun.angular_diameter, width, 0.06);
        // A disc of radiance L and half angle a gives pi L sin^2 a to what faces it, less what stays behind of the sky.
        let sine = libm::sin(width / 2.0);
        let level = sun.illuminance[0] * (1.0 + libm::cos(width / 2.0)) / 2.0;
        close(level, PI * (radiance - 0.3 * (1.2 + towards.y)) * sine * sine, 0.03);
        let rest = split.rest(&sky.image);
        for normal in [towards, (towards + DVec3::Y).normalize(), (towards + DVec3::X * 0.5).normalize()] {
            let whole = irradiance(&sky.image, normal);
            let left = irradiance(&rest, normal);
            let lit = towards.dot(normal).max(0.0) * (1.0 + libm::cos(sun.angular_diameter / 2.0)) / 2.0;
            for c in [0, 1, 2] {
                close(left[c] + sun.illuminance[c] * lit, whole[c], 0.01);
            }
        }
        // What remains is the sky as it is about the disc.
        let brightest = rest.pixels().iter().map(|p| color::luminance(p.map(f64::from))).fold(0.0, f64::max);
        assert!(brightest < 2.0, "{brightest}");
        let below = irradiance(&rest, DVec3::Y);
        let mean = integral(&rest, |_| 1.0 / (4.0 * PI));
        for c in [0, 1, 2] {
            close(split.irradiance_from_above[c], below[c], 0.01);
            close(split.mean[c], mean[c], 1e-4);
        }
    }
}

#[test]
fn what_throws_no_shadow_is_no_sun() {
    let towards = DVec3::new(0.3, 0.8, 0.1).normalize();
    // Even light; one half brighter; a window as wide as a wall; a lamp too weak to matter.
    assert!(panorama(64, |_| [1.0; 3]).split().suns.is_empty());
    assert!(panorama(64, |to| [if to.y > 0.0 { 3.0 } else { 0.1 }; 3]).split().suns.is_empty());
    assert!(panorama(128, with_disc(towards, 1.2, 60.0)).split().suns.is_empty());
    assert!(panorama(128, with_disc(towards, 0.7, 60.0)).split().suns.is_empty());
    assert!(panorama(256, with_disc(towards, 0.03, 30.0)).split().suns.is_empty());
    assert!(panorama(64, |_| [0.0; 3]).split().suns.is_empty());
    // Nothing is changed then.
    let sky = panorama(64, |to| [1.0 + to.x.abs(); 3]);
    assert_eq!(sky.split().rest(&sky.image), sky.image);
    assert_eq!(sky.split().irradiance_from_above, sky.irradiance_from_above);
}

#[test]
fn several_lamps_become_several_suns_and_no_more_than_there_is_room_for() {
    let lamps = [DVec3::X, DVec3::NEG_X, DVec3::Z, DVec3::NEG_Z, DVec3::Y];
    let room = |count: usize| {
        panorama(128, move |to| {
            let lit = lamps[..count].iter().position(|lamp| to.angle_between(*lamp) < 0.08);
            lit.map_or([0.2; 3], |lamp| [100.0 - lamp as f64; 3])
        })
    };
    let two = room(2);
    let found: Vec<DVec3> = two.split().suns.iter().map(|sun| sun.direction).collect();
    assert!(found.len() == 2 && found[0].distance(DVec3::X) < 0.02 && found[1].distance(DVec3::NEG_X) < 0.02);
    assert_eq!(room(5).split().suns.len(), MOST_SKY_SUNS);
}

#[test]
fn the_suns_of_a_panorama_are_lights_of_the_scene_turned_with_it() {
    let folder = TempDir::new().unwrap();
    let towards = DVec3::new(0.0, 0.6, -0.8);
    save(folder.path(), "sunny.exr", 128, with_disc(towards, 0.1, 500.0));
    let scene = |environment: &str| {
        let text = format!(
            "(version: 1, name: \"t\", image: (width: 64, height: 48), environment: {environment}, \
             cameras: {{ \"main\": (lens: Fov(50), pose: LookAt(from: (0, 1, 2), target: (0, 0, 0))) }})"
        );
        let recipe = parse(&text, "t.ron", folder.path()).unwrap();
        (sample(&recipe, 0, 0).unwrap(), recipe.assets.clone())
    };
    let (turned, library) = scene("Hdri(\"sunny.exr\", yaw: 90, strength: 2)");
    let [Light::Sun { name, direction, illuminance, angular_diameter, shadows, .. }] = &turned.lights[..] else {
        panic!("{:?}", turned.lights)
    };
    assert_eq!((name.as_str(), *shadows), ("environment.sun1", true));
    // A quarter turn about +Y leads -Z to -X.
    assert!((-*direction).distance(DVec3::new(-0.8, 0.6, 0.0)) < 0.01, "{direction}");
    close(*angular_diameter, 0.1, 0.06);
    let sun = &library.skies["sunny.exr"].split().suns[0];
    close(*illuminance, sun.illuminance[0] * 10_000.0, 1e-12);
    // The meter reads the same light with its shadows as without.
    let (plain, _) = scene("Hdri(\"sunny.exr\", yaw: 90, strength: 2, shadows: false)");
    assert!(plain.lights.is_empty());
    let lux = |environment: &Environment| environment.level_illuminance(&library);
    let (with, without) = (lux(&turned.environment), lux(&plain.environment));
    let Light::Sun { color, .. } = &turned.lights[0] else { panic!() };
    let of_sun = color::luminance(color.map(|c| c * illuminance)) * 0.6;
    close(with + of_sun, without, 0.01);
}

/// The mean of samples is the integral: of a cosine, what a surface receives. Stratified, and so within a fraction of a percent.
#[test]
fn directions_of_light_add_up_to_the_light() {
    let towards = DVec3::new(0.5, 0.6, -0.3).normalize();
    for height in [40u32, 100] {
        let sky = panorama(height, with_disc(towards, 0.3, 80.0));
        let directions = Directions::new(&sky.image).unwrap();
        for normal in [DVec3::Y, towards, DVec3::new(0.6, 0.0, 0.8), -towards] {
            let (mut sum, side) = ([0.0; 3], 256u32);
            for k in 0..side * side {
                let u = [k % side, k / side].map(|k| (f64::from(k) + 0.5) / f64::from(side));
                let sample = directions.sample(u);
                assert!((sample.direction.length() - 1.0).abs() < 1e-12);
                let luminance = color::luminance(sample.weight);
                close(luminance, directions.total(), 1e-4);
                let cosine = sample.direction.dot(normal).max(0.0) / f64::from(side * side);
                sum = std::array::from_fn(|c| sum[c] + sample.weight[c] * cosine);
            }
            let expected = irradiance(&sky.image, normal);
            for c in [0, 1, 2] {
                close(sum[c], expected[c], 0.01);
            }
        }
    }
    assert!(Directions::new(&Image::filled(4, 2, [0.0; 3])).is_none());
    assert!(Directions::new(&Image::filled(0, 0, [1.0; 3])).is_none());
    // Of one pixel, every direction within it, evenly: the mean of the heights is the middle of the cosines at its edges.
    let mut one = Image::filled(8, 4, [0.0; 3]);
    one.set(2, 1, [2.0, 1.0, 0.0]);
    let directions = Directions::new(&one).unwrap();
    let solid = TAU / 8.0 * libm::cos(PI / 4.0);
    let mut height = 0.0;
    for k in 0..1000 {
        let sample = directions.sample([0.999 * f64::from(k) / 1000.0, f64::from(k) / 1000.0]);
        close(sample.weight[0], 2.0 * solid, 1e-6);
        let (u, v) = scenewright::assets::sky::place(sample.direction);
        assert!((0.25..=0.375).contains(&u) && (0.25 - 1e-9..=0.5 + 1e-9).contains(&v), "{u} {v}");
        height += sample.direction.y / 1000.0;
    }
    close(height, libm::cos(PI / 4.0) / 2.0, 0.01);
}

/// Wide panoramas are averaged down, and lose nothing.
#[test]
fn directions_of_a_wide_panorama_have_all_of_its_light() {
    let wide = Image::new(
        2600,
        1300,
        (0..2600 * 1300).map(|k| [if k % 7 == 0 { 3.0 } else { 0.5 }, 1.0, 2.0]).collect::<Vec<[f32; 3]>>(),
    );
    let wide = wide.unwrap();
    let directions = Directions::new(&wide).unwrap();
    let luminance = |p: &[f32; 3]| color::luminance(p.map(f64::from));
    let mean = wide.pixels().iter().map(luminance).sum::<f64>() / (2600.0 * 1300.0);
    close(directions.total(), 4.0 * PI * mean, 1e-3);
}
