//! Values that may vary. Drawing from them is in [`crate::scene::random`]; reading them is in `decode`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::expression::Expression;

/// A value, or a choice between several.
#[derive(Debug, Clone, PartialEq)]
pub enum Varied<T> {
    /// This one.
    One(T),
    /// One of these, all equally likely. Never empty.
    Choice(Vec<Varied<T>>),
    /// One of these, as likely as its weight says. Never empty; weights are positive and finite.
    Weighted(Vec<(f64, Varied<T>)>),
    /// The one that a parameter of the scene names.
    Match(Box<Match<T>>),
}

/// A value for each name that a parameter can be.
#[derive(Debug, Clone, PartialEq)]
pub struct Match<T> {
    /// Name of the parameter.
    pub parameter: String,
    /// By the parameter's value.
    pub cases: BTreeMap<String, Varied<T>>,
    /// For all other values; there where `cases` are not all of them.
    pub otherwise: Option<Varied<T>>,
}

impl<T> Varied<T> {
    /// What it is one of; empty for a value that is no choice.
    pub fn options(&self) -> Vec<&Varied<T>> {
        match self {
            Self::One(_) => Vec::new(),
            Self::Choice(options) => options.iter().collect(),
            Self::Weighted(options) => options.iter().map(|(_, option)| option).collect(),
            Self::Match(choice) => choice.cases.values().chain(&choice.otherwise).collect(),
        }
    }
}

/// A number that may vary.
pub type Scalar = Varied<Number>;

/// A number that may vary, written in degrees. (Drawn in degrees, converted when sampled.)
pub type Angle = Scalar;

/// How one number is drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Number {
    /// Always this.
    Const(f64),
    /// Evenly in `[min, max)`.
    Uniform {
        /// At most `max`.
        min: f64,
        /// At least `min`.
        max: f64,
    },
    /// Evenly in the logarithm, in `[min, max)`.
    LogUniform {
        /// Positive.
        min: f64,
        /// At least `min`.
        max: f64,
    },
    /// Normal; draws outside `[min, max]` are drawn again (truncated normal).
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation, not negative.
        std: f64,
        /// Lower end, or `-inf`.
        min: f64,
        /// Upper end, or `+inf`. The interval holds a fair share of the distribution: `check` sees to it.
        max: f64,
    },
    /// A whole number, each of `min..=max` equally likely.
    UniformInt {
        /// First.
        min: i64,
        /// Last.
        max: i64,
    },
    /// `Param("x")` or `Expr("2 * x")`: computed from the scene's parameters.
    Expression {
        /// What is computed.
        expression: Arc<Expression>,
        /// Least legal value. The expression may be less by rounding alone.
        min: f64,
        /// Greatest legal value.
        max: f64,
    },
}

/// A colour that may vary. Each of these ends as linear RGB.
pub type ColorDist = Varied<ColorRecipe>;

/// How one colour is written.
#[derive(Debug, Clone, PartialEq)]
pub enum ColorRecipe {
    /// `Hex("#rrggbb")`: sRGB bytes.
    Hex([u8; 3]),
    /// `Rgb(r, g, b)`: sRGB values in 0..=1.
    Rgb([Scalar; 3]),
    /// `Linear(r, g, b)`: linear values in 0..=1.
    Linear([Scalar; 3]),
    /// `Hsv(h, s, v)`: hue in degrees, saturation and value in 0..=1, of sRGB.
    Hsv([Scalar; 3]),
    /// `Kelvin(t)`: colour of a black body, brightest channel 1; 1000..=40000 K.
    Kelvin(Scalar),
}

/// A point or direction that may vary. Metres.
pub type VectorDist = Varied<VectorRecipe>;

/// How one vector is drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum VectorRecipe {
    /// `(x, y, z)`: each on its own.
    PerComponent([Scalar; 3]),
    /// `InBox(min: (..), max: (..))`: evenly in a box.
    InBox {
        /// Lower corner.
        min: [f64; 3],
        /// Upper corner.
        max: [f64; 3],
    },
    /// `InSphere(center: (..), radius: r)`: evenly in a ball.
    InSphere {
        /// Middle.
        center: [f64; 3],
        /// Radius.
        radius: f64,
    },
    /// `OnSphere(center: (..), radius: r)`: evenly on a sphere.
    OnSphere {
        /// Middle.
        center: [f64; 3],
        /// Radius.
        radius: f64,
    },
}

/// A rotation that may vary.
pub type RotationDist = Varied<RotationRecipe>;

/// How one rotation is drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum RotationRecipe {
    /// `Euler(x, y, z)`: degrees; turned about x first, then y, then z, all fixed world axes.
    Euler([Angle; 3]),
    /// `Yaw(angle)`: degrees about +Y.
    Yaw(Angle),
    /// `AxisAngle(axis: (..), angle: a)`: degrees about a fixed axis, a unit vector here.
    AxisAngle([f64; 3], Angle),
    /// `Any`: evenly over all rotations, SO(3).
    Any,
}
