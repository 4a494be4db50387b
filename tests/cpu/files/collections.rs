//! Many files by one pattern.

use scenewright::assets::{Library, NotCollected};
use scenewright::confine::Allowed;
use scenewright::recipe::{Drawing, Recipe, parse_checked};
use scenewright::scene::{Shape, sample};
use std::collections::BTreeMap;
use std::path::Path;
use tempfile::TempDir;

use super::refused;
use crate::gltf::square;

fn folder(names: &[&str]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for name in names {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, square().glb()).unwrap();
    }
    dir
}

fn found(root: &Path, pattern: &str) -> Vec<String> {
    (*Library::default().collect(root, pattern).unwrap()).clone()
}

#[test]
fn patterns_and_folders_name_models_in_order() {
    let dir = folder(&[
        "parts/b.glb",
        "parts/a.gltf",
        "parts/deep/c.glb",
        "parts/deep/er/d.GLB",
        "parts/.hidden.glb",
        "other/e.glb",
    ]);
    std::fs::write(dir.path().join("parts/texture.png"), b"no model").unwrap();
    let root = dir.path();
    assert_eq!(found(root, "parts/*.glb"), ["parts/b.glb"]);
    assert_eq!(found(root, "parts/*"), ["parts/a.gltf", "parts/b.glb"]);
    assert_eq!(found(root, "parts"), ["parts/a.gltf", "parts/b.glb"]);
    assert_eq!(found(root, "parts/"), ["parts/a.gltf", "parts/b.glb"]);
    assert_eq!(found(root, "parts/?.[gh]*"), ["parts/a.gltf", "parts/b.glb"]);
    assert_eq!(found(root, "*/*.glb"), ["other/e.glb", "parts/b.glb"]);
    let all = ["other/e.glb", "parts/a.gltf", "parts/b.glb", "parts/deep/c.glb", "parts/deep/er/d.GLB"];
    assert_eq!(found(root, "**/*"), all);
    assert_eq!(found(root, "parts/**/*.glb"), ["parts/b.glb", "parts/deep/c.glb"]);
    let absolute = root.join("parts").to_str().unwrap().to_owned();
    let mut allowing = Library::allowing(Allowed::new(&[root.to_path_buf()]).unwrap());
    let elsewhere = allowing.collect(Path::new("elsewhere"), &format!("{absolute}/*.glb")).unwrap();
    assert_eq!(*elsewhere, [format!("{absolute}/b.glb")]);
    let none = |pattern: &str| Library::default().collect(root, pattern).unwrap_err();
    assert_eq!(none("parts/*.stl"), NotCollected::Empty);
    assert_eq!(none("nowhere/*"), NotCollected::Empty);
    assert_eq!(none(""), NotCollected::Empty);
    assert!(matches!(none("parts/[a"), NotCollected::Pattern(_)));
    let said = refused(root, "shape: Files(\"parts/*.stl\")");
    assert!(said.contains("there is no model that"), "{said}");
}

fn recipe(root: &Path) -> Recipe {
    let text = "(version: 1, name: \"t\", image: (width: 8, height: 8),
        objects: { \"a\": (shape: Files(\"parts/*.glb\", fit: (longest: 0.1)), count: 400) },
        cameras: { \"main\": (lens: Fov(50), pose: LookAt((0, 1, 20), (0, 0, 0))) })";
    parse_checked(text, "t.ron", root).map_err(|p| p.render(Drawing::Plain)).unwrap().recipe
}

fn drawn(root: &Path) -> Vec<String> {
    let scene = sample(&recipe(root), 0, 0).unwrap();
    let path = |shape: &Shape| shape.file().unwrap().to_owned();
    scene.instances.iter().map(|instance| path(&instance.shape)).collect()
}

#[test]
fn every_file_is_drawn_as_often_as_the_others_and_a_new_one_takes_only_its_own() {
    let dir = folder(&["parts/a.glb", "parts/b.glb", "parts/c.glb"]);
    let before = drawn(dir.path());
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    before.iter().for_each(|path| *counts.entry(path).or_default() += 1);
    // 400 / 3 each; the standard deviation is sqrt(400 * 1/3 * 2/3) = 9.4.
    assert!(counts.len() == 3 && counts.values().all(|&count| (95..172).contains(&count)), "{counts:?}");
    std::fs::copy(dir.path().join("parts/a.glb"), dir.path().join("parts/aa.glb")).unwrap();
    let after = drawn(dir.path());
    let changed: Vec<&String> = before.iter().zip(&after).filter(|(a, b)| a != b).map(|(_, b)| b).collect();
    assert!((60..140).contains(&changed.len()), "{}", changed.len());
    assert!(changed.iter().all(|path| *path == "parts/aa.glb"));
}

#[test]
fn one_broken_file_of_a_collection_is_named() {
    let dir = folder(&["parts/a.glb", "parts/b.glb"]);
    std::fs::write(dir.path().join("parts/broken.glb"), b"glTF").unwrap();
    let said = refused(dir.path(), "shape: Files(\"parts/*.glb\")");
    assert!(said.contains("parts/broken.glb") && !said.contains("parts/a.glb\""), "{said}");
}
