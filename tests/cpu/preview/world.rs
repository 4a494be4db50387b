//! A small world whose frame is computed ray by ray and whose labels are worked out here, apart from the program: spheres and boxes
//! on a floor, one half hidden, one hidden whole, one cut off by the frame, one with keypoints.

use std::collections::BTreeMap;

use glam::{DAffine3, DQuat, DVec2, DVec3};
use scenewright::annotate::{
    Amodal, Annotation, Box3d, CameraLabel, KeypointLabel, Labels, LeftOut, Panoptic, Pose, ProjectedBox, Reason, Rle,
    Seen, Segment, Subject, encode_ids,
};
use scenewright::frame::{Frame, Owner};
use scenewright::image::Image;
use scenewright::scene::camera::look_at;
use scenewright::scene::{Camera, Category, Instance, Keypoint, Output, Projected, Scene, Shape};

use crate::synthetic::{empty_frame, scene, subject};

/// A frame with everything that labels can be, and what is known of it.
pub(super) struct World {
    pub(super) subject: Subject,
    pub(super) frame: Frame,
    pub(super) labels: Labels,
}

/// One view of the world, `index` turning the camera around it.
pub(super) fn world(index: u64, (width, height): (u32, u32), outputs: impl IntoIterator<Item = Output>) -> World {
    let mut scene = scene(index, 7, &["main"], (width, height));
    scene.labels.outputs = outputs.into_iter().collect();
    furnish(&mut scene);
    scene.cameras[0] = view_from(f64::from(u32::try_from(index).unwrap()), (width, height));
    let subject = subject(&scene);
    let frame = look(&scene);
    let labels = label(&subject, &frame);
    World { subject, frame, labels }
}

fn view_from(turn: f64, (width, height): (u32, u32)) -> Camera {
    let from = DQuat::from_rotation_y(0.4 * turn) * DVec3::new(0.3, 1.3, 3.2);
    let focal = 1.1 * f64::from(width);
    Camera {
        name: "main".into(),
        fx: focal,
        fy: focal,
        cx: f64::from(width) / 2.0,
        cy: f64::from(height) / 2.0,
        near: 0.1,
        position: from,
        rotation: look_at(from, DVec3::new(0.0, 0.3, 0.0), 0.0),
        ev100: 9.5,
        ..Camera::default()
    }
}

fn furnish(scene: &mut Scene) {
    let mut crate_category = Category::new(1, "crate", "furniture");
    crate_category.keypoints = ["left foot", "right foot", "left top", "right top", "back"].map(String::from).into();
    crate_category.skeleton = vec![[0, 1], [1, 3], [3, 2], [2, 0], [3, 4]];
    scene.categories = vec![crate_category, Category::new(2, "ball", ""), Category::new(7, "traffic cone", "")];
    let place = |instance: &mut Instance, category, shape, position, rotation, scale| {
        instance.category = Some(category);
        instance.object = ["", "crates", "balls", "", "", "", "", "cones"][category as usize].into();
        instance.shape = shape;
        instance.position = position;
        instance.rotation = rotation;
        instance.scale = scale;
    };
    let [floor, first, second, third, fourth, fifth, sixth, seventh] = &mut scene.instances[..] else { panic!() };
    floor.shape = Shape::Box(DVec3::new(30.0, 0.1, 30.0));
    floor.position = DVec3::new(0.0, -0.05, 0.0);
    let turned = DQuat::from_rotation_y(0.6);
    let cube = || Shape::Box(DVec3::splat(0.6));
    place(first, 1, cube(), DVec3::new(-0.55, 0.42, 0.3), turned, DVec3::new(1.0, 1.4, 1.0));
    first.keypoints = [("left foot", -0.3, -0.3, 0.3), ("right foot", 0.3, -0.3, 0.3), ("left top", -0.3, 0.3, 0.3)]
        .into_iter()
        .chain([("right top", 0.3, 0.3, 0.3), ("back", 0.3, -0.3, -0.3)])
        .map(|(name, x, y, z)| Keypoint { name: name.into(), position: DVec3::new(x, y, z) })
        .collect();
    first.keypoint_tolerance = 0.005;
    place(second, 2, Shape::Sphere(0.4), DVec3::new(-0.2, 0.4, -0.7), turned, DVec3::ONE);
    place(third, 2, Shape::Sphere(0.3), DVec3::new(0.75, 0.3, 0.2), DQuat::IDENTITY, DVec3::new(1.0, 1.0, 1.6));
    place(fourth, 1, cube(), DVec3::new(1.75, 0.3, -0.3), DQuat::from_rotation_y(1.0), DVec3::ONE);
    place(fifth, 2, Shape::Sphere(0.1), DVec3::new(-0.72, 0.1, -0.5), DQuat::IDENTITY, DVec3::ONE);
    place(sixth, 7, Shape::Sphere(0.12), DVec3::new(0.1, 0.12, 0.9), DQuat::IDENTITY, DVec3::ONE);
    place(seventh, 7, Shape::Box(DVec3::new(0.1, 0.1, 0.1)), DVec3::new(6.0, 0.1, 0.9), turned, DVec3::ONE);
    for (number, instance) in (0..).zip(&mut scene.instances) {
        instance.number = number;
    }
}

