//! Shapes as bodies that take up room: how far apart two are, how deep one is in another, what a ray or a falling body meets.
//!
//! A [`Solid`] is a shape before its scale, an [`Exact`] one at its scale. Boxes, balls, cylinders, cones and capsules are exact, and so
//! is what is convex; a ring is 48 capsules in a circle, which hold its drawn triangles; everything else is its triangles.
//! What lies flat is a thin box, so that no two flat things lie in one plane.
//!
//! All answers come from parry (the geometry of rapier), in double precision and with `libm`'s functions: the same bits everywhere.
//! This is the one place where its vectors meet ours: they are of another version of `glam`.

mod pieces;
mod surface;

pub use surface::Surface;

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::sync::{Arc, OnceLock};

use glam::{DQuat, DVec3};
use rapier3d_f64::parry::mass_properties::MassProperties;
use rapier3d_f64::parry::math::{Pose as Placed, Rotation, Vector};
use rapier3d_f64::parry::query::{self, ClosestPoints, Ray, ShapeCastOptions};
use rapier3d_f64::parry::shape::{Compound, ConvexPolyhedron, SharedShape, TriMesh};

use crate::assets::Library;
use crate::mesh::shapes::{self, local_bounds};
use crate::scene::Shape;

/// A thing whose thickness is less than this share of half its longest side is flat: it takes up so much room below itself.
pub const FLAT: f64 = 2e-3;

/// Capsules of a ring: as many as its drawn triangles have corners about the axis.
const RING: u32 = shapes::SEGMENTS;

/// Ways that are tried to part two bodies, and how often the length of one is halved.
const WAYS: u32 = 64;
const HALVINGS: u32 = 3;

/// What lies flat and is in more pieces than these is one box.
const MOST_ISLANDS: usize = 256;

/// Of this many directions, the lowest points of a base are kept.
const BASE_DIRECTIONS: u32 = 12;

/// A shape as a body, in its own frame and before its scale.
#[derive(Debug)]
pub struct Solid {
    kind: Kind,
    bounds: (DVec3, DVec3),
    /// At its own size, which most are: made once, however many stand there.
    exact: OnceLock<Arc<Exact>>,
    /// Its mass at its own size and with a density of 1, and how that is spread.
    mass: OnceLock<MassProperties>,
    /// What it stands on, at its own size.
    base: OnceLock<Vec<DVec3>>,
}

#[derive(Debug)]
enum Kind {
    Primitive(Shape),
    Triangles(Box<Triangles>),
}

/// A body of triangles.
struct Triangles {
    points: Vec<DVec3>,
    indices: Vec<[u32; 3]>,
    /// Worked out when it is wanted: what is convex is its hull instead.
    mesh: OnceLock<Option<TriMesh>>,
    /// Where it is convex.
    hull: Option<ConvexPolyhedron>,
    /// Convex bodies that together fill it, worked out when they are wanted.
    pieces: OnceLock<Vec<ConvexPolyhedron>>,
    /// Bounding boxes of what hangs together, worked out when they are wanted.
    islands: OnceLock<Vec<(DVec3, DVec3)>>,
}

impl std::fmt::Debug for Triangles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Triangles({} points, {} triangles)", self.points.len(), self.indices.len())
    }
}

/// A solid at its scale, in its own frame.
#[derive(Clone)]
pub struct Exact {
    shape: SharedShape,
    /// Where `shape` stands in the frame of the body.
    offset: Placed,
    /// Triangles alone, without an inside of their own.
    hollow: Option<Arc<Vec<[DVec3; 3]>>>,
    bounds: (DVec3, DVec3),
}

impl std::fmt::Debug for Exact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Exact({:?}, {:?})", self.shape.shape_type(), self.bounds)
    }
}

/// Where a body is: world from its own frame, without its scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stand {
    /// Origin of its frame in the world.
    pub position: DVec3,
    /// World from its frame.
    pub rotation: DQuat,
}

