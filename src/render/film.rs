//! The film: what the sub-frames of one camera bring, summed on the device in single precision, and brought home once.

use wgpu::util::{BufferInitDescriptor, DeviceExt};

use super::RenderError;
use super::readback::{read_buffer, staging_buffer};
use crate::image::Image;

/// Three floats.
const PIXEL_BYTES: u64 = 12;
/// Edge of a workgroup of the shader.
const TILE: u32 = 8;
/// Bands begin at multiples of so many rows, so that they begin where a binding may.
const BAND_ROWS: u32 = 64;

/// The pipeline that adds to films.
pub(super) struct FilmPass {
    layout: wgpu::BindGroupLayout,
    pipeline: wgpu::ComputePipeline,
}

impl FilmPass {
    pub(super) fn new(device: &wgpu::Device) -> Self {
        let shader = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("shaders/film.wgsl"),
            source: wgpu::ShaderSource::Wgsl(include_str!("../../shaders/film.wgsl").into()),
        });
        let entry = |binding, ty| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty,
            count: None,
        };
        let buffer = |ty| wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None };
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("film"),
            entries: &[
                entry(0, buffer(wgpu::BufferBindingType::Uniform)),
                entry(1, buffer(wgpu::BufferBindingType::Storage { read_only: false })),
                entry(
                    2,
                    wgpu::BindingType::Texture {
                        sample_type: wgpu::TextureSampleType::Float { filterable: false },
                        view_dimension: wgpu::TextureViewDimension::D2,
                        multisampled: false,
                    },
                ),
            ],
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("film"),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some("film"),
            layout: Some(&pipeline_layout),
            module: &shader,
            entry_point: Some("add"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        });
        Self { layout, pipeline }
    }
}

/// Films of one size, one for each camera; kept while it stays the same.
pub(super) struct Films {
    width: u32,
    height: u32,
    films: Vec<wgpu::Buffer>,
    staging: wgpu::Buffer,
}

impl Films {
    /// Bytes of one film.
    pub(super) fn bytes(width: u32, height: u32) -> u64 {
        u64::from(width) * u64::from(height) * PIXEL_BYTES
    }

    pub(super) fn new(device: &wgpu::Device, width: u32, height: u32, cameras: usize) -> Self {
        let size = Self::bytes(width, height);
        let film = |_| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("film"),
                size,
                usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            })
        };
        Self { width, height, films: (0..cameras).map(film).collect(), staging: staging_buffer(device, size) }
    }

    pub(super) fn fits(&self, width: u32, height: u32, cameras: usize) -> bool {
        (self.width, self.height, self.films.len()) == (width, height, cameras)
    }

    /// Records the addition of what was drawn of one camera: sub-frame `number` of `count`.
    pub(super) fn add(
        &self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        pass: &FilmPass,
        camera: usize,
        drawn: &wgpu::TextureView,
        (number, count): (u32, u32),
    ) {
        let Some(film) = self.films.get(camera) else { return };
        let row = u64::from(self.width) * PIXEL_BYTES;
        let most = device.limits().max_storage_buffer_binding_size / row / u64::from(BAND_ROWS);
        let band = u32::try_from(most).unwrap_or(u32::MAX).saturating_mul(BAND_ROWS).clamp(BAND_ROWS, self.height);
        let mut first_row = 0;
        while first_row < self.height {
            let rows = band.min(self.height - first_row);
            #[expect(clippy::cast_precision_loss, reason = "at most some thousands")]
            let weight = 1.0 / count as f32;
            let words = [self.width, first_row, rows, u32::from(number == 0), weight.to_bits(), 0, 0, 0];
            let contents: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
            let step = device.create_buffer_init(&BufferInitDescriptor {
                label: Some("film step"),
                contents: &contents,
                usage: wgpu::BufferUsages::UNIFORM,
            });
            let binding = wgpu::BufferBinding {
                buffer: film,
                offset: u64::from(first_row) * row,
                size: std::num::NonZeroU64::new(u64::from(rows) * row),
            };
            let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("film"),
                layout: &pass.layout,
                entries: &[
                    wgpu::BindGroupEntry { binding: 0, resource: step.as_entire_binding() },
                    wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::Buffer(binding) },
                    wgpu::BindGroupEntry { binding: 2, resource: wgpu::BindingResource::TextureView(drawn) },
                ],
            });
            let mut compute = encoder
                .begin_compute_pass(&wgpu::ComputePassDescriptor { label: Some("film"), timestamp_writes: None });
            compute.set_pipeline(&pass.pipeline);
            compute.set_bind_group(0, &group, &[]);
            compute.dispatch_workgroups(self.width.div_ceil(TILE), rows.div_ceil(TILE), 1);
            drop(compute);
            first_row += rows;
        }
    }

    /// Brings one film home: linear RGB.
    pub(super) fn read(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        camera: usize,
    ) -> Result<Image<[f32; 3]>, RenderError> {
        let gone = || RenderError::Failed("a film is gone".into());
        let film = self.films.get(camera).ok_or_else(gone)?;
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("film") });
        encoder.copy_buffer_to_buffer(film, 0, &self.staging, 0, film.size());
        let submission = queue.submit([encoder.finish()]);
        read_buffer(device, &self.staging, film.size(), submission, |bytes| {
            let words = bytes.as_chunks::<4>().0.as_chunks::<3>().0;
            let pixels = words.iter().map(|pixel| pixel.map(f32::from_ne_bytes)).collect();
            Image::new(self.width, self.height, pixels)
        })?
        .ok_or_else(gone)
    }
}
