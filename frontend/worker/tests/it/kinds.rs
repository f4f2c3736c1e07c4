//! The kinds of film that people have, read and held against what ffprobe and ffmpeg make of the same file.

use std::path::{Path, PathBuf};

use worker::film::{Film, FilmError, Reader, Track};

use crate::{
    edited::{body, rename, set_edits},
    filmed::{Folder, near, probe, run},
};

pub(crate) const LIVE: &[&str] = &[
    "-c:v", "libx264", "-preset", "veryfast", "-g", "30", "-bf", "2", "-pix_fmt", "yuv420p",
];

/// Eight seconds of pictures that differ, and a sweep, encoded as `how` says.
pub(crate) fn make_film(folder: &Folder, name: &str, how: &[&str]) -> PathBuf {
    let path = folder.file(name);
    let text = path.to_str().expect("UTF-8");
    let pictures = "testsrc2=size=160x90:rate=30:duration=8";
    let sound = "aevalsrc=0.5*sin(2*PI*(200+100*t)*t):s=48000:d=8";
    let inputs = [
        "-v", "error", "-y", "-f", "lavfi", "-i", pictures, "-f", "lavfi", "-i", sound,
    ];
    run("ffmpeg", &[&inputs[..], how, &[text]].concat());
    path
}

fn changed(folder: &Folder, from: &Path, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> PathBuf {
    let mut bytes = std::fs::read(from).expect("made");
    change(&mut bytes);
    let path = folder.file(name);
    std::fs::write(&path, bytes).expect("written");
    path
}

pub(crate) fn read(path: &Path) -> Result<Film, FilmError> {
    let bytes = std::fs::read(path).expect("the film");
    let mut reader = Reader::new(bytes.len() as u64);
    while let Some((at, len)) = reader.wants() {
        reader.take(&bytes[at as usize..(at + len) as usize])?;
    }
    reader.finish()
}

/// The cases that are drawn elsewhere, where they are present.
pub(crate) fn case(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/cases")
        .join(name);
    path.exists().then_some(path)
}

/// When each picture is shown, s, as ffmpeg decodes them.
fn times(path: &Path) -> Vec<f64> {
    let text = probe(
        path,
        &[
            "-select_streams",
            "v:0",
            "-show_entries",
            "frame=best_effort_timestamp_time",
        ],
    );
    text.lines()
        .filter_map(|line| line.trim_matches(',').parse().ok())
        .collect()
}

/// When each picture is shown, s, as is read here, in that order.
fn shown<C>(track: &Track<C>) -> Vec<f64> {
    let mut times: Vec<f64> = track.shown().map(|s| s.t_us as f64 / 1e6).collect();
    times.sort_by(f64::total_cmp);
    times
}

pub(crate) fn assert_times(film: &Film, path: &Path) {
    let (ours, theirs) = (shown(film.video.as_ref().expect("pictures")), times(path));
    assert_eq!(ours.len(), theirs.len(), "{}", path.display());
    let begin = theirs[0] - ours[0];
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert!(
            near(*ours, theirs - begin, 2e-3),
            "{}: {ours} {theirs}",
            path.display()
        );
    }
}

/// Every run can be decoded: it begins with a keyframe.
fn assert_decodable(film: &Film) {
    let video = film.video.as_ref().expect("pictures");
    for run in &video.runs {
        assert!(video.samples[run.samples.start].key, "{run:?}");
    }
}

