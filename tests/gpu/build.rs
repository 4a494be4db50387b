//! Scenes for tests, in few words.

use glam::{DQuat, DVec3};
use scenewright::scene::{
    AntiAliasing, Camera, Category, Environment, ImageFormat, ImageSettings, Instance, LabelSettings, Light, Material,
    SCENE_VERSION, Scene, Shape, ToneCurve,
};
use std::collections::BTreeMap;

/// A scene without objects: grey environment, a camera at the origin that looks down -Z with a focal length of one image
/// width, no anti-aliasing.
pub(crate) fn scene(width: u32, height: u32) -> Scene {
    Scene {
        scene_version: SCENE_VERSION,
        recipe: "test".into(),
        seed: 0,
        index: 0,
        image: ImageSettings {
            width,
            height,
            anti_aliasing: AntiAliasing::Off,
            tone_curve: ToneCurve::Srgb,
            samples: 1,
            ambient_occlusion: false,
            bounce: false,
            format: ImageFormat::Png,
        },
        labels: LabelSettings::default(),
        categories: vec![Category::new(1, "thing", "")],
        instances: Vec::new(),
        lights: Vec::new(),
        environment: Environment::Gradient { zenith: [500.0; 3], nadir: [500.0; 3] },
        background: None,
        fog: None,
        flicker: BTreeMap::new(),
        carried: BTreeMap::new(),
        cameras: vec![camera(width, height)],
        placed: Vec::new(),
        redrawn: BTreeMap::new(),
        settled: Vec::new(),
        parameters: BTreeMap::new(),
        clip: None,
        time: 0.0,
        frame: 0,
    }
}

/// At the origin, looking down -Z, one image width of focal length, principal point in the middle.
pub(crate) fn camera(width: u32, height: u32) -> Camera {
    Camera {
        name: "main".into(),
        fx: width.into(),
        fy: width.into(),
        cx: f64::from(width) / 2.0,
        cy: f64::from(height) / 2.0,
        near: 0.01,
        position: DVec3::ZERO,
        rotation: DQuat::IDENTITY,
        ev100: 9.0,
        ..Camera::default()
    }
}

/// Adds a labelled instance and returns its id.
pub(crate) fn add(scene: &mut Scene, shape: Shape, position: DVec3) -> u32 {
    let id = 1 + scene.instances.iter().map(|instance| instance.id).max().unwrap_or(0);
    push(scene, shape, position, id);
    id
}

/// Adds an instance without a label.
pub(crate) fn add_unlabelled(scene: &mut Scene, shape: Shape, position: DVec3) {
    push(scene, shape, position, 0);
}

fn push(scene: &mut Scene, shape: Shape, position: DVec3, id: u32) {
    scene.instances.push(Instance {
        id,
        object: "thing".into(),
        number: u32::try_from(scene.instances.len()).unwrap(),
        category: (id > 0).then_some(1),
        shape,
        material: Some(Material::default()),
        position,
        rotation: DQuat::IDENTITY,
        scale: DVec3::ONE,
        keypoints: Vec::new(),
        keypoint_tolerance: 0.0,
        see_through: Vec::new(),
        motion: None,
    });
}

/// The instance that was added last.
pub(crate) fn last(scene: &mut Scene) -> &mut Instance {
    scene.instances.last_mut().expect("an instance was added")
}

/// A sun that shines straight down at an angle, with shadows.
pub(crate) fn sun() -> Light {
    Light::Sun {
        name: "sun".into(),
        direction: DVec3::new(-1.0, -2.0, -0.5).normalize(),
        color: [1.0; 3],
        illuminance: 3000.0,
        angular_diameter: 0.0,
        shadows: true,
    }
}

/// Turns the plane that was added last, which faces +Y, to face +Z; its x stays, its z becomes -y.
pub(crate) fn stand_up(scene: &mut Scene) {
    last(scene).rotation = DQuat::from_rotation_x(std::f64::consts::FRAC_PI_2);
}
