//! Where training pictures come from: single-shot clips and stills decoded by the system's ffmpeg, ffmpeg's own test
//! sources, and pictures drawn here. Without any shared data the last two remain.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::random::Random;

/// Width of a training picture: twice a thumbnail, so that zooming in stays sharp.
pub const WIDTH: usize = 96;
/// Height of a training picture.
pub const HEIGHT: usize = 54;
const BYTES: usize = WIDTH * HEIGHT * 3;
/// Longest stretch kept of a clip, frames.
const FRAMES_MAX: usize = 900;
const STILLS_MAX: usize = 4000;

/// Consecutive pictures of one shot; a still has one.
#[derive(Debug, Clone)]
pub struct Footage {
    /// File (and part of it), for the manifest.
    pub name: String,
    /// RGB, 96×54, row-major.
    pub frames: Vec<Vec<u8>>,
}

/// What to load.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The shared data folder; absent folders count as empty.
    pub data: PathBuf,
    /// Files whose path contains one of these are left out.
    pub exclude: Vec<String>,
}

/// All footage there is, in a fixed order, and the BLAKE3 of the list of files with their bytes' hashes.
///
/// # Errors
/// A message when ffmpeg cannot be run.
pub fn load(wanted: &Wanted, seed: u64) -> Result<(Vec<Footage>, String), String> {
    let mut out = Vec::new();
    let mut manifest = blake3::Hasher::new();
    let media = wanted.data.join("shots/dev/media");
    let (truth, _) =
        crate::eval::truth::read(&media.with_file_name("truth.json")).unwrap_or_default();
    for (name, entry) in &truth {
        let file = media.join(name);
        if excluded(wanted, &file) || !file.is_file() {
            continue;
        }
        eprintln!("reading {name}");
        note(&mut manifest, &file)?;
        for (i, (from, to)) in entry.clean_spans().into_iter().enumerate() {
            let span = ["-ss", &from.to_string(), "-to", &to.to_string()].map(str::to_owned);
            let frames = clip(&file, &span)?;
            // A shot of a few frames teaches nothing about staying the same.
            if frames.len() >= 24 {
                out.push(Footage {
                    name: format!("{name}#{i}"),
                    frames,
                });
            }
        }
    }
    for folder in ["shots/stills", "products/grocery/train"] {
        let mut files = pictures(&wanted.data.join(folder));
        files.retain(|f| !excluded(wanted, f));
        // A fixed draw where there are more than needed.
        let mut random = Random::new(seed ^ 0x57);
        while files.len() > STILLS_MAX / 2 {
            let i = random.below(files.len());
            files.swap_remove(i);
        }
        files.sort();
        eprintln!("reading {} pictures of {folder}", files.len());
        for file in &files {
            note(&mut manifest, file)?;
        }
        out.extend(stills(&files)?);
    }
    for source in LAVFI {
        out.push(Footage {
            name: format!("lavfi:{source}"),
            frames: lavfi(source)?,
        });
    }
    manifest.update(LAVFI.join("\n").as_bytes());
    let mut random = Random::new(seed ^ 0xD1CE);
    for i in 0..60 {
        out.push(drawn(i, &mut random));
    }
    out.retain(|f| !f.frames.is_empty());
    Ok((out, manifest.finalize().to_hex().to_string()))
}

const LAVFI: [&str; 5] = [
    "testsrc2=size=192x108:rate=30:duration=8",
    "mandelbrot=size=192x108:rate=30:end_scale=0.02:end_pts=240",
    "gradients=size=192x108:rate=30:duration=8:nb_colors=5:speed=0.02:seed=7",
    "life=size=192x108:rate=30:mold=10:ratio=0.1:death_color=#203060:life_color=#f0c060:seed=7",
    "smptehdbars=size=192x108:rate=30:duration=2",
];

fn excluded(wanted: &Wanted, file: &Path) -> bool {
    let file = file.to_string_lossy();
    wanted
        .exclude
        .iter()
        .any(|x| !x.is_empty() && file.contains(x.as_str()))
}

fn note(manifest: &mut blake3::Hasher, file: &Path) -> Result<(), String> {
    let bytes = std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    manifest.update(name.as_bytes());
    manifest.update(blake3::hash(&bytes).as_bytes());
    Ok(())
}

fn pictures(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|x| x == "jpg") {
                out.push(path);
            }
        }
    }
    out.sort();
    out
}

fn clip(file: &Path, span: &[String]) -> Result<Vec<Vec<u8>>, String> {
    let mut command = ffmpeg();
    command
        .args(["-protocol_whitelist", "file,pipe", "-i"])
        .arg(file)
        .args(span);
    command.args(["-frames:v", &FRAMES_MAX.to_string()]);
    raw(command)
}

fn lavfi(source: &str) -> Result<Vec<Vec<u8>>, String> {
    let mut command = ffmpeg();
    command.args(["-f", "lavfi", "-i", source, "-frames:v", "240"]);
    raw(command)
}

