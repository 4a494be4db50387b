//! Amodal masks, counted anew: from the words of each mask and from what the frame shows below them.

use std::collections::{BTreeMap, BTreeSet};

use super::bounds::RATIO;
use super::columns::{Columns, split};
use super::findings::Findings;
use super::things::Things;
use super::view::close;
use crate::annotate::{Amodal, Labels};
use crate::frame::{AmodalMask, BitMask, Frame};
use crate::scene::{Output, Scene};

/// What was counted of one amodal mask.
pub(super) struct Whole<'a> {
    /// Its form is right.
    mask: &'a AmodalMask,
    /// Pixels within the frame.
    pub(super) inside: u64,
    /// Those of them that show another instance, by its id (0: unlabelled).
    hidden_by: BTreeMap<u32, u64>,
}

/// Checks the masks themselves: their form, and what is seen below them. `None` where the frame has none.
pub(super) fn count<'a>(
    frame: &'a Frame,
    things: &Things<'_>,
    columns: &Columns,
    found: &mut Findings,
) -> Option<BTreeMap<u32, Whole<'a>>> {
    let masks = frame.amodal.as_ref()?;
    let mut wholes: BTreeMap<u32, Whole<'_>> = BTreeMap::new();
    let size = [frame.surfaces.width(), frame.surfaces.height()];
    for mask in masks {
        let Some(thing) = things.with_id(mask.id) else {
            found.instance("an amodal mask is of no instance of the scene", || format!("id {}", mask.id));
            continue;
        };
        if wholes.last_key_value().is_some_and(|(&last, _)| last >= mask.id) {
            found.instance("amodal masks are not in the order of their ids", || thing.name());
        }
        let Some(tight) = form(&mask.inside, size) else {
            found.instance("an amodal mask reaches beyond the frame or its own rectangle", || thing.name());
            continue;
        };
        if let Some(wrong) = canvas(mask, tight, size) {
            found.instance("area and box of an amodal mask cannot be those of its pixels", || {
                format!("{}: {wrong}, with area {} and box {:?}", thing.name(), mask.area, mask.bbox)
            });
        }
        let (whole, own, nothing) = below(mask, things, columns);
        found.pixels("an amodal mask covers pixels where nothing is seen", nothing.0, || (nothing.1, thing.name()));
        let outside = thing.seen.count.saturating_sub(own);
        found.pixels("an id is seen outside of its amodal mask", outside, || {
            (outside_of(mask, things, columns).unwrap_or_default(), thing.name())
        });
        wholes.insert(mask.id, whole);
    }
    let listed: BTreeSet<u32> = masks.iter().map(|mask| mask.id).collect();
    for (id, &position) in &things.by_id {
        let thing = &things.all[position];
        if thing.seen.count > 0 && !listed.contains(id) {
            found.instance("an instance that is seen has no amodal mask", || thing.name());
        }
    }
    Some(wholes)
}

/// The tight box of the bits, `[left, top, right, bottom]` with far edges exclusive; all 0 for none. `None` where the mask is none
/// of a frame of this size.
fn form(mask: &BitMask, size: [u32; 2]) -> Option<[u32; 4]> {
    let right = mask.x.checked_add(mask.width).filter(|&right| right <= size[0])?;
    let bottom = mask.y.checked_add(mask.height).filter(|&bottom| bottom <= size[1])?;
    let words = (mask.height as usize).div_ceil(32);
    if mask.words.len() != words.checked_mul(mask.width as usize)? {
        return None;
    }
    let mut tight: Option<[u32; 4]> = None;
    for (x, column) in (mask.x..right).zip(mask.words.chunks(words.max(1))) {
        let set = || column.iter().zip((mask.y..).step_by(32)).filter(|(word, _)| **word != 0);
        let (Some((first, above)), Some((last, base))) = (set().next(), set().last()) else { continue };
        let (top, end) = (above + first.trailing_zeros(), base + (32 - last.leading_zeros()));
        if end > bottom {
            return None;
        }
        let [l, t, _, b] = tight.unwrap_or([x, top, x, end]);
        tight = Some([l, t.min(top), x + 1, b.max(end)]);
    }
    Some(tight.unwrap_or_default())
}

