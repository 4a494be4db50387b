//! Quantile functions: where on the line the share `u` of a distribution lies below.
//!
//! Each takes `u` in `[0, 1)`, rises with it, stays within the distribution's ends, and uses `libm` alone, so that it has the same bits on every
//! platform. Work is bounded for every argument that a checked recipe can hold.

use std::f64::consts::{PI, SQRT_2};

use crate::recipe::dist::{Curve, Histogram};

/// Evenly in `[min, max)`; `min` where the two are equal.
pub fn uniform(u: f64, min: f64, max: f64) -> f64 {
    let value = if (max - min).is_finite() { min + (max - min) * u } else { min * (1.0 - u) + max * u };
    // Rounding may reach `max`.
    if value >= max { max.next_down().max(min) } else { value.max(min) }
}

/// Evenly in the logarithm, in `[min, max)`; both positive.
pub fn log_uniform(u: f64, min: f64, max: f64) -> f64 {
    let value = libm::exp(uniform(u, libm::log(min), libm::log(max)));
    // exp(log(x)) may be off by a bit.
    if value >= max { max.next_down().max(min) } else { value.max(min) }
}

/// Which of `n` equally likely things, from 0; 0 where `n` is 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "within 0..n")]
pub fn below(u: f64, n: u64) -> u64 {
    ((u * n as f64) as u64).min(n.saturating_sub(1))
}

/// A whole number of `min..=max`.
#[expect(clippy::cast_precision_loss, reason = "whole numbers beyond 2^53 have no use in a scene")]
pub fn uniform_int(u: f64, min: i64, max: i64) -> f64 {
    let span = max.wrapping_sub(min).cast_unsigned();
    min.wrapping_add(below(u, span.saturating_add(1)).cast_signed()) as f64
}

/// Standard normal. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics 37 (1988), PPND16: to
/// about 16 digits, also far in the lower tail (as far as `u` goes, 1e-308).
pub fn standard_normal(u: f64) -> f64 {
    let q = u - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * polynomial(&NEAR_ABOVE, r) / polynomial(&NEAR_BELOW, r);
    }
    let tail = if q < 0.0 { u } else { 1.0 - u };
    let r = libm::sqrt(-libm::log(tail.max(f64::MIN_POSITIVE)));
    let size = match r <= 5.0 {
        true => polynomial(&TAIL_ABOVE, r - 1.6) / polynomial(&TAIL_BELOW, r - 1.6),
        false => polynomial(&FAR_ABOVE, r - 5.0) / polynomial(&FAR_BELOW, r - 5.0),
    };
    if q < 0.0 { -size } else { size }
}

/// Highest power first.
fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

const NEAR_ABOVE: [f64; 8] = [
    2.509_080_928_730_122_7e3,
    3.343_057_558_358_813e4,
    6.726_577_092_700_87e4,
    4.592_195_393_154_987e4,
    1.373_169_376_550_946e4,
    1.971_590_950_306_551_3e3,
    1.331_416_678_917_843_8e2,
    3.387_132_872_796_366_5,
];
const NEAR_BELOW: [f64; 8] = [
    5.226_495_278_852_854e3,
    2.872_908_573_572_194_3e4,
    3.930_789_580_009_271e4,
    2.121_379_430_158_659_7e4,
    5.394_196_021_424_751e3,
    6.871_870_074_920_579e2,
    4.231_333_070_160_091e1,
    1.0,
];
const TAIL_ABOVE: [f64; 8] = [
    7.745_450_142_783_414e-4,
    2.272_384_498_926_918_4e-2,
    2.417_807_251_774_506e-1,
    1.270_458_252_452_368_4,
    3.647_848_324_763_204_5,
    5.769_497_221_460_691,
    4.630_337_846_156_546,
    1.423_437_110_749_683_5,
];
const TAIL_BELOW: [f64; 8] = [
    1.050_750_071_644_416_9e-9,
    5.475_938_084_995_345e-4,
    1.519_866_656_361_645_7e-2,
    1.481_039_764_274_800_8e-1,
    6.897_673_349_851e-1,
    1.676_384_830_183_803_8,
    2.053_191_626_637_759,
    1.0,
];
const FAR_ABOVE: [f64; 8] = [
    2.010_334_399_292_288_1e-7,
    2.711_555_568_743_487_6e-5,
    1.242_660_947_388_078_4e-3,
    2.653_218_952_657_612_4e-2,
    2.965_605_718_285_048_7e-1,
    1.784_826_539_917_291_3,
    5.463_784_911_164_114,
    6.657_904_643_501_103,
];
const FAR_BELOW: [f64; 8] = [
    2.044_263_103_389_939_8e-15,
    1.421_511_758_316_446e-7,
    1.846_318_317_510_054_8e-5,
    7.868_691_311_456_133e-4,
    1.487_536_129_085_061_5e-2,
    1.369_298_809_227_358e-1,
    5.998_322_065_558_88e-1,
    1.0,
];

