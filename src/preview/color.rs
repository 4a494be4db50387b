//! The colours of a contact sheet: one per instance, category, part and keypoint, and a ramp for distances.

use crate::scene::color::srgb_from_hsv;

/// Degrees, 360 * (2 - golden ratio).
const GOLDEN_ANGLE: f64 = 137.507_764_050_037_85;

/// A colour that belongs to this id, in every sheet. Neighbouring ids lie far apart: hues step by the golden angle, and
/// brightness changes with every step.
pub fn instance_color(id: u32) -> [u8; 3] {
    let hue = (f64::from(id) * GOLDEN_ANGLE) % 360.0;
    let (saturation, value) = [(0.85, 1.0), (0.6, 0.9), (0.95, 0.8)][id as usize % 3];
    hsv(hue, saturation, value)
}

/// The colour of a category, by its position in the scene's list of them, in every sheet of a recipe. Never grey, which is what has
/// no category.
pub(crate) fn category_color(position: usize) -> [u8; 3] {
    segment_color(position, 0)
}

/// The colour of the instance at position `rank` among those of its category: the category's, varied, so that neighbours of one
/// kind differ and are still seen to be of one kind.
pub(crate) fn segment_color(category: usize, rank: usize) -> [u8; 3] {
    const VARIED: [(f64, f64, f64); 6] = [
        (0.0, 0.65, 0.95),
        (16.0, 0.65, 0.65),
        (-16.0, 0.4, 1.0),
        (8.0, 0.9, 0.8),
        (-8.0, 0.45, 0.7),
        (16.0, 0.35, 0.9),
    ];
    let (turn, saturation, value) = VARIED[rank % VARIED.len()];
    hsv(f64::from(u32::try_from(category).unwrap_or(0)) * GOLDEN_ANGLE + 200.0 + turn, saturation, value)
}

/// The colour of a part, by its number within its object.
pub(crate) fn part_color(part: u32) -> [u8; 3] {
    hsv(f64::from(part) * GOLDEN_ANGLE + 20.0, 0.55, if part.is_multiple_of(2) { 0.75 } else { 0.95 })
}

/// The colour of a keypoint, by its position among those of its category: the same on every instance, so that a left and a right
/// that change places are seen.
pub(crate) fn keypoint_color(position: usize) -> [u8; 3] {
    let position = u32::try_from(position).unwrap_or(0);
    hsv(f64::from(position) * GOLDEN_ANGLE + 170.0, 0.75, 1.0)
}

fn hsv(hue: f64, saturation: f64, value: f64) -> [u8; 3] {
    srgb_from_hsv(hue, saturation, value).map(to_byte)
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

/// A shade for a value in 0..=1, black to white, as it is in files.
pub(crate) fn grey(value: f64) -> [u8; 3] {
    [to_byte(value); 3]
}
