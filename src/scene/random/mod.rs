//! Named random streams, and drawing from every distribution of a recipe.
//!
//! Each random value has a [`Key`]: the seed, the index of the scene and the path of names that leads to the value
//! (`objects.mugs[2].material.roughness`). No value depends on another one, on the order of drawing or on the platform.
//!
//! A value is drawn from numbers that are even in `[0, 1)` by the inverse of its distribution function ([`quantile`]), and where those come from is
//! the recipe's choice ([`Design`]):
//! - `Random`: BLAKE3 turns the key into the key of a ChaCha8 generator, whose numbers they are.
//! - `Sobol`, `Halton`, `Stratified`: they are what the value's *set* has in this scene ([`design`]). A set is named by a path: that of the value
//!   itself, or that of what holds it where the value is one of several that belong together (see [`fixed_dimension`]), or by a list of the recipe.
//!   Its seeds are BLAKE3 of the seed and that path, without the index. docs/decisions/0019-sampling-designs.md says why.
//!
//! Under `Random` a choice is keyed by `.choice`, its alternatives by `.choice[i]`: editing one alternative moves neither the choice nor any other
//! alternative. Under a design, a choice and its alternative share one number: the choice takes the interval that it falls in, the alternative
//! where it lies in that interval, so that both are as well spread as the number is.

pub mod design;
pub mod quantile;

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
use crate::recipe::sampling::{Design, Sampling};

/// Says what the hash is for; a change of how values are drawn gets a new one.
const DOMAIN: &[u8] = b"scenewright random stream 1";

/// The same for the seeds of designs.
const DESIGN_DOMAIN: &[u8] = b"scenewright sampling design 1";

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
    /// The recipe's designs.
    pub sampling: Arc<Sampling>,
}

/// The path of names of a random value, in its scene.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    path: Vec<u8>,
    draws: Arc<Draws>,
    spread: Spread,
}

/// How a value is spread over the scenes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spread {
    design: Design,
    /// Where the recipe's designs say more about what is here.
    node: Option<usize>,
    /// With what it is spread together.
    set: Set,
    dimension: u32,
    /// Whether nothing else is in its set but what it is made of.
    own: bool,
    /// How much of the path there is up to the instance, or whatever else is numbered, that this is a part of.
    numbered: usize,
    /// Which part of `[0, 1)` is left of the set's number by the choices on the way: its start and its width.
    left: (f64, f64),
}

/// What names a set.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Set {
    /// So much of the path.
    Path(usize),
    /// A list of the recipe, for each numbered thing anew.
    List(u32),
}

