//! From a drawn scene to [`Frame`]s: the label pass, amodal masks, and everything home in one copy, for which nobody has to wait at once.

use bevy::asset::{Assets as BevyAssets, Handle};
use bevy::camera::CameraProjection;
use bevy::ecs::entity::Entity;
use bevy::image::Image as BevyImage;
use bevy::math::Vec4;
use bevy::prelude::World;
use bevy::render::mesh::allocator::MeshAllocator;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::{TextureFormat, TextureUsages};
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bevy::render::sync_world::RenderEntity;
use bevy::render::texture::GpuImage;
use bevy::render::view::ExtractedView;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::RenderError;
use super::expose;
use super::eyes::{Eye, Eyes};
use super::film::Films;
use super::labels::{self, Assets, Detail, LabelPass};
use super::masks::{self, Batch, Gathered, Looked, PlacedBox, Tile};
use super::order;
use super::projection::Pinhole;
use super::readback::{Asked, IN_FLIGHT, Images, Layout, Plane, Staging, staging_buffer};
use super::spawn::Shot;
use super::surface::{Surface, View};
use super::warp::Warp;
use crate::frame::{AmodalMask, Frame, Owner};
use crate::image::Image;
use crate::scene::{Camera, NormalSurface, Output, Scene};

/// The images that are drawn into, kept while sizes, number of views and labels stay the same.
pub(super) struct Targets {
    pub(super) color: Vec<Handle<BevyImage>>,
    /// Where images are made of linear light.
    pub(super) films: Option<Films>,
    /// One for each size.
    labels: BTreeMap<(u32, u32), labels::Targets>,
    staging: Staging,
}

impl Targets {
    /// What `scene` needs: `self` if that is it.
    pub(super) fn fit(
        current: Option<Self>,
        world: &mut World,
        scene: &Scene,
        eyes: &Eyes,
        adapter: &str,
    ) -> Result<Self, RenderError> {
        let (sizes, cameras) = (eyes.sizes(), scene.cameras.len());
        let (detail, planes) = planes(scene);
        if let Some(current) = current
            && current.staging.fits(&sizes, &planes)
            && current.films_fit(scene)
        {
            return Ok(current);
        }
        let device = world.resource::<RenderDevice>().wgpu_device().clone();
        let limits = device.limits();
        let (side, bytes) = (limits.max_texture_dimension_2d, Staging::bytes(&sizes, &planes));
        let (width, height) = (scene.image.width, scene.image.height);
        let largest = sizes.iter().flat_map(|&(w, h)| [w, h]).max().unwrap_or(0);
        let drawn = u32::try_from(detail.planes().len()).unwrap_or(u32::MAX);
        let pixel_bytes: u32 = detail.planes().iter().map(|plane| 4 * plane.pixel_words()).sum();
        if drawn > limits.max_color_attachments || pixel_bytes > limits.max_color_attachment_bytes_per_sample {
            return Err(RenderError::TooManyPlanes { adapter: adapter.to_owned(), planes: drawn, bytes: pixel_bytes });
        }
        let limit = if width.max(height) > side {
            Some(format!("it makes images up to {side}x{side}"))
        } else if largest > side || eyes.warps.iter().any(|warp| warp.is_some()) && width.max(height) >= side {
            Some(format!("their lens needs views of {largest} pixels, and it makes up to {side}"))
        } else if bytes > limits.max_buffer_size {
            Some(format!("they take {bytes} bytes, and one buffer holds {}", limits.max_buffer_size))
        } else {
            None
        };
        let limit = limit.or_else(|| too_large(&limits, scene));
        if let Some(limit) = limit {
            return Err(RenderError::TooLarge { width, height, cameras, adapter: adapter.to_owned(), limit });
        }
        let mut images = world.resource_mut::<BevyAssets<BevyImage>>();
        let color = sizes
            .iter()
            .map(|&(width, height)| {
                let mut target = BevyImage::new_target_texture(width, height, TextureFormat::Rgba8UnormSrgb, None);
                target.texture_descriptor.usage |= TextureUsages::COPY_SRC;
                images.add(target)
            })
            .collect();
        Ok(Self {
            color,
            films: scene.needs_linear().then(|| Films::new(&device, width, height, cameras)),
            labels: sizes
                .iter()
                .map(|&(width, height)| ((width, height), labels::Targets::new(&device, width, height, detail)))
                .collect(),
            staging: Staging::new(&device, sizes, planes),
        })
    }

