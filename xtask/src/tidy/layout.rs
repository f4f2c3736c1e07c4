//! Names of migrations and style sheets: the same nouns as the modules.

use std::collections::BTreeSet;

use super::{Tree, noun};

/// Sheets that are not a domain's: what they share, and one entry per surface.
const SHEETS: [&str; 7] = [
    "tokens", "base", "fonts", "print", "shop", "studio", "manage",
];

/// Every migration or sheet whose name is not a domain's, and every gap in the numbers.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    let nouns = nouns(tree);
    let mut breaches = Vec::new();
    let mut numbers = BTreeSet::new();
    for path in tree.paths() {
        if let Some(file) = path
            .strip_prefix("migrations/")
            .and_then(|rest| rest.rsplit('/').next())
        {
            match migration(file) {
                Some((number, noun)) if nouns.contains(noun) => {
                    numbers.insert(number);
                }
                _ => breaches.push(format!(
                    "{path} should be NNNN_<domain>.sql, with one of {nouns:?}."
                )),
            }
        }
        let sheet = path
            .strip_prefix("style/")
            .and_then(|file| file.strip_suffix(".css"));
        if let Some(stem) = sheet.filter(|stem| !SHEETS.contains(stem) && !nouns.contains(stem)) {
            breaches.push(format!("{path}: {stem} is neither a domain nor a surface."));
        }
    }
    for (expected, number) in (1..).zip(&numbers) {
        if *number != expected {
            breaches.push(format!("Migration {expected:04} is missing."));
            break;
        }
    }
    breaches
}

/// The domains.
fn nouns(tree: &Tree) -> BTreeSet<&str> {
    noun::shared(tree)
}

/// `0001_identity.sql` → (1, "identity").
fn migration(file: &str) -> Option<(u32, &str)> {
    let (number, noun) = file.strip_suffix(".sql")?.split_once('_')?;
    (number.len() == 4).then_some(())?;
    Some((number.parse().ok()?, noun))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree;

    const DOMAIN: [(&str, &str); 4] = [
        ("app/domain/src/catalog.rs", ""),
        ("app/domain/src/media.rs", ""),
        ("server/services/src/catalog/mod.rs", ""),
        ("server/services/src/media/mod.rs", ""),
    ];

    fn breaches(paths: &[&str]) -> usize {
        let mut files = DOMAIN.to_vec();
        files.extend(paths.iter().map(|path| (*path, "")));
        check(&tree(&files)).len()
    }

    #[test]
    fn a_domain_in_every_name() {
        assert_eq!(
            breaches(&[
                "migrations/0001_catalog.sql",
                "migrations/0002_media.sql",
                "style/catalog.css"
            ]),
            0
        );
        assert_eq!(breaches(&["migrations/0001_weather.sql"]), 1);
        assert_eq!(breaches(&["migrations/1_catalog.sql"]), 1);
        assert_eq!(breaches(&["style/weather.css"]), 1);
    }

    #[test]
    fn no_gap() {
        assert_eq!(
            breaches(&["migrations/0001_catalog.sql", "migrations/0003_media.sql"]),
            1
        );
    }
}
