//! Lenses that are no pinholes, looked up in pinholes.
//!
//! A rasteriser draws straight lines straight. So what a distorted lens sees is drawn as one pinhole view, or as up to six faces of a cube around
//! the camera, and each pixel of the image is looked up there along its own ray.
//!
//! # How far off a label may be
//! A label is that of the nearest pixel of a face, half a face's pixel away in either direction at most. Faces are so dense that a step of
//! one of their pixels, whatever its direction, is at most `1 / sqrt(2)` of a pixel of the image: so the ray that is labelled lands within
//! `sqrt(2) / 2 / sqrt(2)`, half a pixel, of the pixel's centre. (Near the poles of an equirectangular image, and towards the far end of a fisheye
//! that sees backwards, a pixel is a sliver: no face is denser than for three times the pixels that the image has for an angle at its axis, so that
//! there the bound is half of what such a pixel is, as an angle.)

use glam::{DMat3, DQuat, DVec2, DVec3};
use rayon::prelude::*;

use crate::image::Image;
use crate::scene::ImageSettings;
use crate::scene::camera::{Camera, Lens, LensModel};

/// The most faces that a camera is drawn with.
pub(super) const MOST_FACES: usize = 6;
/// No face has a pixel there.
const NOWHERE: u32 = u32::MAX;
/// Bits of a code that say which pixel of the face; those above say which face.
const PIXEL_BITS: u32 = 29;
/// Up to this angle off the axis, one plane is taken: beyond it, the pixels of a cube are fewer.
const WIDEST_PLANE: f64 = 1.05;
/// Pixels around what is looked up.
const MARGIN: f64 = 2.0;
/// A face is no denser than for so many times the image's density at its axis.
const DENSEST: f64 = 3.0;
/// Every so many pixels, the density is looked at.
const STRIDE: usize = 8;

/// The axes of a cube's faces in the OpenCV camera frame: to the right, down, and forward.
const FACES: [[DVec3; 3]; MOST_FACES] = [
    [DVec3::X, DVec3::Y, DVec3::Z],
    [DVec3::NEG_Z, DVec3::Y, DVec3::X],
    [DVec3::Z, DVec3::Y, DVec3::NEG_X],
    [DVec3::NEG_X, DVec3::Y, DVec3::NEG_Z],
    [DVec3::X, DVec3::NEG_Z, DVec3::Y],
    [DVec3::X, DVec3::Z, DVec3::NEG_Y],
];

/// A pinhole view that pixels are looked up in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Face {
    /// Which of `FACES` it looks along.
    axes: usize,
    /// Pixels.
    pub(super) focal: f64,
    /// Principal point, continuous pixels.
    pub(super) center: DVec2,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Face {
    /// Its camera, for a camera that is looked up in it.
    pub(super) fn view(&self, camera: &Camera, widest: f64) -> Camera {
        let [right, down, forward] = FACES[self.axes];
        let camera_from_face = DMat3::from_cols(right, -down, -forward);
        // From our frame of the face (y up, looking down -z) to OpenCV's of the camera, and to ours.
        let flip = DMat3::from_diagonal(DVec3::new(1.0, -1.0, -1.0));
        let turn = DQuat::from_mat3(&(flip * camera_from_face));
        // What is nearer than the near plane off a face's axis must be drawn too.
        let near = if widest > WIDEST_PLANE { camera.near / 3.0_f64.sqrt() } else { camera.near };
        Camera {
            fx: self.focal,
            fy: self.focal,
            cx: self.center.x,
            cy: self.center.y,
            lens_model: LensModel::Pinhole,
            near,
            rotation: (camera.rotation * turn).normalize(),
            ..camera.clone()
        }
    }

    /// The rows of the matrix that takes the OpenCV camera frame to its own.
    pub(super) fn axes(&self) -> [DVec3; 3] {
        FACES[self.axes]
    }

    /// Where a ray of the camera's is on its plane: `x / z`, `y / z`.
    fn flat(&self, ray: DVec3) -> DVec2 {
        let [right, down, forward] = FACES[self.axes];
        DVec2::new(right.dot(ray), down.dot(ray)) / forward.dot(ray)
    }

    /// The pixel of it that a ray which it owns goes through.
    fn pixel(&self, ray: DVec3) -> u32 {
        let at = self.center + self.flat(ray) * self.focal;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the face")]
        let whole = |v: f64, size: u32| v.clamp(0.0, f64::from(size - 1)) as u32;
        whole(at.y, self.height) * self.width + whole(at.x, self.width)
    }

    /// The unit ray through the centre of one of its pixels, in the OpenCV camera frame.
    fn ray(&self, pixel: u32) -> DVec3 {
        let [right, down, forward] = FACES[self.axes];
        let place = DVec2::new(f64::from(pixel % self.width), f64::from(pixel / self.width)) + 0.5;
        let flat = (place - self.center) / self.focal;
        (right * flat.x + down * flat.y + forward).normalize()
    }
}