    fn films_fit(&self, scene: &Scene) -> bool {
        match &self.films {
            Some(films) => {
                scene.needs_linear() && films.fits(scene.image.width, scene.image.height, scene.cameras.len())
            }
            None => !scene.needs_linear(),
        }
    }
}

/// Why the films of a scene do not fit, if they do not.
fn too_large(limits: &wgpu::Limits, scene: &Scene) -> Option<String> {
    let bytes = Films::bytes(scene.image.width, scene.image.height);
    (scene.needs_linear() && bytes > limits.max_buffer_size)
        .then(|| format!("their linear light takes {bytes} bytes, and one buffer holds {}", limits.max_buffer_size))
}

/// Which images labels and depth sensors need, beside colour.
fn planes(scene: &Scene) -> (Detail, Vec<Plane>) {
    let plane = |output: &Output| match output {
        Output::Normals { surface: NormalSurface::Geometric, .. } => Some(Plane::GeometricNormal),
        Output::Normals { surface: NormalSurface::Shaded, .. } => Some(Plane::ShadedNormal),
        Output::Nocs | Output::Flow(_) | Output::Occlusion(_) | Output::SceneFlow(_) => Some(Plane::Coordinates),
        Output::Uv => Some(Plane::Uv),
        Output::Albedo | Output::Roughness => Some(Plane::AlbedoRoughness),
        Output::Emission | Output::Metallic => Some(Plane::EmissionMetallic),
        _ => None,
    };
    let mut more: BTreeSet<Plane> = scene.labels.outputs.iter().filter_map(plane).collect();
    if scene.cameras.iter().any(|camera| camera.depth_sensor.is_some()) {
        // How much of its light comes back.
        more.extend([Plane::GeometricNormal, Plane::AlbedoRoughness]);
    }
    let detail = if more.is_empty() { Detail::Basic } else { Detail::Full };
    // Where images are made of linear light, they come from the films.
    let color = (!scene.needs_linear()).then_some(Plane::Color);
    (detail, color.into_iter().chain([Plane::Surface, Plane::Distance]).chain(more).collect())
}

/// Buffers for amodal masks, kept from scene to scene.
#[derive(Default)]
pub(super) struct MaskBuffers {
    /// On the device, and where it is read from: one for each scene in flight.
    buffers: Option<(wgpu::Buffer, [wgpu::Buffer; IN_FLIGHT])>,
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

    /// The buffer on the device and the one that is read from, with room for so many words.
    fn get(&mut self, device: &wgpu::Device, slot: usize, words: u32, budget: u32) -> (&wgpu::Buffer, &wgpu::Buffer) {
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
            self.buffers = Some((masks, std::array::from_fn(|_| staging_buffer(device, size))));
        }
        let (masks, staging) = self.buffers.as_ref().expect("made above");
        (masks, &staging[slot])
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
    /// Which of the buffers is free.
    pub(super) slot: usize,
}

/// The frames of a scene, on their way home.
pub(super) struct OnTheWay {
    images: (Asked, Arc<Layout>),
    masks: Masks,
    facts: Facts,
}

/// Amodal masks of a scene.
enum Masks {
    None,
    /// The only batch, on its way.
    Asked(Asked, Batch),
    /// All batches.
    Taken(Found),
}

/// What must be known of a scene when its images come home: of the world that drew it nothing is left then.
struct Facts {
    size: (u32, u32),
    needs_linear: bool,
    /// Of each instance.
    ids: Vec<u32>,
    owners: Arc<[Owner]>,
    /// Of each camera: its views, and the lens that is looked up in them.
    eyes: Vec<(Range<usize>, Option<Arc<Warp>>)>,
    /// Of each view of masks.
    mask_cameras: Vec<usize>,
}

/// Masks, view by view.
struct Found {
    gathered: Vec<Gathered>,
    looked: Vec<Looked>,
    strays: u32,
}

