//! Files that nobody would write: what is read is changed at random, and whatever comes of it is read again. No bytes make a reader
//! panic, hang, or take more memory than is stated.
//!
//! Each case is a function of its target and its number alone, so that a failure comes again. A test reads some hundred;
//! `SCENEWRIGHT_FUZZ_SECONDS=600` goes on for so long with each target (`SCENEWRIGHT_FUZZ_FROM=100000` begins there), writes what
//! fails into the folder of temporary files, goes on, and tells all in the end. Then memory is measured too, so run one at a time:
//!
//! ```text
//! SCENEWRIGHT_FUZZ_SECONDS=600 cargo test --release --no-default-features --test cpu -- fuzz:: --test-threads=1 --nocapture
//! ```
//!
//! Another reader of bytes is another [`Target`]: a few files that it reads, and a function from bytes.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of small files, and any number does"
)]

mod change;
mod corpus;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use scenewright::annotate::Subject;
use scenewright::assets::Library;
use scenewright::plan::{Plan, Selection};
use scenewright::recipe::{Drawing, parse_checked};
use scenewright::scene::{Scene, sample};
use scenewright::write::journal::index;
use scenewright::write::status;
use tempfile::TempDir;

use self::change::{Kind, Random, changed};
use crate::dataset::CAMERAS;
use crate::synthetic::info;

/// Longer takes no case, on a machine that has other things to do.
const LONGEST: Duration = Duration::from_secs(10);
/// What hangs is ended after this.
const HUNG: Duration = Duration::from_secs(60);
/// More memory takes no case, KiB. (A texture of 16384 x 16384 pixels may take a gibibyte, and changes of small ones do.)
const MOST_MEMORY: u64 = 3 << 20;

/// Something that reads bytes.
struct Target<'a> {
    name: &'a str,
    kind: Kind,
    /// What it reads without complaint.
    corpus: Vec<Vec<u8>>,
    /// Reads bytes; whether it took them.
    read: &'a dyn Fn(&[u8]) -> bool,
}

#[expect(clippy::disallowed_methods, reason = "what hangs is seen by the clock alone")]
fn now() -> Instant {
    Instant::now()
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The most memory that this process has had since [`forget_peak`], KiB; `None` where the system does not say.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn forget_peak() {
    // Where the system has none of this, memory is not measured.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

thread_local! {
    /// Where the case under way panicked; `None` while nobody listens.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From now on panics of this thread are noted rather than printed: also those that somebody catches.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let noted = PANIC.with_borrow_mut(|place| match place {
                None => false,
                Some(place) => {
                    *place = info.location().map_or_else(|| "?".to_owned(), ToString::to_string);
                    true
                }
            });
            if !noted {
                before(info);
            }
        }));
    });
    PANIC.set(Some(String::new()));
}

/// A file of its own each time: some file systems wait for the disk where one is written over.
fn put(path: &Path, bytes: &[u8]) {
    let _ = std::fs::remove_file(path);
    std::fs::write(path, bytes).unwrap();
}

