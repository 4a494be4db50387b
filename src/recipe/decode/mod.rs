//! Tree to recipe: every field read, every mistake kept, nothing given up before its time.
//!
//! A function here returns `None` exactly where it (or what it called) has reported a problem, so that one mistake is
//! told once and the rest of the recipe is still read. What needs a look at several parts is left in [`Findings`] for
//! `check`.

mod camera;
mod clutter;
mod dist;
mod distribution;
mod fields;
mod file;
mod label;
mod lamp;
mod lens;
mod light;
mod make;
mod material;
mod motion;
mod number;
mod object;
mod paint;
mod parameter;
mod place;
mod sampling;
mod sensor;
mod top;
mod wanted;

pub(super) use fields::Form;
pub(super) use number::support;
pub(super) use object::MOST_INSTANCES;
pub(super) use top::{recipe, variant_weight};

use std::collections::{BTreeMap, BTreeSet};

use super::compose::joined;
use super::diagnostics::{Problem, Report, Span, quoted};
use super::expression::Support;
use super::syntax::{Kind, Node};
use super::{Conditions, FlickerRecipe, Scalar};
use crate::assets::{Library, Taken};

/// Every name that a recipe may use: for each struct and variant, its fields.
pub(super) fn forms() -> Vec<&'static Form> {
    let mut forms = Vec::new();
    let nouns = [
        top::NOUNS,
        sampling::NOUNS,
        label::NOUNS,
        object::NOUNS,
        file::NOUNS,
        make::NOUNS,
        place::NOUNS,
        clutter::NOUNS,
        material::NOUNS,
        paint::NOUNS,
        camera::NOUNS,
        sensor::NOUNS,
        motion::NOUNS,
        wanted::NOUNS,
    ];
    for nouns in nouns {
        forms.extend_from_slice(nouns);
    }
    let all = [
        top::VARIANTS,
        sampling::VARIANTS,
        label::VARIANTS,
        dist::VARIANTS,
        material::VARIANTS,
        paint::VARIANTS,
        object::VARIANTS,
        file::VARIANTS,
        make::VARIANTS,
        place::VARIANTS,
    ];
    for variants in all
        .into_iter()
        .chain([
            light::VARIANTS,
            lamp::VARIANTS,
            camera::VARIANTS,
            sensor::VARIANTS,
            motion::VARIANTS,
            wanted::VARIANTS,
        ])
        .flatten()
    {
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
    Camera,
}

/// Where something refers to something else by name.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) to: Kinds,
    pub(super) name: String,
    pub(super) span: Span,
}

/// What an asset is to be used as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AssetKind {
    Model,
    /// A pattern: many models.
    Collection,
    Texture,
    Sky,
    Font,
    Calibration,
}

/// A file that is named in the recipe.
#[derive(Debug)]
pub(super) struct AssetUse {
    pub(super) kind: AssetKind,
    pub(super) path: String,
    pub(super) span: Span,
    /// How a model is taken, where that is said.
    pub(super) taken: Option<TakenFacts>,
}

/// How a model is taken, and where it is said.
#[derive(Debug)]
pub(super) struct TakenFacts {
    pub(super) taken: Taken<Scalar>,
    pub(super) animation: Option<Span>,
    pub(super) morphs: Vec<(String, Span)>,
}

/// What lights share room in the renderer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LightKind {
    Sun,
    Point,
    Spot,
    /// Takes the room of a point and of a spot.
    Area,
}

/// What shares room in the renderer, and where it is said.
#[derive(Debug, Clone, Copy)]
pub(super) struct LightFacts {
    pub(super) kind: LightKind,
    pub(super) shadows: bool,
    /// How many of them there may be.
    pub(super) count: usize,
    pub(super) span: Span,
}

/// What a category says of keypoints.
#[derive(Debug)]
pub(super) struct CategoryFacts {
    /// `None` where they could not be read.
    pub(super) keypoints: Option<Vec<String>>,
    /// Where they are listed; else where the category is named.
    pub(super) place: Span,
}

