//! Named parameters, what is computed from them, and what they choose.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::diagnostics::{Problem, Span, quoted};
use super::super::dist::Match;
use super::super::expression::{self, Expression, Fault, Interval, Support};
use super::super::syntax::{Group, Kind, Node};
use super::super::{Number, ParameterRecipe, Scalar, Varied};
use super::Context;
use super::dist::varied_text;
use super::fields::{Fields, Form};
use super::number::{Limits, scalar, support};

pub(super) const PARAM: Form = Form::variant("Param", &["name"], &[]);
pub(super) const EXPR: Form = Form::variant("Expr", &["expression"], &[]);
pub(super) const MATCH: Form = Form::variant("Match", &["parameter", "cases"], &["otherwise"]);

/// The parameter that says which variant of the recipe a scene is of.
pub(in crate::recipe) const VARIANT: &str = "variant";

/// More parameters than this are refused: each one is drawn for each scene.
const MOST_PARAMETERS: usize = 1000;

/// So many standard deviations from its mean ends a `Normal` that is a parameter and says no end: beyond lies one draw of 1e23,
/// and what is computed from it has to have a range.
const NORMAL_ENDS: f64 = 10.0;

/// Decodes the map of parameters. In the order in which they can be drawn: what is used stands before what uses it.
pub(super) fn parameters(cx: &mut Context, node: &Node) -> Option<Vec<(String, ParameterRecipe)>> {
    let Kind::Map(entries) = &node.kind else {
        let help = "write { \"elevation\": Uniform(5, 70), \"weather\": Choice([\"sunny\", \"rain\"]) }";
        cx.wrong_type(node, "names and values in `{ }`", Some(help.into()));
        return None;
    };
    if entries.len() > MOST_PARAMETERS {
        cx.push(Problem::at(node.span, format!("a recipe has at most {MOST_PARAMETERS} parameters")));
        return None;
    }
    for (key, _) in entries {
        if let Kind::Text(name) = &key.kind {
            cx.parameters.insert(name.clone(), Support::Unknown);
        }
    }
    let (order, circles) = order(entries);
    for circle in &circles {
        report_circle(cx, circle);
    }
    // In an order in which each finds what it uses; reports are sorted by place later.
    let sorted = Node { span: node.span, kind: Kind::Map(order.iter().map(|&i| entries[i].clone()).collect()) };
    let (_, values) = cx.named_as(&sorted, "a parameter", check_name, parameter);
    let mut values = values?;
    if !circles.is_empty() {
        return None;
    }
    let names = order.iter().filter_map(|&i| match &entries[i].0.kind {
        Kind::Text(name) => values.remove_entry(name.as_str()),
        _ => None,
    });
    Some(names.collect())
}

fn check_name(cx: &mut Context, name: &str, span: Span, what: &str) -> bool {
    if !cx.check_name(name, span, what) {
        return false;
    }
    let problem = if name == VARIANT && cx.has_variants {
        Problem::at(span, "`variant` says which of the `variants` a scene is of")
            .help("give this parameter another name")
    } else if name.contains('-') || name.starts_with(|c: char| c.is_ascii_digit()) {
        Problem::at(span, format!("\"{}\" cannot be the name of a parameter", quoted(name)))
            .help("it stands in expressions: use letters, digits and `_`, and begin with a letter")
    } else {
        return true;
    };
    cx.push(problem);
    false
}

fn parameter(cx: &mut Context, name: &str, node: &Node) -> Option<ParameterRecipe> {
    if is_text(node) {
        let mut names = BTreeSet::new();
        let found = std::cell::RefCell::new(&mut names);
        let text = varied_text(cx, node, "a name", &|_, text, _| {
            found.borrow_mut().insert(text.to_owned());
        })?;
        if let Some(wrong) = names.iter().find(|name| name.contains('\'') || name.chars().any(char::is_control)) {
            let problem = Problem::at(node.span, format!("\"{}\" cannot be the value of a parameter", quoted(wrong)));
            cx.push(problem.help("in expressions it stands in single quotes: leave them out of it"));
            return None;
        }
        cx.parameters.insert(name.to_owned(), Support::Names(names));
        return Some(ParameterRecipe::Name(text));
    }
    let mut number = scalar(cx, node, Limits::ANY)?;
    end_normals(&mut number);
    let (min, max) = support(&number);
    cx.parameters.insert(name.to_owned(), Support::Number(Interval { min, max }));
    Some(ParameterRecipe::Number(number))
}

