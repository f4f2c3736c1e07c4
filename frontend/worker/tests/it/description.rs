//! What a film says of itself: its sound, its tracks, its encodings.

use worker::film::{FilmError, pcm::Format};

use crate::{
    filmed::{Folder, near, read_film, run},
    kinds::{LIVE, assert_times, case, make_film, read},
};

#[test]
fn uncompressed_sound_is_read_sample_by_sample() {
    let folder = Folder::new("pcm");
    let raw = folder.file("raw.f32");
    for (name, codec, depth) in [
        ("le16.mov", "pcm_s16le", 16),
        ("be16.mov", "pcm_s16be", 16),
        ("be24.mov", "pcm_s24be", 24),
        ("le24.mov", "pcm_s24le", 24),
        ("be32.mov", "pcm_s32be", 24),
        ("f32.mov", "pcm_f32be", 24),
        ("f64.mov", "pcm_f64le", 24),
        ("u8.mov", "pcm_u8", 8),
        ("mulaw.mov", "pcm_mulaw", 24),
        ("alaw.mov", "pcm_alaw", 24),
        ("le16.mkv", "pcm_s16le", 16),
        ("be16.mkv", "pcm_s16be", 16),
        ("f32.mkv", "pcm_f32le", 24),
    ] {
        let path = make_film(
            &folder,
            name,
            &[LIVE, &["-c:a", codec, "-ac", "2"]].concat(),
        );
        let (film, bytes) = read_film(&path);
        let audio = film.audio.expect("sound");
        assert_eq!(
            (audio.config.rate, audio.config.channels),
            (48_000, 2),
            "{name}"
        );
        let format = Format::of(&audio.config.codec).expect("uncompressed");
        let mut ours = vec![Vec::new(); 2];
        for sample in &audio.samples {
            let planes = format.planes(&bytes[sample.at as usize..][..sample.len as usize], 2);
            let length = planes[0].len() as f64 / 48_000.0;
            assert!(
                near(f64::from(sample.duration_us) / 1e6, length, 1e-3),
                "{name}: {sample:?}"
            );
            assert!(
                near(
                    sample.t_us as f64 / 1e6,
                    ours[0].len() as f64 / 48_000.0,
                    2e-3
                ),
                "{name}: {sample:?}"
            );
            for (all, plane) in ours.iter_mut().zip(planes) {
                all.extend(plane);
            }
        }
        let (from, to) = (path.to_str().expect("UTF-8"), raw.to_str().expect("UTF-8"));
        run(
            "ffmpeg",
            &[
                "-v",
                "error",
                "-y",
                "-i",
                from,
                "-vn",
                "-f",
                "f32le",
                "-c:a",
                "pcm_f32le",
                to,
            ],
        );
        let theirs = std::fs::read(&raw).expect("written");
        assert_eq!(theirs.len(), ours[0].len() * 8, "{name}");
        for (n, frame) in theirs.chunks_exact(8).enumerate() {
            let left = f32::from_le_bytes(frame[..4].try_into().expect("four"));
            assert!(
                (left - ours[0][n]).abs() <= 1.0 / (1_u64 << (depth - 1)) as f32,
                "{name}: {left} {}",
                ours[0][n]
            );
        }
        assert_eq!(audio.runs.len(), 1, "{name}");
    }
    if let Some(path) = case("pcm-sound.mov") {
        let audio = read(&path).expect("a film").audio.expect("sound");
        let us: i64 = audio.samples.iter().map(|s| i64::from(s.duration_us)).sum();
        assert!((us - 12_000_000).abs() < 2_000, "{us}");
    }
}

#[test]
fn of_several_tracks_the_main_one_is_brought_in_and_told() {
    let folder = Folder::new("several");
    for (name, default) in [("first.mp4", 0), ("second.mkv", 1), ("second.mp4", 1)] {
        let main = format!("-disposition:a:{default}");
        let other = format!("-disposition:a:{}", 1 - default);
        let how = [
            LIVE,
            &[
                "-map", "0", "-map", "1", "-map", "1", "-c:a:0", "aac", "-c:a:1", "libopus", &main,
                "default", &other, "0",
            ],
        ]
        .concat();
        let film = read(&make_film(&folder, name, &how)).expect("a film");
        let codec = film.audio.as_ref().expect("sound").config.codec.clone();
        // ffmpeg switches on the first sound of an MP4 whatever it is told.
        let wanted = if default == 1 && name.ends_with(".mkv") {
            "opus"
        } else {
            "mp4a.40.2"
        };
        if name != "second.mp4" {
            assert_eq!(codec, wanted, "{name}");
        }
        assert!(
            film.notes()
                .iter()
                .any(|note| note.contains("2 sound tracks")),
            "{:?}",
            film.notes()
        );
    }
    let film = read(&make_film(
        &folder,
        "one.mp4",
        &[LIVE, &["-c:a", "aac"]].concat(),
    ))
    .expect("a film");
    assert_eq!(film.notes(), Vec::<String>::new());
}

