//! The label pass, on Bevy's device and from Bevy's vertex buffers, with pipelines of our own: which surface each pixel shows,
//! how far it is and, where asked for, everything else that the surface knows of that point; and which pixels each instance
//! covers, seen or not.
//!
//! It runs after Bevy's update on the same world, so that colour and labels show the same scene by construction. What is drawn does
//! not depend on Bevy's phases, materials or batching (their order decides ties alone, see `capture`); it never blends and never
//! multisamples.

use bevy::render::mesh::allocator::MeshAllocator;
use bevy::render::render_asset::RenderAssets;
use bevy::render::texture::GpuImage;
use std::cell::OnceCell;
use std::num::NonZeroU64;
use wgpu::util::{BufferInitDescriptor, DeviceExt};

use super::masks::{MaskJob, Tile};
use super::readback::Plane;
use super::surface::{SURFACE_WORDS, Surface, Textures, VIEW_WORDS, View, surface_words, view_words};
use crate::assets::Wrap;

/// Which labels of each point are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Detail {
    /// Surface and distance.
    #[default]
    Basic,
    /// Every plane.
    Full,
}

impl Detail {
    pub(super) fn planes(self) -> &'static [Plane] {
        match self {
            Self::Basic => &Plane::LABELS[..2],
            Self::Full => &Plane::LABELS,
        }
    }
}

/// The images that the pass draws into; reused from camera to camera and from scene to scene.
pub(super) struct Targets {
    detail: Detail,
    /// In the order of the shader's outputs.
    planes: Vec<wgpu::Texture>,
    z_buffer: wgpu::Texture,
}

/// Something to test depths against.
pub(super) fn z_buffer(device: &wgpu::Device, (width, height): (u32, u32)) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: Some("label z buffer"),
        size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: Z_FORMAT,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT,
        view_formats: &[],
    })
}

impl Targets {
    pub(super) fn new(device: &wgpu::Device, width: u32, height: u32, detail: Detail) -> Self {
        let texture = |format| {
            device.create_texture(&wgpu::TextureDescriptor {
                label: Some("labels"),
                size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format,
                usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
                view_formats: &[],
            })
        };
        let planes = detail.planes().iter().map(|plane| texture(plane.format())).collect();
        Self { detail, planes, z_buffer: z_buffer(device, (width, height)) }
    }

    /// What depths are tested against.
    pub(super) fn z_buffer(&self) -> &wgpu::Texture {
        &self.z_buffer
    }

    /// What was drawn of `plane`, if it is one of these.
    pub(super) fn plane(&self, plane: Plane) -> Option<&wgpu::Texture> {
        self.detail.planes().iter().position(|&other| other == plane).and_then(|position| self.planes.get(position))
    }
}

const Z_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Depth32Float;

/// How vertices of scene meshes lie in Bevy's buffers: the attributes that `upload` gives them, in Bevy's order (by attribute id):
/// position, normal, uv, tangent.
const VERTEX_STRIDE: u64 = (3 + 3 + 2 + 4) * 4;
const VERTEX_ATTRIBUTES: [wgpu::VertexAttribute; 4] = wgpu::vertex_attr_array![
    0 => Float32x3,
    1 => Float32x3,
    2 => Float32x2,
    3 => Float32x4,
];
/// Those of rich meshes: position, normal, uv, second uv, tangent, colour.
const RICH_STRIDE: u64 = VERTEX_STRIDE + (2 + 4) * 4;
const RICH_ATTRIBUTES: [wgpu::VertexAttribute; 6] = wgpu::vertex_attr_array![
    0 => Float32x3,
    1 => Float32x3,
    2 => Float32x2,
    4 => Float32x2,
    3 => Float32x4,
    5 => Float32x4,
];

/// What a draw does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Labels(Detail),
    Amodal,
}

/// For plain and for rich meshes, a pipeline for whole surfaces, and one for surfaces with holes.
struct Pipelines([[wgpu::RenderPipeline; 2]; 2]);

impl Pipelines {
    fn of(&self, surface: &Surface) -> &wgpu::RenderPipeline {
        &self.0[usize::from(surface.rich)][usize::from(surface.look.cut_out.is_some())]
    }
}

