//! How the space of scenes is covered.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::diagnostics::{Problem, Span, quoted};
use super::super::sampling::{Design, MOST_JOINT, Sampling};
use super::super::syntax::{Kind, Node};
use super::fields::{Fields, Form, Variants, variant};
use super::number::{Limits, whole};
use super::{Context, nearest};

const SAMPLING: Form = Form::noun("a sampling", &[], &["default", "paths", "joint"]);

pub(super) const NOUNS: &[&Form] = &[&SAMPLING];

const DESIGN: Variants = Variants {
    what: "a design such as Sobol",
    forms: &[
        &Form::variant("Random", &[], &[]),
        &Form::variant("Sobol", &[], &[]),
        &Form::variant("Halton", &[], &[]),
        &Form::variant("Stratified", &["count"], &[]),
    ],
};

pub(super) const VARIANTS: &[&Variants] = &[&DESIGN];

/// The most paths that have a design of their own, and the most lists of numbers that are spread together.
const MOST_PATHS: usize = 10_000;
const MOST_LISTS: usize = 1000;
const STRATA: Limits = Limits { whole: true, ..Limits::new(1.0, 1e9, "from 1 to 1000000000", true) };

/// What a recipe says of it. Whether its paths are those of values shows at the end.
#[derive(Debug, Default)]
pub(super) struct Said {
    default: Design,
    paths: BTreeMap<String, (Design, Span)>,
    joint: Vec<Vec<(String, Span)>>,
}

/// Decodes `sampling`, and notes the numbers that are to be spread together.
pub(super) fn sampling(cx: &mut Context, node: &Node) -> Option<Said> {
    if !matches!(&node.kind, Kind::Group(group) if group.name.is_none()) {
        return Some(Said { default: design(cx, node)?, ..Said::default() });
    }
    let fields = Fields::of_noun(cx, node, &SAMPLING)?;
    let default = fields.or(cx, "default", Design::Random, design);
    let paths = fields.or(cx, "paths", BTreeMap::new(), paths);
    let joint = fields.or(cx, "joint", Vec::new(), joint);
    for (path, _) in joint.iter().flatten().flatten() {
        cx.findings.joint.insert(path.clone(), false);
    }
    Some(Said { default: default?, paths: paths?, joint: joint? })
}

fn design(cx: &mut Context, node: &Node) -> Option<Design> {
    let (name, fields) = variant(cx, node, &DESIGN)?;
    Some(match name {
        "Random" => Design::Random,
        "Sobol" => Design::Sobol,
        "Halton" => Design::Halton,
        _ => Design::Stratified(fields.need(cx, "count", |cx, node| whole(cx, node, STRATA))?),
    })
}

fn paths(cx: &mut Context, node: &Node) -> Option<BTreeMap<String, (Design, Span)>> {
    if let Kind::Map(entries) = &node.kind
        && entries.len() > MOST_PATHS
    {
        let message = format!("{} paths have a design, and more than {MOST_PATHS} are not taken", entries.len());
        cx.push(Problem::at(node.span, message).help("name what holds them: \"objects.mugs\" is everything in it"));
        return None;
    }
    let (places, designs) = cx.named_as(node, "a path", Context::check_line, |cx, _, node| design(cx, node));
    let designs = designs?;
    Some(places.into_iter().filter_map(|(path, span)| Some((path.clone(), (*designs.get(&path)?, span)))).collect())
}

fn joint(cx: &mut Context, node: &Node) -> Option<Vec<Vec<(String, Span)>>> {
    const EXAMPLE: &str = "[[\"cameras.main.pose.azimuth\", \"lights.sun.azimuth\"]]";
    let Kind::List(lists) = &node.kind else {
        cx.wrong_type(node, "a list of lists", Some(format!("write {EXAMPLE}")));
        return None;
    };
    if lists.len() > MOST_LISTS {
        let message = format!("there are {} lists, and more than {MOST_LISTS} are not taken", lists.len());
        cx.push(Problem::at(node.span, message));
        return None;
    }
    let mut first: BTreeMap<String, Span> = BTreeMap::new();
    let mut good = true;
    let mut joint = Vec::with_capacity(lists.len());
    for list in lists {
        let Some(paths) = cx.texts(list, "a path", EXAMPLE) else {
            good = false;
            continue;
        };
        if paths.len() > MOST_JOINT {
            let message = format!("{} numbers in one list, and at most {MOST_JOINT} go together", paths.len());
            cx.push(Problem::at(list.span, message));
            good = false;
        }
        for (path, span) in &paths {
            if let Some(before) = first.insert(path.clone(), *span) {
                let message = format!("\"{}\" is in two lists", quoted(path));
                cx.push(Problem::at(*span, message).label(*span, "again here").label(before, "first here"));
                good = false;
            }
        }
        joint.push(paths);
    }
    good.then_some(joint)
}

