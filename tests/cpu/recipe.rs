//! Text to recipe: what is understood, and what is said about what is not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use scenewright::recipe::dist::{ColorRecipe, Number, RotationRecipe, VectorRecipe};
use scenewright::recipe::{
    Checked, Drawing, EnvironmentRecipe, ExposureRecipe, FovAxis, IfFull, LARGEST_FILE, LensRecipe, LightRecipe, Place,
    PointRecipe, PoseRecipe, Problem, Problems, Recipe, ScaleRecipe, Severity, ShapeRecipe, Varied, load, parse,
    parse_checked,
};
use scenewright::scene::{
    AntiAliasing, Below, Category, LabelSettings, NormalFrame, NormalSurface, Output, SurfaceLabels, ToneCurve,
};

/// The recipe that the language was drawn up from.
const TABLETOP: &str = r##"(
    version: 1,
    name: "tabletop",
    image: (width: 640, height: 480),
    categories: [(id: 1, name: "mug", supercategory: "kitchen"), (id: 2, name: "ball")],
    materials: {
        "glaze": (base_color: Hsv(Uniform(0, 360), Uniform(0.3, 0.9), 0.8), roughness: Uniform(0.05, 0.5)),
        "oak":   (base_color: Hex("#8a6642"), roughness: Normal(mean: 0.7, std: 0.05)),
    },
    objects: {
        "table": (shape: Box(1.6, 0.04, 0.9), material: "oak", place: At(position: (0, -0.02, 0))),
        "mugs":  (shape: Gltf("../assets/mug.glb"), category: "mug", count: UniformInt(1, 6), scale: Uniform(0.8, 1.2),
                  material: "glaze", place: On("table", spacing: 0.02, yaw: Uniform(0, 360))),
        "balls": (shape: Sphere(0.04), category: "ball", count: 3, material: Choice(["glaze", "oak"]), place: On("table")),
    },
    lights: { "sun": Sun(elevation: Uniform(15, 80), azimuth: Uniform(0, 360), illuminance: LogUniform(8e3, 9e4)) },
    environment: Gradient(sky: Hex("#bcd3ee"), ground: Hex("#6b6358"), strength: Uniform(0.5, 1.5)),
    cameras: { "main": (lens: Fov(Uniform(35, 60)), pose: Orbit(target: (0, 0.05, 0), distance: Uniform(0.9, 2.0),
                                                               azimuth: Uniform(0, 360), elevation: Uniform(12, 65))) },
)
"##;

/// Everything that a recipe can say about labels.
const LABELLED: &str = r##"(
    version: 1,
    name: "labelled",
    image: (width: 64, height: 48),
    outputs: [Keypoints, Depth, Normals(World), Normals(surface: Geometric), Amodal],
    labels: (min_visible_px: 10, min_visibility: 0.05, below: LeaveOut),
    categories: [
        (id: 7, name: "jar", keypoints: ["rim", "knob", "left side"], skeleton: [("knob", "rim"), ("rim", "left side")]),
        (id: 9, name: "floor", stuff: true),
    ],
    materials: {
        "glass": (transmission: Uniform(0.2, 1), labels: SeeThrough),
        "smoke": (alpha: 0.3, blend: true, labels: Solid),
    },
    objects: {
        "floor": (shape: Plane(2, 2), category: "floor", material: "smoke"),
        "jar": (shape: Gltf("jar.gltf"), category: "jar", see_through: ["Glass"], scale: (-1, Choice([-2, 2]), 1),
                keypoint_tolerance: 0.003, keypoints: { "left side": Relative(-1, 0, Uniform(0, 0.5)), "rim": (0, 0.1, 0) }),
        "cup": (shape: Cylinder(0.04, 0.1), category: "jar", material: "glass", scale: Uniform(-2, -1),
                keypoints: { "rim": Local(0, 0.05, 0) }),
    },
    cameras: { "main": (lens: Fov(50), pose: LookAt(from: (0, 1, 2), target: (0, 0, 0))) },
)
"##;

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken")
}

fn read(text: &str) -> Result<Recipe, Problems> {
    parse(text, "test.ron", &here())
}

fn good(text: &str) -> Recipe {
    read(text).unwrap_or_else(|problems| panic!("{}", problems.render(Drawing::Plain)))
}

