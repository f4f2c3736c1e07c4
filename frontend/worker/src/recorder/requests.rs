//! The page's requests, answered one after another.

use std::rc::Rc;

use domain::{
    capture::Selection,
    highlight::{self, Span, Taste},
    id::SessionId,
};
use futures::{
    StreamExt,
    channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
};
use js_sys::Array;
use protocol::{Report, Request};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, File, MessagePort, ReadableStream};

use super::{
    import, live,
    message::{self, StorageOperation},
    open::OpenSession,
    recording::Recording,
    recovery,
    session::Session,
    session_store, still,
};
use crate::{
    analysis::Analysis,
    browser::{Recipient, attachment, describe, file, listener, name_of, post, scope},
    capture::clock::Clock,
    log::record::Meta,
};

/// What the recorder reacts to.
pub(super) enum RecorderInput {
    /// The page's request, with the posted object that holds its attachments.
    Request(Request, JsValue),
    /// The recording of `session` came to an end by itself.
    Ended {
        session: SessionId,
        /// Why, for the creator; an import that is through has no reason to give.
        message: Option<String>,
    },
}

/// What is going on.
enum Activity {
    Idle,
    Recording(Rc<Recording>),
    Open(Box<OpenSession>),
}

struct Recorder {
    inputs: UnboundedSender<RecorderInput>,
    analysis: Rc<Analysis>,
    activity: Activity,
}

/// Becomes the recorder: listens to the page from now on.
pub(crate) fn start() {
    let (inputs, queue) = unbounded();
    let page = inputs.clone();
    let receive = listener(move |json, posted| match serde_json::from_str(&json) {
        Ok(request) => {
            let _ = page.unbounded_send(RecorderInput::Request(request, posted));
        }
        Err(error) => failed(
            None,
            format!("The page and its recorder do not fit together ({error}); reload the page."),
            false,
        ),
    });
    scope().set_onmessage(Some(receive.as_ref().unchecked_ref()));
    receive.forget(); // listens as long as the worker lives
    let recorder = Recorder {
        inputs,
        analysis: Analysis::new(),
        activity: Activity::Idle,
    };
    wasm_bindgen_futures::spawn_local(recorder.run(queue));
    report(&Report::Ready);
}

fn report(report: &Report) {
    post(&Recipient::Page, report, &[], &Array::new());
}

fn failed(request: Option<u32>, message: String, ended: bool) {
    report(&Report::Failed {
        request,
        message,
        ended,
    });
}

/// Reports again what the creator was told when the session was made.
fn report_notes(session: &Session) {
    if !session.index.notes.is_empty() {
        report(&Report::Notes {
            notes: session.index.notes.clone(),
        });
    }
}

/// Copies bytes into the queue's folder.
async fn keep(request: u32, name: &str, posted: &JsValue) {
    let result = match attachment::<Blob>(posted, "blob") {
        Some(bytes) => file::keep(name, &bytes)
            .await
            .map_err(|error| storage(StorageOperation::Keeping, &error)),
        None => Err("No file arrived; make the page again.".to_owned()),
    };
    match result {
        Ok(()) => report(&Report::Kept { request }),
        Err(message) => failed(Some(request), message, false),
    }
}

fn storage(operation: StorageOperation, error: &JsValue) -> String {
    message::storage(operation, &name_of(error), &describe(error))
}

impl Recorder {
    async fn run(mut self, mut queue: UnboundedReceiver<RecorderInput>) {
        while let Some(input) = queue.next().await {
            match input {
                RecorderInput::Request(request, posted) => {
                    if let Some(port) = attachment::<MessagePort>(&posted, "inference") {
                        self.analysis.attach(Some(port));
                    }
                    self.handle(request, &posted).await;
                }
                RecorderInput::Ended { session, message } => {
                    if matches!(&self.activity, Activity::Recording(recording) if recording.id == session)
                    {
                        self.stop(message).await;
                    }
                }
            }
        }
    }

    async fn handle(&mut self, request: Request, posted: &JsValue) {
        match request {
            Request::Attach => {
                if attachment::<MessagePort>(posted, "inference").is_none() {
                    self.analysis.attach(None);
                }
            }
            Request::List => self.list().await,
            Request::Start { session, selection } => {
                let video = attachment::<ReadableStream>(posted, "video");
                let audio = attachment::<ReadableStream>(posted, "audio");
                self.start(session, selection, video, audio).await;
            }
            Request::Import { session, selection } => match attachment::<File>(posted, "file") {
                Some(file) => self.import(session, selection, file).await,
                None => failed(
                    None,
                    "No file arrived; choose the film again.".to_owned(),
                    true,
                ),
            },
            // Where the recording ended by itself a moment before, its reports are on their way.
            Request::Stop => self.stop(None).await,
            Request::Open { session } => self.open(session).await,
            Request::Choose { taste } => self.choose(&taste),
            Request::Cut { request, spans } => self.cut(request, spans),
            Request::Still { request, t } => self.still(request, t).await,
            Request::Keep { request, name } => keep(request, &name, posted).await,
            Request::Delete { session } => self.delete(session).await,
        }
    }

