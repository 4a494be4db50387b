//! Every frame that is rendered here is made once more by the CPU ray caster, and the two are compared pixel by pixel.

use glam::{DQuat, DVec2, DVec3};
use scenewright::annotate::{Amodal, Subject, annotate};
use scenewright::assets::{Library, Part};
use scenewright::audit::audit;
use scenewright::frame::Frame;
use scenewright::plan::{Plan, Selection};
use scenewright::recipe;
use scenewright::scene::camera::look_at;
use scenewright::scene::color::linear_from_srgb;
use scenewright::scene::{
    AntiAliasing, Environment, Instance, Material, Output, Scene, Shape, SurfaceLabels, ToneCurve,
};
use std::collections::BTreeSet;
use std::f64::consts::PI;
use std::path::Path;

use crate::build::{add, add_unlabelled, camera, last, scene, stand_up};
use crate::harness::{Case, allowed, ensure, folder, gallery_recipe, render, texture};
use crate::oracle::{cast, compare, load};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("the_ray_caster_agrees_on_every_primitive", primitives),
        ("the_ray_caster_agrees_on_the_demo_recipe", demo),
        ("the_ray_caster_agrees_on_heavy_clutter", clutter),
        ("the_ray_caster_agrees_on_cut_out_leaves", leaves),
        ("the_ray_caster_agrees_with_off_centre_cameras", cameras),
        ("the_ray_caster_agrees_on_colours_and_textures_of_primitives", materials),
        ("the_ray_caster_agrees_on_normal_maps", normal_maps),
        ("the_ray_caster_agrees_on_the_back_of_a_normal_map", normal_map_from_behind),
        ("the_ray_caster_agrees_on_every_texture_of_a_gltf_material", gltf_textures),
        ("the_ray_caster_agrees_on_a_mug", mug),
        ("the_ray_caster_agrees_on_a_plant_from_afar", plant),
        ("the_ray_caster_agrees_on_a_plant_from_near", leaf),
        ("the_ray_caster_agrees_on_skinned_and_morphed_arms", arms),
        ("the_ray_caster_agrees_on_the_recipe_of_every_label", every_label),
        ("the_ray_caster_agrees_on_stretched_and_mirrored_things", scales),
        ("the_ray_caster_agrees_on_things_that_pass_through_each_other", interpenetrating),
        ("the_ray_caster_agrees_on_things_thinner_than_a_pixel", thin),
        ("the_ray_caster_agrees_on_what_the_frame_and_the_near_plane_cut_off", cut_off),
        ("the_ray_caster_agrees_on_what_labels_see_through", see_through),
    ]
}

/// What is not compared: nothing.
pub(crate) const EVERYTHING: [&str; 0] = [];

/// What depends on textures: a GPU filters those that are finer than the picture, and the ray caster does not.
pub(crate) const FINE_TEXTURES: [&str; 5] = ["shaded_normals", "albedo", "roughness", "metallic", "emission"];

