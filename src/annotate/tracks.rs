//! Points of labelled instances that are followed through a clip.
//!
//! Of each instance there are [`POINTS`], spread over its surface by area, drawn by the instance's own path of names: they do not depend on the
//! camera, on the frame or on what else there is. A point is a place on a triangle, so that it stays on its material where an animation
//! moves the triangles. In each frame it is [`Visible`](Seen::Visible) by the rule of [`flow`](super::flow), [`Hidden`](Seen::Hidden) or
//! [`Absent`](Seen::Absent): not in the image.

use std::sync::Arc;

use glam::DVec3;

use super::{Seen, Subject, flow};
use crate::assets::Library;
use crate::frame::Frame;
use crate::mesh::{Mesh, shapes};
use crate::scene::random::Key;
use crate::scene::{Instance, Scene, Shape};

/// Points of each instance.
pub const POINTS: u32 = 32;

/// A followed point in one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackPoint {
    /// Of which instance.
    pub instance_id: u32,
    /// Its number, from 0.
    pub point: u32,
    /// Where it is, continuous pixels; 0 where it is absent.
    pub x: f64,
    /// See `x`.
    pub y: f64,
    /// Whether it is seen.
    pub seen: Seen,
}

/// Every followed point in a frame. `None` where the scene asks for none.
pub fn tracks(subject: &Subject, frame: &Frame) -> Option<Vec<TrackPoint>> {
    let camera = subject.scene.cameras.get(frame.camera)?;
    let points = subject.points.as_ref()?;
    let mut found = Vec::new();
    for (instance, points) in subject.scene.instances.iter().zip(points.iter()) {
        let world_from_instance = instance.world_from_instance();
        for (point, own) in (0..).zip(points.iter()) {
            let look = flow::look(camera, world_from_instance.transform_point3(*own), frame);
            let (x, y, seen) = match look {
                Some((place, true)) => (place.x, place.y, Seen::Visible),
                Some((place, false)) => (place.x, place.y, Seen::Hidden),
                None => (0.0, 0.0, Seen::Absent),
            };
            found.push(TrackPoint { instance_id: instance.id, point, x, y, seen });
        }
    }
    Some(found)
}

/// The points of each instance of a scene in its own frame, before its scale; none of what has no label.
pub(super) fn points(scene: &Scene, library: &Library) -> Arc<[Vec<DVec3>]> {
    let key = Key::new(scene.seed, scene.index).name("tracks");
    // Where triangles move, those of the beginning say which points there are.
    let beginning = scene.instances.iter().any(|instance| instance.shape.plays()).then(|| scene.at(0.0));
    let of = |(number, instance): (usize, &Instance)| {
        if instance.id == 0 {
            return Vec::new();
        }
        let now = triangles(&instance.shape, library);
        let first = beginning.as_ref().and_then(|scene| scene.instances.get(number));
        let drawn = match first.filter(|_| instance.shape.plays()) {
            Some(first) => triangles(&first.shape, library),
            None => now.clone(),
        };
        // Neither has triangles that the other lacks: only their corners move.
        if drawn.len() != now.len() {
            return Vec::new();
        }
        let key = key.name(&instance.object).item(u64::from(instance.number));
        spread(&drawn, instance.scale, &key)
            .into_iter()
            .map(|(k, [u, v, w])| {
                let [a, b, c] = now[k];
                a * u + b * v + c * w
            })
            .collect()
    };
    scene.instances.iter().enumerate().map(of).collect()
}

/// Its triangles, in its own frame.
fn triangles(shape: &Shape, library: &Library) -> Vec<[DVec3; 3]> {
    let of = |mesh: &Mesh, size: DVec3| {
        let corner = |i: u32| mesh.positions.get(i as usize).map(|p| DVec3::from_array(p.map(f64::from)) * size);
        let corners = |t: &[u32]| Some([corner(t[0])?, corner(t[1])?, corner(t[2])?]);
        mesh.indices.chunks_exact(3).filter_map(corners).collect::<Vec<_>>()
    };
    match library.geometry(shape) {
        Some(model) => model.parts.iter().flat_map(|part| of(&part.mesh, DVec3::ONE)).collect(),
        None => shapes::key_and_scale(shape).map_or(Vec::new(), |(key, size)| of(&shapes::surface(&key), size)),
    }
}

/// Places on triangles, evenly by area at a scale: which triangle, and the shares of its corners.
fn spread(triangles: &[[DVec3; 3]], scale: DVec3, key: &Key) -> Vec<(usize, [f64; 3])> {
    let mut sum = 0.0;
    let below: Vec<f64> = triangles
        .iter()
        .map(|[a, b, c]| {
            sum += ((*b - *a) * scale).cross((*c - *a) * scale).length();
            sum
        })
        .collect();
    if sum <= 0.0 || !sum.is_finite() {
        return Vec::new();
    }
    (0..POINTS)
        .map(|point| {
            let mut stream = key.item(u64::from(point)).stream();
            let at = stream.unit() * sum;
            let k = below.partition_point(|&below| below <= at).min(triangles.len() - 1);
            // Evenly within a triangle (Osada et al., "Shape Distributions", 2002).
            let (root, t) = (stream.unit().sqrt(), stream.unit());
            (k, [1.0 - root, root * (1.0 - t), root * t])
        })
        .collect()
}
