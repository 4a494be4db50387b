//! Whether a scene shows what its recipe wants of every scene, by what its cameras are estimated to see.

use super::sight::Seen;
use super::{Instance, Scene};
use crate::recipe::{Condition, Requirement, Which};

/// Whether an instance is one of those called by these names: those of its object group and of its category.
pub(super) fn is_called(scene: &Scene, instance: &Instance, names: &[String]) -> bool {
    let category = instance.category.and_then(|id| scene.categories.iter().find(|category| category.id == id));
    names.iter().any(|name| *name == instance.object || category.is_some_and(|category| category.name == *name))
}

/// Why a scene does not meet a requirement, in words that are the same for every scene; `None` where it does. `seen` is what its
/// cameras see.
pub(super) fn fault(requirement: &Requirement, scene: &Scene, seen: &[Seen]) -> Option<String> {
    let image = [f64::from(scene.image.width), f64::from(scene.image.height)];
    for (number, camera) in scene.cameras.iter().enumerate() {
        if requirement.camera.as_ref().is_some_and(|name| *name != camera.name) {
            continue;
        }
        let mut ours = seen
            .iter()
            .filter(|seen| seen.camera == number && is_called(scene, &scene.instances[seen.instance], &requirement.of))
            .map(|seen| holds(requirement.condition, seen, image))
            .peekable();
        let met = match requirement.which {
            Which::All => ours.all(|holds| holds),
            Which::Any => ours.any(|holds| holds),
        };
        if !met {
            return Some(reason(requirement, &camera.name));
        }
    }
    None
}

/// Whether a condition holds of an instance in an image of this width and height.
fn holds(condition: Condition, seen: &Seen, [width, height]: [f64; 2]) -> bool {
    match condition {
        Condition::InView { margin } => seen.outline.is_some_and(|[left, top, right, bottom]| {
            left >= margin && top >= margin && right <= width - margin && bottom <= height - margin
        }),
        Condition::Width { min, max } => seen.is_seen() && (min..=max).contains(&seen.bbox[2]),
        Condition::Height { min, max } => seen.is_seen() && (min..=max).contains(&seen.bbox[3]),
        Condition::Visible { least } => seen.is_seen() && seen.visibility() >= least,
    }
}

fn reason(requirement: &Requirement, camera: &str) -> String {
    let of = requirement.of.join("`, `");
    let some = match requirement.which {
        Which::All => "some of",
        Which::Any => "none of",
    };
    let what = match (requirement.condition, requirement.which) {
        (Condition::InView { .. }, Which::All) => "not wholly in view".to_owned(),
        (Condition::InView { .. }, Which::Any) => "wholly in view".to_owned(),
        (Condition::Height { min, max }, which) => format!("{}{} high", not(which), range(min, max)),
        (Condition::Width { min, max }, which) => format!("{}{} wide", not(which), range(min, max)),
        (Condition::Visible { least }, Which::All) => format!("less than {}% visible", percent(least)),
        (Condition::Visible { least }, Which::Any) => format!("{}% visible", percent(least)),
    };
    format!("{some} `{of}` is {what} in camera `{camera}`")
}

fn not(which: Which) -> &'static str {
    if which == Which::All { "not " } else { "" }
}

fn range(min: f64, max: f64) -> String {
    match (min > 0.0, max.is_finite()) {
        (true, true) => format!("{min} to {max} px"),
        (_, false) => format!("at least {min} px"),
        (false, true) => format!("at most {max} px"),
    }
}

/// Without the rounding that 0.07 * 100 shows.
fn percent(share: f64) -> f64 {
    (share * 1e4).round() / 1e2
}
