//! From ids to labels.
