//! What the user wrote: a checked description of what may vary.
//!
//! A recipe file passes three stages, each of which reports everything it finds:
//! [`syntax`] (text to a tree with spans), decode (tree to these types), and check (rules between parts, assets on disk).
//! What comes out of [`load`] is valid by construction: sampling it cannot fail except where the recipe itself asks for
//! failure (`if_full: Fail`).

mod check;
mod compose;
mod decode;
pub mod diagnostics;
pub mod dist;
pub mod expression;
mod lens;
mod light;
mod load;
mod motion;
mod place;
pub mod sampling;
pub mod syntax;
mod wanted;

pub(crate) use decode::greatest;
pub use diagnostics::{Drawing, Label, Problem, Problems, Severity, Sources, Span};
pub(crate) use lens::pitch;
pub use lens::{DistortionRecipe, FocusAt, FocusRecipe, FovAxis, LensRecipe, Optics, ShutterRecipe};
pub use light::{
    AimRecipe, EmitterRecipe, FlickerRecipe, FogRecipe, MOST_ROWS, RigRecipe, SkyRecipe, SunPlaceRecipe,
    ThicknessRecipe,
};
pub use load::{
    Checked, LARGEST_FILE, SourceMap, load, load_allowing, load_checked, load_checked_in, load_set, parse,
    parse_allowing, parse_checked, read_text, vocabulary,
};

pub use motion::{MotionRecipe, MountRecipe, MountedAt};
pub use place::{Align, Drop, IfLost, Physics, Place, Relation, Side, Surface, Towards};
pub use wanted::{Condition, Contract, ContractKind, HeldOut, Requirement, Splits, Spread, Wanted, Which, fits};

pub use dist::{Angle, ColorDist, Match, Number, RotationDist, Scalar, Varied, VectorDist};
pub use sampling::{Design, Sampling};

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::assets::{Library, Taken};
use crate::make::Made;
use crate::paint::PaintRecipe;
use crate::scene::{Category, Clip, ImageSettings, LabelSettings, SurfaceLabels};
use crate::sensor::{self, DepthSensor, Sensor};
use expression::Expression;

/// A checked recipe. Maps are keyed by name, so that the order of entries in the file cannot matter.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The name of the dataset.
    pub name: String,
    /// Image size and treatment.
    pub image: ImageSettings,
    /// Quality of JPEGs, drawn for each scene; `None` where they are none.
    pub quality: Option<Scalar>,
    /// Which labels are asked for.
    pub labels: LabelSettings,
    /// How long scenes are watched; without, they are stills.
    pub clip: Option<Clip>,
    /// How the space of scenes is covered.
    pub sampling: Arc<Sampling>,
    /// Sorted by id.
    pub categories: Vec<Category>,
    /// Named materials.
    pub materials: BTreeMap<String, MaterialRecipe>,
    /// Object groups.
    pub objects: BTreeMap<String, ObjectRecipe>,
    /// Lights.
    pub lights: BTreeMap<String, LightRecipe>,
    /// The environment.
    pub environment: Varied<EnvironmentRecipe>,
    /// What is seen behind everything in place of the environment.
    pub background: Option<Varied<BackgroundRecipe>>,
    /// What is between things and the camera.
    pub fog: Option<Varied<FogRecipe>>,
    /// Of the lights that flicker, by name.
    pub flicker: BTreeMap<String, FlickerRecipe>,
    /// At least one.
    pub cameras: BTreeMap<String, CameraRecipe>,
    /// Named values that are drawn once per scene, each behind those that it uses.
    pub parameters: Vec<(String, ParameterRecipe)>,
    /// When parts are there; those that are not listed always are.
    pub conditions: Conditions,
    /// The recipe's variants, by name. Empty where it has none; else each scene is of one of them, and the fields of this recipe
    /// are those of the first.
    pub variants: Vec<VariantRecipe>,
    /// Which of its scenes are taken, and how they are split.
    pub wanted: Wanted,
    /// The text it was read from, byte for byte.
    pub source: String,
    /// The files beside it that it includes or extends.
    pub files: Vec<RecipeFile>,
    /// What was set on the command line: `objects.mugs.count=5`.
    pub set: Vec<String>,
    /// Every asset that it names, loaded.
    pub assets: Arc<Library>,
}

/// A named value that is drawn once per scene.
#[derive(Debug, Clone, PartialEq)]
pub enum ParameterRecipe {
    /// A number.
    Number(Scalar),
    /// One of some names.
    Name(Varied<String>),
}

