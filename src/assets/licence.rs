//! Under which licence a file may be used, as far as it or its neighbour says so.

use serde_json::Value;

use crate::confine::Folder;

/// More of a `.license` file is not looked at, bytes.
const MOST_READ: u64 = 1 << 16;

/// Longer words are cut off, characters.
const LONGEST: usize = 200;

/// What the file beside it says that is called like it with `.license` behind (REUSE specification 3.3): its first
/// `SPDX-License-Identifier`, else its first line.
pub(super) fn beside(root: &Folder, path: &str) -> Option<String> {
    let bytes = root.head(format!("{path}.license"), MOST_READ).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let spdx = text.lines().find_map(|line| Some(line.split_once("SPDX-License-Identifier:")?.1));
    spdx.or_else(|| text.lines().find(|line| !line.trim().is_empty())).and_then(one_line)
}

/// What a glTF file says of itself: `asset.extras.license`, where shops put it, else `asset.copyright`.
pub(super) fn within(asset: Option<&Value>) -> Option<String> {
    let asset = asset?;
    let given = [asset.pointer("/extras/license"), asset.get("copyright")];
    given.into_iter().flatten().filter_map(Value::as_str).find_map(one_line)
}

fn one_line(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let plain: String = line.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    (!plain.is_empty()).then_some(plain)
}
