//! What light does, where it is known on paper; and that colour and labels are of one scene.

use glam::{DQuat, DVec2, DVec3};
use scenewright::scene::{AntiAliasing, Environment, Light, Material, Scene, Shape, ToneCurve, color};
use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::PI;

use crate::build::{add, add_unlabelled, last, scene, stand_up};
use crate::harness::{Case, ensure, render_one, texture};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("thirty_two_scenes_each_paint_their_own_index", pairing),
        ("an_unlit_render_in_id_colours_is_the_id_image", id_colours),
        ("colour_and_ids_agree_on_surfaces_in_one_plane", one_plane),
        ("anti_aliased_colour_leaves_ids_whole", anti_aliasing),
        ("unlit_bytes_come_back_as_they_were", srgb_ramp),
        ("a_matte_plane_under_a_sun_shows_illuminance_over_pi", lambert),
        ("a_stop_more_of_exposure_value_is_half_the_light", exposure),
        ("a_white_object_disappears_in_a_white_furnace", furnace),
        ("a_gradient_environment_lights_as_its_closed_form_says", gradient),
        ("a_blinding_environment_lights_as_much_as_it_is_seen", blinding),
        ("light_of_a_lamp_falls_with_the_square_of_distance", inverse_square),
        ("a_spot_lights_its_cone_and_nothing_else", spot),
        ("a_shadow_is_where_the_sun_does_not_reach", sun_shadow),
        ("a_shadow_is_where_a_lamp_does_not_reach", lamp_shadow),
        ("shadows_begin_where_things_stand_however_large_the_floor", attached_shadows),
        ("a_lamp_leaves_no_stripes_on_a_floor_that_it_grazes", no_stripes),
        ("light_that_is_nothing_changes_nothing", nothing_more),
        ("the_back_of_a_double_sided_surface_is_lit_like_a_front", backs),
        ("emission_is_luminance", emission),
        ("anisotropy_draws_a_highlight_out_along_its_direction", anisotropy),
    ]
}

/// Linear value of one channel.
fn linear_at(scene: &Scene, x: u32, y: u32) -> f64 {
    color::linear_from_srgb(f64::from(render_one(scene).rgb.get(x, y).unwrap()[0]) / 255.0)
}

fn close(value: f64, expected: f64, share: f64, what: &str) -> Result<(), String> {
    ensure((value - expected).abs() <= share * expected + 0.003, || format!("{what}: {value:.4}, not {expected:.4}"))
}

/// What a luminance becomes at an exposure value, before it is encoded.
fn exposed(luminance: f64, ev100: f64) -> f64 {
    luminance / (1.2 * libm::exp2(ev100))
}

fn dark(scene: &mut Scene) {
    scene.environment = Environment::Gradient { zenith: [0.0; 3], nadir: [0.0; 3] };
}

fn matte(base: f64) -> Material {
    Material { base_color: [base; 3], roughness: 1.0, ..Material::default() }
}

/// A colour whose bytes lie in the middle of sixteenths: it survives rounding.
fn id_color(id: u32) -> [f64; 3] {
    let byte = |nibble: u32| f64::from(nibble * 16 + 8) / 255.0;
    [byte(id & 15), byte(id >> 4 & 15), byte(id >> 8 & 15)].map(color::linear_from_srgb)
}

fn id_of([r, g, b]: [u8; 3]) -> u32 {
    u32::from(r >> 4) | u32::from(g >> 4) << 4 | u32::from(b >> 4) << 8
}

/// Scene `i` holds `i` objects behind the camera and then a wall, which so has id `i + 1` and is painted in that colour.
/// A frame that shows the wall of one scene and the ids of another cannot pass.
fn pairing() -> Result<(), String> {
    for index in 0..32 {
        let mut s = scene(48, 32);
        dark(&mut s);
        s.index = index;
        for _ in 0..index {
            add(&mut s, Shape::Box(DVec3::ONE), DVec3::new(0.0, 0.0, 5.0));
        }
        let id = add(&mut s, Shape::Plane(DVec2::splat(50.0)), DVec3::new(0.0, 0.0, -4.0));
        stand_up(&mut s);
        last(&mut s).material = Some(Material { base_color: id_color(id), unlit: true, ..Material::default() });
        let frame = render_one(&s);
        ensure(frame.ids.pixels().iter().all(|&seen| seen == id), || format!("scene {index} has ids of another"))?;
        let painted: BTreeSet<u32> = frame.rgb.pixels().iter().map(|&pixel| id_of(pixel)).collect();
        ensure(painted == BTreeSet::from([id]), || format!("scene {index} is painted {painted:?}, not {id}"))?;
    }
    Ok(())
}

