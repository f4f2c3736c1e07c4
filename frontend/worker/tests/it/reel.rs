//! Reels: several spans in one film, without a seam in the picture, in step in the sound.

use shiguredo_mp4::TrackKind;
use worker::{
    log::index::Index,
    log::record::VideoConfig,
    mp4::{
        cut::{Clip, CutFailure},
        span::CutError,
    },
};

use crate::filmed::{Folder, cut, h264, log, near, probe, read_film, run, seen};

/// Spans out of order, with ends that fall between pictures and between packets.
const SPANS: [(f64, f64); 4] = [(5.0, 6.713), (1.0, 2.351), (7.0, 8.5), (2.0, 3.127)];

/// Twenty-five pictures a second with a keyframe each second, and this sound.
fn filmed(folder: &Folder, seconds: u32, sound: &str, codec: &[&str]) -> (Vec<u8>, Index) {
    let path = folder.file("filmed.mp4");
    let picture = format!("testsrc2=size=160x90:rate=25:duration={seconds}");
    let sound = format!("aevalsrc={sound}:s=48000:d={seconds}");
    let mut arguments = vec![
        "-v",
        "error",
        "-y",
        "-f",
        "lavfi",
        "-i",
        &picture,
        "-f",
        "lavfi",
        "-i",
        &sound,
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-bf",
        "0",
        "-g",
        "25",
        "-c:a",
    ];
    arguments.extend_from_slice(codec);
    let text = path.to_str().expect("UTF-8");
    arguments.push(text);
    run("ffmpeg", &arguments);
    let (film, bytes) = read_film(&path);
    log(&film, &bytes)
}

/// What is heard, sample after sample at 48 kHz, as a player hears it that does not look at times.
fn heard(folder: &Folder, reel: &Clip) -> Vec<f32> {
    let (path, raw) = (folder.file("reel.mp4"), folder.file("reel.f32"));
    std::fs::write(&path, &reel.bytes).expect("written");
    let paths = [&path, &raw].map(|path| path.to_str().expect("UTF-8"));
    run(
        "ffmpeg",
        &[
            "-v", "error", "-y", "-i", paths[0], "-vn", "-f", "f32le", "-ac", "1", "-ar", "48000",
            paths[1],
        ],
    );
    let bytes = std::fs::read(raw).expect("samples");
    let samples = bytes.chunks_exact(4);
    samples
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect()
}

/// When clicks begin, s.
fn clicks(sound: &[f32]) -> Vec<f64> {
    let mut out: Vec<f64> = Vec::new();
    for (at, sample) in sound.iter().enumerate() {
        let t = at as f64 / 48_000.0;
        if sample.abs() > 0.2 && out.last().is_none_or(|last| t - last > 0.2) {
            out.push(t);
        }
    }
    out
}

/// Where on the reel a time of the session is shown; a session's moment can be in several spans.
fn places(reel: &Clip, times: impl Iterator<Item = f64> + Clone) -> Vec<f64> {
    let mut offset = 0.0;
    let mut out = Vec::new();
    for span in &reel.spans {
        let inside = times.clone().filter(|t| *t >= span.start && *t < span.end);
        out.extend(inside.map(|t| offset + t - span.start));
        offset += span.end - span.start;
    }
    out
}

fn length(reel: &Clip) -> f64 {
    reel.spans.iter().map(|span| span.end - span.start).sum()
}