/// What changes across a thing: all of it within a part of a pixel, where the thing is narrower than one.
const NARROW: [&str; 1] = ["uv"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Renders a scene with every output, and compares what each of its cameras saw in all images but some.
fn agree(scene: &Scene, library: &Library, but: &[&str]) -> Result<(), String> {
    let mut scene = scene.clone();
    scene.labels.outputs = Output::ALL.into();
    let frames = render(&scene);
    ensure(frames.len() == scene.cameras.len(), || format!("{} frames", frames.len()))?;
    for frame in frames {
        let which = format!("scene {}, camera {}", scene.index, frame.camera);
        let truth = cast(&scene, library, frame.camera);
        let labelled = truth.ids.pixels().iter().filter(|&&id| id > 0).count();
        ensure(labelled > 50, || format!("{which} shows {labelled} labelled pixels: it proves nothing"))?;
        let mut found = compare(&truth, &frame);
        ensure(found.missing.is_empty(), || format!("{which}: no {:?}", found.missing))?;
        ensure(found.silhouette < found.pixels / 2, || format!("{which} is all silhouette: {}", found.silhouette))?;
        found.planes.retain(|plane| !but.contains(&plane.name));
        found.disagreement().map_or(Ok(()), |said| Err(format!("{which}: {said}")))?;
        agree_on_labels(&scene, library, &truth, &frame).map_err(|said| format!("{which}: {said}"))?;
    }
    agree_in_colour(&scene, library)
}

/// Every instance in a flat colour of its own, without light and without anti-aliasing: each pixel's colour is that of the instance that
/// its label names, to the last pixel.
fn agree_in_colour(scene: &Scene, library: &Library) -> Result<(), String> {
    let mut painted = scene.clone();
    (painted.image.anti_aliasing, painted.image.tone_curve) = (AntiAliasing::Off, ToneCurve::Srgb);
    painted.environment = Environment::Gradient { zenith: [0.0; 3], nadir: [0.0; 3] };
    painted.lights.clear();
    // Far apart in 8 bits; black is nothing. Colours repeat after 6^3 - 1 instances.
    let color = |k: usize| [k % 6, k / 6 % 6, k / 36 % 6].map(|step| step as u8 * 50);
    for (k, instance) in painted.instances.iter_mut().enumerate() {
        let old = instance.material.take().unwrap_or_default();
        let base_color = color(1 + k % 215).map(|byte| linear_from_srgb(f64::from(byte) / 255.0));
        // Holes stay holes: they need their texture, which is white in these scenes' colours or as good as none.
        let holes = old.alpha_mask.is_some();
        if !holes && old.labels == SurfaceLabels::Solid {
            let double_sided = old.double_sided || matches!(instance.shape, Shape::Gltf(_));
            instance.material = Some(Material { base_color, double_sided, unlit: true, ..Material::default() });
        } else {
            instance.material = Some(old);
        }
        instance.see_through.clear();
    }
    // Parts keep materials of their own, and colours of vertices multiply: such instances are not flat.
    let flat = |instance: &Instance| {
        let model = library.geometry(&instance.shape);
        model.is_none_or(|model| model.parts.iter().all(|part| !part.own && part.mesh.colors.is_empty()))
    };
    let known = |k: usize| {
        let instance = &painted.instances[k];
        instance.material.as_ref().is_some_and(|material| material.unlit) && flat(instance)
    };
    let behind_glass = painted.instances.iter().any(|instance| {
        let whole = instance.material.as_ref().is_some_and(|material| material.blend || material.transmission > 0.0);
        let clear = |part: &Part| part.own && (part.material.blend || part.material.transmission > 0.0);
        whole || library.geometry(&instance.shape).is_some_and(|model| model.parts.iter().any(clear))
    });
    for frame in render(&painted) {
        let pixels = frame.surfaces.pixels().iter().zip(frame.rgb.pixels());
        let wrong = |&(&surface, &rgb): &(&u32, &[u8; 3])| match surface.checked_sub(1) {
            None => rgb != [0; 3],
            Some(position) => {
                let k = frame.owners[position as usize].instance as usize;
                known(k) && rgb.iter().zip(color(1 + k % 215)).any(|(&is, should)| is.abs_diff(should) > 1)
            }
        };
        let count = if behind_glass { 0 } else { pixels.filter(wrong).count() };
        ensure(count == 0, || format!("scene {}: {count} pixels have the colour of another", scene.index))?;
    }
    Ok(())
}

/// Visibility, truncation, and who hides how much of whom, from either frame. One pixel in fifty of an outline may fall the other
/// way, of the thing's own and of what is before it; those of a box stand for both.
fn agree_on_labels(scene: &Scene, library: &Library, truth: &Frame, frame: &Frame) -> Result<(), String> {
    let subject = Subject::new(scene.clone(), library).map_err(|error| error.to_string())?;
    let labels = |frame| annotate(&subject, frame).map_err(|error| error.to_string());
    let (expected, found) = (labels(truth)?, labels(frame)?);
    audit(&subject, frame, &found).map_err(|error| error.to_string())?;
    for should in &expected.annotations {
        let (name, amodal) = (&should.name, should.amodal.as_ref().ok_or("no amodal labels")?);
        let [_, _, w, h] = amodal.bbox;
        let rim = 2.0 * f64::from(w + h);
        let slack = 4.0 + 0.04 * rim;
        let Some(is) = found.annotations.iter().find(|is| is.instance_id == should.instance_id) else {
            ensure(should.area as f64 <= slack, || format!("{name} is not annotated"))?;
            continue;
        };
        let is = is.amodal.as_ref().ok_or("no amodal labels")?;
        let close = |is: f64, should: f64, by: f64, what: &str| {
            ensure((is - should).abs() <= by, || format!("{name}: {what} {is}, not {should} within {by}"))
        };
        close(is.visibility, amodal.visibility, slack / amodal.area_in_frame.max(1) as f64, "visibility")?;
        close(is.truncation, amodal.truncation, slack / amodal.area as f64, "truncation")?;
        let hiders: BTreeSet<u32> = is.hidden_by.iter().chain(&amodal.hidden_by).map(|&(id, _)| id).collect();
        for hider in hiders {
            let by = |amodal: &Amodal| amodal.hidden_by.iter().find(|(id, _)| *id == hider).map_or(0, |(_, n)| *n);
            close(by(is) as f64, by(amodal) as f64, slack, &format!("pixels hidden by {hider}"))?;
        }
    }
    Ok(())
}

/// The same of a scene made by hand.
pub(crate) fn agree_on(scene: &Scene) -> Result<(), String> {
    agree(scene, &load(scene, root()), &EVERYTHING)
}

/// The same of the first scenes of a recipe.
fn agree_on_recipe(recipe: recipe::Recipe, scenes: u64, but: &[&str]) -> Result<(), String> {
    let selection = Selection { count: Some(scenes), ..Selection::default() };
    let plan = Plan::of_recipe(recipe, root().to_path_buf(), selection).unwrap();
    for index in plan.indices() {
        agree(&plan.scene(index).unwrap(), plan.library(), but)?;
    }
    Ok(())
}

pub(crate) fn text(text: &str, scenes: u64, but: &[&str]) -> Result<(), String> {
    let read = recipe::parse_allowing(text, Path::new("test.ron"), root(), &[], &allowed());
    agree_on_recipe(read.map_err(|problems| problems.to_string())?.recipe, scenes, but)
}

/// A recipe of the gallery at a size that a ray caster can do.
fn gallery(name: &str, width: u32, scenes: u64) -> Result<(), String> {
    agree_on_recipe(gallery_recipe(name, width), scenes, &FINE_TEXTURES)
}

fn primitives() -> Result<(), String> {
    text(
        r#"(
        version: 1, name: "primitives", image: (width: 200, height: 150),
        categories: [(id: 1, name: "thing")],
        objects: {
            "floor": (shape: Plane(4, 4), place: At(position: (0, -0.5, 0))),
            "things": (shape: Choice([Box(0.3, 0.2, 0.4), Sphere(0.2), Cylinder(0.15, 0.4), Cone(0.2, 0.4), Capsule(0.1, 0.2),
                       Torus(0.2, 0.07), Plane(0.4, 0.3)]), category: "thing", count: 14, scale: (Uniform(0.5, 1.5), Uniform(0.5, 1.5), 1),
                       place: InBox(min: (-0.8, -0.3, -0.8), max: (0.8, 0.8, 0.8), rotation: Any)),
        },
        lights: {}, environment: Color(Rgb(1, 1, 1)),
        cameras: { "main": (lens: Fov(60), pose: Orbit(target: (0, 0.2, 0), distance: Uniform(2, 3), azimuth: Uniform(0, 360), elevation: Uniform(-10, 80))) },
    )"#,
        4,
        &EVERYTHING,
    )
}

