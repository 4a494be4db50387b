//! Ids and depth whose values are derived on paper, next to each case.

use glam::{DQuat, DVec2, DVec3};
use scenewright::frame::Frame;
use scenewright::scene::{Material, NormalFrame, NormalSurface, Output, Shape};
use std::collections::BTreeSet;
use std::f64::consts::PI;

use crate::build::{add, add_unlabelled, camera, last, scene, stand_up};
use crate::harness::{Case, ensure, render, render_one};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("a_sphere_has_the_area_and_depth_of_its_silhouette_cone", sphere),
        ("an_axis_aligned_quad_covers_exactly_its_pixels", quad),
        ("a_tilted_plane_tells_depth_from_range", tilted_plane),
        ("each_of_six_directions_is_where_it_belongs", six_directions),
        ("half_occluded_is_half_as_large", half_occluded),
        ("an_object_cut_by_the_frame_ends_at_the_frame", truncated),
        ("what_is_behind_the_camera_or_before_the_near_plane_is_not_seen", behind),
        ("what_is_smaller_than_a_pixel_is_seen_only_through_a_pixel_centre", subpixel),
        ("more_than_65535_instances_keep_their_ids", many_ids),
        ("an_off_centre_principal_point_moves_the_image_and_nothing_else", off_centre),
        ("unequal_focal_lengths_stretch_one_axis", unequal_focal_lengths),
        ("two_cameras_see_the_same_scene_from_their_own_place", two_cameras),
        ("a_cut_out_is_cut_out_in_ids_and_depth", cut_out),
        ("the_back_of_a_plane_is_seen_only_when_double_sided", back_faces),
        ("an_unlabelled_surface_hides_and_has_depth", unlabelled),
        ("a_scene_without_objects_is_empty", empty),
        ("an_image_of_one_pixel_is_an_image", one_pixel),
        ("normals_of_a_plain_are_up_to_its_horizon", horizon),
    ]
}

/// Pixels of `id`.
fn count(frame: &Frame, id: u32) -> usize {
    frame.ids.pixels().iter().filter(|&&pixel| pixel == id).count()
}

/// Columns and rows of `id`: first and one past the last.
fn extent(frame: &Frame, id: u32) -> Option<([u32; 2], [u32; 2])> {
    let (mut low, mut high) = ([u32::MAX; 2], [0; 2]);
    for y in 0..frame.ids.height() {
        for x in 0..frame.ids.width() {
            if frame.ids.get(x, y) == Some(&id) {
                low = [low[0].min(x), low[1].min(y)];
                high = [high[0].max(x + 1), high[1].max(y + 1)];
            }
        }
    }
    (high[0] > 0).then_some((low, high))
}

fn depth_at(frame: &Frame, x: u32, y: u32) -> f64 {
    f64::from(*frame.depth.get(x, y).unwrap())
}

fn near(value: f64, expected: f64, tolerance: f64, what: &str) -> Result<(), String> {
    ensure((value - expected).abs() <= tolerance, || format!("{what}: {value}, not {expected} within {tolerance}"))
}

/// Radius 1 at 5 m, focal length 200: the cone that touches the sphere has sin a = 1/5, so a disc of radius
/// 200 tan a = 200 / sqrt(24) = 40.825 px and 5236 px of area. The mesh is inscribed with 48 corners: at most 0.3 % less.
/// The disc's edge is decided at pixel centres: about its root of the perimeter in error, under 20 px.
fn sphere() -> Result<(), String> {
    let mut s = scene(200, 150);
    let id = add(&mut s, Shape::Sphere(1.0), DVec3::new(0.0, 0.0, -5.0));
    let frame = render_one(&s);
    let area = PI * 200.0 * 200.0 / 24.0;
    near(count(&frame, id) as f64, area * 0.998, area * 0.002 + 20.0, "area")?;
    // The axis runs through the corner of four pixels; their rays are half a pixel off it, and the mesh is inscribed.
    near(depth_at(&frame, 100, 75), 4.0, 0.004, "depth")?;
    let (low, high) = extent(&frame, id).ok_or("nothing is seen")?;
    for (edge, expected) in
        [(low[0], 100.0 - 40.825), (high[0], 100.0 + 40.825), (low[1], 75.0 - 40.825), (high[1], 75.0 + 40.825)]
    {
        near(f64::from(edge), expected, 1.0, "edge of the silhouette")?;
    }
    Ok(())
}

