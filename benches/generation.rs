//! What it costs to decide scenes and to make what is in them, for every recipe of the gallery: no GPU, one thread, no pixels.
//!
//! `cargo bench --bench generation --no-default-features [-- PART_OF_A_NAME]`
//!
//! Columns, milliseconds per scene: `decide` draws the scene (placing, settling and redraws included), `build` makes the geometry
//! that labels need, `paint` the models and textures as they are shown. The first scene, which also fills caches, is told apart.

#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "a table of timings")]

use std::path::Path;
use std::time::{Duration, Instant};

use scenewright::plan::{Plan, Selection};
use scenewright::prepare;

/// Scenes that are counted.
const SCENES: u64 = 20;

fn main() {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut recipes: Vec<_> = root.join("scenes").read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    recipes.push(root.join("benches/twenty_objects.ron"));
    recipes.retain(|path| path.extension().is_some_and(|ending| ending == "ron"));
    recipes.retain(|path| path.to_string_lossy().contains(&filter));
    recipes.sort();
    println!("{:<22} {:>7} {:>9} {:>9} {:>9} {:>9}", "recipe", "things", "first", "decide", "build", "paint");
    for path in recipes {
        let selection = Selection { count: Some(SCENES + 1), ..Selection::default() };
        let plan = Plan::load(&path, None, selection).unwrap();
        let (mut first, mut sums, mut things) = (Duration::ZERO, [Duration::ZERO; 3], 0);
        for index in plan.indices() {
            let start = Instant::now();
            let scene = plan.scene(index).unwrap();
            let decided = start.elapsed();
            let start = Instant::now();
            let subject = plan.subject_of(scene).unwrap();
            let built = start.elapsed();
            let start = Instant::now();
            prepare::show(&plan, &subject.scene);
            let painted = start.elapsed();
            if index == 0 {
                first = decided + built + painted;
                continue;
            }
            things += subject.scene.instances.len();
            for (sum, took) in sums.iter_mut().zip([decided, built, painted]) {
                *sum += took;
            }
        }
        let each = |sum: Duration| sum.as_secs_f64() * 1e3 / SCENES as f64;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let [decide, build, paint] = sums.map(each);
        println!(
            "{name:<22} {:>7} {:>9.1} {decide:>9.2} {build:>9.2} {paint:>9.2}",
            things as u64 / SCENES,
            first.as_secs_f64() * 1e3
        );
    }
}
