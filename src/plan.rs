//! What is to be rendered: a recipe, a seed and a range of indices; or one scene from a file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::annotate::Subject;
use crate::assets::{AssetError, AssetFile, Library, MOST_MEMORY};
use crate::confine::Allowed;
use crate::recipe::{self, Problem, Problems, Recipe, RecipeFile, Span, Wanted};
use crate::scene::{
    Background, Different, Environment, ImageFormat, LabelSettings, MOST_DIFFERENT, MOST_PAINTED, Material,
    SampleError, Scene, Shape, sample,
};

/// Scenes, in order of their index.
#[derive(Debug)]
pub struct Plan {
    source: Source,
    text: String,
    root: PathBuf,
    seed: u64,
    first: u64,
    count: u64,
    library: Library,
}

#[derive(Debug)]
enum Source {
    Recipe(Box<Recipe>),
    Scene(Box<Scene>),
}

/// Why a file is not a plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// What is wrong with a recipe, or with the text of a scene.
    #[error(transparent)]
    Problems(#[from] Problems),
    /// A scene whose values are not allowed.
    #[error("{}: {reason}", path.display())]
    Scene {
        /// The file.
        path: PathBuf,
        /// Which guarantee is broken.
        reason: String,
    },
    /// An asset that a scene names. (A recipe's are checked with it.)
    #[error("{}: {source}\n  paths in a scene file are relative to its folder; `--assets DIR` names another", path.display())]
    Asset {
        /// The scene file.
        path: PathBuf,
        /// What is wrong with the asset.
        source: AssetError,
    },
    /// Indices beyond what a 64-bit number holds.
    #[error("{count} scenes from index {first} reach beyond the last index")]
    Range {
        /// First index.
        first: u64,
        /// How many.
        count: u64,
    },
    /// A scene file is one scene.
    #[error("{}: this is a scene, which is already decided: leave out --seed, --count, --first-index and --set", .0.display())]
    SceneIsDecided(PathBuf),
}

/// A scene of a million instances is written in some 700 MB.
const LARGEST_SCENE: usize = 1 << 30;

/// Which scenes of a recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selection {
    /// Seed; 0 where not given.
    pub seed: Option<u64>,
    /// First index; 0 where not given.
    pub first: Option<u64>,
    /// How many; 1 where not given.
    pub count: Option<u64>,
}

impl Plan {
    /// Reads a recipe or a scene file. `assets` replaces the file's folder as the place that asset paths start from.
    pub fn load(path: &Path, assets: Option<&Path>, selection: Selection) -> Result<Self, PlanError> {
        Self::load_set(path, assets, selection, &[])
    }

    /// The same with values of the recipe replaced: `objects.mugs.count=5`.
    pub fn load_set(
        path: &Path,
        assets: Option<&Path>,
        selection: Selection,
        set: &[String],
    ) -> Result<Self, PlanError> {
        Self::load_allowing(path, assets, selection, set, &Allowed::default())
    }

    /// The same with what its files may be beside those of its own folder and project, and those in `assets`.
    pub fn load_allowing(
        path: &Path,
        assets: Option<&Path>,
        selection: Selection,
        set: &[String],
        allowed: &Allowed,
    ) -> Result<Self, PlanError> {
        let own_folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let root = assets.map_or(own_folder, Path::to_path_buf);
        let text = recipe::read_text(path, LARGEST_SCENE)?;
        if is_scene(&text) {
            if !set.is_empty() {
                return Err(PlanError::SceneIsDecided(path.to_path_buf()));
            }
            return Self::of_scene(path, text, root, selection, allowed);
        }
        let recipe = recipe::parse_allowing(&text, path, &root, set, allowed)?.recipe;
        Self::of_recipe(recipe, root, selection)
    }

    /// Scenes of a checked recipe whose assets are in `root`.
    pub fn of_recipe(recipe: Recipe, root: PathBuf, selection: Selection) -> Result<Self, PlanError> {
        let (first, count) = (selection.first.unwrap_or(0), selection.count.unwrap_or(1));
        if first.checked_add(count).is_none() {
            return Err(PlanError::Range { first, count });
        }
        let library = (*recipe.assets).clone();
        let text = recipe.source.clone();
        let seed = selection.seed.unwrap_or(0);
        Ok(Self { source: Source::Recipe(Box::new(recipe)), text, root, seed, first, count, library })
    }

