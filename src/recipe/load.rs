//! The way in: a file or a text becomes a checked recipe, or everything that is wrong with it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::diagnostics::{Problem, Problems, Severity, Span};
use super::{Recipe, check, decode, syntax};

/// Larger files are refused: a recipe is written by people, and reading a mistaken one must not fill the memory.
pub const LARGEST_FILE: usize = 4 << 20;

/// A recipe that can be used, and what else was found out on the way.
#[derive(Debug)]
pub struct Checked {
    /// The recipe.
    pub recipe: Recipe,
    /// Warnings alone; may be empty.
    pub warnings: Problems,
    /// Where everything is in the file.
    pub source_map: SourceMap,
}

/// Where each path of names is in the recipe's file, so that what is found out later can be shown there.
#[derive(Debug, Clone)]
pub struct SourceMap {
    file_name: String,
    text: String,
    spans: BTreeMap<String, Span>,
}

impl SourceMap {
    /// The place of a path of names such as `objects.mugs.count`: of an entry its name, of a field its value. Numbers in
    /// brackets are passed over (`mugs[2]` is where `mugs` is); where a path leads further than the file does (into a
    /// default), the nearest place on the way is given. `None` where not even the first name is known.
    pub fn span(&self, path: &str) -> Option<Span> {
        let mut path: String =
            path.split('.').map(|name| name.split('[').next().unwrap_or(name)).collect::<Vec<_>>().join(".");
        loop {
            if let Some(span) = self.spans.get(&path) {
                return Some(*span);
            }
            path.truncate(path.rfind('.')?);
        }
    }

    /// Shows problems in the file: each with the path of names that it is about.
    pub fn show<'p>(&self, found: impl IntoIterator<Item = (&'p str, Problem)>) -> Problems {
        let placed = found.into_iter().map(|(path, problem)| match self.span(path) {
            Some(span) => problem.label(span, ""),
            None => problem,
        });
        Problems::new(&self.file_name, &self.text, placed.collect())
    }
}

/// Reads and checks the recipe in a file. Paths of assets are relative to its folder. Warnings are dropped.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load(path: &Path) -> Result<Recipe, Problems> {
    load_checked(path).map(|checked| checked.recipe)
}

/// Reads and checks the recipe in a file, and keeps warnings and places.
///
/// # Errors
/// Everything that is wrong with it, warnings included.
pub fn load_checked(path: &Path) -> Result<Checked, Problems> {
    load_checked_in(path, path.parent().unwrap_or(Path::new("")))
}

/// As [`load_checked`], with paths of assets relative to `root`.
///
/// # Errors
/// Everything that is wrong with it, warnings included.
pub fn load_checked_in(path: &Path, root: &Path) -> Result<Checked, Problems> {
    parse_checked(&read_text(path, LARGEST_FILE)?, &path.display().to_string(), root)
}

/// The text of a file of at most `largest` bytes.
///
/// # Errors
/// It cannot be read, is too large, or is no text.
pub fn read_text(path: &Path, largest: usize) -> Result<String, Problems> {
    let name = path.display().to_string();
    let refuse = |problem: Problem| Problems::new(&name, "", vec![problem]);
    if path.is_dir() {
        return Err(refuse(
            Problem::new("this is a folder, not a recipe").help("name a file such as scenes/tabletop.ron"),
        ));
    }
    let too_large = || refuse(Problem::new(format!("the file is larger than {largest} bytes: this is not a recipe")));
    let io = |error: std::io::Error| {
        refuse(match error.kind() {
            std::io::ErrorKind::NotFound => Problem::new("there is no such file"),
            _ => Problem::new(format!("cannot read it: {error}")),
        })
    };
    // Read through a limit rather than by the file's length: a pipe has none.
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(io)?;
    std::io::Read::read_to_end(&mut std::io::Read::take(file, largest as u64 + 1), &mut bytes).map_err(io)?;
    if bytes.len() > largest {
        return Err(too_large());
    }
    String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|&&b| b == b'\n').count() + 1;
        refuse(Problem::new(format!("the file is not UTF-8 text (line {line})")).help("save it as UTF-8 in the editor"))
    })
}

/// Reads and checks the recipe in a text. `file_name` is for messages; paths of assets are relative to `root`. Warnings
/// are dropped.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(text: &str, file_name: &str, root: &Path) -> Result<Recipe, Problems> {
    parse_checked(text, file_name, root).map(|checked| checked.recipe)
}

/// Reads and checks the recipe in a text, and keeps warnings and places.
///
/// # Errors
/// Everything that is wrong with it, warnings included.
pub fn parse_checked(text: &str, file_name: &str, root: &Path) -> Result<Checked, Problems> {
    if text.len() > LARGEST_FILE {
        let problem = Problem::new(format!("the text is larger than {LARGEST_FILE} bytes: this is not a recipe"));
        return Err(Problems::new(file_name, "", vec![problem]));
    }
    let parsed = syntax::parse(text);
    let mut cx = decode::Context::default();
    let readable = parsed.problems.is_empty();
    parsed.problems.into_iter().for_each(|problem| cx.push(problem));
    // Where brackets do not match, things are not where they were meant to be: anything said about them would mislead.
    let mut recipe = None;
    if parsed.well_nested {
        recipe = decode::recipe(&mut cx, &parsed.root, text).filter(|_| readable);
        let library = check::check(&mut cx, root);
        if let Some(recipe) = &mut recipe {
            recipe.assets = Arc::new(library);
        }
    }
    let problems = cx.report.finish(file_name, text);
    match recipe {
        Some(recipe) if problems.iter().all(|problem| problem.severity == Severity::Warning) => Ok(Checked {
            recipe,
            warnings: problems,
            source_map: SourceMap { file_name: file_name.into(), text: text.into(), spans: cx.spans },
        }),
        _ => Err(problems),
    }
}

/// Every name that the recipe language knows: each struct or variant with its fields.
pub fn vocabulary() -> Vec<(&'static str, Vec<&'static str>)> {
    let forms = decode::forms().into_iter();
    forms.map(|form| (if form.name.is_empty() { form.what } else { form.name }, form.fields().collect())).collect()
}
