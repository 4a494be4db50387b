//! Lenses: intrinsics, distortion, focus and shutter.

use super::super::diagnostics::Problem;
use super::super::lens::FULL_FRAME;
use super::super::syntax::{Kind, Node};
use super::super::{DistortionRecipe, FocusAt, FocusRecipe, FovAxis, LensRecipe, Scalar, ShutterRecipe};
use super::dist::{self, scalars, varied};
use super::fields::{Fields, Form, Variants, variant};
use super::number::{Limits, constant, plain_within, scalar};
use super::object::asset;
use super::{AssetKind, Context, Kinds};

const SHUTTER: Form = Form::noun("a shutter", &["time"], &["readout"]);
const SENSOR: Form = Form {
    name: "",
    what: "the size of a sensor (width, height)",
    required: &["width", "height"],
    optional: &[],
    positional: true,
};

pub(super) const LENS: Variants = Variants {
    what: "a lens such as Fov(50)",
    forms: &[
        &Form::variant("Fov", &[], &["vertical", "horizontal"]),
        &Form::variant("Intrinsics", &["fx", "fy", "cx", "cy"], &[]),
        &Form::variant("Focal", &["length"], &["sensor"]),
        &Form::variant("Equirectangular", &[], &[]),
        &Form::variant("Calibration", &["path"], &["camera"]),
    ],
};
pub(super) const DISTORTION: Variants = Variants {
    what: "a distortion such as BrownConrady(k1: -0.2)",
    forms: &[
        &Form::variant("BrownConrady", &[], &["k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6"]),
        &Form::variant("KannalaBrandt", &[], &["k1", "k2", "k3", "k4"]),
    ],
};
pub(super) const FOCUS: Variants = Variants {
    what: "a focus such as Focus(f_number: 2.8, distance: 1.2)",
    forms: &[&Form::variant("Focus", &["f_number"], &["distance", "at", "focal_length", "sensor"])],
};

/// What is written without a word in front of its parentheses.
pub(super) const NOUNS: [&Form; 2] = [&SHUTTER, &SENSOR];

const FOV: Limits = Limits::new(0.1, 179.0, "from 0.1 to 179 degrees", false);
const FISHEYE_FOV: Limits = Limits::new(0.1, 360.0, "from 0.1 to 360 degrees", false);
const MILLIMETRES: Limits = Limits::new(0.01, 10_000.0, "from 0.01 to 10000 mm", false);
const COEFFICIENT: Limits = Limits::new(-1000.0, 1000.0, "from -1000 to 1000", true);
const F_NUMBER: Limits = Limits::new(0.1, 1000.0, "from 0.1 to 1000", false);
const SECONDS: Limits = Limits::new(0.0, 3600.0, "from 0 to 3600 seconds", true);

/// What a camera says of its lens.
pub(super) struct Lens {
    pub(super) lens: LensRecipe,
    pub(super) distortion: Option<DistortionRecipe>,
    pub(super) focus: Option<FocusRecipe>,
    pub(super) shutter: ShutterRecipe,
}

/// Decodes `lens`, `distortion`, `focus` and `shutter` of a camera.
pub(super) fn lens(cx: &mut Context, camera: &Fields<'_>) -> Option<Lens> {
    let distortion = camera.maybe(cx, "distortion", distortion);
    // By its word: an angle of a fisheye goes farther, whatever is wrong with its coefficients.
    let fisheye = camera.get("distortion").is_some_and(|node| word(node) == Some("KannalaBrandt"));
    let lens = camera.need(cx, "lens", |cx, node| intrinsics(cx, node, fisheye));
    let focus = camera.maybe(cx, "focus", focus);
    let shutter = camera.or(cx, "shutter", ShutterRecipe { time: constant(0.0), readout: constant(0.0) }, shutter);
    let (lens, distortion, focus, shutter) = (lens?, distortion?, focus?, shutter?);
    let good = [distorted(cx, camera, &lens), focused(cx, camera, &lens)];
    good.into_iter().all(|good| good).then_some(Lens { lens, distortion, focus, shutter })
}

