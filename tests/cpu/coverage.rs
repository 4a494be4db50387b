//! Requirements and contracts: what is taken, what that comes to, and what cannot be had.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use scenewright::recipe::{Drawing, Recipe, parse};
use scenewright::scene::sight::Sight;
use scenewright::scene::tilt::Tilt;
use scenewright::scene::{Acceptance, Projected, SampleError, Scene, contract, sample};
use scenewright::survey::survey;

fn recipe(rest: &str) -> Recipe {
    let text = format!("(version: 1, name: \"t\", image: (width: 320, height: 240), {rest})");
    parse(&text, "test.ron", Path::new("")).unwrap_or_else(|problems| panic!("{}", problems.render(Drawing::Plain)))
}

const CAMERA: &str = "cameras: { \"main\": (lens: Fov(50), pose: LookAt(from: (0, 0, 3), target: (0, 0, 0))) }";

/// Balls with a probability of 0.8, else boxes, on a spot in front of the camera.
fn lopsided(coverage: &str) -> Recipe {
    recipe(&format!(
        r#"categories: [(id: 1, name: "ball"), (id: 2, name: "box")],
        objects: {{
            "balls": (shape: Sphere(0.2), category: "ball", count: Weighted([(4, 1), (1, 0)]), place: At(position: (-0.5, 0, 0))),
            "boxes": (shape: Box(0.3, 0.3, 0.3), category: "box", count: Weighted([(1, 1), (4, 0)]), place: At(position: (0.5, 0, 0))),
        }},
        {CAMERA}, coverage: {{ {coverage} }}"#
    ))
}

fn scenes(recipe: &Recipe, seed: u64, count: u64) -> Vec<Scene> {
    assert!(Acceptance::of(recipe, seed).is_ok());
    (0..count).into_par_iter().map(|index| sample(recipe, seed, index).unwrap()).collect()
}

fn of(scene: &Scene, object: &str) -> f64 {
    scene.instances.iter().filter(|instance| instance.object == object).count() as f64
}

#[test]
fn weights_come_to_what_is_known_on_paper() {
    // One number that is 1 with a share of 0.2 and 0 else, to be 0.5 on average: f = x - 0.5, so w(1) / w(0) = 4.
    let scenes: Vec<Vec<f64>> = (0..1000).map(|k| vec![if k % 5 == 0 { 0.5 } else { -0.5 }]).collect();
    let tilt = Tilt::solve(&scenes, &[false]);
    let odds = tilt.probability(&[0.5]) / tilt.probability(&[-0.5]);
    assert!((odds - 4.0).abs() < 1e-6, "{odds}");
    // Taken: all of the 20 %, a quarter of the 80 %.
    assert!((tilt.acceptance - 0.4).abs() < 1e-6, "{}", tilt.acceptance);
    // Kish: (0.2 + 0.2)^2 / (0.2 + 0.8 / 16) of all.
    assert!((tilt.effective - 1000.0 * 0.16 / 0.25).abs() < 1e-3, "{}", tilt.effective);
    // "At least" that holds already changes nothing; one that does not, does.
    let enough: Vec<Vec<f64>> = scenes.iter().map(|f| vec![f[0] + 0.4]).collect();
    assert_eq!(Tilt::solve(&enough, &[true]).acceptance, 1.0);
    assert!((Tilt::solve(&scenes, &[true]).acceptance - 0.4).abs() < 1e-6);
}

#[test]
fn weights_meet_several_conditions_with_the_least_change() {
    // Independent x of 6 values and y of 3: the wanted marginals are met, and x and y stay independent, which is what least relative
    // entropy gives (a product of exponentials).
    let all: Vec<(usize, usize)> = (0..6).flat_map(|x| (0..3).map(move |y| (x, y))).collect();
    let wanted_x = [0.3, 0.1, 0.1, 0.2, 0.2, 0.1];
    let wanted_y = [0.6, 0.3, 0.1];
    let features: Vec<Vec<f64>> = all
        .iter()
        .map(|&(x, y)| {
            let of_x = (0..5).map(|k| f64::from(u8::from(x == k)) - wanted_x[k]);
            of_x.chain((0..2).map(|k| f64::from(u8::from(y == k)) - wanted_y[k])).collect()
        })
        .collect();
    let tilt = Tilt::solve(&features, &[false; 7]);
    for (&(x, y), weight) in all.iter().zip(&tilt.weights) {
        assert!((weight - wanted_x[x] * wanted_y[y]).abs() < 1e-8, "{x} {y}: {weight}");
    }
}

