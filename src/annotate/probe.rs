//! Places where an instance has to be seen, if anything is: from its shape alone, before anything is drawn.
//!
//! The audit casts rays at them. They say nothing of what is seen elsewhere, so a few of them are enough, and what a label does not
//! show as it stands (cut-outs, surfaces that labels see through or that blend) has none.

use std::collections::BTreeMap;
use std::sync::Arc;

use glam::DVec3;

use crate::assets::{Library, Model};
use crate::scene::{Instance, Material, Shape, SurfaceLabels};

/// A place of an instance's surface, in the instance's own frame before its scale, metres.
#[derive(Debug, Clone, PartialEq)]
pub enum Probe {
    /// Some neighbouring triangles. A ray that meets one of them from the front meets a surface there, or one before it.
    Patch {
        /// Corners, counter-clockwise seen from outside. The middle of the first one is what rays are aimed at.
        triangles: Vec<[DVec3; 3]>,
        /// Whether the backs of the triangles are surfaces too.
        double_sided: bool,
    },
    /// An ellipsoid along the axes, inside of a closed surface. A ray from outside that meets it meets the surface before.
    Core {
        /// Its middle.
        center: DVec3,
        /// Half its size along each axis.
        radii: DVec3,
    },
}

/// Triangles of a patch of a model: enough that it is larger than a pixel where one triangle is smaller.
const PATCH: usize = 48;
/// How many triangles of a model are looked at, evenly over its list: a scene is made ready in well under a millisecond per model,
/// however many triangles it has.
const LOOKED_AT: usize = 4096;
/// Patches that start from triangles evenly over a model's list, besides the largest triangle of each direction.
const EVENLY: usize = 16;
/// How much smaller cores are than the true shape: circles are polygons with 48 corners, spheres have 24 bands, so that their flat
/// parts are up to `1 - cos(pi / 48)^2`, 0.4 %, inside of it.
const INSCRIBED: f64 = 0.98;

/// The probes of many instances; those that look alike share them.
#[derive(Debug, Default)]
pub(super) struct Probes {
    known: BTreeMap<String, Arc<[Probe]>>,
}

impl Probes {
    /// Of an instance. A model that is not in `library` has none.
    pub(super) fn of(&mut self, instance: &Instance, library: &Library) -> Arc<[Probe]> {
        let material = instance.material.as_ref();
        let shown = material.map(|material| (shows_itself(material), material.double_sided));
        let key = format!("{:?} {shown:?} {:?}", instance.shape, instance.see_through);
        let make = || match library.geometry(&instance.shape) {
            Some(model) => of_model(&model, instance),
            None if material.is_some_and(|material| !shows_itself(material)) => Vec::new(),
            None => of_primitive(&instance.shape, material.is_some_and(|material| material.double_sided)),
        };
        self.known.entry(key).or_insert_with(|| make().into()).clone()
    }
}

fn shows_itself(material: &Material) -> bool {
    material.alpha_mask.is_none() && material.labels == SurfaceLabels::Solid
}

fn of_primitive(shape: &Shape, double_sided: bool) -> Vec<Probe> {
    let core = |radii: DVec3| Probe::Core { center: DVec3::ZERO, radii: radii * INSCRIBED };
    match *shape {
        Shape::Box(size) => {
            let half = size / 2.0;
            let faces = [DVec3::X, DVec3::Y, DVec3::Z].into_iter().flat_map(|normal| [normal, -normal]);
            let mut probes = vec![core(half)];
            probes.extend(faces.map(|normal| {
                // Any right-handed frame whose third axis is the normal will do.
                let right = DVec3::new(normal.z.abs(), normal.x.abs(), normal.y.abs());
                rectangle(normal * half, right * half, normal.cross(right) * half, double_sided)
            }));
            probes
        }
        Shape::Plane(size) => {
            let (right, up) = (DVec3::X * size.x / 2.0, DVec3::NEG_Z * size.y / 2.0);
            vec![rectangle(DVec3::ZERO, right, up, double_sided)]
        }
        Shape::Sphere(radius) => vec![core(DVec3::splat(radius))],
        Shape::Cylinder { radius, height } => vec![core(DVec3::new(radius, height / 2.0, radius))],
        Shape::Cone { radius, height } => {
            // The circle inscribed in a triangle of base 2 and height 1 has the radius area / half its girth = 1 / (1 + sqrt 2);
            // stretched by radius and height it is inside of the cone.
            let inner = std::f64::consts::SQRT_2 - 1.0;
            let center = DVec3::Y * height * (inner - 0.5);
            vec![Probe::Core { center, radii: DVec3::new(radius, height, radius) * inner * INSCRIBED }]
        }
        // p = (r sin t, (h / 2 + r) cos t) of the ellipse is never outside of the capsule: where it is above the cylinder by d,
        // its distance to the axis squared is r^2 (1 - ((h / 2 + d) / (h / 2 + r))^2) <= r^2 - d^2.
        Shape::Capsule { radius, height } => vec![core(DVec3::new(radius, height / 2.0 + radius, radius))],
        Shape::Torus { major_radius, minor_radius } => (0..8)
            .map(|k| {
                // Where the ring has a corner its tube is as thick as it should be; a segment that goes on from there at
                // pi / 48 is off by 0.065 of the tube's radius where the ball ends.
                let (sin, cos) = libm::sincos(std::f64::consts::TAU * f64::from(k) / 8.0);
                let center = DVec3::new(sin, 0.0, cos) * major_radius;
                Probe::Core { center, radii: DVec3::splat(0.85 * minor_radius) }
            })
            .collect(),
        Shape::Gltf(_) | Shape::File(_) | Shape::Made(_) => Vec::new(),
    }
}