/// Some hundred overlapping shapes, cut-outs among them, each painted in the colour of its id.
fn many_shapes() -> Scene {
    let mut s = scene(240, 180);
    dark(&mut s);
    let holes = texture("holes", 16, |x, y| [255, 255, 255, if (x / 4 + y / 4) % 2 == 0 { 255 } else { 0 }]);
    let shapes = [
        Shape::Box(DVec3::new(0.5, 0.3, 0.4)),
        Shape::Sphere(0.3),
        Shape::Cone { radius: 0.3, height: 0.5 },
        Shape::Torus { major_radius: 0.3, minor_radius: 0.1 },
        Shape::Plane(DVec2::new(0.7, 0.5)),
        Shape::Capsule { radius: 0.15, height: 0.4 },
    ];
    for i in 0..120_u32 {
        let t = f64::from(i);
        // Spread by irrational steps; every pose is another one.
        let place = |step: f64, width: f64| ((t * step).fract() - 0.5) * width;
        let position = DVec3::new(place(0.754_877, 5.0), place(0.569_840, 3.6), -4.0 - 2.0 * (t * 0.381_966).fract());
        let id = add(&mut s, shapes[(i % 6) as usize].clone(), position);
        let instance = last(&mut s);
        instance.rotation = DQuat::from_euler(glam::EulerRot::XYZ, t * 0.7, t * 1.3, t * 0.4);
        instance.scale = DVec3::new(1.0, 1.0 + place(0.3, 0.6), 1.0 + place(0.2, 0.6));
        instance.material = Some(Material {
            base_color: id_color(id),
            unlit: true,
            double_sided: i % 5 == 0,
            base_color_texture: (i % 7 == 0).then(|| holes.clone()),
            alpha_mask: (i % 7 == 0).then_some(0.5),
            ..Material::default()
        });
    }
    s
}

fn id_colours() -> Result<(), String> {
    let frame = render_one(&many_shapes());
    let differ = frame.ids.pixels().iter().zip(frame.rgb.pixels());
    // Black is no colour of any id: its nibbles are 0 with bytes of 0, those of an id have bytes of at least 8.
    let differ = differ.filter(|&(&id, &rgb)| if id == 0 { rgb != [0; 3] } else { id_of(rgb) != id }).count();
    let labelled = frame.ids.pixels().iter().filter(|&&id| id > 0).count();
    ensure(labelled > 10_000, || format!("only {labelled} pixels are labelled"))?;
    ensure(differ == 0, || format!("{differ} of {} pixels are painted in another colour than their id", labelled))
}

/// Boxes of one height through each other, of two kinds of mesh: their tops lie in one plane, where depths tie or nearly so. Whoever is
/// seen, colour and ids see the same; and so they do when other scenes were drawn before.
fn one_plane() -> Result<(), String> {
    let crates = |turn: f64| {
        let mut s = scene(160, 120);
        dark(&mut s);
        (s.cameras[0].position, s.cameras[0].rotation) = (
            DVec3::new(0.0, 1.2, 1.6),
            scenewright::scene::camera::look_at(DVec3::new(0.0, 1.2, 1.6), DVec3::ZERO, turn),
        );
        for k in 0..8_u32 {
            let (x, z) = (f64::from(k * 37 % 11) / 11.0 - 0.5, f64::from(k * 53 % 13) / 13.0 - 0.5);
            add(&mut s, Shape::Box(DVec3::splat(0.5)), DVec3::new(x, 0.0, z));
            let base_color = [k & 1, k >> 1 & 1, 1 + (k >> 2 & 1)].map(|step| f64::from(step) / 2.0);
            let double_sided = k % 2 == 0;
            last(&mut s).material = Some(Material { base_color, unlit: true, double_sided, ..Material::default() });
        }
        s
    };
    let mut first = Vec::new();
    for turn in [0.0, 0.3, 0.6, 0.0] {
        let frame = render_one(&crates(turn));
        let mut colors: BTreeMap<u32, BTreeSet<[u8; 3]>> = BTreeMap::new();
        for (&id, &rgb) in frame.ids.pixels().iter().zip(frame.rgb.pixels()) {
            colors.entry(id).or_default().insert(rgb);
        }
        ensure(colors.len() > 5, || format!("only {} ids are seen", colors.len()))?;
        let mixed = colors.iter().find(|(_, colors)| colors.len() > 1);
        ensure(mixed.is_none(), || format!("at {turn} an id has several colours: {mixed:?}"))?;
        let all: BTreeSet<_> = colors.values().flatten().collect();
        ensure(all.len() == colors.len(), || format!("at {turn} two ids have one colour: {colors:?}"))?;
        first.push(frame);
    }
    ensure(first[0] == first[3], || "other scenes before it change who is seen".into())
}

