//! Depth as sensors measure it: with noise, in steps, and not everywhere.
//!
//! Both kinds look from the camera's own place, at the centres of its pixels. What they give is depth along the optical axis, metres, `+inf`
//! where they measure nothing. It is no label: nothing of it is claimed to be true.
//!
//! How much light comes back from a surface follows from its luminance `a` without light (0..=1), the angle `t` between its normal and the
//! line of sight and its distance `r`: `a cos(t) / r^2` of what a white one that faces the sensor gives back at 1 m.

use glam::{DVec2, DVec3};

use super::noise::Dice;
use super::{ActiveStereo, DepthSensor, Rays, TimeOfFlight};
use crate::frame::Frame;
use crate::image::Image;
use crate::scene::Camera;

/// Where the light is hardly enough, over this share of the range, it depends on chance whether a pixel is measured.
const UNSURE: f64 = 0.1;

/// What `sensor` measures of a frame; `None` where its images are not of one size. Surfaces are taken to face the sensor where the frame
/// has no [normals](Frame::geometric_normals), and to be of a middle grey where it has no [albedo](Frame::albedo).
pub fn measure(sensor: &DepthSensor, camera: &Camera, frame: &Frame, seed: u64) -> Option<Image<f32>> {
    let view = View::new(camera, frame)?;
    Some(match sensor {
        DepthSensor::ActiveStereo(stereo) => active_stereo(stereo, camera, &view, seed),
        DepthSensor::TimeOfFlight(flight) => time_of_flight(flight, &view, seed),
    })
}

/// What a depth sensor is told of a frame, pixel by pixel.
#[derive(Debug, Clone)]
pub struct View {
    width: usize,
    height: usize,
    /// Metres along the axis; `+inf` where nothing is hit.
    depth: Vec<f64>,
    /// Metres from the camera; `+inf` where nothing is hit.
    range: Vec<f64>,
    /// Cosine of the angle between normal and line of sight.
    cos: Vec<f64>,
    /// Share of light that is given back in all directions.
    albedo: Vec<f64>,
}

/// Of a surface of which nothing is known.
const GREY: f64 = 0.5;

impl View {
    /// `None` where the frame's images are not of one size.
    pub fn new(camera: &Camera, frame: &Frame) -> Option<Self> {
        let (width, height) = (frame.depth.width(), frame.depth.height());
        let fits = |w: u32, h: u32| (w, h) == (width, height);
        let whole = fits(frame.range.width(), frame.range.height())
            && frame.geometric_normals.as_ref().is_none_or(|image| fits(image.width(), image.height()))
            && frame.albedo.as_ref().is_none_or(|image| fits(image.width(), image.height()));
        if !whole {
            return None;
        }
        let cos = match &frame.geometric_normals {
            None => vec![1.0; frame.depth.pixels().len()],
            Some(normals) => {
                let rays = Rays::of(camera);
                let mut cos = Vec::with_capacity(normals.pixels().len());
                for (y, row) in (0_u32..).zip(normals.rows()) {
                    for (x, normal) in (0_u32..).zip(row) {
                        let ray = rays.at(DVec2::new(f64::from(x) + 0.5, f64::from(y) + 0.5));
                        let normal = DVec3::from_array(normal.map(f64::from));
                        cos.push((-ray.dot(normal) / ray.length().max(f64::MIN_POSITIVE)).clamp(0.0, 1.0));
                    }
                }
                cos
            }
        };
        let luminance = |&[r, g, b]: &[f32; 3]| {
            (0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b)).clamp(0.0, 1.0)
        };
        let albedo = match &frame.albedo {
            None => vec![GREY; frame.depth.pixels().len()],
            Some(albedo) => albedo.pixels().iter().map(luminance).collect(),
        };
        let wide = |image: &Image<f32>| image.pixels().iter().map(|&d| f64::from(d)).collect();
        Some(Self {
            width: width as usize,
            height: height as usize,
            depth: wide(&frame.depth),
            range: wide(&frame.range),
            cos,
            albedo,
        })
    }

    fn hit(&self, at: usize) -> bool {
        let (depth, range) = (self.depth[at], self.range[at]);
        depth > 0.0 && range > 0.0 && depth.is_finite() && range.is_finite()
    }

    /// Whether enough light comes back: `a cos(t) / r^2` is at least `1 / max^2`, and the surface is not seen from the side.
    fn bright(&self, at: usize, max: f64, max_angle: f64, dice: &mut Dice) -> bool {
        let reach = max * (self.albedo[at] * self.cos[at]).sqrt() * (1.0 - UNSURE * dice.unit());
        self.range[at] <= reach && self.cos[at] >= libm::cos(max_angle)
    }

    fn image(&self, depth: impl FnMut(usize) -> Option<f64>) -> Image<f32> {
        #[expect(clippy::cast_possible_truncation, reason = "depth is written in single precision")]
        let pixels = (0..self.depth.len()).map(depth).map(|depth| depth.map_or(f32::INFINITY, |depth| depth as f32));
        let (width, height) = (u32::try_from(self.width), u32::try_from(self.height));
        let empty = || Image::filled(0, 0, f32::INFINITY);
        width.ok().zip(height.ok()).and_then(|(w, h)| Image::new(w, h, pixels.collect())).unwrap_or_else(empty)
    }
}