#[test]
fn a_reel_shows_its_spans_in_the_order_given() {
    let folder = Folder::new("reel");
    let (film, source) = read_film(&h264(&folder));
    let (log, index) = log(&film, &source);
    let reel = cut(&log, &index, &SPANS).expect("inside");
    for (got, want) in reel.spans.iter().zip(SPANS) {
        assert!(near(got.start, want.0, 0.02) && near(got.end, want.1, 1e-6));
    }

    // The very pictures recorded, each shown when it is due, and a keyframe where each span begins.
    let mut wanted = Vec::new();
    let mut offset = 0.0;
    for span in &reel.spans {
        let time = |t_us: i64| t_us as f64 / 1e6;
        let shown = |t: f64| t >= span.start - 1e-6 && t < span.end - 1e-6;
        let chunks = index.video.iter().filter(|c| shown(time(c.t_us)));
        let first = wanted.len();
        wanted.extend(chunks.map(|c| (offset + time(c.t_us) - span.start, *c)));
        assert!(wanted[first].1.key);
        offset += span.end - span.start;
    }
    let video = seen(&reel.bytes, TrackKind::Video);
    assert_eq!(video.samples.len(), wanted.len());
    for (got, (_, want)) in video.samples.iter().zip(&wanted) {
        assert_eq!(got.1, want.key);
        assert_eq!(
            got.2,
            &log[want.at as usize..want.at as usize + want.len as usize]
        );
    }
    let path = folder.file("reel.mp4");
    std::fs::write(&path, &reel.bytes).expect("written");
    let frames = probe(
        &path,
        &["-select_streams", "v", "-show_entries", "frame=pts_time"],
    );
    let times = frames.lines().map(|line| line.trim_matches(','));
    let times: Vec<f64> = times.filter_map(|time| time.parse().ok()).collect();
    assert_eq!(times.len(), wanted.len(), "every picture decodes");
    for (time, (want, _)) in times.iter().zip(&wanted) {
        assert!(near(*time, *want, 1e-5), "{time} s, not {want} s");
    }

    // As long as its spans, in both tracks.
    let lengths = probe(&path, &["-show_entries", "stream=duration:format=duration"]);
    for line in lengths.split_whitespace() {
        let found: f64 = line.parse().expect("a number");
        // Sound may end half a packet early.
        assert!(near(found, length(&reel), 0.012), "{lengths}");
    }
    let sound = heard(&folder, &reel).len() as f64 / 48_000.0;
    assert!(near(sound, length(&reel), 0.021), "{sound} s of sound");
}

#[test]
fn sound_is_in_step_after_every_join() {
    let folder = Folder::new("joins");
    // A click in the middle of every second. Spans of lengths that no packet fits: were an error to add up, it would show.
    let click = "if(between(mod(t\\,1)\\,0.5\\,0.52)\\,sin(2*PI*1000*t)\\,0)";
    let spans: Vec<(f64, f64)> = [7, 2, 11, 4, 0, 9, 5, 12, 3, 8, 1, 10, 6]
        .iter()
        .map(|&start| (f64::from(start), f64::from(start) + 0.807))
        .collect();
    for codec in [["libopus", "-b:a", "96k"], ["aac", "-b:a", "128k"]] {
        let (log, index) = filmed(&folder, 14, click, &codec);
        let reel = cut(&log, &index, &spans).expect("inside");
        let sound = heard(&folder, &reel);
        let wanted = places(&reel, (0..14).map(|second| f64::from(second) + 0.5));
        let found = clicks(&sound);
        assert_eq!(found.len(), wanted.len(), "{codec:?}: {found:?}");
        for (found, want) in found.iter().zip(&wanted) {
            // Half a packet, and what a threshold sees late of a click.
            assert!(
                near(*found, *want, 0.014),
                "{codec:?}: {found} s, not {want} s"
            );
        }
        // Players that read times hear the same: no packet waits for its time.
        let packets = probe(
            &folder.file("reel.mp4"),
            &[
                "-select_streams",
                "a",
                "-show_entries",
                "packet=pts_time,duration_time",
            ],
        );
        let packets: Vec<(f64, f64)> = packets
            .lines()
            .filter_map(|line| {
                let (time, length) = line.trim_matches(',').split_once(',')?;
                Some((time.parse().ok()?, length.trim_matches(',').parse().ok()?))
            })
            .collect();
        assert!(packets.len() > 400, "{} packets", packets.len());
        for pair in packets.windows(2) {
            assert!(
                near(pair[0].0 + pair[0].1, pair[1].0, 1e-4),
                "{codec:?}: {pair:?}"
            );
        }
    }
}

