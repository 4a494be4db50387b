//! What a stranger's recipe or model names stays in the folders that it was given.

use std::fs;
use std::path::{Path, PathBuf};

use scenewright::assets::Library;
use scenewright::confine::{Allowed, Denied, Folder, MARK};
use scenewright::plan::{Plan, Selection};
use scenewright::recipe::{Drawing, load_allowing};
use scenewright::scene::{Different, SampleError, sample};
use serde_json::json;
use tempfile::TempDir;

use crate::gltf::{png, square};

const HEAD: &str = "version: 1, name: \"t\", image: (width: 8, height: 8), \
    cameras: { \"main\": (lens: Fov(50), pose: LookAt(from: (0, 1, 2), target: (0, 0, 0))) }";

/// A folder `home` with a recipe's folder `home/mine`, and things beside it that are nobody's business.
struct Disk(TempDir);

impl Disk {
    fn new() -> Self {
        let disk = Self(tempfile::tempdir().unwrap());
        for folder in ["mine/parts", "other/parts"] {
            fs::create_dir_all(disk.at(folder)).unwrap();
            disk.write(&format!("{folder}/a.png"), &png(2, |_, _| [9; 4]));
            disk.write(&format!("{folder}/a.glb"), &square().glb());
        }
        disk.write("other/secret.txt", b"secret");
        disk.write("other/more.ron", b"( materials: { \"m\": () } )");
        disk
    }

    fn at(&self, path: &str) -> PathBuf {
        // Where temporary folders are links, messages name where they lead.
        fs::canonicalize(self.0.path()).unwrap().join(path)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        fs::write(self.at(path), bytes).unwrap();
    }

    /// A recipe in `mine` with these fields, read: what is said of it, nothing where it is good.
    fn said(&self, fields: &str, allow: &[&str]) -> String {
        self.write("mine/t.ron", format!("({HEAD}, {fields})").as_bytes());
        let allowed: Vec<PathBuf> = allow.iter().map(|path| self.at(path)).collect();
        let file = self.at("mine/t.ron");
        match load_allowing(&file, &self.at("mine"), &[], &Allowed::new(&allowed).unwrap()) {
            Ok(_) => String::new(),
            Err(problems) => problems.render(Drawing::Plain),
        }
    }
}

fn textured(path: &str) -> String {
    format!(
        "materials: {{ \"m\": (base_color_texture: \"{path}\") }}, objects: {{ \"o\": (shape: Sphere(1), material: \"m\") }}"
    )
}

fn object(shape: &str) -> String {
    format!("objects: {{ \"o\": (shape: {shape}) }}")
}

/// A field for each way in which a recipe can name a file; `#` is the file.
const WAYS: [(&str, &str); 10] = [
    (
        "parts/a.png",
        "materials: { \"m\": (base_color_texture: \"#\") }, objects: { \"o\": (shape: Sphere(1), material: \"m\") }",
    ),
    (
        "parts/a.png",
        "materials: { \"m\": (normal_texture: \"#\") }, objects: { \"o\": (shape: Sphere(1), material: \"m\") }",
    ),
    ("parts/a.png", "background: Image(\"#\")"),
    ("parts/a.glb", "objects: { \"o\": (shape: Gltf(\"#\")) }"),
    ("parts/a.glb", "objects: { \"o\": (shape: File(\"#\")) }"),
    ("parts/a.glb", "objects: { \"o\": (shape: Files(\"#\")) }"),
    ("parts", "objects: { \"o\": (shape: Files(\"#\")) }"),
    ("parts/*.glb", "objects: { \"o\": (shape: Files(\"#\")) }"),
    ("more.ron", "include: \"#\", objects: { \"o\": (shape: Sphere(1), material: \"m\") }"),
    ("more.ron", "include: [\"#\"], objects: { \"o\": (shape: Sphere(1), material: \"m\") }"),
];

