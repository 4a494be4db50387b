//! Textures made from numbers: patterns over the unit square, and what they do to the colour, roughness, metal, light and relief of a
//! surface.
//!
//! A [`Pattern`] is a number in 0..=1 for each place of a *tile*, the unit square of texture coordinates: u to the right, v down, from
//! the upper left corner. Tiles join without a seam (but for gradients and pictures, which say so). A [`Coat`] makes properties of
//! a surface from patterns; a [`Layer`] puts one coat over another where its mask says so; a [`Paint`] is a coat with its layers.
//!
//! All of them are generic over their numbers `N`, colours `C` and texts `T`: a recipe holds those that may vary, a scene decided
//! ones. [`PaintRecipe::draw`] leads from one to the other, [`bake`] from the latter to images.

mod bake;
mod ink;
mod kinds;
mod noise;
mod pattern;
mod words;

pub use bake::{Baked, bake};
pub use ink::{ean13_modules, with_check_digit};
pub use kinds::{Kind, Param, ParamKind, WHICH};
pub use noise::{GRADIENT_NOISE_STD, NOISE_STD};
pub use words::Words;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::recipe::{ColorDist, Number, Scalar};
use crate::scene::random::{self, Draws, Key, quantile};

/// The least and the largest side of a baked texture, texels.
pub const RESOLUTIONS: (u32, u32) = (16, 4096);
/// The side of a baked texture where the recipe says nothing, texels.
pub const DEFAULT_RESOLUTION: u32 = 256;
/// The most looks that a material with `variants` may have.
pub const MOST_VARIANTS: u32 = 100_000;
/// What one texel may cost, in octaves of noise (about 10 ns each).
const COSTLIEST_TEXEL: u64 = 2000;
/// What all texels of a paint may cost together, in octaves of noise: half a minute of one core at the worst.
const COSTLIEST_PAINT: u64 = 3_000_000_000;
/// How deep patterns and layers may nest.
const DEEPEST: usize = 24;
/// The most things in a list of layers, stops or named patterns.
const LONGEST: usize = 256;
/// The longest text, bytes.
const LONGEST_TEXT: usize = 1000;

/// A number in 0..=1 for each place of a tile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern<N = f64, T = String> {
    /// Which.
    pub kind: Kind,
    /// Its numbers, by the names of [`Kind::params`]; all of them. Angles are radians.
    pub numbers: BTreeMap<String, N>,
    /// What it writes, the path of what it shows, or the name of what it refers to, where the kind has such a thing.
    pub text: Option<T>,
    /// The patterns that it is made of, as many as the kind has.
    pub of: Vec<Self>,
}

/// A colour for each place of a tile. Colours are linear RGB.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Tint<N = f64, C = [f64; 3], T = String> {
    /// The same everywhere.
    Plain(C),
    /// A pattern's number to a colour: mixed in linear light between the two stops around it, the first and the last one's beyond.
    Ramp {
        /// The number.
        pattern: Pattern<N, T>,
        /// Place in 0..=1, and colour there; never empty, in rising order.
        stops: Vec<(N, C)>,
    },
    /// An image file, stretched over the tile; as a layer's, where it is clear the layer is not there.
    Picture(T),
}

/// A number for each place of a tile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value<N = f64, T = String> {
    /// The same everywhere.
    Plain(N),
    /// From one number, where a pattern is 0, evenly to another, where it is 1.
    Map {
        /// The pattern.
        pattern: Pattern<N, T>,
        /// Where it is 0.
        from: N,
        /// Where it is 1.
        to: N,
    },
}

/// Properties of a surface; `None` says nothing of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coat<N = f64, C = [f64; 3], T = String> {
    /// Base colour.
    pub base_color: Option<Tint<N, C, T>>,
    /// 0..=1.
    pub alpha: Option<Value<N, T>>,
    /// 0..=1.
    pub roughness: Option<Value<N, T>>,
    /// 0..=1.
    pub metallic: Option<Value<N, T>>,
    /// Colour of emitted light; the material's `emission` multiplies it.
    pub emission: Option<Tint<N, C, T>>,
    /// Height of the surface, in sides of the tile, -1..=1.
    pub height: Option<Value<N, T>>,
}