/// When parts of a scene are there, by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Conditions {
    /// Of objects. What stands on one that is absent is absent too.
    pub objects: BTreeMap<String, Arc<Expression>>,
    /// Of lights.
    pub lights: BTreeMap<String, Arc<Expression>>,
}

/// One of several recipes that scenes are of.
#[derive(Debug, Clone)]
pub struct VariantRecipe {
    /// Its name.
    pub name: String,
    /// How likely it is, relative to the others; greater than 0.
    pub weight: f64,
    /// The whole recipe, with what the variant says. It has no variants.
    pub recipe: Recipe,
}

/// A file that is part of a recipe, beside its main one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeFile {
    /// Where it is, relative to the folder of the recipe.
    pub path: String,
    /// Its text, byte for byte.
    pub text: String,
}

/// A group of like objects.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectRecipe {
    /// Geometry; drawn anew for each instance.
    pub shape: Varied<ShapeRecipe>,
    /// Category name; `None` means unlabelled.
    pub category: Option<String>,
    /// How many instances. Rounded draws below 0 count as 0.
    pub count: Scalar,
    /// Scale, uniform or per axis.
    pub scale: ScaleRecipe,
    /// Name of a material; `None` means the glTF file's own, or the default grey.
    pub material: Option<Varied<String>>,
    /// Where instances go.
    pub place: Place,
    /// What happens when there is no room for one.
    ///
    /// Written inside the place: `On("table", if_full: Fail)`.
    pub if_full: IfFull,
    /// How many there are per square metre of the top of what they stand on, instead of `count`.
    pub density: Option<Scalar>,
    /// 0: anywhere; 1: of several free places the nearest to others of the group; -1: the farthest.
    pub crowding: f64,
    /// What its place has to be like beside others.
    pub relations: Vec<Relation>,
    /// How it takes part in settling and falling.
    pub physics: Physics,
    /// How it moves.
    pub motion: Option<Varied<MotionRecipe>>,
    /// Its named points, drawn anew for each instance. They win over those of a glTF file.
    pub keypoints: BTreeMap<String, PointRecipe>,
    /// How far something may be in front of a keypoint that still counts as seen, metres; `None` means [`KEYPOINT_TOLERANCE`]
    /// of the diagonal of the scaled bounding box.
    pub keypoint_tolerance: Option<f64>,
    /// Names of materials of its glTF files that labels see through.
    pub see_through: Vec<String>,
}

/// Share of the diagonal of an instance's scaled bounding box by which something may be in front of a keypoint that still
/// counts as seen.
pub const KEYPOINT_TOLERANCE: f64 = 0.01;

/// A point of an object, in its own frame before its scale.
#[derive(Debug, Clone, PartialEq)]
pub enum PointRecipe {
    /// `Local(x, y, z)` or `(x, y, z)`, metres.
    Local([Scalar; 3]),
    /// `Relative(x, y, z)`: -1 and 1 are the two sides of the bounding box along each axis.
    Relative([Scalar; 3]),
}

/// Scale of an object; negative ones mirror. Never 0.
#[derive(Debug, Clone, PartialEq)]
pub enum ScaleRecipe {
    /// The same along all axes.
    Uniform(Scalar),
    /// Along x, y, z.
    PerAxis([Scalar; 3]),
}

/// Geometry whose dimensions may vary. Metres. See [`Shape`](crate::scene::Shape) for what each means.
#[derive(Debug, Clone, PartialEq)]
pub enum ShapeRecipe {
    /// `Box(x, y, z)`
    Box([Scalar; 3]),
    /// `Sphere(radius)`
    Sphere(Scalar),
    /// `Cylinder(radius, height)`
    Cylinder(Scalar, Scalar),
    /// `Cone(radius, height)`
    Cone(Scalar, Scalar),
    /// `Capsule(radius, height)`
    Capsule(Scalar, Scalar),
    /// `Torus(major_radius, minor_radius)`
    Torus(Scalar, Scalar),
    /// `Plane(x, z)`
    Plane([Scalar; 2]),
    /// `Gltf("path")`
    Gltf(String),
    /// `File(..)` or `Files(..)`
    File(Box<FileRecipe>),
    /// Made from numbers: `Superellipsoid(..)` and the others of [`Made`].
    Made(Box<Made<Scalar>>),
}

