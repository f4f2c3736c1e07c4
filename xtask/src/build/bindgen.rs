//! wasm-bindgen, as a library: its version is the one in `Cargo.lock`, as it must be.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use wasm_bindgen_cli_support::Bindgen;

use super::bundle::Bundle;
use super::cache::Cache;
use super::{Built, Grade};
use crate::progress::alive;

/// The version that Cargo.toml pins; a new one makes new results.
const VERSION: &str = "0.2.130";

/// What the step leaves, as it lies in the cache.
#[derive(Serialize, Deserialize)]
struct Output {
    files: BTreeMap<String, usize>,
}

/// Makes the JavaScript and the final WebAssembly of a compiled bundle (target `web`).
///
/// # Errors
/// When wasm-bindgen refuses the module.
pub(super) fn bind(cache: &Cache, bundle: Bundle, grade: Grade, wasm: &[u8]) -> Result<Built> {
    let stem = bundle.stem();
    let settings = format!("{stem} {grade:?}");
    let inputs: [&[u8]; 4] = [b"bindgen", VERSION.as_bytes(), settings.as_bytes(), wasm];
    let packed = cache.get(&inputs, || {
        alive("wasm-bindgen", || generate(stem, grade, wasm))
            .context("wasm-bindgen refuses the module.")
    })?;
    let mut files = unpack(&packed)?;
    let mut take = |name: String| {
        files
            .remove(&name)
            .with_context(|| format!("wasm-bindgen left no {name}."))
    };
    Ok(Built {
        js: take(format!("{stem}.js"))?,
        wasm: take(format!("{stem}_bg.wasm"))?,
        snippets: files.into_iter().collect(),
    })
}

/// Runs wasm-bindgen in a folder of its own and packs what it leaves.
fn generate(stem: &str, grade: Grade, wasm: &[u8]) -> Result<Vec<u8>> {
    let folder =
        std::env::temp_dir().join(format!("vitrine-bindgen-{stem}-{}", std::process::id()));
    let result = (|| {
        Bindgen::new()
            .input_bytes(stem, wasm.to_vec())
            .out_name(stem)
            .web(true)?
            .typescript(false)
            // Names cost a fifth of the size, and make a panic readable while one works on it.
            .remove_name_section(grade == Grade::Dist)
            .remove_producers_section(true)
            .generate(&folder)?;
        let mut files = BTreeMap::new();
        for entry in walkdir::WalkDir::new(&folder) {
            let entry = entry?;
            if entry.file_type().is_file() {
                let name = entry
                    .path()
                    .strip_prefix(&folder)?
                    .to_string_lossy()
                    .replace('\\', "/");
                files.insert(name, fs::read(entry.path())?);
            }
        }
        pack(&files)
    })();
    // Nothing was made when it failed early.
    drop(fs::remove_dir_all(&folder));
    result
}

/// Several files as one: a line of JSON with names and lengths, then the bytes in the order of the names.
fn pack(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>> {
    let head = Output {
        files: files
            .iter()
            .map(|(name, bytes)| (name.clone(), bytes.len()))
            .collect(),
    };
    let mut packed = serde_json::to_vec(&head)?;
    packed.push(b'\n');
    for bytes in files.values() {
        packed.extend_from_slice(bytes);
    }
    Ok(packed)
}

/// The opposite of [`pack`].
fn unpack(packed: &[u8]) -> Result<BTreeMap<String, Vec<u8>>> {
    let end = packed.iter().position(|byte| *byte == b'\n').context(
        "A cached result has no head. Remove the folder `site-cache` in the target folder.",
    )?;
    let (head, mut rest) = packed.split_at(end + 1);
    let head: Output = serde_json::from_slice(head)?;
    let mut files = BTreeMap::new();
    for (name, length) in head.files {
        let (bytes, after) = rest.split_at_checked(length).context(
            "A cached result is cut short. Remove the folder `site-cache` in the target folder.",
        )?;
        files.insert(name, bytes.to_vec());
        rest = after;
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacks_what_it_packed() {
        let files = BTreeMap::from([
            ("a.js".to_owned(), b"one\ntwo".to_vec()),
            ("b.wasm".to_owned(), vec![]),
            ("snippets/c.js".to_owned(), vec![0, 255]),
        ]);
        let packed = pack(&files).expect("packs");
        assert_eq!(unpack(&packed).expect("unpacks"), files);
        assert!(unpack(&packed[..packed.len() - 1]).is_err());
        assert!(unpack(b"").is_err());
    }

    #[test]
    fn the_version_is_the_pinned_one() {
        let manifest = include_str!("../../../Cargo.toml");
        assert!(manifest.contains(&format!("wasm-bindgen-cli-support = \"={VERSION}\"")));
    }
}
