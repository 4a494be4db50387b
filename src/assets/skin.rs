//! Skins (armatures): meshes bent by bones, baked in the pose that the file's nodes have.
//!
//! A vertex goes to `sum_k w_k * (world_from_joint_k * inverse_bind_k) * p`. The node that has the mesh does not matter:
//! the bones alone say where it stands (glTF 2.0, 3.7.3).

use std::collections::BTreeMap;

use glam::{DMat3, DMat4, DVec3, DVec4};
use gltf::{Semantic, Skin};

use super::accessor::Reader;
use super::model::{MAX_COORDINATE, label};
use crate::mesh::Mesh;

/// JOINTS_0 to JOINTS_3: 16 bones per vertex. Exporters write one set, seldom two or three.
const MAX_SETS: u32 = 4;

/// Vertices name bones with 16 bits.
const MAX_JOINTS: usize = 1 << 16;

/// Weights that sum to 1 but for this are made to. Eight weights cut off to 8 bits lose up to 8/255.
const WEIGHT_SLACK: f64 = 0.05;

/// What each joint of `skin` does to a point of the unbent mesh, given where nodes are in the file's frame.
pub(super) fn bones(
    skin: &Skin<'_>,
    placed: &BTreeMap<usize, DMat4>,
    reader: &mut Reader<'_>,
) -> Result<Vec<DMat4>, String> {
    let within = |reason: String| format!("its skeleton (skin {}): {reason}", label(skin.name(), skin.index()));
    let joints = skin.joints();
    let number = joints.len();
    if number == 0 || number > MAX_JOINTS {
        return Err(within(format!("there are {number} bones (joints); expected 1 to {MAX_JOINTS}")));
    }
    reader.spend(number)?;
    let inverse_binds = match skin.inverse_bind_matrices() {
        None => vec![DMat4::IDENTITY; number],
        Some(a) if a.count() < number || a.count() > MAX_JOINTS => {
            return Err(within(format!(
                "there are {} inverse bind matrices for {number} bones; expected one for each",
                a.count()
            )));
        }
        Some(a) => reader
            .floats::<16>(&a, "the list of inverse bind matrices")
            .map_err(within)?
            .into_iter()
            .take(number)
            .map(placement)
            .collect::<Option<_>>()
            .ok_or_else(|| within("the last row of an inverse bind matrix is not 0 0 0 1".into()))?,
    };
    let mut matrices = Vec::with_capacity(number);
    for (joint, inverse_bind) in joints.zip(inverse_binds) {
        let name = || label(joint.name(), joint.index());
        let world = placed.get(&joint.index()).ok_or_else(|| {
            within(format!(
                "its bone {} is not in the scene; export the skeleton (armature) together with the mesh",
                name()
            ))
        })?;
        let matrix = *world * inverse_bind;
        if !matrix.is_finite() {
            return Err(within(format!("its bone {} does not stand at a finite place", name())));
        }
        matrices.push(matrix);
    }
    Ok(matrices)
}

/// An affine matrix; exporters that invert numerically leave dust in the last row.
fn placement(columns: [f32; 16]) -> Option<DMat4> {
    let mut m = DMat4::from_cols_array(&columns.map(f64::from));
    if !m.row(3).abs_diff_eq(DVec4::W, 1e-3) {
        return None;
    }
    [m.x_axis.w, m.y_axis.w, m.z_axis.w, m.w_axis.w] = [0.0, 0.0, 0.0, 1.0];
    Some(m)
}

/// The bones that move each vertex, and how strongly.
pub(super) struct Influences {
    per_vertex: usize,
    /// `per_vertex` for each vertex. Weights sum to 1 but for [`WEIGHT_SLACK`].
    list: Vec<(u16, f32)>,
}

