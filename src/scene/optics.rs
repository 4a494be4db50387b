//! The lens of a camera, drawn: intrinsics and distortion, focus and shutter.

use glam::DVec3;

use super::camera::{Aperture, Lens, Shutter};
use super::random::{self, Key};
use super::sample::SampleError;
use super::{Camera, ImageSettings, Instance, validate};
use crate::assets::Library;
use crate::mesh::shapes::local_bounds;
use crate::recipe::{CameraRecipe, FocusAt, FocusRecipe, LensRecipe, Optics, Scalar, Varied, pitch};

/// The lens alone. Each number is keyed by its path: `lens.vertical`, `distortion.k1`.
pub(super) fn optics(
    recipe: &CameraRecipe,
    image: &ImageSettings,
    library: &Library,
    key: &Key,
) -> Result<Optics, SampleError> {
    let at = |path: &[&str]| path.iter().fold(key.clone(), |key, name| key.name(name));
    let mut number = |dist: &Scalar, path: &[&str]| random::scalar(dist, &at(path));
    let mut text = |text: &Varied<String>, path: &[&str]| random::pick(text, &at(path)).0.clone();
    recipe
        .optics(image, library, &mut number, &mut text)
        .map_err(|reason| SampleError::Unchecked { what: format!("its calibration ({reason})") })
}

/// How long it takes in light.
pub(super) fn shutter(recipe: &CameraRecipe, key: &Key) -> Shutter {
    let key = key.name("shutter");
    let of = |dist, name: &str| random::scalar(dist, &key.name(name)).clamp(0.0, validate::LONGEST_EXPOSURE);
    Shutter { time: of(&recipe.shutter.time, "time"), readout: of(&recipe.shutter.readout, "readout") }
}

/// How wide it is open, and what it is sharp at, once it stands.
pub(super) fn aperture(
    recipe: &CameraRecipe,
    camera: &Camera,
    image: &ImageSettings,
    instances: &[Instance],
    library: &Library,
    key: &Key,
) -> Result<Option<Aperture>, SampleError> {
    let Some(FocusRecipe { f_number, at, focal_length, sensor }) = &recipe.focus else { return Ok(None) };
    let focus = key.name("focus");
    let millimetres = match (&recipe.lens, focal_length) {
        (_, Some(length)) => random::scalar(length, &focus.name("focal_length")),
        (LensRecipe::Focal { length, .. }, None) => random::scalar(length, &key.name("lens").name("length")),
        (_, None) => camera.fx * pitch(*sensor, image),
    };
    let diameter = millimetres / 1000.0 / random::scalar(f_number, &focus.name("f_number")).max(1e-3);
    let focus_distance = match at {
        FocusAt::Distance(distance) => random::scalar(distance, &focus.name("distance")),
        FocusAt::Object(group) => nearest(group, camera, image, instances, library).ok_or_else(|| {
            let reason = format!("there is no `{group}` in front of camera `{}` to focus on", camera.name);
            SampleError::Rejected { reason }
        })?,
    };
    let within = |length: f64| length.clamp(1e-9, 1e9);
    Ok(Some(Aperture { diameter: within(diameter), focus_distance: within(focus_distance) }))
}

/// How far away the nearest instance of a group is, of those before the near plane: the middle of its bounding box, along the optical
/// axis (from the camera's centre, of lenses that see sideways).
fn nearest(
    group: &str,
    camera: &Camera,
    image: &ImageSettings,
    instances: &[Instance],
    library: &Library,
) -> Option<f64> {
    let sideways = camera.sees_sideways(image.width, image.height);
    let members = instances.iter().filter(|instance| instance.object == group);
    let middles = members.filter_map(|instance| {
        let (low, high) = local_bounds(&instance.shape, library)?;
        Some(instance.world_from_instance().transform_point3((low + high) / 2.0))
    });
    let far = middles.map(|middle| {
        let seen = camera.rotation.inverse() * (middle - camera.position);
        if sideways { seen.length() } else { -seen.z }
    });
    far.filter(|far| *far > camera.near).min_by(f64::total_cmp)
}

/// Sine of the half angle of the cone that fills `fill` of the picture's narrower side; `None` of a pinhole, where the tangent is known.
pub(super) fn half_angle(lens: &Lens, optics: &Optics, image: &ImageSettings, fill: f64) -> Option<f64> {
    /// A ball that is to fill more of the view is as near as this: 85 degrees.
    const WIDEST: f64 = 1.483_529_864_195_180_1;
    if lens.is_pinhole() {
        return None;
    }
    let [width, height] = [image.width, image.height].map(|side| f64::from(side) * fill / 2.0);
    let [cx, cy] = optics.principal;
    let angle = |x: f64, y: f64| {
        let ray: Option<DVec3> = lens.ray(glam::DVec2::new(cx + x, cy + y));
        ray.map_or(lens.reach(), |ray| libm::atan2(ray.truncate().length(), ray.z))
    };
    Some(libm::sin(angle(width, 0.0).min(angle(0.0, height)).clamp(1e-6, WIDEST)))
}