fn word(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::Group(group) => group.name.as_ref().map(|name| name.text.as_str()),
        _ => None,
    }
}

pub(super) fn intrinsics(cx: &mut Context, node: &Node, fisheye: bool) -> Option<LensRecipe> {
    if cx.bare_value(node, LENS.what, "write Fov(50) for 50 degrees from top to bottom") {
        return None;
    }
    let (name, fields) = variant(cx, node, &LENS)?;
    match name {
        "Intrinsics" => {
            let focal = scalars(cx, &fields, ["fx", "fy"], Limits::POSITIVE);
            let middle = scalars(cx, &fields, ["cx", "cy"], Limits::ANY);
            let ([fx, fy], [cx, cy]) = (focal?, middle?);
            Some(LensRecipe::Intrinsics { fx, fy, cx, cy })
        }
        "Focal" => {
            let length = fields.need(cx, "length", |cx, node| scalar(cx, node, MILLIMETRES));
            let sensor = fields.or(cx, "sensor", FULL_FRAME, sensor);
            Some(LensRecipe::Focal { length: length?, sensor: sensor? })
        }
        "Equirectangular" => Some(LensRecipe::Equirectangular),
        "Calibration" => {
            let path = fields
                .need(cx, "path", |cx, node| varied(cx, node, &|cx, node| asset(cx, node, AssetKind::Calibration)));
            let camera = fields.maybe(cx, "camera", |cx, node| {
                cx.text(node, "the name of a camera in the calibration file").map(str::to_owned)
            });
            Some(LensRecipe::Calibration { path: path?, camera: camera? })
        }
        _ => fov(cx, &fields, if fisheye { FISHEYE_FOV } else { FOV }),
    }
}

fn fov(cx: &mut Context, fields: &Fields<'_>, limits: Limits) -> Option<LensRecipe> {
    let vertical = fields.maybe(cx, "vertical", |cx, node| scalar(cx, node, limits));
    let horizontal = fields.maybe(cx, "horizontal", |cx, node| scalar(cx, node, limits));
    match (vertical?, horizontal?) {
        (Some(angle), None) => Some(LensRecipe::Fov { angle, axis: FovAxis::Vertical }),
        (None, Some(angle)) => Some(LensRecipe::Fov { angle, axis: FovAxis::Horizontal }),
        (given, _) => {
            let message = if given.is_some() { "`Fov` takes one angle, not two" } else { "`Fov` needs an angle" };
            let help = "write Fov(50) for 50 degrees from top to bottom, Fov(horizontal: 60) for 60 from left to right";
            cx.push(Problem::at(fields.head, message).help(help));
            None
        }
    }
}

fn sensor(cx: &mut Context, node: &Node) -> Option<[f64; 2]> {
    let fields = Fields::of_noun(cx, node, &SENSOR)?;
    let [width, height] =
        ["width", "height"].map(|name| fields.need(cx, name, |cx, node| plain_within(cx, node, MILLIMETRES)));
    Some([width?, height?])
}

fn distortion(cx: &mut Context, node: &Node) -> Option<DistortionRecipe> {
    let (name, fields) = variant(cx, node, &DISTORTION)?;
    let mut of = |name: &'static str| fields.or(cx, name, constant(0.0), |cx, node| scalar(cx, node, COEFFICIENT));
    if name == "KannalaBrandt" {
        let k = ["k1", "k2", "k3", "k4"].map(&mut of);
        let k: Option<Vec<Scalar>> = k.into_iter().collect();
        return Some(DistortionRecipe::KannalaBrandt { k: Box::new(k?.try_into().ok()?) });
    }
    let (k, p) = (["k1", "k2", "k3", "k4", "k5", "k6"].map(&mut of), ["p1", "p2"].map(&mut of));
    let k: Option<Vec<Scalar>> = k.into_iter().collect();
    let [p1, p2] = p;
    Some(DistortionRecipe::BrownConrady { k: Box::new(k?.try_into().ok()?), p: [p1?, p2?] })
}

