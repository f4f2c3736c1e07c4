//! Style sheets: one per surface, with what it imports, minified for the browsers we serve.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use lightningcss::bundler::{Bundler, FileProvider};
use lightningcss::dependencies::{Dependency, DependencyOptions};
use lightningcss::stylesheet::{MinifyOptions, ParserOptions, PrinterOptions};
use lightningcss::targets::{Browsers, Targets};

use super::asset::Folder;
use crate::place::Place;

/// The entries. Each becomes one file.
const SHEETS: [&str; 3] = ["shop.css", "studio.css", "manage.css"];

/// The oldest browsers that know OKLCH, nesting's base and `:has()`; older ones get the same page with plainer colours.
fn browsers() -> Browsers {
    let version = |major: u32, minor: u32| Some(major << 16 | minor << 8);
    Browsers {
        chrome: version(111, 0),
        edge: version(111, 0),
        firefox: version(121, 0),
        safari: version(16, 4),
        ios_saf: version(16, 4),
        ..Browsers::default()
    }
}

/// Adds the style sheets. Addresses in them are logical names (`url("fonts/x.woff2")`) and become hashed ones.
///
/// # Errors
/// When a sheet is missing, cannot be parsed, or names a file that nobody provides.
pub(super) fn add(place: &Place, folder: &mut Folder<'_>) -> Result<()> {
    for sheet in SHEETS {
        let css = bundle(&place.at("style").join(sheet), |name| {
            folder.url(name).map(str::to_owned)
        })?;
        folder.add(sheet, css.as_bytes())?;
    }
    Ok(())
}

/// One entry with everything it imports. `resolve` answers the URL of a logical name.
fn bundle(entry: &Path, resolve: impl Fn(&str) -> Option<String>) -> Result<String> {
    let name = entry.display();
    let files = FileProvider::new();
    let mut bundler = Bundler::new(&files, None, ParserOptions::default());
    let mut sheet = bundler
        .bundle(entry)
        .map_err(|error| anyhow!("{name}: {error}"))?;
    let targets = Targets::from(browsers());
    sheet
        .minify(MinifyOptions {
            targets,
            ..MinifyOptions::default()
        })
        .map_err(|error| anyhow!("{name}: {error}"))?;
    let printed = sheet
        .to_css(PrinterOptions {
            minify: true,
            targets,
            analyze_dependencies: Some(DependencyOptions {
                remove_imports: false,
            }),
            ..PrinterOptions::default()
        })
        .map_err(|error| anyhow!("{name}: {error}"))?;
    let mut css = printed.code;
    for dependency in printed.dependencies.unwrap_or_default() {
        let (placeholder, url) = match dependency {
            Dependency::Url(url) => (url.placeholder, url.url),
            Dependency::Import(import) => (import.placeholder, import.url),
        };
        let target = if url.starts_with("data:") || url.starts_with('#') {
            url
        } else {
            let logical = url.trim_start_matches(['.', '/']);
            let logical = logical.strip_prefix("static/").unwrap_or(logical);
            resolve(logical).with_context(|| {
                format!("{name} names {url}, which is neither in style/fonts.json nor in public/.")
            })?
        };
        css = css.replace(&placeholder, &target);
    }
    Ok(css)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn every_entry_of_the_checkout_bundles() {
        let place = Place::find().expect("a checkout");
        for sheet in SHEETS {
            let css = bundle(&place.at("style").join(sheet), |name| {
                Some(format!("/static/{name}"))
            })
            .expect("bundles");
            assert!(!css.contains("@import"), "{sheet} imports at its head only");
            assert!(
                css.contains("--accent:") && css.contains(".button{"),
                "{sheet}"
            );
        }
    }

    #[test]
    fn imports_are_inlined_and_addresses_resolved() {
        let folder = crate::scratch::Scratch::new();
        fs::write(
            folder.path().join("base.css"),
            "@font-face { font-family: A; src: url(\"fonts/a.woff2\") } b { background: url(data:image/gif;base64,AAAA) }",
        )
        .expect("writes");
        let entry = folder.path().join("shop.css");
        fs::write(
            &entry,
            "@import \"base.css\"; a { color: oklch(50% 0.1 200) }",
        )
        .expect("writes");
        let css = bundle(&entry, |name| {
            (name == "fonts/a.woff2").then(|| "/pkg/a-1.woff2".to_owned())
        })
        .expect("bundles");
        assert!(css.contains("/pkg/a-1.woff2") && css.contains("data:image/gif;base64,AAAA"));
        assert!(!css.contains("@import") && !css.contains('\n'));
        assert_eq!(
            css.matches("color:").count(),
            1,
            "no fallback for browsers we do not serve: {css}"
        );
        let error = bundle(&entry, |_| None).expect_err("nobody provides the font");
        assert!(error.to_string().contains("fonts/a.woff2"));
    }
}
