//! OpenEXR files: one image of scan lines, 32-bit channels, compressed by run lengths without loss.
//!
//! The `exr` crate can do this and much more, in four times the time and with copies of the image on the way
//! (`docs/decisions/0011-lossless-and-fast.md`); with a dozen float images per frame that decides what a dataset costs. Here each
//! row goes straight from its pixels to the file. Tests read the files with that crate, with OpenEXR itself and with OpenCV.
//!
//! The format: "OpenEXR File Layout" and `ImfRleCompressor.cpp`, `ImfRle.cpp` of <https://github.com/AcademySoftwareFoundation/openexr>.

use crate::write::encode::EncodeError;

/// What the 32 bits of each sample are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sample {
    Unsigned = 0,
    Float = 2,
}

/// A file of `N` channels, whose names must be in alphabetical order; `pixels` gives the bits of each of them, row by row from
/// the top, `width * height` times. Fewer or more are [`EncodeError::Missing`].
pub(crate) fn exr<const N: usize>(
    width: u32,
    height: u32,
    (names, sample): ([&str; N], Sample),
    mut pixels: impl Iterator<Item = Result<[u32; N], EncodeError>>,
) -> Result<Vec<u8>, EncodeError> {
    if width == 0 || height == 0 {
        return Err(EncodeError::Missing);
    }
    let columns = width as usize;
    let row_bytes = columns * 4 * N;
    // Address space, not memory: pages that stay untouched cost nothing.
    let mut file = Vec::with_capacity(row_bytes * height as usize / 2 + 4096);
    header(&mut file, width, height, names, sample)?;
    // Where each row starts, filled in as they come.
    let table = file.len();
    file.resize(table + 8 * height as usize, 0);

    let mut row = vec![[0; N]; columns];
    let (mut split, mut differences) = (vec![0; row_bytes], vec![0; row_bytes]);
    for y in 0..height {
        for pixel in &mut row {
            *pixel = pixels.next().ok_or(EncodeError::Missing)??;
        }
        let entry = table + 8 * y as usize;
        let start = file.len() as u64;
        file[entry..entry + 8].copy_from_slice(&start.to_le_bytes());
        file.extend(y.to_le_bytes());
        file.extend([0; 4]);
        let data = file.len();
        split_bytes(&row, &mut split);
        subtract(&split, &mut differences);
        run_lengths(&differences, &mut file);
        if file.len() - data >= row_bytes {
            // What does not shrink is stored as it is; a reader knows it by its size.
            file.truncate(data);
            for channel in 0..N {
                file.extend(row.iter().flat_map(|pixel| pixel[channel].to_le_bytes()));
            }
        }
        let size = u32::try_from(file.len() - data).map_err(|_| EncodeError::TooWide { width })?;
        file[data - 4..data].copy_from_slice(&size.to_le_bytes());
    }
    match pixels.next() {
        None => Ok(file),
        Some(_) => Err(EncodeError::Missing),
    }
}

