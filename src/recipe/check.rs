//! Rules between the parts of a recipe: names that refer to each other, groups that stand on each other, files on disk.

mod files;
mod labels;
mod lenses;
mod splits;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::compose::leads_out;
use super::decode::{AssetKind, Context, CountFact, Kinds, LightFacts, LightKind, MOST_INSTANCES, listed, nearest};
use super::diagnostics::{MOST_PROBLEMS, Problem, Span, quoted};
use super::{Recipe, fits};
use crate::assets::{AssetError, Library};
use crate::confine::{Denied, Folder, advice};
use crate::scene::{BOUNCE_LAMPS, MOST_LIGHTS, MOST_SHADOWED_LAMPS, MOST_SUNS};

/// Checks what was found while decoding, and loads the assets. `recipe` is `None` where it could not be decoded.
pub(super) fn check(cx: &mut Context, root: &Path, recipe: Option<&Recipe>) -> Library {
    let mut found = Vec::new();
    leave_out_spare(cx);
    references(cx, &mut found);
    circles(cx, &mut found);
    if found.is_empty() {
        waiting(cx, &mut found);
    }
    instances(cx, &mut found);
    supports(cx, &mut found);
    lights(cx, &mut found);
    let mut left_out = Vec::new();
    let library = files::assets(cx, root, &mut found, &mut left_out);
    labels::errors(cx, &library, &mut found);
    held_out_files(cx, &library, &mut found);
    if let Some(recipe) = recipe.filter(|_| found.is_empty() && !cx.report.has_errors()) {
        lenses::errors(cx, recipe, &library, &mut found);
    }
    if found.is_empty() && !cx.report.has_errors() {
        // Beside a mistake, "unused" is likely a consequence of it.
        if let Some(recipe) = recipe {
            splits::impossible(cx, recipe, &library, &mut found);
        }
        if let Some(recipe) = recipe {
            lenses::warnings(cx, recipe, &library, &mut found);
        }
        unused(cx, &mut found);
        labels::warnings(cx, &library, &mut found);
    }
    found.append(&mut left_out);
    found.into_iter().for_each(|problem| cx.push(problem));
    library
}

/// The files of materials that come from a library and that nothing wears are not loaded: a library is for many recipes.
fn leave_out_spare(cx: &mut Context) {
    let Some(names) = cx.findings.names.get(&Kinds::Material) else { return };
    let references = cx.findings.references.iter().filter(|reference| reference.to == Kinds::Material);
    let used: BTreeSet<&str> = references.map(|reference| reference.name.as_str()).collect();
    let spare = names.iter().filter(|(name, span)| !cx.is_own(**span) && !used.contains(name.as_str()));
    let mut places: BTreeMap<usize, usize> = BTreeMap::new();
    for (name, _) in spare {
        let fields = format!("materials.{name}.");
        let within = cx.spans.range(fields.clone()..).take_while(|(path, _)| path.starts_with(&fields));
        places.extend(within.map(|(_, span)| (span.start, span.end)));
    }
    cx.findings.assets.retain(|asset| {
        let before = places.range(..=asset.span.start).next_back();
        before.is_none_or(|(_, end)| asset.span.start >= *end)
    });
}

/// Whether further problems would not be shown: then none is looked for, as a good message takes work.
fn is_full(cx: &Context, found: &[Problem]) -> bool {
    cx.report.is_full() || found.len() >= MOST_PROBLEMS
}

fn references(cx: &Context, found: &mut Vec<Problem>) {
    for reference in &cx.findings.references {
        // Where the definitions are unreadable, that is reported already.
        let Some(names) = cx.findings.names.get(&reference.to) else { continue };
        if names.contains_key(&reference.name) || is_full(cx, found) {
            continue;
        }
        let (what, field) = match reference.to {
            Kinds::Category => ("category", "categories"),
            Kinds::Material => ("material", "materials"),
            Kinds::Object => ("object", "objects"),
            Kinds::Camera => ("camera", "cameras"),
        };
        const MOST_LISTED: usize = 20; // more than are shown, so that it is seen that there are more
        let known: Vec<String> = names.keys().take(MOST_LISTED).map(|name| format!("\"{}\"", quoted(name))).collect();
        let help = match nearest(&reference.name, names.keys().map(String::as_str)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None if names.is_empty() => format!("there are none: define it in `{field}`"),
            None => format!("define it in `{field}`, or use one of {}", listed(&known)),
        };
        let message = format!("there is no {what} called \"{}\"", quoted(&reference.name));
        found.push(Problem::at(reference.span, message).label(reference.span, format!("not in `{field}`")).help(help));
    }
}

