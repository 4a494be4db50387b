//! `scenewright render`

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use scenewright::plan::{Plan, Selection};
use scenewright::render::AdapterChoice;
use scenewright::run::{Progress, RunOptions, RunReport, Stopped, render_dataset};
use scenewright::write::files::write_whole;
use scenewright::write::{DepthFormat, FrameSink, MaskFormat, Part, Summary, WriteOptions};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::args::{AuditArg, DepthArg, MaskArg, RenderArgs, SceneArgs, allowed};
use super::{Failure, print, report, shard, wanted};

pub(super) fn run(args: &RenderArgs) -> Result<(), Failure> {
    let part = shard::part(args)?;
    let max_memory = args.max_memory.as_deref().map(shard::size).transpose()?;
    let plan = plan(&args.scenes, args.count)?;
    let encoders = args.jobs.unwrap_or_else(FrameSink::default_threads);
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
        renderers: args.renderers,
        encoders,
        part: part.clone(),
        stop: on_signals()?,
        max_memory,
        metrics: args.metrics.clone(),
    };
    let bar = progress_bar(0);
    let mut begun = false;
    let report = render_dataset(&plan, &options, |progress| {
        if !begun {
            // What earlier runs did is no speed of this one.
            bar.set_length(progress.images);
            bar.set_position(progress.done);
            bar.reset_eta();
            begun = true;
        }
        bar.set_position(progress.done);
    });
    bar.finish_and_clear();
    let report = report?;
    if let Some(path) = &args.report {
        let text = format!("{:#}\n", report::json(&report, encoders.get()));
        write_whole(path, text.as_bytes())?;
    }
    if let Some(stopped) = report.stopped {
        if args.timings {
            print(&report::table(&report))?;
        }
        return Err(Failure::unfinished(unfinished(args, &report, stopped)));
    }
    print(&summary(args, &part, &report))?;
    if args.timings {
        print(&report::table(&report))?;
    }
    match report.summary.rejected {
        0 => Ok(()),
        _ => Err(Failure::rejected(rejected(args, &report.summary))),
    }
}

/// What SIGTERM and SIGINT set; a second one ends the process at once.
fn on_signals() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        // In this order: the first finds the flag unset and sets it, a second finds it set.
        let hard = flag::register_conditional_shutdown(signal, Failure::UNFINISHED_CODE, stop.clone());
        hard.and_then(|_| flag::register(signal, stop.clone()))
            .map_err(|error| Failure::internal(format!("cannot listen to signals: {error}")))?;
    }
    Ok(stop)
}

fn unfinished(args: &RenderArgs, report: &RunReport, stopped: Stopped) -> String {
    let why = match stopped {
        Stopped::Asked => "stopped".to_owned(),
        Stopped::Memory(bytes) => format!("stopped with {} MB of memory, more than --max-memory", bytes >> 20),
    };
    let Progress { images, done, .. } = report.progress;
    format!("{why}: {done} of {images} images are in {}; the same command goes on from there", args.out.display())
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

fn summary(args: &RenderArgs, part: &Part, report: &RunReport) -> String {
    let summary = &report.summary;
    let before = report.progress.done - report.progress.rendered;
    let before = if before > 0 { format!(" ({before} of them were there)") } else { String::new() };
    let what = if *part == Part::All { String::new() } else { format!("{part}, ") };
    let next = match part {
        Part::All => String::new(),
        _ => format!("when all shards are there: scenewright merge {}\n", args.out.display()),
    };
    format!(
        "{}: {what}{} images{before}, {} annotations, rendered on {}\n{next}",
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
