//! The audit: right frames pass, and one number that is wrong, anywhere, is found.

mod bent;
mod cost;
mod mutations;
mod passes;
mod rounding;

use std::path::Path;

use glam::{DQuat, DVec3};
use scenewright::annotate::{Annotation, Labels, Reason, Subject, annotate};
use scenewright::assets::Library;
use scenewright::audit::audit;
use scenewright::frame::{AmodalMask, Frame};
use scenewright::image::Image;
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
        motion: None,
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

/// Changes one pixel.
fn scale<T: Copy>(image: &mut Image<T>, (x, y): (u32, u32), change: impl Fn(T) -> T) {
    let old = *image.get(x, y).unwrap();
    image.set(x, y, change(old));
}

/// Fails unless the audit refuses the picture and says these words.
fn refused(name: &str, words: &str, picture: &Picture) {
    match picture.audit() {
        Ok(()) => panic!("{name}: it was not found"),
        Err(said) => assert!(said.contains(words), "{name}: the verdict lacks `{words}`: {said}"),
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
