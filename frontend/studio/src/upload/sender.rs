//! One file on its way, by tus; the state machine is [`Transfer`].

use std::rc::Rc;

use domain::{
    id::MediaId,
    wire::{
        address,
        upload::{self as wire, header},
        viewer,
    },
};
use gloo::net::http::Method;
use web_sys::Blob;

use super::{
    item::Item,
    progress::{Activity, Hold},
    tus::{Action, Reply, Transfer},
};
use crate::browser::{
    connection, error,
    http::{self, Response},
    proof::{Credential, signed},
};

/// Milliseconds between two questions whether a file is ready: at first, and at most.
const FIRST_LOOK_MS: u32 = 200;
const LONGEST_LOOK_MS: u32 = 10_000;

/// How sending a file ended.
pub(super) enum Ending {
    /// All bytes are with the server.
    Complete,
    /// It cannot go on by itself: why, and what to do.
    Failed(String),
    /// It waits until whoever kept it is signed in.
    Held(Hold),
    /// It goes on later: the connection may not be used for it now, or it was given up.
    Left,
}

/// What the queue knows and does while a file is sent.
pub(super) trait Watch {
    /// Whether the file may go on now.
    fn may_send(&self) -> bool;
    /// What happens to it.
    fn activity(&self, activity: Activity);
    /// A request was answered, or was not.
    fn answered(&self, response: &Response);
    /// Keeps how far it is, durably. Returns whether it is still wanted.
    async fn keep(&self, url: Option<&str>, sent: u64) -> bool;
}

/// Sends what is missing of a file.
pub(super) async fn send(item: &Item, file: &Blob, watch: &Rc<impl Watch + 'static>) -> Ending {
    let owner = item.owner.header();
    let mut transfer = Transfer::new(item.length, item.url.clone());
    loop {
        if !watch.may_send() {
            return Ending::Left;
        }
        let response = match transfer.next_action() {
            Action::Finished { .. } => return Ending::Complete,
            Action::GiveUp { message } => return Ending::Failed(message),
            Action::Wait { ms } => {
                watch.activity(Activity::Pausing);
                connection::pause(ms).await;
                transfer.waited();
                continue;
            }
            Action::Create => {
                let length = item.length.to_string();
                let headers = [
                    (header::UPLOAD_LENGTH, length.as_str()),
                    (header::UPLOAD_METADATA, item.metadata.as_str()),
                ];
                ask(Method::POST, address::UPLOADS, &owner, &headers).await
            }
            Action::Head { url } => ask(Method::HEAD, &url, &owner, &[]).await,
            Action::Patch { url, start, end } => {
                watch.activity(Activity::Sending(start));
                let Ok(chunk) = file.slice_with_f64_and_f64(start as f64, end as f64) else {
                    return Ending::Failed(
                        "The file on this device can no longer be read. Leave it out, or make the page again from its session.".to_owned(),
                    );
                };
                let offset = start.to_string();
                let headers = [
                    (header::UPLOAD_OFFSET, offset.as_str()),
                    ("Content-Type", wire::CONTENT_TYPE),
                ];
                signed(&owner, "PATCH", &url, async |credential| {
                    let headers = with_tus(&owner, &credential, &headers);
                    let progress = Rc::clone(watch);
                    http::patch(&url, &headers, &chunk, move |bytes| {
                        progress.activity(Activity::Sending(start + bytes));
                    })
                    .await
                })
                .await
            }
        };
        watch.answered(&response);
        if let Some(hold) = held(&response) {
            return Ending::Held(hold);
        }
        let before = (transfer.url().map(str::to_owned), transfer.offset());
        transfer.handle(&reply(&response), js_sys::Math::random());
        let now = (transfer.url().map(str::to_owned), transfer.offset());
        if now != before && !watch.keep(now.0.as_deref(), now.1).await {
            return Ending::Left;
        }
    }
}

/// Whether an answer means that somebody else, or nobody, is signed in.
pub(super) fn held(response: &Response) -> Option<Hold> {
    match response.status {
        401 => Some(Hold::SignedOut),
        // An answer to `HEAD` has no body to say it in.
        403 if response.body.is_empty() => Some(Hold::OtherPerson),
        403 if response.code().as_deref() == Some(viewer::OTHER_VIEWER) => Some(Hold::OtherPerson),
        _ => None,
    }
}

/// Sends a signed request of the protocol without a body.
async fn ask(method: Method, url: &str, owner: &str, headers: &[(&str, &str)]) -> Response {
    signed(owner, method.as_str(), url, async |credential| {
        http::send(method.clone(), url, &with_tus(owner, &credential, headers)).await
    })
    .await
}

/// Headers, and those of every request of the protocol.
fn with_tus<'a>(
    owner: &'a str,
    credential: &'a Credential,
    headers: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![
        (header::TUS_RESUMABLE, wire::VERSION),
        ("Accept", "application/json"),
        (viewer::HEADER, owner),
    ];
    all.extend(credential.headers());
    all.extend_from_slice(headers);
    all
}

fn reply(response: &Response) -> Reply {
    Reply {
        status: response.status,
        location: response.header("Location"),
        offset: response
            .header(header::UPLOAD_OFFSET)
            .and_then(|text| text.parse().ok()),
        retry_after: response
            .header("Retry-After")
            .and_then(|text| text.parse().ok()),
        message: response.message(),
    }
}

/// What became of a file whose bytes are with the server.
pub(super) enum Prepared {
    /// The server has made it ready.
    Ready(MediaId),
    /// The server does not know this upload, or not all of it.
    Gone,
    /// The server cannot use the file.
    Refused(String),
    /// It waits until whoever kept it is signed in.
    Held(Hold),
}

/// Asks until the server has made an upload ready.
pub(super) async fn prepared(item: &Item, watch: &impl Watch) -> Prepared {
    let owner = item.owner.header();
    let Some(url) = &item.url else {
        return Prepared::Gone;
    };
    let mut wait_ms = FIRST_LOOK_MS;
    loop {
        let response = ask(Method::GET, url, &owner, &[]).await;
        watch.answered(&response);
        if let Some(hold) = held(&response) {
            return Prepared::Held(hold);
        }
        match response.status {
            200 => match serde_json::from_str(&response.body) {
                Ok(wire::Status::Ready { media }) => return Prepared::Ready(media.id),
                Ok(wire::Status::Failed { error }) => {
                    return Prepared::Refused(error.unwrap_or_else(|| {
                        "The shop could not read this file. Leave it out, or film it again.".into()
                    }));
                }
                Ok(wire::Status::Receiving { .. }) => return Prepared::Gone,
                Ok(wire::Status::Processing {}) => {}
                Err(_) => return Prepared::Refused(error::unreadable_answer().into()),
            },
            404 | 410 => return Prepared::Gone,
            // The network may come back, and the server goes on meanwhile.
            _ => {}
        }
        connection::pause(wait_ms).await;
        wait_ms = (wait_ms * 3 / 2).min(LONGEST_LOOK_MS);
    }
}

/// Tells the server that nobody wants an upload any more. Where it does not hear that, the upload expires.
pub(super) async fn terminate(item: &Item) {
    if let (Some(url), None) = (&item.url, &item.media) {
        let owner = item.owner.header();
        let _ = ask(Method::DELETE, url, &owner, &[]).await;
    }
}
