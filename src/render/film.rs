//! The film: what the sub-frames of one camera bring, summed on the device in single precision, and brought home once.

use std::num::NonZeroU64;
use std::ops::Range;
use std::sync::Arc;
use wgpu::util::{BufferInitDescriptor, DeviceExt};

use super::RenderError;
use super::readback::{Asked, staging_buffer};
use super::warp::{MOST_FACES, Warp};
use crate::image::Image;
use crate::scene::Camera;

/// Three floats.
const PIXEL_BYTES: u64 = 12;
/// Edge of a workgroup of the shader.
const TILE: u32 = 8;
/// Bands begin at multiples of so many rows, so that they begin where a binding may.
const BAND_ROWS: u32 = 64;

/// The pipelines that add to films.
pub(super) struct FilmPass {
    layout: wgpu::BindGroupLayout,
    /// Pixel by pixel.
    add: wgpu::ComputePipeline,
    /// Looked up in faces.
    add_looked_up: wgpu::ComputePipeline,
    /// Stands in for rays that nobody asks for.
    nothing: wgpu::TextureView,
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
        let texture = wgpu::BindingType::Texture {
            sample_type: wgpu::TextureSampleType::Float { filterable: false },
            view_dimension: wgpu::TextureViewDimension::D2,
            multisampled: false,
        };
        let mut entries = vec![
            entry(0, buffer(wgpu::BufferBindingType::Uniform)),
            entry(1, buffer(wgpu::BufferBindingType::Storage { read_only: false })),
        ];
        entries.extend((FIRST_FACE..=CORNERS).map(|binding| entry(binding, texture)));
        let layout = device
            .create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some("film"), entries: &entries });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("film"),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = |entry_point| {
            device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some("film"),
                layout: Some(&pipeline_layout),
                module: &shader,
                entry_point: Some(entry_point),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: None,
            })
        };
        let (add, add_looked_up) = (pipeline("add"), pipeline("add_looked_up"));
        let nothing = rays_texture(device, 1, 1).create_view(&wgpu::TextureViewDescriptor::default());
        Self { layout, add, add_looked_up, nothing }
    }
}

/// Bindings of the shader.
const FIRST_FACE: u32 = 2;
const CORNERS: u32 = 8;

fn rays_texture(device: &wgpu::Device, width: u32, height: u32) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: Some("rays"),
        size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba32Float,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    })
}

/// The rays of a lens, on the device.
pub(super) struct Rays {
    warp: Arc<Warp>,
    view: wgpu::TextureView,
}

impl Rays {
    pub(super) fn new(device: &wgpu::Device, queue: &wgpu::Queue, warp: Arc<Warp>) -> Self {
        let (width, height) = warp.corner_grid();
        let texture = rays_texture(device, width, height);
        let bytes: Vec<u8> = warp.corners.iter().flatten().flat_map(|v| v.to_ne_bytes()).collect();
        queue.write_texture(
            texture.as_image_copy(),
            &bytes,
            wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(width * 16), rows_per_image: Some(height) },
            wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        );
        Self { warp, view: texture.create_view(&wgpu::TextureViewDescriptor::default()) }
    }

    pub(super) fn are_of(&self, warp: &Arc<Warp>) -> bool {
        Arc::ptr_eq(&self.warp, warp)
    }
}

/// What one sub-frame brings to the film of one camera.
pub(super) struct Brought<'a> {
    /// What was drawn: the image, or all faces.
    pub(super) drawn: &'a [&'a wgpu::TextureView],
    /// For each face its view as it is in this sub-frame, and the rays that are looked up; `None` for an image as it is.
    pub(super) looked_up: Option<(&'a [Camera], &'a Rays)>,
    /// Where in its area each pixel takes its sample.
    pub(super) sample: [f64; 2],
    /// The rows that it adds to.
    pub(super) rows: Range<u32>,
    /// Which sub-frame, of how many.
    pub(super) number: u32,
    pub(super) count: u32,
}

