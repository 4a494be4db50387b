//! The suns of a panorama: what in it is so bright and so small that it throws shadows, taken out.
//!
//! Image-based light without shadows puts the sun's light under every table. So the brightest compact parts become lights, whose light can
//! be shadowed, and what remains lights from all sides. Nothing is added or lost: what a light gives is what its pixels lose.

use std::f64::consts::{PI, TAU};

use glam::DVec3;

use super::sky::direction;
use crate::image::Image;

/// At most so many are taken out.
pub const MOST_SKY_SUNS: usize = 3;
/// What is wider, radians, has shadows that are hardly seen as any: 30 degrees.
const WIDEST: f64 = PI / 6.0;
/// A part is what is brighter than this share of its peak.
const EDGE: f64 = 0.1;
/// The peak is at least so many times as bright as the whole on average.
const LEAST_CONTRAST: f64 = 8.0;
/// The least share of the light on a surface that faces it: less is no visible shadow.
const LEAST_SHARE: f64 = 0.03;
/// So many parts are looked at.
const MOST_TRIES: usize = 32;

/// A bright part of a panorama as a light.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SkySun {
    /// The unit vector towards it, where the panorama is not turned.
    pub direction: DVec3,
    /// Full angle of the even disc that is as wide (in the mean square), radians.
    pub angular_diameter: f64,
    /// Illuminance of a surface across its light, per channel, in the file's unit times steradian.
    pub illuminance: [f64; 3],
}

/// A panorama, parted into suns and the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct SkySplit {
    /// At most [`MOST_SKY_SUNS`], the one with the highest peak first. Often none.
    pub suns: Vec<SkySun>,
    /// What a level surface receives from the upper half of the rest.
    pub irradiance_from_above: [f64; 3],
    /// Mean over all directions of the rest.
    pub mean: [f64; 3],
    /// Positions of the pixels that were darkened, with what is left of them.
    darkened: Vec<(usize, [f32; 3])>,
}

impl SkySplit {
    /// `image` without its suns: they are as bright as what is around them.
    pub fn rest(&self, image: &Image<[f32; 3]>) -> Image<[f32; 3]> {
        let mut rest = image.clone();
        let pixels = rest.pixels_mut();
        for &(position, color) in &self.darkened {
            if let Some(pixel) = pixels.get_mut(position) {
                *pixel = color;
            }
        }
        rest
    }

    /// Parts a panorama. The same bits on every machine.
    pub(super) fn of(image: &Image<[f32; 3]>, irradiance_from_above: [f64; 3], mean: [f64; 3]) -> Self {
        let mut split = Self { suns: Vec::new(), irradiance_from_above, mean, darkened: Vec::new() };
        let grid = Grid::of(image);
        let mut bright: Vec<f32> = image.pixels().iter().map(luminance).collect();
        let mut seen = vec![false; bright.len()];
        let (mut average, mut suns) = (grid.sum(&bright, None) / (4.0 * PI), 0);
        for _ in 0..MOST_TRIES {
            if split.suns.len() > suns {
                (average, suns) = (grid.sum(&bright, None) / (4.0 * PI), split.suns.len());
            }
            if suns >= MOST_SKY_SUNS || !grid.part(image, average, &mut bright, &mut seen, &mut split) {
                break;
            }
        }
        split
    }
}

fn luminance(rgb: &[f32; 3]) -> f32 {
    0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]
}

/// Where pixels are.
struct Grid {
    width: usize,
    height: usize,
    /// Solid angle of a pixel of each row.
    solid: Vec<f64>,
    /// Sine and cosine of the angle from straight up, of each row.
    rows: Vec<(f64, f64)>,
    /// Sine and cosine of each column's azimuth.
    columns: Vec<(f64, f64)>,
}

