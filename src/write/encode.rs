//! Images to the bytes of a file. No paths, no disk.
//!
//! PNG is compressed with the fast setting: the default one takes four to ten times as long for a few percent of size.

use std::io::Cursor;

use exr::prelude::{
    AnyChannel, AnyChannels, Blocks, Compression as ExrCompression, Encoding, FlatSamples, Image as ExrImage, Layer,
    LayerAttributes, LineOrder, WritableImage,
};

use crate::image::Image;

/// The largest id that a 16-bit PNG can hold.
pub const MAX_PNG_ID: u32 = u16::MAX as u32;

/// Why an image cannot be encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// Ids are never cut down to fit.
    #[error("id {id} does not fit in a 16-bit PNG (at most {MAX_PNG_ID}): it needs a 32-bit EXR file")]
    IdTooLarge {
        /// The id.
        id: u32,
    },
    /// A depth that is no distance.
    #[error("depth {0} is neither a distance of at least 0 m nor +inf (nothing hit)")]
    BadDepth(f32),
    /// From the PNG encoder.
    #[error("the PNG encoder failed: {0}")]
    Png(#[from] png::EncodingError),
    /// From the EXR encoder.
    #[error("the EXR encoder failed: {0}")]
    Exr(#[from] exr::error::Error),
}

/// 8-bit sRGB.
pub fn rgb_png(image: &Image<[u8; 3]>) -> Result<Vec<u8>, EncodeError> {
    png_bytes(image.width(), image.height(), png::ColorType::Rgb, png::BitDepth::Eight, image.pixels().as_flattened())
}

/// 16-bit grey; an id above [`MAX_PNG_ID`] is an error.
pub fn ids_png(ids: &Image<u32>) -> Result<Vec<u8>, EncodeError> {
    let values = ids.pixels().iter().map(|&id| u16::try_from(id).map_err(|_| EncodeError::IdTooLarge { id }));
    gray16_png(ids.width(), ids.height(), values)
}

/// One unsigned 32-bit channel, `id`.
pub fn ids_exr(ids: &Image<u32>) -> Result<Vec<u8>, EncodeError> {
    let id = AnyChannel::new("id", FlatSamples::U32(ids.pixels().to_vec()));
    exr_bytes(ids.width(), ids.height(), [id])
}

/// A 32-bit float channel, `Z`, in metres, bit for bit, and the same again as `Y`.
///
/// `Z` is the name that OpenEXR gives to depth. OpenCV reads a file of `Z` alone without complaint, as zeros
/// (opencv/opencv issue 22592, seen in 4.14); it reads `Y` rightly, as do viewers that know only luminance. The copy
/// compresses to about 4% of the file.
pub fn depth_exr(depth: &Image<f32>) -> Result<Vec<u8>, EncodeError> {
    if let Some(&bad) = depth.pixels().iter().find(|d| !is_depth(**d)) {
        return Err(EncodeError::BadDepth(bad));
    }
    let channel = |name| AnyChannel::new(name, FlatSamples::F32(depth.pixels().to_vec()));
    exr_bytes(depth.width(), depth.height(), ["Y", "Z"].map(channel))
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

fn gray16_png(
    width: u32,
    height: u32,
    values: impl ExactSizeIterator<Item = Result<u16, EncodeError>>,
) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::with_capacity(values.len() * 2);
    for value in values {
        bytes.extend(value?.to_be_bytes());
    }
    png_bytes(width, height, png::ColorType::Grayscale, png::BitDepth::Sixteen, &bytes)
}

fn png_bytes(
    width: u32,
    height: u32,
    color: png::ColorType,
    depth: png::BitDepth,
    data: &[u8],
) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    encoder.set_compression(png::Compression::Fast);
    if color == png::ColorType::Rgb {
        encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(data)?;
    writer.finish()?;
    Ok(bytes)
}

fn exr_bytes<const N: usize>(
    width: u32,
    height: u32,
    channels: [AnyChannel<FlatSamples>; N],
) -> Result<Vec<u8>, EncodeError> {
    let channels = channels.into_iter().collect();
    let encoding =
        Encoding { compression: ExrCompression::ZIP16, blocks: Blocks::ScanLines, line_order: LineOrder::Increasing };
    let size = (width as usize, height as usize);
    let layer = Layer::new(size, LayerAttributes::default(), encoding, AnyChannels::sort(channels));
    let mut bytes = Cursor::new(Vec::new());
    ExrImage::from_layer(layer).write().non_parallel().to_buffered(&mut bytes)?;
    Ok(bytes.into_inner())
}
