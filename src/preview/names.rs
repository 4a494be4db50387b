//! Names beside what they name, none over another.

use embedded_graphics::geometry::{Point, Size};
use embedded_graphics::primitives::Rectangle;

use crate::preview::View;
use crate::preview::canvas::{Plot, draw_text, shortened, signed, text_size};
use crate::preview::color::readable_on;
use crate::preview::scale::Scale;

/// Names are tried for this many things: more do not fit on any cell.
const MOST_NAMES: usize = 200;

/// A name and what it belongs to.
pub(crate) struct Name {
    pub(crate) text: String,
    /// Of the background it is written on.
    pub(crate) color: [u8; 3],
    /// In the cell.
    pub(crate) around: Rectangle,
}

/// Writes as many names as find room, the first ones first; returns how many found none.
pub(crate) fn write_names(plot: &mut Plot<'_>, view: &View<'_>, names: &[Name]) -> usize {
    write_names_within(plot, view, names, &[], u64::MAX)
}

/// The same, where what is drawn below matters more: names are over none of `keep_free`, and cover a quarter of the cell at most.
/// Returns a note on those without a name for the caption.
pub(crate) fn write_few_names(plot: &mut Plot<'_>, view: &View<'_>, names: &[Name], keep_free: &[Rectangle]) -> String {
    let room = u64::from(view.scale.width) * u64::from(view.scale.height) / 4;
    match write_names_within(plot, view, names, keep_free, room) {
        0 => String::new(),
        unnamed => format!(", {unnamed} unnamed"),
    }
}

fn write_names_within(
    plot: &mut Plot<'_>,
    view: &View<'_>,
    names: &[Name],
    keep_free: &[Rectangle],
    mut room: u64,
) -> usize {
    let (scale, font) = (&view.scale, view.font);
    let mut taken = keep_free.to_vec();
    for name in names.iter().take(MOST_NAMES) {
        let text = shortened(&name.text, font, scale.width);
        let size = text_size(&text, font);
        let free = |place: &Rectangle| taken.iter().all(|other| other.intersection(place).is_zero_sized());
        let places = candidates(name.around, size);
        let inside = |place: &Rectangle| scale.whole().intersection(place) == *place;
        let pushed_inside = places.iter().map(|place| push_inside(*place, scale));
        let place = places.iter().copied().filter(inside).chain(pushed_inside).find(free);
        let own = u64::from(size.width) * u64::from(size.height);
        if let Some(place) = place.filter(|_| own <= room) {
            room -= own;
            draw_text(plot, &text, place.top_left, font, readable_on(name.color), Some(name.color));
            taken.push(place);
        }
    }
    names.len() + keep_free.len() - taken.len()
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
