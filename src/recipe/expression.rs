//! Expressions of named parameters: `2200 + 3500 * sqrt(elevation / 70)`.
//!
//! An expression is read and checked once, against what each parameter can be. Interval arithmetic then bounds what it can
//! become, so that the limits of a field hold for every scene before one is drawn (Moore, "Interval Analysis", 1966).
//! Evaluation takes libm alone, so that it gives the same bits on every platform.

mod parse;
mod range;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use range::Interval;
use range::Range;

/// A decided parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// A number, finite.
    Number(f64),
    /// One of some names.
    Name(String),
}

/// What a parameter can be.
#[derive(Debug, Clone, PartialEq)]
pub enum Support {
    /// A number of this interval.
    Number(Interval),
    /// One of these names.
    Names(BTreeSet<String>),
    /// Its definition is wrong, and that is reported: whatever is said of it would be one report too many.
    Unknown,
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// First byte of the part that it is about.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// In words.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// Values beyond this become this, so that nothing computed from them is infinite.
const LARGEST: f64 = 1e100;

/// Expressions are at most so long, bytes.
pub const LONGEST: usize = 4000;

/// Brackets and operators nest at most so deep.
const DEEPEST: usize = 100;

/// An expression has at most so many operators and functions.
const MOST_CALLS: usize = 200;

/// An expression that was checked: every name in it is defined, and it is a number or a condition as was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    text: String,
    root: Term,
    range: Range,
}

impl Expression {
    /// Reads an expression whose value is a number.
    ///
    /// # Errors
    /// What is wrong with it; the inner `None` where it uses a parameter that is [`Support::Unknown`].
    pub fn number(text: &str, parameters: &BTreeMap<String, Support>) -> Result<Self, Option<Fault>> {
        let read = Self::read(text, parameters)?;
        match read.range {
            Range::Number(_) => Ok(read),
            Range::Condition { .. } => Err(Some(
                Fault::whole(text, "this is a condition, and a number is expected")
                    .help("write if(condition, number, number)"),
            )),
            Range::Names(_) => Err(Some(
                Fault::whole(text, "this is a name, and a number is expected")
                    .help("compare names: if(weather == 'rain', 0.2, 0.9)"),
            )),
        }
    }

    /// Reads an expression that is true or false.
    ///
    /// # Errors
    /// As [`Self::number`].
    pub fn condition(text: &str, parameters: &BTreeMap<String, Support>) -> Result<Self, Option<Fault>> {
        let read = Self::read(text, parameters)?;
        match read.range {
            Range::Condition { .. } => Ok(read),
            _ => Err(Some(
                Fault::whole(text, "this is no condition")
                    .help("compare it with something: `elevation < 20`, `weather == 'rain'`"),
            )),
        }
    }

    /// The value of the parameter called `name`, as an expression.
    ///
    /// # Errors
    /// As [`Self::number`].
    pub fn parameter(name: &str, parameters: &BTreeMap<String, Support>) -> Result<Self, Option<Fault>> {
        let term = Term { start: 0, end: name.len(), kind: TermKind::Parameter(name.to_owned()) };
        let range = range::range(&term, parameters)?;
        match range {
            Range::Number(_) => Ok(Self { text: name.to_owned(), root: term, range }),
            _ => Err(Some(
                Fault::whole(name, format!("the parameter \"{name}\" is a name, and a number is expected"))
                    .help(format!("write Match(\"{name}\", {{ \"...\": ..., }})")),
            )),
        }
    }

