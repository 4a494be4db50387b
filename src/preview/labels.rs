//! The middle cell: masks over a faded image, boxes, and names that do not cover each other.

use std::convert::Infallible;

use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{Point, Size};
use embedded_graphics::mono_font::MonoFont;
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::Drawable;
use embedded_graphics::primitives::{Primitive, PrimitiveStyle, Rectangle};

use crate::annotate::Annotation;
use crate::preview::canvas::{draw_text, rgb, shortened, signed, text_size};
use crate::preview::color::{instance_color, mix, readable_on};
use crate::preview::{PreviewItem, Scale};

/// Names are tried for this many of the largest instances: more do not fit on any cell.
const MOST_NAMES: usize = 200;

/// The image faded to grey, each mask tinted in its colour and outlined in it.
pub(crate) fn overlay(item: &PreviewItem<'_>, scale: &Scale) -> impl Iterator<Item = [u8; 3]> {
    let (frame, width, height) = (item.frame, scale.width, scale.height);
    scale.cells().map(move |(x, y)| {
        let pixel = scale.average(&frame.rgb, x, y);
        let grey = u8::try_from(pixel.iter().map(|&c| u32::from(c)).sum::<u32>() / 3).unwrap_or(u8::MAX);
        let faded = mix(mix(pixel, [grey; 3], 0.7), [0; 3], 0.35);
        let id = scale.nearest(&frame.ids, x, y);
        if id == 0 {
            return faded;
        }
        let differs = |x: u32, y: u32| x < width && y < height && scale.nearest(&frame.ids, x, y) != id;
        let is_edge =
            differs(x + 1, y) || differs(x.wrapping_sub(1), y) || differs(x, y + 1) || differs(x, y.wrapping_sub(1));
        mix(mix(pixel, [grey; 3], 0.5), instance_color(id), if is_edge { 1.0 } else { 0.45 })
    })
}

/// Boxes and names of all annotations; returns how many names found no room.
pub(crate) fn draw_boxes<D: DrawTarget<Color = Rgb888, Error = Infallible>>(
    target: &mut D,
    annotations: &[Annotation],
    scale: &Scale,
    font: &MonoFont<'_>,
) -> usize {
    let mut by_size: Vec<&Annotation> = annotations.iter().collect();
    by_size.sort_by_key(|annotation| (std::cmp::Reverse(annotation.area), annotation.instance_id));
    for annotation in &by_size {
        let style = PrimitiveStyle::with_stroke(rgb(instance_color(annotation.instance_id)), 1);
        let Ok(()) = scale.to_cell(annotation.bbox).into_styled(style).draw(target);
    }
    let mut taken: Vec<Rectangle> = Vec::new();
    for annotation in by_size.iter().take(MOST_NAMES) {
        let text = shortened(&annotation.name, font, scale.width);
        let size = text_size(&text, font);
        let free = |place: &Rectangle| taken.iter().all(|other| other.intersection(place).is_zero_sized());
        let places = candidates(scale.to_cell(annotation.bbox), size);
        let inside = |place: &Rectangle| scale.whole().intersection(place) == *place;
        let pushed_inside = places.iter().map(|place| push_inside(*place, scale));
        let place = places.iter().copied().filter(inside).chain(pushed_inside).find(free);
        if let Some(place) = place {
            let background = instance_color(annotation.instance_id);
            draw_text(target, &text, place.top_left, font, readable_on(background), Some(background));
            taken.push(place);
        }
    }
    annotations.len() - taken.len()
}

/// Where the name of a box may stand, best first: above, below, beside, inside.
fn candidates(of: Rectangle, size: Size) -> [Rectangle; 9] {
    let (width, height) = (signed(size.width), signed(size.height));
    let (left, top) = (of.top_left.x, of.top_left.y);
    let (right, bottom) = (left + signed(of.size.width), top + signed(of.size.height));
    let (middle_x, middle_y) = ((left + right - width) / 2, (top + bottom - height) / 2);
    [
        (left, top - height),
        (right - width, top - height),
        (left, bottom),
        (right - width, bottom),
        (right, top),
        (left - width, top),
        (left, top),
        (middle_x, middle_y),
        (left, bottom - height),
    ]
    .map(|(x, y)| Rectangle::new(Point::new(x, y), size))
}

/// Moved as little as puts it inside the cell.
fn push_inside(place: Rectangle, scale: &Scale) -> Rectangle {
    let most = |cell: u32, size: u32| signed(cell).saturating_sub(signed(size));
    let x = place.top_left.x.min(most(scale.width, place.size.width)).max(0);
    let y = place.top_left.y.min(most(scale.height, place.size.height)).max(0);
    Rectangle::new(Point::new(x, y), place.size)
}
