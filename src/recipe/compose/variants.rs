//! A recipe with variants is as many recipes: each is the whole with what the variant says over it.

use std::collections::BTreeSet;

use super::super::diagnostics::{Problem, Span};
use super::super::syntax::{Arg, Group, Kind, Node};
use super::merge;

/// More work than this is refused: each variant is a recipe, and is read as one. Bytes of text times variants.
const MOST_TEXT: usize = 32 << 20;

/// One variant, not yet understood.
#[derive(Debug)]
pub(in crate::recipe) struct Variant {
    /// Its name, and the place of it.
    pub(in crate::recipe) name: String,
    pub(in crate::recipe) place: Span,
    /// What was written for it.
    pub(in crate::recipe) written: Node,
    /// The recipe with this over it.
    pub(in crate::recipe) root: Node,
}

/// Takes `variants` out of a recipe. `size` is the length of its text. Empty where it has none; those that are written wrong are
/// left for `decode` to tell.
pub(in crate::recipe) fn split(root: &mut Node, size: usize, problems: &mut Vec<Problem>) -> Vec<Variant> {
    let Kind::Group(group) = &mut root.kind else { return Vec::new() };
    let Some(args) = group.args.as_mut().filter(|_| group.name.is_none()) else { return Vec::new() };
    let is_variants = |arg: &Arg| arg.name.as_ref().is_some_and(|name| name.text == "variants");
    let all: Vec<&Arg> = args.iter().filter(|arg| is_variants(arg)).collect();
    let [Arg { value, .. }] = all[..] else { return Vec::new() };
    let Kind::Map(entries) = &value.kind else { return Vec::new() };
    let names: Vec<&str> = entries
        .iter()
        .filter_map(|(key, _)| if let Kind::Text(name) = &key.kind { Some(name.as_str()) } else { None })
        .collect();
    let different = names.iter().collect::<BTreeSet<_>>().len();
    if different != entries.len() || entries.is_empty() {
        return Vec::new();
    }
    if entries.len().saturating_mul(size) > MOST_TEXT {
        problems
            .push(Problem::at(value.span, "these are more variants than can be read").help("leave out some of them"));
        return Vec::new();
    }
    let entries = entries.clone();
    args.retain(|arg| !is_variants(arg));
    let mut variants = Vec::new();
    for (key, written) in entries {
        let Kind::Text(name) = &key.kind else { continue };
        let over = match &written.kind {
            Kind::Group(group) if group.name.is_none() => {
                let args = group.args.iter().flatten();
                let args = args.filter(|arg| arg.name.as_ref().is_some_and(|name| name.text != "weight")).cloned();
                let group = Group { name: None, args: Some(args.collect()), damaged: group.damaged };
                Node { span: root.span, kind: Kind::Group(Box::new(group)) }
            }
            // Told by `decode`.
            _ => Node {
                span: root.span,
                kind: Kind::Group(Box::new(Group { name: None, args: Some(Vec::new()), damaged: false })),
            },
        };
        let merged = merge::merge(root.clone(), over, true, problems);
        variants.push(Variant { name: name.clone(), place: key.span, written, root: merged });
    }
    variants.sort_by(|a, b| a.name.cmp(&b.name));
    variants
}

/// The names under a field of any of these recipes, such as `objects`.
pub(in crate::recipe) fn names(variants: &[Variant], field: &str) -> BTreeSet<String> {
    let args = variants.iter().filter_map(|variant| match &variant.root.kind {
        Kind::Group(group) => group.args.as_ref(),
        _ => None,
    });
    let is_it = |arg: &&Arg| arg.name.as_ref().is_some_and(|name| name.text == field);
    let maps = args.flatten().filter(is_it).filter_map(|arg| match &arg.value.kind {
        Kind::Map(entries) => Some(entries),
        _ => None,
    });
    let name = |(key, _): &(Node, Node)| match &key.kind {
        Kind::Text(name) => Some(name.clone()),
        _ => None,
    };
    maps.flatten().filter_map(name).collect()
}
