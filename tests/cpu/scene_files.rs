//! A scene file may be edited by hand: what breaks its guarantees is refused, with the place.

use glam::{DQuat, DVec3};
use scenewright::scene::{Light, Scene, Shape, sample};

use crate::recipes::tabletop;

fn refusal(change: impl Fn(&mut Scene)) -> String {
    let mut scene = sample(&tabletop(), 0, 0).unwrap();
    scene.validate().unwrap();
    change(&mut scene);
    scene.validate().unwrap_err()
}

#[test]
fn every_broken_guarantee_is_refused_by_name() {
    let labelled = |scene: &Scene| scene.instances.iter().position(|instance| instance.id == 1).unwrap();
    let cases: [(&str, Box<dyn Fn(&mut Scene)>); 14] = [
        ("scene_version", Box::new(|s| s.scene_version = 99)),
        ("image", Box::new(|s| s.image.width = 0)),
        ("image", Box::new(|s| s.image.height = 16385)),
        ("camera", Box::new(|s| s.cameras.clear())),
        (
            "must be 1",
            Box::new(move |s| {
                let i = labelled(s);
                s.instances[i].id = 5;
            }),
        ),
        (
            "no category",
            Box::new(move |s| {
                let i = labelled(s);
                s.instances[i].category = Some(77);
            }),
        ),
        (
            "no category",
            Box::new(move |s| {
                let i = labelled(s);
                s.instances[i].category = None;
            }),
        ),
        ("position", Box::new(|s| s.instances[0].position = DVec3::splat(1e300))),
        ("rotation", Box::new(|s| s.instances[0].rotation = DQuat::from_xyzw(0.0, 0.0, 0.0, 2.0))),
        ("scale", Box::new(|s| s.instances[0].scale.y = -1.0)),
        ("shape", Box::new(|s| s.instances[0].shape = Shape::Sphere(f64::NAN))),
        (
            "suns",
            Box::new(|s| {
                let sun = s.lights.iter().find(|light| matches!(light, Light::Sun { .. })).unwrap().clone();
                s.lights = vec![sun; 11];
            }),
        ),
        ("ev100", Box::new(|s| s.cameras[0].ev100 = f64::INFINITY)),
        ("file names", Box::new(|s| s.cameras[0].name = "../out".into())),
    ];
    for (words, change) in cases {
        let said = refusal(change);
        assert!(said.contains(words), "{words:?} is not in {said:?}");
    }
}
