//! Materials.

use super::super::diagnostics::Problem;
use super::super::dist::ColorRecipe;
use super::super::syntax::{Kind, Node};
use super::super::{ColorDist, MaterialRecipe, Scalar, Varied};
use super::dist;
use super::fields::{Fields, Form, Variants, variant};
use super::number::{Limits, constant, plain_within, scalar, support};
use super::object::asset;
use super::{AssetKind, Context, Kinds, paint};
use crate::scene::SurfaceLabels;

const MATERIAL: Form = Form::noun(
    "a material",
    &[],
    &[
        "base_color",
        "alpha",
        "base_color_texture",
        "metallic",
        "roughness",
        "emission",
        "emission_luminance",
        "normal_texture",
        "tiling",
        "alpha_mask",
        "double_sided",
        "unlit",
        "blend",
        "transmission",
        "translucency",
        "reflectance",
        "clearcoat",
        "clearcoat_roughness",
        "anisotropy",
        "anisotropy_angle",
        "labels",
        "height",
        "layers",
        "patterns",
        "resolution",
        "variants",
        "extends",
    ],
);
const SURFACE_LABELS: Variants = Variants {
    what: "`Solid` or `SeeThrough`",
    forms: &[&Form::variant("Solid", &[], &[]), &Form::variant("SeeThrough", &[], &[])],
};

/// Numbers that a pattern may give.
const PAINTED: [&str; 3] = ["alpha", "roughness", "metallic"];

pub(super) const NOUNS: &[&Form] = &[&MATERIAL];
pub(super) const VARIANTS: &[&Variants] = &[&SURFACE_LABELS];

/// Linear grey; 1 is white.
pub(super) fn grey(value: f64) -> ColorDist {
    Varied::One(ColorRecipe::Linear([value; 3].map(constant)))
}

/// Decodes a material.
pub(super) fn material(cx: &mut Context, node: &Node) -> Option<MaterialRecipe> {
    let fields = Fields::of_noun(cx, node, &MATERIAL)?;
    // What it extends is in it already: see `compose`.
    if let Some(node) = fields.get("extends") {
        let name = cx.text(node, "the name of a material");
        name.into_iter().for_each(|name| dist::refer(cx, Kinds::Material, name, node.span));
    }
    // A texture is shown as it is, what has none is light grey.
    let plain_color = if fields.get("base_color_texture").is_some() { 1.0 } else { 0.6 };
    // What is painted is read by `paint`.
    let share = |cx: &mut Context, name, default| match fields.get(name) {
        Some(node) if paint::is_map(node) && PAINTED.contains(&name) => Some(constant(default)),
        _ => fields.or(cx, name, constant(default), |cx, node| scalar(cx, node, Limits::SHARE)),
    };
    let color = |cx: &mut Context, name, default: f64| match fields.get(name) {
        Some(node) if paint::is_tint(node) => Some(grey(1.0)),
        _ => fields.or(cx, name, grey(default), dist::color),
    };
    let base_color = color(cx, "base_color", plain_color);
    let alpha = share(cx, "alpha", 1.0);
    let base_color_texture = fields.maybe(cx, "base_color_texture", texture);
    let metallic = share(cx, "metallic", 0.0);
    let roughness = share(cx, "roughness", 0.6);
    // A luminance alone glows white; a colour alone glows as brightly as a computer screen.
    let glows = fields.get("emission").is_some() || fields.get("emission_luminance").is_some();
    let painted = paint::paint(cx, &fields);
    let layers_glow =
        painted.as_ref().is_some_and(|painted| painted.touched.emission) && fields.get("emission").is_none();
    let emission = color(cx, "emission", if glows && !layers_glow { 1.0 } else { 0.0 });
    let glows = glows || layers_glow;
    let luminance = fields.or(cx, "emission_luminance", constant(if glows { 300.0 } else { 0.0 }), |cx, node| {
        scalar(cx, node, Limits::NOT_NEGATIVE)
    });
    let normal_texture = fields.maybe(cx, "normal_texture", texture);
    let tiling = fields.or(cx, "tiling", [constant(1.0), constant(1.0)], tiling);
    let alpha_mask = fields.maybe(cx, "alpha_mask", |cx, node| plain_within(cx, node, Limits::SHARE));
    let double_sided = fields.or(cx, "double_sided", false, Context::bool);
    let unlit = fields.or(cx, "unlit", false, Context::bool);
    let blend = fields.or(cx, "blend", false, Context::bool);
    let transmission = share(cx, "transmission", 0.0);
    let translucency = share(cx, "translucency", 0.0);
    let reflectance = share(cx, "reflectance", 0.5);
    let clearcoat = share(cx, "clearcoat", 0.0);
    let clearcoat_roughness = share(cx, "clearcoat_roughness", 0.0);
    let anisotropy = share(cx, "anisotropy", 0.0);
    let anisotropy_angle = fields.or(cx, "anisotropy_angle", constant(0.0), |cx, node| scalar(cx, node, Limits::ANY));
    let labels = fields.or(cx, "labels", SurfaceLabels::default(), |cx, node| {
        let solid = variant(cx, node, &SURFACE_LABELS)?.0 == "Solid";
        Some(if solid { SurfaceLabels::Solid } else { SurfaceLabels::SeeThrough })
    });
    let variants = fields.maybe(cx, "variants", paint::variants);
    let paint = painted.map(|painted| painted.paint);
    if let (Some(alpha), Some(blend), Some(transmission), Some(labels)) = (&alpha, blend, &transmission, labels) {
        let painted = paint.iter().flatten().find(|_| fields.get("base_color_texture").is_none());
        let alpha = painted.map_or_else(|| alpha.clone(), |painted| paint::alpha_support(painted, alpha));
        see_through(cx, &fields, &alpha, blend, transmission, labels);
    }
    Some(MaterialRecipe {
        base_color: base_color?,
        alpha: alpha?,
        base_color_texture: base_color_texture?,
        metallic: metallic?,
        roughness: roughness?,
        emission: emission?,
        emission_luminance: luminance?,
        normal_texture: normal_texture?,
        tiling: tiling?,
        alpha_mask: alpha_mask?,
        double_sided: double_sided?,
        unlit: unlit?,
        blend: blend?,
        transmission: transmission?,
        translucency: translucency?,
        reflectance: reflectance?,
        clearcoat: clearcoat?,
        clearcoat_roughness: clearcoat_roughness?,
        anisotropy: anisotropy?,
        anisotropy_angle: anisotropy_angle?,
        labels: labels?,
        paint: paint?.map(Box::new),
        variants: variants?,
    })
}

