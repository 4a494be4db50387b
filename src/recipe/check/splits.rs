//! Splits of which no scene can be: every scene has something that is held out for another one.
//!
//! Only what is certain is told here; where chance would have to be kind, draws tell ([`crate::scene::sample`]).

use std::collections::BTreeMap;

use super::super::decode::{Context, support};
use super::super::diagnostics::{Problem, Span, quoted};
use super::super::{
    BackgroundRecipe, EnvironmentRecipe, HeldOut, MaterialRecipe, Number, Recipe, Scalar, ShapeRecipe, Splits, Varied,
    fits,
};
use super::is_full;
use crate::assets::Library;
use crate::make::Made;

/// Shapes within shapes are looked into so deep.
const DEEPEST: usize = 8;

/// Refuses splits of which no scene can be.
pub(super) fn impossible(cx: &Context, recipe: &Recipe, library: &Library, found: &mut Vec<Problem>) {
    let Some(splits) = &recipe.wanted.splits else { return };
    if cx.has_variants && !recipe.wanted.coverage.is_empty() {
        return; // another draw of a scene may be of another variant
    }
    // By what is wrong, the splits that it is wrong with.
    let mut all: BTreeMap<(Span, String), (String, Vec<&str>)> = BTreeMap::new();
    for (name, share) in &splits.shares {
        let banned = Banned { recipe, library, things: banned(cx, splits, name) };
        for Certain { place, what, help } in banned.certain().into_iter().filter(|_| *share > 0.0) {
            all.entry((place, what)).or_insert_with(|| (help, Vec::new())).1.push(name);
        }
    }
    for ((place, what), (help, splits)) in all {
        if is_full(cx, found) {
            return;
        }
        let splits: Vec<String> = splits.iter().map(|name| format!("`{name}`")).collect();
        let of = match splits.split_last() {
            Some((last, [])) => format!("the split {last}"),
            Some((last, rest)) => format!("the splits {} or {last}", rest.join(", ")),
            None => continue,
        };
        let scene = if cx.has_variants { "no scene of at least one variant" } else { "no scene" };
        found
            .push(Problem::at(place, format!("{what}, so {scene} can be of {of}")).label(place, "held out").help(help));
    }
}

/// What may not occur in a split, and where that is said.
fn banned<'a>(cx: &Context, splits: &'a Splits, split: &str) -> Vec<(&'a HeldOut, Span)> {
    let mut things = Vec::new();
    for (other, held) in splits.held_out.iter().filter(|(other, _)| *other != split) {
        let places = cx.findings.held_out.get(other);
        let place = |number: usize| places.and_then(|places| places.get(number)).copied().unwrap_or_default();
        things.extend(held.iter().enumerate().map(|(number, thing)| (thing, place(number))));
    }
    things
}

/// Something that every scene has and a split may not have.
struct Certain {
    /// Where it is held out.
    place: Span,
    /// In words.
    what: String,
    /// What to do.
    help: String,
}

/// What may not occur in a split.
struct Banned<'a> {
    recipe: &'a Recipe,
    library: &'a Library,
    things: Vec<(&'a HeldOut, Span)>,
}

