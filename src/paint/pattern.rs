//! Patterns made ready, and their numbers at a place.

use std::f64::consts::{PI, TAU};

use super::ink::{Bars, Ink, Picture, ean13_modules};
use super::noise::{Cells, Fractal, NOISE_STD, around, hash, nearest, unit};
use super::{Kind, Pattern};
use crate::assets::{Font, Library};

/// Patches are found on a grid of so many places a side, to know above which number the wanted share lies.
const SURVEY: u32 = 48;

/// A number, and the cell of the pattern that it belongs to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sample {
    pub(super) value: f64,
    pub(super) cell: u32,
}

impl Sample {
    fn plain(value: f64) -> Self {
        Self { value, cell: 0 }
    }
}

/// A pattern with everything done that is the same for all places.
#[derive(Debug)]
pub(super) struct Node {
    kind: Kind,
    /// In the order of [`Kind::params`].
    p: [f64; 8],
    seed: u32,
    of: Vec<Node>,
    extra: Extra,
}

#[derive(Debug)]
enum Extra {
    None,
    /// Which of the named patterns.
    Named(usize),
    Ink(Ink),
    Bars(Bars),
    Picture(Picture),
    /// Patches are where their noise is above this.
    Threshold(f64),
}

/// What patterns are made ready for.
#[derive(Clone, Copy)]
pub(super) struct Room<'a> {
    pub(super) library: &'a Library,
    /// Names of the patterns that may be referred to.
    pub(super) names: &'a [&'a str],
    /// Texels across the unit square, along u and v.
    pub(super) texels: [f64; 2],
}

impl Room<'_> {
    /// Width of a texel.
    pub(super) fn texel(&self) -> f64 {
        1.0 / self.texels[0].min(self.texels[1]).max(1.0)
    }

    pub(super) fn counts(&self) -> [u32; 2] {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        self.texels.map(|count| count.ceil().clamp(1.0, 4096.0) as u32)
    }

    /// A picture, ready.
    pub(super) fn picture(&self, path: &str) -> Result<Picture, String> {
        let texture = self.library.textures.get(path).ok_or_else(|| path.to_owned())?;
        Ok(Picture::new(texture, self.counts()))
    }
}

/// A place, and what is known there.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) u: f64,
    pub(super) v: f64,
    /// Width of a texel here.
    pub(super) texel: f64,
    /// The named patterns.
    pub(super) named: &'a [Node],
    /// Their numbers, where this is the place that they were computed for.
    pub(super) known: Option<&'a [Sample]>,
}

