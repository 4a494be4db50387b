//! glTF 2.0 files, flattened.
//!
//! The default scene (or the first, or all nodes where there is none) becomes one [`Part`] per triangle primitive:
//! - Node transforms are baked into the vertices. Where one mirrors, the winding is turned round, so that outsides stay
//!   outside.
//! - Missing normals become flat ones, missing tangents those of MikkTSpace, missing UVs (0, 0).
//! - Animations are ignored: the file is shown in the pose of its nodes.
//!
//! Refused, by name, because ignoring it would show something else than the file says: required extensions other than
//! [`SUPPORTED`], moved textures (`KHR_texture_transform`), instancing, skins, morph targets, points, lines, vertex
//! colours, see-through materials (`BLEND`), UV sets other than the first, textures that clamp or mirror where UVs
//! leave 0..=1.
//!
//! Other optional extensions fall back to the core material, as the specification wants it; texture filters are
//! ignored.

use std::collections::BTreeSet;
use std::path::Path;

use glam::{DMat3, DMat4, DVec3};
use gltf::mesh::Mode;
use gltf::{Document, Node, Semantic, json};

use super::file::{self, Reference};
use super::{AssetError, AssetFile, Model, Part, accessor, material};
use crate::mesh::{Mesh, tangents};

/// Extensions that a file may require.
pub const SUPPORTED: [&str; 3] = ["KHR_materials_unlit", "KHR_materials_emissive_strength", "KHR_mesh_quantization"];

/// Optional extensions that change what is seen or where it is, so that leaving them out would be wrong.
const REFUSED: [&str; 2] = ["KHR_texture_transform", "EXT_mesh_gpu_instancing"];

/// More triangles than this in one file are refused.
pub const MAX_TRIANGLES: usize = 4_000_000;

/// Positions and UVs beyond this are refused: 1000 km, far past what f32 can resolve.
const MAX_COORDINATE: f32 = 1e6;

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

    let placed = placed_nodes(&source.document).map_err(broken)?;
    let mut materials = material::Materials::default();
    let mut parts = Vec::new();
    let mut triangles = 0;
    // The document is cheap to clone beside its buffers, and `source` is still written to.
    let document = source.document.clone();
    for (index, world) in placed {
        let Some(node) = document.nodes().nth(index) else { continue };
        let Some(mesh) = node.mesh() else { continue };
        let within = |reason: String| broken(format!("mesh {}: {reason}", label(mesh.name(), mesh.index())));
        if node.skin().is_some() {
            return Err(within(
                "it is bent by a skeleton (skin), which is not supported; apply the armature before export".into(),
            ));
        }
        for primitive in mesh.primitives() {
            let built = build(&primitive, world, &source.buffers, &mut triangles).map_err(within)?;
            let material = materials.get(&primitive.material(), &built, &mut source)?;
            parts.push(Part { mesh: built.into(), material });
        }
    }
    let bounds = parts.iter().filter_map(|p| p.mesh.bounds()).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let (min, max) = bounds.ok_or_else(|| broken("there are no triangles in its scene".into()))?;
    source.file.parts.sort();
    Ok(Model { parts, min, max, file: source.file })
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

/// Every node below the scene, depth first, with the transform that takes it to the file's frame.
fn placed_nodes(document: &Document) -> Result<Vec<(usize, DMat4)>, String> {
    let roots: Vec<Node<'_>> = match document.default_scene().or_else(|| document.scenes().next()) {
        Some(scene) => scene.nodes().collect(),
        None => {
            let children: BTreeSet<usize> =
                document.nodes().flat_map(|n| n.children().map(|c| c.index()).collect::<Vec<_>>()).collect();
            document.nodes().filter(|n| !children.contains(&n.index())).collect()
        }
    };
    let mut stack: Vec<(Node<'_>, DMat4)> = roots.into_iter().rev().map(|n| (n, DMat4::IDENTITY)).collect();
    let mut seen = BTreeSet::new();
    let mut placed = Vec::new();
    while let Some((node, parent)) = stack.pop() {
        if !seen.insert(node.index()) {
            return Err(format!(
                "node {} has two parents or is its own; nodes form trees",
                label(node.name(), node.index())
            ));
        }
        let world = parent * local(&node);
        placed.push((node.index(), world));
        let children: Vec<_> = node.children().collect();
        stack.extend(children.into_iter().rev().map(|child| (child, world)));
    }
    Ok(placed)
}

