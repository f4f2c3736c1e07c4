//! A session of really encoded film and sound, without a browser: ffmpeg films, and what it made becomes a session's log.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    process::Command,
};

use domain::highlight::Span;
use shiguredo_mp4::{
    TrackKind,
    demux::{Input, Mp4FileDemuxer},
};
use worker::{
    film::{Film, Reader, Sample, Track},
    log::index::Index,
    log::record::{self, AudioConfig, Kind, RecordHeader, VideoConfig},
    mp4::cut::{self, Clip, CutFailure},
};

/// A folder that is gone when the test is over.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("vitrine-clip-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
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
pub(crate) fn film(folder: &Folder, name: &str, encoder: &[&str]) -> PathBuf {
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

pub(crate) fn h264(folder: &Folder) -> PathBuf {
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

pub(crate) fn read_film(path: &Path) -> (Film, Vec<u8>) {
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
pub(crate) fn log(film: &Film, bytes: &[u8]) -> (Vec<u8>, Index) {
    let mut log = Vec::new();
    let mut index = Index::default();
    let mut put = |kind, key, t_us, duration_us, payload: &[u8]| {
        let at = (log.len() + record::HEADER) as u64;
        let header = RecordHeader {
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
    // A file's edit list has taken the decoder's delay off its times; an encoder of Opus in a browser stamps what went in.
    let opus = |audio: &Track<AudioConfig>| audio.config.codec == "opus";
    let delay_us = if film.audio.as_ref().is_some_and(opus) {
        6_500
    } else {
        0
    };
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

/// Cuts spans, and reads from the log in memory.
pub(crate) fn cut(log: &[u8], index: &Index, spans: &[(f64, f64)]) -> Result<Clip, CutFailure<()>> {
    let spans: Vec<Span> = spans
        .iter()
        .map(|&(start, end)| Span { start, end })
        .collect();
    cut::cut(index, &spans, |at, buffer| {
        let from = log.get(at as usize..at as usize + buffer.len()).ok_or(())?;
        buffer.copy_from_slice(from);
        Ok(())
    })
}

/// What an independent reader finds in a track: timescale, and per sample duration, size, key, bytes.
pub(crate) struct Seen {
    pub(crate) timescale: u32,
    pub(crate) samples: Vec<(u32, bool, Vec<u8>)>,
}

pub(crate) fn seen(bytes: &[u8], kind: TrackKind) -> Seen {
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

pub(crate) fn probe(path: &Path, what: &[&str]) -> String {
    let mut arguments = vec!["-v", "error", "-of", "csv=p=0"];
    arguments.extend_from_slice(what);
    let path = path.to_str().expect("UTF-8").to_owned();
    arguments.push(&path);
    run("ffprobe", &arguments)
}

pub(crate) fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance
}