fn messages(text: &str) -> Vec<String> {
    read(text).err().map_or(Vec::new(), |problems| problems.iter().map(|problem| problem.message.clone()).collect())
}

/// A recipe with these further fields.
fn with(fields: &str) -> String {
    format!(
        "(version: 1, name: \"t\", image: (width: 64, height: 48), {fields}, \
         cameras: {{ \"main\": (lens: Fov(50), pose: LookAt(from: (0, 1, 2), target: (0, 0, 0))) }})"
    )
}

fn with_ball(fields: &str) -> String {
    with(&format!("objects: {{ \"ball\": (shape: Sphere(0.1), {fields}) }}"))
}

fn constant(value: f64) -> Varied<Number> {
    Varied::One(Number::Const(value))
}

fn uniform(min: f64, max: f64) -> Varied<Number> {
    Varied::One(Number::Uniform { min, max })
}

fn point(x: f64, y: f64, z: f64) -> Varied<VectorRecipe> {
    Varied::One(VectorRecipe::PerComponent([constant(x), constant(y), constant(z)]))
}

#[test]
fn the_tabletop_recipe_says_what_it_seems_to_say() {
    let text = TABLETOP.replace("Gltf(\"../assets/mug.glb\")", "Cylinder(0.04, 0.1)");
    let recipe = good(&text);
    assert_eq!(recipe.name, "tabletop");
    assert_eq!(recipe.source, text);
    assert_eq!((recipe.image.width, recipe.image.height), (640, 480));
    assert_eq!(
        recipe.categories.iter().map(|c| (c.id, c.name.as_str())).collect::<Vec<_>>(),
        [(1, "mug"), (2, "ball")]
    );
    assert_eq!(recipe.categories[0].supercategory, "kitchen");
    let glaze = &recipe.materials["glaze"];
    assert_eq!(
        glaze.base_color,
        Varied::One(ColorRecipe::Hsv([uniform(0.0, 360.0), uniform(0.3, 0.9), constant(0.8)]))
    );
    let oak = &recipe.materials["oak"];
    assert_eq!(oak.base_color, Varied::One(ColorRecipe::Hex([0x8a, 0x66, 0x42])));
    // A Normal without ends stops at those of its field.
    assert_eq!(oak.roughness, Varied::One(Number::Normal { mean: 0.7, std: 0.05, min: 0.0, max: 1.0 }));
    let mugs = &recipe.objects["mugs"];
    assert_eq!(mugs.count, Varied::One(Number::UniformInt { min: 1, max: 6 }));
    assert_eq!(mugs.scale, ScaleRecipe::Uniform(uniform(0.8, 1.2)));
    assert_eq!(mugs.place, Place::On { support: "table".into(), yaw: uniform(0.0, 360.0), spacing: 0.02 });
    let balls = &recipe.objects["balls"];
    assert_eq!(balls.shape, Varied::One(ShapeRecipe::Sphere(constant(0.04))));
    let either = Varied::Choice(vec![Varied::One("glaze".to_owned()), Varied::One("oak".to_owned())]);
    assert_eq!(balls.material, Some(either));
    let LightRecipe::Sun { illuminance, shadows, .. } = &recipe.lights["sun"] else { panic!("a sun") };
    assert_eq!(*illuminance, Varied::One(Number::LogUniform { min: 8e3, max: 9e4 }));
    assert!(shadows);
    let camera = &recipe.cameras["main"];
    assert_eq!(camera.lens, LensRecipe::Fov { angle: uniform(35.0, 60.0), axis: FovAxis::Vertical });
    let PoseRecipe::Orbit { target, distance, .. } = &camera.pose else { panic!("an orbit") };
    assert_eq!((target, distance), (&point(0.0, 0.05, 0.0), &uniform(0.9, 2.0)));
}

#[test]
fn the_tabletop_recipe_lacks_nothing_but_its_mug() {
    let found = messages(TABLETOP);
    assert_eq!(found, ["there is no file \"../assets/mug.glb\""]);
}

