//! Ids to labels, and what refuses a frame.

use scenewright::annotate::{AnnotateError, Labels, Reason, Segment, annotate};
use scenewright::frame::Frame;
use scenewright::image::Image;
use scenewright::scene::{Below, Output, Scene};

use crate::synthetic::{Layer, compose, empty_frame, paint, rectangle, scene, subject};

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
        frame.surfaces.set(x, y, id + 1);
        frame.ids.set(x, y, id);
        frame.depth.set(x, y, 1.0);
    }
    let found = annotate(&subject(&scene), &frame).unwrap().annotations;
    assert_eq!(found.len(), 67_500);
    // The last is in column 299 and row 224, id 65 536 in column 65 535 % 300 = 135 and row 65 535 / 300 = 218.
    assert_eq!((found[67_499].instance_id, found[67_499].bbox), (67_500, [299, 224, 1, 1]));
    assert_eq!((found[65_535].instance_id, found[65_535].bbox), (65_536, [135, 218, 1, 1]));
}

#[test]
fn surfaces_ids_and_depth_that_disagree_refuse_the_frame() {
    let scene = scene(0, 2, &["main"], (40, 30));
    let mut good = empty_frame(&scene, 0);
    paint(&mut good, 2, 1.0, rectangle([5, 5, 3, 3]));
    let refused = |change: &dyn Fn(&mut Frame)| {
        let mut frame = good.clone();
        change(&mut frame);
        annotate(&subject(&scene), &frame).unwrap_err().to_string()
    };
    assert_eq!(
        refused(&|frame| frame.ids.set(6, 7, 1)),
        "the id image shows id 1 at pixel (6, 7), but surface 3, which is seen there, has id 2"
    );
    assert_eq!(
        refused(&|frame| frame.ids.set(6, 7, 0)),
        "the id image shows id 0 at pixel (6, 7), but surface 3, which is seen there, has id 2"
    );
    assert_eq!(
        refused(&|frame| frame.surfaces.set(6, 7, 4)),
        "pixel (6, 7) shows surface 4, but the frame has no such surface"
    );
    assert_eq!(
        refused(&|frame| frame.surfaces.set(6, 7, u32::MAX)),
        "pixel (6, 7) shows surface 4294967295, but the frame has no such surface"
    );
    // Nothing at (0, 0), the floor at (0, 29).
    for (place, depth) in [((0, 0), "1"), ((0, 29), "inf")] {
        assert_eq!(
            refused(&|frame| frame.depth.set(place.0, place.1, depth.parse().unwrap())),
            format!(
                "pixel ({}, {}) shows id 0, but its depth is {depth}: it has to be finite and above 0 where there is a surface, \
                 and +inf where nothing is",
                place.0, place.1
            )
        );
    }
    for (instance, id) in [(0, 2), (3, 0), (u32::MAX, 1)] {
        let refused = refused(&|frame| {
            let mut owners = frame.owners.to_vec();
            (owners[1].instance, owners[1].id) = (instance, id);
            frame.owners = owners.into();
        });
        assert_eq!(
            refused,
            format!(
                "surface 2 is said to belong to instance number {instance} with id {id}, which the scene does not have"
            )
        );
    }
    assert!(refused(&|frame| frame.range = Image::filled(30, 40, 1.0)).starts_with("the range image is 30 x 40"));
    let uv = Image::filled(40, 29, [0.0; 2]);
    assert!(refused(&|frame| frame.uv = Some(uv.clone())).starts_with("the texture coordinate image is 40 x 29"));
    let mut other = subject(&scene);
    other.solids.pop();
    assert_eq!(annotate(&other, &good).unwrap_err(), AnnotateError::Solids { instances: 3, solids: 2 });
}

/// Four instances with 100, 9, 10 and 50 pixels, all within their amodal masks; half of the last is hidden by the floor.
fn four(change: impl Fn(&mut Scene)) -> Labels {
    let mut scene = scene(0, 4, &["main"], (40, 30));
    change(&mut scene);
    let card = |depth: f64, [x0, y0, width, height]: [f64; 4]| -> Layer<'static> {
        Box::new(move |x, y| ((x0..x0 + width).contains(&x) && (y0..y0 + height).contains(&y)).then_some(depth))
    };
    let layers = [
        (1, card(1.0, [0.0, 0.0, 10.0, 10.0])),
        (2, card(1.0, [20.0, 0.0, 3.0, 3.0])),
        (3, card(1.0, [30.0, 0.0, 5.0, 2.0])),
        (4, card(1.0, [0.0, 15.0, 10.0, 10.0])),
        (0, card(0.5, [0.0, 20.0, 10.0, 10.0])),
    ];
    annotate(&subject(&scene), &compose(&scene, 0, &layers)).unwrap()
}

fn rules(scene: &mut Scene, px: u32, share: f64, below: Below) {
    (scene.labels.min_visible_px, scene.labels.min_visibility, scene.labels.below) = (px, share, below);
}