/// The pipelines and fixed resources of the pass.
pub(super) struct LabelPass {
    shader: wgpu::ShaderModule,
    surface_layout: wgpu::BindGroupLayout,
    texture_layout: wgpu::BindGroupLayout,
    mask_layout: wgpu::BindGroupLayout,
    /// Made when they are first needed: an adapter that lacks room for all planes can still draw the basic ones.
    basic: OnceCell<Pipelines>,
    full: OnceCell<Pipelines>,
    amodal: OnceCell<Pipelines>,
    /// Stands in for every texture that is not there.
    white: wgpu::TextureView,
    /// One for each way in which textures go on outside of 0..=1.
    samplers: Vec<([Wrap; 2], wgpu::Sampler)>,
}

/// What is on the GPU of a scene.
#[derive(Clone, Copy)]
pub(super) struct Assets<'a> {
    pub(super) meshes: &'a MeshAllocator,
    pub(super) images: &'a RenderAssets<GpuImage>,
}

/// Something that should be on the GPU and is not, in words.
type Lacking = &'static str;

impl LabelPass {
    pub(super) fn new(device: &wgpu::Device, queue: &wgpu::Queue) -> Self {
        let shader = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("shaders/labels.wgsl"),
            source: wgpu::ShaderSource::Wgsl(include_str!("../../shaders/labels.wgsl").into()),
        });
        let buffer = |binding, visibility, ty, words: usize| wgpu::BindGroupLayoutEntry {
            binding,
            visibility,
            ty: wgpu::BindingType::Buffer {
                ty,
                has_dynamic_offset: false,
                min_binding_size: NonZeroU64::new(4 * words as u64),
            },
            count: None,
        };
        let storage = |read_only| wgpu::BufferBindingType::Storage { read_only };
        let both = wgpu::ShaderStages::VERTEX_FRAGMENT;
        let layout = |label, entries: &[wgpu::BindGroupLayoutEntry]| {
            device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(label), entries })
        };
        let surface_layout = layout(
            "label surfaces",
            &[
                buffer(0, both, wgpu::BufferBindingType::Uniform, VIEW_WORDS),
                buffer(1, both, storage(true), SURFACE_WORDS),
            ],
        );
        let texture = |binding| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::FRAGMENT,
            ty: wgpu::BindingType::Texture {
                sample_type: wgpu::TextureSampleType::Float { filterable: true },
                view_dimension: wgpu::TextureViewDimension::D2,
                multisampled: false,
            },
            count: None,
        };
        let sampler = |binding| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::FRAGMENT,
            ty: wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering),
            count: None,
        };
        let textures = (0..4).map(texture).chain((4..8).map(sampler)).collect::<Vec<_>>();
        let texture_layout = layout("label textures", &textures);
        let mask_layout = layout("amodal masks", &[buffer(0, wgpu::ShaderStages::FRAGMENT, storage(false), 1)]);

        let white = device.create_texture_with_data(
            queue,
            &wgpu::TextureDescriptor {
                label: Some("white"),
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
        // As `upload` says it of every texture.
        let sampler = |wrap: [Wrap; 2]| {
            let [address_mode_u, address_mode_v] = wrap.map(|wrap| match wrap {
                Wrap::Repeat => wgpu::AddressMode::Repeat,
                Wrap::Mirror => wgpu::AddressMode::MirrorRepeat,
                Wrap::Clamp => wgpu::AddressMode::ClampToEdge,
            });
            device.create_sampler(&wgpu::SamplerDescriptor {
                label: Some("label textures"),
                address_mode_u,
                address_mode_v,
                mag_filter: wgpu::FilterMode::Linear,
                min_filter: wgpu::FilterMode::Linear,
                mipmap_filter: wgpu::MipmapFilterMode::Linear,
                ..Default::default()
            })
        };
        let wraps = [Wrap::Repeat, Wrap::Mirror, Wrap::Clamp];
        let wraps = wraps.into_iter().flat_map(|u| wraps.map(|v| [u, v]));
        let samplers = wraps.map(|wrap| (wrap, sampler(wrap))).collect();
        Self {
            basic: OnceCell::new(),
            full: OnceCell::new(),
            amodal: OnceCell::new(),
            shader,
            surface_layout,
            texture_layout,
            mask_layout,
            white: white.create_view(&wgpu::TextureViewDescriptor::default()),
            samplers,
        }
    }

    /// Records the labels of one camera's visible surfaces. `surfaces` are drawn in their order, which decides where depths tie; meshes and
    /// textures must be on the GPU, or the missing one is named.
    pub(super) fn record(
        &self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        targets: &Targets,
        view: &View,
        surfaces: &[&Surface],
        assets: Assets<'_>,
    ) -> Result<(), Lacking> {
        let (surface_buffer, view_buffer) =
            (surface_buffer(device, surfaces, |_| None), view_buffer(device, view, Tile::FRAME, [0, 0]));
        let group = self.surface_group(device, &view_buffer, &surface_buffer);
        let views: Vec<_> =
            targets.planes.iter().map(|t| t.create_view(&wgpu::TextureViewDescriptor::default())).collect();
        let z_buffer = targets.z_buffer.create_view(&wgpu::TextureViewDescriptor::default());
        let attachments: Vec<_> = views.iter().map(cleared).collect();
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("labels"),
            color_attachments: &attachments,
            depth_stencil_attachment: Some(z_attachment(&z_buffer)),
            ..Default::default()
        });
        pass.set_bind_group(0, &group, &[]);
        let pipelines = self.pipelines(device, Purpose::Labels(targets.detail));
        let textures_matter = targets.detail == Detail::Full;
        self.draw(device, &mut pass, pipelines, textures_matter, surfaces, |_| true, assets)
    }

    /// Records which pixels of these parts of the canvas the instances of `jobs` cover, into `masks`. `surfaces` may hold others too.
    pub(super) fn record_masks(
        &self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        z_buffer: &wgpu::Texture,
        view: &View,
        (width, height): (u32, u32),
        tiles: &[Tile],
        surfaces: &[&Surface],
        jobs: &[MaskJob],
        masks: &wgpu::Buffer,
        assets: Assets<'_>,
    ) -> Result<(), Lacking> {
        let job_of = |surface: &Surface| {
            let found = jobs.binary_search_by_key(&surface.instance, |job| job.instance);
            found.ok().map(|position| &jobs[position])
        };
        let covering: Vec<&Surface> = surfaces.iter().copied().filter(|s| job_of(s).is_some()).collect();
        if covering.is_empty() {
            return Ok(());
        }
        let surface_buffer = surface_buffer(device, &covering, job_of);
        let mask_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("amodal masks"),
            layout: &self.mask_layout,
            entries: &[wgpu::BindGroupEntry { binding: 0, resource: masks.as_entire_binding() }],
        });
        let z_buffer = z_buffer.create_view(&wgpu::TextureViewDescriptor::default());
        for &tile in tiles {
            let reaches =
                |surface: &Surface| job_of(surface).is_some_and(|job| tile.overlaps(&job.area, width, height));
            if !covering.iter().any(|s| reaches(s)) {
                continue;
            }
            let view_buffer = view_buffer(device, view, tile, tile.origin(width, height));
            let group = self.surface_group(device, &view_buffer, &surface_buffer);
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                label: Some("amodal masks"),
                color_attachments: &[],
                // Nothing is tested against it, but a pass has to draw into something.
                depth_stencil_attachment: Some(z_attachment(&z_buffer)),
                ..Default::default()
            });
            pass.set_bind_group(0, &group, &[]);
            pass.set_bind_group(2, &mask_group, &[]);
            self.draw(device, &mut pass, self.pipelines(device, Purpose::Amodal), false, &covering, reaches, assets)?;
        }
        Ok(())
    }

    fn pipelines(&self, device: &wgpu::Device, purpose: Purpose) -> &Pipelines {
        let cell = match purpose {
            Purpose::Labels(Detail::Basic) => &self.basic,
            Purpose::Labels(Detail::Full) => &self.full,
            Purpose::Amodal => &self.amodal,
        };
        cell.get_or_init(|| {
            let groups = [Some(&self.surface_layout), Some(&self.texture_layout), Some(&self.mask_layout)];
            let groups = if purpose == Purpose::Amodal { &groups[..] } else { &groups[..2] };
            let pipeline = |rich, cut_out| pipeline(device, &self.shader, groups, purpose, rich, cut_out);
            Pipelines([false, true].map(|rich| [false, true].map(|cut_out| pipeline(rich, cut_out))))
        })
    }

    /// Draws those of `surfaces` that `wanted` wants. Neighbours that differ in numbers alone are one draw.
    fn draw(
        &self,
        device: &wgpu::Device,
        pass: &mut wgpu::RenderPass<'_>,
        pipelines: &Pipelines,
        textures_matter: bool,
        surfaces: &[&Surface],
        wanted: impl Fn(&Surface) -> bool,
        assets: Assets<'_>,
    ) -> Result<(), Lacking> {
        // Without a need for textures only a cut-out's colour is looked at, for its alpha.
        let textures = |surface: &Surface| match (textures_matter, surface.look.cut_out) {
            (true, _) => surface.look.textures,
            (false, Some(_)) => Textures { color: surface.look.textures.color, ..Textures::default() },
            (false, None) => Textures::default(),
        };
        let alike = |a: &Surface, b: &Surface| {
            a.mesh == b.mesh
                && a.look.cut_out.is_some() == b.look.cut_out.is_some()
                && textures(a) == textures(b)
                && wanted(a) == wanted(b)
        };
        let mut bound: Option<Textures> = None;
        let mut first = 0;
        for run in surfaces.chunk_by(|a, b| alike(a, b)) {
            let (surface, start) = (run[0], first);
            first += run.len();
            if !wanted(surface) {
                continue;
            }
            let vertices = assets.meshes.mesh_vertex_slice(&surface.mesh).ok_or("the vertices of a mesh")?;
            let indices = assets.meshes.mesh_index_slice(&surface.mesh).ok_or("the indices of a mesh")?;
            if bound != Some(textures(surface)) {
                pass.set_bind_group(1, &self.texture_group(device, textures(surface), assets.images)?, &[]);
                bound = Some(textures(surface));
            }
            pass.set_pipeline(pipelines.of(surface));
            pass.set_vertex_buffer(0, *vertices.buffer.slice(..));
            pass.set_index_buffer(*indices.buffer.slice(..), wgpu::IndexFormat::Uint32);
            let base = i32::try_from(vertices.range.start).map_err(|_| "room for a mesh")?;
            let instance = |i: usize| u32::try_from(i).map_err(|_| "room for so many instances");
            pass.draw_indexed(indices.range.clone(), base, instance(start)?..instance(first)?);
        }
        Ok(())
    }

    fn surface_group(&self, device: &wgpu::Device, view: &wgpu::Buffer, surfaces: &wgpu::Buffer) -> wgpu::BindGroup {
        device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("label surfaces"),
            layout: &self.surface_layout,
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: view.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 1, resource: surfaces.as_entire_binding() },
            ],
        })
    }

    fn texture_group(
        &self,
        device: &wgpu::Device,
        textures: Textures,
        images: &RenderAssets<GpuImage>,
    ) -> Result<wgpu::BindGroup, Lacking> {
        let mut entries = Vec::with_capacity(8);
        for (binding, lookup) in (0..).zip(textures.all()) {
            let view = match lookup {
                Some(lookup) => images.get(lookup.image).map(|image| &*image.texture_view).ok_or("a texture")?,
                None => &self.white,
            };
            let wrap = lookup.map(|lookup| lookup.wrap).unwrap_or_default();
            let sampler =
                self.samplers.iter().find(|(of, _)| *of == wrap).map(|(_, sampler)| sampler).ok_or("a sampler")?;
            entries.push(wgpu::BindGroupEntry { binding, resource: wgpu::BindingResource::TextureView(view) });
            entries
                .push(wgpu::BindGroupEntry { binding: binding + 4, resource: wgpu::BindingResource::Sampler(sampler) });
        }
        Ok(device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("label textures"),
            layout: &self.texture_layout,
            entries: &entries,
        }))
    }
}

