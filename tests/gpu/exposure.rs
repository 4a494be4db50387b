//! Images that are the mean of many sub-frames: what they converge to, known on paper.

use glam::{DQuat, DVec2, DVec3};
use scenewright::image::Image;
use scenewright::scene::motion::Pose;
use scenewright::scene::{Aperture, Emitter, Environment, Fog, Light, Material, Scene, Shape, Shutter, Track};
use std::f64::consts::{FRAC_PI_2, PI};

use crate::build::{add_unlabelled, last, scene, stand_up, sun};
use crate::harness::{Case, ensure, render, render_one};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("what_covers_part_of_a_pixel_gives_that_part_of_its_light", coverage),
        ("one_sample_is_the_centre_of_the_pixel", centre),
        ("a_point_out_of_focus_is_a_disc_as_wide_as_the_thin_lens_makes_it", blur_disc),
        ("what_is_in_focus_stays_sharp_and_in_its_place", in_focus),
        ("a_rectangle_light_gives_the_light_of_its_form_factor", form_factor),
        ("a_penumbra_is_as_wide_as_the_light_and_the_gap_make_it", penumbra),
        ("a_sun_has_the_penumbra_of_its_disc", sun_penumbra),
        ("a_light_of_any_shape_gives_its_flux", fluxes),
        ("what_moves_is_blurred_as_far_as_it_goes_while_the_shutter_is_open", motion_blur),
        ("a_camera_that_turns_blurs_what_stands_still", camera_blur),
        ("a_rolling_shutter_shears_what_moves", rolling),
        ("cameras_have_exposures_of_their_own", own_exposures),
        ("a_wall_takes_the_sky_of_what_stands_beside_it", ambient),
        ("what_nothing_hides_is_as_bright_with_shadows_of_the_sky_as_without", open_sky),
        ("within_a_closed_ball_light_goes_on_and_on", furnace),
        ("a_wall_has_its_light_from_the_floor_that_the_sun_shines_on", wall_by_the_floor),
        ("fog_takes_light_with_distance_and_gives_its_own", fog),
        ("sub_frames_from_one_preparation_are_those_of_their_own", preparations),
        ("labels_are_those_of_one_sample", labels_stay),
        ("an_image_of_many_samples_is_the_same_whenever_it_is_made", determinism),
    ]
}

fn light_of(scene: &Scene) -> Image<[f32; 3]> {
    render_one(scene).linear.expect("many samples make linear light")
}

fn at(image: &Image<[f32; 3]>, x: u32, y: u32) -> f64 {
    f64::from(image.get(x, y).unwrap()[0])
}

fn dark(scene: &mut Scene) {
    scene.environment = Environment::BLACK;
}

fn white() -> Material {
    Material { base_color: [1.0; 3], unlit: true, ..Material::default() }
}

/// A wall at depth 4 whose right edge is at this column of an image of 64 (focal length 64 pixels).
fn edge_at(column: f64) -> Scene {
    let mut s = scene(64, 16);
    dark(&mut s);
    let right = (column - 32.0) / 64.0 * 4.0;
    add_unlabelled(&mut s, Shape::Plane(DVec2::splat(20.0)), DVec3::new(right - 10.0, 0.0, -4.0));
    stand_up(&mut s);
    last(&mut s).material = Some(white());
    s
}

/// `N` samples are one in each of `N` strips of the pixel, so that what they find of an edge is off by a strip at most: by `1 / N`.
fn coverage() -> Result<(), String> {
    for part in [0.13, 0.3, 0.5, 0.77] {
        for samples in [2, 4, 16, 64] {
            let mut s = edge_at(20.0 + part);
            s.image.samples = samples;
            let found = at(&light_of(&s), 20, 8);
            let most = 1.0 / f64::from(samples) + 0.01;
            ensure((found - part).abs() <= most, || format!("{samples} samples: {found:.3} of a pixel, not {part}"))?;
        }
    }
    Ok(())
}

fn centre() -> Result<(), String> {
    for (part, lit) in [(0.45, false), (0.55, true)] {
        let mut s = edge_at(20.0 + part);
        s.cameras[0].aperture = Some(Aperture { diameter: 0.05, focus_distance: 1.0 });
        let frame = render_one(&s);
        let value = frame.rgb.get(20, 8).unwrap()[0];
        ensure((value > 128) == lit, || format!("an edge at {part} of a pixel: {value}"))?;
    }
    Ok(())
}

