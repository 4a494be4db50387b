//! What one camera saw of one scene.

use std::sync::Arc;

use crate::image::Image;

/// All images of one (scene, camera). They have the same size and come from the same render update; all but colour are
/// sampled once, at the pixel's centre.
///
/// Optional images are there if the scene's [`LabelSettings`](crate::scene::LabelSettings) need them.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Position of the camera in [`Scene::cameras`](crate::scene::Scene::cameras).
    pub camera: usize,
    /// Colour, 8-bit sRGB, anti-aliased as the scene's image settings say. Where there is [light](Self::linear), it is not there yet.
    pub rgb: Image<[u8; 3]>,
    /// Light in front of the lens, linear RGB (Rec. 709) after exposure: 1 is a white matte surface under the metered light.
    /// [`developed`](crate::sensor::developed) makes the picture of it.
    pub linear: Option<Image<[f32; 3]>>,
    /// The picture in more than 8 bits, where the scene's image settings ask for it.
    pub deep: Option<Deep>,
    /// What the camera's depth sensor measures, metres along the optical axis; `+inf` where it measures nothing. No label.
    pub sensor_depth: Option<Image<f32>>,
    /// Which surface is seen: 0 where nothing is hit, else 1 + its position in `owners`.
    pub surfaces: Image<u32>,
    /// To whom each surface belongs. The same for all cameras of a scene.
    pub owners: Arc<[Owner]>,
    /// The instance id at each pixel: that of the owner of its surface, so 0 where nothing labelled is seen.
    pub ids: Image<u32>,
    /// Distance along the optical axis (camera z, not range), in metres; `+inf` where nothing is hit. Unlabelled surfaces have
    /// depth too. Where a camera sees 90 degrees off its axis or more it may be 0 or negative there, and nothing is made of it.
    pub depth: Image<f32>,
    /// Distance to the camera centre, in metres; `+inf` where nothing is hit. Computed from the surface point, not from `depth`.
    pub range: Image<f32>,
    /// Unit normals of the triangles, in the world frame; 0 where nothing is hit.
    pub geometric_normals: Option<Image<[f32; 3]>>,
    /// Unit normals as light sees them (interpolated, normal map applied), in the world frame; 0 where nothing is hit.
    pub shaded_normals: Option<Image<[f32; 3]>>,
    /// Texture coordinates, v down, before tiling; 0 where nothing is hit.
    pub uv: Option<Image<[f32; 2]>>,
    /// The surface point in its instance's own frame, before the instance's scale, in metres; 0 where nothing is hit.
    pub coordinates: Option<Image<[f32; 3]>>,
    /// Linear base colour, 0..=1; 0 where nothing is hit.
    pub albedo: Option<Image<[f32; 3]>>,
    /// Perceptual roughness, 0..=1; 0 where nothing is hit.
    pub roughness: Option<Image<f32>>,
    /// 0..=1; 0 where nothing is hit.
    pub metallic: Option<Image<f32>>,
    /// Luminance given off, cd/m2 per linear channel; 0 where nothing is hit.
    pub emission: Option<Image<[f32; 3]>>,
    /// Amodal masks of the labelled instances that cover any pixel of the canvas, in id order.
    pub amodal: Option<Vec<AmodalMask>>,
    /// Pixels that instances of the scene cover where they were not looked for, so that masks lack them: 0 if all is well.
    pub amodal_strays: u32,
}

/// A picture in more than 8 bits.
#[derive(Debug, Clone, PartialEq)]
pub enum Deep {
    /// sRGB: 65535 is white.
    Sixteen(Image<[u16; 3]>),
    /// Linear light (Rec. 709) as the sensor has it, before the tone curve.
    Linear(Image<[f32; 3]>),
}

/// To whom a surface belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// Position of the instance in [`Scene::instances`](crate::scene::Scene::instances).
    pub instance: u32,
    /// Its id: 0 where unlabelled.
    pub id: u32,
    /// Number of the part within the instance, from 1: the order of [`Model::parts`](crate::assets::Model::parts); primitives
    /// have one part.
    pub part: u32,
}

/// Every pixel that an instance covers, whatever hides it, on a canvas three frames wide and high with the frame in its middle
/// (as BOP has it): from `(-width, -height)` to `(2 width, 2 height)` in pixels of the frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmodalMask {
    /// Of which instance.
    pub id: u32,
    /// Pixels on the whole canvas; at least 1.
    pub area: u64,
    /// Tight box of them, `[x, y, width, height]`, far edges exclusive, in pixels of the frame: `x` and `y` may be negative.
    pub bbox: [i32; 4],
    /// Those of them that are within the frame.
    pub inside: BitMask,
}

