//! Shapes made of shapes: groups of parts, and many copies of one.

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::sync::Arc;

use glam::{DAffine3, DQuat, DVec3, Vec3};

use super::{MAX_TRIANGLES, Member};
use crate::assets::{AssetFile, Library, Model, Part, PartMaterial};
use crate::mesh::{Mesh, shapes};
use crate::scene::{Material, Shape};

/// A shape as a model, primitives too.
pub(super) fn model_of(shape: &Shape, library: &Library) -> Result<Model, String> {
    let model = match shape {
        Shape::Made(made) => super::build(made, library)?,
        Shape::Gltf(path) => {
            let model = library.geometry(shape).ok_or_else(|| format!("the file {path} is not loaded"))?;
            Model::clone(&model)
        }
        _ => {
            let (key, scale) = shapes::key_and_scale(shape).ok_or("it needs a file that is not loaded")?;
            let mut mesh = shapes::surface(&key);
            move_mesh(&mut mesh, &DAffine3::from_scale(scale));
            return model(vec![part("1", mesh, library.look(&Material::default())?)], BTreeMap::new());
        }
    };
    Ok(model)
}

/// A part whose material an instance may replace.
pub(super) fn part(name: &str, mesh: Mesh, material: PartMaterial) -> Part {
    Part { name: name.into(), mesh: Arc::new(mesh), material, own: false }
}

/// A model of parts that may have no triangles: those are left out.
pub(super) fn model(mut parts: Vec<Part>, keypoints: BTreeMap<String, DVec3>) -> Result<Model, String> {
    parts.retain(|part| !part.mesh.indices.is_empty());
    let bounds = parts.iter().filter_map(|part| part.mesh.bounds()).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let (min, max) = bounds.ok_or("a shape has no triangles")?;
    if !(min.is_finite() && max.is_finite()) {
        return Err("a shape is too large".into());
    }
    let total: usize = parts.iter().map(|part| part.mesh.indices.len() / 3).sum();
    if total > MAX_TRIANGLES {
        return Err(format!("a shape has more than {MAX_TRIANGLES} triangles"));
    }
    Ok(Model { parts, keypoints, min, max, file: AssetFile::default() })
}

/// Parts put together, each where it belongs.
pub(super) fn group(members: &BTreeMap<String, Member>, library: &Library) -> Result<Model, String> {
    let (mut parts, mut keypoints) = (Vec::new(), BTreeMap::new());
    let mut total = 0;
    for (name, member) in members {
        let inner = model_of(&member.shape, library)?;
        // Before it is copied: a thousand parts may be a thousand large files.
        total += inner.parts.iter().map(|part| part.mesh.indices.len() / 3).sum::<usize>();
        if total > MAX_TRIANGLES {
            return Err(format!("a shape has more than {MAX_TRIANGLES} triangles"));
        }
        let place = DAffine3::from_scale_rotation_translation(member.scale, member.rotation, member.position);
        let look = member.material.as_ref().map(|material| library.unpainted(material)).transpose()?;
        let alone = inner.parts.len() == 1;
        for inner in inner.parts {
            let mut mesh = Arc::unwrap_or_clone(inner.mesh);
            move_mesh(&mut mesh, &place);
            let name = if alone { name.clone() } else { format!("{name}.{}", inner.name) };
            // What a part says of itself wins over what is said of the whole.
            let (material, own) = match &look {
                Some(look) if !inner.own => (look.clone(), true),
                _ => (inner.material, inner.own),
            };
            parts.push(Part { name, mesh: Arc::new(mesh), material, own });
        }
        for (point, at) in inner.keypoints {
            keypoints.entry(point).or_insert(place.transform_point3(at));
        }
    }
    model(parts, keypoints)
}