fn demo() -> Result<(), String> {
    gallery("tabletop.ron", 160, 3)
}

fn clutter() -> Result<(), String> {
    gallery("clutter.ron", 200, 1)
}

/// A texture whose texels differ from their neighbours, but not by so much that the eight bits of a GPU's filter weights
/// would show. Two by two: magnified wherever a face is more than two pixels wide.
fn patches(name: &str) -> String {
    texture(name, 2, |x, y| [120 + 80 * x as u8, 200 - 90 * y as u8, 120 + 25 * (x * 2 + y) as u8, 255])
}

/// A normal map (OpenGL's convention) that leans another way in each of its texels.
fn bump(name: &str) -> String {
    texture(name, 2, |x, y| [90 + 70 * x as u8, 190 - 80 * y as u8, 240, 255])
}

/// A disc cut out of a square. The texture is small, so that it is magnified.
fn disc(name: &str, size: u32) -> String {
    texture(name, size, |x, y| {
        let (dx, dy) = ((f64::from(x) + 0.5) / f64::from(size) - 0.5, (f64::from(y) + 0.5) / f64::from(size) - 0.5);
        [90, 160, 60, if dx * dx + dy * dy < 0.156 { 255 } else { 0 }]
    })
}

/// Through each other, fronts and backs; none so steep that its texture would be minified along one axis.
fn leaves() -> Result<(), String> {
    let disc = disc("disc", 16);
    let recipe = format!(
        r#"(
        version: 1, name: "discs", image: (width: 200, height: 150),
        categories: [(id: 1, name: "disc")],
        materials: {{ "disc": (base_color_texture: "{disc}", alpha_mask: 0.5, double_sided: true) }},
        objects: {{
            "floor": (shape: Plane(4, 4), place: At(position: (0, -0.8, 0))),
            "discs": (shape: Plane(Uniform(0.5, 0.9), 0.6), category: "disc", count: 12, material: "disc",
                      place: At(position: InBox(min: (-0.8, -0.5, -0.8), max: (0.8, 0.5, 0.8)),
                                rotation: Euler(Choice([Uniform(70, 110), Uniform(250, 290)]), Uniform(-25, 25), Uniform(0, 360)))),
        }},
        environment: Color(Rgb(1, 1, 1)),
        cameras: {{ "main": (lens: Fov(50), pose: Orbit(target: (0, 0, 0), distance: 1.9, azimuth: Uniform(-15, 15), elevation: 20)) }},
    )"#
    );
    text(&recipe, 3, &EVERYTHING)
}

