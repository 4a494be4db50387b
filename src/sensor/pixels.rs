//! From light to the converter's numbers, and back to linear light.

use super::noise::Dice;
use super::{Sensor, demosaic, mosaic};
use crate::image::Image;

/// What one pixel does: the linear model of EMVA 1288. With `e` the electrons of a mean of `light * gain + dark`, drawn from a Poisson
/// distribution and at most the full well, and `r` a normal number of standard deviation `read_noise`, the code is
/// `(black + (1 - black) (e + r) / range) * codes`, to the nearest whole number that there is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pixel {
    /// Mean electrons of a linear 1.
    gain: f64,
    /// Electrons at which the converter ends.
    range: f64,
    full_well: f64,
    dark: f64,
    read_noise: f64,
    black: f64,
    codes: f64,
}

impl Pixel {
    pub(super) fn new(sensor: &Sensor) -> Self {
        let range = sensor.full_well * 100.0 / sensor.iso;
        Self {
            gain: range * libm::exp2(-sensor.headroom),
            range,
            full_well: sensor.full_well,
            dark: sensor.dark_signal,
            read_noise: sensor.read_noise,
            black: sensor.black_level,
            codes: f64::from((1_u32 << sensor.bits.clamp(1, 24)) - 1),
        }
    }

    /// The code of some light.
    fn code(&self, light: f32, mut dice: Dice) -> f64 {
        // What would run over runs over; far beyond that, nothing is to be drawn.
        let mean = (f64::from(light) * self.gain).min(4.0 * self.full_well) + self.dark;
        let mut electrons = dice.poisson(mean).min(self.full_well);
        if self.read_noise > 0.0 {
            electrons += dice.normal() * self.read_noise;
        }
        let level = self.black + (1.0 - self.black) * electrons / self.range;
        (level * self.codes).round().clamp(0.0, self.codes)
    }

    /// The light that a code stands for; below 0 where noise has gone below black.
    fn light(&self, code: f64) -> f32 {
        let electrons = (code / self.codes - self.black) / (1.0 - self.black) * self.range - self.dark;
        #[expect(clippy::cast_possible_truncation, reason = "light is kept in single precision")]
        let light = (electrons / self.gain) as f32;
        light
    }

    fn read(&self, light: f32, dice: Dice) -> f32 {
        self.light(self.code(light, dice))
    }
}

/// Light as the sensor has read it.
pub(super) fn read(sensor: &Sensor, light: &Image<[f32; 3]>, seed: u64) -> Image<[f32; 3]> {
    let pixel = Pixel::new(sensor);
    match sensor.bayer {
        None => {
            let mut counter = 0_u64;
            light.map(|&colors| {
                colors.map(|color| {
                    counter += 1;
                    pixel.read(color, Dice::new(seed, counter))
                })
            })
        }
        Some(bayer) => {
            let mut raw = mosaic(light, bayer);
            for (counter, value) in (1_u64..).zip(raw.pixels_mut()) {
                *value = pixel.read(*value, Dice::new(seed, counter));
            }
            demosaic(&raw, bayer, sensor.demosaic)
        }
    }
}
