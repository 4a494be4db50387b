//! Files that appear whole or not at all.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

/// Something that could not be done on disk.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub struct DiskError {
    /// In words: `write`, `create the folder`, ...
    pub action: &'static str,
    /// Of what.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl DiskError {
    /// For `map_err`.
    pub(crate) fn because(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self { action, path, source }
    }
}

/// Writes `path` in one stroke: into a nameless neighbour first, which takes its name when it is complete. Whatever was at
/// `path` stays until then; on an error nothing of the new file remains.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    write_whole_with(path, |file| file.write_all(bytes))
}

/// As [`write_whole`], for a file that is too long to hold in memory.
pub fn write_whole_with(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<&mut fs::File>) -> io::Result<()>,
) -> Result<(), DiskError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut temporary = new_file(folder).map_err(DiskError::because("write", path))?;
    let mut buffered = BufWriter::with_capacity(1 << 16, temporary.as_file_mut());
    fill(&mut buffered).and_then(|()| buffered.flush()).map_err(DiskError::because("write", path))?;
    drop(buffered);
    temporary.persist(path).map_err(|error| DiskError::because("write", path)(error.error))?;
    Ok(())
}

/// A file of a dataset, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Written {
    /// Relative to the dataset, with `/`.
    pub(crate) path: String,
    /// Lower-case hexadecimal.
    pub(crate) sha256: String,
}

impl Written {
    /// Writes a file in one stroke. Its neighbour bears a name of its own, so that what a killed run leaves of it is written over by the
    /// next one; so no two processes may write the same file.
    pub(crate) fn new(root: &Path, path: String, bytes: &[u8]) -> Result<Self, DiskError> {
        let target = root.join(&path);
        let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let neighbour = target.with_file_name(format!("{UNFINISHED}{name}"));
        let written = fs::write(&neighbour, bytes).and_then(|()| fs::rename(&neighbour, &target));
        if let Err(error) = written {
            // What remains of it is of no use; that it cannot be removed is not what is wrong.
            let _ = fs::remove_file(&neighbour);
            return Err(DiskError::because("write", &target)(error));
        }
        Ok(Self { path, sha256: hex(&Sha256::digest(bytes)) })
    }

    /// A file that is yet to be written.
    pub(crate) fn of(path: &str, bytes: &[u8]) -> Self {
        Self { path: path.to_owned(), sha256: hex(&Sha256::digest(bytes)) }
    }

    /// The same for a file that is too long to hold in memory, by [`write_whole_with`].
    pub(crate) fn new_with(
        root: &Path,
        path: String,
        fill: impl FnOnce(&mut Hashing<'_>) -> io::Result<()>,
    ) -> Result<Self, DiskError> {
        let mut hasher = Sha256::new();
        write_whole_with(&root.join(&path), |out| fill(&mut Hashing { out, hasher: &mut hasher }))?;
        Ok(Self { path, sha256: hex(&hasher.finalize()) })
    }

    /// Whether the file is there and has in it what was written.
    pub(crate) fn is_whole(&self, root: &Path) -> Result<bool, DiskError> {
        let path = root.join(&self.path);
        let mut hasher = Sha256::new();
        let hashed = fs::File::open(&path).and_then(|mut file| io::copy(&mut file, &mut hasher));
        match hashed {
            Ok(_) => Ok(hex(&hasher.finalize()) == self.sha256),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(DiskError::because("read", &path)(error)),
        }
    }
}

/// Writes, and hashes what is written.
pub(crate) struct Hashing<'a> {
    out: &'a mut dyn Write,
    hasher: &'a mut Sha256,
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Names of files that are not complete begin so.
pub(crate) const UNFINISHED: &str = ".unfinished-";

/// Removes from a folder what killed runs left unfinished; it is no error if there is no folder.
pub(crate) fn remove_unfinished(folder: &Path) -> Result<(), DiskError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(DiskError::because("read", folder)(error)),
    };
    for entry in entries {
        let entry = entry.map_err(DiskError::because("read", folder))?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// A temporary file in `folder`, with the rights that any new file would have: `tempfile`'s own default is that nobody else can
/// read it, which is wrong for a dataset.
fn new_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// Creates a folder and those above it.
pub fn create_folder(path: &Path) -> Result<(), DiskError> {
    fs::create_dir_all(path).map_err(DiskError::because("create the folder", path))
}

/// Removes a file or a whole folder; it is no error if there is none. A link is removed, not what it points to.
pub fn remove(path: &Path) -> Result<(), DiskError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(DiskError::because("remove", path)),
    }
}
