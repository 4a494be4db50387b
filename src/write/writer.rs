//! One dataset folder, from empty to complete.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::annotate::{Annotation, Labels};
use crate::frame::Frame;
use crate::scene::{PlacedCount, Scene};
use crate::write::cameras::{CameraEntry, FrameFiles};
use crate::write::coco;
use crate::write::encode::{self, EncodeError};
use crate::write::error::WriteError;
use crate::write::files::{DiskError, create_folder, remove, write_whole};
use crate::write::manifest::{
    self, CategoryCount, DatasetInfo, DepthFormat, PlacementTotal, State, Summary, WriteOptions,
};
use crate::write::spill::{Spill, write_json};

/// What is entered into the JSON files for a frame whose images are written. Made by [`DatasetWriter::write_frame`].
#[derive(Debug)]
pub struct FrameRecord {
    image_id: u64,
    file_name: String,
    image: String,
    camera: String,
    /// Annotations but for their ids, and their categories.
    annotations: Vec<(u32, String)>,
    /// Of the scene, told by its first camera only.
    placed: Vec<PlacedCount>,
    is_first_camera: bool,
    /// Time taken to encode images and annotations.
    pub encode_time: Duration,
    /// Time taken to write files.
    pub write_time: Duration,
}

/// A dataset folder that is being filled. All methods may be called from several threads.
pub struct DatasetWriter {
    root: PathBuf,
    info: DatasetInfo,
    options: WriteOptions,
    first_id: u64,
    end_id: u64,
    progress: Mutex<Progress>,
}

struct Progress {
    /// Frames that are finished before one that precedes them.
    waiting: BTreeMap<u64, FrameRecord>,
    next_image: u64,
    next_annotation: u64,
    images: Spill,
    annotations: Spill,
    cameras: Spill,
    scenes: u64,
    empty_images: u64,
    /// Annotations and images, per category id.
    categories: BTreeMap<u32, (u64, u64)>,
    /// Asked and placed, per group.
    placement: BTreeMap<String, (u64, u64)>,
}

impl DatasetWriter {
    /// Makes the folder ready: creates it, or with [`WriteOptions::overwrite`] removes the dataset that is there (and nothing
    /// else). A folder that holds anything but a dataset of ours is refused and left alone.
    pub fn create(root: &Path, info: DatasetInfo, options: WriteOptions) -> Result<Self, WriteError> {
        let (first_id, end_id) = id_range(&info)?;
        if let Some(name) = info.cameras.iter().find(|name| !is_file_name_part(name)) {
            return Err(WriteError::CameraName(name.clone()));
        }
        let occupied = check_occupied(root, options.overwrite)?;
        create_folder(root)?;
        // First of all, so that a run that ends early leaves a folder that is known as ours and does not claim to be complete.
        write_manifest(root, &info, options, State::Rendering, None)?;
        if occupied {
            ["annotations/instances.json", "cameras.json", "images", "ids", "depth"]
                .iter()
                .try_for_each(|name| remove(&root.join(name)))?;
        }
        ["images", "ids", "depth", "annotations"].iter().try_for_each(|name| create_folder(&root.join(name)))?;
        let progress = Progress {
            waiting: BTreeMap::new(),
            next_image: first_id,
            next_annotation: 1,
            images: Spill::new(root)?,
            annotations: Spill::new(root)?,
            cameras: Spill::new(root)?,
            scenes: 0,
            empty_images: 0,
            categories: info.categories.iter().map(|category| (category.id, (0, 0))).collect(),
            placement: BTreeMap::new(),
        };
        Ok(Self { root: root.to_path_buf(), info, options, first_id, end_id, progress: Mutex::new(progress) })
    }

