//! Clips, motions and rigs.

use std::collections::BTreeMap;

use super::super::diagnostics::{Problem, Span, quoted};
use super::super::dist::Scalar;
use super::super::syntax::{Kind, Node};
use super::super::{CameraRecipe, MotionRecipe, MountRecipe, MountedAt, PoseRecipe, Varied, VectorDist};
use super::fields::{Fields, Form, Variants, variant};
use super::number::{Limits, constant, plain_within, scalar, whole};
use super::object::{origin, unrotated};
use super::{Context, dist};
use crate::scene::{Clip, LabelSettings, Output};

const CLIP: Form = Form::noun("a clip", &["frames", "rate"], &[]);
const MOUNT: Form = Form::noun("a camera of a rig", &[], &["position", "rotation", "lens"]);

pub(super) const NOUNS: &[&Form] = &[&CLIP, &MOUNT];

const MOVE: Form = Form::variant("Move", &["velocity"], &["spin", "axis"]);
const TURN: Form = Form::variant("Turn", &["rate"], &["axis", "center"]);
const OBJECT_MOTION: Variants = Variants {
    what: "a motion such as Move(velocity: (0, 0, 1))",
    forms: &[
        &MOVE,
        &TURN,
        &Form::variant("Path", &["points"], &["duration", "relative", "straight"]),
        &Form::variant("Fall", &[], &["velocity", "spin"]),
    ],
};
const CAMERA_MOTION: Variants = Variants {
    what: "a motion such as Orbit(rate: 20)",
    forms: &[
        &MOVE,
        &TURN,
        &Form::variant("Path", &["points"], &["duration", "relative", "straight", "target"]),
        &Form::variant("Orbit", &["rate"], &["target"]),
        &Form::variant("Handheld", &[], &["amplitude", "angle", "frequency"]),
    ],
};
const RIG: Variants = Variants {
    what: "a rig such as Stereo(baseline: 0.12)",
    forms: &[
        &Form::variant("Stereo", &["baseline"], &[]),
        &Form::variant("Dome", &["count"], &["radius", "min_elevation", "max_elevation"]),
        &Form::variant("Mounts", &["cameras"], &[]),
    ],
};

pub(super) const VARIANTS: &[&Variants] = &[&OBJECT_MOTION, &CAMERA_MOTION, &RIG];

const FRAMES: Limits = Limits { whole: true, ..Limits::new(1.0, 100_000.0, "from 1 to 100000", true) };
const RATE: Limits = Limits::new(1e-3, 1e5, "from 0.001 to 100000 frames per second", false);
const DURATION: Limits = Limits::new(1e-6, 1e6, "greater than 0, in seconds", false);
const TURNS: Limits = Limits::new(-1e6, 1e6, "from -1000000 to 1000000 degrees per second", true);
const SWAY: Limits = Limits::new(0.0, 10.0, "from 0 to 10 metres", true);
const TILT: Limits = Limits::new(0.0, 30.0, "from 0 to 30 degrees", true);
const FREQUENCY: Limits = Limits::new(1e-3, 1000.0, "from 0.001 to 1000 Hz", false);
const CAMERAS: Limits = Limits { whole: true, ..Limits::new(1.0, 1000.0, "from 1 to 1000 cameras", true) };
const MOST_POINTS: usize = 10_000;
/// Longest name of a camera: it is part of file names.
const LONGEST_NAME: usize = 64;

/// Decodes `clip`.
pub(super) fn clip(cx: &mut Context, node: &Node) -> Option<Clip> {
    let fields = Fields::of_noun(cx, node, &CLIP)?;
    let frames = fields.need(cx, "frames", |cx, node| whole(cx, node, FRAMES));
    let rate = fields.need(cx, "rate", |cx, node| plain_within(cx, node, RATE));
    Some(Clip { frames: frames?, rate: rate? })
}

/// Decodes the motion of an object, which may be a choice.
pub(super) fn of_object(cx: &mut Context, node: &Node) -> Option<Varied<MotionRecipe>> {
    dist::varied(cx, node, &|cx, node| motion(cx, node, &OBJECT_MOTION))
}

/// Decodes the motion of a camera, which may be a choice. `pose` is where it begins, if that could be read.
pub(super) fn of_camera(cx: &mut Context, node: &Node, pose: Option<&PoseRecipe>) -> Option<Varied<MotionRecipe>> {
    dist::varied(cx, node, &|cx, node| {
        let motion = motion(cx, node, &CAMERA_MOTION)?;
        if let (MotionRecipe::Orbit { target: None, .. }, Some(PoseRecipe::Matrix(_))) = (&motion, pose) {
            let problem = Problem::at(node.span, "this camera's pose looks at nothing that it could go round");
            cx.push(problem.help("say what it goes round: Orbit(rate: 20, target: (0, 0, 0))"));
            return None;
        }
        Some(motion)
    })
}

