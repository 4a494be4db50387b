//! Everything that needs no GPU.

mod mesh; // triangles of the primitive shapes
