//! The audit: right frames pass, and one number that is wrong, anywhere, is found.

use std::path::Path;
use std::sync::Arc;

use glam::{DQuat, DVec3};
use proptest::prelude::*;
use scenewright::annotate::{Annotation, Labels, Reason, Rle, Seen, Subject, annotate};
use scenewright::assets::Library;
use scenewright::audit::audit;
use scenewright::frame::{AmodalMask, Frame, Owner};
use scenewright::image::Image;
use scenewright::plan::{Plan, Selection};
use scenewright::scene::camera::look_at;
use scenewright::scene::{
    Below, Camera, Category, Instance, Keypoint, LabelSettings, Material, Output, Scene, Shape, SurfaceLabels,
};

use crate::oracle::{cast, load};
use crate::synthetic;

/// A frame with everything that belongs to it.
#[derive(Clone)]
struct Picture {
    subject: Subject,
    frame: Frame,
    labels: Labels,
}

impl Picture {
    fn new(scene: Scene, library: &Library, camera: usize) -> Self {
        let frame = cast(&scene, library, camera);
        let subject = Subject::new(scene, library).unwrap();
        let labels = annotate(&subject, &frame).unwrap();
        Self { subject, frame, labels }
    }

    fn audit(&self) -> Result<(), String> {
        audit(&self.subject, &self.frame, &self.labels).map_err(|error| error.to_string())
    }

    fn annotation(&mut self, id: u32) -> &mut Annotation {
        self.labels.annotations.iter_mut().find(|annotation| annotation.instance_id == id).unwrap()
    }

    fn mask(&mut self, id: u32) -> &mut AmodalMask {
        self.frame.amodal.as_mut().unwrap().iter_mut().find(|mask| mask.id == id).unwrap()
    }

    /// A pixel in the middle of what is seen of an instance.
    fn pixel(&self, id: u32) -> (u32, u32) {
        let ids = &self.frame.ids;
        let inside = |x: u32, y: u32, by: u32| {
            let (xs, ys) = (x.saturating_sub(by)..=x + by, y.saturating_sub(by)..=y + by);
            xs.into_iter().all(|x| ys.clone().all(|y| ids.get(x, y) == Some(&id)))
        };
        let all = || (0..ids.height()).flat_map(|y| (0..ids.width()).map(move |x| (x, y)));
        let deepest = (0..8).rev().find_map(|by| all().find(|&(x, y)| inside(x, y, by)));
        deepest.unwrap()
    }
}

fn thing(scene: &mut Scene, category: Option<u32>, shape: Shape, position: [f64; 3]) -> &mut Instance {
    // Ids count up.
    let id = 1 + scene.instances.iter().rev().map(|instance| instance.id).find(|&id| id > 0).unwrap_or(0);
    scene.instances.push(Instance {
        id: if category.is_some() { id } else { 0 },
        object: "things".into(),
        number: u32::try_from(scene.instances.len()).unwrap(),
        category,
        shape,
        material: Some(Material { emission: [3.0, 2.0, 1.0], ..Material::default() }),
        position: position.into(),
        rotation: DQuat::IDENTITY,
        scale: DVec3::ONE,
        keypoints: Vec::new(),
        keypoint_tolerance: 0.002,
        see_through: Vec::new(),
    });
    scene.instances.last_mut().unwrap()
}

const FLOOR: u32 = 1;
const CARPET: u32 = 2;
const BOX: u32 = 3;
const BALL: u32 = 4;
const HIDDEN: u32 = 5;
const RING: u32 = 6;
const CONE: u32 = 7;
const CUT_OFF: u32 = 8;
const MUG: u32 = 9;
const DOT: u32 = 10;
const GLASS: u32 = 11;

/// Every shape, stuff and things, mirrored, hidden, cut off, left out and seen through, with every output.
fn scene() -> Scene {
    let mut scene = synthetic::scene(0, 0, &["main"], (96, 72));
    scene.instances.clear();
    scene.categories = vec![
        Category {
            keypoints: ["top", "corner", "inside", "wing"].map(String::from).into(),
            skeleton: vec![[0, 1], [1, 2]],
            ..Category::new(1, "crate", "container")
        },
        Category { stuff: true, ..Category::new(2, "floor", "") },
        Category::new(3, "toy", ""),
    ];
    let position = DVec3::new(0.3, 1.3, 3.0);
    scene.cameras = vec![Camera {
        fx: 104.0,
        fy: 99.0,
        cx: 50.25,
        cy: 33.5,
        near: 0.05,
        position,
        rotation: look_at(position, DVec3::new(0.0, 0.3, 0.0), 0.1),
        ..synthetic::camera("main")
    }];
    scene.labels =
        LabelSettings { outputs: Output::ALL.into(), min_visible_px: 9, min_visibility: 0.001, below: Below::LeaveOut };

    thing(&mut scene, Some(2), Shape::Plane([2.4, 2.2].into()), [0.0, 0.0, 0.0]);
    thing(&mut scene, Some(2), Shape::Plane([1.0, 0.6].into()), [-0.3, 0.01, 0.6]);
    let crate_ = thing(&mut scene, Some(1), Shape::Box([0.6, 0.5, 0.4].into()), [0.0, 0.26, 0.3]);
    crate_.rotation = DQuat::from_rotation_y(0.5);
    let point = |name: &str, position: [f64; 3]| Keypoint { name: name.into(), position: position.into() };
    crate_.keypoints =
        vec![point("top", [0.0, 0.25, 0.0]), point("corner", [0.3, 0.25, 0.2]), point("inside", [0.0; 3])];
    thing(&mut scene, Some(3), Shape::Sphere(0.3), [-0.3, 0.3, -0.3]);
    thing(&mut scene, Some(3), Shape::Sphere(0.1), [-0.05, 0.1, -0.05]);
    let ring = Shape::Torus { major_radius: 0.25, minor_radius: 0.07 };
    thing(&mut scene, Some(3), ring, [0.75, 0.3, 0.2]).rotation = DQuat::from_rotation_x(1.1);
    let cone = thing(&mut scene, Some(3), Shape::Cone { radius: 0.2, height: 0.5 }, [-0.75, 0.3, 0.4]);
    cone.scale = DVec3::new(-1.0, 1.2, 0.7);
    cone.rotation = DQuat::from_rotation_z(0.3);
    thing(&mut scene, Some(3), Shape::Capsule { radius: 0.15, height: 0.4 }, [1.35, 0.3, 0.3]);
    let mug = thing(&mut scene, Some(1), Shape::Gltf("assets/mug.glb".into()), [0.25, 0.02, 1.2]);
    mug.material = None;
    mug.scale = DVec3::splat(3.0);
    thing(&mut scene, Some(3), Shape::Sphere(0.03), [-0.3, 0.05, 1.2]);
    let glass = thing(&mut scene, Some(3), Shape::Box([0.3, 0.3, 0.01].into()), [-0.5, 0.3, 1.0]);
    glass.material = Some(Material { labels: SurfaceLabels::SeeThrough, transmission: 1.0, ..Material::default() });
    thing(&mut scene, None, Shape::Cylinder { radius: 0.04, height: 0.8 }, [-0.45, 0.4, 0.2]);
    scene
}

