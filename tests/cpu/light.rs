//! Area lights, the sun's disc, flicker, rigs, fog: against closed forms.

use std::f64::consts::{PI, TAU};
use std::path::Path;

use glam::{DQuat, DVec3};
use proptest::prelude::*;
use scenewright::assets::Library;
use scenewright::recipe::{Drawing, parse};
use scenewright::scene::light::within_sun;
use scenewright::scene::{Emitter, Environment, Flicker, Fog, Light, Scene, exposure, sample};

mod bounce;
mod sky;
mod split;

const EMITTERS: [Emitter; 4] = [
    Emitter::Rectangle { width: 0.8, height: 0.3 },
    Emitter::Disc { radius: 0.4 },
    Emitter::Sphere { radius: 0.2 },
    Emitter::Tube { length: 1.2, radius: 0.02 },
];

/// A scene of a recipe with these fields.
fn scene(fields: &str) -> Scene {
    let text = format!(
        "(version: 1, name: \"t\", image: (width: 64, height: 48), {fields}, \
         cameras: {{ \"main\": (lens: Fov(50), pose: LookAt(from: (0, 1, 2), target: (0, 0, 0))) }})"
    );
    let recipe = parse(&text, "t.ron", Path::new("")).unwrap_or_else(|p| panic!("{}", p.render(Drawing::Plain)));
    sample(&recipe, 5, 0).unwrap()
}

fn lights(fields: &str) -> Vec<Light> {
    scene(&format!("lights: {{ {fields} }}, environment: Color(Hex(\"#000000\"))")).lights
}

fn close(value: f64, expected: f64, relative: f64) {
    assert!((value - expected).abs() <= relative * expected.abs(), "{value} is not {expected}");
}

/// Every combination of so many even numbers along each of three directions.
fn even(side: u32) -> impl Iterator<Item = [f64; 3]> {
    let at = move |k: u32| (f64::from(k) + 0.5) / f64::from(side);
    (0..side * side * side).map(move |k| [at(k % side), at(k / side % side), at(k / side / side)])
}

/// Unit vectors, evenly over the sphere (Fibonacci's spiral).
fn directions(count: u32) -> impl Iterator<Item = DVec3> {
    (0..count).map(move |k| {
        let y = 1.0 - 2.0 * (f64::from(k) + 0.5) / f64::from(count);
        let turn = TAU * (f64::from(k) * 0.618_033_988_749_895).fract();
        let r = (1.0 - y * y).sqrt();
        DVec3::new(r * libm::cos(turn), y, r * libm::sin(turn))
    })
}

/// Mean squares and fourth powers of the coordinates: on a side of length w they are w^2/12; in a disc R^2/4 and R^4/8; of a coordinate
/// that is even from -r to r, r^2/3 and r^4/5. From every side, a sphere is such a disc.
#[test]
fn points_of_emitters_are_spread_as_their_outlines_are() {
    let moments = |emitter: Emitter, along: DVec3| {
        let (mut two, mut four) = (0.0, 0.0);
        let count = f64::from(40 * 40 * 40);
        for u in even(40) {
            let x = emitter.sample(u).position.dot(along);
            two += x * x / count;
            four += x * x * x * x / count;
        }
        (two, four)
    };
    let rectangle = Emitter::Rectangle { width: 2.0, height: 6.0 };
    close(moments(rectangle, DVec3::X).0, 4.0 / 12.0, 1e-3);
    close(moments(rectangle, DVec3::Y).0, 36.0 / 12.0, 1e-3);
    assert_eq!(moments(rectangle, DVec3::Z).0, 0.0);
    let oblique = DVec3::new(1.0, -2.0, 0.5);
    for (emitter, along) in [
        (Emitter::Disc { radius: 3.0 }, DVec3::new(0.6, 0.8, 0.0)),
        (Emitter::Sphere { radius: 3.0 }, DVec3::X),
        (Emitter::Sphere { radius: 3.0 }, DVec3::Z),
        (Emitter::Sphere { radius: 3.0 }, oblique.normalize()),
    ] {
        let (two, four) = moments(emitter, along);
        close(two, 9.0 / 4.0, 2e-3);
        close(four, 81.0 / 8.0, 4e-3);
    }
    // The whole distance from the middle: three of four coordinates whose squares have a mean of 1/4 each.
    let mean = even(40).map(|u| Emitter::Sphere { radius: 1.0 }.sample(u).position.length_squared()).sum::<f64>();
    close(mean / 64_000.0, 0.75, 2e-3);
    let tube = Emitter::Tube { length: 4.0, radius: 0.5 };
    close(moments(tube, DVec3::X).0, 16.0 / 12.0, 1e-3);
    for across in [DVec3::Y, DVec3::Z, DVec3::new(0.0, 0.6, -0.8)] {
        let (two, four) = moments(tube, across);
        close(two, 0.25 / 3.0, 2e-3);
        close(four, 0.0625 / 5.0, 4e-3);
    }
}

