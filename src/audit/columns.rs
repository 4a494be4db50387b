//! The surface image as vertical runs: masks, which go down the columns, are laid over it at the cost of their runs.

use crate::image::Image;

/// Columns that are turned at a time: 16 values of 4 bytes are a cache line of each row.
const STRIP: usize = 16;

pub(super) struct Columns {
    /// Where the runs of each column begin, and, last, where those of the last one end.
    starts: Vec<usize>,
    /// The row after the last of each run, and the surface it shows. A run begins where the one before it ends, or at the top.
    runs: Vec<(u32, u32)>,
}

impl Columns {
    pub(super) fn new(surfaces: &Image<u32>) -> Self {
        let (width, height) = (surfaces.width() as usize, surfaces.height() as usize);
        let mut columns = Self { starts: vec![0], runs: Vec::new() };
        let mut strip = vec![0; STRIP * height];
        for left in (0..width).step_by(STRIP) {
            let right = (left + STRIP).min(width);
            for (y, row) in surfaces.rows().enumerate() {
                for (k, &surface) in row[left..right].iter().enumerate() {
                    strip[k * height + y] = surface;
                }
            }
            for column in strip.chunks_exact(height.max(1)).take(right - left) {
                columns.add(column);
            }
        }
        columns
    }

    fn add(&mut self, column: &[u32]) {
        let mut end = 0;
        for run in column.chunk_by(|a, b| a == b) {
            let (Some(&surface), Ok(length)) = (run.first(), u32::try_from(run.len())) else { continue };
            end += length;
            self.runs.push((end, surface));
        }
        self.starts.push(self.runs.len());
    }

    /// What column `x` shows from row `top` to row `bottom` (exclusive): first row, the row after the last, surface.
    pub(super) fn within(&self, x: u32, top: u32, bottom: u32) -> impl Iterator<Item = (u32, u32, u32)> {
        let x = x as usize;
        let column = match (self.starts.get(x), self.starts.get(x + 1)) {
            (Some(&first), Some(&last)) => &self.runs[first..last],
            _ => &[],
        };
        let first = column.partition_point(|&(end, _)| end <= top);
        let mut start = top;
        column[first..].iter().map_while(move |&(end, surface)| {
            let from = start;
            start = end.min(bottom);
            (from < bottom).then_some((from, start, surface))
        })
    }

    /// Columns.
    pub(super) fn width(&self) -> u32 {
        u32::try_from(self.starts.len() - 1).unwrap_or(u32::MAX)
    }
}

/// The parts of a column-major run in an image of this height that are in one column each: column, first row, row after the last.
pub(super) fn split((start, end): (u32, u32), height: u32) -> impl Iterator<Item = (u32, u32, u32)> {
    let mut at = start;
    std::iter::from_fn(move || {
        let (x, top) = (at < end).then(|| (at / height, at % height))?;
        let bottom = height.min(top + (end - at));
        at += bottom - top;
        Some((x, top, bottom))
    })
}
