//! One fully decided sample of a recipe: plain data that the renderer, the annotator and the CPU ray caster all read.
//!
//! # What a [`Scene`] guarantees
//! - Every random choice is made and every default is filled in; nothing refers back to the recipe.
//! - It is a pure function of (checked recipe, seed, index): the same bits on every platform.
//! - Lengths are metres, angles radians, colours linear (Rec. 709 primaries), light in lux, lumens and cd/m2.
//! - World frame: right-handed, +Y up. A camera looks down its own -Z with +Y up (Bevy's and OpenGL's convention);
//!   the OpenCV convention exists only in exported files.
//! - `instances[k]` carries the id that the id image will show. Ids of labelled instances are dense from 1 in the
//!   order of `instances`; unlabelled instances have id 0 and still hide what is behind them.
//! - Rotations are unit quaternions, light directions unit vectors, scales not 0, every number finite.
//! - Asset paths are as written in the recipe, with `/`, relative to the folder of the recipe; the same path
//!   always means the same file.
//! - Order is canonical (by name, then by number within a group): it does not depend on the order of entries in the
//!   recipe.

mod acceptance;
mod appearance;
pub mod camera;
pub mod color;
pub mod contract;
mod different;
mod environment;
pub mod exposure;
mod fog;
mod framed;
mod label;
pub mod light;
pub mod motion;
mod moving;
pub mod obb;
mod optics;
mod parameters;
pub mod place;
pub mod random;
mod sample;
pub mod sequence;
pub mod sight;
pub mod split;
pub mod tilt;
pub mod tone;
mod validate;
mod wanted;

pub use acceptance::{Acceptance, COVERAGE, PILOT, Pilot, Prepared, Unmet};
pub(crate) use appearance::{material as draw_material, scale as draw_scale, shape as draw_shape};
pub use camera::{Aperture, Camera, Lens, LensModel, Projected, Shutter};
pub use different::{Different, MOST_DIFFERENT, MOST_PAINTED};
pub use environment::{Background, Environment, gradient};
pub use fog::Fog;
pub use label::{Below, Keypoint, LabelSettings, NormalFrame, NormalSurface, Output, SurfaceLabels, Way};
pub use light::{Carried, Emitter, EmitterSample, Flicker, PhysicalSky};
pub use motion::{Clip, Track};
pub use parameters::{VARIANT, absent};
pub use sample::{MAX_COUNT, MOST_DRAWS, SampleError, candidate, sample};
pub(crate) use validate::validate_pose;

use std::collections::BTreeMap;

use glam::{DAffine3, DQuat, DVec2, DVec3};
use serde::{Deserialize, Serialize};

pub use crate::recipe::expression::Value;

use crate::assets::FileShape;
use crate::make::Made;
use crate::paint::Paint;
use crate::sensor::Depth;

/// The version of the scene file that this program writes and reads.
pub const SCENE_VERSION: u32 = 3;

/// The most suns that a scene may have: what the renderer's shader has room for.
pub const MOST_SUNS: usize = 10;
/// The most point lights with shadows, and the most spots with shadows: each takes room in one texture.
pub const MOST_SHADOWED_LAMPS: usize = 32;
/// So many spots with shadows stand for the light that surfaces give back, where an image asks for it.
pub const BOUNCE_LAMPS: usize = 3;
/// The most lights of a scene, of all kinds together.
pub const MOST_LIGHTS: usize = 1000;
/// The largest full angle of a spot with shadows, degrees: they are drawn onto a plane across its axis, and that of a
/// half space would have no end.
pub const WIDEST_SHADOWED_SPOT: f64 = 175.0;
/// The longest side of an image, pixels.
pub const LONGEST_SIDE: u32 = 16384;

