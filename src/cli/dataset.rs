//! `scenewright merge`, `status` and `verify`: datasets that are there.

use scenewright::write;
use std::fmt::Write;

use super::args::{FolderArgs, MergeArgs};
use super::{Failure, print};

pub(super) fn merge(args: &MergeArgs) -> Result<(), Failure> {
    let summary = write::merge(&args.folder, &args.others)?;
    print(&format!("{}: {} images, {} annotations\n", args.folder.display(), summary.images, summary.annotations))?;
    match summary.rejected {
        0 => Ok(()),
        count => Err(Failure::rejected(format!(
            "{count} frames are not right and not in the dataset; {} keeps them, each with its reasons",
            args.folder.join("rejected").display()
        ))),
    }
}

pub(super) fn status(args: &FolderArgs) -> Result<(), Failure> {
    let status = write::status(&args.folder)?;
    let state = match (status.missing.is_empty(), status.assembled) {
        (true, true) => "complete",
        (true, false) => "rendered, but not assembled: `scenewright merge` makes a dataset of it",
        (false, _) => "not complete",
    };
    let mut text = format!("{}: {} of {} images, {state}\n", args.folder.display(), status.done, status.images);
    if status.bad_lines > 0 {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "torn or spoilt lines in its journals: {} (their frames are rendered again)",
            status.bad_lines
        );
    }
    for range in &status.missing {
        let _ = writeln!(text, "missing: --frames {}..{}", range.start, range.end);
    }
    print(&text)?;
    if status.missing.is_empty() && status.assembled { Ok(()) } else { Err(Failure::unfinished("")) }
}

pub(super) fn verify(args: &FolderArgs) -> Result<(), Failure> {
    let verified = write::verify(&args.folder)?;
    print(&format!(
        "{}: {} files, {} images and {} annotations looked at, {} wrong\n",
        args.folder.display(),
        verified.files,
        verified.images,
        verified.annotations,
        verified.wrong
    ))?;
    if verified.wrong == 0 {
        return Ok(());
    }
    let mut text = verified.told.join("\n");
    if verified.wrong > verified.told.len() as u64 {
        // Writing to a string cannot fail.
        let _ = write!(text, "\nand {} more", verified.wrong - verified.told.len() as u64);
    }
    Err(Failure::bad_input(text + "\nto mend it, give the command again by which it was rendered"))
}