impl Place<'_> {
    pub(super) fn moved(&self, u: f64, v: f64, texel: f64) -> Self {
        Self { u, v, texel, named: self.named, known: None }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range of its parameter")]
fn cells(scale: f64, stretch: f64) -> Cells {
    [scale.clamp(1.0, 4096.0) as u32, (scale * stretch).round().clamp(1.0, 4096.0) as u32]
}

/// 0 outside and 1 inside of an edge that lies at 0, evenly over a width.
fn soft(distance: f64, width: f64) -> f64 {
    (distance / width.max(1e-9) + 0.5).clamp(0.0, 1.0)
}

/// 0 below `low`, 1 above `high`, smooth between.
fn smooth(x: f64, low: f64, high: f64) -> f64 {
    let t = ((x - low) / (high - low).max(1e-9)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

fn fract(x: f64) -> f64 {
    x - x.floor()
}

/// A whole number as the name of a cell.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cells are counted in hundreds")]
fn index(x: f64, count: f64) -> u32 {
    x.floor().rem_euclid(count.max(1.0)) as u32
}

impl Node {
    /// # Errors
    /// The path of a file that is not in the library.
    pub(super) fn new(pattern: &Pattern, room: Room<'_>) -> Result<Self, String> {
        let mut p = [0.0; 8];
        let mut seed = 0;
        for (slot, param) in p.iter_mut().zip(pattern.kind.params()) {
            *slot = pattern.numbers.get(param.name).copied().unwrap_or(param.default);
            if param.name == "seed" {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a whole number of 32 bits"
                )]
                let bits = *slot as u32;
                // Patterns of two kinds with one seed have nothing to do with each other.
                seed = hash(bits, pattern.kind as u32, 0);
            }
        }
        let text = pattern.text.as_deref().unwrap_or_default();
        let extra = match pattern.kind {
            Kind::Named => Extra::Named(room.names.iter().position(|name| *name == text).unwrap_or(usize::MAX)),
            Kind::Text => {
                let aspect = p[0] * room.texels[0] / room.texels[1];
                Extra::Ink(Ink::of_text(&Font::built_in(), text, aspect, room.counts()))
            }
            Kind::Barcode => Extra::Bars(Bars::new(&ean13_modules(text).unwrap_or_default())),
            Kind::Image => Extra::Picture(room.picture(text)?),
            _ => Extra::None,
        };
        let inner = match pattern.kind {
            Kind::Repeat => Room { texels: [room.texels[0] / p[0], room.texels[1] / p[1]], ..room },
            Kind::Turned => Room { texels: [room.texels[1], room.texels[0]], ..room },
            _ => room,
        };
        let of = pattern.of.iter().map(|part| Self::new(part, inner)).collect::<Result<Vec<_>, _>>()?;
        let mut node = Self { kind: pattern.kind, p, seed, of, extra };
        if let Kind::Rust | Kind::Dirt = node.kind {
            node.extra = Extra::Threshold(node.threshold(room.texel()));
        }
        Ok(node)
    }

    /// The number above which the noise of patches lies on the share of the tile that is asked for.
    fn threshold(&self, texel: f64) -> f64 {
        let amount = self.p[0];
        let at = |k: u32| (f64::from(k) + 0.5) / f64::from(SURVEY);
        let mut found: Vec<f64> =
            (0..SURVEY * SURVEY).map(|k| self.patches(at(k % SURVEY), at(k / SURVEY), texel)).collect();
        found.sort_by(f64::total_cmp);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a short list")]
        let below = ((1.0 - amount) * found.len() as f64).round() as usize;
        match amount {
            0.0 => f64::INFINITY,
            1.0 => f64::NEG_INFINITY,
            _ => found.get(below).copied().unwrap_or(f64::INFINITY),
        }
    }

    fn part(&self, number: usize, place: Place<'_>) -> Sample {
        self.of.get(number).map_or(Sample::default(), |part| part.at(place))
    }

    /// Its number at a place.
    pub(super) fn at(&self, place: Place<'_>) -> Sample {
        let Place { u, v, texel, .. } = place;
        let [a, b, c, d, e, ..] = self.p;
        let combined = |of: fn(f64, f64) -> f64| {
            let (x, y) = (self.part(0, place), self.part(1, place));
            Sample { value: of(x.value, y.value), cell: x.cell }
        };
        let changed = |of: &dyn Fn(f64) -> f64| {
            let x = self.part(0, place);
            Sample { value: of(x.value), cell: x.cell }
        };
        match self.kind {
            // Nothing but recipes has a choice.
            Kind::Plain | Kind::Choice => Sample::plain(a),
            Kind::Named => self.named(place),
            Kind::Noise => Sample::plain((0.5 + NOISE_STD * self.fractal().sum(u, v, texel)).clamp(0.0, 1.0)),
            Kind::Ridges => Sample::plain((0.5 + NOISE_STD * self.fractal().creases(u, v, texel)).clamp(0.0, 1.0)),
            Kind::Cells => {
                let near = nearest(u, v, cells(a, b), c, self.seed, false);
                Sample { value: near.distance.min(1.0), cell: near.id }
            }
            Kind::Cracks => {
                let grid = cells(a, b);
                let near = nearest(u, v, grid, e, self.seed, true);
                let blur = (d * c).max(texel * f64::from(grid[0].max(grid[1])));
                Sample { value: soft(c / 2.0 - near.edge, blur), cell: near.id }
            }
            Kind::Checker => {
                // A square wave of 1 and -1, its edges as wide as a texel.
                let wave = |x: f64, count: f64| {
                    let t = fract(x * count / 2.0);
                    let from_edge = (t - 0.5).abs().min(0.5 - (t - 0.5).abs()) * 2.0 / count;
                    let sign = if t < 0.5 { 1.0 } else { -1.0 };
                    sign * (2.0 * soft(from_edge, texel) - 1.0)
                };
                let value = 0.5 + 0.5 * wave(u, a) * wave(v, b);
                Sample { value, cell: hash(0, index(u * a, a), index(v * b, b)) }
            }
            Kind::Stripes => {
                let t = fract(v * a);
                let from_edge = if t < b { t.min(b - t) } else { -(t - b).min(1.0 - t) };
                let value = match b {
                    0.0 | 1.0 => b,
                    _ => soft(from_edge / a, texel.max(0.5 * c / a)),
                };
                Sample { value, cell: hash(1, index(v * a, a), 0) }
            }
            Kind::Bricks => bricks(u, v, [a, b, c, d, e], texel),
            Kind::Wood => Sample::plain(self.wood(u, v, texel)),
            Kind::Marble => Sample::plain(self.marble(u, v, texel)),
            Kind::Spots => self.spots(u, v, texel),
            Kind::Scratches => Sample::plain(self.scratches(u, v, texel)),
            Kind::Weave => weave(u, v, [a, b, c]),
            Kind::Gradient => {
                let (sin, cos) = libm::sincos(a);
                let along = (u - 0.5) * cos - (v - 0.5) * sin;
                Sample::plain((0.5 + along / (sin.abs() + cos.abs())).clamp(0.0, 1.0))
            }
            Kind::Disc => {
                let (x, y) = (u - 0.5, v - 0.5);
                let edge = (a * b).max(texel);
                Sample::plain(1.0 - smooth((x * x + y * y).sqrt(), a - edge, a))
            }
            Kind::Rust | Kind::Dirt => {
                let Extra::Threshold(threshold) = self.extra else { return Sample::default() };
                // Dirt fades over far more than the edge of rust does.
                let half = (if self.kind == Kind::Rust { 0.5 } else { 1.4 } * c).max(0.02);
                match threshold.is_finite() {
                    true => Sample::plain(smooth(self.patches(u, v, texel), threshold - half, threshold + half)),
                    false => Sample::plain(a),
                }
            }
            Kind::Text => Sample::plain(if let Extra::Ink(ink) = &self.extra { ink.at(u, v) } else { 0.0 }),
            Kind::Barcode => Sample::plain(if let Extra::Bars(bars) = &self.extra { bars.at(u, texel) } else { 0.0 }),
            Kind::Image => {
                Sample::plain(if let Extra::Picture(picture) = &self.extra { picture.luminance(u, v) } else { 0.0 })
            }
            Kind::Invert => changed(&|x| 1.0 - x),
            Kind::Step => changed(&|x| smooth(x, a - b / 2.0, a + b / 2.0)),
            Kind::Levels => changed(&|x| {
                let t = if a == b { f64::from(u8::from(x > a)) } else { ((x - a) / (b - a)).clamp(0.0, 1.0) };
                if c == 1.0 { t } else { libm::pow(t, c) }
            }),
            Kind::Product => combined(|x, y| x * y),
            Kind::Max => combined(f64::max),
            Kind::Min => combined(f64::min),
            Kind::Mix => {
                let (x, y, by) = (self.part(0, place), self.part(1, place), self.part(2, place).value);
                Sample { value: x.value + (y.value - x.value) * by, cell: x.cell }
            }
            Kind::Warp => {
                let push = |salt: u32| {
                    let fractal = Fractal { cells: cells(b, 1.0), octaves: 3, gain: 0.5, seed: self.seed ^ salt };
                    a * 0.5 * fractal.sum(u, v, texel)
                };
                self.part(0, place.moved(fract(u + push(0)), fract(v + push(0x5bd1_e995)), texel))
            }
            Kind::Repeat => self.part(0, place.moved(fract(u * a), fract(v * b), texel * a.max(b))),
            Kind::Turned => self.part(0, place.moved(v, 1.0 - u, texel)),
            Kind::Tones => {
                let cell = self.part(0, place).cell;
                Sample { value: unit(hash(self.seed, cell, 7)), cell }
            }
        }
    }

    fn named(&self, place: Place<'_>) -> Sample {
        let Extra::Named(number) = self.extra else { return Sample::default() };
        if let Some(known) = place.known.and_then(|known| known.get(number)) {
            return *known;
        }
        place.named.get(number).map_or(Sample::default(), |node| node.at(place))
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to 10")]
    fn fractal(&self) -> Fractal {
        let [scale, stretch, octaves, gain, ..] = self.p;
        Fractal { cells: cells(scale, stretch), octaves: octaves as u32, gain, seed: self.seed }
    }

    /// The noise of rust and dirt.
    fn patches(&self, u: f64, v: f64, texel: f64) -> f64 {
        let [_, scale, ..] = self.p;
        let rust = self.kind == Kind::Rust;
        let (octaves, gain) = if rust { (7, 0.62) } else { (5, 0.5) };
        Fractal { cells: cells(scale, 1.0), octaves, gain, seed: self.seed }.sum(u, v, texel)
    }

    /// Plain-sawn wood: the rings of a trunk cut along it are long, wavy lines, each pale where the year began and dark where it
    /// ended, and sharp after that; fibres and pores run with them.
    fn wood(&self, u: f64, v: f64, texel: f64) -> f64 {
        let [rings, waviness, fibres, ..] = self.p;
        let fractal = |cells, octaves, salt| Fractal { cells, octaves, gain: 0.5, seed: self.seed ^ salt };
        let sway = fractal([1, 2], 2, 1).sum(u, v, texel);
        let shiver = fractal([5, 24], 2, 2).sum(u, v, texel);
        let t = rings * (v + waviness * (0.09 * sway + 0.004 * shiver));
        let year = index(t, rings);
        let f = fract(t);
        let edge = (rings * texel * 1.5).clamp(0.06, 0.5);
        let profile = f * f * (1.0 - smooth(f, 1.0 - edge, 1.0));
        let strength = 0.35 + 0.65 * unit(hash(self.seed, year, 3));
        let streaks = fractal([3, 90], 3, 4).sum(u, v, texel);
        let pores = smooth(fractal([14, 150], 2, 5).sum(u, v, texel), 1.1, 2.0);
        let cloud = fractal([2, 3], 3, 6).sum(u, v, texel);
        let tone = 0.22 + 0.06 * cloud + 0.6 * profile * strength + fibres * (0.13 * streaks + 0.5 * pores);
        tone.clamp(0.0, 1.0)
    }

    /// Veins are where pushed-about noise changes its sign: thin lines that run on, meet, and fade.
    fn marble(&self, u: f64, v: f64, texel: f64) -> f64 {
        let [scale, veins, waviness, ..] = self.p;
        let fractal = |times: f64, octaves, salt| Fractal {
            cells: cells(scale * times, 1.0),
            octaves,
            gain: 0.5,
            seed: self.seed ^ salt,
        };
        let push = 0.12 * waviness;
        let (x, y) = (
            u + push * fractal(1.0, 4, 1).sum(u, v, texel) / scale,
            v + push * fractal(1.0, 4, 2).sum(u, v, texel) / scale,
        );
        let (x, y) = (x + push * 0.4 * fractal(3.0, 3, 6).sum(u, v, texel) / scale, y);
        let line = |value: f64, width: f64| {
            let t = (1.0 - value.abs() / width).max(0.0);
            t * t * t
        };
        let strong = fractal(1.0, 3, 3).sum(x, y, texel);
        let fine = fractal(3.0, 2, 4).sum(x, y, texel);
        let cloud = fractal(1.0, 5, 5).sum(x, y, texel);
        let fading = (0.5 + 0.5 * cloud).clamp(0.0, 1.0);
        let width = 0.08 + 0.8 * veins;
        let tone = line(strong, width) * (0.35 + 0.65 * fading) + 0.45 * line(fine, 0.6 * width) * fading;
        (tone + 0.1 * (0.5 + 0.5 * cloud)).clamp(0.0, 1.0)
    }

    fn spots(&self, u: f64, v: f64, texel: f64) -> Sample {
        let [scale, radius, share, softness, ..] = self.p;
        let mut best = Sample::default();
        around(u, v, cells(scale, 1.0), self.seed, |x, y, id| {
            if unit(hash(id, 3, 0)) < share {
                let own = radius * (0.55 + 0.45 * unit(hash(id, 4, 0)));
                let edge = (softness * own).max(texel * scale);
                let value = soft(own - edge / 2.0 - (x * x + y * y).sqrt(), edge);
                if value > best.value {
                    best = Sample { value, cell: id };
                }
            }
        });
        best
    }

    fn scratches(&self, u: f64, v: f64, texel: f64) -> f64 {
        let [scale, share, width, angle, spread, ..] = self.p;
        let mut best: f64 = 0.0;
        for (times, thinner, salt) in [(1.0, 1.0, 0), (2.0, 0.7, 1)] {
            let grid = cells(scale * times, 1.0);
            let texel = texel * scale * times;
            around(u, v, grid, self.seed ^ salt, |x, y, id| {
                let chance = |k: u32| unit(hash(id, k, 1));
                if chance(3) >= share {
                    return;
                }
                let (sin, cos) = libm::sincos(angle + (chance(4) - 0.5) * spread);
                let along = x * cos - y * sin;
                let bend = 0.4 * (chance(5) - 0.5);
                let across = x * sin + y * cos + bend * along * along;
                let half = 0.2 + 0.7 * chance(6) * chance(6);
                let wide = width * thinner * (0.4 + 0.6 * chance(7));
                // A line thinner than a texel is as much paler.
                let strength = (wide / texel).min(1.0) * (0.4 + 0.6 * chance(8));
                let ends = smooth(half - along.abs(), 0.0, 0.5 * half);
                best = best.max(strength * ends * soft(wide.max(texel) / 2.0 - across.abs(), texel));
            });
        }
        best
    }
}

/// Mortar is as thick between rows as between columns.
fn bricks(u: f64, v: f64, [columns, rows, mortar, offset, bevel]: [f64; 5], texel: f64) -> Sample {
    let thick = (mortar / rows).min(0.9 / columns);
    let row = index(v * rows, rows);
    let x = u * columns + if row % 2 == 1 { offset } else { 0.0 };
    let from_edge = |t: f64, count: f64| t.min(1.0 - t) / count - thick / 2.0;
    let distance = from_edge(fract(x), columns).min(from_edge(fract(v * rows), rows));
    let slope = bevel / rows;
    // A bevel lies within the brick; a sharp edge is as wide as a texel, and half of it without.
    let value = if slope > texel { (distance / slope).clamp(0.0, 1.0) } else { soft(distance, texel) };
    let value = if thick == 0.0 && slope <= texel { 1.0 } else { value };
    Sample { value, cell: hash(2, row, index(x, columns)) }
}

/// Two sets of threads, each over and under so many of the other: the height of the upper one.
fn weave(u: f64, v: f64, [threads, over, gap]: [f64; 3]) -> Sample {
    // As many as go into the repeat of the binding.
    let count = (threads / (2.0 * over)).ceil().max(1.0) * 2.0 * over;
    let (x, y) = (u * count, v * count);
    let (column, row) = (index(x, count), index(y, count));
    let place = fract((f64::from(column) + f64::from(row)) / (2.0 * over)) * 2.0 * over;
    let round = |t: f64| {
        let t = (2.0 * t - 1.0) / (1.0 - gap).max(0.05);
        (1.0 - t * t).max(0.0).sqrt()
    };
    let upright = place + 0.5 < over;
    let (across, along, cell) = if upright {
        (fract(x), (place + fract(y)) / over, hash(3, column, 0))
    } else {
        (fract(y), (place - over + fract(x)) / over, hash(3, row, 1))
    };
    let arch = libm::sin(PI * along.clamp(0.0, 1.0));
    // Twisted from fibres: fine lines at a slant.
    let twist = 0.5 + 0.5 * libm::sin(TAU * (2.0 * along * over + across));
    Sample { value: (round(across) * (0.5 + 0.42 * arch + 0.08 * twist)).clamp(0.0, 1.0), cell }
}
