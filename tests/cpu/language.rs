//! Variation as a language: parameters, expressions, conditions, variants, and recipes of several files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use scenewright::assets::sha256;
use scenewright::plan::{Plan, PlanError, Selection};
use scenewright::recipe::expression::{Expression, Interval, Support, Value};
use scenewright::recipe::{Checked, Drawing, Problems, Recipe, load_checked, load_set, parse_checked};
use scenewright::scene::{Light, Scene, Shape, sample};

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken")
}

fn read(text: &str) -> Result<Checked, Problems> {
    parse_checked(text, "test.ron", &here())
}

fn good(text: &str) -> Recipe {
    read(text).unwrap_or_else(|problems| panic!("{}", problems.render(Drawing::Plain))).recipe
}

const REST: &str = "version: 1, name: \"t\", image: (width: 64, height: 48), \
                    cameras: { \"main\": (lens: Fov(50), pose: LookAt(from: (0, 1, 2), target: (0, 0, 0))) }";

fn with(fields: &str) -> Recipe {
    good(&format!("({REST}, {fields})"))
}

fn number(scene: &Scene, name: &str) -> f64 {
    match &scene.parameters[name] {
        Value::Number(value) => *value,
        Value::Name(name) => panic!("{name} is a name"),
    }
}

fn name<'s>(scene: &'s Scene, parameter: &str) -> &'s str {
    match &scene.parameters[parameter] {
        Value::Name(name) => name,
        Value::Number(value) => panic!("{value} is a number"),
    }
}

fn radius(scene: &Scene, object: &str) -> f64 {
    match scene.instances.iter().find(|instance| instance.object == object).map(|instance| &instance.shape) {
        Some(Shape::Sphere(radius)) => *radius,
        other => panic!("{other:?}"),
    }
}

/// The parameters that expressions are tried with, and the values that they may have.
fn supports() -> BTreeMap<String, Support> {
    let number = |min, max| Support::Number(Interval { min, max });
    BTreeMap::from([
        ("a".to_owned(), number(-3.0, 2.0)),
        ("b".to_owned(), number(0.5, 8.0)),
        ("c".to_owned(), number(-400.0, 500.0)),
        ("w".to_owned(), Support::Names(["rain".to_owned(), "sunny".to_owned()].into())),
    ])
}

fn values(a: f64, b: f64, c: f64, w: &str) -> BTreeMap<String, Value> {
    let numbers = [("a", a), ("b", b), ("c", c)].map(|(name, value)| (name.to_owned(), Value::Number(value)));
    numbers.into_iter().chain([("w".to_owned(), Value::Name(w.to_owned()))]).collect()
}

#[test]
fn expressions_have_the_values_worked_out_by_hand() {
    // a = -2, b = 3, c = 60, w = 'rain'
    let table: [(&str, f64); 46] = [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("10 - 4 - 3", 3.0),
        ("24 / 4 / 2", 3.0),
        ("2 ^ 3 ^ 2", 512.0),
        ("-2 ^ 2", -4.0),
        ("(-2) ^ 2", 4.0),
        ("2 ^ -1", 0.5),
        ("-2 * -3", 6.0),
        ("2 - -3", 5.0),
        ("1e3 + 2_000 + .5", 3000.5),
        ("a ^ 2", 4.0),
        ("a ^ 3", -8.0),
        ("b ^ 0.5 * b ^ 0.5 - b < 1e-9 && b > 2 && if(1 < 2, 1, 0) == 1 || 1 > 2", f64::NAN),
        ("min(4, b, a, 7)", -2.0),
        ("max(4, b)", 4.0),
        ("clamp(a, -1, 1)", -1.0),
        ("clamp(b, -1, 1)", 1.0),
        ("clamp(0.5, -1, 1)", 0.5),
        ("lerp(10, 20, 0.25)", 12.5),
        ("lerp(10, 20, 7)", 20.0),
        ("lerp(10, 20, -7)", 10.0),
        ("curve(b, 0, 0, 2, 10, 4, 30)", 20.0),
        ("curve(a, 0, 5, 2, 10)", 5.0),
        ("curve(c, 0, 5, 2, 10)", 10.0),
        ("curve(2, 0, 0, 2, 10, 4, 30)", 10.0),
        ("abs(a)", 2.0),
        ("sqrt(b + 1)", 2.0),
        ("exp(0)", 1.0),
        ("log(exp(2))", 2.0),
        ("sin(90)", 1.0),
        ("sin(c / 2)", 0.5),
        ("cos(c)", 0.5),
        ("cos(180)", -1.0),
        ("sin(360 * 1000 + 30)", 0.5),
        ("floor(-1.5)", -2.0),
        ("ceil(-1.5)", -1.0),
        ("round(2.5)", 3.0),
        ("round(-2.5)", -3.0),
        ("if(a < b, 1, 2)", 1.0),
        ("if(a >= b, 1, 2)", 2.0),
        ("if(w == 'rain', 1, 2)", 1.0),
        ("if(w != 'rain' || a <= -2, 1, 2)", 1.0),
        ("if(!(w == 'rain') && a <= -2, 1, 2)", 2.0),
        ("if(if(a < 0, 'rain', 'sunny') == w, 1, 2)", 1.0),
        ("if(1 < 2 == (2 < 3), 1, 2)", f64::NAN),
    ];
    let values = values(-2.0, 3.0, 60.0, "rain");
    for (text, expected) in table {
        let read = Expression::number(text, &supports());
        if expected.is_nan() {
            assert!(read.is_err(), "{text} is a condition, or compares conditions");
            continue;
        }
        let read = read.unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
        let value = read.evaluate(&values);
        assert!((value - expected).abs() < 1e-12 * expected.abs().max(1.0), "{text} is {value}, not {expected}");
        let Interval { min, max } = read.interval();
        assert!(min <= value && value <= max, "{text} is {value}, outside of {min} to {max}");
    }
}

