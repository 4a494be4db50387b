//! The two sides of sampling: what may vary, and what is decided.

use std::fmt::Debug;

use glam::{DQuat, DVec3};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::recipe::{RotationDist, Scalar, ScaleRecipe, ShapeRecipe, Varied, VectorDist, greatest};
use crate::scene::{Material, Shape};

/// What a number is written as decides what everything else is written as.
pub trait Terms: Clone + Debug + PartialEq + Sized {
    /// Geometry within geometry.
    type Shape: Clone + Debug + PartialEq;
    /// A text.
    type Text: Clone + Debug + PartialEq;
    /// A material of its own, if there is one.
    type Look: Clone + Debug + PartialEq;
    /// A place.
    type Vector: Clone + Debug + PartialEq;
    /// A rotation.
    type Rotation: Clone + Debug + PartialEq;
    /// A scale.
    type Scale: Clone + Debug + PartialEq;
    /// Where random numbers begin: a recipe has none, as they follow from the path of names.
    type Seed: Clone + Debug + PartialEq;

    /// The greatest that it can be.
    fn most(&self) -> f64;
    /// Triangles of a shape, at most; 0 for a file, which is not known by its name.
    fn triangles(shape: &Self::Shape) -> f64;
    /// Letters of a text, at most.
    fn letters(text: &Self::Text) -> usize;
}

/// The side that is written into scene files.
pub trait Stored:
    Terms<
        Shape: Serialize + DeserializeOwned,
        Text: Serialize + DeserializeOwned,
        Look: Serialize + DeserializeOwned,
        Vector: Serialize + DeserializeOwned,
        Rotation: Serialize + DeserializeOwned,
        Scale: Serialize + DeserializeOwned,
        Seed: Serialize + DeserializeOwned,
    > + Serialize
    + DeserializeOwned
{
}

impl Terms for f64 {
    type Shape = Shape;
    type Text = String;
    type Look = Option<Material>;
    type Vector = DVec3;
    type Rotation = DQuat;
    type Scale = DVec3;
    type Seed = u32;

    fn most(&self) -> f64 {
        *self
    }

    fn triangles(shape: &Shape) -> f64 {
        match shape {
            Shape::Made(made) => made.triangles(),
            Shape::Gltf(_) => 0.0,
            _ => super::limits::PRIMITIVE,
        }
    }

    fn letters(text: &String) -> usize {
        text.chars().count()
    }
}

impl Stored for f64 {}

impl Terms for Scalar {
    type Shape = Varied<ShapeRecipe>;
    type Text = Varied<String>;
    type Look = Option<Varied<String>>;
    type Vector = VectorDist;
    type Rotation = RotationDist;
    type Scale = ScaleRecipe;
    type Seed = ();

    fn most(&self) -> f64 {
        greatest(self)
    }

    fn triangles(shape: &Varied<ShapeRecipe>) -> f64 {
        most(shape, &|shape| match shape {
            ShapeRecipe::Made(made) => made.triangles(),
            ShapeRecipe::Gltf(_) => 0.0,
            _ => super::limits::PRIMITIVE,
        })
    }

    fn letters(text: &Varied<String>) -> usize {
        // Far below what an f64 counts exactly.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of characters")]
        let most = most(text, &|text| text.chars().count() as f64) as usize;
        most
    }
}

/// The greatest over all alternatives.
fn most<T>(varied: &Varied<T>, of_one: &dyn Fn(&T) -> f64) -> f64 {
    match varied {
        Varied::One(one) => of_one(one),
        choice => choice.options().into_iter().map(|one| most(one, of_one)).fold(0.0, f64::max),
    }
}
