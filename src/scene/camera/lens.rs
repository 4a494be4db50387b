//! From directions to pixels and back, for every kind of lens.

use std::f64::consts::{FRAC_PI_2, PI};

use glam::{DVec2, DVec3};
use serde::{Deserialize, Serialize};

use super::brown_conrady::BrownConrady;
use super::kannala_brandt::KannalaBrandt;

/// How directions become places in the image. Coefficients have OpenCV's meaning.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum LensModel {
    /// `u = fx X / Z + cx`, `v = fy Y / Z + cy` in the OpenCV camera frame.
    #[default]
    Pinhole,
    /// A pinhole with Brown and Conrady's distortion: OpenCV's rational model.
    BrownConrady {
        /// k1 to k6. (OpenCV lists k1, k2, p1, p2, k3, k4, k5, k6.)
        k: [f64; 6],
        /// p1, p2.
        p: [f64; 2],
    },
    /// Kannala and Brandt's fisheye: OpenCV's `fisheye` module. With four zeros, `r = f t`: equal angles are equal distances.
    KannalaBrandt {
        /// k1 to k4.
        k: [f64; 4],
    },
    /// The whole sphere, 360 by 180 degrees: a column is a longitude, a row a latitude; the optical axis is in the middle. `fx`
    /// and `fy` are pixels per radian, and follow from the size of the image as `cx` and `cy` do: see [`Self::equirectangular`].
    Equirectangular,
}

impl LensModel {
    /// Whether straight lines are straight in the image.
    pub fn is_pinhole(&self) -> bool {
        *self == Self::Pinhole
    }

    /// `fx, fy, cx, cy` of an equirectangular image of this size.
    pub fn equirectangular(width: u32, height: u32) -> [f64; 4] {
        let (w, h) = (f64::from(width), f64::from(height));
        [w / (2.0 * PI), h / PI, w / 2.0, h / 2.0]
    }

    /// Its name in `cameras.json`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pinhole => "pinhole",
            Self::BrownConrady { .. } => "brown_conrady",
            Self::KannalaBrandt { .. } => "kannala_brandt",
            Self::Equirectangular => "equirectangular",
        }
    }

    /// Its coefficients in OpenCV's order: `k1 k2 p1 p2 k3 k4 k5 k6` for `cv2.projectPoints`, `k1 k2 k3 k4` for `cv2.fisheye`; none
    /// of lenses that have none.
    pub fn opencv_coefficients(&self) -> Vec<f64> {
        match *self {
            Self::Pinhole | Self::Equirectangular => Vec::new(),
            Self::BrownConrady { k: [k1, k2, k3, k4, k5, k6], p: [p1, p2] } => vec![k1, k2, p1, p2, k3, k4, k5, k6],
            Self::KannalaBrandt { k } => k.to_vec(),
        }
    }
}

/// A lens made ready: the limits of its domain are known. Directions are in the OpenCV camera frame (x right, y down, z forward),
/// places continuous pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lens {
    focal: DVec2,
    principal: DVec2,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Pinhole,
    BrownConrady(BrownConrady),
    KannalaBrandt(KannalaBrandt),
    Equirectangular,
}

impl Lens {
    /// With focal lengths (pixels, or pixels per radian) and the principal point (continuous pixels).
    pub fn new(focal: DVec2, principal: DVec2, model: LensModel) -> Self {
        let kind = match model {
            LensModel::Pinhole => Kind::Pinhole,
            LensModel::BrownConrady { k, p } => Kind::BrownConrady(BrownConrady::new(k, p)),
            LensModel::KannalaBrandt { k } => Kind::KannalaBrandt(KannalaBrandt::new(k)),
            LensModel::Equirectangular => Kind::Equirectangular,
        };
        Self { focal, principal, kind }
    }

    /// Whether straight lines are straight in the image.
    pub fn is_pinhole(&self) -> bool {
        self.kind == Kind::Pinhole
    }