/// Focal length 100 at 10 m: 0.1 m is a pixel. A quad of 4.0 x 2.0 m whose edges lie on pixel borders covers 40 x 20 = 800 px.
fn quad() -> Result<(), String> {
    let mut s = scene(100, 80);
    let id = add(&mut s, Shape::Plane(DVec2::new(4.0, 2.0)), DVec3::new(0.5, 0.3, -10.0));
    stand_up(&mut s);
    let frame = render_one(&s);
    ensure(count(&frame, id) == 800, || format!("{} px, not 800", count(&frame, id)))?;
    // 5 px right of and 3 px above the middle (50, 40), 20 and 10 px to either side.
    let expected = Some(([35, 27], [75, 47]));
    ensure(extent(&frame, id) == expected, || format!("{:?}, not {expected:?}", extent(&frame, id)))?;
    // It faces the camera: depth is 10 m everywhere, to the last bits of a float.
    for y in 27..47 {
        for x in 35..75 {
            near(depth_at(&frame, x, y), 10.0, 1e-5, "depth")?;
        }
    }
    Ok(())
}

/// A plane through (0, 0, -4) turned by 45 degrees about the vertical: points on it have depth z = 4 + x. Along the ray of
/// the pixel with x/depth = t, depth = 4 / (1 - t); the range is longer by sqrt(1 + t^2 + v^2), 10 % at the edge.
fn tilted_plane() -> Result<(), String> {
    let mut s = scene(120, 90);
    add(&mut s, Shape::Plane(DVec2::new(30.0, 30.0)), DVec3::new(0.0, 0.0, -4.0));
    stand_up(&mut s);
    let turn = DQuat::from_rotation_y(PI / 4.0);
    last(&mut s).rotation = turn * last(&mut s).rotation;
    let frame = render_one(&s);
    for (x, y) in [(0, 0), (119, 89), (60, 45), (17, 80), (100, 3)] {
        let t = (f64::from(x) + 0.5 - 60.0) / 120.0;
        let expected = 4.0 / (1.0 - t);
        near(depth_at(&frame, x, y), expected, 2e-5 * expected, &format!("depth at ({x}, {y})"))?;
    }
    Ok(())
}

/// Cubes 4 m away along each axis. A camera looks down -Z with X right and Y up; turned towards a cube it sees that one
/// in the middle, and its neighbours beyond its 60 degree field are out of sight. Off-axis cubes tell left from right and
/// up from down.
fn six_directions() -> Result<(), String> {
    let axes = [DVec3::X, DVec3::NEG_X, DVec3::Y, DVec3::NEG_Y, DVec3::Z, DVec3::NEG_Z];
    for (position, axis) in axes.into_iter().enumerate() {
        let mut s = scene(64, 64);
        for axis in axes {
            add(&mut s, Shape::Box(DVec3::splat(0.5)), axis * 4.0);
        }
        let up = if axis.y == 0.0 { DVec3::Y } else { DVec3::Z };
        let right = axis.cross(up);
        let right_id = add(&mut s, Shape::Box(DVec3::splat(0.3)), axis * 4.0 + right * 1.2);
        let up_id = add(&mut s, Shape::Box(DVec3::splat(0.3)), axis * 4.0 + up * 1.2);
        s.cameras[0].rotation = DQuat::from_mat3(&glam::DMat3::from_cols(right, up, -axis));
        let frame = render_one(&s);
        let id = u32::try_from(position + 1).unwrap();
        ensure(frame.ids.get(32, 32) == Some(&id), || format!("{axis} is not in the middle"))?;
        let (low, _) = extent(&frame, right_id).ok_or("the right marker is not seen")?;
        ensure(low[0] > 40 && low[1] > 24, || format!("towards {axis}, what is right is at {low:?}"))?;
        let (low, high) = extent(&frame, up_id).ok_or("the upper marker is not seen")?;
        ensure(high[1] < 24 && low[0] > 24, || format!("towards {axis}, what is up is at {low:?}"))?;
        let seen: BTreeSet<u32> = frame.ids.pixels().iter().copied().collect();
        ensure(seen == BTreeSet::from([0, id, right_id, up_id]), || format!("towards {axis}, {seen:?} are seen"))?;
    }
    Ok(())
}