#[test]
fn points_of_emitters_lie_within_them_and_are_as_far_as_they_reach() {
    for emitter in EMITTERS {
        let far = even(30).map(|u| emitter.sample(u).position.length()).fold(0.0, f64::max);
        assert!(far <= emitter.reach() * (1.0 + 1e-12) && far > 0.9 * emitter.reach(), "{emitter:?} {far}");
        let flat = matches!(emitter, Emitter::Rectangle { .. } | Emitter::Disc { .. });
        assert_eq!(emitter.sample([0.3, 0.6, 0.9]).normal, flat.then_some(DVec3::NEG_Z));
    }
}

/// Intensity over all directions sums up to the flux; on the axis of what lies in a plane it is flux over pi, across a tube flux over pi^2.
#[test]
fn intensity_sums_up_to_the_flux() {
    for emitter in EMITTERS {
        let count = 200_000;
        let sum: f64 = directions(count).map(|along| emitter.intensity(700.0, along)).sum();
        close(sum * 4.0 * PI / f64::from(count), 700.0, 1e-3);
    }
    let [rectangle, disc, sphere, tube] = EMITTERS;
    close(rectangle.intensity(PI, DVec3::NEG_Z), 1.0, 1e-12);
    close(disc.intensity(PI, DVec3::new(0.0, 0.6, -0.8)), 0.8, 1e-12);
    assert_eq!(disc.intensity(PI, DVec3::Z), 0.0);
    close(sphere.intensity(4.0 * PI, DVec3::Y), 1.0, 1e-12);
    close(tube.intensity(PI * PI, DVec3::Y), 1.0, 1e-12);
    assert_eq!(tube.intensity(PI * PI, DVec3::X), 0.0);
    // Luminance times the outline is intensity: pi r^2 of a sphere, 2 r l of a tube.
    close(sphere.luminance(100.0) * PI * 0.04, sphere.intensity(100.0, DVec3::X), 1e-12);
    close(tube.luminance(100.0) * 2.0 * 0.02 * 1.2, tube.intensity(100.0, DVec3::Y), 1e-12);
    close(rectangle.luminance(100.0) * 0.24, rectangle.intensity(100.0, DVec3::NEG_Z), 1e-12);
    close(disc.luminance(100.0) * PI * 0.16, disc.intensity(100.0, DVec3::NEG_Z), 1e-12);
}

fn metered(emitter: Emitter, position: DVec3, rotation: DQuat) -> f64 {
    let light =
        Light::Area { name: "a".into(), emitter, position, rotation, color: [1.0; 3], flux: 1000.0, shadows: true };
    exposure::illuminance(DVec3::ZERO, &[light], &Environment::BLACK, &Library::default())
}

