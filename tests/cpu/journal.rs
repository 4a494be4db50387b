//! Runs that go on, shards, and what is found of a spoilt dataset. (With the program itself and real crashes: `tests/faults`.)

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use scenewright::write::journal::index;
use scenewright::write::{DatasetInfo, DatasetWriter, Part, WriteError, WriteOptions, merge, status, verify};

use crate::dataset::{CAMERAS, contents, frames, unaudited, write, write_dataset};
use crate::synthetic::info;

const SCENES: u64 = 8;

fn open(root: &Path, part: Part) -> Result<DatasetWriter, WriteError> {
    DatasetWriter::open(root, info(0, SCENES, &CAMERAS), unaudited(), part)
}

/// Renders what is missing of these scenes, as a run does.
fn add(writer: &DatasetWriter, scenes: impl IntoIterator<Item = u64>) {
    for index in scenes {
        let (scene, frames) = frames(index, (48, 32));
        for frame in frames.iter().filter(|frame| !writer.is_done(&scene, frame.camera)) {
            writer.commit(write(writer, &scene, frame).unwrap()).unwrap();
        }
    }
}

fn whole() -> (tempfile::TempDir, std::collections::BTreeMap<String, Vec<u8>>) {
    let root = tempfile::tempdir().unwrap();
    write_dataset(root.path(), info(0, SCENES, &CAMERAS), unaudited(), 0..SCENES);
    let files = contents(root.path());
    (root, files)
}

#[test]
fn a_run_that_ends_early_is_continued_to_the_same_bytes() {
    let (_, expected) = whole();
    let root = tempfile::tempdir().unwrap();
    add(&open(root.path(), Part::All).unwrap(), [5, 0, 3]);
    let writer = open(root.path(), Part::All).unwrap();
    assert_eq!((writer.images_done(), writer.images()), (6, 16));
    assert_eq!(writer.missing_scenes(), [1..3, 4..5, 6..8]);
    add(&writer, [7, 6, 1, 2, 4]);
    writer.finish().unwrap();
    assert!(contents(root.path()) == expected);
    // Once more: nothing is left to do, and nothing changes.
    let writer = open(root.path(), Part::All).unwrap();
    assert!(writer.missing_scenes().is_empty());
    writer.finish().unwrap();
    assert!(contents(root.path()) == expected);
}

#[test]
fn what_is_spoilt_is_missing_and_everything_else_is_not() {
    let (root, expected) = whole();
    let spoil = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let path = root.path().join(name);
        let mut bytes = fs::read(&path).unwrap();
        change(&mut bytes);
        fs::write(path, bytes).unwrap();
    };
    spoil("ids/000001_left.png", &|bytes| *bytes.last_mut().unwrap() ^= 1);
    spoil("depth/000004_main.exr", &|bytes| bytes.truncate(100));
    fs::remove_file(root.path().join("images/000006_left.png")).unwrap();
    // A line in the middle of the journal, and its end. Lines are in order of images, two to a scene.
    spoil("journal/all.ndjson", &|bytes| {
        let line = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(4).unwrap().0 + 30;
        bytes[line] ^= 4;
        bytes.truncate(bytes.len() - 7);
    });
    assert_eq!(status(root.path()).unwrap().missing, [2..3, 7..8]);
    let writer = open(root.path(), Part::All).unwrap();
    assert_eq!((writer.missing_scenes(), writer.images_done()), (vec![1..3, 4..5, 6..8], 11));
    add(&writer, [1, 2, 4, 6, 7]);
    writer.finish().unwrap();
    assert!(contents(root.path()) == expected);
}

#[test]
fn shards_in_any_order_and_folder_make_the_same_bytes() {
    let (_, expected) = whole();
    for of in [1, 3, 16] {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for number in (0..of).rev() {
            let root = if number % 3 == 1 { there.path() } else { here.path() };
            let part = Part::Shard { number, of };
            let writer = open(root, part.clone()).unwrap();
            add(&writer, part.indices(0, SCENES));
            let summary = writer.finish().unwrap();
            assert_eq!(summary.images, 2 * (part.indices(0, SCENES).end - part.indices(0, SCENES).start));
        }
        if of > 1 {
            assert!(matches!(merge(here.path(), &[]), Err(WriteError::Incomplete { .. })));
            assert!(!status(here.path()).unwrap().assembled);
        }
        let others = if of > 1 { vec![there.path().to_path_buf()] } else { Vec::new() };
        merge(here.path(), &others).unwrap();
        assert!(contents(here.path()) == expected, "{of} shards");
    }
}

