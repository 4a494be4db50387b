//! From linear light to a picture: lens effects, the sensor, the development of its values, and depth sensors. On the CPU, without Bevy.
//!
//! ```text
//! light at the sensor's plane, linear RGB, 1 = white under the metered light
//!   optics    lateral colour, falloff, flare
//!   pixels    photons, dark signal, full well, read noise, black level, bits; and back to linear light
//!   mosaic    one colour per pixel, and the other two guessed
//!   finish    white balance, saturation                             -> linear EXR
//!             tone curve, sRGB, sharpening, 8 or 16 bits            -> PNG, JPEG
//! ```
//!
//! [`Optics`], [`Sensor`] and [`DepthSensor`] are each one type for both sides of sampling, as [`Made`](crate::make::Made) is: a recipe holds
//! `Sensor<Scalar>`, whose numbers may vary, a scene `Sensor<f64>`. [`developed`] is a pure function of a scene and the light of one frame:
//! every random number is keyed by (seed, index, time, camera, pixel, channel), so that neither order nor threads change anything.
//!
//! No label passes through here. All effects leave every surface where it is but lateral colour, which moves red and blue by a known map and
//! leaves green, and with it the labels, in place.

pub mod depth;
mod finish;
mod mosaic;
pub mod noise;
mod optics;
mod pixels;

pub use finish::{Develop, Picture};
pub use mosaic::{Bayer, Demosaic, demosaic, mosaic};
pub use optics::{blur, light_through};

use glam::{DQuat, DVec2, DVec3};
use serde::{Deserialize, Serialize};

use crate::frame::{Deep, Frame};
use crate::recipe::Scalar;
use crate::scene::random::{self, Draws, Key};
use crate::scene::{Camera, Lens, Scene};

/// What a number of these types can be, and what it is where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Its field.
    pub name: &'static str,
    /// The least that it can be.
    pub least: f64,
    /// The greatest.
    pub most: f64,
    /// Both in words: `from 0 to 1`.
    pub text: &'static str,
    /// Where nothing is said.
    pub default: f64,
    /// Whether a recipe has it in degrees, and a scene in radians.
    pub degrees: bool,
}

impl Range {
    const fn new(name: &'static str, (least, most): (f64, f64), text: &'static str, default: f64) -> Self {
        Self { name, least, most, text, default, degrees: false }
    }

    fn draw(&self, dist: &Scalar, key: &Key) -> f64 {
        // The one number that is a level deeper in a recipe.
        let nested = (self.name == TEMPERATURE.name).then(|| key.name("white_balance"));
        let key = nested.as_ref().unwrap_or(key).name(self.name);
        let drawn = random::scalar(dist, &key).clamp(self.least, self.most);
        if self.degrees { drawn.to_radians() } else { drawn }
    }

    fn holds(&self, value: f64) -> bool {
        let unit = if self.degrees { 1.0_f64.to_radians() } else { 1.0 };
        (self.least * unit..=self.most * unit).contains(&value)
    }
}

/// What a lens does to light besides drawing a picture. Everything off is what a pinhole does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Optics<N = f64> {
    /// Natural vignetting: light at an angle `t` from the axis is weakened to `cos(t)^(4 falloff)`. 1 is the law of a simple lens.
    pub falloff: N,
    /// Share of light that the lens's barrel takes in the corner that is farthest from the principal point; elsewhere less, with the
    /// square of the distance.
    pub vignetting: N,
    /// Lateral colour: red is drawn larger by this share about the principal point, and blue smaller.
    pub chromatic_aberration: N,
    /// Veiling glare: share of all light that is scattered.
    pub flare: N,
    /// How far, as a share of the image's diagonal (standard deviation).
    pub flare_radius: N,
}

/// The numbers of [`Optics`].
pub const OPTICS: Optics<Range> = Optics {
    falloff: Range::new("falloff", (0.0, 4.0), "from 0 to 4", 0.0),
    vignetting: Range::new("vignetting", (0.0, 1.0), "from 0 to 1", 0.0),
    chromatic_aberration: Range::new("chromatic_aberration", (-0.05, 0.05), "from -0.05 to 0.05", 0.0),
    flare: Range::new("flare", (0.0, 0.9), "from 0 to 0.9", 0.0),
    flare_radius: Range::new("flare_radius", (0.001, 1.0), "from 0.001 to 1 of the image's diagonal", 0.1),
};

