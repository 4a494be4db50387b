//! What one camera saw of one scene.

use crate::image::Image;

/// All images of one (scene, camera). The three have the same size and come from the same render update.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Position of the camera in [`Scene::cameras`](crate::scene::Scene::cameras).
    pub camera: usize,
    /// Colour, 8-bit sRGB, anti-aliased as the scene's image settings say.
    pub rgb: Image<[u8; 3]>,
    /// The instance id at each pixel centre: 0 where nothing labelled is seen (background or an unlabelled surface).
    pub ids: Image<u32>,
    /// Distance along the optical axis (camera z, not range) at each pixel centre, in metres; `+inf` where nothing is hit.
    /// Unlabelled surfaces have depth too.
    pub depth: Image<f32>,
}
