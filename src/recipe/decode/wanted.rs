//! What scenes and the dataset have to show, and splits.

use std::collections::BTreeMap;

use super::super::diagnostics::{Problem, quoted};
use super::super::expression::Interval;
use super::super::syntax::{Kind, Node};
use super::super::{Condition, Contract, ContractKind, HeldOut, Recipe, Requirement, Splits, Spread, Wanted, Which};
use super::dist::refer;
use super::fields::{Fields, Form, Variants, variant};
use super::number::{Limits, plain_within, whole};
use super::parameter::statement;
use super::{Context, Kinds, listed, nearest};
use crate::scene::{LabelSettings, Output};

const SPLITS: Form = Form::noun("splits", &["shares"], &["held_out"]);

pub(super) const NOUNS: &[&Form] = &[&SPLITS];

const REQUIREMENT: Variants = Variants {
    what: "a requirement such as InView(\"mugs\")",
    forms: &[
        &Form::variant("InView", &["of"], &["margin", "which", "camera"]),
        &Form::variant("Height", &["of"], &["min", "max", "which", "camera"]),
        &Form::variant("Width", &["of"], &["min", "max", "which", "camera"]),
        &Form::variant("Visible", &["of", "least"], &["which", "camera"]),
    ],
};
const WHICH: Variants =
    Variants { what: "`All` or `Any`", forms: &[&Form::variant("All", &[], &[]), &Form::variant("Any", &[], &[])] };
const CONTRACT: Variants = Variants {
    what: "a contract such as BoxHeight(LogUniform(8, 400))",
    forms: &[
        &Form::variant("BoxHeight", &["distribution"], &["of", "bins", "within", "camera"]),
        &Form::variant("BoxWidth", &["distribution"], &["of", "bins", "within", "camera"]),
        &Form::variant("Visibility", &["least", "share"], &["of", "within", "camera"]),
        &Form::variant("Balanced", &["categories"], &["within", "camera"]),
        &Form::variant("Share", &["of", "share"], &["within"]),
        &Form::variant("When", &["condition", "share"], &["within"]),
    ],
};
/// Those numbers that have bins of equal weight.
const DISTRIBUTION: Variants = Variants {
    what: "Uniform(min, max) or LogUniform(min, max)",
    forms: &[&Form::variant("Uniform", &["min", "max"], &[]), &Form::variant("LogUniform", &["min", "max"], &[])],
};
const HELD_OUT: Variants = Variants {
    what: "something to hold out such as Material(\"oak\")",
    forms: &[
        &Form::variant("Asset", &["path"], &[]),
        &Form::variant("Material", &["name"], &[]),
        &Form::variant("Object", &["name"], &[]),
        &Form::variant("Region", &["path", "min", "max"], &[]),
    ],
};

// `DISTRIBUTION` has the words of a number.
pub(super) const VARIANTS: &[&Variants] = &[&REQUIREMENT, &WHICH, &CONTRACT, &HELD_OUT];

/// More than this is no recipe of a person's, and would take long to look at in each scene.
const MOST: usize = 64;
/// Shares that all contracts together may ask for.
const MOST_SHARES: usize = 256;

const PIXELS: Limits = Limits::new(0.0, 1e6, "from 0 to 1000000 pixels", true);
const MARGIN: Limits = Limits::new(-1e6, 1e6, "from -1000000 to 1000000 pixels", true);
const BINS: Limits = Limits { whole: true, ..Limits::new(2.0, 64.0, "from 2 to 64", true) };
const WITHIN: Limits = Limits::new(0.001, 1.0, "from 0.001 to 1", true);
/// Nothing can be balanced against none or all.
const PART: Limits = Limits::new(0.001, 0.999, "from 0.001 to 0.999", true);

/// Decodes `require`, `coverage` and `splits`; objects, categories and cameras are known.
pub(super) fn wanted(cx: &mut Context, fields: &Fields<'_>, labels: Option<&LabelSettings>) -> Option<Wanted> {
    let require = fields.or(cx, "require", Vec::new(), requirements);
    let coverage = fields.or(cx, "coverage", BTreeMap::new(), |cx, node| {
        let coverage = cx.named(node, "a contract", |cx, _, node| contract(cx, node, labels)).1?;
        let shares: usize = coverage.values().map(|contract| contract.shares()).sum();
        if shares > MOST_SHARES {
            let message = format!("these contracts ask for {shares} shares, and {MOST_SHARES} are the most");
            cx.push(Problem::at(node.span, message).help("take fewer bins"));
            return None;
        }
        Some(coverage)
    });
    let splits = fields.maybe(cx, "splits", splits);
    Some(Wanted { require: require?, coverage: coverage?, splits: splits?, ..Wanted::default() })
}

