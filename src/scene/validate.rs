//! Does a scene keep what [`Scene`] guarantees? Sampled scenes do; a scene file that was edited by hand may not.

use glam::{DQuat, DVec3};
use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::{FRAC_PI_2, PI};

use super::{
    Aperture, BOUNCE_LAMPS, Background, Camera, Category, Environment, ImageFormat, ImageSettings, Instance,
    LONGEST_SIDE, LabelSettings, LensModel, Light, MOST_LIGHTS, MOST_SHADOWED_LAMPS, MOST_SUNS, Material, Output,
    SCENE_VERSION, Scene, Shape, Value, WIDEST_SHADOWED_SPOT,
};
use crate::sensor;

/// Lengths and places beyond this leave the range in which single precision, which the GPU computes in, is of any use.
const FARTHEST: f64 = 1e9;

/// Smaller scales are moved to this when they are drawn; a scene file must not go below.
const LEAST_SCALE: f64 = 1e-6;

/// More light than this leaves the range of single precision where it is added up, cd/m2.
const BRIGHTEST: f64 = 1e21;

/// A shorter focal length, pixels, is that of no lens.
const LEAST_FOCAL: f64 = 1e-4;

/// Larger coefficients of a lens are those of none.
pub(super) const MOST_DISTORTION: f64 = 1e6;

/// No shutter is open longer, seconds.
pub(super) const LONGEST_EXPOSURE: f64 = 3600.0;

/// How far a unit vector or quaternion may be off length 1: text keeps all digits, people do not.
const UNIT_TOLERANCE: f64 = 1e-6;

