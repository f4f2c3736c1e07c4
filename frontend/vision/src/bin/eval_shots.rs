//! Scores the pipeline on a folder of clips: `eval-shots --media DIR --truth FILE [--json]`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Instant,
};

use domain::{
    capture::Selection,
    highlight::{Choice, Measurements},
};
use vision::eval::{
    bound::Bounds,
    choice::{self, Shown},
    peer::{self, Peer},
    plot,
    report::{self, Line},
    run::{self, Detect},
    score::{self, Predicted, Row},
    truth,
};

const USAGE: &str = "eval-shots --media DIR --truth FILE [--weights FILE | --plain] [--transnet FILE | --precise FILE | --scores FILE] [--bicubic] [--peer PATH]… [--json] [--predictions FILE] [--plot DIR] [--asked NAME=X,…]
  --weights      the network (default public/models/shots.bin)
  --plain        frame differences instead of the network
  --transnet     TransNetV2 with these weights instead; `cargo xtask eval shots --transnet` fetches them when FILE is left out
  --precise      TransNetV2 with these weights beside the network, as the studio does on a graphics chip; fetched like those
  --scores       none of these but what another build answered, a browser's for one: {\"clip.mp4\": [[seconds, score], …]}; no --media then
  --peer         what another tool found on the same clips, in the format of score.py, or a folder of such files: scored beside.
                 `cargo xtask eval shots --peers` runs PySceneDetect and TransNetV2 first and gives what they found
  --thumbs       no clips but 48×27 RGB pictures, one after another in this file, 30 a second: prints [[seconds, score], …]
  --bicubic      pictures shrunk by ffmpeg's bicubic filter, as the authors of TransNetV2 do; nothing is chosen from them
  --json         one JSON object a line and nothing else on standard output
  --predictions  also writes what was found, in the format of score.py
  --plot         also draws each clip there (SVG) and writes its signals beside it (CSV)
  --asked        exit with 1 unless cut_f1, gradual_recall and f1 are no less than what is given, and fa_per_min no more

Exits with 1 when a figure misses its limit or a clip cannot be scored as it should, and with 2 when nothing could be.";

/// Throws of clips at random places, and where they start.
const THROWS: (u64, usize) = (1, 1000);

struct Wanted {
    media: PathBuf,
    truth: PathBuf,
    weights: PathBuf,
    plain: bool,
    transnet: Option<PathBuf>,
    precise: Option<PathBuf>,
    peers: Vec<PathBuf>,
    scores: Option<PathBuf>,
    thumbs: Option<PathBuf>,
    bicubic: bool,
    json: bool,
    predictions: Option<PathBuf>,
    plot: Option<PathBuf>,
    bounds: Bounds,
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
        precise: None,
        peers: Vec::new(),
        scores: None,
        bicubic: false,
        thumbs: None,
        json: false,
        predictions: None,
        plot: None,
        bounds: Bounds::default(),
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
            "--precise" => out.precise = Some(value()?.into()),
            "--peer" => out.peers.push(value()?.into()),
            "--scores" => out.scores = Some(value()?.into()),
            "--thumbs" => out.thumbs = Some(value()?.into()),
            "--plot" => out.plot = Some(value()?.into()),
            "--predictions" => out.predictions = Some(value()?.into()),
            "--asked" => out.bounds = value()?.parse()?,
            "--plain" => out.plain = true,
            "--bicubic" => out.bicubic = true,
            "--json" => out.json = true,
            _ => return Err(format!("{name} is not known.\n{USAGE}")),
        }
    }
    let media = !out.media.as_os_str().is_empty() || out.scores.is_some();
    if out.thumbs.is_none() && (!media || out.truth.as_os_str().is_empty()) {
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
    match (&wanted.transnet, &wanted.precise) {
        (None, None) if wanted.plain => Ok(("plain", Detect::Plain)),
        (None, None) => Ok(("student", Detect::Network(read(&wanted.weights)?))),
        #[cfg(feature = "transnet")]
        (Some(file), None) => Ok(("transnetv2", Detect::Transnet(read(file)?))),
        #[cfg(feature = "transnet")]
        (None, Some(file)) => {
            let weights = (!wanted.plain).then(|| read(&wanted.weights)).transpose()?;
            Ok(("precise", Detect::Precise(weights, read(file)?)))
        }
        #[cfg(feature = "transnet")]
        _ => Err(format!(
            "--transnet and --precise exclude each other.\n{USAGE}"
        )),
        #[cfg(not(feature = "transnet"))]
        _ => {
            Err("This build has no TransNetV2. Build it with --features flex,transnet.".to_owned())
        }
    }
}

