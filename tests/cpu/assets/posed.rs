//! Skins, morph targets, keypoints, names and mirrored nodes, in files that the tests write themselves.

use std::f64::consts::FRAC_1_SQRT_2;

use glam::{DVec3, Vec3};
use proptest::prelude::*;
use scenewright::assets::{AssetError, Model};
use scenewright::mesh::Mesh;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{load, replace_number};
use crate::gltf::{Builder, F32, U8, U16};

/// A quarter turn about +Z: takes +X to +Y.
const QUARTER: [f64; 4] = [0.0, 0.0, FRAC_1_SQRT_2, FRAC_1_SQRT_2];

impl Builder {
    fn model(&self) -> Result<Model, AssetError> {
        let dir = TempDir::new().unwrap();
        self.write(dir.path(), "a.glb");
        load(dir.path(), "a.glb").map(|model| std::sync::Arc::into_inner(model).unwrap())
    }

    fn reason(&self) -> String {
        self.model().expect_err("this file should be refused").to_string()
    }
}

fn close(a: [f32; 3], b: [f64; 3]) -> bool {
    (Vec3::from(a).as_dvec3() - DVec3::from(b)).length() < 1e-6
}

/// Every point must be a vertex.
fn expect_points(mesh: &Mesh, points: &[[f64; 3]]) {
    for &point in points {
        assert!(mesh.positions.iter().any(|&p| close(p, point)), "{point:?} is not in {:?}", mesh.positions);
    }
}

const ARM: [[f32; 3]; 6] =
    [[0.0, -0.1, 0.0], [0.0, 0.1, 0.0], [1.0, -0.1, 0.0], [1.0, 0.1, 0.0], [2.0, -0.1, 0.0], [2.0, 0.1, 0.0]];

/// An arm along +X in the XY plane, seen from +Z: a bone at the origin, and at x = 1 one that turns by a quarter about
/// +Z. The ends follow one bone each, the elbow both alike. The mesh's own node stands elsewhere, the skeleton 5 m up.
///
/// Accessors: 0 positions, 1 indices, 2 joints, 3 weights, 4 inverse bind matrices.
fn arm() -> Builder {
    let mut b = Builder::new(json!([
        { "children": [1, 2], "translation": [0, 0, 5] },
        { "name": "arm", "mesh": 0, "skin": 0, "translation": [100, 0, 0], "scale": [-3, 1, 1] },
        { "name": "upper", "children": [3] },
        { "name": "lower", "translation": [1, 0, 0], "rotation": QUARTER },
    ]));
    let positions = b.floats(&ARM);
    let indices = b.indices(&[0, 2, 1, 1, 2, 3, 2, 4, 3, 3, 4, 5]);
    let joints = b.joints(&[[0, 1, 0, 0]; 6]);
    let (upper, both, lower) = ([1.0, 0.0, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]);
    let weights = b.floats(&[upper, upper, both, both, lower, lower]);
    let mut inverse_binds = [glam::Mat4::IDENTITY.to_cols_array(); 2];
    inverse_binds[1][12] = -1.0;
    let inverse_binds = b.floats(&inverse_binds);
    b.list("meshes").push(json!({ "primitives": [{
        "attributes": { "POSITION": positions, "JOINTS_0": joints, "WEIGHTS_0": weights }, "indices": indices
    }] }));
    b.document["skins"] = json!([{ "joints": [2, 3], "inverseBindMatrices": inverse_binds }]);
    b
}

/// The lower bone takes (x, y) to (1, 0) + (-y, x - 1), so the hand (2, y) to (1 - y, 1). The elbow (1, y) goes half way
/// between (1, y) and (1 - y, 0), which is (1 - y/2, y/2). All 5 m up.
const BENT: [[f64; 3]; 6] =
    [[0.0, -0.1, 5.0], [0.0, 0.1, 5.0], [1.05, -0.05, 5.0], [0.95, 0.05, 5.0], [1.1, 1.0, 5.0], [0.9, 1.0, 5.0]];

/// Each triangle's normals point where its corners say, and that is `outside`.
fn expect_outside(mesh: &Mesh, outside: impl Fn(DVec3) -> DVec3) {
    for (t, [a, b, c]) in mesh.indices.chunks_exact(3).zip(mesh.triangles()) {
        let face = (b - a).cross(c - a).normalize();
        assert!(face.dot(outside((a + b + c) / 3.0)) > 0.0, "inside out: {a} {b} {c}");
        for &i in t {
            let normal = Vec3::from(mesh.normals[i as usize]).as_dvec3();
            assert!(face.dot(normal) > 0.9999, "{normal} is not the normal {face} of {a} {b} {c}");
        }
    }
}

