//! Truth from outside the renderer: a ray caster on the CPU, in double precision, that makes a whole [`Frame`] of a [`Scene`].
//!
//! It shares the triangles with the renderer and nothing else: no matrices, no rasteriser, no mip levels. It is written to be
//! checked by reading: one ray through each pixel's centre, tried on every triangle that could be in its way. Through a lens that bends
//! straight lines it is the lens's own ray (which tests/cpu/lens.rs holds against OpenCV), and amodal masks end where the lens does.
//!
//! Textures are bilinear and full-size, so frames agree only where textures are magnified: a GPU filters the others.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels and f32, chosen by the tests")]

mod compare;
mod look;
mod surface;

pub(crate) use compare::compare;

use glam::{DVec2, DVec3};
use scenewright::assets::Library;
use scenewright::confine::Allowed;
use scenewright::frame::{AmodalMask, BitMask, Frame};
use scenewright::image::Image;
use scenewright::scene::{Camera, Scene};
use std::ops::Range;
use std::path::Path;

use surface::{Cone, Meeting, Surface};

/// What `camera` sees of `scene`, with every image that a frame may have. Colour is grey: light is no matter of this.
///
/// # Panics
/// If `library` lacks an asset of the scene; see [`load`].
pub(crate) fn cast(scene: &Scene, library: &Library, camera: usize) -> Frame {
    let eye = &scene.cameras[camera];
    let (width, height) = (scene.image.width, scene.image.height);
    let (w, h) = (width as i32, height as i32);
    let surfaces = surface::surfaces(scene, library, eye);
    let bent = Rays::new(eye, [-w..2 * w, -h..2 * h]);
    let sideways = eye.sees_sideways(width, height);

    let mut nearest: Image<Option<Hit>> = Image::new(width, height, (0..w * h).map(|_| None).collect()).unwrap();
    let mut masks = Vec::new();
    for (position, instance) in scene.instances.iter().enumerate() {
        // Unlabelled ones have no masks: only what the frame shows of them matters.
        let canvas = if instance.id > 0 { [-w..2 * w, -h..2 * h] } else { [0..w, 0..h] };
        let mut covered = Covered::new(&canvas);
        for (number, surface) in surfaces.iter().enumerate() {
            if surface.owner.instance as usize != position || surface.look.see_through {
                continue;
            }
            for triangle in &surface.triangles {
                let cone = surface.cone(triangle);
                let within = match &bent {
                    None => vec![surface.reach(triangle, eye, &canvas)],
                    Some(rays) => {
                        let near = rays.tiles.iter().filter(|(_, tile)| tile.meets(&cone));
                        near.map(|(tile, _)| tile.clone()).collect()
                    }
                };
                for (x, y) in within.iter().flat_map(pairs) {
                    let meeting = match &bent {
                        None => surface.meet(triangle, direction(eye, x, y)),
                        Some(rays) => rays.at((x, y)).and_then(|ray| surface.meet_along(triangle, ray)),
                    };
                    let Some(meeting) = meeting else { continue };
                    if !canvas[0].contains(&x) || !canvas[1].contains(&y) {
                        continue;
                    }
                    let far = if sideways { meeting.along } else { meeting.depth };
                    if far < eye.near {
                        continue;
                    }
                    covered.insert(x, y);
                    // Outside of the frame, `get` finds nothing.
                    let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { continue };
                    let before = nearest.get(x, y);
                    if before.is_some_and(|hit| hit.as_ref().is_none_or(|hit| meeting.along < hit.meeting.along)) {
                        nearest.set(x, y, Some(Hit { surface: number, meeting }));
                    }
                }
            }
        }
        if instance.id > 0 {
            masks.extend(covered.mask(instance.id, width, height));
        }
    }
    masks.sort_by_key(|mask| mask.id);
    develop(scene, camera, &surfaces, &nearest, masks)
}

/// Unit rays in the camera's frame through the pixels of a canvas.
struct Rays {
    canvas: Pixels,
    /// Row by row; `None` where the lens has none.
    rays: Vec<Option<DVec3>>,
    /// Squares of pixels, with what holds all of their rays.
    tiles: Vec<(Pixels, Cone)>,
}