/// Reads JOINTS_n and WEIGHTS_n of the vertices `kept` of `count`; bones are below `bones`.
pub(super) fn influences(
    primitive: &gltf::Primitive<'_>,
    bones: usize,
    count: usize,
    kept: &[u32],
    reader: &mut Reader<'_>,
) -> Result<Influences, String> {
    let attributes = primitive.attributes();
    reader.spend(attributes.len())?;
    let numbers = attributes.filter_map(|(semantic, _)| match semantic {
        Semantic::Joints(set) | Semantic::Weights(set) => Some(set),
        _ => None,
    });
    let last = numbers
        .max()
        .ok_or("it has a skeleton (skin), but no bone weights (JOINTS_0, WEIGHTS_0); assign vertices to bones")?;
    if last >= MAX_SETS {
        return Err(format!(
            "it has JOINTS_{last} or WEIGHTS_{last}; at most 16 bones may move a vertex (Limit Total)"
        ));
    }
    let mut sets = Vec::new();
    for set in 0..=last {
        let [joints, weights] = [Semantic::Joints(set), Semantic::Weights(set)].map(|s| primitive.get(&s));
        let (Some(joints), Some(weights)) = (joints, weights) else {
            return Err(format!("one of JOINTS_{set} and WEIGHTS_{set} is missing; they come in pairs, from 0 on"));
        };
        if joints.count() != count || weights.count() != count {
            let (j, w) = (joints.count(), weights.count());
            return Err(format!("it has {count} positions, but {j} JOINTS_{set} and {w} WEIGHTS_{set}"));
        }
        sets.push((
            reader.joints(&joints, "the list of bones (JOINTS)")?,
            reader.floats::<4>(&weights, "the list of bone weights (WEIGHTS)")?,
        ));
    }
    let per_vertex = 4 * sets.len();
    let mut list = Vec::with_capacity(per_vertex * kept.len());
    for &vertex in kept {
        let mut sum = 0.0;
        for (joints, weights) in &sets {
            for (&joint, &weight) in joints[vertex as usize].iter().zip(&weights[vertex as usize]) {
                if usize::from(joint) >= bones {
                    return Err(format!("vertex {vertex} follows bone {joint}, but its skeleton has only {bones}"));
                }
                if weight < 0.0 {
                    return Err(format!("vertex {vertex} has a negative bone weight; normalise the weights"));
                }
                sum += f64::from(weight);
                list.push((joint, weight));
            }
        }
        if sum == 0.0 {
            return Err(format!("vertex {vertex} has no bone weight; assign every vertex to a bone"));
        }
        if (sum - 1.0).abs() > WEIGHT_SLACK {
            return Err(format!(
                "the bone weights of vertex {vertex} sum to {sum:.3} instead of 1; normalise them (Normalize All)"
            ));
        }
    }
    Ok(Influences { per_vertex, list })
}

impl Influences {
    /// The blended matrix of each vertex.
    fn matrices<'a>(&'a self, bones: &'a [DMat4]) -> impl Iterator<Item = DMat4> + 'a {
        self.list.chunks_exact(self.per_vertex).map(|list| {
            let (sum, matrix) = list
                .iter()
                .filter(|(_, weight)| *weight > 0.0)
                .map(|&(joint, weight)| (f64::from(weight), bones[usize::from(joint)]))
                .fold((0.0, DMat4::ZERO), |(sum, matrix), (weight, bone)| (sum + weight, matrix + bone * weight));
            matrix * (1.0 / sum)
        })
    }
}

/// Bakes `bones` into positions, normals and tangents. Triangles that are mirrored (as judged by most of their corners)
/// turn their winding, so that outsides stay outside.
pub(super) fn bend(mesh: &mut Mesh, influences: &Influences, bones: &[DMat4], may_vanish: bool) -> Result<(), String> {
    let mut mirrored = Vec::with_capacity(mesh.positions.len());
    let mut solid = false;
    for (vertex, matrix) in influences.matrices(bones).enumerate() {
        let linear = DMat3::from_mat4(matrix);
        let [x, y, z] = [linear.x_axis, linear.y_axis, linear.z_axis];
        let volume = x.cross(y).dot(z);
        solid |= volume.abs() > 1e-12 * x.length() * y.length() * z.length();
        mirrored.push(volume < 0.0);

        let p = matrix.transform_point3(DVec3::from_array(mesh.positions[vertex].map(f64::from)));
        if !p.is_finite() || p.abs().max_element() > f64::from(MAX_COORDINATE) {
            return Err(format!("its bones move it beyond {MAX_COORDINATE} m"));
        }
        mesh.positions[vertex] = p.as_vec3().to_array();
        if let Some(n) = mesh.normals.get_mut(vertex) {
            // The cofactors: the inverse transpose times the volume, which a bone that flattens its flesh has not.
            let upright = DMat3::from_cols(y.cross(z), z.cross(x), x.cross(y));
            let along = upright * DVec3::from_array(n.map(f64::from)) * if volume < 0.0 { -1.0 } else { 1.0 };
            *n = along.try_normalize().unwrap_or(DVec3::Y).as_vec3().to_array();
        }
        if let Some([x, y, z, w]) = mesh.tangents.get_mut(vertex) {
            let along = linear * DVec3::from_array([*x, *y, *z].map(f64::from));
            [*x, *y, *z] = along.normalize_or_zero().as_vec3().to_array();
            *w = if volume < 0.0 { -*w } else { *w };
        }
    }
    if !solid && !may_vanish {
        return Err("its bones flatten it (a scale of zero)".into());
    }
    for t in mesh.indices.chunks_exact_mut(3) {
        if t.iter().filter(|&&i| mirrored[i as usize]).count() >= 2 {
            t.swap(1, 2);
        }
    }
    Ok(())
}
