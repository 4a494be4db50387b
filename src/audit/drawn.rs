//! Was everything drawn? Rays to places where an instance has to be seen unless something is before it.

use glam::{DVec2, DVec3};

use super::bounds::DEPTH;
use super::findings::Findings;
use super::outline::Outline;
use super::things::{Thing, Things};
use super::view::{View, at_most, center};
use crate::annotate::Probe;
use crate::frame::{AmodalMask, Frame};

/// Rays are cast through a pixel's centre and this far beside it in four directions (pixels), and what they are aimed at counts
/// where all five meet it: rasterisers move corners by up to half of it.
const MARGIN: f64 = 1.0 / 16.0;

/// And so far beside it where a lens bends lines: what a pixel shows is of a ray within half a pixel of its centre, and four rays so far off
/// have a disc of that radius, and a sixteenth, between them.
const BENT_MARGIN: f64 = 0.8;

/// Large things are tried at as many places in a row, and in as many rows.
const SIDE: u32 = 5;

/// That many places where an instance itself is seen are enough.
const ENOUGH: usize = 4;

/// Every instance is seen where it has to be, or something as near.
pub(super) fn check(view: &View, frame: &Frame, things: &Things<'_>, found: &mut Findings) {
    let mut masks = frame.amodal.iter().flatten().peekable();
    for (position, thing) in things.all.iter().enumerate() {
        // Masks and labelled instances both count up.
        while masks.next_if(|mask| thing.is_labelled() && mask.id < thing.instance.id).is_some() {}
        let mask = masks.peek().filter(|mask| mask.id == thing.instance.id).copied();
        one(position, thing, mask, view, frame, things, found);
    }
}

fn one(
    position: usize,
    thing: &Thing<'_>,
    mask: Option<&AmodalMask>,
    view: &View,
    frame: &Frame,
    things: &Things<'_>,
    found: &mut Findings,
) {
    if thing.solid.probes.is_empty() {
        return;
    }
    let corners = thing.corners(view);
    let outline = Outline::new(&corners, thing.slack, view);
    let (low, high) = outline.around();
    let size = DVec2::new(view.width.into(), view.height.into());
    if outline.is_empty() || high.min_element() < 0.0 || low.cmpge(size).any() {
        return;
    }
    // Before the near plane nothing is drawn, so that a ray may pass through a hole there.
    let is_beyond = if view.bent.is_some() {
        // All around a camera, a box whose corners are far away may hold it.
        let eye = thing.eye(view);
        let gap = (thing.lower - eye).max(eye - thing.upper).max(DVec3::ZERO).length();
        is_beyond_near_at(view, gap, thing.slack)
    } else {
        corners.iter().all(|&corner| is_beyond_near(view, corner, thing.slack))
    };
    let aim = Aim::new(thing, view);
    let (mut seen, mut told) = (0, false);
    for probe in thing.solid.probes.iter() {
        let pixels = match probe {
            Probe::Core { .. } if !is_beyond => continue,
            Probe::Core { center, .. } => aim.pixels(*center, Some((low, high))),
            Probe::Patch { triangles, .. } => {
                let Some([a, b, c]) = triangles.first() else { continue };
                // Faces of boxes are large, and may be seen where their middle is not.
                aim.pixels((a + b + c) / 3.0, (triangles.len() <= 2).then_some((low, high)))
            }
        };
        for pixel in pixels {
            let Some(depth) = aim.depth(probe, pixel) else { continue };
            let [x, y] = pixel;
            let distances = if view.bent.is_some() { &frame.range } else { &frame.depth };
            let shown = distances.get(x, y).copied().map_or(f64::INFINITY, f64::from);
            if !at_most(shown, depth * (1.0 + DEPTH) + thing.slack) {
                found.instance("an instance is not drawn", || {
                    let name = thing.name();
                    format!("{name}, which is {depth} m away at ({x}, {y}), where what is seen is {shown} m away")
                });
                return;
            }
            if !told && thing.is_labelled() && frame.amodal.is_some() && mask.is_none_or(|mask| !contains(mask, pixel))
            {
                found.instance("an amodal mask does not cover a pixel where its instance is", || {
                    format!("{}, at ({x}, {y})", thing.name())
                });
                told = true;
            }
            let surface = frame.surfaces.get(x, y).copied().unwrap_or(0);
            seen += usize::from(things.owner(surface) == Some(position));
            if seen >= ENOUGH {
                return;
            }
        }
    }
}

/// A mask whose words are not those of its rectangle contains nothing. (That is said elsewhere.)
fn contains(mask: &AmodalMask, [x, y]: [u32; 2]) -> bool {
    let bits = &mask.inside;
    bits.words.len() == bits.width as usize * bits.words_per_column() && bits.contains(x, y)
}

/// Rays of the camera in the own frame of an instance, before its scale: depths along them are the same there, and outsides are
/// outsides even where the scale mirrors.
struct Aim<'a> {
    thing: &'a Thing<'a>,
    view: &'a View,
    eye: DVec3,
}

impl<'a> Aim<'a> {
    fn new(thing: &'a Thing<'a>, view: &'a View) -> Self {
        Self { thing, view, eye: thing.eye(view) / thing.instance.scale }
    }

