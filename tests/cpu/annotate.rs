//! Ids to labels, and what refuses a frame.

use scenewright::annotate::{AnnotateError, annotate};
use scenewright::image::Image;

use crate::synthetic::{empty_frame, paint, rectangle, scene, subject};

#[test]
fn two_rectangles_give_two_annotations_with_their_numbers() {
    let scene = scene(0, 3, &["main"], (40, 30));
    let mut frame = empty_frame(&scene, 0);
    paint(&mut frame, 3, 2.0, rectangle([5, 4, 10, 6]));
    paint(&mut frame, 2, 1.0, rectangle([12, 7, 8, 8])); // hides the corner [12, 15) x [7, 10) of the first

    let found = annotate(&subject(&scene), &frame).unwrap().annotations;
    assert_eq!(found.len(), 2, "id 1 is not seen");
    assert_eq!((found[0].instance_id, found[0].category_id), (2, 2));
    assert_eq!((found[0].object.as_str(), found[0].name.as_str()), ("balls", "balls[0]"));
    assert_eq!((found[0].bbox, found[0].area), ([12, 7, 8, 8], 64));
    assert_eq!((found[1].name.as_str(), found[1].category_id), ("mugs[1]", 1));
    assert_eq!((found[1].bbox, found[1].area), ([5, 4, 10, 6], 60 - 3 * 3));
    let mask = found[1].rle.decode().unwrap();
    assert!(mask.pixels().iter().zip(frame.ids.pixels()).all(|(&inside, &id)| inside == (id == 3)));
}

#[test]
fn an_object_one_pixel_wide_has_a_box_one_pixel_wide() {
    let scene = scene(0, 1, &["main"], (40, 30));
    let mut frame = empty_frame(&scene, 0);
    paint(&mut frame, 1, 1.0, rectangle([39, 29, 1, 1]));
    assert_eq!(annotate(&subject(&scene), &frame).unwrap().annotations[0].bbox, [39, 29, 1, 1]);
}

#[test]
fn an_image_of_nothing_has_no_annotations() {
    let scene = scene(0, 2, &["main"], (40, 30));
    assert!(annotate(&subject(&scene), &empty_frame(&scene, 0)).unwrap().annotations.is_empty());
}

#[test]
fn an_id_that_the_scene_does_not_know_refuses_the_frame() {
    let mut scene = scene(0, 1, &["main"], (40, 30));
    let mut frame = empty_frame(&scene, 0);
    paint(&mut frame, 2, 1.0, rectangle([7, 8, 2, 2]));
    assert_eq!(annotate(&subject(&scene), &frame).unwrap_err(), AnnotateError::UnknownId { id: 2, x: 7, y: 8 });
    // Nor may an unlabelled instance show its id.
    scene.instances[0].id = 2;
    assert_eq!(annotate(&subject(&scene), &frame).unwrap_err(), AnnotateError::UnknownId { id: 2, x: 7, y: 8 });
}

#[test]
fn a_labelled_pixel_without_depth_refuses_the_frame() {
    let scene = scene(0, 1, &["main"], (40, 30));
    for wrong in [f32::INFINITY, f32::NAN, 0.0, -1.0] {
        let mut frame = empty_frame(&scene, 0);
        paint(&mut frame, 1, 1.0, rectangle([5, 5, 3, 3]));
        frame.depth.set(6, 7, wrong);
        let error = annotate(&subject(&scene), &frame).unwrap_err();
        assert!(matches!(error, AnnotateError::Depth { id: 1, x: 6, y: 7, .. }), "{error}");
    }
}

#[test]
fn images_of_another_size_refuse_the_frame() {
    let scene = scene(0, 1, &["main"], (40, 30));
    let mut frame = empty_frame(&scene, 0);
    frame.depth = Image::filled(30, 40, 1.0);
    let message = annotate(&subject(&scene), &frame).unwrap_err().to_string();
    assert_eq!(message, "the depth image is 30 x 40 pixels, but the scene asks for 40 x 30");
}

#[test]
fn a_scene_that_contradicts_itself_refuses_the_frame() {
    let good = scene(0, 2, &["main"], (40, 30));
    let frame = empty_frame(&good, 0);
    let mut shared = good.clone();
    shared.instances[2].id = 1;
    assert!(matches!(annotate(&subject(&shared), &frame).unwrap_err(), AnnotateError::SharedId { id: 1, .. }));
    let mut unknown = good.clone();
    unknown.instances[1].category = Some(9);
    assert!(matches!(
        annotate(&subject(&unknown), &frame).unwrap_err(),
        AnnotateError::UnknownCategory { category: 9, .. }
    ));
    let mut elsewhere = frame.clone();
    elsewhere.camera = 1;
    assert_eq!(annotate(&subject(&good), &elsewhere).unwrap_err(), AnnotateError::Camera { camera: 1, cameras: 1 });
}

#[test]
fn every_pixel_can_be_an_instance_of_its_own() {
    // 300 x 225 pixels: 67 500 ids, more than 16 bits hold.
    let scene = scene(0, 67_500, &["main"], (300, 225));
    let mut frame = empty_frame(&scene, 0);
    for (id, (x, y)) in (1..).zip((0..225).flat_map(|y| (0..300).map(move |x| (x, y)))) {
        frame.ids.set(x, y, id);
        frame.depth.set(x, y, 1.0);
    }
    let found = annotate(&subject(&scene), &frame).unwrap().annotations;
    assert_eq!(found.len(), 67_500);
    // The last is in column 299 and row 224, id 65 536 in column 65 535 % 300 = 135 and row 65 535 / 300 = 218.
    assert_eq!((found[67_499].instance_id, found[67_499].bbox), (67_500, [299, 224, 1, 1]));
    assert_eq!((found[65_535].instance_id, found[65_535].bbox), (65_536, [135, 218, 1, 1]));
}
