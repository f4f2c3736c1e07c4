//! `cargo xtask soak NAME`: the long version of a fault or race that `test` runs briefly from a seed. The tests are the same; how often
//! they repeat it, and from which seed, stands in two variables that they read.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::time::Instant;

use anyhow::{Result, bail, ensure};

use crate::bench::{Figure, row};
use crate::place::Place;
use crate::progress::say;
use crate::scratch::Scratch;
use crate::test;

/// How often a test repeats what it is about; 1 where it is not set.
const ROUNDS: &str = "VITRINE_SOAK_ROUNDS";

/// From which number on a test draws its faults; its own where it is not set.
const SEED: &str = "VITRINE_SOAK_SEED";

/// Where a test writes what it has seen, a JSON object a line; nowhere where it is not set.
const REPORT: &str = "VITRINE_SOAK_REPORT";

/// The soaks there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Name {
    /// Many buyers of few pieces, payments that break off, holds that run out
    CheckoutRace,
    /// Uploads whose connection or server is cut off anywhere
    UploadKill,
    /// Uploads by way of killed servers, cut, dead, slow and doubled lines, a full disk, and two clients at once
    Ingest,
    /// Two servers on one database and one media store
    TwoProcesses,
}

impl Name {
    const ALL: [Self; 4] = [
        Self::CheckoutRace,
        Self::UploadKill,
        Self::Ingest,
        Self::TwoProcesses,
    ];

    /// Its name on the command line and in a figure.
    fn word(self) -> &'static str {
        match self {
            Self::CheckoutRace => "checkout-race",
            Self::UploadKill => "upload-kill",
            Self::Ingest => "ingest",
            Self::TwoProcesses => "two-processes",
        }
    }

    /// What the names of its tests have in them.
    fn tests(self) -> &'static [&'static str] {
        match self {
            Self::CheckoutRace => &[
                "buyers_of_one_piece",
                "pressing_buy_twice",
                "paying_twice_at_once",
            ],
            Self::UploadKill => &[
                "upload_goes_on_where_it_broke",
                "goes_away_loses_nothing",
                "cut_connection_resumes",
                "after_the_server_was_killed",
            ],
            Self::Ingest => &["ingest_"],
            Self::TwoProcesses => &["two_processes", "processes_that_start_together"],
        }
    }

    /// How often they repeat what they are about.
    fn rounds(self) -> u32 {
        match self {
            Self::CheckoutRace | Self::UploadKill | Self::Ingest => 200,
            Self::TwoProcesses => 50,
        }
    }
}

/// What `cargo xtask soak` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Which; all of them, one after another, where none is named
    name: Vec<Name>,
    /// How often, instead of its own number
    #[arg(long)]
    rounds: Option<u32>,
    /// Where the faults are drawn from; a new place each time where it is not given
    #[arg(long)]
    seed: Option<u64>,
    /// One JSON object a line on standard output, and nothing else there
    #[arg(long)]
    json: bool,
}

/// Runs the tests of each soak in turn.
///
/// # Errors
/// When a test fails, or a soak has none.
pub(crate) fn run(place: &Place, args: &Args) -> Result<()> {
    let names = if args.name.is_empty() {
        &Name::ALL[..]
    } else {
        &args.name[..]
    };
    let mut failed = Vec::new();
    for name in names {
        let word = name.word();
        let rounds = args.rounds.unwrap_or_else(|| name.rounds());
        let seed = args.seed.unwrap_or_else(anywhere);
        say(format_args!(
            "{word}: {rounds} rounds from seed {seed}. Again: cargo xtask soak {word} --rounds {rounds} --seed {seed}"
        ));
        let scratch = Scratch::new();
        let report = scratch.path().join("report");
        let variables = [
            (ROUNDS, rounds.to_string()),
            (SEED, seed.to_string()),
            (REPORT, report.display().to_string()),
        ];
        let began = Instant::now();
        let tally = test::named(place, name.tests(), &variables)?;
        ensure!(
            tally.passed + tally.failed > 0,
            "{word} has no test: none is called like one of {:?}.",
            name.tests()
        );
        let seen = seen(word, &report)?;
        let ok = tally.failed == 0 && seen.iter().all(Figure::is_ok);
        if !ok {
            failed.push(word);
        }
        let seconds = began.elapsed().as_secs_f64();
        if args.json {
            let metric = format!("{}_passed", word.replace('-', "_"));
            let figure = Figure::counted("soak", &metric, tally.passed, tally.failed);
            for figure in std::iter::once(&figure).chain(&seen) {
                println!("{}", serde_json::to_string(figure)?);
            }
        } else {
            println!(
                "{word:<16} {:>4} passed {:>4} failed {:>4} skipped {seconds:>8.1} s",
                tally.passed, tally.failed, tally.skipped
            );
            for figure in &seen {
                println!("  {}", row(figure));
            }
        }
    }
    if !failed.is_empty() {
        bail!("Failed: {}.", failed.join(", "));
    }
    Ok(())
}

/// What the tests of a soak have seen.
fn seen(word: &str, report: &Path) -> Result<Vec<Figure>> {
    let text = match fs::read_to_string(report) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    text.lines()
        .map(|line| Ok(serde_json::from_str::<Seen>(line)?.figure(word)))
        .collect()
}

/// A figure as a test writes it.
#[derive(serde::Deserialize)]
struct Seen {
    metric: String,
    value: f64,
    unit: String,
    /// The most it may be.
    limit: Option<f64>,
}

impl Seen {
    fn figure(self, word: &str) -> Figure {
        let metric = format!("{}_{}", word.replace('-', "_"), self.metric);
        Figure::seen("soak", &metric, self.value, &self.unit, self.limit)
    }
}

/// Another number each time.
fn anywhere() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn a_name_is_the_one_on_the_command_line() {
        for name in Name::ALL {
            let told = name.to_possible_value().expect("it has one");
            assert_eq!(told.get_name(), name.word());
        }
    }
}
