//! Shapes made from numbers.

use std::collections::BTreeMap;

use super::super::diagnostics::{Problem, Span, quoted};
use super::super::dist::{RotationRecipe, VectorRecipe};
use super::super::syntax::{Kind, Node};
use super::super::{Scalar, ScaleRecipe, ShapeRecipe, Varied};
use super::fields::{Fields, Form, Variants, variant};
use super::number::{Limits, constant, plain_within, scalar, support, whole};
use super::{AssetKind, Context, Kinds, dist, object};
use crate::assets::Font;
use crate::make::text::Align;
use crate::make::{MAX_COPIES, MAX_POINTS, MAX_TEXT, MAX_TRIANGLES, Made, Member, Outline, Plant};

// Their forms; `object` lists them among all shapes.
pub(super) const SUPERELLIPSOID: Form = Form::variant("Superellipsoid", &["x", "y", "z"], &["vertical", "horizontal"]);
pub(super) const ROUNDED_BOX: Form = Form::variant("RoundedBox", &["x", "y", "z", "radius"], &[]);
pub(super) const ROUNDED_CYLINDER: Form = Form::variant("RoundedCylinder", &["radius", "height", "edge"], &[]);
pub(super) const TUBE: Form = Form::variant("Tube", &["outer", "inner", "height"], &[]);
pub(super) const LATHE: Form = Form::variant("Lathe", &["profile"], &["curve", "closed", "smooth", "segments"]);
pub(super) const EXTRUDE: Form =
    Form::variant("Extrude", &["outline", "height"], &["holes", "bevel", "twist", "taper", "smooth"]);
pub(super) const SWEEP: Form =
    Form::variant("Sweep", &["outline", "path"], &["curve", "closed", "taper", "twist", "smooth"]);
pub(super) const TEXT: Form = Form::variant("Text", &["text", "height", "depth"], &["bevel", "font", "align"]);
pub(super) const TERRAIN: Form =
    Form::variant("Terrain", &["x", "z", "height", "feature_size"], &["octaves", "resolution"]);
pub(super) const ROCK: Form = Form::variant("Rock", &["x", "y", "z"], &["roughness", "facets", "detail"]);
pub(super) const BLOB: Form =
    Form::variant("Blob", &["radius", "amplitude", "feature_size"], &["stretch", "octaves", "detail"]);
pub(super) const BONE: Form = Form::variant("Bone", &["length", "radius"], &["knob", "roughness"]);
pub(super) const DISPLACED: Form =
    Form::variant("Displaced", &["shape", "amplitude", "feature_size"], &["octaves", "detail"]);
pub(super) const PLANT: Form = Form::variant(
    "Plant",
    &["height", "stem_radius", "leaves", "leaf_length", "leaf_width"],
    &[
        "leaf_angle",
        "levels",
        "branches",
        "branch_angle",
        "branch_length",
        "bare",
        "droop",
        "variation",
        "stem_material",
        "leaf_material",
    ],
);
pub(super) const GROUP: Form = Form::variant("Group", &["parts"], &[]);
pub(super) const ARRAY: Form = Form::variant("Array", &["shape", "count", "step"], &[]);
pub(super) const RING: Form = Form::variant("Ring", &["shape", "count", "radius"], &[]);

const PART: Form = Form::noun("a part", &["shape"], &["material", "position", "rotation", "scale"]);

pub(super) const NOUNS: &[&Form] = &[&PART];

const OUTLINE: Variants = Variants {
    what: "an outline such as Circle(0.1)",
    forms: &[
        &Form::variant("Circle", &["radius"], &["x", "y"]),
        &Form::variant("Rectangle", &["width", "length"], &["radius", "turn", "x", "y"]),
        &Form::variant("RegularPolygon", &["sides", "radius"], &["turn", "x", "y"]),
        &Form::variant("Star", &["points", "outer", "inner"], &["turn", "x", "y"]),
        &Form::variant("Polygon", &["points"], &["curve"]),
    ],
};
const ALIGN: Variants = Variants {
    what: "`Left`, `Center` or `Right`",
    forms: &[&Form::variant("Left", &[], &[]), &Form::variant("Center", &[], &[]), &Form::variant("Right", &[], &[])],
};

pub(super) const VARIANTS: &[&Variants] = &[&OUTLINE, &ALIGN];

