//! The ray caster itself, against closed forms.

use glam::{DQuat, DVec2, DVec3};
use scenewright::assets::{AssetFile, Library, Texture, Wrap};
use scenewright::frame::{AmodalMask, Frame};
use scenewright::image::Image;
use scenewright::mesh::shapes;
use scenewright::scene::{Camera, Instance, Material, Scene, Shape, SurfaceLabels};
use std::f64::consts::{FRAC_PI_2, PI};
use std::path::Path;
use std::sync::Arc;

use crate::oracle::{cast, compare, load};
use crate::synthetic;

/// A scene without instances: a camera at the origin that looks down -Z with a focal length of one image width.
fn scene(width: u32, height: u32) -> Scene {
    let mut scene = synthetic::scene(0, 0, &["main"], (width, height));
    scene.instances.clear();
    scene.cameras = vec![Camera {
        fx: width.into(),
        fy: width.into(),
        cx: f64::from(width) / 2.0,
        cy: f64::from(height) / 2.0,
        position: DVec3::ZERO,
        rotation: DQuat::IDENTITY,
        ..synthetic::camera("main")
    }];
    scene
}

fn add(scene: &mut Scene, shape: Shape, position: DVec3) -> &mut Instance {
    let id = 1 + u32::try_from(scene.instances.len()).unwrap();
    scene.instances.push(Instance {
        id,
        object: "thing".into(),
        number: id - 1,
        category: Some(1),
        shape,
        material: None,
        position,
        rotation: DQuat::IDENTITY,
        scale: DVec3::ONE,
        keypoints: Vec::new(),
        keypoint_tolerance: 0.0,
        see_through: Vec::new(),
        motion: None,
    });
    scene.instances.last_mut().unwrap()
}

/// A rectangle that faces +Z: its u runs along +X, its v along -Y.
fn add_wall(scene: &mut Scene, width: f64, height: f64, position: DVec3) -> &mut Instance {
    let wall = add(scene, Shape::Plane(DVec2::new(width, height)), position);
    wall.rotation = DQuat::from_rotation_x(FRAC_PI_2);
    wall
}

fn look(scene: &Scene) -> Frame {
    cast(scene, &Library::default(), 0)
}

/// A library with one texture, called `texture`.
fn library(size: u32, pixel: impl Fn(u32, u32) -> [u8; 4]) -> Library {
    let pixels = (0..size).flat_map(|y| (0..size).map(move |x| (x, y))).map(|(x, y)| pixel(x, y)).collect();
    let file = AssetFile { path: "texture".into(), ..AssetFile::default() };
    let texture = Texture {
        key: "texture".into(),
        image: Image::new(size, size, pixels).unwrap(),
        wrap: [Wrap::Repeat; 2],
        file,
    };
    let mut library = Library::default();
    library.textures.insert("texture".into(), Arc::new(texture));
    library
}

fn at<T: Copy>(image: &Image<T>, x: u32, y: u32) -> T {
    *image.get(x, y).unwrap()
}

fn vector(image: &Option<Image<[f32; 3]>>, x: u32, y: u32) -> DVec3 {
    DVec3::from(at(image.as_ref().unwrap(), x, y).map(f64::from))
}

#[track_caller]
fn near(value: DVec3, expected: DVec3, tolerance: f64) {
    assert!((value - expected).abs().max_element() <= tolerance, "{value}, not {expected} within {tolerance}");
}

/// Positions of the pixels that show something.
fn seen(frame: &Frame) -> Vec<(u32, u32)> {
    let all = (0..frame.surfaces.height()).flat_map(|y| (0..frame.surfaces.width()).map(move |x| (x, y)));
    all.filter(|&(x, y)| at(&frame.surfaces, x, y) > 0).collect()
}

fn mask(frame: &Frame, id: u32) -> &AmodalMask {
    frame.amodal.as_ref().unwrap().iter().find(|mask| mask.id == id).unwrap()
}

fn visible(frame: &Frame, id: u32) -> usize {
    frame.ids.pixels().iter().filter(|&&pixel| pixel == id).count()
}

/// The direction through a pixel's centre, one metre of depth long.
fn ray(scene: &Scene, x: u32, y: u32) -> DVec3 {
    let camera = &scene.cameras[0];
    let (x, y) = (f64::from(x) + 0.5 - camera.cx, f64::from(y) + 0.5 - camera.cy);
    camera.rotation * DVec3::new(x / camera.fx, -y / camera.fy, -1.0)
}