fn pipeline(
    device: &wgpu::Device,
    shader: &wgpu::ShaderModule,
    groups: &[Option<&wgpu::BindGroupLayout>],
    purpose: Purpose,
    rich: bool,
    cut_out: bool,
) -> wgpu::RenderPipeline {
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some("labels"),
        bind_group_layouts: groups,
        immediate_size: 0,
    });
    let (entry_point, planes): (_, &[Plane]) = match (purpose, cut_out) {
        (Purpose::Labels(Detail::Basic), false) => ("basic", Detail::Basic.planes()),
        (Purpose::Labels(Detail::Basic), true) => ("basic_cut_out", Detail::Basic.planes()),
        (Purpose::Labels(Detail::Full), false) => ("full", Detail::Full.planes()),
        (Purpose::Labels(Detail::Full), true) => ("full_cut_out", Detail::Full.planes()),
        (Purpose::Amodal, false) => ("amodal", &[]),
        (Purpose::Amodal, true) => ("amodal_cut_out", &[]),
    };
    let targets: Vec<_> = planes.iter().map(|plane| Some(plane.format().into())).collect();
    let hides = purpose != Purpose::Amodal;
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some("labels"),
        layout: Some(&layout),
        vertex: wgpu::VertexState {
            module: shader,
            entry_point: Some(if rich { "vertex_rich" } else { "vertex" }),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            buffers: &[wgpu::VertexBufferLayout {
                array_stride: if rich { RICH_STRIDE } else { VERTEX_STRIDE },
                step_mode: wgpu::VertexStepMode::Vertex,
                attributes: if rich { &RICH_ATTRIBUTES } else { &VERTEX_ATTRIBUTES },
            }],
        },
        primitive: wgpu::PrimitiveState { cull_mode: Some(wgpu::Face::Back), ..Default::default() },
        // Reverse z: nearer is greater. Of two surfaces at one depth the last drawn stays, as in Bevy's passes.
        depth_stencil: Some(wgpu::DepthStencilState {
            format: Z_FORMAT,
            depth_write_enabled: Some(hides),
            depth_compare: Some(if hides {
                wgpu::CompareFunction::GreaterEqual
            } else {
                wgpu::CompareFunction::Always
            }),
            stencil: wgpu::StencilState::default(),
            bias: wgpu::DepthBiasState::default(),
        }),
        multisample: wgpu::MultisampleState::default(),
        fragment: Some(wgpu::FragmentState {
            module: shader,
            entry_point: Some(entry_point),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            targets: &targets,
        }),
        multiview_mask: None,
        cache: None,
    })
}

