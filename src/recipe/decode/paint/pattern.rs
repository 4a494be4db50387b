//! Patterns.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::super::super::diagnostics::{Problem, quoted};
use super::super::super::syntax::{Kind as Is, Node};
use super::super::super::{Number, Scalar};
use super::super::fields::{Fields, Form, Variants, variant};
use super::super::number::{Limits, NUMBER, scalar};
use super::super::{Context, dist, listed, nearest, parameter};
use super::coat::path;
use super::words::{barcode, words};
use super::{DEEPEST, LONGEST, Names, Of, word};
use crate::paint::{Kind, Param, ParamKind, Pattern, PatternRecipe, WHICH, Words};

pub(super) const PATTERN: Variants = Variants {
    what: "a pattern such as Noise(8)",
    forms: &[
        &Form::variant("Noise", &[], &["scale", "stretch", "octaves", "gain", "seed"]),
        &Form::variant("Ridges", &[], &["scale", "stretch", "octaves", "gain", "seed"]),
        &Form::variant("Cells", &[], &["scale", "stretch", "jitter", "seed"]),
        &Form::variant("Cracks", &[], &["scale", "stretch", "width", "softness", "jitter", "seed"]),
        &Form::variant("Checker", &[], &["columns", "rows"]),
        &Form::variant("Stripes", &[], &["count", "share", "softness"]),
        &Form::variant("Bricks", &[], &["columns", "rows", "mortar", "offset", "bevel"]),
        &Form::variant("Wood", &[], &["rings", "waviness", "fibres", "seed"]),
        &Form::variant("Marble", &[], &["scale", "veins", "waviness", "seed"]),
        &Form::variant("Spots", &[], &["scale", "radius", "share", "softness", "seed"]),
        &Form::variant("Scratches", &[], &["scale", "share", "width", "angle", "spread", "seed"]),
        &Form::variant("Weave", &[], &["threads", "over", "gap"]),
        &Form::variant("Gradient", &[], &["angle"]),
        &Form::variant("Disc", &[], &["radius", "softness"]),
        &Form::variant("Rust", &[], &["amount", "scale", "softness", "seed"]),
        &Form::variant("Dirt", &[], &["amount", "scale", "softness", "seed"]),
        &Form::variant("Text", &["text"], &["aspect"]),
        &Form::variant("Barcode", &[], &["digits"]),
        &Form::variant("Image", &["path"], &[]),
        &Form::variant("Invert", &["pattern"], &[]),
        &Form::variant("Step", &["pattern"], &["at", "softness"]),
        &Form::variant("Levels", &["pattern"], &["low", "high", "gamma"]),
        &Form::variant("Product", &["a", "b"], &[]),
        &Form::variant("Max", &["a", "b"], &[]),
        &Form::variant("Min", &["a", "b"], &[]),
        &Form::variant("Mix", &["a", "b", "by"], &[]),
        &Form::variant("Warp", &["pattern"], &["amount", "scale", "seed"]),
        &Form::variant("Repeat", &["pattern"], &["u", "v"]),
        &Form::variant("Turned", &["pattern"], &[]),
        &Form::variant("Tones", &["pattern"], &["seed"]),
        &dist::CHOICE,
        &dist::WEIGHTED,
        &parameter::MATCH,
    ],
};

