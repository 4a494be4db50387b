//! What a lens does to linear light besides drawing a picture.

use glam::{DVec2, DVec3};

use super::{Optics, Rays};
use crate::image::Image;
use crate::scene::Camera;

/// Light as it reaches the sensor: lateral colour, falloff, flare, in this order.
pub fn light_through(optics: &Optics, camera: &Camera, mut light: Image<[f32; 3]>) -> Image<[f32; 3]> {
    let axis = camera.rotation * DVec3::NEG_Z;
    // Where the axis meets the image, under every lens model.
    let middle = DVec2::new(camera.cx, camera.cy);
    if optics.chromatic_aberration != 0.0 {
        light = lateral_color(&light, middle, optics.chromatic_aberration);
    }
    if optics.falloff > 0.0 || optics.vignetting > 0.0 {
        falloff(optics, camera, axis, middle, &mut light);
    }
    if optics.flare > 0.0 {
        let (width, height) = (f64::from(light.width()), f64::from(light.height()));
        let scattered = blur(&light, optics.flare_radius * libm::hypot(width, height));
        let share = narrow(optics.flare);
        for (pixel, veil) in light.pixels_mut().iter_mut().zip(scattered.pixels()) {
            *pixel = [0, 1, 2].map(|c| pixel[c] + (veil[c] - pixel[c]) * share);
        }
    }
    light
}

#[expect(clippy::cast_possible_truncation, reason = "light is kept in single precision")]
fn narrow(value: f64) -> f32 {
    value as f32
}

/// Red is magnified by `1 + share` about `middle`, blue by `1 - share`, bilinearly; what would come from outside of the image is what is
/// at its edge.
fn lateral_color(light: &Image<[f32; 3]>, middle: DVec2, share: f64) -> Image<[f32; 3]> {
    let (width, height) = (light.width(), light.height());
    // For each column or row, where it comes from: the first of two pixels, and the share of the second.
    let sources = |size: u32, middle: f64, scale: f64| -> Vec<(usize, usize, f32)> {
        let source = |k: u32| {
            let last = f64::from(size.max(1) - 1);
            let place = (middle + (f64::from(k) + 0.5 - middle) / scale - 0.5).clamp(0.0, last);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..=last")]
            let first = place.floor() as usize;
            (first, (first + 1).min(size as usize - 1), narrow(place - place.floor()))
        };
        (0..size).map(source).collect()
    };
    let mut moved = light.clone();
    for (channel, scale) in [(0, 1.0 + share), (2, 1.0 - share)] {
        let columns = sources(width, middle.x, scale);
        let rows = sources(height, middle.y, scale);
        let old = light.pixels();
        for (row, &(top, bottom, down)) in moved.pixels_mut().chunks_exact_mut(width.max(1) as usize).zip(&rows) {
            let (top, bottom) = (&old[top * width as usize..], &old[bottom * width as usize..]);
            for (pixel, &(left, right, across)) in row.iter_mut().zip(&columns) {
                let mix = |row: &[[f32; 3]]| {
                    let (a, b) = (row[left][channel], row[right][channel]);
                    a + (b - a) * across
                };
                let (a, b) = (mix(top), mix(bottom));
                pixel[channel] = a + (b - a) * down;
            }
        }
    }
    moved
}

/// `cos(t)^(4 falloff)`, with `t` the angle of each pixel's ray from the optical axis (the law of a simple lens; Ray, "Applied
/// Photographic Optics", 2002), times `1 - vignetting (r / R)^2`, with `r` the distance from the principal point and `R` that of the
/// farthest corner. Behind the camera there is no light.
fn falloff(optics: &Optics, camera: &Camera, axis: DVec3, middle: DVec2, light: &mut Image<[f32; 3]>) {
    let (width, height) = (light.width(), light.height());
    let corners = [(0, 0), (width, 0), (0, height), (width, height)];
    let farthest = corners.map(|(x, y)| DVec2::new(f64::from(x), f64::from(y)).distance_squared(middle));
    let farthest = farthest.into_iter().fold(f64::MIN_POSITIVE, f64::max);
    let rays = Rays::of(camera);
    let rows = light.pixels_mut().chunks_exact_mut(width.max(1) as usize);
    for (y, row) in (0_u32..).zip(rows) {
        for (x, pixel) in (0_u32..).zip(row) {
            let place = DVec2::new(f64::from(x) + 0.5, f64::from(y) + 0.5);
            let mut share = 1.0 - optics.vignetting * place.distance_squared(middle) / farthest;
            if optics.falloff > 0.0 {
                let ray = rays.at(place);
                let cos = ray.dot(axis).max(0.0);
                // cos^2, without a root.
                let squared = cos * cos / ray.length_squared().max(f64::MIN_POSITIVE);
                share *=
                    if optics.falloff == 1.0 { squared * squared } else { libm::pow(squared, 2.0 * optics.falloff) };
            }
            *pixel = pixel.map(|c| c * narrow(share.max(0.0)));
        }
    }
}

/// Below this a Gaussian is summed; above, three boxes in a row are as good.
const BOXES: f64 = 6.0;

