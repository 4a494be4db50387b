//! The audit finds nothing wrong with frames that are right, whatever is in them, with every output there is.

use scenewright::annotate::{Subject, annotate};
use scenewright::audit::audit;
use scenewright::frame::Frame;
use scenewright::plan::{Plan, Selection};
use scenewright::recipe::parse;
use scenewright::scene::{LensModel, Output};
use std::path::Path;

use crate::harness::{Case, gallery, gallery_recipe, render, render_after};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("the_audit_passes_every_frame_of_the_gallery", clean),
        ("the_audit_passes_the_gallery_through_lenses_that_bend_lines", bent),
        ("the_audit_passes_rounded_edges_narrower_than_a_pixel", narrow_edges),
    ]
}

fn verdict(subject: &Subject, frame: &Frame) -> Result<(), String> {
    let labels = annotate(subject, frame).map_err(|error| error.to_string())?;
    audit(subject, frame, &labels).map_err(|error| error.to_string())
}

/// The rounding of this board is 2 mm wide, in six bands, seen from 75 cm: bands of a third of a pixel, whose coordinates a rasteriser
/// interpolates with slopes of few bits. They were no strays where the bound for evenness took them for plane.
fn narrow_edges() -> Result<(), String> {
    let text = r#"(
        version: 1, name: "edges", image: (width: 640, height: 480), outputs: [Nocs], categories: [(id: 1, name: "x")],
        objects: { "board": (shape: RoundedBox(0.5, 0.02, 0.5, 0.002), category: "x", place: At(position: (0, -0.0105, 0))) },
        cameras: { "main": (lens: Fov(36.7), pose: Orbit(target: (Uniform(-0.03, 0.03), -0.01, Uniform(-0.03, 0.03)),
            distance: Uniform(0.72, 0.77), azimuth: Uniform(210, 225), elevation: Uniform(30, 36))) },
    )"#;
    let recipe = parse(text, "edges.ron", Path::new(".")).unwrap();
    let selection = Selection { count: Some(10), ..Selection::default() };
    let plan = Plan::of_recipe(recipe, Path::new(".").to_path_buf(), selection).unwrap();
    for index in plan.indices() {
        let subject = plan.subject(index).unwrap();
        for frame in render(&subject.scene) {
            verdict(&subject, &frame).map_err(|error| format!("scene {index}: {error}"))?;
        }
    }
    Ok(())
}

/// The first scene of each recipe through another lens, in turn; through each of them where `SCENEWRIGHT_SOAK` is set.
fn bent() -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let every = std::env::var("SCENEWRIGHT_SOAK").is_ok();
    let models = [
        LensModel::BrownConrady { k: [-0.2, 0.05, -0.005, 0.0, 0.0, 0.0], p: [0.001, -0.0015] },
        LensModel::KannalaBrandt { k: [-0.03, 0.008, -0.002, 0.0002] },
        LensModel::Equirectangular,
    ];
    let mut wrong = Vec::new();
    for (number, name) in gallery().iter().enumerate() {
        let mut recipe = gallery_recipe(name, 160);
        recipe.labels.outputs.insert(Output::Amodal);
        recipe.labels.outputs.insert(Output::Nocs);
        recipe.labels.outputs.insert(Output::Range);
        let selection = Selection { count: Some(1), ..Selection::default() };
        let plan = Plan::of_recipe(recipe, root.to_path_buf(), selection).unwrap();
        let scene = plan.subject(0).unwrap().scene;
        for (_, model) in models.iter().enumerate().filter(|(k, _)| every || *k == number % models.len()) {
            let mut scene = scene.clone();
            scene.cameras.truncate(1);
            let (width, height) = (scene.image.width, scene.image.height);
            let camera = &mut scene.cameras[0];
            (camera.lens_model, camera.mount, camera.aperture) = (*model, None, None);
            match model {
                LensModel::KannalaBrandt { .. } => {
                    (camera.fx, camera.fy) = (f64::from(width) / 3.0, f64::from(width) / 3.0);
                }
                LensModel::Equirectangular => {
                    [camera.fx, camera.fy, camera.cx, camera.cy] = LensModel::equirectangular(width, height);
                }
                _ => {}
            }
            if camera.sees_sideways(width, height) {
                scene.labels.outputs.remove(&Output::Depth);
            }
            scene.labels.outputs.remove(&Output::Disparity);
            scene.image.samples = 1;
            scene.image.ambient_occlusion = false;
            let subject = plan.subject_of(scene).unwrap();
            for frame in render(&subject.scene) {
                if let Err(error) = verdict(&subject, &frame) {
                    wrong.push(format!("{name}, {}: {error}", model.name()));
                    if every {
                        eprintln!("{}", wrong[wrong.len() - 1]);
                    }
                }
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// Frames are complete, and right. At least so many of each recipe: a few as a rule, more where `SCENEWRIGHT_SOAK` says so.
fn clean() -> Result<(), String> {
    let wanted = std::env::var("SCENEWRIGHT_SOAK").ok().and_then(|number| number.parse().ok());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = gallery();
    let mut wrong = Vec::new();
    for name in &names {
        let mut recipe = gallery_recipe(name, 320);
        recipe.labels.outputs = Output::ALL.into();
        let scenes = wanted.unwrap_or(2_u64).div_ceil(recipe.cameras.len() as u64);
        let selection = Selection { count: Some(scenes), ..Selection::default() };
        let plan = Plan::of_recipe(recipe, root.to_path_buf(), selection).unwrap();
        let (mut frames, before) = (0, wrong.len());
        for index in plan.indices() {
            let mut scene = plan.subject(index).unwrap().scene;
            // Where a camera sees sideways, there is no depth to ask for.
            if scene.cameras.iter().any(|camera| camera.sees_sideways(scene.image.width, scene.image.height)) {
                scene.labels.outputs.remove(&Output::Depth);
            }
            let subject = plan.subject_of(scene).unwrap();
            let seen = render(&subject.scene);
            if wanted.is_none() && render_after(&subject.scene, 1) != seen {
                wrong.push(format!("{name}, scene {index}: an update later it is another picture"));
            }
            for frame in seen {
                frames += 1;
                if let Err(error) = verdict(&subject, &frame) {
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
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}
