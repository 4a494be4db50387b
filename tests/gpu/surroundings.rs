//! Panoramas and pictures behind everything: where each part of them is seen, and what light comes from there.

use glam::{DQuat, DVec3};
use image::{Rgb, Rgb32FImage};
use scenewright::scene::{Background, Environment, Material, Output, Scene, Shape, ToneCurve, color};

use crate::build::{add, last, scene};
use crate::harness::{Case, ensure, folder, new_renderer, render_one, texture};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("each_direction_shows_its_part_of_a_panorama", directions),
        ("light_comes_from_where_a_panorama_is_bright", lit_side),
        ("an_even_panorama_lights_as_an_even_colour_does", furnace),
        ("a_picture_behind_everything_keeps_its_bytes", picture),
        ("a_picture_covers_the_frame_and_keeps_its_proportions", cover),
        ("a_plain_background_is_shown_whatever_the_light", plain),
        ("a_scene_is_lit_by_its_own_surroundings_whatever_came_before", alternating),
        ("surroundings_are_complete_at_once_and_leave_labels_alone", complete),
    ]
}

/// Writes a panorama that no other test uses.
fn panorama(name: &str, width: u32, radiance: impl Fn(f64, f64) -> [f32; 3]) -> String {
    let path = folder().join(format!("{name}.hdr"));
    let image = Rgb32FImage::from_fn(width, width / 2, |x, y| {
        let (u, v) = ((f64::from(x) + 0.5) / f64::from(width), (f64::from(y) + 0.5) / f64::from(width / 2));
        Rgb(radiance(u, v))
    });
    image.save(&path).unwrap();
    path.to_str().unwrap().to_owned()
}

fn surrounded(path: &str, yaw: f64) -> Scene {
    let mut s = scene(33, 33);
    s.environment = Environment::Image { path: path.to_owned(), yaw, luminance: 500.0, without_suns: false };
    s
}

fn close(seen: f64, expected: f64, share: f64, what: &str) -> Result<(), String> {
    ensure((seen - expected).abs() <= share * expected + 0.004, || format!("{what}: {seen:.4}, not {expected:.4}"))
}

fn linear(scene: &Scene, x: u32, y: u32) -> [f64; 3] {
    render_one(scene).rgb.get(x, y).unwrap().map(|byte| color::linear_from_srgb(f64::from(byte) / 255.0))
}

/// Red grows with u, green with v. Looking to the right moves on in u; turning the panorama turns it about +Y.
fn directions() -> Result<(), String> {
    let path = panorama("directions", 512, |u, v| [u as f32, v as f32, 0.25]);
    let exposure = 500.0 / (1.2 * libm::exp2(9.0));
    // (camera's rotation, yaw of the panorama, u and v in the middle of the image)
    let turn = |degrees: f64| DQuat::from_rotation_y(degrees.to_radians());
    let tilt = |degrees: f64| DQuat::from_rotation_x(degrees.to_radians());
    let cases = [
        (DQuat::IDENTITY, 0.0, 0.5, 0.5),
        // To the left is counter-clockwise about +Y, and less in u.
        (turn(90.0), 0.0, 0.25, 0.5),
        (turn(-90.0), 0.0, 0.75, 0.5),
        (turn(-90.0), -90.0, 0.5, 0.5),
        (DQuat::IDENTITY, 90.0, 0.75, 0.5),
        (tilt(45.0), 0.0, 0.5, 0.25),
        (turn(30.0) * tilt(-60.0), 0.0, 0.5 - 30.0 / 360.0, 0.5 + 60.0 / 180.0),
    ];
    for (rotation, yaw, u, v) in cases {
        let mut s = surrounded(&path, f64::to_radians(yaw));
        s.cameras[0].rotation = rotation;
        let [r, g, b] = linear(&s, 16, 16);
        let what = format!("rotation {rotation}, yaw {yaw}");
        close(r, u * exposure, 0.01, &what)?;
        close(g, v * exposure, 0.01, &what)?;
        close(b, 0.25 * exposure, 0.01, &what)?;
    }
    Ok(())
}

