//! Texts that may vary: what is printed on labels.

use crate::recipe::Varied;
use crate::scene::random::{self, Key, quantile};

/// A text, or how it is made up.
#[derive(Debug, Clone, PartialEq)]
pub enum Words {
    /// As it is, or one of several.
    Text(Varied<String>),
    /// So many digits, all random.
    Digits(u32),
    /// A pattern of characters: `#` is a random digit, `@` a random capital letter, everything else itself.
    Code(String),
    /// A day of the years from one to another, as 2027-03-14.
    Date {
        /// First year.
        from: u32,
        /// Last year.
        to: u32,
    },
    /// The thirteen digits of an EAN-13 barcode: twelve random ones and the one that checks them.
    Ean13,
    /// One after the other.
    Joined(Vec<Words>),
}

impl Words {
    /// This text.
    pub fn plain(text: &str) -> Self {
        Self::Text(Varied::One(text.to_owned()))
    }

    /// Decided.
    pub fn draw(&self, key: &Key) -> String {
        match self {
            Self::Text(text) => random::pick(text, key).0.clone(),
            Self::Digits(count) => coded(std::iter::repeat_n('#', *count as usize), key),
            Self::Code(code) => coded(code.chars(), key),
            Self::Date { from, to } => {
                let mut stream = key.stream();
                let span = u64::from(to.saturating_sub(*from)) + 1;
                let year = u64::from(*from) + quantile::below(stream.unit(), span);
                let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
                let months = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
                let mut day = quantile::below(stream.unit(), months.iter().sum());
                let mut month = 0;
                while let Some(days) = months.get(month)
                    && day >= *days
                {
                    day -= days;
                    month += 1;
                }
                format!("{year:04}-{:02}-{:02}", month + 1, day + 1)
            }
            Self::Ean13 => super::ink::with_check_digit(&coded(std::iter::repeat_n('#', 12), key)),
            Self::Joined(all) => (0..).zip(all).map(|(number, words)| words.draw(&key.item(number))).collect(),
        }
    }
}

/// `#` and `@` made into random digits and letters.
fn coded(characters: impl Iterator<Item = char>, key: &Key) -> String {
    let mut stream = key.stream();
    let mut one = |first: u8, count: u64| {
        let offset = u8::try_from(quantile::below(stream.unit(), count)).unwrap_or(0); // at most 25
        char::from(first + offset)
    };
    characters
        .map(|c| match c {
            '#' => one(b'0', 10),
            '@' => one(b'A', 26),
            other => other,
        })
        .collect()
}

impl AsRef<str> for Words {
    /// Only a plain text is known before it is drawn.
    fn as_ref(&self) -> &str {
        match self {
            Self::Text(Varied::One(text)) => text,
            _ => "",
        }
    }
}
