//! Places, relations between them, and physics.

use super::super::diagnostics::Problem;
use super::super::syntax::{Kind, Node};
use super::super::{Align, Drop, IfFull, IfLost, Physics, Place, Relation, Scalar, Side, Surface, Towards};
use super::dist;
use super::fields::{Fields, Form, Variants, variant};
use super::number::{self, Limits, constant, plain_within, scalar, whole};
use super::object::{COUNT, origin, unrotated};
use super::{Context, CountFact, Kinds};

const PHYSICS: Form = Form::noun("physics", &[], &["friction", "restitution", "density"]);

pub(super) const NOUNS: &[&Form] = &[&PHYSICS];

const PLACE: Variants = Variants {
    what: "a place such as At(position: (0, 0, 0))",
    forms: &[
        &Form::variant("At", &[], &["position", "rotation"]),
        &Form::variant("InBox", &["min", "max"], &["rotation", "spacing", "if_full"]),
        &Form::variant("On", &["support"], &["spacing", "yaw", "if_full", "density"]),
        &Form::variant("OnSurface", &["support"], &["align", "sink", "yaw", "slope", "spacing", "if_full", "density"]),
        &Form::variant(
            "Scatter",
            &["support", "radius"],
            &["align", "sink", "yaw", "slope", "spacing", "if_full", "density"],
        ),
        &Form::variant(
            "Clusters",
            &["support", "clusters", "spread"],
            &["align", "sink", "yaw", "slope", "spacing", "if_full", "density"],
        ),
        &Form::variant("In", &["support"], &["spacing", "yaw", "if_full", "density"]),
        &Form::variant("Stack", &["support"], &["piles", "offset", "yaw", "spacing", "if_full"]),
        &Form::variant("Row", &["support"], &["columns", "jitter", "yaw", "spacing", "if_full"]),
        &Form::variant("Grid", &["support", "columns", "rows"], &["jitter", "yaw", "spacing", "if_full"]),
        &Form::variant("Along", &["path"], &["step", "offset", "yaw", "support", "spacing", "if_full"]),
        &Form::variant("Dropped", &["support"], &["height", "spread", "rotation", "if_lost", "if_full"]),
        &Form::variant("Between", &["camera", "object"], &["share", "spread", "rotation", "if_full"]),
    ],
};
const IF_FULL: Variants = Variants {
    what: "`Fewer` or `Fail`",
    forms: &[&Form::variant("Fewer", &[], &[]), &Form::variant("Fail", &[], &[])],
};
const IF_LOST: Variants = Variants {
    what: "`LeaveOut`, `Keep` or `Redraw`",
    forms: &[
        &Form::variant("LeaveOut", &[], &[]),
        &Form::variant("Keep", &[], &[]),
        &Form::variant("Redraw", &[], &[]),
    ],
};
const ALIGN: Variants =
    Variants { what: "`Up` or `Normal`", forms: &[&Form::variant("Up", &[], &[]), &Form::variant("Normal", &[], &[])] };
const RELATION: Variants = Variants {
    what: "a relation such as Near(\"table\", 0.5)",
    forms: &[
        &Form::variant("Near", &["object", "distance"], &[]),
        &Form::variant("Facing", &["target"], &[]),
        &Form::variant("LeftOf", &["object"], &["from"]),
        &Form::variant("RightOf", &["object"], &["from"]),
        &Form::variant("InFrontOf", &["object"], &["from"]),
        &Form::variant("Behind", &["object"], &["from"]),
        &Form::variant("Inside", &["min", "max"], &[]),
    ],
};

pub(super) const VARIANTS: &[&Variants] = &[&PLACE, &IF_FULL, &IF_LOST, &ALIGN, &RELATION];

/// Cells of a grid along one side, and piles.
const CELLS: Limits = Limits { whole: true, ..Limits::new(1.0, 1000.0, "from 1 to 1000", true) };
const SLOPE: Limits = Limits::new(0.0, 180.0, "from 0 to 180", true);
const OFFSET: Limits = Limits::new(0.0, 1.0, "from 0 to 1", true);
const CROWDING: Limits = Limits::new(-1.0, 1.0, "from -1 to 1", true);
const DENSITY: Limits = Limits::new(1.0, 1e5, "from 1 to 100000", true);
const FRICTION: Limits = Limits::new(0.0, 10.0, "from 0 to 10", true);
/// The most points of a path.
const MOST_POINTS: usize = 10_000;

