//! Runs trials one after the other on one renderer.

use libtest_mimic::{Arguments, Conclusion, Failed, Trial};
use scenewright::assets::Library;
use scenewright::confine::Allowed;
use scenewright::frame::Frame;
use scenewright::recipe::{self, LensRecipe, Number, Recipe, Varied};
use scenewright::render::{AdapterChoice, RenderOptions, Renderer, diagnose};
use scenewright::scene::Scene;
use std::cell::RefCell;
use std::path::Path;
use std::process::ExitCode;

/// A trial: a sentence about the world, and the function that checks it.
pub(crate) type Case = (&'static str, fn() -> Result<(), String>);

thread_local! {
    static RENDERER: RefCell<Option<Renderer>> = const { RefCell::new(None) };
}

fn choice() -> AdapterChoice {
    AdapterChoice::parse(&std::env::var("SCENEWRIGHT_ADAPTER").unwrap_or_default())
}

/// A renderer of its own, for tests about starting up.
pub(crate) fn new_renderer() -> Renderer {
    let options =
        RenderOptions { adapter: choice(), asset_root: env!("CARGO_MANIFEST_DIR").into(), ..Default::default() };
    Renderer::new(&options, Library::allowing(allowed())).unwrap()
}

/// Renders on the shared device. Asset paths are relative to the repository.
pub(crate) fn render(scene: &Scene) -> Vec<Frame> {
    render_after(scene, 0)
}

/// The same, after more updates than are needed.
pub(crate) fn render_after(scene: &Scene, more: u32) -> Vec<Frame> {
    RENDERER.with_borrow_mut(|renderer| renderer.get_or_insert_with(new_renderer).render_after(scene, more).unwrap())
}

/// The only frame of a scene with one camera.
pub(crate) fn render_one(scene: &Scene) -> Frame {
    render(scene).into_iter().next().expect("one camera")
}

/// Runs all cases, or shows them as ignored where nothing can draw.
pub(crate) fn run(groups: Vec<(&'static str, Vec<Case>)>) -> ExitCode {
    let mut arguments = Arguments::from_args();
    // One device, one thread: trials share the renderer.
    arguments.test_threads = Some(1);
    let diagnosis = diagnose(&choice());
    let adapter = diagnosis.chosen.map(|i| diagnosis.adapters[i].summary());
    let required = std::env::var("SCENEWRIGHT_REQUIRE_GPU").is_ok_and(|value| value == "1");
    if !arguments.list {
        match &adapter {
            Some(adapter) => eprintln!("adapter: {adapter}"),
            None => eprintln!("no adapter: {}", diagnosis.reason),
        }
    }
    if adapter.is_none() && required {
        eprintln!("SCENEWRIGHT_REQUIRE_GPU=1: a missing adapter is a failure");
        return ExitCode::FAILURE;
    }
    let trials = groups
        .into_iter()
        .flat_map(|(group, cases)| cases.into_iter().map(move |(name, case)| (group, name, case)))
        .map(|(group, name, case)| {
            Trial::test(format!("{group}::{name}"), move || case().map_err(Failed::from))
                .with_ignored_flag(adapter.is_none())
        })
        .collect();
    let conclusion: Conclusion = libtest_mimic::run(&arguments, trials);
    // Bevy's thread pools are still alive; nothing is left to do.
    conclusion.exit_code()
}

/// Fails with `message` where `holds` is false.
pub(crate) fn ensure(holds: bool, message: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(message()) }
}

/// Writes a texture that no other test uses into the test folder, and returns its path.
pub(crate) fn texture(name: &str, size: u32, pixel: impl Fn(u32, u32) -> [u8; 4]) -> String {
    let path = folder().join(format!("{name}.png"));
    let mut bytes = Vec::new();
    for y in 0..size {
        for x in 0..size {
            bytes.extend(pixel(x, y));
        }
    }
    if path.exists() {
        // The renderer reads a file once: another texture by the same name would not be seen.
        let there = image::open(&path).unwrap().into_rgba8().into_raw();
        assert!(there == bytes, "two tests make textures called {name}");
    } else {
        image::save_buffer(&path, &bytes, size, size, image::ColorType::Rgba8).unwrap();
    }
    path.to_str().unwrap().to_owned()
}

/// What recipes and scenes of these tests may read, beside the repository: the files that the tests make.
pub(crate) fn allowed() -> Allowed {
    Allowed::new(&[folder().to_path_buf()]).unwrap()
}

/// A folder for files of this run.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: std::sync::LazyLock<tempfile::TempDir> = std::sync::LazyLock::new(|| tempfile::tempdir().unwrap());
    FOLDER.path()
}

/// The recipes of the gallery, by name of file.
pub(crate) fn gallery() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names: Vec<String> = std::fs::read_dir(root.join("scenes"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".ron"))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "there is no gallery");
    names
}

/// A recipe of the gallery with images of this width. Asset paths are relative to the repository, as the shared renderer reads
/// them; in the file they are relative to `scenes/`.
pub(crate) fn gallery_recipe(name: &str, width: u32) -> Recipe {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("scenes").join(name)).unwrap().replace("\"../assets/", "\"assets/");
    let mut recipe = recipe::parse(&text, name, root).unwrap();
    let shrink = f64::from(width) / f64::from(recipe.image.width);
    (recipe.image.width, recipe.image.height) = (width, recipe.image.height * width / recipe.image.width);
    for camera in recipe.cameras.values_mut() {
        // Intrinsics are in pixels of the recipe's own size.
        if let LensRecipe::Intrinsics { fx, fy, cx, cy } = &mut camera.lens {
            for value in [fx, fy, cx, cy] {
                let Varied::One(Number::Const(pixels)) = value else { panic!("the gallery's intrinsics are plain") };
                *pixels *= shrink;
            }
        }
    }
    recipe
}
