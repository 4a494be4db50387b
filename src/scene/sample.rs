//! From recipe to scene.

use std::collections::BTreeMap;

use super::acceptance::Acceptance;
use super::place::{self, Body, Group, Pose, fall};
use super::random::{self, Key};
use super::{
    Camera, Category, Different, ImageFormat, ImageSettings, Instance, Lens, MOST_DIFFERENT, MOST_PAINTED, Material,
    PlacedCount,
};
use super::{SCENE_VERSION, Scene, Settled, Shape};
use super::{appearance, camera, exposure, fog, framed, light, motion, moving, optics, parameters};
use crate::assets::Library;
use crate::make;
use crate::mesh::shapes::local_bounds;
use crate::recipe::{
    CameraRecipe, ExposureRecipe, IfFull, KEYPOINT_TOLERANCE, MotionRecipe, ObjectRecipe, Optics, Physics, Place,
    PoseRecipe, Recipe, Varied,
};
use crate::solid::Solid;
use glam::DVec3;

/// The most instances that one group may ask for; larger counts become this.
pub const MAX_COUNT: u32 = 1_000_000;

/// The most that a `density` brings about.
const MOST_BY_DENSITY: u32 = 100_000;

/// How often a scene is drawn before the recipe is said to want what cannot be.
pub const MOST_DRAWS: u32 = 200;

/// Why a scene cannot be sampled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// A group says `if_full: Fail`, and there was no room.
    #[error(
        "scene {index}: only {placed} of {asked} `{object}` found a place in {attempts} attempts each, and the recipe says `if_full: Fail`"
    )]
    Full {
        /// Index of the scene.
        index: u64,
        /// Name of the group.
        object: String,
        /// How many its `count` asked for.
        asked: u32,
        /// How many found a place.
        placed: u32,
        /// Attempts per instance.
        attempts: u32,
    },
    /// This draw of the scene is not as the recipe wants it: [`sample`] draws again. Nobody else sees this.
    #[error("{reason}")]
    Rejected {
        /// In a few words, the same for all draws with the same fault: what is counted.
        reason: String,
    },
    /// The same where it holds what is held out for another split than its own.
    #[error("{reason}")]
    HeldOut {
        /// In a few words, the same for all draws with the same fault.
        reason: String,
        /// The split that the scene is of.
        split: String,
    },
    /// What the dataset as a whole is to show cannot be had from this recipe.
    #[error("{reason} (`coverage`: {contract})")]
    Unmet {
        /// Name of the contract.
        contract: String,
        /// Why.
        reason: String,
    },
    /// Every draw of the scene was rejected.
    #[error("scene {index}: none of {attempts} draws was as the recipe wants it; {times} times because {reason}")]
    NeverRight {
        /// Index of the scene.
        index: u64,
        /// How often it was drawn.
        attempts: u32,
        /// Why most of the draws were rejected.
        reason: String,
        /// How many.
        times: u32,
        /// The split that the scene is of, where what is held out for another one is the reason.
        split: Option<String>,
    },
    /// There is more geometry than a scene may have.
    #[error(
        "scene {index}: with `{object}` there are more than {MOST_DIFFERENT} different triangles or {MOST_PAINTED} different painted texels, and they do not fit into memory"
    )]
    TooLarge {
        /// Index of the scene.
        index: u64,
        /// The group with which it is too much.
        object: String,
    },
    /// The recipe was not checked: it names something that is not there.
    #[error("the recipe needs {what}, and there is none; `check` says where")]
    Unchecked {
        /// What is missing.
        what: String,
    },
}

