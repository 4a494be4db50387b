//! The camera as labels tell it, held against the scene's; and its geometry, from the numbers that are written.

use glam::{DMat3, DQuat, DVec2, DVec3};

use super::bent::Bent;
use super::bounds::LABEL;
use super::findings::Findings;
use crate::annotate::CameraLabel;
use crate::scene::{Camera, LensModel, Scene};

/// A camera, in the OpenCV camera frame (x right, y down, z forward) and continuous pixels.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) focal: DVec2,
    pub(super) principal: DVec2,
    pub(super) near: f64,
    /// World from camera.
    pub(super) axes: DMat3,
    /// Its centre in the world.
    pub(super) position: DVec3,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Its lens, where that bends straight lines: then [`Self::ray`] and [`Self::pixel`] say nothing.
    pub(super) bent: Option<Bent>,
    /// Whether the image shows anything 90 degrees off the optical axis or more, so that range is told in place of depth.
    pub(super) sideways: bool,
}

impl View {
    /// What the labels say: `K_opencv` and `world_from_opencv_camera`.
    pub(super) fn new(label: &CameraLabel, camera: &Camera, scene: &Scene) -> Self {
        let (k, m) = (&label.K_opencv, &label.world_from_opencv_camera);
        let column = |c: usize| DVec3::new(m[0][c], m[1][c], m[2][c]);
        // OpenCV's first pixel has its centre at 0, ours at 0.5.
        let (focal, principal) = (DVec2::new(k[0][0], k[1][1]), DVec2::new(k[0][2] + 0.5, k[1][2] + 0.5));
        let (width, height) = (scene.image.width, scene.image.height);
        Self {
            focal,
            principal,
            near: label.near,
            axes: DMat3::from_cols(column(0), column(1), column(2)),
            position: column(3),
            width,
            height,
            bent: Bent::new(label, camera, focal, principal),
            sideways: camera.sees_sideways(width, height),
        }
    }

    /// The direction through a position in the image of a pinhole: one unit of it is one metre of depth.
    pub(super) fn ray(&self, pixel: DVec2) -> DVec3 {
        ((pixel - self.principal) / self.focal).extend(1.0)
    }

    /// A world point in the camera's frame.
    pub(super) fn point(&self, world: DVec3) -> DVec3 {
        self.axes.transpose() * (world - self.position)
    }

    /// Where a point of the camera's frame lands; `None` where the lens does not see it.
    pub(super) fn seen_at(&self, point: DVec3) -> Option<DVec2> {
        match &self.bent {
            Some(bent) => bent.pixel(point),
            None => Some(self.pixel(point)).filter(|pixel| point.z > 0.0 && pixel.is_finite()),
        }
    }

    /// How far away a point of the camera's frame is, as the images tell it that flags are made from.
    pub(super) fn distance(&self, point: DVec3) -> f64 {
        if self.sideways { point.length() } else { point.z }
    }

    /// Where a point of the camera's frame lands through a pinhole. It has to be in front.
    pub(super) fn pixel(&self, point: DVec3) -> DVec2 {
        self.focal * point.truncate() / point.z + self.principal
    }

    /// The pixel that a position is in.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the image")]
    pub(super) fn at(&self, position: DVec2) -> Option<[u32; 2]> {
        let inside =
            (0.0..f64::from(self.width)).contains(&position.x) && (0.0..f64::from(self.height)).contains(&position.y);
        inside.then_some([position.x as u32, position.y as u32])
    }
}

/// The middle of a pixel.
pub(super) fn center([x, y]: [u32; 2]) -> DVec2 {
    DVec2::new(f64::from(x) + 0.5, f64::from(y) + 0.5)
}

/// Turns a vector: `v + 2 w (q x v) + 2 q x (q x v)`, without a matrix.
pub(super) fn turn(rotation: DQuat, v: DVec3) -> DVec3 {
    let q = rotation.xyz();
    let across = 2.0 * q.cross(v);
    v + rotation.w * across + q.cross(across)
}

/// World from the frame that a rotation turns.
pub(super) fn axes(rotation: DQuat) -> DMat3 {
    DMat3::from_cols(turn(rotation, DVec3::X), turn(rotation, DVec3::Y), turn(rotation, DVec3::Z))
}

/// By how much, relatively, a rotation may come out differently along another route: a quaternion's length may be off by 1e-6 in a
/// scene that was edited by hand, and routes differ in what they make of that.
pub(super) fn looseness(rotation: DQuat) -> f64 {
    LABEL + 8.0 * (rotation.length_squared() - 1.0).abs()
}

/// Whether two numbers are the same but for rounding; never where one is not finite.
pub(super) fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance
}

/// Whether a number is at most so large; never where it is none.
pub(super) fn at_most(value: f64, bound: f64) -> bool {
    value <= bound
}

/// Whether all three are at most so large; never where one is no number. (`max_element` would pass over it.)
pub(super) fn all_at_most(values: DVec3, bound: f64) -> bool {
    values.cmple(DVec3::splat(bound)).all()
}

