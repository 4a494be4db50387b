//! `scenewright preview`

use scenewright::annotate::annotate;
use scenewright::audit::audit;
use scenewright::preview::{self, PreviewItem};
use scenewright::render::{AdapterChoice, RenderOptions, Renderer};
use scenewright::scene::Output;
use scenewright::sensor::developed;
use scenewright::write::{encode, files};
use std::fmt::Write as _;
use std::sync::Arc;

use super::args::PreviewArgs;
use super::render::{plan, progress_bar};
use super::{Failure, print};

/// Scenes on a sheet, where not said.
const DEFAULT_COUNT: u64 = 8;
/// More frames than this make a sheet that nobody can look at.
const MOST_IMAGES: u64 = 200;
/// All frames are in memory until the sheet is drawn.
const MOST_BYTES: u64 = 3 << 30;
/// Of one pixel: colour, surface, id and distances; and with every label.
const PIXEL_BYTES: (u64, u64) = (19, 103);

pub(super) fn run(args: &PreviewArgs) -> Result<(), Failure> {
    if args.out.extension().is_none_or(|end| !end.eq_ignore_ascii_case("png")) {
        return Err(Failure::bad_input(format!(
            "{}: a contact sheet is a PNG; name a file that ends in .png",
            args.out.display()
        )));
    }
    let plan = match args.count {
        Some(count) => plan(&args.scenes, Some(count))?,
        // A scene file is one scene, and refuses a count.
        None => plan(&args.scenes, None)?.or_first(DEFAULT_COUNT),
    };
    let images = plan.count().saturating_mul(plan.camera_names().len() as u64);
    if images > MOST_IMAGES {
        return Err(Failure::bad_input(format!(
            "a sheet of {images} images is too large to look at; ask for up to {MOST_IMAGES}"
        )));
    }
    let sides = plan.scene(plan.indices().start)?.image;
    let pixels = u64::from(sides.width) * u64::from(sides.height);
    let labels = plan.labels();
    let few = labels.outputs.iter().all(|output| matches!(output, Output::Ids | Output::Depth));
    let bytes = pixels * if few { PIXEL_BYTES.0 } else { PIXEL_BYTES.1 };
    if images.saturating_mul(bytes) > MOST_BYTES && images > 1 {
        let fit = (MOST_BYTES / bytes).max(1);
        return Err(Failure::bad_input(format!(
            "{images} images of {}x{} do not fit into memory at once; ask for up to {fit}",
            sides.width, sides.height
        )));
    }
    let options = RenderOptions {
        adapter: AdapterChoice::parse(&args.scenes.adapter),
        asset_root: plan.root().to_path_buf(),
        ..Default::default()
    };
    let mut renderer = Renderer::new(&options, plan.library().clone())?;
    let bar = progress_bar(images);
    let mut shots = Vec::new();
    let mut wrong = String::new();
    for index in plan.indices() {
        let subject = Arc::new(plan.subject(index)?);
        for frame in renderer.render(&subject.scene)? {
            let frame = developed(&subject.scene, frame);
            let labels =
                annotate(&subject, &frame).map_err(|error| Failure::internal(format!("scene {index}: {error}")))?;
            if let Err(error) = audit(&subject, &frame, &labels) {
                // Writing to a string cannot fail.
                let _ = writeln!(wrong, "  {index:06} {}: {error}", subject.scene.cameras[frame.camera].name);
            }
            shots.push((subject.clone(), frame, labels));
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let items: Vec<PreviewItem> =
        shots.iter().map(|(subject, frame, labels)| PreviewItem { subject, frame, labels }).collect();
    let sheet = preview::sheet(&items, args.width);
    let png = encode::rgb_png(&sheet.image).map_err(|error| Failure::internal(error.to_string()))?;
    files::write_whole(&args.out, &png)?;
    print(&format!(
        "{}: {} images of `{}`, rendered on {}\n",
        args.out.display(),
        shots.len() - sheet.left_out,
        plan.name(),
        renderer.adapter().summary()
    ))?;
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Failure::rejected(format!("these frames fail the audit, and `render` would keep them aside:\n{wrong}")))
}
