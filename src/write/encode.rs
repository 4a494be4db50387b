//! Images to the bytes of a file. No paths, no disk.
//!
//! How each is compressed was measured: `docs/decisions/0011-lossless-and-fast.md`.

use std::sync::LazyLock;

use crate::frame::{Deep, Frame};
use crate::image::Image;
use crate::scene::color::linear_from_srgb;
use crate::scene::{ImageFormat, Subsampling};
use crate::write::exr::{Sample, exr};

/// The largest id that a 16-bit PNG can hold.
pub const MAX_PNG_ID: u32 = u16::MAX as u32;
/// The largest id that a panoptic PNG can hold: COCO spreads it over three bytes.
pub const MAX_PANOPTIC_ID: u32 = (1 << 24) - 1;

/// Why an image cannot be encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// Ids are never cut down to fit.
    #[error("id {id} does not fit in a 16-bit PNG (at most {MAX_PNG_ID}): it needs a 32-bit EXR file")]
    IdTooLarge {
        /// The id.
        id: u32,
    },
    /// Nor to fit into COCO's panoptic images.
    #[error("segment id {id} does not fit in a panoptic PNG (at most {MAX_PANOPTIC_ID})")]
    SegmentTooLarge {
        /// The id.
        id: u32,
    },
    /// A depth that is no distance.
    #[error("depth {0} is neither a distance of at least 0 m nor +inf (nothing hit)")]
    BadDepth(f32),
    /// A value that is none.
    #[error("one of its values is {0}, which is not a finite number")]
    NotFinite(f32),
    /// The image is not there, or not as large as the others.
    #[error("the renderer did not give the image that it is made of, in the size of the others")]
    Missing,
    /// A pixel shows a surface that belongs to nobody.
    #[error("a pixel shows surface {surface}, but the frame knows the owners of {owners}")]
    NoOwner {
        /// The value in [`Frame::surfaces`](crate::frame::Frame::surfaces).
        surface: u32,
        /// How many there are.
        owners: usize,
    },
    /// From the PNG encoder.
    #[error("the PNG encoder failed: {0}")]
    Png(#[from] png::EncodingError),
    /// From the JPEG encoder.
    #[error("the JPEG encoder failed: {0}")]
    Jpeg(#[from] jpeg_encoder::EncodingError),
    /// EXR files count pixels in 31 bits, JPEGs in 16.
    #[error("an image of {width} pixels across does not fit in such a file")]
    TooWide {
        /// Its longer side.
        width: u32,
    },
}

/// 8-bit sRGB.
pub fn rgb_png(image: &Image<[u8; 3]>) -> Result<Vec<u8>, EncodeError> {
    picture(image.width(), image.height(), image.pixels().as_flattened())
}

/// 16-bit sRGB.
pub fn rgb16_png(image: &Image<[u16; 3]>) -> Result<Vec<u8>, EncodeError> {
    let bytes: Vec<u8> = image.pixels().as_flattened().iter().flat_map(|value| value.to_be_bytes()).collect();
    let (color, depth) = (png::ColorType::Rgb, png::BitDepth::Sixteen);
    png_bytes(image.width(), image.height(), color, depth, png::Compression::Fast, true, &bytes)
}

/// 8-bit sRGB as a baseline JPEG (JFIF, Huffman tables of the standard) of a quality from 1 to 100, in libjpeg's sense.
pub fn rgb_jpeg(image: &Image<[u8; 3]>, quality: u8, subsampling: Subsampling) -> Result<Vec<u8>, EncodeError> {
    let long = |side| u16::try_from(side).map_err(|_| EncodeError::TooWide { width: side });
    let (width, height) = (long(image.width())?, long(image.height())?);
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, quality.clamp(1, 100));
    encoder.set_sampling_factor(match subsampling {
        Subsampling::Full => jpeg_encoder::SamplingFactor::F_1_1,
        Subsampling::Quarter => jpeg_encoder::SamplingFactor::F_2_2,
    });
    encoder.encode(image.pixels().as_flattened(), width, height, jpeg_encoder::ColorType::Rgb)?;
    Ok(bytes)
}

