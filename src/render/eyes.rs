//! The pinhole views that are drawn for the cameras of a scene: one for a pinhole, as it is; for every other lens those that its pixels are
//! looked up in (see `warp`).

use std::ops::Range;
use std::sync::Arc;

use super::warp::Warp;
use crate::scene::{Camera, Scene};

/// One view that is drawn.
#[derive(Debug, Clone)]
pub(super) struct Eye {
    /// Position of its camera in the scene.
    pub(super) camera: usize,
    /// A pinhole.
    pub(super) view: Camera,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// All views of a scene, camera by camera.
#[derive(Debug, Clone)]
pub(super) struct Eyes {
    pub(super) eyes: Vec<Eye>,
    /// For each camera, which of them are its own.
    pub(super) of_camera: Vec<Range<usize>>,
    /// For each camera, how its pixels are looked up in them; `None` where they are the pixels of the one that it has.
    pub(super) warps: Vec<Option<Arc<Warp>>>,
}

impl Eyes {
    pub(super) fn of(scene: &Scene, known: &mut Warps) -> Self {
        let mut all = Self { eyes: Vec::new(), of_camera: Vec::new(), warps: Vec::new() };
        for (position, camera) in scene.cameras.iter().enumerate() {
            let first = all.eyes.len();
            let warp = known.of(camera, scene);
            match &warp {
                None => all.eyes.push(Eye {
                    camera: position,
                    view: camera.clone(),
                    width: scene.image.width,
                    height: scene.image.height,
                }),
                Some(warp) => all.eyes.extend(warp.frame.faces.iter().map(|face| Eye {
                    camera: position,
                    view: face.view(camera, warp.widest()),
                    width: face.width,
                    height: face.height,
                })),
            }
            all.of_camera.push(first..all.eyes.len());
            all.warps.push(warp);
        }
        all
    }

    /// Sizes of what is drawn, in order.
    pub(super) fn sizes(&self) -> Vec<(u32, u32)> {
        self.eyes.iter().map(|eye| (eye.width, eye.height)).collect()
    }
}

/// How lenses were looked up before: many scenes have the same ones.
#[derive(Debug, Default)]
pub(super) struct Warps(Vec<(String, Option<Arc<Warp>>)>);

/// Tables that are kept: some tens of megabytes each.
const MOST_WARPS: usize = 8;

impl Warps {
    fn of(&mut self, camera: &Camera, scene: &Scene) -> Option<Arc<Warp>> {
        if camera.lens_model.is_pinhole() {
            return None;
        }
        let canvas = scene.labels.needs_amodal();
        let numbers = [camera.fx, camera.fy, camera.cx, camera.cy];
        let key = format!("{numbers:?} {:?} {}x{} {canvas}", camera.lens_model, scene.image.width, scene.image.height);
        if let Some(found) = self.0.iter().position(|(other, _)| *other == key) {
            let found = self.0.remove(found);
            self.0.push(found);
        } else {
            if self.0.len() >= MOST_WARPS {
                self.0.remove(0);
            }
            self.0.push((key, Warp::of(camera, &scene.image, canvas).map(Arc::new)));
        }
        self.0.last().and_then(|(_, warp)| warp.clone())
    }
}
