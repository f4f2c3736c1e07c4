//! Rust tests on this machine: one build for all crates whose features agree, so that dependencies are built once.

use std::process::Command;

use anyhow::Result;

use super::pg::{Cluster, POSTGRES};
use super::tally::Tally;
use crate::cargo;
use crate::install::{self, Package};
use crate::model;
use crate::place::Place;
use crate::progress::{self, Lines, say, step};

/// The crates that talk to a database.
const DATABASE: [&str; 2] = ["services", "server"];

/// What the names of the tests have in them that need a PostgreSQL server.
const ON_POSTGRES: &str = "postgres";

/// The variable by which tests learn of the published checkpoint of TransNetV2.
const TRANSNET: &str = "VITRINE_TRANSNET";

/// What the name of the test has in it that needs the checkpoint.
const ON_TRANSNET: &str = "in_pytorch";

/// Which tests to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// All crates.
    Everything,
    /// Those that talk to a database.
    Database,
}

/// All tests, on SQLite only. Those that need PostgreSQL count as skipped.
///
/// # Errors
/// When a tool is missing or something does not compile.
pub(super) fn with_sqlite(place: &Place) -> Result<Tally> {
    say("POSTGRESQL NOT TESTED: that is `cargo xtask test --only pg`.");
    all(place, None)
}

/// Tests with a PostgreSQL cluster of our own beside SQLite. Where there is no PostgreSQL and none can be installed, its tests
/// count as skipped, unless a CI runs them or nothing else was asked for.
///
/// # Errors
/// When the cluster cannot be started, a tool is missing, or something does not compile.
pub(super) fn with_postgres(place: &Place, reach: Reach) -> Result<Tally> {
    let cluster = match step("a PostgreSQL cluster", Cluster::start) {
        Ok(cluster) => cluster,
        Err(error) if reach == Reach::Everything && !in_ci() => {
            say(format_args!("POSTGRESQL NOT TESTED: {error:#}"));
            return all(place, None);
        }
        Err(error) => return Err(error),
    };
    match reach {
        Reach::Everything => all(place, Some(&cluster)),
        Reach::Database => {
            let mut tally = group(place, Some(&cluster), reach)?;
            // Those of the other crates were not asked for.
            tally.skipped = 0;
            Ok(tally)
        }
    }
}

/// Whether a CI runs this: the services that offer one set `CI` to `true`.
fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

/// The group, then what cannot share its build: the studio, whose Leptos renders in the browser, and this crate, whose
/// dependencies are built already as `cargo xtask` wants them.
fn all(place: &Place, cluster: Option<&Cluster>) -> Result<Tally> {
    let mut tally = group(place, cluster, Reach::Everything)?;
    for package in ["studio", "xtask"] {
        let mut command = Runner::find().command(place);
        tally += count(package, command.args(["--package", package]))?;
    }
    Ok(tally)
}

/// The group's tests, or those of its crates that talk to a database.
fn group(place: &Place, cluster: Option<&Cluster>, reach: Reach) -> Result<Tally> {
    install::have(Package::Ffmpeg)?;
    let runner = Runner::find();
    let mut command = runner.command(place);
    let mut left_out = Vec::new();
    if let Some(cluster) = cluster {
        command.envs(cluster.variables());
    } else {
        command.env_remove(POSTGRES);
        left_out.push(ON_POSTGRES);
    }
    if reach == Reach::Database {
        runner.only(&mut command, &DATABASE);
    } else {
        command.args(cargo::NATIVE);
        match step("the checkpoint of TransNetV2", || model::checkpoint(place)) {
            Ok(file) => {
                command.env(TRANSNET, file);
            }
            Err(error) => {
                say(format_args!("TRANSNETV2 NOT TESTED: {error:#}"));
                command.env_remove(TRANSNET);
                left_out.push(ON_TRANSNET);
            }
        }
    }
    choose(&mut command, &[], &left_out);
    count("the tests", &mut command)
}

/// The tests of crates that talk to a database whose names have one of these words in them, with these variables: on both databases,
/// or on SQLite where there is no PostgreSQL.
///
/// # Errors
/// When a tool is missing or something does not compile.
pub(crate) fn named(place: &Place, words: &[&str], variables: &[(&str, String)]) -> Result<Tally> {
    install::have(Package::Ffmpeg)?;
    let runner = Runner::find();
    let mut command = runner.command(place);
    runner.only(&mut command, &DATABASE);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let cluster = match step("a PostgreSQL cluster", Cluster::start) {
        Ok(cluster) => Some(cluster),
        Err(error) => {
            say(format_args!("POSTGRESQL NOT TESTED: {error:#}"));
            None
        }
    };
    if let Some(cluster) = &cluster {
        command.envs(cluster.variables());
        choose(&mut command, words, &[]);
    } else {
        command.env_remove(POSTGRES);
        choose(&mut command, words, &[ON_POSTGRES]);
    }
    let mut tally = count("the tests", &mut command)?;
    // Those of other names are none of its own.
    tally.skipped = 0;
    Ok(tally)
}

/// What runs Rust tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runner {
    /// A process per test, where it is installed.
    Nextest,
    /// cargo's own.
    Libtest,
}

impl Runner {
    /// The best there is.
    fn find() -> Self {
        if install::find("cargo-nextest").is_some() {
            Self::Nextest
        } else {
            Self::Libtest
        }
    }

    /// A call that runs all tests of what is named after it.
    fn command(self, place: &Place) -> Command {
        let mut command = cargo::command(place);
        match self {
            Self::Nextest => command.args(["nextest", "run", "--no-tests=pass", "--no-fail-fast"]),
            Self::Libtest => command.args(["test", "--no-fail-fast"]),
        };
        command
    }

    /// Names some of the group's crates.
    fn only(self, command: &mut Command, packages: &[&str]) {
        match self {
            Self::Nextest => {
                let filter: Vec<String> = packages
                    .iter()
                    .map(|package| format!("package({package})"))
                    .collect();
                // All are named, so that the build is the one of the whole group.
                command
                    .args(cargo::NATIVE)
                    .args(["--filterset", &filter.join(" + ")]);
            }
            Self::Libtest => {
                command.args(
                    packages
                        .iter()
                        .map(|package| format!("--package={package}")),
                );
            }
        }
    }
}

/// Ends a call of either runner: only tests whose names have one of `words` in them, where there are any, and none whose name has one
/// of `left_out`. Both runners count what is left out, and it counts as skipped.
fn choose(command: &mut Command, words: &[&str], left_out: &[&str]) {
    command.arg("--").args(words);
    for word in left_out {
        command.args(["--skip", word]);
    }
}

/// Runs a test runner and reads its counts.
pub(super) fn count(name: &str, command: &mut Command) -> Result<Tally> {
    let ended = progress::finish(name, Lines::Show, command)?;
    Ok(Tally::of(&ended.lines).with_status(ended.ok))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_run_here_is_left_out_by_name() {
        let mut command = Command::new("cargo");
        Runner::Nextest.only(&mut command, &DATABASE);
        choose(&mut command, &["race"], &["postgres", "pytorch"]);
        let words: Vec<_> = command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned())
            .filter(|word| !cargo::NATIVE.contains(&word.as_str()))
            .collect();
        assert_eq!(
            words.join(" "),
            "--filterset package(services) + package(server) -- race --skip postgres --skip pytorch"
        );
    }
}