/// A place as it is written.
#[derive(Debug)]
pub(super) struct Placing {
    pub(super) place: Place,
    pub(super) if_full: IfFull,
    pub(super) density: Option<Scalar>,
}

impl Placing {
    pub(super) fn at(place: Place) -> Self {
        Self { place, if_full: IfFull::Fewer, density: None }
    }
}

pub(super) fn place(cx: &mut Context, object: &str, node: &Node) -> Option<Placing> {
    if cx.bare_value(node, PLACE.what, "write At(position: (x, y, z))") {
        return None;
    }
    let (name, fields) = variant(cx, node, &PLACE)?;
    if name == "At" {
        let position = fields.or(cx, "position", origin(), dist::vector);
        let rotation = fields.or(cx, "rotation", unrotated(), dist::rotation);
        return Some(Placing::at(Place::At { position: position?, rotation: rotation? }));
    }
    let if_full = fields.or(cx, "if_full", IfFull::Fewer, |cx, node| {
        Some(if variant(cx, node, &IF_FULL)?.0 == "Fail" { IfFull::Fail } else { IfFull::Fewer })
    });
    let mut density = Some(None);
    if matches!(name, "On" | "OnSurface" | "Scatter" | "Clusters" | "In") {
        density = fields.maybe(cx, "density", |cx, node| {
            let density = scalar(cx, node, Limits::NOT_NEGATIVE)?;
            // How large the support is, and so how many there will be, is known when a scene is sampled; there are at most so many.
            cx.findings.counts.entry(object.to_owned()).or_insert(CountFact { most: 1.0, place: node.span });
            Some(density)
        });
    }
    let place = match name {
        "InBox" => {
            let corners = dist::corners(cx, &fields);
            let (rotation, spacing) = (rotation(cx, &fields), spacing(cx, &fields));
            let (min, max) = corners?;
            Place::InBox { min, max, rotation: rotation?, spacing: spacing? }
        }
        "Along" => along(cx, object, &fields)?,
        "Between" => between(cx, object, &fields)?,
        "Dropped" => dropped(cx, object, &fields)?,
        "OnSurface" | "Scatter" | "Clusters" => surface(cx, object, name, &fields)?,
        _ => on(cx, object, name, &fields)?,
    };
    Some(Placing { place, if_full: if_full?, density: density? })
}

/// A density says how many there are: beside it, `count` says nothing.
pub(super) fn counted(cx: &mut Context, fields: &Fields<'_>, placing: Option<Placing>) -> Option<Placing> {
    if let (Some(Placing { density: Some(_), .. }), Some(count)) = (&placing, fields.get("count")) {
        let problem = Problem::at(count.span, "both `count` and `density` say how many there are");
        cx.push(problem.help("remove one of them"));
        return None;
    }
    placing
}

fn spacing(cx: &mut Context, fields: &Fields<'_>) -> Option<f64> {
    fields.or(cx, "spacing", 0.0, |cx, node| plain_within(cx, node, Limits::NOT_NEGATIVE))
}

fn yaw(cx: &mut Context, fields: &Fields<'_>) -> Option<Scalar> {
    fields.or(cx, "yaw", constant(0.0), |cx, node| scalar(cx, node, Limits::ANY))
}

fn rotation(cx: &mut Context, fields: &Fields<'_>) -> Option<super::super::RotationDist> {
    fields.or(cx, "rotation", unrotated(), dist::rotation)
}

/// The name of an object that has to be there before.
fn named(cx: &mut Context, object: &str, node: &Node) -> Option<String> {
    let name = cx.text(node, "the name of an object")?;
    dist::refer(cx, Kinds::Object, name, node.span);
    cx.findings.relations.entry(object.to_owned()).or_default().push((name.to_owned(), node.span));
    Some(name.to_owned())
}

fn support(cx: &mut Context, object: &str, node: &Node) -> Option<String> {
    let support = cx.text(node, "the name of an object")?;
    dist::refer(cx, Kinds::Object, support, node.span);
    cx.findings.supports.insert(object.to_owned(), (support.to_owned(), node.span));
    Some(support.to_owned())
}

