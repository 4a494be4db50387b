//! Kannala and Brandt's fisheye, as OpenCV's `fisheye` module has it: `r = t (1 + k1 t^2 + k2 t^4 + k3 t^6 + k4 t^8)`, where `t` is the
//! angle off the optical axis (Kannala and Brandt, "A generic camera model and calibration method", 2006).
//!
//! OpenCV takes the angle from `atan(r)`, which ends at 90 degrees; here it goes on to 180.

use std::f64::consts::PI;

use glam::{DVec2, DVec3};

use super::polynomial::{first_root, value};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct KannalaBrandt {
    k: [f64; 4],
    /// The largest angle off the axis, radians: up to it the radius rises.
    pub(super) reach: f64,
}

impl KannalaBrandt {
    pub(super) fn new(k: [f64; 4]) -> Self {
        let [k1, k2, k3, k4] = k;
        let slope = [1.0, 0.0, 3.0 * k1, 0.0, 5.0 * k2, 0.0, 7.0 * k3, 0.0, 9.0 * k4];
        Self { k, reach: first_root(&slope, PI).unwrap_or(PI) }
    }

    fn radius(&self, angle: f64) -> f64 {
        let [k1, k2, k3, k4] = self.k;
        angle * value(&[1.0, k1, k2, k3, k4], angle * angle)
    }

    fn slope(&self, angle: f64) -> f64 {
        let [k1, k2, k3, k4] = self.k;
        value(&[1.0, 3.0 * k1, 5.0 * k2, 7.0 * k3, 9.0 * k4], angle * angle)
    }

    /// Of a point of the OpenCV camera frame; `None` beyond the lens's reach, and straight behind, where it says nothing.
    pub(super) fn bend(&self, point: DVec3) -> Option<DVec2> {
        let across = point.truncate();
        let away = across.length();
        let angle = libm::atan2(away, point.z);
        if angle > self.reach {
            return None;
        }
        if away == 0.0 {
            return (point.z > 0.0).then_some(DVec2::ZERO);
        }
        Some(across / away * self.radius(angle))
    }

    /// The unit vector that lands at `bent`; `None` where there is none.
    pub(super) fn straighten(&self, bent: DVec2) -> Option<DVec3> {
        let wanted = bent.length();
        if wanted == 0.0 {
            return Some(DVec3::Z);
        }
        let angle = super::inverse(wanted, self.reach, |t| self.radius(t), |t| self.slope(t))?;
        let (sin, cos) = libm::sincos(angle);
        Some((bent / wanted * sin).extend(cos))
    }
}
