//! The long lists of the JSON files while the dataset grows: on disk, so that memory does not grow with it.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::write::files::{DiskError, Written};

/// A JSON list in the making, in a file without a name: it is gone when the process is, however it ends.
pub(crate) struct Spill {
    file: BufWriter<File>,
    is_empty: bool,
    folder: PathBuf,
}

impl Spill {
    /// An empty list, kept on the disk of `folder`.
    pub(crate) fn new(folder: &Path) -> Result<Self, DiskError> {
        let file = tempfile::tempfile_in(folder).map_err(DiskError::because("make a temporary file in", folder))?;
        Ok(Self { file: BufWriter::new(file), is_empty: true, folder: folder.to_path_buf() })
    }

    /// Adds an entry, one line.
    pub(crate) fn push(&mut self, json: &str) -> Result<(), DiskError> {
        let separator = if self.is_empty { "\n" } else { ",\n" };
        self.is_empty = false;
        let written = self.file.write_all(separator.as_bytes()).and_then(|()| self.file.write_all(json.as_bytes()));
        written.map_err(DiskError::because("write to a temporary file in", &self.folder))
    }

    /// Adds a line of a file that is no JSON.
    pub(crate) fn push_line(&mut self, line: &str) -> Result<(), DiskError> {
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.write_all(b"\n"));
        written.map_err(DiskError::because("write to a temporary file in", &self.folder))
    }

    /// Everything so far, from the start; as often as is wanted. Nothing may be added afterwards.
    pub(crate) fn copy_to(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.file.flush()?;
        let file = self.file.get_mut();
        file.seek(SeekFrom::Start(0))?;
        io::copy(file, out).map(drop)
    }
}

/// Writes a JSON object whose last values are long lists: `head` is its beginning, with the brace and without a last comma.
pub(crate) fn write_json(
    root: &Path,
    path: String,
    head: &str,
    lists: &mut [(&str, &mut Spill)],
) -> Result<Written, DiskError> {
    Written::new_with(root, path, |out| {
        out.write_all(head.as_bytes())?;
        for (name, list) in lists {
            write!(out, ",\n\"{name}\":[")?;
            list.copy_to(out)?;
            out.write_all(b"\n]")?;
        }
        out.write_all(b"}\n")
    })
}
