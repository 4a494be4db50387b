//! Triangles before a camera, and what they are where a ray meets them.

use glam::{DMat3, DQuat, DVec2, DVec3, DVec4};
use scenewright::assets::Library;
use scenewright::frame::Owner;
use scenewright::mesh::{Mesh, shapes};
use scenewright::scene::{Camera, Instance, Material, Scene};

use super::look::{Look, Spot};
use super::{Pixels, project};

/// One part of one instance.
pub(super) struct Surface {
    pub(super) owner: Owner,
    pub(super) look: Look,
    pub(super) triangles: Vec<[u32; 3]>,
    vertices: Vec<Vertex>,
    /// Whether the instance's scale turns it inside out, so that its triangles run clockwise.
    mirrored: bool,
    world_from_camera: DQuat,
}

struct Vertex {
    /// In the camera's frame: x right, y up, looking down -z.
    eye: DVec3,
    /// In the instance's own frame, before its scale.
    own: DVec3,
    /// Unit, in the world.
    normal: DVec3,
    /// Unit, in the world.
    tangent: DVec3,
    /// The bitangent is this times `normal x tangent`.
    handedness: f64,
    spot: Spot,
}

/// Where a ray meets a surface.
pub(super) struct Meeting {
    triangle: [u32; 3],
    /// How much each corner has of it; their sum is 1.
    weights: [f64; 3],
    /// Whether it is met from behind.
    back: bool,
    pub(super) depth: f64,
    /// Depth, or range along a unit ray: what is nearer is before.
    pub(super) along: f64,
}

/// Directions within an angle of one.
pub(super) struct Cone {
    axis: DVec3,
    /// Radians.
    radius: f64,
}

impl Cone {
    /// Around some directions, and what lies between them: everything where they are all around.
    pub(super) fn around(directions: &[DVec3]) -> Self {
        let axis = directions.iter().sum::<DVec3>().normalize_or_zero();
        let cosine = directions.iter().map(|direction| direction.dot(axis)).fold(1.0, f64::min);
        // A cap of less than half a sphere is convex: it holds what lies between points in it.
        Self { axis, radius: if cosine > 0.1 { libm::acos(cosine) + 1e-6 } else { 4.0 } }
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        libm::acos(self.axis.dot(other.axis).clamp(-1.0, 1.0)) <= self.radius + other.radius
    }
}

/// One for each part of each instance, in the order of the frame's owners, those that labels see through included.
pub(super) fn surfaces(scene: &Scene, library: &Library, camera: &Camera) -> Vec<Surface> {
    let mut surfaces = Vec::new();
    for (position, instance) in (0..).zip(&scene.instances) {
        let owner = |part| Owner { instance: position, id: instance.id, part };
        let bumpy = |material| library.look(material).unwrap().needs_tangents();
        match library.model(&instance.shape, instance.material.as_ref().is_some_and(bumpy)) {
            Some(model) => {
                for (number, part) in (1..).zip(&model.parts) {
                    let look = Look::of_part(instance, part, library);
                    surfaces.push(Surface::new(owner(number), look, &part.mesh, DVec3::ONE, instance, camera));
                }
            }
            None => {
                let (key, size) = shapes::key_and_scale(&instance.shape).unwrap();
                let look = Look::of_recipe(&instance.material.clone().unwrap_or_else(Material::default), library);
                surfaces.push(Surface::new(owner(1), look, &shapes::build(&key), size, instance, camera));
            }
        }
    }
    surfaces
}