#[test]
fn an_arm_of_two_bones_bends_by_a_right_angle_wherever_its_own_node_stands() {
    let model = arm().model().unwrap();
    expect_points(&model.parts[0].mesh, &BENT);
    expect_outside(&model.parts[0].mesh, |_| DVec3::Z);
    assert!((model.min - DVec3::new(0.0, -0.1, 5.0)).length() < 1e-6);
    assert!((model.max - DVec3::new(1.1, 1.0, 5.0)).length() < 1e-6);
}

#[test]
fn a_vertex_that_follows_two_bones_alike_turns_half_way() {
    // The first triangle's corners hang on the upper bone, on both, and on the lower, and lie in one plane of normal +Y
    // and tangent +X. Half of the identity and half of a quarter turn is an eighth turn, shrunk.
    let mut b = arm();
    b.bytes[..36].fill(0);
    let weights = b.floats(&[[1.0, 0.0, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]].repeat(2));
    let normals = b.floats(&[[0.0, 1.0, 0.0]; 6]);
    let tangents = b.floats(&[[1.0, 0.0, 0.0, -1.0]; 6]);
    let attributes = &mut b.document["meshes"][0]["primitives"][0]["attributes"];
    attributes["WEIGHTS_0"] = json!(weights);
    attributes["NORMAL"] = json!(normals);
    attributes["TANGENT"] = json!(tangents);
    let mesh = b.model().unwrap().parts[0].mesh.clone();
    let s = FRAC_1_SQRT_2;
    for (vertex, normal, tangent) in
        [(0, [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]), (1, [-s, s, 0.0], [s, s, 0.0]), (2, [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0])]
    {
        assert!(close(mesh.normals[vertex], normal), "{vertex}: {:?}", mesh.normals[vertex]);
        let [x, y, z, w] = mesh.tangents[vertex];
        assert!(close([x, y, z], tangent) && w == -1.0, "{vertex}: {:?}", mesh.tangents[vertex]);
    }
}

#[test]
fn bones_and_weights_are_read_in_every_type_and_from_several_sets() {
    // Half of 8 bits is cut off: 127/255 twice, which is made to sum to 1.
    let mut small = arm();
    let weights = [[255, 0, 0, 0], [255, 0, 0, 0], [127, 127, 0, 0], [127, 127, 0, 0], [0, 255, 0, 0], [0, 255, 0, 0]];
    let weights = small.accessor(U8, "VEC4", 6, weights.as_flattened());
    small.document["meshes"][0]["primitives"][0]["attributes"]["WEIGHTS_0"] = json!(weights);
    expect_points(&small.model().unwrap().parts[0].mesh, &BENT);

    let mut wide = arm();
    let words = |rows: [[u16; 4]; 6]| rows.iter().flatten().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>();
    let (one, half) = (65535, 32767);
    let weights =
        words([[one, 0, 0, 0], [one, 0, 0, 0], [half, half, 0, 0], [half, half, 0, 0], [0, one, 0, 0], [0, one, 0, 0]]);
    let weights = wide.accessor(U16, "VEC4", 6, &weights);
    let joints = wide.accessor(U16, "VEC4", 6, &words([[0, 1, 0, 0]; 6]));
    wide.document["accessors"][joints]["normalized"] = json!(false);
    wide.document["meshes"][0]["primitives"][0]["attributes"] =
        json!({ "POSITION": 0, "JOINTS_0": joints, "WEIGHTS_0": weights });
    expect_points(&wide.model().unwrap().parts[0].mesh, &BENT);

    // The lower bone stands in the second set.
    let mut sets = arm();
    let [none, half, one] = [0.0f32, 0.5, 1.0].map(|w| [w, 0.0, 0.0, 0.0]);
    let first = sets.floats(&[one, one, half, half, none, none]);
    let second = sets.floats(&[none, none, half, half, one, one]);
    let (upper, lower) = (sets.joints(&[[0; 4]; 6]), sets.joints(&[[1, 0, 0, 0]; 6]));
    sets.document["meshes"][0]["primitives"][0]["attributes"] = json!({
        "POSITION": 0, "JOINTS_0": upper, "WEIGHTS_0": first, "JOINTS_1": lower, "WEIGHTS_1": second
    });
    expect_points(&sets.model().unwrap().parts[0].mesh, &BENT);
}

