//! Annotations against what is seen: who has one, its mask, box and area, and which rule takes one away.

use std::collections::BTreeMap;

use super::columns::{Columns, split};
use super::findings::Findings;
use super::things::{Thing, Things};
use super::wholes::Whole;
use crate::annotate::{Annotation, Labels, LeftOut, Reason, Rle};
use crate::scene::{Below, LabelSettings, Scene};

/// What becomes of a labelled instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Annotated(Option<Reason>),
    LeftOut(Reason),
    /// It is not of this picture.
    Absent,
}

impl std::fmt::Display for Fate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Annotated(None) => f.write_str("annotated"),
            Self::Annotated(Some(reason)) => write!(f, "annotated and marked ({})", reason.name()),
            Self::LeftOut(reason) => write!(f, "left out ({})", reason.name()),
            Self::Absent => f.write_str("in neither list"),
        }
    }
}

/// Checks the two lists of instances, and the visible mask of each annotation.
pub(super) fn check(
    scene: &Scene,
    labels: &Labels,
    things: &Things<'_>,
    columns: &Columns,
    wholes: Option<&BTreeMap<u32, Whole<'_>>>,
    found: &mut Findings,
) {
    order("annotations are not in the order of their ids", labels.annotations.iter().map(|a| a.instance_id), found);
    order("left-out instances are not in the order of their ids", labels.left_out.iter().map(|l| l.instance_id), found);
    for annotation in &labels.annotations {
        let Some(thing) = things.with_id(annotation.instance_id) else {
            found.instance("an annotation is of no instance of the scene", || said(annotation));
            continue;
        };
        names(thing, annotation, found);
        mask(thing, annotation, things, columns, found);
    }
    for left in &labels.left_out {
        match things.with_id(left.instance_id) {
            Some(thing) => left_out(thing, left, found),
            None => found.instance("an instance that is left out is not in the scene", || left.name.clone()),
        }
    }
    fates(scene, labels, things, wholes, found);
}

/// `mugs[2] (id 7)`, as an annotation says it.
pub(super) fn said(annotation: &Annotation) -> String {
    format!("{} (id {})", annotation.name, annotation.instance_id)
}

fn order(what: &'static str, ids: impl Iterator<Item = u32>, found: &mut Findings) {
    let mut last = 0;
    for id in ids {
        if id <= last {
            found.instance(what, || format!("id {id} after id {last}"));
        }
        last = id;
    }
}

fn names(thing: &Thing<'_>, annotation: &Annotation, found: &mut Findings) {
    let category = thing.instance.category;
    if Some(annotation.category_id) != category {
        found.instance("an annotation has another category than its instance", || {
            format!("{}: {} instead of {category:?}", thing.name(), annotation.category_id)
        });
    }
    if annotation.name != thing.instance.name() || annotation.object != thing.instance.object {
        found.instance("an annotation has another name than its instance", || {
            format!("{}: {} of {}", thing.name(), annotation.name, annotation.object)
        });
    }
}

fn left_out(thing: &Thing<'_>, left: &LeftOut, found: &mut Findings) {
    if Some(left.category_id) != thing.instance.category || left.name != thing.instance.name() {
        found.instance("an instance that is left out has another name or category than in the scene", || {
            format!("{}: {}, category {}", thing.name(), left.name, left.category_id)
        });
    }
    if left.area != thing.seen.count {
        found.instance("the area of an instance that is left out is not the number of pixels that show it", || {
            format!("{}: {} instead of {}", thing.name(), left.area, thing.seen.count)
        });
    }
}