/// What an object says that its category and its glTF files have to bear out.
#[derive(Debug)]
pub(super) struct ObjectFacts {
    pub(super) name: String,
    pub(super) category: Option<String>,
    /// Its own keypoints, without those of its files.
    pub(super) keypoints: Vec<(String, Span)>,
    pub(super) keypoint_tolerance: Option<Span>,
    pub(super) see_through: Vec<(String, Span)>,
    /// Its glTF files.
    pub(super) models: Vec<(String, Span)>,
    /// Whether it names a material of the recipe, and where.
    pub(super) material: Option<Span>,
}

/// Whether the labels of keypoints are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum KeypointsAsked {
    /// `outputs` could not be read.
    #[default]
    Unknown,
    /// No; the place of the list, if there is one.
    No(Option<Span>),
    /// Here.
    ByName(Span),
    /// Together with everything else.
    WithAll,
}

/// How many instances of a group there may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct CountFact {
    /// The largest likely number.
    pub(super) most: f64,
    /// Where it is said.
    pub(super) place: Span,
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
    /// Which group is placed by another one that has to be there, and where that is said.
    pub(super) relations: BTreeMap<String, Vec<(String, Span)>>,
    pub(super) lights: Vec<LightFacts>,
    /// The most suns that an environment brings along.
    pub(super) suns_around: usize,
    /// Whether images take room for the light that surfaces give back.
    pub(super) bounce: bool,
    /// By group; only of those that say it.
    pub(super) counts: BTreeMap<String, CountFact>,
    /// By name.
    pub(super) categories: BTreeMap<String, CategoryFacts>,
    /// Of those objects that could be read.
    pub(super) objects: Vec<ObjectFacts>,
    pub(super) keypoints_asked: KeypointsAsked,
    /// Paths of numbers that are to be spread together, and whether there is such a number.
    pub(super) joint: BTreeMap<String, bool>,
    /// By split, where each of the things is named that are held out for it.
    pub(super) held_out: BTreeMap<String, Vec<Span>>,
    /// Patterns of files that are held out of a split.
    pub(super) held_out_files: Vec<(String, Span)>,
    /// Paths of numbers of which a region is held out.
    pub(super) held_out_numbers: Vec<(String, Span)>,
}

/// Where decoding is, and what it has found.
#[derive(Debug, Default)]
pub(super) struct Context {
    pub(super) report: Report,
    pub(super) findings: Findings,
    /// Place of the value of each path of names.
    pub(super) spans: BTreeMap<String, Span>,
    path: String,
    /// What each parameter can be.
    pub(super) parameters: BTreeMap<String, Support>,
    /// When parts are there.
    pub(super) conditions: Conditions,
    /// Of the lights that flicker.
    pub(super) flicker: BTreeMap<String, FlickerRecipe>,
    pub(super) has_variants: bool,
    /// What is named in any variant of the recipe: `coverage` and others look at all of them.
    pub(super) elsewhere: BTreeMap<Kinds, BTreeSet<String>>,
    /// Where each text begins, and the folder of its file relative to that of the recipe.
    pub(super) folders: Vec<(usize, String)>,
    /// What is loaded already.
    pub(super) library: Library,
}

/// Paths longer than this are not kept: no sensible name makes one, and a hostile file could fill memory with them.
const LONGEST_PATH: usize = 300;

/// Longest allowed name.
const LONGEST_NAME: usize = 64;

impl Context {
    pub(super) fn push(&mut self, problem: Problem) {
        self.report.push(problem);
    }

    /// Says that each scene is of one of these variants, if there are any.
    pub(super) fn has_variants(&mut self, names: &BTreeSet<String>) {
        if !names.is_empty() {
            self.parameters.insert(parameter::VARIANT.to_owned(), Support::Names(names.clone()));
            self.has_variants = true;
        }
    }

    /// Whether another variant has something of this name.
    pub(super) fn is_elsewhere(&self, kind: Kinds, name: &str) -> bool {
        self.elsewhere.get(&kind).is_some_and(|names| names.contains(name))
    }

    /// A path that is written at `span`, as seen from the folder of the recipe: in a file that is included it is relative to that
    /// file's folder.
    pub(super) fn located(&self, path: &str, span: Span) -> String {
        let behind = self.folders.partition_point(|(start, _)| *start <= span.start);
        let folder = behind.checked_sub(1).and_then(|file| self.folders.get(file)).map_or("", |(_, folder)| folder);
        if path.is_empty() || path.contains("://") { path.to_owned() } else { joined(folder, path) }
    }