/// Reads so many changed files.
fn run(target: &Target<'_>, cases: u64) {
    let seconds = setting("SCENEWRIGHT_FUZZ_SECONDS");
    let from = setting("SCENEWRIGHT_FUZZ_FROM").unwrap_or(0);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    std::fs::create_dir_all(&folder).unwrap();
    let file = |what: &str| folder.join(format!("{}-{what}", target.name));
    // Files as they are have to be read, or changes of them lead nowhere.
    for (k, bytes) in target.corpus.iter().enumerate() {
        assert!((target.read)(bytes), "{}: file {k} of the corpus is refused", target.name);
    }
    let (start, current) = (now(), file("current"));
    // 0 while no case is read, else 1 + milliseconds from the start.
    let since = Arc::new(AtomicU64::new(0));
    let milliseconds = move || u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    let watched = since.clone();
    let (name, shown) = (target.name.to_owned(), current.clone());
    let _watch = std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(500));
            let began = watched.load(Ordering::Relaxed);
            if began == u64::MAX {
                return;
            }
            if began > 0 && milliseconds().saturating_sub(began - 1) > HUNG.as_millis() as u64 {
                eprintln!("fuzz {name}: a case takes longer than {HUNG:?}: {}", shown.display());
                std::process::abort();
            }
        }
    });
    let mut failed: BTreeMap<String, (u64, PathBuf)> = BTreeMap::new();
    let (mut done, mut taken, mut slowest, mut largest) = (0, 0u64, Duration::ZERO, 0u64);
    loop {
        match seconds {
            Some(seconds) if start.elapsed() >= Duration::from_secs(seconds) => break,
            None if done >= cases => break,
            _ => {}
        }
        let case = from + done;
        done += 1;
        let bytes = changed(&mut Random::of(target.name, case), target.kind, &target.corpus);
        // Written first: a stack that overflows says nothing, and ends everything.
        put(&current, &bytes);
        let before = seconds.and_then(|_| {
            forget_peak();
            peak()
        });
        let began = now();
        since.store(1 + milliseconds(), Ordering::Relaxed);
        listen();
        let outcome = catch_unwind(AssertUnwindSafe(|| (target.read)(&bytes)));
        since.store(0, Ordering::Relaxed);
        let panicked = PANIC.take().filter(|place| !place.is_empty());
        let took = began.elapsed();
        slowest = slowest.max(took);
        let grown = before.and_then(|before| Some(peak()?.saturating_sub(before))).unwrap_or(0);
        largest = largest.max(grown);
        taken += u64::from(matches!(outcome, Ok(true)));
        let wrong = match panicked {
            Some(place) => {
                let panic = outcome.err();
                let text = panic.as_ref().and_then(|panic| panic.downcast_ref::<String>());
                eprintln!("fuzz {}: case {case} panics at {place}: {}", target.name, text.map_or("", String::as_str));
                Some(format!("panic at {place}"))
            }
            None if outcome.is_err() => Some("panic".to_owned()),
            None if took > LONGEST => Some("slow".to_owned()),
            None if grown > MOST_MEMORY => Some("large".to_owned()),
            None => None,
        };
        if let Some(wrong) = wrong {
            failed.entry(wrong).or_insert_with(|| {
                let kept = file(&format!("{case}"));
                std::fs::write(&kept, &bytes).unwrap();
                (case, kept)
            });
            if seconds.is_none() {
                break;
            }
        }
    }
    since.store(u64::MAX, Ordering::Relaxed);
    if seconds.is_some() {
        eprintln!(
            "fuzz {}: {done} cases from {from}, {taken} taken, slowest {:.2} s, largest {} MiB, {} kinds of failures",
            target.name,
            slowest.as_secs_f64(),
            largest >> 10,
            failed.len()
        );
    }
    assert!(failed.is_empty(), "{}: {failed:#?}", target.name);
}

/// A folder with a file that is written again for every case.
struct Place {
    folder: TempDir,
    name: &'static str,
}

impl Place {
    fn new(name: &'static str) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), name }
    }

    fn with<T>(&self, bytes: &[u8], read: impl FnOnce(&Path, &str) -> T) -> T {
        put(&self.folder.path().join(self.name), bytes);
        read(self.folder.path(), self.name)
    }
}

/// A model, and what is done with it: poses, its body.
fn model(place: &Place, bytes: &[u8]) -> bool {
    place.with(bytes, |root, name| {
        let mut library = Library::default();
        let Ok(model) = library.load_model(root, name) else { return false };
        let (animations, _) = library.poses(name);
        for animation in animations {
            let _ = library.animation_length(name, &animation);
        }
        !model.parts.is_empty()
    })
}

/// Scenes of few things are decided in a moment.
fn is_small(text: &str) -> bool {
    text.split("count").skip(1).all(|rest| {
        let rest = &rest.as_bytes()[..rest.len().min(60)];
        rest.split(|b| !b.is_ascii_digit()).all(|digits| digits.len() < 3)
    })
}

