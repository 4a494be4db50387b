//! What differs from sub-frame to sub-frame of one image: where on the film, in the lens, on each light and within the exposure it takes
//! its sample. Sub-frame 0 takes the middle of everything.

use std::borrow::Cow;
use std::ops::Range;

use glam::DVec3;

use super::eyes::Eye;
use super::lamps::Point;
use crate::scene::motion::Pose;
use crate::scene::sequence::{Sequence, disc};
use crate::scene::{Camera, Light, Scene, Shutter};

/// The samples of one scene.
pub(super) struct Subframes<'a> {
    scene: &'a Scene,
    film: Sequence,
    lens: Sequence,
    faces: Sequence,
    time: Sequence,
    /// From the first moment at which any camera's shutter is open to the last, seconds.
    span: f64,
}

impl<'a> Subframes<'a> {
    pub(super) fn of(scene: &'a Scene) -> Self {
        let sequence = |name| Sequence::of(scene.seed, scene.index, name);
        let span = scene.cameras.iter().map(|camera| camera.shutter.time + camera.shutter.readout).fold(0.0, f64::max);
        Self {
            scene,
            film: sequence("film"),
            lens: sequence("lens"),
            faces: sequence("faces"),
            time: sequence("time"),
            span,
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        self.scene.image.samples
    }

    /// Whether they differ in what a camera sees alone, so that one preparation of the scene does for all.
    pub(super) fn only_views_differ(&self) -> bool {
        let image = &self.scene.image;
        !self.time_matters() && !image.ambient_occlusion && !image.bounce && !self.scene.lights.iter().any(spreads)
    }

    /// Whether lights or things are other than they were, from one to the next.
    pub(super) fn time_matters(&self) -> bool {
        let changes = !self.scene.flicker.is_empty() || !self.scene.carried.is_empty() || self.scene.instances_move();
        self.span > 0.0 && changes
    }

    /// When sub-frame `number` is, seconds after the instant that labels are of.
    pub(super) fn time(&self, number: u32) -> f64 {
        self.time_within(self.span, number)
    }

    /// When it is for a camera: where the world stands still, each has all sub-frames for its own exposure.
    fn time_of(&self, camera: &Camera, number: u32) -> f64 {
        let Shutter { time, readout } = camera.shutter;
        self.time_within(if self.time_matters() { self.span } else { time + readout }, number)
    }

    fn time_within(&self, span: f64, number: u32) -> f64 {
        if self.count() == 1 || span == 0.0 { 0.0 } else { (self.time.point(number)[0] - 0.5) * span }
    }

    /// The scene as it is in sub-frame `number`, if time matters.
    pub(super) fn moment(&self, number: u32) -> Cow<'a, Scene> {
        let time = self.time(number);
        if time == 0.0 { Cow::Borrowed(self.scene) } else { Cow::Owned(self.scene.at(self.scene.time + time)) }
    }

    /// For each sub-frame, the rows of a camera that it adds to: those whose exposure it is within, and those that no other sub-frame is nearer to.
    pub(super) fn rows(&self, camera: &Camera) -> Vec<Range<u32>> {
        let height = self.scene.image.height;
        let times: Vec<f64> = (0..self.count()).map(|number| self.time_of(camera, number)).collect();
        let mut rows: Vec<Range<u32>> = vec![0..0; times.len()];
        for row in 0..height {
            let middle = camera.shutter.middle(f64::from(row) + 0.5, height);
            let away = |time: &f64| (time - middle).abs();
            let nearest = times.iter().map(away).fold(f64::INFINITY, f64::min);
            // A little more, for rounding at the ends.
            let reach = nearest.max(camera.shutter.time / 2.0) * (1.0 + 1e-9);
            for (own, _) in rows.iter_mut().zip(&times).filter(|(_, time)| away(time) <= reach) {
                *own = if own.start == own.end { row..row + 1 } else { own.start..row + 1 };
            }
        }
        rows
    }

    /// Which directions of the environment stand for it in sub-frame `number`, where shadows of it are asked for.
    pub(super) fn dome(&self, number: u32, directions: usize) -> Vec<[f64; 2]> {
        let sequence = Sequence::of(self.scene.seed, self.scene.index, "environment");
        let count = u32::try_from(directions).unwrap_or(1);
        let point = |k| {
            let [u, v, ..] = sequence.point(number * count + k);
            [u, v]
        };
        (0..count).map(point).collect()
    }

    /// Where on its surface the light at this position of the scene takes its sample in sub-frame `number`; `None` in its middle.
    pub(super) fn light(&self, position: usize, number: u32) -> Option<Point> {
        let light = &self.scene.lights[position];
        if self.count() == 1 || !spreads(light) {
            return None;
        }
        let name = format!("lights.{}", light.name());
        let [u, v, w, _] = Sequence::of(self.scene.seed, self.scene.index, &name).point(number);
        Some([u, v, w])
    }

    /// Where in its area each pixel takes its sample in sub-frame `number`.
    pub(super) fn within_pixel(&self, number: u32) -> [f64; 2] {
        let [u, v, ..] = self.film.point(number);
        [u, v]
    }

    /// An eye as it is in sub-frame `number`: a pinhole at a point of the lens whose film is moved, so that the film's pixels take the
    /// sample within their area and what is in focus stays where it is. Of eyes that pixels are looked up in, the samples are their own.
    pub(super) fn view(&self, eye: &Eye, looked_up: bool, number: u32) -> Camera {
        let [u, v, ..] = if looked_up { &self.faces } else { &self.film }.point(number);
        let camera = &self.scene.cameras[eye.camera];
        let still = Pose { position: camera.position, rotation: camera.rotation };
        let now = match self.time_of(camera, number) {
            0.0 => still,
            time => camera.pose_at(self.scene.time + time).unwrap_or(still),
        };
        let mut view = eye.view.clone();
        if now.rotation != still.rotation {
            view.rotation = (now.rotation * still.rotation.inverse() * view.rotation).normalize();
        }
        view.position = now.position;
        // A pixel's centre shows what is at (u, v) within it.
        view.cx += 0.5 - u;
        view.cy += 0.5 - v;
        if let Some(aperture) = &camera.aperture {
            let [s, t, ..] = self.lens.point(number);
            let [x, y] = disc([s, t]).map(|d| d * aperture.diameter / 2.0);
            let moved = now.rotation * DVec3::new(x, y, 0.0);
            view.position += moved;
            let DVec3 { x, y, .. } = view.rotation.inverse() * moved;
            // A point at depth s in focus, x to the right of the lens's point, lands where it did: fx (X - x) / s + cx' = fx X / s + cx.
            view.cx += view.fx * x / aperture.focus_distance;
            view.cy -= view.fy * y / aperture.focus_distance;
        }
        view
    }
}

/// Whether light comes from more than a point.
fn spreads(light: &Light) -> bool {
    match light {
        Light::Sun { angular_diameter, shadows, .. } => *shadows && *angular_diameter > 0.0,
        Light::Area { .. } => true,
        Light::Point { .. } | Light::Spot { .. } => false,
    }
}
