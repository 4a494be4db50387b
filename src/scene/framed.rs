//! Where a camera has to be to have something in view, in a size that is asked for.

use glam::DVec3;

use super::obb::Obb;
use super::random::{Key, quantile};
use super::{Instance, place};
use crate::assets::Library;
use crate::mesh::shapes::local_bounds;

/// Middle and radius of a ball that holds all instances of a group, or one of them, drawn under `pose.one`. `None` where there is none.
pub(super) fn ball(
    group: &str,
    one: bool,
    instances: &[Instance],
    library: &Library,
    pose: &Key,
) -> Option<(DVec3, f64)> {
    let members: Vec<&Instance> = instances.iter().filter(|instance| instance.object == group).collect();
    let chosen = match one {
        true => {
            let position = quantile::below(pose.name("one").unit(), members.len() as u64);
            vec![*members.get(usize::try_from(position).ok()?)?]
        }
        false => members,
    };
    let boxes: Vec<Obb> = chosen
        .into_iter()
        .filter_map(|instance| {
            let bounds = local_bounds(&instance.shape, library)?;
            Some(Obb::new(bounds, instance.scale, instance.rotation, instance.position))
        })
        .collect();
    let corners: Vec<DVec3> = boxes.iter().flat_map(corners).collect();
    let (low, high) = corners
        .iter()
        .fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(low, high), &corner| (low.min(corner), high.max(corner)));
    let center = (low + high) / 2.0;
    let radius = corners.iter().map(|corner| corner.distance(center)).reduce(f64::max)?;
    Some((place::within_reach(center), radius.clamp(1e-6, 1e9)))
}

fn corners(b: &Obb) -> [DVec3; 8] {
    [0, 1, 2, 3, 4, 5, 6, 7].map(|k| {
        let sign = |bit: u32| if k >> bit & 1 == 1 { 1.0 } else { -1.0 };
        b.center + b.axes * (b.half * DVec3::new(sign(0), sign(1), sign(2)))
    })
}

/// From how far a ball of this radius, in the middle of the picture, is seen with a radius of `tangent` at a distance of 1.
///
/// The cone around a ball from a distance `d` has the half angle `a` with `sin a = r / d`, and what it cuts out of the picture has the radius
/// `tan a`: so `d = r / sin a = r sqrt(1 + 1 / tan^2 a)`.
pub(super) fn distance(radius: f64, tangent: f64) -> f64 {
    radius * (1.0 + 1.0 / (tangent * tangent)).sqrt()
}
