//! Designs: sequences of numbers in `[0, 1)` that cover the interval more evenly than chance does.
//!
//! A *set* is what is spread together: one number, the three components of a vector, or a list of the recipe. It has a seed of its own
//! ([`Seeds`]), which shuffles the order of the scenes and scrambles each of its dimensions; values of different sets are as good as
//! independent. A scene's number needs nothing but its index, so that any scene can be made alone.

use crate::recipe::sampling::{Design, MOST_JOINT};

/// What a set of values is shuffled and scrambled by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seeds {
    /// Of the order of the scenes.
    pub order: u64,
    /// Of the digits.
    pub digits: u64,
}

/// The number in `[0, 1)` that `dimension` of a set has in scene `index`, with 53 bits; `None` for [`Design::Random`], which is no design.
/// Dimensions beyond the last ([`MOST_JOINT`]) start anew with another scramble.
pub fn unit(design: Design, index: u64, dimension: u32, seeds: Seeds) -> Option<f64> {
    let digits = mix(seeds.digits ^ mix(u64::from(dimension).wrapping_add(1)));
    match design {
        Design::Random => None,
        Design::Sobol => Some(fraction(owen(sobol(shuffled(index, seeds.order), dimension), digits))),
        Design::Halton => Some(halton(shuffled(index, seeds.order), dimension, digits)),
        Design::Stratified(count) => Some(stratified(index, count, digits)),
    }
}

