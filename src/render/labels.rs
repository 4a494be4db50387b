//! The label pass: instance ids and metric depth, on Bevy's device and from Bevy's vertex buffers, with pipelines of our own.
//!
//! It runs after Bevy's update on the same world, so that colour and labels show the same scene by construction; it
//! depends on none of Bevy's phases, materials or batching, never blends and never multisamples.

use bevy::asset::AssetId;
use bevy::image::Image as BevyImage;
use bevy::math::{Affine3A, Mat4, Vec2, Vec4};
use bevy::mesh::Mesh as BevyMesh;
use bevy::render::mesh::allocator::MeshAllocator;
use bevy::render::render_asset::RenderAssets;
use bevy::render::texture::GpuImage;
use std::num::NonZeroU64;
use wgpu::util::{BufferInitDescriptor, DeviceExt};

/// One mesh to label.
#[derive(Debug, Clone)]
pub(super) struct Surface {
    pub(super) mesh: AssetId<BevyMesh>,
    pub(super) world_from_local: Affine3A,
    /// 0 where unlabelled.
    pub(super) id: u32,
    pub(super) cut_out: Option<CutOut>,
}

/// A surface that is not there where its alpha is below a threshold.
#[derive(Debug, Clone)]
pub(super) struct CutOut {
    /// `None` where alpha does not come from a texture.
    pub(super) texture: Option<AssetId<BevyImage>>,
    pub(super) uv_scale: Vec2,
    pub(super) alpha: f32,
    pub(super) cutoff: f32,
}

/// What the pass needs to know of a camera: the matrices that Bevy draws with.
pub(super) struct View {
    pub(super) clip_from_world: Mat4,
    pub(super) view_from_world: Mat4,
}

/// The images that the pass draws into; reused from camera to camera and from scene to scene.
pub(super) struct Targets {
    pub(super) ids: wgpu::Texture,
    pub(super) depth: wgpu::Texture,
    z_buffer: wgpu::Texture,
}

impl Targets {
    pub(super) fn new(device: &wgpu::Device, width: u32, height: u32) -> Self {
        let texture = |label, format, usage| {
            device.create_texture(&wgpu::TextureDescriptor {
                label: Some(label),
                size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format,
                usage,
                view_formats: &[],
            })
        };
        let copied = wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC;
        Self {
            ids: texture("ids", ID_FORMAT, copied),
            depth: texture("depth", DEPTH_FORMAT, copied),
            z_buffer: texture("label z buffer", Z_FORMAT, wgpu::TextureUsages::RENDER_ATTACHMENT),
        }
    }
}

const ID_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::R32Uint;
const DEPTH_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::R32Float;
const Z_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Depth32Float;

/// Bytes of `Surface` and `View` in `shaders/labels.wgsl`.
const SURFACE_WORDS: usize = 20;
const VIEW_WORDS: usize = 20;

/// How vertices of every scene mesh lie in Bevy's buffers: the attributes that `upload` gives them, in Bevy's order (by
/// attribute id: position, normal, uv, tangent).
const VERTEX_STRIDE: u64 = (3 + 3 + 2 + 4) * 4;
const UV_OFFSET: u64 = (3 + 3) * 4;

/// The pipelines and fixed resources of the pass.
pub(super) struct LabelPass {
    surface_layout: wgpu::BindGroupLayout,
    texture_layout: wgpu::BindGroupLayout,
    /// By whether the surface is cut out.
    pipelines: [wgpu::RenderPipeline; 2],
    opaque_texture: wgpu::BindGroup,
}

