//! Tone curves: from linear light after exposure to what is displayed, and back.
//!
//! All work on linear RGB (Rec. 709). What comes out lies in 0..=1 and is linear too: the sRGB transfer function comes after it.

use std::sync::LazyLock;

use glam::{DMat3, DVec3};

use super::ToneCurve;

/// Light that counts as infinite: no curve shows more of it.
const BRIGHTEST: f64 = 1e6;

/// The linear value, each channel in 0..=1, as which light after exposure is displayed. What is no number is black.
pub fn apply(curve: ToneCurve, light: [f64; 3]) -> [f64; 3] {
    let light = light.map(sane);
    let shown = match curve {
        ToneCurve::Srgb => light,
        ToneCurve::Neutral => neutral(light),
        ToneCurve::AgX => agx(light),
        ToneCurve::Filmic => light.map(filmic),
        ToneCurve::Camera => light.map(camera),
    };
    shown.map(|c| c.clamp(0.0, 1.0))
}

/// The light after exposure that is displayed as the linear value `shown` (each channel in 0..=1): the inverse of [`apply`].
/// What no light is displayed as comes within less than a byte's step, or as near as its curve reaches.
pub fn undo(curve: ToneCurve, shown: [f64; 3]) -> [f64; 3] {
    match curve {
        ToneCurve::Srgb => shown,
        ToneCurve::Neutral => undo_neutral(shown),
        ToneCurve::AgX => undo_agx(shown),
        ToneCurve::Filmic => shown.map(undo_filmic),
        ToneCurve::Camera => shown.map(undo_camera),
    }
}

fn sane(light: f64) -> f64 {
    if light > 0.0 { light.min(BRIGHTEST) } else { 0.0 }
}

/// Where Khronos PBR Neutral begins to compress, and how much it takes from colours above it.
const START: f64 = 0.8 - 0.04;
const DESATURATION: f64 = 0.15;

/// Khronos PBR Neutral, from its specification (KhronosGroup/ToneMapping, PBR_Neutral).
fn neutral(color: [f64; 3]) -> [f64; 3] {
    let low = color.iter().copied().fold(f64::INFINITY, f64::min);
    let offset = if low < 0.08 { low - 6.25 * low * low } else { 0.04 };
    let color = color.map(|c| c - offset);
    let peak = color.iter().copied().fold(0.0, f64::max);
    if peak < START {
        return color;
    }
    let d = 1.0 - START;
    let new_peak = 1.0 - d * d / (peak + d - START);
    let g = 1.0 - 1.0 / (DESATURATION * (peak - new_peak) + 1.0);
    color.map(|c| (c * new_peak / peak) * (1.0 - g) + new_peak * g)
}

fn undo_neutral(shown: [f64; 3]) -> [f64; 3] {
    const MOST: f64 = 0.999;
    let peak = shown.iter().copied().fold(0.0, f64::max);
    let mut color = shown;
    if peak > START {
        let new_peak = peak.min(MOST);
        let d = 1.0 - START;
        let old_peak = d * d / (1.0 - new_peak) - d + START;
        let g = 1.0 - 1.0 / (DESATURATION * (old_peak - new_peak) + 1.0);
        color = color.map(|c| ((c.min(MOST) - new_peak * g) / (1.0 - g) * old_peak / new_peak).max(0.0));
    }
    // What was taken from all channels follows from the lowest.
    let low = color.iter().copied().fold(f64::INFINITY, f64::min).max(0.0);
    let before = if low < 0.04 { (low / 6.25).sqrt() } else { low + 0.04 };
    color.map(|c| c + before - low)
}

/// What AgX covers, stops: 10 below and 6.5 above middle grey (0.18).
const AGX_EV: (f64, f64) = (-12.473_93, 4.026_069);

/// AgX's matrices. The first draws all colours towards grey, so that bright ones have room; the second is its inverse.
pub(crate) struct Agx {
    pub(crate) inset: DMat3,
    pub(crate) outset: DMat3,
}