const PROFILE_POINT: Form =
    Form { name: "", what: "a point (r, y)", required: &["r", "y"], optional: &[], positional: true };
const PLANE_POINT: Form =
    Form { name: "", what: "a point (x, y)", required: &["x", "y"], optional: &[], positional: true };
const SPACE_POINT: Form =
    Form { name: "", what: "a point (x, y, z)", required: &["x", "y", "z"], optional: &[], positional: true };

const ROUNDNESS: Limits = Limits::new(0.05, 2.0, "from 0.05 to 2", true);
const SMOOTH: Limits = Limits::new(0.0, 180.0, "from 0 to 180 degrees", true);
const SEGMENTS: Limits = Limits { whole: true, ..Limits::new(3.0, 512.0, "from 3 to 512", true) };
const TWIST: Limits = Limits::new(-3600.0, 3600.0, "from -3600 to 3600 degrees", true);
const RATIO: Limits = Limits::new(0.01, 100.0, "from 0.01 to 100", true);
const OCTAVES: Limits = Limits { whole: true, ..Limits::new(1.0, 8.0, "from 1 to 8", true) };
const RESOLUTION: Limits = Limits { whole: true, ..Limits::new(1.0, 512.0, "from 1 to 512", true) };
const DETAIL: Limits = Limits { whole: true, ..Limits::new(2.0, 128.0, "from 2 to 128", true) };
const DIVISIONS: Limits = Limits { whole: true, ..Limits::new(1.0, 32.0, "from 1 to 32", true) };
const FACETS: Limits = Limits { whole: true, ..Limits::new(0.0, 200.0, "from 0 to 200", true) };
const SIDES: Limits = Limits { whole: true, ..Limits::new(3.0, 200.0, "from 3 to 200", true) };
const TIPS: Limits = Limits { whole: true, ..Limits::new(2.0, 200.0, "from 2 to 200", true) };
const COPIES: Limits = Limits { whole: true, ..Limits::new(1.0, MAX_COPIES, "from 1 to 1000", true) };
const LEVELS: Limits = Limits { whole: true, ..Limits::new(0.0, 3.0, "from 0 to 3", true) };
const LENGTHS: Limits = Limits::new(0.01, 2.0, "from 0.01 to 2", true);
const SHOOTS: Limits = Limits { whole: true, ..Limits::new(0.0, 100.0, "from 0 to 100", true) };
const GROWTH: Limits = Limits::new(0.0, 180.0, "from 0 to 180 degrees", true);
const BARE: Limits = Limits::new(0.0, 0.99, "from 0 to 0.99", true);
const DROOP: Limits = Limits::new(-2.0, 2.0, "from -2 to 2", true);
const KNOB: Limits = Limits::new(1.0, 5.0, "from 1 to 5", true);
const BUMPS: Limits = Limits::new(0.0, 0.5, "from 0 to 0.5", true);

/// Reads the fields of one shape.
struct Reader<'f, 'n> {
    cx: &'f mut Context,
    fields: &'f Fields<'n>,
}

impl Reader<'_, '_> {
    fn need(&mut self, name: &'static str, limits: Limits) -> Option<Scalar> {
        self.fields.need(self.cx, name, |cx, node| scalar(cx, node, limits))
    }

    fn size(&mut self, name: &'static str) -> Option<Scalar> {
        self.need(name, Limits::POSITIVE)
    }

    fn or(&mut self, name: &'static str, default: f64, limits: Limits) -> Option<Scalar> {
        self.fields.or(self.cx, name, constant(default), |cx, node| scalar(cx, node, limits))
    }