/// The meter's dome takes `(1 + cos t) / 2`. Under a disc of luminance L, half angle a: the integral of that over the disc's solid angle,
/// `2 pi L ((1 - cos a) / 2 + (1 - cos^2 a) / 4)`. Under a thin tube whose ends are seen under the angle a to either side:
/// `flux / (pi^2 l) / (2 d) (2 sin a + a + sin a cos a)`.
#[test]
fn the_meter_reads_area_lights_as_geometry_says() {
    let down = DQuat::from_rotation_x(-PI / 2.0);
    assert!((down * DVec3::NEG_Z).distance(DVec3::NEG_Y) < 1e-12);
    for (radius, height) in [(0.5, 4.0), (0.5, 1.0), (1.0, 1.0)] {
        let cos = height / f64::sqrt(height * height + radius * radius);
        let luminance = 1000.0 / (PI * PI * radius * radius);
        let expected = TAU * luminance * ((1.0 - cos) / 2.0 + (1.0 - cos * cos) / 4.0);
        close(metered(Emitter::Disc { radius }, DVec3::Y * height, down), expected, 0.01);
    }
    for (length, height) in [(1.2, 4.0), (1.2, 1.0), (2.4, 0.8)] {
        let tube = Emitter::Tube { length, radius: 0.01 };
        let a = libm::atan(length / 2.0 / height);
        let expected =
            1000.0 / (PI * PI * length) / (2.0 * height) * (2.0 * libm::sin(a) + a + libm::sin(2.0 * a) / 2.0);
        close(metered(tube, DVec3::Y * height, DQuat::from_rotation_y(0.7)), expected, 0.01);
    }
    // A sphere is a point as soon as one is outside of it; nothing shines behind a disc.
    close(metered(Emitter::Sphere { radius: 0.3 }, DVec3::Y, DQuat::IDENTITY), 1000.0 / (4.0 * PI), 0.03);
    assert_eq!(metered(Emitter::Disc { radius: 0.3 }, DVec3::Y, DQuat::from_rotation_x(PI / 2.0)), 0.0);
}

#[test]
fn far_away_every_emitter_falls_off_with_the_square_of_the_distance() {
    for emitter in EMITTERS {
        let toward = DQuat::from_rotation_x(-PI / 2.0);
        let [near, far] = [100.0, 200.0].map(|d| metered(emitter, DVec3::Y * d, toward));
        close(near / far, 4.0, 1e-3);
        close(near * 1e4, emitter.intensity(1000.0, toward.inverse() * DVec3::NEG_Y), 1e-3);
    }
}

/// Even on the disc: `1 - cos` of the angle from its middle is even from 0 to that of its edge.
#[test]
fn the_disc_of_the_sun_is_even_and_round() {
    for (towards, width) in [(DVec3::new(0.3, 0.8, -0.2), 0.0093), (DVec3::NEG_X, 0.5), (DVec3::Y, 0.0)] {
        let (towards, side) = (towards.normalize(), 200u32);
        let (mut mean, mut depth, mut square) = (DVec3::ZERO, 0.0, 0.0);
        let edge = 1.0 - libm::cos(width / 2.0);
        for k in 0..side * side {
            let u = [k % side, k / side].map(|k| (f64::from(k) + 0.5) / f64::from(side));
            let direction = within_sun(towards, width, u);
            assert!((direction.length() - 1.0).abs() < 1e-12);
            let off = direction.distance_squared(towards) / 2.0;
            assert!(off <= edge * (1.0 + 1e-6) + 1e-15);
            mean += direction / f64::from(side * side);
            depth += off / f64::from(side * side);
            square += off * off / f64::from(side * side);
        }
        assert!((depth - edge / 2.0).abs() <= 1e-3 * edge + 1e-15, "{depth} {edge}");
        assert!((square - edge * edge / 3.0).abs() <= 1e-3 * edge * edge + 1e-15);
        assert!(mean.normalize().distance(towards) < 1e-6);
    }
}