impl<N, C, T> Default for Coat<N, C, T> {
    fn default() -> Self {
        Self { base_color: None, alpha: None, roughness: None, metallic: None, emission: None, height: None }
    }
}

/// A rectangle of the tile, in sides of the tile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area<N = f64> {
    /// Of its middle, from the left edge.
    pub u: N,
    /// Of its middle, from the upper edge.
    pub v: N,
    /// Before it is turned.
    pub width: N,
    /// Before it is turned.
    pub height: N,
    /// Radians, counter-clockwise.
    pub rotation: N,
}

/// What covers the surface below it where its mask is 1, and is not there where its mask is 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer<N = f64, C = [f64; 3], T = String> {
    /// Where it is.
    pub mask: Pattern<N, T>,
    /// Nothing of it is outside, and inside it has a tile of its own; `None` is the whole tile.
    pub area: Option<Area<N>>,
    /// What it makes of the surface.
    pub coat: Coat<N, C, T>,
    /// What lies on it, in its own tile, and is seen only where it is.
    pub layers: Vec<Self>,
}

/// What is painted on a surface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paint {
    /// Sides of the images, texels, within [`RESOLUTIONS`].
    pub resolution: u32,
    /// Patterns that others refer to by name; one that refers to another stands behind it.
    pub patterns: Vec<(String, Pattern)>,
    /// The lowest coat. What it says nothing of is as the material has it, and no layer may say anything of it either.
    pub base: Coat,
    /// From the lowest to the uppermost.
    pub layers: Vec<Layer>,
}

/// A pattern whose numbers and texts may vary.
pub type PatternRecipe = Pattern<Scalar, Words>;
/// A colour field whose numbers, colours and texts may vary.
pub type TintRecipe = Tint<Scalar, ColorDist, Words>;
/// A field of numbers, which may vary.
pub type ValueRecipe = Value<Scalar, Words>;
/// A coat whose numbers, colours and texts may vary.
pub type CoatRecipe = Coat<Scalar, ColorDist, Words>;
/// A layer whose numbers, colours and texts may vary.
pub type LayerRecipe = Layer<Scalar, ColorDist, Words>;

/// What is painted on a surface, before it is decided.
#[derive(Debug, Clone, PartialEq)]
pub struct PaintRecipe {
    /// Texels.
    pub resolution: u32,
    /// In the order in which they are to be computed.
    pub patterns: Vec<(String, PatternRecipe)>,
    /// Only what is painted; plain values are the material's.
    pub base: CoatRecipe,
    /// From the lowest to the uppermost.
    pub layers: Vec<LayerRecipe>,
}

/// Which properties of a surface somebody says something of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Touched {
    /// Base colour.
    pub base_color: bool,
    /// Alpha.
    pub alpha: bool,
    /// Roughness.
    pub roughness: bool,
    /// Metallic.
    pub metallic: bool,
    /// Emission.
    pub emission: bool,
    /// Height.
    pub height: bool,
}

impl<N, C, T> Coat<N, C, T> {
    fn touches(&self) -> Touched {
        Touched {
            base_color: self.base_color.is_some(),
            alpha: self.alpha.is_some(),
            roughness: self.roughness.is_some(),
            metallic: self.metallic.is_some(),
            emission: self.emission.is_some(),
            height: self.height.is_some(),
        }
    }
}

/// What a coat and the layers on it touch.
pub fn touched<N, C, T>(base: &Coat<N, C, T>, layers: &[Layer<N, C, T>]) -> Touched {
    layers.iter().fold(base.touches(), |a, layer| {
        let b = touched(&layer.coat, &layer.layers);
        Touched {
            base_color: a.base_color | b.base_color,
            alpha: a.alpha | b.alpha,
            roughness: a.roughness | b.roughness,
            metallic: a.metallic | b.metallic,
            emission: a.emission | b.emission,
            height: a.height | b.height,
        }
    })
}