fn anti_aliasing() -> Result<(), String> {
    let mut s = many_shapes();
    let sharp = render_one(&s);
    s.image.anti_aliasing = AntiAliasing::Msaa4;
    let smooth = render_one(&s);
    ensure(smooth.ids == sharp.ids && smooth.depth == sharp.depth, || "anti-aliasing changes labels".into())?;
    let colours = |frame: &scenewright::frame::Frame| frame.rgb.pixels().iter().copied().collect::<BTreeSet<_>>().len();
    ensure(colours(&smooth) > 2 * colours(&sharp), || "colour is not anti-aliased".into())?;
    let known: BTreeSet<u32> = s.instances.iter().map(|instance| instance.id).chain([0]).collect();
    ensure(smooth.ids.pixels().iter().all(|id| known.contains(id)), || "an id that no instance has".into())
}

/// 16 x 16 unlit quads, one for each byte.
fn srgb_ramp() -> Result<(), String> {
    let mut s = scene(64, 64);
    for byte in 0..=255_u8 {
        let (x, y) = (f64::from(byte % 16), f64::from(byte / 16));
        // At 4 m a pixel is 1/16 m; quads are 4 px wide.
        add(&mut s, Shape::Plane(DVec2::splat(0.25)), DVec3::new((x - 7.5) * 0.25, (7.5 - y) * 0.25, -4.0));
        stand_up(&mut s);
        let value = color::linear_from_srgb(f64::from(byte) / 255.0);
        last(&mut s).material = Some(Material { base_color: [value; 3], unlit: true, ..Material::default() });
    }
    let frame = render_one(&s);
    for byte in 0..=255_u8 {
        let (x, y) = (u32::from(byte % 16) * 4 + 2, u32::from(byte / 16) * 4 + 2);
        let seen = frame.rgb.get(x, y).unwrap();
        ensure(*seen == [byte; 3], || format!("byte {byte} comes back as {seen:?}"))?;
    }
    Ok(())
}

/// A wall that faces the camera, 4 m away.
fn wall(base: f64) -> Scene {
    let mut s = scene(32, 32);
    dark(&mut s);
    add(&mut s, Shape::Plane(DVec2::splat(20.0)), DVec3::new(0.0, 0.0, -4.0));
    stand_up(&mut s);
    last(&mut s).material = Some(matte(base));
    s
}

fn sun_along(direction: DVec3, illuminance: f64, shadows: bool) -> Light {
    let direction = direction.normalize();
    Light::Sun { name: "sun".into(), direction, color: [1.0; 3], illuminance, angular_diameter: 0.0, shadows }
}

/// `base E / pi` from diffuse reflection; a dielectric of roughness 1 adds about 1.5 % by its specular lobe.
fn lambert() -> Result<(), String> {
    for base in [0.2, 0.5, 0.8] {
        let mut s = wall(base);
        s.lights.push(sun_along(DVec3::NEG_Z, 1000.0, false));
        close(linear_at(&s, 16, 16), exposed(base * 1000.0 / PI, 9.0), 0.05, &format!("base {base}"))?;
    }
    Ok(())
}

fn exposure() -> Result<(), String> {
    let mut s = wall(0.8);
    s.lights.push(sun_along(DVec3::NEG_Z, 1500.0, false));
    let brighter = linear_at(&s, 16, 16);
    s.cameras[0].ev100 += 1.0;
    close(linear_at(&s, 16, 16), brighter / 2.0, 0.02, "one stop")
}

