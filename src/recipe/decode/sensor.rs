//! Lens effects, sensors, depth sensors, and how pictures are written.

use super::super::Scalar;
use super::super::diagnostics::Problem;
use super::super::syntax::Node;
use super::Context;
use super::fields::{Fields, Form, Variants, variant};
use super::number::{Limits, constant, scalar, support, whole};
use crate::scene::{ImageFormat, Subsampling};
use crate::sensor::{
    ACTIVE_STEREO, ActiveStereo, BITS, Bayer, DEFAULT_BITS, Demosaic, DepthSensor, OPTICS, Optics, Range, SENSOR,
    Sensor, TEMPERATURE, TIME_OF_FLIGHT, TimeOfFlight, WhiteBalance,
};

const OPTICS_FORM: Form = Form::noun(
    "a set of lens effects",
    &[],
    &["falloff", "vignetting", "chromatic_aberration", "flare", "flare_radius"],
);

pub(super) const NOUNS: &[&Form] = &[&OPTICS_FORM];

const SENSORS: Variants = Variants {
    what: "a sensor such as Sensor(iso: 400)",
    forms: &[&Form::variant(
        "Sensor",
        &[],
        &[
            "iso",
            "full_well",
            "read_noise",
            "dark_signal",
            "black_level",
            "headroom",
            "bits",
            "bayer",
            "demosaic",
            "white_balance",
            "saturation",
            "sharpening",
            "sharpening_radius",
        ],
    )],
};
const BAYER: Variants = Variants {
    what: "a Bayer pattern such as Rggb",
    forms: &[
        &Form::variant("Rggb", &[], &[]),
        &Form::variant("Bggr", &[], &[]),
        &Form::variant("Grbg", &[], &[]),
        &Form::variant("Gbrg", &[], &[]),
    ],
};
const DEMOSAIC: Variants = Variants {
    what: "`Bilinear` or `Malvar`",
    forms: &[&Form::variant("Bilinear", &[], &[]), &Form::variant("Malvar", &[], &[])],
};
const WHITE_BALANCE: Variants = Variants {
    what: "a white balance such as Kelvin(5000) or GreyWorld",
    forms: &[&Form::variant("Kelvin", &["temperature"], &[]), &Form::variant("GreyWorld", &[], &[])],
};
const DEPTH_SENSOR: Variants = Variants {
    what: "a depth sensor such as ActiveStereo(baseline: 0.05)",
    forms: &[
        &Form::variant(
            "ActiveStereo",
            &[],
            &["baseline", "disparity_noise", "disparity_step", "min", "max", "max_angle"],
        ),
        &Form::variant("TimeOfFlight", &[], &["noise", "blur", "step", "min", "max", "max_angle"]),
    ],
};
const FORMAT: Variants = Variants {
    what: "a format such as Png or Jpeg(90)",
    forms: &[
        &Form::variant("Png", &[], &[]),
        &Form::variant("Png16", &[], &[]),
        &Form::variant("Jpeg", &[], &["quality", "subsampling"]),
        &Form::variant("Exr", &[], &[]),
    ],
};
const SUBSAMPLING: Variants = Variants {
    what: "`Full` or `Quarter`",
    forms: &[&Form::variant("Full", &[], &[]), &Form::variant("Quarter", &[], &[])],
};

pub(super) const VARIANTS: &[&Variants] =
    &[&SENSORS, &BAYER, &DEMOSAIC, &WHITE_BALANCE, &DEPTH_SENSOR, &FORMAT, &SUBSAMPLING];

const QUALITY: Limits = Limits { whole: true, ..Limits::new(1.0, 100.0, "from 1 to 100", true) };
const DEFAULT_QUALITY: f64 = 90.0;

/// A number with a range of its own.
fn ranged(cx: &mut Context, fields: &Fields<'_>, range: &Range) -> Option<Scalar> {
    let limits = Limits::new(range.least, range.most, range.text, true);
    fields.or(cx, range.name, constant(range.default), |cx, node| scalar(cx, node, limits))
}

/// Decodes lens effects.
pub(super) fn optics(cx: &mut Context, node: &Node) -> Option<Box<Optics<Scalar>>> {
    let fields = Fields::of_noun(cx, node, &OPTICS_FORM)?;
    OPTICS.each(&mut |range, _| ranged(cx, &fields, range)).map(Box::new)
}