/// A lens that says all of its distortion takes no other.
fn distorted(cx: &mut Context, camera: &Fields<'_>, lens: &LensRecipe) -> bool {
    let message = match (camera.get("distortion"), lens) {
        (Some(_), LensRecipe::Equirectangular) => "an equirectangular image has no distortion",
        (Some(_), LensRecipe::Calibration { .. }) => "a calibration file says itself what distortion there is",
        _ => return true,
    };
    if let Some(node) = camera.get("distortion") {
        let problem = Problem::at(node.span, message);
        let help = "remove `distortion`; or write the lens as Fov(..), Focal(..) or Intrinsics(..)";
        cx.push(problem.help(help));
    }
    false
}

fn focus(cx: &mut Context, node: &Node) -> Option<FocusRecipe> {
    let (_, fields) = variant(cx, node, &FOCUS)?;
    let f_number = fields.need(cx, "f_number", |cx, node| scalar(cx, node, F_NUMBER));
    let distance = fields.maybe(cx, "distance", |cx, node| scalar(cx, node, Limits::POSITIVE));
    let object = fields.maybe(cx, "at", |cx, node| {
        let object = cx.text(node, "the name of an object")?;
        dist::refer(cx, Kinds::Object, object, node.span);
        Some(object.to_owned())
    });
    let focal_length = fields.maybe(cx, "focal_length", |cx, node| scalar(cx, node, MILLIMETRES));
    let sensor = fields.or(cx, "sensor", FULL_FRAME, sensor);
    let at = match (distance?, object?) {
        (Some(distance), None) => FocusAt::Distance(distance),
        (None, Some(object)) => FocusAt::Object(object),
        (given, _) => {
            let message = match given {
                Some(_) => "`Focus` takes either `distance` or `at`, not both",
                None => "`Focus` does not say what is sharp",
            };
            let help = "write Focus(f_number: 2.8, distance: 1.2) for 1.2 m, or Focus(f_number: 2.8, at: \"mugs\")";
            cx.push(Problem::at(fields.head, message).help(help));
            return None;
        }
    };
    if let (Some(length), Some(size)) = (fields.get("focal_length"), fields.get("sensor")) {
        let problem = Problem::at(size.span, "`sensor` does nothing beside `focal_length`");
        let help =
            "keep one of them: a focal length says how wide the lens is, a sensor tells it from the lens's angle";
        cx.push(problem.label(size.span, "this one").label(length.span, "says it already").help(help));
        return None;
    }
    Some(FocusRecipe { f_number: f_number?, at, focal_length: focal_length?, sensor: sensor? })
}

/// Whether a lens can be focused as it is asked to.
fn focused(cx: &mut Context, camera: &Fields<'_>, lens: &LensRecipe) -> bool {
    let Some(node) = camera.get("focus") else { return true };
    let said = |name: &str| match &node.kind {
        Kind::Group(group) => {
            let mut args = group.args.iter().flatten();
            args.find(|arg| arg.name.as_ref().is_some_and(|given| given.text == name)).map(|arg| arg.value.span)
        }
        _ => None,
    };
    let problem = match lens {
        LensRecipe::Equirectangular => {
            Problem::at(node.span, "an equirectangular image has no lens to focus").help("remove `focus`")
        }
        LensRecipe::Focal { .. } => match said("focal_length").or_else(|| said("sensor")) {
            Some(span) => Problem::at(span, "the lens, `Focal`, says its focal length and sensor itself")
                .help("leave them out of `Focus`"),
            None => return true,
        },
        _ => return true,
    };
    cx.push(problem);
    false
}

fn shutter(cx: &mut Context, node: &Node) -> Option<ShutterRecipe> {
    if matches!(node.kind, Kind::Integer(_) | Kind::Float(_)) {
        cx.wrong_type(node, "a shutter in parentheses", Some("write shutter: (time: 0.01)".into()));
        return None;
    }
    let fields = Fields::of_noun(cx, node, &SHUTTER)?;
    let time = fields.need(cx, "time", |cx, node| scalar(cx, node, SECONDS));
    let readout = fields.or(cx, "readout", constant(0.0), |cx, node| scalar(cx, node, SECONDS));
    Some(ShutterRecipe { time: time?, readout: readout? })
}
