//! Area lights, rigs of lights, flicker, the sky, fog.

use super::super::diagnostics::Problem;
use super::super::syntax::Node;
use super::super::{
    AimRecipe, EmitterRecipe, FlickerRecipe, FogRecipe, LightRecipe, MOST_ROWS, RigRecipe, Scalar, SkyRecipe,
    SunPlaceRecipe, ThicknessRecipe, Varied,
};
use super::fields::{Fields, Form, Variants, variant};
use super::light::{CONE, ELEVATION, casts_shadows};
use super::material::grey;
use super::number::{Limits, constant, scalar, support};
use super::{Context, Kinds, LightFacts, LightKind, dist};
use crate::scene::PhysicalSky;

pub(super) const RECTANGLE: Form = Form::variant(
    "Rectangle",
    &["position", "target", "width", "height", "flux"],
    &["color", "shadows", "flicker", "when"],
);
pub(super) const DISC: Form =
    Form::variant("Disc", &["position", "target", "radius", "flux"], &["color", "shadows", "flicker", "when"]);
pub(super) const SPHERE: Form =
    Form::variant("Sphere", &["position", "radius", "flux"], &["color", "shadows", "flicker", "when"]);
pub(super) const TUBE: Form = Form::variant(
    "Tube",
    &["position", "direction", "length", "radius", "flux"],
    &["color", "shadows", "flicker", "when"],
);
pub(super) const KEY_FILL_RIM: Form = Form::variant(
    "KeyFillRim",
    &["target", "distance", "flux"],
    &["azimuth", "ratio", "rim", "spread", "elevation", "size", "color", "shadows", "flicker", "when"],
);
pub(super) const CEILING_PANELS: Form = Form::variant(
    "CeilingPanels",
    &["center", "width", "depth", "rows", "columns", "flux"],
    &["panel_width", "panel_depth", "color", "shadows", "flicker", "when"],
);
pub(super) const TORCH: Form =
    Form::variant("Torch", &["camera", "flux", "angle"], &["offset", "blend", "color", "shadows", "flicker", "when"]);
pub(super) const SKY: Form = Form::variant(
    "Sky",
    &[],
    &[
        "elevation",
        "azimuth",
        "turbidity",
        "ground",
        "strength",
        "latitude",
        "longitude",
        "day",
        "hour",
        "yaw",
        "shadows",
    ],
);

const FLICKER: Variants = Variants {
    what: "a flicker such as Flicker(frequency: 100, depth: 0.3)",
    forms: &[&Form::variant("Flicker", &["frequency", "depth"], &["phase"])],
};
const FOG: Variants = Variants {
    what: "a fog such as Fog(visibility: 50)",
    forms: &[&Form::variant("Fog", &[], &["visibility", "density", "color"]), &dist::CHOICE, &dist::WEIGHTED],
};

pub(super) const VARIANTS: &[&Variants] = &[&FLICKER, &FOG];

const HERTZ: Limits = Limits::new(0.0, 100_000.0, "from 0 to 100000 hertz", false);
const ROWS: Limits = Limits::new(1.0, MOST_ROWS as f64, "from 1 to 32", false);
const HOUR: Limits = Limits::new(0.0, 24.0, "from 0 to 24 hours", true);
const DAY: Limits = Limits::new(1.0, 366.0, "from 1 to 366", false);
const LONGITUDE: Limits = Limits::new(-180.0, 180.0, "from -180 to 180 degrees", true);
const TURBIDITY: Limits = Limits::new(PhysicalSky::TURBIDITY.0, PhysicalSky::TURBIDITY.1, "from 2 to 10", true);
/// Thinner fog is none, and thicker fog is a wall.
const VISIBILITY: Limits = Limits::new(0.01, 1e6, "from 0.01 to 1000000 metres", false);
const DENSITY: Limits = Limits::new(1e-6, 100.0, "from 0.000001 to 100 per metre", false);

/// Decodes the `flicker` of a light, whatever its kind.
pub(super) fn note_flicker(cx: &mut Context, light: &str, fields: &Fields<'_>) {
    if !fields.has("flicker") {
        return;
    }
    let found = fields.maybe(cx, "flicker", |cx, node| {
        let (_, fields) = variant(cx, node, &FLICKER)?;
        let frequency = fields.need(cx, "frequency", |cx, node| scalar(cx, node, HERTZ));
        let depth = fields.need(cx, "depth", |cx, node| scalar(cx, node, Limits::SHARE));
        let phase = fields.maybe(cx, "phase", |cx, node| scalar(cx, node, Limits::ANY));
        Some(FlickerRecipe { frequency: frequency?, depth: depth?, phase: phase? })
    });
    if let Some(Some(flicker)) = found {
        cx.flicker.insert(light.to_owned(), flicker);
    }
}

/// Decodes an area light or a rig: what is neither a sun, a point nor a spot.
pub(super) fn lamp(cx: &mut Context, name: &str, fields: &Fields<'_>, node: &Node) -> Option<LightRecipe> {
    match name {
        "KeyFillRim" | "CeilingPanels" | "Torch" => {
            rig(cx, name, fields, node).map(|rig| LightRecipe::Rig(Box::new(rig)))
        }
        _ => area(cx, name, fields, node),
    }
}