/// When everything else is decoded: whether the paths are those of values that vary.
pub(super) fn finish(cx: &mut Context, said: Said) -> Option<Arc<Sampling>> {
    // Beside a mistake, what lies further inside may be missing for that reason alone.
    let whole = !cx.report.has_errors();
    let mut found = Vec::new();
    for (path, (_, span)) in &said.paths {
        found.extend(missing(cx, path, *span, whole));
    }
    let designs = said.paths.iter().map(|(path, (design, _))| (path.as_str(), *design));
    let lists: Vec<Vec<String>> =
        said.joint.iter().map(|list| list.iter().map(|(path, _)| path.clone()).collect()).collect();
    let sampling = Sampling::new(said.default, designs, lists.iter().map(Vec::as_slice));
    for list in &said.joint {
        let mut of_first: Option<(Design, Span)> = None;
        for (path, span) in list {
            if let Some(problem) = missing(cx, path, *span, whole) {
                found.push(problem);
                continue;
            }
            if cx.findings.joint.get(path) == Some(&false) {
                if whole {
                    let problem = Problem::at(*span, format!("\"{}\" is not one number", quoted(path)));
                    found.push(problem.help("name numbers: of a vector its \"x\", \"y\" and \"z\""));
                }
                continue;
            }
            let design = sampling.design_at(path);
            let (design_of_first, place) = *of_first.get_or_insert((design, *span));
            if !matches!(design, Design::Sobol | Design::Halton) {
                let message =
                    format!("\"{}\" is drawn by {}, which spreads nothing together", quoted(path), name(design));
                found.push(Problem::at(*span, message).help("write `default: Sobol`, or give its path a design"));
            } else if design != design_of_first {
                let message = format!("{} and {} do not go together", name(design), name(design_of_first));
                let problem = Problem::at(*span, message).label(*span, name(design));
                found.push(problem.label(place, name(design_of_first)).help("give both paths the same design"));
            }
        }
    }
    let good = found.is_empty();
    found.into_iter().for_each(|problem| cx.push(problem));
    good.then(|| Arc::new(sampling))
}

fn name(design: Design) -> &'static str {
    match design {
        Design::Random => "Random",
        Design::Sobol => "Sobol",
        Design::Halton => "Halton",
        Design::Stratified(_) => "Stratified",
    }
}

/// What is wrong with a path that leads to nothing that is drawn.
fn missing(cx: &Context, path: &str, span: Span, whole: bool) -> Option<Problem> {
    // Nothing of these varies.
    const PLAIN: [&str; 7] = ["version", "name", "image", "outputs", "labels", "categories", "sampling"];
    // Those are taken apart before anything is decoded.
    if cx.has_variants && path == "variants" {
        return None;
    }
    let mut parent = String::new();
    for (depth, name) in path.split('.').enumerate() {
        let here = if depth == 0 { name.to_owned() } else { format!("{parent}.{name}") };
        if depth == 0 && PLAIN.contains(&name) {
            return Some(Problem::at(span, format!("nothing under \"{}\" varies", quoted(name))));
        }
        if !cx.spans.contains_key(&here) {
            if depth > 1 && !whole {
                return None;
            }
            let start = if depth == 0 { String::new() } else { format!("{parent}.") };
            let below = cx.spans.range(start.clone()..).map_while(|(known, _)| known.strip_prefix(&start));
            let names = below.filter(|rest| !rest.contains('.') && !PLAIN.contains(rest));
            let problem = Problem::at(span, format!("there is no \"{}\" in this recipe", quoted(&here)));
            return Some(match nearest(name, names) {
                Some(near) => problem.help(format!("did you mean \"{}\"?", quoted(&format!("{start}{near}")))),
                None => problem.help("a path is made of names, from the outside in: \"cameras.main.pose.azimuth\""),
            });
        }
        parent = here;
    }
    None
}
