//! Clips are cut from a session of really encoded film and sound, then read back by two readers of other people:
//! shiguredo_mp4, and ffmpeg, which also decodes every picture and sample.

#![cfg(not(target_arch = "wasm32"))]

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    process::Command,
};

use shiguredo_mp4::{
    TrackKind,
    demux::{Input, Mp4FileDemuxer},
};
use worker::{
    cut::{self, Clip, Failed, Refused},
    film::{Film, Reader, Sample},
    index::Index,
    record::{self, AudioConfig, Header, Kind, VideoConfig},
};

/// A folder that is gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("vitrine-clip-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|e| {
            panic!("{program} is needed by this test (`cargo xtask test` installs it): {e}")
        });
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {errors}");
    assert!(errors.trim().is_empty(), "{program} complains: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Nine seconds of film as a camera gives it: a keyframe each second, steps between frames that vary, and a tone.
fn film(folder: &Folder, name: &str, encoder: &[&str]) -> PathBuf {
    let path = folder.file(name);
    let mut arguments = vec![
        "-v",
        "error",
        "-y",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=320x180:rate=30:duration=9",
        "-f",
        "lavfi",
        "-i",
        "sine=frequency=440:sample_rate=48000:duration=9",
        "-vf",
        "settb=1/90000,setpts=PTS+mod(N\\,3)*500",
        "-fps_mode",
        "passthrough",
        "-video_track_timescale",
        "90000",
    ];
    arguments.extend_from_slice(encoder);
    let path_text = path.to_str().expect("UTF-8").to_owned();
    arguments.push(&path_text);
    run("ffmpeg", &arguments);
    path
}

fn h264(folder: &Folder) -> PathBuf {
    film(
        folder,
        "film.mp4",
        &[
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-bf",
            "0",
            "-g",
            "30",
            "-keyint_min",
            "30",
            "-c:a",
            "libopus",
            "-b:a",
            "64k",
        ],
    )
}

fn read_film(path: &Path) -> (Film, Vec<u8>) {
    let bytes = std::fs::read(path).expect("the film");
    let mut reader = Reader::new(bytes.len() as u64);
    while let Some((at, len)) = reader.wants() {
        reader
            .take(&bytes[at as usize..(at + len) as usize])
            .expect("a film");
    }
    (reader.finish().expect("tracks"), bytes)
}

/// Writes the samples of a film as a session's log, picture and sound mixed by time.
fn log(film: &Film, bytes: &[u8]) -> (Vec<u8>, Index) {
    let mut log = Vec::new();
    let mut index = Index::default();
    let mut put = |kind, key, t_us, duration_us, payload: &[u8]| {
        let at = (log.len() + record::HEADER) as u64;
        let header = Header {
            kind,
            key,
            t_us,
            duration_us,
            len: 0,
        };
        let header = record::append(&mut log, header, payload).expect("small");
        index.apply(header, at, payload);
    };
    let video = film.video.as_ref().expect("pictures");
    put(
        Kind::VideoConfig,
        false,
        0,
        0,
        &serde_json::to_vec::<VideoConfig>(&video.config).expect("plain"),
    );
    let mut sounds: VecDeque<&Sample> = VecDeque::new();
    if let Some(audio) = &film.audio {
        put(
            Kind::AudioConfig,
            false,
            0,
            0,
            &serde_json::to_vec::<AudioConfig>(&audio.config).expect("plain"),
        );
        sounds.extend(&audio.samples);
    }
    // A file's edit list has taken the decoder's delay off its times; an encoder in a browser stamps what went in.
    let delay_us = 6_500;
    let data = |at: u64, len: u32| &bytes[at as usize..at as usize + len as usize];
    for picture in &video.samples {
        while let Some(sound) = sounds
            .front()
            .filter(|sound| sound.t_us + delay_us <= picture.t_us)
        {
            put(
                Kind::Audio,
                true,
                sound.t_us + delay_us,
                sound.duration_us,
                data(sound.at, sound.len),
            );
            sounds.pop_front();
        }
        // Cameras do not say how long a frame lasts.
        put(
            Kind::Video,
            picture.key,
            picture.t_us,
            0,
            data(picture.at, picture.len),
        );
    }
    for sound in sounds {
        put(
            Kind::Audio,
            true,
            sound.t_us + delay_us,
            sound.duration_us,
            data(sound.at, sound.len),
        );
    }
    (log, index)
}

fn cut(log: &[u8], index: &Index, start: f64, end: f64) -> Result<Clip, Failed<()>> {
    cut::cut(index, start, end, |at, buffer| {
        let from = log.get(at as usize..at as usize + buffer.len()).ok_or(())?;
        buffer.copy_from_slice(from);
        Ok(())
    })
}

/// What an independent reader finds in a track: timescale, and per sample duration, size, key, bytes.
struct Seen {
    timescale: u32,
    samples: Vec<(u32, bool, Vec<u8>)>,
}

fn seen(bytes: &[u8], kind: TrackKind) -> Seen {
    let mut demuxer = Mp4FileDemuxer::new();
    demuxer.handle_input(Input {
        position: 0,
        data: bytes,
    });
    demuxer.tracks().expect("tracks");
    let mut seen = Seen {
        timescale: 0,
        samples: Vec::new(),
    };
    while let Some(sample) = demuxer.next_sample().expect("a sound table") {
        if sample.track.kind == kind {
            seen.timescale = sample.track.timescale.get();
            let at = sample.data_offset as usize;
            let data = bytes
                .get(at..at + sample.data_size)
                .expect("inside the file")
                .to_vec();
            seen.samples.push((sample.duration, sample.keyframe, data));
        }
    }
    seen
}

fn probe(path: &Path, what: &[&str]) -> String {
    let mut arguments = vec!["-v", "error", "-of", "csv=p=0"];
    arguments.extend_from_slice(what);
    let path = path.to_str().expect("UTF-8").to_owned();
    arguments.push(&path);
    run("ffprobe", &arguments)
}

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance
}

