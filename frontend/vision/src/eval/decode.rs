//! Clips through the system's ffmpeg: every frame as I420, with the presentation times ffprobe gives.
//!
//! A clip may be anything somebody put into a folder, so all is bounded: what kind of file, which containers, how many pixels,
//! frames and seconds, and how long ffmpeg may be silent. What is refused is reported in a message that names the file.

use std::{path::Path, process::Command};

use super::pipe::{Pipe, SILENCE};
use crate::{
    frame::{BYTES, HEIGHT, Layout, Planes, Sample, Sampler, Thumb, WIDTH},
    loudness::{Loudness, Meter},
};

/// Longer than any session, s.
const LONGEST: usize = 3 * 3600;
const FRAMES_MAX: usize = 30 * LONGEST;
const SIDE_MAX: usize = 8192;
/// Of one picture; 8K fits. A frame of these takes 50 MB, and at most four are held.
const PIXELS_MAX: usize = 7680 * 4320;
/// Times are counted from a start somebody chose; that of MPEG-TS wraps after 26.5 hours. s
const LATEST: f64 = 200_000.0;
const RATE: u32 = 16_000;

/// The containers that are read. Text that names other files (playlists, lists to join) is none.
const CONTAINERS: &str = "mov,matroska,avi,mpegts,mpeg,ogg,flv,ivf,asf";

/// Calls `each` with every frame of a film, shrunk and measured.
///
/// # Errors
/// A message when ffmpeg is absent or the file is no film that can be decoded within the bounds above.
pub fn frames(file: &Path, mut each: impl FnMut(Sample)) -> Result<(), String> {
    regular(file)?;
    let (width, height) = size(file)?;
    let chroma = width.div_ceil(2) * height.div_ceil(2);
    let bytes = width * height + 2 * chroma;
    // A film may change its size on the way; ffmpeg then scales to the first one.
    let scale = format!("scale={width}:{height}");
    let mut sampler = Sampler::new();
    pictures(file, &scale, "yuv420p", bytes, |t, data| {
        let planes =
            Planes::packed(Layout::I420, width, height, data).map_err(|e| e.to_string())?;
        each(sampler.sample(t, &planes));
        Ok(())
    })
}

/// Calls `each` with the time (s) and the 48×27 picture of every frame, shrunk by ffmpeg's bicubic filter as the authors of
/// TransNetV2 do.
///
/// # Errors
/// As [`frames`].
pub fn bicubic(file: &Path, mut each: impl FnMut(f64, &Thumb)) -> Result<(), String> {
    regular(file)?;
    // A picture that is too large is refused by its size.
    size(file)?;
    let scale = format!("scale={WIDTH}:{HEIGHT}:flags=bicubic");
    pictures(file, &scale, "rgb24", BYTES, |t, data| {
        if let Some(thumb) = Thumb::from_bytes(data) {
            each(t, &thumb);
        }
        Ok(())
    })
}

/// Calls `each` with the time (s) and the `bytes` of every frame, as ffmpeg gives it.
fn pictures(
    file: &Path,
    scale: &str,
    format: &str,
    bytes: usize,
    mut each: impl FnMut(f64, &[u8]) -> Result<(), String>,
) -> Result<(), String> {
    let name = file.display();
    let times = times(file)?;
    let to = [
        "-map",
        "0:V:0",
        "-fps_mode",
        "passthrough",
        "-vf",
        scale,
        "-pix_fmt",
        format,
        "-f",
        "rawvideo",
        "-",
    ];
    let mut pipe = Pipe::start(&mut ffmpeg(file, &to), bytes, SILENCE)?;
    let mut seen = 0;
    for &t in &times {
        let Some(data) = pipe.next().map_err(|e| broken(file, "ffmpeg", e))? else {
            break;
        };
        if data.len() < bytes {
            break;
        }
        each(t, &data)?;
        seen += 1;
    }
    if seen == 0 {
        let why = pipe.complaint().unwrap_or_default();
        return Err(format!(
            "{name} holds no picture that can be decoded. Give a video file. ffmpeg says: {why}."
        ));
    }
    Ok(())
}

/// Loudness of a film's first sound track; empty where it has none.
///
/// # Errors
/// A message when ffmpeg is absent or hangs.
pub fn loudness(file: &Path) -> Result<Vec<Loudness>, String> {
    let rate = RATE.to_string();
    let to = [
        "-map", "0:a:0?", "-ac", "1", "-ar", &rate, "-f", "f32le", "-",
    ];
    let mut pipe = Pipe::start(&mut ffmpeg(file, &to), 4 * 1600, SILENCE)?;
    let (mut meter, mut out) = (Meter::new(), Vec::new());
    let mut samples = 0_usize;
    while samples < LONGEST * RATE as usize {
        let Some(bytes) = pipe.next().map_err(|e| broken(file, "ffmpeg", e))? else {
            break;
        };
        let part: Vec<f32> = bytes
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect();
        out.extend(meter.push(samples as f64 / f64::from(RATE), &part, f64::from(RATE)));
        samples += part.len();
    }
    out.extend(meter.finish());
    Ok(out)
}

