//! Several texts become one tree: what is included, what a recipe extends, what `--set` says, and its variants.
//!
//! All of this is done with trees before anything in them is understood, so that a composed recipe means what the same recipe
//! in one file does. Every node keeps its place: the texts lie behind each other in one space of places (see [`Sources`]), so
//! that a message points into the file where the mistake is.

mod materials;
mod merge;
mod set;
mod variants;

pub(super) use materials::inherit;
pub(super) use variants::{names, split};

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::decode::nearest;
use super::diagnostics::{Problem, Sources, Span, quoted};
use super::syntax::{self, Arg, Group, Kind, Name, Node};
use super::{LARGEST_FILE, RecipeFile};
use crate::confine::{Allowed, Denied, Folder, advice};

/// The most files that make up one recipe.
const MOST_FILES: usize = 64;
/// How deep files may include and extend each other.
const DEEPEST: usize = 16;
/// The most text of all files together, bytes.
const LARGEST: usize = 16 << 20;

/// What an included file may have. Those that are maps, and the list of categories, join those of the recipe.
const INCLUDED: [&str; 6] = ["parameters", "categories", "materials", "objects", "lights", "cameras"];

/// What is read, and where from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    /// The main text.
    pub(super) text: &'a str,
    /// Its name, for messages.
    pub(super) file_name: &'a str,
    /// The folder that it is in: paths of files that it includes start there.
    pub(super) folder: &'a Path,
    /// What may be read beside it.
    pub(super) allowed: &'a Allowed,
    /// What is set on the command line, `path=value` each.
    pub(super) set: &'a [String],
}

/// One tree, and what was found on the way to it.
#[derive(Debug)]
pub(super) struct Composed {
    pub(super) root: Node,
    pub(super) problems: Vec<Problem>,
    /// Whether all brackets match, and every file could be read.
    pub(super) well_nested: bool,
    pub(super) sources: Sources,
    /// The files beside the main one.
    pub(super) files: Vec<RecipeFile>,
    /// For each text, where it begins and the folder of its file, relative to that of the main one.
    pub(super) folders: Vec<(usize, String)>,
}

/// Reads everything that `origin` consists of.
pub(super) fn compose(origin: Origin<'_>) -> Composed {
    let mut composer = Composer {
        origin,
        folder: Folder::new(origin.folder, origin.allowed),
        sources: Sources::default(),
        folders: Vec::new(),
        files: Vec::new(),
        problems: Vec::new(),
        well_nested: true,
        size: 0,
    };
    let own = composer.tree(origin.file_name, origin.text, String::new());
    let identity = std::fs::canonicalize(origin.file_name).unwrap_or_else(|_| PathBuf::from(origin.file_name));
    let mut root = composer.extended(own, "", &mut vec![identity]);
    for assignment in origin.set {
        let start = composer.sources.add("--set", assignment);
        composer.folders.push((start, String::new()));
        set::apply(&mut root, assignment, start, &mut composer.problems);
    }
    Composed {
        root,
        problems: composer.problems,
        well_nested: composer.well_nested,
        sources: composer.sources,
        files: composer.files,
        folders: composer.folders,
    }
}

struct Composer<'a> {
    origin: Origin<'a>,
    folder: Folder,
    sources: Sources,
    folders: Vec<(usize, String)>,
    files: Vec<RecipeFile>,
    problems: Vec<Problem>,
    well_nested: bool,
    size: usize,
}