fn motion(cx: &mut Context, node: &Node, known: &'static Variants) -> Option<MotionRecipe> {
    let (name, fields) = variant(cx, node, known)?;
    Some(match name {
        "Move" => {
            let velocity = fields.need(cx, "velocity", dist::vector);
            let spin = fields.or(cx, "spin", constant(0.0), |cx, node| scalar(cx, node, TURNS));
            let axis = fields.or(cx, "axis", UP, dist::unit_vector);
            MotionRecipe::Move { velocity: velocity?, spin: spin?, axis: axis? }
        }
        "Turn" => {
            let rate = fields.need(cx, "rate", |cx, node| scalar(cx, node, TURNS));
            let axis = fields.or(cx, "axis", UP, dist::unit_vector);
            let center = fields.maybe(cx, "center", dist::vector);
            MotionRecipe::Turn { rate: rate?, axis: axis?, center: center? }
        }
        "Path" => {
            let points = fields.need(cx, "points", points);
            let duration = fields.maybe(cx, "duration", |cx, node| scalar(cx, node, DURATION));
            let relative = fields.or(cx, "relative", false, Context::bool);
            let straight = fields.or(cx, "straight", false, Context::bool);
            let target = if fields.has("target") { fields.maybe(cx, "target", dist::vector) } else { Some(None) };
            MotionRecipe::Path {
                points: points?,
                duration: duration?,
                relative: relative?,
                straight: straight?,
                target: target?,
            }
        }
        "Orbit" => {
            let rate = fields.need(cx, "rate", |cx, node| scalar(cx, node, TURNS));
            let target = fields.maybe(cx, "target", dist::vector);
            MotionRecipe::Orbit { rate: rate?, target: target? }
        }
        "Handheld" => {
            let amplitude = fields.or(cx, "amplitude", constant(0.004), |cx, node| scalar(cx, node, SWAY));
            let angle = fields.or(cx, "angle", constant(0.4), |cx, node| scalar(cx, node, TILT));
            let frequency = fields.or(cx, "frequency", constant(0.6), |cx, node| scalar(cx, node, FREQUENCY));
            MotionRecipe::Handheld { amplitude: amplitude?, angle: angle?, frequency: frequency? }
        }
        _ => {
            let velocity = fields.or(cx, "velocity", origin(), dist::vector);
            let spin = fields.or(cx, "spin", origin(), dist::vector);
            MotionRecipe::Fall { velocity: velocity?, spin: spin? }
        }
    })
}

const UP: [f64; 3] = [0.0, 1.0, 0.0];

fn points(cx: &mut Context, node: &Node) -> Option<Vec<VectorDist>> {
    let example = "write [(1, 0, 0), (1, 0, 2)]; it begins at its place";
    let Kind::List(items) = &node.kind else {
        cx.wrong_type(node, "a list of points in `[ ]`", Some(example.into()));
        return None;
    };
    if items.is_empty() || items.len() > MOST_POINTS {
        let problem = Problem::at(node.span, format!("a path has from 1 to {MOST_POINTS} points"));
        cx.push(problem.help(example));
        return None;
    }
    let points: Vec<_> = (0..)
        .zip(items)
        .map(|(k, item): (usize, _)| cx.within(&k.to_string(), item.span, |cx| dist::vector(cx, item)))
        .collect();
    points.into_iter().collect()
}

/// The cameras that a rig has: for each its name within the rig.
#[derive(Debug, Clone)]
pub(super) struct Rig {
    span: Span,
    mounts: Vec<(String, RigMount)>,
}

#[derive(Debug, Clone)]
enum RigMount {
    Stereo { right: bool, baseline: Scalar },
    Other(Box<(MountedAt, Option<super::super::LensRecipe>)>),
}

/// Decodes the rig of a camera. `pose` is where it is, if that could be read.
pub(super) fn rig(cx: &mut Context, node: &Node, pose: Option<&PoseRecipe>) -> Option<Rig> {
    let (name, fields) = variant(cx, node, &RIG)?;
    let mounts = match name {
        "Stereo" => {
            const BASELINE: Limits = Limits { text: "greater than 0, in metres", ..Limits::POSITIVE };
            let baseline = fields.need(cx, "baseline", |cx, node| scalar(cx, node, BASELINE))?;
            let one = |right| RigMount::Stereo { right, baseline: baseline.clone() };
            vec![("left".to_owned(), one(false)), ("right".to_owned(), one(true))]
        }
        "Dome" => {
            const ELEVATION: Limits = Limits::new(-90.0, 90.0, "from -90 to 90 degrees", true);
            let count = fields.need(cx, "count", |cx, node| whole(cx, node, CAMERAS));
            let radius = fields.maybe(cx, "radius", |cx, node| scalar(cx, node, Limits::POSITIVE));
            let low = fields.or(cx, "min_elevation", 0.0, |cx, node| plain_within(cx, node, ELEVATION));
            let high = fields.or(cx, "max_elevation", 90.0, |cx, node| plain_within(cx, node, ELEVATION));
            let (count, radius, low, high) = (count?, radius?, low?, high?);
            if low > high {
                let place = fields.get("max_elevation").or(fields.get("min_elevation")).map_or(node.span, |n| n.span);
                cx.push(
                    Problem::at(place, format!("this dome goes from {low} up to {high} degrees")).help("swap them"),
                );
                return None;
            }
            if let Some(PoseRecipe::Matrix(_)) = pose {
                let problem = Problem::at(node.span, "this rig's pose looks at nothing that a dome could be about");
                cx.push(problem.help("write its pose as LookAt, Orbit or Frame"));
                return None;
            }
            let at = |number| MountedAt::Dome { number, count, radius: radius.clone(), elevations: (low, high) };
            let digits = (count - 1).to_string().len();
            (0..count).map(|k| (format!("{k:0digits$}"), RigMount::Other(Box::new((at(k), None))))).collect()
        }
        _ => fields.need(cx, "cameras", |cx, node| {
            let (_, mounts) = cx.named(node, "a camera of a rig", |cx, _, node| mount(cx, node));
            let mounts = mounts?;
            if mounts.is_empty() {
                cx.push(Problem::at(node.span, "this rig has no cameras").help("{ \"front\": (position: (0, 0, 0)) }"));
                return None;
            }
            Some(mounts.into_iter().collect())
        })?,
    };
    Some(Rig { span: node.span, mounts })
}

