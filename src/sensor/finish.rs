//! From the sensor's linear light to a picture: white balance, saturation, tone curve, sharpening, quantisation.

use std::sync::LazyLock;

use glam::Vec3;

use super::{Depth, Kept, Sensor, WhiteBalance, optics, pixels};
use crate::frame::Deep;
use crate::image::Image;
use crate::scene::color::{linear_from_kelvin, srgb_from_linear};
use crate::scene::{Camera, ToneCurve, tone};

/// A developed picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// 8-bit sRGB.
    pub rgb: Image<[u8; 3]>,
    /// The same in more than 8 bits, where that is asked for.
    pub deep: Kept,
}

/// How light is developed.
#[derive(Debug, Clone, Copy)]
pub struct Develop<'a> {
    /// What has seen it, with its optics and its sensor.
    pub camera: &'a Camera,
    /// How it becomes display values.
    pub tone_curve: ToneCurve,
    /// What is kept beside 8 bits.
    pub depth: Depth,
    /// Of the noise.
    pub seed: u64,
}

/// More light than this is this much: nothing shows more, and sums stay finite.
const BRIGHTEST: f32 = 1e6;

impl Develop<'_> {
    /// The picture that comes of linear RGB light (Rec. 709) in front of the lens, where 1 is a white matte surface under the metered
    /// light. What is no number is dark.
    pub fn develop(&self, light: Image<[f32; 3]>) -> Picture {
        let sensed = self.sense(light);
        let deep = (self.depth == Depth::Linear).then(|| Deep::Linear(sensed.clone()));
        let mut shown = sensed;
        show(&mut shown, self.tone_curve);
        if let Some(sensor) = &self.camera.sensor
            && sensor.sharpening > 0.0
        {
            sharpen(&mut shown, sensor.sharpening, sensor.sharpening_radius);
        }
        let deep = match self.depth {
            Depth::Sixteen => Some(Deep::Sixteen(shown.map(|pixel| pixel.map(sixteen)))),
            _ => deep,
        };
        Picture { rgb: shown.map(|pixel| pixel.map(eight)), deep }
    }

    /// The linear light that the sensor makes of it: all stages up to the tone curve. Noise may bring it below 0.
    pub fn sense(&self, mut light: Image<[f32; 3]>) -> Image<[f32; 3]> {
        for pixel in light.pixels_mut() {
            *pixel = pixel.map(|c| if c > 0.0 { c.min(BRIGHTEST) } else { 0.0 });
        }
        if let Some(optics) = &self.camera.optics {
            light = optics::light_through(optics, self.camera, light);
        }
        let Some(sensor) = &self.camera.sensor else { return light };
        let mut light = pixels::read(sensor, &light, self.seed);
        balance(&mut light, sensor);
        light
    }
}

/// White balance and saturation.
fn balance(light: &mut Image<[f32; 3]>, sensor: &Sensor) {
    let gains = sensor.white_balance.map_or([1.0; 3], |balance| gains(balance, light));
    let saturation = single(sensor.saturation);
    if gains == [1.0; 3] && saturation == 1.0 {
        return;
    }
    for pixel in light.pixels_mut() {
        let [r, g, b] = [0, 1, 2].map(|c| pixel[c] * gains[c]);
        // Rec. 709.
        let grey = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        *pixel = [r, g, b].map(|c| grey + (c - grey) * saturation);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "light is kept in single precision")]
fn single(value: f64) -> f32 {
    value as f32
}

/// The most that white balance multiplies a channel by: a candle has hardly any blue.
const MOST_GAIN: f64 = 16.0;

/// What makes a light white: von Kries' rule in the picture's own primaries, green as it is.
fn gains(balance: WhiteBalance, light: &Image<[f32; 3]>) -> [f32; 3] {
    let white = match balance {
        WhiteBalance::Kelvin(temperature) => linear_from_kelvin(temperature),
        WhiteBalance::GreyWorld => {
            light.pixels().iter().fold([0.0; 3], |sum: [f64; 3], pixel| [0, 1, 2].map(|c| sum[c] + f64::from(pixel[c])))
        }
    };
    let green = white[1];
    white.map(|c| if green > 0.0 { single((green / c.max(0.0)).clamp(1.0 / MOST_GAIN, MOST_GAIN)) } else { 1.0 })
}