pub(crate) static AGX: LazyLock<Agx> = LazyLock::new(|| {
    let inset = DMat3::from_cols_array(&[
        0.842_479_062_253_094,
        0.042_328_242_261_012_3,
        0.042_375_654_905_705_1,
        0.078_433_599_999_999_2,
        0.878_468_636_469_772,
        0.078_433_6,
        0.079_223_745_147_764_3,
        0.079_166_127_460_543_4,
        0.879_142_973_793_104,
    ]);
    Agx { inset, outset: inset.inverse() }
});

/// The share of AgX's range at which a light lies, in stops.
fn agx_stops(light: f64) -> f64 {
    let (least, most) = AGX_EV;
    ((libm::log2(light.max(1e-10)) - least) / (most - least)).clamp(0.0, 1.0)
}

/// Wrensch's polynomial for the S-curve of AgX's default look: display value (to the power of 1 / 2.2) of a share of its range.
fn agx_contrast(x: f64) -> f64 {
    ((((((15.5 * x - 40.14) * x + 31.96) * x - 6.868) * x + 0.4298) * x + 0.1191) * x - 0.002_32).clamp(0.0, 1.0)
}

/// What AgX makes of each channel between its matrices.
pub(crate) fn agx_channel(light: f64) -> f64 {
    agx_contrast(agx_stops(light))
}

/// AgX's display values are meant for a display with this exponent.
pub(crate) const AGX_GAMMA: f64 = 2.2;

/// AgX, default look: Troy Sobotka's display transform (2022) in the polynomial form of Benjamin Wrensch's "Minimal AgX
/// implementation" (2023).
fn agx(color: [f64; 3]) -> [f64; 3] {
    let inner = AGX.inset * DVec3::from_array(color);
    let shown = AGX.outset * inner.map(agx_channel);
    shown.to_array().map(|c| libm::pow(c.max(0.0), AGX_GAMMA))
}

fn undo_agx(shown: [f64; 3]) -> [f64; 3] {
    let encoded = DVec3::from_array(shown).map(|c| libm::pow(c.clamp(0.0, 1.0), 1.0 / AGX_GAMMA));
    let (least, most) = AGX_EV;
    let inner = (AGX.inset * encoded).map(|c| {
        // The polynomial rises all the way.
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..40 {
            let middle = (low + high) / 2.0;
            if agx_contrast(middle) < c { low = middle } else { high = middle }
        }
        libm::exp2(least + (low + high) / 2.0 * (most - least))
    });
    (AGX.outset * inner).to_array().map(|c| c.max(0.0))
}

/// Light before the filmic curve is multiplied by this, as its author advises.
const FILMIC_EXPOSURE: f64 = 0.6;

/// Narkowicz, "ACES Filmic Tone Mapping Curve" (2016): a fit of the ACES reference transforms, per channel.
pub(crate) fn filmic(light: f64) -> f64 {
    let x = light * FILMIC_EXPOSURE;
    (x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14)).min(1.0)
}

fn undo_filmic(shown: f64) -> f64 {
    // (2.51 - 2.43 y) x^2 + (0.03 - 0.59 y) x - 0.14 y = 0
    let y = shown.clamp(0.0, 1.0);
    let (a, b, c) = (2.51 - 2.43 * y, 0.03 - 0.59 * y, -0.14 * y);
    (-b + (b * b - 4.0 * a * c).sqrt()) / (2.0 * a) / FILMIC_EXPOSURE
}

/// Steepness and middle of the camera curve: with these, 0.18 stays 0.18, and 1 becomes 0.8 (231 of 255).
const CAMERA_POWER: f64 = 1.692_701_487_788_147;
const CAMERA_MIDDLE: f64 = 0.25;

/// A camera-like S-curve, per channel: `y = x^n / (x^n + c)`, the saturating response of Naka and Rushton (1966). Middle grey stays
/// where it is, contrast there is 1.39 times as high, shadows are deepened, and highlights roll off towards 1, which nothing reaches.
pub(crate) fn camera(light: f64) -> f64 {
    let power = libm::pow(light, CAMERA_POWER);
    power / (power + CAMERA_MIDDLE)
}

fn undo_camera(shown: f64) -> f64 {
    const MOST: f64 = 0.999;
    let y = shown.clamp(0.0, MOST);
    libm::pow(CAMERA_MIDDLE * y / (1.0 - y), 1.0 / CAMERA_POWER)
}
