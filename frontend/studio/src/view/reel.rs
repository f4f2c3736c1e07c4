//! The reel: its player, and the clips in their order.

use leptos::{html::Video, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{HtmlAnchorElement, HtmlElement, KeyboardEvent, PointerEvent};

use super::icon;
use crate::{
    browser::js,
    review::{file::File, reel::Entry},
    state::{Studio, reel},
    wording,
};

/// Hands a film to the browser's downloads.
fn download(file: &File, name: &str) {
    let link = js::window()
        .document()
        .and_then(|document| document.create_element("a").ok())
        .and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok());
    if let Some(link) = link {
        link.set_href(file.url());
        link.set_download(name);
        link.click();
    }
}

/// The reel, if any clip is kept.
#[component]
pub(crate) fn Reel(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let reel = reel::Reel::new(studio, download);
    let any = move || reel.entries.with(|entries| !entries.is_empty());
    view! {
        <Show when=any>
            <section class="reel" aria-labelledby="reel-title" data-test="reel">
                <div class="reel-head">
                    <h2 id="reel-title">"Reel"</h2>
                    <p class="soft" data-test="reel-summary">
                        {move || reel.summary()}
                    </p>
                </div>
                <Player studio reel />
                <Order reel />
            </section>
        </Show>
    }
}

#[component]
fn Player(
    /// The studio.
    studio: Studio,
    /// The reel.
    reel: reel::Reel,
) -> impl IntoView {
    let video: NodeRef<Video> = NodeRef::new();
    let made = Memo::new(move |_| reel.film.with(Option::is_some));
    let waits = move || reel.is_cutting();
    let shape = move || {
        let size = studio
            .recording
            .with(|recording| recording.as_ref().map(|recording| recording.size));
        match size {
            Some((width, height)) if width > 0 && height > 0 => {
                f64::from(width) / f64::from(height)
            }
            _ => 16.0 / 9.0,
        }
        .to_string()
    };
    let moved = move || {
        if let Some(video) = video.get_untracked().filter(|video| !video.paused()) {
            reel.played(video.current_time());
        }
    };
    let loaded = move || {
        if let Some(video) = video.get_untracked()
            && reel.take_play(&video.current_src())
        {
            let _ = video.play();
        }
    };
    view! {
        <div class="reel-player">
            <div class="clip-frame" style=("--shape", shape)>
                <video
                    class="reel-picture"
                    node_ref=video
                    playsinline
                    preload="auto"
                    aria-label="The reel"
                    controls=move || made.get()
                    data-test="reel-video"
                    data-made=move || reel.is_current().to_string()
                    src=move || reel.url()
                    on:loadeddata=move |_| loaded()
                    on:timeupdate=move |_| moved()
                ></video>
                <Show when=move || !made.get()>
                    <button
                        type="button"
                        class="clip-play"
                        aria-label="Play the reel"
                        data-test="reel-play"
                        disabled=waits
                        on:click=move |_| reel.play()
                    >
                        {icon::play()}
                    </button>
                </Show>
            </div>
            {move || reel.error.get().map(|message| view! { <p class="notice wrong" role="alert">{message}</p> })}
            <div class="reel-actions">
                <button type="button" class="button quiet" data-test="reel-save" on:click=move |_| reel.save()>"Save reel"</button>
                <p class="small soft" role="status">
                    {move || if waits() { "Making the reel" } else { "Made on this device and not uploaded." }}
                </p>
            </div>
        </div>
    }
}

/// The clips in their order, each with ways to move it: a grip to drag or for arrow keys, and buttons.
#[component]
fn Order(
    /// The reel.
    reel: reel::Reel,
) -> impl IntoView {
    let ids = move || {
        reel.entries
            .with(|entries| entries.iter().map(|place| place.id).collect::<Vec<_>>())
    };
    let announcement = RwSignal::new(String::new());
    let held = RwSignal::new(None::<(u32, usize)>);
    view! {
        <ol class="reel-order" data-test="reel-order">
            <For each=ids key=|id| *id let:id>
                <Row reel id held announcement />
            </For>
        </ol>
        <p class="unseen" aria-live="polite">{announcement}</p>
    }
}

