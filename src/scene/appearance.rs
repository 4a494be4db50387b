//! What instances and lights look like: shapes, materials, lights, the environment.

use std::collections::BTreeMap;
use std::f64::consts::{FRAC_PI_2, PI};

use glam::{DVec2, DVec3};

use super::light::{self, solar};
use super::random::{self, Key};
use super::{
    Background, Category, Environment, Keypoint, Light, Material, PhysicalSky, SampleError, Shape,
    WIDEST_SHADOWED_SPOT, place,
};
use crate::assets::{FileShape, Library, MOST_MORPH, Playing, Taken};
use crate::make::Stock;
use crate::paint::{self, Paint, Tint, Value};
use crate::recipe::{
    BackgroundRecipe, ENVIRONMENT_LUMINANCE, EnvironmentRecipe, FileRecipe, LightRecipe, MaterialRecipe, ObjectRecipe,
    PointRecipe, Scalar, ScaleRecipe, ShapeRecipe, SkyRecipe, SunPlaceRecipe, Varied,
};

/// Sizes and scales outside are moved to the nearer end, metres. (A normal distribution has no ends.)
const SIZES: (f64, f64) = (1e-6, 1e6);
/// The same for light: lux, lumens, cd/m2.
pub(super) const BRIGHTEST: f64 = 1e12;
/// A sky is at most so many times as bright as it is.
const MOST_SKY: f64 = 1e6;
/// The least angle between the cone of full light and the end of a spot, radians.
const LEAST_PENUMBRA: f64 = 1e-4;

pub(super) fn size(dist: &Scalar, key: &Key) -> f64 {
    random::scalar(dist, key).clamp(SIZES.0, SIZES.1)
}

/// A shape, keyed by `key` itself. Shapes may have parts with materials of their own, and be files of collections: `stock` has them.
pub(crate) fn shape(varied: &Varied<ShapeRecipe>, stock: Stock<'_>, key: &Key) -> Result<Shape, SampleError> {
    let (shape, key) = random::pick(varied, key);
    let named = |dist, name: &str| size(dist, &key.name(name));
    Ok(match shape {
        ShapeRecipe::Box([x, y, z]) => Shape::Box(DVec3::new(named(x, "x"), named(y, "y"), named(z, "z"))),
        ShapeRecipe::Sphere(radius) => Shape::Sphere(named(radius, "radius")),
        ShapeRecipe::Cylinder(radius, height) => {
            Shape::Cylinder { radius: named(radius, "radius"), height: named(height, "height") }
        }
        ShapeRecipe::Cone(radius, height) => {
            Shape::Cone { radius: named(radius, "radius"), height: named(height, "height") }
        }
        ShapeRecipe::Capsule(radius, height) => {
            Shape::Capsule { radius: named(radius, "radius"), height: named(height, "height") }
        }
        ShapeRecipe::Torus(major, minor) => {
            let major_radius = named(major, "major_radius");
            // A tube as wide as its ring would have no hole.
            let minor_radius = named(minor, "minor_radius").min(major_radius * 0.999);
            Shape::Torus { major_radius, minor_radius }
        }
        ShapeRecipe::Plane([x, z]) => Shape::Plane(DVec2::new(named(x, "x"), named(z, "z"))),
        ShapeRecipe::Gltf(path) => Shape::Gltf(path.clone()),
        ShapeRecipe::File(recipe) => Shape::File(Box::new(file(recipe, stock.library, &key))),
        ShapeRecipe::Made(made) => Shape::Made(Box::new(made.draw(&key, stock)?)),
    })
}

/// One file, every number decided. Of a collection it is the one that draws highest (rendezvous hashing): a file more takes the
/// instances that it wins, and changes no other.
fn file(recipe: &FileRecipe, library: &Library, key: &Key) -> FileShape {
    let path = match library.collections.get(&recipe.path).filter(|_| recipe.many) {
        None => recipe.path.clone(),
        Some(files) => {
            let key = key.name("file");
            let draws = files.iter().map(|file| (key.name(file).stream().unit(), file));
            draws.max_by(|a, b| a.0.total_cmp(&b.0)).map_or_else(String::new, |(_, file)| file.clone())
        }
    };
    let Taken { unit, up, pivot, fit, animation, time, morphs, playing } = &recipe.taken;
    let weight = |(name, dist): (&String, &Scalar)| {
        let drawn = random::scalar(dist, &key.name("morphs").name(name));
        (name.clone(), drawn.clamp(-MOST_MORPH, MOST_MORPH))
    };
    let time = random::scalar(time, &key.name("time")).clamp(0.0, 1.0);
    let play = |playing: &Playing<Scalar>| {
        let speed = random::scalar(&playing.speed, &key.name("speed")).clamp(-1e6, 1e6);
        let length = animation.as_ref().and_then(|name| library.animation_length(&path, name)).unwrap_or_default();
        Playing { speed, begin: time, length }
    };
    let taken = Taken {
        unit: *unit,
        up: *up,
        pivot: *pivot,
        fit: *fit,
        animation: animation.clone(),
        time,
        morphs: morphs.iter().map(weight).collect(),
        playing: playing.as_ref().map(play),
    };
    FileShape { path, taken }
}

