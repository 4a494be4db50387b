//! Where the sun stands.
//!
//! The low-precision formulas of the Astronomical Almanac (page C5; in full in J. Michalsky, "The Astronomical Almanac's algorithm for
//! approximate solar position (1950-2050)", Solar Energy 40, 1988): within 0.01 degrees from 1950 to 2050.

use glam::DVec3;

/// Noon of 1 January 2000 as a Julian day.
const J2000: f64 = 2_451_545.0;
/// The beginning of 1 January 2025, universal time, as a Julian day: the year that days are counted in.
const YEAR: f64 = 2_460_676.5;

/// Where the sun stands as seen from a place: angles in radians.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Above the horizon, with the refraction of the air.
    pub elevation: f64,
    /// From north through east, 0..2 pi.
    pub bearing: f64,
}

impl Position {
    /// At the universal time `julian_day` from a place; latitude (north) and longitude (east) in radians.
    pub fn at(julian_day: f64, latitude: f64, longitude: f64) -> Self {
        let days = julian_day - J2000;
        let (right_ascension, declination) = equatorial(days);
        let hour = (julian_day + 0.5).rem_euclid(1.0) * 24.0;
        let sidereal = (6.697_375 + 0.065_709_824_2 * days + hour).rem_euclid(24.0);
        Self::from_hour_angle((sidereal * 15.0).to_radians() + longitude - right_ascension, declination, latitude)
    }

    /// By a clock. `day` counts from 1 on 1 January 2025. Where `longitude` is given, `hour` is universal time (UTC); else it is true solar
    /// time: the sun is highest at 12.
    pub fn by_clock(day: f64, hour: f64, latitude: f64, longitude: Option<f64>) -> Self {
        let julian_day = YEAR + day.floor() - 1.0 + hour / 24.0;
        match longitude {
            Some(longitude) => Self::at(julian_day, latitude, longitude),
            None => {
                let (_, declination) = equatorial(julian_day - J2000);
                Self::from_hour_angle((15.0 * (hour - 12.0)).to_radians(), declination, latitude)
            }
        }
    }

    fn from_hour_angle(hour_angle: f64, declination: f64, latitude: f64) -> Self {
        let ((sin_h, cos_h), (sin_d, cos_d)) = (libm::sincos(hour_angle), libm::sincos(declination));
        let (sin_l, cos_l) = libm::sincos(latitude);
        let (east, north) = (-cos_d * sin_h, sin_d * cos_l - cos_d * cos_h * sin_l);
        let up = sin_d * sin_l + cos_d * cos_h * cos_l;
        let elevation = libm::asin(up.clamp(-1.0, 1.0));
        let bearing = libm::atan2(east, north).rem_euclid(std::f64::consts::TAU);
        Self { elevation: refracted(elevation), bearing }
    }
}

/// Right ascension and declination, radians, so many days after [`J2000`].
fn equatorial(days: f64) -> (f64, f64) {
    let mean_longitude = 280.460 + 0.985_647_4 * days;
    let (sin_g, cos_g) = libm::sincos((357.528 + 0.985_600_3 * days).rem_euclid(360.0).to_radians());
    let longitude = (mean_longitude + 1.915 * sin_g + 0.020 * 2.0 * sin_g * cos_g).rem_euclid(360.0).to_radians();
    let (sin_e, cos_e) = libm::sincos((23.439 - 0.000_000_4 * days).to_radians());
    let (sin_l, cos_l) = libm::sincos(longitude);
    (libm::atan2(cos_e * sin_l, cos_l), libm::asin((sin_e * sin_l).clamp(-1.0, 1.0)))
}

/// With what the air lifts it: T. Saemundsson, Sky and Telescope 72 (1986), for 1010 hPa and 10 degrees.
fn refracted(elevation: f64) -> f64 {
    let degrees = elevation.to_degrees();
    // Below the horizon nothing is seen of it: the formula, which ends at -5 degrees, is faded out before.
    let share = ((degrees + 4.0) / 3.0).clamp(0.0, 1.0);
    let at = degrees.max(-4.0);
    let minutes = 1.02 / libm::tan((at + 10.3 / (at + 5.11)).to_radians());
    elevation + (share * minutes.max(0.0) / 60.0).to_radians()
}

/// The unit vector towards what stands at an elevation and, in our azimuth (about +Y, from +Z towards +X), at an azimuth; radians.
pub fn towards(elevation: f64, azimuth: f64) -> DVec3 {
    let ((sin_e, cos_e), (sin_a, cos_a)) = (libm::sincos(elevation), libm::sincos(azimuth));
    DVec3::new(cos_e * sin_a, sin_e, cos_e * cos_a).normalize()
}