impl Grid {
    fn of(image: &Image<[f32; 3]>) -> Self {
        let (width, height) = (image.width(), image.height());
        let edge = |y: u32| libm::cos(PI * f64::from(y) / f64::from(height));
        Self {
            width: width as usize,
            height: height as usize,
            solid: (0..height).map(|y| (edge(y) - edge(y + 1)) * TAU / f64::from(width)).collect(),
            rows: (0..height).map(|y| libm::sincos(PI * (f64::from(y) + 0.5) / f64::from(height))).collect(),
            columns: (0..width).map(|x| libm::sincos(TAU * ((f64::from(x) + 0.5) / f64::from(width) - 0.5))).collect(),
        }
    }

    fn direction(&self, position: usize) -> DVec3 {
        let (sin, cos) = self.rows[position / self.width];
        let (sin_a, cos_a) = self.columns[position % self.width];
        DVec3::new(sin * sin_a, cos, -sin * cos_a)
    }

    /// The integral of brightness, times the cosine to `facing` where that is given.
    fn sum(&self, bright: &[f32], facing: Option<DVec3>) -> f64 {
        let mut sum = 0.0;
        for (y, row) in bright.chunks_exact(self.width).enumerate() {
            let (sin, cos) = self.rows[y];
            let mut of_row = 0.0;
            for (pixel, (sin_a, cos_a)) in row.iter().zip(&self.columns) {
                let cosine = facing.map_or(1.0, |n| (sin * (sin_a * n.x - cos_a * n.z) + cos * n.y).max(0.0));
                of_row += f64::from(*pixel) * cosine;
            }
            sum += of_row * self.solid[y];
        }
        sum
    }

    /// The up to eight pixels around one.
    fn around(&self, position: usize) -> impl Iterator<Item = usize> + use<> {
        let (x, y, width, height) = (position % self.width, position / self.width, self.width, self.height);
        (0..9).filter(|&k| k != 4).filter_map(move |k| {
            let y = (y + k / 3).checked_sub(1).filter(|&y| y < height)?;
            Some(y * width + (x + width + k % 3 - 1) % width)
        })
    }

