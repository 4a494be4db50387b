//! `scenewright sample`

use scenewright::scene::sample;

use super::args::{SampleArgs, load};
use super::{Failure, print};

pub(super) fn run(args: &SampleArgs) -> Result<(), Failure> {
    let recipe = load(&args.recipe, args.assets.as_deref(), &args.allow_path, &args.set)?.recipe;
    let scene = sample(&recipe, args.seed, args.index)?;
    let text = scene.to_ron().map_err(|error| Failure::bad_input(format!("cannot print the scene: {error}")))?;
    print(&text)
}