fn header<const N: usize>(
    file: &mut Vec<u8>,
    width: u32,
    height: u32,
    names: [&str; N],
    sample: Sample,
) -> Result<(), EncodeError> {
    const RLE: u8 = 1;
    const INCREASING: u8 = 0;
    let too_wide = |_| EncodeError::TooWide { width: width.max(height) };
    let (right, bottom) = (i32::try_from(width).map_err(too_wide)? - 1, i32::try_from(height).map_err(too_wide)? - 1);
    let window: Vec<u8> = [0, 0, right, bottom].into_iter().flat_map(i32::to_le_bytes).collect();
    let mut channels = Vec::new();
    for name in names {
        channels.extend(name.bytes());
        channels.push(0);
        channels.extend((sample as u32).to_le_bytes());
        channels.extend([0; 4]); // not perceptually linear, and three bytes that are reserved
        channels.extend([1_u32.to_le_bytes(); 2].as_flattened()); // every column and row has a sample
    }
    channels.push(0);

    file.extend([0x76, 0x2f, 0x31, 0x01, 2, 0, 0, 0]); // magic number, version 2, single-part scan lines
    let mut attribute = |name: &str, kind: &str, value: &[u8]| {
        for word in [name, kind] {
            file.extend(word.bytes());
            file.push(0);
        }
        // As long as a handful of names.
        file.extend(u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
        file.extend(value);
    };
    attribute("channels", "chlist", &channels);
    attribute("compression", "compression", &[RLE]);
    attribute("dataWindow", "box2i", &window);
    attribute("displayWindow", "box2i", &window);
    attribute("lineOrder", "lineOrder", &[INCREASING]);
    attribute("pixelAspectRatio", "float", &1.0_f32.to_le_bytes());
    attribute("screenWindowCenter", "v2f", &[0; 8]);
    attribute("screenWindowWidth", "float", &1.0_f32.to_le_bytes());
    file.push(0);
    Ok(())
}

/// The bytes of a row, channel after channel, those at even places before those at odd ones.
fn split_bytes<const N: usize>(row: &[[u32; N]], split: &mut [u8]) {
    let (even, odd) = split.split_at_mut(row.len() * 2 * N);
    for channel in 0..N {
        let place = channel * row.len() * 2..(channel + 1) * row.len() * 2;
        let pairs = even[place.clone()].chunks_exact_mut(2).zip(odd[place].chunks_exact_mut(2));
        for (pixel, (even, odd)) in row.iter().zip(pairs) {
            let [a, b, c, d] = pixel[channel].to_le_bytes();
            even.copy_from_slice(&[a, c]);
            odd.copy_from_slice(&[b, d]);
        }
    }
}

/// Each byte but the first as its difference to the one before, plus 128.
fn subtract(bytes: &[u8], differences: &mut [u8]) {
    differences[..1].copy_from_slice(&bytes[..1]);
    for (difference, pair) in differences[1..].iter_mut().zip(bytes.windows(2)) {
        *difference = pair[1].wrapping_sub(pair[0]).wrapping_add(128);
    }
}

/// Three equal bytes or more, up to 128, as their number less one and the byte; up to 127 others as their negative number and
/// themselves.
fn run_lengths(bytes: &[u8], out: &mut Vec<u8>) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let (others, from_run) = rest.split_at(next_run(rest));
        for some in others.chunks(127) {
            out.push(0_u8.wrapping_sub(byte(some.len())));
            out.extend(some);
        }
        let Some(&value) = from_run.first() else { return };
        let mut length = run_length(from_run, value);
        rest = &from_run[length..];
        while length > 0 {
            // A rest of one or two bytes may be told as a run too.
            let part = length.min(128);
            out.extend([byte(part - 1), value]);
            length -= part;
        }
    }
}

/// Of at most 128.
#[expect(clippy::cast_possible_truncation, reason = "runs have at most 128 bytes")]
fn byte(length: usize) -> u8 {
    length as u8
}

/// Where three equal bytes in a row start, or the length of `bytes`.
fn next_run(bytes: &[u8]) -> usize {
    let mut at = 0;
    // Eight places at a time: noise has no runs, and is most of a float.
    while let Some(block) = bytes.get(at..at + 10) {
        let [a, b, c, d, e, f, g, h, i, j] = *block else { break };
        let first = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let second = u64::from_le_bytes([b, c, d, e, f, g, h, i]);
        let third = u64::from_le_bytes([c, d, e, f, g, h, i, j]);
        let unequal = (first ^ second) | (second ^ third);
        // The lowest zero byte, if any (Mycroft): what is above it may be wrong, what is below is not.
        let zero = unequal.wrapping_sub(0x0101_0101_0101_0101) & !unequal & 0x8080_8080_8080_8080;
        if zero != 0 {
            return at + zero.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    bytes[at..]
        .windows(3)
        .position(|three| three[0] == three[1] && three[1] == three[2])
        .map_or(bytes.len(), |k| at + k)
}

/// How many bytes at the start of `bytes` are `value`.
fn run_length(bytes: &[u8], value: u8) -> usize {
    let eights = bytes.chunks_exact(8).take_while(|eight| **eight == [value; 8]).count() * 8;
    eights + bytes[eights..].iter().take_while(|&&b| b == value).count()
}