impl Found {
    fn new(views: usize) -> Self {
        Self {
            gathered: (0..views).map(|_| Gathered::default()).collect(),
            looked: (0..views).map(|_| Looked::default()).collect(),
            strays: 0,
        }
    }

    fn add(&mut self, facts: &Facts, batch: &Batch, bytes: &[u8]) {
        let words: Vec<u32> = bytes.as_chunks::<4>().0.iter().map(|&word| u32::from_ne_bytes(word)).collect();
        for (position, jobs) in batch.jobs.iter().enumerate() {
            match facts.eyes[facts.mask_cameras[position]].1 {
                None => self.gathered[position].add(jobs, &words, facts.size),
                Some(_) => self.looked[position].add(jobs, &words),
            }
        }
        self.strays = self.strays.saturating_add(words.first().copied().unwrap_or(0));
    }

    /// Gives each frame its masks.
    fn finish(self, facts: &Facts, frames: &mut [Frame]) {
        let id = |instance: u32| facts.ids.get(instance as usize).copied().unwrap_or(0);
        let mut gathered = self.gathered.into_iter();
        for (camera, frame) in frames.iter_mut().enumerate() {
            let first = facts.mask_cameras.iter().position(|&of| of == camera).unwrap_or(0);
            let count = facts.mask_cameras.iter().filter(|&&of| of == camera).count();
            let own = gathered.by_ref().take(count).next().unwrap_or_default();
            gathered.by_ref().take(count.saturating_sub(1)).for_each(drop);
            let masks: Vec<AmodalMask> = match &facts.eyes[camera].1 {
                None => own.finish(id),
                Some(warp) => masks::looked_up(warp, &self.looked[first..first + count], facts.size, id),
            };
            frame.amodal = Some(masks);
            frame.amodal_strays = self.strays;
        }
    }
}

impl OnTheWay {
    /// Waits for the device. Whether it is still there is then known.
    pub(super) fn wait(&self, device: &wgpu::Device) {
        self.images.0.wait(device);
    }

    /// Waits for the device, and makes frames of what it copied.
    pub(super) fn take(self, device: &wgpu::Device) -> Result<Vec<Frame>, RenderError> {
        let Self { images: (asked, layout), masks, facts } = self;
        let frames = asked.take(device, |bytes| {
            let images = Images { layout: &layout, bytes };
            (0..facts.eyes.len()).map(|camera| frame(&images, camera, &facts)).collect::<Option<Vec<_>>>()
        })?;
        let mut frames = frames.ok_or_else(|| RenderError::Failed("an image was not copied".into()))?;
        let found = match masks {
            Masks::None => return Ok(frames),
            Masks::Taken(found) => found,
            Masks::Asked(asked, batch) => {
                let mut found = Found::new(facts.mask_cameras.len());
                asked.take(device, |bytes| found.add(&facts, &batch, bytes))?;
                found
            }
        };
        found.finish(&facts, &mut frames);
        Ok(frames)
    }
}

