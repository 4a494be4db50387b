//! Nothing is missing from a first frame, nothing is left behind, and what cannot be drawn is said.

use glam::DVec3;
use scenewright::assets::Library;
use scenewright::frame::Frame;
use scenewright::render::{AdapterChoice, RenderError, RenderOptions, Renderer};
use scenewright::scene::{Environment, Light, Material, Scene, Shape};

use crate::build::{add, last, scene, sun};
use crate::harness::{Case, ensure, new_renderer, render_one, texture};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("the_first_frame_of_a_process_is_complete", first_frame),
        ("textures_never_used_before_are_in_their_first_frame", new_textures),
        ("every_kind_of_light_is_in_its_first_frame", new_lights),
        ("no_scene_is_lit_by_the_environment_of_another", new_environments),
        ("a_hundred_scenes_leave_nothing_behind", no_leaks),
        ("what_cannot_be_drawn_is_said", errors),
        ("a_device_error_ends_the_scene_that_it_happens_in", device_error),
        ("a_device_that_is_lost_ends_the_run_with_an_error", lost),
        ("a_device_that_is_out_of_memory_ends_the_run_and_says_what_needs_less", out_of_memory),
        ("scenes_begun_ahead_of_each_other_are_what_they_are_alone", ahead),
    ]
}

/// Twelve spheres with textures and normal maps of their own.
fn textured(tag: &str) -> Scene {
    let mut s = scene(160, 120);
    s.lights.push(sun());
    for i in 0..12_u32 {
        let color = texture(&format!("{tag}-color-{i}"), 32, |x, y| {
            let on = (x / 4 + y / 4 + i) % 2 == 0;
            [if on { 230 } else { 30 }, (i * 20) as u8, 120, 255]
        });
        let normal =
            texture(&format!("{tag}-normal-{i}"), 8, |x, _| [if x % 2 == 0 { 170 } else { 86 }, 128, 230, 255]);
        let (column, row) = (f64::from(i % 4), f64::from(i / 4));
        add(&mut s, Shape::Sphere(0.2), DVec3::new((column - 1.5) * 0.5, (row - 1.0) * 0.5, -3.0));
        last(&mut s).material = Some(Material {
            base_color: [1.0; 3],
            base_color_texture: Some(color),
            normal_texture: Some(normal),
            roughness: 0.2 + 0.06 * f64::from(i),
            metallic: f64::from(i % 2),
            ..Material::default()
        });
    }
    s
}

/// What the renderer takes for complete is what the same entities show three updates later, when Bevy has had the time for
/// everything; and what it shows the next time.
fn complete_at_once(renderer: &mut Renderer, scene: &Scene) -> Result<Frame, String> {
    let first = renderer.render(scene).unwrap();
    ensure(renderer.render_after(scene, 3).unwrap() == first, || "three updates later, more is there".into())?;
    ensure(renderer.render(scene).unwrap() == first, || "the next time, it is another".into())?;
    Ok(first.into_iter().next().unwrap())
}

/// A renderer of its own: its shaders are not compiled, its textures not uploaded.
fn first_frame() -> Result<(), String> {
    let first = complete_at_once(&mut new_renderer(), &textured("first"))?;
    ensure(colours(&first) > 500, || "the textures are not seen".into())
}

fn colours(frame: &Frame) -> usize {
    frame.rgb.pixels().iter().collect::<std::collections::BTreeSet<_>>().len()
}

fn new_textures() -> Result<(), String> {
    let mut renderer = new_renderer();
    for round in 0..5 {
        complete_at_once(&mut renderer, &textured(&format!("round-{round}")))
            .map_err(|what| format!("round {round}: {what}"))?;
    }
    Ok(())
}

/// Lights come and go from scene to scene; each scene's first frame is lit as its second.
fn new_lights() -> Result<(), String> {
    let lamp = |name: &str, x: f64| Light::Point {
        name: name.into(),
        position: DVec3::new(x, 1.0, -2.0),
        color: [1.0, 0.8, 0.6],
        flux: 3000.0,
        shadows: true,
    };
    let spot = Light::Spot {
        name: "spot".into(),
        position: DVec3::new(0.0, 2.0, -3.0),
        direction: DVec3::NEG_Y,
        color: [0.5, 0.7, 1.0],
        flux: 9000.0,
        inner_angle: 0.2,
        outer_angle: 0.4,
        shadows: true,
    };
    let rigs = [
        vec![lamp("a", -1.0)],
        vec![sun(), lamp("a", -1.0), lamp("b", 1.0), spot.clone()],
        vec![spot],
        vec![],
        vec![sun(), sun()],
    ];
    let mut renderer = new_renderer();
    for (number, lights) in rigs.into_iter().enumerate() {
        let mut s = scene(120, 90);
        s.lights = lights;
        add(&mut s, Shape::Box(DVec3::new(4.0, 0.1, 4.0)), DVec3::new(0.0, -0.6, -3.0));
        add(&mut s, Shape::Sphere(0.3), DVec3::new(0.0, 0.0, -3.0));
        complete_at_once(&mut renderer, &s).map_err(|what| format!("rig {number}: {what}"))?;
    }
    Ok(())
}