/// Parent from node, in f64 so that deep trees lose nothing.
fn local(node: &Node<'_>) -> DMat4 {
    match node.transform() {
        gltf::scene::Transform::Matrix { matrix } => DMat4::from_cols_array_2d(&matrix.map(|c| c.map(f64::from))),
        gltf::scene::Transform::Decomposed { translation, rotation, scale } => {
            let rotation = glam::DQuat::from_array(rotation.map(f64::from));
            DMat4::from_scale_rotation_translation(
                DVec3::from_array(scale.map(f64::from)),
                if rotation.length_squared() > 1e-12 { rotation.normalize() } else { glam::DQuat::IDENTITY },
                DVec3::from_array(translation.map(f64::from)),
            )
        }
    }
}

/// The triangles of one primitive, in the frame of the file.
fn build(
    primitive: &gltf::Primitive<'_>,
    world: DMat4,
    buffers: &[Vec<u8>],
    triangles: &mut usize,
) -> Result<Mesh, String> {
    if primitive.morph_targets().next().is_some() {
        return Err("it has morph targets (shape keys), which are not supported; apply them before export".into());
    }
    let positions = primitive.get(&Semantic::Positions).ok_or("it has no positions")?;
    let positions = accessor::floats::<3>(&positions, buffers, "the position list")?;
    let count = positions.len();
    refuse_colors(primitive, buffers)?;
    let listed = match primitive.indices() {
        Some(a) => accessor::indices(&a, buffers, count)?,
        None => (0..u32::try_from(count).map_err(|_| "it has too many vertices")?).collect(),
    };
    let indices = triangle_list(primitive.mode(), listed)?;
    *triangles += indices.len() / 3;
    if *triangles > MAX_TRIANGLES {
        return Err(format!("with it the file has more than {MAX_TRIANGLES} triangles; reduce it (decimate)"));
    }
    let attribute = |semantic, name: &str| match primitive.get(&semantic) {
        Some(a) if a.count() != count => Err(format!("it has {count} positions, but {} {name}", a.count())),
        other => Ok(other),
    };
    let uvs = match attribute(Semantic::TexCoords(0), "texture coordinates")? {
        Some(a) => accessor::floats::<2>(&a, buffers, "the list of texture coordinates")?,
        None => vec![[0.0; 2]; count],
    };
    if uvs.iter().flatten().chain(positions.iter().flatten()).any(|c| c.abs() > MAX_COORDINATE) {
        return Err(format!("it has coordinates beyond {MAX_COORDINATE}"));
    }
    let mut mesh = Mesh { positions, uvs, indices, ..Mesh::default() };
    let mut ready = false;
    if let Some(a) = attribute(Semantic::Normals, "normals")? {
        mesh.normals = accessor::floats::<3>(&a, buffers, "the normal list")?;
        if let Some(a) = attribute(Semantic::Tangents, "tangents")? {
            mesh.tangents = accessor::floats::<4>(&a, buffers, "the tangent list")?;
            ready = true;
        }
    } else {
        flatten(&mut mesh);
    }
    transform(&mut mesh, world)?;
    if ready {
        mesh.tangents = mesh.normals.iter().zip(&mesh.tangents).map(|(&n, &t)| tangents::across(n, Some(t))).collect();
    } else {
        tangents::add_tangents(&mut mesh);
    }
    Ok(mesh)
}

