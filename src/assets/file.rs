//! Reading files whole, with bounds, and the references between them.

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha2::{Digest, Sha256};

use super::AssetError;
use crate::confine::{Denied, Folder, size};

/// Models, and each file that one consists of, are refused where they are larger than this, bytes.
pub const MAX_BYTES: u64 = 2 << 30;
/// Textures and panoramas, bytes.
pub const MAX_IMAGE: u64 = 1 << 30;
/// Files of materials (MTL), bytes.
pub(super) const MAX_MATERIALS: u64 = 16 << 20;

/// The bytes of the file at `path`, which starts in `root`; of at most `most` of them.
pub(super) fn read(root: &Folder, path: &str, most: u64) -> Result<Vec<u8>, AssetError> {
    root.read(path, most).map_err(|denied| match denied {
        Denied::Missing(path) => AssetError::Missing(path),
        Denied::Unreadable { path, source } => AssetError::Read { path, source },
        Denied::Outside { path, target } => AssetError::Outside { path, target },
        Denied::NotAFile { path, what } => AssetError::Broken { path, reason: format!("this {what}") },
        Denied::TooLarge { path, most } => AssetError::Broken {
            path,
            reason: format!("the file is larger than {}, the most that is read of its kind", size(most)),
        },
    })
}

/// SHA-256 in lower-case hex, as `sha256sum` prints it.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// What a glTF `uri` refers to.
pub(super) enum Reference {
    /// Bytes inside the `uri` itself.
    Data(Vec<u8>),
    /// A file, as a path relative to where `base` is relative to.
    File(String),
}

/// Resolves `uri`, found in the file `base`.
pub(super) fn resolve(base: &str, uri: &str) -> Result<Reference, String> {
    if let Some(rest) = uri.strip_prefix("data:") {
        let (kind, data) = rest.split_once(',').ok_or("a data URI has no comma")?;
        if !kind.ends_with(";base64") {
            return Err("a data URI is not base64; export it again with base64 or separate files".into());
        }
        // Exporters disagree about padding.
        let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let engine = GeneralPurpose::new(&base64::alphabet::STANDARD, lenient);
        return engine.decode(data).map(Reference::Data).map_err(|e| format!("a data URI is broken: {e}"));
    }
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme);
    if let Some(scheme) = scheme.filter(|s| s.len() > 1 && s.bytes().all(|b| b.is_ascii_alphanumeric())) {
        return Err(format!("it refers to `{scheme}:...`; only files beside it and data URIs can be used"));
    }
    let file = percent_decoded(uri)?;
    let folder = base.rfind('/').map_or("", |end| &base[..=end]);
    // Written out rather than resolved: a leading `/` wins, as everywhere.
    Ok(Reference::File(if file.starts_with('/') { file } else { format!("{folder}{file}") }))
}

/// Undoes `%20` and the like.
fn percent_decoded(uri: &str) -> Result<String, String> {
    let bytes = uri.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let code = (bytes[i] == b'%').then(|| uri.get(i + 1..i + 3)).flatten();
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    let text = String::from_utf8(out).map_err(|_| format!("the file name `{uri}` is not UTF-8"))?;
    if text.contains('\0') { Err(format!("the file name `{uri}` holds a zero byte")) } else { Ok(text) }
}
