//! `--set objects.mugs.count=5`: one value of the tree, by its path of names.

use super::super::decode::{self, describe, nearest};
use super::super::diagnostics::{Problem, Span, quoted};
use super::super::syntax::{self, Arg, Group, Kind, Name, Node};
use super::{INCLUDED, shift, shifted};

/// Longer paths lead nowhere.
const LONGEST: usize = 64;

/// Sets what `assignment` says, which begins at `start` in the space of places.
pub(super) fn apply(root: &mut Node, assignment: &str, start: usize, problems: &mut Vec<Problem>) {
    let whole = Span::new(start, start + assignment.len());
    let Some((path, value)) = assignment.split_once('=') else {
        let problem = Problem::at(whole, "expected a path of names, `=`, and a value");
        problems.push(problem.help("write --set objects.mugs.count=5"));
        return;
    };
    let mut at = start;
    let mut names = Vec::new();
    for part in path.split('.') {
        names.push((part.trim(), Span::new(at, at + part.len())));
        at += part.len() + 1;
    }
    if names.len() > LONGEST || names.iter().any(|(name, _)| name.is_empty()) {
        let problem = Problem::at(Span::new(start, start + path.len()), "this is not a path of names");
        problems.push(problem.help("write --set objects.mugs.count=5"));
        return;
    }
    if let [(name @ ("include" | "extends"), span), ..] = names[..] {
        let problem = Problem::at(span, "`include` and `extends` cannot be set: files are read before");
        problems.push(problem.help(format!("write a recipe that has `{name}: ...`")));
        return;
    }
    if value.trim().is_empty() {
        let problem = Problem::at(whole, "there is no value after `=`");
        problems.push(
            problem.help("write --set objects.mugs.count=5; a text has quotes of its own: --set 'name=\"mugs\"'"),
        );
        return;
    }
    let mut parsed = syntax::parse(value);
    let offset = start + path.len() + 1;
    shift(&mut parsed.root, offset);
    let good = parsed.problems.is_empty();
    problems.extend(parsed.problems.into_iter().map(|mut problem| {
        problem.labels.iter_mut().for_each(|label| label.span = shifted(label.span, offset));
        problem
    }));
    if good && let Err(problem) = put(root, &names, parsed.root, "") {
        problems.push(*problem);
    }
}

fn put(node: &mut Node, path: &[(&str, Span)], value: Node, walked: &str) -> Result<(), Box<Problem>> {
    let Some((&(name, span), rest)) = path.split_first() else {
        *node = value;
        return Ok(());
    };
    let further = if walked.is_empty() { name.to_owned() } else { format!("{walked}.{name}") };
    let found = describe(node);
    let absent = |known: Vec<String>| {
        let place = if walked.is_empty() { "the recipe".to_owned() } else { format!("`{}`", quoted(walked)) };
        let problem = Problem::at(span, format!("there is no \"{}\" in {place}", quoted(name)));
        let listed: Vec<String> = known.iter().take(12).map(|name| format!("\"{}\"", quoted(name))).collect();
        Box::new(match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => problem.help(format!("did you mean \"{near}\"?")),
            None if listed.is_empty() => {
                problem.help("there is nothing in it; a recipe that `extends` this one can add to it")
            }
            None => problem.help(format!("it has {}", listed.join(", "))),
        })
    };
    match &mut node.kind {
        Kind::Map(entries) => {
            let is_it = |(key, _): &(Node, Node)| matches!(&key.kind, Kind::Text(text) if text == name);
            match entries.iter().position(is_it) {
                Some(at) => put(&mut entries[at].1, rest, value, &further),
                None => Err(absent(
                    entries
                        .iter()
                        .filter_map(|(key, _)| if let Kind::Text(text) = &key.kind { Some(text.clone()) } else { None })
                        .collect(),
                )),
            }
        }
        Kind::List(items) => {
            let count = items.len();
            match name.parse::<usize>().ok().and_then(|at| items.get_mut(at)) {
                Some(item) => put(item, rest, value, &further),
                None => Err(Box::new(
                    Problem::at(span, format!("this list has no item \"{}\"", quoted(name)))
                        .help(format!("its {count} items are numbered from 0")),
                )),
            }
        }
        Kind::Group(group) => put_in_group(group, path, value, &further, span, walked.is_empty(), absent),
        Kind::Bad => Ok(()),
        _ => {
            let message = format!("`{}` is {found}, and has no `{}`", quoted(walked), quoted(name));
            Err(Box::new(Problem::at(span, message).help(format!("to replace it, write --set {}=...", quoted(walked)))))
        }
    }
}

fn put_in_group(
    group: &mut Group,
    path: &[(&str, Span)],
    value: Node,
    further: &str,
    span: Span,
    is_recipe: bool,
    absent: impl Fn(Vec<String>) -> Box<Problem>,
) -> Result<(), Box<Problem>> {
    let Some((&(name, _), rest)) = path.split_first() else { return Ok(()) };
    let word = group.name.as_ref().map_or("", |name| name.text.as_str()).to_owned();
    let args = group.args.get_or_insert_with(Vec::new);
    let named = args.iter().position(|arg| arg.name.as_ref().is_some_and(|given| given.text == name));
    // By position: `Sphere(0.1)` has a radius, (0, 1, 0) a y.
    let of_form = || {
        let forms = decode::forms();
        let mut places = forms
            .iter()
            .filter(|form| form.name == word && form.positional)
            .filter_map(|form| form.fields().position(|field| field == name));
        places.find(|&place| args.get(place).is_some_and(|arg| arg.name.is_none()))
    };
    if let Some(at) = named.or_else(of_form) {
        return put(&mut args[at].value, rest, value, further);
    }
    if rest.is_empty() {
        args.push(Arg { name: Some(Name { text: name.to_owned(), span }), value });
        return Ok(());
    }
    if is_recipe && INCLUDED.contains(&name) {
        return Err(absent(args.iter().filter_map(|arg| arg.name.as_ref().map(|name| name.text.clone())).collect()));
    }
    // A struct all of whose fields have defaults.
    let empty = Group { name: None, args: Some(Vec::new()), damaged: false };
    let mut made = Node { span, kind: Kind::Group(Box::new(empty)) };
    put(&mut made, rest, value, further)?;
    args.push(Arg { name: Some(Name { text: name.to_owned(), span }), value: made });
    Ok(())
}
