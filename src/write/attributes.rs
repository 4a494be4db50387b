//! `attributes` of an annotation: what COCO has no field for. Only what was asked for is there.

use serde::Serialize;

use crate::annotate::{Amodal, Annotation, Box3d, LeftOut, Pose, ProjectedBox};
use crate::write::coco::{CocoError, MaskFormat, Segmentation};
use crate::write::parts::PartsOf;

#[derive(Serialize)]
struct Attributes<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    marked: Option<&'static str>,
    #[serde(flatten)]
    parts: Option<&'a PartsOf<'a>>,
    #[serde(flatten)]
    amodal: Option<AmodalEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distance: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pose: Option<PoseEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    box3d: Option<Box3dEntry>,
}

#[derive(Serialize)]
struct AmodalEntry<'a> {
    visibility: f64,
    truncation: f64,
    amodal_bbox: [i32; 4],
    amodal_area: u64,
    amodal_segmentation: Segmentation<'a>,
    hidden_by: Vec<HiddenBy>,
}

#[derive(Serialize)]
struct HiddenBy {
    instance_id: u32,
    pixels: u64,
}

impl<'a> AmodalEntry<'a> {
    fn new(amodal: &'a Amodal, format: MaskFormat) -> Result<Self, CocoError> {
        finite("visibility", [amodal.visibility])?;
        finite("truncation", [amodal.truncation])?;
        Ok(Self {
            visibility: amodal.visibility,
            truncation: amodal.truncation,
            amodal_bbox: amodal.bbox,
            amodal_area: amodal.area,
            // The mask is cut into pieces by the frame's edge only; but polygons know nothing of an empty mask, which is what
            // an instance beside the frame has within it.
            amodal_segmentation: Segmentation::runs(&amodal.rle, format),
            hidden_by: amodal.hidden_by.iter().map(|&(instance_id, pixels)| HiddenBy { instance_id, pixels }).collect(),
        })
    }
}

#[derive(Serialize)]
struct PoseEntry {
    camera_from_object: [[f64; 4]; 4],
    scale: [f64; 3],
}

impl PoseEntry {
    fn new(pose: &Pose) -> Result<Self, CocoError> {
        finite("pose", pose.camera_from_object.into_iter().flatten().chain(pose.scale))?;
        Ok(Self { camera_from_object: pose.camera_from_object, scale: pose.scale })
    }
}

#[derive(Serialize)]
struct Box3dEntry {
    oriented: CornersEntry,
    axis_aligned: CornersEntry,
}

#[derive(Serialize)]
struct CornersEntry {
    center: [f64; 3],
    size: [f64; 3],
    corners: [[f64; 3]; 8],
    pixels: [Option<[f64; 2]>; 8],
}

impl Box3dEntry {
    fn new(boxes: &Box3d) -> Result<Self, CocoError> {
        Ok(Self {
            oriented: CornersEntry::new(&boxes.oriented)?,
            axis_aligned: CornersEntry::new(&boxes.axis_aligned)?,
        })
    }
}

impl CornersEntry {
    fn new(b: &ProjectedBox) -> Result<Self, CocoError> {
        let pixels = b.pixels.into_iter().flatten().flatten();
        finite("3D box", b.corners.into_iter().flatten().chain(b.center).chain(b.size).chain(pixels))?;
        Ok(Self { center: b.center, size: b.size, corners: b.corners, pixels: b.pixels })
    }
}

#[derive(Serialize)]
struct LeftOutEntry<'a> {
    instance_id: u32,
    category_id: u32,
    object: &'a str,
    reason: &'static str,
    area: u64,
    #[serde(flatten)]
    amodal: Option<AmodalEntry<'a>>,
}

/// The `attributes` of an annotation; `None` where there are none.
pub(crate) fn attributes_json(
    annotation: &Annotation,
    parts: Option<&PartsOf<'_>>,
    format: MaskFormat,
) -> Result<Option<String>, CocoError> {
    let Annotation { marked, amodal, pose, box3d, .. } = annotation;
    if marked.is_none() && parts.is_none() && amodal.is_none() && pose.is_none() && box3d.is_none() {
        return Ok(None);
    }
    if let Some(pose) = pose {
        finite("distance", [pose.distance])?;
    }
    let attributes = Attributes {
        marked: marked.map(|reason| reason.name()),
        parts,
        amodal: amodal.as_ref().map(|amodal| AmodalEntry::new(amodal, format)).transpose()?,
        distance: pose.as_ref().map(|pose| pose.distance),
        pose: pose.as_ref().map(PoseEntry::new).transpose()?,
        box3d: box3d.as_ref().map(Box3dEntry::new).transpose()?,
    };
    Ok(Some(serde_json::to_string(&attributes)?))
}

/// An entry of an image's `left_out`.
pub(crate) fn left_out_json(left_out: &LeftOut, format: MaskFormat) -> Result<String, CocoError> {
    Ok(serde_json::to_string(&LeftOutEntry {
        instance_id: left_out.instance_id,
        category_id: left_out.category_id,
        object: &left_out.name,
        reason: left_out.reason.name(),
        area: left_out.area,
        amodal: left_out.amodal.as_ref().map(|amodal| AmodalEntry::new(amodal, format)).transpose()?,
    })?)
}

/// JSON knows no other numbers: the writer would put `null` in their place, without a word.
pub(crate) fn finite(what: &'static str, values: impl IntoIterator<Item = f64>) -> Result<(), CocoError> {
    if values.into_iter().all(f64::is_finite) { Ok(()) } else { Err(CocoError::NotFinite { what }) }
}