    /// Whether a place is in the recipe's own file rather than in one that it includes or extends.
    pub(super) fn is_own(&self, span: Span) -> bool {
        self.folders.get(1).is_none_or(|(start, _)| span.start < *start)
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

    /// Says that a number that may vary is being decoded.
    fn note_number(&mut self) {
        if let Some(found) = self.findings.joint.get_mut(&self.path) {
            *found = true;
        }
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
                let help = match &node.kind {
                    Kind::Text(_) => "write true or false, without quotes",
                    _ => "write true or false",
                };
                self.wrong_type(node, "`true` or `false`", Some(help.into()));
                None
            }
        }
    }

    fn text<'n>(&mut self, node: &'n Node, expected: &str) -> Option<&'n str> {
        match &node.kind {
            Kind::Text(text) => Some(text),
            Kind::Group(group) if group.args.is_none() && group.name.is_some() => {
                let help = match group.name.as_ref().map_or("", |name| &name.text) {
                    "None" => "it may not be left out: write it in quotes: \"...\"".into(),
                    word => format!("put it in quotes: \"{}\"", quoted(word)),
                };
                self.wrong_type(node, expected, Some(help));
                None
            }
            Kind::Group(group) if group.name.as_ref().is_some_and(|name| dist::is_choice(&name.text)) => {
                let help = format!("`{}` may not vary: write one name in quotes", self.field());
                self.wrong_type(node, expected, Some(help));
                None
            }
            _ => {
                self.wrong_type(node, expected, Some("write it in quotes: \"...\"".into()));
                None
            }
        }
    }

    /// A list of the different names of some things, with the place of each.
    fn texts(&mut self, node: &Node, what: &str, example: &str) -> Option<Vec<(String, Span)>> {
        let Kind::List(items) = &node.kind else {
            self.wrong_type(node, "a list in `[ ]`", Some(format!("write {example}")));
            return None;
        };
        let mut places: BTreeMap<&str, Span> = BTreeMap::new();
        let mut texts = Vec::with_capacity(items.len());
        let mut good = true;
        for item in items {
            let Some(text) = self.text(item, &format!("the name of {what}")) else {
                good = false;
                continue;
            };
            good &= self.check_line(text, item.span, what);
            if let Some(first) = places.insert(text, item.span) {
                let twice = Problem::at(item.span, format!("\"{}\" is listed twice", quoted(text)));
                self.push(twice.label(item.span, "again here").label(first, "first here"));
                good = false;
            }
            texts.push((text.to_owned(), item.span));
        }
        good.then_some(texts)
    }

    /// A name that is no part of any file name: "traffic light" is fine.
    fn check_line(&mut self, name: &str, span: Span, what: &str) -> bool {
        const LONGEST: usize = 200;
        let good = !name.trim().is_empty() && !name.chars().any(char::is_control) && name.len() <= LONGEST;
        if !good {
            let message =
                format!("the name of {what} is one line of text, neither empty nor longer than {LONGEST} bytes");
            self.push(Problem::at(span, message));
        }
        good
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
        self.named_as(node, what, Self::check_name, decode)
    }

    /// The same, where `check` says what a name may be.
    fn named_as<T>(
        &mut self,
        node: &Node,
        what: &str,
        check: impl Fn(&mut Self, &str, Span, &str) -> bool,
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
            good &= check(self, name, key.span, what);
            if let Some(first) = names.get(name) {
                let message = format!("\"{}\" is defined twice", quoted(name));
                let mut problem =
                    Problem::at(key.span, message).label(key.span, "again here").label(*first, "first here");
                if self.path == "materials" && !self.is_own(*first) {
                    let help = format!("to change it, write \"my_{0}\": (extends: \"{0}\", ...)", quoted(name));
                    problem = problem.help(help);
                }
                self.push(problem);
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
pub(super) fn describe(node: &Node) -> String {
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

/// The greatest value that a number can take; infinite where there is no end.
pub(crate) fn greatest(number: &Scalar) -> f64 {
    support(number).1
}

/// Some of many, for a message: `"a", "b", ...`
pub(super) fn listed(shown: &[String]) -> String {
    const MOST: usize = 12;
    let more = if shown.len() > MOST { ", ..." } else { "" };
    format!("{}{more}", shown[..shown.len().min(MOST)].join(", "))
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
