//! Scenes and frames painted by hand, whose labels are known on paper.

use glam::{DQuat, DVec3};
use scenewright::annotate::Subject;
use scenewright::assets::Library;
use scenewright::frame::{AmodalMask, BitMask, Frame, Owner};
use scenewright::image::Image;
use scenewright::scene::{
    AntiAliasing, Camera, Category, Environment, ImageFormat, ImageSettings, Instance, LabelSettings, PlacedCount,
    SCENE_VERSION, Scene, Shape, ToneCurve,
};
use scenewright::write::{AdapterInfo, DatasetInfo};
use std::collections::BTreeMap;

pub(crate) fn categories() -> Vec<Category> {
    vec![Category::new(1, "mug", "kitchen"), Category::new(2, "ball", ""), Category::new(3, "never seen", "")]
}

/// A camera 2 m in front of the origin, with its principal point off the middle.
pub(crate) fn camera(name: &str) -> Camera {
    Camera {
        name: name.into(),
        fx: 100.0,
        fy: 110.0,
        cx: 30.25,
        cy: 20.5,
        near: 0.01,
        position: DVec3::new(0.5, 0.25, 2.0),
        rotation: DQuat::from_xyzw(0.0, 0.6, 0.0, 0.8),
        ev100: 9.5,
        ..Camera::default()
    }
}

/// `mugs[n]` and `balls[n]` in turn, with ids from 1, on an unlabelled `floor[0]`.
pub(crate) fn scene(index: u64, labelled: u32, cameras: &[&str], (width, height): (u32, u32)) -> Scene {
    let instance = |id: u32, object: &str, number, category| Instance {
        id,
        object: object.into(),
        number,
        category,
        shape: Shape::Sphere(0.1),
        material: None,
        position: DVec3::ZERO,
        rotation: DQuat::IDENTITY,
        scale: DVec3::ONE,
        keypoints: Vec::new(),
        keypoint_tolerance: 0.0,
        see_through: Vec::new(),
        motion: None,
    };
    let mut instances = vec![instance(0, "floor", 0, None)];
    instances.extend((0..labelled).map(|n| {
        if n % 2 == 0 { instance(n + 1, "mugs", n / 2, Some(1)) } else { instance(n + 1, "balls", n / 2, Some(2)) }
    }));
    Scene {
        scene_version: SCENE_VERSION,
        recipe: "synthetic".into(),
        seed: 0,
        index,
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
        categories: categories(),
        instances,
        lights: Vec::new(),
        environment: Environment::Gradient { zenith: [1.0; 3], nadir: [1.0; 3] },
        background: None,
        fog: None,
        flicker: BTreeMap::new(),
        carried: BTreeMap::new(),
        cameras: cameras.iter().map(|name| camera(name)).collect(),
        placed: vec![PlacedCount { object: "mugs".into(), asked: labelled, placed: labelled.div_ceil(2) }],
        redrawn: BTreeMap::new(),
        settled: Vec::new(),
        parameters: BTreeMap::new(),
        clip: None,
        time: 0.0,
        frame: 0,
    }
}

/// The scene with its geometry; it names no assets.
pub(crate) fn subject(scene: &Scene) -> Subject {
    Subject::new(scene.clone(), &Library::default()).unwrap()
}

/// An empty frame: a floor at 3 m in the lower half, nothing in the upper.
pub(crate) fn empty_frame(scene: &Scene, camera: usize) -> Frame {
    let (width, height) = (scene.image.width, scene.image.height);
    let mut frame = Frame {
        camera,
        rgb: Image::filled(width, height, [90, 120, 160]),
        linear: None,
        deep: None,
        sensor_depth: None,
        surfaces: Image::filled(width, height, 0),
        owners: (0..).zip(&scene.instances).map(|(k, i)| Owner { instance: k, id: i.id, part: 1 }).collect(),
        ids: Image::filled(width, height, 0),
        depth: Image::filled(width, height, f32::INFINITY),
        range: Image::filled(width, height, f32::INFINITY),
        geometric_normals: None,
        shaded_normals: None,
        uv: None,
        coordinates: None,
        albedo: None,
        roughness: None,
        metallic: None,
        emission: None,
        amodal: None,
        amodal_strays: 0,
    };
    for y in height / 2..height {
        for x in 0..width {
            frame.surfaces.set(x, y, 1);
            frame.depth.set(x, y, 3.0);
            frame.range.set(x, y, 3.0);
            frame.rgb.set(x, y, [110, 100, 90]);
        }
    }
    frame
}

/// Paints `id` at `depth` metres wherever `inside` says so.
pub(crate) fn paint(frame: &mut Frame, id: u32, depth: f32, inside: impl Fn(u32, u32) -> bool) {
    let shade = id.to_le_bytes()[0].wrapping_mul(37);
    for y in 0..frame.ids.height() {
        for x in 0..frame.ids.width() {
            if inside(x, y) {
                frame.surfaces.set(x, y, id + 1);
                frame.ids.set(x, y, id);
                frame.range.set(x, y, depth);
                frame.depth.set(x, y, depth);
                frame.rgb.set(x, y, [shade, 255 - shade, 128]);
            }
        }
    }
}