fn evaluate(wanted: &Wanted) -> Result<bool, String> {
    let (name, detect) = detect(wanted)?;
    if let Some(file) = &wanted.thumbs {
        let scores = run::score_pictures(file, &detect)?;
        let text = serde_json::to_string(&scores).map_err(|e| e.to_string())?;
        println!("{text}");
        return Ok(true);
    }
    let (truth, refused) = truth::read(&wanted.truth)?;
    let peers = wanted.peers.iter().map(|path| peer::read(path));
    let peers: Vec<Peer> = peers.collect::<Result<Vec<_>, _>>()?.concat();
    for why in &refused {
        eprintln!("{why}");
    }
    let scores = wanted.scores.as_deref().map(run::scores).transpose()?;
    let mut rows: BTreeMap<&String, Row> = BTreeMap::new();
    let mut found = BTreeMap::new();
    let (mut seconds, began, mut chosen_well) = (0.0, Instant::now(), true);
    let mut unsound = refused.len();
    for (name, entry) in run::clips(&truth) {
        let file = wanted.media.join(name);
        // One bad file must not hide the score of the others; it counts as nothing found.
        let measurements = match &scores {
            Some(scores) => run::scored(scores, name),
            None if wanted.bicubic => run::bicubic(&file, &detect),
            None => run::measurements(&file, &detect),
        };
        let (measurements, lacks) = match measurements {
            Ok(measurements) if scores.is_some() => (measurements, None),
            Ok(measurements) => {
                let lacks = run::lacking(&file, &measurements, entry);
                (measurements, lacks)
            }
            Err(why) => (Measurements::default(), Some(why)),
        };
        if let Some(why) = lacks {
            eprintln!("{why}");
            unsound += 1;
        }
        let predicted = run::predicted(&measurements.moments);
        let row = score::clip(entry, &predicted);
        seconds += measurements.duration;
        if !wanted.json && (row.fp > 0 || row.cut_tp < row.cuts || row.gradual_tp < row.graduals) {
            println!(
                "{name}: missed {:?}, missed graduals {:?}, false {:?} {:?}",
                row.missed, row.missed_graduals, row.false_at, row.fp_on
            );
        }
        let (choice, shown) = choice::measure(&measurements, entry, &Selection::default());
        if let Some(folder) = &wanted.plot {
            draw(folder, name, &measurements, entry, &predicted, &choice)?;
        }
        // Scores alone choose nothing.
        if !entry.shots.is_empty() && scores.is_none() && !wanted.bicubic {
            let duration = measurements.duration;
            chosen_well &= tell(wanted, name, duration, entry, &choice, &shown, false);
            let (choice, shown) = choice::measure(&measurements, entry, &choice::generous());
            let generous = format!("{name}, two fifths of the time");
            chosen_well &= tell(wanted, &generous, duration, entry, &choice, &shown, true);
            let needed = choice::needed(&measurements, entry, THROWS);
            chosen_well &= tell_needed(wanted, name, &needed);
        }
        found.insert(name, predicted);
        rows.insert(name, row);
    }
    if let Some(path) = &wanted.predictions {
        write(path, name, &found)?;
    }
    let ours = Line::new(name, &rows.values().collect::<Vec<_>>());
    let peers: Vec<Line> = peers.iter().map(|peer| beside(peer, &truth)).collect();
    let speed = seconds / began.elapsed().as_secs_f64().max(1e-9);
    let set = wanted.truth.display().to_string();
    if wanted.json {
        for line in report::json(&set, &ours, &peers, &wanted.bounds) {
            println!("{line}");
        }
        let line = serde_json::json!({"bench": "shots", "set": set, "metric": "unsound_clips", "value": unsound, "unit": "", "limit": 0, "ok": unsound == 0});
        println!("{line}");
        let line = serde_json::json!({"bench": "shots", "set": set, "metric": "speed", "value": speed, "unit": "x real time", "ok": true});
        println!("{line}");
    } else {
        let text = serde_json::to_string_pretty(&ours.total).map_err(|e| e.to_string())?;
        println!("{text}\n{speed:.1} times real time, decoding included\n");
        println!("{}", report::table(&ours, &peers));
        if unsound > 0 {
            println!("{unsound} clips could not be scored as they should; the reasons are above.");
        }
    }
    let reached = wanted.bounds.reached(&ours.total);
    Ok(reached && chosen_well && unsound == 0)
}