/// The quad of 40 x 20 px from above, and one before its right half: at 5 m, 1.0 x 2.0 m is 20 x 40 px.
fn half_occluded() -> Result<(), String> {
    let mut s = scene(100, 80);
    let back = add(&mut s, Shape::Plane(DVec2::new(4.0, 2.0)), DVec3::new(0.0, 0.0, -10.0));
    stand_up(&mut s);
    let front = add(&mut s, Shape::Plane(DVec2::new(1.0, 2.0)), DVec3::new(0.5, 0.0, -5.0));
    stand_up(&mut s);
    let frame = render_one(&s);
    ensure(count(&frame, back) == 400, || format!("{} px are left of 800, not 400", count(&frame, back)))?;
    ensure(count(&frame, front) == 800, || format!("the front has {} px, not 20 x 40", count(&frame, front)))?;
    ensure(extent(&frame, back) == Some(([30, 30], [50, 50])), || format!("{:?}", extent(&frame, back)))
}

/// 40 x 20 px around the left edge: 20 x 20 are inside.
fn truncated() -> Result<(), String> {
    let mut s = scene(100, 80);
    let id = add(&mut s, Shape::Plane(DVec2::new(4.0, 2.0)), DVec3::new(-5.0, 0.0, -10.0));
    stand_up(&mut s);
    let frame = render_one(&s);
    ensure(count(&frame, id) == 400, || format!("{} px, not 400", count(&frame, id)))?;
    ensure(extent(&frame, id) == Some(([0, 30], [20, 50])), || format!("{:?}", extent(&frame, id)))
}

/// A box behind, a box nearer than the near plane at 1 m, and one about the camera itself, seen from inside: none of them
/// is drawn, and none of them lets anything through that is not there.
fn behind() -> Result<(), String> {
    let mut s = scene(64, 48);
    s.cameras[0].near = 1.0;
    add(&mut s, Shape::Box(DVec3::splat(1.0)), DVec3::new(0.0, 0.0, 3.0));
    add(&mut s, Shape::Box(DVec3::splat(0.2)), DVec3::new(0.0, 0.0, -0.5));
    add(&mut s, Shape::Sphere(0.3), DVec3::ZERO);
    let frame = render_one(&s);
    ensure(frame.ids.pixels().iter().all(|&id| id == 0), || "something is seen".into())?;
    ensure(frame.depth.pixels().iter().all(|&depth| depth == f32::INFINITY), || "something has depth".into())
}

/// At 10 m a pixel is 0.1 m. A quad of 0.04 m about a pixel centre is one pixel; about a corner of pixels it is none.
fn subpixel() -> Result<(), String> {
    let mut s = scene(100, 80);
    let centre = add(&mut s, Shape::Plane(DVec2::splat(0.04)), DVec3::new(0.05, 0.05, -10.0));
    stand_up(&mut s);
    let corner = add(&mut s, Shape::Plane(DVec2::splat(0.04)), DVec3::new(1.0, 1.0, -10.0));
    stand_up(&mut s);
    let frame = render_one(&s);
    ensure(extent(&frame, centre) == Some(([50, 39], [51, 40])), || format!("{:?}", extent(&frame, centre)))?;
    ensure(count(&frame, corner) == 0, || "a quad between pixel centres is seen".into())
}

/// 300 x 220 = 66 000 quads, each one pixel: the id of the pixel in column x and row y is 1 + x + 300 y.
fn many_ids() -> Result<(), String> {
    let (width, height) = (300, 220);
    let mut s = scene(width, height);
    let pixel = 10.0 / f64::from(width);
    for y in 0..height {
        for x in 0..width {
            let (u, v) = (f64::from(x) + 0.5 - f64::from(width) / 2.0, f64::from(height) / 2.0 - f64::from(y) - 0.5);
            let id = add_numbered(&mut s, 1 + x + width * y, DVec3::new(u * pixel, v * pixel, -10.0), pixel * 0.9);
            debug_assert!(id > 0);
        }
    }
    let frame = render_one(&s);
    let wrong = frame.ids.pixels().iter().zip(1..).filter(|&(&id, expected)| id != expected).count();
    ensure(wrong == 0, || format!("{wrong} of 66000 pixels have another id than the quad that covers them"))
}