#[test]
fn intervals_are_as_tight_as_can_be_worked_out_by_hand() {
    // a is in -3..2, b in 0.5..8, c in -400..500.
    let table: [(&str, f64, f64); 16] = [
        ("a + b", -2.5, 10.0),
        ("a - b", -11.0, 1.5),
        ("a * b", -24.0, 16.0),
        ("1 / b", 0.125, 2.0),
        ("a ^ 2", 0.0, 9.0),
        ("a ^ 3", -27.0, 8.0),
        ("b ^ -1", 0.125, 2.0),
        ("abs(a)", 0.0, 3.0),
        ("sqrt(b + 1)", 1.224_744_871_391_589, 3.0),
        ("sin(c)", -1.0, 1.0),
        ("sin(10 * a)", -0.5, 0.342_020_143_325_668_7),
        ("cos(10 * a)", 0.866_025_403_784_438_6, 1.0),
        ("clamp(a, -1, 1)", -1.0, 1.0),
        ("curve(a, -10, 0, 0, 10, 1, 5, 10, 5)", 5.0, 10.0),
        ("if(b > 9, 100, 1)", 1.0, 1.0),
        ("round(a / 2)", -2.0, 1.0),
    ];
    for (text, min, max) in table {
        let found =
            Expression::number(text, &supports()).unwrap_or_else(|fault| panic!("{text}: {fault:?}")).interval();
        assert!((found.min - min).abs() < 1e-9 && (found.max - max).abs() < 1e-9, "{text}: {found:?}");
    }
}