impl Brought<'_> {
    /// `Step` of the shader, for a band.
    #[expect(clippy::cast_possible_truncation, reason = "the GPU computes in f32")]
    fn words(&self, width: u32, first_row: u32, rows: u32) -> Vec<u8> {
        let [u, v] = self.sample.map(|s| (s as f32).to_bits());
        let faces = u32::try_from(self.drawn.len()).unwrap_or(0);
        let mixed = u32::from(self.count == 1);
        let mut words = vec![
            width,
            first_row,
            rows,
            u32::from(self.number == 0),
            u,
            v,
            self.rows.start,
            faces,
            mixed,
            self.rows.end,
            0,
            0,
        ];
        if let Some((views, rays)) = self.looked_up {
            for (view, face) in views.iter().zip(&rays.warp.frame.faces) {
                for axis in face.axes() {
                    words.extend(axis.as_vec3().extend(0.0).to_array().map(f32::to_bits));
                }
                words.extend([view.fx, view.cx, view.cy, 0.0].map(|v| (v as f32).to_bits()));
            }
        }
        words.resize(12 + 16 * MOST_FACES, 0);
        words.iter().flat_map(|word| word.to_ne_bytes()).collect()
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

    /// Records the addition of what a sub-frame brings to one camera's.
    pub(super) fn add(
        &self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        pass: &FilmPass,
        camera: usize,
        brought: &Brought<'_>,
    ) {
        let (Some(film), Some(&first)) = (self.films.get(camera), brought.drawn.first()) else { return };
        let row = u64::from(self.width) * PIXEL_BYTES;
        let most = device.limits().max_storage_buffer_binding_size / row / u64::from(BAND_ROWS);
        let band = u32::try_from(most).unwrap_or(u32::MAX).saturating_mul(BAND_ROWS).max(BAND_ROWS);
        let corners = brought.looked_up.map_or(&pass.nothing, |(_, rays)| &rays.view);
        let pipeline = if brought.looked_up.is_some() { &pass.add_looked_up } else { &pass.add };
        let mut first_row = 0;
        while first_row < self.height {
            let rows = band.min(self.height - first_row);
            let step = device.create_buffer_init(&BufferInitDescriptor {
                label: Some("film step"),
                contents: &brought.words(self.width, first_row, rows),
                usage: wgpu::BufferUsages::UNIFORM,
            });
            let part = wgpu::BufferBinding {
                buffer: film,
                offset: u64::from(first_row) * row,
                size: NonZeroU64::new(u64::from(rows) * row),
            };
            let mut entries = vec![
                wgpu::BindGroupEntry { binding: 0, resource: step.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::Buffer(part) },
            ];
            let faces = brought.drawn.iter().copied().chain(std::iter::repeat(first)).take(MOST_FACES);
            entries.extend((FIRST_FACE..).zip(faces.chain([corners])).map(|(binding, view)| wgpu::BindGroupEntry {
                binding,
                resource: wgpu::BindingResource::TextureView(view),
            }));
            let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("film"),
                layout: &pass.layout,
                entries: &entries,
            });
            let mut compute = encoder
                .begin_compute_pass(&wgpu::ComputePassDescriptor { label: Some("film"), timestamp_writes: None });
            compute.set_pipeline(pipeline);
            compute.set_bind_group(0, &group, &[]);
            compute.dispatch_workgroups(self.width.div_ceil(TILE), rows.div_ceil(TILE), 1);
            drop(compute);
            first_row += rows;
        }
    }

    /// Brings one film home: linear RGB, of each row the mean of as many sub-frames as added to it.
    pub(super) fn read(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        camera: usize,
        counts: &[u32],
    ) -> Result<Image<[f32; 3]>, RenderError> {
        let gone = || RenderError::Failed("a film is gone".into());
        let film = self.films.get(camera).ok_or_else(gone)?;
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("film") });
        encoder.copy_buffer_to_buffer(film, 0, &self.staging, 0, film.size());
        let submission = queue.submit([encoder.finish()]);
        Asked::new(&self.staging, film.size(), submission)
            .take(device, |bytes| {
                let words = bytes.as_chunks::<4>().0.as_chunks::<3>().0;
                #[expect(clippy::cast_precision_loss, reason = "at most some thousands")]
                let share = counts.iter().map(|&count| 1.0 / count.max(1) as f32);
                let rows = words.chunks_exact(self.width as usize).zip(share);
                let pixels = rows
                    .flat_map(|(row, share)| row.iter().map(move |pixel| pixel.map(|c| f32::from_ne_bytes(c) * share)))
                    .collect();
                Image::new(self.width, self.height, pixels)
            })?
            .ok_or_else(gone)
    }
}
