//! Programs from crates.io, built once into the target folder.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::cargo;
use crate::place::Place;
use crate::progress::{self, Lines, say};

/// A program that only the tests need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// Licences, duplicates and sources of the dependency tree.
    Deny,
    /// Runs WebAssembly tests in a browser. Its version must be the one of `wasm-bindgen`.
    WasmRunner,
}

impl Tool {
    /// Crate, version, program.
    fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Deny => ("cargo-deny", "0.20.2", "cargo-deny"),
            Self::WasmRunner => ("wasm-bindgen-cli", "0.2.130", "wasm-bindgen-test-runner"),
        }
    }

    /// What else cargo is told.
    fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Deny => &[],
            // Its TLS is for remote WebDriver servers; ours is on this machine.
            Self::WasmRunner => &["--no-default-features"],
        }
    }

    /// The program, built when this target folder does not have it yet.
    ///
    /// # Errors
    /// When it cannot be fetched or does not compile.
    pub(crate) fn have(self, place: &Place) -> Result<PathBuf> {
        let (package, version, program) = self.parts();
        // One folder per version, so that a new pin builds a new one.
        let root = place.tools().join(format!("{package}-{version}"));
        let file = root
            .join("bin")
            .join(format!("{program}{}", std::env::consts::EXE_SUFFIX));
        if file.is_file() {
            return Ok(file);
        }
        say(format_args!(
            "Installing {package} {version} from crates.io (once; some minutes)."
        ));
        progress::run(
            package,
            Lines::Show,
            cargo::command(place)
                .args(["install", package, "--version", version, "--root"])
                .arg(&root)
                // Without the optimiser it is built in a third of the time, and it is fast enough.
                .args(["--debug", "--no-track"])
                .args(self.settings())
                .env("CARGO_PROFILE_DEV_DEBUG", "0")
                .env("CARGO_TARGET_DIR", place.tools().join("build")),
        )
        .with_context(|| format!("{package} could not be installed from crates.io."))?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runner_fits_wasm_bindgen() {
        let (_, version, _) = Tool::WasmRunner.parts();
        let manifest = include_str!("../../../Cargo.toml");
        assert!(manifest.contains(&format!("wasm-bindgen = \"={version}\"")));
    }
}
