//! Are the files of a dataset what they were when they were written?

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;
use serde::Deserialize;

use crate::write::error::WriteError;
use crate::write::files::{DiskError, Written};
use crate::write::journal::Journals;
use crate::write::verify::is_inside;

/// So many frames are looked at together: by all cores, and without the whole journal in memory.
const TOGETHER: usize = 4096;

/// Of a record, what is on disk.
#[derive(Deserialize)]
struct Files {
    files: Vec<Written>,
}

/// The images of `ids` that a journal tells of and whose files are all there and whole.
pub(crate) fn whole(root: &Path, journals: &Journals, ids: Range<u64>) -> Result<BTreeSet<u64>, WriteError> {
    let mut known = journals.ids().filter(|id| ids.contains(id)).peekable();
    let mut whole = BTreeSet::new();
    while known.peek().is_some() {
        let records = known.by_ref().take(TOGETHER).map(|id| Ok((id, journals.get::<Files>(id)?)));
        let records: Vec<_> = records.collect::<Result<_, WriteError>>()?;
        let found = records.into_par_iter().filter_map(|(id, record)| Some((id, record?.files)));
        let found = found.map(|(id, files)| Ok((id, all_whole(root, &files)?)));
        let found: Vec<(u64, bool)> = found.collect::<Result<_, DiskError>>()?;
        whole.extend(found.into_iter().filter(|(_, whole)| *whole).map(|(id, _)| id));
    }
    Ok(whole)
}

fn all_whole(root: &Path, files: &[Written]) -> Result<bool, DiskError> {
    for file in files {
        // A journal from elsewhere may not lead out of the folder.
        if !is_inside(&file.path) || !file.is_whole(root)? {
            return Ok(false);
        }
    }
    Ok(true)
}
