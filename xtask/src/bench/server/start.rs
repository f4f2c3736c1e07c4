//! From the start of the process to its first good answer, and what it holds in memory at rest: on an empty shop, and on one that has
//! been at work for long.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::super::Figure;
use super::connection::{Connection, form};
use super::instance::{Folder, Server};
use super::{OLD, ROUNDS, compared, figure, median, process};
use crate::install::{self, Package};
use crate::progress::{self, Lines, step};

/// Shops and events of the large instance.
const SHOPS: u32 = 5_000;
const EVENTS: u32 = 200_000;

/// How long a server is left alone before its memory is read.
const REST: Duration = Duration::from_millis(1500);

/// Makes many shops and events of the ones there are.
const MULTIPLY: &str = include_str!("multiply.py");

/// A data folder to start on: name, most milliseconds to the first answer, most megabytes at rest.
struct Case {
    name: &'static str,
    most_ms: f64,
    most_mb: Option<f64>,
}

const EMPTY: Case = Case {
    name: "empty",
    most_ms: 50.0,
    most_mb: Some(60.0),
};

const LARGE: Case = Case {
    name: "large",
    most_ms: 300.0,
    most_mb: None,
};

/// Measures both binaries, turn by turn, each on folders that it made itself.
///
/// # Errors
/// When a server does not start.
pub(super) fn measure(new: &Path, old: Option<&Path>) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for case in [EMPTY, LARGE] {
        let make = |name: &str, binary: &Path| {
            let folder = Folder::new(&format!("{}-{name}", case.name))?;
            if case.name == LARGE.name {
                step(
                    &format!("{SHOPS} shops and {EVENTS} events, {name}"),
                    || fill(binary, folder.path()),
                )?;
            }
            // The first start brings the database to its version.
            Server::start(binary, folder.path())?;
            anyhow::Ok(folder)
        };
        let ours = make("new", new)?;
        let theirs = old.map(|old| make("old", old)).transpose()?;
        let (mut mine, mut peer) = (Starts::default(), Starts::default());
        for _ in 0..ROUNDS {
            mine.turn(new, ours.path())?;
            if let (Some(old), Some(folder)) = (old, &theirs) {
                peer.turn(old, folder.path())?;
            }
        }
        let start = format!("start_{}", case.name);
        let rest = format!("memory_{}", case.name);
        figures.push(bounded(&start, "ms", mine.ms.clone(), Some(case.most_ms)));
        figures.push(bounded(&rest, "MB", mine.mb.clone(), case.most_mb));
        if old.is_some() {
            figures.push(compared(
                (&start, "ms"),
                &mine.ms,
                OLD,
                &peer.ms,
                None,
                false,
            ));
            figures.push(compared(
                (&rest, "MB"),
                &mine.mb,
                OLD,
                &peer.mb,
                None,
                false,
            ));
        }
    }
    Ok(figures)
}

/// A median under its bound.
fn bounded(metric: &str, unit: &str, values: Vec<f64>, limit: Option<f64>) -> Figure {
    let value = median(values);
    Figure {
        limit,
        ok: limit.is_none_or(|limit| value <= limit),
        ..figure(metric, unit, value)
    }
}

/// What the starts of one binary took.
#[derive(Debug, Default)]
struct Starts {
    ms: Vec<f64>,
    mb: Vec<f64>,
}

impl Starts {
    fn turn(&mut self, binary: &Path, data: &Path) -> Result<()> {
        let server = Server::start(binary, data)?;
        self.ms.push(server.ready.as_secs_f64() * 1000.0);
        std::thread::sleep(REST);
        self.mb.push(process::resident_mb(server.id())?);
        Ok(())
    }
}

/// Has the binary make a shop with a draft, and multiplies the rows of its SQLite file.
fn fill(binary: &Path, data: &Path) -> Result<()> {
    {
        let server = Server::start(binary, data)?;
        let log = std::fs::read_to_string(data.join("log"))?;
        let (_, link) = log
            .split_once("/setup/")
            .context("The first start names no link for its owner.")?;
        let token = link.split_whitespace().next().unwrap_or_default();
        let origin = format!("http://{}", server.host);
        let headers = [
            ("origin", origin.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let shop = form(&[
            ("shop_name", "Bench"),
            ("handle", "bench"),
            ("currency", "EUR"),
            ("password", "a phrase for the bench"),
        ]);
        let mut connection = Connection::open(server.port, &server.host)?;
        let path = format!("/setup/{token}");
        let entered = connection.ask("POST", &path, &headers, &shop)?.with(303)?;
        let cookie = entered.header("set-cookie").split(';').next();
        let cookie = cookie.unwrap_or_default().to_owned();
        let [origin, kind] = headers;
        let owner = [origin, kind, ("cookie", cookie.as_str())];
        connection
            .ask("POST", "/manage/products", &owner, &[])?
            .with(303)?;
    }
    let python = install::have(Package::Python)?;
    let database: PathBuf = data.join("vitrine.sqlite");
    progress::run(
        "python",
        Lines::Keep,
        Command::new(python)
            .args(["-c", MULTIPLY])
            .arg(database)
            .args([SHOPS.to_string(), EVENTS.to_string()]),
    )?;
    Ok(())
}