/// What a ray meets first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// How far along it, metres.
    pub distance: f64,
    /// Unit normal of the surface, against the ray.
    pub normal: DVec3,
}

fn ours(v: Vector) -> DVec3 {
    DVec3::from_array(v.to_array())
}

fn theirs(v: DVec3) -> Vector {
    Vector::from_array(v.to_array())
}

impl Stand {
    /// As parry writes it.
    pub(crate) fn pose(&self) -> Placed {
        let [x, y, z, w] = self.rotation.to_array();
        Placed::from_parts(theirs(self.position), Rotation::from_xyzw(x, y, z, w))
    }

    /// From what parry writes.
    pub(crate) fn from_pose(pose: &Placed) -> Self {
        let [x, y, z, w] = pose.rotation.to_array();
        Self { position: ours(pose.translation), rotation: DQuat::from_xyzw(x, y, z, w).normalize() }
    }
}

impl Solid {
    /// The body of `shape`; `None` where it needs a model that `library` does not have.
    pub fn of(shape: &Shape, library: &Library) -> Option<Arc<Self>> {
        if !matches!(shape, Shape::Gltf(_) | Shape::Made(_)) && shapes::key_and_scale(shape).is_some() {
            return Some(Arc::new(Self::new(Kind::Primitive(shape.clone()), local_bounds(shape, library)?)));
        }
        let make = || {
            let model = library.geometry(shape).ok_or(())?;
            let mut points = Vec::new();
            let mut indices = Vec::new();
            for part in &model.parts {
                let first = u32::try_from(points.len()).map_err(drop)?;
                points.extend(part.mesh.positions.iter().map(|p| DVec3::from_array(p.map(f64::from))));
                indices.extend(part.mesh.indices.chunks_exact(3).map(|t| [t[0] + first, t[1] + first, t[2] + first]));
            }
            let bytes = points.len() * 120 + indices.len() * 200;
            let triangles = Triangles::new(points, indices).ok_or(())?;
            Ok::<_, ()>((Self::new(Kind::Triangles(Box::new(triangles)), (model.min, model.max)), bytes))
        };
        library.made.solids.get_or_make(&format!("{shape:?}"), make).ok()
    }

    fn new(kind: Kind, bounds: (DVec3, DVec3)) -> Self {
        Self { kind, bounds, exact: OnceLock::new(), mass: OnceLock::new(), base: OnceLock::new() }
    }

    /// Whether its top is a plane, all over its bounding box.
    pub fn has_flat_top(&self) -> bool {
        matches!(self.kind, Kind::Primitive(Shape::Box(_) | Shape::Plane(_)))
    }

    /// The bounding box at a scale.
    fn scaled_bounds(&self, scale: DVec3) -> (DVec3, DVec3) {
        let (a, b) = (self.bounds.0 * scale, self.bounds.1 * scale);
        (a.min(b), a.max(b))
    }

    /// The boxes that a flat thing takes up at a scale: one for each part of it that hangs together, just below it. `None` for what is
    /// not flat.
    fn flat(&self, scale: DVec3) -> Option<(SharedShape, Placed)> {
        let (min, max) = self.scaled_bounds(scale);
        let half = (max - min) / 2.0;
        let least = FLAT * half.max_element();
        if half.y >= least {
            return None;
        }
        let slab = |(a, b): (DVec3, DVec3)| {
            let (min, max) = (a.min(b), a.max(b));
            let half = (max - min) / 2.0;
            let middle = (min + max) / 2.0 - DVec3::Y * (least - half.y).max(0.0);
            // No box has a side of nothing: a needle is a very thin one.
            let half = DVec3::new(half.x, least, half.z).max(DVec3::splat(least * 1e-3));
            (Placed::from_translation(theirs(middle)), SharedShape::cuboid(half.x, half.y, half.z))
        };
        let islands = match &self.kind {
            Kind::Triangles(triangles) => triangles.islands(),
            Kind::Primitive(_) => &[],
        };
        if (2..=MOST_ISLANDS).contains(&islands.len()) {
            let slabs = islands.iter().map(|&(a, b)| slab((a * scale, b * scale))).collect();
            return Some((SharedShape::new(Compound::new(slabs)), Placed::IDENTITY));
        }
        let (place, slab) = slab((min, max));
        Some((slab, place))
    }

