//! Noise that repeats: gradient noise and cells over the unit square, the left edge going on from the right one.
//!
//! Written here rather than taken from the `noise` crate: that one's fields do not repeat at a whole number of cells, and bending
//! them round a torus in four dimensions costs four times as much and changes their statistics.

use std::f64::consts::FRAC_1_SQRT_2;

/// Standard deviation of gradient noise with unit gradients and quintic fades, over the whole plane.
///
/// At offset `(x, y)` in its cell the variance is the sum over the four corners of `w^2 |d|^2 / 2` (gradients are independent, and
/// their directions even), with `w` the product of two fades. Over the cell that is `4 A B`, where `A` and `B` are the integrals of
/// `(1 - fade(t))^2 t^2` and `(1 - fade(t))^2` from 0 to 1; `tests/cpu/paint.rs` computes them.
pub const GRADIENT_NOISE_STD: f64 = 0.215_710_802_759_747;

/// Standard deviation that all fractal noise is brought to, about a mean of 0.5.
pub const NOISE_STD: f64 = 0.2;

/// Sixteen directions, all round.
const DIRECTIONS: [[f64; 2]; 16] = {
    const C: f64 = 0.923_879_532_511_286_7; // cos 22.5 degrees
    const S: f64 = 0.382_683_432_365_089_8;
    const H: f64 = FRAC_1_SQRT_2;
    [
        [1.0, 0.0],
        [C, S],
        [H, H],
        [S, C],
        [0.0, 1.0],
        [-S, C],
        [-H, H],
        [-C, S],
        [-1.0, 0.0],
        [-C, -S],
        [-H, -H],
        [-S, -C],
        [0.0, -1.0],
        [S, -C],
        [H, -H],
        [C, -S],
    ]
};

/// A well mixed number of two others (the finaliser of MurmurHash3, over both).
pub(super) fn hash(seed: u32, x: u32, y: u32) -> u32 {
    let mix = |h: u32| {
        let h = (h ^ (h >> 16)).wrapping_mul(0x85eb_ca6b);
        let h = (h ^ (h >> 13)).wrapping_mul(0xc2b2_ae35);
        h ^ (h >> 16)
    };
    mix(mix(mix(seed ^ 0x9e37_79b9).wrapping_add(x)).wrapping_add(y.wrapping_mul(0x27d4_eb2f)))
}

/// Evenly in `[0, 1)`.
pub(super) fn unit(hash: u32) -> f64 {
    f64::from(hash) / 4_294_967_296.0
}

/// How many cells there are across the unit square, along u and along v.
pub(super) type Cells = [u32; 2];

/// The cell in which a coordinate lies, wrapped, and how far into it.
fn split(x: f64, cells: u32) -> (i64, f64) {
    let scaled = x * f64::from(cells);
    let floor = scaled.floor();
    #[expect(clippy::cast_possible_truncation, reason = "coordinates are small: `as` stops at the ends in any case")]
    let cell = floor as i64;
    (cell, scaled - floor)
}

#[expect(clippy::cast_possible_truncation, reason = "the remainder lies in 0..cells")]
fn wrapped(cell: i64, cells: u32) -> u32 {
    cell.rem_euclid(i64::from(cells.max(1))) as u32
}

fn fade(t: f64) -> f64 {
    t * t * t * (t * (t * 6.0 - 15.0) + 10.0)
}

/// Gradient noise (Perlin, "Improving noise", 2002) of mean 0 and variance [`GRADIENT_NOISE_STD`]².
pub(super) fn gradient(u: f64, v: f64, cells: Cells, seed: u32) -> f64 {
    let ((cx, x), (cy, y)) = (split(u, cells[0]), split(v, cells[1]));
    let (x0, x1) = (wrapped(cx, cells[0]), wrapped(cx + 1, cells[0]));
    let (y0, y1) = (wrapped(cy, cells[1]), wrapped(cy + 1, cells[1]));
    let corner = |ix: u32, iy: u32, dx: f64, dy: f64| {
        let [gx, gy] = DIRECTIONS[(hash(seed, ix, iy) >> 28) as usize];
        gx * dx + gy * dy
    };
    let (fx, fy) = (fade(x), fade(y));
    let mix = |a: f64, b: f64, t: f64| a + (b - a) * t;
    let top = mix(corner(x0, y0, x, y), corner(x1, y0, x - 1.0, y), fx);
    let low = mix(corner(x0, y1, x, y - 1.0), corner(x1, y1, x - 1.0, y - 1.0), fx);
    mix(top, low, fy)
}

/// What fractal noise is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fractal {
    pub(super) cells: Cells,
    pub(super) octaves: u32,
    /// Amplitude of each octave over that of the one before.
    pub(super) gain: f64,
    pub(super) seed: u32,
}

