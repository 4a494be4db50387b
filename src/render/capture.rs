//! From a drawn scene to [`Frame`]s: the label pass, amodal masks, and everything home in one copy.

use bevy::asset::{Assets as BevyAssets, Handle};
use bevy::core_pipeline::core_3d::{AlphaMask3d, Opaque3d};
use bevy::ecs::entity::Entity;
use bevy::image::Image as BevyImage;
use bevy::math::Vec4;
use bevy::prelude::{Res, ResMut, Resource, World};
use bevy::render::mesh::allocator::MeshAllocator;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_phase::{RenderBin, ViewBinnedRenderPhases};
use bevy::render::render_resource::{TextureFormat, TextureUsages};
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bevy::render::sync_world::RenderEntity;
use bevy::render::texture::GpuImage;
use bevy::render::view::ExtractedView;
use std::collections::{BTreeMap, BTreeSet};

use super::RenderError;
use super::labels::{self, Assets, Detail, LabelPass};
use super::masks::{self, Batch, Gathered, PlacedBox};
use super::readback::{Images, Plane, Staging, read_buffer, staging_buffer};
use super::spawn::Shot;
use super::surface::{Surface, View};
use crate::frame::{AmodalMask, Frame, Owner};
use crate::image::Image;
use crate::scene::{Camera, ImageSettings, LabelSettings, NormalSurface, Output, Scene};

/// The images that are drawn into, kept while size, number of cameras and labels stay the same.
pub(super) struct Targets {
    pub(super) color: Vec<Handle<BevyImage>>,
    labels: labels::Targets,
    staging: Staging,
}

impl Targets {
    /// What `scene` needs: `self` if that is it.
    pub(super) fn fit(
        current: Option<Self>,
        world: &mut World,
        scene: &Scene,
        adapter: &str,
    ) -> Result<Self, RenderError> {
        let (ImageSettings { width, height, .. }, cameras) = (scene.image, scene.cameras.len());
        let (detail, planes) = planes(&scene.labels);
        if let Some(current) = current
            && current.staging.fits(width, height, cameras, &planes)
        {
            return Ok(current);
        }
        let device = world.resource::<RenderDevice>().wgpu_device().clone();
        let limits = device.limits();
        let (side, bytes) = (limits.max_texture_dimension_2d, Staging::bytes(width, height, cameras, &planes));
        let drawn = u32::try_from(detail.planes().len()).unwrap_or(u32::MAX);
        let pixel_bytes: u32 = detail.planes().iter().map(|plane| 4 * plane.pixel_words()).sum();
        if drawn > limits.max_color_attachments || pixel_bytes > limits.max_color_attachment_bytes_per_sample {
            return Err(RenderError::TooManyPlanes { adapter: adapter.to_owned(), planes: drawn, bytes: pixel_bytes });
        }
        let limit = if width.max(height) > side {
            Some(format!("it makes images up to {side}x{side}"))
        } else if bytes > limits.max_buffer_size {
            Some(format!("they take {bytes} bytes, and one buffer holds {}", limits.max_buffer_size))
        } else {
            None
        };
        if let Some(limit) = limit {
            return Err(RenderError::TooLarge { width, height, cameras, adapter: adapter.to_owned(), limit });
        }
        let mut images = world.resource_mut::<BevyAssets<BevyImage>>();
        let color = (0..cameras)
            .map(|_| {
                let mut target = BevyImage::new_target_texture(width, height, TextureFormat::Rgba8UnormSrgb, None);
                target.texture_descriptor.usage |= TextureUsages::COPY_SRC;
                images.add(target)
            })
            .collect();
        Ok(Self {
            color,
            labels: labels::Targets::new(&device, width, height, detail),
            staging: Staging::new(&device, width, height, cameras, planes),
        })
    }
}

/// Which images the labels need, beside colour.
fn planes(labels: &LabelSettings) -> (Detail, Vec<Plane>) {
    let plane = |output: &Output| match output {
        Output::Normals { surface: NormalSurface::Geometric, .. } => Some(Plane::GeometricNormal),
        Output::Normals { surface: NormalSurface::Shaded, .. } => Some(Plane::ShadedNormal),
        Output::Nocs | Output::Flow(_) | Output::Occlusion(_) | Output::SceneFlow(_) => Some(Plane::Coordinates),
        Output::Uv => Some(Plane::Uv),
        Output::Albedo | Output::Roughness => Some(Plane::AlbedoRoughness),
        Output::Emission | Output::Metallic => Some(Plane::EmissionMetallic),
        _ => None,
    };
    let more: BTreeSet<Plane> = labels.outputs.iter().filter_map(plane).collect();
    let detail = if more.is_empty() { Detail::Basic } else { Detail::Full };
    (detail, [Plane::Color, Plane::Surface, Plane::Distance].into_iter().chain(more).collect())
}

