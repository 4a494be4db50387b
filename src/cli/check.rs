//! `scenewright check`

use scenewright::recipe::Problem;
use scenewright::survey::{Survey, survey};
use std::fmt::Write as _;

use super::args::{CheckArgs, load};
use super::{Failure, print, wanted, warn};

pub(super) fn run(args: &CheckArgs) -> Result<(), Failure> {
    let checked = load(&args.recipe, args.assets.as_deref(), &args.allow_path, &args.set)?;
    if !checked.warnings.is_empty() {
        warn(&checked.warnings);
    }
    let survey = survey(&checked.recipe, args.seed, args.samples)?;
    let mut found = problems(&survey);
    found.extend(wanted::problems(&checked.recipe, &survey));
    if survey.unmet.is_none() {
        print(&summary(&survey))?;
        print(&wanted::summary(&checked.recipe, &survey))?;
    }
    if !found.is_empty() {
        let problems = checked.source_map.show(found.iter().map(|(path, problem)| (path.as_str(), problem.clone())));
        if problems.has_errors() {
            return Err(problems.into());
        }
        warn(&problems);
    }
    Ok(())
}

/// What the dataset will hold, as a table.
fn summary(survey: &Survey) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let scenes = survey.scenes;
    let _ = writeln!(text, "In {scenes} sampled scenes:");
    let width = survey.categories.keys().chain(survey.groups.keys()).map(|name| name.len()).max().unwrap_or(0);
    for (name, count) in &survey.categories {
        let mean = count.total as f64 / scenes.max(1) as f64;
        let _ = writeln!(
            text,
            "  category {name:width$}  {mean:6.1} instances per scene ({} to {}), {} in all",
            count.least, count.most, count.total
        );
    }
    for (name, count) in &survey.groups {
        let missing = count.asked - count.placed;
        let fit = match missing {
            0 => "all found a place".to_owned(),
            _ => format!("{missing} of {} found no place", count.asked),
        };
        let _ = writeln!(text, "  object   {name:width$}  {fit}");
    }
    for ((parameter, value), number) in &survey.names {
        let share = 100.0 * *number as f64 / scenes.max(1) as f64;
        let _ = writeln!(text, "  {parameter} {value}: {number} scenes ({share:.1} %)");
    }
    for (name, number) in &survey.absent {
        let _ = writeln!(text, "  object   {name:width$}  absent from {number} scenes, by `when`");
    }
    text
}

/// What the samples showed to be wrong, by path of names.
fn problems(survey: &Survey) -> Vec<(String, Problem)> {
    let all = survey.scenes + survey.failed;
    let mut found = Vec::new();
    if let Some(failure) = &survey.first_failure {
        let message = format!("{} of {all} scenes cannot be: {failure}", survey.failed);
        let (path, help) = failure.advice().unwrap_or_default();
        found.push((path, Problem::new(message).help(help)));
    }
    for ((camera, object), &scenes) in &survey.cameras_inside {
        let message = format!("camera `{camera}` is inside of `{object}` in {scenes} of {all} scenes");
        let problem = Problem::new(message).help("move the camera further away, or the object");
        let problem = if scenes == all { problem } else { problem.warning() };
        found.push((format!("cameras.{camera}.pose"), problem));
    }
    for (name, count) in &survey.groups {
        if count.asked > 0 && count.placed == 0 {
            let problem = Problem::new(format!("no `{name}` ever finds a place"));
            found.push((format!("objects.{name}.place"), problem.help("is what it stands in or on too small, or is something in the way? What is `At` a place goes first, then in order of name")));
        }
    }
    found
}
