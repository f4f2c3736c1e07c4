//! The way to the shop: one file after the other by tus, each until the shop has made it ready, then the draft.

use std::rc::Rc;

use domain::{
    highlight::{
        Reason,
        document::{Document, Item as Told, Known, Model, Schema},
    },
    id::MediaId,
    media::Kind,
};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::{
    file::{File, Key},
    studio::{Stage, Studio},
};
use crate::{
    browser::{
        js,
        listener::Listener,
        request::{self, Body},
        store,
    },
    review::session::Source,
    upload::{
        draft::{self, Draft, Made, Status},
        fingerprint,
        tus::{self, Ask, Reply, Transfer},
    },
};

/// The server's collection of uploads.
const UPLOADS: &str = "/api/uploads";
/// Milliseconds to wait for the shop to make a file ready; AVIF of a large photo takes a small machine a while.
const PATIENCE: f64 = 300_000.0;

/// What the network that finds shots is called.
const MODEL: &str = "shots";

/// How far one file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// Not yet begun.
    Waiting,
    /// Being cut from the recording.
    Cutting,
    /// On its way.
    Sending,
    /// The connection is cut; it is tried again by itself.
    Offline,
    /// With the shop, which makes its variants.
    Processing,
    /// Done.
    Ready,
    /// It cannot go on by itself: why, and what to do.
    Failed(String),
}

/// One file on its way.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// Which file.
    pub(crate) key: Key,
    /// Picture or clip.
    pub(crate) kind: Kind,
    /// What it is called on the page.
    pub(crate) name: String,
    /// Its first instant in the recording and one past its last, s; `None` for a photo taken with the shutter.
    span: Option<(f64, f64)>,
    /// How good it was found, where that was asked.
    score: Option<f32>,
    /// Why it was chosen.
    reasons: Vec<Reason>,
    /// Its length, bytes; 0 until it is cut.
    pub(crate) length: u64,
    /// Bytes that have left.
    pub(crate) sent: u64,
    /// How far it is.
    pub(crate) state: State,
    media: Option<MediaId>,
    /// Under which key the upload's address is kept.
    remembered: String,
    /// The upload's address, once its bytes are with the shop.
    url: String,
}

/// All files on their way.
#[derive(Clone, Copy)]
pub(crate) struct Sending {
    /// The product's name, as typed.
    pub(crate) title: RwSignal<String>,
    /// The files, in the order of the page.
    pub(crate) items: RwSignal<Vec<Item>>,
    /// Whether it is under way, as opposed to waiting for the person.
    pub(crate) running: RwSignal<bool>,
    /// Why the draft was not made, when all files are with the shop.
    pub(crate) refused: RwSignal<Option<String>>,
}

impl Sending {
    /// Nothing on its way.
    pub(crate) fn new() -> Self {
        Self {
            title: RwSignal::new(String::new()),
            items: RwSignal::new(Vec::new()),
            running: RwSignal::new(false),
            refused: RwSignal::new(None),
        }
    }

    /// Forgets the files; the title stays, it may have been typed early.
    pub(crate) fn clear(self) {
        self.items.set(Vec::new());
        self.running.set(false);
        self.refused.set(None);
    }

    fn change(self, at: usize, change: impl FnOnce(&mut Item)) {
        self.items.update(|items| {
            if let Some(item) = items.get_mut(at) {
                change(item);
            }
        });
    }

    /// Sends what is kept, then makes the draft.
    pub(crate) fn start(self, studio: Studio) {
        let (pictures, clips) = studio.review.with_untracked(|review| {
            let pictures: Vec<Item> = review
                .kept_pictures()
                .into_iter()
                .enumerate()
                .map(|(i, picture)| {
                    let span = match picture.source {
                        Source::Frame(t) => Some((t, t)),
                        Source::Photo(_) => None,
                    };
                    let name = if i == 0 {
                        "First photo".into()
                    } else {
                        format!("Photo {}", i + 1)
                    };
                    Item {
                        score: picture.score,
                        reasons: picture.reasons.clone(),
                        ..item(Key::picture(picture), Kind::Photo, name, span)
                    }
                })
                .collect();
            let clips: Vec<Item> = review
                .kept_clips()
                .into_iter()
                .enumerate()
                .map(|(i, clip)| {
                    let name = format!("Clip {}", i + 1);
                    Item {
                        score: clip.score,
                        reasons: clip.reasons.clone(),
                        ..item(
                            Key::clip(clip),
                            Kind::Clip,
                            name,
                            Some((clip.start, clip.end)),
                        )
                    }
                })
                .collect();
            (pictures, clips)
        });
        let mut items = draft::order(pictures, clips);
        // Most files were made for the review, so the whole is known from the start.
        for item in &mut items {
            item.length = studio.files.size(&item.key).unwrap_or(0);
        }
        if items.is_empty() {
            studio.wrong("Nothing is kept. Keep at least one clip or photo, then make the page.");
            return;
        }
        studio.word.set(None);
        self.items.set(items);
        studio.stage.set(Stage::Sending);
        self.go(studio);
    }

