//! The contact sheet.

use scenewright::annotate::{Labels, Subject, annotate};
use scenewright::frame::Frame;
use scenewright::image::Image;
use scenewright::preview::{PreviewItem, contact_sheet, instance_color};

use crate::synthetic::{empty_frame, paint, rectangle, ring, scene, subject};

fn frames(count: u64) -> Vec<(Subject, Frame, Labels)> {
    let one = |index: u64| {
        let scene = scene(index, 12, &["main"], (640, 480));
        let mut frame = empty_frame(&scene, 0);
        let shift = u32::try_from(index).unwrap() * 20;
        for y in 240..480_u16 {
            for x in 0..640 {
                frame.depth.set(x, y.into(), 720.0 / (f32::from(y) - 230.0)); // a floor, to a horizon 72 m away
            }
        }
        paint(&mut frame, 1, 2.5, rectangle([60 + shift, 200, 150, 120]));
        paint(&mut frame, 2, 1.8, ring(320, 260 + shift / 2, 90, 50));
        paint(&mut frame, 3, 1.2, rectangle([420, 330, 200, 130]));
        paint(&mut frame, 4, 1.1, rectangle([450, 300, 60, 90]));
        paint(&mut frame, 6, 9.0, rectangle([630, 10, 2, 2])); // tiny, in a corner
        paint(&mut frame, 9, 4.0, rectangle([0, 0, 40, 30]));
        let labels = annotate(&subject(&scene), &frame).unwrap();
        (subject(&scene), frame, labels)
    };
    (0..count).map(one).collect()
}

fn sheet(of: &[(Subject, Frame, Labels)], cell_width: u32) -> Image<[u8; 3]> {
    let items: Vec<_> = of.iter().map(|(subject, frame, labels)| PreviewItem { subject, frame, labels }).collect();
    contact_sheet(&items, cell_width)
}

fn count_color(image: &Image<[u8; 3]>, color: [u8; 3]) -> usize {
    image.pixels().iter().filter(|pixel| **pixel == color).count()
}

#[test]
fn a_sheet_shows_colour_masks_and_depth_side_by_side() {
    let of = frames(2);
    let sheet = sheet(&of, 320);
    assert_eq!(sheet.width(), 3 * (320 + 6) + 6);
    // One pixel well inside each cell of the first row: caption of 16, gap of 6.
    let at = |panel: u32, x: u32, y: u32| *sheet.get(6 + panel * 326 + x, 6 + 16 + y).unwrap();
    assert_eq!(at(0, 10, 60), [90, 120, 160], "the sky as the camera saw it");
    assert_ne!(at(1, 70, 130), at(0, 70, 130), "masks are tinted");
    assert!(at(2, 260, 220)[0] > at(2, 120, 125)[0], "near is brighter than far");
    for annotation in &of[0].2.annotations {
        assert!(count_color(&sheet, instance_color(annotation.instance_id)) > 20, "{} is drawn", annotation.name);
    }
    if let Some(path) = std::env::var_os("SCENEWRIGHT_WRITE_SAMPLE_SHEET") {
        std::fs::write(path, scenewright::write::encode::rgb_png(&sheet).unwrap()).unwrap();
    }
}

#[test]
fn from_five_frames_on_there_are_two_to_a_row() {
    let (four, five) = (sheet(&frames(4), 96), sheet(&frames(5), 96));
    assert_eq!(five.width(), 2 * four.width());
    assert!(five.height() < four.height());
}

#[test]
fn a_one_pixel_object_still_has_a_box_that_can_be_seen() {
    let scene = scene(0, 1, &["main"], (640, 480));
    let mut frame = empty_frame(&scene, 0);
    paint(&mut frame, 1, 1.0, rectangle([639, 479, 1, 1]));
    let labels = annotate(&subject(&scene), &frame).unwrap();
    let with = sheet(&[(subject(&scene), frame.clone(), labels)], 160);
    // The name's background, and the frame of a box of a few pixels.
    assert!(count_color(&with, instance_color(1)) > 100);
}

#[test]
fn no_size_and_no_number_of_frames_breaks_a_sheet() {
    assert!(sheet(&[], 320).width() > 0);
    for (width, height) in [(1, 1), (1, 3000), (3000, 1), (37, 11)] {
        let scene = scene(7, 1, &["a camera with a name that is longer than any cell is wide"], (width, height));
        let mut frame = empty_frame(&scene, 0);
        paint(&mut frame, 1, 0.5, rectangle([0, 0, 1, 1]));
        let labels = annotate(&subject(&scene), &frame).unwrap();
        for cell_width in [0, 320] {
            assert!(sheet(&[(subject(&scene), frame.clone(), labels.clone())], cell_width).height() > 0);
        }
    }
}

#[test]
fn neighbouring_ids_have_colours_that_differ() {
    for id in 1..2000_u32 {
        let (a, b) = (instance_color(id), instance_color(id + 1));
        let distance: u32 = (0..3).map(|k| u32::from(a[k].abs_diff(b[k]))).sum();
        assert!(distance > 100, "ids {id} and {}: {a:?} and {b:?}", id + 1);
    }
}