fn library(scene: &Scene) -> Library {
    load(scene, Path::new(env!("CARGO_MANIFEST_DIR")))
}

fn rich() -> Picture {
    let scene = scene();
    let library = library(&scene);
    Picture::new(scene, &library, 0)
}

#[test]
fn a_rich_frame_passes_and_is_rich() {
    let picture = rich();
    assert_eq!(picture.audit(), Ok(()));
    let ids: Vec<u32> = picture.labels.annotations.iter().map(|annotation| annotation.instance_id).collect();
    assert_eq!(ids, [FLOOR, CARPET, BOX, BALL, RING, CONE, CUT_OFF, MUG]);
    let left_out: Vec<_> = picture.labels.left_out.iter().map(|left| (left.instance_id, left.reason)).collect();
    assert_eq!(left_out, [(HIDDEN, Reason::Hidden), (DOT, Reason::MinVisiblePx)]);
    assert!(picture.frame.surfaces.pixels().contains(&0), "nothing is seen somewhere");
    let flags: Vec<u8> =
        picture.labels.annotations[2].keypoints.iter().flatten().map(|point| point.seen.flag()).collect();
    assert_eq!(flags, [2, 2, 1, 0]);
    let amodal = |k: usize| picture.labels.annotations[k].amodal.as_ref().unwrap();
    assert!(amodal(6).truncation > 0.1 && amodal(6).truncation < 0.9);
    assert!(amodal(3).visibility < 0.9 && amodal(3).hidden_by.len() > 1);
    assert_eq!(picture.labels.panoptic.as_ref().unwrap().segments.len(), 7, "two floors are one");
}

/// What is done to a right frame, what it is called, and words that the verdict has to have.
type Mutation = (&'static str, &'static str, fn(&mut Picture));

fn bump(value: &mut f64) {
    *value += 1e-3;
}

/// Changes an entry of the object coordinates by a tenth of a metre, and so on.
fn shift(image: &mut Option<Image<[f32; 3]>>, (x, y): (u32, u32), by: [f32; 3]) {
    let image = image.as_mut().unwrap();
    let old = *image.get(x, y).unwrap();
    image.set(x, y, std::array::from_fn(|k| old[k] + by[k]));
}

fn scale<T: Copy>(image: &mut Image<T>, (x, y): (u32, u32), change: impl Fn(T) -> T) {
    let old = *image.get(x, y).unwrap();
    image.set(x, y, change(old));
}

/// The same mask with its `k`-th run of pixels one longer.
fn longer(rle: &Rle, k: usize) -> Rle {
    let mut counts = rle.counts().to_vec();
    counts[2 * k + 1] += 1;
    counts[2 * k + 2] -= 1;
    Rle::new(rle.height(), rle.width(), &counts).unwrap()
}

/// The same mask with its `k`-th run of pixels one shorter at its start.
fn shorter(rle: &Rle, k: usize) -> Rle {
    let mut counts = rle.counts().to_vec();
    counts[2 * k] += 1;
    counts[2 * k + 1] -= 1;
    Rle::new(rle.height(), rle.width(), &counts).unwrap()
}

