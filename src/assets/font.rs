//! Fonts: TrueType and OpenType files, as outlines of their letters. Their tables are read by `ttf-parser`.

use std::sync::{Arc, OnceLock};

use glam::DVec2;
use ttf_parser::{Face, GlyphId, OutlineBuilder};

use super::{AssetError, AssetFile, file, licence};
use crate::confine::Folder;

/// The font of texts that name none.
static BUILT_IN: &[u8] = include_bytes!("../../assets/fonts/DejaVuSans.ttf");

/// Fonts larger than this are refused, bytes: those with every Chinese character have some 20 MiB.
const MAX_BYTES: u64 = 64 << 20;

/// A letter with more points than this is refused.
const MAX_POINTS: usize = 20_000;

/// How far a curve may be from the line that stands for it, in heights of a capital letter.
const FLATNESS: f64 = 0.002;

/// A font file. Its first face is used.
#[derive(Debug)]
pub struct Font {
    bytes: Vec<u8>,
    /// What the file is; empty for the font that is part of the program.
    pub file: AssetFile,
}

/// One letter: closed outlines, and how far on the next one begins. In units of the height of a capital letter; x to the right, y up,
/// from the pen's place on the base line.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Glyph {
    /// Polygons; what is inside of them by the non-zero rule is ink. The last point is not the first one again.
    pub contours: Vec<Vec<DVec2>>,
    /// To the next letter's place.
    pub advance: f64,
}

impl Font {
    /// The font that is part of the program: DejaVu Sans, with ASCII, Latin-1 and a few signs.
    pub fn built_in() -> Arc<Self> {
        static FONT: OnceLock<Arc<Font>> = OnceLock::new();
        FONT.get_or_init(|| Arc::new(Self { bytes: BUILT_IN.to_vec(), file: AssetFile::default() })).clone()
    }

    pub(super) fn load(root: &Folder, path: &str) -> Result<Self, AssetError> {
        let bytes = file::read(root, path, MAX_BYTES)?;
        let broken = |reason: String| AssetError::Broken { path: root.join(path), reason };
        let licence = licence::beside(root, path);
        let file = AssetFile { path: path.to_owned(), sha256: file::sha256(&bytes), licence, ..AssetFile::default() };
        let font = Self { bytes, file };
        let face = font.face().ok_or_else(|| broken("not a TrueType or OpenType font".into()))?;
        capital(&face).ok_or_else(|| broken("it has no letter H, whose height texts are measured by".into()))?;
        Ok(font)
    }

    fn face(&self) -> Option<Face<'_>> {
        Face::parse(&self.bytes, 0).ok()
    }

    /// Whether it has a letter for `character`.
    pub fn has(&self, character: char) -> bool {
        self.face().is_some_and(|face| face.glyph_index(character).is_some())
    }

    /// Letters one after another on one line, each moved to its place; the second is where the pen stands in the end. Letters that
    /// the font lacks are its sign for that. Pairs are kerned where the font has a plain table of them.
    pub fn line(&self, text: &str) -> (Vec<Glyph>, f64) {
        let Some(face) = self.face() else { return (Vec::new(), 0.0) };
        let Some(unit) = capital(&face) else { return (Vec::new(), 0.0) };
        let mut pen = 0.0;
        let mut before: Option<GlyphId> = None;
        let mut glyphs = Vec::new();
        for character in text.chars().filter(|c| !c.is_control()) {
            let id = face.glyph_index(character).unwrap_or_default();
            if let Some(before) = before {
                pen += kerning(&face, before, id) / unit;
            }
            let mut outline = Outline { unit, pen, ..Outline::default() };
            face.outline_glyph(id, &mut outline);
            let advance = f64::from(face.glyph_hor_advance(id).unwrap_or(0)) / unit;
            glyphs.push(Glyph { contours: outline.finished(), advance });
            pen += advance;
            before = Some(id);
        }
        (glyphs, pen)
    }
}

/// Height of an H, in units of the font. (Its own field for that is missing from many fonts.)
fn capital(face: &Face<'_>) -> Option<f64> {
    let id = face.glyph_index('H')?;
    let mut outline = Outline { unit: 1.0, ..Outline::default() };
    face.outline_glyph(id, &mut outline)?;
    let height = outline.contours.iter().flatten().map(|p| p.y).fold(0.0, f64::max);
    (height > 0.0).then_some(height)
}

fn kerning(face: &Face<'_>, left: GlyphId, right: GlyphId) -> f64 {
    let tables = face.tables().kern.into_iter().flat_map(|kern| kern.subtables);
    let mut plain = tables.filter(|table| table.horizontal && !table.variable && !table.has_cross_stream);
    plain.find_map(|table| table.glyphs_kerning(left, right)).map_or(0.0, f64::from)
}

/// Collects an outline, its curves as lines.
#[derive(Default)]
struct Outline {
    unit: f64,
    pen: f64,
    contours: Vec<Vec<DVec2>>,
    points: usize,
}

impl Outline {
    fn at(&self, x: f32, y: f32) -> DVec2 {
        DVec2::new(f64::from(x) / self.unit + self.pen, f64::from(y) / self.unit)
    }

    fn push(&mut self, point: DVec2) {
        self.points += 1;
        if self.points <= MAX_POINTS
            && let Some(contour) = self.contours.last_mut()
            && contour.last() != Some(&point)
        {
            contour.push(point);
        }
    }

    fn last(&self) -> DVec2 {
        self.contours.last().and_then(|contour| contour.last()).copied().unwrap_or_default()
    }

    /// So many lines stand for a curve whose second derivative is at most `bend`: a chord of it over a share `1/n` of its parameter
    /// is off by at most `bend / (8 n^2)`.
    fn steps(&self, bend: f64) -> u32 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let steps = (bend / (8.0 * FLATNESS)).sqrt().ceil().clamp(1.0, 32.0) as u32;
        steps
    }

    /// Contours that enclose something, without their first point at the end.
    fn finished(mut self) -> Vec<Vec<DVec2>> {
        for contour in &mut self.contours {
            while contour.len() > 1 && contour.first() == contour.last() {
                contour.pop();
            }
        }
        self.contours.retain(|contour| contour.len() >= 3);
        self.contours
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.contours.push(Vec::new());
        self.push(self.at(x, y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.push(self.at(x, y));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (a, b, c) = (self.last(), self.at(x1, y1), self.at(x, y));
        let steps = self.steps(2.0 * (a - 2.0 * b + c).length());
        for k in 1..=steps {
            let t = f64::from(k) / f64::from(steps);
            let point = if k == steps { c } else { a.lerp(b, t).lerp(b.lerp(c, t), t) };
            self.push(point);
        }
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (a, b, c, d) = (self.last(), self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        let steps = self.steps(6.0 * (a - 2.0 * b + c).length().max((b - 2.0 * c + d).length()));
        for k in 1..=steps {
            let t = f64::from(k) / f64::from(steps);
            let (p, q, r) = (a.lerp(b, t), b.lerp(c, t), c.lerp(d, t));
            let point = if k == steps { d } else { p.lerp(q, t).lerp(q.lerp(r, t), t) };
            self.push(point);
        }
    }

    fn close(&mut self) {}
}