impl LabelPass {
    pub(super) fn new(device: &wgpu::Device, queue: &wgpu::Queue) -> Self {
        let shader = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("shaders/labels.wgsl"),
            source: wgpu::ShaderSource::Wgsl(include_str!("../../shaders/labels.wgsl").into()),
        });
        let buffer = |binding, ty, size: usize| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::VERTEX_FRAGMENT,
            ty: wgpu::BindingType::Buffer {
                ty,
                has_dynamic_offset: false,
                min_binding_size: NonZeroU64::new(4 * size as u64),
            },
            count: None,
        };
        let surface_layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("label surfaces"),
            entries: &[
                buffer(0, wgpu::BufferBindingType::Uniform, VIEW_WORDS),
                buffer(1, wgpu::BufferBindingType::Storage { read_only: true }, SURFACE_WORDS),
            ],
        });
        let texture_layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("cut-out texture"),
            entries: &[
                wgpu::BindGroupLayoutEntry {
                    binding: 0,
                    visibility: wgpu::ShaderStages::FRAGMENT,
                    ty: wgpu::BindingType::Texture {
                        sample_type: wgpu::TextureSampleType::Float { filterable: true },
                        view_dimension: wgpu::TextureViewDimension::D2,
                        multisampled: false,
                    },
                    count: None,
                },
                wgpu::BindGroupLayoutEntry {
                    binding: 1,
                    visibility: wgpu::ShaderStages::FRAGMENT,
                    ty: wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering),
                    count: None,
                },
            ],
        });
        let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("labels"),
            bind_group_layouts: &[Some(&surface_layout), Some(&texture_layout)],
            immediate_size: 0,
        });
        let pipeline = |cut_out: bool| {
            device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
                label: Some("labels"),
                layout: Some(&layout),
                vertex: wgpu::VertexState {
                    module: &shader,
                    entry_point: Some("vertex"),
                    compilation_options: wgpu::PipelineCompilationOptions::default(),
                    buffers: &[wgpu::VertexBufferLayout {
                        array_stride: VERTEX_STRIDE,
                        step_mode: wgpu::VertexStepMode::Vertex,
                        attributes: &[
                            wgpu::VertexAttribute {
                                format: wgpu::VertexFormat::Float32x3,
                                offset: 0,
                                shader_location: 0,
                            },
                            wgpu::VertexAttribute {
                                format: wgpu::VertexFormat::Float32x2,
                                offset: UV_OFFSET,
                                shader_location: 1,
                            },
                        ],
                    }],
                },
                primitive: wgpu::PrimitiveState { cull_mode: Some(wgpu::Face::Back), ..Default::default() },
                // Reverse z: nearer is greater. Of two surfaces at one depth the first drawn stays.
                depth_stencil: Some(wgpu::DepthStencilState {
                    format: Z_FORMAT,
                    depth_write_enabled: Some(true),
                    depth_compare: Some(wgpu::CompareFunction::Greater),
                    stencil: wgpu::StencilState::default(),
                    bias: wgpu::DepthBiasState::default(),
                }),
                multisample: wgpu::MultisampleState::default(),
                fragment: Some(wgpu::FragmentState {
                    module: &shader,
                    entry_point: Some(if cut_out { "cut_out" } else { "solid" }),
                    compilation_options: wgpu::PipelineCompilationOptions::default(),
                    targets: &[Some(ID_FORMAT.into()), Some(DEPTH_FORMAT.into())],
                }),
                multiview_mask: None,
                cache: None,
            })
        };
        let white = device.create_texture_with_data(
            queue,
            &wgpu::TextureDescriptor {
                label: Some("opaque"),
                size: wgpu::Extent3d { width: 1, height: 1, depth_or_array_layers: 1 },
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format: wgpu::TextureFormat::Rgba8Unorm,
                usage: wgpu::TextureUsages::TEXTURE_BINDING,
                view_formats: &[],
            },
            wgpu::util::TextureDataOrder::LayerMajor,
            &[255; 4],
        );
        let opaque_texture = texture_group(
            device,
            &texture_layout,
            &white.create_view(&wgpu::TextureViewDescriptor::default()),
            &device.create_sampler(&wgpu::SamplerDescriptor::default()),
        );
        Self { pipelines: [pipeline(false), pipeline(true)], surface_layout, texture_layout, opaque_texture }
    }

    /// Records the pass for one camera. `surfaces` are drawn in their order where depths tie; meshes and textures must be
    /// on the GPU, or the missing one is named.
    pub(super) fn record(
        &self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        targets: &Targets,
        view: &View,
        surfaces: &[Surface],
        meshes: &MeshAllocator,
        images: &RenderAssets<GpuImage>,
    ) -> Result<(), String> {
        // wgpu has no empty storage buffers; one unused surface keeps the layout.
        let mut words: Vec<u32> = Vec::with_capacity(SURFACE_WORDS * surfaces.len().max(1));
        surfaces.iter().for_each(|surface| push_surface(&mut words, surface));
        words.resize(SURFACE_WORDS * surfaces.len().max(1), 0);
        let mut view_words: Vec<u32> = view.clip_from_world.to_cols_array().iter().map(|v| v.to_bits()).collect();
        view_words.extend((-view.view_from_world.row(2)).to_array().iter().map(|v| v.to_bits()));

        let buffer = |label, words: &[u32], usage| {
            let contents: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
            device.create_buffer_init(&BufferInitDescriptor { label: Some(label), contents: &contents, usage })
        };
        let view_buffer = buffer("label view", &view_words, wgpu::BufferUsages::UNIFORM);
        let surface_buffer = buffer("label surfaces", &words, wgpu::BufferUsages::STORAGE);
        let surface_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("label surfaces"),
            layout: &self.surface_layout,
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: view_buffer.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 1, resource: surface_buffer.as_entire_binding() },
            ],
        });

        let ids = targets.ids.create_view(&wgpu::TextureViewDescriptor::default());
        let depth = targets.depth.create_view(&wgpu::TextureViewDescriptor::default());
        let z_buffer = targets.z_buffer.create_view(&wgpu::TextureViewDescriptor::default());
        let cleared = |view| {
            Some(wgpu::RenderPassColorAttachment {
                view,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations {
                    load: wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT),
                    store: wgpu::StoreOp::Store,
                },
            })
        };
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("labels"),
            color_attachments: &[cleared(&ids), cleared(&depth)],
            depth_stencil_attachment: Some(wgpu::RenderPassDepthStencilAttachment {
                view: &z_buffer,
                depth_ops: Some(wgpu::Operations { load: wgpu::LoadOp::Clear(0.0), store: wgpu::StoreOp::Discard }),
                stencil_ops: None,
            }),
            ..Default::default()
        });
        pass.set_bind_group(0, &surface_group, &[]);
        let mut first = 0;
        while first < surfaces.len() {
            // Neighbours that differ in pose and id alone are one draw.
            let surface = &surfaces[first];
            let same = |other: &&Surface| {
                other.mesh == surface.mesh
                    && other.cut_out.as_ref().map(|c| c.texture) == surface.cut_out.as_ref().map(|c| c.texture)
            };
            let end = first + surfaces[first..].iter().take_while(same).count();

            let vertices = meshes.mesh_vertex_slice(&surface.mesh).ok_or("the vertices of a mesh")?;
            let indices = meshes.mesh_index_slice(&surface.mesh).ok_or("the indices of a mesh")?;
            let texture = surface.cut_out.as_ref().and_then(|c| c.texture);
            let texture_group = match texture {
                Some(id) => {
                    let image = images.get(id).ok_or("the texture of a cut-out")?;
                    Some(texture_group(device, &self.texture_layout, &image.texture_view, &image.sampler))
                }
                None => None,
            };
            pass.set_pipeline(&self.pipelines[usize::from(surface.cut_out.is_some())]);
            pass.set_bind_group(1, texture_group.as_ref().unwrap_or(&self.opaque_texture), &[]);
            pass.set_vertex_buffer(0, *vertices.buffer.slice(..));
            pass.set_index_buffer(*indices.buffer.slice(..), wgpu::IndexFormat::Uint32);
            let base = i32::try_from(vertices.range.start).map_err(|_| "room for a mesh")?;
            let instances = |i: usize| u32::try_from(i).map_err(|_| "room for so many instances");
            pass.draw_indexed(indices.range.clone(), base, instances(first)?..instances(end)?);
            first = end;
        }
        Ok(())
    }
}

fn texture_group(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    view: &wgpu::TextureView,
    sampler: &wgpu::Sampler,
) -> wgpu::BindGroup {
    device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("cut-out texture"),
        layout,
        entries: &[
            wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::TextureView(view) },
            wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::Sampler(sampler) },
        ],
    })
}

/// `Surface` of the shader.
fn push_surface(words: &mut Vec<u32>, surface: &Surface) {
    let m = Mat4::from(surface.world_from_local);
    for row in [m.row(0), m.row(1), m.row(2)] {
        push(words, row);
    }
    let cut = surface.cut_out.as_ref();
    let scale = cut.map_or(Vec2::ONE, |c| c.uv_scale);
    push(words, Vec4::new(scale.x, scale.y, cut.map_or(1.0, |c| c.alpha), cut.map_or(0.0, |c| c.cutoff)));
    words.extend([surface.id, 0, 0, 0]);
}

fn push(words: &mut Vec<u32>, v: Vec4) {
    words.extend(v.to_array().map(f32::to_bits));
}