    /// Goes on after a failure, with everything that is not ready.
    pub(crate) fn go(self, studio: Studio) {
        if self.running.get_untracked() {
            return;
        }
        self.running.set(true);
        self.refused.set(None);
        self.items.update(|items| {
            for item in items {
                if matches!(item.state, State::Failed(_)) {
                    item.state = State::Waiting;
                }
            }
        });
        spawn_local(async move {
            self.run(studio).await;
            self.running.set(false);
        });
    }

    /// Leaves a file out and goes on.
    pub(crate) fn leave_out(self, studio: Studio, key: &Key) {
        self.items
            .update(|items| items.retain(|item| item.key != *key));
        self.go(studio);
    }

    async fn run(self, studio: Studio) {
        // All bytes first, then the waiting: the shop prepares the first files while the last are on their way.
        for at in 0..self.items.with_untracked(Vec::len) {
            if self.state(at) != Some(State::Ready) {
                let brought = self.bring(studio, at).await;
                self.note(at, brought);
            }
        }
        for at in 0..self.items.with_untracked(Vec::len) {
            if self.state(at) == Some(State::Processing) {
                let ready = self.wait(studio, at).await;
                self.note(at, ready);
            }
        }
        let all = self.items.with_untracked(|items| {
            !items.is_empty() && items.iter().all(|item| item.state == State::Ready)
        });
        if all && let Err(sentence) = self.make(studio).await {
            self.refused.set(Some(sentence));
        }
    }

    fn state(self, at: usize) -> Option<State> {
        self.items
            .with_untracked(|items| items.get(at).map(|item| item.state.clone()))
    }

    fn note(self, at: usize, result: Result<(), String>) {
        if let Err(sentence) = result {
            self.change(at, |item| item.state = State::Failed(sentence));
        }
    }

    fn item(self, at: usize) -> Result<Item, String> {
        self.items
            .with_untracked(|items| items.get(at).cloned())
            .ok_or_else(|| "This file is no longer kept. Go back to the clips.".to_owned())
    }

    /// Brings the bytes of one file to the shop.
    async fn bring(self, studio: Studio, at: usize) -> Result<(), String> {
        let item = self.item(at)?;
        self.change(at, |item| item.state = State::Cutting);
        let file = studio.files.get(studio, &item.key).await?;
        let length = file.blob.size() as u64;
        if item.kind == Kind::Clip {
            // A cut may begin later than asked for: what the file really holds is what the shop is told.
            self.change(at, |item| item.span = Some((file.start, file.end)));
        }
        let (most, shop) = studio
            .config
            .with_value(|config| (config.max_upload_bytes, config.shop.handle.clone()));
        if length > most {
            return Err(format!(
                "This file has {} and the shop takes {}. Trim the clip, or leave it out.",
                crate::wording::size(length),
                crate::wording::size(most)
            ));
        }
        let kind = draft::word(item.kind);
        let key = fingerprint::key(&shop, kind, length, &digest(&file.blob).await);
        self.change(at, |item| {
            item.length = length;
            item.state = State::Sending;
            item.remembered.clone_from(&key);
        });
        let url = self.transfer(studio, at, &file, &key).await?;
        self.change(at, |item| {
            item.sent = length;
            item.url = url;
            item.state = State::Processing;
        });
        Ok(())
    }

