//! The tree's own rules: what a reviewer would otherwise have to remember.

mod dependency;
mod file;
mod layout;
mod map;
mod notice;
mod noun;
mod readme;

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::cargo;
use crate::place::Place;
use crate::progress::say;

/// The files that belong to the tree.
#[derive(Debug)]
struct Tree {
    /// Path relative to the checkout, and the text, empty where it is no UTF-8.
    files: Vec<(String, String)>,
}

impl Tree {
    /// Reads the checkout.
    fn read(root: &Path) -> Result<Self> {
        let files = cargo::files(root)?
            .into_iter()
            .map(|path| {
                let text = String::from_utf8(fs::read(root.join(&path)).unwrap_or_default())
                    .unwrap_or_default();
                (path, text)
            })
            .collect();
        Ok(Self { files })
    }

    /// The text of one file.
    fn text(&self, path: &str) -> Option<&str> {
        self.files
            .iter()
            .find(|(name, _)| name == path)
            .map(|(_, text)| text.as_str())
    }

    /// The paths alone.
    fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|(path, _)| path.as_str())
    }
}

/// Checks every rule and names every breach.
///
/// # Errors
/// When a rule is broken.
pub(crate) fn run(place: &Place) -> Result<()> {
    let tree = Tree::read(&place.root)?;
    let crates = dependency::crates(place)?;
    let mut breaches = Vec::new();
    breaches.extend(dependency::check(&crates, &tree));
    breaches.extend(file::check(&tree));
    breaches.extend(layout::check(&tree));
    breaches.extend(map::check(&tree));
    breaches.extend(noun::check(&tree));
    breaches.extend(notice::check(&tree));
    breaches.extend(readme::check(&tree, &crates));
    if breaches.is_empty() {
        return Ok(());
    }
    for breach in &breaches {
        say(format_args!("  {breach}"));
    }
    bail!(
        "The tree breaks {} of its own rules, named above.",
        breaches.len()
    );
}

#[cfg(test)]
fn tree(files: &[(&str, &str)]) -> Tree {
    Tree {
        files: files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect(),
    }
}
