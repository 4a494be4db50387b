//! From ids to labels.
//!
//! Labels come from the integer id image and from nothing else: never from colours, never from what should be visible. A frame
//! whose images contradict its scene or each other gives an error and no annotations, so that it cannot be written.

mod geometry;
mod labels;
pub mod polygon;
mod probe;
pub mod rle;

use std::collections::{BTreeMap, BTreeSet};

pub use geometry::{NotLoaded, Solid, Subject};
pub use labels::{
    Amodal, Annotation, Box3d, CameraLabel, KeypointLabel, Labels, LeftOut, Panoptic, Pose, ProjectedBox, Reason, Seen,
    Segment,
};
pub use probe::Probe;
pub use rle::{Mask, Rle, RleError, encode_ids};

use crate::frame::Frame;
use crate::scene::{Instance, Scene};

/// Why a frame is not fit to be written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AnnotateError {
    /// An image does not have the size that the scene asks for.
    #[error("the {what} image is {found_width} x {found_height} pixels, but the scene asks for {width} x {height}")]
    Size {
        /// Which image.
        what: &'static str,
        /// Its columns.
        found_width: u32,
        /// Its rows.
        found_height: u32,
        /// Columns asked for.
        width: u32,
        /// Rows asked for.
        height: u32,
    },
    /// The frame names a camera that the scene lacks.
    #[error("the frame is of camera number {camera}, but the scene has {cameras} (numbers start at 0)")]
    Camera {
        /// Its number.
        camera: usize,
        /// How many there are.
        cameras: usize,
    },
    /// The id image shows something that is not labelled in the scene.
    #[error("the id image shows id {id} at pixel ({x}, {y}), but the scene has no labelled instance with that id")]
    UnknownId {
        /// The id.
        id: u32,
        /// Its leftmost pixel column.
        x: u32,
        /// Its topmost pixel row.
        y: u32,
    },
    /// Two labelled instances of the scene share an id.
    #[error("{first} and {second} both have id {id}: ids must be unique within a scene")]
    SharedId {
        /// The id.
        id: u32,
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// A labelled instance is of a category that the scene lacks.
    #[error("{instance} has category id {category}, which the scene does not define")]
    UnknownCategory {
        /// `mugs[2]`.
        instance: String,
        /// The id.
        category: u32,
    },
    /// A labelled pixel has no depth, or any pixel has one that is none.
    #[error(
        "pixel ({x}, {y}) shows id {id}, but its depth is {depth}: it has to be finite and above 0, or +inf where nothing is"
    )]
    Depth {
        /// The id.
        id: u32,
        /// Pixel column.
        x: u32,
        /// Pixel row.
        y: u32,
        /// What is there, metres.
        depth: f32,
    },
    /// The masks cannot be encoded.
    #[error(transparent)]
    Mask(#[from] RleError),
}

/// Everything that the scene asks to be known of a frame.
pub fn annotate(subject: &Subject, frame: &Frame) -> Result<Labels, AnnotateError> {
    let scene = &subject.scene;
    check_sizes(scene, frame)?;
    check_depth(frame)?;
    let labelled = labelled_instances(scene)?;
    let mut annotations = Vec::new();
    for (id, Mask { rle, bbox, area }) in encode_ids(&frame.ids)? {
        let &(instance, category_id) =
            labelled.get(&id).ok_or(AnnotateError::UnknownId { id, x: bbox[0], y: bbox[1] })?;
        annotations.push(Annotation {
            instance_id: id,
            category_id,
            object: instance.object.clone(),
            name: instance.name(),
            bbox,
            area: u64::from(area),
            rle,
            marked: None,
            amodal: None,
            pose: None,
            box3d: None,
            keypoints: None,
        });
    }
    let camera = CameraLabel::new(&scene.cameras[frame.camera]);
    Ok(Labels { camera, annotations, left_out: Vec::new(), panoptic: None })
}

fn check_sizes(scene: &Scene, frame: &Frame) -> Result<(), AnnotateError> {
    if frame.camera >= scene.cameras.len() {
        return Err(AnnotateError::Camera { camera: frame.camera, cameras: scene.cameras.len() });
    }
    let (width, height) = (scene.image.width, scene.image.height);
    let sizes = [
        ("rgb", frame.rgb.width(), frame.rgb.height()),
        ("id", frame.ids.width(), frame.ids.height()),
        ("depth", frame.depth.width(), frame.depth.height()),
    ];
    match sizes.into_iter().find(|&(_, w, h)| (w, h) != (width, height)) {
        Some((what, found_width, found_height)) => {
            Err(AnnotateError::Size { what, found_width, found_height, width, height })
        }
        None => Ok(()),
    }
}

fn check_depth(frame: &Frame) -> Result<(), AnnotateError> {
    for (y, (ids, depths)) in (0..).zip(frame.ids.rows().zip(frame.depth.rows())) {
        for (x, (&id, &depth)) in (0..).zip(ids.iter().zip(depths)) {
            let surface = depth.is_finite() && depth > 0.0;
            let nothing = id == 0 && depth == f32::INFINITY;
            if !(surface || nothing) {
                return Err(AnnotateError::Depth { id, x, y, depth });
            }
        }
    }
    Ok(())
}

/// Every instance with a category, and its category, by id.
fn labelled_instances(scene: &Scene) -> Result<BTreeMap<u32, (&Instance, u32)>, AnnotateError> {
    let categories: BTreeSet<u32> = scene.categories.iter().map(|category| category.id).collect();
    let mut labelled: BTreeMap<u32, (&Instance, u32)> = BTreeMap::new();
    for instance in &scene.instances {
        let Some(category) = instance.category else { continue };
        if !categories.contains(&category) {
            return Err(AnnotateError::UnknownCategory { instance: instance.name(), category });
        }
        if let Some((first, _)) = labelled.insert(instance.id, (instance, category)) {
            let (first, second) = (first.name(), instance.name());
            return Err(AnnotateError::SharedId { id: instance.id, first, second });
        }
    }
    Ok(labelled)
}
