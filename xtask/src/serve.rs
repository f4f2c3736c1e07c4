//! `cargo xtask serve`: the shop on this machine, built from the checkout.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail, ensure};

use crate::build::{self, Grade, bundle::Bundle};
use crate::cargo;
use crate::install;
use crate::place::Place;
use crate::progress::say;

/// How often to look for changes, and at the processes that run.
const LOOK: Duration = Duration::from_millis(700);

/// How long the server may take to drain before it is killed.
const DRAIN: Duration = Duration::from_secs(10);

/// How many of a failed build's last lines are shown.
const TAIL: usize = 40;

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

/// Builds, runs, and with `--watch` goes on doing so until it is interrupted. The shop opens as soon as all stands but the GPU worker,
/// which is built while it runs; the server is started anew once it stands.
///
/// # Errors
/// When something does not build, or the server leaves by itself with a bad status.
pub(crate) fn run(place: &Place, args: &Args) -> Result<()> {
    let mut seen = stamps(&place.root);
    let (binary, site) = build(place)?;
    if args.seed {
        seed(place, &binary, &args.arguments)?;
    }
    let mut server = Server::start(place, &binary, &site, &args.arguments)?;
    let mut gpu = Some(GpuWorker::build(place, &server.manifest)?);
    loop {
        std::thread::sleep(LOOK);
        if let Some(status) = server.ended()? {
            if !args.watch {
                ensure!(
                    status.success(),
                    "The server stopped with {status}. Its own words are above."
                );
                return Ok(());
            }
            say(format_args!(
                "The server stopped with {status}. It is started again when something changes."
            ));
        }
        if let Some(worker) = &mut gpu
            && let Some(stands) = worker.ended()?
        {
            let again = worker.again;
            gpu = None;
            if stands && build::manifest(&site) != server.manifest {
                say(
                    "The GPU worker stands. The server starts anew; load the studio again to use it.",
                );
                server.stop()?;
                server = Server::start(place, &binary, &site, &args.arguments)?;
            }
            if again {
                gpu = Some(GpuWorker::build(place, &server.manifest)?);
            }
        }
        if !args.watch || stamps(&place.root) == seen {
            continue;
        }
        // An editor saves several files at once; wait until it is done.
        std::thread::sleep(LOOK);
        seen = stamps(&place.root);
        match build(place) {
            Ok(_) => {
                server.stop()?;
                server = Server::start(place, &binary, &site, &args.arguments)?;
                match &mut gpu {
                    Some(worker) => worker.again = true,
                    None => gpu = Some(GpuWorker::build(place, &server.manifest)?),
                }
            }
            Err(error) => say(format_args!("{error:#}\nThe server of before goes on.")),
        }
    }
}

/// Builds the server, and the site without what can come later.
fn build(place: &Place) -> Result<(PathBuf, PathBuf)> {
    let site = build::site(place, Grade::Dev, &Bundle::FIRST)?;
    let binary = cargo::server(place)?;
    Ok((binary, site))
}

/// The server in the checkout.
#[derive(Debug)]
struct Server {
    child: Child,
    /// The site as the server read it when it started.
    manifest: BTreeMap<String, String>,
    /// Whether it is known that it left.
    gone: bool,
}

impl Server {
    /// Starts it.
    fn start(place: &Place, binary: &Path, site: &Path, arguments: &[String]) -> Result<Self> {
        let manifest = build::manifest(site);
        let child = Command::new(binary)
            .current_dir(&place.root)
            .arg("serve")
            .arg("--site")
            .arg(site)
            .args(["--data", &data(arguments)])
            .args(without_data(arguments))
            .spawn()
            .with_context(|| format!("{} cannot be started.", binary.display()))?;
        Ok(Self {
            child,
            manifest,
            gone: false,
        })
    }

    /// How it ended, once after it has.
    fn ended(&mut self) -> Result<Option<ExitStatus>> {
        if self.gone {
            return Ok(None);
        }
        let status = self.child.try_wait().context("The server is lost.")?;
        self.gone = status.is_some();
        Ok(status)
    }

    /// Asks it to drain (SIGTERM) and waits for it, but not for ever.
    fn stop(&mut self) -> Result<()> {
        // The number of a process that is gone may be another's.
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .output()
            .context("`kill` cannot be started.")?;
        let waits = DRAIN.as_millis() / 50;
        for _ in 0..waits {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

/// A build of the GPU worker beside the running shop: this program in a second process, which gives way to everything else. What it says
/// goes to a file, so that it does not stand among the server's words.
#[derive(Debug)]
struct GpuWorker {
    child: Child,
    log: PathBuf,
    /// Whether sources changed meanwhile, so that it has to be built once more.
    again: bool,
}

impl GpuWorker {
    /// Starts the build.
    fn build(place: &Place, manifest: &BTreeMap<String, String>) -> Result<Self> {
        let stem = Bundle::WorkerGpu.stem();
        if !manifest.contains_key(&format!("{stem}.wasm")) {
            say(
                "The studio's GPU worker is built while the shop runs; that takes minutes the first time.",
            );
        }
        let this = std::env::current_exe().context("This program does not know where it lies.")?;
        let log = place.target.join(format!("{stem}.log"));
        let mut command = match install::find("nice") {
            Some(nice) => {
                let mut command = Command::new(nice);
                command.args(["-n", "19"]).arg(this);
                command
            }
            None => Command::new(this),
        };
        let child = command
            .current_dir(&place.root)
            .args(["build", "--only", stem])
            .env("CARGO_TARGET_DIR", &place.target)
            .stdin(Stdio::null())
            .stdout(File::create(&log)?)
            .stderr(File::options().append(true).open(&log)?)
            .spawn()
            .context("The build of the GPU worker cannot be started.")?;
        Ok(Self {
            child,
            log,
            again: false,
        })
    }

    /// Whether it stands, once the build has ended. Where it failed and need not be done again, what it said is shown.
    fn ended(&mut self) -> Result<Option<bool>> {
        let Some(status) = self.child.try_wait()? else {
            return Ok(None);
        };
        if !status.success() && !self.again {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let last = lines.len().saturating_sub(TAIL);
            say(format_args!(
                "{}\nThe GPU worker was not built; the studio works without it, on the processor.",
                lines[last..].join("\n")
            ));
        }
        Ok(Some(status.success()))
    }
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

    fn running(program: &str, argument: &str) -> Server {
        Server {
            child: Command::new(program)
                .arg(argument)
                .spawn()
                .expect("it starts"),
            manifest: BTreeMap::new(),
            gone: false,
        }
    }

    #[test]
    fn a_server_that_ignores_nothing_stops_at_once() {
        let mut server = running("sleep", "60");
        assert!(server.ended().expect("known").is_none());
        server.stop().expect("stops");
        assert!(server.ended().expect("known").is_some());
    }

    #[test]
    fn an_end_is_told_once() {
        let mut server = running("sleep", "0");
        server.child.wait().expect("it ends");
        assert!(
            server
                .ended()
                .expect("known")
                .is_some_and(|status| status.success())
        );
        assert!(server.ended().expect("known").is_none());
        server.stop().expect("what is gone is stopped");
    }
}
