//! Which patterns there are, and their numbers: the recipe language, drawing, and the check of scene files read the same table.

use std::f64::consts::{PI, TAU};

use serde::{Deserialize, Serialize};

use crate::recipe::{Number, Scalar, Varied};

/// A kind of pattern. What each shows is said in `docs/recipe.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// The same number everywhere.
    Plain,
    /// Another pattern of the paint, by its name.
    Named,
    /// Fractal gradient noise: mean 0.5, standard deviation [`NOISE_STD`](super::NOISE_STD).
    Noise,
    /// Fractal noise with sharp creases, which are 1.
    Ridges,
    /// Distance to the nearest of scattered points, 0 to 1.
    Cells,
    /// 1 along the borders between cells.
    Cracks,
    /// Two numbers, 0 and 1, in squares.
    Checker,
    /// Level bands of 1 on 0.
    Stripes,
    /// Bricks, 1, in mortar, 0.
    Bricks,
    /// Grain along u: early wood 0, late wood 1.
    Wood,
    /// Veins, 1, in a ground, 0.
    Marble,
    /// Round spots of 1.
    Spots,
    /// Fine lines of 1.
    Scratches,
    /// How high the threads of a cloth lie.
    Weave,
    /// From 0 on one side to 1 on the other.
    Gradient,
    /// 1 in the middle of the tile.
    Disc,
    /// Ragged patches of 1.
    Rust,
    /// Soft patches of 1.
    Dirt,
    /// Letters.
    Text,
    /// An EAN-13 barcode.
    Barcode,
    /// Luminance of an image file.
    Image,
    /// One minus another.
    Invert,
    /// 0 below a number, 1 above.
    Step,
    /// What is between two numbers, stretched to 0 to 1.
    Levels,
    /// One times another.
    Product,
    /// The larger of two.
    Max,
    /// The smaller of two.
    Min,
    /// Between two, as a third says.
    Mix,
    /// Another, pushed about by noise.
    Warp,
    /// Another, so many times across the tile.
    Repeat,
    /// Another, turned by a right angle.
    Turned,
    /// A random number for each cell of another.
    Tones,
    /// One of several: in recipes alone, as what is drawn is that one. Its number [`WHICH`] says which.
    #[serde(skip)]
    Choice,
}

/// The number by which a [`Kind::Choice`] takes one of the patterns that it is of.
pub const WHICH: &str = "which";

/// A number of a pattern.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// In recipes and scenes.
    pub name: &'static str,
    /// Least value; degrees for an angle.
    pub min: f64,
    /// Largest value; degrees for an angle.
    pub max: f64,
    /// Where the recipe says nothing.
    pub default: f64,
    /// `from 1 to 512`
    pub text: &'static str,
    /// What it is.
    pub kind: ParamKind,
}

/// How a number of a pattern is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamKind {
    /// As it is.
    Number,
    /// Draws are rounded.
    Whole,
    /// Draws are rounded to an even number.
    Even,
    /// Degrees in recipes, radians in scenes.
    Angle,
    /// A whole number; drawn from all of them where the recipe says nothing.
    Seed,
}

/// The largest seed of a pattern.
const LARGEST_SEED: f64 = 4_294_967_295.0;

impl Param {
    const fn new(name: &'static str, min: f64, max: f64, default: f64, text: &'static str) -> Self {
        Self { name, min, max, default, text, kind: ParamKind::Number }
    }

    const fn whole(self) -> Self {
        Self { kind: ParamKind::Whole, ..self }
    }

    const fn share(name: &'static str, default: f64) -> Self {
        Self::new(name, 0.0, 1.0, default, "from 0 to 1")
    }

    const fn angle(name: &'static str, default: f64) -> Self {
        Self { kind: ParamKind::Angle, ..Self::new(name, -1e9, 1e9, default, "a number") }
    }

    const fn seed() -> Self {
        let any = Self::new("seed", 0.0, LARGEST_SEED, 0.0, "from 0 to 4294967295");
        Self { kind: ParamKind::Seed, ..any }
    }