impl SampleError {
    /// What to change in the recipe, by a path of names; `None` where nothing in it helps.
    pub fn advice(&self) -> Option<(String, String)> {
        let (path, help) = match self {
            Self::Full { object, .. } => {
                (format!("objects.{object}.place"), "make room, ask for fewer, or say `if_full: Fewer`".to_owned())
            }
            Self::NeverRight { split: Some(split), .. } => {
                let help = format!(
                    "what is held out of `{split}` has to be missing from some scenes: give it `when`, a `count` that can be 0, or \
                     something else to choose from"
                );
                ("splits".to_owned(), help)
            }
            Self::NeverRight { .. } => {
                let help = "let more draws be right: ask for less (`require`), make room, or let the recipe vary where it can; a camera that \
                            `Frame`s its target needs no luck";
                ("objects".to_owned(), help.to_owned())
            }
            Self::TooLarge { object, .. } => {
                let help = "ask for fewer, for coarser shapes, or for the same shape in other sizes (`scale`): what is drawn anew for each has triangles and textures of its own";
                (format!("objects.{object}.shape"), help.to_owned())
            }
            _ => return None,
        };
        Some((path, help))
    }
}

/// The scene of `recipe` at `index`: every random choice made, every default filled in. The guarantees are listed at
/// [`crate::scene`]. The same arguments give the same bits on every platform.
///
/// Draws from distributions without ends (`Normal`) that fall outside of what a field can be are moved to the nearer
/// end.
///
/// # Errors
/// A group found no place for all its instances and says `if_full: Fail`; or the recipe was never checked.
pub fn sample(recipe: &Recipe, seed: u64, index: u64) -> Result<Scene, SampleError> {
    let acceptance = Acceptance::of(recipe, seed);
    let acceptance = acceptance
        .as_ref()
        .as_ref()
        .map_err(|unmet| SampleError::Unmet { contract: unmet.contract.clone(), reason: unmet.reason.clone() })?;
    let mut redrawn: BTreeMap<String, u32> = BTreeMap::new();
    let mut leaks: BTreeMap<String, String> = BTreeMap::new();
    for attempt in 0..acceptance.draws() {
        match acceptance.candidate(recipe, index, attempt) {
            Ok(scene) => return Ok(Scene { redrawn, ..scene }),
            Err(SampleError::Rejected { reason }) => *redrawn.entry(reason).or_default() += 1,
            Err(SampleError::HeldOut { reason, split }) => {
                *redrawn.entry(reason.clone()).or_default() += 1;
                leaks.insert(reason, split);
            }
            Err(error) => return Err(error),
        }
    }
    let (reason, times) = redrawn.into_iter().max_by_key(|(_, times)| *times).unwrap_or_default();
    Err(SampleError::NeverRight { index, attempts: acceptance.draws(), times, split: leaks.remove(&reason), reason })
}

/// One draw of a scene, whatever it shows: the first is attempt 0.
///
/// # Errors
/// As [`sample`], and [`SampleError::Rejected`] where another draw is wanted. (Splits are not looked at.)
pub fn candidate(recipe: &Recipe, seed: u64, index: u64, attempt: u32) -> Result<Scene, SampleError> {
    let (recipe, key) = parameters::decide(recipe, seed, index, attempt);
    let (instances, placed, settled) = instances(recipe, &key, index)?;
    let cameras_key = key.name("cameras");
    let pose = |name: &str| {
        let camera = recipe.cameras.get(name)?;
        let key = camera_key(&cameras_key, name, camera);
        let camera = sample_camera(name, camera, recipe, &instances, 1.0, &key).ok()?;
        Some(motion::Pose { position: camera.position, rotation: camera.rotation })
    };
    let (environment, shadows) = appearance::environment(&recipe.environment, &key.name("environment"));
    let light::Lit { lights, flicker, carried } = light::all(recipe, &key, (&environment, shadows), pose);
    let fog = fog::fog(recipe.fog.as_ref(), &lights, &environment, &recipe.assets, &key.name("fog"));
    let background = appearance::background(recipe.background.as_ref(), &key.name("background"));
    let lux = exposure::illuminance(exposure::meter_place(&instances), &lights, &environment, &recipe.assets);
    let cameras = recipe
        .cameras
        .iter()
        .map(|(name, camera)| {
            sample_camera(name, camera, recipe, &instances, lux, &camera_key(&cameras_key, name, camera))
        })
        .collect::<Result<_, _>>()?;
    Ok(Scene {
        scene_version: SCENE_VERSION,
        recipe: recipe.name.clone(),
        seed,
        index,
        image: image_settings(recipe, &key),
        labels: recipe.labels.clone(),
        categories: recipe.categories.clone(),
        instances,
        lights,
        environment,
        background,
        fog,
        flicker,
        carried,
        cameras,
        placed,
        redrawn: BTreeMap::new(),
        settled,
        parameters: key.draws().parameters.clone(),
        clip: recipe.clip,
        time: 0.0,
        frame: 0,
    })
}