    fn read(text: &str, parameters: &BTreeMap<String, Support>) -> Result<Self, Option<Fault>> {
        let root = parse::parse(text).map_err(Some)?;
        let range = range::range(&root, parameters)?;
        Ok(Self { text: text.to_owned(), root, range })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The values that a number can take; of a condition, 0 is false and 1 is true.
    pub fn interval(&self) -> Interval {
        match self.range {
            Range::Number(interval) => interval,
            Range::Condition { may_hold, may_fail } => {
                Interval { min: if may_fail { 0.0 } else { 1.0 }, max: if may_hold { 1.0 } else { 0.0 } }
            }
            Range::Names(_) => Interval { min: 0.0, max: 0.0 },
        }
    }

    /// The number that it is under these parameters. Always finite.
    pub fn evaluate(&self, parameters: &BTreeMap<String, Value>) -> f64 {
        match self.root.evaluate(parameters) {
            Value::Number(value) => value,
            Value::Name(_) => 0.0,
        }
    }

    /// Whether the condition holds under these parameters.
    pub fn holds(&self, parameters: &BTreeMap<String, Value>) -> bool {
        self.evaluate(parameters) != 0.0
    }
}

/// The parameters that a text uses; none where it cannot be read.
pub(super) fn uses(text: &str) -> BTreeSet<String> {
    fn collect(term: &Term, into: &mut BTreeSet<String>) {
        match &term.kind {
            TermKind::Parameter(name) => {
                into.insert(name.clone());
            }
            TermKind::Number(_) | TermKind::Text(_) => {}
            TermKind::Call(_, terms) => terms.iter().for_each(|term| collect(term, into)),
        }
    }
    let mut names = BTreeSet::new();
    if let Ok(root) = parse::parse(text) {
        collect(&root, &mut names);
    }
    names
}

impl Fault {
    fn at(start: usize, end: usize, message: impl Into<String>) -> Self {
        Self { start, end, message: message.into(), help: None }
    }

    fn whole(text: &str, message: impl Into<String>) -> Self {
        Self::at(0, text.len(), message)
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A part of an expression, and the bytes where it is written.
#[derive(Debug, Clone, PartialEq)]
struct Term {
    start: usize,
    end: usize,
    kind: TermKind,
}

#[derive(Debug, Clone, PartialEq)]
enum TermKind {
    Number(f64),
    Text(String),
    Parameter(String),
    /// An operator or a function, with as many terms as it takes.
    Call(Function, Vec<Term>),
}

/// Operators and functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Negate,
    Not,
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    And,
    Or,
    If,
    Min,
    Max,
    Clamp,
    Lerp,
    Curve,
    Abs,
    Sqrt,
    Exp,
    Log,
    Sin,
    Cos,
    Floor,
    Ceil,
    Round,
}

impl Function {
    /// Those that are called by name, and how.
    const NAMED: [(&'static str, &'static str, Self); 15] = [
        ("if", "if(condition, then, otherwise)", Self::If),
        ("min", "min(a, b, ...)", Self::Min),
        ("max", "max(a, b, ...)", Self::Max),
        ("clamp", "clamp(x, least, most)", Self::Clamp),
        ("lerp", "lerp(a, b, share)", Self::Lerp),
        ("curve", "curve(x, x0, y0, x1, y1, ...)", Self::Curve),
        ("abs", "abs(x)", Self::Abs),
        ("sqrt", "sqrt(x)", Self::Sqrt),
        ("exp", "exp(x)", Self::Exp),
        ("log", "log(x)", Self::Log),
        ("sin", "sin(degrees)", Self::Sin),
        ("cos", "cos(degrees)", Self::Cos),
        ("floor", "floor(x)", Self::Floor),
        ("ceil", "ceil(x)", Self::Ceil),
        ("round", "round(x)", Self::Round),
    ];

