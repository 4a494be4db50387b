//! STL files, binary and text: triangles without material, UVs or smoothness.

use std::io::Cursor;

use super::model::MAX_TRIANGLES;
use super::plain::{self, Soup};
use super::{AssetError, Model};
use crate::confine::Folder;

pub(super) fn load(root: &Folder, path: &str) -> Result<Model, AssetError> {
    plain::load(root, path, |bytes, _| {
        let soup = read(bytes)?;
        Ok(vec![("1".to_owned(), soup.mesh()?, plain::untold(false))])
    })
}

fn read(bytes: &[u8]) -> Result<Soup, String> {
    let claimed = bytes.get(80..84).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let claimed = claimed.map(|count| 84 + 50 * u64::from(count));
    let mut bytes = bytes.to_vec();
    if claimed == Some(bytes.len() as u64) {
        // Some programs begin binary files with the word that text files begin with.
        bytes[0] = b' ';
    } else if !bytes.starts_with(b"solid") {
        return Err(
            "this is no STL file: its length is not that of as many triangles as it says, and it is no text".into()
        );
    }
    let mut bytes = Cursor::new(bytes);
    let broken = |error: std::io::Error| format!("not a valid STL file: {error}");
    let triangles = stl_io::create_stl_reader(&mut bytes).map_err(broken)?;
    let mut soup = Soup::default();
    for (number, triangle) in triangles.enumerate() {
        if number >= MAX_TRIANGLES {
            return Err(format!("it has more than {MAX_TRIANGLES} triangles; reduce it (decimate)"));
        }
        let corners = triangle.map_err(broken)?.vertices;
        let first = u32::try_from(soup.positions.len()).unwrap_or(u32::MAX); // at most 3 * MAX_TRIANGLES
        soup.positions.extend(corners.map(|corner| corner.0));
        soup.indices.extend([first, first + 1, first + 2]);
    }
    Ok(soup)
}