#[test]
fn shards_have_each_scene_once() {
    for (first, count) in [(0, 1), (5, 16), (0, 1_000_003), (u64::MAX - 10, 10), (3, 0)] {
        for of in [1, 2, 7, 16, 1000] {
            let mut next = first;
            for number in 0..of {
                let indices = Part::Shard { number, of }.indices(first, count);
                assert_eq!(indices.start, next);
                let size = indices.end - indices.start;
                assert!(size == count / of || size == count / of + 1, "{size} of {count} in {of}");
                next = indices.end;
            }
            assert_eq!(next, first + count);
        }
    }
    assert_eq!(Part::Scenes(3..7).indices(5, 100), 5..7);
    assert!(Part::Scenes(3..7).indices(9, 100).is_empty());
}

#[test]
fn another_dataset_is_refused_with_what_differs_and_left_alone() {
    let (root, expected) = whole();
    let info = || info(0, SCENES, &CAMERAS);
    let others: [(DatasetInfo, WriteOptions, &str); 6] = [
        (DatasetInfo { seed: 7, ..info() }, unaudited(), "its seed is 0, not 7"),
        (DatasetInfo { recipe_text: "(version: 1)".into(), ..info() }, unaudited(), "recipe has been changed"),
        (DatasetInfo { recipe_set: vec!["a=1".into()], ..info() }, unaudited(), "--set nothing, not a=1"),
        (DatasetInfo { count: 3, ..info() }, unaudited(), "it has 8 scenes, not 3"),
        (DatasetInfo { first_index: 1, ..info() }, unaudited(), "its first scene is 0, not 1"),
        (info(), WriteOptions::default(), "--audit"),
    ];
    for (other, options, says) in others {
        let refused = DatasetWriter::open(root.path(), other, options, Part::All).err().unwrap();
        assert!(matches!(refused, WriteError::Other { .. }) && refused.to_string().contains(says), "{says}: {refused}");
        assert!(contents(root.path()) == expected, "{says}");
    }
}

#[test]
fn a_run_that_was_killed_as_it_began_is_gone_on_with() {
    // What is there after each step of the beginning: found by a hundred kills, of which one fell between two of them.
    let (_, expected) = whole();
    let begun = tempfile::tempdir().unwrap();
    open(begun.path(), Part::All).unwrap();
    let steps: [&[&str]; 4] = [
        &["journal/all.ndjson"],
        &["journal/all.ndjson", "journal/.unfinished-begun.ron"],
        &["journal/all.ndjson", "journal/begun.ron"],
        &["journal/all.ndjson", "journal/begun.ron", ".unfinished-dataset.json"],
    ];
    for files in steps {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("journal")).unwrap();
        for name in files {
            let text = fs::read(begun.path().join(name.replace(".unfinished-", ""))).unwrap();
            let half = if name.contains(".unfinished-") { text.len() / 2 } else { text.len() };
            fs::write(root.path().join(name), &text[..half]).unwrap();
        }
        if files.contains(&"journal/begun.ron") {
            let other = DatasetInfo { seed: 7, ..info(0, SCENES, &CAMERAS) };
            let refused = DatasetWriter::open(root.path(), other, unaudited(), Part::All).err().unwrap();
            assert!(refused.to_string().contains("its seed is 0, not 7"), "{refused}");
        }
        let writer = open(root.path(), Part::All).unwrap_or_else(|error| panic!("{files:?}: {error}"));
        add(&writer, 0..SCENES);
        writer.finish().unwrap();
        assert!(contents(root.path()) == expected, "{files:?}");
    }
}

#[test]
fn a_finished_dataset_grows() {
    let root = tempfile::tempdir().unwrap();
    write_dataset(root.path(), info(0, 3, &CAMERAS), unaudited(), 0..3);
    let writer = open(root.path(), Part::All).unwrap();
    assert_eq!(writer.missing_scenes().as_slice(), std::slice::from_ref(&(3..8)));
    let manifest = fs::read_to_string(root.path().join("dataset.json")).unwrap();
    assert!(manifest.contains("\"state\": \"rendering\""), "it no longer claims to be complete");
    add(&writer, 3..8);
    writer.finish().unwrap();
    assert!(contents(root.path()) == whole().1);
}

