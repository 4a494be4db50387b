//! glTF 2.0 files, flattened.
//!
//! The default scene (or the first, or all nodes where there is none) becomes one [`Part`] per triangle primitive of each node:
//! - An animation, where one is asked for, moves nodes and weighs morph targets as it does at one moment.
//! - Morph targets (shape keys) are baked in with the weights that are asked for by name, else those of the animation, else of the
//!   node, else of the mesh, else none. Positions, normals and tangents are morphed.
//! - Skinned meshes are baked in the pose that nodes have then. As the specification says, the node that has the
//!   mesh does not move it: its bones do.
//! - Other node transforms are baked into the vertices. Where a node or bone mirrors, the winding is turned round, so that
//!   outsides stay outside. Copies of a mesh (`EXT_mesh_gpu_instancing`) are of one part.
//! - UV sets and `KHR_texture_transform` are baked into the two sets of UVs that a mesh has; vertex colours (`COLOR_0`) are kept.
//! - Missing normals become flat ones (of the morphed and bent triangles), missing tangents those of MikkTSpace, missing
//!   UVs (0, 0). Vertices that no triangle uses are dropped.
//! - Nodes whose names start with `kp_` become keypoints: named points, whether or not they have a mesh too.
//!
//! Parts are called as their mesh, or else their node, or else `mesh 3`; those of a mesh with several primitives as the
//! mesh and the material, or the primitive's number from 1 where the material has no name. A name that is taken gets ` 2`,
//! ` 3`... in the order of the scene.
//!
//! # What is not supported
//! Refused, by name, because ignoring it would show something else than the file says: required extensions other than
//! [`SUPPORTED`], morph targets of UVs or colours, textures of one material that are placed in more than two ways.
//!
//! Left out, and said so by a warning of `check`: points and lines beside triangles, lights, further vertex colours, optional extensions that are not supported, textures
//! of material extensions (their factors count). Left out without a word, as they change nothing that is seen: cameras, texture
//! filters, attributes of an application's own (`_NAME`), extras.
//!
//! # Limits
//! Files are hostile until read. Of one file at most [`MAX_BYTES`](super::file::MAX_BYTES) and [`MAX_TRIANGLES`] are read; vertices
//! that many primitives share count each time, up to 2^28; compressed views become at most 512 MiB, all textures together at most
//! 2^28 pixels and each at most [`MAX_SIDE`](super::texture::MAX_SIDE) a side, coordinates at most 1000 km, names at most 256 bytes.
//! JSON nests at most 128 deep.

use std::collections::{BTreeMap, BTreeSet};

use glam::DVec3;
use gltf::{Document, Node};

use super::accessor::{Cost, Reader};
use super::file::{self, Reference};
use super::json::{self, Raw};
use super::posed::Taken;
use super::primitive::{self, Pose};
use super::uv::Lookups;
use super::{AssetError, AssetFile, Model, Part, animation, licence, material, meshopt, nodes, skin};
use crate::confine::Folder;
use crate::mesh::Mesh;

pub use super::json::SUPPORTED;

/// More triangles than this in one file are refused.
pub const MAX_TRIANGLES: usize = 4_000_000;

/// Positions and UVs beyond this are refused: 1000 km, far past what f32 can resolve.
pub(super) const MAX_COORDINATE: f32 = 1e6;

/// Names longer than this many bytes are refused: a part repeats the names of its mesh and material.
pub(super) const MAX_NAME: usize = 256;

/// A glTF file taken apart: the document, and the bytes of each buffer.
#[derive(Debug)]
pub(super) struct Source {
    root: Folder,
    pub(super) path: String,
    pub(super) document: Document,
    raw: Raw,
    pub(super) buffers: Vec<Vec<u8>>,
    pub(super) file: AssetFile,
    /// By material.
    lookups: Vec<Lookups>,
}

/// A model, and what it is made from where it can stand otherwise than it does.
pub(super) struct Loaded {
    pub(super) model: Model,
    pub(super) source: Option<Source>,
}