#[test]
fn a_lamp_flickers_about_its_mean() {
    let flicker = Flicker { frequency: 100.0, depth: 0.3, phase: 0.0 };
    close(flicker.factor(0.0), 1.0, 1e-12);
    close(flicker.factor(0.0025), 1.3, 1e-9);
    close(flicker.factor(0.0075), 0.7, 1e-9);
    close(flicker.factor(3600.0 + 0.0025), 1.3, 1e-6);
    // Over whole periods nothing is seen of it; over half of one, 2 / pi of its depth.
    close(flicker.mean(0.0013, 0.02), 1.0, 1e-9);
    close(flicker.mean(0.0, 0.005), 1.0 + 0.3 * 2.0 / PI, 1e-9);
    close(flicker.mean(0.0025, 0.0), 1.3, 1e-9);
    let steps = 1000;
    let mean = (0..steps).map(|k| flicker.factor(0.001 + 0.004 * (f64::from(k) + 0.5) / f64::from(steps))).sum::<f64>();
    close(flicker.mean(0.001, 0.004), mean / f64::from(steps), 1e-6);

    let scene = scene(
        "lights: { \"a\": Point((0, 1, 0), 500, flicker: Flicker(100, 0.5, phase: 90)), \"b\": Point((1, 1, 0), 500), \
         \"c\": CeilingPanels(center: (0, 3, 0), width: 4, depth: 4, rows: 1, columns: 2, flux: 100, flicker: Flicker(120, 0.2)) }",
    );
    let amounts = |time| scene.lights_at(time).iter().map(flux).collect::<Vec<f64>>();
    let at_start = amounts(0.0);
    close(at_start[0], 750.0, 1e-9);
    close(at_start[1], 500.0, 1e-12);
    close(amounts(0.005)[0], 250.0, 1e-9);
    // The lamps of a rig are on one circuit.
    assert_eq!(scene.flicker["c.1"], scene.flicker["c.2"]);
    close(at_start[2], at_start[3], 1e-12);
}

fn flux(light: &Light) -> f64 {
    match light {
        Light::Sun { illuminance, .. } => *illuminance,
        Light::Point { flux, .. } | Light::Spot { flux, .. } | Light::Area { flux, .. } => *flux,
    }
}

#[test]
fn area_lights_are_turned_as_the_recipe_says() {
    let area = |text: &str| match lights(&format!("\"a\": {text}")).remove(0) {
        Light::Area { emitter, position, rotation, .. } => (emitter, position, rotation),
        other => panic!("{other:?}"),
    };
    let (emitter, position, rotation) = area("Rectangle((0, 2, 1), (0, 0, 1), 0.8, 0.3, 900)");
    assert_eq!((emitter, position), (Emitter::Rectangle { width: 0.8, height: 0.3 }, DVec3::new(0.0, 2.0, 1.0)));
    assert!((rotation * DVec3::NEG_Z).distance(DVec3::NEG_Y) < 1e-9);
    // A softbox that faces the side keeps its width level.
    let (_, _, rotation) = area("Disc(position: (3, 1, 0), target: (0, 1, 0), radius: 0.2, flux: 10)");
    assert!((rotation * DVec3::NEG_Z).distance(DVec3::NEG_X) < 1e-9);
    assert!((rotation * DVec3::Y).distance(DVec3::Y) < 1e-9);
    let (emitter, _, rotation) = area("Tube((0, 2, 0), (0, 0, 2), 1.2, 0.015, 3000)");
    assert_eq!(emitter, Emitter::Tube { length: 1.2, radius: 0.015 });
    assert!((rotation * DVec3::X).distance(DVec3::Z) < 1e-9);
    assert_eq!(area("Sphere((0, 2, 0), 0.1, 800)").0, Emitter::Sphere { radius: 0.1 });
}

#[test]
fn the_three_lights_of_a_studio_stand_where_they_should() {
    let rig = "\"studio\": KeyFillRim(target: (0, 1, 0), distance: 2, flux: 6000, azimuth: 20, ratio: 4, rim: 0.5)";
    let found = lights(rig);
    let names: Vec<&str> = found.iter().map(Light::name).collect();
    assert_eq!(names, ["studio.fill", "studio.key", "studio.rim"]);
    assert_eq!(found.iter().map(flux).collect::<Vec<_>>(), [1500.0, 6000.0, 3000.0]);
    let seen_from = DVec3::new(libm::sin(20f64.to_radians()), 0.0, libm::cos(20f64.to_radians()));
    for light in &found {
        let Light::Area { position, rotation, .. } = light else { panic!("{light:?}") };
        let target = DVec3::Y;
        close(position.distance(target), 2.0, 1e-9);
        assert!((*rotation * DVec3::NEG_Z).distance((target - *position).normalize()) < 1e-9);
        assert_eq!((*position - target).dot(seen_from) < 0.0, light.name() == "studio.rim", "{light:?}");
    }
}