/// Where the true sphere is met: the smaller root of |t d - c| = r. Its mesh is inscribed with 48 x 24 facets, at most
/// `1 - cos(pi / 48) + 1 - cos(pi / 48)` = 0.43 % of the radius inside, along the normal; seen at an angle, that is longer.
#[test]
fn a_sphere_has_the_normals_depth_and_range_of_a_sphere() {
    let mut s = scene(200, 150);
    let center = DVec3::new(0.3, -0.2, -4.0);
    add(&mut s, Shape::Sphere(1.0), center).rotation = DQuat::from_euler(glam::EulerRot::XYZ, 0.3, 0.4, 0.5);
    let frame = look(&s);
    let mut checked = 0;
    for (x, y) in seen(&frame) {
        let ray = ray(&s, x, y);
        let (a, b, c) = (ray.length_squared(), ray.dot(center), center.length_squared() - 1.0);
        let (root, depth) = (b * b - a * c, f64::from(at(&frame.depth, x, y)));
        assert!(root > 0.0, "({x}, {y}): an inscribed mesh is never seen outside of its sphere");
        let truth = (b - root.sqrt()) / a;
        let normal = ray * truth - center;
        let facing = -normal.dot(ray.normalize());
        assert!(depth >= truth - 1e-6, "({x}, {y}): {depth} before the sphere at {truth}");
        near(DVec3::X * f64::from(at(&frame.range, x, y)), DVec3::X * depth * ray.length(), 1e-6);
        if facing > 0.4 {
            assert!(depth <= truth + 0.0045 / 0.4 * 1.2, "({x}, {y}): {depth} behind the sphere at {truth}");
            near(vector(&frame.shaded_normals, x, y), normal, 0.02);
            // Facets are 7.5 degrees wide and high: at most half of that (0.065) off, in both directions.
            let geometric = vector(&frame.geometric_normals, x, y);
            assert!(geometric.angle_between(normal) < 2f64.sqrt() * 3.75_f64.to_radians() + 0.02, "({x}, {y})");
            checked += 1;
        }
    }
    // The silhouette cone has sin a = 1 / |c|; 0.4 of its facing is 1 - 0.4^2 = 84 % of its area at infinity, less here.
    assert!(checked > 5000, "{checked} pixels prove little");
    // In the middle, the geometric normal is not the smooth one everywhere: it is of a facet.
    let normals = |of: &Option<Image<[f32; 3]>>| of.as_ref().unwrap().pixels().to_vec();
    assert_ne!(normals(&frame.geometric_normals), normals(&frame.shaded_normals));
}

/// A wall through (0, 0, -4), turned by 45 degrees about the vertical: points on it have depth 4 + x. Along the ray with
/// x/depth = t, depth = 4 / (1 - t). Its own x grows by sqrt(2) per metre of the world's x.
#[test]
fn a_tilted_wall_has_its_depth_range_normal_and_uv() {
    let mut s = scene(120, 90);
    let wall = add_wall(&mut s, 30.0, 20.0, DVec3::new(0.0, 0.0, -4.0));
    wall.rotation = DQuat::from_rotation_y(PI / 4.0) * wall.rotation;
    wall.material =
        Some(Material { tiling: DVec2::new(3.0, 7.0), roughness: 0.01, metallic: 0.5, ..Material::default() });
    let frame = look(&s);
    assert_eq!(seen(&frame).len(), 120 * 90);
    for (x, y) in seen(&frame) {
        let ray = ray(&s, x, y);
        let depth = 4.0 / (1.0 - ray.x);
        near(DVec3::X * f64::from(at(&frame.depth, x, y)), DVec3::X * depth, 1e-6 * depth);
        near(DVec3::X * f64::from(at(&frame.range, x, y)), DVec3::X * depth * ray.length(), 1e-6 * depth);
        let normal = DVec3::new(1.0, 0.0, 1.0) / 2f64.sqrt();
        near(vector(&frame.geometric_normals, x, y), normal, 1e-6);
        near(vector(&frame.shaded_normals, x, y), normal, 1e-6);
        let point = ray * depth;
        let (along, down) = (point.x * 2f64.sqrt(), -point.y);
        near(vector(&frame.coordinates, x, y), DVec3::new(along, 0.0, down), 2e-6 * depth);
        let [u, v] = at(frame.uv.as_ref().unwrap(), x, y).map(f64::from);
        near(DVec3::new(u, v, 0.0), DVec3::new(along / 30.0 + 0.5, down / 20.0 + 0.5, 0.0), 1e-6);
        assert_eq!(at(frame.roughness.as_ref().unwrap(), x, y), 0.01, "as the recipe has it");
        assert_eq!(at(frame.metallic.as_ref().unwrap(), x, y), 0.5);
        near(vector(&frame.albedo, x, y), DVec3::splat(0.6), 1e-6);
        near(vector(&frame.emission, x, y), DVec3::ZERO, 0.0);
    }
}

