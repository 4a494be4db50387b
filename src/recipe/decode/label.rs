//! What is labelled, and how: outputs, rules for what is hardly seen, and categories with their keypoints.

use std::collections::{BTreeMap, BTreeSet};

use super::super::diagnostics::{Problem, Span, quoted};
use super::super::syntax::{Kind, Node};
use super::fields::{Fields, Form, Variants, variant};
use super::number::{Limits, plain_within, whole};
use super::{CategoryFacts, Context, KeypointsAsked, Kinds, nearest};
use crate::scene::{Below, Category, LabelSettings, NormalFrame, NormalSurface, Output, Way};

const LABELS: Form = Form::noun("a set of label rules", &[], &["min_visible_px", "min_visibility", "below"]);
const CATEGORY: Form = Form::noun("a category", &["id", "name"], &["supercategory", "stuff", "keypoints", "skeleton"]);

pub(super) const NOUNS: &[&Form] = &[&LABELS, &CATEGORY];

/// All of them at once; in a list it would hide what else is there.
const ALL: Form = Form::variant("All", &[], &[]);
const OUTPUTS: Variants = Variants { what: "`All` or a list of outputs such as [Ids, Depth]", forms: &[&ALL] };
const OUTPUT: Variants = Variants {
    what: "an output such as Depth",
    forms: &[
        &Form::variant("Ids", &[], &[]),
        &Form::variant("Semantic", &[], &[]),
        &Form::variant("Parts", &[], &[]),
        &Form::variant("Depth", &[], &[]),
        &Form::variant("Range", &[], &[]),
        &Form::variant("Normals", &[], &["frame", "surface"]),
        &Form::variant("Nocs", &[], &[]),
        &Form::variant("Position", &[], &[]),
        &Form::variant("Uv", &[], &[]),
        &Form::variant("Albedo", &[], &[]),
        &Form::variant("Roughness", &[], &[]),
        &Form::variant("Metallic", &[], &[]),
        &Form::variant("Emission", &[], &[]),
        &Form::variant("Amodal", &[], &[]),
        &Form::variant("Poses", &[], &[]),
        &Form::variant("Boxes3d", &[], &[]),
        &Form::variant("Keypoints", &[], &[]),
        &Form::variant("Panoptic", &[], &[]),
        &Form::variant("Flow", &[], &["way"]),
        &Form::variant("Occlusion", &[], &["way"]),
        &Form::variant("SceneFlow", &[], &["way"]),
        &Form::variant("Disparity", &[], &[]),
        &Form::variant("Tracks", &[], &[]),
        &Form::variant("Mot", &[], &[]),
    ],
};
const FRAME: Variants = Variants {
    what: "`Camera` or `World`",
    forms: &[&Form::variant("Camera", &[], &[]), &Form::variant("World", &[], &[])],
};
const SURFACE: Variants = Variants {
    what: "`Shaded` or `Geometric`",
    forms: &[&Form::variant("Shaded", &[], &[]), &Form::variant("Geometric", &[], &[])],
};
const WAY: Variants = Variants {
    what: "`Forward` or `Backward`",
    forms: &[&Form::variant("Forward", &[], &[]), &Form::variant("Backward", &[], &[])],
};
const BELOW: Variants = Variants {
    what: "`Keep`, `Mark` or `LeaveOut`",
    forms: &[&Form::variant("Keep", &[], &[]), &Form::variant("Mark", &[], &[]), &Form::variant("LeaveOut", &[], &[])],
};

pub(super) const VARIANTS: &[&Variants] = &[&OUTPUTS, &OUTPUT, &FRAME, &SURFACE, &WAY, &BELOW];

const MIN_PIXELS: Limits = Limits { whole: true, ..Limits::new(1.0, 999_999_999.0, "1 or more", true) };
/// COCO readers keep ids in signed 32-bit numbers.
const ID: Limits =
    Limits { whole: true, ..Limits::new(1.0, 999_999_999.0, "from 1 to 999999999 (0 is the background)", true) };

/// More keypoints per category than this are a mistake: each instance has them all.
const MOST_KEYPOINTS: usize = 1000;

/// Decodes `outputs` and `labels`.
pub(super) fn labels(cx: &mut Context, fields: &Fields<'_>, is_clip: bool) -> Option<LabelSettings> {
    let defaults = LabelSettings::default();
    cx.findings.keypoints_asked = KeypointsAsked::No(None);
    let outputs = fields.or(cx, "outputs", defaults.outputs, |cx, node| outputs(cx, node, is_clip));
    let rules = fields.or(cx, "labels", (defaults.min_visible_px, defaults.min_visibility, defaults.below), rules);
    let (outputs, (min_visible_px, min_visibility, below)) = (outputs?, rules?);
    Some(LabelSettings { outputs, min_visible_px, min_visibility, below })
}

