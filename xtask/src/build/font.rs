//! Typefaces: files of npm packages, named in `style/fonts.json`, served by ourselves.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};

use super::asset::Folder;
use crate::place::Place;

/// Adds each font under the logical name `fonts/FILE`. `style/fonts.json` maps a family to the files that are taken
/// from its package, `@fontsource-variable/FAMILY`.
///
/// # Errors
/// When the list or a file it names cannot be read.
pub(super) fn add(place: &Place, folder: &mut Folder<'_>) -> Result<()> {
    let list = place.at("style/fonts.json");
    let text =
        fs::read_to_string(&list).with_context(|| format!("{} cannot be read.", list.display()))?;
    let families: BTreeMap<String, Vec<String>> = serde_json::from_str(&text)
        .context("style/fonts.json is not a map of family to a list of files.")?;
    for (family, files) in families {
        let package = format!("@fontsource-variable/{family}");
        for file in files {
            let path = place
                .at("node_modules")
                .join(&package)
                .join("files")
                .join(&file);
            let bytes = fs::read(&path).with_context(|| {
                format!("style/fonts.json names {file}, which {package} does not have. Is it in package.json?")
            })?;
            folder.add(&format!("fonts/{file}"), &bytes)?;
        }
    }
    Ok(())
}
