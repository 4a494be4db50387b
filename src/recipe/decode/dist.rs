//! Values that may vary: choices of anything, colours, vectors and rotations. Numbers are in `number`.

use super::super::diagnostics::{Problem, Span};
use super::super::dist::{ColorRecipe, RotationRecipe, VectorRecipe};
use super::super::syntax::{Kind, Node};
use super::super::{ColorDist, RotationDist, Scalar, Varied, VectorDist};
use super::fields::{Fields, Form, Variants, variant};
use super::number::{Limits, NUMBER, SMALLEST, plain, plain_within, scalar};
use super::{Context, Reference};

pub(super) const CHOICE: Form = Form::variant("Choice", &["options"], &[]);
pub(super) const WEIGHTED: Form = Form::variant("Weighted", &["options"], &[]);
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
        &super::parameter::MATCH,
    ],
};
const XYZ: Form =
    Form { name: "", what: "a vector (x, y, z)", required: &["x", "y", "z"], optional: &[], positional: true };
const VECTOR: Variants = Variants {
    what: "a vector such as (0, 1, 0)",
    forms: &[
        &XYZ,
        &Form::variant("InBox", &["min", "max"], &[]),
        &Form::variant("InSphere", &["center", "radius"], &[]),
        &Form::variant("OnSphere", &["center", "radius"], &[]),
        &CHOICE,
        &WEIGHTED,
        &super::parameter::MATCH,
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
        &super::parameter::MATCH,
    ],
};
/// For a text that may vary.
const TEXT: Variants = Variants {
    what: "a text or a choice such as Choice([\"a\", \"b\"])",
    forms: &[&CHOICE, &WEIGHTED, &super::parameter::MATCH],
};

pub(super) const VARIANTS: &[&Variants] = &[&NUMBER, &COLOR, &VECTOR, &ROTATION, &TEXT];

/// Whether a word starts a choice.
pub(super) fn is_choice(word: &str) -> bool {
    word == CHOICE.name || word == WEIGHTED.name || word == super::parameter::MATCH.name
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
        Some("Match") => return super::parameter::matched(cx, group, node, one).map(|it| Varied::Match(Box::new(it))),
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
        if number > 0.0 {
            return Some(number);
        }
        cx.push(
            Problem::at(weight.value.span, format!("a weight must be greater than 0, and this is {number}"))
                .help("leave out what must not occur"),
        );
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
        Kind::Text(text) => Some(match as_hex(text) {
            Some(hex) => format!("write Hex(\"{hex}\")"),
            None => "write Hex(\"#rrggbb\"), two digits 0-9, a-f each for red, green and blue".into(),
        }),
        Kind::Group(group) if group.name.is_none() => Some("write Rgb(r, g, b), each from 0 to 1".into()),
        _ => None,
    };
    if help.is_some() {
        cx.wrong_type(node, COLOR.what, help);
        return None;
    }
    if super::paint::misplaced(cx, node, true) {
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
    let digits =
        text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
    let Some(value) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
        let message = format!("\"{}\" is not a colour", super::quoted(text));
        let help = match as_hex(text) {
            Some(hex) => format!("write \"{hex}\""),
            None => "write `#` and six digits 0-9, a-f: \"#rrggbb\"".into(),
        };
        cx.push(Problem::at(node.span, message).help(help));
        return None;
    };
    let [_, r, g, b] = value.to_be_bytes();
    Some([r, g, b])
}

/// What a colour is in `Hex` that is written in another way of the web: by name, in three digits, or without `#`.
fn as_hex(text: &str) -> Option<String> {
    const NAMES: [(&str, &str); 14] = [
        ("black", "#000000"),
        ("white", "#ffffff"),
        ("gray", "#808080"),
        ("grey", "#808080"),
        ("red", "#ff0000"),
        ("green", "#008000"),
        ("blue", "#0000ff"),
        ("yellow", "#ffff00"),
        ("cyan", "#00ffff"),
        ("magenta", "#ff00ff"),
        ("orange", "#ffa500"),
        ("brown", "#a52a2a"),
        ("purple", "#800080"),
        ("pink", "#ffc0cb"),
    ];
    if let Some((_, hex)) = NAMES.iter().find(|(name, _)| text.eq_ignore_ascii_case(name)) {
        return Some((*hex).to_owned());
    }
    let digits = text.strip_prefix('#').unwrap_or(text);
    match digits.len() {
        _ if !digits.bytes().all(|b| b.is_ascii_hexdigit()) => None,
        6 => Some(format!("#{digits}")),
        3 => Some(digits.chars().fold("#".to_owned(), |hex, digit| format!("{hex}{digit}{digit}"))),
        _ => None,
    }
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
    Some(if name == "InSphere" {
        VectorRecipe::InSphere { center, radius }
    } else {
        VectorRecipe::OnSphere { center, radius }
    })
}

/// The fields of `(x, y, z)`, if a node is in plain parentheses.
pub(super) fn xyz<'n>(cx: &mut Context, node: &'n Node) -> Option<Option<Fields<'n>>> {
    match &node.kind {
        Kind::Group(group) if group.name.is_none() => Some(Some(Fields::read(cx, group, node.span, &XYZ))),
        Kind::List(items) => {
            let three = if items.len() == 3 { "write it with parentheses: (x, y, z)" } else { "write (x, y, z)" };
            cx.wrong_type(node, VECTOR.what, Some(three.into()));
            Some(None)
        }
        _ => None,
    }
}

/// A vector that may not vary.
pub(super) fn fixed_vector(cx: &mut Context, node: &Node) -> Option<[f64; 3]> {
    let Some(fields) = xyz(cx, node) else {
        cx.wrong_type(node, "a plain vector (x, y, z)", Some("write three plain numbers: (0, 1, 0)".into()));
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
        let message = format!(
            "the box is inside out: along {} it goes from {} to {}",
            ["x", "y", "z"][axis],
            min[axis],
            max[axis]
        );
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

pub(super) fn unit_vector(cx: &mut Context, node: &Node) -> Option<[f64; 3]> {
    let v = fixed_vector(cx, node)?;
    let length = (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt();
    if length < SMALLEST {
        cx.push(
            Problem::at(node.span, "an axis needs a direction, and this has no length").help("(0, 1, 0) is upright"),
        );
        return None;
    }
    Some(v.map(|x| x / length))
}
