//! What an expression can become: its type, and by interval arithmetic its least and greatest value.
//!
//! Ends are computed by the same operations as values. `+ - * / sqrt` and those that choose or round are monotone in each
//! argument also after rounding; the ends of libm's functions are moved outwards by more than their error.

use std::collections::{BTreeMap, BTreeSet};

use super::super::decode::nearest;
use super::super::diagnostics::quoted;
use super::{Fault, Function, Support, Term, TermKind, cosine, curve, kept, sine};

/// All numbers from `min` to `max`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

/// What a term can become.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Range {
    Number(Interval),
    Condition { may_hold: bool, may_fail: bool },
    Names(BTreeSet<String>),
}

/// How far, relative to their size, the ends of libm's functions are moved outwards: their errors are below 1e-15.
const MARGIN: f64 = 1e-14;

/// Beyond this an angle in degrees has no fraction to speak of.
const FARTHEST_ANGLE: f64 = 1e9;

impl Interval {
    fn new(min: f64, max: f64) -> Self {
        Self { min: kept(min), max: kept(max) }
    }

    fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let (min, max) = values.into_iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), value| {
            let value = kept(value);
            (min.min(value), max.max(value))
        });
        Self { min, max }
    }

    fn wider(self) -> Self {
        Self::new(self.min - self.min.abs() * MARGIN, self.max + self.max.abs() * MARGIN)
    }

    fn union(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    fn has(self, value: f64) -> bool {
        (self.min..=self.max).contains(&value)
    }
}

fn number_range(value: f64) -> Range {
    Range::Number(Interval { min: value, max: value })
}

/// The type and range of a term; `None` for a fault that is reported elsewhere.
pub(super) fn range(term: &Term, parameters: &BTreeMap<String, Support>) -> Result<Range, Option<Fault>> {
    let (function, terms) = match &term.kind {
        TermKind::Number(value) => return Ok(number_range(*value)),
        TermKind::Text(text) => return Ok(Range::Names([text.clone()].into())),
        TermKind::Parameter(name) => return parameter(term, name, parameters),
        TermKind::Call(function, terms) => (*function, terms),
    };
    let ranges = terms.iter().map(|term| range(term, parameters)).collect::<Result<Vec<_>, _>>()?;
    let call = Call { term, function, terms, ranges: &ranges };
    match function {
        Function::Equal | Function::NotEqual => call.equality().map_err(Some),
        Function::If => call.choice().map_err(Some),
        Function::And | Function::Or | Function::Not => call.logic().map_err(Some),
        Function::Less | Function::LessEqual | Function::Greater | Function::GreaterEqual => call.order().map_err(Some),
        _ => call.arithmetic().map(Range::Number).map_err(Some),
    }
}

fn parameter(term: &Term, name: &str, parameters: &BTreeMap<String, Support>) -> Result<Range, Option<Fault>> {
    match parameters.get(name) {
        Some(Support::Number(interval)) => Ok(Range::Number(Interval::new(interval.min, interval.max))),
        Some(Support::Names(names)) => Ok(Range::Names(names.clone())),
        Some(Support::Unknown) => Err(None),
        None => {
            let fault = Fault::at(term.start, term.end, format!("there is no parameter \"{}\"", quoted(name)));
            let is_name = |support: &Support| matches!(support, Support::Names(names) if names.contains(name));
            let quoted_name = parameters.values().any(is_name);
            Err(Some(match nearest(name, parameters.keys().map(String::as_str)) {
                _ if quoted_name => fault.help(format!("names stand in single quotes: '{name}'")),
                Some(near) => fault.help(format!("did you mean `{near}`?")),
                None if parameters.is_empty() => fault.help("there are none: define it in `parameters`"),
                None => {
                    let known: Vec<String> = parameters.keys().take(12).map(|name| format!("`{name}`")).collect();
                    fault.help(format!("define it in `parameters`, or use one of {}", known.join(", ")))
                }
            }))
        }
    }
}