/// Cameras of one rig are drawn by the rig's name.
fn camera_key(cameras: &Key, name: &str, camera: &CameraRecipe) -> Key {
    cameras.name(camera.mount.as_ref().map_or(name, |mount| &mount.rig))
}

/// What an instance is, before it has a place.
struct Draft {
    shape: Shape,
    material: Option<Material>,
    body: Body,
}

/// Where the cameras are that objects are placed by.
fn eyes(recipe: &Recipe, key: &Key) -> BTreeMap<String, DVec3> {
    let cameras_key = key.name("cameras");
    let named = recipe.objects.values().filter_map(|object| match &object.place {
        Place::Between { camera, .. } => Some(camera),
        _ => None,
    });
    let eye = |name: &String| {
        let camera = recipe.cameras.get(name)?;
        // One that looks for its objects stands nowhere before they are placed; `check` refuses to place anything by it.
        // (What it is sharp at does not matter to where it stands.)
        let camera = CameraRecipe { focus: None, ..camera.clone() };
        let camera = sample_camera(name, &camera, recipe, &[], 1.0, &camera_key(&cameras_key, name, &camera)).ok()?;
        Some((name.clone(), camera.position))
    };
    named.filter_map(eye).collect()
}

fn instances(
    recipe: &Recipe,
    key: &Key,
    index: u64,
) -> Result<(Vec<Instance>, Vec<PlacedCount>, Vec<Settled>), SampleError> {
    let cameras = eyes(recipe, key);
    let key = &key.name("objects");
    let mut drafts: BTreeMap<&str, Vec<Draft>> = BTreeMap::new();
    let mut groups: BTreeMap<&str, Group<'_>> = BTreeMap::new();
    let recipes = recipe.objects.iter().map(|(name, object)| (name.as_str(), object)).collect();
    let present = parameters::present(recipe, key);
    let mut different = Different::default();
    // Supports first: how large they are may say how many there are on them.
    for name in place::order(&recipes)? {
        let object = &recipe.objects[name];
        let key = key.name(name);
        let count = match &object.density {
            _ if !present.contains(name) => 0,
            None => count(object, &key),
            Some(density) => {
                let support = object.place.support().and_then(|support| groups.get(support));
                let area = support.map_or(0.0, |group| group.bodies.iter().map(Body::footprint).sum::<f64>());
                let drawn = random::scalar(density, &key.name("density")).max(0.0) * area;
                whole(drawn, MOST_BY_DENSITY)
            }
        };
        let mut list = Vec::new();
        for number in 0..count {
            let draft = draft(recipe, object, &key.item(u64::from(number)))?;
            if !different.add_worn(&draft.shape, draft.material.as_ref(), &recipe.assets) {
                return Err(SampleError::TooLarge { index, object: name.to_owned() });
            }
            list.push(draft);
        }
        groups.insert(name, Group { recipe: object, key, bodies: list.iter().map(|d| d.body.clone()).collect() });
        drafts.insert(name, list);
    }
    let place::Placement { mut poses, settled } = place::place(&groups, &cameras)?;

    let mut instances = Vec::new();
    let mut moved = Moved::default();
    let mut counts = Vec::new();
    let mut next_id = 1;
    for (name, list) in drafts {
        let object = &recipe.objects[name];
        let category = category(recipe, object)?;
        let group_key = key.name(name);
        let asked = u32::try_from(list.len()).unwrap_or(MAX_COUNT); // `count` is at most MAX_COUNT
        let before = instances.len();
        let poses = poses.remove(name).unwrap_or_default();
        for ((number, draft), pose) in (0..).zip(list).zip(poses) {
            let Some(Pose { position, rotation }) = pose else { continue };
            let id = if category.is_some() { next_id } else { 0 };
            next_id += u32::from(category.is_some());
            let Draft { shape, material, body } = draft;
            let model = recipe.assets.geometry(&shape);
            let in_file = model.as_ref().map(|model| &model.keypoints);
            let key = group_key.item(u64::from(number));
            let keypoints = category
                .map_or(Vec::new(), |category| appearance::keypoints(object, category, in_file, body.bounds, &key));
            let in_model = |name: &&String| {
                model.as_ref().is_some_and(|model| model.parts.iter().any(|part| part.material.name == **name))
            };
            let start = motion::Pose { position, rotation };
            let motion = object
                .motion
                .as_ref()
                .and_then(|motion| moved.motion(motion, start, recipe.clip, instances.len(), &key.name("motion")));
            let scale = body.scale;
            let keypoint_tolerance = if keypoints.is_empty() { 0.0 } else { keypoint_tolerance(object, &body) };
            moved.bodies.push((body, object.physics));
            instances.push(Instance {
                id,
                object: name.to_owned(),
                number,
                category: category.map(|category| category.id),
                keypoint_tolerance,
                keypoints,
                see_through: object.see_through.iter().filter(in_model).cloned().collect(),
                shape,
                material,
                position,
                rotation,
                scale,
                motion,
            });
        }
        let placed = u32::try_from(instances.len() - before).unwrap_or(MAX_COUNT);
        if placed < asked && object.if_full == IfFull::Fail {
            return Err(SampleError::Full { index, object: name.to_owned(), asked, placed, attempts: place::ATTEMPTS });
        }
        counts.push(PlacedCount { object: name.to_owned(), asked, placed });
    }
    moved.fall(&mut instances, recipe.clip)?;
    Ok((instances, counts, settled))
}