/// A ball of light at twice the distance that is in focus.
fn spark(distance: f64) -> Scene {
    let mut s = scene(64, 64);
    dark(&mut s);
    (s.cameras[0].fx, s.cameras[0].fy) = (400.0, 400.0);
    add_unlabelled(&mut s, Shape::Sphere(0.004 * distance), DVec3::new(0.005, -0.01, -distance));
    last(&mut s).material = Some(white());
    s.cameras[0].aperture = Some(Aperture { diameter: 0.05, focus_distance: 1.0 });
    s.image.samples = 256;
    s
}

/// Mean place and variance along x and y of the light in an image, pixels.
fn moments(image: &Image<[f32; 3]>) -> (DVec2, DVec2) {
    let (mut sum, mut first, mut second) = (0.0, DVec2::ZERO, DVec2::ZERO);
    for y in 0..image.height() {
        for x in 0..image.width() {
            let (value, place) = (at(image, x, y), DVec2::new(f64::from(x), f64::from(y)) + 0.5);
            (sum, first, second) = (sum + value, first + place * value, second + place * place * value);
        }
    }
    let mean = first / sum;
    (mean, second / sum - mean * mean)
}

/// An even disc of diameter D has the variance D^2 / 16 along each axis; that of the ball's own picture (diameter d) adds to it, and a twelfth for
/// the pixels.
fn blur_disc() -> Result<(), String> {
    for distance in [0.7, 2.0] {
        let s = spark(distance);
        let (mean, variance) = moments(&light_of(&s));
        let place = DVec2::new(32.0 + 400.0 * 0.005 / distance, 32.0 + 400.0 * 0.01 / distance);
        ensure(mean.distance(place) < 0.15, || format!("at {distance} m it is at {mean}, not {place}"))?;
        let disc = 400.0 * 0.05 * (1.0 / distance - 1.0_f64).abs();
        let own = 2.0 * 400.0 * 0.004;
        let expected = (disc * disc + own * own) / 16.0 + 1.0 / 12.0;
        let off = (variance / expected - 1.0).abs();
        ensure(off.max_element() < 0.04, || format!("at {distance} m its variance is {variance}, not {expected:.3}"))?;
    }
    Ok(())
}

fn in_focus() -> Result<(), String> {
    let blurred = spark(1.0);
    let mut sharp = blurred.clone();
    sharp.cameras[0].aperture = None;
    let (a, b) = (moments(&light_of(&blurred)), moments(&light_of(&sharp)));
    ensure(a.0.distance(b.0) < 0.02, || format!("it moved from {} to {}", b.0, a.0))?;
    ensure((a.1 / b.1 - 1.0).abs().max_element() < 0.03, || format!("its variance went from {} to {}", b.1, a.1))
}

fn matte(base: f64) -> Material {
    Material { base_color: [base; 3], roughness: 1.0, reflectance: 0.0, ..Material::default() }
}

/// A floor, seen from 2 m straight above; 64 pixels are 2 m.
fn floor() -> Scene {
    let mut s = scene(64, 64);
    dark(&mut s);
    s.cameras[0].position = DVec3::new(0.0, 2.0, 0.0);
    s.cameras[0].rotation = DQuat::from_rotation_x(-FRAC_PI_2);
    add_unlabelled(&mut s, Shape::Plane(DVec2::splat(6.0)), DVec3::ZERO);
    last(&mut s).material = Some(matte(0.5));
    s.image.samples = 64;
    s
}

/// A light that hangs above the floor and shines down.
fn hanging(emitter: Emitter, position: DVec3, flux: f64, shadows: bool) -> Light {
    Light::Area {
        name: "panel".into(),
        emitter,
        position,
        rotation: DQuat::from_rotation_x(-FRAC_PI_2),
        color: [1.0; 3],
        flux,
        shadows,
    }
}

fn exposed(luminance: f64) -> f64 {
    luminance / (1.2 * libm::exp2(9.0))
}

