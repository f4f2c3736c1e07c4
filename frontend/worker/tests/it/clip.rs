//! Clips are cut from a session of really encoded film and sound, then read back by two readers of other people:
//! shiguredo_mp4, and ffmpeg, which also decodes every picture and sample.

use proptest::prelude::*;
use shiguredo_mp4::TrackKind;
use worker::{
    film::{self, Film, Reader},
    log::index::Index,
    mp4::{cut::CutFailure, span::CutError},
};

use crate::filmed::{Folder, cut, film, h264, log, near, probe, read_film, run, seen};

#[test]
fn a_clip_holds_exactly_the_chosen_pictures_and_their_sound() {
    let folder = Folder::new("exact");
    let (film, source) = read_film(&h264(&folder));
    let (log, index) = log(&film, &source);
    assert_eq!(index.measurements.keyframes.len(), 9);
    let clip = cut(&log, &index, &[(2.2, 6.4)]).expect("inside");

    // From the first keyframe after 2.2 s, to the last picture before 6.4 s.
    assert!(
        near(clip.spans[0].start, 3.0, 0.02),
        "{}",
        clip.spans[0].start
    );
    assert!(near(clip.spans[0].end, 6.4, 1e-6), "{}", clip.spans[0].end);
    let wanted: Vec<_> = index
        .video
        .iter()
        .filter(|c| c.t_us >= 2_990_000 && c.t_us < 6_400_000)
        .collect();

    let video = seen(&clip.bytes, TrackKind::Video);
    assert_eq!(video.samples.len(), wanted.len());
    for (got, want) in video.samples.iter().zip(&wanted) {
        assert_eq!(got.1, want.key, "the sync sample table");
        assert_eq!(
            got.2,
            &log[want.at as usize..want.at as usize + want.len as usize],
            "the very bytes recorded"
        );
    }
    let length: u64 = video
        .samples
        .iter()
        .map(|(duration, ..)| u64::from(*duration))
        .sum();
    assert_eq!(video.timescale, 1_000_000);
    assert_eq!(length as i64, 6_400_000 - wanted[0].t_us);

    // Decoded by ffmpeg: every picture, its time, and as much sound as picture.
    let path = folder.file("clip.mp4");
    std::fs::write(&path, &clip.bytes).expect("written");
    let times: Vec<f64> = probe(
        &path,
        &["-select_streams", "v", "-show_entries", "frame=pts_time"],
    )
    .lines()
    .filter_map(|line| line.trim_matches(',').parse().ok())
    .collect();
    assert_eq!(times.len(), wanted.len());
    for (time, want) in times.iter().zip(&wanted) {
        assert!(near(*time, (want.t_us - wanted[0].t_us) as f64 / 1e6, 2e-6));
    }
    let wav = folder.file("clip.wav");
    run(
        "ffmpeg",
        &[
            "-v",
            "error",
            "-y",
            "-i",
            path.to_str().expect("UTF-8"),
            "-vn",
            wav.to_str().expect("UTF-8"),
        ],
    );
    let sound: f64 = probe(&wav, &["-show_entries", "format=duration"])
        .trim()
        .parse()
        .expect("a number");
    assert!(
        near(sound, clip.spans[0].end - clip.spans[0].start, 0.03),
        "{sound} s of sound for {} s",
        clip.spans[0].end - clip.spans[0].start
    );
    let format: f64 = probe(&path, &["-show_entries", "format=duration"])
        .trim()
        .parse()
        .expect("a number");
    assert!(
        near(format, clip.spans[0].end - clip.spans[0].start, 0.001),
        "{format}"
    );
}

