//! What each bundle weighs as it is shipped, against the budget of those who download it.

use anyhow::Result;

use super::{Figure, row, verdict};
use crate::build::{self, Cache, Grade, bundle::Bundle, compress, optimise};
use crate::install;
use crate::place::Place;
use crate::progress::{say, step};

/// Builds the bundles as `dist` does (or as `test` does) and weighs them: JavaScript, snippets and WebAssembly together.
///
/// # Errors
/// When one cannot be built.
pub(crate) fn measure(place: &Place, bundles: &[Bundle], grade: Grade) -> Result<Vec<Figure>> {
    install::wasm_target(place)?;
    install::npm(place)?;
    let cache = Cache::open(place)?;
    let mut figures = Vec::new();
    for bundle in bundles {
        let stem = bundle.stem();
        let (raw, small) = step(&format!("weighing {stem}"), || {
            weigh(place, &cache, *bundle, grade)
        })?;
        let limit = bundle.budget();
        figures.push(figure(format!("{stem}_raw"), raw, None));
        figures.push(figure(format!("{stem}_brotli"), small, Some(limit)));
    }
    Ok(figures)
}

/// Measures and prints to standard error; for `test`.
///
/// # Errors
/// As [`measure`], and when a bundle is over its budget.
pub(crate) fn check(place: &Place, grade: Grade) -> Result<()> {
    let figures = measure(place, &Bundle::ALL, grade)?;
    for figure in &figures {
        say(row(figure));
    }
    verdict(&figures)
}

/// Raw and brotli bytes of one bundle. What a grade does not make small loses at least what is never run: names for a debugger,
/// functions that are there twice. It then weighs more than what ships, and within the budget if it does so.
fn weigh(place: &Place, cache: &Cache, bundle: Bundle, grade: Grade) -> Result<(u64, u64)> {
    let mut built = build::built(place, cache, bundle, grade)?;
    if !grade.small(bundle) {
        built.wasm = optimise::strip(place, cache, bundle, &built.wasm)?;
    }
    let snippets = built.snippets.iter().map(|(_, bytes)| bytes);
    let (mut raw, mut small) = (0, 0);
    for bytes in [&built.js, &built.wasm].into_iter().chain(snippets) {
        raw += bytes.len() as u64;
        small += compress::cached(cache, bytes)?.len() as u64;
    }
    Ok((raw, small))
}

/// A size as a figure.
fn figure(metric: String, bytes: u64, limit: Option<u64>) -> Figure {
    Figure {
        bench: "bundles".to_owned(),
        metric,
        value: bytes as f64,
        unit: "B".to_owned(),
        limit: limit.map(|limit| limit as f64),
        ok: limit.is_none_or(|limit| bytes <= limit),
        ..Figure::default()
    }
}