/// A scale, keyed by `key` itself.
pub(crate) fn scale(recipe: &ScaleRecipe, key: &Key) -> DVec3 {
    match recipe {
        ScaleRecipe::Uniform(dist) => DVec3::splat(away_from_zero(random::scalar(dist, key))),
        ScaleRecipe::PerAxis(dists) => DVec3::from_array(random::triple(dists, key).to_array().map(away_from_zero)),
    }
}

/// A scale, moved into [`SIZES`] on its own side of 0.
fn away_from_zero(scale: f64) -> f64 {
    scale.abs().clamp(SIZES.0, SIZES.1).copysign(scale)
}

/// The keypoints of an instance: those of its category that it has, in the category's order. The recipe's win over those
/// of the glTF file, `in_file`. `bounds` are those of its shape.
pub(super) fn keypoints(
    recipe: &ObjectRecipe,
    category: &Category,
    in_file: Option<&BTreeMap<String, DVec3>>,
    (min, max): (DVec3, DVec3),
    key: &Key,
) -> Vec<Keypoint> {
    let key = key.name("keypoints");
    let own = |name: &String| {
        let triple = |dists| random::triple(dists, &key.name(name));
        Some(match recipe.keypoints.get(name)? {
            PointRecipe::Local(point) => triple(point),
            PointRecipe::Relative(point) => (min + max) / 2.0 + triple(point) * ((max - min) / 2.0),
        })
    };
    let found = category.keypoints.iter().filter_map(|name| {
        let position = own(name).or_else(|| in_file?.get(name).copied())?;
        Some(Keypoint { name: name.clone(), position: place::within_reach(position) })
    });
    found.collect()
}

/// A material of the recipe, keyed by `key` itself.
pub(crate) fn material(name: &str, recipe: &MaterialRecipe, key: &Key) -> Material {
    let key = &key.described_at(&["materials", name]);
    let key = &recipe.variants.map_or_else(|| key.clone(), |variants| paint::variant_key(name, variants, key));
    let plain = plain_material(name, recipe, key);
    match &recipe.paint {
        Some(paint) => painted(plain, paint.draw(key), recipe, key),
        None => plain,
    }
}

/// What a layer changes has to have a lowest coat: the material's own value, which then multiplies by one.
fn painted(mut material: Material, mut paint: Paint, recipe: &MaterialRecipe, key: &Key) -> Material {
    let touched = paint.touches();
    let value = |painted: &mut Option<Value>, touched: bool, own: &mut f64| {
        if touched {
            painted.get_or_insert(Value::Plain(*own));
            *own = 1.0;
        }
    };
    value(&mut paint.base.alpha, touched.alpha, &mut material.alpha);
    value(&mut paint.base.roughness, touched.roughness, &mut material.roughness);
    value(&mut paint.base.metallic, touched.metallic, &mut material.metallic);
    if touched.height {
        paint.base.height.get_or_insert(Value::Plain(0.0));
    }
    if touched.base_color {
        paint.base.base_color.get_or_insert(Tint::Plain(material.base_color));
        material.base_color = [1.0; 3];
    }
    if touched.emission {
        let own = random::color(&recipe.emission, &key.name("emission"));
        paint.base.emission.get_or_insert(Tint::Plain(own));
        material.emission = [light_amount(&recipe.emission_luminance, &key.name("emission_luminance")); 3];
    }
    material.paint = Some(Box::new(paint));
    material
}

