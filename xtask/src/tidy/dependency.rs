//! Which crate may depend on which.

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Tree;
use crate::cargo;
use crate::place::Place;

/// The crates of the workspace that each one may name, as the README draws it.
const LAYERS: [(&str, &[&str]); 12] = [
    ("domain", &[]),
    ("island", &["domain"]),
    ("app", &["domain", "island", "services"]),
    ("picture", &[]),
    ("services", &["domain", "picture"]),
    ("server", &["domain", "app", "services"]),
    ("frontend", &["domain", "island"]),
    ("protocol", &["domain"]),
    ("studio", &["domain", "protocol"]),
    ("vision", &["domain"]),
    ("worker", &["domain", "protocol", "vision"]),
    ("xtask", &[]),
];

/// All that the domain may use: nothing here reads a file, a socket or a clock.
const DOMAIN: [&str; 3] = ["serde", "thiserror", "unicode-normalization"];

/// Words that have no place in the domain: input and output, clocks, threads, async.
const IMPURE: [&str; 8] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::thread",
    "std::process",
    "SystemTime",
    "Instant::now",
    "async fn",
];

/// A crate of the workspace.
#[derive(Debug, Deserialize)]
pub(super) struct Crate {
    /// Its name.
    pub(super) name: String,
    /// What it names in its Cargo.toml.
    dependencies: Vec<Dependency>,
}

/// A line of a dependency table.
#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    /// `dev` or `build`; nothing for the others.
    kind: Option<String>,
}

/// The crates, from `cargo metadata`.
///
/// # Errors
/// When cargo cannot read the workspace.
pub(super) fn crates(place: &Place) -> Result<Vec<Crate>> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Crate>,
    }
    let output = cargo::command(place)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .context("cargo cannot be started.")?;
    let metadata: Metadata = serde_json::from_slice(&output.stdout).with_context(|| {
        format!(
            "cargo cannot read the workspace: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )
    })?;
    Ok(metadata.packages)
}

/// Every dependency that the layers do not allow.
pub(super) fn check(crates: &[Crate], tree: &Tree) -> Vec<String> {
    let names: Vec<&str> = crates.iter().map(|found| found.name.as_str()).collect();
    let mut breaches = Vec::new();
    for found in crates {
        let name = found.name.as_str();
        let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == name) else {
            breaches.push(format!(
                "The crate {name} has no place among the layers (xtask, tidy::dependency)."
            ));
            continue;
        };
        for dependency in &found.dependencies {
            let other = dependency.name.as_str();
            let shipped = dependency.kind.as_deref() != Some("dev");
            if names.contains(&other) && !allowed.contains(&other) {
                breaches.push(format!("{name} may not depend on {other}."));
            }
            if other.starts_with("burn") && name != "vision" {
                breaches.push(format!("{name} names {other}: only vision may."));
            }
            if other == "sqlx" && name != "services" && shipped {
                breaches.push(format!("{name} names sqlx: only services may."));
            }
            if name == "domain" && shipped && !DOMAIN.contains(&other) {
                breaches.push(format!(
                    "domain may not use {other}: it has rules and types and nothing else."
                ));
            }
        }
    }
    for (path, text) in &tree.files {
        if path.starts_with("app/domain/src/") {
            for word in IMPURE.iter().filter(|word| text.contains(*word)) {
                breaches.push(format!(
                    "{path} has `{word}`: the domain does no IO and knows no time."
                ));
            }
        }
        if path.starts_with("app/") && path.ends_with(".rs") && text.contains("sqlx") {
            breaches.push(format!(
                "{path} names sqlx: pages do not know the database."
            ));
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree;

    fn crates(list: &[(&str, &[&str])]) -> Vec<Crate> {
        list.iter()
            .map(|(name, dependencies)| Crate {
                name: (*name).to_owned(),
                dependencies: dependencies
                    .iter()
                    .map(|name| Dependency {
                        name: (*name).to_owned(),
                        kind: None,
                    })
                    .collect(),
            })
            .collect()
    }

    #[test]
    fn the_layers_hold() {
        let good = crates(&[
            ("domain", &["serde"]),
            ("services", &["domain", "sqlx"]),
            ("vision", &["domain", "burn"]),
        ]);
        assert!(check(&good, &tree(&[])).is_empty());
        let bad = crates(&[
            ("domain", &["tokio"]),
            ("services", &[]),
            ("app", &["studio", "sqlx"]),
            ("studio", &["burn-store"]),
            ("stranger", &[]),
        ]);
        assert_eq!(check(&bad, &tree(&[])).len(), 5);
    }

    #[test]
    fn the_domain_is_pure() {
        let files = [
            ("app/domain/src/a.rs", "use std::fs;"),
            ("app/src/b.rs", "// sqlx"),
        ];
        assert_eq!(check(&[], &tree(&files)).len(), 2);
    }
}
