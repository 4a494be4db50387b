//! The contact sheet: frames side by side as colour, as labels, and as depth, so that a person sees whether they are right.

mod canvas;
mod color;
mod labels;

pub use color::instance_color;

use embedded_graphics::draw_target::{DrawTarget, DrawTargetExt};
use embedded_graphics::geometry::Point;
use embedded_graphics::mono_font::MonoFont;
use embedded_graphics::primitives::Rectangle;

use crate::annotate::{Labels, Subject};
use crate::frame::Frame;
use crate::image::Image;
use canvas::{Canvas, area, draw_text, font_for, rgb, shortened, signed, text_size};

const BACKGROUND: [u8; 3] = [24, 24, 27];
const CAPTION: [u8; 3] = [228, 228, 231];
/// Between cells, in pixels.
const GAP: u32 = 6;
/// From this many frames on, two stand beside each other.
const TWO_COLUMNS_FROM: usize = 5;
/// Widths of a cell that make a readable sheet which fits in memory.
const CELL_WIDTHS: std::ops::RangeInclusive<u32> = 96..=2048;

/// One frame on a contact sheet.
#[derive(Debug, Clone, Copy)]
pub struct PreviewItem<'a> {
    /// The scene that it shows.
    pub subject: &'a Subject,
    /// What the camera saw.
    pub frame: &'a Frame,
    /// What was found in it.
    pub labels: &'a Labels,
}

