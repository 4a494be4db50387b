//! How much a shape may ask for, by its words alone: recipes are held to it when they are checked, scene files when they are read.

use super::outline::Outline;
use super::plant::{Limit, MOST_ANGLE};
use super::{Made, Terms};
use crate::scene::Material;

/// The most triangles of one shape.
pub const MAX_TRIANGLES: usize = 1_000_000;
/// The most points of a profile, an outline or a path.
pub const MAX_POINTS: usize = 1000;
/// The longest text, characters.
pub const MAX_TEXT: usize = 200;
/// The most copies along one axis or on a circle.
pub const MAX_COPIES: f64 = 1000.0;

/// Corners of the circles of shapes that do not say how many they want.
pub(super) const ROUND: u32 = 48;
/// Bends of letters by less than this are round in the light, radians.
pub(super) const LETTER_SMOOTH: f64 = 0.6;
/// Triangles of a primitive, at most.
pub(super) const PRIMITIVE: f64 = 2400.0;
/// Edges are no longer divided where there would be more triangles than this.
pub(super) const DIVIDED: usize = 250_000;
/// Triangles of a letter, for reckoning.
const LETTER: f64 = 3000.0;
/// Triangles of the parts of a mesh that are finer where they are round, at most.
const BEVELS: f64 = 2.0 * (2.0 * 4.0 + 100.0);

impl<N: Terms> Outline<N> {
    /// Points, at most.
    fn count(&self) -> f64 {
        match self {
            Self::Polygon { points, curve } => {
                points.len() as f64 * if *curve { f64::from(super::curve::STEPS) } else { 1.0 }
            }
            Self::Regular { sides, .. } => sides.most().max(f64::from(ROUND)),
            Self::Star { points, .. } => 2.0 * points.most(),
            Self::Rectangle { .. } => 36.0,
        }
    }
}

impl<N: Terms> Made<N> {
    /// How many triangles it has, at most, but for those of files in it.
    pub fn triangles(&self) -> f64 {
        let steps = |curve: bool| if curve { f64::from(super::curve::STEPS) } else { 1.0 };
        match self {
            Self::Superellipsoid { .. } => 4096.0,
            Self::RoundedBox { .. } => 6.0 * 13.0 * 13.0 * 2.0,
            Self::RoundedCylinder { .. } => 16.0 * 96.0,
            Self::Tube { .. } => 8.0 * 96.0,
            Self::Lathe { profile, curve, segments, .. } => {
                (profile.len() as f64 * steps(*curve) + 2.0) * 2.0 * f64::from(*segments)
            }
            Self::Extrude { outline, holes, twist, .. } => {
                let points = outline.count() + holes.iter().map(Outline::count).sum::<f64>();
                points * (BEVELS.min(24.0) + 24.0 * twist.most().abs().min(1e3))
            }
            Self::Sweep { outline, path, curve, .. } => {
                outline.count() * 2.0 * (2.0 * path.len() as f64 * steps(*curve) + 2.0)
            }
            Self::Text { text, .. } => N::letters(text) as f64 * LETTER,
            Self::Terrain { resolution, .. } => 2.0 * f64::from(*resolution) * f64::from(*resolution),
            Self::Rock { detail, .. } | Self::Blob { detail, .. } => 12.0 * f64::from(*detail) * f64::from(*detail),
            Self::Bone { .. } => 2.0 * 64.0 * 48.0,
            // It stops dividing where there is no more room.
            Self::Displaced { shape, .. } => N::triangles(shape).max(1.0),
            Self::Plant(plant) => plant.triangles(),
            Self::Group(members) => members.values().map(|member| N::triangles(&member.shape)).sum(),
            Self::Array { shape, count, .. } => count.iter().map(N::most).product::<f64>() * N::triangles(shape),
            Self::Ring { shape, count, .. } => count.most() * N::triangles(shape),
        }
    }

    /// How many copies of files it has, at most: what [`Made::triangles`] does not know.
    fn copies(&self) -> f64 {
        match self {
            Self::Array { count, .. } => count.iter().map(N::most).product(),
            Self::Ring { count, .. } => count.most(),
            _ => 1.0,
        }
    }
}

