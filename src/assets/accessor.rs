//! Reading glTF accessors with every bound checked. (The `gltf` crate's own readers trust the file.)

use gltf::accessor::{DataType, Dimensions};
use gltf::{Accessor, buffer::View};

use super::model::MAX_TRIANGLES;

/// No accessor may hold more elements than the corners of all triangles that a file may have. (Sparse ones need no bytes
/// in the file, so that a short file could otherwise ask for any amount of memory.)
const MAX_ELEMENTS: usize = 3 * MAX_TRIANGLES;

/// More elements than this are not read for one file, where an accessor counts each time it is used: a list that every
/// primitive shares would make a small file slow. Some seconds; real files stay far below.
const MAX_READ: usize = 1 << 28;

/// What loading one file has cost so far.
#[derive(Debug, Default)]
pub(super) struct Cost {
    elements: usize,
    /// Of all parts.
    pub(super) triangles: usize,
}

/// Reads the accessors of one file.
pub(super) struct Reader<'a> {
    pub(super) buffers: &'a [Vec<u8>],
    pub(super) cost: &'a mut Cost,
}

impl Reader<'_> {
    /// Counts `elements` of work.
    pub(super) fn spend(&mut self, elements: usize) -> Result<(), String> {
        self.cost.elements = self.cost.elements.saturating_add(elements);
        if self.cost.elements > MAX_READ {
            return Err(format!(
                "with it more than {MAX_READ} vertices are read, shared ones counted each time; split the file into smaller ones"
            ));
        }
        Ok(())
    }

    /// Vectors of `N` floats (matrices for 16); normalised integers are converted as the specification says.
    pub(super) fn floats<const N: usize>(
        &mut self,
        accessor: &Accessor<'_>,
        what: &str,
    ) -> Result<Vec<[f32; N]>, String> {
        let (kind, normalized) = (accessor.data_type(), accessor.normalized());
        let right = match accessor.dimensions() {
            Dimensions::Vec2 => N == 2,
            Dimensions::Vec3 => N == 3,
            Dimensions::Vec4 => N == 4,
            Dimensions::Mat4 => N == 16 && kind == DataType::F32,
            _ => false,
        };
        if !right {
            let expected = if N == 16 { "4 x 4 matrices of floats".to_owned() } else { format!("{N}-vectors") };
            return Err(format!("{what} should be {expected}"));
        }
        let bytes = self.packed(accessor, what)?;
        let size = kind.size();
        let mut vectors = Vec::with_capacity(bytes.len() / (size * N));
        for element in bytes.chunks_exact(size * N) {
            let mut vector = [0.0; N];
            for (value, raw) in vector.iter_mut().zip(element.chunks_exact(size)) {
                *value = float(kind, normalized, raw);
                if !value.is_finite() {
                    return Err(format!("{what} holds a number that is not finite"));
                }
            }
            vectors.push(vector);
        }
        Ok(vectors)
    }

    /// Single floats; normalised integers are converted as the specification says.
    pub(super) fn scalars(&mut self, accessor: &Accessor<'_>, what: &str) -> Result<Vec<f32>, String> {
        if accessor.dimensions() != Dimensions::Scalar {
            return Err(format!("{what} should be single numbers"));
        }
        let bytes = self.packed(accessor, what)?;
        let kind = accessor.data_type();
        let values: Vec<f32> =
            bytes.chunks_exact(kind.size()).map(|raw| float(kind, accessor.normalized(), raw)).collect();
        match values.iter().all(|value| value.is_finite()) {
            true => Ok(values),
            false => Err(format!("{what} holds a number that is not finite")),
        }
    }

    /// Linear RGBA: three or four floats or normalised integers; three are opaque.
    pub(super) fn colors(&mut self, accessor: &Accessor<'_>, what: &str) -> Result<Vec<[f32; 4]>, String> {
        let kind = accessor.data_type();
        if kind != DataType::F32 && !accessor.normalized() {
            return Err(format!("{what} should be floats or normalised whole numbers"));
        }
        let read = match accessor.dimensions() {
            Dimensions::Vec4 => self.floats::<4>(accessor, what)?,
            _ => self.floats::<3>(accessor, what)?.into_iter().map(|[r, g, b]| [r, g, b, 1.0]).collect(),
        };
        Ok(read.into_iter().map(|rgba| rgba.map(|c| c.clamp(0.0, 1.0))).collect())
    }

    /// Indices, each below `vertices`.
    pub(super) fn indices(&mut self, accessor: &Accessor<'_>, vertices: usize) -> Result<Vec<u32>, String> {
        if accessor.dimensions() != Dimensions::Scalar {
            return Err("the indices should be single numbers".into());
        }
        let bytes = self.packed(accessor, "the index list")?;
        let read: Vec<u32> = match accessor.data_type() {
            DataType::U8 => bytes.iter().map(|&b| u32::from(b)).collect(),
            DataType::U16 => bytes.chunks_exact(2).map(|b| u32::from(u16::from_le_bytes([b[0], b[1]]))).collect(),
            DataType::U32 => bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
            _ => return Err("the indices should be unsigned whole numbers".into()),
        };
        match read.iter().find(|&&i| i as usize >= vertices) {
            Some(i) => Err(format!("index {i} points past the last of {vertices} vertices")),
            None => Ok(read),
        }
    }

    /// Four joint numbers per vertex.
    pub(super) fn joints(&mut self, accessor: &Accessor<'_>, what: &str) -> Result<Vec<[u16; 4]>, String> {
        let kind = accessor.data_type();
        if accessor.dimensions() != Dimensions::Vec4 || !matches!(kind, DataType::U8 | DataType::U16) {
            return Err(format!("{what} should be 4-vectors of 8- or 16-bit whole numbers"));
        }
        let bytes = self.packed(accessor, what)?;
        Ok(match kind {
            DataType::U8 => bytes.chunks_exact(4).map(|b| [b[0], b[1], b[2], b[3]].map(u16::from)).collect(),
            _ => bytes.chunks_exact(8).map(|b| [0, 2, 4, 6].map(|k| u16::from_le_bytes([b[k], b[k + 1]]))).collect(),
        })
    }

    /// The bytes of all elements, one after the other, with sparse ones put in place.
    fn packed(&mut self, accessor: &Accessor<'_>, what: &str) -> Result<Vec<u8>, String> {
        let (count, size) = (accessor.count(), accessor.size());
        if count == 0 || count > MAX_ELEMENTS {
            return Err(format!("{what} has {count} elements; expected 1 to {MAX_ELEMENTS}"));
        }
        self.spend(count)?;
        let buffers = self.buffers;
        let past = || format!("{what} reaches past the end of its buffer; the file is cut short or broken");
        let mut bytes = match accessor.view() {
            Some(view) => gather(&view, accessor.offset(), size, count, buffers).ok_or_else(past)?,
            None => vec![0; count * size],
        };
        if let Some(sparse) = accessor.sparse() {
            let (places, values) = (sparse.indices(), sparse.values());
            let width = match places.index_type() {
                gltf::accessor::sparse::IndexType::U8 => 1,
                gltf::accessor::sparse::IndexType::U16 => 2,
                gltf::accessor::sparse::IndexType::U32 => 4,
            };
            if sparse.count() > count {
                return Err(format!("{what} replaces more elements than it has"));
            }
            let places = gather(&places.view(), places.offset(), width, sparse.count(), buffers).ok_or_else(past)?;
            let values = gather(&values.view(), values.offset(), size, sparse.count(), buffers).ok_or_else(past)?;
            for (place, value) in places.chunks_exact(width).zip(values.chunks_exact(size)) {
                let place = place.iter().rev().fold(0usize, |n, &b| n << 8 | usize::from(b));
                let target = bytes.chunks_exact_mut(size).nth(place);
                target
                    .ok_or_else(|| format!("{what} replaces an element that it does not have"))?
                    .copy_from_slice(value);
            }
        }
        Ok(bytes)
    }
}

