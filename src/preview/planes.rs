//! Cells that show one value per pixel: distances, normals, coordinates, materials.

use glam::{DVec2, DVec3};

use crate::image::Image;
use crate::preview::View;
use crate::preview::canvas::Plot;
use crate::preview::color::{grey, ramp, to_byte};
use crate::preview::legends::{draw_ball, draw_bar, draw_channels, draw_square};
use crate::preview::scale::Scale;
use crate::scene::color::srgb_from_linear;
use crate::scene::{Camera, Lens, NormalFrame, NormalSurface};

/// Dark grey with a hatch: nothing is there.
fn nothing(x: u32, y: u32) -> [u8; 3] {
    if (u64::from(x) + u64::from(y)).is_multiple_of(8) { [58, 58, 64] } else { [38, 38, 42] }
}

/// Metres, near bright; even steps for even ratios, so that a far horizon does not swallow what is near.
pub(crate) fn distance(plot: &mut Plot<'_>, view: &View<'_>, name: &str, image: &Image<f32>) -> String {
    let hits = image.pixels().iter().copied().filter(|d| is_hit(*d));
    let range =
        hits.fold(None, |range, d| Some(range.map_or((d, d), |(min, max): (f32, f32)| (min.min(d), max.max(d)))));
    let Some((min, max)) = range else {
        plot.fill(&view.scale, nothing);
        return format!("{name}: nothing hit");
    };
    let whole = libm::log(f64::from(max) / f64::from(min));
    plot.fill(&view.scale, |x, y| {
        let value = view.scale.nearest(image, x, y);
        if !is_hit(value) {
            return nothing(x, y);
        }
        let part = libm::log(f64::from(max) / f64::from(value));
        ramp(if whole > 0.0 { part / whole } else { 1.0 })
    });
    let (near, far) = (metres(min), metres(max));
    draw_bar(plot, view, [&near, &far], |share| ramp(1.0 - share));
    format!("{name} {near} to {far}")
}

fn is_hit(distance: f32) -> bool {
    distance.is_finite() && distance > 0.0
}

fn metres(value: f32) -> String {
    match value {
        v if v < 0.1 => format!("{v:.4} m"),
        v if v < 100.0 => format!("{v:.2} m"),
        v => format!("{v:.0} m"),
    }
}

/// Components as colours, grey for 0. In the camera's frame red is right, green is up and blue is towards the camera (so y and z
/// are turned round, as in every normal map that people know); in the world's frame they are x, y and z.
pub(crate) fn normals(
    plot: &mut Plot<'_>,
    view: &View<'_>,
    name: &str,
    frame: NormalFrame,
    surface: NormalSurface,
) -> Option<String> {
    let image = match surface {
        NormalSurface::Shaded => view.item.frame.shaded_normals.as_ref(),
        NormalSurface::Geometric => view.item.frame.geometric_normals.as_ref(),
    }?;
    // Rows of the rotation: a world vector's components in the camera's frame.
    let [right, down, forward, _] = view.item.labels.camera.opencv_camera_from_world;
    let rows = [right, down, forward].map(|row| DVec3::new(row[0], row[1], row[2]));
    let camera_from_world = |n: DVec3| DVec3::from_array(rows.map(|row| row.dot(n)));
    let world_from_camera = |n: DVec3| rows[0] * n.x + rows[1] * n.y + rows[2] * n.z;
    let shade = |n: DVec3| match frame {
        NormalFrame::Camera => encoded(DVec3::new(n.x, -n.y, -n.z)),
        NormalFrame::World => encoded(world_from_camera(n)),
    };
    plot.fill(&view.scale, |x, y| {
        let n = view.scale.nearest(image, x, y);
        if n == [0.0; 3] { nothing(x, y) } else { shade(camera_from_world(DVec3::from_array(n.map(f64::from)))) }
    });
    let axes = match frame {
        NormalFrame::Camera => [DVec3::X, DVec3::Y, DVec3::Z],
        NormalFrame::World => [DVec3::X, DVec3::Y, DVec3::Z].map(camera_from_world),
    };
    let [x, y, z] = axes.map(|axis| axis.to_array());
    draw_ball(plot, view, |n| shade(DVec3::from_array(n)), [("x", x), ("y", y), ("z", z)]);
    let meaning = match frame {
        NormalFrame::Camera => "red +x, green -y, blue -z",
        NormalFrame::World => "red +x, green +y, blue +z",
    };
    Some(format!("{name}: {meaning}"))
}

