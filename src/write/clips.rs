//! Frames of clips: each with its neighbours, and what is written of a clip as a whole.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::annotate::tracks::TrackPoint;
use crate::annotate::{Labels, Seen, Subject};
use crate::frame::Frame;
use crate::scene::{Clip, Scene, Way};
use crate::write::coco::CocoError;
use crate::write::files::{DiskError, Written, create_folder};

/// What one camera saw at one instant.
#[derive(Debug, Clone)]
pub struct Shot {
    /// The scene at that instant.
    pub subject: Arc<Subject>,
    /// The images.
    pub frame: Arc<Frame>,
}

/// What the same camera saw in the frames before and behind, where there are such and the labels look at them.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// In the frame before.
    pub before: Option<Shot>,
    /// In the next frame.
    pub after: Option<Shot>,
}

impl Beside {
    pub(crate) fn get(&self, way: Way) -> Option<&Shot> {
        match way {
            Way::Forward => self.after.as_ref(),
            Way::Backward => self.before.as_ref(),
        }
    }
}

/// Gives frames their neighbours: frames of a clip go in one after the other, and come out as soon as the next one is there. No more than
/// two frames of each camera are kept.
#[derive(Debug, Default)]
pub struct Sequence {
    /// Of each camera, the frame before the last one and the last one, which has not come out.
    kept: VecDeque<Kept>,
}

#[derive(Debug)]
struct Kept {
    before: Option<Shot>,
    last: Shot,
}

impl Sequence {
    /// Takes all cameras' frames of one instant; what comes out is complete. A scene whose labels look at no neighbours comes out at once.
    pub fn push(&mut self, subject: &Arc<Subject>, frames: Vec<Frame>) -> Vec<(Shot, Beside)> {
        let scene = &subject.scene;
        let shots = frames.into_iter().map(|frame| Shot { subject: subject.clone(), frame: Arc::new(frame) });
        if !scene.labels.needs_neighbours() || scene.frames() == 1 {
            return shots.map(|shot| (shot, Beside::default())).collect();
        }
        let mut ready = Vec::new();
        let mut next = VecDeque::new();
        for last in shots {
            // Of another scene, nothing is left: it came out with its last frame.
            let same = |kept: &Kept| kept.last.frame.camera == last.frame.camera;
            let before = self.kept.iter().position(same).and_then(|k| self.kept.remove(k));
            let before = before.map(|Kept { before, last: shot }| {
                let beside = Beside { before, after: Some(last.clone()) };
                ready.push((shot.clone(), beside));
                shot
            });
            if scene.frame + 1 >= scene.frames() {
                ready.push((last, Beside { before, after: None }));
            } else {
                next.push_back(Kept { before, last });
            }
        }
        self.kept = next;
        ready
    }
}

/// An entry of `videos`: what one camera saw of one scene.
#[derive(Serialize)]
struct VideoEntry<'a> {
    id: u64,
    name: String,
    width: u32,
    height: u32,
    length: u32,
    fps: f64,
    scene_index: u64,
    camera: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    split: Option<&'a str>,
}

/// What is written of the frames of clips, beside what is written of any.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ClipJson {
    /// An entry of `videos`, told by its first frame.
    pub(crate) video: Option<String>,
    /// An entry of `images` of `tracks.json`.
    pub(crate) tracks: Option<String>,
    /// Lines of `gt.txt`.
    pub(crate) mot: Option<MotLines>,
}

/// Lines of a camera's `gt.txt`, and what is to be known of it when the clip ends.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MotLines {
    lines: String,
    /// `000007_main`
    name: String,
    is_last: bool,
    seqinfo: String,
}

/// Id of what one camera sees of one scene.
pub(crate) fn video_id(index: u64, camera: usize, cameras: usize) -> Option<u64> {
    super::coco::image_id(index, camera, cameras)
}

