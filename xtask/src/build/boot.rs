//! The small modules that start a bundle, and those that need none. A page loads one with `<script type="module" src=…>`, so
//! no script stands in the page itself and the content security policy can forbid that.

use std::fs;

use anyhow::{Context, Result};

use super::asset::{Folder, beside};
use crate::place::Place;

/// Logical name, bundle, template.
const MODULES: [(&str, &str, &str); 2] = [
    (
        "frontend-boot.js",
        "frontend",
        include_str!("boot/frontend.js"),
    ),
    ("studio-boot.js", "studio", include_str!("boot/studio.js")),
];

/// Logical name and path of the modules that are served as they are.
const PLAIN: [(&str, &str); 6] = [
    ("worker-boot.js", "frontend/worker/boot.js"),
    ("passkey.js", "frontend/passkey.js"),
    ("proof.js", "frontend/proof.js"),
    ("heic.js", "frontend/heic.js"),
    ("checkout.js", "frontend/checkout.js"),
    ("cart.js", "frontend/cart.js"),
];

/// Adds the boot modules of the bundles that are there, and those that are served as they are.
///
/// # Errors
/// When a module cannot be read or the folder cannot be written.
pub(super) fn add(place: &Place, folder: &mut Folder<'_>) -> Result<()> {
    for (name, path) in PLAIN {
        let path = place.at(path);
        let module =
            fs::read(&path).with_context(|| format!("{} cannot be read.", path.display()))?;
        folder.add(name, &module)?;
    }
    let proof = folder.url("proof.js").map(beside).unwrap_or_default();
    for (name, bundle, template) in MODULES {
        let js = folder.url(&format!("{bundle}.js")).map(beside);
        let wasm = folder.url(&format!("{bundle}.wasm")).map(beside);
        if let (Some(js), Some(wasm)) = (js, wasm) {
            folder.add(name, fill(template, &js, &wasm, &proof).as_bytes())?;
        }
    }
    Ok(())
}

/// Puts the addresses of the bundle, and of the script that signs uploads, into a template.
fn fill(template: &str, js: &str, wasm: &str, proof: &str) -> String {
    template
        .replace("PROOF_JS", proof)
        .replace("BUNDLE_JS", js)
        .replace("BUNDLE_WASM", wasm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_names_both_halves() {
        for (_, _, template) in MODULES {
            let module = fill(template, "./a.js", "./a.wasm", "./p.js");
            assert!(module.contains("\"./a.js\"") && module.contains("\"./a.wasm\""));
            assert!(!module.contains("BUNDLE_") && !module.contains("PROOF_"));
        }
    }
}