impl<'n> Of<'_, 'n, '_> {
    /// Named patterns, those first that others refer to.
    pub(super) fn patterns(&mut self, fields: &Fields<'n>) -> Option<Vec<(String, PatternRecipe)>> {
        let Some(node) = fields.get("patterns") else { return Some(Vec::new()) };
        let names = RefCell::new(&mut *self.names);
        let read = |cx: &mut Context, _: &str, node: &Node| {
            let mut names = names.borrow_mut();
            // A nested borrow of the tree: the same nodes, for as long as this call takes.
            let mut inner = Names { nodes: names.nodes.clone(), used: BTreeSet::new(), depth: 0 };
            let pattern = Of { cx, names: &mut inner }.pattern(node);
            names.used.extend(inner.used);
            pattern
        };
        let (places, found) = self.cx.within("patterns", node.span, |cx| cx.named(node, "a pattern", read));
        let mut left = found?;
        if left.len() > LONGEST {
            let many = Problem::at(node.span, format!("a material has at most {LONGEST} patterns"));
            self.cx.push(many);
            return None;
        }
        let mut order: Vec<(String, PatternRecipe)> = Vec::new();
        while !left.is_empty() {
            let free = |pattern: &PatternRecipe| refers(pattern).iter().all(|name| !left.contains_key(*name));
            let ready: Vec<String> =
                left.iter().filter(|(_, pattern)| free(pattern)).map(|(name, _)| name.clone()).collect();
            if ready.is_empty() {
                let circle: Vec<String> = left.keys().map(|name| format!("\"{}\"", quoted(name))).collect();
                let place = left.keys().find_map(|name| places.get(name)).copied().unwrap_or(node.span);
                let message = format!("these patterns refer to each other in a circle: {}", listed(&circle));
                self.cx.push(Problem::at(place, message).help("one of them has to stand alone"));
                return None;
            }
            for name in ready {
                if let Some(pattern) = left.remove(&name) {
                    order.push((name, pattern));
                }
            }
        }
        Some(order)
    }

    pub(super) fn pattern(&mut self, node: &'n Node) -> Option<PatternRecipe> {
        if !self.deeper(node.span) {
            return None;
        }
        let pattern = self.one_pattern(node);
        self.names.depth -= 1;
        pattern
    }

    fn one_pattern(&mut self, node: &'n Node) -> Option<PatternRecipe> {
        if is_number(node) {
            return scalar(self.cx, node, Limits::SHARE).map(plain_pattern);
        }
        if dist::is_choice(word(node)) {
            return self.choice(node);
        }
        if let Is::Text(name) = &node.kind {
            return self.reference(node, name);
        }
        let (word, fields) = variant(self.cx, node, &PATTERN)?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.word() == word)?;
        let mut good = true;
        let mut of = Vec::new();
        for name in kind.parts().iter().copied() {
            let names = &mut *self.names;
            match fields.need(self.cx, name, |cx, node| Of { cx, names }.pattern(node)) {
                Some(part) => of.push(part),
                None => good = false,
            }
        }
        let text = match kind {
            Kind::Text => fields.need(self.cx, "text", words).map(Some),
            Kind::Image => fields.need(self.cx, "path", path).map(Some),
            Kind::Barcode => fields.or(self.cx, "digits", Words::Ean13, barcode).map(Some),
            _ => Some(None),
        };
        let mut numbers = BTreeMap::new();
        for param in kind.params() {
            match fields.or(self.cx, param.name, param.default_dist(), |cx, node| scalar(cx, node, limits(param))) {
                Some(number) => drop(numbers.insert(param.name.to_owned(), number)),
                None => good = false,
            }
        }
        if let (Kind::Tones, Some(inner)) = (kind, fields.get("pattern"))
            && good
            && !self.has_cells(inner, DEEPEST)
        {
            let problem = Problem::at(inner.span, "`Tones` is of a pattern that has cells");
            let with: Vec<String> = Kind::ALL
                .into_iter()
                .filter(|kind| kind.has_cells())
                .map(|kind| format!("`{}`", kind.word()))
                .collect();
            self.cx.push(problem.help(format!("those are {}", with.join(", "))));
            return None;
        }
        let text = text?;
        good.then_some(Pattern { kind, numbers, text, of })
    }

    /// A choice of patterns, some of which may be numbers.
    fn choice(&mut self, node: &'n Node) -> Option<PatternRecipe> {
        let (names, of) = (RefCell::new(&mut *self.names), RefCell::new(Vec::new()));
        let which = dist::varied(self.cx, node, &|cx, node| {
            let mut names = names.borrow_mut();
            let mut inner = Names { nodes: names.nodes.clone(), used: BTreeSet::new(), depth: names.depth };
            let pattern = Of { cx, names: &mut inner }.pattern(node);
            names.used.extend(inner.used);
            let mut of = of.borrow_mut();
            of.push(pattern?);
            // Exact: a recipe is not so long.
            Some(Number::Const((of.len() - 1) as f64))
        });
        let numbers = BTreeMap::from([(WHICH.to_owned(), which?)]);
        Some(Pattern { kind: Kind::Choice, numbers, text: None, of: of.into_inner() })
    }

    fn reference(&mut self, node: &Node, name: &str) -> Option<PatternRecipe> {
        if !self.names.nodes.contains_key(name) {
            let problem = Problem::at(node.span, format!("there is no pattern called \"{}\"", quoted(name)));
            let known = self.names.nodes.keys().copied();
            let help = match nearest(name, known) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => {
                    "a text is the name of one of the material's `patterns`; letters to print are Text(\"...\")".into()
                }
            };
            self.cx.push(problem.label(node.span, "not in `patterns`").help(help));
            return None;
        }
        self.names.used.insert(name.to_owned());
        Some(Pattern { kind: Kind::Named, numbers: BTreeMap::new(), text: Some(Words::plain(name)), of: Vec::new() })
    }

    /// Whether a pattern has cells, as far as its words say.
    fn has_cells(&self, node: &Node, depth: usize) -> bool {
        if depth == 0 {
            return false;
        }
        if let Is::Text(name) = &node.kind {
            return self.names.nodes.get(name.as_str()).is_some_and(|node| self.has_cells(node, depth - 1));
        }
        let Is::Group(group) = &node.kind else { return false };
        if dist::is_choice(word(node)) {
            let options = options(node);
            return !options.is_empty() && options.into_iter().all(|option| self.has_cells(option, depth - 1));
        }
        let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.word() == word(node)) else { return false };
        let first = group.args.iter().flatten().next();
        kind.has_cells() || !kind.parts().is_empty() && first.is_some_and(|arg| self.has_cells(&arg.value, depth - 1))
    }
}