/// The word that a node is, without parentheses.
fn bare_word(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::Group(group) if group.args.is_none() => group.name.as_ref().map(|name| name.text.as_str()),
        _ => None,
    }
}

fn outputs(cx: &mut Context, node: &Node, is_clip: bool) -> Option<BTreeSet<Output>> {
    cx.findings.keypoints_asked = KeypointsAsked::Unknown;
    let Kind::List(items) = &node.kind else {
        if bare_word(node) == Some(ALL.name) {
            cx.findings.keypoints_asked = KeypointsAsked::WithAll;
            // What a still cannot have is not asked of it.
            return Some(Output::ALL.into_iter().filter(|output| is_clip || !output.is_of_clips()).collect());
        }
        let word = match &node.kind {
            Kind::Group(group) => group.name.as_ref().map(|name| name.text.as_str()),
            Kind::Text(text) => Some(text.as_str()),
            _ => None,
        };
        let help = match word.and_then(|word| nearest(word, all_words())) {
            Some(near) if near == ALL.name => "write `outputs: All`".into(),
            Some(near) => format!("outputs stand in a list, also a single one: [{near}]"),
            None => "write `outputs: All`, or a list such as [Ids, Depth]".into(),
        };
        cx.wrong_type(node, OUTPUTS.what, Some(help));
        return None;
    };
    let mut places: BTreeMap<Output, Span> = BTreeMap::new();
    let mut good = true;
    for item in items {
        let Some(output) = output(cx, item) else {
            good = false;
            continue;
        };
        if output.is_of_clips() && !is_clip {
            let message = format!("the output {} tells of several frames, and these are stills", written(output));
            cx.push(Problem::at(item.span, message).help("add `clip: (frames: 24, rate: 24)` to the recipe"));
            good = false;
        }
        if let Some(first) = places.insert(output, item.span) {
            let message = format!("the output {} is listed twice", written(output));
            let mut problem = Problem::at(item.span, message).label(item.span, "again here").label(first, "first here");
            if matches!(output, Output::Normals { .. }) {
                problem = problem.help("what is left out of Normals(frame, surface) is `Camera` and `Shaded`");
            }
            cx.push(problem);
            good = false;
        }
    }
    if good {
        let place = places.get(&Output::Keypoints);
        cx.findings.keypoints_asked =
            place.map_or(KeypointsAsked::No(Some(node.span)), |place| KeypointsAsked::ByName(*place));
    }
    good.then(|| places.into_keys().collect())
}

/// Everything that may stand behind `outputs:`.
fn all_words() -> impl Iterator<Item = &'static str> {
    OUTPUTS.forms.iter().chain(OUTPUT.forms).map(|form| form.name)
}

/// How an output is written in a recipe.
fn written(output: Output) -> String {
    match output {
        Output::Normals { frame, surface } => format!("Normals({frame:?}, {surface:?})"),
        other => format!("{other:?}"),
    }
}

fn output(cx: &mut Context, node: &Node) -> Option<Output> {
    match bare_word(node) {
        Some("All") => {
            let alone = Problem::at(node.span, "`All` stands alone, not in a list");
            cx.push(alone.help("write `outputs: All`, or list what you want"));
            return None;
        }
        // As its folder is called.
        Some(word) => {
            if let Some(meant) = Output::ALL.into_iter().find(|output| output.name() == word) {
                let message = format!("expected {}, found `{word}`", OUTPUT.what);
                cx.push(Problem::at(node.span, message).help(format!("write {}", written(meant))));
                return None;
            }
        }
        None => {}
    }
    let (name, fields) = variant(cx, node, &OUTPUT)?;
    Some(match name {
        "Ids" => Output::Ids,
        "Semantic" => Output::Semantic,
        "Parts" => Output::Parts,
        "Depth" => Output::Depth,
        "Range" => Output::Range,
        "Normals" => {
            let frame = fields.or(cx, "frame", NormalFrame::default(), frame);
            let surface = fields.or(cx, "surface", NormalSurface::default(), |cx, node| {
                let shaded = variant(cx, node, &SURFACE)?.0 == "Shaded";
                Some(if shaded { NormalSurface::Shaded } else { NormalSurface::Geometric })
            });
            Output::Normals { frame: frame?, surface: surface? }
        }
        "Nocs" => Output::Nocs,
        "Position" => Output::Position,
        "Uv" => Output::Uv,
        "Albedo" => Output::Albedo,
        "Roughness" => Output::Roughness,
        "Metallic" => Output::Metallic,
        "Emission" => Output::Emission,
        "Amodal" => Output::Amodal,
        "Poses" => Output::Poses,
        "Boxes3d" => Output::Boxes3d,
        "Keypoints" => Output::Keypoints,
        "Flow" => Output::Flow(fields.or(cx, "way", Way::default(), way)?),
        "Occlusion" => Output::Occlusion(fields.or(cx, "way", Way::default(), way)?),
        "SceneFlow" => Output::SceneFlow(fields.or(cx, "way", Way::default(), way)?),
        "Disparity" => Output::Disparity,
        "Tracks" => Output::Tracks,
        "Mot" => Output::Mot,
        _ => Output::Panoptic,
    })
}