/// A quarter of the sky towards +X is bright: spheres are lit from there, matte and shiny ones, and turn with the panorama.
fn lit_side() -> Result<(), String> {
    let path = panorama("lit_side", 128, |u, _| if (0.625..0.875).contains(&u) { [1.0; 3] } else { [0.02; 3] });
    // Turned by a quarter about +Y, +X becomes -Z, which is behind the sphere; turned the other way, it is behind the camera.
    let middle = |yaw: f64| {
        let mut s = surrounded(&path, f64::to_radians(yaw));
        add(&mut s, Shape::Sphere(0.45), DVec3::new(0.0, 0.0, -1.6));
        last(&mut s).material = Some(Material { base_color: [0.8; 3], roughness: 1.0, ..Material::default() });
        linear(&s, 16, 16)[1]
    };
    let (behind, before) = (middle(90.0), middle(-90.0));
    ensure(before > 3.0 * behind, || format!("lit from before {before}, from behind {behind}"))?;
    for (yaw, right) in [(0.0, true), (180.0, false)] {
        for (metallic, roughness) in [(0.0, 1.0), (1.0, 0.3)] {
            let mut s = surrounded(&path, f64::to_radians(yaw));
            add(&mut s, Shape::Sphere(0.45), DVec3::new(0.0, 0.0, -1.6));
            last(&mut s).material = Some(Material { base_color: [0.8; 3], metallic, roughness, ..Material::default() });
            let frame = render_one(&s);
            let at = |x: u32| f64::from(frame.rgb.get(x, 16).unwrap()[1]);
            let (left, other) = (at(10), at(22));
            let (bright, dark) = if right { (other, left) } else { (left, other) };
            ensure(bright > 1.3 * dark, || format!("yaw {yaw}, metallic {metallic}: left {left}, right {other}"))?;
        }
    }
    Ok(())
}

fn furnace() -> Result<(), String> {
    let path = panorama("even", 64, |_, _| [0.5, 0.25, 0.125]);
    for (metallic, roughness) in [(0.0, 0.9), (1.0, 0.1), (1.0, 0.6)] {
        let mut s = surrounded(&path, 0.7);
        add(&mut s, Shape::Sphere(0.45), DVec3::new(0.0, 0.0, -1.6));
        last(&mut s).material = Some(Material { base_color: [0.8; 3], metallic, roughness, ..Material::default() });
        let image = render_one(&s);
        let colors = [0.5, 0.25, 0.125].map(|c| c * 500.0);
        s.environment = Environment::Gradient { zenith: colors, nadir: colors };
        let even = render_one(&s);
        let apart = |a: &[u8; 3], b: &[u8; 3]| (0..3).map(|c| a[c].abs_diff(b[c])).max().unwrap();
        let worst = image.rgb.pixels().iter().zip(even.rgb.pixels()).map(|(a, b)| apart(a, b)).max().unwrap();
        ensure(worst <= 2, || format!("metallic {metallic}, roughness {roughness}: {worst} levels apart"))?;
    }
    Ok(())
}

/// Every byte, whatever exposure and tone curve. But Khronos' curve makes nothing that is bright and saturated at once (it lies beyond
/// 0.76 in its brightest channel, byte 226): such colours come out paler.
fn picture() -> Result<(), String> {
    let size = 64;
    let bytes = |x: u32, y: u32| [(x * 4) as u8, (y * 4) as u8, ((x + y) * 2) as u8, 255];
    let path = texture("picture_behind", size, bytes);
    for tone_curve in [ToneCurve::Srgb, ToneCurve::Neutral] {
        for ev100 in [3.0, 12.0] {
            let mut s = scene(size, size);
            s.image.tone_curve = tone_curve;
            s.cameras[0].ev100 = ev100;
            s.background = Some(Background::Image { path: path.clone(), mirrored: false });
            let frame = render_one(&s);
            for (y, x) in (0..size).flat_map(|y| (0..size).map(move |x| (y, x))) {
                let (seen, expected) = (frame.rgb.get(x, y).unwrap(), bytes(x, y));
                let apart = (0..3).map(|c| seen[c].abs_diff(expected[c])).max().unwrap();
                let in_reach = tone_curve == ToneCurve::Srgb || expected[..3].iter().all(|&c| c < 226);
                ensure(!in_reach || apart <= 1, || format!("{tone_curve:?}, {x} {y}: {seen:?}, not {expected:?}"))?;
            }
        }
    }
    Ok(())
}

