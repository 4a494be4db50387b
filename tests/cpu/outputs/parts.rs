//! The names of parts in a dataset's files, against where the parts are seen.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use scenewright::annotate::{Subject, annotate};
use scenewright::recipe::{Drawing, parse};
use scenewright::scene::sample;
use scenewright::write::{DatasetInfo, DatasetWriter, WriteOptions};

use super::{assert_documented, gray16, json_file};
use crate::oracle::cast;
use crate::synthetic;

/// What is left of the middle is called so, and so is what is right of it, whatever the rest of the name; one of its shapes is numbered otherwise
/// than the others.
const RECIPE: &str = r#"(
    version: 1, name: "parts", image: (width: 64, height: 48), outputs: [Ids, Parts], categories: [(id: 1, name: "thing")],
    objects: {
        "things": (category: "thing", shape: Choice([
            Group({ "a_right": (shape: Box(0.4, 0.4, 0.4), position: (0.3, 0, 0)), "b_left": (shape: Sphere(0.2), position: (-0.3, 0, 0)) }),
            Group({ "left":  (shape: Lathe([(0, 0.2), (0.2, 0), (0, -0.2)]), position: (-0.3, 0, 0)),
                    "right": (shape: Group({ "low": (shape: Box(0.3, 0.1, 0.3), position: (0, -0.1, 0)), "top": (shape: Cone(0.1, 0.2), position: (0, 0.1, 0)) }),
                              position: (0.3, 0, 0)) }),
            RoundedBox(0.3, 0.3, 0.3, 0.02),
            Sphere(0.2),
        ])),
        "floor": (shape: Group({ "x": (shape: Box(4, 0.1, 4)), "y": (shape: Sphere(0.1), position: (3, 0, 0)) }), place: At(position: (0, -1, 0))),
        "file":  (category: "thing", shape: Gltf("assets/plant.glb"), place: At(position: (0, 9, 0))),
    },
    cameras: { "main": (lens: Fov(50), pose: LookAt((0, 0, 2), (0, 0, 0))) },
)"#;

#[test]
fn parts_are_listed_by_the_names_of_what_is_seen_there() {
    let recipe = parse(RECIPE, "parts.ron", Path::new(env!("CARGO_MANIFEST_DIR")))
        .unwrap_or_else(|problems| panic!("{}", problems.render(Drawing::Plain)));
    let info = |parts: bool| {
        let mut info = DatasetInfo {
            categories: recipe.categories.clone(),
            labels: recipe.labels.clone(),
            ..synthetic::info(0, 12, &["main"])
        };
        if !parts {
            info.labels.outputs.retain(|output| output.name() != "parts");
        }
        info
    };
    for parts in [true, false] {
        let root = tempfile::tempdir().unwrap();
        let writer = DatasetWriter::create(root.path(), info(parts), WriteOptions::default()).unwrap();
        for index in 0..12 {
            let mut scene = sample(&recipe, 2, index).unwrap();
            scene.labels = info(parts).labels;
            let subject = Arc::new(Subject::new(scene, &recipe.assets).unwrap());
            let frame = cast(&subject.scene, &recipe.assets, 0);
            let labels = annotate(&subject, &frame).unwrap();
            writer.commit(writer.write_frame(&subject, &frame, &labels).unwrap()).unwrap();
        }
        writer.finish().unwrap();
        let instances = json_file(root.path(), "annotations/instances.json");
        let manifest = json_file(root.path(), "dataset.json");
        let listed: Vec<&serde_json::Value> =
            manifest["parts"].as_array().unwrap().iter().filter(|entry| entry.get("object").is_some()).collect();
        let annotations = instances["annotations"].as_array().unwrap();
        if !parts {
            assert!(listed.is_empty() && annotations.iter().all(|annotation| annotation.get("attributes").is_none()));
            continue;
        }
        assert_documented("dataset.json", &manifest);
        assert_documented("annotations/instances.json", &instances);
        let mut met: BTreeSet<Vec<&str>> = BTreeSet::new();
        for annotation in annotations {
            let image = annotation["image_id"].as_u64().unwrap() - 1;
            let at = |folder: &str| gray16(&root.path().join(format!("{folder}/{image:06}_main.png")));
            let pixels = at("ids").into_iter().zip(at("parts")).enumerate();
            let own = pixels.filter(|(_, (id, _))| u64::from(*id) == annotation["instance_id"].as_u64().unwrap());
            let Some(names) = annotation.get("attributes").map(|attributes| &attributes["parts"]) else {
                assert!(own.into_iter().all(|(_, (_, part))| part == 1));
                continue;
            };
            let names: Vec<&str> = names.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
            let mut seen = BTreeSet::new();
            for (place, (_, part)) in own {
                let name = names[usize::from(part) - 1];
                assert!(
                    name.contains(if place % 64 < 32 { "left" } else { "right" }),
                    "{name} at column {}",
                    place % 64
                );
                seen.insert(name);
            }
            assert_eq!(seen.len(), names.len(), "all parts are in sight");
            assert!(
                listed.iter().any(|entry| entry["object"] == "things" && entry["names"] == serde_json::json!(names))
            );
            met.insert(names);
        }
        assert_eq!(met, BTreeSet::from([vec!["a_right", "b_left"], vec!["left", "right.low", "right.top"]]));
        // What has no label has no numbers, and what is one part needs no name.
        assert_eq!(listed.len(), 2);
    }
}
