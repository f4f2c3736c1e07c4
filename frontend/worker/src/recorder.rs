//! The recorder: takes the page's commands one after another and owns the one session that is recorded or open.

mod import;
mod judge;
mod live;
mod session;
mod shelf;
mod still;
mod study;
mod take;
#[cfg(test)]
mod test;

use std::rc::Rc;

use domain::{
    capture::Contract,
    highlight::{self, Span, Taste},
    id::SessionId,
};
use futures::{
    StreamExt,
    channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
};
use js_sys::{Array, Uint8Array};
use protocol::{Report, Request};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, File, MessagePort, ReadableStream};

use self::{session::Session, study::Study, take::Take};
use crate::{
    browser::{To, beside, decode, describe, listener, name_of, picture::Eye, post, scope},
    clock::Clock,
    cut::{self, Failed},
    index::{Chunk, micros, seconds},
    record::Meta,
    sentence::{self, Doing},
};

/// What is to be done next.
enum Order {
    /// The page's command, with what travelled beside it.
    Page(Request, JsValue),
    /// The recording of `session` came to an end by itself.
    Ended {
        session: SessionId,
        sentence: Option<String>,
    },
}

/// What is going on.
enum Work {
    Nothing,
    Recording(Rc<Take>),
    Open(Box<Session>),
}

struct Recorder {
    orders: UnboundedSender<Order>,
    study: Rc<Study>,
    work: Work,
}

/// Becomes the recorder: listens to the page from now on.
pub(crate) fn start() {
    let (orders, queue) = unbounded();
    let page = orders.clone();
    let hear = listener(move |say, message| match serde_json::from_str(&say) {
        Ok(request) => {
            let _ = page.unbounded_send(Order::Page(request, message));
        }
        Err(error) => failed(
            None,
            format!("The page and its recorder do not fit together ({error}); reload the page."),
            false,
        ),
    });
    scope().set_onmessage(Some(hear.as_ref().unchecked_ref()));
    hear.forget(); // listens as long as the worker lives
    let recorder = Recorder {
        orders,
        study: Study::new(),
        work: Work::Nothing,
    };
    wasm_bindgen_futures::spawn_local(recorder.run(queue));
    say(&Report::Ready);
}

fn say(report: &Report) {
    post(&To::Page, report, &[], &Array::new());
}

fn failed(request: Option<u32>, message: String, ended: bool) {
    say(&Report::Failed {
        request,
        message,
        ended,
    });
}

fn storage(doing: Doing, error: &JsValue) -> String {
    sentence::storage(doing, &name_of(error), &describe(error))
}

impl Recorder {
    async fn run(mut self, mut queue: UnboundedReceiver<Order>) {
        while let Some(order) = queue.next().await {
            match order {
                Order::Page(command, message) => {
                    if let Some(port) = beside::<MessagePort>(&message, "inference") {
                        self.study.attach(Some(port));
                    }
                    self.obey(command, &message).await;
                }
                Order::Ended { session, sentence } => {
                    if matches!(&self.work, Work::Recording(take) if take.id == session) {
                        self.stop(sentence).await;
                    }
                }
            }
        }
    }

    async fn obey(&mut self, command: Request, message: &JsValue) {
        match command {
            Request::Attach => {
                if beside::<MessagePort>(message, "inference").is_none() {
                    self.study.attach(None);
                }
            }
            Request::List => self.list().await,
            Request::Start { session, contract } => {
                let video = beside::<ReadableStream>(message, "video");
                let audio = beside::<ReadableStream>(message, "audio");
                self.start(session, contract, video, audio).await;
            }
            Request::Import { session, contract } => match beside::<File>(message, "file") {
                Some(file) => self.import(session, contract, file).await,
                None => failed(
                    None,
                    "No file arrived; choose the film again.".to_owned(),
                    true,
                ),
            },
            // Where the recording ended by itself a moment before, its events are on their way.
            Request::Stop => self.stop(None).await,
            Request::Open { session } => self.open(session).await,
            Request::Choose { taste } => self.choose(&taste),
            Request::Cut { request, spans } => self.cut(request, &spans),
            Request::Still { request, t } => self.still(request, t).await,
            Request::Delete { session } => self.delete(session).await,
        }
    }

    /// Whether a recording runs; says so.
    fn busy(&self, then: &str) -> bool {
        let busy = matches!(self.work, Work::Recording(_));
        if busy {
            failed(
                None,
                format!("A recording is running; stop it first, then {then}."),
                false,
            );
        }
        busy
    }

    async fn create(&mut self, session: &SessionId, contract: Contract) -> Option<Session> {
        self.work = Work::Nothing;
        let result = match shelf::holds(session).await {
            Ok(true) => Err(
                "A session of this name is already on this device; start again under a new one."
                    .to_owned(),
            ),
            Ok(false) => {
                let meta = Meta {
                    session: session.clone(),
                    started_at: js_sys::Date::now() as i64,
                    contract,
                };
                Session::create(meta)
                    .await
                    .map_err(|error| storage(Doing::Creating, &error))
            }
            Err(error) => Err(storage(Doing::Creating, &error)),
        };
        result.map_err(|sentence| failed(None, sentence, true)).ok()
    }