#[test]
fn nothing_outside_is_read_however_it_is_named() {
    let disk = Disk::new();
    disk.write("mine/more.ron", b"( materials: { \"m\": () } )");
    for (path, fields) in WAYS {
        let with = |path: &str, allow: &[&str]| disk.said(&fields.replace('#', path), allow);
        assert_eq!(with(path, &[]), "", "{path} is its own");
        // Round and back again is inside too.
        assert_eq!(with(&format!("../mine/{path}"), &[]), "");
        let target = disk.at("other").join(path);
        for outside in
            [format!("../other/{path}"), target.to_str().unwrap().to_owned(), format!("parts/../../other/{path}")]
        {
            let said = with(&outside, &[]);
            assert!(said.contains("outside of the folders"), "{outside}: {said}");
            assert!(said.contains("t.ron:1:") && said.contains("--allow-path "), "{said}");
            assert!(said.contains(disk.at("other").to_str().unwrap()), "{said}");
            assert_eq!(with(&outside, &["other"]), "", "{outside} is allowed");
            assert!(!with(&outside, &["mine"]).is_empty());
        }
    }
}

#[test]
fn fonts_panoramas_calibrations_and_what_is_extended_are_held_to_it_too() {
    let disk = Disk::new();
    let secret = "../other/secret.txt";
    let calibrated = format!(
        "(version: 1, name: \"t\", image: (width: 8, height: 8), cameras: {{ \"main\": (lens: Calibration(\"{secret}\"), pose: LookAt(from: (0, 1, 2), target: (0, 0, 0))) }})"
    );
    for fields in [
        object(&format!("Text(\"A\", 1, 0.1, font: \"{secret}\")")),
        format!("environment: Hdri(\"{secret}\")"),
        format!("extends: \"{secret}\""),
    ] {
        let said = disk.said(&fields, &[]);
        assert!(said.contains("outside of the folders"), "{said}");
        // With leave it is read, and is not what it should be.
        let said = disk.said(&fields, &["other"]);
        assert!(!said.contains("outside") && !said.is_empty(), "{said}");
    }
    disk.write("mine/c.ron", calibrated.as_bytes());
    let problems = load_allowing(&disk.at("mine/c.ron"), &disk.at("mine"), &[], &Allowed::default()).unwrap_err();
    assert!(problems.render(Drawing::Plain).contains("outside of the folders"), "{}", problems.render(Drawing::Plain));
}

#[test]
fn whether_something_is_outside_does_not_depend_on_what_is_there() {
    let disk = Disk::new();
    let (there, not) =
        (disk.said(&textured("../other/secret.txt"), &[]), disk.said(&textured("../other/sicret.txt"), &[]));
    assert_eq!(there.replace("secret", "sicret"), not);
    // No guess at a name beside it either.
    assert!(!not.contains("did you mean"), "{not}");
    assert!(disk.said(&textured("parts/b.png"), &[]).contains("did you mean \"parts/a.png\""));
}

#[cfg(unix)]
#[test]
fn links_count_as_what_they_lead_to() {
    use std::os::unix::fs::symlink;
    let disk = Disk::new();
    symlink(disk.at("other"), disk.at("mine/folder")).unwrap();
    symlink("../../other/parts/a.glb", disk.at("mine/parts/out.glb")).unwrap();
    symlink("a.glb", disk.at("mine/parts/in.glb")).unwrap();
    symlink("round.png", disk.at("mine/round.png")).unwrap();
    let gltf = |path: &str| disk.said(&object(&format!("Gltf(\"{path}\")")), &[]);
    assert_eq!(gltf("parts/in.glb"), "");
    for path in ["parts/out.glb", "folder/parts/a.glb", "parts/../folder/parts/a.glb", "folder/parts/none.glb"] {
        assert!(gltf(path).contains("outside of the folders"), "{path}: {}", gltf(path));
    }
    for pattern in ["parts/*.glb", "parts", "folder/parts/*.glb", "folder/parts", "**/out.glb"] {
        let said = disk.said(&object(&format!("Files(\"{pattern}\")")), &[]);
        assert!(said.contains("outside of the folders"), "{pattern}: {said}");
    }
    assert_eq!(disk.said(&object("Files(\"parts/*.glb\")"), &["other/parts"]), "");
    assert!(disk.said(&textured("round.png"), &[]).contains("cannot read"));
    // The folder itself may be reached through a link: then what is beside it is what is beside where it is.
    symlink(disk.at("mine"), disk.at("other/mine")).unwrap();
    let library = &mut Library::default();
    assert!(library.load_texture(&disk.at("other/mine"), "parts/a.png").is_ok());
    assert!(library.load_texture(&disk.at("other/mine"), "../parts/a.png").is_err());
}

