//! A painted film through the browser's real encoders, disk and decoders.

use std::rc::Rc;

use domain::{
    capture::Selection,
    highlight::{self, Span},
    id::SessionId,
};
use futures::channel::mpsc::{UnboundedReceiver, unbounded};
use js_sys::{Float32Array, Object, Reflect, Uint8Array};
use protocol::Report;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{AudioData, OffscreenCanvas, VideoFrame, VideoFrameInit};

use super::{
    open::OpenSession, recording::Recording, recovery, requests::RecorderInput, session::Session,
    session_store, still,
};
use crate::{
    analysis::Analysis,
    browser::{
        Owned, decode::PictureDecoder, file::LogFile, sampler, sampler::FrameSampler, settled,
    },
    capture::clock::Clock,
    film::Reader,
    log::record::{self, Meta},
    mp4::{
        cut::{self, CutFailure},
        span::CutError,
    },
};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const STEP_US: i64 = 40_000;

fn span(start: f64, end: f64) -> Span {
    Span { start, end }
}

fn named(name: &str) -> SessionId {
    name.parse().expect("an identifier")
}

async fn created(name: &str) -> Session {
    let session = named(name);
    let _ = session_store::remove(&session).await;
    let meta = Meta {
        session,
        started_at: 1_700_000_000_000,
        selection: Selection::default(),
    };
    Session::create(meta).await.expect("a new session")
}

fn recording(
    session: Session,
    clock: Option<Clock>,
) -> (Rc<Recording>, UnboundedReceiver<RecorderInput>) {
    let (inputs, queue) = unbounded();
    (
        Recording::new(
            session,
            Selection::default(),
            clock,
            Analysis::new(),
            inputs,
        ),
        queue,
    )
}

/// A picture with a bar that moves, on a ground of one colour.
fn painted(colour: &str, width: u32, height: u32, t_us: i64) -> Owned<VideoFrame> {
    let canvas = OffscreenCanvas::new(width, height).expect("a canvas");
    let context = sampler::context(&canvas, &Object::new()).expect("a context");
    context.set_fill_style_str(colour);
    context.fill_rect(0.0, 0.0, f64::from(width), f64::from(height));
    context.set_fill_style_str("white");
    context.fill_rect((t_us / 10_000 % i64::from(width)) as f64, 10.0, 20.0, 60.0);
    let init = VideoFrameInit::new();
    init.set_timestamp_f64(t_us as f64);
    Owned(
        VideoFrame::new_with_offscreen_canvas_and_video_frame_init(&canvas, &init)
            .expect("a frame"),
    )
}

/// 20 ms of a tone, mono, 48 kHz.
fn tone(t_us: i64) -> Owned<AudioData> {
    let samples: Vec<f32> = (0..960)
        .map(|i| (i as f32 / 48_000.0 * 440.0 * std::f32::consts::TAU).sin() * 0.5)
        .collect();
    let init = Object::new();
    for (key, value) in [
        ("format", JsValue::from("f32-planar")),
        ("sampleRate", 48_000.into()),
        ("numberOfFrames", 960.into()),
        ("numberOfChannels", 1.into()),
        ("timestamp", (t_us as f64).into()),
        ("data", Float32Array::from(samples.as_slice()).into()),
    ] {
        Reflect::set(&init, &key.into(), &value).expect("a plain object");
    }
    Owned(AudioData::new(init.unchecked_ref()).expect("sound"))
}

/// Films `pictures` red ones, then as many blue ones.
async fn filmed(recording: &Rc<Recording>, pictures: i64) {
    let mut sampler = FrameSampler::new();
    for i in 0..2 * pictures {
        let t_us = i * STEP_US;
        let colour = if i < pictures { "#c01010" } else { "#1010c0" };
        recording
            .add_frame(painted(colour, 320, 180, t_us), t_us, true, &mut sampler)
            .await;
        recording.add_sound(tone(t_us), 0.0).await;
        recording.add_sound(tone(t_us + 20_000), 0.0).await;
    }
}