impl Composer<'_> {
    /// The tree of a text, its places behind those of all texts before it.
    fn tree(&mut self, name: &str, text: &str, folder: String) -> Node {
        let start = self.sources.add(name, text);
        self.folders.push((start, folder));
        let mut parsed = syntax::parse(text);
        shift(&mut parsed.root, start);
        self.well_nested &= parsed.well_nested;
        self.problems.extend(parsed.problems.into_iter().map(|mut problem| {
            problem.labels.iter_mut().for_each(|label| label.span = shifted(label.span, start));
            if problem.labels.is_empty() && start > 0 {
                problem = problem.label(Span::new(start, start), "");
            }
            problem
        }));
        parsed.root
    }

    /// A recipe with what it includes and what it extends.
    fn extended(&mut self, mut own: Node, folder: &str, stack: &mut Vec<PathBuf>) -> Node {
        let base = self.take(&mut own, "extends");
        let includes = self.take(&mut own, "include");
        if let Some(list) = includes {
            let mut seen = BTreeSet::new();
            self.include(&mut own, &list, folder, stack, &mut seen);
        }
        let base = base.and_then(|node| {
            let path = self.path(&node, "the path of a recipe such as \"base.ron\"")?;
            let (base, folder, identity) = self.open(&path, node.span, folder, stack)?;
            // Anything else would be passed over without a word: the recipe has no part in common with it.
            let is_recipe = matches!(&base.kind, Kind::Group(group) if group.name.is_none() && group.args.is_some());
            if !is_recipe && base.kind != Kind::Bad {
                self.problems.push(Problem::at(base.span, "a recipe is written `( version: 1, name: \"..\", ... )`"));
                return None;
            }
            stack.push(identity);
            let base = self.extended(base, &folder, stack);
            stack.pop();
            Some(base)
        });
        let empty = Group { name: None, args: Some(Vec::new()), damaged: false };
        let base = base.unwrap_or(Node { span: own.span, kind: Kind::Group(Box::new(empty)) });
        merge::merge(base, own, true, &mut self.problems)
    }

    /// Joins what the files of `list` hold to `own`. A file that is included twice is there once.
    fn include(
        &mut self,
        own: &mut Node,
        list: &Node,
        folder: &str,
        stack: &mut Vec<PathBuf>,
        seen: &mut BTreeSet<PathBuf>,
    ) {
        let paths: Vec<&Node> = match &list.kind {
            Kind::List(items) => items.iter().collect(),
            _ => vec![list],
        };
        for node in paths {
            let Some(path) = self.path(node, "the path of a file such as \"materials.ron\"") else { continue };
            let Some((mut file, folder, identity)) = self.open(&path, node.span, folder, stack) else { continue };
            if !seen.insert(identity.clone()) {
                continue;
            }
            let nested = self.take(&mut file, "include");
            self.join(own, file);
            if let Some(nested) = nested {
                stack.push(identity);
                self.include(own, &nested, &folder, stack, seen);
                stack.pop();
            }
        }
    }

    /// Takes a field out of a struct.
    fn take(&mut self, node: &mut Node, field: &str) -> Option<Node> {
        let Kind::Group(group) = &mut node.kind else { return None };
        let args = group.args.as_mut().filter(|_| group.name.is_none())?;
        let is_it = |arg: &Arg| arg.name.as_ref().is_some_and(|name| name.text == field);
        let place = args.iter().position(is_it)?;
        let taken = args.remove(place);
        if let Some(again) = args.iter().find(|arg| is_it(arg)) {
            let problem = Problem::at(again.value.span, format!("`{field}` is given twice"));
            self.problems.push(problem.label(again.value.span, "again here").label(taken.value.span, "first here"));
            args.retain(|arg| !is_it(arg));
        }
        Some(taken.value)
    }

    fn path(&mut self, node: &Node, expected: &str) -> Option<String> {
        match &node.kind {
            Kind::Text(path) => Some(path.clone()),
            Kind::Bad => None,
            _ => {
                self.problems.push(Problem::at(node.span, format!("expected {expected}, in quotes")));
                None
            }
        }
    }

    /// Reads a file that is named at `span` in a file of `folder`. `None` where it cannot be: that is reported.
    fn open(&mut self, path: &str, span: Span, folder: &str, stack: &[PathBuf]) -> Option<(Node, String, PathBuf)> {
        let shown = quoted(path);
        let refuse = |composer: &mut Self, message: String, help: &str| {
            let problem = Problem::at(span, message);
            composer.problems.push(if help.is_empty() { problem } else { problem.help(help) });
            composer.well_nested = false;
            None
        };
        if path.is_empty() || path.contains('\0') || path.contains("://") {
            return refuse(
                self,
                format!("\"{shown}\" is no file"),
                "write its path, relative to the file that names it",
            );
        }
        let relative = joined(folder, path);
        let identity = match self.folder.find(&relative) {
            Ok(identity) => identity,
            Err(Denied::Missing(_)) => {
                let help = if path.contains('\\') {
                    "part folders by `/`"
                } else {
                    "paths start in the folder of the file that names it"
                };
                return refuse(self, format!("there is no file \"{shown}\""), help);
            }
            Err(Denied::Outside { target, .. }) => {
                return refuse(self, leads_out(path, &target), &advice(&target));
            }
            // A device or a pipe: reading one may never end.
            Err(Denied::NotAFile { what, .. }) => return refuse(self, format!("\"{shown}\" {what}"), ""),
            Err(denied) => return refuse(self, denied.to_string(), ""),
        };
        if stack.contains(&identity) {
            let help = "what several files need belongs into one that all of them include";
            return refuse(self, format!("\"{shown}\" leads back to itself"), help);
        }
        if stack.len() > DEEPEST || self.files.len() >= MOST_FILES {
            let message = format!("a recipe consists of at most {MOST_FILES} files, {DEEPEST} deep");
            return refuse(self, message, "");
        }
        let text = match super::read_text(&identity, LARGEST_FILE) {
            Ok(text) => text,
            Err(problems) => {
                let reason = problems.iter().next().map_or(String::new(), |problem| problem.message.clone());
                return refuse(self, format!("cannot use \"{shown}\": {reason}"), "");
            }
        };
        self.size += text.len();
        if self.size > LARGEST {
            return refuse(self, format!("the files of this recipe are larger than {LARGEST} bytes together"), "");
        }
        let beside = Path::new(self.origin.file_name).parent().unwrap_or(Path::new("")).to_string_lossy().into_owned();
        let name = joined(&beside, &relative);
        let own_folder = relative.rfind('/').map_or(String::new(), |end| relative[..end].to_owned());
        let tree = self.tree(&name, &text, own_folder.clone());
        if !self.files.iter().any(|known| known.path == relative) {
            self.files.push(RecipeFile { path: relative, text });
        }
        Some((tree, own_folder, identity))
    }

    /// Joins the fields of an included file to those of a recipe.
    fn join(&mut self, own: &mut Node, file: Node) {
        let place = file.span;
        let args = match file.kind {
            Kind::Group(group) if group.name.is_none() && group.args.is_some() => group.args.unwrap_or_default(),
            Kind::Bad => return,
            _ => {
                self.problems.push(Problem::at(place, "an included file is written `( materials: { ... }, ... )`"));
                return;
            }
        };
        let Kind::Group(group) = &mut own.kind else { return };
        let Some(own) = group.args.as_mut().filter(|_| group.name.is_none()) else { return };
        for Arg { name, value } in args {
            let Some(name) = name else {
                self.problems.push(Problem::at(value.span, "expected `name: value` in an included file"));
                continue;
            };
            match name.text.as_str() {
                "version" if value.kind == Kind::Integer(1) => {}
                "version" => self.problems.push(Problem::at(value.span, "this program reads version 1")),
                field if INCLUDED.contains(&field) => self.join_field(own, name, value),
                field => {
                    let message = format!("an included file has no field `{}`", quoted(field));
                    let all = INCLUDED.map(|name| format!("`{name}`")).join(", ");
                    let help = match nearest(field, INCLUDED.into_iter()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("it has {all}; a whole recipe is built upon by `extends`"),
                    };
                    self.problems.push(Problem::at(name.span, message).help(help));
                }
            }
        }
    }

    fn join_field(&mut self, own: &mut Vec<Arg>, name: Name, value: Node) {
        let same = own.iter_mut().find(|arg| arg.name.as_ref().is_some_and(|own| own.text == name.text));
        let Some(same) = same else {
            own.push(Arg { name: Some(name), value });
            return;
        };
        // What is included stands first, so that "again here" is in the file that includes.
        match (&mut same.value.kind, value.kind) {
            (Kind::Map(own), Kind::Map(included)) => drop(own.splice(0..0, included)),
            (Kind::List(own), Kind::List(included)) => drop(own.splice(0..0, included)),
            (_, Kind::Bad) => {}
            (Kind::Map(_) | Kind::List(_), _) => {
                let message = format!("`{}` of an included file is written as in a recipe", name.text);
                self.problems.push(Problem::at(value.span, message));
            }
            // The recipe's own is wrong, and that is told.
            _ => {}
        }
    }
}

