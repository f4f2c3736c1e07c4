//! The files of an upload on their way: one after the other by tus, each until the server has made it ready.

use domain::{
    capture::Metadata,
    id::{MediaId, SessionId},
    media::Kind,
    wire::{address, upload as wire},
};
use gloo::{events::EventListener, net::http::Method};
use leptos::prelude::*;

use super::{
    draft,
    file::{FileStatus, FileUpload},
    fingerprint,
    tus::{self, Action, Reply, Transfer},
};
use crate::{
    browser::{
        digest, error,
        http::{self, Response},
        js, storage,
    },
    review::{
        file::{File, Files},
        key::Key,
    },
    wording,
};

/// Milliseconds to wait for the server to make a file ready; AVIF of a large photo takes a small machine a while.
const READY_LIMIT_MS: f64 = 300_000.0;

/// What is uploaded, and where to.
#[derive(Clone)]
pub(crate) struct Batch {
    /// The handle of the shop.
    pub(crate) shop: String,
    /// Longest file the server takes, bytes.
    pub(crate) max_bytes: u64,
    /// What the clips show, for those who cannot see it: the title, once somebody gave one.
    pub(crate) alt: Option<String>,
    /// The session the files come from.
    pub(crate) session: SessionId,
    /// What may leave the device beside the files.
    pub(crate) may_leave: Metadata,
    /// The files of that session.
    pub(crate) files: Files,
}

/// All files on their way.
#[derive(Clone, Copy)]
pub(crate) struct Uploads {
    /// The files, in the order of the page.
    pub(crate) files: RwSignal<Vec<FileUpload>>,
    /// Whether it is under way, as opposed to waiting for the person.
    pub(crate) running: RwSignal<bool>,
    /// Why the draft was not made, when all files are with the server.
    pub(crate) refused: RwSignal<Option<String>>,
}

impl Uploads {
    /// Nothing on its way.
    pub(crate) fn new() -> Self {
        Self {
            files: RwSignal::new(Vec::new()),
            running: RwSignal::new(false),
            refused: RwSignal::new(None),
        }
    }

    /// Forgets the files.
    pub(crate) fn clear(self) {
        self.files.set(Vec::new());
        self.running.set(false);
        self.refused.set(None);
    }

    /// Leaves a file out.
    pub(crate) fn leave_out(self, key: &Key) {
        self.files
            .update(|files| files.retain(|file| file.key != *key));
    }

    /// Gets ready to run, with everything that is not with the server. Returns whether it was at rest.
    pub(crate) fn begin(self) -> bool {
        if self.running.get_untracked() {
            return false;
        }
        self.running.set(true);
        self.refused.set(None);
        self.files.update(|files| {
            for file in files {
                if matches!(file.status, FileStatus::Failed(_)) {
                    file.status = FileStatus::Waiting;
                }
            }
        });
        true
    }

    /// Uploads what is missing. Returns whether all files are ready.
    pub(crate) async fn run(self, batch: &Batch) -> bool {
        // All bytes first, then the waiting: the server prepares the first files while the last are on their way.
        for at in 0..self.files.with_untracked(Vec::len) {
            if self.status(at) != Some(FileStatus::Ready) {
                let result = self.upload(batch, at).await;
                self.set_failure(at, result);
            }
        }
        for at in 0..self.files.with_untracked(Vec::len) {
            if self.status(at) == Some(FileStatus::Processing) {
                let result = self.wait_until_ready(batch, at).await;
                self.set_failure(at, result);
            }
        }
        // A page without a poster is still a page.
        self.files.update(|files| {
            files.retain(|file| file.on_page || file.status == FileStatus::Ready);
        });
        self.files.with_untracked(|files| {
            !files.is_empty() && files.iter().all(|file| file.status == FileStatus::Ready)
        })
    }

    /// The draft is made: the addresses of the uploads have served their purpose.
    pub(crate) fn finish(self) {
        self.running.set(false);
        self.files.with_untracked(|files| {
            for file in files {
                storage::remove(&file.storage_key);
            }
        });
    }