#[test]
fn panels_fill_a_ceiling_evenly_and_each_has_its_own_colour() {
    let found = lights(
        "\"office\": CeilingPanels(center: (1, 3, 2), width: 6, depth: 4, rows: 2, columns: 3, flux: 3500, \
         color: Kelvin(Uniform(3000, 6000)))",
    );
    let mut places = Vec::new();
    let mut colors = Vec::new();
    for light in &found {
        let Light::Area { position, rotation, color, .. } = light else { panic!("{light:?}") };
        assert!((*rotation * DVec3::NEG_Z).distance(DVec3::NEG_Y) < 1e-9);
        places.push(position.to_array());
        colors.push(color[2]);
    }
    let expected: Vec<[f64; 3]> = [1.0, 3.0].iter().flat_map(|&z| [-1.0, 1.0, 3.0].map(|x| [x, 3.0, z])).collect();
    assert_eq!(places, expected);
    colors.sort_by(f64::total_cmp);
    assert!(colors.windows(2).all(|pair| pair[0] < pair[1]), "{colors:?}");
}

#[test]
fn a_torch_shines_where_its_camera_looks() {
    let found = lights("\"torch\": Torch(camera: \"main\", flux: 2000, angle: 40, offset: (0.1, 0, 0))");
    let Light::Spot { position, direction, outer_angle, .. } = &found[0] else { panic!("{found:?}") };
    assert!(position.distance(DVec3::new(0.1, 1.0, 2.0)) < 1e-9);
    assert!(direction.distance(DVec3::new(0.0, -1.0, -2.0).normalize()) < 1e-9);
    close(*outer_angle, 20f64.to_radians(), 1e-9);
}

/// A torch goes where its camera goes: that of a quarter turn about the target shines from a quarter turn on.
#[test]
fn a_torch_goes_with_its_camera() {
    let text = "(version: 1, name: \"t\", image: (width: 64, height: 48), clip: (frames: 10, rate: 10), \
         lights: { \"torch\": Torch(camera: \"main\", flux: 2000, angle: 40, offset: (0, 0, 0.5)), \"lamp\": Point((0, 3, 0), 10) }, \
         cameras: { \"main\": (lens: Fov(50), pose: LookAt(from: (0, 0, 2), target: (0, 0, 0)), motion: Orbit(rate: 90)) })";
    let recipe = parse(text, "t.ron", Path::new("")).unwrap_or_else(|p| panic!("{}", p.render(Drawing::Plain)));
    let scene = sample(&recipe, 0, 0).unwrap();
    assert_eq!(scene.validate(), Ok(()));
    assert_eq!(ron::from_str::<Scene>(&scene.to_ron().unwrap()).unwrap(), scene);
    for (time, towards) in [(0.0, DVec3::Z), (1.0, DVec3::X), (2.0, DVec3::NEG_Z)] {
        for lights in [scene.lights_at(time), scene.at(time).lights_at(time), scene.at(0.7).lights_at(time)] {
            assert_eq!(lights[0], scene.lights[0], "the lamp stays");
            let Light::Spot { position, direction, .. } = &lights[1] else { panic!("{lights:?}") };
            assert!(position.distance(2.5 * towards) < 1e-6, "{time} {position}");
            assert!(direction.distance(-towards) < 1e-6, "{time} {direction}");
        }
    }
    let mut lost = scene.clone();
    lost.carried.get_mut("torch").unwrap().camera = "gone".into();
    assert!(lost.validate().unwrap_err().contains("carried"));
}