fn cameras() -> Result<(), String> {
    gallery("cameras.ron", 320, 1)
}

/// One of every primitive, spread out before the camera and turned this way and that.
fn one_of_each(scene: &mut Scene, material: &dyn Fn(usize) -> Material) {
    let shapes = [
        Shape::Box(DVec3::new(0.8, 0.6, 0.5)),
        Shape::Sphere(0.45),
        Shape::Cylinder { radius: 0.35, height: 0.7 },
        Shape::Cone { radius: 0.45, height: 0.8 },
        Shape::Capsule { radius: 0.25, height: 0.4 },
        Shape::Torus { major_radius: 0.4, minor_radius: 0.16 },
    ];
    for (k, shape) in shapes.into_iter().enumerate() {
        let (column, row) = (f64::from(k as u32 % 3) - 1.0, f64::from(k as u32 / 3) - 0.5);
        add(scene, shape, DVec3::new(1.15 * column, 1.1 * row, -3.2));
        let thing = last(scene);
        let turn = 0.9 * k as f64;
        thing.rotation = DQuat::from_euler(glam::EulerRot::XYZ, 0.6 + turn, 0.5 - turn, 0.3);
        thing.material = Some(material(k));
    }
}

fn materials() -> Result<(), String> {
    let patches = patches("patches");
    let mut s = scene(200, 150);
    one_of_each(&mut s, &|k| {
        let share = k as f64 / 5.0;
        Material {
            base_color: [1.0 - share, 0.4, 0.2 + 0.8 * share],
            base_color_texture: Some(patches.clone()),
            roughness: share,
            metallic: 1.0 - share,
            emission: [0.0, 3.5 * share, 1200.0 * share],
            tiling: if k == 0 { DVec2::new(0.5, -1.0) } else { DVec2::ONE },
            unlit: k == 2,
            ..Material::default()
        }
    });
    add_unlabelled(&mut s, Shape::Plane(DVec2::new(7.0, 7.0)), DVec3::new(0.0, 0.0, -5.0));
    stand_up(&mut s);
    last(&mut s).material = Some(Material { base_color_texture: Some(patches.clone()), ..Material::default() });
    agree_on(&s)
}