impl Fractal {
    /// Octaves of noise added up, brought to mean 0 and standard deviation 1. Those finer than two texels (`texel` wide) are left
    /// out: they could only be seen as grains of the wrong size.
    pub(super) fn sum(&self, u: f64, v: f64, texel: f64) -> f64 {
        self.over_octaves(texel, |cells, seed| gradient(u, v, cells, seed) / GRADIENT_NOISE_STD)
    }

    /// The same of creases: high and sharp where noise changes its sign. Mean about 0, standard deviation about 1.
    pub(super) fn creases(&self, u: f64, v: f64, texel: f64) -> f64 {
        self.over_octaves(texel, |cells, seed| {
            let folded = 1.0 - 2.0 * (gradient(u, v, cells, seed) / GRADIENT_NOISE_STD).abs() / 1.6;
            folded * 1.3
        })
    }

    fn over_octaves(&self, texel: f64, one: impl Fn(Cells, u32) -> f64) -> f64 {
        let (mut total, mut power, mut amplitude) = (0.0, 0.0, 1.0);
        let mut cells = self.cells;
        for octave in 0..self.octaves {
            power += amplitude * amplitude;
            if f64::from(cells[0].max(cells[1])) * texel <= 0.5 {
                total += amplitude * one(cells, self.seed.wrapping_add(octave.wrapping_mul(0x9e37_79b9)));
            }
            amplitude *= self.gain;
            cells = cells.map(|count| count.saturating_mul(2).min(1 << 20));
        }
        if power > 0.0 { total / power.sqrt() } else { 0.0 }
    }
}

/// What is found in a field of scattered points, one to each cell of a grid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nearest {
    /// To the nearest point, in cells.
    pub(super) distance: f64,
    /// To the line half way to the next point, in cells.
    pub(super) edge: f64,
    /// A random number of the nearest point.
    pub(super) id: u32,
}

/// The nearest of the scattered points (Worley, "A cellular texture basis function", 1996). `jitter` 0 is a square grid.
/// With `edges`, the distance to the border between cells too, which takes twice as long.
pub(super) fn nearest(u: f64, v: f64, cells: Cells, jitter: f64, seed: u32, edges: bool) -> Nearest {
    let ((cx, x), (cy, y)) = (split(u, cells[0]), split(v, cells[1]));
    // From here to the point of a cell that lies so many cells away.
    let point = |dx: i64, dy: i64| {
        let id = hash(seed, wrapped(cx + dx, cells[0]), wrapped(cy + dy, cells[1]));
        let at = |h: u32| 0.5 + jitter * (unit(h) - 0.5);
        #[expect(clippy::cast_precision_loss, reason = "within a few cells")]
        let (dx, dy) = (dx as f64, dy as f64);
        (dx + at(hash(id, 1, 0)) - x, dy + at(hash(id, 2, 0)) - y, id)
    };
    let (mut best, mut here) = (f64::INFINITY, (0.0, 0.0, 0));
    let mut at = (0, 0);
    for dy in -1..=1 {
        for dx in -1..=1 {
            let p = point(dx, dy);
            let square = p.0 * p.0 + p.1 * p.1;
            if square < best {
                (best, here, at) = (square, p, (dx, dy));
            }
        }
    }
    let mut edge = f64::INFINITY;
    if edges {
        for dy in at.1 - 2..=at.1 + 2 {
            for dx in at.0 - 2..=at.0 + 2 {
                let p = point(dx, dy);
                let between = (p.0 - here.0, p.1 - here.1);
                let length = (between.0 * between.0 + between.1 * between.1).sqrt();
                if length > 1e-9 {
                    let middle = (p.0 + here.0, p.1 + here.1);
                    edge = edge.min(0.5 * (middle.0 * between.0 + middle.1 * between.1) / length);
                }
            }
        }
    }
    Nearest { distance: best.sqrt(), edge, id: here.2 }
}

/// What is near a place in a grid in which every cell has its own thing, somewhere in it: `one` is called for the things of the nine
/// cells around, with the way from their middle (in cells) and their random number.
pub(super) fn around(u: f64, v: f64, cells: Cells, seed: u32, mut one: impl FnMut(f64, f64, u32)) {
    let ((cx, x), (cy, y)) = (split(u, cells[0]), split(v, cells[1]));
    for dy in -1_i32..=1 {
        for dx in -1_i32..=1 {
            let (near_x, near_y) = (cx + i64::from(dx), cy + i64::from(dy));
            let id = hash(seed, wrapped(near_x, cells[0]), wrapped(near_y, cells[1]));
            let (mx, my) = (f64::from(dx) + unit(hash(id, 1, 0)), f64::from(dy) + unit(hash(id, 2, 0)));
            one(x - mx, y - my, id);
        }
    }
}
