//! The light of a cloudless sky and of the sun, in lux and cd/m2, from published models in closed form.
//!
//! - How much, and of which colour: R. Bird, C. Riordan, "Simple solar spectral model for direct and diffuse irradiance on horizontal and
//!   tilted planes at the earth's surface for cloudless atmospheres", J. Climate Appl. Meteor. 25 (1986), called SPCTRAL2. It works
//!   wavelength by wavelength, from sunlight as it comes in, for Rayleigh scattering, haze and ozone.
//! - How the light of the sky is spread over it: single scattering in flat layers of air, in closed form, of the same wavelengths (K. Liou,
//!   "An introduction to atmospheric radiation", 2002, chapter 6).
//! - Haze by turbidity: A. Preetham, P. Shirley, B. Smits, "A practical analytic model for daylight", SIGGRAPH 1999.
//! - The last degrees before sunset, and twilight: P. Janiczek, J. DeYoung, "Computer programs for sun and moon illuminance", US Naval
//!   Observatory Circular 171 (1987).
//!
//! docs/decisions/0024-light.md says why these.

use std::f64::consts::{FRAC_PI_2, PI, TAU};
use std::sync::LazyLock;

use glam::DVec3;
use serde::{Deserialize, Serialize};

use super::solar;
use crate::image::Image;
use crate::scene::{Light, color};

/// Illuminance of the sun outside of the air, lux: S. Darula, R. Kittler, C. Gueymard, "Reference luminous solar constant and solar
/// luminance for illuminance calculations", Solar Energy 79 (2005).
const SOLAR_ILLUMINANCE: f64 = 133_334.0;
/// Temperature of the black body that the sun's spectrum is taken for, K.
const SUN_TEMPERATURE: f64 = 5778.0;
/// The full angle of the sun, radians: 0.533 degrees.
pub(in crate::scene) const SUN_DIAMETER: f64 = 0.0093;
/// The ozone above, cm.
const OZONE: f64 = 0.35;
/// Wavelengths, nanometres: the first, and how many steps of 10.
const FIRST: f64 = 380.0;
const BANDS: usize = 41;

/// Absorption of ozone from 450 to 750 nm, per cm (M. Iqbal, "An introduction to solar radiation", 1983).
const OZONE_ABSORPTION: [f64; 31] = [
    0.003, 0.006, 0.009, 0.014, 0.021, 0.030, 0.040, 0.048, 0.063, 0.075, 0.085, 0.103, 0.120, 0.120, 0.115, 0.125,
    0.120, 0.105, 0.090, 0.079, 0.067, 0.057, 0.048, 0.036, 0.028, 0.023, 0.018, 0.014, 0.011, 0.010, 0.009,
];

/// A cloudless sky with its sun. The sun's own light is a [`Light::Sun`] of the scene; this is all the rest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhysicalSky {
    /// Height of the sun above the horizon, radians. Below it there is twilight, and from -18 degrees on night.
    pub elevation: f64,
    /// Direction towards the sun about +Y, from +Z towards +X, radians.
    pub azimuth: f64,
    /// Linke's turbidity: 2 is very clear air, 3 a clear day, 6 haze, 10 thick haze.
    pub turbidity: f64,
    /// Share of light that the ground gives back, linear RGB.
    pub ground: [f64; 3],
    /// Multiplies all of it.
    pub strength: f64,
}

impl PhysicalSky {
    /// The least and the greatest turbidity.
    pub const TURBIDITY: (f64, f64) = (2.0, 10.0);

    pub(in crate::scene) fn is_valid(&self) -> bool {
        let (least, most) = Self::TURBIDITY;
        (-FRAC_PI_2..=FRAC_PI_2).contains(&self.elevation)
            && self.azimuth.is_finite()
            && (least..=most).contains(&self.turbidity)
            && self.ground.iter().all(|c| (0.0..=1.0).contains(c))
            && (0.0..=1e9).contains(&self.strength)
    }

    /// The unit vector towards the sun.
    pub fn towards_sun(&self) -> DVec3 {
        solar::towards(self.elevation, self.azimuth)
    }

    /// Illuminance of a surface that faces the sun, by the sun alone: lux per linear RGB channel.
    pub fn sun_illuminance(&self) -> [f64; 3] {
        // What is above the horizon of its disc.
        let seen = (self.elevation / SUN_DIAMETER + 0.5).clamp(0.0, 1.0);
        rgb(self.air(self.elevation).sun).map(|c| c.max(0.0) * seen * self.strength)
    }

