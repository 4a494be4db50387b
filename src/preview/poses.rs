//! Poses as axes, drawn where the object's origin is.

use glam::DVec3;

use crate::annotate::{Annotation, Pose};
use crate::preview::View;
use crate::preview::canvas::Plot;
use crate::preview::color::instance_color;
use crate::preview::legends::AXES;
use crate::preview::lines::{Lens, around, draw_line};
use crate::preview::names::{Name, write_few_names};

/// Axes are at least this share of the cell's width long: those of something tiny still say how it is turned.
const SHORTEST: f64 = 0.04;

/// Draws x red, y green, z blue at each object's origin, far objects first, with the distance beside the name. `None` where the
/// labels have no poses although there are annotations.
pub(crate) fn draw(plot: &mut Plot<'_>, view: &View<'_>) -> Option<String> {
    let annotations = &view.item.labels.annotations;
    let mut poses: Vec<(&Annotation, &Pose)> = annotations.iter().filter_map(|a| Some((a, a.pose.as_ref()?))).collect();
    if poses.is_empty() && !annotations.is_empty() {
        return None;
    }
    plot.fill(&view.scale, |x, y| view.scale.faded(&view.item.frame.rgb, x, y));
    poses.sort_by(|(_, a), (_, b)| b.distance.total_cmp(&a.distance));
    let lens = Lens::new(view);
    let mut names = Vec::new();
    for (annotation, pose) in &poses {
        let rows = pose.camera_from_object;
        let origin: [f64; 3] = std::array::from_fn(|k| rows[k][3]);
        let length = axis_length(view, annotation.instance_id, origin[2]);
        let mut axes: Vec<_> =
            (0..3).map(|axis| (std::array::from_fn(|k| origin[k] + length * rows[k][axis]), AXES[axis])).collect();
        axes.sort_by(|(a, _): &([f64; 3], _), (b, _)| b[2].total_cmp(&a[2]));
        let mut ends = Vec::new();
        for (tip, color) in axes {
            for line in lens.project(origin, tip) {
                ends.extend(draw_line(plot, view, line, color, view.stroke + 1).into_iter().flatten());
            }
        }
        if let Some(around) = around(&ends) {
            let text = format!("{} {:.2} m", annotation.name, pose.distance);
            names.push(Name { text, color: instance_color(annotation.instance_id), around });
        }
    }
    names.reverse(); // the nearest first
    let unnamed = write_few_names(plot, view, &names, &[]);
    Some(format!("poses: {}, x red, y green, z blue{unnamed}", poses.len()))
}

/// Six tenths of the longest edge of the instance, metres: a little out of its surface.
fn axis_length(view: &View<'_>, id: u32, depth: f64) -> f64 {
    let subject = view.item.subject;
    let solid = subject.scene.instances.iter().zip(&subject.solids).find(|(instance, _)| instance.id == id);
    let edge = solid.map_or(0.0, |(instance, solid)| {
        let edges: DVec3 = (solid.local.1 - solid.local.0) * instance.scale;
        edges.abs().max_element()
    });
    let width = f64::from(view.item.frame.rgb.width());
    (0.6 * edge).max(SHORTEST * width * depth.max(0.0) / view.item.labels.camera.fx.max(1e-9))
}