/// An expression that knows its text and, by other code, its value.
#[derive(Debug, Clone)]
enum Tree {
    Number(f64),
    Parameter(&'static str),
    One(&'static str, Box<Tree>),
    Two(&'static str, Box<Tree>, Box<Tree>),
    Between(Box<Tree>, Box<Tree>, Box<Tree>),
    If(&'static str, Box<[Tree; 4]>),
    Curve(Box<[Tree; 3]>),
}

impl Tree {
    fn text(&self) -> String {
        match self {
            Self::Number(value) => format!("({value})"),
            Self::Parameter(name) => (*name).to_owned(),
            Self::One("-", x) => format!("(-{})", x.text()),
            Self::One(f, x) => format!("{f}({})", x.text()),
            Self::Two(op @ ("min" | "max"), a, b) => format!("{op}({}, {})", a.text(), b.text()),
            Self::Two(op, a, b) => format!("({} {op} {})", a.text(), b.text()),
            Self::Between(a, b, t) => format!("lerp({}, {}, {})", a.text(), b.text(), t.text()),
            Self::If(op, parts) => {
                let [a, b, then, otherwise] = parts.each_ref().map(Self::text);
                format!("if({a} {op} {b} || w == 'rain', {then}, {otherwise})")
            }
            Self::Curve(parts) => {
                let [x, y0, y1] = parts.each_ref().map(Self::text);
                format!("curve({x}, -1, {y0}, 2, {y1})")
            }
        }
    }

    fn value(&self, [a, b, c]: [f64; 3], rain: bool) -> f64 {
        let of = |tree: &Self| tree.value([a, b, c], rain);
        match self {
            Self::Number(value) => *value,
            Self::Parameter("a") => a,
            Self::Parameter("b") => b,
            Self::Parameter(_) => c,
            Self::One("-", x) => 0.0 - of(x),
            Self::One("abs", x) => libm::fabs(of(x)),
            Self::One("sqrt", x) => libm::sqrt(of(x)),
            Self::One("exp", x) => libm::exp(of(x)),
            Self::One("log", x) => libm::log(of(x)),
            Self::One("floor", x) => libm::floor(of(x)),
            Self::One("sin", x) => libm::sin(of(x) % 360.0 / 180.0 * std::f64::consts::PI),
            Self::One(_, x) => libm::cos(of(x) % 360.0 / 180.0 * std::f64::consts::PI),
            Self::Two("+", x, y) => of(x) + of(y),
            Self::Two("-", x, y) => of(x) - of(y),
            Self::Two("*", x, y) => of(x) * of(y),
            Self::Two("/", x, y) => of(x) / of(y),
            Self::Two("^", x, y) => libm::pow(of(x), of(y)),
            Self::Two("min", x, y) => libm::fmin(of(x), of(y)),
            Self::Two(_, x, y) => libm::fmax(of(x), of(y)),
            Self::Between(x, y, t) => {
                let t = libm::fmin(libm::fmax(of(t), 0.0), 1.0);
                of(x) + (of(y) - of(x)) * t
            }
            Self::If(op, parts) => {
                let [x, y, then, otherwise] = parts.each_ref().map(of);
                let holds = if *op == "<" { x < y } else { x >= y };
                if holds || rain { then } else { otherwise }
            }
            Self::Curve(parts) => {
                let [x, y0, y1] = parts.each_ref().map(of);
                let t = libm::fmin(libm::fmax((x + 1.0) / 3.0, 0.0), 1.0);
                y0 + (y1 - y0) * t
            }
        }
    }
}

fn trees() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        (-10.0..10.0_f64).prop_map(Tree::Number),
        prop::sample::select(vec![0.0, 1.0, 2.0, -2.0, 0.5, 90.0, 1e6]).prop_map(Tree::Number),
        prop::sample::select(vec!["a", "b", "c"]).prop_map(Tree::Parameter),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let one = prop::sample::select(vec!["-", "abs", "sqrt", "exp", "log", "floor", "sin", "cos"]);
        let two = prop::sample::select(vec!["+", "-", "*", "/", "^", "min", "max"]);
        prop_oneof![
            (one, boxed()).prop_map(|(f, x)| Tree::One(f, x)),
            (two, boxed(), boxed()).prop_map(|(f, x, y)| Tree::Two(f, x, y)),
            (boxed(), boxed(), boxed()).prop_map(|(x, y, t)| Tree::Between(x, y, t)),
            (prop::sample::select(vec!["<", ">="]), prop::array::uniform4(inner.clone()))
                .prop_map(|(op, parts)| Tree::If(op, Box::new(parts))),
            prop::array::uniform3(inner).prop_map(|parts| Tree::Curve(Box::new(parts))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// What the interval promises, every value keeps; and another evaluator comes to the same values.
    #[test]
    fn no_value_leaves_its_interval(
        tree in trees(),
        points in prop::collection::vec((0.0..=1.0_f64, 0.0..=1.0_f64, 0.0..=1.0_f64, any::<bool>()), 8),
    ) {
        let text = tree.text();
        if let Ok(expression) = Expression::number(&text, &supports()) {
            let Interval { min, max } = expression.interval();
            let corners = [(0.0, 0.0, 0.0, true), (1.0, 1.0, 1.0, false), (0.0, 1.0, 0.0, false), (1.0, 0.0, 1.0, false)];
            for (a, b, c, rain) in points.into_iter().chain(corners) {
                let at = [-3.0 + 5.0 * a, 0.5 + 7.5 * b, -400.0 + 900.0 * c];
                let values = values(at[0], at[1], at[2], if rain { "rain" } else { "sunny" });
                let value = expression.evaluate(&values);
                prop_assert!(min <= value && value <= max, "{text} at {at:?} is {value}, outside of {min} to {max}");
                // The same operations in the same order, down to the last bit; where another formula is taken, or values
                // are cut at 1e100, it is the table that says what is right.
                let alike = ["lerp", "curve", "sin", "cos", "exp", "^"].iter().all(|word| !text.contains(word));
                if alike && min.abs().max(max.abs()) < 1e90 {
                    let other = tree.value(at, rain);
                    prop_assert!(other == value, "{text} at {at:?} is {value}, not {other}");
                }
            }
        }
    }

    #[test]
    fn any_text_is_an_expression_or_refused_without_panic(text in "[a-c0-9.()+*/^<>=!&|', ifwminlogurve_%é-]{0,60}") {
        if let Err(Some(fault)) = Expression::number(&text, &supports()) {
            prop_assert!(fault.start <= fault.end && fault.end <= text.len());
            prop_assert!(text.is_char_boundary(fault.start) && text.is_char_boundary(fault.end), "{fault:?}");
        }
    }
}

#[test]
fn long_and_deep_expressions_are_refused_quickly() {
    for text in [
        "(".repeat(3000),
        "-".repeat(3000),
        "1+".repeat(1900) + "1",
        "1^".repeat(1900) + "1",
        "abs(".repeat(900) + "1" + &")".repeat(900),
        "a".repeat(100_000),
    ] {
        assert!(Expression::number(&text, &supports()).is_err());
    }
    // A hundred operators are fine.
    assert!(Expression::number(&("1+".repeat(100) + "1"), &supports()).is_ok());
}

const WEATHER: &str = r##"
    parameters: {
        "elevation": Uniform(5, 70),
        "warmth": Uniform(0, 1),
        "temperature": Expr("2200 + 3500 * sqrt(elevation / 70) + 200 * (warmth - 0.5)"),
        "weather": Weighted([(3, "sunny"), (1, "rain")]),
        "wetness": Match("weather", { "sunny": 0, "rain": Uniform(0.5, 1) }),
    },
    materials: { "road": (base_color: Match("weather", { "rain": Hex("#202020") }, Hex("#808080")),
                          roughness: Expr("lerp(0.9, 0.1, wetness)")) },
    objects: {
        "road": (shape: Plane(4, 4), material: "road", when: "elevation > 20"),
        "ball": (shape: Sphere(0.1), count: Expr("round(elevation / 10)"), material: "road", place: On("road")),
        "hat":  (shape: Sphere(0.05), place: On("ball")),
        "moon": (shape: Match("weather", { "sunny": Sphere(Param("elevation")), "rain": Box(1, 1, 1) }), scale: Match("weather", { "sunny": -1, "rain": (2) }, 2),
                 place: At(position: Match("weather", { "sunny": (0, 50, 0), "rain": (Param("warmth"), 60, 0) }))),
    },
    lights: {
        "sun":  Sun(elevation: Param("elevation"), azimuth: 0, illuminance: 1e4, color: Kelvin(Param("temperature"))),
        "lamp": Point(position: (0, 2, 0), flux: 800, when: "weather == 'rain' && elevation < 40"),
    }"##;

#[test]
fn draws_are_correlated_as_the_parameters_say() {
    let recipe = with(&WEATHER.replace("\"rain\": (2)", "\"rain\": 2"));
    let mut rain = 0;
    for index in 0..400 {
        let scene = sample(&recipe, 3, index).unwrap();
        let (elevation, warmth) = (number(&scene, "elevation"), number(&scene, "warmth"));
        assert!((5.0..70.0).contains(&elevation));
        let temperature = 2200.0 + 3500.0 * (elevation / 70.0).sqrt() + 200.0 * (warmth - 0.5);
        assert!((number(&scene, "temperature") - temperature).abs() < 1e-9);
        let wet = name(&scene, "weather") == "rain";
        rain += u32::from(wet);
        assert_eq!(number(&scene, "wetness") > 0.0, wet);
        let count = |object: &str| scene.instances.iter().filter(|instance| instance.object == object).count();
        let asked = |object: &str| scene.placed.iter().find(|placed| placed.object == object).unwrap().asked;
        assert_eq!(count("road"), usize::from(elevation > 20.0));
        // What stands on the absent road is absent too, and what stands on that; and nothing of it is missing.
        if elevation > 20.0 {
            assert_eq!(f64::from(asked("ball")), libm::round(elevation / 10.0));
            let road = scene.instances.iter().find(|instance| instance.object == "road").unwrap();
            let material = road.material.as_ref().unwrap();
            assert!((material.roughness - (0.9 + (0.1 - 0.9) * number(&scene, "wetness"))).abs() < 1e-12);
            assert_eq!(material.base_color[0] < 0.1, wet);
        } else {
            assert_eq!((asked("ball"), asked("hat"), count("ball"), count("hat")), (0, 0, 0, 0));
        }
        let Light::Sun { direction, .. } =
            scene.lights.iter().find(|light| matches!(light, Light::Sun { .. })).unwrap()
        else {
            panic!("a sun")
        };
        assert!((-direction.y - libm::sin(elevation.to_radians())).abs() < 1e-12);
        assert_eq!(scene.lights.len(), 1 + usize::from(wet && elevation < 40.0));
        let moon = scene.instances.iter().find(|instance| instance.object == "moon").unwrap();
        assert_eq!(matches!(moon.shape, Shape::Sphere(radius) if radius == elevation), !wet);
        assert_eq!(moon.position.x, if wet { warmth } else { 0.0 });
        // A scene file keeps them.
        assert_eq!(ron::from_str::<Scene>(&scene.to_ron().unwrap()).unwrap(), scene);
    }
    // Of 400, a quarter; four standard deviations are 35.
    assert!((65..=135).contains(&rain), "{rain}");
}

#[test]
fn a_scene_whose_parameters_are_no_numbers_is_refused() {
    let mut scene = sample(&with("parameters: { \"a\": 3 }"), 0, 0).unwrap();
    assert!(scene.validate().is_ok());
    scene.parameters.insert("a".into(), Value::Number(f64::NAN));
    assert!(scene.validate().unwrap_err().contains("parameters"));
}

#[test]
fn one_more_parameter_moves_no_other_value() {
    let objects = "objects: { \"a\": (shape: Sphere(Param(\"size\"))), \"b\": (shape: Sphere(Uniform(1, 2))) }";
    let before = with(&format!("parameters: {{ \"size\": Uniform(1, 2) }}, {objects}"));
    let after = with(&format!(
        "parameters: {{ \"size\": Uniform(1, 2), \"other\": Uniform(0, 1), \"a\": Choice([\"x\", \"y\"]) }}, {objects}"
    ));
    for index in 0..50 {
        let (mut one, mut other) = (sample(&before, 1, index).unwrap(), sample(&after, 1, index).unwrap());
        assert_eq!(radius(&one, "a"), number(&one, "size"));
        one.parameters.clear();
        other.parameters.clear();
        assert_eq!(one, other);
    }
}

const SALE: &str = r##"
    objects: { "ball": (shape: Sphere(Uniform(0.1, 0.2)), count: 2), "box": (shape: Box(1, 1, 1), place: At(position: (3, 0, 0))) },
    lights: { "sun": Sun(elevation: Uniform(5, 50), azimuth: 0, illuminance: 1e4) },
"##;

#[test]
fn a_scene_of_a_variant_is_that_of_the_recipe_merged_by_hand() {
    let variants = with(&format!(
        "{SALE} variants: {{ \"plain\": (weight: 3), \"sale\": (weight: 1, \
         objects: {{ \"ball\": (count: 4), \"box\": Remove, \"sign\": (shape: Cone(0.1, 0.2), when: \"variant == 'sale'\", place: At(position: (0, 2, 0))) }}, \
         environment: Color(Hex(\"#ff0000\")), background: Color(Hex(\"#00ff00\")), distractors: (count: 2, place: InBox((-1, 0, -1), (1, 1, 1))), cameras: {{ \"main\": (lens: Fov(30)) }}) }}"
    ));
    let plain = with(SALE);
    let sale = good(&format!(
        "({}, objects: {{ \"ball\": (shape: Sphere(Uniform(0.1, 0.2)), count: 4), \"sign\": (shape: Cone(0.1, 0.2), place: At(position: (0, 2, 0))) }}, \
         lights: {{ \"sun\": Sun(elevation: Uniform(5, 50), azimuth: 0, illuminance: 1e4) }}, environment: Color(Hex(\"#ff0000\")), \
         background: Color(Hex(\"#00ff00\")), distractors: (count: 2, place: InBox((-1, 0, -1), (1, 1, 1))))",
        REST.replace("Fov(50)", "Fov(30)")
    ));
    let mut of_sale = 0;
    for index in 0..2000 {
        let mut scene = sample(&variants, 5, index).unwrap();
        let is_sale = name(&scene, "variant") == "sale";
        of_sale += u32::from(is_sale);
        scene.parameters.clear();
        assert_eq!(scene, sample(if is_sale { &sale } else { &plain }, 5, index).unwrap());
    }
    // A quarter of 2000; four standard deviations are 77.
    assert!((423..=577).contains(&of_sale), "{of_sale}");
}

#[test]
fn one_more_variant_moves_scenes_to_itself_alone() {
    let of = |variants: &str| with(&format!("{SALE} variants: {{ {variants} }}"));
    let before = of("\"b\": (weight: 3), \"c\": (weight: 1, objects: { \"ball\": (count: 1) })");
    let after = of("\"a\": (), \"b\": (weight: 3), \"c\": (weight: 1, objects: { \"ball\": (count: 1) })");
    let mut moved = 0;
    for index in 0..1000 {
        let (one, other) = (sample(&before, 0, index).unwrap(), sample(&after, 0, index).unwrap());
        if name(&other, "variant") == "a" {
            moved += 1;
        } else {
            assert_eq!(one, other);
        }
    }
    // A fifth; four standard deviations are 51.
    assert!((149..=251).contains(&moved), "{moved}");
}

#[test]
fn a_parameter_can_follow_the_variant() {
    let recipe = with(
        "parameters: { \"size\": Match(\"variant\", { \"big\": 2, \"small\": Uniform(0.1, 0.2) }) }, \
         objects: { \"a\": (shape: Sphere(Param(\"size\"))) }, variants: { \"big\": (weight: 0.05), \"small\": (weight: 0.95) }",
    );
    let big = (0..400).filter(|&index| radius(&sample(&recipe, 0, index).unwrap(), "a") == 2.0).count();
    // 20 of 400; four standard deviations are 17.
    assert!((3..=37).contains(&big), "{big}");
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn load_in(folder: &tempfile::TempDir, name: &str, set: &[&str]) -> Result<Checked, Problems> {
    let set: Vec<String> = set.iter().map(|set| (*set).to_owned()).collect();
    load_set(&folder.path().join(name), folder.path(), &set)
}

fn loaded(folder: &tempfile::TempDir, name: &str, set: &[&str]) -> Recipe {
    load_in(folder, name, set).unwrap_or_else(|problems| panic!("{}", problems.render(Drawing::Plain))).recipe
}

/// What is wrong, without the folder that it is in.
fn refused(folder: &tempfile::TempDir, name: &str, set: &[&str]) -> String {
    let report = load_in(folder, name, set).unwrap_err().render(Drawing::Plain);
    report.replace(&format!("{}/", folder.path().display()), "")
}

fn assert_same_scenes(one: &Recipe, other: &Recipe) {
    for index in 0..30 {
        assert_eq!(sample(one, 9, index).unwrap(), sample(other, 9, index).unwrap());
    }
}

const WHOLE: &str = r##"(
    version: 1, name: "whole", image: (width: 64, height: 48),
    materials: { "oak": (roughness: Uniform(0.2, 0.8)), "clay": (base_color: Hex("#a05a3c"), roughness: 0.9) },
    objects: {
        "table": (shape: Box(1, 0.1, 1), material: "oak"),
        "mugs": (shape: Cylinder(0.05, 0.1), count: 5, material: "clay", place: On("table", spacing: 0.02)),
    },
    lights: { "sun": Sun(elevation: Uniform(10, 80), azimuth: 0, illuminance: 1e4) },
    cameras: { "main": (lens: Fov(30), pose: LookAt(from: (0, 1, 2), target: (0, 0, 0))) },
)"##;

#[test]
fn a_composed_recipe_gives_the_scenes_of_the_one_written_in_one_file() {
    let folder = folder(&[
        ("whole.ron", WHOLE),
        (
            "scenes/main.ron",
            r#"( extends: "base.ron", name: "whole", include: ["../library/all.ron", "../library/clay.ron"],
                 objects: { "mugs": (count: 4, material: "clay"), "junk": Remove, "table": (material: "oak") },
                 cameras: { "main": (lens: Fov(30)) } )"#,
        ),
        (
            "scenes/base.ron",
            r#"( version: 1, name: "base", image: (width: 64, height: 48),
                 objects: { "table": (shape: Box(1, 0.1, 1)), "junk": (shape: Sphere(3)),
                            "mugs": (shape: Cylinder(0.05, 0.1), count: 2, place: On("table", spacing: 0.02)) },
                 lights: { "sun": Sun(elevation: 3, azimuth: 0, illuminance: 1e4) },
                 cameras: { "main": (lens: Fov(50), pose: LookAt(from: (0, 1, 2), target: (0, 0, 0))) } )"#,
        ),
        ("library/all.ron", r#"( include: ["clay.ron"], materials: { "oak": (roughness: Uniform(0.2, 0.8)) } )"#),
        (
            "library/clay.ron",
            r##"( version: 1, materials: { "clay": (base_color: Hex("#a05a3c"), roughness: 0.9) } )"##,
        ),
    ]);
    let whole = loaded(&folder, "whole.ron", &[]);
    let set = ["objects.mugs.count=5", "lights.sun.elevation=Uniform(10, 80)"];
    let composed = loaded(&folder, "scenes/main.ron", &set);
    assert_same_scenes(&whole, &composed);
    let paths: BTreeSet<&str> = composed.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["../library/all.ron", "../library/clay.ron", "base.ron"].into());
    assert_eq!(composed.set, set);
    // Values inside of variants, by name and by position; fields that have defaults; one thing after another.
    let other = loaded(
        &folder,
        "whole.ron",
        &[
            "objects.mugs.place.spacing=0.05",
            "objects.table.shape.x=2",
            "labels.min_visible_px=7",
            "cameras.main.pose.from.y=3",
            "image.width=32",
            "image.width=33",
        ],
    );
    assert_eq!((other.labels.min_visible_px, other.image.width), (7, 33));
    let expected = WHOLE
        .replace("spacing: 0.02", "spacing: 0.05")
        .replace("Box(1, ", "Box(2, ")
        .replace("(0, 1, 2)", "(0, 3, 2)")
        .replace("width: 64", "width: 33")
        .replace("name: \"whole\"", "name: \"whole\", labels: (min_visible_px: 7)");
    assert_same_scenes(&good(&expected), &other);
}

#[test]
fn mistakes_are_shown_in_the_file_that_they_are_in() {
    let folder = folder(&[
        ("main.ron", "(\n extends: \"b/base.ron\",\n name: \"m\",\n objects: { \"ball\": (count: -3) },\n)"),
        (
            "b/base.ron",
            &format!(
                "({REST},\n include: [\"more.ron\"],\n\n objects: {{ \"ball\": (shape: Sphere(0), material: \"oak\") }})"
            ),
        ),
        ("b/more.ron", "(\n\n\n\n materials: { \"oak\": (base_color_texture: \"wood.png\"),\n \"oak\": () } )"),
    ]);
    let report = refused(&folder, "main.ron", &["objects.ball.scale=0", "objects.bal.count=1", "colour=3"]);
    for place in ["main.ron:4:", "b/base.ron:4:", "b/more.ron:5:", "b/more.ron:6:", "--set:1:"] {
        assert!(report.contains(place), "{place} is not in\n{report}");
    }
    for words in [
        "there is no file \"b/wood.png\"",
        "did you mean \"ball\"?",
        "a recipe has no field `colour`",
        "a scale may not be 0",
    ] {
        assert!(report.contains(words), "{words} is not in\n{report}");
    }
    assert!(report.contains("main.ron: "), "the summary names the main file:\n{report}");
}

#[test]
fn a_name_in_two_files_is_told_with_both_places() {
    let folder = folder(&[
        (
            "main.ron",
            &format!(
                "({REST}, include: \"a.ron\",\n materials: {{ \"oak\": () }}, objects: {{ \"b\": (shape: Sphere(1), material: \"oak\") }})"
            ),
        ),
        ("a.ron", "(\n materials: { \"oak\": () } )"),
    ]);
    let report = refused(&folder, "main.ron", &[]);
    assert!(report.contains("\"oak\" is defined twice") && report.contains("main.ron:2:"), "{report}");
    assert!(report.contains("first here: a.ron:2:15") || report.contains("first here: ./a.ron:2:15"), "{report}");
}

#[test]
fn what_is_set_is_checked_like_the_rest() {
    let folder = folder(&[("whole.ron", WHOLE)]);
    for (set, words) in [
        ("objects.mugs.count=-1", "`count` must be from 0 to 1000000, and this is -1"),
        ("objects.mugs.count", "expected a path of names"),
        ("objects.mugs.count=", "there is no value"),
        ("objects.mugs.count=(", "never closed"),
        ("objects..count=3", "not a path of names"),
        ("=3", "not a path of names"),
        ("objects.mgus.count=3", "did you mean \"mugs\"?"),
        ("objects.mugs.cuont=3", "did you mean `count`?"),
        ("objects.mugs.count.x=3", "`objects.mugs.count` is the number 5, and has no `x`"),
        ("parameters.size=3", "there is no \"parameters\" in the recipe"),
        ("materials.oak=3", "expected a material"),
        ("name=oak", "put it in quotes"),
        ("cameras={}", "there is no camera"),
        ("include=\"a.ron\"", "`include` and `extends`"),
        ("variants={ \"a\": 3 }", "expected a variant"),
    ] {
        let report = refused(&folder, "whole.ron", &[set]);
        assert!(report.contains(words), "{set}: {words} is not in\n{report}");
    }
}

#[test]
fn a_wrong_type_is_always_told_with_what_to_write() {
    let folder = folder(&[("whole.ron", WHOLE)]);
    let paths = [
        "version",
        "name",
        "image",
        "image.width",
        "image.anti_aliasing",
        "sampling",
        "outputs",
        "labels",
        "categories",
        "parameters",
        "materials",
        "materials.oak",
        "materials.oak.tiling",
        "materials.oak.double_sided",
        "materials.oak.alpha_mask",
        "materials.oak.base_color",
        "materials.oak.roughness",
        "materials.oak.layers",
        "materials.oak.patterns",
        "objects",
        "objects.mugs",
        "objects.mugs.shape",
        "objects.mugs.count",
        "objects.mugs.count.x",
        "objects.mugs.scale",
        "objects.mugs.material",
        "objects.mugs.place",
        "objects.mugs.place.spacing",
        "objects.mugs.keypoints",
        "objects.mugs.category",
        "objects.mugs.when",
        "objects.mugs.relations",
        "objects.mugs.physics",
        "lights",
        "lights.sun",
        "lights.sun.elevation",
        "lights.sun.color",
        "lights.sun.shadows",
        "environment",
        "background",
        "cameras",
        "cameras.main",
        "cameras.main.lens",
        "cameras.main.pose",
        "cameras.main.pose.from",
        "cameras.main.near",
        "cameras.main.exposure",
        "require",
        "coverage",
        "splits",
        "distractors",
        "occluders",
    ];
    let mut silent = Vec::new();
    for path in paths {
        for value in ["3.5", "\"red\"", "red", "true", "[1]", "{ \"a\": 1 }", "(a: 1)", "(1, 2)", "Sphere", "'c'", ""] {
            let set = format!("{path}={value}");
            let Err(problems) = load_in(&folder, "whole.ron", &[&set]) else { continue };
            // A range says itself what to write.
            let without =
                problems.iter().filter(|problem| problem.help.is_none() && !problem.message.contains("` must be "));
            silent.extend(without.map(|problem| format!("{set}: {}", problem.message)));
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn files_of_an_included_file_are_found_beside_it() {
    let png = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/checker.png")).unwrap();
    let folder = folder(&[
        (scenewright::confine::MARK, ""),
        (
            "scenes/main.ron",
            &format!(
                "({REST}, include: \"../library/all.ron\", objects: {{ \"b\": (shape: Sphere(1), material: \"tile\") }})"
            ),
        ),
        ("library/all.ron", "( include: \"deep/tiles.ron\" )"),
        (
            "library/deep/tiles.ron",
            "( materials: { \"tile\": (base_color_texture: Choice([\"../checker.png\", \"./checker.png\"])) } )",
        ),
    ]);
    std::fs::write(folder.path().join("library/checker.png"), &png).unwrap();
    std::fs::write(folder.path().join("library/deep/checker.png"), &png).unwrap();
    let checked = load_checked(&folder.path().join("scenes/main.ron"));
    let recipe = checked.unwrap_or_else(|problems| panic!("{}", problems.render(Drawing::Plain))).recipe;
    let found: Vec<&str> = recipe.assets.textures.keys().map(String::as_str).collect();
    assert_eq!(found, ["../library/checker.png", "../library/deep/checker.png"]);
}

#[test]
fn a_material_of_a_library_can_be_changed_where_it_is_used() {
    let object = "objects: { \"b\": (shape: Sphere(1), material: \"small\") }";
    let library = r#"( materials: { "clay": (roughness: Uniform(0.2, 0.8), tiling: 2, layers: [(mask: Dirt(0.5), roughness: 1)]),
                                    "dry": (extends: "clay", layers: Remove, roughness: 0.9) } )"#;
    let folder = folder(&[
        ("library.ron", library),
        (
            "main.ron",
            &format!(
                "({REST}, include: \"library.ron\", {object}, materials: {{ \"small\": (extends: \"clay\", tiling: (8, 4)), \"more\": (extends: \"small\", layers: Remove) }})"
            ),
        ),
        (
            "whole.ron",
            &format!(
                "({REST}, {object}, materials: {{ \"small\": (roughness: Uniform(0.2, 0.8), tiling: (8, 4), layers: [(mask: Dirt(0.5), roughness: 1)]), \
              \"more\": (roughness: Uniform(0.2, 0.8), tiling: (8, 4)), \"dry\": (roughness: 0.9, tiling: 2) }})"
            ),
        ),
        // In a recipe that extends, in its variants and by `--set`.
        (
            "other.ron",
            r#"( extends: "main.ron", name: "other", materials: { "small": (extends: "dry"), "more": Remove },
            variants: { "a": (), "b": (materials: { "dry": (roughness: 0.1), "small": (layers: [(roughness: 0)]) }) } )"#,
        ),
    ]);
    let (whole, main) = (loaded(&folder, "whole.ron", &[]), loaded(&folder, "main.ron", &[]));
    for name in ["small", "more", "dry"] {
        assert_eq!(whole.materials[name], main.materials[name], "{name}");
    }
    assert_same_scenes(&whole, &main);
    // What it changed is itself no other.
    assert_eq!(main.materials["clay"], loaded(&folder, "main.ron", &["materials.small.tiling=3"]).materials["clay"]);
    let recipe = loaded(&folder, "other.ron", &["materials.small.metallic=1"]);
    let constant = |value: f64| scenewright::recipe::Varied::One(scenewright::recipe::dist::Number::Const(value));
    for (variant, roughness) in recipe.variants.iter().zip([0.9, 0.1]) {
        let small = &variant.recipe.materials["small"];
        assert_eq!(variant.recipe.materials["dry"].roughness, constant(roughness));
        assert_eq!((&small.roughness, &small.metallic), (&constant(roughness), &constant(1.0)));
        assert_eq!(small.tiling, [constant(8.0), constant(4.0)]);
        assert_eq!(small.paint.is_some(), variant.name == "b");
    }
    // Many that extend a large one cannot fill the memory.
    let fields = (0..2000).map(|k| format!("\"p{k}\": Noise({k}), ")).collect::<String>();
    let many = (0..20_000).map(|k| format!("\"m{k}\": (extends: \"base\"), ")).collect::<String>();
    let text = format!("({REST}, materials: {{ \"base\": (patterns: {{ {fields} }}), {many} }})");
    let problems = read(&text).unwrap_err();
    assert!(problems.iter().any(|problem| problem.message.contains("to more than can be read")));
}

#[test]
fn the_library_of_materials_can_be_included_and_only_what_is_worn_is_loaded() {
    let folder = folder(&[
        (
            "main.ron",
            &format!(
                "({REST}, include: [\"library.ron\", \"more.ron\"], objects: {{ \"b\": (shape: Sphere(1), material: \"oak\") }})"
            ),
        ),
        (
            "library.ron",
            &std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/materials.ron")).unwrap(),
        ),
        // A texture of a material that nothing wears may be missing: it is not looked at.
        ("more.ron", "( materials: { \"spare\": (base_color_texture: \"missing.png\") } )"),
    ]);
    let checked =
        load_in(&folder, "main.ron", &[]).unwrap_or_else(|problems| panic!("{}", problems.render(Drawing::Plain)));
    assert!(checked.warnings.is_empty(), "{}", checked.warnings.render(Drawing::Plain));
    assert!(checked.recipe.materials.len() >= 20 && checked.recipe.assets.textures.is_empty());
    assert_eq!(sample(&checked.recipe, 0, 0).unwrap().instances[0].material.as_ref().unwrap().name, "oak");
}

#[test]
fn a_plan_keeps_every_file_and_what_was_set() {
    let base = format!("({REST}, objects: {{ \"b\": (shape: Sphere(1)) }})");
    let folder = folder(&[("main.ron", "( extends: \"base.ron\", name: \"m\" )"), ("base.ron", &base)]);
    let set = ["objects.b.count=3".to_owned()];
    let path = folder.path().join("main.ron");
    let plan = Plan::load_set(&path, None, Selection::default(), &set).unwrap();
    assert_eq!(plan.scene(0).unwrap().instances.len(), 3);
    assert_eq!((plan.text(), plan.set()), ("( extends: \"base.ron\", name: \"m\" )", &set[..]));
    assert_eq!(
        plan.files().iter().map(|file| (file.path.as_str(), file.text.as_str())).collect::<Vec<_>>(),
        [("base.ron", base.as_str())]
    );
    assert_eq!(sha256(plan.files()[0].text.as_bytes()).len(), 64);
    let scene = folder.path().join("scene.ron");
    std::fs::write(&scene, plan.scene(0).unwrap().to_ron().unwrap()).unwrap();
    assert!(matches!(Plan::load_set(&scene, None, Selection::default(), &set), Err(PlanError::SceneIsDecided(_))));
}

#[test]
fn files_that_come_back_to_themselves_or_never_end_are_refused_quickly() {
    let mut files: Vec<(String, String)> = vec![
        ("self.ron".into(), "( include: \"self.ron\" )".into()),
        ("a.ron".into(), "( extends: \"b.ron\" )".into()),
        ("b.ron".into(), "( extends: \"./a.ron\" )".into()),
    ];
    for k in 0..100 {
        files.push((format!("deep{k}.ron"), format!("( extends: \"deep{}.ron\" )", k + 1)));
        // Each includes the next one twice, and all of them: two to the power of a hundred files, if each were read so often.
        let all: String = (k + 1..100).map(|n| format!("\"wide{n}.ron\", ")).collect();
        files.push((
            format!("wide{k}.ron"),
            format!("( include: [\"wide{}.ron\", {all} \"wide{}.ron\"] )", k + 1, k + 1),
        ));
    }
    files.push(("main.ron".into(), format!("({REST}, include: \"wide0.ron\")")));
    let list: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let folder = folder(&list);
    for (name, words) in [
        ("self.ron", "leads back to itself"),
        ("a.ron", "leads back to itself"),
        ("deep0.ron", "at most 64 files"),
        ("main.ron", "at most 64 files"),
    ] {
        let report = refused(&folder, name, &[]);
        assert!(report.contains(words), "{name}:\n{report}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Files that include, extend, remove, vary and set at random: a recipe or a report, soon, and the same one again.
    #[test]
    fn any_composition_ends(
        parts in prop::collection::vec(
            (0..4_usize, prop::collection::vec((0..12_usize, 0..5_usize), 0..5)), 4),
        set in prop::collection::vec("(objects|a|b|variants|count|0|x|materials){1}(\\.(a|b|count|shape|0|objects|x)){0,3}=(3|Remove|\\(\\)|\\{\\}|\"a\"|\\[)", 0..3),
    ) {
        let field = |kind: usize, n: usize| match kind {
            0 => format!("include: \"{n}.ron\""),
            1 => format!("extends: \"{n}.ron\""),
            2 => format!("objects: {{ \"a\": Remove, \"b\": (shape: Sphere({n})) }}"),
            3 => format!("objects: {{ \"a\": (shape: Sphere(1), count: Param(\"p{n}\")) }}"),
            4 => format!("variants: {{ \"v\": (objects: {{ \"a\": Remove }}), \"w{n}\": (weight: {n}) }}"),
            5 => format!("parameters: {{ \"p{n}\": Expr(\"p{} + 1\"), \"p4\": Uniform(0, 1) }}", n + 1),
            6 => format!("materials: {{ \"a\": (roughness: Match(\"variant\", {{ \"v\": 0.{n} }}, 1)) }}"),
            7 => format!("include: [\"{n}.ron\", \"1.ron\"]"),
            8 => "version: 1, name: \"t\", image: (width: 4, height: 4)".to_owned(),
            9 => "variants: Remove".to_owned(),
            10 => "cameras: { \"main\": (lens: Fov(50), pose: LookAt(from: (0, 1, 2), target: (0, 0, 0))) }".to_owned(),
            _ => "objects: Remove".to_owned(),
        };
        let files: Vec<(String, String)> = parts.iter().enumerate().map(|(k, (extra, fields))| {
            let fields: Vec<String> = fields.iter().map(|&(kind, n)| field(kind, n)).chain([field(8 + extra % 3, 0)]).collect();
            (format!("{k}.ron"), format!("( {} )", fields.join(", ")))
        }).collect();
        let list: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let folder = folder(&list);
        let set: Vec<&str> = set.iter().map(String::as_str).collect();
        let read = || match load_in(&folder, "0.ron", &set) {
            Ok(checked) => format!("{:?}", sample(&checked.recipe, 0, 0)),
            Err(problems) => problems.render(Drawing::Plain),
        };
        let report = read();
        prop_assert!(!report.is_empty());
        prop_assert_eq!(report, read());
    }
}
