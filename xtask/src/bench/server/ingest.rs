//! `cargo xtask bench ingest`: uploads by tus beside @tus/server, as it ships and with fdatasync before each answer, turn by turn; what
//! the disk itself does; and the memory of many uploads at once.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::super::Figure;
use super::connection::Connection;
use super::instance::{Folder, Instance, free_port};
use super::{Binaries, Kind, ROUNDS, Turn, Turns, absolute, beside, figure, median, process};
use crate::dist;
use crate::install;
use crate::place::Place;
use crate::progress::step;

const MIB: usize = 1024 * 1024;

/// What one file weighs, the most that a clip may, and each PATCH of it.
const FILE: usize = 200_000_000;
const PIECE: usize = 5_000_000;

/// How many uploads are under way at once where memory is measured, and how much each sends in the first wave and in the second.
const PARALLEL: usize = 200;
const WAVES: [usize; 2] = [MIB / 2, 2 * MIB];

/// How much more memory the second wave, of four times the bytes, may take.
const GROWTH: f64 = 1.25;

/// How long the peer may take to start.
const START: Duration = Duration::from_secs(20);

/// `O_DSYNC` of open(2) on Linux: a write returns when its bytes are on the disk.
const O_DSYNC: i32 = 0o010_000;

const PEER: &str = include_str!("ingest/peer.mjs");

const KIND: Kind = Kind {
    rate: ("ingest_rate", "MiB/s"),
    cpu: ("ingest_cpu", "ms/MiB"),
};
const KIND_SYNCED: Kind = Kind {
    rate: ("ingest_rate_synced", "MiB/s"),
    cpu: ("ingest_cpu_synced", "ms/MiB"),
};

/// @tus/server with a folder of its own. Dropped, it is stopped.
struct Peer {
    child: Child,
    port: u16,
    folder: Folder,
}