impl Contract {
    fn shares(&self) -> usize {
        match &self.kind {
            ContractKind::BoxHeight(spread) | ContractKind::BoxWidth(spread) => spread.bins as usize,
            ContractKind::Balanced { categories } => categories.len(),
            ContractKind::Visibility { .. } | ContractKind::Share { .. } | ContractKind::When { .. } => 2,
        }
    }
}

fn requirements(cx: &mut Context, node: &Node) -> Option<Vec<Requirement>> {
    let items = items(cx, node, "[InView(\"mugs\"), Visible(\"mugs\", 0.3)]")?;
    // All of them, so that every mistake is told.
    let all: Vec<Option<Requirement>> = items.iter().map(|item| requirement(cx, item)).collect();
    all.into_iter().collect()
}

fn items<'n>(cx: &mut Context, node: &'n Node, example: &str) -> Option<&'n [Node]> {
    let Kind::List(items) = &node.kind else {
        cx.wrong_type(node, "a list in `[ ]`", Some(format!("write {example}")));
        return None;
    };
    if items.len() > MOST {
        cx.push(Problem::at(node.span, format!("this list has {} entries, and {MOST} are the most", items.len())));
        return None;
    }
    Some(items)
}

fn requirement(cx: &mut Context, node: &Node) -> Option<Requirement> {
    let (name, fields) = variant(cx, node, &REQUIREMENT)?;
    let of = fields.need(cx, "of", things);
    let which = fields.or(cx, "which", Which::All, |cx, node| {
        Some(if variant(cx, node, &WHICH)?.0 == "Any" { Which::Any } else { Which::All })
    });
    let camera = fields.maybe(cx, "camera", camera);
    let condition = match name {
        "InView" => {
            let margin = fields.or(cx, "margin", 0.0, |cx, node| plain_within(cx, node, MARGIN));
            margin.map(|margin| Condition::InView { margin })
        }
        "Visible" => {
            let least = fields.need(cx, "least", |cx, node| plain_within(cx, node, Limits::SHARE));
            least.map(|least| Condition::Visible { least })
        }
        _ => size(cx, &fields, name),
    };
    Some(Requirement { of: of?, condition: condition?, which: which?, camera: camera? })
}

fn size(cx: &mut Context, fields: &Fields<'_>, name: &str) -> Option<Condition> {
    let min = fields.or(cx, "min", 0.0, |cx, node| plain_within(cx, node, PIXELS));
    let max = fields.or(cx, "max", f64::INFINITY, |cx, node| plain_within(cx, node, PIXELS));
    let (min, max) = (min?, max?);
    if min > max {
        let message = format!("the least size, {min}, is greater than the greatest, {max}");
        cx.push(Problem::at(fields.head, message));
        return None;
    }
    if fields.get("min").is_none() && fields.get("max").is_none() {
        cx.push(Problem::at(fields.head, format!("`{name}` needs `min` or `max`")).help("write min: 20 for 20 pixels"));
        return None;
    }
    Some(if name == "Height" { Condition::Height { min, max } } else { Condition::Width { min, max } })
}

/// Names of object groups and categories: one, or a list.
fn things(cx: &mut Context, node: &Node) -> Option<Vec<String>> {
    const EXAMPLE: &str = "\"mugs\" or [\"mugs\", \"balls\"]";
    let names = match &node.kind {
        Kind::List(items) if items.is_empty() => {
            let message = "this list is empty: it has to name an object group or a category";
            cx.push(Problem::at(node.span, message));
            return None;
        }
        Kind::List(_) => cx.texts(node, "an object group or a category", EXAMPLE)?,
        _ => vec![(cx.text(node, "the name of an object group or a category")?.to_owned(), node.span)],
    };
    let mut good = true;
    for (name, span) in &names {
        // Where the definitions are unreadable, that is reported already.
        let kinds = [Kinds::Object, Kinds::Category].map(|kind| cx.findings.names.get(&kind));
        let [Some(objects), Some(categories)] = kinds else { continue };
        if objects.contains_key(name) || categories.contains_key(name) || cx.is_elsewhere(Kinds::Object, name) {
            continue;
        }
        let known = || objects.keys().chain(categories.keys()).map(String::as_str);
        let help = match nearest(name, known()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => {
                let shown: Vec<String> = known().take(20).map(|name| format!("\"{}\"", quoted(name))).collect();
                format!("there are {}", listed(&shown))
            }
        };
        let message = format!("there is no object group and no category called \"{}\"", quoted(name));
        cx.push(Problem::at(*span, message).help(help));
        good = false;
    }
    good.then(|| names.into_iter().map(|(name, _)| name).collect())
}

