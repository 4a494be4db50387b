//! Brown and Conrady's distortion, as OpenCV's `projectPoints` has it: a rational radial part and a tangential one.
//!
//! With `x = X / Z`, `y = Y / Z` and `s = x^2 + y^2`:
//! `x'' = x g(s) + 2 p1 x y + p2 (s + 2 x^2)`, `y'' = y g(s) + p1 (s + 2 y^2) + 2 p2 x y`,
//! `g(s) = (1 + k1 s + k2 s^2 + k3 s^3) / (1 + k4 s + k5 s^2 + k6 s^3)`.
//!
//! The map is the gradient of a function, so that its matrix of derivatives is symmetric. Across the radius its eigenvalue is `g`,
//! along it `f' = g + 2 s g'`, and the tangential part moves either by at most `6 r |p|`. Where both stay above that, on a disc, the
//! map is the gradient of a strictly convex function there: no two points of the disc land on one another. That disc is as far as the
//! lens goes.

use glam::{DMat2, DVec2};

use super::polynomial::{first_root, minus, times, value};

/// A lens goes no farther than this, `tan` of its angle off the axis: 0.006 degrees short of a right angle.
const FARTHEST: f64 = 1e4;

/// A lens ends this much before a pole of its formula, of the radius.
const POLE: f64 = 1e-6;

/// Steps of Newton's method; from a good start it takes four.
const MOST_STEPS: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct BrownConrady {
    k: [f64; 6],
    p: DVec2,
    /// Radius of the disc of `(X / Z, Y / Z)` that it maps.
    pub(super) reach: f64,
}

/// Zeros between the coefficients of a polynomial in `s` make it one in `r`, with `s = r^2`.
fn of_radius(of_square: &[f64]) -> Vec<f64> {
    of_square.iter().flat_map(|&c| [c, 0.0]).collect()
}

impl BrownConrady {
    pub(super) fn new(k: [f64; 6], p: [f64; 2]) -> Self {
        let [k1, k2, k3, k4, k5, k6] = k;
        let (above, below) = ([1.0, k1, k2, k3], [1.0, k4, k5, k6]);
        let square = times(&below, &below);
        // f' = along / square, g = above / below.
        let along = {
            let rising = times(&[1.0, 3.0 * k1, 5.0 * k2, 7.0 * k3], &below);
            minus(&rising, &times(&above, &[0.0, 2.0 * k4, 4.0 * k5, 6.0 * k6]), 1.0)
        };
        let tangential = 6.0 * DVec2::from(p).length();
        // `tangential r` times a polynomial in s.
        let spoiled = |p: &[f64], by: &[f64]| {
            let shifted: Vec<f64> = std::iter::once(0.0).chain(of_radius(by)).collect();
            minus(&of_radius(p), &shifted, tangential)
        };
        let conditions = [spoiled(&along, &square), spoiled(&above, &below)];
        let turns = conditions.iter().filter_map(|p| first_root(p, FARTHEST));
        // Where the denominator is 0 the picture is infinitely large: a hair before that it is but huge.
        let pole = first_root(&of_radius(&below), FARTHEST).map(|pole| pole * (1.0 - POLE));
        let reach = turns.chain(pole).fold(FARTHEST, f64::min);
        Self { k, p: p.into(), reach }
    }

    fn gain(&self, s: f64) -> f64 {
        let [k1, k2, k3, k4, k5, k6] = self.k;
        value(&[1.0, k1, k2, k3], s) / value(&[1.0, k4, k5, k6], s)
    }

    /// The derivative of the gain by `s`.
    fn gain_slope(&self, s: f64) -> f64 {
        let [k1, k2, k3, k4, k5, k6] = self.k;
        let (above, below) = (value(&[1.0, k1, k2, k3], s), value(&[1.0, k4, k5, k6], s));
        let slopes = [value(&[k1, 2.0 * k2, 3.0 * k3], s), value(&[k4, 2.0 * k5, 3.0 * k6], s)];
        (slopes[0] * below - above * slopes[1]) / (below * below)
    }

    /// Of a point `(X / Z, Y / Z)`; `None` beyond the lens's reach.
    pub(super) fn bend(&self, flat: DVec2) -> Option<DVec2> {
        (flat.length() <= self.reach).then(|| self.map(flat))
    }

    fn map(&self, v: DVec2) -> DVec2 {
        let s = v.length_squared();
        // p2 goes with x, p1 with y: 2 (v . q) v + s q with q = (p2, p1).
        let q = DVec2::new(self.p.y, self.p.x);
        v * self.gain(s) + v * (2.0 * v.dot(q)) + q * s
    }

    fn slope(&self, v: DVec2) -> DMat2 {
        let s = v.length_squared();
        let q = DVec2::new(self.p.y, self.p.x);
        let outer = |a: DVec2, b: DVec2| DMat2::from_cols(a * b.x, a * b.y);
        let radial = DMat2::IDENTITY * self.gain(s) + outer(v, v) * (2.0 * self.gain_slope(s));
        radial + DMat2::IDENTITY * (2.0 * v.dot(q)) + outer(v, q) * 2.0 + outer(q, v) * 2.0
    }

    /// The point within reach that lands at `bent`; `None` where there is none.
    pub(super) fn straighten(&self, bent: DVec2) -> Option<DVec2> {
        let mut v = self.start(bent);
        let mut off = self.map(v) - bent;
        for _ in 0..MOST_STEPS {
            let step = self.slope(v).inverse() * off;
            if !step.is_finite() {
                return None;
            }
            // Half the step until it brings the point nearer, and leaves it within reach.
            let mut share = 1.0;
            let (next, missed) = loop {
                let next = v - step * share;
                let missed = self.map(next) - bent;
                let good = next.length() <= self.reach && missed.length_squared() <= off.length_squared();
                if good || share < 1e-9 {
                    break (if good { next } else { v }, if good { missed } else { off });
                }
                share /= 2.0;
            };
            let moved = (next - v).length();
            (v, off) = (next, missed);
            if moved <= 1e-16 * v.length() {
                break;
            }
        }
        // A share of 1e-12, and near 0 as much of 1.
        (off.length() <= 1e-12 * bent.length().max(1.0)).then_some(v)
    }

    /// Without the tangential part, which is small.
    fn start(&self, bent: DVec2) -> DVec2 {
        let wanted = bent.length();
        if wanted == 0.0 {
            return DVec2::ZERO;
        }
        let radius = |r: f64| r * self.gain(r * r);
        let slope = |r: f64| self.gain(r * r) + 2.0 * r * r * self.gain_slope(r * r);
        bent / wanted * super::inverse(wanted, self.reach, radius, slope).unwrap_or(self.reach)
    }

    /// The coefficient that bends the picture back where the lens ends, by OpenCV's name; `None` where it goes as far as can be.
    pub(super) fn culprit(&self) -> Option<&'static str> {
        if self.reach >= FARTHEST {
            return None;
        }
        // Without it the lens would reach farthest.
        let names = ["k1", "k2", "k3", "k4", "k5", "k6", "p1", "p2"];
        let without = (0..names.len()).map(|n| {
            let (mut k, mut p) = (self.k, self.p.to_array());
            if n < k.len() {
                k[n] = 0.0
            } else {
                p[n - k.len()] = 0.0
            }
            Self::new(k, p).reach
        });
        names.into_iter().zip(without).max_by(|a, b| a.1.total_cmp(&b.1)).map(|(name, _)| name)
    }
}
