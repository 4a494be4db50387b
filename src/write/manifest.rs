//! `dataset.json`: what the dataset is, what it was made from, and how to read it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::annotate::Reason;
use crate::assets::{AssetFile, sha256};
use crate::recipe::{Contract, Splits};
use crate::scene::contract::Kept;
use crate::scene::{Below, Category, Clip, ImageFormat, LabelSettings, Output};
use crate::write::coco::MaskFormat;
use crate::write::outputs::{convention, picture_convention, sensor_depth_convention};
use crate::write::wanted::{KeptEntry, SplitTotal};

/// The value of `format` by which a folder is recognised as a dataset of ours.
pub const FORMAT: &str = "scenewright-dataset";
/// The version of the dataset's layout.
pub const FORMAT_VERSION: u32 = 2;
/// The most frames that `dataset.json` lists under `rejected`: each of them stands in the folder `rejected` too, and a file that
/// is read whole has to have an end.
pub const MOST_LISTED: usize = 1000;

/// What a dataset is made from. The same for all its frames.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetInfo {
    /// Name of the recipe.
    pub recipe_name: String,
    /// The recipe (or scene) file, byte for byte.
    pub recipe_text: String,
    /// The files that the recipe includes or extends: path, relative to its folder, and text.
    pub recipe_files: Vec<(String, String)>,
    /// Values of the recipe that were set on the command line.
    pub recipe_set: Vec<String>,
    /// The seed.
    pub seed: u64,
    /// Index of the first scene.
    pub first_index: u64,
    /// Number of scenes.
    pub count: u64,
    /// How long each scene is watched; without, they are stills.
    pub clip: Option<Clip>,
    /// Names of the cameras, in the order of [`Scene::cameras`](crate::scene::Scene::cameras). At least one.
    pub cameras: Vec<String>,
    /// Every category of the recipe, in id order.
    pub categories: Vec<Category>,
    /// Which labels its scenes ask for.
    pub labels: LabelSettings,
    /// What rendered it.
    pub adapter: AdapterInfo,
    /// How its pictures are written. (The quality of JPEGs is each scene's own.)
    pub format: ImageFormat,
    /// Whether any of its cameras has a depth sensor.
    pub depth_sensors: bool,
    /// Every asset file it was made from.
    pub assets: Vec<AssetFile>,
    /// The names of the parts of each glTF asset, by its path, in the order of [`Owner::part`](crate::frame::Owner::part).
    pub parts: BTreeMap<String, Vec<String>>,
    /// What it is to show, by name.
    pub coverage: BTreeMap<String, Contract>,
    /// How it is split.
    pub splits: Option<Splits>,
}

/// The graphics adapter that drew the images: pixels are promised byte for byte on one adapter and driver only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepthFormat {
    /// 32-bit float EXR, metres, +inf where nothing is hit.
    #[default]
    ExrMetres,
    /// 16-bit PNG, millimetres, 0 where nothing is hit, 65535 for that far or farther.
    PngMillimetres,
}

/// What is left to choose about a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteOptions {
    /// Masks in `instances.json`.
    pub masks: MaskFormat,
    /// Files in `depth/`.
    pub depth: DepthFormat,
    /// Whether a dataset that is already there may be replaced.
    pub overwrite: bool,
    /// Whether frames are held against themselves and their scene before they are written.
    pub audit: bool,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self { masks: MaskFormat::default(), depth: DepthFormat::default(), overwrite: false, audit: true }
    }
}

/// Totals over a dataset. Frames that were rejected count as that and, in `scenes` and `placement`, as their scene.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Summary {
    /// Scenes.
    pub scenes: u64,
    /// Images: scenes times cameras, but for those that were rejected.
    pub images: u64,
    /// Frames that are not in the dataset because something about them is wrong.
    pub rejected: u64,
    /// Images without an annotation.
    pub images_without_annotations: u64,
    /// Annotations: visible instances that no rule leaves out, summed over images.
    pub annotations: u64,
    /// Per category, in id order.
    pub categories: Vec<CategoryCount>,
    /// Per object group, in name order.
    pub placement: Vec<PlacementTotal>,
    /// The first [`MOST_LISTED`] of the frames that were rejected, in order.
    #[serde(skip)]
    pub first_rejected: Vec<Rejected>,
    /// By object group: how the parts of its instances are numbered that are from no file, where there are several.
    #[serde(skip)]
    pub parts: BTreeMap<String, BTreeSet<Arc<[String]>>>,
    /// Per contract, in name order: what was asked for, and what is there.
    #[serde(skip)]
    pub coverage: Vec<Kept>,
    /// Per split, in name order.
    #[serde(skip)]
    pub splits: Vec<SplitTotal>,
}

