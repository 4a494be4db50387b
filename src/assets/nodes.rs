//! Where the nodes of a glTF file stand.

use std::collections::{BTreeMap, BTreeSet};

use glam::{DMat4, DVec3};
use gltf::{Document, Node};

use super::accessor::Reader;
use super::animation::Moved;
use super::json::Raw;
use super::model::{MAX_COORDINATE, MAX_NAME, label};

/// More copies of a mesh are refused.
const MAX_COPIES: usize = 1_000_000;

/// A node of the scene.
pub(super) struct Placed {
    /// Its number in the file.
    pub(super) index: usize,
    /// Takes it to the file's frame.
    pub(super) world: DMat4,
    /// Whether it, or one above it, is not shown.
    pub(super) hidden: bool,
}

/// Nodes whose names start so are named points.
const KEYPOINT: &str = "kp_";

/// Every node below the scene, depth first; those that an animation has `moved` stand where it puts them.
pub(super) fn placed(document: &Document, raw: &Raw, moved: &BTreeMap<usize, Moved>) -> Result<Vec<Placed>, String> {
    let roots: Vec<Node<'_>> = match document.default_scene().or_else(|| document.scenes().next()) {
        Some(scene) => scene.nodes().collect(),
        None => {
            let children: BTreeSet<usize> =
                document.nodes().flat_map(|n| n.children().map(|c| c.index()).collect::<Vec<_>>()).collect();
            document.nodes().filter(|n| !children.contains(&n.index())).collect()
        }
    };
    let mut stack: Vec<(Node<'_>, DMat4, bool)> =
        roots.into_iter().rev().map(|n| (n, DMat4::IDENTITY, false)).collect();
    let mut seen = BTreeSet::new();
    let mut placed = Vec::new();
    while let Some((node, parent, hidden)) = stack.pop() {
        if !seen.insert(node.index()) {
            return Err(format!(
                "node {} has two parents or is its own; nodes form trees",
                label(node.name(), node.index())
            ));
        }
        let world = parent * local(&node, moved.get(&node.index()));
        let hidden = hidden || raw.hidden.contains(&node.index());
        placed.push(Placed { index: node.index(), world, hidden });
        let children: Vec<_> = node.children().collect();
        stack.extend(children.into_iter().rev().map(|child| (child, world, hidden)));
    }
    Ok(placed)
}

/// Parent from node, in f64 so that deep trees lose nothing.
fn local(node: &Node<'_>, moved: Option<&Moved>) -> DMat4 {
    let transform = node.transform();
    if let (gltf::scene::Transform::Matrix { matrix }, None) = (&transform, moved) {
        return DMat4::from_cols_array_2d(&matrix.map(|c| c.map(f64::from)));
    }
    let (translation, rotation, scale) = transform.decomposed();
    let vector = |own: [f32; 3], moved: Option<DVec3>| moved.unwrap_or(DVec3::from_array(own.map(f64::from)));
    let rotation = moved.and_then(|m| m.rotation).unwrap_or_else(|| glam::DQuat::from_array(rotation.map(f64::from)));
    DMat4::from_scale_rotation_translation(
        vector(scale, moved.and_then(|m| m.scale)),
        if rotation.length_squared() > 1e-12 { rotation.normalize() } else { glam::DQuat::IDENTITY },
        vector(translation, moved.and_then(|m| m.translation)),
    )
}

/// Where the copies of a node's mesh stand in the node (`EXT_mesh_gpu_instancing`); `attributes` are accessors by name.
pub(super) fn copies(
    document: &Document,
    attributes: &BTreeMap<String, usize>,
    reader: &mut Reader<'_>,
) -> Result<Vec<DMat4>, String> {
    let accessor = |name: &str| match attributes.get(name) {
        None => Ok(None),
        Some(&index) => match document.accessors().nth(index) {
            None => Err(format!("there is no accessor {index}")),
            Some(a) if a.count() > MAX_COPIES => {
                Err(format!("it has more than {MAX_COPIES} copies (EXT_mesh_gpu_instancing)"))
            }
            some => Ok(some),
        },
    };
    let mut vectors = |name: &str| match accessor(name)? {
        None => Ok(None),
        Some(a) => reader.floats::<3>(&a, "a list of its copies (EXT_mesh_gpu_instancing)").map(Some),
    };
    let (moves, sizes) = (vectors("TRANSLATION")?, vectors("SCALE")?);
    let turns = match accessor("ROTATION")? {
        None => None,
        Some(a) => Some(reader.floats::<4>(&a, "a list of its copies (EXT_mesh_gpu_instancing)")?),
    };
    let lengths = [moves.as_ref().map(Vec::len), sizes.as_ref().map(Vec::len), turns.as_ref().map(Vec::len)];
    let mut lengths = lengths.into_iter().flatten();
    let count = lengths.next().ok_or("its copies (EXT_mesh_gpu_instancing) have no place")?;
    if lengths.any(|length| length != count) {
        return Err("the lists of its copies (EXT_mesh_gpu_instancing) are not equally long".into());
    }
    let of = |list: &Option<Vec<[f32; 3]>>, k: usize, default: DVec3| {
        list.as_ref().map_or(default, |list| DVec3::from_array(list[k].map(f64::from)))
    };
    Ok((0..count)
        .map(|k| {
            let turn = turns.as_ref().map_or(glam::DQuat::IDENTITY, |list| {
                let turn = glam::DQuat::from_array(list[k].map(f64::from));
                if turn.length_squared() > 1e-12 { turn.normalize() } else { glam::DQuat::IDENTITY }
            });
            DMat4::from_scale_rotation_translation(of(&sizes, k, DVec3::ONE), turn, of(&moves, k, DVec3::ZERO))
        })
        .collect())
}

/// The origins of the nodes whose names start with `kp_`, by the rest of the name.
pub(super) fn keypoints(document: &Document, placed: &[Placed]) -> Result<BTreeMap<String, DVec3>, String> {
    let mut points = BTreeMap::new();
    for &Placed { index, world, .. } in placed {
        let node = document.nodes().nth(index);
        let Some(name) = node.and_then(|n| n.name()).and_then(|name| name.strip_prefix(KEYPOINT)) else { continue };
        if name.trim().is_empty() {
            return Err(format!(
                "node {index} is called `{KEYPOINT}{name}`: the keypoint's name after `{KEYPOINT}` is missing"
            ));
        }
        if name.len() > MAX_NAME {
            return Err(format!("the keypoint of node {index} has a name longer than {MAX_NAME} bytes; shorten it"));
        }
        let point = world.w_axis.truncate();
        if !world.is_finite() || point.abs().max_element() > f64::from(MAX_COORDINATE) {
            return Err(format!("keypoint `{name}` is not finite or is beyond {MAX_COORDINATE} m"));
        }
        if points.insert(name.to_owned(), point).is_some() {
            return Err(format!("two nodes are called `{KEYPOINT}{name}`; give each keypoint a name of its own"));
        }
    }
    Ok(points)
}