#[test]
fn inverse_bind_matrices_undo_the_pose_of_binding_and_are_the_identity_when_absent() {
    // Without any, the lower bone turns about its own origin and then moves by 1: (x, y) to (1 - y, x).
    let mut b = arm();
    b.document["skins"][0].as_object_mut().unwrap().remove("inverseBindMatrices");
    expect_points(&b.model().unwrap().parts[0].mesh, &[[1.1, 2.0, 5.0], [0.9, 2.0, 5.0]]);

    // Bound in the very pose it stands in (its inverse takes (x, y) to (y, 1 - x)), the lower bone moves nothing; 5 m up.
    let mut b = arm();
    let lower = [0.0, -1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0];
    let binds = b.floats(&[glam::Mat4::IDENTITY.to_cols_array(), lower]);
    b.document["skins"][0]["inverseBindMatrices"] = json!(binds);
    let unbent: Vec<_> = ARM.iter().map(|p| [f64::from(p[0]), f64::from(p[1]), 5.0]).collect();
    expect_points(&b.model().unwrap().parts[0].mesh, &unbent);
}

/// A unit square in the XY plane that faces +Z, with a morph target that lifts the side x = 1 by 2 m.
///
/// Accessors: 0 positions, 1 indices, 2 the target's positions.
fn sheet() -> Builder {
    let mut b = Builder::new(json!([{ "mesh": 0, "weights": [0.25] }]));
    let positions = b.floats(&[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]]);
    let indices = b.indices(&[0, 1, 2, 0, 2, 3]);
    let target = b.floats(&[[0.0; 3], [0.0, 0.0, 2.0], [0.0, 0.0, 2.0], [0.0; 3]]);
    b.list("meshes").push(json!({
        "weights": [1.0],
        "primitives": [{
            "attributes": { "POSITION": positions }, "indices": indices, "targets": [{ "POSITION": target }]
        }],
    }));
    b
}

/// The height of the sheet's side x = 1.
fn lift(b: &Builder) -> f64 {
    b.model().unwrap().max.z
}

#[test]
fn a_morph_target_moves_a_plane_by_the_weight_of_the_node_or_else_of_the_mesh() {
    let mut b = sheet();
    assert!((lift(&b) - 0.5).abs() < 1e-6);
    // z = x/2: its normal is (-1, 0, 2)/sqrt(5), computed after the move.
    let n = 1.0 / 5.0f64.sqrt();
    assert!(b.model().unwrap().parts[0].mesh.normals.iter().all(|&v| close(v, [-n, 0.0, 2.0 * n])));
    b.document["nodes"][0].as_object_mut().unwrap().remove("weights");
    assert!((lift(&b) - 2.0).abs() < 1e-6);
    b.document["meshes"][0].as_object_mut().unwrap().remove("weights");
    assert!(lift(&b).abs() < 1e-6);
}

#[test]
fn morph_targets_add_up_and_turn_normals_and_tangents() {
    let mut b = sheet();
    let normals = b.floats(&[[0.0f32, 0.0, 1.0]; 4]);
    let tangents = b.floats(&[[1.0f32, 0.0, 0.0, 1.0]; 4]);
    let turn = b.floats(&[[-1.0f32, 0.0, 0.0]; 4]);
    let twist = b.floats(&[[0.0f32, 0.0, 1.0]; 4]);
    let attributes = &mut b.document["meshes"][0]["primitives"][0]["attributes"];
    attributes["NORMAL"] = json!(normals);
    attributes["TANGENT"] = json!(tangents);
    b.document["meshes"][0]["primitives"][0]["targets"] =
        json!([{ "POSITION": 2 }, { "POSITION": 2, "NORMAL": turn, "TANGENT": twist }]);
    b.document["nodes"][0]["weights"] = json!([-0.5, 0.75]);
    let model = b.model().unwrap();
    // 2 m * (-0.5 + 0.75); (0, 0, 1) - 0.75 X, and X + 0.75 Z, both 1.25 long.
    assert!((model.max.z - 0.5).abs() < 1e-6);
    let mesh = &model.parts[0].mesh;
    assert!(mesh.normals.iter().all(|&v| close(v, [-0.6, 0.0, 0.8])), "{:?}", mesh.normals);
    assert!(mesh.tangents.iter().all(|&[x, y, z, _]| close([x, y, z], [0.8, 0.0, 0.6])), "{:?}", mesh.tangents);
}

#[test]
fn morph_targets_may_be_sparse_and_quantised() {
    // Only the third corner moves, by (0, 0, 3); the others need no bytes.
    let mut b = sheet();
    let values = b.floats(&[[0.0, 0.0, 3.0]]);
    let places = b.indices(&[2]);
    b.document["accessors"][2] = json!({
        "componentType": F32, "count": 4, "type": "VEC3",
        "sparse": {
            "count": 1, "indices": { "bufferView": places, "componentType": U16 }, "values": { "bufferView": values }
        },
    });
    assert!((lift(&b) - 0.75).abs() < 1e-6);

    // Three normalised bytes in four: 127 is 1, -128 is -1 as -127 is.
    let mut b = sheet();
    b.document["extensionsRequired"] = json!(["KHR_mesh_quantization"]);
    let bytes = [[0, 0, 0, 0], [0, 0, 127, 0], [0, 0, 127, 0], [0, 0, 128, 0]].concat();
    let target = b.accessor(5120, "VEC3", 4, &bytes);
    b.document["bufferViews"][target]["byteStride"] = json!(4);
    b.document["meshes"][0]["primitives"][0]["targets"] = json!([{ "POSITION": target }]);
    let model = b.model().unwrap();
    assert!((model.max.z - 0.25).abs() < 1e-6 && (model.min.z + 0.25).abs() < 1e-6);
}