    fn takes(self, count: usize) -> bool {
        match self {
            Self::If | Self::Clamp | Self::Lerp => count == 3,
            Self::Min | Self::Max => count >= 2,
            // x, and at least two points.
            Self::Curve => count >= 5 && count % 2 == 1,
            Self::Negate | Self::Not | Self::Abs | Self::Sqrt | Self::Exp | Self::Log => count == 1,
            Self::Sin | Self::Cos | Self::Floor | Self::Ceil | Self::Round => count == 1,
            _ => count == 2,
        }
    }
}

/// Finite, and no larger than [`LARGEST`]. What is not defined is 0: `check` lets no expression through that comes here with it.
fn kept(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(-LARGEST, LARGEST) }
}

impl Term {
    fn evaluate(&self, parameters: &BTreeMap<String, Value>) -> Value {
        let (function, terms) = match &self.kind {
            TermKind::Number(value) => return Value::Number(*value),
            TermKind::Text(text) => return Value::Name(text.clone()),
            TermKind::Parameter(name) => return parameters.get(name).cloned().unwrap_or(Value::Number(0.0)),
            TermKind::Call(function, terms) => (*function, terms),
        };
        let value = |i: usize| terms.get(i).map_or(Value::Number(0.0), |term| term.evaluate(parameters));
        let number = |i: usize| match value(i) {
            Value::Number(number) => number,
            Value::Name(_) => 0.0,
        };
        let truth = |holds: bool| if holds { 1.0 } else { 0.0 };
        Value::Number(kept(match function {
            Function::Negate => -number(0),
            Function::Not => truth(number(0) == 0.0),
            Function::Add => number(0) + number(1),
            Function::Subtract => number(0) - number(1),
            Function::Multiply => number(0) * number(1),
            Function::Divide => number(0) / number(1),
            Function::Power => libm::pow(number(0), number(1)),
            Function::Equal => truth(value(0) == value(1)),
            Function::NotEqual => truth(value(0) != value(1)),
            Function::Less => truth(number(0) < number(1)),
            Function::LessEqual => truth(number(0) <= number(1)),
            Function::Greater => truth(number(0) > number(1)),
            Function::GreaterEqual => truth(number(0) >= number(1)),
            Function::And => truth(number(0) != 0.0 && number(1) != 0.0),
            Function::Or => truth(number(0) != 0.0 || number(1) != 0.0),
            Function::If => return value(if number(0) != 0.0 { 1 } else { 2 }),
            Function::Min => (1..terms.len()).fold(number(0), |least, i| least.min(number(i))),
            Function::Max => (1..terms.len()).fold(number(0), |most, i| most.max(number(i))),
            Function::Clamp => number(0).max(number(1)).min(number(2)),
            Function::Lerp => lerp(number(0), number(1), number(2)),
            Function::Curve => curve(number(0), terms.len() / 2, |i| (number(2 * i + 1), number(2 * i + 2))),
            Function::Abs => number(0).abs(),
            Function::Sqrt => number(0).sqrt(),
            Function::Exp => libm::exp(number(0)),
            Function::Log => libm::log(number(0)),
            Function::Sin => sine(number(0)),
            Function::Cos => cosine(number(0)),
            Function::Floor => number(0).floor(),
            Function::Ceil => number(0).ceil(),
            Function::Round => number(0).round(),
        }))
    }
}

/// Between two values; a share outside of 0..=1 is moved to the nearer end.
fn lerp(a: f64, b: f64, share: f64) -> f64 {
    let share = share.clamp(0.0, 1.0);
    // Rounding must not lead out of the two.
    (a * (1.0 - share) + b * share).clamp(a.min(b), a.max(b))
}

/// Straight lines between points (x, y) in order of x; before the first and behind the last, their y.
fn curve(x: f64, points: usize, point: impl Fn(usize) -> (f64, f64)) -> f64 {
    let mut before = point(0);
    if x <= before.0 {
        return before.1;
    }
    for i in 1..points {
        let next = point(i);
        if x <= next.0 {
            return lerp(before.1, next.1, (x - before.0) / (next.0 - before.0));
        }
        before = next;
    }
    before.1
}

/// Degrees are taken to one turn before they become radians: exact, so that sine(180 k) does not drift.
fn sine(degrees: f64) -> f64 {
    libm::sin(libm::fmod(degrees, 360.0).to_radians())
}

fn cosine(degrees: f64) -> f64 {
    libm::cos(libm::fmod(degrees, 360.0).to_radians())
}