fn float(kind: DataType, normalized: bool, raw: &[u8]) -> f32 {
    // Division by the largest value, negative ends clamped: glTF 2.0, 3.11.
    let scale = |value: f32, most: f32| if normalized { (value / most).max(-1.0) } else { value };
    match (kind, raw) {
        (DataType::I8, &[a]) => scale(f32::from(a.cast_signed()), 127.0),
        (DataType::U8, &[a]) => scale(f32::from(a), 255.0),
        (DataType::I16, &[a, b]) => scale(f32::from(i16::from_le_bytes([a, b])), 32767.0),
        (DataType::U16, &[a, b]) => scale(f32::from(u16::from_le_bytes([a, b])), 65535.0),
        (DataType::F32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]),
        _ => f32::NAN, // 32-bit integers are not allowed here; the caller refuses what is not finite
    }
}

/// `count` elements of `size` bytes from `view`, without its stride. `None` where that reaches outside.
fn gather(view: &View<'_>, offset: usize, size: usize, count: usize, buffers: &[Vec<u8>]) -> Option<Vec<u8>> {
    let data = slice(view, buffers)?.get(offset..)?;
    let stride = view.stride().unwrap_or(size);
    if count == 0 {
        return Some(Vec::new());
    }
    let needed = stride.checked_mul(count - 1)?.checked_add(size)?;
    // Overlapping elements would turn a small file into a large allocation.
    (stride >= size && needed <= data.len())
        .then(|| (0..count).flat_map(|i| data[i * stride..i * stride + size].iter().copied()).collect())
}

/// The bytes of a buffer view.
pub(super) fn slice<'b>(view: &View<'_>, buffers: &'b [Vec<u8>]) -> Option<&'b [u8]> {
    let end = view.offset().checked_add(view.length())?;
    buffers.get(view.buffer().index())?.get(view.offset()..end)
}
