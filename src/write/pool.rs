//! Threads between the renderer and the disk.

use std::any::Any;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::annotate::{Subject, annotate};
use crate::audit::{AuditError, audit};
use crate::frame::Frame;
use crate::sensor::developed;
use crate::write::clips::{Beside, Shot};
use crate::write::error::WriteError;
use crate::write::manifest::Summary;
use crate::write::writer::DatasetWriter;

/// Why a dataset was given up. A frame that is not right is no such reason: it is kept aside, and the dataset goes on.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A thread could not be started.
    #[error("cannot start a thread for encoding: {0}")]
    Thread(std::io::Error),
    /// A thread panicked: a bug.
    #[error("an encoding thread panicked: {0} (this is a bug)")]
    Panic(String),
    /// The first error has been reported before.
    #[error("the dataset was given up after an earlier error")]
    GivenUp,
}

/// Time spent, summed over threads. It shows in no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StageTimes {
    /// Frames that went through.
    pub frames: u64,
    /// Light to pictures, and depth to what sensors measure.
    pub develop: Duration,
    /// Images and geometry to labels.
    pub annotate: Duration,
    /// Labels held against images and geometry.
    pub audit: Duration,
    /// Images and annotations to bytes.
    pub encode: Duration,
    /// Bytes to disk.
    pub write: Duration,
}

/// Takes frames, and has them annotated, audited, encoded and written by its own threads.
///
/// A frame that is not right is kept aside, and counted in the [`Summary`]. The first error ends the dataset: frames that follow are dropped, and the error comes out of the next [`push`](Self::push) or
/// of [`finish`](Self::finish).
pub struct FrameSink {
    /// `None` once no more frames are taken.
    sender: Option<Sender<(Shot, Beside)>>,
    threads: Vec<JoinHandle<()>>,
    /// `None` once finished.
    shared: Option<Arc<Shared>>,
}

struct Shared {
    writer: DatasetWriter,
    failed: AtomicBool,
    error: Mutex<Option<SinkError>>,
    times: Mutex<StageTimes>,
}

impl FrameSink {
    /// Starts `threads` threads. As many frames again may wait in the queue: memory is bounded by twice that number of frames.
    pub fn new(writer: DatasetWriter, threads: NonZeroUsize) -> Result<Self, SinkError> {
        let (sender, receiver) = bounded(threads.get());
        let shared = Arc::new(Shared {
            writer,
            failed: AtomicBool::new(false),
            error: Mutex::new(None),
            times: Mutex::new(StageTimes::default()),
        });
        let mut sink = Self { sender: Some(sender), threads: Vec::new(), shared: Some(shared.clone()) };
        for number in 0..threads.get() {
            let (receiver, shared) = (receiver.clone(), shared.clone());
            let thread = std::thread::Builder::new().name(format!("encode-{number}"));
            sink.threads.push(thread.spawn(move || work(&receiver, &shared)).map_err(SinkError::Thread)?);
        }
        Ok(sink)
    }

    /// All processors but one, which is left to the renderer.
    pub fn default_threads() -> NonZeroUsize {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        NonZeroUsize::new(processors - 1).unwrap_or(NonZeroUsize::MIN)
    }

    /// Hands over a frame; waits while the queue is full. Each frame of the dataset comes once, in any order.
    pub fn push(&self, subject: Arc<Subject>, frame: Frame) -> Result<(), SinkError> {
        self.push_shot(Shot { subject, frame: Arc::new(frame) }, Beside::default())
    }

    /// The same for a frame of a clip, with those before and behind it: what comes out of a [`Sequence`](crate::write::Sequence).
    pub fn push_shot(&self, shot: Shot, beside: Beside) -> Result<(), SinkError> {
        let (Some(sender), Some(shared)) = (&self.sender, &self.shared) else { return Err(SinkError::GivenUp) };
        if shared.failed.load(Ordering::Acquire) {
            return Err(lock(&shared.error).take().unwrap_or(SinkError::GivenUp));
        }
        // Fails only if every thread has panicked; `finish` tells why.
        sender.send((shot, beside)).map_err(|_| SinkError::GivenUp)
    }

