//! Random numbers for millions of pixels: counter-based, so that each has its own, whoever asks first.
//!
//! Only additions, multiplications, square roots and `libm` decide, so that every platform has the same bits.

use std::sync::LazyLock;

/// The dice of one value of an image.
#[derive(Debug, Clone)]
pub struct Dice(u64);

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl Dice {
    /// Those of value number `counter` under a seed.
    pub fn new(seed: u64, counter: u64) -> Self {
        Self(mix(seed.wrapping_add(counter.wrapping_add(1).wrapping_mul(GOLDEN))))
    }

    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// Evenly in `[0, 1)`: 53 bits.
    pub fn unit(&mut self) -> f64 {
        unit(self.word())
    }

    /// Standard normal, exactly: the ziggurat of Marsaglia and Tsang (2000), with layer and place from different bits (Doornik 2005).
    pub fn normal(&mut self) -> f64 {
        let table: &Ziggurat = &ZIGGURAT;
        loop {
            let word = self.word();
            let layer = (word & 0x7f) as usize;
            let place = 2.0 * unit(word) - 1.0;
            let x = place * table.edges[layer];
            if x.abs() < table.edges[layer + 1] {
                return x;
            }
            if layer == 0 {
                // Beyond the last layer: Marsaglia's tail.
                loop {
                    let far = -libm::log(1.0 - self.unit()) / RIGHT;
                    let high = -libm::log(1.0 - self.unit());
                    if 2.0 * high > far * far {
                        return (RIGHT + far).copysign(place);
                    }
                }
            }
            let (low, high) = (table.heights[layer], table.heights[layer + 1]);
            if low + self.unit() * (high - low) < libm::exp(-x * x / 2.0) {
                return x;
            }
        }
    }

    /// A whole number from a Poisson distribution of this mean; 0 for one below 0.
    ///
    /// Below [`EXACT`] by inversion, exactly. Above, by the Cornish-Fisher expansion of second order (1938) of a normal number `z`,
    /// rounded: `m + s z + (z^2 - 1) / 6 + (z - z^3) / (72 s)`, whose mean is `m` and variance `m + 1/12` to the order of `1 / m`; rounding
    /// adds 1/12, so `s^2 = m - 1/12`. No probability is off by more than 2e-4 there.
    pub fn poisson(&mut self, mean: f64) -> f64 {
        if mean >= EXACT {
            let (s, z) = ((mean - 1.0 / 12.0).sqrt(), self.normal());
            let count = mean + s * z + (z * z - 1.0) / 6.0 + (z - z * z * z) / (72.0 * s);
            return count.round().max(0.0);
        }
        if mean <= 0.0 {
            return 0.0;
        }
        let recip: &[f64; MOST] = &RECIPROCALS;
        let (u, mut p) = (self.unit(), libm::exp(-mean));
        let (mut sum, mut count) = (p, 0);
        while u >= sum && count + 1 < MOST {
            count += 1;
            p *= mean * recip[count];
            sum += p;
        }
        count as f64
    }
}

/// Means from here on are drawn by an expansion.
pub const EXACT: f64 = 16.0;
/// More is not drawn from a mean below [`EXACT`]: its probability is below 1e-40.
const MOST: usize = 128;

static RECIPROCALS: LazyLock<[f64; MOST]> = LazyLock::new(|| std::array::from_fn(|k| 1.0 / (k.max(1) as f64)));

fn unit(word: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit an f64 exactly")]
    let bits = (word >> 11) as f64;
    bits / (1_u64 << 53) as f64
}

const LAYERS: usize = 128;
/// Where the tail begins, and the area of each layer, for 128 of them (Marsaglia and Tsang, table 1).
const RIGHT: f64 = 3.442_619_855_899;
const AREA: f64 = 9.912_563_035_262_17e-3;

struct Ziggurat {
    /// How far each layer reaches; the first as if it were as high as the others, with its tail.
    edges: [f64; LAYERS + 1],
    /// Heights of the density there.
    heights: [f64; LAYERS + 1],
}

static ZIGGURAT: LazyLock<Ziggurat> = LazyLock::new(|| {
    let density = |x: f64| libm::exp(-x * x / 2.0);
    let mut table = Ziggurat { edges: [0.0; LAYERS + 1], heights: [1.0; LAYERS + 1] };
    table.edges[0] = AREA / density(RIGHT);
    table.edges[1] = RIGHT;
    table.heights[0] = 0.0;
    table.heights[1] = density(RIGHT);
    for k in 2..LAYERS {
        let height = table.heights[k - 1] + AREA / table.edges[k - 1];
        table.edges[k] = (-2.0 * libm::log(height)).sqrt();
        table.heights[k] = height;
    }
    table
});
