//! Splits: how large they are, what stays out of them, and what moves a scene from one to another.

use std::path::Path;

use rayon::prelude::*;
use scenewright::recipe::{Drawing, Recipe, fits, parse};
use scenewright::scene::split::Used;
use scenewright::scene::{Scene, Shape, sample};

fn recipe(objects: &str, rest: &str) -> Recipe {
    let text = format!(
        "(version: 1, name: \"t\", image: (width: 64, height: 48), objects: {{ {objects} }}, {rest},
        cameras: {{ \"main\": (lens: Fov(50), pose: Orbit(target: (0, 0, 0), distance: 3, azimuth: Uniform(0, 360), elevation: 20)) }})"
    );
    parse(&text, "test.ron", Path::new(env!("CARGO_MANIFEST_DIR")))
        .unwrap_or_else(|problems| panic!("{}", problems.render(Drawing::Plain)))
}

const SHARES: &str = r#""train": 0.8, "val": 0.05, "test": 0.15"#;

#[test]
fn splits_have_their_shares_and_growing_a_dataset_moves_no_scene() {
    let recipe = recipe("", &format!("splits: (shares: {{ {SHARES} }})"));
    let splits = recipe.wanted.splits.unwrap();
    let of = |seed, index| splits.of(seed, index).to_owned();
    let mut counts = [0.0; 3];
    let expected = [("test", 0.15), ("train", 0.8), ("val", 0.05)];
    for index in 0..20_000 {
        counts[expected.iter().position(|(name, _)| *name == of(7, index)).unwrap()] += 1.0;
    }
    let square: f64 = counts
        .iter()
        .zip(expected)
        .map(|(count, (_, share))| (count - 20_000.0 * share) * (count - 20_000.0 * share) / (20_000.0 * share))
        .sum();
    assert!(square < 13.8, "chi-square of 2 degrees of freedom, 0.1 %: {square}");
    // By seed and index alone.
    assert!((0..100).any(|index| of(7, index) != of(8, index)));
}

const CHOICES: &str = r#"
    "thing": (shape: Choice([Gltf("assets/mug.glb"), Sphere(0.1), Gltf("assets/bowl.glb")]), material: Weighted([(3, "oak"), (2, "ash"), (1, "elm")]), count: 4),
    "bird": (shape: Sphere(0.1), count: Weighted([(1, 1), (3, 0)]))"#;

#[test]
fn what_is_held_out_is_in_no_other_split() {
    let assets = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets")).unwrap();
    let mut files: Vec<String> = assets
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".glb"))
        .collect();
    files.sort();
    let objects = CHOICES.replace("mug.glb", &files[0]).replace("bowl.glb", files.last().unwrap());
    let held = format!(
        r#"materials: {{ "oak": (), "ash": (), "elm": () }},
        splits: (shares: {{ {SHARES} }}, held_out: {{
            "test": [Asset("assets/{}"), Material("elm"), Region("cameras.main.pose.azimuth", 300, 360)],
            "val": [Object("bird")],
        }})"#,
        files[0]
    );
    let recipe = recipe(&objects, &held);
    let splits = recipe.wanted.splits.clone().unwrap();
    // Ten thousand scenes, by what is in them and not by what the sampler says of them.
    let scenes: Vec<Scene> = (0..10_000).into_par_iter().map(|index| sample(&recipe, 1, index).unwrap()).collect();
    let mut seen = [0u32; 4];
    for scene in &scenes {
        let split = splits.of(1, scene.index);
        let held_file = format!("assets/{}", files[0]);
        let eye = scene.cameras[0].position;
        let azimuth = libm::atan2(eye.x, eye.z).to_degrees().rem_euclid(360.0);
        let found = [
            scene.instances.iter().any(|instance| matches!(&instance.shape, Shape::Gltf(path) if *path == held_file)),
            scene.instances.iter().any(|instance| instance.material.as_ref().is_some_and(|m| m.name == "elm")),
            azimuth >= 300.0,
            scene.instances.iter().any(|instance| instance.object == "bird"),
        ];
        for (k, found) in found.into_iter().enumerate() {
            let home = if k == 3 { "val" } else { "test" };
            assert!(!found || split == home, "{split} has number {k}, which is for {home}");
            seen[k] += u32::from(found);
        }
        assert_eq!(splits.leak(split, &Used::of(scene)), None);
    }
    println!("{seen:?} of 10000 scenes have what is held out");
    assert!(seen.iter().all(|&count| count > 50), "{seen:?}");
    // The proof can fail: a scene of `test` is a leak in `train`.
    let leaky = scenes.iter().find(|scene| Used::of(scene).materials.contains("elm")).unwrap();
    assert!(splits.leak("train", &Used::of(leaky)).unwrap().ends_with("which is held out for `test`"));
    // Choices are taken away rather than scenes thrown away: of four things each, hardly any scene without held-out ones would be left.
    let redrawn: u32 = scenes.iter().flat_map(|scene| scene.redrawn.values()).sum();
    println!("{redrawn} draws again");
    assert!(redrawn < 12_000, "{redrawn}");
}

#[test]
fn patterns_fit_paths() {
    for (pattern, path, fit) in [
        ("parts/*.glb", "parts/bolt.glb", true),
        ("parts/*.glb", "parts/m6/bolt.glb", false),
        ("parts/**.glb", "parts/m6/bolt.glb", true),
        ("**/bolt.glb", "parts/m6/bolt.glb", true),
        ("parts/b?lt.glb", "parts/bolt.glb", true),
        ("parts/b?lt.glb", "parts/b/lt.glb", false),
        ("*", "", true),
        ("", "", true),
        ("", "a", false),
        ("a*b*c", "aXXbYYc", true),
        ("a*b*c", "aXXbYY", false),
        ("bolt.glb", "bolt.glb", true),
        ("bolt.glb", "bolt.glbx", false),
    ] {
        assert_eq!(fits(pattern, path), fit, "{pattern} {path}");
    }
    // Stars cannot make it slow.
    assert!(!fits(&"*a".repeat(500), &"a".repeat(400)));
}
