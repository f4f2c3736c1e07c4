//! npm packages, exactly as `package-lock.json` has them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::find;
use crate::place::Place;
use crate::progress::{self, Lines, say};

const NO_NPM: &str = "npm is missing. Install Node 20 or newer (https://nodejs.org, or: apt-get install nodejs npm).";

/// Installs `node_modules/` when it is missing or of another lock file.
///
/// # Errors
/// When Node is missing or a package cannot be fetched.
pub(crate) fn npm(place: &Place) -> Result<()> {
    let lock =
        fs::read(place.at("package-lock.json")).context("package-lock.json cannot be read.")?;
    let mark = blake3::hash(&lock).to_hex().to_string();
    let stamp = place.at("node_modules/.vitrine");
    if fs::read_to_string(&stamp).is_ok_and(|there| there == mark) {
        return Ok(());
    }
    ensure!(find("npm").is_some(), "{NO_NPM}");
    say("Installing npm packages by package-lock.json.");
    progress::run(
        "npm ci",
        Lines::Keep,
        Command::new("npm")
            .current_dir(&place.root)
            .args(["ci", "--no-audit", "--no-fund"])
            // The browser comes from the system's packages: Playwright's own has no H.264.
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"),
    )?;
    fs::write(&stamp, mark).context("node_modules cannot be marked as installed.")
}

/// The folder of the package `http-cache-tests`, installed into the target folder when it is missing or of another lock file.
///
/// # Errors
/// When Node is missing or the package cannot be fetched.
pub(crate) fn http_cache_tests(place: &Place) -> Result<PathBuf> {
    let folder = place.tools().join("http-cache-tests");
    let stamp = folder.join("stamp.json");
    let package = folder.join("node_modules/http-cache-tests");
    let lock = fs::read(place.at("xtask/http-cache-tests/package-lock.json"))
        .context("The lock file of http-cache-tests cannot be read.")?;
    if fs::read(&stamp).is_ok_and(|there| there == lock) {
        return Ok(package);
    }
    ensure!(find("npm").is_some(), "{NO_NPM}");
    say("Installing http-cache-tests from npm (once).");
    fs::create_dir_all(&folder)?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(
            place.at(format!("xtask/http-cache-tests/{name}")),
            folder.join(name),
        )?;
    }
    progress::run(
        "npm ci",
        Lines::Keep,
        Command::new("npm").current_dir(&folder).args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ]),
    )?;
    fs::write(&stamp, lock)?;
    Ok(package)
}
