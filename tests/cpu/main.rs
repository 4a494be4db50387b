//! Everything that needs no GPU.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod annotate; // ids to labels, and what refuses a frame
mod dataset; // files on disk
mod preview; // the contact sheet
mod rle; // masks and polygons
mod synthetic; // scenes and frames painted by hand, for the other modules
