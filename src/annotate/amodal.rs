//! The whole of each instance: what is seen of it, what hides the rest, and what the frame cuts off.
//!
//! A mask is walked as runs of bits down its columns, and what the frame shows is kept as runs of one surface down its columns. Each
//! run of a mask is laid over those of the frame: the cost goes with the number of runs, not with the number of pixels, and not with
//! how many instances there are.

use std::collections::BTreeMap;

use super::rle::walk_columns;
use super::{Amodal, AnnotateError, Mask};
use crate::frame::{AmodalMask, Frame};
use crate::image::Image;
use crate::scene::Instance;

/// The whole of every instance that has an amodal mask, by id. `visible` holds every mask of the id image, and every one of its ids
/// is labelled; `instance` knows each labelled instance. Surfaces and owners have been checked.
pub(super) fn wholes<'a>(
    frame: &Frame,
    visible: &BTreeMap<u32, Mask>,
    instance: impl Fn(u32) -> Option<&'a Instance>,
) -> Result<BTreeMap<u32, Amodal>, AnnotateError> {
    let masks = frame.amodal.as_ref().ok_or(AnnotateError::NoAmodal)?;
    let shown = Shown::new(&frame.surfaces);
    let mut counter = Counter { pixels: vec![0; frame.owners.len() + 1], touched: Vec::new() };
    let mut wholes: BTreeMap<u32, Amodal> = BTreeMap::new();
    for mask in masks {
        let id = mask.id;
        let instance = instance(id).ok_or(AnnotateError::AmodalId { id })?;
        if wholes.last_key_value().is_some_and(|(&last, _)| last >= id) {
            return Err(AnnotateError::AmodalOrder { name: instance.name() });
        }
        let broken = |what| AnnotateError::Amodal { name: instance.name(), what };
        let inside = Mask::from_bits(&mask.inside, frame.ids.height(), frame.ids.width())
            .map_err(|_| broken("it reaches beyond the frame, or beyond its own rectangle"))?;
        check_canvas(mask, &inside, &frame.ids).map_err(broken)?;

        let mut hidden_by = counter.owners(mask, &shown, frame).map_err(|[x, y]| AnnotateError::AmodalOfNothing {
            name: instance.name(),
            x,
            y,
        })?;
        let within = hidden_by.remove(&id).unwrap_or(0);
        let seen = visible.get(&id);
        let area_in_frame = u64::from(inside.area);
        if within != seen.map_or(0, |seen| u64::from(seen.area)) {
            let outside = seen.and_then(|seen| first_outside(seen, mask)).unwrap_or_default();
            return Err(AnnotateError::AmodalTooSmall { name: instance.name(), x: outside[0], y: outside[1] });
        }
        let whole = Amodal {
            bbox: mask.bbox,
            area: mask.area,
            area_in_frame,
            rle: inside.rle,
            visibility: if area_in_frame == 0 { 0.0 } else { within as f64 / area_in_frame as f64 },
            truncation: (mask.area - area_in_frame) as f64 / mask.area as f64,
            hidden_by: hidden_by.into_iter().collect(),
        };
        wholes.insert(id, whole);
    }
    if let Some((&id, seen)) = visible.iter().find(|(id, _)| !wholes.contains_key(id)) {
        let name = instance(id).ok_or(AnnotateError::AmodalId { id })?.name();
        return Err(AnnotateError::NoAmodalMask { name, area: u64::from(seen.area) });
    }
    Ok(wholes)
}

