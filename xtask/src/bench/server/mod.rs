//! What the server costs: a `vitrine` binary as it ships, an older one and nginx beside it in the same run, turn by turn.
//!
//! Load comes from the same machine, so a rate says what is left after the load took its share; the processor's time per request
//! hardly moves and stands beside each rate. Every socket is on the loopback address.

mod checkout;
mod connection;
mod instance;
mod page;
mod process;
mod start;
mod upload;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::Figure;
use crate::dist;
use crate::place::Place;
use crate::progress::step;
use instance::Instance;
pub(super) use instance::{Folder, free_port};

/// How often each takes its turn. The median of an odd count is one of its rounds.
const ROUNDS: usize = 5;

/// The name of the older binary among the figures.
const OLD: &str = "the older binary";

/// How much slower than the older binary is still the same: a machine with other work shows differences of a few hundredths.
const SLACK: f64 = 0.05;

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Part {
    /// A cached product page, nginx with the same bytes beside
    Page,
    /// Films of 64 MiB by tus, every piece synced
    Upload,
    /// Guests who buy with the test gateway, eight at a time
    Checkout,
    /// From the start to the first answer, and the memory of a server at rest
    Start,
}

impl Part {
    const ALL: [Self; 4] = [Self::Page, Self::Upload, Self::Checkout, Self::Start];
}

/// The binaries to compare.
#[derive(Debug)]
pub(super) struct Binaries {
    /// What is measured; built by `dist` where none is given.
    pub(super) new: Option<PathBuf>,
    /// What it is held against.
    pub(super) old: Option<PathBuf>,
}

/// Measures the parts.
///
/// # Errors
/// When something cannot be built, installed or started, or answers otherwise than it should.
pub(super) fn measure(place: &Place, parts: &[Part], binaries: &Binaries) -> Result<Vec<Figure>> {
    let parts = if parts.is_empty() { &Part::ALL } else { parts };
    let new = match &binaries.new {
        Some(file) => absolute(file)?,
        None => dist::binary(place)?,
    };
    let old = binaries.old.as_deref().map(absolute).transpose()?;
    let mut figures = Vec::new();
    if parts.iter().any(|part| *part != Part::Start) {
        let open = |name: &str, binary: &Path| {
            step(&format!("a demo shop, {name}"), || Instance::demo(binary))
        };
        let mut new = open("new", &new)?;
        let mut old = old.as_deref().map(|old| open("old", old)).transpose()?;
        for part in parts {
            let old = old.as_mut();
            figures.extend(match part {
                Part::Page => step("page", || page::measure(&mut new, old))?,
                Part::Upload => step("upload", || upload::measure(&mut new, old))?,
                Part::Checkout => step("checkout", || checkout::measure(&mut new, old))?,
                Part::Start => Vec::new(),
            });
        }
    }
    if parts.contains(&Part::Start) {
        figures.extend(step("start", || start::measure(&new, old.as_deref()))?);
    }
    Ok(figures)
}

/// A binary's place, whatever the working folder of its process will be.
pub(super) fn absolute(file: &Path) -> Result<PathBuf> {
    let file = file
        .canonicalize()
        .with_context(|| format!("{} is not there.", file.display()))?;
    ensure!(file.is_file(), "{} is no program.", file.display());
    Ok(file)
}

/// What one turn measured.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Turn {
    /// So many a second.
    rate: f64,
    /// Processor's time for each, user and system, in the unit of the figure.
    cpu: f64,
}

/// The turns of one server.
#[derive(Debug, Default)]
struct Turns(Vec<Turn>);

impl Turns {
    fn rates(&self) -> Vec<f64> {
        self.0.iter().map(|turn| turn.rate).collect()
    }

    fn cpus(&self) -> Vec<f64> {
        self.0.iter().map(|turn| turn.cpu).collect()
    }
}

/// What turns are of: the names and units of their two figures.
#[derive(Clone, Copy, Debug)]
struct Kind {
    rate: (&'static str, &'static str),
    cpu: (&'static str, &'static str),
}