/// What is known of instances while motions are decided.
#[derive(Default)]
struct Moved {
    /// One for each instance.
    bodies: Vec<(Body, Physics)>,
    /// Those that fall, by position: velocity and spin.
    falling: BTreeMap<usize, (DVec3, DVec3)>,
}

impl Moved {
    /// The track of the next instance, if it has one by itself.
    fn motion(
        &mut self,
        motion: &Varied<MotionRecipe>,
        start: motion::Pose,
        clip: Option<motion::Clip>,
        number: usize,
        key: &Key,
    ) -> Option<Box<motion::Track>> {
        match moving::motion(motion, start, None, clip, key) {
            moving::Moves::Track(track) => Some(Box::new(track)),
            moving::Moves::Falls { velocity, spin } => {
                self.falling.insert(number, (velocity, spin));
                None
            }
        }
    }

    /// Lets fall what falls.
    fn fall(&self, instances: &mut [Instance], clip: Option<motion::Clip>) -> Result<(), SampleError> {
        if self.falling.is_empty() {
            return Ok(());
        }
        let mut parts = Vec::with_capacity(instances.len());
        for (number, (instance, (body, physics))) in instances.iter().zip(&self.bodies).enumerate() {
            let role = match (self.falling.get(&number), &instance.motion) {
                (Some(&(velocity, spin)), _) => fall::Role::Falls { velocity, spin },
                (None, Some(track)) => fall::Role::Goes(track),
                (None, None) => fall::Role::Stays,
            };
            let start = motion::Pose { position: instance.position, rotation: instance.rotation };
            parts.push(fall::Part { body, physics: *physics, start, role });
        }
        let (frames, rate) = moving::watched(clip);
        let tracks = fall::fall(&parts, frames, rate).map_err(|reason| SampleError::Rejected { reason })?;
        for (instance, track) in instances.iter_mut().zip(tracks) {
            instance.motion = track.map(Box::new).or(instance.motion.take());
        }
        Ok(())
    }
}

fn keypoint_tolerance(object: &ObjectRecipe, body: &Body) -> f64 {
    let (min, max) = body.bounds;
    object.keypoint_tolerance.unwrap_or_else(|| KEYPOINT_TOLERANCE * ((max - min) * body.scale).length())
}

fn count(object: &ObjectRecipe, key: &Key) -> u32 {
    whole(random::scalar(&object.count, &key.name("count")), MAX_COUNT)
}

