//! COCO panoptic: every pixel belongs to one segment, or to none (0).
//!
//! Each annotated instance of a category of things is a segment, whose id is the instance's. All annotated instances of a category
//! of stuff in a frame are one segment, whose id is the lowest of theirs; it is a crowd only if every one of them is marked.

use std::collections::BTreeMap;

use super::{AnnotateError, Annotation, Panoptic, Segment};
use crate::image::Image;
use crate::scene::Category;

/// Ids have to fit in three 8-bit channels.
const IDS: u32 = 1 << 24;

pub(super) fn panoptic(
    categories: &BTreeMap<u32, &Category>,
    annotations: &[Annotation],
    ids: &Image<u32>,
) -> Result<Panoptic, AnnotateError> {
    let mut segments: Vec<Segment> = Vec::new();
    // Position in `segments` of each category of stuff.
    let mut stuff: BTreeMap<u32, usize> = BTreeMap::new();
    // Annotations are in id order, so the last id is the highest, and the first of a category of stuff the lowest.
    let highest = annotations.last().map_or(0, |last| last.instance_id);
    if highest >= IDS {
        return Err(AnnotateError::PanopticId { id: highest });
    }
    let mut segment_of = vec![0; highest as usize + 1];
    for annotation in annotations {
        let (id, category_id) = (annotation.instance_id, annotation.category_id);
        let next = segments.len();
        let is_stuff = categories.get(&category_id).is_some_and(|category| category.stuff);
        let position = if is_stuff { *stuff.entry(category_id).or_insert(next) } else { next };
        let (area, bbox, iscrowd) = (annotation.area, annotation.bbox, annotation.marked.is_some());
        match segments.get_mut(position) {
            Some(whole) => {
                whole.area += area;
                whole.bbox = around(whole.bbox, bbox);
                whole.iscrowd &= iscrowd;
            }
            None => segments.push(Segment { id, category_id, area, bbox, iscrowd }),
        }
        segment_of[id as usize] = segments[position].id;
    }
    // What has no annotation has no segment.
    let ids = ids.map(|&id| segment_of.get(id as usize).copied().unwrap_or(0));
    Ok(Panoptic { ids, segments })
}

/// The tight box of two boxes `[x, y, width, height]`.
fn around(a: [u32; 4], b: [u32; 4]) -> [u32; 4] {
    let (x, y) = (a[0].min(b[0]), a[1].min(b[1]));
    [x, y, (a[0] + a[2]).max(b[0] + b[2]) - x, (a[1] + a[3]).max(b[1] + b[3]) - y]
}