/// As `add` for a standing quad, without looking for the largest id so far.
fn add_numbered(s: &mut scenewright::scene::Scene, id: u32, position: DVec3, size: f64) -> u32 {
    add_unlabelled(s, Shape::Plane(DVec2::splat(size)), position);
    stand_up(s);
    let instance = last(s);
    (instance.id, instance.category) = (id, Some(1));
    id
}

/// The quad of `quad`, with the principal point moved by (7, -11) px: so is the quad.
fn off_centre() -> Result<(), String> {
    let mut s = scene(100, 80);
    let id = add(&mut s, Shape::Plane(DVec2::new(4.0, 2.0)), DVec3::new(0.5, 0.3, -10.0));
    stand_up(&mut s);
    (s.cameras[0].cx, s.cameras[0].cy) = (57.0, 29.0);
    let frame = render_one(&s);
    let expected = Some(([42, 16], [82, 36]));
    ensure(extent(&frame, id) == expected, || format!("{:?}, not {expected:?}", extent(&frame, id)))?;
    ensure(count(&frame, id) == 800, || format!("{} px, not 800", count(&frame, id)))?;
    near(depth_at(&frame, 50, 20), 10.0, 1e-5, "depth")
}

/// fx = 100, fy = 50: 40 x 10 px.
fn unequal_focal_lengths() -> Result<(), String> {
    let mut s = scene(100, 80);
    let id = add(&mut s, Shape::Plane(DVec2::new(4.0, 2.0)), DVec3::new(0.0, 0.0, -10.0));
    stand_up(&mut s);
    s.cameras[0].fy = 50.0;
    let frame = render_one(&s);
    ensure(extent(&frame, id) == Some(([30, 35], [70, 45])), || format!("{:?}", extent(&frame, id)))
}

/// A stereo pair with a baseline of 0.4 m: a quad at 10 m shifts by 100 * 0.4 / 10 = 4 px, one at 5 m by 8 px.
fn two_cameras() -> Result<(), String> {
    let mut s = scene(100, 80);
    let far = add(&mut s, Shape::Plane(DVec2::splat(2.0)), DVec3::new(-2.0, 0.0, -10.0));
    stand_up(&mut s);
    let close = add(&mut s, Shape::Plane(DVec2::splat(1.0)), DVec3::new(1.0, 0.0, -5.0));
    stand_up(&mut s);
    let mut right = camera(100, 80);
    right.name = "right".into();
    right.position.x = 0.4;
    s.cameras.push(right);
    let frames = render(&s);
    ensure(frames.len() == 2 && frames[0].camera == 0 && frames[1].camera == 1, || "not two frames in order".into())?;
    for (id, left, shift) in [(far, 20, 4), (close, 60, 8)] {
        let columns = |frame: &Frame| extent(frame, id).map(|(low, high)| (low[0], high[0]));
        ensure(columns(&frames[0]) == Some((left, left + 20)), || format!("left sees {:?}", columns(&frames[0])))?;
        let expected = Some((left - shift, left + 20 - shift));
        ensure(columns(&frames[1]) == expected, || format!("right sees {:?}, not {expected:?}", columns(&frames[1])))?;
    }
    Ok(())
}

/// A texture of 8 x 8 texels whose left half is transparent, on a quad of 40 x 40 px. Alpha is interpolated between texel
/// centres: 0 up to u = 3.5/8, 1 from 4.5/8, so 0.5 is crossed at u = 1/2 exactly and 40 x 20 px are left. Behind it a
/// wall at 12 m shows through.
fn cut_out() -> Result<(), String> {
    let path = crate::harness::texture("half", 8, |x, _| [200, 50, 50, if x < 4 { 0 } else { 255 }]);
    let mut s = scene(100, 80);
    let wall = add(&mut s, Shape::Plane(DVec2::splat(40.0)), DVec3::new(0.0, 0.0, -12.0));
    stand_up(&mut s);
    let leaf = add(&mut s, Shape::Plane(DVec2::splat(4.0)), DVec3::new(0.0, 0.0, -10.0));
    stand_up(&mut s);
    last(&mut s).material =
        Some(Material { base_color_texture: Some(path), alpha_mask: Some(0.5), ..Material::default() });
    let frame = render_one(&s);
    ensure(extent(&frame, leaf) == Some(([50, 20], [70, 60])), || format!("{:?}", extent(&frame, leaf)))?;
    ensure(count(&frame, leaf) == 800, || format!("{} px, not 800", count(&frame, leaf)))?;
    ensure(count(&frame, wall) == 8000 - 800, || "the wall does not fill the rest".into())?;
    near(depth_at(&frame, 35, 40), 12.0, 1e-5, "depth through the hole")?;
    near(depth_at(&frame, 65, 40), 10.0, 1e-5, "depth of the leaf")
}

