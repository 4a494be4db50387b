//! Run-length encoded masks, as COCO defines them.
//!
//! A mask is read column by column (`position = x * height + y`) and stored as the lengths of alternating runs, the first of
//! which counts background and may be 0. Runs continue from the foot of one column to the head of the next. The compressed
//! text form is that of pycocotools (`maskApi.c`, `rleToString`): 6 bits per character, little groups first, each count from
//! the fourth on stored as the difference to the count two before it.
//!
//! What holds of every [`Rle`]: the runs add up to `height * width`, which fits in a `u32` (pycocotools counts in `u32` too), and
//! no run but the first is empty. Equal masks therefore have equal `Rle`s.

use std::collections::BTreeMap;

use crate::frame::BitMask;
use crate::image::Image;

/// A mask as alternating run lengths in column-major order, background first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rle {
    height: u32,
    width: u32,
    counts: Vec<u32>,
}

/// A mask, with what is known of it for free when its pixels are walked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// Which pixels.
    pub rle: Rle,
    /// The tightest `[x, y, width, height]` around them, in pixels; the far edges `x + width`, `y + height` are exclusive.
    pub bbox: [u32; 4],
    /// How many pixels.
    pub area: u32,
}

/// Why run lengths are not a mask.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RleError {
    /// The runs do not fill the image.
    #[error("the runs of the mask cover {found} pixels, but a {width} x {height} image has {expected}")]
    WrongTotal {
        /// Sum of the runs, as far as it was added up.
        found: u64,
        /// Width times height.
        expected: u64,
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// More pixels than COCO's tools can count.
    #[error("a {width} x {height} mask has more than {} pixels, the most that COCO masks can have", u32::MAX)]
    TooLarge {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// A bit mask that is none of this image.
    #[error("the bit mask reaches beyond the {width} x {height} image, or beyond its own rectangle")]
    Outside {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// There is not enough memory for the decoded mask.
    #[error("not enough memory for a {width} x {height} mask")]
    OutOfMemory {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// A byte that the text form does not have.
    #[error("byte {byte:#04x} at position {position} of a compressed mask is outside its alphabet `0` to `o`")]
    BadCharacter {
        /// The byte.
        byte: u8,
        /// Where, from 0.
        position: usize,
    },
    /// The text stops within a count, or a count is negative or too large.
    #[error("count {index} of a compressed mask is cut short or outside 0 to {}", u32::MAX)]
    BadCount {
        /// Which count, from 0.
        index: usize,
    },
}

impl Rle {
    /// Checks run lengths and brings them into the one form that the [module](self) promises (empty runs merged).
    pub fn new(height: u32, width: u32, counts: &[u32]) -> Result<Self, RleError> {
        let expected = pixel_count(height, width)?;
        let found: u64 = counts.iter().map(|&c| u64::from(c)).sum();
        if found != u64::from(expected) {
            return Err(RleError::WrongTotal { found, expected: u64::from(expected), width, height });
        }
        let mut canonical: Vec<u32> = Vec::with_capacity(counts.len().max(1));
        canonical.push(0);
        for (i, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            // Even runs are background. A run of the same value as the last one continues it.
            if i % 2 == (canonical.len() - 1) % 2 {
                if let Some(last) = canonical.last_mut() {
                    *last += count;
                }
            } else {
                canonical.push(count);
            }
        }
        Ok(Self { height, width, counts: canonical })
    }

    /// The runs of a mask.
    pub fn from_mask(mask: &Image<bool>) -> Result<Self, RleError> {
        pixel_count(mask.height(), mask.width())?;
        let (mut counts, mut run, mut value) = (Vec::new(), 0, false);
        for x in 0..mask.width() {
            for y in 0..mask.height() {
                if mask.get(x, y).copied().unwrap_or(false) != value {
                    counts.push(run);
                    (run, value) = (0, !value);
                }
                run += 1;
            }
        }
        counts.push(run);
        Self::new(mask.height(), mask.width(), &counts)
    }

    /// The runs of a mask of a `width` x `height` frame, straight from its words.
    pub fn from_bits(mask: &BitMask, height: u32, width: u32) -> Result<Self, RleError> {
        Mask::from_bits(mask, height, width).map(|mask| mask.rle)
    }

    /// Rows of the image.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Columns of the image.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// The run lengths: background, mask, background, ...
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// The mask's runs as half-open ranges of column-major positions.
    pub fn runs(&self) -> impl Iterator<Item = (u32, u32)> {
        let mut end = 0;
        self.counts.iter().enumerate().filter_map(move |(i, &count)| {
            let start = end;
            end += count;
            (i % 2 == 1).then_some((start, end))
        })
    }

    /// The mask as an image. Fails only where memory does.
    pub fn decode(&self) -> Result<Image<bool>, RleError> {
        let (width, height) = (self.width, self.height);
        let out_of_memory = || RleError::OutOfMemory { width, height };
        let total = pixel_count(height, width)? as usize;
        let mut pixels = Vec::new();
        pixels.try_reserve_exact(total).map_err(|_| out_of_memory())?;
        pixels.resize(total, false);
        for (start, end) in self.runs() {
            for position in start..end {
                pixels[(position % height) as usize * width as usize + (position / height) as usize] = true;
            }
        }
        Image::new(width, height, pixels).ok_or_else(out_of_memory)
    }

    /// How many pixels the mask has.
    pub fn area(&self) -> u32 {
        self.counts.iter().skip(1).step_by(2).sum()
    }

    /// The tightest `[x, y, width, height]` around the mask, far edges exclusive; all 0 for an empty mask.
    pub fn bbox(&self) -> [u32; 4] {
        let mut extent = Extent::default();
        self.runs().for_each(|(start, end)| extent.add(start, end, self.height));
        extent.bbox()
    }

    /// The text form of pycocotools. It may contain a backslash, which JSON has to escape.
    pub fn to_compressed(&self) -> String {
        let mut text = String::with_capacity(self.counts.len() * 2);
        for (i, &count) in self.counts.iter().enumerate() {
            let mut rest = i64::from(count);
            if i > 2 {
                rest -= i64::from(self.counts[i - 2]);
            }
            loop {
                // Five bits, lowest first; a negative number ends when only copies of its sign are left.
                let bits = rest.to_le_bytes()[0] & 0x1f;
                rest >>= 5;
                let more = if bits & 0x10 == 0 { rest != 0 } else { rest != -1 };
                text.push(char::from(48 + bits + if more { 0x20 } else { 0 }));
                if !more {
                    break;
                }
            }
        }
        text
    }

    /// Reads the text form of pycocotools.
    pub fn from_compressed(height: u32, width: u32, text: &str) -> Result<Self, RleError> {
        let mut counts: Vec<u32> = Vec::new();
        let (mut value, mut shift) = (0_i64, 0_u32);
        for (position, byte) in text.bytes().enumerate() {
            if !(48..112).contains(&byte) {
                return Err(RleError::BadCharacter { byte, position });
            }
            let index = counts.len();
            // A difference of two u32 fits in 33 bits and a sign: seven groups of five bits.
            if shift > 30 {
                return Err(RleError::BadCount { index });
            }
            let bits = byte - 48;
            value |= i64::from(bits & 0x1f) << shift;
            shift += 5;
            if bits & 0x20 != 0 {
                continue;
            }
            if bits & 0x10 != 0 {
                value |= -1 << shift;
            }
            if index > 2 {
                value += i64::from(counts[index - 2]);
            }
            counts.push(u32::try_from(value).map_err(|_| RleError::BadCount { index })?);
            (value, shift) = (0, 0);
        }
        if shift != 0 {
            return Err(RleError::BadCount { index: counts.len() });
        }
        Self::new(height, width, &counts)
    }
}

impl Mask {
    /// The mask of a `width` x `height` frame that these bits are, straight from their words.
    pub fn from_bits(mask: &BitMask, height: u32, width: u32) -> Result<Self, RleError> {
        pixel_count(height, width)?;
        if !mask.fits(width, height) {
            return Err(RleError::Outside { width, height });
        }
        let mut growing = Growing::default();
        for (x, top, bottom) in mask.runs() {
            // Within `pixel_count`, because the mask is within the image.
            growing.add(x * height + top, x * height + bottom, height);
        }
        Ok(growing.finish(height, width))
    }
}

/// The mask of every id but 0, in one walk over the image; the cost does not depend on how many ids there are.
pub fn encode_ids(ids: &Image<u32>) -> Result<BTreeMap<u32, Mask>, RleError> {
    let (width, height) = (ids.width(), ids.height());
    let total = pixel_count(height, width)?;
    let mut growing: BTreeMap<u32, Growing> = BTreeMap::new();
    let (mut run_id, mut run_start) = (0, 0);
    let mut close = |id: u32, start: u32, end: u32| {
        if id != 0 && end > start {
            growing.entry(id).or_default().add(start, end, height);
        }
    };
    walk_columns(ids, |column, start| {
        let (mut y, mut position) = (0, start);
        while let Some(&id) = column.get(y) {
            if id != run_id {
                close(run_id, run_start, position);
                (run_id, run_start) = (id, position);
            }
            let length = column[y..].iter().position(|&other| other != id).unwrap_or(column.len() - y);
            y += length;
            position += u32::try_from(length).expect("a column is no longer than an image is high");
        }
    });
    close(run_id, run_start, total);
    Ok(growing.into_iter().map(|(id, mask)| (id, mask.finish(height, width))).collect())
}

/// Calls `visit` with each column from the left, and the column-major position of its first pixel.
///
/// Images are stored by rows: reading a column straight would touch a new cache line for every pixel. So a strip of columns is
/// copied at a time, whose rows are one cache line each.
pub(super) fn walk_columns(ids: &Image<u32>, mut visit: impl FnMut(&[u32], u32)) {
    const STRIP: usize = 16; // 16 ids of 4 bytes: one 64-byte cache line
    let (width, height) = (ids.width() as usize, ids.height() as usize);
    let mut strip = vec![0; STRIP * height];
    let mut start = 0;
    for left in (0..width).step_by(STRIP) {
        let columns = STRIP.min(width - left);
        for (y, row) in ids.rows().enumerate() {
            for (x, &id) in row[left..left + columns].iter().enumerate() {
                strip[x * height + y] = id;
            }
        }
        for column in strip.chunks_exact(height.max(1)).take(columns) {
            visit(column, start);
            start += ids.height();
        }
    }
}

/// A mask that is still being walked.
#[derive(Default)]
struct Growing {
    counts: Vec<u32>,
    end: u32,
    area: u32,
    extent: Extent,
}

impl Growing {
    /// Adds the run `[start, end)`, which begins at or after the end of the last one.
    fn add(&mut self, start: u32, end: u32, height: u32) {
        match self.counts.last_mut() {
            // From the foot of one column to the head of the next: no empty run of background between them.
            Some(last) if start == self.end => *last += end - start,
            _ => self.counts.extend([start - self.end, end - start]),
        }
        self.end = end;
        self.area += end - start;
        self.extent.add(start, end, height);
    }

    fn finish(mut self, height: u32, width: u32) -> Mask {
        if self.end < height * width {
            self.counts.push(height * width - self.end);
        }
        Mask { rle: Rle { height, width, counts: self.counts }, bbox: self.extent.bbox(), area: self.area }
    }
}

/// Inclusive bounds of the pixels seen so far.
struct Extent {
    min: [u32; 2],
    max: [u32; 2],
}

impl Default for Extent {
    fn default() -> Self {
        Self { min: [u32::MAX; 2], max: [0; 2] }
    }
}

impl Extent {
    /// Takes in the non-empty run `[start, end)` of column-major positions.
    fn add(&mut self, start: u32, end: u32, height: u32) {
        let last = end - 1;
        let (left, right) = (start / height, last / height);
        // A run that goes on into another column has the foot of the first and the head of the second.
        let (top, bottom) = if left == right { (start % height, last % height) } else { (0, height - 1) };
        self.min = [self.min[0].min(left), self.min[1].min(top)];
        self.max = [self.max[0].max(right), self.max[1].max(bottom)];
    }

    fn bbox(&self) -> [u32; 4] {
        if self.min[0] > self.max[0] {
            return [0; 4];
        }
        [self.min[0], self.min[1], self.max[0] - self.min[0] + 1, self.max[1] - self.min[1] + 1]
    }
}

fn pixel_count(height: u32, width: u32) -> Result<u32, RleError> {
    height.checked_mul(width).ok_or(RleError::TooLarge { width, height })
}
