//! Tree to recipe: every field read, every mistake kept, nothing given up before its time.
//!
//! A function here returns `None` exactly where it (or what it called) has reported a problem, so that one mistake is
//! told once and the rest of the recipe is still read. What needs a look at several parts is left in [`Findings`] for
//! `check`.

mod camera;
mod dist;
mod fields;
mod light;
mod material;
mod number;
mod object;
mod top;

pub(super) use fields::Form;
pub(super) use object::MOST_INSTANCES;
pub(super) use top::recipe;

use std::collections::BTreeMap;

use super::diagnostics::{Problem, Report, Span, quoted};
use super::syntax::{Kind, Node};

/// Every name that a recipe may use: for each struct and variant, its fields.
pub(super) fn forms() -> Vec<&'static Form> {
    let mut forms = Vec::new();
    for nouns in [top::NOUNS, object::NOUNS, material::NOUNS, camera::NOUNS] {
        forms.extend_from_slice(nouns);
    }
    for variants in [top::VARIANTS, dist::VARIANTS, object::VARIANTS, light::VARIANTS, camera::VARIANTS].concat() {
        forms.extend_from_slice(variants.forms);
    }
    forms
}

/// The kinds of things that are named in a recipe, and referred to by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kinds {
    Category,
    Material,
    Object,
}

/// Where something refers to something else by name.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) to: Kinds,
    pub(super) name: String,
    pub(super) span: Span,
}

/// What an asset is to be used as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AssetKind {
    Model,
    Texture,
}

/// A file that is named in the recipe.
#[derive(Debug)]
pub(super) struct AssetUse {
    pub(super) kind: AssetKind,
    pub(super) path: String,
    pub(super) span: Span,
}

/// What lights share room in the renderer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LightKind {
    Sun,
    Point,
    Spot,
}

/// What `check` needs to know, kept also where the recipe as a whole cannot be decoded.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Names with the places where they are defined; absent for a kind whose definitions could not be read.
    pub(super) names: BTreeMap<Kinds, BTreeMap<String, Span>>,
    pub(super) references: Vec<Reference>,
    pub(super) assets: Vec<AssetUse>,
    /// Which group stands on which, and where that is said.
    pub(super) supports: BTreeMap<String, (String, Span)>,
    /// Every light: its kind, whether it casts shadows, and where it is.
    pub(super) lights: Vec<(LightKind, bool, Span)>,
    /// The largest likely number of instances of each group, and where it is said.
    pub(super) counts: Vec<(f64, Span)>,
}

/// Where decoding is, and what it has found.
#[derive(Debug, Default)]
pub(super) struct Context {
    pub(super) report: Report,
    pub(super) findings: Findings,
    /// Place of the value of each path of names.
    pub(super) spans: BTreeMap<String, Span>,
    path: String,
}

/// Paths longer than this are not kept: no sensible name makes one, and a hostile file could fill memory with them.
const LONGEST_PATH: usize = 300;

/// Longest allowed name.
const LONGEST_NAME: usize = 64;

impl Context {
    pub(super) fn push(&mut self, problem: Problem) {
        self.report.push(problem);
    }

    /// Decodes something that has a name, and remembers its place.
    fn within<T>(&mut self, name: &str, span: Span, decode: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        if length + name.len() < LONGEST_PATH {
            if length > 0 {
                self.path.push('.');
            }
            self.path.push_str(name);
            self.spans.entry(self.path.clone()).or_insert(span);
        }
        let value = decode(self);
        self.path.truncate(length);
        value
    }

    /// The name of the field that is being decoded.
    fn field(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or(&self.path)
    }

    /// Says that a node is not what was expected.
    fn wrong_type(&mut self, node: &Node, expected: &str, help: Option<String>) {
        if node.kind == Kind::Bad {
            return;
        }
        let found = describe(node);
        let mut problem = Problem::at(node.span, format!("expected {expected}, found {found}"))
            .label(node.span, format!("this is {found}"));
        problem.help = help;
        self.push(problem);
    }

    /// Says what to type around a value that stands where a variant is expected. Returns whether it was one.
    fn bare_value(&mut self, node: &Node, expected: &str, help: &str) -> bool {
        let bare = match &node.kind {
            Kind::Integer(_) | Kind::Float(_) => true,
            Kind::Group(group) => group.name.is_none(),
            _ => false,
        };
        if bare {
            self.wrong_type(node, expected, Some(help.into()));
        }
        bare
    }

    fn bool(&mut self, node: &Node) -> Option<bool> {
        match node.kind {
            Kind::Bool(value) => Some(value),
            _ => {
                self.wrong_type(node, "`true` or `false`", None);
                None
            }
        }
    }