    /// Looks at the brightest part that was not looked at. Returns whether there may be more. `average` is the mean of
    /// brightness over all directions.
    fn part(
        &self,
        image: &Image<[f32; 3]>,
        average: f64,
        bright: &mut [f32],
        seen: &mut [bool],
        split: &mut SkySplit,
    ) -> bool {
        let mut peak = (0.0f32, 0);
        for (position, &b) in bright.iter().enumerate() {
            if b > peak.0 && !seen[position] {
                peak = (b, position);
            }
        }
        let (height, start) = (f64::from(peak.0), peak.1);
        if height < LEAST_CONTRAST * average || height <= 0.0 {
            return false;
        }
        let edge = (EDGE * height).max(LEAST_CONTRAST / 2.0 * average);
        // The part that hangs together, and what is around it.
        let widest = TAU * (1.0 - libm::cos(WIDEST / 2.0));
        let (mut part, mut ring, mut open) = (Vec::new(), Vec::new(), vec![start]);
        let mut solid = 0.0;
        seen[start] = true;
        while let Some(position) = open.pop() {
            solid += self.solid[position / self.width];
            // What is too wide is seen to its end all the same, or what is left of it would be looked at next.
            let fits = solid <= widest;
            if fits {
                part.push(position);
            }
            for other in self.around(position) {
                if f64::from(bright[other]) <= edge {
                    if fits {
                        ring.push(other);
                    }
                } else if !seen[other] {
                    seen[other] = true;
                    open.push(other);
                }
            }
        }
        if solid > widest {
            return true;
        }
        ring.sort_unstable();
        ring.dedup();
        let colors = |position: &usize| image.pixels()[*position].map(f64::from);
        #[expect(clippy::cast_precision_loss, reason = "pixels")]
        let around = ring.len().max(1) as f64;
        let fill = ring.iter().map(colors).fold([0.0; 3], |sum, c| std::array::from_fn(|i| sum[i] + c[i] / around));
        part.sort_unstable();
        let mut excess = [0.0; 3];
        let mut towards = DVec3::ZERO;
        let mut darkened = Vec::with_capacity(part.len());
        for &position in &part {
            let (pixel, weight) = (colors(&position), self.solid[position / self.width]);
            let left: [f64; 3] = std::array::from_fn(|c| pixel[c].min(fill[c]));
            let more: [f64; 3] = std::array::from_fn(|c| (pixel[c] - left[c]) * weight);
            excess = std::array::from_fn(|c| excess[c] + more[c]);
            towards += self.direction(position) * (0.2126 * more[0] + 0.7152 * more[1] + 0.0722 * more[2]);
            darkened.push((position, left, more));
        }
        let Some(towards) = towards.try_normalize() else { return true };
        let brightness = |rgb: &[f64; 3]| 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
        let (mut facing, mut spread) = (0.0, 0.0);
        for (position, _, more) in &darkened {
            let to = self.direction(*position);
            let angle = 2.0 * libm::asin((to.distance(towards) / 2.0).min(1.0));
            facing += brightness(more) * to.dot(towards).max(0.0);
            spread += brightness(more) * angle * angle;
        }
        // The mean square of the distance from the middle of an even disc is an eighth of the square of its width.
        let width = (8.0 * spread / brightness(&excess)).sqrt();
        let least = 2.0 * (self.solid[start / self.width] / PI).sqrt();
        if width > WIDEST || facing < LEAST_SHARE / 3.0 * PI * average {
            return true;
        }
        let before: Vec<f32> = darkened.iter().map(|(position, ..)| bright[*position]).collect();
        for (position, left, _) in &darkened {
            bright[*position] = luminance(&left.map(narrow));
        }
        if facing < LEAST_SHARE * (facing + self.sum(bright, Some(towards))) {
            darkened.iter().zip(before).for_each(|((position, ..), before)| bright[*position] = before);
            return true;
        }
        for (position, left, more) in darkened {
            let up = self.direction(position).y.max(0.0);
            let less = |from: [f64; 3], share: f64| std::array::from_fn(|c| from[c] - more[c] * share);
            split.irradiance_from_above = less(split.irradiance_from_above, up);
            split.mean = less(split.mean, 1.0 / (4.0 * PI));
            split.darkened.push((position, left.map(narrow)));
        }
        split.irradiance_from_above = split.irradiance_from_above.map(|c| c.max(0.0));
        split.mean = split.mean.map(|c| c.max(0.0));
        split.suns.push(SkySun { direction: towards, angular_diameter: width.max(least), illuminance: excess });
        true
    }
}

/// Directions of light from a panorama, the brighter the more often.
#[derive(Debug, Clone)]
pub struct Directions {
    /// Where rows begin and end, as the cosine of the angle from straight up.
    row_edges: Vec<f64>,
    /// Where columns begin and end, 0..=1 from the left.
    column_edges: Vec<f64>,
    /// The share of the light above each row's end.
    rows: Vec<f64>,
    /// Row by row, the share of its light left of each column's end.
    columns: Vec<f64>,
    /// Mean radiance of each cell.
    radiance: Vec<[f32; 3]>,
    /// The integral of luminance over all directions.
    total: f64,
}

/// Light from one direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DirectionSample {
    /// The unit vector towards where it comes from, where the panorama is not turned.
    pub direction: DVec3,
    /// Radiance over the density with which this direction is drawn, per channel: the mean of `weight * f(direction)` over samples is the
    /// integral of radiance times `f` over all directions. Its luminance is the same for all samples.
    pub weight: [f64; 3],
}

/// Wider panoramas are averaged down to this.
const MOST_COLUMNS: u32 = 1024;

