//! Formatting and clippy.
//!
//! Leptos' features exclude one another, so crates are linted in groups that agree on them.

use std::fs;

use anyhow::{Context, Result};

use super::tally::Tally;
use crate::build::{Grade, bundle::Bundle};
use crate::cargo;
use crate::install;
use crate::place::Place;
use crate::progress::{self, Lines};

/// What runs on this machine, tests included: name, crates and further arguments of one clippy call each.
const MACHINE: [(&str, &[&str], &[&str]); 4] = [
    ("native", &cargo::NATIVE, &[]),
    (
        "the server as it ships",
        &cargo::NATIVE,
        &["--features=server/embed"],
    ),
    ("studio, native", &["--package=studio"], &[]),
    ("xtask", &["--package=xtask"], &[]),
];

/// What runs in browsers, but for the worker, see [`worker`].
const BROWSER: [(&str, &[&str]); 2] = [
    (
        "frontend",
        &[
            "--package=frontend",
            "--package=island",
            "--features=island/hydrate",
        ],
    ),
    ("studio", &["--package=studio"]),
];

/// Checks the formatting of every crate.
///
/// # Errors
/// When a file is not formatted.
pub(super) fn fmt(place: &Place) -> Result<Tally> {
    progress::run(
        "cargo fmt",
        Lines::Show,
        // Names only: `cargo fmt --all` is the answer, whatever the difference.
        cargo::command(place).args(["fmt", "--all", "--check", "--", "-l"]),
    )
    .context("These files are not formatted. Run: cargo fmt --all")?;
    Ok(Tally::PASSED)
}

/// Lints every crate, with warnings as errors.
///
/// # Errors
/// When clippy has something to say.
pub(super) fn clippy(place: &Place) -> Result<Tally> {
    install::wasm_target(place)?;
    // What is embedded need not be there for a lint, only its folder.
    let site = place.target.join("site");
    fs::create_dir_all(&site)?;
    let machine = MACHINE
        .iter()
        .map(|(name, crates, more)| (name, [crates, *more, &["--all-targets"]].concat()));
    let browser = BROWSER.iter().map(|(name, crates)| {
        (
            name,
            [crates, &["--target", cargo::WASM, "--profile", "web"][..]].concat(),
        )
    });
    let mut tally = Tally::default();
    for (name, arguments) in machine.chain(browser) {
        progress::step(&format!("clippy: {name}"), || {
            let mut command = cargo::command(place);
            command
                .arg("clippy")
                .args(&arguments)
                .env("VITRINE_SITE", &site);
            progress::run(
                "clippy",
                Lines::Show,
                command.args(["--", "--deny", "warnings"]),
            )
        })?;
        tally += Tally::PASSED;
    }
    progress::step("clippy: worker", || worker(place))?;
    tally += Tally::PASSED;
    Ok(tally)
}

/// Lints the worker and what it is made of, in a build and not in a check: its GPU build, which holds all the CPU build does,
/// has dependencies that take minutes to check and minutes to build, and the browser tests need them built. `cargo clippy`
/// itself is no more than this: clippy's driver in place of rustc for the crates of the workspace.
fn worker(place: &Place) -> Result<()> {
    progress::run(
        "clippy",
        Lines::Show,
        cargo::command(place)
            .arg("rustc")
            .args(Bundle::WorkerGpu.arguments(Grade::Dev))
            // Linted only: the module that browsers load is the bundle's own build.
            .args(["--crate-type", "rlib"])
            .env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver")
            .env(
                "CLIPPY_ARGS",
                "--deny__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__",
            ),
    )?;
    Ok(())
}
