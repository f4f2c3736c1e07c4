//! Scores the pipeline on a folder of clips: `eval-shots --media DIR --truth FILE [--json]`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Instant,
};

use domain::highlight::{Choice, Contract, Recording};
use vision::eval::{
    choice::{self, Shown},
    plot,
    run::{self, Detect},
    score::{self, Row},
    truth,
};

const USAGE: &str = "eval-shots --media DIR --truth FILE [--weights FILE | --plain | --transnet FILE] [--json] [--predictions FILE] [--plot DIR] [--least X]
  --weights      the network (default public/models/shots.bin)
  --plain        frame differences instead of the network
  --transnet     TransNetV2 with these weights instead; `cargo xtask eval shots --transnet` fetches them when FILE is left out
  --json         one JSON object a line and nothing else on standard output
  --predictions  also writes what was found, in the format of score.py
  --plot         also draws each clip there (SVG) and writes its signals beside it (CSV)
  --least        exit with 1 when f1 is below this";

struct Wanted {
    media: PathBuf,
    truth: PathBuf,
    weights: PathBuf,
    plain: bool,
    transnet: Option<PathBuf>,
    json: bool,
    predictions: Option<PathBuf>,
    plot: Option<PathBuf>,
    least: Option<f64>,
}

fn main() -> std::process::ExitCode {
    match wanted().and_then(|w| w.map_or(Ok(true), |w| evaluate(&w))) {
        Ok(true) => std::process::ExitCode::SUCCESS,
        Ok(false) => std::process::ExitCode::FAILURE,
        Err(e) => {
            eprintln!("{e}");
            std::process::ExitCode::from(2)
        }
    }
}

fn wanted() -> Result<Option<Wanted>, String> {
    let mut out = Wanted {
        media: PathBuf::new(),
        truth: PathBuf::new(),
        weights: PathBuf::from("public/models/shots.bin"),
        plain: false,
        transnet: None,
        json: false,
        predictions: None,
        plot: None,
        least: None,
    };
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        let mut value = || {
            args.next()
                .ok_or_else(|| format!("{name} needs a value.\n{USAGE}"))
        };
        match name.as_str() {
            "--help" => {
                println!("{USAGE}");
                return Ok(None);
            }
            "--media" => out.media = value()?.into(),
            "--truth" => out.truth = value()?.into(),
            "--weights" => out.weights = value()?.into(),
            "--transnet" => out.transnet = Some(value()?.into()),
            "--plot" => out.plot = Some(value()?.into()),
            "--predictions" => out.predictions = Some(value()?.into()),
            "--least" => {
                let text = value()?;
                out.least = Some(
                    text.parse()
                        .map_err(|_| format!("{text} is no number.\n{USAGE}"))?,
                );
            }
            "--plain" => out.plain = true,
            "--json" => out.json = true,
            _ => return Err(format!("{name} is not known.\n{USAGE}")),
        }
    }
    if out.media.as_os_str().is_empty() || out.truth.as_os_str().is_empty() {
        return Err(format!("Say which clips and which truth file.\n{USAGE}"));
    }
    Ok(Some(out))
}

/// Which detector, and what predictions of it are called.
fn detect(wanted: &Wanted) -> Result<(&'static str, Detect), String> {
    let read = |file: &PathBuf| {
        std::fs::read(file)
            .map_err(|e| format!("The weights {} cannot be read: {e}", file.display()))
    };
    Ok(match &wanted.transnet {
        #[cfg(feature = "transnet")]
        Some(file) => ("transnet", Detect::Transnet(read(file)?)),
        #[cfg(not(feature = "transnet"))]
        Some(_) => {
            return Err(
                "This build has no TransNetV2. Build it with --features transnet.".to_owned(),
            );
        }
        None if wanted.plain => ("plain", Detect::Plain),
        None => ("student", Detect::Network(read(&wanted.weights)?)),
    })
}