#[test]
fn one_more_light_moves_no_other() {
    let one = "\"b\": KeyFillRim(target: InBox((-1, 0, -1), (1, 0, 1)), distance: Uniform(1, 2), flux: Uniform(1, 9), \
               color: Kelvin(Uniform(3000, 5000)), flicker: Flicker(Uniform(90, 110), 0.2))";
    let before = scene(&format!("lights: {{ {one} }}"));
    let after = scene(&format!("lights: {{ \"a\": Disc((0, 1, 0), (0, 0, 0), 1, Uniform(1, 2)), {one} }}"));
    assert_eq!(before.lights[..], after.lights[1..]);
    assert_eq!(before.flicker, after.flicker);
}

/// In fog whose droplets are white, under an even sky of luminance L, endless fog has the luminance L: a white furnace.
#[test]
fn fog_is_as_bright_as_the_light_around_it() {
    let fog = |text: &str| scene(text).fog.unwrap();
    let even = fog("fog: Fog(visibility: 50), environment: Color(Hex(\"#ffffff\"), strength: 0.2)");
    even.airlight.iter().for_each(|&c| close(c, 1000.0, 1e-9));
    close(even.extinction, 3.912 / 50.0, 1e-12);
    // By Koschmieder's definition 2 % are left at the visibility.
    close(even.transmittance(50.0), 0.02, 1e-3);
    let thick: Fog = fog(
        "fog: Fog(density: 0.5, color: Linear(1, 0.5, 0)), environment: Gradient(Hex(\"#ffffff\"), Hex(\"#000000\"))",
    );
    assert_eq!(thick.extinction, 0.5);
    close(thick.airlight[0], 2500.0, 1e-9);
    close(thick.airlight[1], 1250.0, 1e-9);
    assert_eq!(thick.airlight[2], 0.0);
    // A sun of E lux gives every droplet E, which it gives back over 4 pi steradian.
    let sunny =
        fog("fog: Fog(visibility: 100), environment: Color(Hex(\"#000000\")), lights: { \"sun\": Sun(30, 0, 4e4) }");
    close(sunny.airlight[0], 4e4 / (4.0 * PI), 1e-9);
}

/// EV 15 is f/16 at 1/125 s or nearly, ISO 100: `log2(256 * 125)` is 14.97. Four times the speed is two stops less.
#[test]
fn an_exposure_can_be_that_of_a_camera() {
    let ev = |text: &str| {
        let recipe = format!(
            "(version: 1, name: \"t\", image: (width: 64, height: 48), cameras: {{ \"main\": (lens: Fov(50), exposure: {text}, \
             pose: LookAt(from: (0, 1, 2), target: (0, 0, 0))) }})"
        );
        let recipe = parse(&recipe, "t.ron", Path::new("")).unwrap_or_else(|p| panic!("{}", p.render(Drawing::Plain)));
        sample(&recipe, 0, 0).unwrap().cameras[0].ev100
    };
    close(ev("Camera(f_number: 16, time: 0.008, iso: 100)"), libm::log2(256.0 * 125.0), 1e-12);
    close(ev("Camera(16, 0.008, 400)"), libm::log2(256.0 * 125.0) - 2.0, 1e-12);
    close(ev("Camera(1, 1, 100)") + 1.0, 1.0, 1e-12);
}

#[test]
fn the_sun_is_as_wide_as_it_is_unless_the_recipe_says_otherwise() {
    let width = |text: &str| match lights(&format!("\"sun\": {text}")).remove(0) {
        Light::Sun { angular_diameter, .. } => angular_diameter.to_degrees(),
        other => panic!("{other:?}"),
    };
    close(width("Sun(40, 10, 1e4)"), 0.53, 1e-9);
    close(width("Sun(40, 10, 1e4, angular_diameter: 5)"), 5.0, 1e-9);
}