/// Below the middle of a rectangle at height h, four times the form factor of a quarter of it: with a and b its half sides over h,
/// `(a / sqrt(1 + a^2) atan(b / sqrt(1 + a^2)) + b / sqrt(1 + b^2) atan(a / sqrt(1 + b^2))) / (2 pi)` (E. M. Sparrow and R. D. Cess,
/// "Radiation Heat Transfer"). A surface of luminance L gives `pi L` times that, and L is `flux / (pi area)`.
fn form_factor() -> Result<(), String> {
    for (width, height, above) in [(0.6, 0.6, 1.0), (1.5, 0.4, 0.8), (0.2, 0.2, 1.5)] {
        let mut s = floor();
        // The camera is behind the light, which is not seen.
        s.lights.push(hanging(Emitter::Rectangle { width, height }, DVec3::new(0.0, above, 0.0), 4000.0, false));
        let (a, b) = (width / 2.0 / above, height / 2.0 / above);
        let half = |a: f64, b: f64| a / (1.0 + a * a).sqrt() * libm::atan(b / (1.0 + a * a).sqrt());
        let illuminance = 4.0 * (half(a, b) + half(b, a)) / (2.0 * PI) * 4000.0 / (width * height);
        // Bevy's matte surfaces follow Burley: at right angles they give a little less than Lambert's.
        let expected = exposed(0.5 / PI * illuminance);
        let found = at(&light_of(&s), 32, 32);
        ensure((found / expected - 1.0).abs() < 0.05, || format!("{width} x {height}: {found:.4}, not {expected:.4}"))?;
    }
    Ok(())
}

/// Along the middle row, where the light falls from 90 % to 10 % of what it is far from the shadow, pixels.
fn ramp(image: &Image<[f32; 3]>, reference: &Image<[f32; 3]>) -> (f64, f64) {
    let share = |x: u32| at(image, x, 32) / at(reference, x, 32).max(1e-9);
    let crossing = |level: f64| {
        (0..63).find(|&x| share(x) >= level && share(x + 1) < level).map(|x| {
            let (a, b) = (share(x), share(x + 1));
            f64::from(x) + 0.5 + (a - level) / (a - b)
        })
    };
    (crossing(0.9).unwrap_or(f64::NAN), crossing(0.1).unwrap_or(f64::NAN))
}

/// A screen at height 0.5 above the floor that covers everything to the right of x = 0, out of the camera's sight below it.
fn screened(light: Light) -> (Scene, Scene) {
    let mut open = floor();
    open.lights.push(light);
    // The camera looks from below the screen, up close: so the screen is only as high as the light needs.
    open.cameras[0].position = DVec3::new(0.0, 0.45, 0.0);
    (open.cameras[0].fx, open.cameras[0].fy) = (64.0 * 0.45, 64.0 * 0.45);
    let mut closed = open.clone();
    add_unlabelled(&mut closed, Shape::Box(DVec3::new(3.0, 0.002, 3.0)), DVec3::new(1.5, 0.5, 0.0));
    (open, closed)
}

/// By similar triangles: a light of width w at height H, an edge at height h: the penumbra is `w h / (H - h)` wide. Light is linear across it, so
/// that from 90 % to 10 % are eight tenths. A pixel is `1 / 64` m.
fn penumbra() -> Result<(), String> {
    for (width, above) in [(0.4, 1.5), (0.2, 1.0), (0.6, 2.0)] {
        let light = hanging(Emitter::Rectangle { width, height: 0.05 }, DVec3::new(0.0, above, 0.0), 4000.0, true);
        let (open, closed) = screened(light);
        let (from, to) = ramp(&light_of(&closed), &light_of(&open));
        let expected = 0.8 * 64.0 * width * 0.5 / (above - 0.5);
        ensure((to - from - expected).abs() < 0.06 * expected + 0.7, || {
            format!("{width} m at {above} m: {:.2} pixels, not {expected:.2}", to - from)
        })?;
        ensure(((to + from) / 2.0 - 32.0).abs() < 1.0, || format!("its middle is at {:.2}", (to + from) / 2.0))?;
    }
    Ok(())
}

