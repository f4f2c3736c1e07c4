//! What the studio knows and does: one value, copied freely, that every part of the page shares.

use std::{cell::RefCell, collections::HashSet, rc::Rc};

use domain::{
    capture::{Contract, Engine},
    highlight::{Choice, Second},
    id::SessionId,
};
use leptos::{prelude::*, task::spawn_local};
use protocol::{Report, Request, StoredSession};

pub(crate) use super::stage::{Ended, Progress, Stage, Word};
use super::{analysis, desk::Desk, file::Files, sending::Sending};
use crate::{
    browser::{
        awake::Awake,
        compose, device,
        engine::Inference,
        js, lock,
        lock::Lock,
        photo,
        recorder::{Beside, Recorder},
        source, store,
    },
    config::Config,
    fault::{self, Device},
    review::session::Session,
};

/// The studio's state and acts.
#[derive(Clone, Copy)]
pub(crate) struct Studio {
    /// From the page.
    pub(crate) config: StoredValue<Config>,
    /// What the person is doing.
    pub(crate) stage: RwSignal<Stage>,
    /// What the person should read.
    pub(crate) word: RwSignal<Option<Word>>,
    /// Devices.
    pub(crate) desk: Desk,
    /// Whether the recorder answers.
    pub(crate) ready: RwSignal<bool>,
    /// Sessions on this device; `None` until the recorder said.
    pub(crate) kept: RwSignal<Option<Vec<StoredSession>>>,
    /// Sessions some tab has open.
    pub(crate) taken: RwSignal<Vec<String>>,
    /// The session that is, or would be, recorded or reviewed.
    pub(crate) session: RwSignal<SessionId>,
    /// How the recording goes.
    pub(crate) progress: RwSignal<Progress>,
    /// Where the network runs.
    pub(crate) engine: RwSignal<Option<Engine>>,
    /// Whether TransNetV2 is wished beside it.
    pub(crate) precise: RwSignal<bool>,
    /// The choice so far.
    pub(crate) choice: RwSignal<Choice>,
    /// The recording, once ended; `None` also when there are photos only.
    pub(crate) ended: RwSignal<Option<Ended>>,
    /// How it looked and sounded, a row a second.
    pub(crate) signals: RwSignal<Vec<Second>>,
    /// Photos of the session, by name.
    pub(crate) photos: RwSignal<Vec<String>>,
    /// What the person decided.
    pub(crate) review: RwSignal<Session>,
    /// The clip that is being trimmed or played.
    pub(crate) chosen: RwSignal<Option<u32>>,
    /// Where a playing clip is in the recording, s.
    pub(crate) head: RwSignal<Option<f64>>,
    /// Clips and pictures as files.
    pub(crate) files: Files,
    /// The way to the shop.
    pub(crate) sending: Sending,
    recorder: StoredValue<Option<Rc<Recorder>>, LocalStorage>,
    pub(super) inference: StoredValue<Option<Rc<Inference>>, LocalStorage>,
    lock: StoredValue<Option<Lock>, LocalStorage>,
    awake: StoredValue<Option<Awake>, LocalStorage>,
}

/// Where the name of the next session is kept, so that photos taken before a reload stay with it.
const NEXT: &str = "vitrine.next";

/// Milliseconds within which the recorder says what it kept of a recording it ended.
const ANNOUNCED: u32 = 5_000;