#[test]
fn one_process_at_a_time() {
    let root = tempfile::tempdir().unwrap();
    let _first = open(root.path(), Part::All).unwrap();
    assert!(matches!(open(root.path(), Part::All), Err(WriteError::InUse { .. })));
    // Shards are others' business.
    let _shard = open(root.path(), Part::Shard { number: 0, of: 2 }).unwrap();
    assert!(matches!(open(root.path(), Part::Shard { number: 0, of: 2 }), Err(WriteError::InUse { .. })));
}

#[test]
fn verify_finds_each_thing_that_is_wrong() {
    let (root, _) = whole();
    assert!(verify(root.path()).unwrap().told.is_empty());
    let annotations = root.path().join("annotations/instances.json");
    let good = fs::read_to_string(&annotations).unwrap();
    // Each with a place in the first annotation, and what is to be said of it.
    let changes: [(&str, &dyn Fn(&str) -> String, &str); 4] = [
        ("area", &|text| text.replacen("\"area\":", "\"area\":1", 1), "its area is"),
        ("bbox", &|text| text.replacen("\"bbox\":[", "\"bbox\":[1", 1), "its box is"),
        ("mask", &|text| text.replacen("\"counts\":\"", "\"counts\":\"11", 1), "mask"),
        ("instance", &|text| text.replacen("\"instance_id\":1,", "\"instance_id\":77,", 1), "no pixel has"),
    ];
    for (name, change, says) in changes {
        let changed = change(&good);
        assert_ne!(changed, good, "{name}");
        fs::write(&annotations, changed).unwrap();
        let found = verify(root.path()).unwrap();
        assert!(found.told.iter().any(|told| told.contains(says)), "{name}: {:?}", found.told);
        assert!(found.told.iter().any(|told| told.contains("instances.json is not what was written")), "{name}");
    }
    fs::write(&annotations, good).unwrap();
    let ids = root.path().join("ids/000000_left.png");
    fs::copy(root.path().join("ids/000001_left.png"), &ids).unwrap();
    let found = verify(root.path()).unwrap();
    assert!(
        found.wrong > 1 && found.told.iter().any(|told| told.contains("its area is 106, but 105")),
        "{:?}",
        found.told
    );
    assert!(matches!(verify(tempfile::tempdir().unwrap().path()), Err(WriteError::Unfinished(_))));
}

#[test]
fn lists_of_hashes_from_elsewhere_lead_nowhere() {
    let (root, _) = whole();
    let sums = root.path().join("SHA256SUMS");
    for path in ["../secret", "/etc/passwd", "images/../../secret"] {
        fs::write(&sums, format!("{}  {path}\n", "0".repeat(64))).unwrap();
        let told = verify(root.path()).unwrap().told;
        assert!(told[0].contains("outside of the dataset"), "{told:?}");
    }
}

proptest! {
    /// Whatever is in a journal, it is read, and no line that was not written counts.
    #[test]
    fn anything_is_read_as_a_journal(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let found = index(&bytes[..]).unwrap();
        prop_assert!(found.lines.is_empty());
    }

    /// Cut off anywhere, or with any byte changed, exactly the lines that were not touched are there.
    #[test]
    fn a_torn_or_spoilt_line_is_as_good_as_none(at in 0.0_f64..1.0, flip in 1_u8..=255, cut in any::<bool>()) {
        let (root, _) = whole();
        let mut bytes = fs::read(root.path().join("journal/all.ndjson")).unwrap();
        let ends: Vec<usize> = (0..bytes.len()).filter(|&k| bytes[k] == b'\n').map(|k| k + 1).collect();
        prop_assert_eq!(index(&bytes[..]).unwrap().lines.len(), ends.len());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the length")]
        let place = (at * bytes.len() as f64) as usize;
        let touched = ends.iter().position(|&end| place < end).unwrap();
        if cut {
            bytes.truncate(place);
            prop_assert_eq!(index(&bytes[..]).unwrap().lines.len(), touched);
        } else {
            bytes[place] ^= flip;
            let found = index(&bytes[..]).unwrap().lines;
            // An end that is gone takes the line behind it along.
            let lost = if place + 1 == ends[touched] && touched + 1 < ends.len() { 2 } else { 1 };
            prop_assert_eq!(found.len(), ends.len() - lost);
        }
    }
}