const MUTATIONS: &[Mutation] = &[
    // Images.
    ("a pixel of surfaces", "id", |p| {
        let at = p.pixel(BOX);
        scale(&mut p.frame.surfaces, at, |surface| surface + 1);
    }),
    ("a pixel of surfaces that nobody owns", "no owner", |p| {
        let at = p.pixel(BOX);
        scale(&mut p.frame.surfaces, at, |_| 1000);
    }),
    ("a pixel of surfaces becomes nothing", "where nothing is seen", |p| {
        let at = p.pixel(BOX);
        scale(&mut p.frame.surfaces, at, |_| 0);
        scale(&mut p.frame.ids, at, |_| 0);
    }),
    ("a pixel of ids", "another id", |p| {
        let at = p.pixel(BALL);
        scale(&mut p.frame.ids, at, |id| id + 1);
    }),
    ("surface and id of a pixel", "3D box", |p| {
        let (x, y) = p.pixel(BALL);
        let other = p.pixel(MUG);
        let surface = *p.frame.surfaces.get(other.0, other.1).unwrap();
        p.frame.surfaces.set(x, y, surface);
        p.frame.ids.set(x, y, MUG);
    }),
    ("an owner's id", "another id than its instance", |p| {
        let mut owners: Vec<Owner> = p.frame.owners.to_vec();
        owners[2].id = 4;
        p.frame.owners = Arc::from(owners);
    }),
    ("an owner's part", "part number", |p| {
        let mut owners: Vec<Owner> = p.frame.owners.to_vec();
        owners[2].part = 2;
        p.frame.owners = Arc::from(owners);
    }),
    ("a depth by one percent", "range", |p| {
        let at = p.pixel(FLOOR);
        scale(&mut p.frame.depth, at, |depth| depth * 1.01);
    }),
    ("depth and range by one percent", "depth is not", |p| {
        let at = p.pixel(MUG);
        scale(&mut p.frame.depth, at, |depth| depth * 1.01);
        scale(&mut p.frame.range, at, |range| range * 1.01);
    }),
    ("a depth that is no number", "depth of a surface", |p| {
        let at = p.pixel(FLOOR);
        scale(&mut p.frame.depth, at, |_| f32::NAN);
    }),
    ("a depth that is negative", "depth of a surface", |p| {
        let at = p.pixel(FLOOR);
        scale(&mut p.frame.depth, at, |depth| -depth);
    }),
    ("a depth of nothing", "depth where nothing", |p| {
        let at = p.pixel(0);
        let at = if p.frame.surfaces.get(at.0, at.1) == Some(&0) { at } else { (0, 0) };
        scale(&mut p.frame.depth, at, |_| 1e9);
    }),
    ("a range by one percent", "range", |p| {
        let at = p.pixel(BOX);
        scale(&mut p.frame.range, at, |range| range * 1.01);
    }),
    ("a geometric normal turned round", "away from the camera", |p| {
        let at = p.pixel(BOX);
        scale(p.frame.geometric_normals.as_mut().unwrap(), at, |n| n.map(|c| -c));
    }),
    ("a geometric normal of another length", "unit vector", |p| {
        let at = p.pixel(BOX);
        scale(p.frame.geometric_normals.as_mut().unwrap(), at, |n| n.map(|c| c * 1.01));
    }),
    ("a shaded normal of another length", "unit vector", |p| {
        let at = p.pixel(BALL);
        scale(p.frame.shaded_normals.as_mut().unwrap(), at, |n| n.map(|c| c * 0.5));
    }),
    ("a shaded normal that is no number", "unit vector", |p| {
        let at = p.pixel(BALL);
        scale(p.frame.shaded_normals.as_mut().unwrap(), at, |_| [f32::NAN; 3]);
    }),
    ("a coordinate sideways", "project back", |p| {
        let at = p.pixel(RING);
        shift(&mut p.frame.coordinates, at, [0.06, 0.0, 0.0]);
    }),
    ("a coordinate upwards", "project back", |p| {
        let at = p.pixel(MUG);
        shift(&mut p.frame.coordinates, at, [0.0, 0.04, 0.0]);
    }),
    ("a coordinate towards the camera", "depth is not", |p| {
        let at = p.pixel(BALL);
        shift(&mut p.frame.coordinates, at, [0.0, 0.01, 0.03]);
    }),
    ("a coordinate out of bounds", "outside of its instance's bounds", |p| {
        let at = p.pixel(FLOOR);
        shift(&mut p.frame.coordinates, at, [0.0, 0.05, 0.0]);
    }),
    ("an albedo above 1", "albedo", |p| {
        let at = p.pixel(MUG);
        scale(p.frame.albedo.as_mut().unwrap(), at, |[_, g, b]| [1.1, g, b]);
    }),
    ("a roughness below 0", "roughness", |p| {
        let at = p.pixel(MUG);
        scale(p.frame.roughness.as_mut().unwrap(), at, |_| -0.1);
    }),
    ("a metallic that is no number", "metallic", |p| {
        let at = p.pixel(MUG);
        scale(p.frame.metallic.as_mut().unwrap(), at, |_| f32::NAN);
    }),
    ("an emission without bounds", "emission", |p| {
        let at = p.pixel(BOX);
        scale(p.frame.emission.as_mut().unwrap(), at, |_| [f32::INFINITY; 3]);
    }),
    ("a uv that is no number", "texture coordinate", |p| {
        let at = p.pixel(BOX);
        scale(p.frame.uv.as_mut().unwrap(), at, |[u, _]| [u, f32::NAN]);
    }),
    ("albedo of nothing", "albedo where nothing", |p| {
        let at = nothing(p);
        scale(p.frame.albedo.as_mut().unwrap(), at, |_| [0.1; 3]);
    }),
    ("an image that is missing", "image is missing: 2 images, the first normals_camera", |p| {
        p.frame.shaded_normals = None;
    }),
    ("an image of another size", "another size", |p| p.frame.range = Image::filled(95, 72, 1.0)),
    ("a mask of another size", "another size", |p| p.annotation(BOX).rle = Rle::new(96, 72, &[96 * 72]).unwrap()),
    // Camera.
    ("fx", "`fx`", |p| p.labels.camera.fx += 1e-6),
    ("fy", "`fy`", |p| p.labels.camera.fy += 1e-6),
    ("cx", "`cx`", |p| p.labels.camera.cx += 1e-6),
    ("cy", "`cy`", |p| p.labels.camera.cy += 1e-6),
    ("a camera of zeros", "K_opencv", |p| {
        p.labels.camera.K_opencv = [[0.0; 3]; 3];
        p.labels.camera.world_from_opencv_camera = [[f64::NAN; 4]; 4];
    }),
    ("a camera without near plane", "`near`", |p| p.labels.camera.near = 0.0),
    ("near", "`near`", |p| p.labels.camera.near *= 1.001),
    ("ev100", "`ev100`", |p| p.labels.camera.ev100 += 0.1),
    // Annotations.
    ("x of a box", "tight box", |p| p.annotation(RING).bbox[0] -= 1),
    ("y of a box", "tight box", |p| p.annotation(RING).bbox[1] += 1),
    ("width of a box", "tight box", |p| p.annotation(RING).bbox[2] += 1),
    ("height of a box", "tight box", |p| p.annotation(RING).bbox[3] -= 1),
    ("an area", "area is not", |p| p.annotation(RING).area += 1),
    ("a run that is longer", "mask covers pixels where its instance is not seen", |p| {
        let rle = longer(&p.annotation(BALL).rle, 3);
        p.annotation(BALL).rle = rle;
    }),
    ("a run that is shorter", "mask does not cover all pixels", |p| {
        let rle = shorter(&p.annotation(BALL).rle, 3);
        p.annotation(BALL).rle = rle;
    }),
    ("a category", "another category", |p| p.annotation(CONE).category_id = 1),
    ("a name", "another name", |p| p.annotation(CONE).name = "things[3]".into()),
    ("an annotation that is missing", "as the rules say", |p| {
        p.labels.annotations.remove(2);
    }),
    ("an annotation that comes twice", "listed twice", |p| {
        let twice = p.annotation(CONE).clone();
        p.labels.annotations.push(twice);
    }),
    ("two annotations that change places", "order of their ids", |p| p.labels.annotations.swap(1, 2)),
    ("two annotations that change ids", "another category", |p| {
        p.annotation(BOX).instance_id = 1000;
        p.annotation(BALL).instance_id = BOX;
        p.annotation(1000).instance_id = BALL;
    }),
    ("an annotation of nobody", "no instance of the scene", |p| p.annotation(MUG).instance_id = 99),
    ("a mark without a reason", "as the rules say", |p| p.annotation(MUG).marked = Some(Reason::MinVisiblePx)),
    ("something left out that is not", "as the rules say", |p| {
        p.labels.left_out.remove(1);
    }),
    ("another reason to leave something out", "as the rules say", |p| {
        p.labels.left_out[1].reason = Reason::MinVisibility;
    }),
    ("the area of something left out", "left out is not the number", |p| p.labels.left_out[1].area += 1),
    // Amodal masks.
    ("an amodal bit that is missing where the instance is seen", "outside of its amodal mask", |p| {
        let (x, y) = p.pixel(BALL);
        flip(p.mask(BALL), x, y);
    }),
    ("an amodal bit that is missing where the instance is hidden", "hidden_by", |p| {
        let at = (0..72).flat_map(|y| (0..96).map(move |x| (x, y)));
        let hidden: Vec<_> = at
            .filter(|&(x, y)| p.frame.ids.get(x, y) != Some(&BALL))
            .filter(|&(x, y)| p.frame.amodal.as_ref().unwrap()[BALL as usize - 1].inside.contains(x, y))
            .collect();
        let (x, y) = hidden[hidden.len() / 2];
        flip(p.mask(BALL), x, y);
    }),
    ("an amodal area on the canvas", "amodal area", |p| {
        p.annotation(CUT_OFF).amodal.as_mut().unwrap().area += 1;
    }),
    ("an amodal area within the frame", "area_in_frame", |p| {
        p.annotation(BALL).amodal.as_mut().unwrap().area_in_frame -= 1;
    }),
    ("an amodal box", "amodal box", |p| p.annotation(CUT_OFF).amodal.as_mut().unwrap().bbox[2] += 1),
    ("an amodal box of the frame", "amodal mask cannot be", |p| p.mask(BALL).bbox[0] -= 1),
    ("an amodal area of the frame", "amodal mask cannot be", |p| p.mask(BALL).area += 1),
    ("an amodal run that is longer", "cover pixels outside of it", |p| {
        let amodal = p.annotation(BALL).amodal.as_mut().unwrap();
        amodal.rle = longer(&amodal.rle, 2);
    }),
    ("an amodal run that is shorter", "do not cover all of it", |p| {
        let amodal = p.annotation(BALL).amodal.as_mut().unwrap();
        amodal.rle = shorter(&amodal.rle, 2);
    }),
    ("a count of hidden_by", "hidden_by", |p| p.annotation(BALL).amodal.as_mut().unwrap().hidden_by[1].1 += 1),
    ("an id of hidden_by", "hidden_by", |p| p.annotation(BALL).amodal.as_mut().unwrap().hidden_by[1].0 = MUG),
    ("a visibility", "visibility is not", |p| p.annotation(BALL).amodal.as_mut().unwrap().visibility += 1e-6),
    ("a truncation", "truncation is not", |p| p.annotation(CUT_OFF).amodal.as_mut().unwrap().truncation -= 1e-6),
    ("the visibility of something left out", "visibility is not", |p| {
        p.labels.left_out[0].amodal.as_mut().unwrap().visibility = 0.5;
    }),
    ("an amodal mask that is missing", "no amodal mask", |p| {
        p.frame.amodal.as_mut().unwrap().remove(2);
    }),
    ("amodal masks that change places", "not in the order", |p| p.frame.amodal.as_mut().unwrap().swap(2, 3)),
    ("an amodal mask that is beside the frame", "beyond the frame", |p| p.mask(BALL).inside.x = 90),
    ("an amodal mask beyond all numbers", "beyond the frame", |p| p.mask(BALL).inside.x = u32::MAX),
    ("an amodal mask without words", "beyond the frame", |p| p.mask(BALL).inside.words.clear()),
    ("an amodal mask that comes twice, once without words", "beyond the frame", |p| {
        let mut twice = p.mask(BALL).clone();
        twice.inside.height = u32::MAX;
        p.frame.amodal.as_mut().unwrap().push(twice);
    }),
    ("a bit below the last row", "beyond the frame", |p| *p.mask(BALL).inside.words.last_mut().unwrap() = u32::MAX),
    ("an amodal box beyond all numbers", "amodal mask cannot be", |p| p.mask(BALL).bbox = [i32::MIN, 0, i32::MAX, 1]),
    ("an amodal area beyond all numbers", "amodal mask cannot be", |p| p.mask(BALL).area = u64::MAX),
    ("counts of hidden_by beyond all numbers", "hidden_by", |p| {
        p.annotation(BALL).amodal.as_mut().unwrap().hidden_by = vec![(0, u64::MAX), (9, u64::MAX)];
    }),
    ("all amodal masks", "amodal masks are missing", |p| p.frame.amodal = None),
    ("amodal labels", "amodal labels", |p| p.annotation(BALL).amodal = None),
    // Space.
    ("a distance", "distance is not", |p| bump(&mut p.annotation(BOX).pose.as_mut().unwrap().distance)),
    ("the scale of a pose", "scale of a pose", |p| p.annotation(CONE).pose.as_mut().unwrap().scale[0] = 1.0),
    ("a distance that is no number", "distance is not", |p| {
        p.annotation(BOX).pose.as_mut().unwrap().distance = f64::NAN;
    }),
    ("a corner that is no number", "a corner of a 3D box", |p| {
        p.annotation(BOX).box3d.as_mut().unwrap().oriented.corners[3][0] = f64::NAN;
    }),
    ("a keypoint that is no number", "keypoint is not where", |p| keypoints(p)[0].x = f64::NAN),
    ("a coordinate that is no number", "bounds", |p| {
        let at = p.pixel(BOX);
        shift(&mut p.frame.coordinates, at, [f32::NAN, 0.0, 0.0]);
    }),
    ("a pose that is missing", "lacks those that are", |p| p.annotation(CONE).pose = None),
    ("a pixel of the panoptic image", "panoptic image", |p| {
        let at = p.pixel(BOX);
        scale(&mut p.labels.panoptic.as_mut().unwrap().ids, at, |_| CARPET);
    }),
    ("the area of a segment", "panoptic segment is not", |p| {
        p.labels.panoptic.as_mut().unwrap().segments[0].area += 1;
    }),
    ("the box of a segment", "panoptic segment is not", |p| {
        p.labels.panoptic.as_mut().unwrap().segments[1].bbox[3] -= 1;
    }),
    ("the category of a segment", "panoptic segment is not", |p| {
        p.labels.panoptic.as_mut().unwrap().segments[1].category_id = 3;
    }),
    ("a crowd", "panoptic segment is not", |p| p.labels.panoptic.as_mut().unwrap().segments[1].iscrowd = true),
    ("a segment that is missing", "panoptic segments are not those", |p| {
        p.labels.panoptic.as_mut().unwrap().segments.pop();
    }),
    ("panoptic labels", "panoptic labels", |p| p.labels.panoptic = None),
    ("x of a keypoint", "keypoint is not where", |p| keypoints(p)[0].x += 1e-3),
    ("y of a keypoint", "keypoint is not where", |p| keypoints(p)[1].y -= 1e-3),
    ("a keypoint that is hidden becomes visible", "flag of a keypoint", |p| keypoints(p)[2].seen = Seen::Visible),
    ("a keypoint that is visible becomes hidden", "flag of a keypoint", |p| keypoints(p)[0].seen = Seen::Hidden),
    ("a keypoint that is visible becomes absent", "flag of a keypoint", |p| keypoints(p)[1].seen = Seen::Absent),
    ("a keypoint that is absent becomes hidden", "not absent", |p| keypoints(p)[3].seen = Seen::Hidden),
    ("an absent keypoint that is somewhere", "not absent", |p| keypoints(p)[3].x = 4.0),
    ("the name of a keypoint", "keypoints are not those", |p| keypoints(p)[3].name = "tail".into()),
    ("keypoints", "keypoints that are not asked for", |p| p.annotation(MUG).keypoints = None),
    ("a skeleton", "skeleton", |p| p.subject.scene.categories[0].skeleton.push([0, 4])),
    ("the id of a segment", "panoptic segments are not those", |p| {
        p.labels.panoptic.as_mut().unwrap().segments[1].id = u32::MAX;
    }),
    // The scene: what was rendered is not what it says.
    ("a camera that the scene lacks", "camera that the scene lacks", |p| p.frame.camera = 1),
    ("a mug that stands elsewhere", "project back", |p| {
        p.subject.scene.instances[8].position.x += 0.01;
    }),
    ("no owners", "no owner", |p| p.frame.owners = Arc::from([])),
    ("an owner that is not in the scene", "belongs to no instance", |p| {
        let mut owners: Vec<Owner> = p.frame.owners.to_vec();
        owners[3].instance = u32::MAX;
        p.frame.owners = Arc::from(owners);
    }),
    ("no geometry", "geometry of another number", |p| p.subject.solids.clear()),
    ("a rule", "as the rules say", |p| p.subject.scene.labels.min_visible_px = 100),
    ("a surface that labels see through", "see through", |p| {
        p.subject.solids[3].see_through = vec![true];
    }),
    ("amodal pixels that were not reckoned with", "not reckoned with", |p| p.frame.amodal_strays = 1),
];