#[test]
fn an_edit_list_is_honoured_from_start_to_end() {
    let folder = Folder::new("edits");
    let source = make_film(&folder, "source.mp4", &[LIVE, &["-c:a", "aac"]].concat());
    // Where its first picture is on its own time.
    let late = 2.0 / 30.0;
    for (n, edits) in [
        vec![(3.0, Some(2.5))],
        vec![(2.0, Some(0.0)), (1.5, Some(4.0))],
        vec![(2.0, Some(5.0)), (2.0, Some(1.0))],
        vec![(1.5, None), (2.0, Some(3.2))],
        vec![(1.0, Some(1.0)), (0.5, None), (1.0, Some(6.0))],
        vec![(2.0, Some(1.0)), (2.0, Some(1.0))],
    ]
    .into_iter()
    .enumerate()
    {
        let moved = |by: f64| {
            edits
                .iter()
                .map(|&(length, from)| (length, from.map(|from: f64| from + by)))
                .collect::<Vec<_>>()
        };
        let path = changed(&folder, &source, &format!("{n}.mp4"), |bytes| {
            set_edits(bytes, 0, &moved(late));
            set_edits(bytes, 1, &moved(0.0));
        });
        let film = read(&path).expect("a film");
        assert_decodable(&film);
        let begin = edits
            .iter()
            .take_while(|e| e.1.is_none())
            .map(|e| e.0)
            .sum::<f64>();
        let length: f64 = edits.iter().map(|e| e.0).sum::<f64>() - begin;
        let gap: f64 = edits
            .iter()
            .filter(|e| e.1.is_none())
            .map(|e| e.0)
            .sum::<f64>();
        assert!(
            near(film.duration, length, 0.034),
            "{n}: {} of {length}",
            film.duration
        );
        let video = film.video.as_ref().expect("pictures");
        let ours = shown(video);
        let wanted = ((length + begin - gap) * 30.0).round() as usize;
        assert_eq!(ours.len(), wanted, "{n}");
        // One picture after another, each once, none of what was cut off.
        let mut place = 0.0;
        let mut wanted = Vec::new();
        for &(long, from) in &edits {
            let count = (long * 30.0).round() as usize;
            if from.is_some() {
                wanted.extend((0..count).map(|i| place - begin + i as f64 / 30.0));
            }
            place += long;
        }
        for (ours, wanted) in ours.iter().zip(&wanted) {
            assert!(near(*ours, *wanted, 0.002), "{n}: {ours} {wanted}");
        }
        // ffmpeg joins edits of sound and picture alike; where it reads the same list, it shows as many pictures.
        if n != 4 {
            assert_eq!(times(&path).len(), wanted.len(), "{n}: ffmpeg");
        }
        let heard: i64 = film
            .audio
            .as_ref()
            .expect("sound")
            .runs
            .iter()
            .map(|r| r.shown.end - r.shown.start)
            .sum();
        assert!(
            near(heard as f64 / 1e6, length + begin - gap, 0.05),
            "{n}: {heard}"
        );
    }
}

#[test]
fn a_copy_that_was_trimmed_keeps_what_it_keeps() {
    let folder = Folder::new("trimmed");
    let source = make_film(&folder, "source.mp4", &[LIVE, &["-c:a", "aac"]].concat());
    for (name, how) in [
        ("cut.mp4", &[][..]),
        ("cut.mov", &[]),
        (
            "cut-frag.mp4",
            &["-movflags", "frag_keyframe+empty_moov+default_base_moof"],
        ),
    ] {
        let path = folder.file(name);
        let (from, to) = (
            source.to_str().expect("UTF-8"),
            path.to_str().expect("UTF-8"),
        );
        run(
            "ffmpeg",
            &[
                &[
                    "-v", "error", "-y", "-ss", "2.5", "-i", from, "-t", "3", "-c", "copy",
                ],
                how,
                &[to],
            ]
            .concat(),
        );
        let film = read(&path).expect("a film");
        assert_times(&film, &path);
        assert_decodable(&film);
    }
    if let Some(path) = case("trimmed-by-edit-list.mov") {
        let film = read(&path).expect("a film");
        assert_times(&film, &path);
        assert!(near(film.duration, 7.0, 0.034), "{}", film.duration);
        let audio = film.audio.expect("sound");
        assert!(
            audio
                .runs
                .iter()
                .all(|run| run.shown.end <= 7_000_100 && run.shown.start >= 0)
        );
    }
}

#[test]
fn composition_offsets_have_a_sign_in_either_version() {
    let folder = Folder::new("ctts");
    let source = make_film(
        &folder,
        "v1.mov",
        &[LIVE, &["-an", "-movflags", "+negative_cts_offsets"]].concat(),
    );
    let film = read(&source).expect("a film");
    assert_times(&film, &source);
    let path = changed(&folder, &source, "v0.mov", |bytes| {
        let ctts = body(
            bytes,
            &[b"moov", b"trak", b"mdia", b"minf", b"stbl", b"ctts"],
            0,
        );
        assert_eq!(ctts[0], 1, "signed");
        ctts[0] = 0;
    });
    assert_eq!(read(&path).expect("a film").video, film.video);
    if let Some(path) = case("composition-offsets.mov") {
        let film = read(&path).expect("a film");
        assert_times(&film, &path);
        assert!(near(film.duration, 12.0, 0.034), "{}", film.duration);
    }
}

#[test]
fn a_start_far_from_zero_is_the_start() {
    let folder = Folder::new("late");
    for (name, how) in [
        (
            "late.mp4",
            &[
                "-c:a",
                "aac",
                "-movflags",
                "frag_keyframe+empty_moov+default_base_moof",
            ][..],
        ),
        ("late.mkv", &["-c:a", "aac"]),
    ] {
        let path = make_film(
            &folder,
            name,
            &[LIVE, how, &["-output_ts_offset", "7200"]].concat(),
        );
        let film = read(&path).expect("a film");
        assert_times(&film, &path);
        assert!(near(film.duration, 8.0, 0.1), "{name}: {}", film.duration);
        let sound = film.audio.expect("sound");
        assert!(
            sound.samples[0].t_us.abs() < 100_000,
            "{name}: {:?}",
            sound.samples[0]
        );
    }
}

