//! Cameras: lens, pose and exposure.

use super::super::diagnostics::Problem;
use super::super::dist::{Number, VectorRecipe};
use super::super::syntax::{Kind, Node};
use super::super::{CameraRecipe, ExposureRecipe, FovAxis, LensRecipe, PoseRecipe, Scalar, Varied, VectorDist};
use super::dist::{self, scalars};
use super::fields::{Fields, Form, Variants, variant};
use super::light::ELEVATION;
use super::number::{Limits, plain, plain_within, scalar, support};
use super::{Context, Kinds, motion};

const CAMERA: Form = Form::noun("a camera", &["lens", "pose"], &["near", "exposure", "motion", "rig"]);

pub(super) const NOUNS: &[&Form] = &[&CAMERA];

const LENS: Variants = Variants {
    what: "a lens such as Fov(50)",
    forms: &[
        &Form::variant("Fov", &[], &["vertical", "horizontal"]),
        &Form::variant("Intrinsics", &["fx", "fy", "cx", "cy"], &[]),
    ],
};
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
    forms: &[&Form::variant("Auto", &[], &["compensation"]), &Form::variant("Ev", &["ev"], &[])],
};

pub(super) const VARIANTS: &[&Variants] = &[&LENS, &POSE, &EXPOSURE];

const FOV: Limits = Limits::new(0.1, 179.0, "from 0.1 to 179 degrees", false);
const DISTANCE: Limits = Limits { text: "greater than 0, or the camera sits in its target", ..Limits::POSITIVE };
const STOPS: Limits = Limits::new(-20.0, 20.0, "from -20 to 20 stops", true);
const EV: Limits = Limits::new(-20.0, 40.0, "from -20 to 40", true);

fn zero() -> Scalar {
    Varied::One(Number::Const(0.0))
}

/// Decodes a camera, and the rig that it stands for, if it does.
pub(super) fn camera(cx: &mut Context, node: &Node) -> Option<(CameraRecipe, Option<motion::Rig>)> {
    let fields = Fields::of_noun(cx, node, &CAMERA)?;
    let lens = fields.need(cx, "lens", lens);
    let pose = fields.need(cx, "pose", pose);
    let near = fields.or(cx, "near", 0.01, |cx, node| plain_within(cx, node, Limits::POSITIVE));
    let exposure = fields.or(cx, "exposure", ExposureRecipe::Auto { compensation: zero() }, exposure);
    let motion = fields.maybe(cx, "motion", |cx, node| motion::of_camera(cx, node, pose.as_ref()));
    let rig = fields.maybe(cx, "rig", |cx, node| motion::rig(cx, node, pose.as_ref()));
    let camera =
        CameraRecipe { lens: lens?, pose: pose?, near: near?, exposure: exposure?, motion: motion?, mount: None };
    Some((camera, rig?))
}

pub(super) fn lens(cx: &mut Context, node: &Node) -> Option<LensRecipe> {
    if cx.bare_value(node, LENS.what, "write Fov(50) for 50 degrees from top to bottom") {
        return None;
    }
    let (name, fields) = variant(cx, node, &LENS)?;
    if name == "Intrinsics" {
        let focal = scalars(cx, &fields, ["fx", "fy"], Limits::POSITIVE);
        let middle = scalars(cx, &fields, ["cx", "cy"], Limits::ANY);
        let ([fx, fy], [cx, cy]) = (focal?, middle?);
        return Some(LensRecipe::Intrinsics { fx, fy, cx, cy });
    }
    let vertical = fields.maybe(cx, "vertical", |cx, node| scalar(cx, node, FOV));
    let horizontal = fields.maybe(cx, "horizontal", |cx, node| scalar(cx, node, FOV));
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
    Some(if name == "Ev" {
        ExposureRecipe::Ev(fields.need(cx, "ev", |cx, node| scalar(cx, node, EV))?)
    } else {
        let compensation = fields.or(cx, "compensation", zero(), |cx, node| scalar(cx, node, STOPS))?;
        ExposureRecipe::Auto { compensation }
    })
}