/// What is wrong with area and box on the canvas of a mask whose pixels within the frame have this tight box.
fn canvas(mask: &AmodalMask, tight: [u32; 4], size: [u32; 2]) -> Option<&'static str> {
    let [w, h] = size.map(i64::from);
    let [x, y, width, height] = mask.bbox.map(i64::from);
    let (right, bottom) = (x + width, y + height);
    let inside = mask.inside.area();
    if width < 1 || height < 1 || x < -w || y < -h || right > 2 * w || bottom > 2 * h {
        return Some("the box is empty or leaves the canvas");
    }
    let most = width.unsigned_abs() * height.unsigned_abs();
    // Pixels in two opposite corners touch every side.
    if mask.area > most || mask.area < most.min(2) {
        return Some("the area does not fit the box");
    }
    let [left, top, far, low] = tight.map(i64::from);
    if inside > 0 && (left < x || top < y || far > right || low > bottom) {
        return Some("there are pixels outside of the box");
    }
    let within = x >= 0 && y >= 0 && right <= w && bottom <= h;
    if inside > mask.area || within != (inside == mask.area) {
        return Some("the pixels outside of the frame do not fit the box");
    }
    if within && [left, top, far, low] != [x, y, right, bottom] {
        return Some("the box is not tight");
    }
    None
}

/// What the frame shows where the mask is: (all, pixels of the instance itself, (pixels of nothing, the first)).
fn below<'a>(mask: &'a AmodalMask, things: &Things<'_>, columns: &Columns) -> (Whole<'a>, u64, (u64, [u32; 2])) {
    let mut by_id: BTreeMap<u32, u64> = BTreeMap::new();
    let (mut inside, mut nothing, mut first) = (0, 0, [0; 2]);
    let bits = &mask.inside;
    let words = (bits.height as usize).div_ceil(32).max(1);
    for (x, column) in (bits.x..).zip(bits.words.chunks(words)) {
        if column.iter().all(|&word| word == 0) {
            continue;
        }
        for (from, to, surface) in columns.within(x, bits.y, bits.y + bits.height) {
            let count = ones(column, from - bits.y, to - bits.y);
            if count == 0 {
                continue;
            }
            inside += count;
            if surface == 0 {
                if nothing == 0 {
                    first = [x, (from..to).find(|&y| bits.contains(x, y)).unwrap_or(from)];
                }
                nothing += count;
            } else {
                *by_id.entry(things.id(surface)).or_default() += count;
            }
        }
    }
    let own = by_id.remove(&mask.id).unwrap_or(0);
    (Whole { mask, inside, hidden_by: by_id }, own, (nothing, first))
}

/// Set bits from bit `from` to bit `to`, exclusive.
fn ones(words: &[u32], from: u32, to: u32) -> u64 {
    let mut count = 0;
    for (word, base) in words.iter().zip((0..).step_by(32)).skip(from as usize / 32) {
        if base >= to {
            break;
        }
        let above = if from > base { u32::MAX << (from - base) } else { u32::MAX };
        let below = if to - base < 32 { !(u32::MAX << (to - base)) } else { u32::MAX };
        count += u64::from((word & above & below).count_ones());
    }
    count
}

/// The first pixel, column by column, that shows an instance outside of its mask.
fn outside_of(mask: &AmodalMask, things: &Things<'_>, columns: &Columns) -> Option<[u32; 2]> {
    let height = u32::MAX;
    (0..columns.width()).find_map(|x| {
        let mut shown = columns.within(x, 0, height).filter(|&(_, _, surface)| things.id(surface) == mask.id);
        shown.find_map(|(from, to, _)| (from..to).find(|&y| !mask.inside.contains(x, y))).map(|y| [x, y])
    })
}

