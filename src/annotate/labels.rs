//! What is known of a frame, as plain data.

use glam::DMat4;
use serde::{Deserialize, Serialize};

use super::Rle;
use crate::image::Image;
use crate::scene::{Aperture, Camera, Shutter};

/// All that is known of one frame: what is written of it, besides its images.
#[derive(Debug, Clone, PartialEq)]
pub struct Labels {
    /// The camera, in OpenCV's convention.
    pub camera: CameraLabel,
    /// One per visible labelled instance that no rule leaves out, in id order.
    pub annotations: Vec<Annotation>,
    /// Labelled instances without an annotation of which any pixel is within the frame, in id order: those that a rule leaves out,
    /// and, where amodal masks are known, those that are wholly hidden, whatever the rules are.
    pub left_out: Vec<LeftOut>,
    /// COCO panoptic, if asked for.
    pub panoptic: Option<Panoptic>,
}

/// What is known of one visible instance in one frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotation {
    /// Its value in the id image.
    pub instance_id: u32,
    /// [`Category::id`](crate::scene::Category::id).
    pub category_id: u32,
    /// Name of its object group.
    pub object: String,
    /// `mugs[2]`: group and number within it.
    pub name: String,
    /// Tight box of the visible pixels, `[x, y, width, height]`, far edges exclusive.
    pub bbox: [u32; 4],
    /// Number of visible pixels.
    pub area: u64,
    /// The visible pixels.
    pub rle: Rle,
    /// Why it is marked (`iscrowd: 1`), if it is.
    pub marked: Option<Reason>,
    /// Amodal mask and what follows from it, if asked for.
    pub amodal: Option<Amodal>,
    /// Where it is, if asked for.
    pub pose: Option<Pose>,
    /// Its 3D boxes, if asked for.
    pub box3d: Option<Box3d>,
    /// One per keypoint of its category, in the category's order, if asked for and the category has any.
    pub keypoints: Option<Vec<KeypointLabel>>,
}

/// The whole of an instance, seen or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Amodal {
    /// Tight box on the canvas, `[x, y, width, height]`, far edges exclusive; `x` and `y` may be negative.
    pub bbox: [i32; 4],
    /// Pixels on the canvas (three frames wide and high).
    pub area: u64,
    /// Pixels within the frame.
    pub area_in_frame: u64,
    /// The pixels within the frame.
    pub rle: Rle,
    /// Visible pixels over `area_in_frame`; 0 where that is 0.
    pub visibility: f64,
    /// Share of `area` that is outside of the frame.
    pub truncation: f64,
    /// Who hides how many of its pixels within the frame: (instance id, or 0 for unlabelled surfaces; pixels), by id. Their sum and
    /// the visible pixels are `area_in_frame`.
    pub hidden_by: Vec<(u32, u64)>,
}

/// 6D pose in the OpenCV camera frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Pose {
    /// Rows of a rigid 4x4 matrix: point in the OpenCV camera frame from a point in the instance's own frame after its `scale`.
    pub camera_from_object: [[f64; 4]; 4],
    /// The instance's scale along its own axes: apply it to the asset's vertices first.
    pub scale: [f64; 3],
    /// From the camera centre to the middle of the oriented 3D box, metres.
    pub distance: f64,
}

/// Boxes in space. Corner `k` has the upper x where bit 0 of `k` is set, the upper y where bit 1 is, the upper z where bit 2 is.
#[derive(Debug, Clone, PartialEq)]
pub struct Box3d {
    /// Along the instance's own axes, tight around it.
    pub oriented: ProjectedBox,
    /// Along the world's axes, tight around it.
    pub axis_aligned: ProjectedBox,
}

/// A box, and where its corners are in the image.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectedBox {
    /// Centre in the OpenCV camera frame, metres.
    pub center: [f64; 3],
    /// Edge lengths along the box's axes, metres.
    pub size: [f64; 3],
    /// Corners in the OpenCV camera frame, metres.
    pub corners: [[f64; 3]; 8],
    /// Corners in continuous pixel coordinates; `None` where the lens does not see one: not in front of the camera centre, or beyond
    /// what the lens reaches.
    pub pixels: [Option<[f64; 2]>; 8],
}

/// One named point in one frame.
#[derive(Debug, Clone, PartialEq)]
pub struct KeypointLabel {
    /// Its name.
    pub name: String,
    /// Continuous pixel coordinates; 0 where `seen` is [`Seen::Absent`].
    pub x: f64,
    /// See `x`.
    pub y: f64,
    /// COCO's flag.
    pub seen: Seen,
}

/// COCO's visibility flag of a keypoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    /// 0: outside of the image, behind the near plane, or the instance has no such point.
    Absent,
    /// 1: in the image, and hidden: by something else or by the instance itself.
    Hidden,
    /// 2: seen.
    Visible,
}