/// Buffers for amodal masks, kept from scene to scene.
#[derive(Default)]
pub(super) struct MaskBuffers {
    /// On the device, and where it is read from.
    buffers: Option<(wgpu::Buffer, wgpu::Buffer)>,
    /// The most words that one batch may have, where a test says so.
    pub(super) budget: Option<u32>,
}

impl MaskBuffers {
    /// More than this for one batch would be hard on small machines.
    const MOST_BYTES: u64 = 128 << 20;

    fn budget(&self, limits: &wgpu::Limits) -> u32 {
        let bytes = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size).min(Self::MOST_BYTES);
        self.budget.unwrap_or(u32::try_from(bytes / 4).unwrap_or(u32::MAX))
    }

    /// Both buffers, with room for so many words.
    fn get(&mut self, device: &wgpu::Device, words: u32, budget: u32) -> &(wgpu::Buffer, wgpu::Buffer) {
        let bytes = u64::from(words) * 4;
        if self.buffers.as_ref().is_none_or(|(masks, _)| masks.size() < bytes) {
            // A little more, so that scene after scene need not grow it.
            let size = bytes.next_power_of_two().max(1 << 16).min(u64::from(budget.max(words)) * 4);
            let masks = device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("amodal masks"),
                size,
                usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            self.buffers = Some((masks, staging_buffer(device, size)));
        }
        self.buffers.as_ref().expect("made above")
    }
}

/// Amodal masks of one scene beyond this are refused, rather than running out of memory.
const MOST_MASK_BYTES: u64 = 2 << 30;

/// Everything that a capture reads.
pub(super) struct Source<'a> {
    pub(super) main: &'a World,
    pub(super) render: &'a World,
    pub(super) pass: &'a LabelPass,
    pub(super) targets: &'a Targets,
    pub(super) scene: &'a Scene,
    pub(super) shot: &'a Shot,
}

/// Draws the labels of all cameras on top of the update that just ran, and takes everything home.
pub(super) fn capture(source: &Source<'_>, buffers: &mut MaskBuffers) -> Result<Vec<Frame>, RenderError> {
    let Source { render, pass, targets, scene, shot, .. } = *source;
    let device = render.resource::<RenderDevice>().wgpu_device();
    let queue = render.resource::<RenderQueue>();
    let images = render.resource::<RenderAssets<GpuImage>>();
    let assets = Assets { meshes: render.resource::<MeshAllocator>(), images };
    let lacking = |missing| RenderError::Failed(format!("the label pass lacks {missing}"));
    let views = views(source)?;

    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("labels") });
    for (camera, ((view, surfaces), color)) in views.iter().zip(&targets.color).enumerate() {
        pass.record(device, &mut encoder, &targets.labels, view, surfaces, assets).map_err(lacking)?;
        for &plane in targets.staging.planes() {
            let texture = match plane {
                Plane::Color => images.get(color.id()).map(|image| &*image.texture),
                label => targets.labels.plane(label),
            };
            let texture = texture.ok_or_else(|| RenderError::Failed(format!("the image of {plane:?} is gone")))?;
            targets.staging.copy(&mut encoder, camera, plane, texture);
        }
    }

    let size = (scene.image.width, scene.image.height);
    let batches = if scene.labels.needs_amodal() {
        let areas = mask_areas(source);
        let of_frames = areas.iter().flatten().map(|(_, area)| area.bytes_in_frame(size.0, size.1)).sum::<u64>();
        if of_frames > MOST_MASK_BYTES {
            return Err(RenderError::TooManyMasks { index: scene.index, bytes: of_frames, most: MOST_MASK_BYTES });
        }
        masks::plan(&areas, buffers.budget(&device.limits()))
    } else {
        Vec::new()
    };
    let largest = batches.iter().map(|batch| batch.words).max().unwrap_or(0);
    let budget = buffers.budget(&device.limits());
    let record = |encoder: &mut wgpu::CommandEncoder,
                  batch: &Batch,
                  (masks, staging): &(wgpu::Buffer, wgpu::Buffer)|
     -> Result<(), RenderError> {
        let bytes = u64::from(batch.words) * 4;
        encoder.clear_buffer(masks, 0, Some(bytes));
        for ((view, surfaces), jobs) in views.iter().zip(&batch.jobs) {
            pass.record_masks(device, encoder, &targets.labels, view, size, surfaces, jobs, masks, assets)
                .map_err(lacking)?;
        }
        encoder.copy_buffer_to_buffer(masks, 0, staging, 0, bytes);
        Ok(())
    };
    // The first batch, as a rule the only one, goes with the images.
    if let Some(first) = batches.first() {
        record(&mut encoder, first, buffers.get(device, largest, budget))?;
    }
    let mut submission = queue.submit([encoder.finish()]);
    let mut frames = targets.staging.read(device, submission.clone(), |images| {
        (0..scene.cameras.len()).map(|camera| frame(images, camera, shot)).collect::<Option<Vec<_>>>()
    })?;
    let mut strays = 0_u32;
    let mut gathered: Vec<Gathered> = views.iter().map(|_| Gathered::default()).collect();
    for (position, batch) in batches.iter().enumerate() {
        let both = buffers.get(device, largest, budget);
        if position > 0 {
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("masks") });
            record(&mut encoder, batch, both)?;
            submission = queue.submit([encoder.finish()]);
        }
        let more = read_buffer(device, &both.1, u64::from(batch.words) * 4, submission.clone(), |bytes| {
            let words: Vec<u32> = bytes.as_chunks::<4>().0.iter().map(|&word| u32::from_ne_bytes(word)).collect();
            for (gathered, jobs) in gathered.iter_mut().zip(&batch.jobs) {
                gathered.add(jobs, &words, size);
            }
            words.first().copied().unwrap_or(0)
        })?;
        strays = strays.saturating_add(more);
    }
    let id = |instance: u32| scene.instances.get(instance as usize).map_or(0, |instance| instance.id);
    if let (Some(frames), false) = (&mut frames, batches.is_empty()) {
        for (frame, gathered) in frames.iter_mut().zip(gathered) {
            let masks: Vec<AmodalMask> = gathered.finish(id);
            frame.amodal = Some(masks);
            frame.amodal_strays = strays;
        }
    }
    frames.ok_or_else(|| RenderError::Failed("an image was not copied".into()))
}