    /// Waits until the shop has made one file ready.
    async fn wait(self, studio: Studio, at: usize) -> Result<(), String> {
        // An upload that is done, but whose file the shop has thrown away since, is brought once more.
        for _ in 0..2 {
            let item = self.item(at)?;
            match ready(&item.url).await {
                Ok(media) => {
                    self.change(at, |item| {
                        item.media = Some(media);
                        item.state = State::Ready;
                    });
                    return Ok(());
                }
                Err(Unready::Gone) => {
                    store::forget(&item.remembered);
                    self.bring(studio, at).await?;
                }
                Err(Unready::Refused(sentence)) => {
                    store::forget(&item.remembered);
                    return Err(sentence);
                }
                Err(Unready::Unknown(sentence)) => return Err(sentence),
            }
        }
        Err(
            "The shop lost this file twice. Look at the server's log, then press “Try again”."
                .into(),
        )
    }

    async fn transfer(
        self,
        studio: Studio,
        at: usize,
        file: &Rc<File>,
        key: &str,
    ) -> Result<String, String> {
        let length = file.blob.size() as u64;
        let item = self.item(at)?;
        let session = studio.session.get_untracked();
        let about = draft::about(item.kind, &session, item.span, &studio.contract().metadata);
        let about: Vec<(&str, &str)> = about.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let metadata = tus::metadata(&about);
        let mut transfer = Transfer::new(length, store::read(key));
        loop {
            self.change(at, |item| item.sent = transfer.offset());
            let reply = match transfer.ask() {
                Ask::Finished { url } => return Ok(url),
                Ask::GiveUp { sentence } => return Err(sentence),
                Ask::Wait { ms } => {
                    self.change(at, |item| item.state = State::Offline);
                    pause(ms).await;
                    transfer.waited();
                    self.change(at, |item| item.state = State::Sending);
                    continue;
                }
                Ask::Create => {
                    let length = length.to_string();
                    let headers = [("Upload-Length", length.as_str()), ("Upload-Metadata", metadata.as_str())];
                    speak("POST", UPLOADS, &headers, Body::None, |_| {}).await
                }
                Ask::Head { url } => speak("HEAD", &url, &[], Body::None, |_| {}).await,
                Ask::Patch { url, start, end } => match file.blob.slice_with_f64_and_f64(start as f64, end as f64) {
                    Ok(chunk) => {
                        let offset = start.to_string();
                        let headers = [
                            ("Upload-Offset", offset.as_str()),
                            ("Content-Type", "application/offset+octet-stream"),
                        ];
                        let moved = move |bytes: u64| self.change(at, |item| item.sent = start + bytes);
                        speak("PATCH", &url, &headers, Body::Bytes(&chunk), moved).await
                    }
                    Err(_) => return Err("The file on this device can no longer be read. Reload the page and open the session again.".into()),
                },
            };
            transfer.hear(&reply);
            match transfer.url() {
                Some(url) => store::write(key, url),
                None => store::forget(key),
            }
        }
    }

    async fn make(self, studio: Studio) -> Result<(), String> {
        // Two equal pictures are one upload, and one on the page.
        let mut media: Vec<MediaId> = Vec::new();
        let session = studio.session.get_untracked();
        let mut told = Vec::new();
        self.items.with_untracked(|items| {
            for (item, id) in items
                .iter()
                .filter_map(|item| Some((item, item.media.as_ref()?)))
            {
                if !media.contains(id) {
                    media.push(id.clone());
                    told.push(Told::new(&session, item.known(id.clone())));
                }
            }
        });
        let network = studio
            .ended
            .with_untracked(|ended| ended.as_ref().map(|ended| ended.network));
        let draft = Draft {
            title: draft::title(&self.title.get_untracked())
                .unwrap_or_else(|| "New product".into()),
            media,
            session: network.map(|_| session.clone()),
            highlights: network.map(|network| {
                let (shots, histograms, frames) = studio.review.with_untracked(|review| {
                    (review.shots.clone(), review.histograms, review.frames)
                });
                Document {
                    schema: Schema::First,
                    session,
                    model: Some(Model {
                        name: MODEL.to_owned(),
                        network,
                    }),
                    frames: Some(frames),
                    items: told,
                    histograms: Some(histograms),
                    shots: Some(shots),
                }
                .filtered(&studio.contract().metadata)
            }),
        };
        let body = serde_json::to_string(&draft).map_err(|error| error.to_string())?;
        let made = request::json("POST", "/api/products", Body::Json(body)).await?;
        let made: Made = serde_json::from_value(made)
            .map_err(|_| "The page was made, but not where. Find it under Products.")?;
        self.running.set(false);
        self.items.with_untracked(|items| {
            for item in items {
                store::forget(&item.remembered);
            }
        });
        studio.leave();
        js::window()
            .location()
            .assign(&made.edit_url)
            .map_err(|_| "The page was made. Find it under Products.".to_owned())
    }
}

