//! Object groups: shape, count, scale, place and keypoints.

use std::collections::BTreeMap;

use super::super::diagnostics::{Problem, Span};
use super::super::dist::{Number, RotationRecipe, VectorRecipe};
use super::super::syntax::{Kind, Node};
use super::super::{ObjectRecipe, Physics, Place, PointRecipe, RotationDist, Scalar, ScaleRecipe, ShapeRecipe, Varied};
use super::dist::{self, scalars, varied};
use super::fields::{Fields, Form, Variants, variant};
use super::number::{self, Limits, plain_within, scalar, support};
use super::place::{self, Placing};
use super::{AssetKind, AssetUse, Context, CountFact, Kinds, ObjectFacts, file, make};

const OBJECT: Form = Form::noun(
    "an object",
    &["shape"],
    &[
        "category",
        "count",
        "scale",
        "material",
        "place",
        "crowding",
        "relations",
        "physics",
        "motion",
        "keypoints",
        "keypoint_tolerance",
        "see_through",
        "when",
    ],
);

pub(super) const NOUNS: &[&Form] = &[&OBJECT];

const SHAPE: Variants = Variants {
    what: "a shape such as Sphere(0.1)",
    forms: &[
        &Form::variant("Box", &["x", "y", "z"], &[]),
        &Form::variant("Sphere", &["radius"], &[]),
        &Form::variant("Cylinder", &["radius", "height"], &[]),
        &Form::variant("Cone", &["radius", "height"], &[]),
        &Form::variant("Capsule", &["radius", "height"], &[]),
        &Form::variant("Torus", &["major_radius", "minor_radius"], &[]),
        &Form::variant("Plane", &["x", "z"], &[]),
        &Form::variant("Gltf", &["path"], &[]),
        &file::FILE,
        &file::FILES,
        &make::SUPERELLIPSOID,
        &make::ROUNDED_BOX,
        &make::ROUNDED_CYLINDER,
        &make::TUBE,
        &make::LATHE,
        &make::EXTRUDE,
        &make::SWEEP,
        &make::TEXT,
        &make::TERRAIN,
        &make::ROCK,
        &make::BLOB,
        &make::BONE,
        &make::DISPLACED,
        &make::PLANT,
        &make::GROUP,
        &make::ARRAY,
        &make::RING,
    ],
};
/// Those that are read here.
const PRIMITIVES: &[&str] = &["Box", "Sphere", "Cylinder", "Cone", "Capsule", "Torus", "Plane", "Gltf"];
const POINT: Variants = Variants {
    what: "a point such as Local(0, 0.05, 0)",
    forms: &[&Form::variant("Local", &["x", "y", "z"], &[]), &Form::variant("Relative", &["x", "y", "z"], &[])],
};

pub(super) const VARIANTS: &[&Variants] = &[&SHAPE, &POINT];

/// More instances than this in one scene do not fit into the memory of a common machine.
pub(in crate::recipe) const MOST_INSTANCES: f64 = 1e6;
pub(super) const COUNT: Limits = Limits { whole: true, ..Limits::new(0.0, MOST_INSTANCES, "from 0 to 1000000", true) };

