//! Which files may be read. Recipes and models come from strangers: what one names is found through [`Folder`], and nothing else
//! in this program turns a name in a file into a place on the disk.
//!
//! A name may lead anywhere below the folder that it starts from: that of the recipe, or the one given with `--assets`. Where this
//! folder is part of a project (the nearest folder above it that holds a file called [`MARK`]), it may lead anywhere in the
//! project; and anywhere below what the user allows by hand ([`Allowed`]). What counts is where a name *ends*: `..`, absolute paths
//! and symbolic links are followed first. Only ordinary files are opened, never pipes, sockets or devices.
//!
//! Out of scope: somebody who exchanges files and links while the program runs has the user's rights already.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// A file of this name stands in the topmost folder of a project. It is looked for, and not read.
pub const MARK: &str = "scenewright.toml";

/// Folders, and files, that the user allows by hand, with everything below them.
#[derive(Debug, Clone, Default)]
pub struct Allowed(Arc<[Place]>);

/// One place: absolute and without `..`, as written, and with links resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    written: PathBuf,
    real: PathBuf,
}

impl Place {
    fn of(path: &Path) -> io::Result<Self> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        Ok(Self { written: normal(&std::path::absolute(path)?), real: std::fs::canonicalize(path)? })
    }
}

impl Allowed {
    /// These and everything below them.
    ///
    /// # Errors
    /// One is not there: which, and why.
    pub fn new(paths: &[PathBuf]) -> Result<Self, (PathBuf, io::Error)> {
        let place = |path: &PathBuf| Place::of(path).map_err(|error| (path.clone(), error));
        Ok(Self(paths.iter().map(place).collect::<Result<_, _>>()?))
    }

    /// These, a folder, and the project that it is in.
    #[must_use]
    pub fn and(&self, folder: &Path) -> Self {
        let own = Place::of(folder).ok();
        let project = own.as_ref().and_then(|own| own.real.ancestors().find(|above| above.join(MARK).is_file()));
        let project = project.and_then(|project| Place::of(project).ok());
        Self(self.0.iter().cloned().chain(own).chain(project).collect())
    }
}

/// Why a name leads to no file that may be read.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// Nothing is there.
    #[error("there is no file {}", .0.display())]
    Missing(PathBuf),
    /// It leads out of all folders that may be read.
    #[error("{} leads to {}, which is outside of the folders that may be read\n  {}", path.display(), target.display(), advice(target))]
    Outside {
        /// As named.
        path: PathBuf,
        /// Where that is.
        target: PathBuf,
    },
    /// It is there, and not a file.
    #[error("{}: this {what}", path.display())]
    NotAFile {
        /// As named.
        path: PathBuf,
        /// "is a folder, not a file", or what else.
        what: &'static str,
    },
    /// It is larger than what is read of its kind.
    #[error("{}: the file is larger than {}, the most that is read of its kind", path.display(), size(*most))]
    TooLarge {
        /// As named.
        path: PathBuf,
        /// Bytes.
        most: u64,
    },
    /// The system does not give it.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// As named.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A number of bytes in words.
pub fn size(bytes: u64) -> String {
    if bytes >= 1 << 20 { format!("{} MiB", bytes >> 20) } else { format!("{} KiB", bytes >> 10) }
}

/// What to type so that `target` may be read.
pub fn advice(target: &Path) -> String {
    let folder = target.parent().unwrap_or(target);
    format!(
        "if you trust that, type `--allow-path {}`; a file `{MARK}` in the folder above all files of a project allows what is below it",
        folder.display()
    )
}

/// A folder that names start from, and where they may lead.
#[derive(Debug, Clone)]
pub struct Folder {
    given: PathBuf,
    /// With links resolved, where it is there.
    base: PathBuf,
    /// Whether it is there.
    exists: bool,
    within: Vec<Place>,
}

impl Folder {
    /// `given`, which the user named or which holds what the user named; and what else is allowed.
    pub fn new(given: &Path, allowed: &Allowed) -> Self {
        let own = Place::of(given).ok();
        // What is asked for in a folder that is not there is missing, rather than outside.
        let base = match &own {
            Some(own) => own.real.clone(),
            None => normal(&std::path::absolute(given).unwrap_or_else(|_| given.to_path_buf())),
        };
        let mut within = allowed.and(given).0.to_vec();
        if own.is_none() {
            within.push(Place { written: base.clone(), real: base.clone() });
        }
        Self { given: given.to_path_buf(), base, exists: own.is_some(), within }
    }

