//! `cargo xtask serve`: the shop on this machine, built from the checkout.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};

use crate::build::{self, Grade, bundle::Bundle};
use crate::cargo;
use crate::place::Place;
use crate::progress::say;

/// How often `--watch` looks for changes.
const LOOK: Duration = Duration::from_millis(700);

/// How long the server may take to drain before it is killed.
const DRAIN: Duration = Duration::from_secs(10);

/// What a change of counts. Everything a build reads lies under one of these.
const SOURCES: [&str; 10] = [
    "app",
    "frontend",
    "server",
    "migrations",
    "style",
    "public",
    "xtask",
    "Cargo.toml",
    "Cargo.lock",
    "package-lock.json",
];

/// What `cargo xtask serve` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Rebuild and restart when a source file changes
    #[arg(long)]
    watch: bool,
    /// Fill the demo shop first
    #[arg(long)]
    seed: bool,
    /// Given to `vitrine serve` as they are, for example: -- --listen 127.0.0.1:4000
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Builds, runs, and with `--watch` goes on doing so until it is interrupted.
///
/// # Errors
/// When something does not build, or the server leaves by itself with a bad status.
pub(crate) fn run(place: &Place, args: &Args) -> Result<()> {
    let mut seen = stamps(&place.root);
    let (binary, site) = build(place)?;
    if args.seed {
        seed(place, &binary, &args.arguments)?;
    }
    let mut server = start(place, &binary, &site, &args.arguments)?;
    if !args.watch {
        let status = server.wait().context("The server cannot be waited for.")?;
        if !status.success() {
            bail!("The server stopped with {status}. Its own words are above.");
        }
        return Ok(());
    }
    loop {
        std::thread::sleep(LOOK);
        let now = stamps(&place.root);
        if now == seen {
            continue;
        }
        // An editor saves several files at once; wait until it is done.
        std::thread::sleep(LOOK);
        seen = stamps(&place.root);
        match build(place) {
            Ok((binary, site)) => {
                stop(&mut server)?;
                server = start(place, &binary, &site, &args.arguments)?;
            }
            Err(error) => say(format_args!("{error:#}\nThe server of before goes on.")),
        }
    }
}

/// Builds the site and the server.
fn build(place: &Place) -> Result<(PathBuf, PathBuf)> {
    let site = build::site(place, Grade::Dev, &Bundle::ALL)?;
    let binary = cargo::server(place)?;
    Ok((binary, site))
}

/// Starts the server in the checkout.
fn start(place: &Place, binary: &Path, site: &Path, arguments: &[String]) -> Result<Child> {
    Command::new(binary)
        .current_dir(&place.root)
        .arg("serve")
        .arg("--site")
        .arg(site)
        .args(["--data", &data(arguments)])
        .args(without_data(arguments))
        .spawn()
        .with_context(|| format!("{} cannot be started.", binary.display()))
}

/// Fills the demo shop in the folder that will be served.
fn seed(place: &Place, binary: &Path, arguments: &[String]) -> Result<()> {
    let status = Command::new(binary)
        .current_dir(&place.root)
        .args(["seed", "--data", &data(arguments)])
        .status()
        .with_context(|| format!("{} cannot be started.", binary.display()))?;
    if !status.success() {
        bail!("The demo shop could not be filled. The binary's own words are above.");
    }
    Ok(())
}

/// The data folder: as the arguments say, else as `VITRINE_DATA` says, else `data` in the checkout.
fn data(arguments: &[String]) -> String {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if word == "--data" {
            return words.next().cloned().unwrap_or_default();
        }
        if let Some(folder) = word.strip_prefix("--data=") {
            return folder.to_owned();
        }
    }
    std::env::var("VITRINE_DATA").unwrap_or_else(|_| "data".to_owned())
}

/// The arguments without the data folder.
fn without_data(arguments: &[String]) -> Vec<&String> {
    let mut words = arguments.iter();
    let mut rest = Vec::new();
    while let Some(word) = words.next() {
        if word == "--data" {
            words.next();
        } else if !word.starts_with("--data=") {
            rest.push(word);
        }
    }
    rest
}

/// Asks the server to drain (SIGTERM) and waits for it, but not for ever.
fn stop(server: &mut Child) -> Result<()> {
    Command::new("kill")
        .args(["-TERM", &server.id().to_string()])
        .output()
        .context("`kill` cannot be started.")?;
    let waits = DRAIN.as_millis() / 50;
    for _ in 0..waits {
        if server.try_wait()?.is_some() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    server.kill()?;
    server.wait()?;
    Ok(())
}

/// When each source file was last written.
fn stamps(root: &Path) -> BTreeMap<PathBuf, SystemTime> {
    SOURCES
        .iter()
        .flat_map(|source| walkdir::WalkDir::new(root.join(source)))
        .flatten()
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| {
            let time = entry.metadata().ok()?.modified().ok()?;
            Some((entry.into_path(), time))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_counts_as_a_change() {
        let root = crate::scratch::Scratch::new();
        std::fs::create_dir(root.path().join("app")).expect("a folder");
        let before = stamps(root.path());
        std::fs::write(root.path().join("app/page.rs"), "").expect("writes");
        assert_ne!(stamps(root.path()), before);
        std::fs::write(root.path().join("notes.txt"), "").expect("writes");
        assert_eq!(stamps(root.path()).len(), 1);
    }

    #[test]
    fn the_data_folder_is_found_among_the_arguments() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for text in [
            "--listen 127.0.0.1:1 --data there",
            "--data=there --listen 127.0.0.1:1",
        ] {
            let arguments = words(text);
            assert_eq!(data(&arguments), "there");
            assert_eq!(without_data(&arguments), ["--listen", "127.0.0.1:1"]);
        }
    }

    #[test]
    fn a_server_that_ignores_nothing_stops_at_once() {
        let mut child = Command::new("sleep")
            .arg("60")
            .spawn()
            .expect("sleep starts");
        stop(&mut child).expect("stops");
        assert!(child.try_wait().expect("known").is_some());
    }
}