/// Normal, cut off at its ends: `u` is mapped into the shares of the normal distribution below its ends. Where no `f64` tells those apart (38
/// standard deviations away), the end that is nearer to the mean.
pub fn normal(u: f64, mean: f64, std: f64, min: f64, max: f64) -> f64 {
    if std == 0.0 {
        return mean.min(max).max(min);
    }
    let (low, high) = ((min - mean) / std, (max - mean) / std);
    let below = |z: f64| 0.5 * libm::erfc(-z / SQRT_2);
    let z = if low > 0.0 {
        // In the upper tail, shares above are the ones that have digits.
        let (above_low, above_high) = (below(-low), below(-high));
        if above_low == 0.0 { low } else { -standard_normal(above_high + (1.0 - u) * (above_low - above_high)) }
    } else {
        let (below_low, below_high) = (below(low), below(high));
        if below_high == 0.0 { high } else { standard_normal(below_low + u * (below_high - below_low)) }
    };
    (mean + std * z).min(max).max(min)
}

/// Log-normal, cut off at its ends; `min` is 0 or more.
pub fn log_normal(u: f64, median: f64, sigma: f64, min: f64, max: f64) -> f64 {
    let log = |x: f64| if x > 0.0 { libm::log(x) } else { f64::NEG_INFINITY };
    libm::exp(normal(u, libm::log(median), sigma, log(min), log(max))).min(max).max(min)
}

/// Exponential, cut off at its ends; `min` is 0 or more. What follows any point is exponential again, so `min` only shifts it.
pub fn exponential(u: f64, mean: f64, min: f64, max: f64) -> f64 {
    let share = -libm::expm1((min - max) / mean); // below `max`; 1 where it is infinite
    (min - mean * libm::log1p(-u * share)).min(max).max(min)
}

/// Triangular.
pub fn triangular(u: f64, min: f64, mode: f64, max: f64) -> f64 {
    let width = max - min;
    if width <= 0.0 {
        return min;
    }
    let value = match u * width < mode - min {
        true => min + libm::sqrt(u * width * (mode - min)),
        false => max - libm::sqrt((1.0 - u) * width * (max - mode)),
    };
    value.min(max).max(min)
}

/// Poisson, cut off at its ends, which are whole and 0 or more. Probabilities are summed from the likeliest value outwards, as far as they are
/// above 1e-30 of the largest.
pub fn poisson(u: f64, mean: f64, min: f64, max: f64) -> f64 {
    if mean <= 0.0 || max <= min {
        return min;
    }
    // Relative to the probability of the likeliest value within the ends.
    const LEAST: f64 = 1e-30;
    let mode = libm::floor(mean).min(max).max(min);
    let down = |k: f64, share: f64| share * k / mean; // to k - 1
    let up = |k: f64, share: f64| share * mean / (k + 1.0); // to k + 1
    let (mut before, mut k, mut share) = (0.0, mode, 1.0);
    while k > min && share > LEAST {
        share = down(k, share);
        k -= 1.0;
        before += share;
    }
    let (mut total, mut k, mut share) = (before + 1.0, mode, 1.0);
    while k < max && share > LEAST {
        share = up(k, share);
        k += 1.0;
        total += share;
    }
    let wanted = u * total;
    // `below` is the sum of what comes before k, by the same additions whatever `u` is: more `u` never means less.
    let (mut k, mut share, mut below) = (mode, 1.0, before);
    if wanted < below {
        while wanted < below && k > min && share > LEAST {
            share = down(k, share);
            k -= 1.0;
            below -= share;
        }
    } else {
        while below + share <= wanted && k < max && share > LEAST {
            below += share;
            share = up(k, share);
            k += 1.0;
        }
    }
    k
}

