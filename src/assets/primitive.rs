//! One glTF primitive as triangles in the frame of the file.

use glam::{DMat3, DMat4, DVec3};
use gltf::Semantic;
use gltf::mesh::Mode;

use super::accessor::Reader;
use super::model::{MAX_COORDINATE, MAX_TRIANGLES};
use super::uv::{Lookups, NORMAL};
use super::{morph, skin};
use crate::mesh::{Mesh, tangents};

/// What takes the vertices of a primitive to the frame of the file.
#[derive(Clone, Copy)]
pub(super) enum Pose<'a> {
    /// The transform of its node.
    Node(DMat4),
    /// What each joint of its skin does.
    Bones(&'a [DMat4]),
}

/// The triangles of one primitive, in the frame of the file. `weights` are those of its morph targets, `lookups` those of its
/// material. With `may_vanish`, a node or a skeleton may flatten it, as animations do with what is to disappear.
pub(super) fn build(
    primitive: &gltf::Primitive<'_>,
    pose: Pose<'_>,
    weights: Option<&[f32]>,
    lookups: &Lookups,
    may_vanish: bool,
    reader: &mut Reader<'_>,
) -> Result<Mesh, String> {
    let positions = primitive.get(&Semantic::Positions).ok_or("it has no positions")?;
    let positions = reader.floats::<3>(&positions, "the position list")?;
    let count = positions.len();
    let listed = match primitive.indices() {
        Some(a) => reader.indices(&a, count)?,
        None => (0..u32::try_from(count).map_err(|_| "it has too many vertices")?).collect(),
    };
    let indices = triangle_list(primitive.mode(), listed)?;
    reader.cost.triangles += indices.len() / 3;
    if reader.cost.triangles > MAX_TRIANGLES {
        return Err(format!("with it the file has more than {MAX_TRIANGLES} triangles; reduce it (decimate)"));
    }
    let attribute = |semantic, name: &str| match primitive.get(&semantic) {
        Some(a) if a.count() != count => Err(format!("it has {count} positions, but {} {name}", a.count())),
        other => Ok(other),
    };
    let mut sets = Vec::with_capacity(2);
    for lookup in &lookups.sets {
        sets.push(match attribute(Semantic::TexCoords(lookup.set), "texture coordinates")? {
            Some(a) => {
                let read = reader.floats::<2>(&a, "the list of texture coordinates")?;
                read.into_iter().map(|uv| lookup.apply(uv)).collect()
            }
            None => vec![[0.0; 2]; count],
        });
    }
    let mut sets = sets.into_iter();
    let (uvs, uvs1) = (sets.next().unwrap_or_else(|| vec![[0.0; 2]; count]), sets.next().unwrap_or_default());
    let mut colors = match attribute(Semantic::Colors(0), "vertex colours")? {
        Some(a) => reader.colors(&a, "the list of vertex colours")?,
        None => Vec::new(),
    };
    if colors.iter().flatten().all(|&c| c >= 1.0) {
        colors.clear();
    }
    let mut mesh = Mesh { positions, uvs, uvs1, colors, indices, ..Mesh::default() };
    if let Some(a) = attribute(Semantic::Normals, "normals")? {
        mesh.normals = reader.floats::<3>(&a, "the normal list")?;
        if let Some(a) = attribute(Semantic::Tangents, "tangents")? {
            mesh.tangents = reader.floats::<4>(&a, "the tangent list")?;
        }
    }
    let (flat, ready) = (mesh.normals.is_empty(), !mesh.tangents.is_empty() && lookups.keeps_tangents());
    if !ready {
        mesh.tangents.clear();
    }
    morph::apply(primitive, weights, &mut mesh, reader)?;
    let coordinates = mesh.uvs.iter().chain(&mesh.uvs1).flatten().chain(mesh.positions.iter().flatten());
    if coordinates.into_iter().any(|c| !c.is_finite() || c.abs() > MAX_COORDINATE) {
        return Err(format!("it has coordinates beyond {MAX_COORDINATE}"));
    }
    let kept = keep(&mut mesh, flat);
    match pose {
        Pose::Node(world) => {
            // Before the transform, which may lead far away, where f32 is coarse.
            if flat {
                mesh.normals = flat_normals(&mesh);
            }
            carry(&mut mesh, world, may_vanish)?;
        }
        Pose::Bones(bones) => {
            let influences = skin::influences(primitive, bones.len(), count, &kept, reader)?;
            skin::bend(&mut mesh, &influences, bones, may_vanish)?;
            // After the bend, which does not leave triangles as they were.
            if flat {
                mesh.normals = flat_normals(&mesh);
            }
        }
    }
    if ready {
        square(&mut mesh);
    } else {
        tangents::add_tangents_along(&mut mesh, lookups.set_of(NORMAL));
    }
    Ok(mesh)
}

