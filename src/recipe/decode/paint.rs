//! Patterns, and what they do to a material.

use std::collections::{BTreeMap, BTreeSet};

use super::super::diagnostics::{Problem, Span, quoted};
use super::super::dist::Number;
use super::super::syntax::{Kind as Is, Node};
use super::super::{ColorDist, Scalar, Varied};
use super::fields::{Fields, Form, Variants, variant};
use super::number::{Limits, NUMBER, constant, scalar, support, whole};
use super::object::asset;
use super::{AssetKind, Context, dist, nearest};
use crate::paint::{
    Area, CoatRecipe, DEFAULT_RESOLUTION, Kind, LayerRecipe, MOST_VARIANTS, PaintRecipe, Param, ParamKind, Pattern,
    PatternRecipe, RESOLUTIONS, Tint, TintRecipe, Touched, Value, ValueRecipe, Words, affordable, touched,
};

const PATTERN: Variants = Variants {
    what: "a pattern such as Noise(8)",
    forms: &[
        &Form::variant("Noise", &[], &["scale", "stretch", "octaves", "gain", "seed"]),
        &Form::variant("Ridges", &[], &["scale", "stretch", "octaves", "gain", "seed"]),
        &Form::variant("Cells", &[], &["scale", "stretch", "jitter", "seed"]),
        &Form::variant("Cracks", &[], &["scale", "stretch", "width", "softness", "jitter", "seed"]),
        &Form::variant("Checker", &[], &["columns", "rows"]),
        &Form::variant("Stripes", &[], &["count", "share", "softness"]),
        &Form::variant("Bricks", &[], &["columns", "rows", "mortar", "offset", "bevel"]),
        &Form::variant("Wood", &[], &["rings", "waviness", "fibres", "seed"]),
        &Form::variant("Marble", &[], &["scale", "veins", "waviness", "seed"]),
        &Form::variant("Spots", &[], &["scale", "radius", "share", "softness", "seed"]),
        &Form::variant("Scratches", &[], &["scale", "share", "width", "angle", "spread", "seed"]),
        &Form::variant("Weave", &[], &["threads", "over", "gap"]),
        &Form::variant("Gradient", &[], &["angle"]),
        &Form::variant("Disc", &[], &["radius", "softness"]),
        &Form::variant("Rust", &[], &["amount", "scale", "softness", "seed"]),
        &Form::variant("Dirt", &[], &["amount", "scale", "softness", "seed"]),
        &Form::variant("Text", &["text"], &["aspect"]),
        &Form::variant("Barcode", &[], &["digits"]),
        &Form::variant("Image", &["path"], &[]),
        &Form::variant("Invert", &["pattern"], &[]),
        &Form::variant("Step", &["pattern"], &["at", "softness"]),
        &Form::variant("Levels", &["pattern"], &["low", "high", "gamma"]),
        &Form::variant("Product", &["a", "b"], &[]),
        &Form::variant("Max", &["a", "b"], &[]),
        &Form::variant("Min", &["a", "b"], &[]),
        &Form::variant("Mix", &["a", "b", "by"], &[]),
        &Form::variant("Warp", &["pattern"], &["amount", "scale", "seed"]),
        &Form::variant("Repeat", &["pattern"], &["u", "v"]),
        &Form::variant("Turned", &["pattern"], &[]),
        &Form::variant("Tones", &["pattern"], &["seed"]),
    ],
};
const RAMP: Form = Form::variant("Ramp", &["pattern", "stops"], &[]);
const PICTURE: Form = Form::variant("Picture", &["path"], &[]);
const MAP: Form = Form::variant("Map", &["pattern", "from", "to"], &[]);
const TINT: Variants = Variants { what: "a painted colour", forms: &[&RAMP, &PICTURE] };
const VALUE: Variants = Variants { what: "a painted number", forms: &[&MAP] };
const WORDS: Variants = Variants {
    what: "a text, a list of texts, or one made up such as Digits(6)",
    forms: &[
        &Form::variant("Digits", &["count"], &[]),
        &Form::variant("Code", &["code"], &[]),
        &Form::variant("Date", &[], &["from", "to"]),
        &dist::CHOICE,
        &dist::WEIGHTED,
    ],
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
pub(super) const VARIANTS: &[&Variants] = &[&PATTERN, &TINT, &VALUE, &WORDS];

/// Heights, in sides of the tile.
const HEIGHT: Limits = Limits::new(-1.0, 1.0, "from -1 to 1 (sides of the tile)", true);
/// Lists of layers and stops are no longer.
const LONGEST: usize = 256;
/// The longest printed text, bytes.
const LONGEST_TEXT: usize = 200;
/// Layers and patterns nest no deeper.
const DEEPEST: usize = 16;

/// What a material says with patterns. `None` in a field means nothing.
pub(super) struct Painted {
    pub(super) paint: Option<PaintRecipe>,
    pub(super) touched: Touched,
}

/// The patterns of a material by name, for references.
struct Names<'n> {
    nodes: BTreeMap<&'n str, &'n Node>,
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

/// Whether a value of a colour field is painted rather than plain.
pub(super) fn is_tint(node: &Node) -> bool {
    matches!(word(node), "Ramp" | "Picture")
}

/// Whether a number's value is painted rather than plain.
pub(super) fn is_map(node: &Node) -> bool {
    word(node) == MAP.name
}

/// The field, where it is painted; the plain ones are the material's.
fn painted_field<'n>(fields: &Fields<'n>, name: &str, is: fn(&Node) -> bool) -> Option<&'n Node> {
    fields.get(name).filter(|node| is(node))
}

