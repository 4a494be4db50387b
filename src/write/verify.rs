//! A finished dataset, held against itself: every file against its hash, and every annotation against the images, all read back from disk.
//!
//! Nothing here calls what wrote the files: masks are counted in the id images pixel by pixel.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Component, Path};

use rayon::prelude::*;
use serde::Deserialize;

use crate::annotate::Rle;
use crate::write::assemble::{CAMERAS, INSTANCES, SUMS};
use crate::write::error::WriteError;
use crate::write::files::{DiskError, Written};

/// So many files, or images, are looked at together.
const TOGETHER: usize = 1024;
/// So many of what is wrong are told; the others are counted.
const MOST_TOLD: usize = 50;

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Files with a hash.
    pub files: u64,
    /// Images whose annotations were held against their pixels.
    pub images: u64,
    /// Annotations among them.
    pub annotations: u64,
    /// What is wrong, the first of it in words.
    pub told: Vec<String>,
    /// How much is wrong.
    pub wrong: u64,
}

impl Verified {
    fn tell(&mut self, what: String) {
        self.wrong += 1;
        if self.told.len() < MOST_TOLD {
            self.told.push(what);
        }
    }
}

/// Holds a finished dataset against its hashes, and its annotations against its images.
///
/// # Errors
/// It is not finished, or cannot be read.
pub fn verify(root: &Path) -> Result<Verified, WriteError> {
    let mut verified = Verified::default();
    hashes(root, &mut verified)?;
    pixels(root, &mut verified)?;
    Ok(verified)
}