#[test]
fn a_mesh_is_morphed_before_it_is_bent() {
    // The hand moves on by 4 * 0.125 along the unbent arm: (2.5, y) goes to (1 - y, 1.5).
    let mut b = arm();
    let mut deltas = [[0.0f32; 3]; 6];
    deltas[4] = [4.0, 0.0, 0.0];
    deltas[5] = [4.0, 0.0, 0.0];
    let target = b.floats(&deltas);
    b.document["meshes"][0]["primitives"][0]["targets"] = json!([{ "POSITION": target }]);
    b.document["nodes"][1]["weights"] = json!([0.125]);
    let model = b.model().unwrap();
    expect_points(&model.parts[0].mesh, &BENT[..4]);
    expect_points(&model.parts[0].mesh, &[[1.1, 1.5, 5.0], [0.9, 1.5, 5.0]]);
    expect_outside(&model.parts[0].mesh, |_| DVec3::Z);
}

#[test]
fn keypoints_are_the_origins_of_named_nodes_under_turned_and_scaled_parents() {
    let mut b = sheet();
    b.document["scenes"] = json!([{ "nodes": [0, 4] }, { "nodes": [3] }]);
    b.document["nodes"] = json!([
        { "translation": [1, 2, 3], "rotation": QUARTER, "scale": [2, 3, 4], "children": [1, 2] },
        { "name": "kp_tip", "translation": [1, 1, 1] },
        { "name": "kp_sheet", "mesh": 0, "translation": [0, 0, -1] },
        { "name": "kp_elsewhere" },
        { "name": "kp_kp_of you" },
    ]);
    let model = b.model().unwrap();
    // (1, 1, 1) scaled is (2, 3, 4), turned (-3, 2, 4), moved (-2, 4, 7); (0, 0, -1) goes to (1, 2, -1).
    let names: Vec<_> = model.keypoints.keys().collect();
    assert_eq!(names, ["kp_of you", "sheet", "tip"], "only those of the scene, each without its prefix");
    assert!((model.keypoints["tip"] - DVec3::new(-2.0, 4.0, 7.0)).length() < 1e-12);
    assert!((model.keypoints["sheet"] - DVec3::new(1.0, 2.0, -1.0)).length() < 1e-12);
    assert_eq!((model.parts.len(), model.parts[0].name.as_str()), (1, "kp_sheet"), "a keypoint's mesh is drawn");

    // On a bone: 1 m along the lower one, which points up.
    let mut b = arm();
    b.list("nodes").push(json!({ "name": "kp_hand", "translation": [1, 0, 0] }));
    b.document["nodes"][3]["children"] = json!([4]);
    assert!((b.model().unwrap().keypoints["hand"] - DVec3::new(1.0, 1.0, 5.0)).length() < 1e-12);
}

#[test]
fn the_parts_of_a_model_have_names_of_their_own() {
    let names = |change: fn(&mut Value)| -> Vec<String> {
        let mut b = sheet();
        let primitive = b.document["meshes"][0]["primitives"][0].clone();
        b.document["meshes"] = json!([{ "primitives": [primitive] }]);
        b.document["nodes"][0] = json!({ "mesh": 0 });
        b.document["materials"] = json!([{ "name": "paint" }, {}]);
        change(&mut b.document);
        b.model().unwrap().parts.into_iter().map(|part| part.name).collect()
    };
    assert_eq!(names(|_| ()), ["mesh 0"]);
    assert_eq!(names(|d| d["nodes"][0]["name"] = json!("door")), ["door"]);
    assert_eq!(
        names(|d| {
            d["nodes"][0]["name"] = json!("door");
            d["meshes"][0]["name"] = json!("panel");
        }),
        ["panel"]
    );
    // The same mesh three times; one is called `panel 2` already, and keeps that.
    assert_eq!(
        names(|d| {
            d["meshes"][0]["name"] = json!("panel");
            let mut other = d["meshes"][0].clone();
            other["name"] = json!("panel 2");
            d["meshes"].as_array_mut().unwrap().push(other);
            d["nodes"] = json!([{ "mesh": 0, "children": [1, 2, 3] }, { "mesh": 0 }, { "mesh": 1 }, { "mesh": 0 }]);
        }),
        ["panel", "panel 3", "panel 2", "panel 4"]
    );
    // Several materials in one mesh.
    assert_eq!(
        names(|d| {
            d["meshes"][0]["name"] = json!("car");
            let primitives = d["meshes"][0]["primitives"].as_array_mut().unwrap();
            *primitives = vec![primitives[0].clone(); 4];
            for (primitive, material) in [(0, 0), (1, 1), (2, 0)] {
                primitives[primitive]["material"] = json!(material);
            }
        }),
        ["car paint", "car 2", "car paint 2", "car 4"]
    );
}

