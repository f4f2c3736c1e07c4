//! `cargo xtask test`: every check there is, the quick ones first.

mod browser;
mod certificate;
mod deny;
mod lint;
mod native;
mod pg;
mod tally;

use std::time::Instant;

use anyhow::{Result, bail};

use crate::bench;
use crate::build::Grade;
use crate::place::Place;
use crate::progress::say;
use crate::tidy;
pub(crate) use native::named;
use tally::Tally;

/// One kind of check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Stage {
    /// Formatting.
    Fmt,
    /// The tree's own rules.
    Tidy,
    /// Lints, on the machine and for browsers.
    Clippy,
    /// Licences, sources and duplicates of the dependencies.
    Deny,
    /// Rust tests on the machine.
    Unit,
    /// The same tests with PostgreSQL beside SQLite.
    Pg,
    /// Rust tests in a browser.
    Wasm,
    /// Playwright against the real binary.
    E2e,
    /// Sizes of the browser bundles.
    Bundles,
}

impl Stage {
    /// In the order they run: what fails early and costs little comes first.
    const ALL: [Self; 9] = [
        Self::Fmt,
        Self::Tidy,
        Self::Clippy,
        Self::Deny,
        Self::Unit,
        Self::Pg,
        Self::Wasm,
        Self::E2e,
        Self::Bundles,
    ];

    /// The name on the command line.
    fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Tidy => "tidy",
            Self::Clippy => "clippy",
            Self::Deny => "deny",
            Self::Unit => "unit",
            Self::Pg => "pg",
            Self::Wasm => "wasm",
            Self::E2e => "e2e",
            Self::Bundles => "bundles",
        }
    }
}

/// What `cargo xtask test` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Run only these
    #[arg(long, value_delimiter = ',')]
    only: Vec<Stage>,
    /// Go on after a stage that failed
    #[arg(long)]
    keep_going: bool,
    /// Weigh the GPU worker as it ships: its link-time optimisation takes ten minutes the first time. Else the one that was
    /// tested is weighed, which is larger
    #[arg(long)]
    all_bundles: bool,
}

/// A stage that ran.
#[derive(Debug)]
struct Row {
    name: String,
    tally: Tally,
    seconds: f64,
}

/// Runs the stages and prints a table of them, then the sum of their tests alone on a line.
///
/// # Errors
/// When anything failed.
pub(crate) fn run(place: &Place, args: &Args) -> Result<()> {
    let wanted: Vec<Stage> = Stage::ALL
        .into_iter()
        .filter(|stage| args.only.is_empty() || args.only.contains(stage))
        .collect();
    let mut rows: Vec<Row> = Vec::new();
    let mut left = wanted.as_slice();
    while let Some((&stage, rest)) = left.split_first() {
        left = rest;
        // With both databases wanted, one run of the tests serves both: a database is a variable, not a build.
        let both = stage == Stage::Unit && rest.first() == Some(&Stage::Pg);
        if both {
            left = &rest[1..];
        }
        let name = if both {
            "unit + pg".to_owned()
        } else {
            stage.name().to_owned()
        };
        say(format_args!("\n── {name} ──"));
        let start = Instant::now();
        let tally = stage_tally(place, stage, both, args).unwrap_or_else(|error| {
            say(format_args!("{error:#}"));
            Tally::FAILED
        });
        let failed = tally.failed > 0;
        rows.push(Row {
            name,
            tally,
            seconds: start.elapsed().as_secs_f64(),
        });
        if failed && !args.keep_going {
            break;
        }
    }
    let total = print(&rows, left);
    if total.failed > 0 {
        bail!("Not all tests passed.");
    }
    Ok(())
}

/// Runs one stage.
fn stage_tally(place: &Place, stage: Stage, both: bool, args: &Args) -> Result<Tally> {
    match stage {
        Stage::Fmt => lint::fmt(place),
        Stage::Tidy => tidy::run(place).map(|()| Tally::PASSED),
        Stage::Clippy => lint::clippy(place),
        Stage::Deny => deny::run(place),
        Stage::Unit if both => native::with_postgres(place, native::Reach::Everything),
        Stage::Unit => native::with_sqlite(place),
        Stage::Pg => native::with_postgres(place, native::Reach::Database),
        Stage::Wasm => browser::wasm(place),
        Stage::E2e => browser::playwright(place),
        Stage::Bundles => {
            let grade = if args.all_bundles {
                Grade::Dist
            } else {
                Grade::Test
            };
            bench::bundle::check(place, grade).map(|()| Tally::PASSED)
        }
    }
}

/// Prints what ran, what did not, and the sum. Answers the sum.
fn print(rows: &[Row], left: &[Stage]) -> Tally {
    let mut total = Tally::default();
    println!(
        "\n{:<12} {:>8} {:>8} {:>8} {:>9}",
        "stage", "passed", "failed", "skipped", "seconds"
    );
    for row in rows {
        let Tally {
            passed,
            failed,
            skipped,
        } = row.tally;
        println!(
            "{:<12} {passed:>8} {failed:>8} {skipped:>8} {:>9.1}",
            row.name, row.seconds
        );
        total += row.tally;
    }
    for stage in left {
        println!("{:<12} {:>8}", stage.name(), "not run");
    }
    if total.skipped > 0 {
        println!(
            "{} tests were skipped; their reasons are above.",
            total.skipped
        );
    }
    println!("{} passed, {} failed", total.passed, total.failed);
    total
}