fn camera(cx: &mut Context, node: &Node) -> Option<String> {
    let name = cx.text(node, "the name of a camera")?;
    refer(cx, Kinds::Camera, name, node.span);
    Some(name.to_owned())
}

fn contract(cx: &mut Context, node: &Node, labels: Option<&LabelSettings>) -> Option<Contract> {
    let (name, fields) = variant(cx, node, &CONTRACT)?;
    let within = fields.or(cx, "within", 0.05, |cx, node| plain_within(cx, node, WITHIN));
    let has = |field: &str| CONTRACT.forms.iter().any(|form| form.name == name && form.fields().any(|f| f == field));
    let of = match name {
        "Share" => fields.need(cx, "of", things),
        _ if has("of") => fields.or(cx, "of", Vec::new(), things),
        _ => Some(Vec::new()),
    };
    let camera = if has("camera") { fields.maybe(cx, "camera", camera) } else { Some(None) };
    let kind = match name {
        "Visibility" => {
            let least = fields.need(cx, "least", |cx, node| plain_within(cx, node, PART));
            let share = fields.need(cx, "share", |cx, node| plain_within(cx, node, PART));
            if labels.is_some_and(|labels| !labels.wants(Output::Amodal)) {
                let message = "visibility is known of what is drawn only where `outputs` asks for `Amodal`";
                cx.push(Problem::at(fields.head, message).help("write outputs: [Ids, Depth, Amodal]"));
                return None;
            }
            ContractKind::Visibility { least: least?, share: share? }
        }
        "Balanced" => ContractKind::Balanced { categories: fields.need(cx, "categories", categories)? },
        "When" => {
            let condition = fields.need(cx, "condition", |cx, node| {
                let (condition, text, span) = statement(cx, node)?;
                let Interval { min, max } = condition.interval();
                if min == max {
                    let so = if max == 0.0 { "never" } else { "always" };
                    let problem = Problem::at(span, format!("this is {so} so, and no share of the scenes can be had"));
                    cx.push(problem.help("ask for what is so in some scenes alone"));
                    return None;
                }
                Some((condition, text))
            });
            let share = fields.need(cx, "share", |cx, node| plain_within(cx, node, PART));
            let (condition, text) = condition?;
            ContractKind::When { condition: Some(condition), text, share: share? }
        }
        "Share" => ContractKind::Share { share: fields.need(cx, "share", |cx, node| plain_within(cx, node, PART))? },
        _ => {
            let bins = fields.or(cx, "bins", 8, |cx, node| whole(cx, node, BINS));
            let spread = fields.need(cx, "distribution", spread);
            let spread = Spread { bins: bins?, ..spread? };
            if name == "BoxHeight" { ContractKind::BoxHeight(spread) } else { ContractKind::BoxWidth(spread) }
        }
    };
    Some(Contract { kind, of: of?, camera: camera?, within: within? })
}

fn categories(cx: &mut Context, node: &Node) -> Option<Vec<String>> {
    let names = cx.texts(node, "a category", "[\"mug\", \"ball\"]")?;
    names.iter().for_each(|(name, span)| refer(cx, Kinds::Category, name, *span));
    if !(2..=MOST).contains(&names.len()) {
        let message = format!("`Balanced` takes from 2 to {MOST} categories, and this has {}", names.len());
        cx.push(Problem::at(node.span, message));
        return None;
    }
    Some(names.into_iter().map(|(name, _)| name).collect())
}

fn spread(cx: &mut Context, node: &Node) -> Option<Spread> {
    let (name, fields) = variant(cx, node, &DISTRIBUTION)?;
    let least = if name == "LogUniform" { 1.0 } else { 0.0 };
    const FROM_ONE: Limits = Limits::new(1.0, 1e6, "from 1 to 1000000 pixels", true);
    let limits = if least > 0.0 { FROM_ONE } else { PIXELS };
    let min = fields.need(cx, "min", |cx, node| plain_within(cx, node, limits));
    let max = fields.need(cx, "max", |cx, node| plain_within(cx, node, limits));
    let (min, max) = (min?, max?);
    if min >= max {
        let message = format!("the smallest size, {min}, has to be less than the largest, {max}");
        cx.push(Problem::at(node.span, message));
        return None;
    }
    Some(Spread { log: name == "LogUniform", min, max, bins: 0 })
}

