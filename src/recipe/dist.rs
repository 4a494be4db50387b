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

/// How one number is drawn. Each is drawn by its quantile function from one number in `[0, 1)`, so that numbers which are
/// well spread there are well spread here ([`crate::scene::random`]).
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
    /// Normal, cut off at `min` and `max` (truncated normal).
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
    /// Beta, stretched from `[0, 1]` to `[min, max]`.
    Beta {
        /// First shape, positive: above 1 the density is 0 at `min`.
        alpha: f64,
        /// Second shape, positive: above 1 the density is 0 at `max`.
        beta: f64,
        /// Where 0 goes.
        min: f64,
        /// Where 1 goes; at least `min`.
        max: f64,
    },
    /// Density rises in a line from `min` to `mode` and falls in one to `max`.
    Triangular {
        /// Lower end.
        min: f64,
        /// Where the density is highest, within the ends.
        mode: f64,
        /// Upper end.
        max: f64,
    },
    /// The logarithm is normal; cut off at `min` and `max`.
    LogNormal {
        /// Half of all values lie below: e to the mean of the logarithm. Positive.
        median: f64,
        /// Standard deviation of the natural logarithm, not negative.
        sigma: f64,
        /// Lower end, 0 or more.
        min: f64,
        /// Upper end, or `+inf`.
        max: f64,
    },
    /// Exponential; cut off at `min` and `max`.
    Exponential {
        /// Mean without ends, positive.
        mean: f64,
        /// Lower end, 0 or more.
        min: f64,
        /// Upper end, or `+inf`.
        max: f64,
    },
    /// A whole number: how often something happens that happens `mean` times on average; cut off at `min` and `max`.
    Poisson {
        /// Mean without ends, from 0 to [`LARGEST_POISSON`].
        mean: f64,
        /// Lower end, whole, 0 or more.
        min: f64,
        /// Upper end, whole, or `+inf`.
        max: f64,
    },
    /// The normal distribution's counterpart on a circle, degrees; from `mean - 180` to `mean + 180`.
    VonMises {
        /// The likeliest direction, degrees.
        mean: f64,
        /// Concentration, 0 (every direction alike) or more; about (57.3 / s)^2 for a small standard deviation of s degrees.
        kappa: f64,
    },
    /// Evenly within bins, each as likely as its count says.
    Histogram(Arc<Histogram>),
    /// The density is a line from each of the points to the next.
    Curve(Arc<Curve>),
}

/// Largest mean of a Poisson distribution: drawing takes time in proportion to its root.
pub const LARGEST_POISSON: f64 = 1e5;

/// Bins and how full they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// In order, one more than there are bins, of which there is at least one.
    pub edges: Vec<f64>,
    /// Share of all draws that lie below each edge: from 0 to 1, in order, as many as edges.
    pub below: Vec<f64>,
}

impl Histogram {
    /// Bins between `edges`, as likely as their `counts`. `None` where that is no histogram: fewer than two edges, edges out of order, not one
    /// count fewer than edges, a count that is negative or not finite, or counts that are all 0.
    pub fn new(edges: Vec<f64>, counts: &[f64]) -> Option<Self> {
        let ordered = edges.windows(2).all(|pair| pair[0] < pair[1]) && edges.iter().all(|edge| edge.is_finite());
        let good = ordered && edges.len() >= 2 && edges.len() == counts.len() + 1;
        let below = shares(counts).filter(|_| good)?;
        Some(Self { edges, below })
    }
}

/// A density in straight lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Where the lines meet, in order, at least two.
    pub points: Vec<f64>,
    /// The density there, not scaled; 0 or more.
    pub density: Vec<f64>,
    /// Share of all draws that lie below each point: from 0 to 1, in order.
    pub below: Vec<f64>,
}

impl Curve {
    /// A density that goes in lines through `points` (value, density). `None` where that is none: fewer than two points, values out of order, a
    /// density that is negative or not finite, or nothing but 0.
    pub fn new(points: &[(f64, f64)]) -> Option<Self> {
        let good = points.len() >= 2
            && points.windows(2).all(|pair| pair[0].0 < pair[1].0)
            && points.iter().all(|(x, density)| x.is_finite() && density.is_finite() && *density >= 0.0);
        let areas: Vec<f64> =
            points.windows(2).map(|pair| (pair[1].0 - pair[0].0) * (pair[0].1 + pair[1].1) / 2.0).collect();
        let below = shares(&areas).filter(|_| good)?;
        let (points, density) = points.iter().copied().unzip();
        Some(Self { points, density, below })
    }
}

/// For parts as likely as `weights`: the share of draws before each and, at last, 1.
fn shares(weights: &[f64]) -> Option<Vec<f64>> {
    let total: f64 = weights.iter().sum();
    if !(total > 0.0 && total.is_finite()) || weights.iter().any(|&weight| weight < 0.0) {
        return None;
    }
    let mut sum = 0.0;
    let mut below: Vec<f64> = vec![0.0];
    below.extend(weights.iter().map(|weight| {
        sum += weight;
        (sum / total).min(1.0)
    }));
    // Parts of weight 0 at the end stay as unlikely as they are.
    let last = weights.iter().rposition(|&weight| weight > 0.0)?;
    below[last + 1..].fill(1.0);
    Some(below)
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
