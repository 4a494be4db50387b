//! A scene file may be edited by hand: what breaks its guarantees is refused, with the place.

use glam::{DQuat, DVec3};
use scenewright::scene::{Category, Keypoint, Light, Material, Scene, Shape, SurfaceLabels, sample};

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
    // The second of two keypoints, on the first labelled thing.
    let point = |name: &str| Keypoint { name: name.into(), position: DVec3::ZERO };
    let with_points = move |s: &mut Scene, points: &[&str]| {
        s.categories[0].keypoints = vec!["rim".into(), "base".into()];
        let i = labelled(s);
        s.instances[i].keypoints = points.iter().map(|name| point(name)).collect();
    };
    let material = |s: &mut Scene, change: fn(&mut Material)| change(s.instances[0].material.as_mut().unwrap());
    let cases: [(&str, Box<dyn Fn(&mut Scene)>); 34] = [
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
        ("scale", Box::new(|s| s.instances[0].scale.y = 0.0)),
        ("scale", Box::new(|s| s.instances[0].scale.y = f64::NAN)),
        ("scale", Box::new(|s| s.instances[0].scale.y = -1e10)),
        ("min_visible_px", Box::new(|s| s.labels.min_visible_px = 0)),
        ("min_visibility", Box::new(|s| s.labels.min_visibility = 1.1)),
        ("two categories", Box::new(|s| s.categories.push(Category::new(99, "thing", "")))),
        ("unique", Box::new(|s| s.categories[0].keypoints = vec!["rim".into(); 2])),
        ("skeleton", Box::new(|s| s.categories[0].skeleton = vec![[0, 1]])),
        (
            "skeleton",
            Box::new(move |s| {
                with_points(s, &[]);
                s.categories[0].skeleton = vec![[0, 1], [1, 1]];
            }),
        ),
        ("keypoints", Box::new(move |s| with_points(s, &["rim", "tip"]))),
        ("keypoints", Box::new(move |s| with_points(s, &["rim", "rim"]))),
        ("order", Box::new(move |s| with_points(s, &["base", "rim"]))),
        (
            "keypoints",
            Box::new(move |s| {
                with_points(s, &["base"]);
                let i = labelled(s);
                s.instances[i].keypoints[0].position.x = f64::NAN;
            }),
        ),
        (
            "no category",
            Box::new(|s| {
                let i = s.instances.iter().position(|instance| instance.id == 0).unwrap();
                s.instances[i].keypoints = vec![Keypoint { name: "rim".into(), position: DVec3::ZERO }];
            }),
        ),
        ("keypoint_tolerance", Box::new(|s| s.instances[0].keypoint_tolerance = f64::INFINITY)),
        ("keypoint_tolerance", Box::new(|s| s.instances[0].keypoint_tolerance = -0.1)),
        ("see_through", Box::new(|s| s.instances[0].see_through = vec!["Glass".into()])),
        ("transmission", Box::new(move |s| material(s, |m| m.transmission = 1.5))),
        ("blend", Box::new(move |s| material(s, |m| (m.blend, m.alpha_mask) = (true, Some(0.5))))),
        ("blend", Box::new(move |s| material(s, |m| (m.blend, m.transmission) = (true, 0.5)))),
        (
            "87.5 degrees",
            Box::new(|s| {
                let widest = std::f64::consts::FRAC_PI_2;
                for light in &mut s.lights {
                    if let Light::Spot { outer_angle, shadows: true, .. } = light {
                        *outer_angle = widest;
                    }
                }
            }),
        ),
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

#[test]
fn what_keeps_the_guarantees_is_accepted() {
    let mut scene = sample(&tabletop(), 0, 0).unwrap();
    scene.categories[0].keypoints = vec!["rim".into(), "handle".into(), "base".into()];
    scene.categories[0].skeleton = vec![[2, 0], [0, 1]];
    for instance in scene.instances.iter_mut().filter(|instance| instance.id > 0) {
        instance.scale = DVec3::new(-1.0, 2.0, -0.5);
        instance.keypoints =
            ["rim", "base"].map(|name| Keypoint { name: name.into(), position: DVec3::new(0.0, -1.0, 2.0) }).to_vec();
        let material = instance.material.as_mut().unwrap();
        (material.transmission, material.labels) = (0.5, SurfaceLabels::SeeThrough);
    }
    scene.validate().unwrap();
}

/// Found by changing recipes at random: a camera a little beyond a target that is as far away as can be.
#[test]
fn cameras_stay_within_reach() {
    let text = "(version: 1, name: \"t\", image: (width: 8, height: 8), cameras: {
        \"main\": (lens: Fov(50), pose: Orbit(target: (0, 0, 1e9), distance: 2, azimuth: 0, elevation: 10)),
        \"eyes\": (lens: Fov(50), pose: LookAt((1e9, 0, 0), (1e9, 0, -1)), rig: Stereo(baseline: 1e9)) })";
    let recipe = scenewright::recipe::parse(text, "t.ron", std::path::Path::new("")).unwrap();
    sample(&recipe, 0, 0).unwrap().validate().unwrap();
}
