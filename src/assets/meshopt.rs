//! Buffer views compressed with `EXT_meshopt_compression`, after that extension's specification (Appendices A and B, version 0 of the
//! attribute stream, version 1 of the triangle and index streams).

use serde_json::Value;

use super::json::index;

/// All views of a file together become at most so many bytes.
pub(super) const MAX_DECODED: usize = 1 << 29;

/// The longest element, bytes.
const MAX_STRIDE: usize = 256;

/// What is compressed how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Attributes,
    Triangles,
    Indices,
}

/// What is undone after decompression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filter {
    None,
    Octahedral,
    Quaternion,
    Exponential,
}

/// One compressed view.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) buffer: usize,
    offset: usize,
    length: usize,
    stride: usize,
    count: usize,
    mode: Mode,
    filter: Filter,
}

impl View {
    /// From the extension's words; `length` is that of the view when it is decompressed.
    pub(super) fn read(given: &Value, length: Option<usize>) -> Result<Self, String> {
        let number =
            |name: &str| index(given.get(name)).ok_or_else(|| format!("EXT_meshopt_compression has no `{name}`"));
        let word = |name: &str| given.get(name).and_then(Value::as_str);
        let mode = match word("mode") {
            Some("ATTRIBUTES") => Mode::Attributes,
            Some("TRIANGLES") => Mode::Triangles,
            Some("INDICES") => Mode::Indices,
            _ => return Err("the mode of EXT_meshopt_compression is not known".into()),
        };
        let filter = match word("filter") {
            None | Some("NONE") => Filter::None,
            Some("OCTAHEDRAL") => Filter::Octahedral,
            Some("QUATERNION") => Filter::Quaternion,
            Some("EXPONENTIAL") => Filter::Exponential,
            Some(_) => return Err("the filter of EXT_meshopt_compression is not known".into()),
        };
        let (stride, count) = (number("byteStride")?, number("count")?);
        let offset = index(given.get("byteOffset")).unwrap_or(0);
        let fits = match mode {
            Mode::Attributes => stride % 4 == 0 && (4..=MAX_STRIDE).contains(&stride),
            Mode::Triangles => (stride == 2 || stride == 4) && count % 3 == 0,
            Mode::Indices => stride == 2 || stride == 4,
        };
        let filtered = match filter {
            Filter::None | Filter::Exponential => true,
            Filter::Octahedral => stride == 4 || stride == 8,
            Filter::Quaternion => stride == 8,
        };
        if !fits || !filtered || (filter != Filter::None && mode != Mode::Attributes) {
            return Err("the sizes that EXT_meshopt_compression gives do not fit its mode and filter".into());
        }
        if count.checked_mul(stride).is_none_or(|bytes| bytes > MAX_DECODED || length.is_some_and(|l| l < bytes)) {
            return Err("EXT_meshopt_compression gives more elements than its view has room for".into());
        }
        Ok(Self { buffer: number("buffer")?, offset, length: number("byteLength")?, stride, count, mode, filter })
    }

    /// How many bytes it becomes.
    pub(super) fn decoded(&self) -> usize {
        self.count * self.stride
    }

    /// The bytes that it stands for; `buffer` is the one that it lies in.
    pub(super) fn decode(&self, buffer: &[u8]) -> Result<Vec<u8>, String> {
        let data = self.offset.checked_add(self.length).and_then(|end| buffer.get(self.offset..end));
        let data = data.ok_or("compressed bytes reach past the end of their buffer")?;
        let broken = || "compressed bytes are cut short or broken".to_owned();
        let mut bytes = match self.mode {
            Mode::Attributes => attributes(data, self.stride, self.count),
            Mode::Triangles => triangles(data, self.count).map(|list| narrow(&list, self.stride)),
            Mode::Indices => indices(data, self.count).map(|list| narrow(&list, self.stride)),
        }
        .ok_or_else(broken)?;
        match self.filter {
            Filter::None => {}
            Filter::Octahedral if self.stride == 4 => bytes.chunks_exact_mut(4).for_each(octahedral_8),
            Filter::Octahedral => bytes.chunks_exact_mut(8).for_each(octahedral_16),
            Filter::Quaternion => bytes.chunks_exact_mut(8).for_each(quaternion),
            Filter::Exponential => bytes.chunks_exact_mut(4).for_each(exponential),
        }
        Ok(bytes)
    }
}