/// Whatever moves, turns, stretches and mirrors a box: what is seen of it lies on its faces, in its own frame, and where depth
/// says it is.
#[test]
fn coordinates_of_a_box_are_on_its_faces_and_where_depth_says() {
    for scale in [DVec3::ONE, DVec3::new(0.5, 2.0, 1.2), DVec3::new(-0.7, 1.0, 1.5), DVec3::new(-1.0, -1.0, -1.3)] {
        let mut s = scene(90, 70);
        s.cameras[0].rotation = DQuat::from_rotation_y(0.1);
        s.cameras[0].position = DVec3::new(0.2, 0.1, 1.0);
        let half = DVec3::new(0.5, 0.3, 0.8);
        let cube = add(&mut s, Shape::Box(half * 2.0), DVec3::new(-0.3, 0.2, -3.0));
        cube.rotation = DQuat::from_euler(glam::EulerRot::YXZ, 0.7, 0.5, 0.3);
        cube.scale = scale;
        let cube = cube.clone();
        let frame = look(&s);
        let mut faces = std::collections::BTreeSet::new();
        for (x, y) in seen(&frame) {
            let own = vector(&frame.coordinates, x, y);
            let world = s.cameras[0].position + ray(&s, x, y) * f64::from(at(&frame.depth, x, y));
            near(cube.rotation * (own * scale) + cube.position, world, 2e-6);
            let share = own / half;
            near(DVec3::X * share.abs().max_element(), DVec3::X, 1e-6);
            // The face it is on, outwards.
            let axis = (0..3).max_by(|&a, &b| share[a].abs().total_cmp(&share[b].abs())).unwrap();
            let mut outwards = DVec3::ZERO;
            outwards[axis] = share[axis].signum();
            let normal = (cube.rotation * (outwards / scale)).normalize();
            near(vector(&frame.geometric_normals, x, y), normal, 1e-6);
            near(vector(&frame.shaded_normals, x, y), normal, 1e-6);
            assert!(normal.dot(ray(&s, x, y)) < 0.0, "outsides stay outside");
            faces.insert((axis, share[axis] > 0.0));
        }
        assert_eq!(faces.len(), 3, "{scale}");
    }
}

/// Focal length 100 at 10 m: 0.1 m is a pixel, and the diagonal of a square runs through pixel centres.
#[test]
fn a_wall_covers_exactly_its_pixels_also_where_two_triangles_meet() {
    let mut s = scene(100, 80);
    add_wall(&mut s, 4.0, 4.0, DVec3::new(0.5, 0.3, -10.0));
    let frame = look(&s);
    assert_eq!(visible(&frame, 1), 1600);
    assert_eq!(mask(&frame, 1).bbox, [35, 17, 40, 40]);
    assert_eq!(mask(&frame, 1).area, 1600);
    assert_eq!(mask(&frame, 1).inside.area(), 1600);
}

/// 20 x 20 px about (0, 30), in a frame of 60 x 40 px: half of it is left of the frame. Another is below it, one beyond the
/// canvas by half, one wholly beyond, one behind the camera.
#[test]
fn amodal_masks_go_on_outside_of_the_frame_up_to_the_canvas() {
    let mut s = scene(60, 40);
    let mut wall = |x: f64, y: f64, z: f64| {
        // 6 px are 1 m at 10 m.
        add_wall(&mut s, 20.0 / 6.0, 20.0 / 6.0, DVec3::new((x - 30.0) / 6.0, -(y - 20.0) / 6.0, z)).id
    };
    let [left, below, cut, beyond, behind] =
        [(0.0, 30.0, -10.0), (30.0, 60.0, -10.0), (120.0, 20.0, -10.0), (30.0, -60.0, -10.0), (30.0, 20.0, 10.0)]
            .map(|(x, y, z)| wall(x, y, z));
    let frame = look(&s);
    let left = mask(&frame, left);
    assert_eq!((left.bbox, left.area), ([-10, 20, 20, 20], 400));
    assert_eq!((left.inside.x, left.inside.y, left.inside.width, left.inside.height), (0, 20, 10, 20));
    assert_eq!(left.inside.area(), 200);
    let below = mask(&frame, below);
    assert_eq!((below.bbox, below.area, below.inside.area()), ([20, 50, 20, 20], 400, 0));
    let cut = mask(&frame, cut);
    assert_eq!((cut.bbox, cut.area), ([110, 10, 10, 20], 200));
    let ids: Vec<u32> = frame.amodal.as_ref().unwrap().iter().map(|mask| mask.id).collect();
    assert_eq!(ids, [1, 2, 3], "not {beyond} nor {behind}");
}