/// Across the disc of the sun (diameter D = 2 h tan(angle / 2) on the floor) the visible share is that of a disc cut by a line: from 90 % to
/// 10 % is where the line is at +-0.6870 of the radius (solving (acos t - t sqrt(1 - t^2)) / pi = 0.1).
fn sun_penumbra() -> Result<(), String> {
    let Light::Sun { name, color, illuminance, .. } = sun() else { return Err("no sun".into()) };
    for angle in [0.15_f64, 0.3] {
        let light = Light::Sun {
            name: name.clone(),
            direction: DVec3::NEG_Y,
            color,
            illuminance,
            angular_diameter: angle,
            shadows: true,
        };
        let (open, closed) = screened(light);
        let (from, to) = ramp(&light_of(&closed), &light_of(&open));
        let expected = 0.6870 * 64.0 * 2.0 * 0.5 * libm::tan(angle / 2.0);
        ensure((to - from - expected).abs() < 0.08 * expected + 0.7, || {
            format!("{angle}: {:.2} pixels, not {expected:.2}", to - from)
        })?;
    }
    Ok(())
}

/// From afar every light is a point: 20 m below it the floor receives intensity over distance squared.
fn fluxes() -> Result<(), String> {
    let cases = [
        (Emitter::Rectangle { width: 0.3, height: 0.2 }, 1.0 / PI),
        (Emitter::Disc { radius: 0.2 }, 1.0 / PI),
        (Emitter::Sphere { radius: 0.2 }, 1.0 / (4.0 * PI)),
        (Emitter::Tube { length: 0.4, radius: 0.02 }, 1.0 / (PI * PI)),
    ];
    for (emitter, per_lumen) in cases {
        for shadows in [false, true] {
            let mut s = floor();
            s.image.samples = 16;
            s.lights.push(hanging(emitter, DVec3::new(0.0, 5.0, 0.0), 30_000.0, shadows));
            let expected = exposed(0.5 / PI * 30_000.0 * per_lumen / 25.0);
            let found = at(&light_of(&s), 32, 32);
            ensure((found / expected - 1.0).abs() < 0.05, || format!("{emitter:?}: {found:.4}, not {expected:.4}"))?;
        }
    }
    Ok(())
}

/// A light of no flux that has a surface makes every sub-frame an update of its own; nothing else differs.
fn preparations() -> Result<(), String> {
    let mut shared = floor();
    shared.image.samples = 8;
    add_unlabelled(&mut shared, Shape::Box(DVec3::splat(0.3)), DVec3::new(0.2, 0.15, 0.1));
    shared.cameras[0].aperture = Some(Aperture { diameter: 0.1, focus_distance: 1.5 });
    shared.lights.push(Light::Point {
        name: "lamp".into(),
        position: DVec3::new(1.0, 1.5, 0.3),
        color: [1.0; 3],
        flux: 20_000.0,
        shadows: true,
    });
    let mut own = shared.clone();
    own.lights.push(hanging(Emitter::Disc { radius: 0.1 }, DVec3::new(0.0, 3.0, 0.0), 0.0, false));
    let (a, b) = (light_of(&shared), light_of(&own));
    let off = a.pixels().iter().flatten().zip(b.pixels().iter().flatten()).map(|(a, b)| (a - b).abs());
    let worst = off.fold(0.0, f32::max);
    ensure(worst < 1e-3, || format!("they differ by {worst}"))
}

fn labels_stay() -> Result<(), String> {
    let mut one = floor();
    crate::build::add(&mut one, Shape::Box(DVec3::splat(0.3)), DVec3::new(0.2, 0.15, 0.1));
    one.image.samples = 1;
    let mut many = one.clone();
    many.image.samples = 5;
    many.cameras[0].aperture = Some(Aperture { diameter: 0.1, focus_distance: 1.5 });
    let (a, b) = (render_one(&one), render_one(&many));
    ensure(a.ids == b.ids && a.depth == b.depth && a.range == b.range, || "labels differ".into())
}

fn determinism() -> Result<(), String> {
    let mut s = floor();
    s.image.samples = 6;
    add_unlabelled(&mut s, Shape::Box(DVec3::splat(0.3)), DVec3::new(0.2, 0.15, 0.1));
    s.lights.push(hanging(Emitter::Sphere { radius: 0.2 }, DVec3::new(0.4, 1.5, 0.0), 4000.0, true));
    s.lights.push(sun());
    let first = render_one(&s);
    render_one(&edge_at(20.3));
    let mut other = s.clone();
    other.image.samples = 3;
    other.index = 1;
    let elsewhere = render_one(&other);
    let again = render_one(&s);
    ensure(first == again, || "it differs".into())?;
    ensure(first.linear != elsewhere.linear, || "other samples make the same image".into())
}

