//! Scenes made ready ahead of the renderer, by threads of their own: decided, their shapes built, their textures painted.
//!
//! They come out in order of index, whichever thread was first, and no more than a few are ahead: memory is bounded.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Scope;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::annotate::Subject;
use crate::plan::Plan;
use crate::scene::{SampleError, Scene};

/// A scene that can be rendered.
#[derive(Debug)]
pub struct Prepared {
    /// The scene, with what is known of its geometry.
    pub subject: Arc<Subject>,
    /// How long it took.
    pub took: Duration,
}

type Outcome = Result<Prepared, SampleError>;

/// The scenes of a plan, in order.
pub struct Ahead {
    /// A thread takes one before it begins a scene; one is put back for each scene that comes out.
    room: Sender<()>,
    ready: Receiver<(usize, Outcome)>,
    /// Done before their turn, by their place among the indices.
    waiting: BTreeMap<usize, Outcome>,
    next: usize,
}

/// Starts `threads` threads that make the scenes of `plan` with these indices ready, in their order. They end with the last scene, or when
/// the iterator is dropped.
pub fn ahead<'s>(scope: &'s Scope<'s, '_>, plan: &'s Plan, indices: Vec<Range<u64>>, threads: NonZeroUsize) -> Ahead {
    // One in the making and one done for each thread.
    let most = 2 * threads.get();
    let (room, tokens) = bounded(most);
    let (done, ready) = bounded(most);
    for _ in 0..most {
        // There is room for as many.
        let _ = room.try_send(());
    }
    let next = Arc::new(Mutex::new(indices.into_iter().flatten().enumerate()));
    for _ in 0..threads.get() {
        let (tokens, done, next) = (tokens.clone(), done.clone(), next.clone());
        scope.spawn(move || {
            while tokens.recv().is_ok() {
                let own = next.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((place, index)) = own else { return };
                if done.send((place, prepare(plan, index))).is_err() {
                    return;
                }
            }
        });
    }
    Ahead { room, ready, waiting: BTreeMap::new(), next: 0 }
}

fn prepare(plan: &Plan, index: u64) -> Outcome {
    let start = clock();
    let subject = plan.subject(index)?;
    show(plan, &subject.scene);
    Ok(Prepared { subject: Arc::new(subject), took: start.elapsed() })
}

/// A frame of a scene's clip, which can be rendered. Of a still, the scene itself.
///
/// # Errors
/// As [`Plan::subject_of`].
pub fn frame(plan: &Plan, subject: &Arc<Subject>, number: u32) -> Result<Arc<Subject>, SampleError> {
    let scene = &subject.scene;
    if scene.frame == number && scene.clip.is_none_or(|clip| clip.time(number) == scene.time) {
        return Ok(subject.clone());
    }
    let subject = plan.subject_of(scene.frame(number))?;
    show(plan, &subject.scene);
    Ok(Arc::new(subject))
}

/// Paints the textures and makes the models that a scene needs, for the renderer to find; what is missing the renderer reports.
pub fn show(plan: &Plan, scene: &Scene) {
    for instance in &scene.instances {
        let look = instance.material.as_ref().map(|material| plan.library().look(material));
        let bumpy = matches!(look, Some(Ok(look)) if look.needs_tangents());
        let _ = plan.library().model(&instance.shape, bumpy);
    }
}

impl Iterator for Ahead {
    type Item = Outcome;

    fn next(&mut self) -> Option<Outcome> {
        let outcome = loop {
            if let Some(outcome) = self.waiting.remove(&self.next) {
                break outcome;
            }
            // Nothing comes any more after the last; nor where a thread panicked: the scope passes its panic on.
            let (place, outcome) = self.ready.recv().ok()?;
            self.waiting.insert(place, outcome);
        };
        self.next += 1;
        let _ = self.room.try_send(());
        Some(outcome)
    }
}

/// Timings are for people; nothing that is made depends on them.
#[expect(clippy::disallowed_methods, reason = "timings only")]
fn clock() -> Instant {
    Instant::now()
}