#[test]
fn sound_stays_in_step_with_the_picture() {
    let folder = Folder::new("step");
    // A click at 4.000 s, in silence.
    let source = folder.file("click.mp4");
    run(
        "ffmpeg",
        &[
            "-v",
            "error",
            "-y",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=160x90:rate=25:duration=8",
            "-f",
            "lavfi",
            "-i",
            "aevalsrc=if(between(t\\,4\\,4.02)\\,sin(2*PI*1000*t)\\,0):s=48000:d=8",
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-bf",
            "0",
            "-g",
            "25",
            "-c:a",
            "libopus",
            "-b:a",
            "96k",
            source.to_str().expect("UTF-8"),
        ],
    );
    let (film, bytes) = read_film(&source);
    let (log, index) = log(&film, &bytes);
    for start in [1.0, 2.0, 3.0] {
        let clip = cut(&log, &index, &[(start, 6.0)]).expect("inside");
        let path = folder.file("clip.mp4");
        std::fs::write(&path, &clip.bytes).expect("written");
        let raw = folder.file("clip.f32");
        run(
            "ffmpeg",
            &[
                "-v",
                "error",
                "-y",
                "-i",
                path.to_str().expect("UTF-8"),
                "-vn",
                "-f",
                "f32le",
                "-ac",
                "1",
                "-ar",
                "48000",
                raw.to_str().expect("UTF-8"),
            ],
        );
        let raw = std::fs::read(&raw).expect("samples");
        let first_loud = raw
            .chunks_exact(4)
            .position(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]).abs() > 0.2)
            .expect("the click is heard");
        let heard = first_loud as f64 / 48_000.0 + clip.spans[0].start;
        assert!(
            near(heard, 4.0, 0.004),
            "cut at {start}: the click is heard at {heard} s"
        );
    }
}

#[test]
fn other_encodings_are_cut_as_well() {
    let folder = Folder::new("codecs");
    for (name, encoder, entry) in [
        (
            "vp9.mp4",
            &[
                "-c:v",
                "libvpx-vp9",
                "-deadline",
                "realtime",
                "-cpu-used",
                "8",
                "-g",
                "30",
                "-an",
            ][..],
            "vp9",
        ),
        (
            "av1.mp4",
            &[
                "-c:v",
                "libaom-av1",
                "-cpu-used",
                "8",
                "-usage",
                "realtime",
                "-g",
                "30",
                "-an",
            ][..],
            "av1",
        ),
    ] {
        let (film, source) = read_film(&film(&folder, name, encoder));
        let (log, index) = log(&film, &source);
        let clip = cut(&log, &index, &[(1.5, 4.5)]).expect("inside");
        let path = folder.file("clip.mp4");
        std::fs::write(&path, &clip.bytes).expect("written");
        let stream = probe(
            &path,
            &[
                "-count_frames",
                "-show_entries",
                "stream=codec_name,nb_read_frames",
            ],
        );
        let pictures = index
            .video
            .iter()
            .filter(|c| c.t_us as f64 / 1e6 >= clip.spans[0].start && c.t_us < 4_500_000)
            .count();
        assert_eq!(stream.trim(), format!("{entry},{pictures}"));
    }
}

#[test]
fn a_turned_camera_stays_turned() {
    let folder = Folder::new("turned");
    let (mut film, source) = read_film(&h264(&folder));
    if let Some(video) = &mut film.video {
        video.config.rotation = 90;
    }
    let (log, index) = log(&film, &source);
    let clip = cut(&log, &index, &[(0.0, 2.0)]).expect("inside");
    let path = folder.file("turned.mp4");
    std::fs::write(&path, &clip.bytes).expect("written");
    let rotation = probe(
        &path,
        &[
            "-select_streams",
            "v",
            "-show_entries",
            "stream_side_data=rotation",
        ],
    );
    assert!(rotation.contains("-90"), "{rotation}");
    let (again, _) = read_film(&path);
    assert_eq!(again.video.map(|video| video.config.rotation), Some(90));
}

#[test]
fn what_cannot_be_cut_is_said() {
    let folder = Folder::new("refused");
    let (film, source) = read_film(&h264(&folder));
    let (log, index) = log(&film, &source);
    assert_eq!(
        cut(&log, &index, &[(3.2, 3.9)]),
        Err(CutFailure::Refused(CutError::NoKeyframe))
    );
    assert_eq!(
        cut(&log, &index, &[(5.0, 5.0)]),
        Err(CutFailure::Refused(CutError::Empty))
    );
    assert_eq!(
        cut(&log, &index, &[(f64::NAN, 5.0)]),
        Err(CutFailure::Refused(CutError::Empty))
    );
    assert_eq!(
        cut(&log, &index, &[(90.0, 95.0)]),
        Err(CutFailure::Refused(CutError::Nothing))
    );
    assert_eq!(
        cut(&log, &Index::default(), &[(0.0, 5.0)]),
        Err(CutFailure::Refused(CutError::Nothing))
    );
    assert_eq!(
        cut(&log[..5000], &index, &[(0.0, 9.0)]),
        Err(CutFailure::Read(()))
    );
}