/// Patterns of held out files that no file fits.
fn held_out_files(cx: &Context, library: &Library, found: &mut Vec<Problem>) {
    if cx.findings.held_out_files.is_empty() || cx.report.has_errors() || !found.is_empty() {
        return; // a file that cannot be read is in no library
    }
    for (pattern, span) in &cx.findings.held_out_files {
        let models = library.models.keys().chain(library.textures.keys());
        let mut files =
            models.chain(library.skies.keys()).chain(library.fonts.keys()).chain(library.calibrations.keys());
        if !files.any(|path| fits(pattern, path)) && !is_full(cx, found) {
            let message = format!("no file that this recipe uses fits \"{}\"", quoted(pattern));
            let help = "write the path as the recipe has it; `*` is any text without `/`, `**` any text";
            found.push(Problem::at(*span, message).help(help));
        }
    }
}

/// Each group stands on at most one other, so a walk from any group ends or comes round.
fn circles(cx: &Context, found: &mut Vec<Problem>) {
    let supports = &cx.findings.supports;
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for start in supports.keys() {
        let mut walk: Vec<&str> = Vec::new();
        let mut place: BTreeMap<&str, usize> = BTreeMap::new();
        let mut at = start.as_str();
        while let Some((support, _)) = supports.get(at) {
            if done.contains(at) {
                break;
            }
            if let Some(&first) = place.get(at) {
                found.push(circle(&walk[first..], supports));
                break;
            }
            place.insert(at, walk.len());
            walk.push(at);
            at = support;
        }
        done.extend(walk);
    }
}

/// Groups that wait for each other: one stands on what is placed by another, which stands on it.
fn waiting(cx: &Context, found: &mut Vec<Problem>) {
    let mut needs: BTreeMap<&str, Vec<(&str, Span)>> = BTreeMap::new();
    for (name, (support, span)) in &cx.findings.supports {
        needs.entry(name).or_default().push((support, *span));
    }
    for (name, others) in &cx.findings.relations {
        needs.entry(name).or_default().extend(others.iter().map(|(other, span)| (other.as_str(), *span)));
    }
    // What waits for nothing that waits is done, until nothing changes any more.
    let mut by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, others) in &needs {
        let open = others.iter().filter(|(other, _)| needs.contains_key(other));
        left.insert(name, open.clone().count());
        open.for_each(|(other, _)| by.entry(other).or_default().push(name));
    }
    let mut done: Vec<&str> = left.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name).collect();
    while let Some(name) = done.pop() {
        left.remove(name);
        for other in by.remove(name).unwrap_or_default() {
            let count = left.entry(other).or_default();
            *count -= 1;
            if *count == 0 {
                done.push(other);
            }
        }
    }
    let Some((name, _)) = left.first_key_value() else { return };
    let stuck = needs[name].iter().find(|(other, _)| left.contains_key(other) || other == name);
    let Some((other, span)) = stuck else { return };
    let message = if other == name {
        format!("\"{}\" is placed by itself", quoted(name))
    } else {
        format!("\"{}\" and \"{}\" wait for each other: neither can be placed first", quoted(name), quoted(other))
    };
    found.push(Problem::at(*span, message).help("place one of them by something else"));
}

fn circle(members: &[&str], supports: &BTreeMap<String, (String, Span)>) -> Problem {
    const MOST_SHOWN: usize = 8;
    let spans: Vec<Span> = members.iter().filter_map(|name| supports.get(*name)).map(|(_, span)| *span).collect();
    let first = spans.first().copied().unwrap_or_default();
    if let [alone] = members {
        return Problem::at(first, format!("\"{}\" stands on itself", quoted(alone))).help("name another object");
    }
    let mut names: Vec<String> = members.iter().take(MOST_SHOWN).map(|name| format!("\"{}\"", quoted(name))).collect();
    if members.len() > MOST_SHOWN {
        names.push("...".into());
    }
    names.push(names[0].clone());
    let mut problem = Problem::at(first, format!("these stand on each other in a circle: {}", names.join(" on ")));
    for (name, span) in members.iter().zip(&spans).take(MOST_SHOWN) {
        let support = supports.get(*name).map_or("", |(support, _)| support);
        problem = problem.label(*span, format!("\"{}\" on \"{}\"", quoted(name), quoted(support)));
    }
    problem.help("one of them has to stand elsewhere: use At(..) or InBox(..)")
}