fn normal_maps() -> Result<(), String> {
    let bump = bump("bump");
    let mut s = scene(200, 150);
    one_of_each(&mut s, &|_| Material { normal_texture: Some(bump.clone()), ..Material::default() });
    // Stretched, and every second one mirrored: the bumps still stick out, and lean the mirrored way.
    for (k, thing) in s.instances.iter_mut().enumerate() {
        thing.scale = DVec3::new(if k % 2 == 0 { 0.8 } else { -0.8 }, 1.1, 0.9);
    }
    add(&mut s, Shape::Plane(DVec2::new(7.0, 7.0)), DVec3::new(0.0, 0.0, -5.0));
    stand_up(&mut s);
    last(&mut s).material =
        Some(Material { normal_texture: Some(bump), tiling: DVec2::new(-3.0, 2.0), ..Material::default() });
    agree_on(&s)
}

/// The back of a bump is a dent: the normal of a back is that of its front, reversed.
fn normal_map_from_behind() -> Result<(), String> {
    let mut s = scene(120, 90);
    add(&mut s, Shape::Plane(DVec2::new(2.0, 2.0)), DVec3::new(0.0, 0.0, -3.0));
    stand_up(&mut s);
    let wall = last(&mut s);
    wall.rotation = DQuat::from_rotation_y(PI - 0.4) * wall.rotation;
    wall.material = Some(Material { normal_texture: Some(bump("dent")), double_sided: true, ..Material::default() });
    agree_on(&s)
}