/// Whether a node is a number: a plain one, a drawn one, or a choice of nothing but numbers.
fn is_number(node: &Node) -> bool {
    match &node.kind {
        Is::Integer(_) | Is::Float(_) => true,
        // One without options is told to be so as a number.
        _ if dist::is_choice(word(node)) => options(node).into_iter().all(is_number),
        _ => NUMBER.forms.iter().any(|form| form.name == word(node)),
    }
}

/// What a choice is one of, as far as it is written right.
fn options(node: &Node) -> Vec<&Node> {
    let Is::Group(group) = &node.kind else { return Vec::new() };
    let mut options = Vec::new();
    for arg in group.args.iter().flatten() {
        match &arg.value.kind {
            Is::List(items) => options.extend(items.iter().map(|item| match &item.kind {
                // The pairs of `Weighted`.
                Is::Group(pair) if pair.name.is_none() => {
                    pair.args.iter().flatten().nth(1).map_or(item, |second| &second.value)
                }
                _ => item,
            })),
            Is::Map(entries) => options.extend(entries.iter().map(|(_, value)| value)),
            // The parameter of `Match`.
            Is::Text(_) if arg.name.as_ref().is_none_or(|name| name.text != "otherwise") && options.is_empty() => {}
            _ => options.push(&arg.value),
        }
    }
    options
}

fn refers(pattern: &PatternRecipe) -> Vec<&str> {
    let own = pattern.text.iter().filter(|_| pattern.kind == Kind::Named).map(AsRef::as_ref);
    own.chain(pattern.of.iter().flat_map(refers)).collect()
}

pub(super) fn plain_pattern(value: Scalar) -> PatternRecipe {
    Pattern { kind: Kind::Plain, numbers: BTreeMap::from([("value".to_owned(), value)]), text: None, of: Vec::new() }
}

fn limits(param: &Param) -> Limits {
    let whole = matches!(param.kind, ParamKind::Whole | ParamKind::Even | ParamKind::Seed);
    Limits { whole, ..Limits::new(param.min, param.max, param.text, true) }
}
