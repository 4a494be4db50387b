//! Which split a scene belongs to, and what may not occur in it.
//!
//! A scene's split comes from a hash of seed and index, so that more scenes move none. What is held out for one split is taken out of
//! the choices of all others, and a scene of theirs that holds it all the same is drawn again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::random::{self, Key};
use super::{Background, Environment, Instance, Scene, Shape};
use crate::recipe::{BackgroundRecipe, EnvironmentRecipe, HeldOut, Recipe, ShapeRecipe, Splits, Varied, fits};

/// What a scene uses that can be held out, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Used {
    /// Paths of files, as written in the recipe.
    pub assets: BTreeSet<String>,
    /// Materials of the recipe.
    pub materials: BTreeSet<String>,
    /// Object groups of which there is an instance.
    pub objects: BTreeSet<String>,
}

impl Used {
    /// What is in a scene.
    pub fn of(scene: &Scene) -> Self {
        let mut used = Self::default();
        for Instance { object, shape, material, .. } in &scene.instances {
            used.objects.insert(object.clone());
            shape.visit(&mut |shape| {
                used.assets.extend(shape.file().map(str::to_owned));
                if let Shape::Made(made) = shape {
                    used.assets.extend(made.font().map(str::to_owned));
                }
            });
            for material in material.iter().chain(shape.materials()) {
                used.assets.extend(material.pictures().cloned());
                if !material.name.is_empty() {
                    used.materials.insert(material.name.clone());
                }
            }
        }
        if let Environment::Image { path, .. } = &scene.environment {
            used.assets.insert(path.clone());
        }
        if let Some(Background::Image { path, .. }) = &scene.background {
            used.assets.insert(path.clone());
        }
        used
    }
}

impl Splits {
    /// The split of a scene.
    pub fn of(&self, seed: u64, index: u64) -> &str {
        let mut left = Key::new(seed, index).name("split").stream().unit();
        for (name, share) in &self.shares {
            left -= share;
            if left < 0.0 {
                return name;
            }
        }
        // Rounding may leave a rest.
        self.shares.keys().next_back().map_or("", String::as_str)
    }

    /// What may not occur in a split: everything that is held out for another, and for which.
    pub fn banned<'a>(&'a self, split: &'a str) -> impl Iterator<Item = (&'a HeldOut, &'a str)> {
        let others = self.held_out.iter().filter(move |(name, _)| *name != split);
        others.flat_map(|(name, things)| things.iter().map(move |thing| (thing, name.as_str())))
    }

    /// What a scene of `split` uses although it is held out for another split: the first such thing, in words. Regions are not
    /// known from what is used.
    pub fn leak(&self, split: &str, used: &Used) -> Option<String> {
        let found = self.banned(split).find(|(thing, _)| match thing {
            HeldOut::Asset(pattern) => used.assets.iter().any(|path| fits(pattern, path)),
            HeldOut::Material(name) => used.materials.contains(name),
            HeldOut::Object(name) => used.objects.contains(name),
            HeldOut::Region { .. } => false,
        });
        found.map(|(thing, other)| held(thing, other))
    }

    /// The same for regions, by the draws of attempt `attempt` at a scene.
    pub(super) fn region_leak(&self, split: &str, recipe: &Recipe, key: &Key) -> Option<String> {
        let found = self.banned(split).find(|(thing, _)| in_region(thing, recipe, key));
        found.map(|(thing, other)| held(thing, other))
    }

    /// The recipe without the choices that may not be made in a split.
    pub(super) fn restricted(&self, recipe: &Recipe, split: &str) -> Recipe {
        let mut recipe = recipe.clone();
        let banned: Vec<&HeldOut> = self.banned(split).map(|(thing, _)| thing).collect();
        let is_banned_file =
            |path: &str| banned.iter().any(|thing| matches!(thing, HeldOut::Asset(pattern) if fits(pattern, path)));
        let mut assets = (*recipe.assets).clone();
        for files in assets.collections.values_mut() {
            let left: Vec<String> = files.iter().filter(|path| !is_banned_file(path)).cloned().collect();
            if !left.is_empty() {
                *files = Arc::new(left);
            }
        }
        recipe.assets = Arc::new(assets);
        let is_banned_material =
            |name: &String| banned.iter().any(|thing| matches!(thing, HeldOut::Material(held) if held == name));
        for object in recipe.objects.values_mut() {
            without(&mut object.shape, &|shape| match shape {
                ShapeRecipe::Gltf(path) => is_banned_file(path),
                ShapeRecipe::File(file) => !file.many && is_banned_file(&file.path),
                _ => false,
            });
            if let Some(material) = &mut object.material {
                without(material, &is_banned_material);
            }
        }
        for material in recipe.materials.values_mut() {
            for texture in [&mut material.base_color_texture, &mut material.normal_texture].into_iter().flatten() {
                without(texture, &|path| is_banned_file(path));
            }
        }
        let is_banned_path = |paths: &Varied<String>| matches!(paths, Varied::One(path) if is_banned_file(path));
        without(
            &mut recipe.environment,
            &|environment| matches!(environment, EnvironmentRecipe::Hdri { path, .. } if is_banned_path(path)),
        );
        if let Varied::One(EnvironmentRecipe::Hdri { path, .. }) = &mut recipe.environment {
            without(path, &|path| is_banned_file(path));
        }
        if let Some(background) = &mut recipe.background {
            without(
                background,
                &|background| matches!(background, BackgroundRecipe::Image { path, .. } if is_banned_path(path)),
            );
            if let Varied::One(BackgroundRecipe::Image { path, .. }) = background {
                without(path, &|path| is_banned_file(path));
            }
        }
        for variant in &mut recipe.variants {
            variant.recipe = self.restricted(&variant.recipe, split);
        }
        recipe
    }
}