/// A square in the XY plane with a texture for everything, each times a factor.
fn gltf_textures() -> Result<(), String> {
    let ramp = |name: &str, of: fn(u8, u8) -> [u8; 4]| {
        texture(name, 4, |x, y| of(60 * x as u8, 60 * y as u8));
        format!("{name}.png")
    };
    let images = [
        ramp("gltf_color", |x, y| [70 + x, 250 - y, 110, 255]),
        ramp("gltf_metallic_roughness", |x, y| [0, 60 + x, 240 - y, 255]),
        ramp("gltf_normal", |x, y| [60 + x, 200 - y, 230, 255]),
        ramp("gltf_emission", |x, y| [200 - y, 60 + x, 90, 255]),
    ];
    let positions = [[-1.0f32, -1.0, 0.0], [1.0, -1.0, 0.0], [1.0, 1.0, 0.0], [-1.0, 1.0, 0.0]];
    let uvs = [[0.0f32, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]];
    let mut bytes: Vec<u8> =
        positions.iter().flatten().chain(uvs.iter().flatten()).flat_map(|v| v.to_le_bytes()).collect();
    bytes.extend([0u16, 1, 2, 0, 2, 3].iter().flat_map(|i| i.to_le_bytes()));
    std::fs::write(folder().join("square.bin"), &bytes).unwrap();
    let used = |index: u32| serde_json::json!({ "index": index });
    let document = serde_json::json!({
        "asset": { "version": "2.0" },
        "extensionsUsed": ["KHR_materials_emissive_strength"],
        "scene": 0,
        "scenes": [{ "nodes": [0] }],
        "nodes": [{ "mesh": 0 }],
        "meshes": [{ "primitives": [{ "attributes": { "POSITION": 0, "TEXCOORD_0": 1 }, "indices": 2, "material": 0 }] }],
        "materials": [{
            "pbrMetallicRoughness": {
                "baseColorFactor": [0.9, 0.7, 0.8, 1.0], "metallicFactor": 0.7, "roughnessFactor": 0.9,
                "baseColorTexture": used(0), "metallicRoughnessTexture": used(1),
            },
            "normalTexture": used(2),
            "emissiveTexture": used(3),
            "emissiveFactor": [1.0, 0.5, 0.25],
            "extensions": { "KHR_materials_emissive_strength": { "emissiveStrength": 40.0 } },
        }],
        "textures": (0..4).map(|source| serde_json::json!({ "source": source })).collect::<Vec<_>>(),
        "images": images.map(|uri| serde_json::json!({ "uri": uri })),
        "accessors": [
            { "bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3", "min": [-1, -1, 0], "max": [1, 1, 0] },
            { "bufferView": 1, "componentType": 5126, "count": 4, "type": "VEC2" },
            { "bufferView": 2, "componentType": 5123, "count": 6, "type": "SCALAR" },
        ],
        "bufferViews": [
            { "buffer": 0, "byteOffset": 0, "byteLength": 48 },
            { "buffer": 0, "byteOffset": 48, "byteLength": 32 },
            { "buffer": 0, "byteOffset": 80, "byteLength": 12 },
        ],
        "buffers": [{ "uri": "square.bin", "byteLength": bytes.len() }],
    });
    let path = folder().join("square.gltf");
    std::fs::write(&path, document.to_string()).unwrap();
    let square = Shape::Gltf(path.to_str().unwrap().to_owned());

    let mut s = scene(200, 150);
    for (x, turn, scale) in [(-1.1, 0.6, DVec3::ONE), (1.1, -0.3, DVec3::new(-1.0, 1.3, 0.5))] {
        add(&mut s, square.clone(), DVec3::new(x, 0.0, -4.0));
        let wall = last(&mut s);
        (wall.rotation, wall.scale, wall.material) = (DQuat::from_rotation_y(turn), scale, None);
    }
    agree_on(&s)
}

/// From three sides and from above, once as it is and once squeezed, into its opening too.
fn mug() -> Result<(), String> {
    let mut s = scene(200, 150);
    for (x, scale) in [(-0.07, DVec3::ONE), (0.07, DVec3::new(0.7, 1.3, 1.0))] {
        add(&mut s, Shape::Gltf("assets/mug.glb".into()), DVec3::new(x, 0.0, 0.0));
        let mug = last(&mut s);
        (mug.scale, mug.material) = (scale, None);
    }
    s.cameras = [(0.0, 0.1, 0.35), (0.3, 0.2, 0.1), (-0.2, 0.05, -0.25), (0.02, 0.4, 0.03)]
        .map(|(x, y, z)| {
            let mut eye = camera(200, 150);
            eye.position = DVec3::new(x, y, z);
            eye.rotation = look_at(eye.position, DVec3::new(0.0, 0.045, 0.0), 0.2);
            eye
        })
        .into();
    for (k, eye) in s.cameras.iter_mut().enumerate() {
        eye.name = format!("camera_{k}");
    }
    agree_on(&s)
}

/// All of it, from both sides, without holes: its leaf is finer than the picture from here.
fn plant() -> Result<(), String> {
    let mut s = scene(300, 225);
    let material = Material { double_sided: true, ..Material::default() };
    for (x, turn) in [(-0.18, 0.3), (0.2, 2.0)] {
        add(&mut s, Shape::Gltf("assets/plant.glb".into()), DVec3::new(x, -0.22, -0.8));
        let plant = last(&mut s);
        (plant.rotation, plant.material) = (DQuat::from_rotation_y(turn), Some(material.clone()));
    }
    agree_on(&s)
}