/// Decodes what a material says with patterns.
pub(super) fn paint(cx: &mut Context, fields: &Fields<'_>) -> Option<Painted> {
    let mut names = Names { nodes: BTreeMap::new(), used: BTreeSet::new(), depth: 0 };
    if let Some(Node { kind: Is::Map(entries), .. }) = fields.get("patterns") {
        for (key, value) in entries {
            if let Is::Text(name) = &key.kind {
                names.nodes.entry(name).or_insert(value);
            }
        }
    }
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
    /// Named patterns, those first that others refer to.
    fn patterns(&mut self, fields: &Fields<'n>) -> Option<Vec<(String, PatternRecipe)>> {
        let Some(node) = fields.get("patterns") else { return Some(Vec::new()) };
        let names = std::cell::RefCell::new(&mut *self.names);
        let read = |cx: &mut Context, _: &str, node: &Node| {
            let mut names = names.borrow_mut();
            // A nested borrow of the tree: the same nodes, for as long as this call takes.
            let mut inner = Names { nodes: names.nodes.clone(), used: BTreeSet::new(), depth: 0 };
            let pattern = Of { cx, names: &mut inner }.pattern(node);
            names.used.extend(inner.used);
            pattern
        };
        let (places, found) = self.cx.within("patterns", node.span, |cx| cx.named(node, "a pattern", read));
        let mut left = found?;
        if left.len() > LONGEST {
            let many = Problem::at(node.span, format!("a material has at most {LONGEST} patterns"));
            self.cx.push(many);
            return None;
        }
        let mut order: Vec<(String, PatternRecipe)> = Vec::new();
        while !left.is_empty() {
            let free = |pattern: &PatternRecipe| refers(pattern).iter().all(|name| !left.contains_key(*name));
            let ready: Vec<String> =
                left.iter().filter(|(_, pattern)| free(pattern)).map(|(name, _)| name.clone()).collect();
            if ready.is_empty() {
                let circle: Vec<String> = left.keys().map(|name| format!("\"{}\"", quoted(name))).collect();
                let place = left.keys().find_map(|name| places.get(name)).copied().unwrap_or(node.span);
                let message = format!("these patterns refer to each other in a circle: {}", super::listed(&circle));
                self.cx.push(Problem::at(place, message).help("one of them has to stand alone"));
                return None;
            }
            for name in ready {
                if let Some(pattern) = left.remove(&name) {
                    order.push((name, pattern));
                }
            }
        }
        Some(order)
    }

    /// The painted fields of a material itself.
    fn base(&mut self, fields: &Fields<'n>) -> Option<CoatRecipe> {
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
        let mask = fields.or(cx, "mask", plain_pattern(constant(1.0)), |cx, node| Of { cx, names }.pattern(node));
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

    fn value(&mut self, node: &'n Node, limits: Limits) -> Option<ValueRecipe> {
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

    fn tint(&mut self, node: &'n Node) -> Option<TintRecipe> {
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

    fn pattern(&mut self, node: &'n Node) -> Option<PatternRecipe> {
        if !self.deeper(node.span) {
            return None;
        }
        let pattern = self.one_pattern(node);
        self.names.depth -= 1;
        pattern
    }

    fn one_pattern(&mut self, node: &'n Node) -> Option<PatternRecipe> {
        let is_number = NUMBER.forms.iter().any(|form| form.name == word(node));
        if is_number || matches!(node.kind, Is::Integer(_) | Is::Float(_)) {
            return scalar(self.cx, node, Limits::SHARE).map(plain_pattern);
        }
        if let Is::Text(name) = &node.kind {
            return self.reference(node, name);
        }
        let (word, fields) = variant(self.cx, node, &PATTERN)?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.word() == word)?;
        let mut good = true;
        let mut of = Vec::new();
        for name in kind.parts().iter().copied() {
            let names = &mut *self.names;
            match fields.need(self.cx, name, |cx, node| Of { cx, names }.pattern(node)) {
                Some(part) => of.push(part),
                None => good = false,
            }
        }
        let text = match kind {
            Kind::Text => fields.need(self.cx, "text", words).map(Some),
            Kind::Image => fields.need(self.cx, "path", path).map(Some),
            Kind::Barcode => fields.or(self.cx, "digits", Words::Ean13, barcode).map(Some),
            _ => Some(None),
        };
        let mut numbers = BTreeMap::new();
        for param in kind.params() {
            match fields.or(self.cx, param.name, param.default_dist(), |cx, node| scalar(cx, node, limits(param))) {
                Some(number) => drop(numbers.insert(param.name.to_owned(), number)),
                None => good = false,
            }
        }
        if let (Kind::Tones, Some(inner)) = (kind, fields.get("pattern"))
            && good
            && !self.has_cells(inner, DEEPEST)
        {
            let problem = Problem::at(inner.span, "`Tones` is of a pattern that has cells");
            let with: Vec<String> = Kind::ALL
                .into_iter()
                .filter(|kind| kind.has_cells())
                .map(|kind| format!("`{}`", kind.word()))
                .collect();
            self.cx.push(problem.help(format!("those are {}", with.join(", "))));
            return None;
        }
        let text = text?;
        good.then_some(Pattern { kind, numbers, text, of })
    }

    fn reference(&mut self, node: &Node, name: &str) -> Option<PatternRecipe> {
        if !self.names.nodes.contains_key(name) {
            let problem = Problem::at(node.span, format!("there is no pattern called \"{}\"", quoted(name)));
            let known = self.names.nodes.keys().copied();
            let help = match nearest(name, known) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => {
                    "a text is the name of one of the material's `patterns`; letters to print are Text(\"...\")".into()
                }
            };
            self.cx.push(problem.label(node.span, "not in `patterns`").help(help));
            return None;
        }
        self.names.used.insert(name.to_owned());
        Some(Pattern { kind: Kind::Named, numbers: BTreeMap::new(), text: Some(Words::plain(name)), of: Vec::new() })
    }

    /// Whether a pattern has cells, as far as its words say.
    fn has_cells(&self, node: &Node, depth: usize) -> bool {
        if depth == 0 {
            return false;
        }
        if let Is::Text(name) = &node.kind {
            return self.names.nodes.get(name.as_str()).is_some_and(|node| self.has_cells(node, depth - 1));
        }
        let Is::Group(group) = &node.kind else { return false };
        let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.word() == word(node)) else { return false };
        let first = group.args.iter().flatten().next();
        kind.has_cells() || !kind.parts().is_empty() && first.is_some_and(|arg| self.has_cells(&arg.value, depth - 1))
    }
}

