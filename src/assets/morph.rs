//! Morph targets (shape keys): the file's weights, baked into the vertices.

use glam::DVec3;
use gltf::Accessor;

use super::accessor::Reader;
use crate::mesh::Mesh;

/// Adds the targets of `primitive` to `mesh`, whose vertices are still those of the file, each times its weight; without
/// `weights` nothing moves. Normals and tangents are left with the lengths that the sums give them.
pub(super) fn apply(
    primitive: &gltf::Primitive<'_>,
    weights: Option<&[f32]>,
    mesh: &mut Mesh,
    reader: &mut Reader<'_>,
) -> Result<(), String> {
    let targets = primitive.morph_targets();
    let number = targets.len();
    reader.spend(number)?;
    if let Some(weights) = weights
        && number > 0
        && weights.len() != number
    {
        return Err(format!("it has {number} morph targets (shape keys), but {} weights for them", weights.len()));
    }
    let (mut moves, mut turns, mut twists) = (Vec::new(), Vec::new(), Vec::new());
    for (index, target) in targets.enumerate() {
        let weight = weights.map_or(0.0, |w| w[index]);
        if !weight.is_finite() {
            return Err(format!("the weight of morph target (shape key) {index} is not a finite number"));
        }
        let deltas = [
            (target.positions(), "positions", &mut moves, true),
            (target.normals(), "normals", &mut turns, !mesh.normals.is_empty()),
            (target.tangents(), "tangents", &mut twists, !mesh.tangents.is_empty()),
        ];
        for (accessor, what, list, used) in deltas {
            let Some(accessor) = accessor else { continue };
            let (is, should) = (accessor.count(), mesh.positions.len());
            if is != should {
                return Err(format!("its morph target (shape key) {index} has {is} {what} for {should} vertices"));
            }
            if used && weight != 0.0 {
                list.push((f64::from(weight), accessor));
            }
        }
    }
    add(&mut mesh.positions, &moves, reader, "the positions of a morph target")?;
    add(&mut mesh.normals, &turns, reader, "the normals of a morph target")?;
    add(&mut mesh.tangents, &twists, reader, "the tangents of a morph target")
}

/// Adds weighted deltas to the first three numbers of each vector; summed in f64 and rounded once.
fn add<const N: usize>(
    base: &mut [[f32; N]],
    deltas: &[(f64, Accessor<'_>)],
    reader: &mut Reader<'_>,
    what: &str,
) -> Result<(), String> {
    if deltas.is_empty() {
        return Ok(());
    }
    let mut sums = vec![DVec3::ZERO; base.len()];
    for (weight, accessor) in deltas {
        for (sum, delta) in sums.iter_mut().zip(reader.floats::<3>(accessor, what)?) {
            *sum += *weight * DVec3::from_array(delta.map(f64::from));
        }
    }
    for (vector, sum) in base.iter_mut().zip(sums) {
        for (value, delta) in vector.iter_mut().zip(sum.to_array()) {
            #[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is the point")]
            let moved = (f64::from(*value) + delta) as f32;
            if !moved.is_finite() {
                return Err(format!("{what} and their weights are so large that the sum is not finite"));
            }
            *value = moved;
        }
    }
    Ok(())
}
