//! The audit finds nothing wrong with frames that are right, whatever is in them, with every output there is.

use scenewright::annotate::annotate;
use scenewright::audit::audit;
use scenewright::plan::{Plan, Selection};
use scenewright::scene::Output;
use std::path::Path;

use crate::harness::{Case, gallery_recipe, render};

pub(crate) fn cases() -> Vec<Case> {
    vec![("the_audit_passes_every_frame_of_the_gallery", clean)]
}

/// At least so many frames of each recipe: a few as a rule, more where `SCENEWRIGHT_SOAK` says so.
fn clean() -> Result<(), String> {
    let wanted = std::env::var("SCENEWRIGHT_SOAK").ok().and_then(|number| number.parse().ok());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names: Vec<String> = std::fs::read_dir(root.join("scenes"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".ron"))
        .collect();
    names.sort();
    let mut wrong = Vec::new();
    for name in &names {
        let mut recipe = gallery_recipe(name, 320);
        recipe.labels.outputs = Output::ALL.into();
        let scenes = wanted.unwrap_or(2_u64).div_ceil(recipe.cameras.len() as u64);
        let selection = Selection { count: Some(scenes), ..Selection::default() };
        let plan = Plan::of_recipe(recipe, root.to_path_buf(), selection).unwrap();
        let (mut frames, before) = (0, wrong.len());
        for index in plan.indices() {
            let subject = plan.subject(index).unwrap();
            for frame in render(&subject.scene) {
                frames += 1;
                let verdict = annotate(&subject, &frame)
                    .map_err(|error| error.to_string())
                    .and_then(|labels| audit(&subject, &frame, &labels).map_err(|error| error.to_string()));
                if let Err(error) = verdict {
                    wrong.push(format!("{name}, scene {index}, camera {}: {error}", frame.camera));
                    if wanted.is_some() {
                        eprintln!("{}", wrong[wrong.len() - 1]);
                    }
                }
            }
        }
        if wanted.is_some() {
            eprintln!("{name}: {frames} frames, {} rejected", wrong.len() - before);
        }
    }
    assert!(!names.is_empty(), "there is no gallery");
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}