fn note(cx: &mut Context, kind: LightKind, shadows: Option<bool>, node: &Node, count: usize) {
    cx.findings.lights.push(LightFacts { kind, shadows: shadows.unwrap_or(true), count, span: node.span });
}

fn positive(cx: &mut Context, fields: &Fields<'_>, name: &'static str) -> Option<Scalar> {
    fields.need(cx, name, |cx, node| scalar(cx, node, Limits::POSITIVE))
}

fn flux(cx: &mut Context, fields: &Fields<'_>) -> Option<Scalar> {
    fields.need(cx, "flux", |cx, node| scalar(cx, node, Limits::NOT_NEGATIVE))
}

fn number(cx: &mut Context, fields: &Fields<'_>, name: &'static str, default: f64, limits: Limits) -> Option<Scalar> {
    fields.or(cx, name, constant(default), |cx, node| scalar(cx, node, limits))
}

fn area(cx: &mut Context, name: &str, fields: &Fields<'_>, node: &Node) -> Option<LightRecipe> {
    let color = fields.or(cx, "color", grey(1.0), dist::color);
    let shadows = fields.or(cx, "shadows", true, Context::bool);
    note(cx, LightKind::Area, shadows, node, 1);
    let position = fields.need(cx, "position", dist::vector);
    let aim = match name {
        "Sphere" => Some(AimRecipe::None),
        "Tube" => fields.need(cx, "direction", |cx, node| {
            let direction = dist::vector(cx, node)?;
            let zero = Varied::One(super::super::dist::VectorRecipe::PerComponent([0.0; 3].map(constant)));
            if direction == zero {
                let problem = Problem::at(node.span, "a tube needs a direction to lie along, and (0, 0, 0) is none");
                cx.push(problem.help("write (1, 0, 0) for one that lies along x"));
                return None;
            }
            Some(AimRecipe::Along(direction))
        }),
        _ => fields.need(cx, "target", dist::vector).map(AimRecipe::Target),
    };
    if let (Some(position), Some(AimRecipe::Target(target))) = (&position, &aim) {
        let message = "an area light may not sit in its target";
        super::camera::apart(cx, fields, ("position", position), ("target", target), message);
    }
    let emitter = match name {
        "Rectangle" => {
            let (width, height) = (positive(cx, fields, "width"), positive(cx, fields, "height"));
            width.zip(height).map(|(width, height)| EmitterRecipe::Rectangle { width, height })
        }
        "Tube" => {
            let (length, radius) = (positive(cx, fields, "length"), positive(cx, fields, "radius"));
            length.zip(radius).map(|(length, radius)| EmitterRecipe::Tube { length, radius })
        }
        "Disc" => positive(cx, fields, "radius").map(|radius| EmitterRecipe::Disc { radius }),
        _ => positive(cx, fields, "radius").map(|radius| EmitterRecipe::Sphere { radius }),
    };
    let flux = flux(cx, fields);
    Some(LightRecipe::Area {
        emitter: emitter?,
        position: position?,
        aim: aim?,
        flux: flux?,
        color: color?,
        shadows: shadows?,
    })
}

