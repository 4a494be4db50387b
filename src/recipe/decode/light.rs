//! Lights and the environment.

use super::super::diagnostics::Problem;
use super::super::dist::ColorRecipe;
use super::super::syntax::{Kind, Node};
use super::super::{BackgroundRecipe, EnvironmentRecipe, LightRecipe, Scalar, Varied};
use super::dist;
use super::fields::{Fields, Form, Variants, variant};
use super::material::grey;
use super::number::{Limits, constant, scalar, support};
use super::object::asset;
use super::{AssetKind, Context, LightFacts, LightKind, lamp};
use crate::assets::sky::MOST_SKY_SUNS;
use crate::scene::WIDEST_SHADOWED_SPOT;

const LIGHT: Variants = Variants {
    what: "a light such as Sun(elevation: 45, azimuth: 30, illuminance: 5e4)",
    forms: &[
        &Form::variant(
            "Sun",
            &["elevation", "azimuth", "illuminance"],
            &["color", "shadows", "when", "angular_diameter"],
        ),
        &Form::variant("Point", &["position", "flux"], &["color", "shadows", "when", "flicker"]),
        &Form::variant(
            "Spot",
            &["position", "target", "flux", "angle"],
            &["blend", "color", "shadows", "when", "flicker"],
        ),
        &lamp::RECTANGLE,
        &lamp::DISC,
        &lamp::SPHERE,
        &lamp::TUBE,
        &lamp::KEY_FILL_RIM,
        &lamp::CEILING_PANELS,
        &lamp::TORCH,
    ],
};
const ENVIRONMENT: Variants = Variants {
    what: "an environment such as Color(Rgb(0.5, 0.5, 0.5))",
    forms: &[
        &Form::variant("Color", &["color"], &["strength"]),
        &Form::variant("Gradient", &["sky", "ground"], &["strength"]),
        &Form::variant("Hdri", &["path"], &["yaw", "strength", "shadows"]),
        &lamp::SKY,
        &dist::CHOICE,
        &dist::WEIGHTED,
    ],
};
const BACKGROUND: Variants = Variants {
    what: "a background such as Image(\"room.jpg\")",
    forms: &[
        &Form::variant("Environment", &[], &[]),
        &Form::variant("Color", &["color"], &[]),
        &Form::variant("Image", &["path"], &["mirrored"]),
        &dist::CHOICE,
        &dist::WEIGHTED,
    ],
};

pub(super) const VARIANTS: &[&Variants] = &[&LIGHT, &ENVIRONMENT, &BACKGROUND];

/// Degrees above the horizon.
pub(super) const ELEVATION: Limits = Limits::new(-90.0, 90.0, "from -90 to 90 degrees", true);
/// A cone wider than a half space has no axis to speak of.
pub(super) const CONE: Limits = Limits::new(0.1, 180.0, "from 0.1 to 180 degrees", false);

/// How wide the sun is, degrees, in the sky of this planet.
const SUN_DIAMETER: f64 = 0.53;
/// A wider sun is a sky.
const DISC: Limits = Limits::new(0.0, 90.0, "from 0 to 90 degrees", true);

/// Decodes a light.
pub(super) fn light(cx: &mut Context, light_name: &str, node: &Node) -> Option<LightRecipe> {
    let (name, fields) = variant(cx, node, &LIGHT)?;
    if let Some(Some(when)) = fields.maybe(cx, "when", super::parameter::condition) {
        cx.conditions.lights.insert(light_name.to_owned(), when);
    }
    lamp::note_flicker(cx, light_name, &fields);
    if !matches!(name, "Sun" | "Point" | "Spot") {
        return lamp::lamp(cx, name, &fields, node);
    }
    let color = fields.or(cx, "color", grey(1.0), dist::color);
    let shadows = fields.or(cx, "shadows", true, Context::bool);
    let kind = match name {
        "Sun" => LightKind::Sun,
        "Point" => LightKind::Point,
        _ => LightKind::Spot,
    };
    let shadowed = shadows.unwrap_or(true);
    cx.findings.lights.push(LightFacts { kind, shadows: shadowed, count: 1, span: node.span });
    if name == "Sun" {
        let elevation = fields.need(cx, "elevation", |cx, node| scalar(cx, node, ELEVATION));
        let azimuth = fields.need(cx, "azimuth", |cx, node| scalar(cx, node, Limits::ANY));
        let illuminance = fields.need(cx, "illuminance", |cx, node| scalar(cx, node, Limits::NOT_NEGATIVE));
        let angular_diameter =
            fields.or(cx, "angular_diameter", constant(SUN_DIAMETER), |cx, node| scalar(cx, node, DISC));
        return Some(LightRecipe::Sun {
            elevation: elevation?,
            azimuth: azimuth?,
            illuminance: illuminance?,
            angular_diameter: angular_diameter?,
            color: color?,
            shadows: shadows?,
        });
    }
    let position = fields.need(cx, "position", dist::vector);
    let flux = fields.need(cx, "flux", |cx, node| scalar(cx, node, Limits::NOT_NEGATIVE));
    if name == "Point" {
        return Some(LightRecipe::Point { position: position?, flux: flux?, color: color?, shadows: shadows? });
    }
    let target = fields.need(cx, "target", dist::vector);
    let angle = fields.need(cx, "angle", |cx, node| scalar(cx, node, CONE));
    let angle = angle.filter(|angle| !shadows.unwrap_or(false) || casts_shadows(cx, &fields, angle));
    let blend = fields.or(cx, "blend", constant(0.15), |cx, node| scalar(cx, node, Limits::SHARE));
    if let (Some(position), Some(target)) = (&position, &target) {
        super::camera::apart(
            cx,
            &fields,
            ("position", position),
            ("target", target),
            "a spot light may not sit in its target",
        );
    }
    Some(LightRecipe::Spot {
        position: position?,
        target: target?,
        flux: flux?,
        angle: angle?,
        blend: blend?,
        color: color?,
        shadows: shadows?,
    })
}