fn open(root: &Path, name: &str) -> Result<BufReader<File>, WriteError> {
    let path = root.join(name);
    match File::open(&path) {
        Ok(file) => Ok(BufReader::new(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(WriteError::Unfinished(root.to_path_buf())),
        Err(error) => Err(DiskError::because("read", &path)(error).into()),
    }
}

fn hashes(root: &Path, verified: &mut Verified) -> Result<(), WriteError> {
    let mut lines = open(root, SUMS)?.lines();
    loop {
        let lines = lines.by_ref().take(TOGETHER).collect::<io::Result<Vec<String>>>();
        let lines = lines.map_err(DiskError::because("read", &root.join(SUMS)))?;
        if lines.is_empty() {
            return Ok(());
        }
        let check = |line: &String| {
            let Some((sha256, path)) = line.split_once("  ") else {
                return Ok(Some(format!("{SUMS} has a line that is none: {line}")));
            };
            // A list from elsewhere may not lead out of the folder.
            if !is_inside(path) {
                return Ok(Some(format!("{SUMS} names {path}, which is outside of the dataset")));
            }
            let file = Written { path: path.to_owned(), sha256: sha256.to_owned() };
            if file.is_whole(root)? {
                return Ok(None);
            }
            let is_there = root.join(path).exists();
            Ok(Some(format!("{path} {}", if is_there { "is not what was written" } else { "is missing" })))
        };
        let found: Vec<Option<String>> = lines.par_iter().map(check).collect::<Result<_, DiskError>>()?;
        verified.files += lines.len() as u64;
        found.into_iter().flatten().for_each(|what| verified.tell(what));
    }
}

/// Whether a path stays in the folder that it starts from.
pub(crate) fn is_inside(path: &str) -> bool {
    let path = Path::new(path);
    path.components().all(|part| matches!(part, Component::Normal(_))) && path.components().next().is_some()
}

#[derive(Deserialize)]
struct ImageEntry {
    image_id: u64,
    width: u32,
    height: u32,
    files: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct AnnotationEntry {
    id: u64,
    image_id: u64,
    instance_id: u32,
    bbox: [f64; 4],
    area: f64,
    segmentation: serde_json::Value,
}

/// An image with its annotations.
struct Group {
    image: ImageEntry,
    annotations: Vec<AnnotationEntry>,
}

/// The long lists of our JSON files have one entry on each line.
fn entries<T: for<'de> Deserialize<'de>>(
    root: &Path,
    name: &str,
    list: &str,
    mut take: impl FnMut(T) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    let begin = format!("\"{list}\":[");
    let mut within = false;
    for line in open(root, name)?.lines() {
        let line = line.map_err(DiskError::because("read", &root.join(name)))?;
        if !within {
            within = line.starts_with(&begin);
        } else if line.starts_with(']') {
            return Ok(());
        } else {
            let spoilt =
                |error: serde_json::Error| WriteError::Spoilt { path: root.join(name), reason: error.to_string() };
            take(serde_json::from_str(line.trim_end_matches(',')).map_err(spoilt)?)?;
        }
    }
    Ok(())
}

fn pixels(root: &Path, verified: &mut Verified) -> Result<(), WriteError> {
    let mut images = BTreeMap::new();
    entries(root, CAMERAS, "images", |image: ImageEntry| {
        images.insert(image.image_id, image);
        Ok(())
    })?;
    let mut groups: Vec<Group> = Vec::new();
    let mut unknown = Vec::new();
    let flush = |groups: &mut Vec<Group>, verified: &mut Verified| {
        let found: Vec<Vec<String>> = groups.par_iter().map(|group| group.wrong(root)).collect();
        verified.images += groups.len() as u64;
        verified.annotations += groups.iter().map(|group| group.annotations.len() as u64).sum::<u64>();
        found.into_iter().flatten().for_each(|what| verified.tell(what));
        groups.clear();
    };
    entries(root, INSTANCES, "annotations", |annotation: AnnotationEntry| {
        let same = groups.last().is_some_and(|group| group.image.image_id == annotation.image_id);
        if !same {
            if groups.len() >= TOGETHER {
                flush(&mut groups, verified);
            }
            match images.remove(&annotation.image_id) {
                Some(image) => groups.push(Group { image, annotations: Vec::new() }),
                None => {
                    unknown.push(format!(
                        "annotation {} is of image {}, which is not there",
                        annotation.id, annotation.image_id
                    ));
                    return Ok(());
                }
            }
        }
        if let Some(group) = groups.last_mut() {
            group.annotations.push(annotation);
        }
        Ok(())
    })?;
    groups.extend(images.into_values().map(|image| Group { image, annotations: Vec::new() }));
    flush(&mut groups, verified);
    unknown.into_iter().for_each(|what| verified.tell(what));
    Ok(())
}

/// What the pixels of one id say.
#[derive(Default)]
struct Seen {
    area: u64,
    min: [u32; 2],
    max: [u32; 2],
}

impl Group {
    fn wrong(&self, root: &Path) -> Vec<String> {
        let mut wrong = Vec::new();
        let Some(path) = self.image.files.get("ids").filter(|path| path.ends_with(".png") && is_inside(path)) else {
            // Without ids, masks can be held against their own numbers alone.
            wrong.extend(self.annotations.iter().filter_map(|annotation| annotation.wrong(None, &self.image)));
            return wrong;
        };
        let ids = match image::open(root.join(path)) {
            Ok(image) => image.into_luma16(),
            Err(error) => return vec![format!("{path} cannot be read: {error}")],
        };
        if ids.dimensions() != (self.image.width, self.image.height) {
            return vec![format!("{path} is not {} x {}", self.image.width, self.image.height)];
        }
        let mut seen: BTreeMap<u32, Seen> = BTreeMap::new();
        for (x, y, id) in ids.enumerate_pixels().map(|(x, y, pixel)| (x, y, u32::from(pixel.0[0]))) {
            if id > 0 {
                let entry = seen.entry(id).or_insert(Seen { area: 0, min: [x, y], max: [x, y] });
                entry.area += 1;
                entry.min = [entry.min[0].min(x), entry.min[1].min(y)];
                entry.max = [entry.max[0].max(x), entry.max[1].max(y)];
            }
        }
        let mut told = BTreeSet::new();
        for annotation in &self.annotations {
            if !told.insert(annotation.instance_id) {
                wrong.push(format!("annotation {}: its instance has two in {path}", annotation.id));
            }
            let id = annotation.instance_id;
            let masked = |x: u32, y: u32| u32::from(ids.get_pixel(x, y).0[0]) == id;
            wrong.extend(annotation.wrong(Some((&masked, seen.get(&id))), &self.image));
        }
        if let Some(depth) = self.image.files.get("depth").filter(|path| path.ends_with(".exr") && is_inside(path)) {
            match depth_of(&root.join(depth), self.image.width) {
                Ok(depth) if depth.len() == ids.len() => {
                    let bare =
                        ids.pixels().zip(&depth).filter(|(id, z)| id.0[0] > 0 && !(z.is_finite() && **z > 0.0)).count();
                    if bare > 0 {
                        wrong.push(format!("{path}: {bare} pixels have an id and no depth"));
                    }
                }
                Ok(_) => wrong.push(format!("{depth} is of another size than {path}")),
                Err(error) => wrong.push(format!("{depth} cannot be read: {error}")),
            }
        }
        wrong
    }
}

type Masked<'a> = (&'a dyn Fn(u32, u32) -> bool, Option<&'a Seen>);

impl AnnotationEntry {
    /// What is wrong with it, if anything: the first of it.
    fn wrong(&self, pixels: Option<Masked<'_>>, image: &ImageEntry) -> Option<String> {
        let wrong = |what: &str| Some(format!("annotation {}: {what}", self.id));
        if let Some((_, seen)) = &pixels {
            let Some(seen) = seen else { return wrong("no pixel has its instance's id") };
            if self.area != seen.area as f64 {
                return wrong(&format!("its area is {}, but {} pixels have its id", self.area, seen.area));
            }
            let [x, y] = seen.min;
            let tight = [x, y, seen.max[0] - x + 1, seen.max[1] - y + 1].map(f64::from);
            if self.bbox != tight {
                return wrong(&format!("its box is {:?}, but that of its pixels {tight:?}", self.bbox));
            }
        }
        // Polygons are another language for the same pixels, which readers of COCO speak.
        let text = self.segmentation.get("counts").and_then(serde_json::Value::as_str)?;
        let mask = match Rle::from_compressed(image.height, image.width, text).and_then(|rle| rle.decode()) {
            Ok(mask) => mask,
            Err(error) => return wrong(&format!("its mask cannot be read: {error}")),
        };
        let pixel = |x: u32, y: u32| mask.get(x, y).copied().unwrap_or(false);
        let places = || (0..image.height).flat_map(|y| (0..image.width).map(move |x| (x, y)));
        match &pixels {
            Some((masked, _)) => {
                let off = places().filter(|&(x, y)| pixel(x, y) != masked(x, y)).count();
                if off > 0 { wrong(&format!("its mask is off in {off} pixels")) } else { None }
            }
            None => {
                let area = places().filter(|&(x, y)| pixel(x, y)).count();
                if self.area == area as f64 { None } else { wrong("its area is not that of its mask") }
            }
        }
    }
}

/// Depth along the axis, row by row, metres.
fn depth_of(path: &Path, width: u32) -> Result<Vec<f32>, String> {
    use exr::prelude::*;
    let read = read()
        .no_deep_data()
        .largest_resolution_level()
        .specific_channels()
        .required("Z")
        .collect_pixels(
            |size, _| vec![0.0_f32; size.width() * size.height()],
            move |pixels, place, (z,): (f32,)| {
                if let Some(pixel) = pixels.get_mut(place.y() * width as usize + place.x()) {
                    *pixel = z;
                }
            },
        )
        .first_valid_layer()
        .all_attributes()
        .from_file(path);
    read.map(|image| image.layer_data.channel_data.pixels).map_err(|error| error.to_string())
}