impl Surface {
    /// `size` brings the mesh to the size of the instance's shape.
    fn new(owner: Owner, look: Look, mesh: &Mesh, size: DVec3, instance: &Instance, camera: &Camera) -> Self {
        let vector = |v: [f32; 3]| DVec3::from(v.map(f64::from));
        let mirrored = instance.scale.x * instance.scale.y * instance.scale.z < 0.0;
        let mesh_scale = size * instance.scale;
        let vertices = (0..mesh.positions.len())
            .map(|k| {
                let own = vector(mesh.positions[k]) * size;
                let world = instance.rotation * (own * instance.scale) + instance.position;
                // Where there are none, nothing looks at them.
                let [tx, ty, tz, tw] = mesh.tangents.get(k).map_or([1.0, 0.0, 0.0, 1.0], |t| t.map(f64::from));
                Vertex {
                    eye: camera.rotation.inverse() * (world - camera.position),
                    own,
                    // Normals stay square to what is stretched: the inverse transpose of rotation times scale.
                    normal: (instance.rotation * (vector(mesh.normals[k]) / mesh_scale)).normalize(),
                    tangent: (instance.rotation * (DVec3::new(tx, ty, tz) * mesh_scale)).normalize(),
                    // A mirror image of a right-handed frame is a left-handed one.
                    handedness: if mirrored { -tw } else { tw },
                    spot: Spot {
                        uv: [mesh.uvs.get(k), mesh.uvs1.get(k)]
                            .map(|uv| uv.map_or(DVec2::ZERO, |uv| DVec2::from(uv.map(f64::from)))),
                        color: mesh.colors.get(k).map_or(DVec4::ONE, |rgba| DVec4::from(rgba.map(f64::from))),
                    },
                }
            })
            .collect();
        let triangles = mesh.indices.chunks_exact(3).map(|t| [t[0], t[1], t[2]]).collect();
        Self { owner, look, triangles, vertices, mirrored, world_from_camera: camera.rotation }
    }

    fn corners(&self, triangle: &[u32; 3]) -> [&Vertex; 3] {
        triangle.map(|k| &self.vertices[k as usize])
    }

    /// Where the ray from the camera's centre along `direction` (one metre of depth) meets a triangle, if a surface is there.
    ///
    /// After Woop, Benthin and Wald, "Watertight Ray/Triangle Intersection" (2013): sheared along the ray, the question is in
    /// which order the corners stand around the origin. Triangles with a common edge come to the same number for it, so that
    /// no ray passes between them.
    pub(super) fn meet(&self, triangle: &[u32; 3], direction: DVec3) -> Option<Meeting> {
        let corners = self.corners(triangle);
        let [a, b, c] = corners.map(|v| v.eye.truncate() + direction.truncate() * v.eye.z);
        let areas = [b.perp_dot(c), c.perp_dot(a), a.perp_dot(b)];
        let area: f64 = areas.iter().sum();
        if area == 0.0 || (areas.iter().any(|&e| e < 0.0) && areas.iter().any(|&e| e > 0.0)) {
            return None;
        }
        // Counter-clockwise seen from the camera is the front.
        let back = (area < 0.0) != self.mirrored;
        let weights = areas.map(|e| e / area);
        let depth = -mix(corners.map(|v| v.eye), weights).z;
        let meeting = Meeting { triangle: *triangle, weights, back, depth, along: depth };
        (depth > 0.0 && (!back || self.look.double_sided) && self.look.exists(&self.spot(&meeting))).then_some(meeting)
    }

    /// The same along a unit vector, wherever that goes: the frame is turned so that it goes down -z, more or less.
    pub(super) fn meet_along(&self, triangle: &[u32; 3], ray: DVec3) -> Option<Meeting> {
        let most = ray.abs().max_element();
        // Turns, and no mirror images: what is counter-clockwise stays so.
        let turn = |v: DVec3| match ray.abs().to_array().iter().position(|&x| x == most) {
            Some(0) if ray.x < 0.0 => DVec3::new(v.y, v.z, v.x),
            Some(0) => DVec3::new(v.y, -v.z, -v.x),
            Some(1) if ray.y < 0.0 => DVec3::new(v.z, v.x, v.y),
            Some(1) => DVec3::new(v.z, -v.x, -v.y),
            _ if ray.z < 0.0 => v,
            _ => DVec3::new(v.x, -v.y, -v.z),
        };
        let direction = turn(ray) / most;
        let corners = self.corners(triangle);
        let [a, b, c] = corners.map(|v| turn(v.eye)).map(|v| v.truncate() + direction.truncate() * v.z);
        let areas = [b.perp_dot(c), c.perp_dot(a), a.perp_dot(b)];
        let area: f64 = areas.iter().sum();
        if area == 0.0 || (areas.iter().any(|&e| e < 0.0) && areas.iter().any(|&e| e > 0.0)) {
            return None;
        }
        let back = (area < 0.0) != self.mirrored;
        let weights = areas.map(|e| e / area);
        let point = mix(corners.map(|v| v.eye), weights);
        let along = point.dot(ray);
        let meeting = Meeting { triangle: *triangle, weights, back, depth: -point.z, along };
        (along > 0.0 && (!back || self.look.double_sided) && self.look.exists(&self.spot(&meeting))).then_some(meeting)
    }