/// The top 53 bits as a number in `[0, 1)`.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit an f64 exactly")]
fn fraction(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

/// Spreads every bit over all 64: the finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014,
/// with the constants of Stafford's variant 13).
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Levels of the binary tree that are scrambled node by node. Below, all bits of a node are scrambled by one draw, which matters to none of the
/// first 2^32 scenes: there, no two values share a node so far down.
const LEVELS: u32 = 32;

/// Owen's nested uniform scrambling: each bit is flipped or not by a coin that belongs to the bits above it (Owen, "Randomly permuted
/// (t,m,s)-nets and (t,s)-sequences", 1995). The coins are hashes, as in Laine and Karras (2011) and Burley, "Practical hash-based Owen
/// scrambling" (2020), one for each node, so that none depends on another.
fn owen(bits: u64, seed: u64) -> u64 {
    let mut flips = 0;
    for level in 0..LEVELS {
        // The node: a 1, and the bits above.
        let node = ((1 << 63 | bits >> 1) >> (63 - level)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        flips |= (mix(seed ^ node) & 1 << 63) >> level;
    }
    let rest = mix(seed ^ mix(1 << LEVELS | bits >> (64 - LEVELS))) >> LEVELS;
    bits ^ flips ^ rest
}

/// The index, shuffled within each aligned block of a power of two up to 2^32 (nested uniform shuffle, Burley 2020): the first 2^m scenes get
/// the 2^m points of one block, which is a net like the first block. Whole blocks of 2^32 stay in order.
fn shuffled(index: u64, seed: u64) -> u64 {
    let (high, low) = (index >> 32, index & 0xffff_ffff);
    high << 32 | owen(low << 32, seed ^ mix(high)) >> 32
}

/// The Sobol' sequence in natural order, without any scrambling, as 64 bits after the point.
pub fn sobol(index: u64, dimension: u32) -> u64 {
    let directions = &DIRECTIONS[dimension as usize % MOST_JOINT];
    (0..64).filter(|bit| index >> bit & 1 == 1).fold(0, |bits, bit| bits ^ directions[bit])
}

/// The direction numbers of all dimensions, as 64 bits after the point.
static DIRECTIONS: [[u64; 64]; MOST_JOINT] = {
    let mut all = [[0; 64]; MOST_JOINT];
    let mut dimension = 0;
    while dimension < MOST_JOINT {
        all[dimension] = directions(PRIMITIVE[dimension]);
        dimension += 1;
    }
    all
};

/// Joe and Kuo, "Notes on generating Sobol' sequences" (2008), equation 2, of numbers that are shifted to the point.
const fn directions((inner, initial): (u32, &[u16])) -> [u64; 64] {
    let degree = initial.len();
    let mut directions = [0; 64];
    let mut i = 0;
    while i < 64 {
        directions[i] = if degree == 0 {
            1 << (63 - i)
        } else if i < degree {
            (initial[i] as u64) << (63 - i)
        } else {
            let oldest = directions[i - degree];
            let mut sum = oldest ^ oldest >> degree;
            let mut k = 1;
            while k < degree {
                if inner >> (degree - 1 - k) & 1 == 1 {
                    sum ^= directions[i - k];
                }
                k += 1;
            }
            sum
        };
        i += 1;
    }
    directions
}

/// The scrambled Halton sequence in natural order: digits of the index in the base of a prime, mirrored at the point. Each digit is shifted by a draw that belongs to the
/// digits before it, which keeps it as even as it is and takes away the streaks of large primes.
#[expect(clippy::cast_precision_loss, reason = "digits of at most 53 bits")]
pub fn halton(index: u64, dimension: u32, seed: u64) -> f64 {
    let base = PRIMES[dimension as usize % MOST_JOINT];
    let (mut left, mut node, mut value, mut scale) = (index, seed, 0u64, 1u64);
    // As many digits as 53 bits hold.
    while scale <= (1 << 53) / base {
        let digit = left % base;
        left /= base;
        value = value * base + (digit + (mix(node) >> 32)) % base;
        scale *= base;
        node = mix(node ^ (digit + 1).wrapping_mul(0xd6e8_feb8_6659_fd93));
    }
    value as f64 / scale as f64
}

/// One of `count` equal strata, each once in each `count` scenes, in an order of its own; anywhere within it.
fn stratified(index: u64, count: u32, seed: u64) -> f64 {
    let count = u64::from(count.max(1));
    let seed = seed ^ mix(index / count);
    let stratum = permuted(index % count, count, seed);
    let within = fraction(mix(seed ^ mix(stratum ^ 1 << 63)));
    #[expect(clippy::cast_precision_loss, reason = "strata are counted with 32 bits")]
    let value = (stratum as f64 + within) / count as f64;
    value.min(1.0 - f64::EPSILON / 2.0)
}

/// Where a permutation of `0..count` takes `value`: a Feistel network over the next larger power of four, walked until it comes back into the
/// range (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002).
fn permuted(value: u64, count: u64, seed: u64) -> u64 {
    let half = (u64::BITS - (count - 1).leading_zeros()).div_ceil(2);
    let mask = (1u64 << half) - 1;
    let mut value = value;
    // Of at most four times as many values each is met once at most: a walk takes four steps on average, and always ends.
    loop {
        let (mut left, mut right) = (value >> half, value & mask);
        for round in 0..6u64 {
            (left, right) = (right, left ^ (mix(seed ^ mix(right << 8 | round)) & mask));
        }
        value = left << half | right;
        if value < count {
            return value;
        }
    }
}

/// Bases of the Halton sequence.
const PRIMES: [u64; MOST_JOINT] = [
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173, 179, 181, 191, 193, 197, 199, 211, 223, 227, 229, 233, 239,
    241, 251, 257, 263, 269, 271, 277, 281, 283, 293, 307, 311,
];

/// Primitive polynomials (inner coefficients as bits; the degree is the number of initial numbers) and initial direction numbers of the first
/// dimensions: new-joe-kuo-6.21201 of Joe and Kuo, "Constructing Sobol sequences with better two-dimensional projections" (2008). The first
/// dimension is van der Corput's sequence, which needs none.
#[rustfmt::skip]
const PRIMITIVE: [(u32, &[u16]); MOST_JOINT] = [
    (0, &[]),
    (0, &[1]),
    (1, &[1, 3]),
    (1, &[1, 3, 1]),
    (2, &[1, 1, 1]),
    (1, &[1, 1, 3, 3]),
    (4, &[1, 3, 5, 13]),
    (2, &[1, 1, 5, 5, 17]),
    (4, &[1, 1, 5, 5, 5]),
    (7, &[1, 1, 7, 11, 19]),
    (11, &[1, 1, 5, 1, 1]),
    (13, &[1, 1, 1, 3, 11]),
    (14, &[1, 3, 5, 5, 31]),
    (1, &[1, 3, 3, 9, 7, 49]),
    (13, &[1, 1, 1, 15, 21, 21]),
    (16, &[1, 3, 1, 13, 27, 49]),
    (19, &[1, 1, 1, 15, 7, 5]),
    (22, &[1, 3, 1, 15, 13, 25]),
    (25, &[1, 1, 5, 5, 19, 61]),
    (1, &[1, 3, 7, 11, 23, 15, 103]),
    (4, &[1, 3, 7, 13, 13, 15, 69]),
    (7, &[1, 1, 3, 13, 7, 35, 63]),
    (8, &[1, 3, 5, 9, 1, 25, 53]),
    (14, &[1, 3, 1, 13, 9, 35, 107]),
    (19, &[1, 3, 1, 5, 27, 61, 31]),
    (21, &[1, 1, 5, 11, 19, 41, 61]),
    (28, &[1, 3, 5, 3, 3, 13, 69]),
    (31, &[1, 1, 7, 13, 1, 19, 1]),
    (32, &[1, 3, 7, 5, 13, 19, 59]),
    (37, &[1, 1, 3, 9, 25, 29, 41]),
    (41, &[1, 3, 5, 13, 23, 1, 55]),
    (42, &[1, 3, 7, 3, 13, 59, 17]),
    (50, &[1, 3, 1, 3, 5, 53, 69]),
    (55, &[1, 1, 5, 5, 23, 33, 13]),
    (56, &[1, 1, 7, 7, 1, 61, 123]),
    (59, &[1, 1, 7, 9, 13, 61, 49]),
    (62, &[1, 3, 3, 5, 3, 55, 33]),
    (14, &[1, 3, 1, 15, 31, 13, 49, 245]),
    (21, &[1, 3, 5, 15, 31, 59, 63, 97]),
    (22, &[1, 3, 1, 11, 11, 11, 77, 249]),
    (38, &[1, 3, 1, 11, 27, 43, 71, 9]),
    (47, &[1, 1, 7, 15, 21, 11, 81, 45]),
    (49, &[1, 3, 7, 3, 25, 31, 65, 79]),
    (50, &[1, 3, 1, 1, 19, 11, 3, 205]),
    (52, &[1, 1, 5, 9, 19, 21, 29, 157]),
    (56, &[1, 3, 7, 11, 1, 33, 89, 185]),
    (67, &[1, 3, 3, 3, 15, 9, 79, 71]),
    (70, &[1, 3, 7, 11, 15, 39, 119, 27]),
    (84, &[1, 1, 3, 1, 11, 31, 97, 225]),
    (97, &[1, 1, 1, 3, 23, 43, 57, 177]),
    (103, &[1, 3, 7, 7, 17, 17, 37, 71]),
    (115, &[1, 3, 1, 5, 27, 63, 123, 213]),
    (122, &[1, 1, 3, 5, 11, 43, 53, 133]),
    (8, &[1, 3, 5, 5, 29, 17, 47, 173, 479]),
    (13, &[1, 3, 3, 11, 3, 1, 109, 9, 69]),
    (16, &[1, 1, 1, 5, 17, 39, 23, 5, 343]),
    (22, &[1, 3, 1, 5, 25, 15, 31, 103, 499]),
    (25, &[1, 1, 1, 11, 11, 17, 63, 105, 183]),
    (44, &[1, 1, 5, 11, 9, 29, 97, 231, 363]),
    (47, &[1, 1, 5, 15, 19, 45, 41, 7, 383]),
    (52, &[1, 3, 7, 7, 31, 19, 83, 137, 221]),
    (55, &[1, 1, 1, 3, 23, 15, 111, 223, 83]),
    (59, &[1, 1, 5, 13, 31, 15, 55, 25, 161]),
    (62, &[1, 1, 3, 13, 25, 47, 39, 87, 257]),
];