/// The front of what is left to read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    /// Seven bits at a time, the lowest first; the top bit says that more follow.
    fn varint(&mut self) -> Option<u32> {
        let mut value = 0u32;
        for group in 0..5 {
            let byte = self.byte()?;
            value |= u32::from(byte & 127) << (7 * group);
            if byte < 128 {
                break;
            }
        }
        Some(value)
    }
}

/// A difference whose sign is its lowest bit.
fn unzigzag(value: u32) -> u32 {
    (value >> 1) ^ (value & 1).wrapping_neg()
}

fn attributes(data: &[u8], stride: usize, count: usize) -> Option<Vec<u8>> {
    let tail = stride.max(32);
    let (body, tail) = data.split_at_checked(data.len().checked_sub(tail)?)?;
    let mut body = Bytes(body);
    if body.byte()? != 0xa0 {
        return None;
    }
    let mut last = tail[tail.len() - stride..].to_vec();
    let per_block = ((8192 / stride) & !15).min(256);
    // Grows as bytes are read: how much is claimed does not matter.
    let mut out = Vec::new();
    while out.len() < count * stride {
        let elements = per_block.min(count - out.len() / stride);
        let groups = elements.div_ceil(16);
        let start = out.len();
        out.resize(start + elements * stride, 0);
        for k in 0..stride {
            let header = body.take(groups.div_ceil(4))?;
            for group in 0..groups {
                let deltas = group_of_16(&mut body, header[group / 4] >> (2 * (group % 4)) & 3)?;
                for (i, delta) in (group * 16..elements.min(group * 16 + 16)).zip(deltas) {
                    last[k] = last[k].wrapping_add((delta >> 1) ^ (delta & 1).wrapping_neg());
                    out[start + i * stride + k] = last[k];
                }
            }
        }
    }
    Some(out)
}

/// Sixteen bytes: none, with 2 or 4 bits each (all ones: the byte stands behind), or as they are.
fn group_of_16(body: &mut Bytes<'_>, mode: u8) -> Option<[u8; 16]> {
    let mut out = [0; 16];
    let bits = match mode {
        0 => return Some(out),
        1 => 2,
        2 => 4,
        _ => {
            out.copy_from_slice(body.take(16)?);
            return Some(out);
        }
    };
    let packed = body.take(2 * bits)?;
    let escape = (1u8 << bits) - 1;
    for (i, value) in out.iter_mut().enumerate() {
        let at = i * bits;
        *value = packed[at / 8] >> (8 - bits - at % 8) & escape;
        if *value == escape {
            *value = body.byte()?;
        }
    }
    Some(out)
}

/// The last sixteen vertices and edges that were written.
struct Fifo<T> {
    entries: [T; 16],
    next: usize,
}

impl<T: Copy + Default> Fifo<T> {
    fn new() -> Self {
        Self { entries: [T::default(); 16], next: 0 }
    }

    fn push(&mut self, value: T) {
        self.entries[self.next] = value;
        self.next = (self.next + 1) & 15;
    }

    /// The one that was pushed `back` pushes ago, where 1 is the last one.
    fn get(&self, back: u8) -> T {
        self.entries[self.next.wrapping_sub(usize::from(back)) & 15]
    }
}

fn triangles(data: &[u8], count: usize) -> Option<Vec<u32>> {
    let (body, table) = data.split_at_checked(data.len().checked_sub(16)?)?;
    let mut body = Bytes(body);
    if body.byte()? != 0xe1 {
        return None;
    }
    let codes = body.take(count / 3)?;
    let (mut edges, mut vertices) = (Fifo::<[u32; 2]>::new(), Fifo::<u32>::new());
    let (mut next, mut last) = (0u32, 0u32);
    let mut out = Vec::with_capacity(count); // a third of it is in `codes`
    let new = |next: &mut u32| {
        let vertex = *next;
        *next = next.wrapping_add(1);
        vertex
    };
    for &code in codes {
        if code < 0xf0 {
            let [a, b] = edges.get((code >> 4) + 1);
            let corner = code & 15;
            let c = match corner {
                0 => {
                    let c = new(&mut next);
                    vertices.push(c);
                    c
                }
                1..=12 => vertices.get(corner + 1),
                _ => {
                    last = match corner {
                        13 => last.wrapping_sub(1),
                        14 => last.wrapping_add(1),
                        _ => last.wrapping_add(unzigzag(body.varint()?)),
                    };
                    vertices.push(last);
                    last
                }
            };
            out.extend([a, b, c]);
            edges.push([c, b]);
            edges.push([a, c]);
            continue;
        }
        let free = code >= 0xfe;
        let corners = if free { body.byte()? } else { table[usize::from(code & 15)] };
        let (second, third) = (corners >> 4, corners & 15);
        if free && corners == 0 {
            next = 0;
        }
        let mut a = if code == 0xff { 0 } else { new(&mut next) };
        let mut b = if second == 0 { new(&mut next) } else { vertices.get(second) };
        let mut c = if third == 0 { new(&mut next) } else { vertices.get(third) };
        for (vertex, is_far) in [(&mut a, code == 0xff), (&mut b, free && second == 15), (&mut c, free && third == 15)]
        {
            if is_far {
                last = last.wrapping_add(unzigzag(body.varint()?));
                *vertex = last;
            }
        }
        vertices.push(a);
        for (vertex, place) in [(b, second), (c, third)] {
            if place == 0 || free && place == 15 {
                vertices.push(vertex);
            }
        }
        out.extend([a, b, c]);
        edges.push([b, a]);
        edges.push([c, b]);
        edges.push([a, c]);
    }
    Some(out)
}

