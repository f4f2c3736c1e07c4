//! `cargo xtask train NAME` and `cargo xtask eval NAME`: the programs of the crate `vision`, built for speed.

use anyhow::{Context, Result, bail};

use crate::cargo;
use crate::install::{self, Package};
use crate::place::Place;

/// What both commands take.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Which network
    name: Name,
    /// Given to the program as they are; `--help` among them lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// The networks of our own.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Name {
    /// Shot boundaries
    Shots,
}

/// What to do with a network.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// Train it.
    Train,
    /// Score it against truth files.
    Eval,
}

/// Builds and runs the program, with this process's own streams.
///
/// # Errors
/// When it does not compile or leaves with a bad status.
pub(crate) fn run(place: &Place, act: Act, args: &Args) -> Result<()> {
    // Both decode footage.
    install::have(Package::Ffmpeg)?;
    let verb = match act {
        Act::Train => "train",
        Act::Eval => "eval",
    };
    let name = match args.name {
        Name::Shots => "shots",
    };
    let program = format!("{verb}-{name}");
    let features = format!("{verb},simd");
    let status = cargo::command(place)
        .args([
            "run",
            "--package",
            "vision",
            "--profile",
            "train",
            "--features",
            &features,
            "--bin",
            &program,
            "--",
        ])
        .args(&args.arguments)
        .status()
        .context("cargo cannot be started.")?;
    if !status.success() {
        bail!("{program} failed. Its own words are above.");
    }
    Ok(())
}