fn rectangle(center: DVec3, right: DVec3, up: DVec3, double_sided: bool) -> Probe {
    let [a, b, c, d] = [center - right - up, center + right - up, center + right + up, center - right + up];
    Probe::Patch { triangles: vec![[a, b, c], [a, c, d]], double_sided }
}

fn of_model(model: &Model, instance: &Instance) -> Vec<Probe> {
    let shown: Vec<_> = model
        .parts
        .iter()
        .filter(|part| match part.replaced_by(instance) {
            Some(material) => shows_itself(material),
            None => part.material.alpha_mask.is_none() && !part.is_seen_through(instance),
        })
        .collect();
    let total: usize = shown.iter().map(|part| part.mesh.indices.len() / 3).sum();
    let step = total.div_ceil(LOOKED_AT).max(1);
    let every = total.div_ceil(EVENLY).max(1);

    // Where patches begin: (part, triangle).
    let mut seeds: Vec<(usize, usize)> = Vec::new();
    let mut largest: BTreeMap<[i8; 3], (f64, (usize, usize))> = BTreeMap::new();
    let mut first = 0;
    for (p, part) in shown.iter().enumerate() {
        let count = part.mesh.indices.len() / 3;
        seeds.extend((first..first + count).filter(|n| n % every == 0).map(|n| (p, n - first)));
        for n in (first..first + count).filter(|n| n % step == 0) {
            let Some([a, b, c]) = triangle(&part.mesh, n - first) else { continue };
            let normal = (b - a).cross(c - a);
            let area = normal.length();
            let direction = normal.to_array().map(|axis| if axis.abs() < 0.4 * area { 0 } else { sign(axis) });
            let entry = largest.entry(direction).or_insert((0.0, (p, n - first)));
            if area > entry.0 {
                *entry = (area, (p, n - first));
            }
        }
        first += count;
    }
    let largest = largest.into_values().filter(|(area, _)| *area > 0.0).map(|(_, seed)| seed);
    let patch = |(p, seed): (usize, usize)| {
        let part = shown.get(p)?;
        let mesh = &part.mesh;
        // Neighbours in the list are nearly always neighbours in space.
        let start = seed.saturating_sub(PATCH / 2);
        let others = (start..start + PATCH).filter(|&n| n != seed).filter_map(|n| triangle(mesh, n));
        let triangles: Vec<_> = triangle(mesh, seed).into_iter().chain(others).collect();
        let replaced = part.replaced_by(instance).map(|material| material.double_sided);
        Some(Probe::Patch { triangles, double_sided: replaced.unwrap_or(part.material.double_sided) })
    };
    largest.chain(seeds).filter_map(patch).collect()
}

fn sign(value: f64) -> i8 {
    if value < 0.0 { -1 } else { 1 }
}

fn triangle(mesh: &crate::mesh::Mesh, number: usize) -> Option<[DVec3; 3]> {
    let corners = mesh.indices.get(3 * number..3 * number + 3)?;
    let mut points = [DVec3::ZERO; 3];
    for (point, &index) in points.iter_mut().zip(corners) {
        *point = DVec3::from_array(mesh.positions.get(index as usize)?.map(f64::from));
    }
    Some(points)
}