    /// The sun as a light of the scene; `None` at night.
    pub fn sun(&self, name: &str, angular_diameter: f64, shadows: bool) -> Option<Light> {
        let lux = self.sun_illuminance();
        let illuminance = lux.into_iter().fold(0.0, f64::max);
        (illuminance > 1e-3).then(|| Light::Sun {
            name: name.to_owned(),
            direction: -self.towards_sun(),
            color: lux.map(|c| c / illuminance),
            illuminance,
            angular_diameter,
            shadows,
        })
    }

    /// Illuminance of a level surface by the sky alone: lux per linear RGB channel.
    pub fn level_illuminance(&self) -> [f64; 3] {
        let degrees = self.elevation.to_degrees();
        let air = self.air(self.elevation);
        let clear = color::luminance(rgb(air.sky).map(|c| c.max(0.0)));
        let sun = color::luminance(rgb(air.sun).map(|c| c.max(0.0))) * libm::sin(self.elevation).max(0.0);
        let lux = match degrees {
            _ if degrees >= LOW => clear,
            _ if degrees >= 0.0 => clear + (1.0 - degrees / LOW) * (low_sun(degrees) - sun - clear).max(0.0),
            _ => low_sun(degrees),
        };
        // Near the horizon the model's light goes to nothing; its colour does not.
        let tint = rgb(self.air(self.elevation.max(TINT)).sky).map(|c| c.max(0.0));
        let whole = color::luminance(tint).max(f64::MIN_POSITIVE);
        tint.map(|c| c / whole * lux * self.strength)
    }

    /// Illuminance of level ground by sky and sun: lux per linear RGB channel.
    pub fn ground_illuminance(&self) -> [f64; 3] {
        let (sky, sun, sine) = (self.level_illuminance(), self.sun_illuminance(), libm::sin(self.elevation).max(0.0));
        std::array::from_fn(|c| sky[c] + sun[c] * sine)
    }

    /// Mean luminance over all directions, without the sun's: cd/m2 per linear RGB channel.
    pub fn mean(&self) -> [f64; 3] {
        let dome = Dome::of(self);
        let mut sum = [0.0; 3];
        for row in 0..ROWS {
            let ring = dome.ring((f64::from(row) + 0.5) / f64::from(ROWS));
            for column in 0..COLUMNS {
                let seen = dome.seen(&ring, libm::cos((f64::from(column) + 0.5) / f64::from(COLUMNS) * PI));
                sum = std::array::from_fn(|c| sum[c] + seen[c]);
            }
        }
        let count = f64::from(ROWS * COLUMNS);
        std::array::from_fn(|c| (sum[c] / count + dome.ground[c]) / 2.0)
    }

    /// Luminance that is seen in each direction: cd/m2 per linear RGB channel; in the order of panoramas (see
    /// [`assets::sky`](crate::assets::sky)), turned as the scene is. The lower half is matte ground. The sun's disc is not in it.
    /// `None` for an image without pixels.
    pub fn panorama(&self, width: u32, height: u32) -> Option<Image<[f32; 3]>> {
        let dome = Dome::of(self);
        let mut pixels = Vec::with_capacity(width as usize * height as usize);
        // How far each column is from the sun about +Y: the middle column is at azimuth 180 degrees, and what is right of it at less.
        let columns: Vec<f64> = (0..width)
            .map(|x| libm::cos(PI - TAU * ((f64::from(x) + 0.5) / f64::from(width) - 0.5) - self.azimuth))
            .collect();
        for y in 0..height {
            let cos = libm::cos(PI * (f64::from(y) + 0.5) / f64::from(height));
            if cos > 0.0 {
                let ring = dome.ring(cos);
                pixels.extend(columns.iter().map(|&cos_azimuth| dome.seen(&ring, cos_azimuth).map(narrow)));
            } else {
                pixels.extend(columns.iter().map(|_| dome.ground.map(narrow)));
            }
        }
        Image::new(width, height, pixels).filter(|image| !image.pixels().is_empty())
    }

    /// Angstrom's coefficient of haze, by Preetham et al.
    fn haze(&self) -> f64 {
        0.046_08 * self.turbidity - 0.045_86
    }