fn cleared(view: &wgpu::TextureView) -> Option<wgpu::RenderPassColorAttachment<'_>> {
    Some(wgpu::RenderPassColorAttachment {
        view,
        depth_slice: None,
        resolve_target: None,
        ops: wgpu::Operations { load: wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT), store: wgpu::StoreOp::Store },
    })
}

fn z_attachment(view: &wgpu::TextureView) -> wgpu::RenderPassDepthStencilAttachment<'_> {
    wgpu::RenderPassDepthStencilAttachment {
        view,
        depth_ops: Some(wgpu::Operations { load: wgpu::LoadOp::Clear(0.0), store: wgpu::StoreOp::Discard }),
        stencil_ops: None,
    }
}

fn buffer(device: &wgpu::Device, label: &str, words: &[u32], usage: wgpu::BufferUsages) -> wgpu::Buffer {
    let contents: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    device.create_buffer_init(&BufferInitDescriptor { label: Some(label), contents: &contents, usage })
}

fn view_buffer(device: &wgpu::Device, view: &View, tile: Tile, origin: [i32; 2]) -> wgpu::Buffer {
    buffer(device, "label view", &view_words(view, tile, origin), wgpu::BufferUsages::UNIFORM)
}

fn surface_buffer<'j>(
    device: &wgpu::Device,
    surfaces: &[&Surface],
    job_of: impl Fn(&Surface) -> Option<&'j MaskJob>,
) -> wgpu::Buffer {
    buffer(device, "label surfaces", &surface_words(surfaces, job_of), wgpu::BufferUsages::STORAGE)
}