    /// What a recipe has that says nothing.
    pub fn default_dist(&self) -> Scalar {
        Varied::One(match self.kind {
            ParamKind::Seed => Number::UniformInt { min: 0, max: 4_294_967_295 },
            _ => Number::Const(self.default),
        })
    }

    /// The number of a scene that was drawn so.
    pub(super) fn decided(&self, drawn: f64) -> f64 {
        let kept = drawn.clamp(self.min, self.max);
        match self.kind {
            ParamKind::Number => kept,
            ParamKind::Whole | ParamKind::Seed => kept.round(),
            ParamKind::Even => 2.0 * (kept / 2.0).round().max(1.0),
            // Once round is enough.
            ParamKind::Angle => (kept.to_radians() + PI).rem_euclid(TAU) - PI,
        }
    }

    /// Whether a scene may hold it.
    pub(super) fn allows(&self, value: f64) -> bool {
        match self.kind {
            ParamKind::Angle => value.abs() <= 2.0 * TAU,
            ParamKind::Number => (self.min..=self.max).contains(&value),
            ParamKind::Whole | ParamKind::Seed => (self.min..=self.max).contains(&value) && value == value.round(),
            ParamKind::Even => (self.min..=self.max).contains(&value) && value % 2.0 == 0.0,
        }
    }
}

const COUNT: &str = "from 1 to 512";
const SCALE: Param = Param::new("scale", 1.0, 512.0, 4.0, COUNT).whole();
const STRETCH: Param = Param::new("stretch", 0.002, 512.0, 1.0, "from 0.002 to 512");
const OCTAVES: Param = Param::new("octaves", 1.0, 10.0, 5.0, "from 1 to 10").whole();
const GAIN: Param = Param::share("gain", 0.5);
const JITTER: Param = Param::share("jitter", 1.0);
const SEED: Param = Param::seed();
const fn scale(default: f64) -> Param {
    Param { default, ..SCALE }
}
const fn count(name: &'static str, default: f64) -> Param {
    Param::new(name, 1.0, 512.0, default, COUNT).whole()
}
const fn even(name: &'static str) -> Param {
    Param { kind: ParamKind::Even, ..Param::new(name, 2.0, 512.0, 8.0, "from 2 to 512") }
}
const fn softness(default: f64) -> Param {
    Param::share("softness", default)
}

impl Kind {
    /// All of those that scenes have.
    pub const ALL: [Self; 32] = [
        Self::Plain,
        Self::Named,
        Self::Noise,
        Self::Ridges,
        Self::Cells,
        Self::Cracks,
        Self::Checker,
        Self::Stripes,
        Self::Bricks,
        Self::Wood,
        Self::Marble,
        Self::Spots,
        Self::Scratches,
        Self::Weave,
        Self::Gradient,
        Self::Disc,
        Self::Rust,
        Self::Dirt,
        Self::Text,
        Self::Barcode,
        Self::Image,
        Self::Invert,
        Self::Step,
        Self::Levels,
        Self::Product,
        Self::Max,
        Self::Min,
        Self::Mix,
        Self::Warp,
        Self::Repeat,
        Self::Turned,
        Self::Tones,
    ];

