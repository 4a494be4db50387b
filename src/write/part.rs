//! Which part of a dataset one run makes: all of it, one shard of several, or a range of scenes.

use std::fmt;
use std::ops::Range;

use crate::write::manifest::DatasetInfo;

/// A part of a dataset. Whatever the parts, the dataset that they make together is the same.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Part {
    /// All of it; with the last frame it is complete.
    #[default]
    All,
    /// One of several shards, as even as can be; [`merge`](crate::write::merge) makes a dataset of them.
    Shard {
        /// From 0.
        number: u64,
        /// How many shards there are, at least 1.
        of: u64,
    },
    /// The scenes with these indices, as a shard.
    Scenes(Range<u64>),
}

impl Part {
    /// The indices of its scenes. Those of a range that the dataset does not have are left out.
    pub fn indices(&self, first: u64, count: u64) -> Range<u64> {
        let end = first.saturating_add(count);
        // Neither the product of two large numbers nor the end may wrap.
        let share = |k: u64, of: u64| {
            first + u64::try_from(u128::from(count) * u128::from(k) / u128::from(of)).unwrap_or(count)
        };
        match self {
            Self::All => first..end,
            Self::Shard { number, of } => share(*number, *of)..share(number + 1, *of),
            Self::Scenes(range) => {
                range.start.clamp(first, end)..range.end.clamp(first, end).max(range.start.clamp(first, end))
            }
        }
    }

    pub(crate) fn indices_of(&self, info: &DatasetInfo) -> Range<u64> {
        self.indices(info.first_index, info.count)
    }

    /// Of its journal, without ending.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::All => "all".into(),
            Self::Shard { number, of } => format!("shard-{number:05}-of-{of:05}"),
            Self::Scenes(range) => format!("scenes-{:09}-{:09}", range.start, range.end),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => write!(f, "the dataset"),
            Self::Shard { number, of } => write!(f, "shard {number} of {of}"),
            Self::Scenes(range) => write!(f, "scenes {}..{}", range.start, range.end),
        }
    }
}
