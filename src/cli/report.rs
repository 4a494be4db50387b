//! What a run took: the table of `--timings` and the JSON of `--report`.

use scenewright::run::{RunReport, Timings, memory};
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::Duration;

/// Stages of the render threads, which follow each other, and those of other threads, which run beside them.
fn stages(t: &Timings) -> [(&'static str, &'static str, Duration); 11] {
    [
        ("wait_for_scenes", "wait for scenes", t.wait_for_scenes),
        ("spawn", "spawn and upload", t.render.spawn),
        ("update", "update (Bevy: shadows, colour)", t.render.update),
        ("labels_and_wait", "labels, wait for device, read back", t.render.labels_and_wait),
        ("wait_for_encoders", "wait for encoders", t.wait),
        ("prepare", "sample, build, paint (ahead)", t.sample),
        ("develop", "develop  (encoder threads)", t.stages.develop),
        ("annotate", "annotate (encoder threads)", t.stages.annotate),
        ("audit", "audit    (encoder threads)", t.stages.audit),
        ("encode", "encode   (encoder threads)", t.stages.encode),
        ("write", "write    (encoder threads)", t.stages.write),
    ]
}

/// The stage table.
pub(super) fn table(report: &RunReport) -> String {
    let (t, images) = (&report.timings, report.progress.rendered);
    let mut text = String::new();
    for (_, name, time) in stages(t) {
        let per_image = 1000.0 * time.as_secs_f64() / images.max(1) as f64;
        let share = 100.0 * time.as_secs_f64() / t.wall.as_secs_f64();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<34} {per_image:9.2} ms/image {share:6.1} % of wall");
    }
    if t.renderers > 1 {
        let _ = writeln!(text, "  ({} renderers, each with a thread of its own; the times are sums)", t.renderers);
    }
    let rate = images as f64 / t.wall.as_secs_f64();
    let _ = writeln!(
        text,
        "  {images} images in {:.2} s: {rate:.2} images/s (opening the adapter took {:.2} s; {} updates for {} scenes)",
        t.wall.as_secs_f64(),
        t.start.as_secs_f64(),
        t.render.updates,
        t.render.scenes
    );
    text
}

/// The same for machines. Times are seconds.
pub(super) fn json(report: &RunReport, encoders: usize) -> Value {
    let t = &report.timings;
    let (wall, images) = (t.wall.as_secs_f64().max(1e-9), report.progress.rendered);
    let encoding = t.stages.develop + t.stages.annotate + t.stages.audit + t.stages.encode + t.stages.write;
    let rendering = t.render.spawn + t.render.update + t.render.labels_and_wait;
    let stages: serde_json::Map<String, Value> =
        stages(t).into_iter().map(|(key, _, time)| (key.to_owned(), time.as_secs_f64().into())).collect();
    json!({
        "images": images,
        "images_done": report.progress.done,
        "images_planned": report.progress.images,
        "stopped": report.stopped.is_some(),
        "wall_s": wall,
        "start_s": t.start.as_secs_f64(),
        "first_image_s": (t.start + t.first).as_secs_f64(),
        "images_per_s": images as f64 / wall,
        "peak_rss_bytes": memory().map(|memory| memory.peak),
        "adapter": report.adapter.summary(),
        "stages_s": stages,
        "updates": t.render.updates,
        "encoders": encoders,
        "encoders_busy": encoding.as_secs_f64() / wall / encoders.max(1) as f64,
        "renderers": t.renderers,
        "render_thread_busy": rendering.as_secs_f64() / wall / t.renderers.max(1) as f64,
        "device_wait_s": t.render.labels_and_wait.as_secs_f64(),
    })
}