/// Some leaves, from both of their sides and as near as their texture needs it: a pixel is half a texel wide.
fn leaf() -> Result<(), String> {
    let mut s = scene(200, 150);
    add(&mut s, Shape::Gltf("assets/plant.glb".into()), DVec3::ZERO);
    last(&mut s).material = None;
    let library = load(&s, root());
    let leaves =
        library.models["assets/plant.glb"].parts.iter().find(|part| part.material.alpha_mask.is_some()).unwrap();
    let triangles: Vec<[DVec3; 3]> = leaves.mesh.triangles().collect();
    s.cameras.clear();
    for (number, distance, towards) in [(2, 0.25, 0.45), (9, -0.25, 0.3), (20, 0.25, 0.0), (33, -0.25, 0.3)] {
        let [a, b, c] = triangles[number];
        let (target, normal) = (((a + b + c) / 3.0).lerp(b, towards), (b - a).cross(c - a).normalize());
        let mut eye = camera(200, 150);
        eye.name = format!("leaf_{number}");
        (eye.fx, eye.fy) = (2500.0, 2500.0);
        eye.position = target + normal * distance;
        eye.rotation = look_at(eye.position, target, 0.4);
        s.cameras.push(eye);
    }
    agree(&s, &library, &EVERYTHING)
}

/// A skin over bent bones with a morph target: one as it is, one mirrored and stretched, one seen from behind.
fn arms() -> Result<(), String> {
    let mut s = scene(200, 150);
    for (x, scale, turn) in [(-0.2, DVec3::ONE, 0.0), (0.02, DVec3::new(-1.1, 0.8, 1.0), 0.4), (0.22, DVec3::ONE, 3.5)]
    {
        add(&mut s, Shape::Gltf("assets/arm.glb".into()), DVec3::new(x, -0.15, -0.7));
        let arm = last(&mut s);
        (arm.material, arm.scale, arm.rotation) = (None, scale, DQuat::from_rotation_y(turn));
    }
    agree_on(&s)
}

fn every_label() -> Result<(), String> {
    gallery("labels.ron", 200, 2)
}

fn scales() -> Result<(), String> {
    let patches = patches("scales");
    let mut s = scene(200, 150);
    one_of_each(&mut s, &|k| Material {
        base_color_texture: Some(patches.clone()),
        double_sided: k % 2 == 0,
        ..Material::default()
    });
    let scales = [
        DVec3::new(-1.0, 1.0, 1.0),
        DVec3::new(0.4, 1.2, -0.9),
        DVec3::new(-0.8, -1.1, 0.6),
        DVec3::new(-0.7, -1.0, -1.2),
        DVec3::new(0.6, -1.6, 0.9),
        DVec3::new(1.0, -1.0, 1.0),
    ];
    for (thing, scale) in s.instances.iter_mut().zip(scales) {
        thing.scale = scale;
    }
    add(&mut s, Shape::Gltf("assets/mug.glb".into()), DVec3::new(0.02, -0.05, -0.4));
    let mug = last(&mut s);
    (mug.scale, mug.material) = (DVec3::new(-0.8, 1.0, 1.4), None);
    // One asset, plain and mirrored.
    add(&mut s, Shape::Gltf("assets/mug.glb".into()), DVec3::new(-0.12, -0.05, -0.4));
    last(&mut s).material = None;
    agree_on(&s)
}

fn interpenetrating() -> Result<(), String> {
    text(
        r#"(
        version: 1, name: "heap", image: (width: 200, height: 150),
        categories: [(id: 1, name: "thing")],
        objects: {
            "floor": (shape: Plane(4, 4), place: At(position: (0, -0.31, 0), rotation: Euler(3, 0, 5))),
            "things": (shape: Choice([Box(0.5, 0.4, 0.3), Sphere(0.3), Cylinder(0.2, 0.6), Torus(0.3, 0.1)]), category: "thing", count: 24,
                       place: At(position: InBox(min: (-0.6, -0.4, -0.6), max: (0.6, 0.4, 0.6)), rotation: Any)),
        },
        environment: Color(Rgb(1, 1, 1)),
        cameras: { "main": (lens: Fov(50), pose: Orbit(target: (0, 0, 0), distance: 2.2, azimuth: Uniform(0, 360), elevation: 25)) },
    )"#,
        3,
        &EVERYTHING,
    )
}