    async fn start(
        &mut self,
        session: SessionId,
        contract: Contract,
        video: Option<ReadableStream>,
        audio: Option<ReadableStream>,
    ) {
        if self.busy("start the next one") {
            return;
        }
        if video.is_none() && audio.is_none() {
            failed(
                None,
                "There is neither a camera nor a microphone to record; choose one and start again."
                    .to_owned(),
                true,
            );
            return;
        }
        let Some(session) = self.create(&session, contract).await else {
            return;
        };
        self.study.begin();
        let clock = Clock::new(video.is_some());
        let take = Take::new(
            session,
            contract,
            Some(clock),
            Rc::clone(&self.study),
            self.orders.clone(),
        );
        self.work = Work::Recording(Rc::clone(&take));
        live::start(&take, video, audio);
    }

    async fn import(&mut self, session: SessionId, contract: Contract, file: File) {
        if self.busy("bring the film in") {
            return;
        }
        let film = match import::open(&file).await {
            Ok(film) => film,
            Err(sentence) => return failed(None, sentence, true),
        };
        if film.duration > domain::capture::LONGEST {
            let sentence = "This film is longer than two hours; cut it into parts and bring them in one by one.";
            return failed(None, sentence.to_owned(), true);
        }
        let Some(session) = self.create(&session, contract).await else {
            return;
        };
        self.study.begin();
        let take = Take::new(
            session,
            contract,
            None,
            Rc::clone(&self.study),
            self.orders.clone(),
        );
        take.state.borrow_mut().share = Some(0.0);
        self.work = Work::Recording(Rc::clone(&take));
        live::tick(&take);
        live::task(&take, async move |take| {
            take.end(import::run(&take, file, film).await.err())
        });
    }

    /// Ends the recording; `sentence` says why, where it was not asked for.
    async fn stop(&mut self, sentence: Option<String>) {
        let Work::Recording(take) = std::mem::replace(&mut self.work, Work::Nothing) else {
            return;
        };
        let by_itself = sentence.is_some();
        let Some(session) = take.stop().await else {
            return;
        };
        let empty = session.index.video.is_empty() && session.index.audio.is_empty();
        if empty {
            let id = session.id.clone();
            drop(session);
            let _ = shelf::remove(&id).await;
            let nothing = "Nothing was recorded: neither picture nor sound arrived. Check the camera and the microphone, then start again.";
            return failed(None, sentence.unwrap_or_else(|| nothing.to_owned()), true);
        }
        if let Some(sentence) = sentence.filter(|_| by_itself) {
            failed(None, sentence, true);
        }
        self.conclude(session, take.contract).await;
    }

    /// Says that the session is closed, waits for the rest of the analysis, chooses, and keeps the session open.
    async fn conclude(&mut self, mut session: Session, contract: Contract) {
        say(&session.stopped(self.study.network()));
        self.study.finish().await;
        let moments = self.study.taken();
        // On a full disk the signals are not kept; the choice stands all the same, and opening again measures anew.
        let kept = session
            .put_moments(&moments)
            .and_then(|()| session.mark(true, self.study.network()));
        if kept.is_err() {
            session.index.mark = None;
        }
        let choice = highlight::choose(&session.index.recording, &contract);
        say(&session.chosen(choice));
        self.work = Work::Open(Box::new(session));
    }

    /// Chooses again from the open session; while none is open, there is nothing a person could have said anything of.
    fn choose(&self, taste: &Taste) {
        let Work::Open(session) = &self.work else {
            return;
        };
        let contract = session.index.meta.as_ref().map(|meta| meta.contract);
        let choice = highlight::choose_again(
            &session.index.recording,
            &contract.unwrap_or_default(),
            taste,
        );
        say(&session.chosen(choice));
    }

    async fn open(&mut self, id: SessionId) {
        if self.busy("open another session") {
            return;
        }
        // The handle is exclusive even for ourselves.
        self.work = Work::Nothing;
        let session = match Session::open(id).await {
            Ok(session) => session,
            Err(error) => return failed(None, storage(Doing::Reading, &error), false),
        };
        let Some(meta) = session.index.meta.clone() else {
            let sentence = "This session is damaged from its start and cannot be opened; delete it from the list.";
            return failed(None, sentence.to_owned(), false);
        };
        if session.index.video.is_empty() && session.index.audio.is_empty() {
            let sentence =
                "This session ended before anything was recorded; delete it from the list.";
            return failed(None, sentence.to_owned(), false);
        }
        if session.index.complete() && session.index.unanalysed().is_none() {
            say(&session.stopped(session.index.network()));
            let choice = highlight::choose(&session.index.recording, &meta.contract);
            say(&session.chosen(choice));
            self.work = Work::Open(Box::new(session));
            return;
        }
        self.study.begin();
        if let Err(reason) = self.analyse(&session).await {
            failed(
                None,
                format!(
                    "A part of this session could not be analysed ({reason}); highlights may be missing from it."
                ),
                false,
            );
        }
        self.conclude(session, meta.contract).await;
    }