/// Whether a value is a text, or a choice whose first option is one.
fn is_text(node: &Node) -> bool {
    let mut node = node;
    loop {
        let Kind::Group(group) = &node.kind else { return matches!(node.kind, Kind::Text(_)) };
        let args = group.args.as_deref().unwrap_or_default();
        let argument = |name: &str, position: usize| {
            let named = args.iter().find(|arg| arg.name.as_ref().is_some_and(|given| given.text == name));
            named.or_else(|| args.get(position).filter(|arg| arg.name.is_none())).map(|arg| &arg.value)
        };
        let next = match group.name.as_ref().map(|name| name.text.as_str()) {
            Some("Choice" | "Weighted") => argument("options", 0).and_then(|list| match &list.kind {
                Kind::List(items) => items.first(),
                _ => None,
            }),
            Some("Match") => argument("cases", 1).and_then(|cases| match &cases.kind {
                Kind::Map(entries) => entries.first().map(|(_, value)| value),
                _ => None,
            }),
            // The pairs of `Weighted`.
            None => match args {
                [_, value] => Some(&value.value),
                _ => None,
            },
            _ => None,
        };
        match next {
            Some(next) => node = next,
            None => return false,
        }
    }
}

fn end_normals(scalar: &mut Scalar) {
    match scalar {
        Varied::One(Number::Normal { mean, std, min, max }) => {
            *min = min.max(*mean - NORMAL_ENDS * *std);
            *max = max.min(*mean + NORMAL_ENDS * *std);
        }
        Varied::One(Number::LogNormal { median, sigma, max, .. }) => {
            *max = max.min(*median * libm::exp(NORMAL_ENDS * *sigma));
        }
        // One in 1e21.
        Varied::One(Number::Exponential { mean, max, .. }) => *max = max.min(50.0 * *mean),
        Varied::One(Number::Poisson { mean, max, .. }) => {
            *max = max.min((*mean + NORMAL_ENDS * mean.sqrt() + 50.0).floor());
        }
        Varied::One(_) => {}
        Varied::Choice(options) => options.iter_mut().for_each(end_normals),
        Varied::Weighted(options) => options.iter_mut().for_each(|(_, option)| end_normals(option)),
        Varied::Match(choice) => choice.cases.values_mut().chain(&mut choice.otherwise).for_each(end_normals),
    }
}

/// The parameters that a value uses.
fn uses(node: &Node, into: &mut BTreeSet<String>) {
    match &node.kind {
        Kind::List(items) => items.iter().for_each(|item| uses(item, into)),
        Kind::Map(entries) => entries.iter().for_each(|(_, value)| uses(value, into)),
        Kind::Group(group) => {
            let args = group.args.as_deref().unwrap_or_default();
            let word = group.name.as_ref().map_or("", |name| name.text.as_str());
            for (i, arg) in args.iter().enumerate() {
                match &arg.value.kind {
                    Kind::Text(text) if word == "Expr" => into.extend(expression::uses(text)),
                    Kind::Text(text) if word == "Param" || (word == "Match" && i == 0) => {
                        into.insert(text.clone());
                    }
                    _ => uses(&arg.value, into),
                }
            }
        }
        _ => {}
    }
}

/// The order of drawing, and the circles of parameters that use each other. Members of circles come last.
fn order(entries: &[(Node, Node)]) -> (Vec<usize>, Vec<Vec<(String, Span)>>) {
    let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
    for (i, (key, _)) in entries.iter().enumerate() {
        if let Kind::Text(name) = &key.kind {
            by_name.entry(name).or_insert(i);
        }
    }
    let mut waits_for: Vec<BTreeSet<usize>> = Vec::new();
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); entries.len()];
    for (i, (_, value)) in entries.iter().enumerate() {
        let mut names = BTreeSet::new();
        uses(value, &mut names);
        let used: BTreeSet<usize> = names.iter().filter_map(|name| by_name.get(name.as_str()).copied()).collect();
        used.iter().for_each(|&other| users[other].push(i));
        waits_for.push(used);
    }
    // By name, so that the order of the file does not matter.
    let name = |i: usize| match &entries[i].0.kind {
        Kind::Text(name) => name.as_str(),
        _ => "",
    };
    let mut ready: BTreeSet<(&str, usize)> =
        (0..entries.len()).filter(|&i| waits_for[i].is_empty()).map(|i| (name(i), i)).collect();
    let mut order = Vec::with_capacity(entries.len());
    while let Some((_, i)) = ready.pop_first() {
        order.push(i);
        for &user in &users[i] {
            waits_for[user].remove(&i);
            if waits_for[user].is_empty() {
                ready.insert((name(user), user));
            }
        }
    }
    let mut left: BTreeSet<usize> = (0..entries.len()).filter(|&i| !waits_for[i].is_empty()).collect();
    let mut circles = Vec::new();
    while let Some(&start) = left.first() {
        let mut walk: Vec<usize> = Vec::new();
        let mut at = Some(start);
        while let Some(i) = at.filter(|&i| left.remove(&i)) {
            walk.push(i);
            at = waits_for[i].first().copied();
        }
        if let Some(first) = at.and_then(|i| walk.iter().position(|&member| member == i)) {
            circles.push(walk[first..].iter().map(|&i| (name(i).to_owned(), entries[i].0.span)).collect());
        }
        order.extend(walk);
    }
    (order, circles)
}