/// A mask within a rectangle of the frame, one bit per pixel, column by column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BitMask {
    /// First column, in pixels of the frame.
    pub x: u32,
    /// First row.
    pub y: u32,
    /// Columns; 0 for an empty mask.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Each column is [`words_per_column`](Self::words_per_column) words; row `y + k` is bit `k % 32`, lowest first, of word
    /// `k / 32`. Bits beyond the last row are 0.
    pub words: Vec<u32>,
}

impl BitMask {
    /// A mask without any pixel set, over a rectangle.
    pub fn empty(x: u32, y: u32, width: u32, height: u32) -> Self {
        let words = vec![0; width as usize * height.div_ceil(32) as usize];
        Self { x, y, width, height, words }
    }

    /// Words that one column takes.
    pub fn words_per_column(&self) -> usize {
        self.height.div_ceil(32) as usize
    }

    /// Whether the pixel of the frame in column `x` and row `y` is in the mask.
    pub fn contains(&self, x: u32, y: u32) -> bool {
        self.bit(x, y).is_some_and(|(word, bit)| self.words[word] & bit != 0)
    }

    /// Adds a pixel of the frame; outside of the rectangle, nothing happens.
    pub fn insert(&mut self, x: u32, y: u32) {
        if let Some((word, bit)) = self.bit(x, y) {
            self.words[word] |= bit;
        }
    }

    /// Pixels in the mask.
    pub fn area(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Columns from left to right: the frame's column and its words.
    pub fn columns(&self) -> impl Iterator<Item = (u32, &[u32])> {
        // `max(1)`: an empty mask has no words, and chunks of nothing are not allowed.
        (self.x..).zip(self.words.chunks_exact(self.words_per_column().max(1)))
    }

    /// Vertical runs of set pixels, column by column from the left and downwards: the frame's column, the first row, and the row
    /// after the last. Whole words are skipped at once. Runs of a mask that does not [`fit`](Self::fits) may lie anywhere.
    pub fn runs(&self) -> impl Iterator<Item = (u32, u32, u32)> {
        self.columns().flat_map(move |(x, words)| {
            let mut end = 0;
            std::iter::from_fn(move || {
                let start = next_bit(words, end, 0)?;
                // A run that no clear bit ends goes on to the last bit.
                end = next_bit(words, start, !0).unwrap_or_else(|| bits(words));
                Some((x, self.y.saturating_add(start), self.y.saturating_add(end)))
            })
        })
    }

    /// Whether this is a mask within a frame of that size: its rectangle is inside, it has the words that the rectangle needs, and
    /// no bit is set beyond the last row.
    pub fn fits(&self, width: u32, height: u32) -> bool {
        let inside = |start: u32, length: u32, size: u32| start.checked_add(length).is_some_and(|end| end <= size);
        // Only the last word of a column has bits to spare.
        let spare = match self.height % 32 {
            0 => 0,
            used => !0 << used,
        };
        let per_column = self.words_per_column();
        inside(self.x, self.width, width)
            && inside(self.y, self.height, height)
            && self.words.len() == self.width as usize * per_column
            && self.columns().all(|(_, words)| words.last().is_none_or(|last| last & spare == 0))
    }

    fn bit(&self, x: u32, y: u32) -> Option<(usize, u32)> {
        let (column, row) = (x.checked_sub(self.x)?, y.checked_sub(self.y)?);
        (column < self.width && row < self.height)
            .then(|| (column as usize * self.words_per_column() + row as usize / 32, 1 << (row % 32)))
    }
}

/// How many bits there are in some words.
fn bits(words: &[u32]) -> u32 {
    u32::try_from(words.len() * 32).unwrap_or(u32::MAX) // a column is no higher than a frame
}

/// The first set bit at or after bit `from`, where every word is first XORed with `flip` (all ones: the first clear bit).
fn next_bit(words: &[u32], from: u32, flip: u32) -> Option<u32> {
    let mut keep = !0 << (from % 32);
    for (k, word) in words.iter().enumerate().skip(from as usize / 32) {
        let found = (word ^ flip) & keep;
        if found != 0 {
            return Some(bits(&words[..k]) + found.trailing_zeros());
        }
        keep = !0;
    }
    None
}