    /// The body at a scale, as it is drawn (round ones rounder).
    pub fn at_scale(&self, scale: DVec3) -> Arc<Exact> {
        if scale == DVec3::ONE {
            return self.exact.get_or_init(|| Arc::new(self.scaled(scale))).clone();
        }
        Arc::new(self.scaled(scale))
    }

    fn scaled(&self, scale: DVec3) -> Exact {
        let bounds = self.scaled_bounds(scale);
        let made = |(shape, offset)| Exact { shape, offset, hollow: None, bounds };
        if let Some(flat) = self.flat(scale) {
            return made(flat);
        }
        match &self.kind {
            Kind::Primitive(shape) => made(primitive(shape, scale).unwrap_or_else(|| box_of(bounds))),
            Kind::Triangles(triangles) => match &triangles.hull {
                Some(hull) => made(
                    resized(hull, scale)
                        .map_or_else(|| box_of(bounds), |hull| (SharedShape::new(hull), Placed::IDENTITY)),
                ),
                None => {
                    let Some(mesh) = triangles.mesh() else { return made(box_of(bounds)) };
                    let shape = SharedShape::new(mesh.clone().scaled(theirs(scale)));
                    let corner = |i: u32| triangles.points[i as usize] * scale;
                    let hollow = triangles.indices.iter().map(|t| t.map(corner)).collect();
                    Exact { shape, offset: Placed::IDENTITY, hollow: Some(Arc::new(hollow)), bounds }
                }
            },
        }
    }

    /// A body that can move: convex, or of convex pieces, and with an inside.
    pub(crate) fn movable(&self, scale: DVec3) -> (SharedShape, Placed) {
        match &self.kind {
            Kind::Triangles(triangles) if self.flat(scale).is_none() => {
                let pieces = triangles.pieces.get_or_init(|| match &triangles.hull {
                    Some(hull) => vec![pieces::fewer(hull, (self.bounds.1 - self.bounds.0).max_element())],
                    None => pieces::of(&triangles.points, &triangles.indices),
                });
                let hulls: Vec<_> = pieces
                    .iter()
                    .filter_map(|piece| Some((Placed::IDENTITY, SharedShape::new(resized(piece, scale)?))))
                    .collect();
                match hulls.len() {
                    0 => box_of(self.scaled_bounds(scale)),
                    1 => (hulls[0].1.clone(), Placed::IDENTITY),
                    _ => (SharedShape::new(Compound::new(hulls)), Placed::IDENTITY),
                }
            }
            _ => {
                let exact = self.at_scale(scale);
                (exact.shape.clone(), exact.offset)
            }
        }
    }

    /// The mass of [`Self::movable`], kg, at a scale and a density in kg/m3, and how it is spread in the frame of its shape.
    pub(crate) fn mass(&self, scale: DVec3, density: f64) -> MassProperties {
        if !is_even(scale) {
            return self.movable(scale).0.mass_properties(density);
        }
        // Worked out once: that of many pieces takes longer than to let them fall. Volume grows with the cube, inertia with the fifth
        // power.
        let mass = self.mass.get_or_init(|| self.movable(DVec3::ONE).0.mass_properties(1.0));
        let heavier = density * scale.x * scale.x * scale.x;
        MassProperties {
            local_com: mass.local_com * scale.x,
            inv_mass: mass.inv_mass / heavier,
            inv_principal_inertia: mass.inv_principal_inertia / (heavier * scale.x * scale.x),
            ..*mass
        }
    }

