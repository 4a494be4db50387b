//! The recipe as a whole: version, name and image, and the maps of everything else.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::diagnostics::{Problem, Span, quoted};
use super::super::syntax::{Kind, Node};
use super::super::{Recipe, Scalar};
use super::fields::{Fields, Form, Variants, variant};
use super::number::{Limits, plain, whole};
use super::{Context, Kinds, camera, clutter, label, lamp, light, material, motion, object, sampling, wanted};
use crate::assets::Library;
use crate::scene::{AntiAliasing, ImageFormat, ImageSettings, MOST_SAMPLES, ToneCurve};

const RECIPE: Form = Form::noun(
    "a recipe",
    &["version", "name", "image", "cameras"],
    &[
        "clip",
        "sampling",
        "outputs",
        "labels",
        "categories",
        "parameters",
        "materials",
        "objects",
        "distractors",
        "occluders",
        "lights",
        "environment",
        "background",
        "fog",
        "variants",
        "include",
        "extends",
        "require",
        "coverage",
        "splits",
    ],
);
const VARIANT: Form = Form::noun(
    "a variant",
    &[],
    &[
        "weight",
        "parameters",
        "materials",
        "objects",
        "distractors",
        "occluders",
        "lights",
        "environment",
        "background",
        "fog",
        "cameras",
    ],
);
const IMAGE: Form = Form::noun(
    "an image",
    &["width", "height"],
    &["anti_aliasing", "tone_curve", "samples", "ambient_occlusion", "bounce", "format"],
);

pub(super) const NOUNS: &[&Form] = &[&RECIPE, &VARIANT, &IMAGE];

const ANTI_ALIASING: Variants =
    Variants { what: "`Off` or `Msaa4`", forms: &[&Form::variant("Off", &[], &[]), &Form::variant("Msaa4", &[], &[])] };
const TONE_CURVE: Variants = Variants {
    what: "a tone curve such as Neutral",
    forms: &[
        &Form::variant("Srgb", &[], &[]),
        &Form::variant("Neutral", &[], &[]),
        &Form::variant("AgX", &[], &[]),
        &Form::variant("Filmic", &[], &[]),
        &Form::variant("Camera", &[], &[]),
    ],
};

pub(super) const VARIANTS: &[&Variants] = &[&ANTI_ALIASING, &TONE_CURVE];

/// The version of the recipe language that is read here.
const VERSION: f64 = 1.0;

const PIXELS: Limits = Limits { whole: true, ..Limits::new(1.0, 16384.0, "from 1 to 16384 pixels", true) };

const SAMPLES: Limits =
    Limits { whole: true, ..Limits::new(1.0, MOST_SAMPLES as f64, "from 1 to 4096 sub-frames", true) };