/// Draws the labels of all cameras on top of the update that just ran, and has everything copied home.
pub(super) fn capture(source: &Source<'_>, buffers: &mut MaskBuffers) -> Result<OnTheWay, RenderError> {
    let Source { render, pass, targets, scene, shot, slot, .. } = *source;
    let device = render.resource::<RenderDevice>().wgpu_device();
    let queue = render.resource::<RenderQueue>();
    let images = render.resource::<RenderAssets<GpuImage>>();
    let assets = Assets { meshes: render.resource::<MeshAllocator>(), images };
    let lacking = |missing| RenderError::Failed(format!("the label pass lacks {missing}"));
    let views = views(source)?;
    let mask_views = if scene.labels.needs_amodal() { mask_views(source, &views) } else { Vec::new() };

    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("labels") });
    for (position, ((view, surfaces), color)) in views.iter().zip(&targets.color).enumerate() {
        let eye = &shot.eyes.eyes[position];
        let drawn = targets.labels.get(&(eye.width, eye.height));
        let drawn = drawn.ok_or_else(|| RenderError::Failed("there is nothing to draw labels into".into()))?;
        pass.record(device, &mut encoder, drawn, view, surfaces, assets).map_err(lacking)?;
        for &plane in targets.staging.planes() {
            let texture = match plane {
                Plane::Color => images.get(color.id()).map(|image| &*image.texture),
                label => drawn.plane(label),
            };
            let texture = texture.ok_or_else(|| RenderError::Failed(format!("the image of {plane:?} is gone")))?;
            targets.staging.copy(slot, &mut encoder, position, plane, texture);
        }
    }

    let mut batches = if scene.labels.needs_amodal() {
        let areas = mask_areas(source, &mask_views);
        let in_frame = |(view, areas): (&MaskView<'_>, &Vec<(u32, masks::Area)>)| {
            areas.iter().map(|(_, area)| area.bytes_in_frame(view.size.0, view.size.1)).sum::<u64>()
        };
        let of_frames = mask_views.iter().zip(&areas).map(in_frame).sum::<u64>();
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
                  (masks, staging): (&wgpu::Buffer, &wgpu::Buffer)|
     -> Result<(), RenderError> {
        let bytes = u64::from(batch.words) * 4;
        encoder.clear_buffer(masks, 0, Some(bytes));
        for (view, jobs) in mask_views.iter().zip(&batch.jobs) {
            let MaskView { view, surfaces, size, tiles, z_buffer, .. } = view;
            pass.record_masks(device, encoder, z_buffer, view, *size, tiles, surfaces, jobs, masks, assets)
                .map_err(lacking)?;
        }
        encoder.copy_buffer_to_buffer(masks, 0, staging, 0, bytes);
        Ok(())
    };
    // The first batch, as a rule the only one, goes with the images.
    if let Some(first) = batches.first() {
        record(&mut encoder, first, buffers.get(device, slot, largest, budget))?;
    }
    let submission = queue.submit([encoder.finish()]);
    let facts = Facts {
        size: (scene.image.width, scene.image.height),
        needs_linear: scene.needs_linear(),
        ids: scene.instances.iter().map(|instance| instance.id).collect(),
        owners: shot.owners.clone(),
        eyes: shot.eyes.of_camera.iter().cloned().zip(shot.eyes.warps.iter().cloned()).collect(),
        mask_cameras: mask_views.iter().map(|view| view.camera).collect(),
    };
    let images = targets.staging.ask(slot, submission.clone());
    let bytes = |batch: &Batch| u64::from(batch.words) * 4;
    let masks = match batches.len() {
        0 => Masks::None,
        1 => {
            let batch = batches.remove(0);
            let (_, staging) = buffers.get(device, slot, largest, budget);
            Masks::Asked(Asked::new(staging, bytes(&batch), submission), batch)
        }
        // The others have to wait for the room that the first takes.
        _ => {
            let mut found = Found::new(mask_views.len());
            let mut submission = submission;
            for (position, batch) in batches.iter().enumerate() {
                let both = buffers.get(device, slot, largest, budget);
                if position > 0 {
                    let label = Some("masks");
                    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label });
                    record(&mut encoder, batch, both)?;
                    submission = queue.submit([encoder.finish()]);
                }
                let asked = Asked::new(both.1, bytes(batch), submission.clone());
                asked.take(device, |bytes| found.add(&facts, batch, bytes))?;
            }
            Masks::Taken(found)
        }
    };
    Ok(OnTheWay { images, masks, facts })
}

/// What each view was drawn with, and in which order.
fn views<'a>(source: &Source<'a>) -> Result<Vec<(View, Vec<&'a Surface>)>, RenderError> {
    #[expect(clippy::cast_possible_truncation, reason = "the GPU computes in f32")]
    let view = |(&entity, eye): (&Entity, &Eye)| {
        let view = source.main.get::<RenderEntity>(entity);
        let view = view.and_then(|entity| source.render.get::<ExtractedView>(entity.id()));
        let view = view.ok_or_else(|| RenderError::Failed("a camera is gone from the render world".into()))?;
        let view_from_world = view.world_from_view.to_matrix().inverse();
        let order = order::of_labels(source.render, view, &source.shot.surfaces);
        let view = View {
            clip_from_world: view.clip_from_view * view_from_world,
            view_from_world,
            lens: Vec4::new(eye.view.fx as f32, eye.view.fy as f32, eye.view.cx as f32, eye.view.cy as f32),
            eye: eye.view.position.as_vec3(),
        };
        Ok((view, order))
    };
    source.shot.cameras.iter().zip(&source.shot.eyes.eyes).map(view).collect()
}