impl<N> Optics<N> {
    /// Each number with its range; `None` where one of them comes to nothing, after all have been looked at.
    pub(crate) fn each<M>(&self, of: &mut impl FnMut(&Range, &N) -> Option<M>) -> Option<Optics<M>> {
        let falloff = of(&OPTICS.falloff, &self.falloff);
        let vignetting = of(&OPTICS.vignetting, &self.vignetting);
        let chromatic_aberration = of(&OPTICS.chromatic_aberration, &self.chromatic_aberration);
        let flare = of(&OPTICS.flare, &self.flare);
        let flare_radius = of(&OPTICS.flare_radius, &self.flare_radius);
        Some(Optics {
            falloff: falloff?,
            vignetting: vignetting?,
            chromatic_aberration: chromatic_aberration?,
            flare: flare?,
            flare_radius: flare_radius?,
        })
    }
}

/// An image sensor and what its camera makes of its values: the linear model of EMVA 1288 (release 4.0, 2021). A pixel under linear
/// light `L` gathers on average `L * full_well * 100 / iso / 2^headroom` electrons, and the converter's range ends at
/// `full_well * 100 / iso`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sensor<N = f64> {
    /// Twice the number, half the light for the same value. Below 100, the full well ends the range: light clips earlier.
    pub iso: N,
    /// Electrons that a pixel holds.
    pub full_well: N,
    /// Standard deviation of what is added in reading, electrons.
    pub read_noise: N,
    /// Mean number of electrons that come without light during the exposure.
    pub dark_signal: N,
    /// The value of darkness, as a share of the converter's range: noise has room below it. It is subtracted again.
    pub black_level: N,
    /// Stops between a white surface under the metered light and the end of the range at any ISO.
    pub headroom: N,
    /// Of the converter.
    pub bits: u32,
    /// Which colour each pixel sees; `None`: all three.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bayer: Option<Bayer>,
    /// How the other two are found.
    #[serde(default)]
    pub demosaic: Demosaic,
    /// Which light is to look white; `None`: as it is.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub white_balance: Option<WhiteBalance<N>>,
    /// Of colour: 0 is grey, 1 as it is.
    pub saturation: N,
    /// Share of the difference to the blurred picture that is added.
    pub sharpening: N,
    /// Standard deviation of that blur, pixels.
    pub sharpening_radius: N,
}

fn none<N>() -> Option<WhiteBalance<N>> {
    None
}

/// Which light is to look white.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum WhiteBalance<N = f64> {
    /// That of a black body, kelvin.
    Kelvin(N),
    /// The mean of the picture.
    GreyWorld,
}

/// Bits that a converter can have.
pub const BITS: (u32, u32) = (6, 16);
/// Of the converter, where nothing is said.
pub const DEFAULT_BITS: u32 = 12;
/// The temperature of [`WhiteBalance::Kelvin`]; there is no default.
pub const TEMPERATURE: Range = Range::new("temperature", (2000.0, 40_000.0), "from 2000 to 40000 K", 6500.0);

/// The numbers of [`Sensor`]. The defaults are about those of a machine-vision pixel of 3.45 micrometres; headroom is the half stop of
/// ISO 12232's saturation-based speed.
pub const SENSOR: Sensor<Range> = Sensor {
    iso: Range::new("iso", (25.0, 1e7), "from 25 to 10000000", 100.0),
    full_well: Range::new("full_well", (100.0, 1e7), "from 100 to 10000000 electrons", 10_500.0),
    read_noise: Range::new("read_noise", (0.0, 10_000.0), "from 0 to 10000 electrons", 2.4),
    dark_signal: Range::new("dark_signal", (0.0, 1e6), "from 0 to 1000000 electrons", 0.0),
    black_level: Range::new("black_level", (0.0, 0.5), "from 0 to 0.5", 0.03125),
    headroom: Range::new("headroom", (-4.0, 8.0), "from -4 to 8 stops", 0.5),
    bits: DEFAULT_BITS,
    bayer: None,
    demosaic: Demosaic::Malvar,
    white_balance: None,
    saturation: Range::new("saturation", (0.0, 4.0), "from 0 to 4", 1.0),
    sharpening: Range::new("sharpening", (0.0, 10.0), "from 0 to 10", 0.0),
    sharpening_radius: Range::new("sharpening_radius", (0.3, 20.0), "from 0.3 to 20 pixels", 1.0),
};

