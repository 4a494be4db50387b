//! COCO records: image ids, and the JSON of images and annotations.
//!
//! What real readers need, beyond what the format's page says: annotation ids start at 1 (0 means "unmatched" to COCOeval);
//! `area` and `iscrowd` are always there; `iscrowd` is 0 although masks are run lengths (crowds are not evaluated); all ids are
//! integers; every category of the recipe is listed, seen or not; images without annotations stay.

use serde::Serialize;

use crate::annotate::polygon::{Polygon, polygons};
use crate::annotate::{Annotation, RleError};
use crate::scene::{Category, Scene};

/// How masks are written to `instances.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MaskFormat {
    /// Run lengths as text: small, and what pycocotools is fastest with.
    #[default]
    RleCompressed,
    /// Run lengths as a list of numbers, for code that calls `frPyObjects` on every mask.
    RleUncompressed,
    /// Polygons along pixel edges, for readers that know nothing else. pycocotools decodes them exactly.
    Polygons,
}

/// The largest image id: what JSON numbers hold exactly in every language.
pub const MAX_IMAGE_ID: u64 = (1 << 53) - 1;

/// `index * cameras + camera + 1`, or `None` beyond [`MAX_IMAGE_ID`]. A frame's id does not depend on what else was rendered.
pub fn image_id(index: u64, camera: usize, cameras: usize) -> Option<u64> {
    let (camera, cameras) = (u64::try_from(camera).ok()?, u64::try_from(cameras).ok()?);
    index.checked_mul(cameras)?.checked_add(camera)?.checked_add(1).filter(|&id| id <= MAX_IMAGE_ID)
}

/// The `info` block. It names no date: the same command writes the same bytes tomorrow.
#[derive(Debug, Serialize)]
pub(crate) struct Info<'a> {
    pub(crate) description: &'a str,
    pub(crate) version: &'static str,
    pub(crate) contributor: &'static str,
    pub(crate) url: &'static str,
}

#[derive(Serialize)]
struct ImageEntry<'a> {
    id: u64,
    width: u32,
    height: u32,
    file_name: &'a str,
    scene_index: u64,
    camera: &'a str,
}

/// An entry of `images`, as JSON.
pub(crate) fn image_json(id: u64, file_name: &str, scene: &Scene, camera: &str) -> serde_json::Result<String> {
    let (width, height) = (scene.image.width, scene.image.height);
    serde_json::to_string(&ImageEntry { id, width, height, file_name, scene_index: scene.index, camera })
}

/// An entry of `annotations` but for its own id, which is known only when the frames before it are.
#[derive(Serialize)]
struct AnnotationEntry<'a> {
    image_id: u64,
    category_id: u32,
    segmentation: Segmentation<'a>,
    area: u64,
    bbox: [u32; 4],
    iscrowd: u8,
    instance_id: u32,
    object: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Segmentation<'a> {
    Compressed { size: [u32; 2], counts: String },
    Uncompressed { size: [u32; 2], counts: &'a [u32] },
    Polygons(Vec<Vec<u32>>),
}

/// An entry of `annotations` without its id: [`with_id`] adds it.
pub(crate) fn annotation_json(image_id: u64, annotation: &Annotation, format: MaskFormat) -> Result<String, CocoError> {
    let rle = &annotation.rle;
    let size = [rle.height(), rle.width()];
    let segmentation = match format {
        MaskFormat::RleCompressed => Segmentation::Compressed { size, counts: rle.to_compressed() },
        MaskFormat::RleUncompressed => Segmentation::Uncompressed { size, counts: rle.counts() },
        MaskFormat::Polygons => Segmentation::Polygons(polygons(rle)?.into_iter().map(flat).collect()),
    };
    Ok(serde_json::to_string(&AnnotationEntry {
        image_id,
        category_id: annotation.category_id,
        segmentation,
        area: annotation.area,
        bbox: annotation.bbox,
        iscrowd: 0,
        instance_id: annotation.instance_id,
        object: &annotation.name,
    })?)
}

/// Puts the id in front of an entry from [`annotation_json`].
pub(crate) fn with_id(id: u64, entry: &str) -> String {
    format!("{{\"id\":{id},{}", entry.strip_prefix('{').unwrap_or(entry))
}

fn flat(polygon: Polygon) -> Vec<u32> {
    polygon.into_iter().flatten().collect()
}

/// Why an annotation cannot be written as COCO.
#[derive(Debug, thiserror::Error)]
pub enum CocoError {
    /// The mask cannot be traced.
    #[error(transparent)]
    Mask(#[from] RleError),
    /// From the JSON writer.
    #[error("the JSON writer failed: {0}")]
    Json(#[from] serde_json::Error),
}

#[derive(Serialize)]
struct CategoryEntry<'a> {
    id: u32,
    name: &'a str,
    supercategory: &'a str,
}

/// The `categories` block.
pub(crate) fn categories_json(categories: &[Category]) -> serde_json::Result<String> {
    let entry = |c: &'_ Category| {
        serde_json::to_string(&CategoryEntry { id: c.id, name: &c.name, supercategory: &c.supercategory })
    };
    Ok(format!("[{}]", categories.iter().map(entry).collect::<Result<Vec<_>, _>>()?.join(",")))
}