impl Scene {
    /// Checks what the renderer and the annotator rely on: ids, ranges, unit vectors, names that become part of file names.
    /// (Order, and where values came from, cannot be seen in a scene.) The error says what is broken, and where.
    pub fn validate(&self) -> Result<(), String> {
        ensure(self.scene_version == SCENE_VERSION, || {
            format!("`scene_version` is {}, but this program reads version {SCENE_VERSION}", self.scene_version)
        })?;
        let side = 1..=LONGEST_SIDE;
        ensure(side.contains(&self.image.width) && side.contains(&self.image.height), || {
            format!("the sides of `image` are from 1 to {LONGEST_SIDE} pixels")
        })?;
        ensure(!self.cameras.is_empty(), || "there is no camera".into())?;

        self.labels.validate()?;
        let finite = self.parameters.values().all(|value| !matches!(value, Value::Number(x) if !x.is_finite()));
        ensure(finite, || "the numbers of `parameters` must be finite".into())?;
        let categories: BTreeMap<u32, &Category> =
            self.categories.iter().map(|category| (category.id, category)).collect();
        ensure(categories.len() == self.categories.len() && !categories.contains_key(&0), || {
            "category ids must be unique and at least 1".into()
        })?;
        let mut names = BTreeSet::new();
        for category in &self.categories {
            ensure(names.insert(&category.name), || format!("two categories are called `{}`", category.name))?;
            category.validate().map_err(|reason| format!("category `{}`: {reason}", category.name))?;
        }
        let mut next_id = 1;
        for instance in &self.instances {
            let place = || format!("instance `{}`", instance.name());
            instance.validate().map_err(|reason| format!("{}: {reason}", place()))?;
            match instance.category {
                None => {
                    ensure(instance.id == 0, || format!("{} has an id but no category", place()))?;
                    ensure(instance.keypoints.is_empty(), || format!("{} has keypoints but no category", place()))?;
                }
                Some(category) => {
                    let known = categories
                        .get(&category)
                        .ok_or_else(|| format!("{}: there is no category {category}", place()))?;
                    instance.validate_keypoints(known).map_err(|reason| format!("{}: {reason}", place()))?;
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
        let lights = |counts: fn(&Light) -> bool| self.lights.iter().filter(|light| counts(light)).count();
        let suns = lights(|light| matches!(light, Light::Sun { .. }));
        let areas = lights(|light| matches!(light, Light::Area { shadows: true, .. }));
        let points = areas + lights(|light| matches!(light, Light::Point { shadows: true, .. }));
        let bounce = if self.image.bounce { BOUNCE_LAMPS } else { 0 };
        let spots = areas + bounce + lights(|light| matches!(light, Light::Spot { shadows: true, .. }));
        ensure(self.lights.len() <= MOST_LIGHTS, || format!("there are more than {MOST_LIGHTS} lights"))?;
        ensure(suns <= MOST_SUNS && points.max(spots) <= MOST_SHADOWED_LAMPS, || {
            format!(
                "there is room for {MOST_SUNS} suns, {MOST_SHADOWED_LAMPS} point lights with shadows and as many spots; an area light with shadows takes the room of both, and `bounce` that of {BOUNCE_LAMPS} spots"
            )
        })?;
        if let ImageFormat::Jpeg { quality, .. } = self.image.format {
            ensure((1..=100).contains(&quality), || "the quality of a JPEG is from 1 to 100".into())?;
        }
        let environment = match &self.environment {
            Environment::Gradient { zenith, nadir } => {
                zenith.iter().chain(nadir).all(|c| (0.0..=BRIGHTEST).contains(c))
            }
            Environment::Image { yaw, luminance, .. } => yaw.is_finite() && (0.0..=BRIGHTEST).contains(luminance),
            Environment::Sky(sky) => sky.is_valid(),
        };
        ensure(environment, || format!("`environment` must be finite, not negative, and at most {BRIGHTEST:e}"))?;
        let fog = self.fog.is_none_or(|fog| {
            let bright = fog.airlight.iter().all(|c| (0.0..=BRIGHTEST).contains(c));
            bright && fog.extinction > 0.0 && fog.extinction <= FARTHEST
        });
        ensure(fog, || format!("`fog` has an `extinction` above 0 and an `airlight` from 0 to {BRIGHTEST:e}"))?;
        for (name, carried) in &self.carried {
            ensure(self.cameras.iter().any(|camera| camera.name == carried.camera), || {
                format!("`carried` says that camera `{}` carries `{name}`, and there is none", carried.camera)
            })?;
            ensure_within_reach(carried.offset)?;
        }
        for (name, flicker) in &self.flicker {
            let sound = (0.0..=FARTHEST).contains(&flicker.frequency)
                && (0.0..=1.0).contains(&flicker.depth)
                && (0.0..=1.0).contains(&flicker.phase);
            ensure(sound, || format!("`flicker` of `{name}` has a frequency from 0, a depth and a phase from 0 to 1"))?;
        }
        if let Some(Background::Color(color)) = &self.background {
            ensure(color.iter().all(|c| (0.0..=1.0).contains(c)), || "`background` must lie in 0..=1".into())?;
        }
        let mut names = BTreeSet::new();
        for camera in &self.cameras {
            camera.validate().map_err(|reason| format!("camera `{}`: {reason}", camera.name))?;
            ensure(names.insert(&camera.name), || format!("two cameras are called `{}`", camera.name))?;
            self.validate_lens(camera).map_err(|reason| format!("camera `{}`: {reason}", camera.name))?;
        }
        self.validate_motion()
    }
}

impl Scene {
    /// What lens, image and outputs have to agree on.
    fn validate_lens(&self, camera: &Camera) -> Result<(), String> {
        let ImageSettings { width, height, .. } = self.image;
        if camera.lens_model == LensModel::Equirectangular {
            let should = LensModel::equirectangular(width, height);
            let is = [camera.fx, camera.fy, camera.cx, camera.cy];
            let same = is.iter().zip(should).all(|(is, should)| (is - should).abs() <= UNIT_TOLERANCE * should);
            ensure(same, || {
                format!(
                    "`fx`, `fy`, `cx` and `cy` of an equirectangular image of {width} x {height} pixels are {should:?}"
                )
            })?;
        }
        ensure(!self.labels.wants(Output::Depth) || !camera.sees_sideways(width, height), || {
            "sees 90 degrees off its axis, where there is no depth: ask for `Range` in place of `Depth`".into()
        })
    }
}

impl LabelSettings {
    fn validate(&self) -> Result<(), String> {
        ensure(self.min_visible_px >= 1, || "`min_visible_px` of `labels` is at least 1".into())?;
        ensure((0.0..=1.0).contains(&self.min_visibility), || "`min_visibility` of `labels` lies in 0..=1".into())
    }
}

impl Category {
    fn validate(&self) -> Result<(), String> {
        let names: BTreeSet<&String> = self.keypoints.iter().collect();
        ensure(names.len() == self.keypoints.len(), || "the names of its keypoints must be unique".into())?;
        let last = self.keypoints.len();
        ensure(self.skeleton.iter().all(|&[a, b]| a != b && (a.max(b) as usize) < last), || {
            format!("its skeleton joins two different of its {last} keypoints, which count from 0")
        })
    }
}

impl Instance {
    fn validate_keypoints(&self, category: &Category) -> Result<(), String> {
        let mut known = category.keypoints.iter();
        // Each is looked for behind the one before it: that finds those that are in order, each once.
        ensure(self.keypoints.iter().all(|point| known.any(|name| *name == point.name)), || {
            "its keypoints must be some of its category's, each once, in the category's order".into()
        })?;
        ensure(self.keypoints.iter().all(|point| within_reach(point.position)), || {
            format!("the coordinates of its keypoints lie within {FARTHEST:e} m")
        })
    }

    fn validate(&self) -> Result<(), String> {
        validate_pose(self.position, self.rotation, self.scale)?;
        ensure(self.keypoint_tolerance.is_finite() && self.keypoint_tolerance >= 0.0, || {
            "`keypoint_tolerance` must be finite and not negative".into()
        })?;
        let own_materials = self.shape.has_model() && self.material.is_none();
        ensure(own_materials || self.see_through.is_empty(), || {
            "`see_through` names materials of a glTF file, and this instance wears none of them".into()
        })?;
        self.shape.validate()?;
        self.material.as_ref().map_or(Ok(()), Material::validate)
    }
}

/// Of an instance, or of a part of one.
pub(crate) fn validate_pose(position: DVec3, rotation: DQuat, scale: DVec3) -> Result<(), String> {
    ensure_within_reach(position)?;
    ensure_rotation(rotation)?;
    let scale = scale.abs();
    ensure(scale.is_finite() && scale.min_element() >= LEAST_SCALE && scale.max_element() <= FARTHEST, || {
        format!("`scale` must be at least {LEAST_SCALE:e}, or at most -{LEAST_SCALE:e}, and within {FARTHEST:e}")
    })
}

impl Shape {
    pub(crate) fn validate(&self) -> Result<(), String> {
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
            Self::File(file) => return file.validate(),
            Self::Made(made) => return made.validate(),
        };
        ensure(lengths.iter().all(|&length| length > 0.0 && length <= FARTHEST), || {
            format!("the lengths of `shape` must be positive, and at most {FARTHEST:e}")
        })
    }
}

impl Material {
    pub(crate) fn validate(&self) -> Result<(), String> {
        let shares = [
            ("alpha", self.alpha),
            ("metallic", self.metallic),
            ("roughness", self.roughness),
            ("transmission", self.transmission),
            ("translucency", self.translucency),
            ("reflectance", self.reflectance),
            ("clearcoat", self.clearcoat),
            ("clearcoat_roughness", self.clearcoat_roughness),
            ("anisotropy", self.anisotropy),
            ("alpha_mask", self.alpha_mask.unwrap_or(0.0)),
        ];
        let colors = self.base_color.map(|share| ("base_color", share));
        for (name, share) in colors.into_iter().chain(shares) {
            ensure((0.0..=1.0).contains(&share), || format!("`{name}` of a material lies in 0..=1"))?;
        }
        ensure(self.anisotropy_angle.is_finite(), || "`anisotropy_angle` must be finite".into())?;
        ensure(!self.blend || (self.alpha_mask.is_none() && self.transmission == 0.0), || {
            "`blend` goes neither with `alpha_mask` nor with `transmission`".into()
        })?;
        ensure(self.emission.iter().all(|c| (0.0..=BRIGHTEST).contains(c)), || {
            format!("`emission` must not be negative, and is at most {BRIGHTEST:e}")
        })?;
        ensure(self.tiling.is_finite(), || "`tiling` must be finite".into())?;
        self.paint.as_ref().map_or(Ok(()), |paint| paint.validate())
    }
}

impl Light {
    fn validate(&self) -> Result<(), String> {
        let (name, color, amount) = match self {
            Self::Sun { name, color, illuminance, .. } => (name, color, illuminance),
            Self::Point { name, color, flux, .. }
            | Self::Spot { name, color, flux, .. }
            | Self::Area { name, color, flux, .. } => (name, color, flux),
        };
        let check = || {
            let light = color.iter().chain([amount]);
            ensure(light.into_iter().all(|&c| c.is_finite() && c >= 0.0), || "light must not be negative".into())?;
            match self {
                Self::Sun { direction, angular_diameter, .. } => {
                    ensure((0.0..=PI).contains(angular_diameter), || "`angular_diameter` lies in 0..=pi".into())?;
                    ensure_unit(*direction)
                }
                Self::Area { emitter, position, rotation, .. } => {
                    let sizes = emitter.lengths();
                    ensure(sizes.iter().all(|&length| length > 0.0 && length <= FARTHEST), || {
                        format!("the lengths of `emitter` must be positive, and at most {FARTHEST:e}")
                    })?;
                    ensure_within_reach(*position)?;
                    ensure_rotation(*rotation)
                }
                Self::Point { position, .. } => ensure_within_reach(*position),
                Self::Spot { position, direction, inner_angle, outer_angle, shadows, .. } => {
                    ensure_within_reach(*position)?;
                    ensure_unit(*direction)?;
                    let ordered = 0.0 <= *inner_angle && inner_angle < outer_angle;
                    ensure(ordered && *outer_angle <= FRAC_PI_2, || {
                        "needs 0 <= `inner_angle` < `outer_angle` <= pi/2".into()
                    })?;
                    let widest = (WIDEST_SHADOWED_SPOT / 2.0).to_radians();
                    ensure(!shadows || *outer_angle <= widest, || {
                        format!(
                            "with shadows, `outer_angle` is at most {widest} ({} degrees)",
                            WIDEST_SHADOWED_SPOT / 2.0
                        )
                    })
                }
            }
        };
        check().map_err(|reason| format!("light `{name}`: {reason}"))
    }
}

impl LensModel {
    fn validate(&self) -> Result<(), String> {
        let good = self.opencv_coefficients().iter().all(|c| c.abs() <= MOST_DISTORTION);
        ensure(good, || format!("the coefficients of `lens_model` lie within {MOST_DISTORTION:e}"))
    }
}

impl Camera {
    fn validate(&self) -> Result<(), String> {
        let focal = LEAST_FOCAL..=FARTHEST;
        ensure(focal.contains(&self.fx) && focal.contains(&self.fy), || {
            format!("`fx` and `fy` are from {LEAST_FOCAL:e} to {FARTHEST:e} pixels")
        })?;
        ensure(self.cx.abs() <= FARTHEST && self.cy.abs() <= FARTHEST, || {
            format!("`cx` and `cy` lie within {FARTHEST:e} pixels")
        })?;
        self.lens_model.validate()?;
        if let Some(Aperture { diameter, focus_distance }) = self.aperture {
            let good = |length: f64| length > 0.0 && length <= FARTHEST;
            ensure(good(diameter) && good(focus_distance), || {
                format!("`diameter` and `focus_distance` of `aperture` must be positive, and at most {FARTHEST:e}")
            })?;
        }
        let seconds = [self.shutter.time, self.shutter.readout];
        ensure(seconds.iter().all(|seconds| (0.0..=LONGEST_EXPOSURE).contains(seconds)), || {
            format!("`time` and `readout` of `shutter` are from 0 to {LONGEST_EXPOSURE} seconds")
        })?;
        ensure(self.near.is_finite() && self.near > 0.0, || "`near` must be positive".into())?;
        ensure_within_reach(self.position)?;
        ensure(self.ev100.is_finite(), || "`ev100` must be finite".into())?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        ensure(!self.name.is_empty() && self.name.chars().all(plain), || {
            "its name becomes part of file names: use letters, digits, `_` and `-`".into()
        })?;
        ensure_rotation(self.rotation)?;
        sensor::validate(self)
    }
}

fn ensure(holds: bool, reason: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(reason()) }
}

fn ensure_within_reach(position: DVec3) -> Result<(), String> {
    ensure(within_reach(position), || format!("the coordinates of `position` lie within {FARTHEST:e} m"))
}

fn within_reach(position: DVec3) -> bool {
    position.is_finite() && position.abs().max_element() <= FARTHEST
}

fn ensure_unit(direction: DVec3) -> Result<(), String> {
    ensure((direction.length() - 1.0).abs() < UNIT_TOLERANCE, || "`direction` must have length 1".into())
}

fn ensure_rotation(rotation: DQuat) -> Result<(), String> {
    ensure((rotation.length() - 1.0).abs() < UNIT_TOLERANCE, || "`rotation` must be a unit quaternion".into())
}
