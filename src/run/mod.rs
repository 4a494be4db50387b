//! The driver: scenes in, dataset out.

mod memory;
mod metrics;
mod renderers;

use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use crate::plan::Plan;
use crate::prepare;
use crate::render::{AdapterChoice, AdapterReport, RenderError, RenderOptions, RenderTimes, Renderer};
use crate::scene::SampleError;
use crate::write::{
    AdapterInfo, DatasetInfo, DatasetWriter, FrameSink, Part, SinkError, StageTimes, Summary, WriteError, WriteOptions,
};
pub use memory::{Memory, memory};
use renderers::{Outcome, Shared, State};

/// How a dataset is rendered.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The folder.
    pub out: PathBuf,
    /// Which adapter.
    pub adapter: AdapterChoice,
    /// Formats, and whether an existing dataset may go.
    pub write: WriteOptions,
    /// Renderers that draw at the same time, each on a thread and a device context of its own; no more than there are scenes.
    pub renderers: NonZeroUsize,
    /// Threads that make scenes ready, and as many that annotate, audit, encode and write.
    pub encoders: NonZeroUsize,
    /// Which part of the dataset is rendered.
    pub part: Part,
    /// Once this is true, the run stops as soon as it can: what is in flight is written, and the same run goes on from there later.
    pub stop: Arc<AtomicBool>,
    /// The same once the process has more memory than this, bytes.
    pub max_memory: Option<u64>,
    /// Numbers about the run are written here, in the text format of Prometheus.
    pub metrics: Option<PathBuf>,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Images of the part.
    pub images: u64,
    /// Images of it that are there, or on their way to the disk: those of earlier runs too.
    pub done: u64,
    /// Images that this run rendered.
    pub rendered: u64,
    /// Since the first scene.
    pub wall: Duration,
}

/// Why a run stopped before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// It was asked to.
    Asked,
    /// The process has so many bytes of memory, more than it may.
    Memory(u64),
}

/// Why a run ended.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A scene of the recipe cannot be.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// A scene could not be rendered.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The dataset could not be written.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

