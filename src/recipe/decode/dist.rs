//! Values that may vary: numbers, colours, vectors and rotations.
//!
//! The legal range of a field holds for everything that a distribution can yield, not just for its usual values.

use super::super::diagnostics::{Problem, Span};
use super::super::dist::{ColorRecipe, Number, RotationRecipe, VectorRecipe};
use super::super::syntax::{Kind, Node};
use super::super::{ColorDist, RotationDist, Scalar, Varied, VectorDist};
use super::fields::{Fields, Form, Variants, variant};
use super::{Context, Reference};

const CHOICE: Form = Form::variant("Choice", &["options"], &[]);
const WEIGHTED: Form = Form::variant("Weighted", &["options"], &[]);
const UNIFORM: Form = Form::variant("Uniform", &["min", "max"], &[]);
const LOG_UNIFORM: Form = Form::variant("LogUniform", &["min", "max"], &[]);
const NORMAL: Form = Form::variant("Normal", &["mean", "std"], &["min", "max"]);
const UNIFORM_INT: Form = Form::variant("UniformInt", &["min", "max"], &[]);

const NUMBER: Variants = Variants {
    what: "a number or a distribution such as Uniform(0.1, 0.9)",
    forms: &[&UNIFORM, &LOG_UNIFORM, &NORMAL, &UNIFORM_INT, &CHOICE, &WEIGHTED],
};
const COLOR: Variants = Variants {
    what: "a colour such as Hex(\"#8a6642\")",
    forms: &[
        &Form::variant("Hex", &["value"], &[]),
        &Form::variant("Rgb", &["r", "g", "b"], &[]),
        &Form::variant("Linear", &["r", "g", "b"], &[]),
        &Form::variant("Hsv", &["h", "s", "v"], &[]),
        &Form::variant("Kelvin", &["temperature"], &[]),
        &CHOICE,
        &WEIGHTED,
    ],
};
const XYZ: Form = Form { name: "", what: "a vector (x, y, z)", required: &["x", "y", "z"], optional: &[], positional: true };
const VECTOR: Variants = Variants {
    what: "a vector such as (0, 1, 0)",
    forms: &[
        &XYZ,
        &Form::variant("InBox", &["min", "max"], &[]),
        &Form::variant("InSphere", &["center", "radius"], &[]),
        &Form::variant("OnSphere", &["center", "radius"], &[]),
        &CHOICE,
        &WEIGHTED,
    ],
};
const ROTATION: Variants = Variants {
    what: "a rotation such as Yaw(90)",
    forms: &[
        &Form::variant("Euler", &["x", "y", "z"], &[]),
        &Form::variant("Yaw", &["angle"], &[]),
        &Form::variant("AxisAngle", &["axis", "angle"], &[]),
        &Form::variant("Any", &[], &[]),
        &CHOICE,
        &WEIGHTED,
    ],
};
/// For a text that may vary.
const TEXT: Variants = Variants { what: "a text or a choice such as Choice([\"a\", \"b\"])", forms: &[&CHOICE, &WEIGHTED] };

pub(super) const VARIANTS: &[&Variants] = &[&NUMBER, &COLOR, &VECTOR, &ROTATION, &TEXT];

