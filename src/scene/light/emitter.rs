//! Surfaces that give light evenly over their area, each small piece of them by Lambert's cosine law.

use std::f64::consts::{PI, TAU};

use glam::{DQuat, DVec2, DVec3};
use serde::{Deserialize, Serialize};

use crate::scene::random::{any_rotation, direction};

/// The shape of an area light, metres, in its own frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Emitter {
    /// In the XY plane about the origin; only the side towards -Z shines.
    Rectangle {
        /// Along X.
        width: f64,
        /// Along Y.
        height: f64,
    },
    /// In the XY plane about the origin; only the side towards -Z shines.
    Disc {
        /// Radius.
        radius: f64,
    },
    /// About the origin.
    Sphere {
        /// Radius.
        radius: f64,
    },
    /// A cylinder along X about the origin; its ends do not shine.
    Tube {
        /// Along X.
        length: f64,
        /// Radius.
        radius: f64,
    },
}

/// A point that stands for a piece of an emitter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EmitterSample {
    /// In the emitter's frame, metres.
    pub position: DVec3,
    /// Unit vector across the surface there, in the emitter's frame, where the point is on a surface and shines to that side alone.
    pub normal: Option<DVec3>,
}

impl Emitter {
    /// A point of it, from three even numbers in `[0, 1)`. Points with the emitter's [`intensity`](Self::intensity) each, added up, look like
    /// the emitter:
    /// - Rectangle and disc: even on the area (the disc by the concentric map of Shirley and Chiu, 1997, which keeps strata whole).
    /// - Sphere: three of the four coordinates of an even point of the sphere in four dimensions. Two of these are even in a disc, so
    ///   that from far away, from every side, the points are an even disc, as a sphere that obeys Lambert's law is.
    /// - Tube: even along the axis, and across it two of the three coordinates of an even point of a sphere, of which one alone is even:
    ///   from every side an even strip.
    pub fn sample(&self, u: [f64; 3]) -> EmitterSample {
        let (position, normal) = match *self {
            Self::Rectangle { width, height } => {
                (DVec3::new((u[0] - 0.5) * width, (u[1] - 0.5) * height, 0.0), Some(DVec3::NEG_Z))
            }
            Self::Disc { radius } => ((concentric([u[0], u[1]]) * radius).extend(0.0), Some(DVec3::NEG_Z)),
            Self::Sphere { radius } => {
                let DQuat { x, y, z, .. } = any_rotation(u);
                (DVec3::new(x, y, z) * radius, None)
            }
            Self::Tube { length, radius } => {
                let across = direction([u[1], u[2]]) * radius;
                (DVec3::new((u[0] - 0.5) * length, across.x, across.z), None)
            }
        };
        EmitterSample { position, normal }
    }

    /// Luminous intensity, candela, of the whole of it (and of each of its points that stands for all) for `flux` lumens, along a unit vector in its own frame:
    /// - Rectangle, disc: `flux / pi` on the axis, times the cosine to it; nothing behind.
    /// - Sphere: `flux / (4 pi)`.
    /// - Tube: `flux / pi^2` across it, times the sine of the angle to the axis. (A cylinder's outline is `2 r l sin t`; the integral of
    ///   `sin t` over the sphere is `pi^2`.)
    pub fn intensity(&self, flux: f64, along: DVec3) -> f64 {
        match self {
            Self::Rectangle { .. } | Self::Disc { .. } => flux / PI * (-along.z).max(0.0),
            Self::Sphere { .. } => flux / (4.0 * PI),
            Self::Tube { .. } => flux / (PI * PI) * (1.0 - along.x * along.x).max(0.0).sqrt(),
        }
    }

    /// Luminance of its surface for `flux` lumens, cd/m2: `flux / (pi * area)` by Lambert's law.
    pub fn luminance(&self, flux: f64) -> f64 {
        flux / (PI * self.area())
    }

    /// The area that shines, m2.
    pub fn area(&self) -> f64 {
        match *self {
            Self::Rectangle { width, height } => width * height,
            Self::Disc { radius } => PI * radius * radius,
            Self::Sphere { radius } => 4.0 * PI * radius * radius,
            Self::Tube { length, radius } => TAU * radius * length,
        }
    }

    /// How far its farthest point is from its middle, metres.
    pub fn reach(&self) -> f64 {
        match *self {
            Self::Rectangle { width, height } => DVec2::new(width, height).length() / 2.0,
            Self::Disc { radius } | Self::Sphere { radius } => radius,
            Self::Tube { length, radius } => DVec2::new(length / 2.0, radius).length(),
        }
    }

    /// Its measures, for checks.
    pub(in crate::scene) fn lengths(&self) -> [f64; 2] {
        match *self {
            Self::Rectangle { width, height } => [width, height],
            Self::Disc { radius } | Self::Sphere { radius } => [radius; 2],
            Self::Tube { length, radius } => [length, radius],
        }
    }
}

/// An even point of the unit disc from an even point of the unit square, by which squares about its middle become circles. P. Shirley,
/// K. Chiu, "A low distortion map between disk and square", Journal of Graphics Tools 2(3), 1997.
fn concentric(u: [f64; 2]) -> DVec2 {
    let [a, b] = u.map(|u| 2.0 * u - 1.0);
    if a == 0.0 && b == 0.0 {
        return DVec2::ZERO;
    }
    let (radius, angle) = if a.abs() > b.abs() { (a, PI / 4.0 * (b / a)) } else { (b, PI / 2.0 - PI / 4.0 * (a / b)) };
    let (sin, cos) = libm::sincos(angle);
    DVec2::new(cos, sin) * radius
}

/// A unit vector towards an even point of the sun's disc, from two even numbers in `[0, 1)`. `towards` is the unit vector to its middle,
/// `angular_diameter` its full width, radians. Even by solid angle: the height above a plane across `towards` is even (Archimedes).
pub fn within_sun(towards: DVec3, angular_diameter: f64, u: [f64; 2]) -> DVec3 {
    let disc = concentric(u);
    let share = disc.length_squared();
    // 1 - cos without the loss of digits that it has for the smallest of discs.
    let half = libm::sin(angular_diameter / 4.0);
    let depth = share * 2.0 * half * half;
    let across = (depth * (2.0 - depth)).max(0.0).sqrt();
    let side = if share > 0.0 { disc * (across / share.sqrt()) } else { DVec2::ZERO };
    let (right, up) = towards.any_orthonormal_pair();
    (towards * (1.0 - depth) + right * side.x + up * side.y).normalize()
}