/// Discs of radius f tan(asin(r / d)), centred: f = 200, r = 1, d = 4 and 10, the far one of radius 2.
#[test]
fn of_two_spheres_in_line_the_far_one_is_hidden_by_a_disc() {
    let mut s = scene(200, 150);
    add(&mut s, Shape::Sphere(2.0), DVec3::new(0.0, 0.0, -7.0));
    add(&mut s, Shape::Sphere(1.0), DVec3::new(0.0, 0.0, -4.0));
    let frame = look(&s);
    let disc = |r: f64, d: f64| PI * 200.0 * 200.0 * r * r / (d * d - r * r);
    // Inscribed: at most 0.3 % less; the rim is decided at pixel centres, by about the root of its length.
    let check = |pixels: f64, truth: f64| {
        assert!((pixels - truth * 0.998).abs() < truth * 0.002 + 25.0, "{pixels}, not {truth}");
    };
    let (far, close) = (disc(2.0, 7.0), disc(1.0, 4.0));
    check(mask(&frame, 1).area as f64, far);
    check(mask(&frame, 2).area as f64, close);
    check(visible(&frame, 1) as f64, far - close);
    assert_eq!(visible(&frame, 2) as u64, mask(&frame, 2).area);
    let hidden =
        seen(&frame).into_iter().filter(|&(x, y)| at(&frame.ids, x, y) == 2 && mask(&frame, 1).inside.contains(x, y));
    assert_eq!(hidden.count() as u64 + visible(&frame, 1) as u64, mask(&frame, 1).area);
}

#[test]
fn a_mirrored_object_is_mirrored_and_its_outside_is_outside() {
    let frame = |scale: DVec3| {
        let mut s = scene(80, 60);
        let part = add(&mut s, Shape::Torus { major_radius: 0.8, minor_radius: 0.3 }, DVec3::new(0.0, 0.0, -4.0));
        (part.rotation, part.scale) = (DQuat::from_euler(glam::EulerRot::XYZ, 0.5, 0.0, 0.0), scale);
        look(&s)
    };
    // A ring is its own mirror image, triangles and all but for which diagonal splits each quad.
    let (plain, mirrored) = (frame(DVec3::ONE), frame(DVec3::new(-1.0, 1.0, 1.0)));
    assert_eq!(plain.ids, mirrored.ids);
    let mut checked = 0;
    for (x, y) in seen(&plain) {
        near(DVec3::X * f64::from(at(&plain.depth, x, y)), DVec3::X * f64::from(at(&mirrored.depth, x, y)), 0.02);
        near(vector(&plain.shaded_normals, x, y), vector(&mirrored.shaded_normals, x, y), 0.05);
        // The same place in the world is the mirrored place in its own frame.
        let (a, b) = (vector(&plain.coordinates, x, y), vector(&mirrored.coordinates, x, y));
        near(a * DVec3::new(-1.0, 1.0, 1.0), b, 0.02);
        // What was at u is at 1 - u: u grows from +Z towards +X.
        let u = |frame: &Frame| f64::from(at(frame.uv.as_ref().unwrap(), x, y)[0]);
        near(DVec3::X * ((u(&plain) + u(&mirrored)).fract() + 0.5).fract(), DVec3::X * 0.5, 0.02);
        checked += 1;
    }
    assert!(checked > 500);
}

#[test]
fn the_back_of_a_plane_is_there_only_when_double_sided_and_faces_the_viewer() {
    for (mirror, turn, double_sided, is_seen) in [
        (1.0, 0.0, false, true),
        (1.0, PI, false, false),
        (1.0, PI, true, true),
        // Mirrored in its own plane: it faces the other way.
        (-1.0, 0.0, false, false),
        (-1.0, PI, false, true),
        (-1.0, 0.0, true, true),
    ] {
        let mut s = scene(40, 30);
        let wall = add_wall(&mut s, 2.0, 2.0, DVec3::new(0.0, 0.0, -4.0));
        wall.rotation = DQuat::from_rotation_y(turn) * wall.rotation;
        wall.scale.y = mirror;
        wall.material = Some(Material { double_sided, ..Material::default() });
        let frame = look(&s);
        assert_eq!(at(&frame.ids, 20, 15) == 1, is_seen, "{mirror} {turn} {double_sided}");
        assert_eq!(frame.amodal.as_ref().unwrap().len() == 1, is_seen);
        if is_seen {
            near(vector(&frame.geometric_normals, 20, 15), DVec3::Z, 1e-6);
            near(vector(&frame.shaded_normals, 20, 15), DVec3::Z, 1e-6);
        }
    }
}

