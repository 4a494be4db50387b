//! Reading files whole, with bounds, and the references between them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha2::{Digest, Sha256};

use super::AssetError;

/// Files larger than this are refused, bytes.
pub const MAX_BYTES: u64 = 2 << 30;

/// The bytes of the file at `path` below `root` (an absolute `path` stands for itself).
pub(super) fn read(root: &Path, path: &str) -> Result<Vec<u8>, AssetError> {
    let full = root.join(path);
    let failed = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound => AssetError::Missing(full.clone()),
        _ => AssetError::Read { path: full.clone(), source },
    };
    let broken = |reason: String| AssetError::Broken { path: full.clone(), reason };
    // Asked before opening: opening a pipe would wait for a writer.
    let meta = std::fs::metadata(&full).map_err(failed)?;
    if !meta.is_file() {
        return Err(broken("this is not a file; expected a glTF, GLB, PNG or JPEG file".into()));
    }
    let mut bytes = Vec::new();
    File::open(&full).and_then(|f| f.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(broken(format!("the file is larger than {} GiB, the most that is read", MAX_BYTES >> 30)));
    }
    Ok(bytes)
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