    /// What holds every ray that may meet a triangle.
    pub(super) fn cone(&self, triangle: &[u32; 3]) -> Cone {
        Cone::around(&self.corners(triangle).map(|v| v.eye.normalize_or_zero()))
    }

    /// The pixels of `canvas` whose rays may meet what is of a triangle beyond the near plane: the box around it, and a pixel
    /// more on all sides for rounding.
    pub(super) fn reach(&self, triangle: &[u32; 3], camera: &Camera, canvas: &Pixels) -> Pixels {
        let corners = self.corners(triangle).map(|v| v.eye);
        // That part's own corners: the triangle's, and where its edges pass through the near plane.
        let beyond = |point: DVec3| -point.z - camera.near;
        let mut points: Vec<DVec3> = corners.into_iter().filter(|&p| beyond(p) >= 0.0).collect();
        for (p, q) in [(corners[0], corners[1]), (corners[1], corners[2]), (corners[2], corners[0])] {
            if (beyond(p) < 0.0) != (beyond(q) < 0.0) {
                points.push(p.lerp(q, beyond(p) / (beyond(p) - beyond(q))));
            }
        }
        let pixels = points.iter().map(|&point| project(camera, point));
        let (low, high) = pixels.fold((DVec2::INFINITY, DVec2::NEG_INFINITY), |(l, h), p| (l.min(p), h.max(p)));
        let within = |range: &std::ops::Range<i32>, low: f64, high: f64| {
            // `as` stops at the ends of i32.
            let start = ((low - 1.0) as i32).max(range.start);
            start..((high + 1.0).ceil() as i32).min(range.end).max(start)
        };
        if points.is_empty() {
            return [0..0, 0..0];
        }
        [within(&canvas[0], low.x.floor(), high.x), within(&canvas[1], low.y.floor(), high.y)]
    }

    /// Unit, in the world, towards the camera's side.
    pub(super) fn geometric_normal(&self, meeting: &Meeting) -> DVec3 {
        let [a, b, c] = self.corners(&meeting.triangle).map(|v| v.eye);
        let counter_clockwise = (b - a).cross(c - a).normalize();
        let outwards = if self.mirrored { -counter_clockwise } else { counter_clockwise };
        self.world_from_camera * turned(outwards, meeting)
    }

    /// Unit, in the world: interpolated, and bent by the normal map where there is one.
    pub(super) fn shaded_normal(&self, meeting: &Meeting) -> DVec3 {
        let corners = self.corners(&meeting.triangle);
        // MikkTSpace wants the interpolated vectors as they are, not made unit again.
        let normal = mix(corners.map(|v| v.normal), meeting.weights);
        let tangent = mix(corners.map(|v| v.tangent), meeting.weights);
        let bitangent = corners[0].handedness * normal.cross(tangent);
        let bent = match self.look.tangent_space_normal(&self.spot(meeting)) {
            Some(map) => DMat3::from_cols(tangent, bitangent, normal) * map,
            None => normal,
        };
        turned(bent.normalize(), meeting)
    }

    /// The first set, before tiling.
    pub(super) fn uv(&self, meeting: &Meeting) -> DVec2 {
        self.spot(meeting).uv[0]
    }

    pub(super) fn spot(&self, meeting: &Meeting) -> Spot {
        let [a, b, c] = self.corners(&meeting.triangle).map(|v| v.spot);
        let [u, v, w] = meeting.weights;
        let set = |k: usize| a.uv[k] * u + b.uv[k] * v + c.uv[k] * w;
        Spot { uv: [set(0), set(1)], color: a.color * u + b.color * v + c.color * w }
    }

    /// In the instance's own frame, before its scale.
    pub(super) fn coordinates(&self, meeting: &Meeting) -> DVec3 {
        mix(self.corners(&meeting.triangle).map(|v| v.own), meeting.weights)
    }
}

fn mix([a, b, c]: [DVec3; 3], [u, v, w]: [f64; 3]) -> DVec3 {
    a * u + b * v + c * w
}

/// The normal of a back is that of its front, reversed (as glTF has it).
fn turned(normal: DVec3, meeting: &Meeting) -> DVec3 {
    if meeting.back { -normal } else { normal }
}
