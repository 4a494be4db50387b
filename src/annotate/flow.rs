//! Where what a pixel shows is at another instant: optical flow, scene flow, occlusion; and disparity.
//!
//! # How it is known
//! A frame says of each pixel which surface it shows, and which point of it in its instance's own frame. That point is taken to the world
//! by the instance's pose at either instant, and to the image by the camera's pose at either instant, in double precision. Flow is the
//! difference of the two images of the point; so what does not move has a flow of exactly 0, whatever rounding there is in the point itself.
//! What is behind everything is infinitely far, and flows by the camera's turn alone; a backdrop that is fixed to the image does not flow.
//!
//! # What hides it
//! The point is seen at the other instant if it is in the other image, not nearer than the near plane, and if at least one of the four pixels
//! whose centres are nearest to it shows nothing that is in front of it by more than a tolerance: half of what a pixel is wide at
//! that distance, `z / 2f`, and `1e-4 z` for rounding. On a plane, at any slant, the point's depth lies among those of the four pixels around
//! it, so that no plane hides itself. On a curved surface of radius `R` the four fall short of that by no more than the sagitta
//! `(z / f)^2 / 4R` of a pixel's diagonal (two where the slant is 60 degrees), which is less than the tolerance as long as `R` is more than a pixel. Next to
//! an outline, the verdict may go either way within a pixel: so it does in any mask of pixels.
//!
//! # What an animation moves
//! The triangles of a thing whose animation plays move in its own frame. There the triangle that is nearest to the pixel's point at this instant is
//! looked for, and the same place on it at the other instant is where the point goes. Where sheets of one part touch each other, that may be a triangle of the
//! wrong one. Where the two instants do not have the same triangles, [`Fate::Unknown`].

use glam::{DAffine3, DVec2, DVec3};

use super::Subject;
use crate::frame::{Frame, Owner};
use crate::image::Image;
use crate::scene::{Camera, LensModel, Projected};
use crate::solid::Surface;

/// What becomes of what a pixel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It is seen at the other instant.
    Seen,
    /// It is not in the other image.
    Outside,
    /// Something is in front of it.
    Hidden,
    /// Nobody knows.
    Unknown,
}

/// Where what one pixel shows goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flow {
    /// From its place in this image to that in the other, pixels: x right, y down. `None` where it has no place there.
    pub pixels: Option<DVec2>,
    /// From its place in the world to that at the other instant, metres. `None` where that is not known; 0 for what is infinitely far.
    pub world: Option<DVec3>,
    /// Whether it is seen there.
    pub fate: Fate,
}

const UNKNOWN: Flow = Flow { pixels: None, world: None, fate: Fate::Unknown };

/// For each pixel of `frame`, which is of `here`, where what it shows is at the instant of `there`; `other` is what the same camera sees then.
/// `None` where the frame has no coordinates, or where the scenes are not two instants of one.
pub fn flow(here: &Subject, frame: &Frame, there: &Subject, other: &Frame) -> Option<Image<Flow>> {
    let size = |frame: &Frame| (frame.surfaces.width(), frame.surfaces.height());
    let coordinates = frame.coordinates.as_ref()?;
    if size(frame) != size(other) || (coordinates.width(), coordinates.height()) != size(frame) {
        return None;
    }
    let (from, to) = (here.scene.cameras.get(frame.camera)?, there.scene.cameras.get(frame.camera)?);
    let laws = laws(here, there, &frame.owners)?;
    let backdrop = here.scene.background.is_some();
    let (width, height) = size(frame);
    let mut flows = Vec::with_capacity(width as usize * height as usize);
    for y in 0..height {
        for x in 0..width {
            let surface = *frame.surfaces.get(x, y)?;
            let middle = DVec2::new(f64::from(x) + 0.5, f64::from(y) + 0.5);
            let flow = if surface == 0 {
                if backdrop { fixed() } else { of_the_sky(from, to, middle, other) }
            } else {
                let point = DVec3::from_array(coordinates.get(x, y)?.map(f64::from));
                match laws.get(surface as usize - 1)?.ends(point) {
                    Some((start, end)) => of_point(from, to, start, end, other),
                    None => UNKNOWN,
                }
            };
            flows.push(flow);
        }
    }
    Image::new(width, height, flows)
}

/// How the points of a surface move.
struct Law {
    /// World from the own frame of its instance, at either instant.
    before: DAffine3,
    behind: DAffine3,
    /// Where triangles move, too: this instant's, and the corners of the other one's. `None` within where they are not the same triangles.
    moving: Option<Option<(Surface, Vec<[DVec3; 3]>)>>,
}

impl Law {
    /// Where a point of the own frame is at either instant.
    fn ends(&self, point: DVec3) -> Option<(DVec3, DVec3)> {
        let mut end = point;
        if let Some(moving) = &self.moving {
            let (surface, corners) = moving.as_ref()?;
            let (triangle, [u, v, w]) = surface.nearest(point)?;
            let [a, b, c] = corners.get(triangle)?;
            end = *a * u + *b * v + *c * w;
        }
        Some((self.before.transform_point3(point), self.behind.transform_point3(end)))
    }
}