/// One fully decided sample. See the [module documentation](self) for what holds of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// Version of this format, [`SCENE_VERSION`].
    pub scene_version: u32,
    /// Name of the recipe it was sampled from.
    pub recipe: String,
    /// The seed it was sampled with.
    pub seed: u64,
    /// Its index in the dataset.
    pub index: u64,
    /// Size and treatment of the images.
    pub image: ImageSettings,
    /// Which labels are asked for.
    pub labels: LabelSettings,
    /// Every category of the recipe, in id order, whether seen here or not.
    pub categories: Vec<Category>,
    /// Everything with a surface, labelled or not.
    pub instances: Vec<Instance>,
    /// Lights, in name order.
    pub lights: Vec<Light>,
    /// What is behind everything, and lights the scene from all sides.
    pub environment: Environment,
    /// What is seen behind everything in place of the environment.
    pub background: Option<Background>,
    /// What is between things and the camera.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fog: Option<Fog>,
    /// Of the lights that flicker, by name. Their flux is the mean; see [`Scene::lights_at`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub flicker: BTreeMap<String, Flicker>,
    /// Of the spots that a camera carries, by name. They stand as they do at time 0; see [`Scene::lights_at`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub carried: BTreeMap<String, Carried>,
    /// At least one camera, in name order.
    pub cameras: Vec<Camera>,
    /// For each object group of the recipe: how many instances were asked for and how many found a place.
    pub placed: Vec<PlacedCount>,
    /// For each reason, how often the scene was drawn again because of it.
    pub redrawn: BTreeMap<String, u32>,
    /// How what was dropped came to rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settled: Vec<Settled>,
    /// Its named parameters; `variant` is the variant of the recipe that it is of, where there are variants.
    pub parameters: BTreeMap<String, Value>,
    /// How long it is watched; without, it is a still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<Clip>,
    /// The instant at which things are where they are said to be, seconds; see [`Scene::at`].
    #[serde(default, skip_serializing_if = "motion::is_zero")]
    pub time: f64,
    /// The frame of the clip that it is at.
    #[serde(default, skip_serializing_if = "motion::is_first")]
    pub frame: u32,
}

impl Scene {
    /// The scene file: RON that reads back to the same bits.
    ///
    /// # Errors
    /// Where `ron` cannot write it, which no valid scene brings about.
    pub fn to_ron(&self) -> Result<String, ron::Error> {
        let pretty = ron::ser::PrettyConfig::new().depth_limit(4).indentor("  ");
        ron::ser::to_string_pretty(self, pretty).map(|text| text + "\n")
    }
}

/// Size and treatment of the images of a scene; the same for all its cameras.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageSettings {
    /// Columns, at least 1.
    pub width: u32,
    /// Rows, at least 1.
    pub height: u32,
    /// How colour is anti-aliased. Labels never are.
    pub anti_aliasing: AntiAliasing,
    /// How linear light becomes an sRGB value.
    pub tone_curve: ToneCurve,
    /// Sub-frames whose mean an image is, 1 to [`MOST_SAMPLES`]; from 2 on, they do the anti-aliasing.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub samples: u32,
    /// Whether what hides part of the environment from a surface takes its light away. With more than one sub-frame alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ambient_occlusion: bool,
    /// Whether light that surfaces give back lights others. With more than one sub-frame alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bounce: bool,
    /// How pictures are written.
    #[serde(default, skip_serializing_if = "ImageFormat::is_default")]
    pub format: ImageFormat,
}

/// The most sub-frames that an image may be made of.
pub const MOST_SAMPLES: u32 = 4096;

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_one(samples: &u32) -> bool {
    *samples == 1
}

impl ImageSettings {
    /// Whether its pictures need linear light, whatever the camera: where the renderer's own 8 bits are not enough, and under tone curves
    /// that are [developed](crate::sensor) on the CPU.
    pub fn needs_linear(&self) -> bool {
        self.samples > 1
            || self.format.depth() != Depth::Eight
            || !matches!(self.tone_curve, ToneCurve::Srgb | ToneCurve::Neutral)
    }
}

impl Scene {
    /// Whether the frames of any of its cameras need linear light.
    pub fn needs_linear(&self) -> bool {
        self.image.needs_linear() || self.cameras.iter().any(Camera::needs_linear)
    }
}

/// How pictures are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ImageFormat {
    /// 8-bit sRGB, without loss.
    #[default]
    Png,
    /// 16-bit sRGB, without loss.
    Png16,
    /// 8-bit sRGB, with losses.
    Jpeg {
        /// From 1 to 100, as libjpeg has it.
        quality: u8,
        /// Whether colour has a value for each pixel, or one for each four.
        subsampling: Subsampling,
    },
    /// Linear light, 32-bit floats: what the sensor has, before the tone curve.
    Exr,
}

