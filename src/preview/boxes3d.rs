//! Boxes in space as wire.

use crate::annotate::ProjectedBox;
use crate::preview::View;
use crate::preview::canvas::Plot;
use crate::preview::color::{instance_color, mix};
use crate::preview::lines::{Lens, around, draw_line};
use crate::preview::names::{Name, write_few_names};

/// Draws oriented boxes, edges in front thick and bright, edges behind thin and dark; far boxes first. `None` where the labels have
/// no boxes although there are annotations.
pub(crate) fn draw(plot: &mut Plot<'_>, view: &View<'_>) -> Option<String> {
    let annotations = &view.item.labels.annotations;
    let mut boxes: Vec<_> = annotations.iter().filter_map(|a| Some((a, &a.box3d.as_ref()?.oriented))).collect();
    if boxes.is_empty() && !annotations.is_empty() {
        return None;
    }
    plot.fill(&view.scale, |x, y| view.scale.faded(&view.item.frame.rgb, x, y));
    boxes.sort_by(|(_, a), (_, b)| b.center[2].total_cmp(&a.center[2]));
    let lens = Lens::new(view);
    let mut names = Vec::new();
    for (annotation, solid) in &boxes {
        let color = instance_color(annotation.instance_id);
        let mut ends = Vec::new();
        for (in_front, [from, to]) in edges(solid) {
            let (paint, width) =
                if in_front { (color, view.stroke + 1) } else { (mix(color, [0; 3], 0.5), view.stroke) };
            for line in lens.project(from, to) {
                ends.extend(draw_line(plot, view, line, paint, width).into_iter().flatten());
            }
        }
        if let Some(around) = around(&ends) {
            names.push(Name { text: annotation.name.clone(), color, around });
        }
    }
    names.reverse(); // the nearest first
    let unnamed = write_few_names(plot, view, &names, &[]);
    Some(format!("boxes3d: {} oriented, thin edges behind{unnamed}", boxes.len()))
}

/// The twelve edges, those behind first, and whether an edge is in front: it belongs to a side that faces the camera.
fn edges(solid: &ProjectedBox) -> Vec<(bool, [[f64; 3]; 2])> {
    let corner = |index: usize| solid.corners[index];
    // Of the side of axis `axis` on which corner `index` lies; the camera centre is the origin.
    let faces = |axis: usize, index: usize| {
        let low = index & !(1 << axis);
        let (here, there) = (corner(index), corner(if index == low { low | 1 << axis } else { low }));
        (0..3).map(|k| (here[k] - there[k]) * here[k]).sum::<f64>() < 0.0
    };
    let mut edges: Vec<(bool, [[f64; 3]; 2])> = (0..3)
        .flat_map(|axis: usize| (0..8).filter(move |index| index & (1 << axis) == 0).map(move |index| (axis, index)))
        .map(|(axis, index)| {
            let in_front = (0..3).filter(|other| *other != axis).any(|other| faces(other, index));
            (in_front, [corner(index), corner(index | 1 << axis)])
        })
        .collect();
    edges.sort_by_key(|(in_front, _)| *in_front);
    edges
}
