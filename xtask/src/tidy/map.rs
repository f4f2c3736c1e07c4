//! The README's map is the tree: its table of crates, its line of dependencies, its picture and every path it names.

use std::collections::{BTreeMap, BTreeSet};

use super::Tree;

/// Where the line of dependencies begins and ends.
const LINE: (&str, &str) = ("Depends on:", ".");

/// Who depends on whom.
type Edges = BTreeSet<(String, String)>;

/// Every difference between the README and the tree.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    let Some(readme) = tree.text("README.md") else {
        // Said by the rule of the README.
        return Vec::new();
    };
    let crates = crates(tree);
    let mut breaches = table(readme, &crates);
    breaches.extend(line(readme, &crates));
    breaches.extend(names(readme, tree, &crates));
    breaches
}

/// A crate of the workspace.
#[derive(Debug)]
struct Crate {
    /// Its folder.
    folder: String,
    /// What it names in its Cargo.toml, but for tests.
    dependencies: Vec<String>,
}

/// The crates by their names. Fuzz targets are no layer: cargo-fuzz builds them outside of the workspace.
fn crates(tree: &Tree) -> BTreeMap<String, Crate> {
    tree.files
        .iter()
        .filter_map(|(path, text)| {
            let folder = path.strip_suffix("/Cargo.toml")?.to_owned();
            if folder.ends_with("/fuzz") {
                return None;
            }
            let (name, dependencies) = manifest(text)?;
            Some((
                name,
                Crate {
                    folder,
                    dependencies,
                },
            ))
        })
        .collect()
}

/// The name and the dependencies in a Cargo.toml, as far as one key a line has them.
fn manifest(text: &str) -> Option<(String, Vec<String>)> {
    let mut section = "";
    let mut name = None;
    let mut dependencies = Vec::new();
    for line in text.lines() {
        if let Some(head) = line.strip_prefix('[') {
            section = head.trim_end_matches(']');
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let key = key.trim().split('.').next().unwrap_or_default();
        if section == "package" && key == "name" {
            name = Some(value.trim().trim_matches('"').to_owned());
        }
        if section.ends_with("dependencies") && !section.ends_with("dev-dependencies") {
            dependencies.push(key.to_owned());
        }
    }
    Some((name?, dependencies))
}

/// The rows `| path | crate | … |` beside the crates there are.
fn table(readme: &str, crates: &BTreeMap<String, Crate>) -> Vec<String> {
    let said: BTreeMap<&str, &str> = readme
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split("` | `");
            let folder = cells.next()?;
            let name = cells.next()?.split('`').next()?;
            (!folder.contains('`') && line.matches(" |").count() == 3).then_some((name, folder))
        })
        .collect();
    let mut breaches = Vec::new();
    for (name, found) in crates {
        match said.get(name.as_str()) {
            Some(folder) if *folder == found.folder => {}
            Some(folder) => breaches.push(format!(
                "README.md has the crate {name} in {folder}; it is in {}.",
                found.folder
            )),
            None => breaches.push(format!(
                "README.md has no row `{}` | `{name}` in its map.",
                found.folder
            )),
        }
    }
    for (name, folder) in said {
        // Options and their variables stand in a table of the same form.
        if !crates.contains_key(name) && !folder.starts_with('-') {
            breaches.push(format!(
                "README.md maps a crate {name}, which is not there."
            ));
        }
    }
    breaches
}

/// The line of dependencies beside those there are. Both are taken with what follows from them: who depends on a crate depends on what
/// that one depends on.
fn line(readme: &str, crates: &BTreeMap<String, Crate>) -> Vec<String> {
    let Some((_, rest)) = readme.split_once(LINE.0) else {
        return vec![format!("README.md has no line `{}`.", LINE.0)];
    };
    let line = rest.split_once(LINE.1).map_or(rest, |(line, _)| line);
    let said = closed(drawn(line));
    let real = closed(
        crates
            .iter()
            .flat_map(|(name, found)| {
                found
                    .dependencies
                    .iter()
                    .filter(|other| crates.contains_key(*other))
                    .map(|other| (name.clone(), other.clone()))
            })
            .collect(),
    );
    let missing = real.difference(&said);
    let extra = said.difference(&real);
    missing
        .map(|(a, b)| format!("{a} depends on {b}, and README.md does not draw it."))
        .chain(extra.map(|(a, b)| format!("README.md draws that {a} depends on {b}; it does not.")))
        .collect()
}

/// The edges of a text with chains such as `` `a ← b ← c, d` ``.
fn drawn(text: &str) -> Edges {
    let mut edges = Edges::new();
    for chain in text.split('`').skip(1).step_by(2) {
        let layers: Vec<Vec<&str>> = chain
            .split('←')
            .map(|layer| {
                let names = layer.split(',');
                // `app(ssr)` is `app`.
                names
                    .filter_map(|name| name.trim().split('(').next())
                    .collect()
            })
            .collect();
        for pair in layers.windows(2) {
            for above in &pair[1] {
                for below in &pair[0] {
                    edges.insert(((*above).to_owned(), (*below).to_owned()));
                }
            }
        }
    }
    edges
}

