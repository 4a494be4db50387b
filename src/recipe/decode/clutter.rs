//! `distractors` and `occluders`: one line each for unlabelled solids of any shape and colour.
//!
//! Each becomes an object and a material of its own name, as if the recipe had them written out.

use std::collections::BTreeMap;

use super::super::diagnostics::{Problem, Span};
use super::super::syntax::{self, Node};
use super::super::{MaterialRecipe, ObjectRecipe, Place, ScaleRecipe};
use super::fields::{Fields, Form};
use super::number::{Limits, scalar, uniform};
use super::object::{self, COUNT};
use super::place::{self, Placing};
use super::{Context, Kinds, material};

const DISTRACTORS: Form = Form::noun("distractors", &["count", "place"], &["size"]);
const OCCLUDERS: Form = Form::noun("occluders", &["count", "camera", "object"], &["size", "share", "spread"]);

pub(super) const NOUNS: &[&Form] = &[&DISTRACTORS, &OCCLUDERS];

/// Solids of all kinds and proportions, about 1 m long.
const SHAPES: &str = "Choice([\
    Box(Uniform(0.2, 1), Uniform(0.2, 1), 1), Sphere(0.5), Cylinder(Uniform(0.1, 0.5), 1), Cone(Uniform(0.2, 0.5), 1), \
    Capsule(Uniform(0.1, 0.3), 0.4), Torus(0.35, Uniform(0.05, 0.15)), \
    Superellipsoid(Uniform(0.3, 1), Uniform(0.3, 1), 1, Uniform(0.2, 1.8), Uniform(0.2, 1.8))])";

/// Any colour, and as often rough as smooth; a quarter of them metal.
const MATERIAL: &str = "(base_color: Rgb(Uniform(0, 1), Uniform(0, 1), Uniform(0, 1)), \
    roughness: Uniform(0.1, 1), metallic: Weighted([(3, 0), (1, 1)]))";

/// What `distractors` or `occluders` stands for.
#[derive(Debug)]
pub(super) struct Clutter {
    name: &'static str,
    object: ObjectRecipe,
    material: MaterialRecipe,
}

pub(super) fn distractors(cx: &mut Context, node: &Node) -> Option<Clutter> {
    let fields = Fields::of_noun(cx, node, &DISTRACTORS)?;
    let place = fields.need(cx, "place", |cx, node| place::place(cx, DISTRACTORS.what, node));
    let clutter = clutter(cx, DISTRACTORS.what, &fields, node.span, (0.03, 0.12));
    let (Placing { place, if_full, density }, mut clutter) = (place?, clutter?);
    (clutter.object.place, clutter.object.if_full, clutter.object.density) = (place, if_full, density);
    Some(clutter)
}

pub(super) fn occluders(cx: &mut Context, node: &Node) -> Option<Clutter> {
    let fields = Fields::of_noun(cx, node, &OCCLUDERS)?;
    let place = place::between(cx, OCCLUDERS.what, &fields, 0.2);
    let clutter = clutter(cx, OCCLUDERS.what, &fields, node.span, (0.05, 0.2));
    let (place, mut clutter): (Place, Clutter) = (place?, clutter?);
    clutter.object.place = place;
    Some(clutter)
}

fn clutter(
    cx: &mut Context,
    name: &'static str,
    fields: &Fields<'_>,
    span: Span,
    usual: (f64, f64),
) -> Option<Clutter> {
    let count = fields.need(cx, "count", |cx, node| object::counted(cx, name, node, COUNT));
    let size = fields.or(cx, "size", uniform(usual.0, usual.1), |cx, node| scalar(cx, node, Limits::POSITIVE));
    let text = format!("(shape: {SHAPES}, material: \"{name}\")");
    let mut object = object::object(cx, name, &syntax::parse(&text).root)?;
    let material = material::material(cx, &syntax::parse(MATERIAL).root)?;
    // Its material is there, though the recipe does not write it.
    cx.findings.names.entry(Kinds::Material).or_default().entry(name.to_owned()).or_insert(span);
    (object.count, object.scale) = (count?, ScaleRecipe::Uniform(size?));
    Some(Clutter { name, object, material })
}

/// Adds an object and its material; their names are taken then.
pub(super) fn add(
    cx: &mut Context,
    clutter: Option<Clutter>,
    node: Option<&Node>,
    objects: &mut BTreeMap<String, ObjectRecipe>,
    materials: &mut BTreeMap<String, MaterialRecipe>,
) -> Option<()> {
    let Some(Clutter { name, object, material }) = clutter else { return Some(()) };
    if objects.contains_key(name) || materials.contains_key(name) {
        let span = node.map_or(Span::default(), |node| node.span);
        let message = format!("\"{name}\" is taken: an object or a material of the recipe is called so");
        cx.push(Problem::at(span, message).help("give that one another name"));
        return None;
    }
    objects.insert(name.to_owned(), object);
    materials.insert(name.to_owned(), material);
    Some(())
}
