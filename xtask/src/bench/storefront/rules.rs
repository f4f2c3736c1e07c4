//! What an edge makes of RFC 9111, by the tests of the npm package `http-cache-tests`: an origin of theirs, our edge, and a
//! client of theirs that looks at both.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::super::Figure;
use super::super::server::{Folder, free_port};
use crate::install;
use crate::place::Place;
use crate::progress::say;

/// Of the 157 tests of what a cache must do, the least that pass. Four (`stale-close-*`) are passed by nobody: they want a request
/// that the origin breaks off to be answered by the origin. `age-parse-prefix` wants `Age: 0,7200` to be read where `0, 0` is not.
const LEAST_REQUIRED: u64 = 148;

/// Of the 86 tests of what a cache may do to be of more use, the least that pass.
const LEAST_OPTIMAL: u64 = 68;

/// How long their client may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// Prints the kind of each test. Those of `Surrogate-Control`, a header of one vendor, are not among them.
const KINDS: &str = "const suites = (await import(`${process.env.TESTS}/tests/index.mjs`)).default;\
    const kinds = {};\
    for (const suite of suites) for (const test of suite.tests) kinds[test.id] = test.kind ?? 'required';\
    console.log(JSON.stringify(kinds))";

/// A process that is stopped when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Runs their tests against an edge.
///
/// # Errors
/// When something cannot be installed or started.
pub(super) fn measure(place: &Place, binary: &Path) -> Result<Vec<Figure>> {
    let tests = install::http_cache_tests(place)?;
    let folder = Folder::new("cache-tests")?;
    let (origin, edge) = (free_port()?, free_port()?);
    let _origin = begin(
        Command::new("node")
            .arg(tests.join("server/server.mjs"))
            .current_dir(&tests)
            .env("npm_config_protocol", "http")
            .env("npm_config_port", origin.to_string())
            .env("npm_config_pidfile", folder.path().join("pid")),
        "Listening",
    )?;
    let _edge = begin(
        Command::new(binary)
            .args(["edge", "--region", "bench"])
            .args(["--listen", &format!("127.0.0.1:{edge}")])
            .args(["--origin", &format!("http://127.0.0.1:{origin}")])
            .env("RUST_LOG", "error"),
        "is open",
    )?;
    let kinds = json(
        Command::new("node")
            .args(["--input-type=module", "-e", KINDS])
            .env("TESTS", &tests),
        folder.path(),
    )?;
    let results = json(
        Command::new("node")
            .arg(tests.join("cli.mjs"))
            .current_dir(&tests)
            .env("npm_config_base", format!("http://127.0.0.1:{edge}"))
            .env("npm_package_config_id", ""),
        folder.path(),
    )?;
    Ok(figures(&kinds, &results))
}

/// Starts a process and waits until it says that it is ready.
fn begin(command: &mut Command, ready: &str) -> Result<Running> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{name} cannot be started."))?;
    let said = child.stdout.take();
    let running = Running(child);
    let mut lines = BufReader::new(said.context("It has no output.")?).lines();
    let is_ready = lines.any(|line| line.is_ok_and(|line| line.contains(ready)));
    ensure!(is_ready, "{name} ended before it was ready.");
    // Whatever else it says is read, or it would stand still at a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    Ok(running)
}

/// What a process that ends prints.
fn json(command: &mut Command, folder: &Path) -> Result<BTreeMap<String, Value>> {
    let file = folder.join("out.json");
    let mut running = Running(
        command
            .stdin(Stdio::null())
            .stdout(File::create(&file)?)
            .stderr(Stdio::null())
            .spawn()
            .context("node cannot be started.")?,
    );
    let began = std::time::Instant::now();
    while running.0.try_wait()?.is_none() {
        ensure!(began.elapsed() < PATIENCE, "The tests do not end.");
        std::thread::sleep(Duration::from_millis(100));
    }
    let text = fs::read_to_string(&file)?;
    serde_json::from_str(&text).with_context(|| format!("This is not what was expected:\n{text}"))
}

/// How many of each kind passed. What did not is said by name, with what they say of it.
fn figures(kinds: &BTreeMap<String, Value>, results: &BTreeMap<String, Value>) -> Vec<Figure> {
    [("required", LEAST_REQUIRED), ("optimal", LEAST_OPTIMAL)]
        .map(|(kind, least)| {
            let of_kind = results
                .iter()
                .filter(|(id, _)| kinds.get(*id).and_then(Value::as_str) == Some(kind));
            let (passed, failed): (Vec<_>, Vec<_>) =
                of_kind.partition(|(_, result)| **result == Value::Bool(true));
            for (id, result) in failed {
                say(format_args!("{kind} and not passed: {id}: {}", result[1]));
            }
            Figure {
                metric: format!("cache_tests_{kind}"),
                unit: "tests".to_owned(),
                ok: passed.len() as u64 >= least,
                value: passed.len() as f64,
                limit: Some(least as f64),
                at_least: true,
                ..Figure::default()
            }
        })
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passed_counts_and_only_for_its_kind() {
        let map = |text: &str| serde_json::from_str(text).expect("JSON");
        let kinds = map(r#"{"a": "required", "b": "required", "c": "optimal", "d": "check"}"#);
        let results = map(r#"{"a": true, "b": ["Assertion", "was cached"], "c": true, "d": true}"#);
        let [required, optimal] = &figures(&kinds, &results)[..] else {
            panic!("two figures");
        };
        assert_eq!((required.value, required.ok), (1.0, false));
        assert_eq!((optimal.value, optimal.ok), (1.0, false));
    }
}