/// In light of luminance L from everywhere, a surface that absorbs nothing sends L everywhere: the sphere has the colour of
/// the background. Split-sum environment light conserves energy to some percent.
fn furnace() -> Result<(), String> {
    for metallic in [0.0, 1.0] {
        let mut s = scene(64, 48);
        s.environment = Environment::Gradient { zenith: [300.0; 3], nadir: [300.0; 3] };
        add(&mut s, Shape::Sphere(1.0), DVec3::new(0.0, 0.0, -4.0));
        last(&mut s).material = Some(Material { metallic, ..matte(1.0) });
        let background = exposed(300.0, 9.0);
        close(linear_at(&s, 1, 1), background, 0.01, "background")?;
        close(linear_at(&s, 32, 24), background, 0.05, &format!("sphere with metallic {metallic}"))?;
    }
    Ok(())
}

/// Planes that face up, sideways and down, seen each from 4 m: `base (mean + 2/3 n.y half)`.
fn gradient() -> Result<(), String> {
    let environment = Environment::Gradient { zenith: [600.0; 3], nadir: [100.0; 3] };
    for (normal, expected) in [(DVec3::Y, 350.0 + 500.0 / 3.0), (DVec3::Z, 350.0), (DVec3::NEG_Y, 350.0 - 500.0 / 3.0)]
    {
        let mut s = wall(0.5);
        s.environment = environment.clone();
        let turn = DQuat::from_rotation_arc(DVec3::Z, normal);
        last(&mut s).rotation = turn * last(&mut s).rotation;
        last(&mut s).position = normal * -4.0;
        s.cameras[0].rotation = turn;
        // The specular lobe of a dielectric reflects about 2 % more.
        close(linear_at(&s, 16, 16), exposed(0.5 * expected, 9.0), 0.08, &format!("facing {normal}"))?;
    }
    // Seen directly: mean + d.y half, here along the horizon.
    let mut s = scene(33, 33);
    s.environment = environment.clone();
    close(linear_at(&s, 16, 16), exposed(350.0, 9.0), 0.01, "the horizon")
}

/// Luminance beyond what a half float holds: the furnace again, 500 000 cd/m2 at an exposure for it.
fn blinding() -> Result<(), String> {
    let mut s = scene(64, 48);
    s.environment = Environment::Gradient { zenith: [5e5; 3], nadir: [5e5; 3] };
    s.cameras[0].ev100 = 20.0;
    add(&mut s, Shape::Sphere(1.0), DVec3::new(0.0, 0.0, -4.0));
    last(&mut s).material = Some(matte(1.0));
    close(linear_at(&s, 1, 1), exposed(5e5, 20.0), 0.01, "background")?;
    close(linear_at(&s, 32, 24), exposed(5e5, 20.0), 0.05, "sphere")
}

/// 2000 lumens: 2000 / 4 pi = 159.2 cd; 159.2 lux at 1 m, 39.8 at 2 m, and `E / pi` of that from a matte wall.
fn inverse_square() -> Result<(), String> {
    for distance in [1.0, 2.0] {
        let mut s = wall(0.8);
        s.cameras[0].ev100 = 6.0;
        s.lights.push(Light::Point {
            name: "lamp".into(),
            position: DVec3::new(0.0, 0.0, -4.0 + distance),
            color: [1.0; 3],
            flux: 2000.0,
            shadows: false,
        });
        let expected = exposed(0.8 / PI * 2000.0 / (4.0 * PI) / (distance * distance), 6.0);
        close(linear_at(&s, 16, 16), expected, 0.05, &format!("at {distance} m"))?;
    }
    Ok(())
}

/// A cone of 2 x 20 degrees at 2 m from the wall lights a disc of 2 tan 20 = 0.73 m; at 4 m a pixel is 1/8 m.
fn spot() -> Result<(), String> {
    let mut s = wall(0.8);
    s.cameras[0].ev100 = 6.0;
    s.lights.push(Light::Spot {
        name: "spot".into(),
        position: DVec3::new(0.0, 0.0, -2.0),
        direction: DVec3::NEG_Z,
        color: [1.0; 3],
        flux: 4000.0,
        inner_angle: 19.0_f64.to_radians(),
        outer_angle: 20.0_f64.to_radians(),
        shadows: true,
    });
    close(linear_at(&s, 16, 16), exposed(0.8 / PI * 4000.0 / (4.0 * PI) / 4.0, 6.0), 0.05, "on the axis")?;
    ensure(linear_at(&s, 19, 16) > 0.05, || "0.44 m off the axis it is dark".into())?;
    ensure(linear_at(&s, 24, 16) < 0.001, || "1.06 m off the axis it is lit".into())
}

