//! Which labels are asked for, and what becomes of instances of which little is seen.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One kind of label that a recipe's `outputs` names. Colour and COCO's boxes and masks are always there.
///
/// The first group is one image file per frame each, the second is told per instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Output {
    /// Instance ids.
    Ids,
    /// Category ids: `category(instance)`, 0 where nothing labelled is seen.
    Semantic,
    /// Which part of its object a pixel shows, from 1; 0 where nothing labelled is seen.
    Parts,
    /// Distance along the optical axis, metres.
    Depth,
    /// Distance to the camera centre, metres.
    Range,
    /// Unit normals.
    Normals {
        /// The frame of their components.
        frame: NormalFrame,
        /// Of which surface.
        surface: NormalSurface,
    },
    /// Normalised object coordinates: see `docs/dataset.md`.
    Nocs,
    /// World position, metres.
    Position,
    /// Texture coordinates, v down, before tiling.
    Uv,
    /// Base colour: the surface's own colour without light.
    Albedo,
    /// Perceptual roughness.
    Roughness,
    /// 0 for a dielectric, 1 for a metal.
    Metallic,
    /// Luminance given off, cd/m2 per linear channel.
    Emission,
    /// Amodal masks and boxes, visibility, truncation, and who hides whom.
    Amodal,
    /// Distance and 6D pose in the camera.
    Poses,
    /// 3D boxes and their projected corners.
    Boxes3d,
    /// Named points with COCO's visibility flags.
    Keypoints,
    /// COCO panoptic.
    Panoptic,
    /// Where what each pixel shows is in another frame of the clip, pixels.
    Flow(Way),
    /// Whether what each pixel shows is seen in another frame of the clip.
    Occlusion(Way),
    /// Where what each pixel shows is in the world in another frame of the clip, metres from where it is.
    SceneFlow(Way),
    /// How far apart what is seen is in the two images of a stereo pair, pixels.
    Disparity,
    /// Points of labelled instances, and where they are in each frame of the clip.
    Tracks,
    /// Boxes of a clip in the format of the MOT challenge.
    Mot,
}

/// Which other frame of a clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Way {
    /// The next one.
    #[default]
    Forward,
    /// The one before.
    Backward,
}

/// Whose components a normal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum NormalFrame {
    /// OpenCV's camera frame: x right, y down, z forward; a surface that faces the camera has a negative z.
    #[default]
    Camera,
    /// The world.
    World,
}

/// Which surface a normal belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum NormalSurface {
    /// As light sees it: interpolated over the triangle, with the normal map.
    #[default]
    Shaded,
    /// The triangle's own.
    Geometric,
}

impl Output {
    /// Every one of them.
    pub const ALL: [Self; 30] = [
        Self::Ids,
        Self::Semantic,
        Self::Parts,
        Self::Depth,
        Self::Range,
        Self::Normals { frame: NormalFrame::Camera, surface: NormalSurface::Shaded },
        Self::Normals { frame: NormalFrame::World, surface: NormalSurface::Shaded },
        Self::Normals { frame: NormalFrame::Camera, surface: NormalSurface::Geometric },
        Self::Normals { frame: NormalFrame::World, surface: NormalSurface::Geometric },
        Self::Nocs,
        Self::Position,
        Self::Uv,
        Self::Albedo,
        Self::Roughness,
        Self::Metallic,
        Self::Emission,
        Self::Amodal,
        Self::Poses,
        Self::Boxes3d,
        Self::Keypoints,
        Self::Panoptic,
        Self::Flow(Way::Forward),
        Self::Flow(Way::Backward),
        Self::Occlusion(Way::Forward),
        Self::Occlusion(Way::Backward),
        Self::SceneFlow(Way::Forward),
        Self::SceneFlow(Way::Backward),
        Self::Disparity,
        Self::Tracks,
        Self::Mot,
    ];

    /// Whether only clips have it.
    pub fn is_of_clips(self) -> bool {
        matches!(self, Self::Flow(_) | Self::Occlusion(_) | Self::SceneFlow(_) | Self::Tracks | Self::Mot)
    }

