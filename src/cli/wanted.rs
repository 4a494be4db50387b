//! What was asked for beside what there is: redraws, contracts, splits.

use scenewright::recipe::{HeldOut, Problem, Recipe, fits};
use scenewright::scene::contract::Kept;
use scenewright::scene::split::Used;
use scenewright::survey::Survey;
use std::fmt::Write as _;

/// How often scenes were drawn again and why, what contracts are estimated to come to, and how large splits are.
pub(super) fn summary(recipe: &Recipe, survey: &Survey) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail, here and below.
    let redrawn: u64 = survey.redrawn.values().sum();
    if redrawn > 0 {
        let draws = survey.scenes + redrawn;
        let _ = writeln!(
            text,
            "Of {draws} draws, {} were taken ({:.1} %). The others were not because",
            survey.scenes,
            percent(survey.scenes, draws)
        );
        for (reason, &times) in &survey.redrawn {
            let _ = writeln!(text, "  {:5.1} %  {reason}", percent(times, draws));
        }
    }
    if let Some(pilot) = &survey.pilot {
        let _ = writeln!(
            text,
            "Contracts, estimated from {} scenes of {} draws; 1 of {:.1} such scenes is taken:",
            pilot.scenes,
            pilot.drawn,
            1.0 / pilot.acceptance.max(1e-9)
        );
        for (before, after) in &pilot.contracts {
            text.push_str(&contract(after, Some(before)));
        }
    }
    if let Some(splits) = &recipe.wanted.splits {
        let _ = writeln!(text, "Splits:");
        for (name, share) in &splits.shares {
            let scenes = survey.splits.get(name).map_or(0, |occurred| occurred.scenes);
            let _ = writeln!(text, "  {name}  {:.1} % asked, {scenes} of {} scenes", 100.0 * share, survey.scenes);
        }
    }
    text
}

/// A contract's shares, asked beside achieved; `before` is what there would be without it.
pub(super) fn contract(kept: &Kept, before: Option<&Kept>) -> String {
    let mut text = String::new();
    let chance = before.map_or(String::new(), |_| format!(", known to about {:.1} %", 100.0 * kept.chance));
    let verdict = match (kept.is_met(), kept.off <= kept.within + kept.chance) {
        (true, _) => "met".to_owned(),
        (_, true) => format!("within what chance may do to {:.0}", kept.total),
        _ => "missed".to_owned(),
    };
    let _ = writeln!(
        text,
        "  {}: {verdict}; off by {:.1} %, may be by {:.1} %{chance}",
        kept.name,
        100.0 * kept.off,
        100.0 * kept.within
    );
    let width = kept.of.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    for (k, name) in kept.of.iter().enumerate() {
        let before =
            before.map_or(String::new(), |before| format!("  ({:.1} % without it)", 100.0 * before.achieved[k]));
        let _ = writeln!(
            text,
            "    {name:width$}  asked {:5.1} %  has {:5.1} %{before}",
            100.0 * kept.asked[k],
            100.0 * kept.achieved[k]
        );
    }
    text
}

/// Contracts that cannot be met, and what is held out and never there, by path of names.
pub(super) fn problems(recipe: &Recipe, survey: &Survey) -> Vec<(String, Problem)> {
    let mut found = Vec::new();
    if let Some(unmet) = &survey.unmet {
        let (path, what) = match unmet.contract.as_str() {
            "" => ("coverage".to_owned(), "what `coverage` asks for".to_owned()),
            name => (format!("coverage.{name}"), format!("\"{name}\"")),
        };
        let message = format!("{what} cannot be met: {}", unmet.reason);
        found.push((path, Problem::new(message).help(unmet.help.clone())));
        return found;
    }
    let Some(splits) = &recipe.wanted.splits else { return found };
    for (name, things) in &splits.held_out {
        let Some(occurred) = survey.splits.get(name) else { continue };
        let used = occurred.used();
        for thing in things.iter().filter(|thing| !is_there(thing, &used)) {
            let what = match thing {
                HeldOut::Asset(pattern) => format!("no file of \"{pattern}\""),
                HeldOut::Material(material) => format!("no \"{material}\""),
                HeldOut::Object(object) => format!("no \"{object}\""),
                HeldOut::Region { .. } => continue,
            };
            let message =
                format!("{what} is in any of the {} scenes of `{name}` that it is held out for", occurred.scenes);
            let problem = Problem::new(message).warning().help("sample more scenes, or make it more likely");
            found.push((format!("splits.held_out.{name}"), problem));
        }
    }
    found
}

fn is_there(thing: &HeldOut, used: &Used) -> bool {
    match thing {
        HeldOut::Asset(pattern) => used.assets.iter().any(|path| fits(pattern, path)),
        HeldOut::Material(name) => used.materials.contains(name),
        HeldOut::Object(name) => used.objects.contains(name),
        HeldOut::Region { .. } => true,
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}
