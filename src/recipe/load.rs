//! The way in: a file or a text becomes a checked recipe, or everything that is wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::compose::{self, Composed, Origin};
use super::diagnostics::{MOST_PROBLEMS, Problem, Problems, Severity, Sources, Span};
use super::syntax::Node;
use super::{Recipe, VariantRecipe, check, decode};
use crate::assets::Library;
use crate::confine::Allowed;

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

/// Where each path of names is in the recipe's files, so that what is found out later can be shown there.
#[derive(Debug, Clone)]
pub struct SourceMap {
    sources: Sources,
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
        Problems::in_sources(self.sources.clone(), placed.collect())
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
    load_set(path, root, &[])
}

/// As [`load_checked_in`], with values of the recipe replaced: `objects.mugs.count=5`.
///
/// # Errors
/// Everything that is wrong with it, or with what is set, warnings included.
pub fn load_set(path: &Path, root: &Path, set: &[String]) -> Result<Checked, Problems> {
    load_allowing(path, root, set, &Allowed::default())
}

/// As [`load_set`], with what its files may be beside those of its own folder and project, and those in `root`.
///
/// # Errors
/// As [`load_set`].
pub fn load_allowing(path: &Path, root: &Path, set: &[String], allowed: &Allowed) -> Result<Checked, Problems> {
    parse_allowing(&read_text(path, LARGEST_FILE)?, path, root, set, allowed)
}

/// As [`load_allowing`], of a text that was read from the file at `path`.
///
/// # Errors
/// As [`load_set`].
pub fn parse_allowing(
    text: &str,
    path: &Path,
    root: &Path,
    set: &[String],
    allowed: &Allowed,
) -> Result<Checked, Problems> {
    let folder = path.parent().unwrap_or(Path::new(""));
    read(Origin { text, file_name: &path.display().to_string(), folder, set, allowed }, root)
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
    read(Origin { text, file_name, folder: root, set: &[], allowed: &Allowed::default() }, root)
}

fn read(origin: Origin<'_>, root: &Path) -> Result<Checked, Problems> {
    if origin.text.len() > LARGEST_FILE {
        let problem = Problem::new(format!("the text is larger than {LARGEST_FILE} bytes: this is not a recipe"));
        return Err(Problems::new(origin.file_name, "", vec![problem]));
    }
    // What the user named: where the recipe is, and where its assets are.
    let allowed = origin.allowed.and(origin.folder).and(root);
    let origin = Origin { allowed: &allowed, ..origin };
    let mut composed = compose::compose(origin);
    let readable = composed.problems.is_empty();
    let problems = std::mem::take(&mut composed.problems);
    let mut found = Found { problems, omitted: 0, spans: BTreeMap::new() };
    // Where brackets do not match, things are not where they were meant to be: anything said about them would mislead.
    let recipe = if composed.well_nested { whole(&mut composed, origin, root, &mut found) } else { None };
    let Found { problems, omitted, spans } = found;
    let problems = Problems::in_sources(composed.sources, problems).and_more(omitted);
    match recipe.filter(|_| readable) {
        Some(recipe) if problems.iter().all(|problem| problem.severity == Severity::Warning) => {
            let source_map = SourceMap { sources: problems.sources().clone(), spans };
            Ok(Checked { recipe, warnings: problems, source_map })
        }
        _ => Err(problems),
    }
}

/// What was found out about a recipe.
struct Found {
    problems: Vec<Problem>,
    /// How many more there were.
    omitted: usize,
    spans: BTreeMap<String, Span>,
}

/// The recipe with all its variants.
fn whole(composed: &mut Composed, origin: Origin<'_>, root: &Path, all: &mut Found) -> Option<Recipe> {
    let Found { problems, omitted, spans } = all;
    let size = origin.text.len() + composed.files.iter().map(|file| file.text.len()).sum::<usize>();
    let variants = compose::split(&mut composed.root, size, problems);
    let names: BTreeSet<String> = variants.iter().map(|variant| variant.name.clone()).collect();
    let elsewhere = [(decode::Kinds::Object, "objects"), (decode::Kinds::Material, "materials")];
    let elsewhere: BTreeMap<_, _> = elsewhere.map(|(kind, field)| (kind, compose::names(&variants, field))).into();
    let mut one = |node: &Node, library: Library| {
        let mut node = node.clone();
        let mut found = Vec::new();
        compose::inherit(&mut node, &mut found);
        let mut cx = decode::Context::default();
        cx.folders.clone_from(&composed.folders);
        cx.library = library;
        cx.has_variants(&names);
        cx.elsewhere.clone_from(&elsewhere);
        let recipe = decode::recipe(&mut cx, &node, origin.text);
        let library = check::check(&mut cx, root, recipe.as_ref());
        for (path, span) in std::mem::take(&mut cx.spans) {
            spans.entry(path).or_insert(span);
        }
        *omitted += cx.report.omitted();
        let is_whole = found.is_empty();
        found.extend(cx.report.take());
        (recipe.filter(|_| is_whole), library, found)
    };
    let finish = |mut recipe: Recipe, library: Arc<Library>| {
        recipe.assets = library;
        recipe.files.clone_from(&composed.files);
        recipe.set = origin.set.to_vec();
        recipe
    };
    if variants.is_empty() {
        let (recipe, library, found) = one(&composed.root, Library::allowing(origin.allowed.clone()));
        problems.extend(found);
        return recipe.map(|recipe| finish(recipe, Arc::new(library)));
    }
    let mut library = Library::allowing(origin.allowed.clone());
    let mut read = Vec::new();
    let mut warnings: Option<Vec<Problem>> = None;
    for variant in &variants {
        let mut cx = decode::Context::default();
        let weight = decode::variant_weight(&mut cx, &variant.name, variant.place, &variant.written);
        let (recipe, loaded, mut found) = one(&variant.root, library);
        library = loaded;
        found.extend(cx.report.take());
        let (errors, own): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| found.severity == Severity::Error);
        for error in errors {
            // What is wrong with the part that variants share is told once.
            if problems.len() < 2 * MOST_PROBLEMS && !problems.contains(&error) {
                problems.push(error);
            }
        }
        // A part is without effect where it has none in any variant.
        warnings = Some(match warnings {
            None => own,
            Some(before) => before.into_iter().filter(|warning| own.contains(warning)).collect(),
        });
        read.push((variant, weight, recipe));
    }
    problems.extend(warnings.unwrap_or_default());
    let library = Arc::new(library);
    let mut recipes = Vec::new();
    for (variant, weight, recipe) in read {
        recipes.push(VariantRecipe {
            name: variant.name.clone(),
            weight: weight?,
            recipe: finish(recipe?, library.clone()),
        });
    }
    let mut recipe = recipes.first()?.recipe.clone();
    for (other, variant) in recipes.iter().zip(&variants) {
        if !other.recipe.cameras.keys().eq(recipe.cameras.keys()) {
            let problem =
                Problem::at(variant.place, format!("variant \"{}\" has other cameras than the rest", variant.name));
            problems
                .push(problem.help(
                    "every scene has the same cameras, so that images can be counted: change their values alone",
                ));
            return None;
        }
    }
    recipe.variants = recipes;
    Some(recipe)
}

/// Every name that the recipe language knows: each struct or variant with its fields.
pub fn vocabulary() -> Vec<(&'static str, Vec<&'static str>)> {
    let forms = decode::forms().into_iter();
    forms.map(|form| (if form.name.is_empty() { form.what } else { form.name }, form.fields().collect())).collect()
}
