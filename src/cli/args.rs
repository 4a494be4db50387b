//! What can be typed.

use clap::{ArgAction, Args as ClapArgs, Parser, Subcommand};
use scenewright::confine::Allowed;
use scenewright::recipe::{Checked, load_allowing};
use std::path::{Path, PathBuf};

use super::Failure;

/// Turns a scene recipe into a labelled image dataset.
///
/// A recipe (a RON file) says what may vary: lights, poses, materials, cameras. Scenewright samples scenes from it, renders
/// them without a window, and writes images with every label that can be known of them, exact and audited, as a COCO dataset.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 done; 2 wrong arguments; 65 something is wrong with the recipe, scene, an asset or the dataset, or it is not there; \
                  69 no usable graphics adapter; 70 the graphics device failed, or a bug; 73 the dataset was written, but for \
                  frames that failed the audit; 74 the output cannot be written; 75 not done yet: stopped, or another process is at \
                  it; the same command goes on from there.\n\n\
                  Start with `scenewright check scenes/tabletop.ron` and `scenewright preview scenes/tabletop.ron`. \
                  docs/recipe.md describes recipes, docs/dataset.md describes datasets."
)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,
    /// Say more on stderr: -v progress of the program, -vv the graphics stack, -vvv everything.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(super) verbose: u8,
    /// Logs on stderr: for people, or one JSON object on each line.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub(super) log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Report everything that is wrong with a recipe, and say what its dataset will hold. Needs no GPU.
    Check(CheckArgs),
    /// Print one decided scene of a recipe, as RON that `render` accepts. Needs no GPU.
    Sample(SampleArgs),
    /// Render a dataset.
    #[cfg(feature = "render")]
    Render(RenderArgs),
    /// Make one dataset of shards that were rendered.
    Merge(MergeArgs),
    /// Say how much of a dataset is there, and which scenes are missing.
    Status(FolderArgs),
    /// Hold a finished dataset against its hashes, and its annotations against its images.
    Verify(FolderArgs),
    /// Render a contact sheet: some frames as colour, masks with names and boxes, and depth, in one PNG.
    #[cfg(feature = "render")]
    Preview(PreviewArgs),
    /// Say which graphics adapters there are, which one would be taken and why, and what to install where there is none.
    #[cfg(feature = "render")]
    Doctor(DoctorArgs),
}

