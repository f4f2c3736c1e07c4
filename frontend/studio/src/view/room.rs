//! The room on this device: how much is taken, for how long one can film, and how to get more.

use domain::{capture::Room, id::SessionId};
use leptos::prelude::*;

use crate::{state::Studio, wording};

/// Bytes a second that a recording takes, roughly: what the encoder is asked for at the usual size of picture.
const BYTES_PER_S: f64 = 750_000.0;
/// A device with less than this left is nearly full, s of film.
const NEARLY_FULL_S: f64 = 600.0;

fn share(room: Room) -> String {
    wording::percent(room.used, room.quota.max(1)).to_string()
}

/// What is taken and what is left, under the sessions.
#[component]
pub(crate) fn DeviceRoom(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let store = studio.store;
    let nearly_full = move || {
        store
            .room
            .get()
            .is_some_and(|room| room.seconds_left(0, BYTES_PER_S) < NEARLY_FULL_S)
    };
    view! {
        {move || store.room.get().map(|room| {
            let left = room.seconds_left(0, BYTES_PER_S);
            let text = if room.is_full(0) {
                "This device is nearly full: there is no room to film.".to_owned()
            } else {
                format!("Room for about {} of film.", wording::about(left))
            };
            view! {
                <div class="room" class:low=nearly_full data-test="room" data-free=room.free().to_string()>
                    <div class="progress">
                        <span class="progress-what">{text}</span>
                        <span class="progress-number figure">{format!("{} of {}", wording::size(room.used), wording::size(room.quota))}</span>
                        <progress class="progress-bar" max="100" value=share(room)></progress>
                    </div>
                    <Show when=nearly_full>
                        <p class="small" role="status" data-test="nearly-full">"Delete sessions that you need no more. A recording ends by itself before the device is full, and keeps what it has."</p>
                    </Show>
                </div>
            }
        })}
        {move || match store.persistent.get() {
            Some(false) => view! {
                <p class="small room-kept" data-test="not-persistent">
                    "The browser may clear this when the disk gets full. "
                    <button type="button" class="link" data-test="persist" on:click=move |_| store.persist()>"Keep it until I delete it"</button>
                </p>
            }.into_any(),
            Some(true) => view! { <p class="small soft room-kept" data-test="persistent">"The browser keeps this until you delete it."</p> }.into_any(),
            None => ().into_any(),
        }}
        <Clean studio />
    }
}

/// Deletes the recordings whose pages are made, once the person says so.
#[component]
fn Clean(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let asking = RwSignal::new(false);
    let made = Memo::new(move |_| -> (Vec<SessionId>, u64) {
        let all = studio.sessions.get().unwrap_or_default();
        let locked = studio.locked_sessions.get();
        let (mine, _) = studio.store.of(&studio.uploads.owner(), &all);
        let done: Vec<_> = mine
            .into_iter()
            .filter(|one| studio.store.is_made(&one.session))
            .filter(|one| !locked.iter().any(|name| name == one.session.as_str()))
            .collect();
        (
            done.iter().map(|one| one.session.clone()).collect(),
            done.iter().map(|one| one.bytes).sum(),
        )
    });
    let what = move || {
        made.with(|(sessions, bytes)| {
            format!(
                "Delete {} already made into pages ({})",
                wording::count(sessions.len(), "recording", "recordings"),
                wording::size(*bytes)
            )
        })
    };
    view! {
        <Show when=move || made.with(|(sessions, _)| !sessions.is_empty())>
            <p class="small room-kept">
                <Show
                    when=move || asking.get()
                    fallback=move || view! {
                        <button type="button" class="link" data-test="clean" on:click=move |_| asking.set(true)>{what}</button>
                    }
                >
                    <button type="button" class="link" data-test="clean-sure" on:click=move |_| {
                        asking.set(false);
                        for session in made.get_untracked().0 {
                            studio.delete_session(session);
                        }
                    }>
                        "Delete them for good; the pages stay"
                    </button>
                    " "
                    <button type="button" class="link" on:click=move |_| asking.set(false)>"Keep"</button>
                </Show>
            </p>
        </Show>
    }
}

/// While filming: said once there is little room left.
#[component]
pub(crate) fn RoomWhileFilming(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let left = Memo::new(move |_| {
        let progress = studio.progress.get();
        let room = studio.store.room.get()?;
        let speed = if progress.seconds > 5.0 {
            progress.bytes as f64 / progress.seconds
        } else {
            BYTES_PER_S
        };
        let left = room.seconds_left(progress.bytes, speed);
        // Whole minutes, so that it does not flicker.
        (left < NEARLY_FULL_S).then_some((left / 60.0) as u64)
    });
    view! {
        {move || left.get().map(|minutes| {
            let text = match minutes {
                0 => "nearly full: less than a minute of room".to_owned(),
                n => format!("nearly full: room for about {n} min"),
            };
            view! { <span class="figure room-left" role="status" data-test="room-left">{text}</span> }
        })}
    }
}
