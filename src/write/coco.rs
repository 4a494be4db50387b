//! COCO records: image ids, and the JSON of images and annotations.
//!
//! What real readers need, beyond what the format's page says: annotation ids start at 1 (0 means "unmatched" to COCOeval);
//! `area` and `iscrowd` are always there; `iscrowd` is 0 although masks are run lengths (crowds are not evaluated), and 1 for
//! what a rule marks, whose mask is then run lengths always; all ids are integers; every category of the recipe is listed, seen
//! or not; images without annotations stay.

use serde::{Deserialize, Serialize};

use crate::annotate::polygon::{Polygon, polygons};
use crate::annotate::{Annotation, Labels, Rle, RleError};
use crate::scene::{Category, LabelSettings, Output, Scene, Value};
use crate::write::attributes::{attributes_json, finite, left_out_json};
use crate::write::parts::PartsOf;
use crate::write::{clips, keypoints, panoptic};

/// How masks are written to `instances.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
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

/// `index * cameras + camera + 1`, or `None` beyond [`MAX_IMAGE_ID`]. In a clip, `index` counts frames: [`shot_index`]. A frame's id does not depend on what else was rendered.
pub fn image_id(index: u64, camera: usize, cameras: usize) -> Option<u64> {
    let (camera, cameras) = (u64::try_from(camera).ok()?, u64::try_from(cameras).ok()?);
    index.checked_mul(cameras)?.checked_add(camera)?.checked_add(1).filter(|&id| id <= MAX_IMAGE_ID)
}

/// `index * frames + frame`: frames of all clips, counted through; `None` beyond the largest number.
pub fn shot_index(index: u64, frame: u32, frames: u32) -> Option<u64> {
    index.checked_mul(u64::from(frames))?.checked_add(u64::from(frame))
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
    #[serde(skip_serializing_if = "Option::is_none")]
    split: Option<&'a str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    clip: Option<OfClip>,
}

/// Where an image is in its clip.
#[derive(Serialize)]
struct OfClip {
    video_id: u64,
    frame_index: u32,
    time: f64,
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

/// A mask as JSON.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Segmentation<'a> {
    Compressed { size: [u32; 2], counts: String },
    Uncompressed { size: [u32; 2], counts: &'a [u32] },
    Polygons(Vec<Vec<u32>>),
}

impl<'a> Segmentation<'a> {
    fn new(rle: &'a Rle, format: MaskFormat) -> Result<Self, RleError> {
        Ok(match format {
            MaskFormat::Polygons => Self::Polygons(polygons(rle)?.into_iter().map(flat).collect()),
            MaskFormat::RleCompressed | MaskFormat::RleUncompressed => Self::runs(rle, format),
        })
    }

    /// As run lengths whatever the format says: where COCO wants them, and where polygons would cut a mask into pieces.
    pub(crate) fn runs(rle: &'a Rle, format: MaskFormat) -> Self {
        let size = [rle.height(), rle.width()];
        match format {
            MaskFormat::RleUncompressed => Self::Uncompressed { size, counts: rle.counts() },
            MaskFormat::RleCompressed | MaskFormat::Polygons => Self::Compressed { size, counts: rle.to_compressed() },
        }
    }
}

/// The JSON of one annotation, without its id: [`with_id`] adds it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AnnotationJson {
    /// For `instances.json`.
    pub(crate) instance: String,
    /// For `keypoints.json`, where it is written and the category has any.
    pub(crate) keypoints: Option<String>,
}