/// A function or operator and what its terms can become.
struct Call<'t> {
    term: &'t Term,
    function: Function,
    terms: &'t [Term],
    ranges: &'t [Range],
}

impl Call<'_> {
    fn number(&self, i: usize) -> Result<Interval, Fault> {
        let (start, end) = (self.terms[i].start, self.terms[i].end);
        match &self.ranges[i] {
            Range::Number(interval) => Ok(*interval),
            Range::Condition { .. } => Err(Fault::at(start, end, "a number is expected here, and this is a condition")
                .help("write if(condition, 1, 0)")),
            Range::Names(_) => Err(Fault::at(start, end, "a number is expected here, and this is a name")),
        }
    }

    /// Whether it may hold, and whether it may fail.
    fn condition(&self, i: usize) -> Result<(bool, bool), Fault> {
        match &self.ranges[i] {
            Range::Condition { may_hold, may_fail } => Ok((*may_hold, *may_fail)),
            _ => Err(Fault::at(self.terms[i].start, self.terms[i].end, "a condition is expected here")
                .help("compare it with something: `elevation < 20`, `weather == 'rain'`")),
        }
    }

    fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::at(self.term.start, self.term.end, message)
    }

    fn equality(&self) -> Result<Range, Fault> {
        let (same, other) = match (&self.ranges[0], &self.ranges[1]) {
            (Range::Number(a), Range::Number(b)) => {
                let apart = a.max < b.min || b.max < a.min;
                let one = a.min == a.max && b.min == b.max && a.min == b.min;
                (!apart, !one)
            }
            (Range::Names(a), Range::Names(b)) => {
                for (i, (mine, others)) in [(a, b), (b, a)].into_iter().enumerate() {
                    if let TermKind::Text(text) = &self.terms[i].kind
                        && !matches!(self.terms[1 - i].kind, TermKind::Text(_))
                        && mine.is_disjoint(others)
                    {
                        let message = format!("it is never '{}'", quoted(text));
                        let fault = Fault::at(self.terms[i].start, self.terms[i].end, message);
                        let known: Vec<String> =
                            others.iter().take(12).map(|name| format!("'{}'", quoted(name))).collect();
                        return Err(match nearest(text, others.iter().map(String::as_str)) {
                            Some(near) => fault.help(format!("did you mean '{near}'?")),
                            None => fault.help(format!("it is one of {}", known.join(", "))),
                        });
                    }
                }
                (!a.is_disjoint(b), !(a.len() == 1 && a == b))
            }
            _ => return Err(self.fault("only numbers with numbers and names with names can be compared")),
        };
        let (may_hold, may_fail) = if self.function == Function::Equal { (same, other) } else { (other, same) };
        Ok(Range::Condition { may_hold, may_fail })
    }

    fn order(&self) -> Result<Range, Fault> {
        let (a, b) = (self.number(0)?, self.number(1)?);
        let (may_hold, may_fail) = match self.function {
            Function::Less => (a.min < b.max, a.max >= b.min),
            Function::LessEqual => (a.min <= b.max, a.max > b.min),
            Function::Greater => (a.max > b.min, a.min <= b.max),
            _ => (a.max >= b.min, a.min < b.max),
        };
        Ok(Range::Condition { may_hold, may_fail })
    }

    fn logic(&self) -> Result<Range, Fault> {
        let a = self.condition(0)?;
        let (may_hold, may_fail) = match self.function {
            Function::Not => (a.1, a.0),
            Function::And => {
                let b = self.condition(1)?;
                (a.0 && b.0, a.1 || b.1)
            }
            _ => {
                let b = self.condition(1)?;
                (a.0 || b.0, a.1 && b.1)
            }
        };
        Ok(Range::Condition { may_hold, may_fail })
    }

    fn choice(&self) -> Result<Range, Fault> {
        let (may_hold, may_fail) = self.condition(0)?;
        match (&self.ranges[1], &self.ranges[2]) {
            (Range::Number(then), Range::Number(otherwise)) => Ok(Range::Number(match (may_hold, may_fail) {
                (true, false) => *then,
                (false, true) => *otherwise,
                _ => then.union(*otherwise),
            })),
            (Range::Names(then), Range::Names(otherwise)) => Ok(Range::Names(then | otherwise)),
            (Range::Condition { may_hold: a, may_fail: b }, Range::Condition { may_hold: c, may_fail: d }) => {
                Ok(Range::Condition { may_hold: *a || *c, may_fail: *b || *d })
            }
            _ => {
                Err(self.fault("both outcomes of `if` must be of one kind").help("write if(condition, number, number)"))
            }
        }
    }

    fn arithmetic(&self) -> Result<Interval, Fault> {
        let all = (0..self.terms.len()).map(|i| self.number(i)).collect::<Result<Vec<_>, _>>()?;
        let a = all[0];
        let b = *all.get(1).unwrap_or(&a);
        let monotone = |f: fn(f64) -> f64| Interval::new(f(a.min), f(a.max));
        let corners =
            |f: fn(f64, f64) -> f64| Interval::of([f(a.min, b.min), f(a.min, b.max), f(a.max, b.min), f(a.max, b.max)]);
        Ok(match self.function {
            Function::Negate => Interval::new(-a.max, -a.min),
            Function::Add => Interval::new(a.min + b.min, a.max + b.max),
            Function::Subtract => Interval::new(a.min - b.max, a.max - b.min),
            Function::Multiply => corners(|a, b| a * b),
            Function::Divide => {
                if b.has(0.0) {
                    let end = match (b.min, b.max) {
                        (min, max) if min == max => "this divides by 0".to_owned(),
                        (min, max) => format!("this may divide by 0: the divisor goes from {min} to {max}"),
                    };
                    return Err(Fault::at(self.terms[1].start, self.terms[1].end, end)
                        .help("keep it away from 0: `max(..., 0.001)`"));
                }
                corners(|a, b| a / b)
            }
            Function::Power => self.power(a, b)?,
            Function::Min => {
                let ends = |f: fn(&Interval) -> f64| all.iter().map(f).fold(f64::INFINITY, f64::min);
                Interval { min: ends(|i| i.min), max: ends(|i| i.max) }
            }
            Function::Max => {
                let ends = |f: fn(&Interval) -> f64| all.iter().map(f).fold(f64::NEG_INFINITY, f64::max);
                Interval { min: ends(|i| i.min), max: ends(|i| i.max) }
            }
            Function::Clamp => {
                let c = all[2];
                if b.max > c.min {
                    let message = format!("the least value of `clamp` may exceed the most: {} and {}", b.max, c.min);
                    return Err(self.fault(message).help("write clamp(x, least, most)"));
                }
                Interval { min: a.min.max(b.min).min(c.min), max: a.max.max(b.max).min(c.max) }
            }
            // Always between the two.
            Function::Lerp => a.union(b),
            Function::Curve => self.curve(a, &all)?,
            Function::Abs => match a.has(0.0) {
                true => Interval { min: 0.0, max: a.max.max(-a.min) },
                false => Interval::of([a.min.abs(), a.max.abs()]),
            },
            Function::Sqrt => {
                if a.min < 0.0 {
                    return Err(self.undefined("square root", "may be below 0", a, "sqrt(max(..., 0))"));
                }
                monotone(f64::sqrt)
            }
            Function::Exp => {
                let wide = monotone(libm::exp).wider();
                Interval { min: wide.min.max(0.0), max: wide.max }
            }
            Function::Log => {
                if a.min <= 0.0 {
                    return Err(self.undefined("logarithm", "may be 0 or less", a, "log(max(..., 0.001))"));
                }
                let ends = monotone(libm::log);
                // Near 1 the logarithm is near 0, and so is its error.
                Interval { min: ends.min - MARGIN, max: ends.max + MARGIN }.wider()
            }
            Function::Sin => wave(a, sine, 90.0),
            Function::Cos => wave(a, cosine, 0.0),
            Function::Floor => monotone(f64::floor),
            Function::Ceil => monotone(f64::ceil),
            Function::Round => monotone(f64::round),
            _ => a,
        })
    }

    fn undefined(&self, what: &str, why: &str, of: Interval, help: &str) -> Fault {
        let place = &self.terms[0];
        let message = format!("there is no {what} of this: it {why} (it goes from {} to {})", of.min, of.max);
        Fault::at(place.start, place.end, message).help(format!("write {help}"))
    }

    fn power(&self, base: Interval, exponent: Interval) -> Result<Interval, Fault> {
        let ends = [base.min, base.max].map(|b| [exponent.min, exponent.max].map(|e| libm::pow(b, e)));
        let corners = Interval::of(ends.into_iter().flatten());
        let whole = exponent.min == exponent.max && exponent.min == exponent.min.round() && exponent.min.abs() <= 1e9;
        if base.has(0.0) && exponent.min < 0.0 {
            let fault = Fault::at(self.terms[0].start, self.terms[0].end, "0 has no negative power, and this may be 0");
            return Err(fault.help("keep it away from 0: `max(..., 0.001)`"));
        }
        if base.min >= 0.0 {
            let wide = corners.wider();
            return Ok(Interval { min: wide.min.max(0.0), max: wide.max });
        }
        if !whole {
            return Err(self.undefined("power with a fraction", "may be below 0", base, "max(..., 0) ^ exponent"));
        }
        // Even powers have their least value at 0, all others are monotone on either side of it.
        let zero = base.has(0.0).then(|| libm::pow(0.0, exponent.min));
        Ok(zero.map_or(corners, |zero| corners.union(Interval { min: zero, max: zero })).wider())
    }

    fn curve(&self, x: Interval, all: &[Interval]) -> Result<Interval, Fault> {
        let points: Vec<(Interval, Interval)> = all[1..].chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        for (i, pair) in points.windows(2).enumerate() {
            let ((before, _), (next, _)) = (pair[0], pair[1]);
            if before.max >= next.min {
                let place = &self.terms[2 * i + 3];
                let fault = Fault::at(place.start, place.end, "the points of a curve go from left to right");
                return Err(fault.help(format!("this one has to be greater than {}", before.max)));
            }
        }
        // Where x is seen between known points, only what lies there counts.
        let known = points.iter().all(|(x, y)| x.min == x.max && y.min == y.max);
        if !known {
            return Ok(points.iter().fold(points[0].1, |hull, (_, y)| hull.union(*y)));
        }
        let at = |x: f64| curve(x, points.len(), |i| (points[i].0.min, points[i].1.min));
        let inside = points.iter().filter(|(knot, _)| x.has(knot.min)).map(|(_, y)| y.min);
        let hull = Interval::of(inside.chain([at(x.min), at(x.max)]));
        let (least, most) = points
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), (_, y)| (least.min(y.min), most.max(y.max)));
        // A straight line of rounded numbers wavers by an ulp.
        let slack = MARGIN * (most - least).abs().max(most.abs()).max(least.abs());
        Ok(Interval { min: (hull.min - slack).max(least), max: (hull.max + slack).min(most) })
    }
}

/// Of a sine or cosine of degrees, whose greatest value is at `peak`.
fn wave(x: Interval, f: fn(f64) -> f64, peak: f64) -> Interval {
    const WHOLE: Interval = Interval { min: -1.0, max: 1.0 };
    if x.max - x.min >= 360.0 || x.min.abs().max(x.max.abs()) > FARTHEST_ANGLE {
        return WHOLE;
    }
    // Slightly more than x: a peak that is missed by rounding would be missed by its whole height.
    let reaches = |at: f64| ((x.min - at - 1e-6) / 360.0).ceil() * 360.0 + at <= x.max + 1e-6;
    let ends = Interval::of([f(x.min), f(x.max)]);
    Interval {
        min: if reaches(peak + 180.0) { -1.0 } else { (ends.min - MARGIN).max(-1.0) },
        max: if reaches(peak) { 1.0 } else { (ends.max + MARGIN).min(1.0) },
    }
}
