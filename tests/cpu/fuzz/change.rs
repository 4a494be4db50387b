//! Changes of files.

use super::corpus;

/// What kind of file is changed: some have checks that every change would fail, and words that are worth more than bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Words, numbers, brackets.
    Text,
    /// Bytes, with a text at the beginning.
    Mixed,
    Bytes,
    /// Its parts carry checksums, which are made right again.
    Png,
    /// JSON, and bytes behind it; their lengths are made right again.
    Glb,
}

/// SplitMix64 (Steele, Lea and Flood 2014).
pub(super) struct Random(u64);

impl Random {
    /// For one case of one target.
    pub(super) fn of(name: &str, case: u64) -> Self {
        // FNV-1a
        let hash =
            name.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        let mut random = Self(hash ^ case.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `end`; 0 where there is nothing below.
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// A length that is mostly small.
    fn length(&mut self, most: usize) -> usize {
        let bits = self.below(12);
        self.below((1 << bits).min(most) + 1)
    }
}

/// Numbers at which something ends.
const NUMBERS: [&str; 34] = [
    "0",
    "-0",
    "1",
    "-1",
    "2",
    "0.5",
    "1e-300",
    "1e308",
    "1e309",
    "-1e9",
    "1e9",
    "1e-6",
    "1e-9",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "inf",
    "NaN",
    "1_000",
    "360",
    "16384",
    "100000",
    "1000000",
    "255",
    "65535",
    "65536",
    "2147483648",
    "-2147483649",
    "0.1",
    "-360",
    "90",
    "1e20",
];

const BYTES: [u8; 10] = [0, 1, 0x7f, 0x80, 0xff, b'(', b')', b'"', b'\n', b'0'];

/// A changed file of the corpus.
pub(super) fn changed(random: &mut Random, kind: Kind, corpus: &[Vec<u8>]) -> Vec<u8> {
    let bytes = random.one(corpus).clone();
    match kind {
        Kind::Text => text(random, bytes, corpus),
        Kind::Mixed if random.below(2) == 0 => text(random, bytes, corpus),
        Kind::Mixed | Kind::Bytes => binary(random, bytes, corpus),
        Kind::Png => with_sums(binary(random, bytes, corpus)),
        Kind::Glb => {
            let other = random.one(corpus).clone();
            let (Some((json, rest)), Some((other, _))) = (corpus::parts(&bytes), corpus::parts(&other)) else {
                return binary(random, bytes, corpus);
            };
            match random.below(8) {
                0 => binary(random, bytes, corpus),
                1 => corpus::joined(&json, &binary(random, rest, corpus)),
                2 => corpus::joined(&text(random, json, &[other]), &binary(random, rest, corpus)),
                _ => corpus::joined(&text(random, json, &[other]), &rest),
            }
        }
    }
}

/// How many changes.
fn often(random: &mut Random) -> usize {
    if random.below(2) == 0 { 1 } else { 1 + random.length(8) }
}

fn binary(random: &mut Random, mut bytes: Vec<u8>, corpus: &[Vec<u8>]) -> Vec<u8> {
    for _ in 0..often(random) {
        let at = random.below(bytes.len());
        // What matters is at the beginning.
        let at = if random.below(2) == 0 { at.min(random.length(2048)) } else { at };
        let end = (at + random.length(4096)).min(bytes.len());
        match random.below(10) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            1 if !bytes.is_empty() => bytes[at] = *random.one(&BYTES),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            4 => bytes.truncate(at),
            5 => {
                // From elsewhere, in place or in between.
                let other = random.one(corpus);
                let from = random.below(other.len());
                let part = other[from..(from + random.length(1024)).min(other.len())].to_vec();
                let over = if random.below(2) == 0 { (at + part.len()).min(bytes.len()) } else { at };
                bytes.splice(at..over, part);
            }
            6 => {
                let fill = vec![*random.one(&BYTES); random.length(512)];
                bytes.splice(at..at, fill);
            }
            _ => {
                // A number of two, four or eight bytes, either way round.
                let number: u64 = match random.below(4) {
                    0 => random.next(),
                    1 => 1 << random.below(64),
                    2 => (1u64 << random.below(64)).wrapping_sub(1),
                    _ => random.below(300) as u64,
                };
                let length = *random.one(&[2, 4, 4, 8]);
                let whole = if random.below(2) == 0 {
                    number.to_le_bytes().to_vec()
                } else {
                    number.to_be_bytes()[8 - length..].to_vec()
                };
                for (to, from) in bytes.iter_mut().skip(at).zip(&whole[..length]) {
                    *to = *from;
                }
            }
        }
    }
    bytes
}

/// Where words, numbers, texts in quotes, and everything else begin and end.
fn tokens(bytes: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let is_word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'+') || b >= 0x80;
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        if bytes[at] == b'"' {
            at += 1;
            while at < bytes.len() && bytes[at] != b'"' && bytes[at] != b'\n' {
                at += 1;
            }
            at = (at + 1).min(bytes.len());
        } else if is_word(bytes[at]) {
            while at < bytes.len() && is_word(bytes[at]) {
                at += 1;
            }
        } else {
            at += 1;
        }
        if !bytes[start].is_ascii_whitespace() {
            found.push((start, at));
        }
    }
    found
}

