//! Named points, and whether they are seen: COCO's 0, 1, 2.
//!
//! A point is [`Absent`](Seen::Absent) (0) where the instance has none of that name, where it projects outside of the image
//! (`0 <= x < width`, `0 <= y < height` is inside), or where it is nearer than the camera's near plane along the optical axis.
//! (Where the image shows anything 90 degrees off the axis or more, range takes the place of depth in all of this.)
//! Otherwise it is [`Visible`](Seen::Visible) (2) if at least one of the four pixels whose centres are nearest to it shows
//! nothing that is more than the instance's tolerance in front of it: `depth >= z - tolerance`, where a pixel that shows nothing
//! has infinite depth. What else is in the image is [`Hidden`](Seen::Hidden) (1), by other things or by the instance itself.
//!
//! Four pixels and not one, because points are often on an outline, where the pixel that a point falls into may well show what is
//! beside the object. They are in columns `floor(x - 0.5)` and the next, and in the same two rows of `y`; those outside of the image
//! do not count.

use glam::DVec3;

use super::view::View;
use super::{AnnotateError, KeypointLabel, Seen};
use crate::frame::Frame;
use crate::image::Image;
use crate::scene::{Category, Instance};

/// One label per keypoint of `category`, in its order; `None` where it has none.
pub(super) fn keypoints(
    instance: &Instance,
    category: &Category,
    view: &View<'_>,
    frame: &Frame,
) -> Result<Option<Vec<KeypointLabel>>, AnnotateError> {
    if let Some(point) = instance.keypoints.iter().find(|point| !category.keypoints.contains(&point.name)) {
        return Err(AnnotateError::UnknownKeypoint {
            instance: instance.name(),
            keypoint: point.name.clone(),
            category: category.name.clone(),
        });
    }
    if category.keypoints.is_empty() {
        return Ok(None);
    }
    let world_from_instance = instance.world_from_instance();
    let distances = if view.sideways { &frame.range } else { &frame.depth };
    let label = |name: &String| {
        let point = instance.keypoints.iter().find(|point| point.name == *name);
        let place = point.map(|point| view.point(world_from_instance.transform_point3(point.position)));
        let (x, y, seen) = place
            .and_then(|place| look(place, instance.keypoint_tolerance, view, distances))
            .unwrap_or((0.0, 0.0, Seen::Absent));
        KeypointLabel { name: name.clone(), x, y, seen }
    };
    Ok(Some(category.keypoints.iter().map(label).collect()))
}

/// Where a point of the OpenCV camera frame is in the image, and whether it is seen there; `None` where it is not in the image.
fn look(place: DVec3, tolerance: f64, view: &View<'_>, distances: &Image<f32>) -> Option<(f64, f64, Seen)> {
    let pixel = view.pixel(place)?;
    let (width, height) = (f64::from(distances.width()), f64::from(distances.height()));
    let inside = (0.0..width).contains(&pixel.x) && (0.0..height).contains(&pixel.y);
    let far = view.distance(place);
    if !inside || far < view.camera.near {
        return None;
    }
    let free = |x: u32, y: u32| distances.get(x, y).is_some_and(|&shown| f64::from(shown) >= far - tolerance);
    let (columns, rows) = (nearest_two(pixel.x), nearest_two(pixel.y));
    let visible = columns.into_iter().flatten().any(|x| rows.into_iter().flatten().any(|y| free(x, y)));
    Some((pixel.x, pixel.y, if visible { Seen::Visible } else { Seen::Hidden }))
}

/// The two pixels whose centres are nearest to `at`, which is within the image; the first may lie before it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the size of an image")]
fn nearest_two(at: f64) -> [Option<u32>; 2] {
    let after = libm::floor(at + 0.5) as u32;
    [after.checked_sub(1), Some(after)]
}
