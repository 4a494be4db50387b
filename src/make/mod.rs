//! Geometry made from numbers: what a recipe describes and no file holds.
//!
//! [`Made`] is one enum for both sides of sampling: a recipe holds `Made<Scalar>`, whose numbers may vary, a scene `Made<f64>`, whose
//! numbers are decided. [`Made::draw`] leads from one to the other, and [`build`] from the latter to triangles.
//!
//! Every shape is closed (each edge has a triangle on either side) but [`Made::Terrain`], its outside outside, its normals unit; it has no
//! tangents, which `Library::model` adds where light looks for them. What it costs is known from its words: [`Made::triangles`] holds both recipes and scene files to
//! [`MAX_TRIANGLES`].

mod bone;
mod builder;
mod composite;
mod cube;
mod curve;
mod displaced;
mod draw;
mod field;
mod lathe;
mod limits;
mod loft;
mod outline;
mod plant;
mod superellipsoid;
mod sweep;
mod terms;
mod terrain;
pub mod text;

pub use draw::Stock;
pub use limits::{MAX_COPIES, MAX_POINTS, MAX_TEXT, MAX_TRIANGLES};
pub use outline::Outline;
pub use plant::Plant;
pub use terms::{Stored, Terms};

use std::collections::BTreeMap;

use glam::{DVec2, DVec3};
use serde::{Deserialize, Serialize};

use self::field::Field;
use self::loft::{Ends, Extrusion};
use self::outline::{Region, whole};
use self::text::Align;
use crate::assets::{Library, Model};
use crate::scene::{Material, Shape};