impl Source {
    pub(super) fn broken(&self, reason: String) -> AssetError {
        AssetError::Broken { path: self.root.join(&self.path), reason }
    }

    /// Bytes that a `uri` in this file refers to; a file among them is recorded as a part.
    pub(super) fn external(&mut self, uri: &str) -> Result<Vec<u8>, AssetError> {
        match file::resolve(&self.path, uri).map_err(|reason| self.broken(reason))? {
            Reference::Data(bytes) => Ok(bytes),
            Reference::File(path) => {
                let bytes = file::read(&self.root, &path, file::MAX_BYTES)?;
                let part = (path, file::sha256(&bytes));
                if !self.file.parts.contains(&part) {
                    self.file.parts.push(part);
                }
                Ok(bytes)
            }
        }
    }

    fn lookups(&self, material: &gltf::Material<'_>) -> Lookups {
        material.index().and_then(|index| self.lookups.get(index)).cloned().unwrap_or_default()
    }

    /// The names of its animations; unnamed ones go by their number.
    pub(super) fn animations(&self) -> Vec<String> {
        self.document.animations().map(|animation| animation::name(&animation)).collect()
    }

    /// How long the animation of this name is, seconds; `None` where there is none, or where it cannot be read.
    pub(super) fn animation_length(&self, name: &str) -> Option<f64> {
        let animation = self.document.animations().find(|animation| animation::name(animation) == name)?;
        let mut cost = Cost::default();
        animation::length(&animation, &mut Reader { buffers: &self.buffers, cost: &mut cost }).ok()
    }

    /// The names of its morph targets.
    pub(super) fn morphs(&self) -> BTreeSet<&str> {
        self.raw.target_names.iter().flatten().map(String::as_str).filter(|name| !name.is_empty()).collect()
    }

    /// How much memory its buffers take.
    pub(super) fn bytes(&self) -> usize {
        self.buffers.iter().map(Vec::len).sum()
    }
}

pub(super) fn load(root: &Folder, path: &str) -> Result<Loaded, AssetError> {
    let bytes = file::read(root, path, file::MAX_BYTES)?;
    let broken = |reason| AssetError::Broken { path: root.join(path), reason };
    let sha256 = file::sha256(&bytes);
    let (text, blob) = json::split(bytes).map_err(broken)?;
    let (document, raw) = json::read(&text).map_err(broken)?;
    drop(text);
    let mut lookups = Vec::new();
    for (index, material) in raw.materials.iter().enumerate() {
        let name = material.get("name").and_then(serde_json::Value::as_str);
        let within = |reason: String| broken(format!("material {}: {reason}", label(name, index)));
        lookups.push(Lookups::read(material).map_err(within)?);
    }
    let licence = licence::beside(root, path).or_else(|| raw.licence.clone());
    let file = AssetFile { path: path.to_owned(), sha256, licence, ..AssetFile::default() };
    let mut source =
        Source { root: root.clone(), path: path.to_owned(), document, raw, buffers: Vec::new(), file, lookups };
    load_buffers(&mut source, blob)?;

    let flat = flatten(&source, &Taken::default()).map_err(broken)?;
    let mut materials = material::Materials::default();
    // The document is cheap to clone beside its buffers, and `source` is still written to.
    let document = source.document.clone();
    let none = serde_json::Value::Null;
    let (mut parts, mut names) = (Vec::new(), Vec::new());
    for piece in flat.pieces {
        let mesh = document.meshes().nth(piece.mesh);
        let Some(primitive) = mesh.and_then(|mesh| mesh.primitives().nth(piece.primitive)) else { continue };
        let material = primitive.material();
        let raw = material.index().and_then(|index| source.raw.materials.get(index)).unwrap_or(&none).clone();
        let lookups = source.lookups(&material);
        let material = materials.get(&material, &raw, &lookups, &mut source)?;
        names.push(piece.name);
        parts.push(Part { name: String::new(), mesh: piece.triangles.into(), material, own: false });
    }
    for (part, name) in parts.iter_mut().zip(unique(names)) {
        part.name = name;
    }
    source.file.parts.sort();
    let bare = flat.bare.then(|| "its points and lines, which have no surface".to_owned());
    let warnings = source.raw.warnings.iter().cloned().chain(materials.left_out).chain(bare);
    source.file.warnings = warnings.collect();
    let model = model(parts, flat.keypoints, source.file.clone()).map_err(broken)?;
    let poses = document.animations().len() > 0 || !source.morphs().is_empty();
    Ok(Loaded { model, source: poses.then_some(source) })
}

