//! What patterns make of a surface: colours and numbers.

use super::super::super::diagnostics::{Problem, Span, quoted};
use super::super::super::dist::Number;
use super::super::super::syntax::{Kind as Is, Node};
use super::super::super::{ColorDist, Scalar, Varied};
use super::super::fields::{Fields, Form, Variants, variant};
use super::super::number::{Limits, constant, scalar};
use super::super::object::asset;
use super::super::{AssetKind, Context, dist};
use super::pattern::PATTERN;
use super::{HEIGHT, LONGEST, Of, word};
use crate::paint::{CoatRecipe, Tint, TintRecipe, Value, ValueRecipe, Words};

const RAMP: Form = Form::variant("Ramp", &["pattern", "stops"], &[]);
const PICTURE: Form = Form::variant("Picture", &["path"], &[]);
pub(super) const MAP: Form = Form::variant("Map", &["pattern", "from", "to"], &[]);
pub(super) const TINT: Variants = Variants { what: "a painted colour", forms: &[&RAMP, &PICTURE] };
pub(super) const VALUE: Variants = Variants { what: "a painted number", forms: &[&MAP] };

/// Whether a value of a colour field is painted rather than plain.
pub(in crate::recipe::decode) fn is_tint(node: &Node) -> bool {
    matches!(word(node), "Ramp" | "Picture")
}

/// Whether a number's value is painted rather than plain.
pub(in crate::recipe::decode) fn is_map(node: &Node) -> bool {
    word(node) == MAP.name
}

/// The field, where it is painted; the plain ones are the material's.
fn painted_field<'n>(fields: &Fields<'n>, name: &str, is: fn(&Node) -> bool) -> Option<&'n Node> {
    fields.get(name).filter(|node| is(node))
}

/// The fields of a material whose numbers patterns may give.
const PAINTED: [&str; 4] = ["alpha", "roughness", "metallic", "height"];

/// Reports a pattern, or what is made of patterns, that stands where a plain value of a material is to be; returns whether it was one.
/// `is_color` is whether that is a colour, and not a number.
pub(in crate::recipe::decode) fn misplaced(cx: &mut Context, node: &Node, is_color: bool) -> bool {
    if let (Is::Text(name), false, true) = (&node.kind, is_color, PAINTED.contains(&cx.field()))
        && cx.path.starts_with("materials.")
        && name.parse::<f64>().is_err()
    {
        let message = format!("`{}` takes a number, and this is a text", cx.field());
        let help = format!("write a number; a pattern of that name becomes one by Map(\"{}\", 0.2, 0.8)", quoted(name));
        cx.push(Problem::at(node.span, message).label(node.span, "not a number").help(help));
        return true;
    }
    let word = word(node);
    let is_pattern = PATTERN.forms.iter().any(|form| form.name == word) && !dist::is_choice(word);
    let (is_color_word, is_number_word) = (word == RAMP.name || word == PICTURE.name, word == MAP.name);
    if !cx.path.starts_with("materials.") || !(is_pattern || is_color_word || is_number_word) {
        return false;
    }
    let field = cx.field().to_owned();
    let what = if is_color { "a colour" } else { "a number" };
    let help = match is_color {
        true if matches!(field.as_str(), "base_color" | "emission") => match is_number_word || is_pattern {
            true => "a pattern becomes a colour by Ramp(pattern, [colour, colour]): Ramp(Noise(8), [Hex(\"#553311\"), Hex(\"#aa7744\")])",
            false => "a choice stands inside of it: Ramp(Choice([Checker(), Noise(8)]), [..]) or Picture(Choice([\"..\", \"..\"]))",
        }
        .to_owned(),
        false if PAINTED.contains(&field.as_str()) => match is_number_word {
            true => "a choice stands inside of it: Map(Choice([Checker(), Noise(8)]), 0.2, 0.8)".to_owned(),
            false => format!(
                "a pattern becomes a number by Map(pattern, from, to): {field}: Map(Noise(8), {})",
                if field == "height" { "0, 0.01" } else { "0.2, 0.8" }
            ),
        },
        _ => format!(
            "`{}` is the same all over a surface; patterns give `base_color` and `emission` (by `Ramp`), `alpha`, `roughness`, \
             `metallic` and `height` (by `Map`)",
            quoted(&field)
        ),
    };
    let message = match help.starts_with("a choice") {
        true => format!("`{word}` may not stand in a choice"),
        false if is_pattern => format!("`{}` takes {what}, and this is the pattern `{word}`", quoted(&field)),
        false => format!("`{}` takes {what}, and this is `{word}`", quoted(&field)),
    };
    cx.push(Problem::at(node.span, message).label(node.span, format!("not {what}")).help(help));
    true
}

