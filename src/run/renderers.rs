//! Renderers at work: each takes the next scene that is ready, draws it, and hands its frames to the encoders. Which of them draws a scene is
//! left to chance, and shows in no file.

use std::ops::AddAssign;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::memory::memory;
use super::{Progress, RunError, RunOptions, Stopped, metrics, timed};
use crate::annotate::Subject;
use crate::plan::Plan;
use crate::prepare::{self, Ahead, Prepared};
use crate::render::{AdapterReport, Holdings, InFlight, RenderError, RenderOptions, RenderTimes, Renderer};
use crate::write::{FrameSink, Sequence, SinkError, WriteError};

/// Numbers are written to a file this often, and with each hundredth of the images, however fast they come.
const BETWEEN_METRICS: Duration = Duration::from_secs(2);

/// What all renderers of a run share.
pub(super) struct Shared<'a> {
    plan: &'a Plan,
    options: &'a RunOptions,
    sink: &'a FrameSink,
    scenes: Mutex<Ahead>,
    state: Mutex<State<'a>>,
    /// Since the first scene.
    wall: Instant,
}

/// What they change.
pub(super) struct State<'a> {
    progress: Progress,
    told: &'a mut (dyn FnMut(&Progress) + Send),
    /// Why no further scene is begun, if that is so before the last.
    stopped: Option<Stopped>,
    /// The first error; no further scene is begun then either.
    error: Option<RunError>,
    first: Option<Duration>,
    /// Of each renderer.
    holdings: Vec<Holdings>,
    /// When numbers are due, and with which image.
    metrics_at: Duration,
    metrics_from: u64,
}

/// How far the renderers came.
pub(super) struct Outcome {
    pub(super) progress: Progress,
    pub(super) stopped: Option<Stopped>,
    /// When the first frames were in memory.
    pub(super) first: Option<Duration>,
    pub(super) holdings: Holdings,
}

/// Where the time of render threads went.
#[derive(Default)]
pub(super) struct Times {
    pub(super) sample: Duration,
    pub(super) wait_for_scenes: Duration,
    /// For room in the encoders' queue.
    pub(super) wait: Duration,
    pub(super) render: RenderTimes,
}

impl AddAssign for Times {
    fn add_assign(&mut self, other: Self) {
        self.sample += other.sample;
        self.wait_for_scenes += other.wait_for_scenes;
        self.wait += other.wait;
        self.render += other.render;
    }
}

/// A scene that a renderer has begun.
struct Drawn {
    subject: Arc<Subject>,
    begun: InFlight,
}

impl<'a> State<'a> {
    pub(super) fn new(progress: Progress, renderers: usize, told: &'a mut (dyn FnMut(&Progress) + Send)) -> Self {
        Self {
            progress,
            told,
            stopped: None,
            error: None,
            first: None,
            holdings: vec![Holdings::default(); renderers],
            metrics_at: Duration::ZERO,
            metrics_from: 0,
        }
    }
}