    /// Pixels to try for a place: the one it projects to, and some all over a rectangle of the image, which may be seen where the
    /// first one is hidden.
    fn pixels(&self, own: DVec3, within: Option<(DVec2, DVec2)>) -> impl Iterator<Item = [u32; 2]> {
        let point = self.thing.seen_from(self.view, own * self.thing.instance.scale);
        let middle = self.view.seen_at(point).filter(|_| self.view.distance(point) > self.view.near);
        let size = DVec2::new(self.view.width.into(), self.view.height.into());
        let grid = within.into_iter().flat_map(move |(low, high)| {
            let (low, high) = (low.max(DVec2::ZERO), high.min(size));
            let share = |k: u32| (f64::from(k) + 0.5) / f64::from(SIDE);
            (0..SIDE * SIDE).map(move |k| low + (high - low) * DVec2::new(share(k % SIDE), share(k / SIDE)))
        });
        middle.into_iter().chain(grid).filter_map(|pixel| self.view.at(pixel))
    }

    /// How deep (through a lens that bends lines: how far) the surface can be at most where the ray through a pixel's centre meets a probe; `None` where not all five rays do,
    /// beyond the near plane.
    fn depth(&self, probe: &Probe, pixel: [u32; 2]) -> Option<f64> {
        if let (Some(_), Probe::Patch { triangles, double_sided }) = (&self.view.bent, probe)
            && triangles.len() > 2
        {
            // Rays a pixel apart may meet neighbours with a gap between them, through which what is shown looks.
            let alone = |triangle: &[DVec3; 3]| {
                self.depth(&Probe::Patch { triangles: vec![*triangle], double_sided: *double_sided }, pixel)
            };
            return triangles.iter().find_map(alone);
        }
        let middle = self.meet(probe, center(pixel))?;
        // What the GPU is off by in space moves corners in the image, too.
        let margin = match &self.view.bent {
            None => MARGIN + self.view.focal.max_element() * self.thing.slack / middle,
            Some(bent) => {
                let most = bent.rates(bent.ray(center(pixel))?).1;
                BENT_MARGIN + most * self.thing.slack / middle
            }
        };
        let mut deepest = middle;
        for side in [DVec2::X, DVec2::Y, DVec2::NEG_X, DVec2::NEG_Y] {
            deepest = deepest.max(self.meet(probe, center(pixel) + side * margin)?);
        }
        Some(deepest)
    }

    /// The depth at which the ray through a position in the image meets a probe.
    fn meet(&self, probe: &Probe, position: DVec2) -> Option<f64> {
        let scale = self.thing.instance.scale;
        let ray = match &self.view.bent {
            None => self.view.ray(position),
            Some(bent) => bent.ray(position)?,
        };
        let direction = self.thing.axes.transpose() * (self.view.axes * ray) / scale;
        let depth = match probe {
            Probe::Core { center, radii } => enter(self.eye - center, direction, *radii)?,
            Probe::Patch { triangles, double_sided } => {
                let depths = triangles.iter().filter_map(|triangle| {
                    let (depth, front) = cross(self.eye, direction, triangle)?;
                    (*double_sided || front).then_some(depth)
                });
                depths.fold(None, |nearest: Option<f64>, depth| Some(nearest.map_or(depth, |near| near.min(depth))))?
            }
        };
        // A ray has no other side: what is met behind the camera is not met.
        let ahead = depth > 0.0 && depth.is_finite();
        (ahead && is_beyond_near(self.view, ray * depth, self.thing.slack)).then_some(depth)
    }
}

/// Whether a point of the camera's frame is surely beyond what is cut off before the camera. A view all around is drawn on the faces of a
/// cube, each with a near plane of its own: what is `sqrt(3)` times as far as that is beyond it in every direction.
fn is_beyond_near(view: &View, point: DVec3, slack: f64) -> bool {
    is_beyond_near_at(view, view.distance(point), slack)
}

/// The same of all that is so far away.
fn is_beyond_near_at(view: &View, distance: f64, slack: f64) -> bool {
    let near = if view.sideways { view.near * 3f64.sqrt() } else { view.near };
    distance > near * (1.0 + DEPTH) + slack
}

/// Where a ray enters an ellipsoid about the origin: the lower root of `|(eye + t direction) / radii|^2 = 1`.
fn enter(eye: DVec3, direction: DVec3, radii: DVec3) -> Option<f64> {
    let (o, d) = (eye / radii, direction / radii);
    let (a, b, c) = (d.length_squared(), o.dot(d), o.length_squared() - 1.0);
    let root = b * b - a * c;
    (c > 0.0 && root > 0.0).then(|| (-b - root.sqrt()) / a)
}

/// Where a ray crosses a triangle, and whether from its front (Möller and Trumbore, 1997).
fn cross(eye: DVec3, direction: DVec3, [a, b, c]: &[DVec3; 3]) -> Option<(f64, bool)> {
    let (right, up, from) = (*b - *a, *c - *a, eye - *a);
    let across = direction.cross(up);
    let volume = right.dot(across);
    let (u, over) = (from.dot(across) / volume, from.cross(right));
    let (v, t) = (direction.dot(over) / volume, up.dot(over) / volume);
    (u >= 0.0 && v >= 0.0 && u + v <= 1.0 && t > 0.0).then_some((t, volume > 0.0))
}