    /// Encodes the images of a frame and writes them. `labels` must come from [`annotate`](crate::annotate::annotate) on
    /// the same frame. Nothing of it is in the JSON files until the record is given to [`commit`](Self::commit).
    #[expect(clippy::disallowed_methods, reason = "the clock is for timings, which no file shows")]
    pub fn write_frame(&self, scene: &Scene, frame: &Frame, labels: &Labels) -> Result<FrameRecord, WriteError> {
        let image_id = self.check_scene(scene, frame)?;
        let camera = &scene.cameras[frame.camera];
        let stem = stem(scene.index, &camera.name);
        let largest_id = scene.instances.iter().map(|instance| instance.id).max().unwrap_or(0);
        let wide_ids = largest_id > encode::MAX_PNG_ID;
        let depth_extension = if self.options.depth == DepthFormat::ExrMetres { "exr" } else { "png" };
        let files = FrameFiles {
            rgb: format!("{stem}.png"),
            ids: format!("ids/{stem}.{}", if wide_ids { "exr" } else { "png" }),
            depth: format!("depth/{stem}.{depth_extension}"),
        };

        let started = Instant::now();
        let (rgb_path, ids_path, depth_path) =
            (self.root.join("images").join(&files.rgb), self.root.join(&files.ids), self.root.join(&files.depth));
        let rgb = encode::rgb_png(&frame.rgb).map_err(encode_failed(&rgb_path))?;
        let ids = if wide_ids { encode::ids_exr(&frame.ids) } else { encode::ids_png(&frame.ids) };
        let ids = ids.map_err(encode_failed(&ids_path))?;
        let depth = match self.options.depth {
            DepthFormat::ExrMetres => encode::depth_exr(&frame.depth),
            DepthFormat::PngMillimetres => encode::depth_png(&frame.depth),
        };
        let depth = depth.map_err(encode_failed(&depth_path))?;
        let entry = |annotation: &Annotation| {
            let json = coco::annotation_json(image_id, annotation, self.options.masks);
            let failed = |source| WriteError::Coco { name: annotation.name.clone(), image: files.rgb.clone(), source };
            json.map(|json| (annotation.category_id, json)).map_err(failed)
        };
        let annotations = labels.annotations.iter().map(entry).collect::<Result<_, _>>()?;
        let image = coco::image_json(image_id, &files.rgb, scene, &camera.name)?;
        let file_name = files.rgb.clone();
        let camera =
            serde_json::to_string(&CameraEntry::new(image_id, files, scene, &camera.name, labels.camera.clone()))?;
        let encoded = Instant::now();

        for (path, bytes) in [(rgb_path, rgb), (ids_path, ids), (depth_path, depth)] {
            write_whole(&path, &bytes)?;
        }
        Ok(FrameRecord {
            image_id,
            file_name,
            image,
            camera,
            annotations,
            placed: scene.placed.clone(),
            is_first_camera: frame.camera == 0,
            encode_time: encoded - started,
            write_time: encoded.elapsed(),
        })
    }

    /// Enters a frame into the JSON files. Frames may come in any order; one that comes early waits for those before it.
    pub fn commit(&self, record: FrameRecord) -> Result<(), WriteError> {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if record.image_id < progress.next_image || progress.waiting.contains_key(&record.image_id) {
            return Err(WriteError::Twice(record.file_name));
        }
        progress.waiting.insert(record.image_id, record);
        loop {
            let next = progress.next_image;
            let Some(record) = progress.waiting.remove(&next) else { return Ok(()) };
            progress.enter(&record)?;
            progress.next_image += 1;
        }
    }

    /// Assembles the JSON files and marks the dataset as complete. An error where frames are missing; the dataset then stays
    /// marked as unfinished.
    pub fn finish(self) -> Result<Summary, WriteError> {
        let progress = self.progress.into_inner().unwrap_or_else(PoisonError::into_inner);
        if progress.next_image < self.end_id {
            let present = progress.next_image - self.first_id + progress.waiting.len() as u64;
            let total = self.end_id - self.first_id;
            let first = first_missing(&self.info, progress.next_image);
            return Err(WriteError::Incomplete { missing: total - present, total, first });
        }
        let summary = progress.summary(&self.info, self.end_id - self.first_id);
        let info = coco::Info {
            description: &self.info.recipe_name,
            version: env!("CARGO_PKG_VERSION"),
            contributor: env!("CARGO_PKG_NAME"),
            url: "",
        };
        let head = format!(
            "{{\"info\":{},\n\"licenses\":[],\n\"categories\":{}",
            serde_json::to_string(&info)?,
            coco::categories_json(&self.info.categories)?
        );
        let lists = vec![("images", progress.images), ("annotations", progress.annotations)];
        write_json(&self.root.join("annotations/instances.json"), &head, lists)?;
        let head = format!("{{\"format_version\":{}", manifest::FORMAT_VERSION);
        write_json(&self.root.join("cameras.json"), &head, vec![("images", progress.cameras)])?;
        write_manifest(&self.root, &self.info, self.options, State::Complete, Some(&summary))?;
        Ok(summary)
    }

    /// The image id of a frame of a scene that belongs here.
    fn check_scene(&self, scene: &Scene, frame: &Frame) -> Result<u64, WriteError> {
        let wrong = |reason: String| WriteError::WrongScene { index: scene.index, reason };
        if !scene.cameras.iter().map(|camera| &camera.name).eq(&self.info.cameras) {
            return Err(wrong(format!("its cameras are not {:?}", self.info.cameras)));
        }
        if scene.categories != self.info.categories {
            return Err(wrong("its categories are different".into()));
        }
        let cameras = scene.cameras.len();
        if frame.camera >= cameras {
            return Err(wrong(format!("its frame is of camera number {}, but it has {cameras}", frame.camera)));
        }
        coco::image_id(scene.index, frame.camera, cameras)
            .filter(|id| (self.first_id..self.end_id).contains(id))
            .ok_or_else(|| wrong(format!("it has {} scenes from index {}", self.info.count, self.info.first_index)))
    }
}