fn plain_material(name: &str, recipe: &MaterialRecipe, key: &Key) -> Material {
    let unit = |dist, name: &str| random::scalar(dist, &key.name(name)).clamp(0.0, 1.0);
    let luminance = light_amount(&recipe.emission_luminance, &key.name("emission_luminance"));
    let path =
        |varied: &Option<_>, name: &str| varied.as_ref().map(|v| random::pick::<String>(v, &key.name(name)).0.clone());
    let tiling = key.name("tiling");
    Material {
        name: name.to_owned(),
        base_color: random::color(&recipe.base_color, &key.name("base_color")),
        alpha: unit(&recipe.alpha, "alpha"),
        base_color_texture: path(&recipe.base_color_texture, "base_color_texture"),
        metallic: unit(&recipe.metallic, "metallic"),
        roughness: unit(&recipe.roughness, "roughness"),
        emission: random::color(&recipe.emission, &key.name("emission")).map(|c| c * luminance),
        normal_texture: path(&recipe.normal_texture, "normal_texture"),
        tiling: DVec2::new(
            random::scalar(&recipe.tiling[0], &tiling.name("u")),
            random::scalar(&recipe.tiling[1], &tiling.name("v")),
        )
        .clamp(DVec2::splat(-SIZES.1), DVec2::splat(SIZES.1)),
        alpha_mask: recipe.alpha_mask,
        double_sided: recipe.double_sided,
        unlit: recipe.unlit,
        blend: recipe.blend,
        transmission: unit(&recipe.transmission, "transmission"),
        translucency: unit(&recipe.translucency, "translucency"),
        reflectance: unit(&recipe.reflectance, "reflectance"),
        clearcoat: unit(&recipe.clearcoat, "clearcoat"),
        clearcoat_roughness: unit(&recipe.clearcoat_roughness, "clearcoat_roughness"),
        anisotropy: unit(&recipe.anisotropy, "anisotropy"),
        anisotropy_angle: random::angle(&recipe.anisotropy_angle, &key.name("anisotropy_angle")),
        labels: recipe.labels,
        paint: None,
    }
}

pub(super) fn light_amount(dist: &Scalar, key: &Key) -> f64 {
    random::scalar(dist, key).clamp(0.0, BRIGHTEST)
}

/// `color` with its brightest channel 1, and `amount`; a black lamp is a white one that is off.
pub(super) fn lamp(color: [f64; 3], amount: f64) -> ([f64; 3], f64) {
    let brightest = color.into_iter().fold(0.0, f64::max);
    if brightest > 0.0 { (color.map(|c| c / brightest), amount) } else { ([1.0; 3], 0.0) }
}

/// Half angles within which a spot's light is full, and beyond which there is none.
pub(super) fn spot_angles(cone: &Scalar, blend: &Scalar, shadows: bool, key: &Key) -> (f64, f64) {
    let widest = if shadows { (WIDEST_SHADOWED_SPOT / 2.0).to_radians() } else { FRAC_PI_2 };
    let outer = (random::angle(cone, &key.name("angle")) / 2.0).clamp(10.0 * LEAST_PENUMBRA, widest);
    let blend = random::scalar(blend, &key.name("blend")).clamp(0.0, 1.0);
    ((outer * (1.0 - blend)).min(outer - LEAST_PENUMBRA), outer)
}

/// One light. `None` for a rig, which is several.
pub(super) fn light(name: &str, recipe: &LightRecipe, key: &Key) -> Option<Light> {
    let name = name.to_owned();
    let angle = |dist, name: &str| random::angle(dist, &key.name(name));
    let point = |dist, name: &str| random::vector(dist, &key.name(name)).clamp(DVec3::splat(-1e9), DVec3::splat(1e9));
    let lamp = |color, amount, name: &str| {
        lamp(random::color(color, &key.name("color")), light_amount(amount, &key.name(name)))
    };
    Some(match recipe {
        LightRecipe::Sun { elevation, azimuth, illuminance, angular_diameter, color, shadows } => {
            let towards_sun = solar::towards(angle(elevation, "elevation"), angle(azimuth, "azimuth"));
            let angular_diameter = angle(angular_diameter, "angular_diameter").clamp(0.0, PI);
            let (color, illuminance) = lamp(color, illuminance, "illuminance");
            let direction = -towards_sun;
            Light::Sun { name, direction, color, illuminance, angular_diameter, shadows: *shadows }
        }
        LightRecipe::Point { position, flux, color, shadows } => {
            let (color, flux) = lamp(color, flux, "flux");
            Light::Point { name, position: point(position, "position"), color, flux, shadows: *shadows }
        }
        LightRecipe::Spot { position, target, flux, angle: cone, blend, color, shadows } => {
            let (color, flux) = lamp(color, flux, "flux");
            let position = point(position, "position");
            let (inner_angle, outer_angle) = spot_angles(cone, blend, *shadows, key);
            Light::Spot {
                name,
                position,
                // A spot inside its target shines down.
                direction: (point(target, "target") - position).try_normalize().unwrap_or(DVec3::NEG_Y),
                color,
                flux,
                inner_angle,
                outer_angle,
                shadows: *shadows,
            }
        }
        LightRecipe::Area { emitter, position, aim, flux, color, shadows } => {
            let (color, flux) = lamp(color, flux, "flux");
            let position = point(position, "position");
            let (emitter, rotation) = (light::emitter(emitter, key), light::aimed(aim, position, key));
            Light::Area { name, emitter, position, rotation, color, flux, shadows: *shadows }
        }
        LightRecipe::Rig(_) => return None,
    })
}

