//! From textures on the device to images in memory: one copy, one wait, per scene. The wait can come later, while the next scene is drawn.

use std::sync::{Arc, mpsc};

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

/// Scenes whose images may be on their way home at the same time.
pub(super) const IN_FLIGHT: usize = 2;

/// Buffers that the images of scenes are copied to: one for each scene in flight.
pub(super) struct Staging {
    buffers: [wgpu::Buffer; IN_FLIGHT],
    layout: Arc<Layout>,
}

/// Where in such a buffer each image is.
#[derive(PartialEq, Eq)]
pub(super) struct Layout {
    /// Of each view.
    sizes: Vec<(u32, u32)>,
    planes: Vec<Plane>,
}

impl Staging {
    pub(super) fn new(device: &wgpu::Device, sizes: Vec<(u32, u32)>, planes: Vec<Plane>) -> Self {
        let bytes = Self::bytes(&sizes, &planes);
        Self {
            buffers: std::array::from_fn(|_| staging_buffer(device, bytes)),
            layout: Arc::new(Layout { sizes, planes }),
        }
    }

    /// Bytes that a buffer of these images takes.
    pub(super) fn bytes(sizes: &[(u32, u32)], planes: &[Plane]) -> u64 {
        sizes.iter().map(|&size| Self::view_bytes(size, planes)).sum()
    }

    fn view_bytes((width, height): (u32, u32), planes: &[Plane]) -> u64 {
        planes.iter().map(|plane| plane.padded_row(width) * u64::from(height)).sum()
    }

    pub(super) fn fits(&self, sizes: &[(u32, u32)], planes: &[Plane]) -> bool {
        self.layout.sizes == sizes && self.layout.planes == planes
    }

    /// Which images there are of each view.
    pub(super) fn planes(&self) -> &[Plane] {
        &self.layout.planes
    }

    /// Records the copy of one image of one view.
    pub(super) fn copy(
        &self,
        slot: usize,
        encoder: &mut wgpu::CommandEncoder,
        view: usize,
        plane: Plane,
        texture: &wgpu::Texture,
    ) {
        let (width, height) = self.layout.sizes[view];
        // A row of 16384 pixels of 16 bytes fits by far.
        let bytes_per_row = u32::try_from(plane.padded_row(width)).ok();
        encoder.copy_texture_to_buffer(
            texture.as_image_copy(),
            wgpu::TexelCopyBufferInfo {
                buffer: &self.buffers[slot],
                layout: wgpu::TexelCopyBufferLayout {
                    offset: self.layout.offset(view, plane),
                    bytes_per_row,
                    rows_per_image: Some(height),
                },
            },
            wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        );
    }

    /// Asks for the images that were copied to a buffer.
    pub(super) fn ask(&self, slot: usize, submission: wgpu::SubmissionIndex) -> (Asked, Arc<Layout>) {
        let buffer = &self.buffers[slot];
        (Asked::new(buffer, buffer.size(), submission), self.layout.clone())
    }
}

impl Layout {
    /// Where an image begins, bytes.
    fn offset(&self, view: usize, plane: Plane) -> u64 {
        let before = self.planes.iter().position(|&other| other == plane).unwrap_or(0);
        let views = Staging::bytes(&self.sizes[..view], &self.planes);
        views + Staging::view_bytes(self.sizes[view], &self.planes[..before])
    }
}

/// The images of a scene, still as the device laid them out.
pub(super) struct Images<'a> {
    pub(super) layout: &'a Layout,
    pub(super) bytes: &'a [u8],
}

impl Images<'_> {
    /// One image without its padding, if it was copied. `pixel` is given a pixel's words.
    pub(super) fn plane<T, const N: usize>(
        &self,
        view: usize,
        plane: Plane,
        pixel: impl Fn([u32; N]) -> T,
    ) -> Option<Image<T>> {
        let (width, height) = *self.layout.sizes.get(view)?;
        if !self.layout.planes.contains(&plane) {
            return None;
        }
        let start = usize::try_from(self.layout.offset(view, plane)).ok()?;
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

/// Bytes of a staging buffer that the device was asked for.
pub(super) struct Asked {
    buffer: wgpu::Buffer,
    length: u64,
    submission: wgpu::SubmissionIndex,
    mapped: mpsc::Receiver<Result<(), wgpu::BufferAsyncError>>,
}

impl Asked {
    /// Asks for the first `length` bytes, once `submission` is done.
    pub(super) fn new(buffer: &wgpu::Buffer, length: u64, submission: wgpu::SubmissionIndex) -> Self {
        let (sender, mapped) = mpsc::channel();
        buffer.slice(..length).map_async(wgpu::MapMode::Read, move |result| {
            // The receiver is gone only if waiting failed, which is reported already.
            let _ = sender.send(result);
        });
        Self { buffer: buffer.clone(), length, submission, mapped }
    }

    /// Waits for the device.
    pub(super) fn wait(&self, device: &wgpu::Device) {
        // What goes wrong is reported when the bytes are taken.
        let _ = device.poll(wgpu::PollType::Wait { submission_index: Some(self.submission.clone()), timeout: None });
        let _ = device.poll(wgpu::PollType::Poll);
    }

    /// Waits for the device and gives the bytes to `take`.
    pub(super) fn take<T>(self, device: &wgpu::Device, take: impl FnOnce(&[u8]) -> T) -> Result<T, RenderError> {
        device
            .poll(wgpu::PollType::Wait { submission_index: Some(self.submission), timeout: None })
            .map_err(|error| RenderError::Failed(error.to_string()))?;
        match self.mapped.try_recv() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(RenderError::Failed(format!("cannot read the images back: {error}"))),
            Err(_) => return Err(RenderError::Failed("cannot read the images back: the copy never finished".into())),
        }
        let bytes = self.buffer.slice(..self.length).get_mapped_range();
        let taken = take(&bytes);
        drop(bytes);
        self.buffer.unmap();
        Ok(taken)
    }
}
