//! Equirectangular images of everything around: Radiance HDR and OpenEXR files.
//!
//! Column `u` and row `v` (0..=1, from the left and from the top) are seen in the direction of [`direction`].

use std::f64::consts::{PI, TAU};
use std::io::Cursor;
use std::sync::OnceLock;

use glam::DVec3;
use image::ImageReader;

use super::{AssetError, AssetFile, file, licence};
use crate::confine::Folder;
use crate::image::Image;

pub use super::split::{DirectionSample, Directions, MOST_SKY_SUNS, SkySplit, SkySun};

/// Wider or higher images are refused: one of them takes half a gigabyte.
pub const MAX_SIDE: u32 = 8192;
/// Radiances beyond this become this: half floats end soon after it.
const BRIGHTEST: f32 = 65000.0;

/// A panorama: linear light, Rec. 709 primaries, in whatever unit the file has.
#[derive(Debug)]
pub struct Sky {
    /// Unique within a process.
    pub key: String,
    /// Row 0 is straight up.
    pub image: Image<[f32; 3]>,
    /// What a level surface receives from above: the integral of radiance times cosine over the upper hemisphere.
    pub irradiance_from_above: [f64; 3],
    /// Mean over all directions.
    pub mean: [f64; 3],
    split: OnceLock<SkySplit>,
    /// What the file is.
    pub file: AssetFile,
}

impl Sky {
    /// Its suns, and the rest; parted once.
    pub fn split(&self) -> &SkySplit {
        self.split.get_or_init(|| SkySplit::of(&self.image, self.irradiance_from_above, self.mean))
    }
}

/// The unit direction that is seen at `(u, v)`: the middle of the image is at -Z, and its right half to the right of that.
pub fn direction(u: f64, v: f64) -> DVec3 {
    let (sin_azimuth, cos_azimuth) = libm::sincos(TAU * (u - 0.5));
    let (sin_polar, cos_polar) = libm::sincos(PI * v);
    DVec3::new(sin_polar * sin_azimuth, cos_polar, -sin_polar * cos_azimuth)
}

/// `(u, v)` of a unit direction, the inverse of [`direction`]; `u` is in 0..1.
pub fn place(direction: DVec3) -> (f64, f64) {
    let u = libm::atan2(direction.x, -direction.z) / TAU + 0.5;
    (u.rem_euclid(1.0), libm::acos(direction.y.clamp(-1.0, 1.0)) / PI)
}

pub(super) fn load(root: &Folder, path: &str) -> Result<Sky, AssetError> {
    let bytes = file::read(root, path, file::MAX_IMAGE)?;
    let broken = |reason: String| AssetError::Broken { path: root.join(path), reason };
    let image = decode(&bytes).map_err(broken)?;
    if image.width() != 2 * image.height() {
        return Err(broken(format!(
            "a panorama is twice as wide as high, and this has {} x {} pixels",
            image.width(),
            image.height()
        )));
    }
    let (irradiance_from_above, mean) = (irradiance_from_above(&image), mean(&image));
    let licence = licence::beside(root, path);
    let file = AssetFile { path: path.to_owned(), sha256: file::sha256(&bytes), licence, ..AssetFile::default() };
    Ok(Sky { key: path.to_owned(), image, irradiance_from_above, mean, split: OnceLock::new(), file })
}

fn decode(bytes: &[u8]) -> Result<Image<[f32; 3]>, String> {
    let (width, height, pixels) = if bytes.starts_with(&[0x76, 0x2f, 0x31, 0x01]) { exr(bytes) } else { hdr(bytes) }?;
    if width == 0 || height == 0 {
        return Err("the image has no pixels".into());
    }
    let sane = |c: f32| if c.is_nan() { 0.0 } else { c.clamp(0.0, BRIGHTEST) };
    Image::new(width, height, pixels.into_iter().map(|p| p.map(sane)).collect())
        .ok_or_else(|| "the image has no pixels".into())
}

type Pixels = (u32, u32, Vec<[f32; 3]>);

fn hdr(bytes: &[u8]) -> Result<Pixels, String> {
    let mut reader = ImageReader::new(Cursor::new(bytes));
    if !bytes.starts_with(b"#?") {
        return Err("this is not a panorama that can be read; expected a Radiance HDR or an OpenEXR file".into());
    }
    reader.set_format(image::ImageFormat::Hdr);
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(1 << 30);
    reader.limits(limits);
    let image = reader
        .decode()
        .map_err(|e| format!("the panorama cannot be decoded (at most {MAX_SIDE} pixels a side): {e}"))?
        .into_rgb32f();
    let (width, height) = image.dimensions();
    Ok((width, height, image.into_raw().chunks_exact(3).map(|p| [p[0], p[1], p[2]]).collect()))
}

fn exr(bytes: &[u8]) -> Result<Pixels, String> {
    use exr::prelude::{MetaData, ReadChannels, ReadLayers, read};
    let unreadable = |e: exr::error::Error| format!("the OpenEXR file cannot be read: {e}");
    // The size is looked at before anything is allocated for it.
    let meta = MetaData::read_from_buffered(Cursor::new(bytes), false).map_err(unreadable)?;
    for header in &meta.headers {
        let size = header.layer_size;
        if size.0.max(size.1) > MAX_SIDE as usize {
            return Err(format!(
                "the panorama has {} x {} pixels, and at most {MAX_SIDE} a side are read",
                size.0, size.1
            ));
        }
    }
    let image = read()
        .no_deep_data()
        .largest_resolution_level()
        .rgba_channels(
            |size, _| (size.0, vec![[0.0f32; 3]; size.0 * size.1]),
            |(width, pixels): &mut (usize, Vec<[f32; 3]>), at, (r, g, b, _): (f32, f32, f32, f32)| {
                pixels[at.1 * *width + at.0] = [r, g, b];
            },
        )
        .first_valid_layer()
        .all_attributes()
        .from_buffered(Cursor::new(bytes))
        .map_err(unreadable)?;
    let size = image.layer_data.size;
    let side = |length: usize| u32::try_from(length).map_err(|_| "the panorama is too large".to_owned());
    Ok((side(size.0)?, side(size.1)?, image.layer_data.channel_data.pixels.1))
}

/// In a fixed order and with libm, too.
fn mean(image: &Image<[f32; 3]>) -> [f64; 3] {
    let rows = f64::from(image.height());
    let mut sum = [0.0; 3];
    for (y, row) in (0..image.height()).zip(image.rows()) {
        let edge = |y: u32| libm::cos(PI * f64::from(y) / rows);
        let weight = (edge(y) - edge(y + 1)) / 2.0 / f64::from(image.width());
        for pixel in row {
            for (sum, &c) in sum.iter_mut().zip(pixel) {
                *sum += weight * f64::from(c);
            }
        }
    }
    sum
}

/// In a fixed order and with libm: exposure is metered by it.
fn irradiance_from_above(image: &Image<[f32; 3]>) -> [f64; 3] {
    let (columns, rows) = (f64::from(image.width()), f64::from(image.height()));
    let mut sum = [0.0; 3];
    for (y, row) in (0..image.height() / 2).zip(image.rows()) {
        let (sin, cos) = libm::sincos(PI * (f64::from(y) + 0.5) / rows);
        let weight = sin * cos * (PI / rows) * (TAU / columns);
        for pixel in row {
            for (sum, &c) in sum.iter_mut().zip(pixel) {
                *sum += weight * f64::from(c);
            }
        }
    }
    sum
}
