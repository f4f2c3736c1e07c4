//! Calls of cargo.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::place::Place;
use crate::progress::{self, Lines};

/// The compilation target of the browser bundles.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// The crates whose features agree on the machine that serves, with the features they are tested with. cargo unites the
/// features of the packages one call names: calls that name the same ones share every built dependency, and a server
/// built after its tests costs one link.
pub(crate) const NATIVE: [&str; 10] = [
    "--package=domain",
    "--package=island",
    "--package=app",
    "--package=picture",
    "--package=services",
    "--package=server",
    "--package=protocol",
    "--package=vision",
    "--package=worker",
    "--features=vision/train,vision/transnet",
];

/// A cargo call in the checkout, with the target folder of this run.
pub(crate) fn command(place: &Place) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(&place.root)
        .env("CARGO_TARGET_DIR", &place.target);
    command
}

/// Builds the server in the everyday profile and answers where its binary lies.
///
/// # Errors
/// When it does not compile.
pub(crate) fn server(place: &Place) -> Result<PathBuf> {
    progress::run(
        "the server",
        Lines::Show,
        command(place)
            .arg("build")
            .args(NATIVE)
            .args(["--bin", "vitrine"]),
    )?;
    Ok(place.binary("debug"))
}

/// Builds the stand-in for Stripe that tests in the browser pay at, and says where it is.
///
/// # Errors
/// When it does not compile.
pub(crate) fn fake_stripe(place: &Place) -> Result<PathBuf> {
    progress::run(
        "the stand-in for Stripe",
        Lines::Show,
        command(place)
            .arg("build")
            .args(NATIVE)
            .args(["--example", "fake_stripe"]),
    )?;
    Ok(place.target.join("debug/examples/fake_stripe"))
}

/// The paths of all files that belong to the tree: tracked, or new and not ignored. Relative to the checkout.
///
/// # Errors
/// When git cannot list them.
pub(crate) fn files(root: &Path) -> Result<Vec<String>> {
    let output = Command::new("git")
        .current_dir(root)
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .output()
        .context("`git` cannot be started. Install it: apt-get install git")?;
    anyhow::ensure!(
        output.status.success(),
        "git cannot list the files: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let mut files: Vec<String> = output
        .stdout
        .split(|byte| *byte == 0)
        .filter(|path| !path.is_empty())
        .map(|path| String::from_utf8_lossy(path).into_owned())
        .filter(|path| root.join(path).is_file())
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}