/// Geometry made from numbers, in its own frame: +Y up, metres, angles in radians.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(serialize = "N: Stored", deserialize = "N: Stored"))]
pub enum Made<N: Terms = f64> {
    /// Between box, cylinder, ball and octahedron, centred on the origin (Barr, "Superquadrics and Angle-Preserving
    /// Transformations", 1981).
    Superellipsoid {
        /// Edge lengths of its bounding box.
        size: [N; 3],
        /// Of the profile from pole to pole: 0 is a cylinder's, 1 a ball's, 2 a double cone's.
        vertical: N,
        /// Of the outline seen from above: 0 is square, 1 round, 2 a square on its corner.
        horizontal: N,
    },
    /// A box with rounded edges, centred on the origin.
    RoundedBox {
        /// Edge lengths.
        size: [N; 3],
        /// Of the edges; at most half the shortest edge counts.
        radius: N,
    },
    /// A cylinder about the Y axis with rounded rims, centred on the origin.
    RoundedCylinder {
        /// Of the cylinder.
        radius: N,
        /// Along Y.
        height: N,
        /// Radius of the rims; at most the radius and half the height count.
        edge: N,
    },
    /// A hollow cylinder about the Y axis, centred on the origin.
    Tube {
        /// Outer radius.
        outer: N,
        /// Inner radius; less than `outer`.
        inner: N,
        /// Along Y.
        height: N,
    },
    /// A profile turned about the Y axis, in the profile's own frame.
    Lathe {
        /// Distance from the axis, and height.
        profile: Vec<[N; 2]>,
        /// Whether it is a smooth curve through its points; a point that is listed twice is a corner.
        curve: bool,
        /// Whether its end is joined to its beginning; otherwise flat discs close it.
        closed: bool,
        /// Bends by less than this are round in the light.
        smooth: f64,
        /// Corners of its circles.
        segments: u32,
    },
    /// A flat outline drawn out along +Y, centred on Y = 0. Seen from above, the outline's first axis (X) points right and its second
    /// one (-Z) up.
    Extrude {
        /// What is drawn out.
        outline: Outline<N>,
        /// What is cut out of it; they lie in the outline, apart from each other.
        holes: Vec<Outline<N>>,
        /// How far it is drawn out.
        height: N,
        /// Radius of the rounded edges.
        bevel: N,
        /// How far the top is turned against the bottom.
        twist: N,
        /// Size of the top over that of the bottom.
        taper: N,
        /// Bends of the outline by less than this are round in the light.
        smooth: f64,
    },
    /// An outline led along a path, in the path's own frame.
    Sweep {
        /// Seen against the way, its second axis points up.
        outline: Outline<N>,
        /// Points of the path.
        path: Vec<[N; 3]>,
        /// Whether the path is a smooth curve through its points.
        curve: bool,
        /// Whether it ends where it begins.
        closed: bool,
        /// Size of the outline at the end over that at the beginning; for paths that are not closed.
        taper: N,
        /// How far the outline turns about the path.
        twist: N,
        /// Bends by less than this are round in the light.
        smooth: f64,
    },
    /// Letters, upright, facing +Z, centred on the origin but for `align`.
    Text {
        /// What it says; `\n` begins a new line.
        text: N::Text,
        /// Of a capital letter.
        height: N,
        /// Along Z.
        depth: N,
        /// Radius of rounded edges.
        bevel: N,
        /// Path of a font; `None` for the one that is part of the program.
        font: Option<String>,
        /// Where lines begin.
        align: Align,
    },
    /// Uneven ground about the origin: a surface that faces up, without a lower side.
    Terrain {
        /// Along x and z.
        size: [N; 2],
        /// From the lowest that it may be to the highest.
        height: N,
        /// From hill to hill, about.
        feature_size: N,
        /// Layers of ever finer noise.
        octaves: u32,
        /// Squares along each side.
        resolution: u32,
        /// Of the noise.
        seed: N::Seed,
    },
    /// A stone, centred on the origin.
    Rock {
        /// Edge lengths of its bounding box.
        size: [N; 3],
        /// 0 is worn smooth, 1 broken.
        roughness: N,
        /// How many faces are cut off it.
        facets: N,
        /// Squares along a sixth of it.
        detail: u32,
        /// Of the noise and the faces.
        seed: N::Seed,
    },
    /// A ball that noise bulges, about the origin.
    Blob {
        /// Of the ball.
        radius: N,
        /// How far it bulges, in and out; less than `radius`.
        amplitude: N,
        /// From bulge to bulge, about.
        feature_size: N,
        /// What it is stretched by along each axis.
        stretch: [N; 3],
        /// Layers of ever finer noise.
        octaves: u32,
        /// Squares along a sixth of it.
        detail: u32,
        /// Of the noise.
        seed: N::Seed,
    },
    /// A long bone along the X axis, about the origin.
    Bone {
        /// From end to end.
        length: N,
        /// Of the shaft.
        radius: N,
        /// Width of the heads over that of the shaft.
        knob: N,
        /// Of bumps, in radii.
        roughness: N,
        /// Of the noise.
        seed: N::Seed,
    },
    /// A shape whose surface noise moves in and out.
    Displaced {
        /// Which.
        shape: N::Shape,
        /// How far.
        amplitude: N,
        /// From bump to bump, about.
        feature_size: N,
        /// Layers of ever finer noise.
        octaves: u32,
        /// Edges are divided until none is longer than `feature_size` over this.
        detail: u32,
        /// Of the noise.
        seed: N::Seed,
    },
    /// A plant that stands on the origin, in two parts: `stem`, and `leaves` where it has any.
    Plant(Box<Plant<N>>),
    /// Several shapes as one thing, each a part of its own (or several, where the shape has several), in the order of their names.
    Group(BTreeMap<String, Member<N>>),
    /// Copies in rows, columns and layers about the origin, as one thing.
    Array {
        /// What is copied.
        shape: N::Shape,
        /// Along each axis.
        count: [N; 3],
        /// From one to the next, along each axis.
        step: [N; 3],
    },
    /// Copies on a circle about the Y axis, +Z outwards, as one thing.
    Ring {
        /// What is copied.
        shape: N::Shape,
        /// How many.
        count: N,
        /// Of the circle that their origins lie on.
        radius: N,
    },
}

