//! One value, copied freely, that every part of the page shares.

use std::rc::Rc;

use domain::{
    highlight::{Choice, Second},
    id::{ProductId, SessionId},
    wire::studio::Config,
};
use leptos::{prelude::*, task::spawn_local};
use protocol::{Report, Request, StoredSession};

use super::{
    analysis::Analysis,
    capture::Capture,
    device_store::DeviceStore,
    devices::Devices,
    session,
    stage::{Message, Progress, Recording, Stage},
    upload::Preparing,
};
use crate::{
    browser::{
        error,
        recorder::{Attachment, Recorder},
        rows::Rows,
        service_worker,
        session_lock::{self, SessionLock},
        wake_lock::WakeLock,
    },
    review::{
        decision::Decisions,
        file::{Files, RecorderHandle},
    },
    upload::{item::Owner, queue::Uploads},
};

/// The studio's state and acts.
#[derive(Clone, Copy)]
pub(crate) struct Studio {
    /// From the page.
    pub(crate) config: StoredValue<Config>,
    /// What the person is doing.
    pub(crate) stage: RwSignal<Stage>,
    /// What the person should read.
    pub(crate) message: RwSignal<Option<Message>>,
    /// Cameras, screens and microphones.
    pub(crate) devices: Devices,
    /// Where and how frames are judged.
    pub(crate) analysis: Analysis,
    /// Whether the recorder answers.
    pub(crate) ready: RwSignal<bool>,
    /// Sessions on this device; `None` until the recorder said.
    pub(crate) sessions: RwSignal<Option<Vec<StoredSession>>>,
    /// Sessions some tab has open.
    pub(crate) locked_sessions: RwSignal<Vec<String>>,
    /// The session that is, or would be, recorded or reviewed.
    pub(crate) session: RwSignal<SessionId>,
    /// How the recording goes.
    pub(crate) progress: RwSignal<Progress>,
    /// The choice so far.
    pub(crate) choice: RwSignal<Choice>,
    /// The recording, once ended; `None` also when there are photos only.
    pub(crate) recording: RwSignal<Option<Recording>>,
    /// How it looked and sounded, a row a second.
    pub(crate) signals: RwSignal<Vec<Second>>,
    /// What was lost or left out when the session was made, in whole sentences.
    pub(crate) notes: RwSignal<Vec<String>>,
    /// Photos of the session, by name.
    pub(crate) photos: RwSignal<Vec<String>>,
    /// What the person decided.
    pub(crate) review: RwSignal<Decisions>,
    /// The clip that is being trimmed or played.
    pub(crate) selected: RwSignal<Option<u32>>,
    /// Where a playing clip is in the recording, s.
    pub(crate) playhead: RwSignal<Option<f64>>,
    /// Clips and pictures as files.
    pub(crate) files: Files,
    /// The product's name, as typed.
    pub(crate) title: RwSignal<String>,
    /// Files on their way to the server, and the products they become.
    pub(crate) uploads: Uploads,
    /// What is being put into that queue.
    pub(crate) preparing: RwSignal<Option<Preparing>>,
    /// The product that its person has just put there and waits for.
    pub(crate) current: RwSignal<Option<ProductId>>,
    /// What is filmed under.
    pub(crate) capture: Capture,
    /// What lies on this device.
    pub(crate) store: DeviceStore,
    recorder: RecorderHandle,
    pub(super) session_lock: StoredValue<Option<SessionLock>, LocalStorage>,
    pub(super) wake_lock: StoredValue<Option<WakeLock>, LocalStorage>,
}

impl Studio {
    /// A studio at rest, with its workers starting.
    pub(crate) fn new(config: Config) -> Self {
        let recorder = StoredValue::new_local(None);
        let owner = Owner {
            person: config.person.clone(),
            shop: config.shop.id.clone(),
        };
        let session = RwSignal::new(session::next(&owner));
        let capture = Capture::new(config.contracts.clone(), &owner);
        let studio = Self {
            capture,
            analysis: Analysis::new(&config),
            config: StoredValue::new(config),
            stage: RwSignal::new(Stage::Setup),
            message: RwSignal::new(None),
            devices: Devices::new(),
            ready: RwSignal::new(false),
            sessions: RwSignal::new(None),
            locked_sessions: RwSignal::new(Vec::new()),
            session,
            progress: RwSignal::new(Progress::default()),
            choice: RwSignal::new(Choice::default()),
            recording: RwSignal::new(None),
            signals: RwSignal::new(Vec::new()),
            notes: RwSignal::new(Vec::new()),
            photos: RwSignal::new(Vec::new()),
            review: RwSignal::new(Decisions::default()),
            selected: RwSignal::new(None),
            playhead: RwSignal::new(None),
            files: Files::new(recorder, session),
            title: RwSignal::new(String::new()),
            uploads: Uploads::new(owner),
            preparing: RwSignal::new(None),
            current: RwSignal::new(None),
            store: DeviceStore::new(),
            recorder,
            session_lock: StoredValue::new_local(None),
            wake_lock: StoredValue::new_local(None),
        };
        studio.start_workers();
        studio.read_photos();
        studio.follow_current();
        spawn_local(async move {
            match Rows::open().await {
                Ok(rows) => {
                    let rows = Rc::new(rows);
                    studio.store.open(rows.clone()).await;
                    studio.uploads.open(rows).await;
                }
                Err(error) => web_sys::console::warn_1(&format!("rows: {error}").into()),
            }
        });
        spawn_local(service_worker::register());
        studio
    }