/// Where a ray meets an instance.
struct Hit {
    depth: f64,
    local: DVec3,
    normal: DVec3, // world
    uv: DVec2,
    part: u32,
}

fn meet(instance: &Instance, origin: DVec3, ray: DVec3) -> Option<Hit> {
    let world: DAffine3 = instance.world_from_instance();
    let inverse = world.inverse();
    let (o, d) = (inverse.transform_point3(origin), inverse.transform_vector3(ray));
    let (depth, normal, part) = match instance.shape {
        Shape::Sphere(radius) => {
            let (a, b, c) = (d.dot(d), o.dot(d), o.dot(o) - radius * radius);
            let root = b * b - a * c;
            let depth = (-b - (root >= 0.0).then(|| root.sqrt())?) / a;
            let normal = (o + d * depth).normalize();
            (depth, normal, if normal.y > 0.0 { 1 } else { 2 })
        }
        Shape::Box(size) => {
            let half = size / 2.0;
            let (low, high) = ((-half - o) / d, (half - o) / d);
            let (enter, leave) = (low.min(high), low.max(high));
            let depth = enter.max_element();
            let axis = (0..3).find(|&k| enter[k] == depth)?;
            let mut normal = DVec3::ZERO;
            normal[axis] = -d[axis].signum();
            (depth <= leave.min_element()).then_some((depth, normal, u32::try_from(axis).unwrap() + 1))?
        }
        _ => return None,
    };
    let local = o + d * depth;
    let uv = match instance.shape {
        Shape::Sphere(radius) => DVec2::new(
            libm::atan2(local.z, local.x) / std::f64::consts::TAU + 0.5,
            libm::acos(local.y / radius) / std::f64::consts::PI,
        ),
        Shape::Box(size) if part == 1 => DVec2::new(local.z / size.z + 0.5, 0.5 - local.y / size.y),
        Shape::Box(size) if part == 2 => DVec2::new(local.x / size.x + 0.5, local.z / size.z + 0.5),
        Shape::Box(size) => DVec2::new(local.x / size.x + 0.5, 0.5 - local.y / size.y),
        _ => DVec2::ZERO,
    };
    let world_normal = (instance.rotation * (normal / instance.scale)).normalize();
    (depth > 0.1).then_some(Hit { depth, local, normal: world_normal, uv, part })
}

fn nearest(scene: &Scene, ray: DVec3) -> Option<(usize, Hit)> {
    let origin = scene.cameras[0].position;
    let hits = scene.instances.iter().enumerate().filter_map(|(k, i)| Some((k, meet(i, origin, ray)?)));
    hits.min_by(|(_, a), (_, b)| a.depth.total_cmp(&b.depth))
}

