//! Frames that are not in the dataset, kept aside for people to look at.

use std::fmt::Write;

use crate::scene::Output;
use crate::write::encode;
use crate::write::outputs::{Look, SENSOR_DEPTH};

/// What is kept of a frame: file names and their bytes. What cannot be encoded is named in `reason.txt`.
pub(crate) fn files(look: &Look, reasons: &[String]) -> Vec<(String, Vec<u8>)> {
    let scene = &look.subject.scene;
    let mut files = Vec::new();
    let mut left: Vec<String> = Vec::new();
    let format = scene.image.format;
    match encode::picture_file(look.frame, format) {
        Ok(bytes) => files.push((format!("rgb.{}", format.extension()), bytes)),
        Err(error) => left.push(format!("the rgb image: {error}")),
    }
    // Ids and depth are always there, and show best what is wrong.
    let shown = |&output: &Output| scene.labels.wants(output) || matches!(output, Output::Ids | Output::Depth);
    for output in Output::ALL.into_iter().filter(shown) {
        match look.encode(output) {
            Ok(Some((extension, bytes))) => files.push((format!("{}.{extension}", output.name()), bytes)),
            Ok(None) => {}
            Err(error) => left.push(format!("the {} image: {error}", output.name())),
        }
    }
    if let Some(depth) = &look.frame.sensor_depth {
        match look.depth.encode(depth) {
            Ok((extension, bytes)) => files.push((format!("{SENSOR_DEPTH}.{extension}"), bytes)),
            Err(error) => left.push(format!("the {SENSOR_DEPTH} image: {error}")),
        }
    }
    match scene.to_ron() {
        Ok(text) => files.push(("scene.ron".to_owned(), text.into_bytes())),
        Err(error) => left.push(format!("the scene: {error}")),
    }

    let mut text = String::new();
    for line in reasons.iter().map(|reason| one_line(reason)).chain(left.iter().map(|what| format!("Not here: {what}")))
    {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{line}");
    }
    let camera = scene.cameras.get(look.frame.camera).map_or("", |camera| &camera.name);
    let _ = write!(
        text,
        "\nRecipe {:?}, seed {}, scene {}, camera {camera:?}. To render it again:\n\
         scenewright render RECIPE --seed {} --first-index {} --count 1 --out FOLDER\n\
         or, for exactly this scene: scenewright render scene.ron --assets FOLDER_OF_THE_RECIPE --out FOLDER\n",
        scene.recipe, scene.seed, scene.index, scene.seed, scene.index
    );
    files.push(("reason.txt".to_owned(), text.into_bytes()));
    files
}

/// The first of the reasons, and how many more there are.
pub(crate) fn summary(reasons: &[String]) -> String {
    let first = reasons.first().map_or_else(String::new, |reason| one_line(reason));
    match reasons.len() {
        0 | 1 => first,
        2 => format!("{first} (and one more thing: see its reason.txt)"),
        count => format!("{first} (and {} more things: see its reason.txt)", count - 1),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