fn back_faces() -> Result<(), String> {
    for double_sided in [false, true] {
        let mut s = scene(64, 48);
        let id = add(&mut s, Shape::Plane(DVec2::splat(2.0)), DVec3::new(0.0, 0.0, -5.0));
        // Faces away: +Y is turned to -Z.
        last(&mut s).rotation = DQuat::from_rotation_x(-PI / 2.0);
        last(&mut s).material = Some(Material { double_sided, ..Material::default() });
        let frame = render_one(&s);
        let seen = count(&frame, id) > 0;
        ensure(seen == double_sided, || format!("double-sided is {double_sided}, seen is {seen}"))?;
        // Colour and labels agree on it: the background is brighter than the unlit back.
        let (on, off) = (frame.rgb.get(32, 24), frame.rgb.get(1, 1));
        ensure((on != off) == double_sided, || format!("colour shows {on:?} against {off:?}"))?;
    }
    Ok(())
}

/// The quad of 800 px behind an unlabelled one that covers its right half.
fn unlabelled() -> Result<(), String> {
    let mut s = scene(100, 80);
    let id = add(&mut s, Shape::Plane(DVec2::new(4.0, 2.0)), DVec3::new(0.0, 0.0, -10.0));
    stand_up(&mut s);
    add_unlabelled(&mut s, Shape::Plane(DVec2::new(1.0, 2.0)), DVec3::new(0.5, 0.0, -5.0));
    stand_up(&mut s);
    let frame = render_one(&s);
    ensure(count(&frame, id) == 400, || format!("{} px, not 400", count(&frame, id)))?;
    ensure(frame.ids.get(60, 40) == Some(&0), || "the unlabelled surface has an id".into())?;
    near(depth_at(&frame, 60, 40), 5.0, 1e-5, "depth of the unlabelled surface")
}

fn empty() -> Result<(), String> {
    let frame = render_one(&scene(64, 48));
    ensure(frame.ids.pixels().iter().all(|&id| id == 0), || "an id without an object".into())?;
    ensure(frame.depth.pixels().iter().all(|&depth| depth == f32::INFINITY), || "depth without an object".into())
}

fn one_pixel() -> Result<(), String> {
    let mut s = scene(1, 1);
    let id = add(&mut s, Shape::Sphere(1.0), DVec3::new(0.0, 0.0, -4.0));
    let frame = render_one(&s);
    ensure(frame.ids.pixels() == [id], || "the sphere is not in the only pixel".into())?;
    // Along the axis, on an inscribed mesh: 3 m and a little.
    near(depth_at(&frame, 0, 0), 3.0, 0.01, "depth")
}

/// Where a plane ends within a pixel of its horizon, the next pixel's ray meets it behind the camera.
fn horizon() -> Result<(), String> {
    for height in [97, 112] {
        for step in 0..12 {
            let mut s = scene(64, height);
            s.labels.outputs =
                [Output::Normals { frame: NormalFrame::World, surface: NormalSurface::Geometric }].into();
            add(&mut s, Shape::Plane(DVec2::splat(20_000.0)), DVec3::new(0.0, -1.5, 0.0));
            s.cameras[0].rotation = DQuat::from_rotation_x(f64::from(step) * 0.002 - 0.012);
            let frame = render_one(&s);
            let normals = frame.geometric_normals.as_ref().ok_or("no normals")?;
            for (&surface, normal) in frame.surfaces.pixels().iter().zip(normals.pixels()) {
                let up = surface == 0 || (normal[1] > 0.99 && normal.iter().all(|c| c.is_finite()));
                ensure(up, || format!("{height} rows, step {step}: {normal:?}"))?;
            }
        }
    }
    Ok(())
}
