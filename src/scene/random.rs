//! Named random streams, and drawing from every distribution of a recipe.
//!
//! Each random value has a [`Key`]: the seed, the index of the scene and the path of names that leads to the value
//! (`objects.mugs[2].material.roughness`). BLAKE3 turns the key into the key of a ChaCha8 generator, and the value is
//! drawn from that generator alone. So no value depends on another one, on the order of drawing or on the platform.
//!
//! A choice is keyed by `.choice`, its alternatives by `.choice[i]`: editing one alternative moves neither the choice
//! nor any other alternative.

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::sync::Arc;

use glam::{DQuat, DVec3};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::color;
use crate::recipe::dist::{ColorDist, ColorRecipe, Number, RotationDist, RotationRecipe, Scalar, Varied};
use crate::recipe::dist::{VectorDist, VectorRecipe};
use crate::recipe::expression::Value;

/// Says what the hash is for; a change of how values are drawn gets a new one.
const DOMAIN: &[u8] = b"scenewright random stream 1";

/// A truncated normal is drawn at most so often.
const NORMAL_ATTEMPTS: usize = 1000;

/// Numbers are kept within this, so that sums and products of some of them are finite.
const LARGEST: f64 = 1e100;

/// What all values of a scene share.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draws {
    /// The seed of the dataset.
    pub seed: u64,
    /// The scene's index.
    pub index: u64,
    /// How often the scene has been drawn again because it was not as the recipe wants it.
    pub attempt: u32,
    /// The scene's named parameters, decided.
    pub parameters: BTreeMap<String, Value>,
}

/// The path of names of a random value, in its scene.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    path: Vec<u8>,
    draws: Arc<Draws>,
}

impl Key {
    /// The root of all paths of scene `index` under `seed`.
    pub fn new(seed: u64, index: u64) -> Self {
        Self::of(Draws { seed, index, ..Draws::default() })
    }

    /// The root of all paths of a scene.
    pub fn of(draws: Draws) -> Self {
        let mut path = DOMAIN.to_vec();
        path.extend(draws.seed.to_le_bytes());
        path.extend(draws.index.to_le_bytes());
        if draws.attempt > 0 {
            path.push(b'~');
            path.extend(draws.attempt.to_le_bytes());
        }
        Self { path, draws: Arc::new(draws) }
    }

    /// What all values of its scene share.
    pub fn draws(&self) -> &Draws {
        &self.draws
    }

    /// `path.name`
    pub fn name(&self, name: &str) -> Self {
        self.part(b'.', name.as_bytes())
    }

    /// `path[number]`
    pub fn item(&self, number: u64) -> Self {
        self.part(b'[', &number.to_le_bytes())
    }

    /// Lengths are written before names, so that no name can be mistaken for a path.
    fn part(&self, kind: u8, bytes: &[u8]) -> Self {
        let mut path = Vec::with_capacity(self.path.len() + 9 + bytes.len());
        path.extend(&self.path);
        path.push(kind);
        path.extend((bytes.len() as u64).to_le_bytes());
        path.extend(bytes);
        Self { path, draws: self.draws.clone() }
    }

    /// The stream of this path.
    pub fn stream(&self) -> Stream {
        Stream(ChaCha8Rng::from_seed(*blake3::hash(&self.path).as_bytes()))
    }
}