/// Numbers that belong together wherever they stand side by side, with the dimension that each has: they are spread together, in their plane or
/// space. A dimension never moves, whatever else there is. `None` for all other names.
fn fixed_dimension(name: &str) -> Option<u32> {
    Some(match name {
        // Vectors, sizes, colours, turns.
        "x" | "r" | "h" | "u" => 0,
        "y" | "g" | "s" | "v" => 1,
        "z" | "b" => 2,
        // Where a camera or the sun stands.
        "azimuth" => 0,
        "elevation" => 1,
        "distance" => 2,
        // Cylinders, cones, rings.
        "radius" | "major_radius" => 0,
        "height" | "minor_radius" => 1,
        _ => return None,
    })
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
        let spread = Spread {
            design: draws.sampling.design(Sampling::ROOT).unwrap_or_default(),
            node: Some(Sampling::ROOT),
            set: Set::Path(path.len()),
            dimension: 0,
            own: true,
            numbered: 0,
            left: (0.0, 1.0),
        };
        Self { path, draws: Arc::new(draws), spread }
    }

    /// What all values of its scene share.
    pub fn draws(&self) -> &Draws {
        &self.draws
    }

    /// `path.name`
    pub fn name(&self, name: &str) -> Self {
        let path = self.part(b'.', name.as_bytes());
        let (parent, sampling) = (self.spread, &self.draws.sampling);
        let node = parent.node.and_then(|node| sampling.below(node, name));
        let design = node.and_then(|node| sampling.design(node)).unwrap_or(parent.design);
        let mut spread = Spread { design, node, left: (0.0, 1.0), own: false, ..parent };
        let joint = node.and_then(|node| sampling.joint(node));
        if let Some(joint) = joint {
            (spread.set, spread.dimension) = (Set::List(joint.list), joint.dimension);
        } else if let Some(dimension) = fixed_dimension(name) {
            // Of several numbers that are written as one, the first takes the place in the recipe's list.
            let listed = dimension == 0 && matches!(parent.set, Set::List(_));
            (spread.set, spread.dimension) = match parent.own || listed {
                true => (parent.set, parent.dimension + dimension),
                false => (Set::Path(self.path.len()), dimension),
            };
            if dimension == 0 {
                spread.left = parent.left;
            }
        } else {
            (spread.set, spread.dimension, spread.own) = (Set::Path(path.len()), 0, true);
        }
        Self { path, draws: self.draws.clone(), spread }
    }

    /// `path[number]`
    pub fn item(&self, number: u64) -> Self {
        let path = self.part(b'[', &number.to_le_bytes());
        let (set, numbered) = (Set::Path(path.len()), path.len());
        let spread = Spread { set, dimension: 0, own: true, numbered, left: (0.0, 1.0), ..self.spread };
        Self { path, draws: self.draws.clone(), spread }
    }

    /// `path.attempt[number]`: the same thing, drawn once more. Designs make no difference between a thing and its first attempt.
    pub fn attempt(&self, number: u64) -> Self {
        let mut key = self.name("attempt").item(number);
        key.spread.node = self.spread.node;
        key.spread.design = self.spread.design;
        if number == 0 {
            key.spread.numbered = self.spread.numbered;
        }
        key
    }

    /// The same path, to which also applies what the recipe's designs say of what is defined at `names`: an instance's material is drawn on the
    /// instance's path, and described under `materials`.
    pub fn described_at(&self, names: &[&str]) -> Self {
        let sampling = &self.draws.sampling;
        let mut key = self.clone();
        let mut node = Some(Sampling::ROOT);
        for name in names {
            node = node.and_then(|node| sampling.below(node, name));
            key.spread.design = node.and_then(|node| sampling.design(node)).unwrap_or(key.spread.design);
        }
        key.spread.node = node;
        key
    }

    /// Alternative `number` of the choice that is drawn by this key: the one in whose part of `[0, 1)` this key's number falls.
    fn alternative(&self, number: u64, (start, end): (f64, f64)) -> Self {
        let path = self.at(self.part(b'.', b"choice")).part(b'[', &number.to_le_bytes());
        let spread = match self.spread.design {
            Design::Random => {
                Spread { set: Set::Path(path.len()), dimension: 0, own: true, left: (0.0, 1.0), ..self.spread }
            }
            _ => {
                let (offset, width) = self.spread.left;
                Spread { left: (offset + width * start, width * (end - start)), ..self.spread }
            }
        };
        Self { path, draws: self.draws.clone(), spread }
    }

    /// `path.match.name`: what this is where a parameter has the value `name`.
    fn case(&self, name: &str) -> Self {
        self.at(self.at(self.part(b'.', b"match")).part(b'.', name.as_bytes()))
    }

    /// The same value under another path.
    fn at(&self, path: Vec<u8>) -> Self {
        Self { path, draws: self.draws.clone(), spread: self.spread }
    }

    /// Lengths are written before names, so that no name can be mistaken for a path.
    fn part(&self, kind: u8, bytes: &[u8]) -> Vec<u8> {
        let mut path = Vec::with_capacity(self.path.len() + 9 + bytes.len());
        path.extend(&self.path);
        path.push(kind);
        path.extend((bytes.len() as u64).to_le_bytes());
        path.extend(bytes);
        path
    }

    /// A number that names this path alone, for what throws dice of its own.
    pub fn hash(&self) -> u64 {
        let hash = blake3::hash(&self.path);
        hash.as_bytes().iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte))
    }

    /// The stream of this path. Under a design, its first numbers are those of the path's set, and the rest are dice.
    pub fn stream(&self) -> Stream {
        let dice = ChaCha8Rng::from_seed(*blake3::hash(&self.path).as_bytes());
        let spread = (self.spread.design != Design::Random).then(|| {
            let set = if self.spread.own { self.spread.set } else { Set::Path(self.path.len()) };
            let left = if self.spread.own { self.spread.left } else { (0.0, 1.0) };
            Even { design: self.spread.design, index: self.draws.index, seeds: self.seeds(set), left, drawn: 0 }
        });
        Stream { dice, spread }
    }

    /// The number in `[0, 1)` that decides the value of this path, under the design in force.
    pub fn unit(&self) -> f64 {
        let [unit] = self.units();
        unit
    }

    /// As [`unit`](Self::unit), for a value that several numbers decide together.
    pub fn units<const N: usize>(&self) -> [f64; N] {
        let spread = &self.spread;
        if spread.design == Design::Random {
            let mut stream = self.stream();
            return [(); N].map(|()| stream.unit());
        }
        // What is more than a number has no place among the dimensions of others.
        let (set, first) =
            if spread.own || N == 1 { (spread.set, spread.dimension) } else { (Set::Path(self.path.len()), 0) };
        let seeds = self.seeds(set);
        let mut dimension = first;
        [(); N].map(|()| {
            let unit = design::unit(spread.design, self.draws.index, dimension, seeds).unwrap_or_default();
            let left = if dimension == spread.dimension { spread.left } else { (0.0, 1.0) };
            dimension += 1;
            rest(unit, left)
        })
    }

    /// What a set is shuffled and scrambled by: the seed, the attempt and its name, the same for all scenes.
    fn seeds(&self, set: Set) -> design::Seeds {
        let mut hasher = blake3::Hasher::new();
        hasher.update(DESIGN_DOMAIN);
        hasher.update(&self.draws.seed.to_le_bytes());
        hasher.update(&self.draws.attempt.to_le_bytes());
        // The seed, the index and the attempt are left out of the path.
        let names = DOMAIN.len() + 16 + if self.draws.attempt > 0 { 5 } else { 0 };
        let up_to = |end: usize| self.path.get(names..end).unwrap_or_default();
        match set {
            Set::Path(end) => hasher.update(b"path").update(up_to(end)),
            Set::List(list) => hasher.update(b"list").update(&list.to_le_bytes()).update(up_to(self.spread.numbered)),
        };
        let hash = hasher.finalize();
        let word = |from: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&hash.as_bytes()[from..from + 8]);
            u64::from_le_bytes(bytes)
        };
        design::Seeds { order: word(0), digits: word(8) }
    }
}

