//! A file as a recipe wants it: in another unit, another frame, another size, another pose than its own.

use std::collections::BTreeMap;

use glam::{DAffine3, DMat3, DVec3};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use super::model::MAX_COORDINATE;
use super::{Model, Part};
use crate::mesh::Mesh;

/// What one unit of a file's coordinates is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Unit {
    /// 1 m, as glTF has it.
    #[default]
    Metres,
    /// 0.01 m.
    Centimetres,
    /// 0.001 m.
    Millimetres,
    /// 0.0254 m.
    Inches,
    /// 0.3048 m.
    Feet,
}

impl Unit {
    /// Its length.
    pub fn metres(self) -> f64 {
        match self {
            Self::Metres => 1.0,
            Self::Centimetres => 0.01,
            Self::Millimetres => 0.001,
            Self::Inches => 0.0254,
            Self::Feet => 0.3048,
        }
    }
}

/// Which axis of a file points up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum UpAxis {
    /// +X: a quarter turn about +Z brings it to +Y.
    X,
    /// +Y, as glTF has it.
    #[default]
    Y,
    /// +Z, as most CAD programs have it: a quarter turn about -X brings it to +Y, and -Y to +Z.
    Z,
}

impl UpAxis {
    /// Ours from the file's.
    fn rotation(self) -> DMat3 {
        match self {
            Self::X => DMat3::from_cols(DVec3::Y, DVec3::NEG_X, DVec3::Z),
            Self::Y => DMat3::IDENTITY,
            Self::Z => DMat3::from_cols(DVec3::X, DVec3::NEG_Z, DVec3::Y),
        }
    }
}

/// Which point of a file becomes the origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Pivot {
    /// Its own origin.
    #[default]
    Origin,
    /// The middle of its bounding box.
    Center,
    /// The middle of the lower face of its bounding box.
    Base,
}

/// Which length of a file's bounding box becomes how long, metres. The other two follow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Fit {
    /// The longest edge.
    Longest(f64),
    /// From corner to corner.
    Diagonal(f64),
    /// The edge along x.
    X(f64),
    /// Its height.
    Y(f64),
    /// The edge along z.
    Z(f64),
}

impl Fit {
    /// What it becomes, metres.
    pub fn length(self) -> f64 {
        let (Self::Longest(length) | Self::Diagonal(length) | Self::X(length) | Self::Y(length) | Self::Z(length)) =
            self;
        length
    }

    fn of(self, size: DVec3) -> f64 {
        match self {
            Self::Longest(_) => size.max_element(),
            Self::Diagonal(_) => size.length(),
            Self::X(_) => size.x,
            Self::Y(_) => size.y,
            Self::Z(_) => size.z,
        }
    }
}

/// How a file is to be taken. The same on both sides of sampling, as `Made` is: a recipe holds `Taken<Scalar>`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken<N = f64> {
    /// Its unit.
    pub unit: Unit,
    /// Its axis that points up.
    pub up: UpAxis,
    /// What becomes the origin. Bounding boxes are those of the file as it stands, whatever animation and morph targets make of it:
    /// else a figure would change its size with its pose.
    pub pivot: Pivot,
    /// Its size.
    pub fit: Option<Fit>,
    /// Name of an animation.
    pub animation: Option<String>,
    /// Where in the animation: 0 is its beginning, 1 its end.
    pub time: N,
    /// Weights of morph targets, by name; they win over the animation's.
    pub morphs: BTreeMap<String, N>,
    /// How the animation goes on from there, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playing: Option<Playing<N>>,
}

/// How an animation plays.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Playing<N = f64> {
    /// 1 is as it was made; negative is backwards.
    pub speed: N,
    /// Where in the animation it begins: [`Taken::time`] at the scene's beginning. (0 in a recipe.)
    pub begin: f64,
    /// How long the animation is at a speed of 1, seconds. (0 in a recipe.)
    pub length: f64,
}

/// One file, and how it is taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileShape {
    /// Its path.
    pub path: String,
    /// How.
    pub taken: Taken,
}

impl<N> Taken<N> {
    /// Whether it stands as it does in the file.
    pub fn is_unposed(&self) -> bool {
        self.animation.is_none() && self.morphs.is_empty()
    }