/// A Gaussian blur of a standard deviation in pixels. The image is mirrored at its edges, so that no light is lost and none is made:
/// the mean stays. From 6 pixels on by three boxes (Wells 1986), whose standard deviation is that of `sigma` to within half a pixel.
pub fn blur(image: &Image<[f32; 3]>, sigma: f64) -> Image<[f32; 3]> {
    let mut out = image.clone();
    if !(sigma > 0.0) || image.pixels().is_empty() {
        return out;
    }
    if sigma < BOXES {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 24")]
        let reach = (4.0 * sigma).ceil() as usize;
        let weight = |k: usize| libm::exp(-(k as f64 / sigma) * (k as f64 / sigma) / 2.0);
        let sum: f64 = weight(0) + 2.0 * (1..=reach).map(weight).sum::<f64>();
        let kernel: Vec<f32> = (0..=reach).map(|k| narrow(weight(k) / sum)).collect();
        along_rows(&mut out, &kernel);
        along_columns(&mut out, &kernel);
        return out;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as large as the image at most")]
    let radius = (((4.0 * sigma * sigma + 1.0).sqrt() - 1.0) / 2.0).round().min(65536.0) as usize;
    for _ in 0..3 {
        boxes_along_rows(&mut out, radius);
        boxes_along_columns(&mut out, radius);
    }
    out
}

/// Position `k` (which may be beside) of a row of `size` that is mirrored at its edges, again and again.
fn mirrored(k: isize, size: usize) -> usize {
    let period = 2 * size.max(1);
    let k = k.rem_euclid(isize::try_from(period).unwrap_or(isize::MAX)).unsigned_abs();
    if k < size { k } else { period - 1 - k }
}

fn signed(k: usize) -> isize {
    isize::try_from(k).unwrap_or(isize::MAX)
}

fn along_rows(image: &mut Image<[f32; 3]>, kernel: &[f32]) {
    let (width, reach) = (image.width() as usize, kernel.len() - 1);
    let mut padded = vec![[0.0_f32; 3]; width + 2 * reach];
    for row in image.pixels_mut().chunks_exact_mut(width) {
        for (k, pixel) in padded.iter_mut().enumerate() {
            *pixel = row[mirrored(signed(k) - signed(reach), width)];
        }
        for (k, pixel) in row.iter_mut().enumerate() {
            let mut sum = padded[k + reach].map(|c| c * kernel[0]);
            for (far, &weight) in kernel.iter().enumerate().skip(1) {
                let (a, b) = (padded[k + reach - far], padded[k + reach + far]);
                sum = [0, 1, 2].map(|c| sum[c] + (a[c] + b[c]) * weight);
            }
            *pixel = sum;
        }
    }
}

fn along_columns(image: &mut Image<[f32; 3]>, kernel: &[f32]) {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let old = image.clone();
    let row_at = |y: isize| {
        let y = mirrored(y, height);
        &old.pixels()[y * width..(y + 1) * width]
    };
    for (y, row) in image.pixels_mut().chunks_exact_mut(width).enumerate() {
        for (pixel, middle) in row.iter_mut().zip(row_at(signed(y))) {
            *pixel = middle.map(|c| c * kernel[0]);
        }
        for (far, &weight) in kernel.iter().enumerate().skip(1) {
            let sides = row_at(signed(y) - signed(far)).iter().zip(row_at(signed(y) + signed(far)));
            for (pixel, (a, b)) in row.iter_mut().zip(sides) {
                *pixel = [0, 1, 2].map(|c| pixel[c] + (a[c] + b[c]) * weight);
            }
        }
    }
}

fn boxes_along_rows(image: &mut Image<[f32; 3]>, radius: usize) {
    let width = image.width() as usize;
    let share = 1.0 / (2.0 * radius as f64 + 1.0);
    let mut old = vec![[0.0_f64; 3]; width];
    for row in image.pixels_mut().chunks_exact_mut(width) {
        for (old, pixel) in old.iter_mut().zip(&*row) {
            *old = pixel.map(f64::from);
        }
        let at = |k: isize| old[mirrored(k, width)];
        let mut sum = [0.0; 3];
        for k in -signed(radius)..=signed(radius) {
            sum = [0, 1, 2].map(|c| sum[c] + at(k)[c]);
        }
        for (k, pixel) in row.iter_mut().enumerate() {
            *pixel = sum.map(|c| narrow(c * share));
            let (comes, goes) = (at(signed(k + radius + 1)), at(signed(k) - signed(radius)));
            sum = [0, 1, 2].map(|c| sum[c] + comes[c] - goes[c]);
        }
    }
}

fn boxes_along_columns(image: &mut Image<[f32; 3]>, radius: usize) {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let share = 1.0 / (2.0 * radius as f64 + 1.0);
    let old = image.clone();
    let row_at = |y: isize| {
        let y = mirrored(y, height);
        &old.pixels()[y * width..(y + 1) * width]
    };
    let mut sums = vec![[0.0_f64; 3]; width];
    for y in -signed(radius)..=signed(radius) {
        for (sum, pixel) in sums.iter_mut().zip(row_at(y)) {
            *sum = [0, 1, 2].map(|c| sum[c] + f64::from(pixel[c]));
        }
    }
    for (y, row) in image.pixels_mut().chunks_exact_mut(width).enumerate() {
        let (comes, goes) = (row_at(signed(y + radius + 1)), row_at(signed(y) - signed(radius)));
        for ((pixel, sum), (comes, goes)) in row.iter_mut().zip(&mut sums).zip(comes.iter().zip(goes)) {
            *pixel = sum.map(|c| narrow(c * share));
            *sum = [0, 1, 2].map(|c| sum[c] + f64::from(comes[c]) - f64::from(goes[c]));
        }
    }
}
