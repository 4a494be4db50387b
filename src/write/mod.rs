//! The dataset on disk.
