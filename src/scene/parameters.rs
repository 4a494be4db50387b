//! What a scene decides before anything else: its variant of the recipe, its named parameters, and which parts are there.

use std::collections::{BTreeMap, BTreeSet};

use super::Scene;
use super::random::{self, Draws, Key};
use crate::recipe::expression::{Expression, Value};
use crate::recipe::{Design, ParameterRecipe, Recipe, Varied};

/// The parameter that says which variant of its recipe a scene is of.
pub const VARIANT: &str = "variant";

/// The path of names by which it is drawn.
const VARIANTS: &str = "variants";

/// The recipe that a scene is of, and the root of its keys with every parameter decided.
///
/// The variant does not depend on the attempt: scenes that are drawn again leave the weights of variants as they are. Where there are contracts it does:
/// leaving scenes out is how they are kept, and no other draw of a scene could be of a variant that is too rare.
pub(super) fn decide(recipe: &Recipe, seed: u64, index: u64, attempt: u32) -> (&Recipe, Key) {
    let mut draws = Draws { seed, index, attempt, ..Draws::default() };
    let mut recipe = recipe;
    let first = if recipe.wanted.coverage.is_empty() { 0 } else { attempt };
    let first = Key::of(Draws { seed, index, attempt: first, sampling: recipe.sampling.clone(), ..Draws::default() });
    if let Some(variant) = variant(recipe, &first.name(VARIANTS)) {
        draws.parameters.insert(VARIANT.to_owned(), Value::Name(recipe.variants[variant].name.clone()));
        recipe = &recipe.variants[variant].recipe;
    }
    draws.sampling = recipe.sampling.clone();
    for (name, parameter) in &recipe.parameters {
        let key = Key::of(draws.clone()).name("parameters").name(name);
        let value = match parameter {
            ParameterRecipe::Number(number) => Value::Number(random::scalar(number, &key)),
            ParameterRecipe::Name(names) => Value::Name(random::pick(names, &key).0.clone()),
        };
        draws.parameters.insert(name.clone(), value);
    }
    (recipe, Key::of(draws))
}

/// By dice, the first of several clocks to ring, each with its weight as rate: so each variant is as likely as its weight says, and one more
/// variant takes scenes away from others, but moves none between them. (Efraimidis and Spirakis, "Weighted random sampling with a
/// reservoir", 2006.) Clocks that are each well spread over the scenes would not ring first as evenly: under a design the variant is a choice like
/// any other, in order of names.
fn variant(recipe: &Recipe, key: &Key) -> Option<usize> {
    if recipe.sampling.design_at(VARIANTS) != Design::Random {
        let weights = recipe.variants.iter().map(|variant| variant.weight);
        let options: Vec<(f64, Varied<usize>)> = weights.zip((0..).map(Varied::One)).collect();
        return (!options.is_empty()).then(|| *random::pick(&Varied::Weighted(options), key).0);
    }
    let rings = |i: usize| {
        let variant = &recipe.variants[i];
        -libm::log(1.0 - key.name(&variant.name).stream().unit()) / variant.weight
    };
    (0..recipe.variants.len()).map(|i| (rings(i), i)).min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, i)| i)
}

/// Names of the objects that are in this scene. What stands on an absent one is absent too.
pub(super) fn present<'a>(recipe: &'a Recipe, key: &Key) -> BTreeSet<&'a str> {
    let parameters = &key.draws().parameters;
    let absent =
        |name: &str| -> bool { recipe.conditions.objects.get(name).is_some_and(|when| !when.holds(parameters)) };
    if recipe.conditions.objects.is_empty() {
        return recipe.objects.keys().map(String::as_str).collect();
    }
    let support = |name: &str| recipe.objects.get(name).and_then(|object| object.place.support());
    let mut known: BTreeMap<&str, bool> = BTreeMap::new();
    for start in recipe.objects.keys() {
        // Down to what stands on nothing, what is absent, or what is known; a checked recipe has no circles.
        let mut walk = Vec::new();
        let mut at = Some(start.as_str());
        let mut is_there = true;
        while let Some(name) = at.filter(|_| walk.len() <= recipe.objects.len()) {
            if let Some(&before) = known.get(name) {
                is_there = before;
                break;
            }
            walk.push(name);
            is_there = !absent(name);
            at = support(name).filter(|_| is_there);
        }
        for name in walk.into_iter().rev() {
            is_there = is_there && !absent(name);
            known.insert(name, is_there);
        }
    }
    recipe.objects.keys().map(String::as_str).filter(|name| known.get(name) == Some(&true)).collect()
}

/// Names of the object groups of `recipe` that are absent from `scene`, one of its scenes, by their `when`.
pub fn absent(recipe: &Recipe, scene: &Scene) -> Vec<String> {
    let variant = match scene.parameters.get(VARIANT) {
        Some(Value::Name(name)) => recipe.variants.iter().find(|variant| variant.name == *name),
        _ => None,
    };
    let recipe = variant.map_or(recipe, |variant| &variant.recipe);
    let draws = Draws { parameters: scene.parameters.clone(), ..Draws::default() };
    let present = present(recipe, &Key::of(draws));
    recipe.objects.keys().filter(|name| !present.contains(name.as_str())).cloned().collect()
}

/// Whether a part with this condition is there.
pub(super) fn holds(when: Option<&std::sync::Arc<Expression>>, key: &Key) -> bool {
    when.is_none_or(|when| when.holds(&key.draws().parameters))
}
