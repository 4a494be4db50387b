//! Everything that needs no GPU.

mod assets; // glTF and image files, whole and broken
mod mesh; // triangles of the primitive shapes
