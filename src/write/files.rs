//! Files that appear whole or not at all.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

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

/// A temporary file in `folder`, with the rights that any new file would have: `tempfile`'s own default is that nobody else can
/// read it, which is wrong for a dataset.
fn new_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".unfinished-");
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