#[cfg(unix)]
#[test]
fn what_never_ends_is_not_opened() {
    let disk = Disk::new();
    let made = std::process::Command::new("mkfifo").arg(disk.at("mine/pipe.png")).status();
    let socket = std::os::unix::net::UnixListener::bind(disk.at("mine/socket.png")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", disk.at("mine/zero.png")).unwrap();
    let said = |path: &str, allow: &[&str]| disk.said(&textured(path), allow);
    if made.is_ok_and(|status| status.success()) {
        assert!(said("pipe.png", &[]).contains("is not an ordinary file"));
    }
    assert!(said("socket.png", &[]).contains("is not an ordinary file"));
    assert!(said("parts", &[]).contains("is a folder"));
    assert!(said("zero.png", &[]).contains("leads to /dev/zero, which is outside"));
    // Leave to read it does not make it a file.
    assert!(said("zero.png", &["/dev"]).contains("is not an ordinary file"));
    assert!(disk.said("include: \"/dev/zero\"", &["/dev"]).contains("is not an ordinary file"));
    drop(socket);
}

#[test]
fn models_are_held_to_the_folder_of_the_recipe() {
    let disk = Disk::new();
    let mut file = square();
    let bytes = file.bytes.clone();
    disk.write("other/a.bin", &bytes);
    disk.write("mine/a.bin", &bytes);
    let load = |name: &str| Library::default().load_model(&disk.at("mine"), name).map(drop).map_err(|e| e.to_string());
    for (uri, good) in [("../a.bin", true), ("../../other/a.bin", false), ("%2e%2e/%2e%2e/other/a.bin", false)] {
        file.document["buffers"] = json!([{ "byteLength": bytes.len(), "uri": uri }]);
        disk.write("mine/parts/b.gltf", file.document.to_string().as_bytes());
        match load("parts/b.gltf") {
            Ok(()) => assert!(good, "{uri}"),
            Err(said) => assert!(!good && said.contains("outside of the folders"), "{uri}: {said}"),
        }
    }
    let said = disk.said(&object("Gltf(\"parts/b.gltf\")"), &[]);
    assert!(said.contains("\"parts/b.gltf\" refers to \"a.bin\"") && said.contains("outside of the folders"), "{said}");
    let absolute = disk.at("other/a.bin");
    file.document["buffers"] = json!([{ "byteLength": bytes.len(), "uri": absolute }]);
    disk.write("mine/parts/b.gltf", file.document.to_string().as_bytes());
    assert!(load("parts/b.gltf").unwrap_err().contains("outside of the folders"));

    let triangle = "v 0 0 0\nv 1 0 0\nv 1 1 0\nusemtl m\nf 1 2 3\n";
    disk.write("mine/b.obj", format!("mtllib ../other/secret.txt\n{triangle}").as_bytes());
    assert!(load("b.obj").unwrap_err().contains("outside of the folders"));
    disk.write("mine/b.obj", format!("mtllib b.mtl\n{triangle}").as_bytes());
    disk.write("mine/b.mtl", b"newmtl m\nmap_Kd parts/a.png\n");
    load("b.obj").unwrap();
    disk.write("mine/b.mtl", b"newmtl m\nmap_Kd ../other/parts/a.png\n");
    assert!(load("b.obj").unwrap_err().contains("outside of the folders"));
}

#[cfg(unix)]
#[test]
fn the_licence_beside_a_file_is_no_way_out() {
    let disk = Disk::new();
    let licence = || Library::default().load_texture(&disk.at("mine"), "parts/a.png").unwrap().file.licence.clone();
    std::os::unix::fs::symlink(disk.at("other/secret.txt"), disk.at("mine/parts/a.png.license")).unwrap();
    assert_eq!(licence(), None);
    fs::remove_file(disk.at("mine/parts/a.png.license")).unwrap();
    disk.write("mine/parts/a.png.license", b"mine");
    assert_eq!(licence().as_deref(), Some("mine"));
}

#[test]
fn a_project_is_what_is_below_its_mark() {
    let disk = Disk::new();
    let beside = textured("../other/parts/a.png");
    assert!(!disk.said(&beside, &[]).is_empty());
    disk.write(MARK, b"");
    assert_eq!(disk.said(&beside, &[]), "");
    // The nearest one counts: what a stranger brings along makes his folder no larger.
    disk.write(&format!("mine/{MARK}"), b"");
    assert!(disk.said(&beside, &[]).contains("outside of the folders"));
}

#[test]
fn a_folder_that_is_given_for_assets_is_allowed_and_the_recipe_keeps_its_own() {
    let disk = Disk::new();
    disk.write("mine/more.ron", b"( materials: { \"m\": (base_color_texture: \"parts/a.png\") } )");
    let fields = "include: \"more.ron\", objects: { \"o\": (shape: Sphere(1), material: \"m\") }";
    disk.write("mine/t.ron", format!("({HEAD}, {fields})").as_bytes());
    let checked = load_allowing(&disk.at("mine/t.ron"), &disk.at("other"), &[], &Allowed::default()).unwrap();
    assert_eq!(checked.recipe.assets.textures.len(), 1);
    assert!(Allowed::new(&[disk.at("nowhere")]).is_err());
}

#[test]
fn scene_files_are_held_to_it_as_well() {
    let disk = Disk::new();
    assert_eq!(disk.said(&object("Gltf(\"parts/a.glb\")"), &[]), "");
    let recipe = load_allowing(&disk.at("mine/t.ron"), &disk.at("mine"), &[], &Allowed::default()).unwrap().recipe;
    let text = sample(&recipe, 0, 0).unwrap().to_ron().unwrap();
    let file = disk.at("mine/scene.ron");
    let load = |allowed: &Allowed| Plan::load_allowing(&file, None, Selection::default(), &[], allowed).map(drop);
    fs::write(&file, &text).unwrap();
    load(&Allowed::default()).unwrap();
    fs::write(&file, text.replace("parts/a.glb", "../other/parts/a.glb")).unwrap();
    let said = load(&Allowed::default()).unwrap_err().to_string();
    assert!(said.contains("outside of the folders") && said.contains("--allow-path"), "{said}");
    load(&Allowed::new(&[disk.at("other")]).unwrap()).unwrap();
}

#[test]
fn more_is_read_of_no_file_than_is_stated() {
    let disk = Disk::new();
    let sparse = |name: &str, length: u64| fs::File::create(disk.at(name)).unwrap().set_len(length).unwrap();
    let library = &mut Library::default();
    let root = disk.at("mine");
    sparse("mine/a.yaml", (1 << 20) + 1);
    assert!(library.load_calibration(&root, "a.yaml").unwrap_err().to_string().contains("larger than 1 MiB"));
    sparse("mine/a.ttf", (64 << 20) + 1);
    assert!(library.load_font(&root, "a.ttf").unwrap_err().to_string().contains("larger than 64 MiB"));
    // Holes in files take no room on the disk; they would in memory.
    sparse("mine/a.png", 1 << 40);
    assert!(library.load_texture(&root, "a.png").unwrap_err().to_string().contains("larger than 1024 MiB"));
    sparse("mine/a.hdr", 1 << 40);
    assert!(library.load_sky(&root, "a.hdr").unwrap_err().to_string().contains("larger than 1024 MiB"));
    sparse("mine/a.stl", 1 << 40);
    assert!(library.load_model(&root, "a.stl").unwrap_err().to_string().contains("larger than 2048 MiB"));
    let folder = Folder::new(Path::new(&root), &Allowed::default());
    assert!(matches!(folder.read("parts/a.png", 10), Err(Denied::TooLarge { most: 10, .. })));
}

/// Things of the same shape share their triangles: only what is drawn anew counts each time.
#[test]
fn different_triangles_are_counted_and_like_ones_once() {
    let disk = Disk::new();
    let drawn = |size: &str| {
        let fields = format!(
            "objects: {{ \"o\": (shape: RoundedBox({size}, 1, 1, 0.1), count: 9, place: InBox((-9, -9, -9), (9, 9, 9))) }}"
        );
        disk.said(&fields, &[]);
        let recipe = load_allowing(&disk.at("mine/t.ron"), &disk.at("mine"), &[], &Allowed::default()).unwrap().recipe;
        (sample(&recipe, 0, 0).unwrap(), recipe)
    };
    for (size, shapes) in [("1", 1), ("Uniform(1, 2)", 9)] {
        let (scene, recipe) = drawn(size);
        assert_eq!(scene.instances.len(), 9);
        let model = recipe.assets.geometry(&scene.instances[0].shape).unwrap();
        let each: usize = model.parts.iter().map(|part| part.mesh.indices.len() / 3).sum();
        let fits = |most: usize| {
            let mut different = Different::of_at_most(most);
            scene.instances.iter().all(|instance| different.add(&instance.shape, &recipe.assets))
        };
        assert!(fits(shapes * each) && !fits(shapes * each - 1), "{size}");
    }
}

/// Two lines that ask for a thousand landscapes.
#[test]
#[ignore = "makes thirty million triangles"]
fn a_short_recipe_that_asks_for_too_much_is_told_so() {
    let disk = Disk::new();
    let fields = "objects: { \"o\": (shape: Terrain(1, 1, Uniform(0.1, 0.2), 0.1, resolution: 512), count: 1000) }";
    assert_eq!(disk.said(fields, &[]), "");
    let recipe = load_allowing(&disk.at("mine/t.ron"), &disk.at("mine"), &[], &Allowed::default()).unwrap().recipe;
    let error = sample(&recipe, 0, 0).unwrap_err();
    assert!(matches!(&error, SampleError::TooLarge { object, .. } if object == "o"), "{error}");
    assert_eq!(error.advice().unwrap().0, "objects.o.shape");
}

/// Whoever opens a file by its name elsewhere goes round all of this.
#[test]
fn only_one_place_opens_files_that_are_named_in_files() {
    // What the user names on the command line, and what was found inside before.
    let known = [
        ("src/recipe/load.rs", "std::fs::File::open(path)"),
        ("src/recipe/compose.rs", "std::fs::canonicalize(origin.file_name)"),
        ("src/recipe/check.rs", "std::fs::read_dir(folder.resolve("),
        ("src/assets/collection.rs", "std::fs::read_dir(place)"),
    ];
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let modules = ["assets", "recipe", "make", "paint", "mesh", "scene", "solid", "plan.rs", "survey.rs"];
    let mut left: Vec<PathBuf> = modules.map(|name| package.join("src").join(name)).into();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let name = path.strip_prefix(package).unwrap().to_str().unwrap();
        for line in fs::read_to_string(&path).unwrap().lines() {
            let code = line.split("//").next().unwrap();
            let opens = ["std::fs", "image::open", ".exists()", ".is_file()"].iter().any(|call| code.contains(call));
            let is_known = known.iter().any(|(file, part)| *file == name && code.contains(part));
            assert!(!opens || is_known, "{name}: `{code}`: what is named in a file is found by `confine::Folder`");
        }
    }
}
