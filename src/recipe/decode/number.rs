//! Numbers that may vary.
//!
//! The legal range of a field holds for everything that a distribution can yield, not just for its usual values.

use super::super::diagnostics::{Problem, Span, quoted};
use super::super::dist::Number;
use super::super::syntax::{Kind, Node};
use super::super::{Scalar, Varied};
use super::Context;
use super::dist::varied;
use super::distribution;
use super::fields::{Fields, Form, Variants, variant};

const UNIFORM: Form = Form::variant("Uniform", &["min", "max"], &[]);
const LOG_UNIFORM: Form = Form::variant("LogUniform", &["min", "max"], &[]);
const NORMAL: Form = Form::variant("Normal", &["mean", "std"], &["min", "max"]);
const UNIFORM_INT: Form = Form::variant("UniformInt", &["min", "max"], &[]);

pub(super) const NUMBER: Variants = Variants {
    what: "a number or a distribution such as Uniform(0.1, 0.9)",
    forms: &[
        &UNIFORM,
        &LOG_UNIFORM,
        &NORMAL,
        &UNIFORM_INT,
        &super::parameter::PARAM,
        &super::parameter::EXPR,
        &distribution::BETA,
        &distribution::TRIANGULAR,
        &distribution::LOG_NORMAL,
        &distribution::EXPONENTIAL,
        &distribution::POISSON,
        &distribution::VON_MISES,
        &distribution::HISTOGRAM,
        &distribution::CURVE,
        &super::dist::CHOICE,
        &super::dist::WEIGHTED,
        &super::parameter::MATCH,
    ],
};
/// No number in a recipe is larger: nothing computed from it overflows.
pub(super) const LARGEST: f64 = 1e9;
/// What "greater than 0" means: sizes survive being squared in single precision.
pub(super) const SMALLEST: f64 = 1e-6;

/// The legal values of a field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) min: f64,
    pub(super) max: f64,
    /// `from 0 to 1`
    pub(super) text: &'static str,
    /// Whether the ends are the natural ends of the quantity. Then a `Normal` that does not say where it ends, ends there.
    pub(super) natural: bool,
    /// Whether a plain value has to be a whole number.
    pub(super) whole: bool,
}

impl Limits {
    /// Any number.
    pub(super) const ANY: Self = Self::new(f64::NEG_INFINITY, f64::INFINITY, "a number", true);
    /// 0 to 1.
    pub(super) const SHARE: Self = Self::new(0.0, 1.0, "from 0 to 1", true);
    /// 0 or more.
    pub(super) const NOT_NEGATIVE: Self = Self::new(0.0, f64::INFINITY, "0 or more", true);
    /// More than 0.
    pub(super) const POSITIVE: Self = Self::new(SMALLEST, f64::INFINITY, "greater than 0", false);

    pub(super) const fn new(min: f64, max: f64, text: &'static str, natural: bool) -> Self {
        Self { min, max, text, natural, whole: false }
    }
}

/// A plain number. `None` where it is not one, or not finite, or absurdly large.
pub(super) fn plain(cx: &mut Context, node: &Node) -> Option<f64> {
    let value = match node.kind {
        // Far outside the limit below wherever this conversion rounds.
        Kind::Integer(value) => value as f64,
        Kind::Float(value) => value,
        Kind::Group(ref group)
            if group.name.as_ref().is_some_and(|name| NUMBER.forms.iter().any(|form| form.name == name.text)) =>
        {
            let help = format!("`{}` may not vary", cx.field());
            cx.wrong_type(node, "a plain number", Some(help));
            return None;
        }
        _ => {
            let help = match &node.kind {
                Kind::Text(text) if text.trim().parse::<f64>().is_ok() => {
                    format!("write {} without quotes", quoted(text.trim()))
                }
                _ => "write a number such as 0.5".into(),
            };
            cx.wrong_type(node, "a number", Some(help));
            return None;
        }
    };
    if value.is_finite() && value.abs() <= LARGEST {
        return Some(value);
    }
    let problem = match value.is_finite() {
        true => Problem::at(node.span, "this number is too large").help("numbers go from -1e9 to 1e9"),
        false => Problem::at(node.span, "this is not a finite number").help("write a number from -1e9 to 1e9"),
    };
    cx.push(problem);
    None
}

