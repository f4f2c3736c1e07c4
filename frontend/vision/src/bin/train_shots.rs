//! Trains the shot network: `train-shots --seed 7 --steps 1200 --data ../shared/data --exclude a,b --out public/models`.

use std::path::PathBuf;

use vision::{
    shot::weights,
    train::{
        footage::{self, Wanted},
        learn::{self, Plan},
    },
};

const USAGE: &str = "train-shots [--data DIR] [--seed N] [--drawn N] [--first N] [--steps N] [--batch N] [--rate X] [--exclude a,b,…] [--from FILE] [--out DIR]
  --data     the shared data folder (default ../shared/data; without it, footage the command makes itself is used)
  --exclude  leave out files whose path contains one of these
  --drawn    sequences of the first stage, in which only the part over time learns
  --first    optimiser steps of the first stage
  --steps    optimiser steps of the second stage, in which all of it learns
  --from     weights to go on from
  --out      where shots.bin and shots.json go (default public/models)";

fn main() -> std::process::ExitCode {
    match run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{e}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut wanted = Wanted {
        data: PathBuf::from("../shared/data"),
        exclude: Vec::new(),
    };
    let mut plan = Plan {
        seed: 7,
        drawn: 600,
        first: 1500,
        steps: 1000,
        batch: 4,
        rate: 2e-3,
    };
    let mut out = PathBuf::from("public/models");
    let mut from = None;
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        if name == "--help" {
            println!("{USAGE}");
            return Ok(());
        }
        let value = args
            .next()
            .ok_or_else(|| format!("{name} needs a value.\n{USAGE}"))?;
        let bad = |_| format!("{value} is no value for {name}.\n{USAGE}");
        match name.as_str() {
            "--data" => wanted.data = value.into(),
            "--seed" => plan.seed = value.parse().map_err(bad)?,
            "--drawn" => plan.drawn = value.parse().map_err(bad)?,
            "--first" => plan.first = value.parse().map_err(bad)?,
            "--from" => from = Some(PathBuf::from(value)),
            "--steps" => plan.steps = value.parse().map_err(bad)?,
            "--batch" => plan.batch = value.parse().map_err(bad)?,
            "--rate" => {
                plan.rate = value
                    .parse()
                    .map_err(|_| format!("{value} is no value for {name}.\n{USAGE}"))?
            }
            "--exclude" => wanted.exclude = value.split(',').map(str::to_owned).collect(),
            "--out" => out = value.into(),
            _ => return Err(format!("{name} is not known.\n{USAGE}")),
        }
    }
    let (footage, manifest) = footage::load(&wanted, plan.seed)?;
    let pictures: usize = footage.iter().map(|f| f.frames.len()).sum();
    eprintln!(
        "{} pieces of footage, {pictures} pictures, manifest {manifest}",
        footage.len()
    );
    std::fs::create_dir_all(&out).map_err(|e| format!("{} cannot be made: {e}", out.display()))?;
    let store = |name: &str, bytes: &[u8]| {
        let path = out.join(name);
        std::fs::write(&path, bytes)
            .map_err(|e| format!("{} cannot be written: {e}", path.display()))
    };
    let mut kept = Ok(());
    let from = match from {
        Some(path) => Some(
            std::fs::read(&path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?,
        ),
        None => None,
    };
    let from_hash = from
        .as_deref()
        .map(weights::hash)
        .transpose()
        .map_err(|e| e.to_string())?;
    let student = learn::train(
        &footage,
        &plan,
        from.as_deref(),
        |line| eprintln!("{line}"),
        |student| {
            kept = store("shots.bin", &weights::write(student));
        },
    )
    .map_err(|e| e.to_string())?;
    kept?;
    let bytes = weights::write(&student);
    store("shots.bin", &bytes)?;
    let about = serde_json::json!({
        "model": "shots",
        "version": 1,
        "weights_blake3": weights::hash(&bytes).map_err(|e| e.to_string())?,
        "bytes": bytes.len(),
        "macs_per_frame": vision::shot::net::MACS,
        "seed": plan.seed,
        "drawn": plan.drawn,
        "first": plan.first,
        "steps": plan.steps,
        "from": from_hash,
        "batch": plan.batch,
        "rate": plan.rate,
        "excluded": wanted.exclude,
        "footage": footage.len(),
        "pictures": pictures,
        "manifest_blake3": manifest,
        "command": format!("cargo run -p vision --profile train --features train --bin train-shots -- --seed {} --drawn {} --first {} --steps {} --batch {} --rate {} --exclude {}", plan.seed, plan.drawn, plan.first, plan.steps, plan.batch, plan.rate, wanted.exclude.join(",")),
    });
    let text = serde_json::to_string_pretty(&about).map_err(|e| e.to_string())?;
    store("shots.json", format!("{text}\n").as_bytes())
}