/// Random numbers of one path. Value-stable: part of the contract of a seed.
#[derive(Debug, Clone)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// Evenly in `[0, 1)`: the top 53 bits of 64.
    pub fn unit(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit an f64 exactly")]
        let bits = (self.0.next_u64() >> 11) as f64;
        bits / (1u64 << 53) as f64
    }

    /// Evenly in `[min, max)`; `min` where the two are equal.
    pub fn uniform(&mut self, min: f64, max: f64) -> f64 {
        let u = self.unit();
        let value = if (max - min).is_finite() { min + (max - min) * u } else { min * (1.0 - u) + max * u };
        // Rounding may reach `max`.
        if value >= max { max.next_down().max(min) } else { value.max(min) }
    }

    /// A whole number in `0..n`, all equally likely; 0 where `n` is 0. Lemire, "Fast random integer generation in an
    /// interval" (2019), algorithm 5.
    #[expect(clippy::cast_possible_truncation, reason = "takes the two halves of a 128-bit product apart")]
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        let reject_below = n.wrapping_neg() % n;
        loop {
            let product = u128::from(self.0.next_u64()) * u128::from(n);
            if product as u64 >= reject_below {
                return (product >> 64) as u64;
            }
        }
    }

    /// Standard normal: Box and Muller (1958), the cosine half, so that each call takes exactly two uniform numbers.
    pub fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.unit())); // 1 - u is in (0, 1]
        radius * libm::cos(TAU * self.unit())
    }

    /// A unit vector, evenly over the sphere (Archimedes: the height is even).
    pub fn direction(&mut self) -> DVec3 {
        let y = 2.0 * self.unit() - 1.0;
        let (sin, cos) = libm::sincos(TAU * self.unit());
        let r = libm::sqrt((1.0 - y * y).max(0.0));
        DVec3::new(r * sin, y, r * cos)
    }

    /// A rotation, evenly over SO(3): Shoemake, "Uniform random rotations", Graphics Gems III (1992).
    pub fn rotation(&mut self) -> DQuat {
        let u = self.unit();
        let (s1, c1) = libm::sincos(TAU * self.unit());
        let (s2, c2) = libm::sincos(TAU * self.unit());
        let (a, b) = (libm::sqrt(1.0 - u), libm::sqrt(u));
        DQuat::from_xyzw(a * s1, a * c1, b * s2, b * c2).normalize()
    }
}

/// Follows choices down to the value itself, and says by which key it is to be drawn.
///
/// # Panics
/// On a choice without alternatives, which no checked recipe has.
pub fn pick<'a, T>(mut varied: &'a Varied<T>, key: &Key) -> (&'a T, Key) {
    let mut key = key.clone();
    loop {
        let chosen = match varied {
            Varied::One(value) => return (value, key),
            Varied::Choice(all) => {
                key = key.name("choice");
                key.stream().below(all.len() as u64)
            }
            Varied::Weighted(all) => {
                key = key.name("choice");
                let mut left = key.stream().unit() * all.iter().map(|(weight, _)| weight).sum::<f64>();
                let found = all.iter().position(|(weight, _)| {
                    left -= weight;
                    left < 0.0
                });
                // Rounding may leave a rest: the last one it is.
                found.unwrap_or(all.len().saturating_sub(1)) as u64
            }
            Varied::Match(choice) => {
                let value = match key.draws.parameters.get(&choice.parameter) {
                    Some(Value::Name(name)) => name.as_str(),
                    _ => "",
                };
                let case = choice.cases.get_key_value(value);
                let chosen = case.map(|(_, chosen)| chosen).or(choice.otherwise.as_ref());
                key = key.name("match").name(case.map_or("", |(name, _)| name));
                varied = chosen.expect("a checked recipe has a case for each value of a parameter");
                continue;
            }
        };
        key = key.item(chosen);
        let next = match varied {
            Varied::One(_) | Varied::Match(_) => None,
            Varied::Choice(all) => all.get(usize::try_from(chosen).unwrap_or(usize::MAX)),
            Varied::Weighted(all) => all.get(usize::try_from(chosen).unwrap_or(usize::MAX)).map(|(_, next)| next),
        };
        varied = next.expect("a checked recipe has no choice without alternatives");
    }
}

/// A number.
pub fn scalar(dist: &Scalar, key: &Key) -> f64 {
    let (number, key) = pick(dist, key);
    let value = match number.clone() {
        Number::Const(value) => value,
        Number::Expression { expression, min, max } => expression.evaluate(&key.draws.parameters).max(min).min(max),
        Number::Uniform { min, max } => key.stream().uniform(min, max),
        Number::LogUniform { min, max } => {
            let value = libm::exp(key.stream().uniform(libm::log(min), libm::log(max)));
            // exp(log(x)) may be off by a bit.
            if value >= max { max.next_down().max(min) } else { value.max(min) }
        }
        Number::Normal { mean, std, min, max } => truncated_normal(&mut key.stream(), mean, std, min, max),
        Number::UniformInt { min, max } => {
            let span = max.wrapping_sub(min).cast_unsigned();
            let offset = match span.checked_add(1) {
                Some(n) => key.stream().below(n),
                None => key.stream().0.next_u64(), // all of i64
            };
            #[expect(clippy::cast_precision_loss, reason = "whole numbers beyond 2^53 have no use in a scene")]
            let value = min.wrapping_add(offset.cast_signed()) as f64;
            value
        }
    };
    if value.is_nan() { 0.0 } else { value.clamp(-LARGEST, LARGEST) }
}