#[derive(Debug, ClapArgs)]
pub(super) struct CheckArgs {
    /// The recipe.
    pub(super) recipe: PathBuf,
    /// How many scenes to sample.
    #[arg(long, default_value_t = 100)]
    pub(super) samples: u64,
    /// The seed to sample with.
    #[arg(long, default_value_t = 0)]
    pub(super) seed: u64,
    /// Folder that asset paths start from. [default: that of the recipe]
    #[arg(long)]
    pub(super) assets: Option<PathBuf>,
    /// Another folder (or file) that the recipe and its models may read from; may be given several times. [default: the folder of the
    /// recipe, that of `--assets`, and the project they are in]
    #[arg(long, value_name = "DIR")]
    pub(super) allow_path: Vec<PathBuf>,
    /// Another value for something in the recipe, such as `objects.mugs.count=5`; may be given several times.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(super) set: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct SampleArgs {
    /// The recipe.
    pub(super) recipe: PathBuf,
    /// Which scene.
    #[arg(long, default_value_t = 0)]
    pub(super) index: u64,
    /// The seed.
    #[arg(long, default_value_t = 0)]
    pub(super) seed: u64,
    /// Folder that asset paths start from. [default: that of the recipe]
    #[arg(long)]
    pub(super) assets: Option<PathBuf>,
    /// Another folder (or file) that the recipe and its models may read from; may be given several times. [default: the folder of the
    /// recipe, that of `--assets`, and the project they are in]
    #[arg(long, value_name = "DIR")]
    pub(super) allow_path: Vec<PathBuf>,
    /// Another value for something in the recipe, such as `objects.mugs.count=5`; may be given several times.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(super) set: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct MergeArgs {
    /// The folder of the dataset, in which all shards or some of them were rendered.
    pub(super) folder: PathBuf,
    /// Other folders with shards of it: their files are copied.
    pub(super) others: Vec<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct FolderArgs {
    /// The folder of the dataset.
    pub(super) folder: PathBuf,
}

/// A recipe, checked, with its warnings.
pub(super) fn load(
    recipe: &Path,
    assets: Option<&Path>,
    allow_path: &[PathBuf],
    set: &[String],
) -> Result<Checked, Failure> {
    let root = assets.unwrap_or_else(|| recipe.parent().unwrap_or(Path::new("")));
    Ok(load_allowing(recipe, root, set, &allowed(allow_path)?)?)
}

/// What `--allow-path` says.
pub(super) fn allowed(paths: &[PathBuf]) -> Result<Allowed, Failure> {
    Allowed::new(paths)
        .map_err(|(path, error)| Failure::bad_input(format!("error: --allow-path {}: {error}", path.display())))
}

/// What to render.
#[cfg(feature = "render")]
#[derive(Debug, ClapArgs)]
pub(super) struct SceneArgs {
    /// The recipe, or a scene file written by `sample`.
    pub(super) recipe: PathBuf,
    /// The seed: another one gives other scenes. [default: 0]
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Index of the first scene. Scene 7 is the same, whatever is rendered with it. [default: 0]
    #[arg(long)]
    pub(super) first_index: Option<u64>,
    /// Folder that asset paths start from. [default: that of the recipe]
    #[arg(long)]
    pub(super) assets: Option<PathBuf>,
    /// Another folder (or file) that the recipe and its models may read from; may be given several times. [default: the folder of the
    /// recipe, that of `--assets`, and the project they are in]
    #[arg(long, value_name = "DIR")]
    pub(super) allow_path: Vec<PathBuf>,
    /// Another value for something in the recipe, such as `objects.mugs.count=5`; may be given several times.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(super) set: Vec<String>,
    /// Graphics adapter: `auto`, `software`, or part of a name that `doctor` prints.
    #[arg(long, default_value = "auto")]
    pub(super) adapter: String,
}

#[cfg(feature = "render")]
#[derive(Debug, ClapArgs)]
pub(super) struct RenderArgs {
    #[command(flatten)]
    pub(super) scenes: SceneArgs,
    /// How many scenes. Each gives one image per camera. [default: 1]
    #[arg(short = 'n', long)]
    pub(super) count: Option<u64>,
    /// The folder to write.
    #[arg(short, long)]
    pub(super) out: PathBuf,
    /// Begin anew, and replace the dataset that is in the folder. Without it, what is there is continued.
    #[arg(long, conflicts_with_all = ["shard", "frames"])]
    pub(super) overwrite: bool,
    /// Render one shard of several: `3/16` is the fourth of sixteen; `auto/16` takes its number from what the scheduler says (Slurm, Kubernetes, AWS Batch,
    /// HyperQueue and others, or SCENEWRIGHT_SHARD), `auto` how many there are as well. `merge` makes a dataset of them.
    #[arg(long, value_name = "I/N", conflicts_with = "frames")]
    pub(super) shard: Option<String>,
    /// What the scheduler counts its tasks from, for `--shard auto`. [default: what it says, or 0]
    #[arg(long, requires = "shard")]
    pub(super) shard_base: Option<u64>,
    /// Render the scenes with these indices alone, as a shard: `100..200`.
    #[arg(long, value_name = "A..B")]
    pub(super) frames: Option<String>,
    /// Stop when the process has more memory than this, such as `8G`: exit code 75, and the same command goes on.
    #[arg(long, value_name = "SIZE")]
    pub(super) max_memory: Option<String>,
    /// Write numbers about the run to this file, in the text format of Prometheus.
    #[arg(long, value_name = "FILE")]
    pub(super) metrics: Option<PathBuf>,
    /// Write where the time went to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
    /// Depth files: `exr` is 32-bit float metres, `png` is 16-bit millimetres.
    #[arg(long, value_enum, default_value_t = DepthArg::Exr)]
    pub(super) depth: DepthArg,
    /// Masks in the annotations: `rle` is compressed RLE; `rle-counts` is uncompressed RLE; `polygons` decode to the same masks.
    #[arg(long, value_enum, default_value_t = MaskArg::Rle)]
    pub(super) masks: MaskArg,
    /// Whether every frame is held against itself and its scene before it is written; one that fails is kept aside, in
    /// `rejected`.
    #[arg(long, value_enum, default_value_t = AuditArg::On)]
    pub(super) audit: AuditArg,
    /// Renderers that draw at the same time, each with a device context of its own: one alone does not keep a GPU busy. The dataset is the same.
    #[arg(long, value_name = "N", default_value = "1")]
    pub(super) renderers: std::num::NonZeroUsize,
    /// Threads that audit, encode and write. [default: processors - 1]
    #[arg(long)]
    pub(super) jobs: Option<std::num::NonZeroUsize>,
    /// Print where the time went.
    #[arg(long)]
    pub(super) timings: bool,
}

#[cfg(feature = "render")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum DepthArg {
    Exr,
    Png,
}

#[cfg(feature = "render")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum AuditArg {
    On,
    Off,
}

#[cfg(feature = "render")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum MaskArg {
    Rle,
    RleCounts,
    Polygons,
}

#[cfg(feature = "render")]
#[derive(Debug, ClapArgs)]
pub(super) struct PreviewArgs {
    #[command(flatten)]
    pub(super) scenes: SceneArgs,
    /// How many scenes.
    #[arg(short = 'n', long)]
    pub(super) count: Option<u64>,
    /// The PNG to write. [default: preview.png]
    #[arg(short, long, default_value = "preview.png")]
    pub(super) out: PathBuf,
    /// Width of one picture on the sheet, pixels.
    #[arg(long, default_value_t = 320, value_parser = clap::value_parser!(u32).range(96..=2048))]
    pub(super) width: u32,
}

#[cfg(feature = "render")]
#[derive(Debug, ClapArgs)]
pub(super) struct DoctorArgs {
    /// Graphics adapter: `auto`, `software`, or part of a name.
    #[arg(long, default_value = "auto")]
    pub(super) adapter: String,
}
