//! One dataset folder, from empty to complete.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::annotate::tracks::tracks;
use crate::annotate::{Annotation, Labels, Subject};
use crate::frame::Frame;
use crate::scene::{Output, Scene};
use crate::write::assemble::{self, CAMERAS, INSTANCES, KEYPOINTS, MANIFEST, PANOPTIC, SUMS, TRACKS};
use crate::write::begun::Begun;
use crate::write::cameras::{CameraEntry, FrameFiles};
use crate::write::clips::{self, Beside};
use crate::write::encode;
use crate::write::error::WriteError;
use crate::write::files::{DiskError, UNFINISHED, Written, create_folder, remove};
use crate::write::journal::{self, Journal, Journals};
use crate::write::manifest::{self, DatasetInfo, Rejected, Summary, WriteOptions};
use crate::write::names::{self, picture_name, stem_of};
use crate::write::outputs::{Look, SENSOR_DEPTH, is_image};
use crate::write::part::Part;
use crate::write::progress::{Entries, FrameRecord, Outcome};
use crate::write::wanted::FrameWanted;
use crate::write::{coco, parts, rejected, whole};

/// Where rejected frames are kept.
const REJECTED: &str = "rejected";

/// A dataset folder that is being filled. All methods may be called from several threads.
pub struct DatasetWriter {
    root: PathBuf,
    begun: Begun,
    part: Part,
    /// Of the part.
    ids: Range<u64>,
    /// Images of the part that were there and whole when it was opened.
    done: BTreeSet<u64>,
    journal: Mutex<Journal>,
    /// Images that were entered since.
    entered: Mutex<BTreeSet<u64>>,
}

impl DatasetWriter {
    /// Makes the folder ready for all of a dataset: see [`open`](Self::open).
    pub fn create(root: &Path, info: DatasetInfo, options: WriteOptions) -> Result<Self, WriteError> {
        Self::open(root, info, options, Part::All)
    }

    /// Makes the folder ready for a part of a dataset: creates it, or goes on with what is there. Frames whose files are there and whole, by
    /// their hashes, are [done](Self::is_done).
    ///
    /// With [`WriteOptions::overwrite`] the dataset that is there is removed first (and nothing else). A folder that holds anything
    /// but a dataset of ours, or another dataset than this one, is refused and left alone; and so is a part that another process is at.
    pub fn open(root: &Path, info: DatasetInfo, options: WriteOptions, part: Part) -> Result<Self, WriteError> {
        names::all_ids(&info)?;
        if let Some(name) = info.cameras.iter().find(|name| !names::is_file_name_part(name)) {
            return Err(WriteError::CameraName(name.clone()));
        }
        let begun = Begun::new(&info, options);
        let occupied = check_occupied(root)?;
        if !options.overwrite {
            check_same(root, &begun, &part, occupied)?;
        }
        create_folder(root)?;
        let journal = Journal::open(root, &part)?;
        if occupied && options.overwrite {
            clear(root, &journal)?;
        }
        // First of all, so that a run that ends early leaves a folder that is known as ours and does not claim to be complete. In this order:
        // whoever finds a manifest has to find what the dataset was begun with.
        begun.write(root)?;
        if !occupied || options.overwrite {
            assemble::write_begun_manifest(root, &info, options)?;
        }
        ["images", "annotations"]
            .into_iter()
            .chain(image_folders().filter(|&output| info.labels.wants(output)).map(Output::name))
            .chain(info.depth_sensors.then_some(SENSOR_DEPTH))
            .try_for_each(|name| create_folder(&root.join(name)))?;
        let ids = names::ids(&info, part.indices_of(&info))?;
        let done = whole::whole(root, &Journals::read(root)?, ids.clone())?;
        let writer = Self {
            root: root.to_path_buf(),
            begun,
            part,
            ids,
            done,
            journal: Mutex::new(journal),
            entered: Mutex::new(BTreeSet::new()),
        };
        if writer.ids.end - writer.ids.start > writer.done.len() as u64 && occupied {
            // What is complete no longer is.
            assemble::write_begun_manifest(root, &info, options)?;
        }
        Ok(writer)
    }

    /// How many images of the part were there when it was opened.
    pub fn images_done(&self) -> u64 {
        self.done.len() as u64
    }

    /// How many images the part has.
    pub fn images(&self) -> u64 {
        self.ids.end - self.ids.start
    }

    /// The scenes of which an image is missing, as ranges of indices, in order.
    pub fn missing_scenes(&self) -> Vec<Range<u64>> {
        names::scenes_of(&self.begun.info, &names::gaps(self.ids.clone(), self.done.iter().copied()))
    }

