//! Long bones: a shaft with a knob of two heads at either end.

use std::f64::consts::{PI, TAU};

use glam::{DVec2, DVec3};

use super::builder::Builder;
use super::field::Field;
use crate::mesh::Mesh;

/// Columns about the shaft and bands along it.
const COLUMNS: u32 = 48;
const BANDS: u32 = 64;

/// Along the X axis. `knob` is the width of the heads over that of the shaft.
pub(super) fn mesh(length: f64, radius: f64, knob: f64, roughness: f64, field: &Field) -> Mesh {
    let half = length / 2.0;
    // The heads are about as long as they are wide.
    let head = (radius * knob).min(half);
    // `s` goes from -1 to 1 along the bone, `angle` about it.
    let surface = |s: f64, angle: f64| {
        let x = s * half;
        let from_end = (half - x.abs()) / head;
        // 1 in the head, 0 on the shaft.
        let swell = libm::exp(-from_end * from_end * 1.2);
        let (sin, cos) = libm::sincos(angle);
        let width = radius * (1.0 + (knob - 1.0) * swell);
        // The end is round, like half an egg.
        let t = 1.0 - from_end.min(1.0);
        let round = (1.0 - t * t).max(0.0).sqrt();
        // Two heads beside each other, a groove between them on top and below.
        let groove = 1.0 - 0.45 * swell * (1.0 - cos * cos);
        let r = width * round * groove;
        let bend = 0.03 * length * (1.0 - s * s);
        let p = DVec3::new(x, r * sin + bend, r * cos);
        let bump = roughness * radius * field.at(p) * round;
        p + DVec3::new(0.0, sin, cos) * bump
    };
    let mut out = Builder::default();
    let mut rows: Vec<u32> = Vec::new();
    for j in 0..=BANDS {
        // Finer towards the ends.
        let along = |t: f64| -libm::cos(PI * t);
        let t = f64::from(j) / f64::from(BANDS);
        let pole = j == 0 || j == BANDS;
        let s = if pole { along(t).round() } else { along(t) };
        let mut first = None;
        for i in 0..COLUMNS + u32::from(!pole) {
            let turn = (f64::from(i) + if pole { 0.5 } else { 0.0 }) / f64::from(COLUMNS);
            let angle = TAU * if i == COLUMNS { 0.0 } else { turn };
            let position = if pole { DVec3::new(s * half, 0.0, 0.0) } else { surface(s, angle) };
            const STEP: f64 = 1e-4;
            let inside = |t: f64| along(t.clamp(1e-3, 1.0 - 1e-3));
            let on = surface(inside(t + STEP), angle) - surface(inside(t - STEP), angle);
            let round = surface(s, angle + STEP) - surface(s, angle - STEP);
            let normal = if pole { DVec3::X * s } else { on.cross(round) };
            let index = out.vertex(position, normal, DVec2::new(turn, t));
            first.get_or_insert(index);
        }
        rows.push(first.unwrap_or(0));
    }
    for j in 0..BANDS {
        let (a, b) = (rows[j as usize], rows[j as usize + 1]);
        for i in 0..COLUMNS {
            match j {
                0 => out.triangle(a + i, b + i, b + i + 1),
                _ if j + 1 == BANDS => out.triangle(a + i, b + i, a + i + 1),
                _ => out.quad(a + i, b + i, b + i + 1, a + i + 1),
            }
        }
    }
    out.finish()
}