impl<'a> Shared<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        options: &'a RunOptions,
        sink: &'a FrameSink,
        scenes: Ahead,
        state: State<'a>,
        wall: Instant,
    ) -> Self {
        Self { plan, options, sink, scenes: Mutex::new(scenes), state: Mutex::new(state), wall }
    }

    /// Opens one more renderer, and lets it work.
    pub(super) fn with_another(&self, number: usize, options: &RenderOptions, adapter: &AdapterReport) -> Times {
        match Renderer::new(options, self.plan.library().clone()) {
            Ok(mut renderer) if renderer.adapter() == adapter => self.work(number, &mut renderer),
            Ok(renderer) => {
                let other = renderer.adapter().summary();
                let text = format!("renderer {number} would be on another adapter: {other}; name one with --adapter");
                self.fail(RenderError::Failed(text).into());
                Times::default()
            }
            Err(error) => {
                self.fail(error.into());
                Times::default()
            }
        }
    }

    /// Has a renderer draw scene after scene, until there are no more or no further one is to be begun.
    pub(super) fn work(&self, number: usize, renderer: &mut Renderer) -> Times {
        let mut times = Times::default();
        if let Err(error) = self.draw(number, renderer, &mut times) {
            self.fail(error);
        }
        times.render = renderer.times();
        times
    }

    fn draw(&self, number: usize, renderer: &mut Renderer, times: &mut Times) -> Result<(), RunError> {
        // While the device draws one scene, the next is put into the world.
        let mut drawn: Option<Drawn> = None;
        // A still is a clip of one frame.
        let mut sequence = Sequence::default();
        'scenes: while let Some(prepared) = timed(&mut times.wait_for_scenes, || lock(&self.scenes).next()) {
            let Prepared { subject, took } = prepared?;
            times.sample += took;
            for instant in 0..subject.scene.frames() {
                if self.is_over() {
                    break 'scenes;
                }
                let subject = timed(&mut times.sample, || prepare::frame(self.plan, &subject, instant))?;
                let begun = match renderer.begin(&subject.scene) {
                    Err(RenderError::Stopped) => {
                        lock(&self.state).stopped.get_or_insert(Stopped::Asked);
                        break 'scenes;
                    }
                    begun => begun?,
                };
                if let Some(before) = drawn.replace(Drawn { subject, begun }) {
                    self.deliver(number, renderer, before, &mut sequence, times)?;
                }
            }
        }
        drawn.map_or(Ok(()), |drawn| self.deliver(number, renderer, drawn, &mut sequence, times))
    }

    /// Waits for the frames of a scene, and hands them to the encoders.
    fn deliver(
        &self,
        number: usize,
        renderer: &mut Renderer,
        Drawn { subject, begun }: Drawn,
        sequence: &mut Sequence,
        times: &mut Times,
    ) -> Result<(), RunError> {
        let frames = renderer.finish(begun)?;
        if subject.scene.frame == 0 {
            *sequence = Sequence::default();
        }
        let mut rendered = 0;
        for (shot, beside) in sequence.push(&subject, frames) {
            let is_done =
                self.sink.writer().is_some_and(|writer| writer.is_done(&shot.subject.scene, shot.frame.camera));
            if !is_done {
                timed(&mut times.wait, || self.sink.push_shot(shot, beside))?;
                rendered += 1;
            }
        }
        let mut state = lock(&self.state);
        let state = &mut *state;
        let wall = self.wall.elapsed();
        state.first.get_or_insert(wall);
        state.progress.rendered += rendered;
        state.progress.done += rendered;
        state.progress.wall = wall;
        (state.told)(&state.progress);
        state.holdings[number] = renderer.holdings();
        if let Some(path) = &self.options.metrics
            && (wall >= state.metrics_at || state.progress.rendered >= state.metrics_from)
        {
            metrics::write(path, &state.progress, &sum(&state.holdings)).map_err(WriteError::Disk)?;
            state.metrics_at = wall + BETWEEN_METRICS;
            state.metrics_from = state.progress.rendered + (state.progress.images / 100).max(1);
        }
        Ok(())
    }

    /// Whether no further scene is to be begun.
    fn is_over(&self) -> bool {
        let mut state = lock(&self.state);
        if state.stopped.is_none() {
            state.stopped = why_stop(self.options, state.progress.rendered);
        }
        state.stopped.is_some() || state.error.is_some()
    }

    /// Keeps the first error. That a dataset was given up says less than what it was given up for, which another thread may be told at the same time.
    fn fail(&self, error: RunError) {
        let kept = &mut lock(&self.state).error;
        if kept.is_none() || matches!(kept, Some(RunError::Sink(SinkError::GivenUp))) {
            *kept = Some(error);
        }
    }

    /// What came of it.
    pub(super) fn outcome(self) -> Result<Outcome, RunError> {
        let State { progress, stopped, error, first, holdings, .. } =
            self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        match error {
            Some(error) => Err(error),
            None => Ok(Outcome { progress, stopped, first, holdings: sum(&holdings) }),
        }
    }
}

/// Each run makes some images, however little memory it may have: else one that is begun again and again would never end.
fn why_stop(options: &RunOptions, rendered: u64) -> Option<Stopped> {
    if options.stop.load(Ordering::Relaxed) {
        return Some(Stopped::Asked);
    }
    if rendered == 0 {
        return None;
    }
    let resident = memory()?.resident;
    options.max_memory.filter(|&most| resident > most).map(|_| Stopped::Memory(resident))
}

fn sum(holdings: &[Holdings]) -> Holdings {
    let mut all = Holdings::default();
    holdings.iter().for_each(|&own| all += own);
    all
}

/// What the mutexes guard is never left half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
