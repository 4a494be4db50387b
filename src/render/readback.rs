//! From textures on the device to [`Frame`]s in memory: one copy, one wait, per scene.

use std::sync::mpsc;

use super::RenderError;
use crate::frame::Frame;
use crate::image::Image;

/// All images are four bytes a pixel: RGBA8, u32, f32.
const PIXEL: usize = 4;
/// Images per camera: colour, ids, depth.
const PLANES: u32 = 3;

/// A buffer that the images of one scene are copied to. Rows are padded as wgpu wants them.
pub(super) struct Staging {
    buffer: wgpu::Buffer,
    width: u32,
    height: u32,
    cameras: usize,
    padded_row: u32,
}

impl Staging {
    pub(super) fn new(device: &wgpu::Device, width: u32, height: u32, cameras: usize) -> Self {
        let padded_row = (width * 4).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
        let size = u64::from(padded_row) * u64::from(height) * u64::from(PLANES) * cameras as u64;
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("staging"),
            size,
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        Self { buffer, width, height, cameras, padded_row }
    }

    /// Bytes that a buffer of these images takes.
    pub(super) fn bytes(width: u32, height: u32, cameras: usize) -> u64 {
        (u64::from(width) * 4).next_multiple_of(256) * u64::from(height) * u64::from(PLANES) * cameras as u64
    }

    pub(super) fn fits(&self, width: u32, height: u32, cameras: usize) -> bool {
        (self.width, self.height, self.cameras) == (width, height, cameras)
    }

    fn plane_bytes(&self) -> u64 {
        u64::from(self.padded_row) * u64::from(self.height)
    }

    /// Records the copy of one camera's images.
    pub(super) fn copy(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        camera: usize,
        color: &wgpu::Texture,
        ids: &wgpu::Texture,
        depth: &wgpu::Texture,
    ) {
        for (plane, texture) in [color, ids, depth].into_iter().enumerate() {
            encoder.copy_texture_to_buffer(
                texture.as_image_copy(),
                wgpu::TexelCopyBufferInfo {
                    buffer: &self.buffer,
                    layout: wgpu::TexelCopyBufferLayout {
                        offset: (camera as u64 * u64::from(PLANES) + plane as u64) * self.plane_bytes(),
                        bytes_per_row: Some(self.padded_row),
                        rows_per_image: Some(self.height),
                    },
                },
                wgpu::Extent3d { width: self.width, height: self.height, depth_or_array_layers: 1 },
            );
        }
    }

    /// Waits for the device and takes the frames.
    pub(super) fn read(
        &self,
        device: &wgpu::Device,
        submission: wgpu::SubmissionIndex,
    ) -> Result<Vec<Frame>, RenderError> {
        let (sender, receiver) = mpsc::channel();
        self.buffer.slice(..).map_async(wgpu::MapMode::Read, move |result| {
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
        let bytes = self.buffer.slice(..).get_mapped_range();
        let frames = (0..self.cameras).map(|camera| self.frame(&bytes, camera)).collect();
        drop(bytes);
        self.buffer.unmap();
        Ok(frames)
    }

    fn frame(&self, bytes: &[u8], camera: usize) -> Frame {
        let rgb = self.plane(bytes, camera, 0, |[r, g, b, _]| [r, g, b]);
        let ids = self.plane(bytes, camera, 1, u32::from_ne_bytes);
        let depth = self.plane(bytes, camera, 2, |word| {
            let depth = f32::from_ne_bytes(word);
            // The pass clears to 0, a depth that no surface has: the near plane is in front of it. Anything else is left as it is,
            // for the audit to see.
            if depth == 0.0 { f32::INFINITY } else { depth }
        });
        Frame { camera, rgb, ids, depth }
    }

    /// One plane without its padding.
    fn plane<T>(&self, bytes: &[u8], camera: usize, plane: usize, pixel: impl Fn([u8; PIXEL]) -> T) -> Image<T> {
        let rows = self.height as usize;
        let padded = self.padded_row as usize;
        let start = (camera * PLANES as usize + plane) * padded * rows;
        let row_bytes = self.width as usize * PIXEL;
        let pixels = bytes[start..start + padded * rows]
            .chunks_exact(padded)
            .flat_map(|row| row[..row_bytes].as_chunks::<PIXEL>().0.iter().map(|&word| pixel(word)))
            .collect();
        Image::new(self.width, self.height, pixels).expect("rows times columns were collected")
    }
}