#[test]
fn materials_keep_their_name_and_say_that_they_blend() {
    let mut b = sheet();
    b.document["materials"] = json!([{ "name": "glass", "alphaMode": "BLEND", "pbrMetallicRoughness": { "baseColorFactor": [1, 1, 1, 0.25] } }]);
    let material = b.model().unwrap().parts[0].material.clone();
    assert!(!material.blend && material.name.is_empty(), "the default material");
    b.document["meshes"][0]["primitives"][0]["material"] = json!(0);
    let material = b.model().unwrap().parts[0].material.clone();
    assert_eq!((material.blend, material.alpha_mask, material.name.as_str()), (true, None, "glass"));
    assert_eq!(material.base_color[3], 0.25);
    b.document["materials"][0]["alphaMode"] = json!("MASK");
    let material = b.model().unwrap().parts[0].material.clone();
    assert_eq!((material.blend, material.alpha_mask), (false, Some(0.5)));
}

#[test]
fn vertices_without_a_triangle_are_dropped() {
    let mut b = sheet();
    let normals = b.floats(&[[0.0f32, 0.0, 1.0]; 4]);
    let tangents = b.floats(&[[1.0f32, 0.0, 0.0, 1.0]; 4]);
    b.document["meshes"][0]["primitives"][0] = json!({
        "attributes": { "POSITION": 0, "NORMAL": normals, "TANGENT": tangents }, "indices": b.indices(&[0, 2, 3])
    });
    // The corner (1, 0, 0), far out.
    b.bytes[12..16].copy_from_slice(&1000.0f32.to_le_bytes());
    let model = b.model().unwrap();
    assert_eq!(model.parts[0].mesh.positions, [[0.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]]);
    assert_eq!(model.max, DVec3::new(1.0, 1.0, 0.0));
}