    /// Whether a recording runs; tells the page where it does.
    fn refuse_while_recording(&self, then: &str) -> bool {
        let busy = matches!(self.activity, Activity::Recording(_));
        if busy {
            failed(
                None,
                format!("A recording is running; stop it first, then {then}."),
                false,
            );
        }
        busy
    }

    async fn create(&mut self, session: &SessionId, selection: Selection) -> Option<Session> {
        self.activity = Activity::Idle;
        let held = file::hold_reserve().await;
        if !held || file::room().await.is_some_and(|room| room.is_full(0)) {
            // What is here already may need it to be published.
            file::release_reserve().await;
            failed(None, message::NO_ROOM.to_owned(), true);
            return None;
        }
        let result = match session_store::holds(session).await {
            Ok(true) => Err(
                "A session of this name is already on this device; start again under a new one."
                    .to_owned(),
            ),
            Ok(false) => {
                let meta = Meta {
                    session: session.clone(),
                    started_at: js_sys::Date::now() as i64,
                    selection,
                };
                Session::create(meta)
                    .await
                    .map_err(|error| storage(StorageOperation::Creating, &error))
            }
            Err(error) => Err(storage(StorageOperation::Creating, &error)),
        };
        result.map_err(|message| failed(None, message, true)).ok()
    }