    fn of_scene(
        path: &Path,
        text: String,
        root: PathBuf,
        selection: Selection,
        allowed: &Allowed,
    ) -> Result<Self, PlanError> {
        if selection != Selection::default() {
            return Err(PlanError::SceneIsDecided(path.to_path_buf()));
        }
        let scene = read_scene(path, &text)?;
        let library = load_assets(&scene, &root, &allowed.and(path.parent().unwrap_or(Path::new(""))))
            .map_err(|source| PlanError::Asset { path: path.to_path_buf(), source })?;
        let mut different = Different::default();
        if !scene
            .instances
            .iter()
            .all(|instance| different.add_worn(&instance.shape, instance.material.as_ref(), &library))
        {
            let reason = format!(
                "it has more than {MOST_DIFFERENT} different triangles or {MOST_PAINTED} different painted texels"
            );
            return Err(PlanError::Scene { path: path.to_path_buf(), reason });
        }
        let (seed, first) = (scene.seed, scene.index);
        if first == u64::MAX {
            return Err(PlanError::Range { first, count: 1 });
        }
        Ok(Self { source: Source::Scene(Box::new(scene)), text, root, seed, first, count: 1, library })
    }

    /// The scene at `index`, which is one of [`Self::indices`].
    pub fn scene(&self, index: u64) -> Result<Scene, SampleError> {
        match &self.source {
            Source::Recipe(recipe) => sample(recipe, self.seed, index),
            Source::Scene(scene) => Ok((**scene).clone()),
        }
    }

    /// The scene at `index` with what is known of its geometry.
    pub fn subject(&self, index: u64) -> Result<Subject, SampleError> {
        self.subject_of(self.scene(index)?)
    }

    /// A scene of this plan with what is known of its geometry.
    ///
    /// # Errors
    /// It names something that is not loaded.
    pub fn subject_of(&self, scene: Scene) -> Result<Subject, SampleError> {
        Subject::new(scene, &self.library).map_err(|error| SampleError::Unchecked { what: error.to_string() })
    }

    /// The same with `count` scenes, where it is a recipe: a scene file stays one scene.
    #[must_use]
    pub fn or_first(mut self, count: u64) -> Self {
        if matches!(self.source, Source::Recipe(_)) {
            self.count = count.min(u64::MAX - self.first);
        }
        self
    }

    /// Indices of the scenes, in order.
    pub fn indices(&self) -> std::ops::Range<u64> {
        self.first..self.first + self.count
    }

    /// How many scenes there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Name of the recipe.
    pub fn name(&self) -> &str {
        match &self.source {
            Source::Recipe(recipe) => &recipe.name,
            Source::Scene(scene) => &scene.recipe,
        }
    }

    /// The files that the recipe includes or extends.
    pub fn files(&self) -> &[RecipeFile] {
        match &self.source {
            Source::Recipe(recipe) => &recipe.files,
            Source::Scene(_) => &[],
        }
    }

    /// What of the recipe is set from outside.
    pub fn set(&self) -> &[String] {
        match &self.source {
            Source::Recipe(recipe) => &recipe.set,
            Source::Scene(_) => &[],
        }
    }

    /// The file, as read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Where asset paths start from.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Every asset, loaded.
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// Camera names in the order of every scene's cameras.
    pub fn camera_names(&self) -> Vec<String> {
        match &self.source {
            Source::Recipe(recipe) => recipe.cameras.keys().cloned().collect(),
            Source::Scene(scene) => scene.cameras.iter().map(|camera| camera.name.clone()).collect(),
        }
    }

    /// How long every scene is watched; without, they are stills.
    pub fn clip(&self) -> Option<crate::scene::Clip> {
        match &self.source {
            Source::Recipe(recipe) => recipe.clip,
            Source::Scene(scene) => scene.clip,
        }
    }

    /// All categories, in id order.
    pub fn categories(&self) -> &[crate::scene::Category] {
        match &self.source {
            Source::Recipe(recipe) => &recipe.categories,
            Source::Scene(scene) => &scene.categories,
        }
    }

    /// Which labels every scene asks for.
    pub fn labels(&self) -> &LabelSettings {
        match &self.source {
            Source::Recipe(recipe) => &recipe.labels,
            Source::Scene(scene) => &scene.labels,
        }
    }

    /// How the pictures of every scene are written; the quality of JPEGs is each scene's own.
    pub fn format(&self) -> ImageFormat {
        match &self.source {
            Source::Recipe(recipe) => recipe.image.format,
            Source::Scene(scene) => scene.image.format,
        }
    }