#[wasm_bindgen_test]
async fn a_film_is_encoded_kept_cut_and_decoded() {
    let (recording, _inputs) = recording(created("t-whole").await, None);
    filmed(&recording, 60).await;
    let analysis = Rc::clone(&recording.analysis);
    let mut session = recording.stop().await.expect("the session");
    analysis.finish().await;
    session
        .put_moments(&analysis.take_complete())
        .expect("room");
    session.checkpoint(true, analysis.network()).expect("room");

    let known = &session.index.measurements;
    assert_eq!(known.moments.len(), 120, "every frame is analysed once");
    assert_eq!(session.index.video.len(), 120, "every frame is encoded");
    assert!(
        known
            .keyframes
            .windows(2)
            .all(|pair| pair[1] - pair[0] <= 1.0),
        "{:?}",
        known.keyframes
    );
    assert!(
        known.loudness.iter().any(|l| l.dbfs > -20.0),
        "the tone is heard"
    );
    let boundary = known
        .moments
        .iter()
        .max_by(|a, b| a.boundary.total_cmp(&b.boundary))
        .expect("moments");
    assert!(
        (boundary.t - 2.4).abs() < 0.001,
        "red turns blue at 2.4 s, not {} s",
        boundary.t
    );

    // A clip: starts at a keyframe, and its pictures decode.
    let clip = cut::cut(&session.index, &[span(0.5, 2.0)], |at, buffer| {
        session.read(at, buffer)
    })
    .expect("a clip");
    let mut reader = Reader::new(clip.bytes.len() as u64);
    while let Some((at, len)) = reader.wants() {
        reader
            .take(&clip.bytes[at as usize..(at + len) as usize])
            .expect("an MP4");
    }
    let film = reader.finish().expect("tracks");
    assert!(film.audio.is_some_and(|track| track.samples.len() > 20));
    let video = film.video.expect("pictures");
    let decoder = PictureDecoder::start(&video.config)
        .await
        .expect("a decoder");
    let mut decoded = 0;
    for sample in &video.samples {
        let bytes = &clip.bytes[sample.at as usize..sample.at as usize + sample.len as usize];
        decoder.feed(bytes, sample.t_us, sample.key).expect("fed");
        while decoder.take().expect("decoded").is_some() {
            decoded += 1;
        }
    }
    decoder.end(async |_| decoded += 1).await.expect("decoded");
    assert_eq!(decoded, video.samples.len());
    assert!((film.duration - (clip.spans[0].end - clip.spans[0].start)).abs() < 0.001);

    // Stills have the colour of their moment and the size of the film.
    for (t, red) in [(1.0, true), (2.36, true), (2.41, false), (4.0, false)] {
        let still = still::take(&session, t).await.expect("a still");
        assert_eq!((still.width, still.height), (320, 180));
        let bytes = settled(still.blob.array_buffer().unchecked_into())
            .await
            .expect("bytes");
        assert!(
            Uint8Array::new(&bytes)
                .to_vec()
                .starts_with(&[0xff, 0xd8, 0xff]),
            "a JPEG"
        );
        let scope = crate::browser::scope();
        let bitmap = settled(
            scope
                .create_image_bitmap_with_blob(&still.blob)
                .expect("a promise")
                .unchecked_into(),
        )
        .await;
        let bitmap: web_sys::ImageBitmap = bitmap.expect("a picture").unchecked_into();
        let canvas = OffscreenCanvas::new(320, 180).expect("a canvas");
        let context = sampler::context(&canvas, &Object::new()).expect("a context");
        context
            .draw_image_with_image_bitmap(&bitmap, 0.0, 0.0)
            .expect("drawn");
        let pixel = context
            .get_image_data(300, 150, 1, 1)
            .expect("a pixel")
            .data()
            .0;
        assert_eq!(pixel[0] > pixel[2], red, "at {t} s: {pixel:?}");
    }

    // Opened again it is the same, to the last number.
    let before = session.index.measurements.clone();
    drop(session);
    let again = Session::open(named("t-whole")).await.expect("kept");
    assert_eq!(again.index.measurements, before);
    assert!(again.index.complete());
    let chosen = |recording| highlight::choose(recording, &Selection::default());
    assert_eq!(chosen(&again.index.measurements), chosen(&before));
    drop(again);
    session_store::remove(&named("t-whole"))
        .await
        .expect("deleted");
}

#[wasm_bindgen_test]
async fn a_crash_costs_nothing_that_was_written() {
    let (recording, _inputs) = recording(created("t-crash").await, None);
    filmed(&recording, 30).await;
    let mut session = recording.stop().await.expect("the session");
    let pictures = session.index.video.len();
    // The tab dies in the middle of a record: what follows the last whole one is noise.
    session
        .checkpoint(false, recording.analysis.network())
        .expect("room");
    drop(session);
    let mut log = LogFile::open(&named("t-crash"), false)
        .await
        .expect("the log");
    let mut torn = Vec::new();
    let header = record::RecordHeader {
        kind: record::Kind::Video,
        key: true,
        t_us: 99_000_000,
        duration_us: 0,
        len: 0,
    };
    record::append(&mut torn, header, &[7; 500]).expect("small");
    log.append(&torn[..200]).expect("room");
    drop(log);

    let listed = session_store::list(None).await.expect("a list");
    let kept = listed
        .iter()
        .find(|kept| kept.session == named("t-crash"))
        .expect("in the list");
    assert!(!kept.complete && kept.duration > 2.0, "{kept:?}");
    let session = Session::open(named("t-crash")).await.expect("opened");
    assert_eq!(session.index.video.len(), pictures);
    assert!(!session.index.complete());
    // A second owner is refused while it is open, by name.
    let refused = Session::open(named("t-crash"))
        .await
        .err()
        .map(|error| crate::browser::name_of(&error));
    assert_eq!(refused.as_deref(), Some("NoModificationAllowedError"));
    drop(session);
    session_store::remove(&named("t-crash"))
        .await
        .expect("deleted");
}