    /// The triangles of its surface at a scale, counter-clockwise from outside.
    pub fn triangles(&self, scale: DVec3) -> Vec<[DVec3; 3]> {
        let mirrored = scale.x * scale.y * scale.z < 0.0;
        let turn = |[a, b, c]: [DVec3; 3]| if mirrored { [a, c, b] } else { [a, b, c] };
        match &self.kind {
            Kind::Primitive(shape) => {
                let Some((key, size)) = shapes::key_and_scale(shape) else { return Vec::new() };
                shapes::surface(&key).triangles().map(|t| turn(t.map(|p| p * size * scale))).collect()
            }
            Kind::Triangles(triangles) => {
                let corner = |i: u32| triangles.points[i as usize] * scale;
                triangles.indices.iter().map(|t| turn(t.map(corner))).collect()
            }
        }
    }

    /// Points of its underside on which it stands, at a scale: the corners of its base, or the one point that a ball stands on.
    pub fn base(&self, scale: DVec3) -> Vec<DVec3> {
        if scale == DVec3::ONE {
            return self.base.get_or_init(|| self.base_at(scale)).clone();
        }
        self.base_at(scale)
    }

    fn base_at(&self, scale: DVec3) -> Vec<DVec3> {
        let (min, max) = self.scaled_bounds(scale);
        let (middle, half) = ((min + max) / 2.0, (max - min) / 2.0);
        let below = DVec3::new(middle.x, min.y, middle.z);
        let ring = |share: f64| {
            (0..BASE_DIRECTIONS).map(move |k| {
                let (sin, cos) = libm::sincos(TAU * f64::from(k) / f64::from(BASE_DIRECTIONS));
                below + DVec3::new(half.x * cos, 0.0, half.z * sin) * share
            })
        };
        match &self.kind {
            Kind::Primitive(Shape::Box(_) | Shape::Plane(_)) => {
                let corners = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (0.0, 0.0)];
                corners.map(|(x, z)| below + DVec3::new(x * half.x, 0.0, z * half.z)).to_vec()
            }
            Kind::Primitive(Shape::Cylinder { .. }) => ring(1.0).collect(),
            Kind::Primitive(Shape::Cone { .. }) if scale.y > 0.0 => ring(1.0).collect(),
            Kind::Primitive(Shape::Torus { major_radius, minor_radius }) => {
                ring(major_radius / (major_radius + minor_radius)).collect()
            }
            Kind::Primitive(_) => vec![below],
            Kind::Triangles(triangles) => {
                let near = (max - min).max_element() * 1e-3;
                let low: Vec<DVec3> =
                    triangles.points.iter().map(|&p| p * scale).filter(|p| p.y <= min.y + near).collect();
                extremes(&low).into_iter().map(|p| DVec3::new(p.x, min.y, p.z)).collect()
            }
        }
    }
}

/// Of some points, those that reach farthest in a few directions of the xz-plane.
fn extremes(points: &[DVec3]) -> Vec<DVec3> {
    let mut found: Vec<DVec3> = Vec::new();
    for k in 0..BASE_DIRECTIONS {
        let (sin, cos) = libm::sincos(TAU * f64::from(k) / f64::from(BASE_DIRECTIONS));
        let along = |p: &&DVec3| p.x * cos + p.z * sin;
        if let Some(&far) = points.iter().max_by(|a, b| along(a).total_cmp(&along(b)))
            && !found.contains(&far)
        {
            found.push(far);
        }
    }
    found
}

fn box_of((min, max): (DVec3, DVec3)) -> (SharedShape, Placed) {
    let half = ((max - min) / 2.0).max(DVec3::splat(1e-9));
    (SharedShape::cuboid(half.x, half.y, half.z), Placed::from_translation(theirs((min + max) / 2.0)))
}

/// Whether a scale is the same along all axes, and mirrors nothing.
fn is_even(scale: DVec3) -> bool {
    scale.x > 0.0 && scale.x == scale.y && scale.x == scale.z
}