impl ImageFormat {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What its pictures need beside 8 bits.
    pub fn depth(self) -> Depth {
        match self {
            Self::Png | Self::Jpeg { .. } => Depth::Eight,
            Self::Png16 => Depth::Sixteen,
            Self::Exr => Depth::Linear,
        }
    }

    /// Of its files.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png | Self::Png16 => "png",
            Self::Jpeg { .. } => "jpg",
            Self::Exr => "exr",
        }
    }
}

/// How many values of colour a JPEG has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Subsampling {
    /// 4:4:4: one for each pixel.
    Full,
    /// 4:2:0: one for each square of four pixels, as cameras write it.
    #[default]
    Quarter,
}

/// How colour is anti-aliased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum AntiAliasing {
    /// One sample, at the pixel centre.
    Off,
    /// Four-sample multisampling.
    #[default]
    Msaa4,
}

/// How linear light, after exposure, becomes an 8-bit value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ToneCurve {
    /// The sRGB transfer function alone; light above 1 is clipped.
    Srgb,
    /// Khronos PBR Neutral, then sRGB: keeps base colours true and rolls highlights off.
    #[default]
    Neutral,
    /// AgX's default look: bright colours go to white without changing their hue.
    AgX,
    /// A fit of the ACES transforms, as films and games have it.
    Filmic,
    /// As cameras have it: more contrast, a soft shoulder.
    Camera,
}

/// A class that instances belong to, in the sense of COCO.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// At least 1, unique.
    pub id: u32,
    /// Unique.
    pub name: String,
    /// COCO's `supercategory`; may be empty.
    pub supercategory: String,
    /// Whether its instances are an amorphous whole (sky, floor) to panoptic labels, rather than things that are counted.
    pub stuff: bool,
    /// Names of the keypoints that its instances may have, in COCO's order; unique.
    pub keypoints: Vec<String>,
    /// Pairs of positions in `keypoints`, from 0, that a skeleton joins.
    pub skeleton: Vec<[u32; 2]>,
}

impl Category {
    /// A category of things without keypoints.
    pub fn new(id: u32, name: &str, supercategory: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            supercategory: supercategory.to_owned(),
            stuff: false,
            keypoints: Vec::new(),
            skeleton: Vec::new(),
        }
    }
}

/// One thing with a surface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// Id in the id image: dense from 1 for labelled instances, 0 for unlabelled ones.
    pub id: u32,
    /// Name of its object group in the recipe.
    pub object: String,
    /// Its number within the group, from 0. Groups that could not place all they asked for may have gaps.
    pub number: u32,
    /// [`Category::id`], or `None` where unlabelled.
    pub category: Option<u32>,
    /// Its geometry, in its own frame.
    pub shape: Shape,
    /// Its material; `None` keeps what a glTF file says.
    pub material: Option<Material>,
    /// Origin of its frame in the world, metres.
    pub position: DVec3,
    /// Rotation from its frame to the world.
    pub rotation: DQuat,
    /// Scale along its own axes, before rotation; none 0. An odd number of negative ones mirrors it.
    pub scale: DVec3,
    /// Its named points: those of its category that it has, in the category's order.
    pub keypoints: Vec<Keypoint>,
    /// How far something may be in front of a keypoint that still counts as seen, metres.
    pub keypoint_tolerance: f64,
    /// Names of materials of its glTF file that labels see through.
    pub see_through: Vec<String>,
    /// How it moves; `position` and `rotation` are where it is at the scene's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motion: Option<Box<Track>>,
}

impl Instance {
    /// `mugs[2]`: the path of names that leads to it in the recipe.
    pub fn name(&self) -> String {
        format!("{}[{}]", self.object, self.number)
    }

    /// World from the instance's own frame (scale, then rotation, then translation).
    pub fn world_from_instance(&self) -> DAffine3 {
        DAffine3::from_scale_rotation_translation(self.scale, self.rotation, self.position)
    }
}

