//! Patterns, and what they do to a material: its fields, and its layers.

mod coat;
mod pattern;
mod words;

pub(super) use coat::{is_map, is_tint, misplaced};

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::super::diagnostics::{Problem, Span, quoted};
use super::super::dist::Number;
use super::super::syntax::{Kind as Is, Node};
use super::super::{Scalar, Varied};
use super::Context;
use super::fields::{Fields, Form, Variants};
use super::number::{Limits, constant, scalar, support, whole};
use crate::paint::{
    Area, CoatRecipe, DEFAULT_RESOLUTION, LayerRecipe, MOST_VARIANTS, PaintRecipe, RESOLUTIONS, Touched, Value,
    ValueRecipe, affordable, touched,
};

const LAYER: Form = Form::noun(
    "a layer",
    &[],
    &["mask", "area", "base_color", "alpha", "roughness", "metallic", "emission", "height", "layers"],
);

const AREA: Form = Form {
    name: "",
    what: "an area (u, v, width, height)",
    required: &["u", "v", "width", "height"],
    optional: &["rotation"],
    positional: true,
};

pub(super) const NOUNS: &[&Form] = &[&LAYER, &AREA];
pub(super) const VARIANTS: &[&Variants] = &[&pattern::PATTERN, &coat::TINT, &coat::VALUE, &words::WORDS];

/// Heights, in sides of the tile.
const HEIGHT: Limits = Limits::new(-1.0, 1.0, "from -1 to 1 (sides of the tile)", true);
/// Lists of layers and stops are no longer.
const LONGEST: usize = 256;
/// Layers and patterns nest no deeper.
const DEEPEST: usize = 16;

/// What a material says with patterns. `None` in a field means nothing.
pub(super) struct Painted {
    pub(super) paint: Option<PaintRecipe>,
    pub(super) touched: Touched,
}

/// The patterns of a material by name, for references.
struct Names<'n> {
    nodes: Rc<BTreeMap<&'n str, &'n Node>>,
    /// Which are referred to.
    used: BTreeSet<String>,
    depth: usize,
}

fn word(node: &Node) -> &str {
    match &node.kind {
        Is::Group(group) => group.name.as_ref().map_or("", |name| &name.text),
        _ => "",
    }
}

/// Decodes what a material says with patterns.
pub(super) fn paint(cx: &mut Context, fields: &Fields<'_>) -> Option<Painted> {
    let mut nodes = BTreeMap::new();
    if let Some(Node { kind: Is::Map(entries), .. }) = fields.get("patterns") {
        for (key, value) in entries {
            if let Is::Text(name) = &key.kind {
                nodes.entry(name.as_str()).or_insert(value);
            }
        }
    }
    let mut names = Names { nodes: Rc::new(nodes), used: BTreeSet::new(), depth: 0 };
    let resolution = fields.or(cx, "resolution", DEFAULT_RESOLUTION, |cx, node| {
        const SIDE: Limits = Limits {
            whole: true,
            ..Limits::new(RESOLUTIONS.0 as f64, RESOLUTIONS.1 as f64, "from 16 to 4096 texels", true)
        };
        whole(cx, node, SIDE)
    });
    let mut of = Of { cx, names: &mut names };
    let patterns = of.patterns(fields);
    let base = of.base(fields);
    let layers = of.layers_of(fields);
    let (resolution, patterns, base, layers) = (resolution?, patterns?, base?, layers?);
    let touched = touched(&base, &layers);
    if touched == Touched::default() {
        for name in ["patterns", "resolution", "layers"] {
            if let Some(node) = fields.get(name) {
                let idle = Problem::at(node.span, format!("`{name}` does nothing: no pattern changes this material"));
                cx.push(
                    idle.warning().help("use one: base_color: Ramp(Noise(8), [Hex(\"#553311\"), Hex(\"#aa7744\")])"),
                );
            }
        }
        return Some(Painted { paint: None, touched });
    }
    if let Some(Node { kind: Is::Map(entries), .. }) = fields.get("patterns") {
        for (key, _) in entries {
            if let Is::Text(name) = &key.kind
                && !names.used.contains(name)
            {
                cx.push(Problem::at(key.span, format!("nothing uses the pattern \"{}\"", quoted(name))).warning());
            }
        }
    }
    let files = [
        (touched.base_color || touched.alpha, "base_color_texture", "base_color: Picture(\"...\")"),
        (touched.height, "normal_texture", "height: Map(Image(\"...\"), 0, 0.01)"),
    ];
    for (is_painted, name, instead) in files {
        if let (true, Some(node)) = (is_painted, fields.get(name)) {
            let problem = Problem::at(node.span, format!("`{name}` would be hidden by what is painted"));
            cx.push(problem.help(format!("remove it, or paint it: {instead}")));
            return None;
        }
    }
    let paint = PaintRecipe { resolution, patterns, base, layers };
    if let Err(reason) = affordable(paint.cost(), resolution) {
        let place = fields.get("resolution").map_or(fields.head, |node| node.span);
        cx.push(Problem::at(place, reason).help("lower `resolution`, or use fewer patterns"));
        return None;
    }
    Some(Painted { paint: Some(paint), touched })
}

/// Decodes `variants`.
pub(super) fn variants(cx: &mut Context, node: &Node) -> Option<u32> {
    const COUNT: Limits = Limits { whole: true, ..Limits::new(1.0, MOST_VARIANTS as f64, "from 1 to 100000", true) };
    whole(cx, node, COUNT)
}

