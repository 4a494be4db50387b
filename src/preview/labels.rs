//! Masks over a faded image, boxes, and names that do not cover each other.

use embedded_graphics::prelude::Drawable;
use embedded_graphics::primitives::{Primitive, PrimitiveStyle};

use crate::annotate::Annotation;
use crate::preview::View;
use crate::preview::canvas::{Plot, rgb};
use crate::preview::color::{instance_color, mix};
use crate::preview::names::{Name, write_names};

/// Draws the cell; returns its caption.
pub(crate) fn draw(plot: &mut Plot<'_>, view: &View<'_>) -> String {
    plot.fill(&view.scale, |x, y| overlay(view, x, y));
    let annotations = &view.item.labels.annotations;
    let unnamed = draw_boxes(plot, view, annotations);
    let plural = if annotations.len() == 1 { "" } else { "s" };
    let marked = annotations.iter().filter(|annotation| annotation.marked.is_some()).count();
    let noted =
        [(marked, "marked"), (view.item.labels.left_out.len(), "left out"), (unnamed, "without room for a name")];
    let noted = noted.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}"));
    format!("{} instance{plural}{}", annotations.len(), noted.collect::<String>())
}

/// The image faded to grey, each mask tinted in its colour and outlined in it.
fn overlay(view: &View<'_>, x: u32, y: u32) -> [u8; 3] {
    let (frame, scale) = (view.item.frame, &view.scale);
    let id = scale.nearest(&frame.ids, x, y);
    if id == 0 {
        return scale.faded(&frame.rgb, x, y);
    }
    let differs = |x: u32, y: u32| x < scale.width && y < scale.height && scale.nearest(&frame.ids, x, y) != id;
    let is_edge =
        differs(x + 1, y) || differs(x.wrapping_sub(1), y) || differs(x, y + 1) || differs(x, y.wrapping_sub(1));
    mix(scale.greyed(&frame.rgb, x, y, 0.5), instance_color(id), if is_edge { 1.0 } else { 0.45 })
}

/// Boxes and names of all annotations; returns how many names found no room.
fn draw_boxes(plot: &mut Plot<'_>, view: &View<'_>, annotations: &[Annotation]) -> usize {
    let mut by_size: Vec<&Annotation> = annotations.iter().collect();
    by_size.sort_by_key(|annotation| (std::cmp::Reverse(annotation.area), annotation.instance_id));
    for annotation in &by_size {
        let style = PrimitiveStyle::with_stroke(rgb(instance_color(annotation.instance_id)), 1);
        let Ok(()) = view.scale.to_cell(annotation.bbox).into_styled(style).draw(plot);
    }
    let name = |annotation: &&Annotation| Name {
        text: annotation.name.clone() + if annotation.marked.is_some() { " marked" } else { "" },
        color: instance_color(annotation.instance_id),
        around: view.scale.to_cell(annotation.bbox),
    };
    write_names(plot, view, &by_size.iter().map(name).collect::<Vec<_>>())
}