fn looked_at(scene: Scene, library: &Library) -> bool {
    let few = scene.instances.len() <= 200;
    few && Subject::new(scene, library).is_ok()
}

#[test]
fn recipes() {
    let folder = corpus::gallery();
    let root = folder.path().join("scenes");
    let read = |bytes: &[u8]| {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        match parse_checked(text, "fuzz.ron", &root) {
            Err(problems) => {
                assert!(problems.has_errors() && !problems.render(Drawing::Plain).is_empty());
                false
            }
            Ok(checked) => {
                let _ = checked.warnings.render(Drawing::Plain);
                if is_small(text)
                    && let Ok(scene) = sample(&checked.recipe, 0, 0)
                {
                    scene.validate().unwrap_or_else(|reason| panic!("a sampled scene is refused: {reason}"));
                }
                true
            }
        }
    };
    let corpus = corpus::recipes(&folder);
    run(&Target { name: "recipes", kind: Kind::Text, corpus, read: &read }, 400);
}

#[test]
fn broken_recipes() {
    let folder = corpus::gallery();
    let root = folder.path().join("scenes");
    let read = |bytes: &[u8]| {
        // What is refused is refused in words.
        let text = String::from_utf8_lossy(bytes);
        match parse_checked(&text, "fuzz.ron", &root) {
            Err(problems) => !problems.render(Drawing::Plain).is_empty(),
            Ok(checked) => checked.warnings.render(Drawing::Plain).len() < usize::MAX,
        }
    };
    run(&Target { name: "broken", kind: Kind::Text, corpus: corpus::broken(), read: &read }, 1000);
}

#[test]
fn scene_files() {
    let folder = corpus::gallery();
    let path = folder.path().join("scenes/fuzz.ron");
    let read = |bytes: &[u8]| {
        put(&path, bytes);
        let Ok(plan) = Plan::load(&path, None, Selection::default()) else { return false };
        if plan.indices().end - plan.indices().start != 1 {
            return true; // it became a recipe
        }
        let Ok(scene) = plan.scene(plan.indices().start) else { return false };
        if let Some(clip) = scene.clip.filter(|_| scene.instances.len() <= 200) {
            for frame in [0, clip.frames.saturating_sub(1)] {
                let _ = scene.frame(frame);
            }
        }
        looked_at(scene, plan.library())
    };
    run(&Target { name: "scenes", kind: Kind::Text, corpus: corpus::scenes(&folder), read: &read }, 400);
}

#[test]
fn gltf() {
    let place = Place::new("a.glb");
    let read = |bytes: &[u8]| model(&place, bytes);
    run(&Target { name: "glb", kind: Kind::Glb, corpus: corpus::glb(), read: &read }, 1500);
}

#[test]
fn obj() {
    let place = Place::new("a.obj");
    std::fs::write(place.folder.path().join("a.mtl"), corpus::MTL).unwrap();
    std::fs::write(place.folder.path().join("a.png"), &corpus::png()[0]).unwrap();
    let read = |bytes: &[u8]| model(&place, bytes);
    run(&Target { name: "obj", kind: Kind::Text, corpus: corpus::obj(), read: &read }, 2000);
}

#[test]
fn mtl() {
    let place = Place::new("a.mtl");
    std::fs::write(place.folder.path().join("a.obj"), corpus::OBJ).unwrap();
    std::fs::write(place.folder.path().join("a.png"), &corpus::png()[0]).unwrap();
    let read = |bytes: &[u8]| place.with(bytes, |root, _| Library::default().load_model(root, "a.obj").is_ok());
    run(&Target { name: "mtl", kind: Kind::Text, corpus: vec![corpus::MTL.into()], read: &read }, 2000);
}

#[test]
fn ply() {
    let place = Place::new("a.ply");
    let read = |bytes: &[u8]| model(&place, bytes);
    run(&Target { name: "ply", kind: Kind::Mixed, corpus: corpus::ply(), read: &read }, 2000);
}