fn keypoints(picture: &mut Picture) -> &mut Vec<scenewright::annotate::KeypointLabel> {
    picture.annotation(BOX).keypoints.as_mut().unwrap()
}

fn nothing(picture: &Picture) -> (u32, u32) {
    let surfaces = &picture.frame.surfaces;
    (0..72).flat_map(|y| (0..96).map(move |x| (x, y))).find(|&(x, y)| surfaces.get(x, y) == Some(&0)).unwrap()
}

fn flip(mask: &mut AmodalMask, x: u32, y: u32) {
    let words = mask.inside.words_per_column();
    let (column, row) = (x - mask.inside.x, y - mask.inside.y);
    mask.inside.words[column as usize * words + row as usize / 32] ^= 1 << (row % 32);
}

/// Fails unless the audit refuses the picture and says these words.
fn refused(name: &str, words: &str, picture: &Picture) {
    match picture.audit() {
        Ok(()) => panic!("{name}: it was not found"),
        Err(said) => assert!(said.contains(words), "{name}: the verdict lacks `{words}`: {said}"),
    }
}

#[test]
fn every_number_that_is_wrong_is_found_and_named() {
    let right = rich();
    for (name, words, mutate) in MUTATIONS {
        let mut wrong = right.clone();
        mutate(&mut wrong);
        refused(name, words, &wrong);
    }
}

