//! Exit codes, as documented in `scenewright --help` and the README.

use scenewright::plan::PlanError;
use scenewright::recipe::Problems;
use scenewright::scene::SampleError;
use scenewright::write::WriteError;
use std::process::ExitCode;

/// A message for people and a code for scripts.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    code: u8,
}

/// What clap says of arguments that it does not understand.
#[cfg(feature = "render")]
const USAGE: u8 = 2;
/// The recipe, scene or asset is wrong, or the dataset is another one: the same command will fail again.
const BAD_INPUT: u8 = 65;
/// No usable graphics adapter: the same command may work on another machine.
#[cfg(feature = "render")]
const NO_ADAPTER: u8 = 69;
/// A bug, or a graphics device that failed.
const INTERNAL: u8 = 70;
/// The dataset is there, but for frames that are not right: sysexits' "can't create output".
const REJECTED: u8 = 73;
/// A file could not be read or written.
const IO: u8 = 74;
/// Not done yet: the same command goes on from where this one stopped.
const UNFINISHED: u8 = 75;

impl Failure {
    /// What a process that was asked twice to stop exits with.
    #[cfg(feature = "render")]
    pub(crate) const UNFINISHED_CODE: i32 = UNFINISHED as i32;

    pub(crate) fn io(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: IO }
    }

    /// Something is wrong with the input that is already reported.
    pub(crate) fn bad_input(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: BAD_INPUT }
    }

    /// A bug.
    #[cfg(feature = "render")]
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: INTERNAL }
    }

    /// Frames are missing from the dataset because something about them is wrong.
    pub(crate) fn rejected(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: REJECTED }
    }

    /// Nothing here can draw.
    #[cfg(feature = "render")]
    pub(crate) fn no_adapter(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: NO_ADAPTER }
    }

    /// The arguments are wrong.
    #[cfg(feature = "render")]
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: USAGE }
    }

    /// The same command will go on.
    pub(crate) fn unfinished(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: UNFINISHED }
    }

    /// Prints the message to stderr and gives the code.
    pub(crate) fn report(self) -> ExitCode {
        let message = self.message.trim_end();
        if !message.is_empty() {
            super::warn(&format_args!("{message}\n"));
        }
        ExitCode::from(self.code)
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::bad_input(problems.to_string())
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        Self::bad_input(error.to_string())
    }
}

impl From<SampleError> for Failure {
    fn from(error: SampleError) -> Self {
        match error {
            SampleError::Full { .. }
            | SampleError::TooLarge { .. }
            | SampleError::NeverRight { .. }
            | SampleError::Unmet { .. } => {
                let help = error.advice().map_or(String::new(), |(_, help)| format!("\n  help: {help}"));
                Self::bad_input(format!("{error}{help}"))
            }
            SampleError::Rejected { .. } | SampleError::HeldOut { .. } | SampleError::Unchecked { .. } => {
                Self { message: error.to_string(), code: INTERNAL }
            }
        }
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        Self { code: code_of(&error), message: error.to_string() }
    }
}

fn code_of(error: &WriteError) -> u8 {
    match error {
        WriteError::Disk(_) | WriteError::NotOurs(_) => IO,
        WriteError::Other { .. }
        | WriteError::Spoilt { .. }
        | WriteError::CameraName(_)
        | WriteError::NoCamera
        | WriteError::ImageIds { .. } => BAD_INPUT,
        WriteError::InUse { .. } | WriteError::Incomplete { .. } | WriteError::Unfinished(_) => UNFINISHED,
        _ => INTERNAL,
    }
}

#[cfg(feature = "render")]
mod rendering {
    use super::{BAD_INPUT, Failure, INTERNAL, IO, NO_ADAPTER, UNFINISHED, code_of};
    use scenewright::render::RenderError;
    use scenewright::run::RunError;
    use scenewright::write::{DiskError, SinkError};

    impl From<RenderError> for Failure {
        fn from(error: RenderError) -> Self {
            let code = match error {
                RenderError::NoAdapter(_) | RenderError::Device { .. } => NO_ADAPTER,
                RenderError::TooLarge { .. }
                | RenderError::TooManyPlanes { .. }
                | RenderError::TooManyMasks { .. }
                | RenderError::Asset(_)
                | RenderError::NoModel { .. }
                | RenderError::InvalidScene { .. } => BAD_INPUT,
                RenderError::Failed(_) | RenderError::Incomplete { .. } => INTERNAL,
                RenderError::Stopped => UNFINISHED,
            };
            Self { message: error.to_string(), code }
        }
    }

    impl From<RunError> for Failure {
        fn from(error: RunError) -> Self {
            match error {
                RunError::Sample(error) => error.into(),
                RunError::Render(error) => error.into(),
                RunError::Sink(error) => error.into(),
            }
        }
    }

    impl From<SinkError> for Failure {
        fn from(error: SinkError) -> Self {
            let code = match &error {
                SinkError::Write(error) => code_of(error),
                SinkError::Thread(_) => IO,
                _ => INTERNAL,
            };
            Self { message: error.to_string(), code }
        }
    }

    impl From<DiskError> for Failure {
        fn from(error: DiskError) -> Self {
            Self::io(error.to_string())
        }
    }
}