fn instances(cx: &Context, found: &mut Vec<Problem>) {
    let counts = cx.findings.counts.values();
    let total: f64 = counts.clone().map(|count| count.most).sum();
    let largest = counts.max_by(|a, b| a.most.total_cmp(&b.most));
    if let (true, Some(CountFact { place, .. })) = (total > MOST_INSTANCES, largest) {
        let message =
            format!("one scene may hold {total} objects, and more than {MOST_INSTANCES} do not fit into memory");
        found.push(Problem::at(*place, message).label(*place, "the largest count").help("lower the counts"));
    }
}

/// Groups that stand on one which never has anything in it.
fn supports(cx: &Context, found: &mut Vec<Problem>) {
    let counts = &cx.findings.counts;
    let never = |name: &str| counts.get(name).filter(|count| count.most.round() < 1.0);
    for (name, (support, place)) in &cx.findings.supports {
        if let (Some(count), None) = (never(support), never(name)) {
            let message = format!("\"{}\" cannot stand on \"{}\": there is never one", quoted(name), quoted(support));
            let why = if count.most > 0.0 { "this `count` rounds to 0" } else { "this `count` is 0" };
            let problem = Problem::at(*place, message).label(count.place, why);
            let help = format!("raise that `count`, or write `count: 0` for \"{}\" too", quoted(name));
            found.push(problem.help(help));
        }
    }
}

/// What the renderer has room for.
fn lights(cx: &Context, found: &mut Vec<Problem>) {
    use LightKind::{Area, Point, Spot, Sun};
    const DARK: &str = "give some `shadows: false`";
    let around = cx.findings.suns_around;
    let suns = match around {
        0 => "suns".to_owned(),
        1 => "suns, with that of the environment".to_owned(),
        _ => format!("suns, with up to {around} that the environment has"),
    };
    // Without area lights, nobody wants to hear of them.
    let areas = cx.findings.lights.iter().any(|light| light.kind == Area && light.shadows);
    let [points, mut spots] = match areas {
        true => ["point and area lights with shadows", "spots and area lights with shadows"],
        false => ["point lights with shadows", "spots with shadows"],
    };
    let bounce = if cx.findings.bounce { BOUNCE_LAMPS } else { 0 };
    if bounce > 0 {
        spots = match areas {
            true => "spots and area lights with shadows, with those that `bounce` takes",
            false => "spots with shadows, with those that `bounce` takes",
        };
    }
    type Counts = fn(&LightFacts) -> bool;
    let rooms: [(&str, usize, usize, &str, Counts); 4] = [
        (&suns, MOST_SUNS, around, "remove some", |light| light.kind == Sun),
        (points, MOST_SHADOWED_LAMPS, 0, DARK, |light| matches!(light.kind, Point | Area) && light.shadows),
        (spots, MOST_SHADOWED_LAMPS, bounce, DARK, |light| matches!(light.kind, Spot | Area) && light.shadows),
        ("lights", MOST_LIGHTS, around, "remove some", |_| true),
    ];
    let mut told_of_areas = false;
    for (what, most, already, help, counts) in rooms {
        let those = cx.findings.lights.iter().filter(|light| counts(light));
        let number: usize = already + those.clone().map(|light| light.count).sum::<usize>();
        let mut so_far = already;
        let mut those = those.skip_while(|light| {
            so_far += light.count;
            so_far <= most
        });
        // Area lights are counted among points and among spots: once is enough.
        if let Some(light) =
            those.next().filter(|light| most != MOST_SHADOWED_LAMPS || !(told_of_areas && light.kind == Area))
        {
            let message = format!("there are {number} {what}, and a scene has room for {most}");
            let label = if light.count == 1 { "one too many" } else { "too many" };
            found.push(Problem::at(light.span, message).label(light.span, label).help(help));
            told_of_areas |= light.kind == Area;
        }
    }
}

