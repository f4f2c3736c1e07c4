//! `cargo xtask art`: draws the demo shop's pictures and clips anew, by the scripts in `xtask/art/`.

use std::process::Command;

use anyhow::Result;

use crate::install::{self, Package};
use crate::place::Place;
use crate::progress::{self, Lines};

/// What `cargo xtask art` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Given to the script as they are: OUT_DIR [--only NAME[,NAME]] [--quality draft|final] [--threads N] [--keep]
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    arguments: Vec<String>,
}

/// Renders in Blender, then develops by a Python of its own, whose packages are pinned beside the scripts.
///
/// # Errors
/// When a tool is missing or the script fails.
pub(crate) fn run(place: &Place, args: &Args) -> Result<()> {
    let blender = install::have(Package::Blender)?;
    install::have(Package::Ffmpeg)?;
    let python = install::python(place)?;
    progress::run(
        "the pictures",
        Lines::Show,
        Command::new(blender)
            .current_dir(&place.root)
            .args(["--background", "--python", "xtask/art/ceramics.py", "--"])
            .args(&args.arguments)
            .env("ART_PYTHON", python),
    )?;
    Ok(())
}