impl Rays {
    /// `None` for a pinhole.
    fn new(camera: &Camera, canvas: Pixels) -> Option<Self> {
        const SIDE: usize = 8;
        let lens = Some(camera.lens()).filter(|lens| !lens.is_pinhole())?;
        let [columns, rows] = &canvas;
        let pixels = rows.clone().flat_map(|y| columns.clone().map(move |x| (x, y)));
        let ray = |(x, y)| lens.ray(DVec2::new(f64::from(x) + 0.5, f64::from(y) + 0.5));
        let rays = pixels.map(|at| ray(at).map(|ray| DVec3::new(ray.x, -ray.y, -ray.z))).collect();
        let mut rays = Self { canvas: canvas.clone(), rays, tiles: Vec::new() };
        for top in rows.clone().step_by(SIDE) {
            for left in columns.clone().step_by(SIDE) {
                let side = SIDE as i32;
                let tile = [left..(left + side).min(columns.end), top..(top + side).min(rows.end)];
                let within: Vec<DVec3> = pairs(&tile).filter_map(|at| rays.at(at)).collect();
                if !within.is_empty() {
                    rays.tiles.push((tile, Cone::around(&within)));
                }
            }
        }
        Some(rays)
    }

    fn at(&self, (x, y): (i32, i32)) -> Option<DVec3> {
        let [columns, rows] = &self.canvas;
        self.rays[(y - rows.start) as usize * columns.len() + (x - columns.start) as usize]
    }
}

/// The pixels of a rectangle, row by row.
fn pairs([columns, rows]: &Pixels) -> impl Iterator<Item = (i32, i32)> {
    let columns = columns.clone();
    rows.clone().flat_map(move |y| columns.clone().map(move |x| (x, y)))
}

/// Every asset that `scene` names.
pub(crate) fn load(scene: &Scene, root: &Path) -> Library {
    // Tests name files that they have made.
    let made = Allowed::new(&[std::env::temp_dir()]).unwrap();
    let mut library = Library::allowing(made);
    for instance in &scene.instances {
        instance.shape.visit(&mut |shape| {
            if let Some(path) = shape.file() {
                library.load_model(root, path).unwrap();
            }
        });
        let own = instance.shape.materials();
        let material = instance.material.iter().chain(own);
        for path in material.flat_map(|m| m.pictures()) {
            library.load_texture(root, path).unwrap();
        }
    }
    library
}

/// Columns and rows, in pixels of the frame.
type Pixels = [Range<i32>; 2];

/// The nearest surface along one ray.
struct Hit {
    /// Position in the list of surfaces.
    surface: usize,
    meeting: Meeting,
}

/// Along the ray through a pixel's centre, in the camera's frame (x right, y up, looking down -z); one unit of it is one metre
/// of depth.
fn direction(camera: &Camera, x: i32, y: i32) -> DVec3 {
    let (x, y) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
    DVec3::new((x - camera.cx) / camera.fx, -(y - camera.cy) / camera.fy, -1.0)
}