/// Decodes the group called `name`.
pub(super) fn object(cx: &mut Context, name: &str, node: &Node) -> Option<ObjectRecipe> {
    let fields = Fields::of_noun(cx, node, &OBJECT)?;
    let first_file = cx.findings.assets.len();
    let shape = fields.need(cx, "shape", |cx, node| varied(cx, node, &shape));
    let models = cx.findings.assets[first_file..].iter().filter(|file| file.kind == AssetKind::Model);
    let models = models.map(|file| (file.path.clone(), file.span)).collect();
    let category = fields.maybe(cx, "category", |cx, node| {
        let category = cx.text(node, "the name of a category")?;
        dist::refer(cx, Kinds::Category, category, node.span);
        Some(category.to_owned())
    });
    let one = Varied::One(Number::Const(1.0));
    let count = fields.or(cx, "count", one.clone(), |cx, node| counted(cx, name, node, COUNT));
    let scale = fields.or(cx, "scale", ScaleRecipe::Uniform(one), scale);
    let material = fields.maybe(cx, "material", |cx, node| {
        dist::varied_text(cx, node, "the name of a material", &|cx, name, span| {
            dist::refer(cx, Kinds::Material, name, span);
        })
    });
    let anywhere = Place::At { position: origin(), rotation: unrotated() };
    let place = fields.or(cx, "place", Placing::at(anywhere), |cx, node| place::place(cx, name, node));
    let place = place::counted(cx, &fields, place);
    let crowding = place::crowding(cx, &fields);
    let relations = fields.or(cx, "relations", Vec::new(), |cx, node| place::relations(cx, name, node));
    let physics = fields.or(cx, "physics", Physics::default(), place::physics);
    let motion = fields.maybe(cx, "motion", super::motion::of_object);
    let keypoints = fields.or(cx, "keypoints", (BTreeMap::new(), BTreeMap::new()), keypoints);
    let keypoint_tolerance =
        fields.maybe(cx, "keypoint_tolerance", |cx, node| plain_within(cx, node, Limits::NOT_NEGATIVE));
    let see_through = fields
        .or(cx, "see_through", Vec::new(), |cx, node| cx.texts(node, "a material of the glTF file", "[\"Glass\"]"));
    if let Some(Some(when)) = fields.maybe(cx, "when", super::parameter::condition) {
        cx.conditions.objects.insert(name.to_owned(), when);
    }
    let Placing { place, if_full, density } = place?;
    let (shape, category, (points, keypoints), see_through) = (shape?, category?, keypoints?, see_through?);
    cx.findings.objects.push(ObjectFacts {
        name: name.to_owned(),
        category: category.clone(),
        keypoints: points.into_iter().collect(),
        keypoint_tolerance: fields.get("keypoint_tolerance").map(|node| node.span),
        see_through: see_through.clone(),
        models,
        material: fields.get("material").map(|node| node.span),
    });
    Some(ObjectRecipe {
        shape,
        category,
        count: count?,
        scale: scale?,
        material: material?,
        place,
        if_full,
        density,
        crowding: crowding?,
        relations: relations?,
        physics: physics?,
        motion: motion?,
        keypoints,
        keypoint_tolerance: keypoint_tolerance?,
        see_through: see_through.into_iter().map(|(name, _)| name).collect(),
    })
}

/// How many there are of a group; `check` adds them up.
pub(super) fn counted(cx: &mut Context, name: &str, node: &Node, limits: Limits) -> Option<Scalar> {
    let count = scalar(cx, node, limits)?;
    cx.findings.counts.insert(name.to_owned(), CountFact { most: likely_most(&count), place: node.span });
    Some(count)
}

/// The places of keypoints, and the keypoints.
type Points = (BTreeMap<String, Span>, BTreeMap<String, PointRecipe>);

fn keypoints(cx: &mut Context, node: &Node) -> Option<Points> {
    if !matches!(node.kind, Kind::Map(_)) {
        let help = "write { \"rim\": Local(0, 0.05, 0), \"handle\": Relative(1, 0, 0) }";
        cx.wrong_type(node, "names and points in `{ }`", Some(help.into()));
        return None;
    }
    let (places, points) = cx.named_as(node, "a keypoint", Context::check_line, |cx, _, node| point(cx, node));
    Some((places, points?))
}

/// `Local(x, y, z)`, also without the word, or `Relative(x, y, z)`.
fn point(cx: &mut Context, node: &Node) -> Option<PointRecipe> {
    if let Some(fields) = dist::xyz(cx, node) {
        return scalars(cx, &fields?, ["x", "y", "z"], Limits::ANY).map(PointRecipe::Local);
    }
    let (name, fields) = variant(cx, node, &POINT)?;
    let point = scalars(cx, &fields, ["x", "y", "z"], Limits::ANY)?;
    Some(if name == "Local" { PointRecipe::Local(point) } else { PointRecipe::Relative(point) })
}

pub(super) fn origin() -> super::super::VectorDist {
    Varied::One(VectorRecipe::PerComponent([0.0; 3].map(|x| Varied::One(Number::Const(x)))))
}

pub(super) fn unrotated() -> RotationDist {
    Varied::One(RotationRecipe::Yaw(Varied::One(Number::Const(0.0))))
}

/// The largest number of instances to reckon with; the far tail of a distribution without an end does not count.
fn likely_most(count: &Scalar) -> f64 {
    match count {
        Varied::One(Number::Normal { mean, std, max, .. }) => (mean + 6.0 * std).min(*max).max(0.0),
        Varied::One(Number::Poisson { mean, max, .. }) => (mean + 6.0 * mean.sqrt() + 6.0).floor().min(*max),
        // One in a million.
        Varied::One(Number::Exponential { mean, max, .. }) => (14.0 * mean).min(*max),
        Varied::One(Number::LogNormal { median, sigma, max, .. }) => (median * libm::exp(4.8 * sigma)).min(*max),
        Varied::One(_) => support(count).1,
        choice => choice.options().into_iter().map(likely_most).fold(0.0, f64::max),
    }
}