#[test]
fn what_a_recipe_leaves_out_has_a_default() {
    let recipe = good(&with("objects: { \"ball\": (shape: Sphere(1)) }"));
    assert_eq!((recipe.image.anti_aliasing, recipe.image.tone_curve), (AntiAliasing::Msaa4, ToneCurve::Neutral));
    let ball = &recipe.objects["ball"];
    assert_eq!((ball.count.clone(), ball.scale.clone()), (constant(1.0), ScaleRecipe::Uniform(constant(1.0))));
    assert_eq!((ball.category.clone(), ball.material.clone(), ball.if_full), (None, None, IfFull::Fewer));
    let Place::At { position, .. } = &ball.place else { panic!("at") };
    assert_eq!(*position, point(0.0, 0.0, 0.0));
    let camera = &recipe.cameras["main"];
    assert_eq!((camera.near, camera.exposure.clone()), (0.01, ExposureRecipe::Auto { compensation: constant(0.0) }));
    let grey = Varied::One(ColorRecipe::Rgb([constant(0.5), constant(0.5), constant(0.5)]));
    assert_eq!(recipe.environment, Varied::One(EnvironmentRecipe::Color { color: grey, strength: constant(1.0) }));
    assert!(recipe.lights.is_empty() && recipe.materials.is_empty() && recipe.categories.is_empty());
}

#[test]
fn position_and_name_mean_the_same() {
    let pairs = [
        ("count: Uniform(1, 2)", "count: Uniform(min: 1, max: 2)"),
        ("count: Normal(3, 1, 0)", "count: Normal(std: 1, mean: 3, min: 0)"),
        ("place: At((1, 2, 3))", "place: At(position: (x: 1, y: 2, z: 3))"),
        ("place: At(rotation: Yaw(10))", "place: At(rotation: Yaw(angle: 10))"),
        (
            "place: InBox((0, 0, 0), (1, 1, 1), if_full: Fail)",
            "place: InBox(if_full: Fail, max: (1, 1, 1), min: (0, 0, 0))",
        ),
        ("category: None, count: 2", "count: Some(2)"),
    ];
    for (one, other) in pairs {
        assert_eq!(good(&with_ball(one)).objects, good(&with_ball(other)).objects, "{one}");
    }
}

#[test]
fn what_a_recipe_says_about_labels_is_understood() {
    let Checked { recipe, warnings, .. } = parse_checked(LABELLED, "test.ron", &here()).unwrap();
    assert!(warnings.is_empty(), "{}", warnings.render(Drawing::Plain));
    let normals = |frame, surface| Output::Normals { frame, surface };
    let expected = LabelSettings {
        outputs: [
            Output::Keypoints,
            Output::Depth,
            normals(NormalFrame::World, NormalSurface::Shaded),
            normals(NormalFrame::Camera, NormalSurface::Geometric),
            Output::Amodal,
        ]
        .into(),
        min_visible_px: 10,
        min_visibility: 0.05,
        below: Below::LeaveOut,
    };
    assert_eq!(recipe.labels, expected);
    let names = ["rim", "knob", "left side"].map(str::to_owned).to_vec();
    let jar = Category { keypoints: names, skeleton: vec![[1, 0], [0, 2]], ..Category::new(7, "jar", "") };
    assert_eq!(recipe.categories, [jar, Category { stuff: true, ..Category::new(9, "floor", "") }]);
    let (glass, smoke) = (&recipe.materials["glass"], &recipe.materials["smoke"]);
    assert_eq!((glass.transmission.clone(), glass.blend), (uniform(0.2, 1.0), false));
    assert_eq!((smoke.transmission.clone(), smoke.blend), (constant(0.0), true));
    assert_eq!((glass.labels, smoke.labels), (SurfaceLabels::SeeThrough, SurfaceLabels::Solid));
    let jar = &recipe.objects["jar"];
    let side = PointRecipe::Relative([constant(-1.0), constant(0.0), uniform(0.0, 0.5)]);
    let rim = PointRecipe::Local([constant(0.0), constant(0.1), constant(0.0)]);
    assert_eq!(jar.keypoints, BTreeMap::from([("left side".to_owned(), side), ("rim".to_owned(), rim)]));
    assert_eq!((jar.keypoint_tolerance, jar.see_through.clone()), (Some(0.003), vec!["Glass".to_owned()]));
    let either = Varied::Choice(vec![constant(-2.0), constant(2.0)]);
    assert_eq!(jar.scale, ScaleRecipe::PerAxis([constant(-1.0), either, constant(1.0)]));
    assert_eq!(recipe.objects["cup"].scale, ScaleRecipe::Uniform(uniform(-2.0, -1.0)));
}