fn albedo(instance: &Instance, hit: &Hit) -> DVec3 {
    let odd = (hit.uv * 6.0).floor();
    let check = if (odd.x + odd.y) % 2.0 == 0.0 { 1.0 } else { 0.5 };
    let base = [[0.35, 0.33, 0.3], [0.6, 0.3, 0.1], [0.1, 0.3, 0.7], [0.8, 0.1, 0.1]];
    DVec3::from_array(base[instance.category.map_or(0, |c| c.min(3)) as usize]) * check
}

fn look(scene: &Scene) -> Frame {
    let (width, height) = (scene.image.width, scene.image.height);
    let three = || Image::filled(width, height, [0.0_f32; 3]);
    let one = || Image::filled(width, height, 0.0_f32);
    let mut frame = empty_frame(scene, 0);
    // Two parts to a sphere, three to a box, as if each were of so many materials.
    let owners =
        (0..).zip(&scene.instances).flat_map(|(k, i)| (1..=3).map(move |part| Owner { instance: k, id: i.id, part }));
    frame.owners = owners.collect();
    let (mut shaded, mut geometric, mut uv) = (three(), three(), Image::filled(width, height, [0.0_f32; 2]));
    let (mut coordinates, mut colours, mut emission) = (three(), three(), three());
    let (mut roughness, mut metallic) = (one(), one());
    let camera = &scene.cameras[0];
    for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
        let ray = camera.ray_through(DVec2::new(f64::from(x) + 0.5, f64::from(y) + 0.5)).unwrap();
        let Some((k, hit)) = nearest(scene, ray) else {
            frame.surfaces.set(x, y, 0);
            frame.ids.set(x, y, 0);
            frame.depth.set(x, y, f32::INFINITY);
            frame.range.set(x, y, f32::INFINITY);
            let sky = ray.normalize().y * 200.0 + 150.0;
            frame.rgb.set(x, y, [byte(sky * 0.7), byte(sky * 0.85), byte(sky)]);
            continue;
        };
        let instance = &scene.instances[k];
        frame.surfaces.set(x, y, u32::try_from(k).unwrap() * 3 + hit.part);
        frame.ids.set(x, y, instance.id);
        frame.depth.set(x, y, single(hit.depth));
        frame.range.set(x, y, single(hit.depth * ray.length()));
        let facets = if matches!(instance.shape, Shape::Sphere(_)) {
            (hit.normal * 4.0).round().normalize()
        } else {
            hit.normal
        };
        geometric.set(x, y, triple(facets));
        shaded.set(x, y, triple(hit.normal));
        uv.set(x, y, [single(hit.uv.x), single(hit.uv.y)]);
        coordinates.set(x, y, triple(hit.local));
        let base = albedo(instance, &hit);
        colours.set(x, y, triple(base));
        roughness.set(x, y, [0.9, 0.2, 0.5, 0.7][k % 4]);
        metallic.set(x, y, if k == 3 { 1.0 } else { 0.0 });
        emission.set(x, y, if k == 6 { [900.0, 500.0, 80.0] } else { [0.0; 3] });
        let light = base * (0.25 + 0.75 * hit.normal.dot(DVec3::new(0.4, 0.8, 0.45)).max(0.0)) * 330.0;
        frame.rgb.set(x, y, light.to_array().map(byte));
    }
    frame.shaded_normals = Some(shaded);
    frame.geometric_normals = Some(geometric);
    frame.uv = Some(uv);
    frame.coordinates = Some(coordinates);
    frame.albedo = Some(colours);
    frame.roughness = Some(roughness);
    frame.metallic = Some(metallic);
    frame.emission = Some(emission);
    frame.amodal = Some(Vec::new());
    frame
}

fn byte(value: f64) -> u8 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let byte = value.clamp(0.0, 255.0) as u8;
    byte
}

#[expect(clippy::cast_possible_truncation, reason = "what a frame holds")]
fn single(value: f64) -> f32 {
    value as f32
}

fn triple(value: DVec3) -> [f32; 3] {
    value.to_array().map(single)
}