#[test]
fn parameter_sets_in_the_stream_are_found() {
    let folder = Folder::new("annexb");
    let how = [
        LIVE,
        &[
            "-bsf:v",
            "dump_extra",
            "-x264-params",
            "repeat-headers=1",
            "-c:a",
            "libopus",
        ],
    ]
    .concat();
    let source = make_film(&folder, "record.mkv", &how);
    let film = read(&source).expect("a film");
    let path = changed(&folder, &source, "stream.mkv", |bytes| {
        // Lengths of four bytes become start codes, and the record a number that means nothing.
        for sample in &film.video.as_ref().expect("pictures").samples {
            let (mut at, end) = (
                sample.at as usize,
                (sample.at + u64::from(sample.len)) as usize,
            );
            while at + 4 <= end {
                let len = u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four")) as usize;
                bytes[at..at + 4].copy_from_slice(&[0, 0, 0, 1]);
                at += 4 + len;
            }
        }
        let record = film
            .video
            .as_ref()
            .expect("pictures")
            .config
            .description
            .clone();
        let at = bytes
            .windows(record.len())
            .position(|w| w == record)
            .expect("the record");
        let id = bytes[..at]
            .windows(2)
            .rposition(|w| w == [0x63, 0xa2])
            .expect("its number");
        bytes[id..id + 2].copy_from_slice(&[0x63, 0xa9]);
    });
    let stream = read(&path).expect("a film").video.expect("pictures");
    let record = film.video.expect("pictures");
    assert_eq!(stream.config.codec, record.config.codec);
    assert_eq!((stream.config.width, stream.config.height), (160, 90));
    assert!(stream.config.description.is_empty());
    assert_eq!(stream.samples, record.samples);
    if let Some(path) = case("h264-annexb.webm") {
        let film = read(&path).expect("a film");
        assert_times(&film, &path);
        assert!(
            film.video
                .expect("pictures")
                .config
                .codec
                .starts_with("avc1.")
        );
    }
}

#[test]
fn pictures_last_as_long_as_they_are_shown() {
    let folder = Folder::new("slides");
    let slides = [
        "-vf",
        "fps=1/2,settb=1/1000",
        "-fps_mode",
        "passthrough",
        "-an",
    ];
    for (name, how) in [
        ("slides.mp4", LIVE),
        ("slides.mov", LIVE),
        ("slides.webm", &["-c:v", "libvpx", "-deadline", "realtime"]),
        (
            "slides-frag.mp4",
            &[
                LIVE,
                &["-movflags", "frag_keyframe+empty_moov+default_base_moof"],
            ]
            .concat(),
        ),
    ] {
        let path = make_film(&folder, name, &[&slides, how].concat());
        let film = read(&path).expect("a film");
        assert_times(&film, &path);
        let video = film.video.as_ref().expect("pictures");
        let lengths: Vec<u32> = video.shown().map(|s| s.duration_us).collect();
        assert!(
            lengths.iter().all(|us| us.abs_diff(2_000_000) < 3_000),
            "{name}: {lengths:?}"
        );
        assert!(near(film.duration, 8.0, 0.003), "{name}: {}", film.duration);
    }
    // Steps that vary, some of them eight times the others.
    let uneven = [
        "-vf",
        "select='not(between(mod(n,50),20,27))'",
        "-fps_mode",
        "vfr",
        "-an",
    ];
    for name in ["uneven.mp4", "uneven.mkv"] {
        let path = make_film(&folder, name, &[&uneven, LIVE].concat());
        let film = read(&path).expect("a film");
        assert_times(&film, &path);
        let mut samples: Vec<_> = film.video.as_ref().expect("pictures").shown().collect();
        samples.sort_by_key(|s| s.t_us);
        for pair in samples.windows(2) {
            assert!(
                (pair[0].t_us + i64::from(pair[0].duration_us) - pair[1].t_us).abs() < 1100,
                "{pair:?}"
            );
        }
    }
    if let Some(path) = case("long-frames.mp4") {
        let film = read(&path).expect("a film");
        assert!(near(film.duration, 16.0, 0.001), "{}", film.duration);
        assert_eq!(shown(film.video.as_ref().expect("pictures")).len(), 4);
    }
}