/// Sticks and sheets of four tenths of a pixel, and balls of less than two: seen where a pixel's centre happens to be.
fn thin() -> Result<(), String> {
    text(
        r#"(
        version: 1, name: "needles", image: (width: 240, height: 180),
        categories: [(id: 1, name: "thing")],
        objects: {
            "things": (shape: Choice([Box(0.8, 0.004, 0.004), Box(0.5, 0.004, 0.4), Sphere(0.008)]), category: "thing", count: 24,
                       place: At(position: InBox(min: (-0.9, -0.6, -0.6), max: (0.9, 0.6, 0.6)), rotation: Any)),
        },
        environment: Color(Rgb(1, 1, 1)),
        cameras: { "main": (lens: Fov(50), pose: Orbit(target: (0, 0, 0), distance: 2.5, azimuth: Uniform(0, 360), elevation: 10)) },
    )"#,
        3,
        &NARROW,
    )
}

/// Everything that the frame, the canvas, the near plane and the camera's own plane can cut, behind things that hide it.
fn cut_off() -> Result<(), String> {
    let mut s = scene(120, 90);
    s.cameras[0].near = 0.5;
    (s.cameras[0].cx, s.cameras[0].fy) = (49.3, 131.0);
    let ball = |s: &mut Scene, radius: f64, x: f64, y: f64, z: f64| add(s, Shape::Sphere(radius), DVec3::new(x, y, z));
    ball(&mut s, 0.5, -1.3, 0.3, -3.0); // cut by the left edge of the frame
    ball(&mut s, 0.4, 3.0, 1.7, -3.0); // off the upper right corner
    ball(&mut s, 1.0, -5.3, -2.9, -3.5); // by two edges of the canvas
    ball(&mut s, 0.6, 0.3, -0.2, -0.9); // by the near plane, so that one would see into it
    ball(&mut s, 0.8, 1.3, 0.1, 0.2); // behind the camera, in part
    ball(&mut s, 0.3, 0.0, 0.0, 2.0); // behind it wholly
    add(&mut s, Shape::Plane(DVec2::new(60.0, 60.0)), DVec3::new(0.0, -1.0, 0.0)); // a floor to the horizon, below the camera
    add_unlabelled(&mut s, Shape::Box(DVec3::new(0.4, 1.4, 0.1)), DVec3::new(-0.7, 0.0, -1.8));
    add(&mut s, Shape::Torus { major_radius: 0.7, minor_radius: 0.2 }, DVec3::new(0.5, 0.9, -2.6));
    last(&mut s).rotation = DQuat::from_rotation_x(0.9);
    agree_on(&s)
}

fn see_through() -> Result<(), String> {
    let glass = |labels| Material { alpha: 0.4, blend: true, double_sided: true, labels, ..Material::default() };
    let mut s = scene(160, 120);
    add(&mut s, Shape::Box(DVec3::new(0.5, 0.4, 0.3)), DVec3::new(-0.3, 0.0, -2.0));
    last(&mut s).material = Some(glass(SurfaceLabels::SeeThrough));
    // Blended, but solid to labels.
    add(&mut s, Shape::Sphere(0.25), DVec3::new(0.5, 0.1, -2.0));
    last(&mut s).material = Some(glass(SurfaceLabels::Solid));
    add(&mut s, Shape::Sphere(0.6), DVec3::new(0.0, 0.0, -3.0));
    last(&mut s).rotation = DQuat::from_rotation_x(0.7);
    // Only the leaves are as if of glass.
    add(&mut s, Shape::Gltf("assets/plant.glb".into()), DVec3::new(-0.1, -0.35, -1.2));
    let plant = last(&mut s);
    (plant.material, plant.see_through) = (None, vec!["leaf".into()]);
    agree_on(&s)
}