/// Rounded, from 0 to `most`.
fn whole(value: f64, most: u32) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped and whole")]
    let whole = value.round().clamp(0.0, f64::from(most)) as u32;
    whole
}

fn category<'a>(recipe: &'a Recipe, object: &ObjectRecipe) -> Result<Option<&'a Category>, SampleError> {
    let Some(name) = &object.category else { return Ok(None) };
    let found = recipe.categories.iter().find(|category| category.name == *name);
    found.map(Some).ok_or_else(|| SampleError::Unchecked { what: format!("a category `{name}`") })
}

fn draft(recipe: &Recipe, object: &ObjectRecipe, key: &Key) -> Result<Draft, SampleError> {
    let stock = make::Stock { materials: &recipe.materials, library: &recipe.assets };
    let shape = appearance::shape(&object.shape, stock, &key.name("shape"))?;
    let missing = || cannot_be(&shape, &recipe.assets);
    let bounds = local_bounds(&shape, &recipe.assets).ok_or_else(missing)?;
    let solid = Solid::of(&shape, &recipe.assets).ok_or_else(missing)?;
    let material = match &object.material {
        Some(names) => {
            let key = key.name("material");
            let (name, _) = random::pick(names, &key);
            let material = recipe
                .materials
                .get(name)
                .ok_or_else(|| SampleError::Unchecked { what: format!("a material `{name}`") })?;
            Some(appearance::material(name, material, &key))
        }
        None if shape.has_model() => None,
        None => Some(Material::default()),
    };
    let scale = appearance::scale(&object.scale, &key.name("scale"));
    Ok(Draft { shape, material, body: Body::new(solid, bounds, scale) })
}

/// Why a shape has no triangles: numbers that together make nothing are drawn again.
fn cannot_be(shape: &Shape, library: &Library) -> SampleError {
    // No other draw mends that.
    let mut missing = None;
    shape.visit(&mut |shape| {
        if let Some(file) = shape.file().filter(|file| !library.models.contains_key(*file)) {
            missing = Some(file.to_owned());
        }
    });
    if let Some(file) = missing {
        return SampleError::Unchecked { what: format!("the asset {file:?}") };
    }
    match shape {
        Shape::Made(made) => match make::build(made, library) {
            Err(reason) => SampleError::Rejected { reason },
            Ok(_) => SampleError::Unchecked { what: "a shape".into() },
        },
        _ => SampleError::Unchecked { what: format!("the asset of {shape:?}") },
    }
}