/// A plain number within limits.
pub(super) fn plain_within(cx: &mut Context, node: &Node, limits: Limits) -> Option<f64> {
    let value = plain(cx, node)?;
    if limits.whole && value != value.round() {
        cx.push(Problem::at(node.span, format!("`{}` must be a whole number, and this is {value}", cx.field())));
        return None;
    }
    within(cx, node.span, value, limits, "is").then_some(value)
}

/// A whole number; `limits` lie in the range of `u32`, and are for whole numbers.
pub(super) fn whole(cx: &mut Context, node: &Node, limits: Limits) -> Option<u32> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, positive and at most 1e9")]
    plain_within(cx, node, limits).map(|value| value as u32)
}

pub(super) fn within(cx: &mut Context, span: Span, value: f64, limits: Limits, verb: &str) -> bool {
    if (limits.min..=limits.max).contains(&value) {
        return true;
    }
    let mut message = format!("`{}` must be {}, and this {verb} {value}", cx.field(), limits.text);
    if limits.min == SMALLEST && value > 0.0 && value < SMALLEST {
        message = format!("`{}` must be at least 0.000001, and this {verb} {value}", cx.field());
    }
    cx.push(Problem::at(span, message));
    false
}

/// A number that is what it is.
pub(super) fn constant(value: f64) -> Scalar {
    Varied::One(Number::Const(value))
}

/// Evenly between two numbers.
pub(super) fn uniform(min: f64, max: f64) -> Scalar {
    Varied::One(Number::Uniform { min, max })
}

/// A number that may vary.
pub(super) fn scalar(cx: &mut Context, node: &Node, limits: Limits) -> Option<Scalar> {
    cx.note_number();
    varied(cx, node, &|cx, node| number(cx, node, limits))
}

/// A scale that may vary: never 0, negative ones mirror.
pub(super) fn scale(cx: &mut Context, node: &Node) -> Option<Scalar> {
    cx.note_number();
    varied(cx, node, &|cx, node| {
        let number = number(cx, node, Limits::ANY)?;
        match zero_scale(node.span, &number) {
            None => Some(number),
            Some(problem) => {
                cx.push(problem);
                None
            }
        }
    })
}

/// What is wrong with a scale that can be 0.
fn zero_scale(span: Span, number: &Number) -> Option<Problem> {
    let (min, max) = support(&Varied::One(number.clone()));
    if min >= SMALLEST || max <= -SMALLEST {
        return None;
    }
    let endless = |end: &str| {
        Problem::at(span, format!("a scale may not be 0, and a Normal without `{end}` reaches it"))
            .help(format!("add `{end}: ...`; draws beyond it are drawn again"))
    };
    Some(match *number {
        Number::Expression { .. } => {
            Problem::at(span, format!("a scale may not be 0, and this can be from {min} to {max}"))
                .help("keep it away from 0: Expr(\"max(..., 0.001)\")")
        }
        Number::Const(0.0) => {
            Problem::at(span, "a scale may not be 0").help("1 keeps the size, and a negative number mirrors")
        }
        Number::Const(value) => {
            Problem::at(span, format!("a scale must be at least 0.000001, or at most -0.000001, and this is {value}"))
        }
        Number::Normal { mean, .. } if mean >= 0.0 && min == f64::NEG_INFINITY => endless("min"),
        Number::Normal { mean, .. } if mean < 0.0 && max == f64::INFINITY => endless("max"),
        _ => {
            let help = match number {
                _ if min >= 0.0 => "let it begin above 0",
                _ if max <= 0.0 => "let it end below 0",
                Number::UniformInt { .. } => "to mirror some of them, write Choice([-1, 1])",
                _ => {
                    "to mirror some of them, choose between two ranges: Choice([Uniform(-1.2, -0.8), Uniform(0.8, 1.2)])"
                }
            };
            Problem::at(span, format!("a scale may not be 0, and this goes from {min} to {max}")).help(help)
        }
    })
}

