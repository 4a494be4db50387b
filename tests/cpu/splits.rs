//! Splits: how large they are, what stays out of them, and what moves a scene from one to another.

use std::path::Path;

use rayon::prelude::*;
use scenewright::annotate::annotate;
use scenewright::recipe::{Drawing, Recipe, fits, parse};
use scenewright::scene::split::Used;
use scenewright::scene::{Scene, Shape, sample};
use scenewright::write::{DatasetInfo, DatasetWriter, WriteError, WriteOptions};

use crate::synthetic;

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
    eprintln!("{seen:?} of 10000 scenes have what is held out");
    assert!(seen.iter().all(|&count| count > 50), "{seen:?}");
    // The proof can fail: a scene of `test` is a leak in `train`.
    let leaky = scenes.iter().find(|scene| Used::of(scene).materials.contains("elm")).unwrap();
    assert!(splits.leak("train", &Used::of(leaky)).unwrap().ends_with("which is held out for `test`"));
    // Choices are taken away rather than scenes thrown away: of four things each, hardly any scene without held-out ones would be left.
    let redrawn: u32 = scenes.iter().flat_map(|scene| scene.redrawn.values()).sum();
    eprintln!("{redrawn} draws again");
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

/// A dataset of painted frames: mug `n` of each scene is `12 + n` high and there as often as its index says.
fn info() -> DatasetInfo {
    let recipe = parse(
        r#"(version: 1, name: "t", image: (width: 64, height: 48), categories: [(id: 1, name: "mug"), (id: 2, name: "ball")],
        objects: { "mugs": (shape: Sphere(0.1), category: "mug"), "balls": (shape: Sphere(0.1), category: "ball", count: UniformInt(0, 1)) },
        cameras: { "main": (lens: Fov(50), pose: LookAt((0, 0, 2), (0, 0, 0))) },
        coverage: { "heights": BoxHeight(Uniform(0, 20), of: "mugs", bins: 2, within: 0.1), "rare": Share("balls", 0.5), "even": Balanced(["mug", "ball"]) },
        splits: (shares: { "train": 0.5, "test": 0.5 }, held_out: { "test": [Object("balls")] }))"#,
        "t.ron",
        Path::new(""),
    )
    .unwrap_or_else(|problems| panic!("{}", problems.render(Drawing::Plain)));
    DatasetInfo {
        coverage: recipe.wanted.coverage.clone(),
        splits: recipe.wanted.splits.clone(),
        ..synthetic::info(0, 12, &["main"])
    }
}

fn write(
    info: DatasetInfo,
    root: &Path,
    things: impl Fn(u64) -> u32,
) -> Result<scenewright::write::Summary, WriteError> {
    let options = WriteOptions { audit: false, overwrite: true, ..WriteOptions::default() };
    let writer = DatasetWriter::create(root, info, options)?;
    for index in 0..12 {
        let scene = synthetic::scene(index, things(index), &["main"], (64, 48));
        let mut frame = synthetic::empty_frame(&scene, 0);
        for id in 1..=things(index) {
            let height = if id == 1 { 6 } else { 15 };
            synthetic::paint(&mut frame, id, 2.0, synthetic::rectangle([id * 10, 5, 8, height]));
        }
        let subject = synthetic::subject(&scene);
        let labels = annotate(&subject, &frame).unwrap();
        writer.commit(writer.write_frame(&subject, &frame, &labels)?)?;
    }
    writer.finish()
}