/// A small white box at depth 2 (focal length 400 pixels) that moves to the right.
fn moving(velocity: f64, shutter: Shutter) -> Scene {
    let mut s = scene(96, 64);
    dark(&mut s);
    (s.cameras[0].fx, s.cameras[0].fy) = (400.0, 400.0);
    add_unlabelled(&mut s, Shape::Box(DVec3::new(0.02, 0.5, 0.02)), DVec3::new(0.0, 0.0, -2.01));
    last(&mut s).material = Some(white());
    let start = Pose { position: DVec3::new(0.0, 0.0, -2.01), rotation: DQuat::IDENTITY };
    let velocity = DVec3::new(velocity, 0.0, 0.0);
    last(&mut s).motion =
        Some(Box::new(Track::Steady { start, velocity, axis: DVec3::Y, rate: 0.0, center: start.position }));
    s.cameras[0].shutter = shutter;
    s.image.samples = 64;
    s
}

/// A bar of width w that goes L pixels while the shutter is open: variances of both, evenly spread, add up: w^2 / 12 + L^2 / 12.
fn motion_blur() -> Result<(), String> {
    for (velocity, time) in [(1.0, 0.05), (-2.0, 0.04)] {
        let s = moving(velocity, Shutter { time, readout: 0.0 });
        let (mean, variance) = moments(&light_of(&s));
        let (own, gone) = (400.0 * 0.02 / 2.0, 400.0 * velocity * time / 2.0);
        let expected = (own * own + gone * gone + 1.0) / 12.0;
        ensure((variance.x / expected - 1.0).abs() < 0.03, || format!("{} px2, not {expected:.2}", variance.x))?;
        // The middle of the exposure is the instant of labels.
        ensure((mean.x - 48.0).abs() < 0.2, || format!("its middle is at {}", mean.x))?;
    }
    Ok(())
}

/// A camera that turns by w radians per second about its vertical axis moves the middle of the picture by `fx w T` pixels.
fn camera_blur() -> Result<(), String> {
    let (rate, time) = (0.5, 0.04);
    let mut s = moving(0.0, Shutter { time, readout: 0.0 });
    last(&mut s).motion = None;
    let start = Pose { position: DVec3::ZERO, rotation: DQuat::IDENTITY };
    s.cameras[0].motion =
        Some(Box::new(Track::Steady { start, velocity: DVec3::ZERO, axis: DVec3::Y, rate, center: DVec3::ZERO }));
    let (_, variance) = moments(&light_of(&s));
    let (own, gone) = (400.0 * 0.02 / 2.0, 400.0 * rate * time);
    let expected = (own * own + gone * gone + 1.0) / 12.0;
    ensure((variance.x / expected - 1.0).abs() < 0.04, || format!("{} px2, not {expected:.2}", variance.x))
}

/// Row y is read at `readout ((y - 1/2) / (rows - 1) - 1/2)`: the bar is there where it is at that time.
fn rolling() -> Result<(), String> {
    let (velocity, readout) = (1.5, 0.05);
    let s = moving(velocity, Shutter { time: 0.002, readout });
    let light = light_of(&s);
    for row in [4, 20, 32, 50, 60] {
        let values: Vec<f64> = (0..96).map(|x| at(&light, x, row)).collect();
        let sum: f64 = values.iter().sum();
        let mean = values.iter().zip(0..).map(|(v, x)| v * (f64::from(x) + 0.5)).sum::<f64>() / sum;
        let when = readout * (f64::from(row) / 63.0 - 0.5);
        let expected = 48.0 + 400.0 * velocity * when / 2.0;
        ensure((mean - expected).abs() < 0.4, || format!("row {row}: at {mean:.2}, not {expected:.2}"))?;
    }
    Ok(())
}