/// `path` as seen from the folder above `folder`: parts are joined by `/`, and `..` takes one away.
pub(super) fn joined(folder: &str, path: &str) -> String {
    if folder.is_empty() || Path::new(path).is_absolute() || path.starts_with('/') {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = folder.trim_end_matches('/').split('/').collect();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, ".." | "" | ".")) => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// What is said of a path that leads out of the folders that a recipe may read.
pub(super) fn leads_out(path: &str, target: &Path) -> String {
    let target = target.to_string_lossy();
    format!(
        "\"{}\" leads to {}, which is outside of the folders that this recipe may read",
        quoted(path),
        quoted(&target)
    )
}

fn shifted(span: Span, by: usize) -> Span {
    Span::new(span.start + by, span.end + by)
}

/// Moves every place of a tree.
fn shift(node: &mut Node, by: usize) {
    if by == 0 {
        return;
    }
    node.span = shifted(node.span, by);
    match &mut node.kind {
        Kind::List(items) => items.iter_mut().for_each(|item| shift(item, by)),
        Kind::Map(entries) => entries.iter_mut().for_each(|(key, value)| {
            shift(key, by);
            shift(value, by);
        }),
        Kind::Group(group) => {
            if let Some(name) = &mut group.name {
                name.span = shifted(name.span, by);
            }
            for arg in group.args.iter_mut().flatten() {
                if let Some(name) = &mut arg.name {
                    name.span = shifted(name.span, by);
                }
                shift(&mut arg.value, by);
            }
        }
        _ => {}
    }
}
