//! What shoppers are answered by. Every socket is on the loopback address.

mod rules;

use std::path::Path;

use anyhow::Result;

use super::{Figure, server};
use crate::dist;
use crate::place::Place;
use crate::progress::step;

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Part {
    /// A cached product page, nginx with the same bytes beside
    Page,
    /// The tests of the npm package `http-cache-tests` that an edge passes
    Rules,
}

/// Measures the parts: of the binary that `dist` builds where none is given.
///
/// # Errors
/// When something cannot be built, installed or started, or answers otherwise than it should.
pub(super) fn measure(place: &Place, parts: &[Part], binary: Option<&Path>) -> Result<Vec<Figure>> {
    let binary = match binary {
        Some(file) => server::absolute(file)?,
        None => dist::binary(place)?,
    };
    let has = |part| parts.is_empty() || parts.contains(&part);
    let mut figures = Vec::new();
    if has(Part::Page) {
        let binaries = server::Binaries {
            new: Some(binary.clone()),
            old: None,
        };
        figures.extend(server::measure(place, &[server::Part::Page], &binaries)?);
    }
    if has(Part::Rules) {
        figures.extend(step("rules", || rules::measure(place, &binary))?);
    }
    for figure in &mut figures {
        figure.bench = "storefront".to_owned();
    }
    Ok(figures)
}
