//! Rust tests on this machine: one build for all crates whose features agree, so that dependencies are built once.

use std::process::Command;

use anyhow::Result;

use super::pg::Cluster;
use super::tally::Tally;
use crate::cargo;
use crate::install::{self, Package};
use crate::model;
use crate::place::Place;
use crate::progress::{self, Lines, say, step};

/// The crates that talk to a database.
const DATABASE: [&str; 2] = ["services", "server"];

/// The variable by which tests learn of a PostgreSQL server.
const POSTGRES: &str = "VITRINE_TEST_POSTGRES";

/// The variable by which tests learn of the published checkpoint of TransNetV2.
const TRANSNET: &str = "VITRINE_TRANSNET";

/// Which tests to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// All crates.
    Everything,
    /// Those that talk to a database.
    Database,
}

/// All tests, on SQLite only.
///
/// # Errors
/// When a tool is missing or something does not compile.
pub(super) fn with_sqlite(place: &Place) -> Result<Tally> {
    say(format_args!(
        "POSTGRESQL NOT TESTED: that is `cargo xtask test --only pg` ({POSTGRES} is not set)."
    ));
    all(place, None)
}

/// Tests with a PostgreSQL cluster of our own beside SQLite.
///
/// # Errors
/// When the cluster cannot be started, a tool is missing, or something does not compile.
pub(super) fn with_postgres(place: &Place, reach: Reach) -> Result<Tally> {
    let cluster = step("a PostgreSQL cluster", Cluster::start)?;
    match reach {
        Reach::Everything => all(place, Some(&cluster)),
        Reach::Database => group(place, Some(&cluster), reach),
    }
}

/// The group, then what cannot share its build: the studio, whose Leptos renders in the browser, and this crate, whose
/// dependencies are built already as `cargo xtask` wants them.
fn all(place: &Place, cluster: Option<&Cluster>) -> Result<Tally> {
    let mut tally = group(place, cluster, Reach::Everything)?;
    for package in ["studio", "xtask"] {
        tally += count(package, runner(place).args(["--package", package]))?;
    }
    Ok(tally)
}

/// The group's tests, or those of its crates that talk to a database.
fn group(place: &Place, cluster: Option<&Cluster>, reach: Reach) -> Result<Tally> {
    install::have(Package::Ffmpeg)?;
    let mut command = runner(place);
    if reach == Reach::Everything {
        command.args(cargo::NATIVE);
        // Without the network the other tests still count.
        match step("the checkpoint of TransNetV2", || model::checkpoint(place)) {
            Ok(file) => command.env(TRANSNET, file),
            Err(error) => {
                say(format_args!("TRANSNETV2 NOT TESTED: {error:#}"));
                command.env_remove(TRANSNET)
            }
        };
    } else if has_nextest() {
        let filter = DATABASE
            .map(|package| format!("package({package})"))
            .join(" + ");
        command.args(cargo::NATIVE).args(["--filterset", &filter]);
    } else {
        command.args(DATABASE.map(|package| format!("--package={package}")));
    }
    if let Some(cluster) = cluster {
        command.env(POSTGRES, cluster.url());
    } else {
        command.env_remove(POSTGRES);
    }
    count("the tests", &mut command)
}

/// nextest where it is installed, else cargo's own runner.
fn runner(place: &Place) -> Command {
    let mut command = cargo::command(place);
    if has_nextest() {
        command.args(["nextest", "run", "--no-tests=pass", "--no-fail-fast"]);
    } else {
        command.args(["test", "--no-fail-fast"]);
    }
    command
}

/// Whether nextest is installed.
fn has_nextest() -> bool {
    install::find("cargo-nextest").is_some()
}

/// Runs a test runner and reads its counts.
pub(super) fn count(name: &str, command: &mut Command) -> Result<Tally> {
    let ended = progress::finish(name, Lines::Show, command)?;
    Ok(Tally::of(&ended.lines).with_status(ended.ok))
}