impl Progress {
    fn enter(&mut self, record: &FrameRecord) -> Result<(), DiskError> {
        self.images.push(&record.image)?;
        self.cameras.push(&record.camera)?;
        let mut seen: BTreeMap<u32, u64> = BTreeMap::new();
        for (category, json) in &record.annotations {
            self.annotations.push(&coco::with_id(self.next_annotation, json))?;
            self.next_annotation += 1;
            *seen.entry(*category).or_default() += 1;
        }
        self.empty_images += u64::from(record.annotations.is_empty());
        for (category, count) in seen {
            let (annotations, images) = self.categories.entry(category).or_default();
            *annotations += count;
            *images += 1;
        }
        if record.is_first_camera {
            self.scenes += 1;
            for PlacedCount { object, asked, placed } in &record.placed {
                let total = self.placement.entry(object.clone()).or_default();
                *total = (total.0 + u64::from(*asked), total.1 + u64::from(*placed));
            }
        }
        Ok(())
    }

    fn summary(&self, info: &DatasetInfo, images: u64) -> Summary {
        let category = |category: &crate::scene::Category| {
            let (annotations, images) = self.categories.get(&category.id).copied().unwrap_or_default();
            CategoryCount { id: category.id, name: category.name.clone(), annotations, images }
        };
        let placement = |(object, &(asked, placed)): (&String, &(u64, u64))| PlacementTotal {
            object: object.clone(),
            asked,
            placed,
        };
        Summary {
            scenes: self.scenes,
            images,
            images_without_annotations: self.empty_images,
            annotations: self.next_annotation - 1,
            categories: info.categories.iter().map(category).collect(),
            placement: self.placement.iter().map(placement).collect(),
        }
    }
}

/// The image ids of a dataset: first, and one past the last.
fn id_range(info: &DatasetInfo) -> Result<(u64, u64), WriteError> {
    let cameras = info.cameras.len();
    if cameras == 0 {
        return Err(WriteError::NoCamera);
    }
    let end_index = info.first_index.checked_add(info.count);
    let first = coco::image_id(info.first_index, 0, cameras);
    let end = end_index.and_then(|end| coco::image_id(end, 0, cameras));
    first.zip(end).ok_or(WriteError::ImageIds { first_index: info.first_index, count: info.count, cameras })
}

/// Whether a dataset of ours is there that is to be replaced.
fn check_occupied(root: &Path, overwrite: bool) -> Result<bool, WriteError> {
    let mut entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(source) => return Err(DiskError { action: "use as a folder", path: root.to_path_buf(), source }.into()),
    };
    if entries.next().is_none() {
        return Ok(false);
    }
    match (is_our_dataset(root), overwrite) {
        (false, _) => Err(WriteError::NotOurs(root.to_path_buf())),
        (true, false) => Err(WriteError::Exists(root.to_path_buf())),
        (true, true) => Ok(true),
    }
}

fn is_our_dataset(root: &Path) -> bool {
    // A dataset.json is as long as its recipe; what is longer than this is not read into memory, and so not ours.
    const LONGEST: u64 = 64 << 20;
    let mut text = String::new();
    let read = fs::File::open(root.join("dataset.json")).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
    read.is_ok() && manifest::is_ours(&text)
}

fn write_manifest(
    root: &Path,
    info: &DatasetInfo,
    options: WriteOptions,
    state: State,
    totals: Option<&Summary>,
) -> Result<(), WriteError> {
    let text = manifest::manifest_json(info, options, state, totals)?;
    Ok(write_whole(&root.join("dataset.json"), text.as_bytes())?)
}

fn first_missing(info: &DatasetInfo, image_id: u64) -> String {
    let cameras = info.cameras.len() as u64;
    let index = (image_id - 1) / cameras;
    let camera = info.cameras.iter().zip(0..).find(|&(_, number)| number == (image_id - 1) % cameras);
    stem(index, camera.map_or("", |(name, _)| name)) + ".png"
}

/// `000007_main`
fn stem(index: u64, camera: &str) -> String {
    format!("{index:06}_{camera}")
}

fn is_file_name_part(name: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    (1..=64).contains(&name.chars().count()) && !name.starts_with('.') && name.chars().all(allowed)
}

fn encode_failed(path: &Path) -> impl FnOnce(EncodeError) -> WriteError {
    let path = path.to_path_buf();
    move |source| WriteError::Encode { path, source }
}