/// What is written of a frame as one of a clip. `labels` are missing where it was rejected.
pub(crate) fn json(
    scene: &Scene,
    camera: usize,
    image_id: u64,
    split: Option<&str>,
    labels: Option<&Labels>,
    points: Option<&[TrackPoint]>,
) -> Result<ClipJson, CocoError> {
    let (Some(clip), Some(eye)) = (scene.clip, scene.cameras.get(camera)) else { return Ok(ClipJson::default()) };
    let name = format!("{:06}_{}", scene.index, eye.name);
    let id = video_id(scene.index, camera, scene.cameras.len()).unwrap_or_default();
    let video = VideoEntry {
        id,
        name: name.clone(),
        width: scene.image.width,
        height: scene.image.height,
        length: clip.frames,
        fps: clip.rate,
        scene_index: scene.index,
        camera: &eye.name,
        split,
    };
    let video = (scene.frame == 0).then(|| serde_json::to_string(&video)).transpose()?;
    let tracks = points.map(|points| {
        let point = |p: &TrackPoint| {
            super::attributes::finite("point", [p.x, p.y])?;
            let seen = match p.seen {
                Seen::Absent => 0,
                Seen::Hidden => 1,
                Seen::Visible => 2,
            };
            let (x, y) = (serde_json::to_string(&p.x)?, serde_json::to_string(&p.y)?);
            Ok::<_, CocoError>(format!("[{},{},{x},{y},{seen}]", p.instance_id, p.point))
        };
        let points = points.iter().map(point).collect::<Result<Vec<_>, _>>()?.join(",");
        let frame = scene.frame;
        Ok::<_, CocoError>(format!(
            "{{\"image_id\":{image_id},\"video_id\":{id},\"frame_index\":{frame},\"points\":[{points}]}}"
        ))
    });
    let lines = labels.map_or_else(String::new, |labels| mot_lines(scene, labels));
    let (is_last, seqinfo) = (scene.frame + 1 == clip.frames, seqinfo(scene, clip, &name));
    let mot = scene.labels.wants(crate::scene::Output::Mot).then_some(MotLines { lines, name, is_last, seqinfo });
    Ok(ClipJson { video, tracks: tracks.transpose()?, mot })
}

/// `frame, id, left, top, width, height, 1, class, visibility`: frames, columns and rows count from 1.
fn mot_lines(scene: &Scene, labels: &Labels) -> String {
    let line = |annotation: &crate::annotate::Annotation| {
        let [x, y, width, height] = annotation.bbox;
        let visibility = annotation.amodal.as_ref().map_or(1.0, |amodal| amodal.visibility);
        format!(
            "{},{},{},{},{width},{height},{},{},{visibility}\n",
            scene.frame + 1,
            annotation.instance_id,
            x + 1,
            y + 1,
            // Evaluation passes over what is not to be counted.
            u8::from(annotation.marked.is_none()),
            annotation.category_id,
        )
    };
    labels.annotations.iter().map(line).collect()
}

fn seqinfo(scene: &Scene, clip: Clip, name: &str) -> String {
    format!(
        "[Sequence]\nname={name}\nimDir=../../images\nframeRate={}\nseqLength={}\nimWidth={}\nimHeight={}\nimExt=.png\n",
        clip.rate, clip.frames, scene.image.width, scene.image.height
    )
}

/// The `gt.txt` of clips that are not complete yet.
#[derive(Debug, Default)]
pub(crate) struct Mot {
    growing: std::collections::BTreeMap<String, String>,
}

impl Mot {
    /// Takes the lines of a frame, in order; with the last frame of a clip, its files are written below `root`: these come out.
    pub(crate) fn take(&mut self, root: &Path, mot: MotLines) -> Result<Vec<Written>, DiskError> {
        let text = self.growing.entry(mot.name.clone()).or_default();
        text.push_str(&mot.lines);
        if !mot.is_last {
            return Ok(Vec::new());
        }
        let text = self.growing.remove(&mot.name).unwrap_or_default();
        let folder = root.join("mot").join(&mot.name);
        create_folder(&folder.join("gt"))?;
        let file = |name: &str, text: &str| Written::new(root, format!("mot/{}/{name}", mot.name), text.as_bytes());
        Ok(vec![file("gt/gt.txt", &text)?, file("seqinfo.ini", &mot.seqinfo)?])
    }
}
