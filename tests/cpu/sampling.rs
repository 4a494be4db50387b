//! Designs: how evenly they spread values over scenes, and that they keep the promises of dice: random access, edit stability, independence.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    reason = "small counts; figures are printed"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use scenewright::recipe::dist::{Scalar, Varied};
use scenewright::recipe::sampling::{Design, MOST_JOINT, Sampling};
use scenewright::recipe::{Drawing, Recipe, parse};
use scenewright::scene::random::design::{self, Seeds};
use scenewright::scene::random::{self, Draws, Key};
use scenewright::scene::{Environment, Light, Scene, Shape, sample};

use crate::recipes::{c, uniform};

const SEEDS: Seeds = Seeds { order: 0x0123_4567_89ab_cdef, digits: 0x0f1e_2d3c_4b5a_6978 };

fn unit(design: Design, index: u64, dimension: u32, seeds: Seeds) -> f64 {
    design::unit(design, index, dimension, seeds).unwrap()
}

/// How many of `points` lie in each of `n` equal cells.
fn counts(points: impl Iterator<Item = f64>, n: usize) -> Vec<u32> {
    let mut counts = vec![0; n];
    points.for_each(|x| counts[(x * n as f64) as usize] += 1);
    counts
}

/// How many points lie in each cell of a grid.
fn grid(points: impl Iterator<Item = (f64, f64)>, columns: usize, rows: usize) -> Vec<u32> {
    let mut counts = vec![0; columns * rows];
    points.for_each(|(x, y)| counts[(x * columns as f64) as usize + columns * (y * rows as f64) as usize] += 1);
    counts
}