/// OpenGL's convention: red to the right of the texture, green up, blue out. The map is one colour all over.
#[test]
fn a_normal_map_bends_normals_along_its_texture() {
    let library = library(1, |_, _| [204, 77, 230, 255]);
    let map = DVec3::new(204.0, 77.0, 230.0) / 255.0 * 2.0 - 1.0;
    let material = Material { normal_texture: Some("texture".into()), double_sided: true, ..Material::default() };
    let bent = |change: &dyn Fn(&mut Instance)| {
        let mut s = scene(40, 30);
        let wall = add_wall(&mut s, 2.0, 2.0, DVec3::new(0.0, 0.0, -4.0));
        wall.material = Some(material.clone());
        change(wall);
        let frame = cast(&s, &library, 0);
        near(vector(&frame.geometric_normals, 20, 15), DVec3::Z, 1e-6);
        vector(&frame.shaded_normals, 20, 15)
    };
    let expected = map.normalize();
    near(bent(&|_| {}), expected, 1e-6);
    // Half a turn about the line of sight turns red and green around.
    let half_turn = DQuat::from_rotation_z(PI);
    near(bent(&|wall| wall.rotation = half_turn * wall.rotation), expected * DVec3::new(-1.0, -1.0, 1.0), 1e-6);
    // Mirrored to the left, the picture on it is; what sticks out still does.
    near(bent(&|wall| wall.scale.x = -1.0), expected * DVec3::new(-1.0, 1.0, 1.0), 1e-6);
    near(bent(&|wall| wall.scale.z = -1.0), expected * DVec3::new(1.0, -1.0, 1.0), 1e-6);
    // Seen from behind (u runs to the left), a bump is a dent: the front's normal, reversed.
    let behind = bent(&|wall| wall.rotation = DQuat::from_rotation_y(PI) * wall.rotation);
    near(behind, -(DQuat::from_rotation_y(PI) * expected), 1e-6);
}

/// Texel centres are at quarters: there the texture's own colours are; between them, half of either, as light.
#[test]
fn textures_are_decoded_texel_by_texel_and_mixed_as_light() {
    let library = library(2, |x, _| if x == 0 { [255, 128, 0, 255] } else { [0, 128, 255, 255] });
    let mut s = scene(64, 64);
    // 32 px wide and high: u = (x + 0.5 - 16) / 32.
    let wall = add_wall(&mut s, 2.0, 2.0, DVec3::new(0.0, 0.0, -4.0));
    wall.material = Some(Material {
        base_color_texture: Some("texture".into()),
        base_color: [1.0, 0.5, 1.0],
        emission: [100.0, 0.0, 50.0],
        ..Material::default()
    });
    let frame = cast(&s, &library, 0);
    // IEC 61966-2-1: 128 is 0.2158605.
    let middle = 0.5 * 0.215_860_5;
    for (x, red) in [(24, 1.0 - 1.0 / 32.0), (31, 0.5 + 1.0 / 32.0), (32, 0.5 - 1.0 / 32.0), (39, 1.0 / 32.0)] {
        near(vector(&frame.albedo, x, 30), DVec3::new(red, middle, 1.0 - red), 1e-6);
    }
    // Repeated: beyond the first texel's centre comes the last texel.
    near(vector(&frame.albedo, 16, 30), DVec3::new(0.5 + 1.0 / 32.0, middle, 0.5 - 1.0 / 32.0), 1e-6);
    near(vector(&frame.emission, 24, 30), DVec3::new(100.0, 0.0, 50.0), 1e-4);
    near(vector(&frame.emission, 2, 2), DVec3::ZERO, 0.0);
}

