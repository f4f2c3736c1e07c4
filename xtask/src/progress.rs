//! Steps a person can follow: what runs, for how long, and a sign of life from silent children.
//!
//! Everything goes to standard error; standard output belongs to results.

use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long a child may be silent before we say that it still runs.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// How many of a quiet child's last lines are shown when it fails.
const TAIL: usize = 80;

/// What to do with the lines a child prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lines {
    /// Pass them on as they come.
    Show,
    /// Keep them, and show the last ones only when the child fails.
    Keep,
}

/// How a child ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Whether it left with status 0.
    pub(crate) ok: bool,
    /// Everything it printed on both streams, line by line, in the order of arrival.
    pub(crate) lines: Vec<String>,
}

/// Says one thing.
pub(crate) fn say(text: impl std::fmt::Display) {
    eprintln!("{text}");
}

/// Runs `work` as a named step and prints how long it took.
///
/// # Errors
/// Those of `work`.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    say(format_args!("→ {name}"));
    let start = Instant::now();
    let result = work();
    let seconds = start.elapsed().as_secs_f64();
    match &result {
        Ok(_) => say(format_args!("✓ {name}: {seconds:.1} s")),
        Err(_) => say(format_args!("✗ {name}: failed after {seconds:.1} s")),
    }
    result
}

/// Runs a child to its end and turns a bad status into an error.
///
/// # Errors
/// When the child cannot be started or leaves with another status than 0.
pub(crate) fn run(name: &str, lines: Lines, command: &mut Command) -> Result<Ended> {
    let ended = finish(name, lines, command)?;
    if !ended.ok {
        if lines == Lines::Keep {
            for line in ended.lines.iter().rev().take(TAIL).rev() {
                say(format_args!("  {line}"));
            }
        }
        bail!("{name} failed. Its own words are above.");
    }
    Ok(ended)
}

/// Runs a child to its end, whatever its status.
///
/// # Errors
/// When the child cannot be started or waited for.
pub(crate) fn finish(name: &str, lines: Lines, command: &mut Command) -> Result<Ended> {
    if std::io::stderr().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{program}` cannot be started. Is it installed?"))?;
    let (sender, receiver) = mpsc::channel();
    if let Some(stream) = child.stdout.take() {
        forward(stream, sender.clone());
    }
    if let Some(stream) = child.stderr.take() {
        forward(stream, sender);
    }
    let start = Instant::now();
    let mut kept = Vec::new();
    loop {
        match receiver.recv_timeout(HEARTBEAT) {
            Ok(line) => {
                if lines == Lines::Show {
                    eprintln!("{line}");
                }
                kept.push(line);
            }
            Err(RecvTimeoutError::Timeout) => {
                let seconds = start.elapsed().as_secs();
                say(format_args!("  … {name}: still at work after {seconds} s"));
            }
            // Both streams are closed, so the child is leaving.
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let status = child
        .wait()
        .with_context(|| format!("`{program}` cannot be waited for."))?;
    Ok(Ended {
        ok: status.success(),
        lines: kept,
    })
}

/// Sends a stream's lines to `sender` until the stream ends. Bytes that are not UTF-8 are replaced.
fn forward(stream: impl Read + Send + 'static, sender: Sender<String>) {
    std::thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while matches!(stream.read_until(b'\n', &mut line), Ok(read) if read > 0) {
            let text = String::from_utf8_lossy(&line);
            if sender
                .send(text.trim_end_matches(['\r', '\n']).to_owned())
                .is_err()
            {
                return;
            }
            line.clear();
        }
    });
}

/// Calls `work` while another thread gives a sign of life for something that runs in this process.
pub(crate) fn alive<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let (done, waiting) = mpsc::channel::<()>();
    let name = name.to_owned();
    let watcher = std::thread::spawn(move || {
        let start = Instant::now();
        while waiting.recv_timeout(HEARTBEAT) == Err(RecvTimeoutError::Timeout) {
            let seconds = start.elapsed().as_secs();
            say(format_args!("  … {name}: still at work after {seconds} s"));
        }
    });
    let result = work();
    drop(done);
    // A watcher that panicked has nothing left to tell.
    drop(watcher.join());
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_lines_of_both_streams_and_the_status() {
        let ended = finish(
            "a shell",
            Lines::Keep,
            Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]),
        )
        .expect("sh starts");
        assert!(!ended.ok);
        let mut lines = ended.lines;
        lines.sort();
        assert_eq!(lines, ["err", "out"]);
    }

    #[test]
    fn a_bad_status_is_an_error() {
        assert!(run("false", Lines::Keep, &mut Command::new("false")).is_err());
        assert!(run("true", Lines::Keep, &mut Command::new("true")).is_ok());
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run("it", Lines::Keep, &mut Command::new("no-such-program-here"))
            .expect_err("nothing to start");
        assert!(error.to_string().contains("no-such-program-here"));
    }
}
