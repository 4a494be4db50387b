//! Places on a surface, evenly by area, and along paths.

use glam::{DQuat, DVec3};

use super::ground::{Base, Ground};
use super::{Body, Candidate, Group, Pose, World, within_reach};
use crate::recipe::{Align, Surface};
use crate::scene::random::{self, Key, quantile};

/// The faces of an instance that are not too steep, in the world.
#[derive(Debug)]
pub(super) struct Faces {
    triangles: Vec<[DVec3; 3]>,
    /// Area of all triangles up to and with each.
    areas: Vec<f64>,
}

impl Faces {
    /// Those whose normal is at most `slope` degrees from straight up.
    pub(super) fn of(body: &Body, pose: &Pose, slope: f64) -> Self {
        let steepest = libm::cos(slope.to_radians());
        let mut faces = Self { triangles: Vec::new(), areas: Vec::new() };
        let mut total = 0.0;
        for triangle in body.solid.triangles(body.scale) {
            let [a, b, c] = triangle.map(|p| pose.position + pose.rotation * p);
            let normal = (b - a).cross(c - a);
            let area = normal.length() / 2.0;
            // A right angle takes in walls whatever the rounding.
            if area > 0.0 && normal.y >= 2.0 * area * (steepest - 1e-12) {
                total += area;
                faces.triangles.push([a, b, c]);
                faces.areas.push(total);
            }
        }
        faces
    }

    /// A point, evenly by area, and the normal there.
    fn point(&self, key: &Key) -> Option<(DVec3, DVec3)> {
        let total = *self.areas.last()?;
        let mut stream = key.stream();
        let at = stream.uniform(0.0, total);
        let index = self.areas.partition_point(|&area| area <= at).min(self.areas.len() - 1);
        let [a, b, c] = self.triangles[index];
        // Evenly over a triangle: a square folded along its diagonal.
        let (mut u, mut v) = (stream.unit(), stream.unit());
        if u + v > 1.0 {
            (u, v) = (1.0 - u, 1.0 - v);
        }
        Some((a + (b - a) * u + (c - a) * v, (b - a).cross(c - a).normalize_or(DVec3::Y)))
    }
}

impl World<'_> {
    pub(super) fn on_surface(
        &self,
        name: &str,
        place: &Surface,
        group: &Group<'_>,
        body: &Body,
        key: &Key,
        attempt: &Key,
    ) -> Option<Candidate> {
        let slope = place.slope.to_bits();
        let (room, point, normal) = match &place.clusters {
            None => {
                let &(_, room) = self.choose(&place.support, attempt)?;
                let (point, normal) = self.surfaces.get(&(room, slope))?.point(&attempt.name("position"))?;
                (room, point, normal)
            }
            Some((clusters, spread)) => {
                let clusters_key = group.key.name("place").name("clusters");
                let count = random::scalar(clusters, &clusters_key).round().clamp(1.0, 1e6);
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped and whole")]
                let count = count as u64;
                let own = clusters_key.item(quantile::below(key.name("cluster").unit(), count));
                let &(_, room) = self.choose(&place.support, &own)?;
                let (center, _) = self.surfaces.get(&(room, slope))?.point(&own)?;
                let [x, z] = attempt.name("position").units().map(quantile::standard_normal);
                let off = DVec3::new(x * spread, 0.0, z * spread);
                let obb = self.rooms.get_box(room);
                let top = obb.center.y + obb.world_half().y + 1.0;
                let start = DVec3::new(center.x + off.x, top, center.z + off.z);
                let thing = self.rooms.get(room);
                let most = 2.0 * obb.world_half().y + 2.0;
                let hit = thing.body.exact().ray(&thing.pose, start, DVec3::NEG_Y, most)?;
                if hit.normal.y < libm::cos(place.slope.to_radians()) - 1e-12 {
                    return None;
                }
                (room, start - DVec3::Y * hit.distance, hit.normal)
            }
        };
        let up = match place.align {
            Align::Up => DVec3::Y,
            Align::Normal => normal,
        };
        let yaw = random::angle(&place.yaw, &attempt.name("yaw"));
        let rotation = (DQuat::from_rotation_arc(DVec3::Y, up) * DQuat::from_rotation_y(yaw)).normalize();
        let ground = Ground { up, ..self.ground_at(room) };
        // From a little above the place itself, so that what hangs over it elsewhere does not catch it.
        let half = body.half();
        let above = half.y + body.size();
        let middle = point + up * above;
        let pose = Pose { position: within_reach(middle - rotation * body.middle()), rotation };
        let pose = self.facing(&group.recipe.relations, body, pose);
        if place.radius > 0.0 {
            let near = |&(_, other): &(u64, usize)| {
                let thing = self.rooms.get(other);
                let foot = |body: &Body, pose: &Pose| {
                    pose.position + pose.rotation * (body.middle() - DVec3::Y * body.half().y)
                };
                foot(thing.body, &thing.pose).distance(point) < place.radius
            };
            if self.of(name).iter().any(near) {
                return None;
            }
        }
        let most = body.size() * 2.0 + half.y + place.sink;
        ground.let_down(body, pose, most, place.sink, Base::Whole)
    }
}

/// Where number `number` of `count` stands on a path, and the unit direction of the path there; `None` beyond its end.
pub(super) fn on_path(path: &[[f64; 3]], step: Option<f64>, number: u64, count: u64) -> Option<(DVec3, DVec3)> {
    let points: Vec<DVec3> = path.iter().copied().map(DVec3::from_array).collect();
    let length: f64 = points.windows(2).map(|pair| pair[0].distance(pair[1])).sum();
    let mut left = match step {
        Some(step) => step * number as f64,
        None => length * (number as f64 + 0.5) / count.max(1) as f64,
    };
    for pair in points.windows(2) {
        let part = pair[0].distance(pair[1]);
        // A step that divides the path ends at its end, whatever rounding makes of it.
        if part > 0.0 && left <= part + 1e-9 * length {
            let direction = (pair[1] - pair[0]) / part;
            return Some((pair[0] + direction * left.min(part), direction));
        }
        left -= part;
    }
    None
}
