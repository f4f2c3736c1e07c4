//! Python environments outside the system's own, one per list of packages.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::apt::{Package, have};
use crate::place::Place;
use crate::progress::{self, Lines, say};

/// The interpreter of an environment with `xtask/art/requirements.txt`, made when it is missing or of another list.
///
/// # Errors
/// When Python is missing or a package cannot be fetched.
pub(crate) fn python(place: &Place) -> Result<PathBuf> {
    environment(place, "art", "xtask/art/requirements.txt", &[])
}

/// The interpreter of an environment with `frontend/vision/reference/onnx.txt`, made when it is missing or of another list.
///
/// # Errors
/// When Python is missing or a package cannot be fetched.
pub(crate) fn onnx(place: &Place) -> Result<PathBuf> {
    environment(place, "onnx", "frontend/vision/reference/onnx.txt", &[])
}

/// The folder of the packages in `frontend/vision/reference/requirements.txt`, each exactly as its hash has it and without
/// what it depends on: data is read from them, and nothing in them is run.
///
/// # Errors
/// When Python is missing or a package cannot be fetched.
pub(crate) fn reference(place: &Place) -> Result<PathBuf> {
    let list = "frontend/vision/reference/requirements.txt";
    let exact = ["--no-deps", "--require-hashes"];
    let python = environment(place, "reference", list, &exact)?;
    let output = Command::new(&python)
        .args([
            "-c",
            "import sysconfig; print(sysconfig.get_path('purelib'))",
        ])
        .output()
        .with_context(|| format!("{} cannot be started.", python.display()))?;
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    ensure!(
        folder.is_dir(),
        "{} does not say where its packages lie.",
        python.display()
    );
    Ok(folder)
}

/// The interpreter of an environment with `frontend/vision/reference/pyscenedetect.txt`, each package exactly as its hash has it.
///
/// # Errors
/// When Python is missing or a package cannot be fetched.
pub(crate) fn pyscenedetect(place: &Place) -> Result<PathBuf> {
    let list = "frontend/vision/reference/pyscenedetect.txt";
    let exact = ["--no-deps", "--require-hashes"];
    environment(place, "pyscenedetect", list, &exact)
}

/// The interpreter of an environment with `end2end/clients/tuspy.txt`.
///
/// # Errors
/// When Python is missing or a package cannot be fetched.
pub(crate) fn tuspy(place: &Place) -> Result<PathBuf> {
    environment(place, "tuspy", "end2end/clients/tuspy.txt", &["--no-deps"])
}

/// The interpreter of an environment with the packages of a list, made when it is missing or of another list.
fn environment(place: &Place, name: &str, list: &str, settings: &[&str]) -> Result<PathBuf> {
    let file = place.at(list);
    let wanted =
        fs::read_to_string(&file).with_context(|| format!("{} cannot be read.", file.display()))?;
    let folder = place.tools().join(name);
    let stamp = folder.join("requirements.txt");
    let python = folder.join("bin/python");
    if fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(python);
    }
    say(format_args!(
        "Making a Python environment with the packages of {list}."
    ));
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
            .args(["-m", "pip", "install", "--quiet"])
            .args(settings)
            .arg("--requirement")
            .arg(&file),
    )?;
    fs::write(&stamp, wanted)?;
    Ok(python)
}
