//! A PostgreSQL cluster of our own: made for one run, on a free port, and gone afterwards. It speaks TLS to whoever asks for it.

use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::certificate::Certificates;
use crate::install::{self, Package};
use crate::progress::{self, Lines};

/// How often to ask whether it answers, 100 ms apart.
const ASKS: usize = 300;

/// What the folders of clusters are called, before the id of the process that made them.
const NAME: &str = "vitrine-pg-";

/// The variable by which tests learn of a PostgreSQL server.
pub(super) const POSTGRES: &str = "VITRINE_TEST_POSTGRES";

/// The addresses that its certificate is made out to. `localhost` leads to it too, and is not among them.
const ADDRESSES: [&str; 2] = ["127.0.0.1", "0.0.0.0"];

/// The file of the authority that made the certificate, and that of another one.
const AUTHORITY: &str = "authority.pem";
const OTHER_AUTHORITY: &str = "other-authority.pem";

/// A running cluster. Dropped, it stops and its folder goes.
#[derive(Debug)]
pub(super) struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    root: bool,
    server: Child,
}

impl Cluster {
    /// Makes and starts one. What it keeps need not survive a crash, so it never waits for the disk.
    ///
    /// # Errors
    /// When PostgreSQL cannot be installed, made or started.
    pub(super) fn start() -> Result<Self> {
        let initdb = install::have(Package::Postgresql)?;
        let programs = initdb
            .parent()
            .context("initdb has no folder.")?
            .to_path_buf();
        let root = install::root()?;
        sweep(&programs, root);
        // Not in the target folder: PostgreSQL refuses root, and its own user may not enter root's home.
        let folder = std::env::temp_dir().join(format!("{NAME}{}", std::process::id()));
        let made = if root {
            Command::new("install")
                .args(["-d", "-m", "700", "-o", "postgres"])
                .arg(&folder)
                .status()?
                .success()
        } else {
            std::fs::create_dir(&folder).is_ok()
        };
        if !made {
            bail!("{} cannot be made for PostgreSQL.", folder.display());
        }
        progress::run(
            "initdb",
            Lines::Keep,
            program(root, &programs.join("initdb"))
                .args([
                    "--username=postgres",
                    "--auth=trust",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--no-sync",
                    "-D",
                ])
                .arg(&folder),
        )?;
        certify(&folder, root)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let server = program(root, &programs.join("postgres"))
            .arg("-D")
            .arg(&folder)
            .args(["-p", &port.to_string()])
            .args([
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
            ])
            .args([
                "-c",
                "fsync=off",
                "-c",
                "full_page_writes=off",
                "-c",
                "max_connections=300",
            ])
            .args([
                "-c",
                "ssl=on",
                "-c",
                "ssl_cert_file=server.pem",
                "-c",
                "ssl_key_file=server.key",
            ])
            .args(["-c", "log_min_messages=fatal"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("postgres cannot be started.")?;
        let mut cluster = Self {
            programs,
            folder,
            port,
            root,
            server,
        };
        cluster.answers()?;
        Ok(cluster)
    }

    /// Where tests reach it, as its superuser.
    fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// What tests have to know of it: where it is, and whose certificate it has.
    pub(super) fn variables(&self) -> [(&'static str, String); 3] {
        let file = |name| self.folder.join(name).display().to_string();
        [
            (POSTGRES, self.url()),
            ("VITRINE_TEST_POSTGRES_AUTHORITY", file(AUTHORITY)),
            (
                "VITRINE_TEST_POSTGRES_OTHER_AUTHORITY",
                file(OTHER_AUTHORITY),
            ),
        ]
    }

    /// Waits until it takes connections.
    fn answers(&mut self) -> Result<()> {
        for _ in 0..ASKS {
            let asked = Command::new(self.programs.join("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
                .status();
            if asked.is_ok_and(|status| status.success()) {
                return Ok(());
            }
            if let Some(status) = self.server.try_wait()? {
                bail!("postgres stopped with {status} before it answered.");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("postgres did not answer on port {} within 30 s.", self.port);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if !stop(&self.programs, self.root, &self.folder) {
            // Its parent goes; the temporary folder is the system's to clean.
            drop(self.server.kill());
        }
        drop(self.server.wait());
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// Puts a certificate into the cluster's folder, and the authorities beside it.
fn certify(folder: &Path, root: bool) -> Result<()> {
    let made = Certificates::for_names(&ADDRESSES)?;
    for (name, pem) in [
        (AUTHORITY, &made.authority),
        (OTHER_AUTHORITY, &made.other),
        ("server.pem", &made.server),
        ("server.key", &made.key),
    ] {
        let mut options = std::fs::OpenOptions::new();
        let file = folder.join(name);
        // PostgreSQL takes no key that others may read.
        options.write(true).create_new(true).mode(0o600);
        options.open(&file)?.write_all(pem.as_bytes())?;
        if root {
            let owned = Command::new("chown").arg("postgres").arg(&file).status()?;
            anyhow::ensure!(owned.success(), "{} cannot be given away.", file.display());
        }
    }
    Ok(())
}

/// Stops and removes what test runs left that were killed.
fn sweep(programs: &Path, root: bool) {
    for entry in std::fs::read_dir(std::env::temp_dir())
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(NAME));
        let Some(owner) = owner.and_then(|id| id.parse::<u32>().ok()) else {
            continue;
        };
        // Without /proc nobody can tell whether the other run still goes on.
        if !Path::new("/proc/self").exists() || Path::new(&format!("/proc/{owner}")).exists() {
            continue;
        }
        stop(programs, root, &entry.path());
        drop(std::fs::remove_dir_all(entry.path()));
    }
}

/// Stops the cluster in a folder; false where that failed.
fn stop(programs: &Path, root: bool, folder: &Path) -> bool {
    program(root, &programs.join("pg_ctl"))
        .args(["stop", "--mode=immediate", "--silent", "-D"])
        .arg(folder)
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A program of PostgreSQL, as the user `postgres` when we are root.
fn program(root: bool, path: &Path) -> Command {
    let mut command = if root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(path);
        command
    } else {
        Command::new(path)
    };
    // The checkout may lie where that user cannot go.
    command.current_dir("/");
    command
}
