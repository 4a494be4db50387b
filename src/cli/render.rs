//! `scenewright render`

use indicatif::{ProgressBar, ProgressStyle};
use scenewright::plan::{Plan, Selection};
use scenewright::render::AdapterChoice;
use scenewright::run::{RunOptions, RunReport, Timings, render_dataset};
use scenewright::write::{DepthFormat, FrameSink, MaskFormat, WriteOptions};
use std::fmt::Write as _;
use std::time::Duration;

use super::args::{DepthArg, MaskArg, RenderArgs, SceneArgs};
use super::{Failure, print};

pub(super) fn run(args: &RenderArgs) -> Result<(), Failure> {
    let plan = plan(&args.scenes, args.count)?;
    let options = RunOptions {
        out: args.out.clone(),
        adapter: AdapterChoice::parse(&args.scenes.adapter),
        write: WriteOptions {
            masks: match args.masks {
                MaskArg::Rle => MaskFormat::RleCompressed,
                MaskArg::RleCounts => MaskFormat::RleUncompressed,
                MaskArg::Polygons => MaskFormat::Polygons,
            },
            depth: match args.depth {
                DepthArg::Exr => DepthFormat::ExrMetres,
                DepthArg::Png => DepthFormat::PngMillimetres,
            },
            overwrite: args.overwrite,
        },
        encoders: args.jobs.unwrap_or_else(FrameSink::default_threads),
    };
    let bar = progress_bar(plan.count().saturating_mul(plan.camera_names().len() as u64));
    let report = render_dataset(&plan, &options, |images| bar.inc(images));
    bar.finish_and_clear();
    let report = report?;
    print(&summary(args, &report))?;
    if args.timings {
        print(&timings(&report.timings, report.summary.images))?;
    }
    Ok(())
}

/// What the arguments name.
pub(super) fn plan(args: &SceneArgs, count: Option<u64>) -> Result<Plan, Failure> {
    let selection = Selection { seed: args.seed, first: args.first_index, count };
    Ok(Plan::load(&args.recipe, args.assets.as_deref(), selection)?)
}

/// On stderr, and not at all where that is no terminal.
pub(super) fn progress_bar(images: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} images  {per_sec}  {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(images).with_style(style)
}

fn summary(args: &RenderArgs, report: &RunReport) -> String {
    let summary = &report.summary;
    format!(
        "{}: {} images, {} annotations, rendered on {}\n",
        args.out.display(),
        summary.images,
        summary.annotations,
        report.adapter.summary()
    )
}

/// The stage table. Stages of the render thread follow each other; those of the encoders run beside them.
fn timings(t: &Timings, images: u64) -> String {
    let mut text = String::new();
    let mut row = |name: &str, time: Duration| {
        let per_image = 1000.0 * time.as_secs_f64() / images.max(1) as f64;
        let share = 100.0 * time.as_secs_f64() / t.wall.as_secs_f64();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<34} {per_image:9.2} ms/image {share:6.1} % of wall");
    };
    row("sample", t.sample);
    row("spawn and upload", t.render.spawn);
    row("update (Bevy: shadows, colour)", t.render.update);
    row("labels, wait for device, read back", t.render.labels_and_wait);
    row("wait for encoders", t.wait);
    row("annotate (encoder threads)", t.stages.annotate);
    row("encode   (encoder threads)", t.stages.encode);
    row("write    (encoder threads)", t.stages.write);
    let rate = images as f64 / t.wall.as_secs_f64();
    let _ = writeln!(
        text,
        "  {images} images in {:.2} s: {rate:.2} images/s (opening the adapter took {:.2} s; {} updates for {} scenes)",
        t.wall.as_secs_f64(),
        t.start.as_secs_f64(),
        t.render.updates,
        t.render.scenes
    );
    text
}