fn mount(cx: &mut Context, node: &Node) -> Option<RigMount> {
    let fields = Fields::of_noun(cx, node, &MOUNT)?;
    let position = fields.or(cx, "position", origin(), dist::vector);
    let rotation = fields.or(cx, "rotation", unrotated(), dist::rotation);
    let lens = fields.maybe(cx, "lens", |cx, node| super::lens::intrinsics(cx, node, false));
    Some(RigMount::Other(Box::new((MountedAt::Free { position: position?, rotation: rotation? }, lens?))))
}

/// Puts the cameras of rigs in the place of the rigs: `stereo` becomes `stereo_left` and `stereo_right`. `names` are where cameras are
/// defined. `None` where two would have one name.
pub(super) fn unfold(
    cx: &mut Context,
    cameras: BTreeMap<String, (CameraRecipe, Option<Rig>)>,
    names: &mut BTreeMap<String, Span>,
) -> Option<BTreeMap<String, CameraRecipe>> {
    let mut all: BTreeMap<String, CameraRecipe> = BTreeMap::new();
    let mut good = true;
    let (rigs, plain): (Vec<_>, Vec<_>) = cameras.into_iter().partition(|(_, (_, rig))| rig.is_some());
    all.extend(plain.into_iter().map(|(name, (camera, _))| (name, camera)));
    for (rig_name, (camera, rig)) in rigs {
        let Some(rig) = rig else { continue };
        names.remove(&rig_name);
        for (own, mount) in rig.mounts {
            let name = format!("{rig_name}_{own}");
            let shown = quoted(&name);
            let fault = if name.len() > LONGEST_NAME {
                Some((
                    format!("the name \"{shown}\" of a camera of this rig is longer than {LONGEST_NAME} letters"),
                    "give the rig a shorter name",
                ))
            } else if all.contains_key(&name) {
                Some((
                    format!("a camera of this rig is called \"{shown}\", and there is one of that name"),
                    "give one of them another name",
                ))
            } else {
                None
            };
            if let Some((message, help)) = fault {
                cx.push(Problem::at(rig.span, message).help(help));
                good = false;
                break;
            }
            let (at, lens) = match mount {
                RigMount::Stereo { right, baseline } => {
                    let other = format!("{rig_name}_{}", if right { "left" } else { "right" });
                    (MountedAt::Stereo { other, right, baseline }, None)
                }
                RigMount::Other(mount) => *mount,
            };
            let mount = MountRecipe { rig: rig_name.clone(), name: own, at, lens };
            names.insert(name.clone(), rig.span);
            all.insert(name, CameraRecipe { mount: Some(Box::new(mount)), ..camera.clone() });
        }
    }
    good.then_some(all)
}

/// Labels without what only stereo pairs have, where there are none; asked for by name, that is a mistake.
pub(super) fn pairs(
    cx: &mut Context,
    mut labels: LabelSettings,
    fields: &Fields<'_>,
    cameras: Option<&BTreeMap<String, CameraRecipe>>,
) -> Option<LabelSettings> {
    let Some(cameras) = cameras.filter(|_| labels.wants(Output::Disparity)) else { return Some(labels) };
    let is_stereo =
        |camera: &CameraRecipe| camera.mount.as_ref().is_some_and(|mount| matches!(mount.at, MountedAt::Stereo { .. }));
    if cameras.values().any(is_stereo) {
        return Some(labels);
    }
    match fields.get("outputs") {
        Some(node) if matches!(node.kind, Kind::List(_)) => {
            let problem = Problem::at(node.span, "the output Disparity is of stereo pairs, and there is none");
            cx.push(problem.help("add `rig: Stereo(baseline: 0.12)` to a camera"));
            None
        }
        _ => {
            labels.outputs.remove(&Output::Disparity);
            Some(labels)
        }
    }
}