/// Draws until a value lies in `[min, max]`; the mean, moved into the interval, if a thousand draws do not
/// (`check` refuses intervals for which that could be seen).
fn truncated_normal(stream: &mut Stream, mean: f64, std: f64, min: f64, max: f64) -> f64 {
    (0..NORMAL_ATTEMPTS)
        .map(|_| mean + std * stream.normal())
        .find(|value| (min..=max).contains(value))
        .unwrap_or_else(|| mean.min(max).max(min))
}

/// An angle that the recipe has in degrees, in radians.
pub fn angle(dist: &Scalar, key: &Key) -> f64 {
    scalar(dist, key).to_radians()
}

/// Three numbers, keyed `x`, `y`, `z`.
pub fn triple(dist: &[Scalar; 3], key: &Key) -> DVec3 {
    DVec3::new(scalar(&dist[0], &key.name("x")), scalar(&dist[1], &key.name("y")), scalar(&dist[2], &key.name("z")))
}

/// A colour: linear RGB (Rec. 709 primaries), each in 0..=1.
pub fn color(dist: &ColorDist, key: &Key) -> [f64; 3] {
    let (recipe, key) = pick(dist, key);
    let three = |dist: &[Scalar; 3], names: [&str; 3]| [0, 1, 2].map(|i| scalar(&dist[i], &key.name(names[i])));
    let unit = |rgb: [f64; 3]| rgb.map(|c| c.clamp(0.0, 1.0));
    match recipe {
        ColorRecipe::Hex(bytes) => bytes.map(|b| color::linear_from_srgb(f64::from(b) / 255.0)),
        ColorRecipe::Rgb(rgb) => unit(three(rgb, ["r", "g", "b"])).map(color::linear_from_srgb),
        ColorRecipe::Linear(rgb) => unit(three(rgb, ["r", "g", "b"])),
        ColorRecipe::Hsv(hsv) => {
            let [h, s, v] = three(hsv, ["h", "s", "v"]);
            color::srgb_from_hsv(h, s.clamp(0.0, 1.0), v.clamp(0.0, 1.0)).map(color::linear_from_srgb)
        }
        ColorRecipe::Kelvin(t) => color::linear_from_kelvin(scalar(t, &key.name("t"))),
    }
}

/// A point or direction.
pub fn vector(dist: &VectorDist, key: &Key) -> DVec3 {
    let (recipe, key) = pick(dist, key);
    match recipe {
        VectorRecipe::PerComponent(components) => triple(components, &key),
        VectorRecipe::InBox { min, max } => in_box(*min, *max, &key),
        VectorRecipe::InSphere { center, radius } => {
            let mut stream = key.stream();
            let direction = stream.direction();
            // The volume within r grows with its cube.
            DVec3::from_array(*center) + direction * (radius * libm::cbrt(stream.unit()))
        }
        VectorRecipe::OnSphere { center, radius } => DVec3::from_array(*center) + key.stream().direction() * *radius,
    }
}

/// A point, evenly in a box.
pub fn in_box(min: [f64; 3], max: [f64; 3], key: &Key) -> DVec3 {
    let mut stream = key.stream();
    DVec3::from_array([0, 1, 2].map(|i| stream.uniform(min[i], max[i])))
}

/// A rotation, as a unit quaternion.
pub fn rotation(dist: &RotationDist, key: &Key) -> DQuat {
    let (recipe, key) = pick(dist, key);
    match recipe {
        RotationRecipe::Euler(angles) => {
            let turn = |i: usize, name: &str| angle(&angles[i], &key.name(name));
            // About fixed axes, x first: the first turn stands rightmost.
            DQuat::from_rotation_z(turn(2, "z"))
                * DQuat::from_rotation_y(turn(1, "y"))
                * DQuat::from_rotation_x(turn(0, "x"))
        }
        RotationRecipe::Yaw(yaw) => DQuat::from_rotation_y(angle(yaw, &key.name("yaw"))),
        RotationRecipe::AxisAngle(axis, turn) => {
            let axis = DVec3::from_array(*axis).try_normalize().unwrap_or(DVec3::Y);
            DQuat::from_axis_angle(axis, angle(turn, &key.name("angle")))
        }
        RotationRecipe::Any => key.stream().rotation(),
    }
    .normalize()
}
