//! The binary, as a shell sees it: files, exit codes, what goes to stdout and what to stderr.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::determinism::RECIPE;
use crate::harness::{Case, ensure, folder};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("two_processes_and_any_number_of_threads_write_the_same_bytes", same_bytes),
        ("a_part_of_a_dataset_is_that_part_of_the_whole", parts),
        ("a_sampled_scene_renders_as_in_its_dataset", scene_file),
        ("a_preview_is_one_picture", preview),
        ("exit_codes_say_whose_fault_it_is", exit_codes),
        ("an_existing_dataset_is_replaced_only_when_asked", overwrite),
        ("without_a_driver_it_says_what_to_install", no_driver),
    ]
}

/// Runs the program with the adapter that the tests use.
fn scenewright(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scenewright"));
    command.args(arguments).env_remove("RUST_LOG");
    if let (Some("render" | "preview"), Ok(adapter)) =
        (arguments.first().copied(), std::env::var("SCENEWRIGHT_ADAPTER"))
    {
        command.args(["--adapter", &adapter]);
    }
    command.output().unwrap()
}

fn succeeds(arguments: &[&str]) -> Result<Output, String> {
    let output = scenewright(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure(output.status.success(), || format!("{arguments:?} ended with {}: {stderr}", output.status))?;
    ensure(stderr.is_empty(), || format!("{arguments:?} is not silent: {stderr}"))?;
    Ok(output)
}

fn recipe() -> String {
    let path = folder().join("varied.ron");
    std::fs::write(&path, RECIPE).unwrap();
    path.to_str().unwrap().to_owned()
}

fn path(name: &str) -> String {
    folder().join(name).to_str().unwrap().to_owned()
}

/// Every file below a folder, by its path there.
fn files(root: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    fn walk(root: &Path, folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                files.insert(path.strip_prefix(root).unwrap().to_path_buf(), std::fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(Path::new(root), Path::new(root), &mut found);
    found
}

fn same_bytes() -> Result<(), String> {
    let recipe = recipe();
    let (one, two) = (path("one"), path("two"));
    succeeds(&["render", &recipe, "-n", "4", "--seed", "9", "-o", &one, "--jobs", "1"])?;
    succeeds(&["render", &recipe, "-n", "4", "--seed", "9", "-o", &two, "--jobs", "4"])?;
    let (one, two) = (files(&one), files(&two));
    // 4 scenes, 2 cameras, 3 images each, and 3 JSON files, hashes, and what a run needs to go on.
    ensure(one.len() == 4 * 2 * 3 + 6, || format!("{} files: {:?}", one.len(), one.keys()))?;
    ensure(one == two, || {
        let differ: Vec<_> =
            one.iter().filter(|(name, bytes)| two.get(*name) != Some(bytes)).map(|(name, _)| name).collect();
        format!("these differ: {differ:?}")
    })
}

fn parts() -> Result<(), String> {
    let recipe = recipe();
    let (whole, part) = (path("whole"), path("part"));
    succeeds(&["render", &recipe, "-n", "4", "-o", &whole])?;
    succeeds(&["render", &recipe, "-n", "1", "--first-index", "2", "-o", &part])?;
    let (whole, part) = (files(&whole), files(&part));
    let images = part.iter().filter(|(name, _)| name.extension().is_some_and(|e| e == "png" || e == "exr"));
    let mut count = 0;
    for (name, bytes) in images {
        count += 1;
        ensure(whole.get(name) == Some(bytes), || format!("{} differs", name.display()))?;
    }
    ensure(count == 6, || format!("{count} images, not 6"))
}

fn scene_file() -> Result<(), String> {
    let recipe = recipe();
    let (from_recipe, from_scene, file) = (path("from-recipe"), path("from-scene"), path("scene.ron"));
    succeeds(&["render", &recipe, "--seed", "5", "--first-index", "7", "-o", &from_recipe])?;
    let sampled = succeeds(&["sample", &recipe, "--seed", "5", "--index", "7"])?;
    std::fs::write(&file, &sampled.stdout).unwrap();
    succeeds(&["render", &file, "-o", &from_scene])?;
    let (a, b) = (files(&from_recipe), files(&from_scene));
    // These say what it was made from.
    let of_source = ["dataset.json", "SHA256SUMS", "journal/begun.ron"];
    for name in a.keys().filter(|name| !of_source.iter().any(|file| name.ends_with(file))) {
        ensure(a.get(name) == b.get(name), || format!("{} differs", name.display()))?;
    }
    ensure(a.keys().eq(b.keys()), || "other files".into())
}

fn preview() -> Result<(), String> {
    let (recipe, sheet) = (recipe(), path("sheet.png"));
    succeeds(&["preview", &recipe, "-n", "2", "-o", &sheet, "--width", "120"])?;
    let image = image::open(&sheet).map_err(|error| error.to_string())?;
    // Three pictures beside each other; two scenes of two cameras.
    ensure(image.width() >= 360 && image.height() >= 4 * 90, || format!("{}x{}", image.width(), image.height()))
}

fn exit_codes() -> Result<(), String> {
    let recipe = recipe();
    let broken = path("broken.ron");
    std::fs::write(
        &broken,
        RECIPE.replace("\"paint\": (", "\"pant\": (").replace("elevation: 30", "elevation: \"up\""),
    )
    .unwrap();
    let occupied = path("occupied");
    std::fs::write(&occupied, "not a folder").unwrap();
    let camera_rig = path("rig.ron");
    std::fs::write(&camera_rig, format!("// not a scene_version at all\n{RECIPE}")).unwrap();
    let many = ["render", &camera_rig, "-n", "9223372036854775807", "-o", &format!("{occupied}/out")];
    let cases: [(&[&str], i32, &str); 10] = [
        (&many, 65, "image ids"),
        (&["render", &recipe], 2, "--out"),
        (&["sing"], 2, "sing"),
        (&["check", &broken], 65, "paint"),
        (&["render", &broken, "-o", &path("never")], 65, "elevation"),
        (&["check", "no-such-file.ron"], 65, "no-such-file.ron"),
        (&["render", &recipe, "-o", &format!("{occupied}/out")], 74, "occupied"),
        (&["preview", &recipe, "-n", "100000"], 65, "too large"),
        (&["doctor", "--adapter", "no such thing"], 69, "no such thing"),
        (&["render", &recipe, "-n", "18446744073709551615", "--first-index", "1", "-o", &path("never")], 65, "index"),
    ];
    for (arguments, code, words) in cases {
        let output = scenewright(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure(output.status.code() == Some(code), || format!("{arguments:?} ended with {}: {stderr}", output.status))?;
        ensure(stderr.contains(words), || format!("{arguments:?} says nothing of {words:?}: {stderr}"))?;
        ensure(!stderr.contains("panicked"), || format!("{arguments:?} panicked: {stderr}"))?;
    }
    ensure(!Path::new(&path("never")).exists(), || "a run that never began left a folder".into())?;
    // Both mistakes at once, with their places.
    let stderr = String::from_utf8(scenewright(&["check", &broken]).stderr).unwrap();
    ensure(stderr.contains("paint") && stderr.contains("elevation"), || format!("not all problems: {stderr}"))
}

fn overwrite() -> Result<(), String> {
    let (recipe, out) = (recipe(), path("again"));
    succeeds(&["render", &recipe, "-n", "2", "-o", &out])?;
    let before = files(&out);
    let refused = scenewright(&["render", &recipe, "-n", "2", "--seed", "3", "-o", &out]);
    ensure(refused.status.code() == Some(65), || format!("ended with {}", refused.status))?;
    ensure(String::from_utf8_lossy(&refused.stderr).contains("--overwrite"), || "does not say how".into())?;
    ensure(files(&out) == before, || "the refused run changed files".into())?;
    // The same recipe and seed go on: here, with one scene more.
    let said = succeeds(&["render", &recipe, "-n", "3", "-o", &out])?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    ensure(said.contains("6 images (4 of them were there)"), || said.clone())?;
    let fresh = path("fresh");
    succeeds(&["render", &recipe, "-n", "3", "-o", &fresh])?;
    ensure(files(&out) == files(&fresh), || "it is not what three scenes at once would have been".into())?;
    succeeds(&["render", &recipe, "-n", "1", "--seed", "3", "-o", &out, "--overwrite"])?;
    ensure(files(&out).len() == 2 * 3 + 6, || "not replaced".into())
}

fn no_driver() -> Result<(), String> {
    for arguments in [&["doctor"][..], &["render", &recipe(), "-o", &path("nothing")]] {
        let output = Command::new(env!("CARGO_BIN_EXE_scenewright"))
            .args(arguments)
            .env("VK_DRIVER_FILES", "/no/such/driver.json")
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure(output.status.code() == Some(69), || format!("{arguments:?} ended with {}: {stderr}", output.status))?;
        ensure(stderr.contains("VK_DRIVER_FILES"), || format!("does not say why: {stderr}"))?;
    }
    ensure(!Path::new(&path("nothing")).exists(), || "a run without an adapter left a folder".into())
}
