//! `scenewright doctor`

use scenewright::render::{AdapterChoice, diagnose};
use std::fmt::Write as _;

use super::args::DoctorArgs;
use super::{Failure, print};

pub(super) fn run(args: &DoctorArgs) -> Result<(), Failure> {
    let diagnosis = diagnose(&AdapterChoice::parse(&args.adapter));
    let mut text = String::new();
    for (position, adapter) in diagnosis.adapters.iter().enumerate() {
        let mark = if diagnosis.chosen == Some(position) { "*" } else { " " };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{mark} {}", adapter.summary());
    }
    if diagnosis.adapters.is_empty() {
        text.push_str("no Vulkan adapter\n");
    }
    match diagnosis.chosen {
        Some(position) => {
            let _ = writeln!(text, "\n`render` takes {}: {}", diagnosis.adapters[position].name, diagnosis.reason);
            print(&text)
        }
        None => {
            print(&text)?;
            Err(Failure::no_adapter(diagnosis.reason))
        }
    }
}
