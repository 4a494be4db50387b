//! Geometry made from numbers: what a recipe describes and no file holds.
//!
//! [`Made`] is one enum for both sides of sampling: a recipe holds `Made<Scalar>`, whose numbers may vary, a scene `Made<f64>`, whose
//! numbers are decided. [`Made::draw`] leads from one to the other, and [`build`] from the latter to triangles.

mod superellipsoid;
pub mod text;

use serde::{Deserialize, Serialize};

use crate::assets::{AssetFile, Library, Model, Part};
use crate::mesh::{Mesh, tangents};
use crate::recipe::Scalar;
use crate::scene::Material;
use crate::scene::random::{self, Key};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Geometry made from numbers, in its own frame: +Y up, metres.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Made<N = f64> {
    /// Between box, cylinder, ball and octahedron, centred on the origin (Barr, "Superquadrics and Angle-Preserving
    /// Transformations", 1981).
    Superellipsoid {
        /// Edge lengths of its bounding box.
        size: [N; 3],
        /// Of the profile from pole to pole: 0 is a cylinder's, 1 a ball's, 2 a double cone's.
        vertical: N,
        /// Of the outline seen from above: 0 is square, 1 round, 2 a square on its corner.
        horizontal: N,
    },
}

impl Made<Scalar> {
    /// Every number decided.
    pub fn draw(&self, key: &Key) -> Made {
        let number = |dist: &Scalar, name: &str| random::scalar(dist, &key.name(name));
        match self {
            Self::Superellipsoid { size: [x, y, z], vertical, horizontal } => Made::Superellipsoid {
                size: [number(x, "x"), number(y, "y"), number(z, "z")].map(|size| size.clamp(1e-6, 1e6)),
                vertical: number(vertical, "vertical").clamp(0.05, 2.0),
                horizontal: number(horizontal, "horizontal").clamp(0.05, 2.0),
            },
        }
    }
}

impl Made {
    /// What is wrong with its numbers, if anything is: a scene file may hold any.
    ///
    /// # Errors
    /// In words.
    pub fn validate(&self) -> Result<(), String> {
        let within = |name: &str, value: f64, min: f64, max: f64| {
            let good = (min..=max).contains(&value);
            if good { Ok(()) } else { Err(format!("`{name}` of `shape` must lie from {min:e} to {max:e}")) }
        };
        match self {
            Self::Superellipsoid { size, vertical, horizontal } => {
                size.iter().try_for_each(|&length| within("size", length, 1e-6, 1e9))?;
                within("vertical", *vertical, 0.05, 2.0)?;
                within("horizontal", *horizontal, 0.05, 2.0)
            }
        }
    }
}

/// The triangles of `made`. `library` holds the textures and models that it names.
///
/// # Errors
/// Why it cannot be, in words for an artist: numbers that `check` lets through and that together make nothing.
pub fn build(made: &Made, library: &Library) -> Result<Model, String> {
    match *made {
        Made::Superellipsoid { size, vertical, horizontal } => {
            model(superellipsoid::mesh(size.into(), vertical, horizontal), library)
        }
    }
}

/// One part, of the material that a shape has where nothing else is said.
fn model(mut mesh: Mesh, library: &Library) -> Result<Model, String> {
    tangents::add_tangents(&mut mesh);
    let (min, max) = mesh.bounds().ok_or("it has no triangles")?;
    let material = library.look(&Material::default())?;
    let part = Part { name: "1".into(), mesh: Arc::new(mesh), material };
    Ok(Model { parts: vec![part], keypoints: BTreeMap::new(), min, max, file: AssetFile::default() })
}
