//! A domain's noun is a module of the crate `domain`, and of every other layer that has the domain it names the same.

use std::collections::BTreeSet;

use super::Tree;

/// Where the domains' rules are.
const DOMAIN: &str = "app/domain/src/";

/// Where their transactions and queries are.
const SERVICES: &str = "server/services/src/";

/// The layers that may have a domain beside its rules.
const LAYERS: [&str; 7] = [
    SERVICES,
    "server/src/",
    "app/src/",
    "frontend/studio/src/",
    "frontend/worker/src/",
    "migrations/",
    "style/",
];

/// Domains without rules of their own: only the services know them.
const WITHOUT_RULES: [&str; 1] = ["job"];

/// Where the README lists nouns, in brackets.
const LIST: &str = "the same noun (";

/// Every noun of the README that is no domain of two layers, and every migration of a domain that not both the rules and the services
/// have.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    let shared = shared(tree);
    let readme = tree.text("README.md").unwrap_or_default();
    let (_, list) = readme.split_once(LIST).unwrap_or_default();
    let (list, _) = list.split_once(')').unwrap_or_default();
    let listed = list.split('`').skip(1).step_by(2);
    let mut breaches: Vec<String> = listed
        .filter(|noun| !shared.contains(noun))
        .map(|noun| {
            format!("README.md lists the domain {noun}, which is no module of `domain` and another layer.")
        })
        .collect();
    let rules = modules(tree, DOMAIN);
    let services = modules(tree, SERVICES);
    for path in tree.paths() {
        let Some(noun) = migration(path) else {
            continue;
        };
        if !services.contains(noun) || !(rules.contains(noun) || WITHOUT_RULES.contains(&noun)) {
            breaches.push(format!(
                "{path}: {noun} is not a module of both `domain` and `services`."
            ));
        }
    }
    breaches
}

/// The domains: modules of the crate `domain` whose noun another layer has as well, and those without rules.
pub(super) fn shared(tree: &Tree) -> BTreeSet<&str> {
    let elsewhere: BTreeSet<&str> = LAYERS
        .iter()
        .flat_map(|layer| {
            tree.paths()
                .filter_map(move |path| path.strip_prefix(layer))
        })
        .flat_map(|rest| rest.split('/'))
        .map(|part| part.split('.').next().unwrap_or(part))
        // `0001_identity.sql` has the noun `identity`.
        .map(|stem| stem.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_'))
        .collect();
    let mut shared = modules(tree, DOMAIN);
    shared.retain(|noun| elsewhere.contains(noun));
    shared.extend(WITHOUT_RULES);
    shared
}

/// The modules of a crate's root.
fn modules<'a>(tree: &'a Tree, root: &str) -> BTreeSet<&'a str> {
    tree.paths()
        .filter_map(|path| path.strip_prefix(root))
        .filter_map(|rest| rest.split(['/', '.']).next())
        .filter(|noun| *noun != "lib")
        .collect()
}

/// `migrations/0001_identity.sql` → `identity`.
fn migration(path: &str) -> Option<&str> {
    let (_, noun) = path
        .strip_prefix("migrations/")?
        .strip_suffix(".sql")?
        .split_once('_')?;
    Some(noun)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree;

    const README: &str = "the same noun (`catalog`, `capture`) names the module";

    fn breaches(more: &[&str]) -> Vec<String> {
        let mut files = vec![
            ("README.md", README),
            ("app/domain/src/lib.rs", ""),
            ("app/domain/src/catalog.rs", ""),
            ("app/domain/src/capture/mod.rs", ""),
            ("app/domain/src/money.rs", ""),
            ("server/services/src/catalog/sql.rs", ""),
            ("server/services/src/clock.rs", ""),
            ("server/services/src/job/mod.rs", ""),
            ("frontend/studio/src/view/capture.rs", ""),
        ];
        files.extend(more.iter().map(|path| (*path, "")));
        check(&tree(&files))
    }

    #[test]
    fn both_the_rules_and_the_services_have_it() {
        assert_eq!(
            breaches(&["migrations/0001_catalog.sql", "migrations/0002_job.sql"]),
            Vec::<String>::new()
        );
        for path in [
            "migrations/0001_money.sql",
            "migrations/0001_clock.sql",
            "migrations/0001_weather.sql",
        ] {
            assert_eq!(breaches(&[path]).len(), 1, "{path}");
        }
    }

    #[test]
    fn what_one_layer_has_alone_is_no_domain() {
        let files = [
            ("app/domain/src/money.rs", ""),
            ("server/services/src/clock.rs", ""),
        ];
        assert_eq!(shared(&tree(&files)), BTreeSet::from(WITHOUT_RULES));
        let listed = [("README.md", README), ("app/domain/src/catalog.rs", "")];
        assert_eq!(check(&tree(&listed)).len(), 2);
    }
}