/// What each camera was drawn with, and in which order.
fn views<'a>(source: &Source<'a>) -> Result<Vec<(View, Vec<&'a Surface>)>, RenderError> {
    #[expect(clippy::cast_possible_truncation, reason = "the GPU computes in f32")]
    let view = |(&entity, camera): (&Entity, &Camera)| {
        let view = source.main.get::<RenderEntity>(entity);
        let view = view.and_then(|entity| source.render.get::<ExtractedView>(entity.id()));
        let view = view.ok_or_else(|| RenderError::Failed("a camera is gone from the render world".into()))?;
        let view_from_world = view.world_from_view.to_matrix().inverse();
        let order = label_order(source.render, view, &source.shot.surfaces);
        let view = View {
            clip_from_world: view.clip_from_view * view_from_world,
            view_from_world,
            lens: Vec4::new(camera.fx as f32, camera.fy as f32, camera.cx as f32, camera.cy as f32),
            eye: camera.position.as_vec3(),
        };
        Ok((view, order))
    };
    source.shot.cameras.iter().zip(&source.scene.cameras).map(view).collect()
}

/// In the order in which Bevy drew them for a camera, so that of two surfaces in one plane colour and labels show the same where their
/// depths tie; what Bevy sorts by depth comes last, in the scene's order. Those that labels see through are left out.
fn label_order<'a>(render: &World, view: &ExtractedView, surfaces: &'a [(Entity, Surface)]) -> Vec<&'a Surface> {
    let view = &view.retained_view_entity;
    let order = &render.resource::<SceneOrder>().0;
    let mut drawn: BTreeMap<usize, usize> = BTreeMap::new();
    let mut note_bins = |bins: &mut dyn Iterator<Item = &RenderBin>| {
        for bin in bins {
            // Of one bin all look alike, so that their order among themselves shows in labels alone: it is the scene's.
            let positions: BTreeSet<usize> =
                bin.entities().keys().filter_map(|entity| order.get(&entity.id()).copied()).collect();
            for position in positions {
                let next = drawn.len();
                drawn.entry(position).or_insert(next);
            }
        }
    };
    if let Some(phase) = render.resource::<ViewBinnedRenderPhases<Opaque3d>>().get(view) {
        note_bins(&mut phase.batchable_meshes.values());
    }
    if let Some(phase) = render.resource::<ViewBinnedRenderPhases<AlphaMask3d>>().get(view) {
        note_bins(&mut phase.batchable_meshes.values());
    }
    let mut visible: Vec<(usize, &Surface)> = surfaces.iter().map(|(_, surface)| surface).enumerate().collect();
    visible.retain(|(_, surface)| !surface.see_through);
    visible.sort_by_key(|(position, _)| drawn.get(position).copied().unwrap_or(usize::MAX));
    visible.into_iter().map(|(_, surface)| surface).collect()
}

