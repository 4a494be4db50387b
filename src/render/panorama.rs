//! What surfaces receive from a panorama: its light, filtered once for each panorama and kept.
//!
//! - matte: irradiance over pi, summed over a small version of it;
//! - shiny: for each level of roughness the mean over the lobe of GGX half vectors seen head-on, counted by the cosine, as the split-sum
//!   approximation has it (Karis, "Real Shading in Unreal Engine 4", 2013), by filtered importance sampling (Krivanek and Colbert,
//!   "Real-time Shading with Filtered Importance Sampling", 2008).

use std::f64::consts::{PI, TAU};

use bevy::image::Image as BevyImage;
use glam::DVec3;
use rayon::prelude::*;

use super::environment::{LIGHT_LEVELS, cube_map_of, half_bits};
use crate::assets::sky::{direction, place};
use crate::image::Image;

/// Texels along an edge of the matte map.
const MATTE_SIZE: u32 = 16;
/// Columns of the version that matte surfaces sum over.
const MATTE_COLUMNS: u32 = 64;
/// Roughness levels of the shiny map: of 128 texels at level 0, a mirror, down to 4.
const LEVELS: u32 = LIGHT_LEVELS;
/// Directions of a lobe.
const SAMPLES: u32 = 96;

/// A panorama in ever smaller versions.
struct Pyramid(Vec<Image<[f32; 3]>>);

impl Pyramid {
    fn new(image: &Image<[f32; 3]>) -> Self {
        let mut levels = vec![image.clone()];
        while let Some(last) = levels.last().filter(|last| last.height() > 2) {
            levels.push(halved(last));
        }
        Self(levels)
    }

    /// Radiance in a direction, at a level that may lie between two.
    fn look(&self, direction: DVec3, level: f64) -> DVec3 {
        let level = level.clamp(0.0, (self.0.len() - 1) as f64);
        let (low, share) = (level.floor(), level - level.floor());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a level's number")]
        let low = low as usize;
        let (u, v) = place(direction);
        let near = bilinear(&self.0[low], u, v);
        match self.0.get(low + 1) {
            Some(next) if share > 0.0 => near.lerp(bilinear(next, u, v), share),
            _ => near,
        }
    }
}

/// Two by two pixels become one; each counts by its solid angle.
fn halved(image: &Image<[f32; 3]>) -> Image<[f32; 3]> {
    let (width, height) = ((image.width() / 2).max(1), (image.height() / 2).max(1));
    let mut half = Image::filled(width, height, [0.0; 3]);
    let weight = |row: u32| libm::sin(PI * (f64::from(row) + 0.5) / f64::from(image.height()));
    for y in 0..height {
        for x in 0..width {
            let (mut sum, mut total) = (DVec3::ZERO, 0.0);
            for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                let (column, row) = ((2 * x + dx).min(image.width() - 1), (2 * y + dy).min(image.height() - 1));
                sum += wide(image.get(column, row)) * weight(row);
                total += weight(row);
            }
            half.set(x, y, (sum / total).as_vec3().to_array());
        }
    }
    half
}

fn wide(pixel: Option<&[f32; 3]>) -> DVec3 {
    pixel.map_or(DVec3::ZERO, |pixel| DVec3::from_array(pixel.map(f64::from)))
}

/// Round and round along `u`, no further than the poles along `v`.
fn bilinear(image: &Image<[f32; 3]>, u: f64, v: f64) -> DVec3 {
    let (x, y) = (u * f64::from(image.width()) - 0.5, v * f64::from(image.height()) - 0.5);
    let (fx, fy) = (x - x.floor(), y - y.floor());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "brought into the image")]
    let texel = |dx: f64, dy: f64| {
        let column = (x.floor() + dx).rem_euclid(f64::from(image.width())) as u32;
        let row = (y.floor() + dy).clamp(0.0, f64::from(image.height() - 1)) as u32;
        wide(image.get(column, row))
    };
    let upper = texel(0.0, 0.0).lerp(texel(1.0, 0.0), fx);
    upper.lerp(texel(0.0, 1.0).lerp(texel(1.0, 1.0), fx), fy)
}