/// One of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(serialize = "N: Stored", deserialize = "N: Stored"))]
pub struct Member<N: Terms = f64> {
    /// Its geometry.
    pub shape: N::Shape,
    /// Its own material; without one it wears that of the whole.
    pub material: N::Look,
    /// Where its origin is in the group's frame.
    pub position: N::Vector,
    /// From its frame to the group's.
    pub rotation: N::Rotation,
    /// Along its own axes, before the rotation; an odd number of negative ones mirrors it.
    pub scale: N::Scale,
}

/// The triangles of `made`. `library` holds the textures, fonts and models that it names.
///
/// # Errors
/// Why it cannot be, in words for an artist: numbers that `check` lets through and that together make nothing.
pub fn build(made: &Made, library: &Library) -> Result<Model, String> {
    made.validate()?;
    let ring = |rings: &[lathe::Ring], segments| lathe::mesh(rings, segments);
    let mesh = match made {
        Made::Superellipsoid { size, vertical, horizontal } => {
            superellipsoid::mesh((*size).into(), *vertical, *horizontal)
        }
        Made::RoundedBox { size, radius } => cube::rounded_box((*size).into(), *radius),
        Made::RoundedCylinder { radius, height, edge } => {
            let edge = edge.min(0.999 * radius.min(height / 2.0));
            ring(&lathe::rounded_cylinder(*radius, *height, edge, 6), limits::ROUND)
        }
        Made::Tube { outer, inner, height } => ring(&lathe::tube(*outer, *inner, *height), limits::ROUND),
        Made::Lathe { profile, curve, closed, smooth, segments } => {
            let points: Vec<DVec2> = profile.iter().map(|&p| p.into()).collect();
            ring(&lathe::rings(&points, *closed, *curve, *smooth)?, *segments)
        }
        Made::Extrude { outline, holes, height, bevel, twist, taper, smooth } => {
            let extrusion = Extrusion {
                depth: *height,
                bevel: *bevel,
                twist: *twist,
                taper: *taper,
                axes: [DVec3::X, DVec3::NEG_Z, DVec3::Y],
            };
            let region = with_holes(outline, holes)?;
            // Lines are either all points of curves or none: holes are what they are by themselves.
            loft::mesh(&region, &extrusion.stations(), Ends::Capped, outline.is_curve(), *smooth)
        }
        Made::Sweep { outline, path, curve, closed, taper, twist, smooth } => {
            let region = Region::filled(&[outline.points()])?;
            let points: Vec<DVec3> = path.iter().map(|&p| p.into()).collect();
            let (taper, twist) = (*taper, *twist);
            let path = sweep::Path { points: &points, closed: *closed, curved: *curve, taper, twist, smooth: *smooth };
            let (stations, ends) = path.stations()?;
            loft::mesh(&region, &stations, ends, outline.is_curve(), *smooth)
        }
        Made::Text { text, height, depth, bevel, font, align } => {
            let font = library.font(font.as_deref()).ok_or("the font of a `Text` is not loaded")?;
            let letters = text::text_outline(&font, text, *align).letters;
            let contours: Vec<Vec<DVec2>> =
                letters.into_iter().flatten().map(|line| line.into_iter().map(|p| p * *height).collect()).collect();
            let axes = [DVec3::X, DVec3::Y, DVec3::Z];
            let extrusion = Extrusion { depth: *depth, bevel: *bevel, twist: 0.0, taper: 1.0, axes };
            let region = Region::filled(&contours).map_err(|_| "a `Text` has no letters to be seen")?;
            loft::mesh(&region, &extrusion.stations(), Ends::Capped, true, limits::LETTER_SMOOTH)
        }
        Made::Terrain { size, height, feature_size, octaves, resolution, seed } => {
            let field = Field::new(*seed, *feature_size, *octaves);
            terrain::mesh((*size).into(), *height, &field, *resolution)
        }
        Made::Rock { size, roughness, facets, detail, seed } => {
            let key = crate::scene::random::Key::new(u64::from(*seed), 0).name("facets");
            let cuts: Vec<_> = (0..u64::from(whole(*facets)))
                .map(|k| {
                    let mut stream = key.item(k).stream();
                    let way = crate::scene::random::direction([stream.unit(), stream.unit()]);
                    (way, stream.uniform(0.55, 0.95))
                })
                .collect();
            cube::rock((*size).into(), *roughness, &cuts, &Field::new(*seed, 0.9, 5), *detail)
        }
        Made::Blob { radius, amplitude, feature_size, stretch, octaves, detail, seed } => {
            let field = Field::new(*seed, *feature_size, *octaves);
            cube::blob(*radius, (*stretch).into(), *amplitude, &field, *detail)
        }
        Made::Bone { length, radius, knob, roughness, seed } => {
            bone::mesh(*length, *radius, *knob, *roughness, &Field::new(*seed, 2.0 * radius, 3))
        }
        Made::Displaced { shape, amplitude, feature_size, octaves, detail, seed } => {
            let field = Field::new(*seed, *feature_size, *octaves);
            let mut model = composite::model_of(shape, library)?;
            let room = limits::DIVIDED / model.parts.len().max(1);
            for part in &mut model.parts {
                let longest = feature_size / f64::from(*detail);
                let mesh = displaced::mesh(&part.mesh, *amplitude, longest, &field, room);
                part.mesh = std::sync::Arc::new(mesh);
            }
            return composite::model(model.parts, model.keypoints);
        }
        Made::Plant(plant) => return plant::model(plant, library),
        Made::Group(members) => return composite::group(members, library),
        Made::Array { shape, count, step } => {
            return composite::copies(shape, &composite::grid(count.map(whole), (*step).into()), library);
        }
        Made::Ring { shape, count, radius } => {
            return composite::copies(shape, &composite::ring(whole(*count), *radius), library);
        }
    };
    // One part, of the material that a shape has where nothing else is said.
    let part = composite::part("1", mesh, library.look(&Material::default())?);
    composite::model(vec![part], BTreeMap::new())
}