fn label(subject: &Subject, frame: &Frame) -> Labels {
    let scene = &subject.scene;
    let seen = encode_ids(&frame.ids).unwrap();
    let (mut annotations, mut left_out) = (Vec::new(), Vec::new());
    for (k, instance) in scene.instances.iter().enumerate() {
        let Some(category_id) = instance.category else { continue };
        let mask = seen.get(&instance.id);
        let area = mask.map_or(0, |mask| u64::from(mask.area));
        let amodal = whole(scene, instance, area);
        let Some(mask) = mask else {
            if amodal.is_some() {
                let (name, reason) = (instance.name(), Reason::Hidden);
                left_out.push(LeftOut { instance_id: instance.id, category_id, name, reason, area, amodal });
            }
            continue;
        };
        let pose = pose(scene, instance);
        annotations.push(Annotation {
            instance_id: instance.id,
            category_id,
            object: instance.object.clone(),
            name: instance.name(),
            bbox: mask.bbox,
            area,
            rle: mask.rle.clone(),
            marked: None,
            amodal,
            box3d: Some(boxes(scene, instance, subject.solids[k].local)),
            pose: Some(pose),
            keypoints: (category_id == 1).then(|| keypoints(scene, instance, frame)),
        });
    }
    let segments = annotations
        .iter()
        .map(|a| Segment {
            id: a.instance_id,
            category_id: a.category_id,
            area: a.area,
            bbox: a.bbox,
            iscrowd: a.instance_id == 6,
        })
        .collect();
    let panoptic = Some(Panoptic { ids: frame.ids.clone(), segments });
    Labels { camera: CameraLabel::new(&scene.cameras[0]), annotations, left_out, panoptic }
}

fn whole(scene: &Scene, instance: &Instance, seen: u64) -> Option<Amodal> {
    let (camera, width, height) = (&scene.cameras[0], scene.image.width, scene.image.height);
    let (w, h) = (i32::try_from(width).unwrap(), i32::try_from(height).unwrap());
    let mut inside = Image::filled(width, height, false);
    let (mut low, mut high, mut area, mut area_in_frame) = ([i32::MAX; 2], [i32::MIN; 2], 0, 0);
    for (x, y) in (-h..2 * h).flat_map(|y| (-w..2 * w).map(move |x| (x, y))) {
        let ray = camera.ray_through(DVec2::new(f64::from(x) + 0.5, f64::from(y) + 0.5)).unwrap();
        if meet(instance, camera.position, ray).is_none() {
            continue;
        }
        low = [low[0].min(x), low[1].min(y)];
        high = [high[0].max(x), high[1].max(y)];
        area += 1;
        if let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y))
            && x < width
            && y < height
        {
            inside.set(x, y, true);
            area_in_frame += 1;
        }
    }
    (area > 0).then(|| Amodal {
        bbox: [low[0], low[1], high[0] - low[0] + 1, high[1] - low[1] + 1],
        area,
        area_in_frame,
        rle: Rle::from_mask(&inside).unwrap(),
        visibility: if area_in_frame == 0 { 0.0 } else { ratio(seen, area_in_frame) },
        truncation: ratio(area - area_in_frame, area),
        hidden_by: Vec::new(),
    })
}

fn ratio(a: u64, b: u64) -> f64 {
    f64::from(u32::try_from(a).unwrap()) / f64::from(u32::try_from(b).unwrap())
}

fn pose(scene: &Scene, instance: &Instance) -> Pose {
    let rigid = DAffine3::from_rotation_translation(instance.rotation, instance.position);
    let matrix = scene.cameras[0].opencv_camera_from_world() * glam::DMat4::from(rigid);
    Pose {
        camera_from_object: matrix.transpose().to_cols_array_2d(),
        scale: instance.scale.to_array(),
        distance: (instance.position - scene.cameras[0].position).length(),
    }
}

/// The corner of a box: the upper end of an axis where its bit is set.
fn corner(k: usize, (low, high): (DVec3, DVec3)) -> DVec3 {
    DVec3::from_array(std::array::from_fn(|axis| if k & (1 << axis) == 0 { low[axis] } else { high[axis] }))
}