    /// Waits for all frames and completes the dataset.
    pub fn finish(mut self) -> Result<(Summary, StageTimes), SinkError> {
        let panicked = self.join();
        let shared = self.shared.take().and_then(Arc::into_inner).ok_or(SinkError::GivenUp)?;
        if let Some(error) = shared.error.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        if let Some(message) = panicked {
            return Err(SinkError::Panic(message));
        }
        if shared.failed.into_inner() {
            return Err(SinkError::GivenUp);
        }
        let times = shared.times.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok((shared.writer.finish()?, times))
    }

    /// Waits for the frames that were handed over, and leaves the dataset as it is then: to be continued.
    pub fn leave(mut self) -> Result<StageTimes, SinkError> {
        let panicked = self.join();
        let shared = self.shared.take().and_then(Arc::into_inner).ok_or(SinkError::GivenUp)?;
        if let Some(error) = shared.error.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        match panicked {
            Some(message) => Err(SinkError::Panic(message)),
            None => Ok(shared.times.into_inner().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    /// Where the frames go.
    pub fn writer(&self) -> Option<&DatasetWriter> {
        self.shared.as_ref().map(|shared| &shared.writer)
    }

    /// Time spent so far.
    pub fn times(&self) -> StageTimes {
        self.shared.as_ref().map_or_else(StageTimes::default, |shared| *lock(&shared.times))
    }

    /// Lets the threads empty the queue and end. The message of a thread that panicked.
    fn join(&mut self) -> Option<String> {
        self.sender = None;
        let mut message = None;
        for thread in self.threads.drain(..) {
            if let Err(panic) = thread.join() {
                message = Some(panic_text(panic.as_ref()));
            }
        }
        message
    }
}

impl Drop for FrameSink {
    /// Without [`finish`](FrameSink::finish), the dataset is given up: frames that wait are dropped, those at work are completed.
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            shared.failed.store(true, Ordering::Release);
        }
        self.join();
    }
}

/// What each thread does: frames from the queue, until it is closed and empty.
fn work(receiver: &Receiver<(Shot, Beside)>, shared: &Shared) {
    for (shot, beside) in receiver {
        if shared.failed.load(Ordering::Acquire) {
            continue; // keeps the queue moving, so that the renderer is not left waiting
        }
        // A panic is a bug, and must end the dataset like any error: the frame that is missing would keep all later ones waiting.
        let outcome = catch_unwind(AssertUnwindSafe(|| process(shot, &beside, shared)))
            .unwrap_or_else(|panic| Err(SinkError::Panic(panic_text(panic.as_ref()))));
        if let Err(error) = outcome {
            lock(&shared.error).get_or_insert(error);
            shared.failed.store(true, Ordering::Release);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock is for timings, which no file shows")]
fn process(Shot { subject, frame }: Shot, beside: &Beside, shared: &Shared) -> Result<(), SinkError> {
    let subject = &*subject;
    let writer = &shared.writer;
    let begun = Instant::now();
    // Of a clip, the neighbours look at it too.
    let frame = &developed(&subject.scene, Arc::unwrap_or_clone(frame));
    let started = Instant::now();
    let labels = annotate(subject, frame);
    let annotated = Instant::now();
    let found = match &labels {
        Ok(labels) if writer.audits() => audit(subject, frame, labels),
        _ => Ok(()),
    };
    let audit_time = annotated.elapsed();
    let record = match (&labels, found) {
        (Err(error), _) => writer.reject(subject, frame, None, &[error.to_string()])?,
        (Ok(labels), Err(AuditError(reasons))) => writer.reject(subject, frame, Some(labels), &reasons)?,
        (Ok(labels), Ok(())) => match writer.write_shot(subject, frame, labels, beside) {
            Err(error) if error.is_of_the_frame() => {
                writer.reject(subject, frame, Some(labels), &[error.to_string()])?
            }
            written => written?,
        },
    };
    let (encode_time, write_time) = (record.encode_time, record.write_time);
    writer.commit(record)?;

    let mut times = lock(&shared.times);
    times.frames += 1;
    times.develop += started - begun;
    times.annotate += annotated - started;
    times.audit += audit_time;
    times.encode += encode_time;
    times.write += write_time;
    Ok(())
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}

/// What the mutexes guard is never left half changed, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