impl Seen {
    /// 0, 1 or 2.
    pub fn flag(self) -> u8 {
        match self {
            Self::Absent => 0,
            Self::Hidden => 1,
            Self::Visible => 2,
        }
    }
}

/// A labelled instance without an annotation.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOut {
    /// Its id.
    pub instance_id: u32,
    /// Its category.
    pub category_id: u32,
    /// `mugs[2]`.
    pub name: String,
    /// Why.
    pub reason: Reason,
    /// Visible pixels.
    pub area: u64,
    /// Amodal mask and what follows from it, where amodal masks are asked for.
    pub amodal: Option<Amodal>,
}

/// Why an instance has no annotation, or a marked one: the first that holds, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// Not one of its pixels within the frame is seen. (Known where amodal masks are.)
    Hidden,
    /// Fewer pixels are seen than `min_visible_px`.
    MinVisiblePx,
    /// A smaller share is seen than `min_visibility`.
    MinVisibility,
}

impl Reason {
    /// As in files: `hidden`, `min_visible_px`, `min_visibility`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hidden => "hidden",
            Self::MinVisiblePx => "min_visible_px",
            Self::MinVisibility => "min_visibility",
        }
    }
}

/// COCO panoptic labels of one frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Panoptic {
    /// Segment id at each pixel; 0 is void: background, unlabelled surfaces, and instances that a rule leaves out.
    pub ids: Image<u32>,
    /// In order of their id.
    pub segments: Vec<Segment>,
}

/// One segment: an instance of a category of things, or all instances of a category of stuff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its value in the image: the instance id; for stuff, the lowest id of its instances that have an annotation in this frame.
    pub id: u32,
    /// Its category.
    pub category_id: u32,
    /// Pixels.
    pub area: u64,
    /// Tight box, far edges exclusive.
    pub bbox: [u32; 4],
    /// Whether it is marked by a rule; for stuff, whether all of its instances are.
    pub iscrowd: bool,
}

/// Camera parameters as they are written. Lengths are metres, focal lengths and principal points pixels.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[expect(non_snake_case, reason = "K is what everybody calls this matrix, and the key in the file")]
pub struct CameraLabel {
    /// Focal length along x.
    pub fx: f64,
    /// Focal length along y.
    pub fy: f64,
    /// Principal point, continuous: the centre of the first pixel is 0.5.
    pub cx: f64,
    /// See `cx`.
    pub cy: f64,
    /// Camera matrix as OpenCV and BOP use it: the centre of the first pixel is 0, so the principal point is `cx - 0.5`, `cy - 0.5`.
    pub K_opencv: [[f64; 3]; 3],
    /// `pinhole`, `brown_conrady` (`cv2.projectPoints`), `kannala_brandt` (`cv2.fisheye.projectPoints`) or `equirectangular` (`fx` and
    /// `fy` are pixels per radian of longitude and latitude).
    pub lens_model: &'static str,
    /// Its distortion coefficients, in OpenCV's order: k1 k2 p1 p2 k3 k4 k5 k6, or k1 k2 k3 k4 of a fisheye; else none.
    pub distortion_opencv: Vec<f64>,
    /// Rows of a 4x4 matrix: world point from a point in the OpenCV camera frame (x right, y down, z forward).
    pub world_from_opencv_camera: [[f64; 4]; 4],
    /// Its inverse; the first three rows are OpenCV's `[R|t]`.
    pub opencv_camera_from_world: [[f64; 4]; 4],
    /// Nothing nearer than this along the optical axis is seen.
    pub near: f64,
    /// Exposure value at ISO 100.
    pub ev100: f64,
    /// Diameter of the lens and what it is sharp at, metres; `None` where everything is sharp.
    pub aperture: Option<Aperture>,
    /// Exposure time and read-out, seconds. Labels are of the middle of the exposure.
    pub shutter: Shutter,
}

impl CameraLabel {
    /// Of a camera of a scene.
    pub fn new(camera: &Camera) -> Self {
        let principal = camera.opencv_principal_point();
        Self {
            fx: camera.fx,
            fy: camera.fy,
            cx: camera.cx,
            cy: camera.cy,
            K_opencv: [[camera.fx, 0.0, principal.x], [0.0, camera.fy, principal.y], [0.0, 0.0, 1.0]],
            world_from_opencv_camera: rows(&camera.world_from_opencv_camera()),
            opencv_camera_from_world: rows(&camera.opencv_camera_from_world()),
            lens_model: camera.lens_model.name(),
            distortion_opencv: camera.lens_model.opencv_coefficients(),
            near: camera.near,
            ev100: camera.ev100,
            aperture: camera.aperture,
            shutter: camera.shutter,
        }
    }
}

/// Row-major, and without negative zeros, which look like mistakes in a file.
pub(crate) fn rows(matrix: &DMat4) -> [[f64; 4]; 4] {
    matrix.transpose().to_cols_array_2d().map(|row| row.map(|value| value + 0.0))
}
