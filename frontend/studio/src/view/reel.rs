//! The reel: the kept clips as one film, in the order the person wants. Cut here on the device when somebody first
//! wants to see it, and again when its clips change; it is saved by hand and never sent.

use std::rc::Rc;

use domain::highlight::Span;
use leptos::{html::Video, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::{HtmlAnchorElement, HtmlElement, KeyboardEvent, PointerEvent};

use super::{
    file::{self, File, Key},
    icon,
    studio::Studio,
};
use crate::{
    browser::js,
    review::reel::{self, Place},
    wording,
};

/// Milliseconds a change must stand before the reel is cut anew: somebody who drags an end passes many.
const SETTLED: u32 = 150;

/// A reel that was cut.
pub(crate) struct Film {
    file: File,
    /// What it shows.
    spans: Vec<Span>,
}

/// What to do when the film is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Play,
    Save,
}

/// The reel on its way from clips to a film.
#[derive(Clone, Copy)]
pub(crate) struct Cut {
    studio: Studio,
    places: Memo<Vec<Place>>,
    /// What is shown, in order.
    spans: Memo<Vec<Span>>,
    film: RwSignal<Option<Rc<Film>>, LocalStorage>,
    trouble: RwSignal<Option<String>>,
    /// Whether somebody wanted to see it.
    asked: RwSignal<bool>,
    next: RwSignal<Option<Next>>,
    /// The start of the clip that is playing, s of the session.
    now: RwSignal<Option<f64>>,
    video: NodeRef<Video>,
}

impl Cut {
    fn new(studio: Studio) -> Self {
        let places =
            Memo::new(move |_| studio.review.with(|review| review.reel(&studio.contract())));
        let spans = Memo::new(move |_| {
            places.with(|places| places.iter().filter_map(|place| place.shown).collect())
        });
        let cut = Self {
            studio,
            places,
            spans,
            film: RwSignal::new_local(None),
            trouble: RwSignal::new(None),
            asked: RwSignal::new(false),
            next: RwSignal::new(None),
            now: RwSignal::new(None),
            video: NodeRef::new(),
        };
        Effect::new(move |_| {
            let spans = cut.spans.get();
            if cut.asked.get() && !spans.is_empty() && !cut.stands() {
                spawn_local(cut.make(spans));
            }
        });
        cut
    }

    /// Whether the film shows what it should.
    fn stands(self) -> bool {
        self.film.with(|film| {
            film.as_ref()
                .is_some_and(|film| self.spans.with(|spans| film.spans == *spans))
        })
    }

    async fn make(self, spans: Vec<Span>) {
        // The first one is waited for; a later one is of a change, and another may follow.
        if self.film.try_with_untracked(Option::is_some) == Some(true) {
            js::sleep(SETTLED).await;
        }
        let current = || self.spans.try_with_untracked(|now| *now == spans) == Some(true);
        if !current() {
            return;
        }
        let made = file::reel(self.studio, spans.clone()).await;
        if !current() {
            return;
        }
        match made {
            Ok(file) => {
                self.trouble.set(None);
                self.film.set(Some(Rc::new(Film { file, spans })));
                if self.next.get_untracked() == Some(Next::Save) {
                    self.next.set(None);
                    self.save();
                }
            }
            Err(sentence) => {
                self.trouble.set(Some(sentence));
                self.film.set(None);
                self.next.set(None);
                self.asked.set(false);
            }
        }
    }

    /// Plays it from the start, as soon as it is there.
    fn play(self) {
        self.next.set(Some(Next::Play));
        self.asked.set(true);
    }

    /// The player has the film.
    fn loaded(self) {
        let (Some(video), Some(film)) = (self.video.get_untracked(), self.film.get_untracked())
        else {
            return;
        };
        if self.next.get_untracked() == Some(Next::Play) && video.current_src() == film.file.url {
            self.next.set(None);
            let _ = video.play();
        }
    }

    /// Saves it as a file, as soon as it is there.
    fn save(self) {
        if !untrack(|| self.stands()) {
            self.next.set(Some(Next::Save));
            self.asked.set(true);
            return;
        }
        let link = js::window()
            .document()
            .and_then(|document| document.create_element("a").ok())
            .and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok());
        let film = self.film.get_untracked();
        if let (Some(link), Some(film)) = (link, film) {
            let title = self.studio.sending.title.get_untracked();
            let session = self.studio.session.get_untracked();
            link.set_href(&film.file.url);
            link.set_download(&wording::reel_name(&title, session.as_str()));
            link.click();
        }
    }

    /// What the player shows: the film; before that the clip it begins with, whose first picture is the same.
    fn address(self) -> Option<String> {
        if let Some(film) = self.film.get() {
            return Some(film.file.url.clone());
        }
        let first = self.places.with(|places| {
            let first = places.iter().find(|place| place.shown.is_some());
            first.map(|place| Key::span(place.whole))
        })?;
        let file = self.studio.files.show(self.studio, &first)?.ok()?;
        Some(file.url.clone())
    }
}

