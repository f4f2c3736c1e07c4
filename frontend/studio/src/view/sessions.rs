//! The sessions kept on this device.

use leptos::prelude::*;
use protocol::StoredSession;

use super::room::DeviceRoom;
use crate::{browser::js, state::Studio, wording};

/// The list, newest first; nothing when there are none.
#[component]
pub(crate) fn Sessions(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let owner = StoredValue::new(studio.uploads.owner());
    let some = move || {
        studio
            .sessions
            .with(|sessions| sessions.as_ref().is_some_and(|all| !all.is_empty()))
    };
    let each = move || {
        let locked = studio.locked_sessions.get();
        let all = studio.sessions.get().unwrap_or_default();
        let (mine, _) = owner.with_value(|owner| studio.store.of(owner, &all));
        mine.into_iter()
            .map(|stored| {
                let locked = locked.iter().any(|name| name == stored.session.as_str());
                let made = studio.store.is_made(&stored.session);
                (stored.clone(), locked, made)
            })
            .collect::<Vec<_>>()
    };
    let others = move || {
        let all = studio.sessions.get().unwrap_or_default();
        let (_, theirs) = owner.with_value(|owner| studio.store.of(owner, &all));
        (!theirs.is_empty()).then(|| {
            format!(
                "{} of somebody else who uses this browser, {}. Only they see and delete them.",
                wording::count(theirs.len(), "recording", "recordings"),
                wording::size(theirs.iter().map(|one| one.bytes).sum())
            )
        })
    };
    view! {
        <Show when=some>
            <section class="sessions" aria-labelledby="sessions-title" data-test="kept">
                <h2 id="sessions-title">"On this device"</h2>
                <For each=each key=|(stored, locked, made)| (stored.session.clone(), stored.bytes, stored.complete, *locked, *made) let:item>
                    <Row studio stored=item.0 locked=item.1 made=item.2 />
                </For>
                {move || others().map(|text| view! { <p class="small soft room-kept" data-test="sessions-others">{text}</p> })}
                <DeviceRoom studio />
            </section>
        </Show>
    }
}

/// When something began, in the person's own way of writing dates.
fn date(unix_ms: i64) -> String {
    let date = js_sys::Date::new(&(unix_ms as f64).into());
    let short = js::from_json(&serde_json::json!({ "dateStyle": "medium", "timeStyle": "short" }));
    date.to_locale_string("default", &short).into()
}

#[component]
fn Row(
    /// The studio.
    studio: Studio,
    /// The session.
    stored: StoredSession,
    /// Whether another tab has it.
    locked: bool,
    /// Whether a page was made of it.
    made: bool,
) -> impl IntoView {
    let asking = RwSignal::new(false);
    let session = StoredValue::new(stored.session.clone());
    let state = match (locked, stored.complete, made) {
        (true, ..) => "open in another tab",
        (false, _, true) => "a page was made of it",
        (false, true, false) => "",
        (false, false, false) => "recovered: the recording was cut off, what was filmed is here",
    };
    let act = if stored.complete { "Open" } else { "Finish it" };
    let name = date(stored.started_at);
    let label = format!("Open the session of {name}");
    view! {
        <div class="session-row" data-test="kept-session" data-session=stored.session.to_string() data-complete=stored.complete.to_string()>
            <span class="session-name">
                {name}
                {(!state.is_empty()).then(|| view! { <span class="session-state soft small">{state}</span> })}
            </span>
            <span class="figure">{wording::length(stored.duration)}</span>
            <span class="figure">{wording::size(stored.bytes)}</span>
            <button type="button" class="link" aria-label=label.clone() data-test="session-open" on:click=move |_| studio.open_session(session.get_value())>
                {act}
            </button>
            <Show when=move || !locked>
                <Show
                    when=move || asking.get()
                    fallback=move || {
                        view! {
                            <button type="button" class="link" data-test="session-delete" on:click=move |_| asking.set(true)>"Delete"</button>
                        }
                    }
                >
                    <button type="button" class="link" data-test="session-delete-sure" on:click=move |_| studio.delete_session(session.get_value())>
                        "Delete for good"
                    </button>
                    <button type="button" class="link" on:click=move |_| asking.set(false)>"Keep"</button>
                </Show>
            </Show>
        </div>
    }
}
