//! glTF files in the making, for the other modules.

use serde_json::{Value, json};
use std::path::Path;

pub(crate) const U8: u32 = 5121;
pub(crate) const U16: u32 = 5123;
pub(crate) const F32: u32 = 5126;

/// The unit square, counter-clockwise from the origin.
pub(crate) const SQUARE: [[f32; 3]; 4] = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]];

/// A file in the making. Where its document has no `buffers`, it gets the one that its bytes are.
#[derive(Clone)]
pub(crate) struct Builder {
    pub(crate) document: Value,
    pub(crate) bytes: Vec<u8>,
}

/// A PNG file of so many pixels a side.
pub(crate) fn png(side: u32, pixel: impl Fn(u32, u32) -> [u8; 4]) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    let image = image::RgbaImage::from_fn(side, side, |x, y| image::Rgba(pixel(x, y)));
    image.write_to(&mut file, image::ImageFormat::Png).unwrap();
    file.into_inner()
}

/// The unit square in the XY plane that faces +Z, u to the right and v down.
pub(crate) fn square() -> Builder {
    let mut builder = Builder::new(json!([{ "mesh": 0 }]));
    let positions = builder.floats(&SQUARE);
    let uvs = builder.floats(&SQUARE.map(|[x, y, _]| [x, 1.0 - y]));
    let indices = builder.indices(&[0, 1, 2, 0, 2, 3]);
    let attributes = json!({ "POSITION": positions, "TEXCOORD_0": uvs });
    builder.list("meshes").push(json!({ "primitives": [{ "attributes": attributes, "indices": indices }] }));
    builder
}

/// A GLB file of a document and its binary chunk.
pub(crate) fn glb(document: &Value, binary: &[u8]) -> Vec<u8> {
    let mut text = document.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(4), b' ');
    let mut binary = binary.to_vec();
    binary.resize(binary.len().next_multiple_of(4), 0);
    let word = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    let total = 12 + 8 + text.len() + 8 + binary.len();
    [&b"glTF"[..], &word(2), &word(total), &word(text.len()), b"JSON", &text, &word(binary.len()), b"BIN\0", &binary]
        .concat()
}

impl Builder {
    /// These nodes, of which the first is the scene's, and nothing in them yet.
    pub(crate) fn new(nodes: Value) -> Self {
        let document = json!({
            "asset": { "version": "2.0" }, "scene": 0, "scenes": [{ "nodes": [0] }], "nodes": nodes,
            "meshes": [], "accessors": [], "bufferViews": [],
        });
        Self { document, bytes: Vec::new() }
    }

    /// The square with a texture of 8 x 8: texel (x, y) is 32 x red and 32 y green.
    pub(crate) fn textured() -> Self {
        let mut builder = square();
        let shade = |k: u32| u8::try_from(k * 32).unwrap();
        let image = png(8, |x, y| [shade(x), shade(y), 0, 255]);
        let (view, at) = (builder.list("bufferViews").len(), builder.bytes.len());
        builder.bytes.extend(&image);
        builder.bytes.resize(builder.bytes.len().next_multiple_of(4), 0);
        builder.list("bufferViews").push(json!({ "buffer": 0, "byteOffset": at, "byteLength": image.len() }));
        builder.document["images"] = json!([{ "bufferView": view, "mimeType": "image/png" }]);
        builder.document["textures"] = json!([{ "source": 0 }]);
        builder.document["materials"] = json!([{ "pbrMetallicRoughness": { "baseColorTexture": { "index": 0 } } }]);
        builder.document["meshes"][0]["primitives"][0]["material"] = json!(0);
        builder
    }

    pub(crate) fn list(&mut self, name: &str) -> &mut Vec<Value> {
        self.document[name].as_array_mut().unwrap()
    }

    pub(crate) fn material(&mut self) -> &mut Value {
        &mut self.document["materials"][0]
    }

    pub(crate) fn base_texture(&mut self) -> &mut Value {
        &mut self.material()["pbrMetallicRoughness"]["baseColorTexture"]
    }

    pub(crate) fn attributes(&mut self) -> &mut Value {
        &mut self.document["meshes"][0]["primitives"][0]["attributes"]
    }

    /// Appends an accessor over `bytes` and returns its index.
    pub(crate) fn accessor(&mut self, component: u32, shape: &str, count: usize, bytes: &[u8]) -> usize {
        let (view, at) = (self.list("bufferViews").len(), self.bytes.len());
        self.bytes.extend(bytes);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self.list("bufferViews").push(json!({ "buffer": 0, "byteOffset": at, "byteLength": bytes.len() }));
        let accessors = self.list("accessors");
        // The bounds are demanded of positions and not looked at.
        accessors.push(json!({
            "bufferView": view, "componentType": component, "count": count, "type": shape,
            "normalized": component != F32, "min": [0, 0, 0], "max": [0, 0, 0],
        }));
        accessors.len() - 1
    }

    pub(crate) fn floats<const N: usize>(&mut self, values: &[[f32; N]]) -> usize {
        let bytes: Vec<u8> = values.iter().flatten().flat_map(|v| v.to_le_bytes()).collect();
        let shape = if N == 16 { "MAT4" } else { ["SCALAR", "VEC2", "VEC3", "VEC4"][N - 1] };
        self.accessor(F32, shape, values.len(), &bytes)
    }

    pub(crate) fn joints(&mut self, values: &[[u8; 4]]) -> usize {
        let index = self.accessor(U8, "VEC4", values.len(), values.as_flattened());
        self.document["accessors"][index]["normalized"] = json!(false);
        index
    }

    pub(crate) fn indices(&mut self, values: &[u16]) -> usize {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let index = self.accessor(U16, "SCALAR", values.len(), &bytes);
        self.document["accessors"][index]["normalized"] = json!(false);
        index
    }

    /// An animation with one channel.
    pub(crate) fn animate<const N: usize>(
        &mut self,
        how: &str,
        node: usize,
        path: &str,
        times: &[f32],
        values: &[[f32; N]],
    ) {
        let input = self.floats(&times.iter().map(|&t| [t]).collect::<Vec<_>>());
        let output = self.floats(values);
        if self.document.get("animations").is_none() {
            self.document["animations"] = json!([]);
        }
        self.list("animations").push(json!({
            "name": how,
            "samplers": [{ "input": input, "output": output, "interpolation": how }],
            "channels": [{ "sampler": 0, "target": { "node": node, "path": path } }],
        }));
    }

    pub(crate) fn glb(&self) -> Vec<u8> {
        let mut document = self.document.clone();
        if document.get("buffers").is_none() {
            document["buffers"] = json!([{ "byteLength": self.bytes.len() }]);
        }
        glb(&document, &self.bytes)
    }

    pub(crate) fn write(&self, root: &Path, name: &str) {
        std::fs::write(root.join(name), self.glb()).unwrap();
    }
}
