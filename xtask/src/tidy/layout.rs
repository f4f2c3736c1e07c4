//! Names of migrations and style sheets: the same nouns as the modules.

use std::collections::BTreeSet;

use super::{Tree, noun};

/// Sheets that are not a domain's, because every page needs them.
const SHEETS: [&str; 3] = ["tokens", "fonts", "base"];

/// The surfaces. Each has one entry, `style/<surface>.css`, that imports what its pages need and has no rules of its own.
const SURFACES: [&str; 3] = ["shop", "studio", "manage"];

/// The most lines a style sheet may have.
const LINES: usize = 400;

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
    }
    breaches.extend(sheets(tree, &nouns));
    for (expected, number) in (1..).zip(&numbers) {
        if *number != expected {
            breaches.push(format!("Migration {expected:04} is missing."));
            break;
        }
    }
    breaches
}

/// Every style sheet that is misnamed, too long, or loaded by no page.
///
/// A domain's sheet is `style/<domain>.css`, or `style/<surface>/<domain>.css` where one surface alone loads it; a domain with
/// more than one sheet has a folder of that name.
fn sheets(tree: &Tree, nouns: &BTreeSet<&str>) -> Vec<String> {
    let sheets: Vec<(&str, &str, &str)> = tree
        .files
        .iter()
        .filter_map(|(path, text)| {
            let stem = path.strip_prefix("style/")?.strip_suffix(".css")?;
            Some((path.as_str(), stem, text.as_str()))
        })
        .collect();
    let imported: BTreeSet<&str> = sheets
        .iter()
        .filter(|(_, stem, _)| SURFACES.contains(stem))
        .flat_map(|(_, _, text)| text.lines().filter_map(import))
        .collect();
    let mut breaches = Vec::new();
    for (path, stem, text) in sheets {
        let count = text.lines().count();
        if count > LINES {
            breaches.push(format!(
                "{path} has {count} lines, more than {LINES}: split it by what it shows."
            ));
        }
        if SURFACES.contains(&stem) {
            if text.contains('{') {
                breaches.push(format!(
                    "{path} has rules of its own: an entry only imports."
                ));
            }
            continue;
        }
        if !named(stem, nouns) {
            breaches.push(format!("{path}: {stem} is neither a domain nor shared."));
        }
        if !imported.contains(stem) {
            breaches.push(format!("{path} is imported by none of {SURFACES:?}."));
        }
    }
    breaches
}

/// Whether a sheet, without `style/` and `.css`, is named after a domain or shared by all pages, of one surface or of all.
fn named(stem: &str, nouns: &BTreeSet<&str>) -> bool {
    let parts: Vec<&str> = stem.split('/').collect();
    let (surface, parts) = match parts.split_first() {
        Some((first, rest)) if SURFACES.contains(first) => (true, rest),
        _ => (false, parts.as_slice()),
    };
    match parts {
        [noun] | [noun, _] if surface => *noun == "base" || nouns.contains(noun),
        [noun] | [noun, _] => SHEETS.contains(noun) || nouns.contains(noun),
        _ => false,
    }
}

/// `@import "shop/media.css";` → `shop/media`.
fn import(line: &str) -> Option<&str> {
    line.trim()
        .strip_prefix("@import \"")?
        .strip_suffix(".css\";")
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
            breaches(&["migrations/0001_catalog.sql", "migrations/0002_media.sql"]),
            0
        );
        assert_eq!(breaches(&["migrations/0001_weather.sql"]), 1);
        assert_eq!(breaches(&["migrations/1_catalog.sql"]), 1);
    }

    #[test]
    fn a_sheet_is_shared_or_a_domains() {
        let of = |path: &str, text: &str| {
            let stem = &path["style/".len()..path.len() - ".css".len()];
            let entry = format!("@import \"tokens.css\";\n@import \"{stem}.css\";\n");
            let mut files = DOMAIN.to_vec();
            files.extend([("style/shop.css", entry.as_str()), (path, text)]);
            check(&tree(&files))
        };
        for path in [
            "style/tokens.css",
            "style/base.css",
            "style/base/field.css",
            "style/catalog.css",
            "style/shop/base.css",
            "style/shop/catalog.css",
            "style/studio/media/upload.css",
        ] {
            assert_eq!(of(path, "a {}\n"), Vec::<String>::new(), "{path}");
        }
        for path in [
            "style/weather.css",
            "style/shop/weather.css",
            "style/shop/tokens.css",
            "style/weather/catalog.css",
            "style/shop/catalog/media/upload.css",
        ] {
            assert_eq!(of(path, "a {}\n").len(), 1, "{path}");
        }
        let long = "\n".repeat(LINES + 1);
        assert_eq!(of("style/catalog.css", &long).len(), 1);
    }

    #[test]
    fn an_entry_imports_every_sheet_and_has_no_rules() {
        let of = |entry: &str| {
            let mut files = DOMAIN.to_vec();
            files.extend([("style/manage.css", entry), ("style/media.css", "a {}\n")]);
            check(&tree(&files)).len()
        };
        assert_eq!(of("@import \"media.css\";\n"), 0);
        assert_eq!(of("/* Nothing. */\n"), 1);
        assert_eq!(of("@import \"media.css\";\na {}\n"), 1);
    }

    #[test]
    fn no_gap() {
        assert_eq!(
            breaches(&["migrations/0001_catalog.sql", "migrations/0003_media.sql"]),
            1
        );
    }
}