/// No number in a recipe is larger: nothing computed from it overflows.
const LARGEST: f64 = 1e9;
/// What "greater than 0" means: sizes survive being squared in single precision.
const SMALLEST: f64 = 1e-6;

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
        Kind::Group(ref group) if group.name.as_ref().is_some_and(|name| NUMBER.forms.iter().any(|form| form.name == name.text)) => {
            let help = format!("`{}` may not vary", cx.field());
            cx.wrong_type(node, "a plain number", Some(help));
            return None;
        }
        _ => {
            cx.wrong_type(node, "a number", None);
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

fn within(cx: &mut Context, span: Span, value: f64, limits: Limits, verb: &str) -> bool {
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

/// A number that may vary.
pub(super) fn scalar(cx: &mut Context, node: &Node, limits: Limits) -> Option<Scalar> {
    varied(cx, node, &|cx, node| number(cx, node, limits))
}

fn number(cx: &mut Context, node: &Node, limits: Limits) -> Option<Number> {
    if matches!(node.kind, Kind::Integer(_) | Kind::Float(_)) {
        return plain_within(cx, node, limits).map(Number::Const);
    }
    let (name, fields) = variant(cx, node, &NUMBER)?;
    match name {
        "Normal" => normal(cx, &fields, limits),
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
        _ => {
            let (min, max) = ordered(cx, &fields, Limits { whole: false, ..limits })?;
            Some(Number::Uniform { min, max })
        }
    }
}

/// `min` and `max` of a distribution, in order and within limits.
fn ordered(cx: &mut Context, fields: &Fields<'_>, limits: Limits) -> Option<(f64, f64)> {
    let value = |cx: &mut Context, name| fields.get(name).and_then(|node| end(cx, node, limits));
    let (min, max) = (value(cx, "min"), value(cx, "max"));
    let (min, max) = (min?, max?);
    in_order(cx, fields, min, max).then_some((min, max))
}

fn in_order(cx: &mut Context, fields: &Fields<'_>, min: f64, max: f64) -> bool {
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
fn end(cx: &mut Context, node: &Node, limits: Limits) -> Option<f64> {
    let value = plain(cx, node)?;
    if limits.whole && value != value.round() {
        cx.push(Problem::at(node.span, format!("`UniformInt` goes from a whole number to a whole number, and this is {value}")));
        return None;
    }
    within(cx, node.span, value, limits, "reaches").then_some(value)
}

/// Of a Normal's draws, at least this share has to lie between its ends; the rest is drawn again.
const LEAST_SHARE: f64 = 0.01;

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
            let problem = Problem::at(fields.head, format!("`{}` must be {}, and a Normal without `{name}` has no end", cx.field(), limits.text));
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
fn share_between(mean: f64, std: f64, min: f64, max: f64) -> f64 {
    if std == 0.0 {
        return if (min..=max).contains(&mean) { 1.0 } else { 0.0 };
    }
    let below = |x: f64| 0.5 * libm::erfc(-(x - mean) / (std * std::f64::consts::SQRT_2));
    below(max) - below(min)
}

/// Smallest and largest value that a number can take; infinite where there is no end.
pub(super) fn support(scalar: &Scalar) -> (f64, f64) {
    let of_number = |number: &Number| match *number {
        Number::Const(value) => (value, value),
        Number::Uniform { min, max } | Number::LogUniform { min, max } | Number::Normal { min, max, .. } => (min, max),
        // At most 1e9, so exact.
        Number::UniformInt { min, max } => (min as f64, max as f64),
    };
    let join = |a: (f64, f64), b: (f64, f64)| (a.0.min(b.0), a.1.max(b.1));
    let nothing = (f64::INFINITY, f64::NEG_INFINITY);
    match scalar {
        Varied::One(number) => of_number(number),
        Varied::Choice(options) => options.iter().map(support).fold(nothing, join),
        Varied::Weighted(options) => options.iter().map(|(_, option)| support(option)).fold(nothing, join),
    }
}

/// `Choice([..])`, `Weighted([(weight, ..), ..])`, or one value that `one` decodes.
pub(super) fn varied<T>(
    cx: &mut Context,
    node: &Node,
    one: &dyn Fn(&mut Context, &Node) -> Option<T>,
) -> Option<Varied<T>> {
    let Kind::Group(group) = &node.kind else { return one(cx, node).map(Varied::One) };
    let form = match group.name.as_ref().map(|name| name.text.as_str()) {
        Some("Choice") => &CHOICE,
        Some("Weighted") => &WEIGHTED,
        _ => return one(cx, node).map(Varied::One),
    };
    let example = if form.name == "Choice" { "Choice([a, b])" } else { "Weighted([(3, a), (1, b)])" };
    if group.args.as_ref().is_some_and(|args| args.len() > 1 && args.iter().all(|arg| arg.name.is_none())) {
        cx.push(Problem::at(node.span, format!("`{}` takes one list", form.name)).help(format!("write {example}")));
        return None;
    }
    let fields = Fields::read(cx, group, node.span, form);
    let list = fields.get("options")?;
    let Kind::List(items) = &list.kind else {
        cx.wrong_type(list, "a list in `[ ]`", Some(format!("write {example}")));
        return None;
    };
    if items.is_empty() {
        let nothing = Problem::at(list.span, format!("this `{}` has nothing to choose from", form.name));
        cx.push(nothing.help(format!("write at least one option: {example}")));
        return None;
    }
    // Everything is decoded before the first mistake ends it, so that all mistakes are found.
    if form.name == "Choice" {
        let options: Vec<_> = items.iter().map(|item| varied(cx, item, one)).collect();
        return options.into_iter().collect::<Option<Vec<_>>>().map(Varied::Choice);
    }
    let options: Vec<_> = items.iter().map(|item| weighted_option(cx, item, one)).collect();
    options.into_iter().collect::<Option<Vec<_>>>().map(Varied::Weighted)
}

fn weighted_option<T>(
    cx: &mut Context,
    node: &Node,
    one: &dyn Fn(&mut Context, &Node) -> Option<T>,
) -> Option<(f64, Varied<T>)> {
    let args = match &node.kind {
        Kind::Group(group) if group.name.is_none() => group.args.as_deref(),
        _ => None,
    };
    let Some([weight, value]) = args.filter(|args| args.iter().all(|arg| arg.name.is_none())) else {
        cx.wrong_type(node, "a pair (weight, value)", Some("write Weighted([(3, a), (1, b)])".into()));
        return None;
    };
    let number = plain(cx, &weight.value).and_then(|number| {
        if number >= SMALLEST {
            return Some(number);
        }
        cx.push(Problem::at(weight.value.span, format!("a weight must be greater than 0, and this is {number}")).help("leave out what must not occur"));
        None
    });
    let value = varied(cx, &value.value, one);
    Some((number?, value?))
}

/// A text that may vary, such as the name of a material.
pub(super) fn varied_text(
    cx: &mut Context,
    node: &Node,
    what: &str,
    note: &dyn Fn(&mut Context, &str, Span),
) -> Option<Varied<String>> {
    varied(cx, node, &|cx, node| {
        let text = cx.text(node, what)?;
        note(cx, text, node.span);
        Some(text.to_owned())
    })
}

/// Notes a reference by name, to be resolved by `check`.
pub(super) fn refer(cx: &mut Context, to: super::Kinds, name: &str, span: Span) {
    cx.findings.references.push(Reference { to, name: name.to_owned(), span });
}

/// Several numbers, by position or by name, all with the same limits.
pub(super) fn scalars<const N: usize>(
    cx: &mut Context,
    fields: &Fields<'_>,
    names: [&'static str; N],
    limits: Limits,
) -> Option<[Scalar; N]> {
    let values = names.map(|name| fields.need(cx, name, |cx, node| scalar(cx, node, limits)));
    let values: Option<Vec<Scalar>> = values.into_iter().collect();
    values?.try_into().ok()
}

/// A colour that may vary.
pub(super) fn color(cx: &mut Context, node: &Node) -> Option<ColorDist> {
    varied(cx, node, &one_color)
}

fn one_color(cx: &mut Context, node: &Node) -> Option<ColorRecipe> {
    let help = match &node.kind {
        Kind::Text(text) => Some(format!("write Hex(\"{}\")", super::quoted(text))),
        Kind::Group(group) if group.name.is_none() => Some("write Rgb(r, g, b), each from 0 to 1".into()),
        _ => None,
    };
    if help.is_some() {
        cx.wrong_type(node, COLOR.what, help);
        return None;
    }
    let (name, fields) = variant(cx, node, &COLOR)?;
    Some(match name {
        "Hex" => ColorRecipe::Hex(fields.need(cx, "value", hex)?),
        "Rgb" => ColorRecipe::Rgb(scalars(cx, &fields, ["r", "g", "b"], Limits::SHARE)?),
        "Linear" => ColorRecipe::Linear(scalars(cx, &fields, ["r", "g", "b"], Limits::SHARE)?),
        "Hsv" => {
            let hue = scalars(cx, &fields, ["h"], Limits::ANY);
            let rest = scalars(cx, &fields, ["s", "v"], Limits::SHARE);
            let ([h], [s, v]) = (hue?, rest?);
            ColorRecipe::Hsv([h, s, v])
        }
        _ => {
            const TEMPERATURE: Limits = Limits::new(1000.0, 40000.0, "from 1000 to 40000", true);
            ColorRecipe::Kelvin(fields.need(cx, "temperature", |cx, node| scalar(cx, node, TEMPERATURE))?)
        }
    })
}

fn hex(cx: &mut Context, node: &Node) -> Option<[u8; 3]> {
    let text = cx.text(node, "a colour in quotes such as \"#8a6642\"")?;
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
    let Some(value) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
        let message = format!("\"{}\" is not a colour", super::quoted(text));
        cx.push(Problem::at(node.span, message).help("write `#` and six digits 0-9, a-f: \"#rrggbb\""));
        return None;
    };
    let [_, r, g, b] = value.to_be_bytes();
    Some([r, g, b])
}

/// A vector that may vary.
pub(super) fn vector(cx: &mut Context, node: &Node) -> Option<VectorDist> {
    varied(cx, node, &one_vector)
}

fn one_vector(cx: &mut Context, node: &Node) -> Option<VectorRecipe> {
    if let Some(fields) = xyz(cx, node) {
        return scalars(cx, &fields?, ["x", "y", "z"], Limits::ANY).map(VectorRecipe::PerComponent);
    }
    let (name, fields) = variant(cx, node, &VECTOR)?;
    if name == "InBox" {
        let (min, max) = corners(cx, &fields)?;
        return Some(VectorRecipe::InBox { min, max });
    }
    let center = fields.need(cx, "center", fixed_vector);
    let radius = fields.need(cx, "radius", |cx, node| plain_within(cx, node, Limits::POSITIVE));
    let (center, radius) = (center?, radius?);
    Some(if name == "InSphere" { VectorRecipe::InSphere { center, radius } } else { VectorRecipe::OnSphere { center, radius } })
}

/// The fields of `(x, y, z)`, if a node is in plain parentheses.
pub(super) fn xyz<'n>(cx: &mut Context, node: &'n Node) -> Option<Option<Fields<'n>>> {
    match &node.kind {
        Kind::Group(group) if group.name.is_none() => Some(Some(Fields::read(cx, group, node.span, &XYZ))),
        Kind::List(items) => {
            let help = (items.len() == 3).then(|| "write it with parentheses: (x, y, z)".into());
            cx.wrong_type(node, VECTOR.what, help);
            Some(None)
        }
        _ => None,
    }
}

/// A vector that may not vary.
pub(super) fn fixed_vector(cx: &mut Context, node: &Node) -> Option<[f64; 3]> {
    let Some(fields) = xyz(cx, node) else {
        cx.wrong_type(node, "a plain vector (x, y, z)", None);
        return None;
    };
    let fields = fields?;
    let values = ["x", "y", "z"].map(|name| fields.need(cx, name, plain));
    let values: Option<Vec<f64>> = values.into_iter().collect();
    values?.try_into().ok()
}

/// `min` and `max` of a box.
pub(super) fn corners(cx: &mut Context, fields: &Fields<'_>) -> Option<([f64; 3], [f64; 3])> {
    let (min, max) = (fields.need(cx, "min", fixed_vector), fields.need(cx, "max", fixed_vector));
    let (min, max) = (min?, max?);
    if let Some(axis) = (0..3).find(|&axis| min[axis] > max[axis])
        && let (Some(low), Some(high)) = (fields.get("min"), fields.get("max"))
    {
        let message = format!("the box is inside out: along {} it goes from {} to {}", ["x", "y", "z"][axis], min[axis], max[axis]);
        cx.push(Problem::at(low.span, message).label(low.span, "lower corner").label(high.span, "upper corner"));
        return None;
    }
    Some((min, max))
}

/// A rotation that may vary.
pub(super) fn rotation(cx: &mut Context, node: &Node) -> Option<RotationDist> {
    varied(cx, node, &one_rotation)
}

fn one_rotation(cx: &mut Context, node: &Node) -> Option<RotationRecipe> {
    let (name, fields) = variant(cx, node, &ROTATION)?;
    Some(match name {
        "Euler" => RotationRecipe::Euler(scalars(cx, &fields, ["x", "y", "z"], Limits::ANY)?),
        "Yaw" => RotationRecipe::Yaw(fields.need(cx, "angle", |cx, node| scalar(cx, node, Limits::ANY))?),
        "AxisAngle" => {
            let axis = fields.need(cx, "axis", unit_vector);
            let angle = fields.need(cx, "angle", |cx, node| scalar(cx, node, Limits::ANY));
            RotationRecipe::AxisAngle(axis?, angle?)
        }
        _ => RotationRecipe::Any,
    })
}

fn unit_vector(cx: &mut Context, node: &Node) -> Option<[f64; 3]> {
    let v = fixed_vector(cx, node)?;
    let length = (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt();
    if length < SMALLEST {
        cx.push(Problem::at(node.span, "an axis needs a direction, and this has no length").help("(0, 1, 0) is upright"));
        return None;
    }
    Some(v.map(|x| x / length))
}
