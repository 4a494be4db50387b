//! From textures on the device to images in memory: one copy, one wait, per scene.

use std::sync::mpsc;

use super::RenderError;
use crate::image::Image;

/// An image that is brought home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Plane {
    /// RGBA8.
    Color,
    /// Number of the surface.
    Surface,
    /// Depth and range.
    Distance,
    GeometricNormal,
    ShadedNormal,
    Coordinates,
    Uv,
    AlbedoRoughness,
    EmissionMetallic,
}

impl Plane {
    /// What the label pass draws, in the order of the shader's outputs; basic labels are the first two.
    pub(super) const LABELS: [Self; 8] = [
        Self::Surface,
        Self::Distance,
        Self::GeometricNormal,
        Self::ShadedNormal,
        Self::Coordinates,
        Self::Uv,
        Self::AlbedoRoughness,
        Self::EmissionMetallic,
    ];

    pub(super) fn format(self) -> wgpu::TextureFormat {
        match self {
            Self::Color => wgpu::TextureFormat::Rgba8UnormSrgb,
            Self::Surface => wgpu::TextureFormat::R32Uint,
            Self::Distance | Self::Uv => wgpu::TextureFormat::Rg32Float,
            Self::GeometricNormal
            | Self::ShadedNormal
            | Self::Coordinates
            | Self::AlbedoRoughness
            | Self::EmissionMetallic => wgpu::TextureFormat::Rgba32Float,
        }
    }

    /// Words of four bytes.
    pub(super) fn pixel_words(self) -> u32 {
        match self {
            Self::Color | Self::Surface => 1,
            Self::Distance | Self::Uv => 2,
            _ => 4,
        }
    }

    /// Bytes of a row, padded as wgpu wants it.
    fn padded_row(self, width: u32) -> u64 {
        (u64::from(width) * 4 * u64::from(self.pixel_words()))
            .next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT.into())
    }
}

/// A buffer that the images of one scene are copied to.
pub(super) struct Staging {
    buffer: wgpu::Buffer,
    /// Of each view.
    sizes: Vec<(u32, u32)>,
    planes: Vec<Plane>,
}

impl Staging {
    pub(super) fn new(device: &wgpu::Device, sizes: Vec<(u32, u32)>, planes: Vec<Plane>) -> Self {
        let buffer = staging_buffer(device, Self::bytes(&sizes, &planes));
        Self { buffer, sizes, planes }
    }

    /// Bytes that a buffer of these images takes.
    pub(super) fn bytes(sizes: &[(u32, u32)], planes: &[Plane]) -> u64 {
        sizes.iter().map(|&size| Self::view_bytes(size, planes)).sum()
    }

    fn view_bytes((width, height): (u32, u32), planes: &[Plane]) -> u64 {
        planes.iter().map(|plane| plane.padded_row(width) * u64::from(height)).sum()
    }

    pub(super) fn fits(&self, sizes: &[(u32, u32)], planes: &[Plane]) -> bool {
        self.sizes == sizes && self.planes == planes
    }

    /// Which images there are of each view.
    pub(super) fn planes(&self) -> &[Plane] {
        &self.planes
    }

    /// Where an image begins, bytes.
    fn offset(&self, view: usize, plane: Plane) -> u64 {
        let before = self.planes.iter().position(|&other| other == plane).unwrap_or(0);
        Self::bytes(&self.sizes[..view], &self.planes) + Self::view_bytes(self.sizes[view], &self.planes[..before])
    }

    /// Records the copy of one image of one view.
    pub(super) fn copy(&self, encoder: &mut wgpu::CommandEncoder, view: usize, plane: Plane, texture: &wgpu::Texture) {
        let (width, height) = self.sizes[view];
        // A row of 16384 pixels of 16 bytes fits by far.
        let bytes_per_row = u32::try_from(plane.padded_row(width)).ok();
        encoder.copy_texture_to_buffer(
            texture.as_image_copy(),
            wgpu::TexelCopyBufferInfo {
                buffer: &self.buffer,
                layout: wgpu::TexelCopyBufferLayout {
                    offset: self.offset(view, plane),
                    bytes_per_row,
                    rows_per_image: Some(height),
                },
            },
            wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        );
    }

    /// Waits for the device and gives the images to `take`.
    pub(super) fn read<T>(
        &self,
        device: &wgpu::Device,
        submission: wgpu::SubmissionIndex,
        take: impl FnOnce(&Images<'_>) -> T,
    ) -> Result<T, RenderError> {
        read_buffer(device, &self.buffer, self.buffer.size(), submission, |bytes| {
            take(&Images { staging: self, bytes })
        })
    }
}

/// The images of a scene, still as the device laid them out.
pub(super) struct Images<'a> {
    staging: &'a Staging,
    bytes: &'a [u8],
}

impl Images<'_> {
    /// One image without its padding, if it was copied. `pixel` is given a pixel's words.
    pub(super) fn plane<T, const N: usize>(
        &self,
        view: usize,
        plane: Plane,
        pixel: impl Fn([u32; N]) -> T,
    ) -> Option<Image<T>> {
        let (width, height) = *self.staging.sizes.get(view)?;
        if !self.staging.planes.contains(&plane) {
            return None;
        }
        let start = usize::try_from(self.staging.offset(view, plane)).ok()?;
        let padded = usize::try_from(plane.padded_row(width)).ok()?;
        let row_bytes = width as usize * 4 * plane.pixel_words() as usize;
        let mut pixels = Vec::with_capacity(width as usize * height as usize);
        for row in self.bytes[start..start + padded * height as usize].chunks_exact(padded) {
            let words = row[..row_bytes].as_chunks::<4>().0.as_chunks::<N>().0;
            pixels.extend(words.iter().map(|&words| pixel(words.map(u32::from_ne_bytes))));
        }
        Image::new(width, height, pixels)
    }
}

/// A buffer that the device writes to and we read from.
pub(super) fn staging_buffer(device: &wgpu::Device, bytes: u64) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("staging"),
        size: bytes,
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    })
}

/// Waits for the device and gives the first `length` bytes of a staging buffer to `take`.
pub(super) fn read_buffer<T>(
    device: &wgpu::Device,
    buffer: &wgpu::Buffer,
    length: u64,
    submission: wgpu::SubmissionIndex,
    take: impl FnOnce(&[u8]) -> T,
) -> Result<T, RenderError> {
    let slice = buffer.slice(..length);
    let (sender, receiver) = mpsc::channel();
    slice.map_async(wgpu::MapMode::Read, move |result| {
        // The receiver is gone only if waiting failed, which is reported already.
        let _ = sender.send(result);
    });
    device
        .poll(wgpu::PollType::Wait { submission_index: Some(submission), timeout: None })
        .map_err(|error| RenderError::Failed(error.to_string()))?;
    match receiver.try_recv() {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Err(RenderError::Failed(format!("cannot read the images back: {error}"))),
        Err(_) => return Err(RenderError::Failed("cannot read the images back: the copy never finished".into())),
    }
    let bytes = slice.get_mapped_range();
    let taken = take(&bytes);
    drop(bytes);
    buffer.unmap();
    Ok(taken)
}