fn on(cx: &mut Context, object: &str, name: &str, fields: &Fields<'_>) -> Option<Place> {
    let support = fields.need(cx, "support", |cx, node| support(cx, object, node));
    let (yaw, spacing) = (yaw(cx, fields), spacing(cx, fields));
    let cells = |cx: &mut Context, name, default| fields.or(cx, name, default, |cx, node| whole(cx, node, CELLS));
    let share = |cx: &mut Context| fields.or(cx, "jitter", 0.0, |cx, node| plain_within(cx, node, OFFSET));
    Some(match name {
        "On" => Place::On { support: support?, yaw: yaw?, spacing: spacing? },
        "In" => Place::In { support: support?, yaw: yaw?, spacing: spacing? },
        "Stack" => {
            let piles = cells(cx, "piles", 1);
            let offset = fields.or(cx, "offset", constant(0.0), |cx, node| scalar(cx, node, OFFSET));
            Place::Stack { support: support?, piles: piles?, offset: offset?, yaw: yaw?, spacing: spacing? }
        }
        "Row" => {
            let (columns, jitter) = (cells(cx, "columns", 0), share(cx));
            Place::Grid { support: support?, columns: columns?, rows: 1, jitter: jitter?, yaw: yaw?, spacing: spacing? }
        }
        _ => {
            let (columns, rows) = (cells(cx, "columns", 1), cells(cx, "rows", 1));
            let jitter = share(cx);
            Place::Grid {
                support: support?,
                columns: columns?,
                rows: rows?,
                jitter: jitter?,
                yaw: yaw?,
                spacing: spacing?,
            }
        }
    })
}

fn surface(cx: &mut Context, object: &str, name: &str, fields: &Fields<'_>) -> Option<Place> {
    let support = fields.need(cx, "support", |cx, node| support(cx, object, node));
    let align = fields.or(cx, "align", Align::Up, |cx, node| {
        Some(if variant(cx, node, &ALIGN)?.0 == "Up" { Align::Up } else { Align::Normal })
    });
    let sink = fields.or(cx, "sink", 0.0, |cx, node| plain_within(cx, node, Limits::NOT_NEGATIVE));
    let slope = fields.or(cx, "slope", 60.0, |cx, node| plain_within(cx, node, SLOPE));
    let (yaw, spacing) = (yaw(cx, fields), spacing(cx, fields));
    let positive = |cx: &mut Context, name| fields.need(cx, name, |cx, node| plain_within(cx, node, Limits::POSITIVE));
    let radius = if name == "Scatter" { positive(cx, "radius") } else { Some(0.0) };
    let clusters = if name == "Clusters" {
        let clusters = fields.need(cx, "clusters", |cx, node| scalar(cx, node, Limits { min: 1.0, ..COUNT }));
        let spread = positive(cx, "spread");
        Some((clusters?, spread?))
    } else {
        None
    };
    Some(Place::OnSurface(Surface {
        support: support?,
        align: align?,
        sink: sink?,
        yaw: yaw?,
        slope: slope?,
        spacing: spacing?,
        radius: radius?,
        clusters,
    }))
}

fn along(cx: &mut Context, object: &str, fields: &Fields<'_>) -> Option<Place> {
    let path = fields.need(cx, "path", path);
    let step = fields.maybe(cx, "step", |cx, node| plain_within(cx, node, Limits::POSITIVE));
    let offset = fields.or(cx, "offset", constant(0.0), |cx, node| scalar(cx, node, Limits::ANY));
    let (yaw, spacing) = (yaw(cx, fields), spacing(cx, fields));
    let support = fields.maybe(cx, "support", |cx, node| support(cx, object, node));
    Some(Place::Along { path: path?, step: step?, offset: offset?, yaw: yaw?, support: support?, spacing: spacing? })
}

fn path(cx: &mut Context, node: &Node) -> Option<Vec<[f64; 3]>> {
    let example = "write [(0, 0, 0), (2, 0, 0), (2, 0, 3)]";
    let Kind::List(items) = &node.kind else {
        cx.wrong_type(node, "a list of points in `[ ]`", Some(example.into()));
        return None;
    };
    if items.len() < 2 || items.len() > MOST_POINTS {
        let message = format!("a path has from 2 to {MOST_POINTS} points, and this one has {}", items.len());
        cx.push(Problem::at(node.span, message).help(example));
        return None;
    }
    let points: Vec<_> = items.iter().map(|item| dist::fixed_vector(cx, item)).collect();
    let points: Vec<[f64; 3]> = points.into_iter().collect::<Option<_>>()?;
    if points.windows(2).all(|pair| pair[0] == pair[1]) {
        cx.push(Problem::at(node.span, "this path leads nowhere: its points are all the same").help(example));
        return None;
    }
    Some(points)
}