impl<N> Sensor<N> {
    /// As [`Optics::each`].
    pub(crate) fn each<M>(&self, of: &mut impl FnMut(&Range, &N) -> Option<M>) -> Option<Sensor<M>> {
        let iso = of(&SENSOR.iso, &self.iso);
        let full_well = of(&SENSOR.full_well, &self.full_well);
        let read_noise = of(&SENSOR.read_noise, &self.read_noise);
        let dark_signal = of(&SENSOR.dark_signal, &self.dark_signal);
        let black_level = of(&SENSOR.black_level, &self.black_level);
        let headroom = of(&SENSOR.headroom, &self.headroom);
        let saturation = of(&SENSOR.saturation, &self.saturation);
        let sharpening = of(&SENSOR.sharpening, &self.sharpening);
        let sharpening_radius = of(&SENSOR.sharpening_radius, &self.sharpening_radius);
        let white_balance = match &self.white_balance {
            None => Some(None),
            Some(WhiteBalance::GreyWorld) => Some(Some(WhiteBalance::GreyWorld)),
            Some(WhiteBalance::Kelvin(temperature)) => {
                of(&TEMPERATURE, temperature).map(|temperature| Some(WhiteBalance::Kelvin(temperature)))
            }
        };
        Some(Sensor {
            iso: iso?,
            full_well: full_well?,
            read_noise: read_noise?,
            dark_signal: dark_signal?,
            black_level: black_level?,
            headroom: headroom?,
            bits: self.bits,
            bayer: self.bayer,
            demosaic: self.demosaic,
            white_balance: white_balance?,
            saturation: saturation?,
            sharpening: sharpening?,
            sharpening_radius: sharpening_radius?,
        })
    }
}

/// A sensor that measures depth, beside the camera and with its view. What it says is a measurement, not a label.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum DepthSensor<N = f64> {
    /// Two cameras and a projector: see [`depth::active_stereo`].
    ActiveStereo(ActiveStereo<N>),
    /// Light that is timed: see [`depth::time_of_flight`].
    TimeOfFlight(TimeOfFlight<N>),
}

/// The numbers of [`DepthSensor::ActiveStereo`]. Lengths are metres.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActiveStereo<N = f64> {
    /// How far to the right of the camera the second one is.
    pub baseline: N,
    /// Standard deviation of the disparity, pixels.
    pub disparity_noise: N,
    /// Disparities are whole multiples of this, pixels; 0: any.
    pub disparity_step: N,
    /// Nothing nearer is measured.
    pub min: N,
    /// A white surface that faces the sensor is measured up to here; a darker or slanted one less far.
    pub max: N,
    /// The largest angle between the line of sight and a surface's normal, radians.
    pub max_angle: N,
}

/// The numbers of [`ActiveStereo`]: about those of a module for robots.
pub const ACTIVE_STEREO: ActiveStereo<Range> = ActiveStereo {
    baseline: Range::new("baseline", (0.001, 100.0), "from 0.001 to 100 m", 0.05),
    disparity_noise: Range::new("disparity_noise", (0.0, 10.0), "from 0 to 10 pixels", 0.1),
    disparity_step: Range::new("disparity_step", (0.0, 4.0), "from 0 to 4 pixels", 0.03125),
    min: MIN,
    max: Range::new("max", (0.01, 1e6), "from 0.01 to 1000000 m", 10.0),
    max_angle: MAX_ANGLE,
};

