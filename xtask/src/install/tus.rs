//! @tus/server, to measure beside: by version and hash into the target folder. Nothing of ours loads it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::find;
use crate::place::Place;
use crate::progress::{self, Lines, say};

/// What is measured beside, as a figure names it.
pub(crate) const NAME: &str = "@tus/server 2.4.5";

const PACKAGES: [(&str, &str, &str); 2] = [
    (
        "@tus/server",
        "2.4.5",
        "sha512-DaQY5F1/JC1E+eDNY+Q5L08wgQ8NHFDNW/E6NclSx10BOHJk85BT4mSId49Ep890Utsk+6hEEuhNFb/LH+Og0w==",
    ),
    (
        "@tus/file-store",
        "2.1.1",
        "sha512-/uXV3Ibb4Upirrsj7lSrX+o08H7IKYEkPHV8TKAPPK6CYUcOMTilluOkwPrb9JZydLSYlIBQkhZZVS9sPEfDwQ==",
    ),
];

/// The folder that has it among its `node_modules`.
///
/// # Errors
/// When npm is missing, or a package cannot be fetched or is not the one named here.
pub(crate) fn tus_server(place: &Place) -> Result<PathBuf> {
    let folder = place.tools().join("tus-server-2.4.5");
    if folder.join("whole").is_file() {
        return Ok(folder);
    }
    if find("npm").is_none() {
        bail!(
            "npm is missing. Install Node 20 or newer (https://nodejs.org, or: apt-get install nodejs npm)."
        );
    }
    say(format_args!("Installing {NAME} from npm."));
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made.", folder.display()))?;
    fs::write(folder.join("package.json"), r#"{"private":true}"#)?;
    let named = PACKAGES.map(|(name, version, _)| format!("{name}@{version}"));
    progress::run(
        "npm install",
        Lines::Keep,
        Command::new("npm")
            .current_dir(&folder)
            .args(["install", "--no-audit", "--no-fund", "--ignore-scripts"])
            .args(named),
    )?;
    let lock = fs::read(folder.join("package-lock.json"))?;
    let lock: serde_json::Value = serde_json::from_slice(&lock)?;
    for (name, version, integrity) in PACKAGES {
        let got = &lock["packages"][format!("node_modules/{name}")]["integrity"];
        ensure!(
            got == integrity,
            "npm gave a {name} {version} whose hash is {got}, not {integrity}."
        );
    }
    fs::write(folder.join("whole"), "")?;
    Ok(folder)
}
