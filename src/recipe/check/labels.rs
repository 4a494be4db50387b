//! Keypoints and see-through materials: what objects, their categories, their glTF files and `outputs` say must agree.

use std::collections::{BTreeMap, BTreeSet};

use super::super::decode::{CategoryFacts, Context, KeypointsAsked, ObjectFacts, listed, nearest};
use super::super::diagnostics::{Problem, quoted};
use super::is_full;
use crate::assets::{Library, Model};

/// Labels may see through materials of files that let through at least this much.
const LEAST_TRANSMISSION: f32 = 0.1;

/// The files that a path or the pattern of a collection stands for.
fn files<'a>(library: &'a Library, path: &'a str) -> Vec<&'a str> {
    match library.collections.get(path) {
        Some(files) => files.iter().map(String::as_str).collect(),
        None => vec![path],
    }
}

/// What is wrong.
pub(super) fn errors(cx: &Context, library: &Library, found: &mut Vec<Problem>) {
    for object in &cx.findings.objects {
        if is_full(cx, found) {
            return;
        }
        match &object.category {
            None => {
                if let Some((_, place)) = object.keypoints.first() {
                    let unlabelled =
                        Problem::at(*place, "only labelled things have keypoints, and this has no category");
                    found.push(unlabelled.help("add `category: \"...\"`, or remove `keypoints`"));
                }
            }
            Some(name) => {
                if let Some(category) = cx.findings.categories.get(name) {
                    unlisted(cx, object, name, category, found);
                }
            }
        }
        see_through(cx, object, library, found);
    }
}

/// Keypoints that the category of their object does not list.
fn unlisted(
    cx: &Context,
    object: &ObjectFacts,
    category_name: &str,
    category: &CategoryFacts,
    found: &mut Vec<Problem>,
) {
    let Some(known) = &category.keypoints else { return };
    let set: BTreeSet<&str> = known.iter().map(String::as_str).collect();
    let category_name = quoted(category_name);
    for (name, place) in object.keypoints.iter().filter(|(name, _)| !set.contains(name.as_str())) {
        if is_full(cx, found) {
            return;
        }
        let shown = quoted(name);
        let help = match nearest(name, set.iter().copied()) {
            Some(near) => format!("did you mean \"{}\"? Or add it to the category's `keypoints`", quoted(near)),
            None if known.is_empty() => {
                format!("add `keypoints: [\"{shown}\", ...]` to the category \"{category_name}\"")
            }
            None => {
                let known: Vec<String> = known.iter().map(|name| format!("\"{}\"", quoted(name))).collect();
                format!("add it to the category's `keypoints`, or use one of {}", listed(&known))
            }
        };
        let message = format!("the category \"{category_name}\" has no keypoint \"{shown}\"");
        found.push(Problem::at(*place, message).label(category.place, "not listed here").help(help));
    }
}

fn see_through(cx: &Context, object: &ObjectFacts, library: &Library, found: &mut Vec<Problem>) {
    let Some((_, first)) = object.see_through.first() else { return };
    if object.models.is_empty() {
        let message = "only a glTF file has materials of its own to see through, and this shape is none";
        let help = "remove `see_through`; in a material of the recipe write `labels: SeeThrough`";
        found.push(Problem::at(*first, message).help(help));
        return;
    }
    if let Some(material) = object.material {
        let message = "`material` replaces the materials of the glTF file, so that none is left to see through";
        let problem = Problem::at(*first, message).label(material, "replaces them");
        found.push(problem.help("remove `see_through`, and write `labels: SeeThrough` in that material"));
        return;
    }
    let files: Vec<&str> = object.models.iter().flat_map(|(path, _)| files(library, path)).collect();
    let models: Vec<&Model> = files.iter().filter_map(|path| library.models.get(*path)).map(AsRef::as_ref).collect();
    if models.len() < files.len() {
        return; // That one of them cannot be loaded is said already.
    }
    // Whether each blends: one material may be in several files.
    let mut materials: BTreeMap<&str, bool> = BTreeMap::new();
    for part in models.iter().flat_map(|model| &model.parts) {
        *materials.entry(&part.material.name).or_default() |=
            part.material.blend || part.material.transmission >= LEAST_TRANSMISSION;
    }
    materials.remove("");
    for (name, place) in &object.see_through {
        if is_full(cx, found) {
            return;
        }
        let shown = quoted(name);
        match materials.get(name.as_str()) {
            Some(true) => {}
            Some(false) => {
                let message = format!("labels may not see through \"{shown}\", which is opaque in the glTF file");
                let help = "export it with the alpha mode BLEND, or remove it here";
                found.push(Problem::at(*place, message).help(help));
            }
            None => {
                let known: Vec<String> = materials.keys().map(|name| format!("\"{}\"", quoted(name))).collect();
                let help = match nearest(name, materials.keys().copied()) {
                    Some(near) => format!("did you mean \"{}\"?", quoted(near)),
                    None if known.is_empty() => {
                        "its materials have no names: give them some, and export it again".into()
                    }
                    None => format!("it has {}", listed(&known)),
                };
                found.push(Problem::at(*place, format!("the glTF file has no material \"{shown}\"")).help(help));
            }
        }
    }
}

