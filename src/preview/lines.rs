//! Straight lines in space and in the cell, cut where the camera or the cell ends.

use embedded_graphics::geometry::Point;
use embedded_graphics::prelude::Drawable;
use embedded_graphics::primitives::{Line, Primitive, PrimitiveStyle, Rectangle};
use glam::DVec3;

use crate::preview::View;
use crate::preview::canvas::{Plot, rgb};

/// A camera's image in a cell: from points in the OpenCV camera frame, metres, to those of the cell.
pub(crate) struct Lens<'a> {
    view: &'a View<'a>,
    near: f64,
    /// Where straight lines are not straight in the image.
    bent: Option<crate::scene::Lens>,
}

/// A line through a lens that bends it is drawn in so many pieces.
const PIECES: u32 = 32;

impl<'a> Lens<'a> {
    pub(crate) fn new(view: &'a View<'a>) -> Self {
        let camera = view.item.subject.scene.cameras.get(view.item.frame.camera);
        let bent = camera.map(|camera| camera.lens()).filter(|lens| !lens.is_pinhole());
        Self { view, near: view.item.labels.camera.near.max(1e-6), bent }
    }

    /// A line in space as it is in the cell: the ends of its pieces, of what the camera sees of it. One piece where lines are straight.
    pub(crate) fn project(&self, from: [f64; 3], to: [f64; 3]) -> Vec<[[f64; 2]; 2]> {
        let Some(lens) = &self.bent else { return self.straight(from, to).into_iter().collect() };
        let at = |n: u32| {
            let share = f64::from(n) / f64::from(PIECES);
            let point = DVec3::from_array(from).lerp(DVec3::from_array(to), share);
            lens.pixel(point).map(|pixel| pixel.to_array())
        };
        // From one edge of a panorama to the other there is no line.
        let width = f64::from(self.view.item.frame.rgb.width());
        let pieces = (0..PIECES).filter_map(|n| Some([at(n)?, at(n + 1)?]));
        let pieces = pieces.filter(|[a, b]| (a[0] - b[0]).abs() < width / 2.0);
        pieces.map(|ends| ends.map(|end| self.view.scale.point(end))).collect()
    }

    /// The ends of a line in space as they are in the cell, of what is beyond the near plane; `None` where that is nothing.
    fn straight(&self, mut from: [f64; 3], mut to: [f64; 3]) -> Option<[[f64; 2]; 2]> {
        let cut = |near: [f64; 3], far: [f64; 3]| {
            let share = (self.near - near[2]) / (far[2] - near[2]);
            std::array::from_fn(|k| near[k] + share * (far[k] - near[k]))
        };
        match (from[2] >= self.near, to[2] >= self.near) {
            (true, true) => {}
            (false, true) => from = cut(from, to),
            (true, false) => to = cut(to, from),
            (false, false) => return None,
        }
        Some([self.flat(from), self.flat(to)])
    }

    /// The pinhole projection, `fx x / z + cx`, in the cell.
    fn flat(&self, [x, y, z]: [f64; 3]) -> [f64; 2] {
        let camera = &self.view.item.labels.camera;
        let depth = z.max(self.near); // rounding may leave a cut end a hair too near
        self.view.scale.point([camera.fx * x / depth + camera.cx, camera.fy * y / depth + camera.cy])
    }
}

/// Draws the part of a line that is within the cell; returns its ends.
pub(crate) fn draw_line(
    plot: &mut Plot<'_>,
    view: &View<'_>,
    ends: [[f64; 2]; 2],
    color: [u8; 3],
    width: u32,
) -> Option<[Point; 2]> {
    let [from, to] = clipped(ends, [f64::from(view.scale.width), f64::from(view.scale.height)])?.map(pixel);
    let Ok(()) = Line::new(from, to).into_styled(PrimitiveStyle::with_stroke(rgb(color), width)).draw(plot);
    Some([from, to])
}

/// The pixel that continuous coordinates lie in; for what is far from any cell, or no number, one that is outside of every cell.
pub(crate) fn pixel([x, y]: [f64; 2]) -> Point {
    const OUTSIDE: f64 = 1e6;
    #[expect(clippy::cast_possible_truncation, reason = "far less than an i32 holds")]
    let whole = |value: f64| value.floor().clamp(-OUTSIDE, OUTSIDE) as i32;
    let [x, y] = [x, y].map(|value| whole(if value.is_nan() { -OUTSIDE } else { value }));
    Point::new(x, y)
}

/// The part of a line within a rectangle from the origin to `size` (Liang and Barsky, "A new concept and method for line clipping",
/// 1984). `None` where that is nothing, or an end is no number.
fn clipped([a, b]: [[f64; 2]; 2], size: [f64; 2]) -> Option<[[f64; 2]; 2]> {
    if ![a, b].as_flattened().iter().all(|value| value.is_finite()) {
        return None;
    }
    let (mut start, mut end) = (0.0_f64, 1.0_f64);
    for k in 0..2 {
        let along = b[k] - a[k];
        if along == 0.0 {
            if a[k] < 0.0 || a[k] > size[k] {
                return None;
            }
            continue;
        }
        let (p, q) = ((0.0 - a[k]) / along, (size[k] - a[k]) / along);
        start = start.max(p.min(q));
        end = end.min(p.max(q));
    }
    let at = |share: f64| std::array::from_fn(|k| a[k] + share * (b[k] - a[k]));
    (start <= end).then(|| [at(start), at(end)])
}

/// The rectangle around points of the cell; `None` without any.
pub(crate) fn around(points: &[Point]) -> Option<Rectangle> {
    let first = *points.first()?;
    let low = points.iter().fold(first, |low, point| low.component_min(*point));
    let high = points.iter().fold(first, |high, point| high.component_max(*point));
    Some(Rectangle::with_corners(low, high))
}