/// One shape, not a choice of shapes.
pub(super) fn shape(cx: &mut Context, node: &Node) -> Option<ShapeRecipe> {
    let (name, fields) = variant(cx, node, &SHAPE)?;
    if matches!(name, "File" | "Files") {
        return file::file(cx, name, &fields).map(|file| ShapeRecipe::File(Box::new(file)));
    }
    if !PRIMITIVES.contains(&name) {
        return make::made(cx, name, &fields).map(|made| ShapeRecipe::Made(Box::new(made)));
    }
    let mut size = |names: &[&'static str]| {
        let values: Vec<Option<Scalar>> =
            names.iter().map(|name| fields.need(cx, name, |cx, node| scalar(cx, node, Limits::POSITIVE))).collect();
        values.into_iter().collect::<Option<Vec<Scalar>>>()
    };
    Some(match name {
        "Box" => ShapeRecipe::Box(size(&["x", "y", "z"])?.try_into().ok()?),
        "Sphere" => ShapeRecipe::Sphere(size(&["radius"])?.pop()?),
        "Plane" => ShapeRecipe::Plane(size(&["x", "z"])?.try_into().ok()?),
        "Torus" => {
            let [major, minor] = size(&["major_radius", "minor_radius"])?.try_into().ok()?;
            torus_has_a_hole(cx, &fields, &major, &minor).then_some(ShapeRecipe::Torus(major, minor))?
        }
        "Gltf" => ShapeRecipe::Gltf(fields.need(cx, "path", |cx, node| asset(cx, node, AssetKind::Model))?),
        _ => {
            let [radius, height] = size(&["radius", "height"])?.try_into().ok()?;
            match name {
                "Cylinder" => ShapeRecipe::Cylinder(radius, height),
                "Cone" => ShapeRecipe::Cone(radius, height),
                _ => ShapeRecipe::Capsule(radius, height),
            }
        }
    })
}

fn torus_has_a_hole(cx: &mut Context, fields: &Fields<'_>, major: &Scalar, minor: &Scalar) -> bool {
    let (least_major, most_minor) = (support(major).0, support(minor).1);
    if most_minor < least_major {
        return true;
    }
    if let (Some(major), Some(minor)) = (fields.get("major_radius"), fields.get("minor_radius")) {
        let end = |value: f64| if value.is_finite() { value.to_string() } else { "any size".into() };
        let problem = Problem::at(minor.span, "the tube of this torus is as thick as its ring is wide")
            .label(minor.span, format!("reaches {}", end(most_minor)))
            .label(major.span, format!("can be as small as {}", end(least_major)));
        cx.push(problem.help("minor_radius must always be less than major_radius"));
    }
    false
}

/// The path of a file, noted for `check`.
pub(super) fn asset(cx: &mut Context, node: &Node, kind: AssetKind) -> Option<String> {
    let what = match kind {
        AssetKind::Model | AssetKind::Collection => "the path of a glTF or GLB file",
        AssetKind::Texture => "the path of an image file",
        AssetKind::Sky => "the path of a panorama: a .hdr or .exr file",
        AssetKind::Font => "the path of a TrueType or OpenType font",
        AssetKind::Calibration => "the path of a calibration file: .yaml or .json",
    };
    let path = cx.text(node, what)?;
    let path = cx.located(path, node.span);
    note_asset(cx, kind, &path, node.span);
    Some(path)
}

pub(super) fn note_asset(cx: &mut Context, kind: AssetKind, path: &str, span: Span) {
    cx.findings.assets.push(AssetUse { kind, path: path.to_owned(), span, taken: None });
}

pub(super) fn scale(cx: &mut Context, node: &Node) -> Option<ScaleRecipe> {
    if matches!(&node.kind, Kind::Group(group) if group.name.is_none()) {
        let fields = dist::xyz(cx, node)??;
        let [x, y, z] = ["x", "y", "z"].map(|name| fields.need(cx, name, number::scale));
        return Some(ScaleRecipe::PerAxis([x?, y?, z?]));
    }
    number::scale(cx, node).map(ScaleRecipe::Uniform)
}