    fn sizes<const N: usize>(&mut self, names: [&'static str; N]) -> Option<[Scalar; N]> {
        dist::scalars(self.cx, self.fields, names, Limits::POSITIVE)
    }

    fn flag(&mut self, name: &'static str) -> Option<bool> {
        self.fields.or(self.cx, name, false, Context::bool)
    }

    fn whole(&mut self, name: &'static str, default: u32, limits: Limits) -> Option<u32> {
        self.fields.or(self.cx, name, default, |cx, node| whole(cx, node, limits))
    }

    /// An angle that may not vary, in radians.
    fn smooth(&mut self) -> Option<f64> {
        let degrees = self.fields.or(self.cx, "smooth", 35.0, |cx, node| plain_within(cx, node, SMOOTH))?;
        Some(degrees.to_radians())
    }

    fn outline(&mut self) -> Option<Outline<Scalar>> {
        self.fields.need(self.cx, "outline", outline)
    }

    fn shape(&mut self) -> Option<Varied<ShapeRecipe>> {
        self.fields.need(self.cx, "shape", |cx, node| dist::varied(cx, node, &object::shape))
    }

    /// The name of a material, or a choice of names.
    fn material(&mut self, name: &'static str) -> Option<Option<Varied<String>>> {
        self.fields.maybe(self.cx, name, |cx, node| {
            let refer = |cx: &mut Context, name: &str, span: Span| dist::refer(cx, Kinds::Material, name, span);
            dist::varied_text(cx, node, "the name of a material", &refer)
        })
    }

    /// Whether one number is always less than another; says so where it is not.
    fn is_less(&mut self, less: (&'static str, &Scalar), more: (&'static str, &Scalar)) -> bool {
        let (most, least) = (support(less.1).1, support(more.1).0);
        if most < least {
            return true;
        }
        if let (Some(small), Some(large)) = (self.fields.get(less.0), self.fields.get(more.0)) {
            let end = |value: f64| if value.is_finite() { value.to_string() } else { "any size".into() };
            let problem = Problem::at(small.span, format!("`{}` must always be less than `{}`", less.0, more.0))
                .label(small.span, format!("reaches {}", end(most)))
                .label(large.span, format!("can be as small as {}", end(least)));
            self.cx.push(problem);
        }
        false
    }
}

/// Decodes the shape called `name`.
pub(super) fn made(cx: &mut Context, name: &str, fields: &Fields<'_>) -> Option<Made<Scalar>> {
    let made = one(&mut Reader { cx: &mut *cx, fields }, name)?;
    if made.triangles() > MAX_TRIANGLES as f64 {
        let message = format!("this `{name}` may have more than {MAX_TRIANGLES} triangles");
        cx.push(Problem::at(fields.head, message).help("ask for fewer points, segments, leaves or copies"));
        return None;
    }
    if let Some(reason) = made.fault() {
        cx.push(Problem::at(fields.head, reason));
        return None;
    }
    Some(made)
}

/// Everything is read before the first mistake ends it, so that all mistakes are found.
fn one(r: &mut Reader<'_, '_>, name: &str) -> Option<Made<Scalar>> {
    Some(match name {
        "Superellipsoid" => {
            let size = r.sizes(["x", "y", "z"]);
            let (vertical, horizontal) = (r.or("vertical", 1.0, ROUNDNESS), r.or("horizontal", 1.0, ROUNDNESS));
            Made::Superellipsoid { size: size?, vertical: vertical?, horizontal: horizontal? }
        }
        "RoundedBox" => {
            let (size, radius) = (r.sizes(["x", "y", "z"]), r.size("radius"));
            Made::RoundedBox { size: size?, radius: radius? }
        }
        "RoundedCylinder" => {
            let [radius, height, edge] = r.sizes(["radius", "height", "edge"])?;
            Made::RoundedCylinder { radius, height, edge }
        }
        "Tube" => {
            let [outer, inner, height] = r.sizes(["outer", "inner", "height"])?;
            r.is_less(("inner", &inner), ("outer", &outer)).then_some(())?;
            Made::Tube { outer, inner, height }
        }
        "Lathe" => {
            let profile = r.fields.need(r.cx, "profile", |cx, node| {
                points(cx, node, &PROFILE_POINT, ["r", "y"], [Limits::NOT_NEGATIVE, Limits::ANY], 2)
            });
            let (curve, closed, smooth) = (r.flag("curve"), r.flag("closed"), r.smooth());
            let segments = r.whole("segments", 48, SEGMENTS);
            Made::Lathe { profile: profile?, curve: curve?, closed: closed?, smooth: smooth?, segments: segments? }
        }
        "Extrude" => {
            let (outline, height) = (r.outline(), r.size("height"));
            let holes = r.fields.or(r.cx, "holes", Vec::new(), |cx, node| list(cx, node, "an outline", 0, outline_of));
            let (bevel, twist) = (r.or("bevel", 0.0, Limits::NOT_NEGATIVE), r.or("twist", 0.0, TWIST));
            let (taper, smooth) = (r.or("taper", 1.0, RATIO), r.smooth());
            Made::Extrude {
                outline: outline?,
                holes: holes?,
                height: height?,
                bevel: bevel?,
                twist: twist?,
                taper: taper?,
                smooth: smooth?,
            }
        }
        "Sweep" => {
            let outline = r.outline();
            let path = r
                .fields
                .need(r.cx, "path", |cx, node| points(cx, node, &SPACE_POINT, ["x", "y", "z"], [Limits::ANY; 3], 2));
            let (curve, closed) = (r.flag("curve"), r.flag("closed"));
            let (taper, twist, smooth) = (r.or("taper", 1.0, RATIO), r.or("twist", 0.0, TWIST), r.smooth());
            Made::Sweep {
                outline: outline?,
                path: path?,
                curve: curve?,
                closed: closed?,
                taper: taper?,
                twist: twist?,
                smooth: smooth?,
            }
        }
        "Text" => {
            let own_font = r.fields.get("font").is_some();
            let text = r.fields.need(r.cx, "text", |cx, node| {
                dist::varied_text(cx, node, "a text", &|cx, text, span| letters(cx, text, span, own_font))
            });
            let sizes = r.sizes(["height", "depth"]);
            let bevel = r.or("bevel", 0.0, Limits::NOT_NEGATIVE);
            let font = r.fields.maybe(r.cx, "font", |cx, node| object::asset(cx, node, AssetKind::Font));
            let align = r.fields.or(r.cx, "align", Align::Center, |cx, node| {
                Some(match variant(cx, node, &ALIGN)?.0 {
                    "Left" => Align::Left,
                    "Right" => Align::Right,
                    _ => Align::Center,
                })
            });
            let [height, depth] = sizes?;
            Made::Text { text: text?, height, depth, bevel: bevel?, font: font?, align: align? }
        }
        "Terrain" => {
            let size = r.sizes(["x", "z"]);
            let (height, feature_size) = (r.need("height", Limits::NOT_NEGATIVE), r.size("feature_size"));
            let (octaves, resolution) = (r.whole("octaves", 5, OCTAVES), r.whole("resolution", 128, RESOLUTION));
            Made::Terrain {
                size: size?,
                height: height?,
                feature_size: feature_size?,
                octaves: octaves?,
                resolution: resolution?,
                seed: (),
            }
        }
        "Rock" => {
            let size = r.sizes(["x", "y", "z"]);
            let (roughness, facets) = (r.or("roughness", 0.5, Limits::SHARE), r.or("facets", 12.0, FACETS));
            let detail = r.whole("detail", 24, DETAIL);
            Made::Rock { size: size?, roughness: roughness?, facets: facets?, detail: detail?, seed: () }
        }
        "Blob" => {
            let (radius, amplitude) = (r.size("radius"), r.need("amplitude", Limits::NOT_NEGATIVE));
            let feature_size = r.size("feature_size");
            let one = || [constant(1.0), constant(1.0), constant(1.0)];
            let stretch = r.fields.or(r.cx, "stretch", one(), |cx, node| {
                let fields = dist::xyz(cx, node);
                let Some(fields) = fields else {
                    cx.wrong_type(node, "three numbers (x, y, z)", Some("write (1, 1, 1)".into()));
                    return None;
                };
                dist::scalars(cx, &fields?, ["x", "y", "z"], RATIO)
            });
            let (octaves, detail) = (r.whole("octaves", 2, OCTAVES), r.whole("detail", 24, DETAIL));
            let (radius, amplitude) = (radius?, amplitude?);
            r.is_less(("amplitude", &amplitude), ("radius", &radius)).then_some(())?;
            Made::Blob {
                radius,
                amplitude,
                feature_size: feature_size?,
                stretch: stretch?,
                octaves: octaves?,
                detail: detail?,
                seed: (),
            }
        }
        "Bone" => {
            let sizes = r.sizes(["length", "radius"]);
            let (knob, roughness) = (r.or("knob", 1.8, KNOB), r.or("roughness", 0.1, BUMPS));
            let [length, radius] = sizes?;
            Made::Bone { length, radius, knob: knob?, roughness: roughness?, seed: () }
        }
        "Displaced" => {
            let (shape, amplitude) = (r.shape(), r.need("amplitude", Limits::NOT_NEGATIVE));
            let (feature_size, octaves) = (r.size("feature_size"), r.whole("octaves", 3, OCTAVES));
            let detail = r.whole("detail", 4, DIVISIONS);
            Made::Displaced {
                shape: shape?,
                amplitude: amplitude?,
                feature_size: feature_size?,
                octaves: octaves?,
                detail: detail?,
                seed: (),
            }
        }
        "Plant" => {
            let sizes = r.sizes(["height", "stem_radius", "leaf_length", "leaf_width"]);
            let (leaves, leaf_angle) = (r.need("leaves", SHOOTS), r.or("leaf_angle", 55.0, GROWTH));
            let (levels, branches) = (r.whole("levels", 0, LEVELS), r.or("branches", 5.0, SHOOTS));
            let (branch_angle, branch_length) =
                (r.or("branch_angle", 50.0, GROWTH), r.or("branch_length", 0.6, LENGTHS));
            let (bare, droop) = (r.or("bare", 0.25, BARE), r.or("droop", 0.3, DROOP));
            let variation = r.or("variation", 0.4, Limits::SHARE);
            let (stem_material, leaf_material) = (r.material("stem_material"), r.material("leaf_material"));
            let [height, stem_radius, leaf_length, leaf_width] = sizes?;
            Made::Plant(Box::new(Plant {
                height,
                stem_radius,
                levels: levels?,
                branches: branches?,
                branch_angle: branch_angle?,
                branch_length: branch_length?,
                bare: bare?,
                leaves: leaves?,
                leaf_length,
                leaf_width,
                leaf_angle: leaf_angle?,
                droop: droop?,
                variation: variation?,
                stem_material: stem_material?,
                leaf_material: leaf_material?,
                seed: (),
            }))
        }
        "Group" => Made::Group(r.fields.need(r.cx, "parts", group)?),
        "Array" => {
            let shape = r.shape();
            let count = r.fields.need(r.cx, "count", |cx, node| three(cx, node, "counts (x, y, z)", COPIES));
            let step = r.fields.need(r.cx, "step", |cx, node| three(cx, node, "distances (x, y, z)", Limits::ANY));
            Made::Array { shape: shape?, count: count?, step: step? }
        }
        "Ring" => {
            let (shape, count, radius) = (r.shape(), r.need("count", COPIES), r.need("radius", Limits::NOT_NEGATIVE));
            Made::Ring { shape: shape?, count: count?, radius: radius? }
        }
        _ => return None,
    })
}

/// Three numbers that may vary.
fn three(cx: &mut Context, node: &Node, what: &str, limits: Limits) -> Option<[Scalar; 3]> {
    let Some(fields) = dist::xyz(cx, node) else {
        cx.wrong_type(node, what, Some("write (x, y, z), three numbers in parentheses".into()));
        return None;
    };
    dist::scalars(cx, &fields?, ["x", "y", "z"], limits)
}

/// A list of at least so many things.
fn list<T>(
    cx: &mut Context,
    node: &Node,
    what: &str,
    least: usize,
    one: impl Fn(&mut Context, &Node) -> Option<T>,
) -> Option<Vec<T>> {
    let Kind::List(items) = &node.kind else {
        cx.wrong_type(node, &format!("a list in `[ ]`, each {what}"), Some("write [.., .., ..]".into()));
        return None;
    };
    if !(least..=MAX_POINTS).contains(&items.len()) {
        let message =
            format!("`{}` needs from {least} to {MAX_POINTS} entries, and this has {}", cx.field(), items.len());
        cx.push(Problem::at(node.span, message));
        return None;
    }
    let read: Vec<Option<T>> = items.iter().map(|item| one(cx, item)).collect();
    read.into_iter().collect()
}

/// A list of points, each number of which may vary.
fn points<const N: usize>(
    cx: &mut Context,
    node: &Node,
    form: &'static Form,
    names: [&'static str; N],
    limits: [Limits; N],
    least: usize,
) -> Option<Vec<[Scalar; N]>> {
    list(cx, node, form.what, least, |cx, node| {
        let Kind::Group(group) = &node.kind else {
            cx.wrong_type(node, form.what, Some(format!("write ({})", names.join(", "))));
            return None;
        };
        if group.name.is_some() {
            cx.wrong_type(node, form.what, Some(format!("write ({}), without a word before it", names.join(", "))));
            return None;
        }
        let fields = Fields::read(cx, group, node.span, form);
        let mut all = Vec::with_capacity(N);
        for (name, limits) in names.into_iter().zip(limits) {
            all.push(fields.need(cx, name, |cx, node| scalar(cx, node, limits)));
        }
        all.into_iter().collect::<Option<Vec<_>>>()?.try_into().ok()
    })
}

fn outline_of(cx: &mut Context, node: &Node) -> Option<Outline<Scalar>> {
    outline(cx, node)
}

fn outline(cx: &mut Context, node: &Node) -> Option<Outline<Scalar>> {
    let (name, fields) = variant(cx, node, &OUTLINE)?;
    let mut r = Reader { cx, fields: &fields };
    if name == "Polygon" {
        let points =
            r.fields.need(r.cx, "points", |cx, node| points(cx, node, &PLANE_POINT, ["x", "y"], [Limits::ANY; 2], 3));
        let curve = r.flag("curve");
        return Some(Outline::Polygon { points: points?, curve: curve? });
    }
    let at = (r.or("x", 0.0, Limits::ANY), r.or("y", 0.0, Limits::ANY));
    let turn = if name == "Circle" { Some(constant(0.0)) } else { r.or("turn", 0.0, Limits::ANY) };
    Some(match name {
        "Circle" => {
            let radius = r.size("radius")?;
            Outline::Regular { sides: constant(0.0), radius, turn: turn?, at: [at.0?, at.1?] }
        }
        "Rectangle" => {
            let size = r.sizes(["width", "length"]);
            let radius = r.or("radius", 0.0, Limits::NOT_NEGATIVE);
            Outline::Rectangle { size: size?, radius: radius?, turn: turn?, at: [at.0?, at.1?] }
        }
        "RegularPolygon" => {
            let (sides, radius) = (r.need("sides", SIDES), r.size("radius"));
            Outline::Regular { sides: sides?, radius: radius?, turn: turn?, at: [at.0?, at.1?] }
        }
        _ => {
            let (points, outer, inner) = (r.need("points", TIPS), r.size("outer"), r.size("inner"));
            Outline::Star { points: points?, outer: outer?, inner: inner?, turn: turn?, at: [at.0?, at.1?] }
        }
    })
}

/// Whether a text can be shown. With a font of its own, that is not known by the text alone.
fn letters(cx: &mut Context, text: &str, span: Span, own_font: bool) {
    let shown = || text.chars().filter(|c| !c.is_whitespace());
    if shown().next().is_none() {
        cx.push(Problem::at(span, "this text has no letters to be seen"));
        return;
    }
    if text.chars().count() > MAX_TEXT {
        cx.push(Problem::at(span, format!("a text has at most {MAX_TEXT} characters")));
        return;
    }
    let font = Font::built_in();
    if let (false, Some(missing)) = (own_font, shown().find(|&c| !font.has(c))) {
        let message = format!("the font has no letter \"{}\"", quoted(&missing.to_string()));
        cx.push(Problem::at(span, message).help("name a font that has it: font: \"path.ttf\""));
    }
}

fn group(cx: &mut Context, node: &Node) -> Option<BTreeMap<String, Member<Scalar>>> {
    let (names, parts) = cx.named(node, "a part", |cx, _, node| {
        let fields = Fields::of_noun(cx, node, &PART)?;
        let mut r = Reader { cx, fields: &fields };
        let (shape, material) = (r.shape(), r.material("material"));
        let origin = [constant(0.0), constant(0.0), constant(0.0)];
        let origin = Varied::One(VectorRecipe::PerComponent(origin));
        let position = fields.or(cx, "position", origin, dist::vector);
        let unturned = Varied::One(RotationRecipe::Yaw(constant(0.0)));
        let rotation = fields.or(cx, "rotation", unturned, dist::rotation);
        let scale = fields.or(cx, "scale", ScaleRecipe::Uniform(constant(1.0)), object::scale);
        Some(Member { shape: shape?, material: material?, position: position?, rotation: rotation?, scale: scale? })
    });
    if names.is_empty() && parts.is_some() {
        cx.push(Problem::at(node.span, "a `Group` needs a part").help("write { \"name\": (shape: Sphere(0.1)) }"));
        return None;
    }
    if names.len() > MAX_POINTS {
        cx.push(Problem::at(node.span, format!("a `Group` has at most {MAX_POINTS} parts")));
        return None;
    }
    parts
}
