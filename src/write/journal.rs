//! The journal: what is known of each frame whose files are written, so that a run can be continued and shards be merged.
//!
//! One line for each frame, in the order in which they were finished: the number of its image, the BLAKE3 hash of what follows (16 hexadecimal
//! digits), and the frame's record as JSON. A line is appended when all files of its frame bear their final names. Lines are only ever
//! appended: a line that does not bear its hash out was torn by a crash, or spoilt since, and is as good as not there.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::write::error::WriteError;
use crate::write::files::{DiskError, create_folder, remove};
use crate::write::part::Part;
use crate::write::progress::FrameRecord;

/// The folder of journals, in a dataset.
pub(crate) const FOLDER: &str = "journal";
const ENDING: &str = "ndjson";

/// No line is longer, bytes: a frame of ten thousand instances with polygons has some ten million.
pub const LONGEST_LINE: u64 = 1 << 30;

/// Where a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The id of the image that it is about.
    pub image_id: u64,
    /// Of its JSON, bytes from the beginning of the journal.
    start: u64,
    /// Of its JSON, bytes.
    length: u64,
}

/// What is in a journal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    /// The lines that are whole, in order.
    pub lines: Vec<Line>,
    /// How many are not: torn or spoilt.
    pub bad: u64,
    /// Where the last whole line ends, bytes.
    pub end: u64,
}

/// Reads a journal through, and says which of its lines are whole. Anything may be in it.
///
/// # Errors
/// It cannot be read.
pub fn index(journal: impl Read) -> io::Result<Index> {
    let mut reader = BufReader::with_capacity(1 << 16, journal);
    let mut found = Index::default();
    let (mut at, mut line) = (0_u64, Vec::new());
    loop {
        line.clear();
        let length = (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut line)? as u64;
        if length == 0 {
            return Ok(found);
        }
        match whole(&line) {
            Some((image_id, json)) => {
                let json_length = json.len() as u64;
                found.lines.push(Line { image_id, start: at + length - 1 - json_length, length: json_length });
                found.end = at + length;
            }
            None => found.bad += 1,
        }
        at += length;
    }
}

/// Image id and JSON of a line that bears its hash out.
fn whole(line: &[u8]) -> Option<(u64, &[u8])> {
    let line = line.strip_suffix(b"\n")?;
    let (id, rest) = split(line)?;
    let (hash, json) = split(rest)?;
    let id: u64 = std::str::from_utf8(id).ok()?.parse().ok()?;
    (hash == checksum(id, json).as_bytes()).then_some((id, json))
}

fn split(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = text.iter().position(|&byte| byte == b' ')?;
    Some((&text[..space], &text[space + 1..]))
}

fn checksum(image_id: u64, json: &[u8]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&image_id.to_le_bytes()).update(json);
    let mut hex = hasher.finalize().to_hex().to_string();
    hex.truncate(16);
    hex
}

/// A line for a record, with its end.
pub(crate) fn line(record: &FrameRecord) -> Result<String, WriteError> {
    let json = serde_json::to_string(record)?;
    Ok(format!("{} {} {json}\n", record.image_id, checksum(record.image_id, json.as_bytes())))
}

/// The journal that a run appends to. No other process can have it at the same time.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    path: PathBuf,
}

impl Journal {
    /// Opens that of a part, or begins it. What is torn at its end is cut off.
    pub(crate) fn open(root: &Path, part: &Part) -> Result<Self, WriteError> {
        let folder = root.join(FOLDER);
        create_folder(&folder)?;
        let path = path(root, part);
        let because = |action| DiskError::because(action, &path);
        let options = || OpenOptions::new().read(true).append(true).create(true).to_owned();
        let file = options().open(&path).map_err(because("open"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(WriteError::InUse { root: root.to_path_buf(), part: part.to_string() });
            }
            Err(TryLockError::Error(error)) => return Err(because("lock")(error).into()),
        }
        let found = index(&file).map_err(because("read"))?;
        let length = file.metadata().map_err(because("read"))?.len();
        if length > found.end {
            file.set_len(found.end).map_err(because("shorten"))?;
        }
        Ok(Self { file, path })
    }

    /// Empties it, and removes all others.
    pub(crate) fn clear_all(&self, root: &Path) -> Result<(), DiskError> {
        self.file.set_len(0).map_err(DiskError::because("shorten", &self.path))?;
        paths(root)?.iter().filter(|path| **path != self.path).try_for_each(|path| remove(path))
    }

    /// Appends a frame: its files are in place.
    pub(crate) fn append(&mut self, record: &FrameRecord) -> Result<(), WriteError> {
        let line = line(record)?;
        // In one call, so that a line is torn only where the machine itself stops.
        Ok(self.file.write_all(line.as_bytes()).map_err(DiskError::because("write to", &self.path))?)
    }
}

/// All journals of a dataset.
#[derive(Debug)]
pub(crate) struct Journals {
    files: Vec<(PathBuf, File)>,
    /// By image id: the number of the journal, and where in it.
    lines: BTreeMap<u64, (usize, Line)>,
    /// Lines that are torn or spoilt.
    pub(crate) bad: u64,
}

impl Journals {
    /// Reads those below `root`; where two tell of one frame, the last line of the last of them counts.
    pub(crate) fn read(root: &Path) -> Result<Self, DiskError> {
        let mut journals = Self { files: Vec::new(), lines: BTreeMap::new(), bad: 0 };
        for path in paths(root)? {
            let because = |action| DiskError::because(action, &path);
            let file = File::open(&path).map_err(because("read"))?;
            let Index { lines, bad, .. } = index(&file).map_err(because("read"))?;
            let number = journals.files.len();
            journals.lines.extend(lines.into_iter().map(|line| (line.image_id, (number, line))));
            journals.bad += bad;
            journals.files.push((path, file));
        }
        Ok(journals)
    }

    /// The frames that they tell of, in order of their ids.
    pub(crate) fn ids(&self) -> impl Iterator<Item = u64> + '_ {
        self.lines.keys().copied()
    }

    pub(crate) fn has(&self, image_id: u64) -> bool {
        self.lines.contains_key(&image_id)
    }

    /// What they tell of a frame: its record, or some fields of it.
    pub(crate) fn get<T: DeserializeOwned>(&self, image_id: u64) -> Result<Option<T>, WriteError> {
        let Some((number, line)) = self.lines.get(&image_id) else { return Ok(None) };
        let (path, file) = &self.files[*number];
        let mut json = vec![0; usize::try_from(line.length).unwrap_or(usize::MAX)];
        let mut file = file;
        let read = file.seek(SeekFrom::Start(line.start)).and_then(|_| file.read_exact(&mut json));
        read.map_err(DiskError::because("read", path))?;
        Ok(Some(serde_json::from_slice(&json)?))
    }

    /// Where they are.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|(path, _)| path.as_path())
    }
}

/// Where the journal of a part is.
pub(crate) fn path(root: &Path, part: &Part) -> PathBuf {
    root.join(FOLDER).join(format!("{}.{ENDING}", part.name()))
}

/// The journals below `root`, in order of their names.
fn paths(root: &Path) -> Result<Vec<PathBuf>, DiskError> {
    let folder = root.join(FOLDER);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(DiskError::because("read", &folder)(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(DiskError::because("read", &folder))?.path();
        if path.extension().is_some_and(|ending| ending == ENDING) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
