//! The contact sheet: every frame as colour, as labels, and as each output that its recipe asks for, so that a person sees
//! whether they are right.
//!
//! A cell never says more than the labels do: boxes, outlines, poses and keypoints are drawn from [`Labels`], planes from the
//! [`Frame`], and what is not there is hatched and called so.

mod amodal;
mod boxes3d;
mod canvas;
mod color;
mod dashes;
mod keypoints;
mod labels;
mod layout;
mod legends;
mod lines;
mod names;
mod panel;
mod planes;
mod poses;
mod scale;
mod segments;

pub use color::instance_color;
pub use layout::Panel;

use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::Point;
use embedded_graphics::mono_font::MonoFont;

use crate::annotate::{Labels, Subject};
use crate::frame::Frame;
use crate::image::Image;
use canvas::{Canvas, area, draw_text, rgb, shortened, signed};
use layout::{GAP, Layout};
use scale::Scale;

const BACKGROUND: [u8; 3] = [24, 24, 27];
const CAPTION: [u8; 3] = [228, 228, 231];
/// Between frames that take several lines each.
const RULE: [u8; 3] = [82, 82, 91];

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

/// A contact sheet, and where on it things are.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// The picture.
    pub image: Image<[u8; 3]>,
    /// Its cells, frame after frame, each frame's in the order of [`Panel`].
    pub cells: Vec<Cell>,
    /// How many of the frames are not on it because there was no room: those at the end.
    pub left_out: usize,
}

/// One cell of a [`Sheet`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Position of the frame in what was to be drawn.
    pub item: usize,
    /// What of it is shown.
    pub panel: Panel,
    /// What is written above the cell, before it is cut to the cell's width.
    pub caption: String,
    /// `[x, y, width, height]` of the picture, without its caption, in pixels of the sheet.
    pub bbox: [u32; 4],
}

/// The picture of [`sheet`].
pub fn contact_sheet(items: &[PreviewItem<'_>], cell_width: u32) -> Image<[u8; 3]> {
    sheet(items, cell_width).image
}

/// Frames as rows of cells: colour; masks with boxes and names; then one cell for each output that any of the scenes asks for, in
/// the order of [`Output`](crate::scene::Output). Up to three cells stand in one line, and from five such frames on there are two
/// frames to a line; more cells wrap into lines of six at most.
///
/// `cell_width` is in pixels and brought into 96..=2048; cells are as high as the frame with the tallest shape needs. A sheet of
/// more than 100 million pixels gets narrower cells, and if that is not enough, leaves out the last frames and says so at its foot.
pub fn sheet(items: &[PreviewItem<'_>], cell_width: u32) -> Sheet {
    let layout = Layout::new(items, cell_width);
    let mut canvas = Canvas { image: Image::filled(layout.width, layout.height, BACKGROUND) };
    let mut cells = Vec::new();
    for (number, item) in items.iter().enumerate().take(layout.shown) {
        if let Some([x, y, width]) = layout.rule_above(number) {
            let Ok(()) = canvas.fill_solid(&area(x, y, width, 1), rgb(RULE));
        }
        for (place, &panel) in layout.panels.iter().enumerate() {
            let (x, y) = layout.corner(number, place);
            let place = area(x, y + layout.caption_height, layout.cell_width, layout.height_of(item.frame));
            let view = View {
                item: *item,
                scale: Scale::new(item.frame, place.size),
                font: layout.font,
                stroke: layout.stroke(),
            };
            let caption = panel::draw(&mut canvas.plot(place), &view, panel);
            let text = shortened(&caption, layout.font, layout.cell_width);
            draw_text(&mut canvas, &text, Point::new(signed(x), signed(y) + 2), layout.font, CAPTION, None);
            let bbox = [x, y + layout.caption_height, place.size.width, place.size.height];
            cells.push(Cell { item: number, panel, caption, bbox });
        }
    }
    let left_out = items.len() - layout.shown.min(items.len());
    if left_out > 0 {
        let text = format!("and {left_out} more: no room on this sheet");
        let at = Point::new(signed(GAP), signed(layout.height.saturating_sub(layout.caption_height)));
        draw_text(&mut canvas, &text, at, layout.font, CAPTION, None);
    }
    Sheet { image: canvas.image, cells, left_out }
}

/// What is drawn into one cell, and how.
pub(crate) struct View<'a> {
    pub(crate) item: PreviewItem<'a>,
    pub(crate) scale: Scale,
    pub(crate) font: &'static MonoFont<'static>,
    /// Width of a thin line, pixels.
    pub(crate) stroke: u32,
}