    /// Its numbers, in the order in which a recipe may give them by position.
    pub fn params(self) -> &'static [Param] {
        match self {
            Self::Plain => const { &[Param::share("value", 0.0)] },
            Self::Noise | Self::Ridges => const { &[SCALE, STRETCH, OCTAVES, GAIN, SEED] },
            Self::Cells => const { &[scale(8.0), STRETCH, JITTER, SEED] },
            Self::Cracks => {
                const {
                    &[
                        scale(8.0),
                        STRETCH,
                        Param::new("width", 0.001, 1.0, 0.1, "from 0.001 to 1"),
                        softness(0.3),
                        JITTER,
                        SEED,
                    ]
                }
            }
            Self::Checker => const { &[even("columns"), even("rows")] },
            Self::Stripes => const { &[count("count", 8.0), Param::share("share", 0.5), softness(0.0)] },
            Self::Bricks => {
                const {
                    &[
                        count("columns", 4.0),
                        count("rows", 8.0),
                        Param::new("mortar", 0.0, 0.9, 0.12, "from 0 to 0.9"),
                        Param::share("offset", 0.5),
                        Param::share("bevel", 0.05),
                    ]
                }
            }
            Self::Wood => {
                const { &[count("rings", 10.0), Param::share("waviness", 0.4), Param::share("fibres", 0.35), SEED] }
            }
            Self::Marble => const { &[scale(3.0), Param::share("veins", 0.35), Param::share("waviness", 0.6), SEED] },
            Self::Spots => {
                const {
                    &[
                        scale(10.0),
                        Param::new("radius", 0.0, 1.0, 0.3, "from 0 to 1"),
                        Param::share("share", 1.0),
                        softness(0.2),
                        SEED,
                    ]
                }
            }
            Self::Scratches => {
                const {
                    &[
                        scale(4.0),
                        Param::share("share", 0.6),
                        Param::new("width", 0.0005, 0.2, 0.01, "from 0.0005 to 0.2"),
                        Param::angle("angle", 0.0),
                        Param::angle("spread", 180.0),
                        SEED,
                    ]
                }
            }
            Self::Weave => {
                const {
                    &[
                        even("threads"),
                        Param::new("over", 1.0, 4.0, 1.0, "from 1 to 4").whole(),
                        Param::share("gap", 0.15),
                    ]
                }
            }
            Self::Gradient => const { &[Param::angle("angle", 90.0)] },
            Self::Disc => const { &[Param::new("radius", 0.0, 0.5, 0.4, "from 0 to 0.5"), softness(0.5)] },
            Self::Rust => const { &[Param::share("amount", 0.3), SCALE, softness(0.1), SEED] },
            Self::Dirt => const { &[Param::share("amount", 0.4), SCALE, softness(0.7), SEED] },
            Self::Text => const { &[Param::new("aspect", 0.01, 100.0, 1.0, "from 0.01 to 100")] },
            Self::Step => const { &[Param::share("at", 0.5), softness(0.02)] },
            Self::Levels => {
                const {
                    &[
                        Param::share("low", 0.0),
                        Param::share("high", 1.0),
                        Param::new("gamma", 0.05, 20.0, 1.0, "from 0.05 to 20"),
                    ]
                }
            }
            Self::Warp => const { &[Param::share("amount", 0.05), SCALE, SEED] },
            Self::Repeat => const { &[count("u", 2.0), count("v", 2.0)] },
            Self::Tones => const { &[SEED] },
            Self::Named
            | Self::Barcode
            | Self::Image
            | Self::Invert
            | Self::Product
            | Self::Max
            | Self::Min
            | Self::Mix
            | Self::Turned
            | Self::Choice => &[],
        }
    }

    /// The names of the patterns that it is made of.
    pub fn parts(self) -> &'static [&'static str] {
        match self {
            Self::Invert | Self::Step | Self::Levels | Self::Warp | Self::Repeat | Self::Turned | Self::Tones => {
                &["pattern"]
            }
            Self::Product | Self::Max | Self::Min => &["a", "b"],
            Self::Mix => &["a", "b", "by"],
            _ => &[],
        }
    }

    /// Whether it has a text.
    pub fn has_text(self) -> bool {
        matches!(self, Self::Named | Self::Text | Self::Barcode | Self::Image)
    }

    /// Whether its parts are asked for elsewhere than it is itself.
    pub(super) fn moves(self) -> bool {
        matches!(self, Self::Warp | Self::Repeat | Self::Turned)
    }

    /// Whether it is made of cells, for [`Tones`](Self::Tones).
    pub fn has_cells(self) -> bool {
        matches!(
            self,
            Self::Cells | Self::Cracks | Self::Checker | Self::Stripes | Self::Bricks | Self::Spots | Self::Weave
        )
    }

    /// What a texel of it costs, in octaves of noise, without its parts.
    pub(super) fn cost(self) -> u64 {
        match self {
            Self::Noise | Self::Ridges | Self::Rust | Self::Dirt => 10,
            Self::Marble | Self::Wood => 12,
            Self::Cells | Self::Spots => 5,
            Self::Cracks => 15,
            Self::Scratches => 12,
            Self::Warp => 6,
            _ => 1,
        }
    }

    /// Its name.
    pub fn word(self) -> String {
        format!("{self:?}")
    }
}