    /// The other frame that it looks at, if it does.
    pub fn way(self) -> Option<Way> {
        match self {
            Self::Flow(way) | Self::Occlusion(way) | Self::SceneFlow(way) => Some(way),
            _ => None,
        }
    }

    /// Its name in files and folders: `normals_camera`.
    pub fn name(self) -> &'static str {
        use {NormalFrame as Frame, NormalSurface as Surface};
        match self {
            Self::Ids => "ids",
            Self::Semantic => "semantic",
            Self::Parts => "parts",
            Self::Depth => "depth",
            Self::Range => "range",
            Self::Normals { frame: Frame::Camera, surface: Surface::Shaded } => "normals_camera",
            Self::Normals { frame: Frame::World, surface: Surface::Shaded } => "normals_world",
            Self::Normals { frame: Frame::Camera, surface: Surface::Geometric } => "geometric_normals_camera",
            Self::Normals { frame: Frame::World, surface: Surface::Geometric } => "geometric_normals_world",
            Self::Nocs => "nocs",
            Self::Position => "position",
            Self::Uv => "uv",
            Self::Albedo => "albedo",
            Self::Roughness => "roughness",
            Self::Metallic => "metallic",
            Self::Emission => "emission",
            Self::Amodal => "amodal",
            Self::Poses => "poses",
            Self::Boxes3d => "boxes3d",
            Self::Keypoints => "keypoints",
            Self::Panoptic => "panoptic",
            Self::Flow(Way::Forward) => "flow",
            Self::Flow(Way::Backward) => "backward_flow",
            Self::Occlusion(Way::Forward) => "occlusion",
            Self::Occlusion(Way::Backward) => "backward_occlusion",
            Self::SceneFlow(Way::Forward) => "scene_flow",
            Self::SceneFlow(Way::Backward) => "backward_scene_flow",
            Self::Disparity => "disparity",
            Self::Tracks => "tracks",
            Self::Mot => "mot",
        }
    }
}

/// What is asked of the labels of a scene.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelSettings {
    /// Which labels.
    pub outputs: BTreeSet<Output>,
    /// Instances of which fewer pixels are seen are [`below`](Self::below). At least 1.
    pub min_visible_px: u32,
    /// Instances of whose pixels within the frame a smaller share is seen are [`below`](Self::below). 0 to 1.
    pub min_visibility: f64,
    /// What becomes of them.
    pub below: Below,
}

impl Default for LabelSettings {
    fn default() -> Self {
        Self {
            outputs: [Output::Ids, Output::Depth].into(),
            min_visible_px: 1,
            min_visibility: 0.0,
            below: Below::Keep,
        }
    }
}

impl LabelSettings {
    /// Whether `output` is asked for.
    pub fn wants(&self, output: Output) -> bool {
        self.outputs.contains(&output)
    }

    /// Whether a frame is labelled together with those before and behind it.
    pub fn needs_neighbours(&self) -> bool {
        self.outputs.iter().any(|output| output.way().is_some())
    }

    /// Whether amodal masks are needed: for themselves, or for a rule.
    pub fn needs_amodal(&self) -> bool {
        self.wants(Output::Amodal) || self.min_visibility > 0.0
    }
}

/// What becomes of an instance of which less is seen than the recipe demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Below {
    /// It is annotated like any other.
    #[default]
    Keep,
    /// It is annotated with `iscrowd: 1`, which evaluation and training ignore.
    Mark,
    /// It has no annotation; its image lists it under `left_out`.
    LeaveOut,
}

/// A named point of an instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keypoint {
    /// One of its category's [`keypoints`](super::Category::keypoints).
    pub name: String,
    /// In the instance's own frame, before its scale, metres.
    pub position: glam::DVec3,
}

/// What labels make of a surface that light passes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum SurfaceLabels {
    /// The surface is what is seen.
    #[default]
    Solid,
    /// The surface is not there; what is behind it is seen.
    SeeThrough,
}
