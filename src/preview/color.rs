//! The colours of a contact sheet: one per instance, and a ramp for depth.

/// A colour that belongs to this id, in every sheet. Neighbouring ids lie far apart: hues step by the golden angle, and
/// brightness changes with every step.
pub fn instance_color(id: u32) -> [u8; 3] {
    const GOLDEN_ANGLE: f64 = 137.507_764_050_037_85; // degrees, 360 * (2 - golden ratio)
    let hue = (f64::from(id) * GOLDEN_ANGLE) % 360.0;
    let (saturation, value) = [(0.85, 1.0), (0.6, 0.9), (0.95, 0.8)][id as usize % 3];
    hsv(hue, saturation, value)
}

/// sRGB from hue in degrees, saturation and value.
fn hsv(hue: f64, saturation: f64, value: f64) -> [u8; 3] {
    // Each channel is a trapezoid over the hue (the usual closed form of HSV).
    [5.0, 3.0, 1.0].map(|offset| {
        let k = (offset + hue / 60.0) % 6.0;
        to_byte(value - value * saturation * k.min(4.0 - k).clamp(0.0, 1.0))
    })
}

/// Black or white, whichever can be read on `background`.
pub(crate) fn readable_on([r, g, b]: [u8; 3]) -> [u8; 3] {
    let luma = 0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b); // Rec. 601, close enough for text
    if luma > 130.0 { [0; 3] } else { [255; 3] }
}

/// Nine points of matplotlib's viridis, whose lightness rises evenly from dark violet to bright yellow.
const VIRIDIS: [[u8; 3]; 9] = [
    [68, 1, 84],
    [71, 44, 122],
    [59, 81, 139],
    [44, 113, 142],
    [33, 144, 141],
    [39, 173, 129],
    [92, 200, 99],
    [170, 220, 50],
    [253, 231, 37],
];

/// Bright for 1 (near), dark for 0 (far).
pub(crate) fn ramp(nearness: f64) -> [u8; 3] {
    let position = nearness.clamp(0.0, 1.0) * 8.0;
    let segment = (1..8).take_while(|&k| f64::from(k) <= position).count();
    let share = position - f64::from(u8::try_from(segment).unwrap_or(0));
    mix(VIRIDIS[segment], VIRIDIS[segment + 1], share)
}

/// `share` of `b`, the rest of `a`.
pub(crate) fn mix(a: [u8; 3], b: [u8; 3], share: f64) -> [u8; 3] {
    std::array::from_fn(|k| to_byte((f64::from(a[k]) * (1.0 - share) + f64::from(b[k]) * share) / 255.0))
}

/// 0..=1 to 0..=255.
pub(crate) fn to_byte(value: f64) -> u8 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=255")]
    let byte = (value * 255.0).round().clamp(0.0, 255.0) as u8;
    byte
}
