//! One dataset folder, from empty to complete.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::annotate::tracks::tracks;
use crate::annotate::{Annotation, Labels, Subject};
use crate::frame::Frame;
use crate::scene::{ImageFormat, Output, Scene};
use crate::write::cameras::{CameraEntry, FrameFiles};
use crate::write::clips::{self, Beside};
use crate::write::encode;
use crate::write::error::WriteError;
use crate::write::files::{DiskError, create_folder, remove, write_whole};
use crate::write::manifest::{self, DatasetInfo, Rejected, State, Summary, WriteOptions};
use crate::write::outputs::{Look, SENSOR_DEPTH, is_image};
use crate::write::progress::{Entries, FrameRecord, Outcome, Progress};
use crate::write::rejected;
use crate::write::spill::write_json;
use crate::write::wanted::FrameWanted;
use crate::write::{coco, keypoints, panoptic, parts};

/// Where rejected frames are kept.
const REJECTED: &str = "rejected";
const INSTANCES: &str = "annotations/instances.json";
const KEYPOINTS: &str = "annotations/keypoints.json";
const PANOPTIC: &str = "annotations/panoptic.json";
const TRACKS: &str = "annotations/tracks.json";
const CAMERAS: &str = "cameras.json";

/// A dataset folder that is being filled. All methods may be called from several threads.
pub struct DatasetWriter {
    root: PathBuf,
    info: DatasetInfo,
    options: WriteOptions,
    first_id: u64,
    end_id: u64,
    progress: Mutex<Progress>,
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
        let folders = || Output::ALL.into_iter().filter(|&output| is_image(output));
        if occupied {
            // The folder of every output that there is: the dataset before may have had others than this one.
            [INSTANCES, KEYPOINTS, PANOPTIC, TRACKS, CAMERAS, "images", "mot", SENSOR_DEPTH, REJECTED]
                .into_iter()
                .chain(folders().map(Output::name))
                .try_for_each(|name| remove(&root.join(name)))?;
            of_splits(root)?.iter().try_for_each(|path| remove(path))?;
        }
        ["images", "annotations"]
            .into_iter()
            .chain(folders().filter(|&output| info.labels.wants(output)).map(Output::name))
            .chain(info.depth_sensors.then_some(SENSOR_DEPTH))
            .try_for_each(|name| create_folder(&root.join(name)))?;
        let progress = Progress::new(root, first_id, &info)?;
        Ok(Self { root: root.to_path_buf(), info, options, first_id, end_id, progress: Mutex::new(progress) })
    }

    /// Whether frames are to be audited before they are written.
    pub fn audits(&self) -> bool {
        self.options.audit
    }

    /// Encodes the images of a frame and writes them. `labels` must come from [`annotate`](crate::annotate::annotate) on
    /// the same frame. Nothing of it is in the JSON files until the record is given to [`commit`](Self::commit).
    ///
    /// An error that [is of the frame](WriteError::is_of_the_frame) leaves nothing on disk; the frame can be [rejected](Self::reject).
    pub fn write_frame(&self, subject: &Subject, frame: &Frame, labels: &Labels) -> Result<FrameRecord, WriteError> {
        self.write_shot(subject, frame, labels, &Beside::default())
    }

    /// The same for a frame of a clip, with those before and behind it.
    pub fn write_shot(
        &self,
        subject: &Subject,
        frame: &Frame,
        labels: &Labels,
        beside: &Beside,
    ) -> Result<FrameRecord, WriteError> {
        let scene = &subject.scene;
        let image_id = self.check_scene(scene, frame)?;
        let camera = &scene.cameras[frame.camera].name;
        let stem = stem_of(scene, camera);
        let mut clock = Stopwatch::default();
        let wanted = FrameWanted::of(&self.info, scene, frame.camera, Some(labels))?;
        let points = tracks(subject, frame);

        let split = wanted.split.as_deref();
        let mut entries = clock.encode(|| self.entries(image_id, &stem, subject, camera, split, labels))?;
        let clip = clips::json(scene, frame.camera, image_id, split, Some(labels), points.as_deref());
        let clip = clip.map_err(|source| WriteError::Coco { name: "the image".into(), source })?;
        let look = Look { subject, frame, panoptic: labels.panoptic.as_ref(), depth: self.options.depth, beside };
        let format = scene.image.format;
        let mut files = FrameFiles { rgb: picture_name(&stem, format), others: Default::default() };
        let mut written = Written::default();
        let rgb = clock.encode(|| encode::picture_file(frame, format));
        let rgb = rgb.map_err(|source| WriteError::Encode { what: "rgb", source })?;
        clock.write(|| written.write(self.root.join("images").join(&files.rgb), &rgb))?;
        // One after the other, so that no more than one is in memory.
        for &output in &self.info.labels.outputs {
            let what = output.name();
            match clock.encode(|| look.encode(output)) {
                Ok(None) => {}
                Ok(Some((extension, bytes))) => {
                    let file = format!("{what}/{stem}.{extension}");
                    clock.write(|| written.write(self.root.join(&file), &bytes))?;
                    files.others.insert(what, file);
                }
                Err(source) => {
                    written.remove()?;
                    return Err(WriteError::Encode { what, source });
                }
            }
        }
        if let Some(depth) = &frame.sensor_depth {
            match clock.encode(|| self.options.depth.encode(depth)) {
                Ok((extension, bytes)) => {
                    let file = format!("{SENSOR_DEPTH}/{stem}.{extension}");
                    clock.write(|| written.write(self.root.join(&file), &bytes))?;
                    files.others.insert(SENSOR_DEPTH, file);
                }
                Err(source) => {
                    written.remove()?;
                    return Err(WriteError::Encode { what: SENSOR_DEPTH, source });
                }
            }
        }
        let camera = CameraEntry::new(image_id, files, scene, camera, labels.camera.clone());
        entries.camera = serde_json::to_string(&camera)?;
        Ok(FrameRecord {
            image_id,
            file_name: picture_name(&stem, format),
            outcome: Outcome::Kept(entries),
            placed: scene.placed.clone(),
            parts: parts::numberings(subject),
            is_first_camera: frame.camera == 0 && scene.frame == 0,
            clip,
            wanted,
            encode_time: clock.encode,
            write_time: clock.write,
        })
    }

    /// The JSON of a frame, but for its camera.
    fn entries(
        &self,
        image_id: u64,
        stem: &str,
        subject: &Subject,
        camera: &str,
        split: Option<&str>,
        labels: &Labels,
    ) -> Result<Entries, WriteError> {
        let (scene, masks, parts) = (&subject.scene, self.options.masks, parts::of(subject));
        let annotation = |annotation: &Annotation| {
            let parts = parts.get(&annotation.instance_id);
            let json = coco::annotation_json(image_id, annotation, parts, &scene.categories, &scene.labels, masks);
            let json = json.map_err(|source| WriteError::Coco { name: annotation.name.clone(), source })?;
            Ok::<_, WriteError>((annotation.category_id, annotation.marked, json))
        };
        let of_image = |source| WriteError::Coco { name: "the image".into(), source };
        Ok(Entries {
            annotations: labels.annotations.iter().map(annotation).collect::<Result<_, _>>()?,
            left_out: labels.left_out.iter().map(|left_out| (left_out.category_id, left_out.reason)).collect(),
            image: coco::image_json(
                image_id,
                &picture_name(stem, scene.image.format),
                scene,
                camera,
                split,
                labels,
                masks,
            )
            .map_err(of_image)?,
            camera: String::new(),
        })
    }

    /// Keeps a frame aside, with at least one reason: one sentence each. Its record is [committed](Self::commit) like any other.
    /// `labels` are what is known of it, if anything.
    pub fn reject(
        &self,
        subject: &Subject,
        frame: &Frame,
        labels: Option<&Labels>,
        reasons: &[String],
    ) -> Result<FrameRecord, WriteError> {
        let scene = &subject.scene;
        let image_id = self.check_scene(scene, frame)?;
        let stem = stem_of(scene, &scene.cameras[frame.camera].name);
        let mut clock = Stopwatch::default();
        let (panoptic, beside) = (labels.and_then(|l| l.panoptic.as_ref()), &Beside::default());
        let look = Look { subject, frame, panoptic, depth: self.options.depth, beside };
        let files = clock.encode(|| rejected::files(&look, reasons));
        let folder = self.root.join(REJECTED).join(&stem);
        clock.write(|| {
            create_folder(&folder)?;
            files.iter().try_for_each(|(name, bytes)| write_whole(&folder.join(name), bytes))
        })?;
        let file_name = picture_name(&stem, scene.image.format);
        let wanted = FrameWanted::of(&self.info, scene, frame.camera, None)?;
        let clip = clips::json(scene, frame.camera, image_id, wanted.split.as_deref(), None, None);
        let clip = clip.map_err(|source| WriteError::Coco { name: "the image".into(), source })?;
        Ok(FrameRecord {
            image_id,
            outcome: Outcome::Rejected(Rejected { file_name: file_name.clone(), reason: rejected::summary(reasons) }),
            file_name,
            placed: scene.placed.clone(),
            parts: parts::numberings(subject),
            is_first_camera: frame.camera == 0 && scene.frame == 0,
            clip,
            wanted,
            encode_time: clock.encode,
            write_time: clock.write,
        })
    }

    /// Enters a frame into the JSON files. Frames may come in any order; one that comes early waits for those before it.
    pub fn commit(&self, record: FrameRecord) -> Result<(), WriteError> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).take(record)
    }

    /// Assembles the JSON files and marks the dataset as complete, or as incomplete where frames were rejected. An error where
    /// frames are missing; the dataset then stays marked as unfinished.
    pub fn finish(self) -> Result<Summary, WriteError> {
        let mut progress = self.progress.into_inner().unwrap_or_else(PoisonError::into_inner);
        if progress.next_image < self.end_id {
            let present = progress.next_image - self.first_id + progress.waiting();
            let total = self.end_id - self.first_id;
            let first = first_missing(&self.info, progress.next_image);
            return Err(WriteError::Incomplete { missing: total - present, total, first });
        }
        let summary = progress.summary(&self.info.categories)?;
        let info = coco::Info {
            description: &self.info.recipe_name,
            version: env!("CARGO_PKG_VERSION"),
            contributor: env!("CARGO_PKG_NAME"),
            url: "",
        };
        let info = serde_json::to_string(&info)?;
        let head = |categories: String| format!("{{\"info\":{info},\n\"licenses\":[],\n\"categories\":{categories}");
        let (categories, lists) = (&self.info.categories, &mut progress.lists);
        let clip = self.info.clip.is_some();
        let mut instances = vec![("images", &mut lists.images), ("annotations", &mut lists.annotations)];
        if clip {
            instances.push(("videos", &mut lists.videos));
        }
        write_json(&self.root.join(INSTANCES), &head(coco::categories_json(categories)?), &mut instances)?;
        if self.info.labels.wants(Output::Tracks) {
            let mut tracks = [("videos", &mut lists.videos), ("images", &mut lists.tracks)];
            let head = format!("{{\"format_version\":{}", manifest::FORMAT_VERSION);
            write_json(&self.root.join(TRACKS), &head, &mut tracks)?;
        }
        if self.info.labels.wants(Output::Keypoints) {
            write_json(
                &self.root.join(KEYPOINTS),
                &head(keypoints::categories_json(categories)?),
                &mut [("images", &mut lists.plain_images), ("annotations", &mut lists.keypoints)],
            )?;
        }
        if self.info.labels.wants(Output::Panoptic) {
            write_json(
                &self.root.join(PANOPTIC),
                &head(panoptic::categories_json(categories)?),
                &mut [("images", &mut lists.plain_images), ("annotations", &mut lists.panoptic)],
            )?;
        }
        for (name, split) in &mut lists.splits {
            let mut instances = vec![("images", &mut split.images), ("annotations", &mut split.annotations)];
            if clip {
                instances.push(("videos", &mut split.videos));
            }
            let head_of = head(coco::categories_json(categories)?);
            write_json(&self.root.join(of_split(INSTANCES, name)), &head_of, &mut instances)?;
            if self.info.labels.wants(Output::Keypoints) {
                write_json(
                    &self.root.join(of_split(KEYPOINTS, name)),
                    &head(keypoints::categories_json(categories)?),
                    &mut [("images", &mut split.plain_images), ("annotations", &mut split.keypoints)],
                )?;
            }
            if self.info.labels.wants(Output::Panoptic) {
                write_json(
                    &self.root.join(of_split(PANOPTIC, name)),
                    &head(panoptic::categories_json(categories)?),
                    &mut [("images", &mut split.plain_images), ("annotations", &mut split.panoptic)],
                )?;
            }
        }
        let head = format!("{{\"format_version\":{}", manifest::FORMAT_VERSION);
        write_json(&self.root.join(CAMERAS), &head, &mut [("images", &mut lists.cameras)])?;
        let state = if summary.rejected == 0 { State::Complete } else { State::Incomplete };
        write_manifest(&self.root, &self.info, self.options, state, Some(&summary))?;
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
        if scene.labels != self.info.labels {
            return Err(wrong("it asks for other labels".into()));
        }
        if (scene.image.format.extension(), scene.image.format.depth())
            != (self.info.format.extension(), self.info.format.depth())
        {
            return Err(wrong("its pictures are of another format".into()));
        }
        let cameras = scene.cameras.len();
        if frame.camera >= cameras {
            return Err(wrong(format!("its frame is of camera number {}, but it has {cameras}", frame.camera)));
        }
        if scene.clip != self.info.clip || scene.frame >= scene.frames() {
            return Err(wrong("its clip is another one".into()));
        }
        coco::shot_index(scene.index, scene.frame, scene.frames())
            .and_then(|index| coco::image_id(index, frame.camera, cameras))
            .filter(|id| (self.first_id..self.end_id).contains(id))
            .ok_or_else(|| wrong(format!("it has {} scenes from index {}", self.info.count, self.info.first_index)))
    }
}