/// Two cameras side by side, rectified, with a projector that gives every surface texture. The second one looks the same way from
/// `baseline` to the right; a point at depth `z` is seen there `d = fx baseline / z` pixels further to the left. (Under a lens that bends lines,
/// both images are straightened to that of a pinhole of the same `fx` before they are compared, as stereo modules do it.)
///
/// What is measured is `d`, with normal noise and in steps, and depth is `fx baseline / d`: so the depth's standard deviation is
/// `z^2 / (fx baseline) disparity_noise`, to first order (Gallup et al., "Variable baseline/resolution stereo", 2008).
///
/// Nothing is measured where the second camera does not see the point, because something nearer covers it there or it is beside its
/// image (what is beside the first camera's image covers nothing); where too little light comes back; outside of `min` to `max`.
pub fn active_stereo(sensor: &ActiveStereo, camera: &Camera, view: &View, seed: u64) -> Image<f32> {
    let scale = camera.fx * sensor.baseline;
    let disparity: Vec<f64> =
        (0..view.depth.len()).map(|at| if view.hit(at) { scale / view.depth[at] } else { 0.0 }).collect();
    let seen = match camera.lens_model.is_pinhole() {
        true => seen_by_second(view, &disparity),
        false => seen_through_lens(view, &disparity, camera, sensor.baseline),
    };
    let quantised = |value: f64| match sensor.disparity_step > 0.0 {
        true => (value / sensor.disparity_step).round() * sensor.disparity_step,
        false => value,
    };
    view.image(|at| {
        let mut dice = Dice::new(seed, at as u64);
        if !view.hit(at) || !seen[at] || !view.bright(at, sensor.max, sensor.max_angle, &mut dice) {
            return None;
        }
        let measured = quantised(disparity[at] + dice.normal() * sensor.disparity_noise);
        let depth = scale / measured;
        (measured > 0.0 && (sensor.min..=sensor.max).contains(&depth)).then_some(depth)
    })
}

/// How much farther something may be than what covers it in the second image, pixels of disparity, and still count as seen: a slanted
/// surface does not cover itself.
const TOLERANCE: f64 = 1.0;

