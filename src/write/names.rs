//! Which images a dataset has, and what they are called.

use std::ops::Range;

use crate::scene::{ImageFormat, Scene};
use crate::write::coco;
use crate::write::error::WriteError;
use crate::write::manifest::DatasetInfo;

/// The ids of the images of some scenes.
pub(crate) fn ids(info: &DatasetInfo, scenes: Range<u64>) -> Result<Range<u64>, WriteError> {
    let cameras = info.cameras.len();
    if cameras == 0 {
        return Err(WriteError::NoCamera);
    }
    let id = |index| coco::image_id(coco::shot_index(index, 0, frames(info))?, 0, cameras);
    let count = scenes.end.saturating_sub(scenes.start);
    let none = || WriteError::ImageIds { first_index: scenes.start, count, cameras };
    Ok(id(scenes.start).ok_or_else(none)?..id(scenes.end).ok_or_else(none)?)
}

/// Those of all of its scenes.
pub(crate) fn all_ids(info: &DatasetInfo) -> Result<Range<u64>, WriteError> {
    let (first_index, count) = (info.first_index, info.count);
    let end = first_index.checked_add(count);
    let cameras = info.cameras.len();
    ids(info, first_index..end.ok_or(WriteError::ImageIds { first_index, count, cameras })?)
}

/// Images of each scene.
pub(crate) fn images_of_a_scene(info: &DatasetInfo) -> u64 {
    u64::from(frames(info)) * info.cameras.len() as u64
}

/// Frames of each camera in a scene.
fn frames(info: &DatasetInfo) -> u32 {
    info.clip.map_or(1, |clip| clip.frames)
}

/// The index of the scene that an image is of.
pub(crate) fn scene_of(info: &DatasetInfo, image_id: u64) -> u64 {
    image_id.saturating_sub(1) / images_of_a_scene(info).max(1)
}

/// What of `all` is not among `known`, which are in order.
pub(crate) fn gaps(all: Range<u64>, known: impl Iterator<Item = u64>) -> Vec<Range<u64>> {
    let mut gaps = Vec::new();
    let mut next = all.start;
    for id in known.filter(|id| all.contains(id)) {
        if id > next {
            gaps.push(next..id);
        }
        next = id + 1;
    }
    if next < all.end {
        gaps.push(next..all.end);
    }
    gaps
}

/// The scenes of which some images are, as ranges of indices.
pub(crate) fn scenes_of(info: &DatasetInfo, images: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut scenes: Vec<Range<u64>> = Vec::new();
    for images in images {
        let (start, end) = (scene_of(info, images.start), scene_of(info, images.end - 1) + 1);
        match scenes.last_mut() {
            Some(last) if start <= last.end => last.end = last.end.max(end),
            _ => scenes.push(start..end),
        }
    }
    scenes
}

/// The file of an image.
pub(crate) fn picture_of(info: &DatasetInfo, image_id: u64) -> String {
    let cameras = info.cameras.len().max(1) as u64;
    let shot = image_id.saturating_sub(1) / cameras;
    let (index, frame) = (shot / u64::from(frames(info)), shot % u64::from(frames(info)));
    let camera = info.cameras.iter().zip(0..).find(|&(_, number)| number == image_id.saturating_sub(1) % cameras);
    picture_name(&stem(index, info.clip.map(|_| frame), camera.map_or("", |(name, _)| name)), info.format)
}

/// `000007_main.png`
pub(crate) fn picture_name(stem: &str, format: ImageFormat) -> String {
    format!("{stem}.{}", format.extension())
}

/// `000007_main`, or of a clip `000007_0012_main`.
fn stem(index: u64, frame: Option<u64>, camera: &str) -> String {
    match frame {
        None => format!("{index:06}_{camera}"),
        Some(frame) => format!("{index:06}_{frame:04}_{camera}"),
    }
}

pub(crate) fn stem_of(scene: &Scene, camera: &str) -> String {
    stem(scene.index, scene.clip.map(|_| u64::from(scene.frame)), camera)
}

pub(crate) fn is_file_name_part(name: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    (1..=64).contains(&name.chars().count()) && !name.starts_with('.') && name.chars().all(allowed)
}
