//! The command line: arguments, one module per command, and what their errors mean to a shell.

mod args;
mod check;
mod dataset;
#[cfg(feature = "render")]
mod doctor;
mod exit;
mod log;
#[cfg(feature = "render")]
mod preview;
#[cfg(feature = "render")]
mod render;
#[cfg(feature = "render")]
mod report;
mod sample;
#[cfg(feature = "render")]
mod shard;
mod wanted;

pub(crate) use exit::Failure;

use args::{Args, Command};
use clap::Parser;
use std::io::Write;

/// Runs the command that the arguments name.
pub(crate) fn run() -> Result<(), Failure> {
    let args = Args::parse();
    log::start(args.verbose, args.log_format);
    match args.command {
        Command::Check(args) => check::run(&args),
        Command::Sample(args) => sample::run(&args),
        #[cfg(feature = "render")]
        Command::Render(args) => render::run(&args),
        Command::Merge(args) => dataset::merge(&args),
        Command::Status(args) => dataset::status(&args),
        Command::Verify(args) => dataset::verify(&args),
        #[cfg(feature = "render")]
        Command::Preview(args) => preview::run(&args),
        #[cfg(feature = "render")]
        Command::Doctor(args) => doctor::run(&args),
    }
}

/// Results go to stdout. A reader that has seen enough (`| head`) is no error.
fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::io(format!("cannot write to the standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// What people should know goes to stderr. Where nobody can hear it, that is no error.
fn warn(text: &dyn std::fmt::Display) {
    let _ = write!(std::io::stderr(), "{text}");
}