/// The numbers of [`DepthSensor::TimeOfFlight`]. Lengths are metres.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeOfFlight<N = f64> {
    /// Standard deviation at a distance of 1 m of a white surface that faces the sensor.
    pub noise: N,
    /// How far a pixel gathers light from its neighbours: standard deviation, pixels.
    pub blur: N,
    /// Distances are whole multiples of this; 0: any.
    pub step: N,
    /// As for [`ActiveStereo`].
    pub min: N,
    /// As for [`ActiveStereo`].
    pub max: N,
    /// As for [`ActiveStereo`].
    pub max_angle: N,
}

/// The numbers of [`TimeOfFlight`].
pub const TIME_OF_FLIGHT: TimeOfFlight<Range> = TimeOfFlight {
    noise: Range::new("noise", (0.0, 1.0), "from 0 to 1 m", 0.001),
    blur: Range::new("blur", (0.0, 3.0), "from 0 to 3 pixels", 0.5),
    step: Range::new("step", (0.0, 1.0), "from 0 to 1 m", 0.001),
    min: MIN,
    max: Range::new("max", (0.01, 1e6), "from 0.01 to 1000000 m", 6.0),
    max_angle: MAX_ANGLE,
};

const MIN: Range = Range::new("min", (0.0, 1e6), "from 0 to 1000000 m", 0.2);
const MAX_ANGLE: Range = Range { degrees: true, ..Range::new("max_angle", (1.0, 90.0), "from 1 to 90 degrees", 80.0) };

impl<N> ActiveStereo<N> {
    /// As [`Optics::each`].
    pub(crate) fn each<M>(&self, of: &mut impl FnMut(&Range, &N) -> Option<M>) -> Option<ActiveStereo<M>> {
        let baseline = of(&ACTIVE_STEREO.baseline, &self.baseline);
        let disparity_noise = of(&ACTIVE_STEREO.disparity_noise, &self.disparity_noise);
        let disparity_step = of(&ACTIVE_STEREO.disparity_step, &self.disparity_step);
        let (min, max) = (of(&ACTIVE_STEREO.min, &self.min), of(&ACTIVE_STEREO.max, &self.max));
        let max_angle = of(&ACTIVE_STEREO.max_angle, &self.max_angle);
        Some(ActiveStereo {
            baseline: baseline?,
            disparity_noise: disparity_noise?,
            disparity_step: disparity_step?,
            min: min?,
            max: max?,
            max_angle: max_angle?,
        })
    }
}

impl<N> TimeOfFlight<N> {
    /// As [`Optics::each`].
    pub(crate) fn each<M>(&self, of: &mut impl FnMut(&Range, &N) -> Option<M>) -> Option<TimeOfFlight<M>> {
        let noise = of(&TIME_OF_FLIGHT.noise, &self.noise);
        let blur = of(&TIME_OF_FLIGHT.blur, &self.blur);
        let step = of(&TIME_OF_FLIGHT.step, &self.step);
        let (min, max) = (of(&TIME_OF_FLIGHT.min, &self.min), of(&TIME_OF_FLIGHT.max, &self.max));
        let max_angle = of(&TIME_OF_FLIGHT.max_angle, &self.max_angle);
        Some(TimeOfFlight { noise: noise?, blur: blur?, step: step?, min: min?, max: max?, max_angle: max_angle? })
    }
}

/// Every number decided, by its own path of names. Numbers out of their range are moved to its nearer end.
macro_rules! decided {
    ($type:ident, $ranges:expr, $what:literal) => {
        impl $type<Scalar> {
            /// Every number decided, each by its own path of names.
            pub(crate) fn draw(&self, key: &Key) -> Option<$type> {
                self.each(&mut |range, dist| Some(range.draw(dist, key)))
            }
        }

        impl $type {
            /// What it is where nothing is said.
            pub fn usual() -> Self {
                let angle = |range: &Range| if range.degrees { range.default.to_radians() } else { range.default };
                let all: Option<Self> = $ranges.each(&mut |range, _: &Range| Some(angle(range)));
                all.expect("nothing is left out")
            }

            pub(crate) fn validate(&self) -> Result<(), String> {
                let mut wrong = None;
                self.each(&mut |range, &value| {
                    if !range.holds(value) {
                        wrong = wrong.or(Some((range.name, range.text)));
                    }
                    Some(())
                });
                match wrong {
                    Some((name, text)) => Err(format!("`{name}` of its {} must be {text}", $what)),
                    None => Ok(()),
                }
            }
        }
    };
}