/// What a painted alpha can be, as a number that varies so.
pub(super) fn alpha_support(paint: &PaintRecipe, plain: &Scalar) -> Scalar {
    fn join<'a>(layers: &'a [LayerRecipe], found: &mut Vec<&'a ValueRecipe>) {
        for layer in layers {
            found.extend(&layer.coat.alpha);
            join(&layer.layers, found);
        }
    }
    let mut found: Vec<&ValueRecipe> = paint.base.alpha.iter().collect();
    join(&paint.layers, &mut found);
    let (mut min, mut max) = if paint.base.alpha.is_some() { (1.0_f64, 0.0_f64) } else { support(plain) };
    for value in found {
        let ends = match value {
            Value::Plain(one) => vec![support(one)],
            Value::Map { from, to, .. } => vec![support(from), support(to)],
        };
        for (low, high) in ends {
            (min, max) = (min.min(low), max.max(high));
        }
    }
    Varied::One(Number::Uniform { min, max })
}

/// Decoding with the names at hand.
struct Of<'c, 'n, 'o> {
    cx: &'c mut Context,
    names: &'o mut Names<'n>,
}

impl<'n> Of<'_, 'n, '_> {
    fn layers_of(&mut self, fields: &Fields<'n>) -> Option<Vec<LayerRecipe>> {
        let names = &mut *self.names;
        fields.or(self.cx, "layers", Vec::new(), |cx, node| Of { cx, names }.layers(node))
    }

    fn layers(&mut self, node: &'n Node) -> Option<Vec<LayerRecipe>> {
        let Is::List(items) = &node.kind else {
            self.cx.wrong_type(
                node,
                "a list of layers in `[ ]`",
                Some("write [(mask: Rust(0.3), roughness: 0.9)]".into()),
            );
            return None;
        };
        if items.len() > LONGEST {
            self.cx.push(Problem::at(node.span, format!("there are at most {LONGEST} layers")));
            return None;
        }
        if !self.deeper(node.span) {
            return None;
        }
        let layers: Vec<_> = items.iter().map(|item| self.layer(item)).collect();
        self.names.depth -= 1;
        layers.into_iter().collect()
    }

    /// One step down; where that is too deep, says so.
    fn deeper(&mut self, span: Span) -> bool {
        if self.names.depth >= DEEPEST {
            self.cx.push(Problem::at(span, format!("patterns and layers nest at most {DEEPEST} deep")));
            return false;
        }
        self.names.depth += 1;
        true
    }

    fn layer(&mut self, node: &'n Node) -> Option<LayerRecipe> {
        let fields = Fields::of_noun(self.cx, node, &LAYER)?;
        let names = &mut *self.names;
        let cx = &mut *self.cx;
        let mask =
            fields.or(cx, "mask", pattern::plain_pattern(constant(1.0)), |cx, node| Of { cx, names }.pattern(node));
        let area = fields.maybe(cx, "area", area);
        let names = &mut *self.names;
        let mut tint = |cx: &mut Context, name| fields.maybe(cx, name, |cx, node| Of { cx, names }.tint(node));
        let (base_color, emission) = (tint(cx, "base_color"), tint(cx, "emission"));
        let names = &mut *self.names;
        let mut value =
            |cx: &mut Context, name, limits| fields.maybe(cx, name, |cx, node| Of { cx, names }.value(node, limits));
        let alpha = value(cx, "alpha", Limits::SHARE);
        let roughness = value(cx, "roughness", Limits::SHARE);
        let metallic = value(cx, "metallic", Limits::SHARE);
        let height = value(cx, "height", HEIGHT);
        let layers = self.layers_of(&fields);
        let coat = CoatRecipe {
            base_color: base_color?,
            alpha: alpha?,
            roughness: roughness?,
            metallic: metallic?,
            emission: emission?,
            height: height?,
        };
        let (mask, area, layers) = (mask?, area?, layers?);
        if touched(&coat, &layers) == Touched::default() {
            let idle = Problem::at(node.span, "this layer changes nothing");
            self.cx.push(
                idle.warning().help("give it a `base_color`, `roughness`, `metallic`, `emission`, `alpha` or `height`"),
            );
        }
        Some(LayerRecipe { mask, area, coat, layers })
    }
}

fn area(cx: &mut Context, node: &Node) -> Option<Area<Scalar>> {
    const PLACE: Limits = Limits::new(-1.0, 2.0, "from -1 to 2 (sides of the tile)", true);
    const SIDE: Limits = Limits::new(0.001, 2.0, "from 0.001 to 2 (sides of the tile)", true);
    let Is::Group(group) = &node.kind else {
        cx.wrong_type(node, AREA.what, Some("write (u: 0.5, v: 0.5, width: 0.4, height: 0.2)".into()));
        return None;
    };
    if let Some(name) = &group.name {
        let problem = Problem::at(name.span, format!("expected {} in plain parentheses", AREA.what));
        cx.push(problem.help(format!("remove `{}`", quoted(&name.text))));
        return None;
    }
    let fields = Fields::read(cx, group, node.span, &AREA);
    let number = |cx: &mut Context, name, limits| fields.need(cx, name, |cx, node| scalar(cx, node, limits));
    let (u, v) = (number(cx, "u", PLACE), number(cx, "v", PLACE));
    let (width, height) = (number(cx, "width", SIDE), number(cx, "height", SIDE));
    let rotation = fields.or(cx, "rotation", constant(0.0), |cx, node| scalar(cx, node, Limits::ANY));
    Some(Area { u: u?, v: v?, width: width?, height: height?, rotation: rotation? })
}