/// Holds what labels say of amodal masks against what was counted.
pub(super) fn check(
    scene: &Scene,
    labels: &Labels,
    things: &Things<'_>,
    wholes: Option<&BTreeMap<u32, Whole<'_>>>,
    found: &mut Findings,
) {
    let asked = scene.labels.wants(Output::Amodal);
    let annotated = labels.annotations.iter().map(|a| (a.instance_id, &a.amodal));
    let said = annotated.chain(labels.left_out.iter().map(|l| (l.instance_id, &l.amodal)));
    for (id, amodal) in said {
        let Some(thing) = things.with_id(id) else { continue };
        if amodal.is_some() != asked {
            let what = "an instance has amodal labels that are not asked for, or lacks those that are";
            found.instance(what, || thing.name());
        }
        let Some(amodal) = amodal else { continue };
        let Some(whole) = wholes.and_then(|wholes| wholes.get(&id)) else {
            found.instance("there are amodal labels of an instance without an amodal mask", || thing.name());
            continue;
        };
        one(amodal, whole, thing.seen.count, &thing.name(), found);
    }
}

fn one(amodal: &Amodal, whole: &Whole<'_>, seen: u64, name: &str, found: &mut Findings) {
    let mask = whole.mask;
    let mut numbers = |what: &'static str, is: u64, should: u64| {
        if is != should {
            found.instance(what, || format!("{name}: {is} instead of {should}"));
        }
    };
    numbers("an amodal area is not that of the amodal mask", amodal.area, mask.area);
    numbers("area_in_frame is not the number of amodal pixels within the frame", amodal.area_in_frame, whole.inside);
    if amodal.bbox != mask.bbox {
        found.instance("an amodal box is not that of the amodal mask", || {
            format!("{name}: {:?} instead of {:?}", amodal.bbox, mask.bbox)
        });
    }
    let hidden: Vec<(u32, u64)> = whole.hidden_by.iter().map(|(&id, &count)| (id, count)).collect();
    if amodal.hidden_by != hidden {
        found.instance("hidden_by is not what is seen in the place of an instance", || {
            format!("{name}: {:?} instead of {hidden:?}", amodal.hidden_by)
        });
    }
    let sum: u64 = amodal.hidden_by.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count));
    if sum.saturating_add(seen) != amodal.area_in_frame {
        found.instance("visible and hidden pixels are not the amodal pixels within the frame", || {
            format!("{name}: {seen} and {sum} are not {}", amodal.area_in_frame)
        });
    }
    let share = |part: u64, of: u64| if of == 0 { 0.0 } else { part as f64 / of as f64 };
    let visibility = share(seen, whole.inside);
    if !close(amodal.visibility, visibility, RATIO) {
        found.instance("visibility is not visible pixels over amodal pixels within the frame", || {
            format!("{name}: {} instead of {visibility}", amodal.visibility)
        });
    }
    let truncation = 1.0 - share(whole.inside, mask.area);
    if !close(amodal.truncation, truncation, RATIO) {
        found.instance("truncation is not the share of amodal pixels outside of the frame", || {
            format!("{name}: {} instead of {truncation}", amodal.truncation)
        });
    }
    let height = amodal.rle.height();
    let (mut covered, mut wrong, mut first) = (0, 0, None);
    for (x, top, bottom) in amodal.rle.runs().flat_map(|run| split(run, height)) {
        let set = set(&mask.inside, x, top, bottom);
        covered += set;
        if set < u64::from(bottom - top) {
            wrong += u64::from(bottom - top) - set;
            let clear = || (top..bottom).find(|&y| !mask.inside.contains(x, y)).unwrap_or(top);
            first.get_or_insert_with(|| [x, clear()]);
        }
    }
    found.pixels("the run lengths of an amodal mask cover pixels outside of it", wrong, || {
        (first.unwrap_or_default(), name.to_owned())
    });
    if covered < whole.inside {
        found.instance("the run lengths of an amodal mask do not cover all of it", || {
            format!("{name}: {covered} of {} pixels", whole.inside)
        });
    }
}

/// Pixels of a mask in column `x` from row `top` to row `bottom`, exclusive.
fn set(mask: &BitMask, x: u32, top: u32, bottom: u32) -> u64 {
    let Some(column) = x.checked_sub(mask.x).filter(|&column| column < mask.width) else { return 0 };
    let words = (mask.height as usize).div_ceil(32);
    let start = column as usize * words;
    let (top, bottom) = (top.max(mask.y), bottom.min(mask.y + mask.height));
    match mask.words.get(start..start + words) {
        Some(words) if top < bottom => ones(words, top - mask.y, bottom - mask.y),
        _ => 0,
    }
}