/// Reports a cone that is too wide for shadows.
pub(super) fn casts_shadows(cx: &mut Context, fields: &Fields<'_>, angle: &Scalar) -> bool {
    let most = support(angle).1;
    if most <= WIDEST_SHADOWED_SPOT {
        return true;
    }
    if let Some(node) = fields.get("angle") {
        let message =
            format!("a spot with shadows opens at most {WIDEST_SHADOWED_SPOT} degrees, and this reaches {most}");
        cx.push(Problem::at(node.span, message).help("make `angle` smaller, or write `shadows: false`"));
    }
    false
}

/// What is there when the recipe says nothing: an even sRGB mid grey.
pub(super) fn default_environment() -> Varied<EnvironmentRecipe> {
    let color = Varied::One(ColorRecipe::Rgb([0.5; 3].map(constant)));
    Varied::One(EnvironmentRecipe::Color { color, strength: constant(1.0) })
}

/// Decodes the environment.
pub(super) fn environment(cx: &mut Context, node: &Node) -> Option<Varied<EnvironmentRecipe>> {
    dist::varied(cx, node, &one_environment)
}

fn one_environment(cx: &mut Context, node: &Node) -> Option<EnvironmentRecipe> {
    let (name, fields) = variant(cx, node, &ENVIRONMENT)?;
    if name == "Sky" {
        cx.findings.suns_around = cx.findings.suns_around.max(1);
        return lamp::sky(cx, &fields).map(|sky| EnvironmentRecipe::Sky(Box::new(sky)));
    }
    let strength = fields.or(cx, "strength", constant(1.0), |cx, node| scalar(cx, node, Limits::NOT_NEGATIVE));
    match name {
        "Color" => {
            let color = fields.need(cx, "color", dist::color);
            Some(EnvironmentRecipe::Color { color: color?, strength: strength? })
        }
        "Hdri" => {
            let path = fields.need(cx, "path", |cx, node| file(cx, node, AssetKind::Sky));
            let yaw = fields.or(cx, "yaw", constant(0.0), |cx, node| scalar(cx, node, Limits::ANY));
            let shadows = fields.or(cx, "shadows", true, Context::bool);
            cx.findings.suns_around =
                cx.findings.suns_around.max(if shadows == Some(true) { MOST_SKY_SUNS } else { 0 });
            Some(EnvironmentRecipe::Hdri { path: path?, yaw: yaw?, strength: strength?, shadows: shadows? })
        }
        _ => {
            let sky = fields.need(cx, "sky", dist::color);
            let ground = fields.need(cx, "ground", dist::color);
            Some(EnvironmentRecipe::Gradient { sky: sky?, ground: ground?, strength: strength? })
        }
    }
}

/// Decodes what is seen behind everything.
pub(super) fn background(cx: &mut Context, node: &Node) -> Option<Varied<BackgroundRecipe>> {
    dist::varied(cx, node, &|cx, node| {
        let (name, fields) = variant(cx, node, &BACKGROUND)?;
        match name {
            "Environment" => Some(BackgroundRecipe::Environment),
            "Color" => fields.need(cx, "color", dist::color).map(BackgroundRecipe::Color),
            _ => {
                let path = fields.need(cx, "path", |cx, node| file(cx, node, AssetKind::Texture));
                let mirrored = fields.or(cx, "mirrored", constant(0.0), |cx, node| match node.kind {
                    Kind::Bool(value) => Some(constant(f64::from(u8::from(value)))),
                    _ => scalar(cx, node, Limits::SHARE),
                });
                Some(BackgroundRecipe::Image { path: path?, mirrored: mirrored? })
            }
        }
    })
}

/// The path of a file, or a choice of paths.
fn file(cx: &mut Context, node: &Node, kind: AssetKind) -> Option<Varied<String>> {
    dist::varied(cx, node, &|cx, node| asset(cx, node, kind))
}
