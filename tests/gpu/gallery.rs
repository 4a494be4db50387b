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

/// Scenes of each recipe: a few as a rule, more where `SCENEWRIGHT_SOAK` says so (the last thousand of each took some hours on two
/// processors; `docs/performance.md` has the command).
fn clean() -> Result<(), String> {
    let scenes = std::env::var("SCENEWRIGHT_SOAK").ok().and_then(|number| number.parse().ok()).unwrap_or(2);
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
        let selection = Selection { count: Some(scenes), ..Selection::default() };
        let plan = Plan::of_recipe(recipe, root.to_path_buf(), selection).unwrap();
        let (mut frames, before) = (0, wrong.len());
        for index in plan.indices() {
            let subject = plan.subject(index).unwrap();
            for frame in render(&subject.scene) {
                frames += 1;
                let which = format!("{name}, scene {index}, camera {}", frame.camera);
                match annotate(&subject, &frame) {
                    Err(error) => wrong.push(format!("{which}: {error}")),
                    Ok(labels) => wrong.extend(audit(&subject, &frame, &labels).err().map(|e| format!("{which}: {e}"))),
                }
            }
        }
        if scenes > 10 {
            eprintln!("{name}: {frames} frames, {} rejected", wrong.len() - before);
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}