/// Three indices per triangle, whatever the mode.
fn triangle_list(mode: Mode, listed: Vec<u32>) -> Result<Vec<u32>, String> {
    Ok(match mode {
        Mode::Triangles if listed.len().is_multiple_of(3) => listed,
        Mode::Triangles => return Err(format!("it lists {} corners, which is not three per triangle", listed.len())),
        // Every second triangle of a strip runs the other way round.
        Mode::TriangleStrip => listed
            .windows(3)
            .enumerate()
            .flat_map(|(i, t)| if i % 2 == 0 { [t[0], t[1], t[2]] } else { [t[0], t[2], t[1]] })
            .collect(),
        Mode::TriangleFan => {
            listed.iter().skip(1).zip(listed.iter().skip(2)).flat_map(|(&a, &b)| [listed[0], a, b]).collect()
        }
        other => return Err(format!("it is made of {other:?}, which have no surface; only triangles can be labelled")),
    })
}

/// Vertex colours that are all white change nothing; others would be lost.
fn refuse_colors(primitive: &gltf::Primitive<'_>, buffers: &[Vec<u8>]) -> Result<(), String> {
    let Some(a) = primitive.get(&Semantic::Colors(0)) else { return Ok(()) };
    let what = "the colour list";
    let white = match a.dimensions() {
        gltf::accessor::Dimensions::Vec4 => {
            accessor::floats::<4>(&a, buffers, what)?.iter().flatten().all(|&c| c >= 1.0)
        }
        _ => accessor::floats::<3>(&a, buffers, what)?.iter().flatten().all(|&c| c >= 1.0),
    };
    if white { Ok(()) } else { Err("it has vertex colours, which are not supported; bake them into a texture".into()) }
}

/// Gives every triangle three vertices of its own; their normals come from the triangle, after the transform.
fn flatten(mesh: &mut Mesh) {
    let pick = |list: &Vec<[f32; 3]>| mesh.indices.iter().map(|&i| list[i as usize]).collect::<Vec<_>>();
    let positions = pick(&mesh.positions);
    mesh.uvs = mesh.indices.iter().map(|&i| mesh.uvs[i as usize]).collect();
    mesh.indices = (0..).take(positions.len()).collect();
    mesh.normals = positions
        .chunks_exact(3)
        .flat_map(|t| {
            let [a, b, c] = [0, 1, 2].map(|k| DVec3::from_array(t[k].map(f64::from)));
            [(b - a).cross(c - a).normalize_or_zero().as_vec3().to_array(); 3]
        })
        .collect();
    mesh.positions = positions;
}

/// Bakes `world` into positions, normals and tangents.
fn transform(mesh: &mut Mesh, world: DMat4) -> Result<(), String> {
    let linear = DMat3::from_mat4(world);
    let size = linear.x_axis.length() * linear.y_axis.length() * linear.z_axis.length();
    if !world.is_finite() || linear.determinant().abs() <= 1e-12 * size {
        return Err("its node flattens it (a scale of zero) or is not finite".into());
    }
    let upright = linear.inverse().transpose();
    let mirrored = linear.determinant() < 0.0;
    for p in &mut mesh.positions {
        let q = world.transform_point3(DVec3::from_array(p.map(f64::from)));
        if q.abs().max_element() > f64::from(MAX_COORDINATE) {
            return Err(format!("its node moves it beyond {MAX_COORDINATE} m"));
        }
        *p = q.as_vec3().to_array();
    }
    for n in &mut mesh.normals {
        // A zero normal (a triangle without area) has to be some unit vector.
        *n = (upright * DVec3::from_array(n.map(f64::from))).try_normalize().unwrap_or(DVec3::Y).as_vec3().to_array();
    }
    for t in &mut mesh.tangents {
        let [x, y, z, w] = *t;
        let along = (linear * DVec3::new(f64::from(x), f64::from(y), f64::from(z))).normalize_or_zero().as_vec3();
        *t = [along.x, along.y, along.z, if mirrored { -w } else { w }];
    }
    if mirrored {
        for t in mesh.indices.chunks_exact_mut(3) {
            t.swap(1, 2);
        }
    }
    Ok(())
}
