//! A Python environment for the scripts that draw, outside the system's own.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::apt::{Package, have};
use crate::place::Place;
use crate::progress::{self, Lines, say};

/// The interpreter of an environment with `xtask/art/requirements.txt`, made when it is missing or of another list.
///
/// # Errors
/// When Python is missing or a package cannot be fetched.
pub(crate) fn python(place: &Place) -> Result<PathBuf> {
    let list = place.at("xtask/art/requirements.txt");
    let wanted =
        fs::read_to_string(&list).with_context(|| format!("{} cannot be read.", list.display()))?;
    let folder = place.tools().join("art");
    let stamp = folder.join("requirements.txt");
    let python = folder.join("bin/python");
    if fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(python);
    }
    say("Making a Python environment with the packages of xtask/art/requirements.txt.");
    let system = have(Package::Venv)?;
    progress::run(
        "venv",
        Lines::Keep,
        Command::new(system).args(["-m", "venv"]).arg(&folder),
    )?;
    progress::run(
        "pip",
        Lines::Keep,
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--requirement"])
            .arg(&list),
    )?;
    fs::write(&stamp, wanted)?;
    Ok(python)
}