decided!(Optics, OPTICS, "optics");
decided!(Sensor, SENSOR, "sensor");
decided!(ActiveStereo, ACTIVE_STEREO, "depth sensor");
decided!(TimeOfFlight, TIME_OF_FLIGHT, "depth sensor");

impl DepthSensor<Scalar> {
    /// Every number decided, each by its own path of names.
    pub(crate) fn draw(&self, key: &Key) -> Option<DepthSensor> {
        Some(match self {
            Self::ActiveStereo(stereo) => DepthSensor::ActiveStereo(stereo.draw(key)?),
            Self::TimeOfFlight(flight) => DepthSensor::TimeOfFlight(flight.draw(key)?),
        })
    }
}

/// What is wrong with what a camera of a scene file has of these.
pub(crate) fn validate(camera: &Camera) -> Result<(), String> {
    camera.optics.as_ref().map_or(Ok(()), |optics| optics.validate())?;
    if let Some(sensor) = &camera.sensor {
        sensor.validate()?;
        if !(BITS.0..=BITS.1).contains(&sensor.bits) {
            return Err(format!("`bits` of its sensor are from {} to {}", BITS.0, BITS.1));
        }
    }
    match camera.depth_sensor.as_deref() {
        Some(DepthSensor::ActiveStereo(stereo)) => stereo.validate(),
        Some(DepthSensor::TimeOfFlight(flight)) => flight.validate(),
        None => Ok(()),
    }
}

/// What the pixels of a camera look at.
pub(crate) struct Rays {
    lens: Lens,
    rotation: DQuat,
}

impl Rays {
    pub(crate) fn of(camera: &Camera) -> Self {
        Self { lens: camera.lens(), rotation: camera.rotation }
    }

    /// A unit vector in the world through a continuous pixel position; 0 where the lens has no ray.
    pub(crate) fn at(&self, pixel: DVec2) -> DVec3 {
        let world = |ray: DVec3| self.rotation * DVec3::new(ray.x, -ray.y, -ray.z);
        self.lens.ray(pixel).map_or(DVec3::ZERO, world)
    }
}

/// The key of what a camera of a scene adds by chance, called `what`.
fn seed(scene: &Scene, camera: &Camera, what: &str) -> u64 {
    let key = Key::of(Draws { seed: scene.seed, index: scene.index, ..Draws::default() });
    key.name("cameras").name(&camera.name).name(what).name("noise").hash()
}

/// A frame as its camera hands it out: where it holds [light](Frame::linear), that is developed into its picture, and where the camera has a
/// depth sensor, that measures. A frame that is developed already stays as it is.
pub fn developed(scene: &Scene, mut frame: Frame) -> Frame {
    let Some(camera) = scene.cameras.get(frame.camera) else { return frame };
    if let Some(light) = frame.linear.take() {
        let how = Develop {
            camera,
            tone_curve: scene.image.tone_curve,
            depth: scene.image.format.depth(),
            seed: seed(scene, camera, "sensor"),
        };
        let Picture { rgb, deep } = how.develop(light);
        frame.rgb = rgb;
        frame.deep = deep;
    }
    if let (Some(sensor), None) = (camera.depth_sensor.as_deref(), &frame.sensor_depth) {
        frame.sensor_depth = depth::measure(sensor, camera, &frame, seed(scene, camera, "depth_sensor"));
    }
    frame
}

/// How deep the colour of a picture is kept beside 8 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// Not.
    #[default]
    Eight,
    /// 16 bits, sRGB.
    Sixteen,
    /// Linear light.
    Linear,
}

/// What is kept.
pub(crate) type Kept = Option<Deep>;
