//! What an audit costs.

use std::path::Path;

use glam::{DQuat, DVec3};
use scenewright::annotate::{Subject, annotate};
use scenewright::assets::Library;
use scenewright::audit::audit;
use scenewright::plan::{Plan, Selection};
use scenewright::scene::{LabelSettings, Output, Shape};

use super::{Picture, scene, thing};
use crate::oracle::cast;

/// `cargo test --release ... --test cpu audit -- --ignored --nocapture` tells what an audit costs.
#[test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a measurement")]
fn cost() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let plan = Plan::load(&root.join("scenes/tabletop.ron"), None, Selection::default()).unwrap();
    let mut scene = plan.scene(0).unwrap();
    let outputs =
        |outputs: &[Output]| LabelSettings { outputs: outputs.iter().copied().collect(), ..LabelSettings::default() };
    // Twenty of its things.
    while scene.instances.len() < 20 {
        let mut copy = scene.instances[scene.instances.len() - 8].clone();
        copy.position += DVec3::new(0.11, 0.0, 0.07);
        scene.instances.push(copy);
    }
    let mut next = 0;
    for instance in scene.instances.iter_mut().filter(|instance| instance.id > 0) {
        next += 1;
        instance.id = next;
    }
    for (name, labels) in [("default", LabelSettings::default()), ("all", outputs(&Output::ALL))] {
        scene.labels = labels;
        let started = std::time::Instant::now();
        let subject = Subject::new(scene.clone(), plan.library()).unwrap();
        let prepared = started.elapsed();
        let mut frame = cast(&scene, plan.library(), 0);
        if name == "default" {
            (frame.geometric_normals, frame.shaded_normals, frame.uv, frame.coordinates) = (None, None, None, None);
            (frame.albedo, frame.roughness, frame.metallic, frame.emission) = (None, None, None, None);
            frame.amodal = None;
        }
        let labels = annotate(&subject, &frame).unwrap();
        let mut times: Vec<_> = (0..30)
            .map(|_| {
                let started = std::time::Instant::now();
                audit(&subject, &frame, &labels).unwrap();
                started.elapsed()
            })
            .collect();
        times.sort();
        println!(
            "{name} outputs, {} x {}, {} instances: {:?} (median of 30), {:?} least; geometry of the scene {prepared:?}",
            scene.image.width,
            scene.image.height,
            scene.instances.len(),
            times[15],
            times[0],
        );
    }
}

/// As many instances as an image of 16 bits can number.
#[test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a measurement")]
fn cost_of_many() {
    let mut scene = scene();
    scene.instances.clear();
    (scene.labels.min_visible_px, scene.labels.min_visibility) = (1, 0.0);
    for k in 0..65_535_u32 {
        let place = DVec3::new(f64::from(k % 256) - 128.0, f64::from(k / 256) - 128.0, -300.0);
        thing(&mut scene, Some(3), Shape::Box(DVec3::splat(0.9)), place.to_array());
        scene.instances[k as usize].id = k + 1;
    }
    let camera = &mut scene.cameras[0];
    (camera.position, camera.rotation) = (DVec3::ZERO, DQuat::IDENTITY);
    let picture = Picture::new(scene, &Library::default(), 0);
    let started = std::time::Instant::now();
    assert_eq!(picture.audit(), Ok(()));
    println!("{} instances, {} of them seen: {:?}", 65_535, picture.labels.annotations.len(), started.elapsed());
}
