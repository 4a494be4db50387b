//! Cells that show to which class, part or segment a pixel belongs.

use std::collections::BTreeMap;

use crate::annotate::Segment;
use crate::preview::View;
use crate::preview::canvas::Plot;
use crate::preview::color::{category_color, mix, part_color, segment_color};
use crate::preview::legends::draw_swatches;

/// What belongs to nothing that is labelled.
const VOID: [u8; 3] = [30, 30, 34];

/// Categories in their colours, with their names.
pub(crate) fn semantic(plot: &mut Plot<'_>, view: &View<'_>) -> String {
    let positions = category_positions(view);
    let instances = &view.item.subject.scene.instances;
    let category_of: BTreeMap<u32, usize> =
        instances.iter().filter_map(|i| Some((i.id, *positions.get(&i.category?)?))).collect();
    let category_at = |x, y| {
        let id = view.scale.nearest(&view.item.frame.ids, x, y);
        category_of.get(&id).copied().filter(|_| id != 0)
    };
    plot.fill(&view.scale, |x, y| category_at(x, y).map_or(VOID, category_color));
    let seen = counted(view.scale.cells().filter_map(|(x, y)| category_at(x, y)));
    draw_categories(plot, view, &seen);
    match seen.len() {
        0 => "semantic: nothing labelled".into(),
        1 => "semantic: 1 category".into(),
        count => format!("semantic: {count} categories"),
    }
}

/// Parts of labelled instances in colours by their number, with lines where one instance ends.
pub(crate) fn parts(plot: &mut Plot<'_>, view: &View<'_>) -> String {
    let frame = view.item.frame;
    let owner_at = |x, y| {
        let position = view.scale.nearest(&frame.surfaces, x, y).checked_sub(1)?;
        frame.owners.get(position as usize).filter(|owner| owner.id != 0)
    };
    plot.fill(&view.scale, |x, y| {
        let Some(owner) = owner_at(x, y) else { return VOID };
        let other = |x: u32, y: u32| {
            x < view.scale.width && y < view.scale.height && owner_at(x, y).is_some_and(|o| o.id != owner.id)
        };
        let edge = other(x + 1, y) || other(x, y + 1);
        mix(part_color(owner.part), [0; 3], if edge { 0.7 } else { 0.0 })
    });
    let mut seen = counted(view.scale.cells().filter_map(|(x, y)| owner_at(x, y).map(|owner| owner.part)));
    seen.sort_unstable();
    let named: Vec<_> = seen.iter().map(|&part| (part_color(part), part.to_string())).collect();
    draw_swatches(plot, view, &named);
    match (seen.first(), seen.last()) {
        (Some(first), Some(last)) if first < last => format!("parts {first} to {last}"),
        (Some(only), _) => format!("parts: {only} alone"),
        _ => "parts: nothing labelled".into(),
    }
}

/// Segments in the colour of their category, varied from one to the next, with lines between them; marked ones are striped.
pub(crate) fn panoptic(plot: &mut Plot<'_>, view: &View<'_>) -> Option<String> {
    let panoptic = view.item.labels.panoptic.as_ref()?;
    let positions = category_positions(view);
    let mut next_rank: BTreeMap<usize, usize> = BTreeMap::new();
    let mut segments: BTreeMap<u32, (&Segment, usize, [u8; 3])> = BTreeMap::new();
    for segment in &panoptic.segments {
        let Some(&category) = positions.get(&segment.category_id) else { continue };
        let rank = next_rank.entry(category).or_default();
        segments.insert(segment.id, (segment, category, segment_color(category, *rank)));
        *rank += 1;
    }
    let id_at = |x, y| view.scale.nearest(&panoptic.ids, x, y);
    plot.fill(&view.scale, |x, y| {
        let id = id_at(x, y);
        let Some((segment, _, color)) = segments.get(&id) else { return VOID };
        let other = |x: u32, y: u32| x < view.scale.width && y < view.scale.height && id_at(x, y) != id;
        let edge = other(x + 1, y) || other(x, y + 1);
        let stripe = segment.iscrowd && (u64::from(x) + u64::from(y)) % 6 < 2;
        mix(*color, [0; 3], if edge || stripe { 0.7 } else { 0.0 })
    });
    let seen = counted(view.scale.cells().filter_map(|(x, y)| Some(segments.get(&id_at(x, y))?.1)));
    draw_categories(plot, view, &seen);
    let marked = panoptic.segments.iter().filter(|segment| segment.iscrowd).count();
    let marked = if marked > 0 { format!(", {marked} marked (striped)") } else { String::new() };
    let plural = if panoptic.segments.len() == 1 { "" } else { "s" };
    Some(format!("panoptic: {} segment{plural}{marked}", panoptic.segments.len()))
}

/// Every value once, the most frequent first.
fn counted<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    let mut order: Vec<_> = counts.into_iter().map(|(value, count)| (std::cmp::Reverse(count), value)).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, value)| value).collect()
}

/// Positions in the scene's list of categories, by id.
fn category_positions(view: &View<'_>) -> BTreeMap<u32, usize> {
    view.item.subject.scene.categories.iter().enumerate().map(|(position, category)| (category.id, position)).collect()
}

/// Colours and names of categories, by their positions.
fn draw_categories(plot: &mut Plot<'_>, view: &View<'_>, seen: &[usize]) {
    let named = seen.iter().filter_map(|&position| {
        let category = view.item.subject.scene.categories.get(position)?;
        Some((category_color(position), category.name.clone()))
    });
    draw_swatches(plot, view, &named.collect::<Vec<_>>());
}