/// For each pixel, whether the second camera sees the same point. Row by row: every surface is drawn into the second image, the nearest
/// stays, and each point looks up whether it is that.
fn seen_by_second(view: &View, disparity: &[f64]) -> Vec<bool> {
    let width = view.width;
    let mut seen = Vec::with_capacity(disparity.len());
    let mut nearest = vec![0.0_f64; width];
    let place = |x: usize, d: f64| x as f64 + 0.5 - d;
    for row in disparity.chunks_exact(width.max(1)) {
        nearest.fill(0.0);
        for (x, &d) in row.iter().enumerate().filter(|&(_, &d)| d > 0.0) {
            // Up to the next pixel where that is of the same surface, so that a slanted one has no gaps.
            let next = row.get(x + 1).filter(|&&next| next > 0.0 && (next - d).abs() < 2.0 * TOLERANCE);
            let end = next.map_or(place(x, d) + 0.5, |&next| place(x + 1, next) - 0.5);
            let (from, to) = (place(x, d) - 0.5, end.max(place(x, d) + 0.5));
            let last = width as f64;
            if to <= 0.0 || from >= last {
                continue;
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..=width")]
            let (from, to) = (from.round().max(0.0) as usize, to.round().min(last) as usize);
            for slot in nearest.iter_mut().take(to).skip(from) {
                *slot = slot.max(d);
            }
        }
        seen.extend(row.iter().enumerate().map(|(x, &d)| {
            let at = place(x, d);
            if d <= 0.0 || at < 0.0 || at >= width as f64 {
                return false;
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..width")]
            let slot = at as usize;
            nearest[slot] <= d + TOLERANCE
        }));
    }
    seen
}

/// The same for a second camera with a lens that bends lines, where a point leaves its row: each is drawn into the pixel of the second image
/// that it falls into and those around it, so that things cover up to a pixel more there than they do.
fn seen_through_lens(view: &View, disparity: &[f64], camera: &Camera, baseline: f64) -> Vec<bool> {
    let (lens, width, height) = (camera.lens(), view.width, view.height);
    let place = |at: usize| {
        #[expect(clippy::cast_precision_loss, reason = "pixels of an image")]
        let pixel = DVec2::new((at % width) as f64 + 0.5, (at / width) as f64 + 0.5);
        let point = lens.ray(pixel)?.normalize() * view.range[at];
        let there = lens.pixel(point - DVec3::X * baseline)?;
        let inside = there.x >= 0.0 && there.y >= 0.0 && there.x < width as f64 && there.y < height as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "inside of the image")]
        let slot = (there.x as usize, there.y as usize);
        inside.then_some(slot)
    };
    let places: Vec<Option<(usize, usize)>> =
        (0..disparity.len()).map(|at| if disparity[at] > 0.0 { place(at) } else { None }).collect();
    let mut nearest = vec![0.0_f64; disparity.len()];
    for (place, &d) in places.iter().zip(disparity) {
        let Some((x, y)) = *place else { continue };
        for y in y.saturating_sub(1)..(y + 2).min(height) {
            for slot in &mut nearest[y * width + x.saturating_sub(1)..y * width + (x + 2).min(width)] {
                *slot = slot.max(d);
            }
        }
    }
    let seen = |(place, d): (&Option<(usize, usize)>, &f64)| {
        place.is_some_and(|(x, y)| nearest[y * width + x] <= d + 2.0 * TOLERANCE)
    };
    places.iter().zip(disparity).map(seen).collect()
}

/// Light that is timed, pixel by pixel. Each pixel gathers from its neighbours with Gaussian weights, and measures the mean of their
/// distances weighted by the light that comes back: between near and far, at edges, it measures what is nowhere (flying pixels). The noise
/// of a distance `r` is normal, of standard deviation `noise r^2 / (a cos t)`: the reach of a sensor whose other light is the same
/// everywhere (Lange and Seitz, "Solid-state time-of-flight range camera", 2001). Light takes one way only: there is no multipath.
pub fn time_of_flight(sensor: &TimeOfFlight, view: &View, seed: u64) -> Image<f32> {
    const REACH: isize = 2;
    let weight = |far: isize| match sensor.blur > 0.0 {
        true => libm::exp(-(far as f64 / sensor.blur) * (far as f64 / sensor.blur) / 2.0),
        false => f64::from(u8::from(far == 0)),
    };
    let weights: Vec<(isize, isize, f64)> = (-REACH..=REACH)
        .flat_map(|dy| (-REACH..=REACH).map(move |dx| (dx, dy)))
        .map(|(dx, dy)| (dx, dy, weight(dx) * weight(dy)))
        .filter(|&(_, _, weight)| weight > 1e-6)
        .collect();
    let returned: Vec<f64> = (0..view.depth.len())
        .map(|at| if view.hit(at) { view.albedo[at] * view.cos[at] / (view.range[at] * view.range[at]) } else { 0.0 })
        .collect();
    view.image(|at| {
        let mut dice = Dice::new(seed, at as u64);
        if !view.hit(at) || !view.bright(at, sensor.max, sensor.max_angle, &mut dice) {
            return None;
        }
        let (x, y) = (at % view.width, at / view.width);
        let (mut sum, mut total) = (0.0, 0.0);
        for &(dx, dy, weight) in &weights {
            let there = x.checked_add_signed(dx).zip(y.checked_add_signed(dy));
            let Some((x, y)) = there.filter(|&(x, y)| x < view.width && y < view.height) else { continue };
            let other = y * view.width + x;
            if returned[other] > 0.0 {
                sum += weight * returned[other] * view.range[other];
                total += weight * returned[other];
            }
        }
        if total <= 0.0 {
            return None;
        }
        let noise = sensor.noise / returned[at];
        let mut range = sum / total + dice.normal() * noise;
        if sensor.step > 0.0 {
            range = (range / sensor.step).round() * sensor.step;
        }
        let depth = range * view.depth[at] / view.range[at];
        (range > 0.0 && (sensor.min..=sensor.max).contains(&depth)).then_some(depth)
    })
}
