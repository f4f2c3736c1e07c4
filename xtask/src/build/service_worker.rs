//! The studio's service worker: a module without a bundle that names the files the studio needs without a network.

use std::fs;

use anyhow::{Context, Result};

use super::asset::Folder;
use crate::place::Place;

/// What the studio needs to open and to film, by logical name. The GPU build is not among it: it is large, and kept where it was
/// loaded once.
const FILES: [&str; 13] = [
    "studio.css",
    "studio-boot.js",
    "proof.js",
    "studio.js",
    "studio.wasm",
    "worker-boot.js",
    "worker_cpu.js",
    "worker_cpu.wasm",
    "models/shots.bin",
    "favicon.svg",
    "apple-touch-icon.png",
    "fonts/fraunces-latin-opsz-normal.woff2",
    "fonts/instrument-sans-latin-wght-normal.woff2",
];

/// Adds it, once everything it names is there; a site without the studio has none.
///
/// # Errors
/// When its source cannot be read or the folder cannot be written.
pub(super) fn add(place: &Place, folder: &mut Folder<'_>) -> Result<()> {
    let found: Option<Vec<String>> = FILES
        .iter()
        .map(|name| folder.url(name).map(str::to_owned))
        .collect();
    let Some(files) = found else { return Ok(()) };
    let path = place.at("frontend/service-worker.js");
    let source =
        fs::read_to_string(&path).with_context(|| format!("{} cannot be read.", path.display()))?;
    let proof = folder.url("proof.js").unwrap_or_default().to_owned();
    folder.add(
        "service-worker.js",
        fill(&source, &proof, &files)?.as_bytes(),
    )?;
    Ok(())
}

/// Puts the files and a version that follows from them into the source, and the one among them that it runs itself.
fn fill(source: &str, proof: &str, files: &[String]) -> Result<String> {
    let list = serde_json::to_string(files)?;
    let version = blake3::hash(format!("{source}{list}").as_bytes()).to_hex();
    Ok(source
        .replace("SITE_PROOF", &serde_json::to_string(proof)?)
        .replace("SITE_FILES", &list)
        .replace("SITE_VERSION", &version[..12]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_file_is_another_version() {
        let source = include_str!("../../../frontend/service-worker.js");
        let made =
            |file: &str| fill(source, "/pkg/proof-1.js", &[file.to_owned()]).expect("is filled");
        let one = made("/pkg/studio-1.js");
        assert!(one.contains("const FILES = [\"/pkg/studio-1.js\"];"));
        assert!(one.contains("importScripts(\"/pkg/proof-1.js\");"));
        assert!(!one.contains("SITE_"));
        let version = |text: &str| {
            let at = text.find("vitrine-studio-").expect("a cache") + "vitrine-studio-".len();
            text[at..at + 12].to_owned()
        };
        assert_eq!(version(&one), version(&made("/pkg/studio-1.js")));
        assert_ne!(version(&one), version(&made("/pkg/studio-2.js")));
    }
}
