//! Cameras: lens, pose and exposure.

use super::super::diagnostics::Problem;
use super::super::dist::{Number, VectorRecipe};
use super::super::syntax::{Kind, Node};
use super::super::{CameraRecipe, ExposureRecipe, PoseRecipe, Scalar, Varied, VectorDist};
use super::dist;
use super::fields::{Fields, Form, Variants, variant};
use super::lens;
use super::light::ELEVATION;
use super::number::{Limits, plain, plain_within, scalar, support};
use super::{Context, Kinds, motion, sensor};

const CAMERA: Form = Form::noun(
    "a camera",
    &["lens", "pose"],
    &["near", "exposure", "distortion", "focus", "shutter", "optics", "sensor", "depth_sensor", "motion", "rig"],
);

pub(super) const NOUNS: &[&Form] = &[&CAMERA, lens::NOUNS[0], lens::NOUNS[1]];

const POSE: Variants = Variants {
    what: "a pose such as LookAt(from: (0, 1, 2), target: (0, 0, 0))",
    forms: &[
        &Form::variant("LookAt", &["from", "target"], &["roll"]),
        &Form::variant("Orbit", &["target", "distance", "azimuth", "elevation"], &["roll"]),
        &Form::variant("Frame", &["target", "fill", "azimuth", "elevation"], &["roll", "one"]),
        &Form::variant("Matrix", &["rows"], &[]),
    ],
};
const EXPOSURE: Variants = Variants {
    what: "an exposure such as Auto or Ev(12)",
    forms: &[
        &Form::variant("Auto", &[], &["compensation"]),
        &Form::variant("Ev", &["ev"], &[]),
        &Form::variant("Camera", &["f_number", "time", "iso"], &[]),
    ],
};

pub(super) const VARIANTS: &[&Variants] = &[&lens::LENS, &lens::DISTORTION, &lens::FOCUS, &POSE, &EXPOSURE];

const DISTANCE: Limits = Limits { text: "greater than 0, or the camera sits in its target", ..Limits::POSITIVE };
const STOPS: Limits = Limits::new(-20.0, 20.0, "from -20 to 20 stops", true);
const F_NUMBER: Limits = Limits::new(0.5, 128.0, "from 0.5 to 128", false);
const TIME: Limits = Limits::new(1e-6, 3600.0, "from 0.000001 to 3600 seconds", false);
const ISO: Limits = Limits::new(1.0, 1e7, "from 1 to 10000000", false);
const EV: Limits = Limits::new(-20.0, 40.0, "from -20 to 40", true);

fn zero() -> Scalar {
    Varied::One(Number::Const(0.0))
}

/// Decodes a camera, and the rig that it stands for, if it does.
pub(super) fn camera(cx: &mut Context, node: &Node) -> Option<(CameraRecipe, Option<motion::Rig>)> {
    let fields = Fields::of_noun(cx, node, &CAMERA)?;
    let lens = lens::lens(cx, &fields);
    let pose = fields.need(cx, "pose", pose);
    let near = fields.or(cx, "near", 0.01, |cx, node| plain_within(cx, node, Limits::POSITIVE));
    let exposure = fields.or(cx, "exposure", ExposureRecipe::Auto { compensation: zero() }, exposure);
    let optics = fields.maybe(cx, "optics", sensor::optics);
    let sensor = fields.maybe(cx, "sensor", sensor::sensor);
    let depth_sensor = fields.maybe(cx, "depth_sensor", sensor::depth_sensor);
    let motion = fields.maybe(cx, "motion", |cx, node| motion::of_camera(cx, node, pose.as_ref()));
    let rig = fields.maybe(cx, "rig", |cx, node| motion::rig(cx, node, pose.as_ref()));
    let lens::Lens { lens, distortion, focus, shutter } = lens?;
    let camera = CameraRecipe {
        lens,
        distortion,
        pose: pose?,
        near: near?,
        focus,
        shutter,
        exposure: exposure?,
        optics: optics?,
        sensor: sensor?,
        depth_sensor: depth_sensor?,
        motion: motion?,
        mount: None,
    };
    Some((camera, rig?))
}

fn pose(cx: &mut Context, node: &Node) -> Option<PoseRecipe> {
    let (name, fields) = variant(cx, node, &POSE)?;
    if name == "Matrix" {
        return fields.need(cx, "rows", rigid).map(PoseRecipe::Matrix);
    }
    if name == "Frame" {
        return frame(cx, &fields);
    }
    let target = fields.need(cx, "target", dist::vector);
    let roll = fields.or(cx, "roll", zero(), |cx, node| scalar(cx, node, Limits::ANY));
    if name == "LookAt" {
        let from = fields.need(cx, "from", dist::vector);
        let (from, target) = (from?, target?);
        apart(cx, &fields, ("from", &from), ("target", &target), "a camera may not sit in its target");
        return Some(PoseRecipe::LookAt { from, target, roll: roll? });
    }
    let distance = fields.need(cx, "distance", |cx, node| scalar(cx, node, DISTANCE));
    let azimuth = fields.need(cx, "azimuth", |cx, node| scalar(cx, node, Limits::ANY));
    let elevation = fields.need(cx, "elevation", |cx, node| scalar(cx, node, ELEVATION));
    Some(PoseRecipe::Orbit {
        target: target?,
        distance: distance?,
        azimuth: azimuth?,
        elevation: elevation?,
        roll: roll?,
    })
}

