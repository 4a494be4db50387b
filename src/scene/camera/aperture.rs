//! How wide a lens is open, and how long.

use serde::{Deserialize, Serialize};

/// A thin lens: how wide it is, and what it is sharp at.
///
/// The plane across the optical axis at `focus_distance` is sharp (for fisheyes, whose rays go sideways, the sphere of that radius).
/// A point at depth `d` off that plane is a disc. A ray through the lens at `a` off its middle that leads to the point passes the plane
/// of focus, at depth `s`, at `a + (X - a) s / d` across, which the picture shows at `fx` times that over `s`:
/// `fx (X / d + a (1 / s - 1 / d))`. As `a` goes across the lens, whose diameter is `A`, that sweeps `fx A |1 / d - 1 / s|` pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aperture {
    /// Diameter of the entrance pupil, metres: focal length over f-number. The camera's centre is its middle.
    pub diameter: f64,
    /// Distance from the camera's centre to what is sharp, metres.
    pub focus_distance: f64,
}

impl Aperture {
    /// Diameter of the disc that a point at `depth` (metres along the optical axis) becomes, pixels, for a focal length in pixels.
    pub fn blur_diameter(&self, focal: f64, depth: f64) -> f64 {
        focal * self.diameter * (1.0 / depth - 1.0 / self.focus_distance).abs()
    }
}

/// When light is let in. All zero is an instant.
///
/// Labels are of the instant 0. It is the middle of the exposure; where rows are read one after another, of that of the image's middle.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shutter {
    /// Exposure time of each row, seconds: it is motion blur alone, and no brighter for being longer.
    pub time: f64,
    /// From the beginning of the first row's exposure to that of the last one's, seconds (rolling shutter).
    pub readout: f64,
}

impl Shutter {
    /// Whether it is open for an instant alone.
    pub fn is_instant(&self) -> bool {
        *self == Self::default()
    }

    /// The middle of the exposure at a height of the image (continuous pixels from its top) of so many rows, seconds.
    ///
    /// The middles of the first and of the last row are `readout` apart, and 0 lies between them.
    pub fn middle(&self, y: f64, rows: u32) -> f64 {
        let last = f64::from(rows) - 1.0;
        if last <= 0.0 { 0.0 } else { self.readout * ((y - 0.5) / last - 0.5) }
    }
}