/// Frames as rows of three cells: colour; masks with boxes and names; depth, near bright. From five frames on there are two
/// frames to a row. `cell_width` is in pixels and brought into 96..=2048; cells are as high as the frame with the tallest shape needs.
pub fn contact_sheet(items: &[PreviewItem<'_>], cell_width: u32) -> Image<[u8; 3]> {
    let cell_width = cell_width.clamp(*CELL_WIDTHS.start(), *CELL_WIDTHS.end());
    let font = font_for(cell_width);
    let caption_height = font.character_size.height + 6;
    let cell_height = items.iter().map(|item| fitted_height(item.frame, cell_width)).max().unwrap_or(1);
    let columns = if items.len() < TWO_COLUMNS_FROM { 1 } else { 2 };
    let rows = u32::try_from(items.len().div_ceil(columns as usize)).unwrap_or(u32::MAX);

    let (block_width, block_height) = (3 * (cell_width + GAP) + GAP, cell_height + caption_height + GAP);
    let height = rows.saturating_mul(block_height).saturating_add(GAP);
    let mut canvas = Canvas { image: Image::filled(columns * block_width, height, BACKGROUND) };
    for (item, place) in items.iter().zip(0_u32..) {
        let (left, top) = (place % columns * block_width + GAP, place / columns * block_height + GAP);
        for (panel, number) in [Panel::Color, Panel::Labels, Panel::Depth].into_iter().zip(0_u32..) {
            let x = left + number * (cell_width + GAP);
            let cell = area(x, top + caption_height, cell_width, fitted_height(item.frame, cell_width));
            let caption = draw_panel(&mut canvas, panel, item, cell, font);
            let caption = shortened(&caption, font, cell_width);
            draw_text(&mut canvas, &caption, Point::new(signed(x), signed(top) + 2), font, CAPTION, None);
        }
    }
    canvas.image
}

#[derive(Clone, Copy)]
enum Panel {
    Color,
    Labels,
    Depth,
}

/// Draws one cell and says what is to be written above it.
fn draw_panel(
    canvas: &mut Canvas,
    panel: Panel,
    item: &PreviewItem<'_>,
    cell: Rectangle,
    font: &MonoFont<'_>,
) -> String {
    let scale = Scale::new(item.frame, cell);
    let mut target = canvas.cropped(&cell);
    match panel {
        Panel::Color => {
            let pixels = scale.cells().map(|(x, y)| rgb(scale.average(&item.frame.rgb, x, y)));
            let Ok(()) = target.fill_contiguous(&scale.whole(), pixels);
            let camera = item.subject.scene.cameras.get(item.frame.camera).map_or("?", |camera| &camera.name);
            format!("{:06} {camera}", item.subject.scene.index)
        }
        Panel::Labels => {
            let Ok(()) = target.fill_contiguous(&scale.whole(), labels::overlay(item, &scale).map(rgb));
            let unnamed = labels::draw_boxes(&mut target, &item.labels.annotations, &scale, font);
            let plural = if item.labels.annotations.len() == 1 { "" } else { "s" };
            let unnamed = if unnamed > 0 { format!(", {unnamed} without room for a name") } else { String::new() };
            format!("{} instance{plural}{unnamed}", item.labels.annotations.len())
        }
        Panel::Depth => {
            let range = depth_range(&item.frame.depth);
            let pixels =
                scale.cells().map(|(x, y)| rgb(depth_color(scale.nearest(&item.frame.depth, x, y), range, x, y)));
            let Ok(()) = target.fill_contiguous(&scale.whole(), pixels);
            let Some(range) = range else { return "depth: nothing hit".into() };
            draw_scale_bar(&mut target, range, &scale, font);
            format!("depth {} to {}", metres(range.0), metres(range.1))
        }
    }
}

/// Height of a cell of this width that has the frame's shape.
fn fitted_height(frame: &Frame, cell_width: u32) -> u32 {
    let (width, height) = (u64::from(frame.rgb.width().max(1)), u64::from(frame.rgb.height()));
    let fitted = (u64::from(cell_width) * height + width / 2) / width;
    u32::try_from(fitted).unwrap_or(u32::MAX).clamp(1, 2 * *CELL_WIDTHS.end())
}

/// From the pixels of a cell to those of a frame.
struct Scale {
    width: u32,
    height: u32,
    source_width: u32,
    source_height: u32,
}

impl Scale {
    fn new(frame: &Frame, cell: Rectangle) -> Self {
        Self {
            width: cell.size.width,
            height: cell.size.height,
            source_width: frame.rgb.width(),
            source_height: frame.rgb.height(),
        }
    }

    fn whole(&self) -> Rectangle {
        area(0, 0, self.width, self.height)
    }

    /// The pixels of the cell, row by row.
    fn cells(&self) -> impl Iterator<Item = (u32, u32)> + use<> {
        let width = self.width;
        (0..self.height).flat_map(move |y| (0..width).map(move |x| (x, y)))
    }

    /// The source columns (or rows) under pixel `at` of `count`; never none.
    fn span(at: u32, count: u32, source: u32) -> (u32, u32) {
        let edge =
            |at: u32| u32::try_from(u64::from(at) * u64::from(source) / u64::from(count.max(1))).unwrap_or(source);
        let start = edge(at).min(source.saturating_sub(1));
        (start, edge(at + 1).max(start + 1).min(source))
    }

    /// The value in the middle of what pixel (x, y) of the cell shows: for images that must not be mixed.
    fn nearest<T: Copy + Default>(&self, image: &Image<T>, x: u32, y: u32) -> T {
        let middle = |(start, end): (u32, u32)| start + (end.saturating_sub(start)) / 2;
        let column = middle(Self::span(x, self.width, self.source_width));
        let row = middle(Self::span(y, self.height, self.source_height));
        image.get(column, row).copied().unwrap_or_default()
    }

    /// The mean colour of what pixel (x, y) of the cell shows.
    fn average(&self, image: &Image<[u8; 3]>, x: u32, y: u32) -> [u8; 3] {
        let (left, right) = Self::span(x, self.width, self.source_width);
        let (top, bottom) = Self::span(y, self.height, self.source_height);
        let (mut sum, mut count) = ([0_u64; 3], 0);
        for pixel in (top..bottom).flat_map(|row| (left..right).filter_map(move |column| image.get(column, row))) {
            sum = std::array::from_fn(|k| sum[k] + u64::from(pixel[k]));
            count += 1;
        }
        sum.map(|channel| u8::try_from((channel + count / 2) / count.max(1)).unwrap_or(u8::MAX))
    }

    /// A box in frame pixels `[x, y, width, height]` as corners in the cell, grown to whole pixels and to 5 at least.
    fn to_cell(&self, [x, y, width, height]: [u32; 4]) -> Rectangle {
        let (left, right) = Self::stretch(x, width, self.width, self.source_width);
        let (top, bottom) = Self::stretch(y, height, self.height, self.source_height);
        area(left, top, right - left, bottom - top)
    }

    fn stretch(start: u32, length: u32, count: u32, source: u32) -> (u32, u32) {
        const SMALLEST: u32 = 5;
        let (count, source) = (u64::from(count), u64::from(source.max(1)));
        let low = u64::from(start) * count / source;
        let high = ((u64::from(start) + u64::from(length)) * count).div_ceil(source).min(count);
        let missing = u64::from(SMALLEST).saturating_sub(high.saturating_sub(low));
        let low = low.saturating_sub(missing / 2);
        let high = (high + missing.div_ceil(2)).min(count).max(low);
        (u32::try_from(low).unwrap_or(u32::MAX), u32::try_from(high).unwrap_or(u32::MAX))
    }
}

/// Smallest and largest depth of what was hit, metres.
fn depth_range(depth: &Image<f32>) -> Option<(f32, f32)> {
    let hits = depth.pixels().iter().copied().filter(|d| is_hit(*d));
    hits.fold(None, |range, d| Some(range.map_or((d, d), |(min, max): (f32, f32)| (min.min(d), max.max(d)))))
}

fn is_hit(depth: f32) -> bool {
    depth.is_finite() && depth > 0.0
}

/// Bright at the near end, dark at the far end, even steps for even ratios: a far horizon does not swallow what is near.
/// Where nothing was hit, dark grey with a hatch.
fn depth_color(depth: f32, range: Option<(f32, f32)>, x: u32, y: u32) -> [u8; 3] {
    match range {
        Some((min, max)) if is_hit(depth) => {
            let whole = libm::log(f64::from(max) / f64::from(min));
            let part = libm::log(f64::from(max) / f64::from(depth));
            color::ramp(if whole > 0.0 { part / whole } else { 1.0 })
        }
        _ if (x + y).is_multiple_of(8) => [58, 58, 64],
        _ => [38, 38, 42],
    }
}

/// The ramp with its two ends in metres, at the foot of a depth cell.
fn draw_scale_bar<D>(target: &mut D, (min, max): (f32, f32), scale: &Scale, font: &MonoFont<'_>)
where
    D: DrawTarget<Color = embedded_graphics::pixelcolor::Rgb888, Error = std::convert::Infallible>,
{
    let (near, far) = (metres(min), metres(max));
    let (near_size, far_size) = (text_size(&near, font), text_size(&far, font));
    let (height, width) = (near_size.height, scale.width / 2);
    if scale.height < 3 * height || width < near_size.width + far_size.width {
        return; // the caption has the numbers too
    }
    let top = scale.height - height;
    let length = width - near_size.width - far_size.width;
    let pixels = (0..height).flat_map(|_| (0..length).map(|k| 1.0 - f64::from(k) / f64::from(length)));
    let bar = area(near_size.width, top, length, height);
    let Ok(()) = target.fill_contiguous(&bar, pixels.map(|nearness| rgb(color::ramp(nearness))));
    draw_text(target, &near, Point::new(0, signed(top)), font, CAPTION, Some(BACKGROUND));
    draw_text(target, &far, Point::new(signed(near_size.width + length), signed(top)), font, CAPTION, Some(BACKGROUND));
}

fn metres(value: f32) -> String {
    match value {
        v if v < 0.1 => format!("{v:.4} m"),
        v if v < 100.0 => format!("{v:.2} m"),
        v => format!("{v:.0} m"),
    }
}