/// Decodes a whole recipe; its assets are not loaded yet.
pub(in crate::recipe) fn recipe(cx: &mut Context, node: &Node, source: &str) -> Option<Recipe> {
    if !speaks_our_version(cx, node) {
        return None;
    }
    let fields = Fields::of_noun(cx, node, &RECIPE)?;
    let name = fields.need(cx, "name", |cx, node| {
        let name = cx.text(node, "the name of the dataset")?;
        cx.check_name(name, node.span, "a recipe").then(|| name.to_owned())
    });
    // First: it says which numbers are to be noted where they are read.
    let sampling = fields.or(cx, "sampling", sampling::Said::default(), sampling::sampling);
    let parameters = fields.or(cx, "parameters", Vec::new(), super::parameter::parameters);
    let image = fields.need(cx, "image", image);
    let clip = fields.maybe(cx, "clip", motion::clip);
    let labels = label::labels(cx, &fields, fields.get("clip").is_some());
    cx.findings.names.insert(Kinds::Category, BTreeMap::new());
    let categories = fields.or(cx, "categories", Vec::new(), label::categories);
    let materials =
        map(cx, &fields, "materials", "a material", Some(Kinds::Material), |cx, _, node| material::material(cx, node));
    let objects = map(cx, &fields, "objects", "an object", Some(Kinds::Object), object::object);
    let distractors = fields.maybe(cx, "distractors", clutter::distractors);
    let occluders = fields.maybe(cx, "occluders", clutter::occluders);
    let lights = map(cx, &fields, "lights", "a light", None, light::light);
    let environment = fields.or(cx, "environment", light::default_environment(), light::environment);
    let background = fields.maybe(cx, "background", light::background);
    let fog = fields.maybe(cx, "fog", lamp::fog);
    let cameras = map(cx, &fields, "cameras", "a camera", Some(Kinds::Camera), |cx, _, node| camera::camera(cx, node));
    let mut names = cx.findings.names.remove(&Kinds::Camera);
    let cameras = cameras.map(|cameras| motion::unfold(cx, cameras, names.get_or_insert_default()));
    if let Some(names) = names {
        cx.findings.names.insert(Kinds::Camera, names);
    }
    let cameras = cameras.flatten();
    let labels = labels.and_then(|labels| motion::pairs(cx, labels, &fields, cameras.as_ref()));
    // Those that are written right were taken out before: see `compose`.
    let variants = map(cx, &fields, "variants", "a variant", None, weight);
    if let (Some(node), Some(true)) = (fields.get("cameras"), cameras.as_ref().map(BTreeMap::is_empty)) {
        let help = "add one: \"main\": (lens: Fov(50), pose: LookAt(from: (0, 1, 2), target: (0, 0, 0)))";
        cx.push(Problem::at(node.span, "there is no camera to see anything with").help(help));
    }
    variants?;
    let sampling = sampling.and_then(|said| sampling::finish(cx, said));
    let wanted = wanted::wanted(cx, &fields, labels.as_ref());
    let (mut materials, mut objects) = (materials?, objects?);
    let (image, quality) = image?;
    clutter::add(cx, distractors?, fields.get("distractors"), &mut objects, &mut materials)?;
    clutter::add(cx, occluders?, fields.get("occluders"), &mut objects, &mut materials)?;
    let recipe = Recipe {
        name: name?,
        image,
        quality,
        clip: clip?,
        sampling: sampling?,
        labels: labels?,
        categories: categories?,
        materials,
        objects,
        lights: lights?,
        environment: environment?,
        background: background?,
        fog: fog?,
        flicker: std::mem::take(&mut cx.flicker),
        cameras: cameras?,
        parameters: parameters?,
        conditions: std::mem::take(&mut cx.conditions),
        variants: Vec::new(),
        wanted: wanted?,
        source: source.into(),
        files: Vec::new(),
        set: Vec::new(),
        assets: Arc::new(Library::default()),
    };
    wanted::regions(cx, &recipe);
    Some(recipe)
}

/// A recipe of another version would only give rise to misleading problems: it is refused as a whole.
fn speaks_our_version(cx: &mut Context, node: &Node) -> bool {
    let Kind::Group(group) = &node.kind else { return true };
    let given = group.args.iter().flatten().find(|arg| arg.name.as_ref().is_some_and(|name| name.text == "version"));
    let Some(given) = given else { return true };
    let version = match given.value.kind {
        Kind::Integer(value) => value.to_string(),
        Kind::Float(value) => value.to_string(),
        _ => {
            cx.wrong_type(&given.value, "`version: 1`", Some("write the number 1".into()));
            return true;
        }
    };
    if version == VERSION.to_string() {
        return true;
    }
    let message = format!("this recipe is of version {}, and this program reads version 1", quoted(&version));
    cx.push(
        Problem::at(given.value.span, message)
            .help("write `version: 1`, or use a program that knows the other version"),
    );
    false
}

