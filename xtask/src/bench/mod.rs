//! `cargo xtask bench NAME`: figures, one object a line with `--json`.

pub(crate) mod bundle;

use anyhow::{Result, bail};
use serde::Serialize;

use crate::build::bundle::Bundle;
use crate::place::Place;

/// The benches there are.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Name {
    /// Sizes of the browser bundles against their budgets
    Bundles,
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
}

/// One figure.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Figure {
    bench: &'static str,
    metric: String,
    value: f64,
    unit: &'static str,
    /// The most it may be, where there is a bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<f64>,
    ok: bool,
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
            bundle::measure(place, bundles)?
        }
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

/// A figure as a line of a table.
fn row(figure: &Figure) -> String {
    let Figure {
        metric,
        value,
        unit,
        ..
    } = figure;
    let bound = match figure.limit {
        Some(limit) if figure.ok => format!("of at most {limit:.0}"),
        Some(limit) => format!("OVER {limit:.0}"),
        None => String::new(),
    };
    format!("{metric:<22} {value:>12.0} {unit} {bound}")
        .trim_end()
        .to_owned()
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
            bench: "bundles",
            metric: "a_brotli".to_owned(),
            value,
            unit: "B",
            limit,
            ok: limit.is_none_or(|limit| value <= limit),
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
    fn a_figure_out_of_its_bound_is_named() {
        assert!(verdict(&[figure(3.0, Some(4.0)), figure(9.0, None)]).is_ok());
        let error = verdict(&[figure(5.0, Some(4.0))]).expect_err("is over");
        assert!(error.to_string().contains("a_brotli"));
        assert!(row(&figure(5.0, Some(4.0))).contains("OVER 4"));
    }
}