    async fn start(
        &mut self,
        session: SessionId,
        selection: Selection,
        video: Option<ReadableStream>,
        audio: Option<ReadableStream>,
    ) {
        if self.refuse_while_recording("start the next one") {
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
        let Some(session) = self.create(&session, selection).await else {
            return;
        };
        self.analysis.begin();
        let clock = Clock::new(video.is_some());
        let recording = Recording::new(
            session,
            selection,
            Some(clock),
            Rc::clone(&self.analysis),
            self.inputs.clone(),
        );
        self.activity = Activity::Recording(Rc::clone(&recording));
        live::start(&recording, video, audio);
    }

    async fn import(&mut self, session: SessionId, selection: Selection, file: File) {
        if self.refuse_while_recording("bring the film in") {
            return;
        }
        let film = match import::open(&file).await {
            Ok(film) => film,
            Err(message) => return failed(None, message, true),
        };
        if film.duration > domain::capture::LONGEST {
            let message = "This film is longer than two hours; cut it into parts and bring them in one by one.";
            return failed(None, message.to_owned(), true);
        }
        let Some(session) = self.create(&session, selection).await else {
            return;
        };
        self.analysis.begin();
        let recording = Recording::new(
            session,
            selection,
            None,
            Rc::clone(&self.analysis),
            self.inputs.clone(),
        );
        recording.state.borrow_mut().share = Some(0.0);
        recording.expects_pictures.set(film.video.is_some());
        self.activity = Activity::Recording(Rc::clone(&recording));
        live::tick(&recording);
        live::task(&recording, async move |recording| {
            recording.end(import::run(&recording, file, film).await.err())
        });
    }

    /// Ends the recording; `message` says why, where the page did not ask for it.
    async fn stop(&mut self, message: Option<String>) {
        let Activity::Recording(recording) = std::mem::replace(&mut self.activity, Activity::Idle)
        else {
            return;
        };
        if message.is_some() {
            // It may have ended for want of room, and needs some to be closed.
            file::release_reserve().await;
        }
        let Some(session) = recording.stop().await else {
            return;
        };
        // A film whose pictures were refused is not kept as its sound alone.
        let pictures_lost = message.is_some() && recording.expects_pictures.get();
        let silent = session.index.audio.is_empty() || pictures_lost;
        let empty = session.index.video.is_empty() && silent;
        if empty {
            let id = session.id.clone();
            drop(session);
            let _ = session_store::remove(&id).await;
            let nothing = "Nothing was recorded: neither picture nor sound arrived. Check the camera and the microphone, then start again.";
            return failed(None, message.unwrap_or_else(|| nothing.to_owned()), true);
        }
        if let Some(message) = message {
            failed(None, message, true);
        }
        self.conclude(session, recording.selection).await;
    }

    /// Reports that the session is closed, waits for the rest of the analysis, chooses, and keeps the session open.
    async fn conclude(&mut self, mut session: Session, selection: Selection) {
        report(&session.stopped(self.analysis.network()));
        self.analysis.finish().await;
        let moments = self.analysis.take_complete();
        // On a full disk the signals are not kept; the choice stands all the same, and opening again measures anew.
        let kept = session
            .put_moments(&moments)
            .and_then(|()| session.checkpoint(true, self.analysis.network()));
        if kept.is_err() {
            session.index.checkpoint = None;
        }
        let choice = highlight::choose(&session.index.measurements, &selection);
        report(&session.chosen(choice));
        self.activity = Activity::Open(Box::new(OpenSession::new(session)));
    }

    /// Chooses again from the open session; while none is open, there is nothing a person could have said anything of.
    fn choose(&self, taste: &Taste) {
        let Activity::Open(open) = &self.activity else {
            return;
        };
        let session = &open.session;
        let selection = session.index.meta.as_ref().map(|meta| meta.selection);
        let choice = highlight::choose_again(
            &session.index.measurements,
            &selection.unwrap_or_default(),
            taste,
        );
        report(&session.chosen(choice));
    }

    async fn open(&mut self, id: SessionId) {
        if self.refuse_while_recording("open another session") {
            return;
        }
        // The handle is exclusive even for ourselves.
        self.activity = Activity::Idle;
        let session = match Session::open(id).await {
            Ok(session) => session,
            Err(error) => return failed(None, storage(StorageOperation::Reading, &error), false),
        };
        let Some(meta) = session.index.meta.clone() else {
            let message = "This session is damaged from its start and cannot be opened; delete it from the list.";
            return failed(None, message.to_owned(), false);
        };
        if session.index.video.is_empty() && session.index.audio.is_empty() {
            let message =
                "This session ended before anything was recorded; delete it from the list.";
            return failed(None, message.to_owned(), false);
        }
        if session.index.complete() && session.index.unanalysed().is_none() {
            report(&session.stopped(session.index.network()));
            report_notes(&session);
            let choice = highlight::choose(&session.index.measurements, &meta.selection);
            report(&session.chosen(choice));
            self.activity = Activity::Open(Box::new(OpenSession::new(session)));
            return;
        }
        report_notes(&session);
        self.analysis.begin();
        if let Err(reason) = recovery::analyse(&session, &self.analysis).await {
            failed(
                None,
                format!(
                    "A part of this session could not be analysed ({reason}); highlights may be missing from it."
                ),
                false,
            );
        }
        self.conclude(session, meta.selection).await;
    }

    async fn list(&self) {
        let own = match &self.activity {
            Activity::Idle => None,
            Activity::Open(open) => Some(open.session.summary()),
            Activity::Recording(recording) => recording
                .state
                .borrow()
                .session
                .as_ref()
                .map(Session::summary),
        };
        match session_store::list(own).await {
            Ok(sessions) => report(&Report::Sessions { sessions }),
            Err(error) => failed(None, storage(StorageOperation::Listing, &error), false),
        }
    }

    async fn delete(&mut self, id: SessionId) {
        match &self.activity {
            Activity::Recording(recording) if recording.id == id => {
                return failed(
                    None,
                    "This session is being recorded; stop it first, then delete it.".to_owned(),
                    false,
                );
            }
            Activity::Open(open) if open.session.id == id => self.activity = Activity::Idle,
            _ => {}
        }
        if let Err(error) = session_store::remove(&id).await {
            failed(None, storage(StorageOperation::Deleting, &error), false);
        }
        self.list().await;
    }

    /// The open session; where there is none, the page is told so.
    fn opened(&mut self, request: u32) -> Option<&mut OpenSession> {
        let message = match &mut self.activity {
            Activity::Open(open) => return Some(open),
            Activity::Recording(_) => "The recording still runs; stop it first.",
            Activity::Idle => "No session is open; choose one from the list first.",
        };
        failed(Some(request), message.to_owned(), false);
        None
    }

    fn cut(&mut self, request: u32, spans: Vec<Span>) {
        let Some(open) = self.opened(request) else {
            return;
        };
        match open.clip(spans) {
            Ok(clip) => post(
                &Recipient::Page,
                &Report::Clip {
                    request,
                    bytes: clip.bytes,
                    spans: clip.spans,
                },
                &[("blob", &clip.blob)],
                &Array::new(),
            ),
            Err(message) => failed(Some(request), message, false),
        }
    }

    async fn still(&mut self, request: u32, t: f64) {
        let Some(open) = self.opened(request) else {
            return;
        };
        match still::take(&open.session, t).await {
            Ok(still) => post(
                &Recipient::Page,
                &Report::Picture {
                    request,
                    t: still.t,
                    width: still.width,
                    height: still.height,
                },
                &[("blob", &still.blob)],
                &Array::new(),
            ),
            Err(message) => failed(Some(request), message, false),
        }
    }
}