/// Tangents made unit and square to the normals.
fn square(mesh: &mut Mesh) {
    mesh.tangents = mesh.normals.iter().zip(&mesh.tangents).map(|(&n, &t)| tangents::across(n, Some(t))).collect();
}

/// `mesh` as often as there are places for it.
pub(super) fn copied(mesh: &Mesh, places: &[DMat4], may_vanish: bool, reader: &mut Reader<'_>) -> Result<Mesh, String> {
    let triangles = (mesh.indices.len() / 3).saturating_mul(places.len());
    reader.cost.triangles = reader.cost.triangles.saturating_add(triangles);
    let vertices = mesh.positions.len().saturating_mul(places.len());
    if reader.cost.triangles > MAX_TRIANGLES || vertices > 3 * MAX_TRIANGLES {
        return Err(format!("with its copies the file has more than {MAX_TRIANGLES} triangles; use fewer of them"));
    }
    let mut all = Mesh::default();
    for &place in places {
        let mut copy = mesh.clone();
        carry(&mut copy, place, may_vanish)?;
        square(&mut copy);
        let first = u32::try_from(all.positions.len()).map_err(|_| "it has too many vertices")?;
        all.indices.extend(copy.indices.iter().map(|i| first + i));
        all.positions.append(&mut copy.positions);
        all.normals.append(&mut copy.normals);
        all.uvs.append(&mut copy.uvs);
        all.uvs1.append(&mut copy.uvs1);
        all.colors.append(&mut copy.colors);
        all.tangents.append(&mut copy.tangents);
    }
    Ok(all)
}

/// Whether a primitive is made of triangles; the error says of what it is made.
pub(super) fn has_surface(mode: Mode) -> Result<(), String> {
    match mode {
        Mode::Triangles | Mode::TriangleStrip | Mode::TriangleFan => Ok(()),
        other => Err(format!("it is made of {other:?}, which have no surface; only triangles can be labelled")),
    }
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
        other => return has_surface(other).map(|()| Vec::new()),
    })
}

/// Drops vertices without a triangle: primitives may share a list that is longer than they need, and what is not drawn
/// does not belong to the bounds. With `flat`, every triangle gets three vertices of its own. Returns which vertices of
/// the file are kept.
pub(super) fn keep(mesh: &mut Mesh, flat: bool) -> Vec<u32> {
    let kept: Vec<u32> = if flat {
        let kept = std::mem::take(&mut mesh.indices);
        mesh.indices = (0..).take(kept.len()).collect();
        kept
    } else {
        let mut places = vec![None; mesh.positions.len()];
        mesh.indices.iter().for_each(|&i| places[i as usize] = Some(0));
        let mut kept = Vec::new();
        for (vertex, place) in (0..).zip(&mut places) {
            if let Some(place) = place {
                *place = u32::try_from(kept.len()).unwrap_or(u32::MAX); // at most MAX_TRIANGLES * 3
                kept.push(vertex);
            }
        }
        mesh.indices.iter_mut().for_each(|i| *i = places[*i as usize].unwrap_or_default());
        kept
    };
    fn pick<T: Copy>(list: &mut Vec<T>, kept: &[u32]) {
        if !list.is_empty() {
            *list = kept.iter().map(|&i| list[i as usize]).collect();
        }
    }
    pick(&mut mesh.positions, &kept);
    pick(&mut mesh.uvs, &kept);
    pick(&mut mesh.uvs1, &kept);
    pick(&mut mesh.colors, &kept);
    pick(&mut mesh.normals, &kept);
    pick(&mut mesh.tangents, &kept);
    kept
}

/// The normals of triangles that have three vertices of their own each. Zero where a triangle has no area.
pub(super) fn flat_normals(mesh: &Mesh) -> Vec<[f32; 3]> {
    let mut normals = vec![[0.0; 3]; mesh.positions.len()];
    for (t, [a, b, c]) in mesh.indices.chunks_exact(3).zip(mesh.triangles()) {
        let normal = (b - a).cross(c - a).normalize_or_zero().as_vec3().to_array();
        t.iter().for_each(|&i| normals[i as usize] = normal);
    }
    normals
}

/// Bakes `world` into positions, normals and tangents.
fn carry(mesh: &mut Mesh, world: DMat4, may_vanish: bool) -> Result<(), String> {
    let linear = DMat3::from_mat4(world);
    let size = linear.x_axis.length() * linear.y_axis.length() * linear.z_axis.length();
    let flat = linear.determinant().abs() <= 1e-12 * size;
    if !world.is_finite() || flat && !may_vanish {
        return Err("its node flattens it (a scale of zero) or is not finite".into());
    }
    // The cofactors: the inverse transpose but for a factor, which what is flat has not.
    let upright = match flat {
        true => DMat3::from_cols(
            linear.y_axis.cross(linear.z_axis),
            linear.z_axis.cross(linear.x_axis),
            linear.x_axis.cross(linear.y_axis),
        ),
        false => linear.inverse().transpose(),
    };
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