/// The tetrahedron between the origin and the three axes, seen from outside, with normals of its own or without.
fn tetrahedron(nodes: Value, normals: bool) -> Builder {
    let mut b = Builder::new(nodes);
    let corners = [[0.0f32, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let faces = [[0, 2, 1], [0, 3, 2], [0, 1, 3], [1, 2, 3]];
    let s = 1.0 / 3.0f32.sqrt();
    let facing = [[0.0, 0.0, -1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [s; 3]];
    let positions: Vec<_> = faces.iter().flatten().map(|&i: &usize| corners[i]).collect();
    let positions = b.floats(&positions);
    let mut attributes = json!({ "POSITION": positions });
    if normals {
        let normals: Vec<_> = facing.iter().flat_map(|&n| [n; 3]).collect();
        attributes["NORMAL"] = json!(b.floats(&normals));
    }
    b.list("meshes").push(json!({ "primitives": [{ "attributes": attributes }] }));
    b
}

/// Hangs every vertex of the tetrahedron on the bone that stands where node `joint` does.
fn rig(b: &mut Builder, joint: usize) {
    let joints = b.joints(&[[0; 4]; 12]);
    let weights = b.floats(&[[1.0f32, 0.0, 0.0, 0.0]; 12]);
    let attributes = &mut b.document["meshes"][0]["primitives"][0]["attributes"];
    attributes["JOINTS_0"] = json!(joints);
    attributes["WEIGHTS_0"] = json!(weights);
    b.document["skins"] = json!([{ "joints": [joint] }]);
}

/// The middle of the tetrahedron's corners.
fn middle(model: &Model) -> DVec3 {
    let mesh = &model.parts[0].mesh;
    mesh.triangles().flatten().sum::<DVec3>() / 12.0
}

#[test]
fn normals_stay_outside_and_upright_under_uneven_and_negative_scale() {
    // A plane x + y + z = 1 scaled by s has the normal (1/sx, 1/sy, 1/sz); here both (2, 1, 1) but for signs, so
    // (1, 2, 2)/3 is what stands upright.
    for (outer, inner, normal) in [
        ([1, 1, 1], [2, 1, 1], [1.0, 2.0, 2.0]),
        ([-1, 1, 1], [2, 1, 1], [-1.0, 2.0, 2.0]),
        ([-1, 1, 1], [-2, 1, 1], [1.0, 2.0, 2.0]),
        ([-1, -1, -1], [2, 1, 1], [-1.0, -2.0, -2.0]),
        ([2, -1, 1], [1, 1, -1], [1.0, -2.0, -2.0]),
    ] {
        for (normals, skinned) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut b = tetrahedron(
                json!([
                    { "scale": outer, "children": [1] },
                    { "scale": inner, "mesh": 0 },
                ]),
                normals,
            );
            if skinned {
                b.document["nodes"] = json!([
                    { "children": [1, 3] }, { "scale": outer, "children": [2] }, { "scale": inner },
                    { "mesh": 0, "skin": 0 },
                ]);
                rig(&mut b, 2);
            }
            let model = b.model().unwrap();
            let center = middle(&model);
            expect_outside(&model.parts[0].mesh, |at| at - center);
            let expected = DVec3::from(normal) / 3.0;
            let found = model.parts[0].mesh.normals.iter().filter(|&&n| close(n, expected.to_array())).count();
            assert_eq!(found, 3, "{outer:?} {inner:?} {normals} {skinned}");
        }
    }
}

#[test]
fn only_what_a_mirroring_bone_moves_turns_its_winding() {
    // Two tetrahedra in one mesh, on a bone that mirrors and on one that does not.
    let mut b = tetrahedron(
        json!([
            { "children": [1, 2, 3] }, { "mesh": 0, "skin": 0 }, { "translation": [5, 0, 0] },
            { "translation": [-5, 0, 0], "scale": [-1, 1, 1] },
        ]),
        false,
    );
    let twice = b.bytes.repeat(2);
    let positions = b.accessor(F32, "VEC3", 24, &twice);
    let joints: Vec<_> = (0..24).map(|i| [u8::from(i >= 12), 0, 0, 0]).collect();
    let joints = b.joints(&joints);
    let weights = b.floats(&[[1.0f32, 0.0, 0.0, 0.0]; 24]);
    b.document["meshes"][0]["primitives"][0]["attributes"] =
        json!({ "POSITION": positions, "JOINTS_0": joints, "WEIGHTS_0": weights });
    b.document["skins"] = json!([{ "joints": [2, 3] }]);
    let model = b.model().unwrap();
    // Each is symmetric to the other about x = 0; (0.25, 0.25, 0.25) lies within the unmoved one.
    expect_outside(&model.parts[0].mesh, |at| at - DVec3::new(5.25 * at.x.signum(), 0.25, 0.25));
    assert!((model.min.x + 6.0).abs() < 1e-6 && (model.max.x - 6.0).abs() < 1e-6);
}

#[test]
fn broken_skins_morph_targets_keypoints_and_names_say_what_is_wrong() {
    let expect = |mut b: Builder, text: &str, change: &dyn Fn(&mut Builder)| {
        change(&mut b);
        let reason = b.reason();
        assert!(reason.contains(text), "`{reason}` does not say `{text}`");
    };
    let attribute = |b: &mut Builder, name: &str, accessor: usize| {
        b.document["meshes"][0]["primitives"][0]["attributes"][name] = json!(accessor);
    };
    let weights = |b: &mut Builder, row: [f32; 4]| {
        let weights = b.floats(&[row; 6]);
        attribute(b, "WEIGHTS_0", weights);
    };

    let skin = |text: &str, change: &dyn Fn(&mut Builder)| expect(arm(), text, change);
    skin("no bone weight;", &|b| weights(b, [0.0; 4]));
    skin("sum to 0.500 instead of 1", &|b| weights(b, [0.25, 0.25, 0.0, 0.0]));
    skin("sum to 510", &|b| {
        let weights = b.accessor(U8, "VEC4", 6, &[255, 255, 0, 0].repeat(6));
        b.document["accessors"][weights]["normalized"] = json!(false);
        attribute(b, "WEIGHTS_0", weights);
    });
    skin("negative bone weight", &|b| weights(b, [1.5, -0.5, 0.0, 0.0]));
    skin("not finite", &|b| weights(b, [f32::NAN, 1.0, 0.0, 0.0]));
    skin("follows bone 2, but its skeleton has only 2", &|b| {
        let joints = b.joints(&[[0, 1, 0, 2]; 6]);
        attribute(b, "JOINTS_0", joints);
    });
    skin("8- or 16-bit whole numbers", &|b| attribute(b, "JOINTS_0", 3));
    skin("should be 4-vectors", &|b| attribute(b, "WEIGHTS_0", 0));
    skin("6 positions, but 5 JOINTS_0", &|b| b.document["accessors"][2]["count"] = json!(5));
    skin("6 positions, but 7 JOINTS_0 and 6", &|b| b.document["accessors"][2]["count"] = json!(7));
    skin("1000000000000 WEIGHTS_0", &|b| b.document["accessors"][3]["count"] = json!(1_000_000_000_000u64));
    skin("past the end", &|b| b.document["bufferViews"][3]["byteLength"] = json!(90));
    skin("no bone weights (JOINTS_0", &|b| {
        b.document["meshes"][0]["primitives"][0]["attributes"] = json!({ "POSITION": 0 });
    });
    skin("one of JOINTS_0 and WEIGHTS_0 is missing", &|b| {
        b.document["meshes"][0]["primitives"][0]["attributes"] = json!({ "POSITION": 0, "JOINTS_0": 2 });
    });
    skin("one of JOINTS_1 and WEIGHTS_1 is missing", &|b| {
        attribute(b, "JOINTS_2", 2);
        attribute(b, "WEIGHTS_2", 3);
    });
    skin("at most 16 bones", &|b| attribute(b, "WEIGHTS_4294967295", 3));
    skin("there are 0 bones", &|b| b.document["skins"][0]["joints"] = json!([]));
    skin("joints", &|b| b.document["skins"][0] = json!({}));
    skin("joints[0]", &|b| b.document["skins"][0]["joints"] = json!([9]));
    skin("1 inverse bind matrices for 2 bones", &|b| b.document["accessors"][4]["count"] = json!(1));
    skin("inverse bind matrices for 2 bones", &|b| b.document["accessors"][4]["count"] = json!(u64::MAX));
    skin("4 x 4 matrices of floats", &|b| b.document["skins"][0]["inverseBindMatrices"] = json!(3));
    skin("inverse bind matrices holds a number that is not finite", &|b| {
        let at = b.bytes.len() - 8;
        b.bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    });
    skin("last row", &|b| {
        let at = b.bytes.len() - 4;
        b.bytes[at..].copy_from_slice(&2.0f32.to_le_bytes());
    });
    skin("bone `lower` is not in the scene", &|b| {
        b.document["nodes"][2].as_object_mut().unwrap().remove("children");
    });
    skin("bone `lower` is not in the scene", &|b| {
        // A ring of bones that hangs on nothing.
        b.document["nodes"][2].as_object_mut().unwrap().remove("children");
        b.document["nodes"][3]["children"] = json!([3]);
    });
    skin("two parents or is its own", &|b| b.document["nodes"][3]["children"] = json!([2]));
    skin("its bones flatten it", &|b| b.document["nodes"][0]["scale"] = json!([0, 1, 1]));
    skin("its bones move it beyond", &|b| b.document["nodes"][0]["translation"] = json!([1e7, 0, 0]));
    skin("bone `upper` does not stand at a finite place", &|b| {
        b.document["nodes"][0]["scale"] = json!([1e200, 1, 1]);
    });

    let morph = |text: &str, change: &dyn Fn(&mut Builder)| expect(sheet(), text, change);
    morph("1 morph targets (shape keys), but 2 weights", &|b| b.document["nodes"][0]["weights"] = json!([0, 1]));
    morph("but 0 weights", &|b| b.document["nodes"][0]["weights"] = json!([]));
    morph("weight of morph target (shape key) 0", &|b| b.document["nodes"][0]["weights"] = json!([1e300]));
    morph("beyond", &|b| b.document["nodes"][0]["weights"] = json!([1e30]));
    morph("sum is not finite", &|b| {
        let target = b.floats(&[[1e38f32; 3]; 4]);
        b.document["meshes"][0]["primitives"][0]["targets"] = json!([{ "POSITION": target }]);
        b.document["nodes"][0]["weights"] = json!([1e38]);
    });
    morph("has 3 positions for 4 vertices", &|b| b.document["accessors"][2]["count"] = json!(3));
    // Even where it is not used: without normals, or with a weight of 0.
    morph("has 6 normals for 4 vertices", &|b| {
        b.document["nodes"][0]["weights"] = json!([0]);
        b.document["meshes"][0]["primitives"][0]["targets"] = json!([{ "NORMAL": 1 }]);
    });
    morph("should be 3-vectors", &|b| {
        let target = b.floats(&[[1.0f32; 4]; 4]);
        b.document["meshes"][0]["primitives"][0]["targets"] = json!([{ "POSITION": target }]);
    });
    morph("targets", &|b| b.document["meshes"][0]["primitives"][0]["targets"] = json!([{ "POSITION": 77 }]));
    morph("expected 1 to 12000000", &|b| {
        // A short file that asks for 200 GB: sparse accessors need no bytes.
        for accessor in [0, 2] {
            let sparse = json!({
                "count": 1, "indices": { "bufferView": 1, "componentType": U16 }, "values": { "bufferView": 0 }
            });
            b.document["accessors"][accessor]["count"] = json!(1u64 << 34);
            b.document["accessors"][accessor]["sparse"] = sparse;
            b.document["accessors"][accessor].as_object_mut().unwrap().remove("bufferView");
        }
    });

    morph("two nodes are called `kp_tip`", &|b| {
        b.document["nodes"] = json!([{ "mesh": 0, "children": [1, 2] }, { "name": "kp_tip" }, { "name": "kp_tip" }]);
    });
    morph("name after `kp_` is missing", &|b| b.document["nodes"][0]["name"] = json!("kp_"));
    morph("keypoint `tip` is not finite or is beyond", &|b| {
        b.list("nodes").push(json!({ "name": "kp_tip", "translation": [0, 2e6, 0] }));
        b.document["nodes"][0]["children"] = json!([1]);
    });
    // A part repeats the names of its mesh and material, so that long ones could fill the memory.
    let long = "n".repeat(257);
    morph("name is longer than 256", &|b| b.document["meshes"][0]["name"] = json!(long));
    morph("longer than 256", &|b| b.document["nodes"][0]["name"] = json!(format!("kp_{long}")));
    morph("material's name is longer", &|b| {
        b.document["materials"] = json!([{ "name": long }]);
        b.document["meshes"][0]["primitives"][0]["material"] = json!(0);
    });
}

/// An arm that is morphed, too.
fn everything() -> Builder {
    let mut b = arm();
    let normals = b.floats(&[[0.0f32, 0.0, 1.0]; 6]);
    let tangents = b.floats(&[[1.0f32, 0.0, 0.0, 1.0]; 6]);
    let deltas = b.floats(&[[0.0f32, 0.0, 0.5]; 6]);
    let primitive = &mut b.document["meshes"][0]["primitives"][0];
    primitive["attributes"]["NORMAL"] = json!(normals);
    primitive["attributes"]["TANGENT"] = json!(tangents);
    primitive["targets"] = json!([{ "POSITION": deltas, "NORMAL": deltas, "TANGENT": deltas }]);
    b.document["nodes"][1]["weights"] = json!([0.5]);
    b.document["nodes"][3]["name"] = json!("kp_elbow");
    b
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_closed_surface_stays_right_side_out_in_any_tree(
        frames in prop::collection::vec(
            (prop::array::uniform3(-3.0..3.0f64), prop::array::uniform4(-1.0..1.0f64),
             prop::array::uniform3((0.2..4.0f64, any::<bool>()))), 3),
        normals: bool,
        skinned: bool,
    ) {
        let mut nodes: Vec<Value> = frames.iter().enumerate().map(|(i, (translation, rotation, scale))| {
            let length = rotation.iter().map(|r| r * r).sum::<f64>().sqrt();
            prop_assume!(length > 0.1);
            let scale = scale.map(|(size, negative)| if negative { -size } else { size });
            let rotation = rotation.map(|r| r / length);
            let mut node = json!({ "translation": translation, "rotation": rotation, "scale": scale });
            if i < 2 {
                node["children"] = json!([i + 1]);
            }
            Ok(node)
        }).collect::<Result<_, TestCaseError>>()?;
        if skinned {
            nodes[0]["children"] = json!([1, 3]);
            nodes.push(json!({ "mesh": 0, "skin": 0, "scale": [-1, 1, 1] }));
        } else {
            nodes[2]["mesh"] = json!(0);
        }
        let mut b = tetrahedron(json!(nodes), normals);
        if skinned {
            rig(&mut b, 2);
        }
        let model = b.model().unwrap();
        let center = middle(&model);
        expect_outside(&model.parts[0].mesh, |at| at - center);
    }

    #[test]
    fn flipped_bytes_of_a_posed_model_never_panic(
        flips in prop::collection::vec((0usize..65536, any::<u8>()), 1..4)
    ) {
        let mut b = everything();
        for (at, value) in flips {
            let at = at % b.bytes.len();
            b.bytes[at] = value;
        }
        if let Ok(model) = b.model() {
            let mesh = &model.parts[0].mesh;
            prop_assert!(mesh.normals.iter().all(|&n| (Vec3::from(n).length() - 1.0).abs() < 1e-3));
            prop_assert!(model.min.is_finite() && model.max.is_finite());
        }
    }

    #[test]
    fn changed_numbers_of_a_posed_model_never_panic(at in 0usize..300, value in prop_oneof![
        Just(0i64), Just(-1), Just(1), Just(2), Just(5), Just(255), Just(65536), Just(i64::MAX), 0i64..100_000
    ]) {
        let mut b = everything();
        let mut left = at;
        replace_number(&mut b.document, &mut left, value);
        let _ = b.model();
    }
}