#[test]
fn nothing_is_left_of_what_was_loud_before() {
    let folder = Folder::new("loud");
    // Noise for four seconds, then a tone 50 dB below.
    let sound = "if(lt(t\\,4)\\,0.5*(random(0)*2-1)\\,0.001*sin(2*PI*440*t))";
    let (log, index) = filmed(&folder, 8, sound, &["libopus", "-b:a", "96k"]);
    let reel = cut(&log, &index, &[(1.0, 3.0), (5.0, 7.0)]).expect("inside");
    let sound = heard(&folder, &reel);
    let rms = |from: f64, to: f64| {
        let part = &sound[(from * 48_000.0) as usize..(to * 48_000.0) as usize];
        let energy: f32 = part.iter().map(|sample| sample * sample).sum();
        (energy / part.len() as f32).sqrt()
    };
    assert!(rms(1.0, 1.9) > 0.1, "the noise");
    let quiet = rms(3.0, 3.9);
    assert!((0.0003..0.002).contains(&quiet), "the tone: {quiet}");
    // From half a packet and the decoder's delay after the join, in steps of 10 ms.
    for step in 2..12 {
        let from = 2.0 + f64::from(step) * 0.01;
        let level = rms(from, from + 0.01);
        assert!(
            level < 3.0 * quiet,
            "{level} at {from} s, where the tone has {quiet}"
        );
    }
}

#[test]
fn a_gap_in_the_sound_stays_a_gap() {
    let folder = Folder::new("gap");
    let click = "if(between(mod(t\\,1)\\,0.5\\,0.52)\\,sin(2*PI*1000*t)\\,0)";
    let (log, mut index) = filmed(&folder, 9, click, &["libopus", "-b:a", "96k"]);
    // The microphone was gone for a while: in the middle of one span, and all of the next.
    index
        .audio
        .retain(|chunk| !(1_200_000..3_900_000).contains(&chunk.t_us));
    let reel = cut(
        &log,
        &index,
        &[(1.0, 2.6), (3.0, 3.8), (0.0, 1.1), (4.0, 6.0)],
    );
    let reel = reel.expect("inside");
    let sound = heard(&folder, &reel);
    assert!(near(sound.len() as f64 / 48_000.0, length(&reel), 0.021));
    let wanted = places(&reel, [0.5, 4.5, 5.5].into_iter());
    let found = clicks(&sound);
    assert_eq!(found.len(), wanted.len(), "{found:?}");
    for (found, want) in found.iter().zip(&wanted) {
        assert!(near(*found, *want, 0.014), "{found} s, not {want} s");
    }
    // It begins with a span without sound.
    let reel = cut(&log, &index, &[(2.0, 3.0), (4.0, 6.0)]).expect("inside");
    let path = folder.file("late.mp4");
    std::fs::write(&path, &reel.bytes).expect("written");
    let start = probe(
        &path,
        &["-select_streams", "a", "-show_entries", "stream=start_time"],
    );
    let start: f64 = start.trim_matches([',', '\n']).parse().expect("a number");
    assert!(near(start, 1.0, 0.021), "{start}");
}

#[test]
fn what_cannot_be_joined_is_said() {
    let folder = Folder::new("mixed");
    let (film, source) = read_film(&h264(&folder));
    let (log, mut index) = log(&film, &source);
    assert_eq!(
        cut(&log, &index, &[]),
        Err(CutFailure::Refused(CutError::Empty))
    );
    assert_eq!(
        cut(&log, &index, &[(0.0, 2.0), (90.0, 95.0)]),
        Err(CutFailure::Refused(CutError::Nothing))
    );
    // From the fourth second on the phone was held upright.
    let turned = VideoConfig {
        rotation: 90,
        ..index.video_configs[0].clone()
    };
    index.video_configs.push(turned);
    for chunk in index.video.iter_mut().filter(|c| c.t_us > 3_900_000) {
        chunk.config = 1;
    }
    assert_eq!(
        cut(&log, &index, &[(0.0, 2.0), (5.0, 7.0)]),
        Err(CutFailure::Refused(CutError::Mixed))
    );
    // A configuration that came back is the same.
    index.video_configs[1] = index.video_configs[0].clone();
    assert!(cut(&log, &index, &[(0.0, 2.0), (5.0, 7.0)]).is_ok());
}
