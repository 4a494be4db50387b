//! The files that a recipe names: are they there, can they be read, and can they stand as they are asked to?

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::super::compose::leads_out;
use super::super::decode::{AssetKind, AssetUse, Context, TakenFacts, listed, nearest, support};
use super::super::diagnostics::{Problem, quoted};
use super::{is_full, load};
use crate::assets::{FileShape, Library, MOST_MEMORY, NotCollected, Taken};
use crate::confine::advice;

/// More of what is left out of a file is not listed.
const MOST_LEFT_OUT: usize = 12;

/// Loads everything that is named; what is wrong goes to `found`, what is not shown of it to `left_out`.
pub(super) fn assets(cx: &Context, root: &Path, found: &mut Vec<Problem>, left_out: &mut Vec<Problem>) -> Library {
    let mut library = cx.library.clone();
    let mut known: BTreeMap<(AssetKind, String), Option<Problem>> = BTreeMap::new();
    let mut told: BTreeSet<String> = BTreeSet::new();
    let mut memory = 0;
    for asset in &cx.findings.assets {
        let files = match asset.kind {
            AssetKind::Collection => match library.collect(root, &asset.path) {
                Ok(files) => files.iter().cloned().collect(),
                Err(error) => {
                    found.push(not_collected(&asset.path, &error).label(asset.span, ""));
                    continue;
                }
            },
            _ => vec![asset.path.clone()],
        };
        let is_model = matches!(asset.kind, AssetKind::Model | AssetKind::Collection);
        for path in files {
            let kind = if is_model { AssetKind::Model } else { asset.kind };
            let outcome = known.entry((kind, path.clone())).or_insert_with(|| {
                let outcome = load(&mut library, root, kind, &path);
                memory += library.memory(&path);
                outcome
            });
            if memory > MOST_MEMORY {
                let message = format!("the files of this recipe take more than {} GiB of memory", MOST_MEMORY >> 30);
                found.push(Problem::at(asset.span, message).help("name fewer, or smaller ones"));
                return library;
            }
            if let Some(problem) = outcome {
                // Many uses and many files: what would not be shown is not made.
                if !is_full(cx, found) {
                    found.push(Problem { labels: Vec::new(), ..problem.clone() }.label(asset.span, ""));
                }
                continue;
            }
            if is_model {
                posed(asset, &path, &library, found);
                if told.insert(path.clone()) {
                    warn(asset, &path, &library, left_out);
                }
            }
        }
    }
    library
}

fn not_collected(pattern: &str, error: &NotCollected) -> Problem {
    let shown = quoted(pattern);
    if let NotCollected::Outside(target) = error {
        return Problem::new(leads_out(pattern, target)).help(advice(&target.join("*")));
    }
    let (message, help) = match error {
        NotCollected::Pattern(reason) => (
            format!("cannot read the pattern \"{shown}\": {reason}"),
            "`*` and `?` stand for letters, `[ab]` for one of some, `**` for any folders",
        ),
        NotCollected::Large => {
            (format!("\"{shown}\" is too much to look through: {error}"), "name a folder that holds fewer")
        }
        NotCollected::Empty | NotCollected::Outside(_) => (
            format!("there is no model that \"{shown}\" stands for"),
            "patterns start in the folder of the recipe: \"parts/*.glb\", \"parts/**/*.stl\", or a folder, \"parts\"; models end with .glb, .gltf, .obj, .ply or .stl",
        ),
    };
    Problem::new(message).help(if pattern.contains('\\') { "part folders by `/`" } else { help })
}

/// Whether the file can stand as it is asked to: at both ends and in the middle of what may vary.
fn posed(asset: &AssetUse, path: &str, library: &Library, found: &mut Vec<Problem>) {
    let Some(facts) = &asset.taken else { return };
    let (animations, morphs) = library.poses(path);
    let mut good = true;
    let mut unknown = |what: &str, name: &str, known: &[String], span| {
        let file = quoted(path);
        let help = match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean \"{}\"?", quoted(near)),
            None if known.is_empty() => format!("it has no {what}s that are named"),
            None => {
                let shown: Vec<String> = known.iter().map(|name| format!("\"{}\"", quoted(name))).collect();
                format!("it has {}", listed(&shown))
            }
        };
        found.push(Problem::at(span, format!("\"{file}\" has no {what} \"{}\"", quoted(name))).help(help));
        good = false;
    };
    if let (Some(name), Some(span)) = (&facts.taken.animation, facts.animation)
        && !animations.contains(name)
    {
        unknown("animation", name, &animations, span);
    }
    for (name, span) in facts.morphs.iter().filter(|(name, _)| !morphs.contains(name)) {
        unknown("morph target", name, &morphs, *span);
    }
    if !good {
        return;
    }
    for share in [0.0, 0.5, 1.0] {
        let shape = FileShape { path: path.to_owned(), taken: at(facts, share) };
        if let Err(reason) = library.file_model(&shape) {
            found.push(Problem::at(asset.span, format!("cannot use \"{}\" so: {reason}", quoted(path))));
            return;
        }
        if facts.taken.is_unposed() {
            return;
        }
    }
}

/// Every number at one share of its range.
fn at(facts: &TakenFacts, share: f64) -> Taken {
    let Taken { unit, up, pivot, fit, animation, time, morphs, playing: _ } = &facts.taken;
    let number = |dist, least: f64, most: f64| {
        let (low, high) = support(dist);
        let (low, high) = (low.clamp(least, most), high.clamp(least, most));
        low + (high - low) * share
    };
    let most = crate::assets::MOST_MORPH;
    Taken {
        unit: *unit,
        up: *up,
        pivot: *pivot,
        fit: *fit,
        animation: animation.clone(),
        time: number(time, 0.0, 1.0),
        morphs: morphs.iter().map(|(name, dist)| (name.clone(), number(dist, -most, most))).collect(),
        playing: None,
    }
}

fn warn(asset: &AssetUse, path: &str, library: &Library, left_out: &mut Vec<Problem>) {
    let warnings = library.models.get(path).map(|model| model.file.warnings.as_slice()).unwrap_or_default();
    if warnings.is_empty() || left_out.len() >= MOST_LEFT_OUT {
        return;
    }
    let message = format!("\"{}\" is shown without {}", quoted(path), warnings.join("; without "));
    left_out.push(Problem::at(asset.span, message).warning());
}
