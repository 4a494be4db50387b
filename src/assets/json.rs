//! The JSON of a glTF file: what the `gltf` crate does not read is read here, and taken out of its sight.
//!
//! The crate knows the core specification. It refuses attributes of an application's own (`_TEMPERATURE`), which the specification
//! allows, and animation channels of extensions; and it has no word for most extensions. So all extensions, extras and such
//! attributes are read from the raw JSON first, and then removed: what is left is a plain core file.

use std::collections::{BTreeMap, BTreeSet};

use gltf::{Document, json};
use serde_json::{Map, Value};

use super::{licence, meshopt};

/// Extensions that a file may require.
pub const SUPPORTED: [&str; 15] = [
    "EXT_mesh_gpu_instancing",
    "EXT_meshopt_compression",
    "KHR_materials_anisotropy",
    "KHR_materials_clearcoat",
    "KHR_materials_diffuse_transmission",
    "KHR_materials_emissive_strength",
    "KHR_materials_ior",
    "KHR_materials_specular",
    "KHR_materials_transmission",
    "KHR_materials_unlit",
    "KHR_materials_volume",
    "KHR_mesh_quantization",
    "KHR_node_visibility",
    "KHR_texture_transform",
    "KHR_materials_variants",
];

/// Optional extensions without which a file shows the same: other copies of what it has in plain, and words about it.
const HARMLESS: [&str; 8] = [
    "EXT_texture_avif",
    "EXT_texture_webp",
    "KHR_draco_mesh_compression",
    "KHR_texture_basisu",
    "KHR_xmp",
    "KHR_xmp_json_ld",
    "MSFT_texture_dds",
    "GODOT_single_root",
];

/// The `uri` that buffers without bytes of their own get.
pub(super) const FALLBACK: &str = "fallback:";

const MESHOPT: &str = "EXT_meshopt_compression";

/// More names of extensions are not listed in a warning.
const MOST_LISTED: usize = 8;

/// What the `gltf` crate does not see of a file.
#[derive(Debug, Default)]
pub(super) struct Raw {
    /// By number.
    pub(super) materials: Vec<Value>,
    /// The names of the morph targets of each mesh (`extras.targetNames`), by number.
    pub(super) target_names: Vec<Vec<String>>,
    /// Of the nodes whose mesh is there many times: the attributes of `EXT_mesh_gpu_instancing` by name.
    pub(super) instancing: BTreeMap<usize, BTreeMap<String, usize>>,
    /// Nodes that `KHR_node_visibility` hides, with all below them.
    pub(super) hidden: BTreeSet<usize>,
    /// Buffers that have no bytes of their own, because all that looks at them is compressed.
    pub(super) fallback_buffers: BTreeSet<usize>,
    /// Compressed buffer views.
    pub(super) compressed: BTreeMap<usize, meshopt::View>,
    /// What the file says of its licence.
    pub(super) licence: Option<String>,
    /// What is left out, in words.
    pub(super) warnings: Vec<String>,
}

/// Splits a GLB: its JSON, and its binary chunk.
pub(super) fn split(bytes: Vec<u8>) -> Result<(Vec<u8>, Option<Vec<u8>>), String> {
    if !bytes.starts_with(b"glTF") {
        return Ok((bytes, None));
    }
    // The crate subtracts the header's length unchecked.
    let length = bytes.get(8..12).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    if length.is_none_or(|n| n < 12 || n as usize > bytes.len()) {
        return Err("the GLB file is cut short: it is shorter than its header says".into());
    }
    let glb = gltf::Glb::from_slice(&bytes).map_err(|e| format!("not a valid GLB file: {e}"))?;
    Ok((glb.json.into_owned(), glb.bin.map(|b| b.into_owned())))
}