/// Geometry in the instance's own frame: centred on the origin, +Y up, metres, outward normals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Shape {
    /// A box with these edge lengths along x, y, z.
    Box(DVec3),
    /// A sphere of this radius.
    Sphere(f64),
    /// A closed cylinder about the Y axis.
    Cylinder {
        /// Radius.
        radius: f64,
        /// Height along Y.
        height: f64,
    },
    /// A closed cone about the Y axis, its tip up.
    Cone {
        /// Radius of the base.
        radius: f64,
        /// Height along Y.
        height: f64,
    },
    /// A cylinder about the Y axis with a half sphere at either end.
    Capsule {
        /// Radius of cylinder and half spheres.
        radius: f64,
        /// Height of the cylindrical part alone.
        height: f64,
    },
    /// A ring about the Y axis.
    Torus {
        /// Distance from the axis to the middle of the tube.
        major_radius: f64,
        /// Radius of the tube; less than `major_radius`.
        minor_radius: f64,
    },
    /// A rectangle in the XZ plane that faces +Y, edge lengths along x and z. Its back is not drawn unless the
    /// material is double-sided.
    Plane(DVec2),
    /// The default scene of a glTF or GLB file, as it stands. (Also of what else `File` reads.)
    Gltf(String),
    /// A file of a model in the frame and the pose that a recipe asks for.
    File(Box<FileShape>),
    /// Made from numbers.
    Made(Box<Made>),
}

impl Shape {
    /// This shape, and all that it is made of.
    pub fn visit(&self, look: &mut impl FnMut(&Shape)) {
        look(self);
        if let Self::Made(made) = self {
            made.inner().into_iter().for_each(|shape| shape.visit(look));
        }
    }

    /// The materials that its parts have of their own.
    pub fn materials(&self) -> Vec<&Material> {
        let Self::Made(made) = self else { return Vec::new() };
        let inner = made.inner().into_iter().flat_map(Self::materials);
        made.materials().into_iter().chain(inner).collect()
    }

    /// The path of the file that it is from.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Gltf(path) => Some(path),
            Self::File(file) => Some(&file.path),
            _ => None,
        }
    }

    /// Whether it has a [`Model`](crate::assets::Model), with materials of its own; primitives have none.
    pub fn has_model(&self) -> bool {
        matches!(self, Self::Gltf(_) | Self::File(_) | Self::Made(_))
    }
}

/// Light reflected and given off by a surface (metallic-roughness model).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Material {
    /// Name in the recipe, or empty for the default material.
    pub name: String,
    /// Linear RGB in 0..=1; multiplies the texture.
    pub base_color: [f64; 3],
    /// Multiplies the texture's alpha; only `alpha_mask` and `blend` look at it.
    pub alpha: f64,
    /// Colour texture (sRGB), as a path.
    pub base_color_texture: Option<String>,
    /// 0..=1.
    pub metallic: f64,
    /// Perceptual roughness, 0..=1.
    pub roughness: f64,
    /// Luminance given off, cd/m2 per linear RGB channel.
    pub emission: [f64; 3],
    /// Tangent-space normal map (OpenGL convention, +Y up), as a path.
    pub normal_texture: Option<String>,
    /// How often textures repeat per unit of UV.
    pub tiling: DVec2,
    /// Where set, surface points whose alpha (texture times `alpha`) is below this value do not exist, for colour and
    /// labels.
    pub alpha_mask: Option<f64>,
    /// Whether the back of a triangle is a surface too.
    pub double_sided: bool,
    /// Whether the base colour is shown as it is, without light (its linear value is the pixel's, exposure aside).
    pub unlit: bool,
    /// Whether alpha is how much of what is behind the surface it covers.
    pub blend: bool,
    /// Share of light that passes through a thin wall of it, tinted by the base colour, 0..=1: glass is 1. Nothing is displaced.
    pub transmission: f64,
    /// Share of light that passes diffusely through a thin sheet of it, 0..=1: leaves, paper, cloth.
    pub translucency: f64,
    /// Reflectance at normal incidence where it is no metal, 0..=1: 0.5 is the 4 % of most things (`F0 = 0.16 r^2`).
    pub reflectance: f64,
    /// Strength of a clear coat, 0..=1.
    pub clearcoat: f64,
    /// Perceptual roughness of the clear coat, 0..=1.
    pub clearcoat_roughness: f64,
    /// How much reflections are drawn out along one direction, 0..=1.
    pub anisotropy: f64,
    /// That direction, radians from the tangent (along u) towards the bitangent.
    pub anisotropy_angle: f64,
    /// What labels make of it.
    pub labels: SurfaceLabels,
    /// Textures made from numbers, in the place of those from files. Of what it touches, the number above multiplies it.
    pub paint: Option<Box<Paint>>,
}

