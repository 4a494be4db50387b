//! The camera, and every conversion between our convention and other people's.
//!
//! Whoever wants to know where a point is in the image, or what a pixel looks at, asks [`Lens::pixel`] and [`Lens::ray`] (or
//! [`Camera::project`], [`Camera::ray_through`] and [`Camera::unit_ray`], which ask them): `fx`, `fy`, `cx` and `cy` alone say it of a
//! pinhole only.
//!
//! Ours: continuous pixel coordinates (the centre of the first pixel is (0.5, 0.5)), camera frame x right, y up,
//! looking down -z. OpenCV's: camera frame x right, y down, z forward; a pixel's centre has integer coordinates.

mod aperture;
mod brown_conrady;
mod kannala_brandt;
mod lens;
mod polynomial;

pub use aperture::{Aperture, Shutter};
pub use lens::{Lens, LensModel};

use glam::{DAffine3, DMat3, DMat4, DQuat, DVec2, DVec3};
use serde::{Deserialize, Serialize};

use super::motion::{Mount, Track};
use crate::sensor::{DepthSensor, Optics, Sensor};

/// A camera: its lens, its pose, and how it takes in light.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Camera {
    /// Name in the recipe; unique; part of file names.
    pub name: String,
    /// Focal length along x, pixels.
    pub fx: f64,
    /// Focal length along y, pixels.
    pub fy: f64,
    /// Principal point, continuous pixel coordinates (the middle of a 640-pixel row is 320).
    pub cx: f64,
    /// See `cx`.
    pub cy: f64,
    /// How directions become places in the image.
    #[serde(default, skip_serializing_if = "LensModel::is_pinhole")]
    pub lens_model: LensModel,
    /// Nothing nearer than this is seen, metres: along the optical axis, or from the camera's centre where the image shows anything
    /// 90 degrees off the axis or more.
    pub near: f64,
    /// Camera centre in the world, metres.
    pub position: DVec3,
    /// World from camera (x right, y up, looking down -z).
    pub rotation: DQuat,
    /// Exposure value at ISO 100: a luminance of `1.2 * 2^ev100` cd/m2 becomes linear 1.
    pub ev100: f64,
    /// How wide the lens is; `None` is a point, with which everything is sharp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aperture: Option<Aperture>,
    /// When light is let in.
    #[serde(default, skip_serializing_if = "Shutter::is_instant")]
    pub shutter: Shutter,
    /// What its lens does to light besides drawing a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optics: Option<Box<Optics>>,
    /// What its picture is taken with; `None`: light itself, without noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensor: Option<Box<Sensor>>,
    /// What measures depth beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth_sensor: Option<Box<DepthSensor>>,
    /// How it moves, or the rig that it is mounted on; `position` and `rotation` are where it is at the scene's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motion: Option<Box<Track>>,
    /// How it is mounted on a rig.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount: Option<Box<Mount>>,
}

impl Default for Camera {
    /// A pinhole at the origin with a focal length and a near plane of 1, for scenes that are put together by hand.
    fn default() -> Self {
        Self {
            name: "main".into(),
            fx: 1.0,
            fy: 1.0,
            cx: 0.0,
            cy: 0.0,
            lens_model: LensModel::Pinhole,
            near: 1.0,
            position: DVec3::ZERO,
            rotation: DQuat::IDENTITY,
            ev100: 0.0,
            aperture: None,
            shutter: Shutter::default(),
            optics: None,
            sensor: None,
            depth_sensor: None,
            motion: None,
            mount: None,
        }
    }
}

/// Where a point is in the image, and how far away.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Projected {
    /// Continuous pixels.
    pub pixel: DVec2,
    /// Along the optical axis, metres; 0 or less at 90 degrees off it or more.
    pub depth: f64,
    /// From the camera's centre, metres.
    pub range: f64,
}

impl Camera {
    /// Whether its pictures need linear light: bent lenses, what lenses do to light, and sensors work on nothing else.
    pub fn needs_linear(&self) -> bool {
        !self.lens_model.is_pinhole() || self.optics.is_some() || self.sensor.is_some()
    }

    /// Its lens made ready. It knows how far it reaches, which takes some microseconds to find out: make one for many points.
    pub fn lens(&self) -> Lens {
        Lens::new(DVec2::new(self.fx, self.fy), DVec2::new(self.cx, self.cy), self.lens_model)
    }

    /// World from our camera frame (x right, y up, looking down -z).
    pub fn world_from_camera(&self) -> DAffine3 {
        DAffine3::from_rotation_translation(self.rotation, self.position)
    }

    /// World from the OpenCV camera frame (x right, y down, z forward), as a 4x4 matrix.
    pub fn world_from_opencv_camera(&self) -> DMat4 {
        DMat4::from(self.world_from_camera()) * opencv_flip()
    }

    /// OpenCV camera frame from world, as a 4x4 matrix: what OpenCV calls `[R|t]`.
    pub fn opencv_camera_from_world(&self) -> DMat4 {
        opencv_flip() * DMat4::from(self.world_from_camera().inverse())
    }

    /// The principal point as OpenCV and BOP count pixels, where the centre of the first pixel is (0, 0).
    pub fn opencv_principal_point(&self) -> DVec2 {
        DVec2::new(self.cx - 0.5, self.cy - 0.5)
    }

