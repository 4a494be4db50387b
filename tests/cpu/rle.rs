//! Run-length masks and polygons, against naive twins and known strings.

use proptest::prelude::*;
use scenewright::annotate::polygon::{Polygon, polygons};
use scenewright::annotate::{Mask, Rle, RleError, encode_ids};
use scenewright::frame::BitMask;
use scenewright::image::Image;

fn mask_of(rows: &[&str]) -> Image<bool> {
    let width = u32::try_from(rows[0].len()).unwrap();
    let pixels = rows.iter().flat_map(|row| row.bytes().map(|b| b == b'#')).collect();
    Image::new(width, u32::try_from(rows.len()).unwrap(), pixels).unwrap()
}

fn masks() -> impl Strategy<Value = Image<bool>> {
    (1_u32..24, 1_u32..24, 0.0_f64..1.0).prop_flat_map(|(w, h, density)| {
        proptest::collection::vec(proptest::bool::weighted(density), (w * h) as usize)
            .prop_map(move |pixels| Image::new(w, h, pixels).unwrap())
    })
}

fn id_images() -> impl Strategy<Value = Image<u32>> {
    let id = prop_oneof![4 => Just(0_u32), 4 => 1_u32..4, 1 => Just(70_000_u32), 1 => Just(u32::MAX)];
    (1_u32..40, 1_u32..40).prop_flat_map(move |(w, h)| {
        proptest::collection::vec(id.clone(), (w * h) as usize)
            .prop_map(move |pixels| Image::new(w, h, pixels).unwrap())
    })
}

/// The definition, word for word: column-major pixels, alternating run lengths, background first.
fn naive_counts(mask: &Image<bool>) -> Vec<u32> {
    let column_major = (0..mask.width()).flat_map(|x| (0..mask.height()).map(move |y| (x, y)));
    let mut counts = vec![0];
    for (x, y) in column_major {
        if *mask.get(x, y).unwrap() == (counts.len() % 2 == 1) {
            counts.push(0);
        }
        *counts.last_mut().unwrap() += 1;
    }
    counts
}

fn naive_bbox(mask: &Image<bool>) -> [u32; 4] {
    let set: Vec<_> = (0..mask.height())
        .flat_map(|y| (0..mask.width()).map(move |x| (x, y)))
        .filter(|&(x, y)| *mask.get(x, y).unwrap())
        .collect();
    if set.is_empty() {
        return [0; 4];
    }
    let (x0, x1) = (set.iter().map(|p| p.0).min().unwrap(), set.iter().map(|p| p.0).max().unwrap());
    let (y0, y1) = (set.iter().map(|p| p.1).min().unwrap(), set.iter().map(|p| p.1).max().unwrap());
    [x0, y0, x1 - x0 + 1, y1 - y0 + 1]
}

/// A pixel is inside a polygon if a ray from its centre to the left crosses an odd number of edges; inside several polygons if
/// it is inside any.
fn rasterise(polygons: &[Polygon], width: u32, height: u32) -> Image<bool> {
    let mut mask = Image::filled(width, height, false);
    for polygon in polygons {
        for y in 0..height {
            for x in 0..width {
                let edges = (0..polygon.len()).map(|i| (polygon[i], polygon[(i + 1) % polygon.len()]));
                let crossings = edges.filter(|(a, b)| {
                    assert!(a[0] == b[0] || a[1] == b[1], "edges run along pixel edges");
                    a[0] == b[0] && a[0] <= x && (a[1].min(b[1])..a[1].max(b[1])).contains(&y)
                });
                if crossings.count() % 2 == 1 {
                    mask.set(x, y, true);
                }
            }
        }
    }
    mask
}

proptest! {
    #[test]
    fn decoding_an_encoded_mask_gives_the_mask(mask in masks()) {
        let rle = Rle::from_mask(&mask).unwrap();
        prop_assert_eq!(rle.counts(), &naive_counts(&mask)[..]);
        prop_assert_eq!(rle.decode().unwrap(), mask.clone());
        prop_assert_eq!(rle.area() as usize, mask.pixels().iter().filter(|p| **p).count());
        prop_assert_eq!(rle.bbox(), naive_bbox(&mask));
        let text = rle.to_compressed();
        prop_assert_eq!(Rle::from_compressed(rle.height(), rle.width(), &text).unwrap(), rle);
    }

    #[test]
    fn one_walk_over_an_id_image_finds_what_a_walk_per_id_finds(ids in id_images()) {
        let all = encode_ids(&ids).unwrap();
        let mut expected: Vec<u32> = ids.pixels().iter().copied().filter(|id| *id != 0).collect();
        expected.sort_unstable();
        expected.dedup();
        prop_assert_eq!(all.keys().copied().collect::<Vec<_>>(), expected);
        for (id, found) in all {
            let pixels = ids.pixels().iter().map(|&other| other == id).collect();
            let mask = Image::new(ids.width(), ids.height(), pixels).unwrap();
            let alone = Rle::from_mask(&mask).unwrap();
            prop_assert_eq!(found.area, alone.area());
            prop_assert_eq!(found.bbox, naive_bbox(&mask));
            prop_assert_eq!(found.rle, alone);
        }
    }

    #[test]
    fn polygons_fill_to_the_very_same_mask(mask in masks()) {
        let traced = polygons(&Rle::from_mask(&mask).unwrap()).unwrap();
        prop_assert_eq!(rasterise(&traced, mask.width(), mask.height()), mask);
        for polygon in traced {
            prop_assert!(polygon.len() >= 4);
        }
    }

    #[test]
    fn no_text_makes_the_decoder_panic(text in "[0-o]{0,40}|.{0,12}", height in 0_u32..50, width in 0_u32..50) {
        if let Ok(rle) = Rle::from_compressed(height, width, &text) {
            prop_assert_eq!(rle.counts().iter().sum::<u32>(), height * width);
        }
    }
}