/// A convex body at another scale.
fn resized(hull: &ConvexPolyhedron, scale: DVec3) -> Option<ConvexPolyhedron> {
    if is_even(scale) {
        return hull.clone().scaled(theirs(scale));
    }
    // Normals of unequal scales are not the scaled normals.
    pieces::hull(&hull.points().iter().map(|&p| ours(p) * scale).collect::<Vec<_>>())
}

/// A primitive at a scale; `None` where its numbers make no body.
fn primitive(shape: &Shape, scale: DVec3) -> Option<(SharedShape, Placed)> {
    let size = scale.abs();
    let round = size.x == size.z;
    let even = round && size.x == size.y;
    let here = |shape| Some((shape, Placed::IDENTITY));
    match *shape {
        Shape::Box(edges) => {
            let half = edges * size / 2.0;
            here(SharedShape::cuboid(half.x, half.y, half.z))
        }
        Shape::Sphere(radius) if even => here(SharedShape::ball(radius * size.x)),
        Shape::Cylinder { radius, height } if round => {
            here(SharedShape::cylinder(height * size.y / 2.0, radius * size.x))
        }
        Shape::Cone { radius, height } if round => {
            let cone = SharedShape::cone(height * size.y / 2.0, radius * size.x);
            // Half a turn about x: its tip is down.
            let turn = if scale.y < 0.0 { Rotation::from_xyzw(1.0, 0.0, 0.0, 0.0) } else { Rotation::IDENTITY };
            Some((cone, Placed::from_rotation(turn)))
        }
        Shape::Capsule { radius, height } if even => {
            here(SharedShape::capsule_y(height * size.y / 2.0, radius * size.x))
        }
        Shape::Torus { major_radius, minor_radius } if even => {
            let (major, minor) = (major_radius * size.x, minor_radius * size.x);
            let point = |k: u32| {
                let (sin, cos) = libm::sincos(TAU * f64::from(k) / f64::from(RING));
                Vector::new(major * sin, 0.0, major * cos)
            };
            let links = (0..RING).map(|k| (Placed::IDENTITY, SharedShape::capsule(point(k), point(k + 1), minor)));
            here(SharedShape::new(Compound::new(links.collect())))
        }
        _ => {
            let (key, own) = shapes::key_and_scale(shape)?;
            let mesh = shapes::surface(&key);
            let points: Vec<DVec3> =
                mesh.positions.iter().map(|p| DVec3::from_array(p.map(f64::from)) * own * scale).collect();
            if let Shape::Torus { .. } = shape {
                let vertices = points.into_iter().map(theirs).collect();
                let indices = mesh.indices.chunks_exact(3).map(|t| [t[0], t[1], t[2]]).collect();
                return here(SharedShape::new(TriMesh::new(vertices, indices).ok()?));
            }
            here(SharedShape::new(pieces::hull(&points)?))
        }
    }
}

impl Triangles {
    fn new(points: Vec<DVec3>, indices: Vec<[u32; 3]>) -> Option<Self> {
        let good = |t: &[u32; 3]| t.iter().all(|&i| (i as usize) < points.len());
        if points.iter().any(|p| !p.is_finite()) || !indices.iter().all(good) {
            return None;
        }
        let hull = pieces::convex(&points, &indices);
        Some(Self { points, indices, mesh: OnceLock::new(), hull, pieces: OnceLock::new(), islands: OnceLock::new() })
    }

    fn mesh(&self) -> Option<&TriMesh> {
        let make = || TriMesh::new(self.points.iter().map(|&p| theirs(p)).collect(), self.indices.clone()).ok();
        self.mesh.get_or_init(make).as_ref()
    }

