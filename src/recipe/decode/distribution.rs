//! Numbers that vary by a named distribution, beyond the few of `number`.

use std::sync::Arc;

use super::super::diagnostics::{Problem, Span};
use super::super::dist::{Curve, Histogram, LARGEST_POISSON, Number};
use super::super::syntax::{Kind, Node};
use super::Context;
use super::fields::{Fields, Form};
use super::number::{
    LEAST_SHARE, Limits, SMALLEST, end, in_order, ordered, plain, plain_within, share_between, within,
};

pub(super) const BETA: Form = Form::variant("Beta", &["alpha", "beta"], &["min", "max"]);
pub(super) const TRIANGULAR: Form = Form::variant("Triangular", &["min", "mode", "max"], &[]);
pub(super) const LOG_NORMAL: Form = Form::variant("LogNormal", &["median", "sigma"], &["min", "max"]);
pub(super) const EXPONENTIAL: Form = Form::variant("Exponential", &["mean"], &["min", "max"]);
pub(super) const POISSON: Form = Form::variant("Poisson", &["mean"], &["min", "max"]);
pub(super) const VON_MISES: Form = Form::variant("VonMises", &["mean", "kappa"], &[]);
pub(super) const HISTOGRAM: Form = Form::variant("Histogram", &["edges", "counts"], &[]);
pub(super) const CURVE: Form = Form::variant("Curve", &["points"], &[]);

/// The most bins of a histogram and points of a curve.
const MOST_POINTS: usize = 10_000;

const SHAPE: Limits = Limits::new(0.01, 1e4, "from 0.01 to 10000", true);
const SIGMA: Limits = Limits::new(0.0, 10.0, "from 0 to 10", true);
const POISSON_MEAN: Limits = Limits::new(0.0, LARGEST_POISSON, "from 0 to 100000", true);
const KAPPA: Limits = Limits::new(0.0, 1e6, "from 0 to 1000000", true);

/// Decodes the distribution called `name` for a field whose values lie within `limits`.
pub(super) fn number(cx: &mut Context, name: &str, fields: &Fields<'_>, limits: Limits) -> Option<Number> {
    let limits = Limits { whole: false, ..limits };
    // Parameters are fields of their own in messages.
    let parameter = |cx: &mut Context, name, limits| fields.need(cx, name, |cx, node| plain_within(cx, node, limits));
    match name {
        "Beta" => {
            let (alpha, beta) = (parameter(cx, "alpha", SHAPE), parameter(cx, "beta", SHAPE));
            let mut side = |name: &str, default: f64| match fields.get(name) {
                Some(node) => end(cx, node, limits),
                None => within(cx, fields.head, default, limits, "reaches").then_some(default),
            };
            let (min, max) = (side("min", 0.0), side("max", 1.0));
            let (alpha, beta, min, max) = (alpha?, beta?, min?, max?);
            ends_in_order(cx, fields, min, max).then_some(Number::Beta { alpha, beta, min, max })
        }
        "Triangular" => {
            let ends = ordered(cx, fields, limits);
            let mode = fields.get("mode").and_then(|node| Some((plain(cx, node)?, node.span)));
            let ((min, max), (mode, span)) = (ends?, mode?);
            if !(min..=max).contains(&mode) {
                let message = format!("the likeliest value, {mode}, does not lie from {min} to {max}");
                cx.push(Problem::at(span, message).help("`mode` is where the triangle has its tip"));
                return None;
            }
            Some(Number::Triangular { min, mode, max })
        }
        "LogNormal" => {
            let (median, sigma) = (parameter(cx, "median", Limits::POSITIVE), parameter(cx, "sigma", SIGMA));
            let ends = bounds(cx, fields, limits, (SMALLEST, f64::INFINITY));
            let (median, sigma, (min, max)) = (median?, sigma?, ends?);
            let share = share_between(libm::log(median), sigma, libm::log(min), libm::log(max));
            enough(cx, fields, share, min, max).then_some(Number::LogNormal { median, sigma, min, max })
        }
        "Exponential" => {
            let mean = parameter(cx, "mean", Limits::POSITIVE);
            let ends = bounds(cx, fields, limits, (0.0, f64::INFINITY));
            let (mean, (min, max)) = (mean?, ends?);
            let share = libm::exp(-min / mean) - libm::exp(-max / mean);
            enough(cx, fields, share, min, max).then_some(Number::Exponential { mean, min, max })
        }
        "Poisson" => {
            let mean = parameter(cx, "mean", POISSON_MEAN);
            let ends = bounds(cx, fields, Limits { whole: true, ..limits }, (0.0, f64::INFINITY));
            let (mean, (min, max)) = (mean?, ends?);
            let share = share_of_poisson(mean, min, max);
            enough(cx, fields, share, min, max).then_some(Number::Poisson { mean, min, max })
        }
        "VonMises" => {
            let mean = fields.get("mean").and_then(|node| plain(cx, node));
            let kappa = parameter(cx, "kappa", KAPPA);
            let (mean, kappa) = (mean?, kappa?);
            let good = [mean - 180.0, mean + 180.0].iter().all(|&end| within(cx, fields.head, end, limits, "reaches"));
            good.then_some(Number::VonMises { mean, kappa })
        }
        "Histogram" => histogram(cx, fields, limits).map(|histogram| Number::Histogram(Arc::new(histogram))),
        _ => curve(cx, fields, limits).map(|curve| Number::Curve(Arc::new(curve))),
    }
}

