//! Recipes written as Rust values, for tests of sampling.

use std::collections::BTreeMap;
use std::sync::Arc;

use scenewright::assets::Library;
use scenewright::recipe::dist::{ColorRecipe, Number, RotationRecipe, Scalar, Varied, VectorDist, VectorRecipe};
use scenewright::recipe::*;
use scenewright::scene::{AntiAliasing, Category, ImageFormat, ImageSettings, LabelSettings, SurfaceLabels, ToneCurve};

pub(crate) fn c(value: f64) -> Scalar {
    Varied::One(Number::Const(value))
}

pub(crate) fn uniform(min: f64, max: f64) -> Scalar {
    Varied::One(Number::Uniform { min, max })
}

pub(crate) fn int(min: i64, max: i64) -> Scalar {
    Varied::One(Number::UniformInt { min, max })
}

pub(crate) fn normal(mean: f64, std: f64) -> Scalar {
    Varied::One(Number::Normal { mean, std, min: f64::NEG_INFINITY, max: f64::INFINITY })
}

pub(crate) fn point(x: f64, y: f64, z: f64) -> VectorDist {
    Varied::One(VectorRecipe::PerComponent([c(x), c(y), c(z)]))
}

pub(crate) fn hex(rgb: [u8; 3]) -> ColorDist {
    Varied::One(ColorRecipe::Hex(rgb))
}

pub(crate) fn material() -> MaterialRecipe {
    MaterialRecipe {
        base_color: Varied::One(ColorRecipe::Hsv([uniform(0.0, 360.0), uniform(0.3, 0.9), c(0.8)])),
        alpha: c(1.0),
        base_color_texture: None,
        metallic: c(0.0),
        roughness: uniform(0.05, 0.5),
        emission: hex([255; 3]),
        emission_luminance: c(0.0),
        normal_texture: None,
        tiling: [c(1.0), c(1.0)],
        alpha_mask: None,
        double_sided: false,
        unlit: false,
        blend: false,
        transmission: c(0.0),
        translucency: c(0.0),
        reflectance: c(0.5),
        clearcoat: c(0.0),
        clearcoat_roughness: c(0.0),
        anisotropy: c(0.0),
        anisotropy_angle: c(0.0),
        paint: None,
        variants: None,
        labels: SurfaceLabels::Solid,
    }
}

pub(crate) fn object(shape: ShapeRecipe, count: Scalar, place: Place) -> ObjectRecipe {
    ObjectRecipe {
        shape: Varied::One(shape),
        category: Some("thing".into()),
        count,
        scale: ScaleRecipe::Uniform(c(1.0)),
        material: Some(Varied::One("glaze".into())),
        place,
        if_full: IfFull::Fewer,
        density: None,
        crowding: 0.0,
        relations: Vec::new(),
        physics: Physics::default(),
        keypoints: BTreeMap::new(),
        keypoint_tolerance: None,
        see_through: Vec::new(),
        motion: None,
    }
}

pub(crate) fn at(x: f64, y: f64, z: f64) -> Place {
    Place::At { position: point(x, y, z), rotation: Varied::One(RotationRecipe::Yaw(c(0.0))) }
}

pub(crate) fn on(support: &str, spacing: f64) -> Place {
    Place::On { support: support.into(), yaw: uniform(0.0, 360.0), spacing }
}

pub(crate) fn in_box(size: f64, spacing: f64) -> Place {
    Place::InBox { min: [-size; 3], max: [size; 3], rotation: Varied::One(RotationRecipe::Any), spacing }
}

pub(crate) fn camera() -> CameraRecipe {
    CameraRecipe {
        lens: LensRecipe::Fov { angle: uniform(35.0, 60.0), axis: FovAxis::Vertical },
        pose: PoseRecipe::Orbit {
            target: point(0.0, 0.05, 0.0),
            distance: uniform(0.9, 2.0),
            azimuth: uniform(0.0, 360.0),
            elevation: uniform(12.0, 65.0),
            roll: c(0.0),
        },
        distortion: None,
        near: 0.01,
        focus: None,
        shutter: ShutterRecipe { time: c(0.0), readout: c(0.0) },
        exposure: ExposureRecipe::Auto { compensation: c(0.0) },
        optics: None,
        sensor: None,
        depth_sensor: None,
        motion: None,
        mount: None,
    }
}