/// A camera that is open for an instant, beside one that is open for long: both have all sub-frames for what they see.
fn own_exposures() -> Result<(), String> {
    let mut s = edge_at(20.3);
    s.image.samples = 16;
    let long = Shutter { time: 0.1, readout: 0.0 };
    s.cameras.push(scenewright::scene::Camera { name: "second".into(), shutter: long, ..s.cameras[0].clone() });
    for frame in render(&s) {
        let light = frame.linear.ok_or("many samples make linear light")?;
        let found = at(&light, 20, 8);
        ensure((found - 0.3).abs() <= 0.08, || format!("camera {}: {found:.3} of a pixel, not 0.3", frame.camera))?;
    }
    Ok(())
}

/// Beside an endless wall of height H, at distance x from it, the wall takes `(1 - x / sqrt(x^2 + H^2)) / 2` of what an even sky gives to a
/// floor; the wall itself is black.
fn ambient() -> Result<(), String> {
    let mut open = floor();
    open.environment = Environment::Gradient { zenith: [900.0; 3], nadir: [900.0; 3] };
    open.image.ambient_occlusion = true;
    let mut beside = open.clone();
    add_unlabelled(&mut beside, Shape::Box(DVec3::new(0.1, 0.5, 40.0)), DVec3::new(-0.05, 0.25, 0.0));
    last(&mut beside).material = Some(matte(0.0));
    let (a, b) = (light_of(&open), light_of(&beside));
    for x in [36, 40, 48, 60] {
        let rows = 24..40;
        let mean = |image: &Image<[f32; 3]>| rows.clone().map(|y| at(image, x, y)).sum::<f64>() / 16.0;
        let away = (f64::from(x) + 0.5 - 32.0) / 64.0 * 2.0;
        let expected = 1.0 - 0.5 * (1.0 - away / (away * away + 0.25_f64).sqrt());
        let found = mean(&b) / mean(&a);
        ensure((found - expected).abs() < 0.04, || format!("{away:.2} m away: {found:.3}, not {expected:.3}"))?;
    }
    Ok(())
}

fn open_sky() -> Result<(), String> {
    let mut plain = floor();
    plain.environment = Environment::Gradient { zenith: [1500.0, 900.0, 600.0], nadir: [200.0; 3] };
    let mut shadowed = plain.clone();
    shadowed.image.ambient_occlusion = true;
    let (a, b) = (light_of(&plain), light_of(&shadowed));
    for (c, channel) in ["red", "green", "blue"].iter().enumerate() {
        let value = |image: &Image<[f32; 3]>| f64::from(image.get(20, 20).unwrap()[c]);
        let share = value(&b) / value(&a);
        ensure((share - 1.0).abs() < 0.04, || format!("{channel}: {share:.3} of what it is without"))?;
    }
    Ok(())
}

/// Koschmieder: `L exp(-s d) + A (1 - exp(-s d))`, and endless fog where nothing is.
fn fog() -> Result<(), String> {
    for samples in [1, 4] {
        let mut s = scene(64, 64);
        dark(&mut s);
        s.image.samples = samples;
        add_unlabelled(&mut s, Shape::Plane(DVec2::splat(1.5)), DVec3::new(0.0, 0.0, -6.0));
        stand_up(&mut s);
        last(&mut s).material = Some(Material { emission: [300.0; 3], base_color: [0.0; 3], ..Material::default() });
        s.fog = Some(Fog { extinction: 0.2, airlight: [120.0; 3] });
        let frame = render_one(&s);
        let value = |x: u32, y: u32| match &frame.linear {
            Some(light) => at(light, x, y),
            None => scenewright::scene::color::linear_from_srgb(f64::from(frame.rgb.get(x, y).unwrap()[0]) / 255.0),
        };
        let through = libm::exp(-0.2 * 6.0);
        let wall = exposed(300.0 * through + 120.0 * (1.0 - through));
        let (found, sky) = (value(32, 32), value(3, 3));
        ensure((found / wall - 1.0).abs() < 0.02, || format!("{samples} samples: {found:.4}, not {wall:.4}"))?;
        ensure((sky / exposed(120.0) - 1.0).abs() < 0.02, || format!("{samples} samples: {sky:.4} where nothing is"))?;
    }
    Ok(())
}