#[test]
fn every_entry_of_every_matrix_is_looked_at() {
    let right = rich();
    for (row, column) in (0..4).flat_map(|row| (0..4).map(move |column| (row, column))) {
        let name = format!("row {row}, column {column}");
        let check = |words: &str, mutate: &dyn Fn(&mut Picture)| {
            let mut wrong = right.clone();
            mutate(&mut wrong);
            refused(&name, words, &wrong);
        };
        if row < 3 && column < 3 {
            check(&format!("K_opencv is not of fx, fy, cx and cy: in {name}"), &|p| {
                p.labels.camera.K_opencv[row][column] += 1e-6;
            });
        }
        check("world_from_opencv_camera is not the scene's", &|p| {
            p.labels.camera.world_from_opencv_camera[row][column] += 1e-6;
        });
        check("opencv_camera_from_world is not the scene's", &|p| {
            p.labels.camera.opencv_camera_from_world[row][column] -= 1e-6;
        });
        check("camera_from_object is not", &|p| {
            p.annotation(BOX).pose.as_mut().unwrap().camera_from_object[row][column] += 1e-6;
        });
    }
}

#[test]
fn every_number_of_a_box_in_space_is_looked_at() {
    let right = rich();
    for oriented in [true, false] {
        let check = |name: String, words: &str, mutate: &dyn Fn(&mut scenewright::annotate::ProjectedBox)| {
            let mut wrong = right.clone();
            let boxes = wrong.annotation(CONE).box3d.as_mut().unwrap();
            mutate(if oriented { &mut boxes.oriented } else { &mut boxes.axis_aligned });
            refused(&name, words, &wrong);
        };
        for axis in 0..3 {
            check(format!("centre {axis}"), "centre of a 3D box", &|b| b.center[axis] += 1e-6);
            check(format!("size {axis}"), "size of a 3D box", &|b| b.size[axis] += 1e-6);
        }
        for corner in 0..8 {
            for axis in 0..3 {
                check(format!("corner {corner} {axis}"), "a corner of a 3D box", &|b| b.corners[corner][axis] += 1e-6);
            }
            for axis in 0..2 {
                check(format!("pixel {corner} {axis}"), "projected corner", &|b| {
                    b.pixels[corner].as_mut().unwrap()[axis] += 1e-6;
                });
            }
            check(format!("no pixel {corner}"), "projected corner", &|b| b.pixels[corner] = None);
        }
    }
}