impl From<WriteError> for RunError {
    fn from(error: WriteError) -> Self {
        Self::Sink(error.into())
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct RunReport {
    /// Totals of the part, and which frames are not in it because something about them is wrong: a run does not end for them. Nothing yet where
    /// it was stopped.
    pub summary: Summary,
    /// Why it ended before its end.
    pub stopped: Option<Stopped>,
    /// How far it came.
    pub progress: Progress,
    /// What rendered it.
    pub adapter: AdapterReport,
    /// Where the time went.
    pub timings: Timings,
}

/// Where the time of a run went.
#[derive(Debug, Clone, Copy)]
pub struct Timings {
    /// From the first scene to the last file, start-up left out.
    pub wall: Duration,
    /// Opening the adapter.
    pub start: Duration,
    /// From the first scene to its images, in memory.
    pub first: Duration,
    /// The threads that go ahead, summed: deciding scenes, building shapes, painting textures.
    pub sample: Duration,
    /// Renderers at work.
    pub renderers: usize,
    /// The render threads, summed: waiting for the next scene.
    pub wait_for_scenes: Duration,
    /// The render threads, summed: the renderers.
    pub render: RenderTimes,
    /// The render threads, summed: waiting for room in the encoders' queue; and for the last of them.
    pub wait: Duration,
    /// The encoders' threads, summed.
    pub stages: StageTimes,
}

/// Renders what is missing of a part of `plan`'s dataset. `told` hears how far it is: at first, and after each scene.
pub fn render_dataset(
    plan: &Plan,
    options: &RunOptions,
    mut told: impl FnMut(&Progress) + Send,
) -> Result<RunReport, RunError> {
    let starting = clock();
    let render_options = RenderOptions {
        adapter: options.adapter.clone(),
        asset_root: plan.root().to_path_buf(),
        stop: options.stop.clone(),
    };
    let mut renderer = Renderer::new(&render_options, plan.library().clone())?;
    let adapter = renderer.adapter().clone();
    let start = starting.elapsed();

    let wall = clock();
    let info = dataset_info(plan, &adapter);
    let writer = DatasetWriter::open(&options.out, info, options.write, options.part.clone())?;
    let missing = writer.missing_scenes();
    let renderers = options.renderers.get().min(count(&missing)).max(1);
    let progress = Progress { images: writer.images(), done: writer.images_done(), rendered: 0, wall: Duration::ZERO };
    told(&progress);
    let sink = FrameSink::new(writer, options.encoders)?;
    let (outcome, times) = std::thread::scope(|scope| {
        let scenes = prepare::ahead(scope, plan, missing, options.encoders);
        let shared = Shared::new(plan, options, &sink, scenes, State::new(progress, renderers, &mut told), wall);
        let times = std::thread::scope(|scope| {
            let another = |number| {
                let (shared, render_options, adapter) = (&shared, &render_options, &adapter);
                scope.spawn(move || shared.with_another(number, render_options, adapter))
            };
            let others: Vec<_> = (1..renderers).map(another).collect();
            let mut times = shared.work(0, &mut renderer);
            for other in others {
                match other.join() {
                    Ok(of_other) => times += of_other,
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            times
        });
        (shared.outcome(), times)
    });
    let Outcome { mut progress, stopped, first, holdings } = outcome?;
    let mut wait = times.wait;
    let (summary, stages) = match stopped {
        None => timed(&mut wait, || sink.finish())?,
        Some(_) => (Summary::default(), timed(&mut wait, || sink.leave())?),
    };
    progress.wall = wall.elapsed();
    if let Some(path) = &options.metrics {
        metrics::write(path, &progress, &holdings).map_err(WriteError::Disk)?;
    }
    let timings = Timings {
        wall: progress.wall,
        start,
        first: first.unwrap_or_default(),
        renderers,
        sample: times.sample,
        wait_for_scenes: times.wait_for_scenes,
        render: times.render,
        wait,
        stages,
    };
    Ok(RunReport { summary, stopped, progress, adapter, timings })
}

/// Scenes in some ranges.
fn count(ranges: &[Range<u64>]) -> usize {
    let scenes: u64 = ranges.iter().map(|range| range.end.saturating_sub(range.start)).sum();
    usize::try_from(scenes).unwrap_or(usize::MAX)
}

fn dataset_info(plan: &Plan, adapter: &AdapterReport) -> DatasetInfo {
    DatasetInfo {
        recipe_name: plan.name().to_owned(),
        recipe_text: plan.text().to_owned(),
        recipe_files: plan.files().iter().map(|file| (file.path.clone(), file.text.clone())).collect(),
        recipe_set: plan.set().to_vec(),
        seed: plan.seed(),
        first_index: plan.indices().start,
        count: plan.count(),
        clip: plan.clip(),
        cameras: plan.camera_names(),
        categories: plan.categories().to_vec(),
        labels: plan.labels().clone(),
        adapter: AdapterInfo {
            name: adapter.name.clone(),
            driver: format!("{} {}", adapter.driver, adapter.driver_info),
            backend: adapter.backend.clone(),
            device_type: adapter.kind.clone(),
        },
        format: plan.format(),
        depth_sensors: plan.depth_sensors(),
        assets: plan.asset_files(),
        parts: plan
            .library()
            .models
            .iter()
            .map(|(path, model)| (path.clone(), model.parts.iter().map(|part| part.name.clone()).collect()))
            .collect(),
        coverage: plan.wanted().map_or_else(Default::default, |wanted| wanted.coverage.clone()),
        splits: plan.wanted().and_then(|wanted| wanted.splits.clone()),
    }
}

fn timed<T>(total: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = clock();
    let result = work();
    *total += start.elapsed();
    result
}

#[expect(clippy::disallowed_methods, reason = "timings only")]
fn clock() -> Instant {
    Instant::now()
}
