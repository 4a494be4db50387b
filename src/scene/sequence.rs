//! Where the sub-frames of an image take their samples: on the film, in the lens, within the exposure, on each light.
//!
//! Each quantity has points of its own: a Sobol' sequence of four dimensions, its order shuffled and its digits scrambled as Owen does, with
//! the hash of B. Burley, "Practical Hash-based Owen Scrambling" (JCGT 9(4), 2020). The first `2^k` points of a pair of dimensions are
//! stratified in every elementary interval, whatever the other quantities do. Integers alone decide them: the same on every machine.
//!
//! All points are moved together (by a digital shift, which keeps every elementary interval) so that the first is in the middle: sub-frame 0 has
//! its sample at the centre of the pixel, of the lens and of the exposure, and so an image of one sample is the picture that its labels
//! are of.

/// Dimensions of one quantity.
pub const DIMENSIONS: usize = 4;

/// The points of one quantity.
#[derive(Debug, Clone, Copy)]
pub struct Sequence {
    seed: u32,
    first: [u32; DIMENSIONS],
}

impl Sequence {
    /// Those of the quantity `name` in the scene of this seed and index.
    pub fn of(seed: u64, index: u64, name: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"sub-frames").update(&seed.to_le_bytes()).update(&index.to_le_bytes()).update(name.as_bytes());
        let [a, b, c, d, ..] = *hasher.finalize().as_bytes();
        let seed = u32::from_le_bytes([a, b, c, d]);
        Self { seed, first: scrambled(0, seed) }
    }

    /// The point of sub-frame `number`: each coordinate in 0..1. Of the first it is one half throughout.
    pub fn point(&self, number: u32) -> [f64; DIMENSIONS] {
        let point = scrambled(number, self.seed);
        std::array::from_fn(|k| f64::from(point[k] ^ self.first[k] ^ (1 << 31)) / 4_294_967_296.0)
    }
}

/// A point of the disc of radius 1 for two coordinates in 0..1, area to area and the middle to the middle (P. Shirley and K. Chiu, "A Low
/// Distortion Map Between Disk and Square", 1997).
pub fn disc([u, v]: [f64; 2]) -> [f64; 2] {
    let (a, b) = (2.0 * u - 1.0, 2.0 * v - 1.0);
    if a == 0.0 && b == 0.0 {
        return [0.0, 0.0];
    }
    let quarter = std::f64::consts::FRAC_PI_4;
    let (radius, angle) =
        if a.abs() > b.abs() { (a, quarter * (b / a)) } else { (b, 2.0 * quarter - quarter * (a / b)) };
    [radius * libm::cos(angle), radius * libm::sin(angle)]
}

fn scrambled(number: u32, seed: u32) -> [u32; DIMENSIONS] {
    let number = scramble(number, seed);
    std::array::from_fn(|k| {
        let salt = u32::try_from(k).unwrap_or(0).wrapping_mul(0x9e37_79b9);
        scramble(sobol(number, k), hash(seed ^ salt))
    })
}

/// The numbers of each dimension's directions, by S. Joe and F. Y. Kuo (`new-joe-kuo-6.21201`): degree and coefficients of a primitive
/// polynomial, and the first odd numbers. The first dimension is plain bit reversal.
const POLYNOMIALS: [(usize, u32, [u32; 3]); DIMENSIONS - 1] = [(1, 0, [1, 0, 0]), (2, 1, [1, 3, 0]), (3, 1, [1, 3, 1])];

const DIRECTIONS: [[u32; 32]; DIMENSIONS] = directions();

const fn directions() -> [[u32; 32]; DIMENSIONS] {
    let mut all = [[0; 32]; DIMENSIONS];
    let mut bit = 0;
    while bit < 32 {
        all[0][bit] = 1 << (31 - bit);
        bit += 1;
    }
    let mut dimension = 1;
    while dimension < DIMENSIONS {
        let (degree, coefficients, first) = POLYNOMIALS[dimension - 1];
        let mut bit = 0;
        while bit < 32 {
            all[dimension][bit] = if bit < degree {
                first[bit] << (31 - bit)
            } else {
                let mut v = all[dimension][bit - degree] ^ (all[dimension][bit - degree] >> degree);
                let mut k = 1;
                while k < degree {
                    if (coefficients >> (degree - 1 - k)) & 1 == 1 {
                        v ^= all[dimension][bit - k];
                    }
                    k += 1;
                }
                v
            };
            bit += 1;
        }
        dimension += 1;
    }
    all
}

fn sobol(number: u32, dimension: usize) -> u32 {
    let bits = (0..32).filter(|bit| number >> bit & 1 == 1);
    bits.fold(0, |sum, bit| sum ^ DIRECTIONS[dimension][bit])
}

/// Owen's nested uniform scrambling: a digit is turned over or not depending on all digits above it.
fn scramble(value: u32, seed: u32) -> u32 {
    let mut x = value.reverse_bits().wrapping_add(seed);
    for factor in [0x6c50_b47c, 0xb82f_1e52, 0xc7af_e638, 0x8d22_f6e6] {
        x ^= x.wrapping_mul(factor);
    }
    x.reverse_bits()
}

/// A bijective mixer (C. Wellons' `lowbias32`).
fn hash(mut x: u32) -> u32 {
    x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}
