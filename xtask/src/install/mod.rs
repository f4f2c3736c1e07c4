//! What the commands need from outside. Each says what it does, and installs only what is missing.

mod apt;
mod npm;
mod onnx;
mod python;
mod tool;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

pub(crate) use apt::{Package, have};
pub(crate) use npm::{http_cache_tests, npm};
pub(crate) use onnx::onnxruntime;
pub(crate) use python::{onnx, pyscenedetect, python, reference, tuspy};
pub(crate) use tool::Tool;

use crate::cargo;
use crate::place::Place;
use crate::progress::{self, Lines, say};

/// Sees to it that rustc can compile for browsers.
///
/// # Errors
/// When rustup is not there or cannot fetch the target.
pub(crate) fn wasm_target(place: &Place) -> Result<()> {
    let output = Command::new("rustc")
        .current_dir(&place.root)
        .args(["--print", "sysroot"])
        .output()
        .context("`rustc` cannot be started. Install Rust from https://rustup.rs.")?;
    let sysroot = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if Path::new(&sysroot)
        .join("lib/rustlib")
        .join(cargo::WASM)
        .is_dir()
    {
        return Ok(());
    }
    say(format_args!(
        "Installing the compilation target {} with rustup.",
        cargo::WASM
    ));
    progress::run(
        "rustup",
        Lines::Show,
        Command::new("rustup")
            .current_dir(&place.root)
            .args(["target", "add", cargo::WASM]),
    )
    .with_context(|| {
        format!(
            "The target is missing. Run: rustup target add {}",
            cargo::WASM
        )
    })?;
    Ok(())
}

/// Where a program lies on the search path.
pub(crate) fn find(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Whether this runs as root: who may install system packages, and whom PostgreSQL refuses.
///
/// # Errors
/// When `id` cannot be run.
pub(crate) fn root() -> Result<bool> {
    let output = Command::new("id")
        .arg("-u")
        .output()
        .context("`id` cannot be started.")?;
    if !output.status.success() {
        bail!("`id -u` failed, so it is unknown who runs this.");
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim() == "0")
}
