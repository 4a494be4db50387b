//! Panoramas: where each pixel is, what comes from it, and files that are none.

use std::f64::consts::PI;
use std::path::Path;

use glam::DVec3;
use image::{Rgb, Rgb32FImage};
use proptest::prelude::*;
use scenewright::assets::sky::{direction, place};
use scenewright::assets::{AssetError, Library};
use scenewright::scene::{Environment, exposure};
use tempfile::TempDir;

fn saved(folder: &TempDir, name: &str, width: u32, height: u32, radiance: impl Fn(u32, u32) -> [f32; 3] + Sync) {
    let image = Rgb32FImage::from_fn(width, height, |x, y| Rgb(radiance(x, y)));
    let path = folder.path().join(name);
    if name.ends_with(".exr") {
        let pixel = |x: usize, y: usize| {
            let [r, g, b] = radiance(u32::try_from(x).unwrap(), u32::try_from(y).unwrap());
            (r, g, b)
        };
        exr::prelude::write_rgb_file(&path, width as usize, height as usize, pixel).unwrap();
    } else {
        image.save(&path).unwrap();
    }
}

fn refused(root: &Path, path: &str) -> String {
    match Library::default().load_sky(root, path) {
        Err(AssetError::Broken { reason, .. }) => reason,
        other => panic!("{path}: {other:?}"),
    }
}

#[test]
fn the_middle_of_a_panorama_is_ahead_and_its_right_half_to_the_right() {
    for (u, v, expected) in [
        (0.5, 0.5, DVec3::NEG_Z),
        (0.75, 0.5, DVec3::X),
        (0.25, 0.5, DVec3::NEG_X),
        (0.0, 0.5, DVec3::Z),
        (0.3, 0.0, DVec3::Y),
        (0.3, 1.0, DVec3::NEG_Y),
    ] {
        assert!(direction(u, v).distance(expected) < 1e-12, "{u} {v}: {}", direction(u, v));
    }
}

proptest! {
    #[test]
    fn a_direction_leads_back_to_its_pixel(u in 0.0..1.0f64, v in 0.01..0.99f64) {
        let (u_back, v_back) = place(direction(u, v));
        prop_assert!((u - u_back).abs() < 1e-9 && (v - v_back).abs() < 1e-9, "{u} {v} {u_back} {v_back}");
    }

    #[test]
    fn no_cut_or_altered_panorama_panics(cut in 0usize..400, at in 0usize..200, byte: u8) {
        let folder = TempDir::new().unwrap();
        for name in ["a.hdr", "a.exr"] {
            saved(&folder, name, 8, 4, |x, y| [x as f32, y as f32, 1.0]);
            let mut bytes = std::fs::read(folder.path().join(name)).unwrap();
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(bytes.len().saturating_sub(cut % 100));
            std::fs::write(folder.path().join(name), bytes).unwrap();
            let _ = Library::default().load_sky(folder.path(), name);
        }
    }
}

/// The same values through both kinds of files: powers of two are exact in each.
#[test]
fn both_kinds_of_files_hold_the_same_light() {
    let folder = TempDir::new().unwrap();
    let radiance = |x: u32, y: u32| [0.5f32, 2.0, 8.0].map(|c| c * if x + y < 4 { 1.0 } else { 16.0 });
    for name in ["a.hdr", "a.exr"] {
        saved(&folder, name, 8, 4, radiance);
        let sky = Library::default().load_sky(folder.path(), name).unwrap();
        for (y, row) in (0..).zip(sky.image.rows()) {
            for (x, pixel) in (0..).zip(row) {
                // A shared exponent leaves eight bits to each channel: the lesser ones are off by half a step of the greatest.
                for (seen, expected) in pixel.iter().zip(radiance(x, y)) {
                    assert!(
                        (seen - expected).abs() <= 0.02 * expected + 0.02 * radiance(x, y)[2],
                        "{name} {x} {y}: {pixel:?}"
                    );
                }
            }
        }
    }
}

/// An even sky of radiance L gives pi L to what lies level; one that shines from above 30 degrees alone, `pi L (1 - sin^2 30)`.
#[test]
fn a_level_surface_receives_what_the_integral_says() {
    let folder = TempDir::new().unwrap();
    saved(&folder, "even.exr", 256, 128, |_, _| [2.0, 1.0, 0.5]);
    saved(&folder, "cap.exr", 384, 192, |_, y| [if y < 64 { 1.0 } else { 0.0 }; 3]);
    let mut library = Library::default();
    let even = library.load_sky(folder.path(), "even.exr").unwrap().irradiance_from_above;
    for (channel, radiance) in even.iter().zip([2.0, 1.0, 0.5]) {
        assert!((channel - PI * radiance).abs() < 1e-3 * PI * radiance, "{even:?}");
    }
    let cap = library.load_sky(folder.path(), "cap.exr").unwrap().irradiance_from_above[0];
    assert!((cap - PI * 0.75).abs() < 1e-3, "{cap}");
    // The meter sees it in lux, and the direction that it is turned to does not matter.
    for yaw in [0.0, 1.0] {
        let environment = Environment::Image { path: "cap.exr".into(), yaw, luminance: 400.0, without_suns: false };
        let lux = exposure::illuminance(DVec3::ZERO, &[], &environment, &library);
        assert!((lux - 400.0 * cap).abs() < 1e-6 * lux, "{lux}");
    }
}

#[test]
fn what_is_no_panorama_is_refused_in_words() {
    let folder = TempDir::new().unwrap();
    saved(&folder, "square.hdr", 8, 8, |_, _| [1.0; 3]);
    saved(&folder, "square.exr", 8, 8, |_, _| [1.0; 3]);
    std::fs::write(folder.path().join("text.hdr"), "not an image").unwrap();
    std::fs::write(folder.path().join("huge.hdr"), "#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 100000 +X 200000\n")
        .unwrap();
    for name in ["square.hdr", "square.exr"] {
        assert!(refused(folder.path(), name).contains("twice as wide as high, and this has 8 x 8"), "{name}");
    }
    assert!(refused(folder.path(), "text.hdr").contains("expected a Radiance HDR or an OpenEXR file"));
    assert!(refused(folder.path(), "huge.hdr").contains("at most 8192"));
}

/// Found by changing files at random: nothing is twice as wide as nothing is high, and the search for suns divided by it.
#[test]
fn a_panorama_without_pixels_is_refused() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("a.hdr"), b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 0 +X 0\n").unwrap();
    assert!(refused(folder.path(), "a.hdr").contains("no pixels"));
}