/// Which face a ray belongs to.
fn owner(ray: DVec3, cube: bool) -> usize {
    if !cube {
        return 0;
    }
    let along = |axes: &[DVec3; 3]| axes[2].dot(ray);
    let best = |best: usize, k: usize| if along(&FACES[k]) > along(&FACES[best]) { k } else { best };
    (1..MOST_FACES).fold(0, best)
}

/// Whether it takes a cube to hold all of `rays`.
fn needs_cube(rays: &[Option<DVec3>]) -> bool {
    rays.iter().flatten().map(|ray| ray.z).fold(1.0, f64::min) < libm::cos(WIDEST_PLANE)
}

/// Faces that hold all of `rays`, each with a focal length of its own.
fn faces(rays: &[Option<DVec3>], focal: [f64; MOST_FACES], cube: bool) -> Vec<Face> {
    let mut bounds: [Option<(DVec2, DVec2)>; MOST_FACES] = [None; MOST_FACES];
    for &ray in rays.iter().flatten() {
        let axes = owner(ray, cube);
        let face = Face { axes, focal: focal[axes], center: DVec2::ZERO, width: 0, height: 0 };
        let at = face.flat(ray) * focal[axes];
        let (low, high) = bounds[axes].get_or_insert((at, at));
        (*low, *high) = (low.min(at), high.max(at));
    }
    let face = |(axes, bounds): (usize, &Option<(DVec2, DVec2)>)| {
        let (low, high) = (*bounds)?;
        let (low, high) = ((low - MARGIN).floor(), (high + MARGIN).ceil());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; `as` stops at the ends")]
        let whole = |v: f64| v as u32;
        Some(Face {
            axes,
            focal: focal[axes],
            center: -low,
            width: whole(high.x - low.x),
            height: whole(high.y - low.y),
        })
    };
    let mut faces: Vec<Face> = bounds.iter().enumerate().filter_map(face).collect();
    if faces.is_empty() {
        // A lens without a ray: something has to be drawn all the same.
        faces.push(Face { axes: 0, focal: focal[0], center: DVec2::ONE, width: 2, height: 2 });
    }
    faces
}

/// Where pixels are looked up.
#[derive(Debug)]
pub(super) struct Lookup {
    pub(super) faces: Vec<Face>,
    /// For each pixel, row by row: the face and the pixel there, or [`NOWHERE`].
    codes: Vec<u32>,
}

impl Lookup {
    fn new(camera: &Camera, rays: &[Option<DVec3>], more: &[Option<DVec3>], width: u32) -> Self {
        let all: Vec<Option<DVec3>> = rays.iter().chain(more).copied().collect();
        let cube = needs_cube(&all);
        let focal = density(camera, rays, width, cube).map(|density| 2.0_f64.sqrt() * density);
        let faces = faces(&all, focal, cube);
        let code = |ray: &Option<DVec3>| {
            let axes = owner((*ray)?, cube);
            let face = faces.iter().position(|face| face.axes == axes)?;
            Some(u32::try_from(face).ok()? << PIXEL_BITS | faces[face].pixel((*ray)?))
        };
        let codes = rays.par_iter().map(|ray| code(ray).unwrap_or(NOWHERE)).collect();
        Self { faces, codes }
    }

    fn parts(code: u32) -> (usize, u32) {
        ((code >> PIXEL_BITS) as usize, code & ((1 << PIXEL_BITS) - 1))
    }
}

/// How the pixels of a camera are looked up.
#[derive(Debug)]
pub(super) struct Warp {
    width: u32,
    height: u32,
    pub(super) frame: Lookup,
    /// For each corner of a pixel, row by row, `width + 1` in a row: the unit ray in the OpenCV camera frame, and 1; or zeros where there is none.
    pub(super) corners: Vec<[f32; 4]>,
    /// The same for the canvas of three by three frames, where it is needed.
    pub(super) canvas: Option<Lookup>,
}

impl Warp {
    /// Of `camera`; `None` where it is a pinhole.
    pub(super) fn of(camera: &Camera, image: &ImageSettings, canvas: bool) -> Option<Self> {
        if camera.lens_model.is_pinhole() {
            return None;
        }
        let (lens, width, height) = (camera.lens(), image.width, image.height);
        let corners = grid(&lens, DVec2::ZERO, width + 1, height + 1);
        let centers = grid(&lens, DVec2::splat(0.5), width, height);
        let frame = Lookup::new(camera, &centers, &corners, width);
        let canvas = canvas.then(|| {
            let first = DVec2::new(0.5 - f64::from(width), 0.5 - f64::from(height));
            Lookup::new(camera, &grid(&lens, first, 3 * width, 3 * height), &[], 3 * width)
        });
        let narrow = |ray: Option<DVec3>| ray.map_or([0.0; 4], |ray| ray.extend(1.0).as_vec4().to_array());
        Some(Self { width, height, frame, corners: corners.into_iter().map(narrow).collect(), canvas })
    }

    /// Columns and rows of `corners`.
    pub(super) fn corner_grid(&self) -> (u32, u32) {
        (self.width + 1, self.height + 1)
    }