/// `annotations/instances_train.json`, as COCO's readers look for it.
fn of_split(file: &str, split: &str) -> String {
    format!("{}_{split}.json", file.strip_suffix(".json").unwrap_or(file))
}

/// The files of splits that an earlier dataset left; nothing else has such names.
fn of_splits(root: &Path) -> Result<Vec<PathBuf>, DiskError> {
    let folder = root.join("annotations");
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(DiskError { action: "read", path: folder, source }),
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let is_ours = |name: &String| {
        let starts = ["instances_", "keypoints_", "panoptic_"].iter().any(|start| name.starts_with(start));
        starts && name.strip_suffix(".json").is_some()
    };
    Ok(names.filter(is_ours).map(|name| folder.join(name)).collect())
}

/// Time taken; it shows in no file.
#[derive(Default)]
struct Stopwatch {
    encode: Duration,
    write: Duration,
}

impl Stopwatch {
    fn encode<T>(&mut self, work: impl FnOnce() -> T) -> T {
        timed(&mut self.encode, work)
    }

    fn write<T>(&mut self, work: impl FnOnce() -> T) -> T {
        timed(&mut self.write, work)
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock is for timings, which no file shows")]
fn timed<T>(total: &mut Duration, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    *total += started.elapsed();
    result
}

/// Files of a frame that may turn out not to be writable.
#[derive(Default)]
struct Written(Vec<PathBuf>);

impl Written {
    fn write(&mut self, path: PathBuf, bytes: &[u8]) -> Result<(), DiskError> {
        write_whole(&path, bytes)?;
        self.0.push(path);
        Ok(())
    }

    fn remove(self) -> Result<(), DiskError> {
        self.0.iter().try_for_each(|path| remove(path))
    }
}

/// Frames of each camera in a scene.
fn frames(info: &DatasetInfo) -> u32 {
    info.clip.map_or(1, |clip| clip.frames)
}

/// The image ids of a dataset: first, and one past the last.
fn id_range(info: &DatasetInfo) -> Result<(u64, u64), WriteError> {
    let cameras = info.cameras.len();
    if cameras == 0 {
        return Err(WriteError::NoCamera);
    }
    let end_index = info.first_index.checked_add(info.count);
    let id = |index| coco::image_id(coco::shot_index(index, 0, frames(info))?, 0, cameras);
    let (first, end) = (id(info.first_index), end_index.and_then(id));
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
    let shot = (image_id - 1) / cameras;
    let (index, frame) = (shot / u64::from(frames(info)), shot % u64::from(frames(info)));
    let camera = info.cameras.iter().zip(0..).find(|&(_, number)| number == (image_id - 1) % cameras);
    picture_name(&stem(index, info.clip.map(|_| frame), camera.map_or("", |(name, _)| name)), info.format)
}

/// `000007_main.png`
fn picture_name(stem: &str, format: ImageFormat) -> String {
    format!("{stem}.{}", format.extension())
}

/// `000007_main`, or of a clip `000007_0012_main`.
fn stem(index: u64, frame: Option<u64>, camera: &str) -> String {
    match frame {
        None => format!("{index:06}_{camera}"),
        Some(frame) => format!("{index:06}_{frame:04}_{camera}"),
    }
}

fn stem_of(scene: &Scene, camera: &str) -> String {
    stem(scene.index, scene.clip.map(|_| u64::from(scene.frame)), camera)
}

fn is_file_name_part(name: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    (1..=64).contains(&name.chars().count()) && !name.starts_with('.') && name.chars().all(allowed)
}