/// The images of a frame, from what each ray hits first.
fn develop(
    scene: &Scene,
    camera: usize,
    surfaces: &[Surface],
    nearest: &Image<Option<Hit>>,
    amodal: Vec<AmodalMask>,
) -> Frame {
    let (width, height) = (nearest.width(), nearest.height());
    let eye = &scene.cameras[camera];
    let pixels = || (0..height as i32).flat_map(|y| (0..width as i32).map(move |x| (x, y))).zip(nearest.pixels());

    fn image<T: Clone>(
        nearest: &Image<Option<Hit>>,
        surfaces: &[Surface],
        nothing: T,
        value: impl Fn(&Surface, &Meeting) -> T,
    ) -> Image<T> {
        let values = nearest.pixels().iter().map(|hit| match hit {
            Some(hit) => value(&surfaces[hit.surface], &hit.meeting),
            None => nothing.clone(),
        });
        Image::new(nearest.width(), nearest.height(), values.collect()).unwrap()
    }
    let vectors = |value: &dyn Fn(&Surface, &Meeting) -> DVec3| {
        Some(image(nearest, surfaces, [0.0; 3], |surface, meeting| value(surface, meeting).as_vec3().to_array()))
    };
    let numbers = |nothing: f32, value: &dyn Fn(&Surface, &Meeting) -> f64| {
        image(nearest, surfaces, nothing, |surface, meeting| value(surface, meeting) as f32)
    };

    let ranges = pixels().map(|((x, y), hit)| match hit {
        Some(hit) if eye.lens_model.is_pinhole() => (direction(eye, x, y) * hit.meeting.depth).length() as f32,
        Some(hit) => hit.meeting.along as f32,
        None => f32::INFINITY,
    });
    let numbered = nearest.pixels().iter().map(|hit| hit.as_ref().map_or(0, |hit| 1 + hit.surface as u32));
    Frame {
        camera,
        rgb: Image::filled(width, height, [128; 3]),
        linear: None,
        deep: None,
        sensor_depth: None,
        surfaces: Image::new(width, height, numbered.collect()).unwrap(),
        owners: surfaces.iter().map(|surface| surface.owner).collect(),
        ids: image(nearest, surfaces, 0, |surface, _| surface.owner.id),
        depth: numbers(f32::INFINITY, &|_, meeting| meeting.depth),
        range: Image::new(width, height, ranges.collect()).unwrap(),
        geometric_normals: vectors(&|surface, meeting| surface.geometric_normal(meeting)),
        shaded_normals: vectors(&|surface, meeting| surface.shaded_normal(meeting)),
        uv: Some(image(nearest, surfaces, [0.0; 2], |surface, meeting| surface.uv(meeting).as_vec2().to_array())),
        coordinates: vectors(&|surface, meeting| surface.coordinates(meeting)),
        albedo: vectors(&|surface, meeting| surface.look.albedo(&surface.spot(meeting))),
        roughness: Some(numbers(0.0, &|surface, meeting| surface.look.roughness(&surface.spot(meeting)))),
        metallic: Some(numbers(0.0, &|surface, meeting| surface.look.metallic(&surface.spot(meeting)))),
        emission: vectors(&|surface, meeting| surface.look.emission(&surface.spot(meeting))),
        amodal: Some(amodal),
        amodal_strays: 0,
    }
}

/// The pixels of a canvas that an instance covers.
struct Covered {
    canvas: Pixels,
    /// Row by row.
    pixels: Vec<bool>,
}

impl Covered {
    fn new(canvas: &Pixels) -> Self {
        let pixels = vec![false; canvas[0].len() * canvas[1].len()];
        Self { canvas: canvas.clone(), pixels }
    }

    fn insert(&mut self, x: i32, y: i32) {
        let [columns, rows] = &self.canvas;
        self.pixels[(y - rows.start) as usize * columns.len() + (x - columns.start) as usize] = true;
    }

    /// `None` where nothing is covered.
    fn mask(&self, id: u32, width: u32, height: u32) -> Option<AmodalMask> {
        let [columns, rows] = &self.canvas;
        let all = rows.clone().flat_map(|y| columns.clone().map(move |x| (x, y)));
        let set: Vec<(i32, i32)> = all.zip(&self.pixels).filter_map(|(at, &set)| set.then_some(at)).collect();
        let bbox = tight(&set)?;
        let within: Vec<(i32, i32)> = set
            .iter()
            .copied()
            .filter(|&(x, y)| (0..width as i32).contains(&x) && (0..height as i32).contains(&y))
            .collect();
        let [x, y, w, h] = tight(&within).unwrap_or_default().map(|c| c as u32);
        let mut inside = BitMask::empty(x, y, w, h);
        for (x, y) in within {
            inside.insert(x as u32, y as u32);
        }
        Some(AmodalMask { id, area: set.len() as u64, bbox, inside })
    }
}

/// The box of some pixels: `[x, y, width, height]`.
fn tight(pixels: &[(i32, i32)]) -> Option<[i32; 4]> {
    let columns = || pixels.iter().map(|&(x, _)| x);
    let rows = || pixels.iter().map(|&(_, y)| y);
    let (left, top) = (columns().min()?, rows().min()?);
    Some([left, top, columns().max()? + 1 - left, rows().max()? + 1 - top])
}

/// Where a point in front of the camera is in the picture.
fn project(camera: &Camera, point: DVec3) -> DVec2 {
    let depth = -point.z;
    DVec2::new(camera.cx + camera.fx * point.x / depth, camera.cy - camera.fy * point.y / depth)
}