/// The alpha of a 4 x 4 texture is 1 in its middle and 0 around it: its half-way line is a square of half the width, with
/// corners cut. Behind it is a wall.
#[test]
fn a_cut_out_is_cut_out_of_every_image_and_mask() {
    let library = library(4, |x, y| [255, 255, 255, if (1..3).contains(&x) && (1..3).contains(&y) { 255 } else { 0 }]);
    let mut s = scene(80, 80);
    add_wall(&mut s, 8.0, 8.0, DVec3::new(0.0, 0.0, -5.0));
    let leaf = add_wall(&mut s, 2.0, 2.0, DVec3::new(0.0, 0.0, -4.0));
    leaf.material =
        Some(Material { base_color_texture: Some("texture".into()), alpha_mask: Some(0.5), ..Material::default() });
    let frame = cast(&s, &library, 0);
    // 40 px wide: half of that squared is 400, and each corner lacks what is below xy = 1/2 between texels 10 px apart.
    let lacks = 4.0 * 100.0 * (0.5 * std::f64::consts::LN_2 - 0.25);
    let area = mask(&frame, 2).area as f64;
    assert!((area - (400.0 - lacks)).abs() < 8.0, "{area} px");
    assert_eq!(visible(&frame, 2) as u64, mask(&frame, 2).area);
    assert_eq!(mask(&frame, 2).bbox, [30, 30, 20, 20]);
    for (x, y) in seen(&frame) {
        let depth = at(&frame.depth, x, y);
        assert_eq!(depth, if mask(&frame, 2).inside.contains(x, y) { 4.0 } else { 5.0 });
    }
}

/// A floor 1 m below the camera, also behind it. Depth along the ray that falls by t per metre is 1 / t; the rays of the
/// lowest rows would meet it before the near plane.
#[test]
fn nothing_is_nearer_than_the_near_plane() {
    let mut s = scene(60, 60);
    s.cameras[0].near = 2.5;
    add(&mut s, Shape::Plane(DVec2::new(1e4, 1e4)), DVec3::new(0.0, -1.0, 0.0));
    let frame = look(&s);
    for y in 0..60 {
        let falls = (f64::from(y) + 0.5 - 30.0) / 60.0;
        let depth = 1.0 / falls;
        let is_seen = falls > 0.0 && depth >= 2.5;
        assert_eq!(at(&frame.ids, 7, y) == 1, is_seen, "row {y}");
        if is_seen {
            near(DVec3::X * f64::from(at(&frame.depth, 7, y)), DVec3::X * depth, 1e-6 * depth);
        }
    }
    // The canvas ends at the near plane too: 24 rows below the horizon, all 180 columns.
    assert_eq!((mask(&frame, 1).bbox, mask(&frame, 1).area), ([-60, 30, 180, 24], 180 * 24));
}

#[test]
fn labels_see_through_what_the_scene_says_and_owners_keep_their_places() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let plant = Shape::Gltf("assets/plant.glb".into());
    let mut s = scene(80, 60);
    let glass = add_wall(&mut s, 1.0, 1.0, DVec3::new(0.0, 0.0, -0.5));
    glass.material = Some(Material { labels: SurfaceLabels::SeeThrough, ..Material::default() });
    add(&mut s, plant.clone(), DVec3::new(0.0, -0.22, -0.8));
    let library = load(&s, root);
    let whole = cast(&s, &library, 0);
    let parts: Vec<(u32, u32, u32)> = whole.owners.iter().map(|owner| (owner.instance, owner.id, owner.part)).collect();
    assert_eq!(parts, [(0, 1, 1), (1, 2, 1), (1, 2, 2), (1, 2, 3), (1, 2, 4)]);
    let shown = |frame: &Frame| frame.surfaces.pixels().iter().copied().collect::<std::collections::BTreeSet<u32>>();
    // The glass is 1; the soil is 3, and is not seen from the side.
    assert_eq!(shown(&whole), [0, 2, 4, 5].into());
    let masks: Vec<u32> = whole.amodal.as_ref().unwrap().iter().map(|mask| mask.id).collect();
    assert_eq!(masks, [2]);

    s.instances[1].see_through = vec!["leaf".into()];
    let bare = cast(&s, &library, 0);
    assert_eq!(shown(&bare), [0, 2, 4].into());
    assert_eq!(bare.owners, whole.owners);
    assert!(mask(&bare, 2).area < mask(&whole, 2).area / 2);
}

/// Depth at which a ray (one metre of depth long) meets a triangle from its front. Moller and Trumbore (1997).
fn meets([a, b, c]: [DVec3; 3], from: DVec3, ray: DVec3) -> Option<f64> {
    let (ab, ac) = (b - a, c - a);
    let p = ray.cross(ac);
    let determinant = ab.dot(p);
    let q = (from - a).cross(ab);
    let (u, v) = ((from - a).dot(p) / determinant, ray.dot(q) / determinant);
    (determinant > 0.0 && u >= 0.0 && v >= 0.0 && u + v <= 1.0).then(|| ac.dot(q) / determinant)
}