fn rig(cx: &mut Context, name: &str, fields: &Fields<'_>, node: &Node) -> Option<RigRecipe> {
    let color = fields.or(cx, "color", grey(1.0), dist::color);
    let shadows = fields.or(cx, "shadows", true, Context::bool);
    let flux = flux(cx, fields);
    match name {
        "KeyFillRim" => {
            note(cx, LightKind::Area, shadows, node, 3);
            let target = fields.need(cx, "target", dist::vector);
            let distance = positive(cx, fields, "distance");
            let azimuth = number(cx, fields, "azimuth", 0.0, Limits::ANY);
            let ratio = number(cx, fields, "ratio", 3.0, Limits::POSITIVE);
            let rim = number(cx, fields, "rim", 0.7, Limits::NOT_NEGATIVE);
            let spread = number(cx, fields, "spread", 45.0, Limits::ANY);
            let elevation = number(cx, fields, "elevation", 40.0, ELEVATION);
            let size = number(cx, fields, "size", 0.6, Limits::POSITIVE);
            Some(RigRecipe::KeyFillRim {
                target: target?,
                distance: distance?,
                flux: flux?,
                azimuth: azimuth?,
                spread: spread?,
                elevation: elevation?,
                ratio: ratio?,
                rim: rim?,
                size: size?,
                color: color?,
                shadows: shadows?,
            })
        }
        "CeilingPanels" => {
            let center = fields.need(cx, "center", dist::vector);
            let (width, depth) = (positive(cx, fields, "width"), positive(cx, fields, "depth"));
            let mut count = |name| fields.need(cx, name, |cx, node| scalar(cx, node, ROWS));
            let (rows, columns) = (count("rows"), count("columns"));
            let panel_width = number(cx, fields, "panel_width", 0.6, Limits::POSITIVE);
            let panel_depth = number(cx, fields, "panel_depth", 0.6, Limits::POSITIVE);
            let (rows, columns) = (rows?, columns?);
            let most = support(&rows).1.round() * support(&columns).1.round();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to 1024")]
            note(cx, LightKind::Area, shadows, node, most.clamp(1.0, 1e4) as usize);
            Some(RigRecipe::CeilingPanels {
                center: center?,
                width: width?,
                depth: depth?,
                rows,
                columns,
                flux: flux?,
                panel_width: panel_width?,
                panel_depth: panel_depth?,
                color: color?,
                shadows: shadows?,
            })
        }
        _ => {
            note(cx, LightKind::Spot, shadows, node, 1);
            let camera = fields.need(cx, "camera", |cx, node| {
                let camera = cx.text(node, "the name of a camera")?;
                dist::refer(cx, Kinds::Camera, camera, node.span);
                Some(camera.to_owned())
            });
            let angle = fields.need(cx, "angle", |cx, node| scalar(cx, node, CONE));
            let angle = angle.filter(|angle| !shadows.unwrap_or(false) || casts_shadows(cx, fields, angle));
            let blend = number(cx, fields, "blend", 0.15, Limits::SHARE);
            let beside = super::super::dist::VectorRecipe::PerComponent([0.1, -0.1, 0.0].map(constant));
            let offset = fields.or(cx, "offset", Varied::One(beside), dist::vector);
            Some(RigRecipe::Torch {
                camera: camera?,
                flux: flux?,
                angle: angle?,
                offset: offset?,
                blend: blend?,
                color: color?,
                shadows: shadows?,
            })
        }
    }
}

/// Decodes a sky.
pub(super) fn sky(cx: &mut Context, fields: &Fields<'_>) -> Option<SkyRecipe> {
    const HELP: &str = "write Sky(elevation: 40, azimuth: 120), or Sky(latitude: 48, day: 172, hour: 15)";
    let mut maybe = |name, limits| fields.maybe(cx, name, |cx, node| scalar(cx, node, limits));
    let (elevation, azimuth) = (maybe("elevation", ELEVATION), maybe("azimuth", Limits::ANY));
    let (latitude, longitude) = (maybe("latitude", ELEVATION), maybe("longitude", LONGITUDE));
    let (day, hour) = (maybe("day", DAY), maybe("hour", HOUR));
    let turbidity = number(cx, fields, "turbidity", 3.0, TURBIDITY);
    let ground = fields.or(cx, "ground", grey(0.5), dist::color);
    let strength = number(cx, fields, "strength", 1.0, Limits::NOT_NEGATIVE);
    let yaw = number(cx, fields, "yaw", 0.0, Limits::ANY);
    let shadows = fields.or(cx, "shadows", true, Context::bool);
    let place = match (elevation?, azimuth?, latitude?, longitude?, day?, hour?) {
        (Some(elevation), Some(azimuth), None, None, None, None) => SunPlaceRecipe::Direction { elevation, azimuth },
        (None, None, Some(latitude), longitude, Some(day), Some(hour)) => {
            SunPlaceRecipe::Clock { latitude, longitude, day, hour }
        }
        (None, None, None, None, None, None) => {
            cx.push(Problem::at(fields.head, "`Sky` needs to know where the sun stands").help(HELP));
            return None;
        }
        _ => {
            let message =
                "`Sky` takes `elevation` and `azimuth`, or `latitude`, `day` and `hour` with or without `longitude`";
            cx.push(Problem::at(fields.head, message).help(HELP));
            return None;
        }
    };
    Some(SkyRecipe {
        sun: place,
        yaw: yaw?,
        turbidity: turbidity?,
        ground: ground?,
        strength: strength?,
        shadows: shadows?,
    })
}

/// Decodes fog.
pub(super) fn fog(cx: &mut Context, node: &Node) -> Option<Varied<FogRecipe>> {
    dist::varied(cx, node, &|cx, node| {
        let (_, fields) = variant(cx, node, &FOG)?;
        let visibility = fields.maybe(cx, "visibility", |cx, node| scalar(cx, node, VISIBILITY));
        let density = fields.maybe(cx, "density", |cx, node| scalar(cx, node, DENSITY));
        let color = fields.or(cx, "color", grey(1.0), dist::color);
        let thickness = match (visibility?, density?) {
            (Some(visibility), None) => ThicknessRecipe::Visibility(visibility),
            (None, Some(density)) => ThicknessRecipe::Density(density),
            (given, _) => {
                let message = match given.is_some() {
                    true => "`Fog` takes `visibility` or `density`, not both",
                    false => "`Fog` needs to know how thick it is",
                };
                let help = "write Fog(visibility: 50) for 50 metres; `density` is 3.912 over it";
                cx.push(Problem::at(fields.head, message).help(help));
                return None;
            }
        };
        Some(FogRecipe { thickness, color: color? })
    })
}
