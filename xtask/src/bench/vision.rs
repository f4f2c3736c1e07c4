//! What the vision costs and finds where creators run it: in Chromium, by the bundles as they ship (`end2end/bench/`).

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::Figure;
use crate::build::{self, Grade, bundle::Bundle};
use crate::cargo;
use crate::install::{self, Package};
use crate::model::{self, WITH_TRANSNET};
use crate::place::Place;
use crate::progress::{self, Lines};

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// What filming takes of a core, and the wait after stop
    Filming,
    /// The network beside onnxruntime-web
    Onnx,
    /// Every development clip by the import, beside the native build
    Clips,
    /// WebGPU beside the CPU, on what `clips` was shown (half an hour where the GPU is software)
    Engines,
    /// TransNetV2 on WebGPU beside the CPU, three windows of what `clips` was shown (minutes each where the GPU is software)
    Precise,
    /// What a tab holds at most with two hours of film, and with 4K
    Memory,
}

impl Part {
    const ALL: [Self; 6] = [
        Self::Filming,
        Self::Onnx,
        Self::Clips,
        Self::Engines,
        Self::Precise,
        Self::Memory,
    ];

    /// What browsers load for it.
    fn bundles(self) -> &'static [Bundle] {
        match self {
            Self::Filming | Self::Memory => &[Bundle::Frontend, Bundle::Studio, Bundle::WorkerCpu],
            Self::Onnx | Self::Clips => &[Bundle::WorkerCpu],
            Self::Engines | Self::Precise => &[Bundle::WorkerCpu, Bundle::WorkerGpu],
        }
    }

    fn goes_on_from_clips(self) -> bool {
        matches!(self, Self::Engines | Self::Precise)
    }

    /// The first word of its tests.
    fn word(self) -> &'static str {
        match self {
            Self::Filming => "filming",
            Self::Onnx => "onnx",
            Self::Clips => "clips",
            Self::Engines => "engines",
            Self::Precise => "precise",
            Self::Memory => "memory",
        }
    }
}

/// Builds what is needed, runs the parts and reads what they measured.
///
/// # Errors
/// When something cannot be installed or built, or a part cannot be run to its end.
pub(super) fn measure(place: &Place, parts: &[Part]) -> Result<Vec<Figure>> {
    let mut parts = if parts.is_empty() {
        Part::ALL.to_vec()
    } else {
        parts.to_vec()
    };
    let folder = place.target.join("bench");
    // What `clips` was shown is kept, and it is shown first where it never was to the end.
    let shown = folder.join("clips/whole");
    if let Some(at) = parts.iter().position(|part| part.goes_on_from_clips())
        && !parts[..at].contains(&Part::Clips)
        && !shown.exists()
    {
        parts.insert(at, Part::Clips);
    }
    let chromium = install::have(Package::Chromium)?;
    install::have(Package::Ffmpeg)?;
    let bundles: Vec<Bundle> = Bundle::ALL
        .into_iter()
        .filter(|bundle| parts.iter().any(|part| part.bundles().contains(bundle)))
        .collect();
    let site = build::site(place, Grade::Test, &bundles)?;
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made.", folder.display()))?;
    let figures = folder.join("figures.jsonl");
    fs::write(&figures, "")?;
    let mut figured = Vec::new();
    // One after another, so that each comes in the order told whatever the runner's.
    for part in &parts {
        let mut command = Command::new("node");
        command
            .current_dir(place.at("end2end"))
            .arg(place.at("node_modules/@playwright/test/cli.js"))
            .args(["test", "--config", "bench.config.ts", "--grep"])
            .arg(format!(" {} ", part.word()))
            .env("CARGO_TARGET_DIR", &place.target)
            .env("VITRINE_SITE", &site)
            .env("VITRINE_CHROMIUM", &chromium)
            .env("VITRINE_FIGURES", &figures);
        match part {
            Part::Onnx => {
                command
                    .env("VITRINE_ORT", install::onnxruntime(place)?)
                    .env("VITRINE_ONNX", onnx(place)?);
            }
            Part::Clips | Part::Engines => {
                command.env("VITRINE_EVAL", scorer(place, "eval,simd")?);
            }
            Part::Precise => {
                command
                    .env("VITRINE_TRANSNET_WEIGHTS", model::transnet(place)?)
                    .env("VITRINE_EVAL", scorer(place, WITH_TRANSNET)?);
            }
            Part::Filming | Part::Memory => {
                command.env("VITRINE_BIN", cargo::server(place)?);
            }
        }
        progress::run("playwright", Lines::Show, &mut command)?;
        if *part == Part::Clips {
            fs::write(&shown, "")?;
        }
    }
    for line in fs::read_to_string(&figures)?.lines() {
        figured.push(serde_json::from_str(line).context("A figure cannot be read.")?);
    }
    if figured.is_empty() {
        bail!("Nothing was measured.");
    }
    Ok(figured)
}

/// The student as ONNX, made of the weights as they are now and held against the golden scores.
fn onnx(place: &Place) -> Result<PathBuf> {
    let file = place.target.join("models/shots.onnx");
    fs::create_dir_all(place.target.join("models"))?;
    progress::run(
        "shots.onnx",
        Lines::Keep,
        Command::new(install::onnx(place)?)
            .arg(place.at("frontend/vision/reference/shots_onnx.py"))
            .arg(place.at("public/models/shots.bin"))
            .arg(place.at("frontend/vision/src/shot/golden.txt"))
            .arg(&file),
    )?;
    Ok(file)
}

/// The native scorer, built as `cargo xtask eval shots` builds it.
fn scorer(place: &Place, features: &str) -> Result<PathBuf> {
    progress::run(
        "eval-shots",
        Lines::Show,
        cargo::command(place)
            .args(["build", "--package", "vision", "--profile", "train"])
            .args(["--features", features, "--bin", "eval-shots"]),
    )?;
    Ok(place
        .target
        .join("train")
        .join(format!("eval-shots{}", std::env::consts::EXE_SUFFIX)))
}
