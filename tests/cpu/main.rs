//! Everything that needs no GPU.

mod docs; // what the documentation says is so
mod recipe; // text to recipe: what is understood, and what is said about what is not
mod syntax; // the reader of RON against the `ron` crate
