//! glTF 2.0 files, flattened.
//!
//! The default scene (or the first, or all nodes where there is none) becomes one [`Part`] per triangle primitive:
//! - Morph targets (shape keys) are baked in with the weights of the node, else those of the mesh, else none. Only
//!   positions, normals and tangents are morphed.
//! - Skinned meshes are baked in the pose that the file's nodes have. As the specification says, the node that has the
//!   mesh does not move it: its bones do.
//! - Other node transforms are baked into the vertices. Where a node or bone mirrors, the winding is turned round, so that
//!   outsides stay outside.
//! - Missing normals become flat ones (of the morphed and bent triangles), missing tangents those of MikkTSpace, missing
//!   UVs (0, 0). Vertices that no triangle uses are dropped.
//! - Nodes whose names start with `kp_` become keypoints: named points, whether or not they have a mesh too.
//! - Animations are ignored: the file is shown in the pose of its nodes.
//!
//! Parts are called as their mesh, or else their node, or else `mesh 3`; those of a mesh with several primitives as the
//! mesh and the material, or the primitive's number from 1 where the material has no name. A name that is taken gets ` 2`,
//! ` 3`... in the order of the scene.
//!
//! Refused, by name, because ignoring it would show something else than the file says: required extensions other than
//! [`SUPPORTED`], moved textures (`KHR_texture_transform`), instancing, points, lines, vertex colours, UV sets other than
//! the first, textures that clamp or mirror where UVs leave 0..=1.
//!
//! Other optional extensions fall back to the core material, as the specification wants it; texture filters are
//! ignored.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gltf::{Document, Node, json};

use super::accessor::{Cost, Reader};
use super::file::{self, Reference};
use super::primitive::{self, Pose};
use super::{AssetError, AssetFile, Model, Part, material, nodes, skin};

/// Extensions that a file may require.
pub const SUPPORTED: [&str; 3] = ["KHR_materials_unlit", "KHR_materials_emissive_strength", "KHR_mesh_quantization"];

/// Optional extensions that change what is seen or where it is, so that leaving them out would be wrong.
const REFUSED: [&str; 2] = ["KHR_texture_transform", "EXT_mesh_gpu_instancing"];

/// More triangles than this in one file are refused.
pub const MAX_TRIANGLES: usize = 4_000_000;

/// Positions and UVs beyond this are refused: 1000 km, far past what f32 can resolve.
pub(super) const MAX_COORDINATE: f32 = 1e6;

/// Names longer than this many bytes are refused: a part repeats the names of its mesh and material.
pub(super) const MAX_NAME: usize = 256;

/// A glTF file taken apart: the document, and the bytes of each buffer.
pub(super) struct Source<'a> {
    pub(super) root: &'a Path,
    pub(super) path: &'a str,
    pub(super) document: Document,
    pub(super) buffers: Vec<Vec<u8>>,
    pub(super) file: AssetFile,
}

impl Source<'_> {
    pub(super) fn broken(&self, reason: String) -> AssetError {
        AssetError::Broken { path: self.root.join(self.path), reason }
    }

    /// Bytes that a `uri` in this file refers to; a file among them is recorded as a part.
    pub(super) fn external(&mut self, uri: &str) -> Result<Vec<u8>, AssetError> {
        match file::resolve(self.path, uri).map_err(|reason| self.broken(reason))? {
            Reference::Data(bytes) => Ok(bytes),
            Reference::File(path) => {
                let bytes = file::read(self.root, &path)?;
                let part = (path, file::sha256(&bytes));
                if !self.file.parts.contains(&part) {
                    self.file.parts.push(part);
                }
                Ok(bytes)
            }
        }
    }
}

pub(super) fn load(root: &Path, path: &str) -> Result<Model, AssetError> {
    let bytes = file::read(root, path)?;
    let broken = |reason| AssetError::Broken { path: root.join(path), reason };
    let (document, blob) = parse(&bytes).map_err(broken)?;
    let asset = AssetFile { path: path.to_owned(), sha256: file::sha256(&bytes), parts: Vec::new() };
    let mut source = Source { root, path, document, buffers: Vec::new(), file: asset };
    drop(bytes);
    load_buffers(&mut source, blob)?;

    let placed = nodes::placed(&source.document).map_err(broken)?;
    let keypoints = nodes::keypoints(&source.document, &placed).map_err(broken)?;
    let worlds: BTreeMap<_, _> = placed.iter().copied().collect();
    let mut materials = material::Materials::default();
    let mut skins = BTreeMap::new();
    let (mut parts, mut names) = (Vec::new(), Vec::new());
    let mut cost = Cost::default();
    // The document is cheap to clone beside its buffers, and `source` is still written to.
    let document = source.document.clone();
    for (index, world) in placed {
        let Some(node) = document.nodes().nth(index) else { continue };
        let Some(mesh) = node.mesh() else { continue };
        let within = |reason: String| broken(format!("mesh {}: {reason}", label(mesh.name(), mesh.index())));
        let name = part_name(&node, &mesh).map_err(within)?;
        let skin = node.skin();
        if let Some(skin) = &skin
            && !skins.contains_key(&skin.index())
        {
            let mut reader = Reader { buffers: &source.buffers, cost: &mut cost };
            skins.insert(skin.index(), skin::bones(skin, &worlds, &mut reader).map_err(within)?);
        }
        let pose = skin.and_then(|s| skins.get(&s.index())).map_or(Pose::Node(world), |bones| Pose::Bones(bones));
        let weights = node.weights().or(mesh.weights());
        for primitive in mesh.primitives() {
            let mut reader = Reader { buffers: &source.buffers, cost: &mut cost };
            let built = primitive::build(&primitive, pose, weights, &mut reader).map_err(within)?;
            let material = materials.get(&primitive.material(), &built, &mut source)?;
            names.push(match material.name.as_str() {
                _ if mesh.primitives().len() == 1 => name.clone(),
                "" => format!("{name} {}", primitive.index() + 1),
                material => format!("{name} {material}"),
            });
            parts.push(Part { name: String::new(), mesh: built.into(), material, own: false });
        }
    }
    for (part, name) in parts.iter_mut().zip(unique(names)) {
        part.name = name;
    }
    let bounds = parts.iter().filter_map(|p| p.mesh.bounds()).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let (min, max) = bounds.ok_or_else(|| broken("there are no triangles in its scene".into()))?;
    source.file.parts.sort();
    Ok(Model { parts, keypoints, min, max, file: source.file })
}