/// Linear light to display values in 0..=1, encoded as sRGB.
fn show(light: &mut Image<[f32; 3]>, curve: ToneCurve) {
    let tables: &Tables = &TABLES;
    match curve {
        ToneCurve::Srgb => per_channel(light, &tables.srgb),
        ToneCurve::Filmic => per_channel(light, &tables.filmic),
        ToneCurve::Camera => per_channel(light, &tables.camera),
        ToneCurve::Neutral => {
            for pixel in light.pixels_mut() {
                let shown = tone::apply(curve, pixel.map(f64::from));
                *pixel = shown.map(|c| tables.srgb.at(single(c)));
            }
        }
        ToneCurve::AgX => {
            let (inset, outset) = (tone::AGX.inset.as_mat3(), tone::AGX.outset.as_mat3());
            for pixel in light.pixels_mut() {
                let inner = inset * Vec3::from_array(pixel.map(|c| c.max(0.0)));
                let shown = outset * inner.map(|c| tables.agx_channel.at(c));
                *pixel = shown.to_array().map(|c| tables.agx_display.at(c));
            }
        }
    }
}

fn per_channel(light: &mut Image<[f32; 3]>, table: &Table) {
    for value in light.pixels_mut().as_flattened_mut() {
        *value = table.at(*value);
    }
}

/// Functions of one channel that end in display values.
struct Tables {
    srgb: Table,
    filmic: Table,
    camera: Table,
    agx_channel: Table,
    agx_display: Table,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    srgb: Table::new(|x| srgb_from_linear(x.min(1.0))),
    filmic: Table::new(|x| srgb_from_linear(tone::filmic(x).min(1.0))),
    camera: Table::new(|x| srgb_from_linear(tone::camera(x))),
    agx_channel: Table::new(tone::agx_channel),
    agx_display: Table::new(|x| srgb_from_linear(libm::pow(x.min(1.0), tone::AGX_GAMMA))),
});

/// A function of numbers above 0 as straight lines between points, 256 to each doubling, from 2^-20 to 2^20; flat beyond, and straight
/// down to 0. (A power in `libm` takes fifty times as long.) The error of sRGB is below 0.03 of a 16-bit code.
struct Table {
    values: Vec<f32>,
}

const LEAST_EXPONENT: u32 = 127 - 20;
const EXPONENTS: u32 = 40;
/// Bits of the mantissa that say where in the table a number is, and the others.
const STEP_BITS: u32 = 8;
const REST_BITS: u32 = 23 - STEP_BITS;

impl Table {
    fn new(of: impl Fn(f64) -> f64) -> Self {
        let first = LEAST_EXPONENT << STEP_BITS;
        let value = |k: u32| single(of(f64::from(f32::from_bits((first + k) << REST_BITS))));
        let mut values: Vec<f32> = (0..=EXPONENTS << STEP_BITS).map(value).collect();
        // Its own value for 0 comes last.
        values.push(single(of(0.0)));
        Self { values }
    }

    fn at(&self, x: f32) -> f32 {
        const LEAST: f32 = 1.0 / (1 << 20) as f32;
        let (last, zero) = (self.values.len() - 2, self.values[self.values.len() - 1]);
        if !(x > LEAST) {
            let share = if x > 0.0 { x / LEAST } else { 0.0 };
            return zero + (self.values[0] - zero) * share;
        }
        let bits = x.to_bits();
        let place = ((bits >> REST_BITS) - (LEAST_EXPONENT << STEP_BITS)) as usize;
        if place >= last {
            return self.values[last];
        }
        let share = (bits & ((1 << REST_BITS) - 1)) as f32 * (1.0 / (1_u32 << REST_BITS) as f32);
        let (a, b) = (self.values[place], self.values[place + 1]);
        a + (b - a) * share
    }
}

/// Unsharp mask, on display values: `v + amount (v - blurred v)`. The mean stays, but for what is clipped later.
fn sharpen(shown: &mut Image<[f32; 3]>, amount: f64, radius: f64) {
    let blurred = optics::blur(shown, radius);
    let amount = single(amount);
    for (pixel, soft) in shown.pixels_mut().iter_mut().zip(blurred.pixels()) {
        *pixel = [0, 1, 2].map(|c| pixel[c] + (pixel[c] - soft[c]) * amount);
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped; what is no number is 0")]
fn eight(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped; what is no number is 0")]
fn sixteen(value: f32) -> u16 {
    (value.clamp(0.0, 1.0) * 65535.0 + 0.5) as u16
}
