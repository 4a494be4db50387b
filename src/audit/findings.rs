//! What is wrong, in words: each kind of failure once, with how often it was found and where first.

use super::AuditError;

/// Everything that was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<Finding>,
    /// What is wrong only if there is more of it than chance explains.
    strays: Vec<Finding>,
}

#[derive(Debug)]
struct Finding {
    what: &'static str,
    /// What is counted: `pixel`, `instance`.
    unit: &'static str,
    count: u64,
    first: String,
}

impl Findings {
    /// Something is wrong with a pixel. `detail` is asked for the first one only.
    pub(super) fn pixel(&mut self, what: &'static str, [x, y]: [u32; 2], detail: impl FnOnce() -> String) {
        self.add(what, "pixel", 1, || place(x, y, detail()));
    }

    /// A pixel is not quite right; how many may be, [`judge_strays`](Self::judge_strays) is told.
    pub(super) fn stray(&mut self, what: &'static str, [x, y]: [u32; 2], detail: impl FnOnce() -> String) {
        add(&mut self.strays, what, "pixel", 1, || place(x, y, detail()));
    }

    /// Makes strays findings if there are more than `allowed` of any kind.
    pub(super) fn judge_strays(&mut self, allowed: u64) {
        self.list.extend(self.strays.drain(..).filter(|stray| stray.count > allowed));
    }

    /// Something is wrong with `count` pixels, of which `first` tells the first and what is there.
    pub(super) fn pixels(&mut self, what: &'static str, count: u64, first: impl FnOnce() -> ([u32; 2], String)) {
        if count > 0 {
            self.add(what, "pixel", count, || {
                let ([x, y], detail) = first();
                place(x, y, detail)
            });
        }
    }

    /// Something is wrong with what is said of an instance.
    pub(super) fn instance(&mut self, what: &'static str, detail: impl FnOnce() -> String) {
        self.add(what, "instance", 1, detail);
    }

    /// Something is wrong that is counted in units of its own.
    pub(super) fn other(&mut self, what: &'static str, unit: &'static str, detail: impl FnOnce() -> String) {
        self.add(what, unit, 1, detail);
    }

    fn add(&mut self, what: &'static str, unit: &'static str, count: u64, first: impl FnOnce() -> String) {
        add(&mut self.list, what, unit, count, first);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The verdict.
    pub(super) fn into_result(self) -> Result<(), AuditError> {
        if self.list.is_empty() {
            return Ok(());
        }
        let sentence = |Finding { what, unit, count, first }: Finding| match count {
            1 => format!("{what}: {first}"),
            _ => format!("{what}: {count} {unit}s, the first {first}"),
        };
        Err(AuditError(self.list.into_iter().map(sentence).collect()))
    }
}

fn add(list: &mut Vec<Finding>, what: &'static str, unit: &'static str, count: u64, first: impl FnOnce() -> String) {
    match list.iter_mut().find(|finding| finding.what == what) {
        Some(finding) => finding.count += count,
        None => list.push(Finding { what, unit, count, first: first() }),
    }
}

fn place(x: u32, y: u32, detail: String) -> String {
    if detail.is_empty() { format!("at ({x}, {y})") } else { format!("at ({x}, {y}), {detail}") }
}
