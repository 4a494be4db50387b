//! What is printed: letters, bars, and pictures, as shares of ink.

use glam::DVec2;

use crate::assets::{Font, Texture};
use crate::make::text::{Align, text_outline};
use crate::scene::color::{linear_from_srgb, luminance};

/// Rows of samples in each texel; along a row, coverage is exact.
const ROWS: u32 = 4;
/// Quiet zone on the left of an EAN-13 barcode, modules.
const QUIET_LEFT: usize = 11;
/// Quiet zone on its right, modules.
const QUIET_RIGHT: usize = 7;

/// How much of each texel is ink, over the unit square; first row on top.
#[derive(Debug, Clone)]
pub(super) struct Ink {
    width: u32,
    height: u32,
    coverage: Vec<f32>,
}

impl Ink {
    /// Letters as large as the unit square lets them be. `aspect` is how much wider than high the square is in truth; `texels` how
    /// many there are across.
    pub(super) fn of_text(font: &Font, text: &str, aspect: f64, texels: [u32; 2]) -> Self {
        let outline = text_outline(font, text, Align::Center);
        // Room for what hangs below the last line and stands above the first one.
        let scale = (0.96 * aspect / outline.width.max(1e-9)).min(1.0 / (outline.height + 0.6));
        let [width, height] = texels.map(|count| count.clamp(1, 4096));
        let (w, h) = (f64::from(width), f64::from(height));
        let place = |point: &DVec2| DVec2::new((0.5 + point.x * scale / aspect) * w, (0.5 - point.y * scale) * h);
        let polygons: Vec<Vec<DVec2>> =
            outline.letters.iter().flatten().map(|polygon| polygon.iter().map(place).collect()).collect();
        Self { width, height, coverage: filled(&polygons, width, height) }
    }

    /// Between texels; nothing outside.
    pub(super) fn at(&self, u: f64, v: f64) -> f64 {
        bilinear(u, v, self.width, self.height, |x, y| {
            let inside = (0..i64::from(self.width)).contains(&x) && (0..i64::from(self.height)).contains(&y);
            let index = usize::try_from(y * i64::from(self.width) + x).ok().filter(|_| inside);
            [index.and_then(|index| self.coverage.get(index)).copied().map_or(0.0, f64::from)]
        })[0]
    }
}

/// Weighs four texels; their centres are at half integers.
fn bilinear<const N: usize>(u: f64, v: f64, width: u32, height: u32, texel: impl Fn(i64, i64) -> [f64; N]) -> [f64; N] {
    let (x, y) = (u * f64::from(width) - 0.5, v * f64::from(height) - 0.5);
    let (fx, fy) = (x - x.floor(), y - y.floor());
    #[expect(clippy::cast_possible_truncation, reason = "`as` stops at the ends of i64")]
    let (x, y) = (x.floor() as i64, y.floor() as i64);
    let [a, b, c, d] = [texel(x, y), texel(x + 1, y), texel(x, y + 1), texel(x + 1, y + 1)];
    std::array::from_fn(|k| (a[k] * (1.0 - fx) + b[k] * fx) * (1.0 - fy) + (c[k] * (1.0 - fx) + d[k] * fx) * fy)
}