fn fresh() -> SessionId {
    let at = js_sys::Date::now() as u64;
    let chance = (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    format!("s{at}-{chance:08x}")
        .parse()
        .expect("digits and a hyphen are an identifier")
}

fn next_session() -> SessionId {
    let kept = store::read(NEXT).and_then(|text| text.parse().ok());
    kept.unwrap_or_else(|| {
        let session = fresh();
        store::write(NEXT, session.as_str());
        session
    })
}

fn decisions(session: &SessionId) -> String {
    format!("vitrine.review.{session}")
}

impl Studio {
    /// A studio at rest, with its workers starting.
    pub(crate) fn new(config: Config) -> Self {
        let studio = Self {
            config: StoredValue::new(config),
            stage: RwSignal::new(Stage::Setup),
            word: RwSignal::new(None),
            desk: Desk::new(),
            ready: RwSignal::new(false),
            kept: RwSignal::new(None),
            taken: RwSignal::new(Vec::new()),
            session: RwSignal::new(next_session()),
            progress: RwSignal::new(Progress::default()),
            engine: RwSignal::new(None),
            precise: RwSignal::new(analysis::wished()),
            choice: RwSignal::new(Choice::default()),
            ended: RwSignal::new(None),
            signals: RwSignal::new(Vec::new()),
            photos: RwSignal::new(Vec::new()),
            review: RwSignal::new(Session::default()),
            chosen: RwSignal::new(None),
            head: RwSignal::new(None),
            files: Files::new(),
            sending: Sending::new(),
            recorder: StoredValue::new_local(None),
            inference: StoredValue::new_local(None),
            lock: StoredValue::new_local(None),
            awake: StoredValue::new_local(None),
        };
        studio.start_workers();
        studio.read_photos();
        studio
    }

    /// Says something that went wrong.
    pub(crate) fn wrong(self, sentence: impl Into<String>) {
        self.word.set(Some(Word {
            sentence: sentence.into(),
            wrong: true,
        }));
    }

    /// Says something worth knowing.
    pub(crate) fn note(self, sentence: impl Into<String>) {
        self.word.set(Some(Word {
            sentence: sentence.into(),
            wrong: false,
        }));
    }

    /// The recorder, while it lives.
    pub(crate) fn recorder(self) -> Option<Rc<Recorder>> {
        self.recorder.get_value()
    }

    fn start_workers(self) {
        let config = self.config.get_value();
        let made = Recorder::new(
            &config,
            move |event| self.hear(event),
            move |message| {
                web_sys::console::error_1(&format!("recorder: {message}").into());
                self.ready.set(false);
                let filming = self.stage.get_untracked() == Stage::Recording;
                self.desk.release();
                self.stage.set(Stage::Setup);
                self.wrong(if filming {
                    "The recorder stopped working. What was filmed up to here is on this device: reload the page and open it below."
                } else {
                    "The recorder did not start. Reload the page; if it stays, use a current Chrome, Edge or Firefox."
                });
            },
        );
        match made {
            Ok(recorder) => {
                let recorder = Rc::new(recorder);
                let precise = self.precise.get_untracked() && config.precise.is_some();
                let tell = move |engine, precise, lacks| self.hear_engine(engine, precise, lacks);
                let inference = Inference::start(&config, &recorder, precise, tell);
                self.recorder.set_value(Some(recorder));
                self.inference.set_value(Some(inference));
            }
            Err(_) => self.wrong(fault::unable("web workers")),
        }
    }

    fn send(self, request: &Request, beside: Vec<Beside>) {
        if let Some(recorder) = self.recorder() {
            recorder.send(request, beside);
        }
    }

    /// Takes what the recorder says.
    fn hear(self, report: Report) {
        match report {
            Report::Ready => {
                self.ready.set(true);
                self.send(&Request::List, Vec::new());
            }
            Report::Sessions { sessions } => {
                self.kept.set(Some(sessions));
                spawn_local(async move { self.taken.set(lock::taken().await.to_vec()) });
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
                self.desk.dbfs.set(dbfs);
                self.desk.exposure.set(Some(exposure));
                self.engine.set(Some(engine));
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
                self.judged_by(network);
                self.choice.set(choice);
                self.signals.set(signals);
                if last && matches!(self.stage.get_untracked(), Stage::Closing | Stage::Opening) {
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
                self.rest();
                self.session.set(session);
                self.engine.set(Some(network.engine));
                self.ended.set(Some(Ended {
                    duration,
                    bytes,
                    size: (width, height),
                    keyframes,
                    loudness,
                    network,
                }));
                if self.stage.get_untracked() != Stage::Opening {
                    self.stage.set(Stage::Closing);
                }
            }
            Report::Failed { message, ended, .. } => {
                self.wrong(message);
                match self.stage.get_untracked() {
                    Stage::Opening => self.back_to_setup(),
                    Stage::Recording | Stage::Importing | Stage::Closing if ended => {
                        self.cut_short()
                    }
                    _ => {}
                }
            }
            // A cut whose asker is gone.
            Report::Clip { .. } | Report::Picture { .. } => {}
        }
    }

    /// The recorder ended the recording: what it kept is announced in a moment; without that, back to the start.
    fn cut_short(self) {
        self.rest();
        self.stage.set(Stage::Closing);
        spawn_local(async move {
            js::sleep(ANNOUNCED).await;
            let nothing = self.ended.with_untracked(Option::is_none);
            if nothing && self.stage.get_untracked() == Stage::Closing {
                self.back_to_setup();
            }
        });
    }

    /// Lets go of devices and the screen.
    fn rest(self) {
        self.desk.release();
        self.awake.set_value(None);
    }

    /// Begins to film.
    pub(crate) fn record(self) {
        if self.stage.get_untracked() != Stage::Setup || !self.ready.get_untracked() {
            return;
        }
        spawn_local(async move {
            self.word.set(None);
            if let Err(sentence) = self.try_record().await {
                self.lock.set_value(None);
                self.wrong(sentence);
            }
        });
    }

    async fn try_record(self) -> Result<(), String> {
        let (session, lock) = self.claim().await.ok_or(
            "Another tab is recording this session. Stop it there, or press again to start a new one here.",
        )?;
        let (screen, camera) = self.desk.pictures();
        let video = compose::picture(screen.as_ref(), camera.as_ref())
            .await
            .map_err(|error| {
                format!(
                    "The picture could not be recorded ({}). Pick the camera again.",
                    js::error_text(&error)
                )
            })?
            .ok_or("There is no picture to record. Pick a camera or a screen first.")?;
        let mut beside = vec![Beside::Video(video)];
        if let Some(track) = self.desk.sound() {
            match source::samples(&track) {
                Ok(stream) => beside.push(Beside::Audio(stream)),
                Err(_) => self.note("The sound of this microphone cannot be recorded here, so this film will be silent."),
            }
        }
        self.lock.set_value(Some(lock));
        self.begin(&session);
        self.send(
            &Request::Start {
                session,
                contract: self.contract(),
            },
            beside,
        );
        self.stage.set(Stage::Recording);
        self.awake.set_value(Awake::hold().await);
        Ok(())
    }

    /// Takes the next session for this tab. Two tabs may have the same one in mind: whoever comes second takes a new one,
    /// and is told when the first still has it.
    async fn claim(self) -> Option<(SessionId, Lock)> {
        let wanted = self.session.get_untracked();
        let lock = lock::take(wanted.as_str()).await;
        // The name is no longer the next one where another tab has used it since this one read it.
        let used = store::works() && store::read(NEXT).as_deref() != Some(wanted.as_str());
        if lock.is_some() && !used {
            return lock.map(|lock| (wanted, lock));
        }
        if lock.is_none() {
            store::forget(NEXT);
        }
        let fresh = next_session();
        self.session.set(fresh.clone());
        self.read_photos();
        lock?;
        lock::take(fresh.as_str()).await.map(|lock| (fresh, lock))
    }

    /// Forgets what the screen showed of the session before.
    fn begin(self, session: &SessionId) {
        store::forget(NEXT);
        self.session.set(session.clone());
        self.progress.set(Progress::default());
        self.choice.set(Choice::default());
        self.ended.set(None);
        self.signals.set(Vec::new());
        self.review.set(Session::default());
        self.chosen.set(None);
        self.head.set(None);
        self.files.clear();
        self.sending.clear();
        let navigator = js::window().navigator();
        let storage = js::get(&navigator, "storage");
        spawn_local(async move {
            // A wish: a browser that says no may clear the film when the disk is full, and no sooner.
            let _ = js::call(&storage, "persist").await;
        });
    }

    /// Ends filming, or an import with what is in.
    pub(crate) fn stop(self) {
        if matches!(
            self.stage.get_untracked(),
            Stage::Recording | Stage::Importing
        ) {
            self.stage.set(Stage::Closing);
            self.send(&Request::Stop, Vec::new());
        }
    }

    /// A device ended by itself: unplugged, or the browser's own “stop sharing”.
    pub(crate) fn lost(self, device: Device) {
        let filming = self.stage.get_untracked() == Stage::Recording;
        self.desk.forget(device);
        let (screen, camera) = self.desk.pictures();
        let picture_left = screen.is_some() || camera.is_some();
        if filming {
            self.wrong(fault::lost(device, picture_left));
            if !picture_left {
                self.stop();
            }
        } else if device != Device::Screen {
            self.note(format!(
                "The {device} was unplugged. Plug it in, or pick another."
            ));
        }
    }

    /// Brings in a film file.
    pub(crate) fn import(self, file: web_sys::File) {
        if self.stage.get_untracked() != Stage::Setup || !self.ready.get_untracked() {
            return;
        }
        self.word.set(None);
        self.desk.release();
        spawn_local(async move {
            let Some((session, lock)) = self.claim().await else {
                self.wrong("Another tab is using this session. Choose the film again to bring it into a new one.");
                return;
            };
            self.lock.set_value(Some(lock));
            self.begin(&session);
            self.stage.set(Stage::Importing);
            self.send(
                &Request::Import {
                    session,
                    contract: self.contract(),
                },
                vec![Beside::File(file)],
            );
        });
    }

    /// What a capture here must deliver, and what of it may leave the device.
    pub(crate) fn contract(self) -> Contract {
        Contract::default()
    }

    /// Opens a session kept earlier.
    pub(crate) fn open(self, session: SessionId) {
        self.word.set(None);
        self.desk.release();
        spawn_local(async move {
            let Some(lock) = lock::take(session.as_str()).await else {
                self.wrong("This session is open in another tab. Go on there, or close that tab and open it here.");
                return;
            };
            self.lock.set_value(Some(lock));
            self.begin(&session);
            self.read_photos();
            self.stage.set(Stage::Opening);
            self.send(&Request::Open { session }, Vec::new());
        });
    }

    /// Deletes a kept session with its photos and decisions.
    pub(crate) fn delete(self, session: SessionId) {
        spawn_local(async move {
            let Some(_lock) = lock::take(session.as_str()).await else {
                self.wrong("This session is open in another tab. Close that tab, then delete it.");
                return;
            };
            photo::forget(session.as_str()).await;
            store::forget(&decisions(&session));
            self.send(&Request::Delete { session }, Vec::new());
        });
    }

    /// Reviews photos alone, without a film.
    pub(crate) fn review_photos(self) {
        self.desk.release();
        self.begin(&self.session.get_untracked());
        self.open_review();
    }

    fn open_review(self) {
        spawn_local(async move {
            let session = self.session.get_untracked();
            let photos = photo::list(session.as_str()).await;
            let choice = self.choice.get_untracked();
            let review = store::read(&decisions(&session))
                .and_then(|saved| Session::resume(&saved, &choice, &photos))
                .unwrap_or_else(|| Session::new(&choice, &photos));
            self.chosen.set(review.clips.first().map(|clip| clip.id));
            self.photos.set(photos);
            self.review.set(review);
            self.stage.set(Stage::Review);
        });
    }

    /// Changes what the person decided, and keeps it.
    pub(crate) fn decide<T>(self, change: impl FnOnce(&mut Session) -> T) -> Option<T> {
        let result = self.review.try_update(change);
        self.review.with_untracked(|review| {
            store::save(&decisions(&self.session.get_untracked()), review)
        });
        result
    }

    /// Has clips chosen again, after the person said what they like.
    pub(crate) fn choose_again(self) {
        let taste = self.review.with_untracked(Session::taste);
        self.send(&Request::Choose { taste }, Vec::new());
    }

    /// Back to filming, with a new session.
    pub(crate) fn again(self) {
        self.word.set(None);
        self.back_to_setup();
    }

    fn back_to_setup(self) {
        self.lock.set_value(None);
        self.session.set(next_session());
        self.photos.set(Vec::new());
        self.read_photos();
        self.stage.set(Stage::Setup);
        // What was looked at may have been judged elsewhere.
        if let Some(inference) = self.inference.get_value() {
            self.engine.set(inference.engine());
        }
        self.send(&Request::List, Vec::new());
    }

    /// The page is made: what was decided has served its purpose, the recording stays.
    pub(crate) fn leave(self) {
        store::forget(&decisions(&self.session.get_untracked()));
        self.lock.set_value(None);
    }

    /// Whether leaving the page now would cut something off.
    pub(crate) fn busy(self) -> bool {
        match self.stage.get_untracked() {
            Stage::Recording | Stage::Importing | Stage::Closing => true,
            Stage::Sending => self.sending.running.get_untracked(),
            Stage::Setup | Stage::Opening | Stage::Review => false,
        }
    }

    fn read_photos(self) {
        let session = self.session.get_untracked();
        spawn_local(async move { self.photos.set(photo::list(session.as_str()).await) });
    }

    /// Takes a photo of what the camera sees, or of the picture on show.
    pub(crate) fn shoot(self, shown: web_sys::HtmlVideoElement) {
        let session = self.session.get_untracked();
        let camera = self.desk.pictures().1;
        spawn_local(async move {
            let taken = photo::shoot(camera.as_ref(), &shown).await;
            match taken {
                Ok(blob) => {
                    let name = format!("{:013}.jpg", js_sys::Date::now() as u64);
                    if photo::keep(session.as_str(), &name, &blob).await {
                        self.photos.update(|photos| photos.push(name));
                    } else {
                        self.wrong("The photo could not be kept: this device is full. Delete an earlier session below, then press again.");
                    }
                }
                Err(sentence) => self.wrong(sentence),
            }
        });
    }
}

/// Tells the studio when a track ends by itself.
pub(crate) fn watch(
    studio: Studio,
    device: Device,
    stream: &web_sys::MediaStream,
) -> Option<crate::browser::listener::Listener> {
    let track = device::track(stream)?;
    Some(crate::browser::listener::Listener::on(
        &track,
        "ended",
        move |_| studio.lost(device),
    ))
}

/// Files asked for already, so that none is cut twice.
pub(crate) type Asked = Rc<RefCell<HashSet<super::file::Key>>>;