/// Reads the JSON of a file and checks what the specification demands of it.
pub(super) fn read(text: &[u8]) -> Result<(Document, Raw), String> {
    // Also where the text is no object: the crate says what is wrong.
    let not_gltf = |e: serde_json::Error| format!("not a glTF file (neither GLB nor glTF's JSON): {e}");
    let mut root: Value = serde_json::from_slice(text).map_err(not_gltf)?;
    let names = |key: &str| -> Vec<String> {
        let list = root.get(key).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (required, used) = (names("extensionsRequired"), names("extensionsUsed"));
    if let Some(name) = required.iter().find(|name| !SUPPORTED.contains(&name.as_str())) {
        let name = shown(name);
        return Err(format!("it requires the glTF extension `{name}`, which is not supported; export it without"));
    }
    let mut raw = raw(&root, &required)?;
    leave_out(&used, &mut raw);
    strip(&mut root, &mut raw)?;

    let mut root: json::Root = serde_json::from_value(root).map_err(not_gltf)?;
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
    Ok((document, raw))
}

/// A hostile file's word, fit for a message.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(80).collect()
}

/// The members of a list of objects; none where there is no such list.
fn items<'a>(root: &'a Value, key: &str) -> impl Iterator<Item = (usize, &'a Value)> {
    root.get(key).and_then(Value::as_array).into_iter().flatten().enumerate()
}

pub(super) fn extension<'a>(thing: &'a Value, name: &str) -> Option<&'a Value> {
    thing.get("extensions")?.get(name)
}

/// A number that says which of many.
pub(super) fn index(value: Option<&Value>) -> Option<usize> {
    value.and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok())
}

fn raw(root: &Value, required: &[String]) -> Result<Raw, String> {
    let mut raw = Raw { licence: licence::within(root.get("asset")), ..Raw::default() };
    raw.materials = items(root, "materials").map(|(_, material)| material.clone()).collect();
    for (number, mesh) in items(root, "meshes") {
        let names = mesh.pointer("/extras/targetNames").and_then(Value::as_array).into_iter().flatten();
        raw.target_names.push(names.map(|name| name.as_str().unwrap_or_default().to_owned()).collect());
        for primitive in mesh.get("primitives").and_then(Value::as_array).into_iter().flatten() {
            check_targets(number, primitive)?;
            let colors = primitive.get("attributes").is_some_and(|attributes| attributes.get("COLOR_1").is_some());
            if colors {
                raw.warnings.push("vertex colours other than the first (COLOR_0)".into());
            }
        }
    }
    for (number, node) in items(root, "nodes") {
        if let Some(attributes) = extension(node, "EXT_mesh_gpu_instancing") {
            let attributes = attributes.get("attributes").and_then(Value::as_object);
            let broken = || format!("node {number}: its EXT_mesh_gpu_instancing has no attributes that can be read");
            let mut read = BTreeMap::new();
            for (name, accessor) in attributes.ok_or_else(broken)?.iter().filter(|(name, _)| !name.starts_with('_')) {
                read.insert(name.clone(), index(Some(accessor)).ok_or_else(broken)?);
            }
            raw.instancing.insert(number, read);
        }
        if extension(node, "KHR_node_visibility").and_then(|v| v.get("visible")) == Some(&Value::Bool(false)) {
            raw.hidden.insert(number);
        }
    }
    for (number, texture) in items(root, "textures") {
        if texture.get("source").is_none() {
            let other = texture.get("extensions").and_then(Value::as_object).and_then(|map| map.keys().next());
            return Err(match other {
                Some(name) => format!(
                    "texture {number} is there as `{}` alone, which is not supported; export it as PNG or JPEG",
                    shown(name)
                ),
                None => format!("texture {number} has no image"),
            });
        }
    }
    // Where the extension is not required, the plain bytes are there too.
    if required.iter().any(|name| name == MESHOPT) {
        for (number, view) in items(root, "bufferViews") {
            if let Some(given) = extension(view, MESHOPT) {
                let read = meshopt::View::read(given, index(view.get("byteLength")))
                    .map_err(|reason| format!("buffer view {number}: {reason}"))?;
                raw.compressed.insert(number, read);
            }
        }
        for (number, buffer) in items(root, "buffers") {
            if extension(buffer, MESHOPT).is_some() && buffer.get("uri").is_none() {
                raw.fallback_buffers.insert(number);
            }
        }
    }
    Ok(raw)
}