fn frame(cx: &mut Context, node: &Node) -> Option<NormalFrame> {
    if let Some(word) = bare_word(node).filter(|word| SURFACE.forms.iter().any(|form| form.name == *word)) {
        let help = format!("write Normals(surface: {word}), or both: Normals(World, {word})");
        cx.wrong_type(node, FRAME.what, Some(help));
        return None;
    }
    Some(if variant(cx, node, &FRAME)?.0 == "World" { NormalFrame::World } else { NormalFrame::Camera })
}

fn way(cx: &mut Context, node: &Node) -> Option<Way> {
    Some(if variant(cx, node, &WAY)?.0 == "Forward" { Way::Forward } else { Way::Backward })
}

/// What is asked of an instance before it is annotated like any other.
fn rules(cx: &mut Context, node: &Node) -> Option<(u32, f64, Below)> {
    let fields = Fields::of_noun(cx, node, &LABELS)?;
    let defaults = LabelSettings::default();
    let pixels = fields.or(cx, "min_visible_px", defaults.min_visible_px, |cx, node| whole(cx, node, MIN_PIXELS));
    let visibility =
        fields.or(cx, "min_visibility", defaults.min_visibility, |cx, node| plain_within(cx, node, Limits::SHARE));
    let below = fields.or(cx, "below", defaults.below, |cx, node| {
        Some(match variant(cx, node, &BELOW)?.0 {
            "Keep" => Below::Keep,
            "Mark" => Below::Mark,
            _ => Below::LeaveOut,
        })
    });
    let (pixels, visibility, below) = (pixels?, visibility?, below?);
    let minimum = fields.get("min_visible_px").or(fields.get("min_visibility"));
    match (minimum, fields.get("below")) {
        (Some(minimum), place) if below == Below::Keep => {
            let mut idle =
                Problem::at(minimum.span, "this minimum does nothing: what is below it is kept like the rest");
            if let Some(place) = place {
                idle = idle.label(place.span, "so says this");
            }
            cx.push(idle.warning().help(
                "write `below: Mark` (annotated as a crowd, which training and evaluation ignore) or `below: LeaveOut` \
                 (not annotated)",
            ));
        }
        (_, Some(place)) if below != Below::Keep && pixels <= 1 && visibility <= 0.0 => {
            let idle = Problem::at(place.span, "`below` does nothing: there is no minimum");
            cx.push(idle.warning().help("add `min_visible_px: 10` or `min_visibility: 0.05`"));
        }
        _ => {}
    }
    Some((pixels, visibility, below))
}

/// Decodes the categories; the result is sorted by id.
pub(super) fn categories(cx: &mut Context, node: &Node) -> Option<Vec<Category>> {
    let Kind::List(items) = &node.kind else {
        cx.findings.names.remove(&Kinds::Category);
        cx.wrong_type(node, "a list in `[ ]`", Some("write [(id: 1, name: \"mug\"), (id: 2, name: \"ball\")]".into()));
        return None;
    };
    let mut ids = BTreeMap::new();
    let mut names = BTreeMap::new();
    let mut categories = Vec::new();
    let (mut good, mut all_named) = (true, true);
    for item in items {
        let Some(fields) = Fields::of_noun(cx, item, &CATEGORY) else {
            (good, all_named) = (false, false);
            continue;
        };
        let id = fields.need(cx, "id", |cx, node| whole(cx, node, ID));
        let name = fields.need(cx, "name", |cx, node| {
            let name = cx.text(node, "the name of a category")?;
            cx.check_line(name, node.span, "a category").then(|| name.to_owned())
        });
        if let (Some(id), Some(node)) = (id, fields.get("id"))
            && let Some(first) = ids.insert(id, node.span)
        {
            let twice = Problem::at(node.span, format!("two categories have the id {id}"));
            cx.push(
                twice
                    .label(node.span, "again here")
                    .label(first, "first here")
                    .help("give each category an id of its own"),
            );
        }
        if let (Some(name), Some(node)) = (&name, fields.get("name"))
            && let Some(first) = names.insert(name.clone(), node.span)
        {
            let twice = Problem::at(node.span, format!("two categories are called \"{}\"", quoted(name)));
            cx.push(twice.label(node.span, "again here").label(first, "first here"));
        }
        all_named &= name.is_some();
        match category(cx, &fields, id, name) {
            Some(category) => categories.push(category),
            None => good = false,
        }
    }
    if all_named {
        cx.findings.names.insert(Kinds::Category, names);
    } else {
        cx.findings.names.remove(&Kinds::Category);
    }
    categories.sort_by_key(|category| category.id);
    good.then_some(categories)
}