#[test]
fn encodings_that_are_not_known_are_refused_by_name() {
    let folder = Folder::new("names");
    for (name, how, called) in [
        (
            "asp.mp4",
            &["-c:v", "mpeg4", "-c:a", "aac"][..],
            "MPEG-4 Part 2",
        ),
        (
            "mpeg2.mp4",
            &["-c:v", "mpeg2video", "-c:a", "aac"],
            "MPEG-2",
        ),
        (
            "prores.mov",
            &["-c:v", "prores_ks", "-pix_fmt", "yuv422p10le"],
            "ProRes",
        ),
        (
            "mjpeg.mov",
            &["-c:v", "mjpeg", "-pix_fmt", "yuvj420p"],
            "Motion JPEG",
        ),
        ("asp.mkv", &["-c:v", "mpeg4"], "MPEG-4 Part 2"),
        ("ffv1.mkv", &["-c:v", "ffv1"], "FFV1"),
        ("mpeg2.mkv", &["-c:v", "mpeg2video"], "MPEG-2"),
    ] {
        let refused = read(&make_film(&folder, name, how)).expect_err(name);
        assert_eq!(refused, FilmError::Picture(called.to_owned()), "{name}");
        assert!(refused.message().contains(called) && refused.message().contains("H.264"));
    }
    // Sound is lost alone, and told.
    for (name, codec, called) in [
        ("ac3.mp4", "ac3", "Dolby Digital (AC-3)"),
        ("alac.mov", "alac", "Apple Lossless"),
        ("mp2.mkv", "mp2", "MPEG audio layer 2 (MP2)"),
    ] {
        let film = read(&make_film(
            &folder,
            name,
            &[LIVE, &["-c:a", codec]].concat(),
        ))
        .expect("pictures");
        assert_eq!(film.sound_lost.as_deref(), Some(called), "{name}");
        assert!(film.notes()[0].contains(called), "{:?}", film.notes());
    }
    // Sound alone is never said to be a film.
    let film = read(&make_film(&folder, "alone.mp4", &["-vn", "-c:a", "aac"])).expect("sound");
    assert!(film.notes()[0].contains("no picture"), "{:?}", film.notes());
    assert_eq!(
        read(&make_film(&folder, "alone.mkv", &["-vn", "-c:a", "ac3"])).map(|_| ()),
        Err(FilmError::Sound("Dolby Digital (AC-3)".to_owned()))
    );
    for (name, how, says) in [
        ("film.avi", &["-c:v", "mpeg4"][..], "AVI"),
        ("film.ts", LIVE, "MPEG transport stream"),
        ("film.flv", &["-c:v", "flv"], "Flash"),
    ] {
        let refused = read(&make_film(&folder, name, &[how, &["-an"]].concat())).expect_err(name);
        assert!(refused.message().contains(says), "{}", refused.message());
    }
    if let Some(path) = case("mpeg4-part2.mp4") {
        assert_eq!(
            read(&path).map(|_| ()),
            Err(FilmError::Picture("MPEG-4 Part 2".to_owned()))
        );
    }
}

#[test]
fn fast_and_slow_films_keep_their_times() {
    let folder = Folder::new("speed");
    for (name, rate) in [
        ("fast.mp4", "fps=120"),
        ("fast.mkv", "fps=240"),
        ("lapse.mp4", "fps=1"),
        ("frag.mp4", "fps=60"),
    ] {
        let frag: &[&str] = if name == "frag.mp4" {
            &["-movflags", "frag_keyframe+empty_moov+default_base_moof"]
        } else {
            &[]
        };
        let path = make_film(&folder, name, &[LIVE, &["-an", "-vf", rate], frag].concat());
        let film = read(&path).expect("a film");
        assert_times(&film, &path);
        assert!(near(film.duration, 8.0, 0.02), "{name}: {}", film.duration);
        let wanted: f64 = rate.trim_start_matches("fps=").parse().expect("a number");
        assert!(
            near(
                film.frames_per_s().expect("pictures"),
                wanted,
                wanted * 0.01
            ),
            "{name}"
        );
    }
}