/// Looking straight down from 10 m (a pixel is 10/100 m), a 1 m slab 2 m above the floor, the sun from 45 degrees: its
/// shadow is the slab's outline, moved by 2 m along the light's way. The slab itself covers 1/0.8 m in the middle.
fn shadow_scene() -> Scene {
    let mut s = scene(100, 100);
    dark(&mut s);
    s.cameras[0].position = DVec3::new(0.0, 10.0, 0.0);
    // Image right is +X, image up is -Z.
    s.cameras[0].rotation = DQuat::from_rotation_x(-PI / 2.0);
    add_unlabelled(&mut s, Shape::Plane(DVec2::splat(20.0)), DVec3::ZERO);
    last(&mut s).material = Some(matte(0.5));
    add(&mut s, Shape::Box(DVec3::new(1.0, 0.02, 1.0)), DVec3::new(0.0, 2.0, 0.0));
    s
}

fn shadow_at(s: &Scene, center: f64) -> Result<(), String> {
    let frame = render_one(s);
    let lit = |x: f64, z: f64| {
        let pixel = |v: f64| (50.0 + v * 10.0) as u32;
        frame.rgb.get(pixel(x), pixel(z)).unwrap()[0] > 40
    };
    // A shadow map of 2048 texels over some 20 m resolves 1 cm; half a metre is the shadow's half width.
    for (dx, dz, inside) in
        [(0.0, 0.0, true), (0.4, 0.4, true), (-0.4, 0.4, true), (0.62, 0.0, false), (0.0, 0.62, false)]
    {
        let (x, z) = (center + dx, dz);
        ensure(lit(x, z) != inside, || format!("({x}, {z}) is {}", if inside { "lit" } else { "in shadow" }))?;
    }
    ensure(lit(-3.0, 0.0), || "the other side is in shadow".into())
}

fn sun_shadow() -> Result<(), String> {
    let mut s = shadow_scene();
    s.lights.push(sun_along(DVec3::new(1.0, -1.0, 0.0), 1500.0, true));
    shadow_at(&s, 2.0)?;
    // Without shadows, it is lit there.
    s.lights = vec![sun_along(DVec3::new(1.0, -1.0, 0.0), 1500.0, false)];
    ensure(shadow_at(&s, 2.0).is_err(), || "a light without shadows casts one".into())
}

/// A lamp straight above the slab, far enough that the shadow is hardly larger: 30 m up, 1 m grows to 30/28 m.
fn lamp_shadow() -> Result<(), String> {
    let mut s = shadow_scene();
    s.cameras[0].position.x = 2.0;
    s.lights.push(Light::Point {
        name: "lamp".into(),
        position: DVec3::new(-28.0, 30.0, 0.0),
        color: [1.0; 3],
        flux: 3.0e7,
        shadows: true,
    });
    // From (-28, 30) through (0, 2) to the floor: x = 2; the camera looks down on x = 2.
    let frame = render_one(&s);
    let level = |x: u32, y: u32| frame.rgb.get(x, y).unwrap()[0];
    ensure(level(50, 50) < 20, || format!("the middle of the shadow is lit: {}", level(50, 50)))?;
    ensure(level(50, 59) > 60 && level(62, 50) > 60, || "beside the shadow it is dark".into())
}