fn sample_camera(
    name: &str,
    recipe: &CameraRecipe,
    whole: &Recipe,
    instances: &[Instance],
    lux: f64,
    key: &Key,
) -> Result<Camera, SampleError> {
    let image = &whole.image;
    let (width, height) = (f64::from(image.width), f64::from(image.height));
    // A camera of a rig may have a lens of its own.
    let mount = recipe.mount.as_deref();
    let own = mount.and_then(|mount| Some((mount.lens.as_ref()?, key.name("rig").name("cameras").name(&mount.name))));
    let optics = match own {
        Some((lens, key)) => {
            let own = CameraRecipe { lens: lens.clone(), ..recipe.clone() };
            optics::optics(&own, image, &whole.assets, &key)?
        }
        None => optics::optics(recipe, image, &whole.assets, key)?,
    };
    let Optics { focal: [fx, fy], principal: [cx, cy], model: lens_model } = optics;
    let pose = key.name("pose");
    let angle = |dist, name: &str| random::angle(dist, &pose.name(name));
    let point = |dist, name: &str| place::within_reach(random::vector(dist, &pose.name(name)));
    let mut target = None;
    let mut orbit = |center: DVec3, distance: f64, azimuth, elevation, roll| {
        target = Some(center);
        let distance = distance.clamp(1e-6, 1e9);
        camera::orbit(center, distance, angle(azimuth, "azimuth"), angle(elevation, "elevation"), angle(roll, "roll"))
    };
    let (position, rotation) = match &recipe.pose {
        PoseRecipe::LookAt { from, target: at, roll } => {
            let (from, at) = (point(from, "from"), point(at, "target"));
            target = Some(at);
            (from, camera::look_at(from, at, angle(roll, "roll")))
        }
        PoseRecipe::Orbit { target, distance, azimuth, elevation, roll } => {
            let distance = random::scalar(distance, &pose.name("distance"));
            orbit(point(target, "target"), distance, azimuth, elevation, roll)
        }
        PoseRecipe::Matrix(rows) => camera::from_opencv_rows(rows),
        PoseRecipe::Frame { target, one, fill, azimuth, elevation, roll } => {
            let (center, radius) = framed::ball(target, *one, instances, &whole.assets, &pose).ok_or_else(|| {
                SampleError::Rejected { reason: format!("there is no `{target}` for camera `{name}` to frame") }
            })?;
            let fill = random::scalar(fill, &pose.name("fill")).clamp(1e-3, 1e3);
            // Half of the picture's narrower side, at a distance of 1.
            let side = (width / fx).min(height / fy) / 2.0;
            let lens = Lens::new(optics.focal.into(), optics.principal.into(), lens_model);
            let distance = match optics::half_angle(&lens, &optics, image, fill) {
                None => framed::distance(radius, fill * side),
                Some(sine) => radius / sine,
            };
            orbit(center, distance.clamp(1e-6, 1e9), azimuth, elevation, roll)
        }
    };
    let carrier = motion::Pose { position: place::within_reach(position), rotation };
    let track = recipe.motion.as_ref().and_then(|motion| {
        match moving::motion(motion, carrier, target, whole.clip, &key.name("motion")) {
            moving::Moves::Track(track) => Some(Box::new(track)),
            moving::Moves::Falls { .. } => None, // cameras have no such word
        }
    });
    // One that looks at something else than its pose does so from the beginning.
    let carrier = track.as_ref().map_or(carrier, |track| track.pose(0.0));
    let mount = mount.map(|mount| Box::new(moving::mount(mount, carrier, target, key)));
    let motion::Pose { position, rotation } = mount.as_ref().map_or(carrier, |mount| carrier.then(mount.pose));
    let position = place::within_reach(position);
    let exposure = key.name("exposure");
    let ev100 = match &recipe.exposure {
        ExposureRecipe::Auto { compensation } => {
            exposure::ev100(lux, random::scalar(compensation, &exposure.name("compensation")))
        }
        ExposureRecipe::Ev(ev) => random::scalar(ev, &exposure.name("ev")),
        ExposureRecipe::Camera { f_number, time, iso } => {
            let [f_number, time, iso] = [(f_number, "f_number"), (time, "time"), (iso, "iso")]
                .map(|(dist, name)| random::scalar(dist, &exposure.name(name)).clamp(1e-6, 1e9));
            exposure::ev100_of_camera(f_number, time, iso)
        }
    };
    let ev100 = ev100.clamp(-100.0, 100.0);
    let camera = Camera {
        name: name.to_owned(),
        fx,
        fy,
        cx,
        cy,
        lens_model,
        near: recipe.near,
        position,
        rotation,
        ev100,
        aperture: None,
        optics: recipe.optics.as_ref().and_then(|optics| optics.draw(&key.name("optics"))).map(Box::new),
        sensor: recipe.sensor.as_ref().and_then(|sensor| sensor.draw(&key.name("sensor"))).map(Box::new),
        depth_sensor: recipe
            .depth_sensor
            .as_ref()
            .and_then(|sensor| sensor.draw(&key.name("depth_sensor")))
            .map(Box::new),
        shutter: optics::shutter(recipe, key),
        motion: track,
        mount,
    };
    let aperture = optics::aperture(recipe, &camera, image, instances, &whole.assets, key)?;
    Ok(Camera { aperture, ..camera })
}

/// Those of the recipe, with what of them may vary decided.
fn image_settings(recipe: &Recipe, key: &Key) -> ImageSettings {
    let mut settings = recipe.image;
    if let (ImageFormat::Jpeg { quality, .. }, Some(dist)) = (&mut settings.format, &recipe.quality) {
        let drawn = random::scalar(dist, &key.name("image").name("format").name("quality"));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1..=100")]
        let drawn = drawn.round().clamp(1.0, 100.0) as u8;
        *quality = drawn;
    }
    settings
}
