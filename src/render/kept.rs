//! What stays on the GPU from scene to scene, while there is room.

use std::collections::BTreeMap;

/// So many things are kept at most, however small.
const MOST: usize = 500;

/// Things by key, with their sizes. Those of the current scene stay in any case; of the others, the longest unused go first.
pub(super) struct Kept<K, V> {
    /// Bytes that they may take together.
    room: usize,
    entries: BTreeMap<K, Entry<V>>,
    bytes: usize,
    /// The number of the current scene.
    scene: u64,
}

struct Entry<V> {
    thing: V,
    bytes: usize,
    /// The scene that used it last.
    used: u64,
}

impl<K: Ord + Clone, V: Clone> Kept<K, V> {
    pub(super) fn new(room: usize) -> Self {
        Self { room, entries: BTreeMap::new(), bytes: 0, scene: 0 }
    }

    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        let entry = self.entries.get_mut(key)?;
        entry.used = self.scene;
        Some(entry.thing.clone())
    }

    pub(super) fn insert(&mut self, key: K, thing: V, bytes: usize) {
        self.bytes += bytes;
        if let Some(old) = self.entries.insert(key, Entry { thing, bytes, used: self.scene }) {
            self.bytes -= old.bytes;
        }
    }

    /// Ends a scene: what there is no room for goes.
    pub(super) fn end_scene(&mut self) {
        if self.bytes > self.room || self.entries.len() > MOST {
            let mut idle: Vec<(u64, K)> = self
                .entries
                .iter()
                .filter(|(_, e)| e.used < self.scene)
                .map(|(key, e)| (e.used, key.clone()))
                .collect();
            idle.sort();
            for (_, key) in idle {
                if self.bytes <= self.room && self.entries.len() <= MOST {
                    break;
                }
                if let Some(entry) = self.entries.remove(&key) {
                    self.bytes -= entry.bytes;
                }
            }
        }
        self.scene += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::Kept;

    #[test]
    fn the_longest_unused_go_first_and_what_the_scene_uses_stays() {
        let mut kept = Kept::new(100);
        kept.insert("a", 1, 60);
        kept.end_scene();
        kept.insert("b", 2, 30);
        kept.end_scene();
        assert_eq!(kept.get(&"a"), Some(1));
        kept.insert("c", 3, 90);
        kept.end_scene();
        assert_eq!((kept.get(&"a"), kept.get(&"b"), kept.get(&"c")), (Some(1), None, Some(3)));
        kept.end_scene();
        kept.insert("d", 4, 10);
        kept.end_scene();
        assert_eq!((kept.get(&"a"), kept.get(&"c"), kept.get(&"d")), (None, Some(3), Some(4)));
    }
}