impl Directions {
    /// Those of a panorama (of [`SkySplit::rest`], of a sky's). `None` where it is black, or has no pixels.
    pub fn new(image: &Image<[f32; 3]>) -> Option<Self> {
        let (width, height) = (image.width().min(MOST_COLUMNS), image.height().min(MOST_COLUMNS / 2));
        let place = |cell: u32, cells: u32, pixels: u32| {
            u32::try_from(u64::from(cell) * u64::from(pixels) / u64::from(cells.max(1))).unwrap_or(pixels)
        };
        let row_at = |y: u32| place(y, height, image.height());
        let column_at = |x: u32| place(x, width, image.width());
        let cosine = |y: u32| libm::cos(PI * f64::from(y) / f64::from(image.height()));
        let row_edges: Vec<f64> = (0..=height).map(|y| cosine(row_at(y))).collect();
        let column_edges: Vec<f64> =
            (0..=width).map(|x| f64::from(column_at(x)) / f64::from(image.width().max(1))).collect();
        let (mut rows, mut columns, mut radiance) = (Vec::new(), Vec::new(), Vec::new());
        let mut total = 0.0;
        for y in 0..height {
            let mut of_row = 0.0;
            for x in 0..width {
                let (mut sum, mut weights) = ([0.0f64; 3], 0.0);
                for from_y in row_at(y)..row_at(y + 1) {
                    let weight = cosine(from_y) - cosine(from_y + 1);
                    for from_x in column_at(x)..column_at(x + 1) {
                        let pixel = image.get(from_x, from_y).copied().unwrap_or_default();
                        sum = std::array::from_fn(|c| sum[c] + f64::from(pixel[c]) * weight);
                        weights += weight;
                    }
                }
                let mean = sum.map(|c| narrow(if weights > 0.0 { c / weights } else { 0.0 }));
                let wide = TAU * (column_edges[x as usize + 1] - column_edges[x as usize]);
                let solid = wide * (row_edges[y as usize] - row_edges[y as usize + 1]);
                of_row += f64::from(luminance(&mean)) * solid;
                radiance.push(mean);
                columns.push(of_row);
            }
            let start = columns.len() - width as usize;
            if of_row > 0.0 {
                columns[start..].iter_mut().for_each(|share| *share /= of_row);
            }
            total += of_row;
            rows.push(total);
        }
        if total <= 0.0 {
            return None;
        }
        rows.iter_mut().for_each(|share| *share /= total);
        Some(Self { row_edges, column_edges, rows, columns, radiance, total })
    }

    /// A direction, from two even numbers in `[0, 1)`, with a density proportional to the luminance there. Strata stay together: `u[1]` goes
    /// from straight up to straight down, `u[0]` around.
    pub fn sample(&self, u: [f64; 2]) -> DirectionSample {
        let width = self.column_edges.len() - 1;
        let (y, down) = within(&self.rows, u[1]);
        let (x, right) = within(&self.columns[y * width..(y + 1) * width], u[0]);
        let cos = self.row_edges[y] + (self.row_edges[y + 1] - self.row_edges[y]) * down;
        let across = self.column_edges[x] + (self.column_edges[x + 1] - self.column_edges[x]) * right;
        let sin = (1.0 - cos * cos).max(0.0).sqrt();
        let level = direction(across, 0.5);
        let radiance = self.radiance[y * width + x];
        let luminance = f64::from(luminance(&radiance));
        let scale = if luminance > 0.0 { self.total / luminance } else { 0.0 };
        DirectionSample {
            direction: DVec3::new(level.x * sin, cos, level.z * sin).normalize(),
            weight: radiance.map(|c| f64::from(c) * scale),
        }
    }

    /// The integral of luminance over all directions, in the panorama's unit times steradian.
    pub fn total(&self) -> f64 {
        self.total
    }
}

/// The step of a rising list from 0 to 1 that `u` falls on, and how far into it.
fn within(steps: &[f64], u: f64) -> (usize, f64) {
    let step = steps.partition_point(|&end| end <= u).min(steps.len().saturating_sub(1));
    let start = if step == 0 { 0.0 } else { steps[step - 1] };
    let length = steps[step] - start;
    (step, if length > 0.0 { ((u - start) / length).clamp(0.0, 1.0) } else { 0.0 })
}

#[expect(clippy::cast_possible_truncation, reason = "panoramas are single precision")]
fn narrow(value: f64) -> f32 {
    value as f32
}