/// Random numbers of one path. Value-stable: part of the contract of a seed.
#[derive(Debug, Clone)]
pub struct Stream {
    dice: ChaCha8Rng,
    spread: Option<Even>,
}

/// What a stream yields before it throws dice.
#[derive(Debug, Clone, Copy)]
struct Even {
    design: Design,
    index: u64,
    seeds: design::Seeds,
    left: (f64, f64),
    drawn: u32,
}

/// So many numbers of a stream are spread by a design: what is drawn at a time takes fewer.
const MOST_EVEN: u32 = 8;

impl Stream {
    /// Evenly in `[0, 1)`: 53 bits.
    pub fn unit(&mut self) -> f64 {
        if let Some(even) = self.spread.as_mut().filter(|even| even.drawn < MOST_EVEN)
            && let Some(unit) = design::unit(even.design, even.index, even.drawn, even.seeds)
        {
            let left = if even.drawn == 0 { even.left } else { (0.0, 1.0) };
            even.drawn += 1;
            return rest(unit, left);
        }
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit an f64 exactly")]
        let bits = (self.dice.next_u64() >> 11) as f64;
        bits / (1u64 << 53) as f64
    }

    /// Evenly in `[min, max)`; `min` where the two are equal.
    pub fn uniform(&mut self, min: f64, max: f64) -> f64 {
        quantile::uniform(self.unit(), min, max)
    }

    /// A whole number in `0..n`, all equally likely; 0 where `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        quantile::below(self.unit(), n)
    }

    /// Standard normal.
    pub fn normal(&mut self) -> f64 {
        quantile::standard_normal(self.unit())
    }

    /// A rotation, evenly over SO(3).
    pub fn rotation(&mut self) -> DQuat {
        any_rotation([self.unit(), self.unit(), self.unit()])
    }

    /// A unit vector, evenly over the sphere.
    pub fn direction(&mut self) -> DVec3 {
        direction([self.unit(), self.unit()])
    }
}

/// Where in the part of `[0, 1)` that choices have left a number lies.
fn rest(unit: f64, (start, width): (f64, f64)) -> f64 {
    if width > 0.0 { ((unit - start) / width).clamp(0.0, 1.0 - f64::EPSILON / 2.0) } else { 0.0 }
}

/// A unit vector, evenly over the sphere, from two even numbers (Archimedes: the height is even).
pub fn direction([height, turn]: [f64; 2]) -> DVec3 {
    let y = 2.0 * height - 1.0;
    let (sin, cos) = libm::sincos(TAU * turn);
    let r = libm::sqrt((1.0 - y * y).max(0.0));
    DVec3::new(r * sin, y, r * cos)
}

/// A rotation, evenly over SO(3), from three even numbers: Shoemake, "Uniform random rotations", Graphics Gems III (1992).
pub fn any_rotation([u, first, second]: [f64; 3]) -> DQuat {
    let (s1, c1) = libm::sincos(TAU * first);
    let (s2, c2) = libm::sincos(TAU * second);
    let (a, b) = (libm::sqrt(1.0 - u), libm::sqrt(u));
    DQuat::from_xyzw(a * s1, a * c1, b * s2, b * c2).normalize()
}