fn refers(pattern: &PatternRecipe) -> Vec<&str> {
    let own = pattern.text.iter().filter(|_| pattern.kind == Kind::Named).map(AsRef::as_ref);
    own.chain(pattern.of.iter().flat_map(refers)).collect()
}

fn plain_pattern(value: Scalar) -> PatternRecipe {
    Pattern { kind: Kind::Plain, numbers: BTreeMap::from([("value".to_owned(), value)]), text: None, of: Vec::new() }
}

fn limits(param: &Param) -> Limits {
    let whole = matches!(param.kind, ParamKind::Whole | ParamKind::Even | ParamKind::Seed);
    Limits { whole, ..Limits::new(param.min, param.max, param.text, true) }
}

fn path(cx: &mut Context, node: &Node) -> Option<Words> {
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

/// A text, in whichever way it is said.
fn words(cx: &mut Context, node: &Node) -> Option<Words> {
    match &node.kind {
        Is::List(items) if items.len() <= LONGEST => {
            let all: Vec<_> = items.iter().map(|item| words(cx, item)).collect();
            all.into_iter().collect::<Option<Vec<_>>>().map(Words::Joined)
        }
        Is::Text(_) => text(cx, node),
        Is::Group(_) if dist::is_choice(word(node)) => text(cx, node),
        _ => {
            let (name, fields) = variant(cx, node, &WORDS)?;
            match name {
                "Digits" => {
                    const COUNT: Limits = Limits { whole: true, ..Limits::new(1.0, 40.0, "from 1 to 40", true) };
                    fields.need(cx, "count", |cx, node| whole(cx, node, COUNT)).map(Words::Digits)
                }
                "Code" => fields.need(cx, "code", |cx, node| {
                    let code = cx.text(node, "a text such as \"LOT-####\"")?;
                    short(cx, code, node.span).then(|| Words::Code(code.to_owned()))
                }),
                _ => {
                    const YEAR: Limits = Limits { whole: true, ..Limits::new(1.0, 9999.0, "from 1 to 9999", true) };
                    let [from, to] = [("from", 2020), ("to", 2030)]
                        .map(|(name, year)| fields.or(cx, name, year, |cx, node| whole(cx, node, YEAR)));
                    let (from, to) = (from?, to?);
                    if from > to {
                        let message = format!("the first year, {from}, is after the last one, {to}");
                        cx.push(Problem::at(fields.head, message).help("write the earlier year first"));
                        return None;
                    }
                    Some(Words::Date { from, to })
                }
            }
        }
    }
}

fn text(cx: &mut Context, node: &Node) -> Option<Words> {
    let long = std::cell::Cell::new(None);
    let text = dist::varied_text(cx, node, "a text", &|_, text, span| {
        if text.len() > LONGEST_TEXT {
            long.set(Some(span));
        }
    })?;
    if let Some(span) = long.get() {
        short(cx, &"x".repeat(LONGEST_TEXT + 1), span);
        return None;
    }
    Some(Words::Text(text))
}

fn short(cx: &mut Context, text: &str, span: Span) -> bool {
    let good = text.len() <= LONGEST_TEXT;
    if !good {
        cx.push(Problem::at(span, format!("a printed text has at most {LONGEST_TEXT} bytes")));
    }
    good
}

/// Twelve digits, to which the one that checks them is added, or all thirteen.
fn barcode(cx: &mut Context, node: &Node) -> Option<Words> {
    let digits = cx.text(node, "twelve or thirteen digits in quotes")?;
    let checked = match digits.len() {
        _ if !digits.bytes().all(|digit| digit.is_ascii_digit()) => None,
        12 => Some(crate::paint::with_check_digit(digits)),
        13 => Some(crate::paint::with_check_digit(&digits[..12])).filter(|all| all == digits),
        _ => None,
    };
    if checked.is_none() {
        let problem = Problem::at(node.span, format!("\"{}\" is not the number of an EAN-13 barcode", quoted(digits)));
        let help = match digits.get(..12).filter(|all| digits.len() == 13 && all.bytes().all(|d| d.is_ascii_digit())) {
            Some(first) => format!("its last digit checks the others: \"{}\"", crate::paint::with_check_digit(first)),
            None => "write twelve digits, or thirteen; or leave it out for random ones".into(),
        };
        cx.push(problem.help(help));
    }
    checked.map(|digits| Words::plain(&digits))
}
