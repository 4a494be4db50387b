//! A run in numbers, for machines that watch machines: the text format of Prometheus, in a file that appears whole.

use std::fmt::Write;
use std::path::Path;

use super::Progress;
use super::memory::memory;
use crate::render::Holdings;
use crate::write::DiskError;
use crate::write::files::write_whole;

/// The text: one gauge or counter after the other.
pub(super) fn text(progress: &Progress, holdings: &Holdings) -> String {
    let mut text = String::new();
    let mut metric = |name: &str, kind: &str, help: &str, value: f64| {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "# HELP scenewright_{name} {help}\n# TYPE scenewright_{name} {kind}\nscenewright_{name} {value}"
        );
    };
    let count = |number: u64| number as f64;
    metric("images_planned", "gauge", "Images of this part of the dataset.", count(progress.images));
    metric("images_done", "gauge", "Images of it that are there.", count(progress.done));
    metric("images_rendered_total", "counter", "Images that this process rendered.", count(progress.rendered));
    metric("seconds_total", "counter", "Seconds since the first scene.", progress.wall.as_secs_f64());
    let held = |number: usize| number as f64;
    metric("entities", "gauge", "Entities of the renderer's world, between scenes.", held(holdings.entities));
    metric("meshes", "gauge", "Meshes on the device.", held(holdings.meshes));
    metric("materials", "gauge", "Materials on the device.", held(holdings.materials));
    metric("textures", "gauge", "Textures on the device.", held(holdings.images));
    metric("pipelines", "gauge", "Pipelines on the device.", held(holdings.pipelines));
    metric("mesh_slabs", "gauge", "Buffers that meshes are in.", held(holdings.mesh_slabs));
    if let Some(memory) = memory() {
        metric("resident_bytes", "gauge", "Memory of the process.", count(memory.resident));
        metric("resident_bytes_peak", "gauge", "The most that it was.", count(memory.peak));
    }
    text
}

/// Writes it.
///
/// # Errors
/// The file cannot be written.
pub(super) fn write(path: &Path, progress: &Progress, holdings: &Holdings) -> Result<(), DiskError> {
    write_whole(path, text(progress, holdings).as_bytes())
}
