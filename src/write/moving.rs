//! Flow and occlusion as images.

use crate::annotate::flow::{Fate, Flow};
use crate::image::Image;
use crate::write::encode::{self, EncodeError};

/// u, v, and 1 where they are known.
#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is the point")]
pub(crate) fn pixels(flow: Flow) -> [f32; 3] {
    flow.pixels.map_or([0.0; 3], |flow| [flow.x as f32 + 0.0, flow.y as f32 + 0.0, 1.0])
}

/// In the world.
#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is the point")]
pub(crate) fn world(flow: Flow) -> [f32; 3] {
    flow.world.map_or([0.0; 3], |flow| [flow.x as f32 + 0.0, flow.y as f32 + 0.0, flow.z as f32 + 0.0])
}

/// A grey for each fate.
pub(crate) fn occlusion(flow: &Image<Flow>) -> Result<Vec<u8>, EncodeError> {
    let grey = |flow: &Flow| match flow.fate {
        Fate::Seen => 0,
        Fate::Outside => 85,
        Fate::Hidden => 170,
        Fate::Unknown => 255,
    };
    let bytes: Vec<u8> = flow.pixels().iter().map(grey).collect();
    encode::gray_png(flow.width(), flow.height(), &bytes)
}