/// The JSON of one annotation. `parts` is what its instance's are called, `categories` are the scene's.
pub(crate) fn annotation_json(
    image_id: u64,
    annotation: &Annotation,
    parts: Option<&PartsOf<'_>>,
    categories: &[Category],
    settings: &LabelSettings,
    format: MaskFormat,
) -> Result<AnnotationJson, CocoError> {
    let asked = [
        (Output::Amodal, annotation.amodal.is_some()),
        (Output::Poses, annotation.pose.is_some()),
        (Output::Boxes3d, annotation.box3d.is_some()),
    ];
    if let Some((output, _)) = asked.into_iter().find(|&(output, is_there)| settings.wants(output) && !is_there) {
        return Err(CocoError::Unknown { what: output.name() });
    }
    let rle = &annotation.rle;
    let is_marked = annotation.marked.is_some();
    let entry = serde_json::to_string(&AnnotationEntry {
        image_id,
        category_id: annotation.category_id,
        segmentation: if is_marked { Segmentation::runs(rle, format) } else { Segmentation::new(rle, format)? },
        area: annotation.area,
        bbox: annotation.bbox,
        iscrowd: u8::from(is_marked),
        instance_id: annotation.instance_id,
        object: &annotation.name,
    })?;
    let category = categories.iter().find(|category| category.id == annotation.category_id);
    let names = category.filter(|_| settings.wants(Output::Keypoints)).map_or(&[][..], |c| &c.keypoints);
    let keypoints = match names {
        [] => None,
        _ => Some(with_fields(&entry, &keypoints::fields_json(annotation, names)?)),
    };
    let instance = match attributes_json(annotation, parts, format)? {
        Some(attributes) => with_fields(&entry, &format!("\"attributes\":{attributes}")),
        None => entry,
    };
    Ok(AnnotationJson { instance, keypoints })
}

/// The JSON of one frame but for its annotations.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ImageJson {
    /// An entry of `images`.
    pub(crate) plain: String,
    /// The same with what is left out, where something is.
    pub(crate) with_left_out: Option<String>,
    /// An entry of `annotations` of `panoptic.json`.
    pub(crate) panoptic: Option<String>,
}

/// The JSON of one frame but for its annotations.
pub(crate) fn image_json(
    id: u64,
    file_name: &str,
    scene: &Scene,
    camera: &str,
    split: Option<&str>,
    labels: &Labels,
    format: MaskFormat,
) -> Result<ImageJson, CocoError> {
    let (width, height) = (scene.image.width, scene.image.height);
    let scene_index = scene.index;
    let number = scene.cameras.iter().position(|other| other.name == camera).unwrap_or_default();
    let clip = scene.clip.and_then(|_| {
        let video_id = clips::video_id(scene_index, number, scene.cameras.len())?;
        Some(OfClip { video_id, frame_index: scene.frame, time: scene.time })
    });
    let entry = ImageEntry { id, width, height, file_name, scene_index, camera, split, clip };
    let plain = serde_json::to_string(&entry)?;
    let plain = if scene.parameters.is_empty() { plain } else { with_fields(&plain, &parameters_json(scene)?) };
    let left_out: Vec<String> =
        labels.left_out.iter().map(|left_out| left_out_json(left_out, format)).collect::<Result<_, _>>()?;
    let with_left_out =
        (!left_out.is_empty()).then(|| with_fields(&plain, &format!("\"left_out\":[{}]", left_out.join(","))));
    let panoptic = labels.panoptic.as_ref().map(|p| panoptic::annotation_json(id, file_name, p)).transpose()?;
    Ok(ImageJson { plain, with_left_out, panoptic })
}

/// `"parameters":{"elevation":12.5,"weather":"rain"}`: what the scene was drawn with, to filter images by.
fn parameters_json(scene: &Scene) -> Result<String, CocoError> {
    let field = |(name, value): (&String, &Value)| {
        let value = match value {
            Value::Number(number) => {
                finite("parameter", [*number])?;
                serde_json::to_string(number)?
            }
            Value::Name(name) => serde_json::to_string(name)?,
        };
        Ok::<_, CocoError>(format!("{}:{value}", serde_json::to_string(name)?))
    };
    let fields = scene.parameters.iter().map(field).collect::<Result<Vec<_>, _>>()?;
    Ok(format!("\"parameters\":{{{}}}", fields.join(",")))
}

/// Puts more fields, `"a":1,"b":2`, at the end of an object.
fn with_fields(entry: &str, fields: &str) -> String {
    format!("{},{fields}}}", entry.strip_suffix('}').unwrap_or(entry))
}

/// Puts the id in front of an entry.
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
    /// JSON has no such numbers.
    #[error("its {what} is not a finite number")]
    NotFinite {
        /// Of which number.
        what: &'static str,
    },
    /// The scene asks for something that is not there.
    #[error("its {what} is asked for, but not known")]
    Unknown {
        /// What.
        what: &'static str,
    },
    /// Its keypoints are not those of its category.
    #[error("it has {found} keypoints, but its category has {expected}")]
    Keypoints {
        /// How many there are.
        found: usize,
        /// How many there have to be.
        expected: usize,
    },
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
