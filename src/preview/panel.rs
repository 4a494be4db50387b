//! Which drawing belongs to which cell.

use embedded_graphics::geometry::Point;

use crate::preview::canvas::{Plot, draw_text, signed, text_size};
use crate::preview::layout::Panel;
use crate::preview::{BACKGROUND, CAPTION, View, amodal, boxes3d, keypoints, labels, planes, poses, segments};
use crate::scene::Output;

/// Draws one cell and says what is to be written above it.
pub(crate) fn draw(plot: &mut Plot<'_>, view: &View<'_>, panel: Panel) -> String {
    let output = match panel {
        Panel::Color => return color(plot, view),
        Panel::Labels => return labels::draw(plot, view),
        Panel::SensorDepth => {
            return match &view.item.frame.sensor_depth {
                Some(depth) => planes::distance(plot, view, SENSOR_DEPTH, depth),
                None => missing(plot, view, SENSOR_DEPTH),
            };
        }
        Panel::Output(output) => output,
    };
    let drawn = match output {
        Output::Ids => Some(labels::draw(plot, view)),
        Output::Semantic => Some(segments::semantic(plot, view)),
        Output::Parts => Some(segments::parts(plot, view)),
        Output::Depth => Some(planes::distance(plot, view, "depth", &view.item.frame.depth)),
        Output::Range => Some(planes::distance(plot, view, "range", &view.item.frame.range)),
        Output::Normals { frame, surface } => planes::normals(plot, view, output.name(), frame, surface),
        Output::Nocs => planes::nocs(plot, view),
        Output::Position => Some(planes::position(plot, view)),
        Output::Uv => planes::uv(plot, view),
        Output::Albedo => planes::albedo(plot, view),
        Output::Roughness => planes::share(plot, view, "roughness", view.item.frame.roughness.as_ref()),
        Output::Metallic => planes::share(plot, view, "metallic", view.item.frame.metallic.as_ref()),
        Output::Emission => planes::emission(plot, view),
        Output::Amodal => amodal::draw(plot, view),
        Output::Poses => poses::draw(plot, view),
        Output::Boxes3d => boxes3d::draw(plot, view),
        Output::Keypoints => Some(keypoints::draw(plot, view)),
        Output::Panoptic => segments::panoptic(plot, view),
        // A sheet shows one frame at a time.
        Output::Flow(_)
        | Output::Occlusion(_)
        | Output::SceneFlow(_)
        | Output::Disparity
        | Output::Tracks
        | Output::Mot => None,
    };
    drawn.unwrap_or_else(|| missing(plot, view, output.name()))
}

fn color(plot: &mut Plot<'_>, view: &View<'_>) -> String {
    plot.fill(&view.scale, |x, y| view.scale.average(&view.item.frame.rgb, x, y));
    let scene = &view.item.subject.scene;
    let camera = scene.cameras.get(view.item.frame.camera).map_or("?", |camera| &camera.name);
    format!("{:06} {camera}", scene.index)
}

const SENSOR_DEPTH: &str = "sensor_depth";
const NOT_RENDERED: &str = "not rendered";

/// A hatched cell for what the scene asks for and the frame lacks.
fn missing(plot: &mut Plot<'_>, view: &View<'_>, name: &str) -> String {
    const STRIPES: [[u8; 3]; 2] = [[70, 40, 44], [44, 32, 36]];
    plot.fill(&view.scale, |x, y| STRIPES[((u64::from(x) + u64::from(y)) / 8 % 2) as usize]);
    let size = text_size(NOT_RENDERED, view.font);
    let middle = |cell: u32, text: u32| signed(cell).saturating_sub(signed(text)) / 2;
    let at = Point::new(middle(view.scale.width, size.width), middle(view.scale.height, size.height));
    draw_text(plot, NOT_RENDERED, at, view.font, CAPTION, Some(BACKGROUND));
    format!("{name}: {NOT_RENDERED}")
}
