//! No text makes the recipe reader panic, hang or run out of memory; whatever it refuses, it can draw.
//!
//! `cargo +nightly fuzz run recipe_parse -- -timeout=5` with `scenes/` or `tests/broken/` as a first corpus.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use scenewright::recipe::{Drawing, parse};

fuzz_target!(|text: &str| {
    // A folder that does not exist: the fuzzer is not to wander over the disk.
    if let Err(problems) = parse(text, "fuzz.ron", Path::new("no-such-folder")) {
        assert!(problems.has_errors());
        assert!(!problems.render(Drawing::Plain).is_empty());
    }
});