#[test]
fn known_masks_have_the_strings_that_pycocotools_gives() {
    // As pycocotools 2.0.11 gives them (frPyObjects of the same counts).
    let last = Rle::new(4000, 4000, &[15_999_999, 1]).unwrap();
    assert_eq!(last.to_compressed(), "ooXX?1");
    assert_eq!(Rle::new(2, 3, &[0, 6]).unwrap().to_compressed(), "06");
    assert_eq!(Rle::new(2, 3, &[6]).unwrap().to_compressed(), "6");
    // 2 - 40 = -38 and 100 - 1 = 99 are stored as differences.
    assert_eq!(Rle::new(12, 12, &[1, 40, 1, 2, 100]).unwrap().to_compressed(), "1X11jNS3");
}

#[test]
fn a_run_that_passes_from_one_column_to_the_next_stretches_the_box_to_full_height() {
    // Last pixel of column 0 and first of column 1: positions 3 and 4 of a 4 x 4 image.
    let rle = Rle::new(4, 4, &[3, 2, 11]).unwrap();
    assert_eq!(rle.bbox(), [0, 0, 2, 4]);
    assert_eq!(rle.decode().unwrap(), mask_of(&[".#..", "....", "....", "#..."]));
}

#[test]
fn empty_runs_are_merged_and_wrong_totals_refused() {
    assert_eq!(Rle::new(10, 10, &[0, 0, 0, 0, 100]).unwrap().counts(), [100]);
    assert_eq!(Rle::new(2, 5, &[1, 2, 0, 3, 4, 0]).unwrap().counts(), [1, 5, 4]);
    assert_eq!(Rle::new(0, 5, &[]).unwrap().counts(), [0]);
    assert!(matches!(Rle::new(10, 10, &[87]), Err(RleError::WrongTotal { found: 87, expected: 100, .. })));
    assert!(matches!(Rle::new(10, 10, &[u32::MAX, u32::MAX]), Err(RleError::WrongTotal { .. })));
    assert!(matches!(Rle::new(u32::MAX, 2, &[]), Err(RleError::TooLarge { .. })));
}

#[test]
fn broken_text_is_named() {
    assert!(matches!(Rle::from_compressed(1, 6, "5\n"), Err(RleError::BadCharacter { byte: b'\n', position: 1 })));
    assert!(matches!(Rle::from_compressed(1, 6, "T"), Err(RleError::BadCount { index: 0 })), "ends within a count");
    assert!(matches!(Rle::from_compressed(1, 6, "O"), Err(RleError::BadCount { index: 0 })), "minus one");
    assert!(matches!(Rle::from_compressed(1, 6, &"o".repeat(99)), Err(RleError::BadCount { index: 0 })));
}

#[test]
fn a_rectangle_is_a_polygon_of_its_four_corners() {
    let mask = mask_of(&["......", ".####.", ".####.", "......"]);
    let traced = polygons(&Rle::from_mask(&mask).unwrap()).unwrap();
    assert_eq!(traced, [vec![[1, 1], [5, 1], [5, 3], [1, 3]]]);
}

#[test]
fn pixels_that_touch_at_a_corner_are_two_polygons() {
    let traced = polygons(&Rle::from_mask(&mask_of(&["#.", ".#"])).unwrap()).unwrap();
    assert_eq!(traced, [vec![[0, 0], [1, 0], [1, 1], [0, 1]], vec![[1, 1], [2, 1], [2, 2], [1, 2]]]);
}

#[test]
fn a_hole_hangs_on_a_bridge_and_stays_a_hole() {
    let mask = mask_of(&["#####", "#...#", "#.#.#", "#...#", "#####"]);
    let traced = polygons(&Rle::from_mask(&mask).unwrap()).unwrap();
    assert_eq!(traced.len(), 2, "a frame, and the pixel within");
    assert_eq!(rasterise(&traced, 5, 5), mask);
    // Out to the hole at (1, 1), around it, and back up.
    assert_eq!(traced[0][..3], [[0, 0], [1, 0], [1, 4]]);
}