#[test]
fn outputs_are_all_or_some_or_none_of_them() {
    let outputs = |text: &str| good(&with(text)).labels.outputs;
    assert_eq!(outputs("lights: {}"), [Output::Ids, Output::Depth].into());
    // Of a still, what one can have.
    let of_stills = Output::ALL.into_iter().filter(|o| !o.is_of_clips() && *o != Output::Disparity).collect();
    assert_eq!(outputs("outputs: All"), of_stills);
    assert_eq!(outputs("outputs: []"), [].into());
    let normals = |list: &str| outputs(&format!("outputs: [{list}]"));
    assert_eq!(normals("Normals"), normals("Normals(frame: Camera, surface: Shaded)"));
    assert_eq!(normals("Normals(World, Geometric)"), normals("Normals(surface: Geometric, frame: World)"));
    // Each is called by its name in `Output`, and every one can be asked for.
    let every = "Ids, Semantic, Parts, Depth, Range, Normals, Normals(World), Normals(Camera, Geometric), \
                 Normals(World, Geometric), Nocs, Position, Uv, Albedo, Roughness, Metallic, Emission, Amodal, Poses, \
                 Boxes3d, Keypoints, Panoptic";
    let more = "Flow, Flow(Backward), Occlusion, Occlusion(way: Backward), SceneFlow, SceneFlow(Backward), Disparity, Tracks, Mot";
    let clip = "clip: (frames: 2, rate: 1), cameras: { \"eyes\": (lens: Fov(50), pose: LookAt((0, 1, 2), (0, 0, 0)), rig: Stereo(baseline: 1)) }";
    let text = format!("(version: 1, name: \"t\", image: (width: 8, height: 8), outputs: [{every}, {more}], {clip})");
    assert_eq!(good(&text).labels.outputs, Output::ALL.into());
    let all = format!("(version: 1, name: \"t\", image: (width: 8, height: 8), outputs: All, {clip})");
    assert_eq!(good(&all).labels.outputs, Output::ALL.into());
}

#[test]
fn asking_for_everything_is_no_mistake_where_there_are_no_keypoints() {
    let text = with(
        "outputs: All, categories: [(id: 1, name: \"ball\")], \
                     objects: { \"ball\": (shape: Sphere(0.1), category: \"ball\") }",
    );
    assert!(parse_checked(&text, "test.ron", &here()).unwrap().warnings.is_empty());
}

#[test]
fn an_unlikely_option_is_an_option() {
    let shape = &good(&with_ball("scale: Weighted([(1e-12, 2), (1, 3)])")).objects["ball"].scale;
    let weighted = Varied::Weighted(vec![(1e-12, constant(2.0)), (1.0, constant(3.0))]);
    assert_eq!(*shape, ScaleRecipe::Uniform(weighted));
    assert!(messages(&with_ball("scale: Weighted([(0, 2), (1, 3)])"))[0].contains("greater than 0"));
}

#[test]
fn a_camera_that_meets_its_target_with_probability_zero_is_fine() {
    for from in ["(Uniform(-1, 1), 0, 0)", "InSphere((0, 0, 0), 1)", "(0, Normal(0, 1), 0)", "(UniformInt(1, 9), 0, 0)"]
    {
        good(&with_ball("count: 1").replace("from: (0, 1, 2)", &format!("from: {from}")));
    }
}

#[test]
fn warnings_do_not_displace_the_error_that_refuses_a_recipe() {
    let idle: String = (0..700).map(|k| format!("\"m{k}\": (alpha: 0.5), ")).collect();
    let text = with(&format!("materials: {{ {idle} }}")).replace("from: (0, 1, 2)", "from: (0, 0, 0)");
    assert!(read(&text).unwrap_err().has_errors());
}

#[test]
fn a_normal_on_a_field_without_ends_has_none() {
    let ball = &good(&with_ball("place: At(position: (Normal(0, 1), 0, 0))")).objects["ball"];
    let Place::At { position: Varied::One(VectorRecipe::PerComponent([x, ..])), .. } = &ball.place else {
        panic!("at")
    };
    assert_eq!(*x, Varied::One(Number::Normal { mean: 0.0, std: 1.0, min: f64::NEG_INFINITY, max: f64::INFINITY }));
}