/// The key by which a material with so many looks is drawn: one of `variants` keys that all scenes of a seed share.
pub fn variant_key(name: &str, variants: u32, key: &Key) -> Key {
    let draws = key.draws();
    let index = quantile::below(key.name("variant").unit(), u64::from(variants));
    // Under a name of its own: no other value has this path.
    let shared = Draws { seed: draws.seed, index, parameters: draws.parameters.clone(), ..Draws::default() };
    Key::of(shared).name("material variants").name(name)
}

impl PatternRecipe {
    /// Every number, text and choice decided.
    pub fn draw(&self, key: &Key) -> Pattern {
        if let (Kind::Choice, Some(which)) = (self.kind, self.numbers.get(WHICH)) {
            let (number, key) = random::pick(which, key);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
            let place = if let Number::Const(place) = number { *place as usize } else { 0 };
            if let Some(chosen) = self.of.get(place) {
                return chosen.draw(&key);
            }
        }
        let number = |param: &Param| {
            let drawn = self.numbers.get(param.name).map(|dist| random::scalar(dist, &key.name(param.name)));
            (param.name.to_owned(), param.decided(drawn.unwrap_or(param.default)))
        };
        let of = self.of.iter().zip(self.kind.parts()).map(|(part, name)| part.draw(&key.name(name)));
        Pattern {
            kind: self.kind,
            numbers: self.kind.params().iter().map(number).collect(),
            text: self.text.as_ref().map(|words| words.draw(&key.name("text"))),
            of: of.collect(),
        }
    }
}

impl ValueRecipe {
    fn draw(&self, limits: (f64, f64), key: &Key) -> Value {
        let number = |dist, key: &Key| random::scalar(dist, key).clamp(limits.0, limits.1);
        match self {
            Self::Plain(dist) => Value::Plain(number(dist, key)),
            Self::Map { pattern, from, to } => Value::Map {
                pattern: pattern.draw(&key.name("pattern")),
                from: number(from, &key.name("from")),
                to: number(to, &key.name("to")),
            },
        }
    }
}

impl TintRecipe {
    fn draw(&self, key: &Key) -> Tint {
        match self {
            Self::Plain(dist) => Tint::Plain(random::color(dist, key)),
            Self::Ramp { pattern, stops } => {
                let stop = |(number, (at, color)): (u64, &(Scalar, ColorDist))| {
                    let key = key.name("stops").item(number);
                    (random::scalar(at, &key.name("at")).clamp(0.0, 1.0), random::color(color, &key.name("color")))
                };
                let mut stops: Vec<(f64, [f64; 3])> = (0..).zip(stops).map(stop).collect();
                stops.sort_by(|a, b| a.0.total_cmp(&b.0)); // varied places may overtake each other
                Tint::Ramp { pattern: pattern.draw(&key.name("pattern")), stops }
            }
            Self::Picture(path) => Tint::Picture(path.draw(&key.name("path"))),
        }
    }
}

impl CoatRecipe {
    fn draw(&self, key: &Key) -> Coat {
        let value = |value: &Option<ValueRecipe>, limits, name: &str| {
            value.as_ref().map(|value| value.draw(limits, &key.name(name)))
        };
        let tint = |tint: &Option<TintRecipe>, name: &str| tint.as_ref().map(|tint| tint.draw(&key.name(name)));
        Coat {
            base_color: tint(&self.base_color, "base_color"),
            alpha: value(&self.alpha, SHARE, "alpha"),
            roughness: value(&self.roughness, SHARE, "roughness"),
            metallic: value(&self.metallic, SHARE, "metallic"),
            emission: tint(&self.emission, "emission"),
            height: value(&self.height, HEIGHTS, "height"),
        }
    }
}

const SHARE: (f64, f64) = (0.0, 1.0);
/// Heights, in sides of the tile.
const HEIGHTS: (f64, f64) = (-1.0, 1.0);
/// Widths and heights of areas.
const SIDES: (f64, f64) = (0.001, 2.0);