#[test]
fn a_clip_holds_exactly_the_chosen_pictures_and_their_sound() {
    let folder = Folder::new("exact");
    let (film, source) = read_film(&h264(&folder));
    let (log, index) = log(&film, &source);
    assert_eq!(index.recording.keyframes.len(), 9);
    let clip = cut(&log, &index, 2.2, 6.4).expect("inside");

    // From the first keyframe after 2.2 s, to the last picture before 6.4 s.
    assert!(near(clip.start, 3.0, 0.02), "{}", clip.start);
    assert!(near(clip.end, 6.4, 1e-6), "{}", clip.end);
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
        near(sound, clip.end - clip.start, 0.03),
        "{sound} s of sound for {} s",
        clip.end - clip.start
    );
    let format: f64 = probe(&path, &["-show_entries", "format=duration"])
        .trim()
        .parse()
        .expect("a number");
    assert!(near(format, clip.end - clip.start, 0.001), "{format}");
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
        let clip = cut(&log, &index, start, 6.0).expect("inside");
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
        let heard = first_loud as f64 / 48_000.0 + clip.start;
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
        let clip = cut(&log, &index, 1.5, 4.5).expect("inside");
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
            .filter(|c| c.t_us as f64 / 1e6 >= clip.start && c.t_us < 4_500_000)
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
    let clip = cut(&log, &index, 0.0, 2.0).expect("inside");
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
        cut(&log, &index, 3.2, 3.9),
        Err(Failed::Refused(Refused::NoKeyframe))
    );
    assert_eq!(
        cut(&log, &index, 5.0, 5.0),
        Err(Failed::Refused(Refused::Empty))
    );
    assert_eq!(
        cut(&log, &index, f64::NAN, 5.0),
        Err(Failed::Refused(Refused::Empty))
    );
    assert_eq!(
        cut(&log, &index, 90.0, 95.0),
        Err(Failed::Refused(Refused::Nothing))
    );
    assert_eq!(
        cut(&log, &Index::default(), 0.0, 5.0),
        Err(Failed::Refused(Refused::Nothing))
    );
    assert_eq!(cut(&log[..5000], &index, 0.0, 9.0), Err(Failed::Read(())));
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
