//! One tree over another: maps and structs by name, everything else as a whole.

use std::collections::{BTreeMap, BTreeSet};

use super::super::decode::nearest;
use super::super::diagnostics::{Problem, quoted};
use super::super::syntax::{Arg, Kind, Node};
use super::materials::extends;

/// The word that takes something away from what is extended.
const REMOVE: &str = "Remove";

/// What a thing in a tree is merged by.
enum Shape {
    /// `{ "name": value }`
    Map,
    /// `(name: value)`
    Struct,
    Other,
}

fn shape(node: &Node) -> Shape {
    match &node.kind {
        Kind::Map(_) => Shape::Map,
        Kind::Group(group) if group.name.is_none() => match &group.args {
            Some(args) if args.iter().all(|arg| arg.name.is_some()) => Shape::Struct,
            _ => Shape::Other,
        },
        _ => Shape::Other,
    }
}

fn removes(node: &Node) -> bool {
    matches!(&node.kind, Kind::Group(group) if group.name.as_ref().is_some_and(|name| name.text == REMOVE)
        && group.args.as_ref().is_none_or(Vec::is_empty))
}

/// `base` with what `over` says. With `report`, a `Remove` that removes nothing is a problem, but in `variants` and in what extends something by
/// name: those are merged again.
pub(super) fn merge(base: Node, over: Node, report: bool, problems: &mut Vec<Problem>) -> Node {
    match (shape(&base), shape(&over)) {
        (Shape::Map, Shape::Map) => {
            let (Kind::Map(base), Kind::Map(entries)) = (base.kind, over.kind) else {
                return Node { span: over.span, kind: Kind::Bad };
            };
            let name = |key: &Node| match &key.kind {
                Kind::Text(name) => Some(name.clone()),
                _ => None,
            };
            let base = base.into_iter().map(|(key, value)| (name(&key), key, value)).collect();
            let over_entries = entries.into_iter().map(|(key, value)| (name(&key), key, value)).collect();
            let merged = by_name(base, over_entries, report, problems);
            Node { span: over.span, kind: Kind::Map(merged) }
        }
        (Shape::Struct, Shape::Struct) => {
            let (Kind::Group(base), Kind::Group(mut group)) = (base.kind, over.kind) else {
                return Node { span: over.span, kind: Kind::Bad };
            };
            let keyed = |args: Option<Vec<Arg>>| {
                args.into_iter()
                    .flatten()
                    .map(|Arg { name, value }| (name.as_ref().map(|name| name.text.clone()), name, value))
                    .collect()
            };
            let again = [&base.args, &group.args].into_iter().flatten().any(|args| extends(args));
            let report = report && !again;
            let damaged = base.damaged;
            let merged = by_name(keyed(base.args), keyed(group.args.take()), report, problems);
            group.args = Some(merged.into_iter().map(|(name, value)| Arg { name, value }).collect());
            group.damaged |= damaged;
            Node { span: over.span, kind: Kind::Group(group) }
        }
        _ => {
            let mut over = over;
            if report {
                nothing_to_remove(&mut over, problems);
            }
            over
        }
    }
}

type Keyed<K> = Vec<(Option<String>, K, Node)>;

fn by_name<K>(base: Keyed<K>, over: Keyed<K>, report: bool, problems: &mut Vec<Problem>) -> Vec<(K, Node)> {
    let names: Vec<String> = base.iter().filter_map(|(name, ..)| name.clone()).collect();
    let mut merged: Vec<Option<(K, Node)>> = Vec::with_capacity(base.len() + over.len());
    let mut place: BTreeMap<String, usize> = BTreeMap::new();
    for (name, key, value) in base {
        if let Some(name) = name {
            place.entry(name).or_insert(merged.len());
        }
        merged.push(Some((key, value)));
    }
    let mut seen = BTreeSet::new();
    for (name, key, mut value) in over {
        // Given twice: both stay, and are told later.
        let again = name.as_ref().is_some_and(|name| !seen.insert(name.clone()));
        let below = name.as_ref().filter(|_| !again).and_then(|name| place.get(name)).copied();
        let report = report && name.as_deref() != Some("variants");
        match below {
            Some(at) if removes(&value) => merged[at] = None,
            Some(at) => {
                let before = merged[at].take();
                merged[at] = match before {
                    // The key stays where it was defined last: here.
                    Some((_, before)) => Some((key, merge(before, value, report, problems))),
                    None => Some((key, value)),
                };
            }
            None if report && removes(&value) => {
                let shown = quoted(name.as_deref().unwrap_or_default());
                let problem = Problem::at(value.span, format!("there is no \"{shown}\" to remove"));
                problems.push(match nearest(&shown, names.iter().map(String::as_str)) {
                    Some(near) => problem.help(format!("did you mean \"{near}\"?")),
                    None => problem.help("`Remove` takes away what the recipe that is extended has"),
                });
            }
            None => {
                if report {
                    nothing_to_remove(&mut value, problems);
                }
                merged.push(Some((key, value)));
            }
        }
    }
    merged.into_iter().flatten().collect()
}

/// Reports and takes away every `Remove` in what is new.
fn nothing_to_remove(node: &mut Node, problems: &mut Vec<Problem>) {
    let keep = |value: &mut Node, problems: &mut Vec<Problem>| {
        if removes(value) {
            let problem = Problem::at(value.span, "there is nothing to remove here");
            problems.push(problem.help("`Remove` takes away what the recipe that is extended has"));
            return false;
        }
        nothing_to_remove(value, problems);
        true
    };
    match &mut node.kind {
        Kind::Map(entries) => entries.retain_mut(|(_, value)| keep(value, problems)),
        Kind::Group(group) if group.name.is_none() => {
            if let Some(args) = group.args.as_mut().filter(|args| !extends(args)) {
                args.retain_mut(|arg| {
                    // Variants are merged later.
                    arg.name.is_none()
                        || arg.name.as_ref().is_some_and(|name| name.text == "variants")
                        || keep(&mut arg.value, problems)
                });
            }
        }
        _ => {}
    }
}