    /// Where a world point lands; `None` where the lens does not see it. For many points, take [`Self::lens`] once.
    pub fn project(&self, world: DVec3) -> Option<Projected> {
        let p = self.world_from_camera().inverse().transform_point3(world);
        let point = DVec3::new(p.x, -p.y, -p.z);
        self.lens().pixel(point).map(|pixel| Projected { pixel, depth: point.z, range: point.length() })
    }

    /// The world direction through a continuous pixel position, scaled so that one unit of it is one metre of depth along the optical
    /// axis. `None` where the lens has no ray, or one that goes 90 degrees off the axis or more: see [`Self::unit_ray`].
    pub fn ray_through(&self, pixel: DVec2) -> Option<DVec3> {
        if self.lens_model.is_pinhole() {
            let ray = DVec3::new((pixel.x - self.cx) / self.fx, -(pixel.y - self.cy) / self.fy, -1.0);
            return Some(self.rotation * ray);
        }
        let ray = self.lens().ray(pixel).filter(|ray| ray.z > 0.0)?;
        Some(self.rotation * DVec3::new(ray.x / ray.z, -ray.y / ray.z, -1.0))
    }

    /// The world direction through a continuous pixel position, a unit vector; `None` where the lens has no ray.
    pub fn unit_ray(&self, pixel: DVec2) -> Option<DVec3> {
        let ray = self.lens().ray(pixel)?;
        Some((self.rotation * DVec3::new(ray.x, -ray.y, -ray.z)).normalize())
    }

    /// Whether an image of this size shows anything 90 degrees off the optical axis or more, where depth along the axis is no distance.
    pub fn sees_sideways(&self, width: u32, height: u32) -> bool {
        self.lens().sees_sideways(width, height)
    }
}

/// World from camera for a camera at `from` that looks at `target` with +Y up, turned by `roll` (radians) about its
/// optical axis: positive turns the camera counter-clockwise as someone behind it sees it, so the picture clockwise.
///
/// Looking straight up or down, where "up" says nothing, the image's right is +X (north, -Z, is up on a map). A camera
/// inside its target looks along -Z.
pub fn look_at(from: DVec3, target: DVec3, roll: f64) -> DQuat {
    let back = (from - target).try_normalize().unwrap_or(DVec3::Z);
    let right = DVec3::Y.cross(back);
    // Below this (0.2 arc seconds off the vertical) the direction of `right` would be rounding.
    let right = if right.length() > 1e-6 { right.normalize() } else { (DVec3::X - back * back.x).normalize() };
    let up = back.cross(right);
    (DQuat::from_mat3(&DMat3::from_cols(right, up, back)) * DQuat::from_rotation_z(roll)).normalize()
}

/// Position and rotation of a camera on a sphere of radius `distance` about `target`, looking at it with +Y up.
/// Azimuth is the direction from the target about +Y, from +Z towards +X; all angles in radians. No pole is special:
/// straight above, the azimuth still says which way is up in the image.
pub fn orbit(target: DVec3, distance: f64, azimuth: f64, elevation: f64, roll: f64) -> (DVec3, DQuat) {
    let rotation = DQuat::from_rotation_y(azimuth) * DQuat::from_rotation_x(-elevation);
    (target + rotation * DVec3::Z * distance, (rotation * DQuat::from_rotation_z(roll)).normalize())
}

/// Position and rotation (world from our camera frame) from the rows of a rigid world-from-OpenCV-camera matrix.
pub fn from_opencv_rows(rows: &[[f64; 4]; 4]) -> (DVec3, DQuat) {
    let world_from_ours = DMat4::from_cols_array_2d(rows).transpose() * opencv_flip();
    (world_from_ours.w_axis.truncate(), DQuat::from_mat3(&DMat3::from_mat4(world_from_ours)).normalize())
}

/// Focal length in pixels for a full field of view of `angle` radians across `pixels`.
pub fn focal_length(angle: f64, pixels: u32) -> f64 {
    f64::from(pixels) / 2.0 / libm::tan(angle / 2.0)
}

/// The `x` in `[0, end]` at which `value`, which rises from 0 there, is `wanted`; `None` where that is beyond `end`. Newton's method
/// within a bracket that it may not leave (bisection where it would), to the last bits.
fn inverse(wanted: f64, end: f64, value: impl Fn(f64) -> f64, slope: impl Fn(f64) -> f64) -> Option<f64> {
    let most = value(end);
    // What rounding leaves of the end itself belongs to it.
    let is_within = wanted <= most * (1.0 + 1e-14);
    if !is_within {
        return None;
    }
    let (mut low, mut high) = (0.0, end);
    let mut x = wanted.min(end);
    for _ in 0..200 {
        let off = value(x) - wanted;
        if off == 0.0 {
            break;
        }
        if off > 0.0 {
            high = x
        } else {
            low = x
        }
        let newton = x - off / slope(x);
        let next = if newton > low && newton < high { newton } else { low + (high - low) / 2.0 };
        if (next - x).abs() <= 1e-16 * x || next <= low || next >= high {
            break;
        }
        x = next;
    }
    Some(x)
}

/// Turns our camera frame into OpenCV's and back: y and z change sign.
fn opencv_flip() -> DMat4 {
    DMat4::from_diagonal(glam::DVec4::new(1.0, -1.0, -1.0, 1.0))
}