/// Coverage of polygons by the non-zero rule: their crossings with some lines in each row, and what is between them.
fn filled(polygons: &[Vec<DVec2>], width: u32, height: u32) -> Vec<f32> {
    let lines = height as usize * ROWS as usize;
    let mut crossings: Vec<Vec<(f64, i32)>> = vec![Vec::new(); lines];
    for polygon in polygons {
        for (k, &a) in polygon.iter().enumerate() {
            let b = polygon[(k + 1) % polygon.len()];
            let (low, high, way) = if a.y < b.y { (a, b, 1) } else { (b, a, -1) };
            // Lines lie at (n + 1/2) / ROWS.
            let first = (low.y * f64::from(ROWS) - 0.5).ceil().max(0.0);
            let last = (high.y * f64::from(ROWS) - 0.5).ceil().max(0.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and cut off")]
            let (first, last) = ((first as usize).min(lines), (last as usize).min(lines));
            for (line, crossed) in crossings.iter_mut().enumerate().take(last).skip(first) {
                let y = (line as f64 + 0.5) / f64::from(ROWS);
                crossed.push((low.x + (high.x - low.x) * (y - low.y) / (high.y - low.y), way));
            }
        }
    }
    let mut coverage = vec![0.0; width as usize * height as usize];
    for (line, mut crossed) in crossings.into_iter().enumerate() {
        crossed.sort_by(|a, b| a.0.total_cmp(&b.0));
        let start = line / ROWS as usize * width as usize;
        let row = &mut coverage[start..start + width as usize];
        let mut winding = 0;
        for (k, &(x, way)) in crossed.iter().enumerate() {
            winding += way;
            if let (true, Some(&(end, _))) = (winding != 0, crossed.get(k + 1)) {
                cover(row, x, end);
            }
        }
    }
    coverage
}

/// Adds the share of each texel that lies between two places of a row.
fn cover(row: &mut [f32], from: f64, to: f64) {
    let (from, to) = (from.clamp(0.0, row.len() as f64), to.clamp(0.0, row.len() as f64));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the row")]
    let (first, last) = (from.floor() as usize, to.ceil() as usize);
    for (texel, covered) in row.iter_mut().enumerate().take(last).skip(first) {
        let share = to.min(texel as f64 + 1.0) - from.max(texel as f64);
        #[expect(clippy::cast_possible_truncation, reason = "a share")]
        let share = (share / f64::from(ROWS)) as f32;
        *covered += share;
    }
}

/// `digits` and the digit that checks them (GS1 General Specifications, 7.9): their sum, every second one from the right counted three
/// times, and it make a multiple of ten.
pub fn with_check_digit(digits: &str) -> String {
    let weighed = digits.bytes().rev().zip([3, 1].into_iter().cycle());
    let sum: u32 = weighed.map(|(digit, weight)| u32::from(digit.wrapping_sub(b'0') % 10) * weight).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// The 95 modules of an EAN-13 barcode (GS1 General Specifications, 5.2.1), true for a bar. `None` where the digits are not thirteen, or
/// the last does not check the others.
pub fn ean13_modules(digits: &str) -> Option<Vec<bool>> {
    /// Set A of each digit, seven modules; C is its complement, and B is C read backwards.
    const A: [u8; 10] = [
        0b000_1101, 0b001_1001, 0b001_0011, 0b011_1101, 0b010_0011, 0b011_0001, 0b010_1111, 0b011_1011, 0b011_0111,
        0b000_1011,
    ];
    /// Which of the digits two to seven are of set B, by the first digit: the highest of six bits is digit two.
    const B: [u8; 10] =
        [0b00_0000, 0b00_1011, 0b00_1101, 0b00_1110, 0b01_0011, 0b01_1001, 0b01_1100, 0b01_0101, 0b01_0110, 0b01_1010];
    let all: Vec<u8> = digits.bytes().collect();
    let good = all.len() == 13 && all.iter().all(u8::is_ascii_digit) && with_check_digit(&digits[..12]) == digits;
    if !good {
        return None;
    }
    let digit = |position: usize| usize::from(all[position] - b'0');
    let mut modules = vec![true, false, true];
    let push = |bits: u8, modules: &mut Vec<bool>| {
        modules.extend((0..7).rev().map(|bit| bits >> bit & 1 == 1));
    };
    for position in 1..=6 {
        let a = A[digit(position)];
        let is_b = B[digit(0)] >> (6 - position) & 1 == 1;
        let b = (!a & 0x7f).reverse_bits() >> 1;
        push(if is_b { b } else { a }, &mut modules);
    }
    modules.extend([false, true, false, true, false]);
    for position in 7..=12 {
        push(!A[digit(position)] & 0x7f, &mut modules);
    }
    modules.extend([true, false, true]);
    Some(modules)
}

/// A barcode with its quiet zones, from left to right.
#[derive(Debug, Clone)]
pub(super) struct Bars {
    /// How much ink there is left of each module, and of the right edge.
    left_of: Vec<f64>,
}

impl Bars {
    pub(super) fn new(modules: &[bool]) -> Self {
        let quiet = |count| std::iter::repeat_n(false, count);
        let all = quiet(QUIET_LEFT).chain(modules.iter().copied()).chain(quiet(QUIET_RIGHT));
        let mut left_of = vec![0.0];
        let mut sum = 0.0;
        for bar in all {
            sum += f64::from(u8::from(bar));
            left_of.push(sum);
        }
        Self { left_of }
    }

    /// The share of ink within half of `texel` on both sides of `u`.
    pub(super) fn at(&self, u: f64, texel: f64) -> f64 {
        let modules = (self.left_of.len() - 1) as f64;
        let half = (texel / 2.0).max(1e-6);
        let ink = |u: f64| {
            let x = (u * modules).clamp(0.0, modules);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the list")]
            let k = (x.floor() as usize).min(self.left_of.len() - 2);
            self.left_of[k] + (self.left_of[k + 1] - self.left_of[k]) * (x - k as f64)
        };
        (ink(u + half) - ink(u - half)) / (2.0 * half * modules)
    }
}

/// A picture, about as fine as it is to be seen.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    width: u32,
    height: u32,
    /// Linear RGB times alpha, and alpha.
    pixels: Vec<[f32; 4]>,
}

impl Picture {
    /// `texels` is how many there are across the unit square that it is stretched over.
    pub(super) fn new(texture: &Texture, texels: [u32; 2]) -> Self {
        let image = &texture.image;
        let block = |size: u32, texels: u32| (size / texels.max(1)).max(1);
        let (bx, by) = (block(image.width(), texels[0]), block(image.height(), texels[1]));
        let (width, height) = (image.width().div_ceil(bx), image.height().div_ceil(by));
        let linear: Vec<f64> = (0..=255_u8).map(|byte| linear_from_srgb(f64::from(byte) / 255.0)).collect();
        let mut pixels = Vec::with_capacity(width as usize * height as usize);
        for y in 0..height {
            for x in 0..width {
                let mut sum = [0.0; 4];
                let mut count = 0.0;
                for sy in y * by..((y + 1) * by).min(image.height()) {
                    for sx in x * bx..((x + 1) * bx).min(image.width()) {
                        let Some(&[r, g, b, a]) = image.get(sx, sy) else { continue };
                        let alpha = f64::from(a) / 255.0;
                        for (k, byte) in [r, g, b].into_iter().enumerate() {
                            sum[k] += linear[usize::from(byte)] * alpha;
                        }
                        sum[3] += alpha;
                        count += 1.0;
                    }
                }
                #[expect(clippy::cast_possible_truncation, reason = "single precision is more than eight bits")]
                pixels.push(sum.map(|sum| (sum / f64::max(count, 1.0)) as f32));
            }
        }
        Self { width, height, pixels }
    }

    /// Linear RGB and alpha; at and beyond the edges, the edges'.
    pub(super) fn at(&self, u: f64, v: f64) -> ([f64; 3], f64) {
        let [r, g, b, alpha] = bilinear(u, v, self.width, self.height, |x, y| {
            let x = x.clamp(0, i64::from(self.width) - 1);
            let y = y.clamp(0, i64::from(self.height) - 1);
            let index = usize::try_from(y * i64::from(self.width) + x).unwrap_or(0);
            self.pixels.get(index).map_or([0.0; 4], |pixel| pixel.map(f64::from))
        });
        let rgb = if alpha > 0.0 { [r, g, b].map(|c| (c / alpha).min(1.0)) } else { [0.0; 3] };
        (rgb, alpha)
    }

    /// What is clear is black.
    pub(super) fn luminance(&self, u: f64, v: f64) -> f64 {
        let (rgb, alpha) = self.at(u, v);
        (luminance(rgb) * alpha).clamp(0.0, 1.0)
    }
}