/// The matte and the shiny cube map of a panorama, in its own unit; `size` texels along an edge of the latter, a power of two from 32 on.
pub(super) fn light_maps(image: &Image<[f32; 3]>, size: u32) -> (BevyImage, BevyImage) {
    let pyramid = Pyramid::new(image);
    let small = pyramid.0.iter().find(|level| level.width() <= MATTE_COLUMNS).unwrap_or(&pyramid.0[0]);
    let matte = cube_map_of(MATTE_SIZE, 1, |normal, _| matte(small, normal));
    let shiny = cube_map_of(size, LEVELS, |normal, level| {
        shiny(&pyramid, normal, f64::from(level) / f64::from(LEVELS - 1), size >> level)
    });
    (matte, shiny)
}

/// Irradiance over pi of a surface with this normal.
fn matte(image: &Image<[f32; 3]>, normal: DVec3) -> DVec3 {
    let (columns, rows) = (f64::from(image.width()), f64::from(image.height()));
    let (mut sum, mut total) = (DVec3::ZERO, 0.0);
    for y in 0..image.height() {
        let v = (f64::from(y) + 0.5) / rows;
        let sine = libm::sin(PI * v);
        for x in 0..image.width() {
            let weight = direction((f64::from(x) + 0.5) / columns, v).dot(normal).max(0.0) * sine;
            sum += wide(image.get(x, y)) * weight;
            total += weight;
        }
    }
    // By the sum of weights, so that an even panorama gives exactly its own luminance.
    sum / total
}

/// The mean over the lobe of a perceptual roughness about a direction.
fn shiny(pyramid: &Pyramid, normal: DVec3, roughness: f64, size: u32) -> DVec3 {
    let (width, height) = (f64::from(pyramid.0[0].width()), f64::from(pyramid.0[0].height()));
    let texel_at = |d: DVec3| TAU / width * (PI / height) * (1.0 - d.y * d.y).max(1e-4).sqrt();
    if roughness <= 0.0 {
        // A texel of the map is as wide as some of the panorama's.
        let solid_angle = 4.0 * PI / (6.0 * f64::from(size) * f64::from(size));
        return pyramid.look(normal, 0.5 * libm::log2((solid_angle / texel_at(normal)).max(1.0)));
    }
    let alpha2 = (roughness * roughness) * (roughness * roughness);
    let (right, up) = normal.any_orthonormal_pair();
    let (mut sum, mut total) = (DVec3::ZERO, 0.0);
    for k in 0..SAMPLES {
        // Hammersley's points.
        let (e1, e2) = ((f64::from(k) + 0.5) / f64::from(SAMPLES), f64::from(k.reverse_bits()) / 4_294_967_296.0);
        let cos2 = (1.0 - e1) / (1.0 + (alpha2 - 1.0) * e1);
        let (cos, sin) = (cos2.sqrt(), (1.0 - cos2).max(0.0).sqrt());
        let (sin_turn, cos_turn) = libm::sincos(TAU * e2);
        let half = right * (sin * cos_turn) + up * (sin * sin_turn) + normal * cos;
        let light = 2.0 * normal.dot(half) * half - normal;
        let facing = light.dot(normal);
        if facing <= 0.0 {
            continue;
        }
        let base = cos2 * (alpha2 - 1.0) + 1.0;
        let density = alpha2 / (PI * base * base) / 4.0;
        let solid_angle = 1.0 / (f64::from(SAMPLES) * density);
        let level = 0.5 * libm::log2((solid_angle / texel_at(light)).max(1.0)) + 0.5;
        sum += pyramid.look(light, level) * facing;
        total += facing;
    }
    if total > 0.0 { sum / total } else { pyramid.look(normal, 0.0) }
}

/// The panorama itself as half floats in ever smaller versions, for the sphere that shows it.
pub(super) fn picture(image: &Image<[f32; 3]>) -> (u32, u32, u32, Vec<u8>) {
    let levels: Vec<Image<[f32; 3]>> = {
        let mut levels = Pyramid::new(image).0;
        // Down to one pixel, as GPUs count levels.
        while let Some(last) = levels.last().filter(|last| last.width() > 1 || last.height() > 1) {
            levels.push(halved(last));
        }
        levels
    };
    let bytes = |image: &Image<[f32; 3]>| -> Vec<u8> {
        let texel = |p: &[f32; 3]| [p[0], p[1], p[2], 1.0].map(|c| half_bits(f64::from(c)).to_le_bytes());
        image.pixels().par_iter().flat_map_iter(|p| texel(p).into_iter().flatten()).collect()
    };
    let count = u32::try_from(levels.len()).unwrap_or(1);
    (image.width(), image.height(), count, levels.iter().flat_map(bytes).collect())
}