/// An outline less its holes.
fn with_holes(outline: &Outline, holes: &[Outline]) -> Result<Region, String> {
    let mut contours = vec![outline.points()];
    let mut expected = curve::double_area(&contours[0]) / 2.0;
    for hole in holes {
        let mut points = hole.points();
        expected -= curve::double_area(&points) / 2.0;
        points.reverse();
        contours.push(points);
    }
    let region = Region::filled(&contours)?;
    let crossing = (region.area - expected).abs() > 1e-4 * expected.abs();
    if !holes.is_empty() && crossing {
        return Err("a hole of an `Extrude` is not within its outline, or meets another".into());
    }
    Ok(region)
}

impl Made {
    /// The shapes that it is made of.
    pub fn inner(&self) -> Vec<&Shape> {
        match self {
            Self::Displaced { shape, .. } | Self::Array { shape, .. } | Self::Ring { shape, .. } => vec![shape],
            Self::Group(members) => members.values().map(|member| &member.shape).collect(),
            _ => Vec::new(),
        }
    }

    /// The same, to be changed.
    pub fn inner_mut(&mut self) -> Vec<&mut Shape> {
        match self {
            Self::Displaced { shape, .. } | Self::Array { shape, .. } | Self::Ring { shape, .. } => vec![shape],
            Self::Group(members) => members.values_mut().map(|member| &mut member.shape).collect(),
            _ => Vec::new(),
        }
    }

    /// The materials that its own parts have.
    pub fn materials(&self) -> Vec<&Material> {
        match self {
            Self::Plant(plant) => plant.stem_material.iter().chain(&plant.leaf_material).collect(),
            Self::Group(members) => members.values().filter_map(|member| member.material.as_ref()).collect(),
            _ => Vec::new(),
        }
    }

    /// The path of the font that it needs.
    pub fn font(&self) -> Option<&str> {
        match self {
            Self::Text { font, .. } => font.as_deref(),
            _ => None,
        }
    }
}
