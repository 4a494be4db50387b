//! Sensors that see one colour per pixel, and how the other two are found.

use serde::{Deserialize, Serialize};

use crate::image::Image;

/// The colours of the first two pixels of the first two rows (Bayer, US patent 3971065, 1976).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bayer {
    /// Red, green; green, blue.
    Rggb,
    /// Blue, green; green, red.
    Bggr,
    /// Green, red; blue, green.
    Grbg,
    /// Green, blue; red, green.
    Gbrg,
}

/// How the colours that a pixel does not see are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Demosaic {
    /// The mean of the nearest pixels that see it.
    Bilinear,
    /// The same, corrected by how the colour that is seen bends: Malvar, He and Cutler, "High-quality linear interpolation for
    /// demosaicing of Bayer-patterned color images" (2004).
    #[default]
    Malvar,
}

impl Bayer {
    /// Column and row, each 0 or 1, of the first red pixel.
    fn red(self) -> (usize, usize) {
        match self {
            Self::Rggb => (0, 0),
            Self::Bggr => (1, 1),
            Self::Grbg => (1, 0),
            Self::Gbrg => (0, 1),
        }
    }

    /// The channel that the pixel in a column and row sees: 0 is red.
    pub fn channel(self, x: usize, y: usize) -> usize {
        let (red_x, red_y) = self.red();
        match ((x + red_x) % 2, (y + red_y) % 2) {
            (0, 0) => 0,
            (1, 1) => 2,
            _ => 1,
        }
    }
}

/// Of each pixel the channel that it sees.
pub fn mosaic(image: &Image<[f32; 3]>, bayer: Bayer) -> Image<f32> {
    let width = (image.width() as usize).max(1);
    let mut counter = 0;
    image.map(|pixel| {
        let (x, y) = (counter % width, counter / width);
        counter += 1;
        pixel[bayer.channel(x, y)]
    })
}

/// All channels of each pixel. At the edges the mosaic goes on as if mirrored in its outermost pixels, whose colours that keeps.
///
/// Both ways are exact for what is constant, and inside of the image for what is linear in the position.
pub fn demosaic(raw: &Image<f32>, bayer: Bayer, how: Demosaic) -> Image<[f32; 3]> {
    const REACH: usize = 2;
    let (width, height) = (raw.width() as usize, raw.height() as usize);
    let stride = width + 2 * REACH;
    let mut padded = Vec::with_capacity(stride * (height + 2 * REACH));
    for y in 0..height + 2 * REACH {
        let row = mirrored(y, REACH, height) * width;
        padded.extend((0..stride).map(|x| raw.pixels().get(row + mirrored(x, REACH, width)).copied().unwrap_or(0.0)));
    }
    let mut out = Image::filled(raw.width(), raw.height(), [0.0; 3]);
    let around = |at: usize| Around { values: &padded, at, stride };
    for (y, row) in out.pixels_mut().chunks_exact_mut(width.max(1)).enumerate() {
        for (x, pixel) in row.iter_mut().enumerate() {
            let around = around((y + REACH) * stride + x + REACH);
            let channel = bayer.channel(x, y);
            *pixel = match channel {
                1 => {
                    // Of the two neighbours in the row, both see the same other colour.
                    let beside = bayer.channel(x + 1, y);
                    let (across, along) = around.of_green(how);
                    let mut colors = [around.middle(); 3];
                    (colors[beside], colors[2 - beside]) = (across, along);
                    colors
                }
                own => {
                    let (green, other) = around.of_colored(how);
                    let mut colors = [green; 3];
                    (colors[own], colors[2 - own]) = (around.middle(), other);
                    colors
                }
            };
        }
    }
    out
}

/// Where in a row of `size` the place `k` of a row is that has `reach` more at either end.
fn mirrored(k: usize, reach: usize, size: usize) -> usize {
    if size < 2 {
        return 0;
    }
    let mut k = k;
    loop {
        k = match k {
            k if k < reach => 2 * reach - k,
            k if k >= size + reach => 2 * (size + reach - 1) - k,
            k => return k - reach,
        };
    }
}

/// The raw values around one.
struct Around<'a> {
    values: &'a [f32],
    at: usize,
    stride: usize,
}

impl Around<'_> {
    fn middle(&self) -> f32 {
        self.values[self.at]
    }

    /// The two to the left and right at a distance, summed.
    fn across(&self, far: usize) -> f32 {
        self.values[self.at - far] + self.values[self.at + far]
    }

    /// The two above and below.
    fn along(&self, far: usize) -> f32 {
        self.values[self.at - far * self.stride] + self.values[self.at + far * self.stride]
    }

    /// The four at the corners.
    fn corners(&self) -> f32 {
        let (above, below) = (self.at - self.stride, self.at + self.stride);
        self.values[above - 1] + self.values[above + 1] + self.values[below - 1] + self.values[below + 1]
    }

    /// At a green pixel: the colour that its neighbours in the row see, and that of those in the column.
    fn of_green(&self, how: Demosaic) -> (f32, f32) {
        match how {
            Demosaic::Bilinear => (self.across(1) / 2.0, self.along(1) / 2.0),
            Demosaic::Malvar => {
                let shared = 5.0 * self.middle() - self.corners();
                let across = shared + 4.0 * self.across(1) - self.across(2) + 0.5 * self.along(2);
                let along = shared + 4.0 * self.along(1) - self.along(2) + 0.5 * self.across(2);
                (across / 8.0, along / 8.0)
            }
        }
    }

    /// At a red or blue pixel: green, and the third colour.
    fn of_colored(&self, how: Demosaic) -> (f32, f32) {
        let (near, corners) = (self.across(1) + self.along(1), self.corners());
        match how {
            Demosaic::Bilinear => (near / 4.0, corners / 4.0),
            Demosaic::Malvar => {
                let far = self.across(2) + self.along(2);
                let green = 4.0 * self.middle() + 2.0 * near - far;
                let other = 6.0 * self.middle() + 2.0 * corners - 1.5 * far;
                (green / 8.0, other / 8.0)
            }
        }
    }
}