/// The reel, if any clip is kept.
#[component]
pub(crate) fn Reel(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let cut = Cut::new(studio);
    let any = move || cut.places.with(|places| !places.is_empty());
    view! {
        <Show when=any>
            <section class="reel" aria-labelledby="reel-title" data-test="reel">
                <div class="reel-head">
                    <h2 id="reel-title">"Reel"</h2>
                    <p class="soft" data-test="reel-summary">
                        {move || cut.places.with(|places| summary(places, studio.contract().reel_length))}
                    </p>
                </div>
                <Player cut />
                <Order cut />
            </section>
        </Show>
    }
}

fn summary(places: &[Place], longest: f64) -> String {
    let shown = places.iter().filter_map(|place| place.shown.as_ref());
    let count = shown.clone().count();
    wording::reel(count, reel::total(shown), places.len() - count, longest)
}

#[component]
fn Player(
    /// The reel.
    cut: Cut,
) -> impl IntoView {
    let studio = cut.studio;
    let made = Memo::new(move |_| cut.film.with(Option::is_some));
    let waits = move || cut.asked.get() && !cut.stands();
    let shape = move || {
        let size = studio
            .ended
            .with(|ended| ended.as_ref().map(|ended| ended.size));
        match size {
            Some((width, height)) if width > 0 && height > 0 => {
                f64::from(width) / f64::from(height)
            }
            _ => 16.0 / 9.0,
        }
        .to_string()
    };
    let moved = move || {
        let (Some(video), Some(film)) = (cut.video.get_untracked(), cut.film.get_untracked())
        else {
            return;
        };
        if !video.paused()
            && let Some((n, t)) = reel::at(&film.spans, video.current_time())
        {
            studio.head.set(Some(t));
            cut.now.set(film.spans.get(n).map(|span| span.start));
        }
    };
    view! {
        <div class="reel-player">
            <div class="clip-frame" style=("--shape", shape)>
                <video
                    class="reel-picture"
                    node_ref=cut.video
                    playsinline
                    preload="auto"
                    aria-label="The reel"
                    controls=move || made.get()
                    data-test="reel-video"
                    data-made=move || cut.stands().to_string()
                    src=move || cut.address()
                    on:loadeddata=move |_| cut.loaded()
                    on:timeupdate=move |_| moved()
                ></video>
                <Show when=move || !made.get()>
                    <button
                        type="button"
                        class="clip-play"
                        aria-label="Play the reel"
                        data-test="reel-play"
                        disabled=waits
                        on:click=move |_| cut.play()
                    >
                        {icon::play()}
                    </button>
                </Show>
            </div>
            {move || cut.trouble.get().map(|sentence| view! { <p class="notice wrong" role="alert">{sentence}</p> })}
            <div class="reel-acts">
                <button type="button" class="button quiet" data-test="reel-save" on:click=move |_| cut.save()>"Save reel"</button>
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
    cut: Cut,
) -> impl IntoView {
    let ids = move || {
        cut.places
            .with(|places| places.iter().map(|place| place.id).collect::<Vec<_>>())
    };
    let said = RwSignal::new(String::new());
    let held = RwSignal::new(None::<(u32, usize)>);
    view! {
        <ol class="reel-order" data-test="reel-order">
            <For each=ids key=|id| *id let:id>
                <Row cut id held said />
            </For>
        </ol>
        <p class="unseen" aria-live="polite">{said}</p>
    }
}

#[component]
fn Row(
    /// The reel.
    cut: Cut,
    /// Which clip.
    id: u32,
    /// The clip that is dragged, and the place it would get.
    held: RwSignal<Option<(u32, usize)>>,
    /// What a screen reader says of a move.
    said: RwSignal<String>,
) -> impl IntoView {
    let at = Memo::new(move |_| {
        cut.places
            .with(|places| places.iter().position(|place| place.id == id))
    });
    let place = Memo::new(move |_| {
        cut.places
            .with(|places| places.iter().find(|place| place.id == id).copied())
    });
    let number = move || place.with(|place| place.map_or(0, |place| place.number));
    let count = move || cut.places.with(Vec::len);
    let shown = move || place.with(|place| place.and_then(|place| place.shown));
    let go = move |to: usize| {
        let focused = focused();
        if cut.studio.decide(|review| review.place(id, to)) == Some(true) {
            said.set(format!(
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
    let let_go = move || {
        if let Some((_, to)) = held.get_untracked() {
            held.set(None);
            go(to);
        }
    };
    // Where the dragged one would come to lie.
    let aimed = move |below: bool| {
        held.get().is_some_and(|(held, to)| {
            let from = cut
                .places
                .with(|places| places.iter().position(|place| place.id == held));
            from.is_some_and(|from| {
                at.get() == Some(to) && (if below { to > from } else { to < from })
            })
        })
    };
    let what = move || match place.get() {
        Some(Place {
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
            class:now=move || cut.now.get().is_some_and(|now| shown().is_some_and(|span| span.start == now))
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
                on:pointerup=move |_| let_go()
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