    /// The largest angle off the optical axis that the image shows, radians.
    pub(super) fn widest(&self) -> f64 {
        let least = self.corners.iter().filter(|corner| corner[3] > 0.0).map(|corner| corner[2]).fold(1.0, f32::min);
        libm::acos(f64::from(least).clamp(-1.0, 1.0))
    }

    /// An image of the camera from images of its faces; `nothing` where there is no ray.
    pub(super) fn gather<T: Copy>(&self, faces: &[Image<T>], nothing: T) -> Option<Image<T>> {
        let value = |&code: &u32| {
            let (face, pixel) = Lookup::parts(code);
            if code == NOWHERE { Some(nothing) } else { faces.get(face)?.pixels().get(pixel as usize).copied() }
        };
        Image::new(self.width, self.height, self.frame.codes.iter().map(value).collect::<Option<Vec<T>>>()?)
    }

    /// The cosine of the angle between the ray that a pixel's labels are of and the optical axis, row by row; 1 where there is none.
    pub(super) fn cosines(&self) -> Vec<f64> {
        let cosine = |&code: &u32| {
            let (face, pixel) = Lookup::parts(code);
            if code == NOWHERE { 1.0 } else { self.frame.faces[face].ray(pixel).z }
        };
        self.frame.codes.iter().map(cosine).collect()
    }

    /// For each pixel of a row of the canvas, the face and the column and row there. In the frame itself these are the faces of the frame, so that what
    /// is seen is in its mask; around it those of the canvas, which are counted on from them.
    pub(super) fn canvas_row(&self, row: u32) -> impl Iterator<Item = (usize, u32, u32)> {
        let columns = 3 * self.width as usize;
        let codes = self.canvas.as_ref().map_or(&[][..], |canvas| &canvas.codes[row as usize * columns..][..columns]);
        let in_frame = row.checked_sub(self.height).filter(|&row| row < self.height);
        (0..).zip(codes).map(move |(column, &code)| {
            let column: u32 = column;
            let within = column.checked_sub(self.width).filter(|&column| column < self.width).zip(in_frame);
            let (lookup, before, code) = match (within, &self.canvas) {
                (Some((x, y)), _) => (&self.frame, 0, self.frame.codes[y as usize * self.width as usize + x as usize]),
                (None, Some(canvas)) => (canvas, self.frame.faces.len(), code),
                (None, None) => return (usize::MAX, 0, 0),
            };
            let (face, pixel) = Lookup::parts(code);
            if code == NOWHERE {
                return (usize::MAX, 0, 0);
            }
            let width = lookup.faces[face].width;
            (before + face, pixel % width, pixel / width)
        })
    }
}

/// The rays through places one pixel apart, row by row.
fn grid(lens: &Lens, first: DVec2, columns: u32, rows: u32) -> Vec<Option<DVec3>> {
    let row = |y: u32| {
        let ray = move |x: u32| lens.ray(first + DVec2::new(f64::from(x), f64::from(y)));
        (0..columns).map(ray).collect::<Vec<_>>()
    };
    (0..rows).into_par_iter().flat_map_iter(row).collect()
}

/// For each face, the most pixels of the image that lie across one unit of its plane at distance 1, in any direction.
fn density(camera: &Camera, rays: &[Option<DVec3>], width: u32, cube: bool) -> [f64; MOST_FACES] {
    let most = camera.fx.max(camera.fy);
    if camera.lens_model == LensModel::Equirectangular {
        return [most; MOST_FACES];
    }
    let columns = width as usize;
    let rows = rays.len() / columns;
    let ray = |x: usize, y: usize| rays[y * columns + x];
    // The last ones too, which are the farthest from the axis.
    let places = |count: usize| (0..count).step_by(STRIDE).chain([count.saturating_sub(2)]);
    let mut greatest = [0.0_f64; MOST_FACES];
    for y in places(rows).filter(|&y| y + 1 < rows) {
        for x in places(columns).filter(|&x| x + 1 < columns) {
            let (Some(here), Some(right), Some(down)) = (ray(x, y), ray(x + 1, y), ray(x, y + 1)) else { continue };
            let axes = owner(here, cube);
            let face = Face { axes, focal: 1.0, center: DVec2::ZERO, width: 0, height: 0 };
            let at = face.flat(here);
            let (a, b) = (face.flat(right) - at, face.flat(down) - at);
            // Its smallest singular value: how little of the plane a step of one pixel can cross.
            let (p, q, r) = (a.length_squared(), b.length_squared(), a.dot(b));
            let half = (p - q) / 2.0;
            let smallest = (p + q) / 2.0 - (half * half + r * r).sqrt();
            greatest[axes] = greatest[axes].max(1.0 / smallest.max(1e-300).sqrt());
        }
    }
    // Between the places that were looked at it may be a little more; and an image of one pixel has none.
    greatest.map(|greatest| if greatest > 0.0 { (greatest * 1.02).min(DENSEST * most) } else { most })
}