/// What a person may write into a scene file that no recipe makes.
#[test]
fn a_scene_file_with_impossible_lights_is_refused() {
    let good = scene(
        "fog: Fog(visibility: 50), environment: Sky(elevation: 30, azimuth: 0), \
         lights: { \"a\": Disc((0, 1, 0), (0, 0, 0), 0.5, 100, flicker: Flicker(100, 0.3)), \"s\": Sun(30, 0, 1e4) }",
    );
    assert_eq!(good.validate(), Ok(()));
    let text = good.to_ron().unwrap();
    assert_eq!(ron::from_str::<Scene>(&text).unwrap(), good);
    let refused = |change: &dyn Fn(&mut Scene)| {
        let mut scene = good.clone();
        change(&mut scene);
        scene.validate().unwrap_err()
    };
    let area = |change: fn(&mut Emitter, &mut DQuat)| {
        refused(&|scene| {
            for light in &mut scene.lights {
                if let Light::Area { emitter, rotation, .. } = light {
                    change(emitter, rotation);
                }
            }
        })
    };
    assert!(area(|emitter, _| *emitter = Emitter::Sphere { radius: 0.0 }).contains("positive"));
    assert!(area(|emitter, _| *emitter = Emitter::Tube { length: 1e99, radius: 1.0 }).contains("positive"));
    assert!(area(|emitter, _| *emitter = Emitter::Rectangle { width: f64::NAN, height: 1.0 }).contains("positive"));
    assert!(area(|_, rotation| *rotation = DQuat::from_xyzw(1.0, 1.0, 0.0, 0.0)).contains("unit quaternion"));
    let sky = |change: fn(&mut scenewright::scene::PhysicalSky)| {
        refused(&|scene| {
            let Environment::Sky(sky) = &mut scene.environment else { panic!("a sky") };
            change(sky);
        })
    };
    assert!(sky(|sky| sky.turbidity = 1e9).contains("environment"));
    assert!(sky(|sky| sky.elevation = 7.0).contains("environment"));
    assert!(sky(|sky| sky.azimuth = f64::INFINITY).contains("environment"));
    assert!(sky(|sky| sky.ground = [2.0; 3]).contains("environment"));
    assert!(refused(&|scene| scene.fog.as_mut().unwrap().extinction = 0.0).contains("fog"));
    assert!(refused(&|scene| scene.fog.as_mut().unwrap().airlight[1] = -1.0).contains("fog"));
    assert!(refused(&|scene| scene.flicker.get_mut("a").unwrap().depth = 1.5).contains("flicker"));
    assert!(refused(&|scene| scene.flicker.get_mut("a").unwrap().frequency = f64::NAN).contains("flicker"));
    let wide = |scene: &mut Scene| {
        for light in &mut scene.lights {
            if let Light::Sun { angular_diameter, .. } = light {
                *angular_diameter = 4.0;
            }
        }
    };
    assert!(refused(&wide).contains("angular_diameter"));
    // An area light with shadows takes the room of a point and of a spot.
    let many = |scene: &mut Scene| {
        let area = scene.lights[0].clone();
        scene.lights.extend(vec![area; 32]);
    };
    assert!(refused(&many).contains("room for"));
    assert!(refused(&|scene| scene.lights = vec![scene.lights[0].clone(); 1001]).contains("more than 1000 lights"));
}

proptest! {
    #[test]
    fn a_scene_with_area_lights_reads_back_to_the_same_bits(seed: u64) {
        let text = "(version: 1, name: \"t\", image: (width: 64, height: 48), \
             environment: Choice([Sky(elevation: Uniform(-20, 90), azimuth: Uniform(0, 360), turbidity: Uniform(2, 10)), \
                                  Sky(latitude: Uniform(-90, 90), day: Uniform(1, 365), hour: Uniform(0, 24))]), \
             lights: { \"a\": Tube(OnSphere((0, 0, 0), 2), OnSphere((0, 0, 0), 1), Uniform(0.1, 2), 0.01, Uniform(10, 1000)) }, \
             fog: Weighted([(1, Fog(visibility: LogUniform(5, 5000))), (2, Fog(density: Uniform(0.1, 1)))]), \
             cameras: { \"main\": (lens: Fov(50), pose: LookAt(from: (0, 1, 2), target: (0, 0, 0))) })";
        let recipe = parse(text, "t.ron", Path::new("")).unwrap();
        let scene = sample(&recipe, seed, 3).unwrap();
        prop_assert_eq!(scene.validate(), Ok(()));
        prop_assert_eq!(ron::from_str::<Scene>(&scene.to_ron().unwrap()).unwrap(), scene);
    }
}