/// Near, far, behind the camera, through the near plane, around the camera: everything at once, by another formula, in the
/// world, and with every ray of the canvas tried on every triangle.
#[test]
fn trying_every_ray_on_every_triangle_finds_the_same() {
    let (width, height, w, h) = (24, 18, 24i32, 18i32);
    let mut s = scene(width, height);
    for k in 0..14 {
        let shape = if k % 5 == 0 { Shape::Sphere(0.3) } else { Shape::Box(DVec3::new(1.0, 0.1, 3.0)) };
        let k = f64::from(k);
        let position = DVec3::new(libm::sin(2.0 * k), libm::cos(3.0 * k), libm::sin(5.0 * k)) * 1.5;
        add(&mut s, shape, position).rotation = DQuat::from_euler(glam::EulerRot::XYZ, k, 1.3 * k, 0.7 * k);
    }
    let camera = &mut s.cameras[0];
    (camera.fx, camera.fy, camera.near) = (17.0, 19.0, 0.4);
    (camera.position, camera.rotation) =
        (DVec3::new(0.3, 0.1, 0.7), DQuat::from_euler(glam::EulerRot::XYZ, 0.2, 0.3, 0.4));
    let camera = camera.clone();
    let frame = look(&s);
    let mut nearest = vec![(0, f64::INFINITY); (width * height) as usize];
    let mut covers_something = 0;
    for instance in &s.instances {
        let (key, size) = shapes::key_and_scale(&instance.shape).unwrap();
        let triangles: Vec<[DVec3; 3]> = shapes::build(&key)
            .triangles()
            .map(|corners| corners.map(|p| instance.rotation * (p * size) + instance.position))
            .collect();
        let mut area = 0;
        for (x, y) in (-h..2 * h).flat_map(|y| (-w..2 * w).map(move |x| (x, y))) {
            let (u, v) = (f64::from(x) + 0.5 - camera.cx, f64::from(y) + 0.5 - camera.cy);
            let ray = camera.rotation * DVec3::new(u / camera.fx, -v / camera.fy, -1.0);
            let depths = triangles.iter().filter_map(|&corners| meets(corners, camera.position, ray));
            let depth = depths.filter(|&depth| depth >= 0.4).fold(f64::INFINITY, f64::min);
            let is_covered = depth < f64::INFINITY;
            area += u64::from(is_covered);
            let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { continue };
            if x < width && y < height {
                let mask = frame.amodal.as_ref().unwrap().iter().find(|mask| mask.id == instance.id);
                assert_eq!(mask.is_some_and(|mask| mask.inside.contains(x, y)), is_covered, "({x}, {y})");
                let first = &mut nearest[(y * width + x) as usize];
                *first = if depth < first.1 { (instance.id, depth) } else { *first };
            }
        }
        let masks = frame.amodal.as_ref().unwrap().iter();
        assert_eq!(masks.filter(|mask| mask.id == instance.id).map(|mask| mask.area).sum::<u64>(), area);
        covers_something += usize::from(area > 0);
    }
    assert!(covers_something > 8, "{covers_something}");
    for ((&id, &depth), &(expected, truth)) in frame.ids.pixels().iter().zip(frame.depth.pixels()).zip(&nearest) {
        assert_eq!(id, expected);
        assert!(f64::from(depth) == truth || (f64::from(depth) - truth).abs() < 1e-6 * truth, "{depth}, not {truth}");
    }
}

/// Things that a comparison has to tell apart: many facets, edges, textures, something hidden, something cut off.
fn still_life() -> (Scene, Library) {
    let library = library(8, |x, y| if (x + y) % 2 == 0 { [200, 40, 90, 255] } else { [90, 180, 210, 255] });
    let mut s = scene(120, 90);
    let textured = Material {
        base_color_texture: Some("texture".into()),
        normal_texture: Some("texture".into()),
        emission: [5.0, 6.0, 7.0],
        metallic: 0.3,
        ..Material::default()
    };
    add_wall(&mut s, 6.0, 6.0, DVec3::new(0.0, 0.0, -6.0)).material = Some(textured);
    add(&mut s, Shape::Sphere(0.6), DVec3::new(-0.5, 0.1, -3.0)).rotation = DQuat::from_rotation_x(0.4);
    add(&mut s, Shape::Box(DVec3::ONE), DVec3::new(1.6, 0.2, -4.0)).rotation = DQuat::from_rotation_y(0.5);
    add(&mut s, Shape::Torus { major_radius: 0.5, minor_radius: 0.2 }, DVec3::new(0.3, -0.3, -3.5)).rotation =
        DQuat::from_rotation_x(0.9);
    (s, library)
}

