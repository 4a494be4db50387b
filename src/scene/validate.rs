//! Does a scene keep what [`Scene`] guarantees? Sampled scenes do; a scene file that was edited by hand may not.

use glam::{DQuat, DVec3};
use std::collections::BTreeSet;

use super::{Camera, Instance, Light, Material, SCENE_VERSION, Scene, Shape};

/// How far a unit vector or quaternion may be off length 1: text keeps all digits, people do not.
const UNIT_TOLERANCE: f64 = 1e-6;

impl Scene {
    /// Checks every guarantee that the module documentation lists. The error says which one is broken, and where.
    pub fn validate(&self) -> Result<(), String> {
        ensure(self.scene_version == SCENE_VERSION, || {
            format!("`scene_version` is {}, but this program reads version {SCENE_VERSION}", self.scene_version)
        })?;
        ensure(self.image.width > 0 && self.image.height > 0, || "`image` has no pixels".into())?;
        ensure(!self.cameras.is_empty(), || "there is no camera".into())?;

        let categories: BTreeSet<u32> = self.categories.iter().map(|category| category.id).collect();
        ensure(categories.len() == self.categories.len() && !categories.contains(&0), || {
            "category ids must be unique and at least 1".into()
        })?;
        let mut next_id = 1;
        for instance in &self.instances {
            let place = || format!("instance `{}`", instance.name());
            instance.validate().map_err(|reason| format!("{}: {reason}", place()))?;
            match instance.category {
                None => ensure(instance.id == 0, || format!("{} has an id but no category", place()))?,
                Some(category) => {
                    ensure(categories.contains(&category), || format!("{}: there is no category {category}", place()))?;
                    ensure(instance.id == next_id, || {
                        format!(
                            "{}: its id is {}, but ids count up from 1, so it must be {next_id}",
                            place(),
                            instance.id
                        )
                    })?;
                    next_id += 1;
                }
            }
        }
        for light in &self.lights {
            light.validate()?;
        }
        let radiance = self.environment.zenith.iter().chain(&self.environment.nadir);
        ensure(radiance.into_iter().all(|&c| c.is_finite() && c >= 0.0), || {
            "`environment` must be finite and not negative".into()
        })?;
        let mut names = BTreeSet::new();
        for camera in &self.cameras {
            camera.validate().map_err(|reason| format!("camera `{}`: {reason}", camera.name))?;
            ensure(names.insert(&camera.name), || format!("two cameras are called `{}`", camera.name))?;
        }
        Ok(())
    }
}

impl Instance {
    fn validate(&self) -> Result<(), String> {
        ensure(self.position.is_finite(), || "`position` must be finite".into())?;
        ensure_rotation(self.rotation)?;
        ensure(self.scale.is_finite() && self.scale.min_element() > 0.0, || "`scale` must be positive".into())?;
        self.shape.validate()?;
        self.material.as_ref().map_or(Ok(()), Material::validate)
    }
}

impl Shape {
    fn validate(&self) -> Result<(), String> {
        let lengths = match self {
            Self::Box(size) => size.to_array().to_vec(),
            Self::Sphere(radius) => vec![*radius],
            Self::Cylinder { radius, height } | Self::Cone { radius, height } | Self::Capsule { radius, height } => {
                vec![*radius, *height]
            }
            Self::Torus { major_radius, minor_radius } => {
                ensure(minor_radius < major_radius, || "a torus needs `minor_radius` below `major_radius`".into())?;
                vec![*minor_radius]
            }
            Self::Plane(size) => size.to_array().to_vec(),
            Self::Gltf(_) => Vec::new(),
        };
        ensure(lengths.iter().all(|&length| length.is_finite() && length > 0.0), || {
            "the lengths of `shape` must be positive".into()
        })
    }
}

impl Material {
    fn validate(&self) -> Result<(), String> {
        let shares =
            self.base_color.iter().chain([&self.alpha, &self.metallic, &self.roughness]).chain(&self.alpha_mask);
        ensure(shares.into_iter().all(|share| (0.0..=1.0).contains(share)), || {
            "colour, `alpha`, `metallic`, `roughness` and `alpha_mask` of a material lie in 0..=1".into()
        })?;
        ensure(self.emission.iter().all(|&c| c.is_finite() && c >= 0.0), || "`emission` must not be negative".into())?;
        ensure(self.tiling.is_finite(), || "`tiling` must be finite".into())
    }
}

impl Light {
    fn validate(&self) -> Result<(), String> {
        let (name, color, amount) = match self {
            Self::Sun { name, color, illuminance, .. } => (name, color, illuminance),
            Self::Point { name, color, flux, .. } | Self::Spot { name, color, flux, .. } => (name, color, flux),
        };
        let check = || {
            let light = color.iter().chain([amount]);
            ensure(light.into_iter().all(|&c| c.is_finite() && c >= 0.0), || "light must not be negative".into())?;
            match self {
                Self::Sun { direction, .. } => ensure_unit(*direction),
                Self::Point { position, .. } => ensure(position.is_finite(), || "`position` must be finite".into()),
                Self::Spot { position, direction, inner_angle, outer_angle, .. } => {
                    ensure(position.is_finite(), || "`position` must be finite".into())?;
                    ensure_unit(*direction)?;
                    let ordered = 0.0 <= *inner_angle && inner_angle < outer_angle;
                    ensure(ordered && *outer_angle <= std::f64::consts::FRAC_PI_2, || {
                        "needs 0 <= `inner_angle` < `outer_angle` <= pi/2".into()
                    })
                }
            }
        };
        check().map_err(|reason| format!("light `{name}`: {reason}"))
    }
}

impl Camera {
    fn validate(&self) -> Result<(), String> {
        ensure(self.fx.is_finite() && self.fy.is_finite() && self.fx > 0.0 && self.fy > 0.0, || {
            "`fx` and `fy` must be positive".into()
        })?;
        ensure(self.cx.is_finite() && self.cy.is_finite(), || "`cx` and `cy` must be finite".into())?;
        ensure(self.near.is_finite() && self.near > 0.0, || "`near` must be positive".into())?;
        ensure(self.position.is_finite() && self.ev100.is_finite(), || "`position` and `ev100` must be finite".into())?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        ensure(!self.name.is_empty() && self.name.chars().all(plain), || {
            "its name becomes part of file names: use letters, digits, `_` and `-`".into()
        })?;
        ensure_rotation(self.rotation)
    }
}

fn ensure(holds: bool, reason: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(reason()) }
}

fn ensure_unit(direction: DVec3) -> Result<(), String> {
    ensure((direction.length() - 1.0).abs() < UNIT_TOLERANCE, || "`direction` must have length 1".into())
}

fn ensure_rotation(rotation: DQuat) -> Result<(), String> {
    ensure((rotation.length() - 1.0).abs() < UNIT_TOLERANCE, || "`rotation` must be a unit quaternion".into())
}
