//! The shape of the source: who may know whom, and that what docs/architecture.md and the README say of it is so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use scenewright::recipe::{Drawing, parse};
use scenewright::scene::sample;

/// For each module, the modules that it may import from: those left of it on the line.
///
/// `mesh`, `assets` and `recipe` may also name plain data of `scene` (see [`PLAIN_DATA`]): a shape is the same thing before and after
/// sampling, and so are a category and the size of an image.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("confine", &[]),
    ("image", &[]),
    ("frame", &["image"]),
    ("mesh", &["assets", "scene"]),
    ("assets", &["confine", "image", "mesh", "make", "paint", "scene", "solid"]),
    ("make", &["image", "mesh", "assets", "recipe", "scene"]),
    ("paint", &["image", "assets", "make", "recipe", "scene"]),
    ("recipe", &["confine", "assets", "make", "paint", "scene", "sensor"]),
    ("sensor", &["image", "frame", "recipe", "scene"]),
    ("solid", &["mesh", "assets", "scene"]),
    ("scene", &["image", "mesh", "assets", "make", "paint", "recipe", "sensor", "solid"]),
    ("bounce", &["mesh", "assets", "scene", "solid"]),
    ("annotate", &["image", "frame", "mesh", "assets", "scene", "solid"]),
    ("audit", &["image", "frame", "mesh", "assets", "scene", "annotate"]),
    ("write", &["image", "frame", "assets", "recipe", "scene", "sensor", "annotate", "audit"]),
    ("preview", &["image", "frame", "scene", "annotate"]),
    ("plan", &["confine", "assets", "recipe", "scene", "annotate"]),
    ("survey", &["mesh", "recipe", "scene"]),
    ("render", &["image", "frame", "mesh", "assets", "scene", "bounce"]),
    ("prepare", &["scene", "annotate", "plan"]),
    ("run", &["annotate", "scene", "write", "plan", "prepare", "render"]),
    ("cli", &[]), // it is in the binary, and uses the library from outside
];

/// Modules that may name types of `scene`, but nothing of it that does something.
const PLAIN_DATA: [&str; 3] = ["mesh", "assets", "recipe"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

fn files_in(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut left = vec![root().join(folder)];
    let mut found = Vec::new();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(path.read_dir().unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path.strip_prefix(root()).unwrap().to_path_buf());
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no .{extension} in {folder}");
    found
}

/// `src/recipe/check.rs` and `src/recipe.rs` are of the module `recipe`.
fn module(file: &Path) -> String {
    let second = file.components().nth(1).unwrap().as_os_str().to_str().unwrap();
    second.trim_end_matches(".rs").to_owned()
}

/// Source without line comments, so that a doc link is no import.
fn code(file: &Path) -> String {
    text(file).lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// What follows each `crate::`, as (module, rest of the path up to the end of its statement).
fn imports(code: &str) -> Vec<(String, String)> {
    code.split("crate::")
        .skip(1)
        .map(|rest| {
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let rest = rest[name.len()..].split([';', '(']).next().unwrap();
            (name, rest.trim_start_matches("::").to_owned())
        })
        .collect()
}

#[test]
fn modules_import_only_from_their_left() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let mut seen = BTreeSet::new();
    for file in files_in("src", "rs") {
        let from = module(&file);
        if from == "lib" || from == "main" {
            continue;
        }
        let allowed = allowed
            .get(from.as_str())
            .unwrap_or_else(|| panic!("{}: say in tests/cpu/layering.rs what it may import", file.display()));
        for (to, what) in imports(&code(&file)) {
            assert!(
                to == from || allowed.contains(&to.as_str()),
                "{}: `{from}` may not import from `{to}`",
                file.display()
            );
            if to == "scene" && PLAIN_DATA.contains(&from.as_str()) {
                let mut words = what.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
                assert!(
                    words.all(|word| word.starts_with(char::is_uppercase)),
                    "{}: `{from}` may name types of `scene` only: {what}",
                    file.display()
                );
            }
        }
        seen.insert(from);
    }
    let listed: BTreeSet<String> = MAY_IMPORT.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(seen, listed, "modules that are, and modules that are listed here");
}

#[test]
fn only_the_renderer_knows_bevy() {
    for file in files_in("src", "rs") {
        if module(&file) == "render" {
            continue;
        }
        let code = code(&file);
        let words: BTreeSet<&str> = code.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        // `bevy_mikktspace` stands alone: it draws in nothing of Bevy.
        for word in words {
            let of_bevy = word == "bevy" || word == "wgpu" || (word.starts_with("bevy_") && word != "bevy_mikktspace");
            assert!(!of_bevy, "{}: names `{word}`", file.display());
        }
    }
}

#[test]
fn every_shader_is_in_the_program() {
    let sources: String = files_in("src", "rs").iter().map(|file| code(file)).collect();
    for shader in files_in("shaders", "wgsl") {
        let name = shader.to_str().unwrap();
        assert!(
            sources.contains(&format!("{name}\")")) && sources.contains("include_str!"),
            "{name} is not embedded by src/"
        );
    }
}

/// Words in backquotes that are paths: they have a slash or an extension that is ours.
fn paths(page: &str) -> BTreeSet<&str> {
    let quoted = page.split('`').skip(1).step_by(2);
    quoted
        .filter(|word| !word.contains(char::is_whitespace) && !word.contains("::") && !word.contains('*'))
        .filter(|word| word.contains('/') || [".rs", ".md", ".toml"].iter().any(|end| word.ends_with(end)))
        .collect()
}

#[test]
fn every_path_in_the_architecture_page_is_there() {
    let page = text("docs/architecture.md");
    let paths = paths(&page);
    assert!(paths.len() > 20, "{paths:?}");
    for path in paths {
        assert!(root().join(path).exists(), "docs/architecture.md names `{path}`, which is not there");
    }
}

#[test]
fn every_link_in_a_page_leads_somewhere() {
    for page in
        files_in("docs", "md").into_iter().chain(["README.md", "CONTRIBUTING.md", "tests/README.md"].map(PathBuf::from))
    {
        for rest in text(&page).split("](").skip(1) {
            let target = rest.split([')', '#']).next().unwrap();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let path = root().join(&page).parent().unwrap().join(target);
            assert!(path.exists(), "{}: links to {target}, which is not there", page.display());
        }
    }
}

/// The README shows the recipe that quickstart renders, so that what is on the first page is what is on the disk.
#[test]
fn the_recipe_in_the_readme_gives_the_scenes_of_the_tabletop_recipe() {
    let page = text("README.md");
    let block = page.split("```ron\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let read = |text: &str, name: &str| match parse(text, name, &root().join("scenes")) {
        Ok(recipe) => recipe,
        Err(problems) => panic!("{}", problems.render(Drawing::Plain)),
    };
    let shown = read(block, "README.md");
    let stored = read(&text("scenes/tabletop.ron"), "scenes/tabletop.ron");
    for index in 0..20 {
        assert_eq!(sample(&shown, 0, index).unwrap(), sample(&stored, 0, index).unwrap());
    }
}