    /// Whether a frame of a scene was there, whole, when the folder was opened.
    pub fn is_done(&self, scene: &Scene, camera: usize) -> bool {
        coco::shot_index(scene.index, scene.frame, scene.frames())
            .and_then(|index| coco::image_id(index, camera, scene.cameras.len()))
            .is_some_and(|id| self.done.contains(&id))
    }

    /// Whether frames are to be audited before they are written.
    pub fn audits(&self) -> bool {
        self.begun.options.audit
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
        let wanted = FrameWanted::of(&self.begun.info, scene, frame.camera, Some(labels))?;
        let points = tracks(subject, frame);

        let split = wanted.split.as_deref();
        let mut entries = clock.encode(|| self.entries(image_id, &stem, subject, camera, split, labels))?;
        let clip = clips::json(scene, frame.camera, image_id, split, Some(labels), points.as_deref());
        let clip = clip.map_err(|source| WriteError::Coco { name: "the image".into(), source })?;
        let look = Look { subject, frame, panoptic: labels.panoptic.as_ref(), depth: self.begun.options.depth, beside };
        let format = scene.image.format;
        let mut files = FrameFiles { rgb: picture_name(&stem, format), others: Default::default() };
        let mut written = Files::new(&self.root);
        let rgb = clock.encode(|| encode::picture_file(frame, format));
        let rgb = rgb.map_err(|source| WriteError::Encode { what: "rgb", source })?;
        clock.write(|| written.write(format!("images/{}", files.rgb), &rgb))?;
        // One after the other, so that no more than one is in memory.
        for &output in &self.begun.info.labels.outputs {
            let what = output.name();
            match clock.encode(|| look.encode(output)) {
                Ok(None) => {}
                Ok(Some((extension, bytes))) => {
                    let file = format!("{what}/{stem}.{extension}");
                    clock.write(|| written.write(file.clone(), &bytes))?;
                    files.others.insert(what, file);
                }
                Err(source) => {
                    written.remove()?;
                    return Err(WriteError::Encode { what, source });
                }
            }
        }
        if let Some(depth) = &frame.sensor_depth {
            match clock.encode(|| self.begun.options.depth.encode(depth)) {
                Ok((extension, bytes)) => {
                    let file = format!("{SENSOR_DEPTH}/{stem}.{extension}");
                    clock.write(|| written.write(file.clone(), &bytes))?;
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
            files: written.written,
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
        let (scene, masks, parts) = (&subject.scene, self.begun.options.masks, parts::of(subject));
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
        let look = Look { subject, frame, panoptic, depth: self.begun.options.depth, beside };
        let files = clock.encode(|| rejected::files(&look, reasons));
        let folder = self.root.join(REJECTED).join(&stem);
        let files = clock.write(|| {
            create_folder(&folder)?;
            let write = |(name, bytes): &(String, Vec<u8>)| {
                Written::new(&self.root, format!("{REJECTED}/{stem}/{name}"), bytes)
            };
            files.iter().map(write).collect::<Result<Vec<_>, DiskError>>()
        })?;
        let file_name = picture_name(&stem, scene.image.format);
        let wanted = FrameWanted::of(&self.begun.info, scene, frame.camera, None)?;
        let clip = clips::json(scene, frame.camera, image_id, wanted.split.as_deref(), None, None);
        let clip = clip.map_err(|source| WriteError::Coco { name: "the image".into(), source })?;
        Ok(FrameRecord {
            image_id,
            files,
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

    /// Enters a frame: its files are in place. Frames may come in any order.
    pub fn commit(&self, record: FrameRecord) -> Result<(), WriteError> {
        if !self.entered.lock().unwrap_or_else(PoisonError::into_inner).insert(record.image_id) {
            return Err(WriteError::Twice(record.file_name));
        }
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).append(&record)
    }

    /// Where the part is all of the dataset, assembles the JSON files and marks it as complete, or as incomplete where frames were
    /// rejected. Totals are those of the part.
    ///
    /// # Errors
    /// Frames are missing; the dataset then stays marked as unfinished.
    pub fn finish(self) -> Result<Summary, WriteError> {
        match &self.part {
            Part::All => assemble::assemble(&self.root, &self.begun),
            part => assemble::tally(&self.root, &self.begun.info, part.indices_of(&self.begun.info)),
        }
    }

    /// The image id of a frame of a scene that belongs here.
    fn check_scene(&self, scene: &Scene, frame: &Frame) -> Result<u64, WriteError> {
        let wrong = |reason: String| WriteError::WrongScene { index: scene.index, reason };
        if !scene.cameras.iter().map(|camera| &camera.name).eq(&self.begun.info.cameras) {
            return Err(wrong(format!("its cameras are not {:?}", self.begun.info.cameras)));
        }
        if scene.categories != self.begun.info.categories {
            return Err(wrong("its categories are different".into()));
        }
        if scene.labels != self.begun.info.labels {
            return Err(wrong("it asks for other labels".into()));
        }
        if (scene.image.format.extension(), scene.image.format.depth())
            != (self.begun.info.format.extension(), self.begun.info.format.depth())
        {
            return Err(wrong("its pictures are of another format".into()));
        }
        let cameras = scene.cameras.len();
        if frame.camera >= cameras {
            return Err(wrong(format!("its frame is of camera number {}, but it has {cameras}", frame.camera)));
        }
        if scene.clip != self.begun.info.clip || scene.frame >= scene.frames() {
            return Err(wrong("its clip is another one".into()));
        }
        coco::shot_index(scene.index, scene.frame, scene.frames())
            .and_then(|index| coco::image_id(index, frame.camera, cameras))
            .filter(|id| self.ids.contains(id))
            .ok_or_else(|| {
                wrong(format!("it has {} scenes from index {}", self.begun.info.count, self.begun.info.first_index))
            })
    }
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
struct Files<'a> {
    root: &'a Path,
    written: Vec<Written>,
}

impl<'a> Files<'a> {
    fn new(root: &'a Path) -> Self {
        Self { root, written: Vec::new() }
    }

    fn write(&mut self, path: String, bytes: &[u8]) -> Result<(), DiskError> {
        self.written.push(Written::new(self.root, path, bytes)?);
        Ok(())
    }

    fn remove(self) -> Result<(), DiskError> {
        self.written.iter().try_for_each(|file| remove(&self.root.join(&file.path)))
    }
}

/// The outputs that have a folder of images.
fn image_folders() -> impl Iterator<Item = Output> {
    Output::ALL.into_iter().filter(|&output| is_image(output))
}

/// Whether a dataset of ours is there.
fn check_occupied(root: &Path) -> Result<bool, WriteError> {
    let mut entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(source) => return Err(DiskError { action: "use as a folder", path: root.to_path_buf(), source }.into()),
    };
    // Another shard may have begun the folder this very moment, or a run been killed, and not come to its `dataset.json`.
    let before = |name: OsString| name == journal::FOLDER || name.to_string_lossy().starts_with(UNFINISHED);
    if entries.all(|entry| entry.is_ok_and(|entry| before(entry.file_name()))) {
        return Ok(false);
    }
    if is_our_dataset(root) { Ok(true) } else { Err(WriteError::NotOurs(root.to_path_buf())) }
}

fn is_our_dataset(root: &Path) -> bool {
    // A dataset.json is as long as its recipe; what is longer than this is not read into memory, and so not ours.
    const LONGEST: u64 = 64 << 20;
    let mut text = String::new();
    let read = fs::File::open(root.join(MANIFEST)).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
    read.is_ok() && manifest::is_ours(&text)
}

/// An error where what is there was begun as another dataset. `occupied` says that there is more than a beginning.
fn check_same(root: &Path, begun: &Begun, part: &Part, occupied: bool) -> Result<(), WriteError> {
    let other = |reason| WriteError::Other { root: root.to_path_buf(), reason };
    let there = match Begun::read(root)? {
        Some(there) => there,
        None if occupied => return Err(other("nothing says what it was begun with".into())),
        None => return Ok(()),
    };
    if let Some(reason) = there.difference(begun) {
        return Err(other(reason));
    }
    let (old, new) = (there.info.count, begun.info.count);
    // All of a dataset may grow; what shards are of it has to stay.
    if new < old || new > old && *part != Part::All {
        return Err(other(format!("it has {old} scenes, not {new}")));
    }
    Ok(())
}

/// Removes the dataset that is there, and nothing else.
fn clear(root: &Path, journal: &Journal) -> Result<(), WriteError> {
    // The folder of every output that there is: the dataset before may have had others than this one.
    [INSTANCES, KEYPOINTS, PANOPTIC, TRACKS, CAMERAS, SUMS, "images", "mot", SENSOR_DEPTH, REJECTED]
        .into_iter()
        .chain(image_folders().map(Output::name))
        .try_for_each(|name| remove(&root.join(name)))?;
    of_splits(root)?.iter().try_for_each(|path| remove(path))?;
    Ok(journal.clear_all(root)?)
}