/// Beta on `[0, 1]`, by Newton's method on the regularised incomplete beta function, kept within a bracket that is halved where Newton
/// leaves it.
pub fn beta(u: f64, a: f64, b: f64) -> f64 {
    if u <= 0.0 {
        return 0.0;
    }
    let log_scale = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b);
    // Near 0 the share below x is x^a e^scale / a: where that alone gives a tiny x, it is exact.
    let small = libm::exp((libm::log(u * a) - log_scale) / a);
    if small < 1e-18 {
        return small;
    }
    let (mut low, mut high) = (0.0, 1.0);
    let mut x = a / (a + b);
    for _ in 0..MOST_STEPS {
        let (log_x, log_rest) = (libm::log(x), libm::log1p(-x));
        let error = share_of_beta(x, a, b, log_scale + a * log_x + b * log_rest) - u;
        if error < 0.0 {
            low = x;
        } else {
            high = x;
        }
        let density = libm::exp(log_scale + (a - 1.0) * log_x + (b - 1.0) * log_rest);
        let newton = x - error / density;
        let next = if newton > low && newton < high { newton } else { low + (high - low) / 2.0 };
        if (next - x).abs() <= 1e-16 * x || next == low && low > 0.0 || next == high {
            return next;
        }
        x = next;
    }
    x
}

/// Enough to halve `[0, 1]` down to neighbouring numbers; Newton takes about eight.
const MOST_STEPS: usize = 120;

/// The regularised incomplete beta function, where `log_front` is the logarithm of `x^a (1 - x)^b / B(a, b)`: the continued fraction of
/// DLMF 8.17.22, evaluated by Lentz's method.
fn share_of_beta(x: f64, a: f64, b: f64, log_front: f64) -> f64 {
    // It converges fast on this side of the mean only.
    match x < (a + 1.0) / (a + b + 2.0) {
        true => libm::exp(log_front) * beta_fraction(x, a, b) / a,
        false => 1.0 - libm::exp(log_front) * beta_fraction(1.0 - x, b, a) / b,
    }
}

fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    // About the root of the larger shape; shapes are at most 1e4.
    const MOST_TERMS: u32 = 2000;
    let keep = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / keep(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for m in 1..MOST_TERMS {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / keep(1.0 + even * d);
        c = keep(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / keep(1.0 + odd * d);
        c = keep(1.0 + odd / c);
        let factor = d * c;
        fraction *= factor;
        if (factor - 1.0).abs() < 1e-16 {
            break;
        }
    }
    fraction
}

/// Von Mises about 0, radians, in `[-pi, pi]`. The density `exp(kappa (cos x - 1))` is integrated panel by panel, and the panel in which the
/// share is reached is solved by Newton's method within a bracket.
pub fn von_mises(u: f64, kappa: f64) -> f64 {
    const PANELS: usize = 12;
    // Beyond that it is below 1e-22 of what it is at 0.
    let end = if kappa > 0.0 { PI.min(2.0 * libm::asin(libm::sqrt((25.0 / kappa).min(1.0)))) } else { PI };
    let width = end / PANELS as f64;
    let mut sums = [0.0; PANELS]; // before each panel
    let mut total = 0.0;
    for (panel, sum) in sums.iter_mut().enumerate() {
        *sum = total;
        total += von_mises_area(kappa, panel as f64 * width, (panel + 1) as f64 * width);
    }
    // It is as far on either side.
    let side = 2.0 * u - 1.0;
    let wanted = side.abs() * total;
    let panel = sums.iter().rposition(|&sum| sum <= wanted).unwrap_or(0);
    let (start, wanted) = (panel as f64 * width, wanted - sums[panel]);
    let (mut low, mut high) = (start, start + width);
    let mut x = start + wanted / libm::exp(kappa * (libm::cos(start) - 1.0)).max(1e-30);
    for _ in 0..MOST_STEPS {
        if !(x > low && x < high) {
            x = low + (high - low) / 2.0;
        }
        let error = von_mises_area(kappa, start, x) - wanted;
        if error < 0.0 {
            low = x;
        } else {
            high = x;
        }
        let next = x - error / libm::exp(kappa * (libm::cos(x) - 1.0));
        if (next - x).abs() <= 1e-15 * end || high - low <= 1e-16 * end {
            x = next;
            break;
        }
        x = next;
    }
    x.min(start + width).max(start).copysign(side)
}

/// The integral of `exp(kappa (cos x - 1))` from one point to another that is less than two standard deviations away: Gauss and Legendre's rule
/// with 16 points.
fn von_mises_area(kappa: f64, from: f64, to: f64) -> f64 {
    const RULE: [(f64, f64); 8] = [
        (0.095_012_509_837_637_44, 0.189_450_610_455_068_5),
        (0.281_603_550_779_258_9, 0.182_603_415_044_923_6),
        (0.458_016_777_657_227_4, 0.169_156_519_395_002_5),
        (0.617_876_244_402_643_7, 0.149_595_988_816_576_7),
        (0.755_404_408_355_003, 0.124_628_971_255_533_9),
        (0.865_631_202_387_831_7, 0.095_158_511_682_492_8),
        (0.944_575_023_073_232_6, 0.062_253_523_938_647_9),
        (0.989_400_934_991_649_9, 0.027_152_459_411_754_1),
    ];
    let (middle, half) = ((from + to) / 2.0, (to - from) / 2.0);
    let density = |x: f64| libm::exp(kappa * (libm::cos(x) - 1.0));
    RULE.iter().map(|(x, weight)| weight * (density(middle - half * x) + density(middle + half * x))).sum::<f64>()
        * half
}

/// Evenly within the bins of a histogram.
pub fn histogram(u: f64, histogram: &Histogram) -> f64 {
    let (bin, share) = part(u, &histogram.below);
    let (min, max) = (histogram.edges[bin], histogram.edges[bin + 1]);
    uniform(share, min, max)
}

/// A density in lines: within one, the root of a quadratic, written so that nothing cancels.
pub fn curve(u: f64, curve: &Curve) -> f64 {
    let (piece, share) = part(u, &curve.below);
    let (min, max) = (curve.points[piece], curve.points[piece + 1]);
    let (left, right) = (curve.density[piece], curve.density[piece + 1]);
    let most = left.max(right);
    if most <= 0.0 {
        return min;
    }
    let (left, right) = (left / most, right / most);
    let root = libm::sqrt((left * left + share * (right * right - left * left)).max(0.0));
    let t = if left + root > 0.0 { share * (left + right) / (left + root) } else { 0.0 };
    (min + (max - min) * t).min(max).max(min)
}

/// In which part `u` falls, where `below` is the share below the start of each part and, at last, 1; and which share of that part lies below it.
pub fn part(u: f64, below: &[f64]) -> (usize, f64) {
    let parts = below.len().saturating_sub(1);
    let part = below.partition_point(|&share| share <= u).clamp(1, parts.max(1)) - 1;
    let (start, end) = (below[part], below[part + 1]);
    let share = if end > start { (u - start) / (end - start) } else { 0.0 };
    (part, share.clamp(0.0, 1.0 - f64::EPSILON / 2.0))
}