/// How the surfaces of each owner move. `None` where the scenes are not two instants of one.
fn laws(here: &Subject, there: &Subject, owners: &[Owner]) -> Option<Vec<Law>> {
    let law = |owner: &Owner| {
        let position = owner.instance as usize;
        let (a, b) = (here.scene.instances.get(position)?, there.scene.instances.get(position)?);
        if a.object != b.object || a.number != b.number {
            return None;
        }
        let meshes = |subject: &Subject| {
            let parts = subject.solids.get(position)?.moving.clone()?;
            parts.get((owner.part as usize).checked_sub(1)?).cloned()
        };
        let moving = (a.shape != b.shape).then(|| {
            let (now, then) = (meshes(here)?, meshes(there)?);
            (now.indices == then.indices).then_some(())?;
            let corner = |i: u32| then.positions.get(i as usize).map(|p| DVec3::from_array(p.map(f64::from)));
            let corners = then.indices.chunks_exact(3).map(|t| Some([corner(t[0])?, corner(t[1])?, corner(t[2])?]));
            Some((Surface::new(&now)?, corners.collect::<Option<Vec<_>>>()?))
        });
        Some(Law { before: a.world_from_instance(), behind: b.world_from_instance(), moving })
    };
    owners.iter().map(law).collect()
}

fn fixed() -> Flow {
    Flow { pixels: Some(DVec2::ZERO), world: Some(DVec3::ZERO), fate: Fate::Seen }
}

/// What is infinitely far.
fn of_the_sky(from: &Camera, to: &Camera, middle: DVec2, other: &Frame) -> Flow {
    let ray = from.unit_ray(middle);
    let place = |camera: &Camera| Some(camera.project(camera.position + ray?)?.pixel);
    let (Some(start), Some(end)) = (place(from), place(to)) else {
        return Flow { pixels: None, world: Some(DVec3::ZERO), fate: Fate::Outside };
    };
    let fate = match around(end, other) {
        None => Fate::Outside,
        Some(pixels) => seen(pixels.into_iter().flatten().any(|(x, y)| other.surfaces.get(x, y) == Some(&0))),
    };
    Flow { pixels: Some(end - start), world: Some(DVec3::ZERO), fate }
}

fn of_point(from: &Camera, to: &Camera, start: DVec3, end: DVec3, other: &Frame) -> Flow {
    let world = Some(end - start);
    let places = from.project(start).zip(to.project(end));
    let Some((before, behind)) = places else {
        return Flow { pixels: None, world, fate: Fate::Outside };
    };
    let fate = verdict(to, behind, other).map_or(Fate::Outside, seen);
    Flow { pixels: Some(behind.pixel - before.pixel), world, fate }
}

/// Where a point of the world is in a frame, and whether it is seen there; `None` where it is not in the image.
pub(super) fn look(camera: &Camera, point: DVec3, frame: &Frame) -> Option<(DVec2, bool)> {
    let there = camera.project(point)?;
    Some((there.pixel, verdict(camera, there, frame)?))
}

/// Whether a projected point is seen; `None` where it is not in the image. (Lenses that see sideways know no depth, but distances.)
fn verdict(camera: &Camera, there: Projected, frame: &Frame) -> Option<bool> {
    let (away, image) = match camera.lens_model {
        LensModel::Pinhole | LensModel::BrownConrady { .. } => (there.depth, &frame.depth),
        LensModel::KannalaBrandt { .. } | LensModel::Equirectangular => (there.range, &frame.range),
    };
    let pixels = around(there.pixel, frame).filter(|_| away >= camera.near)?;
    let least = away - tolerance(camera, away);
    let free = |(x, y): (u32, u32)| image.get(x, y).is_some_and(|&d| f64::from(d) >= least);
    Some(pixels.into_iter().flatten().any(free))
}

/// How far something may be in front of a point that still counts as seen: see the module.
pub fn tolerance(camera: &Camera, depth: f64) -> f64 {
    depth * (0.5 / camera.fx.min(camera.fy) + 1e-4)
}

fn seen(is_seen: bool) -> Fate {
    if is_seen { Fate::Seen } else { Fate::Hidden }
}

/// The four pixels whose centres are nearest to a place; `None` where that is not in the image.
fn around(place: DVec2, frame: &Frame) -> Option<[Option<(u32, u32)>; 4]> {
    let (width, height) = (frame.surfaces.width(), frame.surfaces.height());
    if !((0.0..f64::from(width)).contains(&place.x) && (0.0..f64::from(height)).contains(&place.y)) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the size of an image")]
    let after = |at: f64| libm::floor(at + 0.5) as u32;
    let (x, y) = (after(place.x), after(place.y));
    let pixel = |x: Option<u32>, y: Option<u32>| {
        let (x, y) = (x?, y?);
        (x < width && y < height).then_some((x, y))
    };
    let (left, above) = (x.checked_sub(1), y.checked_sub(1));
    Some([pixel(left, above), pixel(Some(x), above), pixel(left, Some(y)), pixel(Some(x), Some(y))])
}

/// How much farther to the left in the right image of a rectified pair what each pixel of the left one shows is (and the other way round for the right one), pixels:
/// `fx |baseline| / depth`; 0 where nothing is hit. `None` where the camera is not one of a pair.
pub fn disparity(camera: &Camera, depth: &Image<f32>) -> Option<Image<f32>> {
    let pair = camera.mount.as_ref()?.pair.as_ref()?;
    let factor = camera.fx * pair.baseline.abs();
    #[expect(clippy::cast_possible_truncation, reason = "f32 in the file")]
    let of = |&depth: &f32| if depth.is_finite() && depth > 0.0 { (factor / f64::from(depth)) as f32 } else { 0.0 };
    Image::new(depth.width(), depth.height(), depth.pixels().iter().map(of).collect())
}
