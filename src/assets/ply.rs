//! PLY files, text and binary: polygons with normals, UVs and colours.

use std::io::Cursor;

use ply_rs_bw::parser::{Parser, Reader};
use ply_rs_bw::ply::{Property, PropertyAccess, PropertyAccessResult};

use super::model::MAX_TRIANGLES;
use super::plain::{self, Soup};
use super::{AssetError, Model};
use crate::confine::Folder;

/// Corners of one polygon.
const MAX_CORNERS: usize = 1 << 16;

pub(super) fn load(root: &Folder, path: &str) -> Result<Model, AssetError> {
    plain::load(root, path, |bytes, _| {
        let soup = read(bytes)?;
        let colored = !soup.colors.is_empty();
        Ok(vec![("1".to_owned(), soup.mesh()?, plain::untold(colored))])
    })
}

/// What each number of a vertex is called; some have two names.
const NAMES: [(&str, usize); 24] = [
    ("x", 0),
    ("y", 1),
    ("z", 2),
    ("nx", 3),
    ("ny", 4),
    ("nz", 5),
    ("u", 6),
    ("s", 6),
    ("texture_u", 6),
    ("v", 7),
    ("t", 7),
    ("texture_v", 7),
    ("red", 8),
    ("r", 8),
    ("diffuse_red", 8),
    ("green", 9),
    ("g", 9),
    ("diffuse_green", 9),
    ("blue", 10),
    ("b", 10),
    ("diffuse_blue", 10),
    ("alpha", 11),
    ("a", 11),
    ("diffuse_alpha", 11),
];

fn place(name: &str) -> Option<usize> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, place)| *place)
}

struct Vertex([f32; 12]);

impl PropertyAccess for Vertex {
    fn new() -> Self {
        let mut values = [0.0; 12];
        values[11] = 1.0;
        Self(values)
    }

    fn set_property(&mut self, name: &str, property: Property) -> PropertyAccessResult {
        let Some(place) = place(name) else { return PropertyAccessResult::Ignored };
        // Colours of whole numbers are bytes.
        let whole = |value: f64| if place >= 8 { value / 255.0 } else { value };
        let value = match property {
            Property::Float(value) => f64::from(value),
            Property::Double(value) => value,
            Property::Char(value) => whole(value.into()),
            Property::UChar(value) => whole(value.into()),
            Property::Short(value) => whole(value.into()),
            Property::UShort(value) => whole(value.into()),
            Property::Int(value) => whole(value.into()),
            Property::UInt(value) => whole(value.into()),
            _ => return PropertyAccessResult::UnsupportedType,
        };
        #[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is the point; infinite ones are refused")]
        let value = value as f32;
        self.0[place] = value;
        PropertyAccessResult::Set
    }
}

#[derive(Default)]
struct Face(Vec<i64>);

impl PropertyAccess for Face {
    fn new() -> Self {
        Self::default()
    }

    fn set_property(&mut self, name: &str, property: Property) -> PropertyAccessResult {
        if !matches!(name, "vertex_indices" | "vertex_index") {
            return PropertyAccessResult::Ignored;
        }
        self.0 = match property {
            Property::ListChar(list) => list.into_iter().map(Into::into).collect(),
            Property::ListUChar(list) => list.into_iter().map(Into::into).collect(),
            Property::ListShort(list) => list.into_iter().map(Into::into).collect(),
            Property::ListUShort(list) => list.into_iter().map(Into::into).collect(),
            Property::ListInt(list) => list.into_iter().map(Into::into).collect(),
            Property::ListUInt(list) => list.into_iter().map(Into::into).collect(),
            _ => return PropertyAccessResult::UnsupportedType,
        };
        PropertyAccessResult::Set
    }
}

fn read(bytes: &[u8]) -> Result<Soup, String> {
    let mut reader = Reader::new(Cursor::new(bytes));
    let vertices = Parser::<Vertex>::new();
    let faces = Parser::<Face>::new();
    let header = vertices.read_header(&mut reader).map_err(|error| format!("not a valid PLY file: {error}"))?;
    let broken = |error| format!("the PLY file is cut short or broken: {error}");
    let mut soup = Soup::default();
    for (name, element) in &header.elements {
        // Each takes a byte at least: what a header claims has to be there.
        if element.count > bytes.len() || element.count > 3 * MAX_TRIANGLES {
            return Err(format!("its header claims {} elements `{}`, which cannot be", element.count, shown(name)));
        }
        match name.as_str() {
            "vertex" => {
                let has = |wanted: usize| element.properties.keys().any(|name| place(name) == Some(wanted));
                let list = vertices.read_payload_for_element(&mut reader, element, &header).map_err(broken)?;
                soup.positions = list.iter().map(|v| [v.0[0], v.0[1], v.0[2]]).collect();
                if (3..6).all(has) {
                    soup.normals = list.iter().map(|v| [v.0[3], v.0[4], v.0[5]]).collect();
                }
                if (6..8).all(has) {
                    // v runs up in PLY.
                    soup.uvs = list.iter().map(|v| [v.0[6], 1.0 - v.0[7]]).collect();
                }
                if (8..11).all(has) {
                    let color = |v: &Vertex| {
                        let [r, g, b] = [8, 9, 10].map(|k| plain::linear(v.0[k]));
                        [r, g, b, v.0[11].clamp(0.0, 1.0)]
                    };
                    soup.colors = list.iter().map(color).collect();
                }
            }
            "face" => {
                let list = faces.read_payload_for_element(&mut reader, element, &header).map_err(broken)?;
                for Face(corners) in list {
                    if corners.len() > MAX_CORNERS {
                        return Err(format!("a polygon has more than {MAX_CORNERS} corners"));
                    }
                    let index = |corner: &i64| {
                        u32::try_from(*corner).map_err(|_| format!("index {corner} points to no vertex"))
                    };
                    let corners = corners.iter().map(index).collect::<Result<Vec<u32>, String>>()?;
                    for pair in corners.get(1..).unwrap_or_default().windows(2) {
                        soup.indices.extend([corners[0], pair[0], pair[1]]);
                    }
                    if soup.indices.len() / 3 > MAX_TRIANGLES {
                        return Err(format!("it has more than {MAX_TRIANGLES} triangles; reduce it (decimate)"));
                    }
                }
            }
            "tristrips" => return Err("it is made of triangle strips, which are not read; save it with faces".into()),
            _ => {
                // Has to be read past.
                faces.read_payload_for_element(&mut reader, element, &header).map_err(broken)?;
            }
        }
    }
    Ok(soup)
}

fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(40).collect()
}
