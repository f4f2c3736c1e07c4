//! Typefaces: files of npm packages, named in `style/fonts.json`, served by ourselves.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::asset::Folder;
use super::cache::Cache;
use crate::place::Place;
use crate::progress::{self, Lines};

/// A family of `style/fonts.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Family {
    /// What stays of the variable axes: a number pins an axis, `{"min": …, "max": …}` narrows it.
    axes: serde_json::Value,
    /// Files of the package `@fontsource-variable/FAMILY`.
    files: Vec<String>,
}

/// Adds each font under the logical name `fonts/FILE`, with what its family keeps of the axes.
///
/// # Errors
/// When the list or a file it names cannot be read, or is no font.
pub(super) fn add(place: &Place, cache: &Cache, folder: &mut Folder<'_>) -> Result<()> {
    let list = place.at("style/fonts.json");
    let text =
        fs::read_to_string(&list).with_context(|| format!("{} cannot be read.", list.display()))?;
    let families: BTreeMap<String, Family> = serde_json::from_str(&text)
        .context("style/fonts.json is not a map of family to its axes and files.")?;
    for (name, family) in families {
        let package = format!("@fontsource-variable/{name}");
        for file in family.files {
            let path = place
                .at("node_modules")
                .join(&package)
                .join("files")
                .join(&file);
            let bytes = instance(place, cache, &path, &family.axes).with_context(|| {
                format!("style/fonts.json names {file}, which cannot be taken from {package}. Is it in package.json?")
            })?;
            folder.add(&format!("fonts/{file}"), &bytes)?;
        }
    }
    Ok(())
}

/// The font at `path` with what `axes` keeps, by HarfBuzz (npm's `subset-font`). Cached by content.
fn instance(
    place: &Place,
    cache: &Cache,
    path: &Path,
    axes: &serde_json::Value,
) -> Result<Vec<u8>> {
    let bytes = fs::read(path)?;
    let lock = fs::read(place.at("node_modules/subset-font/package.json"))
        .context("subset-font is not installed. Run: npm ci")?;
    let axes = axes.to_string();
    cache.get(&[b"font", &lock, axes.as_bytes(), &bytes], || {
        let target =
            std::env::temp_dir().join(format!("vitrine-font-{}.woff2", std::process::id()));
        let done = progress::run(
            "subset-font",
            Lines::Keep,
            Command::new("node")
                .arg(place.at("xtask/src/build/font/instance.js"))
                .arg(path)
                .arg(&target)
                .arg(&axes),
        );
        let font = done.and_then(|_| fs::read(&target).context("subset-font left no font."));
        // It was never written when the font was refused.
        drop(fs::remove_file(target));
        font
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::Grade;

    #[test]
    fn the_text_face_and_the_display_face_weigh_less_than_fifty_kilobytes() {
        let place = Place::find().expect("a checkout");
        // A fresh checkout has no packages yet, and unit tests come before what else installs them.
        crate::install::npm(&place).expect("npm packages");
        let home = crate::scratch::Scratch::new();
        let cache = Cache::open(&Place {
            root: home.path().into(),
            target: home.path().into(),
        })
        .expect("a cache");
        let mut folder =
            Folder::open(&home.path().join("site"), &cache, Grade::Dev).expect("a folder");
        add(&place, &cache, &mut folder).expect("adds the fonts");
        let weight = |name: &str| {
            let url = folder.url(name).expect("is named in style/fonts.json");
            let bytes = fs::read(home.path().join("site").join(&url[1..])).expect("is there");
            assert!(bytes.starts_with(b"wOF2"), "{name}");
            bytes.len()
        };
        let text = weight("fonts/instrument-sans-latin-wght-normal.woff2");
        let display = weight("fonts/fraunces-latin-opsz-normal.woff2");
        assert!(text < 30_000 && display < 20_000, "{text} and {display}");
    }
}