#[test]
fn a_dataset_counts_what_it_shows_and_has_files_for_each_split() {
    let info = info();
    let splits = info.splits.clone().unwrap();
    let is_test = |index| splits.of(0, index) == "test";
    let tests = (0..12).filter(|&index| is_test(index)).count();
    assert!((2..=10).contains(&tests), "{tests}");
    let root = tempfile::tempdir().unwrap();
    // A mug of 6 pixels in all; in those of `test` a ball too, and a mug of 15 pixels.
    let summary = write(info.clone(), root.path(), |index| if is_test(index) { 3 } else { 1 }).unwrap();
    let kept = |name: &str| summary.coverage.iter().find(|kept| kept.name == name).unwrap();
    let tests = tests as f64;
    assert_eq!(kept("heights").total, 12.0 + tests);
    assert_eq!(kept("heights").achieved, [12.0 / (12.0 + tests), tests / (12.0 + tests)]);
    assert_eq!(kept("rare").achieved, [tests / 12.0, (12.0 - tests) / 12.0]);
    assert_eq!(kept("even").total, 12.0 + 2.0 * tests);

    let read = |name: &str| -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(root.path().join(name)).unwrap()).unwrap()
    };
    let whole = read("annotations/instances.json");
    let mut images = 0;
    for split in ["train", "test"] {
        let part = read(&format!("annotations/instances_{split}.json"));
        assert_eq!(part["categories"], whole["categories"]);
        let of_split = |list: &serde_json::Value| -> Vec<serde_json::Value> {
            list.as_array().unwrap().iter().filter(|image| image["split"] == split).cloned().collect()
        };
        assert_eq!(part["images"].as_array().unwrap(), &of_split(&whole["images"]));
        let ids: Vec<u64> =
            part["images"].as_array().unwrap().iter().map(|image| image["id"].as_u64().unwrap()).collect();
        let own: Vec<&serde_json::Value> = whole["annotations"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|annotation| ids.contains(&annotation["image_id"].as_u64().unwrap()))
            .collect();
        assert!(part["annotations"].as_array().unwrap().iter().eq(own));
        images += ids.len();
    }
    assert_eq!(images, 12);
    let manifest = read("dataset.json");
    assert_eq!(manifest["coverage"][1]["name"], "heights");
    assert_eq!(manifest["splits"][0]["name"], "test");
    assert_eq!(manifest["splits"][0]["held_out"], serde_json::json!(["object balls"]));
    assert_eq!(manifest["splits"][0]["objects"]["balls"], manifest["splits"][0]["scenes"]);
    assert_eq!(manifest["splits"][1]["objects"].get("balls"), None);
    assert_eq!(manifest["splits"][1]["images"], 12 - manifest["splits"][0]["images"].as_u64().unwrap());

    // Without splits, the files of splits are gone.
    write(DatasetInfo { splits: None, coverage: Default::default(), ..info.clone() }, root.path(), |_| 1).unwrap();
    assert!(!root.path().join("annotations/instances_train.json").exists());
    assert!(read("dataset.json").get("splits").is_none() && read("dataset.json").get("coverage").is_none());

    // What is held out and is in another split all the same ends the run.
    let leak = write(info, root.path(), |_| 2).unwrap_err();
    assert!(matches!(&leak, WriteError::Leak { split, .. } if split == "train"), "{leak}");
    assert!(leak.to_string().contains("an object of `balls`"), "{leak}");
}

#[test]
fn a_broken_held_out_list_is_told_whatever_it_names() {
    let text = r#"(version: 1, name: "t", image: (width: 64, height: 48), objects: { "a": (shape: Sphere(1)) },
        cameras: { "main": (lens: Fov(50), pose: LookAt((0, 0, 2), (0, 0, 0))) },
        splits: (shares: { "a": 0.5, "b": 0.5 }, held_out: { "a": [Region("objects.a.scale", 0, 1)] }))"#;
    let problems = parse(text, "t.ron", Path::new("")).unwrap_err();
    assert!(problems.iter().any(|problem| problem.message.contains("there is no number at \"objects.a.scale\"")));
}