fn number(cx: &mut Context, node: &Node, limits: Limits) -> Option<Number> {
    if matches!(node.kind, Kind::Integer(_) | Kind::Float(_)) {
        return plain_within(cx, node, limits).map(Number::Const);
    }
    if let Kind::Group(group) = &node.kind
        && let Some(name) = group.name.as_ref().filter(|name| name.text == "Mixture")
    {
        let problem = Problem::at(name.span, "a mixture is written `Weighted`");
        cx.push(problem.help("write Weighted([(0.7, Normal(1, 0.1)), (0.3, Uniform(2, 3))])"));
        return None;
    }
    if super::paint::misplaced(cx, node, false) {
        return None;
    }
    if let Kind::Text(text) = &node.kind
        && text.trim().parse::<f64>().is_ok()
    {
        cx.wrong_type(node, NUMBER.what, Some(format!("write {} without quotes", quoted(text.trim()))));
        return None;
    }
    let (name, fields) = variant(cx, node, &NUMBER)?;
    match name {
        "Normal" => normal(cx, &fields, limits),
        "Param" | "Expr" => super::parameter::number(cx, name, &fields, limits),
        "UniformInt" => {
            let (min, max) = ordered(cx, &fields, Limits { whole: true, ..limits })?;
            // Whole and at most 1e9, so exact.
            #[expect(clippy::cast_possible_truncation, reason = "whole numbers of at most 1e9")]
            Some(Number::UniformInt { min: min as i64, max: max as i64 })
        }
        "LogUniform" => {
            let positive = Limits { min: limits.min.max(SMALLEST), text: "greater than 0 in a LogUniform", ..limits };
            let (min, max) = ordered(cx, &fields, if limits.min < SMALLEST { positive } else { limits })?;
            Some(Number::LogUniform { min, max })
        }
        // `Choice` and `Weighted` are handled by `varied`.
        "Uniform" => {
            let (min, max) = ordered(cx, &fields, Limits { whole: false, ..limits })?;
            Some(Number::Uniform { min, max })
        }
        _ => distribution::number(cx, name, &fields, limits),
    }
}

/// `min` and `max` of a distribution, in order and within limits.
pub(super) fn ordered(cx: &mut Context, fields: &Fields<'_>, limits: Limits) -> Option<(f64, f64)> {
    let value = |cx: &mut Context, name| fields.get(name).and_then(|node| end(cx, node, limits));
    let (min, max) = (value(cx, "min"), value(cx, "max"));
    let (min, max) = (min?, max?);
    in_order(cx, fields, min, max).then_some((min, max))
}

pub(super) fn in_order(cx: &mut Context, fields: &Fields<'_>, min: f64, max: f64) -> bool {
    if min <= max {
        return true;
    }
    if let (Some(low), Some(high)) = (fields.get("min"), fields.get("max")) {
        let problem = Problem::at(low.span, format!("the smallest value, {min}, is greater than the largest, {max}"))
            .label(low.span, "smallest")
            .label(high.span, "largest");
        cx.push(problem.help("write the smaller number first"));
    }
    false
}

/// One end of a distribution.
pub(super) fn end(cx: &mut Context, node: &Node, limits: Limits) -> Option<f64> {
    let value = plain(cx, node)?;
    if limits.whole && value != value.round() {
        cx.push(Problem::at(
            node.span,
            format!("`UniformInt` goes from a whole number to a whole number, and this is {value}"),
        ));
        return None;
    }
    within(cx, node.span, value, limits, "reaches").then_some(value)
}

