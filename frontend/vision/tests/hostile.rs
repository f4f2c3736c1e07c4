//! Whatever lies in a folder of clips, and whatever a truth file says: `eval-shots` ends, within bounds, names each file it
//! cannot use, scores the others, and says so by its status.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

/// Two shots of a second each.
const TWO: &str =
    "testsrc2=s=SIZE:r=30:d=1[a];color=white:s=SIZE:r=30:d=1[b];[a][b]concat=n=2,format=yuv420p";

fn ffmpeg(folder: &Path, arguments: &[&str]) {
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y"])
        .args(arguments)
        .current_dir(folder)
        .status()
        .expect("ffmpeg starts");
    assert!(made.success(), "{arguments:?}");
}

/// A film of two shots.
fn film(folder: &Path, size: &str, more: &[&str]) {
    let source = TWO.replace("SIZE", size);
    ffmpeg(folder, &[&["-f", "lavfi", "-i", &source], more].concat());
}

/// Whether the test can run here; says so where it cannot.
fn can() -> bool {
    let there = Command::new("ffmpeg")
        .arg("-version")
        .stdout(Stdio::null())
        .status();
    if there.is_err() {
        eprintln!("HOSTILE MEDIA NOT TESTED: ffmpeg is missing.");
    }
    there.is_ok()
}

/// The program with at most 4 GB of address space, for itself and for what it starts.
fn evaluate(folder: &Path, truth: &Path) -> Output {
    Command::new("sh")
        .args(["-c", "ulimit -v 4194304; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_eval-shots"))
        .args(["--plain", "--json", "--media"])
        .arg(folder)
        .arg("--truth")
        .arg(truth)
        .output()
        .expect("it starts")
}

fn value(out: &Output, metric: &str) -> Value {
    let text = String::from_utf8_lossy(&out.stdout);
    let lines = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("one object a line"));
    let all: Vec<Value> = lines.collect();
    let found = all
        .iter()
        .find(|l| l["bench"] == "shots" && l["metric"] == metric);
    found.unwrap_or_else(|| panic!("{metric} is told: {text}"))["value"].clone()
}

fn entry(cuts: &[f64], seconds: f64) -> Value {
    json!({"fps": 30, "frame_s": 0.034, "duration_s": seconds, "single_shot": cuts.is_empty(), "cuts": cuts, "graduals": []})
}

#[test]
fn odd_films_are_scored() {
    if !can() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    film(at, "320x180", &["good.mp4"]);
    film(at, "641x359", &["-c:v", "ffv1", "odd.mkv"]);
    film(
        at,
        "3840x2160",
        &["-c:v", "mjpeg", "-q:v", "9", "-r", "10", "large.mkv"],
    );
    // 15 frames at 30 a second, 15 at 15, then 30 a second again: the cut is at 1.5 s.
    let uneven = "setpts=if(lt(N\\,15)\\,N/30\\,if(lt(N\\,30)\\,0.5+(N-15)/15\\,1.5+(N-30)/30))/TB";
    film(
        at,
        "320x180",
        &[
            "-vf",
            uneven,
            "-fps_mode",
            "vfr",
            "-video_track_timescale",
            "30000",
            "uneven.mp4",
        ],
    );
    film(at, "320x180", &["-frames:v", "1", "one.mp4"]);
    film(
        at,
        "320x180",
        &["-vf", "drawbox=c=black:t=fill", "black.mp4"],
    );
    turn(at, "good.mp4", "turned.mp4");
    let large = json!({"fps": 10, "frame_s": 0.1, "duration_s": 2, "single_shot": false, "cuts": [1.0], "graduals": []});
    let uneven = json!({"fps": 24, "frame_s": 0.067, "duration_s": 2.5, "single_shot": false, "cuts": [1.5], "graduals": []});
    let truth = json!({
        "good.mp4": entry(&[1.0], 2.0),
        "odd.mkv": entry(&[1.0], 2.0),
        "large.mkv": large,
        "uneven.mp4": uneven,
        "one.mp4": entry(&[], 0.03),
        "black.mp4": entry(&[], 2.0),
        "turned.mp4": entry(&[1.0], 2.0),
    });
    let file = at.join("truth.json");
    fs::write(&file, truth.to_string()).expect("a truth file");
    let out = evaluate(at, &file);
    let said = String::from_utf8_lossy(&out.stderr);
    assert_eq!(value(&out, "f1"), 1.0, "{said}");
    assert_eq!(value(&out, "fa_per_min"), 0.0);
    assert_eq!(value(&out, "unsound_clips"), 0, "{said}");
    assert!(out.status.success());
}

/// Copies a film and turns its picture by a quarter, in the matrix of its track header (ISO 14496-12, 8.3.2).
fn turn(folder: &Path, from: &str, to: &str) {
    let mut bytes = fs::read(folder.join(from)).expect("a film");
    let header = bytes
        .windows(4)
        .position(|w| w == b"tkhd")
        .expect("a track")
        + 4
        + 40;
    let matrix: [u32; 9] = [0, 0x1_0000, 0, 0xffff_0000, 0, 0, 0, 0, 0x4000_0000];
    for (place, number) in bytes[header..].chunks_exact_mut(4).zip(matrix) {
        place.copy_from_slice(&number.to_be_bytes());
    }
    fs::write(folder.join(to), bytes).expect("a film");
}