/// Shaders leave out the kinds of light that a scene has not (`src/render/lit.rs`): a lamp or a sun of next to no light has others draw the scene, which have to
/// draw the same. On a floor that reaches this far (2 km, where a texel of one map would be 1.1 m and a pixel is 0.2), a sun has three shadow maps.
fn nothing_more() -> Result<(), String> {
    let far = || {
        let mut s = scene(100, 60);
        s.cameras[0].position = DVec3::new(0.0, 0.5, 2.0);
        add_unlabelled(&mut s, Shape::Plane(DVec2::splat(4000.0)), DVec3::new(0.0, -0.3, 0.0));
        for z in [0.0, -6.0, -40.0] {
            add(&mut s, Shape::Sphere(0.5), DVec3::new(0.3 * z, 0.0, z));
        }
        s
    };
    let faint = 1e-6;
    let lamp = || Light::Point {
        name: "lamp".into(),
        position: DVec3::new(0.5, 1.0, 0.0),
        color: [1.0; 3],
        flux: faint,
        shadows: true,
    };
    let moon = || match sun_along(DVec3::new(-1.0, -1.0, 0.2), faint, true) {
        Light::Sun { direction, color, illuminance, angular_diameter, shadows, .. } => {
            Light::Sun { name: "moon".into(), direction, color, illuminance, angular_diameter, shadows }
        }
        other => other,
    };
    let bright = sun_along(DVec3::new(1.0, -1.0, -0.3), 1500.0, true);
    for (what, mut s) in [("near", shadow_scene()), ("far", far())] {
        for lights in [vec![], vec![bright.clone()]] {
            s.lights = lights.clone();
            let there = render_one(&s);
            for more in [vec![lamp()], vec![moon()], vec![lamp(), moon()]] {
                s.lights = lights.iter().cloned().chain(more).collect();
                let found = render_one(&s);
                let off = there.rgb.pixels().iter().flatten().zip(found.rgb.pixels().iter().flatten());
                let off = off.map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0);
                let names: Vec<_> = s.lights.iter().map(Light::name).collect();
                ensure(off <= 1, || format!("{what}, {names:?}: {off} levels"))?;
            }
        }
    }
    Ok(())
}

/// A box of 20 cm on a floor, from 2 m above (a pixel of floor is 2 cm); the light comes over it from the left at
/// (-1, 1): past the upper right edge (0.1, 0.2) it meets the floor at 0.1 + 0.2 * 1.1 / 0.8 = 0.375.
fn attached_shadows() -> Result<(), String> {
    let direction = DVec3::new(1.1, -0.8, 0.0);
    let (color, position) = ([1.0; 3], DVec3::new(-1.0, 1.0, 0.0));
    let lights = [
        Light::Point { name: "lamp".into(), position, color, flux: 12_000.0, shadows: true },
        Light::Spot {
            name: "spot".into(),
            position,
            direction: direction.normalize(),
            color,
            flux: 12_000.0,
            inner_angle: 0.5,
            outer_angle: 0.7,
            shadows: true,
        },
        sun_along(direction, 900.0, true),
    ];
    for light in lights {
        for floor in [3.0, 300.0] {
            let mut s = scene(100, 60);
            dark(&mut s);
            s.cameras[0].position = DVec3::new(0.0, 2.0, 0.0);
            s.cameras[0].rotation = DQuat::from_rotation_x(-PI / 2.0);
            add_unlabelled(&mut s, Shape::Plane(DVec2::splat(floor)), DVec3::ZERO);
            last(&mut s).material = Some(matte(0.5));
            add(&mut s, Shape::Box(DVec3::splat(0.2)), DVec3::new(0.0, 0.1, 0.0));
            s.lights = vec![light.clone()];
            let frame = render_one(&s);
            let level = |x: f64| frame.rgb.get((50.0 + x * 50.0) as u32, 30).unwrap()[0];
            for (x, lit) in [(0.13, false), (0.2, false), (0.33, false), (0.44, true), (-0.3, true)] {
                ensure((level(x) > 40) == lit, || {
                    format!("{light:?}, floor of {floor} m: at {x} the level is {}", level(x))
                })?;
            }
        }
    }
    Ok(())
}

/// Light falls off smoothly over an empty floor: neighbouring pixels differ by little.
fn no_stripes() -> Result<(), String> {
    let mut s = scene(200, 150);
    dark(&mut s);
    s.cameras[0].position = DVec3::new(0.1, 0.7, 1.3);
    s.cameras[0].rotation = DQuat::from_rotation_x(-0.5);
    s.cameras[0].ev100 = 5.0;
    add(&mut s, Shape::Plane(DVec2::splat(4.0)), DVec3::ZERO);
    s.lights = vec![Light::Point {
        name: "lamp".into(),
        position: DVec3::new(-0.5, 0.8, 0.5),
        color: [1.0; 3],
        flux: 6000.0,
        shadows: true,
    }];
    let frame = render_one(&s);
    let mut worst = 0;
    for (colors, ids) in frame.rgb.rows().zip(frame.ids.rows()) {
        for x in 1..colors.len() {
            if ids[x - 1] > 0 && ids[x] > 0 {
                worst = worst.max(colors[x][0].abs_diff(colors[x - 1][0]));
            }
        }
    }
    ensure(frame.rgb.pixels().iter().any(|p| p[0] > 150), || "the floor is not lit".into())?;
    ensure(worst <= 6, || format!("neighbouring pixels of a smooth floor differ by {worst}"))
}