/// Files of models.
#[derive(Debug, Clone, PartialEq)]
pub struct FileRecipe {
    /// A path, or the pattern of a collection; see [`Library::collect`].
    pub path: String,
    /// Whether it is a pattern, of whose files one is drawn for each instance.
    pub many: bool,
    /// How they are taken.
    pub taken: Taken<Scalar>,
}

/// What happens when an instance finds no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IfFull {
    /// It is left out, and the scene records how many were asked and placed.
    #[default]
    Fewer,
    /// Sampling the scene fails.
    Fail,
}

/// A surface whose properties may vary; drawn anew for each instance that wears it.
#[derive(Debug, Clone, PartialEq)]
pub struct MaterialRecipe {
    /// Base colour.
    pub base_color: ColorDist,
    /// 0..=1.
    pub alpha: Scalar,
    /// Path of a colour texture.
    pub base_color_texture: Option<Varied<String>>,
    /// 0..=1.
    pub metallic: Scalar,
    /// 0..=1.
    pub roughness: Scalar,
    /// Colour of emitted light.
    pub emission: ColorDist,
    /// cd/m2; multiplies `emission`.
    pub emission_luminance: Scalar,
    /// Path of a normal map.
    pub normal_texture: Option<Varied<String>>,
    /// Repeats of textures per unit of UV.
    pub tiling: [Scalar; 2],
    /// Cut-out threshold.
    pub alpha_mask: Option<f64>,
    /// Whether backs are surfaces.
    pub double_sided: bool,
    /// Whether light is ignored.
    pub unlit: bool,
    /// Whether alpha is opacity.
    pub blend: bool,
    /// Share of light that passes, 0..=1.
    pub transmission: Scalar,
    /// Share of light that passes diffusely, 0..=1.
    pub translucency: Scalar,
    /// 0..=1; 0.5 is most things.
    pub reflectance: Scalar,
    /// 0..=1.
    pub clearcoat: Scalar,
    /// 0..=1.
    pub clearcoat_roughness: Scalar,
    /// 0..=1.
    pub anisotropy: Scalar,
    /// From the tangent towards the bitangent.
    pub anisotropy_angle: Angle,
    /// What labels make of it.
    pub labels: SurfaceLabels,
    /// Its patterns and layers.
    pub paint: Option<Box<PaintRecipe>>,
    /// How many looks it has in all scenes together; `None` means one for each instance.
    pub variants: Option<u32>,
}

/// A light whose properties may vary.
#[derive(Debug, Clone, PartialEq)]
pub enum LightRecipe {
    /// Parallel light.
    Sun {
        /// Height of the sun above the horizon.
        elevation: Angle,
        /// Direction towards the sun about +Y, from +Z towards +X.
        azimuth: Angle,
        /// Lux.
        illuminance: Scalar,
        /// Full angle of its disc.
        angular_diameter: Angle,
        /// Colour.
        color: ColorDist,
        /// Whether it casts shadows.
        shadows: bool,
    },
    /// A point.
    Point {
        /// World position.
        position: VectorDist,
        /// Lumens.
        flux: Scalar,
        /// Colour.
        color: ColorDist,
        /// Whether it casts shadows.
        shadows: bool,
    },
    /// A cone.
    Spot {
        /// World position.
        position: VectorDist,
        /// What it points at.
        target: VectorDist,
        /// Lumens of the point light with the same brightness on the axis.
        flux: Scalar,
        /// Full angle of the cone.
        angle: Angle,
        /// Share of the cone over which light falls off to nothing, 0..=1.
        blend: Scalar,
        /// Colour.
        color: ColorDist,
        /// Whether it casts shadows.
        shadows: bool,
    },
    /// A surface.
    Area {
        /// Its shape.
        emitter: EmitterRecipe,
        /// World position of its middle.
        position: VectorDist,
        /// Which way it is turned.
        aim: AimRecipe,
        /// Lumens over all that it gives off.
        flux: Scalar,
        /// Colour.
        color: ColorDist,
        /// Whether it casts shadows.
        shadows: bool,
    },
    /// Several lights.
    Rig(Box<RigRecipe>),
}

