//! From the pixels of a cell to those of a frame, and back.

use embedded_graphics::geometry::Size;
use embedded_graphics::primitives::Rectangle;

use crate::frame::Frame;
use crate::image::Image;
use crate::preview::canvas::area;
use crate::preview::color::mix;

/// How a frame lies in its cell.
#[derive(Debug, Clone)]
pub(crate) struct Scale {
    pub(crate) width: u32,
    pub(crate) height: u32,
    source_width: u32,
    source_height: u32,
    /// The frame's columns, and rows, under each of the cell's; never none. Looked up for every pixel of every panel.
    columns: Vec<(u32, u32)>,
    rows: Vec<(u32, u32)>,
}

impl Scale {
    pub(crate) fn new(frame: &Frame, cell: Size) -> Self {
        let (source_width, source_height) = (frame.rgb.width(), frame.rgb.height());
        Self {
            width: cell.width,
            height: cell.height,
            source_width,
            source_height,
            columns: (0..cell.width).map(|x| Self::span(x, cell.width, source_width)).collect(),
            rows: (0..cell.height).map(|y| Self::span(y, cell.height, source_height)).collect(),
        }
    }

    pub(crate) fn whole(&self) -> Rectangle {
        area(0, 0, self.width, self.height)
    }

    /// The pixels of the cell, row by row.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (u32, u32)> + use<> {
        let width = self.width;
        (0..self.height).flat_map(move |y| (0..width).map(move |x| (x, y)))
    }

    /// The source columns (or rows) under pixel `at` of `count`; never none.
    fn span(at: u32, count: u32, source: u32) -> (u32, u32) {
        let edge =
            |at: u32| u32::try_from(u64::from(at) * u64::from(source) / u64::from(count.max(1))).unwrap_or(source);
        let start = edge(at).min(source.saturating_sub(1));
        (start, edge(at + 1).max(start + 1).min(source))
    }

    /// First and last (exclusive) of the frame's columns, and of its rows, under pixel (x, y) of the cell; none outside of the cell.
    fn under(&self, x: u32, y: u32) -> ((u32, u32), (u32, u32)) {
        let at = |spans: &[(u32, u32)], k: u32| spans.get(k as usize).copied().unwrap_or((u32::MAX, u32::MAX));
        (at(&self.columns, x), at(&self.rows, y))
    }

    /// The pixel of the frame in the middle of what pixel (x, y) of the cell shows.
    pub(crate) fn source(&self, x: u32, y: u32) -> (u32, u32) {
        let middle = |(start, end): (u32, u32)| start + (end.saturating_sub(start)) / 2;
        let (columns, rows) = self.under(x, y);
        (middle(columns), middle(rows))
    }

    /// The value at [`source`](Self::source): for images that must not be mixed.
    pub(crate) fn nearest<T: Copy + Default>(&self, image: &Image<T>, x: u32, y: u32) -> T {
        let (column, row) = self.source(x, y);
        image.get(column, row).copied().unwrap_or_default()
    }

    /// The mean colour of what pixel (x, y) of the cell shows.
    pub(crate) fn average(&self, image: &Image<[u8; 3]>, x: u32, y: u32) -> [u8; 3] {
        let ((left, right), (top, bottom)) = self.under(x, y);
        let (mut sum, mut count) = ([0_u64; 3], 0);
        for pixel in (top..bottom).flat_map(|row| (left..right).filter_map(move |column| image.get(column, row))) {
            sum = std::array::from_fn(|k| sum[k] + u64::from(pixel[k]));
            count += 1;
        }
        sum.map(|channel| u8::try_from((channel + count / 2) / count.max(1)).unwrap_or(u8::MAX))
    }

    /// The colour of pixel (x, y) of the cell, `greyed` of the way to grey.
    pub(crate) fn greyed(&self, image: &Image<[u8; 3]>, x: u32, y: u32, greyed: f64) -> [u8; 3] {
        let pixel = self.average(image, x, y);
        let grey = u8::try_from(pixel.iter().map(|&c| u32::from(c)).sum::<u32>() / 3).unwrap_or(u8::MAX);
        mix(pixel, [grey; 3], greyed)
    }

    /// The colour of pixel (x, y) of the cell, grey and dark enough that what is drawn over it stands out.
    pub(crate) fn faded(&self, image: &Image<[u8; 3]>, x: u32, y: u32) -> [u8; 3] {
        mix(self.greyed(image, x, y, 0.7), [0; 3], 0.35)
    }

    /// Continuous pixel coordinates of the frame as those of the cell.
    pub(crate) fn point(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let along = |value: f64, count: u32, source: u32| value * f64::from(count) / f64::from(source.max(1));
        [along(x, self.width, self.source_width), along(y, self.height, self.source_height)]
    }

    /// A box in frame pixels `[x, y, width, height]` as corners in the cell, grown to whole pixels and to 5 at least.
    pub(crate) fn to_cell(&self, [x, y, width, height]: [u32; 4]) -> Rectangle {
        let (left, right) = Self::stretch(x, width, self.width, self.source_width);
        let (top, bottom) = Self::stretch(y, height, self.height, self.source_height);
        area(left, top, right - left, bottom - top)
    }

    fn stretch(start: u32, length: u32, count: u32, source: u32) -> (u32, u32) {
        const SMALLEST: u32 = 5;
        let (count, source) = (u64::from(count), u64::from(source.max(1)));
        let low = u64::from(start) * count / source;
        let high = ((u64::from(start) + u64::from(length)) * count).div_ceil(source).min(count);
        let missing = u64::from(SMALLEST).saturating_sub(high.saturating_sub(low));
        let low = low.saturating_sub(missing / 2);
        let high = (high + missing.div_ceil(2)).min(count).max(low);
        (u32::try_from(low).unwrap_or(u32::MAX), u32::try_from(high).unwrap_or(u32::MAX))
    }

    /// A box that may lie beyond the frame, as the cell's columns and rows that it touches: `[left, top, right, bottom]`, all four
    /// inclusive.
    pub(crate) fn beyond(&self, [x, y, width, height]: [i32; 4]) -> [i64; 4] {
        let low = |start: i32, count: u32, source: u32| {
            (i64::from(start) * i64::from(count)).div_euclid(i64::from(source.max(1)))
        };
        let high = |start: i32, length: i32, count: u32, source: u32| {
            let end = (i64::from(start) + i64::from(length)) * i64::from(count);
            (end - 1).div_euclid(i64::from(source.max(1)))
        };
        [
            low(x, self.width, self.source_width),
            low(y, self.height, self.source_height),
            high(x, width, self.width, self.source_width),
            high(y, height, self.height, self.source_height),
        ]
    }
}