    /// What comes of sunlight on its way: CIE XYZ in lux.
    fn air(&self, elevation: f64) -> Air {
        let sine = libm::sin(elevation).max(0.0);
        let mass = air_mass(elevation);
        let haze = self.haze();
        let forward = |sine: f64| {
            let g = libm::log(1.0 - 0.65);
            let a = g * (1.459 + g * (0.1595 + g * 0.4129));
            let b = g * (0.0783 + g * (-0.3824 - g * 0.5874));
            1.0 - 0.5 * libm::exp((a + b * sine) * sine)
        };
        let (toward, toward_back) = (forward(sine), forward(1.0 / 1.8));
        let ground = color::luminance(self.ground);
        let mut air = Air::default();
        for band in &*SPECTRUM {
            let depth = haze * band.angstrom;
            let scattered = depth * band.albedo;
            let absorbed = depth - scattered;
            let through = |depth: f64, mass: f64| libm::exp(-depth * mass);
            let rayleigh = through(band.rayleigh, mass);
            let taken = through(band.ozone, mass);
            let direct = band.energy * rayleigh * through(depth, mass) * taken;
            let kept = band.energy * sine * taken * through(absorbed, mass);
            let by_air = kept * (1.0 - libm::pow(rayleigh, 0.95)) * 0.5;
            let by_haze = kept * libm::pow(rayleigh, 1.5) * (1.0 - through(scattered, mass)) * toward;
            // Light that went up from the ground, and came down again.
            let rayleigh_back = through(band.rayleigh, 1.8);
            let back = through(band.ozone, 1.8)
                * through(absorbed, 1.8)
                * (0.5 * (1.0 - rayleigh_back) + (1.0 - toward_back) * rayleigh_back * (1.0 - through(scattered, 1.8)));
            let again = (direct * sine + by_air + by_haze) * back * ground / (1.0 - back * ground);
            for c in 0..3 {
                air.sun[c] += direct * band.matching[c];
                air.sky[c] += (by_air + by_haze + again) * band.matching[c];
            }
        }
        air
    }
}

/// How much haze scatters forwards: the mean cosine, 0.7, without what goes [straight on](AHEAD): `(0.7 - 0.3) / (1 - 0.3)`.
const FORWARD: f64 = 0.57;
/// Share of what it scatters that goes straight on.
const AHEAD: f64 = 0.3;
/// Share of the sky's light, from above, in all the light around a piece of air.
const AGAIN: f64 = 0.5;
/// For each channel a wavelength that stands for it, um.
const CHANNELS: [f64; 3] = [0.61, 0.55, 0.465];
/// Below this elevation, degrees, the model's light falls short, as the air is taken to be flat.
const LOW: f64 = 5.0;
/// The colour of a lower sun's sky is that of one so high, radians: 2 degrees.
const TINT: f64 = 0.035;
/// Grid over half of the sky that integrals are taken on.
const ROWS: u32 = 32;
const COLUMNS: u32 = 32;

/// What is left of sunlight, and what comes down scattered on a level surface: CIE XYZ, lux.
#[derive(Debug, Default)]
struct Air {
    sun: [f64; 3],
    sky: [f64; 3],
}

/// One wavelength.
#[derive(Debug)]
struct Band {
    /// Of sunlight outside of the air, so that with `matching` it sums up to [`SOLAR_ILLUMINANCE`].
    energy: f64,
    /// The CIE 1931 colour matching functions.
    matching: [f64; 3],
    /// Optical depth of clean air.
    rayleigh: f64,
    /// Optical depth of ozone.
    ozone: f64,
    /// Wavelength, um, to the power of -1.3: times the coefficient of haze its optical depth.
    angstrom: f64,
    /// Share of what haze takes that it scatters.
    albedo: f64,
}

static SPECTRUM: LazyLock<Vec<Band>> = LazyLock::new(|| {
    let bands = (0..BANDS).map(|i| {
        #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
        let nanometres = FIRST + 10.0 * i as f64;
        let um = nanometres / 1000.0;
        let metres = nanometres * 1e-9;
        // Planck's law without its constants: the sum is scaled below. The second radiation constant is in m K.
        let planck = 1.0 / (libm::pow(um, 5.0) * libm::expm1(0.014_387_77 / (metres * SUN_TEMPERATURE)));
        let log = libm::log(um / 0.4);
        Band {
            energy: planck,
            matching: matching(nanometres),
            rayleigh: rayleigh(um),
            ozone: OZONE * i.checked_sub(7).and_then(|i| OZONE_ABSORPTION.get(i)).copied().unwrap_or(0.0),
            angstrom: libm::pow(um, -1.3),
            albedo: 0.945 * libm::exp(-0.095 * log * log),
        }
    });
    let mut bands: Vec<Band> = bands.collect();
    let sum: f64 = bands.iter().map(|band| band.energy * band.matching[1]).sum();
    bands.iter_mut().for_each(|band| band.energy *= SOLAR_ILLUMINANCE / sum);
    bands
});

