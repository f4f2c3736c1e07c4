//! Trains the shot network: `train-shots --seed 31 --data ../shared/data --exclude a,b --out public/models`.

use std::path::PathBuf;

use vision::{
    frame::Thumb,
    shot::weights,
    train::{
        footage::{self, Wanted},
        learn::{self, Plan},
    },
};

const USAGE: &str = "train-shots [--data DIR] [--seed N] [--drawn N] [--first N] [--steps N] [--batch N] [--rate X] [--exclude a,b,…] [--from FILE] [--teacher FILE] [--soft N] [--out DIR]
Without --drawn, --first, --steps, --rate and --from it runs the whole recipe, about an hour of one core.
  --data     the shared data folder (default ../shared/data; without it, footage the command makes itself is used)
  --exclude  leave out files whose path contains one of these
  --drawn    sequences of the first stage, in which only the part over time learns
  --first    optimiser steps of the first stage
  --steps    optimiser steps of the second stage, in which all of it learns
  --from     weights to go on from
  --teacher  weights of TransNetV2, whose scores shift labels; `cargo xtask train shots --teacher` fetches them when FILE is left out
  --soft     how many sequences of the second stage it scores, once, about three seconds of a core each (default 0)
  --out      where shots.bin and shots.json go (default public/models)";

/// From nothing to a network that decides. What each frame is described by and what is made of it over time need each other, so
/// they take turns: the part over time on random descriptions, all of it, the part over time on many more
/// sequences, all of it again. Seeds are added to the one that is asked for.
const RECIPE: [Plan; 3] = [
    Plan {
        seed: 0,
        drawn: 400,
        first: 800,
        steps: 1200,
        batch: 4,
        rate: 1e-3,
        soft: 0,
    },
    Plan {
        seed: 2,
        drawn: 4000,
        first: 5000,
        steps: 0,
        batch: 4,
        rate: 2e-3,
        soft: 0,
    },
    Plan {
        seed: 4,
        drawn: 0,
        first: 0,
        steps: 2000,
        batch: 4,
        rate: 5e-4,
        soft: 0,
    },
];

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
        soft: 0,
    };
    let mut out = PathBuf::from("public/models");
    let mut from = None;
    let mut teacher = None;
    let mut whole = true;
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        if name == "--help" {
            println!("{USAGE}");
            return Ok(());
        }
        let value = args
            .next()
            .ok_or_else(|| format!("{name} needs a value.\n{USAGE}"))?;
        whole &= !["--drawn", "--first", "--steps", "--rate", "--from"].contains(&name.as_str());
        let bad = |_| format!("{value} is no value for {name}.\n{USAGE}");
        match name.as_str() {
            "--data" => wanted.data = value.into(),
            "--seed" => plan.seed = value.parse().map_err(bad)?,
            "--drawn" => plan.drawn = value.parse().map_err(bad)?,
            "--first" => plan.first = value.parse().map_err(bad)?,
            "--from" => from = Some(PathBuf::from(value)),
            "--teacher" => teacher = Some(PathBuf::from(value)),
            "--soft" => plan.soft = value.parse().map_err(bad)?,
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
    let teacher = teacher.map(|path| teaching(&path)).transpose()?;
    if plan.soft > 0 && teacher.is_none() {
        return Err(format!("--soft needs --teacher FILE.\n{USAGE}"));
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
    let plans = if whole {
        let seeded = |stage: Plan| Plan {
            seed: plan.seed.wrapping_add(stage.seed),
            ..stage
        };
        RECIPE.map(seeded).to_vec()
    } else {
        vec![plan]
    };
    let mut bytes = from;
    for plan in &plans {
        let student = learn::train(
            &footage,
            plan,
            bytes.as_deref(),
            teacher.as_deref(),
            |line| eprintln!("{line}"),
            |student| {
                kept = store("shots.bin", &weights::write(student));
            },
        )
        .map_err(|e| e.to_string())?;
        bytes = Some(weights::write(&student));
    }
    kept?;
    let bytes = bytes.unwrap_or_default();
    store("shots.bin", &bytes)?;
    let about = serde_json::json!({
        "model": "shots",
        "version": 1,
        "weights_blake3": weights::hash(&bytes).map_err(|e| e.to_string())?,
        "bytes": bytes.len(),
        "macs_per_frame": vision::shot::net::MACS,
        "stages": plans,
        "teacher": teacher.as_ref().map(|_| "TransNetV2"),
        "from": from_hash,
        "excluded": wanted.exclude,
        "footage": footage.len(),
        "pictures": pictures,
        "manifest_blake3": manifest,
        "command": format!("train-shots {}", std::env::args().skip(1).collect::<Vec<_>>().join(" ")),
    });
    let text = serde_json::to_string_pretty(&about).map_err(|e| e.to_string())?;
    store("shots.json", format!("{text}\n").as_bytes())
}

/// What TransNetV2 says of frames.
type Judge = Box<dyn Fn(&[Thumb]) -> Vec<[f32; 2]>>;

#[cfg(feature = "transnet")]
fn teaching(path: &std::path::Path) -> Result<Judge, String> {
    let bytes =
        std::fs::read(path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
    let teacher = vision::transnet::teacher::Teacher::new(&bytes).map_err(|e| e.to_string())?;
    Ok(Box::new(move |frames| teacher.score(frames)))
}

#[cfg(not(feature = "transnet"))]
fn teaching(_: &std::path::Path) -> Result<Judge, String> {
    Err("This build has no TransNetV2. Build it with --features transnet.".to_owned())
}
