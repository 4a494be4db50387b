//! `annotations/panoptic.json`: COCO's panoptic form, whose images are in `panoptic/`.

use serde::Serialize;

use crate::annotate::{Panoptic, Segment};
use crate::scene::Category;
use crate::scene::color::srgb_from_hsv;

#[derive(Serialize)]
struct CategoryEntry<'a> {
    id: u32,
    name: &'a str,
    supercategory: &'a str,
    isthing: u8,
    color: [u8; 3],
}

/// The `categories` block.
pub(crate) fn categories_json(categories: &[Category]) -> serde_json::Result<String> {
    let entry = |c: &Category| {
        serde_json::to_string(&CategoryEntry {
            id: c.id,
            name: &c.name,
            supercategory: &c.supercategory,
            isthing: u8::from(!c.stuff),
            color: color(c.id),
        })
    };
    Ok(format!("[{}]", categories.iter().map(entry).collect::<Result<Vec<_>, _>>()?.join(",")))
}

/// For drawing. Successive categories are a golden angle of hue apart, so that any few of them differ.
fn color(id: u32) -> [u8; 3] {
    const GOLDEN_ANGLE: f64 = 137.507_764_050_037_85;
    let [saturation, value] = [[0.8, 0.9], [0.5, 0.95], [0.9, 0.6]][id as usize % 3];
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "channels are 0..=1")]
    srgb_from_hsv(f64::from(id) * GOLDEN_ANGLE, saturation, value).map(|channel| (channel * 255.0).round() as u8)
}

#[derive(Serialize)]
struct AnnotationEntry<'a> {
    image_id: u64,
    file_name: &'a str,
    segments_info: Vec<SegmentEntry>,
}

#[derive(Serialize)]
struct SegmentEntry {
    id: u32,
    category_id: u32,
    area: u64,
    bbox: [u32; 4],
    iscrowd: u8,
}

/// An entry of `annotations`: one per image, and all segments in it. Its file is called as the colour image.
pub(crate) fn annotation_json(image_id: u64, file_name: &str, panoptic: &Panoptic) -> serde_json::Result<String> {
    let entry = |&Segment { id, category_id, area, bbox, iscrowd }: &Segment| SegmentEntry {
        id,
        category_id,
        area,
        bbox,
        iscrowd: u8::from(iscrowd),
    };
    let segments_info = panoptic.segments.iter().map(entry).collect();
    serde_json::to_string(&AnnotationEntry { image_id, file_name, segments_info })
}