/// A view whose amodal masks are drawn: that of a pinhole camera, or of a face of the canvas.
struct MaskView<'a> {
    camera: usize,
    pinhole: Camera,
    view: View,
    surfaces: Vec<&'a Surface>,
    size: (u32, u32),
    tiles: &'static [Tile],
    z_buffer: wgpu::Texture,
}

fn mask_views<'a>(source: &Source<'a>, views: &[(View, Vec<&'a Surface>)]) -> Vec<MaskView<'a>> {
    let Source { scene, shot, targets, .. } = *source;
    let device = source.render.resource::<RenderDevice>().wgpu_device();
    let mut all = Vec::new();
    for (camera, of_scene) in scene.cameras.iter().enumerate() {
        let first = shot.eyes.of_camera[camera].start;
        let Some((view, surfaces)) = views.get(first) else { continue };
        let size = (scene.image.width, scene.image.height);
        let canvas = shot.eyes.warps[camera].as_ref().and_then(|warp| Some((warp, warp.canvas.as_ref()?)));
        match canvas {
            None => all.push(MaskView {
                camera,
                pinhole: of_scene.clone(),
                view: *view,
                surfaces: surfaces.clone(),
                size,
                tiles: &Tile::ALL,
                z_buffer: match targets.labels.get(&size) {
                    Some(targets) => targets.z_buffer().clone(),
                    None => labels::z_buffer(device, size),
                },
            }),
            Some((warp, canvas)) => {
                // What is seen is looked up in the faces that labels are of; the canvas around the frame, in those of its own.
                let own = shot.eyes.of_camera[camera].clone();
                all.extend(own.filter_map(|eye| {
                    let ((view, _), eye) = (views.get(eye)?, &shot.eyes.eyes[eye]);
                    let size = (eye.width, eye.height);
                    Some(MaskView {
                        camera,
                        pinhole: eye.view.clone(),
                        view: *view,
                        surfaces: surfaces.clone(),
                        size,
                        tiles: &Tile::FRAME_ALONE,
                        z_buffer: targets.labels.get(&size)?.z_buffer().clone(),
                    })
                }));
                all.extend(canvas.faces.iter().map(|face| {
                    let pinhole = face.view(of_scene, warp.widest());
                    let size = (face.width, face.height);
                    let view = view_of(&pinhole, size);
                    let z_buffer = labels::z_buffer(device, size);
                    MaskView {
                        camera,
                        pinhole,
                        view,
                        surfaces: surfaces.clone(),
                        size,
                        tiles: &Tile::FRAME_ALONE,
                        z_buffer,
                    }
                }));
            }
        }
    }
    all
}

/// What a pinhole that Bevy does not draw would be drawn with.
#[expect(clippy::cast_possible_truncation, reason = "the GPU computes in f32")]
fn view_of(pinhole: &Camera, (width, height): (u32, u32)) -> View {
    let view_from_world = expose::transform(pinhole).to_matrix().inverse();
    let clip_from_view = Pinhole::new(pinhole, width, height).get_clip_from_view();
    View {
        clip_from_world: clip_from_view * view_from_world,
        view_from_world,
        lens: Vec4::new(pinhole.fx as f32, pinhole.fy as f32, pinhole.cx as f32, pinhole.cy as f32),
        eye: pinhole.position.as_vec3(),
    }
}

/// For each view, where each labelled instance may be.
fn mask_areas(source: &Source<'_>, views: &[MaskView<'_>]) -> Vec<Vec<(u32, masks::Area)>> {
    let Source { scene, shot, .. } = *source;
    let mut boxes: BTreeMap<u32, Vec<PlacedBox>> = BTreeMap::new();
    for ((_, surface), &placed) in shot.surfaces.iter().zip(&shot.boxes) {
        let labelled = scene.instances.get(surface.instance as usize).is_some_and(|instance| instance.id > 0);
        if labelled && !surface.see_through {
            boxes.entry(surface.instance).or_default().push(placed);
        }
    }
    let areas = |view: &MaskView<'_>| {
        let area = |(&instance, boxes): (&u32, &Vec<PlacedBox>)| {
            masks::canvas_area(boxes, &view.pinhole, view.size, view.tiles).map(|area| (instance, area))
        };
        boxes.iter().filter_map(area).collect()
    };
    views.iter().map(areas).collect()
}

