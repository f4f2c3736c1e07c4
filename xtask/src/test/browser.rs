//! Tests in headless Chromium: Rust compiled to WebAssembly, and Playwright against the real binary.

use std::fs;
use std::process::Command;

use anyhow::Result;

use super::native::count;
use super::tally::Tally;
use crate::build::{self, Grade, bundle::Bundle};
use crate::cargo;
use crate::install::{self, Package, Tool};
use crate::place::Place;
use crate::progress::{self, Lines};

/// Tests that are compiled for browsers: package and its test targets.
const WASM: [&[&str]; 1] = [&["--package=worker", "--lib"]];

/// What the browser is told: root may not use its sandbox, and containers have a small /dev/shm.
const SWITCHES: [&str; 5] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
];

/// Runs them by wasm-bindgen's runner, which drives Chromium over WebDriver.
///
/// # Errors
/// When a tool is missing or something does not compile.
pub(super) fn wasm(place: &Place) -> Result<Tally> {
    install::wasm_target(place)?;
    let chromium = install::have(Package::Chromium)?;
    let driver = install::have(Package::ChromiumDriver)?;
    let capabilities = place.target.join("webdriver.json");
    let options =
        serde_json::json!({ "goog:chromeOptions": { "binary": chromium, "args": SWITCHES } });
    fs::write(&capabilities, options.to_string())?;
    let runner = Tool::WasmRunner.have(place)?;
    let mut tally = Tally::default();
    for arguments in WASM {
        let mut command = cargo::command(place);
        command
            .args(["test", "--target", cargo::WASM, "--profile", "web"])
            .args(arguments)
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", &runner)
            .env("CHROMEDRIVER", &driver)
            .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", &capabilities)
            .env("WASM_BINDGEN_TEST_TIMEOUT", "120");
        tally += count("the tests in the browser", &mut command)?;
    }
    Ok(tally)
}

/// Builds site and server, then runs everything in `end2end/` against them.
///
/// # Errors
/// When a tool is missing or something does not compile.
pub(super) fn playwright(place: &Place) -> Result<Tally> {
    let chromium = install::have(Package::Chromium)?;
    install::have(Package::Ffmpeg)?;
    let tuspy = install::tuspy(place)?;
    let site = build::site(place, Grade::Test, &Bundle::ALL)?;
    let binary = cargo::server(place)?;
    let fake_stripe = cargo::fake_stripe(place)?;
    let folder = place.at("end2end");
    progress::run(
        "types of end2end",
        Lines::Keep,
        Command::new("node")
            .current_dir(&folder)
            .arg(place.at("node_modules/typescript/bin/tsc"))
            .args(["--noEmit", "--project", "."]),
    )?;
    count(
        "playwright",
        Command::new("node")
            .current_dir(&folder)
            .arg(place.at("node_modules/@playwright/test/cli.js"))
            .arg("test")
            .env("CARGO_TARGET_DIR", &place.target)
            .env("VITRINE_BIN", binary)
            .env("VITRINE_FAKE_STRIPE", fake_stripe)
            .env("VITRINE_SITE", site)
            .env("VITRINE_CHROMIUM", chromium)
            .env("VITRINE_TUSPY", tuspy),
    )
}