fn dropped(cx: &mut Context, object: &str, fields: &Fields<'_>) -> Option<Place> {
    let support = fields.need(cx, "support", |cx, node| support(cx, object, node));
    let height = fields.or(cx, "height", 0.05, |cx, node| plain_within(cx, node, Limits::NOT_NEGATIVE));
    let spread = fields.or(cx, "spread", 0.9, |cx, node| plain_within(cx, node, Limits::SHARE));
    let any = super::super::Varied::One(super::super::dist::RotationRecipe::Any);
    let rotation = fields.or(cx, "rotation", any, dist::rotation);
    let if_lost = fields.or(cx, "if_lost", IfLost::LeaveOut, |cx, node| {
        Some(match variant(cx, node, &IF_LOST)?.0 {
            "LeaveOut" => IfLost::LeaveOut,
            "Keep" => IfLost::Keep,
            _ => IfLost::Redraw,
        })
    });
    Some(Place::Dropped(Drop {
        support: support?,
        height: height?,
        spread: spread?,
        rotation: rotation?,
        if_lost: if_lost?,
    }))
}

fn between(cx: &mut Context, object: &str, fields: &Fields<'_>) -> Option<Place> {
    let camera = fields.need(cx, "camera", camera);
    let target = fields.need(cx, "object", |cx, node| support(cx, object, node));
    let share = fields.or(cx, "share", number::uniform(0.4, 0.7), |cx, node| scalar(cx, node, Limits::SHARE));
    let spread = fields.or(cx, "spread", 0.0, |cx, node| plain_within(cx, node, Limits::NOT_NEGATIVE));
    let any = super::super::Varied::One(super::super::dist::RotationRecipe::Any);
    let rotation = fields.or(cx, "rotation", any, dist::rotation);
    Some(Place::Between { camera: camera?, object: target?, share: share?, spread: spread?, rotation: rotation? })
}

/// The name of a camera.
pub(super) fn camera(cx: &mut Context, node: &Node) -> Option<String> {
    let name = cx.text(node, "the name of a camera")?;
    dist::refer(cx, Kinds::Camera, name, node.span);
    Some(name.to_owned())
}

pub(super) fn crowding(cx: &mut Context, fields: &Fields<'_>) -> Option<f64> {
    fields.or(cx, "crowding", 0.0, |cx, node| plain_within(cx, node, CROWDING))
}

pub(super) fn relations(cx: &mut Context, object: &str, node: &Node) -> Option<Vec<Relation>> {
    let Kind::List(items) = &node.kind else {
        cx.wrong_type(node, "a list in `[ ]`", Some("write [Near(\"table\", 0.5), Facing((0, 0, 1))]".into()));
        return None;
    };
    let relations: Vec<_> = items.iter().map(|item| relation(cx, object, item)).collect();
    relations.into_iter().collect()
}

fn relation(cx: &mut Context, object: &str, node: &Node) -> Option<Relation> {
    let (name, fields) = variant(cx, node, &RELATION)?;
    Some(match name {
        "Near" => {
            let other = fields.need(cx, "object", |cx, node| named(cx, object, node));
            let distance = fields.need(cx, "distance", |cx, node| plain_within(cx, node, Limits::NOT_NEGATIVE));
            Relation::Near { object: other?, distance: distance? }
        }
        "Facing" => Relation::Facing(fields.need(cx, "target", |cx, node| {
            if let Kind::Text(_) = node.kind {
                return named(cx, object, node).map(Towards::Object);
            }
            dist::fixed_vector(cx, node).map(Towards::Point)
        })?),
        "Inside" => {
            let (min, max) = dist::corners(cx, &fields)?;
            Relation::Inside { min, max }
        }
        _ => {
            let other = fields.need(cx, "object", |cx, node| named(cx, object, node));
            let from = fields.maybe(cx, "from", dist::fixed_vector);
            let side = match name {
                "LeftOf" => Side::Left,
                "RightOf" => Side::Right,
                "InFrontOf" => Side::Front,
                _ => Side::Behind,
            };
            Relation::Beside { side, object: other?, from: from? }
        }
    })
}

pub(super) fn physics(cx: &mut Context, node: &Node) -> Option<Physics> {
    let fields = Fields::of_noun(cx, node, &PHYSICS)?;
    let usual = Physics::default();
    let mut number = |name, default, limits| fields.or(cx, name, default, |cx, node| plain_within(cx, node, limits));
    let friction = number("friction", usual.friction, FRICTION);
    let restitution = number("restitution", usual.restitution, Limits::SHARE);
    let density = number("density", usual.density, DENSITY);
    Some(Physics { friction: friction?, restitution: restitution?, density: density? })
}