impl Made {
    /// What is wrong with its numbers, if anything is: a scene file may hold any.
    ///
    /// # Errors
    /// In words.
    pub fn validate(&self) -> Result<(), String> {
        let within = |name: &str, value: f64, min: f64, max: f64| {
            let good = (min..=max).contains(&value);
            if good { Ok(()) } else { Err(format!("`{name}` of `shape` must lie from {min:e} to {max:e}")) }
        };
        let length = |name: &str, value: f64| within(name, value, LEAST, MOST);
        let lengths = |name: &str, values: &[f64]| values.iter().try_for_each(|&value| length(name, value));
        let number = |name: &str, value: f64| within(name, value, -MOST, MOST);
        let count = |name: &str, value: f64, min: f64, max: f64| {
            within(name, value, min, max)?;
            if value == value.round() { Ok(()) } else { Err(format!("`{name}` of `shape` must be a whole number")) }
        };
        let small = |name: &str, value: u32, min: u32, max: u32| within(name, value.into(), min.into(), max.into());
        let points = |name: &str, len: usize, least: usize| {
            let good = (least..=MAX_POINTS).contains(&len);
            if good { Ok(()) } else { Err(format!("`{name}` of `shape` needs from {least} to {MAX_POINTS} points")) }
        };
        match self {
            Self::Superellipsoid { size, vertical, horizontal } => {
                lengths("size", size)?;
                within("vertical", *vertical, 0.05, 2.0)?;
                within("horizontal", *horizontal, 0.05, 2.0)?;
            }
            Self::RoundedBox { size, radius } => {
                lengths("size", size)?;
                length("radius", *radius)?;
            }
            Self::RoundedCylinder { radius, height, edge } => lengths("shape", &[*radius, *height, *edge])?,
            Self::Tube { outer, inner, height } => {
                lengths("shape", &[*outer, *inner, *height])?;
                if inner >= outer {
                    return Err("a tube needs `inner` below `outer`".into());
                }
            }
            Self::Lathe { profile, smooth, segments, .. } => {
                points("profile", profile.len(), 2)?;
                for [r, y] in profile {
                    within("profile", *r, 0.0, MOST)?;
                    number("profile", *y)?;
                }
                within("smooth", *smooth, 0.0, 4.0)?;
                small("segments", *segments, 3, MAX_SEGMENTS)?;
            }
            Self::Extrude { outline, holes, height, bevel, twist, taper, smooth } => {
                outline.validate()?;
                points("holes", holes.len(), 0)?;
                holes.iter().try_for_each(Outline::validate)?;
                length("height", *height)?;
                within("bevel", *bevel, 0.0, MOST)?;
                within("twist", *twist, -MAX_TWIST, MAX_TWIST)?;
                within("taper", *taper, LEAST_TAPER, MOST_TAPER)?;
                within("smooth", *smooth, 0.0, 4.0)?;
            }
            Self::Sweep { outline, path, taper, twist, smooth, .. } => {
                outline.validate()?;
                points("path", path.len(), 2)?;
                path.iter().flatten().try_for_each(|&x| number("path", x))?;
                within("twist", *twist, -MAX_TWIST, MAX_TWIST)?;
                within("taper", *taper, LEAST_TAPER, MOST_TAPER)?;
                within("smooth", *smooth, 0.0, 4.0)?;
            }
            Self::Text { text, height, depth, bevel, .. } => {
                lengths("shape", &[*height, *depth])?;
                within("bevel", *bevel, 0.0, MOST)?;
                if text.chars().count() > MAX_TEXT {
                    return Err(format!("`text` of `shape` has at most {MAX_TEXT} characters"));
                }
            }
            Self::Terrain { size, height, feature_size, octaves, resolution, .. } => {
                lengths("size", size)?;
                within("height", *height, 0.0, MOST)?;
                length("feature_size", *feature_size)?;
                small("octaves", *octaves, 1, MAX_OCTAVES)?;
                small("resolution", *resolution, 1, MAX_RESOLUTION)?;
            }
            Self::Rock { size, roughness, facets, detail, .. } => {
                lengths("size", size)?;
                within("roughness", *roughness, 0.0, 1.0)?;
                count("facets", *facets, 0.0, MAX_FACETS)?;
                small("detail", *detail, 2, MAX_DETAIL)?;
            }
            Self::Blob { radius, amplitude, feature_size, stretch, octaves, detail, .. } => {
                lengths("shape", &[*radius, *feature_size])?;
                within("amplitude", *amplitude, 0.0, *radius)?;
                stretch.iter().try_for_each(|&s| within("stretch", s, LEAST_TAPER, MOST_TAPER))?;
                small("octaves", *octaves, 1, MAX_OCTAVES)?;
                small("detail", *detail, 2, MAX_DETAIL)?;
            }
            Self::Bone { length: long, radius, knob, roughness, .. } => {
                lengths("shape", &[*long, *radius])?;
                within("knob", *knob, 1.0, 5.0)?;
                within("roughness", *roughness, 0.0, 0.5)?;
            }
            Self::Displaced { shape, amplitude, feature_size, octaves, detail, .. } => {
                shape.validate()?;
                within("amplitude", *amplitude, 0.0, MOST)?;
                length("feature_size", *feature_size)?;
                small("octaves", *octaves, 1, MAX_OCTAVES)?;
                small("detail", *detail, 1, 32)?;
            }
            Self::Plant(plant) => {
                small("levels", plant.levels, 0, MAX_LEVELS)?;
                let number = |name: &'static str, value: &f64, limit| {
                    match limit {
                        Limit::Length => length(name, *value),
                        Limit::Count(most) => count(name, *value, 0.0, most),
                        Limit::Angle => within(name, *value, 0.0, MOST_ANGLE),
                        Limit::Within(min, max) => within(name, *value, min, max),
                    }?;
                    Ok::<_, String>(*value)
                };
                let look = |_: &'static str, material: &Option<Material>| {
                    material.as_ref().map_or(Ok(()), Material::validate)?;
                    Ok(None)
                };
                plant.each::<f64, _>(number, look, plant.seed)?;
            }
            Self::Group(members) => {
                if members.is_empty() {
                    return Err("a `Group` needs a part".into());
                }
                for (name, member) in members {
                    member.validate().map_err(|reason| format!("part `{name}`: {reason}"))?;
                }
            }
            Self::Array { shape, count: counts, step } => {
                shape.validate()?;
                counts.iter().try_for_each(|&n| count("count", n, 1.0, MAX_COPIES))?;
                step.iter().try_for_each(|&x| number("step", x))?;
            }
            Self::Ring { shape, count: n, radius } => {
                shape.validate()?;
                count("count", *n, 1.0, MAX_COPIES)?;
                within("radius", *radius, 0.0, MOST)?;
            }
        }
        if self.triangles() > MAX_TRIANGLES as f64 || self.copies() > MAX_TRIANGLES as f64 {
            return Err(format!("`shape` has more than {MAX_TRIANGLES} triangles"));
        }
        Ok(())
    }
}