#[test]
fn stl() {
    let place = Place::new("a.stl");
    let read = |bytes: &[u8]| model(&place, bytes);
    run(&Target { name: "stl", kind: Kind::Mixed, corpus: corpus::stl(), read: &read }, 2000);
}

#[test]
fn textures() {
    let place = Place::new("a.png");
    let read = |bytes: &[u8]| place.with(bytes, |root, name| Library::default().load_texture(root, name).is_ok());
    run(&Target { name: "png", kind: Kind::Png, corpus: corpus::png(), read: &read }, 1500);
    run(&Target { name: "jpeg", kind: Kind::Bytes, corpus: corpus::jpeg(), read: &read }, 1000);
}

#[test]
fn panoramas() {
    let place = Place::new("a.hdr");
    let read = |bytes: &[u8]| {
        place.with(bytes, |root, name| match Library::default().load_sky(root, name) {
            Ok(sky) => sky.split().suns.len() < 100,
            Err(_) => false,
        })
    };
    run(&Target { name: "hdr", kind: Kind::Mixed, corpus: corpus::hdr(), read: &read }, 1500);
    run(&Target { name: "exr", kind: Kind::Bytes, corpus: corpus::exr(), read: &read }, 1500);
}

#[test]
fn fonts() {
    let place = Place::new("a.ttf");
    let read = |bytes: &[u8]| {
        place.with(bytes, |root, name| {
            let Ok(font) = Library::default().load_font(root, name) else { return false };
            let _ = font.line("Aäg%fi\u{1F600} 8");
            font.has('A')
        })
    };
    run(&Target { name: "ttf", kind: Kind::Bytes, corpus: corpus::fonts(), read: &read }, 300);
}

#[test]
fn calibrations() {
    let place = Place::new("a.yaml");
    let read = |bytes: &[u8]| {
        place.with(bytes, |root, name| {
            let Ok(calibration) = Library::default().load_calibration(root, name) else { return false };
            let names: Vec<String> = calibration.cameras.iter().map(|(name, _)| name.clone()).collect();
            names.iter().any(|name| calibration.camera(Some(name)).is_ok())
        })
    };
    run(&Target { name: "calibration", kind: Kind::Text, corpus: corpus::calibrations(), read: &read }, 2000);
}

#[test]
fn patterns() {
    let folder = corpus::gallery();
    let read = |bytes: &[u8]| match std::str::from_utf8(bytes) {
        Ok(pattern) => Library::default().collect(folder.path(), pattern).is_ok(),
        Err(_) => false,
    };
    let corpus = ["assets/*.glb", "**/*.glb", "assets", "assets/[a-m]*.gl?", "**/assets/**/*.glb", "assets/[!z]*.glb"];
    let corpus = corpus.map(|pattern| pattern.as_bytes().to_vec()).into();
    run(&Target { name: "pattern", kind: Kind::Text, corpus, read: &read }, 1000);
}

/// Of a journal only whole lines count: a changed one is read as long as one of them is.
#[test]
fn journal() {
    let root = tempfile::tempdir().unwrap();
    crate::dataset::write_dataset(root.path(), info(0, 3, &CAMERAS), crate::dataset::unaudited(), 0..3);
    let path = root.path().join("journal/all.ndjson");
    let corpus = vec![std::fs::read(&path).unwrap()];
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let images = index(bytes).unwrap().lines.len();
        status(root.path()).unwrap().done <= images as u64 && images > 0
    };
    run(&Target { name: "journal", kind: Kind::Text, corpus, read: &read }, 500);
}

/// What a folder was begun with, which comes along when shards are brought together.
#[test]
fn begun() {
    let root = tempfile::tempdir().unwrap();
    crate::dataset::write_dataset(root.path(), info(0, 3, &CAMERAS), crate::dataset::unaudited(), 0..3);
    let path = root.path().join("journal/begun.ron");
    let corpus = vec![std::fs::read(&path).unwrap()];
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        status(root.path()).is_ok()
    };
    run(&Target { name: "begun", kind: Kind::Text, corpus, read: &read }, 500);
}