    /// As given.
    pub fn given(&self) -> &Path {
        &self.given
    }

    /// `path` as messages show it: nothing is looked up.
    pub fn join(&self, path: impl AsRef<Path>) -> PathBuf {
        self.given.join(path)
    }

    /// Whether a place with all links resolved may be read.
    fn holds(&self, real: &Path) -> bool {
        self.within.iter().any(|place| real.starts_with(&place.real))
    }

    /// Where `path` leads, all links resolved; it may be a folder.
    ///
    /// # Errors
    /// Nothing is there, or it is outside.
    pub fn resolve(&self, path: impl AsRef<Path>) -> Result<PathBuf, Denied> {
        let path = path.as_ref();
        let shown = self.join(path);
        let full = self.base.join(path);
        // Before anything is asked of the disk: what is outside is refused whether or not it is there.
        let written = normal(&full);
        let inside = |place: &Place| written.starts_with(&place.written) || written.starts_with(&place.real);
        if !self.within.iter().any(inside) {
            return Err(Denied::Outside { path: shown, target: written });
        }
        match std::fs::canonicalize(&full) {
            Ok(real) if self.holds(&real) => Ok(real),
            Ok(target) => Err(Denied::Outside { path: shown, target }),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                // A link may lead out on the way to what is not there.
                let there = full.ancestors().skip(1).find_map(|above| std::fs::canonicalize(above).ok());
                match there.filter(|real| self.exists && !self.holds(real)) {
                    Some(target) => Err(Denied::Outside { path: shown, target }),
                    None => Err(Denied::Missing(shown)),
                }
            }
            Err(source) => Err(Denied::Unreadable { path: shown, source }),
        }
    }

    /// Where the file is that `path` names, all links resolved.
    ///
    /// # Errors
    /// As [`Self::resolve`]; or it is no ordinary file.
    pub fn find(&self, path: impl AsRef<Path>) -> Result<PathBuf, Denied> {
        let path = path.as_ref();
        let real = self.resolve(path)?;
        let unreadable = |source| Denied::Unreadable { path: self.join(path), source };
        // Asked before opening: opening a pipe would wait for a writer, and reading a device may never end.
        let kind = std::fs::metadata(&real).map_err(unreadable)?;
        if kind.is_file() {
            return Ok(real);
        }
        let what = if kind.is_dir() { "is a folder, not a file" } else { "is not an ordinary file" };
        Err(Denied::NotAFile { path: self.join(path), what })
    }

    /// The bytes of the file that `path` names.
    ///
    /// # Errors
    /// As [`Self::find`]; or it cannot be read, or has more than `most` bytes.
    pub fn read(&self, path: impl AsRef<Path>, most: u64) -> Result<Vec<u8>, Denied> {
        let path = path.as_ref();
        let real = self.find(path)?;
        let too_large = || Denied::TooLarge { path: self.join(path), most };
        // What the system says of its length saves the work, and is not relied on: files of /proc have none.
        if std::fs::metadata(&real).is_ok_and(|kind| kind.len() > most) {
            return Err(too_large());
        }
        let bytes = self.bytes(path, &real, most.saturating_add(1))?;
        if bytes.len() as u64 > most { Err(too_large()) } else { Ok(bytes) }
    }

    /// The first bytes of the file that `path` names.
    ///
    /// # Errors
    /// As [`Self::find`]; or it cannot be read.
    pub fn head(&self, path: impl AsRef<Path>, most: u64) -> Result<Vec<u8>, Denied> {
        let path = path.as_ref();
        self.bytes(path, &self.find(path)?, most)
    }

    fn bytes(&self, path: &Path, real: &Path, most: u64) -> Result<Vec<u8>, Denied> {
        let mut bytes = Vec::new();
        let read = File::open(real).and_then(|file| file.take(most).read_to_end(&mut bytes));
        read.map_err(|source| Denied::Unreadable { path: self.join(path), source })?;
        Ok(bytes)
    }
}

/// Without `.` and `..`, by what is written alone.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            part => out.push(part),
        }
    }
    out
}