    /// Where a point lands. `None` where the lens does not see it: behind a pinhole, or beyond the [`reach`](Self::reach).
    pub fn pixel(&self, point: DVec3) -> Option<DVec2> {
        let (f, c) = (self.focal, self.principal);
        let pixel = match &self.kind {
            Kind::Pinhole => {
                let pixel = DVec2::new(c.x + f.x * point.x / point.z, c.y + f.y * point.y / point.z);
                (point.z > 0.0).then_some(pixel)?
            }
            Kind::BrownConrady(lens) => {
                let flat = (point.z > 0.0).then(|| point.truncate() / point.z)?;
                c + f * lens.bend(flat)?
            }
            Kind::KannalaBrandt(lens) => c + f * lens.bend(point)?,
            Kind::Equirectangular => {
                let longitude = libm::atan2(point.x, point.z);
                // Straight behind is the left edge of the image, not what is beside its right one.
                let longitude = if longitude >= PI { -PI } else { longitude };
                let latitude = libm::atan2(point.y, libm::hypot(point.x, point.z));
                (point != DVec3::ZERO).then(|| c + f * DVec2::new(longitude, latitude))?
            }
        };
        pixel.is_finite().then_some(pixel)
    }

    /// The unit vector through a place in the image; `None` where the lens has none.
    pub fn ray(&self, pixel: DVec2) -> Option<DVec3> {
        let bent = (pixel - self.principal) / self.focal;
        match &self.kind {
            Kind::Pinhole => Some(bent.extend(1.0).normalize()),
            Kind::BrownConrady(lens) => Some(lens.straighten(bent)?.extend(1.0).normalize()),
            Kind::KannalaBrandt(lens) => lens.straighten(bent),
            Kind::Equirectangular => {
                // The edges of the image belong to it, whatever rounding does.
                let within = bent.abs().cmple(DVec2::new(PI, FRAC_PI_2) * (1.0 + 1e-12)).all();
                let ((sin, cos), (down, level)) = (libm::sincos(bent.x), libm::sincos(bent.y));
                within.then(|| DVec3::new(sin * level, down, cos * level))
            }
        }
    }

    /// The largest angle off the optical axis that it maps, radians: up to it no two directions land on one place. (Of a lens without
    /// distortion a right angle, which it does not reach.)
    pub fn reach(&self) -> f64 {
        match &self.kind {
            Kind::Pinhole => FRAC_PI_2,
            Kind::BrownConrady(lens) => libm::atan(lens.reach),
            Kind::KannalaBrandt(lens) => lens.reach,
            Kind::Equirectangular => PI,
        }
    }

    /// The largest angle off the optical axis that an image of this size shows, radians.
    pub fn widest(&self, width: u32, height: u32) -> f64 {
        let (w, h) = (f64::from(width), f64::from(height));
        let corners = [DVec2::ZERO, DVec2::new(w, 0.0), DVec2::new(0.0, h), DVec2::new(w, h)];
        let angle =
            |corner: DVec2| self.ray(corner).map_or(self.reach(), |ray| libm::atan2(ray.truncate().length(), ray.z));
        match self.kind {
            Kind::Equirectangular => PI,
            // A corner is the farthest from the axis; with tangential distortion, as good as.
            _ => corners.map(angle).into_iter().fold(0.0, f64::max),
        }
    }

    /// Whether an image of this size shows anything 90 degrees off the optical axis or more, where depth along it is no distance.
    pub fn sees_sideways(&self, width: u32, height: u32) -> bool {
        matches!(self.kind, Kind::KannalaBrandt(_) | Kind::Equirectangular) && self.widest(width, height) >= FRAC_PI_2
    }

    /// Whether the middle of some corner pixel of an image of this size has no ray.
    pub fn ends_within(&self, width: u32, height: u32) -> bool {
        let (right, bottom) = (f64::from(width) - 0.5, f64::from(height) - 0.5);
        [(0.5, 0.5), (right, 0.5), (0.5, bottom), (right, bottom)]
            .into_iter()
            .any(|(x, y)| self.ray(DVec2::new(x, y)).is_none())
    }

    /// The coefficient that makes a Brown-Conrady lens end where it does, by OpenCV's name.
    pub fn ended_by(&self) -> Option<&'static str> {
        match &self.kind {
            Kind::BrownConrady(lens) => lens.culprit(),
            _ => None,
        }
    }
}