/// A frame that is not in the dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// What its colour image would have been called: `000007_main.png`. It is kept in `rejected/000007_main`.
    pub file_name: String,
    /// What is wrong with it: the first of its reasons, and how many there are.
    pub reason: String,
}

/// How often a category is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CategoryCount {
    /// Category id.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// Annotations, summed over images.
    pub annotations: u64,
    /// Images with at least one of them.
    pub images: u64,
    /// Annotations with `iscrowd: 1`, by reason.
    pub marked: ByReason,
    /// Instances without an annotation, summed over images, by reason.
    pub left_out: ByReason,
}

/// A number for each reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ByReason {
    /// [`Reason::Hidden`].
    pub hidden: u64,
    /// [`Reason::MinVisiblePx`].
    pub min_visible_px: u64,
    /// [`Reason::MinVisibility`].
    pub min_visibility: u64,
}

impl ByReason {
    pub(crate) fn count(&mut self, reason: Reason) {
        *match reason {
            Reason::Hidden => &mut self.hidden,
            Reason::MinVisiblePx => &mut self.min_visible_px,
            Reason::MinVisibility => &mut self.min_visibility,
        } += 1;
    }
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
    /// Everything is there but the frames that were rejected.
    Incomplete,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    clip: Option<Clip>,
    cameras: &'a [String],
    adapter: &'a AdapterInfo,
    outputs: Vec<&'static str>,
    labels: Labels,
    audit: &'static str,
    options: Options,
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<&'a Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected: Option<&'a [Rejected]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    coverage: Vec<KeptEntry<'a>>,
    #[serde(skip_serializing_if = "<[SplitTotal]>::is_empty")]
    splits: &'a [SplitTotal],
    assets: Vec<AssetEntry<'a>>,
    parts: Vec<PartsEntry<'a>>,
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<RecipeFileEntry<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    set: &'a [String],
}

/// A file that the recipe includes or extends.
#[derive(Serialize)]
struct RecipeFileEntry<'a> {
    path: &'a str,
    sha256: String,
    text: &'a str,
}

#[derive(Serialize)]
struct Options {
    masks: MaskFormat,
    depth: DepthFormat,
}

/// What becomes of instances of which little is seen.
#[derive(Serialize)]
struct Labels {
    min_visible_px: u32,
    min_visibility: f64,
    below: &'static str,
}

/// What the numbers in `parts` images mean, from 1.
#[derive(Serialize)]
struct PartsEntry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    asset: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'a str>,
    names: &'a [String],
}

#[derive(Serialize)]
struct AssetEntry<'a> {
    path: &'a str,
    sha256: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<FileEntry<'a>>,
}

impl<'a> AssetEntry<'a> {
    fn new(file: &'a AssetFile) -> Self {
        let parts = file.parts.iter().map(|(path, sha256)| FileEntry { path, sha256 }).collect();
        Self { path: &file.path, sha256: &file.sha256, license: file.licence.as_deref(), parts }
    }
}

#[derive(Serialize)]
struct FileEntry<'a> {
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
    lens: &'static str,
    rgb: &'static str,
    bbox: &'static str,
    area: &'static str,
    masks: &'static str,
    image_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sensor_depth: Option<&'static str>,
    outputs: BTreeMap<&'static str, &'static str>,
}