impl Item {
    /// What is known of it, under the name the shop gave it.
    fn known(&self, media: MediaId) -> Known {
        Known {
            media,
            kind: self.kind,
            span: self.span,
            score: self.score,
            reasons: self.reasons.clone(),
        }
    }
}

fn item(key: Key, kind: Kind, name: String, span: Option<(f64, f64)>) -> Item {
    Item {
        key,
        kind,
        name,
        span,
        score: None,
        reasons: Vec::new(),
        length: 0,
        sent: 0,
        state: State::Waiting,
        media: None,
        remembered: String::new(),
        url: String::new(),
    }
}

async fn digest(blob: &Blob) -> Vec<u8> {
    let digest = async {
        let bytes = JsFuture::from(blob.array_buffer()).await?;
        let subtle = js::window().crypto()?.subtle();
        JsFuture::from(subtle.digest_with_str_and_buffer_source("SHA-256", bytes.unchecked_ref())?)
            .await
    };
    // Without a digest nothing is resumed after a reload, because no key is ever met again.
    match digest.await {
        Ok(bytes) => js_sys::Uint8Array::new(&bytes).to_vec(),
        Err(_) => (js::now() as u64).to_be_bytes().to_vec(),
    }
}

async fn speak(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: Body<'_>,
    moved: impl Fn(u64) + 'static,
) -> Reply {
    let mut all = vec![("Tus-Resumable", "1.0.0"), ("Accept", "application/json")];
    all.extend_from_slice(headers);
    match request::send(method, url, &all, body, moved).await {
        Ok(answer) => Reply {
            status: answer.status,
            location: answer.header("Location"),
            offset: answer
                .header("Upload-Offset")
                .and_then(|text| text.parse().ok()),
            retry_after: answer
                .header("Retry-After")
                .and_then(|text| text.parse().ok()),
            sentence: answer.sentence(),
        },
        Err(_) => Reply::default(),
    }
}

/// Waits, but no longer than until the browser is online again.
async fn pause(ms: u32) {
    let (wake, woken) = futures::channel::oneshot::channel();
    let mut wake = Some(wake);
    let _listener = Listener::on(&js::window(), "online", move |_| {
        if let Some(wake) = wake.take() {
            let _ = wake.send(());
        }
    });
    let sleep = Box::pin(js::sleep(ms));
    futures::future::select(sleep, woken).await;
}

enum Unready {
    /// The shop does not know this upload.
    Gone,
    /// The shop cannot use the file.
    Refused(String),
    /// It may still become ready.
    Unknown(String),
}

async fn ready(url: &str) -> Result<MediaId, Unready> {
    let begun = js::now();
    let mut wait = 200;
    loop {
        let answer = request::send(
            "GET",
            url,
            &[("Accept", "application/json")],
            Body::None,
            |_| {},
        )
        .await;
        match answer {
            Ok(answer) if answer.status == 200 => match serde_json::from_str(&answer.body) {
                Ok(Status::Ready { media }) => return Ok(media.id),
                Ok(Status::Failed { error }) => {
                    return Err(Unready::Refused(error.unwrap_or_else(|| {
                        "The shop could not read this file. Leave it out, or film it again.".into()
                    })));
                }
                Ok(Status::Processing {} | Status::Receiving {}) => {}
                Err(_) => {
                    return Err(Unready::Unknown(
                        "The shop's answer could not be read. Reload the page, then try again."
                            .into(),
                    ));
                }
            },
            Ok(answer) if matches!(answer.status, 404 | 410) => return Err(Unready::Gone),
            Ok(answer) if matches!(answer.status, 401 | 403) => {
                return Err(Unready::Unknown(
                    "You are signed out. Sign in in another tab, then press “Try again”.".into(),
                ));
            }
            // The network may come back, and the shop goes on meanwhile.
            Ok(_) | Err(_) => {}
        }
        if js::now() - begun > PATIENCE {
            return Err(Unready::Unknown(
                "The shop is still working on this file after five minutes. Press “Try again” to ask once more.".into(),
            ));
        }
        js::sleep(wait).await;
        wait = (wait * 3 / 2).min(2_000);
    }
}
