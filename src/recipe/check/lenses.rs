//! Lenses: calibrations that are for other images, outputs that a lens has not, corners that it does not reach.
//!
//! Numbers that vary are looked at at both ends of their ranges and in the middle.

use std::collections::BTreeSet;

use glam::DVec2;

use super::super::decode::{Context, support};
use super::super::diagnostics::{Problem, Span, quoted};
use super::super::{CameraRecipe, LensRecipe, Optics, Recipe, Scalar, Varied};
use super::is_full;
use crate::assets::Library;
use crate::scene::{Lens, Output};

/// More files of one camera than this are not tried.
const MOST_FILES: usize = 64;

fn texts<'a>(text: &'a Varied<String>, all: &mut BTreeSet<&'a str>) {
    if let Varied::One(one) = text {
        all.insert(one);
    }
    text.options().into_iter().for_each(|option| texts(option, all));
}

/// What the lens of a camera may be.
fn lenses(camera: &CameraRecipe, recipe: &Recipe, library: &Library) -> Vec<Result<Optics, (String, String)>> {
    let mut files = BTreeSet::new();
    match &camera.lens {
        LensRecipe::Calibration { path, .. } => texts(path, &mut files),
        _ => drop(files.insert("")),
    }
    let shares = [0.0, 0.5, 1.0];
    let each = files.into_iter().take(MOST_FILES).flat_map(|file| shares.map(|share| (file, share)));
    each.map(|(file, share)| {
        let mut number = |dist: &Scalar, _: &[&str]| {
            let (low, high) = support(dist);
            let (low, high) = (low.clamp(-1e9, 1e9), high.clamp(-1e9, 1e9));
            low + (high - low) * share
        };
        let optics = camera.optics(&recipe.image, library, &mut number, &mut |_, _| file.to_owned());
        optics.map_err(|reason| (file.to_owned(), reason))
    })
    .collect()
}

fn ready(optics: &Optics) -> Lens {
    Lens::new(DVec2::from(optics.focal), DVec2::from(optics.principal), optics.model)
}

fn place(cx: &Context, name: &str, field: &str) -> Option<Span> {
    cx.spans.get(&format!("cameras.{name}.{field}")).copied()
}

/// Lenses that cannot be, and outputs that they have not.
pub(super) fn errors(cx: &Context, recipe: &Recipe, library: &Library, found: &mut Vec<Problem>) {
    let (width, height) = (recipe.image.width, recipe.image.height);
    for (name, camera) in &recipe.cameras {
        if is_full(cx, found) {
            return;
        }
        let span = place(cx, name, "lens").unwrap_or_default();
        let optics = lenses(camera, recipe, library);
        if let Some((file, reason)) = optics.iter().find_map(|optics| optics.as_ref().err()) {
            found.push(Problem::at(span, format!("cannot use \"{}\": {reason}", quoted(file))));
            continue;
        }
        let sideways = optics.iter().flatten().any(|optics| ready(optics).sees_sideways(width, height));
        if sideways && recipe.labels.wants(Output::Depth) {
            let message =
                format!("camera \"{}\" sees 90 degrees off its axis, where there is no `Depth` along it", quoted(name));
            let help = "ask for the distance to the camera instead: outputs: [Ids, Range]";
            found.push(Problem::at(span, message).label(span, "sees sideways").help(help));
        }
    }
}

/// Lenses that leave corners of the image black.
pub(super) fn warnings(cx: &Context, recipe: &Recipe, library: &Library, found: &mut Vec<Problem>) {
    let (width, height) = (recipe.image.width, recipe.image.height);
    for (name, camera) in &recipe.cameras {
        let lenses = lenses(camera, recipe, library).into_iter().flatten().map(|optics| ready(&optics));
        let short = lenses.filter(|lens| lens.ended_by().is_some() && lens.ends_within(width, height));
        let Some(lens) = short.min_by(|a, b| a.reach().total_cmp(&b.reach())) else { continue };
        let culprit = lens.ended_by().unwrap_or_default();
        let degrees = lens.reach().to_degrees();
        let message = format!(
            "the corners of camera \"{}\" show nothing: its `{culprit}` would fold the picture back {degrees:.1} degrees off the \
             axis, so that the lens ends there",
            quoted(name)
        );
        let span = place(cx, name, "distortion").or_else(|| place(cx, name, "lens")).unwrap_or_default();
        let help = match camera.lens {
            LensRecipe::Calibration { .. } => {
                "such coefficients fit only the middle of the image: calibrate with views that fill the corners"
                    .to_owned()
            }
            _ => format!("bring `{culprit}` nearer to 0, balance it with the next coefficient, or narrow the lens"),
        };
        found.push(Problem::at(span, message).warning().help(help));
    }
}
