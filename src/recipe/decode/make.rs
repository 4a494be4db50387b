//! Shapes made from numbers.

use super::super::Scalar;
use super::Context;
use super::fields::{Fields, Form};
use super::number::{Limits, constant, scalar};
use crate::make::Made;

/// Their forms; `object` lists them among all shapes.
pub(super) const SUPERELLIPSOID: Form = Form::variant("Superellipsoid", &["x", "y", "z"], &["vertical", "horizontal"]);

/// Decodes the shape called `name`.
pub(super) fn made(cx: &mut Context, name: &str, fields: &Fields<'_>) -> Option<Made<Scalar>> {
    let size = |cx: &mut Context, name| fields.need(cx, name, |cx, node| scalar(cx, node, Limits::POSITIVE));
    match name {
        "Superellipsoid" => {
            const ROUNDNESS: Limits = Limits::new(0.05, 2.0, "from 0.05 to 2", true);
            let roundness =
                |cx: &mut Context, name| fields.or(cx, name, constant(1.0), |cx, node| scalar(cx, node, ROUNDNESS));
            let size = ["x", "y", "z"].map(|name| size(cx, name));
            let (vertical, horizontal) = (roundness(cx, "vertical"), roundness(cx, "horizontal"));
            let [x, y, z] = size;
            Some(Made::Superellipsoid { size: [x?, y?, z?], vertical: vertical?, horizontal: horizontal? })
        }
        _ => None,
    }
}
