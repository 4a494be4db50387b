//! Outlines of texts in the plane, for letters in relief and for labels in print.

use glam::DVec2;
use serde::{Deserialize, Serialize};

use crate::assets::Font;

/// From one base line to the next, in heights of a capital letter.
pub const LINE_HEIGHT: f64 = 1.6;

/// Where the lines of a text begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Align {
    /// All at the left end.
    Left,
    /// Each in the middle.
    #[default]
    Center,
    /// All end at the right.
    Right,
}

/// The outline of a text: x to the right, y up, in heights of a capital letter. The middle of the first line's capitals is at y = 0 where
/// there is one line; of several the whole is in the middle. x = 0 is what `align` says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TextOutline {
    /// For each letter that shows ink its polygons; what is inside by the non-zero rule is ink.
    pub letters: Vec<Vec<Vec<DVec2>>>,
    /// Of the longest line, by the pen's way.
    pub width: f64,
    /// From the lowest base line to the top of the highest capitals.
    pub height: f64,
}

/// `text` in the letters of `font`; `\n` begins a new line.
pub fn text_outline(font: &Font, text: &str, align: Align) -> TextOutline {
    let lines: Vec<_> = text.split('\n').map(|line| font.line(line)).collect();
    let width = lines.iter().map(|(_, width)| *width).fold(0.0, f64::max);
    let below = LINE_HEIGHT * lines.len().saturating_sub(1) as f64;
    let height = 1.0 + below;
    let mut letters = Vec::new();
    let mut base = below - height / 2.0;
    for (glyphs, length) in lines {
        let start = match align {
            Align::Left => 0.0,
            Align::Center => -length / 2.0,
            Align::Right => -length,
        };
        for mut glyph in glyphs {
            glyph.contours.iter_mut().flatten().for_each(|point| *point += DVec2::new(start, base));
            if !glyph.contours.is_empty() {
                letters.push(glyph.contours);
            }
        }
        base -= LINE_HEIGHT;
    }
    TextOutline { letters, width, height }
}