/// Follows choices down to the value itself, and says by which key it is to be drawn.
///
/// # Panics
/// On a choice without alternatives, which no checked recipe has.
pub fn pick<'a, T>(mut varied: &'a Varied<T>, key: &Key) -> (&'a T, Key) {
    let mut key = key.clone();
    loop {
        let drawn =
            |key: &Key| if key.spread.design == Design::Random { key.name("choice").unit() } else { key.unit() };
        let (chosen, part) = match varied {
            Varied::One(value) => return (value, key),
            Varied::Choice(all) => {
                let chosen = quantile::below(drawn(&key), all.len() as u64);
                #[expect(clippy::cast_precision_loss, reason = "recipes are not so long")]
                let (start, count) = (chosen as f64, all.len() as f64);
                (chosen, (start / count, (start + 1.0) / count))
            }
            Varied::Weighted(all) => {
                let total = all.iter().map(|(weight, _)| weight).sum::<f64>();
                let wanted = drawn(&key) * total;
                let (mut chosen, mut start, mut end) = (0, 0.0, 0.0);
                for (number, (weight, _)) in (0..).zip(all) {
                    (chosen, start, end) = (number, end, end + weight);
                    // Rounding may leave a rest: the last one it is.
                    if wanted < end {
                        break;
                    }
                }
                (chosen, (start / total, end / total))
            }
            Varied::Match(choice) => {
                let value = match key.draws.parameters.get(&choice.parameter) {
                    Some(Value::Name(name)) => name.as_str(),
                    _ => "",
                };
                let case = choice.cases.get_key_value(value);
                let chosen = case.map(|(_, chosen)| chosen).or(choice.otherwise.as_ref());
                key = key.case(case.map_or("", |(name, _)| name));
                varied = chosen.expect("a checked recipe has a case for each value of a parameter");
                continue;
            }
        };
        key = key.alternative(chosen, part);
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
    let value = match number {
        Number::Const(value) => *value,
        Number::Expression { expression, min, max } => expression.evaluate(&key.draws.parameters).max(*min).min(*max),
        _ => quantile_of(number, key.unit()),
    };
    if value.is_nan() { 0.0 } else { value.clamp(-LARGEST, LARGEST) }
}

/// Where the share `u` of a distribution lies below, `u` in `[0, 1)`. An expression is no distribution: 0.
pub fn quantile_of(number: &Number, u: f64) -> f64 {
    match *number {
        Number::Const(value) => value,
        Number::Expression { .. } => 0.0,
        Number::Uniform { min, max } => quantile::uniform(u, min, max),
        Number::LogUniform { min, max } => quantile::log_uniform(u, min, max),
        Number::Normal { mean, std, min, max } => quantile::normal(u, mean, std, min, max),
        Number::UniformInt { min, max } => quantile::uniform_int(u, min, max),
        Number::Beta { alpha, beta, min, max } => {
            (min + (max - min) * quantile::beta(u, alpha, beta)).min(max).max(min)
        }
        Number::Triangular { min, mode, max } => quantile::triangular(u, min, mode, max),
        Number::LogNormal { median, sigma, min, max } => quantile::log_normal(u, median, sigma, min, max),
        Number::Exponential { mean, min, max } => quantile::exponential(u, mean, min, max),
        Number::Poisson { mean, min, max } => quantile::poisson(u, mean, min, max),
        Number::VonMises { mean, kappa } => mean + quantile::von_mises(u, kappa).to_degrees(),
        Number::Histogram(ref histogram) => quantile::histogram(u, histogram),
        Number::Curve(ref curve) => quantile::curve(u, curve),
    }
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
        ColorRecipe::Kelvin(t) => color::linear_from_kelvin(scalar(t, &key.name("temperature"))),
    }
}

/// A point or direction.
pub fn vector(dist: &VectorDist, key: &Key) -> DVec3 {
    let (recipe, key) = pick(dist, key);
    match recipe {
        VectorRecipe::PerComponent(components) => triple(components, &key),
        VectorRecipe::InBox { min, max } => in_box(*min, *max, &key),
        VectorRecipe::InSphere { center, radius } => {
            let [height, turn, share] = key.units();
            // The volume within r grows with its cube.
            DVec3::from_array(*center) + direction([height, turn]) * (radius * libm::cbrt(share))
        }
        VectorRecipe::OnSphere { center, radius } => DVec3::from_array(*center) + direction(key.units()) * *radius,
    }
}

/// A point, evenly in a box.
pub fn in_box(min: [f64; 3], max: [f64; 3], key: &Key) -> DVec3 {
    let units: [f64; 3] = key.units();
    DVec3::from_array([0, 1, 2].map(|i| quantile::uniform(units[i], min[i], max[i])))
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
        RotationRecipe::Any => any_rotation(key.units()),
    }
    .normalize()
}