impl Peer {
    fn start(modules: &Path, name: &str, sync: bool) -> Result<Self> {
        // Beside its modules, or it does not find them.
        let script = modules.join("peer.mjs");
        fs::write(&script, PEER)?;
        let folder = Folder::new(name)?;
        let port = free_port()?;
        let child = Command::new("node")
            .arg(&script)
            .arg(folder.path())
            .arg(port.to_string())
            .args(sync.then_some("sync"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("node cannot be started.")?;
        let mut peer = Self {
            child,
            port,
            folder,
        };
        let began = Instant::now();
        while Connection::open(port, "127.0.0.1").is_err() {
            if let Some(status) = peer.child.try_wait()? {
                bail!("{} stopped with {status}.", install::TUS_SERVER);
            }
            ensure!(
                began.elapsed() < START,
                "{} does not start.",
                install::TUS_SERVER
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(peer)
    }

    fn target(&self) -> Target<'_> {
        Target {
            port: self.port,
            host: "127.0.0.1",
            path: "/files",
            token: None,
            process: self.child.id(),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Where files are sent.
#[derive(Clone, Copy)]
struct Target<'a> {
    port: u16,
    host: &'a str,
    path: &'a str,
    token: Option<(&'a str, &'a str)>,
    process: u32,
}

const VERSION: (&str, &str) = ("tus-resumable", "1.0.0");

impl Target<'_> {
    fn headers<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let own = self.token.into_iter().chain([VERSION]);
        own.chain(more.iter().copied()).collect()
    }

    /// Begins a file of so many bytes and answers with its path.
    fn create(&self, connection: &mut Connection, length: usize) -> Result<String> {
        // One byte more than comes, so that nobody goes on to look at the file while it is measured. `kind` is `clip`, in base64.
        let length = (length + 1).to_string();
        let headers = self.headers(&[
            ("upload-length", &length),
            ("upload-metadata", "kind Y2xpcA=="),
        ]);
        let made = connection
            .ask("POST", self.path, &headers, &[])?
            .with(201)?;
        let location = made.header("location");
        let at = location.find(self.path).context("It names no path.")?;
        Ok(location[at..].to_owned())
    }

    /// Sends the next piece.
    fn send(
        &self,
        connection: &mut Connection,
        path: &str,
        sent: usize,
        piece: &[u8],
    ) -> Result<()> {
        let offset = sent.to_string();
        let headers = self.headers(&[
            ("content-type", "application/offset+octet-stream"),
            ("upload-offset", &offset),
        ]);
        let kept = connection.ask("PATCH", path, &headers, piece)?.with(204)?;
        ensure!(
            kept.header("upload-offset") == (sent + piece.len()).to_string(),
            "A piece was not kept whole: {} of {} bytes.",
            kept.header("upload-offset"),
            sent + piece.len()
        );
        Ok(())
    }

    /// Sends a file piece by piece, and has it thrown away.
    fn turn(&self, file: &[u8]) -> Result<Turn> {
        let mut connection = Connection::open(self.port, self.host)?;
        let path = self.create(&mut connection, file.len())?;
        let before = process::cpu_us(self.process)?;
        let began = Instant::now();
        let mut sent = 0;
        for piece in file.chunks(PIECE) {
            self.send(&mut connection, &path, sent, piece)?;
            sent += piece.len();
        }
        let seconds = began.elapsed().as_secs_f64();
        let cpu = process::cpu_us(self.process)? - before;
        connection
            .ask("DELETE", &path, &self.headers(&[]), &[])?
            .with(204)?;
        let mib = file.len() as f64 / MIB as f64;
        Ok(Turn {
            rate: mib / seconds,
            cpu: cpu / 1000.0 / mib,
        })
    }

    /// Sends many files at once, each a piece of `bytes`. Answers with the most memory that the process held since it began, MB.
    fn wave(&self, bytes: usize) -> Result<f64> {
        let piece = vec![7; bytes];
        std::thread::scope(|scope| {
            let senders: Vec<_> = (0..PARALLEL)
                .map(|_| {
                    scope.spawn(|| {
                        let mut connection = Connection::open(self.port, self.host)?;
                        let path = self.create(&mut connection, bytes)?;
                        self.send(&mut connection, &path, 0, &piece)?;
                        connection
                            .ask("DELETE", &path, &self.headers(&[]), &[])?
                            .with(204)?;
                        Ok::<_, anyhow::Error>(())
                    })
                })
                .collect();
            for sender in senders {
                match sender.join() {
                    Ok(sent) => sent?,
                    Err(_) => bail!("A sender broke off."),
                }
            }
            process::peak_mb(self.process)
        })
    }
}

/// Measures.
///
/// # Errors
/// When something cannot be built, installed or started, or answers otherwise than tus says.
pub(in crate::bench) fn measure(place: &Place, binaries: &Binaries) -> Result<Vec<Figure>> {
    let binary = match &binaries.new {
        Some(file) => absolute(file)?,
        None => dist::binary(place)?,
    };
    let modules = step("the peer", || install::tus_server(place))?;
    let instance = step("a demo shop", || Instance::demo(&binary))?;
    let shipped = Peer::start(&modules, "tus-shipped", false)?;
    let synced = Peer::start(&modules, "tus-synced", true)?;
    let ours = Target {
        port: instance.server.port,
        host: &instance.server.host,
        path: "/api/uploads",
        token: Some(instance.program()),
        process: instance.server.id(),
    };
    let file: Vec<u8> = (0..FILE).map(|at| (at % 251) as u8).collect();
    let mut turns = [const { Turns(Vec::new()) }; 3];
    let mut disk = Vec::new();
    // The first round makes files and caches warm.
    for round in 0..=ROUNDS {
        for (target, turns) in [ours, shipped.target(), synced.target()]
            .iter()
            .zip(&mut turns)
        {
            let turn = target.turn(&file)?;
            if round > 0 {
                turns.0.push(turn);
            }
        }
        disk.push(disk_rate(synced.folder.path(), &file)?);
    }
    let [ours_turns, shipped_turns, synced_turns] = turns;
    let name = install::TUS_SERVER;
    let mut figures = beside(
        KIND,
        &ours_turns,
        name,
        &shipped_turns,
        Some(1.0),
        Some(0.7),
    );
    let with_sync = format!("{name} with fdatasync");
    figures.extend(beside(
        KIND_SYNCED,
        &ours_turns,
        &with_sync,
        &synced_turns,
        Some(1.5),
        Some(0.7),
    ));
    figures.push(Figure {
        ok: true,
        ..figure("ingest_disk_dsync", "MiB/s", median(disk))
    });
    let small = ours.wave(WAVES[0])?;
    let large = ours.wave(WAVES[1])?;
    let most = small * GROWTH;
    figures.push(Figure {
        limit: Some(most),
        ok: large <= most,
        ..figure("ingest_memory_200_uploads", "MB", large)
    });
    for figure in &mut figures {
        figure.bench = "ingest".to_owned();
    }
    Ok(figures)
}

/// How fast the disk takes the same pieces where each is on it before the next one is written.
fn disk_rate(folder: &Path, file: &[u8]) -> Result<f64> {
    let path = folder.join("disk");
    let mut disk = File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .custom_flags(O_DSYNC)
        .open(&path)?;
    let began = Instant::now();
    for piece in file.chunks(PIECE) {
        disk.write_all(piece)?;
    }
    let seconds = began.elapsed().as_secs_f64();
    fs::remove_file(&path)?;
    Ok(file.len() as f64 / MIB as f64 / seconds)
}
