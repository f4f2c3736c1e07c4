//! The sessions kept on this device.

use leptos::prelude::*;
use protocol::StoredSession;

use super::studio::Studio;
use crate::{browser::js, wording};

/// The list, newest first; nothing when there are none.
#[component]
pub(crate) fn KeptSessions(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let some = move || {
        studio
            .kept
            .with(|kept| kept.as_ref().is_some_and(|kept| !kept.is_empty()))
    };
    let each = move || {
        let taken = studio.taken.get();
        studio
            .kept
            .get()
            .unwrap_or_default()
            .into_iter()
            .map(|kept| {
                let busy = taken.iter().any(|name| name == kept.session.as_str());
                (kept, busy)
            })
            .collect::<Vec<_>>()
    };
    view! {
        <Show when=some>
            <section class="kept" aria-labelledby="kept-title" data-test="kept">
                <h2 id="kept-title">"On this device"</h2>
                <For each=each key=|(kept, busy)| (kept.session.clone(), kept.bytes, kept.complete, *busy) let:item>
                    <Row studio kept=item.0 busy=item.1 />
                </For>
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
    kept: StoredSession,
    /// Whether another tab has it.
    busy: bool,
) -> impl IntoView {
    let asking = RwSignal::new(false);
    let session = StoredValue::new(kept.session.clone());
    let state = match (busy, kept.complete) {
        (true, _) => "open in another tab",
        (false, true) => "",
        (false, false) => "recovered: the recording was cut off, what was filmed is here",
    };
    let name = date(kept.started_at);
    let label = format!("Open the session of {name}");
    view! {
        <div class="kept-row" data-test="kept-session" data-session=kept.session.to_string() data-complete=kept.complete.to_string()>
            <span class="kept-name">
                {name}
                {(!state.is_empty()).then(|| view! { <span class="kept-state soft small">{state}</span> })}
            </span>
            <span class="figure">{wording::length(kept.duration)}</span>
            <span class="figure">{wording::size(kept.bytes)}</span>
            <button type="button" class="link" aria-label=label.clone() data-test="session-open" on:click=move |_| studio.open(session.get_value())>
                "Open"
            </button>
            <Show when=move || !busy>
                <Show
                    when=move || asking.get()
                    fallback=move || {
                        view! {
                            <button type="button" class="link" data-test="session-delete" on:click=move |_| asking.set(true)>"Delete"</button>
                        }
                    }
                >
                    <button type="button" class="link" data-test="session-delete-sure" on:click=move |_| studio.delete(session.get_value())>
                        "Delete for good"
                    </button>
                    <button type="button" class="link" on:click=move |_| asking.set(false)>"Keep"</button>
                </Show>
            </Show>
        </div>
    }
}
