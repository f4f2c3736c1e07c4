//! Programs from the system's packages (Debian and its kin).

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{find, root};
use crate::progress::{self, Lines, say};

/// A system package some command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Package {
    /// The browser of the browser tests. Playwright's own download has no H.264.
    Chromium,
    /// Its WebDriver server, of the same version, for the WebAssembly tests.
    ChromiumDriver,
    /// Makes and checks clips in tests.
    Ffmpeg,
    /// The second database that the services are tested on.
    Postgresql,
    /// Asks a server for one page as fast as it can, in benches.
    Wrk,
    /// What the server is held against in benches.
    Nginx,
    /// Draws the demo shop's pictures.
    Blender,
    /// Runs small scripts over a SQLite file.
    Python,
    /// Makes the Python environment of the scripts that develop those pictures.
    Venv,
}

impl Package {
    /// Its name for apt-get.
    fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::ChromiumDriver => "chromium-driver",
            Self::Ffmpeg => "ffmpeg",
            Self::Postgresql => "postgresql",
            Self::Wrk => "wrk",
            Self::Nginx => "nginx",
            Self::Blender => "blender",
            Self::Python => "python3",
            Self::Venv => "python3-venv",
        }
    }

    /// The program we call, when it is there.
    fn program(self) -> Option<PathBuf> {
        match self {
            Self::Chromium => find("chromium"),
            Self::ChromiumDriver => find("chromedriver"),
            Self::Ffmpeg => find("ffmpeg"),
            Self::Postgresql => server_program(),
            Self::Wrk => find("wrk"),
            // Debian keeps it where only root's search path leads.
            Self::Nginx => find("nginx").or_else(|| {
                let program = PathBuf::from("/usr/sbin/nginx");
                program.is_file().then_some(program)
            }),
            Self::Blender => find("blender"),
            Self::Python => find("python3"),
            Self::Venv => find("python3").filter(|python| {
                let asked = Command::new(python)
                    .args(["-c", "import ensurepip"])
                    .output();
                asked.is_ok_and(|output| output.status.success())
            }),
        }
    }
}

/// `initdb`. Debian keeps the server's programs off the search path, one folder per version; the newest is taken.
fn server_program() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin/initdb")))
        })
        .filter(|(_, program)| program.is_file())
        .collect();
    versions.sort();
    versions
        .pop()
        .map(|(_, program)| program)
        .or_else(|| find("initdb"))
}

/// The program of a package, installed when it is missing.
///
/// # Errors
/// When it is missing and cannot be installed; the message has the command that does it.
pub(crate) fn have(package: Package) -> Result<PathBuf> {
    if let Some(program) = package.program() {
        return Ok(program);
    }
    let name = package.name();
    let by_hand = format!("Run: apt-get install {name}   (as root), then start this again.");
    if !Path::new("/usr/bin/apt-get").is_file() {
        bail!(
            "{name} is missing, and this system has no apt-get. Install {name}, then start this again."
        );
    }
    let prefix: &[&str] = if root()? {
        &[]
    } else if Command::new("sudo")
        .args(["-n", "true"])
        .output()
        .is_ok_and(|out| out.status.success())
    {
        &["sudo", "-n"]
    } else {
        bail!("{name} is missing, and only root may install it. {by_hand}");
    };
    say(format_args!(
        "Installing the system package {name} with apt-get."
    ));
    let call = |arguments: &[&str]| {
        let mut words =
            prefix
                .iter()
                .copied()
                .chain(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        let mut command = Command::new(words.next().unwrap_or("env"));
        command.args(words).args(arguments);
        progress::run("apt-get", Lines::Keep, &mut command)
    };
    let install = ["install", "--yes", "--no-install-recommends", name];
    // The package lists of a fresh machine are empty or old.
    if call(&install).is_err() {
        call(&["update"]).with_context(|| format!("{name} is missing. {by_hand}"))?;
        call(&install).with_context(|| format!("{name} is missing. {by_hand}"))?;
    }
    package.program().with_context(|| {
        format!("apt-get installed {name}, but its program is not where it should be.")
    })
}
