//! `cargo xtask dist`: one binary with everything inside.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::build::{self, Grade, bundle::Bundle};
use crate::cargo;
use crate::place::Place;
use crate::progress::{self, Lines, say};

/// Builds the small site and the server that holds it. Prints where the binary is, its size and the time.
///
/// # Errors
/// When something is missing that cannot be installed, or does not compile.
pub(crate) fn run(place: &Place) -> Result<()> {
    let start = Instant::now();
    let binary = binary(place)?;
    let bytes = fs::metadata(&binary)
        .with_context(|| format!("cargo left no {}.", binary.display()))?
        .len();
    println!("{}", binary.display());
    println!(
        "{:.1} MB, {:.0} s",
        bytes as f64 / 1e6,
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Builds what [`run`] prints, and answers where it is.
///
/// # Errors
/// As [`run`].
pub(crate) fn binary(place: &Place) -> Result<PathBuf> {
    say(
        "The first run takes long: link-time optimisation of four bundles. Later ones build what changed.",
    );
    let site = build::site(place, Grade::Dist, &Bundle::ALL)?;
    progress::step("the server", || {
        progress::run(
            "the server",
            Lines::Show,
            cargo::command(place)
                .args([
                    "build",
                    "--package",
                    "server",
                    "--bin",
                    "vitrine",
                    "--profile",
                    "dist",
                    "--features",
                    "embed",
                ])
                .env("VITRINE_SITE", &site),
        )
    })?;
    Ok(place.binary("dist"))
}
