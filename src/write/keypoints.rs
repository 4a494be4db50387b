//! `annotations/keypoints.json`: COCO's person_keypoints form, for every category that has keypoints.
//!
//! COCO counts from the centre of the first pixel, so half a pixel less than we do, and names the ends of a bone from 1.

use serde::Serialize;

use crate::annotate::{Annotation, Seen};
use crate::scene::Category;
use crate::write::attributes::finite;
use crate::write::coco::CocoError;

#[derive(Serialize)]
struct CategoryEntry<'a> {
    id: u32,
    name: &'a str,
    supercategory: &'a str,
    keypoints: &'a [String],
    skeleton: Vec<[u64; 2]>,
}

/// The `categories` block: those with keypoints.
pub(crate) fn categories_json(categories: &[Category]) -> serde_json::Result<String> {
    let with_keypoints = categories.iter().filter(|category| !category.keypoints.is_empty());
    let entry = |c: &Category| {
        serde_json::to_string(&CategoryEntry {
            id: c.id,
            name: &c.name,
            supercategory: &c.supercategory,
            keypoints: &c.keypoints,
            skeleton: c.skeleton.iter().map(|bone| bone.map(|end| u64::from(end) + 1)).collect(),
        })
    };
    Ok(format!("[{}]", with_keypoints.map(entry).collect::<Result<Vec<_>, _>>()?.join(",")))
}

/// The fields that an annotation has beyond those of detection. `names` are the category's.
pub(crate) fn fields_json(annotation: &Annotation, names: &[String]) -> Result<String, CocoError> {
    let points = annotation.keypoints.as_deref().unwrap_or(&[]);
    if points.len() != names.len() {
        return Err(CocoError::Keypoints { found: points.len(), expected: names.len() });
    }
    let mut values = Vec::with_capacity(points.len() * 3);
    for point in points {
        finite("keypoint", [point.x, point.y])?;
        let flag = point.seen.flag();
        values.push(match point.seen {
            Seen::Absent => format!("0,0,{flag}"),
            Seen::Hidden | Seen::Visible => {
                format!("{},{},{flag}", number(point.x - 0.5)?, number(point.y - 0.5)?)
            }
        });
    }
    let there = points.iter().filter(|point| point.seen != Seen::Absent).count();
    Ok(format!("\"keypoints\":[{}],\"num_keypoints\":{there}", values.join(",")))
}

fn number(value: f64) -> serde_json::Result<String> {
    serde_json::to_string(&value)
}