fn mask(thing: &Thing<'_>, annotation: &Annotation, things: &Things<'_>, columns: &Columns, found: &mut Findings) {
    let seen = &thing.seen;
    if annotation.area != seen.count {
        found.instance("an area is not the number of pixels that show the instance", || {
            format!("{}: {} instead of {}", thing.name(), annotation.area, seen.count)
        });
    }
    if annotation.bbox != seen.bbox() {
        found.instance("a box is not the tight box of the pixels that show the instance", || {
            format!("{}: {:?} instead of {:?}", thing.name(), annotation.bbox, seen.bbox())
        });
    }
    let id = annotation.instance_id;
    let (mut covered, mut wrong, mut first) = (0, 0, None);
    let height = annotation.rle.height();
    for (x, top, bottom) in annotation.rle.runs().flat_map(|run| split(run, height)) {
        for (from, to, surface) in columns.within(x, top, bottom) {
            if things.id(surface) == id {
                covered += u64::from(to - from);
            } else {
                wrong += u64::from(to - from);
                first.get_or_insert([x, from]);
            }
        }
    }
    found.pixels("a mask covers pixels where its instance is not seen", wrong, || {
        (first.unwrap_or_default(), thing.name())
    });
    found.pixels(
        "a mask does not cover all pixels where its instance is seen",
        seen.count.saturating_sub(covered),
        || (uncovered(id, &annotation.rle, things, columns).unwrap_or_default(), thing.name()),
    );
}

/// The first pixel, column by column, that shows an id and is not in a mask.
fn uncovered(id: u32, rle: &Rle, things: &Things<'_>, columns: &Columns) -> Option<[u32; 2]> {
    let height = rle.height();
    let mut parts = rle.runs().flat_map(|run| split(run, height)).peekable();
    for x in 0..columns.width() {
        for (from, to, surface) in columns.within(x, 0, height) {
            if things.id(surface) != id {
                continue;
            }
            let mut next = from;
            while next < to {
                // Parts that end before it cannot cover it.
                while parts.next_if(|&(column, _, bottom)| (column, bottom) <= (x, next)).is_some() {}
                match parts.peek() {
                    Some(&(column, top, bottom)) if column == x && top <= next => next = bottom,
                    _ => return Some([x, next]),
                }
            }
        }
    }
    None
}

/// Every labelled instance has what the rules give it.
fn fates(
    scene: &Scene,
    labels: &Labels,
    things: &Things<'_>,
    wholes: Option<&BTreeMap<u32, Whole<'_>>>,
    found: &mut Findings,
) {
    let mut is: BTreeMap<u32, Fate> = BTreeMap::new();
    let annotated = labels.annotations.iter().map(|a| (a.instance_id, Fate::Annotated(a.marked)));
    let left_out = labels.left_out.iter().map(|l| (l.instance_id, Fate::LeftOut(l.reason)));
    for (id, fate) in annotated.chain(left_out) {
        if is.insert(id, fate).is_some() {
            found.instance("an instance is listed twice", || format!("id {id}"));
        }
    }
    for (&id, &position) in &things.by_id {
        let thing = &things.all[position];
        let is = is.get(&id).copied().unwrap_or(Fate::Absent);
        let whole = wholes.and_then(|wholes| wholes.get(&id));
        let [should, or] = should_be(&scene.labels, thing.seen.count, whole);
        if is != should && is != or {
            found.instance("an instance is not dealt with as the rules say", || {
                format!("{}: {is} instead of {should}, with {} visible pixels", thing.name(), thing.seen.count)
            });
        }
    }
}

/// What the rules make of an instance; two answers where its visibility is at the threshold but for rounding.
fn should_be(settings: &LabelSettings, seen: u64, whole: Option<&Whole<'_>>) -> [Fate; 2] {
    let of = |reason: Option<Reason>| match (reason, settings.below) {
        (Some(Reason::Hidden), _) => Fate::LeftOut(Reason::Hidden),
        (Some(reason), Below::LeaveOut) => Fate::LeftOut(reason),
        (Some(_), Below::Keep) => Fate::Annotated(None),
        (reason, _) => Fate::Annotated(reason),
    };
    if seen == 0 {
        let hidden = whole.is_some_and(|whole| whole.inside > 0);
        return [if hidden { of(Some(Reason::Hidden)) } else { Fate::Absent }; 2];
    }
    if seen < u64::from(settings.min_visible_px) {
        return [of(Some(Reason::MinVisiblePx)); 2];
    }
    let Some(whole) = whole else { return [of(None); 2] };
    let off = seen as f64 - settings.min_visibility * whole.inside as f64;
    let (below, enough) = (of(Some(Reason::MinVisibility)), of(None));
    if off.abs() <= super::bounds::RATIO * seen as f64 {
        [enough, below]
    } else if off < 0.0 {
        [below; 2]
    } else {
        [enough; 2]
    }
}
