//! Each number of a right frame made wrong: it is found, and named.

use std::sync::Arc;

use scenewright::annotate::{Reason, Rle, Seen};
use scenewright::frame::{AmodalMask, Owner};
use scenewright::image::Image;

use super::{BALL, BOX, CARPET, CONE, CUT_OFF, FLOOR, MUG, Picture, RING, refused, rich, scale};

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