/// The ends of a distribution that by itself goes from `support.0` to `support.1`: those given, else those of the field where they are natural.
fn bounds(cx: &mut Context, fields: &Fields<'_>, limits: Limits, support: (f64, f64)) -> Option<(f64, f64)> {
    let word = fields.name();
    let word = if word == "Exponential" { format!("an {word}") } else { format!("a {word}") };
    let mut side = |name: &str, own: f64, field: f64| match fields.get(name) {
        Some(node) => {
            let value = plain(cx, node)?;
            if limits.whole && value != value.round() {
                cx.push(Problem::at(node.span, format!("{word} yields whole numbers, and this is {value}")));
                return None;
            }
            if value < support.0 {
                cx.push(Problem::at(node.span, format!("no value of {word} lies below {}", support.0)));
                return None;
            }
            within(cx, node.span, value, limits, "reaches").then_some(value)
        }
        None if (limits.min..=limits.max).contains(&own) => Some(own),
        None if !limits.natural => {
            let reach = if own.is_finite() { format!("reaches {own}") } else { "has no end".into() };
            let message = format!("`{}` must be {}, and {word} without `{name}` {reach}", cx.field(), limits.text);
            cx.push(Problem::at(fields.head, message).help(format!("add `{name}: ...`: it is cut off there")));
            None
        }
        None => Some(field),
    };
    let (min, max) = (side("min", support.0, limits.min), side("max", support.1, limits.max));
    let (min, max) = (min?, max?);
    ends_in_order(cx, fields, min, max).then_some((min, max))
}

/// As [`in_order`], also where an end is not written.
fn ends_in_order(cx: &mut Context, fields: &Fields<'_>, min: f64, max: f64) -> bool {
    if min > max && (fields.get("min").is_none() || fields.get("max").is_none()) {
        let message = format!("no value of this {} lies from {min} to {max}", fields.name());
        cx.push(Problem::at(fields.head, message).help("write both `min` and `max`, the smaller number first"));
        return false;
    }
    in_order(cx, fields, min, max)
}

/// Whether a fair share of a distribution lies between its ends.
fn enough(cx: &mut Context, fields: &Fields<'_>, share: f64, min: f64, max: f64) -> bool {
    if share < LEAST_SHARE {
        let message = format!("hardly any value of this {} lies from {min} to {max}", fields.name());
        cx.push(Problem::at(fields.head, message).help("change its parameters so that more of it lies in that range"));
    }
    share >= LEAST_SHARE
}

/// The share of a Poisson distribution that lies in `min..=max`; of one with a large mean, that of the normal distribution like it.
fn share_of_poisson(mean: f64, min: f64, max: f64) -> f64 {
    const SUMMED: f64 = 50.0;
    if mean > SUMMED {
        return share_between(mean, mean.sqrt(), min - 0.5, max + 0.5);
    }
    let (mut share, mut sum, mut k) = (libm::exp(-mean), 0.0, 0.0);
    // At fifteen standard deviations and more, nothing is left.
    while k <= max.min(200.0) {
        if k >= min {
            sum += share;
        }
        k += 1.0;
        share *= mean / k;
    }
    sum
}

/// Numbers of a list, each with its place. `None` where one is wrong; that is reported.
fn plains(cx: &mut Context, node: &Node) -> Option<Vec<(f64, Span)>> {
    let items = list(cx, node)?;
    let values: Vec<Option<(f64, Span)>> = items.iter().map(|item| Some((plain(cx, item)?, item.span))).collect();
    values.into_iter().collect()
}