impl<'n> Of<'_, 'n, '_> {
    /// The painted fields of a material itself.
    pub(super) fn base(&mut self, fields: &Fields<'n>) -> Option<CoatRecipe> {
        let names = &mut *self.names;
        let cx = &mut *self.cx;
        let mut tint = |cx: &mut Context, name: &'static str| match painted_field(fields, name, is_tint) {
            Some(node) => cx.within(name, node.span, |cx| Of { cx, names }.tint(node)).map(Some),
            None => Some(None),
        };
        let (base_color, emission) = (tint(cx, "base_color"), tint(cx, "emission"));
        let names = &mut *self.names;
        let mut value = |cx: &mut Context, name: &'static str, limits| match painted_field(fields, name, is_map) {
            Some(node) => cx.within(name, node.span, |cx| Of { cx, names }.value(node, limits)).map(Some),
            None => Some(None),
        };
        let alpha = value(cx, "alpha", Limits::SHARE);
        let roughness = value(cx, "roughness", Limits::SHARE);
        let metallic = value(cx, "metallic", Limits::SHARE);
        let names = &mut *self.names;
        let height = fields.maybe(cx, "height", |cx, node| Of { cx, names }.value(node, HEIGHT));
        Some(CoatRecipe {
            base_color: base_color?,
            alpha: alpha?,
            roughness: roughness?,
            metallic: metallic?,
            emission: emission?,
            height: height?,
        })
    }

    pub(super) fn value(&mut self, node: &'n Node, limits: Limits) -> Option<ValueRecipe> {
        let Is::Group(group) = &node.kind else { return scalar(self.cx, node, limits).map(Value::Plain) };
        if !is_map(node) {
            return scalar(self.cx, node, limits).map(Value::Plain);
        }
        let fields = Fields::read(self.cx, group, node.span, &MAP);
        let names = &mut *self.names;
        let pattern = fields.need(self.cx, "pattern", |cx, node| Of { cx, names }.pattern(node));
        let [from, to] = ["from", "to"].map(|name| fields.need(self.cx, name, |cx, node| scalar(cx, node, limits)));
        Some(Value::Map { pattern: pattern?, from: from?, to: to? })
    }

    pub(super) fn tint(&mut self, node: &'n Node) -> Option<TintRecipe> {
        if !is_tint(node) {
            return dist::color(self.cx, node).map(Tint::Plain);
        }
        let (name, fields) = variant(self.cx, node, &TINT)?;
        if name == PICTURE.name {
            return fields.need(self.cx, "path", path).map(Tint::Picture);
        }
        let names = &mut *self.names;
        let pattern = fields.need(self.cx, "pattern", |cx, node| Of { cx, names }.pattern(node));
        let stops = fields.need(self.cx, "stops", stops);
        Some(Tint::Ramp { pattern: pattern?, stops: stops? })
    }
}

pub(super) fn path(cx: &mut Context, node: &Node) -> Option<Words> {
    dist::varied(cx, node, &|cx, node| asset(cx, node, AssetKind::Texture)).map(Words::Text)
}

/// `[(0, colour), (1, colour)]`, or colours alone, which then lie evenly.
fn stops(cx: &mut Context, node: &Node) -> Option<Vec<(Scalar, ColorDist)>> {
    const EXAMPLE: &str = "write [(0, Hex(\"#553311\")), (1, Hex(\"#aa7744\"))]";
    let Is::List(items) = &node.kind else {
        cx.wrong_type(node, "a list of stops in `[ ]`", Some(EXAMPLE.into()));
        return None;
    };
    if !(1..=LONGEST).contains(&items.len()) {
        cx.push(Problem::at(node.span, format!("a ramp has from 1 to {LONGEST} stops")).help(EXAMPLE));
        return None;
    }
    let last = (items.len() - 1).max(1) as f64;
    let pair = |item: &Node| matches!(&item.kind, Is::Group(group) if group.name.is_none());
    let pairs = items.iter().any(pair);
    let mut before: Option<(f64, Span)> = None;
    let mut stops = Vec::with_capacity(items.len());
    let mut good = true;
    for (number, item) in items.iter().enumerate() {
        let args = match &item.kind {
            Is::Group(group) if pairs => group.args.as_deref().unwrap_or_default(),
            _ if pairs => &[],
            _ => {
                match dist::color(cx, item) {
                    Some(color) => stops.push((constant(number as f64 / last), color)),
                    None => good = false,
                }
                continue;
            }
        };
        let ([at, color], true) = (args, pair(item)) else {
            cx.wrong_type(item, "a pair (place, colour)", Some(EXAMPLE.into()));
            good = false;
            continue;
        };
        let (place, color) = (scalar(cx, &at.value, Limits::SHARE), dist::color(cx, &color.value));
        if let Some(Varied::One(Number::Const(place))) = place {
            if let Some((earlier, span)) = before
                && earlier > place
            {
                let problem = Problem::at(at.value.span, format!("the stop at {place} follows the one at {earlier}"));
                cx.push(problem.label(at.value.span, "lower").label(span, "higher").help("write them in rising order"));
                good = false;
            }
            before = Some((place, at.value.span));
        }
        match (place, color) {
            (Some(place), Some(color)) => stops.push((place, color)),
            _ => good = false,
        }
    }
    good.then_some(stops)
}