#[test]
fn an_instance_that_was_not_drawn_is_found() {
    let scene = scene();
    let library = library(&scene);
    for position in 0..scene.instances.len() {
        let id = scene.instances[position].id;
        // Small, hidden and see-through things need not be seen, and see-through ones must not be.
        if [HIDDEN, DOT, GLASS].contains(&id) {
            continue;
        }
        // A renderer that forgot the instance: the frame is that of a scene where it stands behind the camera.
        let mut forgotten = scene.clone();
        forgotten.instances[position].position = DVec3::new(0.0, 0.0, 50.0);
        let frame = cast(&forgotten, &library, 0);
        let subject = Subject::new(scene.clone(), &library).unwrap();
        let labels = annotate(&subject, &frame).unwrap();
        let wrong = Picture { subject, frame, labels };
        refused(&scene.instances[position].name(), "not drawn", &wrong);
    }
}

#[test]
fn each_kind_of_failure_is_told_once_with_its_count_and_first_place() {
    let mut picture = rich();
    let (x, y) = picture.pixel(BOX);
    for k in 0..3 {
        scale(&mut picture.frame.ids, (x + k, y), |_| BALL);
    }
    let area = &mut picture.annotation(RING).area;
    *area += 1;
    let area = *area;
    let said = audit(&picture.subject, &picture.frame, &picture.labels).unwrap_err().0;
    assert_eq!(
        said,
        [
            format!(
                "a pixel shows another id than its surface's owner has: 3 pixels, the first at ({x}, {y}), id 4 instead of 3"
            ),
            format!(
                "an area is not the number of pixels that show the instance: things[5] (id 6): {area} instead of {}",
                area - 1
            ),
        ]
    );
}

#[test]
fn rules_that_mark_and_keep_are_known() {
    for (below, min_visibility) in [(Below::Mark, 0.9), (Below::Keep, 0.9), (Below::LeaveOut, 0.9), (Below::Mark, 0.0)]
    {
        let mut scene = scene();
        scene.labels = LabelSettings { below, min_visibility, ..scene.labels };
        let library = library(&scene);
        assert_eq!(Picture::new(scene, &library, 0).audit(), Ok(()), "{below:?}");
    }
}

#[test]
fn what_is_not_asked_for_is_not_missed() {
    let mut scene = scene();
    scene.labels = LabelSettings::default();
    let library = library(&scene);
    let mut picture = Picture::new(scene, &library, 0);
    let frame = &mut picture.frame;
    (frame.geometric_normals, frame.shaded_normals, frame.uv, frame.coordinates) = (None, None, None, None);
    (frame.albedo, frame.roughness, frame.metallic, frame.emission) = (None, None, None, None);
    frame.amodal = None;
    assert_eq!(picture.audit(), Ok(()));
}

/// Lenses from 0.01 to 179 degrees, the smallest image, things at the near plane and far from the origin.
#[test]
fn extremes_pass() {
    let one = |(width, height): (u32, u32), degrees: f64, away: f64, origin: f64, shape: Shape| {
        let mut scene = scene();
        scene.instances.clear();
        (scene.labels.min_visible_px, scene.labels.min_visibility) = (1, 0.0);
        let origin = DVec3::new(origin, -origin, 0.5 * origin);
        thing(&mut scene, Some(3), shape, (origin + DVec3::new(0.0, 0.0, -away)).to_array()).rotation =
            DQuat::from_rotation_x(0.7);
        thing(&mut scene, Some(2), Shape::Plane([2e4, 2e4].into()), (origin - DVec3::Y * away).to_array());
        let f = f64::from(width) / 2.0 / libm::tan(degrees.to_radians() / 2.0);
        let camera = &mut scene.cameras[0];
        (camera.fx, camera.fy) = (f, 0.8 * f);
        (camera.cx, camera.cy) = (f64::from(width) / 2.0, f64::from(height) / 2.0);
        (camera.position, camera.rotation) = (origin, DQuat::IDENTITY);
        (scene.image.width, scene.image.height) = (width, height);
        let picture = Picture::new(scene, &Library::default(), 0);
        assert!(!picture.labels.annotations.is_empty(), "nothing is seen");
        assert_eq!(picture.audit(), Ok(()), "{degrees} degrees, {away} m away, {origin} m from the origin");
    };
    let cube = || Shape::Box(DVec3::ONE);
    one((24, 18), 0.01, 4000.0, 0.0, cube());
    one((24, 18), 179.0, 1.0, 0.0, cube());
    one((24, 18), 60.0, 2.0, 1e6, cube());
    one((24, 18), 60.0, 2.0, -3e3, Shape::Sphere(0.5));
    one((1, 1), 60.0, 2.0, 0.0, cube());
    one((1, 300), 60.0, 2.0, 0.0, cube());
    one((24, 18), 60.0, 0.07, 0.0, Shape::Sphere(0.01));
    one((24, 18), 60.0, 0.5, 0.0, Shape::Torus { major_radius: 1.0, minor_radius: 0.4 });
    one((24, 18), 60.0, 3e8, 0.0, Shape::Sphere(1e8));
}