pub(crate) fn sun() -> LightRecipe {
    LightRecipe::Sun {
        elevation: uniform(15.0, 80.0),
        azimuth: uniform(0.0, 360.0),
        illuminance: Varied::One(Number::LogUniform { min: 8e3, max: 9e4 }),
        angular_diameter: c(0.53),
        color: Varied::One(ColorRecipe::Kelvin(uniform(4000.0, 7000.0))),
        shadows: true,
    }
}

/// One camera, one material, nothing else.
pub(crate) fn empty() -> Recipe {
    Recipe {
        clip: None,
        name: "test".into(),
        image: ImageSettings {
            width: 640,
            height: 480,
            anti_aliasing: AntiAliasing::Msaa4,
            tone_curve: ToneCurve::Neutral,
            samples: 1,
            ambient_occlusion: false,
            bounce: false,
            format: ImageFormat::Png,
        },
        quality: None,
        labels: LabelSettings::default(),
        sampling: Arc::default(),
        categories: vec![Category::new(1, "thing", "")],
        materials: BTreeMap::from([("glaze".to_owned(), material())]),
        objects: BTreeMap::new(),
        lights: BTreeMap::new(),
        environment: Varied::One(EnvironmentRecipe::Color { color: hex([0; 3]), strength: c(0.0) }),
        background: None,
        fog: None,
        flicker: BTreeMap::new(),
        cameras: BTreeMap::from([("main".to_owned(), camera())]),
        parameters: Vec::new(),
        conditions: Default::default(),
        variants: Vec::new(),
        wanted: Default::default(),
        source: String::new(),
        files: Vec::new(),
        set: Vec::new(),
        assets: Arc::new(Library::default()),
    }
}

/// A table with boxes and balls on it, and more of everything.
pub(crate) fn tabletop() -> Recipe {
    let mut recipe = empty();
    recipe.name = "tabletop".into();
    let mut table = object(ShapeRecipe::Box([c(1.6), c(0.04), c(0.9)]), c(1.0), at(0.0, -0.02, 0.0));
    table.category = None;
    let mut mugs =
        object(ShapeRecipe::Cylinder(uniform(0.03, 0.05), uniform(0.08, 0.12)), int(1, 6), on("table", 0.02));
    mugs.scale = ScaleRecipe::Uniform(uniform(0.8, 1.2));
    mugs.material = Some(Varied::Choice(vec![Varied::One("glaze".into()), Varied::One("oak".into())]));
    let balls = object(ShapeRecipe::Sphere(c(0.04)), c(3.0), on("table", 0.0));
    let rings = object(ShapeRecipe::Torus(uniform(0.05, 0.1), uniform(0.01, 0.02)), c(4.0), in_box(0.5, 0.01));
    recipe.objects = [("table", table), ("mugs", mugs), ("balls", balls), ("rings", rings)]
        .map(|(name, object)| (name.to_owned(), object))
        .into();
    let mut oak = material();
    oak.base_color = hex([0x8a, 0x66, 0x42]);
    oak.roughness = normal(0.7, 0.05);
    recipe.materials.insert("oak".into(), oak);
    recipe.lights.insert("sun".into(), sun());
    recipe.lights.insert(
        "spot".into(),
        LightRecipe::Spot {
            position: Varied::One(VectorRecipe::OnSphere { center: [0.0; 3], radius: 2.0 }),
            target: point(0.0, 0.0, 0.0),
            flux: uniform(500.0, 2000.0),
            angle: uniform(20.0, 60.0),
            blend: uniform(0.0, 1.0),
            color: hex([255, 200, 150]),
            shadows: true,
        },
    );
    recipe.environment = Varied::One(EnvironmentRecipe::Gradient {
        sky: hex([0xbc, 0xd3, 0xee]),
        ground: hex([0x6b, 0x63, 0x58]),
        strength: uniform(0.5, 1.5),
    });
    recipe
}