    fn change(self, at: usize, change: impl FnOnce(&mut FileUpload)) {
        self.files.update(|files| {
            if let Some(file) = files.get_mut(at) {
                change(file);
            }
        });
    }

    fn set_status(self, at: usize, status: FileStatus) {
        self.change(at, |file| file.status = status);
    }

    fn set_failure(self, at: usize, result: Result<(), String>) {
        if let Err(message) = result {
            self.set_status(at, FileStatus::Failed(message));
        }
    }

    fn status(self, at: usize) -> Option<FileStatus> {
        self.files
            .with_untracked(|files| files.get(at).map(|file| file.status.clone()))
    }

    fn file(self, at: usize) -> Result<FileUpload, String> {
        self.files
            .with_untracked(|files| files.get(at).cloned())
            .ok_or_else(|| "This file is no longer kept. Go back to the clips.".to_owned())
    }

    /// Uploads the bytes of one file.
    async fn upload(self, batch: &Batch, at: usize) -> Result<(), String> {
        let planned = self.file(at)?;
        self.set_status(at, FileStatus::Cutting);
        let file = batch.files.get(&planned.key).await?;
        let length = file.length();
        if planned.kind == Kind::Clip {
            // A cut may begin later than asked for: what the file really holds is what the server is told.
            self.change(at, |upload| upload.span = Some((file.start, file.end)));
        }
        if length > batch.max_bytes {
            return Err(format!(
                "This file has {} and the shop takes {}. Trim the clip, or leave it out.",
                wording::size(length),
                wording::size(batch.max_bytes)
            ));
        }
        let digest = digest::sha256(&file.blob).await;
        let key = fingerprint::key(&batch.shop, planned.kind.as_str(), length, &digest);
        self.change(at, |upload| {
            upload.length = length;
            upload.status = FileStatus::Uploading;
            upload.storage_key.clone_from(&key);
        });
        let url = self.transfer(batch, at, &file, &key).await?;
        self.change(at, |upload| {
            upload.sent = length;
            upload.url = url;
            upload.status = FileStatus::Processing;
        });
        Ok(())
    }

    /// Waits until the server has made one file ready.
    async fn wait_until_ready(self, batch: &Batch, at: usize) -> Result<(), String> {
        // An upload that is done, but whose file the server has thrown away since, is uploaded once more.
        for _ in 0..2 {
            let file = self.file(at)?;
            match ready(&file.url).await {
                Ok(media) => {
                    self.change(at, |file| {
                        file.media = Some(media);
                        file.status = FileStatus::Ready;
                    });
                    return Ok(());
                }
                Err(Unready::Gone) => {
                    storage::remove(&file.storage_key);
                    self.upload(batch, at).await?;
                }
                Err(Unready::Refused(message)) => {
                    storage::remove(&file.storage_key);
                    return Err(message);
                }
                Err(Unready::Unknown(message)) => return Err(message),
            }
        }
        Err(
            "The shop lost this file twice. Look at the server's log, then press “Try again”."
                .into(),
        )
    }