/// Pictures come through one ffmpeg by a pipe of JPEGs: thousands of processes would take longer than the decoding.
fn stills(files: &[PathBuf]) -> Result<Vec<Footage>, String> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let mut command = ffmpeg();
    command.args(["-f", "image2pipe", "-c:v", "mjpeg", "-i", "-"]);
    command.stdin(Stdio::piped());
    let list = files.to_vec();
    let frames = raw_fed(command, move |pipe| {
        use std::io::Write as _;
        for file in &list {
            let Ok(bytes) = std::fs::read(file) else {
                continue;
            };
            // ffmpeg stops reading when it has failed; the frame count tells.
            if pipe.write_all(&bytes).is_err() {
                return;
            }
        }
    })?;
    let names = files.iter().map(|f| f.display().to_string());
    Ok(names
        .zip(frames)
        .map(|(name, frame)| Footage {
            name,
            frames: vec![frame],
        })
        .collect())
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

fn raw(command: Command) -> Result<Vec<Vec<u8>>, String> {
    raw_fed(command, |_| {})
}

fn raw_fed(
    mut command: Command,
    feed: impl FnOnce(&mut std::process::ChildStdin) + Send + 'static,
) -> Result<Vec<Vec<u8>>, String> {
    // Wide pictures lose their sides and tall ones top and bottom: training pictures are never squeezed.
    let fit = format!(
        "scale={WIDTH}:{HEIGHT}:force_original_aspect_ratio=increase:flags=area,crop={WIDTH}:{HEIGHT}"
    );
    command.args([
        "-vf",
        &fit,
        "-fps_mode",
        "passthrough",
        "-pix_fmt",
        "rgb24",
        "-f",
        "rawvideo",
        "-",
    ]);
    let mut child = command.spawn().map_err(|e| {
        format!("ffmpeg could not be started ({e}). Install it: apt-get install ffmpeg.")
    })?;
    let feeder = child
        .stdin
        .take()
        .map(|mut pipe| std::thread::spawn(move || feed(&mut pipe)));
    let output = child
        .wait_with_output()
        .map_err(|e| format!("ffmpeg gave no pictures: {e}"))?;
    if let Some(feeder) = feeder {
        feeder
            .join()
            .map_err(|_| "feeding ffmpeg failed".to_owned())?;
    }
    Ok(output
        .stdout
        .chunks_exact(BYTES)
        .map(<[u8]>::to_vec)
        .collect())
}

/// A made shot: coloured blobs that drift over a gradient, or a page of text lines that scrolls (screen content).
fn drawn(i: usize, random: &mut Random) -> Footage {
    let screen = i.is_multiple_of(3);
    let n = 90;
    let base: [[f32; 3]; 2] =
        std::array::from_fn(|_| std::array::from_fn(|_| random.between(0.0, 255.0)));
    let blobs: Vec<[f32; 9]> = (0..random.whole(3, 12))
        .map(|_| {
            [
                random.between(0.0, 96.0),
                random.between(0.0, 54.0),
                random.between(-0.7, 0.7),
                random.between(-0.5, 0.5),
                random.between(3.0, 22.0),
                random.between(0.0, 255.0),
                random.between(0.0, 255.0),
                random.between(0.0, 255.0),
                random.between(0.0, 1.0),
            ]
        })
        .collect();
    let scroll = if random.chance(0.5) {
        0.0
    } else {
        random.between(0.1, 1.5)
    };
    let lines: Vec<(f32, f32)> = (0..200)
        .map(|_| (random.between(0.0, 0.3), random.between(0.3, 0.95)))
        .collect();
    let paper = if random.chance(0.7) { 240.0 } else { 25.0 };
    let ink = 255.0 - paper;
    let frames = (0..n)
        .map(|t| {
            let mut out = Vec::with_capacity(BYTES);
            for y in 0..HEIGHT {
                for x in 0..WIDTH {
                    let (fx, fy) = (x as f32, y as f32);
                    let k = (fx / 96.0 + fy / 54.0) / 2.0;
                    let mut rgb: [f32; 3] =
                        std::array::from_fn(|c| base[0][c] * (1.0 - k) + base[1][c] * k);
                    if screen {
                        let line = fy + scroll * t as f32;
                        let (from, to) = lines[(line / 4.0) as usize % lines.len()];
                        let inked = line % 4.0 < 2.0 && (from..to).contains(&(fx / 96.0));
                        rgb = [if inked { ink } else { paper }; 3];
                        if fy < 5.0 {
                            rgb = base[0];
                        }
                    } else {
                        for b in &blobs {
                            let (cx, cy) = (b[0] + b[2] * t as f32, b[1] + b[3] * t as f32);
                            let d = ((fx - cx).powi(2) + (fy - cy).powi(2)).sqrt() / b[4];
                            let soft = 0.05 + b[8];
                            let a = ((1.0 + soft - d) / soft).clamp(0.0, 1.0);
                            for c in 0..3 {
                                rgb[c] = rgb[c] * (1.0 - a) + b[5 + c] * a;
                            }
                        }
                    }
                    out.extend(rgb.map(|x| x as u8));
                }
            }
            out
        })
        .collect();
    Footage {
        name: format!("drawn:{i}"),
        frames,
    }
}