/// The images of one camera. `None` where one that is always there was not copied.
fn frame(images: &Images<'_>, camera: usize, facts: &Facts) -> Option<Frame> {
    let (eyes, warp) = &facts.eyes[camera];
    let taken = Taken { images, eyes: eyes.clone(), warp: warp.as_deref() };
    let surfaces = taken.plane(Plane::Surface, |[number]: [u32; 1]| number)?;
    let id = |&number: &u32| {
        let owner = number.checked_sub(1).and_then(|position| facts.owners.get(position as usize));
        owner.map_or(0, |owner: &Owner| owner.id)
    };
    let ids = Image::new(surfaces.width(), surfaces.height(), surfaces.pixels().iter().map(id).collect())?;
    // The pass clears to 0, a distance that no surface has: the near plane is in front of it. Anything else is left as it is, for
    // the audit to see.
    let distance = |word: u32| if word == 0 { f32::INFINITY } else { f32::from_bits(word) };
    let range = taken.plane(Plane::Distance, |[_, word]: [u32; 2]| distance(word))?;
    let depth = match taken.warp {
        None => taken.plane(Plane::Distance, |[word, _]: [u32; 2]| distance(word))?,
        // Faces have axes of their own.
        Some(warp) => {
            #[expect(clippy::cast_possible_truncation, reason = "as the GPU has it")]
            let along = |(&range, cosine): (&f32, f64)| {
                if range.is_finite() { (f64::from(range) * cosine) as f32 } else { range }
            };
            let depths = range.pixels().iter().zip(warp.cosines()).map(along).collect();
            Image::new(range.width(), range.height(), depths)?
        }
    };
    let three = |plane| taken.plane(plane, |[x, y, z, _]: [u32; 4]| [x, y, z].map(f32::from_bits));
    let fourth = |plane| taken.plane(plane, |[_, _, _, w]: [u32; 4]| f32::from_bits(w));
    let rgb = if facts.needs_linear {
        Image::filled(surfaces.width(), surfaces.height(), [0; 3])
    } else {
        taken.plane(Plane::Color, |[word]: [u32; 1]| {
            let [r, g, b, _] = word.to_ne_bytes();
            [r, g, b]
        })?
    };
    Some(Frame {
        camera,
        rgb,
        linear: None,
        deep: None,
        sensor_depth: None,
        surfaces,
        owners: facts.owners.clone(),
        ids,
        depth,
        range,
        geometric_normals: three(Plane::GeometricNormal),
        shaded_normals: three(Plane::ShadedNormal),
        uv: taken.plane(Plane::Uv, |words: [u32; 2]| words.map(f32::from_bits)),
        coordinates: three(Plane::Coordinates),
        albedo: three(Plane::AlbedoRoughness),
        roughness: fourth(Plane::AlbedoRoughness),
        metallic: fourth(Plane::EmissionMetallic),
        emission: three(Plane::EmissionMetallic),
        amodal: None,
        amodal_strays: 0,
    })
}

/// What was copied of one camera: its image, or the faces that its pixels are looked up in.
struct Taken<'a> {
    images: &'a Images<'a>,
    eyes: Range<usize>,
    warp: Option<&'a Warp>,
}

impl Taken<'_> {
    /// One plane, if it was copied. `pixel` is given a pixel's words: zeros where the lens has no ray.
    fn plane<T: Copy, const N: usize>(&self, plane: Plane, pixel: impl Fn([u32; N]) -> T) -> Option<Image<T>> {
        match self.warp {
            None => self.images.plane(self.eyes.start, plane, pixel),
            Some(warp) => {
                let faces: Option<Vec<Image<T>>> =
                    self.eyes.clone().map(|eye| self.images.plane(eye, plane, &pixel)).collect();
                warp.gather(&faces?, pixel([0; N]))
            }
        }
    }
}