/// A frame's picture as its scene wants it written. Light that nobody has [developed](crate::sensor::developed) is
/// [`EncodeError::Missing`].
pub fn picture_file(frame: &Frame, format: ImageFormat) -> Result<Vec<u8>, EncodeError> {
    if frame.linear.is_some() {
        return Err(EncodeError::Missing);
    }
    match (format, &frame.deep) {
        (ImageFormat::Png, _) => rgb_png(&frame.rgb),
        (ImageFormat::Jpeg { quality, subsampling }, _) => rgb_jpeg(&frame.rgb, quality, subsampling),
        (ImageFormat::Png16, Some(Deep::Sixteen(image))) => rgb16_png(image),
        (ImageFormat::Exr, Some(Deep::Linear(image))) => {
            vectors_exr(image.width(), image.height(), image.pixels().iter().copied())
        }
        _ => Err(EncodeError::Missing),
    }
}

/// Linear colour as 8-bit sRGB, to the nearest; what is outside of 0..=1 is clipped.
pub fn linear_png(image: &Image<[f32; 3]>) -> Result<Vec<u8>, EncodeError> {
    let codes: &Srgb = &SRGB;
    let nearest = |&value: &f32| finite(value).map(|value| codes.nearest(value));
    let bytes: Result<Vec<u8>, _> = image.pixels().as_flattened().iter().map(nearest).collect();
    picture(image.width(), image.height(), &bytes?)
}

/// 8-bit grey: 0 is 0 and 255 is 1, to the nearest; what is outside is clipped.
pub fn unit_png(image: &Image<f32>) -> Result<Vec<u8>, EncodeError> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=255")]
    let byte = |value: f32| (value * 255.0).round().clamp(0.0, 255.0) as u8;
    let bytes: Result<Vec<u8>, _> = image.pixels().iter().map(|&value| finite(value).map(byte)).collect();
    labels(image.width(), image.height(), png::ColorType::Grayscale, png::BitDepth::Eight, &bytes?)
}

/// 8-bit grey, row by row from the top.
pub(crate) fn gray_png(width: u32, height: u32, bytes: &[u8]) -> Result<Vec<u8>, EncodeError> {
    labels(width, height, png::ColorType::Grayscale, png::BitDepth::Eight, bytes)
}

/// 16-bit grey; an id above [`MAX_PNG_ID`] is an error.
pub fn ids_png(ids: &Image<u32>) -> Result<Vec<u8>, EncodeError> {
    let values = ids.pixels().iter().map(|&id| u16::try_from(id).map_err(|_| EncodeError::IdTooLarge { id }));
    gray16_png(ids.width(), ids.height(), values)
}

/// One unsigned 32-bit channel, `id`.
pub fn ids_exr(ids: &Image<u32>) -> Result<Vec<u8>, EncodeError> {
    exr(ids.width(), ids.height(), (["id"], Sample::Unsigned), ids.pixels().iter().map(|&id| Ok([id])))
}

/// COCO's panoptic image: 8-bit RGB, `id = R + 256 G + 65536 B`.
pub fn panoptic_png(ids: &Image<u32>) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::with_capacity(ids.pixels().len() * 3);
    for &id in ids.pixels() {
        let [r, g, b, 0] = id.to_le_bytes() else { return Err(EncodeError::SegmentTooLarge { id }) };
        bytes.extend([r, g, b]);
    }
    labels(ids.width(), ids.height(), png::ColorType::Rgb, png::BitDepth::Eight, &bytes)
}

/// A 32-bit float channel, `Z`, in metres, bit for bit, and the same again as `Y`.
///
/// `Z` is the name that OpenEXR gives to depth. OpenCV reads a file of `Z` alone without complaint, as zeros
/// (opencv/opencv issue 22592, seen in 4.14); it reads `Y` rightly, as do viewers that know only luminance.
pub fn depth_exr(depth: &Image<f32>) -> Result<Vec<u8>, EncodeError> {
    distances_exr(depth, ["Y", "Z"])
}

/// A 32-bit float channel, `Y`, in metres, bit for bit.
pub fn range_exr(range: &Image<f32>) -> Result<Vec<u8>, EncodeError> {
    distances_exr(range, ["Y"])
}

fn distances_exr<const N: usize>(image: &Image<f32>, names: [&str; N]) -> Result<Vec<u8>, EncodeError> {
    let pixel = |&d: &f32| if is_depth(d) { Ok([d.to_bits(); N]) } else { Err(EncodeError::BadDepth(d)) };
    exr(image.width(), image.height(), (names, Sample::Float), image.pixels().iter().map(pixel))
}

