//! A session's log as one MP4 from its first picture to its last, as clips are cut, so that other programs can look at all of it.
//!
//! `session_film LOG OUT.mp4` prints what the log says of itself as one JSON object.

use std::{env, fs, process::ExitCode};

use domain::highlight::Span;
use worker::{
    log::{index::Index, record},
    mp4::cut::{CutFailure, cut},
};

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let (Some(log), Some(out), None) = (arguments.next(), arguments.next(), arguments.next())
    else {
        eprintln!("session_film LOG OUT.mp4");
        return ExitCode::FAILURE;
    };
    match film(&log, &out) {
        Ok(about) => {
            println!("{about}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn film(log: &str, out: &str) -> Result<String, String> {
    let bytes = fs::read(log).map_err(|e| format!("{log} cannot be read: {e}"))?;
    let part = |at: u64, buffer: &mut [u8]| {
        let rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..));
        let rest = rest.unwrap_or_default();
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        n
    };
    let mut index = Index::default();
    let good = record::scan(
        bytes.len() as u64,
        |at, buffer| Ok::<_, String>(part(at, buffer)),
        |header, at, payload| index.apply(header, at, payload),
    )?;
    if good != bytes.len() as u64 {
        return Err(format!("{log} is torn at byte {good}"));
    }
    let whole = Span {
        start: 0.0,
        end: 1e6,
    };
    let read = |at: u64, buffer: &mut [u8]| {
        let len = buffer.len();
        (part(at, buffer) == len)
            .then_some(())
            .ok_or("the log ends")
    };
    let clip = cut(&index, &[whole], read).map_err(|failure| match failure {
        CutFailure::Refused(error) => error.message().to_owned(),
        CutFailure::Read(error) => error.to_owned(),
    })?;
    fs::write(out, &clip.bytes).map_err(|e| format!("{out} cannot be written: {e}"))?;
    let loudness = index.measurements.loudness.iter();
    let loudness: Vec<(f64, f32)> = loudness.map(|l| (l.t, l.dbfs)).collect();
    let about = serde_json::json!({
        "duration": index.measurements.duration,
        "start": clip.spans.first().map_or(0.0, |span| span.start),
        "frames": index.video.len(),
        "sounds": index.audio.len(),
        "notes": index.notes,
        "loudness": loudness,
    });
    Ok(about.to_string())
}
