//! `cargo xtask train NAME` and `cargo xtask eval NAME`: the programs of the crate `vision`, built for speed.

use anyhow::{Context, Result, bail};

use crate::cargo;
use crate::install::{self, Package};
use crate::model;
use crate::place::Place;

/// The argument of `eval-shots` that has TransNetV2 judge.
const TRANSNET: &str = "--transnet";

/// What both commands take.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Which network
    name: Name,
    /// Given to the program as they are; `--help` among them lists them. `eval shots --transnet` without a file after it
    /// fetches the weights it names
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
    let mut features = format!("{verb},simd");
    let mut arguments = args.arguments.clone();
    if let Some(at) = arguments.iter().position(|a| a == TRANSNET) {
        features.push_str(",transnet");
        if alone(&arguments, at) {
            let file = model::transnet(place)?;
            arguments.insert(at + 1, file.display().to_string());
        }
    }
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
        .args(&arguments)
        .status()
        .context("cargo cannot be started.")?;
    if !status.success() {
        bail!("{program} failed. Its own words are above.");
    }
    Ok(())
}

/// Whether no value follows the argument at this place.
fn alone(arguments: &[String], at: usize) -> bool {
    arguments
        .get(at + 1)
        .is_none_or(|next| next.starts_with("--"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_after_it_is_taken_as_it_is() {
        let told = |text: &str| alone(&text.split(' ').map(str::to_owned).collect::<Vec<_>>(), 0);
        assert!(told("--transnet"));
        assert!(told("--transnet --media clips"));
        assert!(!told("--transnet weights.bin --media clips"));
    }
}
