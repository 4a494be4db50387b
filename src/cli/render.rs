//! `scenewright render`

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use scenewright::plan::{Plan, Selection};
use scenewright::render::AdapterChoice;
use scenewright::run::{RunOptions, RunReport, Timings, render_dataset};
use scenewright::write::{DepthFormat, FrameSink, MaskFormat, Summary, WriteOptions};
use std::fmt::Write as _;
use std::time::Duration;

use super::args::{AuditArg, DepthArg, MaskArg, RenderArgs, SceneArgs, allowed};
use super::{Failure, print, wanted};

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
            audit: args.audit == AuditArg::On,
        },
        encoders: args.jobs.unwrap_or_else(FrameSink::default_threads),
    };
    let frames = plan.clip().map_or(1, |clip| u64::from(clip.frames));
    let bar = progress_bar(plan.count().saturating_mul(frames).saturating_mul(plan.camera_names().len() as u64));
    let report = render_dataset(&plan, &options, |images| bar.inc(images));
    bar.finish_and_clear();
    let report = report?;
    print(&summary(args, &report))?;
    if args.timings {
        let summary = &report.summary;
        print(&timings(&report.timings, summary.images + summary.rejected))?;
    }
    match report.summary.rejected {
        0 => Ok(()),
        _ => Err(Failure::rejected(rejected(args, &report.summary))),
    }
}

/// Which frames are not in the dataset, and where they are.
fn rejected(args: &RenderArgs, summary: &Summary) -> String {
    const SHOWN: usize = 5;
    let frames = summary.images + summary.rejected;
    let mut text = format!(
        "{} of {frames} frames are not right and not in the dataset; {} keeps them, each with its reasons:\n",
        summary.rejected,
        args.out.join("rejected").display()
    );
    for rejected in summary.first_rejected.iter().take(SHOWN) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {}: {}", rejected.file_name, rejected.reason);
    }
    if summary.rejected > SHOWN as u64 {
        let _ = writeln!(text, "  and {} more", summary.rejected - SHOWN as u64);
    }
    text
}

/// What the arguments name.
pub(super) fn plan(args: &SceneArgs, count: Option<u64>) -> Result<Plan, Failure> {
    let selection = Selection { seed: args.seed, first: args.first_index, count };
    Ok(Plan::load_allowing(&args.recipe, args.assets.as_deref(), selection, &args.set, &allowed(&args.allow_path)?)?)
}

/// On stderr, and not at all where that is no terminal.
pub(super) fn progress_bar(images: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len}  {rate}  {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", |state: &ProgressState, text: &mut dyn std::fmt::Write| {
            // Writing to the bar's own line cannot fail.
            let _ = write!(text, "{:.1} images/s", state.per_sec());
        });
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
    ) + &contracts(summary)
}

/// What was asked for beside what is there.
fn contracts(summary: &Summary) -> String {
    let mut text: String = summary.coverage.iter().map(|kept| wanted::contract(kept, None)).collect();
    for split in &summary.splits {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "  {}: {} scenes, {} images, {} annotations ({:.1} % of the scenes asked); nothing that is held out leaked",
            split.name,
            split.scenes,
            split.images,
            split.annotations,
            100.0 * split.share
        );
    }
    text
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
    row("wait for scenes", t.wait_for_scenes);
    row("spawn and upload", t.render.spawn);
    row("update (Bevy: shadows, colour)", t.render.update);
    row("labels, wait for device, read back", t.render.labels_and_wait);
    row("wait for encoders", t.wait);
    row("sample, build, paint (ahead)", t.sample);
    row("develop  (encoder threads)", t.stages.develop);
    row("annotate (encoder threads)", t.stages.annotate);
    row("audit    (encoder threads)", t.stages.audit);
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