#[test]
fn instances_below_a_rule_are_kept_marked_or_left_out_as_it_says() {
    let marked = |labels: &Labels| -> Vec<_> { labels.annotations.iter().map(|a| (a.instance_id, a.marked)).collect() };
    let left =
        |labels: &Labels| -> Vec<_> { labels.left_out.iter().map(|l| (l.instance_id, l.reason, l.area)).collect() };
    let none: Vec<_> = (1..=4).map(|id| (id, None)).collect();

    let kept = four(|scene| rules(scene, 10, 0.6, Below::Keep));
    assert_eq!((marked(&kept), left(&kept)), (none.clone(), vec![]));
    // 9 pixels are below 10, and 10 are not; 0.5 is below 0.6.
    let found = four(|scene| rules(scene, 10, 0.6, Below::Mark));
    let expected = vec![(1, None), (2, Some(Reason::MinVisiblePx)), (3, None), (4, Some(Reason::MinVisibility))];
    assert_eq!((marked(&found), left(&found)), (expected, vec![]));
    let found = four(|scene| rules(scene, 10, 0.6, Below::LeaveOut));
    let expected = vec![(2, Reason::MinVisiblePx, 9), (4, Reason::MinVisibility, 50)];
    assert_eq!((marked(&found), left(&found)), (vec![(1, None), (3, None)], expected));
    // Where both rules are broken, the count of pixels is the reason.
    let found = four(|scene| rules(scene, 51, 0.6, Below::LeaveOut));
    assert_eq!(left(&found)[2], (4, Reason::MinVisiblePx, 50));
    // Exactly what is demanded is enough.
    assert_eq!(marked(&four(|scene| rules(scene, 9, 0.5, Below::Mark))), none);
    // Who is left out takes the masks along, where they are asked for.
    let found = four(|scene| {
        rules(scene, 1, 0.6, Below::LeaveOut);
        scene.labels.outputs.insert(Output::Amodal);
    });
    let whole = found.left_out[0].amodal.as_ref().unwrap();
    assert_eq!(
        (found.left_out[0].name.as_str(), whole.visibility, whole.hidden_by.as_slice()),
        ("balls[1]", 0.5, &[(0, 50)][..])
    );
}

#[test]
fn a_panoptic_image_joins_stuff_and_leaves_void_what_a_rule_leaves_out() {
    let panoptic = |stuff: bool, px: u32, below: Below| {
        let labels = four(|scene| {
            scene.labels.outputs.insert(Output::Panoptic);
            scene.categories[1].stuff = stuff; // balls: ids 2 and 4
            rules(scene, px, 0.0, below);
        });
        labels.panoptic.unwrap()
    };
    let segment = |id, category_id, area, bbox, iscrowd| Segment { id, category_id, area, bbox, iscrowd };
    let count = |image: &Image<u32>, id: u32| image.pixels().iter().filter(|&&pixel| pixel == id).count() as u64;

    let things = panoptic(false, 10, Below::Mark);
    let expected = [
        segment(1, 1, 100, [0, 0, 10, 10], false),
        segment(2, 2, 9, [20, 0, 3, 3], true),
        segment(3, 1, 10, [30, 0, 5, 2], false),
        segment(4, 2, 50, [0, 15, 10, 5], false),
    ];
    assert_eq!(things.segments, expected);
    let joined = panoptic(true, 10, Below::Mark);
    // From (0, 0) to (23, 20); one of the two is not marked, so the whole is not.
    let expected = [expected[0].clone(), segment(2, 2, 59, [0, 0, 23, 20], false), expected[2].clone()];
    assert_eq!(joined.segments, expected);
    assert!(panoptic(true, 51, Below::Mark).segments[1].iscrowd, "both are marked");
    for found in [&things, &joined] {
        assert!(found.segments.iter().all(|segment| count(&found.ids, segment.id) == segment.area));
        assert_eq!(count(&found.ids, 0), 40 * 30 - 169, "void: the floor and nothing");
    }
    assert_eq!((joined.ids.get(0, 15), joined.ids.get(20, 0)), (Some(&2), Some(&2)));
    // Instance 2 is left out: stuff is called after the lowest of those that are not.
    let without = panoptic(true, 10, Below::LeaveOut);
    assert_eq!(without.segments.iter().map(|s| (s.id, s.area)).collect::<Vec<_>>(), [(1, 100), (3, 10), (4, 50)]);
    assert_eq!((without.ids.get(20, 0), without.ids.get(0, 15)), (Some(&0), Some(&4)));
    assert!(four(|_| {}).panoptic.is_none(), "not asked for");
}

#[test]
fn an_id_of_25_bits_does_not_fit_into_a_panoptic_image() {
    let with = |id: u32| {
        let mut scene = scene(0, 1, &["main"], (4, 4));
        scene.instances[1].id = id;
        scene.labels.outputs.insert(Output::Panoptic);
        let mut frame = empty_frame(&scene, 0);
        frame.surfaces.set(1, 1, 2);
        frame.ids.set(1, 1, id);
        frame.depth.set(1, 1, 1.0);
        annotate(&subject(&scene), &frame)
    };
    assert_eq!(with((1 << 24) - 1).unwrap().panoptic.unwrap().ids.get(1, 1), Some(&((1 << 24) - 1)));
    assert_eq!(with(1 << 24).unwrap_err(), AnnotateError::PanopticId { id: 1 << 24 });
}
