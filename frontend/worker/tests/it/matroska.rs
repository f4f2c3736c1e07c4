//! WebM and Matroska, held against what ffprobe says of the same file.

use std::path::Path;

use proptest::prelude::*;
use worker::film::{Film, FilmError, Reader, Sample};

use crate::filmed::{Folder, film, h264, read_film, run};

/// Presentation time (s), length (bytes) and whether it decodes on its own, of each packet of a kind in the file's order.
fn packets(path: &Path, kind: &str) -> Vec<(f64, u32, bool)> {
    let path = path.to_str().expect("UTF-8");
    let entries = "packet=pts_time,size,flags";
    let text = run(
        "ffprobe",
        &[
            "-v",
            "error",
            "-select_streams",
            kind,
            "-show_entries",
            entries,
            "-of",
            "csv=p=0",
            path,
        ],
    );
    let packet = |line: &str| {
        let mut fields = line.split(',');
        let mut next = || fields.next().expect("three fields");
        let t = next().parse().expect("a time");
        (
            t,
            next().parse().expect("a length"),
            next().starts_with('K'),
        )
    };
    // Lines without a time are of side data.
    let lines = text
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit() || c == '-'));
    lines.map(packet).collect()
}

fn assert_same(samples: &[Sample], packets: &[(f64, u32, bool)]) {
    assert_eq!(samples.len(), packets.len());
    for (i, (sample, &(t, len, key))) in samples.iter().zip(packets).enumerate() {
        assert!(
            (sample.t_us as f64 / 1e6 - t).abs() < 2e-3,
            "{i}: {sample:?}, {t}"
        );
        assert_eq!((sample.len, sample.key), (len, key), "{i}");
    }
}

fn copied(folder: &Folder, from: &Path, name: &str, settings: &[&str]) -> std::path::PathBuf {
    let path = folder.file(name);
    let mut arguments = vec![
        "-v",
        "error",
        "-y",
        "-i",
        from.to_str().expect("UTF-8"),
        "-c",
        "copy",
    ];
    arguments.extend_from_slice(settings);
    let text = path.to_str().expect("UTF-8").to_owned();
    arguments.push(&text);
    run("ffmpeg", &arguments);
    path
}

fn read(bytes: &[u8]) -> Result<Film, FilmError> {
    let mut reader = Reader::new(bytes.len() as u64);
    while let Some((at, len)) = reader.wants() {
        reader.take(&bytes[at as usize..(at + len) as usize])?;
    }
    reader.finish()
}

#[test]
fn a_matroska_file_is_read_as_the_mp4_it_was_made_of() {
    let folder = Folder::new("mkv");
    let source = h264(&folder);
    let (film, bytes) = read_film(&source);
    let path = copied(&folder, &source, "film.mkv", &[]);
    let (copy, copy_bytes) = read_film(&path);
    let (video, copied) = (film.video.expect("pictures"), copy.video.expect("pictures"));
    assert_eq!(copied.config, video.config);
    assert_same(&copied.samples, &packets(&path, "v"));
    for (a, b) in video.samples.iter().zip(&copied.samples) {
        let of = |bytes: &'_ [u8], s: &Sample| bytes[s.at as usize..][..s.len as usize].to_vec();
        assert_eq!(of(&bytes, a), of(&copy_bytes, b));
    }
    let (sound, copied) = (film.audio.expect("sound"), copy.audio.expect("sound"));
    assert_eq!(copied.config, sound.config);
    assert_same(&copied.samples, &packets(&path, "a"));
    assert!(
        (copy.duration - film.duration).abs() < 0.05,
        "{} {}",
        copy.duration,
        film.duration
    );
}

#[test]
fn webm_is_read_whole_and_live_with_either_codec() {
    let folder = Folder::new("webm");
    let realtime = ["-deadline", "realtime", "-cpu-used", "8", "-g", "30"];
    for (name, picture, sound, codecs) in [
        ("vp8.webm", "libvpx", "libvorbis", ("vp8", "vorbis")),
        ("vp9.webm", "libvpx-vp9", "libopus", ("vp09", "opus")),
    ] {
        let settings = [&["-c:v", picture][..], &realtime, &["-c:a", sound]].concat();
        let path = film(&folder, name, &settings);
        // As MediaRecorder writes: neither the segment nor its clusters have a length.
        let live = copied(
            &folder,
            &path,
            &format!("live-{name}"),
            &["-f", "webm", "-live", "1"],
        );
        for path in [&path, &live] {
            let (film, _) = read_film(path);
            let (video, audio) = (film.video.expect("pictures"), film.audio.expect("sound"));
            assert!(
                video.config.codec.starts_with(codecs.0),
                "{:?}",
                video.config
            );
            assert_eq!((video.config.width, video.config.height), (320, 180));
            assert_eq!(audio.config.codec, codecs.1);
            assert_eq!(audio.config.rate, 48_000);
            assert!(!audio.config.description.is_empty());
            assert_same(&video.samples, &packets(path, "v"));
            assert_same(&audio.samples, &packets(path, "a"));
            assert!((film.duration - 9.0).abs() < 0.1, "{}", film.duration);
        }
    }
}

#[test]
fn a_file_that_was_cut_off_or_damaged_gives_what_came_before() {
    let folder = Folder::new("cutoff");
    let path = copied(&folder, &h264(&folder), "film.mkv", &[]);
    let bytes = std::fs::read(&path).expect("made");
    let all = read(&bytes)
        .expect("whole")
        .video
        .expect("pictures")
        .samples;
    for part in [2, 3, 5] {
        let end = bytes.len() * part / 6;
        let film = read(&bytes[..end]).expect("what is left");
        let mut samples = film.video.expect("pictures").samples;
        let place = samples.len() - 1;
        // The last that is left does not know when the next would come.
        samples[place].duration_us = all[place].duration_us;
        let whole = all.iter().filter(|s| s.at + u64::from(s.len) <= end as u64);
        assert_eq!(samples, whole.copied().collect::<Vec<_>>());
        assert!(!film.cut_short, "it just ends");
        let mut damaged = bytes.clone();
        damaged[end..].fill(0);
        let film = read(&damaged).expect("what is left");
        assert!(film.cut_short);
        assert!(film.video.expect("pictures").samples.len() <= samples.len() + 1);
    }
    assert_eq!(read(&bytes[..200]).map(|_| ()), Err(FilmError::NoTracks));
    let mut other = bytes;
    let at = other
        .windows(8)
        .position(|w| w == b"matroska")
        .expect("its kind");
    other[at..at + 8].copy_from_slice(b"matryosh");
    assert_eq!(read(&other).map(|_| ()), Err(FilmError::NotFilm(None)));
}

proptest! {
    #[test]
    fn nothing_in_a_file_makes_the_reader_fall_over(
        head in prop::sample::select(vec![0_usize, 4, 40]),
        body in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        // A header, a segment and a cluster of unknown length, then anything.
        const BEGINNING: [u8; 40] = *b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff\
            \x1f\x43\xb6\x75\x01\xff\xff\xff\xff\xff\xff\xff\xe7\x81\x07\xec";
        let mut bytes = BEGINNING[..head].to_vec();
        bytes.extend(body);
        let _ = read(&bytes);
    }
}