fn encoded(n: DVec3) -> [u8; 3] {
    n.to_array().map(|component| to_byte(component * 0.5 + 0.5))
}

/// Normalised object coordinates as colours, as everybody shows them.
pub(crate) fn nocs(plot: &mut Plot<'_>, view: &View<'_>) -> Option<String> {
    let image = view.item.frame.coordinates.as_ref()?;
    plot.fill(&view.scale, |x, y| nocs_at(view, image, x, y).map_or_else(|| nothing(x, y), |c| c.map(to_byte)));
    draw_channels(plot, view, &["x", "y", "z"].map(|name| (name, ["0".to_owned(), "1".to_owned()])));
    Some("nocs 0 to 1: red x, green y, blue z".into())
}

/// Of labelled instances; see [`Solid::nocs`](crate::annotate::Solid::nocs).
fn nocs_at(view: &View<'_>, image: &Image<[f32; 3]>, x: u32, y: u32) -> Option<[f64; 3]> {
    let position = view.scale.nearest(&view.item.frame.surfaces, x, y).checked_sub(1)?;
    let owner = view.item.frame.owners.get(position as usize)?;
    if owner.id == 0 {
        return None; // as in the file: what has no label is no object
    }
    let instance = view.item.subject.scene.instances.get(owner.instance as usize)?;
    let (factor, sum) = view.item.subject.solids.get(owner.instance as usize)?.nocs(instance)?;
    let point = DVec3::from_array(view.scale.nearest(image, x, y).map(f64::from));
    Some((point * factor + sum).to_array())
}

/// World positions as colours: each axis from dark to bright over its own range, of which the outermost 2 % at either end are cut
/// off so that a far horizon does not swallow what is near.
pub(crate) fn position(plot: &mut Plot<'_>, view: &View<'_>) -> String {
    let mut axes: [Vec<f64>; 3] = Default::default();
    let Some(lens) = view.item.subject.scene.cameras.get(view.item.frame.camera).map(Camera::lens) else {
        return "position: no camera".into();
    };
    let stride = coarse(&view.scale);
    for (x, y) in view.scale.cells().filter(|(x, y)| x.is_multiple_of(stride) && y.is_multiple_of(stride)) {
        if let Some(point) = world_at(view, &lens, x, y) {
            axes.iter_mut().zip(point).for_each(|(axis, value)| axis.push(value));
        }
    }
    if axes[0].is_empty() {
        plot.fill(&view.scale, nothing);
        return "position: nothing hit".into();
    }
    let ranges = axes.map(|mut axis| {
        axis.sort_unstable_by(f64::total_cmp);
        let cut = axis.len() / 50;
        [axis[cut], axis[axis.len() - 1 - cut]]
    });
    plot.fill(&view.scale, |x, y| {
        let Some(point) = world_at(view, &lens, x, y) else { return nothing(x, y) };
        std::array::from_fn(|k| {
            let [low, high] = ranges[k];
            to_byte(if high > low { (point[k] - low) / (high - low) } else { 0.5 })
        })
    });
    let texts = ranges.map(|range| range.map(number));
    draw_channels(plot, view, &[("x", texts[0].clone()), ("y", texts[1].clone()), ("z", texts[2].clone())]);
    let [x, y, z] = texts.map(|[low, high]| format!("{low}..{high}"));
    format!("position, m: x {x} y {y} z {z}")
}

/// So many columns and rows from one pixel to the next that about 100 000 of the cell are enough.
fn coarse(scale: &Scale) -> u32 {
    let pixels = u64::from(scale.width) * u64::from(scale.height);
    u32::try_from((pixels / 100_000).isqrt()).unwrap_or(u32::MAX) + 1
}

