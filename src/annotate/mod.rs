//! From ids to labels.
//!
//! Labels come from two sources and from nothing else: the integers of a frame (which surface is seen where, to whom it belongs, and
//! the pixels that each instance covers), and the geometry of its scene. Never from colours, and never from what should be visible.
//!
//! One file has one idea: what is seen ([`rle`], [`polygon`]), the whole of it (`amodal`), where it is (`pose`, `boxes`,
//! `keypoints`), which of it is too little (`rules`), and the picture as a whole (`panoptic`). What a scene's things are before
//! anything is drawn is in [`Subject`]; where the audit looks whether they were, in [`Probe`].
//!
//! A frame whose images contradict its scene or each other (`check`) gives an error and no labels, so that it cannot be written.

mod amodal;
mod boxes;
mod check;
pub mod flow;
mod geometry;
pub(crate) mod grid;
mod keypoints;
mod labels;
mod panoptic;
pub mod polygon;
mod pose;
mod probe;
pub mod rle;
mod rules;
pub mod tracks;
mod vertices;
mod view;

use std::collections::BTreeMap;

pub use geometry::{NotLoaded, Solid, Subject};
pub use labels::{
    Amodal, Annotation, Box3d, CameraLabel, KeypointLabel, Labels, LeftOut, Panoptic, Pose, ProjectedBox, Reason, Seen,
    Segment,
};
pub use probe::Probe;
pub use rle::{Mask, Rle, RleError, encode_ids};

use crate::frame::Frame;
use crate::scene::{Below, Category, Instance, Output};
use view::View;

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
    /// The geometry of another number of instances is known than the scene has.
    #[error("the scene has {instances} instances, but the geometry of {solids} is known")]
    Solids {
        /// In the scene.
        instances: usize,
        /// In the subject.
        solids: usize,
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
    /// An instance has a keypoint that its category lacks.
    #[error("{instance} has a keypoint `{keypoint}`, which its category `{category}` does not name")]
    UnknownKeypoint {
        /// `mugs[2]`.
        instance: String,
        /// Name of the keypoint.
        keypoint: String,
        /// Name of the category.
        category: String,
    },
    /// A surface belongs to nobody in the scene.
    #[error(
        "surface {surface} is said to belong to instance number {instance} with id {id}, which the scene does not have"
    )]
    Owner {
        /// Its value in the surface image.
        surface: u32,
        /// Position in the scene, from 0.
        instance: u32,
        /// The id.
        id: u32,
    },
    /// The surface image shows a surface without an owner.
    #[error("pixel ({x}, {y}) shows surface {surface}, but the frame has no such surface")]
    UnknownSurface {
        /// Its value in the surface image.
        surface: u32,
        /// Pixel column.
        x: u32,
        /// Pixel row.
        y: u32,
    },
    /// Ids and surfaces disagree.
    #[error(
        "the id image shows id {id} at pixel ({x}, {y}), but surface {surface}, which is seen there, has id {expected}"
    )]
    Id {
        /// What the id image shows.
        id: u32,
        /// What the surface image shows.
        surface: u32,
        /// The id of that surface's owner.
        expected: u32,
        /// Pixel column.
        x: u32,
        /// Pixel row.
        y: u32,
    },
    /// A pixel that shows a surface has no depth, or one that shows nothing has one. (Range, where a camera sees sideways.)
    #[error(
        "pixel ({x}, {y}) shows id {id}, but its depth is {depth}: it has to be finite and above 0 where there is a surface, \
         and +inf where nothing is"
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
    /// The scene's labels need amodal masks, and the frame has none.
    #[error("the labels need amodal masks, but the frame has none")]
    NoAmodal,
    /// An amodal mask is of nobody.
    #[error("there is an amodal mask of id {id}, but the scene has no labelled instance with that id")]
    AmodalId {
        /// The id.
        id: u32,
    },
    /// Amodal masks are not in id order, or one comes twice.
    #[error("the amodal mask of {name} comes twice, or after one of a higher id")]
    AmodalOrder {
        /// `mugs[2]`.
        name: String,
    },
    /// An amodal mask contradicts itself.
    #[error("the amodal mask of {name} is broken: {what}")]
    Amodal {
        /// `mugs[2]`.
        name: String,
        /// How.
        what: &'static str,
    },
    /// An amodal mask covers a pixel where nothing is.
    #[error("the amodal mask of {name} covers pixel ({x}, {y}), but nothing is seen there")]
    AmodalOfNothing {
        /// `mugs[2]`.
        name: String,
        /// Pixel column.
        x: u32,
        /// Pixel row.
        y: u32,
    },
    /// A visible pixel is not in the amodal mask.
    #[error("{name} is seen at pixel ({x}, {y}), which its amodal mask does not cover")]
    AmodalTooSmall {
        /// `mugs[2]`.
        name: String,
        /// Column of the leftmost such pixel.
        x: u32,
        /// Row of the topmost of them in that column.
        y: u32,
    },
    /// A visible instance has no amodal mask.
    #[error("{name} is seen in {area} pixels, but has no amodal mask")]
    NoAmodalMask {
        /// `mugs[2]`.
        name: String,
        /// Visible pixels.
        area: u64,
    },
    /// An id does not fit into a panoptic image.
    #[error("id {id} does not fit into a panoptic image, whose ids are below 2^24 = 16777216")]
    PanopticId {
        /// The id.
        id: u32,
    },
    /// The masks cannot be encoded.
    #[error(transparent)]
    Mask(#[from] RleError),
}