#[test]
fn scenes_of_every_recipe_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut recipes = 0;
    for entry in root.join("scenes").read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "ron") {
            continue;
        }
        recipes += 1;
        let selection = Selection { count: Some(2), ..Selection::default() };
        let plan = Plan::load(&path, None, selection).unwrap();
        for index in plan.indices() {
            let mut scene = plan.scene(index).unwrap();
            scene.labels.outputs = Output::ALL.into();
            // Fewer pixels, the same picture.
            let smaller = 8;
            scene.image.width /= smaller;
            scene.image.height /= smaller;
            for camera in &mut scene.cameras {
                for length in [&mut camera.fx, &mut camera.fy, &mut camera.cx, &mut camera.cy] {
                    *length /= f64::from(smaller);
                }
            }
            for camera in 0..scene.cameras.len() {
                let picture = Picture::new(scene.clone(), plan.library(), camera);
                assert_eq!(picture.audit(), Ok(()), "{} {index}, camera {camera}", path.display());
            }
        }
    }
    assert!(recipes > 5);
}

fn shapes() -> impl Strategy<Value = Shape> {
    let length = || 0.05..1.5_f64;
    prop_oneof![
        (length(), length(), length()).prop_map(|size| Shape::Box(size.into())),
        length().prop_map(Shape::Sphere),
        (length(), length()).prop_map(|(radius, height)| Shape::Cylinder { radius, height }),
        (length(), length()).prop_map(|(radius, height)| Shape::Cone { radius, height }),
        (length(), length()).prop_map(|(radius, height)| Shape::Capsule { radius, height }),
        (length(), 0.1..0.95_f64)
            .prop_map(|(major_radius, share)| Shape::Torus { major_radius, minor_radius: share * major_radius }),
        (length(), length()).prop_map(|size| Shape::Plane(size.into())),
        Just(Shape::Gltf("assets/mug.glb".into())),
        Just(Shape::Gltf("assets/crate.glb".into())),
    ]
}

fn places(within: f64) -> impl Strategy<Value = DVec3> {
    [-within..within, -within..within, -within..within].prop_map(DVec3::from)
}

fn rotations() -> impl Strategy<Value = DQuat> {
    [-1.0..1.0, -1.0..1.0, -1.0..1.0, 0.1..1.0_f64].prop_map(|q| DQuat::from_array(q).normalize())
}

fn scales() -> impl Strategy<Value = DVec3> {
    let axis = || prop_oneof![0.3..2.0_f64, -2.0..-0.3_f64];
    [axis(), axis(), axis()].prop_map(DVec3::from)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_scenes_pass(
        bodies in prop::collection::vec((shapes(), places(2.0), rotations(), scales(), 0..4_u32, any::<bool>()), 1..9),
        eye in places(4.0),
        roll in -3.0..3.0_f64,
        focal in [10.0..200.0_f64, 10.0..200.0_f64],
        principal in [-20.0..60.0_f64, -20.0..60.0_f64],
        near in 0.01..1.0_f64,
        below in prop_oneof![Just(Below::Keep), Just(Below::Mark), Just(Below::LeaveOut)],
        rules in (1..20_u32, 0.0..0.5_f64),
    ) {
        let mut scene = scene();
        scene.instances.clear();
        scene.labels = LabelSettings {
            outputs: Output::ALL.into(),
            min_visible_px: rules.0,
            min_visibility: rules.1,
            below,
        };
        (scene.image.width, scene.image.height) = (40, 33);
        for (shape, position, rotation, scale, category, double_sided) in bodies {
            let category = (category > 0).then_some(category);
            let body = thing(&mut scene, category, shape, position.to_array());
            (body.rotation, body.scale) = (rotation, scale);
            body.material = Some(Material { double_sided, ..Material::default() });
            if category == Some(1) {
                let position = DVec3::new(0.1, 0.2, 0.3);
                body.keypoints = vec![Keypoint { name: "corner".into(), position }];
            }
        }
        // Ids are dense, in order.
        let mut next = 0;
        for instance in &mut scene.instances {
            next += u32::from(instance.category.is_some());
            instance.id = if instance.category.is_some() { next } else { 0 };
        }
        scene.cameras[0] = Camera {
            fx: focal[0],
            fy: focal[1],
            cx: principal[0],
            cy: principal[1],
            near,
            position: eye,
            rotation: look_at(eye, DVec3::ZERO, roll),
            ..synthetic::camera("main")
        };
        let library = library(&scene);
        let picture = Picture::new(scene, &library, 0);
        prop_assert_eq!(picture.audit(), Ok(()));
    }
}

/// A frame as a rasteriser makes it that rounds as coarsely as it may: corners are moved by half a step of a grid of 1/16 of a pixel,
/// and all of space is single precision on its way through the matrices.
fn rasterised(scene: &Scene, library: &Library, camera: usize, [right, down]: [f64; 2]) -> Picture {
    let mut moved = scene.clone();
    moved.cameras[camera].cx += right;
    moved.cameras[camera].cy += down;
    let mut frame = cast(&moved, library, camera);
    let eye = &scene.cameras[camera];
    let view = glam::Affine3A::from_rotation_translation(eye.rotation.as_quat(), eye.position.as_vec3()).inverse();
    let worlds: Vec<glam::Affine3A> = scene
        .instances
        .iter()
        .map(|instance| {
            let (scale, rotation) = (instance.scale.as_vec3(), instance.rotation.as_quat());
            glam::Affine3A::from_scale_rotation_translation(scale, rotation, instance.position.as_vec3())
        })
        .collect();
    let coordinates = frame.coordinates.clone().unwrap();
    for (n, &own) in coordinates.pixels().iter().enumerate() {
        let Some(number) = frame.surfaces.pixels()[n].checked_sub(1) else { continue };
        let world = worlds[frame.owners[number as usize].instance as usize].transform_point3(own.into());
        let point = view.transform_point3(world);
        frame.depth.pixels_mut()[n] = -point.z;
        frame.range.pixels_mut()[n] = point.length();
    }
    let subject = Subject::new(scene.clone(), library).unwrap();
    let labels = annotate(&subject, &frame).unwrap();
    Picture { subject, frame, labels }
}