/// The parts of a file with their box.
pub(super) fn model(parts: Vec<Part>, keypoints: BTreeMap<String, DVec3>, file: AssetFile) -> Result<Model, String> {
    let bounds = parts.iter().filter_map(|p| p.mesh.bounds()).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let (min, max) = bounds.ok_or("there are no triangles in its scene")?;
    Ok(Model { parts, keypoints, min, max, file })
}

/// `resting`, which was made from `source`, at a moment of an animation and with weights of morph targets.
pub(super) fn pose(source: &Source, resting: &Model, taken: &Taken) -> Result<Model, String> {
    let flat = flatten(source, taken)?;
    // The same nodes and primitives in the same order: only vertices are elsewhere.
    let parts = resting.parts.iter().zip(flat.pieces);
    let parts = parts.map(|(part, piece)| Part { mesh: piece.triangles.into(), ..part.clone() }).collect();
    model(parts, flat.keypoints, resting.file.clone())
}

/// The triangles of a file.
struct Flat {
    pieces: Vec<Piece>,
    keypoints: BTreeMap<String, DVec3>,
    /// Whether there are points or lines too, which have no surface.
    bare: bool,
}

/// Those of one primitive of one node.
struct Piece {
    mesh: usize,
    primitive: usize,
    name: String,
    triangles: Mesh,
}

fn flatten(source: &Source, taken: &Taken) -> Result<Flat, String> {
    let document = &source.document;
    let mut cost = Cost::default();
    let mut reader = Reader { buffers: &source.buffers, cost: &mut cost };
    let moved = match &taken.animation {
        None => BTreeMap::new(),
        Some(name) => {
            let found = document.animations().find(|animation| animation::name(animation) == *name);
            let animation = found.ok_or_else(|| format!("it has no animation `{name}`"))?;
            animation::at(&animation, taken.time, &mut reader)?
        }
    };
    let placed = nodes::placed(document, &source.raw, &moved)?;
    let keypoints = nodes::keypoints(document, &placed)?;
    let worlds: BTreeMap<_, _> = placed.iter().map(|node| (node.index, node.world)).collect();
    let may_vanish = !taken.is_unposed();
    let mut skins = BTreeMap::new();
    let mut pieces = Vec::new();
    let mut left_out = None;
    for nodes::Placed { index, world, hidden } in placed {
        let Some(node) = document.nodes().nth(index) else { continue };
        let Some(mesh) = node.mesh().filter(|_| !hidden) else { continue };
        let within = |reason: String| format!("mesh {}: {reason}", label(mesh.name(), mesh.index()));
        let name = part_name(&node, &mesh).map_err(within)?;
        let skin = node.skin();
        if let Some(skin) = &skin
            && !skins.contains_key(&skin.index())
        {
            skins.insert(skin.index(), skin::bones(skin, &worlds, &mut reader).map_err(within)?);
        }
        let copies = match source.raw.instancing.get(&index) {
            None => None,
            Some(_) if skin.is_some() => {
                return Err(within("it has both a skeleton (skin) and copies (EXT_mesh_gpu_instancing)".into()));
            }
            Some(attributes) => {
                let copies = nodes::copies(document, attributes, &mut reader).map_err(within)?;
                Some(copies.into_iter().map(|copy| world * copy).collect::<Vec<_>>())
            }
        };
        let world = if copies.is_some() { glam::DMat4::IDENTITY } else { world };
        let pose = skin.and_then(|s| skins.get(&s.index())).map_or(Pose::Node(world), |bones| Pose::Bones(bones));
        let own = moved.get(&index).and_then(|moved| moved.weights.as_deref()).or(node.weights()).or(mesh.weights());
        let weights = morph_weights(source, &mesh, own, taken);
        for primitive in mesh.primitives() {
            if let Err(reason) = primitive::has_surface(primitive.mode()) {
                left_out.get_or_insert_with(|| within(reason));
                continue;
            }
            let material = primitive.material();
            let lookups = source.lookups(&material);
            let built = primitive::build(&primitive, pose, weights.as_deref(), &lookups, may_vanish, &mut reader);
            let mut triangles = built.map_err(within)?;
            if let Some(copies) = &copies {
                triangles = primitive::copied(&triangles, copies, may_vanish, &mut reader).map_err(within)?;
            }
            let name = match material.name() {
                _ if mesh.primitives().len() == 1 => name.clone(),
                None | Some("") => format!("{name} {}", primitive.index() + 1),
                Some(material) => format!("{name} {material}"),
            };
            pieces.push(Piece { mesh: mesh.index(), primitive: primitive.index(), name, triangles });
        }
    }
    match left_out {
        Some(reason) if pieces.is_empty() => Err(reason),
        left_out => Ok(Flat { pieces, keypoints, bare: left_out.is_some() }),
    }
}