/// Whether area and box on the canvas can be those of a mask of which `inside` is within the frame. Says what is wrong.
fn check_canvas(mask: &AmodalMask, inside: &Mask, frame: &Image<u32>) -> Result<(), &'static str> {
    let size = [frame.width(), frame.height()].map(i64::from);
    let [x, y, width, height] = mask.bbox.map(i64::from);
    let (least, most) = ([x, y], [x + width, y + height]);
    if width <= 0 || height <= 0 || (0..2).any(|k| least[k] < -size[k] || most[k] > 2 * size[k]) {
        return Err("its box is empty or reaches beyond the canvas");
    }
    let area = i64::try_from(mask.area).map_err(|_| "its area is larger than its box")?;
    // Two pixels in opposite corners touch all sides of a box.
    if area > width * height || area < (width * height).min(2) {
        return Err("its area cannot be that of a mask with its box");
    }
    let [left, top, columns, rows] = inside.bbox.map(i64::from);
    let beyond = left < x || top < y || left + columns > most[0] || top + rows > most[1];
    if inside.area > 0 && beyond {
        return Err("it reaches beyond its box");
    }
    if i64::from(inside.area) > area {
        return Err("more of it is within the frame than on the canvas");
    }
    let whole = i64::from(inside.area) == area;
    if whole && [left, top, columns, rows] != [x, y, width, height] {
        return Err("all of it is within the frame, but its box is another");
    }
    if !whole && (0..2).all(|k| least[k] >= 0 && most[k] <= size[k]) {
        return Err("its box is within the frame, but not all of its pixels are");
    }
    Ok(())
}

/// The surfaces of a frame as vertical runs.
struct Shown {
    /// For each column, and one more: its first run.
    columns: Vec<usize>,
    /// The row after the last of each run; each begins where the one before it in its column ends, or at the top.
    ends: Vec<u32>,
    /// The surface of each run.
    surfaces: Vec<u32>,
}

impl Shown {
    fn new(image: &Image<u32>) -> Self {
        let mut shown = Self { columns: vec![0], ends: Vec::new(), surfaces: Vec::new() };
        walk_columns(image, |column, _| {
            let mut end = 0;
            for run in column.chunk_by(|a, b| a == b) {
                end += u32::try_from(run.len()).unwrap_or(u32::MAX); // no longer than an image is high
                shown.ends.push(end);
                shown.surfaces.extend(run.first());
            }
            shown.columns.push(shown.ends.len());
        });
        shown
    }

    /// The surfaces at rows `top` to `bottom` (exclusive) of column `x`, from the top, with the row after the last of each.
    fn runs(&self, x: u32, top: u32, bottom: u32) -> impl Iterator<Item = (u32, u32)> {
        let column = match (self.columns.get(x as usize), self.columns.get(x as usize + 1)) {
            (Some(&first), Some(&last)) => first..last,
            _ => 0..0,
        };
        let skip = self.ends[column.clone()].partition_point(|&end| end <= top);
        let mut done = false;
        column.skip(skip).map_while(move |run| {
            let end = self.ends[run].min(bottom);
            (!std::mem::replace(&mut done, end == bottom)).then(|| (self.surfaces[run], end))
        })
    }
}

/// Counts pixels by surface.
struct Counter {
    /// For nothing, and each surface. All 0 between masks.
    pixels: Vec<u64>,
    /// The surfaces whose count is not 0.
    touched: Vec<u32>,
}

impl Counter {
    /// Pixels of the mask by the id of the owner that is shown there. An error is the first pixel that shows nothing.
    fn owners(&mut self, mask: &AmodalMask, shown: &Shown, frame: &Frame) -> Result<BTreeMap<u32, u64>, [u32; 2]> {
        let mut nothing = None;
        for (x, top, bottom) in mask.inside.runs() {
            let mut start = top;
            for (surface, end) in shown.runs(x, top, bottom) {
                if surface == 0 {
                    nothing.get_or_insert([x, start]);
                } else if let Some(pixels) = self.pixels.get_mut(surface as usize) {
                    if *pixels == 0 {
                        self.touched.push(surface);
                    }
                    *pixels += u64::from(end - start);
                }
                start = end;
            }
        }
        let mut by_owner = BTreeMap::new();
        for surface in self.touched.drain(..) {
            let pixels = std::mem::take(&mut self.pixels[surface as usize]);
            // Surface 0 is nothing, and has no owner.
            if let Some(owner) = frame.owners.get(surface as usize - 1) {
                *by_owner.entry(owner.id).or_insert(0) += pixels;
            }
        }
        nothing.map_or(Ok(by_owner), Err)
    }
}

/// The first pixel, column by column, that is seen and not in the mask.
fn first_outside(seen: &Mask, mask: &AmodalMask) -> Option<[u32; 2]> {
    let height = seen.rle.height();
    let mut pixels = seen.rle.runs().flat_map(|(start, end)| start..end).map(|p| [p / height, p % height]);
    pixels.find(|&[x, y]| !mask.inside.contains(x, y))
}