/// 32-bit float channels `R`, `G` and `B` for x, y and z, bit for bit. Channels called `X`, `Y` and `Z` would be read by OpenCV
/// as one, without a word.
///
/// `vectors` come row by row from the top, `width * height` of them: fewer or more are [`EncodeError::Missing`].
pub fn vectors_exr(width: u32, height: u32, vectors: impl Iterator<Item = [f32; 3]>) -> Result<Vec<u8>, EncodeError> {
    let pixel = |vector: [f32; 3]| match vector.into_iter().find(|value| !value.is_finite()) {
        None => Ok([vector[2], vector[1], vector[0]].map(f32::to_bits)),
        Some(bad) => Err(EncodeError::NotFinite(bad)),
    };
    exr(width, height, (["B", "G", "R"], Sample::Float), vectors.map(pixel))
}

/// 16-bit grey, see [`millimetres`].
pub fn depth_png(depth: &Image<f32>) -> Result<Vec<u8>, EncodeError> {
    let values =
        depth.pixels().iter().map(|&d| if is_depth(d) { Ok(millimetres(d)) } else { Err(EncodeError::BadDepth(d)) });
    gray16_png(depth.width(), depth.height(), values)
}

/// Whole millimetres, to the nearest, halves away from zero. 0 means that nothing was hit (+inf), so a hit is 1 at least; 65535
/// means that far or farther.
pub fn millimetres(depth: f32) -> u16 {
    if depth == f32::INFINITY {
        return 0;
    }
    let rounded = (f64::from(depth) * 1000.0).round().clamp(1.0, f64::from(u16::MAX));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1..=65535 above")]
    let value = rounded as u16;
    value
}

fn is_depth(depth: f32) -> bool {
    depth >= 0.0
}

fn finite(value: f32) -> Result<f32, EncodeError> {
    if value.is_finite() { Ok(value) } else { Err(EncodeError::NotFinite(value)) }
}

/// The nearest 8-bit sRGB value of a linear one, by search: a million powers per image would take longer than all else.
struct Srgb {
    /// The least linear value of each code's successor; the last has none.
    ends: [f64; 256],
    /// The code of each 4096th, where the search starts. Two steps are the most that it takes.
    starts: [u8; 4097],
}

static SRGB: LazyLock<Srgb> = LazyLock::new(|| {
    let mut ends = [f64::INFINITY; 256];
    for (end, code) in ends.iter_mut().zip(0_u8..255) {
        *end = linear_from_srgb((f64::from(code) + 0.5) / 255.0);
    }
    let mut srgb = Srgb { ends, starts: [0; 4097] };
    for k in 1..4097_u16 {
        srgb.starts[usize::from(k)] = srgb.search(srgb.starts[usize::from(k) - 1], f64::from(k) / 4096.0);
    }
    srgb
});

impl Srgb {
    fn nearest(&self, linear: f32) -> u8 {
        let linear = f64::from(linear.clamp(0.0, 1.0));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..=4096")]
        let bin = (linear * 4096.0) as usize;
        self.search(self.starts[bin], linear)
    }

    fn search(&self, start: u8, linear: f64) -> u8 {
        let mut code = start;
        while linear >= self.ends[usize::from(code)] {
            code += 1; // stops at 255, whose end is infinite
        }
        code
    }
}

fn gray16_png(
    width: u32,
    height: u32,
    values: impl ExactSizeIterator<Item = Result<u16, EncodeError>>,
) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::with_capacity(values.len() * 2);
    for value in values {
        bytes.extend(value?.to_be_bytes());
    }
    labels(width, height, png::ColorType::Grayscale, png::BitDepth::Sixteen, &bytes)
}

/// An sRGB image: each row with the filter that suits it best.
fn picture(width: u32, height: u32, data: &[u8]) -> Result<Vec<u8>, EncodeError> {
    png_bytes(width, height, png::ColorType::Rgb, png::BitDepth::Eight, png::Compression::Fast, true, data)
}

/// An image of few values: each row as its difference to the one above.
fn labels(
    width: u32,
    height: u32,
    color: png::ColorType,
    depth: png::BitDepth,
    data: &[u8],
) -> Result<Vec<u8>, EncodeError> {
    png_bytes(width, height, color, depth, png::Compression::Fastest, false, data)
}

fn png_bytes(
    width: u32,
    height: u32,
    color: png::ColorType,
    depth: png::BitDepth,
    compression: png::Compression,
    is_srgb: bool,
    data: &[u8],
) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    encoder.set_compression(compression);
    if is_srgb {
        encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(data)?;
    writer.finish()?;
    Ok(bytes)
}
