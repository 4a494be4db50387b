//! Where the nodes of a glTF file stand.

use std::collections::{BTreeMap, BTreeSet};

use glam::{DMat4, DVec3};
use gltf::{Document, Node};

use super::model::{MAX_COORDINATE, MAX_NAME, label};

/// Nodes whose names start so are named points.
const KEYPOINT: &str = "kp_";

/// Every node below the scene, depth first, with the transform that takes it to the file's frame.
pub(super) fn placed(document: &Document) -> Result<Vec<(usize, DMat4)>, String> {
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

/// The origins of the nodes whose names start with `kp_`, by the rest of the name.
pub(super) fn keypoints(document: &Document, placed: &[(usize, DMat4)]) -> Result<BTreeMap<String, DVec3>, String> {
    let mut points = BTreeMap::new();
    for &(index, world) in placed {
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