    /// Copies bytes into the queue's folder on this device.
    pub(super) async fn keep_bytes(self, name: &str, bytes: &web_sys::Blob) -> Result<(), String> {
        let recorder = self
            .recorder
            .get_value()
            .ok_or("The recorder is not running. Reload the page.")?;
        recorder.keep(name.to_owned(), bytes.clone()).await
    }

    /// Shows something that went wrong.
    pub(crate) fn show_error(self, text: impl Into<String>) {
        self.message.set(Some(Message {
            text: text.into(),
            is_error: true,
        }));
    }

    /// Shows something worth knowing.
    pub(crate) fn show_notice(self, text: impl Into<String>) {
        self.message.set(Some(Message {
            text: text.into(),
            is_error: false,
        }));
    }

    /// Whether leaving the page now would cut something off.
    pub(crate) fn is_busy(self) -> bool {
        match self.stage.get_untracked() {
            Stage::Recording | Stage::Importing | Stage::Finishing => true,
            Stage::Uploading => self.preparing.with_untracked(Option::is_some),
            Stage::Setup | Stage::Opening | Stage::Review => false,
        }
    }

    fn start_workers(self) {
        let config = self.config.get_value();
        let started = Recorder::new(
            &config,
            move |report| self.handle_report(report),
            move |message| {
                web_sys::console::error_1(&format!("recorder: {message}").into());
                self.ready.set(false);
                let filming = self.stage.get_untracked() == Stage::Recording;
                self.devices.close_all();
                self.stage.set(Stage::Setup);
                self.show_error(if filming {
                    "The recorder stopped working. What was filmed up to here is on this device: reload the page and open it below."
                } else {
                    "The recorder did not start. Reload the page; if it stays, use a current Chrome, Edge or Firefox."
                });
            },
        );
        match started {
            Ok(recorder) => {
                let recorder = Rc::new(recorder);
                self.recorder.set_value(Some(recorder.clone()));
                self.analysis
                    .start(&config, &recorder, move |text| self.show_notice(text));
            }
            Err(_) => self.show_error(error::unsupported("web workers")),
        }
    }

    /// Sends a request to the recorder.
    pub(super) fn send(self, request: &Request, attachments: Vec<Attachment>) {
        if let Some(recorder) = self.recorder.get_value() {
            recorder.send(request, attachments);
        }
    }

    /// Takes what the recorder reports.
    fn handle_report(self, report: Report) {
        match report {
            Report::Ready => {
                self.ready.set(true);
                self.send(&Request::List, Vec::new());
            }
            Report::Sessions { sessions } => {
                self.sessions.set(Some(sessions));
                spawn_local(async move {
                    self.locked_sessions.set(session_lock::list().await);
                    self.store.refresh().await;
                });
            }
            Report::Progress {
                seconds,
                bytes,
                dropped,
                analysed,
                dbfs,
                exposure,
                engine,
                share,
                ..
            } => {
                self.progress.set(Progress {
                    seconds,
                    bytes,
                    dropped,
                    analysed,
                    share,
                });
                self.store.follow_room(seconds);
                self.devices.dbfs.set(dbfs);
                self.devices.exposure.set(Some(exposure));
                self.analysis.engine.set(Some(engine));
            }
            Report::Chosen { choice, .. } if self.stage.get_untracked() == Stage::Review => {
                self.decide(|review| review.rechoose(&choice));
            }
            Report::Chosen {
                choice,
                last,
                signals,
                network,
            } => {
                if let Some(network) = network {
                    self.analysis.engine.set(Some(network.engine));
                    self.recording.update(|recording| {
                        if let Some(recording) = recording {
                            recording.network = network;
                        }
                    });
                }
                self.choice.set(choice);
                self.signals.set(signals);
                let stage = self.stage.get_untracked();
                if last && matches!(stage, Stage::Finishing | Stage::Opening) {
                    self.open_review();
                }
            }
            Report::Stopped {
                session,
                duration,
                bytes,
                width,
                height,
                keyframes,
                loudness,
                network,
            } => {
                self.release_devices();
                self.session.set(session);
                self.analysis.engine.set(Some(network.engine));
                self.recording.set(Some(Recording {
                    duration,
                    bytes,
                    size: (width, height),
                    keyframes,
                    loudness,
                    network,
                }));
                if self.stage.get_untracked() != Stage::Opening {
                    self.stage.set(Stage::Finishing);
                }
            }
            Report::Notes { notes } => self.notes.set(notes),
            Report::Failed { message, ended, .. } => {
                self.show_error(message);
                let begun = self
                    .progress
                    .with_untracked(|progress| progress.seconds > 0.0);
                match self.stage.get_untracked() {
                    Stage::Opening => self.back_to_setup(),
                    // A film that was refused before anything of it was in: nothing is kept, and nothing is waited for.
                    Stage::Importing if ended && !begun => self.back_to_setup(),
                    Stage::Recording | Stage::Importing | Stage::Finishing if ended => {
                        self.wait_for_recording();
                    }
                    _ => {}
                }
            }
            // A cut whose asker is gone.
            Report::Clip { .. } | Report::Picture { .. } | Report::Kept { .. } => {}
        }
    }
}
