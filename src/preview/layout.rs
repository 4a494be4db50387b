//! Which cells a sheet has, and where they are.

use std::collections::BTreeSet;

use embedded_graphics::mono_font::MonoFont;

use crate::frame::Frame;
use crate::preview::PreviewItem;
use crate::preview::canvas::font_for;
use crate::scene::Output;

/// Between cells, in pixels.
pub(crate) const GAP: u32 = 6;
/// Frames of so few cells stand in one line, as they are seen best.
const ONE_LINE: usize = 3;
/// From this many of those on, two stand beside each other.
const TWO_COLUMNS_FROM: usize = 5;
/// Cells of one frame that stand beside each other, where it has many.
const MOST_COLUMNS: usize = 6;
/// Widths of a cell that make a readable sheet.
const CELL_WIDTHS: std::ops::RangeInclusive<u32> = 96..=2048;
/// A cell is no higher than this, however tall its frame.
const TALLEST_CELL: u32 = 4096;
/// 300 MB of picture.
const MOST_PIXELS: u64 = 100_000_000;

/// What one cell shows of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Panel {
    /// The colour image.
    Color,
    /// Masks, boxes and names; also what the ids look like.
    Labels,
    /// Another output; never [`Output::Ids`].
    Output(Output),
    /// What the camera's depth sensor measures.
    SensorDepth,
}

/// The grid of a sheet. Lengths are pixels of the sheet.
pub(crate) struct Layout {
    pub(crate) panels: Vec<Panel>,
    pub(crate) cell_width: u32,
    pub(crate) caption_height: u32,
    pub(crate) font: &'static MonoFont<'static>,
    /// How many frames are on it: the first ones.
    pub(crate) shown: usize,
    pub(crate) width: u32,
    pub(crate) height: u32,
    cell_height: u32,
    /// Cells of a frame beside each other.
    columns: u32,
    /// Lines that a frame takes.
    lines: u32,
    /// Frames beside each other.
    across: u32,
}

impl Layout {
    pub(crate) fn new(items: &[PreviewItem<'_>], cell_width: u32) -> Self {
        let panels = panels(items);
        let (smallest, largest) = (*CELL_WIDTHS.start(), *CELL_WIDTHS.end());
        let mut layout = Self::of_width(items, panels, cell_width.clamp(smallest, largest));
        while layout.pixels(items.len()) > MOST_PIXELS && layout.cell_width > smallest {
            let narrower = (layout.cell_width / 10 * 9).max(smallest);
            layout = Self::of_width(items, layout.panels, narrower);
        }
        while layout.pixels(layout.shown) > MOST_PIXELS && layout.shown > 1 {
            layout.shown = layout.shown * 9 / 10;
        }
        layout.width = layout.across * layout.block_width();
        let foot = if layout.shown < items.len() { layout.caption_height } else { 0 };
        layout.height = u32::try_from(layout.rows(layout.shown) * u64::from(layout.block_height()))
            .unwrap_or(u32::MAX)
            .saturating_add(GAP + foot);
        layout
    }

    fn of_width(items: &[PreviewItem<'_>], panels: Vec<Panel>, cell_width: u32) -> Self {
        let font = font_for(cell_width);
        let count = panels.len();
        let lines = if count <= ONE_LINE { 1 } else { count.div_ceil(MOST_COLUMNS) };
        let columns = count.div_ceil(lines); // all lines but the last are full, and the last as full as can be
        let across = if count <= ONE_LINE && items.len() >= TWO_COLUMNS_FROM { 2 } else { 1 };
        let cell_height = items.iter().map(|item| fitted_height(item.frame, cell_width)).max().unwrap_or(1);
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            panels,
            cell_width,
            caption_height: font.character_size.height + 6,
            font,
            shown: items.len(),
            width: 0,
            height: 0,
            cell_height,
            columns: small(columns),
            lines: small(lines),
            across,
        }
    }

    fn block_width(&self) -> u32 {
        self.columns * (self.cell_width + GAP) + GAP
    }

    fn line_height(&self) -> u32 {
        self.cell_height + self.caption_height + GAP
    }

    /// Frames of several lines stand apart.
    fn block_height(&self) -> u32 {
        self.lines * self.line_height() + if self.lines > 1 { 2 * GAP } else { 0 }
    }

    fn rows(&self, frames: usize) -> u64 {
        (frames as u64).div_ceil(u64::from(self.across))
    }

    fn pixels(&self, frames: usize) -> u64 {
        let width = u64::from(self.across * self.block_width());
        self.rows(frames).saturating_mul(u64::from(self.block_height())).saturating_mul(width)
    }

    /// Upper left corner of the caption of a cell, by the position of its frame and of its panel.
    pub(crate) fn corner(&self, frame: usize, panel: usize) -> (u32, u32) {
        let (left, top) = self.block(frame);
        let panel = u32::try_from(panel).unwrap_or(u32::MAX);
        let (column, line) = (panel % self.columns, panel / self.columns);
        (left + GAP + column * (self.cell_width + GAP), top + GAP + line * self.line_height())
    }

    /// Where the line between a frame and the one above it goes, if there is one: `[x, y, length]`.
    pub(crate) fn rule_above(&self, frame: usize) -> Option<[u32; 3]> {
        let (left, top) = self.block(frame);
        (self.lines > 1 && frame > 0)
            .then(|| [left + GAP, top.saturating_sub(GAP / 2), self.block_width().saturating_sub(2 * GAP)])
    }

    fn block(&self, frame: usize) -> (u32, u32) {
        let frame = u32::try_from(frame).unwrap_or(u32::MAX);
        (frame % self.across * self.block_width(), frame / self.across * self.block_height())
    }

    /// Height of the picture of a frame.
    pub(crate) fn height_of(&self, frame: &Frame) -> u32 {
        fitted_height(frame, self.cell_width)
    }

    /// Width of a thin line: what can be seen, and does not hide much.
    pub(crate) fn stroke(&self) -> u32 {
        1 + self.cell_width / 500
    }
}

/// Colour, labels, and what any of the scenes asks for; the same for all frames, so that they can be compared.
fn panels(items: &[PreviewItem<'_>]) -> Vec<Panel> {
    let asked: BTreeSet<Output> = items.iter().flat_map(|i| i.subject.scene.labels.outputs.iter().copied()).collect();
    let outputs = asked.into_iter().filter(is_shown).map(Panel::Output);
    let measured = items.iter().any(|item| item.frame.sensor_depth.is_some()).then_some(Panel::SensorDepth);
    [Panel::Color, Panel::Labels].into_iter().chain(outputs).chain(measured).collect()
}

/// What has no cell of its own: ids, which the labels show, and what tells of more than one image.
fn is_shown(output: &Output) -> bool {
    !output.is_of_clips() && !matches!(output, Output::Ids | Output::Disparity)
}

/// Height of a cell of this width that has the frame's shape.
fn fitted_height(frame: &Frame, cell_width: u32) -> u32 {
    let (width, height) = (u64::from(frame.rgb.width().max(1)), u64::from(frame.rgb.height()));
    let fitted = (u64::from(cell_width) * height + width / 2) / width;
    u32::try_from(fitted).unwrap_or(u32::MAX).clamp(1, TALLEST_CELL)
}