/// What a category has beside its `id` and `name`, which are decoded already.
fn category(cx: &mut Context, fields: &Fields<'_>, id: Option<u32>, name: Option<String>) -> Option<Category> {
    let supercategory =
        fields.or(cx, "supercategory", String::new(), |cx, node| cx.text(node, "a text").map(str::to_owned));
    let stuff = fields.or(cx, "stuff", false, Context::bool);
    let keypoints = fields.or(cx, "keypoints", Vec::new(), |cx, node| {
        let names = cx.texts(node, "a keypoint", "[\"rim\", \"handle\"]")?;
        if let Some((_, place)) = names.get(MOST_KEYPOINTS) {
            cx.push(Problem::at(*place, format!("a category has at most {MOST_KEYPOINTS} keypoints")));
            return None;
        }
        Some(names.into_iter().map(|(name, _)| name).collect())
    });
    let skeleton = fields.or(cx, "skeleton", Vec::new(), |cx, node| skeleton(cx, node, keypoints.as_deref()));
    if let (Some(name), Some(place)) = (&name, fields.get("name")) {
        let place = fields.get("keypoints").unwrap_or(place).span;
        let facts = CategoryFacts { keypoints: keypoints.clone(), place };
        cx.findings.categories.entry(name.clone()).or_insert(facts);
    }
    Some(Category {
        id: id?,
        name: name?,
        supercategory: supercategory?,
        stuff: stuff?,
        keypoints: keypoints?,
        skeleton: skeleton?,
    })
}

/// Pairs of keypoints, as positions in `keypoints`; that is `None` where it could not be read.
fn skeleton(cx: &mut Context, node: &Node, keypoints: Option<&[String]>) -> Option<Vec<[u32; 2]>> {
    let Kind::List(items) = &node.kind else {
        cx.wrong_type(node, "a list of pairs of keypoints", Some("write [(\"rim\", \"handle\")]".into()));
        return None;
    };
    let keypoints: Option<BTreeMap<&str, u32>> =
        keypoints.map(|names| names.iter().map(String::as_str).zip(0..).collect());
    let mut places: BTreeMap<[u32; 2], Span> = BTreeMap::new();
    let mut pairs = Vec::new();
    let mut good = true;
    for item in items {
        let Some(pair) = bone(cx, item, keypoints.as_ref()) else {
            good = false;
            continue;
        };
        // Either way round, it is the same line.
        if let Some(first) = places.insert([pair[0].min(pair[1]), pair[0].max(pair[1])], item.span) {
            let twice = Problem::at(item.span, "these two keypoints are joined twice");
            cx.push(twice.label(item.span, "again here").label(first, "first here"));
            good = false;
        }
        pairs.push(pair);
    }
    good.then_some(pairs)
}

fn bone(cx: &mut Context, node: &Node, keypoints: Option<&BTreeMap<&str, u32>>) -> Option<[u32; 2]> {
    let args = match &node.kind {
        Kind::Group(group) if group.name.is_none() => group.args.as_deref(),
        _ => None,
    };
    let Some([from, to]) = args.filter(|args| args.iter().all(|arg| arg.name.is_none())) else {
        cx.wrong_type(node, "a pair of keypoints", Some("write (\"rim\", \"handle\")".into()));
        return None;
    };
    let ends = [&from.value, &to.value].map(|end| Some((end, cx.text(end, "the name of a keypoint")?)));
    let [Some(from), Some(to)] = ends else { return None };
    if from.1 == to.1 {
        let message = format!("the keypoint \"{}\" is joined to itself", quoted(from.1));
        cx.push(Problem::at(node.span, message).help("name two different keypoints"));
        return None;
    }
    let keypoints = keypoints?;
    let found = [from, to].map(|(end, name)| {
        let position = keypoints.get(name).copied();
        if position.is_none() && !cx.report.is_full() {
            let known: Vec<String> = keypoints.keys().map(|name| format!("\"{}\"", quoted(name))).collect();
            let help = match nearest(name, keypoints.keys().copied()) {
                Some(near) => format!("did you mean \"{}\"?", quoted(near)),
                None if known.is_empty() => format!("add `keypoints: [\"{}\", ...]` to the category", quoted(name)),
                None => format!("add it to `keypoints`, or use one of {}", super::listed(&known)),
            };
            let message = format!("this category has no keypoint \"{}\"", quoted(name));
            cx.push(Problem::at(end.span, message).help(help));
        }
        position
    });
    let [Some(from), Some(to)] = found else { return None };
    Some([from, to])
}
