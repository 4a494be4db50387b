//! Many files by one pattern: `parts/*.glb`.

use std::path::PathBuf;

use glob::{MatchOptions, Pattern};

use crate::confine::{Denied, Folder};

/// The most files of one collection: all of them are read when a recipe is checked.
const MAX_FILES: usize = 10_000;

/// More files and folders are not looked at.
const MAX_SEEN: usize = 200_000;

/// Folders within folders.
const MAX_DEPTH: usize = 32;

/// What the files of models end with.
pub(super) const ENDINGS: [&str; 5] = ["glb", "gltf", "obj", "ply", "stl"];

/// Why a pattern names no collection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCollected {
    /// The pattern itself is broken.
    #[error("the pattern cannot be read: {0}")]
    Pattern(String),
    /// No model matches.
    #[error("no file of a model ({}) matches", ENDINGS.map(|ending| format!("`.{ending}`")).join(", "))]
    Empty,
    /// Too many do, or there is too much to look through.
    #[error("at most {MAX_FILES} models among {MAX_SEEN} files")]
    Large,
    /// It leads out of the folders that may be read.
    #[error("it leads to {}", .0.display())]
    Outside(PathBuf),
}

/// The models that `pattern` names below `root`, as a recipe would name each, sorted.
pub(super) fn find(root: &Folder, pattern: &str) -> Result<Vec<String>, NotCollected> {
    if pattern.is_empty() {
        return Err(NotCollected::Empty);
    }
    let trimmed = pattern.trim_end_matches('/');
    // Where it leads has to be known before anything is looked for there.
    let is_folder = |path: &str| match root.resolve(path) {
        Ok(real) => Ok(real.is_dir()),
        Err(Denied::Outside { target, .. }) => Err(NotCollected::Outside(target)),
        Err(_) => Ok(false),
    };
    let plain = |part: &&str| !part.contains(['*', '?', '[']);
    let whole = match is_folder(trimmed) {
        Err(_) if !plain(&trimmed) => false, // what it stands for is looked at below
        whole => whole?,
    };
    let pattern = match whole {
        true => format!("{}/*", Pattern::escape(trimmed)),
        false => pattern.to_owned(),
    };
    let compiled = Pattern::new(&pattern).map_err(|error| NotCollected::Pattern(error.msg.to_owned()))?;
    // Up to the first folder that may be any: nothing above it has to be looked through.
    let parts: Vec<&str> = pattern.split('/').collect();
    let known = match whole {
        true => trimmed.to_owned(),
        false => parts[..parts.len() - 1].iter().copied().take_while(plain).collect::<Vec<_>>().join("/"),
    };
    let known = if known.is_empty() && pattern.starts_with('/') { "/".to_owned() } else { known };
    let deep = pattern.contains("**");
    let depth = if deep { MAX_DEPTH } else { parts.len().min(MAX_DEPTH) };

    is_folder(&known)?;
    // What leads outside is listed too, so that it is told when it is read.
    let is_listed = |path: &str| matches!(root.find(path), Ok(_) | Err(Denied::Outside { .. }));
    let mut found = Vec::new();
    let mut seen = 0;
    let mut left = vec![(known, 0)];
    while let Some((folder, level)) = left.pop() {
        let Ok(place) = root.resolve(&folder) else { continue };
        let Ok(entries) = std::fs::read_dir(place) else { continue };
        for entry in entries.filter_map(Result::ok) {
            seen += 1;
            if seen > MAX_SEEN {
                return Err(NotCollected::Large);
            }
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = match folder.as_str() {
                "" => name,
                folder if folder.ends_with('/') => format!("{folder}{name}"),
                folder => format!("{folder}/{name}"),
            };
            // Linked folders are not followed: they may lead round in a circle.
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder {
                if level + 1 < depth {
                    left.push((path, level + 1));
                }
                continue;
            }
            let options = MatchOptions {
                case_sensitive: true,
                require_literal_separator: true,
                require_literal_leading_dot: true,
            };
            let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
            if ENDINGS.contains(&ending.as_str()) && compiled.matches_with(&path, options) && is_listed(&path) {
                found.push(path);
                if found.len() > MAX_FILES {
                    return Err(NotCollected::Large);
                }
            }
        }
    }
    // However the disk lists them.
    found.sort();
    if found.is_empty() { Err(NotCollected::Empty) } else { Ok(found) }
}
