//! Everything that draws. One process and one device; without an adapter every trial shows as ignored, with the reason,
//! unless `SCENEWRIGHT_REQUIRE_GPU=1` (as in CI) turns that into a failure. See tests/README.md.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, in its helpers too")]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers, chosen here")]

mod agreement; // frames against those of the CPU ray caster
mod build; // scenes in few words
mod color; // what light does, where it is known on paper
mod complete; // nothing is missing from a first frame, nothing is left behind
mod determinism;
mod exposure; // the same scene, the same bytes
mod gallery; // the audit passes what is right
mod glass; // what light passes through, in colour and labels
#[path = "../cpu/gltf.rs"]
#[expect(dead_code, reason = "the CPU tests use all of it")]
mod gltf; // glTF files in the making
mod harness; // trials on one renderer
mod labels; // ids and depth whose values are derived on paper
mod masks; // each instance as it would be seen alone
#[path = "../oracle/mod.rs"]
mod oracle; // the CPU ray caster, and the comparison with it
mod program; // the binary, as a shell sees it
mod surroundings;
mod worlds; // what recipes make and files bring along // panoramas and pictures behind everything

fn main() -> std::process::ExitCode {
    harness::run(vec![
        ("labels", labels::cases()),
        ("masks", masks::cases()),
        ("agreement", agreement::cases()),
        ("color", color::cases()),
        ("gallery", gallery::cases()),
        ("glass", glass::cases()),
        ("complete", complete::cases()),
        ("determinism", determinism::cases()),
        ("exposure", exposure::cases()),
        ("surroundings", surroundings::cases()),
        ("worlds", worlds::cases()),
        ("program", program::cases()),
    ])
}