fn evaluate(wanted: &Wanted) -> Result<bool, String> {
    let truth = truth::read(&wanted.truth)?;
    let (name, detect) = detect(wanted)?;
    let mut rows: BTreeMap<&String, Row> = BTreeMap::new();
    let mut found = serde_json::Map::new();
    let (mut seconds, began) = (0.0, Instant::now());
    for (name, entry) in run::clips(&truth) {
        let file = wanted.media.join(name);
        // One bad file must not hide the score of the others; it counts as nothing found.
        let recording = run::recording(&file, &detect).unwrap_or_else(|e| {
            eprintln!("{e}");
            Recording::default()
        });
        let predicted = run::predicted(&recording.moments);
        let row = score::clip(entry, &predicted);
        seconds += recording.duration;
        if !wanted.json && (row.fp > 0 || row.cut_tp < row.cuts || row.gradual_tp < row.graduals) {
            println!(
                "{name}: missed {:?}, missed graduals {:?}, false {:?} {:?}",
                row.missed, row.missed_graduals, row.false_at, row.fp_on
            );
        }
        let (choice, shown) = choice::measure(&recording, entry, &Contract::default());
        if let Some(folder) = &wanted.plot {
            draw(folder, name, &recording, entry, &predicted, &choice)?;
        }
        if !entry.shots.is_empty() {
            tell(wanted, name, recording.duration, entry, &choice, &shown);
            let (choice, shown) = choice::measure(&recording, entry, &choice::generous());
            let name = format!("{name}, two fifths of the time");
            tell(wanted, &name, recording.duration, entry, &choice, &shown);
        }
        found.insert(
            name.clone(),
            predicted
                .iter()
                .map(|p| serde_json::json!([p.0, p.1]))
                .collect(),
        );
        rows.insert(name, row);
    }
    let total = score::total(rows.values());
    if let Some(path) = &wanted.predictions {
        let text = serde_json::json!({"name": name, "clips": found}).to_string();
        std::fs::write(path, text)
            .map_err(|e| format!("{} cannot be written: {e}", path.display()))?;
    }
    let ok = wanted.least.is_none_or(|least| total.f1 >= least);
    let speed = seconds / began.elapsed().as_secs_f64().max(1e-9);
    if wanted.json {
        let line = |metric: &str, value: Option<f64>, unit: &str| {
            if let Some(value) = value {
                let limit = if metric == "f1" { wanted.least } else { None };
                println!(
                    "{}",
                    serde_json::json!({"bench": "shots", "set": wanted.truth.display().to_string(), "metric": metric, "value": value, "unit": unit, "limit": limit, "ok": limit.is_none_or(|l| value >= l)})
                );
            }
        };
        line("cut_f1", Some(total.cut_f1), "");
        line("gradual_recall", total.gradual_recall, "");
        line("f1", Some(total.f1), "");
        line("fa_per_min", total.fa_per_min, "1/min");
        line("speed", Some(speed), "x real time");
    } else {
        let text = serde_json::to_string_pretty(&total).map_err(|e| e.to_string())?;
        println!("{text}\n{speed:.1} times real time, decoding included");
    }
    Ok(ok)
}

/// Draws a clip, and writes what it is drawn from.
fn draw(
    folder: &Path,
    name: &str,
    recording: &Recording,
    entry: &truth::Entry,
    predicted: &[score::Predicted],
    choice: &Choice,
) -> Result<(), String> {
    let mut signals =
        "t,boundary,motion,sharpness,exposure,clipped,colourfulness,stability\n".to_owned();
    for m in &recording.moments {
        signals.push_str(&format!(
            "{:.4},{:.4},{:.5},{:.1},{:.4},{:.4},{:.2},{}\n",
            m.t,
            m.boundary,
            m.motion,
            m.sharpness,
            m.exposure,
            m.clipped,
            m.colourfulness,
            // Empty where it is not known.
            m.stability.map_or_else(String::new, |x| format!("{x:.4}"))
        ));
    }
    // Names come from the truth file: they stay in the folder.
    let stem = Path::new(name).file_name().unwrap_or_default();
    let at = folder.join(stem);
    let put = |ending: &str, text: &str| {
        let path = at.with_added_extension(ending);
        std::fs::write(&path, text)
            .map_err(|e| format!("{} cannot be written: {e}", path.display()))
    };
    std::fs::create_dir_all(folder)
        .map_err(|e| format!("{} cannot be made: {e}", folder.display()))?;
    put("csv", &signals)?;
    put("svg", &plot::svg(name, recording, entry, predicted, choice))
}

/// Says what the choice showed.
fn tell(
    wanted: &Wanted,
    name: &str,
    duration: f64,
    entry: &truth::Entry,
    choice: &Choice,
    shown: &Shown,
) {
    let total: f64 = choice.highlights.iter().map(|h| h.end - h.start).sum();
    let even = choice::even(choice.highlights.len(), total, entry, duration);
    if wanted.json {
        let share = |a: usize, b: usize| a as f64 / b.max(1) as f64;
        println!(
            "{}",
            serde_json::json!({"bench": "choice", "set": name, "metric": "products_shown", "value": share(shown.products_shown, shown.products), "unit": "", "peer": "even spacing", "peer_value": share(even.products_shown, even.products), "ok": true})
        );
        println!(
            "{}",
            serde_json::json!({"bench": "choice", "set": name, "metric": "spans_shown", "value": share(shown.spans_shown, shown.spans), "unit": "", "peer": "even spacing", "peer_value": share(even.spans_shown, even.spans), "ok": true})
        );
        println!(
            "{}",
            serde_json::json!({"bench": "choice", "set": name, "metric": "spilled_clips", "value": shown.spilled, "unit": "", "limit": 0, "ok": shown.spilled == 0})
        );
        return;
    }
    println!("{name}: {shown:?}\n  even spacing: {even:?}");
    for h in &choice.highlights {
        let why: Vec<String> = h
            .reasons
            .iter()
            .map(|r| format!("{} ({:.2})", r.words, r.weight))
            .collect();
        println!(
            "  {:6.2}–{:6.2}  shot {:2}  {:.2}  {}",
            h.start,
            h.end,
            h.shot,
            h.score,
            why.join("; ")
        );
    }
}
