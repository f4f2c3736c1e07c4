//! Formatting and clippy.
//!
//! Leptos' features exclude one another, so crates are linted in groups that agree on them.

use anyhow::Result;

use super::tally::Tally;
use crate::cargo;
use crate::install;
use crate::place::Place;
use crate::progress::{self, Lines};

/// Arguments of one clippy call each. The first is what runs on the machine that serves; the second what the studio
/// tests there; the others what runs in browsers.
const GROUPS: [(&str, &[&str]); 6] = [
    (
        "native",
        &[
            "--package=domain",
            "--package=island",
            "--package=app",
            "--package=services",
            "--package=server",
            "--package=vision",
            "--package=worker",
            "--package=xtask",
            "--features=vision/train",
            "--all-targets",
        ],
    ),
    ("studio, native", &["--package=studio", "--all-targets"]),
    (
        "frontend",
        &[
            "--package=frontend",
            "--package=island",
            "--features=island/hydrate",
        ],
    ),
    ("studio", &["--package=studio"]),
    ("worker_cpu", &["--package=worker", "--package=vision"]),
    (
        "worker_gpu",
        &[
            "--package=worker",
            "--package=vision",
            "--features=worker/gpu",
        ],
    ),
];

/// How many of the groups run on the machine itself.
const NATIVE: usize = 2;

/// Checks the formatting of every crate.
///
/// # Errors
/// When a file is not formatted.
pub(super) fn fmt(place: &Place) -> Result<Tally> {
    progress::run(
        "cargo fmt",
        Lines::Show,
        cargo::command(place).args(["fmt", "--all", "--check"]),
    )?;
    Ok(Tally::PASSED)
}

/// Lints every crate, with warnings as errors.
///
/// # Errors
/// When clippy has something to say.
pub(super) fn clippy(place: &Place) -> Result<Tally> {
    install::wasm_target(place)?;
    let mut tally = Tally::default();
    for (index, (name, arguments)) in GROUPS.into_iter().enumerate() {
        let mut command = cargo::command(place);
        command.arg("clippy").args(arguments);
        if index >= NATIVE {
            command.args(["--target", cargo::WASM, "--profile", "web"]);
        }
        command.args(["--", "--deny", "warnings"]);
        progress::step(&format!("clippy: {name}"), || {
            progress::run("clippy", Lines::Show, &mut command)
        })?;
        tally += Tally::PASSED;
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_s_groups_come_first() {
        assert!(
            GROUPS[..NATIVE]
                .iter()
                .all(|(_, arguments)| arguments.contains(&"--all-targets"))
        );
        assert!(
            GROUPS[NATIVE..]
                .iter()
                .all(|(_, arguments)| !arguments.contains(&"--all-targets"))
        );
    }
}
