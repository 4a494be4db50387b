//! Colour maths. Linear means Rec. 709 primaries, D65 white.

/// The sRGB transfer function undone, exact (IEC 61966-2-1), for values in 0..=1.
pub fn linear_from_srgb(value: f64) -> f64 {
    if value <= 0.04045 { value / 12.92 } else { libm::pow((value + 0.055) / 1.055, 2.4) }
}

/// The sRGB transfer function, exact (IEC 61966-2-1), for values in 0..=1.
pub fn srgb_from_linear(value: f64) -> f64 {
    if value <= 0.003_130_8 { value * 12.92 } else { 1.055 * libm::pow(value, 1.0 / 2.4) - 0.055 }
}

/// sRGB from hue (degrees, any number), saturation and value (0..=1). Smith, "Color gamut transform pairs" (1978).
pub fn srgb_from_hsv(hue: f64, saturation: f64, value: f64) -> [f64; 3] {
    // A channel is full within 60 degrees of its hue, none beyond 120, and falls evenly between.
    [0.0, 120.0, 240.0].map(|peak| {
        let away = ((hue - peak + 180.0).rem_euclid(360.0) - 180.0).abs();
        let share = (2.0 - away / 60.0).clamp(0.0, 1.0);
        value * (1.0 - saturation * (1.0 - share))
    })
}

/// Linear RGB of a black body at `kelvin` (kept in 1000..=40000), brightest channel 1.
///
/// Krystek, "An algorithm to calculate correlated colour temperature" (1985): a rational fit of the Planckian locus in
/// CIE 1960 uv, within 1e-4 up to 15 000 K. Above, it tends to within 0.004 of the true limit (0.180, 0.264), which no
/// eye tells. Channels outside Rec. 709 (blue below about 1900 K) are set to 0.
pub fn linear_from_kelvin(kelvin: f64) -> [f64; 3] {
    let t = kelvin.clamp(1000.0, 40_000.0);
    let u = (0.860_117_757 + 1.541_182_54e-4 * t + 1.286_412_12e-7 * t * t)
        / (1.0 + 8.424_202_35e-4 * t + 7.081_451_63e-7 * t * t);
    let v = (0.317_398_726 + 4.228_062_45e-5 * t + 4.204_816_91e-8 * t * t)
        / (1.0 - 2.897_418_16e-5 * t + 1.614_560_53e-7 * t * t);
    let (x, y) = (3.0 * u / (2.0 * u - 8.0 * v + 4.0), 2.0 * v / (2.0 * u - 8.0 * v + 4.0));
    let (big_x, big_z) = (x / y, (1.0 - x - y) / y);
    // Rec. 709 from XYZ (IEC 61966-2-1), Y = 1.
    let rgb = [
        3.240_6 * big_x - 1.537_2 - 0.498_6 * big_z,
        -0.968_9 * big_x + 1.875_8 + 0.041_5 * big_z,
        0.055_7 * big_x - 0.204_0 + 1.057_0 * big_z,
    ];
    let brightest = rgb.into_iter().fold(0.0, f64::max);
    rgb.map(|c| (c / brightest).max(0.0))
}

/// Luminance of linear RGB, with Rec. 709's weights.
pub fn luminance(rgb: [f64; 3]) -> f64 {
    0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]
}