    /// Bounding boxes of what hangs together by common corners; none where there are too many.
    fn islands(&self) -> &[(DVec3, DVec3)] {
        self.islands.get_or_init(|| {
            // Points that are in one place are one point.
            let mut first: BTreeMap<[u64; 3], usize> = BTreeMap::new();
            let same: Vec<usize> = (0..)
                .zip(&self.points)
                .map(|(k, p)| *first.entry(p.to_array().map(|c| (c + 0.0).to_bits())).or_insert(k))
                .collect();
            let mut parent = same.clone();
            fn root(parent: &mut [usize], mut k: usize) -> usize {
                while parent[k] != k {
                    parent[k] = parent[parent[k]];
                    k = parent[k];
                }
                k
            }
            for triangle in &self.indices {
                let [a, b, c] = triangle.map(|i| root(&mut parent, same[i as usize]));
                parent[b.max(a)] = b.min(a);
                let (a, c) = (root(&mut parent, a), root(&mut parent, c));
                parent[a.max(c)] = a.min(c);
            }
            let mut boxes: BTreeMap<usize, (DVec3, DVec3)> = BTreeMap::new();
            for &i in self.indices.iter().flatten() {
                let p = self.points[i as usize];
                let island = root(&mut parent, same[i as usize]);
                let (min, max) = boxes.entry(island).or_insert((p, p));
                (*min, *max) = (min.min(p), max.max(p));
            }
            boxes.into_values().collect()
        })
    }
}

impl Exact {
    fn at(&self, stand: &Stand) -> Placed {
        stand.pose() * self.offset
    }

    /// Least distance between two bodies, metres; 0 where they touch, overlap, or one is within the other.
    pub fn distance(&self, stand: &Stand, other: &Self, there: &Stand) -> f64 {
        let apart = query::distance(&self.at(stand), &*self.shape, &other.at(there), &*other.shape);
        let apart = apart.map_or(0.0, |found| found.distance);
        if apart > 0.0 && (self.holds(stand, other, there) || other.holds(there, self, stand)) { 0.0 } else { apart }
    }

    /// Whether two bodies are at least `spacing` metres apart; where that is 0, whether they neither touch nor overlap. Never so where that
    /// cannot be told.
    pub fn keeps(&self, stand: &Stand, other: &Self, there: &Stand, spacing: f64) -> bool {
        let (here, place) = (self.at(stand), other.at(there));
        let met = if spacing > 0.0 {
            !matches!(
                query::closest_points(&here, &*self.shape, &place, &*other.shape, spacing),
                Ok(ClosestPoints::Disjoint)
            )
        } else {
            let found = query::intersection_test(&here, &*self.shape, &place, &*other.shape);
            !found.is_ok_and(|found| !found.intersecting)
        };
        !met && !self.holds(stand, other, there) && !other.holds(there, self, stand)
    }

    /// How deep two bodies are in each other where they overlap (positive), or how far apart they are (negative), metres; `None` where
    /// they are farther apart than `within`.
    pub fn depth(&self, stand: &Stand, other: &Self, there: &Stand, within: f64) -> Option<f64> {
        let found = query::contact(&self.at(stand), &*self.shape, &other.at(there), &*other.shape, within).ok()?;
        found.map(|contact| -contact.dist)
    }

    /// How deep two bodies are in each other, metres, where that is at most `most`: how far one of them has to be moved until they are
    /// apart, along the first of some directions in which `most` is enough. (What [`Self::depth`] says of two bodies of triangles is the depth of two
    /// of these, which is more where long ones cross.)
    pub fn comes_free(&self, stand: &Stand, other: &Self, there: &Stand, most: f64) -> Option<f64> {
        let found = query::contact(&self.at(stand), &*self.shape, &other.at(there), &*other.shape, 0.0).ok()?;
        let normal = found.map_or(DVec3::Y, |contact| ours(contact.normal1));
        let free = |way: DVec3, far: f64| {
            let moved = Stand { position: stand.position + way * far, ..*stand };
            self.keeps(&moved, other, there, 0.0)
        };
        let way = [normal, -normal].into_iter().chain(spiral(WAYS)).find(|&way| free(way, most))?;
        let (mut low, mut high) = (0.0, most);
        for _ in 0..HALVINGS {
            let middle = (low + high) / 2.0;
            *(if free(way, middle) { &mut high } else { &mut low }) = middle;
        }
        Some(high)
    }