/// Lengths, metres.
pub(super) const LEAST: f64 = 1e-6;
pub(super) const MOST: f64 = 1e9;
/// Corners of a circle.
pub(crate) const MAX_SEGMENTS: u32 = 512;
/// Ten turns, radians.
pub(crate) const MAX_TWIST: f64 = 63.0;
/// Sizes over sizes.
pub(crate) const LEAST_TAPER: f64 = 0.01;
pub(crate) const MOST_TAPER: f64 = 100.0;
pub(crate) const MAX_OCTAVES: u32 = 8;
pub(crate) const MAX_RESOLUTION: u32 = 512;
pub(crate) const MAX_FACETS: f64 = 200.0;
pub(crate) const MAX_DETAIL: u32 = 128;
pub(crate) const MAX_LEVELS: u32 = 3;
pub(crate) const MAX_BRANCHES: f64 = 100.0;
/// Corners of a polygon, tips of a star.
pub(crate) const MAX_SIDES: f64 = 200.0;

impl Outline {
    fn validate(&self) -> Result<(), String> {
        let bad = |what: &str| Err(format!("an outline of `shape` {what}"));
        let length = |x: f64| (LEAST..=MOST).contains(&x);
        let number = |x: f64| x.abs() <= MOST;
        let (turn, at) = match self {
            Self::Polygon { points, .. } => {
                let good = (3..=MAX_POINTS).contains(&points.len()) && points.iter().flatten().all(|&x| number(x));
                return if good { Ok(()) } else { bad("needs three points or more, within reach") };
            }
            Self::Regular { sides, radius, turn, at } => {
                let round = *sides == 0.0;
                if !(round || (3.0..=MAX_SIDES).contains(sides) && *sides == sides.round()) || !length(*radius) {
                    return bad("needs 3 sides or more, or 0 for a circle, and a radius");
                }
                (turn, at)
            }
            Self::Star { points, outer, inner, turn, at } => {
                let good = (2.0..=MAX_SIDES).contains(points) && *points == points.round();
                if !good || !length(*outer) || !length(*inner) {
                    return bad("needs 2 tips or more, and two radii");
                }
                (turn, at)
            }
            Self::Rectangle { size, radius, turn, at } => {
                if !size.iter().all(|&x| length(x)) || !(0.0..=MOST).contains(radius) {
                    return bad("needs edges, and a radius of 0 or more");
                }
                (turn, at)
            }
        };
        if number(*turn) && at.iter().all(|&x| number(x)) { Ok(()) } else { bad("is out of reach") }
    }
}

impl super::Member {
    fn validate(&self) -> Result<(), String> {
        self.shape.validate()?;
        if let Some(material) = &self.material {
            material.validate()?;
        }
        crate::scene::validate_pose(self.position, self.rotation, self.scale)
    }
}
