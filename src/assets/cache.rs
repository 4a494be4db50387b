//! A cache of bounded size for what is made rather than read: models and textures that a scene describes in numbers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Things by key, the longest unused of them forgotten where they take more room than there is.
///
/// What is in it never decides what comes out: everything here is a pure function of its key.
#[derive(Debug)]
pub struct Cache<T> {
    /// Bytes that the things in it may take together.
    room: usize,
    inner: Mutex<Inner<T>>,
}

#[derive(Debug)]
struct Inner<T> {
    entries: BTreeMap<String, Entry<T>>,
    /// Grows with each use.
    now: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Entry<T> {
    thing: Arc<T>,
    bytes: usize,
    used: u64,
}

impl<T> Cache<T> {
    /// An empty one with room for so many bytes.
    pub fn new(room: usize) -> Self {
        Self { room, inner: Mutex::new(Inner { entries: BTreeMap::new(), now: 0, bytes: 0 }) }
    }

    /// The thing called `key`; `make` makes it and says how many bytes it takes, where it is not there.
    ///
    /// Nobody waits while something is made: two threads that want the same thing at the same time may both make it.
    ///
    /// # Errors
    /// Those of `make`; nothing is kept then.
    pub fn get_or_make<E>(&self, key: &str, make: impl FnOnce() -> Result<(T, usize), E>) -> Result<Arc<T>, E> {
        if let Some(thing) = self.get(key) {
            return Ok(thing);
        }
        let (thing, bytes) = make()?;
        let thing = Arc::new(thing);
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.now += 1;
        let used = inner.now;
        if let Some(old) = inner.entries.insert(key.to_owned(), Entry { thing: thing.clone(), bytes, used }) {
            inner.bytes -= old.bytes;
        }
        inner.bytes += bytes;
        while inner.bytes > self.room && inner.entries.len() > 1 {
            let oldest = inner.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone());
            let Some(entry) = oldest.and_then(|key| inner.entries.remove(&key)) else { break };
            inner.bytes -= entry.bytes;
        }
        Ok(thing)
    }

    fn get(&self, key: &str) -> Option<Arc<T>> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.now += 1;
        let now = inner.now;
        let entry = inner.entries.get_mut(key)?;
        entry.used = now;
        Some(entry.thing.clone())
    }

    /// How many bytes the things in it take.
    pub fn bytes(&self) -> usize {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }
}
