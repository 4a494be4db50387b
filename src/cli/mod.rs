//! The command line: arguments, one module per command, and what their errors mean to a shell.

mod args;
mod check;
#[cfg(feature = "render")]
mod doctor;
mod exit;
#[cfg(feature = "render")]
mod preview;
#[cfg(feature = "render")]
mod render;
mod sample;
mod wanted;

pub(crate) use exit::Failure;

use args::{Args, Command};
use clap::Parser;
use std::io::{IsTerminal, Write};

/// Runs the command that the arguments name.
pub(crate) fn run() -> Result<(), Failure> {
    let args = Args::parse();
    start_logging(args.verbose);
    match args.command {
        Command::Check(args) => check::run(&args),
        Command::Sample(args) => sample::run(&args),
        #[cfg(feature = "render")]
        Command::Render(args) => render::run(&args),
        #[cfg(feature = "render")]
        Command::Preview(args) => preview::run(&args),
        #[cfg(feature = "render")]
        Command::Doctor(args) => doctor::run(&args),
    }
}

/// Logs go to stderr: warnings only, unless asked for more. `RUST_LOG` overrides.
fn start_logging(verbose: u8) {
    let default = match verbose {
        0 => "warn",
        1 => "warn,scenewright=info",
        2 => "info,scenewright=debug",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| default.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .without_time()
        .init();
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