#[test]
fn classes_are_balanced_by_leaving_scenes_out() {
    let recipe = lopsided(r#""classes": Balanced(["ball", "box"], within: 0.03)"#);
    // Scenes with a ball alone (0.64), a box alone (0.04), both or none (0.16 each): with one ball the exponent is l/2, with one box
    // -l/2. As many of either: 0.64 e^(l/2) = 0.04 e^(-l/2), so e^(l/2) = 1/4, and the mean over the largest weight is
    // (0.64 / 4 + 0.04 * 4 + 0.32) / 4 = 0.16.
    let known = Acceptance::of(&recipe, 1);
    let pilot = &known.as_ref().as_ref().unwrap().pilot;
    assert!((pilot.acceptance - 0.16).abs() < 0.03, "{}", pilot.acceptance);
    // A pilot is as long as it has to be: of a share of 1/2 that n scenes have, 1 / (4 sqrt n) is chance. A third of 3 % takes 625 scenes
    // with a box, of which one in five has one; a third of 20 % takes 15.
    assert_eq!(pilot.drawn, 2048);
    let easy = lopsided(r#""classes": Balanced(["ball", "box"], within: 0.2)"#);
    let easy = Acceptance::of(&easy, 1).as_ref().as_ref().unwrap().pilot.drawn;
    assert_eq!(easy, 256);
    let scenes = scenes(&recipe, 1, 4000);
    let (balls, boxes) = scenes
        .iter()
        .fold((0.0, 0.0), |(balls, boxes), scene| (balls + of(scene, "balls"), boxes + of(scene, "boxes")));
    let share = balls / (balls + boxes);
    eprintln!("balls: {share:.4} of {}, acceptance {:.3}", balls + boxes, pilot.acceptance);
    // Pilot: sqrt(0.25 / 2000) = 1.1 %; these: 0.8 %. Three of both together.
    assert!((share - 0.5).abs() < 0.04, "{share}");
    // What the contract says nothing of stays as it was: both or none, as likely as each other.
    let both = scenes.iter().filter(|scene| scene.instances.len() == 2).count() as f64;
    let none = scenes.iter().filter(|scene| scene.instances.is_empty()).count() as f64;
    assert!((both / none - 1.0).abs() < 0.2, "{both} {none}");
}

#[test]
fn a_rare_event_is_as_frequent_as_asked() {
    let recipe = recipe(&format!(
        r#"objects: {{ "crash": (shape: Sphere(0.2), count: Weighted([(1, 1), (99, 0)])) }}, {CAMERA},
        coverage: {{ "rare": Share("crash", 0.05) }}"#
    ));
    let scenes = scenes(&recipe, 3, 4000);
    let share = scenes.iter().map(|scene| of(scene, "crash")).sum::<f64>() / 4000.0;
    eprintln!("crashes: {share:.4} of the scenes");
    // The pilot has about 20 of them in 2048: one sigma of the share is 0.05 / sqrt(20) = 0.011.
    assert!((share - 0.05).abs() < 0.035, "{share}");
}

#[test]
fn parameters_and_variants_are_as_frequent_as_asked() {
    let text = |coverage: &str, sampling: &str| {
        recipe(&format!(
            r#"{sampling} parameters: {{ "weather": Weighted([(9, "sunny"), (1, "rain")]), "elevation": Uniform(0, 90) }}, {CAMERA},
            objects: {{ "ball": (shape: Sphere(0.2)) }},
            variants: {{ "usual": (weight: 0.95), "accident": (weight: 0.05, objects: {{ "cone": (shape: Cone(0.2, 0.5)) }}) }},
            coverage: {{ {coverage} }}"#
        ))
    };
    let share = |scenes: &[Scene], holds: &dyn Fn(&Scene) -> bool| {
        scenes.iter().filter(|scene| holds(scene)).count() as f64 / scenes.len() as f64
    };
    let is = |scene: &Scene, parameter: &str, value: &str| format!("{:?}", scene.parameters[parameter]).contains(value);
    let number = |scene: &Scene| match scene.parameters["elevation"] {
        scenewright::scene::Value::Number(elevation) => elevation,
        _ => panic!("a number"),
    };
    for sampling in ["", "sampling: Sobol,"] {
        // The pilot sees about 205 scenes of rain, 102 accidents and 341 low suns: standard deviations of 0.5 * 0.5 / sqrt(205) = 0.017,
        // 0.2 * 0.8 / sqrt(102) = 0.016 and 0.011; of 3000 scenes chance adds 0.009, 0.007 and 0.009. Four of both together.
        let recipe = text(
            r#""wet": When("weather == 'rain'", 0.5), "hurt": When("variant == 'accident'", 0.2), "low": When("elevation < 15", 0.4)"#,
            sampling,
        );
        let scenes = scenes(&recipe, 5, 3000);
        let wet = share(&scenes, &|scene| is(scene, "weather", "rain"));
        let hurt = share(&scenes, &|scene| is(scene, "variant", "accident"));
        let low = share(&scenes, &|scene| number(scene) < 15.0);
        eprintln!("{wet:.3} rain, {hurt:.3} accidents, {low:.3} low");
        assert!((wet - 0.5).abs() < 0.08 && (hurt - 0.2).abs() < 0.075 && (low - 0.4).abs() < 0.06);
        // A scene is what its variant makes of it, and what no contract is about stays independent and even.
        assert!(scenes.iter().all(|scene| of(scene, "cone") == f64::from(u8::from(is(scene, "variant", "accident")))));
        let both = share(&scenes, &|scene| is(scene, "variant", "accident") && is(scene, "weather", "rain"));
        assert!((both - wet * hurt).abs() < 0.03, "{both}");
        let lower = share(&scenes, &|scene| number(scene) < 7.5);
        assert!((lower - low / 2.0).abs() < 0.04, "{lower}");
    }
    // What is only in one variant can be asked for, too.
    let scenes = scenes(&text(r#""cones": Share("cone", 0.2)"#, ""), 6, 1500);
    let cones = share(&scenes, &|scene| of(scene, "cone") > 0.0);
    assert!((cones - 0.2).abs() < 0.08, "{cones}");
    // Without contracts, a scene that is drawn again stays of its variant.
    let kept = recipe(&format!(
        r#"{CAMERA}, objects: {{ "ball": (shape: Sphere(0.2), place: At(position: (Uniform(-3, 3), 0, 0))) }},
        variants: {{ "a": (), "b": (objects: {{ "ball": (place: At(position: (Uniform(-9, 9), 0, 0))) }}) }}, require: [InView("ball")]"#
    ));
    let scenes: Vec<Scene> = (0..1000).map(|index| sample(&kept, 1, index).unwrap()).collect();
    // Four standard deviations of 1000 halves are 0.063; were it drawn again, one third would be `b`s.
    assert!((share(&scenes, &|scene| is(scene, "variant", "\"b\"")) - 0.5).abs() < 0.063);
}

/// One ball at a distance that is even from 1 to 20 m: heights that crowd at the small end.
fn distances(coverage: &str) -> Recipe {
    recipe(&format!(
        r#"categories: [(id: 1, name: "ball")],
        objects: {{ "ball": (shape: Sphere(0.3), category: "ball", place: At(position: (0, 0, Uniform(-17, 2)))) }},
        {CAMERA}, coverage: {{ {coverage} }}"#
    ))
}

#[test]
fn box_heights_become_even_in_the_logarithm() {
    let recipe = distances(r#""heights": BoxHeight(LogUniform(8, 128), bins: 4, within: 0.05)"#);
    let scenes = scenes(&recipe, 2, 1600);
    // Not by sight: by the closed form of a ball's height.
    let mut bins = [0.0f64; 4];
    for scene in &scenes {
        let distance = 3.0 - scene.instances[0].position.z;
        let height = 2.0 * scene.cameras[0].fy * 0.3 / (distance * distance - 0.09f64).sqrt();
        let bin = libm::log2(height / 8.0).floor();
        if (0.0..4.0).contains(&bin) {
            bins[[0.0, 1.0, 2.0, 3.0].iter().position(|&k| k == bin).unwrap()] += 1.0;
        }
    }
    let total: f64 = bins.iter().sum();
    eprintln!("{bins:?} of {total}");
    for count in bins {
        // One sigma is 1.1 % of chance here and about 1.4 % of the pilot's; pixels move some over the ends of bins.
        assert!((count / total - 0.25).abs() < 0.06, "{bins:?}");
    }
}

#[test]
fn scenes_that_are_taken_are_even_within_what_chance_allows() {
    let recipe = distances(r#""heights": BoxHeight(LogUniform(8, 128), bins: 4, within: 0.05)"#);
    let known = Acceptance::of(&recipe, 2);
    let pilot = &known.as_ref().as_ref().unwrap().pilot;
    let (before, after) = &pilot.contracts[0];
    assert!(before.off > 0.2 && after.off < 1e-6, "{before:?} {after:?}");
    // Of independent scenes, by the estimate itself: chi-square with 3 degrees of freedom, the pilot's own chance added.
    let sight = Sight::default();
    let mut counts = vec![0.0; 4];
    for scene in scenes(&recipe, 2, 1600) {
        let seen = sight.look(&scene, &recipe.assets);
        let contract = &recipe.wanted.coverage["heights"];
        let own = contract.count(&scene, &contract::expected(&scene, &seen));
        counts.iter_mut().zip(own).for_each(|(sum, count)| *sum += count);
    }
    let each = counts.iter().sum::<f64>() / 4.0;
    let square: f64 = counts.iter().map(|count| (count - each) * (count - each) / each).sum();
    eprintln!("chi-square {square:.2} of {counts:?}");
    // 16.3 is 0.1 % with exact weights; those of a pilot worth `effective` scenes multiply it by 1 + n / effective.
    assert!(square < 16.3 * (1.0 + 4.0 * each / pilot.effective), "{square}");
}

#[test]
fn a_scene_does_not_depend_on_which_others_were_asked_for() {
    let text = r#""classes": Balanced(["ball", "box"])"#;
    let one = lopsided(text);
    let forwards: Vec<Scene> = (0..20).map(|index| sample(&one, 9, index).unwrap()).collect();
    let other = lopsided(text);
    for index in [19, 3, 11] {
        assert_eq!(sample(&other, 9, index).unwrap(), forwards[usize::try_from(index).unwrap()]);
    }
    assert!(forwards.iter().any(|scene| !scene.redrawn.is_empty()));
    // Another seed has a pilot of its own.
    assert_ne!(sample(&one, 10, 3).unwrap().instances, forwards[3].instances);
}

#[test]
fn what_cannot_be_met_is_refused_with_the_reason() {
    let unmet = |recipe: &Recipe| survey(recipe, 0, 10).unwrap().unmet.unwrap();
    // No ball is ever so large.
    let never = unmet(&distances(r#""heights": BoxHeight(Uniform(200, 240), bins: 4)"#));
    assert_eq!(never.contract, "heights");
    assert!(never.reason.contains("there is none") || never.reason.contains("there is nothing"), "{}", never.reason);
    // Always as many of both: no choice of scenes changes that.
    let pairs = recipe(&format!(
        r#"categories: [(id: 1, name: "a"), (id: 2, name: "b")],
        objects: {{ "a": (shape: Sphere(0.1), category: "a", count: 2, place: At(position: (Uniform(-1, -0.5), 0, 0))),
                    "b": (shape: Sphere(0.1), category: "b", place: At(position: (0.5, 0, 0))) }},
        {CAMERA}, coverage: {{ "even": Balanced(["a", "b"], within: 0.02) }}"#
    ));
    let never = unmet(&pairs);
    assert!(never.reason.contains("whatever scenes are left out"), "{}", never.reason);
    assert!(matches!(sample(&pairs, 0, 0), Err(SampleError::Unmet { .. })));
    // One in a thousand is to be every second: 2048 draws have two, too few to weigh.
    let rare = recipe(&format!(
        r#"objects: {{ "crash": (shape: Sphere(0.2), count: Weighted([(1, 1), (999, 0)])) }}, {CAMERA},
        coverage: {{ "rare": Share("crash", 0.5) }}"#
    ));
    let never = unmet(&rare);
    assert!(
        ["too few", "1 of", "same few", "there is none"].iter().any(|word| never.reason.contains(word)),
        "{}",
        never.reason
    );
}

#[test]
fn every_scene_shows_what_is_required() {
    let recipe = recipe(&format!(
        r#"categories: [(id: 1, name: "ball")],
        objects: {{
            "ball": (shape: Sphere(0.2), category: "ball", count: 2, place: InBox((-2, -1, -4), (2, 1, 2))),
            "wall": (shape: Box(1, 1, 0.1), place: At(position: (Uniform(-2, 2), 0, Uniform(-2, 2)))),
        }},
        {CAMERA}, require: [InView("ball", margin: 5), Height("ball", min: 12, max: 80), Visible("ball", 0.6), InView("wall", which: Any)]"#
    ));
    let mut reasons = BTreeMap::new();
    for index in 0..60 {
        let scene = sample(&recipe, 4, index).unwrap();
        for ball in scene.instances.iter().filter(|instance| instance.object == "ball") {
            // By the camera's own projection: the box of a ball lies within that of the box around it.
            let Projected { pixel: middle, depth, .. } = scene.cameras[0].project(ball.position).unwrap();
            let r = scene.cameras[0].fy * 0.2 / (depth * depth - 0.04).sqrt();
            assert!(middle.x - 0.99 * r >= 4.0 && middle.x + 0.99 * r <= 316.0, "{middle} {r}");
            assert!((5.5..=42.0).contains(&r), "{r}");
        }
        reasons.extend(scene.redrawn);
    }
    eprintln!("{reasons:#?}");
    assert!(reasons.keys().any(|reason| reason == "some of `ball` is not wholly in view in camera `main`"));
    assert!(reasons.keys().any(|reason| reason == "some of `ball` is less than 60% visible in camera `main`"));
    assert!(reasons.keys().any(|reason| reason.contains("not 12 to 80 px high")));
}

#[test]
fn a_framed_ball_fills_what_it_is_to_fill() {
    let recipe = recipe(
        r#"categories: [(id: 1, name: "ball")],
        objects: { "ball": (shape: Sphere(Uniform(0.01, 3)), category: "ball", place: At(position: InBox((-9, -9, -9), (9, 9, 9)))) },
        cameras: { "main": (lens: Fov(Uniform(20, 90)), pose: Frame("ball", Uniform(0.2, 0.9), Uniform(0, 360), Uniform(-89, 89), one: true)) },
        require: [InView("ball")]"#,
    );
    for index in 0..50 {
        let scene = sample(&recipe, 8, index).unwrap();
        assert!(scene.redrawn.is_empty(), "in view by construction: {:?}", scene.redrawn);
        let Projected { pixel: middle, depth, .. } = scene.cameras[0].project(scene.instances[0].position).unwrap();
        assert!((middle - glam::DVec2::new(160.0, 120.0)).length() < 1e-6);
        let scenewright::scene::Shape::Sphere(r) = scene.instances[0].shape else { panic!() };
        // What is framed is the ball around its box: sqrt(3) as large.
        let framed = r * 3f64.sqrt();
        let fill = 2.0 * scene.cameras[0].fy * framed / (depth * depth - framed * framed).sqrt() / 240.0;
        assert!((0.2..0.9).contains(&fill), "{fill}");
    }
    // Without anything to frame, a scene is drawn again.
    let mut none = recipe.clone();
    none.objects.get_mut("ball").unwrap().count =
        scenewright::recipe::Varied::One(scenewright::recipe::Number::UniformInt { min: 0, max: 1 });
    let redrawn = (0..20).filter(|&index| !sample(&none, 1, index).unwrap().redrawn.is_empty()).count();
    assert!((4..17).contains(&redrawn), "{redrawn}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the time is printed")]
fn a_check_of_contracts_takes_seconds() {
    let recipe = distances(
        r#""heights": BoxHeight(LogUniform(8, 128)), "again": BoxWidth(LogUniform(8, 128), bins: 4, within: 0.2)"#,
    );
    let start = std::time::Instant::now();
    let survey = survey(&recipe, 0, 100).unwrap();
    eprintln!("{:.2} s for {:?}", start.elapsed().as_secs_f64(), survey.pilot.map(|pilot| pilot.acceptance));
    assert_eq!((survey.unmet, survey.scenes), (None, 100));
}