/// Scores what another tool found.
fn beside(peer: &Peer, truth: &truth::Truth) -> Line {
    let none = Vec::new();
    let rows: Vec<Row> = run::clips(truth)
        .map(|(name, entry)| score::clip(entry, peer.clips.get(name).unwrap_or(&none)))
        .collect();
    Line::new(&peer.name, &rows.iter().collect::<Vec<_>>())
}

/// Writes what was found in the format of `score.py`.
fn write(path: &Path, name: &str, found: &BTreeMap<&String, Vec<Predicted>>) -> Result<(), String> {
    let text = serde_json::json!({"name": name, "clips": found}).to_string();
    std::fs::write(path, text).map_err(|e| format!("{} cannot be written: {e}", path.display()))
}

/// Draws a clip, and writes what it is drawn from.
fn draw(
    folder: &Path,
    name: &str,
    measurements: &Measurements,
    entry: &truth::Entry,
    predicted: &[score::Predicted],
    choice: &Choice,
) -> Result<(), String> {
    let mut signals =
        "t,boundary,motion,sharpness,exposure,clipped,colourfulness,stability,layout\n".to_owned();
    for m in &measurements.moments {
        signals.push_str(&format!(
            "{:.4},{:.4},{:.5},{:.1},{:.4},{:.4},{:.2},{},{}\n",
            m.t,
            m.boundary,
            m.motion,
            m.sharpness,
            m.exposure,
            m.clipped,
            m.colourfulness,
            // Empty where it is not known.
            m.stability.map_or_else(String::new, |x| format!("{x:.4}")),
            m.layout
                .map_or_else(String::new, |l| l.0.map(|c| c.to_string()).join(" "))
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
    put(
        "svg",
        &plot::svg(name, measurements, entry, predicted, choice),
    )
}

/// Says what the choice showed, and whether that is enough. `asked`: nine of ten product spans within two fifths of the time.
fn tell(
    wanted: &Wanted,
    name: &str,
    duration: f64,
    entry: &truth::Entry,
    choice: &Choice,
    shown: &Shown,
    asked: bool,
) -> bool {
    let total: f64 = choice.highlights.iter().map(|h| h.end - h.start).sum();
    let even = choice::even(choice.highlights.len(), total, entry, duration);
    let (seed, throws) = THROWS;
    let thrown = choice::random(shown, total, entry, duration, seed, throws);
    let limits = report::Limits {
        spans_shown: asked.then_some(choice::WANTED),
        share: asked.then_some(choice::generous().max_share),
    };
    let lines = report::choice(name, shown, &even, &thrown, limits);
    let ok = lines.iter().all(|line| line["ok"] == true);
    if wanted.json {
        for line in lines {
            println!("{line}");
        }
        return ok;
    }
    println!(
        "{name}: {} clips in {:.2} of the time, {} with frames of a neighbouring shot{}",
        shown.clips,
        shown.share,
        shown.spilled,
        if ok { "" } else { "; NOT ENOUGH" }
    );
    let (spans, products) = (shown.spans as f64, shown.products as f64);
    for (who, spans_shown, products_shown) in [
        (
            "chosen",
            shown.spans_shown as f64,
            shown.products_shown as f64,
        ),
        (
            "even spacing",
            even.spans_shown as f64,
            even.products_shown as f64,
        ),
        ("random, mean", thrown.spans_shown, thrown.products_shown),
    ] {
        println!(
            "  {who:<13} {spans_shown:5.2} of {spans} product spans, {products_shown:5.2} of {products} products"
        );
    }
    println!(
        "  {:.1} % of {throws} random throws show as many spans",
        100.0 * thrown.as_good
    );
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
    ok
}

/// Says how little time shows nine of ten product spans; whether that is less than even spacing and random places need.
fn tell_needed(wanted: &Wanted, name: &str, needed: &choice::Needed) -> bool {
    if wanted.json {
        for line in report::needed(name, needed) {
            println!("{line}");
        }
    } else {
        let share =
            |x: Option<f64>| x.map_or_else(|| "not possible".to_owned(), |x| format!("{x:.3}"));
        println!(
            "{name}: nine product spans in ten in {} of the time, evenly spaced {}, at random {}",
            share(needed.chosen),
            share(needed.even),
            share(needed.random)
        );
    }
    needed.beats(needed.even) && needed.beats(needed.random)
}