impl Material {
    /// Paths of the image files that it shows.
    pub fn pictures(&self) -> impl Iterator<Item = &String> {
        let painted = self.paint.iter().flat_map(|paint| paint.pictures());
        self.base_color_texture.iter().chain(&self.normal_texture).chain(painted)
    }
}

impl Default for Material {
    /// A matte light grey.
    fn default() -> Self {
        Self {
            name: String::new(),
            base_color: [0.6; 3],
            alpha: 1.0,
            base_color_texture: None,
            metallic: 0.0,
            roughness: 0.6,
            emission: [0.0; 3],
            normal_texture: None,
            tiling: DVec2::ONE,
            alpha_mask: None,
            double_sided: false,
            unlit: false,
            blend: false,
            transmission: 0.0,
            translucency: 0.0,
            reflectance: 0.5,
            clearcoat: 0.0,
            clearcoat_roughness: 0.0,
            anisotropy: 0.0,
            anisotropy_angle: 0.0,
            labels: SurfaceLabels::Solid,
            paint: None,
        }
    }
}

/// A light. `color` is linear RGB whose brightest channel is 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Light {
    /// Parallel light from infinitely far.
    Sun {
        /// Name in the recipe.
        name: String,
        /// Unit vector along which the light travels.
        direction: DVec3,
        /// Linear RGB.
        color: [f64; 3],
        /// Lux on a surface that faces the light.
        illuminance: f64,
        /// Full angle of the disc that it comes from, radians; 0 is a point. See [`light::within_sun`].
        #[serde(default, skip_serializing_if = "is_zero")]
        angular_diameter: f64,
        /// Whether it casts shadows.
        shadows: bool,
    },
    /// A point that shines in all directions.
    Point {
        /// Name in the recipe.
        name: String,
        /// Metres.
        position: DVec3,
        /// Linear RGB.
        color: [f64; 3],
        /// Luminous flux in lumens, over the full sphere: intensity is `flux / 4 pi` candela.
        flux: f64,
        /// Whether it casts shadows.
        shadows: bool,
    },
    /// A cone of light from a point.
    Spot {
        /// Name in the recipe.
        name: String,
        /// Metres.
        position: DVec3,
        /// Unit vector along the axis of the cone.
        direction: DVec3,
        /// Linear RGB.
        color: [f64; 3],
        /// Lumens that a point light of the same brightness on the axis would have: intensity is `flux / 4 pi` candela.
        flux: f64,
        /// Half angle within which the light is full, radians.
        inner_angle: f64,
        /// Half angle beyond which there is none, radians; greater than `inner_angle`, at most pi/2, and with shadows at
        /// most half of [`WIDEST_SHADOWED_SPOT`].
        outer_angle: f64,
        /// Whether it casts shadows.
        shadows: bool,
    },
    /// A surface that shines by Lambert's law.
    Area {
        /// Name in the recipe.
        name: String,
        /// Its shape, in a frame of its own.
        emitter: Emitter,
        /// Origin of that frame in the world, metres.
        position: DVec3,
        /// Rotation from that frame to the world.
        rotation: DQuat,
        /// Linear RGB.
        color: [f64; 3],
        /// Luminous flux in lumens, over all directions; see [`Emitter::intensity`].
        flux: f64,
        /// Whether it casts shadows.
        shadows: bool,
    },
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// How many instances of a group were asked for, and how many found a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlacedCount {
    /// Name of the group.
    pub object: String,
    /// What its `count` said.
    pub asked: u32,
    /// How many are in the scene.
    pub placed: u32,
}

/// How the groups that were dropped onto one support came to rest, measured with the things themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settled {
    /// Names of the groups.
    pub objects: Vec<String>,
    /// How many are in the scene.
    pub at_rest: u32,
    /// How many fell beside, and are not.
    pub lost: u32,
    /// Steps of 1/120 s until then.
    pub steps: u32,
    /// The greatest speed at the end, in longest sides of the thing per second.
    pub speed: f64,
    /// The deepest that one is in another thing, as a share of the longest side of the smaller.
    pub depth: f64,
    /// The farthest that one is from what is nearest to it, as a share of its longest side.
    pub gap: f64,
}