/// Of what a distribution without ends would draw, at least this share has to lie between the ends that it is given.
pub(super) const LEAST_SHARE: f64 = 0.01;

fn normal(cx: &mut Context, fields: &Fields<'_>, limits: Limits) -> Option<Number> {
    let limits = Limits { whole: false, ..limits };
    let mean = fields.get("mean").and_then(|node| plain(cx, node));
    let std = fields.get("std").and_then(|node| {
        let std = plain(cx, node)?;
        if std < 0.0 {
            cx.push(Problem::at(node.span, format!("the standard deviation may not be negative, and this is {std}")));
        }
        (std >= 0.0).then_some(std)
    });
    let mut bound = |name: &str, natural: f64| match fields.get(name) {
        Some(node) => end(cx, node, limits),
        None if natural.is_finite() && !limits.natural => {
            let problem = Problem::at(
                fields.head,
                format!("`{}` must be {}, and a Normal without `{name}` has no end", cx.field(), limits.text),
            );
            cx.push(problem.help(format!("add `{name}: ...`; draws beyond it are drawn again")));
            None
        }
        None => Some(natural),
    };
    let (min, max) = (bound("min", limits.min), bound("max", limits.max));
    let (mean, std, min, max) = (mean?, std?, min?, max?);
    if !in_order(cx, fields, min, max) {
        return None;
    }
    if share_between(mean, std, min, max) < LEAST_SHARE {
        let message = format!("hardly any value of this Normal lies from {min} to {max}");
        cx.push(Problem::at(fields.head, message).help("move `mean` towards that range, or make `std` larger"));
        return None;
    }
    Some(Number::Normal { mean, std, min, max })
}

/// The share of a normal distribution that lies in `[min, max]`.
pub(super) fn share_between(mean: f64, std: f64, min: f64, max: f64) -> f64 {
    if std == 0.0 {
        return if (min..=max).contains(&mean) { 1.0 } else { 0.0 };
    }
    let below = |x: f64| 0.5 * libm::erfc(-(x - mean) / (std * std::f64::consts::SQRT_2));
    below(max) - below(min)
}

/// Smallest and largest value that a number can take; infinite where there is no end.
pub(in crate::recipe) fn support(scalar: &Scalar) -> (f64, f64) {
    let of_number = |number: &Number| match *number {
        Number::Expression { ref expression, min, max } => {
            let interval = expression.interval();
            (interval.min.max(min).min(max), interval.max.min(max).max(min))
        }
        Number::Const(value) => (value, value),
        Number::Uniform { min, max }
        | Number::LogUniform { min, max }
        | Number::Normal { min, max, .. }
        | Number::Beta { min, max, .. }
        | Number::Triangular { min, max, .. }
        | Number::LogNormal { min, max, .. }
        | Number::Exponential { min, max, .. }
        | Number::Poisson { min, max, .. } => (min, max),
        Number::VonMises { mean, .. } => (mean - 180.0, mean + 180.0),
        Number::Histogram(ref histogram) => ends(&histogram.edges),
        Number::Curve(ref curve) => ends(&curve.points),
        // At most 1e9, so exact.
        Number::UniformInt { min, max } => (min as f64, max as f64),
    };
    let join = |a: (f64, f64), b: (f64, f64)| (a.0.min(b.0), a.1.max(b.1));
    let nothing = (f64::INFINITY, f64::NEG_INFINITY);
    match scalar {
        Varied::One(number) => of_number(number),
        choice => choice.options().into_iter().map(support).fold(nothing, join),
    }
}

/// The first and the last of numbers in order.
fn ends(values: &[f64]) -> (f64, f64) {
    (values.first().copied().unwrap_or(f64::INFINITY), values.last().copied().unwrap_or(f64::NEG_INFINITY))
}