fn boxes(scene: &Scene, instance: &Instance, local: (DVec3, DVec3)) -> Box3d {
    let world: [DVec3; 8] = std::array::from_fn(|k| instance.world_from_instance().transform_point3(corner(k, local)));
    let low = world.into_iter().reduce(DVec3::min).unwrap();
    let high = world.into_iter().reduce(DVec3::max).unwrap();
    Box3d {
        oriented: projected(scene, world, (local.1 - local.0) * instance.scale.abs()),
        axis_aligned: projected(scene, std::array::from_fn(|k| corner(k, (low, high))), high - low),
    }
}

fn projected(scene: &Scene, world: [DVec3; 8], size: DVec3) -> ProjectedBox {
    let camera = &scene.cameras[0];
    let from_world = camera.opencv_camera_from_world();
    let center = world.iter().sum::<DVec3>() / 8.0;
    ProjectedBox {
        center: from_world.transform_point3(center).to_array(),
        size: size.to_array(),
        corners: world.map(|point| from_world.transform_point3(point).to_array()),
        pixels: world.map(|point| camera.project(point).map(|projected| projected.pixel.to_array())),
    }
}

fn keypoints(scene: &Scene, instance: &Instance, frame: &Frame) -> Vec<KeypointLabel> {
    let category = &scene.categories[0];
    let has: BTreeMap<&str, DVec3> = instance.keypoints.iter().map(|k| (k.name.as_str(), k.position)).collect();
    let one = |name: &String| {
        let position = has.get(name.as_str())?;
        let place = instance.world_from_instance().transform_point3(*position);
        let Projected { pixel: at, depth: z, .. } = scene.cameras[0].project(place)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and `get` looks")]
        let (x, y) = (at.x.floor() as u32, at.y.floor() as u32);
        let around = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(dx, dy)| (x.saturating_sub(dx), y.saturating_sub(dy)));
        frame.depth.get(x, y).filter(|_| at.x >= 0.0 && at.y >= 0.0)?;
        let free = around.iter().any(|&(x, y)| {
            frame.depth.get(x, y).is_some_and(|depth| f64::from(*depth) >= z - instance.keypoint_tolerance)
        });
        let seen = if free { Seen::Visible } else { Seen::Hidden };
        Some(KeypointLabel { name: name.clone(), x: at.x, y: at.y, seen })
    };
    let absent = |name: &String| KeypointLabel { name: name.clone(), x: 0.0, y: 0.0, seen: Seen::Absent };
    category.keypoints.iter().map(|name| one(name).unwrap_or_else(|| absent(name))).collect()
}

/// An annotation with all that one can have, to be spoilt.
pub(super) fn nonsense_annotation(labels: &Labels) -> Annotation {
    let mut annotation = labels.annotations.first().cloned().unwrap_or_else(|| Annotation {
        instance_id: 99,
        category_id: 99,
        object: "nothing".into(),
        name: "nothing[0]".into(),
        bbox: [0, 0, 1, 1],
        area: 1,
        rle: Rle::new(1, 1, &[0, 1]).unwrap(),
        marked: None,
        amodal: None,
        pose: None,
        box3d: None,
        keypoints: None,
    });
    let empty = || ProjectedBox { center: [0.0; 3], size: [0.0; 3], corners: [[0.0; 3]; 8], pixels: [None; 8] };
    annotation.box3d = Some(Box3d { oriented: empty(), axis_aligned: empty() });
    annotation.pose = Some(Pose { camera_from_object: [[0.0; 4]; 4], scale: [0.0; 3], distance: 0.0 });
    annotation.amodal = Some(Amodal {
        bbox: [i32::MIN, i32::MIN, i32::MAX, i32::MAX],
        area: u64::MAX,
        area_in_frame: 1,
        rle: Rle::new(1, 1, &[0, 1]).unwrap(),
        visibility: f64::NAN,
        truncation: f64::INFINITY,
        hidden_by: Vec::new(),
    });
    annotation
}
