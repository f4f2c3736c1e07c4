//! What runs while a recording runs: the readers of camera and microphone, and the clock that reports, saves and chooses.

use std::{future::Future, rc::Rc};

use domain::{capture::LONGEST, highlight};
use js_sys::{Array, Reflect};
use protocol::Report;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AudioData, ReadableStream, ReadableStreamDefaultReader, VideoFrame};

use super::{message, recording::Recording};
use crate::browser::{
    Owned, Recipient, describe, file, now_ms, post, sampler::FrameSampler, settled, sleep,
};

/// Time between two reports, ms.
const REPORT_MS: u32 = 250;

/// Least time between two choices while filming, ms, and how many times as long as a choice took: no frame is read
/// meanwhile, and an hour of film takes longer to choose from than a minute.
const CHOICE_MS: f64 = 2000.0;
const CHOICE_REST: f64 = 50.0;

/// How often the room on the device is looked at, in reports.
const ROOM_ROUNDS: u32 = 8;

/// How long a source that ended is given for the page's own stop to arrive, ms: both are on their way at once.
const GRACE_MS: u32 = 500;

/// How long a camera may take for its first picture, s.
const FIRST_PICTURE_S: f64 = 15.0;

/// How long a microphone may take for its first sound, s of film: some need a few when they connect without a wire.
const FIRST_SOUND_S: f64 = 8.0;

/// Runs a task of a recording; [`Recording::stop`] waits for it.
pub(super) fn task<F: Future<Output = ()> + 'static>(
    recording: &Rc<Recording>,
    work: impl FnOnce(Rc<Recording>) -> F,
) {
    recording.tasks.set(recording.tasks.get() + 1);
    let (work, recording) = (work(Rc::clone(recording)), Rc::clone(recording));
    wasm_bindgen_futures::spawn_local(async move {
        work.await;
        recording.tasks.set(recording.tasks.get() - 1);
        recording.changed.notify();
    });
}

/// Starts to record.
pub(super) fn start(
    recording: &Rc<Recording>,
    video: Option<ReadableStream>,
    audio: Option<ReadableStream>,
) {
    let only_sound = video.is_none();
    if let Some(stream) = video {
        read(
            recording,
            stream,
            async move |recording, frame: Owned<VideoFrame>, arrival, sampler| {
                recording.add_camera_frame(frame, arrival, sampler).await
            },
            |recording, error| {
                let why = error
                    .map(|error| format!(" ({})", describe(&error)))
                    .unwrap_or_default();
                recording.end(Some(format!(
                "The camera or screen stopped giving pictures{why}: it was unplugged, sharing was ended, or another program took it. Everything up to now is kept."
            )));
            },
        );
    }
    if let Some(stream) = audio {
        recording.awaits_sound.set(!only_sound);
        read(
            recording,
            stream,
            async move |recording, data: Owned<AudioData>, arrival, _| {
                recording.add_sound(data, arrival).await
            },
            move |recording, error| {
                recording.awaits_sound.set(false);
                let why = error
                    .map(|error| format!(" ({})", describe(&error)))
                    .unwrap_or_default();
                if only_sound {
                    recording.end(Some(format!(
                        "The microphone stopped{why}; everything up to now is kept."
                    )));
                } else {
                    recording.report_problem(format!(
                        "The microphone stopped{why}; the picture is still being recorded."
                    ));
                }
            },
        );
    }
    tick(recording);
}

fn read<T, W, E>(recording: &Rc<Recording>, stream: ReadableStream, mut each: W, over: E)
where
    T: crate::browser::Closable + JsCast + 'static,
    W: AsyncFnMut(Rc<Recording>, Owned<T>, f64, &mut FrameSampler) + 'static,
    E: FnOnce(&Recording, Option<JsValue>) + 'static,
{
    let reader = match ReadableStreamDefaultReader::new(&stream) {
        Ok(reader) => reader,
        Err(error) => return over(recording, Some(error)),
    };
    recording.state.borrow_mut().readers.push(reader.clone());
    let watched = Rc::clone(recording);
    task(recording, async move |recording| {
        let mut sampler = FrameSampler::new();
        let error = loop {
            if recording.stopping.get() {
                return;
            }
            match settled(reader.read().unchecked_into()).await {
                Err(error) => break Some(error),
                Ok(result) => {
                    let arrival = now_ms();
                    if Reflect::get(&result, &"done".into()).is_ok_and(|done| done.is_truthy()) {
                        break None;
                    }
                    let Ok(value) = Reflect::get(&result, &"value".into()) else {
                        break None;
                    };
                    each(
                        Rc::clone(&recording),
                        Owned(value.unchecked_into()),
                        arrival,
                        &mut sampler,
                    )
                    .await;
                }
            }
        };
        // Not a task any more: the stop that may come meanwhile must not wait for this.
        wasm_bindgen_futures::spawn_local(async move {
            sleep(GRACE_MS).await;
            if !watched.stopping.get() {
                over(&watched, error);
            }
        });
    });
}

/// Reports four times a second, saves each second, chooses every two or less often, until the recording stops.
pub(super) fn tick(recording: &Rc<Recording>) {
    let recording = Rc::clone(recording);
    let began = now_ms();
    wasm_bindgen_futures::spawn_local(async move {
        let (mut round, mut next_choice) = (0_u32, began + CHOICE_MS);
        loop {
            sleep(REPORT_MS).await;
            if recording.stopping.get() {
                return;
            }
            round = round.wrapping_add(1);
            recording.analysis.pump(f64::INFINITY, false).await;
            recording.write_signals();
            if recording.stopping.get() {
                return;
            }
            let progress = recording.progress();
            post(&Recipient::Page, &progress, &[], &Array::new());
            if round.is_multiple_of(4) {
                let network = recording.analysis.network();
                recording.with_session(|session| session.checkpoint(false, network));
            }
            if round.is_multiple_of(ROOM_ROUNDS)
                && let Report::Progress { bytes, .. } = progress
                && file::room().await.is_some_and(|room| room.is_full(bytes))
            {
                recording.end(Some(message::NEARLY_FULL.to_owned()));
            }
            let now = now_ms();
            if now >= next_choice {
                choose(&recording);
                let cost = now_ms() - now;
                next_choice = now + (CHOICE_REST * cost).max(CHOICE_MS);
            }
            let Report::Progress { seconds, .. } = progress else {
                return;
            };
            if seconds >= LONGEST {
                recording.end(Some("A session can be two hours long, so the recording ended here; start another to go on.".to_owned()));
            }
            // While there is time to mend it: the film would be silent, and nothing in it would tell why.
            if seconds > FIRST_SOUND_S && recording.awaits_sound.replace(false) {
                recording.report_problem(
                    "No sound has come from the microphone so far. Check that no other program uses it, or choose another one and start again; the picture is being recorded.".to_owned(),
                );
            }
            if seconds <= 0.0 && now_ms() - began > FIRST_PICTURE_S * 1000.0 {
                recording.end(Some(
                    "No picture and no sound arrived for fifteen seconds; check that no other program uses the camera, then start again.".to_owned(),
                ));
            }
        }
    });
}

fn choose(recording: &Recording) {
    let choice = match &recording.state.borrow().session {
        Some(session) => highlight::choose(&session.index.measurements, &recording.selection),
        None => return,
    };
    post(
        &Recipient::Page,
        &Report::Chosen {
            choice,
            last: false,
            signals: Vec::new(),
            network: None,
        },
        &[],
        &Array::new(),
    );
}