/// The depth of a surface at a continuous position in the image, where it is there.
pub(crate) type Layer<'a> = Box<dyn Fn(f64, f64) -> Option<f64> + 'a>;

/// A frame of surfaces in front of nothing, with amodal masks: each surface is that of the instance at a position in the scene. Every
/// pixel of the canvas is looked at by itself, in its middle.
pub(crate) fn compose(scene: &Scene, camera: usize, layers: &[(usize, Layer<'_>)]) -> Frame {
    let (width, height) = (scene.image.width, scene.image.height);
    let mut frame = empty_frame(scene, camera);
    frame.surfaces = Image::filled(width, height, 0);
    frame.depth = Image::filled(width, height, f32::INFINITY);
    frame.range = Image::filled(width, height, f32::INFINITY);
    let mut covered: Vec<Vec<(i32, i32)>> = vec![Vec::new(); scene.instances.len()];
    let (columns, rows) = (i32::try_from(width).unwrap(), i32::try_from(height).unwrap());
    for (x, y) in (-columns..2 * columns).flat_map(|x| (-rows..2 * rows).map(move |y| (x, y))) {
        for (instance, layer) in layers {
            let Some(depth) = layer(f64::from(x) + 0.5, f64::from(y) + 0.5) else { continue };
            covered[*instance].push((x, y));
            let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { continue };
            #[expect(clippy::cast_possible_truncation, reason = "as an image has it")]
            if frame.depth.get(x, y).is_some_and(|&nearest| depth < f64::from(nearest)) {
                frame.surfaces.set(x, y, u32::try_from(*instance).unwrap() + 1);
                frame.ids.set(x, y, scene.instances[*instance].id);
                frame.depth.set(x, y, depth as f32);
                frame.range.set(x, y, depth as f32);
            }
        }
    }
    let labelled = scene.instances.iter().zip(&covered).filter(|(instance, _)| instance.id > 0);
    frame.amodal = Some(labelled.filter_map(|(instance, pixels)| amodal_mask(scene, instance.id, pixels)).collect());
    frame
}

/// The amodal mask of these pixels of the canvas (in pixels of the frame); `None` of none.
pub(crate) fn amodal_mask(scene: &Scene, id: u32, pixels: &[(i32, i32)]) -> Option<AmodalMask> {
    let pixels: std::collections::BTreeSet<_> = pixels.iter().copied().collect();
    let (left, right) = (pixels.iter().map(|p| p.0).min()?, pixels.iter().map(|p| p.0).max()?);
    let (top, bottom) = (pixels.iter().map(|p| p.1).min()?, pixels.iter().map(|p| p.1).max()?);
    let clip = |at: i32, size: u32| u32::try_from(at.max(0)).unwrap().min(size);
    let (width, height) = (scene.image.width, scene.image.height);
    let (x, y) = (clip(left, width), clip(top, height));
    let mut inside = BitMask::empty(x, y, clip(right + 1, width) - x, clip(bottom + 1, height) - y);
    for &(x, y) in &pixels {
        if let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) {
            inside.insert(x, y);
        }
    }
    Some(AmodalMask { id, area: pixels.len() as u64, bbox: [left, top, right - left + 1, bottom - top + 1], inside })
}

/// The rectangle with this `[x, y, width, height]`.
pub(crate) fn rectangle([x0, y0, width, height]: [u32; 4]) -> impl Fn(u32, u32) -> bool {
    move |x, y| (x0..x0 + width).contains(&x) && (y0..y0 + height).contains(&y)
}

/// A disc with a hole, as a ring of pixels.
pub(crate) fn ring(cx: u32, cy: u32, outer: u32, inner: u32) -> impl Fn(u32, u32) -> bool {
    move |x, y| {
        let squared = x.abs_diff(cx).pow(2) + y.abs_diff(cy).pow(2);
        (inner * inner..=outer * outer).contains(&squared)
    }
}

pub(crate) fn info(first_index: u64, count: u64, cameras: &[&str]) -> DatasetInfo {
    DatasetInfo {
        recipe_name: "synthetic".into(),
        recipe_text: "(version: 1, name: \"synthetic\")\n".into(),
        recipe_files: Vec::new(),
        recipe_set: Vec::new(),
        seed: 0,
        first_index,
        count,
        clip: None,
        cameras: cameras.iter().map(ToString::to_string).collect(),
        categories: categories(),
        labels: LabelSettings::default(),
        adapter: AdapterInfo {
            name: "painted by hand".into(),
            driver: "none".into(),
            backend: "none".into(),
            device_type: "Cpu".into(),
        },
        format: ImageFormat::Png,
        depth_sensors: false,
        assets: Vec::new(),
        parts: Default::default(),
        coverage: Default::default(),
        splits: None,
    }
}