#[test]
fn if_full_is_part_of_the_place_and_known_to_the_object() {
    let recipe = good(&with(
        "objects: { \"a\": (shape: Box(1, 1, 1)), \"b\": (shape: Sphere(1), place: On(\"a\", if_full: Fail)) }",
    ));
    assert_eq!((recipe.objects["a"].if_full, recipe.objects["b"].if_full), (IfFull::Fewer, IfFull::Fail));
}

#[test]
fn an_axis_becomes_a_unit_vector() {
    // (3, 0, 4) has length 5.
    let ball = &good(&with_ball("place: At(rotation: AxisAngle((3, 0, 4), 90))")).objects["ball"];
    let Place::At { rotation: Varied::One(RotationRecipe::AxisAngle(axis, angle)), .. } = &ball.place else {
        panic!("at")
    };
    assert_eq!((*axis, angle.clone()), ([0.6, 0.0, 0.8], constant(90.0)));
}

#[test]
fn the_largest_probable_count_of_a_normal_counts() {
    // 1000 + 6 * 10 is far below a million, although a normal distribution has no end.
    assert!(read(&with_ball("count: Normal(1000, 10)")).is_ok());
    // 500000 + 6 * 1000, twice, is more.
    let half = "(shape: Sphere(1), count: Normal(500000, 1000))";
    assert!(
        messages(&with(&format!("objects: {{ \"a\": {half}, \"b\": {half} }}")))[0].contains("do not fit into memory")
    );
}

#[test]
fn looking_straight_down_is_allowed() {
    good(&with_ball("count: 1").replace("from: (0, 1, 2)", "from: (0, 2, 0)"));
}

#[test]
fn a_pose_matrix_may_be_any_rotation_and_no_other_matrix() {
    // A quarter turn about z, moved: rigid.
    let matrix =
        |m: &str| with_ball("count: 1").replace("LookAt(from: (0, 1, 2), target: (0, 0, 0))", &format!("Matrix({m})"));
    let recipe = good(&matrix("((0, -1, 0, 5), (1, 0, 0, 6), (0, 0, 1, 7), (0, 0, 0, 1))"));
    let PoseRecipe::Matrix(rows) = &recipe.cameras["main"].pose else { panic!("a matrix") };
    assert_eq!(rows[0], [0.0, -1.0, 0.0, 5.0]);
    // 1e-5 off is more than the allowed 1e-6.
    assert!(read(&matrix("((1.00001, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))")).is_err());
}

#[test]
fn warnings_alone_do_not_refuse_a_recipe() {
    let text = with("materials: { \"spare\": () }");
    let Ok(Checked { warnings, .. }) = parse_checked(&text, "test.ron", &here()) else { panic!("a good recipe") };
    assert_eq!(
        warnings.iter().map(|w| (w.severity, w.message.as_str())).collect::<Vec<_>>(),
        [(Severity::Warning, "no object uses \"spare\"")]
    );
}

#[test]
fn a_path_of_names_leads_to_its_place_in_the_file() {
    let text = with_ball("count: 5");
    let map = parse_checked(&text, "test.ron", &here()).unwrap().source_map;
    let at = |path: &str| map.span(path).map(|span| &text[span.start..span.end]);
    assert_eq!(at("objects.ball.count"), Some("5"));
    assert_eq!(at("objects.ball[3].count"), Some("5"));
    assert_eq!(at("objects.ball"), Some("\"ball\""));
    assert_eq!(at("objects.ball.scale"), Some("\"ball\""));
    assert_eq!(at("cameras.main.pose.from"), Some("(0, 1, 2)"));
    assert_eq!(at("objects.ball.shape.radius"), Some("0.1"));
    assert_eq!(at("nothing.here"), None);
    let shown = map.show([("objects.ball.count", Problem::new("too many"))]).render(Drawing::Plain);
    assert!(shown.contains("too many") && shown.contains("test.ron:1:"), "{shown}");
}

#[test]
fn files_that_are_no_recipes_are_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |path: &Path| load(path).unwrap_err().render(Drawing::Plain);
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    assert!(refused(&folder.path().join("none.ron")).contains("there is no such file"));
    assert!(refused(folder.path()).contains("this is a folder"));
    assert!(refused(&write("latin1.ron", b"(\n name: \"caf\xe9\")")).contains("not UTF-8 text (line 2)"));
    assert!(refused(&write("large.ron", &vec![b' '; LARGEST_FILE + 1])).contains("larger than"));
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_do_not_matter() {
    let text = TABLETOP.replace("Gltf(\"../assets/mug.glb\")", "Cone(0.1, 0.2)");
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    assert_eq!(good(&text).objects, good(&windows).objects);
}

