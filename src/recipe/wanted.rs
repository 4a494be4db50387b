//! What scenes and the dataset as a whole have to show, and how the dataset is split.
//!
//! Things are named by object group or by category: a name means the instances of the group that is called so, and those of the
//! category that is called so.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::expression::Expression;
use super::{
    CameraRecipe, EnvironmentRecipe, FovAxis, LensRecipe, LightRecipe, ParameterRecipe, PoseRecipe, Recipe, RigRecipe,
    Scalar, SunPlaceRecipe, Varied,
};
use crate::scene::Prepared;

/// Everything of a recipe that decides which of its possible scenes are taken.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// What every scene has to show.
    pub require: Vec<Requirement>,
    /// What the dataset as a whole has to show, by name.
    pub coverage: BTreeMap<String, Contract>,
    /// How it is split.
    pub splits: Option<Splits>,
    /// What follows from these for each seed, worked out once.
    pub prepared: Prepared,
}

/// What every scene has to show; scenes that do not are drawn again.
#[derive(Debug, Clone, PartialEq)]
pub struct Requirement {
    /// Of what: names of object groups and categories. Never empty.
    pub of: Vec<String>,
    /// What has to hold.
    pub condition: Condition,
    /// Of how many of them.
    pub which: Which,
    /// In which camera; `None` means in each.
    pub camera: Option<String>,
}

/// What has to hold of an instance in the picture of a camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Condition {
    /// The whole of it is within the image, at least `margin` pixels from its edges (negative: may be cut off by so many).
    InView {
        /// Pixels.
        margin: f64,
    },
    /// The height of its box, pixels.
    Height {
        /// At least.
        min: f64,
        /// At most.
        max: f64,
    },
    /// The width of its box, pixels.
    Width {
        /// At least.
        min: f64,
        /// At most.
        max: f64,
    },
    /// At least this share of its pixels within the image is seen.
    Visible {
        /// 0..=1.
        least: f64,
    },
}

/// Of how many instances something has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Which {
    /// Of each.
    #[default]
    All,
    /// Of at least one.
    Any,
}

/// What the dataset as a whole has to show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contract {
    /// What.
    pub kind: ContractKind,
    /// Of what: names of object groups and categories. Empty means everything that is labelled.
    pub of: Vec<String>,
    /// In which camera; `None` means all of them together.
    pub camera: Option<String>,
    /// How far a share may be off what is asked for.
    pub within: f64,
}

/// Kinds of contracts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ContractKind {
    /// Heights of boxes.
    BoxHeight(Spread),
    /// Widths of boxes.
    BoxWidth(Spread),
    /// Of the annotated instances, at least a share has at least this visibility.
    Visibility {
        /// 0..=1.
        least: f64,
        /// 0..=1.
        share: f64,
    },
    /// As many annotations of each of these categories.
    Balanced {
        /// At least two names.
        categories: Vec<String>,
    },
    /// This share of the scenes has one of the things in it.
    Share {
        /// 0..=1.
        share: f64,
    },
    /// Of this share of the scenes something is true: of their parameters, of which the variant is one.
    When {
        /// What. In a file it is not: what was counted is, and nothing is counted again.
        #[serde(skip)]
        condition: Option<Arc<Expression>>,
        /// The same, as it is written.
        text: String,
        /// 0..=1.
        share: f64,
    },
}

/// A distribution that sizes of boxes are to have, in bins that it holds equally much of. Boxes beyond its ends do not count.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Whether it is even in the logarithm.
    pub log: bool,
    /// Pixels.
    pub min: f64,
    /// Pixels; greater than `min`.
    pub max: f64,
    /// At least 2.
    pub bins: u32,
}

/// How a dataset is split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Splits {
    /// Share of the scenes of each split, by name; their sum is 1.
    pub shares: BTreeMap<String, f64>,
    /// By split: what occurs in no other one.
    pub held_out: BTreeMap<String, Vec<HeldOut>>,
}

/// Something that occurs in one split only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum HeldOut {
    /// Files whose path, as written in the recipe, fits this pattern: `*` is any text without `/`, `**` any text, `?` one character.
    Asset(String),
    /// A material of the recipe.
    Material(String),
    /// An object group.
    Object(String),
    /// Values of a number of the recipe, by its path of names.
    Region {
        /// Such as `cameras.main.pose.azimuth`.
        path: String,
        /// From here.
        min: f64,
        /// To here, which is not in it.
        max: f64,
    },
}

impl Recipe {
    /// The camera whose numbers are drawn under a name: cameras of a rig are drawn together, by the rig's.
    fn drawn_as(&self, name: &str) -> Option<&CameraRecipe> {
        let mut cameras = self.cameras.iter();
        let key =
            |own: &String, camera: &CameraRecipe| camera.mount.as_ref().map_or(own == name, |mount| mount.rig == name);
        cameras.find(|(own, camera)| key(own, camera)).map(|(_, camera)| camera)
    }