#[component]
fn Row(
    /// The reel.
    reel: reel::Reel,
    /// Which clip.
    id: u32,
    /// The clip that is dragged, and the place it would get.
    held: RwSignal<Option<(u32, usize)>>,
    /// What a screen reader says of a move.
    announcement: RwSignal<String>,
) -> impl IntoView {
    let at = Memo::new(move |_| {
        reel.entries
            .with(|entries| entries.iter().position(|place| place.id == id))
    });
    let place = Memo::new(move |_| {
        reel.entries
            .with(|entries| entries.iter().find(|place| place.id == id).copied())
    });
    let number = move || place.with(|place| place.map_or(0, |place| place.number));
    let count = move || reel.entries.with(Vec::len);
    let shown = move || place.with(|place| place.and_then(|place| place.shown));
    let go = move |to: usize| {
        let focused = focused();
        if reel.place(id, to) {
            announcement.set(format!(
                "Clip {} is now {} of {}",
                untrack(number),
                at.get_untracked().unwrap_or(0) + 1,
                untrack(count)
            ));
            // Its row is moved in the page, which takes the focus away.
            request_animation_frame(move || focus(focused));
        }
    };
    let step = move |later: bool| {
        if let Some(at) = at.get_untracked() {
            go(if later { at + 1 } else { at.saturating_sub(1) });
        }
    };
    let key = move |event: KeyboardEvent| {
        match event.key().as_str() {
            "ArrowUp" | "ArrowLeft" => step(false),
            "ArrowDown" | "ArrowRight" => step(true),
            "Home" => go(0),
            "End" => go(usize::MAX),
            _ => return,
        }
        event.prevent_default();
    };
    let named = move |what: &str| format!("reel-{what}-{id}");
    let grab = move |event: PointerEvent| {
        if let (Some(grip), Some(at)) = (element(&named("grip")), at.get_untracked()) {
            event.prevent_default();
            let _ = grip.set_pointer_capture(event.pointer_id());
            let _ = grip.focus();
            held.set(Some((id, at)));
        }
    };
    let drag = move |event: PointerEvent| {
        if held.with_untracked(|held| held.is_some_and(|held| held.0 == id)) {
            held.set(Some((id, row_at(event.client_y()))));
        }
    };
    let release = move || {
        if let Some((_, to)) = held.get_untracked() {
            held.set(None);
            go(to);
        }
    };
    // Where the dragged one would come to lie.
    let aimed = move |below: bool| {
        held.get().is_some_and(|(held, to)| {
            let from = reel
                .entries
                .with(|entries| entries.iter().position(|place| place.id == held));
            from.is_some_and(|from| {
                at.get() == Some(to) && (if below { to > from } else { to < from })
            })
        })
    };
    let what = move || match place.get() {
        Some(Entry {
            whole,
            shown: Some(shown),
            ..
        }) => wording::part(shown.end - shown.start, whole.end - whole.start),
        _ => "no room".to_owned(),
    };
    view! {
        <li
            class="reel-part"
            class:held=move || held.get().is_some_and(|held| held.0 == id)
            class:above=move || aimed(false)
            class:below=move || aimed(true)
            class:out=move || shown().is_none()
            class:now=move || reel.playing.get().is_some_and(|now| shown().is_some_and(|span| span.start == now))
            data-test="reel-part"
            data-start=move || shown().map(|span| format!("{:.6}", span.start))
            data-end=move || shown().map(|span| format!("{:.6}", span.end))
        >
            <button
                type="button"
                class="reel-grip"
                id=named("grip")
                aria-label=move || format!("Clip {}, {} of {}: move with the arrow keys", number(), at.get().unwrap_or(0) + 1, count())
                data-test="reel-grip"
                on:keydown=key
                on:pointerdown=grab
                on:pointermove=drag
                on:pointerup=move |_| release()
                on:pointercancel=move |_| held.set(None)
            >
                {icon::grip()}
                <span class="figure">{number}</span>
            </button>
            <span class="reel-what figure">
                <span>{move || place.with(|place| place.map(|place| wording::timecode(place.whole.start)))}</span>
                <span class="soft">{what}</span>
            </span>
            <button
                type="button"
                class="link"
                id=named("earlier")
                aria-label=move || format!("Clip {} earlier", number())
                aria-disabled=move || (at.get() == Some(0)).to_string()
                data-test="reel-earlier"
                on:click=move |_| step(false)
            >
                "Earlier"
            </button>
            <button
                type="button"
                class="link"
                id=named("later")
                aria-label=move || format!("Clip {} later", number())
                aria-disabled=move || at.get().is_some_and(|at| at + 1 == count()).to_string()
                data-test="reel-later"
                on:click=move |_| step(true)
            >
                "Later"
            </button>
        </li>
    }
}

/// The place in the reel at this height of the window.
fn row_at(y: f64) -> usize {
    let rows = js::window()
        .document()
        .and_then(|document| document.query_selector_all(".reel-part").ok());
    let Some(rows) = rows else { return 0 };
    let above = (0..rows.length())
        .filter_map(|n| rows.get(n)?.dyn_into::<HtmlElement>().ok())
        .filter(|row| row.get_bounding_client_rect().bottom() <= y)
        .count();
    above.min((rows.length() as usize).saturating_sub(1))
}

/// The id of what has the focus.
fn focused() -> Option<String> {
    Some(js::window().document()?.active_element()?.id())
}

fn focus(id: Option<String>) {
    if let Some(element) = id.and_then(|id| element(&id)) {
        let _ = element.focus();
    }
}

fn element(id: &str) -> Option<HtmlElement> {
    let found = js::window().document()?.get_element_by_id(id)?;
    found.dyn_into().ok()
}
