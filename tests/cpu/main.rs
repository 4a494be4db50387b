//! Everything that needs no GPU.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod docs; // what the documentation says is so
mod recipe; // text to recipe: what is understood, and what is said about what is not
mod syntax; // the reader of RON against the `ron` crate