#[test]
fn a_comparison_forgives_the_512th_of_a_pixel_and_not_the_half() {
    let (mut s, library) = still_life();
    let truth = cast(&s, &library, 0);
    let found = compare(&truth, &truth);
    assert_eq!(found.disagreement(), None);
    assert!(found.missing.is_empty() && found.amodal.len() == 4 && found.silhouette < found.pixels / 2);
    let mut moved = |by: f64| {
        s.cameras[0].cx = 60.0 + by;
        s.cameras[0].cy = 45.0 - by;
        compare(&truth, &cast(&s, &library, 0))
    };
    assert_eq!(moved(1.0 / 512.0).disagreement(), None);
    let found = moved(0.5);
    let wrong = found.planes.iter().filter(|plane| plane.differ > 0).map(|plane| plane.name);
    let planes = ["depth", "geometric_normals", "shaded_normals", "uv", "coordinates", "albedo"];
    assert!(planes.iter().all(|&name| wrong.clone().any(|wrong| wrong == name)), "{:?}", wrong.collect::<Vec<_>>());
    assert!(found.amodal.iter().any(|mask| mask.inside > 2 + mask.rim / 50));
}

/// One pixel in the middle of the sphere, in each image in turn; one bit of a mask; one pixel of an area.
#[test]
fn a_comparison_finds_one_wrong_pixel() {
    let (s, library) = still_life();
    let truth = cast(&s, &library, 0);
    let (x, y) = (40, 42);
    assert_eq!(at(&truth.ids, x, y), 2);
    let vector = |image: &mut Option<Image<[f32; 3]>>| {
        let image = image.as_mut().unwrap();
        let [r, g, b] = at(image, x, y);
        image.set(x, y, [r, g + 0.2, b]);
    };
    let number = |image: &mut Image<f32>| image.set(x, y, at(image, x, y) * 1.02 + 0.02);
    let changes: [(&str, &dyn Fn(&mut Frame)); 12] = [
        ("surfaces", &|f| f.surfaces.set(x, y, 1)),
        ("ids", &|f| f.ids.set(x, y, 0)),
        ("depth", &|f| number(&mut f.depth)),
        ("range", &|f| f.range.set(x, y, f32::INFINITY)),
        ("geometric_normals", &|f| vector(&mut f.geometric_normals)),
        ("shaded_normals", &|f| vector(&mut f.shaded_normals)),
        ("uv", &|f| f.uv.as_mut().unwrap().set(x, y, [f32::NAN, 0.0])),
        ("coordinates", &|f| vector(&mut f.coordinates)),
        ("albedo", &|f| vector(&mut f.albedo)),
        ("roughness", &|f| number(f.roughness.as_mut().unwrap())),
        ("metallic", &|f| number(f.metallic.as_mut().unwrap())),
        ("emission", &|f| vector(&mut f.emission)),
    ];
    for (name, change) in changes {
        let mut frame = truth.clone();
        change(&mut frame);
        let found = compare(&truth, &frame);
        let wrong: Vec<_> = found.planes.iter().filter(|plane| plane.differ + plane.edges_differ > 0).collect();
        assert_eq!(wrong.iter().map(|plane| plane.name).collect::<Vec<_>>(), [name]);
        assert_eq!(wrong[0].first.map(|(x, y, ..)| (x, y)), Some((x, y)), "{name}");
        assert!(found.disagreement().is_some_and(|said| said.contains(name)));
    }

    let mut frame = truth.clone();
    let second = &mut frame.amodal.as_mut().unwrap()[1];
    for y in 30..50 {
        for word in &mut second.inside.words {
            *word &= !(1 << (y % 32));
        }
    }
    let found = compare(&truth, &frame);
    assert!(found.amodal.iter().any(|mask| mask.id == 2 && mask.inside > 100), "{:?}", found.amodal);
    assert!(found.disagreement().is_some());
    frame.amodal.as_mut().unwrap().remove(1);
    assert!(compare(&truth, &frame).disagreement().is_some_and(|said| said.contains("id: 2")));

    frame.albedo = None;
    assert_eq!(compare(&truth, &frame).missing, ["albedo"]);
}
