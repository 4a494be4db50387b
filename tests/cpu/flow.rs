//! Flow, occlusion, disparity and tracks: against closed forms, and against what the ray caster sees in either frame.

use glam::{DQuat, DVec2, DVec3};
use scenewright::annotate::flow::{Fate, Flow, disparity, flow};
use scenewright::annotate::tracks::{POINTS, tracks};
use scenewright::annotate::{Seen, Subject, annotate};
use scenewright::frame::Frame;
use scenewright::image::Image;
use scenewright::recipe::{Drawing, Recipe, parse};
use scenewright::scene::{Background, Scene, sample};
use scenewright::write::{DatasetInfo, DatasetWriter, Sequence, Shot, WriteOptions};
use std::path::Path;
use std::sync::Arc;

use crate::dataset::contents;
use crate::oracle::cast;
use crate::synthetic;

fn read(text: &str) -> Recipe {
    match parse(text, "test.ron", Path::new(env!("CARGO_MANIFEST_DIR"))) {
        Ok(recipe) => recipe,
        Err(problems) => panic!("{}", problems.render(Drawing::Plain)),
    }
}

fn recipe(objects: &str, cameras: &str) -> Recipe {
    read(&format!(
        "(version: 1, name: \"t\", image: (width: 120, height: 90), clip: (frames: 3, rate: 10), outputs: All,
          categories: [(id: 1, name: \"thing\")],
          materials: {{ \"cloudy\": (base_color: Ramp(Noise(2, octaves: 1, seed: 4), [Hex(\"#102030\"), Hex(\"#f0e0c0\")])) }},
          objects: {{ {objects} }}, cameras: {{ {cameras} }})"
    ))
}

fn scene(objects: &str, cameras: &str) -> (Recipe, Scene) {
    let recipe = recipe(objects, cameras);
    let scene = sample(&recipe, 5, 0).unwrap();
    scene.validate().unwrap();
    (recipe, scene)
}

/// What a camera sees of a frame.
fn shot(recipe: &Recipe, scene: &Scene, frame: u32, camera: usize) -> Shot {
    let scene = scene.frame(frame);
    let frame = cast(&scene, &recipe.assets, camera);
    let subject = Subject::new(scene, &recipe.assets).unwrap();
    Shot { subject: Arc::new(subject), frame: Arc::new(frame) }
}

fn between(from: &Shot, to: &Shot) -> Image<Flow> {
    flow(&from.subject, &from.frame, &to.subject, &to.frame).unwrap()
}

fn pixels(frame: &Frame) -> impl Iterator<Item = (u32, u32)> + use<> {
    let (width, height) = (frame.surfaces.width(), frame.surfaces.height());
    (0..height).flat_map(move |y| (0..width).map(move |x| (x, y)))
}

fn middle(x: u32, y: u32) -> DVec2 {
    DVec2::new(f64::from(x) + 0.5, f64::from(y) + 0.5)
}

const WALL: &str = r#"shape: Box(20, 20, 1), material: "cloudy", place: At(position: (0, 0, -4.5))"#;
/// At the origin, looking along -Z.
const EYE: &str = r#"lens: Intrinsics(100, 110, 61, 44), pose: LookAt((0, 0, 0), (0, 0, -1))"#;

#[test]
fn a_plane_that_is_moved_flows_as_paper_says() {
    let (recipe, scene) =
        scene(&format!(r#""wall": ({WALL}, motion: Move(velocity: (1, 0.5, 2)))"#), &format!(r#""main": ({EYE})"#));
    let (a, b) = (shot(&recipe, &scene, 0, 0), shot(&recipe, &scene, 1, 0));
    let flows = between(&a, &b);
    // In a tenth of a second 0.1 m to the right, 0.05 m up and 0.2 m nearer, from 4 m away.
    for (x, y) in pixels(&a.frame) {
        let p = middle(x, y) - DVec2::new(61.0, 44.0);
        let expected = DVec2::new((p.x * 4.0 + 100.0 * 0.1) / 3.8 - p.x, (p.y * 4.0 - 110.0 * 0.05) / 3.8 - p.y);
        let found = flows.get(x, y).unwrap();
        assert!(found.pixels.unwrap().distance(expected) < 2e-5, "({x}, {y}): {:?}, not {expected}", found.pixels);
        assert!(found.world.unwrap().distance(DVec3::new(0.1, 0.05, 0.2)) < 1e-9);
        let target = middle(x, y) + expected;
        let inside = (0.0..120.0).contains(&target.x) && (0.0..90.0).contains(&target.y);
        assert_eq!(found.fate, if inside { Fate::Seen } else { Fate::Outside }, "({x}, {y})");
    }
}

#[test]
fn a_turn_about_the_optical_axis_turns_the_picture_with_all_that_is_behind_it() {
    let ball = r#""ball": (shape: Sphere(0.5), category: "thing", place: At(position: (0.3, 0.2, -3)))"#;
    let eye = r#""main": (lens: Intrinsics(100, 100, 60, 45), pose: LookAt((0, 0, 0), (0, 0, -1)), motion: Turn(rate: 40, axis: (0, 0, 1)))"#;
    let (recipe, mut scene) = scene(ball, eye);
    let check = |scene: &Scene, fixed: bool| {
        let (a, b) = (shot(&recipe, scene, 0, 0), shot(&recipe, scene, 1, 0));
        let flows = between(&a, &b);
        // The camera turns counter-clockwise as it sees it, the picture clockwise: y is down.
        let turn = DVec2::from_angle(4_f64.to_radians());
        for (x, y) in pixels(&a.frame) {
            let p = middle(x, y) - DVec2::new(60.0, 45.0);
            let is_ball = *a.frame.ids.get(x, y).unwrap() == 1;
            let expected = if fixed && !is_ball { DVec2::ZERO } else { turn.rotate(p) - p };
            let found = flows.get(x, y).unwrap().pixels.unwrap();
            assert!(found.distance(expected) < 1e-5, "({x}, {y}): {found}, not {expected}");
        }
    };
    check(&scene, false);
    scene.background = Some(Background::Color([0.2; 3]));
    check(&scene, true);
}

/// A ball that goes by before a wall: what of the wall is hidden is what the ball's cone covers.
#[test]
fn what_is_hidden_is_what_a_ray_says_is_hidden() {
    let objects = format!(
        r#""wall": ({WALL}), "ball": (shape: Sphere(0.4), category: "thing", place: At(position: (-0.4, 0.1, -2.5)), motion: Move(velocity: (2, 0, 0)))"#
    );
    let (recipe, scene) = scene(&objects, &format!(r#""main": ({EYE})"#));
    let (a, b) = (shot(&recipe, &scene, 0, 0), shot(&recipe, &scene, 1, 0));
    let flows = between(&a, &b);
    let center = DVec3::new(-0.2, 0.1, -2.5);
    let (mut hidden, mut beside) = (0, 0);
    for (x, y) in pixels(&a.frame).filter(|&(x, y)| *a.frame.ids.get(x, y).unwrap() == 0) {
        // The wall does not move: each pixel of it is its own target. How near its ray comes to the ball's middle:
        let way = scene.cameras[0].unit_ray(middle(x, y)).unwrap();
        let miss = (center - way * center.dot(way)).length();
        // A pixel is 0.025 m wide there; the triangles are within 0.005 m of the ball.
        if (miss - 0.4).abs() < 0.045 {
            beside += 1;
            continue;
        }
        let found = flows.get(x, y).unwrap();
        assert_eq!(found.fate, if miss < 0.4 { Fate::Hidden } else { Fate::Seen }, "({x}, {y})");
        assert_eq!(found.pixels, Some(DVec2::ZERO), "what does not move does not flow");
        hidden += u32::from(miss < 0.4);
    }
    assert!(hidden > 100 && beside < 400, "{hidden} {beside}");
}

/// Things that move and turn in all ways, and a camera that goes round them.
fn busy() -> (Recipe, Scene) {
    let objects = r#"
        "floor": (shape: Box(6, 0.1, 6), material: "cloudy", place: At(position: (0, -0.65, 0))),
        "box": (shape: Box(0.6, 0.5, 0.7), category: "thing", material: "cloudy", motion: Turn(rate: 150, axis: (1, 2, 0.5)),
                place: At(position: (0.4, 0, 0), rotation: Euler(20, 30, 40))),
        "ball": (shape: Sphere(0.35), category: "thing", material: "cloudy", motion: Move(velocity: (1.5, 0.3, -0.6), spin: 200),
                 place: At(position: (-0.5, 0.1, 0.5))),
        "ring": (shape: Torus(0.4, 0.12), scale: (1, 2, 0.7), category: "thing", motion: Path(points: [(-0.4, 0.6, -0.2), (0, 1, 0)]),
                 place: At(position: (0, 0.5, -0.6), rotation: Euler(70, 0, 0)))"#;
    let eye = r#""main": (lens: Fov(45), pose: LookAt((0.3, 0.9, 2.6), (0, 0, 0)), motion: Orbit(rate: 25))"#;
    scene(objects, eye)
}

/// A value between four pixels of one surface, and how far it may be off; `None` where they show more than one, or an edge.
fn smooth<const N: usize>(
    frame: &Frame,
    at: DVec2,
    surface: u32,
    value: impl Fn(u32, u32) -> Option<[f64; N]>,
) -> Option<([f64; N], f64)> {
    let (x, y) = ((at.x - 0.5).floor(), (at.y - 0.5).floor());
    if x < 1.0 || y < 1.0 {
        return None;
    }
    let (s, t) = (at.x - 0.5 - x, at.y - 0.5 - y);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the image")]
    let (x, y) = (x as u32, y as u32);
    // Four by four pixels of the same surface: their second differences say how far from straight it is.
    let mut grid = [[[0.0; N]; 4]; 4];
    for (j, row) in grid.iter_mut().enumerate() {
        for (i, cell) in row.iter_mut().enumerate() {
            let (x, y) = (x + u32::try_from(i).unwrap() - 1, y + u32::try_from(j).unwrap() - 1);
            if frame.surfaces.get(x, y) != Some(&surface) {
                return None;
            }
            *cell = value(x, y)?;
        }
    }
    let value = std::array::from_fn(|n| {
        let g = |i: usize, j: usize| grid[j][i][n];
        (g(1, 1) * (1.0 - s) + g(2, 1) * s) * (1.0 - t) + (g(1, 2) * (1.0 - s) + g(2, 2) * s) * t
    });
    let mut second = 0.0_f64;
    let mut bend = |three: [[f64; N]; 3]| {
        for ((a, b), c) in three[0].iter().zip(three[1]).zip(three[2]) {
            second = second.max((a - 2.0 * b + c).abs());
        }
    };
    for (k, row) in grid.iter().enumerate() {
        bend([row[0], row[1], row[2]]);
        bend([row[1], row[2], row[3]]);
        bend([grid[0][k], grid[1][k], grid[2][k]]);
        bend([grid[1][k], grid[2][k], grid[3][k]]);
    }
    // The error of linear interpolation is at most an eighth of the second derivative, along either axis.
    Some((value, second / 4.0))
}

#[test]
fn flow_forward_and_then_backward_leads_back() {
    let (recipe, scene) = busy();
    let (a, b) = (shot(&recipe, &scene, 0, 0), shot(&recipe, &scene, 1, 0));
    let (forward, backward) = (between(&a, &b), between(&b, &a));
    let (mut looked, mut seen, mut moved) = (0, 0, 0.0_f64);
    for (x, y) in pixels(&a.frame) {
        let found = forward.get(x, y).unwrap();
        let surface = *a.frame.surfaces.get(x, y).unwrap();
        if found.fate != Fate::Seen || surface == 0 {
            continue;
        }
        seen += 1;
        let way = found.pixels.unwrap();
        let back = |x: u32, y: u32| backward.get(x, y)?.pixels.map(|flow| flow.to_array());
        let Some((back, bound)) = smooth(&b.frame, middle(x, y) + way, surface, back) else { continue };
        // Where the surface has an edge, linear interpolation says nothing.
        if bound > 0.1 {
            continue;
        }
        looked += 1;
        moved = moved.max(way.length());
        // Beside what interpolation does: the coordinates are of single precision, 1e-7 of a metre, and so is where triangles are met.
        let off = (way + DVec2::from_array(back)).length();
        assert!(off <= 2.0 * bound + 1e-3, "({x}, {y}): off by {off}, bound {bound}");
    }
    assert!(looked > seen / 2 && moved > 5.0, "{looked} of {seen}, as far as {moved} pixels");
}

/// The next frame, looked up where flow leads, is this frame: the same point of the same thing, in the same colour.
#[test]
fn warping_the_next_frame_by_flow_gives_this_one() {
    let (recipe, scene) = busy();
    let (a, b) = (shot(&recipe, &scene, 0, 0), shot(&recipe, &scene, 1, 0));
    let forward = between(&a, &b);
    let wide = |image: &Option<Image<[f32; 3]>>, x, y| Some(image.as_ref()?.get(x, y)?.map(f64::from));
    let (mut seen, mut same, mut looked) = (0, 0, 0);
    let (mut apart, mut colors) = (0.0_f64, 0.0_f64);
    for (x, y) in pixels(&a.frame) {
        let found = forward.get(x, y).unwrap();
        let surface = *a.frame.surfaces.get(x, y).unwrap();
        if found.fate != Fate::Seen || surface == 0 {
            continue;
        }
        seen += 1;
        let at = middle(x, y) + found.pixels.unwrap();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the image")]
        let nearest = b.frame.surfaces.get(at.x as u32, at.y as u32);
        same += u32::from(nearest == Some(&surface));
        let Some((point, bound)) = smooth(&b.frame, at, surface, |x, y| wide(&b.frame.coordinates, x, y)) else {
            continue;
        };
        if bound > 0.01 {
            continue;
        }
        looked += 1;
        let own = wide(&a.frame.coordinates, x, y).unwrap();
        let off = DVec3::from_array(own).distance(DVec3::from_array(point));
        assert!(off <= 3.0 * bound + 1e-5, "({x}, {y}): another point, {off} m away, bound {bound}");
        apart = apart.max(off);
        if let Some((color, bound)) = smooth(&b.frame, at, surface, |x, y| wide(&b.frame.albedo, x, y)) {
            let own = wide(&a.frame.albedo, x, y).unwrap();
            let off = DVec3::from_array(own).distance(DVec3::from_array(color));
            assert!(off <= 4.0 * bound + 0.01, "({x}, {y}): another colour, by {off}, bound {bound}");
            colors = colors.max(off);
        }
    }
    // Where a point is seen, its pixel shows its surface, but for outlines.
    assert!(f64::from(same) > 0.97 * f64::from(seen) && looked > seen / 2, "{same}, {looked} of {seen}");
    assert!(apart < 0.05, "{apart} {colors}");
}

#[test]
fn followed_points_stay_on_their_things_and_are_seen_where_they_are() {
    let (recipe, scene) = busy();
    let mut first: Option<Vec<Vec<DVec3>>> = None;
    let (mut visible, mut hit, mut hidden) = (0, 0, 0);
    for frame in 0..3 {
        let shot = shot(&recipe, &scene, frame, 0);
        let own = shot.subject.points.as_ref().unwrap().to_vec();
        assert_eq!(first.get_or_insert(own.clone()), &own, "the same points of the same things");
        let found = tracks(&shot.subject, &shot.frame).unwrap();
        assert_eq!(found.len(), 3 * POINTS as usize);
        for point in found {
            let position = shot.subject.scene.instances.iter().position(|i| i.id == point.instance_id).unwrap();
            let material = own[position][point.point as usize];
            if point.seen != Seen::Visible {
                hidden += u32::from(point.seen == Seen::Hidden);
                continue;
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the image")]
            let (x, y) = (point.x as u32, point.y as u32);
            // Beside an outline a point may be seen or not.
            let around = (x.saturating_sub(1)..=x + 1).flat_map(|x| (y.saturating_sub(1)..=y + 1).map(move |y| (x, y)));
            if around.clone().any(|(x, y)| shot.frame.ids.get(x, y) != Some(&point.instance_id)) {
                continue;
            }
            visible += 1;
            let scale = shot.subject.scene.instances[position].scale;
            let at =
                |(x, y)| DVec3::from_array(shot.frame.coordinates.as_ref().unwrap().get(x, y).unwrap().map(f64::from));
            let nearest = around.map(|pixel| ((at(pixel) - material) * scale).length()).fold(f64::INFINITY, f64::min);
            // A pixel is at most 0.03 m wide here; at grazing angles more of the surface is in it.
            hit += u32::from(nearest < 0.06);
        }
    }
    assert!(visible > 60 && hidden > 50, "{visible} seen, {hidden} hidden");
    assert!(f64::from(hit) > 0.97 * f64::from(visible), "{hit} of {visible}");
}

#[test]
fn disparity_leads_to_the_same_point_in_the_other_image() {
    let objects = r#""floor": (shape: Box(6, 0.1, 6), place: At(position: (0, -0.65, 0))),
        "ball": (shape: Sphere(0.4), category: "thing")"#;
    let eyes = r#""eyes": (lens: Fov(45), pose: LookAt((0.3, 0.9, 2.6), (0, 0, 0)), rig: Stereo(baseline: 0.125))"#;
    let (recipe, scene) = scene(objects, eyes);
    let [left, right] = [0, 1].map(|camera| shot(&recipe, &scene, 0, camera));
    let eye = &scene.cameras[0];
    let both = [(&left, 0, -1.0, &right), (&right, 1, 1.0, &left)];
    for (from, camera, sign, to) in both {
        let map = disparity(&scene.cameras[camera], &from.frame.depth).unwrap();
        let (mut looked, mut same) = (0, 0);
        for (x, y) in pixels(&from.frame) {
            let (d, depth) = (f64::from(*map.get(x, y).unwrap()), f64::from(*from.frame.depth.get(x, y).unwrap()));
            if depth.is_infinite() {
                assert_eq!(d, 0.0);
                continue;
            }
            assert!((d - eye.fx * 0.125 / depth).abs() < 1e-5 * d);
            let at = middle(x, y) + DVec2::X * (sign * d);
            let surface = *from.frame.surfaces.get(x, y).unwrap();
            let depth_there = |x: u32, y: u32| Some([1.0 / f64::from(*to.frame.depth.get(x, y)?)]);
            if let Some(([inverse], bound)) = smooth(&to.frame, at, surface, depth_there) {
                looked += 1;
                same += u32::from((inverse - 1.0 / depth).abs() < 2.0 * bound + 1e-4);
            }
        }
        // The ball hides some of the floor from one eye.
        assert!(looked > 3000 && f64::from(same) > 0.98 * f64::from(looked), "{same} of {looked}");
    }
    assert!(disparity(&synthetic::camera("main"), &left.frame.depth).is_none());
}

#[test]
fn a_clip_on_disk_has_all_its_frames_each_once_and_knows_which_they_are() {
    let objects = r#""ball": (shape: Sphere(0.3), category: "thing", motion: Fall())"#;
    let eyes = r#""eyes": (lens: Fov(45), pose: LookAt((0, 0.5, 2.6), (0, 0, 0)), rig: Stereo(baseline: 0.1), motion: Handheld())"#;
    let (mut recipe, _) = scene(objects, eyes);
    recipe.image.width = 40;
    recipe.image.height = 30;
    let root = tempfile::tempdir().unwrap();
    let info = DatasetInfo {
        cameras: vec!["eyes_left".into(), "eyes_right".into()],
        categories: recipe.categories.clone(),
        labels: recipe.labels.clone(),
        clip: recipe.clip,
        ..synthetic::info(4, 2, &["main"])
    };
    let writer = DatasetWriter::create(root.path(), info, WriteOptions::default()).unwrap();
    let mut waiting = Vec::new();
    for index in 4..6 {
        let scene = sample(&recipe, 0, index).unwrap();
        let mut sequence = Sequence::default();
        for number in 0..scene.frames() {
            let at = scene.frame(number);
            let frames = [0, 1].map(|camera| cast(&at, &recipe.assets, camera)).to_vec();
            let subject = Arc::new(Subject::new(at, &recipe.assets).unwrap());
            waiting.extend(sequence.push(&subject, frames));
        }
    }
    assert_eq!(waiting.len(), 12);
    waiting.reverse();
    for (shot, beside) in waiting {
        let labels = annotate(&shot.subject, &shot.frame).unwrap();
        assert_eq!(scenewright::audit::audit(&shot.subject, &shot.frame, &labels), Ok(()));
        let record = writer.write_shot(&shot.subject, &shot.frame, &labels, &beside).unwrap();
        writer.commit(record).unwrap();
    }
    let summary = writer.finish().unwrap();
    assert_eq!((summary.scenes, summary.images), (2, 12));
    let files = contents(root.path());
    let stems = |folder: &str| -> Vec<String> {
        let names = files.keys().filter_map(|file| file.strip_prefix(folder)?.strip_prefix('/'));
        names.filter(|name| !name.contains('/')).map(|name| name.split('.').next().unwrap().to_owned()).collect()
    };
    let all: Vec<String> = (4..6)
        .flat_map(|i| (0..3).flat_map(move |f| ["left", "right"].map(|c| format!("{i:06}_{f:04}_eyes_{c}"))))
        .collect();
    assert_eq!(stems("images"), all);
    assert_eq!(stems("disparity"), all);
    let without = |frame: &str| all.iter().filter(|name| !name.contains(frame)).cloned().collect::<Vec<_>>();
    for (folder, none) in
        [("flow", "_0002_"), ("backward_flow", "_0000_"), ("occlusion", "_0002_"), ("scene_flow", "_0002_")]
    {
        assert_eq!(stems(folder), without(none), "{folder}");
    }
    let json = |name: &str| serde_json::from_slice::<serde_json::Value>(&files[name]).unwrap();
    let coco = json("annotations/instances.json");
    let ids: Vec<u64> = coco["images"].as_array().unwrap().iter().map(|i| i["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (25..37).collect::<Vec<_>>(), "(4 * 3 + 0) * 2 + 0 + 1");
    assert_eq!(coco["images"][5]["frame_index"], 2);
    assert_eq!((&coco["images"][5]["video_id"], &coco["images"][5]["time"]), (&10.into(), &0.2.into()));
    let videos = coco["videos"].as_array().unwrap();
    assert_eq!(videos.iter().map(|v| v["id"].as_u64().unwrap()).collect::<Vec<_>>(), [9, 10, 11, 12]);
    assert_eq!((&videos[1]["name"], &videos[1]["length"]), (&"000004_eyes_right".into(), &3.into()));
    let tracks = json("annotations/tracks.json");
    assert_eq!((tracks["images"].as_array().unwrap().len(), &tracks["videos"]), (12, &coco["videos"]));
    assert_eq!(tracks["images"][0]["points"].as_array().unwrap().len(), POINTS as usize);
    let mot = String::from_utf8(files["mot/000005_eyes_left/gt/gt.txt"].clone()).unwrap();
    assert_eq!(mot.lines().map(|line| &line[..4]).collect::<Vec<_>>(), ["1,1,", "2,1,", "3,1,"]);
    assert!(String::from_utf8_lossy(&files["mot/000005_eyes_left/seqinfo.ini"]).contains("seqLength=3"));
    let cameras = json("cameras.json");
    let rig = &cameras["images"][1]["rig"];
    assert_eq!((&rig["name"], &rig["baseline"], &rig["pair"]), (&"eyes".into(), &(-0.1).into(), &"eyes_left".into()));
    assert_eq!(rig["rig_from_camera"][0], serde_json::json!([1.0, 0.0, 0.0, 0.1]));
    assert_eq!(json("dataset.json")["clip"], serde_json::json!({"frames": 3, "rate": 10.0}));
}

/// Nothing of it is left where it was: rotations about the world's axes, seen from the side.
#[test]
fn what_turns_flows_round_its_axis() {
    let objects = r#""disc": (shape: Cylinder(1, 0.2), category: "thing", place: At(position: (0, 0, -4), rotation: Euler(90, 0, 0)),
                              motion: Turn(rate: 30, axis: (0, 0, 1)))"#;
    let (recipe, scene) = scene(objects, &format!(r#""main": ({EYE})"#));
    let (a, b) = (shot(&recipe, &scene, 0, 0), shot(&recipe, &scene, 1, 0));
    let flows = between(&a, &b);
    let turn = DQuat::from_rotation_z(3_f64.to_radians());
    let mut looked = 0;
    for (x, y) in pixels(&a.frame).filter(|&(x, y)| *a.frame.ids.get(x, y).unwrap() == 1) {
        let depth = f64::from(*a.frame.depth.get(x, y).unwrap());
        let point = scene.cameras[0].ray_through(middle(x, y)).unwrap() * depth;
        let axis = DVec3::new(0.0, 0.0, -4.0);
        let expected = scene.cameras[0].project(axis + turn * (point - axis)).unwrap().pixel - middle(x, y);
        let found = flows.get(x, y).unwrap();
        assert!(found.pixels.unwrap().distance(expected) < 1e-4);
        looked += 1;
    }
    assert!(looked > 1000);
}

/// A square whose left edge stays and whose right edge goes, by an animation that plays: a stretch, known at every point.
#[test]
fn what_an_animation_moves_flows_with_its_triangles() {
    let dir = tempfile::tempdir().unwrap();
    let mut file = crate::gltf::square();
    // Three metres wide at the end of two seconds; then again.
    file.animate("LINEAR", 0, "scale", &[1.0, 3.0], &[[1.0f32; 3], [3.0, 1.0, 1.0]]);
    file.write(dir.path(), "a.glb");
    let text = "(version: 1, name: \"t\", image: (width: 120, height: 90), clip: (frames: 12, rate: 4), outputs: [Flow, Occlusion, Tracks],
        categories: [(id: 1, name: \"thing\")],
        objects: { \"a\": (shape: File(\"a.glb\", animation: \"LINEAR\", time: 0.25, speed: 0.5), category: \"thing\") },
        cameras: { \"main\": (lens: Intrinsics(100, 100, 40, 60), pose: LookAt((0, 0, 4), (0, 0, 0))) })";
    let recipe = parse(text, "t.ron", dir.path()).map_err(|p| p.render(Drawing::Plain)).unwrap();
    let scene = sample(&recipe, 0, 0).unwrap();
    scene.validate().unwrap();
    // In a quarter of a second an eighth of a second of the animation passes: a sixteenth of it, and an eighth of a metre.
    let wide = |frame: u32| 1.0 + 2.0 * (0.25 + f64::from(frame) / 16.0);
    let (a, b) = (shot(&recipe, &scene, 1, 0), shot(&recipe, &scene, 2, 0));
    let flows = between(&a, &b);
    let mut looked = 0;
    for (x, y) in pixels(&a.frame).filter(|&(x, y)| *a.frame.ids.get(x, y).unwrap() == 1) {
        let from_left = middle(x, y).x - 40.0;
        let found = flows.get(x, y).unwrap();
        let expected = DVec2::new(from_left * (wide(2) / wide(1) - 1.0), 0.0);
        assert!(found.pixels.unwrap().distance(expected) < 1e-3, "({x}, {y}): {:?}, not {expected}", found.pixels);
        assert_eq!(found.fate, Fate::Seen);
        looked += 1;
    }
    assert!(looked > 500, "{looked}");
    let points = |shot: &Shot| shot.subject.points.as_ref().unwrap()[0].clone();
    for (one, other) in points(&a).iter().zip(points(&b)) {
        assert!((one.x * wide(2) / wide(1) - other.x).abs() < 1e-5 && (one.y - other.y).abs() < 1e-6);
    }
    assert_eq!(scene.frame(11).at(0.0).instances, scene.instances, "there and back");
}