/// Copies of one shape, each part of it one part again. Keypoints of a shape that is there many times mean none of them.
pub(super) fn copies(shape: &Shape, places: &[DAffine3], library: &Library) -> Result<Model, String> {
    let one = model_of(shape, library)?;
    let total: usize = one.parts.iter().map(|part| part.mesh.indices.len() / 3).sum();
    if total.saturating_mul(places.len()) > MAX_TRIANGLES {
        return Err(format!("a shape has more than {MAX_TRIANGLES} triangles"));
    }
    let parts = one.parts.iter().map(|part| {
        let moved: Vec<Mesh> = places
            .iter()
            .map(|place| {
                let mut mesh = Mesh::clone(&part.mesh);
                move_mesh(&mut mesh, place);
                mesh
            })
            .collect();
        Part { mesh: Arc::new(joined(moved.iter())), ..part.clone() }
    });
    let keypoints = if places.len() == 1 { one.keypoints.clone() } else { BTreeMap::new() };
    model(parts.collect(), keypoints)
}

/// Places of a grid about the origin.
pub(super) fn grid(count: [u32; 3], step: DVec3) -> Vec<DAffine3> {
    let [nx, ny, nz] = count;
    let middle = DVec3::new(f64::from(nx), f64::from(ny), f64::from(nz)) / 2.0 - 0.5;
    let all = (0..ny).flat_map(|y| (0..nz).flat_map(move |z| (0..nx).map(move |x| (x, y, z))));
    all.map(|(x, y, z)| {
        let at = DVec3::new(f64::from(x), f64::from(y), f64::from(z)) - middle;
        DAffine3::from_translation(at * step)
    })
    .collect()
}

/// Places on a circle about the Y axis, each turned so that its +Z looks outwards.
pub(super) fn ring(count: u32, radius: f64) -> Vec<DAffine3> {
    (0..count)
        .map(|k| {
            let turn = DQuat::from_rotation_y(TAU * f64::from(k) / f64::from(count));
            DAffine3::from_rotation_translation(turn, turn * DVec3::Z * radius)
        })
        .collect()
}

/// Moves, turns, scales and mirrors; outsides stay outside.
pub(super) fn move_mesh(mesh: &mut Mesh, place: &DAffine3) {
    let mirrored = place.matrix3.determinant() < 0.0;
    let normals = place.matrix3.inverse().transpose();
    for position in &mut mesh.positions {
        let moved = place.transform_point3(DVec3::from(position.map(f64::from)));
        *position = (moved.as_vec3() + 0.0).to_array();
    }
    for normal in &mut mesh.normals {
        let turned = normals * DVec3::from(normal.map(f64::from));
        *normal = turned.normalize_or(DVec3::Y).as_vec3().to_array();
    }
    for (tangent, normal) in mesh.tangents.iter_mut().zip(&mesh.normals) {
        let [x, y, z, w] = tangent.map(f64::from);
        let n = Vec3::from(*normal).as_dvec3();
        let turned = place.matrix3 * DVec3::new(x, y, z);
        let across = (turned - n * turned.dot(n)).normalize_or(n.any_orthonormal_vector()).as_vec3();
        // A mirror image of a right-handed frame is a left-handed one.
        let hand = if (w < 0.0) != mirrored { -1.0 } else { 1.0 };
        *tangent = [across.x, across.y, across.z, hand];
    }
    if mirrored {
        mesh.indices.as_chunks_mut::<3>().0.iter_mut().for_each(|triangle| triangle.swap(1, 2));
    }
}

/// Meshes after one another.
pub(super) fn joined<'a>(meshes: impl Iterator<Item = &'a Mesh>) -> Mesh {
    let mut all = Mesh::default();
    for mesh in meshes {
        let first = u32::try_from(all.positions.len()).unwrap_or(u32::MAX);
        all.positions.extend_from_slice(&mesh.positions);
        all.normals.extend_from_slice(&mesh.normals);
        all.uvs.extend_from_slice(&mesh.uvs);
        all.uvs1.extend_from_slice(&mesh.uvs1);
        all.colors.extend_from_slice(&mesh.colors);
        all.tangents.extend_from_slice(&mesh.tangents);
        all.indices.extend(mesh.indices.iter().map(|&i| first + i));
    }
    all
}