fn list<'n>(cx: &mut Context, node: &'n Node) -> Option<&'n [Node]> {
    let Kind::List(items) = &node.kind else {
        cx.wrong_type(node, "a list in `[ ]`", Some("write [.., .., ..]".into()));
        return None;
    };
    if items.len() > MOST_POINTS {
        let message = format!("there are {} values, and more than {MOST_POINTS} are not taken", items.len());
        cx.push(Problem::at(node.span, message));
        return None;
    }
    Some(items)
}

/// Whether numbers rise from each to the next, and their ends lie within limits.
fn rising(cx: &mut Context, values: &[(f64, Span)], limits: Limits) -> bool {
    if let Some(pair) = values.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
        let message = format!("the values must rise, and {} follows {}", pair[1].0, pair[0].0);
        cx.push(Problem::at(pair[1].1, message).label(pair[1].1, "not greater").label(pair[0].1, "than this"));
        return false;
    }
    let ends = [values.first(), values.last()];
    ends.into_iter().flatten().all(|&(value, span)| within(cx, span, value, limits, "reaches"))
}

/// Whether none is negative.
fn not_negative(cx: &mut Context, values: &[(f64, Span)], what: &str) -> bool {
    let negative = values.iter().find(|(value, _)| *value < 0.0);
    if let Some((value, span)) = negative {
        cx.push(Problem::at(*span, format!("{what} may not be negative, and this is {value}")));
    }
    negative.is_none()
}

fn histogram(cx: &mut Context, fields: &Fields<'_>, limits: Limits) -> Option<Histogram> {
    let edges = fields.get("edges").and_then(|node| plains(cx, node));
    let counts = fields.get("counts").and_then(|node| plains(cx, node));
    let (edges, counts) = (edges?, counts?);
    if counts.is_empty() || edges.len() != counts.len() + 1 {
        let message = format!("{} edges do not bound {} bins", edges.len(), counts.len());
        let problem = Problem::at(fields.head, message);
        cx.push(problem.help("write one edge more than counts: Histogram(edges: [0, 1, 2], counts: [3, 1])"));
        return None;
    }
    let (ordered, good) = (rising(cx, &edges, limits), not_negative(cx, &counts, "a count"));
    if !ordered || !good {
        return None;
    }
    let counts: Vec<f64> = counts.into_iter().map(|(count, _)| count).collect();
    let histogram = Histogram::new(edges.into_iter().map(|(edge, _)| edge).collect(), &counts);
    if histogram.is_none() {
        cx.push(Problem::at(fields.head, "all bins of this histogram are empty"));
    }
    histogram
}

fn curve(cx: &mut Context, fields: &Fields<'_>, limits: Limits) -> Option<Curve> {
    const EXAMPLE: &str = "write Curve([(0, 1), (0.5, 3), (1, 0)]): a value and its density each";
    let items = list(cx, fields.get("points")?)?;
    let pair = |cx: &mut Context, node: &Node| {
        let args = match &node.kind {
            Kind::Group(group) if group.name.is_none() => group.args.as_deref(),
            _ => None,
        };
        let Some([value, density]) = args.filter(|args| args.iter().all(|arg| arg.name.is_none())) else {
            cx.wrong_type(node, "a pair (value, density)", Some(EXAMPLE.into()));
            return None;
        };
        let numbers = (plain(cx, &value.value), plain(cx, &density.value));
        Some(((numbers.0?, value.value.span), (numbers.1?, density.value.span)))
    };
    let points: Vec<_> = items.iter().map(|item| pair(cx, item)).collect();
    let points: Vec<_> = points.into_iter().collect::<Option<_>>()?;
    let (values, densities): (Vec<_>, Vec<_>) = points.into_iter().unzip();
    if values.len() < 2 {
        cx.push(Problem::at(fields.head, "a curve needs two points or more").help(EXAMPLE));
        return None;
    }
    let (ordered, good) = (rising(cx, &values, limits), not_negative(cx, &densities, "a density"));
    if !ordered || !good {
        return None;
    }
    let points: Vec<(f64, f64)> = values.iter().zip(&densities).map(|(value, density)| (value.0, density.0)).collect();
    let curve = Curve::new(&points);
    if curve.is_none() {
        cx.push(Problem::at(fields.head, "this curve is 0 everywhere: nothing can be drawn from it"));
    }
    curve
}
