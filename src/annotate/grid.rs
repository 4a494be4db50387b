//! A mask within its box, as a walk around its outline needs it.

use super::rle::{Rle, RleError};

/// Pixels within a box; places are relative to it, and outside of it nothing is set.
pub(crate) struct Grid {
    /// First column and row of the box.
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) width: i64,
    pub(crate) height: i64,
    /// Row by row.
    pub(crate) pixels: Vec<bool>,
}

impl Grid {
    /// Of run lengths, in their tight box.
    pub(crate) fn of_rle(rle: &Rle) -> Result<Self, RleError> {
        let [left, top, width, height] = rle.bbox();
        let mut pixels = Vec::new();
        let size = width as usize * height as usize;
        pixels.try_reserve_exact(size).map_err(|_| RleError::OutOfMemory { width, height })?;
        pixels.resize(size, false);
        for (start, end) in rle.runs() {
            for position in start..end {
                let (x, y) = (position / rle.height() - left, position % rle.height() - top);
                pixels[y as usize * width as usize + x as usize] = true;
            }
        }
        Ok(Self { left, top, width: i64::from(width), height: i64::from(height), pixels })
    }

    /// Of what `inside` says within a box, whose right column and bottom row belong to it.
    pub(crate) fn of_box([left, top, right, bottom]: [u32; 4], inside: impl Fn(u32, u32) -> bool) -> Self {
        let pixels = (top..=bottom).flat_map(|y| (left..=right).map(move |x| (x, y))).map(|(x, y)| inside(x, y));
        let side = |from: u32, to: u32| i64::from(to) - i64::from(from) + 1;
        Self { left, top, width: side(left, right).max(0), height: side(top, bottom).max(0), pixels: pixels.collect() }
    }

    /// Where a place of the box is in `pixels`.
    pub(crate) fn offset(&self, x: i64, y: i64) -> Option<usize> {
        let inside = (0..self.width).contains(&x) && (0..self.height).contains(&y);
        inside.then(|| usize::try_from(y * self.width + x).expect("a position inside the grid is not negative"))
    }

    pub(crate) fn is_set(&self, x: i64, y: i64) -> bool {
        self.offset(x, y).is_some_and(|i| self.pixels[i])
    }
}