#[test]
fn what_is_no_film_is_named_and_the_others_count() {
    if !can() {
        return;
    }
    let outside = tempfile::tempdir().expect("a folder");
    let at = &outside.path().join("clips");
    fs::create_dir(at).expect("a folder");
    film(at, "320x180", &["good.mp4"]);
    fs::copy(at.join("good.mp4"), outside.path().join("outside.mp4")).expect("a copy");

    fs::write(at.join("empty.mp4"), "").expect("a file");
    fs::write(at.join("text.mp4"), "No film, but a letter.\n".repeat(500)).expect("a file");
    fs::write(at.join("list.mp4"), "ffconcat version 1.0\nfile good.mp4\n").expect("a file");
    let playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\ngood.mp4\n#EXT-X-ENDLIST\n";
    fs::write(at.join("playlist.m3u8"), playlist).expect("a file");
    fs::create_dir(at.join("folder.mp4")).expect("a folder");
    std::os::unix::fs::symlink("/dev/zero", at.join("device.mp4")).expect("a link");
    let queue = Command::new("mkfifo").arg(at.join("queue.mp4")).status();
    assert!(queue.is_ok_and(|s| s.success()), "mkfifo");
    let sparse = fs::File::create(at.join("zeros.mp4")).expect("a file");
    sparse.set_len(1 << 36).expect("a long file");
    ffmpeg(at, &["-f", "lavfi", "-i", "sine=d=1", "audio.mp4"]);

    // Half a film: once without its index, which comes last, and once with it.
    film(at, "320x180", &["-g", "10", "whole.mp4"]);
    let whole = fs::read(at.join("whole.mp4")).expect("a film");
    fs::write(at.join("no_index.mp4"), &whole[..whole.len() / 2]).expect("a file");
    film(
        at,
        "320x180",
        &["-g", "10", "-movflags", "+faststart", "whole.mp4"],
    );
    let whole = fs::read(at.join("whole.mp4")).expect("a film");
    fs::write(at.join("half.mp4"), &whole[..whole.len() / 3]).expect("a file");

    film(
        at,
        "9000x16",
        &["-c:v", "ffv1", "-frames:v", "2", "wide.mkv"],
    );
    // Streams that claim 12000 pixels a side where they have 320, in their own header (RFC 6386, 9.1) and once in the file's
    // too: 216 MB a picture, which ffmpeg by itself would make.
    film(
        at,
        "320x180",
        &["-c:v", "libvpx", "-frames:v", "5", "small.ivf"],
    );
    let small = fs::read(at.join("small.ivf")).expect("a film");
    let key = small.windows(3).position(|w| w == [0x9d, 0x01, 0x2a]);
    let key = key.expect("a keyframe") + 3;
    for (name, places) in [("bomb.ivf", &[12, key][..]), ("hidden.ivf", &[key])] {
        let mut bomb = small.clone();
        for &place in places {
            bomb[place..place + 4].copy_from_slice(&[0xe0, 0x2e, 0xe0, 0x2e]);
        }
        fs::write(at.join(name), bomb).expect("a file");
    }

    let bad = [
        "empty.mp4",
        "text.mp4",
        "list.mp4",
        "playlist.m3u8",
        "folder.mp4",
        "device.mp4",
        "queue.mp4",
        "zeros.mp4",
        "audio.mp4",
        "no_index.mp4",
        "half.mp4",
        "wide.mkv",
        "bomb.ivf",
        "hidden.ivf",
        "missing.mp4",
    ];
    let mut truth = json!({"good.mp4": entry(&[1.0], 2.0)});
    for name in bad {
        truth[name] = entry(&[], 2.0);
    }
    // Entries that are refused before any file is opened.
    let refused = [
        "../outside.mp4",
        "/dev/zero",
        "a\u{1b}[2J.mp4",
        "fast.mp4",
        "late.mp4",
        "word.mp4",
    ];
    for name in refused {
        truth[name] = entry(&[], 2.0);
    }
    truth["fast.mp4"]["fps"] = json!(1e300);
    truth["late.mp4"]["cuts"] = json!([1e15]);
    truth["word.mp4"]["duration_s"] = json!("NaN");
    let file = outside.path().join("truth.json");
    fs::write(&file, truth.to_string()).expect("a truth file");

    let out = evaluate(at, &file);
    let said = String::from_utf8_lossy(&out.stderr);
    for name in bad {
        let lines: Vec<&str> = said.lines().filter(|line| line.contains(name)).collect();
        assert_eq!(lines.len(), 1, "one sentence on {name}: {said}");
    }
    for name in refused {
        assert!(
            said.contains(&format!("{name:?} is left out")),
            "{name:?}: {said}"
        );
    }
    assert!(
        !said.contains('\u{1b}') && !said.contains("panicked"),
        "{said}"
    );
    assert_eq!(value(&out, "cut_f1"), 1.0, "{said}");
    assert_eq!(value(&out, "unsound_clips"), bad.len() + refused.len());
    assert_eq!(out.status.code(), Some(1));
}

#[test]
fn what_is_no_truth_file_ends_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let deep = "[".repeat(100_000);
    let texts = [
        "",
        "[]",
        "no json",
        "{\"a.mp4\": NaN}",
        "{\"a.mp4\": {\"fps\": 1e999}}",
        &deep,
    ];
    for text in texts {
        fs::write(at.join("truth.json"), text).expect("a file");
        let out = evaluate(at, &at.join("truth.json"));
        assert_eq!(out.status.code(), Some(2), "{text:.40}");
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(said.contains("is no truth file"), "{said}");
        assert!(out.stdout.is_empty());
    }
    for path in [at, Path::new("/dev/zero"), &at.join("missing.json")] {
        let out = evaluate(at, path);
        assert_eq!(out.status.code(), Some(2), "{}", path.display());
        assert!(String::from_utf8_lossy(&out.stderr).contains("cannot be read"));
    }
}