/// Optical depth of clean air at a wavelength, um (SPCTRAL2).
fn rayleigh(um: f64) -> f64 {
    let square = um * um;
    1.0 / (square * square * (115.6406 - 1.335 / square))
}

/// The CIE 1931 colour matching functions: C. Wyman, P. Sloan, P. Shirley, "Simple analytic approximations to the CIE XYZ color
/// matching functions", JCGT 2(2), 2013.
fn matching(nanometres: f64) -> [f64; 3] {
    let lobe = |height: f64, middle: f64, below: f64, above: f64| {
        let t = (nanometres - middle) / if nanometres < middle { below } else { above };
        height * libm::exp(-0.5 * t * t)
    };
    [
        lobe(1.056, 599.8, 37.9, 31.0) + lobe(0.362, 442.0, 16.0, 26.7) + lobe(-0.065, 501.1, 20.4, 26.2),
        lobe(0.821, 568.8, 46.9, 40.5) + lobe(0.286, 530.9, 16.3, 31.1),
        lobe(1.217, 437.0, 11.8, 36.0) + lobe(0.681, 459.0, 26.0, 13.8),
    ]
}

/// How much air light comes through, as a multiple of that straight above: F. Kasten, "A new table and approximation formula for the
/// relative optical air mass" (1965).
fn air_mass(elevation: f64) -> f64 {
    let degrees = elevation.to_degrees().clamp(0.0, 90.0);
    1.0 / (libm::sin(degrees.to_radians()) + 0.15 * libm::pow(degrees + 3.885, -1.253))
}

/// Illuminance of level ground by a sun that is low or has set, and by the sky, lux: Janiczek and DeYoung's polynomials, from 5 degrees
/// down to the end of twilight, and starlight below.
fn low_sun(degrees: f64) -> f64 {
    let degrees = degrees.clamp(-18.0, LOW);
    let [a, b, c, d] = match degrees {
        _ if degrees >= -0.8 => [2.88, 22.26, -207.64, 1034.30],
        _ if degrees >= -5.0 => [2.88, 21.81, -258.11, -858.36],
        _ if degrees >= -12.0 => [2.70, 12.17, -431.69, -1899.83],
        _ => [13.84, 262.72, 1447.42, 2797.93],
    };
    let x = degrees / 90.0;
    libm::pow(10.0, a + x * (b + x * (c + x * d)))
}

/// Rec. 709 of XYZ.
fn rgb([x, y, z]: [f64; 3]) -> [f64; 3] {
    [
        3.240_6 * x - 1.537_2 * y - 0.498_6 * z,
        -0.968_9 * x + 1.875_8 * y + 0.041_5 * z,
        0.055_7 * x - 0.204_0 * y + 1.057_0 * z,
    ]
}

/// The sky of one moment: light that was scattered once, on its way through air that lies flat. Sunlight that comes down through `t` of the
/// optical depth `d`, is scattered there and goes on through `d - t` adds up to
/// `E p / (4 pi) m (e^(-d s) - e^(-d m)) / (m - s)`, with `s` and `m` the masses of air towards the sun and along the view, and `p` the
/// phase functions, by their shares of `d`. To it comes what air gives back of the sky's own light, which lights it from above alone; the rest of what was
/// scattered more often is brought in by the level of each channel.
#[derive(Debug)]
struct Dome {
    /// Brings the light of each channel to what [`PhysicalSky::level_illuminance`] says.
    level: [f64; 3],
    /// Luminance of air without end that only the sky lights.
    again: [f64; 3],
    /// Mass of the air towards the sun.
    sun_mass: f64,
    /// Coefficient of haze.
    haze: f64,
    /// Sine and cosine of the sun's angle from the zenith.
    sun: (f64, f64),
    /// What the ground gives back, cd/m2 per channel.
    ground: [f64; 3],
}

