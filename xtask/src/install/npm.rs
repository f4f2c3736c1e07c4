//! npm packages, exactly as `package-lock.json` has them.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::find;
use crate::place::Place;
use crate::progress::{self, Lines, say};

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
    if find("npm").is_none() {
        bail!(
            "npm is missing. Install Node 20 or newer (https://nodejs.org, or: apt-get install nodejs npm)."
        );
    }
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
