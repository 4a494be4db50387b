//! `dataset.json`: what the dataset is, what it was made from, and how to read it.

use serde::Serialize;

use crate::assets::{AssetFile, sha256};
use crate::scene::Category;
use crate::write::coco::MaskFormat;

/// The value of `format` by which a folder is recognised as a dataset of ours.
pub const FORMAT: &str = "scenewright-dataset";
/// The version of the dataset's layout.
pub const FORMAT_VERSION: u32 = 1;

/// What a dataset is made from. The same for all its frames.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetInfo {
    /// Name of the recipe.
    pub recipe_name: String,
    /// The recipe (or scene) file, byte for byte.
    pub recipe_text: String,
    /// The seed.
    pub seed: u64,
    /// Index of the first scene.
    pub first_index: u64,
    /// Number of scenes.
    pub count: u64,
    /// Names of the cameras, in the order of [`Scene::cameras`](crate::scene::Scene::cameras). At least one.
    pub cameras: Vec<String>,
    /// Every category of the recipe, in id order.
    pub categories: Vec<Category>,
    /// What rendered it.
    pub adapter: AdapterInfo,
    /// Every asset file it was made from.
    pub assets: Vec<AssetFile>,
}

/// The graphics adapter that drew the images: pixels are promised byte for byte on one adapter and driver only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AdapterInfo {
    /// As the driver calls it.
    pub name: String,
    /// Driver and its version.
    pub driver: String,
    /// `Vulkan`, ...
    pub backend: String,
    /// `DiscreteGpu`, `IntegratedGpu`, `Cpu`, ...
    #[serde(rename = "type")]
    pub device_type: String,
}

/// How depth is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DepthFormat {
    /// 32-bit float EXR, metres, +inf where nothing is hit.
    #[default]
    ExrMetres,
    /// 16-bit PNG, millimetres, 0 where nothing is hit, 65535 for that far or farther.
    PngMillimetres,
}

/// What is left to choose about a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteOptions {
    /// Masks in `instances.json`.
    pub masks: MaskFormat,
    /// Files in `depth/`.
    pub depth: DepthFormat,
    /// Whether a dataset that is already there may be replaced.
    pub overwrite: bool,
}

/// Totals over a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Summary {
    /// Scenes.
    pub scenes: u64,
    /// Images: scenes times cameras.
    pub images: u64,
    /// Images that show no labelled instance.
    pub images_without_annotations: u64,
    /// Annotations: visible instances, summed over images.
    pub annotations: u64,
    /// Per category, in id order.
    pub categories: Vec<CategoryCount>,
    /// Per object group, in name order.
    pub placement: Vec<PlacementTotal>,
}

/// How often a category is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CategoryCount {
    /// Category id.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// Visible instances, summed over images.
    pub annotations: u64,
    /// Images that show at least one.
    pub images: u64,
}

/// How many instances of a group were asked for and found a place, over all scenes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlacementTotal {
    /// Name of the group.
    pub object: String,
    /// Asked for.
    pub asked: u64,
    /// Placed.
    pub placed: u64,
}

/// Whether a dataset is finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Files are still being added; `instances.json` and `cameras.json` are not there yet.
    Rendering,
    /// Everything is there.
    Complete,
}

#[derive(Serialize)]
struct Manifest<'a> {
    format: &'static str,
    format_version: u32,
    state: State,
    tool: Tool,
    recipe: RecipeEntry<'a>,
    seed: u64,
    first_index: u64,
    count: u64,
    cameras: &'a [String],
    adapter: &'a AdapterInfo,
    options: Options,
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<&'a Summary>,
    assets: Vec<AssetEntry<'a>>,
    conventions: Conventions,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct RecipeEntry<'a> {
    name: &'a str,
    sha256: String,
    text: &'a str,
}

#[derive(Serialize)]
struct Options {
    masks: MaskFormat,
    depth: DepthFormat,
}

#[derive(Serialize)]
struct AssetEntry<'a> {
    path: &'a str,
    sha256: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<PartEntry<'a>>,
}

impl<'a> AssetEntry<'a> {
    fn new(file: &'a AssetFile) -> Self {
        let parts = file.parts.iter().map(|(path, sha256)| PartEntry { path, sha256 }).collect();
        Self { path: &file.path, sha256: &file.sha256, parts }
    }
}

#[derive(Serialize)]
struct PartEntry<'a> {
    path: &'a str,
    sha256: &'a str,
}

/// How to read every number in the dataset. The same words as in `docs/dataset.md`.
#[derive(Serialize)]
struct Conventions {
    units: &'static str,
    world_frame: &'static str,
    camera_frame: &'static str,
    matrices: &'static str,
    pixels: &'static str,
    principal_point: &'static str,
    rgb: &'static str,
    ids: &'static str,
    depth: &'static str,
    bbox: &'static str,
    area: &'static str,
    masks: &'static str,
    image_id: &'static str,
}

const CONVENTIONS: Conventions = Conventions {
    units: "metres; pixels",
    world_frame: "right-handed, +Y up",
    camera_frame: "OpenCV: x right, y down, z forward along the optical axis",
    matrices: "4x4, row-major, column vectors; a_from_b takes a point in b to a",
    pixels: "continuous: the first pixel covers [0,1)x[0,1), its centre is (0.5, 0.5); x right, y down, origin at the top left",
    principal_point: "cx and cy are continuous; K_opencv counts pixel centres as integers, so its principal point is (cx - 0.5, cy - 0.5)",
    rgb: "8-bit sRGB, anti-aliased as the recipe says",
    ids: "instance id at each pixel centre, never anti-aliased: dense from 1 within a scene, 0 where nothing labelled is seen; 16-bit PNG, \
          or EXR with one unsigned 32-bit channel 'id' for scenes with ids above 65535",
    depth: "z along the optical axis at each pixel centre (not the distance to the camera centre); unlabelled surfaces have depth too. \
            exr_metres: 32-bit float channel 'Z' (and its copy 'Y' for readers that know only luminance), +inf where nothing is hit. png_millimetres: 16-bit, nearest, 0 where nothing is hit, \
            a hit is at least 1, 65535 means that far or farther",
    bbox: "[x, y, width, height] of the visible mask, tight, far edges exclusive",
    area: "number of visible mask pixels",
    masks: "visible pixels only; masks of one image are disjoint and equal the id image",
    image_id: "scene_index * number of cameras + camera number + 1",
};

/// The text of `dataset.json`.
pub(crate) fn manifest_json(
    info: &DatasetInfo,
    options: WriteOptions,
    state: State,
    totals: Option<&Summary>,
) -> serde_json::Result<String> {
    let manifest = Manifest {
        format: FORMAT,
        format_version: FORMAT_VERSION,
        state,
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        recipe: RecipeEntry {
            name: &info.recipe_name,
            sha256: sha256(info.recipe_text.as_bytes()),
            text: &info.recipe_text,
        },
        seed: info.seed,
        first_index: info.first_index,
        count: info.count,
        cameras: &info.cameras,
        adapter: &info.adapter,
        options: Options { masks: options.masks, depth: options.depth },
        totals,
        assets: info.assets.iter().map(AssetEntry::new).collect(),
        conventions: CONVENTIONS,
    };
    serde_json::to_string_pretty(&manifest).map(|text| text + "\n")
}

/// Whether this is the text of a `dataset.json` of ours, of any version and state.
pub(crate) fn is_ours(text: &str) -> bool {
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(text);
    parsed.is_ok_and(|value| value.get("format").and_then(serde_json::Value::as_str) == Some(FORMAT))
}
