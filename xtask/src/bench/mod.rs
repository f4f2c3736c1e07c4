//! `cargo xtask bench NAME`: figures, one object a line with `--json`.

pub(crate) mod bundle;
mod server;
mod storefront;
mod vision;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::build::{Grade, bundle::Bundle};
use crate::place::Place;

/// The benches there are.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Name {
    /// Sizes of the browser bundles against their budgets
    Bundles,
    /// Filming, the network and the import of films in Chromium, onnxruntime-web beside
    Vision,
    /// A cached page, uploads, checkouts and the start of the server as it ships, nginx and an older binary beside
    Server,
    /// What shoppers are answered by: a cached page beside nginx, and the rules of HTTP caches that an edge keeps
    Storefront,
}

/// What `cargo xtask bench` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Which
    name: Name,
    /// One JSON object a line on standard output, and nothing else there
    #[arg(long)]
    json: bool,
    /// Of `bundles`, only these
    #[arg(long, value_delimiter = ',')]
    only: Vec<Bundle>,
    /// Of `vision`, only these: filming, onnx, clips, engines, precise, memory; of `server`: page, upload, checkout, start; of `storefront`: page, rules
    #[arg(long, value_delimiter = ',')]
    part: Vec<String>,
    /// For `server` and `storefront`, the binary to measure instead of the one that `dist` builds
    #[arg(long, value_name = "PATH")]
    new: Option<PathBuf>,
    /// For `server`, an older binary to hold it against in the same run
    #[arg(long, value_name = "PATH")]
    old: Option<PathBuf>,
}

/// One figure.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    bench: String,
    metric: String,
    value: f64,
    unit: String,
    /// What it is held against in the same run, what that has, and our value by its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    peer_value: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
    /// The bound of the ratio, or of the value where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<f64>,
    /// Whether the bound is the least it may be, not the most.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    at_least: bool,
    ok: bool,
}

impl Figure {
    /// So many tests that passed, all of which should have.
    pub(crate) fn counted(bench: &str, metric: &str, passed: u64, failed: u64) -> Self {
        Self {
            bench: bench.to_owned(),
            metric: metric.to_owned(),
            value: passed as f64,
            limit: Some((passed + failed) as f64),
            at_least: true,
            ok: failed == 0,
            ..Self::default()
        }
    }
}

/// Runs a bench and prints its figures.
///
/// # Errors
/// When it cannot be run, or a figure is out of its bound.
pub(crate) fn run(place: &Place, args: &Args) -> Result<()> {
    let figures = match args.name {
        Name::Bundles => {
            let bundles = if args.only.is_empty() {
                &Bundle::ALL[..]
            } else {
                &args.only[..]
            };
            bundle::measure(place, bundles, Grade::Dist)?
        }
        Name::Vision => vision::measure(place, &parts(&args.part)?)?,
        Name::Server => {
            let binaries = server::Binaries {
                new: args.new.clone(),
                old: args.old.clone(),
            };
            server::measure(place, &parts(&args.part)?, &binaries)?
        }
        Name::Storefront => storefront::measure(place, &parts(&args.part)?, args.new.as_deref())?,
    };
    for figure in &figures {
        if args.json {
            println!("{}", serde_json::to_string(figure)?);
        } else {
            println!("{}", row(figure));
        }
    }
    verdict(&figures)
}

/// The parts of a bench by their names.
fn parts<P: ValueEnum>(names: &[String]) -> Result<Vec<P>> {
    names
        .iter()
        .map(|name| {
            P::from_str(name, false).map_err(|_| {
                let known: Vec<String> = P::value_variants()
                    .iter()
                    .filter_map(|part| Some(part.to_possible_value()?.get_name().to_owned()))
                    .collect();
                anyhow::anyhow!(
                    "This bench has no part {name}; it has {}.",
                    known.join(", ")
                )
            })
        })
        .collect()
}

/// A figure as a line of a table.
fn row(figure: &Figure) -> String {
    let Figure {
        metric,
        value,
        unit,
        ..
    } = figure;
    let digits = if value.fract() == 0.0 { 0 } else { 4 };
    let mut out = format!("{metric:<34} {value:>12.digits$} {unit}");
    if let (Some(peer), Some(theirs), Some(ratio)) = (&figure.peer, figure.peer_value, figure.ratio)
    {
        out.push_str(&format!(" by {theirs:.4} of {peer}: {ratio:.2}"));
    }
    if let Some(limit) = figure.limit {
        out.push_str(&match (figure.ok, figure.at_least) {
            (true, false) => format!(" of at most {limit:.4}"),
            (true, true) => format!(" of at least {limit:.4}"),
            (false, false) => format!(" OVER {limit:.4}"),
            (false, true) => format!(" UNDER {limit:.4}"),
        });
    }
    out.replace(".0000", "").trim_end().to_owned()
}

/// An error that names every figure out of its bound.
fn verdict(figures: &[Figure]) -> Result<()> {
    let bad: Vec<&str> = figures
        .iter()
        .filter(|figure| !figure.ok)
        .map(|figure| figure.metric.as_str())
        .collect();
    if !bad.is_empty() {
        bail!("Out of bounds: {}.", bad.join(", "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: f64, limit: Option<f64>) -> Figure {
        Figure {
            bench: "bundles".to_owned(),
            metric: "a_brotli".to_owned(),
            value,
            unit: "B".to_owned(),
            limit,
            ok: limit.is_none_or(|limit| value <= limit),
            ..Figure::default()
        }
    }

    #[test]
    fn one_object_a_line() {
        let json = serde_json::to_string(&figure(3.0, Some(4.0))).expect("is JSON");
        assert_eq!(
            json,
            r#"{"bench":"bundles","metric":"a_brotli","value":3.0,"unit":"B","limit":4.0,"ok":true}"#
        );
        assert!(
            !serde_json::to_string(&figure(3.0, None))
                .expect("is JSON")
                .contains("limit")
        );
    }

    #[test]
    fn each_bench_knows_its_own_parts() {
        let named = |name: &str| [name.to_owned()];
        assert_eq!(
            parts::<server::Part>(&named("page")).expect("is one"),
            [server::Part::Page]
        );
        let error = parts::<server::Part>(&named("onnx")).expect_err("is none");
        assert!(error.to_string().contains("page, upload, checkout, start"));
        assert!(parts::<vision::Part>(&named("onnx")).is_ok());
    }

    #[test]
    fn a_figure_out_of_its_bound_is_named() {
        assert!(verdict(&[figure(3.0, Some(4.0)), figure(9.0, None)]).is_ok());
        let error = verdict(&[figure(5.0, Some(4.0))]).expect_err("is over");
        assert!(error.to_string().contains("a_brotli"));
        assert!(row(&figure(5.0, Some(4.0))).ends_with("OVER 4"));
    }

    #[test]
    fn a_figure_written_elsewhere_reads_and_shows_its_peer() {
        let line = r#"{"bench":"vision","metric":"warm_throughput","value":500.0,"unit":"frames/s","peer":"other","peer_value":400.0,"ratio":1.25,"limit":1.0,"at_least":true,"ok":true}"#;
        let figure: Figure = serde_json::from_str(line).expect("reads");
        assert_eq!(serde_json::to_string(&figure).expect("is JSON"), line);
        assert!(row(&figure).ends_with("frames/s by 400 of other: 1.25 of at least 1"));
    }
}