fn splits(cx: &mut Context, node: &Node) -> Option<Splits> {
    let fields = Fields::of_noun(cx, node, &SPLITS)?;
    let shares = fields.need(cx, "shares", |cx, node| {
        let share = |cx: &mut Context, _: &str, node: &Node| plain_within(cx, node, Limits::SHARE);
        let shares = cx.named(node, "a split", share).1?;
        let sum: f64 = shares.values().sum();
        if shares.is_empty() || (sum - 1.0).abs() > 1e-6 {
            let message = format!("the shares of the splits add up to {}, and not to 1", (sum * 1e9).round() / 1e9);
            cx.push(Problem::at(node.span, message).help("write { \"train\": 0.8, \"val\": 0.1, \"test\": 0.1 }"));
            return None;
        }
        if shares.len() > MOST {
            cx.push(Problem::at(node.span, format!("there are {} splits, and {MOST} are the most", shares.len())));
            return None;
        }
        Some(shares)
    });
    let held_out = fields.or(cx, "held_out", BTreeMap::new(), |cx, node| {
        let (names, held_out) = cx.named(node, "a split", |cx, name, node| {
            let items = items(cx, node, "[Material(\"oak\"), Asset(\"parts/b*.glb\")]")?;
            cx.findings.held_out.insert(name.to_owned(), items.iter().map(|item| item.span).collect());
            let all: Vec<Option<HeldOut>> = items.iter().map(|item| held(cx, item)).collect();
            all.into_iter().collect::<Option<Vec<_>>>()
        });
        if let Some(shares) = &shares {
            for (name, span) in names.iter().filter(|(name, _)| !shares.contains_key(*name)) {
                let help = match nearest(name, shares.keys().map(String::as_str)) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => "name one of `shares`".into(),
                };
                cx.push(Problem::at(*span, format!("there is no split called \"{}\"", quoted(name))).help(help));
            }
        }
        held_out
    });
    Some(Splits { shares: shares?, held_out: held_out? })
}

fn held(cx: &mut Context, node: &Node) -> Option<HeldOut> {
    let (name, fields) = variant(cx, node, &HELD_OUT)?;
    let mut named = |kind: Kinds, what: &str| {
        fields.need(cx, "name", |cx, node| {
            let name = cx.text(node, what)?;
            let is_here = cx.findings.names.get(&kind).is_some_and(|names| names.contains_key(name));
            if is_here || !cx.is_elsewhere(kind, name) {
                refer(cx, kind, name, node.span);
            }
            Some(name.to_owned())
        })
    };
    Some(match name {
        "Material" => HeldOut::Material(named(Kinds::Material, "the name of a material")?),
        "Object" => HeldOut::Object(named(Kinds::Object, "the name of an object")?),
        "Asset" => {
            const LONGEST: usize = 1000;
            let path = fields.need(cx, "path", |cx, node| {
                let path = cx.text(node, "the path of a file, or a pattern of paths")?;
                if path.len() > LONGEST {
                    cx.push(Problem::at(node.span, format!("a path has at most {LONGEST} bytes")));
                    return None;
                }
                cx.findings.held_out_files.push((path.to_owned(), node.span));
                Some(path.to_owned())
            });
            HeldOut::Asset(path?)
        }
        _ => {
            let path = fields.need(cx, "path", |cx, node| {
                let what = "the path of a number such as \"cameras.main.pose.azimuth\"";
                let path = cx.text(node, what)?;
                cx.findings.held_out_numbers.push((path.to_owned(), node.span));
                Some(path.to_owned())
            });
            let min = fields.need(cx, "min", |cx, node| plain_within(cx, node, Limits::ANY));
            let max = fields.need(cx, "max", |cx, node| plain_within(cx, node, Limits::ANY));
            let (path, min, max) = (path?, min?, max?);
            if min >= max {
                let message = format!("the smallest value, {min}, has to be less than the largest, {max}");
                cx.push(Problem::at(fields.head, message));
                return None;
            }
            HeldOut::Region { path, min, max }
        }
    })
}

/// Refuses regions of numbers that there are none of.
pub(super) fn regions(cx: &mut Context, recipe: &Recipe) {
    for (path, span) in std::mem::take(&mut cx.findings.held_out_numbers) {
        if recipe.number_at(&path).is_none() {
            let message = format!("there is no number at \"{}\" that is drawn once per scene", quoted(&path));
            let help = "name an angle, `distance` or `fill` of a camera's pose, the `angle` of its lens, an object's `count`, a \
                        light's angles or strength, or the environment's `strength`: \"cameras.main.pose.azimuth\"";
            cx.push(Problem::at(span, message).help(help));
        }
    }
}
