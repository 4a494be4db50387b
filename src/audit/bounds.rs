//! How far numbers may be apart that mean the same, and why.

/// A surface point may be this far beside the ray through its pixel's centre, in pixels.
///
/// Rasterisers move corners to a grid within the pixel, of 1/256 (1/16 is the coarsest that Vulkan allows), and interpolate between
/// the moved corners: a point is off by no more than its corners, half a step along both axes, `sqrt(2) / 32 = 0.044` pixels.
/// Interpolation in f32 over slivers adds some hundredths.
pub(super) const PIXEL: f64 = 1.0 / 8.0;

/// And where a lens bends straight lines, this much farther, in pixels. Such an image is looked up in pinhole views, pixel by pixel, at the
/// nearest of theirs; they have at least `sqrt(2)` pixels for one of the image's along each axis, so that the nearest centre is within
/// half of that along both: `sqrt(2) / 2` of theirs, half a pixel of the image.
pub(super) const LOOKED_UP: f64 = 0.5;

/// But for a few pixels ([`strays`]) at the edges of faces, which may be this far beside, in pixels; and whose depths and coordinates may differ by this
/// share.
///
/// Rasterisers interpolate with slopes that they compute in f32. A triangle that is seen from its edge, a hundredth of a pixel
/// wide, still covers a pixel's centre now and then, and its slopes are its values over its area, of which f32 leaves a few bits.
/// The label pass puts such points back onto their ray and into their thing's box (`point` in `shaders/labels.wgsl`), which do not
/// always meet.
pub(super) const STRAY_PIXEL: f64 = 1.0;
/// See [`STRAY_PIXEL`].
pub(super) const STRAY_SHARE: f64 = 1.0 / 128.0;

/// And whose normals may point away by this much: 30 degrees.
pub(super) const STRAY_FACING: f64 = 0.5;

/// Inverse depths around a pixel that may be no stray change evenly, to this share: some hundred times what f32 leaves of a plane's, and
/// less than what a rounded edge of a thousandth of the distance, narrower than a pixel, makes of them.
pub(super) const EVEN: f64 = 1.0 / 65_536.0;

/// How much farther beside its ray a point may be where a lens is so wide that rays lean: of the ray's length squared (at depth
/// 1), which is how a relative error of the point turns into one across the image. 2^-17 is what f32 leaves of triangles that are
/// cut off at the near plane.
pub(super) const WIDE: f64 = 1.0 / 131_072.0;

/// How many pixels of an image may be strays.
pub(super) fn strays(pixels: usize) -> u64 {
    4 + pixels as u64 / 2000
}

/// The GPU's error in a coordinate, as a share of the largest coordinate on its way there.
///
/// The unit of rounding is 2^-24. A vertex is rounded once, its matrix takes 6 roundings of numbers no larger than the sum of
/// distances that [`Slack`](super::things::Thing::slack) adds up, of entries that have some 5 of their own; the view matrix as
/// many, times `sqrt(3)` for the sum over three axes; interpolation 4: about 30 in all.
pub(super) const GPU: f64 = 1.0 / 524_288.0;

/// Depths of one point that came different ways may differ by this share: each is interpolated for itself over a triangle, whose
/// depth may change by a multiple of itself within a pixel, from where a wide image begins (2^-24 times 4096 pixels), twice.
pub(super) const DEPTH: f64 = 1.0 / 2048.0;

/// Squared distances may differ by this share: a product, two sums and a root in f32 are off by some 2^-22.
pub(super) const SQUARE: f64 = 1.0 / 262_144.0;

/// Unit vectors may be this far off length 1, squared: normalisation in f32 is off by 2^-22, in half floats by 2^-10.
pub(super) const UNIT: f64 = 1.0 / 512.0;

/// A normal may point away from the camera by this much (the cosine of its angle with the ray): a triangle that is seen from its
/// edge is drawn or not as its rounded corners have it, so the smaller it is in pixels, the steeper it may be: 6 degrees for one of
/// a twenty-fifth of a pixel.
pub(super) const FACING: f64 = 0.1;

/// Colours, roughness and metallic may leave 0..=1 by this: texture filters round.
pub(super) const SHARE: f32 = 1e-5;

/// The error of what labels say of the scene, all of it computed in f64, as a share of the largest coordinate on its way: 2^-53 for
/// each of some tens of operations.
pub(super) const LABEL: f64 = 1e-13;

/// Ratios may differ by this.
pub(super) const RATIO: f64 = 1e-12;