#[test]
fn an_empty_mask_has_no_polygon() {
    assert!(polygons(&Rle::new(3, 3, &[9]).unwrap()).unwrap().is_empty());
}

#[test]
fn many_holes_below_each_other_do_not_exhaust_the_stack() {
    // A ladder: each hole hangs on the one above it.
    let rungs = 20_000;
    let row = |y: u32| if y.is_multiple_of(2) { [true; 3] } else { [true, false, true] };
    let pixels = (0..2 * rungs + 1).flat_map(row).collect();
    let mask = Image::new(3, 2 * rungs + 1, pixels).unwrap();
    let traced = polygons(&Rle::from_mask(&mask).unwrap()).unwrap();
    assert_eq!(traced.len(), 1);
    // Even-odd area by the shoelace formula: 3 columns, less one pixel per hole.
    let shoelace: i64 = (0..traced[0].len())
        .map(|i| (traced[0][i], traced[0][(i + 1) % traced[0].len()]))
        .map(|(a, b)| i64::from(a[0]) * i64::from(b[1]) - i64::from(b[0]) * i64::from(a[1]))
        .sum();
    assert_eq!(shoelace / 2, i64::from(3 * (2 * rungs + 1) - rungs));
}

/// A mask of a frame, and a rectangle of it within which its pixels are kept. Higher than a word, and than two.
fn bit_masks() -> impl Strategy<Value = (Image<bool>, [u32; 4])> {
    (1_u32..20, 1_u32..100, 0.0_f64..1.0).prop_flat_map(|(w, h, density)| {
        let pixels = proptest::collection::vec(proptest::bool::weighted(density), (w * h) as usize);
        let (xs, ys) = ((0..=w, 0..=w), (0..=h, 0..=h));
        (pixels, xs, ys, proptest::bool::ANY).prop_map(move |(pixels, xs, ys, whole)| {
            let (x0, x1, y0, y1) = (xs.0.min(xs.1), xs.0.max(xs.1), ys.0.min(ys.1), ys.0.max(ys.1));
            let part = if whole { [0, 0, w, h] } else { [x0, y0, x1 - x0, y1 - y0] };
            (Image::new(w, h, pixels).unwrap(), part)
        })
    })
}

proptest! {
    #[test]
    fn bits_give_the_mask_that_their_pixels_give((mut mask, [x0, y0, width, height]) in bit_masks()) {
        let mut bits = BitMask::empty(x0, y0, width, height);
        let (columns, rows) = (mask.width(), mask.height());
        for (x, y) in (0..columns).flat_map(|x| (0..rows).map(move |y| (x, y))) {
            let inside = (x0..x0 + width).contains(&x) && (y0..y0 + height).contains(&y);
            mask.set(x, y, inside && *mask.get(x, y).unwrap());
            if *mask.get(x, y).unwrap() {
                bits.insert(x, y);
            }
        }
        prop_assert!(bits.fits(mask.width(), mask.height()));
        let found = Mask::from_bits(&bits, mask.height(), mask.width()).unwrap();
        prop_assert_eq!(&found.rle, &Rle::from_mask(&mask).unwrap());
        prop_assert_eq!(&found.rle, &Rle::from_bits(&bits, mask.height(), mask.width()).unwrap());
        prop_assert_eq!(found.bbox, naive_bbox(&mask));
        prop_assert_eq!(u64::from(found.area), bits.area());
        // Each run is a maximal one of its column.
        let mut pixels = Vec::new();
        for (x, top, bottom) in bits.runs() {
            prop_assert!(top < bottom && !bits.contains(x, bottom) && (top == 0 || !bits.contains(x, top - 1)));
            pixels.extend((top..bottom).map(|y| (x, y)));
        }
        let column_major = (0..mask.width()).flat_map(|x| (0..mask.height()).map(move |y| (x, y)));
        prop_assert_eq!(pixels, column_major.filter(|&(x, y)| *mask.get(x, y).unwrap()).collect::<Vec<_>>());
    }
}

#[test]
fn bits_that_are_no_mask_of_the_image_are_refused() {
    let outside = RleError::Outside { width: 10, height: 40 };
    let refused = |mask: &BitMask| assert_eq!(Rle::from_bits(mask, 40, 10).unwrap_err(), outside, "{mask:?}");
    refused(&BitMask::empty(5, 0, 6, 40));
    refused(&BitMask::empty(0, 1, 1, 40));
    refused(&BitMask::empty(u32::MAX, 0, 2, 1));
    refused(&BitMask { words: vec![0; 3], ..BitMask::empty(0, 0, 2, 33) });
    // 33 rows: the second word has one bit.
    refused(&BitMask { words: vec![0, 2], ..BitMask::empty(0, 0, 1, 33) });
    assert_eq!(
        Rle::from_bits(&BitMask { words: vec![0, 1], ..BitMask::empty(0, 7, 1, 33) }, 40, 10).unwrap().counts(),
        [39, 1, 360]
    );
    assert_eq!(Rle::from_bits(&BitMask::default(), 40, 10).unwrap().counts(), [400]);
}