/// A square picture in a frame twice as wide as high: all columns, and the middle half of the rows; mirrored on demand.
fn cover() -> Result<(), String> {
    let path = texture("picture_covers", 64, |x, y| [(x * 4) as u8, (y * 4) as u8, 0, 255]);
    for mirrored in [false, true] {
        let mut s = scene(64, 32);
        // The principal point does not move what covers the frame.
        s.cameras[0].cx += 9.0;
        s.background = Some(Background::Image { path: path.clone(), mirrored });
        let frame = render_one(&s);
        for (x, y) in [(3u32, 2u32), (60, 30), (32, 16)] {
            let [r, g, _] = *frame.rgb.get(x, y).unwrap();
            let column = if mirrored { 63 - x } else { x };
            ensure(r.abs_diff((column * 4) as u8) <= 1 && g.abs_diff(((y + 16) * 4) as u8) <= 1, || {
                format!("mirrored {mirrored}, {x} {y}: {r} {g}")
            })?;
        }
    }
    Ok(())
}

fn plain() -> Result<(), String> {
    let bytes = [200u8, 31, 90];
    for tone_curve in [ToneCurve::Srgb, ToneCurve::Neutral] {
        let mut s = scene(8, 8);
        s.image.tone_curve = tone_curve;
        s.cameras[0].ev100 = 1.0;
        s.background = Some(Background::Color(bytes.map(|b| color::linear_from_srgb(f64::from(b) / 255.0))));
        let seen = *render_one(&s).rgb.get(5, 5).unwrap();
        ensure((0..3).all(|c| seen[c].abs_diff(bytes[c]) <= 1), || format!("{tone_curve:?}: {seen:?}"))?;
    }
    Ok(())
}

/// (Bevy looks up how many levels of roughness a map has before it has the new one.)
fn alternating() -> Result<(), String> {
    let path = panorama("alternating", 128, |u, v| [u as f32, v as f32, 0.5]);
    let shown = |environment: Environment| {
        let mut s = surrounded(&path, 0.4);
        s.environment = environment;
        for (x, roughness) in [(-0.5, 0.15), (0.5, 0.7)] {
            add(&mut s, Shape::Sphere(0.4), DVec3::new(x, 0.0, -2.0));
            last(&mut s).material = Some(Material { metallic: 1.0, roughness, ..Material::default() });
        }
        s
    };
    let image = shown(Environment::Image { path: path.clone(), yaw: 0.4, luminance: 500.0, without_suns: false });
    let plain = shown(Environment::Gradient { zenith: [400.0; 3], nadir: [100.0; 3] });
    let (alone, plain_alone) = (new_renderer().render(&image).unwrap(), new_renderer().render(&plain).unwrap());
    let mut renderer = new_renderer();
    for round in 0..3 {
        let (first, second) = (renderer.render(&image).unwrap(), renderer.render(&plain).unwrap());
        ensure(first == alone, || format!("round {round}: after a gradient, the panorama is another"))?;
        ensure(second == plain_alone, || format!("round {round}: after a panorama, the gradient is another"))?;
    }
    Ok(())
}

fn complete() -> Result<(), String> {
    let path = panorama("complete", 256, |u, v| [u as f32, v as f32, 0.5]);
    let behind = texture("picture_complete", 32, |x, y| [(x * 8) as u8, (y * 8) as u8, 7, 255]);
    let mut renderer = new_renderer();
    for background in [None, Some(Background::Image { path: behind, mirrored: false }), None] {
        let mut s = surrounded(&path, 0.3);
        s.labels.outputs = Output::ALL.into();
        s.background = background;
        let mut second = s.cameras[0].clone();
        second.name = "second".into();
        second.ev100 = 11.0;
        second.rotation = DQuat::from_rotation_y(1.0);
        s.cameras.push(second);
        add(&mut s, Shape::Sphere(0.2), DVec3::new(0.0, 0.0, -2.0));
        last(&mut s).material = Some(Material { metallic: 1.0, roughness: 0.1, ..Material::default() });
        let first = renderer.render(&s).unwrap();
        ensure(first == renderer.render_after(&s, 3).unwrap(), || "a first frame lacks something".into())?;
        let outside = first[1].ids.pixels().iter().filter(|&&id| id == 0).count();
        ensure(outside == first[1].ids.pixels().len(), || "the background is labelled".into())?;
        ensure(first[1].depth.pixels().iter().all(|d| d.is_infinite()), || "the background has a depth".into())?;
    }
    Ok(())
}