    /// Whether `other` is wholly in the inside of this body of triangles, provided that their surfaces do not meet.
    fn holds(&self, stand: &Stand, other: &Self, there: &Stand) -> bool {
        let Some(triangles) = &self.hollow else { return false };
        // Any point of the other will do.
        let point = other.some_point(there);
        let local = stand.rotation.inverse() * (point - stand.position);
        let (min, max) = self.bounds;
        local.cmpge(min).all() && local.cmple(max).all() && winding(triangles, local).abs() > 0.5
    }

    fn some_point(&self, stand: &Stand) -> DVec3 {
        let local = match &self.hollow {
            Some(triangles) => triangles.first().map_or(DVec3::ZERO, |t| t[0]),
            None => ours(self.offset.translation),
        };
        stand.position + stand.rotation * local
    }

    /// What a ray from `origin` along the unit vector `direction` meets within `most` metres; backs of surfaces count.
    pub fn ray(&self, stand: &Stand, origin: DVec3, direction: DVec3, most: f64) -> Option<Hit> {
        let ray = Ray::new(theirs(origin), theirs(direction));
        let hit = self.shape.cast_ray_and_get_normal(&self.at(stand), &ray, most, false)?;
        Some(Hit { distance: hit.time_of_impact, normal: ours(hit.normal) })
    }

    /// How far this body can move along the unit vector `direction` before it touches `other`; `None` where it does not within `most`.
    pub fn cast(&self, stand: &Stand, direction: DVec3, other: &Self, there: &Stand, most: f64) -> Option<f64> {
        let options = ShapeCastOptions {
            max_time_of_impact: most,
            target_distance: 0.0,
            stop_at_penetration: true,
            compute_impact_geometry_on_penetration: false,
        };
        let (from, to) = (self.at(stand), other.at(there));
        let hit = query::cast_shapes(&from, theirs(direction), &*self.shape, &to, Vector::ZERO, &*other.shape, options);
        hit.ok()?.map(|hit| hit.time_of_impact)
    }

    /// Its parry shape and where that stands in the body's frame.
    pub(crate) fn parts(&self) -> (SharedShape, Placed) {
        (self.shape.clone(), self.offset)
    }

    /// Lower and upper corner of its bounding box, in its own frame.
    pub fn bounds(&self) -> (DVec3, DVec3) {
        self.bounds
    }
}

/// So many directions, evenly over the sphere: a Fibonacci spiral.
fn spiral(count: u32) -> impl Iterator<Item = DVec3> {
    let golden = std::f64::consts::PI * (3.0 - 5.0_f64.sqrt());
    (0..count).map(move |k| {
        let y = 1.0 - 2.0 * (f64::from(k) + 0.5) / f64::from(count);
        let (sin, cos) = libm::sincos(golden * f64::from(k));
        let r = (1.0 - y * y).sqrt();
        DVec3::new(r * cos, y, r * sin)
    })
}

/// How often triangles go round a point: 1 inside of a closed surface, 0 outside. Van Oosterom and Strackee, "The Solid Angle of a
/// Plane Triangle" (1983).
fn winding(triangles: &[[DVec3; 3]], point: DVec3) -> f64 {
    let angle = |t: &[DVec3; 3]| {
        let [a, b, c] = t.map(|p| p - point);
        let (la, lb, lc) = (a.length(), b.length(), c.length());
        let below = la * lb * lc + a.dot(b) * lc + b.dot(c) * la + c.dot(a) * lb;
        2.0 * libm::atan2(a.dot(b.cross(c)), below)
    };
    triangles.iter().map(angle).sum::<f64>() / (2.0 * TAU)
}
