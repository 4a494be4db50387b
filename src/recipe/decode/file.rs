//! Models from files: one, or a collection.

use std::collections::BTreeMap;

use super::super::diagnostics::Problem;
use super::super::syntax::{Kind, Node};
use super::super::{FileRecipe, Scalar};
use super::fields::{Fields, Form, Variants, variant};
use super::number::{Limits, constant, plain_within, scalar};
use super::{AssetKind, AssetUse, Context, TakenFacts};
use crate::assets::{Fit, MOST_MORPH, Pivot, Playing, Taken, Unit, UpAxis};

const TAKEN: &[&str] = &["unit", "up", "pivot", "fit", "animation", "time", "morphs", "speed"];

/// Their forms; `object` lists them among all shapes.
pub(super) const FILE: Form = Form::variant("File", &["path"], TAKEN);
pub(super) const FILES: Form = Form::variant("Files", &["pattern"], TAKEN);

const FIT: Form = Form::noun("a size such as (longest: 0.1)", &[], &["longest", "diagonal", "x", "y", "z"]);

pub(super) const NOUNS: &[&Form] = &[&FIT];

const UNIT: Variants = Variants {
    what: "a unit such as Millimetres",
    forms: &[
        &Form::variant("Metres", &[], &[]),
        &Form::variant("Centimetres", &[], &[]),
        &Form::variant("Millimetres", &[], &[]),
        &Form::variant("Inches", &[], &[]),
        &Form::variant("Feet", &[], &[]),
    ],
};
const UP: Variants = Variants {
    what: "an axis: X, Y or Z",
    forms: &[&Form::variant("X", &[], &[]), &Form::variant("Y", &[], &[]), &Form::variant("Z", &[], &[])],
};
const PIVOT: Variants = Variants {
    what: "`Origin`, `Center` or `Base`",
    forms: &[&Form::variant("Origin", &[], &[]), &Form::variant("Center", &[], &[]), &Form::variant("Base", &[], &[])],
};

pub(super) const VARIANTS: &[&Variants] = &[&UNIT, &UP, &PIVOT];

/// Sizes that a file may be brought to, metres.
const SIZE: Limits = Limits::new(1e-6, 1e6, "from 0.000001 to 1000000", false);
const SPEED: Limits = Limits::new(-1000.0, 1000.0, "from -1000 to 1000", false);
const WEIGHT: Limits = Limits::new(-MOST_MORPH, MOST_MORPH, "from -100 to 100", true);

/// Decodes `File(..)` or `Files(..)`, and notes the file for `check`.
pub(super) fn file(cx: &mut Context, name: &str, fields: &Fields<'_>) -> Option<FileRecipe> {
    let many = name == "Files";
    let (word, what) = match many {
        true => ("pattern", "the files of a collection, such as \"parts/*.glb\""),
        false => ("path", "the path of a model"),
    };
    let path = fields.need(cx, word, |cx, node| {
        let path = cx.text(node, what)?;
        Some((cx.located(path, node.span), node.span))
    });
    let unit = fields.or(cx, "unit", Unit::Metres, |cx, node| {
        Some(match variant(cx, node, &UNIT)?.0 {
            "Centimetres" => Unit::Centimetres,
            "Millimetres" => Unit::Millimetres,
            "Inches" => Unit::Inches,
            "Feet" => Unit::Feet,
            _ => Unit::Metres,
        })
    });
    let up = fields.or(cx, "up", UpAxis::Y, |cx, node| {
        Some(match variant(cx, node, &UP)?.0 {
            "X" => UpAxis::X,
            "Z" => UpAxis::Z,
            _ => UpAxis::Y,
        })
    });
    let pivot = fields.or(cx, "pivot", Pivot::Origin, |cx, node| {
        Some(match variant(cx, node, &PIVOT)?.0 {
            "Center" => Pivot::Center,
            "Base" => Pivot::Base,
            _ => Pivot::Origin,
        })
    });
    let fit = fields.maybe(cx, "fit", fit);
    let animation = fields
        .maybe(cx, "animation", |cx, node| Some((cx.text(node, "the name of an animation")?.to_owned(), node.span)));
    let time = fields.or(cx, "time", constant(0.0), |cx, node| scalar(cx, node, Limits::SHARE));
    let morphs = fields.or(cx, "morphs", (BTreeMap::new(), BTreeMap::new()), |cx, node| {
        if !matches!(node.kind, Kind::Map(_)) {
            cx.wrong_type(node, "names and weights in `{ }`", Some("write { \"smile\": Uniform(0, 1) }".into()));
            return None;
        }
        let decode = |cx: &mut Context, _: &str, node: &Node| scalar(cx, node, WEIGHT);
        let (places, weights) = cx.named_as(node, "a morph target", Context::check_line, decode);
        Some((places, weights?))
    });
    if let (Some(node), Some(_)) = (fields.get("unit"), fields.get("fit")) {
        let problem = Problem::at(node.span, "`unit` does nothing beside `fit`, which says how large it becomes");
        cx.push(problem.warning().help("remove one of them"));
    }
    if let (Some(node), None) = (fields.get("time"), fields.get("animation")) {
        let problem = Problem::at(node.span, "`time` is a moment of an animation, and none is named");
        cx.push(problem.help("add `animation: \"...\"`, or remove this"));
        return None;
    }
    let playing = fields.maybe(cx, "speed", |cx, node| scalar(cx, node, SPEED));
    if let (Some(node), None) = (fields.get("speed"), fields.get("animation")) {
        let problem = Problem::at(node.span, "`speed` is that of an animation, and none is named");
        cx.push(problem.help("add `animation: \"...\"`, or remove this"));
        return None;
    }
    let playing = playing?.map(|speed| Playing { speed, begin: 0.0, length: 0.0 });
    let ((path, span), (unit, up, pivot, fit)) = (path?, (unit?, up?, pivot?, fit?));
    let (animation, time, (places, morphs)) = (animation?, time?, morphs?);
    let name = animation.as_ref().map(|(name, _)| name.clone());
    let taken: Taken<Scalar> = Taken { unit, up, pivot, fit, animation: name, time, morphs, playing };
    cx.findings.assets.push(AssetUse {
        kind: if many { AssetKind::Collection } else { AssetKind::Model },
        path: path.clone(),
        span,
        taken: Some(TakenFacts {
            taken: taken.clone(),
            animation: animation.map(|(_, span)| span),
            morphs: places.into_iter().collect(),
        }),
    });
    Some(FileRecipe { path, many, taken })
}

/// `(longest: 0.1)`: exactly one of the lengths.
fn fit(cx: &mut Context, node: &Node) -> Option<Fit> {
    let fields = Fields::of_noun(cx, node, &FIT)?;
    let words: [(&'static str, fn(f64) -> Fit); 5] =
        [("longest", Fit::Longest), ("diagonal", Fit::Diagonal), ("x", Fit::X), ("y", Fit::Y), ("z", Fit::Z)];
    let mut found = Vec::new();
    for (word, of) in words {
        let length = fields.maybe(cx, word, |cx, node| plain_within(cx, node, SIZE))?;
        found.extend(length.map(of));
    }
    if found.len() != 1 {
        let message = "`fit` names exactly one length: the others follow";
        let help = "write (longest: 0.1), or one of `diagonal`, `x`, `y` (the height) and `z`";
        cx.push(Problem::at(node.span, message).help(help));
        return None;
    }
    found.pop()
}