/// The wall turned around: its back faces camera and sun. With and without shadows and a normal map that is flat.
fn backs() -> Result<(), String> {
    let flat = texture("flat-normals", 2, |_, _| [128, 128, 255, 255]);
    for (shadows, normal_texture) in [(false, None), (true, None), (true, Some(flat))] {
        let mut levels = Vec::new();
        for turn in [0.0, PI] {
            let mut s = wall(0.5);
            last(&mut s).rotation = DQuat::from_rotation_y(turn) * last(&mut s).rotation;
            let material = last(&mut s).material.as_mut().unwrap();
            (material.double_sided, material.normal_texture) = (true, normal_texture.clone());
            s.lights.push(sun_along(DVec3::new(0.3, -0.2, -1.0), 1500.0, shadows));
            levels.push(linear_at(&s, 16, 16));
        }
        ensure(levels[0] > 0.1, || "the front is dark".into())?;
        close(levels[1], levels[0], 0.02, &format!("back, shadows {shadows}"))?;
    }
    Ok(())
}

fn emission() -> Result<(), String> {
    let mut s = wall(0.0);
    last(&mut s).material.as_mut().unwrap().emission = [200.0; 3];
    close(linear_at(&s, 16, 16), exposed(200.0, 9.0), 0.02, "200 cd/m2")?;
    s.image.tone_curve = ToneCurve::Neutral;
    // Khronos PBR Neutral takes 0.04 off below its shoulder.
    close(linear_at(&s, 16, 16), exposed(200.0, 9.0) - 0.04, 0.02, "200 cd/m2 through the neutral curve")
}

/// The highlight of a lamp beside the camera on a metal plate that it looks at: round without anisotropy, and as good as that with next
/// to none; drawn out along the tangent (to the right) or, at 90 degrees, across it. By the KHR_materials_anisotropy specification the
/// roughness along it grows to `mix(r^2, 1, a^2)` and that across it stays.
fn anisotropy() -> Result<(), String> {
    let frame = |anisotropy: f64, angle: f64| {
        let mut s = scene(96, 96);
        dark(&mut s);
        s.lights.push(Light::Point {
            name: "lamp".into(),
            position: DVec3::ZERO,
            color: [1.0; 3],
            flux: 600.0,
            shadows: false,
        });
        add(&mut s, Shape::Plane(DVec2::splat(8.0)), DVec3::new(0.0, 0.0, -2.0));
        stand_up(&mut s);
        last(&mut s).material = Some(Material {
            base_color: [0.9; 3],
            metallic: 1.0,
            roughness: 0.35,
            anisotropy,
            anisotropy_angle: angle,
            ..Material::default()
        });
        render_one(&s)
    };
    // Root mean square distance of light from the middle, to the right and up.
    let spread = |frame: &scenewright::frame::Frame| {
        let mut sums = [0.0; 3];
        for y in 0..96 {
            for x in 0..96 {
                let light = color::linear_from_srgb(f64::from(frame.rgb.get(x, y).unwrap()[0]) / 255.0);
                let [dx, dy] = [x, y].map(|k| f64::from(k) - 47.5);
                sums = [sums[0] + light, sums[1] + light * dx * dx, sums[2] + light * dy * dy];
            }
        }
        [(sums[1] / sums[0]).sqrt(), (sums[2] / sums[0]).sqrt()]
    };
    let [plain, hardly] = [0.0, 0.01].map(|a| frame(a, 0.0));
    let apart = plain.rgb.pixels().iter().zip(hardly.rgb.pixels()).map(|(a, b)| a[0].abs_diff(b[0])).max();
    ensure(apart <= Some(10), || format!("next to no anisotropy changes bytes by up to {apart:?}"))?;
    let [x, y] = spread(&plain);
    ensure((x / y - 1.0).abs() < 0.02, || format!("a plain highlight spreads {x:.2} by {y:.2} pixels"))?;
    let [x, y] = spread(&frame(0.7, 0.0));
    ensure(x > 1.4 * y, || format!("along the tangent: {x:.2} by {y:.2} pixels"))?;
    let [x, y] = spread(&frame(0.7, PI / 2.0));
    ensure(y > 1.4 * x, || format!("across the tangent: {x:.2} by {y:.2} pixels"))
}