/// The edges with all that follow from them.
fn closed(mut edges: Edges) -> Edges {
    loop {
        let more: Edges = edges
            .iter()
            .flat_map(|(a, b)| {
                edges
                    .iter()
                    .filter(move |(c, _)| b == c)
                    .map(move |(_, d)| (a.clone(), d.clone()))
            })
            .collect();
        let before = edges.len();
        edges.extend(more);
        if edges.len() == before {
            return edges;
        }
    }
}

/// Every module, file and address that the README names and the tree does not have.
fn names(readme: &str, tree: &Tree, crates: &BTreeMap<String, Crate>) -> Vec<String> {
    let word =
        |c: char| c.is_whitespace() || matches!(c, '`' | '(' | ')' | '|' | ',' | '"' | '[' | ']');
    let mut breaches = Vec::new();
    for name in readme.split(word) {
        let name = name.trim_end_matches(['.', ':', ';']);
        if let Some((owner, module)) = name.split_once("::")
            && let Some(found) = crates.get(owner)
        {
            let module = module.split("::").next().unwrap_or(module);
            let stem = format!("{}/src/{module}", found.folder);
            let there = [format!("{stem}.rs"), format!("{stem}/mod.rs")];
            if !tree
                .paths()
                .any(|path| there.iter().any(|file| file == path))
            {
                breaches.push(format!(
                    "README.md names the module {name}, which is not there."
                ));
            }
        } else if name.starts_with('/') && name.len() > 1 {
            let route = format!("\"{name}\"");
            let mut server = tree
                .files
                .iter()
                .filter(|(path, _)| path.starts_with("server/src/"));
            if !server.any(|(_, text)| text.contains(&route)) {
                breaches.push(format!(
                    "README.md names the address {name}, which no route has."
                ));
            }
        } else if let Some((top, _)) = name.split_once('/')
            && tree.paths().any(|path| path.split('/').next() == Some(top))
            && !tree.paths().any(|path| fits(path, name))
        {
            breaches.push(format!("README.md names {name}, which is not there."));
        }
    }
    breaches
}

/// Whether a path is the one named, or lies in the folder named. A `*` stands for one part.
fn fits(path: &str, name: &str) -> bool {
    let mut parts = path.split('/');
    name.trim_end_matches('/').split('/').all(|wanted| {
        parts
            .next()
            .is_some_and(|part| wanted == "*" || wanted == part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree;

    const README: &str = "| path | crate | is |\n| `app/domain` | `domain` | rules |\n| `server` | `server` | the `vitrine` |\n\
                          | `migrations` | | SQL |\n| `--data` | `DATA` | `./data` |\n\n`domain::money` ─► /p/{slug}\n\
                          Depends on: `domain ← server`, and nothing else.\n[page](server/src/http.rs), `server/*/http.rs`\n";

    fn breaches(readme: &str, server: &str) -> Vec<String> {
        check(&tree(&[
            ("README.md", readme),
            (
                "app/domain/Cargo.toml",
                "[package]\nname = \"domain\"\n[dependencies]\nserde = { workspace = true }",
            ),
            ("app/domain/src/money/mod.rs", ""),
            ("server/Cargo.toml", server),
            ("server/src/http.rs", ".route(\"/p/{slug}\", get)"),
        ]))
    }

    const SERVER: &str = "[package]\nname = \"server\"\n[dependencies]\ndomain.workspace = true\n[dev-dependencies]\nvision = \"1\"";

    #[test]
    fn a_map_of_what_is_there() {
        assert_eq!(breaches(README, SERVER), Vec::<String>::new());
    }

    #[test]
    fn each_difference_is_named() {
        let moved = README.replace("`app/domain` |", "`domain` |");
        let alone = SERVER.replace("domain.workspace", "axum.workspace");
        for (readme, server, word) in [
            (moved, SERVER, "it is in app/domain"),
            (
                README.replace("| `server` |", "| `srv` |"),
                SERVER,
                "it is in server",
            ),
            (README.to_owned(), alone.as_str(), "it does not"),
            (
                README.replace("domain ← server", "domain"),
                SERVER,
                "does not draw",
            ),
            (
                README.replace("money", "weather"),
                SERVER,
                "domain::weather",
            ),
            (
                README.replace("/p/{slug}", "/q/{slug}"),
                SERVER,
                "/q/{slug}",
            ),
            (
                README.replace("src/http.rs", "src/ftp.rs"),
                SERVER,
                "src/ftp.rs",
            ),
        ] {
            let found = breaches(&readme, server);
            assert_eq!(found.len(), 1, "{word}: {found:?}");
            assert!(found[0].contains(word), "{word}: {found:?}");
        }
    }

    #[test]
    fn what_follows_need_not_be_drawn() {
        let edges = closed(drawn("`a ← b(x) ← c, d`"));
        let named: Vec<String> = edges.iter().map(|(a, b)| format!("{a}{b}")).collect();
        assert_eq!(named, ["ba", "ca", "cb", "da", "db"]);
    }
}