/// What the parts of a mesh are called: as it is, or as its node is, or by its number.
fn part_name(node: &Node<'_>, mesh: &gltf::Mesh<'_>) -> Result<String, String> {
    let given = [mesh.name(), node.name()].into_iter().flatten().find(|name| !name.is_empty());
    match given {
        Some(name) if name.len() > MAX_NAME => Err(format!("its name is longer than {MAX_NAME} bytes; shorten it")),
        Some(name) => Ok(name.to_owned()),
        None => Ok(format!("mesh {}", mesh.index())),
    }
}

/// Appends ` 2`, ` 3`... to names that came before. The first keeps its name, and so does what was called `... 2` already.
fn unique(names: Vec<String>) -> Vec<String> {
    let mut taken: BTreeSet<String> = names.iter().cloned().collect();
    let mut last: BTreeMap<String, usize> = BTreeMap::new();
    let mut rename = |name: String| {
        let Some(number) = last.get_mut(&name) else {
            last.insert(name.clone(), 1);
            return name;
        };
        loop {
            *number += 1;
            let numbered = format!("{name} {number}");
            if taken.insert(numbered.clone()) {
                return numbered;
            }
        }
    };
    names.into_iter().map(&mut rename).collect()
}

/// A name for messages.
pub(super) fn label(name: Option<&str>, index: usize) -> String {
    name.map_or_else(|| format!("{index}"), |name| format!("`{name}`"))
}

/// Splits a GLB, reads the JSON and checks what the specification demands of it.
fn parse(bytes: &[u8]) -> Result<(Document, Option<Vec<u8>>), String> {
    let (text, blob) = if bytes.starts_with(b"glTF") {
        // The crate subtracts the header's length unchecked.
        let length = bytes.get(8..12).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        if length.is_none_or(|n| n < 12 || n as usize > bytes.len()) {
            return Err("the GLB file is cut short: it is shorter than its header says".into());
        }
        let glb = gltf::Glb::from_slice(bytes).map_err(|e| format!("not a valid GLB file: {e}"))?;
        (glb.json.into_owned(), glb.bin.map(|b| b.into_owned()))
    } else {
        (bytes.to_vec(), None)
    };
    let mut root: json::Root = json::deserialize::from_slice(&text)
        .map_err(|e| format!("not a glTF file (neither GLB nor glTF's JSON): {e}"))?;
    for name in &root.extensions_required {
        if !SUPPORTED.contains(&name.as_str()) {
            return Err(format!("it requires the glTF extension `{name}`, which is not supported; export it without"));
        }
    }
    if let Some(name) = root.extensions_used.iter().find(|name| REFUSED.contains(&name.as_str())) {
        return Err(format!("it uses the glTF extension `{name}`, which is not supported; export it without"));
    }
    root.extensions_required.clear(); // the crate knows fewer than we read
    if let Some(i) = root.images.iter().position(|i| match i.buffer_view {
        Some(_) => i.mime_type.is_none(),
        None => i.uri.is_none(),
    }) {
        return Err(format!("image {i} has neither a `uri` nor a `bufferView` with a `mimeType`"));
    }
    // The crate's validation looks at the position accessor before it checks that there is one.
    let accessors = root.accessors.len();
    let mut attributes = root.meshes.iter().flat_map(|m| &m.primitives).flat_map(|p| p.attributes.values());
    if let Some(index) = attributes.find(|index| index.value() >= accessors) {
        return Err(format!("a mesh uses accessor {}, but there are only {accessors}", index.value()));
    }
    let document = Document::from_json(root).map_err(|e| match e {
        gltf::Error::Validation(errors) => {
            let list: Vec<_> = errors.iter().take(3).map(|(path, e)| format!("{path}: {e}")).collect();
            format!("not a valid glTF file: {}", list.join("; "))
        }
        other => format!("not a valid glTF file: {other}"),
    })?;
    Ok((document, blob))
}

fn load_buffers(source: &mut Source<'_>, mut blob: Option<Vec<u8>>) -> Result<(), AssetError> {
    let document = source.document.clone();
    let mut total = 0u64;
    for buffer in document.buffers() {
        let bytes = match buffer.source() {
            gltf::buffer::Source::Bin => {
                blob.take().ok_or_else(|| source.broken("its binary chunk is missing".into()))?
            }
            gltf::buffer::Source::Uri(uri) => source.external(uri)?,
        };
        if bytes.len() < buffer.length() {
            let (is, should) = (bytes.len(), buffer.length());
            return Err(
                source.broken(format!("buffer {} has {is} bytes instead of {should}; it is cut short", buffer.index()))
            );
        }
        total += bytes.len() as u64;
        if total > file::MAX_BYTES {
            return Err(source.broken(format!("its buffers are larger than {} GiB together", file::MAX_BYTES >> 30)));
        }
        source.buffers.push(bytes);
    }
    Ok(())
}