/// What has no effect, or lacks one: only of a recipe without mistakes, which could be the cause.
pub(super) fn warnings(cx: &Context, library: &Library, found: &mut Vec<Problem>) {
    let categories = &cx.findings.categories;
    let points_of = |path: &str| library.models.get(path).map(|model| &model.keypoints);
    // For each category the keypoints that some object of it has.
    let mut had: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut told: BTreeSet<(&str, &str)> = BTreeSet::new();
    for object in &cx.findings.objects {
        let known: BTreeSet<&str> = object
            .category
            .as_ref()
            .and_then(|name| categories.get(name)?.keypoints.as_ref())
            .map_or(BTreeSet::new(), |names| names.iter().map(String::as_str).collect());
        let mut points: BTreeSet<&str> = object.keypoints.iter().map(|(name, _)| name.as_str()).collect();
        for (path, place) in
            object.models.iter().flat_map(|(path, place)| files(library, path).into_iter().map(move |p| (p, place)))
        {
            let in_file: BTreeSet<&str> =
                points_of(path).into_iter().flat_map(|points| points.keys()).map(String::as_str).collect();
            if let Some(category) = &object.category
                && told.insert((category, path))
            {
                let left: Vec<String> =
                    in_file.difference(&known).map(|name| format!("\"{}\"", quoted(name))).collect();
                if !left.is_empty() {
                    let message = format!(
                        "this file has keypoints that the category \"{}\" does not list: {}",
                        quoted(category),
                        listed(&left)
                    );
                    found.push(
                        Problem::at(*place, message)
                            .warning()
                            .help("to use them, add them to the category's `keypoints`"),
                    );
                }
            }
            points.extend(in_file.intersection(&known));
        }
        if let (Some(place), true) = (object.keypoint_tolerance, points.is_empty()) {
            let message = format!("`keypoint_tolerance` does nothing: \"{}\" has no keypoints", quoted(&object.name));
            found.push(Problem::at(place, message).warning().help("remove it, or add `keypoints`"));
        }
        if let Some(category) = &object.category {
            had.entry(category).or_default().extend(points);
        }
    }
    let mut with_keypoints = None;
    for (name, category) in categories {
        let names = category.keypoints.as_deref().unwrap_or_default();
        if names.is_empty() {
            continue;
        }
        with_keypoints = with_keypoints.or(Some((name, category.place)));
        // That nothing belongs to a category is told elsewhere.
        let Some(had) = had.get(name.as_str()) else { continue };
        let lacking: Vec<&String> = names.iter().filter(|point| !had.contains(point.as_str())).collect();
        if let Some(first) = lacking.first() {
            let shown: Vec<String> = lacking.iter().map(|name| format!("\"{}\"", quoted(name))).collect();
            let plural = if shown.len() > 1 { "s" } else { "" };
            let message =
                format!("no object of the category \"{}\" has the keypoint{} {}", quoted(name), plural, listed(&shown));
            let help = format!(
                "add it to an object: keypoints: {{ \"{0}\": Local(0, 0, 0) }}; or call a node of its glTF file \"kp_{0}\"",
                quoted(first)
            );
            found.push(Problem::at(category.place, message).warning().help(help));
        }
    }
    match (cx.findings.keypoints_asked, with_keypoints) {
        (KeypointsAsked::ByName(place), None) => {
            let help = "add `keypoints: [\"...\"]` to a category, or remove this";
            found.push(Problem::at(place, "no category has keypoints").warning().help(help));
        }
        (KeypointsAsked::No(list), Some((name, place))) => {
            let message =
                format!("the keypoints of \"{}\" are not written: `outputs` does not ask for them", quoted(name));
            let mut problem = Problem::at(place, message).warning();
            if let Some(list) = list {
                problem = problem.label(list, "no `Keypoints` here");
            }
            let help =
                if list.is_some() { "add `Keypoints` to `outputs`" } else { "add `outputs: [Ids, Depth, Keypoints]`" };
            found.push(problem.help(help));
        }
        _ => {}
    }
}