    fn text<'n>(&mut self, node: &'n Node, expected: &str) -> Option<&'n str> {
        match &node.kind {
            Kind::Text(text) => Some(text),
            Kind::Group(group) if group.args.is_none() && group.name.is_some() => {
                let word = group.name.as_ref().map_or("", |name| &name.text);
                self.wrong_type(node, expected, Some(format!("put it in quotes: \"{}\"", quoted(word))));
                None
            }
            _ => {
                self.wrong_type(node, expected, Some("write it in quotes: \"...\"".into()));
                None
            }
        }
    }

    /// A name that can be part of a file name and of a path of names.
    fn check_name(&mut self, name: &str, span: Span, what: &str) -> bool {
        let good = (1..=LONGEST_NAME).contains(&name.len())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        if !good {
            let message = match name {
                "" => format!("the name of {what} may not be empty"),
                _ => format!("\"{}\" cannot be the name of {what}", quoted(name)),
            };
            let rule = format!(
                "names become parts of file names: use at most {LONGEST_NAME} letters a-z, A-Z, digits, `_` and `-`"
            );
            self.push(Problem::at(span, message).help(rule));
        }
        good
    }

    /// Decodes `{ "name": value, ... }`. The names are noted even where their values are wrong.
    fn named<T>(
        &mut self,
        node: &Node,
        what: &str,
        decode: impl Fn(&mut Self, &str, &Node) -> Option<T>,
    ) -> (BTreeMap<String, Span>, Option<BTreeMap<String, T>>) {
        let mut names = BTreeMap::new();
        let mut values = BTreeMap::new();
        let mut good = true;
        let entries = match &node.kind {
            Kind::Map(entries) => entries,
            _ => {
                self.wrong_type(
                    node,
                    "names and values in `{ }`",
                    Some("write { \"name\": ..., \"name\": ... }".into()),
                );
                return (names, None);
            }
        };
        for (key, value) in entries {
            let Some(name) = self.text(key, &format!("the name of {what}")) else {
                good = false;
                continue;
            };
            good &= self.check_name(name, key.span, what);
            if let Some(first) = names.get(name) {
                let message = format!("\"{}\" is defined twice", quoted(name));
                self.push(Problem::at(key.span, message).label(key.span, "again here").label(*first, "first here"));
                good = false;
                continue;
            }
            names.insert(name.to_owned(), key.span);
            match self.within(name, key.span, |cx| decode(cx, name, value)) {
                Some(value) => {
                    values.insert(name.to_owned(), value);
                }
                None => good = false,
            }
        }
        (names, good.then_some(values))
    }
}

/// `a text`, `a list`...
fn describe(node: &Node) -> String {
    match &node.kind {
        Kind::Bool(value) => format!("`{value}`"),
        Kind::Integer(value) => format!("the number {value}"),
        Kind::Float(_) => "a number".into(),
        Kind::Char(_) => "a character".into(),
        Kind::Text(_) => "a text".into(),
        Kind::Bytes(_) => "bytes".into(),
        Kind::List(_) => "a list in `[ ]`".into(),
        Kind::Map(_) => "a map in `{ }`".into(),
        Kind::Group(group) => match (&group.name, &group.args) {
            (Some(name), _) => format!("`{}`", quoted(&name.text)),
            (None, Some(args)) if args.iter().any(|arg| arg.name.is_some()) => "fields in `( )`".into(),
            (None, Some(args)) => match args.len() {
                0 => "`()`".into(),
                1 => "one value in `( )`".into(),
                count => format!("{count} values in `( )`"),
            },
            (None, None) => "nothing".into(),
        },
        Kind::Bad => "something unreadable".into(),
    }
}

/// The known name that `name` was likely meant to be.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Bounds on the work for hostile input; no name that was meant is so long, no sensible recipe has so many.
    const MOST: usize = 2000;
    if name.is_empty() || name.len() > LONGEST_NAME {
        return None;
    }
    let name = name.to_lowercase();
    let distance = |known: &str| strsim::osa_distance(&name, &known.to_lowercase());
    let known: Vec<&str> = known.take(MOST).filter(|known| known.len() <= LONGEST_NAME).collect();
    let close = |known: &&&str| distance(known) <= (known.chars().count().max(name.chars().count()) / 3).clamp(1, 3);
    let whole = known.iter().filter(close).min_by_key(|known| distance(known));
    // `colour` for `base_color`.
    let part = |known: &&&str| name.len() > 3 && known.split('_').any(|part| distance(part) <= 1);
    whole.or_else(|| known.iter().find(part)).copied()
}
