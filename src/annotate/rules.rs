//! Which instances are too little seen.
//!
//! An instance of which nothing is seen never has an annotation: [`Reason::Hidden`]. Of the two rules, `min_visible_px` goes
//! first: where both are broken, it is the reason.

use super::Reason;
use crate::scene::LabelSettings;

/// The rule that an instance with `area` visible pixels breaks. `visibility` is known where amodal masks are.
pub(super) fn broken(settings: &LabelSettings, area: u64, visibility: Option<f64>) -> Option<Reason> {
    if area == 0 {
        Some(Reason::Hidden)
    } else if area < u64::from(settings.min_visible_px) {
        Some(Reason::MinVisiblePx)
    } else if visibility.is_some_and(|visibility| visibility < settings.min_visibility) {
        Some(Reason::MinVisibility)
    } else {
        None
    }
}