/// What all directions of one height have in common: light by air and by haze, before their phase functions.
#[derive(Debug)]
struct Ring {
    by_air: [f64; 3],
    by_haze: [f64; 3],
    /// What the sky's own light adds.
    again: [f64; 3],
    cos: f64,
    sin: f64,
}

impl Dome {
    fn of(sky: &PhysicalSky) -> Self {
        let elevation = sky.elevation.clamp(0.0, FRAC_PI_2);
        let (cos, sin) = libm::sincos(elevation);
        let ground = sky.ground_illuminance();
        let mut dome = Self {
            level: [1.0; 3],
            again: [0.0; 3],
            sun_mass: air_mass(elevation),
            haze: sky.haze(),
            sun: (sin, cos),
            ground: std::array::from_fn(|c| sky.ground[c] * ground[c] / PI),
        };
        let wanted = sky.level_illuminance();
        let once = dome.level();
        dome.again = wanted.map(|c| c * AGAIN / PI);
        dome.level = [0.0; 3];
        let more = dome.level();
        dome.level =
            std::array::from_fn(|c| if once[c] > 0.0 { (wanted[c] - more[c]).max(0.0) / once[c] } else { 0.0 });
        dome
    }

    /// The integral of luminance times cosine over the upper half, by even steps of the squared sine of the height, so that the weight is
    /// the same for each.
    fn level(&self) -> [f64; 3] {
        let mut sum = [0.0; 3];
        for row in 0..ROWS {
            let ring = self.ring(((f64::from(row) + 0.5) / f64::from(ROWS)).sqrt());
            for column in 0..COLUMNS {
                let azimuth = (f64::from(column) + 0.5) / f64::from(COLUMNS) * PI;
                let seen = self.seen(&ring, libm::cos(azimuth));
                sum = std::array::from_fn(|c| sum[c] + seen[c]);
            }
        }
        sum.map(|sum| sum * PI / f64::from(ROWS * COLUMNS))
    }

    /// Directions of one height, the sine of their elevation.
    fn ring(&self, height: f64) -> Ring {
        let mass = air_mass(libm::asin(height.clamp(0.0, 1.0)));
        let (mut air, mut haze) = ([0.0; 3], [0.0; 3]);
        for band in &*SPECTRUM {
            let whole = self.haze * band.angstrom;
            // Light that is scattered straight on is as good as not scattered (delta scaling, Joseph, Wiscombe and Weinman 1976).
            let by_haze = whole * band.albedo * (1.0 - AHEAD);
            let depth = band.rayleigh + by_haze + whole * (1.0 - band.albedo);
            let apart = depth * (mass - self.sun_mass);
            // (1 - e^-x) / x, which is 1 where the masses are the same.
            let share = if apart.abs() < 1e-9 { 1.0 } else { -libm::expm1(-apart) / apart };
            let through = libm::exp(-(depth + band.ozone) * self.sun_mass);
            let light = band.energy / (4.0 * PI) * mass * share * through;
            for c in 0..3 {
                air[c] += light * band.rayleigh * band.matching[c];
                haze[c] += light * by_haze * band.matching[c];
            }
        }
        let again = std::array::from_fn(|c| {
            let depth = rayleigh(CHANNELS[c]) + self.haze * libm::pow(CHANNELS[c], -1.3) * (1.0 - AHEAD);
            -self.again[c] * libm::expm1(-depth * mass)
        });
        Ring { by_air: rgb(air), by_haze: rgb(haze), again, cos: height, sin: (1.0 - height * height).max(0.0).sqrt() }
    }

    fn seen(&self, ring: &Ring, cos_azimuth: f64) -> [f64; 3] {
        let (sin_sun, cos_sun) = self.sun;
        let cos = (ring.cos * cos_sun + ring.sin * sin_sun * cos_azimuth).clamp(-1.0, 1.0);
        // Rayleigh's phase function, and Henyey's and Greenstein's; the mean of either is 1.
        let air = 0.75 * (1.0 + cos * cos);
        let near = 1.0 + FORWARD * FORWARD - 2.0 * FORWARD * cos;
        let haze = (1.0 - FORWARD * FORWARD) / (near * near.sqrt());
        std::array::from_fn(|c| {
            (ring.by_air[c] * air + ring.by_haze[c] * haze).max(0.0) * self.level[c] + ring.again[c]
        })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "panoramas are single precision")]
fn narrow(value: f64) -> f32 {
    value as f32
}
