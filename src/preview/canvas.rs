//! An RGB image that `embedded-graphics` can draw on, and text on a filled background.

use std::convert::Infallible;

use embedded_graphics::Pixel;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle, iso_8859_1 as fonts};
use embedded_graphics::pixelcolor::{Rgb888, RgbColor};
use embedded_graphics::prelude::{Drawable, PointsIter};
use embedded_graphics::primitives::Rectangle;
use embedded_graphics::text::{Baseline, Text};

use crate::image::Image;
use crate::preview::scale::Scale;

/// What is drawn on.
pub(crate) struct Canvas {
    pub(crate) image: Image<[u8; 3]>,
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        Size::new(self.image.width(), self.image.height())
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        for Pixel(point, color) in pixels {
            if let (Ok(x), Ok(y)) = (u32::try_from(point.x), u32::try_from(point.y)) {
                self.image.set(x, y, [color.r(), color.g(), color.b()]);
            }
        }
        Ok(())
    }
}

impl Canvas {
    /// The part of it that is drawn into next.
    pub(crate) fn plot(&mut self, area: Rectangle) -> Plot<'_> {
        Plot { canvas: self, area }
    }
}

/// A rectangle of the canvas: its corner is the origin, and what would be drawn beyond it is not.
pub(crate) struct Plot<'a> {
    canvas: &'a mut Canvas,
    area: Rectangle,
}

impl Plot<'_> {
    /// Gives every pixel of the cell its colour.
    pub(crate) fn fill(&mut self, scale: &Scale, color: impl Fn(u32, u32) -> [u8; 3]) {
        let pixels = scale.cells().map(|(x, y)| Pixel(Point::new(signed(x), signed(y)), rgb(color(x, y))));
        let Ok(()) = self.draw_iter(pixels);
    }
}

impl OriginDimensions for Plot<'_> {
    fn size(&self) -> Size {
        self.area.size
    }
}

impl DrawTarget for Plot<'_> {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        let (corner, inside) = (self.area.top_left, Rectangle::new(Point::zero(), self.area.size));
        let kept = pixels.into_iter().filter(|pixel| inside.contains(pixel.0));
        self.canvas.draw_iter(kept.map(|Pixel(point, color)| Pixel(point + corner, color)))
    }

    /// Only what is inside is visited, so that a rectangle of any size is quick.
    fn fill_solid(&mut self, area: &Rectangle, color: Rgb888) -> Result<(), Infallible> {
        let inside = area.intersection(&Rectangle::new(Point::zero(), self.area.size));
        self.draw_iter(inside.points().map(|point| Pixel(point, color)))
    }
}

/// `embedded-graphics`' kind of colour.
pub(crate) fn rgb([r, g, b]: [u8; 3]) -> Rgb888 {
    Rgb888::new(r, g, b)
}

/// A rectangle by its corner and size.
pub(crate) fn area(x: u32, y: u32, width: u32, height: u32) -> Rectangle {
    Rectangle::new(Point::new(signed(x), signed(y)), Size::new(width, height))
}

/// Sheets are far smaller than this can hold; what is not is drawn outside, which is nowhere.
pub(crate) fn signed(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// The font for cells of this width.
pub(crate) fn font_for(cell_width: u32) -> &'static MonoFont<'static> {
    match cell_width {
        0..300 => &fonts::FONT_5X8,
        300..420 => &fonts::FONT_6X10,
        420..640 => &fonts::FONT_7X13,
        640..900 => &fonts::FONT_8X13_BOLD,
        _ => &fonts::FONT_10X20,
    }
}

/// Room that a text takes with its background.
pub(crate) fn text_size(text: &str, font: &MonoFont<'_>) -> Size {
    let letters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let width = letters.saturating_mul(font.character_size.width).saturating_add(3);
    Size::new(width, font.character_size.height + 2)
}

/// As much of a text as fits into `width`, the cut marked by two dots.
pub(crate) fn shortened(text: &str, font: &MonoFont<'_>, width: u32) -> String {
    if text_size(text, font).width <= width {
        return text.to_owned();
    }
    let letters = (width.saturating_sub(3) / font.character_size.width.max(1)) as usize;
    text.chars().take(letters.saturating_sub(2)).chain("..".chars()).take(letters).collect()
}

/// Text with its top left corner at `at`, on a filled background where one is given.
pub(crate) fn draw_text<D: DrawTarget<Color = Rgb888, Error = Infallible>>(
    target: &mut D,
    text: &str,
    at: Point,
    font: &MonoFont<'_>,
    color: [u8; 3],
    background: Option<[u8; 3]>,
) {
    if let Some(background) = background {
        let Ok(()) = target.fill_solid(&Rectangle::new(at, text_size(text, font)), rgb(background));
    }
    let style = MonoTextStyle::new(font, rgb(color));
    let Ok(_) = Text::with_baseline(text, at + Point::new(2, 1), style, Baseline::Top).draw(target);
}