    fn is_unmoved(&self) -> bool {
        self.unit == Unit::Metres && self.up == UpAxis::Y && self.pivot == Pivot::Origin && self.fit.is_none()
    }
}

impl FileShape {
    /// What is wrong with its numbers, if anything is: a scene file may hold any.
    ///
    /// # Errors
    /// In words.
    pub fn validate(&self) -> Result<(), String> {
        let taken = &self.taken;
        if taken.fit.is_some_and(|fit| !(1e-6..=1e6).contains(&fit.length())) {
            return Err("`fit` of `shape` must lie from 1e-6 to 1e6".into());
        }
        if !(0.0..=1.0).contains(&taken.time) {
            return Err("`time` of `shape` must lie from 0 to 1".into());
        }
        if !taken.morphs.values().all(|weight| weight.abs() <= MOST_MORPH) {
            return Err(format!("`morphs` of `shape` must lie from -{MOST_MORPH} to {MOST_MORPH}"));
        }
        if let Some(Playing { speed, begin, length }) = &taken.playing {
            let good = (0.0..=1.0).contains(begin) && (0.0..=1e9).contains(length) && speed.abs() <= 1e6;
            if !good || taken.animation.is_none() {
                return Err(
                    "`playing` of `shape` needs an `animation`, a `begin` from 0 to 1, and numbers that are not huge"
                        .into(),
                );
            }
        }
        Ok(())
    }
}

/// Weights of morph targets lie within this; 0 to 1 is what they are made for.
pub const MOST_MORPH: f64 = 100.0;

/// `posed` in the frame that `taken` asks for; `resting` is the file as it stands.
///
/// # Errors
/// It cannot be made to fit, or lies too far away then.
pub(super) fn moved(posed: Model, resting: &Model, taken: &Taken) -> Result<Model, String> {
    if taken.is_unmoved() {
        return Ok(posed);
    }
    let turn = taken.up.rotation();
    let corners = (turn * resting.min, turn * resting.max);
    let (min, max) = (corners.0.min(corners.1), corners.0.max(corners.1));
    let scale = match taken.fit {
        None => taken.unit.metres(),
        Some(fit) => {
            let is = fit.of(max - min);
            if is <= 0.0 || !is.is_finite() {
                return Err("it has no extent along the edge that `fit` names; name another one".into());
            }
            fit.length() / is
        }
    };
    let pivot = match taken.pivot {
        Pivot::Origin => DVec3::ZERO,
        Pivot::Center => (min + max) / 2.0,
        Pivot::Base => DVec3::new((min.x + max.x) / 2.0, min.y, (min.z + max.z) / 2.0),
    };
    let place = DAffine3::from_mat3_translation(turn * scale, -pivot * scale);
    let mut model = Model { parts: Vec::with_capacity(posed.parts.len()), ..posed };
    for part in posed.parts {
        let mesh = carried(&part.mesh, place, turn)?;
        model.parts.push(Part { mesh: Arc::new(mesh), ..part });
    }
    let bounds = model.parts.iter().filter_map(|part| part.mesh.bounds()).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    (model.min, model.max) = bounds.ok_or("it has no triangles")?;
    for point in model.keypoints.values_mut() {
        *point = place.transform_point3(*point);
    }
    Ok(model)
}

/// A mesh moved by `place`, whose rotation is `turn`.
fn carried(mesh: &Mesh, place: DAffine3, turn: DMat3) -> Result<Mesh, String> {
    let mut mesh = mesh.clone();
    for p in &mut mesh.positions {
        let q = place.transform_point3(DVec3::from_array(p.map(f64::from)));
        if !q.is_finite() || q.abs().max_element() > f64::from(MAX_COORDINATE) {
            return Err(format!("its unit or size brings it beyond {MAX_COORDINATE} m"));
        }
        *p = q.as_vec3().to_array();
    }
    let turned = |v: [f32; 3]| (turn * DVec3::from_array(v.map(f64::from))).as_vec3().to_array();
    mesh.normals.iter_mut().for_each(|n| *n = turned(*n));
    for t in &mut mesh.tangents {
        let [x, y, z] = turned([t[0], t[1], t[2]]);
        *t = [x, y, z, t[3]];
    }
    Ok(mesh)
}
