//! The site's files: bundles, styles, fonts and icons, from a folder or from inside the binary.
//!
//! `manifest.json` maps a logical name to the path of a file whose name holds its hash; `pkg/` has those files with
//! `.br` and `.gz` beside them, `static/` has files with plain names.

use std::{borrow::Cow, path::PathBuf};

use crate::config::SiteSource;

#[cfg(feature = "embed")]
mod embedded {
    /// The site folder as it was when the binary was built.
    #[derive(rust_embed::RustEmbed)]
    #[folder = "$VITRINE_SITE"]
    pub(super) struct Embedded;
}

/// Why the site cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder or its manifest is not there.
    #[error(
        "the site folder {folder} has no manifest.json ({error}). Run `cargo xtask serve`, which builds it, or pass --site DIR"
    )]
    Missing {
        /// The folder that was looked into.
        folder: String,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// The binary was built without a site.
    #[error(
        "this binary holds no site. Pass --site DIR (or set VITRINE_SITE), or build it with `cargo xtask dist`"
    )]
    NotEmbedded,
    /// The manifest is no map of names to paths.
    #[error(
        "the site's manifest.json cannot be read: {0}. Build the site again with `cargo xtask serve`"
    )]
    Manifest(String),
}

/// Where files are read from.
#[derive(Debug, Clone)]
pub struct Files {
    source: SiteSource,
}

impl Files {
    /// Files of `source`; nothing is read yet.
    #[must_use]
    pub const fn new(source: SiteSource) -> Self {
        Self { source }
    }

    /// Whether this binary holds a site of its own.
    #[must_use]
    pub const fn embedded() -> bool {
        cfg!(feature = "embed")
    }

    /// The text of `manifest.json`.
    ///
    /// # Errors
    /// When there is none.
    pub fn manifest(&self) -> Result<String, Error> {
        match &self.source {
            SiteSource::Folder(folder) => std::fs::read_to_string(folder.join("manifest.json"))
                .map_err(|error| Error::Missing {
                    folder: folder.display().to_string(),
                    error,
                }),
            SiteSource::Embedded => {
                let bytes = embedded_file("manifest.json").ok_or(Error::NotEmbedded)?;
                String::from_utf8(bytes.into_owned()).map_err(|e| Error::Manifest(e.to_string()))
            }
        }
    }

    /// The bytes of a file below the site, or `None` when there is none or the path tries to leave the site.
    pub async fn read(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        if !is_plain(path) {
            return None;
        }
        match &self.source {
            SiteSource::Folder(folder) => {
                let file: PathBuf = folder.join(path);
                tokio::fs::read(file).await.ok().map(Cow::Owned)
            }
            SiteSource::Embedded => embedded_file(path),
        }
    }
}

#[cfg(feature = "embed")]
fn embedded_file(path: &str) -> Option<Cow<'static, [u8]>> {
    <embedded::Embedded as rust_embed::RustEmbed>::get(path).map(|file| file.data)
}

#[cfg(not(feature = "embed"))]
const fn embedded_file(_path: &str) -> Option<Cow<'static, [u8]>> {
    None
}

/// Only names that a build makes: no empty, hidden or parent segments, nothing that an operating system reads specially.
fn is_plain(path: &str) -> bool {
    path.split('/').all(|segment| {
        !segment.is_empty()
            && !segment.starts_with('.')
            && segment
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'@'))
    })
}

/// The content type of a file by its ending.
#[must_use]
pub fn content_type(path: &str) -> &'static str {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "html" => "text/html; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "mp4" => "video/mp4",
        "woff2" => "font/woff2",
        "xml" => "application/xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_leave_the_site() {
        for path in [
            "../x",
            "a/../b",
            "/etc/passwd",
            "a//b",
            "",
            ".git/config",
            "a\\b",
            "a\0b",
            "%2e%2e/x",
            "pkg/.x",
        ] {
            assert!(!is_plain(path), "{path}");
        }
        for path in [
            "pkg/shop-1a2b.css",
            "static/icons/apple.png",
            "pkg/a.wasm.br",
        ] {
            assert!(is_plain(path), "{path}");
        }
    }

    #[tokio::test]
    async fn a_missing_manifest_says_what_to_run() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new(SiteSource::Folder(folder.path().to_owned()));
        let message = files.manifest().unwrap_err().to_string();
        assert!(message.contains("cargo xtask serve"), "{message}");
        assert!(files.read("pkg/x.js").await.is_none());
    }
}