/// The figures of turns without a peer.
fn alone(kind: Kind, turns: &Turns) -> Vec<Figure> {
    [(kind.rate, turns.rates()), (kind.cpu, turns.cpus())]
        .map(|((metric, unit), values)| Figure {
            ok: true,
            ..figure(metric, unit, median(values))
        })
        .into()
}

/// The figures of turns beside a peer's. `least_rate` bounds the ratio of the rates, `most_cpu` that of the processor's time.
fn beside(
    kind: Kind,
    turns: &Turns,
    peer: &str,
    theirs: &Turns,
    least_rate: Option<f64>,
    most_cpu: Option<f64>,
) -> Vec<Figure> {
    let rate = compared(
        kind.rate,
        &turns.rates(),
        peer,
        &theirs.rates(),
        least_rate,
        true,
    );
    let cpu = compared(
        kind.cpu,
        &turns.cpus(),
        peer,
        &theirs.cpus(),
        most_cpu,
        false,
    );
    vec![rate, cpu]
}

/// The figures beside those of the older binary, which ours must not be worse than.
fn beside_old(kind: Kind, turns: &Turns, old: &Turns) -> Vec<Figure> {
    beside(kind, turns, OLD, old, Some(1.0 - SLACK), Some(1.0 + SLACK))
}

/// A figure whose ratio is the median of the rounds' ratios.
fn compared(
    (metric, unit): (&str, &str),
    ours: &[f64],
    peer: &str,
    theirs: &[f64],
    limit: Option<f64>,
    at_least: bool,
) -> Figure {
    let ratio = median(ours.iter().zip(theirs).map(|(a, b)| a / b).collect());
    Figure {
        peer: Some(peer.to_owned()),
        peer_value: Some(median(theirs.to_vec())),
        ratio: Some(ratio),
        limit,
        at_least: at_least && limit.is_some(),
        ok: limit.is_none_or(|limit| {
            if at_least {
                ratio >= limit
            } else {
                ratio <= limit
            }
        }),
        ..figure(metric, unit, median(ours.to_vec()))
    }
}

/// A value alone. It is not `ok` yet.
fn figure(metric: &str, unit: &str, value: f64) -> Figure {
    Figure {
        bench: "server".to_owned(),
        metric: metric.to_owned(),
        value,
        unit: unit.to_owned(),
        ..Figure::default()
    }
}

/// The middle one; of an even count the mean of the middle two; NaN of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), values.len() % 2) {
        (None, _) => f64::NAN,
        (Some(value), 1) => *value,
        (Some(value), _) => f64::midpoint(*value, values[middle - 1]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind {
        rate: ("page_rps", "1/s"),
        cpu: ("page_cpu", "us"),
    };

    fn turns(list: &[(f64, f64)]) -> Turns {
        Turns(
            list.iter()
                .map(|(rate, cpu)| Turn {
                    rate: *rate,
                    cpu: *cpu,
                })
                .collect(),
        )
    }

    #[test]
    fn the_ratio_is_the_median_of_the_rounds() {
        let ours = turns(&[(100.0, 10.0), (50.0, 10.0), (90.0, 12.0)]);
        let theirs = turns(&[(100.0, 10.0), (100.0, 10.0), (100.0, 10.0)]);
        let [rate, cpu] = &beside_old(KIND, &ours, &theirs)[..] else {
            panic!("two figures");
        };
        assert_eq!((rate.value, rate.ratio, rate.ok), (90.0, Some(0.9), false));
        assert_eq!((cpu.value, cpu.ratio, cpu.ok), (10.0, Some(1.0), true));
        assert!(rate.at_least && !cpu.at_least);
    }

    #[test]
    fn without_a_peer_there_is_no_bound() {
        let figures = alone(KIND, &turns(&[(1.0, 2.0)]));
        assert!(
            figures
                .iter()
                .all(|figure| figure.ok && figure.limit.is_none())
        );
    }

    #[test]
    fn medians() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
    }
}