    /// Decodes and measures what a crash left without analysis.
    async fn analyse(&self, session: &Session) -> Result<(), String> {
        let Some(missing) = session.index.unanalysed() else {
            return Ok(());
        };
        let known = session
            .index
            .recording
            .moments
            .last()
            .map_or(-1, |moment| micros(moment.t));
        let mut eye = Eye::new();
        let mut bytes = Vec::new();
        for part in missing.chunk_by(|a, b| a.config == b.config) {
            self.analyse_part(session, part, known, &mut eye, &mut bytes)
                .await?;
        }
        Ok(())
    }

    async fn analyse_part(
        &self,
        session: &Session,
        part: &[Chunk],
        known: i64,
        eye: &mut Eye,
        bytes: &mut Vec<u8>,
    ) -> Result<(), String> {
        let first = part.first().ok_or("it is empty")?;
        let config = session
            .index
            .video_configs
            .get(usize::from(first.config))
            .ok_or("its encoding is not known")?;
        let decoder = decode::Pictures::start(config).await?;
        let mut look = async |frame: crate::browser::Owned<web_sys::VideoFrame>| {
            let t_us = frame.timestamp() as i64;
            if t_us > known
                && let Ok(sample) = eye.look(&frame, seconds(t_us)).await
            {
                self.study.push(&sample, false);
                self.study.pump(seconds(t_us), false).await;
            }
        };
        for chunk in part {
            bytes.resize(chunk.len as usize, 0);
            session.read(chunk.at, bytes).map_err(|e| describe(&e))?;
            decoder.feed(bytes, chunk.t_us, chunk.key)?;
            while decoder.held() > 4 {
                match decoder.take()? {
                    Some(frame) => look(frame).await,
                    None => crate::browser::sleep(1).await,
                }
            }
        }
        let mut rest = Vec::new();
        decoder.end(|frame| rest.push(frame)).await?;
        for frame in rest {
            look(frame).await;
        }
        Ok(())
    }

    async fn list(&self) {
        let own = match &self.work {
            Work::Nothing => None,
            Work::Open(session) => Some(session.kept()),
            Work::Recording(take) => take.state.borrow().session.as_ref().map(Session::kept),
        };
        match shelf::list(own).await {
            Ok(sessions) => say(&Report::Sessions { sessions }),
            Err(error) => failed(None, storage(Doing::Listing, &error), false),
        }
    }

    async fn delete(&mut self, id: SessionId) {
        match &self.work {
            Work::Recording(take) if take.id == id => {
                return failed(
                    None,
                    "This session is being recorded; stop it first, then delete it.".to_owned(),
                    false,
                );
            }
            Work::Open(session) if session.id == id => self.work = Work::Nothing,
            _ => {}
        }
        if let Err(error) = shelf::remove(&id).await {
            failed(None, storage(Doing::Deleting, &error), false);
        }
        self.list().await;
    }

    /// The open session, or a sentence about its absence.
    fn opened(&self, request: u32) -> Option<&Session> {
        match &self.work {
            Work::Open(session) => Some(session),
            Work::Recording(_) => {
                failed(
                    Some(request),
                    "The recording still runs; stop it first.".to_owned(),
                    false,
                );
                None
            }
            Work::Nothing => {
                failed(
                    Some(request),
                    "No session is open; choose one from the list first.".to_owned(),
                    false,
                );
                None
            }
        }
    }

    fn cut(&self, request: u32, spans: &[Span]) {
        let Some(session) = self.opened(request) else {
            return;
        };
        let clip = match cut::cut(&session.index, spans, |at, buffer| session.read(at, buffer)) {
            Ok(clip) => clip,
            Err(Failed::Refused(refused)) => {
                return failed(Some(request), refused.sentence().to_owned(), false);
            }
            Err(Failed::Read(error)) => {
                return failed(Some(request), storage(Doing::Reading, &error), false);
            }
        };
        let options = BlobPropertyBag::new();
        options.set_type("video/mp4");
        let parts = Array::of1(&Uint8Array::from(clip.bytes.as_slice()));
        match Blob::new_with_u8_array_sequence_and_options(&parts, &options) {
            Ok(blob) => post(
                &To::Page,
                &Report::Clip {
                    request,
                    bytes: clip.bytes.len() as u64,
                    spans: clip.spans,
                },
                &[("blob", &blob)],
                &Array::new(),
            ),
            Err(error) => {
                let sentence = format!(
                    "The clip is too large for this device's memory ({}); make it shorter.",
                    describe(&error)
                );
                failed(Some(request), sentence, false);
            }
        }
    }

    async fn still(&self, request: u32, t: f64) {
        let Some(session) = self.opened(request) else {
            return;
        };
        match still::take(session, t).await {
            Ok(still) => post(
                &To::Page,
                &Report::Picture {
                    request,
                    t: still.t,
                    width: still.width,
                    height: still.height,
                },
                &[("blob", &still.blob)],
                &Array::new(),
            ),
            Err(sentence) => failed(Some(request), sentence, false),
        }
    }
}
