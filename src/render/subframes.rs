//! What differs from sub-frame to sub-frame of one image: where on the film, in the lens, on each light and within the exposure it takes
//! its sample. Sub-frame 0 takes the middle of everything.

use glam::DVec3;

use super::eyes::Eye;
use super::lamps::Point;
use crate::scene::sequence::{Sequence, disc};
use crate::scene::{Camera, Light, Scene};

/// The samples of one scene.
pub(super) struct Subframes<'a> {
    scene: &'a Scene,
    film: Sequence,
    lens: Sequence,
    faces: Sequence,
}

impl<'a> Subframes<'a> {
    pub(super) fn of(scene: &'a Scene) -> Self {
        let sequence = |name| Sequence::of(scene.seed, scene.index, name);
        Self { scene, film: sequence("film"), lens: sequence("lens"), faces: sequence("faces") }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        self.scene.image.samples
    }

    /// Whether they differ in what a camera sees alone, so that one preparation of the scene does for all.
    pub(super) fn only_views_differ(&self) -> bool {
        !self.scene.lights.iter().any(spreads)
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
        let mut view = eye.view.clone();
        // A pixel's centre shows what is at (u, v) within it.
        view.cx += 0.5 - u;
        view.cy += 0.5 - v;
        if let Some(aperture) = &camera.aperture {
            let [s, t, ..] = self.lens.point(number);
            let [x, y] = disc([s, t]).map(|d| d * aperture.diameter / 2.0);
            let moved = camera.rotation * DVec3::new(x, y, 0.0);
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