/// Whether there are bytes to read that end: not a folder, a device or a pipe, nor an empty file.
fn regular(file: &Path) -> Result<(), String> {
    let name = file.display();
    let found = std::fs::metadata(file).map_err(|e| format!("{name} cannot be read: {e}."))?;
    if found.is_dir() {
        return Err(format!("{name} is a folder. Give a video file."));
    }
    if !found.is_file() {
        return Err(format!("{name} is no regular file. Give a video file."));
    }
    if found.len() == 0 {
        return Err(format!("{name} is empty: it has no bytes."));
    }
    Ok(())
}

fn size(file: &Path) -> Result<(usize, usize), String> {
    let name = file.display();
    let mut pipe = probe(file, "stream=width,height")?;
    // Two numbers, or there is something wrong with them.
    let line = pipe.next().map_err(|e| broken(file, "ffprobe", e))?;
    let line = line.unwrap_or_default();
    let sides: Vec<usize> = String::from_utf8_lossy(&line)
        .split([',', '\n'])
        .filter_map(|x| x.trim().parse().ok())
        .collect();
    let bad = match sides[..] {
        [w, h, ..] if w > SIDE_MAX || h > SIDE_MAX || w * h > PIXELS_MAX => Some((w, h)),
        [w, h, ..] if w > 0 && h > 0 => return Ok((w, h)),
        _ => None,
    };
    let why = match bad {
        Some((w, h)) => format!(
            "Its pictures are said to have {w}×{h} pixels; at most {SIDE_MAX} a side and {PIXELS_MAX} in all are read."
        ),
        None => pipe
            .complaint()
            .map(|e| format!("ffprobe says: {e}."))
            .unwrap_or_default(),
    };
    Err(format!(
        "{name} holds no pictures that can be read. Give a video file. {why}"
    ))
}

/// Presentation times of all frames, s.
fn times(file: &Path) -> Result<Vec<f64>, String> {
    let name = file.display();
    let mut pipe = probe(file, "frame=best_effort_timestamp_time")?;
    let mut out: Vec<f64> = Vec::new();
    let mut rest = Vec::new();
    while let Some(chunk) = pipe.next().map_err(|e| broken(file, "ffprobe", e))? {
        for byte in chunk {
            if byte != b'\n' {
                rest.push(byte);
            } else if let Some(t) = time(&rest, &out) {
                out.push(t);
                rest.clear();
            } else {
                rest.clear();
            }
        }
        if out.len() > FRAMES_MAX || rest.len() > 4096 {
            return Err(format!(
                "{name} has more than {FRAMES_MAX} frames. At most three hours at 30 a second are read."
            ));
        }
    }
    let (first, last) = out
        .iter()
        .fold((f64::MAX, f64::MIN), |(a, b), &t| (a.min(t), b.max(t)));
    if out.iter().any(|t| t.abs() > LATEST) || last - first > LONGEST as f64 {
        return Err(format!(
            "{name} says that its frames run from {first:.0} s to {last:.0} s. At most three hours are read."
        ));
    }
    Ok(out)
}

/// The time in a line of ffprobe's; a frame without one comes as long after the one before as that one did.
fn time(line: &[u8], before: &[f64]) -> Option<f64> {
    let text = String::from_utf8_lossy(line);
    let first = text.split(',').next().unwrap_or_default().trim();
    if first.is_empty() {
        return None;
    }
    let told: Option<f64> = first.parse().ok().filter(|t: &f64| t.is_finite());
    told.or(match before {
        [.., a, b] => Some(2.0 * b - a),
        [a] => Some(*a),
        [] => Some(0.0),
    })
}

/// What both programs are told before they open a file.
fn bounds() -> [String; 8] {
    [
        "-v",
        "error",
        "-protocol_whitelist",
        "file,pipe",
        "-format_whitelist",
        CONTAINERS,
        "-max_pixels",
        &PIXELS_MAX.to_string(),
    ]
    .map(str::to_owned)
}

/// A name that is never taken for an option or for another protocol.
fn named(file: &Path) -> std::ffi::OsString {
    let mut name = std::ffi::OsString::from("file:");
    name.push(file);
    name
}

fn probe(file: &Path, what: &str) -> Result<Pipe, String> {
    let mut command = Command::new("ffprobe");
    command
        .args(bounds())
        .args(["-select_streams", "V:0", "-of", "csv=p=0"])
        .args(["-show_entries", what, "-i"])
        .arg(named(file));
    Pipe::start(&mut command, 4096, SILENCE)
}

fn ffmpeg(file: &Path, to: &[&str]) -> Command {
    let mut command = Command::new("ffmpeg");
    command
        .arg("-nostdin")
        .args(bounds())
        .args(["-noautorotate", "-i"])
        .arg(named(file))
        .args(to);
    command
}

fn broken(file: &Path, program: &str, what: String) -> String {
    format!("{} cannot be read: {program} {what}.", file.display())
}
