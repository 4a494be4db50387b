//! Scenewright turns a declarative scene recipe (a RON file) into a labelled image dataset.
//!
//! ```text
//! recipe.ron --load--> Recipe --sample(seed, index)--> Scene --render--> Frame --annotate--> Annotations --write--> dataset/
//! ```
//!
//! A **recipe** says what may vary. A **scene** is one fully decided sample of it. A **frame** is what one camera saw of
//! one scene; annotations are computed from the frame's integer ids, never from colours. Every arrow is a pure function
//! without Bevy, except `render`, and only `src/render/` names `bevy` (feature `render`, on by default).

pub mod annotate;
pub mod assets;
pub mod audit;
pub mod bounce;
pub mod confine;
pub mod frame;
pub mod image;
pub mod make;
pub mod mesh;
pub mod paint;
pub mod plan;
pub mod prepare;
pub mod preview;
pub mod recipe;
#[cfg(feature = "render")]
pub mod render;
#[cfg(feature = "render")]
pub mod run;
pub mod scene;
pub mod sensor;
pub mod solid;
pub mod survey;
pub mod write;