/// A mirror-like and a rough metal show nothing but their environment. (Bevy wrote a new environment into the first mip level
/// of the old one's texture alone.)
fn new_environments() -> Result<(), String> {
    let surrounded = |zenith: [f64; 3], nadir: [f64; 3]| {
        let mut s = scene(64, 48);
        s.environment = Environment::Gradient { zenith, nadir };
        for (x, roughness) in [(-0.5, 0.1), (0.5, 0.9)] {
            add(&mut s, Shape::Sphere(0.45), DVec3::new(x, 0.0, -2.5));
            last(&mut s).material =
                Some(Material { base_color: [1.0; 3], metallic: 1.0, roughness, ..Material::default() });
        }
        s
    };
    let (red, blue) = (surrounded([500.0, 50.0, 50.0], [100.0, 10.0, 10.0]), surrounded([20.0, 20.0, 400.0], [0.0; 3]));
    let mut alone = new_renderer();
    let expected = alone.render(&blue).unwrap();
    render_one(&red);
    ensure(render_one(&blue) == expected[0], || "after a red scene, a blue one is not what it is alone".into())
}

fn no_leaks() -> Result<(), String> {
    let mut renderer = new_renderer();
    let mut s = textured("leak");
    (s.image.width, s.image.height) = (32, 24);
    let render = |renderer: &mut Renderer, s: &mut Scene, n: u32| {
        // Every scene has materials and proportions that no other has.
        for instance in &mut s.instances {
            instance.material.as_mut().unwrap().roughness = 0.2 + f64::from(n) / 1000.0;
            instance.shape = Shape::Torus { major_radius: 0.2, minor_radius: 0.05 + f64::from(n) / 10_000.0 };
        }
        renderer.render(s).unwrap();
    };
    (0..5).for_each(|n| render(&mut renderer, &mut s, n));
    let before = renderer.holdings();
    (5..105).for_each(|n| render(&mut renderer, &mut s, n));
    let after = renderer.holdings();
    ensure(before == after, || format!("before a hundred scenes {before:?}, after them {after:?}"))
}

fn errors() -> Result<(), String> {
    let nobody = RenderOptions { adapter: AdapterChoice::parse("no such adapter"), ..RenderOptions::default() };
    match Renderer::new(&nobody, Library::default()) {
        Err(RenderError::NoAdapter(text)) => {
            ensure(text.contains("no such adapter") && text.contains("--adapter"), || format!("says only: {text}"))?;
        }
        Err(other) => return Err(format!("another error: {other}")),
        Ok(_) => return Err("an adapter that does not exist was opened".into()),
    }
    let mut renderer = new_renderer();
    let mut error = |s: &Scene| renderer.render(s).err().map(|error| error.to_string()).unwrap_or_default();
    let too_large = error(&scene(100_000, 2));
    ensure(too_large.contains("16384 pixels"), || format!("an image of 100000 columns: {too_large:?}"))?;
    let mut missing = scene(8, 8);
    add(&mut missing, Shape::Gltf("no/such/file.glb".into()), DVec3::ZERO);
    let missing = error(&missing);
    ensure(missing.contains("no/such/file.glb"), || format!("a missing asset: {missing:?}"))?;
    let mut invalid = scene(8, 8);
    add(&mut invalid, Shape::Sphere(-1.0), DVec3::ZERO);
    let invalid = error(&invalid);
    ensure(invalid.contains("thing[0]"), || format!("a negative radius: {invalid:?}"))?;
    // And it still renders, as if nothing had been.
    let plain = scene(8, 8);
    ensure(error(&plain).is_empty(), || "after errors nothing renders any more".into())?;
    let before = renderer.holdings().entities;
    // What cannot be had is found when lights and meshes are in the world already.
    let mut dark = scene(8, 8);
    dark.lights.push(sun());
    add(&mut dark, Shape::Sphere(0.5), DVec3::new(0.0, 0.0, -3.0));
    dark.environment =
        Environment::Image { path: "no/such/sky.hdr".into(), yaw: 0.0, luminance: 1.0, without_suns: false };
    ensure(renderer.render(&dark).is_err(), || "a sky that is not there was rendered".into())?;
    ensure(renderer.holdings().entities == before, || "half a scene was left behind".into())?;
    let alone = new_renderer().render(&plain).unwrap();
    ensure(renderer.render(&plain).unwrap() == alone, || "a scene that failed is in the next picture".into())
}

