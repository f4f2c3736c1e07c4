//! cargo-deny: licences, sources, bans, and advisories where their database can be reached.

use anyhow::Result;

use super::tally::Tally;
use crate::cargo;
use crate::install::Tool;
use crate::place::Place;
use crate::progress::{self, Lines, say};

/// Checks the dependency tree against `deny.toml`.
///
/// # Errors
/// When a dependency breaks a rule.
pub(super) fn run(place: &Place) -> Result<Tally> {
    let deny = Tool::Deny.have(place)?;
    let call = |arguments: &[&str]| {
        let mut command = std::process::Command::new(&deny);
        command
            .current_dir(&place.root)
            .env("CARGO_TARGET_DIR", &place.target)
            .env("CARGO", cargo::command(place).get_program())
            .args(arguments);
        command
    };
    progress::run(
        "cargo deny",
        Lines::Keep,
        &mut call(&["--all-features", "check", "licenses", "bans", "sources"]),
    )?;
    let mut tally = Tally::PASSED;
    // The database of advisories is a git repository on GitHub: not every machine that tests may reach it.
    if progress::finish("the advisories", Lines::Keep, &mut call(&["fetch", "db"]))?.ok {
        progress::run(
            "cargo deny",
            Lines::Keep,
            &mut call(&["--all-features", "check", "--disable-fetch", "advisories"]),
        )?;
        tally += Tally::PASSED;
    } else {
        say(
            "ADVISORIES NOT CHECKED: the RustSec database (github.com/rustsec/advisory-db) cannot be reached from here.",
        );
        tally.skipped += 1;
    }
    Ok(tally)
}