/// The positions of the scene's surfaces, by entity.
#[derive(Resource, Default)]
pub(super) struct SceneOrder(pub(super) BTreeMap<Entity, usize>);

/// Bevy's lists of what is to be drawn are in an order that depends on what was drawn before. Where depths tie, it decides what is
/// seen: so they are brought into the scene's order.
pub(super) fn sort_bins(
    order: Res<SceneOrder>,
    mut opaque: ResMut<ViewBinnedRenderPhases<Opaque3d>>,
    mut cut_out: ResMut<ViewBinnedRenderPhases<AlphaMask3d>>,
) {
    let position =
        |bin: &RenderBin| bin.entities().keys().filter_map(|entity| order.0.get(&entity.id())).min().copied();
    for phase in opaque.0.values_mut() {
        phase.batchable_meshes.sort_by_cached_key(|_, bin| position(bin));
    }
    for phase in cut_out.0.values_mut() {
        phase.batchable_meshes.sort_by_cached_key(|_, bin| position(bin));
    }
}

/// For each camera, where on the canvas each labelled instance may be.
fn mask_areas(source: &Source<'_>) -> Vec<Vec<(u32, masks::Area)>> {
    let Source { scene, shot, .. } = *source;
    let mut boxes: BTreeMap<u32, Vec<PlacedBox>> = BTreeMap::new();
    for ((_, surface), &placed) in shot.surfaces.iter().zip(&shot.boxes) {
        let labelled = scene.instances.get(surface.instance as usize).is_some_and(|instance| instance.id > 0);
        if labelled && !surface.see_through {
            boxes.entry(surface.instance).or_default().push(placed);
        }
    }
    let areas = |camera| {
        let area = |(&instance, boxes): (&u32, &Vec<PlacedBox>)| {
            masks::canvas_area(boxes, camera, &scene.image).map(|area| (instance, area))
        };
        boxes.iter().filter_map(area).collect()
    };
    scene.cameras.iter().map(areas).collect()
}

/// The images of one camera. `None` where one that is always there was not copied.
fn frame(images: &Images<'_>, camera: usize, shot: &Shot) -> Option<Frame> {
    let surfaces = images.plane(camera, Plane::Surface, |[number]: [u32; 1]| number)?;
    let id = |&number: &u32| {
        let owner = number.checked_sub(1).and_then(|position| shot.owners.get(position as usize));
        owner.map_or(0, |owner: &Owner| owner.id)
    };
    let ids = Image::new(surfaces.width(), surfaces.height(), surfaces.pixels().iter().map(id).collect())?;
    // The pass clears to 0, a distance that no surface has: the near plane is in front of it. Anything else is left as it is, for
    // the audit to see.
    let distance = |word: u32| if word == 0 { f32::INFINITY } else { f32::from_bits(word) };
    let first = |plane| images.plane(camera, plane, |[word, _]: [u32; 2]| distance(word));
    let second = |plane| images.plane(camera, plane, |[_, word]: [u32; 2]| distance(word));
    let three = |plane| images.plane(camera, plane, |[x, y, z, _]: [u32; 4]| [x, y, z].map(f32::from_bits));
    let fourth = |plane| images.plane(camera, plane, |[_, _, _, w]: [u32; 4]| f32::from_bits(w));
    Some(Frame {
        camera,
        rgb: images.plane(camera, Plane::Color, |[word]: [u32; 1]| {
            let [r, g, b, _] = word.to_ne_bytes();
            [r, g, b]
        })?,
        surfaces,
        owners: shot.owners.clone(),
        ids,
        depth: first(Plane::Distance)?,
        range: second(Plane::Distance)?,
        geometric_normals: three(Plane::GeometricNormal),
        shaded_normals: three(Plane::ShadedNormal),
        uv: images.plane(camera, Plane::Uv, |words: [u32; 2]| words.map(f32::from_bits)),
        coordinates: three(Plane::Coordinates),
        albedo: three(Plane::AlbedoRoughness),
        roughness: fourth(Plane::AlbedoRoughness),
        metallic: fourth(Plane::EmissionMetallic),
        emission: three(Plane::EmissionMetallic),
        amodal: None,
        amodal_strays: 0,
    })
}
