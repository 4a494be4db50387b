//! Materials that extend others: each becomes the other one with what it says over it.

use std::collections::BTreeMap;

use super::super::diagnostics::{Problem, Span, quoted};
use super::super::syntax::{Arg, Kind, Node};
use super::merge;

/// The field that names what is extended.
const EXTENDS: &str = "extends";

/// The most nodes of trees that are copied for this: some MB.
const MOST_NODES: usize = 200_000;

/// The name after `extends`, and its place.
fn base(material: &Node) -> Option<(&str, Span)> {
    let Kind::Group(group) = &material.kind else { return None };
    let is_it = |arg: &&Arg| arg.name.as_ref().is_some_and(|name| name.text == EXTENDS);
    let arg = group.args.iter().flatten().find(is_it).filter(|_| group.name.is_none())?;
    match &arg.value.kind {
        Kind::Text(name) => Some((name, arg.value.span)),
        _ => None,
    }
}

/// Works out every `extends` of the materials of a recipe. Names that there are none of, and values that are no names, are left for `decode` and
/// `check` to tell.
pub(in crate::recipe) fn inherit(root: &mut Node, problems: &mut Vec<Problem>) {
    let Kind::Group(group) = &mut root.kind else { return };
    let is_materials = |arg: &&mut Arg| arg.name.as_ref().is_some_and(|name| name.text == "materials");
    let Some(Arg { value, .. }) = group.args.iter_mut().flatten().find(is_materials) else { return };
    let Kind::Map(entries) = &mut value.kind else { return };
    if !entries.iter().any(|(_, material)| base(material).is_some()) {
        return;
    }
    let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
    for (at, (key, _)) in entries.iter().enumerate() {
        if let Kind::Text(name) = &key.kind {
            by_name.entry(name.clone()).or_insert(at);
        }
    }
    let mut copied = 0;
    let mut done = vec![false; entries.len()];
    for start in 0..entries.len() {
        // From one to the next below it, and back.
        let mut walk: Vec<usize> = Vec::new();
        let mut on_walk: BTreeMap<usize, usize> = BTreeMap::new();
        let mut at = Some(start);
        while let Some(here) = at.filter(|&at| !done[at]) {
            if let Some(&first) = on_walk.get(&here) {
                problems.push(circle(entries, &walk[first..]));
                walk.iter().for_each(|&member| done[member] = true);
                walk.clear();
                break;
            }
            on_walk.insert(here, walk.len());
            walk.push(here);
            at = base(&entries[here].1).and_then(|(name, _)| by_name.get(name)).copied();
        }
        for here in walk.into_iter().rev() {
            done[here] = true;
            let Some((name, span)) = base(&entries[here].1) else { continue };
            let Some(mut below) = by_name.get(name).map(|&below| entries[below].1.clone()) else { continue };
            copied += nodes(&below);
            if copied > MOST_NODES {
                let message = "materials of this recipe extend each other to more than can be read";
                problems.push(Problem::at(span, message).help("write fewer, or let them extend smaller ones"));
                return;
            }
            take(&mut below);
            let mut over = std::mem::replace(&mut entries[here].1, Node { span, kind: Kind::Bad });
            let own = take(&mut over);
            let mut merged = merge::merge(below, over, true, problems);
            if let Kind::Group(group) = &mut merged.kind {
                // `decode` and `check` look at the name.
                group.args.get_or_insert_default().extend(own);
            }
            entries[here].1 = merged;
        }
    }
}

fn circle(entries: &[(Node, Node)], members: &[usize]) -> Problem {
    const MOST_SHOWN: usize = 8;
    let named = |&at: &usize| match &entries[at].0.kind {
        Kind::Text(name) => format!("\"{}\"", quoted(name)),
        _ => String::new(),
    };
    let place = |&at: &usize| base(&entries[at].1).map_or(entries[at].0.span, |(_, span)| span);
    let first = members.first().map(place).unwrap_or_default();
    if let [alone] = members {
        return Problem::at(first, format!("{} extends itself", named(alone))).help("name another material");
    }
    let names: Vec<String> = members.iter().chain(members.first()).take(MOST_SHOWN).map(named).collect();
    let message = format!("these materials extend each other in a circle: {}", names.join(" extends "));
    members
        .iter()
        .skip(1)
        .take(MOST_SHOWN)
        .fold(Problem::at(first, message).label(first, ""), |problem, at| problem.label(place(at), ""))
}

/// Takes the field out of a material.
fn take(material: &mut Node) -> Option<Arg> {
    let Kind::Group(group) = &mut material.kind else { return None };
    let args = group.args.as_mut()?;
    let place = args.iter().position(|arg| arg.name.as_ref().is_some_and(|name| name.text == EXTENDS))?;
    Some(args.remove(place))
}

/// How many nodes a tree has.
fn nodes(node: &Node) -> usize {
    1 + match &node.kind {
        Kind::List(items) => items.iter().map(nodes).sum(),
        Kind::Map(entries) => entries.iter().map(|(_, value)| 1 + nodes(value)).sum(),
        Kind::Group(group) => group.args.iter().flatten().map(|arg| nodes(&arg.value)).sum(),
        _ => 0,
    }
}

/// Whether a struct says more than what is written in it: what it removes is known later.
pub(super) fn extends(args: &[Arg]) -> bool {
    args.iter().any(|arg| arg.name.as_ref().is_some_and(|name| name.text == EXTENDS))
}