fn unused(cx: &Context, found: &mut Vec<Problem>) {
    for (kind, consequence) in [(Kinds::Material, "no object uses"), (Kinds::Category, "no object belongs to")] {
        let Some(names) = cx.findings.names.get(&kind) else { continue };
        let used: BTreeSet<&str> =
            cx.findings.references.iter().filter(|used| used.to == kind).map(|used| used.name.as_str()).collect();
        for (name, span) in names.iter().filter(|(name, span)| !used.contains(name.as_str()) && cx.is_own(**span)) {
            found.push(Problem::at(*span, format!("{consequence} \"{}\"", quoted(name))).warning());
        }
    }
}

/// Loads one file; says what is wrong with it if it cannot.
fn load(library: &mut Library, root: &Path, kind: AssetKind, path: &str) -> Option<Problem> {
    let shown = quoted(path);
    if path.is_empty() {
        return Some(
            Problem::new("the path of a file may not be empty").help("write it relative to the folder of the recipe"),
        );
    }
    if path.contains("://") {
        return Some(
            Problem::new(format!("\"{shown}\" is an address, not a file")).help("download the file and name it here"),
        );
    }
    let (file, folder) = (root.join(path), library.folder(root));
    let missing = || {
        let problem = Problem::new(format!("there is no file \"{shown}\""));
        let help = match neighbour(&folder, path) {
            _ if path.contains('\\') => "part folders by `/`".into(),
            Some(near) => format!(
                "did you mean \"{}\"? Paths start in the folder of the recipe",
                quoted(&Path::new(path).with_file_name(near).to_string_lossy())
            ),
            None => "paths start in the folder of the recipe".into(),
        };
        problem.help(help)
    };
    if path.contains('\0') {
        return Some(missing());
    }
    match folder.find(path) {
        Ok(_) => {}
        Err(Denied::Missing(_)) => return Some(missing()),
        Err(Denied::Outside { target, .. }) => {
            return Some(Problem::new(leads_out(path, &target)).help(advice(&target)));
        }
        // Not a device or a pipe either: reading one may never end.
        Err(Denied::NotAFile { what, .. }) => return Some(Problem::new(format!("\"{shown}\" {what}"))),
        Err(denied) => return Some(Problem::new(denied.to_string())),
    }
    let outcome = match kind {
        AssetKind::Model | AssetKind::Collection => library.load_model(root, path).map(drop),
        AssetKind::Texture => library.load_texture(root, path).map(drop),
        AssetKind::Sky => library.load_sky(root, path).map(drop),
        AssetKind::Font => library.load_font(root, path).map(drop),
        AssetKind::Calibration => library.load_calibration(root, path).map(drop),
    };
    let reason = match outcome.err()? {
        AssetError::Missing(missing) if missing == file => {
            return Some(Problem::new(format!("there is no file \"{shown}\"")));
        }
        AssetError::Missing(missing) => {
            let name = missing.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let problem = Problem::new(format!("\"{shown}\" refers to \"{}\", which is not there", quoted(&name)));
            return Some(problem.help(format!("it is looked for at {}", missing.display())));
        }
        AssetError::Outside { path: named, target } => {
            let name = named.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let target_shown = quoted(&target.to_string_lossy());
            let problem = Problem::new(format!(
                "\"{shown}\" refers to \"{}\", which is {target_shown} and outside of the folders that this recipe may read",
                quoted(&name)
            ));
            return Some(problem.help(advice(&target)));
        }
        AssetError::Read { source, .. } => format!("cannot read \"{shown}\": {source}"),
        AssetError::Broken { reason, .. } => format!("cannot use \"{shown}\": {reason}"),
    };
    Some(Problem::new(reason))
}

/// The file beside a missing one that was likely meant.
fn neighbour(folder: &Folder, path: &str) -> Option<String> {
    const MOST_FILES: usize = 2000;
    let file = Path::new(path);
    let entries = std::fs::read_dir(folder.resolve(file.parent()?).ok()?).ok()?;
    let mut names: Vec<String> =
        entries.take(MOST_FILES).filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    nearest(file.file_name()?.to_str()?, names.iter().map(String::as_str)).map(str::to_owned)
}