/// Decodes what a variant says of itself: how likely it is. What it says of the recipe is read with the recipe.
pub(in crate::recipe) fn variant_weight(cx: &mut Context, name: &str, place: Span, node: &Node) -> Option<f64> {
    let good = cx.check_name(name, place, "a variant");
    weight(cx, name, node).filter(|_| good)
}

fn weight(cx: &mut Context, _: &str, node: &Node) -> Option<f64> {
    let fields = Fields::of_noun(cx, node, &VARIANT)?;
    let weight = fields.or(cx, "weight", 1.0, plain)?;
    if let (Some(node), true) = (fields.get("weight"), weight <= 0.0) {
        let problem = Problem::at(node.span, format!("a weight must be greater than 0, and this is {weight}"));
        cx.push(problem.help("leave out what must not occur"));
        return None;
    }
    Some(weight)
}

/// A field that holds named things; absent means none.
fn map<T>(
    cx: &mut Context,
    fields: &Fields<'_>,
    field: &'static str,
    what: &str,
    kind: Option<Kinds>,
    decode: impl Fn(&mut Context, &str, &Node) -> Option<T>,
) -> Option<BTreeMap<String, T>> {
    let values = fields.or(cx, field, (BTreeMap::new(), Some(BTreeMap::new())), |cx, node| {
        let (names, values) = cx.named(node, what, decode);
        if let (Some(kind), Kind::Map(_)) = (kind, &node.kind) {
            cx.findings.names.insert(kind, names.clone());
        }
        Some((names, values))
    });
    if let (Some(kind), None) = (kind, fields.get(field)) {
        cx.findings.names.insert(kind, BTreeMap::new());
    }
    values?.1
}

/// With the quality of its JPEGs.
fn image(cx: &mut Context, node: &Node) -> Option<(ImageSettings, Option<Scalar>)> {
    let fields = Fields::of_noun(cx, node, &IMAGE)?;
    let pixels = |cx: &mut Context, name| fields.need(cx, name, |cx, node| whole(cx, node, PIXELS));
    let (width, height) = (pixels(cx, "width"), pixels(cx, "height"));
    let anti_aliasing = fields.or(cx, "anti_aliasing", AntiAliasing::default(), |cx, node| {
        Some(if variant(cx, node, &ANTI_ALIASING)?.0 == "Off" { AntiAliasing::Off } else { AntiAliasing::Msaa4 })
    });
    let tone_curve = fields.or(cx, "tone_curve", ToneCurve::default(), |cx, node| {
        Some(match variant(cx, node, &TONE_CURVE)?.0 {
            "Srgb" => ToneCurve::Srgb,
            "AgX" => ToneCurve::AgX,
            "Filmic" => ToneCurve::Filmic,
            "Camera" => ToneCurve::Camera,
            _ => ToneCurve::Neutral,
        })
    });
    let samples = fields.or(cx, "samples", 1, |cx, node| whole(cx, node, SAMPLES));
    let ambient_occlusion = fields.or(cx, "ambient_occlusion", false, Context::bool);
    let bounce = fields.or(cx, "bounce", false, Context::bool);
    for (name, wanted) in [("ambient_occlusion", ambient_occlusion), ("bounce", bounce)] {
        if let (Some(node), Some(true), Some(1)) = (fields.get(name), wanted, samples) {
            let message = format!("`{name}` is found by many sub-frames, and there is one");
            cx.push(Problem::at(node.span, message).help("write samples: 16, or leave it out"));
            return None;
        }
    }
    cx.findings.bounce = bounce == Some(true);
    let format = fields.or(cx, "format", (ImageFormat::default(), None), super::sensor::format);
    let (format, quality) = format?;
    let settings = ImageSettings {
        width: width?,
        height: height?,
        anti_aliasing: anti_aliasing?,
        tone_curve: tone_curve?,
        samples: samples?,
        ambient_occlusion: ambient_occlusion?,
        bounce: bounce?,
        format,
    };
    Some((settings, quality))
}