/// Holds the camera of the labels against the scene's, and its numbers against each other.
pub(super) fn check(label: &CameraLabel, camera: &Camera, found: &mut Findings) {
    let numbers = [
        ("fx", label.fx, camera.fx),
        ("fy", label.fy, camera.fy),
        ("cx", label.cx, camera.cx),
        ("cy", label.cy, camera.cy),
        ("near", label.near, camera.near),
        ("ev100", label.ev100, camera.ev100),
    ];
    for (name, is, should) in numbers {
        if is.to_bits() != should.to_bits() {
            found.other("a camera parameter is not the scene's", "parameter", || {
                format!("`{name}` {is} instead of {should}")
            });
        }
    }
    if label.lens_model != camera.lens_model.name() {
        found.other("a camera parameter is not the scene's", "parameter", || {
            format!("`lens_model` {} instead of {}", label.lens_model, camera.lens_model.name())
        });
    }
    let coefficients = opencv_order(camera);
    if !label.distortion_opencv.iter().map(|c| c.to_bits()).eq(coefficients.iter().map(|c| c.to_bits())) {
        found.other("the distortion is not the scene's, in OpenCV's order", "list", || {
            format!("{:?} instead of {coefficients:?}", label.distortion_opencv)
        });
    }
    if label.aperture != camera.aperture || label.shutter != camera.shutter {
        found.other("a camera parameter is not the scene's", "parameter", || "`aperture` or `shutter`".to_owned());
    }
    // One step of rounding of the largest number that half a pixel is taken from.
    let k = [[label.fx, 0.0, label.cx - 0.5], [0.0, label.fy, label.cy - 0.5], [0.0, 0.0, 1.0]];
    for (row, column) in (0..3).flat_map(|row| (0..3).map(move |column| (row, column))) {
        let (is, should) = (label.K_opencv[row][column], k[row][column]);
        if !close(is, should, LABEL * (1.0 + should.abs())) {
            found.other("K_opencv is not of fx, fy, cx and cy", "entry", || {
                format!("in row {row}, column {column} (from 0): {is} instead of {should}")
            });
        }
    }
    let (pose, inverse) = poses(camera);
    let tolerance = looseness(camera.rotation) * (1.0 + 4.0 * camera.position.abs().max_element());
    matrix("world_from_opencv_camera is not the scene's", &label.world_from_opencv_camera, &pose, tolerance, found);
    matrix("opencv_camera_from_world is not the scene's", &label.opencv_camera_from_world, &inverse, tolerance, found);
    let identity = std::array::from_fn(|row| std::array::from_fn(|column| if row == column { 1.0 } else { 0.0 }));
    let product = times(&label.world_from_opencv_camera, &label.opencv_camera_from_world);
    matrix("the camera's two matrices are not each other's inverse", &product, &identity, 4.0 * tolerance, found);
    rigid("world_from_opencv_camera is not rigid", &label.world_from_opencv_camera, found);
}

/// k1 k2 p1 p2 k3 k4 k5 k6, or k1 k2 k3 k4 of a fisheye.
fn opencv_order(camera: &Camera) -> Vec<f64> {
    match &camera.lens_model {
        LensModel::BrownConrady { k, p } => [&k[..2], &p[..], &k[2..]].concat(),
        LensModel::KannalaBrandt { k } => k.to_vec(),
        LensModel::Pinhole | LensModel::Equirectangular => Vec::new(),
    }
}

type Rows = [[f64; 4]; 4];

/// World from the OpenCV camera frame and back: the camera's right, down and forward, turned one by one.
fn poses(camera: &Camera) -> (Rows, Rows) {
    let along = [DVec3::X, DVec3::NEG_Y, DVec3::NEG_Z].map(|axis| turn(camera.rotation, axis));
    let p = camera.position;
    let mut pose = [[0.0, 0.0, 0.0, 1.0]; 4];
    let mut inverse = pose;
    for row in 0..3 {
        for (column, axis) in along.iter().enumerate() {
            pose[row][column] = axis[row];
        }
        pose[row][3] = p[row];
        let axis = along[row];
        inverse[row] = [axis.x, axis.y, axis.z, -axis.dot(p)];
    }
    (pose, inverse)
}

fn times(a: &Rows, b: &Rows) -> Rows {
    std::array::from_fn(|row| std::array::from_fn(|column| (0..4).map(|k| a[row][k] * b[k][column]).sum()))
}

/// Entry by entry.
pub(super) fn matrix(what: &'static str, is: &Rows, should: &Rows, tolerance: f64, found: &mut Findings) {
    for (row, column) in (0..4).flat_map(|row| (0..4).map(move |column| (row, column))) {
        let (is, should) = (is[row][column], should[row][column]);
        if !close(is, should, tolerance) {
            found.other(what, "entry", || format!("in row {row}, column {column} (from 0): {is} instead of {should}"));
        }
    }
}

/// A rotation and a translation: columns are perpendicular, of length 1 and right-handed, the last row is (0, 0, 0, 1).
fn rigid(what: &'static str, rows: &Rows, found: &mut Findings) {
    // Scenes may come with quaternions of a length that is off by 1e-6.
    const TOLERANCE: f64 = 1e-5;
    let column = |c: usize| DVec3::new(rows[0][c], rows[1][c], rows[2][c]);
    let (x, y, z) = (column(0), column(1), column(2));
    let right =
        (x.cross(y) - z).length().max((x.length() - 1.0).abs()).max((y.length() - 1.0).abs()).max(x.dot(y).abs());
    if !close(right, 0.0, TOLERANCE) || rows[3].map(f64::to_bits) != [0.0, 0.0, 0.0, 1.0_f64].map(f64::to_bits) {
        found.other(what, "matrix", || format!("off by {right}, last row {:?}", rows[3]));
    }
}
