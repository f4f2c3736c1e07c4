//! What runs while a recording runs: the readers of camera and microphone, and the clock that reports, saves and chooses.

use std::{future::Future, rc::Rc};

use domain::{capture::LONGEST, highlight};
use js_sys::{Array, Reflect};
use protocol::Report;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AudioData, ReadableStream, ReadableStreamDefaultReader, VideoFrame};

use super::take::Take;
use crate::browser::{Owned, To, describe, now_ms, picture::Eye, post, settled, sleep};

/// Time between two reports, ms.
const REPORT_MS: i32 = 250;

/// Least time between two choices while filming, ms, and how many times as long as a choice took: no frame is read
/// meanwhile, and an hour of film takes longer to choose from than a minute.
const CHOICE_MS: f64 = 2000.0;
const CHOICE_REST: f64 = 50.0;

/// How long a source that ended is given for the page's own stop to arrive, ms: both are on their way at once.
const GRACE_MS: i32 = 500;

/// How long a camera may take for its first picture, s.
const FIRST_PICTURE_S: f64 = 15.0;

/// How long a microphone may take for its first sound, s of film: some need a few when they connect without a wire.
const FIRST_SOUND_S: f64 = 8.0;

/// Runs a task of a take; [`Take::stop`] waits for it.
pub(super) fn task<F: Future<Output = ()> + 'static>(
    take: &Rc<Take>,
    work: impl FnOnce(Rc<Take>) -> F,
) {
    take.tasks.set(take.tasks.get() + 1);
    let (work, take) = (work(Rc::clone(take)), Rc::clone(take));
    wasm_bindgen_futures::spawn_local(async move {
        work.await;
        take.tasks.set(take.tasks.get() - 1);
    });
}

/// Starts to record.
pub(super) fn start(take: &Rc<Take>, video: Option<ReadableStream>, audio: Option<ReadableStream>) {
    let only_sound = video.is_none();
    if let Some(stream) = video {
        read(
            take,
            stream,
            async move |take, frame: Owned<VideoFrame>, arrival, eye| {
                take.filmed(frame, arrival, eye).await
            },
            |take, error| {
                let why = error
                    .map(|error| format!(" ({})", describe(&error)))
                    .unwrap_or_default();
                take.end(Some(format!(
                "The camera or screen stopped giving pictures{why}: it was unplugged, sharing was ended, or another program took it. Everything up to now is kept."
            )));
            },
        );
    }
    if let Some(stream) = audio {
        if !only_sound {
            await_sound(take);
        }
        read(
            take,
            stream,
            async move |take, data: Owned<AudioData>, arrival, _| take.heard(data, arrival).await,
            move |take, error| {
                take.awaits_sound.set(false);
                let why = error
                    .map(|error| format!(" ({})", describe(&error)))
                    .unwrap_or_default();
                if only_sound {
                    take.end(Some(format!(
                        "The microphone stopped{why}; everything up to now is kept."
                    )));
                } else {
                    take.tell(format!(
                        "The microphone stopped{why}; the picture is still being recorded."
                    ));
                }
            },
        );
    }
    tick(take);
}

/// Says it while there is time to mend it when pictures come and no sound does; a film would be silent, and nothing in it
/// would tell why.
fn await_sound(take: &Rc<Take>) {
    take.awaits_sound.set(true);
    let take = Rc::clone(take);
    wasm_bindgen_futures::spawn_local(async move {
        loop {
            sleep(REPORT_MS).await;
            if take.stopping.get() || !take.awaits_sound.get() {
                return;
            }
            if take.recorded() > FIRST_SOUND_S {
                return take.tell(
                    "No sound has come from the microphone so far. Check that no other program uses it, or choose another one and start again; the picture is being recorded.".to_owned(),
                );
            }
        }
    });
}

fn read<T, W, E>(take: &Rc<Take>, stream: ReadableStream, mut each: W, over: E)
where
    T: crate::browser::Closable + JsCast + 'static,
    W: AsyncFnMut(Rc<Take>, Owned<T>, f64, &mut Eye) + 'static,
    E: FnOnce(&Take, Option<JsValue>) + 'static,
{
    let reader = match ReadableStreamDefaultReader::new(&stream) {
        Ok(reader) => reader,
        Err(error) => return over(take, Some(error)),
    };
    take.state.borrow_mut().readers.push(reader.clone());
    let watched = Rc::clone(take);
    task(take, async move |take| {
        let mut eye = Eye::new();
        let error = loop {
            if take.stopping.get() {
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
                        Rc::clone(&take),
                        Owned(value.unchecked_into()),
                        arrival,
                        &mut eye,
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

/// Reports four times a second, saves each second, chooses every two or less often, until the take stops.
pub(super) fn tick(take: &Rc<Take>) {
    let take = Rc::clone(take);
    let began = now_ms();
    wasm_bindgen_futures::spawn_local(async move {
        let (mut round, mut next_choice) = (0_u32, began + CHOICE_MS);
        loop {
            sleep(REPORT_MS).await;
            if take.stopping.get() {
                return;
            }
            round = round.wrapping_add(1);
            take.study.pump(f64::INFINITY, false).await;
            take.write_signals();
            if take.stopping.get() {
                return;
            }
            let progress = take.progress();
            post(&To::Page, &progress, &[], &Array::new());
            if round.is_multiple_of(4) {
                let network = take.study.network();
                take.keep(|session| session.mark(false, network));
            }
            let now = now_ms();
            if now >= next_choice {
                choose(&take);
                let cost = now_ms() - now;
                next_choice = now + (CHOICE_REST * cost).max(CHOICE_MS);
            }
            let Report::Progress { seconds, .. } = progress else {
                return;
            };
            if seconds >= LONGEST {
                take.end(Some("A session can be two hours long, so the recording ended here; start another to go on.".to_owned()));
            }
            if seconds <= 0.0 && now_ms() - began > FIRST_PICTURE_S * 1000.0 {
                take.end(Some(
                    "No picture and no sound arrived for fifteen seconds; check that no other program uses the camera, then start again.".to_owned(),
                ));
            }
        }
    });
}

fn choose(take: &Take) {
    let choice = match &take.state.borrow().session {
        Some(session) => highlight::choose(&session.index.recording, &take.contract),
        None => return,
    };
    post(
        &To::Page,
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