impl Banned<'_> {
    fn certain(&self) -> Vec<Certain> {
        let mut found = Vec::new();
        let always = self.recipe.objects.keys().filter(|name| self.is_always_there(name));
        for (name, object) in always.map(|name| (name, &self.recipe.objects[name])) {
            let shown = quoted(name);
            let held = self.things.iter().find(|(thing, _)| matches!(thing, HeldOut::Object(held) if held == name));
            if let Some((_, place)) = held {
                found.push(Certain {
                    place: *place,
                    what: format!("\"{shown}\" is in every scene"),
                    help: "give it `when`, or a `count` that can be 0".into(),
                });
            }
            if let Some(place) = self.shape(&object.shape, DEEPEST) {
                let what = format!("\"{shown}\" is in every scene, and each shape that it can have is held out");
                found.push(Certain { place, what, help: "let its shape be a choice that others are in too".into() });
            }
            let mut looks: Vec<&Varied<String>> = object.material.iter().collect();
            looks_of(&object.shape, DEEPEST, &mut looks);
            for look in looks {
                let material = |name: &String| {
                    let own = |thing: &HeldOut| matches!(thing, HeldOut::Material(held) if held == name);
                    let held = self.things.iter().find(|(thing, _)| own(thing)).map(|(_, place)| *place);
                    held.or_else(|| self.recipe.materials.get(name).and_then(|material| self.textures(material)))
                };
                if let Some(place) = nothing_left(look, &material) {
                    let what = match look {
                        Varied::One(name) => {
                            format!("\"{shown}\" is in every scene, and always wears \"{}\"", quoted(name))
                        }
                        _ => format!("\"{shown}\" is in every scene, and each material that it can wear is held out"),
                    };
                    let help = "let it wear another one, too: material: Choice([\"...\", \"...\"])";
                    found.push(Certain { place, what, help: help.into() });
                }
            }
        }
        let panorama = |environment: &EnvironmentRecipe| match environment {
            EnvironmentRecipe::Hdri { path, .. } => nothing_left(path, &|path| self.file(path)),
            _ => None,
        };
        if let Some(place) = nothing_left(&self.recipe.environment, &panorama) {
            let what = "every environment of this recipe is held out".into();
            found.push(Certain { place, what, help: "let the environment be a choice that others are in too".into() });
        }
        let image = |background: &BackgroundRecipe| match background {
            BackgroundRecipe::Image { path, .. } => nothing_left(path, &|path| self.file(path)),
            _ => None,
        };
        if let Some(place) = self.recipe.background.as_ref().and_then(|background| nothing_left(background, &image)) {
            let what = "every background of this recipe is held out".into();
            found.push(Certain { place, what, help: "let the background be a choice that others are in too".into() });
        }
        found.extend(self.regions());
        found
    }

    /// Whether every scene asks for at least one of a group, and that has what it stands on.
    fn is_always_there(&self, name: &str) -> bool {
        let objects = &self.recipe.objects;
        let mut at = Some(name);
        // A checked recipe has no circles.
        for _ in 0..=objects.len() {
            let Some(name) = at else { return true };
            let Some(object) = objects.get(name) else { return false };
            let is_asked_for = object.density.is_none() && support(&object.count).0.round() >= 1.0;
            let when = self.recipe.conditions.objects.get(name);
            if !is_asked_for || when.is_some_and(|when| when.interval().min < 1.0) {
                return false;
            }
            at = object.place.support();
        }
        false
    }

    /// The place of what holds out a file.
    fn file(&self, path: &str) -> Option<Span> {
        let is_held = |thing: &HeldOut| matches!(thing, HeldOut::Asset(pattern) if fits(pattern, path));
        self.things.iter().find(|(thing, _)| is_held(thing)).map(|(_, place)| *place)
    }

    /// The same for the files of a material.
    fn textures(&self, material: &MaterialRecipe) -> Option<Span> {
        let paths = [&material.base_color_texture, &material.normal_texture].into_iter().flatten();
        paths.filter_map(|path| nothing_left(path, &|path| self.file(path))).next()
    }

    /// The same for all files that a shape can be.
    fn shape(&self, shape: &Varied<ShapeRecipe>, depth: usize) -> Option<Span> {
        nothing_left(shape, &|shape| match shape {
            ShapeRecipe::Gltf(path) => self.file(path),
            ShapeRecipe::File(file) if !file.many => self.file(&file.path),
            ShapeRecipe::File(file) => {
                let files = self.library.collections.get(&file.path)?;
                let held: Option<Vec<Span>> = files.iter().map(|path| self.file(path)).collect();
                held?.first().copied()
            }
            ShapeRecipe::Made(made) if depth > 0 => match &**made {
                Made::Text { font, .. } => font.as_ref().and_then(|font| self.file(font)),
                made => inner(made).find_map(|shape| self.shape(shape, depth - 1)),
            },
            _ => None,
        })
    }

    /// Numbers all of whose values are held out.
    fn regions(&self) -> Vec<Certain> {
        let mut by_path: BTreeMap<&str, Vec<(f64, f64, Span)>> = BTreeMap::new();
        for (thing, place) in &self.things {
            if let HeldOut::Region { path, min, max } = thing {
                by_path.entry(path).or_default().push((*min, *max, *place));
            }
        }
        let mut found = Vec::new();
        for (path, mut regions) in by_path {
            let Some((number, _)) = self.recipe.number_at(path) else { continue };
            // Those that touch are one.
            regions.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut end = f64::NEG_INFINITY;
            let mut start = (f64::INFINITY, Span::default());
            for (min, max, place) in regions {
                if min > end {
                    start = (min, place);
                }
                end = end.max(max);
                let (least, most) = support(number);
                if least >= start.0 && (most < end || most <= end && is_below_its_end(number)) {
                    let what = match least == most {
                        true => format!("`{}` is {least} in every scene", quoted(path)),
                        false => format!("`{}` is from {least} to {most} in every scene", quoted(path)),
                    };
                    let help = "hold out a part of what it can be";
                    found.push(Certain { place: start.1, what, help: help.into() });
                    break;
                }
            }
        }
        found
    }
}

/// Whether a number never is the upper end of what it can be.
fn is_below_its_end(number: &Scalar) -> bool {
    matches!(
        number,
        Varied::One(Number::Uniform { min, max } | Number::LogUniform { min, max }) if min < max
    )
}

/// Where each of several options is held out by something: the place of the first.
fn nothing_left<T>(varied: &Varied<T>, held: &dyn Fn(&T) -> Option<Span>) -> Option<Span> {
    match varied {
        Varied::One(one) => held(one),
        choice => {
            let all: Option<Vec<Span>> =
                choice.options().into_iter().map(|option| nothing_left(option, held)).collect();
            all?.first().copied()
        }
    }
}

/// The shapes that a shape is made of.
fn inner(made: &Made<Scalar>) -> impl Iterator<Item = &Varied<ShapeRecipe>> {
    let (members, one) = match made {
        Made::Group(members) => (Some(members.values().map(|member| &member.shape)), None),
        Made::Displaced { shape, .. } | Made::Array { shape, .. } | Made::Ring { shape, .. } => (None, Some(shape)),
        _ => (None, None),
    };
    members.into_iter().flatten().chain(one)
}

/// The materials that the parts of a shape name, where it is sure to have these parts.
fn looks_of<'a>(shape: &'a Varied<ShapeRecipe>, depth: usize, looks: &mut Vec<&'a Varied<String>>) {
    let Varied::One(ShapeRecipe::Made(made)) = shape else { return };
    match &**made {
        Made::Group(members) => looks.extend(members.values().filter_map(|member| member.material.as_ref())),
        Made::Plant(plant) => looks.extend(&plant.stem_material),
        _ => {}
    }
    if depth > 0 {
        inner(made).for_each(|shape| looks_of(shape, depth - 1, looks));
    }
}
