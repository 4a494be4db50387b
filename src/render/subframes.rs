//! What differs from sub-frame to sub-frame of one image: where on the film, in the lens, on each light and within the exposure it takes
//! its sample. Sub-frame 0 takes the middle of everything.

use glam::DVec3;

use crate::scene::sequence::{Sequence, disc};
use crate::scene::{Camera, Scene};

/// The samples of one scene.
pub(super) struct Subframes<'a> {
    scene: &'a Scene,
    film: Sequence,
    lens: Sequence,
}

impl<'a> Subframes<'a> {
    pub(super) fn of(scene: &'a Scene) -> Self {
        let sequence = |name| Sequence::of(scene.seed, scene.index, name);
        Self { scene, film: sequence("film"), lens: sequence("lens") }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        self.scene.image.samples
    }

    /// Whether they differ in what a camera sees alone, so that one preparation of the scene does for all.
    pub(super) fn only_views_differ(&self) -> bool {
        true
    }

    /// `camera` as it is in sub-frame `number`: a pinhole at a point of the lens whose film is moved, so that the film's pixels take the
    /// sample within their area and what is in focus stays where it is.
    pub(super) fn view(&self, camera: &Camera, number: u32) -> Camera {
        let [u, v, ..] = self.film.point(number);
        let mut view = camera.clone();
        // A pixel's centre shows what is at (u, v) within it.
        view.cx += 0.5 - u;
        view.cy += 0.5 - v;
        if let Some(aperture) = &camera.aperture {
            let [s, t, ..] = self.lens.point(number);
            let [x, y] = disc([s, t]).map(|d| d * aperture.diameter / 2.0);
            view.position += camera.rotation * DVec3::new(x, y, 0.0);
            // A point at depth s in focus, x to the right of the lens's point, lands where it did: fx (X - x) / s + cx' = fx X / s + cx.
            view.cx += camera.fx * x / aperture.focus_distance;
            view.cy -= camera.fy * y / aperture.focus_distance;
        }
        view
    }
}