fn indices(data: &[u8], count: usize) -> Option<Vec<u32>> {
    let mut body = Bytes(data.get(..data.len().checked_sub(4)?)?);
    if body.byte()? != 0xd1 || count > body.0.len() {
        return None;
    }
    let mut last = [0u32; 2];
    (0..count)
        .map(|_| {
            let value = body.varint()?;
            let which = &mut last[(value & 1) as usize];
            *which = which.wrapping_add(unzigzag(value >> 1));
            Some(*which)
        })
        .collect()
}

fn narrow(list: &[u32], stride: usize) -> Vec<u8> {
    list.iter().flat_map(|index| index.to_le_bytes().into_iter().take(stride)).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "within -32767..=32767")]
fn whole(value: f64) -> i16 {
    value.round().clamp(-32767.0, 32767.0) as i16
}

fn octahedral([x, y, one]: [f64; 3], most: f64) -> [i16; 3] {
    let z = one - x.abs() - y.abs();
    let fold = (-z).max(0.0);
    let v = glam::DVec3::new(x - fold.copysign(x), y - fold.copysign(y), z);
    (v.normalize_or_zero() * most).to_array().map(whole)
}

#[expect(clippy::cast_possible_truncation, reason = "within -127..=127")]
fn octahedral_8(bytes: &mut [u8]) {
    let read = [0, 1, 2].map(|k| f64::from(bytes[k].cast_signed()));
    for (byte, value) in bytes.iter_mut().zip(octahedral(read, 127.0)) {
        *byte = (value as i8).cast_unsigned();
    }
}

fn shorts(bytes: &[u8]) -> [i16; 4] {
    [0, 2, 4, 6].map(|k| i16::from_le_bytes([bytes[k], bytes[k + 1]]))
}

fn octahedral_16(bytes: &mut [u8]) {
    let [x, y, one, _] = shorts(bytes).map(f64::from);
    for (pair, value) in bytes.chunks_exact_mut(2).zip(octahedral([x, y, one], 32767.0)) {
        pair.copy_from_slice(&value.to_le_bytes());
    }
}

fn quaternion(bytes: &mut [u8]) {
    let [x, y, z, w] = shorts(bytes);
    let scale = std::f64::consts::FRAC_1_SQRT_2 / f64::from(w | 3);
    let three = [x, y, z].map(|c| f64::from(c) * scale);
    let rest = 1.0 - three.iter().map(|c| c * c).sum::<f64>();
    let [x, y, z] = three;
    // The two lowest bits say which one was left out: the largest.
    for (k, value) in [rest.max(0.0).sqrt(), x, y, z].into_iter().enumerate() {
        let place = 2 * ((usize::from(w.cast_unsigned() & 3) + k) & 3);
        bytes[place..place + 2].copy_from_slice(&whole(value * 32767.0).to_le_bytes());
    }
}

fn exponential(bytes: &mut [u8]) {
    let packed = i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let (exponent, mantissa) = (packed >> 24, packed << 8 >> 8);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounding to f32 is the point; what is not finite is refused later"
    )]
    let value = libm::ldexp(f64::from(mantissa), exponent) as f32;
    bytes.copy_from_slice(&value.to_le_bytes());
}