#[test]
fn variants_are_spread_over_the_scenes_by_the_design() {
    // Weights 1 : 3 : 12. Sixteenths are whole in each 16 scenes of Sobol' from the start, hundredths of 0.0625 are not.
    let of = |sampling: &str, seed: u64, count: u64| {
        let text = format!(
            "(version: 1, name: \"t\", image: (width: 8, height: 8), {sampling}
            cameras: {{ \"main\": (lens: Fov(50), pose: LookAt((0, 0, 2), (0, 0, 0))) }},
            variants: {{ \"usual\": (weight: 12), \"fog\": (weight: 3), \"crash\": (weight: 1) }})"
        );
        let recipe = parse(&text, "t.ron", Path::new(""))
            .unwrap_or_else(|problems| panic!("{}", problems.render(Drawing::Plain)));
        let name = |index| format!("{:?}", sample(&recipe, seed, index).unwrap().parameters["variant"]);
        let names: Vec<String> = (0..count).map(name).collect();
        ["crash", "fog", "usual"].map(|variant| names.iter().filter(|name| name.contains(variant)).count())
    };
    for seed in 0..4 {
        assert_eq!(of("sampling: Sobol,", seed, 64), [4, 12, 48]);
        assert_eq!(of("sampling: Stratified(160),", seed, 160), [10, 30, 120]);
        assert_eq!(of("sampling: (paths: { \"variants\": Sobol }),", seed, 16), [1, 3, 12]);
    }
    // Dice, also where the rest has a design: not as even, for some seed at least.
    for dice in ["", "sampling: (default: Sobol, paths: { \"variants\": Random }),"] {
        assert!((0..4).any(|seed| of(dice, seed, 64) != [4, 12, 48]));
    }
}

#[test]
fn the_sobol_sequence_is_the_published_one() {
    // The first 16 points in six dimensions of new-joe-kuo-6.21201, in sixteenths, and some further on, in 2048ths: as scipy.stats.qmc.Sobol gives them
    // (1.17, scramble=False), which takes them in the order of the Gray code.
    let first: [[u32; 6]; 16] = [
        [0, 0, 0, 0, 0, 0],
        [8, 8, 8, 8, 8, 8],
        [12, 4, 4, 4, 12, 12],
        [4, 12, 12, 12, 4, 4],
        [6, 6, 10, 14, 6, 2],
        [14, 14, 2, 6, 14, 10],
        [10, 2, 14, 10, 10, 14],
        [2, 10, 6, 2, 2, 6],
        [3, 5, 15, 7, 9, 5],
        [11, 13, 7, 15, 1, 13],
        [15, 1, 11, 3, 5, 9],
        [7, 9, 3, 11, 13, 1],
        [5, 3, 5, 9, 15, 7],
        [13, 11, 13, 1, 7, 15],
        [9, 7, 1, 13, 3, 11],
        [1, 15, 9, 5, 11, 3],
    ];
    let point = |place: u64, dimension: u32| design::sobol(place ^ (place >> 1), dimension) as f64 / libm::exp2(64.0);
    for (place, point_of) in (0..).zip(first) {
        for (dimension, sixteenths) in (0..).zip(point_of) {
            assert_eq!(point(place, dimension), f64::from(sixteenths) / 16.0, "{place} {dimension}");
        }
    }
    let further = [
        (1000, 8, 0.500_976_562_5),
        (1000, 31, 0.145_507_812_5),
        (1777, 32, 0.846_191_406_25),
        (2047, 63, 0.988_769_531_25),
        (1234, 40, 0.899_902_343_75),
    ];
    for (place, dimension, expected) in further {
        assert_eq!(point(place, dimension), expected, "{place} {dimension}");
    }
}

#[test]
fn every_dimension_of_sobol_is_stratified_at_every_power_of_two() {
    for dimension in 0..MOST_JOINT as u32 {
        for m in 0..=10 {
            let points = (0..1 << m).map(|index| unit(Design::Sobol, index, dimension, SEEDS));
            assert!(counts(points, 1 << m).iter().all(|&count| count == 1), "dimension {dimension}, 2^{m} scenes");
        }
    }
}

#[test]
fn the_first_two_dimensions_of_sobol_are_a_net_at_every_power_of_two() {
    // A (0, m, 2)-net: each elementary rectangle of area 2^-m, however long and narrow, holds exactly one point.
    let check = |start: u64, m: u32, seeds: Seeds| {
        let points: Vec<(f64, f64)> = (start..=start + ((1 << m) - 1))
            .map(|index| (unit(Design::Sobol, index, 0, seeds), unit(Design::Sobol, index, 1, seeds)))
            .collect();
        for columns in 0..=m {
            let cells = grid(points.iter().copied(), 1 << columns, 1 << (m - columns));
            assert!(cells.iter().all(|&count| count == 1), "2^{m} scenes from {start}, 2^{columns} columns");
        }
    };
    for seed in 0..4 {
        let seeds = Seeds { order: seed, digits: !seed };
        (0..=10).for_each(|m| check(0, m, seeds));
    }
    // Also beyond 65 536 scenes, and for each later block.
    check(0, 17, SEEDS);
    check(3 << 17, 12, SEEDS);
    check((1 << 40) + (5 << 10), 10, SEEDS);
    check(u64::MAX - 1023, 10, SEEDS);
}

#[test]
fn halton_is_even_in_the_base_of_each_dimension() {
    for (dimension, base) in [(0u32, 2usize), (1, 3), (2, 5), (5, 13), (63, 311)] {
        for m in [4, 8, 10] {
            let n = 1usize << m;
            let cells = if base > n { continue } else { base };
            let points = (0..n as u64).map(|index| unit(Design::Halton, index, dimension, SEEDS));
            let (least, most) = ((n / cells) as u32, n.div_ceil(cells) as u32);
            assert!(counts(points, cells).iter().all(|count| (least..=most).contains(count)), "{dimension} 2^{m}");
        }
    }
    // In two dimensions: of 6^5 points in a row each of the 2^5 x 3^5 cells has exactly one, without the shuffle of the scenes.
    let points = (1000..1000 + 7776).map(|index| (design::halton(index, 0, 7), design::halton(index, 1, 8)));
    assert!(grid(points, 32, 243).iter().all(|&count| count == 1));
}

#[test]
fn each_stratum_comes_once_in_each_round() {
    for count in [1u32, 2, 3, 7, 10, 64, 100, 1000, 4097] {
        let round = |start: u64| -> Vec<f64> {
            (start..start + u64::from(count)).map(|i| unit(Design::Stratified(count), i, 3, SEEDS)).collect()
        };
        for start in [0, u64::from(count), 77 * u64::from(count)] {
            let cells = counts(round(start).into_iter(), count as usize);
            assert!(cells.iter().all(|&n| n == 1), "{count} from {start}");
        }
        if count > 6 {
            assert_ne!(round(0), round(u64::from(count)), "another order each time");
        }
    }
    // The largest number of strata, and the last scene.
    for index in [0, 999_999_999, u64::MAX] {
        assert!((0.0..1.0).contains(&unit(Design::Stratified(1_000_000_000), index, 0, SEEDS)));
    }
}

#[test]
fn different_sets_are_as_good_as_independent() {
    // Two values that know nothing of each other: over 4096 scenes, 16 x 16 cells of 16 each. Pearson's statistic of Latin hypercubes has mean
    // 15 * 15 and a standard deviation of 21.2. In nets each run of 16 scenes is a permutation of the 16 cells, so that each cell has a variance of
    // 256 * 1/16 * 15/16: a mean of 240; permutations are nested, which makes the deviation 45 (simulated with coins instead of hashes).
    for (design, mean, deviation) in
        [(Design::Sobol, 240.0, 45.4), (Design::Halton, 240.0, 45.4), (Design::Stratified(4096), 225.0, 21.2)]
    {
        let mut sum = 0.0;
        for pair in 0..100u64 {
            let seeds = |k: u64| Seeds { order: 1000 + 2 * pair + k, digits: 7000 + 2 * pair + k };
            let points = (0..4096).map(|i| (unit(design, i, 0, seeds(0)), unit(design, i, 0, seeds(1))));
            let cells = grid(points, 16, 16);
            sum += cells.iter().map(|&n| (f64::from(n) - 16.0) * (f64::from(n) - 16.0) / 16.0).sum::<f64>();
        }
        let found = sum / 100.0;
        assert!((found - mean).abs() < 4.0 * deviation / 10.0, "{design:?}: {found}");
    }
}

#[test]
fn scrambled_digits_are_even_coins() {
    // Over many seeds, one point is anywhere: mean 1/2, variance 1/12, and two neighbours of an unscrambled sequence are on either side.
    for design in [Design::Sobol, Design::Halton, Design::Stratified(10)] {
        let points: Vec<f64> = (0..20_000).map(|seed| unit(design, 5, 1, Seeds { order: 1, digits: seed })).collect();
        let mean = points.iter().sum::<f64>() / 20_000.0;
        let variance = points.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 20_000.0;
        assert!((mean - 0.5).abs() < 0.0082 && (variance * 12.0 - 1.0).abs() < 0.03, "{design:?} {mean} {variance}");
        let low = points.iter().filter(|x| *x * 1024.0 % 1.0 < 0.5).count();
        assert!((9_700..10_300).contains(&low), "{design:?}: digits far down are coins too: {low}");
    }
}

/// The star discrepancy of points in the unit square: the largest difference, over all boxes with a corner at the origin, between the box's area
/// and its share of the points. Boxes need only end at points (Niederreiter 1972).
fn star_discrepancy(points: &mut [(f64, f64)]) -> f64 {
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let n = points.len() as f64;
    let mut heights: Vec<f64> = Vec::with_capacity(points.len());
    let mut most: f64 = 0.0;
    for i in 0..=points.len() {
        // Boxes from points[i - 1] up to just before points[i]: the first i points.
        let right = points.get(i).map_or(1.0, |point| point.0);
        let left = if i == 0 { 0.0 } else { points[i - 1].0 };
        for (below, &top) in heights.iter().chain([&1.0]).enumerate() {
            most = most.max(right * top - below as f64 / n);
            let closed = if below < heights.len() { below + 1 } else { below };
            most = most.max(closed as f64 / n - left * top);
        }
        if let Some(point) = points.get(i) {
            let place = heights.partition_point(|&height| height < point.1);
            heights.insert(place, point.1);
        }
    }
    most
}

#[test]
fn the_star_discrepancy_of_what_is_known() {
    assert!((star_discrepancy(&mut [(0.5, 0.5)]) - 0.75).abs() < 1e-12);
    assert!((star_discrepancy(&mut [(1.0, 1.0)]) - 1.0).abs() < 1e-12);
    // On a line at the right edge: that of the middles of n intervals, 1 / 2n, is lost in the open right edge.
    let mut points = [(0.0, 0.25), (0.0, 0.75)];
    assert!((star_discrepancy(&mut points) - 1.0).abs() < 1e-12);
}

fn pair(design: Design, seed: u64, n: u64) -> Vec<(f64, f64)> {
    let sampling = Arc::new(Sampling::new(design, [], []));
    (0..n)
        .map(|index| {
            let key = Key::of(Draws { seed, index, sampling: sampling.clone(), ..Draws::default() }).name("pose");
            (key.name("azimuth").unit(), key.name("elevation").unit())
        })
        .collect()
}

#[test]
fn designs_have_a_lower_discrepancy_than_dice() {
    let mean = |design| (0..10).map(|seed| star_discrepancy(&mut pair(design, seed, 512))).sum::<f64>() / 10.0;
    let (dice, sobol, halton) = (mean(Design::Random), mean(Design::Sobol), mean(Design::Halton));
    // Dice: about 1 / sqrt(n) = 0.044. Nets: about log(n) / n.
    assert!(dice > 0.03 && sobol < dice / 4.0 && halton < dice / 4.0, "{dice} {sobol} {halton}");
}

fn read(text: &str) -> Recipe {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    parse(text, "test.ron", &folder).unwrap_or_else(|problems| panic!("{}", problems.render(Drawing::Plain)))
}

/// One of everything that varies.
fn world(sampling: &str, more: &str) -> Recipe {
    read(&format!(
        r#"(version: 1, name: "t", image: (width: 64, height: 48), outputs: [Keypoints], {sampling}
        categories: [(id: 1, name: "thing", keypoints: ["tip"])],
        parameters: {{ "hour": Uniform(6, 18) }},
        materials: {{
            "glaze": (base_color: Hsv(Uniform(0, 360), Uniform(0.1, 1), 1), roughness: Beta(2, 3), tiling: (Uniform(1, 2), 3)),
            "oak": (base_color: Kelvin(Uniform(2000, 9000)), metallic: Uniform(0, 1)),
        }},
        objects: {{
            "mugs": (shape: Choice([Box(1, Uniform(1, 2), 1), Sphere(Uniform(1, 2))]), count: 3, scale: LogNormal(1, 0.2),
                     material: Weighted([(1, "glaze"), (2, "oak")]), category: "thing",
                     place: InBox((-100, 0, -100), (100, 50, 100), rotation: Euler(Uniform(0, 90), 0, 0)),
                     keypoints: {{ "tip": Relative(Uniform(-1, 1), 0, 0) }}),
            "posts": (shape: Cylinder(Uniform(1, 2), 1), count: UniformInt(1, 30), scale: (1, Uniform(1, 2), 1),
                     place: At(position: InSphere((0, 500, 0), 20), rotation: Any)),
            {more}
        }},
        lights: {{
            "sun": Sun(elevation: Uniform(15, 80), azimuth: VonMises(0, 1), illuminance: Expr("1000 * hour")),
            "spot": Spot(position: (Uniform(1, 2), 2, 2), target: (0, 0, 0), flux: Exponential(100), angle: Triangular(20, 30, 90)),
        }},
        environment: Gradient(sky: Linear(Uniform(0, 1), 1, 1), ground: Rgb(0, 0, 0.5), strength: Uniform(0, 1)),
        cameras: {{
            "main": (lens: Fov(Uniform(35, 60)), pose: Orbit(target: OnSphere((0, 0, 0), 1), distance: Uniform(9, 20),
                     azimuth: Uniform(0, 360), elevation: Uniform(12, 65), roll: Normal(0, 3)), exposure: Auto(Uniform(-1, 1))),
        }})"#
    ))
}

fn ron(scene: &Scene) -> String {
    ron::ser::to_string(scene).unwrap()
}

#[test]
fn every_path_of_a_recipe_reaches_what_is_drawn_there() {
    let plain = world("", "");
    for path in [
        "cameras",
        "cameras.main",
        "cameras.main.lens",
        "cameras.main.lens.vertical",
        "cameras.main.pose.azimuth",
        "cameras.main.pose.target",
        "cameras.main.pose.roll",
        "cameras.main.exposure.compensation",
        "environment.strength",
        "environment.sky",
        "environment.sky.r",
        "lights.sun.azimuth",
        "lights.spot.position.x",
        "lights.spot.flux",
        "lights.spot.angle",
        "materials",
        "materials.glaze.base_color.h",
        "materials.glaze.roughness",
        "materials.glaze.tiling",
        "materials.oak.base_color.temperature",
        "objects.mugs",
        "objects.mugs.shape",
        "objects.mugs.shape.y",
        "objects.mugs.shape.radius",
        "objects.mugs.scale",
        "objects.mugs.material",
        "objects.mugs.place",
        "objects.mugs.place.rotation.x",
        "objects.mugs.keypoints.tip.x",
        "objects.posts.count",
        "objects.posts.scale.y",
        "objects.posts.place.position",
        "objects.posts.place.rotation",
        "parameters.hour",
        "parameters",
    ] {
        let other = world(&format!("sampling: (paths: {{ \"{path}\": Stratified(1000) }}),"), "");
        let moved =
            (0..4).any(|index| ron(&sample(&plain, 0, index).unwrap()) != ron(&sample(&other, 0, index).unwrap()));
        assert!(moved, "{path}");
        assert_eq!(other.sampling.design_at(path), Design::Stratified(1000));
    }
}

#[test]
fn the_longest_path_decides() {
    let sampling = Sampling::new(
        Design::Halton,
        [("a.b", Design::Sobol), ("a.b.c.d", Design::Random), ("a.bb", Design::Random)],
        [],
    );
    for (path, design) in [
        ("z", Design::Halton),
        ("a", Design::Halton),
        ("a.b", Design::Sobol),
        ("a.b.c", Design::Sobol),
        ("a.b.c.d", Design::Random),
        ("a.b.c.d.e", Design::Random),
        ("a.b.x.d", Design::Sobol),
        ("a.bb.c", Design::Random),
    ] {
        assert_eq!(sampling.design_at(path), design, "{path}");
    }
}

#[test]
fn an_edit_moves_nothing_else_under_any_design() {
    let extra =
        r#""aaa": (shape: Sphere(Uniform(1, 2)), count: 4, place: At(position: InBox((900, 0, 0), (950, 1, 1)))),"#;
    for sampling in [
        "Sobol",
        "Halton",
        "Stratified(100)",
        r#"(default: Sobol, joint: [["lights.sun.azimuth", "objects.mugs.scale"]])"#,
    ] {
        let sampling = format!("sampling: {sampling},");
        let (before, after) = (world(&sampling, ""), world(&sampling, extra));
        for index in [0, 1, 77, 70_000, u64::MAX] {
            let (a, b) = (sample(&before, 3, index).unwrap(), sample(&after, 3, index).unwrap());
            let old = b.instances.iter().filter(|i| i.object != "aaa");
            assert!(
                a.instances
                    .iter()
                    .map(|i| (i.number, i.position, i.rotation, i.scale, &i.shape, &i.material))
                    .eq(old.map(|i| (i.number, i.position, i.rotation, i.scale, &i.shape, &i.material)))
            );
            assert_eq!((a.lights, a.environment), (b.lights, b.environment));
            assert_eq!((a.cameras[0].position, a.cameras[0].fx), (b.cameras[0].position, b.cameras[0].fx));
        }
    }
    // A list that grows at its end moves nothing that was in it.
    let list = |more: &str| {
        let recipe = world(
            &format!("sampling: (default: Sobol, joint: [[\"lights.sun.azimuth\", \"lights.sun.elevation\"{more}]]),"),
            "",
        );
        sample(&recipe, 0, 9).unwrap()
    };
    let (short, long) = (list(""), list(", \"cameras.main.pose.distance\""));
    assert_eq!(short.lights, long.lights);
    assert_ne!(short.cameras[0].position, long.cameras[0].position);
}

#[test]
fn golden_numbers_of_designs() {
    // A change here changes every dataset that anyone has made under a design: it needs an entry under "Output changes".
    let digits = [Design::Sobol, Design::Halton, Design::Stratified(1000)].map(|design| {
        let sampling = Arc::new(Sampling::new(design, [], []));
        let units: Vec<u64> = [(0, 0), (0, 1), (1, 70_000), (u64::MAX, u64::MAX)]
            .into_iter()
            .flat_map(|(seed, index)| {
                let key = Key::of(Draws { seed, index, sampling: sampling.clone(), ..Draws::default() });
                let pose = key.name("cameras").name("main").name("pose");
                let mug = key.name("objects").name("mugs").item(2).name("scale");
                [pose.name("azimuth").unit(), pose.name("elevation").unit(), mug.unit()].map(f64::to_bits)
            })
            .collect();
        blake3::hash(format!("{units:?}").as_bytes()).to_hex()[..16].to_owned()
    });
    assert_eq!(digits, GOLDEN);
}

const GOLDEN: [&str; 3] = ["241459906c2a033c", "07db4761ed021ab0", "085e30669cb39fc4"];

#[test]
fn numbers_that_stand_side_by_side_are_spread_together() {
    let recipe = world("sampling: Sobol,", "");
    // Azimuth and elevation of the camera, over 256 scenes: each of 16 x 16 cells once. The sun's azimuth is another set.
    let points: Vec<(f64, f64)> = (0..256)
        .map(|index| {
            let scene = sample(&recipe, 5, index).unwrap();
            let away = scene.cameras[0].rotation * glam::DVec3::Z;
            let azimuth = libm::atan2(away.x, away.z).to_degrees().rem_euclid(360.0) / 360.0;
            (azimuth, (libm::asin(away.y).to_degrees() - 12.0) / 53.0)
        })
        .collect();
    assert!(grid(points.into_iter(), 16, 16).iter().all(|&count| count == 1));
}

#[test]
fn numbers_of_a_list_are_spread_together() {
    let list = r#"sampling: (default: Sobol, joint: [["environment.strength", "lights.sun.elevation"], ["objects.mugs.scale", "objects.mugs.keypoints.tip.x"]]),"#;
    let recipe = world(list, "");
    let mut points = Vec::new();
    let mut of_mugs = [const { Vec::new() }; 3];
    for index in 0..256 {
        let scene = sample(&recipe, 5, index).unwrap();
        let Light::Sun { direction, .. } = scene.lights[1] else { panic!("a sun") };
        let Environment::Gradient { zenith, .. } = scene.environment else { panic!("a gradient") };
        points.push((zenith[2] / 5000.0, (libm::asin(-direction.y).to_degrees() - 15.0) / 65.0));
        for (mug, of_mug) in scene.instances.iter().filter(|i| i.object == "mugs").zip(&mut of_mugs) {
            let half = match mug.shape {
                Shape::Box(edges) => edges.x / 2.0,
                Shape::Sphere(radius) => radius,
                _ => panic!("neither"),
            };
            // Back through the log-normal distribution function.
            let share = 0.5 * libm::erfc(-libm::log(mug.scale.x) / 0.2 / 2f64.sqrt());
            of_mug.push((share, (mug.keypoints[0].position.x / half + 1.0) / 2.0));
        }
    }
    assert!(grid(points.into_iter(), 16, 16).iter().all(|&count| count == 1));
    // The same for each mug, and each in its own way.
    for points in &of_mugs {
        assert!(grid(points.iter().copied(), 16, 16).iter().all(|&count| count == 1));
    }
    let crossed = of_mugs[0].iter().zip(&of_mugs[1]).map(|(a, b)| (a.0, b.0));
    assert!(grid(crossed, 16, 16).iter().any(|&count| count > 1), "two mugs are independent");
}

#[test]
fn two_that_wear_one_material_are_independent() {
    let recipe = read(
        r#"(version: 1, name: "t", image: (width: 64, height: 48),
        sampling: (default: Sobol, joint: [["materials.m.roughness", "materials.m.metallic"]]),
        materials: { "m": (roughness: Uniform(0, 1), metallic: Uniform(0, 1)) },
        objects: { "a": (shape: Sphere(1), count: 2, material: "m"), "b": (shape: Sphere(1), material: "m") },
        cameras: { "main": (lens: Fov(50), pose: LookAt(from: (0, 1, 20), target: (0, 0, 0))) })"#,
    );
    let scenes: Vec<Scene> = (0..256).map(|index| sample(&recipe, 1, index).unwrap()).collect();
    for which in 0..3 {
        let looks = scenes.iter().map(|scene| scene.instances[which].material.as_ref().unwrap());
        let points = looks.map(|look| (look.roughness, look.metallic));
        assert!(grid(points, 16, 16).iter().all(|&count| count == 1), "{which}");
    }
    let distinct: BTreeSet<u64> = scenes
        .iter()
        .flat_map(|s| s.instances.iter().map(|i| i.material.as_ref().unwrap().roughness.to_bits()))
        .collect();
    assert_eq!(distinct.len(), 3 * 256);
}

#[test]
fn a_choice_and_its_alternatives_share_one_number() {
    let sampling = Arc::new(Sampling::new(Design::Sobol, [], []));
    let mixture: Scalar =
        Varied::Weighted(vec![(1.0, uniform(0.0, 1.0)), (3.0, Varied::Choice(vec![uniform(2.0, 3.0), c(9.0)]))]);
    let values: Vec<f64> = (0..1024)
        .map(|index| {
            let key = Key::of(Draws { seed: 0, index, sampling: sampling.clone(), ..Draws::default() });
            random::scalar(&mixture, &key.name("value"))
        })
        .collect();
    let of = |from: f64, to: f64| values.iter().copied().filter(move |value| (from..to).contains(value));
    assert_eq!((of(0.0, 1.0).count(), of(2.0, 3.0).count(), of(9.0, 9.1).count()), (256, 384, 384));
    assert!(counts(of(0.0, 1.0), 256).iter().all(|&count| count == 1), "each alternative is stratified too");
    assert!(counts(of(2.0, 3.0).map(|x| x - 2.0), 384).iter().all(|&count| count == 1));
}

#[test]
fn a_scene_that_is_drawn_again_is_another_one() {
    let sampling = Arc::new(Sampling::new(Design::Sobol, [], []));
    let unit = |attempt| Key::of(Draws { attempt, sampling: sampling.clone(), ..Draws::default() }).name("a").unit();
    let units: BTreeSet<u64> = (0..100).map(|attempt| f64::to_bits(unit(attempt))).collect();
    assert_eq!(units.len(), 100);
}

#[test]
fn dice_are_what_they_were() {
    // Under `Random`, a vector, a rotation and a plain number take the numbers of the stream of their path.
    let key = Key::new(3, 4).name("a");
    let mut stream = key.stream();
    assert_eq!(key.units::<3>(), [(); 3].map(|()| stream.unit()));
    assert_eq!(key.unit(), key.units::<2>()[0]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn numbers_lie_from_0_to_1(index in any::<u64>(), dimension in any::<u32>(), order in any::<u64>(), digits in any::<u64>(), count in 1u32..) {
        for design in [Design::Sobol, Design::Halton, Design::Stratified(count)] {
            let value = unit(design, index, dimension, Seeds { order, digits });
            prop_assert!((0.0..1.0).contains(&value), "{design:?} {value}");
        }
        prop_assert_eq!(design::unit(Design::Random, index, dimension, Seeds { order, digits }), None);
    }
}

mod table;

/// As docs/sampling.md has it: every 2^m scenes are a net of a parameter and a number of the camera.
#[test]
fn a_parameter_is_spread_together_with_other_numbers() {
    let text = r#"(
        version: 1, name: "joint", image: (width: 64, height: 48),
        sampling: (default: Sobol, joint: [["parameters.hour", "environment.strength"]]),
        parameters: { "hour": Uniform(0, 24) },
        environment: Color(Linear(1, 1, 1), strength: Uniform(0, 1)),
        cameras: { "main": (lens: Fov(50), pose: LookAt(from: (0, 1, 2), target: (0, 0, 0))) },
    )"#;
    let recipe = parse(text, "joint.ron", Path::new(".")).unwrap();
    let mut cells = [[0u32; 16]; 16];
    for index in 0..256 {
        let scene = sample(&recipe, 3, index).unwrap();
        let scenewright::recipe::expression::Value::Number(hour) = scene.parameters["hour"] else { panic!("a number") };
        let Environment::Gradient { zenith, .. } = scene.environment else { panic!("a colour") };
        cells[(hour / 24.0 * 16.0) as usize][(zenith[0] / 5000.0 * 16.0) as usize] += 1;
    }
    assert!(cells.iter().flatten().all(|&count| count == 1), "{cells:?}");
}