#[test]
fn fragmented_films_are_read_as_whole_ones() {
    let folder = Folder::new("fragments");
    let whole = h264(&folder);
    let parts = folder.file("parts.mp4");
    for flags in [
        "+frag_keyframe+empty_moov",
        "+frag_keyframe+empty_moov+default_base_moof",
    ] {
        run(
            "ffmpeg",
            &[
                "-v",
                "error",
                "-y",
                "-i",
                whole.to_str().expect("UTF-8"),
                "-an",
                "-c",
                "copy",
                "-movflags",
                flags,
                parts.to_str().expect("UTF-8"),
            ],
        );
        let ((a, a_bytes), (b, b_bytes)) = (read_film(&whole), read_film(&parts));
        let (a, b) = (a.video.expect("pictures"), b.video.expect("pictures"));
        assert_eq!(a.config, b.config);
        assert_eq!(a.samples.len(), b.samples.len());
        for (x, y) in a.samples.iter().zip(&b.samples) {
            assert!(
                (x.t_us - y.t_us).abs() <= 1 && x.key == y.key,
                "{x:?} {y:?}"
            );
            let (x, y) = (
                x.at as usize..x.at as usize + x.len as usize,
                y.at as usize..y.at as usize + y.len as usize,
            );
            assert_eq!(a_bytes[x], b_bytes[y]);
        }
    }
}

/// Reads a file as the import does.
fn read(bytes: &[u8]) -> Result<Film, film::FilmError> {
    let mut reader = Reader::new(bytes.len() as u64);
    while let Some((at, len)) = reader.wants() {
        let (from, to) = (at as usize, at.saturating_add(len) as usize);
        reader.take(bytes.get(from..to).expect("inside the file"))?;
    }
    reader.finish()
}

/// A film whose index comes first.
fn indexed(folder: &Folder) -> Vec<u8> {
    let path = folder.file("indexed.mp4");
    let (from, to) = (h264(folder), path.to_str().expect("UTF-8").to_owned());
    let from = from.to_str().expect("UTF-8");
    let how = ["-c", "copy", "-movflags", "+faststart"];
    run(
        "ffmpeg",
        &[&["-v", "error", "-y", "-i", from][..], &how, &[&to]].concat(),
    );
    std::fs::read(path).expect("made")
}

#[test]
fn a_film_that_breaks_off_after_its_index_gives_what_came_before() {
    let folder = Folder::new("torn");
    let bytes = indexed(&folder);
    let whole = read(&bytes).expect("whole");
    assert!(!whole.cut_short);
    let all = whole.video.expect("pictures").samples;
    for part in [3, 4, 5] {
        let end = bytes.len() * part / 6;
        let film = read(&bytes[..end]).expect("what is left");
        assert!(film.cut_short && film.duration < whole.duration);
        let mut samples = film.video.expect("pictures").samples;
        let place = samples.len() - 1;
        // The last that is left does not know when the next would come.
        samples[place].duration_us = all[place].duration_us;
        let there = all
            .iter()
            .take_while(|s| s.at + u64::from(s.len) <= end as u64);
        assert_eq!(samples, there.copied().collect::<Vec<_>>());
    }
    let first = bytes
        .windows(4)
        .position(|name| name == b"mdat")
        .expect("its samples")
        + 4;
    assert_eq!(
        read(&bytes[..first]).map(|_| ()),
        Err(film::FilmError::Damaged),
        "nothing is left"
    );
    assert_eq!(
        read(&bytes[..first / 2]).map(|_| ()),
        Err(film::FilmError::Damaged),
        "nor its index"
    );
}

#[test]
fn nothing_in_an_index_makes_the_reader_fall_over() {
    let folder = Folder::new("index");
    let bytes = indexed(&folder);
    let index = bytes
        .windows(4)
        .position(|name| name == b"mdat")
        .expect("its samples");
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(300));
    let damage = prop::collection::vec((0..index, any::<u8>()), 1..6);
    runner
        .run(&damage, |damage| {
            let mut damaged = bytes.clone();
            for (at, byte) in damage {
                damaged[at] = byte;
            }
            let _ = read(&damaged);
            Ok(())
        })
        .expect("whatever the bytes say");
}
