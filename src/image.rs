//! A rectangle of pixels in memory, of any pixel type. No file formats, no GPU.

/// Pixels in row-major order, first row at the top.
///
/// Pixel `(x, y)` covers `[x, x + 1) x [y, y + 1)` of the continuous image plane; its centre is `(x + 0.5, y + 0.5)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Image<T> {
    width: u32,
    height: u32,
    pixels: Vec<T>,
}

impl<T> Image<T> {
    /// Wraps `pixels`, which must hold exactly `width * height` values; `None` if it does not.
    pub fn new(width: u32, height: u32, pixels: Vec<T>) -> Option<Self> {
        let expected = (width as usize).checked_mul(height as usize)?;
        (pixels.len() == expected).then_some(Self { width, height, pixels })
    }

    /// Columns.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// All pixels, row by row from the top.
    pub fn pixels(&self) -> &[T] {
        &self.pixels
    }

    /// An image of what `of` makes of each pixel.
    pub fn map<U>(&self, of: impl FnMut(&T) -> U) -> Image<U> {
        Image { width: self.width, height: self.height, pixels: self.pixels.iter().map(of).collect() }
    }

    /// All pixels, for writing.
    pub fn pixels_mut(&mut self) -> &mut [T] {
        &mut self.pixels
    }

    /// The rows from the top, each `width` pixels long.
    pub fn rows(&self) -> impl Iterator<Item = &[T]> {
        self.pixels.chunks_exact((self.width as usize).max(1))
    }

    fn offset(&self, x: u32, y: u32) -> Option<usize> {
        (x < self.width && y < self.height).then(|| y as usize * self.width as usize + x as usize)
    }

    /// The pixel in column `x` and row `y`, if it is inside.
    pub fn get(&self, x: u32, y: u32) -> Option<&T> {
        self.offset(x, y).map(|i| &self.pixels[i])
    }

    /// Sets the pixel in column `x` and row `y`; outside, nothing happens.
    pub fn set(&mut self, x: u32, y: u32, value: T) {
        if let Some(i) = self.offset(x, y) {
            self.pixels[i] = value;
        }
    }
}

impl<T: Clone> Image<T> {
    /// An image of one value.
    pub fn filled(width: u32, height: u32, value: T) -> Self {
        Self { width, height, pixels: vec![value; width as usize * height as usize] }
    }
}