impl LayerRecipe {
    fn draw(&self, key: &Key) -> Layer {
        let layers = (0..).zip(&self.layers).map(|(number, layer)| layer.draw(&key.name("layers").item(number)));
        Layer {
            mask: self.mask.draw(&key.name("mask")),
            area: self.area.as_ref().map(|area| {
                let key = key.name("area");
                let number = |dist, name: &str| random::scalar(dist, &key.name(name));
                Area {
                    u: number(&area.u, "u").clamp(-1.0, 2.0),
                    v: number(&area.v, "v").clamp(-1.0, 2.0),
                    width: number(&area.width, "width").clamp(SIDES.0, SIDES.1),
                    height: number(&area.height, "height").clamp(SIDES.0, SIDES.1),
                    rotation: number(&area.rotation, "rotation").to_radians(),
                }
            }),
            coat: self.coat.draw(key),
            layers: layers.collect(),
        }
    }
}

impl PaintRecipe {
    /// Everything decided. `key` is the material's.
    pub fn draw(&self, key: &Key) -> Paint {
        let patterns = self.patterns.iter();
        let layers = (0..).zip(&self.layers).map(|(number, layer)| layer.draw(&key.name("layers").item(number)));
        Paint {
            resolution: self.resolution,
            patterns: patterns.map(|(name, p)| (name.clone(), p.draw(&key.name("patterns").name(name)))).collect(),
            base: self.base.draw(key),
            layers: layers.collect(),
        }
    }

    /// What one texel costs, in octaves of noise.
    pub fn cost(&self) -> u64 {
        cost(&self.patterns, &self.base, &self.layers)
    }
}

/// Why a paint would take too long, if it would.
///
/// # Errors
/// In words.
pub fn affordable(cost: u64, resolution: u32) -> Result<(), String> {
    let whole = cost.saturating_mul(u64::from(resolution)).saturating_mul(u64::from(resolution));
    if cost > COSTLIEST_TEXEL {
        return Err(format!(
            "its patterns take {cost} steps for each texel, and more than {COSTLIEST_TEXEL} take too long"
        ));
    }
    if whole > COSTLIEST_PAINT {
        return Err(format!("its patterns take {cost} steps for each texel: too long at a resolution of {resolution}"));
    }
    Ok(())
}

/// What one texel costs: each named pattern once, and again wherever it is seen through something that moves it.
fn cost<N, C, T: AsRef<str>>(
    patterns: &[(String, Pattern<N, T>)],
    base: &Coat<N, C, T>,
    layers: &[Layer<N, C, T>],
) -> u64 {
    let mut named: BTreeMap<&str, u64> = BTreeMap::new();
    let mut total: u64 = 0;
    for (name, pattern) in patterns {
        total = total.saturating_add(pattern.cost(&named, false));
        let elsewhere = pattern.cost(&named, true);
        named.insert(name, elsewhere);
    }
    total.saturating_add(base.cost(&named, false)).saturating_add(
        layers.iter().fold(0, |sum: u64, layer| sum.saturating_add(layer.cost(&named, layer.area.is_some()))),
    )
}

impl<N, T: AsRef<str>> Pattern<N, T> {
    /// `moved`: named patterns cannot be looked up, as it is elsewhere that they are asked for.
    fn cost(&self, named: &BTreeMap<&str, u64>, moved: bool) -> u64 {
        let own = match (&self.text, self.kind) {
            (Some(name), Kind::Named) if moved => named.get(name.as_ref()).copied().unwrap_or(1),
            _ => self.kind.cost(),
        };
        let moved = moved || self.kind.moves();
        let parts = self.of.iter().map(|part| part.cost(named, moved));
        match self.kind {
            Kind::Choice => parts.max().unwrap_or(0),
            _ => parts.fold(own, u64::saturating_add),
        }
    }
}

impl<N, C, T: AsRef<str>> Coat<N, C, T> {
    fn cost(&self, named: &BTreeMap<&str, u64>, moved: bool) -> u64 {
        let values = [&self.alpha, &self.roughness, &self.metallic, &self.height].into_iter().flatten();
        let tints = [&self.base_color, &self.emission].into_iter().flatten();
        let of_values = values.map(|value| match value {
            Value::Plain(_) => 1,
            Value::Map { pattern, .. } => pattern.cost(named, moved),
        });
        let of_tints = tints.map(|tint| match tint {
            Tint::Plain(_) | Tint::Picture(_) => 2,
            Tint::Ramp { pattern, .. } => pattern.cost(named, moved).saturating_add(1),
        });
        of_values.chain(of_tints).fold(0, u64::saturating_add)
    }
}

