//! onnxruntime-web, to measure beside: by version and hash into the target folder. No page of ours loads it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::find;
use crate::place::Place;
use crate::progress::{self, Lines, say};

const PACKAGE: &str = "onnxruntime-web";
const VERSION: &str = "1.30.0";
const INTEGRITY: &str = "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ==";

/// The folder of what a browser loads of it.
///
/// # Errors
/// When npm is missing, or the package cannot be fetched or is not the one named here.
pub(crate) fn onnxruntime(place: &Place) -> Result<PathBuf> {
    let folder = place.tools().join(format!("{PACKAGE}-{VERSION}"));
    let dist = folder.join("node_modules").join(PACKAGE).join("dist");
    if folder.join("whole").is_file() {
        return Ok(dist);
    }
    if find("npm").is_none() {
        bail!(
            "npm is missing. Install Node 20 or newer (https://nodejs.org, or: apt-get install nodejs npm)."
        );
    }
    say(format_args!("Installing {PACKAGE} {VERSION} from npm."));
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made.", folder.display()))?;
    fs::write(folder.join("package.json"), r#"{"private":true}"#)?;
    progress::run(
        "npm install",
        Lines::Keep,
        Command::new("npm")
            .current_dir(&folder)
            .args(["install", "--no-audit", "--no-fund", "--ignore-scripts"])
            .arg(format!("{PACKAGE}@{VERSION}")),
    )?;
    let lock = fs::read(folder.join("package-lock.json"))?;
    let lock: serde_json::Value = serde_json::from_slice(&lock)?;
    let got = &lock["packages"][format!("node_modules/{PACKAGE}")]["integrity"];
    ensure!(
        got == INTEGRITY,
        "npm gave a {PACKAGE} {VERSION} whose hash is {got}, not {INTEGRITY}."
    );
    fs::write(folder.join("whole"), "")?;
    Ok(dist)
}