#[test]
fn every_broken_recipe_is_told_as_recorded() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut names: Vec<PathBuf> = std::fs::read_dir(here()).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|extension| extension == "ron"));
    names.sort();
    assert!(names.len() >= 25);
    let mut wrong = Vec::new();
    for path in names {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let found = parse_checked(&text, &name, &here()).map_or_else(|problems| problems, |checked| checked.warnings);
        assert!(!found.is_empty(), "{name} is not broken, and nothing in it is without effect");
        let report = found.render(Drawing::Plain);
        let golden = path.with_extension("txt");
        if std::fs::read_to_string(&golden).ok().as_deref() != Some(&report) {
            if bless {
                std::fs::write(&golden, &report).unwrap();
            }
            wrong.push(format!("{name}:\n{report}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "reports that differ from tests/broken/*.txt (BLESS=1 records them):\n{}",
        wrong.join("\n")
    );
}

/// `pattern` so many times, with the number in place of `#`.
fn numbered(count: usize, pattern: &str) -> String {
    (0..count).map(|k| pattern.replace('#', &k.to_string())).collect()
}

#[test]
fn hostile_texts_are_refused_quickly() {
    let many = 100_000;
    for text in [
        "(".repeat(many),
        "[".repeat(many) + &"]".repeat(many),
        "(a:".repeat(many),
        "\"\\\"\n".repeat(many),
        "\"\n".repeat(many) + "x",
        "/*".repeat(many),
        "'".repeat(many),
        "r#".repeat(many),
        ",".repeat(many),
        with(&format!("objects: {{ {} }}", "\"a\": (shape: Sphere(0)),".repeat(many / 10))),
        with(&format!("\"{}\": 3", "x".repeat(many))),
        with_ball(&format!("place: On(\"{}\")", "x".repeat(many))),
        with(&format!("outputs: [{}]", "Ids, ".repeat(many))),
        with(&format!("categories: [(id: 1, name: \"a\", keypoints: [{}])]", numbered(many, "\"k#\", "))),
        with(&format!(
            "categories: [(id: 1, name: \"a\", keypoints: [{}], skeleton: [{}])]",
            numbered(1000, "\"k#\", "),
            numbered(many, "(\"k#\", \"l#\"), ")
        )),
        with(&format!(
            "categories: [(id: 1, name: \"a\", keypoints: [{}])], \
             objects: {{ \"a\": (shape: Sphere(1), category: \"a\", keypoints: {{ {} }}) }}",
            numbered(1000, "\"key#\", "),
            numbered(many, "\"point#\": (0, 0, 0), ")
        )),
        with(&format!("objects: {{ {} }}", numbered(many / 2, "\"o#\": (shape: Sphere(1), category: \"x\"), "))),
    ] {
        let problems = read(&text).unwrap_err();
        assert!(problems.has_errors());
        let report = problems.render(Drawing::Plain);
        assert!(report.len() < 4_000_000, "a report of {} bytes", report.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_read_or_refused_without_panic(text in "[(){}\\[\\],:;\"'a-cS0-9.#/*+\\\\ \n\u{e9}-]{0,200}") {
        if let Err(problems) = read(&text) {
            prop_assert!(!problems.render(Drawing::Plain).is_empty());
            prop_assert!(!problems.render(Drawing::Fancy).is_empty());
        }
    }

    #[test]
    fn a_recipe_with_some_damage_is_read_or_refused_without_panic(
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..4, "[(){}\\[\\],:\"0-9a-c/*é-]{0,4}"), 1..5),
        labelled in any::<bool>(),
    ) {
        let mut text = if labelled { LABELLED } else { TABLETOP }.to_owned();
        for (place, length, insert) in damage {
            let start = text.floor_char_boundary(place.index(text.len() + 1));
            let end = text.floor_char_boundary((start + length).min(text.len())).max(start);
            text.replace_range(start..end, &insert);
        }
        if let Err(problems) = read(&text) {
            prop_assert!(problems.has_errors());
            for problem in problems.iter() {
                for label in &problem.labels {
                    prop_assert!(label.span.start <= label.span.end && label.span.end <= text.len());
                }
            }
            prop_assert!(!problems.render(Drawing::Plain).is_empty());
        }
    }
}