/// From one token to another so that brackets between them match, as far as there are such.
fn balanced(random: &mut Random, bytes: &[u8], tokens: &[(usize, usize)]) -> (usize, usize) {
    let first = random.below(tokens.len());
    let mut depth = 0;
    for &(start, end) in &tokens[first..] {
        match bytes[start] {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
        if depth <= 0 && random.below(3) == 0 {
            return (tokens[first].0, if depth < 0 { start } else { end });
        }
        if depth < 0 {
            return (tokens[first].0, start);
        }
    }
    (tokens[first].0, tokens[first].1)
}

fn text(random: &mut Random, mut bytes: Vec<u8>, corpus: &[Vec<u8>]) -> Vec<u8> {
    for _ in 0..often(random) {
        let own = tokens(&bytes);
        if own.is_empty() || random.below(16) == 0 {
            return binary(random, bytes, corpus);
        }
        let (start, end) = *random.one(&own);
        let numbers: Vec<(usize, usize)> =
            own.iter().copied().filter(|(start, _)| bytes[*start].is_ascii_digit() || bytes[*start] == b'-').collect();
        match random.below(9) {
            0 | 1 if !numbers.is_empty() => {
                let (start, end) = *random.one(&numbers);
                bytes.splice(start..end, random.one(&NUMBERS).bytes());
            }
            2 => {
                let other = random.one(corpus);
                let words = tokens(other);
                if !words.is_empty() {
                    let (from, to) = *random.one(&words);
                    bytes.splice(start..end, other[from..to].to_vec());
                }
            }
            3 => {
                // A whole part from elsewhere in place of one.
                let other = random.one(corpus).clone();
                let words = tokens(&other);
                if !words.is_empty() {
                    let (from, to) = balanced(random, &other, &words);
                    let (start, end) = balanced(random, &bytes, &own);
                    bytes.splice(start..end.max(start), other[from..to.max(from)].to_vec());
                }
            }
            4 => {
                let (start, end) = balanced(random, &bytes, &own);
                let part = bytes[start..end.max(start)].to_vec();
                let (at, _) = *random.one(&own);
                bytes.splice(at..at, part);
            }
            5 => {
                let (start, end) = balanced(random, &bytes, &own);
                drop(bytes.drain(start..end.max(start)));
            }
            6 => {
                // Two change places.
                let (from, to) = *random.one(&own);
                let (a, b) = if from < start { ((from, to), (start, end)) } else { ((start, end), (from, to)) };
                if a.1 <= b.0 {
                    let (left, middle, right) =
                        (bytes[a.0..a.1].to_vec(), bytes[a.1..b.0].to_vec(), bytes[b.0..b.1].to_vec());
                    bytes.splice(a.0..b.1, [right, middle, left].concat());
                }
            }
            7 if random.below(20) == 0 => {
                // Very deep, or very long.
                let what = *random.one(&["(", "[", "{", "\"", "-", "not ", "a:", "[[", "/*", "1,", "{\"a\":"]);
                let many = what.repeat(1 << random.below(14)).into_bytes();
                bytes.splice(start..start, many);
            }
            _ => drop(bytes.drain(start..end)),
        }
        bytes.truncate(1 << 20);
    }
    bytes
}

/// The file with the checksums that its parts should have.
fn with_sums(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut at = 8;
    while let Some(head) = bytes.get(at..at + 8) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let Some(part) = bytes.get(at + 4..at + 8 + length) else { break };
        let sum = sum(part).to_be_bytes();
        let Some(place) = bytes.get_mut(at + 8 + length..at + 12 + length) else { break };
        place.copy_from_slice(&sum);
        at += 12 + length;
    }
    bytes
}

/// CRC-32 as PNG has it (ISO 3309).
fn sum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 })
    })
}