/// What is behind everything, and whether the suns that it brings cast shadows.
pub(super) fn environment(recipe: &Varied<EnvironmentRecipe>, key: &Key) -> (Environment, bool) {
    let (recipe, key) = random::pick(recipe, key);
    let luminance = |strength| {
        let strength = light_amount(strength, &key.name("strength"));
        strength.min(BRIGHTEST / ENVIRONMENT_LUMINANCE) * ENVIRONMENT_LUMINANCE
    };
    let (zenith, nadir, strength) = match recipe {
        EnvironmentRecipe::Color { color, strength } => {
            let color = random::color(color, &key.name("color"));
            (color, color, strength)
        }
        EnvironmentRecipe::Gradient { sky, ground, strength } => {
            (random::color(sky, &key.name("sky")), random::color(ground, &key.name("ground")), strength)
        }
        EnvironmentRecipe::Sky(recipe) => return (Environment::Sky(sky(recipe, &key)), recipe.shadows),
        EnvironmentRecipe::Hdri { path, yaw, strength, shadows } => {
            let path = random::pick(path, &key.name("path")).0.clone();
            let yaw = random::angle(yaw, &key.name("yaw"));
            let luminance = luminance(strength);
            return (Environment::Image { path, yaw, luminance, without_suns: *shadows }, true);
        }
    };
    let luminance = luminance(strength);
    let [zenith, nadir] = [zenith, nadir].map(|color| color.map(|c| c * luminance));
    (Environment::Gradient { zenith, nadir }, true)
}

fn sky(recipe: &SkyRecipe, key: &Key) -> PhysicalSky {
    let angle = |dist, name: &str| random::angle(dist, &key.name(name));
    let (elevation, azimuth) = match &recipe.sun {
        SunPlaceRecipe::Direction { elevation, azimuth } => (angle(elevation, "elevation"), angle(azimuth, "azimuth")),
        SunPlaceRecipe::Clock { latitude, longitude, day, hour } => {
            let number = |dist, name: &str| random::scalar(dist, &key.name(name));
            let longitude = longitude.as_ref().map(|longitude| angle(longitude, "longitude"));
            let (day, hour) = (number(day, "day"), number(hour, "hour"));
            let position = solar::Position::by_clock(day, hour, angle(latitude, "latitude"), longitude);
            // North is -Z.
            (position.elevation, PI - position.bearing)
        }
    };
    let (least, most) = PhysicalSky::TURBIDITY;
    PhysicalSky {
        elevation: elevation.clamp(-FRAC_PI_2, FRAC_PI_2),
        azimuth: azimuth + angle(&recipe.yaw, "yaw"),
        turbidity: random::scalar(&recipe.turbidity, &key.name("turbidity")).clamp(least, most),
        ground: random::color(&recipe.ground, &key.name("ground")),
        strength: light_amount(&recipe.strength, &key.name("strength")).min(MOST_SKY),
    }
}

pub(super) fn background(recipe: Option<&Varied<BackgroundRecipe>>, key: &Key) -> Option<Background> {
    let (recipe, key) = random::pick(recipe?, key);
    match recipe {
        BackgroundRecipe::Environment => None,
        BackgroundRecipe::Color(color) => Some(Background::Color(random::color(color, &key.name("color")))),
        BackgroundRecipe::Image { path, mirrored } => Some(Background::Image {
            path: random::pick(path, &key.name("path")).0.clone(),
            mirrored: random::scalar(mirrored, &key.name("mirrored")) >= 0.5,
        }),
    }
}
