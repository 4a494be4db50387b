//! Everything that draws. One process and one device; without an adapter every trial shows as ignored, with the reason,
//! unless `SCENEWRIGHT_REQUIRE_GPU=1` (as in CI) turns that into a failure.

mod build;
mod harness;
mod reference;

fn main() -> std::process::ExitCode {
    harness::run(vec![("reference", reference::trials())])
}