impl<N, C, T: AsRef<str>> Layer<N, C, T> {
    fn cost(&self, named: &BTreeMap<&str, u64>, moved: bool) -> u64 {
        let own = self.mask.cost(named, moved).saturating_add(self.coat.cost(named, moved)).saturating_add(2);
        self.layers.iter().fold(own, |sum, layer| sum.saturating_add(layer.cost(named, moved || layer.area.is_some())))
    }
}

impl Paint {
    /// Paths of the image files that it shows.
    pub fn pictures(&self) -> Vec<&String> {
        fn in_pattern<'a>(pattern: &'a Pattern, found: &mut Vec<&'a String>) {
            if pattern.kind == Kind::Image {
                found.extend(&pattern.text);
            }
            pattern.of.iter().for_each(|part| in_pattern(part, found));
        }
        fn in_coat<'a>(coat: &'a Coat, found: &mut Vec<&'a String>) {
            for tint in [&coat.base_color, &coat.emission].into_iter().flatten() {
                match tint {
                    Tint::Plain(_) => {}
                    Tint::Ramp { pattern, .. } => in_pattern(pattern, found),
                    Tint::Picture(path) => found.push(path),
                }
            }
            for value in [&coat.alpha, &coat.roughness, &coat.metallic, &coat.height].into_iter().flatten() {
                if let Value::Map { pattern, .. } = value {
                    in_pattern(pattern, found);
                }
            }
        }
        fn in_layer<'a>(layer: &'a Layer, found: &mut Vec<&'a String>) {
            in_pattern(&layer.mask, found);
            in_coat(&layer.coat, found);
            layer.layers.iter().for_each(|layer| in_layer(layer, found));
        }
        let mut found = Vec::new();
        self.patterns.iter().for_each(|(_, pattern)| in_pattern(pattern, &mut found));
        in_coat(&self.base, &mut found);
        self.layers.iter().for_each(|layer| in_layer(layer, &mut found));
        found
    }

    /// What it touches.
    pub fn touches(&self) -> Touched {
        touched(&self.base, &self.layers)
    }

    /// What is wrong with it, if anything is: a scene file may hold anything.
    ///
    /// # Errors
    /// In words.
    pub fn validate(&self) -> Result<(), String> {
        let (least, most) = RESOLUTIONS;
        ensure((least..=most).contains(&self.resolution), || {
            format!("`resolution` of `paint` is from {least} to {most}")
        })?;
        ensure(self.patterns.len() <= LONGEST, || format!("`paint` has more than {LONGEST} patterns"))?;
        let mut known: Vec<&str> = Vec::new();
        for (name, pattern) in &self.patterns {
            ensure(!known.contains(&name.as_str()), || format!("two patterns of `paint` are called `{name}`"))?;
            pattern.validate(&known, DEEPEST)?;
            known.push(name);
        }
        self.base.validate(&known)?;
        ensure(self.layers.len() <= LONGEST, || format!("`paint` has more than {LONGEST} layers"))?;
        self.layers.iter().try_for_each(|layer| layer.validate(&known, DEEPEST))?;
        let (own, all) = (self.base.touches(), self.touches());
        ensure(own == all, || "`base` of `paint` says nothing of what a layer changes".into())?;
        affordable(cost(&self.patterns, &self.base, &self.layers), self.resolution)
    }
}