#[test]
fn turned_and_mirrored_pictures_are_told() {
    let folder = Folder::new("turned");
    let source = make_film(&folder, "upright.mp4", &[LIVE, &["-an"]].concat());
    const ONE: i32 = 1 << 16;
    for (matrix, rotation, mirrored) in [
        ([ONE, 0, 0, ONE], 0, false),
        ([0, ONE, -ONE, 0], 90, false),
        ([-ONE, 0, 0, -ONE], 180, false),
        ([0, -ONE, ONE, 0], 270, false),
        ([-ONE, 0, 0, ONE], 0, true),
        ([ONE, 0, 0, -ONE], 180, true),
        ([0, -ONE, -ONE, 0], 90, true),
        ([0, ONE, ONE, 0], 270, true),
    ] {
        let path = changed(&folder, &source, "turned.mp4", |bytes| {
            let tkhd = body(bytes, &[b"moov", b"trak", b"tkhd"], 0);
            for (n, value) in [
                (0, matrix[0]),
                (1, matrix[1]),
                (3, matrix[2]),
                (4, matrix[3]),
            ] {
                tkhd[40 + 4 * n..44 + 4 * n].copy_from_slice(&i32::to_be_bytes(value));
            }
        });
        let film = read(&path).expect("a film");
        let turn = film.video.expect("pictures").config.rotation;
        assert_eq!(
            (turn, film.look.mirrored),
            (rotation, mirrored),
            "{matrix:?}"
        );
    }
}

#[test]
fn pixels_that_are_not_square_are_told() {
    let folder = Folder::new("aspect");
    for name in ["wide.mp4", "wide.mov", "wide.mkv"] {
        let path = make_film(
            &folder,
            name,
            &[LIVE, &["-an", "-vf", "setsar=4/3"]].concat(),
        );
        let film = read(&path).expect("a film");
        assert_eq!(film.look.squared(160, 90), (213, 90), "{name}");
        if name == "wide.mp4" {
            // Where only the stream says so.
            let path = changed(&folder, &path, "stream.mp4", |bytes| {
                assert_eq!(rename(bytes, b"pasp", b"free"), 1)
            });
            assert_eq!(
                read(&path).expect("a film").look.squared(160, 90),
                (213, 90)
            );
        }
    }
    let path = make_film(
        &folder,
        "tall.webm",
        &[
            "-c:v",
            "libvpx-vp9",
            "-deadline",
            "realtime",
            "-cpu-used",
            "8",
            "-an",
            "-vf",
            "setsar=1/2",
        ],
    );
    assert_eq!(
        read(&path).expect("a film").look.squared(160, 90),
        (160, 180)
    );
    if let Some(path) = case("anamorphic.mp4") {
        assert_eq!(
            read(&path).expect("a film").look.squared(240, 180),
            (320, 180)
        );
    }
}

#[test]
fn colours_are_told_or_taken_as_players_take_them() {
    let folder = Folder::new("colour");
    let of = |name: &str, how: &[&str]| {
        let path = make_film(&folder, name, &[how, &["-an"]].concat());
        let colour = read(&path)
            .expect("a film")
            .video
            .expect("pictures")
            .config
            .colour
            .expect("told");
        (
            colour.primaries,
            colour.transfer,
            colour.matrix,
            colour.full,
        )
    };
    let tagged = [
        "-color_primaries",
        "bt709",
        "-color_trc",
        "bt709",
        "-colorspace",
        "bt709",
    ];
    assert_eq!(of("small.mp4", LIVE), (6, 6, 6, false));
    assert_eq!(of("small.mkv", LIVE), (6, 6, 6, false));
    assert_eq!(
        of("large.mp4", &[LIVE, &["-vf", "scale=1280:720"]].concat()),
        (1, 1, 1, false)
    );
    assert_eq!(of("told.mp4", &[LIVE, &tagged].concat()), (1, 1, 1, false));
    assert_eq!(of("told.mkv", &[LIVE, &tagged].concat()), (1, 1, 1, false));
    let full = [&LIVE[..8], &["-pix_fmt", "yuvj420p"]].concat();
    assert_eq!(of("full.mp4", &full), (6, 6, 6, true));
    let vp9 = [
        "-c:v",
        "libvpx-vp9",
        "-deadline",
        "realtime",
        "-cpu-used",
        "8",
    ];
    let av1 = [
        "-c:v",
        "libaom-av1",
        "-usage",
        "realtime",
        "-cpu-used",
        "8",
        "-t",
        "0.5",
    ];
    for name in ["small-vp9.mp4", "small-vp9.webm"] {
        assert_eq!(of(name, &vp9), (6, 6, 6, false), "{name}");
    }
    for name in ["small-av1.mp4", "small-av1.webm"] {
        assert_eq!(of(name, &av1), (6, 6, 6, false), "{name}");
    }
    let hlg = [
        &vp9[..],
        &["-pix_fmt", "yuv420p10le", "-color_primaries", "bt2020"],
        &["-color_trc", "arib-std-b67", "-colorspace", "bt2020nc"],
    ]
    .concat();
    for name in ["hlg.mp4", "hlg.webm"] {
        assert_eq!(of(name, &hlg), (9, 18, 9, false), "{name}");
    }
}