/// The world point that pixel (x, y) of the cell shows: along the ray through the centre of its pixel, as far as its depth (of lenses
/// that bend lines: its range) says.
fn world_at(view: &View<'_>, lens: &Lens, x: u32, y: u32) -> Option<[f64; 3]> {
    let camera = view.item.subject.scene.cameras.get(view.item.frame.camera)?;
    let (column, row) = view.scale.source(x, y);
    let place = DVec2::new(f64::from(column) + 0.5, f64::from(row) + 0.5);
    let (far, ray) = if lens.is_pinhole() {
        (view.scale.nearest(&view.item.frame.depth, x, y), camera.ray_through(place)?)
    } else {
        let ray = lens.ray(place)?;
        // OpenCV's frame to ours.
        (view.scale.nearest(&view.item.frame.range, x, y), camera.rotation * DVec3::new(ray.x, -ray.y, -ray.z))
    };
    is_hit(far).then(|| (camera.position + ray * f64::from(far)).to_array())
}

/// Three digits or so.
fn number(value: f64) -> String {
    let text = match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    };
    if text.trim_start_matches(['-', '0', '.']).is_empty() { "0".into() } else { text }
}

/// Texture coordinates, each repeated at every whole number, with checks that show how the texture is stretched.
pub(crate) fn uv(plot: &mut Plot<'_>, view: &View<'_>) -> Option<String> {
    let image = view.item.frame.uv.as_ref()?;
    let shade = |[u, v]: [f64; 2]| {
        let [u, v] = [u, v].map(|value| value - value.floor());
        let odd = [u, v].map(|value| (value * 8.0).floor() % 2.0 != 0.0);
        [to_byte(u), to_byte(v), if odd[0] == odd[1] { 150 } else { 60 }]
    };
    plot.fill(&view.scale, |x, y| {
        if view.scale.nearest(&view.item.frame.surfaces, x, y) == 0 {
            return nothing(x, y);
        }
        shade(view.scale.nearest(image, x, y).map(f64::from))
    });
    draw_square(plot, view, shade);
    Some("uv: red u, green v, checks of 1/8".into())
}

/// Base colour as it is in files.
pub(crate) fn albedo(plot: &mut Plot<'_>, view: &View<'_>) -> Option<String> {
    let image = view.item.frame.albedo.as_ref()?;
    plot.fill(&view.scale, |x, y| {
        if view.scale.nearest(&view.item.frame.surfaces, x, y) == 0 {
            return nothing(x, y);
        }
        view.scale.nearest(image, x, y).map(|channel| to_byte(srgb_from_linear(f64::from(channel).clamp(0.0, 1.0))))
    });
    Some("albedo, sRGB".into())
}

/// A share from 0, black, to 1, white.
pub(crate) fn share(plot: &mut Plot<'_>, view: &View<'_>, name: &str, image: Option<&Image<f32>>) -> Option<String> {
    let image = image?;
    plot.fill(&view.scale, |x, y| {
        if view.scale.nearest(&view.item.frame.surfaces, x, y) == 0 {
            return nothing(x, y);
        }
        grey(f64::from(view.scale.nearest(image, x, y)))
    });
    draw_bar(plot, view, ["0", "1"], grey);
    Some(format!("{name} 0 to 1"))
}

/// Luminance over the brightest channel of the frame, with the sRGB curve, so that weak light beside strong is still seen.
pub(crate) fn emission(plot: &mut Plot<'_>, view: &View<'_>) -> Option<String> {
    let image = view.item.frame.emission.as_ref()?;
    let most = image.pixels().iter().flatten().copied().filter(|value| value.is_finite()).fold(0.0_f32, f32::max);
    let curve = |share: f64| to_byte(srgb_from_linear(share.clamp(0.0, 1.0)));
    plot.fill(&view.scale, |x, y| {
        if view.scale.nearest(&view.item.frame.surfaces, x, y) == 0 {
            return nothing(x, y);
        }
        let value = view.scale.nearest(image, x, y);
        value.map(|channel| if most > 0.0 { curve(f64::from(channel) / f64::from(most)) } else { 0 })
    });
    if most == 0.0 {
        return Some("emission: none".into());
    }
    let text = format!("{} cd/m2", number(f64::from(most)));
    draw_bar(plot, view, ["0", &text], |share| [curve(share); 3]);
    Some(format!("emission up to {text}"))
}