#[wasm_bindgen_test]
async fn what_a_crash_left_without_analysis_is_measured_on_opening() {
    let (recording, _inputs) = recording(created("t-recover").await, None);
    filmed(&recording, 30).await;
    // The tab dies before any of it is written.
    let lost = recording.analysis.take_complete();
    let mut session = recording.stop().await.expect("the session");
    assert!(session.index.measurements.moments.is_empty());
    session
        .checkpoint(false, recording.analysis.network())
        .expect("room");
    drop(session);
    let session = Session::open(named("t-recover")).await.expect("opened");
    let analysis = Analysis::new();
    analysis.begin();
    recovery::analyse(&session, &analysis)
        .await
        .expect("decoded");
    analysis.finish().await;
    let after = analysis.take_complete();
    assert_eq!(after.len(), 60, "every picture is measured once");
    assert!(lost.len() > 20, "{}", lost.len());
    for (a, b) in lost.iter().zip(&after) {
        assert!((a.t - b.t).abs() < 1e-6, "{} and {}", a.t, b.t);
        assert!((a.exposure - b.exposure).abs() < 0.1, "at {} s", a.t);
    }
    drop(session);
    session_store::remove(&named("t-recover"))
        .await
        .expect("deleted");
}

#[wasm_bindgen_test]
async fn a_clip_asked_for_twice_is_cut_once() {
    let (recording, _inputs) = recording(created("t-twice").await, None);
    filmed(&recording, 40).await;
    let session = recording.stop().await.expect("the session");
    let mut open = OpenSession::new(session);
    let first = open.clip(vec![span(0.5, 2.5)]).expect("a clip");
    let again = open.clip(vec![span(0.5, 2.5)]).expect("a clip");
    assert!(
        js_sys::Object::is(&first.blob, &again.blob),
        "the same file"
    );
    let other = open.clip(vec![span(0.0, 2.5)]).expect("a clip");
    assert!(!js_sys::Object::is(&first.blob, &other.blob));
    assert!(open.clip(vec![span(9.0, 12.0)]).is_err());
    drop(open);
    session_store::remove(&named("t-twice"))
        .await
        .expect("deleted");
}

#[wasm_bindgen_test]
async fn a_camera_that_turns_goes_on_in_a_new_encoding() {
    let (recording, _inputs) = recording(created("t-turn").await, None);
    let mut sampler = FrameSampler::new();
    for i in 0..60_i64 {
        let (width, height) = if i < 30 { (320, 180) } else { (180, 320) };
        recording
            .add_frame(
                painted("#308030", width, height, i * STEP_US),
                i * STEP_US,
                true,
                &mut sampler,
            )
            .await;
    }
    let analysis = Rc::clone(&recording.analysis);
    let session = recording.stop().await.expect("the session");
    analysis.finish().await;
    let moments = [
        session.index.measurements.moments.clone(),
        analysis.take_complete(),
    ]
    .concat();
    assert_eq!(session.index.video.len(), 60);
    assert_eq!(session.index.video_configs.len(), 2);
    assert_eq!(
        (
            session.index.video[29].config,
            session.index.video[30].config
        ),
        (0, 1)
    );
    assert!(session.index.video[30].key);
    assert_eq!(moments[30].boundary, 1.0, "a new size is a new shot");
    // A clip keeps to one of them.
    let clip = cut::cut(&session.index, &[span(0.0, 2.4)], |at, buffer| {
        session.read(at, buffer)
    })
    .expect("a clip");
    assert!((clip.spans[0].end - 1.2).abs() < 0.001, "{:?}", clip.spans);
    // One film cannot hold both.
    let both = [span(0.0, 1.0), span(1.2, 2.4)];
    let reel = cut::cut(&session.index, &both, |at, buffer| session.read(at, buffer));
    assert_eq!(reel, Err(CutFailure::Refused(CutError::Mixed)));
    let still = still::take(&session, 2.0).await.expect("a still");
    assert_eq!((still.width, still.height), (180, 320));
    drop(session);
    session_store::remove(&named("t-turn"))
        .await
        .expect("deleted");
}

#[wasm_bindgen_test]
async fn a_camera_that_does_not_wait_loses_frames_that_are_counted() {
    let (recording, _inputs) = recording(created("t-flood").await, Some(Clock::new(true)));
    let mut sampler = FrameSampler::new();
    // A picture size that takes an encoder longer than it takes to hand it over.
    for i in 0..40_i64 {
        let frame = painted("#804010", 1920, 1080, 5_000_000 + i * STEP_US);
        recording
            .add_camera_frame(frame, i as f64, &mut sampler)
            .await;
    }
    let Report::Progress {
        frames, dropped, ..
    } = recording.progress()
    else {
        panic!("progress")
    };
    assert_eq!(frames + dropped, 40);
    let session = recording.stop().await.expect("the session");
    assert_eq!(
        session.index.video.len() as u64,
        frames,
        "what the encoder took is in the log"
    );
    assert_eq!(
        session.index.video[0].t_us, 0,
        "time starts with the first picture"
    );
    drop(session);
    session_store::remove(&named("t-flood"))
        .await
        .expect("deleted");
}