    /// Whether any camera has a depth sensor.
    pub fn depth_sensors(&self) -> bool {
        match &self.source {
            Source::Recipe(recipe) => {
                let variants = recipe.variants.iter().flat_map(|variant| variant.recipe.cameras.values());
                recipe.cameras.values().chain(variants).any(|camera| camera.depth_sensor.is_some())
            }
            Source::Scene(scene) => scene.cameras.iter().any(|camera| camera.depth_sensor.is_some()),
        }
    }

    /// Which of a recipe's scenes are taken, and how they are split; a scene file says nothing of it.
    pub fn wanted(&self) -> Option<&Wanted> {
        match &self.source {
            Source::Recipe(recipe) => Some(&recipe.wanted),
            Source::Scene(_) => None,
        }
    }

    /// What each asset file is.
    pub fn asset_files(&self) -> Vec<AssetFile> {
        let models = self.library.models.values().map(|model| model.file.clone());
        let textures = self.library.textures.values().map(|texture| texture.file.clone());
        let skies = self.library.skies.values().map(|sky| sky.file.clone());
        let fonts = self.library.fonts.values().map(|font| font.file.clone());
        let calibrations = self.library.calibrations.values().map(|calibration| calibration.file.clone());
        models.chain(textures).chain(skies).chain(fonts).chain(calibrations).collect()
    }
}

/// A scene file says so in its first field, after comments; a recipe has no such field.
fn is_scene(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    let start: String = lines.by_ref().take(2).collect();
    start.strip_prefix('(').is_some_and(|fields| fields.trim_start().starts_with("scene_version"))
}

fn read_scene(path: &Path, text: &str) -> Result<Scene, PlanError> {
    let scene: Scene = ron::from_str(text).map_err(|error| {
        let span = Span::new(byte_offset(text, error.span.start), byte_offset(text, error.span.end));
        let problem = Problem::at(span, error.code.to_string()).help("`scenewright sample` writes scene files");
        Problems::new(&path.display().to_string(), text, vec![problem])
    })?;
    scene.validate().map_err(|reason| PlanError::Scene { path: path.to_path_buf(), reason })?;
    Ok(scene)
}

/// `ron` counts lines and columns (of characters) from 1.
fn byte_offset(text: &str, position: ron::error::Position) -> usize {
    let line_start: usize = text.split_inclusive('\n').take(position.line.saturating_sub(1)).map(str::len).sum();
    let line = &text[line_start..];
    line_start + line.char_indices().nth(position.col.saturating_sub(1)).map_or(line.len(), |(offset, _)| offset)
}

/// What files take.
#[derive(Default)]
struct Room {
    seen: BTreeSet<String>,
    bytes: usize,
}

impl Room {
    fn take(&mut self, library: &Library, path: &str) -> Result<(), AssetError> {
        if self.seen.insert(path.to_owned()) {
            self.bytes += library.memory(path);
        }
        if self.bytes > MOST_MEMORY {
            let reason = format!("with it, the files of this scene take more than {} GiB of memory", MOST_MEMORY >> 30);
            return Err(AssetError::Broken { path: path.into(), reason });
        }
        Ok(())
    }
}

fn load_assets(scene: &Scene, root: &Path, allowed: &Allowed) -> Result<Library, AssetError> {
    let mut library = Library::allowing(allowed.clone());
    let mut room = Room::default();
    if let Environment::Image { path, .. } = &scene.environment {
        library.load_sky(root, path)?;
        room.take(&library, path)?;
    }
    if let Some(Background::Image { path, .. }) = &scene.background {
        library.load_texture(root, path)?;
        room.take(&library, path)?;
    }
    for instance in &scene.instances {
        let (mut models, mut fonts) = (Vec::new(), Vec::new());
        instance.shape.visit(&mut |shape| match shape {
            Shape::Made(made) => fonts.extend(made.font().map(str::to_owned)),
            shape => models.extend(shape.file().map(str::to_owned)),
        });
        for path in models {
            library.load_model(root, &path)?;
            room.take(&library, &path)?;
        }
        for path in fonts {
            library.load_font(root, &path)?;
        }
        let material = instance.material.iter().chain(instance.shape.materials());
        for path in material.flat_map(Material::pictures) {
            library.load_texture(root, path)?;
            room.take(&library, path)?;
        }
    }
    Ok(library)
}