    /// The number that a path of names leads to, and the names that key it. `None` where the path leads to none that is drawn once per
    /// scene.
    pub fn number_at<'r, 'p>(&'r self, path: &'p str) -> Option<(&'r Scalar, Vec<&'p str>)> {
        let mut names: Vec<&str> = path.split('.').collect();
        let number = match names[..] {
            ["cameras", camera, "pose", field] => match (&self.drawn_as(camera)?.pose, field) {
                (PoseRecipe::LookAt { roll, .. } | PoseRecipe::Orbit { roll, .. }, "roll") => roll,
                (PoseRecipe::Frame { roll, .. }, "roll") => roll,
                (PoseRecipe::Orbit { azimuth, .. } | PoseRecipe::Frame { azimuth, .. }, "azimuth") => azimuth,
                (PoseRecipe::Orbit { elevation, .. } | PoseRecipe::Frame { elevation, .. }, "elevation") => elevation,
                (PoseRecipe::Orbit { distance, .. }, "distance") => distance,
                (PoseRecipe::Frame { fill, .. }, "fill") => fill,
                _ => return None,
            },
            ["cameras", camera, "lens", "angle"] => match &self.drawn_as(camera)?.lens {
                LensRecipe::Fov { angle, .. } => angle,
                _ => return None,
            },
            ["objects", object, "count"] => &self.objects.get(object)?.count,
            ["lights", light, field] => match (self.lights.get(light)?, field) {
                (LightRecipe::Sun { elevation, .. }, "elevation") => elevation,
                (LightRecipe::Sun { azimuth, .. }, "azimuth") => azimuth,
                (LightRecipe::Sun { illuminance, .. }, "illuminance") => illuminance,
                (
                    LightRecipe::Point { flux, .. } | LightRecipe::Spot { flux, .. } | LightRecipe::Area { flux, .. },
                    "flux",
                ) => flux,
                (LightRecipe::Rig(rig), "flux") => match &**rig {
                    RigRecipe::KeyFillRim { flux, .. } | RigRecipe::Torch { flux, .. } => flux,
                    RigRecipe::CeilingPanels { .. } => return None, // one for each panel
                },
                _ => return None,
            },
            ["environment", field] => match (&self.environment, field) {
                (
                    Varied::One(
                        EnvironmentRecipe::Color { strength, .. }
                        | EnvironmentRecipe::Gradient { strength, .. }
                        | EnvironmentRecipe::Hdri { strength, .. },
                    ),
                    "strength",
                ) => strength,
                (Varied::One(EnvironmentRecipe::Hdri { yaw, .. }), "yaw") => yaw,
                (Varied::One(EnvironmentRecipe::Sky(sky)), field) => match (&sky.sun, field) {
                    (_, "strength") => &sky.strength,
                    (_, "yaw") => &sky.yaw,
                    (_, "turbidity") => &sky.turbidity,
                    (SunPlaceRecipe::Direction { elevation, .. }, "elevation") => elevation,
                    (SunPlaceRecipe::Direction { azimuth, .. }, "azimuth") => azimuth,
                    (SunPlaceRecipe::Clock { latitude, .. }, "latitude") => latitude,
                    (SunPlaceRecipe::Clock { day, .. }, "day") => day,
                    (SunPlaceRecipe::Clock { hour, .. }, "hour") => hour,
                    _ => return None,
                },
                _ => return None,
            },
            ["parameters", name] => match self.parameters.iter().find(|(other, _)| other == name)? {
                (_, ParameterRecipe::Number(number)) => number,
                _ => return None,
            },
            _ => return None,
        };
        // The angle of a lens is drawn under the name of the side that it spans.
        if let ["cameras", camera, "lens", "angle"] = names[..]
            && let LensRecipe::Fov { axis, .. } = &self.cameras.get(camera)?.lens
            && let Some(last) = names.last_mut()
        {
            *last = match axis {
                FovAxis::Vertical => "vertical",
                FovAxis::Horizontal => "horizontal",
            };
        }
        Some((number, names))
    }
}

/// Whether a path fits a pattern: `*` is any text without `/`, `**` any text, `?` one character but `/`.
pub fn fits(pattern: &str, path: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    // Row by row of the usual table, so that no pattern takes longer than its length times the path's.
    let mut reached = vec![false; pattern.len() + 1];
    reached[0] = true;
    let star = |k: usize| pattern[k] == '*';
    let pass_stars = |reached: &mut Vec<bool>| {
        for k in 0..pattern.len() {
            reached[k + 1] |= reached[k] && star(k);
        }
    };
    pass_stars(&mut reached);
    for c in path.chars() {
        let mut next = vec![false; pattern.len() + 1];
        for k in (0..pattern.len()).filter(|&k| reached[k]) {
            match pattern[k] {
                '*' => {
                    let double = pattern.get(k + 1) == Some(&'*') || (k > 0 && pattern[k - 1] == '*');
                    next[k] |= double || c != '/';
                }
                '?' => next[k + 1] |= c != '/',
                literal => next[k + 1] |= literal == c,
            }
        }
        pass_stars(&mut next);
        reached = next;
    }
    reached[pattern.len()]
}