/// Morph targets move positions, normals and tangents here; ones that move something else would be shown wrongly.
fn check_targets(mesh: usize, primitive: &Value) -> Result<(), String> {
    let targets = primitive.get("targets").and_then(Value::as_array).into_iter().flatten();
    for target in targets.filter_map(Value::as_object) {
        let known =
            |name: &&String| name.starts_with('_') || ["POSITION", "NORMAL", "TANGENT"].contains(&name.as_str());
        if let Some(name) = target.keys().find(|name| !known(name)) {
            let name = shown(name);
            return Err(format!(
                "mesh {mesh}: a morph target (shape key) changes {name}, which is not supported; only positions, normals and tangents are"
            ));
        }
    }
    Ok(())
}

/// Says which extensions are left out.
fn leave_out(used: &[String], raw: &mut Raw) {
    let known: BTreeSet<&str> = SUPPORTED.into_iter().chain(HARMLESS).collect();
    let mut left: BTreeSet<String> =
        used.iter().filter(|name| !known.contains(name.as_str())).map(|n| shown(n)).collect();
    if left.remove("KHR_lights_punctual") {
        raw.warnings.push("its lights (KHR_lights_punctual): lights stand in the recipe".into());
    }
    if used.iter().any(|name| name == "KHR_materials_variants") {
        raw.warnings.push("its variants (KHR_materials_variants): it wears its first materials".into());
    }
    if !left.is_empty() {
        let more = if left.len() > MOST_LISTED { ", ..." } else { "" };
        let names: Vec<String> = left.into_iter().take(MOST_LISTED).collect();
        raw.warnings.push(format!(
            "the glTF extension{} {}{more}",
            if names.len() > 1 { "s" } else { "" },
            names.join(", ")
        ));
    }
}

/// Removes what the crate must not see.
fn strip(root: &mut Value, raw: &mut Raw) -> Result<(), String> {
    let fallback = |number: usize| raw.fallback_buffers.contains(&number);
    if let Some(buffers) = root.get_mut("buffers").and_then(Value::as_array_mut) {
        for (_, buffer) in buffers.iter_mut().enumerate().filter(|(number, _)| fallback(*number)) {
            // Without a `uri` it would be taken for the binary chunk.
            if let Some(buffer) = buffer.as_object_mut() {
                buffer.insert("uri".into(), FALLBACK.into());
            }
        }
    }
    let meshes = root.get_mut("meshes").and_then(Value::as_array_mut).into_iter().flatten();
    for primitive in meshes.filter_map(|m| m.get_mut("primitives")).filter_map(Value::as_array_mut).flatten() {
        let own = |map: &mut Map<String, Value>| map.retain(|name, _| !name.starts_with('_'));
        primitive.get_mut("attributes").and_then(Value::as_object_mut).map(own);
        let targets = primitive.get_mut("targets").and_then(Value::as_array_mut).into_iter().flatten();
        targets.filter_map(Value::as_object_mut).for_each(own);
    }
    let mut pointers = false;
    let animations = root.get_mut("animations").and_then(Value::as_array_mut).into_iter().flatten();
    for channels in animations.filter_map(|a| a.get_mut("channels")).filter_map(Value::as_array_mut) {
        let core = ["translation", "rotation", "scale", "weights"];
        let is_core = |c: &Value| c.pointer("/target/path").and_then(Value::as_str).is_none_or(|p| core.contains(&p));
        // A channel without a node does nothing.
        let moves = |c: &Value| c.pointer("/target/node").is_some();
        pointers |= channels.iter().any(|c| !is_core(c));
        channels.retain(|c| is_core(c) && moves(c));
    }
    // An animation of which no channel is left would not be valid, and says nothing.
    if let Some(animations) = root.get_mut("animations").and_then(Value::as_array_mut) {
        let lively = |a: &Value| a.get("channels").and_then(Value::as_array).is_none_or(|list| !list.is_empty());
        animations.retain(lively);
    }
    if pointers && !raw.warnings.iter().any(|w| w.contains("KHR_animation_pointer")) {
        raw.warnings.push("animations of materials and the like (KHR_animation_pointer)".into());
    }
    raw.warnings.sort();
    raw.warnings.dedup();
    plain(root);
    Ok(())
}

/// Without any `extensions` and `extras`. JSON nests at most 128 deep.
fn plain(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("extensions");
            map.remove("extras");
            map.values_mut().for_each(plain);
        }
        Value::Array(list) => list.iter_mut().for_each(plain),
        _ => {}
    }
}
