//! Everything that needs no GPU.