/// The scene, carried away from the origin with its camera.
fn elsewhere(mut scene: Scene, by: DVec3) -> Scene {
    scene.instances.iter_mut().for_each(|instance| instance.position += by);
    scene.cameras.iter_mut().for_each(|camera| camera.position += by);
    scene
}

#[test]
fn rounding_passes_near_the_origin_and_far_from_it() {
    let library = library(&scene());
    for away in [0.0, 100.0, 1e4] {
        let scene = elsewhere(scene(), DVec3::new(away, 0.3 * away, -away));
        for step in [[1.0, 1.0], [-1.0, 1.0], [0.3, -1.0]] {
            let picture = rasterised(&scene, &library, 0, step.map(|half| half / 32.0));
            assert_eq!(picture.audit(), Ok(()), "{away} m away, {step:?}");
        }
    }
}

/// OpenCV's pixels begin at -0.5: who mixes the two up is off by half a pixel.
#[test]
fn half_a_pixel_is_found() {
    let library = library(&scene());
    for step in [[0.5, 0.0], [0.0, 0.5], [-0.5, 0.0], [0.0, -0.5]] {
        let mut picture = rasterised(&scene(), &library, 0, step);
        refused("every output", "project back", &picture);
        // Without object coordinates, range tells it.
        picture.frame.coordinates = None;
        refused("default outputs", "range is not the distance", &picture);
    }
}

/// A rasteriser is off by a part of a pixel on slivers that it sees from their edges: a few such pixels are no mistake, many are.
#[test]
fn a_few_strays_are_no_mistake_and_many_are() {
    let library = library(&scene());
    let clean = rasterised(&scene(), &library, 0, [0.0; 2]);
    let beside = rasterised(&scene(), &library, 0, [0.4, 0.0]).frame.coordinates.unwrap();
    // Pixels that show the same either way, so that only their coordinates are another's.
    let width = clean.frame.surfaces.width();
    let (frame, mut picture) = (&clean.frame, clean.clone());
    let coordinates = picture.frame.coordinates.as_mut().unwrap();
    let mut moved = 0;
    for (n, &value) in (0..).zip(beside.pixels()) {
        let within = (n % width) > 0 && frame.ids.pixels()[n as usize] > 0;
        if within && moved < 4 && n % 7 == 0 {
            coordinates.set(n % width, n / width, value);
            moved += 1;
        }
    }
    assert_eq!(moved, 4);
    assert_eq!(picture.audit(), Ok(()));
    picture.frame.coordinates = Some(beside);
    refused("all beside", "project back", &picture);
}

/// `cargo test --release ... --test cpu audit -- --ignored --nocapture` tells what an audit costs.
#[test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a measurement")]
fn cost() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let plan = Plan::load(&root.join("scenes/tabletop.ron"), None, Selection::default()).unwrap();
    let mut scene = plan.scene(0).unwrap();
    let outputs =
        |outputs: &[Output]| LabelSettings { outputs: outputs.iter().copied().collect(), ..LabelSettings::default() };
    // Twenty of its things.
    while scene.instances.len() < 20 {
        let mut copy = scene.instances[scene.instances.len() - 8].clone();
        copy.position += DVec3::new(0.11, 0.0, 0.07);
        scene.instances.push(copy);
    }
    let mut next = 0;
    for instance in scene.instances.iter_mut().filter(|instance| instance.id > 0) {
        next += 1;
        instance.id = next;
    }
    for (name, labels) in [("default", LabelSettings::default()), ("all", outputs(&Output::ALL))] {
        scene.labels = labels;
        let started = std::time::Instant::now();
        let subject = Subject::new(scene.clone(), plan.library()).unwrap();
        let prepared = started.elapsed();
        let mut frame = cast(&scene, plan.library(), 0);
        if name == "default" {
            (frame.geometric_normals, frame.shaded_normals, frame.uv, frame.coordinates) = (None, None, None, None);
            (frame.albedo, frame.roughness, frame.metallic, frame.emission) = (None, None, None, None);
            frame.amodal = None;
        }
        let labels = annotate(&subject, &frame).unwrap();
        let mut times: Vec<_> = (0..30)
            .map(|_| {
                let started = std::time::Instant::now();
                audit(&subject, &frame, &labels).unwrap();
                started.elapsed()
            })
            .collect();
        times.sort();
        println!(
            "{name} outputs, {} x {}, {} instances: {:?} (median of 30), {:?} least; geometry of the scene {prepared:?}",
            scene.image.width,
            scene.image.height,
            scene.instances.len(),
            times[15],
            times[0],
        );
    }
}

/// As many instances as an image of 16 bits can number.
#[test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a measurement")]
fn cost_of_many() {
    let mut scene = scene();
    scene.instances.clear();
    (scene.labels.min_visible_px, scene.labels.min_visibility) = (1, 0.0);
    for k in 0..65_535_u32 {
        let place = DVec3::new(f64::from(k % 256) - 128.0, f64::from(k / 256) - 128.0, -300.0);
        thing(&mut scene, Some(3), Shape::Box(DVec3::splat(0.9)), place.to_array());
        scene.instances[k as usize].id = k + 1;
    }
    let camera = &mut scene.cameras[0];
    (camera.position, camera.rotation) = (DVec3::ZERO, DQuat::IDENTITY);
    let picture = Picture::new(scene, &Library::default(), 0);
    let started = std::time::Instant::now();
    assert_eq!(picture.audit(), Ok(()));
    println!("{} instances, {} of them seen: {:?}", 65_535, picture.labels.annotations.len(), started.elapsed());
}
