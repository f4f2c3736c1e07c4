//! Clips through the system's ffmpeg: every frame as I420, with the presentation times ffprobe gives.

use std::{
    io::Read as _,
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::{
    frame::{Layout, Planes, Sample, Sampler},
    loudness::{Loudness, Meter},
};

/// Longer than any session; bounds what a hostile file can make of us.
const FRAMES_MAX: usize = 30 * 3600 * 3;
const SIDE_MAX: usize = 8192;
const RATE: u32 = 16_000;

/// Calls `each` with every frame of a film, shrunk and measured.
///
/// # Errors
/// A sentence when ffmpeg is absent or the file holds no picture it can decode.
pub fn frames(file: &Path, mut each: impl FnMut(Sample)) -> Result<(), String> {
    let (width, height) = size(file)?;
    let times = times(file)?;
    let mut child = ffmpeg(
        file,
        &[
            "-map",
            "0:v:0",
            "-fps_mode",
            "passthrough",
            "-pix_fmt",
            "yuv420p",
            "-f",
            "rawvideo",
            "-",
        ],
    )?;
    let mut pipe = child.0.stdout.take().ok_or("ffmpeg gave no pictures.")?;
    let mut sampler = Sampler::new();
    let chroma = width.div_ceil(2) * height.div_ceil(2);
    let mut data = vec![0_u8; width * height + 2 * chroma];
    let mut seen = 0;
    for &t in times.iter().take(FRAMES_MAX) {
        if pipe.read_exact(&mut data).is_err() {
            break;
        }
        let planes =
            Planes::packed(Layout::I420, width, height, &data).map_err(|e| e.to_string())?;
        each(sampler.sample(t, &planes));
        seen += 1;
    }
    if seen == 0 {
        return Err(format!(
            "{} holds no picture that can be decoded. Give a video file.",
            file.display()
        ));
    }
    Ok(())
}

/// Loudness of a film's first sound track; empty where it has none.
///
/// # Errors
/// A sentence when ffmpeg is absent.
pub fn loudness(file: &Path) -> Result<Vec<Loudness>, String> {
    let rate = RATE.to_string();
    let mut child = ffmpeg(
        file,
        &[
            "-map", "0:a:0?", "-ac", "1", "-ar", &rate, "-f", "f32le", "-",
        ],
    )?;
    let mut pipe = child.0.stdout.take().ok_or("ffmpeg gave no sound.")?;
    let (mut meter, mut out) = (Meter::new(), Vec::new());
    let mut bytes = vec![0_u8; 4 * 1600];
    let mut samples = 0_u64;
    while pipe.read_exact(&mut bytes).is_ok() {
        let part: Vec<f32> = bytes
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect();
        out.extend(meter.push(samples as f64 / f64::from(RATE), &part, f64::from(RATE)));
        samples += part.len() as u64;
    }
    out.extend(meter.finish());
    Ok(out)
}

/// Times of the keyframes of a film, s.
///
/// # Errors
/// A sentence when ffprobe is absent.
pub fn keyframes(file: &Path) -> Result<Vec<f64>, String> {
    let text = probe(
        file,
        &[
            "-skip_frame",
            "nokey",
            "-show_entries",
            "frame=best_effort_timestamp_time",
        ],
    )?;
    Ok(numbers(&text))
}

fn size(file: &Path) -> Result<(usize, usize), String> {
    let text = probe(file, &["-show_entries", "stream=width,height"])?;
    let sides: Vec<usize> = text
        .split([',', '\n'])
        .filter_map(|x| x.trim().parse().ok())
        .collect();
    match sides[..] {
        [w, h, ..] if (1..=SIDE_MAX).contains(&w) && (1..=SIDE_MAX).contains(&h) => Ok((w, h)),
        _ => Err(format!(
            "{} holds no picture of a size that can be read. Give a video file.",
            file.display()
        )),
    }
}

fn times(file: &Path) -> Result<Vec<f64>, String> {
    let text = probe(file, &["-show_entries", "frame=best_effort_timestamp_time"])?;
    Ok(numbers(&text))
}

fn numbers(text: &str) -> Vec<f64> {
    text.split([',', '\n'])
        .filter_map(|x| x.trim().parse().ok())
        .collect()
}

fn probe(file: &Path, what: &[&str]) -> Result<String, String> {
    let out = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-protocol_whitelist",
            "file",
            "-select_streams",
            "v:0",
            "-of",
            "csv=p=0",
        ])
        .args(what)
        .arg(file)
        .output()
        .map_err(|e| {
            format!("ffprobe could not be started ({e}). Install it: apt-get install ffmpeg.")
        })?;
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

/// A running ffmpeg, ended with its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended by itself in most cases; what is left to say to a dead process does not matter.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn ffmpeg(file: &Path, to: &[&str]) -> Result<Running, String> {
    Command::new("ffmpeg")
        .args([
            "-nostdin",
            "-v",
            "error",
            "-noautorotate",
            "-protocol_whitelist",
            "file,pipe",
            "-i",
        ])
        .arg(file)
        .args(to)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // What ffmpeg says of damaged frames or of missing sound changes nothing here; no picture at all is noticed by counting.
        .stderr(Stdio::null())
        .spawn()
        .map(Running)
        .map_err(|e| {
            format!("ffmpeg could not be started ({e}). Install it: apt-get install ffmpeg.")
        })
}