/// What is wrong with a scene in words.
fn held(thing: &HeldOut, other: &str) -> String {
    let what = match thing {
        HeldOut::Asset(pattern) => format!("a file of `{pattern}`"),
        HeldOut::Material(name) => format!("the material `{name}`"),
        HeldOut::Object(name) => format!("an object of `{name}`"),
        HeldOut::Region { path, min, max } => format!("`{path}` from {min} to {max}"),
    };
    format!("it has {what}, which is held out for `{other}`")
}

/// Takes options out of a choice; a choice of nothing else stays as it is.
fn without<T: Clone>(varied: &mut Varied<T>, banned: &impl Fn(&T) -> bool) {
    if let Some(rest) = rest(varied, banned) {
        *varied = rest;
    }
}

fn rest<T: Clone>(varied: &Varied<T>, banned: &impl Fn(&T) -> bool) -> Option<Varied<T>> {
    match varied {
        Varied::One(value) => (!banned(value)).then(|| varied.clone()),
        Varied::Choice(options) => {
            let left: Vec<_> = options.iter().filter_map(|option| rest(option, banned)).collect();
            (!left.is_empty()).then_some(Varied::Choice(left))
        }
        Varied::Match(choice) => {
            // A case of which nothing is left stays as it is: its scenes are drawn again.
            let mut left = choice.clone();
            left.cases.values_mut().chain(&mut left.otherwise).for_each(|case| without(case, banned));
            Some(Varied::Match(left))
        }
        Varied::Weighted(options) => {
            let left: Vec<_> =
                options.iter().filter_map(|(weight, option)| Some((*weight, rest(option, banned)?))).collect();
            (!left.is_empty()).then_some(Varied::Weighted(left))
        }
    }
}

/// Whether the draws under `key` lie in a region; only of numbers that are drawn once per scene.
fn in_region(thing: &HeldOut, recipe: &Recipe, key: &Key) -> bool {
    let HeldOut::Region { path, min, max } = thing else { return false };
    let Some((number, names)) = recipe.number_at(path) else { return false };
    let key = names.iter().fold(key.clone(), |key, name| key.name(name));
    (*min..*max).contains(&random::scalar(number, &key))
}

/// What the scenes of each split use, and in how many of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Occurred {
    /// Scenes.
    pub scenes: u64,
    /// Scenes with each file.
    pub assets: BTreeMap<String, u64>,
    /// Scenes with each material.
    pub materials: BTreeMap<String, u64>,
    /// Scenes with each object group.
    pub objects: BTreeMap<String, u64>,
}

impl Occurred {
    /// Adds a scene.
    pub fn add(&mut self, used: &Used) {
        self.scenes += 1;
        for (counts, names) in [
            (&mut self.assets, &used.assets),
            (&mut self.materials, &used.materials),
            (&mut self.objects, &used.objects),
        ] {
            names.iter().for_each(|name| *counts.entry(name.clone()).or_default() += 1);
        }
    }

    /// What occurred.
    pub fn used(&self) -> Used {
        let names = |counts: &BTreeMap<String, u64>| counts.keys().cloned().collect();
        Used { assets: names(&self.assets), materials: names(&self.materials), objects: names(&self.objects) }
    }
}
