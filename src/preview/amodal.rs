//! Whole instances, hidden or not: dashed outlines over what is seen of them.

use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::Point;
use embedded_graphics::prelude::Drawable;
use embedded_graphics::primitives::{Primitive, PrimitiveStyle, Rectangle, Triangle};

use crate::annotate::{Amodal, Rle};
use crate::preview::View;
use crate::preview::canvas::{Plot, area, rgb, signed};
use crate::preview::color::{instance_color, mix};
use crate::preview::dashes::draw_outline;
use crate::preview::names::{Name, write_few_names};

/// One instance with an amodal mask.
struct Whole<'a> {
    id: u32,
    name: &'a str,
    amodal: &'a Amodal,
}

/// Draws the cell: what is seen tinted, the whole in dashes, its box thin, with an arrow where it leaves the frame; the share that
/// is seen, and that which is cut off, beside the name. `None` where the frame has no amodal masks.
pub(crate) fn draw(plot: &mut Plot<'_>, view: &View<'_>) -> Option<String> {
    let labels = view.item.labels;
    let seen = labels.annotations.iter().map(|a| (a.instance_id, &a.name, &a.amodal));
    let left_out = labels.left_out.iter().map(|l| (l.instance_id, &l.name, &l.amodal));
    let mut wholes: Vec<Whole<'_>> = seen
        .chain(left_out)
        .filter_map(|(id, name, amodal)| Some(Whole { id, name, amodal: amodal.as_ref()? }))
        .collect();
    if wholes.is_empty() && view.item.frame.amodal.is_none() {
        return None;
    }
    // Small ones last, so that they are not drawn over.
    wholes.sort_by_key(|whole| (std::cmp::Reverse(whole.amodal.area), whole.id));
    plot.fill(&view.scale, |x, y| {
        let id = view.scale.nearest(&view.item.frame.ids, x, y);
        let faded = view.scale.faded(&view.item.frame.rgb, x, y);
        if id == 0 { faded } else { mix(faded, instance_color(id), 0.3) }
    });
    let mut names = Vec::new();
    for whole in &wholes {
        if let Some(around) = draw_whole(plot, view, whole) {
            let cut = whole.amodal.truncation;
            let cut = if cut > 0.0 { format!(" cut {}", percent(cut)) } else { String::new() };
            let text = format!("{} {}{cut}", whole.name, percent(whole.amodal.visibility));
            names.push(Name { text, color: instance_color(whole.id), around });
        }
    }
    let unnamed = write_few_names(plot, view, &names, &[]);
    Some(caption(&wholes) + &unnamed)
}

fn caption(wholes: &[Whole<'_>]) -> String {
    let inside = wholes.iter().filter(|whole| whole.amodal.area_in_frame > 0);
    let hidden = inside.clone().filter(|whole| whole.amodal.visibility <= 0.0).count();
    let outside = wholes.len() - inside.count();
    let noted = |count: usize, what: &str| if count > 0 { format!(", {count} {what}") } else { String::new() };
    format!("amodal: {} whole, % seen{}{}", wholes.len(), noted(hidden, "hidden"), noted(outside, "outside"))
}

/// Whole percent, but never 0 of what is seen nor 100 of what is not seen whole.
fn percent(share: f64) -> String {
    match share * 100.0 {
        p if p > 0.0 && p < 0.5 => "<1%".into(),
        p if (99.5..100.0).contains(&p) => ">99%".into(),
        p => format!("{p:.0}%"),
    }
}

/// Box, arrows and outline; returns the box within the cell, if any of it is there.
fn draw_whole(plot: &mut Plot<'_>, view: &View<'_>, whole: &Whole<'_>) -> Option<Rectangle> {
    let color = instance_color(whole.id);
    let [left, top, right, bottom] = view.scale.beyond(whole.amodal.bbox);
    let (last_x, last_y) = (i64::from(view.scale.width) - 1, i64::from(view.scale.height) - 1);
    let open = [left < 0, top < 0, right > last_x, bottom > last_y];
    if right < 0 || bottom < 0 || left > last_x || top > last_y || whole.amodal.area_in_frame == 0 {
        return None;
    }
    let small = |value: i64, most: i64| u32::try_from(value.clamp(0, most)).unwrap_or(0);
    let within = [small(left, last_x), small(top, last_y), small(right, last_x), small(bottom, last_y)];
    draw_box(plot, within, open, mix(color, [0; 3], 0.45));
    draw_arrows(plot, view, within, open, color);
    let mask = Runs::new(&whole.amodal.rle);
    draw_outline(plot, view, within, open, color, |x, y| mask.contains(view.scale.source(x, y)));
    let [left, top, right, bottom] = within;
    Some(area(left, top, right - left + 1, bottom - top + 1))
}

/// The sides of a box that are within the cell.
fn draw_box(plot: &mut Plot<'_>, [left, top, right, bottom]: [u32; 4], open: [bool; 4], color: [u8; 3]) {
    let (width, height) = (right - left + 1, bottom - top + 1);
    let sides = [
        area(left, top, 1, height),
        area(left, top, width, 1),
        area(right, top, 1, height),
        area(left, bottom, width, 1),
    ];
    for (side, _) in sides.into_iter().zip(open).filter(|(_, open)| !open) {
        let Ok(()) = plot.fill_solid(&side, rgb(color));
    }
}

/// An arrow outwards from the middle of every side that is beyond the cell.
fn draw_arrows(
    plot: &mut Plot<'_>,
    view: &View<'_>,
    [left, top, right, bottom]: [u32; 4],
    open: [bool; 4],
    color: [u8; 3],
) {
    let size = signed(4 + 2 * view.stroke);
    let (middle_x, middle_y) = (signed(left.midpoint(right)), signed(top.midpoint(bottom)));
    let tips = [
        (Point::new(signed(left), middle_y), Point::new(1, 0)),
        (Point::new(middle_x, signed(top)), Point::new(0, 1)),
        (Point::new(signed(right), middle_y), Point::new(-1, 0)),
        (Point::new(middle_x, signed(bottom)), Point::new(0, -1)),
    ];
    for ((tip, inwards), _) in tips.into_iter().zip(open).filter(|(_, open)| *open) {
        let (foot, across) = (tip + inwards * size, Point::new(inwards.y, inwards.x) * (size * 2 / 3));
        let style = PrimitiveStyle::with_fill(rgb(color));
        let Ok(()) = Triangle::new(tip, foot + across, foot - across).into_styled(style).draw(plot);
    }
}

/// A mask that can be asked for single pixels without being unpacked.
struct Runs {
    height: u32,
    runs: Vec<(u32, u32)>,
}

impl Runs {
    fn new(rle: &Rle) -> Self {
        Self { height: rle.height(), runs: rle.runs().collect() }
    }

    fn contains(&self, (x, y): (u32, u32)) -> bool {
        let position = u64::from(x) * u64::from(self.height) + u64::from(y);
        let after = self.runs.partition_point(|(start, _)| u64::from(*start) <= position);
        y < self.height && self.runs[..after].last().is_some_and(|(_, end)| position < u64::from(*end))
    }
}
