//! Where things lie on this machine.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folders every command works with.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The checkout: the folder with the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target folder: `CARGO_TARGET_DIR`, else `target` in the checkout.
    pub(crate) target: PathBuf,
}

impl Place {
    /// Finds the checkout from what cargo says about this crate, else from the working folder.
    ///
    /// # Errors
    /// When neither lies inside a checkout of the project.
    pub(crate) fn find() -> Result<Self> {
        let start = match std::env::var_os("CARGO_MANIFEST_DIR") {
            Some(folder) => PathBuf::from(folder),
            None => std::env::current_dir().context("The working folder cannot be read.")?,
        };
        let root = start
            .ancestors()
            .find(|folder| folder.join("xtask/Cargo.toml").is_file())
            .context("No checkout of Vitrine here. Run `cargo xtask` inside one.")?
            .to_path_buf();
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => root.join(folder),
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// A path inside the checkout.
    pub(crate) fn at(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// Programs installed for the project only.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// The server binary of cargo's profile folder (`debug`, `dist`).
    pub(crate) fn binary(&self, profile: &str) -> PathBuf {
        self.target
            .join(profile)
            .join(format!("vitrine{}", std::env::consts::EXE_SUFFIX))
    }
}
