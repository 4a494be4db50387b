//! Everything that draws.
fn main() {}