fn frame(cx: &mut Context, fields: &Fields<'_>) -> Option<PoseRecipe> {
    const FILL: Limits = Limits::new(0.001, 100.0, "from 0.001 to 100 of the image's shorter side", false);
    let target = fields.need(cx, "target", |cx, node| {
        let target = cx.text(node, "the name of an object")?;
        dist::refer(cx, Kinds::Object, target, node.span);
        Some(target.to_owned())
    });
    let fill = fields.need(cx, "fill", |cx, node| scalar(cx, node, FILL));
    let azimuth = fields.need(cx, "azimuth", |cx, node| scalar(cx, node, Limits::ANY));
    let elevation = fields.need(cx, "elevation", |cx, node| scalar(cx, node, ELEVATION));
    let roll = fields.or(cx, "roll", zero(), |cx, node| scalar(cx, node, Limits::ANY));
    let one = fields.or(cx, "one", false, Context::bool);
    Some(PoseRecipe::Frame {
        target: target?,
        one: one?,
        fill: fill?,
        azimuth: azimuth?,
        elevation: elevation?,
        roll: roll?,
    })
}

/// Reports when something that looks at a target can be exactly there. Only single values are compared: a number drawn
/// from a continuous range hits another with probability zero.
pub(super) fn apart(
    cx: &mut Context,
    fields: &Fields<'_>,
    (eye_name, eye): (&'static str, &VectorDist),
    (target_name, target): (&'static str, &VectorDist),
    message: &str,
) {
    let (mut eyes, mut targets) = (Vec::new(), Vec::new());
    single_points(eye, &mut eyes);
    single_points(target, &mut targets);
    let meet = |eye: &[Singles; 3], target: &[Singles; 3]| {
        Some([eye[0].shared(&target[0])?, eye[1].shared(&target[1])?, eye[2].shared(&target[2])?])
    };
    let Some(point) = eyes.iter().find_map(|eye| targets.iter().find_map(|target| meet(eye, target))) else { return };
    if let (Some(eye), Some(target)) = (fields.get(eye_name), fields.get(target_name)) {
        let place = format!("({}, {}, {})", point[0], point[1], point[2]);
        let problem = Problem::at(eye.span, message)
            .label(eye.span, format!("`{eye_name}` can be {place}"))
            .label(target.span, format!("and so can `{target_name}`"));
        cx.push(problem.help("move one of them: without a distance there is no direction to look in"));
    }
}

/// More than this is not compared; no recipe of a person's has so many.
const MOST_COMPARED: usize = 256;

/// The values that a number takes with a probability above zero.
#[derive(Debug, Default)]
struct Singles {
    values: Vec<f64>,
    /// Whole numbers from one to another.
    whole: Vec<(f64, f64)>,
}

impl Singles {
    fn of(scalar: &Scalar) -> Self {
        let mut singles = Self::default();
        singles.add(scalar);
        singles.values.sort_by(f64::total_cmp);
        singles
    }

    fn add(&mut self, scalar: &Scalar) {
        if self.values.len() + self.whole.len() >= MOST_COMPARED {
            return;
        }
        match scalar {
            Varied::One(Number::UniformInt { min, max }) => self.whole.push((*min as f64, *max as f64)),
            Varied::One(Number::Normal { mean, std, .. }) if *std == 0.0 => self.values.push(*mean),
            Varied::One(Number::LogNormal { median, sigma, .. }) if *sigma == 0.0 => self.values.push(*median),
            Varied::One(Number::Poisson { min, max, .. }) => self.whole.push((*min, *max)),
            Varied::One(_) => {
                let (min, max) = support(scalar);
                if min == max {
                    self.values.push(min);
                }
            }
            choice => choice.options().into_iter().for_each(|option| self.add(option)),
        }
    }

    /// A value that both can take, as near as makes no difference.
    fn shared(&self, other: &Self) -> Option<f64> {
        const NEAR: f64 = 1e-6;
        let in_ranges = |value: f64, ranges: &[(f64, f64)]| {
            (value - value.round()).abs() < NEAR
                && ranges.iter().any(|&(min, max)| (min..=max).contains(&value.round()))
        };
        self.values
            .iter()
            .find(|&&value| {
                let next = other.values.partition_point(|&x| x <= value - NEAR);
                other.values.get(next).is_some_and(|&x| x < value + NEAR) || in_ranges(value, &other.whole)
            })
            .or_else(|| other.values.iter().find(|&&value| in_ranges(value, &self.whole)))
            .copied()
            .or_else(|| {
                let both =
                    |a: &(f64, f64)| other.whole.iter().find(|b| a.0.max(b.0) <= a.1.min(b.1)).map(|b| a.0.max(b.0));
                self.whole.iter().find_map(both)
            })
    }
}

/// For each way in which a vector can be drawn, the single values of its components.
fn single_points(vector: &VectorDist, out: &mut Vec<[Singles; 3]>) {
    if out.len() >= MOST_COMPARED {
        return;
    }
    match vector {
        Varied::One(VectorRecipe::PerComponent(components)) => out.push(components.each_ref().map(Singles::of)),
        Varied::One(VectorRecipe::InBox { min, max }) => out.push([0, 1, 2].map(|axis| {
            let flat = min[axis] == max[axis];
            Singles { values: if flat { vec![min[axis]] } else { Vec::new() }, whole: Vec::new() }
        })),
        Varied::One(_) => {}
        choice => choice.options().into_iter().for_each(|option| single_points(option, out)),
    }
}

const ROWS: &str = "four rows of four numbers: ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))";

/// Four values in `( )` or `[ ]`.
fn four<'n>(cx: &mut Context, node: &'n Node, expected: &str) -> Option<[&'n Node; 4]> {
    let values: Vec<&Node> = match &node.kind {
        Kind::List(items) => items.iter().collect(),
        Kind::Group(group) if group.name.is_none() && group.args.iter().flatten().all(|arg| arg.name.is_none()) => {
            group.args.iter().flatten().map(|arg| &arg.value).collect()
        }
        _ => Vec::new(),
    };
    let four = values.try_into().ok();
    if four.is_none() {
        cx.wrong_type(node, expected, Some(format!("write {ROWS}")));
    }
    four
}

/// A matrix that turns and moves, and does nothing else.
fn rigid(cx: &mut Context, node: &Node) -> Option<[[f64; 4]; 4]> {
    let rows = four(cx, node, ROWS)?.map(|row| {
        let values = four(cx, row, "a row of four numbers")?.map(|value| plain(cx, value));
        values.into_iter().collect::<Option<Vec<f64>>>()
    });
    let rows: Option<Vec<[f64; 4]>> = rows.into_iter().map(|row| row?.try_into().ok()).collect();
    let m: [[f64; 4]; 4] = rows?.try_into().ok()?;
    match why_not_rigid(&m) {
        None => Some(m),
        Some(reason) => {
            let help =
                "rows of world from camera, the camera's x to the right, y down, z forward (OpenCV); lengths in metres";
            cx.push(Problem::at(node.span, format!("this is not the pose of a camera: {reason}")).help(help));
            None
        }
    }
}

fn why_not_rigid(m: &[[f64; 4]; 4]) -> Option<String> {
    const TOLERANCE: f64 = 1e-6;
    if m[3] != [0.0, 0.0, 0.0, 1.0] {
        return Some("its last row is not (0, 0, 0, 1)".into());
    }
    let column = |j: usize| [m[0][j], m[1][j], m[2][j]];
    let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    for (j, axis) in ["first", "second", "third"].iter().enumerate() {
        let length = dot(column(j), column(j)).sqrt();
        if (length - 1.0).abs() > TOLERANCE {
            return Some(format!("its {axis} column has length {length:.6}, not 1"));
        }
    }
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        if dot(column(a), column(b)).abs() > TOLERANCE {
            return Some("its first three columns are not at right angles".into());
        }
    }
    let [x, y, z] = [column(0), column(1), column(2)];
    let cross = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]];
    (dot(cross, z) < 0.0).then(|| "it mirrors (its determinant is -1)".into())
}

fn exposure(cx: &mut Context, node: &Node) -> Option<ExposureRecipe> {
    let (name, fields) = variant(cx, node, &EXPOSURE)?;
    Some(match name {
        "Ev" => ExposureRecipe::Ev(fields.need(cx, "ev", |cx, node| scalar(cx, node, EV))?),
        "Camera" => {
            let mut need = |name, limits| fields.need(cx, name, |cx, node| scalar(cx, node, limits));
            let (f_number, time, iso) = (need("f_number", F_NUMBER), need("time", TIME), need("iso", ISO));
            ExposureRecipe::Camera { f_number: f_number?, time: time?, iso: iso? }
        }
        _ => {
            let compensation = fields.or(cx, "compensation", zero(), |cx, node| scalar(cx, node, STOPS))?;
            ExposureRecipe::Auto { compensation }
        }
    })
}