/// The weights of a mesh's morph targets: `own`, but for those that are asked for by name.
fn morph_weights(source: &Source, mesh: &gltf::Mesh<'_>, own: Option<&[f32]>, taken: &Taken) -> Option<Vec<f32>> {
    let names = source.raw.target_names.get(mesh.index()).map(Vec::as_slice).unwrap_or_default();
    let asked = names.iter().enumerate().filter_map(|(k, name)| Some((k, *taken.morphs.get(name)?)));
    let asked: Vec<(usize, f64)> = asked.collect();
    if asked.is_empty() {
        return own.map(<[f32]>::to_vec);
    }
    let targets = mesh.primitives().next().map_or(0, |primitive| primitive.morph_targets().len());
    let mut weights = own.map_or_else(|| vec![0.0; targets], <[f32]>::to_vec);
    for (k, weight) in asked {
        if let Some(place) = weights.get_mut(k) {
            #[expect(clippy::cast_possible_truncation, reason = "weights are f32 in the file")]
            let weight = weight as f32;
            *place = weight;
        }
    }
    Some(weights)
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
pub(super) fn unique(names: Vec<String>) -> Vec<String> {
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

fn load_buffers(source: &mut Source, mut blob: Option<Vec<u8>>) -> Result<(), AssetError> {
    let document = source.document.clone();
    let mut total = 0u64;
    for buffer in document.buffers() {
        if source.raw.fallback_buffers.contains(&buffer.index()) {
            source.buffers.push(Vec::new()); // filled below
            continue;
        }
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
    decompress(source).map_err(|reason| source.broken(reason))
}

/// Fills the buffers that have no bytes of their own.
fn decompress(source: &mut Source) -> Result<(), String> {
    let mut total = 0usize;
    let views: Vec<_> =
        source.document.views().map(|view| (view.index(), view.buffer().index(), view.offset())).collect();
    for (index, buffer, offset) in views {
        let Some(view) = source.raw.compressed.get(&index) else { continue };
        if !source.raw.fallback_buffers.contains(&buffer) {
            continue;
        }
        let end = offset.checked_add(view.decoded()).filter(|&end| end <= meshopt::MAX_DECODED);
        total = total.saturating_add(view.decoded());
        let too_large = || format!("its compressed buffer views become more than {} MiB", meshopt::MAX_DECODED >> 20);
        let end = end.filter(|_| total <= meshopt::MAX_DECODED).ok_or_else(too_large)?;
        let from = source.buffers.get(view.buffer).ok_or_else(|| format!("there is no buffer {}", view.buffer))?;
        let bytes = view.decode(from).map_err(|reason| format!("buffer view {index}: {reason}"))?;
        let to = &mut source.buffers[buffer];
        if to.len() < end {
            to.resize(end, 0);
        }
        to[offset..offset + bytes.len()].copy_from_slice(&bytes);
    }
    Ok(())
}
