//! Placement without overlap.