#[test]
fn a_split_of_which_no_scene_can_be_is_told_as_such() {
    let splits = |held: &str| format!(r#"splits: (shares: {{ {SHARES} }}, held_out: {{ "test": [{held}] }})"#);
    let table = r#""table": (shape: Plane(1, 1), material: Choice(["oak", "ash"])),"#;
    let text = |objects: &str, held: &str, more: &str| {
        format!(
            "(version: 1, name: \"t\", image: (width: 64, height: 48), objects: {{ {table} {objects} }}, {}, {more}
            materials: {{ \"oak\": (), \"ash\": () }},
            cameras: {{ \"main\": (lens: Fov(50), pose: Orbit(target: (0, 0, 0), distance: 3, azimuth: Uniform(0, 360), elevation: 20)) }})",
            splits(held)
        )
    };
    let told = |text: &str| -> Vec<String> {
        let problems = parse(text, "t.ron", Path::new(""));
        problems.err().iter().flat_map(|all| all.iter().map(|problem| problem.message.clone())).collect()
    };
    let never = "so no scene can be of the splits `train` or `val`";
    assert_eq!(told(&text("", "Object(\"table\")", "")), [format!("\"table\" is in every scene, {never}")]);
    // All that can be instead is enough: a count that can be 0, a condition, another material, a part of a range.
    for good in [
        text(r#""bird": (shape: Sphere(0.1), count: UniformInt(0, 1)),"#, "Object(\"bird\")", ""),
        text(
            r#""bird": (shape: Sphere(0.1), when: "p > 0.5"),"#,
            "Object(\"bird\")",
            r#"parameters: { "p": Uniform(0, 1) },"#,
        ),
        text(
            r#""bird": (shape: Sphere(0.1), place: On("wire")), "wire": (shape: Box(1, 1, 1), count: Choice([0, 1])),"#,
            "Object(\"bird\")",
            "",
        ),
        text("", "Material(\"oak\")", ""),
        text("", "Region(\"cameras.main.pose.azimuth\", 0, 300)", ""),
    ] {
        assert_eq!(told(&good), <[String; 0]>::default(), "{good}");
    }
    for (held, what) in [
        (
            "Material(\"oak\"), Material(\"ash\")",
            "\"table\" is in every scene, and each material that it can wear is held out",
        ),
        (
            "Region(\"cameras.main.pose.azimuth\", 0, 180), Region(\"cameras.main.pose.azimuth\", 180, 360)",
            "`cameras.main.pose.azimuth` is from 0 to 360 in every scene",
        ),
        ("Region(\"cameras.main.pose.elevation\", 10, 30)", "`cameras.main.pose.elevation` is 20 in every scene"),
    ] {
        assert_eq!(told(&text("", held, "")), [format!("{what}, {never}")]);
    }
    // Files: all of a collection, all of a choice, and those of materials and of the background; one that is left is enough.
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let of_files = |held: &str| -> Vec<String> {
        let text = text(
            r#""thing": (shape: Choice([Files("assets/*.glb"), Gltf("assets/plant.glb")]), count: 2, material: "wood"),"#,
            held,
            r#"background: Choice([Image("assets/terrazzo.png")]),"#,
        );
        let text = text.replace("materials: {", "materials: { \"wood\": (base_color_texture: \"assets/wood.png\"),");
        let problems = parse(&text, "t.ron", repository);
        problems.err().iter().flat_map(|all| all.iter().map(|problem| problem.message.clone())).collect()
    };
    let shape = format!("\"thing\" is in every scene, and each shape that it can have is held out, {never}");
    assert_eq!(of_files("Asset(\"assets/*.glb\")"), [shape.as_str()]);
    assert_eq!(of_files("Asset(\"assets/plant.glb\")"), <[String; 0]>::default());
    let wood = format!("\"thing\" is in every scene, and always wears \"wood\", {never}");
    assert_eq!(of_files("Asset(\"**/wood.png\")"), [wood.as_str()]);
    assert_eq!(of_files("Asset(\"assets/terra*\")"), [format!("every background of this recipe is held out, {never}")]);
    // What interval arithmetic cannot see, the first scenes tell, with the reason and what helps.
    let sly = text(
        r#""bird": (shape: Sphere(0.1), when: "p * p - 3 * p >= 0"),"#,
        "Object(\"bird\")",
        r#"parameters: { "p": Choice([3, 4]) },"#,
    );
    let recipe = parse(&sly, "t.ron", Path::new("")).unwrap();
    let splits = recipe.wanted.splits.clone().unwrap();
    let of_train = (0..).find(|&index| splits.of(1, index) == "train").unwrap();
    let error = sample(&recipe, 1, of_train).unwrap_err();
    assert!(
        error.to_string().contains("200 times because it has an object of `bird`, which is held out for `test`"),
        "{error}"
    );
    let (path, help) = error.advice().unwrap();
    assert!(path == "splits" && help.contains("held out of `train`") && help.contains("`when`"), "{help}");
}