/// The least share of what is behind it that a surface lets through if labels see through it.
const LEAST_CLEAR: f64 = 0.1;

/// Reports what cannot be together among the ways in which a surface lets light through, and what has no effect.
fn see_through(
    cx: &mut Context,
    fields: &Fields<'_>,
    alpha: &Scalar,
    blend: bool,
    transmission: &Scalar,
    labels: SurfaceLabels,
) {
    let transmits = support(transmission).1 > 0.0;
    // A texture may have any alpha.
    let varies = support(alpha).0 < 1.0 || fields.get("base_color_texture").is_some();
    if let (true, Some(blend)) = (blend, fields.get("blend")) {
        if let Some(mask) = fields.get("alpha_mask") {
            let both = Problem::at(mask.span, "alpha either cuts out or blends, not both");
            let help = "for holes with sharp rims keep `alpha_mask`; for soft rims, smoke and stickers keep `blend`";
            cx.push(both.label(mask.span, "cuts out").label(blend.span, "blends").help(help));
        } else if let (true, Some(transmission)) = (transmits, fields.get("transmission")) {
            let both = Problem::at(transmission.span, "a surface either transmits or blends, not both");
            let help = "for glass, whose reflections stay, keep `transmission`; for what fades away keep `blend`";
            cx.push(both.label(transmission.span, "transmits").label(blend.span, "blends").help(help));
        } else if !varies && labels == SurfaceLabels::Solid {
            let idle = Problem::at(blend.span, "`blend` does nothing: alpha is 1 everywhere");
            cx.push(idle.warning().help("add `alpha: 0.5`, or a texture with an alpha channel"));
        }
    }
    // Whatever is drawn, something of what is behind has to be seen.
    let is_clear = support(transmission).0 >= LEAST_CLEAR
        || blend && (support(alpha).1 <= 1.0 - LEAST_CLEAR || fields.get("base_color_texture").is_some());
    if let (SurfaceLabels::SeeThrough, Some(place), false) = (labels, fields.get("labels"), is_clear) {
        let message = if transmits || (blend && varies) {
            "labels may not see through what may be drawn as good as opaque"
        } else {
            "labels may not see through what is opaque in the picture"
        };
        let help = format!(
            "write `transmission: 1` (always at least {LEAST_CLEAR}) for glass, or `blend: true, alpha: 0.5` (always at most {}), or \
             `labels: Solid`",
            1.0 - LEAST_CLEAR
        );
        cx.push(Problem::at(place.span, message).help(help));
    }
    if let (true, Some(node), Some(unlit)) = (transmits, fields.get("transmission"), fields.get("unlit"))
        && unlit.kind == Kind::Bool(true)
    {
        let both = Problem::at(node.span, "an unlit surface transmits nothing").label(unlit.span, "unlit");
        cx.push(both.help("remove `unlit`, or use `blend: true, alpha: 0.5`"));
    }
    if let (Some(alpha), None, false) = (fields.get("alpha"), fields.get("alpha_mask"), blend) {
        let idle = Problem::at(alpha.span, "`alpha` does nothing: the surface is opaque");
        cx.push(idle.warning().help("add `blend: true`, or `alpha_mask: 0.5` to cut out where alpha is below 0.5"));
    }
}

fn texture(cx: &mut Context, node: &Node) -> Option<Varied<String>> {
    dist::varied(cx, node, &|cx, node| asset(cx, node, AssetKind::Texture))
}

/// `tiling: 2` or `tiling: (2, 1)`.
fn tiling(cx: &mut Context, node: &Node) -> Option<[Scalar; 2]> {
    if let Kind::Group(group) = &node.kind
        && group.name.is_none()
    {
        let args = group.args.as_deref().unwrap_or_default();
        let [u, v] = args else {
            cx.wrong_type(node, "a number or a pair (u, v)", Some("write tiling: 2 or tiling: (4, 2)".into()));
            return None;
        };
        let (u, v) = (scalar(cx, &u.value, Limits::POSITIVE), scalar(cx, &v.value, Limits::POSITIVE));
        return Some([u?, v?]);
    }
    scalar(cx, node, Limits::POSITIVE).map(|both| [both.clone(), both])
}