/// Decodes a sensor.
pub(super) fn sensor(cx: &mut Context, node: &Node) -> Option<Box<Sensor<Scalar>>> {
    if cx.bare_value(node, SENSORS.what, "write Sensor(iso: 400)") {
        return None;
    }
    let (_, fields) = variant(cx, node, &SENSORS)?;
    let numbers = SENSOR.each(&mut |range, _| ranged(cx, &fields, range));
    let limits = Limits { whole: true, ..Limits::new(BITS.0.into(), BITS.1.into(), "from 6 to 16", true) };
    let bits = fields.or(cx, "bits", DEFAULT_BITS, |cx, node| whole(cx, node, limits));
    let bayer = fields.maybe(cx, "bayer", |cx, node| {
        Some(match variant(cx, node, &BAYER)?.0 {
            "Rggb" => Bayer::Rggb,
            "Bggr" => Bayer::Bggr,
            "Grbg" => Bayer::Grbg,
            _ => Bayer::Gbrg,
        })
    });
    let demosaic = fields.or(cx, "demosaic", Demosaic::default(), |cx, node| {
        Some(if variant(cx, node, &DEMOSAIC)?.0 == "Bilinear" { Demosaic::Bilinear } else { Demosaic::Malvar })
    });
    let white_balance = fields.maybe(cx, "white_balance", |cx, node| {
        let help = "write Kelvin(5000): light of that temperature is to look white";
        if cx.bare_value(node, WHITE_BALANCE.what, help) {
            return None;
        }
        let (name, fields) = variant(cx, node, &WHITE_BALANCE)?;
        if name == "GreyWorld" {
            return Some(WhiteBalance::GreyWorld);
        }
        let limits = Limits::new(TEMPERATURE.least, TEMPERATURE.most, TEMPERATURE.text, true);
        fields.need(cx, TEMPERATURE.name, |cx, node| scalar(cx, node, limits)).map(WhiteBalance::Kelvin)
    });
    if let (Some(node), Some(None)) = (fields.get("demosaic"), &bayer) {
        let idle = Problem::at(node.span, "`demosaic` does nothing: every pixel of this sensor sees all colours");
        cx.push(idle.warning().help("add `bayer: Rggb`"));
    }
    Some(Box::new(Sensor {
        bits: bits?,
        bayer: bayer?,
        demosaic: demosaic?,
        white_balance: white_balance?,
        ..numbers?
    }))
}

/// Decodes a depth sensor.
pub(super) fn depth_sensor(cx: &mut Context, node: &Node) -> Option<Box<DepthSensor<Scalar>>> {
    let (name, fields) = variant(cx, node, &DEPTH_SENSOR)?;
    Some(Box::new(if name == "ActiveStereo" {
        let stereo: ActiveStereo<Scalar> = ACTIVE_STEREO.each(&mut |range, _| ranged(cx, &fields, range))?;
        in_reach(cx, &fields, &stereo.min, &stereo.max)?;
        DepthSensor::ActiveStereo(stereo)
    } else {
        let flight: TimeOfFlight<Scalar> = TIME_OF_FLIGHT.each(&mut |range, _| ranged(cx, &fields, range))?;
        in_reach(cx, &fields, &flight.min, &flight.max)?;
        DepthSensor::TimeOfFlight(flight)
    }))
}

/// Reports a sensor that measures nothing.
fn in_reach(cx: &mut Context, fields: &Fields<'_>, min: &Scalar, max: &Scalar) -> Option<()> {
    let (least, most) = (support(min).0, support(max).1);
    if least < most {
        return Some(());
    }
    let place = fields.get("min").or(fields.get("max")).map_or(fields.head, |node| node.span);
    let message = format!("this sensor measures nothing: `min` is {least} at least, and `max` {most} at most");
    cx.push(Problem::at(place, message).help("make `min` smaller, or `max` larger"));
    None
}

/// Decodes how pictures are written, with the quality of JPEGs.
pub(super) fn format(cx: &mut Context, node: &Node) -> Option<(ImageFormat, Option<Scalar>)> {
    let (name, fields) = variant(cx, node, &FORMAT)?;
    let format = match name {
        "Png" => ImageFormat::Png,
        "Png16" => ImageFormat::Png16,
        "Exr" => ImageFormat::Exr,
        _ => {
            let quality = fields.or(cx, "quality", constant(DEFAULT_QUALITY), |cx, node| scalar(cx, node, QUALITY));
            let subsampling = fields.or(cx, "subsampling", Subsampling::default(), |cx, node| {
                Some(if variant(cx, node, &SUBSAMPLING)?.0 == "Full" {
                    Subsampling::Full
                } else {
                    Subsampling::Quarter
                })
            });
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "90")]
            let usual = DEFAULT_QUALITY as u8;
            let format = ImageFormat::Jpeg { quality: usual, subsampling: subsampling? };
            return Some((format, Some(quality?)));
        }
    };
    Some((format, None))
}