    /// Takes one file through the protocol. Returns the upload's address.
    async fn transfer(
        self,
        batch: &Batch,
        at: usize,
        file: &File,
        key: &str,
    ) -> Result<String, String> {
        let length = file.length();
        let planned = self.file(at)?;
        let alt = batch.alt.as_deref();
        let alt = alt.filter(|_| planned.kind == Kind::Clip || !planned.on_page);
        let pairs = draft::file_metadata(
            planned.kind,
            &batch.session,
            planned.span,
            alt,
            &batch.may_leave,
        );
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let metadata = tus::metadata(&pairs);
        let mut transfer = Transfer::new(length, storage::read(key));
        loop {
            self.change(at, |upload| upload.sent = transfer.offset());
            let response = match transfer.next_action() {
                Action::Finished { url } => return Ok(url),
                Action::GiveUp { message } => return Err(message),
                Action::Wait { ms } => {
                    self.set_status(at, FileStatus::Offline);
                    wait_or_online(ms).await;
                    transfer.waited();
                    self.set_status(at, FileStatus::Uploading);
                    continue;
                }
                Action::Create => {
                    let length = length.to_string();
                    let headers = with_tus(&[
                        (wire::header::UPLOAD_LENGTH, &length),
                        (wire::header::UPLOAD_METADATA, &metadata),
                    ]);
                    http::send(Method::POST, address::UPLOADS, &headers).await
                }
                Action::Head { url } => http::send(Method::HEAD, &url, &with_tus(&[])).await,
                Action::Patch { url, start, end } => {
                    let chunk = file
                        .blob
                        .slice_with_f64_and_f64(start as f64, end as f64)
                        .map_err(|_| "The file on this device can no longer be read. Reload the page and open the session again.")?;
                    let offset = start.to_string();
                    let headers = with_tus(&[
                        (wire::header::UPLOAD_OFFSET, &offset),
                        ("Content-Type", wire::CONTENT_TYPE),
                    ]);
                    let on_progress =
                        move |bytes: u64| self.change(at, |upload| upload.sent = start + bytes);
                    http::patch(&url, &headers, &chunk, on_progress).await
                }
            };
            transfer.handle(&reply(&response));
            match transfer.url() {
                Some(url) => storage::write(key, &url),
                None => storage::remove(key),
            }
        }
    }
}

/// Headers, and those of every request of the protocol.
fn with_tus<'a>(headers: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![
        (wire::header::TUS_RESUMABLE, wire::VERSION),
        ("Accept", "application/json"),
    ];
    all.extend_from_slice(headers);
    all
}

fn reply(response: &Response) -> Reply {
    Reply {
        status: response.status,
        location: response.header("Location"),
        offset: response
            .header(wire::header::UPLOAD_OFFSET)
            .and_then(|text| text.parse().ok()),
        retry_after: response
            .header("Retry-After")
            .and_then(|text| text.parse().ok()),
        message: response.message(),
    }
}

/// Waits, but no longer than until the browser is online again.
async fn wait_or_online(ms: u32) {
    let (wake, woken) = futures::channel::oneshot::channel();
    let _online = EventListener::once(&js::window(), "online", move |_| {
        let _ = wake.send(());
    });
    futures::future::select(Box::pin(js::sleep(ms)), woken).await;
}

/// Why an upload is not ready.
enum Unready {
    /// The server does not know this upload.
    Gone,
    /// The server cannot use the file.
    Refused(String),
    /// It may still become ready.
    Unknown(String),
}

/// Asks until the server has made an upload ready.
async fn ready(url: &str) -> Result<MediaId, Unready> {
    let begun = js::now();
    let mut wait_ms = 200;
    loop {
        let response = http::send(Method::GET, url, &[("Accept", "application/json")]).await;
        match response.status {
            200 => match serde_json::from_str(&response.body) {
                Ok(wire::Status::Ready { media }) => return Ok(media.id),
                Ok(wire::Status::Failed { error }) => {
                    return Err(Unready::Refused(error.unwrap_or_else(|| {
                        "The shop could not read this file. Leave it out, or film it again.".into()
                    })));
                }
                Ok(wire::Status::Processing {} | wire::Status::Receiving { .. }) => {}
                Err(_) => return Err(Unready::Unknown(error::unreadable_answer().into())),
            },
            404 | 410 => return Err(Unready::Gone),
            401 | 403 => {
                return Err(Unready::Unknown(
                    "You are signed out. Sign in in another tab, then press “Try again”.".into(),
                ));
            }
            // The network may come back, and the server goes on meanwhile.
            _ => {}
        }
        if js::now() - begun > READY_LIMIT_MS {
            return Err(Unready::Unknown(
                "The shop is still working on this file after five minutes. Press “Try again” to ask once more.".into(),
            ));
        }
        js::sleep(wait_ms).await;
        wait_ms = (wait_ms * 3 / 2).min(2_000);
    }
}
