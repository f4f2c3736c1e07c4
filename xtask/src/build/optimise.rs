//! wasm-opt, from npm's `binaryen`, for what is shipped.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use super::bundle::Bundle;
use super::cache::Cache;
use crate::place::Place;
use crate::progress::{self, Lines};

/// What rustc switches on for wasm32-unknown-unknown, and SIMD, which we switch on.
const FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// Only what is never used or there twice is taken out.
const PRUNE: [&str; 4] = [
    "--duplicate-function-elimination",
    "--remove-unused-module-elements",
    "--memory-packing",
    "--strip-producers",
];

/// Which passes, per bundle. LLVM's own code compresses better than what `-O3` or `-Oz` make of it where most functions
/// are the same loop over another type of number: the CPU worker weighs 376 kB with brotli after pruning, 413 kB after `-O3`
/// and 417 kB after `-Oz`.
fn passes(bundle: Bundle) -> &'static [&'static str] {
    match bundle {
        Bundle::WorkerCpu => &PRUNE,
        Bundle::Frontend | Bundle::Studio | Bundle::WorkerGpu => &["-Oz"],
    }
}

/// A smaller module that does the same. The GPU worker takes minutes, so results are cached by content.
///
/// # Errors
/// When wasm-opt is not there or refuses the module.
pub(super) fn optimise(
    place: &Place,
    cache: &Cache,
    bundle: Bundle,
    wasm: &[u8],
) -> Result<Vec<u8>> {
    run(place, cache, bundle, wasm, passes(bundle))
}

/// The same module without names for a debugger and what is never used: what weighs at least as much as [`optimise`] leaves.
///
/// # Errors
/// As [`optimise`].
pub(crate) fn strip(place: &Place, cache: &Cache, bundle: Bundle, wasm: &[u8]) -> Result<Vec<u8>> {
    let passes: Vec<&str> = PRUNE.into_iter().chain(["--strip-debug"]).collect();
    run(place, cache, bundle, wasm, &passes)
}

fn run(
    place: &Place,
    cache: &Cache,
    bundle: Bundle,
    wasm: &[u8],
    passes: &[&str],
) -> Result<Vec<u8>> {
    let package = fs::read_to_string(place.at("node_modules/binaryen/package.json"))
        .context("binaryen is not installed. Run: npm ci")?;
    let version = serde_json::from_str::<serde_json::Value>(&package)?["version"].to_string();
    let settings = passes.join(" ");
    let features = FEATURES.join(" ");
    let inputs: [&[u8]; 5] = [
        b"wasm-opt",
        version.as_bytes(),
        settings.as_bytes(),
        features.as_bytes(),
        wasm,
    ];
    cache.get(&inputs, || {
        let stem = format!("vitrine-opt-{}-{}", bundle.stem(), std::process::id());
        let before = std::env::temp_dir().join(format!("{stem}.before.wasm"));
        let after = std::env::temp_dir().join(format!("{stem}.after.wasm"));
        fs::write(&before, wasm)?;
        let done = progress::run(
            "wasm-opt",
            Lines::Keep,
            Command::new("node")
                .arg(place.at("node_modules/binaryen/bin/wasm-opt"))
                .args(passes)
                .args(FEATURES)
                .arg(&before)
                .arg("--output")
                .arg(&after),
        );
        let bytes = done.and_then(|_| fs::read(&after).context("wasm-opt left no module."));
        for file in [before, after] {
            // The second was never written when wasm-opt refused.
            drop(fs::remove_file(file));
        }
        bytes
    })
}
