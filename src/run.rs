//! The driver: scenes in, dataset out.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::plan::Plan;
use crate::prepare::{self, Prepared};
use crate::render::{AdapterChoice, AdapterReport, RenderError, RenderOptions, RenderTimes, Renderer};
use crate::scene::SampleError;
use crate::write::{
    AdapterInfo, DatasetInfo, DatasetWriter, FrameSink, Sequence, SinkError, StageTimes, Summary, WriteError,
    WriteOptions,
};

/// How a dataset is rendered.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The folder.
    pub out: PathBuf,
    /// Which adapter.
    pub adapter: AdapterChoice,
    /// Formats, and whether an existing dataset may go.
    pub write: WriteOptions,
    /// Threads that make scenes ready, and as many that annotate, audit, encode and write.
    pub encoders: NonZeroUsize,
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
    /// Totals of the dataset, and which frames are not in it because something about them is wrong: a run does not end for them.
    pub summary: Summary,
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
    /// The threads that go ahead, summed: deciding scenes, building shapes, painting textures.
    pub sample: Duration,
    /// The render thread: waiting for the next scene.
    pub wait_for_scenes: Duration,
    /// The render thread: the renderer.
    pub render: RenderTimes,
    /// The render thread: waiting for room in the encoders' queue, and for the last of them.
    pub wait: Duration,
    /// The encoders' threads, summed.
    pub stages: StageTimes,
}

/// Renders every scene of `plan`. `progress` is told the number of images that each scene adds.
pub fn render_dataset(plan: &Plan, options: &RunOptions, mut progress: impl FnMut(u64)) -> Result<RunReport, RunError> {
    let starting = clock();
    let render_options = RenderOptions { adapter: options.adapter.clone(), asset_root: plan.root().to_path_buf() };
    let mut renderer = Renderer::new(&render_options, plan.library().clone())?;
    let start = starting.elapsed();

    let wall = clock();
    let writer = DatasetWriter::create(&options.out, dataset_info(plan, renderer.adapter()), options.write)?;
    let sink = FrameSink::new(writer, options.encoders)?;
    let (mut sample, mut wait_for_scenes, mut wait) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    std::thread::scope(|scope| {
        let mut scenes = prepare::ahead(scope, plan, options.encoders);
        while let Some(prepared) = timed(&mut wait_for_scenes, || scenes.next()) {
            let Prepared { subject, took } = prepared?;
            sample += took;
            // A still is a clip of one frame.
            let mut sequence = Sequence::default();
            for number in 0..subject.scene.frames() {
                let subject = timed(&mut sample, || prepare::frame(plan, &subject, number))?;
                let frames = renderer.render(&subject.scene)?;
                let images = frames.len() as u64;
                for (shot, beside) in sequence.push(&subject, frames) {
                    timed(&mut wait, || sink.push_shot(shot, beside))?;
                }
                progress(images);
            }
        }
        Ok::<(), RunError>(())
    })?;
    let (summary, stages) = timed(&mut wait, || sink.finish())?;
    let timings =
        Timings { wall: wall.elapsed(), start, sample, wait_for_scenes, render: renderer.times(), wait, stages };
    Ok(RunReport { summary, adapter: renderer.adapter().clone(), timings })
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