impl Conventions {
    fn new(info: &DatasetInfo, outputs: impl Iterator<Item = Output>, options: WriteOptions) -> Self {
        Self {
            units: "metres; pixels",
            world_frame: "right-handed, +Y up",
            camera_frame: "OpenCV: x right, y down, z forward along the optical axis",
            matrices: "4x4, row-major, column vectors; a_from_b takes a point in b to a",
            pixels: "continuous: the first pixel covers [0,1)x[0,1), its centre is (0.5, 0.5); x right, y down, origin at the top left",
            principal_point: "cx and cy are continuous; K_opencv counts pixel centres as integers, so its principal point is (cx - 0.5, cy - 0.5)",
            lens: "lens_model and distortion_opencv of cameras.json, as cv2.projectPoints and cv2.fisheye.projectPoints have them; what bends lines shows in each pixel what a ray within half a pixel of its centre meets; pixels without a ray show nothing",
            rgb: picture_convention(info.format),
            bbox: "[x, y, width, height] of the visible mask, tight, far edges exclusive",
            area: "number of visible mask pixels",
            masks: "visible pixels only; masks of one image are disjoint and equal the pixels of their ids",
            image_id: if info.clip.is_some() {
                "(scene_index * frames of a clip + frame_index) * number of cameras + camera number + 1"
            } else {
                "scene_index * number of cameras + camera number + 1"
            },
            sensor_depth: info.depth_sensors.then(|| sensor_depth_convention(options.depth)),
            outputs: outputs.map(|output| (output.name(), convention(output, options.depth))).collect(),
        }
    }
}

/// The names of parts: those of files, and those of what is made from numbers.
fn parts<'a>(info: &'a DatasetInfo, totals: Option<&'a Summary>) -> impl Iterator<Item = PartsEntry<'a>> {
    let files = info.parts.iter().map(|(asset, names)| PartsEntry { asset: Some(asset), object: None, names });
    let made = totals.into_iter().flat_map(|totals| &totals.parts);
    files.chain(made.flat_map(|(object, numberings)| {
        numberings.iter().map(|names| PartsEntry { asset: None, object: Some(object), names })
    }))
}

/// The text of `dataset.json`.
pub(crate) fn manifest_json(
    info: &DatasetInfo,
    options: WriteOptions,
    state: State,
    totals: Option<&Summary>,
) -> serde_json::Result<String> {
    // In the order of `ALL`, so that it does not depend on how a set is ordered.
    let outputs = || Output::ALL.into_iter().filter(|&output| info.labels.wants(output));
    let manifest = Manifest {
        format: FORMAT,
        format_version: FORMAT_VERSION,
        state,
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        recipe: RecipeEntry {
            name: &info.recipe_name,
            sha256: sha256(info.recipe_text.as_bytes()),
            text: &info.recipe_text,
            files: info
                .recipe_files
                .iter()
                .map(|(path, text)| RecipeFileEntry { path, sha256: sha256(text.as_bytes()), text })
                .collect(),
            set: &info.recipe_set,
        },
        seed: info.seed,
        first_index: info.first_index,
        count: info.count,
        clip: info.clip,
        cameras: &info.cameras,
        adapter: &info.adapter,
        outputs: outputs().map(Output::name).collect(),
        labels: Labels {
            min_visible_px: info.labels.min_visible_px,
            min_visibility: info.labels.min_visibility,
            below: match info.labels.below {
                Below::Keep => "keep",
                Below::Mark => "mark",
                Below::LeaveOut => "leave_out",
            },
        },
        audit: if options.audit { "on" } else { "off" },
        options: Options { masks: options.masks, depth: options.depth },
        totals,
        rejected: totals.map(|totals| &*totals.first_rejected),
        coverage: totals.map_or(Vec::new(), |totals| totals.coverage.iter().map(KeptEntry::new).collect()),
        splits: totals.map_or(&[], |totals| &totals.splits),
        assets: info.assets.iter().map(AssetEntry::new).collect(),
        parts: parts(info, totals).collect(),
        conventions: Conventions::new(info, outputs(), options),
    };
    serde_json::to_string_pretty(&manifest).map(|text| text + "\n")
}

/// Whether this is the text of a `dataset.json` that says that all is there.
pub(crate) fn is_finished(text: &str) -> bool {
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(text);
    let state = parsed.ok().and_then(|value| value.get("state").and_then(|state| state.as_str().map(str::to_owned)));
    is_ours(text) && matches!(state.as_deref(), Some("complete" | "incomplete"))
}

/// Whether this is the text of a `dataset.json` of ours, of any version and state.
pub(crate) fn is_ours(text: &str) -> bool {
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(text);
    parsed.is_ok_and(|value| value.get("format").and_then(serde_json::Value::as_str) == Some(FORMAT))
}
