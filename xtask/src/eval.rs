//! `cargo xtask eval NAME`: what is made is held against the truth, or against a referee.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::build::{self, Grade, bundle::Bundle};
use crate::cargo;
use crate::install::{self, Package};
use crate::network::{self, Act};
use crate::place::Place;
use crate::progress::{self, Lines};

/// What `cargo xtask eval` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    name: Name,
}

#[derive(clap::Subcommand, Debug)]
enum Name {
    /// Shot boundaries, against truth files
    #[command(disable_help_flag = true)]
    Shots {
        /// Given to the program as they are; `--help` among them lists them. `--transnet` and `--precise` without a file after it fetch
        /// the weights they name; `--peers` first has PySceneDetect and TransNetV2 judge the same clips, and keeps what they found
        /// in the target folder, for `--peer FOLDER`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Every film of a folder through the studio's import in Chromium, against ffprobe, ffmpeg and a <video>
    Import(Import),
}

/// What `cargo xtask eval import` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Import {
    /// The folder; without it about a hundred films of every kind are made with ffmpeg into the target folder and taken
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Only films whose name holds this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// One JSON object a film on standard output, and nothing else there
    #[arg(long)]
    json: bool,
}

/// Runs one and prints what it found.
///
/// # Errors
/// When it cannot be run, or something is not as it should be.
pub(crate) fn run(place: &Place, args: &Args) -> Result<()> {
    match &args.name {
        Name::Shots { arguments } => network::run(
            place,
            Act::Eval,
            &network::Args::shots(arguments.iter().cloned()),
        ),
        Name::Import(args) => import(place, args),
    }
}

/// One film as it came in. The end2end side writes more than is read here; with `--json` all of it is shown.
#[derive(Debug, Deserialize)]
struct Row {
    film: String,
    ok: bool,
    outcome: String,
    says: String,
    #[serde(default)]
    wrong: Vec<String>,
    seconds: Option<f64>,
    frames: Option<u64>,
    size: Option<String>,
    colour: Option<f64>,
    drift_ms: Option<f64>,
}

impl Row {
    /// As a line of a table.
    fn line(&self) -> String {
        let mark = if self.ok { "✓" } else { "✗" };
        let about = if self.outcome == "refused" {
            format!("refused: {}", self.says.replace('\n', " "))
        } else {
            let number = |value: Option<f64>, digits: usize, unit: &str| {
                value.map_or_else(|| "–".to_owned(), |v| format!("{v:.digits$}{unit}"))
            };
            format!(
                "{:>9} {:>5} frames {:>9}  colours off by {:>4}  sound by {:>7}",
                number(self.seconds, 3, " s"),
                self.frames.unwrap_or(0),
                self.size.as_deref().unwrap_or("–"),
                number(self.colour, 1, ""),
                number(self.drift_ms, 1, " ms"),
            )
        };
        let wrong = if self.wrong.is_empty() {
            String::new()
        } else {
            format!("  WRONG: {}", self.wrong.join(", "))
        };
        format!("{mark} {:<42} {about}{wrong}", self.film)
    }
}

fn import(place: &Place, args: &Import) -> Result<()> {
    let chromium = install::have(Package::Chromium)?;
    install::have(Package::Ffmpeg)?;
    let bundles = [Bundle::Frontend, Bundle::Studio, Bundle::WorkerCpu];
    let site = build::site(place, Grade::Test, &bundles)?;
    let binary = cargo::server(place)?;
    progress::run(
        "session_film",
        Lines::Show,
        cargo::command(place)
            .arg("build")
            .args(cargo::NATIVE)
            .args(["--example", "session_film"]),
    )?;
    let folder = place.target.join("eval");
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made.", folder.display()))?;
    let rows = folder.join("import.jsonl");
    fs::write(&rows, "").with_context(|| format!("{} cannot be written.", rows.display()))?;
    let mut command = Command::new("node");
    command
        .current_dir(place.at("end2end"))
        .arg(place.at("node_modules/@playwright/test/cli.js"))
        .args(["test", "--config", "eval.config.ts"])
        .env("CARGO_TARGET_DIR", &place.target)
        .env("VITRINE_BIN", binary)
        .env("VITRINE_SITE", site)
        .env("VITRINE_CHROMIUM", chromium)
        .env("VITRINE_SESSION_FILM", example(place, "session_film"))
        .env("VITRINE_FILMS_MADE", folder.join("films"))
        .env("VITRINE_ROWS", &rows);
    if let Some(dir) = &args.dir {
        let dir = dir
            .canonicalize()
            .with_context(|| format!("{} is no folder.", dir.display()))?;
        command.env("VITRINE_FILMS", dir);
    }
    if let Some(only) = &args.only {
        command.env("VITRINE_FILMS_ONLY", only);
    }
    progress::run("films through the import", Lines::Show, &mut command)?;
    let text = fs::read_to_string(&rows)?;
    let found = text
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<Vec<Row>, _>>()
        .context("A row cannot be read.")?;
    ensure!(!found.is_empty(), "No film was taken.");
    if args.json {
        print!("{text}");
    } else {
        for row in &found {
            println!("{}", row.line());
        }
        println!("{} films, {} wrong", found.len(), wrong(&found).len());
    }
    verdict(&found)
}

/// Where an example of the everyday profile lies.
fn example(place: &Place, name: &str) -> PathBuf {
    place
        .target
        .join("debug/examples")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

fn wrong(rows: &[Row]) -> Vec<&str> {
    let bad = rows.iter().filter(|row| !row.ok);
    bad.map(|row| row.film.as_str()).collect()
}

/// An error that names every film that did not come in as it is.
fn verdict(rows: &[Row]) -> Result<()> {
    let wrong = wrong(rows);
    if !wrong.is_empty() {
        bail!("Not as their files are: {}.", wrong.join(", "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> Row {
        serde_json::from_str(text).expect("a row")
    }

    #[test]
    fn a_film_that_is_wrong_is_named_with_what_is() {
        let good = row(
            r#"{"film":"a.mp4","ok":true,"outcome":"whole","says":"","seconds":12,"frames":360,"size":"320x180","colour":0.2,"drift_ms":1.5,"wrong":[]}"#,
        );
        let bad = row(
            r#"{"film":"b.mp4","ok":false,"outcome":"whole","says":"","seconds":2,"wrong":["length","colours"]}"#,
        );
        assert!(good.line().contains("360 frames"));
        assert!(bad.line().ends_with("WRONG: length, colours"));
        assert!(verdict(std::slice::from_ref(&good)).is_ok());
        let error = verdict(&[good, bad]).expect_err("one is wrong");
        assert_eq!(error.to_string(), "Not as their files are: b.mp4.");
    }

    #[test]
    fn what_is_refused_shows_its_sentence() {
        let refused = row(
            r#"{"film":"c.mov","ok":true,"outcome":"refused","says":"It is ProRes.","wrong":[]}"#,
        );
        assert!(refused.line().ends_with("refused: It is ProRes."));
    }
}
