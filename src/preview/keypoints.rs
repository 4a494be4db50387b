//! Keypoints and the skeletons that join them.

use embedded_graphics::geometry::Dimensions;
use embedded_graphics::prelude::Drawable;
use embedded_graphics::primitives::{Circle, Primitive, PrimitiveStyle, PrimitiveStyleBuilder};

use crate::annotate::{Annotation, KeypointLabel, Seen};
use crate::preview::View;
use crate::preview::canvas::{Plot, rgb};
use crate::preview::color::{instance_color, keypoint_color, mix};
use crate::preview::lines::{draw_line, pixel};
use crate::preview::names::{Name, write_few_names};

/// Draws discs where a keypoint is seen and rings where it is hidden, in the colour of its place in its category; lines of the
/// skeleton in the instance's colour, thin and dark where one of the two ends is hidden; and names where there is room.
pub(crate) fn draw(plot: &mut Plot<'_>, view: &View<'_>) -> String {
    plot.fill(&view.scale, |x, y| view.scale.faded(&view.item.frame.rgb, x, y));
    let annotations = &view.item.labels.annotations;
    let posed: Vec<_> = annotations.iter().filter_map(|a| Some((a, a.keypoints.as_ref()?))).collect();
    for (annotation, keypoints) in &posed {
        draw_skeleton(plot, view, annotation, keypoints);
    }
    let all = || posed.iter().flat_map(|(_, keypoints)| keypoints.iter().enumerate());
    // Hidden ones first, so that those in front cover them.
    for seen in [Seen::Hidden, Seen::Visible] {
        for (position, keypoint) in all().filter(|(_, keypoint)| keypoint.seen == seen) {
            draw_mark(plot, view, keypoint, keypoint_color(position));
        }
    }
    let name = |(position, keypoint): (usize, &KeypointLabel)| Name {
        text: keypoint.name.clone(),
        color: mix(keypoint_color(position), [0; 3], if keypoint.seen == Seen::Visible { 0.0 } else { 0.5 }),
        around: mark(view, keypoint).bounding_box().offset(2),
    };
    let count = |seen: Seen| all().filter(|(_, keypoint)| keypoint.seen == seen).count();
    let (visible, hidden, absent) = (count(Seen::Visible), count(Seen::Hidden), count(Seen::Absent));
    let mut names: Vec<Name> = Vec::new();
    for seen in [Seen::Visible, Seen::Hidden] {
        names.extend(all().filter(|(_, keypoint)| keypoint.seen == seen).map(name));
    }
    let marks = all().filter(|(_, keypoint)| keypoint.seen != Seen::Absent).map(|(_, k)| mark(view, k).bounding_box());
    let unnamed = write_few_names(plot, view, &names, &marks.collect::<Vec<_>>());
    if visible + hidden + absent == 0 {
        return "keypoints: none".into();
    }
    format!("keypoints: {visible} seen, {hidden} hidden (rings), {absent} absent{unnamed}")
}

fn draw_skeleton(plot: &mut Plot<'_>, view: &View<'_>, annotation: &Annotation, keypoints: &[KeypointLabel]) {
    let category = view.item.subject.scene.categories.iter().find(|c| c.id == annotation.category_id);
    let color = instance_color(annotation.instance_id);
    for joined in category.map_or(&[][..], |category| &category.skeleton) {
        let [Some(from), Some(to)] = joined.map(|position| keypoints.get(position as usize)) else { continue };
        if from.seen == Seen::Absent || to.seen == Seen::Absent {
            continue;
        }
        let both = from.seen == Seen::Visible && to.seen == Seen::Visible;
        let (paint, width) = if both { (color, view.stroke + 1) } else { (mix(color, [0; 3], 0.4), view.stroke) };
        let ends = [from, to].map(|end| view.scale.point([end.x, end.y]));
        draw_line(plot, view, ends, paint, width);
    }
}

/// Where the mark of a keypoint is: an odd number of pixels wide, with the keypoint in its middle.
fn mark(view: &View<'_>, keypoint: &KeypointLabel) -> Circle {
    let center = pixel(view.scale.point([keypoint.x, keypoint.y]));
    Circle::with_center(center, 2 * (view.stroke + 2) + 1)
}

fn draw_mark(plot: &mut Plot<'_>, view: &View<'_>, keypoint: &KeypointLabel, color: [u8; 3]) {
    let circle = mark(view, keypoint);
    let halo = PrimitiveStyle::with_stroke(rgb([0; 3]), 1);
    let Ok(()) = Circle::with_center(circle.center(), circle.diameter + 2).into_styled(halo).draw(plot);
    let style = match keypoint.seen {
        Seen::Visible => PrimitiveStyle::with_fill(rgb(color)),
        _ => PrimitiveStyleBuilder::new().stroke_color(rgb(color)).stroke_width(view.stroke).build(),
    };
    let Ok(()) = circle.into_styled(style).draw(plot);
}
