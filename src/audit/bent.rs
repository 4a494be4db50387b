//! A lens that bends straight lines, from the numbers that are written: its formula once more, in OpenCV's order of coefficients.
//!
//! Rays, which no formula gives, are the lens's own; each of a grid of them has to come back by the formula.

use glam::{DVec2, DVec3};

use super::findings::Findings;
use super::view::{at_most, center};
use crate::annotate::CameraLabel;
use crate::scene::{Camera, Lens, LensModel};

/// Rays are tried at so many columns and rows.
const GRID: u32 = 24;

/// How far off the pixel that it is of a ray may come back, pixels: the inverse is iterated to 1e-12 of the radius.
const BACK: f64 = 1e-6;

#[derive(Debug, Clone)]
pub(super) struct Bent {
    formula: Formula,
    focal: DVec2,
    principal: DVec2,
    lens: Lens,
}

#[derive(Debug, Clone, Copy)]
enum Formula {
    /// k1 k2 p1 p2 k3 k4 k5 k6
    BrownConrady([f64; 8]),
    /// k1 k2 k3 k4
    KannalaBrandt([f64; 4]),
    Equirectangular,
}

impl Bent {
    /// `None` of a pinhole. `focal` and `principal` are what the labels say.
    pub(super) fn new(label: &CameraLabel, camera: &Camera, focal: DVec2, principal: DVec2) -> Option<Self> {
        let c = |n: usize| label.distortion_opencv.get(n).copied().unwrap_or(0.0);
        let formula = match camera.lens_model {
            LensModel::Pinhole => return None,
            LensModel::BrownConrady { .. } => Formula::BrownConrady(std::array::from_fn(c)),
            LensModel::KannalaBrandt { .. } => Formula::KannalaBrandt(std::array::from_fn(c)),
            LensModel::Equirectangular => Formula::Equirectangular,
        };
        Some(Self { formula, focal, principal, lens: camera.lens() })
    }

    /// Where a point of the camera's frame lands; `None` where the lens does not see it.
    pub(super) fn pixel(&self, point: DVec3) -> Option<DVec2> {
        let DVec3 { x, y, z } = point;
        let across = libm::hypot(x, y);
        let angle = libm::atan2(across, z);
        if angle > self.lens.reach() || point == DVec3::ZERO {
            return None;
        }
        let bent = match self.formula {
            Formula::BrownConrady([k1, k2, p1, p2, k3, k4, k5, k6]) => {
                if z <= 0.0 {
                    return None;
                }
                let (x, y) = (x / z, y / z);
                let r2 = x * x + y * y;
                let (r4, r6) = (r2 * r2, r2 * r2 * r2);
                let radial = (1.0 + k1 * r2 + k2 * r4 + k3 * r6) / (1.0 + k4 * r2 + k5 * r4 + k6 * r6);
                DVec2::new(
                    x * radial + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x),
                    y * radial + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y,
                )
            }
            Formula::KannalaBrandt([k1, k2, k3, k4]) => {
                let t2 = angle * angle;
                let (t3, t5, t7) = (t2 * angle, t2 * t2 * angle, t2 * t2 * t2 * angle);
                let radius = angle + k1 * t3 + k2 * t5 + k3 * t7 + k4 * t7 * t2;
                match across > 0.0 {
                    true => DVec2::new(x, y) * (radius / across),
                    false if z > 0.0 => DVec2::ZERO,
                    false => return None,
                }
            }
            Formula::Equirectangular => {
                DVec2::new(libm::atan2(x, z), libm::asin((y / point.length()).clamp(-1.0, 1.0)))
            }
        };
        Some(self.principal + self.focal * bent).filter(|pixel| pixel.is_finite())
    }

    /// The unit vector through a place in the image; `None` where the lens has none.
    pub(super) fn ray(&self, pixel: DVec2) -> Option<DVec3> {
        self.lens.ray(pixel)
    }

    /// By how many pixels a place moves for each radian that a direction turns: the least and the most, over all ways to turn it. 0 and
    /// infinite at the edge of what the lens sees.
    pub(super) fn rates(&self, point: DVec3) -> (f64, f64) {
        const STEP: f64 = 1e-6;
        let ray = point.normalize_or_zero();
        let unknown = (0.0, f64::INFINITY);
        let Some(here) = self.pixel(ray) else { return unknown };
        let side = ray.any_orthonormal_vector();
        let slope = |turn: DVec3| {
            // To one side or the other, whichever the lens sees; over the back of a panorama is the longer way.
            let moved = [turn, -turn].map(|turn| self.pixel(ray + turn * STEP).map(|there| (there - here) / STEP));
            moved.into_iter().flatten().min_by(|a, b| a.length_squared().total_cmp(&b.length_squared()))
        };
        let (Some(a), Some(b)) = (slope(side), slope(ray.cross(side))) else { return unknown };
        // Singular values of the matrix with these columns (its sign does not matter to them, but that of one column against the
        // other would: so of the Gram matrix, whose off-diagonal entry counts squared).
        let (aa, bb, ab) = (a.length_squared(), b.length_squared(), a.dot(b));
        let (sum, apart) = (aa + bb, ((aa - bb) * (aa - bb) + 4.0 * ab * ab).sqrt());
        (((sum - apart) / 2.0).max(0.0).sqrt(), ((sum + apart) / 2.0).sqrt())
    }

    /// Where no direction turns by more than this, the box of something seen is that of its edges: where a lens sees all around, what
    /// holds one of these directions has none.
    pub(super) fn poles(&self) -> &'static [DVec3] {
        match self.formula {
            Formula::BrownConrady(_) => &[],
            Formula::KannalaBrandt(_) => &[DVec3::NEG_Z],
            Formula::Equirectangular => &[DVec3::Y, DVec3::NEG_Y],
        }
    }

    /// Rays come back to their pixels by the formula.
    pub(super) fn check(&self, [width, height]: [u32; 2], found: &mut Findings) {
        for k in 0..GRID * GRID {
            let at = [k % GRID * width / GRID, k / GRID * height / GRID];
            let Some(ray) = self.ray(center(at)) else { continue };
            let off = self.pixel(ray).map_or(f64::INFINITY, |back| back.distance(center(at)));
            if !at_most(off, BACK * (1.0 + center(at).length())) {
                found.other("a ray of the lens does not come back to its pixel", "pixel", || {
                    format!("({}, {}) by {off} pixels", at[0], at[1])
                });
            }
        }
    }
}