impl Pattern {
    fn validate(&self, known: &[&str], depth: usize) -> Result<(), String> {
        ensure(depth > 0, || format!("patterns nest at most {DEEPEST} deep"))?;
        ensure(self.kind != Kind::Choice, || "a pattern is a choice, which is not decided".into())?;
        let (params, what) = (self.kind.params(), self.kind.word());
        ensure(self.numbers.len() == params.len(), || format!("a pattern `{what}` has {} numbers", params.len()))?;
        for param in params {
            let value = self.numbers.get(param.name).copied();
            ensure(value.is_some_and(|value| param.allows(value)), || {
                format!("`{}` of a pattern `{what}` must be {}", param.name, param.text)
            })?;
        }
        ensure(self.of.len() == self.kind.parts().len(), || {
            format!("a pattern `{what}` is made of {} others", self.kind.parts().len())
        })?;
        ensure(self.text.is_some() == self.kind.has_text(), || format!("`text` does not suit a pattern `{what}`"))?;
        if let Some(text) = &self.text {
            ensure(text.len() <= LONGEST_TEXT, || format!("a text is longer than {LONGEST_TEXT} bytes"))?;
            ensure(self.kind != Kind::Named || known.contains(&text.as_str()), || {
                format!("no pattern before it is called `{text}`")
            })?;
            ensure(self.kind != Kind::Barcode || ean13_modules(text).is_some(), || {
                "a barcode has 13 digits, the last of which checks the others".into()
            })?;
        }
        self.of.iter().try_for_each(|part| part.validate(known, depth - 1))
    }
}

impl Value {
    fn validate(&self, name: &str, (min, max): (f64, f64), known: &[&str]) -> Result<(), String> {
        let within = |value: f64| {
            ensure((min..=max).contains(&value), || format!("`{name}` of `paint` lies from {min} to {max}"))
        };
        match self {
            Self::Plain(value) => within(*value),
            Self::Map { pattern, from, to } => {
                within(*from)?;
                within(*to)?;
                pattern.validate(known, DEEPEST)
            }
        }
    }
}

impl Tint {
    fn validate(&self, known: &[&str]) -> Result<(), String> {
        let color = |color: &[f64; 3]| {
            ensure(color.iter().all(|c| (0.0..=1.0).contains(c)), || "colours of `paint` lie in 0..=1".into())
        };
        match self {
            Self::Plain(plain) => color(plain),
            Self::Ramp { pattern, stops } => {
                ensure((1..=LONGEST).contains(&stops.len()), || {
                    format!("a ramp of `paint` has from 1 to {LONGEST} stops")
                })?;
                ensure(stops.iter().all(|(at, _)| (0.0..=1.0).contains(at)), || {
                    "the stops of a ramp lie in 0..=1".into()
                })?;
                ensure(stops.is_sorted_by(|a, b| a.0 <= b.0), || "the stops of a ramp must be in rising order".into())?;
                stops.iter().try_for_each(|(_, stop)| color(stop))?;
                pattern.validate(known, DEEPEST)
            }
            Self::Picture(path) => ensure(path.len() <= LONGEST_TEXT, || "a path is too long".into()),
        }
    }
}

impl Coat {
    fn validate(&self, known: &[&str]) -> Result<(), String> {
        for tint in [&self.base_color, &self.emission].into_iter().flatten() {
            tint.validate(known)?;
        }
        let values = [
            ("alpha", &self.alpha, SHARE),
            ("roughness", &self.roughness, SHARE),
            ("metallic", &self.metallic, SHARE),
            ("height", &self.height, HEIGHTS),
        ];
        values.into_iter().try_for_each(|(name, value, limits)| match value {
            Some(value) => value.validate(name, limits, known),
            None => Ok(()),
        })
    }
}

impl Layer {
    fn validate(&self, known: &[&str], depth: usize) -> Result<(), String> {
        ensure(depth > 0, || format!("layers nest at most {DEEPEST} deep"))?;
        if let Some(area) = &self.area {
            let within = |value: f64, (min, max): (f64, f64)| (min..=max).contains(&value);
            let good = within(area.u, (-1.0, 2.0))
                && within(area.v, (-1.0, 2.0))
                && within(area.width, SIDES)
                && within(area.height, SIDES)
                && area.rotation.is_finite();
            ensure(good, || "an `area` of `paint` is out of range".into())?;
        }
        self.mask.validate(known, DEEPEST)?;
        self.coat.validate(known)?;
        ensure(self.layers.len() <= LONGEST, || format!("a layer has more than {LONGEST} layers"))?;
        self.layers.iter().try_for_each(|layer| layer.validate(known, depth - 1))
    }
}

fn ensure(holds: bool, reason: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(reason()) }
}