/// What is behind everything. Strength 1 means that white has a luminance of [`ENVIRONMENT_LUMINANCE`].
#[derive(Debug, Clone, PartialEq)]
pub enum EnvironmentRecipe {
    /// The same from all sides. `Color(color, strength)`
    Color {
        /// Colour.
        color: ColorDist,
        /// Multiplies it.
        strength: Scalar,
    },
    /// From one colour straight up to another straight down.
    Gradient {
        /// Straight up.
        sky: ColorDist,
        /// Straight down.
        ground: ColorDist,
        /// Multiplies both.
        strength: Scalar,
    },
    /// A panorama. `Hdri(path, yaw, strength)`
    Hdri {
        /// Its file.
        path: Varied<String>,
        /// How far it is turned about +Y.
        yaw: Angle,
        /// Multiplies it.
        strength: Scalar,
        /// Whether its brightest parts become suns, which cast shadows.
        shadows: bool,
    },
    /// A cloudless sky with its sun.
    Sky(Box<SkyRecipe>),
}

/// What is seen behind everything.
#[derive(Debug, Clone, PartialEq)]
pub enum BackgroundRecipe {
    /// The environment.
    Environment,
    /// One colour.
    Color(ColorDist),
    /// An image file.
    Image {
        /// Its file.
        path: Varied<String>,
        /// Left and right are swapped where this is at least a half.
        mirrored: Scalar,
    },
}

/// Luminance of a white environment of strength 1, cd/m2: a bright overcast sky.
pub const ENVIRONMENT_LUMINANCE: f64 = 5000.0;

/// A camera whose lens and pose may vary.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraRecipe {
    /// Intrinsics.
    pub lens: LensRecipe,
    /// How it bends straight lines.
    pub distortion: Option<DistortionRecipe>,
    /// Pose.
    pub pose: PoseRecipe,
    /// Near plane, metres.
    pub near: f64,
    /// What it is sharp at; `None` is everything.
    pub focus: Option<FocusRecipe>,
    /// When it takes in light.
    pub shutter: ShutterRecipe,
    /// Exposure.
    pub exposure: ExposureRecipe,
    /// What its lens does to light.
    pub optics: Option<Box<sensor::Optics<Scalar>>>,
    /// What its picture is taken with.
    pub sensor: Option<Box<Sensor<Scalar>>>,
    /// What measures depth beside it.
    pub depth_sensor: Option<Box<DepthSensor<Scalar>>>,
    /// How it moves, or the rig that it is mounted on.
    pub motion: Option<Varied<MotionRecipe>>,
    /// How it is mounted on a rig, whose pose and motion are then `pose` and `motion`.
    pub mount: Option<Box<MountRecipe>>,
}

/// Pose of a camera.
#[derive(Debug, Clone, PartialEq)]
pub enum PoseRecipe {
    /// From a point, towards a point.
    LookAt {
        /// Camera centre.
        from: VectorDist,
        /// What is in the middle of the image (if the principal point is).
        target: VectorDist,
        /// Rotation about the optical axis.
        roll: Angle,
    },
    /// On a sphere about a point, looking at it.
    Orbit {
        /// The point.
        target: VectorDist,
        /// Radius of the sphere.
        distance: Scalar,
        /// Direction of the camera from the target about +Y, from +Z towards +X.
        azimuth: Angle,
        /// Height of the camera above the target, as an angle.
        elevation: Angle,
        /// Rotation about the optical axis.
        roll: Angle,
    },
    /// As `Orbit`, about the middle of a group, at the distance at which a ball around it fills a share of the image.
    Frame {
        /// Name of the group.
        target: String,
        /// Whether it is one instance of the group that is framed, drawn at random, and not all of them.
        one: bool,
        /// Diameter of the ball's picture over the image's shorter side (in angle; its height where pixels are square).
        fill: Scalar,
        /// As in `Orbit`.
        azimuth: Angle,
        /// As in `Orbit`.
        elevation: Angle,
        /// Rotation about the optical axis.
        roll: Angle,
    },
    /// World from OpenCV camera, as written to `cameras.json`: rows of a rigid 4x4 matrix.
    Matrix([[f64; 4]; 4]),
}

/// Exposure of a camera.
#[derive(Debug, Clone, PartialEq)]
pub enum ExposureRecipe {
    /// From the scene's lights alone, as a hand-held light meter would: see `docs/recipe.md`.
    Auto {
        /// Stops brighter (positive) or darker than metered.
        compensation: Scalar,
    },
    /// Exposure value at ISO 100.
    Ev(Scalar),
    /// As a camera is set: `Camera(f_number, time, iso)`.
    Camera {
        /// Focal length over the aperture's diameter.
        f_number: Scalar,
        /// Seconds.
        time: Scalar,
        /// ISO speed.
        iso: Scalar,
    },
}