/// Not the scene after it: by then the frame would be in the dataset.
fn device_error() -> Result<(), String> {
    let mut renderer = new_renderer();
    let s = scene(8, 8);
    renderer.render(&s).unwrap();
    renderer.submit_invalid_command();
    match renderer.render(&s) {
        Err(RenderError::Failed(reason)) => ensure(reason.contains("refused on purpose"), || reason.clone()),
        Err(other) => Err(format!("another error: {other}")),
        Ok(_) => Err("the scene was rendered all the same".into()),
    }
}

/// A driver that crashes ends the run with an error, whatever was in flight: no panic, no waiting for what never comes.
fn lost() -> Result<(), String> {
    let s = scene(8, 8);
    for in_flight in [false, true] {
        let mut renderer = new_renderer();
        renderer.render(&s).unwrap();
        let begun = in_flight.then(|| renderer.begin(&s).unwrap());
        renderer.lose_device();
        let frames = match begun {
            Some(begun) => renderer.finish(begun).and_then(|_| renderer.render(&s)),
            None => renderer.render(&s),
        };
        match frames {
            Err(RenderError::Failed(reason)) => ensure(!reason.is_empty(), || reason.clone())?,
            Err(other) => return Err(format!("another error: {other}")),
            Ok(_) => return Err("the scene was rendered all the same".into()),
        }
    }
    Ok(())
}

/// A device without room ends the run with an error that says what needs less, before anything of the scene is taken for drawn.
fn out_of_memory() -> Result<(), String> {
    let s = scene(8, 8);
    for in_flight in [false, true] {
        let mut renderer = new_renderer();
        renderer.render(&s).unwrap();
        let begun = in_flight.then(|| renderer.begin(&s).unwrap());
        renderer.exhaust_device();
        let frames = match begun {
            Some(begun) => renderer.finish(begun),
            None => renderer.render(&s),
        };
        match frames {
            Err(error) => {
                let text = error.to_string();
                ensure(text.contains("out of memory; smaller images"), || text.clone())?;
            }
            Ok(_) => return Err(format!("the scene was rendered all the same (in flight: {in_flight})")),
        }
    }
    Ok(())
}

/// Begun one ahead of the other, scenes give what they give alone.
fn ahead() -> Result<(), String> {
    let mut scenes: Vec<Scene> = (0..4).map(|_| scene(16, 12)).collect();
    for (k, s) in (0..).zip(&mut scenes) {
        add(s, Shape::Sphere(0.2 + 0.1 * f64::from(k)), DVec3::new(0.1 * f64::from(k), 0.0, -3.0));
        s.labels.outputs.insert(scenewright::scene::Output::Amodal);
    }
    // Another size in the middle: buffers are made anew while others are in flight.
    (scenes[2].image.width, scenes[2].image.height) = (24, 20);
    let alone: Vec<_> = scenes.iter().map(|s| new_renderer().render(s).unwrap()).collect();
    let mut renderer = new_renderer();
    let mut before = None;
    let mut found = Vec::new();
    for s in &scenes {
        let begun = renderer.begin(s).map_err(|error| error.to_string())?;
        if let Some(begun) = before.replace(begun) {
            found.push(renderer.finish(begun).map_err(|error| error.to_string())?);
        }
    }
    let last = before.ok_or("four scenes")?;
    found.push(renderer.finish(last).map_err(|error| error.to_string())?);
    for (k, (a, b)) in alone.iter().zip(&found).enumerate() {
        let same =
            a[0].rgb == b[0].rgb && a[0].ids == b[0].ids && a[0].depth == b[0].depth && a[0].amodal == b[0].amodal;
        ensure(same, || format!("scene {k} differs"))?;
    }
    // More than there are buffers for is an error, and not a wrong picture.
    let held = [renderer.begin(&scenes[0]).unwrap(), renderer.begin(&scenes[1]).unwrap()];
    ensure(renderer.begin(&scenes[3]).is_err(), || "three in flight".into())?;
    held.into_iter().try_for_each(|begun| renderer.finish(begun).map(drop)).map_err(|error| error.to_string())
}
