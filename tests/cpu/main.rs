//! Everything that needs no GPU.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, in its helpers too")]

mod assets; // glTF and image files, whole and broken
mod camera; // projection, poses, conversions
mod mesh; // triangles of the primitive shapes
mod placement; // no overlap, checked by other means than the placer's
mod random; // streams and distributions
mod recipes; // recipes written as Rust values, for the others
mod scene; // sampling: contract, edit stability, golden digests