fn report_circle(cx: &mut Context, members: &[(String, Span)]) {
    const MOST_SHOWN: usize = 8;
    let Some((first, place)) = members.first() else { return };
    if members.len() == 1 {
        cx.push(Problem::at(*place, format!("the parameter \"{}\" uses itself", quoted(first))));
        return;
    }
    let names: Vec<String> =
        members.iter().chain(members.first()).map(|(name, _)| format!("\"{}\"", quoted(name))).collect();
    let shown = names[..names.len().min(MOST_SHOWN)].join(" uses ");
    let mut problem = Problem::at(*place, format!("these parameters use each other in a circle: {shown}"));
    for (_, span) in members.iter().take(MOST_SHOWN) {
        problem = problem.label(*span, "");
    }
    cx.push(problem);
}

/// `Param("x")` or `Expr("2 * x")`.
pub(super) fn number(cx: &mut Context, word: &str, fields: &Fields<'_>, limits: Limits) -> Option<Number> {
    let field = cx.field().to_owned();
    let node = fields.get(if word == "Param" { "name" } else { "expression" })?;
    let text = cx.text(node, if word == "Param" { "the name of a parameter" } else { "an expression in quotes" })?;
    let expression = match word {
        "Param" => Expression::parameter(text, &cx.parameters),
        _ => Expression::number(text, &cx.parameters),
    };
    let expression = read(cx, node, text, expression)?;
    let Interval { min, max } = expression.interval();
    // Intervals are a little too wide where rounding comes in.
    let slack = 1e-9 * (max - min).max(max.abs()).max(min.abs());
    let largest = super::number::LARGEST;
    let (least, most) = (limits.min.max(-largest), limits.max.min(largest));
    if min < least - slack || max > most + slack {
        let must = if least > -largest || most < largest { limits.text } else { "from -1e9 to 1e9" };
        let message = format!("`{field}` must be {must}, and this goes from {min} to {max}");
        let help = match (least > -largest, most < largest) {
            (true, false) => format!("write Expr(\"max({text}, {least})\")"),
            (false, true) => format!("write Expr(\"min({text}, {most})\")"),
            _ => format!("write Expr(\"clamp({text}, {least}, {most})\")"),
        };
        let help = if text.len() < 80 { help } else { help.replace(text, "...") };
        cx.push(Problem::at(node.span, message).help(help));
        return None;
    }
    Some(Number::Expression { expression: Arc::new(expression), min: least, max: most })
}

/// `"weather == 'rain'"` or `Expr("weather == 'rain'")`: when a part is there.
pub(super) fn condition(cx: &mut Context, node: &Node) -> Option<Arc<Expression>> {
    let (condition, _, span) = statement(cx, node)?;
    let Interval { min, max } = condition.interval();
    if min == max {
        let message = if max == 0.0 { "this is never so, and never there" } else { "this is always so" };
        let help = if max == 0.0 { "remove the part" } else { "remove `when`" };
        cx.push(Problem::at(span, message).help(help).warning());
    }
    Some(condition)
}