/// A lamp within a closed ball that gives back the share `a` of all light: every point of it receives the lamp's light and that of all bounces,
/// `flux / (4 pi R^2) / (1 - a)`, and shows `a / pi` of it.
fn furnace() -> Result<(), String> {
    for share in [0.3, 0.7] {
        let mut s = scene(32, 32);
        dark(&mut s);
        (s.image.samples, s.image.bounce) = (256, true);
        s.cameras[0].position = DVec3::new(0.0, 0.0, 0.9);
        s.lights.push(Light::Point {
            name: "lamp".into(),
            position: DVec3::ZERO,
            color: [1.0; 3],
            flux: 4000.0,
            shadows: true,
        });
        add_unlabelled(&mut s, Shape::Sphere(1.0), DVec3::ZERO);
        last(&mut s).material = Some(Material { double_sided: true, ..matte(share) });
        let light = light_of(&s);
        let places = (0..32).flat_map(|y| (0..32).map(move |x| (x, y)));
        let mean = places.map(|(x, y)| at(&light, x, y)).sum::<f64>() / 1024.0;
        let expected = exposed(share / PI * 4000.0 / (4.0 * PI) / (1.0 - share));
        ensure((mean / expected - 1.0).abs() < 0.08, || format!("{share}: {mean:.4}, not {expected:.4}"))?;
    }
    Ok(())
}

/// Beside a floor that the sun shines on from above stands a wall, which has of the sun nothing: what the floor gives back to a point of it at
/// height z is the integral of `z y / (pi r^4)` over the floor (y: how far the piece of it is from the wall), times what the floor gives back;
/// the wall shows it as B. Burley's matte surfaces do ("Physically-Based Shading at Disney", 2012).
fn wall_by_the_floor() -> Result<(), String> {
    let (lux, floor, wall) = (4000.0, 0.8, 0.1);
    let mut s = scene(32, 32);
    dark(&mut s);
    (s.image.samples, s.image.bounce) = (256, true);
    add_unlabelled(&mut s, Shape::Plane(DVec2::splat(4.0)), DVec3::new(0.0, 0.0, 2.0));
    last(&mut s).material = Some(matte(floor));
    add_unlabelled(&mut s, Shape::Plane(DVec2::new(4.0, 4.0)), DVec3::new(0.0, 2.0, 0.0));
    stand_up(&mut s);
    last(&mut s).material = Some(Material { base_color: [wall, wall / 2.0, 0.0], ..matte(wall) });
    let Light::Sun { name, color, .. } = sun() else { return Err("no sun".into()) };
    let direction = DVec3::NEG_Y;
    s.lights.push(Light::Sun { name, direction, color, illuminance: lux, angular_diameter: 0.0, shadows: true });
    // Rows from 2 m down to the floor.
    (s.cameras[0].position, s.cameras[0].fx, s.cameras[0].fy) = (DVec3::new(0.0, 1.0, 1.6), 25.6, 25.6);
    let light = light_of(&s);
    for (row, most) in [(4, 0.06), (12, 0.06), (20, 0.08), (25, 0.13)] {
        let z = 1.0 + 1.6 * (15.5 - f64::from(row)) / 25.6;
        let to_camera = DVec3::new(0.0, 1.6, 1.0 - z).normalize();
        let step = 0.02;
        let pieces = (0..200).flat_map(|i| (0..200).map(move |j| (i, j)));
        let form: f64 = pieces
            .map(|(i, j)| {
                let (x, y) = (-2.0 + step * (f64::from(i) + 0.5), step * (f64::from(j) + 0.5));
                let r2 = x * x + y * y + z * z;
                let to_floor = DVec3::new(x, y, -z).normalize();
                let half = to_floor.dot((to_floor + to_camera).normalize());
                let grazing = 0.5 + 2.0 * half * half;
                let scatter = |cosine: f64| 1.0 + (grazing - 1.0) * libm::pow(1.0 - cosine, 5.0);
                z * y / (PI * r2 * r2) * step * step * scatter(to_floor.y) * scatter(to_camera.y)
            })
            .sum();
        let expected = exposed(wall / PI * lux * floor * form);
        let middle = (12..20).flat_map(|x| (row - 1..=row + 1).map(move |y| (x, y)));
        let found = middle.map(|(x, y)| at(&light, x, y)).sum::<f64>() / 24.0;
        // Close to the corner, lamps are as wide as they are away, and give less.
        ensure((found / expected - 1.0).abs() < most, || format!("{z:.2} m up: {found:.4}, not {expected:.4}"))?;
    }
    Ok(())
}