/// Everything that the scene asks to be known of a frame.
///
/// # Errors
/// The images contradict the scene or each other; the error says which and where.
pub fn annotate(subject: &Subject, frame: &Frame) -> Result<Labels, AnnotateError> {
    let scene = &subject.scene;
    let settings = &scene.labels;
    let (cameras, camera) = (scene.cameras.len(), frame.camera);
    let view = View::new(scene.cameras.get(camera).ok_or(AnnotateError::Camera { camera, cameras })?, scene);
    check::sizes(scene, frame)?;
    let categories: BTreeMap<u32, &Category> =
        scene.categories.iter().map(|category| (category.id, category)).collect();
    let labelled = labelled_instances(subject, &categories)?;
    let visible = encode_ids(&frame.ids)?;
    if let Some((&id, mask)) = visible.iter().find(|(id, _)| !labelled.contains_key(id)) {
        return Err(AnnotateError::UnknownId { id, x: mask.bbox[0], y: mask.bbox[1] });
    }
    check::surfaces(scene, frame, view.sideways)?;
    let instance = |id: u32| labelled.get(&id).map(|thing| thing.instance);
    let mut wholes = if settings.needs_amodal() { amodal::wholes(frame, &visible, instance)? } else { BTreeMap::new() };

    let (mut annotations, mut left_out) = (Vec::new(), Vec::new());
    // Whole masks may be there for a rule alone.
    let wanted = |whole: Option<Amodal>| whole.filter(|_| settings.wants(Output::Amodal));
    for (id, Mask { rle, bbox, area }) in visible {
        let Some(Labelled { instance, solid, category }) = labelled.get(&id) else { continue };
        let area = u64::from(area);
        let whole = wholes.remove(&id);
        let reason = rules::broken(settings, area, whole.as_ref().map(|whole| whole.visibility));
        let (amodal, name) = (wanted(whole), instance.name());
        let (category_id, marked) = match (settings.below, reason) {
            (Below::LeaveOut, Some(reason)) => {
                left_out.push(LeftOut { instance_id: id, category_id: category.id, name, reason, area, amodal });
                continue;
            }
            (Below::Mark, reason) => (category.id, reason),
            _ => (category.id, None),
        };
        annotations.push(Annotation {
            instance_id: id,
            category_id,
            object: instance.object.clone(),
            name,
            bbox,
            area,
            rle,
            marked,
            amodal,
            pose: settings.wants(Output::Poses).then(|| pose::pose(instance, solid, &view)),
            box3d: settings.wants(Output::Boxes3d).then(|| boxes::box3d(instance, solid, &view)),
            keypoints: if settings.wants(Output::Keypoints) {
                keypoints::keypoints(instance, category, &view, frame)?
            } else {
                None
            },
        });
    }
    // What has not been taken out is not seen; what is wholly beside the frame is not of this picture.
    for (id, whole) in wholes.into_iter().filter(|(_, whole)| whole.area_in_frame > 0) {
        let Some(Labelled { instance, category, .. }) = labelled.get(&id) else { continue };
        left_out.push(LeftOut {
            instance_id: id,
            category_id: category.id,
            name: instance.name(),
            reason: Reason::Hidden,
            area: 0,
            amodal: wanted(Some(whole)),
        });
    }
    left_out.sort_by_key(|left| left.instance_id);
    let panoptic = if settings.wants(Output::Panoptic) {
        Some(panoptic::panoptic(&categories, &annotations, &frame.ids)?)
    } else {
        None
    };
    Ok(Labels { camera: CameraLabel::new(view.camera), annotations, left_out, panoptic })
}

/// An instance with a category, and what is known of it.
struct Labelled<'a> {
    instance: &'a Instance,
    solid: &'a Solid,
    category: &'a Category,
}

/// Every instance with a category, by id.
fn labelled_instances<'a>(
    Subject { scene, solids, .. }: &'a Subject,
    categories: &BTreeMap<u32, &'a Category>,
) -> Result<BTreeMap<u32, Labelled<'a>>, AnnotateError> {
    if solids.len() != scene.instances.len() {
        return Err(AnnotateError::Solids { instances: scene.instances.len(), solids: solids.len() });
    }
    let mut labelled: BTreeMap<u32, Labelled<'_>> = BTreeMap::new();
    for (instance, solid) in scene.instances.iter().zip(solids) {
        let Some(category) = instance.category else { continue };
        let Some(&category) = categories.get(&category) else {
            return Err(AnnotateError::UnknownCategory { instance: instance.name(), category });
        };
        if let Some(Labelled { instance: first, .. }) =
            labelled.insert(instance.id, Labelled { instance, solid, category })
        {
            let (first, second) = (first.name(), instance.name());
            return Err(AnnotateError::SharedId { id: instance.id, first, second });
        }
    }
    Ok(labelled)
}
