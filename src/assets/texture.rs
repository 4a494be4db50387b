//! Decoding image files.

use std::io::Cursor;

use image::ImageReader;

use super::{AssetError, AssetFile, Texture, Wrap, file, licence};
use crate::confine::Folder;
use crate::image::Image;

/// Wider or higher images are refused: more than any GPU of today can hold.
pub const MAX_SIDE: u32 = 16384;

pub(super) fn load(root: &Folder, path: &str) -> Result<Texture, AssetError> {
    let bytes = file::read(root, path, file::MAX_IMAGE)?;
    let image = decode(&bytes).map_err(|reason| AssetError::Broken { path: root.join(path), reason })?;
    let sha256 = file::sha256(&bytes);
    Ok(Texture {
        key: path.to_owned(),
        image,
        wrap: [Wrap::Repeat; 2],
        file: AssetFile { path: path.to_owned(), sha256, licence: licence::beside(root, path), ..AssetFile::default() },
    })
}

/// Decodes a PNG or JPEG file to 8-bit RGBA.
pub(super) fn decode(bytes: &[u8]) -> Result<Image<[u8; 4]>, String> {
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|e| format!("the image cannot be read: {e}"))?;
    if reader.format().is_none() {
        return Err("this is not an image that can be read; expected PNG or JPEG".into());
    }
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(3 << 30); // 16384 x 16384 RGBA, 16-bit on the way
    reader.limits(limits);
    let rgba = reader
        .decode()
        .map_err(|e| {
            format!("the image cannot be decoded (expected PNG or JPEG, at most {MAX_SIDE} pixels a side): {e}")
        })?
        .into_rgba8();
    let (width, height) = rgba.dimensions();
    if width == 0 || height == 0 {
        return Err("the image has no pixels".into());
    }
    let pixels = rgba.into_raw().chunks_exact(4).map(|p| [p[0], p[1], p[2], p[3]]).collect();
    Image::new(width, height, pixels).ok_or_else(|| "the image has no pixels".into())
}