/// The same, with its text and the place of it, whether it can vary or not.
pub(super) fn statement(cx: &mut Context, node: &Node) -> Option<(Arc<Expression>, String, Span)> {
    let inner = match &node.kind {
        Kind::Group(group) if group.name.as_ref().is_some_and(|name| name.text == EXPR.name) => {
            Fields::read(cx, group, node.span, &EXPR).get("expression")?
        }
        _ => node,
    };
    let text = cx.text(inner, "a condition such as \"weather == 'rain'\"")?;
    let read_as = Expression::condition(text, &cx.parameters);
    let condition = read(cx, inner, text, read_as)?;
    Some((Arc::new(condition), text.to_owned(), inner.span))
}

/// Reports what is wrong with an expression at its place within the text.
fn read(cx: &mut Context, node: &Node, text: &str, outcome: Result<Expression, Option<Fault>>) -> Option<Expression> {
    let fault = match outcome {
        Ok(expression) => return Some(expression),
        Err(fault) => fault?,
    };
    // A text with escapes is longer in the file than it is: then its whole has to do.
    let plain = node.span.end - node.span.start == text.len() + 2;
    let span = match plain {
        true => Span::new(node.span.start + 1 + fault.start, node.span.start + 1 + fault.end),
        false => node.span,
    };
    let problem = Problem::at(span, fault.message);
    cx.push(match fault.help {
        Some(help) => problem.help(help),
        None => problem,
    });
    None
}

/// `Match("weather", { "sunny": a, "rain": b }, [otherwise])`
pub(super) fn matched<T>(
    cx: &mut Context,
    group: &Group,
    node: &Node,
    one: &dyn Fn(&mut Context, &Node) -> Option<T>,
) -> Option<Match<T>> {
    let fields = Fields::read(cx, group, node.span, &MATCH);
    let known = fields.get("parameter").and_then(|node| known_names(cx, node));
    let cases = fields.get("cases").and_then(|node| {
        // Names of cases are values of the parameter, any texts.
        let (places, values) =
            cx.named_as(node, "a case", |_, _, _, _| true, |cx, _, node| super::dist::varied(cx, node, one));
        if !matches!(node.kind, Kind::Map(_)) {
            return None;
        }
        Some((node.span, places, values))
    });
    let otherwise = match fields.get("otherwise") {
        Some(node) => super::dist::varied(cx, node, one).map(Some),
        None => Some(None),
    };
    let ((parameter, known), (place, places, values)) = (known?, cases?);
    let mut good = true;
    for (name, place) in places.iter().filter(|(name, _)| !known.contains(name.as_str())) {
        let message = format!("the parameter \"{parameter}\" is never \"{}\"", quoted(name));
        let listed: Vec<String> = known.iter().take(12).map(|name| format!("\"{}\"", quoted(name))).collect();
        let help = match super::nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean \"{}\"?", quoted(near)),
            None => format!("it is one of {}", listed.join(", ")),
        };
        cx.push(Problem::at(*place, message).help(help));
        good = false;
    }
    let missing: Vec<String> = known
        .iter()
        .filter(|name| !places.contains_key(*name))
        .take(12)
        .map(|name| format!("\"{}\"", quoted(name)))
        .collect();
    if good && !missing.is_empty() && fields.get("otherwise").is_none() {
        let message = format!("nothing is said for {}", missing.join(", "));
        cx.push(
            Problem::at(place, message).label(fields.head, "").help("add it, or a value for all others behind the `}`"),
        );
        good = false;
    }
    let (cases, otherwise) = (values?, otherwise?);
    good.then_some(Match { parameter, cases, otherwise })
}

/// The name of a parameter whose value is a name, and its values.
fn known_names(cx: &mut Context, node: &Node) -> Option<(String, BTreeSet<String>)> {
    let name = cx.text(node, "the name of a parameter")?;
    let problem = match cx.parameters.get(name) {
        Some(Support::Names(names)) => return Some((name.to_owned(), names.clone())),
        Some(Support::Unknown) => return None,
        Some(Support::Number(_)) => {
            Problem::at(node.span, format!("the parameter \"{}\" is a number, and has no cases", quoted(name)))
                .help("write Expr(\"if(condition, number, number)\")")
        }
        None => {
            let problem = Problem::at(node.span, format!("there is no parameter \"{}\"", quoted(name)));
            match super::nearest(name, cx.parameters.keys().map(String::as_str)) {
                Some(near) => problem.help(format!("did you mean \"{near}\"?")),
                None => problem.help("define it in `parameters`: \"weather\": Choice([\"sunny\", \"rain\"])"),
            }
        }
    };
    cx.push(problem);
    None
}
